"""What members can do: by their ratings, by what they have now, and by how fast they can change.

Three ranges, each within the one before::

    installed ⊇ available ⊇ reach
    ratings     sun, charge,   ramp over
                circle         the next step

The status of a group tells the sums of the first two, allocation keeps to the third: both are computed here, once.

A device whose least available power is more than 0 is taken for an engine with a minimum load: it gives so much or
more, or nothing at all. So its available range begins at 0, and `minimum_load` tells the gap in it.

Source: house choice, ADR 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dermsbus.domain.fleet import BoolArray, FloatArray
from dermsbus.domain.fleet_state import MemberStates
from dermsbus.domain.quantities import ParameterKind

__all__ = ["Span", "available", "installed", "minimum_load", "present", "reach"]

_SECONDS_PER_HOUR: Final = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Span:
    """A range for each member.

    Attributes:
        lower: signed, SI.
        upper: signed, SI, at least as large.
    """

    lower: FloatArray
    upper: FloatArray

    def clipped(self, to: Span) -> Span:
        """What both ranges have in common; where that is nothing, the point of *to* that is nearest."""
        return Span(lower=to.nearest(self.lower), upper=to.nearest(self.upper))

    def nearest(self, to: FloatArray | float) -> FloatArray:
        """The point of each range that is nearest to *to*."""
        return np.minimum(np.maximum(to, self.lower), self.upper)

    def mirrored(self) -> Span:
        """The ranges with all signs changed."""
        return Span(lower=-self.upper, upper=-self.lower)

    def rows(self, chosen: BoolArray) -> Span:
        """The ranges of the *chosen* members."""
        return Span(lower=self.lower[chosen], upper=self.upper[chosen])


def present(parameter: ParameterKind, members: MemberStates) -> FloatArray:
    """What each member gives now, W or VAr, signed.

    Raises:
        ValueError: *parameter* is neither activePower nor reactivePower.
    """
    match parameter:
        case ParameterKind.ACTIVE_POWER:
            return members.active_power_w
        case ParameterKind.REACTIVE_POWER:
            return members.reactive_power_var
        case _:
            raise _no_sum(parameter)


def installed(parameter: ParameterKind, members: MemberStates) -> Span:
    """What each member is rated for, whether it can be reached or not.

    Raises:
        ValueError: *parameter* is neither activePower nor reactivePower.
    """
    ratings = members.ratings
    if parameter is ParameterKind.ACTIVE_POWER:
        return Span(lower=-ratings.active_power_charge_max_w, upper=ratings.active_power_max_w)
    if parameter is ParameterKind.REACTIVE_POWER:
        return Span(lower=-ratings.reactive_power_absorbed_max_var, upper=ratings.reactive_power_injected_max_var)
    raise _no_sum(parameter)


def _no_sum(parameter: ParameterKind) -> ValueError:
    return ValueError(f"{parameter} is not a sum over members: only activePower and reactivePower are")


def available(
    parameter: ParameterKind, members: MemberStates, *, step_s: float | None = None, beside: FloatArray | None = None
) -> Span:
    """What each member has to give now: within its rating, its resource, its charge and its circle of apparent power.

    The circle leaves to active power what *beside* leaves, and the other way round. A member that cannot be commanded
    has no choice: one that is stale is believed to stay where it is, of any other nothing is had.

    Args:
        parameter: activePower or reactivePower.
        members: now.
        step_s: for how long a storage has to be able to keep it up, more than 0; None where that is not asked.
        beside: the other of the two powers of each member, that has to have its place in the circle; the present one
            where None.

    Raises:
        ValueError: *parameter* is neither activePower nor reactivePower.
    """
    rated = installed(parameter, members)
    if parameter is ParameterKind.ACTIVE_POWER:
        other = members.reactive_power_var if beside is None else beside
        # Where a source contradicts itself the lower word counts: it is the one that asks for less.
        lowest = np.minimum(members.available_min_w, members.available_max_w)
        span = Span(lower=np.minimum(lowest, 0.0), upper=members.available_max_w)  # an engine can be stopped
        if step_s is not None:
            span = span.clipped(_energy_span(members, step_s))
    else:
        other = members.active_power_w if beside is None else beside
        span = rated
    radius = members.ratings.apparent_power_max_va
    left = np.sqrt(np.maximum(radius**2 - other**2, 0.0))
    span = span.clipped(Span(lower=-left, upper=left)).clipped(rated)
    fixed = present(parameter, members)
    free = members.commandable
    return Span(lower=np.where(free, span.lower, fixed), upper=np.where(free, span.upper, fixed))


def minimum_load(members: MemberStates) -> FloatArray:
    """The least active power at which each member runs, W; 0 for what can give as little as it shall."""
    least = np.minimum(members.available_min_w, members.available_max_w)
    return np.where(members.commandable, np.maximum(least, 0.0), 0.0)


def _energy_span(members: MemberStates, step_s: float) -> Span:
    """The powers that neither empty nor overfill a storage within *step_s*; infinite for what is none."""
    ratings = members.ratings
    stores = np.flatnonzero((ratings.energy_capacity_wh > 0) & ~np.isnan(members.soc_percent))
    part = np.clip(members.soc_percent[stores] / 100, 0.0, 1.0)
    capacity_ws = ratings.energy_capacity_wh[stores] * _SECONDS_PER_HOUR
    give_ws = part * capacity_ws * ratings.discharge_efficiency[stores]
    take_ws = (1 - part) * capacity_ws / ratings.charge_efficiency[stores]
    now_w, ramp = members.active_power_w[stores], ratings.ramp_rate_max_w_per_s[stores]
    span = Span(lower=np.full(len(members.places), -np.inf), upper=np.full(len(members.places), np.inf))
    span.lower[stores] = -_lasting(take_ws, -now_w, ramp, step_s)
    span.upper[stores] = _lasting(give_ws, now_w, ramp, step_s)
    return span


def _lasting(energy_ws: FloatArray, now_w: FloatArray, ramp_w_per_s: FloatArray, step_s: float) -> FloatArray:
    """The most power, 0 or more, that can be given at the end of *step_s* if *energy_ws* has to do for all of it.

    Who comes down to it by a ramp gives more on the way. Of who has to climb, the whole step is counted: a little less
    than could be. Where the energy does not do for the way down either, nothing is left at the end.
    """
    level = energy_ws / step_s
    falls = (now_w > level) & np.isfinite(ramp_w_per_s)
    # It falls by x: now * step - x * step + x² / (2 ramp) is what it gives, and has to be the energy.
    ramp = np.where(falls, ramp_w_per_s, 1.0)
    way = ramp * step_s
    excess = 2.0 * ramp * (now_w * step_s - energy_ws)
    fall = excess / (way + np.sqrt(np.maximum(way**2 - excess, 0.0)))
    return np.where(falls, np.where(excess > way**2, 0.0, np.clip(now_w - fall, 0.0, level)), level)


def reach(parameter: ParameterKind, members: MemberStates, within: Span, *, step_s: float) -> Span:
    """Where each member can be after a step, by its ramp rate from where it is now.

    A resource that is gone does not wait for a ramp: where nothing of *within* can be reached, it is the point of it
    that is nearest.

    Args:
        parameter: activePower or reactivePower; the latter has no ramp rate.
        members: now.
        within: what they have available.
        step_s: length of the step, more than 0.
    """
    if parameter is not ParameterKind.ACTIVE_POWER:
        return within
    ramp = members.ratings.ramp_rate_max_w_per_s * step_s
    return Span(lower=members.active_power_w - ramp, upper=members.active_power_w + ramp).clipped(within)
