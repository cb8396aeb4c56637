"""The hours around noon: steps that a group follows, a ramp that it keeps to, sun that is stored, a voltage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from dermsbus.adapters.simulated import JournalEntry
from dermsbus.cli.demo.asking import (
    available,
    come_to,
    constant,
    order,
    order_and_course,
    steps,
    taken,
    tolerance_of,
    whole_kilowatts,
)
from dermsbus.cli.demo.feeder import BATTERIES, SOLAR_STORAGE, at
from dermsbus.cli.demo.record import parameter_of, set_points, value_of
from dermsbus.cli.demo.screen import Check, Refresh
from dermsbus.cli.demo.stage import Stage
from dermsbus.cli.plot import Line, Plot, curve_samples
from dermsbus.cli.quantities import quantity
from dermsbus.domain.quantities import Curve, ParameterKind
from dermsbus.domain.schedule import curve_value

__all__ = ["follow_steps", "hold_voltage", "keep_to_ramp", "store_the_sun"]

_POWER: Final = ParameterKind.ACTIVE_POWER
_VOLTAGE: Final = ParameterKind.VOLTAGE
_ROUNDING_W: Final = 0.5
"""By so much what one device is told may be beside what it was meant to be told."""
_PARTS: Final = (0.55, 0.3, 0.85, 0.6)
"""Of what is available, in each step of the order at eleven."""
_RAMP_LASTS: Final = timedelta(minutes=10)
_RAMP_DOWN_TO: Final = 0.4
_RAMP_SLACK: Final = 2.0
"""So many times as long it may take, for a ramp is taken in steps."""
_CHARGE: Final = 0.6
"""Of what is available, and the other way round: batteries can draw as much as they can give."""
_HOLD_V: Final = 232.0
"""In the middle of where it wanders."""
_VOLTAGE_TOLERANCE_V: Final = 0.3


# -- 11:00 -------------------------------------------------------------------------------------------------------------


def follow_steps(stage: Stage) -> Iterator[Check]:
    """Four steps, each of them followed; what the devices were told adds up to the order."""
    begins_at, ends_at = stage.now, at("12:20")
    curve = steps([available(stage, SOLAR_STORAGE, part) for part in _PARTS], begins_at, ends_at)
    answer = stage.dms.create_dispatches(order("steps at eleven", SOLAR_STORAGE, _POWER, curve))
    yield taken(answer, f"the DERMS takes an order of {len(curve.points)} steps for {SOLAR_STORAGE}")
    beside: list[float | None] = []
    make = order_and_course(stage, SOLAR_STORAGE, curve, begins_at - timedelta(minutes=10))
    with stage.growing(make) as refresh:
        for since, until in pairwise([*(point.at for point in curve.points), ends_at]):
            beside.append(_follow(stage, curve_value(curve, since) or 0.0, until, refresh))
    reached = [each for each in beside if each is not None]
    worst = max(reached, default=0.0)
    yield Check(
        what="the group comes to each step, and stays there",
        holds=len(reached) == len(curve.points) and worst <= tolerance_of(stage, SOLAR_STORAGE),
        found=f"{len(reached)} steps, at most {quantity(worst, _POWER)} beside it",
    )
    yield _journal_check(stage, curve)


def _follow(stage: Stage, target: float, until: datetime, refresh: Refresh) -> float | None:
    """W by which the group was beside a step at most, from when it had come to it; None if it never came."""
    there_at = come_to(stage, SOLAR_STORAGE, target, until, refresh=refresh)
    if there_at is None:
        return None
    values = [sample.value for sample in stage.record.samples(SOLAR_STORAGE, there_at, until)]
    return max((abs(value - target) for value in values if value is not None), default=0.0)


def _journal_check(stage: Stage, curve: Curve) -> Check:
    """That what the devices held by their own record at the end of each step makes what was ordered."""
    devices = frozenset(stage.feeder.devices_of(SOLAR_STORAGE))
    journal = stage.fleet.journal()
    ends = [*(point.at for point in curve.points[1:]), curve.ends_at]
    beside = [
        abs(sum(set_points(journal, devices, until).values()) - (point.nominal or 0.0))
        for point, until in zip(curve.points, ends, strict=True)
    ]
    return Check(
        what="what the devices wrote down to hold adds up to the order",
        holds=max(beside) <= _ROUNDING_W * len(devices),
        found=f"{len(devices)} devices, at most {quantity(max(beside), _POWER)} beside it",
    )


# -- 12:30 -------------------------------------------------------------------------------------------------------------


def keep_to_ramp(stage: Stage) -> Iterator[Check]:
    """Limits of the ramp, and then a step that is too large to be taken at once."""
    begins_at, steps_at, ends_at = stage.now, at("12:35"), at("13:05")
    before = value_of(stage.status(SOLAR_STORAGE)) or 0.0
    after = whole_kilowatts(_RAMP_DOWN_TO * before)
    rate = (before - after) / _RAMP_LASTS.total_seconds()
    limits = [
        order(f"{kind} at noon", SOLAR_STORAGE, kind, constant(rate, begins_at, ends_at))
        for kind in (ParameterKind.INCREASING_RAMP_RATE, ParameterKind.DECREASING_RAMP_RATE)
    ]
    told = quantity(rate, ParameterKind.DECREASING_RAMP_RATE)
    yield taken(stage.dms.create_dispatches(*limits), f"the DERMS takes limits of {told}, upwards and downwards")
    curve = constant(after, steps_at, ends_at)
    answer = stage.dms.create_dispatches(order("step at noon", SOLAR_STORAGE, _POWER, curve))
    yield taken(answer, f"and an order to go from {quantity(before, _POWER)} to {quantity(after, _POWER)}")
    make = order_and_course(stage, SOLAR_STORAGE, curve, begins_at)
    with stage.growing(make) as refresh:
        stage.run(steps_at, stage.tempo.brisk, refresh=refresh)
        start = value_of(stage.status(SOLAR_STORAGE)) or 0.0
        there_at = come_to(stage, SOLAR_STORAGE, after, ends_at, refresh=refresh)
    yield _never_faster(stage, steps_at, there_at or ends_at, start, rate)
    took, least = (there_at or ends_at) - steps_at, timedelta(seconds=(start - after) / rate)
    minute = timedelta(minutes=1)
    yield Check(
        what="and it comes to its order",
        holds=there_at is not None and took <= _RAMP_SLACK * least,
        found=f"in {took / minute:.0f} min; no less than {least / minute:.0f} were allowed",
    )


def _never_faster(stage: Stage, since: datetime, until: datetime, start: float, rate: float) -> Check:
    course = stage.record.samples(SOLAR_STORAGE, since, until)
    ahead = max(
        (start - rate * (each.at - since).total_seconds() - (each.value or 0.0) for each in course), default=0.0
    )
    return Check(
        what="the group goes no faster than the limit",
        holds=ahead <= tolerance_of(stage, SOLAR_STORAGE),
        found=f"at most {quantity(max(ahead, 0.0), _POWER)} ahead of it",
    )


# -- 13:10 -------------------------------------------------------------------------------------------------------------


def store_the_sun(stage: Stage) -> Iterator[Check]:
    """Batteries that are charged: what is drawn from the grid is negative."""
    begins_at, ends_at = stage.now, at("13:55")
    target = -available(stage, BATTERIES, _CHARGE)
    curve = constant(target, begins_at, ends_at)
    answer = stage.dms.create_dispatches(order("charge at noon", BATTERIES, _POWER, curve))
    yield taken(answer, f"the DERMS takes an order of {quantity(target, _POWER)} for {BATTERIES}")
    before = stage.status(BATTERIES).remark
    make = order_and_course(stage, BATTERIES, curve, begins_at - timedelta(minutes=10))
    with stage.growing(make) as refresh:
        there_at = come_to(stage, BATTERIES, target, ends_at, refresh=refresh)
    yield Check(what="the batteries draw what was ordered", holds=there_at is not None)
    stage.screen.say(f"  before: {before}")
    stage.screen.say(f"  after:  {stage.status(BATTERIES).remark}")


# -- 14:00 -------------------------------------------------------------------------------------------------------------


def hold_voltage(stage: Stage) -> Iterator[Check]:
    """A voltage for the group, which its inverters hold by their reactive power."""
    begins_at, ends_at = stage.now, at("14:40")
    since = begins_at - timedelta(minutes=40)
    curve = constant(_HOLD_V, begins_at, ends_at)
    answer = stage.dms.create_dispatches(order("voltage at two", SOLAR_STORAGE, _VOLTAGE, curve))
    yield taken(answer, f"the DERMS takes a set-point of {quantity(_HOLD_V, _VOLTAGE)} for {SOLAR_STORAGE}")

    def make() -> Plot:
        measured = stage.record.samples(SOLAR_STORAGE, since, ends_at, _VOLTAGE)
        lines = (Line(name="ordered", samples=curve_samples(curve)), Line(name="measured", samples=measured))
        title = f"{SOLAR_STORAGE}: voltage, ordered and measured"
        return Plot(title=title, unit="V", lines=lines, begins_at=since, ends_at=ends_at)

    with stage.growing(make) as refresh:
        has_come = stage.run(at("14:20"), stage.tempo.calm, done=lambda: _is_held(stage), refresh=refresh)
        there_at = stage.now
        stage.run(ends_at, stage.tempo.brisk, refresh=refresh)
    held = [each.value or 0.0 for each in stage.record.samples(SOLAR_STORAGE, there_at, ends_at, _VOLTAGE)]
    worst = max((abs(value - _HOLD_V) for value in held), default=0.0)
    yield Check(
        what="the group comes to it, and stays there",
        holds=has_come and worst <= _VOLTAGE_TOLERANCE_V,
        found=f"at most {quantity(worst, _VOLTAGE)} beside it",
    )
    told = [entry.mrid for entry in _voltage_commands(stage)]
    yield Check(
        what="each inverter was told once",
        holds=sorted(told) == sorted(stage.feeder.devices_of(SOLAR_STORAGE)),
        found=f"{len(set(told))} devices, {len(told)} commands",
    )


def _voltage_commands(stage: Stage) -> tuple[JournalEntry, ...]:
    return tuple(entry for entry in stage.fleet.journal() if entry.command.voltage_v is not None)


def _is_held(stage: Stage) -> bool:
    """Whether the voltage is as ordered, in what was measured after all were told: it may be so by chance before."""
    told = _voltage_commands(stage)
    measured = parameter_of(stage.status(SOLAR_STORAGE), _VOLTAGE)
    if measured is None or len(told) < len(stage.feeder.devices_of(SOLAR_STORAGE)):
        return False
    is_after = measured.at > max(entry.at for entry in told)
    return is_after and abs((measured.value or 0.0) - _HOLD_V) <= _VOLTAGE_TOLERANCE_V
