"""Times of the wire, and the intervals that are counted from them.

Source: decisions 20, 22 and 25 on open questions of the project's reference tables; limits: house choice, ADR 17.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from xsdata.models.datatype import XmlDateTime

from dermsbus.domain.quantities import IntervalUnit
from dermsbus.domain.schedule import instants
from dermsbus.errors import RuleViolation

__all__ = ["MOST_INTERVALS", "boundaries", "last_boundary", "read_time", "read_time_utc", "write_time"]

MOST_INTERVALS: Final = 100_000
"""Most intervals of one schedule."""

_LONGEST_INTERVAL: Final = 10**12  # in any unit longer than the calendar; keeps monstrous numbers out of texts
_LARGEST_OFFSET: Final = timedelta(hours=14)  # of xs:dateTime


def boundaries(starts_at: datetime, interval: int, unit: IntervalUnit, count: int) -> tuple[datetime, ...]:
    """The instants at which the intervals of a received schedule begin, and the one at which the last of them ends.

    Args:
        starts_at: aware; months and years are counted in its zone, everything shorter is elapsed time.
        interval: length of each, in *unit*.
        unit: of *interval*.
        count: how many.

    Returns:
        *count* + 1 rising instants in UTC.

    Raises:
        RuleViolation: *interval* is not 1 or more, *count* is not from 1 to `MOST_INTERVALS` (too many: code 3.1), or
            the end is after the year 9999.
    """
    _check(interval, count)
    return instants(starts_at, interval, unit, count)


def last_boundary(starts_at: datetime, interval: int, unit: IntervalUnit, count: int) -> datetime:
    """The instant at which the last of the intervals ends, without counting them one by one.

    Raises:
        RuleViolation: as for `boundaries`.
    """
    _check(interval, count)
    return instants(starts_at, interval * count, unit, 1)[-1]


def _check(interval: int, count: int) -> None:
    if not 1 <= interval <= _LONGEST_INTERVAL:
        problem = "0 or less" if interval < 1 else "too long"
        raise RuleViolation(f"timeIntervalDuration is {problem}: state the length of one interval, 1 or more")
    if count < 1:
        raise RuleViolation("numberOfIntervals is 0 or less: state how many intervals there are, 1 or more")
    if count > MOST_INTERVALS:
        details = f"a schedule has more than {MOST_INTERVALS} intervals: state fewer, or longer ones"
        raise RuleViolation(details, code="3.1")


def read_time(stamp: XmlDateTime, zone: tzinfo) -> datetime:
    """The instant of a bound ``xs:dateTime``, aware, in the zone it states, else in *zone*.

    Raises:
        RuleViolation: the year is not from 1 to 9999.
    """
    ends_day = stamp.hour == 24  # legal in XSD: the first instant of the next day
    try:
        at = (stamp.replace(hour=0) if ends_day else stamp).to_datetime() + timedelta(days=1 if ends_day else 0)
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        at.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise RuleViolation(f"{str(stamp)[:64]} is not a time from year 1 to 9999") from error
    return at


def read_time_utc(stamp: XmlDateTime, zone: tzinfo) -> datetime:
    """As `read_time`, in UTC."""
    return read_time(stamp, zone).astimezone(UTC)


def write_time(at: datetime) -> XmlDateTime:
    """The ``xs:dateTime`` of an aware instant with its offset, or in UTC where XSD has no such offset."""
    offset = at.utcoffset()
    if offset is None:
        raise ValueError(f"{at} has no zone")
    if offset % timedelta(minutes=1) or abs(offset) > _LARGEST_OFFSET:
        at = at.astimezone(UTC)
    return XmlDateTime.from_datetime(at)
