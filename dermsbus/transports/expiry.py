"""Until when a broker says that a message is worth anything.

Source: expiry rows of the project's STOMP and AMQP tables.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["expiry_after", "expiry_at"]

_MOST_DIGITS: Final = 14
"""So many milliseconds after 1970 is the year 5138; whoever writes more means never."""


def expiry_at(milliseconds: str | None) -> datetime | None:
    """The instant of an absolute expiry; None for never, which is also what cannot be read.

    Args:
        milliseconds: since 1970-01-01T00:00Z, as text; 0 for never.
    """
    count = _count(milliseconds)
    return datetime.fromtimestamp(count / 1000, UTC) if count else None


def expiry_after(milliseconds: str | None, sent_s: str | None) -> datetime | None:
    """The instant of an expiry that counts from when the message was sent; None where either is not known.

    Args:
        milliseconds: of life, as text.
        sent_s: seconds since 1970-01-01T00:00Z, as text; cut off, not rounded, so that it is up to a second early.
    """
    life, sent = _count(milliseconds), _count(sent_s)
    if life is None or not sent:
        return None
    try:
        return datetime.fromtimestamp(sent + 1, UTC) + timedelta(milliseconds=life)
    except (OverflowError, ValueError):
        return None  # after the year 9999: never


def _count(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        return None
    return int(text)
