"""The answers that come to our reply queue, each from its coming until somebody asks for it.

An answer may come before it is asked for, and to a process that did not send its request, for that one has crashed. So
the broker keeps each of its messages until the answer was given away: what a process had not given away comes again to
the next one.

Source: asynchronous request/reply of the exchange patterns, and conformance case D1, of the project's reference tables;
what is kept for how long: house choice, ADR 29.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from dermsbus.client.answer import AnswerPart, Asked, Correlation, UnreadableAnswer
from dermsbus.client.calls import Call
from dermsbus.errors import DermsbusError
from dermsbus.messages.envelope import Envelope, Refusal
from dermsbus.transports.base import Delivery

__all__ = ["MOST_DELIVERIES", "LaterBoard", "LaterCall"]

MOST_DELIVERIES: Final = 2000
"""So many messages of answers that nobody has asked for are in hand; what comes after them waits in the queue."""

_STRANGERS_KEPT: Final = 1000
_REMEMBERED: Final = 10_000


@dataclass(eq=False, kw_only=True, slots=True)
class LaterCall:
    """One answer that comes later.

    Attributes:
        call: collects its parts.
        ids: all that it is known by.
        deliveries: its messages, by their bodies: of one that came again the last, which alone can be acknowledged.
        waiting: how many ask for it now.
    """

    call: Call
    ids: set[str]
    deliveries: dict[bytes, Delivery] = field(default_factory=dict)
    waiting: int = 0


class LaterBoard:
    """The answers that came and were not asked for, and those that are asked for and did not come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[str, LaterCall] = {}
        self._expected: OrderedDict[str, None] = OrderedDict()
        self._given: OrderedDict[str, None] = OrderedDict()

    def expect(self, correlation_id: str) -> None:
        """The answer to a request of our own is never dropped as a stranger's."""
        with self._lock:
            _remember(self._expected, [correlation_id])

    def open(self, asked: Asked) -> LaterCall:
        """The answer to a request, whatever came of it; to be closed or, if nothing comes, released."""
        ids = [each for each in (asked.correlation_id, asked.message_id) if each]
        with self._lock:
            later = self._find(ids) or self._new(ids)
            later.waiting += 1
            return later

    def release(self, later: LaterCall) -> None:
        """It is not asked for any more; what came of it is kept."""
        with self._lock:
            later.waiting -= 1
            if not later.waiting and not later.deliveries:
                self._forget(later)

    def close(self, later: LaterCall) -> list[Delivery]:
        """Forget an answer that was given away.

        Returns:
            What is to be acknowledged.
        """
        with self._lock:
            self._forget(later)
            _remember(self._given, later.ids)
            deliveries = list(later.deliveries.values())
            later.deliveries.clear()
            return deliveries

    def take(self, delivery: Delivery, body_id: str | None, message: Envelope | Refusal) -> tuple[list[Delivery], str]:
        """Take in a message, known by the transport's id or, where that is not known, by its CorrelationID.

        Returns:
            What is to be acknowledged now, for nobody will ask for it, and why that is; nothing and an empty text where
            all is kept.
        """
        ids = [each for each in (delivery.correlation_id, body_id) if each]
        if not ids or (isinstance(message, Envelope) and message.reply is None):
            return [delivery], "unmatched"
        with self._lock:
            if ids[0] in self._given:
                return [delivery], "duplicate"
            later = self._find(ids) or self._new(ids)
            if not _put(later, delivery, message):
                return [delivery], "duplicate"
            return self._without_too_many_strangers()

    def fail_all(self, reason: DermsbusError) -> None:
        """End the waiting for every answer that did not come."""
        with self._lock:
            for later in self._by_id.values():
                later.call.fail(reason)

    def _find(self, ids: Iterable[str]) -> LaterCall | None:
        return next((self._by_id[each] for each in ids if each in self._by_id), None)

    def _new(self, ids: list[str]) -> LaterCall:
        later = LaterCall(call=Call(transport_id=ids[0] if ids else str(uuid4()), asked=Asked()), ids=set(ids))
        self._by_id.update(dict.fromkeys(ids, later))
        return later

    def _forget(self, later: LaterCall) -> None:
        for each in later.ids:
            if self._by_id.get(each) is later:
                del self._by_id[each]

    def _without_too_many_strangers(self) -> tuple[list[Delivery], str]:
        """The oldest answer to a request that is none of ours, if there are too many of them."""
        kept = {id(later): later for later in self._by_id.values()}.values()
        strangers = [each for each in kept if not each.waiting and each.ids.isdisjoint(self._expected)]
        if len(strangers) <= _STRANGERS_KEPT:
            return [], ""
        self._forget(strangers[0])
        return list(strangers[0].deliveries.values()), "not asked for"


def _put(later: LaterCall, delivery: Delivery, message: Envelope | Refusal) -> bool:
    """Add a message to an answer; False if that has come already, and this is another."""
    again = delivery.body in later.deliveries
    if isinstance(message, Refusal):
        new = not later.call.done.is_set()
        later.call.fail(UnreadableAnswer(message.error, delivery.body))
    else:
        new = later.call.take(AnswerPart(envelope=message, body=delivery.body), Correlation.TRANSPORT)
    if new or again:
        later.deliveries[delivery.body] = delivery
    return new or again


def _remember(ids: OrderedDict[str, None], more: Iterable[str]) -> None:
    ids.update(dict.fromkeys(more))
    while len(ids) > _REMEMBERED:
        ids.popitem(last=False)
