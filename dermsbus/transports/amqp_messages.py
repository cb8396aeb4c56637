"""Messages as RabbitMQ has them: where an `Outgoing` goes and with which properties, and what a `Delivery` is made of.

Source: reply-to spellings, JMS client interop and header mapping of the project's reference
tables.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from dermsbus.errors import PublishRejected
from dermsbus.transports.amqp_settings import AmqpSettings
from dermsbus.transports.base import Delivery, Destination, Outgoing, Queue, ReplyTo, Topic
from dermsbus.transports.expiry import expiry_after
from dermsbus.transports.wire_names import ReplyForm, check_publishable, is_property_name, parse_reply_to

__all__ = ["AmqpMessage", "Deliver", "Properties", "as_text", "binding_key", "delivery_of", "message_of"]

_SHORT_STRING_BYTES: Final = 255

_QUEUE_FORMS: Final = frozenset(
    {
        ReplyForm.QUEUE,
        ReplyForm.TEMP_QUEUE,
        ReplyForm.REPLY_QUEUE,
        ReplyForm.QUEUE_URI,
        ReplyForm.TEMP_QUEUE_URI,
        ReplyForm.PLAIN,
    }
)
_TOPIC_FORMS: Final = frozenset({ReplyForm.TOPIC, ReplyForm.TOPIC_URI})

_DIRECT_REPLY: Final = "amq.rabbitmq.reply-to."
"""How the broker names a requester that waits on its channel without a queue; to it no message is ever routable."""


class Deliver(Protocol):
    """What is used of the method ``basic.deliver``."""

    delivery_tag: int
    exchange: str | bytes
    routing_key: str | bytes
    redelivered: bool


class Properties(Protocol):
    """What is used of a message's properties; pika leaves as bytes what is no UTF-8."""

    headers: Mapping[str | bytes, object] | None
    type: str | bytes | None
    message_id: str | bytes | None
    correlation_id: str | bytes | None
    reply_to: str | bytes | None
    expiration: str | bytes | None
    timestamp: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AmqpMessage:
    """A message ready for ``basic.publish``.

    Attributes:
        exchange: empty for the default exchange, which knows every queue by its name.
        routing_key: name of the queue or of the topic.
        mandatory: True if the broker is to say so when there is nobody to get it.
        properties: by AMQP's own names.
        body: bytes.
    """

    exchange: str
    routing_key: str
    mandatory: bool
    properties: Mapping[str, object]
    body: bytes


def message_of(message: Outgoing, settings: AmqpSettings) -> AmqpMessage:
    """*message* as RabbitMQ is to have it.

    Raises:
        PublishRejected: it cannot be sent; says why.
    """
    if len(message.body) > settings.max_body_bytes:
        raise PublishRejected(f"the body has {len(message.body)} bytes, more than {settings.max_body_bytes}")
    exchange, routing_key = _route(message.destination, settings)
    for name in message.properties:
        if not is_property_name(name):
            raise PublishRejected(f"property {name[:60]!a} refused: not a name that every peer can read")
    headers = {**message.properties, "JMSType": "TextMessage"}  # so RabbitMQ's JMS client makes a TextMessage of it
    if message.order_key is not None:
        headers["JMSXGroupID"] = message.order_key
    reply_to = message.reply_to.text if message.reply_to is not None else None
    _check_short_strings(
        {
            "routing key": routing_key,
            "message id": message.message_id,
            "correlation id": message.correlation_id,
            "reply-to": reply_to,
            "type": message.kind,
            "source": message.source,
        }
    )
    expires_ms = None if message.time_to_live_s is None else max(1, int(message.time_to_live_s * 1000))
    properties = {
        "content_type": "application/xml",
        "content_encoding": "utf-8",
        "headers": headers,
        "delivery_mode": 2 if message.persistent else 1,
        "message_id": message.message_id,
        "correlation_id": message.correlation_id,
        "reply_to": reply_to,
        "expiration": None if expires_ms is None else str(expires_ms),
        "timestamp": int(time.time()),
        "type": message.kind,
        "app_id": message.source,
    }
    return AmqpMessage(
        exchange=exchange,
        routing_key=routing_key,
        # An event may be heard by nobody; a request or reply must find a queue.
        mandatory=not exchange and not routing_key.startswith(_DIRECT_REPLY),
        properties=MappingProxyType(properties),
        body=message.body,
    )


def delivery_of(
    deliver: Deliver, properties: Properties, body: bytes, *, destination: Queue | Topic | None, token: object
) -> Delivery:
    """The `Delivery` of a received message.

    Args:
        deliver: the method that brought it.
        properties: its properties.
        body: as received; AMQP knows bytes only.
        destination: of the subscription; None for a reply.
        token: what settles it; None if nobody has to.
    """
    headers = {as_text(name): as_text(value) for name, value in (properties.headers or {}).items()}
    if properties.type is not None:
        headers["type"] = as_text(properties.type)  # a property of its own here, a header among headers in STOMP
    exchange, routing_key = as_text(deliver.exchange), as_text(deliver.routing_key)
    return Delivery(
        body=body,
        destination=destination,
        address=f"{exchange}/{routing_key}" if exchange else routing_key,
        reply_to=ReplyTo(as_text(properties.reply_to)) if properties.reply_to else None,
        correlation_id=as_text(properties.correlation_id) if properties.correlation_id else None,
        transport_id=as_text(properties.message_id) if properties.message_id else None,
        redelivered=bool(deliver.redelivered),
        expires_at=expiry_after(as_text(properties.expiration), as_text(properties.timestamp)),
        properties=MappingProxyType(headers),
        token=token,
    )


def binding_key(topic: Topic) -> str:
    """The pattern of a topic exchange that means the same as *topic* in a `Subscription`."""
    words = topic.name.split(".")
    return ".".join([*words[:-1], "#"]) if words[-1] == ">" else topic.name


def as_text(value: object) -> str:
    """A header's value, of whatever AMQP type, as text; nothing becomes an empty text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def _route(destination: Destination, settings: AmqpSettings) -> tuple[str, str]:
    """Exchange and routing key."""
    if isinstance(destination, ReplyTo):
        address = parse_reply_to(destination.text)
        if address.form in _QUEUE_FORMS:
            return "", address.name
        if address.form in _TOPIC_FORMS:
            return settings.event_exchange, address.name
        raise PublishRejected(f"reply destination {destination.text[:60]!a} refused: RabbitMQ has none of that kind")
    check_publishable(destination)
    return (settings.event_exchange if isinstance(destination, Topic) else ""), destination.name


def _check_short_strings(texts: Mapping[str, str | None]) -> None:
    # pika would find out only while it writes the frame, and take the channel with it.
    for what, text in texts.items():
        length = len(text.encode()) if text is not None else 0
        if length > _SHORT_STRING_BYTES:
            raise PublishRejected(f"{what} has {length} bytes, AMQP allows {_SHORT_STRING_BYTES}")
