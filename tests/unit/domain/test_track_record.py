"""How often forecasts are right: what is counted, what proves nothing, and the score over simulated days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest

from dermsbus.domain.fleet_state import MemberStates
from dermsbus.domain.forecast import Ordered
from dermsbus.domain.history import QUARTER_S, QuarterMeans, quarter_of
from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import Curve, CurveStyle, GroupForecast, ParameterForecast, ParameterKind, Point
from dermsbus.domain.schedule import instants
from dermsbus.domain.track_record import TrackRecord, lookout
from tests.unit.domain.fleet_builders import NOW, members_of, pv, reading

QUARTER = timedelta(seconds=QUARTER_S)
HEARD = members_of([pv("P1"), pv("P2")], reading("P1"), reading("P2"))


def nothing(_parameter: ParameterKind, _at: datetime) -> float | None:
    return None


def order_of(value: float) -> Ordered:
    return lambda _parameter, _at: value


def forecast(low: float = 800.0, high: float = 1_200.0, *, now: datetime = NOW, mrid: str = "G") -> GroupForecast:
    """The same is expected of each quarter."""
    asked = lookout(now)
    *starts, ends_at = instants(asked.starts_at, asked.interval, asked.interval_unit, asked.intervals)
    curve = Curve(
        style=CurveStyle.CONSTANT_Y_VALUE,
        points=tuple(Point(at=at, minimum=low, nominal=(low + high) / 2, maximum=high) for at in starts),
        ends_at=ends_at,
        interval=asked.interval,
        interval_unit=asked.interval_unit,
    )
    told = ParameterForecast(parameter=ParameterKind.ACTIVE_POWER, curves=(curve,))
    return GroupForecast(mrid="F", group=GroupReference(mrid=mrid), created_at=now, parameters=(told,))


def came(quarters: int, *powers_w: float) -> QuarterMeans:
    """What the devices gave in the quarter that begins so many quarters after that of now."""
    number = int((quarter_of(NOW) + quarters * QUARTER).timestamp()) // QUARTER_S
    return QuarterMeans(number=number, means_w=np.array(powers_w, dtype=np.float32))


def settled(record: TrackRecord, quarters: int, *powers_w: float, ordered: Ordered = nothing) -> tuple[int, int]:
    """How many points were compared, and how many of them were right."""
    before = record.total
    record.settle(came(quarters, *powers_w), lambda _mrid: ordered)
    return record.total.count - before.count, record.total.inside - before.inside


def expecting(
    told: GroupForecast | None = None, members: MemberStates = HEARD, ordered: Ordered = nothing
) -> TrackRecord:
    record = TrackRecord()
    record.expect(told or forecast(), members, ordered)
    return record


def test_this_quarter_the_one_in_an_hour_and_the_one_in_four_are_held_to_what_came() -> None:
    record = expecting()

    scores = [settled(record, quarter, 500.0, 500.0) for quarter in range(17)]

    assert [quarter for quarter, score in enumerate(scores) if score == (1, 1)] == [0, 3, 15]
    assert (record.total.count, record.total.share) == (3, 1.0)


@pytest.mark.parametrize(
    ("powers_w", "score"),
    [
        ((400.0, 400.0), (1, 1)),  # at the bound
        ((400.0, 399.0), (1, 0)),
        ((600.0, 601.0), (1, 0)),
        ((400.00002, 800.00001), (1, 1)),  # beyond by the rounding of means
        ((math.nan, 1_000.0), (0, 0)),  # of a half nobody knows
    ],
)
def test_what_came_is_the_sum_of_all_members_over_the_quarter(
    powers_w: Sequence[float], score: tuple[int, int]
) -> None:
    assert settled(expecting(), 0, *powers_w) == score


def test_what_was_certain_proves_nothing() -> None:
    assert settled(expecting(forecast(0.0, 0.0)), 0, 0.0, 0.0) == (0, 0)


def test_an_order_that_came_later_makes_no_forecast_wrong() -> None:
    assert settled(expecting(), 0, 0.0, 0.0, ordered=order_of(0.0)) == (0, 0)
    assert settled(expecting(ordered=order_of(0.0)), 0, 0.0, 0.0) == (0, 0)
    assert settled(expecting(ordered=order_of(900.0)), 0, 450.0, 450.0, ordered=order_of(900.0)) == (1, 1)


def test_nothing_is_expected_of_members_that_are_not_heard() -> None:
    silent = members_of([pv("P1"), pv("P2")], reading("P1"), reading("P2", age_s=3_600.0))

    assert settled(expecting(members=silent), 0, 500.0, 500.0) == (0, 0)


def test_who_was_never_heard_is_missing_on_both_sides() -> None:
    one = members_of([pv("P1"), pv("P2")], reading("P1"))

    assert settled(expecting(members=one), 0, 1_000.0, math.nan) == (1, 1)


def test_what_a_restart_or_a_leap_of_the_clock_left_out_is_forgotten() -> None:
    record = expecting()

    assert settled(record, 2, 500.0, 500.0) == (0, 0)
    assert settled(record, 0, 500.0, 500.0) == (0, 0)
    assert settled(record, 15, 500.0, 500.0) == (1, 1)


def test_a_group_is_as_sure_as_its_own_forecasts_were_right_once_there_are_enough_of_them() -> None:
    record = TrackRecord()
    for quarter in range(20):
        assert record.confidence_percent("G") is None
        for mrid, low in (("G", 800.0), ("other", 2_000.0)):
            told = forecast(low, 2_500.0, now=NOW + quarter * QUARTER, mrid=mrid)
            record.expect(told, HEARD, nothing)
        settled(record, quarter, *((500.0, 500.0) if quarter % 4 else (0.0, 0.0)))
        if record.total.count >= 40:
            break

    assert record.confidence_percent("G") == pytest.approx(75.0, abs=6.0)
    assert record.confidence_percent("other") == 0.0
    record.forget_all_but({"other"})
    assert record.confidence_percent("G") is None


def test_what_is_long_ago_counts_for_less() -> None:
    record = TrackRecord()
    for quarter in range(96 * 14):
        record.expect(forecast(now=NOW + quarter * QUARTER), HEARD, nothing)
        settled(record, quarter, *((500.0, 500.0) if quarter >= 96 * 7 else (0.0, 0.0)))

    assert record.total.share == pytest.approx(0.5, abs=0.01)
    assert record.confidence_percent("G") == pytest.approx(75.0, abs=10.0)
