"""Until when a request is worth anything, by its own words.

Source: option rows of the project's reference tables; the option is our own, ADR 26.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from dermsbus.errors import SchemaViolation, Violation
from dermsbus.messages.envelope import Envelope, Property

__all__ = ["MAX_EXECUTION_TIME", "deadline_of", "max_execution_time"]

MAX_EXECUTION_TIME: Final = "dermsbus.maxExecutionTime"
"""Name of the option; its value is a duration since ``Header/Timestamp``, such as ``PT30S``."""

_DURATION: Final = re.compile(
    r"P(?=\d|T\d)(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?", re.ASCII
)


def max_execution_time(duration_s: float) -> Property:
    """The option of a request that is worth something for *duration_s* seconds, more than 0, to the millisecond."""
    return Property(name=MAX_EXECUTION_TIME, value=f"PT{duration_s:.3f}S")


def deadline_of(message: Envelope) -> datetime | None:
    """When the request is to have been begun, and carried out; None where it does not say, or means never.

    Raises:
        SchemaViolation: 1.8, the duration cannot be read; 1.5, there is no Timestamp that it could count from.
    """
    options = message.request.options if message.request else ()
    text = next(((each.value or "").strip() for each in options if each.name == MAX_EXECUTION_TIME), None)
    if text is None:
        return None
    parts = _DURATION.fullmatch(text)
    if parts is None:
        details = f"option {MAX_EXECUTION_TIME}: {text[:64]!r} is not a duration in days, hours, minutes and seconds"
        raise SchemaViolation(Violation(rule="DURATION", details=f"{details}, such as PT30S"))
    stamp = message.header.timestamp if message.header else None
    if stamp is None:
        details = f"Header/Timestamp is missing, from which option {MAX_EXECUTION_TIME} counts"
        raise SchemaViolation(Violation(rule="TIMESTAMP", details=details), code="1.5")
    days, hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    try:
        return stamp.at + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None
