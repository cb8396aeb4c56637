"""The store in the tables of a relational database: what is the same whichever it is.

The class for one database says how a transaction is begun and ended there, and what its faults mean.

Source: table rows of the project's reliability reference; house choices: ADR 12.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Select, and_, bindparam, delete, exists, func, select, tuple_

from dermsbus.domain.device_settings import DeviceSetting
from dermsbus.domain.model import EndDevice, EndDeviceGroup
from dermsbus.domain.quantities import Dispatch
from dermsbus.domain.switching import SwitchOrder
from dermsbus.errors import StoreError
from dermsbus.store import order_rows, rows
from dermsbus.store.base import Commit, InboxKey, InboxRecord, NonceRecord, OutboxEntry, OutboxState
from dermsbus.store.columns import Row, instant_text
from dermsbus.store.schema import (
    attempt,
    der_group,
    der_group_dispatch,
    der_group_dispatch_curves,
    der_group_member,
    device_setting,
    inbox,
    is_pending,
    nonce,
    outbox,
    switch_order,
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

__all__ = ["RelationalStore", "system_time"]

T = TypeVar("T")

_MEMBERS_A_PAGE: Final = 20_000


def system_time() -> datetime:
    """The computer's clock: aware, UTC."""
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


class RelationalStore(ABC):
    """A `Store` in tables; calls from several threads wait for each other.

    Args:
        name: what it is called in errors.
        restore: what to restore from a backup where something else wrote in it.
        now: the clock that stamps what is sent; aware.
    """

    def __init__(self, name: str, *, restore: str, now: Callable[[], datetime]) -> None:
        self._name = name
        self._restore = restore
        self._now = now

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: it failed, in whatever way the database can.
        """

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]:
        """A transaction, durable when the block is left without an error; else nothing of it has happened.

        Raises:
            StoreError: it failed, in whatever way the database can.
        """

    @abstractmethod
    def close(self) -> None:
        """Close it, after the call that another thread is in. Idempotent."""

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

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """A transaction that only reads, rows that cannot be understood being a fault of the store, too."""
        with self._reading() as connection:
            try:
                yield connection
            except (KeyError, TypeError, ValueError) as error:
                raise StoreError(
                    f"{self._name} holds a row that cannot be read ({error!r}): something else than dermsbus wrote it; "
                    f"restore the {self._restore} from a backup"
                ) from error
