"""EndDeviceControls from the request to the switches of devices, and what each device tells of it."""

from __future__ import annotations

import queue
from collections.abc import Callable
from uuid import uuid4

import pytest

from dermsbus.adapters.simulated import Fault
from dermsbus.domain.behaviour import BEHAVIOURS
from tests import builders as xml
from tests.clock import stamp
from tests.flow.peer import Message
from tests.flow.plant import Plant, battery

MakePlant = Callable[..., Plant]
CONNECT, DISCONNECT = "2.31.0.18", "2.31.0.23"
CONNECTED, DISCONNECTED, CONNECT_FAILED, DISCONNECT_FAILED = "2.31.0.42", "2.31.0.68", "2.31.0.67", "2.31.0.84"
SWITCHED = ("connectDisconnect", "realPowerDispatch")


@pytest.fixture
def plant(make_plant: MakePlant) -> Plant:
    """Four batteries, D1 to D4; D1 and D2 are the group GA, D3 is GB."""
    plant = make_plant(*(battery(f"D{number}") for number in range(1, 5)))
    plant.group("GA", "D1", "D2", functions=SWITCHED)
    plant.group("GB", "D3", functions=SWITCHED)
    return plant


def groups(*names: str) -> str:
    return "".join(xml.element("EndDeviceGroups", xml.names(name)) for name in names)


def devices(*mrids: str) -> str:
    return "".join(xml.element("EndDevices", mRID=mrid) for mrid in mrids)


def timing(*, start: str | None = None, minutes: float | None = None, end: str | None = None) -> str:
    interval = xml.element("interval", end=end, start=start) if start or end else ""
    return xml.element("primaryDeviceTiming", interval, duration=minutes)


def switches(plant: Plant, mrid: str) -> list[bool | None]:
    """What the device was told of its switch, oldest first: each word in a command of its own."""
    return [command.connect for command in plant.told(mrid) if command.connect is not None]


def is_connected(plant: Plant, mrid: str) -> bool:
    return plant.adapter.fleet.effect(mrid).connected


def assert_silent(plant: Plant) -> None:
    """No device tells anything."""
    plant.let_a_plan_pass()
    with pytest.raises(queue.Empty):
        plant.dms.next_event("EndDeviceEvents", timeout_s=0.05)


def assert_done(reply: Message, details: str | None = None) -> None:
    assert (reply.result, reply.text("Header", "Noun")) == ("OK", "EndDeviceControls")
    (error,) = reply.errors
    assert (error.code, error.details) == ("0.0", details)
    assert reply.text("Payload") is None


# -- at once ---------------------------------------------------------------------------------------------------------


def test_each_member_of_each_group_is_told_once_and_tells_of_it_in_an_event_of_its_own(plant: Plant) -> None:
    reply = plant.control(xml.control(DISCONNECT, groups("GA", "GB")), correlation_id="k-1")

    assert_done(reply)
    assert reply.text("Header", "CorrelationID") == "k-1"
    events = plant.switched(3)
    assert [(each.device, each.ref, each.correlation_id) for each in events] == [
        ("D1", DISCONNECTED, "k-1"),
        ("D2", DISCONNECTED, "k-1"),
        ("D3", DISCONNECTED, "k-1"),
    ]
    assert len({each.mrid for each in events}) == 3
    assert {each.at for each in events} == {stamp(plant.clock())}
    for mrid in ("D1", "D2", "D3"):
        (command,) = plant.told(mrid)
        assert (command.connect, command.expires_at) == (False, None)
        assert not is_connected(plant, mrid)
    assert plant.told("D4") == []
    assert_silent(plant)


def test_a_disconnected_device_is_connected_again(plant: Plant) -> None:
    plant.control(xml.control(DISCONNECT, groups("GB")))
    plant.switched(1)

    assert_done(plant.control(xml.control(CONNECT, groups("GB"))))

    (event,) = plant.switched(1)
    assert (event.device, event.ref) == ("D3", CONNECTED)
    assert switches(plant, "D3") == [False, True]
    assert is_connected(plant, "D3")


def test_without_a_correlation_id_the_events_carry_the_message_id_of_the_control(plant: Plant) -> None:
    payload = xml.payload("EndDeviceControls", xml.control(DISCONNECT, groups("GB")))

    plant.ask("create", "EndDeviceControls", payload, message_id="m-1")

    assert [each.correlation_id for each in plant.switched(1)] == ["m-1"]


def test_a_device_is_named_by_itself_and_told_once_however_often_it_is_named(plant: Plant) -> None:
    named = xml.element("EndDevices", xml.names("D4"))

    reply = plant.control(xml.control(DISCONNECT, groups("GA"), devices("D1", "D4"), named))

    assert_done(reply)
    assert [each.device for each in plant.switched(3)] == ["D1", "D2", "D4"]
    assert [switches(plant, mrid) for mrid in ("D1", "D2", "D4")] == [[False]] * 3


def test_the_devices_of_a_group_within_a_group_are_switched(plant: Plant) -> None:
    plant.group("all", "mrid-GA", "mrid-GB", functions=SWITCHED)

    assert_done(plant.control(xml.control(DISCONNECT, groups("all"))))

    assert [each.device for each in plant.switched(3)] == ["D1", "D2", "D3"]


def test_two_controls_of_one_message_stand_for_themselves(plant: Plant) -> None:
    reply = plant.control(
        xml.control(DISCONNECT, groups("GA"), mrid="X-1"), xml.control("2.31.0.5", groups("GB"), mrid="X-2")
    )

    assert (reply.result, reply.codes) == ("PARTIAL", ["6.1", "0.2"])
    (error, _) = reply.errors
    assert (error.id, error.kind, error.object_type) == ("X-2", "uuid", "EndDeviceControl")
    assert [each.device for each in plant.switched(2)] == ["D1", "D2"]
    assert_silent(plant)
    assert switches(plant, "D3") == []


@pytest.mark.parametrize("kind", ["0", "2", "3"])
def test_an_event_is_of_the_kind_of_device_that_the_control_named(plant: Plant, kind: str) -> None:
    assert_done(plant.control(xml.control(f"{kind}.31.0.23", groups("GB"))))

    assert [each.ref for each in plant.switched(1)] == [f"{kind}.31.0.68"]


def test_a_typed_control_is_answered_in_its_style(plant: Plant) -> None:
    payload = xml.payload("EndDeviceControls", xml.control(DISCONNECT, groups("GB")))

    reply = plant.dms.ask(
        xml.typed("CreateEndDeviceControls", "EndDeviceControls", "create", "EndDeviceControls", payload=payload)
    )

    assert (reply.kind, reply.result) == ("EndDeviceControlsResponseMessage", "OK")
    assert [each.device for each in plant.switched(1)] == ["D3"]


def test_a_control_sent_again_is_answered_again_and_carried_out_once(plant: Plant) -> None:
    payload = xml.payload("EndDeviceControls", xml.control(DISCONNECT, groups("GB")))

    first = plant.ask("create", "EndDeviceControls", payload, message_id="m-1")
    plant.switched(1)
    second = plant.ask("create", "EndDeviceControls", payload, message_id="m-1")

    assert second.delivery.body == first.delivery.body
    assert_silent(plant)
    assert switches(plant, "D3") == [False]


def test_a_disconnected_device_takes_no_part_in_an_order_until_it_is_connected(plant: Plant) -> None:
    plant.control(xml.control(DISCONNECT, devices("D1")))
    plant.switched(1)
    plant.adapter.wait_for_a_round()

    plant.order("create", plant.dispatch("GA", 8))
    plant.wait_until_held(D1=None, D2=8000)
    plant.control(xml.control(CONNECT, devices("D1")))
    plant.switched(1)
    plant.adapter.wait_for_a_round()
    plant.order("create", plant.dispatch("GA", 6))

    plant.wait_until_held(D1=3000, D2=3000)


# -- at a time, for a while ------------------------------------------------------------------------------------------


def test_a_control_is_carried_out_at_its_time(plant: Plant) -> None:
    reply = plant.control(xml.control(DISCONNECT, groups("GA"), timing(start=plant.clock.in_s(600))))

    assert_done(reply)
    assert_silent(plant)
    assert switches(plant, "D1") == []
    plant.clock.advance(600)
    assert [(each.device, each.ref) for each in plant.switched(2)] == [("D1", DISCONNECTED), ("D2", DISCONNECTED)]
    assert [switches(plant, mrid) for mrid in ("D1", "D2")] == [[False]] * 2


def test_a_control_that_should_have_begun_is_carried_out_at_once(plant: Plant) -> None:
    start = plant.clock.in_s(0)
    plant.clock.advance(600)

    assert_done(plant.control(xml.control(DISCONNECT, groups("GB"), timing(start=start))))

    assert [each.ref for each in plant.switched(1)] == [DISCONNECTED]


def test_a_control_for_a_while_goes_there_and_back_and_tells_of_both(plant: Plant) -> None:
    reply = plant.control(xml.control(DISCONNECT, groups("GA"), timing(minutes=10)), correlation_id="k-1")

    assert_done(reply)
    there = plant.switched(2)
    assert [(each.device, each.ref, each.correlation_id) for each in there] == [
        ("D1", DISCONNECTED, "k-1"),
        ("D2", DISCONNECTED, "k-1"),
    ]
    (command,) = plant.told("D1")
    assert stamp(command.expires_at) == plant.clock.in_s(600), "it goes back by itself if nobody is there to say so"  # type: ignore[arg-type]
    assert_silent(plant)
    plant.clock.advance(600)
    back = plant.switched(2)
    assert [(each.device, each.ref, each.correlation_id) for each in back] == [
        ("D1", CONNECTED, "k-1"),
        ("D2", CONNECTED, "k-1"),
    ]
    assert len({each.mrid for each in (*there, *back)}) == 4
    assert [switches(plant, mrid) for mrid in ("D1", "D2")] == [[False, True]] * 2
    assert_silent(plant)


def test_a_control_between_two_times_holds_between_them(plant: Plant) -> None:
    between = timing(start=plant.clock.in_s(600), end=plant.clock.in_s(1200))

    assert_done(plant.control(xml.control(DISCONNECT, groups("GB"), between)))

    for ref, connected in ((DISCONNECTED, False), (CONNECTED, True)):
        plant.clock.advance(600)
        assert [each.ref for each in plant.switched(1)] == [ref]
        assert is_connected(plant, "D3") is connected


def test_a_later_control_takes_the_place_of_one_that_waits_and_that_is_told(plant: Plant) -> None:
    plant.control(xml.control(DISCONNECT, groups("GB"), timing(start=plant.clock.in_s(600))), correlation_id="k-1")

    assert_done(plant.control(xml.control(CONNECT, devices("D3")), correlation_id="k-2"))

    events = sorted(plant.switched(2), key=lambda each: each.correlation_id or "")
    assert [(each.device, each.ref, each.correlation_id) for each in events] == [
        ("D3", DISCONNECT_FAILED, "k-1"),
        ("D3", CONNECTED, "k-2"),
    ]
    assert "later control" in (events[0].reason or "")
    plant.clock.advance(600)
    assert_silent(plant)
    assert switches(plant, "D3") == [True]


def test_a_later_control_without_end_ends_the_way_back_of_an_earlier_one(plant: Plant) -> None:
    plant.control(xml.control(DISCONNECT, groups("GB"), timing(minutes=10)), correlation_id="k-1")
    plant.switched(1)

    plant.control(xml.control(DISCONNECT, devices("D3")), correlation_id="k-2")

    assert [(each.ref, each.correlation_id) for each in plant.switched(1)] == [(DISCONNECTED, "k-2")]
    plant.clock.advance(900)
    assert_silent(plant)
    assert not is_connected(plant, "D3")
    assert switches(plant, "D3") == [False, False]


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "answer", "level"),
    [("default", ("PARTIAL", ["99.1", "0.2"]), "WARNING"), ("epri", ("FAILED", ["99.1"]), "FATAL")],
)
def test_an_unknown_group_among_known_ones_is_named_and_the_others_are_switched(
    make_plant: MakePlant, profile: str, answer: tuple[str, list[str]], level: str
) -> None:
    plant = make_plant(battery("D1"), behaviour=BEHAVIOURS[profile])
    plant.group("GA", "D1", functions=SWITCHED)

    reply = plant.control(xml.control(DISCONNECT, groups("NOPE", "GA")))

    assert (reply.result, reply.codes) == answer
    error = reply.errors[0]
    assert (error.id, error.kind, error.object_type, error.level) == ("NOPE", "name", "DERGroup", level)
    assert error.details == "DERGroup does not exist"
    assert [(each.device, each.ref) for each in plant.switched(1)] == [("D1", DISCONNECTED)]
    assert_silent(plant)


def test_a_group_without_the_function_is_refused_and_its_devices_may_be_named_one_by_one(plant: Plant) -> None:
    plant.group("GC", "D4", functions=["realPowerDispatch"])

    reply = plant.control(xml.control(DISCONNECT, groups("GC")))

    (error,) = reply.errors
    assert (reply.result, error.code, error.id, error.kind) == ("FAILED", "6.1", "GC", "name")
    assert "connectDisconnect" in (error.details or "")
    assert_silent(plant)
    assert_done(plant.control(xml.control(DISCONNECT, devices("D4"))))
    assert [each.device for each in plant.switched(1)] == ["D4"]


def test_a_device_that_the_catalogue_has_not_is_no_member_of_anything(plant: Plant) -> None:
    reply = plant.control(xml.control(DISCONNECT, groups("GB"), devices("D9")))

    assert (reply.result, reply.codes) == ("PARTIAL", ["2.29", "0.2"])
    assert (reply.errors[0].id, reply.errors[0].kind, reply.errors[0].object_type) == ("D9", "uuid", "EndDevice")
    assert [each.device for each in plant.switched(1)] == ["D3"]
    assert_silent(plant)


@pytest.mark.parametrize(
    ("control", "code"),
    [
        (xml.control("2.31.0.5", groups("GA")), "6.1"),
        (xml.control("2.31.0.6", groups("GA")), "6.1"),
        (xml.control("2.31.0.8", groups("GA")), "6.1"),
        (xml.control("2.31.0.42", groups("GA")), "6.1"),
        (xml.control("12.31.0.23", groups("GA")), "6.1"),
        (xml.control("disconnect", groups("GA")), "6.1"),
        (xml.control(None, groups("GA")), "5.8"),
        (xml.control(DISCONNECT), "5.8"),
        (xml.control(DISCONNECT, groups("")), "5.8"),
        (xml.control(DISCONNECT, devices("")), "5.8"),
        (xml.control(DISCONNECT, groups("GA"), timing(minutes=0)), "6.1"),
        (xml.control(DISCONNECT, groups("GA"), timing(minutes=-5)), "6.1"),
        (xml.control(DISCONNECT, groups("GA"), timing(minutes=float("nan"))), "1.8"),
        (xml.control(DISCONNECT, groups("GA"), timing(minutes=10**9)), "6.1"),
        (xml.control(DISCONNECT, groups("GA"), timing(start="2024-05-01T09:00:00Z", end="2024-05-01T09:30:00Z")), "6.1"),
        (xml.control(DISCONNECT, groups("GA"), timing(start="2024-05-01T12:00:00Z", end="2024-05-01T11:00:00Z")), "6.1"),
        (xml.control(DISCONNECT, groups("GA"), timing(end="2024-05-01T12:00:00Z")), "5.8"),
        (xml.control(DISCONNECT, groups("GA"), timing(start="2025-05-01T12:00:00Z")), "6.1"),
        (xml.control(DISCONNECT, groups("GA"), xml.element("UsagePoints", mRID="U-1")), "6.1"),
        (xml.control(DISCONNECT, groups("GA"), xml.element("primaryDeviceTiming", randomisation="start")), "6.1"),
    ],
    ids=[
        "arm for closure",
        "arm for open",
        "cancel",
        "the code of an event",
        "of a PAN device",
        "no code",
        "no ref",
        "for nobody",
        "for a nameless group",
        "for a nameless device",
        "no time",
        "less than no time",
        "a time that is no number",
        "two thousand years",
        "expired",
        "ends before it begins",
        "an end and no start",
        "too far ahead",
        "a usage point",
        "at random",
    ],
)  # fmt: skip
def test_a_control_that_cannot_be_carried_out_as_told_switches_nothing(plant: Plant, control: str, code: str) -> None:
    reply = plant.control(control)

    assert (reply.result, reply.codes) == ("FAILED", [code])
    assert reply.errors[0].details
    assert_done(plant.control(xml.control(DISCONNECT, groups("GB"))))
    assert [each.device for each in plant.switched(1)] == ["D3"]
    assert switches(plant, "D1") == []


def test_an_empty_payload_controls_nothing(plant: Plant) -> None:
    reply = plant.control()

    assert (reply.result, reply.codes) == ("FAILED", ["1.7"])


def test_a_group_without_members_is_said_to_have_none(plant: Plant) -> None:
    plant.group("empty", functions=SWITCHED)

    reply = plant.control(xml.control(DISCONNECT, groups("empty")))

    assert_done(reply, "the group 'empty' has no members to switch")
    assert_silent(plant)


# -- what fails ------------------------------------------------------------------------------------------------------


def test_a_device_that_does_not_answer_has_failed_and_is_not_asked_twice(plant: Plant) -> None:
    plant.fault("D2", Fault.OFFLINE)

    assert_done(plant.control(xml.control(DISCONNECT, groups("GA")), correlation_id="k-1"))

    good, failed = plant.switched(2)
    assert (good.device, good.ref, good.reason) == ("D1", DISCONNECTED, None)
    assert (failed.device, failed.ref, failed.correlation_id) == ("D2", DISCONNECT_FAILED, "k-1")
    assert "whether it was done is not known" in (failed.reason or "")
    plant.fault("D2", Fault.NONE)
    plant.clock.advance(120)
    assert_silent(plant)
    assert switches(plant, "D2") == []


def test_a_device_that_refuses_has_failed_with_its_reason(plant: Plant) -> None:
    plant.fault("D3", Fault.REFUSING)

    assert_done(plant.control(xml.control(CONNECT, groups("GB"))))

    (event,) = plant.switched(1)
    assert (event.device, event.ref) == ("D3", CONNECT_FAILED)
    assert "takes no commands" in (event.reason or "")


def test_a_member_that_the_catalogue_has_not_has_failed(plant: Plant) -> None:
    plant.group("GC", "D4", "D9", functions=SWITCHED)

    assert_done(plant.control(xml.control(DISCONNECT, groups("GC")), correlation_id="k-1"))

    good, failed = plant.switched(2)
    assert (good.device, good.ref) == ("D4", DISCONNECTED)
    assert (failed.device, failed.ref, failed.correlation_id) == ("D9", DISCONNECT_FAILED, "k-1")
    assert "not in the catalogue" in (failed.reason or "")


# -- other systems ---------------------------------------------------------------------------------------------------


def test_what_devices_of_another_system_tell_is_acknowledged_and_switches_nothing(plant: Plant) -> None:
    event = xml.element(
        "EndDeviceEvent",
        xml.element("Assets", mRID="D1"),
        f'<EndDeviceEventType ref="{DISCONNECTED}"/>',
        mRID="E-1",
        createdDateTime="2024-05-01T09:00:00Z",
    )
    body = xml.generic(
        "created",
        "EndDeviceEvents",
        root="EventMessage",
        payload=xml.payload("EndDeviceEvents", event),
        message_id=str(uuid4()),
        source="derms2",
        ack_required=True,
    )

    reply = plant.dms.ask(body)

    assert (reply.result, reply.codes) == ("OK", ["0.3"])
    assert_silent(plant)
    assert switches(plant, "D1") == []
