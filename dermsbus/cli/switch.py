"""``dermsbus connect`` and ``dermsbus disconnect``: devices switched, and what becomes of it at each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from dermsbus.cli.device_views import device_event_json, device_event_summary
from dermsbus.cli.output import complain, write_json, write_line
from dermsbus.cli.references import device_label, group_reference, named_device, unrefused
from dermsbus.cli.session import Session, dms_command
from dermsbus.cli.times import clock_text, read_duration, read_start
from dermsbus.client import Answer, DMSClient, Switching
from dermsbus.domain.controls import ControlKind, EndDeviceControl, EventKind
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference
from dermsbus.errors import SettingsError
from dermsbus.messages.envelope import Result

__all__ = ["connect", "disconnect"]

_FAILURES: Final = frozenset({EventKind.CONNECT_FAILED, EventKind.DISCONNECT_FAILED})
_MOST_ASKED_AT_ONCE: Final = 500
_MOST_NAMED: Final = 10

Groups = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[GROUP]...", help="Names or mRIDs (a UUID is an mRID); mrid:TEXT or name:TEXT to be plain."
    ),
]
Devices = Annotated[
    list[str] | None,
    typer.Option(
        "--device", metavar="DEVICE", help="A device, by mRID or name:TEXT, repeated; no group is needed then."
    ),
]
At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="When: 14:30 or ISO 8601; else now.")]
In = Annotated[str | None, typer.Option("--in", metavar="DURATION", help="When, from now: 90s, 15m, 2h.")]
For = Annotated[str | None, typer.Option("--for", metavar="DURATION", help="How long; else until further notice.")]
Wait = Annotated[
    bool | None,
    typer.Option("--wait/--no-wait", help="Wait for what devices tell; else only where it is done at once."),
]


@dms_command
def connect(
    session: Session,
    /,
    *,
    groups: Groups = None,
    devices: Devices = None,
    at: At = None,
    after: In = None,
    lasts: For = None,
    wait: Wait = None,
) -> int:
    """Connect devices to the grid, and tell what becomes of it; exit 1 if a device fails or does not tell."""
    order = _Order(ControlKind.CONNECT, groups or [], devices or [], starts=(at, after), lasts=lasts)
    return _switch(session, order, wait=wait)


@dms_command
def disconnect(
    session: Session,
    /,
    *,
    groups: Groups = None,
    devices: Devices = None,
    at: At = None,
    after: In = None,
    lasts: For = None,
    wait: Wait = None,
) -> int:
    """Separate devices from the grid, and tell what becomes of it; exit 1 if a device fails or does not tell."""
    order = _Order(ControlKind.DISCONNECT, groups or [], devices or [], starts=(at, after), lasts=lasts)
    return _switch(session, order, wait=wait)


class _Order:
    """What is to be switched, and when.

    Raises:
        SettingsError: it is not told in a way that can be understood.
    """

    def __init__(
        self,
        kind: ControlKind,
        groups: list[str],
        devices: list[str],
        *,
        starts: tuple[str | None, str | None],
        lasts: str | None,
    ) -> None:
        if not groups and not devices:
            raise SettingsError(kind.value, f"nothing to {kind}: give a GROUP or --device")
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.groups = groups
        self.devices = devices
        self.starts_at = read_start(*starts, self.now)
        duration = None if lasts is None else read_duration(lasts, where="--for")
        if duration == timedelta():
            raise SettingsError("--for", "must be more than 0")
        self.control = EndDeviceControl(
            kind=kind,
            groups=tuple(map(group_reference, groups)),
            devices=tuple(map(named_device, devices)),
            starts_at=self.starts_at,
            duration_s=duration.total_seconds() if duration else None,
        )

    @property
    def waits_s(self) -> float:
        """Seconds until it is to be done, 0 or more."""
        return max(0.0, (self.starts_at - self.now).total_seconds()) if self.starts_at else 0.0

    def __str__(self) -> str:
        when = f" at {clock_text(self.starts_at, self.now)}" if self.starts_at else ""
        return f"{self.control.kind} {' '.join((*self.groups, *self.devices))}{when}"


def _switch(session: Session, order: _Order, *, wait: bool | None) -> int:
    def say(answer: Answer) -> None:
        _say_accepted(answer, order)

    with session.client() as client:
        if not (order.waits_s == 0 if wait is None else wait):
            return session.report(client.control(order.control), say)
        found = {text: client.get_groups(group_reference(text)).groups for text in order.groups}
        members = {text: tuple(_devices(client, groups)) for text, groups in found.items()}
        with client.switch(order.control) as switching:
            told_by = [device for text in unrefused(switching.answer, order.groups, found) for device in members[text]]
            told_by += map(named_device, unrefused(switching.answer, order.devices))
            status = session.report(switching.answer, say)
            all_done = _tell(session, switching, told_by, order.waits_s + session.settings.dms.timeout_s)
            return status if all_done else 1


def _devices(client: DMSClient, groups: Iterable[EndDeviceGroup]) -> Iterator[EndDevice]:
    """The members of *groups*, with those of a member that is itself a group in its place."""
    pending = list(dict.fromkeys(member for group in groups for member in group.end_devices))
    seen = set(pending)
    while pending:
        members, pending = pending[:_MOST_ASKED_AT_ONCE], pending[_MOST_ASKED_AT_ONCE:]
        asked = [GroupReference(mrid=member.mrid) for member in members if member.mrid]
        inner = {group.mrid: group.end_devices for group in client.get_groups(*asked).groups} if asked else {}
        yield from (member for member in members if member.mrid not in inner)
        new = [device for devices in inner.values() for device in devices if device not in seen]
        seen.update(new)
        pending += dict.fromkeys(new)


def _say_accepted(answer: Answer, order: _Order) -> None:
    if answer.result is not Result.FAILED:
        write_line(f"accepted{'' if answer.ok else ' in part'}: {order}")
    for note in answer.notes:
        write_line(f"note: {note}")


def _tell(session: Session, switching: Switching, devices: Sequence[EndDevice], within_s: float) -> bool:
    """Write each event as it comes; True if all *devices* have told, and none of a failure."""
    succeeded = True
    for event in switching.events(within_s, until=devices):
        succeeded = succeeded and event.kind not in _FAILURES
        if session.as_json:
            write_json(device_event_json(event))
        else:
            write_line(f"{clock_text(event.created_at, datetime.now(UTC))} {device_event_summary(event)}")
    silent = [device_label(device) for device in dict.fromkeys(switching.silent(devices))]
    if not silent:
        return succeeded
    if session.as_json:
        write_json({"silent": silent})
    else:
        more = f" and {len(silent) - _MOST_NAMED} more" if len(silent) > _MOST_NAMED else ""
        complain(f"{', '.join(silent[:_MOST_NAMED])}{more} did not tell within {within_s:g} s what became of it")
    return False
