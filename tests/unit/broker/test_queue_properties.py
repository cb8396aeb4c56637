"""Whatever consumers do, a queue delivers each message until it is settled once, oldest first."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dermsbus.broker.addresses import Address, Kind
from dermsbus.broker.queues import AckMode, Entry, Message, Queue, Role, Subscription
from dermsbus.broker.selector import parse_selector


class Peer:
    """A consumer that can be slow."""

    def __init__(self) -> None:
        self.keeps_up = True
        self.delivered: list[int] = []

    def ready(self) -> bool:
        return self.keeps_up

    def deliver(self, subscription: Subscription, entry: Entry, tag: int | None) -> None:
        self.delivered.append(entry.number)


class Ledger:
    """Keeps account of what left the queue."""

    def __init__(self) -> None:
        self.gone_for_good: list[int] = []

    def now_ms(self) -> int:
        return 0

    def gone(self, queue: Queue, entry: Entry) -> None:
        self.gone_for_good.append(entry.number)

    def counted(self, queue: Queue, entry: Entry) -> None:
        assert entry.deliveries > 0

    def expired(self, queue: Queue, entry: Entry) -> None:
        raise AssertionError("nothing expires here")

    dropped = expired


class QueueMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.queue = Queue("/queue/a", Role.QUEUE, self.ledger)
        self.put_in = 0
        self.subscriptions: list[Subscription] = []

    @rule(kind=st.sampled_from("xy"), group=st.sampled_from([None, None, "g"]))
    def put(self, kind: str, group: str | None) -> None:
        self.put_in += 1
        message = Message(
            message_id=str(self.put_in),
            destination=Address(Kind.QUEUE, "a"),
            headers={"kind": kind},
            body=b"",
            group=group,
        )
        self.queue.put(Entry(number=self.put_in, message=message, size=1))

    @rule(
        ack=st.sampled_from(AckMode),
        prefetch=st.integers(1, 3),
        selector=st.sampled_from([None, None, "kind = 'x'", "kind = 'y'"]),
    )
    def subscribe(self, ack: AckMode, prefetch: int, selector: str | None) -> None:
        if len(self.subscriptions) == 4:
            return
        subscription = Subscription(
            number=len(self.subscriptions),
            consumer=Peer(),
            label="s",
            queue=self.queue,
            ack=ack,
            prefetch=prefetch,
            selector=parse_selector(selector) if selector else None,
        )
        self.subscriptions.append(subscription)
        self.queue.attach(subscription)

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        if self.subscriptions:
            subscription = self.subscriptions.pop(data.draw(st.integers(0, len(self.subscriptions) - 1)))
            self.queue.detach(subscription)

    @rule(data=st.data(), keeps_up=st.booleans())
    def slow_down_or_catch_up(self, data: st.DataObject, keeps_up: bool) -> None:
        if self.subscriptions:
            peer = data.draw(st.sampled_from(self.subscriptions)).consumer
            assert isinstance(peer, Peer)
            peer.keeps_up = keeps_up
            if keeps_up:
                self.queue.pump()

    @rule(data=st.data(), what=st.sampled_from(["ack", "give back", "discard"]))
    def settle(self, data: st.DataObject, what: str) -> None:
        busy = [subscription for subscription in self.subscriptions if subscription.in_flight]
        if not busy:
            return
        subscription = data.draw(st.sampled_from(busy))
        tag = data.draw(st.sampled_from(list(subscription.in_flight)))
        if what == "ack":
            self.queue.acknowledge(subscription, tag)
            return
        entries = self.queue.reject(subscription, tag)
        if what == "give back":
            self.queue.give_back(entries)
        else:
            self.queue.discard(entries)
            self.queue.pump()

    @invariant()
    def every_message_is_in_one_place(self) -> None:
        in_flight = [entry.number for each in self.subscriptions for entry in each.in_flight.values()]
        everywhere = [*self.queue._waiting, *in_flight, *self.ledger.gone_for_good]

        assert sorted(everywhere) == list(range(1, self.put_in + 1))
        assert self.queue.held_bytes == self.put_in - len(self.ledger.gone_for_good)

    @invariant()
    def what_waits_is_in_order(self) -> None:
        assert list(self.queue._waiting) == sorted(self.queue._waiting)

    @invariant()
    def nobody_with_room_waits_for_what_is_there(self) -> None:
        for entry in self.queue._waiting.values():
            takers = list(self.queue._candidates(entry.message))
            assert not [each for each in takers if each.has_room() and each.wants(entry.message)]

    @invariant()
    def nobody_has_more_than_its_prefetch(self) -> None:
        assert all(len(subscription.in_flight) <= subscription.prefetch for subscription in self.subscriptions)


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnyUseOfAQueue = QueueMachine.TestCase
