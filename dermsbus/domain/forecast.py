"""What a group is expected to do: active power in three quantiles, everything else as it is now, and orders in both.

Minimum, nominal and maximum of active power are sums of what three kinds of members will do:

==============  ====================================  ====================================================
members         nominal                               minimum, maximum
==============  ====================================  ====================================================
photovoltaic    P50: clear sky by usual clearness    P10, P90
batteries       0                                     charge and discharge that can be kept up to the end
all others      P50 of what was recorded at that      P10, P90
                time of day
==============  ====================================  ====================================================

Within a kind the quantiles are those of the recorded sum; between kinds they are added up as if all kinds were high or
low together, which is rather too wide than too narrow. Where the group has an order, nominal is what it will do to
follow that, as far as it can: by raising or lowering its batteries and whatever else can be moved. Minimum and maximum
then still tell what it could do otherwise. They never leave nominal outside.

A line is told at its points; a step by the middle of its interval.

Source: decisions 19, 20, 22 and 26 on open questions in the project's reference tables; how it is computed: house
choice, ADR 16.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from dermsbus.domain.capability import available
from dermsbus.domain.clear_sky import Site
from dermsbus.domain.der import DeviceKind
from dermsbus.domain.dispatch_rules import installed_bounds, may_be_forecast
from dermsbus.domain.fleet import BoolArray, Fleet, FloatArray
from dermsbus.domain.fleet_state import MemberStates
from dermsbus.domain.history import QUARTER_S, History, QuarterMeans
from dermsbus.domain.model import EndDeviceGroup, GroupReference
from dermsbus.domain.predictors import (
    QUANTILES,
    Flexibility,
    Storage,
    solar_quantiles,
    storage_plan,
    usual_quantiles,
)
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    GroupForecast,
    IntervalUnit,
    ParameterForecast,
    ParameterKind,
    Point,
    ScheduleRequest,
)
from dermsbus.domain.schedule import instants

__all__ = ["USUAL_PARAMETERS", "Coverage", "Forecaster", "Ordered", "is_told", "usual_schedule"]

Ordered = Callable[[ParameterKind, datetime], float | None]
"""Gives what is ordered of the group at an instant, SI, signed; None where nothing is."""

USUAL_PARAMETERS: Final = (ParameterKind.ACTIVE_POWER, ParameterKind.REACTIVE_POWER, ParameterKind.VOLTAGE)
"""What is told of a group where nobody said what is wanted."""

_HOUR_S: Final = 3600.0
_MOST_LEAD_STEPS: Final = 672


# -- score -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """How good forecasts were, counted up.

    Attributes:
        count: points that could be compared.
        inside: of those, where the actual value lay from minimum to maximum.
        loss_sum: sum of the pinball losses of the three quantiles, SI.
    """

    count: int = 0
    inside: int = 0
    loss_sum: float = 0.0

    def scored(self, point: Point, actual: float) -> Coverage:
        """The score with one more point; one that does not tell all three quantiles does not count."""
        told = (point.minimum, point.nominal, point.maximum)
        levels = [level for level in told if level is not None]
        if len(levels) != len(QUANTILES):
            return self
        return Coverage(
            count=self.count + 1,
            inside=self.inside + (levels[0] <= actual <= levels[-1]),
            loss_sum=self.loss_sum + sum(map(_pinball_loss, QUANTILES, levels, (actual,) * len(QUANTILES))),
        )

    def faded(self, most: int) -> Coverage:
        """The score, with half its weight where it is of *most* points or more: new ones count for more then."""
        if self.count < most:
            return self
        return Coverage(count=self.count // 2, inside=self.inside // 2, loss_sum=self.loss_sum / 2.0)

    @property
    def share(self) -> float | None:
        """The part of the actual values that lay inside, 0 to 1; 0.8 is right for P10 to P90. None without any."""
        return self.inside / self.count if self.count else None

    @property
    def mean_pinball_loss(self) -> float | None:
        """The mean loss of one quantile at one point, SI: smaller is better. None without any."""
        return self.loss_sum / (self.count * len(QUANTILES)) if self.count else None


def _pinball_loss(quantile: float, told: float, actual: float) -> float:
    return max(quantile * (actual - told), (quantile - 1.0) * (actual - told))


# -- forecast ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Grid:
    """The points of a curve that is asked for.

    Attributes:
        points: instants of the points.
        at: for which instants they are computed, aware.
        at_s: the same, seconds since 1970.
        hours: what of each interval is still to come.
        ends_at: end of the last interval.
    """

    points: tuple[datetime, ...]
    at: tuple[datetime, ...]
    at_s: FloatArray
    hours: FloatArray
    ends_at: datetime


def _grid(asked: ScheduleRequest, now: datetime) -> _Grid:
    edges = instants(asked.starts_at, asked.interval, asked.interval_unit, asked.intervals)
    edges_s = np.array([edge.timestamp() for edge in edges])
    hours = np.maximum(edges_s[1:] - np.maximum(edges_s[:-1], now.timestamp()), 0.0) / _HOUR_S
    if asked.style is CurveStyle.STRAIGHT_LINE_Y_VALUES:
        hours = np.append(
            hours, hours[-1]
        )  # beyond the last point it goes on as long, or storage could promise the moon
        return _Grid(points=edges, at=edges, at_s=edges_s, hours=hours, ends_at=edges[-1])
    middles_s = (edges_s[:-1] + edges_s[1:]) / 2.0
    middles = tuple(datetime.fromtimestamp(middle_s, UTC) for middle_s in middles_s)
    return _Grid(points=edges[:-1], at=middles, at_s=middles_s, hours=hours, ends_at=edges[-1])


def _lead_grid(now: datetime, starts_at: datetime) -> _Grid:
    """The time from now until a forecast that starts later."""
    now_s, lead_s = now.timestamp(), max((starts_at - now).total_seconds(), 0.0)
    count = min(math.ceil(lead_s / QUARTER_S), _MOST_LEAD_STEPS)
    step_s = lead_s / max(count, 1)
    at_s: FloatArray = now_s + step_s * (np.arange(count, dtype=np.float64) + 0.5)
    at = tuple(datetime.fromtimestamp(second, UTC) for second in at_s)
    return _Grid(points=at, at=at, at_s=at_s, hours=np.full(count, step_s / _HOUR_S), ends_at=starts_at)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Scene:
    """What a forecast of one group starts from."""

    members: MemberStates
    now: datetime
    ordered: Ordered


def is_told(group: EndDeviceGroup, parameter: ParameterKind) -> bool:
    """Whether *parameter* is told of *group*: activePower always, another if the group's functions have it."""
    function = group.der_function
    if function is None:
        return parameter is ParameterKind.ACTIVE_POWER
    return may_be_forecast(function, parameter)


def usual_schedule(now: datetime, *, step_s: int = QUARTER_S, intervals: int = 16) -> ScheduleRequest:
    """A line for the next hours, as it is told where nobody said what is wanted: its first interval is going on now.

    Args:
        now: aware.
        step_s: length of an interval, 1 or more; each begins at a whole multiple of it.
        intervals: how many, 1 or more.
    """
    is_minutes = step_s % 60 == 0
    return ScheduleRequest(
        style=CurveStyle.STRAIGHT_LINE_Y_VALUES,
        intervals=intervals,
        starts_at=datetime.fromtimestamp(now.timestamp() // step_s * step_s, UTC),
        interval=step_s // 60 if is_minutes else step_s,
        interval_unit=IntervalUnit.MINUTE if is_minutes else IntervalUnit.SECOND,
    )


class Forecaster:
    """Forecasts for groups of one fleet; keeps what its devices did.

    Args:
        fleet: the catalogue.
        site: where the devices are.
        days: how many days are kept, 1 or more.
    """

    def __init__(self, fleet: Fleet, site: Site, *, days: int = 7) -> None:
        self._site = site
        self._history = History(len(fleet), days=days)
        self._is_solar = _are(fleet, DeviceKind.PV)
        self._is_battery = _are(fleet, DeviceKind.BATTERY) & (fleet.ratings.energy_capacity_wh > 0.0)

    @property
    def history(self) -> History:
        """What the devices did: photovoltaic ones could have done, since an order that holds them down is no cloud."""
        return self._history

    def observe(self, members: MemberStates, at: datetime) -> QuarterMeans | None:
        """Take down what *members* do, who are usually all devices of the fleet.

        Args:
            members: at that instant; who is stale or separated from the grid counts as not heard.
            at: aware.

        Returns:
            The quarter of an hour that is over now and was not before; None if none is.
        """
        given = np.where(self._is_solar[members.places], members.available_max_w, members.active_power_w)
        column = np.full(len(self._is_solar), np.nan)
        column[members.places] = np.where(members.commandable, given, np.nan)
        return self._history.record(column, at)

    def forecast(
        self,
        group: EndDeviceGroup,
        members: MemberStates,
        parameters: Iterable[ParameterKind],
        schedules: Sequence[ScheduleRequest],
        *,
        now: datetime,
        ordered: Ordered,
        mrid: str,
        confidence_percent: float | None = None,
    ) -> GroupForecast | None:
        """What is expected of *group*: of each parameter, for each schedule.

        Args:
            group: as in the registry.
            members: its members now.
            parameters: those that are asked for; what the group's functions lack, or nothing is known of, is left out.
            schedules: one or more.
            now: aware.
            ordered: what is ordered of the group.
            mrid: of the forecast.
            confidence_percent: how often forecasts were right so far, such as 100 times `Coverage.share`.

        Returns:
            The forecast; None if nothing is left of it.

        Raises:
            RuleViolation: a schedule ends beyond the year 9999.

        Source: decision 26 on open questions in the project's reference tables.
        """
        scene = _Scene(members=members, now=now, ordered=ordered)
        allowed = (one for one in dict.fromkeys(parameters) if is_told(group, one))
        grids = [(asked, _grid(asked, now)) for asked in schedules]
        told = [self._parameter(parameter, scene, grids) for parameter in allowed]
        known = tuple(one for one in told if one is not None)
        if not known:
            return None
        return GroupForecast(
            mrid=mrid,
            group=GroupReference(mrid=group.mrid, names=group.names),
            created_at=now,
            parameters=known,
            confidence_percent=confidence_percent,
        )

    # -- parameters ------------------------------------------------------------------------------------------------

    def _parameter(
        self, parameter: ParameterKind, scene: _Scene, grids: Sequence[tuple[ScheduleRequest, _Grid]]
    ) -> ParameterForecast | None:
        curves = tuple(_curve(asked, grid, self._values(parameter, scene, grid)) for asked, grid in grids)
        if all(point.nominal is None for curve in curves for point in curve.points):
            return None
        bounds = installed_bounds(parameter, scene.members)
        return ParameterForecast(
            parameter=parameter, curves=curves, installed_min=bounds.minimum, installed_max=bounds.maximum
        )

    def _values(self, parameter: ParameterKind, scene: _Scene, grid: _Grid) -> FloatArray:
        """Rows of minimum, nominal and maximum; NaN for what is not told."""
        if parameter is ParameterKind.ACTIVE_POWER:
            return self._active_power(scene, grid)
        present = np.full(len(grid.at), _present(parameter, scene.members))
        if parameter is ParameterKind.APPARENT_POWER:
            active = self._active_power(scene, grid)[1]
            reactive = self._values(ParameterKind.REACTIVE_POWER, scene, grid)[1]
            present = np.hypot(active, reactive)
        ordered = _ordered(parameter, scene, grid)
        bounds = installed_bounds(parameter, scene.members)
        lowest = -math.inf if bounds.minimum is None else bounds.minimum
        highest = math.inf if bounds.maximum is None else bounds.maximum
        nominal = np.where(np.isnan(ordered), present, np.clip(ordered, lowest, highest))
        untold = np.full(len(grid.at), np.nan)
        return np.vstack([untold, nominal, untold])

    def _active_power(self, scene: _Scene, grid: _Grid) -> FloatArray:
        members = scene.members
        if not (members.good | members.stale).any():
            return np.full((3, len(grid.at)), np.nan)
        storage = self._storage(scene, grid)
        solar_w, others_w = self._solar(scene, grid), self._others(scene, grid)
        rest = self._flexibility(scene, solar_w[1], others_w[1])
        plan = storage_plan(storage, rest, _ordered_w(scene, grid), grid.hours)
        lowest, _, highest = solar_w + others_w
        return np.vstack(
            [
                np.minimum(lowest + plan.lowest_w, plan.group_w),
                plan.group_w,
                np.maximum(highest + plan.highest_w, plan.group_w),
            ]
        )

    # -- kinds of members ------------------------------------------------------------------------------------------

    def _batteries(self, members: MemberStates) -> BoolArray:
        """Those that can be told what to do and of which it is known how full they are; the others go their way."""
        return self._is_battery[members.places] & members.commandable & ~np.isnan(members.soc_percent)

    def _solar(self, scene: _Scene, grid: _Grid) -> FloatArray:
        """Three quantiles of what the photovoltaic members will be able to give."""
        members = scene.members
        chosen = (members.good | members.stale) & members.connected & self._is_solar[members.places]
        return solar_quantiles(
            self._site,
            self._history.past(members.places[chosen]),
            rated_w=members.ratings.active_power_max_w[chosen],
            available_w=members.available_max_w[chosen],
            at_s=grid.at_s,
            now_s=scene.now.timestamp(),
        )

    def _others(self, scene: _Scene, grid: _Grid) -> FloatArray:
        """Three quantiles of what all members will do that are neither photovoltaic nor batteries."""
        members = scene.members
        is_other = ~self._is_solar[members.places] & ~self._batteries(members)
        chosen = (members.good | members.stale) & members.connected & is_other
        return usual_quantiles(
            self._history.past(members.places[chosen]),
            present_w=members.active_power_w[chosen],
            lowest_w=-members.ratings.active_power_charge_max_w[chosen],
            highest_w=members.ratings.active_power_max_w[chosen],
            at_s=grid.at_s,
            now_s=scene.now.timestamp(),
        )

    def _flexibility(self, scene: _Scene, solar_w: FloatArray, others_w: FloatArray) -> Flexibility:
        """By how much all but the batteries could be moved: the sun down to nothing, the others as far as now.

        What the others usually do at another time leaves them no more room than their ratings do.
        """
        members = scene.members
        is_solar = self._is_solar[members.places]
        span = available(ParameterKind.ACTIVE_POWER, members)
        moved = members.commandable & ~is_solar & ~self._batteries(members)
        up_w = np.maximum(span.upper - members.active_power_w, 0.0)[moved].sum()
        down_w = np.maximum(members.active_power_w - span.lower, 0.0)[moved].sum()
        heard = (members.good | members.stale) & members.connected
        others = heard & ~is_solar & ~self._batteries(members)
        rated_w = members.ratings.active_power_max_w
        room_up_w = rated_w[others].sum() - others_w
        room_down_w = others_w + members.ratings.active_power_charge_max_w[others].sum()
        heard_w = rated_w[is_solar & heard].sum()
        obedient = rated_w[is_solar & members.commandable].sum() / heard_w if heard_w else 0.0
        return Flexibility(
            expected_w=solar_w + others_w,
            upwards_w=np.clip(room_up_w, 0.0, up_w),
            downwards_w=np.clip(room_down_w, 0.0, down_w) + solar_w * obedient,
        )

    def _storage(self, scene: _Scene, grid: _Grid) -> Storage:
        """The batteries as they will be when the forecast starts."""
        chosen = np.flatnonzero(self._batteries(scene.members))
        ratings = scene.members.ratings.rows(chosen)
        storage = Storage(
            stored_wh=np.clip(scene.members.soc_percent[chosen] / 100.0, 0.0, 1.0) * ratings.energy_capacity_wh,
            capacity_wh=ratings.energy_capacity_wh,
            discharge_max_w=np.minimum(ratings.active_power_max_w, ratings.apparent_power_max_va),
            charge_max_w=np.minimum(ratings.active_power_charge_max_w, ratings.apparent_power_max_va),
            discharge_efficiency=ratings.discharge_efficiency,
            charge_efficiency=ratings.charge_efficiency,
        )
        lead = _lead_grid(scene.now, grid.points[0])
        ordered_w = _ordered_w(scene, lead)
        if np.isnan(ordered_w).all():
            return storage
        rest = self._flexibility(scene, self._solar(scene, lead)[1], self._others(scene, lead)[1])
        return replace(storage, stored_wh=storage_plan(storage, rest, ordered_w, lead.hours).stored_wh)


def _are(fleet: Fleet, kind: DeviceKind) -> BoolArray:
    return np.fromiter((device.kind is kind for device in fleet.devices), dtype=np.bool_, count=len(fleet))


def _present(parameter: ParameterKind, members: MemberStates) -> float:
    """What is so now and is taken to stay so; NaN where nobody knows."""
    heard = members.good | members.stale
    if parameter is ParameterKind.REACTIVE_POWER and heard.any():
        return float(members.reactive_power_var[heard].sum())
    measured = ~np.isnan(members.voltage_v) & members.connected
    if parameter is ParameterKind.VOLTAGE and measured.any():
        return float(members.voltage_v[measured].mean())
    return math.nan


def _ordered(parameter: ParameterKind, scene: _Scene, grid: _Grid) -> FloatArray:
    orders = (scene.ordered(parameter, at) for at in grid.at)
    return np.array([math.nan if order is None else order for order in orders])


def _ordered_w(scene: _Scene, grid: _Grid) -> FloatArray:
    return _ordered(ParameterKind.ACTIVE_POWER, scene, grid)


def _curve(asked: ScheduleRequest, grid: _Grid, values: FloatArray) -> Curve:
    return Curve(
        style=asked.style,
        points=tuple(
            Point(at=at, minimum=_told(minimum), nominal=_told(nominal), maximum=_told(maximum))
            for at, (minimum, nominal, maximum) in zip(grid.points, values.T.tolist(), strict=True)
        ),
        ends_at=grid.ends_at,
        interval=asked.interval,
        interval_unit=asked.interval_unit,
    )


def _told(value: float) -> float | None:
    return None if math.isnan(value) else value + 0.0  # no minus before a zero
