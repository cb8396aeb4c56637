"""The AMQP transport keeps the contract on a real RabbitMQ, and what only a real RabbitMQ can show."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pika
import pytest
from structlog.testing import capture_logs

from dermsbus.errors import ConnectFailed
from dermsbus.transports.amqp091 import AmqpSettings, AmqpTransport
from dermsbus.transports.base import LinkState, PublishState, Queue, ReplyTo, Subscription, Topic, Transport
from dermsbus.transports.supervisor import Backoff
from dermsbus.transports.tls import TlsSettings
from tests.broker.brokers import HOST, Broker
from tests.broker.raw_stomp import RawStomp
from tests.contract.tcp_proxy import TcpProxy
from tests.contract.tls_front import Authority, TlsFront
from tests.contract.transport_suite import (
    PATIENCE_S,
    Build,
    Inbox,
    Line,
    NetworkTransportContract,
    StatusLog,
    eventually,
    message,
    send,
)

HEARTBEAT_S = 4.0


@pytest.mark.broker("rabbitmq")
class TestAmqpTransportOnRabbitMq(NetworkTransportContract):
    reply_spellings: ClassVar[tuple[str, ...]] = ("/queue/{}", "/reply-queue/{}", "/temp-queue/{}", "queue://{}", "{}")
    silence_s: ClassVar[float] = 2 * HEARTBEAT_S

    @pytest.fixture
    def endpoint(self, rabbitmq: Broker) -> tuple[str, int]:
        return HOST, rabbitmq.port("amqp")

    @pytest.fixture
    def restart_broker(self, rabbitmq: Broker) -> Callable[[], None]:
        return rabbitmq.restart

    @pytest.fixture
    def build(self, rabbitmq: Broker) -> Build:
        def build(
            *, through: Line | None = None, client_id: str | None = None, passcode: str | None = None
        ) -> Transport:
            port = through.port if isinstance(through, TcpProxy) else rabbitmq.port("amqp")
            return AmqpTransport(
                AmqpSettings(
                    host=HOST,
                    port=port,
                    user=rabbitmq.kind.user,
                    password=passcode or rabbitmq.kind.password,
                    heartbeat_s=HEARTBEAT_S,
                    backoff=Backoff(first_s=0.1, most_s=1.0),
                )
            )

        return build

    def test_a_message_to_a_queue_reaches_exactly_one_consumer(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        """All go to one consumer, which keeps the order; the next takes over when it leaves."""
        sender, first, second, first_inbox, second_inbox = connect(), connect(), connect(), Inbox(), Inbox()
        first.subscribe(Subscription(destination=Queue(name), prefetch=2), first_inbox)
        second.subscribe(Subscription(destination=Queue(name), prefetch=2), second_inbox)

        send(sender, *(message(Queue(name), b"%d" % number) for number in range(6)))
        first.settle([first_inbox.take(), first_inbox.take()])
        assert [first_inbox.take().body for _ in range(2)] == [b"2", b"3"]
        assert second_inbox.stays_empty()
        first.stop()

        left = [second_inbox.take() for _ in range(2)]
        second.settle(left)
        left += [second_inbox.take() for _ in range(2)]
        assert sorted(delivery.body for delivery in left) == [b"2", b"3", b"4", b"5"]
        assert second_inbox.stays_empty()


Start = Callable[..., AmqpTransport]


@pytest.fixture
def start(rabbitmq: Broker) -> Iterator[Start]:
    """Starts transports with settings of the test's own, and stops them after it."""
    started: list[AmqpTransport] = []

    def start(on_status: StatusLog | None = None, **settings: Any) -> AmqpTransport:
        settings = {
            "host": HOST,
            "port": rabbitmq.port("amqp"),
            "user": rabbitmq.kind.user,
            "password": rabbitmq.kind.password,
            "backoff": Backoff(first_s=0.1, most_s=1.0),
            **settings,
        }
        started.append(AmqpTransport(AmqpSettings(**settings)))
        started[-1].start(on_status)
        started[-1].wait_until_up(PATIENCE_S)
        return started[-1]

    yield start
    for transport in started:
        transport.stop()


@pytest.fixture
def name() -> str:
    return f"cim.test.req.{uuid4().hex}"


@contextmanager
def pika_channel(broker: Broker) -> Iterator[Any]:
    """A channel of a peer that has nothing to do with us."""
    credentials = pika.PlainCredentials(broker.kind.user, broker.kind.password)
    connection = pika.BlockingConnection(
        pika.ConnectionParameters(HOST, broker.port("amqp"), credentials=credentials, heartbeat=0)
    )
    try:
        yield connection.channel()
    finally:
        connection.close()


@contextmanager
def many_calls() -> Iterator[None]:
    """pika writes a table within a table by calling itself, as it reads them."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def queue_arguments(broker: Broker, name: str) -> str:
    listing = broker.execute("rabbitmqctl", "-q", "list_queues", "name", "type", "durable", "arguments").decode()
    return next(line for line in listing.splitlines() if line.startswith(name))


@pytest.mark.broker("rabbitmq")
def test_headers_that_are_deeper_than_python_calls_cost_no_connection(
    rabbitmq: Broker, start: Start, name: str
) -> None:
    headers: dict[str, Any] = {}
    for _ in range(2_000):
        headers = {"k": headers}
    states, inbox = StatusLog(), Inbox()
    start(states).subscribe(Subscription(destination=Queue(name)), inbox)

    with many_calls(), pika_channel(rabbitmq) as channel:
        channel.basic_publish("", name, b"<deep/>", pika.BasicProperties(headers=headers))
        channel.basic_publish("", name, b"<next/>")

    assert [inbox.take().body, inbox.take().body] == [b"<deep/>", b"<next/>"]
    assert [each.state for each in states.seen] == [LinkState.CONNECTING, LinkState.UP]


@pytest.mark.broker("rabbitmq")
class TestPublishing:
    def test_an_event_that_nobody_hears_is_accepted_and_can_be_caught(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        unrouted = f"unrouted.{name}"
        transport = start(event_exchange=f"evt.{name}", unrouted_exchange=unrouted, stomp_topic_exchange="")
        with pika_channel(rabbitmq) as channel:
            caught = channel.queue_declare("", exclusive=True).method.queue
            channel.queue_bind(caught, unrouted)

            send(transport, message(Topic(f"{name}.created.DERGroups"), b"<unheard/>"))

            assert eventually(lambda: channel.basic_get(caught, auto_ack=True)[2] == b"<unheard/>")

    def test_a_reply_to_a_queue_that_is_gone_is_rejected_and_says_so(self, start: Start, name: str) -> None:
        transport = start()

        gone, there = transport.publish([message(ReplyTo(f"amq.gen-{name}")), message(Queue(name))])

        assert gone.state is PublishState.REJECTED
        assert f"no queue amq.gen-{name}" in gone.reason
        assert there.state is PublishState.ACCEPTED

    def test_a_request_waits_for_a_responder_that_was_never_there(self, start: Start, name: str) -> None:
        send(start(), message(Queue(name), b"<early/>"))
        inbox = Inbox()

        start().subscribe(Subscription(destination=Queue(name)), inbox)

        assert inbox.take().body == b"<early/>"

    def test_a_queue_that_was_deleted_is_noticed_and_there_again_for_the_next_message(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        transport = start()
        send(transport, message(Queue(name)))
        with pika_channel(rabbitmq) as channel:
            channel.queue_delete(name)

        (lost,) = transport.publish([message(Queue(name))])

        assert lost.state is PublishState.REJECTED
        send(transport, message(Queue(name)))

    @pytest.mark.parametrize(
        "too_long", [{"correlation_id": "é" * 150}, {"kind": "k" * 256}, {"reply_to": ReplyTo("r" * 256)}]
    )
    def test_what_is_too_long_for_amqp_is_refused_and_costs_no_channel(
        self, start: Start, name: str, too_long: Mapping[str, Any]
    ) -> None:
        transport = start()

        bad, good = transport.publish([message(Queue(name), **too_long), message(Queue(name))])

        assert bad.state is PublishState.REJECTED
        assert "255" in bad.reason
        assert good.state is PublishState.ACCEPTED
        assert transport.status.connects == 1

    def test_a_body_beyond_the_limit_is_refused_before_it_is_sent(self, start: Start, name: str) -> None:
        transport = start(max_body_bytes=1000)

        bad, good = transport.publish([message(Queue(name), b"x" * 1001), message(Queue(name), b"x" * 1000)])

        assert (bad.state, good.state) == (PublishState.REJECTED, PublishState.ACCEPTED)

    def test_the_one_message_that_costs_the_channel_is_rejected_and_the_others_get_through(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        user = f"writer-{name}"
        rabbitmq.execute("rabbitmqctl", "-q", "add_user", user, "secret")
        rabbitmq.execute("rabbitmqctl", "-q", "set_permissions", user, ".*", "^(?!cim.evt)", ".*")
        transport, inbox = start(user=user, password="secret"), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        messages = [message(Queue(name), b"%d" % number) for number in range(5)]
        messages[2] = message(Topic(f"{name}.created"))

        outcomes = transport.publish(messages)

        accepted, rejected = PublishState.ACCEPTED, PublishState.REJECTED
        assert [outcome.state for outcome in outcomes] == [accepted, accepted, rejected, accepted, accepted]
        assert "ACCESS_REFUSED" in outcomes[2].reason
        arrived: list[bytes] = []
        while b"4" not in arrived:  # those before the bad one can come twice, since they were sent twice
            arrived.append(inbox.take().body)
        assert set(arrived) == {b"0", b"1", b"3", b"4"}
        send(transport, message(Queue(name), b"<next/>"))
        assert transport.status.connects == 1

    def test_a_message_that_a_full_queue_does_not_take_may_be_sent_again(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        rabbitmq.execute(
            "rabbitmqctl", "-q", "set_policy", name, f"^{name}$", '{"max-length":1}', "--apply-to", "queues"
        )
        transport, inbox = start(), Inbox()

        states = [transport.publish([message(Queue(name), b"%d" % n)])[0].state for n in range(4)]

        assert states[0] is PublishState.ACCEPTED
        assert states[-1] is PublishState.UNKNOWN
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        transport.settle([inbox.take()])
        assert eventually(lambda: transport.publish([message(Queue(name))])[0].state is PublishState.ACCEPTED)

    def test_a_broker_that_blocks_publishing_makes_the_outcome_unknown_and_says_why(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        log = StatusLog()
        transport = start(log, blocked_connection_timeout_s=2.0)
        send(transport, message(Queue(name)))
        rabbitmq.execute("rabbitmqctl", "-q", "set_disk_free_limit", "900GB")
        try:
            (in_time,) = transport.publish([message(Queue(name))], 1)
            down = log.wait_for(lambda status: status.state is LinkState.DOWN)
        finally:
            rabbitmq.execute("rabbitmqctl", "-q", "set_disk_free_limit", "50MB")

        assert in_time.state is PublishState.UNKNOWN
        assert "low on disk" in in_time.reason
        assert "low on disk" in down.reason
        assert eventually(lambda: transport.publish([message(Queue(name))])[0].state is PublishState.ACCEPTED)

    def test_a_peer_sees_the_properties_that_the_mapping_promises(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        outgoing = message(
            Queue(name),
            b"<x/>",
            correlation_id="c-1",
            reply_to=ReplyTo("dms1.replies"),
            kind="create.DERGroups",
            source="dms1",
            properties={"CIM_Verb": "create"},
            time_to_live_s=60.0,
            order_key="group-1",
        )
        before = int(time.time())

        send(start(single_active_consumer=False), outgoing)  # which would not let the peer look into the queue

        with pika_channel(rabbitmq) as channel:
            _, seen, body = channel.basic_get(name, auto_ack=True)
        assert body == b"<x/>"
        assert (seen.content_type, seen.content_encoding) == ("application/xml", "utf-8")
        assert (seen.message_id, seen.correlation_id, seen.reply_to) == (outgoing.message_id, "c-1", "dms1.replies")
        assert (seen.type, seen.app_id, seen.delivery_mode) == ("create.DERGroups", "dms1", 2)
        assert seen.expiration == "60000"
        assert before <= seen.timestamp <= time.time()
        headers = {"CIM_Verb": "create", "JMSType": "TextMessage", "JMSXGroupID": "group-1"}
        assert headers.items() <= seen.headers.items()


@pytest.mark.broker("rabbitmq")
class TestReceiving:
    def test_headers_of_every_amqp_type_arrive_as_text(self, rabbitmq: Broker, start: Start, name: str) -> None:
        transport, inbox = start(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        headers = {"n": 5, "big": 2**40, "yes": True, "none": None, "raw": b"\xffab", "list": ["a", 1], "text": "ö"}

        with pika_channel(rabbitmq) as channel:
            channel.basic_publish("", name, b"x", pika.BasicProperties(headers=headers))

        assert inbox.take().properties == {
            "n": "5",
            "big": str(2**40),
            "yes": "true",
            "none": "",
            "raw": "\ufffdab",
            "list": "['a', 1]",
            "text": "ö",
        }

    def test_what_is_no_text_does_not_cost_the_connection(self, rabbitmq: Broker, start: Start, name: str) -> None:
        transport, inbox = start(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        broken: Any = {"correlation_id": b"c\xff", "reply_to": b"r\xff", "type": b"t\xff", "headers": {"h": b"\xff"}}

        with pika_channel(rabbitmq) as channel:
            channel.basic_publish("", name, b"\xff\x00", pika.BasicProperties(**broken))

        delivery = inbox.take()
        assert delivery.body == b"\xff\x00"
        assert delivery.correlation_id == "c\ufffd"
        assert delivery.reply_to == ReplyTo("r\ufffd")
        assert delivery.properties == {"h": "\ufffd", "type": "t\ufffd"}
        assert transport.status.connects == 1

    def test_settling_twice_costs_nothing(self, start: Start, name: str) -> None:
        transport, inbox = start(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        send(transport, message(Queue(name), b"<1/>"))
        delivery = inbox.take()

        transport.settle([delivery, delivery])
        transport.settle([delivery])

        send(transport, message(Queue(name), b"<2/>"))
        assert inbox.take().body == b"<2/>"
        assert transport.status.connects == 1

    def test_a_consumer_that_the_broker_cancels_is_there_again(self, rabbitmq: Broker, start: Start, name: str) -> None:
        log, inbox = StatusLog(), Inbox()
        transport = start(log)
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        with pika_channel(rabbitmq) as channel:
            channel.queue_delete(name)
        down = log.wait_for(lambda status: status.state is LinkState.DOWN)
        log.wait_for(lambda status: status.connects == 2)

        assert name in down.reason
        send(transport, message(Queue(name), b"<x/>"))
        assert inbox.take().body == b"<x/>"

    def test_a_message_nobody_can_settle_ends_in_the_dead_letter_queue(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        send(start(delivery_limit=2), message(Queue(name), name.encode()))
        for _ in range(3):
            inbox = Inbox()
            victim = start(delivery_limit=2)
            victim.subscribe(Subscription(destination=Queue(name)), inbox)
            inbox.take()
            victim.stop()

        with pika_channel(rabbitmq) as channel:
            found: list[Any] = []

            def dead() -> bool:
                _, properties, body = channel.basic_get("cim.dlq", auto_ack=True)
                if body == name.encode():
                    found.append(properties.headers["x-death"][0])
                return bool(found)

            assert eventually(dead)
        assert (found[0]["queue"], found[0]["reason"]) == (name, "delivery_limit")


@pytest.mark.broker("rabbitmq")
class TestTopology:
    def test_a_queue_is_a_quorum_queue_with_one_active_consumer(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        start().subscribe(Subscription(destination=Queue(name)), Inbox())

        row = queue_arguments(rabbitmq, name)

        assert "quorum\ttrue" in row
        for argument in ('"x-delivery-limit",20', '"x-single-active-consumer",true', '"cim.dlx"', '"at-least-once"'):
            assert argument in row

    def test_a_queue_can_be_reached_by_the_request_exchange(self, rabbitmq: Broker, start: Start, name: str) -> None:
        inbox = Inbox()
        start().subscribe(Subscription(destination=Queue(name)), inbox)

        with pika_channel(rabbitmq) as channel:
            channel.basic_publish("cim.req", name, b"<x/>")

        assert inbox.take().body == b"<x/>"

    def test_a_queue_that_exists_with_other_properties_is_used_and_told_once(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        with pika_channel(rabbitmq) as channel:
            channel.queue_declare(name, durable=True)
        inbox = Inbox()

        with capture_logs() as logs:
            transport = start()
            transport.subscribe(Subscription(destination=Queue(name)), inbox)
            send(transport, message(Queue(name), b"<x/>"))
            assert inbox.take().body == b"<x/>"

        warnings = [entry for entry in logs if entry["log_level"] == "warning"]
        assert [(entry["what"], "PRECONDITION_FAILED" in entry["broker_says"]) for entry in warnings] == [
            (f"queue {name}", True)
        ]

    def test_without_quorum_queues_are_classic(self, rabbitmq: Broker, start: Start, name: str) -> None:
        start(quorum=False).subscribe(Subscription(destination=Queue(name)), Inbox())

        assert "classic\ttrue" in queue_arguments(rabbitmq, name)

    def test_who_may_configure_nothing_uses_what_the_administrator_made(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        start().subscribe(Subscription(destination=Queue(name)), Inbox())
        user = f"app-{name}"
        rabbitmq.execute("rabbitmqctl", "-q", "add_user", user, "secret")
        rabbitmq.execute("rabbitmqctl", "-q", "set_permissions", user, "^$", ".*", ".*")
        inbox = Inbox()

        transport = start(user=user, password="secret")
        transport.subscribe(Subscription(destination=Queue(f"{name}")), inbox)
        outcomes = transport.publish([message(Queue(name)), message(Queue(f"{name}.none")), message(Topic(name))])

        assert [each.state for each in outcomes] == [
            PublishState.ACCEPTED,
            PublishState.REJECTED,
            PublishState.ACCEPTED,
        ]

    def test_a_subscription_that_the_broker_refuses_is_refused_here_and_concerns_no_other(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        start().subscribe(Subscription(destination=Queue(f"{name}.secret")), Inbox())
        user = f"deaf-{name}"
        rabbitmq.execute("rabbitmqctl", "-q", "add_user", user, "secret")
        rabbitmq.execute("rabbitmqctl", "-q", "set_permissions", user, f"{name}$", ".*", f"cim.dlx|{name}$")
        transport, inbox = start(user=user, password="secret"), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        with pytest.raises(ConnectFailed, match="ACCESS_REFUSED"):
            transport.subscribe(Subscription(destination=Queue(f"{name}.secret")), Inbox())

        send(transport, message(Queue(name), b"<x/>"))
        assert inbox.take().body == b"<x/>"
        assert transport.status.connects == 1


@pytest.mark.broker("rabbitmq")
class TestPeersOnStomp:
    def test_a_stomp_subscriber_hears_our_events(self, rabbitmq: Broker, start: Start, name: str) -> None:
        transport = start()
        with RawStomp(rabbitmq) as peer:
            peer.subscribe(f"/topic/{name}.#")

            send(transport, message(Topic(f"{name}.created.DERGroups"), b"<event/>"))

            assert peer.receive().body == b"<event/>"

    def test_we_hear_the_events_of_a_stomp_publisher_once_and_our_own_once(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        transport, inbox = start(), Inbox()
        transport.subscribe(Subscription(destination=Topic(f"{name}.>")), inbox)
        with RawStomp(rabbitmq) as peer:
            peer.send("SEND", {"destination": f"/topic/{name}.created"}, b"<theirs/>")
            assert inbox.take().body == b"<theirs/>"

        send(transport, message(Topic(f"{name}.created"), b"<ours/>"))

        assert inbox.take().body == b"<ours/>"
        assert inbox.stays_empty()

    @pytest.mark.parametrize("reply_to", ["/temp-queue/answers", "/queue/{}.answers"])
    def test_a_stomp_requester_gets_its_reply(self, rabbitmq: Broker, start: Start, name: str, reply_to: str) -> None:
        transport, inbox = start(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        reply_to = reply_to.format(name)
        with RawStomp(rabbitmq) as peer:
            if reply_to.startswith("/queue/"):
                peer.subscribe(reply_to)
            headers = {"destination": f"/amq/queue/{name}", "reply-to": reply_to, "correlation-id": "c:1"}
            peer.send("SEND", headers, "<frage>Größe</frage>".encode())
            request = inbox.take()
            assert request.body == "<frage>Größe</frage>".encode()
            assert request.reply_to is not None

            send(transport, message(request.reply_to, b"<answer/>", correlation_id=request.correlation_id))

            answer = peer.receive()
            assert (answer.command, answer.body) == ("MESSAGE", b"<answer/>")
            assert answer.headers["correlation-id"] == "c:1"

    def test_a_stomp_responder_can_answer_us(self, rabbitmq: Broker, start: Start, name: str) -> None:
        transport, replies = start(), Inbox()
        transport.subscribe(Subscription(destination=Queue(f"{name}.unused")), Inbox())
        reply_to = transport.open_reply_queue(replies)
        send(transport, message(Queue(name), b"<ask/>", reply_to=reply_to, correlation_id="c1"))
        with RawStomp(rabbitmq) as peer:
            peer.subscribe(f"/amq/queue/{name}")
            request = peer.receive()

            peer.send("SEND", {"destination": request.headers["reply-to"], "correlation-id": "c1"}, b"<answer/>")

            answer = replies.take()
            assert (answer.body, answer.correlation_id) == (b"<answer/>", "c1")

    def test_a_requester_with_direct_reply_to_gets_its_reply(self, rabbitmq: Broker, start: Start, name: str) -> None:
        transport, inbox = start(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        with pika_channel(rabbitmq) as channel:
            answers: list[bytes] = []
            channel.basic_consume("amq.rabbitmq.reply-to", lambda *delivery: answers.append(delivery[3]), auto_ack=True)
            channel.basic_publish("", name, b"<ask/>", pika.BasicProperties(reply_to="amq.rabbitmq.reply-to"))
            request = inbox.take()
            assert request.reply_to is not None

            send(transport, message(request.reply_to, b"<answer/>"))

            channel.connection.process_data_events(PATIENCE_S)
        assert answers == [b"<answer/>"]


@pytest.mark.broker("rabbitmq")
@pytest.mark.skipif(not Authority.can_be_made(), reason="needs the openssl command to make certificates")
class TestTls:
    @pytest.fixture
    def endpoint(self, rabbitmq: Broker) -> tuple[str, int]:
        return HOST, rabbitmq.port("amqp")

    def test_messages_go_to_a_broker_that_we_trust_and_that_knows_us(
        self, endpoint: tuple[str, int], start: Start, name: str, tmp_path: Path
    ) -> None:
        authority = Authority(tmp_path, "ours")
        ours = authority.issue("derms1")
        tls = TlsSettings(ca_file=authority.ca_file, cert_file=ours.cert_file, key_file=ours.key_file)
        with TlsFront(endpoint, authority.issue("localhost"), client_ca=authority.ca_file) as front:
            transport, inbox = start(host="localhost", port=front.port, tls=tls), Inbox()
            transport.subscribe(Subscription(destination=Queue(name)), inbox)

            send(transport, message(Queue(name), b"x" * 500_000))

            assert inbox.take().body == b"x" * 500_000
            transport.stop()

    @pytest.mark.parametrize(("authority", "host"), [("theirs", "localhost"), ("ours", "other.example")])
    def test_a_broker_that_cannot_prove_itself_is_refused(
        self, endpoint: tuple[str, int], tmp_path: Path, authority: str, host: str
    ) -> None:
        authorities = {each: Authority(tmp_path, each) for each in ("ours", "theirs")}
        log = StatusLog()
        with TlsFront(endpoint, authorities[authority].issue(host)) as front:
            tls = TlsSettings(ca_file=authorities["ours"].ca_file)
            transport = AmqpTransport(AmqpSettings(host="localhost", port=front.port, tls=tls))
            transport.start(log)
            down = log.wait_for(lambda status: status.state is LinkState.DOWN)
            transport.stop()

        assert f"amqps://localhost:{front.port}" in down.reason
        assert "certificate" in down.reason


@pytest.mark.broker("rabbitmq")
class TestRestartOfTheBroker:
    def test_after_a_restart_of_the_broker_nothing_confirmed_is_missing_and_all_is_as_before(
        self, rabbitmq: Broker, start: Start, name: str
    ) -> None:
        log, inbox, events, replies = StatusLog(), Inbox(), Inbox(), Inbox()
        transport = start(log)
        reply_to = transport.open_reply_queue(replies)
        transport.subscribe(Subscription(destination=Topic(f"{name}.>")), events)
        send(transport, *(message(Queue(name), b"%d" % number) for number in range(50)))
        rabbitmq.stop()
        log.wait_for(lambda status: status.state is LinkState.DOWN)
        assert transport.publish([message(Queue(name))], 1)[0].state is PublishState.UNKNOWN
        rabbitmq.start()
        log.wait_for(lambda status: status.state is LinkState.UP and status.connects == 2, 60)

        transport.subscribe(Subscription(destination=Queue(name), prefetch=50), inbox)
        assert [int(inbox.take().body) for _ in range(50)] == list(range(50))
        assert inbox.stays_empty()
        send(transport, message(reply_to, b"<reply/>"), message(Topic(f"{name}.created"), b"<event/>"))
        assert replies.take().body == b"<reply/>"
        assert events.take().body == b"<event/>"
