"""What is measured, forecast and dispatched for a group: kinds of parameters, curves over time, in SI units.

Multipliers, units and flow directions of the wire are applied once, in ``messages``; here a value is always in the SI
unit of its parameter (W, VA, VAr, V, W/s) with the signs of `dermsbus.domain.der`.

Source: Annex C enumerations and decisions 19 to 28 of the project's reference tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dermsbus.domain.model import GroupReference, Name

__all__ = [
    "Curve",
    "CurveStyle",
    "Dispatch",
    "DispatchState",
    "GroupForecast",
    "GroupStatus",
    "IntervalUnit",
    "ParameterForecast",
    "ParameterKind",
    "ParameterStatus",
    "Point",
    "ScheduleRequest",
]


class ParameterKind(StrEnum):
    """``DERParameterKind``; the values are the exact wire text."""

    ACTIVE_POWER = "activePower"
    APPARENT_POWER = "apparentPower"
    DECREASING_RAMP_RATE = "decreasingRampRate"
    HIGH_FILTER_BI_DIRECTIONAL_REGULATION = "highFilterBiDirectionalRegulation"
    HIGH_FILTER_DOWN_REGULATION = "highFilterDownRegulation"
    HIGH_FILTER_UP_REGULATION = "highFilterUpRegulation"
    INCREASING_RAMP_RATE = "increasingRampRate"
    LOW_FILTER_BI_DIRECTIONAL_REGULATION = "lowFilterBiDirectionalRegulation"
    LOW_FILTER_DOWN_REGULATION = "lowFilterDownRegulation"
    LOW_FILTER_UP_REGULATION = "lowFilterUpRegulation"
    REACTIVE_POWER = "reactivePower"
    VOLTAGE = "voltage"


class CurveStyle(StrEnum):
    """``CurveStyle``; the values are the exact wire text."""

    CONSTANT_Y_VALUE = "constantYValue"
    """A value holds from its point until the next."""
    STRAIGHT_LINE_Y_VALUES = "straightLineYValues"
    """Straight lines between points."""


class IntervalUnit(StrEnum):
    """``TimeIntervalKind``; the values are the exact wire text: small m is a minute, capital M a month."""

    SECOND = "s"
    MINUTE = "m"
    HOUR = "h"
    DAY = "D"
    MONTH = "M"
    YEAR = "Y"


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One value of a curve.

    Attributes:
        at: aware, UTC: the instant from which (constant) or at which (line) it holds.
        nominal: set-point or expected value, SI unit of the parameter, signed; None where only bounds are told.
        minimum: lowest value expected; None where not told.
        maximum: highest value expected; None where not told.
    """

    at: datetime
    nominal: float | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Values over time, points in order of time, one or more.

    Attributes:
        style: what holds between points.
        points: with rising instants.
        ends_at: aware, UTC: end of the last interval, after the last point or at it.
        interval: length of an interval as it was stated, 1 or more.
        interval_unit: its unit as it was stated.
    """

    style: CurveStyle
    points: tuple[Point, ...]
    ends_at: datetime
    interval: int
    interval_unit: IntervalUnit


class DispatchState(StrEnum):
    """Where a dispatch stands in its life."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELED = "canceled"
    CLOSED = "closed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """One order to one group: one parameter over time.

    Attributes:
        mrid: of the dispatch.
        names: its own names, not the group's.
        group: how the order points at the group; in the book its mRID is always set.
        parameter: what is ordered.
        curves: schedules, one or more; where they overlap the later start wins.
        received_at: aware, UTC; of two orders for the same group and parameter the later one wins where they overlap.
        state: where it stands.
        source: the system that gave the order; empty where it did not say.
    """

    mrid: str
    names: tuple[Name, ...] = ()
    group: GroupReference
    parameter: ParameterKind
    curves: tuple[Curve, ...]
    received_at: datetime
    state: DispatchState = DispatchState.SCHEDULED
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterStatus:
    """One parameter of a group at one instant.

    Attributes:
        parameter: which.
        at: aware, UTC: of the oldest good reading that is in it.
        value: now, SI, signed; None where no member could say.
        available_min: least it could be now; None where unknown.
        available_max: most it could be now; None where unknown.
        installed_min: bound that follows from ratings; None where it has none.
        installed_max: bound that follows from ratings; None where it has none.
    """

    parameter: ParameterKind
    at: datetime
    value: float | None
    available_min: float | None = None
    available_max: float | None = None
    installed_min: float | None = None
    installed_max: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupStatus:
    """A group at one instant.

    Attributes:
        group: mRID and names.
        parameters: what its functions allow to be monitored, activePower always.
        at: aware, UTC.
        value: ``Online``, ``Degraded`` (some members cannot be trusted) or ``Offline`` (none can).
        remark: how many members are good, stale, unavailable, and the state of charge of storage, for a person.
    """

    group: GroupReference
    parameters: tuple[ParameterStatus, ...]
    at: datetime
    value: str
    remark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleRequest:
    """For which intervals a forecast is asked.

    Attributes:
        style: lines get N + 1 points for N intervals, steps N.
        intervals: how many, 1 or more.
        starts_at: aware; months and years are counted in its zone.
        interval: length of one, 1 or more, in *interval_unit*.
    """

    style: CurveStyle
    intervals: int
    starts_at: datetime
    interval: int
    interval_unit: IntervalUnit


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterForecast:
    """What is expected of one parameter.

    Attributes:
        curves: one for each schedule asked for; minimum, nominal and maximum are documented quantiles.
        installed_min: bound that follows from ratings; None where it has none.
        installed_max: bound that follows from ratings; None where it has none.
    """

    parameter: ParameterKind
    curves: tuple[Curve, ...]
    installed_min: float | None = None
    installed_max: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupForecast:
    """What is expected of one group.

    Attributes:
        mrid: of the forecast.
        group: mRID and names.
        created_at: aware, UTC: when it was computed.
        parameters: one or more.
        confidence_percent: how sure the predictor is, 0 to 100; None where it does not say.
    """

    mrid: str
    group: GroupReference
    created_at: datetime
    parameters: tuple[ParameterForecast, ...]
    confidence_percent: float | None = None
