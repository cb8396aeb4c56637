"""A clock that runs faster than life, to where it is told, and waits there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["FastClock"]


class FastClock:
    """The time of a day that is told in minutes. Safe to use from several threads.

    It stands until it is told to run, and stands again where it was told to run to: what is to happen at an instant
    happens at that instant. It never runs far ahead of what is known of the devices, so that on a slow computer the
    day takes longer, and nothing in it goes wrong. It never goes back.

    Args:
        starts_at: aware: what it shows first.
        leash: by so much it may be ahead of what was `seen` last, more than 0.
        real_s: a clock of real seconds that never goes back.
    """

    def __init__(self, starts_at: datetime, *, leash: timedelta, real_s: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._now = starts_at
        self._until = starts_at
        self._pace = 0.0
        self._leash = leash
        self._seen = starts_at
        self._real_s = real_s
        self._last_s = real_s()

    def __call__(self) -> datetime:
        """What it shows: aware."""
        with self._lock:
            return self._advance()

    def run(self, until: datetime, pace: float) -> None:
        """Go on from now until an instant, then stand.

        Args:
            until: aware; one that is over stops the clock at once.
            pace: seconds of the day in a real second, more than 0.
        """
        with self._lock:
            self._advance()
            self._until = until
            self._pace = pace

    def seen(self, at: datetime) -> None:
        """Take it that what devices did at *at*, aware, is known by now."""
        with self._lock:
            self._advance()
            self._seen = max(self._seen, at)

    def _advance(self) -> datetime:
        real_s = self._real_s()
        limit = min(self._until, self._seen + self._leash)
        ahead = self._now + timedelta(seconds=(real_s - self._last_s) * self._pace)
        self._now = max(self._now, min(ahead, limit))
        self._last_s = real_s
        return self._now
