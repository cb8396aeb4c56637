"""What can be said of an order when it comes: whether its group could follow it now, and by how much it falls short.

Source: house choice, ADR 24.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from dermsbus.domain.allocation import Policy
from dermsbus.domain.dispatch_rules import unit_of
from dermsbus.domain.fleet_state import FleetState, MemberStates
from dermsbus.domain.planning import are_customers, can_follow, commandable, split
from dermsbus.domain.quantities import Dispatch, ParameterKind
from dermsbus.domain.schedule import curve_at, curve_value, next_change_after

__all__ = ["Outlook", "outlook"]

_POWERS: Final = frozenset({ParameterKind.ACTIVE_POWER, ParameterKind.REACTIVE_POWER})
_BOUNDS: Final = frozenset(
    {ParameterKind.APPARENT_POWER, ParameterKind.INCREASING_RAMP_RATE, ParameterKind.DECREASING_RAMP_RATE}
)
_LONGEST_LOOK: Final = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What an order will come to.

    Attributes:
        text: what is not as ordered, to follow the order's name; empty if nothing is.
        is_short: True if members could not do now what is ordered for now.
    """

    text: str = ""
    is_short: bool = False


def outlook(order: Dispatch, members: MemberStates, state: FleetState, now: datetime) -> Outlook:
    """What *order* will come to at the group of *members*, as far as that can be seen at *now*.

    What is ordered for later is not judged by what there is now, but for an order that no member has a function for.
    Of what is ordered for now other orders are not taken into account.
    """
    kind = order.parameter
    if kind in _BOUNDS:
        return Outlook()
    if kind not in _POWERS and kind is not ParameterKind.VOLTAGE:
        return Outlook(text=f"is kept and told, but moves nothing: no device has a function for {kind}")
    if not len(members.places):
        return Outlook(text="moves nothing at present: no member of its group is in the catalogue of devices")
    if not can_follow(state, kind, members.places).any():
        return Outlook(text=f"moves nothing at present: no member that was reached has a function for {kind}")
    curve = curve_at(order.curves, now)
    value = None if curve is None else curve_value(curve, now)
    if value is None:
        return Outlook()
    return (
        _voltage(value, members, state) if kind is ParameterKind.VOLTAGE else _power(order, value, members, state, now)
    )


def _voltage(value: float, members: MemberStates, state: FleetState) -> Outlook:
    nominal = np.array(
        [state.fleet.devices[place].name_plate.ac_voltage_nominal_v for place in members.places.tolist()]
    )
    if (np.abs(value / nominal - 1.0) <= 0.5).any():
        return Outlook()
    lowest, highest = float(nominal.min()), float(nominal.max())
    span = f"{lowest:g} V" if lowest == highest else f"{lowest:g} to {highest:g} V"
    text = f"moves nothing: no member can hold {value:g} V, their nominal voltage is {span}"
    return Outlook(text=text, is_short=True)


def _power(order: Dispatch, value: float, members: MemberStates, state: FleetState, now: datetime) -> Outlook:
    change_at = next_change_after(order.curves, now, line_step=_LONGEST_LOOK)
    step = min(_LONGEST_LOOK, change_at - now) if change_at else _LONGEST_LOOK
    _, given = split(
        order.parameter,
        value,
        commandable(state, order.parameter, members),
        are_customers(state.fleet, members.places),
        policy=Policy.HEADROOM,
        step_s=max(step.total_seconds(), 1.0),
    )
    if given.is_met:
        return Outlook()
    unit = unit_of(order.parameter)
    text = (
        f"asks for {value:.0f} {unit} now, and its members can give {value - given.shortfall:.0f} {unit}: "
        f"{abs(given.shortfall):.0f} {unit} short"
    )
    return Outlook(text=text, is_short=True)
