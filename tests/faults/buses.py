"""The buses of a fault run: an embedded broker as a process, or a real one in a container; each given as a URL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dermsbus.app import make_transport
from dermsbus.settings import BusUrl
from tests.broker.brokers import HOST, KINDS, Broker
from tests.flow.serving import free_port

__all__ = ["BUSES", "bus"]

BUSES = ("embedded", "activemq", "rabbitmq", "rabbitmq-stomp", "artemis")
"""RabbitMQ speaks AMQP 0-9-1 here where nothing else is said, the others STOMP."""


@contextmanager
def bus(name: str) -> Iterator[str]:
    """The URL of a broker, which runs for as long as the block.

    Raises:
        BrokerUnavailableError: it cannot be had on this machine.
    """
    if name == "embedded":
        with _embedded() as url:
            yield url
        return
    kind, _, protocol = name.partition("-")
    broker = Broker.run(KINDS[kind])
    try:
        protocol = protocol or ("amqp" if kind == "rabbitmq" else "stomp")
        yield f"{protocol}://{broker.kind.user}:{broker.kind.password}@{HOST}:{broker.port(protocol)}"
    finally:
        broker.remove()


@contextmanager
def _embedded() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "dermsbus", "broker", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"stomp://{HOST}:{port}"
        transport = make_transport(BusUrl.parse(url))
        transport.start()
        try:
            transport.wait_until_up(30)
        finally:
            transport.stop()
        yield url
    finally:
        process.terminate()
        process.wait(10)
