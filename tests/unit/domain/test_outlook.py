"""What is said of an order when it comes, and whether that agrees with what is then done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermsbus.domain.der import Device, Reading
from dermsbus.domain.device_settings import DeviceFunction
from dermsbus.domain.fleet_state import FleetState, MemberStates, roster
from dermsbus.domain.model import GroupReference
from dermsbus.domain.outlook import Outlook, outlook
from dermsbus.domain.quantities import Curve, CurveStyle, Dispatch, IntervalUnit, ParameterKind, Point
from tests.unit.domain.builders import devices as members
from tests.unit.domain.builders import group
from tests.unit.domain.fleet_builders import NOW, STALE_AFTER_S, battery, pv, reading, state_of

NOTHING = Outlook()
ACTIVE, REACTIVE, VOLTAGE = ParameterKind.ACTIVE_POWER, ParameterKind.REACTIVE_POWER, ParameterKind.VOLTAGE


def order(
    value: float | None, parameter: ParameterKind = ACTIVE, *, starts_s: float = -60, lasts_s: float = 3_600
) -> Dispatch:
    at = NOW + timedelta(seconds=starts_s)
    curve = Curve(
        style=CurveStyle.CONSTANT_Y_VALUE,
        points=(Point(at=at, nominal=value),),
        ends_at=at + timedelta(seconds=lasts_s),
        interval=1,
        interval_unit=IntervalUnit.HOUR,
    )
    return Dispatch(mrid="O", group=GroupReference(mrid="G"), parameter=parameter, curves=(curve,), received_at=NOW)


def of(
    *devices: Device, readings: tuple[Reading, ...], can: frozenset[str] | None = None
) -> tuple[MemberStates, FleetState]:
    state = state_of(devices, *readings)
    for device in devices:
        state.know(device.mrid, {function.value for function in DeviceFunction} if can is None else can)
    everyone = roster(group("G", members=members(*state.fleet)), state.fleet)
    return state.members(everyone, NOW, stale_after_s=STALE_AFTER_S), state


def look(
    ordered: Dispatch, *devices: Device, readings: tuple[Reading, ...], can: frozenset[str] | None = None
) -> Outlook:
    seen, state = of(*devices, readings=readings, can=can)
    return outlook(ordered, seen, state, NOW)


def test_an_order_that_can_be_met_needs_no_word() -> None:
    assert look(order(4_000.0), pv("A"), readings=(reading("A"),)) == NOTHING


def test_an_order_that_falls_short_says_by_how_much() -> None:
    seen = look(order(4_000.0), pv("A"), readings=(reading("A", 1_000.0, between=(0.0, 2_500.0)),))

    assert seen.is_short
    assert seen.text == "asks for 4000 W now, and its members can give 2500 W: 1500 W short"


def test_what_stale_members_are_believed_to_give_counts() -> None:
    readings = (reading("A", 1_000.0), reading("B", 2_000.0, age_s=60.0))

    seen = look(order(8_000.0), pv("A"), pv("B"), readings=readings)

    assert seen.text == "asks for 8000 W now, and its members can give 7000 W: 1000 W short"


def test_what_is_ordered_for_later_is_not_judged_by_what_there_is_now() -> None:
    cloudy = (reading("A", between=(0.0, 10.0)),)

    assert look(order(4_000.0, starts_s=60), pv("A"), readings=cloudy) == NOTHING
    assert look(order(None), pv("A"), readings=cloudy) == NOTHING


def test_a_charge_that_lasts_as_long_as_the_order_does_is_enough() -> None:
    """5 kW for two minutes of the hour is left: the order is over before it is gone."""
    low = (reading("A", between=(-5_000.0, 5_000.0), soc_percent=2.0),)

    assert look(order(5_000.0, lasts_s=120), battery("A"), readings=low) == NOTHING
    assert look(order(5_000.0, lasts_s=3_600), battery("A"), readings=low).is_short


def test_an_order_that_no_member_has_a_function_for_moves_nothing_now_or_later() -> None:
    seen = look(
        order(1_000.0, REACTIVE, starts_s=60), pv("A"), readings=(reading("A"),), can=frozenset({"active_power_w"})
    )

    assert not seen.is_short
    assert seen.text == "moves nothing at present: no member that was reached has a function for reactivePower"


@pytest.mark.parametrize(
    "parameter", [ParameterKind.APPARENT_POWER, ParameterKind.INCREASING_RAMP_RATE, ParameterKind.DECREASING_RAMP_RATE]
)
def test_bounds_of_other_orders_have_nothing_that_could_fall_short(parameter: ParameterKind) -> None:
    assert look(order(1e9, parameter), pv("A"), readings=()) == NOTHING


def test_what_no_device_has_a_function_for_is_said_to_move_nothing() -> None:
    others = [kind for kind in ParameterKind if "filter" in kind.value.lower()]
    assert others

    for kind in others:
        seen = look(order(1.0, kind), pv("A"), readings=(reading("A"),))
        assert seen == Outlook(text=f"is kept and told, but moves nothing: no device has a function for {kind}")


def test_a_group_without_known_members_is_said_to_move_nothing() -> None:
    seen = look(order(1_000.0), readings=())

    assert seen == Outlook(text="moves nothing at present: no member of its group is in the catalogue of devices")


def test_a_voltage_that_none_can_hold_says_what_they_are_made_for() -> None:
    one = look(order(20_000.0, VOLTAGE), pv("A"), readings=(reading("A"),))
    two = look(
        order(20_000.0, VOLTAGE), pv("A"), pv("B", ac_voltage_nominal_v=400.0), readings=(reading("A"), reading("B"))
    )

    assert one == Outlook(
        text="moves nothing: no member can hold 20000 V, their nominal voltage is 230 V", is_short=True
    )
    assert two.text.endswith("their nominal voltage is 230 to 400 V")
    assert look(order(235.0, VOLTAGE), pv("A"), readings=(reading("A"),)) == NOTHING


@given(
    st.lists(st.tuples(st.floats(0, 5_000), st.floats(0, 5_000), st.booleans()), min_size=1, max_size=5),
    st.floats(-1e5, 1e5),
)
def test_what_is_said_to_be_missing_is_what_members_do_not_have(
    says: list[tuple[float, float, bool]], target: float
) -> None:
    devices = [pv(f"D{place}") for place in range(len(says))]
    readings = tuple(
        reading(device.mrid, min(now, most), between=(0.0, most), connected=connected)
        for device, (now, most, connected) in zip(devices, says, strict=True)
    )
    most = sum(most for _, most, connected in says if connected)

    seen = look(order(target), *devices, readings=readings)

    if -0.9 <= target <= most + 0.9:
        assert not seen.is_short
    elif not -1.1 <= target <= most + 1.1:
        assert seen.is_short
