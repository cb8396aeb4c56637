"""Which orders are taken: what a group's functions allow, and what no order may say.

An order is looked at from form to content, and refused for the first thing that is wrong: a schedule that cannot be
carried out as it is written (5.8), a function that the group lacks, a time that has passed or is too far off, a value
beyond what is installed (6.1). What is refused commands nothing.

Source: decisions 26 and 27 on open questions, unit table and reply codes of the project's reference tables; bounds,
horizon and the hint at a wrong multiplier: house choice, ADR 15.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Self

from dermsbus.domain.behaviour import Behaviour, Beyond
from dermsbus.domain.capability import installed
from dermsbus.domain.fleet_state import MemberStates
from dermsbus.domain.identity import group_id, quoted
from dermsbus.domain.model import DERFunction, Name
from dermsbus.domain.quantities import Curve, Dispatch, ParameterKind, Point
from dermsbus.domain.schedule import begin, end
from dermsbus.errors import IDKind, IncompleteRequest, ObjectID, RuleViolation

__all__ = [
    "Admission",
    "Bounds",
    "DispatchRules",
    "admit",
    "allows",
    "check_form",
    "check_function",
    "check_time",
    "dispatch_id",
    "installed_bounds",
    "may_be_forecast",
    "unit_of",
    "within_installed",
]

_FLAGS: Final = MappingProxyType(
    {
        ParameterKind.ACTIVE_POWER: ("real_power_dispatch",),
        ParameterKind.REACTIVE_POWER: ("reactive_power_dispatch",),
        ParameterKind.APPARENT_POWER: ("real_power_dispatch", "reactive_power_dispatch"),
        ParameterKind.VOLTAGE: ("voltage_regulation",),
        ParameterKind.INCREASING_RAMP_RATE: ("ramp_rate_control",),
        ParameterKind.DECREASING_RAMP_RATE: ("ramp_rate_control",),
    }
)
"""Flags of which one is enough; a parameter that is not listed needs none."""

_WIRE_FLAGS: Final = MappingProxyType(
    {
        "real_power_dispatch": "realPowerDispatch",
        "reactive_power_dispatch": "reactivePowerDispatch",
        "voltage_regulation": "voltageRegulation",
        "ramp_rate_control": "rampRateControl",
    }
)
_UNITS: Final = MappingProxyType(
    {
        ParameterKind.REACTIVE_POWER: "VAr",
        ParameterKind.APPARENT_POWER: "VA",
        ParameterKind.VOLTAGE: "V",
        ParameterKind.INCREASING_RAMP_RATE: "W/s",
        ParameterKind.DECREASING_RAMP_RATE: "W/s",
    }
)
_ABOVE_ZERO: Final = frozenset(
    {ParameterKind.VOLTAGE, ParameterKind.INCREASING_RAMP_RATE, ParameterKind.DECREASING_RAMP_RATE}
)
_LAST_YEAR: Final = 9999
_ROUNDING: Final = 1e-6
"""Part of a bound by which a value may lie beyond it: the wire's numbers may have been single-precision floats."""
_SLIP: Final = 10.0
"""A value that is this many times the bound is taken for a slip; less is taken for ambition."""
_MULTIPLIERS: Final = (1e3, 1e6, 1e9)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What follows from ratings for one parameter of a group, SI, signed; None where nothing does."""

    minimum: float | None = None
    maximum: float | None = None

    def nearest(self, value: float) -> float:
        """The value within the bounds that is nearest to *value*."""
        if self.maximum is not None and value > self.maximum:
            return self.maximum
        if self.minimum is not None and value < self.minimum:
            return self.minimum
        return value

    def hold(self, value: float) -> bool:
        """Whether *value* lies within the bounds, but for rounding."""
        return math.isclose(self.nearest(value), value, rel_tol=_ROUNDING, abs_tol=_ROUNDING)


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchRules:
    """What a deployment lets orders do.

    Attributes:
        gate_by_function: an order needs the function of the group that its parameter belongs to.
        beyond_installed: what becomes of a value beyond what is installed.
        refuse_expired: an order that is over when it comes is refused; else it is taken down as completed.
        horizon: how far from now an order may start, more than 0; None for any time.
        longest: how long an order may last, more than 0; None for any time. Every order ends.
    """

    gate_by_function: bool = True
    beyond_installed: Beyond = Beyond.REFUSE
    refuse_expired: bool = True
    horizon: timedelta | None = timedelta(days=7)
    longest: timedelta | None = timedelta(days=7)

    @classmethod
    def of(cls, behaviour: Behaviour) -> Self:
        """The rules of a behaviour profile."""
        return cls(
            gate_by_function=behaviour.dispatch_needs_function,
            beyond_installed=behaviour.beyond_installed,
            refuse_expired=behaviour.refuse_expired_dispatch,
            horizon=_days(behaviour.dispatch_horizon_days),
            longest=_days(behaviour.dispatch_longest_days),
        )


def _days(days: float) -> timedelta | None:
    return timedelta(days=days) if days else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """An order as it may be carried out.

    Attributes:
        order: as it was given, or clipped.
        shortfall: by how much the worst value was clipped, SI, 0 or more.
        note: what was clipped, for the reply's details; empty if nothing was.
    """

    order: Dispatch
    shortfall: float = 0.0
    note: str = ""


# -- what functions allow ----------------------------------------------------------------------------------------------


def allows(function: DERFunction, parameter: ParameterKind) -> bool:
    """Whether a group with *function* can be dispatched by *parameter*.

    Source: unit table of the project's reference tables; one flag is enough for apparentPower, filter regulation needs
    none.
    """
    flags = _FLAGS.get(parameter, ())
    return not flags or any(getattr(function, flag) for flag in flags)


def may_be_forecast(function: DERFunction, parameter: ParameterKind) -> bool:
    """Whether *parameter* is told of a group with *function*: activePower always, another if it can be dispatched.

    Source: decision 26 on open questions in the project's reference tables; that activePower is always told: house
    choice, ADR 16.
    """
    return parameter is ParameterKind.ACTIVE_POWER or allows(function, parameter)


def unit_of(parameter: ParameterKind) -> str:
    """The SI unit of *parameter* as a person reads it."""
    return _UNITS.get(parameter, "W")


def dispatch_id(mrid: str | None, names: Iterable[Name] = ()) -> ObjectID | None:
    """The dispatch as its requester named it: by mRID if stated, else by the first name; None if by neither."""
    if mrid:
        return ObjectID(value=mrid, kind=IDKind.UUID, object_type="DERGroupDispatch")
    first = next(iter(names), None)
    return None if first is None else ObjectID(value=first.name, kind=IDKind.NAME, object_type="DERGroupDispatch")


def installed_bounds(parameter: ParameterKind, members: MemberStates) -> Bounds:
    """What the ratings of *members* together allow of *parameter*.

    For the voltage nothing follows: it is that of the point where the group meets the grid, not of a device. Nor does
    anything where no member is in the catalogue: then nobody knows what is installed.

    Source: house choice, ADR 15.
    """
    ratings = members.ratings
    if not len(members.places):
        return Bounds()
    match parameter:
        case ParameterKind.ACTIVE_POWER | ParameterKind.REACTIVE_POWER:
            span = installed(parameter, members)
            return Bounds(minimum=float(span.lower.sum()), maximum=float(span.upper.sum()))
        case ParameterKind.APPARENT_POWER:
            return Bounds(minimum=0.0, maximum=float(ratings.apparent_power_max_va.sum()))
        case ParameterKind.INCREASING_RAMP_RATE | ParameterKind.DECREASING_RAMP_RATE:
            fastest = float(ratings.ramp_rate_max_w_per_s.sum())
            return Bounds(minimum=0.0, maximum=fastest if math.isfinite(fastest) else None)
        case _:
            return Bounds()


# -- one order ---------------------------------------------------------------------------------------------------------


def admit(
    order: Dispatch, *, function: DERFunction, installed: Bounds, rules: DispatchRules, now: datetime
) -> Admission:
    """*order* as it may be carried out.

    Args:
        order: for a group that exists; its mRID may be empty.
        function: of the group.
        installed: what the ratings of the group's members allow of the order's parameter.
        rules: of the deployment.
        now: aware.

    Raises:
        IncompleteRequest: 5.8, as `check_form`.
        RuleViolation: 6.1, as `check_function`, `check_time` and `within_installed`.

    Source: as the module says.
    """
    check_form(order)
    if rules.gate_by_function:
        check_function(order, function)
    check_time(order, rules, now)
    return within_installed(order, installed, rules)


def check_form(order: Dispatch) -> None:
    """Every schedule of *order* has points, at rising instants, with finite values, and an end after its start.

    Raises:
        IncompleteRequest: one has not.
    """
    if not order.curves:
        raise _incomplete(order, "states no DispatchSchedule: state what is ordered, and when")
    for number, curve in enumerate(order.curves, start=1):
        problem = _fault_of(curve)
        if problem:
            raise _incomplete(order, f"has a DispatchSchedule (number {number}) {problem}")


def _fault_of(curve: Curve) -> str:
    if not curve.points:
        return "without DERCurveData: state at least one nominalYValue"
    if curve.interval < 1:
        return f"with timeIntervalDuration {curve.interval}: state 1 or more"
    if curve.ends_at.year >= _LAST_YEAR:
        return "without an end: state how long its intervals are"
    if not curve.points[0].at < curve.ends_at >= curve.points[-1].at:
        return "that ends when or before it starts: state a duration of more than 0"
    return _fault_of_points(curve.points)


def _fault_of_points(points: Sequence[Point]) -> str:
    for number, point in enumerate(points, start=1):
        if point.nominal is None:
            return f"whose point {number} has no nominalYValue: state one"
        if not math.isfinite(point.nominal):
            return f"whose point {number} has the nominalYValue {point.nominal}: state a finite number"
    if any(left.at >= right.at for left, right in pairwise(points)):
        return "whose points do not follow each other in time: number the intervals 1, 2, 3 and so on"
    return ""


def check_function(order: Dispatch, function: DERFunction) -> None:
    """The group has a function that *order* needs.

    Raises:
        RuleViolation: it has not.

    Source: decision 27 on open questions in the project's reference tables.
    """
    if not allows(function, order.parameter):
        flags = " or ".join(_WIRE_FLAGS[flag] for flag in _FLAGS[order.parameter])
        raise _forbidden(
            order,
            f"orders {order.parameter}, but the DERFunction of the group has no {flags}: order a parameter that the "
            "group can follow, or change its DERFunction",
        )


def check_time(order: Dispatch, rules: DispatchRules, now: datetime) -> None:
    """*order* is not over yet, begins soon enough and does not last too long.

    Raises:
        RuleViolation: it is otherwise.
    """
    starts_at, ends_at = begin(order.curves), end(order.curves)
    if rules.refuse_expired and ends_at <= now:
        raise _forbidden(
            order, f"expired: it ended at {ends_at.isoformat()}, and it is {now.isoformat()}; state a later startTime"
        )
    if rules.horizon is not None and starts_at - now > rules.horizon:
        raise _forbidden(
            order,
            f"starts at {starts_at.isoformat()}, more than {rules.horizon} from now ({now.isoformat()}): send it "
            "nearer to its time",
        )
    if rules.longest is not None and ends_at - starts_at > rules.longest:
        raise _forbidden(order, f"lasts {ends_at - starts_at}, more than the {rules.longest} that one order may last")


def within_installed(order: Dispatch, installed: Bounds, rules: DispatchRules) -> Admission:
    """*order* with all values within *installed*, clipped if *rules* say so.

    A value that would fit with another multiplier, or with the other sign, is a slip and never clipped: full power is
    not what was meant.

    Raises:
        RuleViolation: a value is beyond what is installed, or one that its parameter cannot have.
    """
    values = [point.nominal for curve in order.curves for point in curve.points if point.nominal is not None]
    for value in values:
        _check_possible(order, value)
    beyond = [value for value in values if not installed.hold(value)]
    if not beyond:
        return Admission(order=order)
    worst = max(beyond, key=lambda value: abs(value - installed.nearest(value)))
    hint = _slip(worst, installed)
    if hint or rules.beyond_installed is Beyond.REFUSE:
        raise _forbidden(order, f"{_excess(order, worst, installed)}{hint}: stay within that")
    return Admission(
        order=replace(order, curves=tuple(_clipped(curve, installed) for curve in order.curves)),
        shortfall=abs(worst - installed.nearest(worst)),
        note=f"{_called(order)} {_excess(order, worst, installed)}; it was clipped to that",
    )


def _check_possible(order: Dispatch, value: float) -> None:
    if order.parameter in _ABOVE_ZERO and value <= 0.0:
        raise _forbidden(order, f"orders {order.parameter} {_told(order, value)}: state more than 0")
    if order.parameter is ParameterKind.APPARENT_POWER and value < 0.0:
        raise _forbidden(order, f"orders apparentPower {_told(order, value)}: state 0 or more")


def _excess(order: Dispatch, value: float, installed: Bounds) -> str:
    allowed = installed.nearest(value)
    side = "most" if value > allowed else "least"
    return (
        f"orders {order.parameter} {_told(order, value)}, but the {side} that is installed in the group is "
        f"{_told(order, allowed)}, {_told(order, abs(value - allowed))} short"
    )


def _slip(value: float, installed: Bounds) -> str:
    """A hint where *value* fits with another multiplier or sign only, else nothing."""
    allowed = installed.nearest(value)
    if allowed and abs(value) >= _SLIP * abs(allowed):
        for multiplier in _MULTIPLIERS:
            if installed.hold(value / multiplier):
                return f"; it would fit if its yMultiplier were {multiplier:g} times smaller"
    if not allowed and installed.hold(-value):
        return "; it would fit with the other sign: positive is into the grid"
    return ""


def _clipped(curve: Curve, installed: Bounds) -> Curve:
    return replace(curve, points=tuple(_clipped_point(point, installed) for point in curve.points))


def _clipped_point(point: Point, installed: Bounds) -> Point:
    return point if point.nominal is None else replace(point, nominal=installed.nearest(point.nominal))


def _told(order: Dispatch, value: float) -> str:
    return f"{value:.10g} {unit_of(order.parameter)}"


def _called(order: Dispatch) -> str:
    named = dispatch_id(order.mrid, order.names)
    return f"DERGroupDispatch {quoted(named.value)}" if named else "the DERGroupDispatch"


def _incomplete(order: Dispatch, problem: str) -> IncompleteRequest:
    return IncompleteRequest(f"{_called(order)} {problem}", object_id=_subject(order), related_id=_group(order))


def _forbidden(order: Dispatch, problem: str) -> RuleViolation:
    return RuleViolation(f"{_called(order)} {problem}", object_id=_subject(order), related_id=_group(order))


def _subject(order: Dispatch) -> ObjectID | None:
    return dispatch_id(order.mrid, order.names) or group_id(order.group)


def _group(order: Dispatch) -> ObjectID | None:
    """The group beside the dispatch; None where the group itself has to stand for it."""
    return group_id(order.group) if dispatch_id(order.mrid, order.names) else None
