"""Numbers of the wire to SI values and back: multiplier, unit, direction of flow and the width of ``xs:float``, once.

A value of the domain is in the SI unit of its parameter (W, VA, VAr, V, W/s), and power is positive when it flows into
the grid. On the wire a power without flowDirection is the same; ``forward`` (from the grid to the customer) turns the
sign, ``reverse`` does not. What is written never has a flowDirection.

Source: enumerations UnitMultiplier, DERUnitSymbol and FlowDirectionKind, unit table and decision 23 on open questions
of the project's reference tables; everything they leave open: house choice, ADR 17.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

from dermsbus.domain.quantities import ParameterKind
from dermsbus.errors import IncompleteRequest, RuleViolation

__all__ = ["EXPONENTS", "Band", "Scale", "chosen_scale", "float32", "ordered_units", "reported_units", "stated_scale"]

EXPONENTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "Y": 24,
        "Z": 21,
        "E": 18,
        "P": 15,
        "T": 12,
        "G": 9,
        "M": 6,
        "k": 3,
        "h": 2,
        "da": 1,
        "none": 0,
        "d": -1,
        "c": -2,
        "m": -3,
        "micro": -6,
        "n": -9,
        "p": -12,
        "f": -15,
        "a": -18,
        "z": -21,
        "y": -24,
    }
)
"""Power of ten of each ``UnitMultiplier``."""

_POWERS: Final = MappingProxyType(
    {ParameterKind.ACTIVE_POWER: "W", ParameterKind.APPARENT_POWER: "VA", ParameterKind.REACTIVE_POWER: "VAr"}
)
_UNITS: Final = MappingProxyType(
    {kind: "W" for kind in ParameterKind if "Filter" in kind}
    | dict(_POWERS)
    | {
        ParameterKind.VOLTAGE: "V",
        ParameterKind.INCREASING_RAMP_RATE: "WPers",
        ParameterKind.DECREASING_RAMP_RATE: "WPers",
    }
)
_ORDERED_SIGNS: Final[Mapping[str | None, Literal[1, -1]]] = MappingProxyType({None: 1, "reverse": 1, "forward": -1})
_REPORTED_SIGNS: Final[Mapping[str | None, Literal[1, -1]]] = MappingProxyType({"forward": -1, "net": -1})
_LARGEST: Final = 3.4028234663852886e38  # of xs:float, which is a 32-bit float
_KILO_FROM: Final = 1000.0


def ordered_units(parameter: ParameterKind) -> frozenset[str]:
    """The units in which *parameter* may be ordered: its SI unit alone."""
    return frozenset({_UNITS[parameter]})


def reported_units(parameter: ParameterKind) -> frozenset[str]:
    """The units in which *parameter* may be reported.

    Filter regulations are reported in VAr and Hz, too; their numbers are kept as they are told.
    """
    return ordered_units(parameter) | ({"VAr", "Hz"} if "Filter" in parameter else set())


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A value and its bounds; None where not told."""

    nominal: float | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How the numbers of one DERMonitorableParameter are meant: number times 10 to the exponent, with a sign.

    Attributes:
        multiplier: a ``UnitMultiplier``.
        unit: a ``DERUnitSymbol``.
        sign: -1 where the numbers count what flows from the grid.
    """

    multiplier: str
    unit: str
    sign: Literal[1, -1] = 1

    def read(self, number: float) -> float:
        """The SI value of a number of the wire; decimal, so that 0.9 k is 900 exactly.

        Raises:
            RuleViolation: NaN, infinite, or too large for ``xs:float`` as number or as value.
        """
        if not math.isfinite(number):
            raise RuleViolation(f"a value is {number}: state a finite number")
        value = float(Decimal(repr(number)).scaleb(EXPONENTS[self.multiplier]))
        if abs(number) > _LARGEST or abs(value) > _LARGEST:
            raise RuleViolation(
                f"{number!r} with multiplier {self.multiplier} is too large: check value and multiplier"
            )
        return self.sign * value + 0.0  # no negative zero

    def write(self, value: float) -> float:
        """The number of the wire of an SI value, in the digits of `float32`.

        Raises:
            ValueError: NaN, infinite or too large.
        """
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be written as a quantity")
        return float32(float(Decimal(repr(float(value))).scaleb(-EXPONENTS[self.multiplier])) * self.sign + 0.0)

    def read_band(self, *, nominal: float | None, minimum: float | None, maximum: float | None) -> Band:
        """The SI values of numbers of the wire; a turned sign makes the least the most.

        Raises:
            RuleViolation: as for `read`.
        """
        low, middle, high = (None if each is None else self.read(each) for each in (minimum, nominal, maximum))
        if self.sign < 0:
            low, high = high, low
        return Band(nominal=middle, minimum=low, maximum=high)

    def write_band(self, *, nominal: float | None, minimum: float | None, maximum: float | None) -> Band:
        """The numbers of the wire of SI values.

        Raises:
            ValueError: as for `write`.
        """
        low, middle, high = (None if each is None else self.write(each) for each in (minimum, nominal, maximum))
        if self.sign < 0:
            low, high = high, low
        return Band(nominal=middle, minimum=low, maximum=high)


def stated_scale(
    parameter: ParameterKind, *, multiplier: str | None, unit: str | None, direction: str | None, ordered: bool
) -> Scale:
    """How the numbers of a received DERMonitorableParameter are meant.

    Args:
        parameter: which.
        multiplier: its ``yMultiplier``.
        unit: its ``yUnit``.
        direction: its ``flowDirection``.
        ordered: the numbers are to be acted on, so that only directions with one clear sign will do. Of reported powers
            ``net`` counts as ``forward`` does, and a direction that has no sign leaves the number as it was told.

    Raises:
        IncompleteRequest: no multiplier or no unit.
        RuleViolation: the unit does not fit, or the direction gives an ordered power no sign.
    """
    if multiplier is None or unit is None:
        missing = "yMultiplier" if multiplier is None else "yUnit"
        raise IncompleteRequest(f"{parameter} has values and no {missing}: state it")
    fitting = ordered_units(parameter) if ordered else reported_units(parameter)
    if unit not in fitting:
        raise RuleViolation(f"unit {unit} does not fit {parameter}: use {' or '.join(sorted(fitting))}")
    return Scale(multiplier=multiplier, unit=unit, sign=_sign(parameter, direction, ordered=ordered))


def chosen_scale(parameter: ParameterKind, values: Iterable[float | None]) -> Scale:
    """How SI values are written: powers in k where any is 1000 or more, everything else without multiplier."""
    kilo = parameter in _POWERS and any(value is not None and abs(value) >= _KILO_FROM for value in values)
    return Scale(multiplier="k" if kilo else "none", unit=_UNITS[parameter])


def float32(value: float) -> float:
    """*value* in no more digits than tell its 32-bit float from the next; what it gives, it gives again.

    Raises:
        ValueError: too large.
    """
    try:
        packed = struct.pack("<f", value)
    except OverflowError as error:
        raise ValueError(f"{value!r} is too large for xs:float") from error
    told = _in_few_digits(value, packed)
    while (shorter := _in_few_digits(told, packed)) != told:  # once rounded, it may be rounded once more
        told = shorter
    return told


def _in_few_digits(value: float, packed: bytes) -> float:
    (nearest,) = struct.unpack("<f", packed)  # what lies between two 32-bit floats may round to the wrong one
    # six digits never lose one on the way through 32 bits, nine always tell two 32-bit floats apart
    texts = (f"{each:.{digits}g}" for each in (value, nearest) for digits in range(6, 10))
    return float(next(text for text in texts if _packs_to(text, packed)))


def _packs_to(text: str, packed: bytes) -> bool:
    try:
        return struct.pack("<f", float(text)) == packed
    except OverflowError:  # rounded up beyond the largest
        return False


def _sign(parameter: ParameterKind, direction: str | None, *, ordered: bool) -> Literal[1, -1]:
    if parameter not in _POWERS:
        return 1
    if not ordered:
        return _REPORTED_SIGNS.get(direction, 1)
    if direction not in _ORDERED_SIGNS:
        raise RuleViolation(
            f"flowDirection {direction} does not say which way {parameter} shall flow: "
            "use reverse (into the grid) or forward (from the grid), or leave it out for positive into the grid"
        )
    return _ORDERED_SIGNS[direction]
