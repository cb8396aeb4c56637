"""Whom others are told of, and when: first reports, periods, the dead-band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dermsbus.dispatch import Event, FieldView
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.model import EndDeviceGroup, GroupReference
from dermsbus.domain.quantities import GroupStatus, ParameterKind, ParameterStatus
from dermsbus.domain.registry import GroupRegistry
from dermsbus.errors import StoreError
from dermsbus.messages.envelope import DERGroupStatuses, Verb
from dermsbus.push import PushRules, StatusPush, has_moved, reports_due
from tests.unit.domain.builders import devices, function, group
from tests.unit.domain.fleet_builders import NOW, STALE_AFTER_S, pv, reading, state_of


def status(mrid: str = "G", power_w: float | None = 0.0, value: str = "Online", **more: float | None) -> GroupStatus:
    parameters = [
        ParameterStatus(
            parameter=ParameterKind.ACTIVE_POWER, at=NOW, value=power_w, installed_min=-5_000.0, installed_max=5_000.0
        )
    ]
    parameters += [ParameterStatus(parameter=ParameterKind(kind), at=NOW, value=each) for kind, each in more.items()]
    return GroupStatus(group=GroupReference(mrid=mrid), parameters=tuple(parameters), at=NOW, value=value)


def told(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Verb and group of each."""
    return [(event.verb.value, content(event).group.mrid or "") for event in events]


def content(event: Event) -> GroupStatus:
    assert isinstance(event.payload.content, DERGroupStatuses)
    (only,) = event.payload.content.statuses
    assert isinstance(only, GroupStatus)
    return only


def due(*statuses: GroupStatus, last: Sequence[GroupStatus] = (), is_period: bool = False) -> list[tuple[str, str]]:
    known = {each.group.mrid or "": each for each in last}
    return told(tuple(reports_due(statuses, known, is_period=is_period, dead_band_percent=2.0)))


def test_the_first_report_of_a_group_is_created_and_the_next_ones_changed() -> None:
    assert due(status("A"), status("B"), last=[status("B", 4_000.0)]) == [("created", "A"), ("changed", "B")]


def test_in_each_period_all_groups_are_reported() -> None:
    both = [status("A"), status("B")]

    assert due(*both, last=both) == []
    assert due(*both, last=both, is_period=True) == [("changed", "A"), ("changed", "B")]


@pytest.mark.parametrize(
    ("now", "last", "moved"),
    [
        (status(power_w=200.0), status(power_w=0.0), False),  # 2 % of 10 kW installed
        (status(power_w=201.0), status(power_w=0.0), True),
        (status(power_w=-201.0), status(power_w=0.0), True),
        (status(power_w=None), status(power_w=None), False),
        (status(power_w=None), status(power_w=0.0), True),
        (status(power_w=0.0), status(power_w=None), True),
        (status(value="Degraded"), status(), True),
        (status(voltage=234.0), status(voltage=230.0), False),  # without installed range: of the value itself
        (status(voltage=235.0), status(voltage=230.0), True),
        (status(reactivePower=1.0), status(), True),
        (status(), status(reactivePower=1.0), True),
        (replace(status(), remark="2 good"), status(), False),
    ],
)
def test_a_group_is_reported_when_it_moved_beyond_the_dead_band(
    now: GroupStatus, last: GroupStatus, moved: bool
) -> None:
    assert has_moved(now, last, dead_band_percent=2.0) is moved


def test_statuses_are_not_kept_by_a_broker_that_restarts() -> None:
    (event,) = reports_due([status()], {}, is_period=False, dead_band_percent=2.0)

    assert not event.persistent


class Desk:
    """A push over one group, with a clock and readings that the test sets."""

    def __init__(self, *groups: EndDeviceGroup) -> None:
        self.clock_s = 1_000.0
        self.state = state_of([pv("P1"), pv("P2")])
        self.registry = GroupRegistry(groups)
        self.sent: list[Event] = []
        self.store_works = True
        self.has_view = True
        rules = PushRules(period_s=60.0, dead_band_percent=2.0)
        self.push = StatusPush(self.registry, self.view, rules, self.announce, lambda: self.clock_s)

    def view(self) -> FieldView | None:
        view = FieldView(state=self.state, stale_after_s=STALE_AFTER_S, now=NOW)
        return view if self.has_view else None

    def announce(self, events: Sequence[Event]) -> None:
        if not self.store_works:
            raise StoreError("disk full")
        self.sent.extend(events)

    def tick(self, *powers_w: float, after_s: float = 1.0) -> list[tuple[Verb, float | None]]:
        self.clock_s += after_s
        self.state.put(reading(f"P{number}", power) for number, power in enumerate(powers_w, start=1))
        self.sent.clear()
        self.push.tick()
        return [(event.verb, content(event).parameters[0].value) for event in self.sent]


G = group("G", members=devices("P1", "P2"), der_function=function("real_power_dispatch"))


def test_the_band_is_around_what_was_told_last_and_not_around_the_last_value() -> None:
    desk = Desk(G)

    assert desk.tick(1_000.0, 0.0) == [(Verb.CREATED, 1_000.0)]
    assert desk.tick(1_150.0) == []
    assert desk.tick(1_250.0) == [(Verb.CHANGED, 1_250.0)]


def test_periods_keep_their_step_however_late_a_tick_is() -> None:
    desk = Desk(G)
    desk.tick(1_000.0, 0.0)

    assert desk.tick(after_s=60.5) == [(Verb.CHANGED, 1_000.0)]
    assert desk.tick(after_s=57.0) == []
    assert desk.tick(after_s=1.6) == [(Verb.CHANGED, 1_000.0)]
    assert desk.tick(after_s=600.0) == [(Verb.CHANGED, 1_000.0)]
    assert desk.tick(after_s=1.0) == []


def test_what_could_not_be_stored_is_told_by_the_next_tick() -> None:
    desk = Desk(G)
    desk.store_works = False
    with pytest.raises(StoreError):
        desk.tick(1_000.0, 0.0)

    desk.store_works = True

    assert desk.tick() == [(Verb.CREATED, 1_000.0)]


def test_while_there_is_nobody_to_tell_nothing_is_and_then_what_is_now() -> None:
    desk = Desk(G)
    desk.tick(1_000.0, 0.0)
    desk.has_view = False
    assert desk.tick(3_000.0) == []
    assert desk.tick(4_000.0) == []

    desk.has_view = True

    assert desk.tick() == [(Verb.CHANGED, 4_000.0)]


def test_a_group_that_went_and_came_again_is_created_again() -> None:
    desk = Desk(G)
    desk.tick(1_000.0, 0.0)
    change_members(desk.registry, None)
    assert desk.tick() == []

    change_members(desk.registry, G)

    assert desk.tick() == [(Verb.CREATED, 1_000.0)]


def test_a_group_with_other_members_is_reported_with_them() -> None:
    desk = Desk(G)
    assert desk.tick(1_000.0, 500.0) == [(Verb.CREATED, 1_500.0)]

    change_members(desk.registry, replace(G, end_devices=devices("P2")))

    assert desk.tick() == [(Verb.CHANGED, 500.0)]


def change_members(registry: GroupRegistry, to: EndDeviceGroup | None) -> None:
    """The group as *to* has it; gone for None."""
    behaviour = replace(BEHAVIOURS["default"], require_version_on_create=False)
    draft = registry.draft()
    if registry.get("G"):
        draft.delete(EndDeviceGroup(mrid="G"), behaviour)
    if to:
        draft.create(to, behaviour)
    registry.adopt(draft)
