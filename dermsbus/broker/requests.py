"""What a SUBSCRIBE frame asks for."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from dermsbus.broker.addresses import Address
from dermsbus.broker.queues import AckMode
from dermsbus.broker.selector import Selector

__all__ = ["DurableName", "SubscriptionRequest"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DurableName:
    """What identifies a durable subscription.

    Attributes:
        client_id: the ``client-id`` of its owner's connection.
        name: ``activemq.subscriptionName``.
    """

    client_id: str
    name: str

    @property
    def place(self) -> str:
        """The place of the queue that collects for it."""
        return f"/durable/{quote(self.client_id, safe='')}/{quote(self.name, safe='')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriptionRequest:
    """What to receive, and how.

    Attributes:
        label: its ``id``; None if a STOMP 1.0 client gave none.
        address: a queue, or a topic whose name may be a pattern; temporary ones in their remote form.
        ack: when a delivery is consumed.
        prefetch: most deliveries in flight, 1 or more; None for the default of the kind of destination.
        selector: which messages, None for all.
        durable: for a topic, the name under which messages are kept while nobody listens.
    """

    label: str | None
    address: Address
    ack: AckMode = AckMode.AUTO
    prefetch: int | None = None
    selector: Selector | None = None
    durable: DurableName | None = None
