"""From what is ordered of groups to what each device shall hold, and when it has to be told anew.

Active and reactive power are split among the members that can be commanded; what the others do is taken off first.
Loads and chargers are left alone as long as all other members can do it: nobody's supply is cut while the sun could do
more. A voltage is given to every member as it is. Ramp rates bound how fast the target of the group itself moves, and
apparent power how far it may.

A plan is kept while it does what it was made for: until the order says something else, or what its members have now is
off the target by more than the dead-band, and a new plan would bring more than that. A member that is lost drops out of
it, and is believed to give what it gave last. So nobody is told the same twice, and a cloud that the others can make up
for moves them once. Where all together cannot meet an order, each gives all it has.

A device in two groups belongs to the order received last: with its active power to one, and with its reactive power or
voltage to one.

Source: house choice, ADR 24.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import numpy as np

from dermsbus.domain.allocation import Allocation, GroupLimits, Policy, allocate, member_limits
from dermsbus.domain.capability import available, installed, present
from dermsbus.domain.der import DeviceKind
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting, SettingKey
from dermsbus.domain.dispatch_book import ActiveOrder, OrderKey
from dermsbus.domain.fleet import BoolArray, Fleet, FloatArray, IntArray
from dermsbus.domain.fleet_state import FleetState, MemberStates, Roster
from dermsbus.domain.quantities import Curve, CurveStyle, ParameterKind, Point
from dermsbus.domain.schedule import curve_at, curve_value, next_change_after, ramp_limited

__all__ = [
    "GroupOrders",
    "PlanRules",
    "Planner",
    "Share",
    "are_customers",
    "can_follow",
    "commandable",
    "split",
]

_SAME: Final = 0.5
"""W or VAr: set-points that differ by less are the same, and nobody is told of the difference."""
_MET: Final = 1.0
"""W or VAr: so exactly a target has to be met."""
_VOLTAGE_BAND: Final = 0.5
"""Part of its nominal voltage by which a set-point may lie beside it before it is not meant for that device."""
_CUSTOMERS: Final = frozenset({DeviceKind.LOAD, DeviceKind.EV_CHARGER})
_MOMENT: Final = timedelta(seconds=1)
"""Ends that differ by no more are the same."""
_MOST_STEPS: Final = 2.0
"""A ramp goes no further at once than this many of its steps: who could not plan for a while has nothing to make up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRules:
    """How orders are carried out.

    Attributes:
        policy: who takes how much.
        hold_s: a device that hears nothing more goes back to its default after so many seconds, more than 0.
        grace_s: it may hold its set-point for so long after the schedule says something new, so that a late word finds
            it still there; 0 or more.
        step_s: sloping lines and ramps are followed in steps of so many seconds, more than 0.
        dead_band_percent: by so much of what is installed a group may be off its order before its members are told
            anew, 0 or more.
    """

    policy: Policy = Policy.HEADROOM
    hold_s: float = 900.0
    grace_s: float = 60.0
    step_s: float = 10.0
    dead_band_percent: float = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupOrders:
    """What is ordered of one group now.

    Attributes:
        mrid: of the group.
        roster: its devices.
        orders: by parameter, one or more.
    """

    mrid: str
    roster: Roster
    orders: Mapping[ParameterKind, ActiveOrder]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Share:
    """What the devices of one group hold for one order.

    Attributes:
        key: group and parameter.
        dispatch_mrid: the order.
        target: what the group shall give, SI, signed, ramps taken in.
        function: what of the devices is set, but for those that have a limit only.
        places: of the devices in the fleet.
        values: one for each place.
        by_limit: True where the device has no set-point of active power, only a limit.
        shortfall: what they cannot give: target less sum, signed; 0 for what is no sum.
        ends_at: aware: when devices go back by themselves.
        is_new: False where it is what was planned before, and nobody has to be told.
    """

    key: OrderKey
    dispatch_mrid: str
    target: float
    function: DeviceFunction
    places: IntArray
    values: FloatArray
    by_limit: BoolArray
    shortfall: float
    ends_at: datetime
    is_new: bool = True

    def settings(self) -> Iterator[tuple[int, DeviceFunction, float]]:
        """Place, function and value of each device."""
        for place, value, by_limit in zip(
            self.places.tolist(), self.values.tolist(), self.by_limit.tolist(), strict=True
        ):
            if by_limit:
                yield place, DeviceFunction.ACTIVE_POWER_LIMIT, max(value, 0.0)
            else:
                yield place, self.function, value


@dataclass(frozen=True, kw_only=True, slots=True)
class _Course:
    """Where the target of a group was last, when it came there, and where it goes."""

    value: float
    at: datetime
    ordered: float

    @property
    def is_there(self) -> bool:
        """False while a ramp holds it back."""
        return abs(self.value - self.ordered) < _SAME


def can_follow(state: FleetState, parameter: ParameterKind, places: IntArray) -> BoolArray:
    """Which of the devices at *places* have a function for *parameter*.

    A limit is one for the active power of what only injects: a battery does not charge because it may not discharge.
    """
    if parameter is ParameterKind.ACTIVE_POWER:
        only_injects = state.fleet.ratings.active_power_charge_max_w[places] == 0.0
        can: BoolArray = state.can(DeviceFunction.ACTIVE_POWER_LIMIT, places) & only_injects
        can |= state.can(DeviceFunction.ACTIVE_POWER, places)
        return can
    function = DeviceFunction.VOLTAGE if parameter is ParameterKind.VOLTAGE else DeviceFunction.REACTIVE_POWER
    return state.can(function, places)


def commandable(state: FleetState, parameter: ParameterKind, members: MemberStates) -> MemberStates:
    """*members* as an order of *parameter* sees them: who has no function for it only has a value."""
    return among(members, can_follow(state, parameter, members.places))


def among(members: MemberStates, chosen: BoolArray) -> MemberStates:
    """*members* of whom only the *chosen* can be commanded."""
    return replace(members, good=members.good & chosen)


def split(
    parameter: ParameterKind,
    target: float,
    members: MemberStates,
    customers: BoolArray,
    *,
    policy: Policy,
    step_s: float,
    beside: FloatArray | None = None,
) -> tuple[GroupLimits, Allocation]:
    """*target* split among *members*: without loads and chargers if the others can do it, else with them.

    Args:
        parameter: activePower or reactivePower.
        target: of the group, W or VAr, signed.
        members: of whom those that can be commanded take part.
        customers: True for loads and chargers; a column as those of *members*.
        policy: who takes how much.
        step_s: how long the set-points will hold, more than 0.
        beside: the other power of each of *members*; None for the present ones.

    Returns:
        Who takes part within which bounds, and the set-points; what the others give is off the target already.
    """
    for_all = partial(_split, parameter, target, policy=policy, step_s=step_s, beside=beside)
    limits, given = for_all(among(members, ~customers))
    if given.is_met or not (customers & members.commandable).any():
        return limits, given
    return for_all(members)


def _split(
    parameter: ParameterKind,
    target: float,
    members: MemberStates,
    *,
    policy: Policy,
    step_s: float,
    beside: FloatArray | None,
) -> tuple[GroupLimits, Allocation]:
    chosen = None if beside is None else beside[members.commandable]
    limits = member_limits(parameter, members, step_s=step_s, beside=chosen)
    return limits, allocate(target - limits.held, limits.limits, policy)


def are_customers(fleet: Fleet, places: IntArray) -> BoolArray:
    """Which of the devices at *places* are loads and chargers."""
    return np.array([fleet.devices[place].kind in _CUSTOMERS for place in places.tolist()], dtype=np.bool_)


class Planner:
    """Plans for one fleet; remembers what it planned. Used by one thread.

    Args:
        state: what is known of the devices.
        stale_after_s: age from which a reading is stale, more than 0.
        rules: how orders are carried out.
    """

    def __init__(self, state: FleetState, *, stale_after_s: float, rules: PlanRules) -> None:
        self._state = state
        self._stale_after_s = stale_after_s
        self._rules = rules
        self._shares: dict[OrderKey, Share] = {}
        self._courses: dict[OrderKey, _Course] = {}
        everywhere = np.arange(len(state.fleet))
        self._is_customer = are_customers(state.fleet, everywhere)
        self._nominal_v = np.array([device.name_plate.ac_voltage_nominal_v for device in state.fleet.devices])

    def plan(
        self,
        groups: Iterable[GroupOrders],
        now: datetime,
        *,
        held: Mapping[SettingKey, DeviceSetting],
        unfit: Collection[SettingKey] = (),
    ) -> tuple[Share, ...]:
        """What the devices of *groups* shall hold now.

        Args:
            groups: all of which anything is ordered.
            now: aware.
            held: what devices were told before; of it a plan is taken up again after a restart.
            unfit: what devices refused, or did not do: they are planned without.
        """
        plan = _Plan(planner=self, now=now, held=held, unfit=unfit)
        shares = tuple(plan.shares([self._stepped(group, now) for group in groups]))
        self._shares = {share.key: replace(share, is_new=False) for share in shares}
        self._courses = {key: course for key, course in self._courses.items() if key in self._shares}
        return shares

    def _stepped(self, group: GroupOrders, now: datetime) -> GroupOrders:
        step = timedelta(seconds=self._rules.step_s)
        orders = {kind: _at_last_step(order, now, step) for kind, order in group.orders.items()}
        return replace(group, orders=orders)

    # -- what a plan asks ------------------------------------------------------------------------------------------

    @property
    def rules(self) -> PlanRules:
        """How orders are carried out."""
        return self._rules

    @property
    def state(self) -> FleetState:
        """What is known of the devices."""
        return self._state

    def members(self, of: Roster, now: datetime) -> MemberStates:
        """What the devices of a roster do."""
        return self._state.members(of, now, stale_after_s=self._stale_after_s)

    def answering(self, now: datetime) -> BoolArray:
        """Which devices of the fleet, by place, were heard of not too long ago."""
        everywhere = Roster(places=np.arange(len(self._state.fleet)), unknown=0)
        return self.members(everywhere, now).good

    def customers(self, places: IntArray) -> BoolArray:
        """Which of the devices at *places* are loads and chargers."""
        return self._is_customer[places]

    def nominal_v(self, places: IntArray) -> FloatArray:
        """The nominal voltage of each of the devices at *places*."""
        return self._nominal_v[places]

    def earlier(self, key: OrderKey) -> Share | None:
        """What was planned for *key* the last time."""
        return self._shares.get(key)

    def target(
        self, key: OrderKey, orders: Mapping[ParameterKind, ActiveOrder], measured: float, now: datetime
    ) -> float:
        """What the group shall give now: its order, as far as ramps and apparent power let it.

        Where nothing was planned before, a ramp begins at what the group gives.
        """
        ordered = self._bounded(key, orders)
        last = self._courses.get(key) or _Course(value=measured, at=now, ordered=ordered)
        is_up = ordered > last.value
        limit = orders.get(ParameterKind.INCREASING_RAMP_RATE if is_up else ParameterKind.DECREASING_RAMP_RATE)
        if key[1] is not ParameterKind.ACTIVE_POWER or limit is None or ordered == last.value:
            course = _Course(value=ordered, at=now, ordered=ordered)
        else:
            course = self._ramped(replace(last, ordered=ordered), limit.value, now)
        self._courses[key] = course
        return course.value

    def _ramped(self, last: _Course, rate: float, now: datetime) -> _Course:
        """A step further towards what is ordered, if its time has come."""
        step_s, passed_s = self._rules.step_s, (now - last.at).total_seconds()
        if passed_s < 0.0:  # the clock was put back
            return replace(last, at=now)
        if passed_s < step_s:
            return last
        passed_s = min(passed_s, _MOST_STEPS * step_s)
        return replace(last, value=ramp_limited(last.value, last.ordered, passed_s, rate, rate), at=now)

    def _bounded(self, key: OrderKey, orders: Mapping[ParameterKind, ActiveOrder]) -> float:
        value = orders[key[1]].value
        apparent = orders.get(ParameterKind.APPARENT_POWER)
        if apparent is None:
            return value
        other = orders.get(ParameterKind.REACTIVE_POWER) if key[1] is ParameterKind.ACTIVE_POWER else None
        left = math.sqrt(max(apparent.value**2 - (other.value**2 if other else 0.0), 0.0))
        return min(max(value, -left), left)

    def next_step_at(self, key: OrderKey) -> datetime | None:
        """When the target of *key* goes on to what is ordered; None where it is there."""
        course = self._courses.get(key)
        return None if course is None or course.is_there else course.at + timedelta(seconds=self._rules.step_s)


class _Plan:
    """One pass over all groups: who is given to whom."""

    def __init__(
        self,
        *,
        planner: Planner,
        now: datetime,
        held: Mapping[SettingKey, DeviceSetting],
        unfit: Collection[SettingKey],
    ) -> None:
        self._planner = planner
        self._now = now
        self._held = held
        count = len(planner.state.fleet)
        self._active_w = np.full(count, np.nan)  # what is planned; NaN where nothing is
        self._taken = {kind: np.zeros(count, dtype=np.bool_) for kind in ("active", "reactive")}
        self._unfit = {function: np.zeros(count, dtype=np.bool_) for function in DeviceFunction}
        for mrid, function in unfit:
            place = planner.state.fleet.places[mrid]
            self._unfit[function][place] = True
            if function is DeviceFunction.ACTIVE_POWER_LIMIT:  # it is what an order of active power sets of that device
                self._unfit[DeviceFunction.ACTIVE_POWER][place] = True

    def shares(self, groups: Sequence[GroupOrders]) -> Iterator[Share]:
        """What each group has of what no later order has."""
        members = {group.mrid: self._planner.members(group.roster, self._now) for group in groups}
        for group, kind in _latest_first(groups, ParameterKind.ACTIVE_POWER):
            share = self._power(group, kind, members[group.mrid], None)
            self._taken["active"][share.places] = True
            self._active_w[share.places] = share.values
            yield share
        for group, kind in _latest_first(groups, ParameterKind.VOLTAGE, ParameterKind.REACTIVE_POWER):
            of_group = members[group.mrid]
            if kind is ParameterKind.VOLTAGE:
                share = self._voltage(group, of_group)
            else:
                share = self._power(group, kind, of_group, self._beside(of_group))
            self._taken["reactive"][share.places] = True
            yield share

    def _beside(self, members: MemberStates) -> FloatArray:
        """The active power of each of *members*: as planned, as far as there is so much now; else as it is."""
        planned = self._active_w[members.places]
        most = np.maximum(members.available_max_w, 0.0)
        gives = np.where(members.good, np.minimum(planned, most), planned)
        return np.where(np.isnan(planned), members.active_power_w, gives)

    def _free(self, taken: str, function: DeviceFunction, places: IntArray) -> BoolArray:
        return ~self._taken[taken][places] & ~self._unfit[function][places]

    # -- powers ----------------------------------------------------------------------------------------------------

    def _power(
        self, group: GroupOrders, parameter: ParameterKind, members: MemberStates, beside: FloatArray | None
    ) -> Share:
        planner, key = self._planner, (group.mrid, parameter)
        is_active = parameter is ParameterKind.ACTIVE_POWER
        function = DeviceFunction.ACTIVE_POWER if is_active else DeviceFunction.REACTIVE_POWER
        free = self._free("active" if is_active else "reactive", function, members.places)
        fit = commandable(planner.state, parameter, among(members, free))
        measured = float(present(parameter, members).sum())
        target = planner.target(key, group.orders, measured, self._now)
        earlier = planner.earlier(key) or self._resumed(group, key, target, fit)
        kept = None if earlier is None else _left_of(earlier, group.orders[parameter], target, fit)
        off = math.inf if kept is None else _off(kept, fit, beside)
        band = _band(parameter, fit, planner.rules.dead_band_percent)
        if kept is not None and off <= band:
            return self._renewed(kept, group)
        limits, given = split(
            parameter,
            target,
            fit,
            planner.customers(members.places),
            policy=planner.rules.policy,
            step_s=self._step_s(key, group.orders[parameter]),
            beside=beside,
        )
        share = Share(
            key=key,
            dispatch_mrid=group.orders[parameter].dispatch.mrid,
            target=target,
            function=function,
            places=limits.places,
            values=self._all_they_have(parameter, given, limits),
            by_limit=_by_limit(planner.state, function, limits.places),
            shortfall=given.shortfall,
            ends_at=self._ends_at(key, group.orders[parameter]),
        )
        if kept is not None and off - _off(share, fit, beside) <= band:
            return self._renewed(kept, group)
        return share

    def _all_they_have(self, parameter: ParameterKind, given: Allocation, limits: GroupLimits) -> FloatArray:
        """The set-points; where they fall short, all but storage go to their ratings, so that new sun is used."""
        if abs(given.shortfall) < _MET or parameter is not ParameterKind.ACTIVE_POWER:
            return given.set_points
        stores = self._planner.state.fleet.ratings.rows(limits.places).energy_capacity_wh > 0
        of, is_short = limits.limits, given.shortfall > 0
        end, rated = (of.reach.upper, of.installed.upper) if is_short else (of.reach.lower, of.installed.lower)
        gives_all = ~stores & (np.abs(end - given.set_points) < _SAME)
        if of.may_stop is not None and not is_short:  # an engine at its minimum load: it is no sun to be let go
            gives_all &= ~of.may_stop
        return np.where(gives_all, rated, given.set_points)

    def _resumed(self, group: GroupOrders, key: OrderKey, target: float, fit: MemberStates) -> Share | None:
        """What devices were told for this interval of the order before a restart; None where that was nothing."""
        order = group.orders[key[1]]
        is_active = key[1] is ParameterKind.ACTIVE_POWER
        function = DeviceFunction.ACTIVE_POWER if is_active else DeviceFunction.REACTIVE_POWER
        since = _interval_of(order, self._now)[1].at
        devices = self._planner.state.fleet.devices
        by_limit = _by_limit(self._planner.state, function, fit.places).tolist()
        found: list[tuple[int, DeviceSetting, bool]] = []
        for place, limited in zip(fit.places.tolist(), by_limit, strict=True):
            setting = self._held.get((devices[place].mrid, DeviceFunction.ACTIVE_POWER_LIMIT if limited else function))
            is_for_it = setting is not None and setting.dispatch_mrid == order.dispatch.mrid
            if setting is not None and is_for_it and since <= setting.given_at <= self._now < setting.ends_at:
                found.append((place, setting, limited))
        if not found:
            return None
        return Share(
            key=key,
            dispatch_mrid=order.dispatch.mrid,
            target=target,
            function=function,
            places=np.array([place for place, _, _ in found], dtype=np.int64),
            values=np.array([setting.value for _, setting, _ in found]),
            by_limit=np.array([limited for _, _, limited in found], dtype=np.bool_),
            shortfall=0.0,
            ends_at=max(setting.ends_at for _, setting, _ in found),
            is_new=False,
        )

    # -- voltage ---------------------------------------------------------------------------------------------------

    def _voltage(self, group: GroupOrders, members: MemberStates) -> Share:
        """The set-point for each member that can hold it: one far from its nominal voltage is not meant for it."""
        planner, key = self._planner, (group.mrid, ParameterKind.VOLTAGE)
        order = group.orders[ParameterKind.VOLTAGE]
        free = self._free("reactive", DeviceFunction.VOLTAGE, members.places)
        chosen = commandable(planner.state, ParameterKind.VOLTAGE, among(members, free)).commandable
        chosen &= np.abs(order.value / planner.nominal_v(members.places) - 1.0) <= _VOLTAGE_BAND
        places = members.places[chosen]
        share = Share(
            key=key,
            dispatch_mrid=order.dispatch.mrid,
            target=order.value,
            function=DeviceFunction.VOLTAGE,
            places=places,
            values=np.full(len(places), order.value),
            by_limit=np.zeros(len(places), dtype=np.bool_),
            shortfall=0.0,
            ends_at=self._ends_at(key, order),
        )
        earlier = planner.earlier(key)
        return self._renewed(earlier, group) if earlier is not None and _is_same(earlier, share) else share

    # -- time ------------------------------------------------------------------------------------------------------

    def _change_at(self, key: OrderKey, order: ActiveOrder) -> datetime:
        """When the target is another: by the schedule, or by the next step of a ramp."""
        step = timedelta(seconds=self._planner.rules.step_s)
        change_at = next_change_after(order.dispatch.curves, self._now, line_step=step) or order.ends_at
        next_step_at = self._planner.next_step_at(key)
        return change_at if next_step_at is None else min(change_at, max(next_step_at, self._now))

    def _step_s(self, key: OrderKey, order: ActiveOrder) -> float:
        """How long the set-points have to be kept up."""
        until = min(self._change_at(key, order), order.ends_at)
        return min(max((until - self._now).total_seconds(), 1.0), self._planner.rules.hold_s)

    def _ends_at(self, key: OrderKey, order: ActiveOrder) -> datetime:
        rules = self._planner.rules
        late = self._change_at(key, order) + timedelta(seconds=rules.grace_s)
        return min(order.ends_at, late, self._now + timedelta(seconds=rules.hold_s))

    def _renewed(self, share: Share, group: GroupOrders) -> Share:
        """The share; anew where devices would let go before its time is over, or long after it."""
        order = group.orders[share.key[1]]
        ends_at = self._ends_at(share.key, order)
        left_s = (share.ends_at - self._now).total_seconds()
        is_due = ends_at > share.ends_at and left_s < self._planner.rules.hold_s / 2
        if is_due or share.ends_at > ends_at + _MOMENT:
            return replace(share, ends_at=ends_at, is_new=True)
        return replace(share, is_new=False)


def _latest_first(groups: Iterable[GroupOrders], *kinds: ParameterKind) -> list[tuple[GroupOrders, ParameterKind]]:
    """The orders of *kinds*, that which was received last first."""

    def received(each: tuple[GroupOrders, ParameterKind]) -> tuple[datetime, str]:
        dispatch = each[0].orders[each[1]].dispatch
        return dispatch.received_at, dispatch.mrid  # of those that came together always the same one first

    found = [(group, kind) for group in groups for kind in kinds if kind in group.orders]
    return sorted(found, key=received, reverse=True)


def _interval_of(order: ActiveOrder, now: datetime) -> tuple[Curve, Point]:
    """The curve that holds, and the point at which the interval began in which *order* is."""
    curve = curve_at(order.dispatch.curves, now)
    assert curve is not None, "an active order has a curve that holds"
    return curve, curve.points[bisect_right(curve.points, now, key=lambda point: point.at) - 1]


def _at_last_step(order: ActiveOrder, now: datetime, step: timedelta) -> ActiveOrder:
    """*order* with what it said at the last step: a sloping line would say something else at each moment."""
    curve, point = _interval_of(order, now)
    if curve.style is CurveStyle.CONSTANT_Y_VALUE:
        return order
    value = curve_value(curve, point.at + step * ((now - point.at) // step))
    return order if value is None else replace(order, value=value)


def _left_of(earlier: Share, order: ActiveOrder, target: float, fit: MemberStates) -> Share | None:
    """What was planned, without the members that are lost; None where something else is ordered now."""
    if earlier.dispatch_mrid != order.dispatch.mrid or abs(earlier.target - target) >= _SAME:
        return None
    are_there = np.isin(earlier.places, fit.places[fit.commandable])
    if are_there.all():
        return earlier
    return replace(
        earlier,
        places=earlier.places[are_there],
        values=earlier.values[are_there],
        by_limit=earlier.by_limit[are_there],
    )


def _off(share: Share, fit: MemberStates, beside: FloatArray | None) -> float:
    """By how much the group would miss its target, if its members held *share* with what they have now."""
    parameter = share.key[1]
    taking_part = np.isin(fit.places, share.places)
    had = available(parameter, among(fit, taking_part), beside=beside)
    gives = np.where(taking_part, had.nearest(_planned(share, fit.places)), present(parameter, fit))
    return abs(float(gives.sum()) - share.target)


def _band(parameter: ParameterKind, members: MemberStates, percent: float) -> float:
    """By how much a group may miss its target."""
    rated = installed(parameter, members)
    return max(float((rated.upper - rated.lower).sum()) * percent / 100, _MET)


def _by_limit(state: FleetState, function: DeviceFunction, places: IntArray) -> BoolArray:
    if function is not DeviceFunction.ACTIVE_POWER:
        return np.zeros(len(places), dtype=np.bool_)
    return ~state.can(DeviceFunction.ACTIVE_POWER, places)


def _planned(share: Share, places: IntArray) -> FloatArray:
    """The values of *share* at *places*, 0 where it has none."""
    planned = np.zeros(len(places))
    order = np.argsort(share.places)
    found = np.searchsorted(share.places, places, sorter=order)
    found = np.minimum(found, len(order) - 1) if len(order) else found
    if not len(order):
        return planned
    rows = order[found]
    hit = share.places[rows] == places
    planned[hit] = share.values[rows[hit]]
    return planned


def _is_same(one: Share, other: Share) -> bool:
    return (
        one.dispatch_mrid == other.dispatch_mrid
        and np.array_equal(one.places, other.places)
        and np.array_equal(one.values, other.values)
    )
