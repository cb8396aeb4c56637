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

An mRID may be long, and PostgreSQL's ordered indexes take keys of some 2700 bytes at most: there what is looked for by
mRID has a hash index, which takes any.

Source: table rows of the project's reliability reference; house choices: ADRs 12 and 32.
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
    UniqueConstraint,
    false,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import SchemaItem

from dermsbus.store.columns import TEXT

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


def _one_of_each(table: str, column: str) -> tuple[SchemaItem, SchemaItem]:
    """No two rows of *table* have the same *column*."""
    return (
        UniqueConstraint(column).ddl_if(dialect="sqlite"),
        ExcludeConstraint((column, "="), using="hash", name=f"{table}_{column}_key").ddl_if(dialect="postgresql"),
    )


version = Table("dermsbus_store", metadata, Column("version", Integer, nullable=False))

der_group = Table(
    "der_group",
    metadata,
    Column("group_id", _ROW_ID, primary_key=True, doc="in the order of creation"),
    Column("mrid", TEXT, nullable=False),
    Column("description", TEXT),
    Column("functions", TEXT, doc="JSON object of nine flags"),
    Column("names", TEXT, doc="JSON array; null for none"),
    Column("version", TEXT, doc="JSON object; null for none"),
    *_one_of_each("der_group", "mrid"),
)

der_group_member = Table(
    "der_group_member",
    metadata,
    Column("group_id", _ROW_ID, ForeignKey(der_group.c.group_id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False, doc="in the order of joining, with gaps"),
    Column("mrid", TEXT),
    Column("names", TEXT, doc="JSON array; null for none"),
    UniqueConstraint("group_id", "mrid").ddl_if(dialect="sqlite"),
    sqlite_with_rowid=False,
)

der_group_dispatch = Table(
    "der_group_dispatch",
    metadata,
    Column("dispatch_id", _ROW_ID, primary_key=True, doc="in the order of creation"),
    Column("mrid", TEXT, nullable=False),
    Column("names", TEXT, doc="JSON array; null for none"),
    Column("group_mrid", TEXT, nullable=False),
    Column("group_names", TEXT, doc="JSON array: by which it points at the group, too; null for none"),
    Column("parameter", TEXT, nullable=False),
    Column("received_at", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("source", TEXT, nullable=False, doc="empty where not said"),
    *_one_of_each("der_group_dispatch", "mrid"),
)

der_group_dispatch_curves = Table(
    "der_group_dispatch_curves",
    metadata,
    Column("dispatch_id", _ROW_ID, ForeignKey(der_group_dispatch.c.dispatch_id, ondelete="CASCADE"), primary_key=True),
    Column("curves", TEXT, nullable=False, doc="JSON array of objects"),
)

switch_order = Table(
    "switch_order",
    metadata,
    Column("switch_id", _ROW_ID, primary_key=True, doc="in the order of coming"),
    Column("order_id", TEXT, nullable=False, unique=True),
    Column("device_mrid", TEXT),
    Column("device_names", TEXT, doc="JSON array; null for none"),
    Column("kind", TEXT, nullable=False),
    Column("starts_at", TEXT, nullable=False),
    Column("ends_at", TEXT),
    Column("is_return", Boolean, nullable=False),
    Column("received_at", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("control_mrid", TEXT),
    Column("device_type", Integer, nullable=False),
    Column("issuer_id", TEXT),
    Column("issuer_tracking_id", TEXT),
    Column("correlation_id", TEXT),
)

device_setting = Table(
    "device_setting",
    metadata,
    Column("mrid", TEXT, primary_key=True),
    Column("function", TEXT, primary_key=True),
    Column("value", Float(53), nullable=False, doc="SI, signed"),
    Column("ends_at", TEXT, nullable=False),
    Column("command_id", TEXT, nullable=False),
    Column("dispatch_mrid", TEXT, nullable=False),
    Column("given_at", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", TEXT, primary_key=True),
    Column("message_id", TEXT, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("received_at", TEXT, nullable=False),
    Column("transport_id", TEXT),
    Column("failed", Boolean, nullable=False, server_default=false()),
    Index("inbox_by_age", "received_at"),
    sqlite_with_rowid=False,
)

attempt = Table(
    "attempt",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("begun_at", TEXT, nullable=False, doc="the last time"),
    sqlite_with_rowid=False,
)

nonce = Table(
    "nonce",
    metadata,
    Column("nonce", LargeBinary, primary_key=True, doc="SHA-256 of it and of whose it is"),
    Column("digest", LargeBinary, nullable=False, doc="of the message that used it"),
    Column("forget_at", TEXT, nullable=False),
    Index("nonce_by_age", "forget_at"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("entry_id", _ROW_ID, primary_key=True, doc="in the order of writing; never given again"),
    Column("cause_source", TEXT, doc="key of the received message it answers or tells of; null for none"),
    Column("cause_message_id", TEXT),
    Column("is_reply", Boolean, nullable=False),
    Column("superseded", Boolean, nullable=False, doc="a reply to an earlier handling of the same message"),
    Column("state", TEXT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", TEXT),
    Column("destination_kind", TEXT, nullable=False, doc="queue, topic or reply-to"),
    Column("destination", TEXT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("correlation_id", TEXT),
    Column("reply_to", TEXT),
    Column("kind", TEXT),
    Column("source", TEXT),
    Column("properties", TEXT, nullable=False, doc="JSON object of text"),
    Column("persistent", Boolean, nullable=False),
    Column("time_to_live_s", Float(53)),
    Column("order_key", TEXT),
    sqlite_autoincrement=True,
)

is_pending: Final = literal_column("outbox.state") == literal_column("'pending'")
"""What is not sent: written out, not bound, for only then does SQLite use the partial index."""

Index("der_group_member_by_mrid", der_group_member.c.mrid, postgresql_using="hash").ddl_if(dialect="postgresql")
Index("outbox_pending", outbox.c.entry_id, sqlite_where=is_pending, postgresql_where=is_pending)
Index("outbox_by_cause", outbox.c.cause_source, outbox.c.cause_message_id)
Index("outbox_by_age", outbox.c.sent_at)
