from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from xsdata.models.datatype import XmlDateTime

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupDispatches#"


class CurveStyle(Enum):
    constantYValue = "constantYValue"
    straightLineYValues = "straightLineYValues"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERCurveData:
    interval_number: int = field(
        metadata={
            "name": "intervalNumber",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        }
    )
    nominal_y_value: None | float = field(
        default=None,
        metadata={
            "name": "nominalYValue",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )


class DERParameterKind(Enum):
    activePower = "activePower"
    apparentPower = "apparentPower"
    decreasingRampRate = "decreasingRampRate"
    highFilterBiDirectionalRegulation = "highFilterBiDirectionalRegulation"
    highFilterDownRegulation = "highFilterDownRegulation"
    highFilterUpRegulation = "highFilterUpRegulation"
    increasingRampRate = "increasingRampRate"
    lowFilterBiDirectionalRegulation = "lowFilterBiDirectionalRegulation"
    lowFilterDownRegulation = "lowFilterDownRegulation"
    lowFilterUpRegulation = "lowFilterUpRegulation"
    reactivePower = "reactivePower"
    voltage = "voltage"


class DERUnitSymbol(Enum):
    A = "A"
    Ah = "Ah"
    As = "As"
    Btu = "Btu"
    Hz = "Hz"
    Q = "Q"
    Qh = "Qh"
    V = "V"
    VA = "VA"
    VAh = "VAh"
    VAr = "VAr"
    VArh = "VArh"
    VPerVA = "VPerVA"
    VPerVAr = "VPerVAr"
    Vh = "Vh"
    Vs = "Vs"
    W = "W"
    WPerA = "WPerA"
    WPers = "WPers"
    Wh = "Wh"
    deg = "deg"
    degC = "degC"
    h = "h"
    min = "min"
    ohm = "ohm"
    ohmPerm = "ohmPerm"
    ohmm = "ohmm"
    onePerHz = "onePerHz"
    s = "s"
    therm = "therm"


class FlowDirectionKind(Enum):
    forward = "forward"
    lagging = "lagging"
    leading = "leading"
    net = "net"
    none = "none"
    q1minusQ4 = "q1minusQ4"
    q1plusQ2 = "q1plusQ2"
    q1plusQ3 = "q1plusQ3"
    q1plusQ4 = "q1plusQ4"
    q2minusQ3 = "q2minusQ3"
    q2plusQ3 = "q2plusQ3"
    q2plusQ4 = "q2plusQ4"
    q3minusQ2 = "q3minusQ2"
    q3plusQ4 = "q3plusQ4"
    quadrant1 = "quadrant1"
    quadrant2 = "quadrant2"
    quadrant3 = "quadrant3"
    quadrant4 = "quadrant4"
    reverse = "reverse"
    total = "total"
    totalByPhase = "totalByPhase"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTypeAuthority:
    description: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        }
    )


class TimeIntervalKind(Enum):
    D = "D"
    M = "M"
    Y = "Y"
    h = "h"
    m = "m"
    s = "s"


class UnitMultiplier(Enum):
    E = "E"
    G = "G"
    M = "M"
    P = "P"
    T = "T"
    Y = "Y"
    Z = "Z"
    a = "a"
    c = "c"
    d = "d"
    da = "da"
    f = "f"
    h = "h"
    k = "k"
    m = "m"
    micro = "micro"
    n = "n"
    none = "none"
    p = "p"
    y = "y"
    z = "z"


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSchedule:
    curve_style_kind: None | CurveStyle = field(
        default=None,
        metadata={
            "name": "curveStyleKind",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    start_time: None | XmlDateTime = field(
        default=None,
        metadata={
            "name": "startTime",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    time_interval_duration: None | int = field(
        default=None,
        metadata={
            "name": "timeIntervalDuration",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    time_interval_unit: None | TimeIntervalKind = field(
        default=None,
        metadata={
            "name": "timeIntervalUnit",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    der_curve_data: tuple[DERCurveData, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "DERCurveData",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NameType:
    description: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        }
    )
    name_type_authority: None | NameTypeAuthority = field(
        default=None,
        metadata={
            "name": "NameTypeAuthority",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERMonitorableParameter:
    der_parameter: None | DERParameterKind = field(
        default=None,
        metadata={
            "name": "DERParameter",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    flow_direction: None | FlowDirectionKind = field(
        default=None,
        metadata={
            "name": "flowDirection",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    y_multiplier: None | UnitMultiplier = field(
        default=None,
        metadata={
            "name": "yMultiplier",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    y_unit: None | DERUnitSymbol = field(
        default=None,
        metadata={
            "name": "yUnit",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    dispatch_schedule: tuple[DispatchSchedule, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "DispatchSchedule",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        }
    )
    name_type: None | NameType = field(
        default=None,
        metadata={
            "name": "NameType",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDeviceGroup:
    mrid: None | str = field(
        default=None,
        metadata={
            "name": "mRID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    der_monitorable_parameter: None | DERMonitorableParameter = field(
        default=None,
        metadata={
            "name": "DERMonitorableParameter",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    names: tuple[Name, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Names",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatch:
    mrid: None | str = field(
        default=None,
        metadata={
            "name": "mRID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    end_device_group: None | EndDeviceGroup = field(
        default=None,
        metadata={
            "name": "EndDeviceGroup",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )
    names: tuple[Name, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Names",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatches:
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatches#"

    der_group_dispatch: tuple[DERGroupDispatch, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "DERGroupDispatch",
            "type": "Element",
            "min_occurs": 1,
        },
    )
