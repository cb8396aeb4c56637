"""How long the domain takes for 1 000, 10 000 and 100 000 members, and how that grows: ``make bench-domain``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from time import perf_counter

from dermsbus.domain.aggregation import aggregate, status_of
from dermsbus.domain.allocation import Policy, allocate, member_limits
from dermsbus.domain.der import Device, DeviceKind, NamePlate, Reading
from dermsbus.domain.device_settings import DeviceFunction
from dermsbus.domain.dispatch_book import ActiveOrder
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FleetState, roster
from dermsbus.domain.forecast import Forecaster, Site
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, GroupReference
from dermsbus.domain.planning import GroupOrders, Planner, PlanRules, Share
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    Dispatch,
    IntervalUnit,
    ParameterKind,
    Point,
    ScheduleRequest,
)
from dermsbus.holdings import Holdings

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 7
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
DAY = ScheduleRequest(
    style=CurveStyle.CONSTANT_Y_VALUE, intervals=96, starts_at=NOW, interval=15, interval_unit=IntervalUnit.MINUTE
)
FUNCTION = DERFunction(**dict.fromkeys(DERFunction.__dataclass_fields__, True))


def device(number: int, random: Random) -> Device:
    rating_w = random.uniform(2_000, 20_000)
    is_battery = number % 3 == 0
    plate = NamePlate(
        active_power_max_w=rating_w,
        active_power_charge_max_w=rating_w if is_battery else 0.0,
        apparent_power_max_va=rating_w * 1.1,
        reactive_power_injected_max_var=rating_w / 2,
        reactive_power_absorbed_max_var=rating_w / 2,
        ramp_rate_max_w_per_s=random.choice((None, rating_w / 60)),
        energy_capacity_wh=rating_w * 2 if is_battery else None,
    )
    kind = DeviceKind.BATTERY if is_battery else DeviceKind.PV
    return Device(
        mrid=f"device-{number}",
        kind=kind,
        adapter="simulated",
        address="",
        name_plate=plate,
        merit=random.randrange(100),
    )


def reading(of: Device, random: Random) -> Reading:
    plate = of.name_plate
    most_w = plate.active_power_max_w * random.random()
    return Reading(
        mrid=of.mrid,
        at=NOW - timedelta(seconds=random.uniform(0, 33)),  # about one in ten is stale
        active_power_w=most_w * random.random(),
        reactive_power_var=plate.reactive_power_injected_max_var * random.uniform(-1, 1),
        voltage_v=random.gauss(230, 3),
        available_max_w=most_w,
        available_min_w=-plate.active_power_charge_max_w,
        soc_percent=random.uniform(0, 100) if plate.energy_capacity_wh else None,
        connected=random.random() > 0.01,
    )


def tasks(size: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is measured: its name, and a call of it."""
    random = Random(size)
    devices = [device(number, random) for number in range(size)]
    readings = [reading(of, random) for of in devices]
    fleet = Fleet(devices)
    state = FleetState(fleet)
    group = EndDeviceGroup(
        mrid="group", der_function=FUNCTION, end_devices=tuple(EndDevice(mrid=of.mrid) for of in devices)
    )
    state.put(readings)
    who = roster(group, fleet)
    members = state.members(who, NOW, stale_after_s=30)
    limits = member_limits(ParameterKind.ACTIVE_POWER, members, step_s=60).limits
    forecaster = Forecaster(fleet, Site(latitude_deg=48.0, longitude_deg=11.0))
    forecaster.observe(members, NOW)
    target = 0.6 * float(limits.reach.upper.sum())

    ordered = Ordered(state, group, target)

    yield "new readings", lambda: state.put(readings)
    yield "aggregation: members and sums", lambda: aggregate(group, state, NOW, stale_after_s=30)
    yield "aggregation: sums", lambda: status_of(group, state.members(who, NOW, stale_after_s=30), NOW)
    yield "limits of members", lambda: member_limits(ParameterKind.ACTIVE_POWER, members, step_s=60)
    for policy in Policy:
        yield f"allocation: {policy}", lambda policy=policy: allocate(target, limits, policy)
    yield (
        "forecast: 96 quarters of an hour",
        lambda: forecaster.forecast(
            group, members, [ParameterKind.ACTIVE_POWER], [DAY], now=NOW, ordered=lambda *_: None, mrid="forecast"
        ),
    )
    yield "plan: kept", ordered.plan_again
    yield "plan: kept, compared with what is held", lambda: ordered.holdings.follow(ordered.shares, NOW)
    yield "plan: kept, who is due to be asked", lambda: ordered.holdings.remind(NOW)
    yield "plan: new", ordered.plan_anew
    yield "plan: new, settings and jobs of all", ordered.tell_all


class Ordered:
    """One order of the group, carried out: what the executor does every second, and when something changes."""

    def __init__(self, state: FleetState, group: EndDeviceGroup, target: float) -> None:
        for mrid in state.fleet:
            state.know(mrid, {DeviceFunction.ACTIVE_POWER.value})
        self._state = state
        self._roster = roster(group, state.fleet)
        self._orders = [self._order(group, target), self._order(group, target * 0.9)]
        self._planner = Planner(state, stale_after_s=30, rules=PlanRules())
        self.holdings = Holdings(state.fleet, hold_s=PlanRules().hold_s, now=NOW)
        self.shares: tuple[Share, ...] = ()
        self.plan_again()
        self.holdings.take_over(self.holdings.follow(self.shares, NOW))
        self.plan_again()

    def plan_again(self) -> None:
        """Plan what was planned before."""
        self.shares = self._plan(self._orders[0])

    def plan_anew(self) -> None:
        """Plan another target than before."""
        self._orders.reverse()
        self._plan(self._orders[0])

    def tell_all(self) -> None:
        """Everything that devices are to be told of a plan of which they know nothing yet."""
        holdings = Holdings(self._state.fleet, hold_s=PlanRules().hold_s, now=NOW)
        holdings.take_over(holdings.follow(self.shares, NOW))

    def _plan(self, order: ActiveOrder) -> tuple[Share, ...]:
        orders = GroupOrders(mrid="group", roster=self._roster, orders={ParameterKind.ACTIVE_POWER: order})
        return self._planner.plan([orders], NOW, held=self.holdings.settings)

    def _order(self, group: EndDeviceGroup, target: float) -> ActiveOrder:
        ends_at = NOW + timedelta(hours=1)
        curve = Curve(
            style=CurveStyle.CONSTANT_Y_VALUE,
            points=(Point(at=NOW, nominal=target),),
            ends_at=ends_at,
            interval=1,
            interval_unit=IntervalUnit.HOUR,
        )
        dispatch = Dispatch(
            mrid=f"dispatch of {target}",
            group=GroupReference(mrid=group.mrid),
            parameter=ParameterKind.ACTIVE_POWER,
            curves=(curve,),
            received_at=NOW,
        )
        return ActiveOrder(dispatch=dispatch, value=target, ends_at=ends_at)


def best_ms(call: Callable[[], object]) -> float:
    """The shortest of some rounds: what the machine's other work adds is left out."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times) * 1_000


def main() -> None:
    figures: dict[str, list[float]] = {}
    for size in SIZES:
        for name, call in tasks(size):
            figures.setdefault(name, []).append(best_ms(call))
    heads = "".join(f"{f'{size:,} members'.replace(',', ' '):>18}" for size in SIZES)
    sys.stdout.write(f"{'ms, best of ' + str(ROUNDS):<40}{heads}{'growth per tenfold':>22}\n")
    for name, row in figures.items():
        growth = ", ".join(f"x{later / earlier:.1f}" for earlier, later in pairwise(row))
        sys.stdout.write(f"{name:<40}{''.join(f'{time:>18.3f}' for time in row)}{growth:>22}\n")


if __name__ == "__main__":
    main()
