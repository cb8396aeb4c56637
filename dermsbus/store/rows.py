"""Values to rows of the store's tables and back, exactly.

Source: house choice, ADR 12.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Protocol

from dermsbus.domain.model import (
    DERFunction,
    EndDevice,
    EndDeviceGroup,
    Instant,
    Name,
    NameType,
    NameTypeAuthority,
    Version,
)
from dermsbus.store.base import InboxKey, InboxRecord, OutboxEntry, OutboxState
from dermsbus.transports.base import Destination, Outgoing, Queue, ReplyTo, Topic

__all__ = [
    "Row",
    "from_group_row",
    "from_inbox_row",
    "from_member_columns",
    "from_outbox_row",
    "instant_text",
    "to_group_row",
    "to_inbox_row",
    "to_member_row",
    "to_outbox_row",
]


class Row(Protocol):
    """A row by column names; the database library knows its columns' types, the type checker does not."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401  as the class says


_FLAGS: Final = tuple(field.name for field in fields(DERFunction))
_KINDS: Final[Mapping[str, type[Destination]]] = MappingProxyType({"queue": Queue, "topic": Topic, "reply-to": ReplyTo})


def instant_text(at: datetime) -> str:
    """*at* as text that sorts as it happened.

    Args:
        at: aware.

    Raises:
        ValueError: *at* has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no zone, so that it is no instant")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def to_group_row(group: EndDeviceGroup) -> dict[str, str | None]:
    """The columns of ``der_group`` but its key; members are rows of their own."""
    function = group.der_function
    return {
        "mrid": group.mrid,
        "description": group.description,
        "functions": _text({flag: getattr(function, flag) for flag in _FLAGS}) if function else None,
        "names": _names_text(group.names),
        "version": _version_text(group.version) if group.version else None,
    }


def from_group_row(row: Row) -> EndDeviceGroup:
    """The group of *row*, without its members."""
    return EndDeviceGroup(
        mrid=row["mrid"],
        description=row["description"],
        der_function=DERFunction(**json.loads(row["functions"])) if row["functions"] else None,
        names=_names(row["names"]),
        version=_version(row["version"]) if row["version"] else None,
    )


def to_member_row(member: EndDevice) -> dict[str, str | None]:
    """The columns of ``der_group_member`` but its key."""
    return {"mrid": member.mrid, "names": _names_text(member.names)}


def from_member_columns(mrid: str | None, names: str | None) -> EndDevice:
    """The member with these columns."""
    return EndDevice(mrid=mrid, names=_names(names))


def to_inbox_row(record: InboxRecord) -> dict[str, str | bytes | None]:
    """The columns of ``inbox``."""
    return {
        "source": record.key.source,
        "message_id": record.key.message_id,
        "digest": record.digest,
        "received_at": instant_text(record.received_at),
        "transport_id": record.transport_id,
    }


def from_inbox_row(row: Row) -> InboxRecord:
    """The record of *row*."""
    return InboxRecord(
        key=InboxKey(source=row["source"], message_id=row["message_id"]),
        digest=row["digest"],
        received_at=datetime.fromisoformat(row["received_at"]),
        transport_id=row["transport_id"],
    )


def to_outbox_row(entry: OutboxEntry) -> dict[str, object]:
    """The columns of ``outbox`` but its key and what the store itself keeps (superseded, sent_at)."""
    message = entry.message
    kind, destination = _destination_columns(message.destination)
    return {
        "cause_source": entry.cause.source if entry.cause else None,
        "cause_message_id": entry.cause.message_id if entry.cause else None,
        "is_reply": entry.is_reply,
        "state": entry.state.value,
        "attempts": entry.attempts,
        "destination_kind": kind,
        "destination": destination,
        "body": message.body,
        "message_id": message.message_id,
        "correlation_id": message.correlation_id,
        "reply_to": message.reply_to.text if message.reply_to else None,
        "kind": message.kind,
        "source": message.source,
        "properties": _text(dict(message.properties)),
        "persistent": message.persistent,
        "time_to_live_s": message.time_to_live_s,
        "order_key": message.order_key,
    }


def from_outbox_row(row: Row) -> OutboxEntry:
    """The entry of *row*."""
    cause = row["cause_message_id"]
    return OutboxEntry(
        entry_id=row["entry_id"],
        cause=None if cause is None else InboxKey(source=row["cause_source"], message_id=cause),
        is_reply=row["is_reply"],
        state=OutboxState(row["state"]),
        attempts=row["attempts"],
        message=Outgoing(
            destination=_KINDS[row["destination_kind"]](row["destination"]),
            body=row["body"],
            message_id=row["message_id"],
            correlation_id=row["correlation_id"],
            reply_to=None if row["reply_to"] is None else ReplyTo(row["reply_to"]),
            kind=row["kind"],
            source=row["source"],
            properties=MappingProxyType(json.loads(row["properties"])),
            persistent=row["persistent"],
            time_to_live_s=row["time_to_live_s"],
            order_key=row["order_key"],
        ),
    )


def _destination_columns(destination: Destination) -> tuple[str, str]:
    match destination:
        case Queue(name):
            return "queue", name
        case Topic(name):
            return "topic", name
        case ReplyTo(text):
            return "reply-to", text


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _names_text(names: Sequence[Name]) -> str | None:
    return _text([_name_value(name) for name in names]) if names else None


def _name_value(name: Name) -> dict[str, object]:
    kind = name.name_type
    if kind is None:
        return {"name": name.name}
    authority = kind.authority
    issued_by = {"name": authority.name, "description": authority.description} if authority else None
    return {"name": name.name, "type": {"name": kind.name, "description": kind.description, "authority": issued_by}}


def _names(text: str | None) -> tuple[Name, ...]:
    return tuple(map(_name, json.loads(text))) if text else ()


def _name(value: Mapping[str, Any]) -> Name:
    kind = value.get("type")
    if kind is None:
        return Name(name=value["name"])
    issued_by = kind["authority"]
    return Name(
        name=value["name"],
        name_type=NameType(
            name=kind["name"],
            description=kind["description"],
            authority=NameTypeAuthority(**issued_by) if issued_by else None,
        ),
    )


def _version_text(version: Version) -> str:
    date = version.date
    stated = {"at": instant_text(date.at), "text": date.text, "zone_assumed": date.zone_assumed} if date else None
    return _text(
        {"date": stated, "major": version.major, "minor": version.minor, "revision": version.revision},
    )


def _version(text: str) -> Version:
    value = json.loads(text)
    date = value.pop("date")
    if date:
        date = Instant(at=datetime.fromisoformat(date["at"]), text=date["text"], zone_assumed=date["zone_assumed"])
    return Version(date=date, **value)
