"""Devices: what they are, what they can do, what they do now. All values are frozen and in SI units.

Signs: active power is positive when it flows into the grid (generation, discharge) and negative when it is drawn from
it (load, charge); reactive power is positive when it is injected (over-excited). One convention for nameplates,
readings, commands and dispatches; the wire's own is translated at the door.

Source: IEEE 1547-2018 nameplate rows of the project's reference tables; the sign convention is a house choice, ADR 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["AbnormalCategory", "Device", "DeviceKind", "NamePlate", "NormalCategory", "Quality", "Reading"]


class DeviceKind(StrEnum):
    """What a device is, as the catalogue spells it."""

    PV = "pv"
    BATTERY = "battery"
    EV_CHARGER = "ev-charger"
    GENERATOR = "generator"
    LOAD = "load"


class AbnormalCategory(StrEnum):
    """Ride-through category of IEEE 1547-2018."""

    I = "I"  # noqa: E741 the category's name
    II = "II"
    III = "III"


class NormalCategory(StrEnum):
    """Voltage and reactive capability category of IEEE 1547-2018."""

    A = "A"
    B = "B"


@dataclass(frozen=True, kw_only=True, slots=True)
class NamePlate:
    """Ratings of one device; all numbers are 0 or more.

    Attributes:
        active_power_max_w: most that it injects; 0 for a pure load.
        active_power_charge_max_w: most that it draws; 0 for a pure source.
        apparent_power_max_va: radius of the circle in which active and reactive power have to stay together.
        reactive_power_injected_max_var: most that it injects.
        reactive_power_absorbed_max_var: most that it absorbs.
        ac_voltage_nominal_v: nominal voltage.
        ramp_rate_max_w_per_s: fastest change of active power; None if it is not limited.
        energy_capacity_wh: usable energy of storage; None for what stores none.
        charge_efficiency: part of the drawn energy that is stored, more than 0, at most 1.
        discharge_efficiency: part of the stored energy that is injected, more than 0, at most 1.
        abnormal_category: None where unknown.
        normal_category: None where unknown.
        manufacturer: empty where unknown, as the next three.
        model: as it calls itself.
        serial_number: of the maker.
        firmware_version: of its controller.
    """

    active_power_max_w: float
    active_power_charge_max_w: float = 0.0
    apparent_power_max_va: float
    reactive_power_injected_max_var: float = 0.0
    reactive_power_absorbed_max_var: float = 0.0
    ac_voltage_nominal_v: float = 230.0
    ramp_rate_max_w_per_s: float | None = None
    energy_capacity_wh: float | None = None
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    abnormal_category: AbnormalCategory | None = None
    normal_category: NormalCategory | None = None
    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    firmware_version: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """One row of the device catalogue.

    Attributes:
        mrid: as the groups' members name it.
        kind: what it is.
        adapter: entry-point name of the adapter that reaches it, such as ``simulated`` or ``sunspec``.
        address: in the adapter's own form.
        name_plate: its ratings.
        merit: order in which merit-order allocation calls on devices, smallest first.
    """

    mrid: str
    kind: DeviceKind
    adapter: str
    address: str
    name_plate: NamePlate
    merit: int = 0


class Quality(StrEnum):
    """How far a value can be trusted, best first."""

    GOOD = "good"
    STALE = "stale"
    """The last reading is older than it may be; the value is the last one known."""
    UNAVAILABLE = "unavailable"
    """There is no reading, or the device said that it cannot serve."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a device said of itself at one instant.

    Attributes:
        mrid: of the device.
        at: aware, UTC: when it was measured.
        active_power_w: now, signed.
        reactive_power_var: now, signed.
        voltage_v: at its terminals; None where it is not measured.
        available_max_w: most active power it could give now (sun, state of charge), signed.
        available_min_w: least it could give now: negative where it could draw. More than 0 is the minimum load of an
            engine, told whether it runs or not: it gives so much or more, or 0.
        soc_percent: state of charge, 0 to 100; None for what stores nothing.
        connected: False if it is separated from the grid.
    """

    mrid: str
    at: datetime
    active_power_w: float
    reactive_power_var: float = 0.0
    voltage_v: float | None = None
    available_max_w: float
    available_min_w: float
    soc_percent: float | None = None
    connected: bool = True
