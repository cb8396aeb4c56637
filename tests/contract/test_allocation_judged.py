"""What the allocator splits, devices do: a group gives what was asked, or less by exactly what was said.

The judge is the simulated device, which shares no code with the allocator: what it reads, what it takes and refuses, what
it wrote down. A device that refuses a set-point as beyond its nameplate, or that goes elsewhere than it was told, fails the
test. A long run: ``make test PYTEST_ARGS="tests/contract/test_allocation_judged.py --hypothesis-profile=long --timeout=0"``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermsbus.adapters.base import AdapterError, Command
from dermsbus.adapters.simulated import Fault, SimulatedAdapter, SimulatedFleet
from dermsbus.domain.allocation import Policy, allocate, member_limits
from dermsbus.domain.der import Device, DeviceKind, NamePlate, Reading
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FleetState, MemberStates, roster
from dermsbus.domain.model import EndDevice, EndDeviceGroup
from dermsbus.domain.quantities import ParameterKind
from tests.contract.adapter_suite import ManualClock

ACTIVE, REACTIVE = ParameterKind.ACTIVE_POWER, ParameterKind.REACTIVE_POWER
MET_W = 1.0
"""So exactly a group gives what was asked."""
OBEYED_W = 0.1
"""So exactly a device gives what it was told: rounding of clocks and ramps."""
STALE_AFTER_S = 30.0
SETTLED_S = 700.0
"""After so long every device is where its order has it: ramps go from end to end in ten minutes."""
RESUMED_S = 310.0
"""After so long one that was connected again is where its order has it."""
HOUR_S = 3600.0
ENGINES_AND_STORES = {DeviceKind.BATTERY, DeviceKind.GENERATOR}
"""What does not depend on the weather and on people."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the group shall give from now on; None where nothing is asked."""

    active_w: float | None
    reactive_var: float | None
    policy: Policy
    step_s: float


@dataclass(frozen=True, kw_only=True)
class Split:
    """What the allocator made of a request.

    Attributes:
        told: the fields of the command for each device.
        promised: what the group will give after the step, for each parameter that was asked.
        counted: the devices that make up the group's sum.
    """

    told: Mapping[str, dict[str, float]]
    promised: Mapping[ParameterKind, float]
    counted: frozenset[str]


class Feeder:
    """Simulated devices, what is known of them, and who tells them what the allocator says."""

    def __init__(self, devices: Iterable[Device], *, seed: int, at: datetime, step_s: float) -> None:
        self.clock = ManualClock(at)
        self.catalogue = Fleet(devices)
        self.fleet = SimulatedFleet(
            self.catalogue.devices, seed=seed, clock=self.clock, latitude_deg=48.1, longitude_deg=11.6, step_s=step_s
        )
        self._adapter = SimulatedAdapter(self.fleet)
        self._state = FleetState(self.catalogue)
        everyone = tuple(EndDevice(mrid=mrid) for mrid in self.catalogue)
        self._members = roster(EndDeviceGroup(mrid="G", end_devices=everyone), self.catalogue)
        self._commands = 0

    def truth(self) -> dict[str, Reading]:
        """What the devices do, whoever can hear them."""
        mrids = list(self.catalogue)
        return dict(zip(mrids, self.fleet.readings(mrids), strict=True))

    def hear(self) -> None:
        answers = self._adapter.read(self.catalogue.devices, 0.0)
        self._state.put(answer for answer in answers if isinstance(answer, Reading))

    def carry_out(self, request: Request) -> Split:
        """Tell every device its part; who does not take it is left as it is, and the others are told again."""
        deaf: set[str] = set()
        while True:
            self.hear()
            split = _split(request, self._heard(deaf), self.catalogue)
            refused = {mrid for mrid, fields in split.told.items() if not self._takes(mrid, fields)}
            if not refused:
                return split
            deaf |= refused

    def _heard(self, deaf: set[str]) -> MemberStates:
        members = self._state.members(self._members, self.clock.now, stale_after_s=STALE_AFTER_S)
        is_deaf = np.array([mrid in deaf for mrid in self.catalogue], dtype=np.bool_)
        return replace(members, good=members.good & ~is_deaf, stale=members.stale | (members.good & is_deaf))

    def _takes(self, mrid: str, fields: dict[str, float]) -> bool:
        self._commands += 1
        command = Command(command_id=f"c-{self._commands}", **fields)  # type: ignore[arg-type]  # fields of the split
        try:
            self._adapter.command(self.catalogue[mrid], command, 0.0)
        except AdapterError:
            if self.fleet.fault_of(mrid) is Fault.NONE:
                raise  # a device that can be told refuses what it was told: the allocator is wrong
            return False
        assert self.fleet.journal(mrid)[-1].command == command
        return True


def _split(request: Request, members: MemberStates, catalogue: Fleet) -> Split:
    told: dict[str, dict[str, float]] = {}
    promised = {}
    watts = None
    for parameter, field, asked in (
        (ACTIVE, "active_power_w", request.active_w),
        (REACTIVE, "reactive_power_var", request.reactive_var),
    ):
        if asked is None:
            continue
        of = member_limits(parameter, members, step_s=request.step_s, beside=watts)
        split = allocate(asked - of.held, of.limits, request.policy)
        watts = split.set_points if parameter is ACTIVE else None
        promised[parameter] = asked - split.shortfall
        for place, value in zip(of.places, split.set_points.tolist(), strict=True):
            told.setdefault(catalogue.devices[place].mrid, {})[field] = value
    heard = members.places[members.good | members.stale]
    return Split(
        told=told, promised=promised, counted=frozenset(catalogue.devices[place].mrid for place in heard.tolist())
    )


# What there may be.

RAMPS = st.none() | st.floats(1 / 300, 1 / 100) | st.floats(1 / 300, 1.0)
"""Part of the rating in a second."""
KINDS = (
    frozenset(DeviceKind),
    frozenset({DeviceKind.GENERATOR}),
    frozenset({DeviceKind.GENERATOR, DeviceKind.BATTERY}),
    frozenset({DeviceKind.BATTERY}),
    frozenset({DeviceKind.LOAD, DeviceKind.PV, DeviceKind.EV_CHARGER}),
)
"""What a group may be of."""


@st.composite
def devices(draw: st.DrawFn, mrid: str, kinds: frozenset[DeviceKind]) -> Device:
    kind = draw(st.sampled_from(sorted(kinds)))
    rating_w = draw(st.floats(100.0, 1e6))
    injected_w, drawn_w = {
        DeviceKind.PV: (rating_w, 0.0),
        DeviceKind.GENERATOR: (rating_w, 0.0),
        DeviceKind.LOAD: (0.0, rating_w),
        DeviceKind.EV_CHARGER: (draw(st.sampled_from([0.0, 0.5])) * rating_w, rating_w),
        DeviceKind.BATTERY: (rating_w, draw(st.floats(0.2, 1.0)) * rating_w),
    }[kind]
    # A load at the edge of its circle has no steady power factor: 0.25 var for each watt need 1.031 VA.
    apparent_va = rating_w * draw(st.floats(1.05 if kind is DeviceKind.LOAD else 1.0, 1.3))
    reactive = st.just(0.0) if kind is DeviceKind.LOAD and draw(st.booleans()) else st.sampled_from([0.0, 0.3, 1.0])
    injected_var, absorbed_var = (draw(reactive) * apparent_va for _ in range(2))
    ramp = draw(RAMPS)
    stores = kind in {DeviceKind.BATTERY, DeviceKind.EV_CHARGER}
    plate = NamePlate(
        active_power_max_w=injected_w,
        active_power_charge_max_w=drawn_w,
        apparent_power_max_va=apparent_va,
        reactive_power_injected_max_var=injected_var,
        reactive_power_absorbed_max_var=absorbed_var,
        ramp_rate_max_w_per_s=None if ramp is None else ramp * rating_w,
        energy_capacity_wh=rating_w * draw(st.floats(0.05, 0.5) | st.floats(0.5, 4.0)) if stores else None,
        charge_efficiency=draw(st.floats(0.7, 1.0)),
        discharge_efficiency=draw(st.floats(0.7, 1.0)),
    )
    merit = draw(st.integers(0, 2))
    return Device(mrid=mrid, kind=kind, adapter="simulated", address="", name_plate=plate, merit=merit)


@st.composite
def catalogues(draw: st.DrawFn) -> list[Device]:
    kinds = draw(st.sampled_from(KINDS))
    return [draw(devices(f"D{number}", kinds)) for number in range(draw(st.integers(1, 8)))]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A request as parts of what is installed, which the test knows when it has the fleet."""

    active: float | None
    reactive: float | None
    policy: Policy
    step_s: float

    def of(self, catalogue: Fleet) -> Request:
        ratings = catalogue.ratings
        active_w = float(np.maximum(ratings.active_power_max_w, ratings.active_power_charge_max_w).sum())
        reactive_var = float(ratings.reactive_power_injected_max_var.sum())
        return Request(
            active_w=None if self.active is None else self.active * active_w,
            reactive_var=None if self.reactive is None else self.reactive * reactive_var,
            policy=self.policy,
            step_s=self.step_s,
        )


@st.composite
def wishes(draw: st.DrawFn, steps_s: st.SearchStrategy[float]) -> Wish:
    part = st.floats(-1.2, 1.2)
    active, reactive = draw(st.sampled_from([(part, None), (None, part), (part, part)]))
    return Wish(
        active=None if active is None else draw(active),
        reactive=None if reactive is None else draw(reactive),
        policy=draw(st.sampled_from(Policy)),
        step_s=draw(steps_s),
    )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where a test begins; the devices have orders already, of active and of reactive power, as parts of what they can."""

    catalogue: list[Device]
    seed: int
    at: datetime
    orders: list[tuple[float, float]]

    def feeder(self, *, step_s: float, skip_s: float = 0.0) -> Feeder:
        at = self.at + timedelta(seconds=skip_s)
        feeder = Feeder(self.catalogue, seed=self.seed, at=at, step_s=step_s)
        put_to_work(feeder, self.orders)
        feeder.clock.advance(SETTLED_S)
        return feeder


HOURS = st.builds(
    datetime, st.just(2026), st.sampled_from([6, 12]), st.just(21), st.integers(0, 23), tzinfo=st.just(UTC)
)


@st.composite
def scenes(draw: st.DrawFn, reactive: st.SearchStrategy[float]) -> Scene:
    return Scene(
        catalogue=draw(catalogues()),
        seed=draw(st.integers(0, 2**32)),
        at=draw(HOURS),
        orders=draw(st.lists(st.tuples(st.floats(-1, 1), reactive), max_size=8)),
    )


EVENTS = ("goes offline", "refuses", "is disconnected", "is well")
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def happen(feeder: Feeder, mrid: str, event: str) -> None:
    """*event*, unless it could not be known what it does to the group: then nothing."""
    reading = feeder.truth()[mrid]
    starts = (
        feeder.catalogue[mrid].kind is DeviceKind.GENERATOR and 0.0 < reading.active_power_w < reading.available_min_w
    )
    is_heard = feeder.fleet.fault_of(mrid) is Fault.NONE
    match event:
        case "is well":
            feeder.fleet.fault(mrid, Fault.NONE)
            feeder.fleet.command(mrid, Command(command_id="by hand", connect=True))
        case "is disconnected" if is_heard:
            feeder.fleet.command(mrid, Command(command_id="by hand", connect=False))
        case "goes offline" if not starts:
            feeder.fleet.fault(mrid, Fault.OFFLINE)
        case "refuses" if not starts:
            feeder.fleet.fault(mrid, Fault.REFUSING)


def put_to_work(feeder: Feeder, parts: Iterable[tuple[float, float]]) -> None:
    """Some devices have an order already, of active and of reactive power, that they can carry out."""
    for device, (active, reactive) in zip(feeder.catalogue.devices, parts, strict=False):
        plate, now = device.name_plate, feeder.truth()[device.mrid]
        watts = active * (now.available_max_w if active > 0 else max(-now.available_min_w, 0.0))
        limit_var = plate.reactive_power_injected_max_var if reactive > 0 else plate.reactive_power_absorbed_max_var
        fields = {"active_power_w": watts} | ({"reactive_power_var": reactive * limit_var} if limit_var else {})
        feeder.fleet.command(device.mrid, Command(command_id="before", **fields))  # type: ignore[arg-type]


# What has to hold.


def check_limits(feeder: Feeder, before: Mapping[str, Reading], after: Mapping[str, Reading], step_s: float) -> None:
    """No device is beyond its nameplate, its circle, its resource, its charge or its ramp."""
    for mrid, now in after.items():
        device, slack_w = feeder.catalogue[mrid], 1e-3
        plate, power_w = device.name_plate, now.active_power_w
        is_engine = device.kind is DeviceKind.GENERATOR
        assert -plate.active_power_charge_max_w - slack_w <= power_w <= plate.active_power_max_w + slack_w
        assert math.hypot(power_w, now.reactive_power_var) <= plate.apparent_power_max_va + slack_w
        assert (0.0 if is_engine else now.available_min_w) - slack_w <= power_w <= now.available_max_w + slack_w
        assert now.soc_percent is None or 0.0 <= now.soc_percent <= 100.0
        ramp, moved_w = plate.ramp_rate_max_w_per_s, power_w - before[mrid].active_power_w
        may_drop = not now.connected or is_engine
        if ramp is not None and device.kind in ENGINES_AND_STORES:
            assert (0.0 if may_drop else -moved_w) <= ramp * step_s + OBEYED_W
            assert (0.0 if not now.connected else moved_w) <= ramp * step_s + OBEYED_W


@unhurried
@given(
    scene=scenes(st.floats(-1, 1)),
    story=st.lists(
        st.tuples(
            st.dictionaries(st.integers(0, 7), st.sampled_from(EVENTS), max_size=3),
            wishes(st.floats(1.0, 30.0) | st.floats(30.0, 600.0)),
        ),
        min_size=1,
        max_size=3,
    ),
    unheard=st.sets(st.integers(0, 7), max_size=1),
)
def test_a_group_gives_what_was_asked_or_less_by_what_was_said(
    scene: Scene, story: list[tuple[dict[int, str], Wish]], unheard: set[int]
) -> None:
    """Weather and people stand still for the hour: nothing but the orders moves a device."""
    feeder = scene.feeder(step_s=HOUR_S, skip_s=1.0)
    names = list(feeder.catalogue)
    for number in unheard:
        feeder.fleet.fault(names[number % len(names)], Fault.OFFLINE)
    feeder.hear()
    for events, wish in story:
        for number, event in events.items():
            if number < len(names):
                happen(feeder, names[number], event)
        feeder.clock.advance(RESUMED_S if "is well" in events.values() else 0.0)
        before = feeder.truth()
        split = feeder.carry_out(wish.of(feeder.catalogue))
        feeder.clock.advance(wish.step_s)
        after = feeder.truth()
        feeder.hear()

        check_limits(feeder, before, after, wish.step_s)
        for mrid, fields in split.told.items():
            for field, value in fields.items():
                assert abs(getattr(after[mrid], field) - value) <= OBEYED_W, (mrid, field)
        # What a load draws beside its active power cannot be known while it draws nothing.
        untold = {mrid for mrid, fields in split.told.items() if "reactive_power_var" not in fields}
        unknown = {mrid for mrid in untold if abs(before[mrid].active_power_w) <= MET_W}
        for parameter, field, passed_over in (
            (ACTIVE, "active_power_w", set()),
            (REACTIVE, "reactive_power_var", unknown),
        ):
            if parameter in split.promised:
                given_w = math.fsum(getattr(after[mrid], field) for mrid in split.counted - passed_over)
                assert abs(given_w - split.promised[parameter]) <= MET_W, parameter


SIXTH_S = 10.0
"""The weather of the second test changes so often."""
INSTANT_S = 1e-6
"""At the end of a step, and before the next one begins."""


@unhurried
@given(scene=scenes(st.just(0.0)), wish=wishes(st.integers(3, 90).map(lambda steps: steps * SIXTH_S)))
def test_only_the_weather_and_people_can_take_from_what_was_said(scene: Scene, wish: Wish) -> None:
    """Through many steps of weather: whose resource lasts gives what it was told, and the charge of storage does last."""
    feeder = scene.feeder(step_s=SIXTH_S)
    split = feeder.carry_out(wish.of(feeder.catalogue))
    steps = round(wish.step_s / SIXTH_S)
    on_the_way = []
    for step in range(1, steps + 1):
        on_the_way.append(feeder.truth())
        feeder.clock.advance(SIXTH_S if step < steps else SIXTH_S - INSTANT_S)
    after = feeder.truth()

    check_limits(feeder, on_the_way[0], after, wish.step_s)
    taken_w = 0.0
    for mrid, fields in split.told.items():
        is_steady = feeder.catalogue[mrid].kind in ENGINES_AND_STORES
        watts, var = fields.get("active_power_w"), fields.get("reactive_power_var")
        if watts is not None:
            lasted = all(each[mrid].available_min_w <= watts <= each[mrid].available_max_w for each in on_the_way)
            if is_steady or lasted:
                assert abs(after[mrid].active_power_w - watts) <= OBEYED_W
            else:
                assert abs(after[mrid].active_power_w) <= abs(watts) + OBEYED_W
                taken_w += watts - after[mrid].active_power_w
        if var is not None:
            # The sun has the first word in the circle, where nobody told it how much active power it may give.
            obeys = is_steady or watts is not None
            assert abs(after[mrid].reactive_power_var) <= abs(var) + OBEYED_W
            assert not obeys or abs(after[mrid].reactive_power_var - var) <= OBEYED_W
    if ACTIVE in split.promised:
        given_w = math.fsum(reading.active_power_w for reading in after.values())
        assert abs(given_w + taken_w - split.promised[ACTIVE]) <= MET_W
