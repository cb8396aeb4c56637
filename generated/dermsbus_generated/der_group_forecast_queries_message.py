from __future__ import annotations

from dataclasses import dataclass, field

from xsdata.models.datatype import XmlDateTime

from dermsbus_generated.der_group_forecast_queries import DERGroupForecastQueries
from dermsbus_generated.der_group_forecasts import DERGroupForecasts
from dermsbus_generated.message import (
    HeaderType,
    OperationSet,
    OptionType,
    ReplyType,
)

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesFaultMessageType:
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesPayloadType:
    der_group_forecasts: None | DERGroupForecasts = field(
        default=None,
        metadata={
            "name": "DERGroupForecasts",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecasts#",
        },
    )
    operation_set: None | OperationSet = field(
        default=None,
        metadata={
            "name": "OperationSet",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )
    compressed: None | str = field(
        default=None,
        metadata={
            "name": "Compressed",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )
    format: None | str = field(
        default=None,
        metadata={
            "name": "Format",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesRequestType:
    start_time: None | XmlDateTime = field(
        default=None,
        metadata={
            "name": "StartTime",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )
    end_time: None | XmlDateTime = field(
        default=None,
        metadata={
            "name": "EndTime",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )
    option: tuple[OptionType, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Option",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )
    id: tuple[str, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "ID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )
    der_group_forecast_queries: DERGroupForecastQueries = field(
        metadata={
            "name": "DERGroupForecastQueries",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueries#",
        }
    )
    other_element: tuple[object, ...] = field(
        default_factory=tuple,
        metadata={
            "type": "Wildcard",
            "namespace": "##other",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesFaultMessage(DERGroupForecastQueriesFaultMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesRequestMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        }
    )
    request: None | DERGroupForecastQueriesRequestType = field(
        default=None,
        metadata={
            "name": "Request",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesResponseMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        }
    )
    payload: None | DERGroupForecastQueriesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesResponseType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        }
    )
    payload: None | DERGroupForecastQueriesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesRequestMessage(DERGroupForecastQueriesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastQueriesResponseMessage(DERGroupForecastQueriesResponseMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastQueriesMessage"
