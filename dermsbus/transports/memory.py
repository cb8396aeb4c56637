"""A bus inside the process: for a DERMS and a DMS in one program, for demonstrations, and for the tests of users.

It keeps the promises of `Transport` as a broker on the network does, interruptions included: what is not settled is
delivered again, marked so; persistent messages survive an interruption, others do not; nothing survives the process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from types import MappingProxyType
from typing import Final
from uuid import uuid4

from dermsbus.errors import ConnectFailed, PublishRejected
from dermsbus.transports.base import (
    Delivery,
    Destination,
    Outgoing,
    PublishOutcome,
    PublishState,
    Queue,
    Receiver,
    ReplyTo,
    Subscription,
    Topic,
)
from dermsbus.transports.supervised import SupervisedTransport
from dermsbus.transports.supervisor import Backoff
from dermsbus.transports.wire_names import (
    ReplyForm,
    check_no_selector,
    check_publishable,
    check_subscribable,
    parse_reply_to,
    topic_matches,
    wire_properties,
)

__all__ = ["MemoryBus", "MemoryTransport"]

_FAREWELL_S: Final = 1.0

_TOPIC_FORMS: Final = frozenset({ReplyForm.TOPIC, ReplyForm.TOPIC_URI})
_QUEUE_FORMS: Final = frozenset({ReplyForm.QUEUE, ReplyForm.QUEUE_URI, ReplyForm.PLAIN})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Message:
    """A message in the bus.

    *dies_at* is monotonic seconds, *expires_at* the same by the computer's clock; None = never.
    """

    body: bytes
    address: str
    message_id: str
    reply_to: ReplyTo | None
    correlation_id: str | None
    properties: Mapping[str, str]
    persistent: bool
    dies_at: float | None
    expires_at: datetime | None
    redelivered: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """What is to be consumed in each session.

    Attributes:
        key: of the store.
        receiver: who receives it.
        destination: logical; None for a reply queue, where handing over is settling.
        room: how many messages may be in hand.
        pattern: of the topics, where it is a subscription of topics.
        own: the store ends with the session.
    """

    key: str
    receiver: Receiver
    destination: Queue | Topic | None
    room: int = 1
    pattern: str | None = None
    own: bool = False


@dataclass(slots=True, eq=False)
class _Consumer:
    """Who takes from a store, in one session."""

    session: _Session
    wish: _Wish
    store: _Store
    in_hand: dict[int, _Message] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        return len(self.in_hand) < self.wish.room


@dataclass(slots=True, eq=False)
class _Store:
    """Messages waiting in one queue, or for one subscription of a topic (*pattern* is set)."""

    pattern: str | None = None
    owner: _Session | None = None
    waiting: deque[_Message] = field(default_factory=deque)
    consumers: deque[_Consumer] = field(default_factory=deque)


class MemoryBus:
    """A broker without a network, shared by the transports made on it.

    Queues come into being when first named. Safe to use from any thread.

    Args:
        name: shown in reasons and logs.
    """

    def __init__(self, name: str = "bus") -> None:
        self.name = name
        self._lock = threading.RLock()
        self._up = True
        self._tags = count(1)
        self._stores: dict[str, _Store] = {}
        self._sessions: list[_Session] = []

    def interrupt(self) -> None:
        """Break every connection and refuse new ones until `restore`, as a broker does that is restarted.

        For tests of programs on the bus. Unsettled messages go back; those that are not persistent are lost.
        """
        with self._lock:
            self._up = False
            for session in tuple(self._sessions):
                session.lose("the bus was interrupted")
            for store in self._stores.values():
                store.waiting = deque(message for message in store.waiting if message.persistent)

    def restore(self) -> None:
        """Let transports connect again."""
        with self._lock:
            self._up = True

    def admit(self, session: _Session) -> None:
        """Let *session* connect.

        Raises:
            ConnectFailed: interrupted.
        """
        with self._lock:
            if not self._up:
                raise ConnectFailed("the bus is interrupted")
            self._sessions.append(session)

    def consume(self, session: _Session, wish: _Wish) -> None:
        """Let *session* consume what *wish* says; its store is made if need be.

        Raises:
            ConnectFailed: a durable subscription that is already in use.
        """
        with self._lock:
            store = self._stores.setdefault(wish.key, _Store(owner=session if wish.own else None))
            if wish.pattern is not None and store.consumers:
                raise ConnectFailed(f"the {wish.key} is already in use")
            store.pattern = wish.pattern
            store.consumers.append(_Consumer(session=session, wish=wish, store=store))
            self._dispatch(store)

    def route(self, message: _Message, destination: Destination) -> None:
        """Put *message* where *destination* says.

        Raises:
            PublishRejected: there is no such place.
        """
        with self._lock:
            for store in self._stores_for(destination):
                store.waiting.append(message)
                self._dispatch(store)

    def settled(self, consumer: _Consumer, tag: int) -> None:
        """*consumer* is done with a message."""
        with self._lock:
            if consumer.in_hand.pop(tag, None) is not None:
                self._dispatch(consumer.store)

    def left(self, session: _Session) -> None:
        """*session* is gone: what it had in hand goes back to the front, what was its own vanishes."""
        with self._lock:
            with suppress(ValueError):  # a second farewell
                self._sessions.remove(session)
            self._stores = {key: store for key, store in self._stores.items() if store.owner is not session}
            for store in self._stores.values():
                gone = [consumer for consumer in store.consumers if consumer.session is session]
                back = sorted((tag, message) for consumer in gone for tag, message in consumer.in_hand.items())
                store.waiting.extendleft(replace(message, redelivered=True) for _, message in reversed(back))
                store.consumers = deque(consumer for consumer in store.consumers if consumer not in gone)
                self._dispatch(store)

    def _stores_for(self, destination: Destination) -> list[_Store]:
        if isinstance(destination, ReplyTo):
            address = parse_reply_to(destination.text)
            if address.form in _TOPIC_FORMS:
                return self._stores_for(Topic(address.name))
            if address.form in _QUEUE_FORMS:
                return self._stores_for(Queue(address.name))
            store = self._stores.get(_temporary(address.name))
            if store is None:
                raise PublishRejected(f"the reply queue {address.name} is gone; its requester has left")
            return [store]
        check_publishable(destination)
        if isinstance(destination, Queue):
            return [self._stores.setdefault(_queue(destination.name), _Store())]
        return [
            store
            for store in self._stores.values()
            if store.pattern is not None and topic_matches(store.pattern, destination.name)
        ]

    def _dispatch(self, store: _Store) -> None:
        """Hand out what waits, in turn to those who have room."""
        while store.waiting and any(consumer.has_room for consumer in store.consumers):
            message = store.waiting.popleft()
            if message.dies_at is not None and message.dies_at <= time.monotonic():
                continue
            while not store.consumers[0].has_room:
                store.consumers.rotate(-1)
            consumer, tag = store.consumers[0], next(self._tags)
            store.consumers.rotate(-1)
            if consumer.wish.destination is not None:
                consumer.in_hand[tag] = message
            consumer.session.arrived(consumer, tag, message)


class _Session:
    """One connection to a `MemoryBus`, from its beginning to its end."""

    def __init__(self, bus: MemoryBus, arrived: Callable[[_Consumer, int, _Message], None]) -> None:
        self._bus = bus
        self._cause = ""
        self._over = threading.Event()
        self.arrived = arrived

    @property
    def lost(self) -> bool:
        """True once it has ended."""
        return bool(self._cause)

    def open(self) -> str:
        """Connect, if the bus lets us."""
        self._bus.admit(self)
        return "dermsbus memory"

    def watch(self) -> str:
        """Return when it has ended, with the cause."""
        self._over.wait()
        return self._cause

    def release(self) -> None:
        """Make `watch` return."""
        self._over.set()

    def consume(self, wish: _Wish) -> None:
        """Consume what *wish* says."""
        self._bus.consume(self, wish)

    def publish(self, message: _Message, destination: Destination) -> PublishOutcome:
        """Hand *message* to the bus."""
        if self._cause:
            return PublishOutcome(state=PublishState.UNKNOWN, reason=self._cause)
        try:
            self._bus.route(message, destination)
        except PublishRejected as error:
            return PublishOutcome(state=PublishState.REJECTED, reason=str(error))
        return PublishOutcome(state=PublishState.ACCEPTED)

    def lose(self, cause: str) -> None:
        """End it; the first cause counts."""
        self._cause = self._cause or cause
        self._bus.left(self)
        self._over.set()

    def close(self) -> None:
        """End it, if it has not ended."""
        self.lose("closed")


@dataclass(frozen=True, slots=True)
class _Token:
    """What settles a delivery, and in which session alone."""

    consumer: _Consumer = field(repr=False)  # it would show all that waits for it
    tag: int


class MemoryTransport(SupervisedTransport[_Session]):
    """`Transport` on a `MemoryBus`.

    Args:
        bus: shared with those to talk to.
        client_id: keeps the durable subscriptions of several applications apart.
        backoff: how long to wait between attempts to connect to an interrupted bus.
    """

    def __init__(self, bus: MemoryBus, *, client_id: str = "", backoff: Backoff | None = None) -> None:
        super().__init__(f"memory://{bus.name}", backoff, farewell_s=_FAREWELL_S)
        self._bus = bus
        self._client_id = client_id

    def subscribe(self, subscription: Subscription, receiver: Receiver) -> None:
        """Receive what *subscription* says, now if connected and after every reconnect.

        Raises:
            ConnectFailed: connected, and the durable subscription is in use.
            SettingsError: the destination cannot be subscribed to, or it has a selector.
        """
        check_subscribable(subscription.destination)
        check_no_selector(subscription.selector, "the in-memory bus")
        destination = subscription.destination
        wish = partial(_Wish, receiver=receiver, destination=destination, room=subscription.prefetch)

        def establish(session: _Session) -> None:
            if isinstance(destination, Queue):
                session.consume(wish(key=_queue(destination.name)))
            elif subscription.durable_name is not None:
                key = f"durable subscription {self._client_id}.{subscription.durable_name}"
                session.consume(wish(key=key, pattern=destination.name))
            else:
                session.consume(wish(key=f"live {uuid4()}", pattern=destination.name, own=True))

        self._stand(f"s{next(self._ids)}", establish)

    def open_reply_queue(self, receiver: Receiver) -> ReplyTo:
        """A reply destination of this connection.

        Raises:
            ConnectFailed: not connected.
        """
        self._connection_for_replies()
        name = uuid4().hex
        wish = _Wish(key=_temporary(name), receiver=receiver, destination=None, own=True)
        self._stand(name, lambda session: session.consume(wish))
        return ReplyTo(f"{ReplyForm.TEMP_QUEUE.value}{name}")

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:  # noqa: ARG002  the bus answers at once
        """Send *messages* in order; the bus answers at once, so nothing is ever waited for."""
        session = self._connection
        if session is None:
            return self._unsent(messages)
        return tuple(_publish(session, message) for message in messages)

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge each delivery by itself; one from before an interruption is passed over."""
        for delivery in deliveries:
            token = delivery.token
            if isinstance(token, _Token) and not token.consumer.session.lost:
                self._bus.settled(token.consumer, token.tag)

    def _new_connection(self) -> _Session:
        return _Session(self._bus, self._received)

    def _received(self, consumer: _Consumer, tag: int, message: _Message) -> None:
        self._arrived(message.address, partial(_hand_over, consumer, tag, message))


def _hand_over(consumer: _Consumer, tag: int, message: _Message) -> None:
    destination = consumer.wish.destination
    if consumer.session.lost and destination is not None:
        return  # the bus has it again and will deliver it again
    consumer.wish.receiver(
        Delivery(
            body=message.body,
            destination=destination,
            address=message.address,
            reply_to=message.reply_to,
            correlation_id=message.correlation_id,
            transport_id=message.message_id,
            redelivered=message.redelivered,
            expires_at=message.expires_at,
            properties=message.properties,
            token=_Token(consumer, tag) if destination is not None else None,
        )
    )


def _queue(name: str) -> str:
    return f"queue {name}"


def _temporary(name: str) -> str:
    return f"temporary {name}"


def _publish(session: _Session, message: Outgoing) -> PublishOutcome:
    destination = message.destination
    try:
        properties = wire_properties(message)
    except PublishRejected as error:
        return PublishOutcome(state=PublishState.REJECTED, reason=str(error))
    if message.kind is not None:
        properties["type"] = message.kind
    life = message.time_to_live_s
    stored = _Message(
        body=message.body,
        address=destination.text if isinstance(destination, ReplyTo) else destination.name,
        message_id=message.message_id,
        reply_to=message.reply_to,
        correlation_id=message.correlation_id,
        properties=MappingProxyType(properties),
        persistent=message.persistent,
        dies_at=None if life is None else time.monotonic() + life,
        expires_at=None if life is None else datetime.now(UTC) + timedelta(seconds=life),
    )
    return session.publish(stored, destination)
