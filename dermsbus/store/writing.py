"""What a commit writes: each of its parts, in the transaction of the connection that is given.

A row that is to change and is not there is an error: the caller's picture and the store's must never part.

Source: house choice, ADR 12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from sqlalchemy import (
    Connection,
    Delete,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from dermsbus.domain.device_settings import DeviceSetting, SettingChange, SettingKey
from dermsbus.domain.dispatch_book import DispatchChange
from dermsbus.domain.model import EndDevice, EndDeviceGroup
from dermsbus.domain.registry import GroupChange
from dermsbus.domain.switching import SwitchChange
from dermsbus.errors import StoreError
from dermsbus.store import order_rows, rows
from dermsbus.store.base import InboxKey, InboxRecord, NonceRecord, OutboxEntry, OutboxState
from dermsbus.store.columns import TEXT, names_text
from dermsbus.store.member_changes import MemberChanges, member_changes
from dermsbus.store.schema import (
    attempt,
    der_group,
    der_group_dispatch,
    der_group_dispatch_curves,
    der_group_member,
    device_setting,
    inbox,
    nonce,
    outbox,
    switch_order,
)
from dermsbus.store.upserts import upserts

__all__ = [
    "mark_entries",
    "of_key",
    "write_attempt",
    "write_dispatches",
    "write_ended",
    "write_groups",
    "write_inbox",
    "write_nonces",
    "write_outbox",
    "write_settings",
    "write_switches",
]

# The statements, made once: to make one takes longer than to run it.

_RECORD: Final = upserts(inbox)
_USED: Final = upserts(nonce)
_BEGUN: Final = {
    dialect: upsert.returning(attempt.c.count)
    for dialect, upsert in upserts(attempt, count=attempt.c.count + 1).items()
}
_FORGET: Final = delete(outbox).where(
    outbox.c.entry_id == bindparam("of_entry_id"), outbox.c.cause_message_id.is_(None)
)
_END: Final = delete(attempt).where(attempt.c.digest == bindparam("of_digest"))
_SUPERSEDE: Final = (
    update(outbox)
    .where(outbox.c.cause_source == bindparam("of_source"), outbox.c.cause_message_id == bindparam("of_message_id"))
    .values(superseded=True)
)
_QUEUE: Final = insert(outbox).returning(outbox.c.entry_id, sort_by_parameter_order=True)
_MARK: Final = (
    update(outbox)
    .where(outbox.c.entry_id == bindparam("of_entry_id"))
    .values(state=bindparam("now_state"), attempts=outbox.c.attempts + 1, sent_at=bindparam("now_sent_at"))
)

_OF_GROUP: Final = der_group.c.mrid == bindparam("of_mrid")
_CREATE_GROUP: Final = insert(der_group).returning(der_group.c.group_id)
_CHANGE_GROUP: Final = update(der_group).where(_OF_GROUP)
_DELETE_GROUP: Final = delete(der_group).where(_OF_GROUP)
_GROUP_ID: Final = select(der_group.c.group_id).where(_OF_GROUP)

_OF_GROUP_ID: Final = der_group_member.c.group_id == bindparam("of_group_id")
_BY_MRID: Final = and_(_OF_GROUP_ID, der_group_member.c.mrid == bindparam("of_mrid"))
_BY_NAMES: Final = and_(
    _OF_GROUP_ID,
    der_group_member.c.mrid.is_(None),
    der_group_member.c.names.is_not_distinct_from(bindparam("of_names", type_=TEXT)),
)
_LAST_POSITION: Final = select(func.coalesce(func.max(der_group_member.c.position), 0)).where(_OF_GROUP_ID)
_ADD_MEMBERS: Final = insert(der_group_member)
_RENAME_MEMBER: Final = update(der_group_member).where(_BY_MRID).values(names=bindparam("now_names"))
_REMOVE_MEMBER: Final = delete(der_group_member).where(_BY_MRID)
_REMOVE_NAMED: Final = delete(der_group_member).where(_BY_NAMES)
_REMOVE_MEMBERS: Final = delete(der_group_member).where(_OF_GROUP_ID)

_OF_DISPATCH: Final = der_group_dispatch.c.mrid == bindparam("of_mrid")
_DISPATCH_ID: Final = select(der_group_dispatch.c.dispatch_id).where(_OF_DISPATCH).scalar_subquery()
_CREATE_DISPATCHES: Final = insert(der_group_dispatch).returning(
    der_group_dispatch.c.dispatch_id, sort_by_parameter_order=True
)
_ADD_CURVES: Final = insert(der_group_dispatch_curves)
_MOVE_DISPATCH: Final = update(der_group_dispatch).where(_OF_DISPATCH).values(state=bindparam("now_state"))
_CHANGE_DISPATCH: Final = update(der_group_dispatch).where(_OF_DISPATCH)
_CHANGE_CURVES: Final = (
    update(der_group_dispatch_curves)
    .where(der_group_dispatch_curves.c.dispatch_id == _DISPATCH_ID)
    .values(curves=bindparam("now_curves"))
)
_DELETE_DISPATCH: Final = delete(der_group_dispatch).where(_OF_DISPATCH)

_OF_ORDER: Final = switch_order.c.order_id == bindparam("of_order_id")
_ADD_SWITCHES: Final = insert(switch_order)
_MOVE_SWITCH: Final = update(switch_order).where(_OF_ORDER).values(state=bindparam("now_state"))
_CHANGE_SWITCH: Final = update(switch_order).where(_OF_ORDER)
_END_SWITCH: Final = delete(switch_order).where(_OF_ORDER)

_SET: Final = upserts(device_setting)
_LET_GO: Final = delete(device_setting).where(
    device_setting.c.mrid == bindparam("of_mrid"), device_setting.c.function == bindparam("of_function")
)


def write_inbox(connection: Connection, records: Sequence[InboxRecord]) -> None:
    """Take down *records*; the replies to earlier handlings of their messages are no longer those to them."""
    if not records:
        return
    connection.execute(_SUPERSEDE, [of_key(record.key) for record in records])
    connection.execute(_RECORD[connection.dialect.name], [rows.to_inbox_row(record) for record in records])


def write_attempt(connection: Connection, digest: bytes, now: str) -> int:
    """Take down that the message with *digest* is begun; returns how often it was, this time included."""
    begun = {"digest": digest, "count": 1, "begun_at": now}
    return int(connection.execute(_BEGUN[connection.dialect.name], begun).scalar_one())


def write_ended(connection: Connection, digests: Sequence[bytes]) -> None:
    """Forget how often the messages with *digests* were begun; one that was not is nothing to forget."""
    if digests:
        connection.execute(_END, [{"of_digest": digest} for digest in digests])


def write_nonces(connection: Connection, records: Sequence[NonceRecord]) -> None:
    """Take down *records*."""
    if records:
        connection.execute(_USED[connection.dialect.name], [rows.to_nonce_row(record) for record in records])


def of_key(key: InboxKey) -> dict[str, str]:
    """The parameters of a statement on what belongs to *key*."""
    return {"of_source": key.source, "of_message_id": key.message_id}


# -- groups


def write_groups(connection: Connection, changes: Sequence[GroupChange]) -> None:
    """Make *changes* of groups, in their order.

    Raises:
        StoreError: a group or member that is to change is not there.
    """
    for change in changes:
        before, after = change.before, change.after
        if before is None and after is not None:
            group_id = connection.execute(_CREATE_GROUP, rows.to_group_row(after)).scalar_one()
            _add_members(connection, group_id, after.end_devices)
        elif before is not None and after is None:
            _change(connection, _DELETE_GROUP, [{"of_mrid": before.mrid}])
        elif before is not None and after is not None:
            _update_group(connection, before, after)


def _update_group(connection: Connection, before: EndDeviceGroup, after: EndDeviceGroup) -> None:
    _change(connection, _CHANGE_GROUP, [{"of_mrid": before.mrid, **rows.to_group_row(after)}])
    if before.end_devices == after.end_devices:
        return
    group_id = connection.execute(_GROUP_ID, {"of_mrid": after.mrid}).scalar_one()
    changes = member_changes(before.end_devices, after.end_devices)
    if changes is None:
        connection.execute(_REMOVE_MEMBERS, {"of_group_id": group_id})
        changes = MemberChanges(added=after.end_devices)
    identified = [member for member in changes.removed if member.mrid is not None]
    named = [member for member in changes.removed if member.mrid is None]
    _change(connection, _REMOVE_MEMBER, [{"of_group_id": group_id, "of_mrid": each.mrid} for each in identified])
    _change(
        connection, _REMOVE_NAMED, [{"of_group_id": group_id, "of_names": names_text(each.names)} for each in named]
    )
    _change(  # of those with an mRID: without one it is told by its names, and with others it is another
        connection,
        _RENAME_MEMBER,
        [
            {"of_group_id": group_id, "of_mrid": was.mrid, "now_names": names_text(now.names)}
            for was, now in changes.updated
        ],
    )
    _add_members(connection, group_id, changes.added)


def _add_members(connection: Connection, group_id: int, members: Sequence[EndDevice]) -> None:
    if not members:
        return
    last = connection.execute(_LAST_POSITION, {"of_group_id": group_id}).scalar_one()
    connection.execute(
        _ADD_MEMBERS,
        [
            {"group_id": group_id, "position": position, **rows.to_member_row(member)}
            for position, member in enumerate(members, start=last + 1)
        ],
    )


# -- dispatches


def write_dispatches(connection: Connection, changes: Sequence[DispatchChange]) -> None:
    """Make *changes* of dispatches, in their order, those of one kind that follow each other together.

    Raises:
        StoreError: a dispatch that is to change is not there.
    """
    for write, alike in groupby(changes, key=_dispatch_writer):
        write(connection, tuple(alike))


def _dispatch_writer(change: DispatchChange) -> Callable[[Connection, Sequence[DispatchChange]], None]:
    before, after = change.before, change.after
    if before is None:
        return _create_dispatches
    if after is None:
        return _delete_dispatches
    return _move_dispatches if replace(before, state=after.state) == after else _change_dispatches


def _create_dispatches(connection: Connection, changes: Sequence[DispatchChange]) -> None:
    created = [change.after for change in changes if change.after]
    found = connection.execute(_CREATE_DISPATCHES, list(map(order_rows.to_dispatch_row, created)))
    connection.execute(
        _ADD_CURVES,
        [
            {"dispatch_id": dispatch_id, "curves": order_rows.curves_text(dispatch.curves)}
            for dispatch_id, dispatch in zip(found.scalars().all(), created, strict=True)
        ],
    )


def _move_dispatches(connection: Connection, changes: Sequence[DispatchChange]) -> None:
    moved = [change.after for change in changes if change.after]
    _change(connection, _MOVE_DISPATCH, [{"of_mrid": each.mrid, "now_state": each.state.value} for each in moved])


def _change_dispatches(connection: Connection, changes: Sequence[DispatchChange]) -> None:
    changed = [change.after for change in changes if change.after]
    rescheduled = [
        each.after for each in changes if each.before and each.after and each.before.curves != each.after.curves
    ]
    _change(
        connection,
        _CHANGE_DISPATCH,
        [{"of_mrid": each.mrid, **order_rows.to_dispatch_row(each)} for each in changed],
    )
    _change(
        connection,
        _CHANGE_CURVES,
        [{"of_mrid": each.mrid, "now_curves": order_rows.curves_text(each.curves)} for each in rescheduled],
    )


def _delete_dispatches(connection: Connection, changes: Sequence[DispatchChange]) -> None:
    _change(connection, _DELETE_DISPATCH, [{"of_mrid": change.before.mrid} for change in changes if change.before])


# -- switch orders


def write_switches(connection: Connection, changes: Sequence[SwitchChange]) -> None:
    """Make *changes* of switch orders, in their order, those of one kind that follow each other together.

    Raises:
        StoreError: an order that is to change is not there.
    """
    for write, alike in groupby(changes, key=_switch_writer):
        write(connection, tuple(alike))


def _switch_writer(change: SwitchChange) -> Callable[[Connection, Sequence[SwitchChange]], None]:
    before, after = change.before, change.after
    if before is None:
        return _add_switches
    if after is None:
        return _end_switches
    return _move_switches if replace(before, state=after.state) == after else _change_switches


def _add_switches(connection: Connection, changes: Sequence[SwitchChange]) -> None:
    connection.execute(_ADD_SWITCHES, [order_rows.to_switch_row(change.after) for change in changes if change.after])


def _move_switches(connection: Connection, changes: Sequence[SwitchChange]) -> None:
    moved = [change.after for change in changes if change.after]
    _change(connection, _MOVE_SWITCH, [{"of_order_id": each.order_id, "now_state": each.state.value} for each in moved])


def _change_switches(connection: Connection, changes: Sequence[SwitchChange]) -> None:
    changed = [change.after for change in changes if change.after]
    _change(
        connection,
        _CHANGE_SWITCH,
        [{"of_order_id": each.order_id, **order_rows.to_switch_row(each)} for each in changed],
    )


def _end_switches(connection: Connection, changes: Sequence[SwitchChange]) -> None:
    _change(connection, _END_SWITCH, [{"of_order_id": change.before.order_id} for change in changes if change.before])


# -- device settings


def write_settings(connection: Connection, changes: Sequence[SettingChange]) -> None:
    """Have each setting as the last of *changes* has it; to remove one that is not there is to change nothing."""
    last: dict[SettingKey, DeviceSetting | None] = {change.key: change.after for change in changes}
    held = [order_rows.to_setting_row(setting) for setting in last.values() if setting]
    let_go = [
        {"of_mrid": mrid, "of_function": function.value} for (mrid, function), setting in last.items() if not setting
    ]
    if held:
        connection.execute(_SET[connection.dialect.name], held)
    if let_go:
        connection.execute(_LET_GO, let_go)


# -- outbox


def write_outbox(connection: Connection, entries: Sequence[OutboxEntry], now: str) -> tuple[OutboxEntry, ...]:
    """Queue *entries*; returns them with their entry ids.

    Args:
        connection: in its transaction.
        entries: what to send.
        now: instant, as text: when those were sent that are so already.
    """
    if not entries:
        return ()
    added = [
        {
            **rows.to_outbox_row(entry),
            "superseded": False,
            "sent_at": now if entry.state is OutboxState.SENT else None,
        }
        for entry in entries
    ]
    entry_ids = connection.execute(_QUEUE, added).scalars().all()
    return tuple(replace(entry, entry_id=entry_id) for entry, entry_id in zip(entries, entry_ids, strict=True))


def mark_entries(connection: Connection, entry_ids: Sequence[int], state: OutboxState, now: str) -> None:
    """Set the state of outbox entries and count one attempt for each.

    What is sent and was caused by no message that is remembered will not be asked for again, and is forgotten.

    Args:
        connection: in its transaction.
        entry_ids: which.
        state: what they are from now on.
        now: instant, as text: when they were sent, if that is their state.

    Raises:
        StoreError: an entry is not there.
    """
    marked = {"now_state": state.value, "now_sent_at": now if state is OutboxState.SENT else None}
    _change(connection, _MARK, [{"of_entry_id": entry_id, **marked} for entry_id in entry_ids])
    if state is OutboxState.SENT and entry_ids:
        connection.execute(_FORGET, [{"of_entry_id": entry_id} for entry_id in entry_ids])


def _change(connection: Connection, statement: Update | Delete, parameters: Sequence[Mapping[str, object]]) -> None:
    """Execute *statement* for each of *parameters*; each must be of one row that is there."""
    if not parameters:
        return
    changed = connection.execute(statement, parameters).rowcount
    if changed != len(parameters):
        raise StoreError(
            f"the store holds {changed} of {len(parameters)} rows of {statement.table} that were to change: nothing "
            "was written; restart dermsbus, so that it reads the store anew"
        )
