"""What kinds of devices will do, as sums over many: the sun's, the storage's, and everything else's.

Three rows are three quantiles, P10, P50 and P90: of ten values one lies below the first, five below the second, one
above the third. A forecast begins at the present value, and comes to what the past days were like within some hours, as
what is known of now loses its worth.

Source: house choice, ADR 16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dermsbus.domain.clear_sky import Site, clear_sky_part
from dermsbus.domain.fleet import BoolArray, FloatArray, IntArray
from dermsbus.domain.history import QUARTER_S, QUARTERS_PER_DAY, Past

__all__ = ["QUANTILES", "Flexibility", "Storage", "StoragePlan", "solar_quantiles", "storage_plan", "usual_quantiles"]

QUANTILES: Final = (0.1, 0.5, 0.9)
"""What minimum, nominal and maximum of a forecast are."""

_HOUR_S: Final = 3600.0
_DAY_S: Final = 24.0 * _HOUR_S
_MEMORY_S: Final = 2.0 * _HOUR_S
"""Time after which what is known of now weighs a third."""
_CLOUD_S: Final = 900.0
_CLOUD_PART: Final = 0.3
"""The part of what is known of the sky now that is over with the next cloud, and not with the weather."""
_LOW_SUN: Final = 0.1
"""Below this part of rated power clearness says nothing: it is one small number by another."""
_CLEAREST: Final = 3.0
"""A tilted panel has this much more than a level one in winter; beyond it, a rating is wrong."""
_UNKNOWN_CLEARNESS: Final = (0.2, 0.7, 1.1)
"""Where nothing was recorded yet."""
_DAYS_TO_KNOW: Final = 3.0
"""After so many days with sun what is assumed weighs a third beside what was recorded."""
_QUARTERS_TO_KNOW: Final = 32.0
"""After so many quarters, a third of a day, what is installed weighs a third beside what was recorded."""
_QUARTERS_POOLED: Final = (-2, -1, 0, 1, 2)
"""The hour or so around a quarter of the day: seven days of one quarter alone are too few for a quantile."""


def _remembered(
    usual: FloatArray, now: float, usual_now: float, lead_s: FloatArray, *, passing: float = 0.0
) -> FloatArray:
    """Quantiles of a value that is known now, from those that it usually has.

    What it differs by from the usual decays, and the spread grows, as in a first-order autoregressive process, or in
    the sum of a slow and a quick one.

    Args:
        usual: 3 rows.
        now: the value now.
        usual_now: its median at this time.
        lead_s: time from now for each column; before now counts as now.
        passing: the part of the difference that is over as quickly as a cloud, 0 to 1.
    """
    lead_s = np.maximum(lead_s, 0.0)
    memory = passing * np.exp(-lead_s / _CLOUD_S) + (1.0 - passing) * np.exp(-lead_s / _MEMORY_S)
    median = usual[1]
    remembered: FloatArray = median + memory * (now - usual_now) + (usual - median) * np.sqrt(1.0 - memory**2)
    return remembered


# -- sun ---------------------------------------------------------------------------------------------------------------


def solar_quantiles(
    site: Site, past: Past, *, rated_w: FloatArray, available_w: FloatArray, at_s: FloatArray, now_s: float
) -> FloatArray:
    """What photovoltaic devices will be able to give together.

    Clear sky, times the clearness that the recorded days had: that of the sum, in which it is how far the clouds over
    one device are those over the other. The fewer days were recorded, the more weighs what is assumed of any place; no
    sky is taken to be clearer than it was seen or assumed.

    Args:
        site: where they are.
        past: what each could give in the recorded quarters.
        rated_w: of each, 0 or more.
        available_w: what each could give now.
        at_s: instants wanted, seconds since 1970.
        now_s: seconds since 1970.

    Returns:
        3 rows, W; exactly 0 while the sun is down, and never more than what is rated.
    """
    total_w = float(rated_w.sum())
    recorded, days = _recorded_clearness(site, rated_w, past)
    quantiles = _clearness_quantiles(recorded, days)
    later = np.repeat(quantiles[:, None], len(at_s), axis=1)
    present = float(clear_sky_part(site, np.array([now_s]))[0])
    if present > _LOW_SUN and total_w > 0.0:
        clear_now = float(np.clip(available_w.sum() / (total_w * present), 0.0, _CLEAREST))
        clearest = max(clear_now, float(quantiles[-1]), recorded.max(initial=0.0))
        remembered = _remembered(later, clear_now, float(quantiles[1]), at_s - now_s, passing=_CLOUD_PART)
        later = np.clip(remembered, 0.0, clearest)
    given_w: FloatArray = np.minimum(total_w * clear_sky_part(site, at_s) * later, total_w)
    return given_w


def _clearness_quantiles(recorded: FloatArray, days: int) -> FloatArray:
    """3 places: the quantiles of what was recorded, drawn to what is assumed while that is of few days."""
    assumed = np.array(_UNKNOWN_CLEARNESS)
    if not days:
        return assumed
    unknown = math.exp(-days / _DAYS_TO_KNOW)
    quantiles: FloatArray = _quantiles(recorded[:, None])[:, 0] * (1.0 - unknown) + assumed * unknown
    return quantiles


def _recorded_clearness(site: Site, rated_w: FloatArray, past: Past) -> tuple[FloatArray, int]:
    """Clearness in each quarter with enough sun, and of how many days these are.

    A device with a gap is in neither side of the ratio.
    """
    sky = clear_sky_part(site, past.starts_s + QUARTER_S / 2)
    given, heard = np.zeros(len(sky)), np.zeros(len(sky))
    for rows, means_w in past.portions():
        known = ~np.isnan(means_w)
        given += np.where(known, means_w, 0.0).sum(axis=0)
        heard += rated_w[rows] @ known
    counts = (sky > _LOW_SUN) & (heard > 0.0)
    by_the_sun_s = past.starts_s[counts] + site.longitude_deg / 360.0 * _DAY_S
    days = len(np.unique(np.floor_divide(by_the_sun_s, _DAY_S)))
    return np.clip(given[counts] / (heard[counts] * sky[counts]), 0.0, _CLEAREST), days


# -- everything else ---------------------------------------------------------------------------------------------------


def usual_quantiles(
    past: Past,
    *,
    present_w: FloatArray,
    lowest_w: FloatArray,
    highest_w: FloatArray,
    at_s: FloatArray,
    now_s: float,
) -> FloatArray:
    """What devices will do together that do what they usually do at that time of day.

    Quantiles are those of the recorded sum, so that devices that never peak together are not said to. A gap counts as
    the device's mean at that time of day; a device of which nothing was recorded as what it does now. Where nothing was
    recorded of any, the spread is all that is installed, and comes to what was recorded in the course of a day.

    Args:
        past: what each did.
        present_w: what each does now, signed.
        lowest_w: what each can do least by its rating, signed.
        highest_w: what each can do most by its rating, signed.
        at_s: instants wanted, seconds since 1970.
        now_s: seconds since 1970.

    Returns:
        3 rows, W, signed.
    """
    recorded = np.zeros(len(past.starts_s))
    anything = np.zeros(len(past.starts_s), dtype=np.bool_)
    for rows, means_w in past.portions():
        filled, known = _without_gaps(means_w, present_w[rows])
        recorded += filled.sum(axis=0)
        anything |= known.any(axis=0)
    recorded[~anything] = np.nan
    present = float(present_w.sum())
    lowest, highest = float(lowest_w.sum()), float(highest_w.sum())
    of_day = np.repeat([[lowest], [present], [highest]], QUARTERS_PER_DAY, axis=1)
    if anything.any():
        unknown = math.exp(-float(anything.sum()) / _QUARTERS_TO_KNOW)
        of_day = of_day * unknown + _quantiles_of_day(recorded) * (1.0 - unknown)
    usual, usual_now = of_day[:, _quarters_of_day(at_s)], of_day[1, _quarters_of_day(np.array([now_s]))[0]]
    remembered = _remembered(usual, present, float(usual_now), at_s - now_s)
    return np.clip(remembered, min(lowest, present), max(highest, present))


def _quarters_of_day(at_s: FloatArray) -> IntArray:
    return np.floor_divide(at_s, QUARTER_S).astype(np.int64) % QUARTERS_PER_DAY


def _without_gaps(means_w: FloatArray, present_w: FloatArray) -> tuple[FloatArray, BoolArray]:
    known = ~np.isnan(means_w)
    if known.all():
        return means_w, known
    days = (len(means_w), -1, QUARTERS_PER_DAY)
    sums, counts = np.where(known, means_w, 0.0).reshape(days), known.reshape(days)
    overall = _mean(sums.sum(axis=(1, 2)), counts.sum(axis=(1, 2)), present_w)
    of_quarter = _mean(sums.sum(axis=1), counts.sum(axis=1), overall[:, None])
    return np.where(known.reshape(days), means_w.reshape(days), of_quarter[:, None, :]).reshape(means_w.shape), known


def _mean(sums: FloatArray, counts: FloatArray, otherwise: FloatArray) -> FloatArray:
    return np.where(counts > 0, sums / np.maximum(counts, 1), otherwise)


def _quantiles_of_day(recorded_w: FloatArray) -> FloatArray:
    """3 rows of 96 quarters; one around which nothing was recorded has the quantiles of the whole.

    The spread is that of a further day: it differs from the middle of n others by more than these do.
    """
    by_day = recorded_w.reshape(-1, QUARTERS_PER_DAY)
    pooled = np.concatenate([np.roll(by_day, -shift, axis=1) for shift in _QUARTERS_POOLED])
    overall, around = _quantiles(recorded_w[:, None]), _quantiles(pooled)
    quantiles = np.where(np.isnan(around), overall, around)
    days = int((~np.isnan(by_day)).any(axis=1).sum())
    further: FloatArray = quantiles[1] + (quantiles - quantiles[1]) * math.sqrt(1.0 + 1.0 / days)
    return further


def _quantiles(columns: FloatArray) -> FloatArray:
    """3 rows: the quantiles of what is known in each column, NaN where nothing is.

    Those that a further value of the kind has (Weibull's places): the usual ones are too narrow for few values.
    `numpy.nanquantile` says the same, but goes through the columns one by one in Python.
    """
    ordered = np.sort(columns, axis=0)  # with what is not known last
    count = (~np.isnan(columns)).sum(axis=0)
    places = np.clip((count + 1) * np.array(QUANTILES)[:, None] - 1.0, 0.0, np.maximum(count - 1, 0))
    below = np.floor(places).astype(np.int64)
    lower, upper = (np.take_along_axis(ordered, at, axis=0) for at in (below, np.ceil(places).astype(np.int64)))
    quantiles: FloatArray = lower + (upper - lower) * (places - below)
    return quantiles


# -- storage -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Storage:
    """Batteries, one place for each.

    Attributes:
        stored_wh: usable energy now, 0 to the capacity.
        capacity_wh: usable energy when full.
        discharge_max_w: 0 or more.
        charge_max_w: 0 or more.
        discharge_efficiency: more than 0, at most 1.
        charge_efficiency: more than 0, at most 1.
    """

    stored_wh: FloatArray
    capacity_wh: FloatArray
    discharge_max_w: FloatArray
    charge_max_w: FloatArray
    discharge_efficiency: FloatArray
    charge_efficiency: FloatArray

    def most_w(self, stored_wh: FloatArray, hours: float) -> FloatArray:
        """What each can give for *hours* with *stored_wh* in it."""
        if hours <= 0.0:
            return self.discharge_max_w
        return np.minimum(self.discharge_max_w, stored_wh * self.discharge_efficiency / hours)

    def least_w(self, stored_wh: FloatArray, hours: float) -> FloatArray:
        """What each can draw for *hours* with *stored_wh* in it, as a negative number."""
        if hours <= 0.0:
            return -self.charge_max_w
        room = (self.capacity_wh - stored_wh) / (self.charge_efficiency * hours)
        return -np.minimum(self.charge_max_w, room)

    def after(self, stored_wh: FloatArray, power_w: FloatArray, hours: float) -> FloatArray:
        """What is in each after *hours* of *power_w*."""
        drained = np.where(power_w > 0.0, power_w / self.discharge_efficiency, power_w * self.charge_efficiency)
        return np.clip(stored_wh - drained * hours, 0.0, self.capacity_wh)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Flexibility:
    """What the devices beside the storage will do, and by how much they can be moved, in each interval.

    Attributes:
        expected_w: without an order, signed.
        upwards_w: by how much an order can raise it, 0 or more.
        downwards_w: by how much an order can lower it, 0 or more.
    """

    expected_w: FloatArray
    upwards_w: FloatArray
    downwards_w: FloatArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StoragePlan:
    """What a group with storage will do in each interval.

    Attributes:
        group_w: of the whole group: the order where there is one, as far as it can be followed.
        lowest_w: of the storage: charge that can be kept up beside the plan through all intervals.
        highest_w: of the storage: discharge that can be kept up beside the plan through all intervals.
        stored_wh: of each battery after the last interval, if the plan is followed.
    """

    group_w: FloatArray
    lowest_w: FloatArray
    highest_w: FloatArray
    stored_wh: FloatArray


def storage_plan(storage: Storage, rest: Flexibility, ordered_w: FloatArray, hours: FloatArray) -> StoragePlan:
    """How a group follows its orders, and what its storage could do beside that.

    An order is shared by storage and rest in proportion to what each could do, as allocation does by default. Without
    an order storage rests. Both bounds can be run from the first interval to the last as they stand: no battery is
    drained below empty or charged above full on the way.

    Args:
        storage: now.
        rest: the other devices; one place for each interval.
        ordered_w: order for the group in each interval; NaN where there is none.
        hours: length of each interval, 0 or more.
    """
    stored = storage.stored_wh
    idle = np.zeros(len(stored))
    give, take = np.full(len(stored), np.inf), np.full(len(stored), np.inf)
    gives = np.zeros(len(stored), dtype=np.bool_)
    group_w, powers, passed = rest.expected_w.copy(), [], 0.0
    for number, length in enumerate(hours):
        power = idle
        if not np.isnan(ordered_w[number]):
            most, least = storage.most_w(stored, length), storage.least_w(stored, length)
            share = _share(float(ordered_w[number]), rest, number, float(most.sum()), float(least.sum()))
            power = most * share if share > 0.0 else least * -share
            moved = rest.upwards_w[number] if share > 0.0 else rest.downwards_w[number]
            group_w[number] += share * moved + power.sum()
            stored = storage.after(stored, power, length)
            gives |= power > 0.0
        powers.append(power)
        passed += length
        if passed > 0.0:
            give = np.minimum(give, stored * storage.discharge_efficiency / passed)
            take = np.minimum(take, (storage.capacity_wh - stored) / passed)
    # To give less than planned leaves more behind than the same power would charge: the careful of the two counts.
    take = take * np.where(gives, storage.discharge_efficiency, 1.0 / storage.charge_efficiency)
    return StoragePlan(
        group_w=group_w,
        lowest_w=np.array([np.maximum(power - take, -storage.charge_max_w).sum() for power in powers]),
        highest_w=np.array([np.minimum(power + give, storage.discharge_max_w).sum() for power in powers]),
        stored_wh=stored,
    )


def _share(ordered_w: float, rest: Flexibility, number: int, most_w: float, least_w: float) -> float:
    """The part of what can be done upwards (more than 0) or downwards (less than 0) that the order takes."""
    wanted = ordered_w - float(rest.expected_w[number])
    can = float(rest.upwards_w[number]) + most_w if wanted > 0.0 else float(rest.downwards_w[number]) - least_w
    return 0.0 if can <= 0.0 else float(np.clip(wanted / can, -1.0, 1.0))
