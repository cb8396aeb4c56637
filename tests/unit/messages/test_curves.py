"""Which value of a schedule holds when: intervals on the calendar, numbers of intervals, steps and lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xsdata.models.datatype import XmlDateTime

from dermsbus.domain.quantities import Curve, CurveStyle, IntervalUnit, Point
from dermsbus.errors import IncompleteRequest, RuleViolation
from dermsbus.messages.calendar import MOST_INTERVALS, boundaries, last_boundary, read_time, write_time
from dermsbus.messages.curves import CurveData, Schedule, read_curve, write_curve
from dermsbus.messages.units import Scale

WATTS = Scale(multiplier="none", unit="W")
BERLIN = ZoneInfo("Europe/Berlin")
STEPS, LINE = CurveStyle.CONSTANT_Y_VALUE, CurveStyle.STRAIGHT_LINE_Y_VALUES


def instants(start: str, interval: int, unit: str, count: int, zone: ZoneInfo | timezone = UTC) -> list[str]:
    at = read_time(XmlDateTime.from_string(start), zone)
    return [f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in boundaries(at, interval, IntervalUnit(unit), count)]


def schedule(
    *values: float | None,
    style: CurveStyle = STEPS,
    start: str | None = "2024-05-01T09:00:00Z",
    duration: int | None = 15,
    unit: str | None = "m",
    numbers: tuple[int, ...] = (),
) -> Schedule:
    return Schedule(
        style=style.value,
        start_time=XmlDateTime.from_string(start) if start else None,
        duration=duration,
        unit=unit,
        data=tuple(
            CurveData(interval_number=number, nominal=value)
            for number, value in zip(numbers or range(1, len(values) + 1), values, strict=True)
        ),
    )


def read(told: Schedule) -> Curve:
    return read_curve(told, WATTS, UTC)


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2024-05-01T{clock}:00+00:00")


def values(curve: Curve) -> list[float | None]:
    return [point.nominal for point in curve.points]


@pytest.mark.parametrize(
    ("start", "interval", "unit", "expected"),
    [
        ("2024-05-01T09:00:00Z", 90, "s", ["2024-05-01T09:00:00Z", "2024-05-01T09:01:30Z", "2024-05-01T09:03:00Z"]),
        ("2024-05-01T09:00:00Z", 15, "m", ["2024-05-01T09:00:00Z", "2024-05-01T09:15:00Z", "2024-05-01T09:30:00Z"]),
        ("2024-05-01T09:00:00Z", 1, "M", ["2024-05-01T09:00:00Z", "2024-06-01T09:00:00Z", "2024-07-01T09:00:00Z"]),
        ("2024-05-01T23:30:00+02:00", 1, "h", ["2024-05-01T21:30:00Z", "2024-05-01T22:30:00Z", "2024-05-01T23:30:00Z"]),
        ("2024-02-28T12:00:00Z", 1, "D", ["2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z", "2024-03-01T12:00:00Z"]),
        ("2024-01-31T00:00:00Z", 1, "M", ["2024-01-31T00:00:00Z", "2024-02-29T00:00:00Z", "2024-03-31T00:00:00Z"]),
        ("2023-01-31T00:00:00Z", 1, "M", ["2023-01-31T00:00:00Z", "2023-02-28T00:00:00Z", "2023-03-31T00:00:00Z"]),
        ("2024-02-29T00:00:00Z", 1, "Y", ["2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z", "2026-02-28T00:00:00Z"]),
        ("2024-02-29T00:00:00Z", 4, "Y", ["2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("2024-11-30T00:00:00Z", 3, "M", ["2024-11-30T00:00:00Z", "2025-02-28T00:00:00Z", "2025-05-30T00:00:00Z"]),
        ("2024-01-30T22:00:00-05:00", 1, "M", ["2024-01-31T03:00:00Z", "2024-03-01T03:00:00Z", "2024-03-31T03:00:00Z"]),
        ("2024-04-30T24:00:00Z", 12, "h", ["2024-05-01T00:00:00Z", "2024-05-01T12:00:00Z", "2024-05-02T00:00:00Z"]),
    ],
)
def test_intervals_are_counted_from_the_start(start: str, interval: int, unit: str, expected: list[str]) -> None:
    assert instants(start, interval, unit, 2) == expected


def test_a_day_is_24_hours_and_a_month_is_one_on_the_calendar_when_the_clocks_change() -> None:
    assert instants("2024-03-30T12:00:00", 1, "D", 2, BERLIN) == [
        "2024-03-30T11:00:00Z",
        "2024-03-31T11:00:00Z",
        "2024-04-01T11:00:00Z",
    ]
    assert instants("2024-03-15T12:00:00", 1, "M", 1, BERLIN) == ["2024-03-15T11:00:00Z", "2024-04-15T10:00:00Z"]
    assert instants("2024-03-15T12:00:00+01:00", 1, "M", 1, BERLIN) == ["2024-03-15T11:00:00Z", "2024-04-15T11:00:00Z"]


@given(
    start=st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 made aware next
    interval=st.integers(min_value=1, max_value=90),
    unit=st.sampled_from(IntervalUnit),
    count=st.integers(min_value=1, max_value=30),
    zone=st.sampled_from([UTC, BERLIN]),
)
def test_the_end_is_the_same_whether_intervals_are_counted_or_not(
    start: datetime, interval: int, unit: IntervalUnit, count: int, zone: ZoneInfo | timezone
) -> None:
    aware = start.replace(tzinfo=zone)

    assert last_boundary(aware, interval, unit, count) == boundaries(aware, interval, unit, count)[-1]


@pytest.mark.parametrize(
    ("interval", "unit", "count", "code"),
    [
        (0, "m", 1, "6.1"),
        (-1, "h", 1, "6.1"),
        (1, "m", 0, "6.1"),
        (1, "m", -5, "6.1"),
        (1, "s", MOST_INTERVALS + 1, "3.1"),
        (1, "s", 10**40, "3.1"),
        (8000, "Y", 1, "6.1"),
        (10**9, "D", 1, "6.1"),
        (10**400, "s", 1, "6.1"),
        (10**400, "M", 1, "6.1"),
    ],
)
def test_intervals_without_length_number_or_end_are_refused(interval: int, unit: str, count: int, code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        instants("2024-05-01T09:00:00Z", interval, unit, count)
    assert refused.value.code == code
    assert len(refused.value.details) < 200
    with pytest.raises(RuleViolation) as refused_at_once:
        last_boundary(
            read_time(XmlDateTime.from_string("2024-05-01T09:00:00Z"), UTC), interval, IntervalUnit(unit), count
        )
    assert refused_at_once.value.code == code


@pytest.mark.parametrize(
    "text", ["-0044-01-01T00:00:00Z", "12026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T24:00:00Z"]
)
def test_a_time_that_no_clock_can_hold_is_refused(text: str) -> None:
    with pytest.raises(RuleViolation):
        read_time(XmlDateTime.from_string(text), UTC)


def test_a_time_keeps_its_offset_when_written_unless_xsd_has_none_like_it() -> None:
    local = datetime(2024, 5, 1, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))

    assert str(write_time(local)) == "2024-05-01T09:00:00.123456-05:00"
    assert str(write_time(datetime(1890, 1, 1, tzinfo=BERLIN))).endswith("Z")
    with pytest.raises(ValueError, match="no zone"):
        write_time(datetime(2024, 5, 1))  # noqa: DTZ001 that it is refused is the point


def test_as_many_steps_as_intervals() -> None:
    curve = read(schedule(1.0, 2.0, 3.0))

    assert [point.at for point in curve.points] == [at("09:00"), at("09:15"), at("09:30")]
    assert curve.ends_at == at("09:45")
    assert (curve.interval, curve.interval_unit, curve.style) == (15, IntervalUnit.MINUTE, STEPS)


def test_a_line_has_one_point_more_than_intervals() -> None:
    curve = read(schedule(1.0, 2.0, 3.0, 2.0, 1.0, style=LINE))

    assert curve.points[-1].at == curve.ends_at == at("10:00")
    assert values(curve) == [1.0, 2.0, 3.0, 2.0, 1.0]


def test_a_line_of_a_single_point_holds_it_for_one_interval() -> None:
    curve = read(schedule(1.0, style=LINE))

    assert (curve.points[0].at, curve.ends_at) == (at("09:00"), at("09:15"))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 2, 3), [1.0, 2.0, 3.0]),
        ((3, 1, 2), [2.0, 3.0, 1.0]),
        ((0, 1, 2), [1.0, 2.0, 3.0]),
        ((17, 19, 18), [1.0, 3.0, 2.0]),
        ((-1, 0, 1), [1.0, 2.0, 3.0]),
        ((2, 2, 1), [1.0, 2.0, 3.0]),
        ((1, 1, 1), [1.0, 2.0, 3.0]),
        ((10**50, 2, 1), [3.0, 2.0, 1.0]),
    ],
)
def test_values_stand_in_the_order_of_their_numbers_or_of_the_document_if_one_is_there_twice(
    numbers: tuple[int, ...], expected: list[float]
) -> None:
    assert values(read(schedule(1.0, 2.0, 3.0, numbers=numbers))) == expected


@pytest.mark.parametrize(
    "told",
    [
        schedule(),
        schedule(1.0, start=None),
        schedule(1.0, duration=None),
        schedule(1.0, unit=None),
    ],
)
def test_a_schedule_that_lacks_something_is_incomplete(told: Schedule) -> None:
    with pytest.raises(IncompleteRequest) as refused:
        read(told)
    assert refused.value.code == "5.8"


def rewritten(curve: Curve) -> list[Curve]:
    return [read(told) for told in write_curve(curve, WATTS)]


finite = st.integers(min_value=-999_999, max_value=999_999).map(float)


@given(
    told=st.lists(finite, min_size=1, max_size=20),
    style=st.sampled_from(CurveStyle),
    interval=st.integers(min_value=1, max_value=90),
    unit=st.sampled_from(IntervalUnit),
    start=st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 made aware next
)
def test_a_curve_reads_back_as_it_was(
    told: list[float], style: CurveStyle, interval: int, unit: IntervalUnit, start: datetime
) -> None:
    if style is LINE and len(told) == 1:
        told = told * 2
    count = len(told) if style is STEPS else len(told) - 1
    marks = boundaries(start.replace(tzinfo=UTC), interval, unit, count)
    curve = Curve(
        style=style,
        points=tuple(Point(at=mark, nominal=value) for mark, value in zip(marks, told, strict=False)),
        ends_at=marks[-1],
        interval=interval,
        interval_unit=unit,
    )

    assert rewritten(curve) == [curve]


def test_a_line_that_holds_its_last_value_is_written_with_the_point_that_ends_it() -> None:
    short = read(schedule(5.0, style=LINE))

    (told,) = write_curve(short, WATTS)

    assert [each.nominal for each in told.data] == [5.0, 5.0]
    assert [each.interval_number for each in told.data] == [1, 2]


def test_steps_that_end_with_a_closing_point_are_written_without_it() -> None:
    closed = Curve(
        style=STEPS,
        points=(Point(at=at("09:00"), nominal=1.0), Point(at=at("09:15"), nominal=0.0)),
        ends_at=at("09:15"),
        interval=15,
        interval_unit=IntervalUnit.MINUTE,
    )

    (told,) = write_curve(closed, WATTS)

    assert [each.nominal for each in told.data] == [1.0]


@pytest.mark.parametrize("style", CurveStyle)
def test_months_counted_in_another_zone_are_written_interval_by_interval(style: CurveStyle) -> None:
    curve = read_curve(
        schedule(1.0, 2.0, 3.0, start="2024-03-15T12:00:00", duration=1, unit="M", style=style), WATTS, BERLIN
    )

    parts = rewritten(curve)

    marks = [point.at for point in curve.points] + ([curve.ends_at] if style is STEPS else [])
    assert [(part.points[0].at, part.ends_at) for part in parts] == list(pairwise(marks))
    if style is STEPS:
        assert [values(part) for part in parts] == [[1.0], [2.0], [3.0]]
    else:
        assert [values(part) for part in parts] == [[1.0, 2.0], [2.0, 3.0]]


def test_points_that_no_whole_second_can_tell_are_not_written() -> None:
    moment = timedelta(milliseconds=1500)
    curve = Curve(
        style=STEPS,
        points=(Point(at=at("09:00"), nominal=1.0),),
        ends_at=at("09:00") + moment,
        interval=1,
        interval_unit=IntervalUnit.SECOND,
    )

    with pytest.raises(ValueError, match="whole seconds"):
        write_curve(curve, WATTS)
