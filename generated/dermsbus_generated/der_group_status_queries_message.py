from __future__ import annotations

from dataclasses import dataclass, field

from xsdata.models.datatype import XmlDateTime

from dermsbus_generated.der_group_status_queries import DERGroupStatusQueries
from dermsbus_generated.der_group_statuses import DERGroupStatuses
from dermsbus_generated.message import (
    HeaderType,
    OperationSet,
    OptionType,
    ReplyType,
)

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueriesFaultMessageType:
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueriesPayloadType:
    der_group_statuses: None | DERGroupStatuses = field(
        default=None,
        metadata={
            "name": "DERGroupStatuses",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatuses#",
        },
    )
    operation_set: None | OperationSet = field(
        default=None,
        metadata={
            "name": "OperationSet",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )
    compressed: None | str = field(
        default=None,
        metadata={
            "name": "Compressed",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )
    format: None | str = field(
        default=None,
        metadata={
            "name": "Format",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueriesRequestType:
    start_time: None | XmlDateTime = field(
        default=None,
        metadata={
            "name": "StartTime",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )
    end_time: None | XmlDateTime = field(
        default=None,
        metadata={
            "name": "EndTime",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )
    option: tuple[OptionType, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Option",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )
    id: tuple[str, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "ID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )
    der_group_status_queries: DERGroupStatusQueries = field(
        metadata={
            "name": "DERGroupStatusQueries",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
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
class DERGroupStatusQueriesFaultMessage(DERGroupStatusQueriesFaultMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueriesRequestMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        }
    )
    request: None | DERGroupStatusQueriesRequestType = field(
        default=None,
        metadata={
            "name": "Request",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueriesResponseMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        }
    )
    payload: None | DERGroupStatusQueriesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueriesResponseType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        }
    )
    payload: None | DERGroupStatusQueriesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueriesRequestMessage(DERGroupStatusQueriesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueriesResponseMessage(DERGroupStatusQueriesResponseMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusQueriesMessage"
