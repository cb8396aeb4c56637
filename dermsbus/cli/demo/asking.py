"""How the DMS of the demo orders something, and how it is seen that a group comes to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from dermsbus.cli.demo.feeder import reference
from dermsbus.cli.demo.record import parameter_of, value_of
from dermsbus.cli.demo.screen import Check, Refresh
from dermsbus.cli.demo.stage import Stage
from dermsbus.cli.plot import Line, Plot, curve_samples
from dermsbus.cli.views import failure_lines
from dermsbus.client import Answer
from dermsbus.domain.model import Name
from dermsbus.domain.quantities import Curve, CurveStyle, IntervalUnit, ParameterKind, Point
from dermsbus.messages.envelope import DispatchOrder

__all__ = [
    "available",
    "come_to",
    "constant",
    "line",
    "near",
    "order",
    "order_and_course",
    "steps",
    "taken",
    "tolerance_of",
    "whole_kilowatts",
]

_TOLERANCE: Final = 0.02
"""Part of what is installed by which a group may be beside its order."""


def taken(answer: Answer, what: str) -> Check:
    """That the DERMS did *what* was asked."""
    said = answer.notes if answer.ok else failure_lines(answer)
    return Check(what=what, holds=answer.ok, found="; ".join(said))


def order(name: str, group: str, parameter: ParameterKind, curve: Curve) -> DispatchOrder:
    """An order to a group."""
    return DispatchOrder(names=(Name(name=name),), group=reference(group), parameter=parameter, curves=(curve,))


def constant(value: float, begins_at: datetime, ends_at: datetime) -> Curve:
    """One value from *begins_at* until *ends_at*."""
    return steps([value], begins_at, ends_at)


def steps(values: Sequence[float], begins_at: datetime, ends_at: datetime) -> Curve:
    """Values that hold equally long each, one after the other."""
    interval = (ends_at - begins_at) / len(values)
    return Curve(
        style=CurveStyle.CONSTANT_Y_VALUE,
        points=tuple(Point(at=begins_at + number * interval, nominal=value) for number, value in enumerate(values)),
        ends_at=ends_at,
        interval=round(interval.total_seconds()),
        interval_unit=IntervalUnit.SECOND,
    )


def line(first: float, last: float, begins_at: datetime, ends_at: datetime) -> Curve:
    """A straight line."""
    return Curve(
        style=CurveStyle.STRAIGHT_LINE_Y_VALUES,
        points=(Point(at=begins_at, nominal=first), Point(at=ends_at, nominal=last)),
        ends_at=ends_at,
        interval=round((ends_at - begins_at).total_seconds()),
        interval_unit=IntervalUnit.SECOND,
    )


# -- what comes of it -----------------------------------------------------------------------------------------------


def available(stage: Stage, group: str, part: float) -> float:
    """W, whole kilowatts: a part of the most that a group could give now."""
    told = parameter_of(stage.status(group))
    assert told is not None, "activePower is always told"
    return whole_kilowatts(part * (told.available_max or 0.0))


def whole_kilowatts(power_w: float) -> float:
    """W, rounded to kilowatts, as people order."""
    return round(power_w, -3)


def tolerance_of(stage: Stage, group: str) -> float:
    """W by which a group may be beside its order."""
    told = parameter_of(stage.status(group))
    assert told is not None, "activePower is always told"
    return _TOLERANCE * ((told.installed_max or 0.0) - (told.installed_min or 0.0))


def near(stage: Stage, group: str, target: float, *, within: float) -> Callable[[], bool]:
    """Whether the group gives *target*, each time that it is asked."""
    return lambda: abs((value_of(stage.status(group)) or 0.0) - target) <= within


def come_to(
    stage: Stage, group: str, target: float, until: datetime, *, refresh: Refresh = lambda: None
) -> datetime | None:
    """When a group had come to *target*; None if it did not until *until*, at which the clock stands in any case."""
    done = near(stage, group, target, within=tolerance_of(stage, group))
    there_at = stage.now if stage.run(until, stage.tempo.calm, done=done, refresh=refresh) else None
    stage.run(until, stage.tempo.brisk, refresh=refresh)
    return there_at


def order_and_course(stage: Stage, group: str, curve: Curve, since: datetime) -> Callable[[], Plot]:
    """What draws the plot of what was ordered and of what was measured, from *since* until the order is over."""
    return lambda: Plot(
        title=f"{group}: active power, ordered and measured",
        unit="W",
        lines=(
            Line(name="ordered", samples=curve_samples(curve)),
            Line(name="measured", samples=stage.record.samples(group, since, curve.ends_at)),
        ),
        begins_at=since,
        ends_at=curve.ends_at,
    )
