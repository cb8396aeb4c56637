"""The afternoon and the evening: switches, a device that falls silent, batteries that give back, and the sum of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from dermsbus.adapters.simulated import Fault
from dermsbus.cli.demo.asking import (
    available,
    come_to,
    line,
    near,
    order,
    order_and_course,
    steps,
    taken,
    tolerance_of,
)
from dermsbus.cli.demo.feeder import BATTERIES, CHARGERS, FEEDER, PV_EAST, PV_WEST, at, reference
from dermsbus.cli.demo.record import repeated, set_points, value_of
from dermsbus.cli.demo.screen import Check, Refresh
from dermsbus.cli.demo.stage import Stage
from dermsbus.cli.plot import Line, Plot
from dermsbus.cli.quantities import quantity
from dermsbus.cli.references import group_label
from dermsbus.client import Direction
from dermsbus.domain.controls import ControlKind, EndDeviceControl, EventKind
from dermsbus.domain.model import EndDevice
from dermsbus.domain.quantities import Curve, ParameterKind
from dermsbus.domain.schedule import curve_value

__all__ = ["discharge_in_the_evening", "lose_a_member", "sum_up", "switch_off_and_on"]

_POWER: Final = ParameterKind.ACTIVE_POWER
_EVENTS_WITHIN_S: Final = 10.0
_BRIGHT: Final = 0.8
"""Part of what the roofs gave before, at which they count as being back."""
_STEPS: Final = (0.3, 0.6)
_LAST: Final = 0.6
"""Of what is available, in the steps of the afternoon and at the end of the line in the evening."""
_LATE: Final = timedelta(minutes=15)
"""So far the batteries may lag behind a line while the day passes fast."""


# -- 15:00 -------------------------------------------------------------------------------------------------------------


def switch_off_and_on(stage: Stage) -> Iterator[Check]:
    """A group that is separated from the grid and connected again, and what each device tells of it."""
    begins_at, back_at, ends_at = stage.now, at("15:20"), at("15:45")
    before = value_of(stage.status(PV_WEST)) or 0.0

    def make() -> Plot:
        measured = stage.record.samples(PV_WEST, begins_at - timedelta(minutes=10), ends_at)
        return Plot(title=f"{PV_WEST}: active power", unit="W", lines=(Line(name="measured", samples=measured),))

    def is_bright() -> bool:
        return (value_of(stage.status(PV_WEST)) or 0.0) > _BRIGHT * before

    with stage.growing(make) as refresh:
        off = _switched(stage, ControlKind.DISCONNECT, EventKind.DISCONNECTED, "work on the line")
        dark_at = come_to(stage, PV_WEST, 0.0, back_at, refresh=refresh)
        on = _switched(stage, ControlKind.CONNECT, EventKind.CONNECTED, "the line is back")
        is_back = stage.run(ends_at, stage.tempo.calm, done=is_bright, refresh=refresh)
    yield off
    yield Check(what="it gives nothing", holds=dark_at is not None)
    yield on
    yield Check(what="it gives what it gave", holds=is_back, found=quantity(before, _POWER))


def _switched(stage: Stage, kind: ControlKind, outcome: EventKind, reason: str) -> Check:
    """That every device of the group did what was asked, and told so once."""
    devices = stage.feeder.devices_of(PV_WEST)
    control = EndDeviceControl(kind=kind, groups=(reference(PV_WEST),), reason=reason)
    with stage.dms.switch(control) as switching:
        told = tuple(switching.events(_EVENTS_WITHIN_S, until=[EndDevice(mrid=mrid) for mrid in devices]))
        is_taken = switching.answer.ok
    done = Counter(event.device.mrid for event in told if event.kind is outcome)
    return Check(
        what=f"{PV_WEST} is told to {kind.value}, and each device says {outcome.value}, once",
        holds=is_taken and done == Counter(devices) and len(told) == len(devices),
        found=f"{len(told)} events of {len(done)} devices",
    )


# -- 16:30 -------------------------------------------------------------------------------------------------------------


def lose_a_member(stage: Stage) -> Iterator[Check]:
    """A battery that answers no more: others are told, and the rest of the group does what is ordered."""
    begins_at, lost_at, ends_at = stage.now, at("16:40"), at("17:50")
    curve = steps([available(stage, BATTERIES, part) for part in _STEPS], begins_at, ends_at)
    first, second = curve.points
    answer = stage.dms.create_dispatches(order("afternoon", BATTERIES, _POWER, curve))
    yield taken(answer, f"the DERMS takes an order of {len(curve.points)} steps for {BATTERIES}")
    lost = stage.feeder.members[BATTERIES][0]
    make = order_and_course(stage, BATTERIES, curve, begins_at - timedelta(minutes=10))
    with stage.growing(make) as refresh:
        come_to(stage, BATTERIES, first.nominal or 0.0, lost_at, refresh=refresh)
        told = len(stage.pushed)
        stage.fleet.fault(lost, Fault.OFFLINE)
        stage.run(second.at, stage.tempo.brisk, refresh=refresh)
        is_degraded = stage.wait(lambda: _is_told(stage, BATTERIES, "Degraded", since=told))
        is_taken_over = _taken_over(stage, lost, lost_at, curve, refresh)
        told = len(stage.pushed)
        stage.fleet.fault(lost, Fault.NONE)
        stage.run(ends_at, stage.tempo.brisk, refresh=refresh)
        is_back = stage.wait(lambda: _is_told(stage, BATTERIES, "Online", since=told))
    yield Check(what=f"{lost} falls silent, and others are told that the group is Degraded", holds=is_degraded)
    yield is_taken_over
    yield Check(what=f"{lost} answers again, and others are told that the group is Online", holds=is_back)


def _taken_over(stage: Stage, lost: str, lost_at: datetime, curve: Curve, refresh: Refresh) -> Check:
    """That the group does the second step without the one that is lost, which goes on with the first."""
    target, within = curve.points[1].nominal or 0.0, tolerance_of(stage, BATTERIES)
    members = stage.feeder.members[BATTERIES]
    done = near(stage, BATTERIES, target, within=within)
    is_there = stage.run(curve.ends_at, stage.tempo.calm, done=done, refresh=refresh)
    given = sum(reading.active_power_w for reading in stage.fleet.readings(members))
    journal = stage.fleet.journal()
    others = set_points(journal, frozenset(members) - {lost}, stage.now)
    heard = [entry for entry in journal if entry.mrid == lost and entry.at > lost_at]
    return Check(
        what="the others take the next step for it too",
        holds=is_there and not heard and abs(given - target) <= within,
        found=f"{len(others)} devices; together they give {quantity(given, _POWER)}",
    )


def _is_told(stage: Stage, group: str, state: str, *, since: int) -> bool:
    return any(group_label(each.group) == group and each.value == state for each in stage.pushed[since:])


# -- 18:00 -------------------------------------------------------------------------------------------------------------


def discharge_in_the_evening(stage: Stage) -> Iterator[Check]:
    """A straight line from nothing to much, which the batteries follow in small steps."""
    begins_at, ends_at = stage.now, at("18:45")
    last = available(stage, BATTERIES, _LAST)
    curve = line(0.0, last, begins_at, ends_at)
    answer = stage.dms.create_dispatches(order("evening", BATTERIES, _POWER, curve))
    yield taken(answer, f"the DERMS takes a straight line up to {quantity(last, _POWER)}")
    stage.show(ends_at, stage.tempo.even, order_and_course(stage, BATTERIES, curve, begins_at))
    course = stage.record.samples(BATTERIES, begins_at, ends_at)
    behind = [(curve_value(curve, each.at) or 0.0) - (each.value or 0.0) for each in course]
    slope, within = last / (ends_at - begins_at).total_seconds(), tolerance_of(stage, BATTERIES)
    late, ahead = timedelta(seconds=max(0.0, *behind) / slope), max(0.0, *(-each for each in behind))
    yield Check(
        what="the batteries follow it",
        holds=late <= _LATE and ahead <= within,
        found=f"at most {late / timedelta(minutes=1):.0f} min behind, {quantity(ahead, _POWER)} ahead",
    )


# -- 21:00 -------------------------------------------------------------------------------------------------------------


def sum_up(stage: Stage) -> Iterator[Check]:
    """What went over the bus and to the devices, and what flowed."""
    begins_at, ends_at = at("05:30"), stage.now
    stage.screen.plot(
        Plot(
            title="active power over the day",
            unit="W",
            lines=tuple(
                Line(name=group, samples=stage.record.samples(group, begins_at, ends_at))
                for group in (FEEDER, BATTERIES, CHARGERS)
            ),
            begins_at=begins_at,
            ends_at=ends_at,
        )
    )
    for group in (PV_EAST, PV_WEST, BATTERIES, CHARGERS):
        given, drawn = stage.record.energy_wh(group)
        stage.screen.say(f"  {group:14} gave {given / 1000:6.0f} kWh, drew {drawn / 1000:6.0f} kWh")
    counts, received = stage.counts, stage.application.counts.messages
    stage.screen.say(
        f"  the DMS sent {counts[Direction.SENT]} requests, and got {counts[Direction.REPLY]} replies and "
        f"{counts[Direction.EVENT]} events; the DERMS received {sum(received.values())} messages of all"
    )
    journal = stage.fleet.journal()
    told = [entry for entry in journal if not entry.command.release]
    stage.screen.say(f"  {len({entry.mrid for entry in journal})} devices took {len(journal)} commands")
    twice = list(repeated(journal))
    yield Check(
        what="no device was told the same twice",
        holds=not twice,
        found=f"{len(twice)} times, at first {twice[0].mrid} at {twice[0].at}" if twice else "",
    )
    yield Check(what="no command came twice", holds=len({entry.command_id for entry in told}) == len(told))
    sent, got = counts[Direction.SENT], counts[Direction.REPLY]
    yield Check(what="every request was answered, once", holds=sent == got, found=f"{got} of {sent}")
