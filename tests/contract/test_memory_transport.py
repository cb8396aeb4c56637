"""The memory transport keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from dermsbus.transports.base import Transport
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.contract.transport_suite import Build, Line, TransportContract


class _BusLine:
    """A memory bus is its own line: all transports on it are interrupted together."""

    def __init__(self, bus: MemoryBus) -> None:
        self.cut = bus.interrupt
        self.mend = bus.restore


class TestMemoryTransport(TransportContract):
    address_hint: ClassVar[str] = "memory://lab"

    @pytest.fixture
    def bus(self) -> MemoryBus:
        return MemoryBus("lab")

    @pytest.fixture
    def line(self, bus: MemoryBus) -> Line:
        return _BusLine(bus)

    @pytest.fixture
    def restart_broker(self, bus: MemoryBus) -> Callable[[], None]:
        def restart() -> None:
            bus.interrupt()
            bus.restore()

        return restart

    @pytest.fixture
    def build(self, bus: MemoryBus) -> Build:
        def build(
            *, through: Line | None = None, client_id: str | None = None, passcode: str | None = None
        ) -> Transport:
            return MemoryTransport(bus, client_id=client_id or "")

        return build
