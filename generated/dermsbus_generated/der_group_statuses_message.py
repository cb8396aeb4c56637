from __future__ import annotations

from dataclasses import dataclass, field

from dermsbus_generated.der_group_statuses import DERGroupStatuses
from dermsbus_generated.message import (
    HeaderType,
    OperationSet,
    ReplyType,
    RequestType,
)

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusesFaultMessageType:
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusesPayloadType:
    der_group_statuses: DERGroupStatuses = field(
        metadata={
            "name": "DERGroupStatuses",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatuses#",
        }
    )
    operation_set: None | OperationSet = field(
        default=None,
        metadata={
            "name": "OperationSet",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        },
    )
    compressed: None | str = field(
        default=None,
        metadata={
            "name": "Compressed",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        },
    )
    format: None | str = field(
        default=None,
        metadata={
            "name": "Format",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusesEventMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        }
    )
    payload: None | DERGroupStatusesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusesFaultMessage(DERGroupStatusesFaultMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusesRequestMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        }
    )
    request: None | RequestType = field(
        default=None,
        metadata={
            "name": "Request",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        },
    )
    payload: None | DERGroupStatusesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusesResponseMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        }
    )
    payload: None | DERGroupStatusesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDERGroupStatuses(DERGroupStatusesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledDERGroupStatuses(DERGroupStatusesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDERGroupStatuses(DERGroupStatusesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDERGroupStatuses(DERGroupStatusesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDERGroupStatuses(DERGroupStatusesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDERGroupStatuses(DERGroupStatusesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDERGroupStatuses(DERGroupStatusesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedDERGroupStatuses(DERGroupStatusesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusesResponseMessage(DERGroupStatusesResponseMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDERGroupStatuses(DERGroupStatusesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedDERGroupStatuses(DERGroupStatusesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusesMessage"
