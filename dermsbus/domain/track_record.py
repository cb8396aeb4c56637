"""How often forecasts are right: what is expected of groups, held to what comes.

In each quarter of an hour a forecast of each group is put down for that quarter, for the one that ends an hour from its
beginning, and for the one that ends after four. When a quarter is over, what its members gave in it on average, of
photovoltaic ones what they could have given, lies within what was expected or does not.

Passed over is what proves nothing: what was certain, such as the sun at night, what was ordered otherwise afterwards,
and what too many members say nothing of.

Source: house choice, ADR 16.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from dermsbus.domain.fleet import IntArray
from dermsbus.domain.fleet_state import MemberStates
from dermsbus.domain.forecast import Coverage, Ordered
from dermsbus.domain.history import QUARTER_S, QuarterMeans, quarter_of
from dermsbus.domain.quantities import CurveStyle, GroupForecast, IntervalUnit, ParameterKind, Point, ScheduleRequest

__all__ = ["TrackRecord", "lookout"]

_INTERVALS: Final = 16
_CHECKED: Final = (0, 3, 15)
_ENOUGH: Final = 20
"""So many points have to be compared before their share says anything."""
_MOST: Final = 2016
"""Three points in each quarter of a week: what is older counts for less and less."""
_FEW: Final = 0.1
"""The part of the members that may be missing."""
_ROUNDING: Final = 1e-6
_HALF: Final = timedelta(seconds=QUARTER_S / 2)


def lookout(now: datetime) -> ScheduleRequest:
    """The schedule of the forecasts that are put down at *now*."""
    return ScheduleRequest(
        style=CurveStyle.CONSTANT_Y_VALUE,
        intervals=_INTERVALS,
        starts_at=quarter_of(now),
        interval=QUARTER_S // 60,
        interval_unit=IntervalUnit.MINUTE,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Expected:
    """What one group is expected to do in one quarter.

    Attributes:
        mrid: of the group.
        places: of the members it was expected of.
        point: with the three quantiles.
        ordered: what was ordered of it then.
    """

    mrid: str
    places: IntArray
    point: Point
    ordered: float | None


class TrackRecord:
    """What was expected of groups, and how often it came. Used by one thread; what it counts may be read by others."""

    def __init__(self) -> None:
        self._expected: defaultdict[datetime, list[_Expected]] = defaultdict(list)
        self._of_group: dict[str, Coverage] = {}
        self._total = Coverage()

    @property
    def total(self) -> Coverage:
        """Of all groups together."""
        return self._total

    def confidence_percent(self, mrid: str) -> float | None:
        """How often what came of a group lay within what was expected, 0 to 100; None where that is not known yet."""
        coverage = self._of_group.get(mrid, Coverage())
        share = coverage.share
        return None if share is None or coverage.count < _ENOUGH else 100.0 * share

    def expect(self, forecast: GroupForecast, members: MemberStates, ordered: Ordered) -> None:
        """Put down what is expected of a group.

        Args:
            forecast: of its active power, for the `lookout` of now.
            members: now; who is not heard now is not in it, and if these are many it is not put down.
            ordered: what is ordered of the group.
        """
        places = members.places[members.commandable]
        if not len(places) or members.stale.sum() > _FEW * len(places):
            return
        curves = (told.curves[0] for told in forecast.parameters if told.parameter is ParameterKind.ACTIVE_POWER)
        for curve in curves:
            for point in (curve.points[place] for place in _CHECKED):
                if not _is_certain(point):
                    self._expected[point.at].append(
                        _Expected(
                            mrid=forecast.group.mrid or "",
                            places=places,
                            point=point,
                            ordered=ordered(ParameterKind.ACTIVE_POWER, point.at + _HALF),
                        )
                    )

    def settle(self, quarter: QuarterMeans, ordered_of: Callable[[str], Ordered]) -> None:
        """Hold what was expected of a quarter that is over to what came.

        Args:
            quarter: later than all that were settled before; what was expected of earlier ones is forgotten.
            ordered_of: gives what is ordered of the group with an mRID.
        """
        due = self._expected.pop(quarter.starts_at, [])
        for at in [at for at in self._expected if at < quarter.starts_at]:
            del self._expected[at]
        for expected in due:
            given_w = quarter.means_w[expected.places].astype(np.float64)
            unknown = np.isnan(given_w).mean()
            ordered = ordered_of(expected.mrid)(ParameterKind.ACTIVE_POWER, expected.point.at + _HALF)
            if unknown > _FEW or not _is_same(ordered, expected.ordered):
                continue
            actual_w = _snapped(float(np.nansum(given_w)), expected.point)
            before = self._of_group.get(expected.mrid, Coverage()).faded(_MOST)
            self._of_group[expected.mrid] = before.scored(expected.point, actual_w)
            self._total = self._total.scored(expected.point, actual_w)

    def forget_all_but(self, mrids: Collection[str]) -> None:
        """Keep no score of groups that are no more."""
        self._of_group = {mrid: coverage for mrid, coverage in self._of_group.items() if mrid in mrids}


def _is_certain(point: Point) -> bool:
    low, high = point.minimum, point.maximum
    return low is None or high is None or math.isclose(low, high, rel_tol=_ROUNDING, abs_tol=_ROUNDING)


def _is_same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=_ROUNDING)


def _snapped(actual: float, point: Point) -> float:
    """A value that is beside a bound by rounding alone is at it: means are kept in seven digits."""
    for bound in (point.minimum, point.maximum):
        if bound is not None and math.isclose(actual, bound, rel_tol=_ROUNDING, abs_tol=_ROUNDING):
            return bound
    return actual
