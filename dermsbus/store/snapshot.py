"""A store as it is now, to read in, while the process that it belongs to goes on.

Source: house choice, ADR 3.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dermsbus.errors import StoreError
from dermsbus.store.server import PostgresqlServer
from dermsbus.store.sqlite import IN_MEMORY, SqliteStore

__all__ = ["snapshot"]


@contextmanager
def snapshot(path: Path | PostgresqlServer | str) -> Iterator[SqliteStore]:
    """A store that holds what the file *path* holds now; what is written to it is gone when it is closed.

    The file itself is only read, and may be in use by a dermsbus that runs. `IN_MEMORY` gives an empty store.

    Raises:
        StoreError: there is no such file, or it is not a store; or it is a database, of which no copy is made.
    """
    if isinstance(path, PostgresqlServer):
        raise StoreError(f"{path}: copies are made of files only: name the file of a store, or {IN_MEMORY} for none")
    if str(path) == IN_MEMORY:
        with closing(SqliteStore(IN_MEMORY)) as store:
            yield store
        return
    with TemporaryDirectory(prefix="dermsbus-") as folder:
        copy = Path(folder) / "copy.db"
        _copy(Path(path), copy)
        with closing(SqliteStore(copy)) as store:
            yield store


def _copy(path: Path, copy: Path) -> None:
    if not path.is_file():
        raise StoreError(f"{path}: there is no such store: name one that a DERMS uses, or {IN_MEMORY} for an empty one")
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} cannot be read: {error}: it must be the store of a dermsbus, and readable by you"
        ) from error
