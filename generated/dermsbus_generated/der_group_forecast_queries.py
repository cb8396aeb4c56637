from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from xsdata.models.datatype import XmlDateTime

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupForecastQueries#"


class CurveStyle(Enum):
    constantYValue = "constantYValue"
    straightLineYValues = "straightLineYValues"


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
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        },
    )
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )


class TimeIntervalKind(Enum):
    D = "D"
    M = "M"
    Y = "Y"
    h = "h"
    m = "m"
    s = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERMonitorableParameter:
    der_parameter: DERParameterKind = field(
        metadata={
            "name": "DERParameter",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )
    flow_direction: None | FlowDirectionKind = field(
        default=None,
        metadata={
            "name": "flowDirection",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSchedule:
    curve_style_kind: CurveStyle = field(
        metadata={
            "name": "curveStyleKind",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )
    number_of_intervals: int = field(
        metadata={
            "name": "numberOfIntervals",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )
    start_time: XmlDateTime = field(
        metadata={
            "name": "startTime",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )
    time_interval_duration: int = field(
        metadata={
            "name": "timeIntervalDuration",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )
    time_interval_unit: TimeIntervalKind = field(
        metadata={
            "name": "timeIntervalUnit",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NameType:
    description: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        },
    )
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )
    name_type_authority: None | NameTypeAuthority = field(
        default=None,
        metadata={
            "name": "NameTypeAuthority",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )
    name_type: None | NameType = field(
        default=None,
        metadata={
            "name": "NameType",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDeviceGroup:
    mrid: None | str = field(
        default=None,
        metadata={
            "name": "mRID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        },
    )
    names: tuple[Name, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Names",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueries:
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastQueries#"

    der_monitorable_parameter: tuple[DERMonitorableParameter, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "DERMonitorableParameter",
            "type": "Element",
            "min_occurs": 1,
        },
    )
    dispatch_schedule: tuple[DispatchSchedule, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "DispatchSchedule",
            "type": "Element",
            "min_occurs": 1,
        },
    )
    end_device_group: tuple[EndDeviceGroup, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "EndDeviceGroup",
            "type": "Element",
            "min_occurs": 1,
        },
    )
