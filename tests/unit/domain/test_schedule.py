"""What a curve says at an instant, and when it says something else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermsbus.domain.quantities import Curve, CurveStyle, IntervalUnit, Point
from dermsbus.domain.schedule import (
    Period,
    SetPoint,
    covers,
    curve_value,
    instants,
    next_change_after,
    ordered_value,
    periods,
    ramp_limited,
    set_points,
    united,
)
from dermsbus.errors import RuleViolation

T0 = datetime(2024, 5, 1, 8, tzinfo=UTC)
STEP = CurveStyle.CONSTANT_Y_VALUE
LINE = CurveStyle.STRAIGHT_LINE_Y_VALUES
LINE_STEP = timedelta(minutes=5)


def minute(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def curve(
    *values: float | None, style: CurveStyle = STEP, start: float = 0, every: int = 15, lasts: float | None = None
) -> Curve:
    """A curve with a point *every* so many minutes, that lasts one interval for each unless told otherwise."""
    points = tuple(Point(at=minute(start + every * place), nominal=value) for place, value in enumerate(values))
    ends_at = minute(start + (every * len(values) if lasts is None else lasts))
    return Curve(style=style, points=points, ends_at=ends_at, interval=every, interval_unit=IntervalUnit.MINUTE)


# -- one curve


@pytest.mark.parametrize(
    ("at", "value"), [(-0.01, None), (0, 1.0), (14.99, 1.0), (15, 2.0), (29.99, 2.0), (30, None), (99, None)]
)
def test_a_step_holds_from_its_point_until_the_next(at: float, value: float | None) -> None:
    assert curve_value(curve(1.0, 2.0), minute(at)) == value


@pytest.mark.parametrize(("at", "value"), [(-1, None), (0, 0.0), (3, 20.0), (15, 100.0), (22.5, 50.0), (30, None)])
def test_a_line_changes_evenly_between_its_points(at: float, value: float | None) -> None:
    assert curve_value(curve(0.0, 100.0, 0.0, style=LINE, lasts=30), minute(at)) == value


@pytest.mark.parametrize("style", CurveStyle)
def test_a_short_curve_holds_its_last_value_until_its_end(style: CurveStyle) -> None:
    short = curve(1.0, 7.0, style=style, lasts=60)
    assert curve_value(short, minute(59)) == 7.0
    assert curve_value(short, minute(60)) is None


def test_a_line_between_huge_values_does_not_overflow() -> None:
    assert curve_value(curve(-1.7e308, 1.7e308, style=LINE, lasts=15), minute(7.5)) == 0.0


def test_a_point_without_a_value_says_nothing() -> None:
    assert curve_value(curve(1.0, None), minute(20)) is None
    assert curve_value(curve(1.0, None, style=LINE), minute(5)) is None


# -- several curves


def test_of_overlapping_curves_the_later_start_wins_and_the_earlier_goes_on_after_it() -> None:
    curves = (curve(9.0, start=15), curve(1.0, 2.0, 3.0))
    assert [ordered_value(curves, minute(at)) for at in (0, 15, 29, 30)] == [1.0, 9.0, 9.0, 3.0]


def test_of_curves_that_start_together_the_later_listed_wins() -> None:
    assert ordered_value((curve(1.0), curve(2.0)), T0) == 2.0


def test_between_curves_nothing_is_ordered() -> None:
    told = set_points((curve(1.0), curve(2.0, start=60)), minute(-15), minute(120), line_step=LINE_STEP)
    assert told == tuple(
        SetPoint(at=minute(at), value=value) for at, value in ((-15, None), (0, 1.0), (15, None), (60, 2.0), (75, None))
    )


def test_a_line_is_followed_in_steps_that_a_restart_in_its_middle_finds_again() -> None:
    line = (curve(0.0, 15.0, style=LINE, lasts=15),)
    whole = set_points(line, T0, minute(15), line_step=LINE_STEP)
    assert [(point.at, point.value) for point in whole] == [(minute(0), 0.0), (minute(5), 5.0), (minute(10), 10.0)]
    assert set_points(line, minute(7), minute(15), line_step=LINE_STEP)[1:] == whole[2:]


def test_a_flat_line_does_not_change_before_its_next_point() -> None:
    flat = (curve(4.0, 4.0, 8.0, style=LINE, lasts=30),)
    assert next_change_after(flat, T0, line_step=LINE_STEP) == minute(15)
    assert next_change_after(flat, minute(30), line_step=LINE_STEP) is None


some_values = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=4)
some_curves = st.lists(
    st.builds(
        lambda values, style, start, every, more: curve(
            *values, style=style, start=start, every=every, lasts=every * (len(values) - 1) + more
        ),
        values=some_values,
        style=st.sampled_from(CurveStyle),
        start=st.integers(0, 30),
        every=st.integers(1, 6),
        more=st.integers(1, 8),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


def naive_value(curves: tuple[Curve, ...], at: datetime) -> float | None:
    """By looking at everything: the last listed of the latest started curves that hold."""
    deciding = None
    for one in curves:
        if one.points[0].at <= at < one.ends_at and (deciding is None or one.points[0].at >= deciding.points[0].at):
            deciding = one
    if deciding is None:
        return None
    left = [point for point in deciding.points if point.at <= at][-1]
    right = next((point for point in deciding.points if point.at > at), left)
    assert left.nominal is not None
    assert right.nominal is not None
    if deciding.style is STEP or left == right:
        return left.nominal
    return left.nominal + (right.nominal - left.nominal) * ((at - left.at) / (right.at - left.at))


@given(curves=some_curves, at=st.integers(-60, 4000).map(lambda seconds: T0 + timedelta(seconds=seconds)))
def test_the_value_is_that_of_a_naive_search(curves: tuple[Curve, ...], at: datetime) -> None:
    assert ordered_value(curves, at) == pytest.approx(naive_value(curves, at))


@given(curves=some_curves)
def test_nothing_changes_between_set_points_but_along_a_line(curves: tuple[Curve, ...]) -> None:
    line_step = timedelta(minutes=1)
    told = set_points(curves, minute(-1), minute(70), line_step=line_step)
    seen = [ordered_value(curves, minute(at)) for at in range(-1, 70)]  # all points and steps are at whole minutes
    replayed = [[point.value for point in told if point.at <= minute(at)][-1] for at in range(-1, 70)]
    assert replayed == seen
    assert all(one.value != other.value for one, other in pairwise(told))


# -- intervals


def test_days_are_elapsed_time_also_where_clocks_change() -> None:
    start = datetime(2024, 3, 30, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert [at.hour for at in instants(start, 1, IntervalUnit.DAY, 2)] == [11, 11, 11]


def test_months_are_counted_on_the_calendar_of_the_start() -> None:
    start = datetime(2024, 1, 31, tzinfo=ZoneInfo("Europe/Berlin"))
    local = [at.astimezone(start.tzinfo) for at in instants(start, 1, IntervalUnit.MONTH, 4)]
    assert [(at.month, at.day, at.hour) for at in local] == [(1, 31, 0), (2, 29, 0), (3, 31, 0), (4, 30, 0), (5, 31, 0)]
    assert all(at.tzinfo is UTC for at in instants(start, 1, IntervalUnit.MONTH, 4))


def test_a_year_from_a_leap_day_is_its_eve() -> None:
    assert instants(datetime(2024, 2, 29, tzinfo=UTC), 1, IntervalUnit.YEAR, 1)[1] == datetime(2025, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize("unit", IntervalUnit)
def test_an_end_beyond_the_calendar_is_refused(unit: IntervalUnit) -> None:
    with pytest.raises(RuleViolation, match="beyond the year 9999"):
        instants(T0, 10**12, unit, 4)


# -- periods

some_periods = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 8)).map(
        lambda pair: Period(begins_at=minute(pair[0]), ends_at=minute(pair[0] + pair[1]))
    ),
    max_size=6,
)


@given(cover=some_periods, stretches=some_periods, since=st.integers(0, 40))
def test_covering_is_that_of_a_naive_search(cover: list[Period], stretches: list[Period], since: int) -> None:
    def minutes(of: list[Period]) -> set[int]:
        return {at for at in range(50) for one in of if one.begins_at <= minute(at) < one.ends_at}

    left = {at for at in minutes(stretches) if at >= since}
    assert covers(united(cover), stretches, minute(since)) == (left <= minutes(cover))
    assert minutes(list(united(cover))) == minutes(cover)


def test_curves_that_touch_are_one_period() -> None:
    assert periods((curve(2.0, start=15), curve(1.0))) == (Period(begins_at=T0, ends_at=minute(30)),)


# -- ramps


@pytest.mark.parametrize(
    ("previous", "target", "reached"),
    [(0, 100, 20), (0, -100, -50), (-100, 100, -80), (95, 100, 100), (5, 5, 5), (-10, -100, -60)],
)
def test_power_comes_no_nearer_than_its_ramp_allows(previous: float, target: float, reached: float) -> None:
    assert ramp_limited(previous, target, 10.0, 2.0, 5.0) == reached


def test_without_a_limit_a_target_is_reached_at_once() -> None:
    assert ramp_limited(0.0, 1e9, 0.0, None, 1.0) == 1e9
    assert ramp_limited(0.0, -1e9, 0.0, 1.0, None) == -1e9
