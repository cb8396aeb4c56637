"""A bus inside the process: for a DERMS and a DMS in one program, for demonstrations, and for the tests of users.

It keeps the promises of `Transport` as a broker on the network does, interruptions included: what is not settled is
delivered again, marked so; persistent messages survive an interruption, others do not; nothing survives the process.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType
from typing import Final
from uuid import uuid4

import structlog

from dermsbus.errors import ConnectFailed, PublishRejected
from dermsbus.transports.base import (
    Delivery,
    Destination,
    LinkStatus,
    Outgoing,
    PublishOutcome,
    PublishState,
    Queue,
    Receiver,
    ReplyTo,
    Subscription,
    Topic,
)
from dermsbus.transports.supervisor import Backoff, Supervisor
from dermsbus.transports.wire_names import (
    ReplyForm,
    check_publishable,
    check_subscribable,
    parse_reply_to,
    topic_matches,
    wire_properties,
)

__all__ = ["MemoryBus", "MemoryTransport"]

_LINGER_S: Final = 1.0

_TOPIC_FORMS: Final = frozenset({ReplyForm.TOPIC, ReplyForm.TOPIC_URI})
_QUEUE_FORMS: Final = frozenset({ReplyForm.QUEUE, ReplyForm.QUEUE_URI, ReplyForm.PLAIN})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Message:
    """A message in the bus; *dies_at* is monotonic seconds, None = never."""

    body: bytes
    address: str
    message_id: str
    reply_to: ReplyTo | None
    correlation_id: str | None
    properties: Mapping[str, str]
    persistent: bool
    dies_at: float | None
    redelivered: bool = False


_Arrival = tuple["_Session", str, int, _Message]


@dataclass(slots=True, eq=False)
class _Consumer:
    """Who takes from a queue; *settles* is False for reply queues, where handing over is settling."""

    session: _Session
    consumer_id: str
    store: _Store
    room: int
    settles: bool
    in_hand: dict[int, _Message] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        return len(self.in_hand) < self.room


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
                session.close("the bus was interrupted")
            for store in self._stores.values():
                store.waiting = deque(message for message in store.waiting if message.persistent)

    def restore(self) -> None:
        """Let transports connect again."""
        with self._lock:
            self._up = True

    def connect(self, arrivals: Callable[[_Arrival], None]) -> _Session:
        """A new connection; `MemoryTransport` calls it.

        Raises:
            ConnectFailed: interrupted.
        """
        with self._lock:
            if not self._up:
                raise ConnectFailed("the bus is interrupted")
            session = _Session(self, arrivals)
            self._sessions.append(session)
            return session

    def consume(
        self, session: _Session, consumer_id: str, key: str, *, room: int, settles: bool, pattern: str | None, own: bool
    ) -> _Consumer:
        """A consumer of the store *key*, which is made if need be.

        Raises:
            ConnectFailed: a durable subscription that is already in use.
        """
        with self._lock:
            store = self._stores.setdefault(key, _Store(owner=session if own else None))
            if pattern is not None and store.consumers:
                raise ConnectFailed(f"the {key} is already in use")
            store.pattern = pattern
            consumer = _Consumer(session=session, consumer_id=consumer_id, store=store, room=room, settles=settles)
            store.consumers.append(consumer)
            self._dispatch(store)
            return consumer

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
            if consumer.settles:
                consumer.in_hand[tag] = message
            consumer.session.arrive(consumer.consumer_id, tag, message)


class _Session:
    """One connection to a `MemoryBus`, from its beginning to its end."""

    def __init__(self, bus: MemoryBus, arrivals: Callable[[_Arrival], None]) -> None:
        self._bus = bus
        self._arrivals = arrivals
        self._consumers: dict[str, _Consumer] = {}
        self._cause = ""
        self.over = threading.Event()

    @property
    def lost(self) -> str:
        """Why it ended; empty while it lives."""
        return self._cause

    def consume(
        self,
        consumer_id: str,
        key: str,
        *,
        room: int = 1,
        settles: bool = True,
        pattern: str | None = None,
        own: bool = False,
    ) -> None:
        """Take from a store; *own* = it ends with this session."""
        self._consumers[consumer_id] = self._bus.consume(
            self, consumer_id, key, room=room, settles=settles, pattern=pattern, own=own
        )

    def publish(self, message: _Message, destination: Destination) -> PublishOutcome:
        """Hand *message* to the bus."""
        if self._cause:
            return PublishOutcome(state=PublishState.UNKNOWN, reason=self._cause)
        try:
            self._bus.route(message, destination)
        except PublishRejected as error:
            return PublishOutcome(state=PublishState.REJECTED, reason=str(error))
        return PublishOutcome(state=PublishState.ACCEPTED)

    def settle(self, consumer_id: str, tag: int) -> None:
        """Be done with a message."""
        self._bus.settled(self._consumers[consumer_id], tag)

    def arrive(self, consumer_id: str, tag: int, message: _Message) -> None:
        """The bus hands a message over."""
        self._arrivals((self, consumer_id, tag, message))

    def close(self, cause: str) -> None:
        """End it; the first cause counts."""
        self._cause = self._cause or cause
        self._bus.left(self)
        self.over.set()


@dataclass(frozen=True, slots=True)
class _Token:
    """What settles a delivery, and in which session alone."""

    session: _Session
    consumer_id: str
    tag: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Standing:
    """A subscription to be had in every session; *destination* is None for a reply queue."""

    establish: Callable[[_Session], None]
    receiver: Receiver
    destination: Queue | Topic | None


class MemoryTransport:
    """`Transport` on a `MemoryBus`.

    Args:
        bus: shared with those to talk to.
        client_id: keeps the durable subscriptions of several applications apart.
        backoff: how long to wait between attempts to connect to an interrupted bus.
    """

    def __init__(self, bus: MemoryBus, *, client_id: str = "", backoff: Backoff | None = None) -> None:
        self._bus = bus
        self._client_id = client_id
        address = f"memory://{bus.name}"
        self._log = structlog.get_logger().bind(bus=address)
        self._ids = count(1)
        self._standing: dict[str, _Standing] = {}
        self._subscribing = threading.RLock()
        self._session: _Session | None = None
        self._arrivals: queue.SimpleQueue[_Arrival | None] = queue.SimpleQueue()
        self._deliverer = threading.Thread(target=self._deliver, name=f"deliverer {address}", daemon=True)
        self._supervisor = Supervisor(
            address=address,
            connect=self._connect,
            watch=self._watch,
            close=self._close,
            wake=self._wake,
            backoff=backoff,
        )

    def start(self, on_status: Callable[[LinkStatus], None] | None = None) -> None:
        """Begin to connect."""
        self._supervisor.start(on_status)
        self._deliverer.start()

    def wait_until_up(self, timeout_s: float) -> None:
        """Return when connected and subscribed.

        Raises:
            ConnectFailed: not within *timeout_s* seconds.
        """
        self._supervisor.wait_until_up(timeout_s)

    def stop(self) -> None:
        """End the connection and all threads. Idempotent."""
        self._supervisor.stop()
        self._arrivals.put(None)
        if self._deliverer.is_alive() and self._deliverer is not threading.current_thread():
            self._deliverer.join(_LINGER_S)

    @property
    def status(self) -> LinkStatus:
        """The connection's state now."""
        return self._supervisor.status

    def subscribe(self, subscription: Subscription, receiver: Receiver) -> None:
        """Receive what *subscription* says, now if connected and after every reconnect.

        Raises:
            ConnectFailed: connected, and the durable subscription is in use.
            SettingsError: the destination cannot be subscribed to.
        """
        check_subscribable(subscription.destination)
        destination, consumer_id = subscription.destination, f"s{next(self._ids)}"

        def establish(session: _Session) -> None:
            if isinstance(destination, Queue):
                session.consume(consumer_id, _queue(destination.name), room=subscription.prefetch)
            elif subscription.durable_name is not None:
                key = f"durable subscription {self._client_id}.{subscription.durable_name}"
                session.consume(consumer_id, key, room=subscription.prefetch, pattern=destination.name)
            else:
                key = f"live {uuid4()}"
                session.consume(consumer_id, key, room=subscription.prefetch, pattern=destination.name, own=True)

        self._stand(consumer_id, _Standing(establish=establish, receiver=receiver, destination=destination))

    def open_reply_queue(self, receiver: Receiver) -> ReplyTo:
        """A reply destination of this connection.

        Raises:
            ConnectFailed: not connected.
        """
        session = self._session
        if session is None or session.lost:
            raise ConnectFailed(f"no reply queue without a connection: {self.status.reason}")
        name = uuid4().hex

        def establish(session: _Session) -> None:
            session.consume(name, _temporary(name), settles=False, own=True)

        self._stand(name, _Standing(establish=establish, receiver=receiver, destination=None))
        return ReplyTo(f"{ReplyForm.TEMP_QUEUE.value}{name}")

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:  # noqa: ARG002  the bus answers at once
        """Send *messages* in order; the bus answers at once, so nothing is ever waited for."""
        session = self._session
        if session is None:
            down = PublishOutcome(state=PublishState.UNKNOWN, reason=f"not connected: {self.status.reason}")
            return tuple(down for _ in messages)
        return tuple(_publish(session, message) for message in messages)

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge each delivery by itself; one from before an interruption is passed over."""
        for delivery in deliveries:
            token = delivery.token
            if isinstance(token, _Token) and not token.session.lost:
                token.session.settle(token.consumer_id, token.tag)

    def _connect(self) -> str:
        session = self._bus.connect(self._arrivals.put)
        with self._subscribing:
            self._session = session
            for standing in self._standing.values():
                standing.establish(session)
        return "dermsbus memory"

    def _watch(self) -> str:
        session = self._session
        if session is None:
            return "no session"
        session.over.wait()
        return session.lost

    def _wake(self) -> None:
        session = self._session
        if session is not None:
            session.over.set()

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close("closed")

    def _stand(self, consumer_id: str, standing: _Standing) -> None:
        with self._subscribing:
            self._standing[consumer_id] = standing
            session = self._session
            if session is not None and not session.lost:
                try:
                    standing.establish(session)
                except ConnectFailed:
                    del self._standing[consumer_id]
                    raise

    def _deliver(self) -> None:
        while (arrival := self._arrivals.get()) is not None:
            try:
                self._hand_over(*arrival)
            except Exception:  # noqa: BLE001  a receiver's fault must not silence all others; not settled, it comes again
                self._log.exception("receiver failed; its delivery stays unsettled")

    def _hand_over(self, session: _Session, consumer_id: str, tag: int, message: _Message) -> None:
        standing = self._standing[consumer_id]
        if session.lost and standing.destination is not None:
            return  # the bus has it again and will deliver it again
        standing.receiver(
            Delivery(
                body=message.body,
                destination=standing.destination,
                address=message.address,
                reply_to=message.reply_to,
                correlation_id=message.correlation_id,
                transport_id=message.message_id,
                redelivered=message.redelivered,
                properties=message.properties,
                token=_Token(session, consumer_id, tag) if standing.destination is not None else None,
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
    )
    return session.publish(stored, destination)
