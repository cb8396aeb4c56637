"""Channels of an AMQP connection: questions with their answers, and publishing in which every message is confirmed.

Nothing here waits on the connection's own thread, and nothing touches pika's objects on any other.

Source: publishing rows of the project's AMQP table; what a channel closed by the broker means for its messages:
house choice, see `Publisher`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any, Final, Protocol, TypeVar

from dermsbus.errors import TransportError
from dermsbus.transports.amqp_messages import AmqpMessage, Properties
from dermsbus.transports.amqp_topology import BrokerRefused, PikaChannel, PikaFrame, Question
from dermsbus.transports.base import PublishOutcome, PublishState

__all__ = ["Channel", "Link", "Publisher", "fail", "rejected", "resolve", "unknown"]

T = TypeVar("T")
PikaConnection = Any
"""A connection of pika."""

_ACCEPTED: Final = PublishOutcome(state=PublishState.ACCEPTED)


class Link(Protocol):
    """What a channel needs of its connection."""

    @property
    def connection(self) -> PikaConnection:
        """The connection itself, for work on its own thread."""
        ...

    @property
    def blocked(self) -> str:
        """Why the broker does not take messages now; empty if it does."""
        ...

    def submit(self, work: Callable[[Future[T]], None]) -> Future[T]:
        """Run *work* on the connection's thread; its Future fails when the connection ends."""
        ...

    def ask(self, work: Callable[[Future[T]], None], purpose: str, deadline: float | None = None) -> T:
        """Submit *work* and wait for its result until *deadline* (monotonic seconds), or raise TransportError."""
        ...

    def fault_of(self, error: BaseException) -> TransportError:
        """What an exception of pika means."""
        ...

    def publish(self, channel: PikaChannel, message: AmqpMessage) -> None:
        """Write *message* on *channel*; on the connection's thread."""
        ...


class Channel:
    """One channel, to be opened once.

    Args:
        link: its connection.
        purpose: what it is for, for the text of errors.
        on_closed: called on the connection's thread when it was open and is not any more.
    """

    def __init__(self, link: Link, purpose: str, on_closed: Callable[[TransportError], None] | None = None) -> None:
        self._link = link
        self._purpose = purpose
        self._on_closed = on_closed
        self._asked: set[Future[Any]] = set()
        self._unsettled: set[int] = set()
        self._channel: PikaChannel = None

    @property
    def is_open(self) -> bool:
        """False before `open`, and after the broker or we closed it."""
        return self._channel is not None and bool(self._channel.is_open)

    def open(self, deadline: float | None = None) -> None:
        """Open it.

        Args:
            deadline: monotonic seconds; None for the patience of the connection.

        Raises:
            TransportError: the broker does not let us.
        """

        def begin(future: Future[PikaFrame]) -> None:
            self._note(future)
            self._channel = self._link.connection.channel(on_open_callback=partial(resolve, future))
            self._channel.add_on_close_callback(self._closed)

        self._link.ask(begin, self._purpose, deadline)

    def ask(self, question: Question, deadline: float | None = None) -> PikaFrame:
        """The broker's answer to *question*.

        Args:
            question: what to ask.
            deadline: monotonic seconds; None for the patience of the connection.

        Raises:
            BrokerRefused: it closed the channel over it.
            ConnectionLost: the connection ended, or no answer came in time.
        """

        def begin(future: Future[PikaFrame]) -> None:
            self._note(future)
            question(self._channel, partial(resolve, future))

        return self._link.ask(begin, self._purpose, deadline)

    def close(self) -> None:
        """Give it back; nothing is waited for."""

        def begin(future: Future[None]) -> None:
            if self.is_open:
                self._channel.close()
            resolve(future, None)

        self._link.submit(begin)

    def received(self, delivery_tag: int) -> None:
        """Note a delivery that is to be settled; on the connection's thread."""
        self._unsettled.add(delivery_tag)

    def acknowledge(self, delivery_tag: int) -> None:
        """Settle a delivery; on the connection's thread. A second time does nothing: it would cost the channel."""
        if delivery_tag in self._unsettled:
            self._unsettled.discard(delivery_tag)
            self._channel.basic_ack(delivery_tag)

    def _note(self, future: Future[PikaFrame]) -> None:
        self._asked.add(future)
        future.add_done_callback(self._asked.discard)

    def _closed(self, _: PikaChannel, reason: BaseException) -> None:
        fault = self._link.fault_of(reason)
        for future in tuple(self._asked):
            fail(future, fault)
        if self._on_closed is not None:
            self._on_closed(fault)


class _Batch:
    """What is known of messages that were sent together; written on the connection's thread."""

    def __init__(self, size: int, done: Future[None]) -> None:
        self.outcomes: list[PublishOutcome | BrokerRefused | None] = [None] * size
        self._missing = size
        self._done = done

    def settle(self, index: int, outcome: PublishOutcome | BrokerRefused) -> None:
        """Note the broker's word on one message."""
        self.outcomes[index] = outcome
        self._missing -= 1
        if not self._missing:
            resolve(self._done, None)


@dataclass(kw_only=True, slots=True)
class _Unconfirmed:
    """A message on its way, until the broker speaks."""

    message: AmqpMessage
    batch: _Batch
    index: int
    returned: str = ""


class ConfirmChannel(Channel):
    """A channel on which the broker confirms every message.

    Args:
        link: its connection.
    """

    def __init__(self, link: Link) -> None:
        super().__init__(link, "publishing", on_closed=self._cut_off)
        self._delivery_tag = 0
        self._unconfirmed: dict[int, _Unconfirmed] = {}

    def open(self, deadline: float | None = None) -> None:
        """Open it and switch confirms on."""
        super().open(deadline)

        def select(channel: PikaChannel, done: Callable[[PikaFrame], None]) -> None:
            channel.add_on_return_callback(self._returned)
            channel.confirm_delivery(self._confirmed, callback=done)

        self.ask(select, deadline)

    def send(self, messages: Sequence[AmqpMessage], deadline: float) -> list[PublishOutcome | BrokerRefused]:
        """Send all, then wait for the broker's word on each.

        Args:
            messages: one or more.
            deadline: monotonic seconds.

        Returns:
            For each message its outcome, or how the broker closed the channel before it confirmed the message.
        """
        batches: list[_Batch] = []

        def begin(future: Future[None]) -> None:
            batches.append(_Batch(len(messages), future))
            for index, message in enumerate(messages):
                self._link.publish(self._channel, message)
                self._delivery_tag += 1
                self._unconfirmed[self._delivery_tag] = _Unconfirmed(message=message, batch=batches[0], index=index)

        reason = ""
        try:
            self._link.submit(begin).result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            blocked = f": it blocks publishing, {self._link.blocked}" if self._link.blocked else ""
            reason = f"the broker confirmed nothing in time{blocked}"
        except TransportError as fault:
            reason = str(fault)
        outcomes = batches[0].outcomes if batches else [None] * len(messages)
        return [outcome or unknown(reason) for outcome in outcomes]

    def _returned(self, _: PikaChannel, returned: Any, properties: Properties, __: bytes) -> None:  # noqa: ANN401  pika
        """The broker gives a message back before it confirms it, and does not say which tag it had."""
        wanted = (returned.exchange, returned.routing_key, properties.message_id)
        for each in self._unconfirmed.values():
            message = each.message
            key = (message.exchange, message.routing_key, message.properties["message_id"])
            if not each.returned and key == wanted:
                each.returned = (
                    f"there is no queue {returned.routing_key} ({returned.reply_code} {returned.reply_text})"
                )
                return

    def _confirmed(self, frame: PikaFrame) -> None:
        tag = frame.method.delivery_tag
        tags = list(takewhile(lambda each: each <= tag, self._unconfirmed)) if frame.method.multiple else [tag]
        for each in tags:
            sent = self._unconfirmed.pop(each)
            if frame.method.NAME == "Basic.Nack":
                outcome = unknown("the broker could not take it now (nack)")
            else:
                outcome = rejected(sent.returned) if sent.returned else _ACCEPTED
            sent.batch.settle(sent.index, outcome)

    def _cut_off(self, fault: TransportError) -> None:
        unconfirmed, self._unconfirmed = self._unconfirmed, {}
        for each in unconfirmed.values():
            each.batch.settle(each.index, fault if isinstance(fault, BrokerRefused) else unknown(str(fault)))


class Publisher:
    """Publishes in one stream, and finds out which message it was when the broker closes the channel over one.

    A message that the broker will not have (no permission, no such exchange, too large for it) closes the channel and
    takes with it every message that is not yet confirmed; the broker does not say which one it was. So each of those
    is sent once more, alone: the guilty one is rejected, the others are accepted, some perhaps twice with the same
    MessageID. All together again they would end in the same way for ever.

    Args:
        link: the connection that publishes.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._channel = ConfirmChannel(link)

    def open(self) -> None:
        """Open the channel."""
        self._channel.open()

    def publish(self, messages: Sequence[AmqpMessage], deadline: float) -> list[PublishOutcome]:
        """Send *messages* in order, and wait until *deadline* (monotonic seconds) for one outcome for each."""
        if not messages:
            return []
        try:
            first = self._current_channel(deadline).send(messages, deadline)
            return self._one_by_one(messages, first, deadline)
        except TransportError as fault:
            return [unknown(str(fault))] * len(messages)

    def _current_channel(self, deadline: float) -> ConfirmChannel:
        with self._lock:
            if not self._channel.is_open:
                self._channel = ConfirmChannel(self._link)
                self._channel.open(deadline)
            return self._channel

    def _one_by_one(
        self, messages: Sequence[AmqpMessage], first: Sequence[PublishOutcome | BrokerRefused], deadline: float
    ) -> list[PublishOutcome]:
        outcomes: list[PublishOutcome] = []
        channel = ConfirmChannel(self._link)
        for message, outcome in zip(messages, first, strict=True):
            if isinstance(outcome, PublishOutcome):
                outcomes.append(outcome)
                continue
            if not channel.is_open:
                channel = ConfirmChannel(self._link)
                channel.open(deadline)
            [alone] = channel.send([message], deadline)
            outcomes.append(rejected(str(alone)) if isinstance(alone, BrokerRefused) else alone)
        if channel.is_open:
            channel.close()
        return outcomes


def resolve(future: Future[T], result: T) -> None:
    """Give *future* its result, unless it has one; on the connection's thread."""
    if not future.done():
        future.set_result(result)


def fail(future: Future[Any], fault: TransportError) -> None:
    """Let *future* fail, unless it has a result; on the connection's thread."""
    if not future.done():
        future.set_exception(fault)


def rejected(reason: str) -> PublishOutcome:
    """The broker said no."""
    return PublishOutcome(state=PublishState.REJECTED, reason=reason)


def unknown(reason: str) -> PublishOutcome:
    """Nobody knows."""
    return PublishOutcome(state=PublishState.UNKNOWN, reason=reason)
