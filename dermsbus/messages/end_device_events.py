"""EndDeviceEvents: generated classes to values of the domain and back.

Source: table EndDeviceEvents, sample 4.9 and connect and disconnect codes of the project's reference tables.
"""

from __future__ import annotations

from datetime import tzinfo
from types import MappingProxyType
from typing import Final

from dermsbus.domain.controls import EndDeviceEvent, EventKind, Status
from dermsbus.domain.identity import stated_reference
from dermsbus.domain.model import EndDevice, GroupReference
from dermsbus.errors import IDKind, IncompleteRequest, ObjectID, RequestError, SchemaViolation, Violation
from dermsbus.messages.calendar import read_time_utc, write_time
from dermsbus.messages.end_device_controls import read_code
from dermsbus.messages.envelope import EndDeviceEvents, RejectedObject
from dermsbus.messages.names import NameWriter, read_names
from dermsbus_generated import end_device_events as wire

__all__ = ["from_wire", "to_wire"]

_NAMES: Final = NameWriter(name=wire.Name, name_type=wire.NameType, authority=wire.NameTypeAuthority)
_EVENTS: Final = MappingProxyType(
    {
        EventKind.CONNECTED: 42,
        EventKind.DISCONNECTED: 68,
        EventKind.CONNECT_FAILED: 67,
        EventKind.DISCONNECT_FAILED: 84,
    }
)
_KINDS: Final = MappingProxyType({event: kind for kind, event in _EVENTS.items()})


def from_wire(message: wire.EndDeviceEvents, zone: tzinfo) -> EndDeviceEvents:
    """The events of a payload; times without zone are taken to be in *zone*.

    Raises:
        SchemaViolation: code 1.7, there is no event in it, which the schema allows.
    """
    if not message.end_device_event:
        raise SchemaViolation(
            Violation(rule="EMPTY-PAYLOAD", details="EndDeviceEvents holds no EndDeviceEvent"), code="1.7"
        )
    return EndDeviceEvents(events=tuple(_read(each, zone) for each in message.end_device_event))


def to_wire(content: EndDeviceEvents) -> wire.EndDeviceEvents:
    """The payload of events.

    Raises:
        TypeError: a rejected object.
    """
    return wire.EndDeviceEvents(end_device_event=tuple(_write(event) for event in content.events))


def _read(event: wire.EndDeviceEvent, zone: tzinfo) -> EndDeviceEvent | RejectedObject:
    try:
        return _event(event, zone)
    except RequestError as error:
        mrid = event.mrid
        object_id = ObjectID(value=mrid, kind=IDKind.UUID, object_type="EndDeviceEvent") if mrid is not None else None
        return RejectedObject.of(error, object_id)


def _event(event: wire.EndDeviceEvent, zone: tzinfo) -> EndDeviceEvent:
    device_type, kind = read_code("EndDeviceEventType", event.end_device_event_type.ref, _KINDS)
    assets = event.assets
    device = EndDevice(mrid=assets.mrid, names=read_names(assets.names)) if assets else EndDevice()
    if stated_reference(GroupReference(mrid=device.mrid, names=device.names)) == GroupReference():
        raise IncompleteRequest("an EndDeviceEvent has no Assets with an mRID or name: state of which device it tells")
    return EndDeviceEvent(
        mrid=event.mrid,
        kind=kind,
        device_type=device_type,
        device=device,
        created_at=read_time_utc(event.created_date_time, zone),
        reason=event.reason,
        issuer_id=event.issuer_id,
        issuer_tracking_id=event.issuer_tracking_id,
        names=read_names(event.names),
        status=_status(event.status, zone) if event.status else None,
    )


def _status(status: wire.Status, zone: tzinfo) -> Status:
    return Status(
        value=status.value,
        at=read_time_utc(status.date_time, zone) if status.date_time else None,
        reason=status.reason,
        remark=status.remark,
    )


def _write(event: EndDeviceEvent | RejectedObject) -> wire.EndDeviceEvent:
    if isinstance(event, RejectedObject):
        raise TypeError("a rejected event cannot be written")
    return wire.EndDeviceEvent(
        mrid=event.mrid,
        created_date_time=write_time(event.created_at),
        issuer_id=event.issuer_id,
        issuer_tracking_id=event.issuer_tracking_id,
        reason=event.reason,
        assets=wire.Asset(mrid=event.device.mrid, names=_NAMES.write(event.device.names)),
        end_device_event_type=wire.EndDeviceEvent.EndDeviceEventType(
            ref=f"{event.device_type}.31.0.{_EVENTS[event.kind]}"
        ),
        names=_NAMES.write(event.names),
        status=_write_status(event.status) if event.status else None,
    )


def _write_status(status: Status) -> wire.Status:
    return wire.Status(
        date_time=write_time(status.at) if status.at else None,
        reason=status.reason,
        remark=status.remark,
        value=status.value,
    )
