"""Real brokers in containers, for the tests that are not content with anything less.

An image is named by the environment (``none: <why>`` for one that cannot be had), the official one otherwise. Ports are
published on 127.0.0.1 only, on port numbers chosen before the container exists, so that a broker comes back at the same
address after a restart.
"""

from __future__ import annotations

import gc
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import docker.errors  # type: ignore[import-untyped]  # no stubs
import pika
import pika.exceptions
from testcontainers.core.container import DockerContainer

from tests.required import do_without

HOST = "127.0.0.1"
READY_TIMEOUT_S = 90.0  # below pytest's own limit for one test
_PROBE_INTERVAL_S = 0.25
_PROBE_TIMEOUT_S = 3.0


class BrokerUnavailableError(Exception):
    """A broker that cannot be had on this machine; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerKind:
    """How one kind of broker is had and used.

    Attributes:
        name: as in ``@pytest.mark.broker(name)`` and in DERMSBUS_TEST_REQUIRE.
        image_variable: environment variable that names another image.
        official_image: what is pulled when the variable is not set.
        ports: port inside the container, by protocol.
        user: login for every protocol.
        password: its password.
        environment: variables of the container.
        setup: command to run in it once, when it is up.
        setup_needs_restart: True if that takes effect only when the broker starts.
    """

    name: str
    image_variable: str
    official_image: str
    ports: Mapping[str, int]
    user: str
    password: str
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    setup: tuple[str, ...] = ()
    setup_needs_restart: bool = False

    @property
    def image(self) -> str:
        return os.environ.get(self.image_variable) or self.official_image


_ACTIVEMQ_LOGIN = (
    "<plugins><simpleAuthenticationPlugin><users>"
    '<authenticationUser username="admin" password="admin" groups="all"/>'
    "</users></simpleAuthenticationPlugin></plugins>"
)
_ACTIVEMQ_CONFIGURATION = "$(ls /var/lib/activemq/conf/activemq.xml $ACTIVEMQ_HOME/conf/activemq.xml 2>&-)"

RABBITMQ = BrokerKind(
    name="rabbitmq",
    image_variable="DERMSBUS_TEST_RABBITMQ_IMAGE",
    official_image="rabbitmq:4-management",
    ports={"amqp": 5672, "stomp": 61613},
    user="guest",
    password="guest",
    # The official image ships the STOMP plugin switched off; switching it on twice does no harm.
    setup=("rabbitmq-plugins", "enable", "rabbitmq_stomp"),
)
ACTIVEMQ = BrokerKind(
    name="activemq",
    image_variable="DERMSBUS_TEST_ACTIVEMQ_IMAGE",
    official_image="apache/activemq-classic:5.18.6",
    ports={"stomp": 61613, "openwire": 61616},
    user="admin",
    password="admin",
    # As it comes, it lets everybody in.
    setup=("sh", "-c", f"sed -i 's|</persistenceAdapter>|&{_ACTIVEMQ_LOGIN}|' {_ACTIVEMQ_CONFIGURATION}"),
    setup_needs_restart=True,
)
ARTEMIS = BrokerKind(
    name="artemis",
    image_variable="DERMSBUS_TEST_ARTEMIS_IMAGE",
    official_image="apache/activemq-artemis:2.37.0",
    ports={"stomp": 61613, "openwire": 61616},
    user="artemis",
    password="artemis",
    environment={
        "ARTEMIS_USER": "artemis",
        "ARTEMIS_PASSWORD": "artemis",
        # Without prefixes /queue/ and /topic/ would be parts of an address's name.
        "JAVA_ARGS_APPEND": "-Xmx512m"
        " -Dbrokerconfig.acceptorConfigurations.stomp.params.anycastPrefix=/queue/"
        " -Dbrokerconfig.acceptorConfigurations.stomp.params.multicastPrefix=/topic/",
    },
)


class Broker:
    """A running broker; `remove` ends it."""

    def __init__(self, kind: BrokerKind, container: DockerContainer, ports: Mapping[str, int]) -> None:
        self.kind = kind
        self._container = container
        self._ports = ports

    @classmethod
    def run(cls, kind: BrokerKind) -> Broker:
        """Start a container and wait until it serves every protocol.

        Raises:
            BrokerUnavailableError: no image, or it did not come up.
        """
        ports = {protocol: _free_port() for protocol in kind.ports}
        container = DockerContainer(kind.image)
        container.env.update(kind.environment)
        for protocol, inside in kind.ports.items():
            # testcontainers knows no address here, but hands the tuple to Docker's client, which does
            container.ports[str(inside)] = (HOST, ports[protocol])  # type: ignore[assignment]
        broker = cls(kind, container, ports)
        try:
            container.start()
            broker._set_up()
        except docker.errors.DockerException as fault:
            broker.remove()
            raise BrokerUnavailableError(f"no container of image {kind.image} ({fault})") from fault
        except BaseException:
            broker.remove()
            raise
        return broker

    def port(self, protocol: str) -> int:
        """The port on 127.0.0.1 that serves *protocol*: ``amqp``, ``stomp`` or ``openwire``."""
        return self._ports[protocol]

    def execute(self, *command: str) -> bytes:
        """Run *command* in the container and return what it printed."""
        exit_code, output = self._container.get_wrapped_container().exec_run(list(command))
        if exit_code != 0:
            raise AssertionError(f"{' '.join(command)} in {self.kind.name}: exit {exit_code}: {output[-2000:]!r}")
        assert isinstance(output, bytes)
        return output

    def stop(self) -> None:
        """Stop the broker in good order; what it holds on disk stays."""
        self._container.get_wrapped_container().stop(timeout=20)

    def kill(self) -> None:
        """End the broker as a crash would."""
        self._container.get_wrapped_container().kill()

    def start(self) -> None:
        """Start a stopped broker again, at the same address, and wait until it serves."""
        self._container.get_wrapped_container().start()
        self.wait_until_ready()

    def restart(self) -> None:
        """Stop and start; the address and what is on disk stay."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Remove the container and all that it holds."""
        self._container.stop(force=True, delete_volume=True)

    def wait_until_ready(self) -> None:
        """Return when every protocol answers a real client.

        Raises:
            BrokerUnavailableError: not within 90 seconds; the end of the broker's log is in the text.
        """
        self._wait_for(self._ports)

    def _set_up(self) -> None:
        first = next(iter(self.kind.ports))  # the others may need the setup
        self._wait_for({first: self._ports[first]})
        if self.kind.setup:
            self.execute(*self.kind.setup)
        if self.kind.setup_needs_restart:
            self.restart()
        self.wait_until_ready()

    def _wait_for(self, ports: Mapping[str, int]) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        waiting = dict(ports)
        while waiting:
            waiting = {p: number for p, number in waiting.items() if not _PROBES[p](number, self.kind)}
            if waiting and time.monotonic() > deadline:
                log = self._container.get_wrapped_container().logs(tail=40).decode(errors="replace")
                raise BrokerUnavailableError(f"{self.kind.name} does not answer on {waiting}; its log ends:\n{log}")
            if waiting:
                time.sleep(_PROBE_INTERVAL_S)  # a process in a container has no event to wait for


KINDS: Mapping[str, BrokerKind] = MappingProxyType({kind.name: kind for kind in (RABBITMQ, ACTIVEMQ, ARTEMIS)})


def check_available(kind: BrokerKind) -> None:
    """Skip the test if *kind* cannot be had on this machine, as far as can be told without starting it."""
    if kind.image.startswith("none"):
        do_without(kind.name, f"{kind.image_variable} says {kind.image!r}")
    fault = _docker_fault()
    if fault:
        do_without(kind.name, fault)


@contextmanager
def running(kind: BrokerKind) -> Iterator[Broker]:
    """A broker of *kind* for as long as the block lasts; without one the test is skipped."""
    check_available(kind)
    try:
        broker = Broker.run(kind)
    except BrokerUnavailableError as fault:
        do_without(kind.name, str(fault))
    try:
        yield broker
    finally:
        broker.remove()


@cache
def _docker_fault() -> str:
    """Why there is no Docker engine; empty if there is one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # where nobody answers, Docker's client leaves its socket open
        try:
            DockerContainer("").get_docker_client().client.close()
        except docker.errors.DockerException as fault:
            reason = f"no Docker engine answers ({fault})"
        else:
            reason = ""
        gc.collect()
    return reason


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def _amqp_answers(port: int, kind: BrokerKind) -> bool:
    parameters = pika.ConnectionParameters(
        HOST,
        port,
        credentials=pika.PlainCredentials(kind.user, kind.password),
        socket_timeout=_PROBE_TIMEOUT_S,
        stack_timeout=_PROBE_TIMEOUT_S,
        connection_attempts=1,
    )
    try:
        pika.BlockingConnection(parameters).close()
    except (pika.exceptions.AMQPError, OSError):
        return False
    return True


def _stomp_answers(port: int, kind: BrokerKind) -> bool:
    lines = ("CONNECT", "accept-version:1.2", "host:/", f"login:{kind.user}", f"passcode:{kind.password}", "", "\0")
    return _talk(port, "\n".join(lines).encode()).startswith(b"CONNECTED")


def _openwire_answers(port: int, kind: BrokerKind) -> bool:
    # A client's first command, WireFormatInfo: Artemis has nothing to say before it, Classic does not mind it.
    greeting = b"\x01ActiveMQ" + (12).to_bytes(4) + b"\x00"
    return b"ActiveMQ" in _talk(port, len(greeting).to_bytes(4) + greeting)


def _talk(port: int, words: bytes) -> bytes:
    """The first bytes that a server on *port* says after *words*; nothing if nobody serves it."""
    try:
        with socket.create_connection((HOST, port), timeout=_PROBE_TIMEOUT_S) as connection:
            connection.sendall(words)
            return connection.recv(4096)
    except OSError:
        return b""


_PROBES: Mapping[str, Callable[[int, BrokerKind], bool]] = MappingProxyType(
    {"amqp": _amqp_answers, "stomp": _stomp_answers, "openwire": _openwire_answers}
)
