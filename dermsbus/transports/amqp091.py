"""AMQP 0-9-1 by pika, held to the contract of `Transport` on RabbitMQ.

Threads of one transport: the supervisor (connects, watches), the deliverer (calls receivers), and one for each of two
connections. pika ties a connection to one thread, so a `_Link` is a connection with a thread and an I/O loop of its
own; every other thread hands it work and waits on a Future, which fails when the link ends.

One link publishes, the other consumes, because a broker in an alarm stops reading from connections that publish, and
acknowledgements must get through still. Both together are a session: whatever breaks of it (a connection, a consumer's
channel, a consumer that the broker cancels) ends all of it, and the supervisor makes the next one with topology and
consumers as they were. There is no second way of recovering that could be wrong.

Source: AMQP and pika facts and failure model of the project's reference tables.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from uuid import uuid4

import pika
import pika.exceptions
import structlog
from pika.adapters.select_connection import IOLoop, SelectConnection

from dermsbus.errors import ConnectFailed, ConnectionLost, PublishRejected, TransportError
from dermsbus.transports.amqp_channels import Channel, PikaConnection, Publisher, fail, rejected, unknown
from dermsbus.transports.amqp_messages import AmqpMessage, Deliver, Properties, delivery_of, message_of
from dermsbus.transports.amqp_settings import AmqpSettings
from dermsbus.transports.amqp_tables import limit_depth
from dermsbus.transports.amqp_topology import BrokerRefused, PikaChannel, PikaFrame, Question, Topology
from dermsbus.transports.base import (
    Delivery,
    Outgoing,
    PublishOutcome,
    PublishState,
    Queue,
    Receiver,
    ReplyTo,
    Subscription,
)
from dermsbus.transports.supervised import SupervisedTransport
from dermsbus.transports.tls import client_context
from dermsbus.transports.wire_names import check_no_selector, check_subscribable

__all__ = ["AmqpSettings", "AmqpTransport", "transport_fault"]

T = TypeVar("T")

_TICKS: Final = 8
"""Looks at the connection per heart-beat."""

_SILENT_TICKS: Final = 10
"""Looks without a byte after which a broker counts as gone: within 1.4 heart-beats; pika alone may need three."""

_FAREWELL_S: Final = 2.0
_REPLY_PREFETCH: Final = 32


@dataclass(frozen=True, slots=True)
class _Token:
    """What settles a delivery: a tag means something on its own channel of its own session only."""

    session: _Session
    channel: Channel
    delivery_tag: int


class AmqpTransport(SupervisedTransport["_Session"]):
    """`Transport` over AMQP 0-9-1.

    Args:
        settings: where to and how.

    Raises:
        SettingsError: the TLS files cannot be used.
    """

    def __init__(self, settings: AmqpSettings) -> None:
        super().__init__(settings.address, settings.backoff, farewell_s=_FAREWELL_S)
        self._settings = settings
        self._parameters = _parameters(settings)
        self._warned: set[tuple[object, ...]] = set()

    def subscribe(self, subscription: Subscription, receiver: Receiver) -> None:
        """Receive what *subscription* says, now if connected and after every reconnect.

        A durable subscription is a durable queue of that name, and the broker keeps its bindings: to hear other topics
        under the same name, delete the queue on the broker first.

        Raises:
            ConnectFailed: connected, and the broker refuses the subscription.
            SettingsError: the destination cannot be subscribed to, or it has a selector.
        """
        check_subscribable(subscription.destination)
        check_no_selector(subscription.selector, "AMQP 0-9-1")
        self._stand(f"s{next(self._ids)}", lambda session: session.consume(subscription, receiver))

    def open_reply_queue(self, receiver: Receiver) -> ReplyTo:
        """A reply destination of this connection.

        Raises:
            ConnectFailed: not connected, or refused.
        """
        self._connection_for_replies()
        name = f"{self._settings.reply_queue_prefix}{uuid4().hex}"
        self._stand(name, lambda session: session.consume_replies(name, receiver))
        return ReplyTo(name)

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        """Send *messages* in order and wait for the broker's word on each."""
        deadline = time.monotonic() + timeout_s
        session = self._connection
        if session is None:
            return self._unsent(messages)
        return session.publish(messages, deadline)

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge each delivery by itself.

        Raises:
            ConnectionLost: the connection broke; the broker will deliver what is not settled again.
        """
        by_session: dict[_Session, list[_Token]] = {}
        for delivery in deliveries:
            token = delivery.token
            if isinstance(token, _Token) and not token.session.lost:
                by_session.setdefault(token.session, []).append(token)
        for session, tokens in by_session.items():
            session.settle(tokens)

    def _new_connection(self) -> _Session:
        return _Session(self._settings, self._parameters, self._received, self._warn_once)

    def _received(self, receiver: Receiver, delivery: Delivery) -> None:
        self._arrived(delivery.address, partial(_hand_over, receiver, delivery))

    def _warn_once(self, event: str, **facts: object) -> None:
        """Say it once in the life of this transport, not after every reconnect again."""
        key = (event, *facts.items())
        if key not in self._warned:
            self._warned.add(key)
            self._log.warning(event, **facts)


def _hand_over(receiver: Receiver, delivery: Delivery) -> None:
    if isinstance(delivery.token, _Token) and delivery.token.session.lost:
        return  # the broker has it again and will deliver it again
    receiver(delivery)


class _Session:
    """Two connections, from their handshake to the first thing that breaks."""

    def __init__(
        self,
        settings: AmqpSettings,
        parameters: Mapping[str, object],
        arrived: Callable[[Receiver, Delivery], None],
        warn: Callable[..., None],
    ) -> None:
        self._arrived = arrived
        self._cause = ""
        self._ending = threading.Lock()
        self._over = threading.Event()
        self._consuming = _Link(settings, parameters, "consumes", self.lose)
        self._publishing = _Link(settings, parameters, "publishes", self.lose)
        self._publisher = Publisher(self._publishing)
        self._settings = settings
        self._warn = warn
        self._known_queues: set[str] = set()

    @property
    def lost(self) -> bool:
        """True once it is of no use any more."""
        return self._over.is_set()

    def open(self) -> str:
        """Connect, see to what everybody needs, and return the broker's name."""
        links = (self._consuming, self._publishing)
        for link in links:
            link.start()
        try:
            names = [link.wait_until_open() for link in links]
            self._topology().declare_shared()
            self._publisher.open()
        except TransportError as fault:
            self.lose(str(fault))
            raise ConnectFailed(self._cause) from fault  # the other connection may have been the first to fail
        return names[0]

    def watch(self) -> str:
        """Return when it has ended, with the cause."""
        self._over.wait()
        return self._cause

    def release(self) -> None:
        """Make `open` and `watch` return."""
        self.lose("stopped")

    def lose(self, cause: str) -> None:
        """Begin to close both connections; the first cause counts."""
        with self._ending:
            if self._over.is_set():
                return
            self._cause = cause
            self._over.set()
        self._consuming.close()
        self._publishing.close()

    def close(self) -> None:
        """Leave nothing behind."""
        self.lose("closed")
        self._consuming.join()
        self._publishing.join()

    def consume(self, subscription: Subscription, receiver: Receiver) -> None:
        """Have what *subscription* says put before *receiver*."""
        destination = subscription.destination
        if isinstance(destination, Queue):
            queue = self._topology().ensure_queue(destination.name)
        else:
            queue = self._topology().ensure_event_queue(destination, subscription.durable_name)

        def received(channel: Channel, deliver: Deliver, properties: Properties, body: bytes) -> None:
            channel.received(deliver.delivery_tag)
            token = _Token(self, channel, deliver.delivery_tag)
            self._arrived(receiver, delivery_of(deliver, properties, body, destination=destination, token=token))

        self._consume(queue, subscription.prefetch, received)

    def consume_replies(self, name: str, receiver: Receiver) -> None:
        """Have the replies that come to *name* put before *receiver*."""
        queue = self._topology().ensure_reply_queue(name)

        def received(channel: Channel, deliver: Deliver, properties: Properties, body: bytes) -> None:
            self._arrived(receiver, delivery_of(deliver, properties, body, destination=None, token=None))
            channel.received(deliver.delivery_tag)
            channel.acknowledge(deliver.delivery_tag)

        self._consume(queue, _REPLY_PREFETCH, received)

    def settle(self, tokens: Sequence[_Token]) -> None:
        """Acknowledge each token on its own channel."""

        def acknowledge(future: Future[None]) -> None:
            for token in tokens:
                token.channel.acknowledge(token.delivery_tag)
            future.set_result(None)

        self._consuming.ask(acknowledge, "acknowledging")

    def publish(self, messages: Sequence[Outgoing], deadline: float) -> tuple[PublishOutcome, ...]:
        """One outcome for each message; all that can be sent are sent together."""
        outcomes: dict[int, PublishOutcome] = {}
        ready: dict[int, AmqpMessage] = {}
        topology = self._topology(deadline)
        for index, message in enumerate(messages):
            try:
                ready[index] = message_of(message, self._settings)
                if isinstance(message.destination, Queue):
                    # As on the other brokers, a request waits in its queue for a responder that was never there.
                    topology.ensure_queue(message.destination.name)
            except (PublishRejected, BrokerRefused) as fault:
                outcomes[index] = rejected(str(fault))
            except TransportError as fault:
                outcomes[index] = unknown(f"not sent: {fault}")
        sent = [index for index in ready if index not in outcomes]
        outcomes.update(zip(sent, self._publisher.publish([ready[index] for index in sent], deadline), strict=True))
        for index in sent:
            if outcomes[index].state is PublishState.REJECTED:
                self._known_queues.discard(ready[index].routing_key)  # it may be that it is not there any more
        return tuple(outcomes[index] for index in range(len(messages)))

    def _topology(self, deadline: float | None = None) -> Topology:
        """The means to see to queues; *deadline* (monotonic seconds) limits the wait for each of the answers."""
        return Topology(partial(self._ask, deadline=deadline), self._settings, self._warn, self._known_queues)

    def _ask(self, question: Question, *, deadline: float | None) -> PikaFrame:
        """Ask on a channel of its own, since a refusal closes it."""
        channel = Channel(self._consuming, "declaring queues and exchanges")
        channel.open(deadline)
        try:
            return channel.ask(question, deadline)
        finally:
            channel.close()

    def _consume(
        self, queue: str, prefetch: int, received: Callable[[Channel, Deliver, Properties, bytes], None]
    ) -> None:
        """Consume on a channel of its own, so that a refusal concerns no other consumer."""
        purpose = f"consuming from queue {queue}"
        consuming = threading.Event()

        def closed(fault: TransportError) -> None:
            if consuming.is_set():  # before, whoever asked for it is told
                self.lose(f"{purpose}: {fault}")

        channel = Channel(self._consuming, purpose, on_closed=closed)

        def consume(pika_channel: PikaChannel, done: Callable[[PikaFrame], None]) -> None:
            def begun(frame: PikaFrame) -> None:
                consuming.set()
                done(frame)

            pika_channel.add_on_cancel_callback(
                lambda _: self.lose(f"{purpose}: the broker cancelled it; was the queue deleted?")
            )
            pika_channel.basic_consume(queue, lambda _, *delivery: received(channel, *delivery), callback=begun)

        channel.open()
        channel.ask(lambda pika_channel, done: pika_channel.basic_qos(prefetch_count=prefetch, callback=done))
        channel.ask(consume)


class _Link:
    """One connection, its I/O loop, and the thread on which alone both are touched."""

    def __init__(
        self, settings: AmqpSettings, parameters: Mapping[str, object], role: str, on_end: Callable[[str], None]
    ) -> None:
        name = f"{settings.client_name} {role} {uuid4().hex[:8]}"
        self._parameters = {**parameters, "client_properties": {"connection_name": name}}
        self._patience_s = settings.connect_timeout_s
        self._tick_s = settings.heartbeat_s / _TICKS
        self._on_end = on_end
        self._log = structlog.get_logger().bind(bus=settings.address, connection=name)
        self._loop: Any = IOLoop()
        self._connection: PikaConnection = None
        self._blocked = ""
        self._lock = threading.Lock()
        self._waiting: set[Future[Any]] = set()
        self._end: TransportError | None = None
        self._opened: Future[str] = self._future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def connection(self) -> PikaConnection:
        """The connection itself, for work on its own thread."""
        return self._connection

    @property
    def blocked(self) -> str:
        """Why the broker does not take messages now; empty if it does."""
        return self._blocked

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def wait_until_open(self) -> str:
        """Return the broker's name once the connection is open.

        Raises:
            TransportError: it cannot be had; says why.
        """
        return self._result(self._opened, "connecting")

    def submit(self, work: Callable[[Future[T]], None]) -> Future[T]:
        """Run *work* on the connection's thread; it, or what it starts, resolves its Future, which fails at the end."""
        future: Future[T] = self._future()
        self._loop.add_callback_threadsafe(partial(self._attempt, work, future))
        return future

    def ask(self, work: Callable[[Future[T]], None], purpose: str, deadline: float | None = None) -> T:
        """Submit *work* and wait for its result.

        Args:
            work: see `submit`.
            purpose: what for, for the text of the error.
            deadline: monotonic seconds; None for the time that an attempt to connect may take.

        Raises:
            TransportError: the broker refused, or the connection ended, or no answer came in time.
        """
        if deadline is not None and time.monotonic() > deadline:
            raise ConnectionLost(f"{purpose}: no answer from the broker in time")
        return self._result(self.submit(work), purpose, deadline)

    def fault_of(self, error: BaseException) -> TransportError:
        """What an exception of pika means."""
        return transport_fault(error)

    def publish(self, channel: PikaChannel, message: AmqpMessage) -> None:
        """Write *message* on *channel*; on the connection's thread."""
        properties = pika.BasicProperties(**message.properties)
        channel.basic_publish(message.exchange, message.routing_key, message.body, properties, message.mandatory)

    def close(self) -> None:
        """Begin to close, from any thread; what is not settled goes back to the broker."""
        self._loop.add_callback_threadsafe(self._say_goodbye)

    def join(self) -> None:
        """Return when nothing of it is left; a broker that does not answer our goodbye is left alone."""
        if self._thread.ident is None:
            self._loop.close()
            return
        self._thread.join(_FAREWELL_S)
        if self._thread.is_alive():
            self._loop.add_callback_threadsafe(partial(self._hang_up, "no answer to our goodbye"))
            self._thread.join(_FAREWELL_S)

    def _future(self) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self._end is None:
                self._waiting.add(future)
                future.add_done_callback(self._waiting.discard)
            else:
                future.set_exception(self._end)
        return future

    def _result(self, future: Future[T], purpose: str, deadline: float | None = None) -> T:
        patience_s = self._patience_s if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            return future.result(patience_s)
        except TimeoutError:
            raise ConnectionLost(f"{purpose}: no answer from the broker within {patience_s:.1f} s") from None

    def _attempt(self, work: Callable[[Future[T]], None], future: Future[T]) -> None:
        try:
            work(future)
        except pika.exceptions.AMQPError as error:
            fail(future, transport_fault(error))

    def _run(self) -> None:
        try:
            end = self._live()
        except Exception as error:  # noqa: BLE001  whatever it is, only a new connection mends it
            # A connection that breaks in the middle of something can leave pika with a bare AssertionError.
            self._log.exception("fault in a connection; making a new one")
            end = ConnectionLost(f"internal fault: {type(error).__name__}")
        self._loop.close()
        with self._lock:
            self._end = end
            waiting = tuple(self._waiting)
        for future in waiting:
            fail(future, end)
        self._on_end(str(end))

    def _live(self) -> TransportError:
        """The connection's whole life; returns what ended it."""
        limit_depth()
        ends: list[TransportError] = []

        def ended(_: PikaConnection, error: BaseException) -> None:
            ends.append(transport_fault(error))
            self._loop.stop()

        self._connection = SelectConnection(
            pika.ConnectionParameters(**self._parameters), self._greeted, ended, ended, custom_ioloop=self._loop
        )
        try:
            self._loop.start()
        except AssertionError:
            # pika trips over the end of a connection that is closed while it opens, having told us of that end before
            if not ends:
                raise
        return ConnectionLost(f"{ends[0]}: {self._blocked}") if self._blocked else ends[0]

    def _greeted(self, connection: PikaConnection) -> None:
        connection.add_on_connection_blocked_callback(lambda _, frame: self._note_blocked(frame.method.reason))
        connection.add_on_connection_unblocked_callback(lambda _, __: self._note_blocked(""))
        self._watch_silence(0, 0)
        properties = connection.server_properties or {}
        self._opened.set_result(f"{properties.get('product', 'AMQP')}/{properties.get('version', '')}")

    def _note_blocked(self, reason: str) -> None:
        self._blocked = reason
        self._log.warning("broker blocks publishing" if reason else "broker takes messages again", reason=reason)

    def _watch_silence(self, heard: int, silent: int) -> None:
        # Ticks are counted, not seconds: after a pause of the whole process what came meanwhile is read first.
        received = self._connection.bytes_received
        silent = silent + 1 if received == heard else 0
        if silent >= _SILENT_TICKS:
            self._hang_up(f"nothing heard for {silent * self._tick_s:g} s, not even a heart-beat")
        elif not self._connection.is_closed:
            self._loop.call_later(self._tick_s, partial(self._watch_silence, received, silent))

    def _say_goodbye(self) -> None:
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()

    def _hang_up(self, cause: str) -> None:
        if not self._connection.is_closed:
            # close() would wait for the answer of a silent peer; pika's own heart-beat hangs up in the same way
            self._connection._terminate_stream(pika.exceptions.AMQPHeartbeatTimeout(cause))  # noqa: SLF001


_MEANINGS: Final[tuple[tuple[type[BaseException], type[TransportError], str], ...]] = (
    (pika.exceptions.ProbableAuthenticationError, ConnectFailed, "login refused, check user and password"),
    (pika.exceptions.AuthenticationError, ConnectFailed, "login refused, check user and password"),
    (pika.exceptions.ProbableAccessDeniedError, ConnectFailed, "virtual host refused: {}"),
    (pika.exceptions.IncompatibleProtocolError, ConnectFailed, "hung up at once; no AMQP 0-9-1 port, or not up yet?"),
    (pika.exceptions.ProtocolVersionMismatch, ConnectFailed, "not AMQP 0-9-1: {}"),
    (pika.exceptions.ConnectionOpenAborted, ConnectFailed, "no AMQP 0-9-1 broker answered; is it the right port?"),
    (pika.exceptions.ConnectionClosedByClient, ConnectionLost, "closed"),
    (pika.exceptions.ConnectionClosed, ConnectionLost, "closed by the broker: {}"),
    (pika.exceptions.ConnectionBlockedTimeout, ConnectionLost, "the broker blocks publishing"),
    (pika.exceptions.AMQPHeartbeatTimeout, ConnectionLost, "{}"),
    (pika.exceptions.StreamLostError, ConnectionLost, "connection lost: {}"),
    (pika.exceptions.NoFreeChannels, ConnectionLost, "no channel left"),
    (pika.exceptions.ConnectionWrongStateError, ConnectionLost, "not connected"),
    (pika.exceptions.AMQPConnectionError, ConnectFailed, "cannot connect: {}"),
    (pika.exceptions.UnroutableError, PublishRejected, "there is no queue for it"),
    (pika.exceptions.ShortStringTooLong, PublishRejected, "longer than AMQP allows: {}"),
    (pika.exceptions.UnsupportedAMQPFieldException, PublishRejected, "no AMQP value: {}"),
    (pika.exceptions.AMQPError, ConnectionLost, "{}"),
    (pika.exceptions.ChannelError, ConnectionLost, "{}"),
    (pika.exceptions.ReentrancyError, ConnectionLost, "{}"),
)
"""What each exception of pika means, for a person who can do something about it; the first that fits counts."""


def transport_fault(error: BaseException) -> TransportError:
    """What *error*, which pika raised or handed over, means here.

    Args:
        error: an exception of pika, or one that it lets through from below.

    Returns:
        The error to raise or to report, with *error* as its cause.

    Source: house choice: foreign exceptions are mapped at the border.
    """
    fault: TransportError
    if isinstance(error, pika.exceptions.ChannelClosedByBroker):
        fault = BrokerRefused(f"{error.reply_code} {error.reply_text}", error.reply_code)
    else:
        kind, meaning = next(
            ((kind, meaning) for foreign, kind, meaning in _MEANINGS if isinstance(error, foreign)),
            (ConnectionLost, "connection lost: {}"),
        )
        root = _root_of(error)
        fault = kind(meaning.format(str(root) or type(root).__name__))
    fault.__cause__ = error
    return fault


def _root_of(error: BaseException) -> BaseException:
    """The innermost of the exceptions that pika wraps in each other while it connects."""
    inside = (*error.args[:1], getattr(error, "exception", None), *getattr(error, "exceptions", ()))
    nested = [each for each in inside if isinstance(each, BaseException)]
    return _root_of(nested[-1]) if nested else error


def _parameters(settings: AmqpSettings) -> Mapping[str, object]:
    """The arguments of pika's ConnectionParameters that both connections share."""
    tls = None
    if settings.tls is not None:
        tls = pika.SSLOptions(client_context(settings.tls), settings.host)
    return {
        "host": settings.host,
        "port": settings.port,
        "virtual_host": settings.virtual_host,
        "credentials": pika.PlainCredentials(settings.user, settings.password),
        "heartbeat": math.ceil(settings.heartbeat_s),
        "connection_attempts": 1,  # the supervisor tries again, with back-off and jitter
        "retry_delay": 0,
        "socket_timeout": settings.connect_timeout_s,
        "stack_timeout": settings.connect_timeout_s,
        "blocked_connection_timeout": settings.blocked_connection_timeout_s,
        "ssl_options": tls,
    }
