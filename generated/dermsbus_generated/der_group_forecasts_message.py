from __future__ import annotations

from dataclasses import dataclass, field

from dermsbus_generated.der_group_forecasts import DERGroupForecasts
from dermsbus_generated.message import (
    HeaderType,
    OperationSet,
    ReplyType,
    RequestType,
)

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastsFaultMessageType:
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastsPayloadType:
    der_group_forecasts: DERGroupForecasts = field(
        metadata={
            "name": "DERGroupForecasts",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecasts#",
        }
    )
    operation_set: None | OperationSet = field(
        default=None,
        metadata={
            "name": "OperationSet",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        },
    )
    compressed: None | str = field(
        default=None,
        metadata={
            "name": "Compressed",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        },
    )
    format: None | str = field(
        default=None,
        metadata={
            "name": "Format",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastsEventMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        }
    )
    payload: None | DERGroupForecastsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastsFaultMessage(DERGroupForecastsFaultMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastsRequestMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        }
    )
    request: None | RequestType = field(
        default=None,
        metadata={
            "name": "Request",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        },
    )
    payload: None | DERGroupForecastsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastsResponseMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        }
    )
    payload: None | DERGroupForecastsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupForecastsMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDERGroupForecasts(DERGroupForecastsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledDERGroupForecasts(DERGroupForecastsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDERGroupForecasts(DERGroupForecastsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDERGroupForecasts(DERGroupForecastsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDERGroupForecasts(DERGroupForecastsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDERGroupForecasts(DERGroupForecastsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDERGroupForecasts(DERGroupForecastsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedDERGroupForecasts(DERGroupForecastsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupForecastsResponseMessage(DERGroupForecastsResponseMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDERGroupForecasts(DERGroupForecastsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedDERGroupForecasts(DERGroupForecastsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupForecastsMessage"
