"""The STOMP transport keeps the contract on the embedded broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.transports.base import Transport
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from dermsbus.transports.supervisor import Backoff
from tests.contract.tcp_proxy import TcpProxy
from tests.contract.transport_suite import Build, Line, NetworkTransportContract


class _Restartable:
    """A broker that comes back at the same port with the same store."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.port = 0
        self._broker = self._start()
        self.port = self._broker.port

    def restart(self) -> None:
        self.stop()
        self._broker = self._start()

    def stop(self) -> None:
        self._broker.stop()

    def _start(self) -> EmbeddedBroker:
        broker = EmbeddedBroker(BrokerSettings(port=self.port, store=self._store, login="derms", passcode="s3cret"))
        broker.start()
        return broker


class TestStompTransportOnTheEmbeddedBroker(NetworkTransportContract):
    silence_s: ClassVar[float] = 5.0

    @pytest.fixture
    def broker(self, tmp_path: Path) -> Iterator[_Restartable]:
        broker = _Restartable(tmp_path / "broker.sqlite")
        yield broker
        broker.stop()

    @pytest.fixture
    def endpoint(self, broker: _Restartable) -> tuple[str, int]:
        return "127.0.0.1", broker.port

    @pytest.fixture
    def restart_broker(self, broker: _Restartable) -> Callable[[], None]:
        return broker.restart

    @pytest.fixture
    def build(self, endpoint: tuple[str, int]) -> Build:
        def build(
            *, through: Line | None = None, client_id: str | None = None, passcode: str | None = None
        ) -> Transport:
            host, port = (through.host, through.port) if isinstance(through, TcpProxy) else endpoint
            return StompTransport(
                StompSettings(
                    host=host,
                    port=port,
                    login="derms",
                    passcode=passcode or "s3cret",
                    client_id=client_id,
                    heart_beat_s=1.0,
                    backoff=Backoff(most_s=1.0),
                )
            )

        return build
