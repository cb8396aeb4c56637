"""Whom others are told of, and when: first reports, periods, the dead-band; forecasts in their own periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from dermsbus.dispatch import Event, FieldView
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.fleet_state import FindGroup
from dermsbus.domain.model import EndDeviceGroup, GroupReference
from dermsbus.domain.quantities import (
    CurveStyle,
    GroupForecast,
    GroupStatus,
    IntervalUnit,
    ParameterKind,
    ParameterStatus,
    ScheduleRequest,
)
from dermsbus.domain.registry import GroupRegistry
from dermsbus.errors import StoreError
from dermsbus.messages.envelope import DERGroupForecasts, DERGroupStatuses, Noun, Verb
from dermsbus.push import ForecastPush, ForecastPushRules, PushRules, StatusPush, has_moved, reports_due
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


# -- forecasts


class Prophet:
    """Forecasts of a group that say which group it is of and what was asked, once it is known."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, ScheduleRequest]] = []
        self.parameters: set[tuple[ParameterKind, ...]] = set()
        self.knows_nothing_of: set[str | None] = set()

    def of(
        self,
        group: EndDeviceGroup,
        parameters: Sequence[ParameterKind],
        schedules: Sequence[ScheduleRequest],
        find_group: FindGroup,
    ) -> GroupForecast | None:
        (schedule,) = schedules
        self.asked.append((group.mrid, schedule))
        self.parameters.add(tuple(parameters))
        if group.mrid in self.knows_nothing_of:
            return None
        return GroupForecast(mrid="F", group=GroupReference(mrid=group.mrid), created_at=NOW, parameters=())


class ForecastDesk:
    """A push of forecasts, with time and groups that the test sets; making one forecast takes a little."""

    def __init__(self, *mrids: str, takes_s: float = 0.0, **rules: float) -> None:
        self.now = NOW
        self.real_s = 0.0
        self.prophet = Prophet()
        self.registry = GroupRegistry([replace(G, mrid=mrid) for mrid in mrids])
        self.sent: list[Event] = []
        self.store_works = True
        self.has_view = True
        self.push = ForecastPush(
            self.registry,
            self.view,
            ForecastPushRules(**{"period_s": 900.0, "step_s": 900, "intervals": 16, **rules}),  # type: ignore[arg-type]
            forecasts=self.prophet,
            announce=self.announce,
            clock_s=self.clock_s,
        )
        self._takes_s = takes_s

    def view(self) -> FieldView | None:
        view = FieldView(state=state_of([pv("P1")]), stale_after_s=STALE_AFTER_S, now=self.now)
        return view if self.has_view else None

    def clock_s(self) -> float:
        self.real_s += self._takes_s
        return self.real_s

    def announce(self, events: Sequence[Event]) -> None:
        if not self.store_works:
            raise StoreError("disk full")
        self.sent.extend(events)

    def tick(self, after_s: float = 1.0) -> list[str]:
        """The groups that others are told of."""
        self.now += timedelta(seconds=after_s)
        self.sent.clear()
        self.push.tick()
        return [forecast_of(event).group.mrid or "" for event in self.sent]


def forecast_of(event: Event) -> GroupForecast:
    assert isinstance(event.payload.content, DERGroupForecasts)
    (only,) = event.payload.content.forecasts
    assert isinstance(only, GroupForecast)
    return only


def test_each_group_is_forecast_at_once_and_then_in_each_period_on_its_stroke() -> None:
    desk = ForecastDesk("A", "B")

    assert desk.tick(after_s=400.0) == ["A", "B"]
    assert desk.tick() == []
    assert desk.tick(after_s=498.0) == []
    assert desk.tick() == ["A", "B"], "a quarter past"
    assert desk.tick(after_s=899.0) == []
    assert desk.tick(after_s=3_600.0) == ["A", "B"]


def test_a_forecast_is_created_about_one_group_and_lost_by_a_broker_that_restarts() -> None:
    desk = ForecastDesk("A")
    desk.tick()

    (event,) = desk.sent
    assert (event.verb, event.noun, event.persistent) == (Verb.CREATED, Noun.DER_GROUP_FORECASTS, False)
    assert desk.prophet.parameters == {
        (ParameterKind.ACTIVE_POWER, ParameterKind.REACTIVE_POWER, ParameterKind.VOLTAGE)
    }


@pytest.mark.parametrize(
    ("step_s", "interval", "unit", "starts_after_s"),
    [
        (900, 15, IntervalUnit.MINUTE, 900),
        (3_600, 60, IntervalUnit.MINUTE, 0),
        (90, 90, IntervalUnit.SECOND, 990),
    ],
)
def test_a_forecast_is_a_line_that_begins_with_the_interval_that_is_going_on(
    step_s: int, interval: int, unit: IntervalUnit, starts_after_s: int
) -> None:
    desk = ForecastDesk("A", step_s=step_s, intervals=8)
    desk.tick(after_s=1_000.0)

    ((_, schedule),) = desk.prophet.asked
    assert schedule == ScheduleRequest(
        style=CurveStyle.STRAIGHT_LINE_Y_VALUES,
        intervals=8,
        starts_at=NOW + timedelta(seconds=starts_after_s),
        interval=interval,
        interval_unit=unit,
    )


def test_a_new_group_need_not_wait_for_the_next_period() -> None:
    desk = ForecastDesk("A")
    desk.tick()
    draft = desk.registry.draft()
    draft.create(replace(G, mrid="B"), replace(BEHAVIOURS["default"], require_version_on_create=False))
    desk.registry.adopt(draft)

    assert desk.tick() == ["B"]
    assert desk.tick() == []


def test_of_many_groups_each_tick_tells_some() -> None:
    desk = ForecastDesk(*"ABCDEFG", takes_s=0.03)

    assert [desk.tick() for _ in range(4)] == [["A", "B", "C"], ["D", "E", "F"], ["G"], []]


def test_forecasts_that_could_not_be_stored_are_told_by_the_next_tick() -> None:
    desk = ForecastDesk("A", "B")
    desk.store_works = False
    with pytest.raises(StoreError):
        desk.tick()

    desk.store_works = True

    assert desk.tick() == ["A", "B"]
    assert desk.tick() == []


def test_no_forecast_is_made_while_there_is_nobody_to_tell_it_to() -> None:
    desk = ForecastDesk("A")
    desk.has_view = False
    assert [desk.tick(after_s=900.0) for _ in range(3)] == [[], [], []]

    desk.has_view = True

    assert desk.tick() == ["A"]
    assert len(desk.prophet.asked) == 1


def test_a_group_of_which_nothing_is_known_is_passed_over_until_the_next_period() -> None:
    desk = ForecastDesk("A", "B")
    desk.prophet.knows_nothing_of = {"A"}
    assert desk.tick() == ["B"]
    desk.prophet.knows_nothing_of = set()

    assert desk.tick() == []
    assert desk.tick(after_s=900.0) == ["A", "B"]
