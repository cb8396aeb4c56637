"""Envelopes and where they go: replies, events, and copies put aside, ready for the outbox.

Source: destination, header-mapping and dead-letter tables of the project's reference tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from dermsbus.dispatch import Event
from dermsbus.domain.addresses import dead_letter_queue, event_topic, invalid_queue
from dermsbus.domain.controls import EndDeviceEvent
from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import GroupForecast, GroupStatus
from dermsbus.errors import UnsupportedMessage, Violation
from dermsbus.messages.answers import Author
from dermsbus.messages.chunks import LARGEST_MESSAGE_BYTES, AnswerWriter, WrittenMessage
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    DERGroupDispatches,
    DERGroupForecasts,
    DERGroups,
    DERGroupStatuses,
    DispatchOrder,
    EndDeviceEvents,
    Envelope,
)
from dermsbus.messages.peers import Peer
from dermsbus.messages.properties import kind_of, properties_of
from dermsbus.store.base import InboxKey, OutboxEntry
from dermsbus.transports.base import Delivery, Destination, Outgoing, Queue, Topic
from dermsbus.transports.wire_names import topic_matches

__all__ = ["Mailing", "Trouble"]

_MOST_REASON_CHARS: Final = 1000
_LONGEST_KEY_BYTES: Final = 255
_LARGEST_COPY_BYTES: Final = 1024 * 1024
_USUAL: Final = Peer()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What was seen of a message that could not be handled.

    Attributes:
        attempts: how often it was tried, 1 or more.
        first_at: when that failed first; aware, UTC. None where nobody was left to see it.
    """

    attempts: int
    first_at: datetime | None = None


class Mailing:
    """Addresses the messages of one system.

    Args:
        codec: writes them.
        author: makes the headers of events.
        source: the system's word in destination names.
        context: the context's word in destination names.
        new_message_id: gives MessageIDs for copies that have no header of their own, and for all but the first message
            of an answer that comes in several.
        reply_bytes: so large one message of an answer may be, at most `LARGEST_MESSAGE_BYTES`.
    """

    def __init__(
        self,
        *,
        codec: Codec,
        author: Author,
        source: str,
        context: str,
        new_message_id: Callable[[], str],
        reply_bytes: int = LARGEST_MESSAGE_BYTES,
    ) -> None:
        self._codec = codec
        self._answers = AnswerWriter(codec=codec, new_message_id=new_message_id, largest_bytes=reply_bytes)
        self._author = author
        self._source = source
        self._context = context
        self._new_message_id = new_message_id

    def answer(
        self,
        delivery: Delivery,
        envelope: Envelope,
        *,
        peer: Peer = _USUAL,
        cause: InboxKey | None = None,
        persistent: bool = True,
    ) -> tuple[OutboxEntry, ...]:
        """The answer to a delivery, to where its sender wants it, in as many messages as it takes.

        There are none where the sender did not say where to.

        The transport's correlation id is the delivery's own, else its message id (as JMS has it), else that in the
        envelope.

        Args:
            delivery: what it answers.
            envelope: the answer.
            peer: what is known of the sender.
            cause: the message that it answers, if that is remembered.
            persistent: a broker that restarts still has it.

        Raises:
            UnsupportedMessage: 3.1, the answer is too large for *peer*, or cannot be cut.
        """
        if delivery.reply_to is None:
            return ()
        return self._answer(delivery, delivery.reply_to, envelope, peer=peer, cause=cause, persistent=persistent)

    def later_answer(
        self,
        delivery: Delivery,
        to: Queue | Topic,
        envelope: Envelope,
        *,
        peer: Peer = _USUAL,
        cause: InboxKey | None = None,
    ) -> tuple[OutboxEntry, ...]:
        """The answer to a delivery whose sender wants it elsewhere; it outlives a restart of the broker.

        Args:
            delivery: what it answers.
            to: where to, which was found to be allowed.
            envelope: the answer.
            peer: what is known of the sender.
            cause: the message that it answers.

        Raises:
            UnsupportedMessage: 3.1, the answer is too large for *peer*, or cannot be cut.
        """
        return self._answer(delivery, to, envelope, peer=peer, cause=cause, persistent=True)

    def _answer(
        self,
        delivery: Delivery,
        to: Destination,
        envelope: Envelope,
        *,
        peer: Peer,
        cause: InboxKey | None,
        persistent: bool,
    ) -> tuple[OutboxEntry, ...]:
        header = envelope.header
        correlation_id = delivery.correlation_id or delivery.transport_id or (header.correlation_id if header else None)
        written = self._answers.write(envelope, peer)
        # of several consumers of a queue one is to have them all
        order_key = _key(correlation_id) if len(written) > 1 else None
        return tuple(
            OutboxEntry(
                message=self._reply(each, to, correlation_id, persistent=persistent, order_key=order_key),
                cause=cause,
                is_reply=True,
            )
            for each in written
        )

    def _reply(
        self,
        written: WrittenMessage,
        to: Destination,
        correlation_id: str | None,
        *,
        persistent: bool,
        order_key: str | None,
    ) -> Outgoing:
        header = written.envelope.header
        return Outgoing(
            destination=to,
            body=written.body,
            message_id=(header.message_id if header else None) or self._new_message_id(),
            correlation_id=correlation_id,
            kind=kind_of(written.envelope),
            source=self._source,
            properties=MappingProxyType(properties_of(written.envelope)),
            persistent=persistent,
            order_key=order_key,
        )

    def event(self, event: Event, cause: InboxKey | None = None) -> OutboxEntry:
        """A notification, to the topic of its verb and noun."""
        envelope = self._author.event(event.verb, event.noun.value, event.payload, event.correlation_id)
        header = envelope.header
        assert header is not None
        message = Outgoing(
            destination=Topic(event_topic(self._context, self._source, event.verb.value, event.noun.value)),
            body=self._body(envelope),
            message_id=header.message_id or "",
            kind=kind_of(envelope),
            source=self._source,
            properties=MappingProxyType(properties_of(envelope)),
            persistent=event.persistent,
            order_key=_only_group(event),
        )
        return OutboxEntry(message=message, cause=cause)

    def _body(self, envelope: Envelope) -> bytes:
        body = self._codec.encode(envelope)
        if len(body) > LARGEST_MESSAGE_BYTES:
            details = (
                f"the {envelope.archetype} to it would have {len(body)} bytes, brokers take {LARGEST_MESSAGE_BYTES}: "
                "ask for, or change, fewer objects in one message"
            )
            raise UnsupportedMessage(Violation(rule="ANSWER-SIZE", details=details), code="3.1")
        return body

    def invalid(self, delivery: Delivery, *, code: str, rule: str, reason: str) -> OutboxEntry:
        """A copy of a message that cannot be read or answered, byte for byte, to the invalid-message queue.

        Of one that is too large for any queue the first MiB is kept, with its length and SHA-256 as properties.
        """
        queue = Queue(invalid_queue(self._context, self._source))
        return self._copy(delivery, queue, _reasons(code, rule, reason), most_bytes=_LARGEST_COPY_BYTES)

    def dead_letter(self, delivery: Delivery, *, code: str, rule: str, reason: str, trouble: Trouble) -> OutboxEntry:
        """A copy of a message that could not be handled, to the dead-letter queue of where it came from.

        Whatever is known of it goes with it, so that it can be sent to where it was meant for when the fault is mended.
        """
        original = delivery.destination.name if isinstance(delivery.destination, Queue) else f"evt.{self._source}"
        queue = Queue(dead_letter_queue(self._context, original))
        history = {"CIM_Attempts": str(trouble.attempts)}
        if trouble.first_at is not None:
            history["CIM_FirstFailedAt"] = _instant(trouble.first_at)
        return self._copy(delivery, queue, _reasons(code, rule, reason) | history, most_bytes=LARGEST_MESSAGE_BYTES)

    def _copy(self, delivery: Delivery, queue: Queue, facts: dict[str, str], *, most_bytes: int) -> OutboxEntry:
        facts |= {
            "CIM_FailedAt": _instant(self._author.now()),
            "CIM_OriginalDestination": delivery.address,
            "CIM_OriginalMessageID": delivery.transport_id or "",
            "CIM_OriginalReplyTo": delivery.reply_to.text if delivery.reply_to else "",
            "CIM_Replays": delivery.properties.get("CIM_Replays", ""),
            **_origin(delivery),
        }
        body = delivery.body
        if len(body) > most_bytes:
            facts |= {"CIM_OriginalBytes": str(len(body)), "CIM_OriginalSHA256": hashlib.sha256(body).hexdigest()}
            body = body[:most_bytes]
        message = Outgoing(
            destination=queue,
            body=body,
            # what has a NUL not every broker takes as text
            is_text=delivery.is_text and len(body) == len(delivery.body) and b"\0" not in body,
            message_id=self._new_message_id(),
            correlation_id=delivery.correlation_id,
            kind="invalid",
            source=self._source,
            properties=MappingProxyType({name: value for name, value in facts.items() if value}),
        )
        return OutboxEntry(message=message)


def _reasons(code: str, rule: str, reason: str) -> dict[str, str]:
    return {"CIM_Code": code, "CIM_Rule": rule, "CIM_Reason": " ".join(reason.split())[:_MOST_REASON_CHARS]}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _origin(delivery: Delivery) -> dict[str, str]:
    """The queue or topic that it was sent to, by our own name of it; nothing where only the broker's is known."""
    match delivery.destination:
        case Queue(name):
            return {"CIM_OriginalQueue": name}
        case Topic(pattern):
            name = delivery.address.rpartition("/")[2]  # whatever a broker puts before it ends so
            return {"CIM_OriginalTopic": name} if topic_matches(pattern, name) else {}
        case None:
            return {}


def _key(text: str | None) -> str | None:
    """An order key: *text*, or a digest of one that no broker would take as a header."""
    if text is None or len(text.encode()) <= _LONGEST_KEY_BYTES:
        return text
    return hashlib.sha256(text.encode()).hexdigest()


def _only_group(event: Event) -> str | None:
    """The mRID of the one group, or device, an event speaks of: what is told of one stays in order."""
    match event.payload.content:
        case DERGroups(groups=(group,)):
            return _key(group.mrid)
        case DERGroupStatuses(statuses=(GroupStatus() as status,)):
            return _key(status.group.mrid)
        case DERGroupForecasts(forecasts=(GroupForecast() as forecast,)):
            return _key(forecast.group.mrid)
        case DERGroupDispatches(orders=(DispatchOrder(group=GroupReference() as group),)):
            return _key(group.mrid)
        case EndDeviceEvents(events=(EndDeviceEvent() as told,)):
            return _key(told.device.mrid)
        case _:
            return None
