"""The tables of a new store, and the steps from each earlier version of them to the next.

A step is text that is never changed again, of each kind of database its own: what it makes are the tables as they were
in its version, whatever later versions make of them. All steps that a store needs, and its new version, are one
transaction.

Source: house choice, ADRs 12 and 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, func, insert, inspect, select, update

from dermsbus.errors import StoreError
from dermsbus.store.schema import SCHEMA_VERSION, metadata, version

__all__ = ["STEPS", "bring_up_to_date", "make_tables", "version_found"]

_DISPATCHES_SWITCHES_AND_SETTINGS: Final = (
    """
    CREATE TABLE der_group_dispatch (
        dispatch_id INTEGER NOT NULL,
        mrid TEXT NOT NULL,
        names TEXT,
        group_mrid TEXT NOT NULL,
        group_names TEXT,
        parameter TEXT NOT NULL,
        received_at TEXT NOT NULL,
        state TEXT NOT NULL,
        source TEXT NOT NULL,
        PRIMARY KEY (dispatch_id),
        UNIQUE (mrid)
    )
    """,
    """
    CREATE TABLE der_group_dispatch_curves (
        dispatch_id INTEGER NOT NULL,
        curves TEXT NOT NULL,
        PRIMARY KEY (dispatch_id),
        FOREIGN KEY(dispatch_id) REFERENCES der_group_dispatch (dispatch_id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE switch_order (
        switch_id INTEGER NOT NULL,
        order_id TEXT NOT NULL,
        device_mrid TEXT,
        device_names TEXT,
        kind TEXT NOT NULL,
        starts_at TEXT NOT NULL,
        ends_at TEXT,
        is_return BOOLEAN NOT NULL,
        received_at TEXT NOT NULL,
        state TEXT NOT NULL,
        control_mrid TEXT,
        device_type INTEGER NOT NULL,
        issuer_id TEXT,
        issuer_tracking_id TEXT,
        correlation_id TEXT,
        PRIMARY KEY (switch_id),
        UNIQUE (order_id)
    )
    """,
    """
    CREATE TABLE device_setting (
        mrid TEXT NOT NULL,
        function TEXT NOT NULL,
        value FLOAT NOT NULL,
        ends_at TEXT NOT NULL,
        command_id TEXT NOT NULL,
        dispatch_mrid TEXT NOT NULL,
        given_at TEXT NOT NULL,
        PRIMARY KEY (mrid, function)
    ) WITHOUT ROWID
    """,
)
_NONCES_AND_ATTEMPTS: Final = (
    """
    CREATE TABLE nonce (
        nonce BLOB NOT NULL,
        digest BLOB NOT NULL,
        forget_at TEXT NOT NULL,
        PRIMARY KEY (nonce)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX nonce_by_age ON nonce (forget_at)",
    """
    CREATE TABLE attempt (
        digest BLOB NOT NULL,
        count INTEGER NOT NULL,
        begun_at TEXT NOT NULL,
        PRIMARY KEY (digest)
    ) WITHOUT ROWID
    """,
    "ALTER TABLE inbox ADD COLUMN failed BOOLEAN DEFAULT 0 NOT NULL",
)

STEPS: Final[Mapping[str, Mapping[int, tuple[str, ...]]]] = MappingProxyType(
    {
        "sqlite": MappingProxyType({1: _DISPATCHES_SWITCHES_AND_SETTINGS, 2: _NONCES_AND_ATTEMPTS}),
        "postgresql": MappingProxyType({}),  # the first version there was on PostgreSQL is 3
    }
)
"""By the name of the dialect, by version: what makes the next one of it."""


def version_found(connection: Connection, name: str, *, elsewhere: str) -> int | None:
    """The version of the tables, None where there are none.

    Args:
        connection: in a transaction.
        name: of the store, for errors.
        elsewhere: what to do if the place is not free, as in "choose another file".

    Raises:
        StoreError: what is there is not a store, or of a version that cannot be brought to this one.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if version.name not in tables:
        raise StoreError(f"{name} is the database of another program: {elsewhere}")
    found = connection.execute(select(func.max(version.c.version))).scalar_one()
    if found != SCHEMA_VERSION and found not in STEPS[connection.dialect.name]:
        raise StoreError(
            f"{name} has store version {found}, and this dermsbus reads versions up to {SCHEMA_VERSION}: "
            f"run the dermsbus that wrote it or a newer one, or {elsewhere}"
        )
    return int(found)


def make_tables(connection: Connection) -> None:
    """Make the tables of a new store.

    Args:
        connection: in its transaction.
    """
    metadata.create_all(connection)
    connection.execute(insert(version).values(version=SCHEMA_VERSION))


def bring_up_to_date(connection: Connection, found: int) -> None:
    """Take the tables from version *found* to the present one.

    Args:
        connection: in its transaction.
        found: a version in `STEPS` of its dialect.
    """
    steps = STEPS[connection.dialect.name]
    for step in range(found, SCHEMA_VERSION):
        for statement in steps[step]:
            connection.exec_driver_sql(statement)
    connection.execute(update(version).values(version=SCHEMA_VERSION))
