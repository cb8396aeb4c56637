"""Parts that many JSON values have in common: what is absent is left out, names are objects as on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from dermsbus.domain.model import GroupReference, Name
from dermsbus.domain.quantities import ParameterKind
from dermsbus.messages.units import ordered_units

__all__ = ["identity_json", "names_json", "stated", "unit_json"]


def stated(**values: object) -> dict[str, object]:
    """*values* but for those that are None or empty."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", [], {})}


def names_json(names: Iterable[Name]) -> list[dict[str, object]]:
    """Names with the name of their type, where they have one."""
    return [stated(name=name.name, NameType=name.name_type and name.name_type.name) for name in names]


def identity_json(of: GroupReference) -> dict[str, object]:
    """The mRID and the names of a group."""
    return stated(mRID=of.mrid, Names=names_json(of.names))


def unit_json(parameter: ParameterKind) -> str:
    """The SI unit of *parameter* as the wire spells it."""
    (unit,) = ordered_units(parameter)
    return unit
