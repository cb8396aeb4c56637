"""Plots over time: what is where, what fits, and what is told apart."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from dermsbus.cli.plot import Band, Line, Plot, Sample, as_steps, curve_samples
from dermsbus.domain.quantities import Curve, CurveStyle, IntervalUnit, Point

pytestmark = pytest.mark.usefixtures("utc")

TEN = datetime(2026, 5, 1, 10, tzinfo=UTC)


def samples(*values: float | None, step: timedelta = timedelta(hours=1)) -> tuple[Sample, ...]:
    return tuple(Sample(at=TEN + step * number, value=value) for number, value in enumerate(values))


def drawn(plot: Plot, width: int = 60, *, encoding: str = "utf-8", colour: bool = False) -> list[str]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    system = "standard" if colour else None
    Console(file=file, width=width, force_terminal=colour, color_system=system, legacy_windows=False).print(plot)
    file.flush()
    return raw.getvalue().decode(encoding).splitlines()


def frame_of(lines: list[str]) -> list[str]:
    return [
        line for line in lines if any(edge in line for edge in "│┤|+") and not line.lstrip().startswith(("└", "+-"))
    ]


def plot(*values: float | None, unit: str = "W", **more: object) -> Plot:
    return Plot(title="feeder-7", unit=unit, lines=(Line(name="nominal", samples=samples(*values)),), **more)


def test_title_value_axis_time_axis_and_legend_are_there() -> None:
    lines = drawn(plot(0.0, 200_000.0, 400_000.0, 300_000.0, 100_000.0))
    assert lines[0] == "feeder-7, kW"
    labels = [line.split("┤")[0].strip() for line in lines if "┤" in line]
    assert labels == ["400", "300", "200", "100", "0"]
    assert lines[-2].split() == ["10:00", "11:00", "12:00", "13:00", "14:00"][: len(lines[-2].split())]
    assert lines[-1].endswith(" nominal")


@pytest.mark.parametrize("width", [20, 30, 60, 80, 200])
def test_it_fits_the_width_of_the_terminal(width: int) -> None:
    shown = drawn(plot(-1.5e6, 2e6, 1e6), width=width)
    assert max(map(len, shown)) <= width
    assert len(frame_of(shown)) == 12


def test_a_line_rises_from_left_to_right() -> None:
    rows = frame_of(drawn(plot(0.0, 100.0)))
    bottom, top = rows[-1].split("┤")[1], rows[0].split("┤")[1]
    assert bottom[0].strip()
    assert not bottom[-1].strip()
    assert top.rstrip()[-1].strip()
    assert not top[0].strip()


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((300.0, 900.0), ["1.0", "0.5", "0.0"]),
        ((500.0, 700.0), ["700", "600", "500"]),
        ((1.2e6, 2.4e6), ["3", "2", "1", "0"]),
        ((-3000.0, -1000.0), ["0", "-1", "-2", "-3"]),
        ((0.0, 0.0), ["1", "0", "-1"]),
        ((228.0, 232.0), ["232", "230", "228"]),
        ((5000.0, 5000.0), ["6", "4", "2", "0"]),
    ],
)
def test_the_value_axis_has_round_ends_and_holds_zero_where_it_is_near(
    values: tuple[float, ...], labels: list[str]
) -> None:
    shown = drawn(plot(*values, rows=9))
    told = [line.split("┤")[0].strip() for line in shown if "┤" in line]
    assert told == labels


def test_the_band_is_shaded_around_the_line() -> None:
    band = Band(name="min … max", lower=samples(0.0, 0.0), upper=samples(100.0, 100.0))
    rows = frame_of(drawn(plot(50.0, 50.0, bands=(band,))))
    assert all("░" in row for row in rows if row != rows[len(rows) // 2])
    assert any("░" not in row for row in rows), "the line is in front of it"


def test_lines_are_told_apart_by_their_dashes_where_there_are_no_colours() -> None:
    flat = [Line(name=name, samples=samples(value, value)) for name, value in (("a", 10.0), ("b", 20.0), ("c", 30.0))]
    rows = [row.split("│")[-1].split("┤")[-1] for row in frame_of(drawn(Plot(title="t", unit="W", lines=tuple(flat))))]
    dashes = {tuple(character.isspace() for character in row) for row in rows if row.strip()}
    assert len(dashes) == 3


def test_colours_differ_on_a_terminal() -> None:
    lines = tuple(Line(name=name, samples=samples(value, value)) for name, value in (("a", 10.0), ("b", 20.0)))
    legend = drawn(Plot(title="t", unit="W", lines=lines), colour=True)[-1]
    assert "\x1b[96m" in legend
    assert "\x1b[33m" in legend


def test_a_terminal_without_dots_gets_plain_characters() -> None:
    band = Band(name="band", lower=samples(0.0, 0.0), upper=samples(100.0, 100.0))
    shown = drawn(plot(50.0, 50.0, bands=(band,)), encoding="ascii")
    assert any("***" in line for line in shown)
    assert any(":::" in line for line in shown)
    assert shown[-1] == "*** nominal   ::: band"


def test_a_gap_breaks_the_line() -> None:
    rows = frame_of(drawn(plot(50.0, 50.0, None, 50.0, 50.0)))
    (row,) = [row for row in rows if row.split("┤")[-1].split("│")[-1].strip()]
    assert len(row.split("┤")[-1].split()) == 2


def test_what_is_outside_the_time_that_is_shown_is_left_out() -> None:
    window = plot(0.0, 100.0, 0.0, 100.0, begins_at=TEN + timedelta(hours=1), ends_at=TEN + timedelta(hours=2))
    shown = drawn(window)
    assert shown[-2].split()[0] >= "11:00"
    assert shown[-2].split()[-1] <= "12:00"


@pytest.mark.parametrize(
    ("step", "labels"),
    [
        (timedelta(seconds=20), ["10:00:00", "10:00:20", "10:00:40"]),
        (timedelta(hours=6), ["12:00", "05-02"]),
        (timedelta(days=3), ["05-02", "05-05", "05-08"]),
    ],
)
def test_times_are_of_the_clock_and_days_where_they_are_days(step: timedelta, labels: list[str]) -> None:
    line = Line(name="n", samples=samples(1.0, 2.0, 3.0, 4.0, step=step))
    told = drawn(Plot(title="t", unit="W", lines=(line,)))[-2].split()
    assert set(labels) & set(told)


@pytest.mark.parametrize("years", [1, 30, 900])
def test_a_span_of_years_still_has_room_for_its_labels(years: int) -> None:
    line = Line(name="n", samples=samples(1.0, 2.0, step=timedelta(days=365 * years)))
    assert max(map(len, drawn(Plot(title="t", unit="W", lines=(line,))))) <= 60


def test_one_value_is_a_dot_and_none_is_said() -> None:
    (row,) = [row for row in frame_of(drawn(plot(7.0))) if row.split("┤")[-1].split("│")[-1].strip()]
    assert len(row.split("┤")[-1].split("│")[-1].strip()) == 1
    assert drawn(plot(None)) == ["feeder-7: no values"]
    assert drawn(Plot(title="feeder-7", unit="W", lines=())) == ["feeder-7: no values"]


def test_a_name_cannot_steer_the_terminal() -> None:
    line = Line(name="a\x1b[2Jb", samples=samples(1.0, 2.0))
    shown = "\n".join(drawn(Plot(title="x\x1b[2J", unit="W", lines=(line,))))
    assert "\x1b" not in shown
    assert "a\\x1b[2Jb" in shown


def test_steps_hold_until_the_next_and_lines_are_straight() -> None:
    points = (Point(at=TEN, nominal=1.0), Point(at=TEN + timedelta(minutes=15), nominal=3.0))
    end = TEN + timedelta(minutes=30)
    steps = Curve(
        style=CurveStyle.CONSTANT_Y_VALUE, points=points, ends_at=end, interval=15, interval_unit=IntervalUnit.MINUTE
    )
    assert [(each.at, each.value) for each in curve_samples(steps)] == [
        (TEN, 1.0),
        (points[1].at, 1.0),
        (points[1].at, 3.0),
        (end, 3.0),
    ]
    line = Curve(
        style=CurveStyle.STRAIGHT_LINE_Y_VALUES,
        points=points,
        ends_at=points[1].at,
        interval=15,
        interval_unit=IntervalUnit.MINUTE,
    )
    assert [each.value for each in curve_samples(line)] == [1.0, 3.0]
    assert as_steps([], end) == ()
