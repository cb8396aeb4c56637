"""Schedules of the wire to curves and back: which value holds when.

Point k stands at the start plus k - 1 intervals, in the order of the interval numbers wherever these begin, or in
document order if a number is there twice. Nothing on the wire says how many intervals there are: n steps fill n
intervals, n points of a line n - 1, and a line of a single point holds it for one.

Written are n steps or n + 1 points of a line, in UTC. A curve whose points no single interval can tell, such as months
that were counted in another zone, is written as a schedule for each of its intervals.

Source: decisions 19 to 22 on open questions of the project's reference tables; what nothing on the wire says: house
choice, ADR 17.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

import structlog
from xsdata.models.datatype import XmlDateTime

from dermsbus.domain.quantities import Curve, CurveStyle, IntervalUnit, Point
from dermsbus.errors import IncompleteRequest, RuleViolation
from dermsbus.messages.calendar import boundaries, read_time, write_time
from dermsbus.messages.units import Scale

__all__ = ["CurveData", "Schedule", "read_curve", "write_curve"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class CurveData:
    """One DERCurveData of any profile; numbers are those of the wire."""

    interval_number: int
    nominal: float | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """One DispatchSchedule of any profile; None where not stated."""

    style: str | None
    start_time: XmlDateTime | None
    duration: int | None
    unit: str | None
    data: tuple[CurveData, ...]


def read_curve(schedule: Schedule, scale: Scale, zone: tzinfo) -> Curve:
    """The curve of a schedule; a start without zone is taken to be in *zone*.

    Raises:
        IncompleteRequest: something is missing.
        RuleViolation: an interval, an instant or a value that nobody can act on.
    """
    if schedule.style is None or schedule.start_time is None or schedule.duration is None or schedule.unit is None:
        raise IncompleteRequest(
            "a DispatchSchedule lacks curveStyleKind, startTime, timeIntervalDuration or timeIntervalUnit: state all"
        )
    if not schedule.data:
        raise IncompleteRequest("a DispatchSchedule has no DERCurveData: state at least one value")
    style, unit = CurveStyle(schedule.style), IntervalUnit(schedule.unit)
    count = len(schedule.data)
    if style is CurveStyle.STRAIGHT_LINE_Y_VALUES and count > 1:
        count -= 1
    instants = boundaries(read_time(schedule.start_time, zone), schedule.duration, unit, count)
    data = _in_order(schedule.data)
    return Curve(
        style=style,
        points=tuple(_point(at, each, scale) for at, each in zip(instants, data, strict=False)),
        ends_at=instants[-1],
        interval=schedule.duration,
        interval_unit=unit,
    )


def _in_order(data: Sequence[CurveData]) -> Sequence[CurveData]:
    numbers = [each.interval_number for each in data]
    if len(set(numbers)) < len(numbers):
        _log.warning("interval numbers repeat, values taken in document order", values=len(numbers))
        return data
    if numbers != list(range(1, len(numbers) + 1)):
        _log.warning("interval numbers are not 1 to n, values taken by number", values=len(numbers))
    return sorted(data, key=lambda each: each.interval_number)


def _point(at: datetime, data: CurveData, scale: Scale) -> Point:
    band = scale.read_band(nominal=data.nominal, minimum=data.minimum, maximum=data.maximum)
    return Point(at=at, nominal=band.nominal, minimum=band.minimum, maximum=band.maximum)


def write_curve(curve: Curve, scale: Scale) -> tuple[Schedule, ...]:
    """The schedules of a curve, one where a single interval can tell its points.

    Raises:
        ValueError: points that do not rise by whole seconds, or a value that cannot be written.
    """
    values, instants = _values_and_instants(curve)
    if _is_even(curve, instants):
        return (_schedule(curve, scale, values, start=instants[0], length=curve.interval, unit=curve.interval_unit),)
    schedules = []
    for place, (start, end) in enumerate(pairwise(instants)):
        length, rest = divmod(end - start, timedelta(seconds=1))
        if length < 1 or rest:
            raise ValueError(f"an interval from {start} to {end} cannot be written: it is not of whole seconds")
        used = values[place : place + (1 if curve.style is CurveStyle.CONSTANT_Y_VALUE else 2)]
        schedules.append(_schedule(curve, scale, used, start=start, length=length, unit=IntervalUnit.SECOND))
    return tuple(schedules)


def _values_and_instants(curve: Curve) -> tuple[Sequence[Point], Sequence[datetime]]:
    """What is written, and where the intervals begin and end: n steps or n + 1 points, and n + 1 instants."""
    points, instants = curve.points, [point.at for point in curve.points]
    is_open = curve.ends_at > instants[-1] or len(points) == 1
    if is_open:
        instants.append(curve.ends_at)
    if curve.style is CurveStyle.CONSTANT_Y_VALUE:
        return points if is_open else points[:-1], instants
    # a line that ends before its last interval does holds its last value
    return (*points, points[-1]) if is_open else points, instants


def _is_even(curve: Curve, instants: Sequence[datetime]) -> bool:
    start = instants[0].astimezone(UTC)
    try:
        return boundaries(start, curve.interval, curve.interval_unit, len(instants) - 1) == tuple(instants)
    except RuleViolation:
        return False  # an interval that was never stated so says nothing of the points


def _schedule(
    curve: Curve, scale: Scale, values: Sequence[Point], *, start: datetime, length: int, unit: IntervalUnit
) -> Schedule:
    return Schedule(
        style=curve.style.value,
        start_time=write_time(start.astimezone(UTC)),
        duration=length,
        unit=unit.value,
        data=tuple(_data(number, point, scale) for number, point in enumerate(values, start=1)),
    )


def _data(number: int, point: Point, scale: Scale) -> CurveData:
    band = scale.write_band(nominal=point.nominal, minimum=point.minimum, maximum=point.maximum)
    return CurveData(interval_number=number, nominal=band.nominal, minimum=band.minimum, maximum=band.maximum)
