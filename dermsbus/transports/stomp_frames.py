"""Frames as values, and what becomes of an `Outgoing` or a MESSAGE: pure functions, no socket, no library.

Source: header mapping, STOMP points and JMS vocabulary of the project's reference tables.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from dermsbus.errors import ConnectFailed, PublishRejected
from dermsbus.transports.base import Delivery, Destination, Outgoing, Queue, ReplyTo, Subscription, Topic
from dermsbus.transports.dialects import Dialect, Spelling
from dermsbus.transports.expiry import expiry_after, expiry_at
from dermsbus.transports.wire_names import check_publishable, parse_reply_to, wire_properties

__all__ = ["Frame", "delivery_of", "fault_of", "reply_subscribe_frame", "send_frame", "subscribe_frame"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One frame of a client, not yet escaped.

    Attributes:
        command: ``SEND``, ``SUBSCRIBE``, ``ACK`` or ``DISCONNECT``.
        headers: without ``receipt``.
        body: empty but for SEND.
    """

    command: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes = b""


_MEDIA_TYPE: Final = "application/xml; charset=utf-8"
_BYTES: Final = "application/octet-stream"

_PROTOCOL_HEADERS: Final = frozenset(
    {
        *("ack", "amq-msg-type", "amqp-message-id", "content-length", "content-type", "correlation-id"),
        *("destination", "destination-type", "expiration", "expires", "message-id", "persistent", "priority"),
        *("receipt", "redelivered", "reply-to", "subscription", "timestamp"),
    }
)
"""Headers of MESSAGE that are no application properties; ``receipt`` leaks through from the sender's frame."""

_NOT_FOR_PROPERTIES: Final = _PROTOCOL_HEADERS | {"durable", "exclusive", "id", "selector", "transaction", "type"}
"""Names that mean something in SEND: a property of that name would not be one."""

_TRACE: Final = re.compile(r"^\s*(at\s|Caused by:|[\w.$]+(Exception|Error)\b)")
_LONGEST_FAULT: Final = 200

_LONGEST_HEADER: Final = 10_000
"""Octets of one header; ActiveMQ Classic ends the connection beyond 10 240."""


def send_frame(
    message: Outgoing, dialect: Dialect, *, existing: Collection[str], now_s: float, max_frame_bytes: int
) -> Frame:
    """The SEND for *message*.

    Args:
        message: what to publish.
        dialect: the broker's.
        existing: names of queues that must not be declared by STOMP.
        now_s: seconds since the epoch.
        max_frame_bytes: the largest frame the broker takes, headers included.

    Raises:
        PublishRejected: it cannot be put in a frame, or must not: says why.
    """
    spelling, name = _spelling(message.destination, dialect, existing)
    headers = {
        **_properties(message),
        **(dialect.send_headers if message.is_text else {}),  # they make a text of it, which bytes may not survive
        **spelling.headers,
        "destination": spelling.template.format(name),
        "content-type": _MEDIA_TYPE if message.is_text else _BYTES,
    }
    if dialect.content_length or not message.is_text:
        headers["content-length"] = str(len(message.body))
    elif b"\0" in message.body:
        raise PublishRejected("the body has a NUL, which this broker would take for the end of the message")
    headers.update(_options(message, dialect, now_s))
    _check_size(headers, message.body, max_frame_bytes)
    return Frame(command="SEND", headers=headers, body=message.body)


def subscribe_frame(
    subscription: Subscription, *, subscription_id: str, dialect: Dialect, existing: Collection[str]
) -> Frame:
    """The SUBSCRIBE for *subscription*, each message to be acknowledged by itself.

    Args:
        subscription: its names were checked.
        subscription_id: what MESSAGE frames shall carry.
        dialect: the broker's.
        existing: names of queues that must not be declared by STOMP.

    Raises:
        ConnectFailed: it has a selector, and the broker has none.
    """
    if subscription.selector is not None and not dialect.selectors:
        raise ConnectFailed(
            f"selector {subscription.selector[:60]!a} refused: {dialect.name} has none over STOMP, and would deliver"
            " everything: subscribe to a topic of your own instead"
        )
    destination = subscription.destination
    name = destination.name
    if isinstance(destination, Queue):
        spelling = dialect.queue_subscribe
        if dialect.existing_queue is not None and name in existing:
            spelling = dialect.existing_queue
    else:
        spelling = dialect.topic_subscribe
        if name == ">" or name.endswith(".>"):
            name = name[:-1] + dialect.rest_wildcard
    window, limit = dialect.prefetch(subscription.prefetch)
    durable = dialect.durable(subscription.durable_name) if subscription.durable_name is not None else {}
    headers = {
        "id": subscription_id,
        "ack": "client-individual",
        "destination": spelling.template.format(name),
        window: limit,
        **spelling.headers,
        **durable,
        **({"selector": subscription.selector} if subscription.selector is not None else {}),
    }
    return Frame(command="SUBSCRIBE", headers=headers)


def reply_subscribe_frame(name: str, *, subscription_id: str, dialect: Dialect) -> Frame | None:
    """The SUBSCRIBE for a reply queue of our own; None where the broker subscribes for us."""
    spelling = dialect.reply_queue.subscribe
    if spelling is None:
        return None
    return Frame(
        command="SUBSCRIBE",
        headers={
            "id": subscription_id,
            "ack": "auto",
            "destination": spelling.template.format(name),
            **spelling.headers,
        },
    )


def delivery_of(
    headers: Mapping[str, str], body: bytes, *, destination: Queue | Topic | None, dialect: Dialect, token: object
) -> Delivery:
    """What a MESSAGE brought.

    Args:
        headers: unescaped.
        body: exactly as received.
        destination: that of the subscription.
        dialect: the broker's.
        token: what the transport needs to settle it, None if it is settled.
    """
    reply_to = headers.get("reply-to")
    marked_text = "content-length" not in headers or headers.get("amq-msg-type") == "text"
    properties = {
        key: text
        for key, text in headers.items()
        if key not in _PROTOCOL_HEADERS and not key.startswith(dialect.internal)
    }
    return Delivery(
        body=body,
        is_text=dialect.text_without_length and marked_text,
        destination=destination,
        address=headers.get("destination", ""),
        reply_to=ReplyTo(reply_to) if reply_to else None,
        correlation_id=headers.get("correlation-id"),
        transport_id=headers.get(dialect.transport_id),
        redelivered=headers.get("redelivered") == "true",
        expires_at=expiry_at(headers.get("expires"))
        or expiry_after(headers.get("expiration"), headers.get("timestamp")),
        properties=MappingProxyType(properties),
        token=token,
    )


def fault_of(headers: Mapping[str, str], body: bytes) -> str:
    """What an ERROR says, in one line that may be logged and shown: never a server's stack trace."""
    text = _first_line(headers.get("message", ""))
    detail = _first_line(body[:1000].decode("utf-8", "replace"))
    if detail and not _TRACE.match(detail) and detail != text:
        text = f"{text}: {detail}" if text else detail
    return text or "ERROR without a text"


def _spelling(destination: Destination, dialect: Dialect, existing: Collection[str]) -> tuple[Spelling, str]:
    if isinstance(destination, ReplyTo):
        address = parse_reply_to(destination.text)
        name, known = address.name, dialect.reply.get(address.form)
        if known is None:
            raise PublishRejected(
                f"a reply destination spelled {address.form.value}… cannot be reached over STOMP here"
            )
        spelling = known
    else:
        check_publishable(destination)
        name = destination.name
        spelling = dialect.queue_send if isinstance(destination, Queue) else dialect.topic_send
    if dialect.existing_queue is not None and name in existing and spelling == dialect.queue_send:
        spelling = dialect.existing_queue
    return spelling, name


def _properties(message: Outgoing) -> dict[str, str]:
    properties = wire_properties(message)
    taken = _NOT_FOR_PROPERTIES & properties.keys()
    if taken:
        raise PublishRejected(f"no property can be called {', '.join(sorted(taken))}: it means something else in STOMP")
    return properties


def _options(message: Outgoing, dialect: Dialect, now_s: float) -> dict[str, str]:
    """The headers that say how, not what."""
    wanted: dict[str, str | None] = {
        "persistent": "true" if message.persistent else None,
        "correlation-id": message.correlation_id,
        "reply-to": message.reply_to.text if message.reply_to is not None else None,
        "type": message.kind,
        "JMSXGroupID": message.order_key,
    }
    if message.time_to_live_s is not None:
        header, moment = dialect.expiry(message.time_to_live_s, now_s)
        wanted[header] = moment
    if dialect.message_id is not None:
        wanted[dialect.message_id] = message.message_id
    if dialect.duplicate_id is not None and isinstance(message.destination, Topic):
        wanted[dialect.duplicate_id] = message.message_id
    return {header: value for header, value in wanted.items() if value is not None}


def _check_size(headers: Mapping[str, str], body: bytes, max_frame_bytes: int) -> None:
    """A frame beyond a broker's limits costs the connection, again at each repetition: it must not be sent at all."""
    total = len(body)
    for header, value in headers.items():
        if "\0" in value:
            raise PublishRejected(f"header {header} has a NUL")
        octets = 2 * len(value.encode())  # at worst each one is escaped
        if octets > _LONGEST_HEADER:
            raise PublishRejected(f"header {header} is too long with {len(value)} characters")
        total += len(header) + octets + 2
    if total > max_frame_bytes:
        raise PublishRejected(f"the message needs a frame of {total} bytes, at most {max_frame_bytes} may be sent")


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return "".join(character if character.isprintable() else " " for character in line)[:_LONGEST_FAULT].strip()
