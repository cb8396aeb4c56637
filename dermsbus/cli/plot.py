"""Plots over time for a terminal: lines and bands in one frame, with clock times below and a value axis at the side.

A `Plot` is a renderable of rich: it fits what it is printed in, and can be redrawn in place. It is drawn in dots, eight
to a character; where the terminal cannot show these, in plain characters. Lines differ by colour and by their dashes,
so that they can be told apart without colours too.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dermsbus.cli.output import visible
from dermsbus.cli.quantities import prefix_of
from dermsbus.domain.quantities import Curve, CurveStyle, Point

__all__ = ["Band", "Line", "Plot", "Sample", "as_steps", "curve_samples"]

_DOTS_X: Final = 2
_DOTS_Y: Final = 4
_DOT_BITS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BRAILLE: Final = 0x2800
_COLOURS: Final = ("bright_cyan", "yellow", "magenta", "green")
_BAND_COLOURS: Final = ("blue", "bright_black")
_DASHES: Final = ((1, 1), (6, 4), (4, 2), (2, 1))
"""Of so many dots, so many are drawn."""
_MARKS: Final = "*+ox"
_NARROWEST: Final = 12
_ROWS_PER_TICK: Final = 3
_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(1, 2, 5, 10, 15, 30),
        *(60, 120, 300, 600, 900, 1800),
        *(3600, 7200, 10_800, 21_600, 43_200),
        *(86_400, 172_800, 604_800, 1_209_600, 2_419_200),
    )
)
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A value at an instant.

    Attributes:
        at: aware.
        value: SI, signed; None where there is none: the line is broken there.
    """

    at: datetime
    value: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line through samples; between two of them it is straight.

    Attributes:
        name: for the legend.
        samples: in order of time; two at the same instant are a jump. For steps: see `as_steps`.
    """

    name: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """What lies between two lines.

    Attributes:
        name: for the legend.
        lower: as of `Line`.
        upper: as of `Line`.
    """

    name: str
    lower: tuple[Sample, ...]
    upper: tuple[Sample, ...]


def as_steps(samples: Iterable[Sample], ends_at: datetime) -> tuple[Sample, ...]:
    """The samples of a line on which each of *samples* holds until the next, and the last one until *ends_at*."""
    told = tuple(samples)
    if not told:
        return ()
    ends = (*(sample.at for sample in told[1:]), ends_at)
    return tuple(
        each for sample, end in zip(told, ends, strict=True) for each in (sample, Sample(at=end, value=sample.value))
    )


def curve_samples(
    curve: Curve, value: Callable[[Point], float | None] = lambda point: point.nominal
) -> tuple[Sample, ...]:
    """The samples of a line that says what *curve* says; *value* gives that of a point."""
    samples = tuple(Sample(at=point.at, value=value(point)) for point in curve.points)
    if curve.style is CurveStyle.CONSTANT_Y_VALUE:
        return as_steps(samples, curve.ends_at)
    last = samples[-1]
    return samples if last.at >= curve.ends_at else (*samples, Sample(at=curve.ends_at, value=last.value))


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """Lines and bands over the same time.

    Attributes:
        title: what is shown.
        unit: of the values, without multiplier.
        lines: later ones are drawn over earlier ones.
        bands: drawn below all lines.
        rows: height of the frame in lines of the terminal, 4 or more.
        begins_at: aware: left end; None for the first sample.
        ends_at: aware: right end; None for the last sample.
    """

    title: str
    unit: str
    lines: tuple[Line, ...]
    bands: tuple[Band, ...] = ()
    rows: int = 12
    begins_at: datetime | None = None
    ends_at: datetime | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        samples = [sample for line in self.lines for sample in line.samples if sample.value is not None]
        for band in self.bands:
            samples += [sample for sample in (*band.lower, *band.upper) if sample.value is not None]
        if not samples:
            yield Text(f"{visible(self.title)}: no values", no_wrap=True)
            return
        scale = _ValueScale.over([sample.value for sample in samples if sample.value is not None], self.rows)
        gutter = max(map(len, scale.labels.values())) + 1
        columns = max(_NARROWEST, options.max_width - gutter - 2)
        frame = _Frame(
            begins_at=self.begins_at or min(sample.at for sample in samples),
            ends_at=self.ends_at or max(sample.at for sample in samples),
            scale=scale,
            columns=columns,
            rows=self.rows,
        )
        yield Text(visible(f"{self.title}, {scale.prefix}{self.unit}"), style="bold", no_wrap=True, overflow="ellipsis")
        yield from self._framed(frame, gutter, ascii_only=options.ascii_only)
        yield self._legend(ascii_only=options.ascii_only)

    def _framed(self, frame: _Frame, gutter: int, *, ascii_only: bool) -> Iterator[Text]:
        canvas = _Canvas(frame)
        for number, band in enumerate(self.bands):
            canvas.fill(band, number)
        for number, line in enumerate(self.lines):
            canvas.draw(line, number)
        for row in range(frame.rows):
            label = frame.scale.labels.get(row)
            tick, edge = "+|" if ascii_only else "┤│"
            axis = (label or "").rjust(gutter) + (tick if label else edge)
            yield Text.assemble(axis, *canvas.row(row, ascii_only=ascii_only), no_wrap=True, overflow="crop")
        yield from frame.time_axis(gutter, ascii_only=ascii_only)

    def _legend(self, *, ascii_only: bool) -> Text:
        parts = []
        for number, line in enumerate(self.lines):
            sample = _MARKS[number % len(_MARKS)] * 3 if ascii_only else _dashes(number)
            parts.append(Text.assemble((sample, _COLOURS[number % len(_COLOURS)]), f" {visible(line.name)}"))
        for number, band in enumerate(self.bands):
            sample = (":" if ascii_only else "░") * 3
            parts.append(Text.assemble((sample, _BAND_COLOURS[number % len(_BAND_COLOURS)]), f" {visible(band.name)}"))
        return Text("   ").join(parts)


# -- the axes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _ValueScale:
    """The value axis: its ends, and the labels of its rows."""

    lower: float
    upper: float
    prefix: str
    labels: dict[int, str]

    @classmethod
    def over(cls, values: Sequence[float], rows: int) -> _ValueScale:
        """An axis with round ends that holds all of *values*, and 0 where that is near."""
        lower, upper = min(values), max(values)
        span = upper - lower
        if 0 < lower <= span or not span:
            lower = min(lower, 0.0)
        if -span <= upper < 0 or not span:
            upper = max(upper, 0.0)
        if lower == upper:
            lower, upper = -1.0, 1.0
        step = _round_step((upper - lower) / max(1, rows // _ROWS_PER_TICK))
        first, last = math.floor(lower / step), math.ceil(upper / step)
        lower, upper = first * step, last * step
        prefix = prefix_of((lower, upper))
        digits = max(0, -math.floor(math.log10(step / prefix.factor) + 1e-9))
        labels = {}
        for number in range(first, last + 1):
            row = round((upper - number * step) / (upper - lower) * (rows * _DOTS_Y - 1)) // _DOTS_Y
            labels[row] = f"{number * step / prefix.factor + 0.0:.{digits}f}"
        return cls(lower=lower, upper=upper, prefix=prefix.symbol, labels=labels)


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10 … from *least* on."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((factor * power for factor in (1.0, 2.0, 5.0) if factor * power >= least * (1 - 1e-9)), 10.0 * power)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """What the dots of a plot stand for."""

    begins_at: datetime
    ends_at: datetime
    scale: _ValueScale
    columns: int
    rows: int

    @property
    def _span_s(self) -> float:
        return max((self.ends_at - self.begins_at).total_seconds(), 1e-3)

    def x(self, at: datetime) -> float:
        """Where *at* is, in dots from the left; beyond the frame where it is before or after it."""
        return (at - self.begins_at).total_seconds() / self._span_s * (self.columns * _DOTS_X - 1)

    def y(self, value: float) -> float:
        """Where *value* is, in dots from above."""
        share = (self.scale.upper - value) / (self.scale.upper - self.scale.lower)
        return share * (self.rows * _DOTS_Y - 1)

    def at(self, column: int) -> datetime:
        """The instant in the middle of a column."""
        share = (column + 0.5) / self.columns
        return self.begins_at + timedelta(seconds=share * self._span_s)

    def time_axis(self, gutter: int, *, ascii_only: bool) -> Iterator[Text]:
        """The lower edge with its ticks, and the times below them."""
        marks, labels = [" "] * self.columns, ""
        for at in self._ticks():
            column = min(self.columns - 1, int(self.x(at)) // _DOTS_X)
            label = _tick_label(at, self._tick_step())
            start = max(0, column - len(label) // 2)
            if (labels and start < len(labels) + 2) or start + len(label) > self.columns + 1:
                continue  # no room for it
            marks[column] = "^"
            labels = labels.ljust(start) + label
        corner, edge, tick = "+-+" if ascii_only else "└─┬"
        line = "".join(tick if mark == "^" else edge for mark in marks)
        yield Text(" " * gutter + corner + line, no_wrap=True, overflow="crop")
        yield Text(" " * (gutter + 1) + labels, no_wrap=True, overflow="crop")

    def _tick_step(self) -> timedelta:
        """The smallest round step at which the labels have room."""
        span = timedelta(seconds=self._span_s)
        for step in _STEPS:
            width = len(_tick_label(self.begins_at, step)) + 3
            if span / step * width <= self.columns:
                return step
        return _STEPS[-1] * math.ceil(span / _STEPS[-1] * 8 / self.columns)

    def _ticks(self) -> Iterator[datetime]:
        """The instants of the axis at which the local clock is a round one."""
        step = self._tick_step()
        midnight = datetime.combine(self.begins_at.astimezone().date(), time())  # on the clock of the local zone
        local = self.begins_at.astimezone().replace(tzinfo=None)
        clock = midnight + step * math.ceil((local - midnight) / step)
        while (at := clock.astimezone(UTC)) <= self.ends_at:
            if at >= self.begins_at:
                yield at
            clock += step


def _tick_label(at: datetime, step: timedelta) -> str:
    local = at.astimezone()
    if step >= _DAY or local.time() == time():
        return f"{local:%m-%d}"
    return f"{local:%H:%M}" if step >= _MINUTE else f"{local:%H:%M:%S}"


# -- the dots ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Cell:
    """One character: its dots and the line that drew there last, and the band below it."""

    dots: int = 0
    line: int | None = None
    band: int | None = None

    def styled(self, *, ascii_only: bool) -> tuple[str, str]:
        if self.line is not None:
            mark = _MARKS[self.line % len(_MARKS)] if ascii_only else chr(_BRAILLE + self.dots)
            return mark, _COLOURS[self.line % len(_COLOURS)]
        if self.band is not None:
            return ":" if ascii_only else "░", _BAND_COLOURS[self.band % len(_BAND_COLOURS)]
        return " ", ""


class _Canvas:
    """The characters of a frame."""

    def __init__(self, frame: _Frame) -> None:
        self._frame = frame
        self._cells = [[_Cell() for _ in range(frame.columns)] for _ in range(frame.rows)]

    def row(self, row: int, *, ascii_only: bool) -> Iterator[tuple[str, str]]:
        """The characters of a row, each with its style."""
        return (cell.styled(ascii_only=ascii_only) for cell in self._cells[row])

    def fill(self, band: Band, number: int) -> None:
        """Shade what is between the two lines of *band*."""
        for column in range(self._frame.columns):
            at = self._frame.at(column)
            lower, upper = _value_at(band.lower, at), _value_at(band.upper, at)
            if lower is None or upper is None:
                continue
            first, last = (self._row(value) for value in (max(lower, upper), min(lower, upper)))
            for row in range(first, last + 1):
                self._cells[row][column].band = number

    def draw(self, line: Line, number: int) -> None:
        """Draw *line*, with the dashes of its number."""
        told = [(self._frame.x(each.at), each.value) for each in line.samples]
        for (left, before), (right, after) in pairwise(told):
            if before is not None and after is not None:
                self._stroke((left, self._frame.y(before)), (right, self._frame.y(after)), number)
        for x, value in told:
            if value is not None:
                self._dot(x, self._frame.y(value), number, always=len(told) == 1)

    def _stroke(self, start: tuple[float, float], end: tuple[float, float], number: int) -> None:
        across, down = end[0] - start[0], end[1] - start[1]
        count = max(1, math.ceil(max(abs(across), abs(down))))
        for step in range(count + 1):
            self._dot(start[0] + across * step / count, start[1] + down * step / count, number)

    def _dot(self, x: float, y: float, number: int, *, always: bool = False) -> None:
        column, row = round(x), round(y)
        if not (0 <= column < self._frame.columns * _DOTS_X and 0 <= row < self._frame.rows * _DOTS_Y):
            return
        of, drawn = _DASHES[number % len(_DASHES)]
        if not always and (column + row) % of >= drawn:
            return
        cell = self._cells[row // _DOTS_Y][column // _DOTS_X]
        cell.dots |= _DOT_BITS[column % _DOTS_X][row % _DOTS_Y]
        cell.line = number

    def _row(self, value: float) -> int:
        row = round(self._frame.y(value)) // _DOTS_Y
        return min(max(row, 0), self._frame.rows - 1)


def _value_at(samples: Sequence[Sample], at: datetime) -> float | None:
    """The value of the line through *samples* at an instant; None before, after and where it is broken."""
    number = bisect_right(samples, at, key=lambda sample: sample.at)
    if not 0 < number < len(samples):
        return None
    left, right = samples[number - 1], samples[number]
    if left.value is None or right.value is None:
        return None
    return left.value + (right.value - left.value) * ((at - left.at) / (right.at - left.at))


def _dashes(number: int) -> str:
    """What a line looks like in the legend."""
    of, drawn = _DASHES[number % len(_DASHES)]
    cells = [0] * 3
    for column in range(3 * _DOTS_X):
        if column % of < drawn:
            cells[column // _DOTS_X] |= _DOT_BITS[column % _DOTS_X][2]
    return "".join(chr(_BRAILLE + dots) for dots in cells)
