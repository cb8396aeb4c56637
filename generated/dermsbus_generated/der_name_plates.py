from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

__NAMESPACE__ = "urn:dermsbus:nameplate:1"


class AbnormalOperatingPerformanceCategory(Enum):
    I = "I"
    II = "II"
    III = "III"
    catI = "catI"
    catII = "catII"
    catIII = "catIII"


class NormalOperatingPerformanceCategory(Enum):
    A = "A"
    B = "B"
    catA = "catA"
    catB = "catB"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERNamePlate:
    mrid: str = field(
        metadata={
            "name": "mRID",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
        }
    )
    abnormal_operating_performance_category: None | AbnormalOperatingPerformanceCategory = field(
        default=None,
        metadata={
            "name": "abnormalOperatingPerformanceCategory",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
        },
    )
    active_power_charge_max: float = field(
        metadata={
            "name": "activePowerChargeMax",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_inclusive": 0.0,
            "max_exclusive": float("inf"),
        }
    )
    active_power_max: float = field(
        metadata={
            "name": "activePowerMax",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_inclusive": 0.0,
            "max_exclusive": float("inf"),
        }
    )
    ac_voltage_nominal: float = field(
        metadata={
            "name": "acVoltageNominal",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_exclusive": 0.0,
            "max_exclusive": float("inf"),
        }
    )
    apparent_power_max: float = field(
        metadata={
            "name": "apparentPowerMax",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_inclusive": 0.0,
            "max_exclusive": float("inf"),
        }
    )
    charge_efficiency: None | float = field(
        default=None,
        metadata={
            "name": "chargeEfficiency",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_exclusive": 0.0,
            "max_inclusive": 1.0,
        },
    )
    discharge_efficiency: None | float = field(
        default=None,
        metadata={
            "name": "dischargeEfficiency",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_exclusive": 0.0,
            "max_inclusive": 1.0,
        },
    )
    energy_capacity: None | float = field(
        default=None,
        metadata={
            "name": "energyCapacity",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_exclusive": 0.0,
            "max_exclusive": float("inf"),
        },
    )
    manufacturer: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
        },
    )
    model: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
        },
    )
    normal_operating_performance_category: None | NormalOperatingPerformanceCategory = field(
        default=None,
        metadata={
            "name": "normalOperatingPerformanceCategory",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
        },
    )
    ramp_rate_max: None | float = field(
        default=None,
        metadata={
            "name": "rampRateMax",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_exclusive": 0.0,
            "max_exclusive": float("inf"),
        },
    )
    reactive_power_absorbed_max: float = field(
        metadata={
            "name": "reactivePowerAbsorbedMax",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_inclusive": 0.0,
            "max_exclusive": float("inf"),
        }
    )
    reactive_power_injected_max: float = field(
        metadata={
            "name": "reactivePowerInjectedMax",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
            "min_inclusive": 0.0,
            "max_exclusive": float("inf"),
        }
    )
    serial_number: None | str = field(
        default=None,
        metadata={
            "name": "serialNumber",
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
        },
    )
    version: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "urn:dermsbus:nameplate:1",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERNamePlates:
    class Meta:
        namespace = "urn:dermsbus:nameplate:1"

    der_name_plate: tuple[DERNamePlate, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "DERNamePlate",
            "type": "Element",
            "min_occurs": 1,
        },
    )
