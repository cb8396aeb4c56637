"""DERGroupDispatches from the request to the devices: what is answered, what others are told, and what devices took."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from dermsbus.adapters.simulated import Fault
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.quantities import ParameterKind
from dermsbus.store.sqlite import SqliteStore
from tests import builders as xml
from tests.clock import Clock, stamp
from tests.flow.peer import Message
from tests.flow.plant import Plant, WatchedAdapter, battery, load
from tests.flow.seen import OrderSeen, orders_seen

MakePlant = Callable[..., Plant]
ALL = ("realPowerDispatch", "reactivePowerDispatch", "voltageRegulation", "rampRateControl")


@pytest.fixture
def plant(make_plant: MakePlant) -> Plant:
    """Four batteries of 10 kW and 7.5 kVAr, D1 to D4; D1 and D2 are the group GA."""
    plant = make_plant(*(battery(f"D{number}") for number in range(1, 5)))
    plant.group("GA", "D1", "D2", functions=ALL)
    return plant


def told(plant: Plant, verb: str) -> list[OrderSeen]:
    """The orders in the next event about dispatches, which has this verb and answers nobody."""
    event = plant.dms.next_event("DERGroupDispatches")
    assert event.text("Header", "Verb") == verb
    assert event.text("Header", "CorrelationID") is None
    return orders_seen(event)


def assert_done(reply: Message, details: str | None = None) -> None:
    """The reply says OK, with one Error 0.0, which has these *details*."""
    assert (reply.result, reply.text("Header", "Verb")) == ("OK", "reply")
    (error,) = reply.errors
    assert (error.code, error.details) == ("0.0", details)


def by_mrid(mrid: str) -> str:
    return xml.dispatch(mrid=mrid)


# -- create ----------------------------------------------------------------------------------------------------------


def test_an_order_is_split_exactly_and_each_device_is_told_once(plant: Plant) -> None:
    reply = plant.order("create", plant.dispatch("GA", 9, mrid="O-1"), correlation_id="k-1")

    assert_done(reply)
    assert reply.text("Payload") is None
    assert reply.text("Header", "CorrelationID") == "k-1"
    (order,) = told(plant, "created")
    assert (order.mrid, order.group_mrid, order.group_name) == ("O-1", "mrid-GA", "GA")
    assert (order.parameter, order.scale, order.values) == ("activePower", "k W", [9])
    (curve,) = order.curves
    assert (curve.style, curve.start, curve.interval) == ("constantYValue", stamp(plant.clock()), "30 m")
    plant.wait_until_held(D1=4500, D2=4500)
    plant.let_a_plan_pass()
    for mrid in ("D1", "D2"):
        (command,) = plant.told(mrid)
        assert (command.active_power_w, command.expires_at) == (4500, datetime_in(plant.clock, 1800))
    assert plant.told("D3") == []


def datetime_in(clock: Clock, seconds: float) -> Any:
    later = Clock(clock())
    later.advance(seconds)
    return later()


def test_only_orders_without_mrid_come_back_with_the_one_they_were_given(plant: Plant) -> None:
    plant.group("GB", "D3")

    reply = plant.order("create", plant.dispatch("GA", 4, mrid="O-1"), plant.dispatch("GB", 2))

    assert_done(reply)
    (order,) = orders_seen(reply)
    assert UUID(order.mrid or "").version == 4
    assert (order.group_name, order.scale, order.values) == ("GB", "k W", [2])
    assert [each.mrid for each in told(plant, "created")] == ["O-1", order.mrid]
    plant.wait_until_held(D1=2000, D2=2000, D3=2000)


def test_an_order_begins_and_ends_at_its_time(plant: Plant) -> None:
    reply = plant.order("create", plant.dispatch("GA", 4, 8, start=plant.clock.in_s(600), duration=10))

    assert_done(reply)
    plant.let_a_plan_pass()
    assert plant.told("D1") == []
    plant.clock.advance(600)
    plant.wait_until_held(D1=2000, D2=2000)
    plant.clock.advance(600)
    plant.wait_until_held(D1=4000, D2=4000)
    plant.clock.advance(600)
    plant.wait_until_held(D1=None, D2=None)
    plant.let_a_plan_pass()
    assert plant.set_points("D1") == [2000, 4000]
    assert plant.orders("GA") == []


def test_a_line_is_followed_in_steps(plant: Plant) -> None:
    line = plant.dispatch("GA", 0, 12, style="straightLineYValues", duration=10)

    assert_done(plant.order("create", line))

    for minutes in range(1, 4):
        plant.clock.advance(60)
        plant.wait_until_held(D1=600 * minutes, D2=600 * minutes)


def test_what_is_drawn_is_ordered_below_zero(plant: Plant) -> None:
    assert_done(plant.order("create", plant.dispatch("GA", -6)))

    plant.wait_until_held(D1=-3000, D2=-3000)


def test_a_group_without_members_takes_an_order_and_whoever_joins_follows_it(plant: Plant) -> None:
    plant.group("GB")
    (note,) = plant.order("create", plant.dispatch("GB", 3)).errors

    assert (note.code, "no member of its group is in the catalogue" in (note.details or "")) == ("0.0", True)
    plant.ask("change", "DERGroups", xml.der_groups(xml.group(name="GB", members=["D3"])))

    plant.wait_until_held(D3=3000)


def test_a_member_that_the_catalogue_has_not_takes_no_part(plant: Plant) -> None:
    plant.group("GB", "D3", "nobody knows it")

    assert_done(plant.order("create", plant.dispatch("GB", 6)))

    plant.wait_until_held(D3=6000)


def test_a_member_that_leaves_is_let_go_and_the_others_take_its_part(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 8))
    plant.wait_until_held(D1=4000, D2=4000)

    operation = xml.operation(1, xml.der_groups(xml.group(name="GA", members=["D1"])))
    plant.ask("execute", "OperationSet", xml.operation_set(operation))

    plant.wait_until_held(D1=None, D2=8000)


def test_a_member_that_is_disconnected_is_made_up_for_by_the_others(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 8))
    plant.wait_until_held(D1=4000, D2=4000)

    disconnect(plant, "D2")
    plant.wait_until_held(D1=8000, D2=None)


def test_a_member_that_falls_silent_is_believed_to_give_what_it_gave_last(make_plant: MakePlant) -> None:
    plant = make_plant(
        battery("D1"), battery("D2"), devices={"poll_period_s": 0.05, "timeout_s": 1, "stale_after_s": 5}
    )
    plant.group("GA", "D1", "D2")
    plant.order("create", plant.dispatch("GA", 8))
    plant.wait_until_held(D1=4000, D2=4000)
    plant.let_devices_move()
    plant.fault("D2", Fault.OFFLINE)
    plant.clock.advance(60)
    plant.adapter.wait_for_a_round()

    plant.order("create", plant.dispatch("GA", 10))

    plant.wait_until_held(D1=6000, D2=4000)


# -- change, cancel, close, delete -----------------------------------------------------------------------------------


def test_a_changed_order_has_its_new_schedule_from_now_on(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    plant.wait_until_held(D1=2000, D2=2000)
    told(plant, "created")

    reply = plant.order("change", plant.dispatch("GA", 6, mrid="O-1"))

    assert_done(reply)
    assert reply.text("Payload") is None
    (order,) = told(plant, "changed")
    assert (order.mrid, order.group_name, order.values) == ("O-1", "GA", [6])
    plant.wait_until_held(D1=3000, D2=3000)
    assert [each.values for each in plant.orders("GA")] == [[6]]
    plant.let_a_plan_pass()
    assert plant.set_points("D1") == [2000, 3000]


@pytest.mark.parametrize(("verb", "past"), [("cancel", "canceled"), ("close", "closed"), ("delete", "deleted")])
def test_an_order_that_is_taken_back_lets_its_devices_go(plant: Plant, verb: str, past: str) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    plant.wait_until_held(D1=2000, D2=2000)
    told(plant, "created")

    reply = plant.order(verb, by_mrid("O-1"))

    assert_done(reply)
    (order,) = told(plant, past)
    assert (order.mrid, order.group_mrid, order.group_name) == ("O-1", "mrid-GA", "GA")
    assert (order.parameter, order.curves) == ("activePower", [])
    plant.wait_until_held(D1=None, D2=None)
    assert plant.orders("GA") == []


def test_an_order_is_pointed_at_by_name_or_by_bare_id(plant: Plant) -> None:
    schedule = xml.schedule(4, start=plant.clock.in_s(0))
    plant.order("create", xml.dispatch(xml.parameter(schedule), mrid="O-1", name="morning", group_name="GA"))
    plant.order("create", xml.dispatch(xml.parameter(schedule), mrid="O-2", name="noon", group_name="GA"))

    assert_done(plant.order("cancel", xml.dispatch(name="morning")))
    by_id = '<ID kind="uuid" objectType="DERGroupDispatch">O-2</ID>'
    assert_done(plant.ask("cancel", "DERGroupDispatches", by_id))

    assert [told(plant, verb)[0].mrid for verb in ("created", "created", "canceled", "canceled")] == [
        "O-1",
        "O-2",
        "O-1",
        "O-2",
    ]


@pytest.mark.parametrize("verb", ["change", "cancel", "close", "delete"])
def test_an_order_that_is_not_there_is_an_invalid_id(plant: Plant, verb: str) -> None:
    reply = plant.order(verb, plant.dispatch("GA", 5, mrid="O-9"))

    (error,) = reply.errors
    assert (reply.result, error.code, error.id, error.kind) == ("FAILED", "2.15", "O-9", "uuid")
    assert error.object_type == "DERGroupDispatch"


def test_of_two_orders_the_one_that_is_there_is_canceled(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    told(plant, "created")

    reply = plant.order("cancel", by_mrid("O-9"), by_mrid("O-1"))

    assert (reply.result, reply.codes) == ("PARTIAL", ["2.15", "0.2"])
    assert [each.mrid for each in told(plant, "canceled")] == ["O-1"]
    assert plant.orders("GA") == []


def test_what_is_canceled_stays_so_however_often_and_is_not_changed(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))

    assert_done(plant.order("cancel", by_mrid("O-1")))
    assert_done(plant.order("cancel", by_mrid("O-1")))
    reply = plant.order("change", plant.dispatch("GA", 6, mrid="O-1"))

    assert (reply.result, reply.codes) == ("FAILED", ["6.1"])
    assert "canceled" in (reply.errors[0].details or "")
    plant.let_a_plan_pass()
    plant.wait_until_held(D1=None, D2=None)


def test_a_change_to_another_group_or_parameter_does_not_fit(plant: Plant) -> None:
    plant.group("GB", "D3", functions=ALL)
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))

    other_group = plant.order("change", plant.dispatch("GB", 4, mrid="O-1"))
    other_kind = plant.order("change", plant.dispatch("GA", 4, mrid="O-1", kind="reactivePower", of="VAr"))

    assert (other_group.codes, other_kind.codes) == (["2.29"], ["2.29"])
    plant.wait_until_held(D1=2000, D2=2000, D3=None)


def test_a_canceled_order_before_its_time_never_begins(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1", start=plant.clock.in_s(600)))
    assert_done(plant.order("cancel", by_mrid("O-1")))

    plant.clock.advance(900)
    plant.let_a_plan_pass()

    assert plant.told("D1") == []


def test_the_mrid_of_an_order_is_not_given_twice(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))

    reply = plant.order("create", plant.dispatch("GA", 6, mrid="O-1"))

    (error,) = reply.errors
    assert (reply.result, error.code, error.id, error.kind) == ("FAILED", "6.1", "O-1", "uuid")
    assert error.object_type == "DERGroupDispatch"
    plant.let_a_plan_pass()
    assert plant.set_points("D1") == [2000]


# -- get -------------------------------------------------------------------------------------------------------------


def test_a_get_tells_what_is_ordered_of_each_group_and_not_over(plant: Plant) -> None:
    plant.group("GB", "D3", functions=ALL)
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"), plant.dispatch("GB", 2, mrid="O-2"))
    plant.order("create", plant.dispatch("GA", 1, mrid="O-3", kind="reactivePower", of="VAr"))
    plant.order("create", plant.dispatch("GA", 9, mrid="O-4"))
    plant.order("cancel", by_mrid("O-4"))

    assert [each.mrid for each in plant.orders()] == ["O-1", "O-3", "O-2"]
    first, second = plant.orders("GA")
    assert (first.mrid, first.parameter, first.scale, first.values) == ("O-1", "activePower", "k W", [4])
    assert (second.mrid, second.parameter, second.scale, second.values) == ("O-3", "reactivePower", "k VAr", [1])
    plant.clock.advance(1800)
    assert plant.orders() == []


def test_a_get_with_times_tells_what_holds_between_them(plant: Plant) -> None:
    for number, begins_s in enumerate((0, 3600, 7200), start=1):
        plant.order("create", plant.dispatch("GA", number, mrid=f"O-{number}", start=plant.clock.in_s(begins_s)))
    starts, ends = plant.clock.in_s(900), plant.clock.in_s(4000)
    plant.clock.advance(2000)  # the first is over

    between = plant.orders("GA", request=f"<StartTime>{starts}</StartTime><EndTime>{ends}</EndTime>")
    since = plant.orders("GA", request=f"<StartTime>{ends}</StartTime>")

    assert [each.mrid for each in between] == ["O-1", "O-2"]
    assert [each.mrid for each in since] == ["O-2", "O-3"]


def test_a_get_by_id_tells_an_order_that_is_over_too(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    plant.order("close", by_mrid("O-1"))
    ids = "".join(f'<ID kind="uuid" objectType="DERGroupDispatch">{mrid}</ID>' for mrid in ("O-1", "O-9"))

    reply = plant.dms.ask(xml.generic("get", "DERGroupDispatches", request=ids, message_id=str(uuid4())))

    assert (reply.result, reply.codes) == ("PARTIAL", ["2.15", "0.2"])
    assert (reply.errors[0].id, reply.errors[0].object_type) == ("O-9", "DERGroupDispatch")
    assert [(each.mrid, each.values) for each in orders_seen(reply)] == [("O-1", [4])]


@pytest.mark.parametrize(
    ("profile", "answer"), [("default", ("PARTIAL", ["99.1", "0.2"])), ("epri", ("FAILED", ["99.1"]))]
)
def test_a_get_of_an_unknown_group_tells_what_is_ordered_of_the_known_one(
    make_plant: MakePlant, profile: str, answer: tuple[str, list[str]]
) -> None:
    plant = make_plant(battery("D1"), behaviour=BEHAVIOURS[profile])
    plant.group("GA", "D1")
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    query = xml.der_group_queries(xml.group(name="GA"), xml.group(name="NOPE"))

    reply = plant.dms.ask(xml.generic("get", "DERGroupDispatches", request=query, message_id=str(uuid4())))

    assert (reply.result, reply.codes) == answer
    assert (reply.errors[0].id, reply.errors[0].kind) == ("NOPE", "name")
    assert [each.mrid for each in orders_seen(reply)] == ["O-1"]


def test_a_typed_get_is_answered_by_the_response_of_dispatches(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    query = xml.der_group_queries(xml.group(name="GA"))

    reply = plant.dms.ask(
        xml.typed("DERGroupQueriesRequestMessage", "DERGroupQueries", "get", "DERGroupDispatches", request=query)
    )

    assert (reply.kind, reply.result) == ("DERGroupDispatchesResponseMessage", "OK")
    assert [each.mrid for each in orders_seen(reply)] == ["O-1"]


# -- what cannot be met ----------------------------------------------------------------------------------------------


def disconnect(plant: Plant, mrid: str) -> None:
    """Have *mrid* be off the grid, and the DERMS know it."""
    control = xml.control("2.31.0.23", xml.element("EndDevices", mRID=mrid))
    assert plant.control(control).result == "OK"
    (event,) = plant.switched(1)
    assert event.ref == "2.31.0.68"
    plant.adapter.wait_for_a_round()


def test_what_falls_short_is_noted_in_the_reply_and_each_member_gives_all_it_has(plant: Plant) -> None:
    disconnect(plant, "D2")

    reply = plant.order("create", plant.dispatch("GA", 15, mrid="O-1"))

    assert_done(
        reply,
        "the order 'O-1' asks for 15000 W now, and its members can give 10000 W: 5000 W short",
    )
    plant.wait_until_held(D1=10_000, D2=None)


def test_each_order_of_a_message_has_its_own_note(plant: Plant) -> None:
    plant.group("GB", "D3")
    disconnect(plant, "D3")

    reply = plant.order(
        "create", plant.dispatch("GA", 15, mrid="O-1"), plant.dispatch("GB", 2, mrid="O-2"), plant.dispatch("GB", -1)
    )

    details = reply.errors[0].details or ""
    assert reply.result == "OK"
    assert details.split("; ") == [
        "the order 'O-2' asks for 2000 W now, and its members can give 0 W: 2000 W short",
        "the order 'GB' asks for -1000 W now, and its members can give 0 W: 1000 W short",
    ]


def test_a_half_done_reply_notes_what_falls_short_with_its_last_error(plant: Plant) -> None:
    disconnect(plant, "D2")

    reply = plant.order("create", plant.dispatch("NOPE", 1), plant.dispatch("GA", 15, mrid="O-1"))

    assert (reply.result, reply.codes) == ("PARTIAL", ["99.1", "0.2"])
    assert "5000 W short" in (reply.errors[1].details or "")


def test_what_falls_short_is_refused_where_the_deployment_says_so(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"), battery("D2"), behaviour={"beyond_available": "refuse"})
    plant.group("GA", "D1", "D2")
    disconnect(plant, "D2")

    now = plant.order("create", plant.dispatch("GA", 15, mrid="O-1"))
    later = plant.order("create", plant.dispatch("GA", 15, mrid="O-2", start=plant.clock.in_s(3600)))

    (error,) = now.errors
    assert (now.result, error.code, error.id) == ("FAILED", "6.1", "O-1")
    assert "5000 W short" in (error.details or "")
    assert later.result == "OK", "nobody knows what there will be"
    plant.let_a_plan_pass()
    assert plant.set_points("D1") == []


def test_beyond_what_is_installed_is_clipped_where_the_deployment_says_so(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"), battery("D2"), behaviour={"beyond_installed": "clip"})
    plant.group("GA", "D1", "D2")

    reply = plant.order("create", plant.dispatch("GA", 25, mrid="O-1"))

    assert reply.result == "OK"
    assert "5000 W short" in (reply.errors[0].details or "")
    plant.wait_until_held(D1=10_000, D2=10_000)
    assert plant.orders("GA")[0].values == [20], "what is told is what is carried out"


def test_a_group_whose_members_have_no_function_for_it_is_said_to_move_nothing(make_plant: MakePlant) -> None:
    plant = make_plant(load("L1"))
    plant.group("GL", "L1", functions=ALL)

    reply = plant.order("create", plant.dispatch("GL", 0.235, mrid="O-1", kind="voltage", of="V"))

    assert_done(
        reply, "the order 'O-1' moves nothing at present: no member that was reached has a function for voltage"
    )


# -- which order holds -----------------------------------------------------------------------------------------------


def test_the_later_order_holds_and_the_earlier_one_goes_on_when_it_is_canceled(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, 6, mrid="O-1"))
    plant.wait_until_held(D1=2000, D2=2000)

    plant.order("create", plant.dispatch("GA", 10, duration=2, unit="h", mrid="O-2"))
    plant.wait_until_held(D1=5000, D2=5000)
    plant.clock.advance(1800)  # meanwhile the first says something else
    plant.order("cancel", by_mrid("O-2"))

    plant.wait_until_held(D1=3000, D2=3000)
    plant.let_a_plan_pass()
    assert plant.set_points("D1") == [2000, 5000, 3000]


def test_the_earlier_order_goes_on_when_the_later_one_is_over(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, duration=2, unit="h", mrid="O-1"))
    plant.order("create", plant.dispatch("GA", 10, duration=10, mrid="O-2"))
    plant.wait_until_held(D1=5000, D2=5000)

    plant.clock.advance(600)

    plant.wait_until_held(D1=2000, D2=2000)


def test_an_order_of_another_parameter_pushes_none_aside(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    plant.order("create", plant.dispatch("GA", 6, mrid="O-2", kind="reactivePower", of="VAr"))

    plant.wait_until_held("active_power_w", D1=2000, D2=2000)
    plant.wait_until_held("reactive_power_var", D1=3000, D2=3000)

    plant.order("cancel", by_mrid("O-1"))
    plant.wait_until_held("active_power_w", D1=None, D2=None)
    plant.wait_until_held("reactive_power_var", D1=3000, D2=3000)


def test_reactive_power_finds_the_room_that_active_power_leaves(plant: Plant) -> None:
    """Each has 12.5 kVA: 10 kW leave 7.5 kVAr."""
    reply = plant.order(
        "create",
        plant.dispatch("GA", 20, mrid="O-1"),
        plant.dispatch("GA", -15, mrid="O-2", kind="reactivePower", of="VAr"),
    )

    assert_done(reply)
    plant.wait_until_held("active_power_w", D1=10_000, D2=10_000)
    plant.wait_until_held("reactive_power_var", D1=-7500, D2=-7500)


def test_when_a_group_is_deleted_its_orders_are_canceled_and_its_devices_let_go(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    plant.order("create", plant.dispatch("GA", 6, mrid="O-2", start=plant.clock.in_s(7200)))
    plant.wait_until_held(D1=2000, D2=2000)
    told(plant, "created"), told(plant, "created")

    plant.ask("delete", "DERGroups", xml.der_groups(xml.group(name="GA")))

    events = [plant.dms.next_event("DERGroups", "DERGroupDispatches") for _ in range(2)]
    assert [(event.text("Header", "Verb"), event.text("Header", "Noun")) for event in events] == [
        ("canceled", "DERGroupDispatches"),
        ("deleted", "DERGroups"),
    ]
    assert [each.mrid for each in orders_seen(events[0])] == ["O-1", "O-2"]
    plant.wait_until_held(D1=None, D2=None)
    plant.clock.advance(7200)
    plant.let_a_plan_pass()
    assert plant.set_points("D1") == [2000]


@pytest.mark.parametrize("told_by", ["operation", "another system"])
def test_a_group_that_is_gone_by_another_way_leaves_no_order_behind(plant: Plant, told_by: str) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    plant.wait_until_held(D1=2000, D2=2000)
    told(plant, "created")
    gone = xml.der_groups(xml.group(name="GA"))

    if told_by == "operation":
        plant.ask("execute", "OperationSet", xml.operation_set(xml.operation(1, gone, element=False)))
    else:
        plant.ask("deleted", "DERGroups", gone, root="EventMessage", source="derms2", ack_required=True)

    assert [each.mrid for each in told(plant, "canceled")] == ["O-1"]
    plant.wait_until_held(D1=None, D2=None)


def test_a_device_in_two_groups_belongs_to_the_order_received_last(plant: Plant) -> None:
    plant.group("GB", "D2", "D3", functions=ALL)
    plant.order("create", plant.dispatch("GA", 8, mrid="O-1"))
    plant.wait_until_held(D1=4000, D2=4000)

    plant.let_devices_move()
    plant.order("create", plant.dispatch("GB", 2, mrid="O-2"))
    plant.wait_until_held(D2=1000, D3=1000)
    plant.let_devices_move()

    plant.wait_until_held(D1=7000, D2=1000, D3=1000)  # what D2 gives now is off what GA has to give
    plant.order("cancel", by_mrid("O-2"))
    plant.wait_until_held(D2=None, D3=None)
    plant.let_devices_move()
    plant.wait_until_held(D1=4000, D2=4000, D3=None)


def test_a_group_of_groups_is_one_group(plant: Plant) -> None:
    plant.group("GB", "D3")
    plant.group("all", "mrid-GA", "mrid-GB", "D3")

    assert_done(plant.order("create", plant.dispatch("all", 9)))

    plant.wait_until_held(D1=3000, D2=3000, D3=3000)


# -- parameters ------------------------------------------------------------------------------------------------------


def test_a_voltage_is_given_to_each_member_that_can_hold_it(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"), battery("D2", voltage_v=400), battery("D3", voltage_v=10_000), load("L1"))
    plant.group("GA", "D1", "D2", "D3", "L1", functions=ALL)

    reply = plant.order("create", plant.dispatch("GA", 0.235, mrid="O-1", kind="voltage", of="V"))

    assert_done(reply)
    plant.wait_until_held("voltage_v", D1=235)
    plant.let_a_plan_pass()
    assert plant.held("D2", "D3", "L1", function="voltage_v") == [235, None, None]


def test_a_voltage_that_no_member_can_hold_is_noted(plant: Plant) -> None:
    reply = plant.order("create", plant.dispatch("GA", 10, mrid="O-1", kind="voltage", of="V"))

    assert_done(
        reply,
        "the order 'O-1' moves nothing: no member can hold 10000 V, their nominal voltage is 230 V",
    )
    plant.let_a_plan_pass()
    assert plant.told("D1") == []


def test_ramp_rates_hold_back_the_order_of_active_power_that_follows(plant: Plant) -> None:
    ramp = {"of": "WPers", "multiplier": "none"}
    plant.order(
        "create",
        plant.dispatch("GA", 100, mrid="O-1", kind="increasingRampRate", **ramp),
        plant.dispatch("GA", 50, mrid="O-2", kind="decreasingRampRate", **ramp),
    )
    plant.let_a_plan_pass()
    assert plant.told("D1") == [], "a limit by itself moves nothing"

    assert_done(plant.order("create", plant.dispatch("GA", 2.5, mrid="O-3")))
    plant.let_a_plan_pass()
    for target in (1000, 2000, 2500):
        plant.clock.advance(10)
        plant.wait_until_held(D1=target / 2, D2=target / 2)
    plant.order("create", plant.dispatch("GA", 1.7, mrid="O-4"))
    plant.let_a_plan_pass()
    for target in (2000, 1700):
        plant.clock.advance(10)
        plant.wait_until_held(D1=target / 2, D2=target / 2)


def test_apparent_power_bounds_what_is_ordered(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 10, mrid="O-1", kind="apparentPower", of="VA"))
    plant.let_a_plan_pass()
    assert plant.told("D1") == [], "a bound by itself moves nothing"

    plant.order("create", plant.dispatch("GA", 14, mrid="O-2"))
    plant.wait_until_held(D1=5000, D2=5000)
    plant.order("create", plant.dispatch("GA", 6, mrid="O-3", kind="reactivePower", of="VAr"))

    plant.wait_until_held("reactive_power_var", D1=3000, D2=3000)
    plant.wait_until_held("active_power_w", D1=4000, D2=4000)  # 8 kW and 6 kVAr are 10 kVA
    plant.order("cancel", by_mrid("O-1"))
    plant.wait_until_held("active_power_w", D1=7000, D2=7000)


FUNCTIONS = {
    "activePower": ("W", ["realPowerDispatch"]),
    "reactivePower": ("VAr", ["reactivePowerDispatch"]),
    "apparentPower": ("VA", ["realPowerDispatch", "reactivePowerDispatch"]),
    "voltage": ("V", ["voltageRegulation"]),
    "increasingRampRate": ("WPers", ["rampRateControl"]),
    "decreasingRampRate": ("WPers", ["rampRateControl"]),
}


def test_each_parameter_can_be_ordered_of_a_group_with_its_function_and_of_no_other(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"))
    plant.group("no function", "D1", functions=())
    everything = set(ALL)
    for function in everything:
        plant.group(f"with {function}", "D1", functions=[function])
        plant.group(f"all but {function}", "D1", functions=sorted(everything - {function}))

    def order(kind: str, group: str) -> Message:
        unit, _ = FUNCTIONS.get(kind, ("W", []))
        value = 0.2 if kind == "voltage" else 0.001
        return plant.order("create", plant.dispatch(group, value, kind=kind, of=unit))

    for kind in ParameterKind:
        _, functions = FUNCTIONS.get(kind, ("W", []))
        if not functions:
            assert "moves nothing" in (order(kind, "no function").errors[0].details or ""), kind
            continue
        refused = order(kind, "no function")
        assert (refused.result, refused.codes) == ("FAILED", ["6.1"]), kind
        assert (refused.errors[0].id, refused.errors[0].kind) == ("no function", "name")
        assert " or ".join(functions) in (refused.errors[0].details or "")
        for function in functions:
            assert order(kind, f"with {function}").result == "OK", (kind, function)
            expected = "OK" if len(functions) > 1 else "FAILED"
            assert order(kind, f"all but {function}").result == expected, (kind, function)


def test_functions_are_not_asked_for_where_the_deployment_says_so(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"), behaviour={"dispatch_needs_function": False})
    plant.group("GA", "D1", functions=())

    assert_done(plant.order("create", plant.dispatch("GA", 4)))

    plant.wait_until_held(D1=4000)


# -- other systems, and the same twice -------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["created", "changed", "canceled", "closed", "deleted"])
def test_what_another_system_tells_of_its_orders_commands_nothing_of_ours(plant: Plant, verb: str) -> None:
    plant.order("create", plant.dispatch("GA", 4, mrid="O-1"))
    plant.wait_until_held(D1=2000, D2=2000)
    told(plant, "created")

    reply = plant.order(
        verb, plant.dispatch("GA", 9, mrid="O-1"), root="EventMessage", source="derms2", ack_required=True
    )

    assert (reply.result, reply.codes) == ("OK", ["0.3"])
    plant.let_a_plan_pass()
    assert plant.set_points("D1") == [2000]
    assert [(each.mrid, each.values) for each in plant.orders("GA")] == [("O-1", [4])]
    assert [each.group_name for each in told(plant, "created")] == ["let a plan pass"], "nothing else was told"


def test_an_order_sent_again_is_answered_again_and_carried_out_once(plant: Plant) -> None:
    dispatch = plant.dispatch("GA", 4)

    first = plant.order("create", dispatch, message_id="m-1")
    second = plant.order("create", dispatch, message_id="m-1")

    assert second.delivery.body == first.delivery.body
    plant.let_a_plan_pass()
    assert plant.set_points("D1") == [2000]
    assert len(plant.orders("GA")) == 1


def test_a_peer_that_sends_its_files_again_on_purpose_gives_a_second_order(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"), behaviour=BEHAVIOURS["epri"])
    plant.group("GA", "D1")
    dispatch = plant.dispatch("GA", 4)

    for _ in range(2):
        assert_done(plant.order("create", dispatch, message_id="m-1"))

    assert len({each.mrid for each in plant.orders("GA")}) == 2
    plant.wait_until_held(D1=4000)
    plant.let_a_plan_pass()
    assert set(plant.set_points("D1")) == {4000}


# -- after a restart -------------------------------------------------------------------------------------------------


def test_after_a_restart_orders_go_on_and_no_device_is_told_what_it_holds(
    make_plant: MakePlant, tmp_path: Path
) -> None:
    devices = [battery("D1"), battery("D2")]
    before = make_plant(*devices, store=SqliteStore(tmp_path / "derms.db"))
    before.group("GA", "D1", "D2", functions=(*ALL, "connectDisconnect"))
    before.order("create", before.dispatch("GA", 4, 6, mrid="O-1"))
    before.order("create", before.dispatch("GA", 2, mrid="O-2", start=before.clock.in_s(7200)))
    interval = xml.element("primaryDeviceTiming", xml.element("interval", start=before.clock.in_s(5400)))
    before.control(xml.control("2.31.0.23", xml.element("EndDevices", mRID="D2"), interval), correlation_id="k-1")
    before.wait_until_held(D1=2000, D2=2000)
    before.let_a_plan_pass()
    before.house.derms.stop()

    after = make_plant(
        *devices,
        clock=before.clock,
        adapter=WatchedAdapter(before.adapter.fleet),
        store=SqliteStore(tmp_path / "derms.db"),
    )

    after.let_a_plan_pass()
    assert [each.mrid for each in after.orders("GA")] == ["O-1", "O-2"]
    assert after.set_points("D1") == [2000], "it holds that already"
    after.clock.advance(1800)
    after.wait_until_held(D1=3000, D2=3000)
    after.clock.advance(1800)
    after.wait_until_held(D1=None, D2=None)
    after.clock.advance(1800)
    (event,) = after.switched(1)
    assert (event.device, event.ref, event.correlation_id) == ("D2", "2.31.0.68", "k-1")
    after.clock.advance(1800)
    after.wait_until_held(D1=2000, D2=None)
