"""The steps from each earlier version of the tables to the next, so that a newer dermsbus opens an older store.

A step is text that is never changed again: what it makes are the tables as they were in its version, whatever later
versions make of them. All steps that a file needs, and its new version, are one transaction.

Source: house choice, ADR 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, update

from dermsbus.store.schema import SCHEMA_VERSION, version

__all__ = ["STEPS", "bring_up_to_date"]

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

STEPS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {1: _DISPATCHES_SWITCHES_AND_SETTINGS, 2: _NONCES_AND_ATTEMPTS}
)
"""By version: what makes the next one of it."""


def bring_up_to_date(connection: Connection, found: int) -> None:
    """Take the tables from version *found* to the present one.

    Args:
        connection: in its transaction.
        found: a version in `STEPS`.
    """
    for step in range(found, SCHEMA_VERSION):
        for statement in STEPS[step]:
            connection.exec_driver_sql(statement)
    connection.execute(update(version).values(version=SCHEMA_VERSION))
