from __future__ import annotations

import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.errors import SettingsError
from tests.unit.broker.stomp_client import Connect, StartBroker, StompClient


@pytest.mark.parametrize(
    ("accepted", "agreed"),
    [("1.2", "1.2"), ("1.0,1.1,1.2", "1.2"), ("1.1, 1.0", "1.1"), ("1.0", "1.0"), ("9.9,1.1", "1.1")],
)
def test_the_highest_common_version_is_agreed(
    broker: EmbeddedBroker, dial: Connect, accepted: str, agreed: str
) -> None:
    answer = dial(broker).connect(accept_version=accepted)

    assert answer.headers["version"] == agreed
    assert answer.headers["server"].startswith("dermsbus/")
    assert answer.headers["session"]


def test_without_accept_version_the_peer_speaks_1_0(broker: EmbeddedBroker, dial: Connect) -> None:
    client = dial(broker)
    client.frame("CONNECT")

    assert client.next("CONNECTED").headers["version"] == "1.0"


def test_the_stomp_command_connects_too(broker: EmbeddedBroker, dial: Connect) -> None:
    client = dial(broker)
    client.frame("STOMP", {"accept-version": "1.2", "host": "x"})

    assert client.next("CONNECTED").headers["version"] == "1.2"


def test_without_a_common_version_the_peer_is_refused_and_told_what_is_spoken(
    broker: EmbeddedBroker, dial: Connect
) -> None:
    client = dial(broker)
    client.frame("CONNECT", {"accept-version": "2.0"})
    (error,) = client.until_closed()

    assert error.command == "ERROR"
    assert "1.0, 1.1, 1.2" in error.body.decode()


def test_the_first_frame_has_to_be_connect(broker: EmbeddedBroker, dial: Connect) -> None:
    client = dial(broker)
    client.frame("SEND", {"destination": "/queue/a"})
    (error,) = client.until_closed()

    assert "SEND before CONNECT" in error.headers["message"]


def test_a_second_connect_ends_the_connection(connect: Connect) -> None:
    client = connect()
    client.frame("CONNECT", {"accept-version": "1.2"})

    assert [frame.command for frame in client.until_closed()] == ["ERROR"]


def test_an_unknown_command_ends_the_connection_and_names_the_known_ones(connect: Connect) -> None:
    client = connect()
    client.frame("send", {"destination": "/queue/a"})
    (error,) = client.until_closed()

    assert "unknown command 'send'" in error.headers["message"]
    assert "SEND" in error.body.decode()


def test_what_is_no_frame_ends_the_connection(connect: Connect) -> None:
    client = connect()
    client.write(b"GET / HTTP/1.1\nno header at all\n\n\0")

    assert [frame.command for frame in client.until_closed()] == ["ERROR"]


def test_disconnect_is_receipted_and_then_the_connection_closes(connect: Connect) -> None:
    client = connect()
    client.ask("DISCONNECT")

    assert client.until_closed() == []


def test_a_peer_that_does_not_connect_in_time_is_refused(start_broker: StartBroker, dial: Connect) -> None:
    client = dial(start_broker(connect_timeout_s=0.1))
    (error,) = client.until_closed()

    assert "no CONNECT within 0.1 seconds" in error.headers["message"]


# -- login -----------------------------------------------------------------------------------------------------------


def test_the_right_login_is_let_in_and_its_name_is_stamped_on_its_messages(
    start_broker: StartBroker, connect: Connect
) -> None:
    client = connect(start_broker(login="lab", passcode="s3cret"), login="lab", passcode="s3cret")
    client.subscribe("/queue/a")
    client.send("/queue/a", JMSXUserID="forged")

    assert client.message().headers["JMSXUserID"] == "lab"


def test_without_a_login_at_the_broker_nobody_is_stamped_on_messages(connect: Connect) -> None:
    client = connect(login="anybody", passcode="anything")
    client.subscribe("/queue/a")
    client.send("/queue/a", JMSXUserID="forged")

    assert "JMSXUserID" not in client.message().headers


@pytest.mark.parametrize(
    "headers", [{}, {"login": "lab"}, {"login": "lab", "passcode": "wrong"}, {"login": "other", "passcode": "s3cret"}]
)
def test_any_other_login_is_refused_and_closed(
    start_broker: StartBroker, dial: Connect, headers: dict[str, str]
) -> None:
    client = dial(start_broker(login="lab", passcode="s3cret"))
    client.frame("CONNECT", {"accept-version": "1.2", **headers})
    (error,) = client.until_closed()

    assert error.headers["message"] == "login refused"


def test_the_passcode_shows_nowhere(start_broker: StartBroker, dial: Connect) -> None:
    settings = BrokerSettings(login="lab", passcode="s3cret")
    with capture_logs() as logs:
        client = dial(start_broker(login="lab", passcode="s3cret"))
        client.frame("CONNECT", {"accept-version": "1.2", "login": "lab", "passcode": "wr0ng"})
        client.until_closed()

    assert any("login refused" in str(entry) for entry in logs)
    assert "s3cret" not in repr(settings) + repr(logs)
    assert "wr0ng" not in repr(logs)


# -- client-id -------------------------------------------------------------------------------------------------------


def test_a_client_id_is_let_in_once_at_a_time(broker: EmbeddedBroker, connect: Connect, dial: Connect) -> None:
    first = connect(client_id="derms1")
    second = dial(broker)
    second.frame("CONNECT", {"accept-version": "1.2", "client-id": "derms1"})
    (error,) = second.until_closed()
    assert "'derms1' is connected already" in error.headers["message"]

    first.ask("DISCONNECT")

    assert connect(client_id="derms1").pending() == []


# -- limits ----------------------------------------------------------------------------------------------------------


def test_a_connection_beyond_the_most_is_refused_until_another_goes(
    start_broker: StartBroker, dial: Connect, connect: Connect
) -> None:
    broker = start_broker(max_connections=1)
    first = connect(broker)
    second = dial(broker)
    (error,) = second.until_closed()
    second.close()
    assert "1 connections, which is the most" in error.headers["message"]

    first.ask("DISCONNECT")
    first.until_closed()
    first.close()

    assert _let_in_at_last(broker)


def _let_in_at_last(broker: EmbeddedBroker) -> bool:
    # That the broker has seen the others' sockets close shows only in its letting somebody in.
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with StompClient(broker.address) as client:
            client.frame("CONNECT", {"accept-version": "1.2"})
            if client.next().command == "CONNECTED":
                return True
    return False


def test_a_body_too_large_is_refused_before_it_is_sent(start_broker: StartBroker, connect: Connect) -> None:
    client = connect(start_broker(max_frame_bytes=1000))
    client.write(b"SEND\ndestination:/queue/a\ncontent-length:1001\n\n")
    (error,) = client.until_closed()

    assert "more than the 1000 bytes" in error.headers["message"]


def test_a_peer_still_sending_a_body_too_large_gets_to_read_why(start_broker: StartBroker, connect: Connect) -> None:
    client = connect(start_broker(max_frame_bytes=1000))
    client.write(b"SEND\ndestination:/queue/a\n\n" + b"x" * 3_000_000)
    (error,) = client.until_closed()

    assert "more than the 1000 bytes" in error.headers["message"]


def test_headers_too_large_or_too_many_are_refused(start_broker: StartBroker, connect: Connect) -> None:
    broker = start_broker(max_header_bytes=1000, max_headers=20)
    for headers in (b"a:" + b"x" * 1001, b"a:b\n" * 21):
        client = connect(broker)
        client.write(b"SEND\n" + headers)
        client.write(b"\n\n\0")
        assert [frame.command for frame in client.until_closed()] == ["ERROR"]


# -- heart-beats -----------------------------------------------------------------------------------------------------


def test_the_broker_sends_heart_beats_as_often_as_it_was_asked_to(broker: EmbeddedBroker, dial: Connect) -> None:
    client = dial(broker)
    answer = client.connect(heart_beat="0,150")
    began = time.monotonic()
    client.beats(4)

    assert answer.headers["heart-beat"] == "100,100"
    assert time.monotonic() - began < 4 * 0.15 + 2.0


def test_a_peer_that_breaks_its_promise_of_heart_beats_is_given_up(start_broker: StartBroker, connect: Connect) -> None:
    broker = start_broker(heart_beat_grace=2.0)
    watcher, silent = connect(broker), connect(broker, heart_beat="100,0")
    silent.subscribe("/queue/a", ack="client")
    watcher.send("/queue/a", "for whoever lives")
    began = time.monotonic()
    frames = silent.until_closed()

    assert [frame.command for frame in frames] == ["MESSAGE", "ERROR"]
    assert "no heart-beat" in frames[-1].headers["message"]
    assert 0.1 < time.monotonic() - began < 2.0
    watcher.subscribe("/queue/a")
    assert watcher.message().headers["redelivered"] == "true"


def test_a_peer_that_sends_its_heart_beats_stays(broker: EmbeddedBroker, connect: Connect) -> None:
    client = connect(heart_beat="400,100")
    # Longer than the 1.0 seconds of silence that it is granted.
    for _ in range(25):
        client.beats(client.heart_beats + 1)
        client.write(b"\n")

    assert client.pending() == []


def test_a_peer_that_promises_nothing_is_not_given_up_and_gets_no_heart_beats(connect: Connect) -> None:
    client, clock = connect(), connect(heart_beat="0,100")
    clock.beats(6)

    assert client.pending() == []
    assert client.heart_beats == 0


def test_a_heart_beat_header_that_cannot_be_read_is_refused(broker: EmbeddedBroker, dial: Connect) -> None:
    client = dial(broker)
    client.frame("CONNECT", {"accept-version": "1.2", "heart-beat": "often"})

    assert "heart-beat" in client.until_closed()[0].headers["message"]


# -- start and stop --------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_a_settings_error_that_says_what_to_do(broker: EmbeddedBroker) -> None:
    with pytest.raises(SettingsError, match=rf"127.0.0.1:{broker.port}: Address already in use.*choose another"):
        EmbeddedBroker(BrokerSettings(port=broker.port)).start()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"port": 70000}, "broker.port"),
        ({"login": "lab"}, "broker.passcode"),
        ({"passcode": "s3cret"}, "broker.login"),
        ({"host": "0.0.0.0"}, "broker.login"),
        ({"max_connections": 0}, "broker.max_connections"),
        ({"heart_beat_grace": 0.5}, "broker.heart_beat_grace"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_their_key(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        EmbeddedBroker(BrokerSettings(**settings))

    assert refusal.value.key == key


def test_a_broker_can_be_stopped_twice_and_started_again(dial: Connect) -> None:
    broker = EmbeddedBroker(BrokerSettings(port=0))
    broker.stop()
    for _ in range(2):
        with broker:
            assert dial(broker).connect().command == "CONNECTED"
            broker.start()
        broker.stop()
    assert broker.wait(0)


def test_stop_closes_the_connections(start_broker: StartBroker, connect: Connect) -> None:
    broker = start_broker()
    client = connect(broker)
    assert not broker.wait(0.01)
    broker.stop()

    assert client.until_closed() == []


def test_stop_does_not_wait_for_a_peer_that_reads_nothing(start_broker: StartBroker, connect: Connect) -> None:
    broker = start_broker(write_buffer_bytes=50_000_000)
    client = connect(broker)
    client.subscribe("/queue/a")
    sender = connect(broker)
    for _ in range(200):
        sender.send("/queue/a", b"x" * 100_000)
    began = time.monotonic()
    broker.stop()

    assert time.monotonic() - began < 5


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_loopback_host_needs_no_login(start_broker: StartBroker, dial: Connect, host: str) -> None:
    assert dial(start_broker(host=host)).connect().command == "CONNECTED"


def test_a_host_that_is_not_of_this_machine_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match=r"cannot listen on 192\.0\.2\.1:0: Cannot assign"):
        EmbeddedBroker(BrokerSettings(host="192.0.2.1", port=0, login="lab", passcode="s3cret")).start()


def test_the_address_of_a_broker_that_was_never_started_is_an_error_that_says_so() -> None:
    with pytest.raises(RuntimeError, match="start"):
        _ = EmbeddedBroker(BrokerSettings(port=0)).address
