"""Where messages go that could not be consumed, and what they say there.

Each destination has its own: what fails in ``/queue/NAME`` or on ``/topic/NAME`` is found in ``/queue/DLQ.NAME``.

Source: "STOMP on three brokers", row "DLQ default", of the project's reference tables, for the headers; a queue for
each destination is a house choice, ADR 10.
"""

from __future__ import annotations

from dataclasses import replace

from dermsbus.broker.addresses import Address, Kind, parse_subscribable
from dermsbus.broker.queues import Message, Queue, Role

__all__ = ["dead_letter", "is_dead_letter_queue"]

_PREFIX = "DLQ."


def is_dead_letter_queue(queue: Queue) -> bool:
    """True if *queue* is where others' messages end; nothing in it is ever dead-lettered again."""
    return queue.role is Role.QUEUE and queue.place.startswith(f"/{Kind.QUEUE}/{_PREFIX}")


def dead_letter(message: Message, queue: Queue, cause: str) -> Message:
    """The copy of *message* for the dead-letter queue of *queue*; it does not expire any more.

    Args:
        message: what failed.
        queue: where it failed.
        cause: why, for its ``dlqDeliveryFailureCause``.

    Returns:
        The same message with another destination and what happened to it in its headers.
    """
    # A queue fed by a virtual topic is one of several; what a topic's subscriber has, only the topic tells.
    origin = parse_subscribable(queue.place) if queue.role is Role.QUEUE else message.destination
    headers = {name: value for name, value in message.headers.items() if name != "expires"}
    headers |= {"original-destination": str(origin), "dlqDeliveryFailureCause": cause}
    if message.expires_at_ms is not None:
        headers["originalExpiration"] = str(message.expires_at_ms)
    return replace(
        message,
        destination=Address(Kind.QUEUE, f"{_PREFIX}{origin.name}"),
        headers=headers,
        expires_at_ms=None,
        group=None,
    )
