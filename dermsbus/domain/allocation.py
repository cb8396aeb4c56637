"""A group's set-point, split among its members.

Every policy starts from the members at rest (each as near to 0 as its limits let it), so that none draws what another
injects without need. From there all go up, or all go down, until the sum is the target:

* headroom (the default): each goes the same part of its way from rest to the end of what it has available;
* rating: each goes the same part of its rating;
* merit: one after the other goes as far as it can, in the order of merit.

With headroom and rating, what a member cannot take because of its limits is taken by the others in the same proportion
(water filling). A larger target never lowers a member, and the order in which members are listed does not matter.

A member that `MemberLimits.may_stop` is an engine with a minimum load: it gives that or more, or stands still. If the
policy would have none of them run below its minimum load, that is the split. Otherwise as few of them run as will do,
in the order of merit, and the policy is for those that run and the others; where the minimum load of the last one is
too much, another one that fits runs in its place; where none does, what is nearer to the target is done, and the
shortfall tells the rest. Then a larger target that starts one more engine may lower others.

What a set-point makes of a device by the end of the step is what the device itself says it can do: simulated devices
are held to it by the tests (`tests/contract/test_allocation_judged.py`). Known to differ are devices that hold a limit
or a ramp of an earlier order: neither is in their readings.

Source: policies of the project's requirements; start at rest, engines: house choice, ADR 21.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np

from dermsbus.domain.capability import Span, available, installed, minimum_load, present, reach
from dermsbus.domain.fleet import BoolArray, FloatArray, IntArray
from dermsbus.domain.fleet_state import MemberStates
from dermsbus.domain.quantities import ParameterKind

__all__ = ["Allocation", "GroupLimits", "MemberLimits", "Policy", "allocate", "member_limits"]

_ROUNDING: Final = 1e-6
"""W or VAr: what is missing by less than this is rounding, and not worth a member's move."""
_MET: Final = 1.0
"""W or VAr: so exactly a target has to be met."""
_MEASURABLE_W: Final = 1.0
"""What draws less than this has no power factor that one could go by."""


class Policy(StrEnum):
    """Who takes how much of a set-point."""

    HEADROOM = "headroom"
    RATING = "rating"
    MERIT = "merit"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemberLimits:
    """What bounds each member's set-point, and its place in the order of merit.

    Attributes:
        installed: by its rating; 0 is in it.
        available: by what it has now; within *installed*. Headroom is counted in it.
        reach: where it can be when the set-point holds; within *available*. No set-point leaves it, but for 0 where it
            *may_stop*.
        merit_rank: smallest first; of equal ones the first listed.
        may_stop: True where 0 can be given too, although *reach* is above it; None where nobody can.

    Raises:
        ValueError: columns of different lengths, or numbers that are not finite, or ranges that are empty or not within
            each other.
    """

    installed: Span
    available: Span
    reach: Span
    merit_rank: IntArray
    may_stop: BoolArray | None = None

    def __post_init__(self) -> None:
        nested = (
            self.installed.lower,
            self.available.lower,
            self.reach.lower,
            self.reach.upper,
            self.available.upper,
            self.installed.upper,
        )
        columns = nested if self.may_stop is None else (*nested, self.may_stop)
        if any(column.shape != self.merit_rank.shape or column.ndim != 1 for column in columns):
            raise ValueError("all columns of limits must have one place for each member")
        if not all(np.isfinite(column).all() for column in nested):
            raise ValueError("limits must be finite")
        if not all((low <= high).all() for low, high in pairwise(nested)):
            raise ValueError("reach must be within available, and available within installed")

    def __len__(self) -> int:
        return len(self.merit_rank)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Allocation:
    """What each member shall give, W or VAr, signed.

    Attributes:
        set_points: one for each place of the limits.
        shortfall: what the members together cannot give: target less the exact sum of the set-points, signed. What is
            left of rounding is in it.
    """

    set_points: FloatArray
    shortfall: float

    @property
    def is_met(self) -> bool:
        """True if the sum is the target to less than 1 W or VAr."""
        return abs(self.shortfall) < _MET


def allocate(target: float, limits: MemberLimits, policy: Policy = Policy.HEADROOM) -> Allocation:
    """*target* split among members, none beyond its reach; the same input gives the same output.

    Args:
        target: what they shall give together, W or VAr, signed.
        limits: of the members; there may be none.
        policy: who takes how much.

    Raises:
        ValueError: *target* is not finite.
    """
    if not math.isfinite(target):
        raise ValueError(f"a target must be a finite number; it is {target}")
    bounds = _if_all_stopped(limits)
    set_points = _split(target, limits, bounds, policy)
    if ((set_points > bounds.lower) & (set_points < limits.reach.lower)).any():  # an engine below its minimum load
        set_points = _split(target, limits, _with_engines(target, limits, bounds), policy)
    return Allocation(set_points=set_points + 0.0, shortfall=_missing(target, set_points))  # + 0.0: no minus zero


def _split(target: float, limits: MemberLimits, bounds: Span, policy: Policy) -> FloatArray:
    """Set-points within *bounds* whose sum is *target*, or as near to it as can be."""
    at_rest = bounds.nearest(0.0)
    missing = target - float(at_rest.sum())  # rounded here and there: what that leaves is settled at the end
    if policy is Policy.MERIT:
        set_points = at_rest + _called(missing, at_rest, bounds, np.argsort(limits.merit_rank, kind="stable"))
    else:
        frame = limits.available if policy is Policy.HEADROOM else limits.installed
        set_points = _filled(missing, bounds, frame)
    return _settled(target, bounds.nearest(set_points), bounds)


def _if_all_stopped(limits: MemberLimits) -> Span:
    """The reach of each member, down to 0 where it may stop."""
    bounds = limits.reach
    if limits.may_stop is None or not limits.may_stop.any():
        return bounds
    return Span(lower=np.where(limits.may_stop, np.minimum(bounds.lower, 0.0), bounds.lower), upper=bounds.upper)


def _with_engines(target: float, limits: MemberLimits, bounds: Span) -> Span:
    """*bounds* with some engines running and the others stopped, so that *target* can be met if that is possible."""
    engines = np.flatnonzero(bounds.lower < limits.reach.lower)
    engines = engines[np.argsort(limits.merit_rank[engines], kind="stable")]
    least, most = limits.reach.lower[engines], bounds.upper[engines]
    # The group's range with none of them, with the first, with the first two …
    lowest = float(bounds.lower.sum()) + np.concatenate(((0.0,), np.cumsum(least)))
    highest = float(bounds.upper.sum() - most.sum()) + np.concatenate(((0.0,), np.cumsum(most)))
    count = min(int(np.searchsorted(highest, target - _MET / 2)), len(engines))
    running = engines[:count]
    if count and lowest[count] > target + _MET / 2:
        fits = (lowest[count - 1] + least <= target) & (highest[count - 1] + most >= target)
        fits[: count - 1] = False  # they run already
        if fits.any():
            running = np.append(engines[: count - 1], engines[np.argmax(fits)])
        elif target - highest[count - 1] <= lowest[count] - target:
            running = engines[: count - 1]
    lower, upper = bounds.lower.copy(), bounds.upper.copy()
    upper[engines] = bounds.lower[engines]
    lower[running], upper[running] = limits.reach.lower[running], bounds.upper[running]
    return Span(lower=lower, upper=upper)


def _missing(target: float, set_points: FloatArray) -> float:
    """*target* less the sum of *set_points*, rounded once at the end: what is reported has to be exact."""
    terms: list[float] = (-set_points).tolist()
    terms.append(target)
    return math.fsum(terms)


def _called(missing: float, start: FloatArray, bounds: Span, order: IntArray) -> FloatArray:
    """How far each member moves from *start* for *missing*, if they are called in *order* and each goes all its way."""
    room = bounds.upper - start if missing > 0 else start - bounds.lower
    called = room[order]
    before = np.concatenate(((0.0,), np.cumsum(called)[:-1]))[: len(order)]
    moves = np.empty_like(room)
    moves[order] = np.clip(abs(missing) - before, 0.0, called)
    return np.copysign(moves, missing)


def _filled(missing: float, bounds: Span, frame: Span) -> FloatArray:
    """Set-points at which all members stand at the same level of *frame*, but for those held by *bounds*."""
    if missing < 0:  # going down is going up in the mirror
        return -_filled(-missing, bounds.mirrored(), frame.mirrored())
    rest = frame.nearest(0.0)
    way = frame.upper - rest
    return bounds.nearest(rest + way * _level(missing, rest, way, bounds))


def _level(missing: float, rest: FloatArray, way: FloatArray, bounds: Span) -> float:
    """The part of its *way*, 0 to 1, that every member has to go from *rest* for the sum to rise by *missing*.

    The sum of the clipped set-points is a rising line with kinks: a member starts to move at the level at which it
    leaves its lower bound, and stops where it meets the upper one. All kinks are sorted, and the one stretch is found
    in which the target lies.
    """
    moving = way > 0
    rest, way = rest[moving], way[moving]
    starts = np.clip(bounds.lower[moving] - rest, 0.0, way) / way
    stops = np.clip(bounds.upper[moving] - rest, 0.0, way) / way
    levels = np.concatenate((starts, stops))
    order = np.argsort(levels)  # which of equal ones goes first makes no difference
    levels = levels[order]
    slopes = np.maximum(np.cumsum(np.concatenate((way, -way))[order]), 0.0)  # below 0 by rounding only
    at_kinks = np.concatenate(((0.0,), np.cumsum(slopes[:-1] * np.diff(levels))))
    stretch = int(np.searchsorted(at_kinks, missing, side="right")) - 1
    if stretch >= len(levels) - 1:
        return 1.0
    return float(levels[stretch] + (missing - at_kinks[stretch]) / slopes[stretch])


def _settled(target: float, set_points: FloatArray, bounds: Span) -> FloatArray:
    """*set_points* with what rounding left of *target* given to members that have room for it."""
    missing = _missing(target, set_points)
    if abs(missing) < _ROUNDING or not len(set_points):
        return set_points
    room = bounds.upper - set_points if missing > 0 else set_points - bounds.lower
    roomiest = int(np.argmax(room))
    if room[roomiest] < abs(missing):
        roomiest_first = np.argsort(-room, kind="stable")
        return bounds.nearest(set_points + _called(missing, set_points, bounds, roomiest_first))
    settled = set_points.copy()
    settled[roomiest] += missing
    return bounds.nearest(settled)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GroupLimits:
    """Which members of a group can be given a set-point, and what bounds it.

    Attributes:
        places: of those that can be told, in the fleet.
        limits: of these, in the same order.
        held: what the others together are believed to give, W or VAr, signed: the last values of those that are stale
            or have no rating for it. What is to be allocated is the group's target less this.
    """

    places: IntArray
    limits: MemberLimits
    held: float


def member_limits(
    parameter: ParameterKind, members: MemberStates, *, step_s: float, beside: FloatArray | None = None
) -> GroupLimits:
    """What bounds the set-points of *members* for the next step. Members that are not available get none.

    Nor does a member get one of reactive power that is not rated for any, such as most loads: it has no function for
    it.

    Where active and reactive power are both ordered, allocate one of them first and pass its set-points as *beside* for
    the other: by the present values alone both could take the same room in the circle of apparent power. Active power
    first is better: devices give it the first word too, and what a load draws beside it is known then.

    Args:
        parameter: activePower or reactivePower.
        members: now.
        step_s: how long the set-point will hold, more than 0: a ramp has so long to get there, and a storage has to be
            able to keep it up.
        beside: set-points of the other of the two powers, as they were allocated for the same *members*; the present
            values where None.

    Raises:
        ValueError: *parameter* is neither activePower nor reactivePower, *step_s* is not more than 0, or *beside* has
            not one set-point for each member that can be told the other power.
    """
    if not step_s > 0:
        raise ValueError(f"a step must be longer than 0 s; it is {step_s}")
    chosen = _told(parameter, members)
    rated = installed(parameter, members)
    others = None if beside is None else _spread(beside, parameter, members)
    had = available(parameter, members, step_s=step_s, beside=others)
    reached = reach(parameter, members, had, step_s=step_s)
    may_stop = np.zeros(len(chosen), dtype=np.bool_)
    least = minimum_load(members)
    if parameter is ParameterKind.ACTIVE_POWER and least.any():
        reached, may_stop = _running(reached, had, least)
    limits = MemberLimits(
        installed=rated.rows(chosen),
        available=had.rows(chosen),
        reach=reached.rows(chosen),
        merit_rank=members.ratings.merit_rank[chosen],
        may_stop=may_stop[chosen],
    )
    return GroupLimits(
        places=members.places[chosen], limits=limits, held=float(_held(parameter, members, others)[~chosen].sum())
    )


def _told(parameter: ParameterKind, members: MemberStates) -> BoolArray:
    """True where a set-point of *parameter* makes sense."""
    if parameter is ParameterKind.ACTIVE_POWER:
        return members.commandable
    rated = installed(parameter, members)
    return members.commandable & (rated.lower < rated.upper)


def _running(reached: Span, had: Span, least: FloatArray) -> tuple[Span, BoolArray]:
    """Where members can be that run at *least* or above, and which of them can be stopped before the step is over.

    One that is being started is at the end of its ramp then, wherever below *least* that may be. To stop it has to come
    down to *least* only. One for whose *least* there is no room stands still.
    """
    is_engine, has_room = least > 0, had.upper >= least
    lower = np.where(is_engine, np.maximum(np.minimum(least, reached.upper), reached.lower), reached.lower)
    runs = Span(lower=np.where(has_room, lower, had.lower), upper=np.where(has_room, reached.upper, had.lower))
    may_stop = is_engine & has_room & (reached.lower <= least)
    return runs, may_stop


def _held(parameter: ParameterKind, members: MemberStates, beside: FloatArray | None) -> FloatArray:
    """What each member is believed to give if it is not told; a load keeps its power factor where its power is told."""
    stays = present(parameter, members)
    if parameter is ParameterKind.ACTIVE_POWER or beside is None:
        return stays
    now = members.active_power_w
    is_load = members.commandable & (members.ratings.active_power_max_w == 0) & (now < -_MEASURABLE_W)
    return np.where(is_load, stays * (beside / np.where(is_load, now, 1.0)), stays)


def _spread(set_points: FloatArray, parameter: ParameterKind, members: MemberStates) -> FloatArray:
    """*set_points* of the power beside *parameter* at the places of *members*, the present power of those without."""
    is_active = parameter is ParameterKind.ACTIVE_POWER
    other = ParameterKind.REACTIVE_POWER if is_active else ParameterKind.ACTIVE_POWER
    chosen = _told(other, members)
    if set_points.shape != (int(chosen.sum()),):
        raise ValueError("there must be one set-point for each member that can be commanded")
    spread = present(other, members).copy()
    spread[chosen] = set_points
    return spread
