"""All queues and topics of one broker: routing, durable subscriptions, redelivery, dead letters. No sockets.

Every call runs to its end on one thread. What must outlive the broker is noted in the journal; the caller takes it
after each call and has it written down together, so a call is kept whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog
from structlog.typing import FilteringBoundLogger

from dermsbus.broker.addresses import Address, Kind, TopicPattern, parse_subscribable, virtual_topic_of
from dermsbus.broker.dead_letters import dead_letter, is_dead_letter_queue
from dermsbus.broker.journal import Change, DurableForgotten, DurableKept, EntryKept, Journal, QueueKept, Snapshot
from dermsbus.broker.queues import Bound, Consumer, Entry, Message, Queue, Role, Subscription, message_of, size_of
from dermsbus.broker.refusals import Refused
from dermsbus.broker.requests import DurableName, SubscriptionRequest
from dermsbus.broker.selector import Selector, parse_selector
from dermsbus.broker.temporaries import Temporaries
from dermsbus.broker.topics import Binding, Topics

__all__ = ["Destinations"]

# ActiveMQ Classic's own defaults.
_DEFAULT_PREFETCH = {Role.QUEUE: 1000, Role.TEMPORARY: 1000, Role.DURABLE: 100, Role.LIVE: 32766}
_DROPS_PER_WARNING = 1000


class Destinations:
    """The state of one broker."""

    def __init__(
        self,
        *,
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
        topic_bound: Bound,
        max_stored_bytes: int,
        redelivery_limit: int,
        keeps: bool,
    ) -> None:
        """An empty state.

        Args:
            now_ms: the clock, epoch milliseconds.
            new_id: gives a text never given before, that nobody can guess, for temporary queues.
            topic_bound: the most that waits for one topic subscriber; beyond, the oldest are dropped.
            max_stored_bytes: the most that all queues and durable subscriptions hold.
            redelivery_limit: how often a message is delivered again after a NACK.
            keeps: whether changes are noted.
        """
        self.now_ms = now_ms
        self._topic_bound = topic_bound
        self._max_stored_bytes = max_stored_bytes
        self._redelivery_limit = redelivery_limit
        self._log: FilteringBoundLogger = structlog.get_logger()
        self._journal = Journal(keeps=keeps)
        self._topics = Topics()
        self._temporaries = Temporaries(new_id)
        self._queues: dict[Address, Queue] = {}
        self._durables: dict[DurableName, tuple[DurableKept, Queue]] = {}
        self._dropped: dict[Queue, int] = {}
        self._last_number = 0
        self._last_subscription = 0
        self._stored_bytes = 0

    # -- what outlives the broker ------------------------------------------------------------------------------------

    def take_changes(self) -> tuple[Change, ...]:
        """What has changed since the last call, in order; each change is handed out once."""
        return self._journal.take()

    def restore(self, snapshot: Snapshot) -> None:
        """Take over what an earlier broker kept; before anything else.

        Raises:
            Refused: something in it cannot be understood.
        """
        places: dict[str, Queue] = {}
        for known in snapshot.queues:
            places[known.place] = self._queue(parse_subscribable(known.place))
        # That they are there is known already.
        self._journal.take()
        for durable in snapshot.durables:
            selector = parse_selector(durable.selector) if durable.selector is not None else None
            places[durable.place] = self._open_durable(durable, selector)
        # Before the first entry: one that has expired gets a new number as a dead letter.
        self._last_number = max((kept.number for kept in snapshot.entries), default=0)
        for kept in snapshot.entries:
            queue = places.get(kept.place) or self._queue(parse_subscribable(kept.place))
            entry = _entry_of(kept)
            self._stored_bytes += entry.size
            queue.put(entry)

    # -- sending -----------------------------------------------------------------------------------------------------

    def check(self, messages: Iterable[Message]) -> None:
        """Return if `send` would take all of *messages* together.

        Raises:
            Refused: a temporary destination is gone, or there is no room.
        """
        size = 0
        for message in messages:
            size += size_of(message)
            self._temporaries.expect_reachable(message.destination)
        if size + self._stored_bytes > self._max_stored_bytes:
            raise Refused(
                f"the broker is full: {self._stored_bytes} of {self._max_stored_bytes} bytes are taken",
                "Consume what waits in the queues, or start the broker with a larger max_stored_bytes.",
            )

    def send(self, message: Message) -> None:
        """Route *message*, which `check` has let through, to its queue or to all who collect from its topic.

        Source: "STOMP on three brokers", rows "destinations" and "several consumers on one subscription", of the
        project's reference tables.
        """
        if message.destination.kind in {Kind.QUEUE, Kind.REMOTE_TEMP_QUEUE}:
            self._enter(self._queue(message.destination), message)
            return
        for queue in self._topics.collecting(message):
            self._enter(queue, message)

    # -- receiving ---------------------------------------------------------------------------------------------------

    def subscribe(self, consumer: Consumer, request: SubscriptionRequest) -> Subscription:
        """Add a consumer; deliveries may begin before this returns.

        Raises:
            Refused: another's temporary destination, or a durable subscription that is in use or of something else
                than a topic.
        """
        self._temporaries.expect_owner(request.address, consumer)
        queue = self._queue_for(request)
        self._last_subscription += 1
        subscription = Subscription(
            number=self._last_subscription,
            consumer=consumer,
            label=request.label,
            queue=queue,
            ack=request.ack,
            prefetch=request.prefetch or _DEFAULT_PREFETCH[queue.role],
            # What a topic's queue has collected has passed the selector already.
            selector=request.selector if queue.role in {Role.QUEUE, Role.TEMPORARY} else None,
        )
        queue.attach(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a consumer; what it has not settled is delivered to others, but dropped for a live topic."""
        queue = subscription.queue
        queue.detach(subscription)
        if queue.role is Role.LIVE:
            queue.clear()
            self._topics.unbind(queue)
            self._dropped.pop(queue, None)

    def forget_durable(self, durable: DurableName) -> None:
        """Delete a durable subscription with all that it has collected.

        Raises:
            Refused: there is none of this name, or it is in use.
        """
        if durable not in self._durables:
            raise Refused(
                f"no durable subscription {durable.name!r} of client-id {durable.client_id!r}",
                "Names are as in the SUBSCRIBE frame that made it, on a connection with the same client-id.",
            )
        kept, queue = self._durables[durable]
        _expect_unused(durable, queue)
        queue.clear()
        self._topics.unbind(queue)
        del self._durables[durable]
        self._journal.note(DurableForgotten(kept.place))

    def acknowledge(self, subscription: Subscription, tag: int) -> None:
        """Settle a delivery; in mode ``client`` with all before it."""
        subscription.queue.acknowledge(subscription, tag)

    def reject(self, subscription: Subscription, tag: int) -> None:
        """Give a delivery back; in mode ``client`` with all before it.

        It is delivered again, up to the limit; then it is dead-lettered, persistent or not. In a dead-letter queue
        there is no limit; from a temporary queue it is dropped.

        Source: house choice, ADR 10 (ActiveMQ Classic dead-letters at the first NACK, and
        drops what is not persistent).
        """
        queue = subscription.queue
        again: list[Entry] = []
        dead: list[Entry] = []
        for entry in queue.reject(subscription, tag):
            final = entry.rejections > self._redelivery_limit and not is_dead_letter_queue(queue)
            (dead if final else again).append(entry)
        for entry in dead:
            self._dead_letter(queue, entry, f"rejected {entry.rejections} times by NACK")
        queue.discard(dead)
        queue.give_back(again)

    def resume(self, subscriptions: Iterable[Subscription]) -> None:
        """Deliver to *subscriptions*, whose connection can take messages again."""
        for subscription in subscriptions:
            subscription.queue.pump()

    # -- connections -------------------------------------------------------------------------------------------------

    def temporary(self, owner: Consumer, local: Address) -> Address:
        """How others reach *owner*'s temporary queue or topic *local*, which exists from the first call on.

        Raises:
            Refused: *owner* has too many.
        """
        return self._temporaries.remote(owner, local)

    def leave(self, owner: Consumer, subscriptions: Iterable[Subscription]) -> None:
        """A connection is gone: its *subscriptions* end and its temporary destinations with all that they hold."""
        for subscription in subscriptions:
            self.unsubscribe(subscription)
        for address in self._temporaries.leave(owner):
            queue = self._queues.pop(address, None)
            if queue is not None:
                queue.clear()

    def tick(self) -> None:
        """Let expired messages go and forget queues that are empty and without consumers; call it now and then."""
        for queue in dict.fromkeys((*self._queues.values(), *self._topics)):
            queue.sweep()
        for address in [address for address, queue in self._queues.items() if queue.idle]:
            # A virtual topic goes on collecting in a queue that is empty.
            if self._queues[address] not in self._topics:
                del self._queues[address]

    # -- what queues report: see queues.Keeper -----------------------------------------------------------------------

    def gone(self, queue: Queue, entry: Entry) -> None:
        """*entry* has left *queue*."""
        if queue.role is not Role.LIVE:
            self._stored_bytes -= entry.size
        self._journal.gone(queue, entry)

    def counted(self, queue: Queue, entry: Entry) -> None:
        """The counters of *entry* have changed."""
        self._journal.counted(queue, entry)

    def expired(self, queue: Queue, entry: Entry) -> None:
        """*entry* was not delivered in time: dead-lettered if persistent, else dropped, as ActiveMQ Classic does."""
        if entry.message.persistent and queue.role in {Role.QUEUE, Role.DURABLE}:
            self._dead_letter(queue, entry, f"expired at {entry.message.expires_at_ms}")
        self.gone(queue, entry)

    def dropped(self, queue: Queue, entry: Entry) -> None:
        """*entry* was the oldest that waited for a topic subscriber who is too slow."""
        self.gone(queue, entry)
        before = self._dropped.get(queue, 0)
        self._dropped[queue] = before + 1
        if before % _DROPS_PER_WARNING == 0:
            self._log.warning(
                "topic subscriber too slow: oldest messages dropped",
                topic=str(entry.message.destination),
                subscription=[subscription.label for subscription in queue.consumers],
                dropped=before + 1,
            )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _enter(self, queue: Queue, message: Message) -> None:
        self._last_number += 1
        entry = Entry(number=self._last_number, message=message, size=size_of(message))
        if queue.role is not Role.LIVE:
            self._stored_bytes += entry.size
        self._journal.kept(queue, entry)
        queue.put(entry)

    def _queue(self, address: Address) -> Queue:
        """The queue *address*, made if need be."""
        queue = self._queues.get(address)
        if queue is not None:
            return queue
        role = Role.QUEUE if address.kind is Kind.QUEUE else Role.TEMPORARY
        queue = self._queues[address] = Queue(str(address), role, self)
        feeding = virtual_topic_of(address)
        if feeding is not None:
            self._topics.bind(queue, Binding(kind=Kind.TOPIC, pattern=TopicPattern(feeding)))
            self._journal.note(QueueKept(queue.place))
        return queue

    def _queue_for(self, request: SubscriptionRequest) -> Queue:
        address = request.address
        if request.durable is not None:
            if address.kind is not Kind.TOPIC:
                raise Refused("activemq.subscriptionName is for /topic/ destinations", "A queue keeps messages anyway.")
            return self._durable_queue(request.durable, address, request.selector)
        if address.kind in {Kind.QUEUE, Kind.REMOTE_TEMP_QUEUE}:
            return self._queue(address)
        queue = Queue(str(address), Role.LIVE, self, self._topic_bound)
        binding = Binding(kind=address.kind, pattern=TopicPattern(address.name), selector=request.selector)
        self._topics.bind(queue, binding)
        return queue

    def _durable_queue(self, durable: DurableName, topic: Address, selector: Selector | None) -> Queue:
        wanted = DurableKept(
            place=durable.place,
            client_id=durable.client_id,
            name=durable.name,
            topic=str(topic),
            selector=selector.text if selector is not None else None,
        )
        if durable in self._durables:
            known, queue = self._durables[durable]
            _expect_unused(durable, queue)
            if known == wanted:
                return queue
            # As JMS has it: another topic or selector makes it another subscription.
            self.forget_durable(durable)
        self._journal.note(wanted)
        return self._open_durable(wanted, selector)

    def _open_durable(self, kept: DurableKept, selector: Selector | None) -> Queue:
        queue = Queue(kept.place, Role.DURABLE, self)
        pattern = TopicPattern(parse_subscribable(kept.topic).name)
        self._topics.bind(queue, Binding(kind=Kind.TOPIC, pattern=pattern, selector=selector))
        self._durables[DurableName(client_id=kept.client_id, name=kept.name)] = (kept, queue)
        return queue

    def _dead_letter(self, queue: Queue, entry: Entry, cause: str) -> None:
        if queue.role is Role.TEMPORARY or is_dead_letter_queue(queue):
            return
        letter = dead_letter(entry.message, queue, cause)
        self._log.warning(
            "message dead-lettered",
            message_id=letter.message_id,
            origin=letter.headers["original-destination"],
            queue=str(letter.destination),
            cause=cause,
        )
        self._enter(self._queue(letter.destination), letter)


def _entry_of(kept: EntryKept) -> Entry:
    message = message_of(
        message_id=kept.message_id,
        destination=parse_subscribable(kept.destination),
        headers=kept.headers,
        body=kept.body,
    )
    return Entry(
        number=kept.number,
        message=message,
        size=size_of(message),
        deliveries=kept.deliveries,
        rejections=kept.rejections,
    )


def _expect_unused(durable: DurableName, queue: Queue) -> None:
    if queue.consumers:
        raise Refused(
            f"the durable subscription {durable.name!r} of client-id {durable.client_id!r} is in use",
            "Unsubscribe the active one first, or use another activemq.subscriptionName.",
        )
