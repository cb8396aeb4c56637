"""One requester on the bus: messages that wait for their answer, and events as they come.

Source: exchange patterns, header rules and JMS mapping of the project's reference tables.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

import structlog

from dermsbus.client.answer import Answer, AnswerPart, AnswerTimedOut, Asked, UnreadableAnswer
from dermsbus.client.calls import Call, CallBoard, Counters
from dermsbus.client.later import MOST_DELIVERIES, LaterBoard
from dermsbus.domain.addresses import ANY, event_topic, reply_queue, request_queue
from dermsbus.domain.controls import EndDeviceControl
from dermsbus.errors import ConnectionLost, PublishRejected, TransportError, Unconfirmed
from dermsbus.messages.codec import Codec
from dermsbus.messages.deadlines import max_execution_time
from dermsbus.messages.envelope import (
    Archetype,
    Content,
    DERGroupDispatches,
    DERGroups,
    DispatchOrder,
    EndDeviceControls,
    Envelope,
    Header,
    Noun,
    Outline,
    Payload,
    Refusal,
    Request,
    Style,
    Verb,
)
from dermsbus.messages.properties import kind_of, properties_of
from dermsbus.messages.times import now_instant
from dermsbus.transports.base import (
    Delivery,
    LinkStatus,
    Outgoing,
    PublishState,
    Queue,
    ReplyTo,
    Subscription,
    Topic,
    Transport,
)

__all__ = ["Direction", "Requester", "Traffic"]

_CONFIRM_TIMEOUT_S: Final = 10.0
_FIRST_RESEND_S: Final = 0.2
_LAST_RESEND_S: Final = 5.0
_JOIN_TIMEOUT_S: Final = 5.0


class Direction(StrEnum):
    """Which way a message went, seen from the client."""

    SENT = "sent"
    REPLY = "reply"
    EVENT = "event"


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """One message as it was on the wire.

    Attributes:
        direction: sent, or received as a reply or as an event.
        body: the bytes.
        address: destination in the broker's spelling where known.
    """

    direction: Direction
    body: bytes
    address: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listener:
    on_event: Callable[[Envelope], None]
    on_refused: Callable[[Refusal, Delivery], None] | None


class Requester:
    """One that asks over a bus: calls that wait for their answer, and subscriptions. Safe to use from several threads.

    Calls return an `Answer` for whatever the responder says, and raise only if there is no answer: `AnswerTimedOut`,
    `UnreadableAnswer`, `TransportError` (among them `Unconfirmed`: the broker never said that it has the request, and
    `PublishRejected`: it said no). A request of which that is not known is sent again with the same MessageID until the
    time is over, never with a new one.

    Args:
        transport: to be started and stopped by this client.
        codec: for this client alone; tolerant, so that a peer's known deviations cost no answer.
        responder: the system that answers.
        source: our own name.
        context: system context.
        style: how requests are spelled.
        timeout_s: seconds a call waits for its answer unless it is told otherwise, more than 0.
        compress_above_bytes: a payload of more bytes goes out as Compressed, where the message has room for that; 0 for
            never.
        answers_later: requests made here ask for a receipt at once, and for their answer to come to `reply_address`: an
            answer that `Answer.is_receipt` is to be followed by `await_later`.
        execute_within_s: requests made here say that they are worth nothing so many seconds later, more than 0; None to
            say nothing. A responder that does not know of it carries them out whenever it can.

    Source: house choice, ADR 6, ADR 29.
    """

    def __init__(
        self,
        transport: Transport,
        codec: Codec,
        *,
        responder: str,
        source: str = "dms1",
        context: str = "production",
        style: Style = Style.GENERIC,
        timeout_s: float = 30.0,
        compress_above_bytes: int = 0,
        answers_later: bool = False,
        execute_within_s: float | None = None,
    ) -> None:
        self._transport = transport
        self._codec = codec
        self._codec_lock = threading.Lock()
        self._responder = responder
        self._requests = Queue(request_queue(context, responder))
        self._source = source
        self._context = context  # in destinations; in headers it is written in capitals, as peers do
        self._style = style
        self._timeout_s = timeout_s
        self._compress_above_bytes = compress_above_bytes
        self._answers_later = answers_later
        self._limits = () if execute_within_s is None else (max_execution_time(execute_within_s),)
        self._later_queue = Queue(reply_queue(context, source))
        self._later = LaterBoard()
        self._follows_later = False
        self._follow_later_lock = threading.Lock()
        self._watcher: Callable[[Traffic], None] | None = None
        self._board = CallBoard()
        self._reply_to: ReplyTo | None = None
        self._replies: queue.SimpleQueue[tuple[Callable[[Delivery], None], Delivery] | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[tuple[_Listener, Delivery] | None] = queue.SimpleQueue()
        self._threads: tuple[threading.Thread, ...] = ()
        self._log = structlog.get_logger().bind(source=source, responder=responder)

    def start(self, timeout_s: float = 15.0) -> None:
        """Connect and return when calls can be made.

        Args:
            timeout_s: seconds to wait for the broker.

        Raises:
            ConnectFailed: not within *timeout_s*; nothing is left running.
        """
        self._threads = (
            threading.Thread(target=self._work_on_replies, name="dms-replies", daemon=True),
            threading.Thread(target=self._work_on_events, name="dms-events", daemon=True),
        )
        for thread in self._threads:
            thread.start()
        try:
            self._transport.start()
            self._transport.wait_until_up(timeout_s)
            self._reply_to = self._transport.open_reply_queue(
                lambda delivery: self._replies.put((self._take_reply, delivery))
            )
        except TransportError:
            self.stop()
            raise

    def stop(self) -> None:
        """Close the connection; calls that still wait end with ConnectionLost. Idempotent."""
        self._transport.stop()
        stopped = ConnectionLost("the client was stopped before the reply came")
        self._board.fail_all(stopped)
        self._later.fail_all(stopped)
        self._replies.put(None)
        self._events.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_TIMEOUT_S)
        self._threads = ()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def status(self) -> LinkStatus:
        """The connection's state now."""
        return self._transport.status

    @property
    def counters(self) -> Counters:
        """What happened to replies up to now; those to `reply_address` are not among them."""
        return self._board.counters

    @property
    def reply_address(self) -> str:
        """Where answers that come later are to be sent: the queue of our name, which outlives this client."""
        return f"queue://{self._later_queue.name}"

    def watch(self, watcher: Callable[[Traffic], None]) -> None:
        """Let *watcher* see every message as it goes by, on the thread that has it in hand; it must not raise."""
        self._watcher = watcher

    def send(self, envelope: Envelope, *, timeout_s: float | None = None) -> Answer:
        """Send a message as it is, and wait for its answer: a request, or an event whose header asks for one.

        Args:
            envelope: with the ids that it shall have; none is added. One that wants its answer at `reply_address` is
                answered with a receipt here.
            timeout_s: seconds to wait, more than 0; None for the client's own.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, see the class.
            ValueError: the message has parts that its root cannot carry.
        """
        return self._exchange(self._encode(envelope), envelope, envelope.outline, timeout_s)

    def await_later(self, receipt: Answer | str, *, timeout_s: float | None = None) -> Answer:
        """The answer that was to come later, once it is there; a receipt is one of it that came at once.

        Until then the broker keeps what comes, so that another process can ask for it if this one ends before. It is
        given away once.

        Args:
            receipt: what the request was answered with at once; if that is the answer itself, it is returned. Or the
                request's CorrelationID, in a process that did not send it.
            timeout_s: seconds to wait, more than 0; None for the client's own.

        Raises:
            AnswerTimedOut: it did not come, or not all of it; it can be asked for again.
            UnreadableAnswer: it came, and cannot be read.
            ConnectionLost: the client was stopped.
        """
        if isinstance(receipt, Answer) and not receipt.is_receipt:
            return receipt
        asked = receipt.asked if isinstance(receipt, Answer) else Asked(correlation_id=receipt)
        timeout_s = timeout_s or self._timeout_s
        self._follow_later()
        later = self._later.open(asked)
        try:
            later.call.done.wait(timeout_s)
            outcome = later.call.outcome
            if outcome is None:
                raise _not_yet(later.call, asked, timeout_s, self._later_queue)
            if isinstance(outcome, ConnectionLost):
                raise outcome
            self._acknowledge(*self._later.close(later))
            if isinstance(outcome, Answer):
                return replace(outcome, asked=asked)
            raise outcome
        finally:
            self._later.release(later)

    def send_raw(self, body: bytes, *, timeout_s: float | None = None) -> Answer:
        """Send bytes as they are, be they a message or not, and wait for the answer.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, see the class.
        """
        message = self._decode(body)
        if isinstance(message, Envelope):
            return self._exchange(body, message, message.outline, timeout_s)
        return self._exchange(body, None, message.outline, timeout_s)

    def notify(self, message: Envelope | bytes, *, timeout_s: float = _CONFIRM_TIMEOUT_S) -> None:
        """Send a message that nobody answers, an event most of all, and return when the broker has it.

        Raises:
            Unconfirmed: the broker did not say so within *timeout_s* seconds.
            PublishRejected: the broker refused it.
            ValueError: the message has parts that its root cannot carry.
        """
        body = message if isinstance(message, bytes) else self._encode(message)
        decoded = self._decode(body) if isinstance(message, bytes) else message
        envelope = decoded if isinstance(decoded, Envelope) else None
        outline = decoded.outline
        call = self._board.open(_asked(outline, envelope))
        try:
            outgoing = replace(self._outgoing(call, body, envelope, timeout_s), reply_to=None)
            self._publish(outgoing, call, time.monotonic() + timeout_s)
        finally:
            self._board.close(call)

    def events(
        self,
        on_event: Callable[[Envelope], None],
        *,
        verb: str = ANY,
        noun: str = ANY,
        source: str = ANY,
        on_refused: Callable[[Refusal, Delivery], None] | None = None,
    ) -> None:
        """Receive events from now on, for the life of this client.

        Callbacks run one at a time on one thread of this client, and may call it. One that raises is logged, and its
        event counts as received.

        Args:
            on_event: called with each event.
            verb: only this past-tense verb.
            noun: only this noun.
            source: only from this system.
            on_refused: called with each event that cannot be read; where None, it is logged.

        Raises:
            ValueError: *verb*, *noun* or *source* cannot be part of a topic's name.
            ConnectFailed: the broker refuses the subscription.
        """
        listener = _Listener(on_event=on_event, on_refused=on_refused)
        topic = Topic(event_topic(self._context, source, verb, noun))
        self._transport.subscribe(
            Subscription(destination=topic), lambda delivery: self._events.put((listener, delivery))
        )

    def _follow(self, take: Callable[[Envelope], None], *, verb: Verb, noun: Noun, source: str) -> None:
        """Have *take* called with each event of *source*, from now on and for the life of this client.

        It runs on the thread that takes in replies, which no callback of `events` can hold up; it must neither wait nor
        raise.

        Raises:
            ConnectFailed: the broker refuses the subscription.
        """
        topic = Topic(event_topic(self._context, source, verb, noun))
        receive = partial(self._take_followed, take)
        self._transport.subscribe(
            Subscription(destination=topic), lambda delivery: self._replies.put((receive, delivery))
        )

    def _request(
        self,
        verb: Verb,
        noun: Noun,
        *,
        request: Request | None = None,
        payload: Payload | None = None,
        style: Style | None = None,
    ) -> Envelope:
        header = Header(
            verb=verb,
            noun=noun,
            context=self._context.upper(),
            timestamp=now_instant(),
            source=self._source,
            async_reply=self._answers_later,
            reply_address=self.reply_address if self._answers_later else None,
            message_id=str(uuid4()),
            correlation_id=str(uuid4()),
        )
        if self._limits:
            request = request or Request()
            request = replace(request, options=(*request.options, *self._limits))
        style = style or self._style
        return Envelope(archetype=Archetype.REQUEST, style=style, header=header, request=request, payload=payload)

    def _exchange(
        self, body: bytes, envelope: Envelope | None, outline: Outline | None, timeout_s: float | None
    ) -> Answer:
        header = envelope.header if envelope else None
        if header is not None and header.async_reply and header.reply_address == self.reply_address:
            self._follow_later()  # before anything can come there
            self._later.expect(header.correlation_id or header.message_id or "")
        timeout_s = timeout_s or self._timeout_s
        deadline = time.monotonic() + timeout_s
        call = self._board.open(_asked(outline, envelope))
        try:
            self._publish(self._outgoing(call, body, envelope, timeout_s), call, deadline)
            call.done.wait(max(0.0, deadline - time.monotonic()))
            if call.outcome is None:
                raise _timed_out(call, timeout_s)
            if isinstance(call.outcome, Answer):
                return call.outcome
            raise call.outcome
        finally:
            self._board.close(call)

    def _outgoing(self, call: Call, body: bytes, envelope: Envelope | None, timeout_s: float) -> Outgoing:
        is_get = envelope is not None and envelope.header is not None and envelope.header.verb is Verb.GET
        return Outgoing(
            destination=self._destination(envelope),
            body=body,
            message_id=call.asked.message_id or call.transport_id,
            correlation_id=call.transport_id,
            reply_to=self._reply_to,
            kind=kind_of(envelope) if envelope else None,
            source=self._source,
            properties=properties_of(envelope) if envelope else {},
            persistent=not is_get,
            # A command that the broker dropped would be lost unseen; a question that nobody waits for is only noise.
            time_to_live_s=timeout_s if is_get else None,
            order_key=_order_key(envelope),
        )

    def _destination(self, envelope: Envelope | None) -> Queue | Topic:
        """The responder's queue, but the topic of our own events for an event."""
        header = envelope.header if envelope else None
        if envelope is None or header is None or envelope.archetype is not Archetype.EVENT:
            return self._requests
        return Topic(event_topic(self._context, self._source, header.verb, header.noun))

    def _publish(self, message: Outgoing, call: Call, deadline: float) -> None:
        """Send until the broker has it, or its answer is there, or the time is over."""
        address = "" if isinstance(message.destination, ReplyTo) else message.destination.name
        self._show(Direction.SENT, message.body, address)
        pause_s = _FIRST_RESEND_S
        while not call.done.is_set():
            left_s = deadline - time.monotonic()
            (outcome,) = self._transport.publish([message], timeout_s=max(0.01, min(_CONFIRM_TIMEOUT_S, left_s)))
            if outcome.state is PublishState.ACCEPTED:
                return
            if outcome.state is PublishState.REJECTED:
                raise PublishRejected(f"the broker refused the request: {outcome.reason}")
            if time.monotonic() + pause_s >= deadline:
                if call.done.wait(max(0.0, deadline - time.monotonic())):
                    return
                raise Unconfirmed(
                    f"whether the broker has the request is not known ({outcome.reason}); to ask again, send it with "
                    f"the same MessageID {message.message_id}"
                )
            self._log.warning("request not confirmed, sent again", message_id=message.message_id, reason=outcome.reason)
            call.done.wait(pause_s)
            pause_s = min(2 * pause_s, _LAST_RESEND_S)

    def _work_on_replies(self) -> None:
        while (item := self._replies.get()) is not None:
            take, delivery = item
            take(delivery)

    def _take_reply(self, delivery: Delivery) -> None:
        self._show(Direction.REPLY, delivery.body, delivery.address)
        message = self._decode(delivery.body, is_text=delivery.is_text)
        outline = message.outline
        body_id = outline.correlation_id if outline else None
        is_reply = isinstance(message, Refusal) or message.reply is not None
        match = self._board.find(delivery.correlation_id, body_id) if is_reply else None
        if match is None:
            self._log_dropped(delivery, body_id, self._board.count_stray(delivery.correlation_id, body_id))
        elif isinstance(message, Refusal):
            self._board.fail(match.call, UnreadableAnswer(message.error, delivery.body))
        else:
            repairs = self._board.add(match, AnswerPart(envelope=message, body=delivery.body))
            if repairs is None:
                self._log_dropped(delivery, body_id, "duplicate")
            for repair in repairs or ():
                self._log.warning("reply repaired on reading", repair=repair.name, details=repair.details)

    def _take_later(self, delivery: Delivery) -> None:
        self._show(Direction.REPLY, delivery.body, delivery.address)
        message = self._decode(delivery.body, is_text=delivery.is_text)
        body_id = message.outline.correlation_id if message.outline else None
        dropped, why = self._later.take(delivery, body_id, message)
        if why:
            self._log_dropped(delivery, body_id, why)
        self._acknowledge(*dropped)

    def _log_dropped(self, delivery: Delivery, body_id: str | None, why: str) -> None:
        self._log.warning(
            "reply dropped, no call waits for it",
            why=why,
            transport_correlation_id=delivery.correlation_id,
            correlation_id=body_id,
        )

    def _follow_later(self) -> None:
        """Take in what comes to `reply_address`, from the first request for it on and for the life of this client.

        Raises:
            ConnectFailed: the broker refuses the subscription.
        """
        with self._follow_later_lock:
            if not self._follows_later:
                self._transport.subscribe(
                    Subscription(destination=self._later_queue, prefetch=MOST_DELIVERIES),
                    lambda delivery: self._replies.put((self._take_later, delivery)),
                )
                self._follows_later = True

    def _work_on_events(self) -> None:
        while (item := self._events.get()) is not None:
            listener, delivery = item
            self._show(Direction.EVENT, delivery.body, delivery.address)
            self._take_event(listener, delivery)
            self._acknowledge(delivery)

    def _take_event(self, listener: _Listener, delivery: Delivery) -> None:
        message = self._decode(delivery.body, is_text=delivery.is_text)
        try:
            if isinstance(message, Envelope):
                listener.on_event(message)
            elif listener.on_refused is not None:
                listener.on_refused(message, delivery)
            else:
                self._log.warning("event cannot be read", address=delivery.address, reason=str(message.error))
        except Exception:  # noqa: BLE001 logged; the callback's bug must not end the subscription
            self._log.exception("event callback failed", address=delivery.address)

    def _take_followed(self, take: Callable[[Envelope], None], delivery: Delivery) -> None:
        self._show(Direction.EVENT, delivery.body, delivery.address)
        message = self._decode(delivery.body, is_text=delivery.is_text)
        if isinstance(message, Envelope):
            take(message)
        else:
            self._log.warning("event cannot be read", address=delivery.address, reason=str(message.error))
        self._acknowledge(delivery)

    def _acknowledge(self, *deliveries: Delivery) -> None:
        if not deliveries:
            return
        try:
            self._transport.settle(deliveries)
        except ConnectionLost as error:
            self._log.warning("messages not acknowledged, they may come again", reason=str(error))

    def _encode(self, envelope: Envelope) -> bytes:
        with self._codec_lock:
            return self._codec.encode(envelope, compress_above_bytes=self._compress_above_bytes)

    def _decode(self, body: bytes, *, is_text: bool = False) -> Envelope | Refusal:
        with self._codec_lock:
            return self._codec.decode(body, is_text=is_text)

    def _show(self, direction: Direction, body: bytes, address: str) -> None:
        if self._watcher is not None:
            self._watcher(Traffic(direction=direction, body=body, address=address))


def _order_key(envelope: Envelope | None) -> str | None:
    """The mRID of the one group that a command is about; None if it is about several, or names its group otherwise."""
    payload = envelope.payload if envelope else None
    mrids = set(_group_mrids(payload.content if payload else None))
    return mrids.pop() if len(mrids) == 1 else None


def _group_mrids(content: Content | None) -> Iterator[str | None]:
    """The mRID of each group that a command is about; None for what is named otherwise, and for single devices."""
    match content:
        case DERGroups(groups=groups):
            yield from (group.mrid for group in groups)
        case DERGroupDispatches(orders=orders):
            for order in orders:
                yield order.group.mrid if isinstance(order, DispatchOrder) and order.group else None
        case EndDeviceControls(controls=controls):
            for control in controls:
                if isinstance(control, EndDeviceControl):
                    yield from (group.mrid for group in control.groups)
                    yield from (None for _ in control.devices)
        case _:
            return


def _timed_out(call: Call, timeout_s: float) -> AnswerTimedOut:
    parts = tuple(call.parts)
    details = (
        f"no {'further ' if parts else ''}reply within {timeout_s:g} s; the request may have been carried out: ask for "
        "the object's state before you send it again"
    )
    partial = Answer.cut_short(parts, call.correlated_by, call.asked) if parts else None
    return AnswerTimedOut(details, partial=partial)


def _not_yet(call: Call, asked: Asked, timeout_s: float, queue_: Queue) -> AnswerTimedOut:
    parts = tuple(call.parts)
    details = (
        f"no {'further part of the ' if parts else ''}answer came to queue {queue_.name} within {timeout_s:g} s; ask "
        "for it again later: what comes is kept there"
    )
    partial = Answer.cut_short(parts, call.correlated_by, asked) if parts else None
    return AnswerTimedOut(details, partial=partial)


def _asked(outline: Outline | None, request: Envelope | None) -> Asked:
    if outline is None:
        return Asked(request=request)
    return Asked(message_id=outline.message_id, correlation_id=outline.correlation_id, request=request)
