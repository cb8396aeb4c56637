"""What was put aside: looked at, sent once more to where it was meant for, or dropped, over any broker.

No way to browse is known to all brokers. So messages are received and not acknowledged, and go back when the connection
ends; only one that was sent on, or is to be dropped, is acknowledged. Brokers that give up a message after so many
deliveries count that as one: what was looked at before is therefore put back as a new message, and then acknowledged.
Whatever ends this in between may leave a copy too many, never one too few.

Source: dead-letter and redelivery rows of the project's reference tables; how it is looked at: ADR 25.
"""

from __future__ import annotations

import codecs
import queue
import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self
from uuid import uuid4
from xml.sax.saxutils import unescape

from dermsbus.domain.addresses import dead_letter_queue, invalid_queue, request_queue
from dermsbus.errors import PublishRejected, Unconfirmed
from dermsbus.transports.base import Delivery, Outgoing, PublishState, Queue, ReplyTo, Subscription, Topic, Transport

__all__ = ["DeadLetter", "DeadLetters", "queues_of"]

_QUIET_S: Final = 0.5
"""Where nothing came for so long, nothing more is there."""

_FIRST_BYTES: Final = 65_536
_FIELDS: Final = ("Verb", "Noun", "Source", "MessageID")


def queues_of(context: str, derms: str) -> tuple[str, ...]:
    """The queues in which a DERMS puts messages aside: of requests and of events that failed, and of invalid ones.

    Args:
        context: such as ``production``.
        derms: its source.

    Raises:
        ValueError: one of them is not a word.
    """
    return (
        dead_letter_queue(context, request_queue(context, derms)),
        dead_letter_queue(context, f"evt.{derms}"),
        invalid_queue(context, derms),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """One message that was put aside, in hand and not acknowledged.

    Attributes:
        letter_id: the same at every look.
        queue: where it was found.
        delivery: as received.
        header: Verb, Noun, Source and MessageID, as far as its first 64 KiB show them; no parser is asked, as it may
            be there because one failed.
    """

    letter_id: str
    queue: str
    delivery: Delivery
    header: MappingProxyType[str, str]

    @classmethod
    def of(cls, delivery: Delivery, name: str) -> Self:
        """What *delivery* from the queue *name* is."""
        letter_id = delivery.properties.get("CIM_MessageID") or delivery.transport_id or ""
        return cls(letter_id=letter_id, queue=name, delivery=delivery, header=_header(delivery.body))

    def fact(self, name: str) -> str:
        """What was noted of it when it was put aside, such as ``Reason`` or ``Attempts``; empty if nothing was."""
        return self.delivery.properties.get(f"CIM_{name}", "")

    @property
    def is_ours(self) -> bool:
        """True if dermsbus put it aside, and not a broker."""
        return bool(self.fact("Code"))

    @property
    def is_whole(self) -> bool:
        """False if only its beginning was kept."""
        return not self.fact("OriginalBytes")

    @property
    def origin(self) -> Queue | Topic | None:
        """Where it was sent to at first; None where that was not noted."""
        if self.fact("OriginalQueue"):
            return Queue(self.fact("OriginalQueue"))
        return Topic(self.fact("OriginalTopic")) if self.fact("OriginalTopic") else None

    def again(self, to: Queue | Topic, reply_to: ReplyTo | None) -> Outgoing:
        """The message once more as its sender sent it: the same bytes, and so the same MessageID, under a new id.

        Args:
            to: where to.
            reply_to: where the answer shall go.
        """
        replays = self.fact("Replays")
        count = int(replays) + 1 if replays.isascii() and replays.isdecimal() and len(replays) < 9 else 1
        message_id = str(uuid4())
        return Outgoing(
            destination=to,
            body=self.delivery.body,
            is_text=self.delivery.is_text,
            message_id=message_id,
            correlation_id=message_id,
            reply_to=reply_to,
            properties=MappingProxyType(
                {"CIM_MessageID": self.header.get("MessageID") or message_id, "CIM_Replays": str(count)}
            ),
        )

    def put_back(self) -> Outgoing:
        """A copy of it for the same queue, with all that is noted of it."""
        delivery = self.delivery
        noted = {name: value for name, value in delivery.properties.items() if name.startswith("CIM_")}
        return Outgoing(
            destination=Queue(self.queue),
            body=delivery.body,
            is_text=delivery.is_text,
            message_id=self.letter_id,
            correlation_id=delivery.correlation_id,
            kind=delivery.properties.get("type"),
            source=noted.get("CIM_Source"),
            properties=MappingProxyType(noted),
        )


class DeadLetters:
    """The dead letters of some queues, from entering the block to its end.

    Args:
        transport: not started; its own connection, which ends with the block.
        queues: where to look.
        timeout_s: seconds to wait for the connection, and for each confirmation.
        most: how many are looked at in one queue at most, 1 or more.

    Raises:
        ConnectFailed: on entering: no connection in time.
    """

    def __init__(self, transport: Transport, queues: Sequence[str], *, timeout_s: float, most: int = 1000) -> None:
        self._transport = transport
        self._queues = tuple(queues)
        self._timeout_s = timeout_s
        self._most = most
        self._open = ExitStack()
        self._in_hand: dict[int, DeadLetter] = {}

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.callback(self._transport.stop)
            self._transport.start()
            self._transport.wait_until_up(self._timeout_s)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._open:
            self._put_back()

    def look(self) -> tuple[DeadLetter, ...]:
        """What is there, queue by queue, in the order of the broker; to be called once.

        Raises:
            ConnectFailed: a queue cannot be subscribed to.
        """
        arrived: queue.SimpleQueue[DeadLetter] = queue.SimpleQueue()
        for name in self._queues:
            self._transport.subscribe(
                Subscription(destination=Queue(name), prefetch=self._most),
                lambda delivery, name=name: arrived.put(DeadLetter.of(delivery, name)),  # type: ignore[misc]
            )
        letters: list[DeadLetter] = []
        while True:
            try:
                letters.append(arrived.get(timeout=_QUIET_S))
            except queue.Empty:
                break
        self._in_hand = {id(letter): letter for letter in letters}
        return tuple(sorted(letters, key=lambda letter: self._queues.index(letter.queue)))

    def replay(self, letter: DeadLetter, answered: queue.SimpleQueue[Delivery]) -> str:
        """Send it to where it was meant for; once the broker has it, it is no dead letter any more.

        Args:
            letter: in hand.
            answered: gets the answer, if there is one.

        Returns:
            The transport's correlation id of the answer.

        Raises:
            PublishRejected: it cannot be sent as it was, or the broker does not take it; it stays where it is.
            Unconfirmed: nobody knows whether the broker has it; it stays where it is.
            ConnectionLost: the broker has it and it may still be a dead letter, too.
        """
        to = letter.origin
        if to is None:
            raise PublishRejected(f"{letter.letter_id}: where it was sent to at first was not noted: send its body")
        if not letter.is_whole:
            raise PublishRejected(f"{letter.letter_id}: only its beginning was kept: ask its sender for it")
        reply_to = self._transport.open_reply_queue(answered.put)
        message = letter.again(to, reply_to)
        self._publish(message)
        self.drop([letter])
        return message.message_id

    def drop(self, letters: Iterable[DeadLetter]) -> None:
        """They are gone for good.

        Raises:
            ConnectionLost: some may still be there.
        """
        dropped = list(letters)
        self._transport.settle([letter.delivery for letter in dropped])
        for letter in dropped:
            self._in_hand.pop(id(letter), None)

    def _publish(self, message: Outgoing) -> None:
        (outcome,) = self._transport.publish([message], self._timeout_s)
        if outcome.state is PublishState.REJECTED:
            raise PublishRejected(f"the broker does not take it: {outcome.reason}")
        if outcome.state is PublishState.UNKNOWN:
            raise Unconfirmed(f"the broker did not say whether it has it: {outcome.reason}")

    def _put_back(self) -> None:
        """What was looked at before becomes a new message, for no broker to count it; the rest goes back by itself."""
        seen = [letter for letter in self._in_hand.values() if letter.delivery.redelivered and letter.is_ours]
        outcomes = self._transport.publish([letter.put_back() for letter in seen], self._timeout_s) if seen else ()
        there = [each for each, outcome in zip(seen, outcomes, strict=True) if outcome.state is PublishState.ACCEPTED]
        self.drop(there)


def _header(body: bytes) -> MappingProxyType[str, str]:
    start = body[:_FIRST_BYTES]
    is_utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = start.decode("utf-16" if is_utf16 else "utf-8", "replace")
    found = {name: re.search(rf"<(?:[\w.-]+:)?{name}\s*>([^<]*)<", text) for name in _FIELDS}
    return MappingProxyType({name: unescape(match[1]) for name, match in found.items() if match})
