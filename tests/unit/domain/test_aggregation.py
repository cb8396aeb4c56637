"""The status of a group from the last values of its members."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermsbus.domain.aggregation import aggregate
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FleetState, roster
from dermsbus.domain.model import EndDeviceGroup, GroupReference
from dermsbus.domain.quantities import GroupStatus, ParameterKind, ParameterStatus
from tests.unit.domain.builders import device, devices, function, group, names
from tests.unit.domain.fleet_builders import NOW, STALE_AFTER_S, battery, pv, reading, state_of

DG2 = function("connect_disconnect", "real_power_dispatch")
DG4 = function("voltage_regulation")
DG6 = function("real_power_dispatch", "reactive_power_dispatch")


def status(state: FleetState, of: EndDeviceGroup | None = None, *, with_apparent_power: bool = False) -> GroupStatus:
    everyone = of or group("G", members=devices(*state.fleet), der_function=DG6)
    return aggregate(everyone, state, NOW, stale_after_s=STALE_AFTER_S, with_apparent_power=with_apparent_power)


def of_kind(kind: ParameterKind, told: GroupStatus) -> ParameterStatus:
    (parameter,) = (parameter for parameter in told.parameters if parameter.parameter is kind)
    return parameter


def active_power(told: GroupStatus) -> ParameterStatus:
    return of_kind(ParameterKind.ACTIVE_POWER, told)


def test_powers_of_members_are_added_with_their_signs() -> None:
    state = state_of(
        [pv("A"), battery("B")],
        reading("A", 3_000.0, between=(0.0, 4_000.0), age_s=5.0),
        reading("B", -1_000.0, between=(-5_000.0, 2_000.0), age_s=7.0),
    )

    told = status(state)

    assert told.group == GroupReference(mrid="G")
    assert told.at == NOW
    assert told.value == "Online"
    assert told.remark == "2 good, 0 stale, 0 unavailable"
    assert active_power(told) == ParameterStatus(
        parameter=ParameterKind.ACTIVE_POWER,
        at=NOW - timedelta(seconds=7),
        value=2_000.0,
        available_min=-5_000.0,
        available_max=6_000.0,
        installed_min=-5_000.0,
        installed_max=10_000.0,
    )


@pytest.mark.parametrize(
    ("functions", "apparent", "kinds"),
    [
        (DG2, False, "activePower"),
        (DG4, False, "activePower voltage"),
        (DG6, False, "activePower reactivePower"),
        (DG6, True, "activePower reactivePower apparentPower"),
        (DG2, True, "activePower apparentPower"),
        (DG4, True, "activePower voltage"),
        (None, True, "activePower"),
    ],
)
def test_the_parameters_follow_the_functions_of_the_group(functions: object, apparent: bool, kinds: str) -> None:
    state = state_of([pv("A")], reading("A", voltage_v=230.0))
    told = status(state, group("G", members=devices("A"), der_function=functions), with_apparent_power=apparent)

    assert " ".join(parameter.parameter for parameter in told.parameters) == kinds


def test_a_group_with_reactive_power_tells_its_sum_and_bounds() -> None:
    state = state_of(
        [pv("A"), pv("B")],
        reading("A", 3_000.0, reactive_power_var=1_000.0),
        reading("B", 4_900.0, reactive_power_var=-500.0),
    )

    told = of_kind(ParameterKind.REACTIVE_POWER, status(state))

    left = math.sqrt(5_000.0**2 - 4_900.0**2)  # what active power leaves of the circle of B
    assert told.value == 500.0
    assert (told.installed_min, told.installed_max) == (-5_000.0, 5_000.0)
    assert told.available_max == pytest.approx(2_500.0 + left)
    assert told.available_min == pytest.approx(-2_500.0 - left)


def test_available_active_power_stays_in_the_rating_and_in_what_reactive_power_leaves_of_the_circle() -> None:
    state = state_of(
        [pv("A"), battery("B")],
        reading("A", between=(0.0, 9_000.0)),
        reading("B", between=(-5_000.0, 5_000.0), reactive_power_var=3_000.0),
    )

    told = active_power(status(state))

    assert (told.available_min, told.available_max) == (-4_000.0, 5_000.0 + 4_000.0)


def test_apparent_power_is_that_of_the_sums() -> None:
    state = state_of(
        [pv("A"), pv("B")],
        reading("A", 3_000.0, reactive_power_var=2_000.0),
        reading("B", 3_000.0, reactive_power_var=-2_000.0),
    )

    told = of_kind(ParameterKind.APPARENT_POWER, status(state, with_apparent_power=True))

    assert told.value == 6_000.0
    assert (told.installed_min, told.installed_max) == (0.0, 10_000.0)
    assert (told.available_min, told.available_max) == (None, 10_000.0)


def test_voltage_is_the_mean_of_those_that_measure_it_and_has_no_bounds() -> None:
    state = state_of(
        [pv("A"), pv("B"), pv("C"), pv("D")],
        reading("A", voltage_v=228.0),
        reading("B", voltage_v=232.0),
        reading("C"),
        reading("D", voltage_v=0.0, connected=False),
    )

    told = of_kind(ParameterKind.VOLTAGE, status(state, group("G", members=devices(*"ABCD"), der_function=DG4)))

    assert told.value == 230.0
    assert (told.installed_min, told.installed_max, told.available_min, told.available_max) == (None,) * 4


def test_a_voltage_that_nobody_measures_has_no_value() -> None:
    state = state_of([pv("A")], reading("A"))

    assert of_kind(ParameterKind.VOLTAGE, status(state, group(members=devices("A"), der_function=DG4))).value is None


def test_a_stale_member_keeps_its_last_value_and_is_not_counted_on_for_more() -> None:
    state = state_of(
        [pv("A"), pv("B")],
        reading("A", 1_000.0, age_s=3.0),
        reading("B", 2_000.0, age_s=31.0, reactive_power_var=100.0),
    )

    told = status(state)

    assert told.value == "Degraded"
    assert told.remark == "1 good, 1 stale, 0 unavailable"
    assert active_power(told).value == 3_000.0
    assert (active_power(told).available_min, active_power(told).available_max) == (2_000.0, 7_000.0)
    assert active_power(told).installed_max == 10_000.0
    assert active_power(told).at == NOW - timedelta(seconds=3)


def test_a_group_of_stale_members_is_offline_and_tells_their_last_values_with_their_time() -> None:
    state = state_of([pv("A")], reading("A", 1_000.0, age_s=90.0))

    told = status(state)

    assert told.value == "Offline"
    assert active_power(told).value == 1_000.0
    assert active_power(told).at == NOW - timedelta(seconds=90)


@pytest.mark.parametrize(
    ("age_s", "value"), [(30.0, "Online"), (30.1, "Offline"), (-30.0, "Online"), (-30.1, "Offline")]
)
def test_a_reading_is_stale_beyond_the_age_allowed_and_as_far_in_the_future(age_s: float, value: str) -> None:
    assert status(state_of([pv("A")], reading("A", age_s=age_s))).value == value


def test_a_member_never_heard_of_is_unavailable_and_counts_only_in_what_is_installed() -> None:
    told = status(state_of([pv("A"), pv("B")], reading("A", 1_000.0)))

    assert told.value == "Degraded"
    assert told.remark == "1 good, 0 stale, 1 unavailable"
    assert active_power(told).value == 1_000.0
    assert (active_power(told).available_max, active_power(told).installed_max) == (5_000.0, 10_000.0)


def test_members_that_are_not_in_the_catalogue_are_unavailable() -> None:
    state = state_of([pv("A")], reading("A", 1_000.0))
    members = (*devices("A", "X"), device(None, "also unknown"))

    told = status(state, group("G", "west", members=members, der_function=DG2))

    assert told.group == GroupReference(mrid="G", names=names("west"))
    assert told.value == "Degraded"
    assert told.remark == "1 good, 0 stale, 2 unavailable (2 not in the catalogue)"
    assert active_power(told).installed_max == 5_000.0


@pytest.mark.parametrize("members", [(), devices("X")])
def test_a_group_of_which_nothing_is_known_is_offline_without_a_value(members: tuple[object, ...]) -> None:
    told = status(state_of([pv("A")], reading("A")), group("G", members=members, der_function=DG2))

    assert told.value == "Offline"
    assert active_power(told) == ParameterStatus(
        parameter=ParameterKind.ACTIVE_POWER, at=NOW, value=None, installed_min=0.0, installed_max=0.0
    )


def test_a_disconnected_member_gives_nothing_has_nothing_available_and_is_still_trusted() -> None:
    state = state_of(
        [pv("A"), pv("B")],
        reading("A", 1_000.0, between=(0.0, 4_000.0)),
        reading("B", 2_000.0, reactive_power_var=700.0, connected=False),
    )

    told = status(state)

    assert told.value == "Online"
    assert told.remark == "2 good, 0 stale, 0 unavailable, 1 disconnected"
    assert active_power(told).value == 1_000.0
    assert (active_power(told).available_min, active_power(told).available_max) == (0.0, 4_000.0)
    assert active_power(told).installed_max == 10_000.0
    assert of_kind(ParameterKind.REACTIVE_POWER, told).value == 0.0


def test_the_state_of_charge_weighs_each_storage_by_what_it_can_hold() -> None:
    state = state_of(
        [battery("A", energy_capacity_wh=30_000.0), battery("B", energy_capacity_wh=10_000.0), battery("C"), pv("D")],
        reading("A", soc_percent=80.0),
        reading("B", soc_percent=20.0, connected=False),
        reading("C"),
        reading("D"),
    )

    assert status(state).remark == "4 good, 0 stale, 0 unavailable, 1 disconnected, state of charge 65.0 %"


def test_a_device_listed_twice_or_by_mrid_and_by_name_is_counted_once() -> None:
    state = state_of([pv("A")], reading("A", 1_000.0))
    members = (*devices("A", "A", "X", "X"), device(None, "inverter", "A"))

    told = status(state, group("G", members=members, der_function=DG2))

    assert active_power(told).value == 1_000.0
    assert told.remark == "1 good, 0 stale, 1 unavailable (1 not in the catalogue)"


def test_a_device_in_overlapping_groups_that_are_members_of_a_group_is_counted_once() -> None:
    state = state_of([pv("A"), pv("B"), pv("C")], *(reading(mrid, 1_000.0) for mrid in "ABC"))
    groups = {
        "west": group("west", members=devices("A", "B")),
        "east": group("east", members=(*devices("B", "C"), *devices("west", "feeder"))),
        "feeder": group("feeder", members=devices("west", "east", "A"), der_function=DG2),
    }

    told = aggregate(groups["feeder"], state, NOW, stale_after_s=STALE_AFTER_S, find_group=groups.get)

    assert active_power(told).value == 3_000.0
    assert told.remark == "3 good, 0 stale, 0 unavailable"


def test_a_name_does_not_stand_in_for_an_mrid_that_is_unknown() -> None:
    who = roster(group("G", members=(device("X", "A"),)), Fleet([pv("A")]))

    assert (who.places.tolist(), who.unknown) == ([], 1)


def test_the_last_reading_of_a_device_counts() -> None:
    state = state_of([pv("A")], reading("A", 1_000.0), reading("A", 2_000.0))
    assert active_power(status(state)).value == 2_000.0

    state.put([reading("A", 500.0)])
    assert active_power(status(state)).value == 500.0


@pytest.mark.parametrize(
    "fault",
    [
        {"active_power_w": math.nan},
        {"reactive_power_var": math.inf},
        {"available_max_w": math.inf},
        {"available_min_w": math.nan},
    ],
)
def test_a_reading_that_is_no_number_makes_its_device_unavailable_and_spoils_no_sum(fault: dict[str, float]) -> None:
    state = state_of([pv("A"), pv("B")], reading("A", 1_000.0), replace(reading("B", 1_000.0), **fault))

    told = status(state)

    assert told.remark == "1 good, 0 stale, 1 unavailable"
    assert active_power(told).value == 1_000.0
    assert active_power(told).available_max == 5_000.0


def test_a_device_that_says_it_cannot_serve_is_unavailable_until_it_is_read_again() -> None:
    state = state_of([pv("A")], reading("A", 1_000.0))

    state.forget(["A"])
    assert status(state).remark == "0 good, 0 stale, 1 unavailable"
    assert active_power(status(state)).value is None

    state.put([reading("A", 700.0)])
    assert active_power(status(state)).value == 700.0


def test_a_reading_of_a_device_that_is_not_in_the_catalogue_is_refused_with_those_beside_it() -> None:
    state = state_of([pv("A")])

    with pytest.raises(ValueError, match="device 'X' is not in the catalogue"):
        state.put([reading("A"), reading("X")])
    with pytest.raises(ValueError, match="device 'X' is not in the catalogue"):
        state.forget(["X"])

    assert status(state).value == "Offline"


watts = st.floats(-5_000, 5_000)


@settings(deadline=None)
@given(st.lists(st.tuples(watts, watts, watts, st.floats(0, 60), st.booleans()), min_size=1, max_size=30), st.randoms())
def test_sums_do_not_depend_on_the_order_of_members_and_lie_within_their_bounds(rows: list, random: object) -> None:
    fleet = [battery(str(number)) for number in range(len(rows))]
    state = state_of(
        fleet,
        *(
            reading(str(number), now_w, between=(min(of), max(of)), age_s=age_s, connected=connected)
            for number, (now_w, *of, age_s, connected) in enumerate(rows)
        ),
    )
    order = list(state.fleet)
    random.shuffle(order)
    told = active_power(status(state))
    shuffled = active_power(status(state, group("G", members=devices(*order), der_function=DG6)))

    trusted = math.fsum(now_w for now_w, *_, connected in rows if connected)
    assert told.value == pytest.approx(trusted, abs=1e-6)
    assert shuffled.value == pytest.approx(told.value, abs=1e-6)
    assert told.installed_min - 1e-6 <= told.available_min <= told.available_max <= told.installed_max + 1e-6
