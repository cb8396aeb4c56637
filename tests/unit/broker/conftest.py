from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack
from typing import Any

import pytest
from structlog.testing import capture_logs

from dermsbus.broker import BrokerSettings, EmbeddedBroker
from tests.unit.broker.stomp_client import Connect, StartBroker, StompClient


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the broker logs, kept off the terminal."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def start_broker(logs: object) -> Iterator[StartBroker]:
    """Starts brokers with the given settings on free ports, and stops them after the test."""
    with ExitStack() as running:
        yield lambda **settings: running.enter_context(EmbeddedBroker(BrokerSettings(**{"port": 0, **settings})))


@pytest.fixture
def broker(start_broker: StartBroker) -> EmbeddedBroker:
    return start_broker()


@pytest.fixture
def dial() -> Iterator[Connect]:
    """Opens TCP connections to a broker, and closes them after the test."""
    with ExitStack() as connections:
        yield lambda broker: connections.enter_context(StompClient(broker.address))


@pytest.fixture
def connect(request: pytest.FixtureRequest, dial: Connect) -> Connect:
    """Connects to the given broker, or to that of the fixture ``broker``; keywords are headers of CONNECT."""

    def connected(broker: EmbeddedBroker | None = None, **headers: str) -> StompClient:
        client = dial(broker if broker is not None else request.getfixturevalue("broker"))
        client.connect(**headers)
        return client

    return connected
