"""DERNamePlates: generated classes to values of the domain and back, and how a requester asks for them.

An extension of our own in `Reply`, where the envelope has room for elements of other namespaces. The standard has a
class DERNamePlate, and what stands in it is not public; so nothing is put into a payload.

Source: rows "DERNamePlate" and "category literals" of the open questions, and the DERNamePlate stand-in, of the
project's reference tables; what they leave open: house choice, ADR 22.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from dermsbus.domain.der import AbnormalCategory, NamePlate, NormalCategory
from dermsbus.messages.envelope import DERNamePlate, Property, Request
from dermsbus_generated import der_name_plates as wire

__all__ = ["ASKING_OPTION", "CategorySpelling", "are_asked_for", "from_wire", "to_wire"]

ASKING_OPTION: Final = Property(name="DERNamePlate", value="true")
"""The ``Request/Option`` with which a get of DERGroups asks for the name plates of the groups' members."""

_TRUE: Final = frozenset({"true", "1"})
_PREFIX: Final = "cat"


class CategorySpelling(StrEnum):
    """How the categories of IEEE 1547-2018 are written; both spellings are read, whatever is written."""

    PLAIN = "plain"
    """``I``, ``A`` …"""
    CAT = "cat"
    """``catI``, ``catA`` …, as published classes of CIM 18 spell them."""


def are_asked_for(request: Request | None) -> bool:
    """True if an Option of the request asks for name plates."""
    options = request.options if request else ()
    return any(each.name == ASKING_OPTION.name and (each.value or "").strip() in _TRUE for each in options)


def from_wire(message: wire.DERNamePlates) -> tuple[DERNamePlate, ...]:
    """The name plates of a reply that its schema has accepted, in order."""
    return tuple(DERNamePlate(mrid=each.mrid, name_plate=_name_plate(each)) for each in message.der_name_plate)


def to_wire(name_plates: Sequence[DERNamePlate], spelling: CategorySpelling) -> wire.DERNamePlates:
    """The element of name plates; it is valid for one or more of them."""
    return wire.DERNamePlates(der_name_plate=tuple(_wire_name_plate(each, spelling) for each in name_plates))


def _name_plate(plate: wire.DERNamePlate) -> NamePlate:
    abnormal, normal = plate.abnormal_operating_performance_category, plate.normal_operating_performance_category
    return NamePlate(
        active_power_max_w=plate.active_power_max,
        active_power_charge_max_w=plate.active_power_charge_max,
        apparent_power_max_va=plate.apparent_power_max,
        reactive_power_injected_max_var=plate.reactive_power_injected_max,
        reactive_power_absorbed_max_var=plate.reactive_power_absorbed_max,
        ac_voltage_nominal_v=plate.ac_voltage_nominal,
        ramp_rate_max_w_per_s=plate.ramp_rate_max,
        energy_capacity_wh=plate.energy_capacity,
        charge_efficiency=_or_lossless(plate.charge_efficiency),
        discharge_efficiency=_or_lossless(plate.discharge_efficiency),
        abnormal_category=AbnormalCategory(abnormal.value.removeprefix(_PREFIX)) if abnormal else None,
        normal_category=NormalCategory(normal.value.removeprefix(_PREFIX)) if normal else None,
        manufacturer=plate.manufacturer or "",
        model=plate.model or "",
        serial_number=plate.serial_number or "",
        firmware_version=plate.version or "",
    )


def _or_lossless(efficiency: float | None) -> float:
    return 1.0 if efficiency is None else efficiency


def _wire_name_plate(named: DERNamePlate, spelling: CategorySpelling) -> wire.DERNamePlate:
    plate = named.name_plate
    prefix = _PREFIX if spelling is CategorySpelling.CAT else ""
    abnormal, normal = plate.abnormal_category, plate.normal_category
    return wire.DERNamePlate(
        mrid=named.mrid,
        abnormal_operating_performance_category=wire.AbnormalOperatingPerformanceCategory(f"{prefix}{abnormal}")
        if abnormal
        else None,
        active_power_charge_max=plate.active_power_charge_max_w,
        active_power_max=plate.active_power_max_w,
        ac_voltage_nominal=plate.ac_voltage_nominal_v,
        apparent_power_max=plate.apparent_power_max_va,
        charge_efficiency=_unless_lossless(plate.charge_efficiency),
        discharge_efficiency=_unless_lossless(plate.discharge_efficiency),
        energy_capacity=plate.energy_capacity_wh,
        manufacturer=plate.manufacturer or None,
        model=plate.model or None,
        normal_operating_performance_category=wire.NormalOperatingPerformanceCategory(f"{prefix}{normal}")
        if normal
        else None,
        ramp_rate_max=plate.ramp_rate_max_w_per_s,
        reactive_power_absorbed_max=plate.reactive_power_absorbed_max_var,
        reactive_power_injected_max=plate.reactive_power_injected_max_var,
        serial_number=plate.serial_number or None,
        version=plate.firmware_version or None,
    )


def _unless_lossless(efficiency: float) -> float | None:
    return None if efficiency == 1 else efficiency
