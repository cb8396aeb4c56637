"""The store in one SQLite file: what a commit returned from is on the disk, and survives kill -9 and power loss.

The file is in write-ahead mode with ``synchronous=FULL``; every write begins with ``BEGIN IMMEDIATE``, so that it waits
for a lock before it reads and not in the middle. One process holds the file (see `dermsbus.store.claim`); a person may
still look at it with the ``sqlite3`` shell while it is in use.

A fault of the disk itself ends the store's work: what is written cannot be known then, and trying again would hide it
(a second fsync reports success for what the first one lost). Only a new start, which reads the file anew, finds out.

Source: fault rows 8, 9, 20 to 22 and 26 and table rows of the project's reliability reference; house choices: ADR 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

import structlog
from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dermsbus.errors import StoreEnded, StoreError
from dermsbus.store.claim import Claim
from dermsbus.store.migration import bring_up_to_date, make_tables, version_found
from dermsbus.store.relational import RelationalStore, system_time
from dermsbus.store.schema import SCHEMA_VERSION

__all__ = ["IN_MEMORY", "SqliteStore"]

_log = structlog.get_logger(__name__)

IN_MEMORY: Final = ":memory:"
"""In place of a path: a store that lasts as long as the object."""

_LARGEST_WAL_BYTES: Final = 64 * 1024 * 1024

_BEGIN: Final = "dermsbus_begin"
"""Execution option: how a transaction begins; None for statements that SQLite wants outside of one."""

_DISK_FAULT: Final = (
    "the disk or its file system failed: look at the system log and the disk, restore the file from a backup if it is "
    "damaged, then restart dermsbus; until then it takes no more work"
)
_DAMAGED: Final = "this is no SQLite file, or it is damaged: restore it from a backup, or choose another file"
_LOCKED: Final = "another program has locked it: end what reads or writes this file (a sqlite3 shell, a backup)"
_NO_ACCESS: Final = "the user of this process must be able to write the file, and to create files in its folder"
_ADVICE: Final = MappingProxyType(
    {
        "SQLITE_FULL": "the disk is full: free space on it; this transaction was not written, earlier ones are safe",
        "SQLITE_BUSY": _LOCKED,
        "SQLITE_LOCKED": _LOCKED,
        "SQLITE_READONLY": _NO_ACCESS,
        "SQLITE_CANTOPEN": _NO_ACCESS,
        "SQLITE_PERM": _NO_ACCESS,
        "SQLITE_AUTH": _NO_ACCESS,
        "SQLITE_IOERR": _DISK_FAULT,
        "SQLITE_CORRUPT": _DAMAGED,
        "SQLITE_NOTADB": _DAMAGED,
    }
)
_ENDING: Final = frozenset({"SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB"})


class SqliteStore(RelationalStore):
    """A `Store` in one file; see the module for what it promises.

    Calls from several threads wait for each other.

    Args:
        path: the file, created where missing; its folder must exist. `IN_MEMORY` for none.
        busy_timeout_s: seconds to wait for a lock that another program holds, 0 or more.
        now: the clock that stamps what is sent; aware.

    Raises:
        StoreError: the file cannot be used: another process has it, it is not a store, a newer dermsbus wrote it, its
            disk fails. It says which, and what to do.
    """

    def __init__(
        self, path: Path | str, *, busy_timeout_s: float = 5.0, now: Callable[[], datetime] = system_time
    ) -> None:
        name = IN_MEMORY if path == IN_MEMORY else str(Path(path).resolve())
        super().__init__(name, restore="file", now=now)
        self._lock = Lock()
        self._ended: str | None = None
        self._claim = None if self._name == IN_MEMORY else Claim(Path(self._name))
        self._engine = _engine(self._name, busy_timeout_s)
        self._reader = self._engine.execution_options(**{_BEGIN: "BEGIN"})
        try:
            self._prepare()
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close it, after the call that another thread is in. Idempotent."""
        with self._lock:
            self._ended = self._ended or f"{self._name} is closed"
            self._engine.dispose()
            if self._claim:
                self._claim.release()

    def _prepare(self) -> None:
        """Check that the file is a store, and bring it to this version, or make it one."""
        with self._read() as connection:
            found = version_found(connection, self._name, elsewhere="choose another file")
        with self._using(self._engine.execution_options(**{_BEGIN: None})) as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar()
        if mode != "wal" and self._name != IN_MEMORY:
            raise StoreError(f"{self._name}: its file system does not carry a write-ahead log: keep it on a local disk")
        if found is None:
            with self._write() as connection:
                make_tables(connection)
        elif found != SCHEMA_VERSION:
            with self._write() as connection:
                bring_up_to_date(connection, found)
            _log.info("store brought up to date", file=self._name, from_version=found, to_version=SCHEMA_VERSION)

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._using(self._reader)

    def _write(self) -> AbstractContextManager[Connection]:
        return self._using(self._engine)

    @contextmanager
    def _using(self, engine: Engine) -> Iterator[Connection]:
        """One transaction; nothing of it has happened where this raises."""
        with self._lock:
            if self._ended:
                raise StoreEnded(self._ended)
            try:
                with engine.begin() as connection:
                    yield connection
            except (SQLAlchemyError, UnicodeError) as error:
                raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> StoreError:
        """What *error* means for the person who runs it; the store ends where the disk failed."""
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        name = str(getattr(cause, "sqlite_errorname", ""))
        # no room for the index of the log: the disk is full, not broken
        code = "SQLITE_FULL" if name == "SQLITE_IOERR_SHMSIZE" else "_".join(name.split("_")[:2])
        advice = _ADVICE.get(code, "nothing of this transaction was written; this is a fault of dermsbus: report it")
        text = f"{self._name}: {cause}: {advice}"
        if code in _ENDING:
            self._ended = text
            return StoreEnded(text)
        return StoreError(text)


def _engine(name: str, busy_timeout_s: float) -> Engine:
    """One connection, used by one thread at a time, whose transactions begin as we say and not as its driver does."""
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=name),
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": busy_timeout_s},
    )

    def configure(connection: Any, _: object) -> None:  # noqa: ANN401  the driver's own connection
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA journal_size_limit={_LARGEST_WAL_BYTES}")

    def begin(connection: Connection) -> None:
        statement = connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE")
        if statement:
            connection.exec_driver_sql(statement)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine
