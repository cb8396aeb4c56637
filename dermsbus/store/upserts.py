"""Rows that take the place of the one with the same key: each database has a statement of its own for it.

Source: house choice, ADR 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["Upsert", "upserts"]

Upsert = sqlite.Insert | postgresql.Insert


def upserts(table: Table, **otherwise: ColumnElement[int]) -> Mapping[str, Upsert]:
    """By the name of the dialect: what adds a row to *table*, or changes the one with its key to be like it.

    Args:
        table: with a primary key.
        otherwise: columns that get another value than that of the new row where there is a row already.
    """
    return MappingProxyType(
        {
            "sqlite": _upsert(sqlite.insert(table), table, otherwise),
            "postgresql": _upsert(postgresql.insert(table), table, otherwise),
        }
    )


def _upsert(insert: Upsert, table: Table, otherwise: Mapping[str, ColumnElement[int]]) -> Upsert:
    changed = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed | dict(otherwise))
