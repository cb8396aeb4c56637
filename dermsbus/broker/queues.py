"""One queue and its consumers: order, prefetch, acknowledgement, redelivery. No sockets, no clock of its own.

A queue holds its messages by their number, so what is given back takes its old place. Between two calls this holds:
no consumer that has room is left waiting for a message that it wants.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from typing import Protocol

from dermsbus.broker.addresses import Address
from dermsbus.broker.refusals import Refused
from dermsbus.broker.selector import Selector

__all__ = ["AckMode", "Bound", "Consumer", "Entry", "Keeper", "Message", "Queue", "Role", "Subscription", "message_of"]

# What an entry costs beside its text, so that a flood of empty messages is bounded too.
_ENTRY_OVERHEAD_BYTES = 512
# As many as ActiveMQ Classic remembers by default.
_MAX_GROUPS = 1024
_NEVER_MS = float("inf")


class AckMode(StrEnum):
    """When a delivered message counts as consumed; the value is the wire text."""

    AUTO = "auto"
    """When it is handed to the connection."""
    CLIENT = "client"
    """When it or a later one of the same subscription is acknowledged."""
    CLIENT_INDIVIDUAL = "client-individual"
    """When it is acknowledged."""


class Role(StrEnum):
    """What a queue is for."""

    QUEUE = "queue"
    TEMPORARY = "temporary"
    DURABLE = "durable subscription"
    LIVE = "topic subscriber"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message as it was sent.

    Attributes:
        message_id: the broker's; the same for every receiver and every redelivery.
        destination: where it was sent.
        headers: those that are passed through to receivers.
        body: as received.
        persistent: survives the broker where it has a store.
        expires_at_ms: epoch milliseconds from which on it is not delivered any more; None = never.
        group: messages of one group go to one consumer (``JMSXGroupID``); None = no group.
    """

    message_id: str
    destination: Address
    headers: Mapping[str, str]
    body: bytes
    persistent: bool = False
    expires_at_ms: int | None = None
    group: str | None = None


def message_of(*, message_id: str, destination: Address, headers: Mapping[str, str], body: bytes) -> Message:
    """The message that *headers* describe.

    Raises:
        Refused: ``expires`` is not a number of milliseconds.

    Source: "STOMP on three brokers", rows "default persistence" and "expiry", of the project's reference tables.
    """
    expires = headers.get("expires", "0")
    # Thirteen digits reach the year 2286; a longer text is no instant anyone means.
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 16):
        raise Refused(
            f"expires:{expires[:40]} is not an instant", "Give milliseconds since 1970-01-01T00:00Z, or 0 for never."
        )
    return Message(
        message_id=message_id,
        destination=destination,
        headers=headers,
        body=body,
        persistent=headers.get("persistent") == "true",
        expires_at_ms=int(expires) or None,
        group=headers.get("JMSXGroupID") or None,
    )


def size_of(message: Message) -> int:
    """About how many bytes of memory *message* takes in one queue."""
    return (
        len(message.body)
        + sum(len(name) + len(value) for name, value in message.headers.items())
        + (_ENTRY_OVERHEAD_BYTES)
    )


@dataclass(kw_only=True, slots=True, eq=False)
class Entry:
    """A message in one queue.

    Attributes:
        number: its place in the order of arrival of the whole broker.
        message: what it is.
        size: bytes it counts for.
        deliveries: how often it was handed to a consumer.
        rejections: how often a consumer gave it back with NACK.
    """

    number: int
    message: Message
    size: int
    deliveries: int = 0
    rejections: int = 0


class Consumer(Protocol):
    """The connection that a subscription delivers to."""

    def ready(self) -> bool:
        """True if it can take a message now; when that turns true again, the owner calls `Queue.pump`."""
        ...

    def deliver(self, subscription: Subscription, entry: Entry, tag: int | None) -> None:
        """Take *entry*; *tag* is what to acknowledge it with, None if there is no need. Must not call back."""
        ...


@dataclass(kw_only=True, slots=True, eq=False)
class Subscription:
    """One consumer of one queue.

    Attributes:
        number: unique in the broker.
        consumer: the connection.
        label: the ``id`` header of its SUBSCRIBE frame; None if a STOMP 1.0 client gave none.
        queue: where it takes from.
        ack: when a delivery is consumed.
        prefetch: most deliveries in flight, 1 or more; without effect in mode ``auto``.
        selector: which messages it wants, None for all.
        in_flight: delivered and not settled, by tag, in the order of delivery.
        behind: False only if nothing that waits in the queue is wanted here.
    """

    number: int
    consumer: Consumer
    label: str | None
    queue: Queue
    ack: AckMode
    prefetch: int
    selector: Selector | None = None
    in_flight: dict[int, Entry] = field(default_factory=dict)
    behind: bool = True
    _last_tag: int = 0

    def has_room(self) -> bool:
        """True if it can take one more message now."""
        return (self.ack is AckMode.AUTO or len(self.in_flight) < self.prefetch) and self.consumer.ready()

    def wants(self, message: Message) -> bool:
        """True if its selector lets *message* through."""
        return self.selector is None or self.selector.matches(message.headers)

    def take(self, entry: Entry) -> None:
        """Deliver *entry* now."""
        entry.deliveries += 1
        if self.ack is AckMode.AUTO:
            self.consumer.deliver(self, entry, None)
            return
        self._last_tag += 1
        self.in_flight[self._last_tag] = entry
        self.consumer.deliver(self, entry, self._last_tag)

    def release(self, tag: int) -> list[Entry]:
        """Take out of `in_flight` what an ACK or NACK of *tag* speaks of; empty if that is not in flight."""
        if tag not in self.in_flight:
            return []
        if self.ack is AckMode.CLIENT_INDIVIDUAL:
            return [self.in_flight.pop(tag)]
        tags = list(takewhile(lambda earlier: earlier <= tag, self.in_flight))
        return [self.in_flight.pop(earlier) for earlier in tags]


class Keeper(Protocol):
    """Who answers for what leaves a queue."""

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        ...

    def gone(self, queue: Queue, entry: Entry) -> None:
        """*entry* was consumed."""
        ...

    def counted(self, queue: Queue, entry: Entry) -> None:
        """The counters of *entry*, which is in the queue again, have changed."""
        ...

    def expired(self, queue: Queue, entry: Entry) -> None:
        """*entry* was not delivered in time and is out of the queue."""
        ...

    def dropped(self, queue: Queue, entry: Entry) -> None:
        """*entry* fell out because the queue's bound was reached."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """The most that one queue may hold."""

    messages: int
    size: int


class Queue:
    """Messages in the order of their arrival for competing consumers, who take turns.

    Attributes:
        place: unique name in the broker: the address, or for a durable subscription ``/durable/CLIENT/NAME``.
        role: what it is for.
        held_bytes: size of all its entries, waiting or in flight.
    """

    def __init__(self, place: str, role: Role, keeper: Keeper, bound: Bound | None = None) -> None:
        self.place = place
        self.role = role
        self.held_bytes = 0
        self._keeper = keeper
        self._bound = bound
        self._waiting: OrderedDict[int, Entry] = OrderedDict()
        self._consumers: deque[Subscription] = deque()
        self._groups: OrderedDict[str, Subscription] = OrderedDict()
        # Nothing that waits expires before; it spares most sweeps the way through all that waits.
        self._next_expiry_ms = _NEVER_MS

    @property
    def consumers(self) -> tuple[Subscription, ...]:
        """Who takes from it."""
        return tuple(self._consumers)

    @property
    def idle(self) -> bool:
        """True if there is neither a message nor a consumer."""
        return not (self._waiting or self._consumers)

    def put(self, entry: Entry) -> None:
        """Add *entry*, younger than all others, and deliver it if somebody has room."""
        self.held_bytes += entry.size
        if self._hand_over(entry):
            return
        self._waiting[entry.number] = entry
        self._next_expiry_ms = min(self._next_expiry_ms, _expiry_ms(entry))
        for subscription in self._consumers:
            subscription.behind = subscription.behind or subscription.wants(entry.message)
        self._keep_bound()

    def attach(self, subscription: Subscription) -> None:
        """Add a consumer and give it what it wants."""
        self._consumers.append(subscription)
        self.pump()

    def detach(self, subscription: Subscription) -> None:
        """Remove a consumer; what it has not settled takes its old place and goes to the others."""
        self._consumers.remove(subscription)
        for group in [group for group, owner in self._groups.items() if owner is subscription]:
            del self._groups[group]
        returned = list(subscription.in_flight.values())
        subscription.in_flight.clear()
        for entry in returned:
            self._keeper.counted(self, entry)
        self._put_back(returned)

    def acknowledge(self, subscription: Subscription, tag: int) -> None:
        """Settle the delivery *tag*, with all before it in mode ``client``; an unknown tag has no effect."""
        for entry in subscription.release(tag):
            self._leave(entry)
            self._keeper.gone(self, entry)
        self.pump()

    def reject(self, subscription: Subscription, tag: int) -> list[Entry]:
        """Count a rejection of the delivery *tag*, with all before it in mode ``client``, and take them out.

        The caller decides about each: `give_back` or `discard`.
        """
        released = subscription.release(tag)
        for entry in released:
            entry.rejections += 1
        return released

    def give_back(self, entries: list[Entry]) -> None:
        """Put rejected *entries* in their old places, to be delivered again."""
        for entry in entries:
            self._keeper.counted(self, entry)
        self._put_back(entries)

    def discard(self, entries: Iterable[Entry]) -> None:
        """Let rejected *entries* go for good."""
        for entry in entries:
            self._leave(entry)
            self._keeper.gone(self, entry)

    def sweep(self) -> None:
        """Let go what has expired while it waited."""
        now_ms = self._keeper.now_ms()
        if now_ms < self._next_expiry_ms:
            return
        for entry in [entry for entry in self._waiting.values() if _expiry_ms(entry) <= now_ms]:
            del self._waiting[entry.number]
            self._expire(entry)
        self._next_expiry_ms = min((_expiry_ms(entry) for entry in self._waiting.values()), default=_NEVER_MS)

    def clear(self) -> None:
        """Let all that waits go for good."""
        while self._waiting:
            _, entry = self._waiting.popitem(last=False)
            self._leave(entry)
            self._keeper.gone(self, entry)

    def pump(self) -> None:
        """Deliver what waits to those who have room."""
        if not self._hungry():
            return
        taken: list[int] = []
        for entry in self._waiting.values():
            if self._hand_over(entry):
                taken.append(entry.number)
                if not self._hungry():
                    break
        else:
            for subscription in self._consumers:
                subscription.behind = subscription.behind and not subscription.has_room()
        for number in taken:
            del self._waiting[number]

    def _hungry(self) -> bool:
        return any(subscription.behind and subscription.has_room() for subscription in self._consumers)

    def _hand_over(self, entry: Entry) -> bool:
        """Deliver *entry*, or find it expired; False if it has to wait."""
        if entry.message.expires_at_ms is not None and _expiry_ms(entry) <= self._keeper.now_ms():
            self._expire(entry)
            return True
        for subscription in self._candidates(entry.message):
            if subscription.has_room() and subscription.wants(entry.message):
                self._remember_group(entry.message, subscription)
                subscription.take(entry)
                if subscription.ack is AckMode.AUTO:
                    self._leave(entry)
                    self._keeper.gone(self, entry)
                return True
        return False

    def _candidates(self, message: Message) -> Iterator[Subscription]:
        """Who may take *message*, whose turn it is first; a group's messages are for its one consumer."""
        owner = self._groups.get(message.group) if message.group is not None else None
        if owner is not None:
            yield owner
            return
        for _ in range(len(self._consumers)):
            subscription = self._consumers[0]
            self._consumers.rotate(-1)
            yield subscription

    def _remember_group(self, message: Message, owner: Subscription) -> None:
        if message.group is None:
            return
        self._groups[message.group] = owner
        self._groups.move_to_end(message.group)
        if len(self._groups) > _MAX_GROUPS:
            self._groups.popitem(last=False)

    def _put_back(self, entries: list[Entry]) -> None:
        if entries:
            youngest = max(entry.number for entry in entries)
            front = list(entries)
            while self._waiting and next(iter(self._waiting)) < youngest:
                front.append(self._waiting.popitem(last=False)[1])
            self._next_expiry_ms = min(self._next_expiry_ms, *(_expiry_ms(entry) for entry in entries))
            for entry in sorted(front, key=lambda entry: entry.number, reverse=True):
                self._waiting[entry.number] = entry
                self._waiting.move_to_end(entry.number, last=False)
        for subscription in self._consumers:
            subscription.behind = True
        self.pump()

    def _keep_bound(self) -> None:
        bound = self._bound
        while bound and self._waiting and (len(self._waiting) > bound.messages or self.held_bytes > bound.size):
            _, entry = self._waiting.popitem(last=False)
            self._leave(entry)
            self._keeper.dropped(self, entry)

    def _expire(self, entry: Entry) -> None:
        self._leave(entry)
        self._keeper.expired(self, entry)

    def _leave(self, entry: Entry) -> None:
        self.held_bytes -= entry.size


def _expiry_ms(entry: Entry) -> float:
    expires_at_ms = entry.message.expires_at_ms
    return _NEVER_MS if expires_at_ms is None else expires_at_ms
