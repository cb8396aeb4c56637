"""Health as a load balancer or an operator's curl sees it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest

from dermsbus.domain.forecast import Coverage
from dermsbus.errors import SettingsError
from dermsbus.transports.base import LinkState, LinkStatus
from dermsbus.web.health import HttpServer, Readiness, health_app

Serve = Callable[[Callable[[], Readiness]], int]

UP = Readiness(bus=LinkStatus(state=LinkState.UP, broker="ActiveMQ/5.17.2"))


def get(port: int, path: str) -> tuple[int, dict[str, object]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[HttpServer] = []

    def start(readiness: Callable[[], Readiness]) -> int:
        server = HttpServer("127.0.0.1", 0, health_app("1.2.3", "derms1", readiness))
        servers.append(server)
        server.start()
        return server.port

    yield start
    for server in servers:
        server.stop()


def test_health_says_who_answers_and_for_how_long(serve: Serve) -> None:
    status, body = get(serve(lambda: UP), "/health")
    assert status == 200
    assert body.items() >= {"status": "ok", "version": "1.2.3", "source": "derms1"}.items()
    assert 0 <= body["uptime_s"] < 60


def test_health_says_how_often_forecasts_were_right() -> None:
    score = Coverage(count=200, inside=162, loss_sum=300.0)
    server = HttpServer("127.0.0.1", 0, health_app("1.2.3", "derms1", lambda: UP, lambda: score))
    server.start()
    try:
        _, body = get(server.port, "/health")
    finally:
        server.stop()

    assert body["forecasts"] == {"points": 200, "inside": 0.81, "pinball_loss_w": 0.5}


def test_ready_while_bus_and_store_are_there(serve: Serve) -> None:
    status, body = get(serve(lambda: UP), "/ready")
    assert status == 200
    assert body == {
        "ready": True,
        "bus": {"state": "up", "broker": "ActiveMQ/5.17.2", "reason": ""},
        "store": {"state": "ok", "reason": ""},
        "outbox": {"pending": 0},
    }


def test_not_ready_while_the_broker_is_away_and_it_says_why(serve: Serve) -> None:
    away = Readiness(bus=LinkStatus(state=LinkState.DOWN, reason="h:61613 refused"), outbox_pending=7)
    port = serve(lambda: away)
    status, body = get(port, "/ready")
    assert status == 503
    assert body["ready"] is False
    assert body["bus"] == {"state": "down", "broker": "", "reason": "h:61613 refused"}
    assert body["outbox"] == {"pending": 7}
    assert get(port, "/health")[0] == 200, "the process works all the same"


def test_not_ready_while_the_store_fails(serve: Serve) -> None:
    status, body = get(serve(lambda: Readiness(bus=UP.bus, store_problem="disk full")), "/ready")
    assert status == 503
    assert body["store"] == {"state": "failed", "reason": "disk full"}


def test_readiness_is_asked_anew_each_time(serve: Serve) -> None:
    states = iter([UP, Readiness(bus=LinkStatus(state=LinkState.CONNECTING)), UP])
    port = serve(lambda: next(states))
    assert [get(port, "/ready")[0] for _ in range(3)] == [200, 503, 200]


def test_a_port_that_is_taken_is_told_by_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = HttpServer("127.0.0.1", port, health_app("1", "derms1", lambda: UP))
        with pytest.raises(SettingsError, match=rf"http: cannot listen on 127.0.0.1:{port}: Address already in use"):
            server.start()


def test_a_stopped_server_gives_its_port_back() -> None:
    server = HttpServer("127.0.0.1", 0, health_app("1", "derms1", lambda: UP))
    server.start()
    port = server.port
    server.stop()
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        pass
