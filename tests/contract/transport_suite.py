"""What every transport does: one suite, inherited for each transport and each broker.

A subclass gives the fixture ``build`` (makes a `Transport`, not yet started) and, for a transport with a network, the
fixture ``endpoint`` (where the broker listens), and says with its class attributes what its broker cannot do.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol
from uuid import uuid4

import pytest

from dermsbus.errors import ConnectFailed
from dermsbus.transports.base import (
    Delivery,
    Destination,
    LinkState,
    LinkStatus,
    Outgoing,
    PublishState,
    Queue,
    ReplyTo,
    Subscription,
    Topic,
    Transport,
)
from tests.contract.tcp_proxy import TcpProxy

PATIENCE_S = 20.0
"""For what must happen; a broker in a container on a busy machine takes its time."""

QUIET_S = 0.4
"""For what must not happen."""


class Line(Protocol):
    """The way to the broker, which can be interrupted."""

    def cut(self) -> None:
        """Break every connection and let no new one through."""

    def mend(self) -> None:
        """Let everything through again."""


class Build(Protocol):
    """Makes a transport that is not started."""

    def __call__(
        self, *, through: Line | None = None, client_id: str | None = None, passcode: str | None = None
    ) -> Transport:
        """A transport to the broker of the test.

        Args:
            through: reach the broker by this line, None = directly.
            client_id: for durable subscriptions.
            passcode: instead of the right one.
        """
        ...


class Inbox:
    """A receiver that keeps what it gets until a test asks for it."""

    def __init__(self) -> None:
        self._deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()

    def __call__(self, delivery: Delivery) -> None:
        self._deliveries.put(delivery)

    def take(self, timeout_s: float = PATIENCE_S) -> Delivery:
        """The next delivery."""
        try:
            return self._deliveries.get(timeout=timeout_s)
        except queue.Empty:
            pytest.fail(f"nothing arrived within {timeout_s:g} s")

    def stays_empty(self, for_s: float = QUIET_S) -> bool:
        """True if nothing arrives."""
        try:
            self._deliveries.get(timeout=for_s)
        except queue.Empty:
            return True
        return False


class StatusLog:
    """A status listener with a memory."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.seen: list[LinkStatus] = []

    def __call__(self, status: LinkStatus) -> None:
        with self._changed:
            self.seen.append(status)
            self._changed.notify_all()

    def wait_for(self, wanted: Callable[[LinkStatus], bool], timeout_s: float = PATIENCE_S) -> LinkStatus:
        """The first status that is *wanted*, seen already or yet to come."""

        def found() -> LinkStatus | None:
            return next((status for status in self.seen if wanted(status)), None)

        with self._changed:
            status = self._changed.wait_for(found, timeout_s)
            assert status is not None, f"not seen within {timeout_s:g} s among {self.seen}"
            return status

    def wait_for_state(self, state: LinkState, connects: int) -> None:
        """Wait until *state* was seen after that many connects."""
        self.wait_for(lambda status: status.state is state and status.connects == connects)


def message(destination: Destination, body: bytes = b"<x/>", **fields: object) -> Outgoing:
    """An outgoing message with a MessageID of its own."""
    return Outgoing(destination=destination, body=body, message_id=str(uuid4()), **fields)  # type: ignore[arg-type]


def send(transport: Transport, *messages: Outgoing) -> None:
    """Publish and insist that the broker has it."""
    outcomes = transport.publish(messages, PATIENCE_S)
    assert {outcome.state for outcome in outcomes} == {PublishState.ACCEPTED}, outcomes


def eventually(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
    """True once *condition* holds; for what offers no event to wait for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class TransportContract:
    """The behaviour suite."""

    durable_topics: ClassVar[bool] = True
    """The broker keeps messages for a durable subscriber of a topic."""

    durable_patterns: ClassVar[bool] = True
    """Such a subscriber may ask for a pattern."""

    reply_spellings: ClassVar[tuple[str, ...]] = ("/queue/{}", "queue://{}", "{}")
    """Spellings of a reply destination that lead to the queue of that name."""

    address_hint: ClassVar[str] = "127.0.0.1"
    """Part of the address that reasons name."""

    @pytest.fixture
    def build(self) -> Build:
        """Given by the subclass."""
        raise NotImplementedError

    @pytest.fixture
    def line(self) -> Iterator[Line]:
        """Given by the subclass."""
        raise NotImplementedError

    @pytest.fixture
    def restart_broker(self) -> Callable[[], None]:
        """Stops the broker and starts it again at the same place; given by a subclass that can."""
        pytest.skip("this broker cannot be restarted by a test")

    @pytest.fixture
    def make_transport(self, build: Build) -> Iterator[Build]:
        """As ``build``; whatever it made is stopped after the test."""
        made: list[Transport] = []

        def make(
            *, through: Line | None = None, client_id: str | None = None, passcode: str | None = None
        ) -> Transport:
            made.append(build(through=through, client_id=client_id, passcode=passcode))
            return made[-1]

        yield make
        for transport in made:
            transport.stop()

    @pytest.fixture
    def connect(self, make_transport: Build) -> Callable[..., Transport]:
        """A transport that is up."""

        def connected(through: Line | None = None, client_id: str | None = None) -> Transport:
            transport = make_transport(through=through, client_id=client_id)
            transport.start()
            transport.wait_until_up(PATIENCE_S)
            return transport

        return connected

    @pytest.fixture
    def name(self) -> str:
        """A destination that no other test uses."""
        return f"cim.test.req.{uuid4().hex}"

    def test_a_message_to_a_queue_reaches_exactly_one_consumer(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        sender, both = connect(), Inbox()
        for _ in range(2):
            connect().subscribe(Subscription(destination=Queue(name), prefetch=4), both)

        send(sender, *(message(Queue(name), b"%d" % number) for number in range(6)))

        assert sorted(int(both.take().body) for _ in range(6)) == list(range(6))
        assert both.stays_empty()

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("<v>Grüße, Łódź, 東京, 🔋, \r\n\ttab</v>".encode(), id="non-ASCII"),
            pytest.param(b"<v>" + bytes(range(0x20, 0x7F)) * 11_000 + b"</v>", id="1 MB"),
            pytest.param(b"<v/>\n\n\n", id="line feeds at the end"),
        ],
    )
    def test_a_body_arrives_byte_for_byte(self, connect: Callable[..., Transport], name: str, body: bytes) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        send(transport, message(Queue(name), body))

        delivery = inbox.take()
        assert delivery.body == body
        assert delivery.destination == Queue(name)
        assert delivery.address

    def test_properties_correlation_id_type_and_reply_to_arrive(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        transport, inbox, replies = connect(), Inbox(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        properties = {"CIM_Verb": "create", "CIM_Noun": "DERGroups", "CIMP_note": "a:b\\c\nd é"}

        send(
            transport,
            message(
                Queue(name),
                correlation_id="urn:uuid:1:2",
                kind="create.DERGroups",
                source="dms:1",
                order_key="group 1",
                properties=properties,
                reply_to=transport.open_reply_queue(replies),
            ),
        )

        delivery = inbox.take()
        assert properties.items() <= delivery.properties.items()
        assert delivery.properties["type"] == "create.DERGroups"
        assert delivery.correlation_id == "urn:uuid:1:2"
        assert delivery.reply_to is not None
        assert not delivery.redelivered

    def test_what_was_not_sent_is_none(self, connect: Callable[..., Transport], name: str) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        send(transport, message(Queue(name)))

        delivery = inbox.take()
        assert delivery.reply_to is None
        assert delivery.correlation_id is None

    def test_an_unsettled_message_is_delivered_again_and_marked_so(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        first, first_inbox, second_inbox = connect(), Inbox(), Inbox()
        first.subscribe(Subscription(destination=Queue(name)), first_inbox)
        send(first, message(Queue(name), b"<once/>"))
        first_inbox.take()
        first.stop()

        connect().subscribe(Subscription(destination=Queue(name)), second_inbox)

        again = second_inbox.take()
        assert again.body == b"<once/>"
        assert again.redelivered

    def test_a_settled_message_is_not_delivered_again(self, connect: Callable[..., Transport], name: str) -> None:
        first, second, first_inbox, second_inbox = connect(), connect(), Inbox(), Inbox()
        first.subscribe(Subscription(destination=Queue(name)), first_inbox)
        send(first, message(Queue(name), b"<1/>"), message(Queue(name), b"<2/>"), message(Queue(name), b"<3/>"))
        first.settle([first_inbox.take(), first_inbox.take()])
        first_inbox.take()
        first.stop()

        second.subscribe(Subscription(destination=Queue(name)), second_inbox)

        assert second_inbox.take().body == b"<3/>"
        assert second_inbox.stays_empty()

    def test_each_delivery_is_settled_by_itself(self, connect: Callable[..., Transport], name: str) -> None:
        first, second, first_inbox, second_inbox = connect(), connect(), Inbox(), Inbox()
        first.subscribe(Subscription(destination=Queue(name)), first_inbox)
        send(first, message(Queue(name), b"<1/>"), message(Queue(name), b"<2/>"))
        first_inbox.take()
        first.settle([first_inbox.take()])
        first.stop()

        second.subscribe(Subscription(destination=Queue(name)), second_inbox)

        assert second_inbox.take().body == b"<1/>"
        assert second_inbox.stays_empty()

    def test_no_more_than_the_prefetch_is_in_hand(self, connect: Callable[..., Transport], name: str) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name), prefetch=1), inbox)
        send(transport, *(message(Queue(name), b"<n>%d</n>" % number) for number in range(3)))

        first = inbox.take()
        assert inbox.stays_empty()
        transport.settle([first])

        assert inbox.take().body == b"<n>1</n>"
        assert inbox.stays_empty()

    def test_a_topic_reaches_every_subscriber(self, connect: Callable[..., Transport], name: str) -> None:
        sender, inboxes = connect(), [Inbox(), Inbox()]
        for inbox in inboxes:
            connect().subscribe(Subscription(destination=Topic(name)), inbox)

        send(sender, message(Topic(name), b"<event/>"))

        assert [inbox.take().body for inbox in inboxes] == [b"<event/>"] * 2

    @pytest.mark.parametrize(
        ("pattern", "reached"),
        [
            ("{}.created.DERGroups", ["created.DERGroups"]),
            ("{}.*.DERGroups", ["created.DERGroups", "deleted.DERGroups"]),
            ("{}.created.*", ["created.DERGroups", "created.DERGroupStatuses"]),
            ("{}.>", ["created.DERGroups", "created.DERGroupStatuses", "deleted.DERGroups", "deleted.A.B"]),
        ],
    )
    def test_a_pattern_brings_the_topics_it_means_and_no_others(
        self, connect: Callable[..., Transport], name: str, pattern: str, reached: list[str]
    ) -> None:
        transport, inbox = connect(), Inbox()
        wanted = Topic(pattern.format(name))
        transport.subscribe(Subscription(destination=wanted), inbox)
        topics = ["created.DERGroups", "created.DERGroupStatuses", "deleted.DERGroups", "deleted.A.B"]

        send(transport, *(message(Topic(f"{name}.{topic}"), topic.encode()) for topic in topics))

        deliveries = [inbox.take() for _ in reached]
        assert [delivery.body.decode() for delivery in deliveries] == reached
        assert {delivery.destination for delivery in deliveries} == {wanted}
        assert inbox.stays_empty()

    @pytest.mark.parametrize("pattern", ["{}.created.DERGroups", "{}.>"])
    def test_a_durable_subscriber_gets_what_was_sent_while_it_was_away(
        self, connect: Callable[..., Transport], name: str, pattern: str
    ) -> None:
        if not self.durable_topics or (pattern.endswith(">") and not self.durable_patterns):
            pytest.skip("this broker keeps nothing for such a subscriber")
        wanted = Subscription(destination=Topic(pattern.format(name)), durable_name=f"events-{name}")
        client_id, before, after = f"client-{name}", Inbox(), Inbox()
        sender, here = connect(), connect(client_id=client_id)
        here.subscribe(wanted, before)
        send(sender, message(Topic(f"{name}.created.DERGroups"), b"<1/>"))
        here.settle([before.take()])
        here.stop()
        send(sender, message(Topic(f"{name}.created.DERGroups"), b"<2/>"))

        connect(client_id=client_id).subscribe(wanted, after)

        assert after.take().body == b"<2/>"
        assert after.stays_empty()

    def test_a_request_gets_its_reply(self, connect: Callable[..., Transport], name: str) -> None:
        requester, responder, requests, replies = connect(), connect(), Inbox(), Inbox()
        responder.subscribe(Subscription(destination=Queue(name)), requests)
        reply_to = requester.open_reply_queue(replies)

        for number in range(3):
            send(requester, message(Queue(name), b"<ask/>", correlation_id=f"c{number}", reply_to=reply_to))
            request = requests.take()
            assert request.reply_to is not None
            send(responder, message(request.reply_to, b"<answer/>", correlation_id=request.correlation_id))
            responder.settle([request])

            reply = replies.take()
            assert (reply.body, reply.correlation_id) == (b"<answer/>", f"c{number}")
        assert replies.stays_empty()

    def test_two_reply_queues_are_kept_apart(self, connect: Callable[..., Transport], name: str) -> None:
        requester, responder, requests, replies = connect(), connect(), Inbox(), [Inbox(), Inbox()]
        responder.subscribe(Subscription(destination=Queue(name)), requests)
        addresses = [requester.open_reply_queue(inbox) for inbox in replies]

        for address in addresses:
            send(requester, message(Queue(name), reply_to=address))
        for body in (b"<1/>", b"<2/>"):
            request = requests.take()
            assert request.reply_to is not None
            send(responder, message(request.reply_to, body))

        assert [inbox.take().body for inbox in replies] == [b"<1/>", b"<2/>"]

    def test_a_reply_to_any_known_spelling_reaches_the_queue(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        for spelling in self.reply_spellings:
            send(transport, message(ReplyTo(spelling.format(name)), spelling.encode()))

        assert [inbox.take().body.decode() for _ in self.reply_spellings] == list(self.reply_spellings)

    def test_a_reply_to_a_requester_that_left_has_an_outcome(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        requester, responder, requests = connect(), connect(), Inbox()
        responder.subscribe(Subscription(destination=Queue(name)), requests)
        send(requester, message(Queue(name), reply_to=requester.open_reply_queue(Inbox())))
        request = requests.take()
        assert request.reply_to is not None
        requester.stop()

        began = time.monotonic()
        (outcome,) = responder.publish([message(request.reply_to)], PATIENCE_S)

        assert outcome.state in {PublishState.REJECTED, PublishState.ACCEPTED}
        assert time.monotonic() - began < PATIENCE_S / 2
        assert "\n" not in outcome.reason
        send(responder, message(Queue(name), b"<next/>"))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "/queue/",
            "/queue/a,/queue/payroll",
            "/queue/a\ndestination:/queue/payroll",
            "/queue/a\x00b",
            "/queue/>",
            "/topic/*",
            "queue://a?consumer.exclusive=true",
            "https://example.com/reply",
            "/exchange/amq.fanout/x",
            "reply to me, please",
            "/queue/" + "x" * 300,
        ],
    )
    def test_a_hostile_reply_destination_is_refused(
        self, connect: Callable[..., Transport], name: str, text: str
    ) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        (outcome,) = transport.publish([message(ReplyTo(text))], PATIENCE_S)

        assert outcome.state is PublishState.REJECTED
        assert outcome.reason
        send(transport, message(Queue(name), b"<next/>"))
        assert inbox.take().body == b"<next/>"
        assert transport.status.connects == 1

    def test_a_bad_message_does_not_hold_up_the_good_ones_around_it(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        outcomes = transport.publish(
            [
                message(Queue(name), b"<1/>"),
                message(ReplyTo("a,b")),
                message(Queue(name), properties={"no:name\n": "x"}),
                message(Queue(name), b"<2/>"),
            ],
            PATIENCE_S,
        )

        accepted, rejected = PublishState.ACCEPTED, PublishState.REJECTED
        assert [outcome.state for outcome in outcomes] == [accepted, rejected, rejected, accepted]
        assert [inbox.take().body for _ in range(2)] == [b"<1/>", b"<2/>"]

    def test_the_order_of_one_publisher_is_kept(self, connect: Callable[..., Transport], name: str) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name), prefetch=200), inbox)

        for start in range(0, 100, 10):
            send(transport, *(message(Queue(name), b"%d" % number) for number in range(start, start + 10)))

        assert [int(inbox.take().body) for _ in range(100)] == list(range(100))

    def test_many_pipelined_messages_are_all_confirmed(self, connect: Callable[..., Transport], name: str) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name), prefetch=500), inbox)

        outcomes = transport.publish([message(Queue(name), b"%d" % number) for number in range(500)], 60)

        assert [outcome.state for outcome in outcomes] == [PublishState.ACCEPTED] * 500
        deliveries = [inbox.take() for _ in range(500)]
        assert [int(delivery.body) for delivery in deliveries] == list(range(500))
        transport.settle(deliveries)

    def test_nothing_to_publish_has_no_outcomes(self, connect: Callable[..., Transport]) -> None:
        assert connect().publish([]) == ()

    def test_several_threads_may_publish_at_once(self, connect: Callable[..., Transport], name: str) -> None:
        transport, inbox = connect(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name), prefetch=100), inbox)
        outcomes: queue.SimpleQueue[PublishState] = queue.SimpleQueue()

        def publish() -> None:
            for _ in range(10):
                outcomes.put(transport.publish([message(Queue(name))], PATIENCE_S)[0].state)

        threads = [threading.Thread(target=publish) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)

        assert [outcomes.get(timeout=1) for _ in range(40)] == [PublishState.ACCEPTED] * 40
        for _ in range(40):
            inbox.take()

    def test_a_message_that_outlived_its_time_is_not_delivered(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        transport, inbox = connect(), Inbox()
        send(
            transport,
            message(Queue(name), b"<stale/>", time_to_live_s=0.3),
            message(Queue(name), b"<fresh/>", time_to_live_s=600),
        )
        time.sleep(1)  # only time lets a message expire

        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        assert inbox.take().body == b"<fresh/>"
        assert inbox.stays_empty()

    def test_a_receiver_that_fails_does_not_silence_the_others(
        self, connect: Callable[..., Transport], name: str
    ) -> None:
        transport, inbox = connect(), Inbox()

        def fail(_: Delivery) -> None:
            raise RuntimeError("a fault in the receiver")

        transport.subscribe(Subscription(destination=Queue(f"{name}.bad")), fail)
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        send(transport, message(Queue(f"{name}.bad")))

        def arrives() -> bool:
            outcomes = transport.publish([message(Queue(name))], PATIENCE_S)
            return outcomes[0].state is PublishState.ACCEPTED and not inbox.stays_empty(1)

        assert eventually(arrives)

    def test_before_the_start_nothing_is_known_of_a_message(self, make_transport: Build, name: str) -> None:
        transport = make_transport()

        (outcome,) = transport.publish([message(Queue(name))], 1)

        assert outcome.state is PublishState.UNKNOWN

    def test_a_subscription_made_before_the_start_is_served(self, make_transport: Build, name: str) -> None:
        transport, inbox = make_transport(), Inbox()
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        transport.start()
        transport.wait_until_up(PATIENCE_S)

        send(transport, message(Queue(name), b"<x/>"))

        assert inbox.take().body == b"<x/>"

    def test_without_a_connection_there_is_no_reply_queue(self, make_transport: Build) -> None:
        with pytest.raises(ConnectFailed):
            make_transport().open_reply_queue(Inbox())

    def test_when_the_line_is_cut_publishing_says_unknown_in_time(
        self, connect: Callable[..., Transport], line: Line, name: str
    ) -> None:
        transport = connect(through=line)
        line.cut()

        began = time.monotonic()
        outcomes = transport.publish([message(Queue(name)) for _ in range(3)], 2)

        assert [outcome.state for outcome in outcomes] == [PublishState.UNKNOWN] * 3
        assert time.monotonic() - began < 3

    def test_after_an_interruption_everything_is_as_before(
        self, connect: Callable[..., Transport], make_transport: Build, line: Line, name: str
    ) -> None:
        transport, requests, events, replies, log = make_transport(through=line), Inbox(), Inbox(), Inbox(), StatusLog()
        transport.start(log)
        transport.wait_until_up(PATIENCE_S)
        transport.subscribe(Subscription(destination=Queue(name)), requests)
        transport.subscribe(Subscription(destination=Topic(f"{name}.>")), events)
        reply_to = transport.open_reply_queue(replies)

        for connects in (1, 2):
            line.cut()
            log.wait_for_state(LinkState.DOWN, connects)
            line.mend()
            log.wait_for_state(LinkState.UP, connects + 1)

        other = connect()
        send(other, message(Topic(f"{name}.created"), b"<event/>"))
        assert events.take().body == b"<event/>"
        send(transport, message(Queue(name), b"<ask/>", reply_to=reply_to))
        request = requests.take()
        assert request.reply_to is not None
        send(transport, message(request.reply_to, b"<answer/>"))
        assert replies.take().body == b"<answer/>"
        transport.settle([request])

    def test_a_persistent_message_survives_a_restart_of_the_broker(
        self, make_transport: Build, restart_broker: Callable[[], None], name: str
    ) -> None:
        transport, inbox, log = make_transport(), Inbox(), StatusLog()
        transport.start(log)
        transport.wait_until_up(PATIENCE_S)
        send(transport, message(Queue(name), b"<kept/>"))

        restart_broker()
        log.wait_for(lambda status: status.state is LinkState.UP and status.connects > 1, 60)
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        assert inbox.take().body == b"<kept/>"

    def test_a_delivery_of_an_earlier_connection_is_passed_over_and_comes_again(
        self, make_transport: Build, line: Line, name: str
    ) -> None:
        transport, inbox, log = make_transport(through=line), Inbox(), StatusLog()
        transport.start(log)
        transport.wait_until_up(PATIENCE_S)
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        send(transport, message(Queue(name), b"<once/>"))
        stale = inbox.take()

        line.cut()
        log.wait_for(lambda status: status.state is LinkState.DOWN)
        line.mend()
        log.wait_for(lambda status: status.connects == 2)
        again = inbox.take()
        transport.settle([stale])

        assert again.redelivered
        assert again.body == b"<once/>"
        transport.settle([again])
        assert inbox.stays_empty()
        assert transport.status.connects == 2

    def test_the_status_tells_the_whole_story(self, make_transport: Build, line: Line) -> None:
        transport, log = make_transport(through=line), StatusLog()
        transport.start(log)
        up = log.wait_for(lambda status: status.state is LinkState.UP)
        line.cut()
        down = log.wait_for(lambda status: status.state is LinkState.DOWN)
        line.mend()
        log.wait_for(lambda status: status.state is LinkState.UP and status.connects == 2)
        transport.stop()

        states = [status.state for status in log.seen]
        assert states[:4] == [LinkState.CONNECTING, LinkState.UP, LinkState.DOWN, LinkState.CONNECTING]
        assert states[-2:] == [LinkState.UP, LinkState.STOPPED]
        assert up.broker
        assert up.connects == 1
        assert self.address_hint in down.reason
        assert transport.status.state is LinkState.STOPPED

    def test_a_wait_that_is_in_vain_names_the_address(self, make_transport: Build, line: Line) -> None:
        line.cut()
        transport = make_transport(through=line)
        transport.start()

        with pytest.raises(ConnectFailed, match=self.address_hint):
            transport.wait_until_up(0.5)

    def test_it_comes_up_by_itself_once_the_broker_is_there(self, make_transport: Build, line: Line, name: str) -> None:
        line.cut()
        transport, inbox, log = make_transport(through=line), Inbox(), StatusLog()
        transport.start(log)
        log.wait_for(lambda status: status.state is LinkState.DOWN)
        transport.subscribe(Subscription(destination=Queue(name)), inbox)
        line.mend()
        transport.wait_until_up(PATIENCE_S)

        send(transport, message(Queue(name), b"<x/>"))

        assert inbox.take().body == b"<x/>"

    def test_stop_ends_every_thread_and_may_be_called_again(self, make_transport: Build, name: str) -> None:
        before = set(threading.enumerate())
        transport = make_transport()
        transport.start()
        transport.wait_until_up(PATIENCE_S)
        transport.subscribe(Subscription(destination=Queue(name)), Inbox())
        transport.open_reply_queue(Inbox())

        transport.stop()
        transport.stop()

        assert eventually(lambda: not set(threading.enumerate()) - before, 5), threading.enumerate()
        assert transport.status.state is LinkState.STOPPED
        assert transport.publish([message(Queue(name))], 1)[0].state is PublishState.UNKNOWN

    def test_stop_is_prompt_while_nothing_can_be_reached(self, make_transport: Build, line: Line) -> None:
        line.cut()
        before = set(threading.enumerate())
        transport, log = make_transport(through=line), StatusLog()
        transport.start(log)
        log.wait_for(lambda status: status.state is LinkState.DOWN)

        began = time.monotonic()
        transport.stop()

        assert time.monotonic() - began < 2
        assert eventually(lambda: not set(threading.enumerate()) - before, 5), threading.enumerate()

    def test_stop_before_the_start_is_harmless(self, make_transport: Build) -> None:
        transport = make_transport()

        transport.stop()

        assert transport.status.state is LinkState.STOPPED


class NetworkTransportContract(TransportContract):
    """The suite for a transport with a network between it and its broker."""

    checks_passcode: ClassVar[bool] = True
    """The broker under test refuses a wrong password."""

    silence_s: ClassVar[float] = 15.0
    """Within this time a dead peer must be noticed."""

    @pytest.fixture
    def endpoint(self) -> tuple[str, int]:
        """Host and port of the broker; given by the subclass."""
        raise NotImplementedError

    @pytest.fixture
    def line(self, endpoint: tuple[str, int]) -> Iterator[TcpProxy]:
        """A proxy before the broker."""
        with TcpProxy(endpoint) as proxy:
            yield proxy

    def test_a_dead_line_is_noticed_though_nobody_hangs_up(
        self, make_transport: Build, line: TcpProxy, name: str
    ) -> None:
        transport, inbox, log = make_transport(through=line), Inbox(), StatusLog()
        transport.start(log)
        transport.wait_until_up(PATIENCE_S)
        transport.subscribe(Subscription(destination=Queue(name)), inbox)

        line.black_hole()
        log.wait_for(lambda status: status.state is LinkState.DOWN, self.silence_s)
        line.cut()
        line.mend()
        log.wait_for(lambda status: status.connects == 2)

        send(transport, message(Queue(name), b"<x/>"))
        assert inbox.take().body == b"<x/>"

    def test_publishing_into_a_dead_line_ends_at_the_deadline(
        self, connect: Callable[..., Transport], line: TcpProxy, name: str
    ) -> None:
        transport = connect(through=line)
        line.black_hole()

        began = time.monotonic()
        outcomes = transport.publish([message(Queue(name), b"x" * 200_000) for _ in range(100)], 1)

        assert {outcome.state for outcome in outcomes} == {PublishState.UNKNOWN}
        assert time.monotonic() - began < 3

    def test_a_connection_that_stays_idle_stays_up(self, connect: Callable[..., Transport], line: TcpProxy) -> None:
        transport = connect(through=line)

        time.sleep(min(self.silence_s, 5) + 1)  # only time shows that heart-beats flow both ways

        assert transport.status.state is LinkState.UP
        assert transport.status.connects == 1

    def test_a_wrong_password_is_told_and_tried_again(self, make_transport: Build) -> None:
        if not self.checks_passcode:
            pytest.skip("the broker under test lets everybody in")
        transport, log = make_transport(passcode="xyzzy-4711"), StatusLog()
        transport.start(log)

        with pytest.raises(ConnectFailed, match=self.address_hint):
            transport.wait_until_up(3)
        assert eventually(lambda: sum(status.state is LinkState.DOWN for status in log.seen) >= 2)
        assert all("xyzzy" not in status.reason for status in log.seen)

    def test_an_address_where_nobody_listens_is_named(self, make_transport: Build, line: TcpProxy) -> None:
        line.cut()
        transport = make_transport(through=line)
        transport.start()

        with pytest.raises(ConnectFailed, match=str(line.port)):
            transport.wait_until_up(0.5)
