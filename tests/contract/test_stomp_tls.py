"""TLS towards a STOMP broker: verified always, and never a passcode to anyone else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.errors import ConnectFailed, SettingsError
from dermsbus.transports.base import LinkState, Queue, Subscription
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from dermsbus.transports.supervisor import Backoff
from dermsbus.transports.tls import TlsSettings
from tests.contract.tls_front import Authority, TlsFront
from tests.contract.transport_suite import PATIENCE_S, Inbox, StatusLog, message, send

pytestmark = pytest.mark.skipif(not Authority.can_be_made(), reason="needs the openssl command to make certificates")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "theirs")


@pytest.fixture
def broker() -> Iterator[tuple[str, int]]:
    with EmbeddedBroker(BrokerSettings(port=0, login="derms", passcode="s3cret")) as broker:
        yield "127.0.0.1", broker.port


def transport(port: int, tls: TlsSettings, *, heart_beat_s: float = 5.0) -> StompTransport:
    return StompTransport(
        StompSettings(
            host="localhost",
            port=port,
            login="derms",
            passcode="s3cret",
            tls=tls,
            heart_beat_s=heart_beat_s,
            backoff=Backoff(most_s=0.5),
        )
    )


def reason_of_failure(port: int, tls: TlsSettings) -> str:
    """Why no connection is had."""
    refused, log = transport(port, tls), StatusLog()
    refused.start(log)
    try:
        reason = log.wait_for(lambda status: status.state is LinkState.DOWN).reason
        with pytest.raises(ConnectFailed):
            refused.wait_until_up(0.3)
    finally:
        refused.stop()
    return reason


def test_messages_of_every_size_go_both_ways_at_once(broker: tuple[str, int], authority: Authority) -> None:
    with TlsFront(broker, authority.issue("localhost")) as front:
        secured, inbox = transport(front.port, TlsSettings(ca_file=authority.ca_file)), Inbox()
        secured.start()
        secured.wait_until_up(PATIENCE_S)
        secured.subscribe(Subscription(destination=Queue("cim.test.tls"), prefetch=40), inbox)
        bodies = [b"x" * (40_000 * number + 1) for number in range(20)]

        send(secured, *(message(Queue("cim.test.tls"), body) for body in bodies))

        assert [inbox.take().body for _ in bodies] == bodies
        assert secured.status.connects == 1
        secured.stop()


def test_a_broker_that_asks_for_our_certificate_gets_it(broker: tuple[str, int], authority: Authority) -> None:
    ours = authority.issue("derms1")
    tls = TlsSettings(ca_file=authority.ca_file, cert_file=ours.cert_file, key_file=ours.key_file)
    with TlsFront(broker, authority.issue("localhost"), client_ca=authority.ca_file) as front:
        secured = transport(front.port, tls)
        secured.start()
        secured.wait_until_up(PATIENCE_S)
        secured.stop()


def test_a_broker_with_another_name_is_refused(broker: tuple[str, int], authority: Authority) -> None:
    with TlsFront(broker, authority.issue("other.example")) as front:
        reason = reason_of_failure(front.port, TlsSettings(ca_file=authority.ca_file))

    assert f"stomps://localhost:{front.port}" in reason
    assert "localhost" in reason
    assert "certificate" in reason


def test_a_broker_of_an_unknown_authority_is_refused(
    broker: tuple[str, int], authority: Authority, stranger: Authority
) -> None:
    with TlsFront(broker, stranger.issue("localhost")) as front:
        for trusted in (authority.ca_file, None):
            assert "certificate verify failed" in reason_of_failure(front.port, TlsSettings(ca_file=trusted))


def test_a_server_without_tls_never_sees_the_passcode(authority: Authority) -> None:
    seen = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            connection, _ = server.accept()
            with connection:
                seen.extend(connection.recv(65_536))
                connection.sendall(b"CONNECTED\nversion:1.2\nheart-beat:1000,1000\nserver:ActiveMQ/5\n\n\0")

        thread = threading.Thread(target=listen)
        thread.start()
        reason = reason_of_failure(server.getsockname()[1], TlsSettings(ca_file=authority.ca_file))
        thread.join(PATIENCE_S)

    assert "TLS" in reason
    assert seen
    assert b"s3cret" not in seen
    assert b"CONNECT\n" not in seen


def test_an_abrupt_end_is_noticed_at_once_and_costs_no_cpu(broker: tuple[str, int], authority: Authority) -> None:
    with TlsFront(broker, authority.issue("localhost")) as front:
        secured, log = transport(front.port, TlsSettings(ca_file=authority.ca_file), heart_beat_s=60), StatusLog()
        secured.start(log)
        secured.wait_until_up(PATIENCE_S)

        front.abort()
        log.wait_for(lambda status: status.state is LinkState.DOWN, 5)
        log.wait_for_state(LinkState.UP, 2)
        cpu_s = time.process_time()
        time.sleep(1)  # time in which a spinning thread would show

        assert time.process_time() - cpu_s < 0.5
        secured.stop()


@pytest.mark.parametrize(
    ("tls", "key"),
    [
        (TlsSettings(ca_file=Path("/nowhere/ca.pem")), "tls.ca_file"),
        (TlsSettings(cert_file=Path("/nowhere/cert.pem")), "tls.cert_file"),
        (TlsSettings(key_file=Path("/nowhere/key.pem")), "tls.key_file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_before_the_start(tls: TlsSettings, key: str) -> None:
    with pytest.raises(SettingsError) as raised:
        transport(61613, tls)

    assert raised.value.key == key
