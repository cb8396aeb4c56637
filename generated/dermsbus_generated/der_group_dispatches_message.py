from __future__ import annotations

from dataclasses import dataclass, field

from dermsbus_generated.der_group_dispatches import DERGroupDispatches
from dermsbus_generated.message import (
    HeaderType,
    OperationSet,
    ReplyType,
    RequestType,
)

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatchesFaultMessageType:
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatchesPayloadType:
    der_group_dispatches: DERGroupDispatches = field(
        metadata={
            "name": "DERGroupDispatches",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatches#",
        }
    )
    operation_set: None | OperationSet = field(
        default=None,
        metadata={
            "name": "OperationSet",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        },
    )
    compressed: None | str = field(
        default=None,
        metadata={
            "name": "Compressed",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        },
    )
    format: None | str = field(
        default=None,
        metadata={
            "name": "Format",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatchesEventMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        }
    )
    payload: None | DERGroupDispatchesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatchesFaultMessage(DERGroupDispatchesFaultMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatchesRequestMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        }
    )
    request: None | RequestType = field(
        default=None,
        metadata={
            "name": "Request",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        },
    )
    payload: None | DERGroupDispatchesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatchesResponseMessageType:
    header: HeaderType = field(
        metadata={
            "name": "Header",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        }
    )
    reply: ReplyType = field(
        metadata={
            "name": "Reply",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        }
    )
    payload: None | DERGroupDispatchesPayloadType = field(
        default=None,
        metadata={
            "name": "Payload",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupDispatchesMessage",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDERGroupDispatches(DERGroupDispatchesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledDERGroupDispatches(DERGroupDispatchesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDERGroupDispatches(DERGroupDispatchesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDERGroupDispatches(DERGroupDispatchesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDERGroupDispatches(DERGroupDispatchesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDERGroupDispatches(DERGroupDispatchesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDERGroupDispatches(DERGroupDispatchesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedDERGroupDispatches(DERGroupDispatchesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupDispatchesResponseMessage(DERGroupDispatchesResponseMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDERGroupDispatches(DERGroupDispatchesRequestMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedDERGroupDispatches(DERGroupDispatchesEventMessageType):
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupDispatchesMessage"
