"""`dermsbus serve` with its store on a PostgreSQL server, through crashes of either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.store.server import PostgresqlServer
from tests.flow.serving import HOST, ServeProcess, free_port
from tests.flow.test_serve import create, names, peer
from tests.postgresql_server import PostgresqlProcess, running, terminate, url_of


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlProcess]:
    with running() as server:
        yield server


@pytest.fixture
def place(server: PostgresqlProcess) -> PostgresqlServer:
    return server.new_place()


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(BrokerSettings(port=free_port())) as broker:
        yield broker


def serving(broker: EmbeddedBroker, place: PostgresqlServer, folder: Path) -> ServeProcess:
    return ServeProcess(f"stomp://{HOST}:{broker.port}", folder, "--store", url_of(place, folder))


def test_after_kill_9_every_acknowledged_group_is_there(
    broker: EmbeddedBroker, place: PostgresqlServer, tmp_path: Path
) -> None:
    with serving(broker, place, tmp_path) as serve, peer(broker.port) as dms:
        for round_number in range(2):
            for index in range(5):
                assert create(dms, f"G{round_number}-{index}").result == "OK"
            serve.kill()
            serve.start()

        assert names(dms) == [f"G{round_number}-{index}" for round_number in range(2) for index in range(5)]
        assert "p@ss" not in serve.log


def test_it_goes_on_by_itself_when_the_server_ends_its_session_and_when_it_is_back(
    broker: EmbeddedBroker, server: PostgresqlProcess, place: PostgresqlServer, tmp_path: Path
) -> None:
    with serving(broker, place, tmp_path) as serve, peer(broker.port) as dms:
        assert create(dms, "G1").result == "OK"
        assert terminate(server, place) == 1
        assert create(dms, "G2").result == "OK"

        server.stop()
        server.start()

        assert create(dms, "G3").result == "OK"
        assert names(dms) == ["G1", "G2", "G3"]
        serve.wait_until_ready()
