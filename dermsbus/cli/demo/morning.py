"""The morning: groups are made, the sun rises, a forecast is asked for, and a cloud passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from dermsbus.cli.demo.asking import taken
from dermsbus.cli.demo.feeder import FEEDER, PV_EAST, PV_WEST, SITE, at, reference
from dermsbus.cli.demo.record import value_of
from dermsbus.cli.demo.screen import Check
from dermsbus.cli.demo.stage import Stage
from dermsbus.cli.plot import Band, Line, Plot, Sample, curve_samples
from dermsbus.cli.quantities import quantity
from dermsbus.cli.references import group_label
from dermsbus.client import Direction
from dermsbus.domain.clear_sky import clear_sky_part
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.quantities import Curve, CurveStyle, IntervalUnit, ParameterKind, Point, ScheduleRequest
from dermsbus.domain.schedule import curve_value

__all__ = ["ask_for_forecast", "make_groups", "see_cloud", "see_sunrise"]

_POWER: Final = ParameterKind.ACTIVE_POWER
_FORECAST: Final = ScheduleRequest(
    style=CurveStyle.STRAIGHT_LINE_Y_VALUES,
    intervals=16,
    starts_at=at("09:00"),
    interval=15,
    interval_unit=IntervalUnit.MINUTE,
)
_CLOUD_LASTS: Final = timedelta(minutes=15)
_CLOUD_DEPTH: Final = 0.7


# -- 05:30 -------------------------------------------------------------------------------------------------------------


def make_groups(stage: Stage) -> Iterator[Check]:
    """Groups of devices, then groups of these groups."""
    smallest, *others = stage.feeder.groups_of_devices()
    first = stage.dms.create_groups(smallest)
    reply = next(message for message in stage.hear() if message.direction is Direction.REPLY)
    if not stage.shows_all:
        stage.screen.message(reply)
    yield taken(first, f"the DERMS makes the group {group_label(smallest)}, and gives it an mRID")
    second = stage.dms.create_groups(*others)
    yield taken(second, f"and {', '.join(map(group_label, others))} in one message")
    mrids = {group_label(group): group.mrid or "" for group in (*first.groups, *second.groups)}
    nests = stage.feeder.groups_of_groups(mrids)
    yield taken(stage.dms.create_groups(*nests), f"{' and '.join(map(group_label, nests))} are made of groups")
    groups = stage.dms.get_groups().groups
    for group in groups:
        stage.screen.say(f"  {_described(stage, group)}")
    names = tuple(map(group_label, groups))
    yield Check(what="it knows all of them", holds=names == stage.feeder.groups, found=f"{len(names)} groups")


def _described(stage: Stage, group: EndDeviceGroup) -> str:
    name = group_label(group)
    devices, members = len(stage.feeder.devices_of(name)), len(group.end_devices)
    nested = f" in {members} groups" if members != devices else ""
    return f"{name:14} {devices:3} devices{nested}: {group.description}"


# -- 05:30 to 09:00 ----------------------------------------------------------------------------------------------------


def see_sunrise(stage: Stage) -> Iterator[Check]:
    """What is told without being asked, as the sun rises."""
    begins_at = stage.now
    wanted = set(stage.feeder.groups)
    is_told = stage.wait(lambda: {group_label(each.group) for each in stage.pushed} == wanted)
    yield Check(what="the DERMS tells of every group without being asked", holds=is_told)
    stage.show(
        at("09:00"),
        stage.tempo.travel,
        lambda: Plot(
            title="active power, as it was pushed",
            unit="W",
            lines=tuple(Line(name=name, samples=_pushed(stage, name)) for name in (PV_EAST, PV_WEST, FEEDER)),
            begins_at=begins_at,
            ends_at=at("09:00"),
        ),
    )
    told = _pushed(stage, PV_EAST)
    values = [sample.value for sample in told if sample.value is not None]
    installed = _installed(stage, PV_EAST)
    yield Check(
        what="the roofs wake up",
        holds=len(values) > 1 and values[-1] > values[0] + 0.2 * installed,
        found=f"{len(told)} reports of {PV_EAST}, from {quantity(values[0], _POWER)} to {quantity(values[-1], _POWER)}",
    )


def _pushed(stage: Stage, group: str) -> tuple[Sample, ...]:
    return tuple(
        Sample(at=status.at, value=value_of(status)) for status in stage.pushed if group_label(status.group) == group
    )


def _installed(stage: Stage, group: str) -> float:
    told = stage.status(group).parameters[0]
    return told.installed_max or 0.0


# -- 09:00 -------------------------------------------------------------------------------------------------------------


def ask_for_forecast(stage: Stage) -> Iterator[Check]:
    """What is expected of the roofs for the next four hours, and what comes in the first of them."""
    begins_at, until = stage.now, at("10:00")
    answer = stage.dms.get_forecasts(reference(PV_WEST), parameters=[_POWER], schedules=[_FORECAST])
    yield taken(answer, "the DERMS forecasts four hours")
    if not answer.forecasts:
        return
    forecast = answer.forecasts[0]
    curve = forecast.parameters[0].curves[0]
    sure = "" if forecast.confidence_percent is None else f", {forecast.confidence_percent:.0f} % sure"
    lower, upper = (curve_samples(curve, bound) for bound in (_minimum, _maximum))

    def make() -> Plot:
        measured = stage.record.samples(PV_WEST, begins_at - timedelta(hours=2), until)
        return Plot(
            title=f"{PV_WEST}: active power, expected and measured{sure}",
            unit="W",
            lines=(Line(name="expected", samples=curve_samples(curve)), Line(name="measured", samples=measured)),
            bands=(Band(name="least … most", lower=lower, upper=upper),),
        )

    stage.show(until, stage.tempo.travel, make)
    yield from _form(curve)
    measured = stage.record.samples(PV_WEST, begins_at, until)
    within = sum(_is_within(curve, sample) for sample in measured)
    share = 100 * within / max(1, len(measured))
    stage.screen.say(f"  of what was measured in the first hour, {share:.0f} % lay between them")


def _minimum(point: Point) -> float | None:
    return point.minimum


def _maximum(point: Point) -> float | None:
    return point.maximum


def _is_within(curve: Curve, sample: Sample) -> bool:
    """Whether what was measured lies in the band of the forecast."""
    least, most = (
        curve_value(
            replace(curve, points=tuple(replace(point, nominal=bound(point)) for point in curve.points)), sample.at
        )
        for bound in (_minimum, _maximum)
    )
    return least is not None and most is not None and sample.value is not None and least <= sample.value <= most


def _form(curve: Curve) -> Iterator[Check]:
    points = len(curve.points)
    yield Check(
        what="it has a value for both ends of each interval",
        holds=points == _FORECAST.intervals + 1,
        found=f"{points} points",
    )
    bands = [(point.minimum, point.nominal, point.maximum) for point in curve.points]
    told = [
        (low, middle, high)
        for low, middle, high in bands
        if low is not None and middle is not None and high is not None
    ]
    yield Check(
        what="each between the least and the most that is expected",
        holds=len(told) == points and all(low <= middle <= high for low, middle, high in told),
    )


# -- 10:00 -------------------------------------------------------------------------------------------------------------


def see_cloud(stage: Stage) -> Iterator[Check]:
    """What a cloud takes of the sun, and that it gives it back."""
    begins_at = stage.now
    before = value_of(stage.status(PV_EAST)) or 0.0
    stage.fleet.send_cloud(lasts_s=_CLOUD_LASTS.total_seconds(), depth=_CLOUD_DEPTH)
    since, until = begins_at - timedelta(minutes=15), at("10:30")
    clear = Line(name="clear sky", samples=_clear(since, until, begins_at, before))
    stage.show(
        until,
        stage.tempo.even,
        lambda: Plot(
            title=f"{PV_EAST}: active power, and what it would be without the cloud",
            unit="W",
            lines=(clear, Line(name="measured", samples=stage.record.samples(PV_EAST, since, until))),
            begins_at=since,
            ends_at=until,
        ),
    )
    values = [sample.value or 0.0 for sample in stage.record.samples(PV_EAST, begins_at, until)]
    expected = clear.samples[-1].value or 0.0
    yield Check(
        what="the cloud takes more than a third",
        holds=min(values) < before * 2 / 3,
        found=f"from {quantity(before, _POWER)} to {quantity(min(values), _POWER)}",
    )
    yield Check(
        what="and gives it back",
        holds=values[-1] > 0.85 * expected,
        found=f"{quantity(values[-1], _POWER)}, clear sky {quantity(expected, _POWER)}",
    )


def _clear(since: datetime, until: datetime, known_at: datetime, known: float) -> tuple[Sample, ...]:
    """What the sun would give under a clear sky, if it gave *known* at *known_at*."""
    minutes = int((until - since) / timedelta(minutes=1))
    instants = [since + timedelta(minutes=minute) for minute in range(minutes + 1)]
    parts = clear_sky_part(SITE, np.array([each.timestamp() for each in (known_at, *instants)]))
    return tuple(
        Sample(at=each, value=known * part / float(parts[0]))
        for each, part in zip(instants, parts[1:].tolist(), strict=True)
    )
