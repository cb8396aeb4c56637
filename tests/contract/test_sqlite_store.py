"""The SQLite store does what every store must do."""

from __future__ import annotations

from pathlib import Path

from dermsbus.store.base import Store
from dermsbus.store.sqlite import SqliteStore
from tests.contract.store_suite import Clock, StoreContract


class TestSqliteStore(StoreContract):
    def open(self, place: Path, clock: Clock) -> Store:
        return SqliteStore(place / "dermsbus.db", now=clock)
