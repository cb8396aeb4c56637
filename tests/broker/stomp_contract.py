"""The contract for the STOMP transport on a broker in a container; a subclass names the broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from dermsbus.transports.base import Transport
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from dermsbus.transports.supervisor import Backoff
from tests.broker.brokers import HOST, Broker
from tests.contract.tcp_proxy import TcpProxy
from tests.contract.transport_suite import Build, Line, NetworkTransportContract

HEART_BEAT_S = 2.0


def stomp_transport(
    broker: Broker, *, port: int | None = None, passcode: str | None = None, client_id: str | None = None
) -> StompTransport:
    """A transport to *broker*, not started; *port* is that of a proxy before it."""
    return StompTransport(
        StompSettings(
            host=HOST,
            port=port or broker.port("stomp"),
            login=broker.kind.user,
            passcode=passcode or broker.kind.password,
            client_id=client_id,
            heart_beat_s=HEART_BEAT_S,
            backoff=Backoff(first_s=0.1, most_s=1.0),
        )
    )


class StompContract(NetworkTransportContract):
    silence_s: ClassVar[float] = 4 * HEART_BEAT_S

    @pytest.fixture
    def broker(self) -> Broker:
        """Given by the subclass."""
        raise NotImplementedError

    @pytest.fixture
    def endpoint(self, broker: Broker) -> tuple[str, int]:
        return HOST, broker.port("stomp")

    @pytest.fixture
    def restart_broker(self, broker: Broker) -> Callable[[], None]:
        return broker.restart

    @pytest.fixture
    def build(self, broker: Broker) -> Build:
        def build(
            *, through: Line | None = None, client_id: str | None = None, passcode: str | None = None
        ) -> Transport:
            port = through.port if isinstance(through, TcpProxy) else None
            return stomp_transport(broker, port=port, passcode=passcode, client_id=client_id)

        return build
