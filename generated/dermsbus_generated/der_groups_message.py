from __future__ import annotations

from dataclasses import dataclass, field

from dermsbus_generated.der_groups import DERGroups
from dermsbus_generated.message import (
    HeaderType,
    OperationSet,
    ReplyType,
    RequestType,
)

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsFaultMessageType:
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsPayloadType:
    der_groups: DERGroups = field(
        metadata={
            "name": "DERGroups",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroups#",
        }
    )
    operation_set: None | OperationSet = field(
        default=None,
        metadata={
            "name": "OperationSet",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        },
    )
    compressed: None | str = field(
        default=None,
        metadata={
            "name": "Compressed",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        },
    )
    format: None | str = field(
        default=None,
        metadata={
            "name": "Format",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsEventMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        }
    )
    payload: None | DERGroupsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsFaultMessage(DERGroupsFaultMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsRequestMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        }
    )
    request: None | RequestType = field(
        default=None,
        metadata={
            "name": "Request",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        },
    )
    payload: None | DERGroupsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsResponseMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        }
    )
    payload: None | DERGroupsPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupsMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDERGroups(DERGroupsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledDERGroups(DERGroupsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDERGroups(DERGroupsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDERGroups(DERGroupsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDERGroups(DERGroupsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDERGroups(DERGroupsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDERGroups(DERGroupsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedDERGroups(DERGroupsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupsResponseMessage(DERGroupsResponseMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDERGroups(DERGroupsRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedDERGroups(DERGroupsEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupsMessage"
