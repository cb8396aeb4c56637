"""EndDeviceControls: generated classes to values of the domain and back.

Of a control nothing is passed over that would change which devices it reaches or what they do: what is not served there
rejects the control.

Source: table EndDeviceControls, sample 4.9 and connect and disconnect codes of the project's reference tables; which
parts are not served: house choice, ADR 18.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Final, TypeVar

from dermsbus.domain.controls import ControlKind, EndDeviceControl
from dermsbus.domain.identity import quoted, stated_reference
from dermsbus.domain.model import EndDevice, GroupReference
from dermsbus.errors import IDKind, IncompleteRequest, ObjectID, RequestError, RuleViolation, SchemaViolation, Violation
from dermsbus.messages.calendar import read_time_utc, write_time
from dermsbus.messages.envelope import EndDeviceControls, RejectedObject
from dermsbus.messages.names import NameWriter, read_names
from dermsbus_generated import end_device_controls as wire

__all__ = ["from_wire", "read_code", "to_wire"]

K = TypeVar("K")

_NAMES: Final = NameWriter(name=wire.Name, name_type=wire.NameType, authority=wire.NameTypeAuthority)
_ACTIONS: Final = MappingProxyType(
    {
        ControlKind.CONNECT: 18,
        ControlKind.DISCONNECT: 23,
        ControlKind.ARM_FOR_CLOSURE: 5,
        ControlKind.ARM_FOR_OPEN: 6,
        ControlKind.CANCEL: 8,
    }
)
_KINDS: Final = MappingProxyType({action: kind for kind, action in _ACTIONS.items()})
_CODE: Final = re.compile(r"(\d{1,3})\.31\.0\.(\d{1,3})", re.ASCII)
_DEVICE_TYPES: Final = frozenset({0, 2, 3})  # 2 is DER; peers also send 0 (not applicable) and 3 (electric meter)
_NOT_RANDOM: Final = frozenset({None, wire.RandomisationKind.none, wire.RandomisationKind.default})
_LONGEST_S: Final = 100 * 366 * 86_400.0


def from_wire(message: wire.EndDeviceControls, zone: tzinfo) -> EndDeviceControls:
    """The controls of a payload; times without zone are taken to be in *zone*.

    Raises:
        SchemaViolation: code 1.7, there is no control in it, which the schema allows.
    """
    if not message.end_device_control:
        raise SchemaViolation(
            Violation(rule="EMPTY-PAYLOAD", details="EndDeviceControls holds no EndDeviceControl to act on"), code="1.7"
        )
    return EndDeviceControls(controls=tuple(_read(each, zone) for each in message.end_device_control))


def to_wire(content: EndDeviceControls) -> wire.EndDeviceControls:
    """The payload of controls.

    Raises:
        TypeError: a rejected object.
    """
    return wire.EndDeviceControls(end_device_control=tuple(_write(control) for control in content.controls))


def _read(control: wire.EndDeviceControl, zone: tzinfo) -> EndDeviceControl | RejectedObject:
    try:
        return _control(control, zone)
    except RequestError as error:
        mrid = control.mrid
        object_id = ObjectID(value=mrid, kind=IDKind.UUID, object_type="EndDeviceControl") if mrid is not None else None
        return RejectedObject.of(error, object_id)


def _control(control: wire.EndDeviceControl, zone: tzinfo) -> EndDeviceControl:
    device_type, kind = read_code("EndDeviceControlType", control.end_device_control_type.ref, _KINDS)
    _check_served(control)
    starts_at, duration_s = _timing(control.primary_device_timing, zone)
    return EndDeviceControl(
        mrid=control.mrid,
        kind=kind,
        device_type=device_type,
        groups=_groups(control),
        devices=_devices(control),
        starts_at=starts_at,
        duration_s=duration_s,
        reason=control.reason,
        issuer_id=control.issuer_id,
        issuer_tracking_id=control.issuer_tracking_id,
    )


def read_code(element: str, ref: str | None, kinds: Mapping[int, K]) -> tuple[int, K]:
    """Device type and meaning of a control's or event's code, such as ``2.31.0.18``.

    Args:
        element: whose ``ref`` it is.
        ref: the code.
        kinds: what its last part means.

    Raises:
        IncompleteRequest: there is none.
        RuleViolation: it is of another device, domain or meaning.
    """
    known = ", ".join(f"2.31.0.{number} {kind}" for number, kind in kinds.items())
    if ref is None:
        raise IncompleteRequest(f"{element} has no ref: state one of {known}")
    match = _CODE.fullmatch(ref.strip())
    kind = kinds.get(int(match[2])) if match else None
    if match is None or kind is None or int(match[1]) not in _DEVICE_TYPES:
        raise RuleViolation(f"{element} {quoted(ref)} is not known here: known are {known}")
    return int(match[1]), kind


def _check_served(control: wire.EndDeviceControl) -> None:
    parts = {
        "PanDemandResponse": control.pan_demand_response,
        "PanDisplay": control.pan_display,
        "PanPricing": control.pan_pricing,
        "secondaryDeviceTiming": control.secondary_device_timing,
        "UsagePointGroups": control.usage_point_groups,
        "UsagePoints": control.usage_points,
    }
    present = [name for name, part in parts.items() if part]
    if present:
        raise RuleViolation(f"{', '.join(present)} of a control is not served: leave it out, name groups and devices")
    if not control.end_device_groups and not control.end_devices:
        raise IncompleteRequest("a control names neither EndDeviceGroups nor EndDevices: state what it is for")


def _groups(control: wire.EndDeviceControl) -> tuple[GroupReference, ...]:
    groups = tuple(
        stated_reference(GroupReference(mrid=group.mrid, names=read_names(group.names)))
        for group in control.end_device_groups
    )
    # in a query this would mean all groups, in a control it must never
    if GroupReference() in groups:
        raise IncompleteRequest("EndDeviceGroups of a control has neither mRID nor Names: state which group")
    return groups


def _devices(control: wire.EndDeviceControl) -> tuple[EndDevice, ...]:
    devices = tuple(EndDevice(mrid=device.mrid, names=read_names(device.names)) for device in control.end_devices)
    if any(stated_reference(GroupReference(mrid=each.mrid, names=each.names)) == GroupReference() for each in devices):
        raise IncompleteRequest("EndDevices of a control has neither mRID nor Names: state which device")
    return devices


def _timing(timing: wire.EndDeviceTiming | None, zone: tzinfo) -> tuple[datetime | None, float | None]:
    """When a control begins, and how many seconds it holds."""
    if timing is None:
        return None, None
    if timing.randomisation not in _NOT_RANDOM:
        raise RuleViolation("randomisation of a control is not served: leave it out")
    interval = timing.interval
    start = read_time_utc(interval.start, zone) if interval and interval.start else None
    end = read_time_utc(interval.end, zone) if interval and interval.end else None
    lengths = set()
    if timing.duration is not None:
        lengths.add(_seconds(timing.duration))
    if end is not None:
        if start is None:
            raise IncompleteRequest("interval of a control has an end and no start: state both, or a duration")
        lengths.add((end - start).total_seconds())
    if len(lengths) > 1 or (lengths and timing.duration_indefinite):
        raise RuleViolation("duration, durationIndefinite and interval of a control contradict each other: state one")
    if any(not 0 < length <= _LONGEST_S for length in lengths):
        raise RuleViolation("a control lasts no time at all, or more than 100 years: check duration and interval")
    return start, next(iter(lengths), None)


def _seconds(minutes: float) -> float:
    """Minutes of the wire in seconds, to the millisecond; what is not finite is left to the check of its range."""
    return round(minutes * 60, 3)


def _write(control: EndDeviceControl | RejectedObject) -> wire.EndDeviceControl:
    if isinstance(control, RejectedObject):
        raise TypeError("a rejected control cannot be written")
    return wire.EndDeviceControl(
        mrid=control.mrid,
        issuer_id=control.issuer_id,
        issuer_tracking_id=control.issuer_tracking_id,
        reason=control.reason,
        end_device_control_type=wire.EndDeviceControl.EndDeviceControlType(
            ref=f"{control.device_type}.31.0.{_ACTIONS[control.kind]}"
        ),
        end_device_groups=tuple(
            wire.EndDeviceGroup(mrid=group.mrid, names=_NAMES.write(group.names)) for group in control.groups
        ),
        end_devices=tuple(
            wire.EndDevice(mrid=device.mrid, names=_NAMES.write(device.names)) for device in control.devices
        ),
        primary_device_timing=_write_timing(control),
    )


def _write_timing(control: EndDeviceControl) -> wire.EndDeviceTiming | None:
    """The end of a scheduled control is stated as an instant, which no rounding of minutes can move."""
    start, length_s = control.starts_at, control.duration_s
    if start is None:
        return None if length_s is None else wire.EndDeviceTiming(duration=length_s / 60)
    end = None if length_s is None else write_time(start + timedelta(seconds=length_s))
    return wire.EndDeviceTiming(
        duration_indefinite=True if length_s is None else None,
        interval=wire.DateTimeInterval(end=end, start=write_time(start)),
    )
