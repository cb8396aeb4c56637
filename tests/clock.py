"""Time that passes when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["Clock", "stamp"]


class Clock:
    """Stands still until it is moved, and never goes back. May be read from several threads.

    Args:
        at: aware: the time that it shows at first.
    """

    def __init__(self, at: datetime = datetime(2024, 5, 1, 10, tzinfo=UTC)) -> None:
        self._at = at

    def __call__(self) -> datetime:
        return self._at

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once; 0 or more."""
        assert seconds >= 0, "time does not go back"
        self._at += timedelta(seconds=seconds)

    def in_s(self, seconds: float) -> str:
        """The ``xs:dateTime`` of so many seconds from now."""
        return stamp(self._at + timedelta(seconds=seconds))


def stamp(at: datetime) -> str:
    """The ``xs:dateTime`` of an aware instant, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
