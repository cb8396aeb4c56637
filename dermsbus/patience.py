"""Messages whose handling failed by a fault of ours, and when each is tried again.

A fault that has to do with what devices say just now may be over a moment later; one in the code alone is not. So a
message is tried some times, with growing delay, and then given up. Others are served meanwhile, but for those of the
same sender that came behind a message that may change something: what one system sends is done in the order in which it
was sent.

It lives as long as the process: who has waited is not acknowledged, and comes again after a restart.

Source: redelivery budget of the project's reference tables; order: ADR 25.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dermsbus.mailing import Trouble
from dermsbus.service import Received
from dermsbus.transports.base import Delivery

__all__ = ["Patience"]

_FIRST_DELAY_S: Final = 1.0
_LONGEST_DELAY_S: Final = 60.0


@dataclass(slots=True)
class _Line:
    """A message that failed, and behind it those of its sender that came after it."""

    deliveries: list[Delivery]
    due_s: float


@dataclass(slots=True)
class _Tried:
    """What is known of a delivery; it is held so that nothing else can have its identity."""

    delivery: Delivery
    begun: int | None = None
    trouble: Trouble | None = None


@dataclass(kw_only=True, slots=True)
class Patience:
    """Keeps what failed until it is due again. Used by the consumer's thread alone.

    Attributes:
        attempts: how often a message is tried, 1 or more.
        clock: monotonic seconds.
    """

    attempts: int = 5
    clock: Callable[[], float] = time.monotonic
    _lines: dict[str | int, _Line] = field(default_factory=dict)
    _tried: dict[int, _Tried] = field(default_factory=dict)

    def due(self) -> list[Delivery]:
        """The deliveries whose time has come, each with those behind it; they wait no more."""
        now_s = self.clock()
        lines = [self._lines.pop(key) for key, line in tuple(self._lines.items()) if line.due_s <= now_s]
        return [delivery for line in lines for delivery in line.deliveries]

    @property
    def next_due_s(self) -> float:
        """When the next one is due, by *clock*; infinity if nothing waits."""
        return min((line.due_s for line in self._lines.values()), default=math.inf)

    def waits(self, received: Received) -> bool:
        """True if it is not its turn: it waits already, or has to wait behind one of its sender from now on."""
        delivery = received.delivery
        if id(delivery) in self._lines:
            return True
        line = self._lines.get(received.sender) if received.sender is not None else None
        if line is None:
            return False
        if not any(each is delivery for each in line.deliveries):
            line.deliveries.append(delivery)
            self._known(delivery)
        return True

    def knows(self, delivery: Delivery) -> bool:
        """True if it was seen before by this process."""
        return id(delivery) in self._tried

    def failed(self, received: Received, at: datetime) -> Trouble:
        """It failed once more: it waits, unless that was the last attempt."""
        delivery = received.delivery
        tried = self._known(delivery)
        before = tried.trouble
        trouble = Trouble(attempts=1 + before.attempts if before else 1, first_at=before.first_at if before else at)
        tried.trouble = trouble
        if trouble.attempts < self.attempts:
            delay_s = min(_FIRST_DELAY_S * 2.0 ** (trouble.attempts - 1), _LONGEST_DELAY_S)
            # A get changes nothing: nobody has to wait for it.
            key = id(delivery) if received.key is None or received.sender is None else received.sender
            self._lines[key] = _Line([delivery], self.clock() + delay_s)
        return trouble

    def begun(self, delivery: Delivery, begin: Callable[[], int]) -> int:
        """How often it was begun by this process and those before; this one counts once, however often it is asked.

        Args:
            delivery: which came again.
            begin: writes down that it is begun once more, and says how often it was.
        """
        tried = self._tried.get(id(delivery))
        if tried is not None and tried.begun is not None:
            return tried.begun
        count = begin()  # may raise, and then it is not known any better than before
        self._known(delivery).begun = count
        return count

    def over(self, delivery: Delivery) -> None:
        """Nothing more is to be known of it, unless it waits."""
        if not any(delivery is each for line in self._lines.values() for each in line.deliveries):
            self._tried.pop(id(delivery), None)

    def _known(self, delivery: Delivery) -> _Tried:
        return self._tried.setdefault(id(delivery), _Tried(delivery))
