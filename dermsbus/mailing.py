"""Envelopes and where they go: replies, events, and copies put aside, ready for the outbox.

Source: destination, header-mapping and dead-letter tables of the project's reference tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from dermsbus.dispatch import Event
from dermsbus.domain.addresses import dead_letter_queue, event_topic, invalid_queue
from dermsbus.domain.controls import EndDeviceEvent
from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import GroupForecast, GroupStatus
from dermsbus.errors import UnsupportedMessage, Violation
from dermsbus.messages.answers import Author
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
from dermsbus.messages.properties import kind_of, properties_of
from dermsbus.store.base import InboxKey, OutboxEntry
from dermsbus.transports.base import Delivery, Outgoing, Queue, Topic

__all__ = ["Mailing"]

_MOST_REASON_CHARS: Final = 1000
_LONGEST_KEY_BYTES: Final = 255
_LARGEST_BODY_BYTES: Final = 4 * 1024 * 1024 - 64 * 1024  # STOMP brokers take frames of 4 MiB, headers included
_LARGEST_COPY_BYTES: Final = 1024 * 1024


class Mailing:
    """Addresses the messages of one system.

    Args:
        codec: writes them.
        author: makes the headers of events.
        source: the system's word in destination names.
        context: the context's word in destination names.
        new_message_id: gives MessageIDs for copies that have no header of their own.
    """

    def __init__(
        self, *, codec: Codec, author: Author, source: str, context: str, new_message_id: Callable[[], str]
    ) -> None:
        self._codec = codec
        self._author = author
        self._source = source
        self._context = context
        self._new_message_id = new_message_id

    def answer(
        self, delivery: Delivery, envelope: Envelope, *, cause: InboxKey | None = None, persistent: bool = True
    ) -> tuple[OutboxEntry, ...]:
        """The answer to a delivery, to where its sender wants it; none where it did not say.

        The transport's correlation id is the delivery's own, else its message id (as JMS has it), else that in the
        envelope.

        Raises:
            UnsupportedMessage: 3.1, the answer is larger than what every broker takes.
        """
        if delivery.reply_to is None:
            return ()
        header = envelope.header
        message = Outgoing(
            destination=delivery.reply_to,
            body=self._body(envelope),
            message_id=(header.message_id if header else None) or self._new_message_id(),
            correlation_id=(
                delivery.correlation_id or delivery.transport_id or (header.correlation_id if header else None)
            ),
            kind=kind_of(envelope),
            source=self._source,
            properties=MappingProxyType(properties_of(envelope)),
            persistent=persistent,
        )
        return (OutboxEntry(message=message, cause=cause, is_reply=True),)

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
        if len(body) > _LARGEST_BODY_BYTES:
            details = (
                f"the {envelope.archetype} to it would have {len(body)} bytes, brokers take {_LARGEST_BODY_BYTES}: "
                "ask for, or change, fewer objects in one message"
            )
            raise UnsupportedMessage(Violation(rule="ANSWER-SIZE", details=details), code="3.1")
        return body

    def invalid(self, delivery: Delivery, *, code: str, rule: str, reason: str) -> OutboxEntry:
        """A copy of a message that cannot be read or answered, byte for byte, to the invalid-message queue.

        Of one that is too large for any queue the first MiB is kept, with its length and SHA-256 as properties.
        """
        queue = Queue(invalid_queue(self._context, self._source))
        return self._copy(delivery, queue, code=code, rule=rule, reason=reason)

    def dead_letter(self, delivery: Delivery, *, code: str, rule: str, reason: str) -> OutboxEntry:
        """A copy of a message that could be read and not handled, to the dead-letter queue of where it came from."""
        original = delivery.destination.name if isinstance(delivery.destination, Queue) else f"evt.{self._source}"
        return self._copy(
            delivery, Queue(dead_letter_queue(self._context, original)), code=code, rule=rule, reason=reason
        )

    def _copy(self, delivery: Delivery, queue: Queue, *, code: str, rule: str, reason: str) -> OutboxEntry:
        facts = {
            "CIM_Code": code,
            "CIM_Rule": rule,
            "CIM_Reason": " ".join(reason.split())[:_MOST_REASON_CHARS],
            "CIM_OriginalDestination": delivery.address,
            "CIM_OriginalMessageID": delivery.transport_id or "",
        }
        body = delivery.body
        if len(body) > _LARGEST_COPY_BYTES:
            facts |= {"CIM_OriginalBytes": str(len(body)), "CIM_OriginalSHA256": hashlib.sha256(body).hexdigest()}
            body = body[:_LARGEST_COPY_BYTES]
        message = Outgoing(
            destination=queue,
            body=body,
            is_text=delivery.is_text and len(body) == len(delivery.body),
            message_id=self._new_message_id(),
            correlation_id=delivery.correlation_id,
            kind="invalid",
            source=self._source,
            properties=MappingProxyType({name: value for name, value in facts.items() if value}),
        )
        return OutboxEntry(message=message)


def _key(mrid: str | None) -> str | None:
    """An order key for a group: its mRID, or a digest of one that no broker would take as a header."""
    if mrid is None or len(mrid.encode()) <= _LONGEST_KEY_BYTES:
        return mrid
    return hashlib.sha256(mrid.encode()).hexdigest()


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
