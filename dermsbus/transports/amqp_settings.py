"""What has to be known to use RabbitMQ: where it is, who we are there, and what things are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dermsbus.errors import SettingsError
from dermsbus.transports.supervisor import Backoff
from dermsbus.transports.tls import TlsSettings

__all__ = ["AmqpSettings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class AmqpSettings:
    """How to reach RabbitMQ over AMQP 0-9-1, and what its exchanges and queues are.

    Attributes:
        host: name or address; with TLS the name in the broker's certificate.
        port: TCP port.
        virtual_host: which of the broker's worlds.
        user: login name.
        password: its password; never shown.
        tls: how to verify the broker; None for plain TCP.
        heartbeat_s: seconds, 1 or more; a silent broker is given up after at most 1.4 times of it.
        connect_timeout_s: seconds for one attempt to connect, and for the broker's answer to any one question.
        blocked_connection_timeout_s: seconds that the broker may keep publishing blocked before we hang up.
        client_name: how our connections are called in the broker's management view.
        request_exchange: direct exchange to which every queue is bound by its name.
        event_exchange: topic exchange for events.
        reply_exchange: direct exchange to which every reply queue of ours is bound by its name.
        dead_letter_exchange: topic exchange for what a queue gave up.
        dead_letter_queue: durable queue that keeps all of it.
        unrouted_exchange: fanout exchange that gets the events nobody listens to, as long as no other exchange does.
        stomp_topic_exchange: where the broker's STOMP plugin has its topics: events go there and are heard from there
            too; empty if that is not wanted. To the broker, an exchange that listens is somebody who does.
        reply_queue_prefix: how the names of our own reply queues begin, for rules of access.
        quorum: queues that outlive us are quorum queues; False for classic durable queues.
        delivery_limit: how often a quorum queue delivers a message before it gives it up; None for the broker's own.
        single_active_consumer: a queue has one consumer at a time, which keeps the order. When it goes, the next takes
            over, and what the first had in hand comes again, perhaps behind newer messages.
        max_body_bytes: larger messages are refused before they are sent; at most what the broker takes.
        backoff: how long to wait between attempts to connect.

    Raises:
        SettingsError: a value that cannot be used.

    Source: sections 12 and 18 of the project's reference tables and the client settings of its failure model; one
    dead-letter queue for all, and a single active consumer by default: house choice.
    """

    host: str
    port: int = 5672
    virtual_host: str = "/"
    user: str = "guest"
    password: str = field(default="guest", repr=False)
    tls: TlsSettings | None = None
    heartbeat_s: float = 10.0
    connect_timeout_s: float = 15.0
    blocked_connection_timeout_s: float = 10.0
    client_name: str = "dermsbus"
    request_exchange: str = "cim.req"
    event_exchange: str = "cim.evt"
    reply_exchange: str = "cim.rep"
    dead_letter_exchange: str = "cim.dlx"
    dead_letter_queue: str = "cim.dlq"
    unrouted_exchange: str = "cim.unrouted"
    stomp_topic_exchange: str = "amq.topic"
    reply_queue_prefix: str = "cim.temp."
    quorum: bool = True
    delivery_limit: int | None = 20
    single_active_consumer: bool = True
    max_body_bytes: int = 4 * 1024 * 1024
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise SettingsError("port", f"{self.port} is no TCP port")
        if self.heartbeat_s < 1:
            raise SettingsError("heartbeat_s", f"{self.heartbeat_s:g} is less than 1, the least that AMQP can say")
        for key in ("connect_timeout_s", "blocked_connection_timeout_s", "max_body_bytes"):
            if getattr(self, key) <= 0:
                raise SettingsError(key, "must be greater than 0")
        if self.delivery_limit is not None and self.delivery_limit < 1:
            raise SettingsError("delivery_limit", "must be 1 or more, or none for the broker's own")

    @property
    def address(self) -> str:
        """Where it leads, as a URL without login."""
        virtual_host = "" if self.virtual_host == "/" else self.virtual_host
        return f"{'amqp' if self.tls is None else 'amqps'}://{self.host}:{self.port}/{virtual_host}"

    @property
    def queue_arguments(self) -> Mapping[str, object]:
        """Arguments of a queue that outlives us; a queue that exists with others is used as it is."""
        arguments: dict[str, object] = {"x-dead-letter-exchange": self.dead_letter_exchange}
        if self.single_active_consumer:
            arguments["x-single-active-consumer"] = True
        if self.quorum:
            # At-least-once dead-lettering loses nothing on the way to the dead-letter queue; it needs reject-publish.
            arguments |= {
                "x-queue-type": "quorum",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            }
            if self.delivery_limit is not None:
                arguments["x-delivery-limit"] = self.delivery_limit
        return MappingProxyType(arguments)

    @property
    def dead_letter_queue_arguments(self) -> Mapping[str, object]:
        """Arguments of the queue that keeps dead letters: it gives nothing up itself."""
        return MappingProxyType({"x-queue-type": "quorum"} if self.quorum else {})
