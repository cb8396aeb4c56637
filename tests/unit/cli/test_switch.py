"""``dermsbus connect`` and ``disconnect`` against a DERMS on a real STOMP connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dermsbus.domain.controls import ControlKind, EndDeviceControl, EndDeviceEvent, EventKind
from dermsbus.domain.model import EndDevice, EndDeviceGroup, Name
from dermsbus.errors import IDKind, ObjectID
from dermsbus.messages.answers import entry
from dermsbus.messages.envelope import (
    DERGroupQueries,
    DERGroups,
    EndDeviceControls,
    EndDeviceEvents,
    Envelope,
    Noun,
    Payload,
    Reply,
    Result,
    Verb,
)
from tests.scripted_derms import OK, Derms, Said, group

Run = Callable[..., object]

GONE = Reply(
    result=Result.FAILED,
    errors=(replace(entry("99.1"), object_id=ObjectID(value="nope", kind=IDKind.NAME, object_type="DERGroup")),),
)
HALF = Reply(result=Result.PARTIAL, errors=(*GONE.errors, entry("0.2")))


class Feeder:
    """A DERMS with one group, feeder7, of DEV-1 and DEV-2; *tells* is told of each control, before its reply."""

    def __init__(self, derms: Derms, *tells: EndDeviceEvent, reply: Reply = OK) -> None:
        self.derms = derms
        self.tells = tells
        self.reply = reply

    def __call__(self, request: Envelope) -> Said:
        assert request.header is not None
        if request.header.verb is Verb.GET:
            return self._groups(request)
        for event in self.tells:
            self.derms.tell(
                Verb.CREATED,
                payload=Payload(content=EndDeviceEvents(events=(event,))),
                noun=Noun.END_DEVICE_EVENTS,
                correlation_id=request.header.correlation_id,
            )
        return self.reply, None

    def _groups(self, request: Envelope) -> Said:
        assert request.request is not None
        query = request.request.query
        assert isinstance(query, DERGroupQueries)
        if any(name.name == "feeder7" for reference in query.references for name in reference.names):
            feeder = replace(group("G-7", "DEV-1", "DEV-2"), names=(Name(name="feeder7"),))
            return OK, Payload(content=DERGroups(groups=(feeder,)))
        return GONE, None


def told(mrid: str, kind: EventKind = EventKind.DISCONNECTED, reason: str | None = None) -> EndDeviceEvent:
    now = datetime.now(UTC).replace(microsecond=0)
    return EndDeviceEvent(mrid=f"E-{mrid}", kind=kind, device=EndDevice(mrid=mrid), created_at=now, reason=reason)


def control_in(requests: list[Envelope]) -> EndDeviceControl:
    payload = requests[-1].payload
    assert payload is not None
    assert isinstance(payload.content, EndDeviceControls)
    (control,) = payload.content.controls
    assert isinstance(control, EndDeviceControl)
    return control


def without_clock(lines: str) -> list[str]:
    return sorted(line.split(maxsplit=1)[1] for line in lines.splitlines())


# -- against a DERMS with devices ----------------------------------------------------------------------------------


def test_a_group_is_separated_and_connected_again(run: Run, fleet: str) -> None:
    run("groups", "create", "storage", "-m", "BAT-1", "-m", "BAT-2", "-f", "connectDisconnect", "--bus", fleet)

    off = run("disconnect", "storage", "--bus", fleet)
    assert (off.code, off.err) == (0, "")
    first, *events = off.out.splitlines()
    assert first == "accepted: disconnect storage"
    assert without_clock("\n".join(events)) == ["BAT-1 disconnected", "BAT-2 disconnected"]

    on = run("connect", "storage", "--json", "--bus", fleet)
    answer, *tells = map(json.loads, on.out.splitlines())
    assert (on.code, answer["result"]) == (0, "OK")
    assert sorted(each["Assets"]["mRID"] for each in tells) == ["BAT-1", "BAT-2"]
    assert {each["EndDeviceEventType"] for each in tells} == {"connected"}


def test_the_devices_of_a_group_in_a_group_are_waited_for(run: Run, fleet: str) -> None:
    run("groups", "create", "inner", "--mrid", "G-IN", "-m", "BAT-1", "-m", "BAT-2", "--bus", fleet)
    run("groups", "create", "outer", "-m", "G-IN", "-m", "PV-1", "-f", "connectDisconnect", "--bus", fleet)

    ran = run("disconnect", "outer", "--bus", fleet)

    assert (ran.code, ran.err) == (0, "")
    events = ran.out.splitlines()[1:]
    assert without_clock("\n".join(events)) == ["BAT-1 disconnected", "BAT-2 disconnected", "PV-1 disconnected"]


def test_a_refused_control_is_one_line_with_its_code_and_exit_1(run: Run, fleet: str) -> None:
    run("groups", "create", "storage", "-m", "BAT-1", "-f", "realPowerDispatch", "--bus", fleet)
    refused = run("disconnect", "storage", "--bus", fleet)
    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert refused.err.startswith("error: 6.1 ")


# -- what devices tell ---------------------------------------------------------------------------------------------


def test_a_device_that_fails_is_exit_1_and_says_why(run: Run, scripted: Derms, bus: str) -> None:
    failed = told("DEV-2", EventKind.DISCONNECT_FAILED, "the switch is locked")
    with scripted.answering(Feeder(scripted, told("DEV-1"), failed)):
        ran = run("disconnect", "feeder7", "--bus", bus)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines()[0] == "accepted: disconnect feeder7"
    assert without_clock("\n".join(ran.out.splitlines()[1:])) == [
        "DEV-1 disconnected",
        "DEV-2 disconnect failed: the switch is locked",
    ]


def test_a_device_that_does_not_tell_is_exit_1_when_the_time_is_over(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(Feeder(scripted, told("DEV-1"))):
        ran = run("disconnect", "feeder7", "--timeout", "0.5", "--bus", bus)
        as_json = run("disconnect", "feeder7", "--timeout", "0.5", "--json", "--bus", bus)
    assert (ran.code, ran.err) == (1, "error: DEV-2 did not tell within 0.5 s what became of it\n")
    assert (as_json.code, as_json.err) == (1, "")
    assert json.loads(as_json.out.splitlines()[-1]) == {"silent": ["DEV-2"]}


def test_of_a_control_that_is_half_refused_only_the_others_are_waited_for(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(Feeder(scripted, told("DEV-1"), told("DEV-2"), reply=HALF)):
        ran = run("disconnect", "feeder7", "nope", "--bus", bus)
    assert (ran.code, ran.err) == (1, "error: 99.1 DERGroup does not exist (DERGroup nope)\n")
    assert ran.out.splitlines()[0] == "accepted in part: disconnect feeder7 nope"
    assert without_clock("\n".join(ran.out.splitlines()[1:])) == ["DEV-1 disconnected", "DEV-2 disconnected"]


def test_single_devices_need_no_group(run: Run, scripted: Derms, bus: str) -> None:
    named = replace(told("X"), device=EndDevice(names=(Name(name="pump"),)))
    with scripted.answering(Feeder(scripted, told("DEV-9", EventKind.CONNECTED), named)) as came:
        ran = run("connect", "--device", "DEV-9", "--device", "name:pump", "--bus", bus)
    assert (ran.code, len(came)) == (0, 1)
    assert control_in(came) == EndDeviceControl(
        kind=ControlKind.CONNECT, devices=(EndDevice(mrid="DEV-9"), EndDevice(names=(Name(name="pump"),)))
    )


def test_a_group_without_members_waits_for_nobody(run: Run, scripted: Derms, bus: str) -> None:
    def empty(request: Envelope) -> Said:
        assert request.header is not None
        nobody = DERGroups(
            groups=(EndDeviceGroup(mrid="G-7", names=(Name(name="feeder7"),), der_function=group("x").der_function),)
        )
        noted = Reply(result=Result.OK, errors=(entry("0.0", "the group has no members to switch"),))
        return (OK, Payload(content=nobody)) if request.header.verb is Verb.GET else (noted, None)

    with scripted.answering(empty):
        ran = run("disconnect", "feeder7", "--bus", bus)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == ["accepted: disconnect feeder7", "note: the group has no members to switch"]


# -- when ----------------------------------------------------------------------------------------------------------


def test_a_control_for_later_does_not_wait(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(Feeder(scripted)) as came:
        ran = run("disconnect", "feeder7", "--at", "2099-05-01T10:00Z", "--for", "30m", "--bus", bus)
    assert (ran.code, len(came)) == (0, 1)
    assert ran.out.startswith("accepted: disconnect feeder7 at 2099-05-01 ")
    control = control_in(came)
    assert (control.starts_at, control.duration_s) == (datetime(2099, 5, 1, 10, tzinfo=UTC), 1800.0)


def test_a_control_for_later_waits_if_it_is_told_to(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(Feeder(scripted, told("DEV-1"), told("DEV-2"))) as came:
        before = datetime.now(UTC).replace(microsecond=0)
        ran = run("disconnect", "feeder7", "--in", "1h", "--wait", "--bus", bus)
    assert (ran.code, len(ran.out.splitlines())) == (0, 3)
    starts_at = control_in(came).starts_at
    assert starts_at is not None
    assert timedelta(hours=1) <= starts_at - before < timedelta(hours=1, minutes=1)


def test_no_wait_says_accepted_and_ends(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(Feeder(scripted)) as came:
        ran = run("connect", "feeder7", "--no-wait", "--bus", bus)
    assert (ran.code, ran.out, len(came)) == (0, "accepted: connect feeder7\n", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "disconnect: nothing to disconnect: give a GROUP or --device"),
        (("feeder7", "--for", "0s"), "--for: must be more than 0"),
        (("feeder7", "--for", "long"), "--for: 'long' is no duration"),
        (("feeder7", "--at", "10:00", "--in", "1m"), "give either --at or --in"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(run: Run, arguments: tuple[str, ...], message: str) -> None:
    ran = run("disconnect", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert message in ran.err
