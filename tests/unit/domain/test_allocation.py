"""A group's set-point is split exactly, within every member's limits, by the policy that is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermsbus.domain.allocation import Allocation, MemberLimits, Policy, allocate, member_limits
from dermsbus.domain.capability import Span
from dermsbus.domain.der import Device, Reading
from dermsbus.domain.quantities import ParameterKind
from tests.unit.domain.fleet_builders import battery, members_of, pv, reading

ACTIVE, REACTIVE = ParameterKind.ACTIVE_POWER, ParameterKind.REACTIVE_POWER
TOLERANCE_W = 1e-3


def span(*bounds: tuple[float, float]) -> Span:
    lower, upper = zip(*bounds, strict=True) if bounds else ((), ())
    return Span(lower=np.array(lower, dtype=np.float64), upper=np.array(upper, dtype=np.float64))


def limits(
    *available: tuple[float, float],
    reach: list[tuple[float, float]] | None = None,
    installed: list[tuple[float, float]] | None = None,
    merit: list[int] | None = None,
    may_stop: list[bool] | None = None,
) -> MemberLimits:
    """Limits where only those bind that are given."""
    return MemberLimits(
        installed=span(*(installed or [(min(low, 0.0), max(high, 0.0)) for low, high in available])),
        available=span(*available),
        reach=span(*(reach or available)),
        merit_rank=np.array(merit or range(len(available)), dtype=np.int64),
        may_stop=None if may_stop is None else np.array(may_stop, dtype=np.bool_),
    )


def engines(*ranges: tuple[float, float], beside: list[tuple[float, float]] | None = None) -> MemberLimits:
    """Engines, each with its minimum load and the most it gives, in the order of merit; then members without any."""
    others = beside or []
    return limits(
        *((0.0, most) for _, most in ranges),
        *others,
        reach=[*ranges, *others],
        may_stop=[*(True for _ in ranges), *(False for _ in others)],
    )


def set_points(target: float, of: MemberLimits, policy: Policy = Policy.HEADROOM) -> list[float]:
    allocation = allocate(target, of, policy)
    assert allocation.is_met
    return allocation.set_points.tolist()


def test_headroom_shares_in_proportion_to_what_each_has_available() -> None:
    assert set_points(6_000.0, limits((0.0, 8_000.0), (0.0, 4_000.0))) == pytest.approx([4_000.0, 2_000.0])


def test_headroom_is_the_default_policy() -> None:
    of = limits((0.0, 8_000.0), (0.0, 4_000.0), merit=[1, 0])

    assert allocate(3_000.0, of).set_points.tolist() == allocate(3_000.0, of, Policy.HEADROOM).set_points.tolist()


def test_no_member_draws_what_another_injects() -> None:
    of = limits((0.0, 5_000.0), (-5_000.0, 5_000.0))

    assert set_points(0.0, of) == [0.0, 0.0]
    assert set_points(2_000.0, of) == pytest.approx([1_000.0, 1_000.0])
    assert set_points(-2_000.0, of) == pytest.approx([0.0, -2_000.0])


def test_what_a_member_cannot_reach_is_shared_by_the_others() -> None:
    of = limits(*[(0.0, 6_000.0)] * 3, reach=[(0.0, 1_000.0), (0.0, 6_000.0), (0.0, 6_000.0)])

    assert set_points(9_000.0, of) == pytest.approx([1_000.0, 4_000.0, 4_000.0])


def test_a_member_that_cannot_come_down_yet_leaves_less_to_the_others() -> None:
    of = limits(*[(0.0, 6_000.0)] * 3, reach=[(4_000.0, 6_000.0), (0.0, 6_000.0), (0.0, 6_000.0)])

    assert set_points(6_000.0, of) == pytest.approx([4_000.0, 1_000.0, 1_000.0])
    assert set_points(15_000.0, of) == pytest.approx([5_000.0, 5_000.0, 5_000.0])


def test_a_load_that_cannot_be_shed_is_made_up_for() -> None:
    assert set_points(0.0, limits((-3_000.0, -3_000.0), (0.0, 5_000.0))) == pytest.approx([-3_000.0, 3_000.0])


def test_rating_shares_in_proportion_to_ratings_and_fills_up() -> None:
    of = limits((0.0, 2_000.0), (0.0, 6_000.0), installed=[(0.0, 6_000.0), (0.0, 6_000.0)])

    assert set_points(3_000.0, of, Policy.RATING) == pytest.approx([1_500.0, 1_500.0])
    assert set_points(7_000.0, of, Policy.RATING) == pytest.approx([2_000.0, 5_000.0])


def test_merit_calls_one_after_the_other_in_both_directions() -> None:
    of = limits(*[(-1_000.0, 2_000.0)] * 3, merit=[2, 0, 1])

    assert set_points(3_000.0, of, Policy.MERIT) == [0.0, 2_000.0, 1_000.0]
    assert set_points(-1_500.0, of, Policy.MERIT) == [0.0, -1_000.0, -500.0]


@pytest.mark.parametrize("policy", Policy)
def test_what_cannot_be_met_is_said_exactly_and_with_its_sign(policy: Policy) -> None:
    of = limits((-1_000.0, 2_000.0), (-500.0, 300.0))

    above, below = allocate(2_400.5, of, policy), allocate(-2_000.0, of, policy)

    assert (above.set_points.tolist(), above.shortfall) == ([2_000.0, 300.0], 100.5)
    assert (below.set_points.tolist(), below.shortfall) == ([-1_000.0, -500.0], -500.0)
    assert not above.is_met
    assert not below.is_met


@pytest.mark.parametrize("policy", Policy)
def test_a_group_without_members_falls_short_of_everything(policy: Policy) -> None:
    allocation = allocate(750.0, limits(), policy)

    assert (allocation.set_points.tolist(), allocation.shortfall) == ([], 750.0)


def test_no_set_point_is_minus_zero() -> None:
    given_out = allocate(-100.0, limits((0.0, 5.0), (-200.0, 0.0))).set_points

    assert not np.signbit(given_out[0])


def test_an_engine_that_would_run_below_its_minimum_load_stands_still_if_the_others_can_do_without() -> None:
    of = engines((300.0, 1_000.0), beside=[(0.0, 500.0)])

    assert set_points(600.0, of) == pytest.approx([400.0, 200.0])
    assert set_points(390.0, of) == pytest.approx([0.0, 390.0])


def test_an_engine_that_cannot_be_done_without_runs_at_its_minimum_load_and_the_others_make_room() -> None:
    assert set_points(310.0, engines((300.0, 1_000.0), beside=[(0.0, 250.0)])) == pytest.approx([300.0, 10.0])


@pytest.mark.parametrize("policy", Policy)
def test_as_few_engines_run_as_will_do_in_the_order_of_merit(policy: Policy) -> None:
    of = engines(*[(300.0, 1_000.0)] * 4)

    assert set_points(1_150.0, of, policy) == pytest.approx(
        [850.0, 300.0, 0.0, 0.0] if policy is Policy.MERIT else [575.0, 575.0, 0.0, 0.0]
    )
    assert set_points(3_300.0, of, Policy.RATING) == pytest.approx([825.0] * 4)


def test_where_the_minimum_load_of_the_next_engine_is_too_much_one_that_fits_runs_in_its_place() -> None:
    assert set_points(1_100.0, engines((300.0, 1_000.0), (900.0, 3_000.0), (30.0, 100.0))) == [1_000.0, 0.0, 100.0]


@pytest.mark.parametrize(
    ("target", "given_out"), [(100.0, [0.0, 0.0]), (200.0, [300.0, 0.0]), (1_050.0, [1_000.0, 0.0])]
)
def test_what_no_choice_of_engines_gives_is_done_as_near_as_can_be_and_said(
    target: float, given_out: list[float]
) -> None:
    allocation = allocate(target, engines((300.0, 1_000.0), (900.0, 3_000.0)))

    assert allocation.set_points.tolist() == given_out
    assert allocation.shortfall == target - sum(given_out)


def test_an_engine_that_cannot_be_stopped_in_time_is_made_up_for() -> None:
    of = limits((0.0, 1_000.0), (-500.0, 500.0), reach=[(400.0, 900.0), (-500.0, 500.0)], may_stop=[False, False])

    assert set_points(0.0, of) == [400.0, -400.0]


@pytest.mark.parametrize("target", [math.nan, math.inf, -math.inf])
def test_a_target_that_is_no_number_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        allocate(target, limits((0.0, 1.0)))


@pytest.mark.parametrize(
    ("available", "reach", "problem"),
    [
        ([(0.0, 1.0)], [(0.0, 2.0)], "within"),
        ([(1.0, 0.0)], [(1.0, 0.0)], "within"),
        ([(0.0, math.inf)], [(0.0, 1.0)], "finite"),
        ([(0.0, math.nan)], [(0.0, 1.0)], "finite"),
        ([(0.0, 1.0)], [(0.0, 1.0), (0.0, 1.0)], "one place for each member"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(available: list, reach: list, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        limits(*available, reach=reach, installed=[(0.0, 5.0)])


# What holds for any limits and targets.


@dataclass(frozen=True)
class Case:
    of: MemberLimits
    target: float


@st.composite
def spans_within(draw: st.DrawFn, low: float, high: float) -> tuple[float, float]:
    ends = draw(st.tuples(st.floats(low, high), st.floats(low, high)))
    return min(ends), max(ends)


@st.composite
def member(draw: st.DrawFn) -> tuple[tuple[float, float], ...]:
    """Installed, available and reach of one member; some cannot move, some only a little."""
    scale = draw(st.sampled_from([0.0, 1e-3, 1.0, 5e3, 1e7]))
    installed = (-scale * draw(st.floats(0, 1)), scale * draw(st.floats(0, 1)))
    available = draw(spans_within(*installed))
    return installed, available, draw(spans_within(*available))


def limits_of(members: list[tuple[tuple[float, float], ...]]) -> MemberLimits:
    installed, available, reach = zip(*members, strict=True)
    return limits(*available, reach=list(reach), installed=list(installed))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    of = limits_of(draw(st.lists(member(), min_size=1, max_size=40)))
    lowest, highest = float(of.reach.lower.sum()), float(of.reach.upper.sum())
    part = draw(st.floats(-0.2, 1.2))
    return Case(of=of, target=lowest + part * (highest - lowest) + draw(st.sampled_from([0.0, 1.0, -1e4])))


def check(case: Case, allocation: Allocation) -> None:
    reach = case.of.reach
    assert (allocation.set_points >= reach.lower).all()
    assert (allocation.set_points <= reach.upper).all()
    total = math.fsum(allocation.set_points)
    assert total + allocation.shortfall == pytest.approx(case.target, rel=1e-12, abs=1e-9)
    lowest, highest = math.fsum(reach.lower), math.fsum(reach.upper)
    assert allocation.shortfall == pytest.approx(case.target - min(max(case.target, lowest), highest), abs=TOLERANCE_W)


@settings(deadline=None)
@given(cases(), st.sampled_from(Policy))
def test_the_sum_is_the_target_or_the_shortfall_is_exact_and_no_member_leaves_its_limits(
    case: Case, policy: Policy
) -> None:
    check(case, allocate(case.target, case.of, policy))


@settings(deadline=None)
@given(
    st.integers(0, 5), st.floats(0, 1), st.lists(spans_within(-2_000.0, 2_000.0), max_size=3), st.floats(-0.2, 1.2),
    st.sampled_from(Policy),
)  # fmt: skip
def test_engines_that_are_alike_miss_no_target_that_some_number_of_them_could_meet(
    count: int, least: float, others: list[tuple[float, float]], part: float, policy: Policy
) -> None:
    of = engines(*[(1_000.0 * least, 1_000.0)] * count, beside=others)
    lowest, highest = sum(low for low, _ in others), sum(high for _, high in others)
    target = lowest + part * (highest + 1_000.0 * count - lowest)

    allocation = allocate(target, of, policy)

    ranges = [(lowest + run * 1_000.0 * least, highest + run * 1_000.0) for run in range(count + 1)]
    best = min(max(low - target, target - high, 0.0) for low, high in ranges)
    assert abs(allocation.shortfall) == pytest.approx(best, abs=1.0)
    assert math.fsum(allocation.set_points) + allocation.shortfall == pytest.approx(target, abs=1e-9)
    for set_point in allocation.set_points[:count]:
        assert set_point == 0.0 or 1_000.0 * least <= set_point <= 1_000.0


@settings(deadline=None)
@given(cases(), st.floats(0, 1e5), st.sampled_from(Policy))
def test_a_larger_target_never_lowers_a_member(case: Case, more: float, policy: Policy) -> None:
    before = allocate(case.target, case.of, policy).set_points
    after = allocate(case.target + more, case.of, policy).set_points

    assert (after >= before - TOLERANCE_W).all()


@settings(deadline=None)
@given(cases(), st.randoms(), st.sampled_from(Policy))
def test_the_order_of_members_does_not_matter(case: Case, random: object, policy: Policy) -> None:
    order = list(range(len(case.of)))
    random.shuffle(order)
    moved = MemberLimits(
        **{
            name: Span(lower=getattr(case.of, name).lower[order], upper=getattr(case.of, name).upper[order])
            for name in ("installed", "available", "reach")
        },
        merit_rank=case.of.merit_rank[order],
    )

    expected = allocate(case.target, case.of, policy).set_points[order]
    assert allocate(case.target, moved, policy).set_points == pytest.approx(expected, abs=TOLERANCE_W)


@settings(deadline=None)
@given(cases(), st.sampled_from(Policy))
def test_the_same_input_gives_the_same_output(case: Case, policy: Policy) -> None:
    first, again = (allocate(case.target, case.of, policy) for _ in range(2))

    assert first.set_points.tolist() == again.set_points.tolist()
    assert first.shortfall == again.shortfall


@settings(deadline=None)
@given(cases())
def test_members_that_are_free_stand_at_the_same_part_of_their_headroom(case: Case) -> None:
    allocation = allocate(case.target, case.of)
    points, reach, available = allocation.set_points, case.of.reach, case.of.available
    rest = available.nearest(0.0)
    upwards = case.target > math.fsum(reach.nearest(0.0))
    way = available.upper - rest if upwards else rest - available.lower
    free = (points > reach.lower + TOLERANCE_W) & (points < reach.upper - TOLERANCE_W) & (way > 1.0)
    levels = np.abs(points - rest)[free] / way[free]

    assert levels == pytest.approx(np.full(len(levels), levels[0] if len(levels) else 0.0), abs=2 * TOLERANCE_W)


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("part", [-0.9, -0.1, 0.0, 0.3, 0.999_999, 1.0])
def test_a_hundred_thousand_members_of_all_sizes_meet_their_target_to_one_watt(part: float, policy: Policy) -> None:
    random = np.random.default_rng(7)
    size = 100_000
    rating = 10 ** random.uniform(0, 8, size)
    available = Span(lower=-rating * random.random(size), upper=rating * random.random(size))
    reach = Span(lower=available.lower * random.random(size), upper=available.upper * random.random(size))
    of = MemberLimits(
        installed=Span(lower=-rating, upper=rating),
        available=available,
        reach=reach,
        merit_rank=random.permutation(size),
    )
    target = part * float((reach.upper if part > 0 else -reach.lower).sum())

    check(Case(of=of, target=target), allocate(target, of, policy))


# What bounds the members of a group.


def test_a_set_point_stays_within_rating_and_resource() -> None:
    of = member_limits(ACTIVE, members_of([pv("A")], reading("A", between=(0.0, 9_000.0))), step_s=60).limits
    cloudy = member_limits(ACTIVE, members_of([pv("A")], reading("A", between=(0.0, 300.0))), step_s=60).limits

    assert (of.reach.lower.tolist(), of.reach.upper.tolist()) == ([0.0], [5_000.0])
    assert (cloudy.reach.upper.tolist(), cloudy.installed.upper.tolist()) == ([300.0], [5_000.0])


def test_a_set_point_stays_in_the_circle_that_reactive_power_leaves() -> None:
    members = members_of([battery("A")], reading("A", between=(-5_000.0, 5_000.0), reactive_power_var=-4_000.0))

    of = member_limits(ACTIVE, members, step_s=60).limits

    assert (of.reach.lower.tolist(), of.reach.upper.tolist()) == ([-3_000.0], [3_000.0])


def test_a_storage_is_not_asked_for_more_than_its_charge_lasts_for_the_step() -> None:
    store = battery("A", energy_capacity_wh=10_000.0, charge_efficiency=0.8, discharge_efficiency=0.5)
    hour = {
        soc: member_limits(
            ACTIVE, members_of([store], reading("A", between=(-5_000.0, 5_000.0), soc_percent=soc)), step_s=3_600
        ).limits.reach
        for soc in (0.0, 10.0, 90.0, 100.0)
    }

    assert (hour[0.0].lower[0], hour[0.0].upper[0]) == (-5_000.0, 0.0)
    assert (hour[10.0].lower[0], hour[10.0].upper[0]) == (-5_000.0, pytest.approx(500.0))
    assert (hour[90.0].lower[0], hour[90.0].upper[0]) == (pytest.approx(-1_250.0), 4_500.0)
    assert (hour[100.0].lower[0], hour[100.0].upper[0]) == (0.0, 5_000.0)


def test_a_set_point_is_no_farther_than_the_ramp_gets_in_the_step() -> None:
    slow = battery("A", ramp_rate_max_w_per_s=10.0)
    members = members_of([slow], reading("A", 1_000.0, between=(-5_000.0, 5_000.0)))

    of = member_limits(ACTIVE, members, step_s=60).limits

    assert (of.reach.lower.tolist(), of.reach.upper.tolist()) == ([400.0], [1_600.0])
    assert (of.available.lower.tolist(), of.available.upper.tolist()) == ([-5_000.0], [5_000.0])


def test_a_storage_that_comes_down_slowly_keeps_what_it_gives_on_the_way() -> None:
    slow = battery("A", ramp_rate_max_w_per_s=10.0, energy_capacity_wh=1_000.0)
    sooner, later = (
        member_limits(
            ACTIVE,
            members_of([slow], reading("A", now_w, between=(-5_000.0, 5_000.0), soc_percent=soc)),
            step_s=100,
        ).limits.reach
        for now_w, soc in ((1_000.0, 2.5), (-1_000.0, 97.5))
    )

    left_wh = (1_000.0 + sooner.upper[0]) / 2 * (1_000.0 - sooner.upper[0]) / 10.0 / 3_600
    assert 0.0 < sooner.upper[0] < 900.0
    assert left_wh + sooner.upper[0] * (100.0 - (1_000.0 - sooner.upper[0]) / 10.0) / 3_600 == pytest.approx(25.0)
    assert (later.lower[0], later.upper[0]) == pytest.approx((-sooner.upper[0], -sooner.lower[0]))


def test_a_storage_that_is_empty_before_it_could_come_down_gives_nothing_at_the_end() -> None:
    slow = battery("A", ramp_rate_max_w_per_s=1.0, energy_capacity_wh=1_000.0)
    members = members_of([slow], reading("A", 4_000.0, between=(-5_000.0, 5_000.0), soc_percent=1.0))

    of = member_limits(ACTIVE, members, step_s=60).limits

    assert (of.reach.lower.tolist(), of.reach.upper.tolist()) == ([0.0], [0.0])


@pytest.mark.parametrize(
    ("now_w", "step_s", "reached", "may_stop"),
    [
        (0.0, 60.0, (1_500.0, 3_000.0), True),
        (0.0, 10.0, (500.0, 500.0), True),  # it is still being started
        (4_000.0, 60.0, (1_500.0, 5_000.0), True),
        (4_000.0, 10.0, (3_500.0, 4_500.0), False),  # it cannot come down to its minimum load
        (1_700.0, 10.0, (1_500.0, 2_200.0), True),
    ],
)
def test_an_engine_is_reached_at_its_minimum_load_or_above_unless_it_stops(
    now_w: float, step_s: float, reached: tuple[float, float], may_stop: bool
) -> None:
    engine = pv("A", ramp_rate_max_w_per_s=50.0)

    of = member_limits(ACTIVE, members_of([engine], reading("A", now_w, between=(1_500.0, 5_000.0))), step_s=step_s)

    assert (of.limits.reach.lower[0], of.limits.reach.upper[0]) == reached
    assert of.limits.may_stop is not None
    assert of.limits.may_stop.tolist() == [may_stop]
    assert (of.limits.available.lower[0], of.limits.available.upper[0]) == (0.0, 5_000.0)


def test_an_engine_without_room_for_its_minimum_load_in_the_circle_stands_still() -> None:
    members = members_of([pv("A")], reading("A", between=(1_500.0, 5_000.0), reactive_power_var=4_900.0))

    of = member_limits(ACTIVE, members, step_s=60).limits

    assert set_points(0.0, of) == [0.0]
    assert allocate(2_000.0, of).shortfall == 2_000.0


def test_who_has_no_rating_for_reactive_power_is_not_told_any_and_a_load_keeps_its_power_factor() -> None:
    house = battery("load", active_power_max_w=0.0)
    members = members_of(
        [pv("A"), house, battery("B")],
        reading("A", 1_000.0),
        reading("load", -2_000.0, between=(-2_000.0, 0.0), reactive_power_var=-500.0),
        reading("B", 1_000.0, reactive_power_var=10.0),
    )

    alone = member_limits(REACTIVE, members, step_s=60)
    together = member_limits(REACTIVE, members, step_s=60, beside=np.array([1_000.0, -400.0, 0.0]))

    assert alone.places.tolist() == together.places.tolist() == [0]
    assert alone.held == -490.0
    assert together.held == -90.0


def test_a_cloud_does_not_wait_for_a_ramp() -> None:
    slow = pv("A", ramp_rate_max_w_per_s=1.0)

    of = member_limits(ACTIVE, members_of([slow], reading("A", 5_000.0, between=(0.0, 200.0))), step_s=10).limits

    assert (of.reach.lower.tolist(), of.reach.upper.tolist()) == ([200.0], [200.0])


def test_reactive_power_stays_within_its_rating_and_the_circle() -> None:
    plates = [pv("A", ramp_rate_max_w_per_s=0.001), pv("B"), pv("C", reactive_power_absorbed_max_var=0.0)]
    members = members_of(plates, reading("A", 1_000.0), reading("B", 4_800.0), reading("C"))

    of = member_limits(REACTIVE, members, step_s=60).limits

    assert of.reach.lower == pytest.approx([-2_500.0, -1_400.0, 0.0])
    assert of.reach.upper == pytest.approx([2_500.0, 1_400.0, 2_500.0])


def test_active_and_reactive_power_that_are_ordered_together_fit_into_the_circle_together() -> None:
    devices = [pv("A"), pv("silent"), pv("B", 8_000.0)]
    members = members_of(devices, reading("A", 100.0), reading("B", 100.0, between=(0.0, 8_000.0)))
    active = member_limits(ACTIVE, members, step_s=60)
    watts = allocate(12_500.0, active.limits).set_points

    reactive = member_limits(REACTIVE, members, step_s=60, beside=watts)
    both = np.hypot(watts, allocate(6_000.0, reactive.limits).set_points)

    assert (both <= np.array([5_000.0, 8_000.0]) + TOLERANCE_W).all()
    with pytest.raises(ValueError, match="one set-point for each member that can be commanded"):
        member_limits(REACTIVE, members, step_s=60, beside=np.zeros(3))


def test_members_that_are_stale_disconnected_or_unavailable_get_no_set_point() -> None:
    devices = [pv("good"), pv("stale"), pv("off"), pv("silent"), pv("good too")]
    members = members_of(
        devices,
        reading("good"),
        reading("stale", 1_500.0, age_s=100.0),
        reading("off", 3_000.0, connected=False),
        reading("good too"),
    )

    of = member_limits(ACTIVE, members, step_s=60)

    assert [devices[place].mrid for place in of.places] == ["good", "good too"]
    assert len(of.limits) == 2
    assert of.held == 1_500.0


def test_merit_order_goes_by_merit_and_then_by_mrid() -> None:
    devices = [pv("C", merit=1), pv("A", merit=1), pv("B", merit=0), pv("D", merit=-1)]
    members = members_of(devices, *(reading(mrid) for mrid in "CAB"))

    assert set_points(7_000.0, member_limits(ACTIVE, members, step_s=60).limits, Policy.MERIT) == [0, 2_000, 5_000]


def test_a_source_that_contradicts_itself_gets_the_lower_of_its_words() -> None:
    of = member_limits(ACTIVE, members_of([pv("A")], reading("A", between=(2_000.0, 500.0))), step_s=60).limits

    assert (of.reach.lower.tolist(), of.reach.upper.tolist()) == ([500.0], [500.0])


@pytest.mark.parametrize("kind", sorted(set(ParameterKind) - {ACTIVE, REACTIVE}))
def test_only_powers_are_split(kind: ParameterKind) -> None:
    with pytest.raises(ValueError, match=f"{kind} is not a sum over members"):
        member_limits(kind, members_of([pv("A")], reading("A")), step_s=60)


@pytest.mark.parametrize("step_s", [0.0, -1.0, math.nan])
def test_a_step_without_length_is_refused(step_s: float) -> None:
    with pytest.raises(ValueError, match="longer than 0 s"):
        member_limits(ACTIVE, members_of([pv("A")], reading("A")), step_s=step_s)


@st.composite
def fleets(draw: st.DrawFn) -> list[tuple[Device, Reading]]:
    """Devices that may be slow, full, empty, cloudy or busy with reactive power, and what they say."""
    rows = []
    for number in range(draw(st.integers(1, 25))):
        mrid = f"D{number}"
        rating_w = draw(st.floats(100.0, 1e6))
        ramp = draw(st.none() | st.floats(0.1, 1e5))
        build = draw(st.sampled_from([pv, battery]))
        part = st.floats(-1.0, 1.0).map(lambda share, most=rating_w: share * most)
        of = build(mrid, rating_w, ramp_rate_max_w_per_s=ramp)
        low, high = sorted((draw(part), draw(part)))
        said = reading(
            mrid,
            draw(part),
            between=(min(low, 0.0), high),
            reactive_power_var=draw(part),
            soc_percent=draw(st.none() | st.floats(0, 100)),
        )
        rows.append((of, said))
    return rows


@settings(deadline=None)
@given(fleets(), st.floats(-1.5, 1.5), st.floats(1, 3_600), st.sampled_from(Policy))
def test_no_device_of_any_fleet_is_sent_beyond_its_plate_its_charge_or_its_circle(
    fleet: list[tuple[Device, Reading]], part: float, step_s: float, policy: Policy
) -> None:
    plates = [device.name_plate for device, _ in fleet]
    members = members_of((device for device, _ in fleet), *(said for _, said in fleet))
    of = member_limits(ACTIVE, members, step_s=step_s)
    target = part * sum(plate.active_power_max_w for plate in plates)

    allocation = allocate(target, of.limits, policy)

    check(Case(of=of.limits, target=target), allocation)
    for (device, said), power_w in zip(fleet, allocation.set_points, strict=True):
        plate = device.name_plate
        slack_w = 1e-9 * plate.apparent_power_max_va
        assert -plate.active_power_charge_max_w <= power_w <= plate.active_power_max_w
        if abs(said.reactive_power_var) <= plate.apparent_power_max_va:
            assert math.hypot(power_w, said.reactive_power_var) <= plate.apparent_power_max_va + slack_w
        assert power_w <= max(said.available_max_w, 0.0)
        if plate.energy_capacity_wh and said.soc_percent is not None:
            stored_wh = plate.energy_capacity_wh * said.soc_percent / 100
            after_wh = stored_wh - power_w * step_s / 3_600
            assert -1e-6 * plate.energy_capacity_wh <= after_wh <= (1 + 1e-6) * plate.energy_capacity_wh
