from __future__ import annotations

from dataclasses import dataclass, field

from xsdata.models.datatype import XmlDateTime

from dermsbus_generated.der_group_queries import DERGroupQueries
from dermsbus_generated.der_groups import DERGroups
from dermsbus_generated.message import (
    HeaderType,
    OperationSet,
    OptionType,
    ReplyType,
)

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupQueriesFaultMessageType:
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupQueriesPayloadType:
    der_groups: None | DERGroups = field(
        default=None,
        metadata={
            "name": "DERGroups",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        },
    )
    operation_set: None | OperationSet = field(
        default=None,
        metadata={
            "name": "OperationSet",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )
    compressed: None | str = field(
        default=None,
        metadata={
            "name": "Compressed",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )
    format: None | str = field(
        default=None,
        metadata={
            "name": "Format",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupQueriesRequestType:
    start_time: None | XmlDateTime = field(
        default=None,
        metadata={
            "name": "StartTime",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )
    end_time: None | XmlDateTime = field(
        default=None,
        metadata={
            "name": "EndTime",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )
    option: tuple[OptionType, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Option",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )
    id: tuple[str, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "ID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )
    der_group_queries: DERGroupQueries = field(
        metadata={
            "name": "DERGroupQueries",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueries#",
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
class DERGroupQueriesFaultMessage(DERGroupQueriesFaultMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupQueriesRequestMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        }
    )
    request: None | DERGroupQueriesRequestType = field(
        default=None,
        metadata={
            "name": "Request",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupQueriesResponseMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        }
    )
    payload: None | DERGroupQueriesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupQueriesResponseType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        }
    )
    payload: None | DERGroupQueriesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupQueriesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupQueriesRequestMessage(DERGroupQueriesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupQueriesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupQueriesResponseMessage(DERGroupQueriesResponseMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupQueriesMessage"
