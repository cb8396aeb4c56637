"""What the STOMP transport puts on the wire, and how it takes what no well-behaved broker says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from dermsbus.errors import ConnectFailed, ConnectionLost, SettingsError
from dermsbus.transports.base import LinkState, PublishState, Queue, ReplyTo, Subscription, Topic
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from dermsbus.transports.supervisor import Backoff
from tests.contract.scripted_broker import Answer, Heard, ScriptedBroker, frame, polite
from tests.contract.transport_suite import PATIENCE_S, Inbox, StatusLog, message, send

Start = Callable[..., tuple[ScriptedBroker, StompTransport]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a scripted broker and a transport to it."""
    brokers: list[ScriptedBroker] = []
    transports: list[StompTransport] = []

    def begin(
        answer: Answer = polite, *, log: StatusLog | None = None, up: bool = True, **settings: object
    ) -> tuple[ScriptedBroker, StompTransport]:
        broker = ScriptedBroker(answer).__enter__()
        brokers.append(broker)
        fields: dict[str, object] = {"host": "127.0.0.1", "port": broker.port, "backoff": Backoff(most_s=0.3)}
        transport = StompTransport(StompSettings(**(fields | settings)))  # type: ignore[arg-type]
        transports.append(transport)
        transport.start(log)
        if up:
            transport.wait_until_up(PATIENCE_S)
        return broker, transport

    yield begin
    for transport in transports:
        transport.stop()
    for broker in brokers:
        broker.__exit__()


def instead(command: str, answer: Callable[[Heard], bytes | None]) -> Answer:
    """A broker that is polite but for one command."""
    return lambda heard: answer(heard) if heard.command == command else polite(heard)


def greeting(**headers: str) -> Answer:
    """A broker with another CONNECTED."""
    return instead("CONNECT", lambda _: frame("CONNECTED", **headers))


def reason_why_not(start: Start, answer: Answer, **settings: object) -> str:
    """Why no connection is had with such a broker."""
    log = StatusLog()
    start(answer, log=log, up=False, **settings)
    return log.wait_for(lambda status: status.state is LinkState.DOWN).reason


def test_connect_says_version_vhost_heart_beats_login_and_client(start: Start) -> None:
    broker, _ = start(login="dms:1", passcode=r"a:b\c", client_id="dms 1", heart_beat_s=2)

    connect = broker.hear("CONNECT")

    assert connect.headers == {
        "accept-version": "1.2",
        "client-id": "dms 1",
        "heart-beat": "2000,2000",
        "host": "/",
        "login": "dms:1",
        "passcode": r"a:b\c",
    }


def test_a_passcode_is_in_no_text_and_cannot_smuggle_a_header() -> None:
    assert "s3cret" not in repr(StompSettings(host="h", passcode="s3cret"))
    with pytest.raises(SettingsError, match="passcode") as raised:
        StompSettings(host="h", passcode="s3cret\nclient-id:x")
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value"), [("port", 0), ("dialect", "apollo"), ("heart_beat_s", 0.0), ("login", "a\0b"), ("host", "a\nb")]
)
def test_a_setting_that_cannot_be_used_is_named(key: str, value: object) -> None:
    with pytest.raises(SettingsError) as raised:
        StompSettings(**({"host": "h"} | {key: value}))  # type: ignore[arg-type]

    assert raised.value.key == key


def test_a_broker_that_never_says_connected_is_given_up_in_time(start: Start) -> None:
    began = time.monotonic()

    reason = reason_why_not(start, instead("CONNECT", lambda _: b""), connect_timeout_s=0.5)

    assert "no CONNECTED within 0.5 s" in reason
    assert time.monotonic() - began < 5


def test_an_unknown_broker_is_not_guessed_at(start: Start) -> None:
    apollo = greeting(version="1.2", server="Apollo/1.7", heart_beat="10000,10000")

    assert "set dialect to one of activemq, artemis, rabbitmq, embedded" in reason_why_not(start, apollo)
    _, transport = start(apollo, dialect="activemq")
    assert transport.status.broker == "Apollo/1.7"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"version": "1.2", "server": "ActiveMQ/5"}, "no heart-beats"),
        ({"version": "1.2", "server": "ActiveMQ/5", "heart_beat": "0,10000"}, "no heart-beats"),
        ({"version": "1.1", "server": "ActiveMQ/5", "heart_beat": "10000,10000"}, "1.2 is needed"),
        ({"server": "ActiveMQ/5"}, "1.2 is needed"),
    ],
)
def test_a_broker_without_what_we_need_is_refused(start: Start, headers: dict[str, str], reason: str) -> None:
    assert reason in reason_why_not(start, greeting(**headers))


def test_a_refused_login_says_who_was_refused_but_no_secret(start: Start) -> None:
    refusing = instead("CONNECT", lambda _: frame("ERROR", b"Access refused for user 'dms'\n", message="Bad CONNECT"))

    reason = reason_why_not(start, refusing, login="dms", passcode="s3cret")

    assert "Bad CONNECT: Access refused for user 'dms'" in reason
    assert "login 'dms'" in reason
    assert "s3cret" not in reason


TRACE = b"javax.jms.InvalidDestinationException: gone\n\tat org.apache.activemq.broker.Secret(Secret.java:1)\n"


def test_a_refused_message_is_rejected_without_the_servers_stack_trace(start: Start) -> None:
    _, transport = start(
        instead(
            "SEND", lambda heard: frame("ERROR", TRACE, message="temp queue gone", receipt_id=heard.headers["receipt"])
        )
    )

    (outcome,) = transport.publish([message(Queue("q"))])

    assert outcome.state is PublishState.REJECTED
    assert outcome.reason == "temp queue gone"


def test_a_full_broker_is_no_refusal_for_ever(start: Start) -> None:
    full = "Usage Manager Store is Full, 100% of 1 GB"
    _, transport = start(
        instead("SEND", lambda heard: frame("ERROR", message=full, receipt_id=heard.headers["receipt"]))
    )

    (outcome,) = transport.publish([message(Queue("q"))])

    assert outcome.state is PublishState.UNKNOWN
    assert "Full" in outcome.reason


def test_an_error_that_names_no_frame_is_about_the_only_one_there_is(start: Start) -> None:
    _, transport = start(instead("SEND", lambda _: frame("ERROR", b"NOT_FOUND - no exchange", message="not_found")))

    (outcome,) = transport.publish([message(Queue("q"))])

    assert outcome.state is PublishState.REJECTED
    assert outcome.reason == "not_found: NOT_FOUND - no exchange"


def test_of_several_messages_none_is_blamed_for_an_error_that_names_none(start: Start) -> None:
    seen: list[Heard] = []

    def fail_the_second(heard: Heard) -> bytes | None:
        seen.append(heard)
        return frame("ERROR", message="not_found") if len(seen) == 2 else b""

    _, transport = start(instead("SEND", fail_the_second))

    outcomes = transport.publish([message(Queue("q")) for _ in range(3)], 1)

    assert {outcome.state for outcome in outcomes} == {PublishState.UNKNOWN}


def test_without_a_receipt_a_message_is_unknown_at_the_deadline(start: Start) -> None:
    _, transport = start(instead("SEND", lambda _: b""))
    began = time.monotonic()

    outcomes = transport.publish([message(Queue("q")) for _ in range(3)], 0.4)

    assert [outcome.state for outcome in outcomes] == [PublishState.UNKNOWN] * 3
    assert 0.3 < time.monotonic() - began < 2
    assert transport.status.connects == 1


def test_a_connection_that_breaks_in_the_middle_leaves_the_rest_unknown(start: Start) -> None:
    seen: list[Heard] = []

    def hang_up_at_the_third(heard: Heard) -> bytes | None:
        seen.append(heard)
        return polite(heard) if len(seen) < 3 else None

    _, transport = start(instead("SEND", hang_up_at_the_third))

    outcomes = transport.publish([message(Queue("q")) for _ in range(5)], PATIENCE_S)

    accepted, unknown = PublishState.ACCEPTED, PublishState.UNKNOWN
    assert [outcome.state for outcome in outcomes] == [accepted, accepted, unknown, unknown, unknown]


def test_an_error_before_the_receipt_means_the_subscription_is_refused(start: Start) -> None:
    def refuse(heard: Heard) -> bytes:
        return frame("ERROR", b"NOT_FOUND - no queue 'q'", message="not_found") + polite(heard)

    broker, transport = start(instead("SUBSCRIBE", refuse))

    with pytest.raises(ConnectFailed, match=r"/queue/q.*no queue 'q'"):
        transport.subscribe(Subscription(destination=Queue("q")), Inbox())
    assert broker.hear("SUBSCRIBE").headers["ack"] == "client-individual"


def deliver(broker: ScriptedBroker, subscription_id: str, *acks: str) -> None:
    """MESSAGE frames as Classic sends them."""
    for ack in acks:
        broker.say(
            frame("MESSAGE", b"<x/>", subscription=subscription_id, message_id=ack, ack=ack, destination="/queue/q")
        )


def test_each_delivery_is_acknowledged_by_its_own_id_with_one_receipt_and_never_nacked(start: Start) -> None:
    broker, transport = start()
    inbox = Inbox()
    transport.subscribe(Subscription(destination=Queue("q")), inbox)
    deliver(broker, broker.hear("SUBSCRIBE").headers["id"], "ID\\c1", "ID\\c2", "ID\\c3")
    deliveries = [inbox.take() for _ in range(3)]

    transport.settle([deliveries[2], deliveries[0]])

    acks = [heard for heard in broker.heard() if heard.command != "RECEIPT"]
    assert [(heard.command, heard.headers["id"], "receipt" in heard.headers) for heard in acks] == [
        ("ACK", "ID\\c3", False),
        ("ACK", "ID\\c1", True),
    ]


def test_a_connection_that_breaks_while_settling_is_told(start: Start) -> None:
    broker, transport = start(instead("ACK", lambda _: None))
    inbox = Inbox()
    transport.subscribe(Subscription(destination=Queue("q")), inbox)
    deliver(broker, broker.hear("SUBSCRIBE").headers["id"], "1")
    delivery = inbox.take()

    with pytest.raises(ConnectionLost):
        transport.settle([delivery])


def test_a_message_of_a_subscription_nobody_made_does_no_harm(start: Start) -> None:
    broker, transport = start()
    broker.say(frame("MESSAGE", b"<x/>", subscription="ghost", message_id="1", ack="1", destination="/queue/q"))

    send(transport, message(Queue("q")))

    assert transport.status.connects == 1


def test_a_value_with_a_line_feed_makes_no_second_header(start: Start) -> None:
    broker, transport = start()

    send(
        transport, message(Queue("q"), correlation_id="a\ndestination:/queue/payroll", properties={"CIMP_x": "\r\n:\\"})
    )

    sent = broker.hear("SEND").headers
    assert sent["destination"] == "/queue/q"
    assert sent["correlation-id"] == "a\\ndestination\\c/queue/payroll"
    assert sent["CIMP_x"] == "\\r\\n\\c\\\\"


@pytest.mark.parametrize(
    "fields",
    [
        {"properties": {"receipt": "r1"}},
        {"properties": {"persistent": "false"}},
        {"properties": {"durable": "false"}},
        {"properties": {"a:b": "x"}},
        {"properties": {"JMSXUserID": "root"}},
        {"correlation_id": "a\0b"},
        {"correlation_id": "x" * 11_000},
        {"body": b"x" * (4 * 1024 * 1024)},
    ],
)
def test_what_would_break_or_bend_a_frame_is_not_sent(start: Start, fields: dict[str, object]) -> None:
    broker, transport = start()

    (outcome,) = transport.publish([message(Queue("q"), **fields)])  # type: ignore[arg-type]

    assert outcome.state is PublishState.REJECTED
    assert not [heard for heard in broker.heard() if heard.command == "SEND"]


def test_a_durable_subscription_needs_a_client_id(start: Start) -> None:
    _, transport = start()

    with pytest.raises(SettingsError, match="client_id"):
        transport.subscribe(Subscription(destination=Topic("t"), durable_name="events"), Inbox())


def test_a_durable_name_can_be_used_once(start: Start) -> None:
    _, transport = start(client_id="dms1")
    transport.subscribe(Subscription(destination=Topic("t"), durable_name="events"), Inbox())

    with pytest.raises(SettingsError, match="durable_name"):
        transport.subscribe(Subscription(destination=Topic("u"), durable_name="events"), Inbox())


@pytest.mark.parametrize(
    "destination", [Queue("a,b"), Queue("a.>"), Queue(""), Topic("a.>.b"), Topic("a*"), Topic("a b")]
)
def test_a_destination_that_is_none_cannot_be_subscribed_to(start: Start, destination: Queue | Topic) -> None:
    _, transport = start()

    with pytest.raises(SettingsError, match="destination"):
        transport.subscribe(Subscription(destination=destination), Inbox())


def test_rabbitmqs_own_temporary_queue_is_no_place_to_send_to(start: Start) -> None:
    _, transport = start(dialect="rabbitmq")

    (outcome,) = transport.publish([message(ReplyTo("/temp-queue/x"))])

    assert outcome.state is PublishState.REJECTED


def test_a_queue_that_rabbitmq_has_in_another_way_is_reached_as_it_is(start: Start) -> None:
    conflict = b"PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q1' in vhost '/': received none"

    def declare(heard: Heard) -> bytes:
        bad = heard.headers["destination"] == "/queue/q1"
        return (frame("ERROR", conflict, message="precondition_failed") if bad else b"") + polite(heard)

    inbox, log = Inbox(), StatusLog()
    broker, transport = start(
        lambda heard: declare(heard) if heard.command in {"SEND", "SUBSCRIBE"} else polite(heard),
        dialect="rabbitmq",
        log=log,
    )

    transport.subscribe(Subscription(destination=Queue("q1")), inbox)
    log.wait_for_state(LinkState.UP, 2)

    destinations = [broker.hear("SUBSCRIBE").headers["destination"] for _ in range(2)]
    assert destinations == ["/queue/q1", "/amq/queue/q1"]
    send(transport, message(Queue("q1")), message(ReplyTo("/queue/q1")), message(Queue("q2")))
    assert [broker.hear("SEND").headers["destination"] for _ in range(3)] == ["/amq/queue/q1"] * 2 + ["/queue/q2"]
