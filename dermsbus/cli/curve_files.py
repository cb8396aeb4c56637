"""Curves in files of comma-separated values: a time or an offset, and a value, a line each.

::

    time,kW
    14:00,200
    14:15,350
    14:30,500

Times are those of `read_time`, each after the one before; offsets are 0, 15m, 1h30m, from the start of the order on. A
line of titles, empty lines and lines that begin with # are passed over; semicolons and tabs separate as well as commas.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Final

from dermsbus.cli.send import read_message
from dermsbus.cli.times import as_interval, read_duration, read_time
from dermsbus.domain.quantities import Curve, CurveStyle, Point
from dermsbus.errors import SettingsError

__all__ = ["CurveTiming", "even_curve", "read_curve_file", "read_number"]

_SEPARATORS: Final = (";", "\t", ",")
_BEGINS_NUMBER: Final = frozenset("+-.0123456789")


@dataclass(frozen=True, kw_only=True, slots=True)
class CurveTiming:
    """When a curve is to hold, as far as its file does not say so.

    Attributes:
        now: aware, UTC.
        starts_at: aware, UTC: where offsets count from; None for now.
        lasts: how long the curve holds in all; None for as long as its last interval, or its last point, says.
    """

    now: datetime
    starts_at: datetime | None = None
    lasts: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """A line of the file, not yet understood."""

    where: str
    time: str
    value: str


def read_number(text: str, factor: int, *, where: str) -> float:
    """*text* times *factor*, exactly as far as a float can.

    Raises:
        SettingsError: it is no finite number.
    """
    try:
        value = float(Decimal(text.strip()) * factor)
    except (InvalidOperation, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise SettingsError(where, f"{text[:64]!r} is not a number")
    return value


def read_curve_file(file: str, factor: int, style: CurveStyle, timing: CurveTiming) -> Curve:
    """The curve in *file*.

    Args:
        file: its path, ``-`` for standard input.
        factor: of the values, to be in SI units.
        style: what holds between two lines.
        timing: when.

    Raises:
        SettingsError: it cannot be read; says in which line.
    """
    rows = _without_titles(list(_rows(file)))
    if not rows:
        raise SettingsError(file, "holds no values: write a time and a value in each line, such as 14:00,200")
    instants = list(_instants(rows, timing))
    for row, (before, after) in zip(rows[1:], pairwise(instants), strict=True):
        if before >= after:
            raise SettingsError(row.where, f"{row.time!r} is not after the time of the line before")
    values = [read_number(row.value, factor, where=row.where) for row in rows]
    ends_at = _end(file, instants, style, timing.lasts)
    return even_curve([Point(at=at, nominal=value) for at, value in zip(instants, values, strict=True)], ends_at, style)


def even_curve(points: Sequence[Point], ends_at: datetime, style: CurveStyle) -> Curve:
    """The curve of *points*, with the interval that they are apart from each other, or one that fits all of them."""
    instants = [point.at for point in points]
    if instants[-1] < ends_at:
        instants.append(ends_at)
    seconds = (int((after - before).total_seconds()) for before, after in pairwise(instants))
    interval, unit = as_interval(timedelta(seconds=math.gcd(*seconds)))
    return Curve(style=style, points=tuple(points), ends_at=ends_at, interval=interval, interval_unit=unit)


def _rows(file: str) -> Iterator[_Row]:
    try:
        lines = read_message(file).decode("utf-8-sig").splitlines()
    except OSError as error:
        raise SettingsError("--curve", f"{file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError("--curve", f"{file} is not UTF-8 text: {error.reason}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        separator = next((each for each in _SEPARATORS if each in line), ",")
        cells = [cell.strip().strip('"') for cell in line.split(separator)]
        if len(cells) != 2:
            raise SettingsError(f"{file}:{number}", f"has {len(cells)} columns; write a time and a value")
        yield _Row(where=f"{file}:{number}", time=cells[0], value=cells[1])


def _without_titles(rows: list[_Row]) -> list[_Row]:
    """*rows* but for a first one in which neither looks like a time or a number."""
    if rows and not any(cell[:1] in _BEGINS_NUMBER for cell in (rows[0].time, rows[0].value) if cell):
        return rows[1:]
    return rows


def _instants(rows: Sequence[_Row], timing: CurveTiming) -> Iterator[datetime]:
    if _is_offset(rows[0].time):
        start = timing.starts_at or timing.now
        for row in rows:
            yield start + _offset(row)
        return
    if timing.starts_at is not None:
        raise SettingsError(rows[0].where, "the times of the curve say when it starts: leave out --at and --in")
    now = timing.now
    for row in rows:
        if _is_offset(row.time):
            raise SettingsError(row.where, f"{row.time!r} is an offset among times: write one or the other")
        now = read_time(row.time, now, where=row.where)
        yield now


def _is_offset(text: str) -> bool:
    return ":" not in text and "-" not in text


def _offset(row: _Row) -> timedelta:
    text = row.time.removeprefix("+")
    return timedelta() if text == "0" else read_duration(text, where=row.where)


def _end(file: str, instants: Sequence[datetime], style: CurveStyle, lasts: timedelta | None) -> datetime:
    """When the last value ends: a line ends with its last point, a step after an interval like the one before."""
    last = instants[-1]
    if lasts is not None:
        ends_at = instants[0] + lasts
        is_line = style is CurveStyle.STRAIGHT_LINE_Y_VALUES and len(instants) > 1
        if ends_at < last or (ends_at == last and not is_line):
            raise SettingsError("--for", f"is over before the last value of {file} holds")
        return ends_at
    if len(instants) == 1:
        raise SettingsError("--for", f"{file} holds a single value: say how long it holds, such as --for 30m")
    return last if style is CurveStyle.STRAIGHT_LINE_Y_VALUES else last + (last - instants[-2])
