"""A group's set-point, split among its members.

Every policy starts from the members at rest (each as near to 0 as its limits let it), so that none draws what another
injects without need. From there all go up, or all go down, until the sum is the target:

* headroom (the default): each goes the same part of its way from rest to the end of what it has available;
* rating: each goes the same part of its rating;
* merit: one after the other goes as far as it can, in the order of merit.

With headroom and rating, what a member cannot take because of its limits is taken by the others in the same proportion
(water filling). A larger target never lowers a member, and the order in which members are listed does not matter.

Source: policies of the project's requirements; start at rest: house choice, ADR 21.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np

from dermsbus.domain.capability import Span, available, installed, present, reach
from dermsbus.domain.fleet import BoolArray, FloatArray, IntArray
from dermsbus.domain.fleet_state import MemberStates
from dermsbus.domain.quantities import ParameterKind

__all__ = ["Allocation", "GroupLimits", "MemberLimits", "Policy", "allocate", "member_limits"]

_ROUNDING: Final = 1e-6
"""W or VAr: what is missing by less than this is rounding, and not worth a member's move."""
_MET: Final = 1.0
"""W or VAr: so exactly a target has to be met."""


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
        reach: where it can be when the set-point holds; within *available*. No set-point leaves it.
        merit_rank: smallest first; of equal ones the first listed.

    Raises:
        ValueError: columns of different lengths, or numbers that are not finite, or ranges that are empty or not within
            each other.
    """

    installed: Span
    available: Span
    reach: Span
    merit_rank: IntArray

    def __post_init__(self) -> None:
        nested = (
            self.installed.lower,
            self.available.lower,
            self.reach.lower,
            self.reach.upper,
            self.available.upper,
            self.installed.upper,
        )
        if any(column.shape != self.merit_rank.shape or column.ndim != 1 for column in nested):
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
    bounds = limits.reach
    at_rest = bounds.nearest(0.0)
    missing = _missing(target, at_rest)
    if policy is Policy.MERIT:
        set_points = at_rest + _called(missing, at_rest, bounds, np.argsort(limits.merit_rank, kind="stable"))
    else:
        frame = limits.available if policy is Policy.HEADROOM else limits.installed
        set_points = _filled(missing, bounds, frame)
    set_points = _settled(target, bounds.nearest(set_points), bounds)
    return Allocation(set_points=set_points + 0.0, shortfall=_missing(target, set_points))  # + 0.0: no minus zero


def _missing(target: float, set_points: FloatArray) -> float:
    """*target* less the sum of *set_points*, rounded once at the end: what is reported has to be exact."""
    return math.fsum((target, *(-set_points).tolist()))


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
    order = np.argsort(levels, kind="stable")
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
    if abs(missing) < _ROUNDING:
        return set_points
    room = bounds.upper - set_points if missing > 0 else set_points - bounds.lower
    roomiest_first = np.argsort(-room, kind="stable")
    settled = set_points + _called(missing, set_points, bounds, roomiest_first)
    return bounds.nearest(settled)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GroupLimits:
    """Which members of a group can be given a set-point, and what bounds it.

    Attributes:
        places: of those that can be commanded, in the fleet.
        limits: of these, in the same order.
        held: what the others together are believed to give, W or VAr, signed: the last values of those that are stale.
            What is to be allocated is the group's target less this.
    """

    places: IntArray
    limits: MemberLimits
    held: float


def member_limits(
    parameter: ParameterKind, members: MemberStates, *, step_s: float, beside: FloatArray | None = None
) -> GroupLimits:
    """What bounds the set-points of *members* for the next step. Members that are not available get none.

    Where active and reactive power are both ordered, allocate one of them first and pass its set-points as *beside* for
    the other: by the present values alone both could take the same room in the circle of apparent power.

    Args:
        parameter: activePower or reactivePower.
        members: now.
        step_s: how long the set-point will hold, more than 0: a ramp has so long to get there, and a storage has to be
            able to keep it up.
        beside: set-points of the other of the two powers, as they were allocated for the same *members*; the present
            values where None.

    Raises:
        ValueError: *parameter* is neither activePower nor reactivePower, *step_s* is not more than 0, or *beside* has
            not one set-point for each member that can be commanded.
    """
    if not step_s > 0:
        raise ValueError(f"a step must be longer than 0 s; it is {step_s}")
    chosen = members.commandable
    rated = installed(parameter, members)
    had = available(parameter, members, step_s=step_s, beside=None if beside is None else _spread(beside, chosen))
    reached = reach(parameter, members, had, step_s=step_s)
    limits = MemberLimits(
        installed=rated.rows(chosen),
        available=had.rows(chosen),
        reach=reached.rows(chosen),
        merit_rank=members.ratings.merit_rank[chosen],
    )
    return GroupLimits(
        places=members.places[chosen],
        limits=limits,
        held=float(present(parameter, members)[~chosen].sum()),
    )


def _spread(set_points: FloatArray, chosen: BoolArray) -> FloatArray:
    """*set_points* at the places of the *chosen* members, 0 at those of the others."""
    if set_points.shape != (int(chosen.sum()),):
        raise ValueError("there must be one set-point for each member that can be commanded")
    spread = np.zeros(len(chosen))
    spread[chosen] = set_points
    return spread
