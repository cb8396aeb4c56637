"""A bus for each test, or for each test and every bus; a DERMS and a DMS on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from dermsbus.app import make_transport
from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.settings import BusUrl
from dermsbus.transports.base import Transport
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.conformance.bus import Bus, Connect, House
from tests.conformance.cases import BUSES
from tests.conformance.lines import Line

HOST = "127.0.0.1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "buses(*names): run on these buses only; see tests/conformance/bus.py")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that uses `bus` is run on every one, or on those that its nearest marker ``buses`` names."""
    if "bus" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("buses")
        metafunc.parametrize("bus", [_on(name) for name in (marker.args if marker else BUSES)], indirect=True)


def _on(name: str) -> Any:
    broker = BUSES[name]
    return pytest.param(name, id=name, marks=[pytest.mark.broker(broker)] if broker else [])


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(BrokerSettings(host=HOST, port=0))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def bus(request: pytest.FixtureRequest) -> Iterator[Bus]:
    """A bus of this test's own, or names of its own on a broker that serves the whole session."""
    with ExitStack() as opened:
        url = None if request.param == "memory" else BusUrl.parse(_url(request.param, request))
        yield Bus(request.param, _connect(url), opened, url=url)


def _connect(url: BusUrl | None) -> Connect:
    if url is None:
        bus = MemoryBus()
        return lambda *, client_id=None: MemoryTransport(bus, client_id=client_id or "")

    def connect(*, client_id: str | None = None) -> Transport:
        return make_transport(url, client_id=client_id)

    return connect


def _url(name: str, request: pytest.FixtureRequest) -> str:
    broker_name = BUSES[name]
    if broker_name is None:
        return f"stomp://{HOST}:{request.getfixturevalue('embedded_broker').port}"
    broker, protocol = request.getfixturevalue(broker_name), name.rpartition("-")[2]
    return f"{protocol}://{broker.kind.user}:{broker.kind.password}@{HOST}:{broker.port(protocol)}"


@pytest.fixture
def bus_url(bus: Bus, request: pytest.FixtureRequest) -> str:
    """Where the broker of the bus is, as an operator writes it."""
    return _url(bus.name, request)


@pytest.fixture
def line(bus_url: str) -> Iterator[Line]:
    """A way of its own to the broker of the bus."""
    with ExitStack() as opened:
        yield Line(BusUrl.parse(bus_url), opened)


@pytest.fixture
def build(bus: Bus) -> Callable[..., House]:
    """Builds a DERMS and a DMS on the bus; the arguments are those of `Bus.derms`."""
    return lambda *behaviour, **settings: House(bus=bus, derms=bus.derms(*behaviour, **settings), dms=bus.peer())


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A DERMS with the default behaviour, and a DMS."""
    return build()
