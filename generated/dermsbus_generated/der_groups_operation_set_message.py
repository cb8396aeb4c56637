from __future__ import annotations

from dataclasses import dataclass, field

from dermsbus_generated.message import (
    HeaderType,
    OperationSet,
    ReplyType,
    RequestType,
)

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsOperationSetFaultMessageType:
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsPayloadType:
    operation_set: None | OperationSet = field(
        default=None,
        metadata={
            "name": "OperationSet",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        },
    )
    compressed: None | str = field(
        default=None,
        metadata={
            "name": "Compressed",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        },
    )
    format: None | str = field(
        default=None,
        metadata={
            "name": "Format",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsOperationSetEventMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        }
    )
    payload: None | DERGroupsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsOperationSetFaultMessage(DERGroupsOperationSetFaultMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsOperationSetRequestMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        }
    )
    request: None | RequestType = field(
        default=None,
        metadata={
            "name": "Request",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        },
    )
    payload: None | DERGroupsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsOperationSetResponseMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        }
    )
    payload: None | DERGroupsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsOperationSetResponseMessage(DERGroupsOperationSetResponseMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteDERGroupsOperationSet(DERGroupsOperationSetRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedDERGroupsOperationSet(DERGroupsOperationSetEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage"
