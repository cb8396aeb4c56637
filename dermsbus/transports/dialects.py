"""What each broker makes of STOMP 1.2: one frozen table of facts per broker, and how to tell which broker it is.

The transport has no branch on a broker's name. Where brokers differ, the difference is a field here.

Source: STOMP matrix, header mapping and reply-to spellings of the project's reference tables;
rows for ActiveMQ 5.17.2, Artemis 2.37.0 and RabbitMQ 3.10.8 were run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from dermsbus.errors import ConnectFailed
from dermsbus.transports.wire_names import ReplyForm

__all__ = ["DIALECTS", "Dialect", "ReplyQueue", "Spelling", "dialect_of"]

Headers = Mapping[str, str]


def _headers(**fields: str) -> Headers:
    return MappingProxyType({name.replace("_", "-"): value for name, value in fields.items()})


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a destination is written in a frame.

    Attributes:
        template: the ``destination`` header, with ``{}`` for the name.
        headers: what goes with it.
    """

    template: str
    headers: Headers = field(default_factory=_headers)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyQueue:
    """How a reply queue of our own is had.

    Attributes:
        subscribe: how to subscribe to it; None where the broker does it when it first sees the name in ``reply-to``.
        reply_to: the ``reply-to`` header, with ``{}`` for the name.
    """

    subscribe: Spelling | None
    reply_to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One broker's STOMP.

    Attributes:
        name: as in the setting ``dialect``.
        server: how its ``server`` header begins.
        queue_send: a queue in SEND.
        queue_subscribe: a queue in SUBSCRIBE.
        topic_send: a topic in SEND.
        topic_subscribe: a topic in SUBSCRIBE.
        rest_wildcard: the word for "all that follow" in a subscription.
        reply: how to answer to each spelling of a reply destination; one that is missing cannot be answered here.
        reply_queue: how a reply queue of our own is had.
        content_length: True if SEND carries ``content-length``.
        send_headers: goes with every SEND, so that a JMS peer sees a TextMessage.
        text_without_length: True if a MESSAGE without ``content-length`` was text; such a broker also marks it so.
        expiry: the header that ends a message's life, from time to live and now (both seconds).
        message_id: header of SEND for `Outgoing.message_id`, None where the broker allows none.
        duplicate_id: header by which the broker drops a repeat sent to a topic, None where it has none. Not for
            queues: a request or reply that is repeated on purpose must get through.
        transport_id: header of MESSAGE with the message id that its sender knows.
        internal: how headers begin that are the broker's own, and no application's.
        durable: headers of a durable topic subscription, from its name; its id is that of client and name.
        prefetch: header that limits deliveries in hand, from their number.
        selectors: False where the broker passes over a ``selector`` and delivers everything.
        declared_otherwise: finds in an ERROR the name of a queue that exists with other properties than STOMP would
            give it; None where that cannot happen.
        existing_queue: how to reach such a queue, for SEND and SUBSCRIBE.
        passing: parts of ERROR texts that mean "not now"; the same message can be accepted later.
    """

    name: str
    server: str
    queue_send: Spelling
    queue_subscribe: Spelling
    topic_send: Spelling
    topic_subscribe: Spelling
    rest_wildcard: str
    reply: Mapping[ReplyForm, Spelling]
    reply_queue: ReplyQueue
    content_length: bool
    send_headers: Headers
    text_without_length: bool
    expiry: Callable[[float, float], tuple[str, str]]
    message_id: str | None = None
    duplicate_id: str | None = None
    transport_id: str = "message-id"
    internal: tuple[str, ...] = ()
    durable: Callable[[str], Headers] = field(repr=False)
    prefetch: Callable[[int], tuple[str, str]] = field(repr=False)
    selectors: bool = True
    declared_otherwise: re.Pattern[str] | None = None
    existing_queue: Spelling | None = None
    passing: tuple[str, ...] = ()


def _expires_at(time_to_live_s: float, now_s: float) -> tuple[str, str]:
    return "expires", str(int((now_s + time_to_live_s) * 1000))


def _expires_in(time_to_live_s: float, _now_s: float) -> tuple[str, str]:
    return "expiration", str(max(1, int(time_to_live_s * 1000)))


def _as_written(*forms: ReplyForm) -> dict[ReplyForm, Spelling]:
    return {form: Spelling(form.value + "{}") for form in forms}


_CLASSIC = Dialect(
    name="activemq",
    server="ActiveMQ/",
    queue_send=Spelling("/queue/{}"),
    queue_subscribe=Spelling("/queue/{}"),
    topic_send=Spelling("/topic/{}"),
    topic_subscribe=Spelling("/topic/{}"),
    rest_wildcard=">",
    reply=MappingProxyType(
        {
            **_as_written(
                ReplyForm.QUEUE,
                ReplyForm.TOPIC,
                ReplyForm.TEMP_QUEUE,
                ReplyForm.TEMP_TOPIC,
                ReplyForm.REMOTE_TEMP_QUEUE,
                ReplyForm.REMOTE_TEMP_TOPIC,
            ),
            ReplyForm.QUEUE_URI: Spelling("/queue/{}"),
            ReplyForm.TOPIC_URI: Spelling("/topic/{}"),
            ReplyForm.TEMP_QUEUE_URI: Spelling("/remote-temp-queue/{}"),
            ReplyForm.TEMP_TOPIC_URI: Spelling("/remote-temp-topic/{}"),
            ReplyForm.PLAIN: Spelling("/queue/{}"),
        }
    ),
    reply_queue=ReplyQueue(subscribe=Spelling("/temp-queue/{}"), reply_to="/temp-queue/{}"),
    content_length=True,
    send_headers=_headers(amq_msg_type="text"),
    text_without_length=True,
    expiry=_expires_at,
    durable=lambda name: {"activemq.subscriptionName": name},
    prefetch=lambda count: ("activemq.prefetchSize", str(count)),
    passing=("Usage Manager",),
)

_ANYCAST: Final = _headers(destination_type="ANYCAST")
_MULTICAST: Final = _headers(destination_type="MULTICAST")

_ARTEMIS = Dialect(
    name="artemis",
    server="ActiveMQ-Artemis/",
    # Bare addresses with their type beside them mean the same whether the acceptor has prefixes configured or not.
    queue_send=Spelling("{}", _ANYCAST),
    queue_subscribe=Spelling("{}", _headers(subscription_type="ANYCAST")),
    topic_send=Spelling("{}", _MULTICAST),
    topic_subscribe=Spelling("{}", _headers(subscription_type="MULTICAST")),
    rest_wildcard="#",
    reply=MappingProxyType(
        {
            # Untouched and without a type: only the acceptor knows whether it strips these prefixes.
            **_as_written(ReplyForm.QUEUE, ReplyForm.TOPIC),
            ReplyForm.QUEUE_URI: Spelling("{}", _ANYCAST),
            ReplyForm.TOPIC_URI: Spelling("{}", _MULTICAST),
            ReplyForm.TEMP_QUEUE_URI: Spelling("{}", _ANYCAST),
            ReplyForm.TEMP_TOPIC_URI: Spelling("{}", _MULTICAST),
            ReplyForm.PLAIN: Spelling("{}", _ANYCAST),
        }
    ),
    reply_queue=ReplyQueue(subscribe=Spelling("{}", _headers(subscription_type="ANYCAST")), reply_to="queue://{}"),
    content_length=False,
    send_headers=_headers(),
    text_without_length=False,
    expiry=_expires_at,
    duplicate_id="_AMQ_DUPL_ID",
    # Its message-id is none that a JMS sender knows; only what came over OpenWire tells the sender's.
    transport_id="__HDR_MESSAGE_ID",
    internal=("_AMQ_", "__AMQ_", "__HDR_"),
    durable=lambda name: {"durable-subscription-name": name},
    # Artemis counts bytes, and 0 as one at a time; our messages are seldom smaller than a KiB.
    prefetch=lambda count: ("consumer-window-size", "0" if count == 1 else str(count * 1024)),
    passing=("AMQ229102",),
)

_RABBITMQ = Dialect(
    name="rabbitmq",
    server="RabbitMQ/",
    queue_send=Spelling("/queue/{}"),
    queue_subscribe=Spelling("/queue/{}"),
    topic_send=Spelling("/topic/{}"),
    topic_subscribe=Spelling("/topic/{}"),
    rest_wildcard="#",
    reply=MappingProxyType(
        {
            **_as_written(ReplyForm.QUEUE, ReplyForm.TOPIC, ReplyForm.REPLY_QUEUE),
            ReplyForm.QUEUE_URI: Spelling("/queue/{}"),
            ReplyForm.TOPIC_URI: Spelling("/topic/{}"),
            # Never declares a queue: the requester's is there, or nobody waits.
            ReplyForm.PLAIN: Spelling("/reply-queue/{}"),
        }
    ),
    reply_queue=ReplyQueue(subscribe=None, reply_to="/temp-queue/{}"),
    content_length=True,
    send_headers=_headers(),
    text_without_length=False,
    expiry=_expires_in,
    message_id="amqp-message-id",
    transport_id="amqp-message-id",
    # Keyed by the subscription's id, as there is no client id to keep two applications apart.
    durable=lambda _name: _headers(durable="true", auto_delete="false"),
    prefetch=lambda count: ("prefetch-count", str(count)),
    selectors=False,
    declared_otherwise=re.compile(r"PRECONDITION_FAILED - inequivalent arg .* for queue '(?P<name>[^']+)'"),
    existing_queue=Spelling("/amq/queue/{}"),
)

# Our own broker speaks as ActiveMQ Classic does.
_EMBEDDED = replace(_CLASSIC, name="embedded", server="dermsbus/", passing=())

DIALECTS: Final = MappingProxyType({each.name: each for each in (_CLASSIC, _ARTEMIS, _RABBITMQ, _EMBEDDED)})
"""Every dialect by its name in the setting ``dialect``."""


def dialect_of(server: str, wanted: str = "auto") -> Dialect:
    """The dialect to speak with a broker.

    Args:
        server: the ``server`` header of its CONNECTED; may be empty.
        wanted: a name from `DIALECTS`, or ``auto`` to go by *server*.

    Raises:
        ConnectFailed: the broker cannot be told by its header; says what to set.

    Source: house choice: a guess could send commands to the wrong kind of destination.
    """
    if wanted != "auto":
        return DIALECTS[wanted]
    for dialect in DIALECTS.values():
        if server.startswith(dialect.server):
            return dialect
    raise ConnectFailed(
        f"the broker calls itself {server[:60]!a}, which tells nothing of its dialect:"
        f" set dialect to one of {', '.join(DIALECTS)}"
    )
