from __future__ import annotations

from dataclasses import dataclass, field

from xsdata.models.datatype import XmlDateTime

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroups#"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERFunction:
    connect_disconnect: bool = field(
        metadata={
            "name": "connectDisconnect",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    frequency_watt_curve_function: bool = field(
        metadata={
            "name": "frequencyWattCurveFunction",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    max_real_power_limiting: bool = field(
        metadata={
            "name": "maxRealPowerLimiting",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    ramp_rate_control: bool = field(
        metadata={
            "name": "rampRateControl",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    reactive_power_dispatch: bool = field(
        metadata={
            "name": "reactivePowerDispatch",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    real_power_dispatch: bool = field(
        metadata={
            "name": "realPowerDispatch",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    voltage_regulation: bool = field(
        metadata={
            "name": "voltageRegulation",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    volt_var_curve_function: bool = field(
        metadata={
            "name": "voltVarCurveFunction",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    volt_watt_curve_function: bool = field(
        metadata={
            "name": "voltWattCurveFunction",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTypeAuthority:
    description: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    date: None | XmlDateTime = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    major: None | int = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    minor: None | int = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    revision: None | int = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NameType:
    description: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    name_type_authority: None | NameTypeAuthority = field(
        default=None,
        metadata={
            "name": "NameTypeAuthority",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    name_type: None | NameType = field(
        default=None,
        metadata={
            "name": "NameType",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDevice:
    mrid: None | str = field(
        default=None,
        metadata={
            "name": "mRID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    names: tuple[Name, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Names",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDeviceGroup:
    mrid: None | str = field(
        default=None,
        metadata={
            "name": "mRID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    description: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    der_function: None | DERFunction = field(
        default=None,
        metadata={
            "name": "DERFunction",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    end_devices: tuple[EndDevice, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "EndDevices",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    names: tuple[Name, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Names",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    version: None | Version = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroups:
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroups#"

    end_device_group: tuple[EndDeviceGroup, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "EndDeviceGroup",
            "type": "Element",
            "min_occurs": 1,
        },
    )
