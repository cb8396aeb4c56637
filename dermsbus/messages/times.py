"""xs:dateTime to `Instant` and back.

Source: decision on zone-less times and long fractions in the project's reference tables: the configured zone is taken
and said so; digits beyond microseconds are cut off in the value and kept in the text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from xsdata.models.datatype import XmlDateTime

from dermsbus.domain.model import Instant
from dermsbus.errors import SchemaViolation, Violation

__all__ = ["instant_of", "now_instant", "read_instant", "to_xml"]


def read_instant(text: str, zone: tzinfo, *, line: int | None = None) -> Instant:
    """The instant that an ``xs:dateTime`` states; one without zone is taken to be in *zone*.

    Raises:
        SchemaViolation: not a dateTime, or a year that no clock here can hold (before 1, after 9999).
    """
    try:
        return from_xml(XmlDateTime.from_string(text.strip()), zone)
    except (ValueError, OverflowError) as error:
        raise SchemaViolation(
            Violation(rule="TIME-RANGE", details=f"{text[:64]!r} is not a time from year 1 to 9999", line=line)
        ) from error


def from_xml(stamp: XmlDateTime, zone: tzinfo) -> Instant:
    """The instant of a bound ``xs:dateTime``.

    Raises:
        ValueError: the year is not from 1 to 9999.
    """
    ends_day = stamp.hour == 24  # legal in XSD: the first instant of the next day
    plain = stamp.replace(hour=0) if ends_day else stamp
    at = plain.to_datetime()
    zone_assumed = at.tzinfo is None
    if zone_assumed:
        at = at.replace(tzinfo=zone)
    at = at.astimezone(UTC) + timedelta(days=1 if ends_day else 0)
    return Instant(at=at, text=str(stamp), zone_assumed=zone_assumed)


def to_xml(instant: Instant) -> XmlDateTime:
    """The ``xs:dateTime`` of an instant, in its own lexical form."""
    return XmlDateTime.from_string(instant.text)


def instant_of(at: datetime) -> Instant:
    """The instant of an aware datetime, to the millisecond, written in UTC with ``Z``."""
    utc = at.astimezone(UTC)
    utc = utc.replace(microsecond=utc.microsecond // 1000 * 1000)
    return Instant(at=utc, text=str(XmlDateTime.from_datetime(utc)))


def now_instant() -> Instant:
    """The present, from the system's clock."""
    return instant_of(datetime.now(UTC))
