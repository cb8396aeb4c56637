"""Times and durations as a person writes and reads them: the clock of the local zone, and 90s, 15m, 2h or 1d."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from dermsbus.domain.quantities import IntervalUnit
from dermsbus.errors import SettingsError

__all__ = ["as_interval", "clock_text", "instant_text", "read_duration", "read_start", "read_time"]

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DURATION: Final = re.compile(r"(?:\d{1,9}[smhd])+", re.ASCII)
_PART: Final = re.compile(r"(\d+)([smhd])", re.ASCII)
_UNITS: Final = MappingProxyType(
    {
        "d": timedelta(days=1),
        "h": timedelta(hours=1),
        "m": timedelta(minutes=1),
        "s": timedelta(seconds=1),
    }
)
_INTERVALS: Final = (
    (IntervalUnit.DAY, timedelta(days=1)),
    (IntervalUnit.HOUR, timedelta(hours=1)),
    (IntervalUnit.MINUTE, timedelta(minutes=1)),
    (IntervalUnit.SECOND, timedelta(seconds=1)),
)


def read_time(text: str, now: datetime, *, where: str) -> datetime:
    """The instant that *text* names.

    A time of the clock such as ``14:30`` is the next one in the local zone, today or tomorrow; that of the last minute
    is today's, for who asks for it means now. Anything else is ISO 8601; without an offset it is in the local zone.

    Args:
        text: as a person wrote it.
        now: aware: from when on the next time of the clock is sought.
        where: in which option or line it stands, for the error.

    Returns:
        Aware, UTC, without fractions of a second.

    Raises:
        SettingsError: *text* is neither.
    """
    found = _CLOCK.fullmatch(text.strip())
    try:
        if found:
            hour, minute, second = (int(number or 0) for number in found.groups())
            return _next(time(hour, minute, second), now)
        return datetime.fromisoformat(text.strip()).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            where, f"{text[:64]!r} is no time: write 14:30, or ISO 8601 such as 2026-05-01T14:30+02:00"
        ) from error


def _next(clock: time, now: datetime) -> datetime:
    today = now.astimezone().date()
    at = _on(today, clock)
    return at if at >= now - timedelta(minutes=1) else _on(today + timedelta(days=1), clock)


def _on(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock).astimezone(UTC)


def read_duration(text: str, *, where: str) -> timedelta:
    """How long *text* says: numbers with s, m, h or d, such as ``90s``, ``15m`` or ``1h30m``.

    Args:
        text: as a person wrote it.
        where: in which option or line it stands, for the error.

    Returns:
        Whole seconds, 0 or more.

    Raises:
        SettingsError: *text* is no duration, or one of more than a hundred years.
    """
    if _DURATION.fullmatch(text.strip()):
        seconds = sum(int(number) * _UNITS[unit].total_seconds() for number, unit in _PART.findall(text))
        if seconds <= timedelta(days=36_525).total_seconds():
            return timedelta(seconds=seconds)
    raise SettingsError(where, f"{text[:64]!r} is no duration: write a number with s, m, h or d, such as 15m or 1h30m")


def read_start(at: str | None, after: str | None, now: datetime) -> datetime | None:
    """When something is to begin, by the options ``--at`` and ``--in``; None where neither is given.

    Args:
        at: value of ``--at``.
        after: value of ``--in``.
        now: aware.

    Returns:
        Aware, UTC.

    Raises:
        SettingsError: both are given, or one cannot be read.
    """
    if at is not None and after is not None:
        raise SettingsError("--at", "give either --at or --in, not both")
    if at is not None:
        return read_time(at, now, where="--at")
    return None if after is None else now + read_duration(after, where="--in")


def as_interval(length: timedelta) -> tuple[int, IntervalUnit]:
    """*length* in the largest unit of which it is a whole number.

    Args:
        length: whole seconds, more than 0.
    """
    unit, of_unit = next((unit, each) for unit, each in _INTERVALS if not length % each)
    return length // of_unit, unit


def instant_text(at: datetime) -> str:
    """*at* for a program: ISO 8601 in UTC, to the millisecond where there are any."""
    spec = "milliseconds" if at.microsecond else "seconds"
    return at.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def clock_text(at: datetime, now: datetime) -> str:
    """*at* for a person: the clock of the local zone, with the date where it is another than that of *now*."""
    local, today = at.astimezone(), now.astimezone().date()
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return clock if local.date() == today else f"{local:%Y-%m-%d} {clock}"
