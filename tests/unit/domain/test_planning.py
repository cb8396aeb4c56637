"""What each device shall hold: split, kept as long as it does, ramped, bounded in time, and taken up again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermsbus.domain.allocation import Policy
from dermsbus.domain.der import Device, DeviceKind, NamePlate, Reading
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting, SettingKey
from dermsbus.domain.dispatch_book import ActiveOrder, DispatchBook, StatedDispatch
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FleetState, roster
from dermsbus.domain.model import GroupReference
from dermsbus.domain.planning import GroupOrders, Planner, PlanRules, Share
from dermsbus.domain.quantities import Curve, CurveStyle, Dispatch, IntervalUnit, ParameterKind, Point
from tests.unit.domain.builders import devices as members
from tests.unit.domain.builders import group, numbered_mrids
from tests.unit.domain.fleet_builders import battery, pv

T0 = datetime(2024, 5, 1, 10, tzinfo=UTC)
ACTIVE, REACTIVE, VOLTAGE = ParameterKind.ACTIVE_POWER, ParameterKind.REACTIVE_POWER, ParameterKind.VOLTAGE
UP, DOWN = ParameterKind.INCREASING_RAMP_RATE, ParameterKind.DECREASING_RAMP_RATE
W, LIMIT, VAR, V = (
    DeviceFunction.ACTIVE_POWER,
    DeviceFunction.ACTIVE_POWER_LIMIT,
    DeviceFunction.REACTIVE_POWER,
    DeviceFunction.VOLTAGE,
)
EVERYTHING = frozenset(DeviceFunction)


def second(number: float) -> datetime:
    return T0 + timedelta(seconds=number)


def load(mrid: str, rating_w: float = 5_000.0, kind: DeviceKind = DeviceKind.LOAD) -> Device:
    plate = NamePlate(active_power_max_w=0.0, active_power_charge_max_w=rating_w, apparent_power_max_va=rating_w)
    return Device(mrid=mrid, kind=kind, adapter="simulated", address=mrid, name_plate=plate)


def steps(*values: float | None, start: float = 0, every: float = 900) -> Curve:
    points = tuple(Point(at=second(start + every * place), nominal=value) for place, value in enumerate(values))
    return _curve(CurveStyle.CONSTANT_Y_VALUE, points, second(start + every * len(values)))


def line(*values: float, start: float = 0, every: float = 900) -> Curve:
    points = tuple(Point(at=second(start + every * place), nominal=value) for place, value in enumerate(values))
    return _curve(CurveStyle.STRAIGHT_LINE_Y_VALUES, points, second(start + every * (len(values) - 1)))


def _curve(style: CurveStyle, points: tuple[Point, ...], ends_at: datetime) -> Curve:
    return Curve(style=style, points=points, ends_at=ends_at, interval=1, interval_unit=IntervalUnit.SECOND)


@dataclass
class Ground:
    """Devices, groups and orders; every plan is written down as devices would be told it."""

    devices: tuple[Device, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: PlanRules = field(default_factory=PlanRules)
    functions: Mapping[str, frozenset[DeviceFunction]] = field(default_factory=dict)
    held: dict[SettingKey, DeviceSetting] = field(default_factory=dict)
    unfit: set[SettingKey] = field(default_factory=set)
    shares: tuple[Share, ...] = ()

    def __post_init__(self) -> None:
        self.state = FleetState(Fleet(self.devices))
        self.book = DispatchBook(new_mrid=numbered_mrids("order"))
        for device in self.devices:
            self.state.know(device.mrid, self.functions.get(device.mrid, EVERYTHING))
        self.says: dict[str, tuple[float, float, float]] = {
            device.mrid: (0.0, -device.name_plate.active_power_charge_max_w, device.name_plate.active_power_max_w)
            for device in self.devices
        }
        self.more: dict[str, dict[str, float | bool]] = {}
        self.silent: dict[str, float] = {}  # since when
        self.restart()

    def restart(self) -> None:
        """A new planner, which remembers nothing."""
        self.planner = Planner(self.state, stale_after_s=10.0, rules=self.rules)

    def order(self, of: str, *curves: Curve, parameter: ParameterKind = ACTIVE, now: float = 0, mrid: str = "") -> str:
        draft = self.book.draft(second(now))
        made = draft.create(
            Dispatch(
                mrid=mrid,
                group=GroupReference(mrid=of),
                parameter=parameter,
                curves=curves,
                received_at=second(now),
            )
        )
        self.book.adopt(draft)
        return made.mrid

    def cancel(self, mrid: str, now: float) -> None:
        draft = self.book.draft(second(now))
        draft.cancel(StatedDispatch(mrid=mrid))
        self.book.adopt(draft)

    def plan(self, now: float) -> dict[tuple[str, str], float]:
        """What is told anew at *now*, by device and function; `held` has what is held then."""
        at = second(now)
        self.state.put(
            Reading(
                mrid=mrid,
                at=second(min(now, self.silent.get(mrid, math.inf))),
                active_power_w=power,
                available_min_w=low,
                available_max_w=high,
                **self.more.get(mrid, {}),  # type: ignore[arg-type]
            )
            for mrid, (power, low, high) in self.says.items()
        )
        by_group: dict[str, dict[ParameterKind, ActiveOrder]] = {}
        for (mrid, kind), order in self.book.active_orders(at).items():
            by_group.setdefault(mrid, {})[kind] = order
        asked = [
            GroupOrders(mrid=mrid, roster=roster(group(mrid, members=members(*self.groups[mrid])), self.state.fleet), orders=orders)
            for mrid, orders in by_group.items()
        ]  # fmt: skip
        self.shares = self.planner.plan(asked, at, held=self.held, unfit=self.unfit)
        return self._write_down(at)

    def _write_down(self, at: datetime) -> dict[tuple[str, str], float]:
        told, wanted = {}, set()
        for share in self.shares:
            for place, function, value in share.settings():
                key = (self.devices[place].mrid, function)
                assert key not in wanted, f"{key} is planned twice"
                wanted.add(key)
                known = self.held.get(key)
                if known is None or share.is_new or abs(known.value - value) >= 0.5:
                    told[key[0], function.value] = round(value, 6)
                    self.held[key] = DeviceSetting(
                        mrid=key[0], function=function, value=value, ends_at=share.ends_at, command_id="c",
                        dispatch_mrid=share.dispatch_mrid, given_at=at,
                    )  # fmt: skip
        self.held = {key: setting for key, setting in self.held.items() if key in wanted}
        return told

    def values(self, function: DeviceFunction = W) -> dict[str, float]:
        """What devices hold of one function."""
        return {mrid: round(each.value, 6) for (mrid, what), each in self.held.items() if what is function}

    def obeys(self) -> None:
        """Devices do what they hold, as far as they have it."""
        for (mrid, function), setting in self.held.items():
            if function is W:
                _, low, high = self.says[mrid]
                self.says[mrid] = (min(max(setting.value, low), high), low, high)

    def ends(self, mrid: str, function: DeviceFunction = W) -> float:
        """When a device lets go by itself, in seconds."""
        return (self.held[mrid, function].ends_at - T0).total_seconds()


def ground(*devices: Device, rules: PlanRules | None = None, **groups: tuple[str, ...]) -> Ground:
    """All devices are in group G unless something else is said."""
    everyone = {"G": tuple(device.mrid for device in devices)}
    return Ground(devices, groups or everyone, rules or PlanRules(dead_band_percent=0.5))


def powers(**values: float) -> dict[tuple[str, str], float]:
    return {(mrid, W.value): value for mrid, value in values.items()}


# -- split, and kept ---------------------------------------------------------------------------------------------------


def test_an_order_is_split_and_told_once_and_again_when_the_next_interval_begins() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(2_000.0, 4_000.0))

    assert g.plan(0) == powers(A=1_000.0, B=1_000.0)
    assert g.plan(1) == {}
    assert g.plan(460) == powers(A=1_000.0, B=1_000.0)  # so that they hold it until its end
    assert g.plan(899.9) == {}
    assert g.plan(900) == powers(A=2_000.0, B=2_000.0)
    g.plan(1_800)
    assert g.held == {}


def test_what_the_others_give_is_off_the_target() -> None:
    g = ground(pv("A"), pv("B"), pv("C"))
    g.functions = {"C": frozenset()}
    g.state.know("C", ())
    g.says["C"] = (1_500.0, 0.0, 5_000.0)
    g.order("G", steps(3_500.0))

    assert g.plan(0) == powers(A=1_000.0, B=1_000.0)


def test_a_cloud_that_the_others_can_make_up_for_moves_them_once() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(4_000.0))
    assert g.plan(0) == powers(A=2_000.0, B=2_000.0)
    g.obeys()

    g.says["A"] = (1_000.0, 0.0, 1_000.0)

    assert g.plan(2)["B", W.value] == pytest.approx(3_333.333333, abs=1e-3)
    assert g.plan(3) == {}
    assert sum(g.values().values()) == pytest.approx(4_000.0)


def test_what_is_off_by_less_than_the_dead_band_moves_nobody() -> None:
    g = ground(pv("A"), pv("B"), rules=PlanRules(dead_band_percent=1.0))  # 100 W of 10 kW
    g.order("G", steps(4_000.0))
    g.plan(0)

    g.says["A"] = (1_901.0, 0.0, 1_901.0)
    assert g.plan(1) == {}

    g.says["A"] = (1_899.0, 0.0, 1_899.0)
    assert g.plan(2) != {}


def test_a_member_that_is_lost_drops_out_and_moves_the_others_only_if_the_group_misses_its_target() -> None:
    g = ground(*(pv(name) for name in "ABCD"))
    g.order("G", steps(8_000.0))
    g.plan(0)
    g.obeys()
    g.silent["A"] = 5.0
    g.plan(5)

    assert g.plan(16) == {}  # it is believed to go on
    assert set(g.values()) == {"B", "C", "D"}

    g.silent.clear()
    g.more["A"] = {"connected": False}
    told = g.plan(17)

    assert told.keys() == powers(B=0, C=0, D=0).keys()
    assert sum(told.values()) == pytest.approx(8_000.0)


def test_a_member_that_comes_back_takes_part_from_the_next_interval_on() -> None:
    g = ground(pv("A"), pv("B"))
    g.more["A"] = {"connected": False}
    g.order("G", steps(3_000.0, 4_000.0))
    assert g.plan(0) == powers(B=3_000.0)
    g.obeys()

    g.more.clear()
    assert g.plan(5) == {}
    assert g.plan(900) == powers(A=2_000.0, B=2_000.0)


def test_a_member_that_refuses_is_planned_without() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(3_000.0))
    g.plan(0)
    g.unfit = {("A", W)}

    assert g.plan(1) == powers(B=3_000.0)


def test_a_member_that_refuses_limits_is_planned_without_where_it_has_nothing_else() -> None:
    g = ground(pv("A"), pv("B"))
    g.state.know("A", {LIMIT.value})
    g.order("G", steps(3_000.0))
    assert g.plan(0) == {("A", LIMIT.value): 1_500.0, ("B", W.value): 1_500.0}
    g.unfit = {("A", LIMIT)}

    assert g.plan(1) == powers(B=3_000.0)


def test_a_device_that_was_read_but_did_not_say_what_it_can_do_is_told_nothing() -> None:
    g = ground(pv("A"), pv("B"))
    g.state.know("A", ())
    g.order("G", steps(3_000.0))

    assert g.plan(0) == powers(B=3_000.0)


def test_an_order_that_is_changed_to_end_earlier_is_told_again_since_devices_would_hold_it_for_too_long() -> None:
    g = ground(pv("A"))
    mrid = g.order("G", steps(3_000.0, every=3_600))
    g.plan(0)
    assert g.ends("A") == 900.0
    draft = g.book.draft(second(10))
    changed = replace(steps(3_000.0, every=3_600), ends_at=second(120))
    draft.change(StatedDispatch(mrid=mrid, curves=(changed,)))
    g.book.adopt(draft)

    assert g.plan(10) == powers(A=3_000.0)
    assert g.ends("A") == 120.0
    assert g.plan(11) == {}


# -- who is short ------------------------------------------------------------------------------------------------------


def test_where_all_together_cannot_each_gives_all_it_has_so_that_new_sun_is_used() -> None:
    g = ground(pv("A"), pv("B"))
    g.says = {"A": (0.0, 0.0, 1_000.0), "B": (0.0, 0.0, 2_000.0)}
    g.order("G", steps(8_000.0))

    assert g.plan(0) == powers(A=5_000.0, B=5_000.0)
    assert g.shares[0].shortfall == pytest.approx(5_000.0)
    for now in range(1, 30):  # the sun comes and goes: nobody need be told
        g.says["A"] = (0.0, 0.0, 1_000.0 + 50 * now)
        assert g.plan(now) == {}

    g.says = {"A": (4_500.0, 0.0, 4_500.0), "B": (4_500.0, 0.0, 4_500.0)}
    assert sum(g.plan(31).values()) == pytest.approx(8_000.0)


def test_a_battery_that_runs_low_in_an_order_that_cannot_be_met_is_not_told_anew_at_every_look() -> None:
    g = ground(battery("A"), pv("B"))
    g.says["B"] = (0.0, 0.0, 0.0)
    g.more["A"] = {"soc_percent": 2.0}
    g.order("G", steps(9_000.0))
    g.plan(0)

    told = []
    for now in range(1, 300):
        g.more["A"] = {"soc_percent": 2.0 - now * 2.0 / 900.0}
        told.append(g.plan(now))

    assert sum(map(bool, told)) < 30  # in steps that are worth it


def test_loads_and_chargers_are_left_alone_while_the_others_can_do_it() -> None:
    g = ground(pv("A"), load("L"), load("E", kind=DeviceKind.EV_CHARGER))
    g.says |= {"L": (-2_000.0, -2_000.0, 0.0), "E": (-1_000.0, -3_000.0, 0.0)}
    g.order("G", steps(1_000.0, 2_500.0))

    assert g.plan(0) == powers(A=4_000.0)
    told = g.plan(900)

    assert told.keys() == powers(A=0, L=0, E=0).keys()
    assert sum(told.values()) == pytest.approx(2_500.0)


def test_a_group_without_anybody_is_no_fault() -> None:
    g = Ground((pv("A"),), {"G": ("nobody",), "E": ()})
    g.order("G", steps(1_000.0))
    g.order("E", steps(1_000.0), parameter=REACTIVE)

    assert g.plan(0) == {}
    assert [share.shortfall for share in g.shares] == [1_000.0, 1_000.0]


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_source_that_knows_limits_only_is_limited_and_never_below_0() -> None:
    g = ground(pv("A"), battery("B"))
    g.state.know("A", {LIMIT.value})
    g.order("G", steps(3_000.0, -2_000.0))

    assert g.plan(0)["A", LIMIT.value] > 0
    g.obeys()
    assert g.plan(900) == {("A", LIMIT.value): 0.0, ("B", W.value): -2_000.0}


def test_a_battery_that_knows_limits_only_is_not_believed_to_charge_by_one() -> None:
    g = ground(battery("A"), battery("B"))
    g.state.know("A", {LIMIT.value})
    g.order("G", steps(-2_000.0))

    assert g.plan(0) == powers(B=-2_000.0)


# -- two groups --------------------------------------------------------------------------------------------------------


def test_a_device_in_two_groups_belongs_to_the_order_received_last() -> None:
    g = ground(pv("A"), pv("B"), pv("C"), G=("A", "B"), H=("B", "C"))
    g.order("G", steps(2_000.0), now=-20)
    assert g.plan(0) == powers(A=1_000.0, B=1_000.0)
    g.obeys()

    later = g.order("H", steps(6_000.0), now=5)
    g.plan(5)
    g.obeys()
    g.plan(7)

    assert g.values()["B"] == g.values()["C"] == 3_000.0
    g.cancel(later, 8)
    g.plan(8)
    g.says["B"] = (0.0, 0.0, 5_000.0)  # let go, it does what it did before
    g.plan(10)
    assert sum(g.values().values()) == pytest.approx(2_000.0)
    assert g.values().keys() == {"A", "B"}


def test_an_order_of_something_else_does_not_make_a_groups_older_order_the_later_one() -> None:
    g = ground(pv("A"), pv("B"), G=("A",), H=("A", "B"))
    g.order("G", steps(1_000.0), now=-30)
    g.order("H", steps(8_000.0), now=-20)
    g.order("G", steps(500.0), parameter=REACTIVE, now=-10)
    g.order("G", steps(50.0), parameter=UP, now=-5)

    g.plan(0)

    assert g.values() == {"A": 4_000.0, "B": 4_000.0}
    assert g.values(VAR) == {"A": 500.0}


def test_of_orders_that_came_together_always_the_same_one_goes_first() -> None:
    plans = []
    for names in (("G", "H"), ("H", "G")):
        g = ground(pv("A"), G=("A",), H=("A",))
        for name in names:
            g.order(name, steps({"G": 1_000.0, "H": 2_000.0}[name]), mrid=f"order-{name}")
        plans.append(g.plan(0))

    assert plans[0] == plans[1] == powers(A=2_000.0)


# -- reactive power and voltage ----------------------------------------------------------------------------------------


def test_reactive_power_finds_its_place_beside_the_active_power_that_is_planned() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(8_000.0))
    g.order("G", steps(5_000.0), parameter=REACTIVE)

    g.plan(0)

    assert g.values() == {"A": 4_000.0, "B": 4_000.0}
    assert g.values(VAR) == {"A": 2_500.0, "B": 2_500.0}
    for mrid in "AB":
        assert math.hypot(g.values()[mrid], g.values(VAR)[mrid]) <= 5_000.0


def test_reactive_power_is_not_lost_because_an_order_of_active_power_falls_short() -> None:
    g = ground(pv("A"))
    g.says["A"] = (1_000.0, 0.0, 1_000.0)
    g.order("G", steps(5_000.0))
    g.order("G", steps(2_000.0), parameter=REACTIVE)

    g.plan(0)

    assert g.values() == {"A": 5_000.0}
    assert g.values(VAR) == {"A": 2_000.0}


def test_reactive_power_beside_active_power_that_another_group_ordered() -> None:
    g = ground(pv("A"), G=("A",), H=("A",))
    g.order("H", steps(5_000.0))
    g.order("G", steps(2_000.0), parameter=REACTIVE)

    g.plan(0)

    assert g.values(VAR) == {"A": 0.0}


def test_a_voltage_is_for_each_member_near_whose_nominal_voltage_it_lies() -> None:
    g = ground(pv("A"), pv("B", ac_voltage_nominal_v=400.0), pv("C", ac_voltage_nominal_v=10_000.0))
    g.order("G", steps(235.0, 235.4), parameter=VOLTAGE)

    assert g.plan(0) == {("A", V.value): 235.0, ("B", V.value): 235.0}
    assert g.plan(1) == {}
    assert g.plan(900) == {("A", V.value): 235.4, ("B", V.value): 235.4}


def test_of_voltage_and_reactive_power_that_which_was_received_last_has_the_device() -> None:
    g = ground(pv("A"), pv("B"))
    g.state.know("B", {VAR.value})
    g.order("G", steps(1_000.0), parameter=REACTIVE, now=-20)
    g.order("G", steps(235.0), parameter=VOLTAGE, now=-10)

    assert g.plan(0) == {("A", V.value): 235.0, ("B", VAR.value): 1_000.0}


# -- bounds and ramps --------------------------------------------------------------------------------------------------


def test_apparent_power_bounds_what_is_ordered_and_tells_nobody_twice() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(8_000.0))
    g.order("G", steps(3_000.0), parameter=REACTIVE)
    g.order("G", steps(5_000.0), parameter=ParameterKind.APPARENT_POWER)

    assert g.plan(0)["A", W.value] == 2_000.0
    assert sum(g.values(VAR).values()) == pytest.approx(3_000.0)
    assert [g.plan(now) for now in range(1, 60)] == [{}] * 59


def test_an_apparent_power_of_0_is_a_stop() -> None:
    g = ground(pv("A"))
    g.order("G", steps(8_000.0))
    g.order("G", steps(0.0), parameter=ParameterKind.APPARENT_POWER)

    assert g.plan(0) == powers(A=0.0)


def ramp_ground(power_w: float, **rules: float) -> Ground:
    g = ground(battery("A"), rules=PlanRules(step_s=10.0, **rules))
    g.says["A"] = (power_w, -5_000.0, 5_000.0)
    g.order("G", steps(50.0), parameter=UP)
    g.order("G", steps(100.0), parameter=DOWN)
    return g


def course(g: Ground, *at: int) -> list[float | None]:
    """What A holds at each of these seconds, planned every second, doing what it holds."""
    seen = []
    for now in range(at[-1] + 1):
        g.plan(now)
        g.obeys()
        if now in at:
            seen.append(g.values().get("A"))
    return seen


def test_a_ramp_goes_up_from_what_the_group_gives_in_steps() -> None:
    g = ramp_ground(1_000.0)
    g.order("G", steps(2_200.0))

    assert course(g, 0, 9, 10, 19, 20, 30, 40) == [1_000, 1_000, 1_500, 1_500, 2_000, 2_200, 2_200]


def test_a_ramp_goes_down_at_its_own_rate() -> None:
    g = ramp_ground(1_000.0)
    g.order("G", steps(-1_500.0))

    assert course(g, 0, 10, 20, 30, 40) == [1_000, 0, -1_000, -1_500, -1_500]


def test_devices_are_told_once_a_step_of_a_ramp_and_their_ends_follow() -> None:
    g = ramp_ground(0.0)
    g.order("G", steps(2_000.0))

    told = [(now, g.plan(now), g.ends("A")) for now in range(60)]

    assert [(now, ends) for now, set_points, ends in told if set_points] == [
        (0, 70.0), (10, 80.0), (20, 90.0), (30, 100.0), (40, 900.0),
    ]  # fmt: skip


def test_a_limit_on_the_way_up_does_not_hold_back_the_way_down() -> None:
    g = ground(battery("A"))
    g.says["A"] = (3_000.0, -5_000.0, 5_000.0)
    g.order("G", steps(50.0), parameter=UP)
    g.order("G", steps(0.0))

    assert g.plan(0) == powers(A=0.0)


def test_a_ramp_begins_when_the_order_changes_and_has_saved_nothing_up() -> None:
    g = ramp_ground(0.0)
    g.order("G", steps(0.0, 2_000.0, every=100))

    assert course(g, 99, 100, 108, 110, 120) == [0, 0, 0, 500, 1_000]


def test_a_ramp_that_could_not_be_planned_for_a_while_does_not_make_up_for_it() -> None:
    g = ramp_ground(0.0)
    g.order("G", steps(5_000.0))
    assert course(g, 10) == [500]

    g.plan(70)

    assert g.values()["A"] == 1_500.0  # two steps and not six


def test_a_restart_in_a_ramp_goes_on_from_what_the_group_gives() -> None:
    g = ramp_ground(0.0)
    g.order("G", steps(5_000.0))
    assert course(g, 25) == [1_000]

    g.restart()

    g.plan(26)
    assert g.values() == {"A": 1_000.0}
    assert [g.plan(now) for now in range(27, 36)] == [{}] * 9
    assert g.plan(36) == powers(A=1_500.0)


def test_a_clock_that_is_put_back_does_not_stop_a_ramp() -> None:
    g = ramp_ground(0.0)
    g.order("G", steps(5_000.0, start=-3_600, every=7_200))
    g.order("G", steps(50.0, start=-3_600, every=7_200), parameter=UP, now=1)
    assert course(g, 20) == [1_000]

    for now in range(-1_000, -985):
        g.plan(now)
        g.obeys()

    assert g.values()["A"] == 1_500.0


def test_a_ramp_that_apparent_power_cuts_off_comes_to_rest() -> None:
    g = ramp_ground(0.0)
    g.order("G", steps(5_000.0))
    g.order("G", steps(1_000.0), parameter=ParameterKind.APPARENT_POWER)
    assert course(g, 20, 30) == [1_000, 1_000]

    assert [g.plan(now) for now in range(31, 100)] == [{}] * 69


# -- lines -------------------------------------------------------------------------------------------------------------


def test_a_line_is_followed_in_steps_and_not_at_every_look() -> None:
    g = ground(pv("A"), rules=PlanRules(step_s=10.0))
    g.order("G", line(0.0, 900.0))

    told = {now: g.plan(now) for now in range(35)}

    assert {now: each for now, each in told.items() if each} == {
        0: powers(A=0.0), 10: powers(A=10.0), 20: powers(A=20.0), 30: powers(A=30.0),
    }  # fmt: skip
    assert g.ends("A") == 40.0 + 60.0


def test_a_restart_in_a_line_finds_the_same_step() -> None:
    g = ground(pv("A"), rules=PlanRules(step_s=10.0))
    g.order("G", line(0.0, 900.0))
    for now in range(14):
        g.plan(now)

    g.restart()

    assert [g.plan(now) for now in range(14, 20)] == [{}] * 6
    assert g.plan(20) == powers(A=20.0)


# -- ends --------------------------------------------------------------------------------------------------------------


def test_a_device_lets_go_by_itself_a_grace_after_the_next_change_but_never_after_the_order() -> None:
    g = ground(pv("A"), rules=PlanRules(hold_s=900.0, grace_s=60.0))
    g.order("G", steps(1_000.0, 2_000.0, every=300))

    g.plan(0)
    assert g.ends("A") == 360.0
    g.plan(300)
    assert g.ends("A") == 600.0


def test_a_setting_is_renewed_before_it_ends_and_once() -> None:
    g = ground(pv("A"), rules=PlanRules(hold_s=900.0, grace_s=60.0))
    g.order("G", steps(1_000.0, every=7_200))

    told = {now: each for now in range(0, 2_000, 10) if (each := g.plan(now))}

    assert list(told) == [0, 460, 920, 1_380, 1_840]
    assert g.ends("A") == 1_840 + 900


def test_the_same_value_in_the_next_interval_is_told_once_so_that_devices_do_not_let_go() -> None:
    g = ground(pv("A"), rules=PlanRules(hold_s=900.0, grace_s=60.0))
    g.order("G", steps(1_000.0, 1_000.0, every=100))

    told = {now: g.ends("A") for now in range(200) if g.plan(now)}

    assert told == {0: 160.0, 100: 200.0}


def test_curves_of_two_orders_that_touch_follow_each_other_without_a_gap() -> None:
    g = ground(pv("A"))
    g.order("G", steps(1_000.0, every=100))
    g.order("G", steps(2_000.0, start=100, every=100))

    assert g.plan(99) == powers(A=1_000.0)
    assert g.ends("A") == 100.0
    assert g.plan(100) == powers(A=2_000.0)
    assert g.ends("A") == 200.0


def test_where_nothing_is_ordered_nothing_is_planned() -> None:
    g = ground(pv("A"))
    g.order("G", steps(1_000.0, None, 3_000.0, every=100))

    assert g.plan(50) == powers(A=1_000.0)
    g.plan(150)
    assert g.held == {}
    assert g.plan(200) == powers(A=3_000.0)


# -- restart -----------------------------------------------------------------------------------------------------------


def test_after_a_restart_in_an_interval_what_devices_hold_is_the_plan() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(3_000.0, 4_000.0))
    g.says["B"] = (0.0, 0.0, 1_000.0)
    g.plan(5)
    before = dict(g.held)
    g.says["B"] = (1_000.0, 0.0, 5_000.0)  # a new split would be another one

    g.restart()

    assert g.plan(20) == {}
    assert g.held == before


def test_after_a_restart_in_a_later_interval_it_is_split_anew() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(3_000.0, 4_000.0))
    g.plan(5)

    g.restart()

    assert g.plan(905) == powers(A=2_000.0, B=2_000.0)


def test_after_a_restart_what_only_half_of_them_were_told_is_made_whole() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(3_000.0))
    g.plan(5)
    del g.held["B", W]

    g.restart()
    told = g.plan(6)

    assert sum(g.values().values()) == pytest.approx(3_000.0)
    assert ("B", W.value) in told


def test_after_a_restart_a_setting_that_has_ended_is_told_again() -> None:
    g = ground(pv("A"))
    g.order("G", steps(3_000.0, every=7_200))
    g.plan(5)

    g.restart()

    assert g.plan(5 + 901) == powers(A=3_000.0)


def test_settings_with_different_ends_are_taken_up_again_as_they_are() -> None:
    g = ground(pv("A"), pv("B"))
    g.order("G", steps(3_000.0, every=7_200))
    g.plan(0)
    g.held["B", W] = replace(g.held["B", W], ends_at=second(905))

    g.restart()

    assert g.plan(10) == {}
    assert g.shares[0].ends_at == second(905)


# -- for all plans -----------------------------------------------------------------------------------------------------

POWER = st.floats(0, 5_000)
MEMBER = st.tuples(st.sampled_from(("pv", "battery", "load", "ev")), POWER, POWER, st.booleans(), st.booleans())


@settings(deadline=None)
@given(
    st.lists(MEMBER, max_size=6),
    st.floats(-20_000, 20_000),
    st.sampled_from(Policy),
    st.lists(st.tuples(st.integers(0, 5), POWER, POWER, st.booleans()), max_size=6),
)
def test_no_plan_asks_for_what_a_device_cannot_give_and_all_that_is_missing_is_said(
    listed: list[tuple[str, float, float, bool, bool]],
    target: float,
    policy: Policy,
    later: list[tuple[int, float, float, bool]],
) -> None:
    g = ground(*made(kind for kind, *_ in listed), rules=PlanRules(policy=policy))
    for device, (_, power, most, connected, can) in zip(g.devices, listed, strict=True):
        says(g, device, power, most, connected=connected)
        if not can:
            g.state.know(device.mrid, ())
    g.order("G", steps(target))

    g.plan(0)
    check(g, target)
    for now, (place, power, most, connected) in enumerate(later, 1):
        if place < len(g.devices):
            says(g, g.devices[place], power, most, connected=connected)
        g.plan(now)
        check(g, target)
        assert g.plan(now + 0.5) == {}, "told twice without a reason"


ORDERS = st.tuples(
    st.sampled_from("GH"), st.sampled_from(ParameterKind), st.floats(-20_000, 20_000), st.integers(0, 20)
)
ANYBODY = st.sets(st.sampled_from(("pv-0", "battery-1", "load-2", "pv-3", "nobody")))


@settings(deadline=None)
@given(
    ANYBODY,
    ANYBODY,
    st.lists(ORDERS, max_size=8),
    st.dictionaries(st.sampled_from(("pv-0", "battery-1", "load-2")), st.sets(st.sampled_from(DeviceFunction))),
    st.lists(st.tuples(st.integers(0, 3), POWER, POWER, st.booleans()), max_size=8),
)
def test_orders_of_every_kind_for_groups_that_overlap_never_give_a_device_two_words(
    of_g: set[str],
    of_h: set[str],
    orders: list[tuple[str, ParameterKind, float, int]],
    functions: dict[str, set[DeviceFunction]],
    later: list[tuple[int, float, float, bool]],
) -> None:
    g = Ground(tuple(made(("pv", "battery", "load", "pv"))), {"G": tuple(sorted(of_g)), "H": tuple(sorted(of_h))})
    for mrid, can in functions.items():
        g.state.know(mrid, can)
    for group_name, kind, value, received in orders:
        positive = kind in {VOLTAGE, UP, DOWN, ParameterKind.APPARENT_POWER}
        g.order(group_name, steps(max(abs(value), 1.0) if positive else value), parameter=kind, now=-received)
    for now, (place, power, most, connected) in enumerate([*later, (0, 0.0, 0.0, True)]):
        says(g, g.devices[place], power, most, connected=connected)

        g.plan(now)  # which looks for two words itself

        for mrid, function in g.held:
            assert function in functions.get(mrid, EVERYTHING)
            assert mrid in of_g | of_h
            assert not {(mrid, W), (mrid, LIMIT)} <= g.held.keys()
            assert not {(mrid, VAR), (mrid, V)} <= g.held.keys()
            assert all(math.isfinite(setting.value) for setting in g.held.values())


def made(kinds: Iterable[str]) -> Iterable[Device]:
    makers: dict[str, Callable[[str], Device]] = {
        "pv": pv,
        "battery": battery,
        "load": load,
        "ev": lambda mrid: load(mrid, kind=DeviceKind.EV_CHARGER),
    }
    return [makers[kind](f"{kind}-{place}") for place, kind in enumerate(kinds)]


def says(g: Ground, device: Device, power: float, most: float, *, connected: bool) -> None:
    plate = device.name_plate
    low, high = -min(plate.active_power_charge_max_w, most), min(plate.active_power_max_w, most)
    signed = power if plate.active_power_max_w else -power
    g.says[device.mrid] = (min(max(signed, low), high), low, high)
    g.more[device.mrid] = {"connected": connected}


def check(g: Ground, target: float) -> None:
    plates = {device.mrid: device.name_plate for device in g.devices}
    for (mrid, function), setting in g.held.items():
        assert function is W
        assert -plates[mrid].active_power_charge_max_w <= setting.value <= plates[mrid].active_power_max_w
        assert g.more[mrid]["connected"]
    gives = 0.0
    for mrid, (power, low, high) in g.says.items():
        if (mrid, W) in g.held:
            gives += min(max(g.held[mrid, W].value, low), high)
        elif g.more[mrid]["connected"]:
            gives += power
    band = max(0.005 * sum(each.active_power_max_w + each.active_power_charge_max_w for each in plates.values()), 1.0)
    room = [
        (high if target > gives else low) - min(max(g.held[mrid, W].value, low), high)
        for mrid, (_, low, high) in g.says.items()
        if (mrid, W) in g.held
    ]
    missing = target - gives
    assert abs(missing) <= band + 1e-6 or abs(sum(room)) <= band + 1e-6, "they could do more"


def test_a_share_tells_a_limit_to_those_that_have_nothing_else() -> None:
    share = Share(
        key=("G", ACTIVE),
        dispatch_mrid="O",
        target=1.0,
        function=W,
        places=np.array([3, 1]),
        values=np.array([-2.0, 3.0]),
        by_limit=np.array([True, False]),
        shortfall=0.0,
        ends_at=T0,
    )

    assert list(share.settings()) == [(3, LIMIT, 0.0), (1, W, 3.0)]
