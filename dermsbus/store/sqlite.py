"""The store in one SQLite file: what a commit returned from is on the disk, and survives kill -9 and power loss.

The file is in write-ahead mode with ``synchronous=FULL``; every write begins with ``BEGIN IMMEDIATE``, so that it waits
for a lock before it reads and not in the middle. One process holds the file (see `dermsbus.store.claim`); a person may
still look at it with the ``sqlite3`` shell while it is in use.

A fault of the disk itself ends the store's work: what is written cannot be known then, and trying again would hide it
(a second fsync reports success for what the first one lost). Only a new start, which reads the file anew, finds out.

Source: fault rows 8, 9, 20 to 22 and 26 and table rows of the project's reliability reference; house choices: ADR 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Select,
    StaticPool,
    and_,
    bindparam,
    create_engine,
    delete,
    event,
    exists,
    func,
    insert,
    inspect,
    select,
    tuple_,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dermsbus.domain.device_settings import DeviceSetting
from dermsbus.domain.model import EndDevice, EndDeviceGroup
from dermsbus.domain.quantities import Dispatch
from dermsbus.domain.switching import SwitchOrder
from dermsbus.errors import StoreEnded, StoreError
from dermsbus.store import order_rows, rows
from dermsbus.store.base import Commit, InboxKey, InboxRecord, NonceRecord, OutboxEntry, OutboxState
from dermsbus.store.claim import Claim
from dermsbus.store.columns import Row, instant_text
from dermsbus.store.migration import STEPS, bring_up_to_date
from dermsbus.store.schema import (
    SCHEMA_VERSION,
    attempt,
    der_group,
    der_group_dispatch,
    der_group_dispatch_curves,
    der_group_member,
    device_setting,
    inbox,
    is_pending,
    metadata,
    nonce,
    outbox,
    switch_order,
    version,
)
from dermsbus.store.writing import (
    mark_entries,
    of_key,
    write_attempt,
    write_dispatches,
    write_ended,
    write_groups,
    write_inbox,
    write_nonces,
    write_outbox,
    write_settings,
    write_switches,
)

__all__ = ["IN_MEMORY", "SqliteStore"]

T = TypeVar("T")

_log = structlog.get_logger(__name__)

IN_MEMORY: Final = ":memory:"
"""In place of a path: a store that lasts as long as the object."""

_MEMBERS_A_PAGE: Final = 20_000
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


def _now() -> datetime:
    return datetime.now(UTC)


# The statements, made once: to make one takes longer than to run it.

_OF_CAUSE: Final = and_(
    outbox.c.cause_source == bindparam("of_source"), outbox.c.cause_message_id == bindparam("of_message_id")
)
_RECALL: Final = select(inbox).where(
    inbox.c.source == bindparam("of_source"), inbox.c.message_id == bindparam("of_message_id")
)
_RECALL_NONCE: Final = select(nonce).where(nonce.c.nonce == bindparam("of_nonce"))
_COUNT_NONCES: Final = select(func.count()).select_from(nonce)
_FORGET_NONCES: Final = delete(nonce).where(nonce.c.forget_at <= bindparam("now"))
_REPLIES: Final = select(outbox).where(_OF_CAUSE, outbox.c.is_reply, ~outbox.c.superseded).order_by(outbox.c.entry_id)
_PENDING: Final = select(outbox).where(is_pending).order_by(outbox.c.entry_id).limit(bindparam("most"))
_PURGE_INBOX: Final = delete(inbox).where(inbox.c.received_at < bindparam("older_than"))
_PURGE_ATTEMPTS: Final = delete(attempt).where(attempt.c.begun_at < bindparam("older_than"))
_PURGE_OUTBOX: Final = delete(outbox).where(
    outbox.c.state == OutboxState.SENT.value,
    outbox.c.sent_at < bindparam("older_than"),
    ~and_(
        outbox.c.is_reply,
        ~outbox.c.superseded,
        exists().where(inbox.c.source == outbox.c.cause_source, inbox.c.message_id == outbox.c.cause_message_id),
    ),
)
_GROUPS: Final = select(der_group).order_by(der_group.c.group_id)
_MEMBERS: Final = (
    select(der_group_member.c.group_id, der_group_member.c.position, der_group_member.c.mrid, der_group_member.c.names)
    .where(
        tuple_(der_group_member.c.group_id, der_group_member.c.position)
        > tuple_(bindparam("after_group_id"), bindparam("after_position"))
    )
    .order_by(der_group_member.c.group_id, der_group_member.c.position)
    .limit(_MEMBERS_A_PAGE)
)
_DISPATCHES: Final = (
    select(der_group_dispatch, der_group_dispatch_curves.c.curves)
    .outerjoin(der_group_dispatch_curves)  # one without curves is damage, to be told and not to be passed over
    .order_by(der_group_dispatch.c.dispatch_id)
)
_SWITCHES: Final = select(switch_order).order_by(switch_order.c.switch_id)
_SETTINGS: Final = select(device_setting)


class SqliteStore:
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

    def __init__(self, path: Path | str, *, busy_timeout_s: float = 5.0, now: Callable[[], datetime] = _now) -> None:
        self._name = IN_MEMORY if path == IN_MEMORY else str(Path(path).resolve())
        self._now = now
        self._lock = Lock()
        self._ended: str | None = None
        self._claim = None if self._name == IN_MEMORY else Claim(Path(self._name))
        self._engine = _engine(self._name, busy_timeout_s)
        self._reading = self._engine.execution_options(**{_BEGIN: "BEGIN"})
        try:
            self._prepare()
        except StoreError:
            self.close()
            raise

    def groups(self) -> Iterator[EndDeviceGroup]:
        """All groups, in the order of their creation, members in the order of their joining.

        They are read in pages as they are asked for: do not commit before the last one was had.
        """
        with self._read() as connection:
            found = [(row["group_id"], rows.from_group_row(row)) for row in connection.execute(_GROUPS).mappings()]
        by_group = groupby(self._members(), key=itemgetter(0))
        owner, owned = next(by_group, (0, ()))
        for group_id, group in found:
            if owner == group_id:
                yield replace(group, end_devices=tuple(member for _, _, member in owned))
                owner, owned = next(by_group, (0, ()))
            else:
                yield group

    def dispatches(self) -> Iterator[Dispatch]:
        """All dispatches, in the order of their creation."""
        return self._all(_DISPATCHES, order_rows.from_dispatch_row)

    def switches(self) -> Iterator[SwitchOrder]:
        """All switch orders that are not over, in the order of their coming."""
        return self._all(_SWITCHES, order_rows.from_switch_row)

    def settings(self) -> Iterator[DeviceSetting]:
        """What devices were told to hold, in any order."""
        return self._all(_SETTINGS, order_rows.from_setting_row)

    def _all(self, asked: Select[Any], read: Callable[[Row], T]) -> Iterator[T]:
        """What *read* makes of every row, all read at once: there may be a commit before the last one was had."""
        with self._read() as connection:
            return iter([read(row) for row in connection.execute(asked).mappings()])

    def _members(self) -> Iterator[tuple[int, int, EndDevice]]:
        """Group id, position and member, of all groups in order."""
        last = (0, 0)
        while True:
            with self._read() as connection:
                page = connection.execute(_MEMBERS, {"after_group_id": last[0], "after_position": last[1]})
                found = [(group_id, place, rows.from_member_columns(*columns)) for group_id, place, *columns in page]
            yield from found
            if len(found) < _MEMBERS_A_PAGE:
                return
            last = found[-1][:2]

    def recall(self, key: InboxKey) -> InboxRecord | None:
        """The record of a message seen before, or None."""
        with self._read() as connection:
            row = connection.execute(_RECALL, of_key(key)).mappings().one_or_none()
            return None if row is None else rows.from_inbox_row(row)

    def replies_to(self, key: InboxKey) -> tuple[OutboxEntry, ...]:
        """The stored replies (not events) to a message seen before: those of its latest handling."""
        with self._read() as connection:
            return tuple(map(rows.from_outbox_row, connection.execute(_REPLIES, of_key(key)).mappings()))

    def begin_attempt(self, digest: bytes, at: datetime) -> int:
        """Write down that a message is begun; returns how often it was without an end, this time included."""
        with self._write() as connection:
            return write_attempt(connection, digest, instant_text(at))

    def recall_nonce(self, nonce: bytes) -> NonceRecord | None:
        """The record of a nonce that was used before, or None."""
        with self._read() as connection:
            row = connection.execute(_RECALL_NONCE, {"of_nonce": nonce}).mappings().one_or_none()
            return None if row is None else rows.from_nonce_row(row)

    def count_nonces(self) -> int:
        """How many nonces are remembered."""
        with self._read() as connection:
            return int(connection.execute(_COUNT_NONCES).scalar_one())

    def forget_nonces(self, now: datetime) -> int:
        """Forget the nonces that may be forgotten at *now*; returns how many."""
        with self._write() as connection:
            return connection.execute(_FORGET_NONCES, {"now": instant_text(now)}).rowcount

    def commit(self, commit: Commit) -> tuple[OutboxEntry, ...]:
        """Write *commit* in one transaction, durable when the call returns.

        Returns:
            Its outbox entries with their entry ids.
        """
        with self._write() as connection:
            write_inbox(connection, commit.inbox)
            write_ended(connection, commit.ended)
            write_nonces(connection, commit.nonces)
            write_groups(connection, commit.groups)
            write_dispatches(connection, commit.dispatches)
            write_switches(connection, commit.switches)
            write_settings(connection, commit.settings)
            return write_outbox(connection, commit.outbox, instant_text(self._now()))

    def pending(self, limit: int = 1000) -> tuple[OutboxEntry, ...]:
        """Outbox entries that are not sent, oldest first."""
        with self._read() as connection:
            return tuple(map(rows.from_outbox_row, connection.execute(_PENDING, {"most": limit}).mappings()))

    def mark(self, entry_ids: Sequence[int], state: OutboxState) -> None:
        """Set the state of outbox entries and count one attempt for each; forget what will not be asked for again."""
        with self._write() as connection:
            mark_entries(connection, entry_ids, state, instant_text(self._now()))

    def purge(self, older_than: datetime) -> int:
        """Forget inbox records received before *older_than* and outbox entries sent before it; returns how many.

        A reply stays as long as the record of the message it answers.
        """
        limit = {"older_than": instant_text(older_than)}
        with self._write() as connection:
            connection.execute(_PURGE_ATTEMPTS, limit)
            return connection.execute(_PURGE_INBOX, limit).rowcount + connection.execute(_PURGE_OUTBOX, limit).rowcount

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
            found = self._version_found(connection)
        with self._using(self._engine.execution_options(**{_BEGIN: None})) as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar()
        if mode != "wal" and self._name != IN_MEMORY:
            raise StoreError(f"{self._name}: its file system does not carry a write-ahead log: keep it on a local disk")
        if found is None:
            with self._write() as connection:
                metadata.create_all(connection)
                connection.execute(insert(version).values(version=SCHEMA_VERSION))
        elif found != SCHEMA_VERSION:
            with self._write() as connection:
                bring_up_to_date(connection, found)
            _log.info("store brought up to date", file=self._name, from_version=found, to_version=SCHEMA_VERSION)

    def _version_found(self, connection: Connection) -> int | None:
        """The version of the tables, None in a new file; StoreError if it cannot be brought to this one."""
        tables = inspect(connection).get_table_names()
        if not tables:
            return None
        if version.name not in tables:
            raise StoreError(f"{self._name} is the database of another program: choose another file")
        found = connection.execute(select(func.max(version.c.version))).scalar_one()
        if found != SCHEMA_VERSION and found not in STEPS:
            raise StoreError(
                f"{self._name} has store version {found}, and this dermsbus reads versions up to {SCHEMA_VERSION}: "
                "run the dermsbus that wrote it or a newer one, or choose another file"
            )
        return int(found)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._using(self._reading) as connection:
            try:
                yield connection
            except (KeyError, TypeError, ValueError) as error:
                raise StoreError(
                    f"{self._name} holds a row that cannot be read ({error!r}): something else than dermsbus wrote it; "
                    "restore the file from a backup"
                ) from error

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._using(self._engine) as connection:
            yield connection

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
