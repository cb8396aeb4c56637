"""What a curve says at an instant, and when it says something else.

A curve holds from its first point until its end; at the end it holds no more. Before and after it says nothing, which
is None and not 0: an order that is over is no order of 0 W. Of several curves in one order, the one that starts later
wins where they overlap; of two that start together the one that is listed later.

Source: decisions 19, 20, 22 and 28 on open questions in the project's reference tables; that of two curves that start
together the later listed one wins: house choice, ADR 15.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from dermsbus.domain.quantities import Curve, CurveStyle, IntervalUnit, Point
from dermsbus.errors import RuleViolation

__all__ = [
    "Period",
    "SetPoint",
    "add_period",
    "begin",
    "covers",
    "curve_at",
    "curve_value",
    "end",
    "instants",
    "next_boundary_after",
    "next_change_after",
    "ordered_value",
    "periods",
    "ramp_limited",
    "set_points",
    "united",
]

_ELAPSED: Final = MappingProxyType(
    {
        IntervalUnit.SECOND: timedelta(seconds=1),
        IntervalUnit.MINUTE: timedelta(minutes=1),
        IntervalUnit.HOUR: timedelta(hours=1),
        IntervalUnit.DAY: timedelta(days=1),
    }
)
_MONTHS: Final = MappingProxyType({IntervalUnit.MONTH: 1, IntervalUnit.YEAR: 12})


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPoint:
    """A value that holds from an instant on.

    Attributes:
        at: aware, UTC.
        value: SI, signed; None where nothing is ordered any more.
    """

    at: datetime
    value: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A stretch of time from *begins_at* until before *ends_at*, both aware."""

    begins_at: datetime
    ends_at: datetime


# -- intervals ---------------------------------------------------------------------------------------------------------


def instants(starts_at: datetime, interval: int, unit: IntervalUnit, count: int) -> tuple[datetime, ...]:
    """The starts of *count* intervals and the end of the last.

    A second, minute, hour and day are elapsed time, a day always 24 hours. Months and years are counted on the calendar
    of the zone of *starts_at*, always from the start: months from 31 January end on 28 February, 31 March, 30 April.

    Args:
        starts_at: aware.
        interval: length of one interval in *unit*, 1 or more.
        unit: seconds to years.
        count: how many intervals, 0 or more.

    Returns:
        *count* + 1 rising instants, UTC.

    Raises:
        RuleViolation: the end is beyond the year 9999.

    Source: decision 22 on open questions in the project's reference tables.
    """
    try:
        if unit in _MONTHS:
            months = _MONTHS[unit] * interval
            return tuple(_months_later(starts_at, months * number).astimezone(UTC) for number in range(count + 1))
        step, first = _ELAPSED[unit] * interval, starts_at.astimezone(UTC)
        return tuple(first + step * number for number in range(count + 1))
    except (OverflowError, ValueError) as error:
        raise RuleViolation(
            f"{count} intervals of {interval} {unit} from {starts_at.isoformat()} end beyond the year 9999: "
            "state fewer or shorter intervals"
        ) from error


def _months_later(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


# -- one curve ---------------------------------------------------------------------------------------------------------

_at = attrgetter("at")


def curve_value(curve: Curve, at: datetime) -> float | None:
    """The nominal value of *curve* at the instant *at*.

    A step holds from its point until the next; between the points of a line the value changes evenly. After the last
    point it holds until the end of the curve, however many points were stated.

    Args:
        curve: with rising points.
        at: aware.

    Returns:
        The value, SI; None before the first point, from the end on, and where a point says none.

    Source: decisions 19 and 20 on open questions in the project's reference tables.
    """
    if not curve.points[0].at <= at < curve.ends_at:
        return None
    number = bisect_right(curve.points, at, key=_at)
    left = curve.points[number - 1]
    if curve.style is CurveStyle.CONSTANT_Y_VALUE or number == len(curve.points):
        return left.nominal
    return _between(left, curve.points[number], at)


def _between(left: Point, right: Point, at: datetime) -> float | None:
    if left.nominal is None or right.nominal is None:
        return None
    passed = (at - left.at) / (right.at - left.at)
    value = left.nominal * (1.0 - passed) + right.nominal * passed  # no difference: that of two large values overflows
    lower, upper = sorted((left.nominal, right.nominal))
    return min(max(value, lower), upper)  # rounding takes it out of no bounds, and a flat line stays flat


def _curve_change_after(curve: Curve, after: datetime, line_step: timedelta) -> datetime:
    """The next instant at which *curve*, which holds at *after*, says something else."""
    number = bisect_right(curve.points, after, key=_at)
    if number == len(curve.points):
        return curve.ends_at
    left, right = curve.points[number - 1], curve.points[number]
    until = min(right.at, curve.ends_at)
    if curve.style is CurveStyle.CONSTANT_Y_VALUE or left.nominal == right.nominal:
        return until
    return min(left.at + line_step * ((after - left.at) // line_step + 1), until)


# -- several curves ----------------------------------------------------------------------------------------------------


def curve_at(curves: Sequence[Curve], at: datetime) -> Curve | None:
    """The one of *curves* that decides at the instant *at*, or None.

    Source: decision 28 on open questions in the project's reference tables.
    """
    holding = (
        (curve.points[0].at, place) for place, curve in enumerate(curves) if curve.points[0].at <= at < curve.ends_at
    )
    _, place = max(holding, default=(None, -1))
    return curves[place] if place >= 0 else None


def ordered_value(curves: Sequence[Curve], at: datetime) -> float | None:
    """What *curves* together say at the instant *at*; None where they say nothing.

    Source: decision 28 on open questions in the project's reference tables.
    """
    curve = curve_at(curves, at)
    return None if curve is None else curve_value(curve, at)


def next_change_after(curves: Sequence[Curve], after: datetime, *, line_step: timedelta) -> datetime | None:
    """The next instant after *after* at which `ordered_value` may be another; None if it stays as it is for ever.

    Args:
        curves: of one order.
        after: aware.
        line_step: a sloping line counts as changing this often, from its left point on, so that a restart in the
            middle finds the same instants; more than 0.
    """
    coming = [curve.points[0].at for curve in curves if curve.points[0].at > after]
    deciding = curve_at(curves, after)
    if deciding is not None:
        coming.append(_curve_change_after(deciding, after, line_step))
    return min(coming, default=None)


def set_points(
    curves: Sequence[Curve], begins_at: datetime, ends_at: datetime, *, line_step: timedelta
) -> tuple[SetPoint, ...]:
    """What *curves* say from *begins_at* until before *ends_at*.

    Args:
        curves: of one order.
        begins_at: aware.
        ends_at: aware.
        line_step: distance of the steps in which a sloping line is followed; more than 0.

    Returns:
        The value at *begins_at*, then one entry wherever it becomes another; neighbours differ.
    """
    told: list[SetPoint] = []
    at: datetime | None = begins_at
    while at is not None and at < ends_at:
        value = ordered_value(curves, at)
        if not told or told[-1].value != value:
            told.append(SetPoint(at=at, value=value))
        at = next_change_after(curves, at, line_step=line_step)
    return tuple(told)


def begin(curves: Sequence[Curve]) -> datetime:
    """The first instant at which one of *curves* holds."""
    return min(curve.points[0].at for curve in curves)


def end(curves: Sequence[Curve]) -> datetime:
    """The instant from which none of *curves* holds any more."""
    return max(curve.ends_at for curve in curves)


def next_boundary_after(curves: Sequence[Curve], after: datetime) -> datetime | None:
    """The next instant after *after* at which one of *curves* begins or ends, or None."""
    boundaries = (at for curve in curves for at in (curve.points[0].at, curve.ends_at))
    return min((at for at in boundaries if at > after), default=None)


# -- periods -----------------------------------------------------------------------------------------------------------


_begins_at, _ends_at = attrgetter("begins_at"), attrgetter("ends_at")


def periods(curves: Sequence[Curve]) -> tuple[Period, ...]:
    """When *curves* hold: apart from each other, in order of time."""
    stretches = tuple(Period(begins_at=curve.points[0].at, ends_at=curve.ends_at) for curve in curves)
    return stretches if len(stretches) == 1 else united(stretches)


def united(stretches: Iterable[Period]) -> tuple[Period, ...]:
    """*stretches* in order of time, with those that overlap or touch made one, and empty ones left out."""
    apart: list[Period] = []
    for stretch in stretches:
        add_period(apart, stretch)
    return tuple(apart)


def add_period(cover: list[Period], stretch: Period) -> None:
    """Put *stretch* into *cover*, which stays as `united` has it."""
    if stretch.begins_at >= stretch.ends_at:
        return
    if not cover or stretch.begins_at > cover[-1].ends_at:  # as orders mostly come
        cover.append(stretch)
        return
    first = bisect_left(cover, stretch.begins_at, key=_ends_at)
    last = bisect_right(cover, stretch.ends_at, key=_begins_at)
    if first < last:
        begins_at = min(cover[first].begins_at, stretch.begins_at)
        stretch = Period(begins_at=begins_at, ends_at=max(cover[last - 1].ends_at, stretch.ends_at))
    cover[first:last] = [stretch]


def covers(cover: Sequence[Period], stretches: Iterable[Period], since: datetime) -> bool:
    """Whether all that is left of *stretches* from *since* on lies within *cover*.

    Args:
        cover: apart from each other, in order of time, as `united` returns them.
        stretches: any.
        since: aware.
    """
    for stretch in stretches:
        begins_at = max(stretch.begins_at, since)
        if begins_at >= stretch.ends_at:
            continue
        number = bisect_right(cover, begins_at, key=_begins_at)
        if number == 0 or cover[number - 1].ends_at < stretch.ends_at:
            return False
    return True


# -- ramps -------------------------------------------------------------------------------------------------------------


def ramp_limited(
    previous: float, target: float, dt_s: float, up_w_per_s: float | None, down_w_per_s: float | None
) -> float:
    """How near to *target* active power may have come after *dt_s* seconds.

    Up is towards more injection, whatever the sign of the power: a charging group that is told to discharge ramps up.

    Args:
        previous: W, signed: where it stood.
        target: W, signed: what is ordered.
        dt_s: seconds since, 0 or more.
        up_w_per_s: W/s, 0 or more: fastest rise; None if it is not limited.
        down_w_per_s: W/s, 0 or more: fastest fall; None if it is not limited.

    Returns:
        W, signed: between *previous* and *target*.

    Source: DERParameterKind rows of the project's reference tables; that a ramp limit has to do with signed power:
    house choice, ADR 15.
    """
    if target > previous and up_w_per_s is not None:
        return min(target, previous + up_w_per_s * dt_s)
    if target < previous and down_w_per_s is not None:
        return max(target, previous - down_w_per_s * dt_s)
    return target
