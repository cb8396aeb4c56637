"""A DMS and a DERMS by hand on the in-memory bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dermsbus.client import DMSClient
from dermsbus.domain.behaviour import Tolerance
from dermsbus.messages.codec import Codec, ReaderSettings
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.scripted_derms import Derms


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def derms(bus: MemoryBus) -> Iterator[Derms]:
    derms = Derms(MemoryTransport(bus))
    derms.start()
    yield derms
    derms.transport.stop()


Make = Callable[..., DMSClient]


@pytest.fixture
def make(bus: MemoryBus) -> Iterator[Make]:
    clients: list[DMSClient] = []

    def start(**options: object) -> DMSClient:
        codec = Codec(ReaderSettings(tolerance=Tolerance.TOLERANT))
        client = DMSClient(MemoryTransport(bus), codec, responder="derms1", **{"timeout_s": 5.0, **options})
        clients.append(client)
        client.start(5)
        return client

    yield start
    for client in clients:
        client.stop()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool
