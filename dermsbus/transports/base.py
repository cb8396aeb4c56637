"""What every transport promises: the vocabulary of the bus, free of any broker's spelling.

Threads: a transport runs its own. It hands each received message to the `Receiver` on its own thread and expects the
call to return at once. `Transport.publish` and `Transport.settle` are called from other threads and wait for the
broker's word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

__all__ = [
    "Delivery",
    "Destination",
    "LinkState",
    "LinkStatus",
    "Outgoing",
    "PublishOutcome",
    "PublishState",
    "Queue",
    "Receiver",
    "ReplyTo",
    "Subscription",
    "Topic",
    "Transport",
]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue by its logical name, such as ``cim.production.req.derms1``; one consumer gets each message."""

    name: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic by its logical name; every subscriber gets each message.

    In a `Subscription` a word may be ``*`` (any one word) and the last may be ``>`` (all that follow); a transport
    translates them to its broker's wildcards.
    """

    name: str


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """A reply destination exactly as a requester's broker spelled it; only the transport interprets it."""

    text: str


Destination = Queue | Topic | ReplyTo


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """What to receive.

    Attributes:
        destination: a queue, or a topic pattern.
        durable_name: for a topic, the name under which the broker keeps messages while we are away; None = live only.
        selector: a JMS condition on text properties, such as ``CIM_Noun = 'DERGroups'``: only what meets it is
            received; None = all. A broker that would ignore it is not given one: the subscription is refused.
        prefetch: most deliveries in hand and not settled, 1 or more.
    """

    destination: Queue | Topic
    durable_name: str | None = None
    selector: str | None = None
    prefetch: int = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One received message, not yet settled.

    Attributes:
        body: the bytes as received.
        is_text: True if the broker or client delivered text already decoded (then encoded here as UTF-8), so that an
            encoding named in the XML declaration says nothing about *body*.
        destination: the logical destination of the subscription that brought it.
        address: the concrete destination in the broker's spelling, for logs.
        reply_to: where the sender wants the answer, None if nowhere.
        correlation_id: the transport's correlation id, None if none.
        transport_id: the broker's or sender's transport message id, None if none.
        redelivered: True if the broker says that it was delivered before.
        expires_at: aware, UTC, by the clock of who sent it: from when on its sender does not want it carried out any
            more; None for never, or where nothing tells.
        properties: application properties (text); names as on the wire.
        token: what the transport needs to settle it; opaque to everyone else.
    """

    body: bytes
    is_text: bool = False
    destination: Queue | Topic | None = None
    address: str = ""
    reply_to: ReplyTo | None = None
    correlation_id: str | None = None
    transport_id: str | None = None
    redelivered: bool = False
    expires_at: datetime | None = None
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    token: object = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """One message to publish.

    Attributes:
        destination: where to.
        body: XML, UTF-8; any bytes where *is_text* is False.
        is_text: False for a copy of bytes that may be no text at all (an invalid message put aside).
        message_id: `Header/MessageID`, repeated when the same message is sent again.
        correlation_id: transport correlation id.
        reply_to: where the answer shall go; a temporary reply queue of this transport, or a queue.
        kind: JMSType, ``verb.Noun``.
        source: sending system, `Header/Source`.
        properties: ``CIM_…`` application properties.
        persistent: survives a restart of the broker.
        time_to_live_s: seconds, greater than 0, after which the broker may drop it; None = never.
        order_key: messages of one key are to be handled in order (JMSXGroupID); None = no such wish.
    """

    destination: Destination
    body: bytes
    message_id: str
    is_text: bool = True
    correlation_id: str | None = None
    reply_to: ReplyTo | None = None
    kind: str | None = None
    source: str | None = None
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    persistent: bool = True
    time_to_live_s: float | None = None
    order_key: str | None = None


class PublishState(StrEnum):
    """What is known of a published message."""

    ACCEPTED = "accepted"
    """The broker has it (persistent messages: on its disk)."""
    REJECTED = "rejected"
    """The broker said no: sending the same again will not help."""
    UNKNOWN = "unknown"
    """Nobody knows: send it again with the same MessageID."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishOutcome:
    """The broker's word on one message; *reason* says why where it was not accepted."""

    state: PublishState
    reason: str = ""


class LinkState(StrEnum):
    """The state of the connection to the broker."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkStatus:
    """The connection's state with what an operator needs to know about it.

    Attributes:
        state: the state now.
        broker: what is at the other end, such as ``ActiveMQ/5.17.2``, empty until known.
        reason: why it is not up; names the address and the cause, never a secret.
        connects: how often a connection was established since `Transport.start`.
    """

    state: LinkState
    broker: str = ""
    reason: str = ""
    connects: int = 0


Receiver = Callable[[Delivery], None]


class Transport(Protocol):
    """One connection to one broker that keeps itself alive.

    `start` returns at once; a supervisor connects, and after every loss connects again with back-off and jitter, and
    restores every subscription. One behaviour suite (``tests/contract``) holds all implementations to this text.
    """

    def start(self, on_status: Callable[[LinkStatus], None] | None = None) -> None:
        """Begin to connect. *on_status* is called on each change of state, on the transport's own thread."""
        ...

    def wait_until_up(self, timeout_s: float) -> None:
        """Return when connected and subscribed.

        Raises:
            ConnectFailed: not within *timeout_s* seconds; says what stood in the way.
        """
        ...

    def stop(self) -> None:
        """Close the connection and end all threads. Deliveries not settled go back to the broker. Idempotent."""
        ...

    @property
    def status(self) -> LinkStatus:
        """The connection's state now."""
        ...

    def subscribe(self, subscription: Subscription, receiver: Receiver) -> None:
        """Receive what *subscription* says, now if connected and after every reconnect.

        *receiver* runs on the transport's thread and must return at once and not raise.

        Raises:
            ConnectFailed: connected, and the broker refuses the subscription, or has no selectors and it has one.
            SettingsError: it cannot be subscribed to with these settings.
        """
        ...

    def open_reply_queue(self, receiver: Receiver) -> ReplyTo:
        """A reply destination of this connection, for `Outgoing.reply_to`.

        Its deliveries are settled by the transport itself. After a reconnect the same value is valid again, though
        replies sent meanwhile may be lost.

        Raises:
            ConnectFailed: not connected, or refused.
        """
        ...

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        """Send *messages* in order and wait for the broker's word on each.

        Never raises for a fault of broker or network: an outcome says it.

        Args:
            messages: in the order of sending.
            timeout_s: seconds to wait for all confirmations together.

        Returns:
            One outcome for each message, in the same order.
        """
        ...

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge each delivery by itself.

        A delivery of an earlier connection is passed over: the broker will deliver it again, marked so.

        Raises:
            ConnectionLost: the connection broke; the broker will deliver what is not settled again.
        """
        ...
