"""The tables of the store, in terms that SQLite and PostgreSQL both have.

* ``dermsbus_store``: the version of these tables, one row.
* ``der_group``, ``der_group_member``: the groups, one row per member, so that a change of members costs what changes.
  Whatever of a group is read and written as a whole (functions, names, version) is one JSON text: the registry in
  process is the index, so that nothing is ever looked for inside.
* ``der_group_dispatch``, ``der_group_dispatch_curves``: the dispatches. The curves of one may be megabytes, and a
  database writes a row anew as a whole: apart from them a change of state writes some bytes.
* ``switch_order``: the switch orders that are not over.
* ``device_setting``: what devices were told to hold, one row for each function of a device.
* ``inbox``: the messages carried out or refused, by their identity.
* ``attempt``: the messages that were begun again and did not come to an end, by the digest of their body.
* ``nonce``: the numbers that messages used against being sent again by somebody else.
* ``outbox``: the messages to be sent, in the order of writing.

Instants are text, UTC, with microseconds: they sort as they happened, and a person can read them.

Source: table rows of the project's reliability reference; house choices: ADR 12.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

__all__ = [
    "SCHEMA_VERSION",
    "attempt",
    "der_group",
    "der_group_dispatch",
    "der_group_dispatch_curves",
    "der_group_member",
    "device_setting",
    "inbox",
    "is_pending",
    "metadata",
    "nonce",
    "outbox",
    "switch_order",
    "version",
]

SCHEMA_VERSION: Final = 3
"""Version of the tables; raised by one with every change of them, and with a step in `dermsbus.store.migration`."""

metadata = MetaData()

_ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows itself only in an INTEGER key

version = Table("dermsbus_store", metadata, Column("version", Integer, nullable=False))

der_group = Table(
    "der_group",
    metadata,
    Column("group_id", _ROW_ID, primary_key=True, doc="in the order of creation"),
    Column("mrid", Text, nullable=False, unique=True),
    Column("description", Text),
    Column("functions", Text, doc="JSON object of nine flags"),
    Column("names", Text, doc="JSON array; null for none"),
    Column("version", Text, doc="JSON object; null for none"),
)

der_group_member = Table(
    "der_group_member",
    metadata,
    Column("group_id", _ROW_ID, ForeignKey(der_group.c.group_id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False, doc="in the order of joining, with gaps"),
    Column("mrid", Text),
    Column("names", Text, doc="JSON array; null for none"),
    UniqueConstraint("group_id", "mrid"),
    sqlite_with_rowid=False,
)

der_group_dispatch = Table(
    "der_group_dispatch",
    metadata,
    Column("dispatch_id", _ROW_ID, primary_key=True, doc="in the order of creation"),
    Column("mrid", Text, nullable=False, unique=True),
    Column("names", Text, doc="JSON array; null for none"),
    Column("group_mrid", Text, nullable=False),
    Column("group_names", Text, doc="JSON array: by which it points at the group, too; null for none"),
    Column("parameter", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False, doc="empty where not said"),
)

der_group_dispatch_curves = Table(
    "der_group_dispatch_curves",
    metadata,
    Column("dispatch_id", _ROW_ID, ForeignKey(der_group_dispatch.c.dispatch_id, ondelete="CASCADE"), primary_key=True),
    Column("curves", Text, nullable=False, doc="JSON array of objects"),
)

switch_order = Table(
    "switch_order",
    metadata,
    Column("switch_id", _ROW_ID, primary_key=True, doc="in the order of coming"),
    Column("order_id", Text, nullable=False, unique=True),
    Column("device_mrid", Text),
    Column("device_names", Text, doc="JSON array; null for none"),
    Column("kind", Text, nullable=False),
    Column("starts_at", Text, nullable=False),
    Column("ends_at", Text),
    Column("is_return", Boolean, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("control_mrid", Text),
    Column("device_type", Integer, nullable=False),
    Column("issuer_id", Text),
    Column("issuer_tracking_id", Text),
    Column("correlation_id", Text),
)

device_setting = Table(
    "device_setting",
    metadata,
    Column("mrid", Text, primary_key=True),
    Column("function", Text, primary_key=True),
    Column("value", Float(53), nullable=False, doc="SI, signed"),
    Column("ends_at", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    Column("dispatch_mrid", Text, nullable=False),
    Column("given_at", Text, nullable=False),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("transport_id", Text),
    Column("failed", Boolean, nullable=False, server_default=text("0")),
    Index("inbox_by_age", "received_at"),
    sqlite_with_rowid=False,
)

attempt = Table(
    "attempt",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("begun_at", Text, nullable=False, doc="the last time"),
    sqlite_with_rowid=False,
)

nonce = Table(
    "nonce",
    metadata,
    Column("nonce", LargeBinary, primary_key=True, doc="SHA-256 of it and of whose it is"),
    Column("digest", LargeBinary, nullable=False, doc="of the message that used it"),
    Column("forget_at", Text, nullable=False),
    Index("nonce_by_age", "forget_at"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("entry_id", _ROW_ID, primary_key=True, doc="in the order of writing; never given again"),
    Column("cause_source", Text, doc="key of the received message it answers or tells of; null for none"),
    Column("cause_message_id", Text),
    Column("is_reply", Boolean, nullable=False),
    Column("superseded", Boolean, nullable=False, doc="a reply to an earlier handling of the same message"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Text),
    Column("destination_kind", Text, nullable=False, doc="queue, topic or reply-to"),
    Column("destination", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("correlation_id", Text),
    Column("reply_to", Text),
    Column("kind", Text),
    Column("source", Text),
    Column("properties", Text, nullable=False, doc="JSON object of text"),
    Column("persistent", Boolean, nullable=False),
    Column("time_to_live_s", Float(53)),
    Column("order_key", Text),
    sqlite_autoincrement=True,
)

is_pending: Final = literal_column("outbox.state") == literal_column("'pending'")
"""What is not sent: written out, not bound, for only then does SQLite use the partial index."""

Index("outbox_pending", outbox.c.entry_id, sqlite_where=is_pending, postgresql_where=is_pending)
Index("outbox_by_cause", outbox.c.cause_source, outbox.c.cause_message_id)
Index("outbox_by_age", outbox.c.sent_at)
