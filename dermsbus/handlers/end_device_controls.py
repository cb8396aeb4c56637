"""EndDeviceControls: connect and disconnect devices, at once or at a time.

A control is answered when it is taken down. What became of it at each device, the executor tells in EndDeviceEvents
with the control's CorrelationID.

Source: use case 14, EPRI cases DERGCD-1A to DERGCD-1D and decision 34 on open questions of the project's reference
tables; house choices: ADR 18 and ADR 23.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import structlog

from dermsbus.dispatch import Desk, Event, Outcome
from dermsbus.domain.controls import ControlKind, EndDeviceControl, EndDeviceEvent
from dermsbus.domain.fleet_state import members_of
from dermsbus.domain.identity import device_id, group_id, quoted
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference
from dermsbus.domain.switching import SwitchOrder, failure_of
from dermsbus.errors import IDKind, MemberNotFound, ObjectID, RequestError, RuleViolation
from dermsbus.messages.envelope import EndDeviceControls, EndDeviceEvents, Envelope, Noun, Payload, RejectedObject, Verb

__all__ = ["create", "take_in_events"]

_log = structlog.get_logger(__name__)
_SERVED: Final = frozenset({ControlKind.CONNECT, ControlKind.DISCONNECT})


def create(message: Envelope, desk: Desk) -> Outcome:
    """New controls; a group or device that is refused keeps no other of its control from being switched."""
    done = 0
    errors: list[RequestError] = []
    notes: list[str] = []
    superseded: list[SwitchOrder] = []
    for control in _controls(message):
        try:
            if isinstance(control, RejectedObject):
                raise control.error
            _check(control, desk)
        except RequestError as error:
            errors.append(error)
            continue
        devices = _Devices(control, desk)
        done += devices.named
        errors.extend(devices.errors)
        notes.extend(devices.notes)
        superseded.extend(
            desk.switches.accept(control, devices.found.values(), correlation_id=_correlation_id(message))
        )
    events = tuple(_superseded_event(order, desk.field.now) for order in superseded)
    return Outcome(done=done, errors=tuple(errors), notes=tuple(notes), events=events)


def take_in_events(message: Envelope, desk: Desk) -> Outcome:  # noqa: ARG001 the signature of all handlers
    """What another system says has happened at devices of its own: acknowledged and logged."""
    content = message.payload.content if message.payload else None
    told = content.events if isinstance(content, EndDeviceEvents) else ()
    errors = tuple(each.error for each in told if isinstance(each, RejectedObject))
    source = message.header.source if message.header else None
    for each in told:
        if isinstance(each, EndDeviceEvent):
            named = device_id(each.device)
            _log.info("event of another system", source=source, device=named and named.value, kind=each.kind.value)
    return Outcome(done=len(told) - len(errors), errors=errors)


def _controls(message: Envelope) -> tuple[EndDeviceControl | RejectedObject, ...]:
    content = message.payload.content if message.payload else None
    return content.controls if isinstance(content, EndDeviceControls) else ()


def _correlation_id(message: Envelope) -> str | None:
    header = message.header
    return (header.correlation_id or header.message_id) if header else None


def _check(control: EndDeviceControl, desk: Desk) -> None:
    """Return if the control is one that is carried out.

    Raises:
        RuleViolation: it is of another kind, or of another time.
    """
    if control.kind not in _SERVED:
        raise RuleViolation(
            f"a control to {control.kind} is not served: connect (2.31.0.18) and disconnect (2.31.0.23) are",
            object_id=_control_id(control),
        )
    starts_at, now = control.starts_at, desk.field.now
    if starts_at is None:
        return
    behaviour = desk.behaviour
    ends_at = None if control.duration_s is None else starts_at + timedelta(seconds=control.duration_s)
    if behaviour.refuse_expired_dispatch and ends_at is not None and ends_at <= now:
        raise RuleViolation(
            f"the control expired: it ended at {ends_at.isoformat()}, and it is {now.isoformat()}; state a later start",
            object_id=_control_id(control),
        )
    if behaviour.dispatch_horizon_days and starts_at - now > timedelta(days=behaviour.dispatch_horizon_days):
        raise RuleViolation(
            f"the control starts at {starts_at.isoformat()}, more than {behaviour.dispatch_horizon_days:g} days from "
            f"now ({now.isoformat()}): send it nearer to its time",
            object_id=_control_id(control),
        )


def _control_id(control: EndDeviceControl) -> ObjectID | None:
    mrid = control.mrid
    return None if mrid is None else ObjectID(value=mrid, kind=IDKind.UUID, object_type="EndDeviceControl")


class _Devices:
    """The devices that a control names by themselves or by their groups, each once, and what is wrong with it.

    Attributes:
        found: by what they are told apart.
        named: how many groups and devices of the control can be switched.
        errors: one for each that cannot.
        notes: for the reply.
    """

    def __init__(self, control: EndDeviceControl, desk: Desk) -> None:
        self._desk = desk
        self.found: dict[object, EndDevice] = {}
        self.named = 0
        self.errors: list[RequestError] = []
        self.notes: list[str] = []
        for reference in control.groups:
            try:
                self._add_group(desk.groups.find(reference, desk.behaviour), reference)
            except RequestError as error:
                self.errors.append(error)
        for device in control.devices:
            try:
                self._add([self._known(device)])
            except RequestError as error:
                self.errors.append(error)

    def _add(self, devices: list[EndDevice]) -> None:
        self.named += 1
        for device in devices:
            self.found.setdefault(device.mrid or device.names, device)

    def _add_group(self, group: EndDeviceGroup, reference: GroupReference) -> None:
        function = group.der_function
        if self._desk.behaviour.connect_needs_function and not (function and function.connect_disconnect):
            raise RuleViolation(
                "the DERFunction of the group has no connectDisconnect: change its DERFunction, or control its devices "
                "one by one",
                object_id=group_id(reference),
            )
        members = members_of(group, self._desk.field.state.fleet, self._desk.groups.get)
        if not members:
            named = group_id(reference)
            self.notes.append(f"the group {quoted(named.value if named else '')} has no members to switch")
        self._add(list(members))

    def _known(self, device: EndDevice) -> EndDevice:
        """The device as the catalogue has it.

        Raises:
            MemberNotFound: it has it not.
        """
        places = self._desk.field.state.fleet.places
        for text in self._ids(device):
            if text in places:
                return EndDevice(mrid=text, names=device.names)
        raise MemberNotFound(
            "the device is not in the catalogue: name one that is, or the group it is a member of",
            object_id=device_id(device),
        )

    @staticmethod
    def _ids(device: EndDevice) -> Iterator[str]:
        """What the device may be called in the catalogue: a stated mRID decides, as it does for a member."""
        if device.mrid is not None:
            yield device.mrid
        else:
            yield from (name.name for name in device.names)


def _superseded_event(order: SwitchOrder, now: datetime) -> Event:
    event = failure_of(order, at=now, reason="a later control of this device took its place before it was due")
    return Event(
        verb=Verb.CREATED,
        noun=Noun.END_DEVICE_EVENTS,
        payload=Payload(content=EndDeviceEvents(events=(event,))),
        correlation_id=order.correlation_id,
    )
