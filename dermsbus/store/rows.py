"""Groups, inbox records and outbox entries to rows of the store's tables and back, exactly.

Source: house choice, ADR 12.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from types import MappingProxyType
from typing import Final

from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, Instant, Version
from dermsbus.store.base import InboxKey, InboxRecord, NonceRecord, OutboxEntry, OutboxState
from dermsbus.store.columns import Row, instant_text, json_text, names_of, names_text
from dermsbus.transports.base import Destination, Outgoing, Queue, ReplyTo, Topic

__all__ = [
    "from_group_row",
    "from_inbox_row",
    "from_member_columns",
    "from_nonce_row",
    "from_outbox_row",
    "to_group_row",
    "to_inbox_row",
    "to_member_row",
    "to_nonce_row",
    "to_outbox_row",
]


_FLAGS: Final = tuple(field.name for field in fields(DERFunction))
_KINDS: Final[Mapping[str, type[Destination]]] = MappingProxyType({"queue": Queue, "topic": Topic, "reply-to": ReplyTo})


def to_group_row(group: EndDeviceGroup) -> dict[str, str | None]:
    """The columns of ``der_group`` but its key; members are rows of their own."""
    function = group.der_function
    return {
        "mrid": group.mrid,
        "description": group.description,
        "functions": json_text({flag: getattr(function, flag) for flag in _FLAGS}) if function else None,
        "names": names_text(group.names),
        "version": _version_text(group.version) if group.version else None,
    }


def from_group_row(row: Row) -> EndDeviceGroup:
    """The group of *row*, without its members."""
    return EndDeviceGroup(
        mrid=row["mrid"],
        description=row["description"],
        der_function=DERFunction(**json.loads(row["functions"])) if row["functions"] else None,
        names=names_of(row["names"]),
        version=_version(row["version"]) if row["version"] else None,
    )


def to_member_row(member: EndDevice) -> dict[str, str | None]:
    """The columns of ``der_group_member`` but its key."""
    return {"mrid": member.mrid, "names": names_text(member.names)}


def from_member_columns(mrid: str | None, names: str | None) -> EndDevice:
    """The member with these columns."""
    return EndDevice(mrid=mrid, names=names_of(names))


def to_inbox_row(record: InboxRecord) -> dict[str, str | bytes | bool | None]:
    """The columns of ``inbox``."""
    return {
        "source": record.key.source,
        "message_id": record.key.message_id,
        "digest": record.digest,
        "received_at": instant_text(record.received_at),
        "transport_id": record.transport_id,
        "failed": record.failed,
    }


def from_inbox_row(row: Row) -> InboxRecord:
    """The record of *row*."""
    return InboxRecord(
        key=InboxKey(source=row["source"], message_id=row["message_id"]),
        digest=row["digest"],
        received_at=datetime.fromisoformat(row["received_at"]),
        transport_id=row["transport_id"],
        failed=row["failed"],
    )


def to_nonce_row(record: NonceRecord) -> dict[str, str | bytes]:
    """The columns of ``nonce``."""
    return {"nonce": record.nonce, "digest": record.digest, "forget_at": instant_text(record.forget_at)}


def from_nonce_row(row: Row) -> NonceRecord:
    """The record of *row*."""
    return NonceRecord(nonce=row["nonce"], digest=row["digest"], forget_at=datetime.fromisoformat(row["forget_at"]))


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
        "properties": json_text(dict(message.properties)),
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


def _version_text(version: Version) -> str:
    date = version.date
    stated = {"at": instant_text(date.at), "text": date.text, "zone_assumed": date.zone_assumed} if date else None
    return json_text(
        {"date": stated, "major": version.major, "minor": version.minor, "revision": version.revision},
    )


def _version(text: str) -> Version:
    value = json.loads(text)
    date = value.pop("date")
    if date:
        date = Instant(at=datetime.fromisoformat(date["at"]), text=date["text"], zone_assumed=date["zone_assumed"])
    return Version(date=date, **value)
