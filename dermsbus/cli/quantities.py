"""Quantities as a person reads them: with a unit, in k or M where they are large."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dermsbus.domain.dispatch_rules import unit_of
from dermsbus.domain.quantities import ParameterKind

__all__ = ["Prefix", "prefix_of", "quantity", "quantity_range"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prefix:
    """A multiplier of a unit.

    Attributes:
        symbol: such as ``k``; empty for none.
        factor: how much it stands for.
        digits: how many a value has behind the point.
    """

    symbol: str
    factor: float
    digits: int


_NONE: Final = Prefix(symbol="", factor=1.0, digits=1)
_PREFIXES: Final = (
    Prefix(symbol="G", factor=1e9, digits=2),
    Prefix(symbol="M", factor=1e6, digits=2),
    Prefix(symbol="k", factor=1e3, digits=2),
)


def prefix_of(values: Iterable[float]) -> Prefix:
    """The prefix in which the largest of *values* is at least 1."""
    largest = max((abs(value) for value in values), default=0.0)
    return next((prefix for prefix in _PREFIXES if largest >= prefix.factor), _NONE)


def quantity(value: float, parameter: ParameterKind) -> str:
    """*value*, SI, with its unit, such as ``1.50 kW``."""
    prefix = prefix_of([value])
    rounded = round(value / prefix.factor, prefix.digits) + 0.0  # no minus before a zero
    return f"{rounded:.{prefix.digits}f} {prefix.symbol}{unit_of(parameter)}"


def quantity_range(values: Iterable[float], parameter: ParameterKind) -> str:
    """The least and the most of *values*, one if they are equal; empty if there is none."""
    told = sorted(set(values))
    return " … ".join(quantity(value, parameter) for value in dict.fromkeys((*told[:1], *told[-1:])))
