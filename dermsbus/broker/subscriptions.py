"""The subscriptions of one connection, and which delivery an ACK or NACK speaks of."""

from __future__ import annotations

from collections.abc import Iterator

from dermsbus.broker.frames import Frame, Version
from dermsbus.broker.headers import required
from dermsbus.broker.queues import Subscription
from dermsbus.broker.refusals import Refused

__all__ = ["Subscriptions", "ack_id"]

_MOST = 1000


def ack_id(subscription: Subscription, tag: int) -> str:
    """The ``ack`` header of a delivery, unique on its connection for ever."""
    return f"{subscription.number}.{tag}"


class Subscriptions:
    """Subscriptions by their key: the ``id`` header, or in STOMP 1.0 the destination where there is none."""

    def __init__(self) -> None:
        self._by_key: dict[str, Subscription] = {}
        self._by_number: dict[str, Subscription] = {}

    def __iter__(self) -> Iterator[Subscription]:
        return iter(tuple(self._by_key.values()))

    def expect_free(self, key: str) -> None:
        """Return if there is room for a subscription *key*.

        Raises:
            Refused: there is one of this key, or too many.
        """
        if key in self._by_key:
            raise Refused(f"this connection has a subscription {key!r} already", "Use another id, or UNSUBSCRIBE it.")
        if len(self._by_key) >= _MOST:
            raise Refused(f"this connection has {_MOST} subscriptions, which is the most")

    def add(self, key: str, subscription: Subscription) -> None:
        """Remember *subscription*."""
        self._by_key[key] = self._by_number[str(subscription.number)] = subscription

    def remove(self, key: str) -> Subscription | None:
        """Forget the subscription *key* and return it; None if there is none."""
        subscription = self._by_key.pop(key, None)
        if subscription is not None:
            del self._by_number[str(subscription.number)]
        return subscription

    def clear(self) -> None:
        """Forget all."""
        self._by_key.clear()
        self._by_number.clear()

    def delivery(self, frame: Frame, version: Version) -> tuple[Subscription, int]:
        """The subscription and the tag of the delivery in flight that the ACK or NACK *frame* names.

        Raises:
            Refused: none of this connection is named.

        Source: "Common protocol points (STOMP 1.2)" of the project's reference tables.
        """
        name = "id" if version is Version.V1_2 else "message-id"
        given = required(frame, name)
        found = self._by_ack_id(given) if version is Version.V1_2 else self._by_message_id(given, frame, version)
        if found is None:
            raise Refused(
                f"no delivery {given[:80]!r} waits for an acknowledgement on this connection",
                "In STOMP 1.2 the id of ACK and NACK is the ack header of the MESSAGE; before, give its message-id and "
                "subscription. A delivery is settled once, and never by the client with ack:auto.",
            )
        return found

    def _by_ack_id(self, given: str) -> tuple[Subscription, int] | None:
        number, _, tag = given.partition(".")
        subscription = self._by_number.get(number)
        if subscription is None or not (tag.isascii() and tag.isdecimal() and len(tag) <= 18):
            return None
        return (subscription, int(tag)) if int(tag) in subscription.in_flight else None

    def _by_message_id(self, given: str, frame: Frame, version: Version) -> tuple[Subscription, int] | None:
        if version is Version.V1_0 and "subscription" not in frame.headers:
            candidates = tuple(self._by_key.values())
        else:
            named = self._by_key.get(required(frame, "subscription"))
            candidates = () if named is None else (named,)
        for subscription in candidates:
            for tag, entry in subscription.in_flight.items():
                if entry.message.message_id == given:
                    return subscription, tag
        return None
