"""Numbers of the wire as SI values: every multiplier, unit and direction, and what is no number to act on."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dermsbus.domain.quantities import ParameterKind
from dermsbus.errors import IncompleteRequest, RuleViolation
from dermsbus.messages.units import (
    EXPONENTS,
    Scale,
    chosen_scale,
    float32,
    ordered_units,
    reported_units,
    stated_scale,
)
from dermsbus_generated import der_group_dispatches as wire

SI_UNITS = {
    "activePower": "W",
    "reactivePower": "VAr",
    "apparentPower": "VA",
    "voltage": "V",
    "increasingRampRate": "WPers",
    "decreasingRampRate": "WPers",
    "highFilterBiDirectionalRegulation": "W",
    "highFilterDownRegulation": "W",
    "highFilterUpRegulation": "W",
    "lowFilterBiDirectionalRegulation": "W",
    "lowFilterDownRegulation": "W",
    "lowFilterUpRegulation": "W",
}
POWERS = ["activePower", "reactivePower", "apparentPower"]
DIRECTIONS = [each.value for each in wire.FlowDirectionKind]


def scale(
    parameter: str = "activePower",
    *,
    multiplier: str | None = "k",
    unit: str | None = "W",
    direction: str | None = None,
    ordered: bool = True,
) -> Scale:
    kind = ParameterKind(parameter)
    return stated_scale(kind, multiplier=multiplier, unit=unit, direction=direction, ordered=ordered)


@pytest.mark.parametrize(
    ("multiplier", "value"),
    [
        ("Y", 9e23),
        ("Z", 9e20),
        ("E", 9e17),
        ("P", 9e14),
        ("T", 9e11),
        ("G", 9e8),
        ("M", 900_000.0),
        ("k", 900.0),
        ("h", 90.0),
        ("da", 9.0),
        ("none", 0.9),
        ("d", 0.09),
        ("c", 0.009),
        ("m", 0.0009),
        ("micro", 9e-7),
        ("n", 9e-10),
        ("p", 9e-13),
        ("f", 9e-16),
        ("a", 9e-19),
        ("z", 9e-22),
        ("y", 9e-25),
    ],
)
def test_every_multiplier_is_an_exact_power_of_ten(multiplier: str, value: float) -> None:
    assert scale(multiplier=multiplier).read(0.9) == value


def test_the_multipliers_are_those_of_the_schema() -> None:
    assert set(EXPONENTS) == {each.value for each in wire.UnitMultiplier}


@pytest.mark.parametrize("unit", [each.value for each in wire.DERUnitSymbol])
@pytest.mark.parametrize("parameter", [each.value for each in wire.DERParameterKind])
def test_a_parameter_is_ordered_in_its_own_unit_only(parameter: str, unit: str) -> None:
    if unit == SI_UNITS[parameter]:
        assert scale(parameter, unit=unit).unit == unit
        return
    with pytest.raises(RuleViolation) as refused:
        scale(parameter, unit=unit)
    assert refused.value.code == "6.1"
    assert f"unit {unit} does not fit {parameter}" in refused.value.details


@pytest.mark.parametrize("parameter", ParameterKind)
def test_only_filter_regulations_are_reported_in_more_than_one_unit(parameter: ParameterKind) -> None:
    more = {"VAr", "Hz"} if "Filter" in parameter else set()
    assert reported_units(parameter) == ordered_units(parameter) | more


@pytest.mark.parametrize("direction", [None, *DIRECTIONS])
@pytest.mark.parametrize("parameter", POWERS)
def test_an_ordered_power_flows_where_its_direction_says(parameter: str, direction: str | None) -> None:
    signs = {None: 1, "reverse": 1, "forward": -1}
    if direction in signs:
        stated = scale(parameter, unit=SI_UNITS[parameter], direction=direction)
        assert stated.read(2.0) == signs[direction] * 2000.0
        return
    with pytest.raises(RuleViolation) as refused:
        scale(parameter, unit=SI_UNITS[parameter], direction=direction)
    assert refused.value.code == "6.1"


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_reported_power_is_turned_only_where_it_counts_what_flows_from_the_grid(direction: str) -> None:
    expected = -2000.0 if direction in {"forward", "net"} else 2000.0
    assert scale(direction=direction, ordered=False).read(2.0) == expected


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("parameter", ["voltage", "increasingRampRate", "decreasingRampRate"])
def test_a_direction_says_nothing_of_what_is_no_power(parameter: str, direction: str) -> None:
    stated = scale(parameter, multiplier="none", unit=SI_UNITS[parameter], direction=direction)
    assert stated.read(230.0) == 230.0


def test_a_turned_sign_makes_the_least_the_most() -> None:
    band = scale(direction="forward").read_band(nominal=2.0, minimum=1.0, maximum=3.0)

    assert (band.minimum, band.nominal, band.maximum) == (-3000.0, -2000.0, -1000.0)


def test_nothing_ordered_in_either_direction_is_plain_zero() -> None:
    assert math.copysign(1, scale(direction="forward").read(0.0)) == 1
    assert math.copysign(1, scale(direction="reverse").read(-0.0)) == 1


@pytest.mark.parametrize(
    ("number", "multiplier"),
    [
        (math.nan, "k"),
        (math.inf, "k"),
        (-math.inf, "none"),
        (1e39, "none"),
        (1e39, "y"),
        (1e30, "Y"),
        (-3.5e38, "none"),
    ],
)
def test_what_is_no_finite_number_of_its_type_is_refused(number: float, multiplier: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        scale(multiplier=multiplier).read(number)
    assert refused.value.code == "6.1"


@pytest.mark.parametrize(("multiplier", "unit"), [(None, "W"), ("k", None)])
def test_values_without_multiplier_or_unit_are_incomplete(multiplier: str | None, unit: str | None) -> None:
    with pytest.raises(IncompleteRequest) as refused:
        scale(multiplier=multiplier, unit=unit)
    assert refused.value.code == "5.8"


@pytest.mark.parametrize(
    ("parameter", "values", "multiplier"),
    [
        ("activePower", (999.9,), "none"),
        ("activePower", (1000.0,), "k"),
        ("activePower", (1.0, None, -2_520_000.0), "k"),
        ("reactivePower", (1000.0,), "k"),
        ("apparentPower", (1000.0,), "k"),
        ("activePower", (), "none"),
        ("voltage", (12_470.0,), "none"),
        ("increasingRampRate", (5000.0,), "none"),
        ("lowFilterUpRegulation", (5000.0,), "none"),
    ],
)
def test_powers_are_written_in_kilo_where_one_is_a_thousand_or_more(
    parameter: str, values: tuple[float | None, ...], multiplier: str
) -> None:
    chosen = chosen_scale(ParameterKind(parameter), values)

    assert (chosen.multiplier, chosen.unit) == (multiplier, SI_UNITS[parameter])


@pytest.mark.parametrize(
    ("value", "text"),
    [(900.0, "900.0"), (0.1, "0.1"), (1 / 3, "0.33333333"), (0.1 + 0.2, "0.3"), (-2520.5, "-2520.5"), (1e20, "1e+20")],
)
def test_a_number_is_written_in_no_more_digits_than_its_32_bit_float_has(value: float, text: str) -> None:
    assert repr(float32(value)) == text


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_no_32_bit_float_is_changed_by_writing_it(value: float) -> None:
    assert struct.pack("<f", float32(value)) == struct.pack("<f", value)


@given(st.floats(min_value=-1e9, max_value=1e9))
@example(25586598.96875)  # nine digits of it are those of the next 32-bit float
@example(4.3681061491)  # nine digits that, rounded, give eight of the same 32-bit float
def test_what_was_written_is_written_the_same_once_it_was_read(value: float) -> None:
    assert float32(float32(value)) == float32(value)


@given(
    number=st.decimals(min_value=-999_999, max_value=999_999, allow_nan=False, places=0).map(float),
    places=st.integers(min_value=0, max_value=6),
    parameter=st.sampled_from(ParameterKind),
)
def test_six_digits_go_out_and_come_back_as_they_were(number: float, places: int, parameter: ParameterKind) -> None:
    value = float(f"{number:.0f}e-{places}") + 0.0
    chosen = chosen_scale(parameter, [value])

    assert chosen.read(chosen.write(value)) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e39])
def test_what_cannot_be_told_is_not_written(value: float) -> None:
    with pytest.raises(ValueError, match=r"cannot be written|too large"):
        Scale(multiplier="none", unit="W").write(value)
