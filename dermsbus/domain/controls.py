"""Connecting and disconnecting, and what devices tell of it.

Source: connect and disconnect codes and use case 14 of the project's reference tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dermsbus.domain.model import EndDevice, GroupReference, Name

__all__ = ["ControlKind", "EndDeviceControl", "EndDeviceEvent", "EventKind", "Status"]


class ControlKind(StrEnum):
    """What a control asks of the switch between a device and the grid."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
    ARM_FOR_CLOSURE = "arm for closure"
    """Connect when somebody on site says so; it is recognised, and not served."""
    ARM_FOR_OPEN = "arm for open"
    """Disconnect when somebody on site says so; it is recognised, and not served."""
    CANCEL = "cancel"
    """Take back an earlier control; it is recognised, and not served."""


class EventKind(StrEnum):
    """What became of a control at one device."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    CONNECT_FAILED = "connect failed"
    DISCONNECT_FAILED = "disconnect failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class EndDeviceControl:
    """One control of groups and devices, one or more in all.

    Attributes:
        mrid: of the control; None where not stated.
        kind: what is asked.
        device_type: first part of the code: 2 for DER; peers also say 0 (not applicable) and 3 (electric meter).
        groups: how it points at groups, each by mRID or names.
        devices: single devices, each by mRID or names.
        starts_at: aware, UTC; None for at once.
        duration_s: how long it holds, more than 0; None for until further notice.
        reason: why, for a person.
        issuer_id: who gave it.
        issuer_tracking_id: by what the issuer knows it.
    """

    mrid: str | None = None
    kind: ControlKind
    device_type: int = 2
    groups: tuple[GroupReference, ...] = ()
    devices: tuple[EndDevice, ...] = ()
    starts_at: datetime | None = None
    duration_s: float | None = None
    reason: str | None = None
    issuer_id: str | None = None
    issuer_tracking_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """A state in free text.

    Attributes:
        value: the state.
        at: aware, UTC: since when.
        reason: why.
        remark: anything else, for a person.
    """

    value: str | None = None
    at: datetime | None = None
    reason: str | None = None
    remark: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EndDeviceEvent:
    """What became of a control at one device.

    Attributes:
        mrid: of the event; None where not stated.
        kind: what happened.
        device_type: as in `EndDeviceControl`.
        device: by mRID or names.
        created_at: aware, UTC: when it happened.
        reason: why it failed, for a person.
        issuer_id: who gave the control.
        issuer_tracking_id: by what the issuer knows it.
        names: of the event.
        status: of the device after it.
    """

    mrid: str | None = None
    kind: EventKind
    device_type: int = 2
    device: EndDevice
    created_at: datetime
    reason: str | None = None
    issuer_id: str | None = None
    issuer_tracking_id: str | None = None
    names: tuple[Name, ...] = ()
    status: Status | None = None
