"""The PostgreSQL store does what every store must do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermsbus.store.base import Store
from dermsbus.store.postgresql import PostgresqlStore
from dermsbus.store.server import PostgresqlServer
from tests.contract.store_suite import Clock, StoreContract
from tests.postgresql_server import PostgresqlProcess, running


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlProcess]:
    with running() as server:
        yield server


class TestPostgresqlStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _on(self, server: PostgresqlProcess) -> None:
        self._server = server
        self._places: dict[Path, PostgresqlServer] = {}

    def open(self, place: Path, clock: Clock) -> Store:
        if place not in self._places:
            self._places[place] = self._server.new_place()
        return PostgresqlStore(self._places[place], now=clock)
