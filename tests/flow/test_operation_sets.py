"""Several operations in one message: what each may be, what becomes of the others when one fails, what is told of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, Final
from uuid import uuid4

import pytest

from dermsbus.client import DMSClient
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.model import DERFunction, EndDeviceGroup, Name
from dermsbus.handlers import der_group_dispatches
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import DERGroups, Operation, OperationSet
from dermsbus.transports.memory import MemoryTransport
from tests import builders as xml
from tests.flow.peer import Message, find, local, text_of
from tests.flow.plant import Plant, battery
from tests.flow.seen import orders_seen

MakePlant = Callable[..., Plant]
FUNCTIONS: Final = ("realPowerDispatch", "connectDisconnect")
ALL: Final = [field.name for field in fields(DERFunction)]


@pytest.fixture
def plant(make_plant: MakePlant) -> Plant:
    """Two groups, of D1 and D2 and of D3."""
    plant = make_plant(battery("D1"), battery("D2"), battery("D3"))
    plant.group("GA", "D1", "D2", functions=FUNCTIONS)
    plant.group("GB", "D3", functions=FUNCTIONS)
    return plant


def execute(plant: Plant, *operations: str, sequence: bool = False, integrity: bool = False, **fields: Any) -> Message:
    payload = xml.operation_set(*operations, sequence=sequence, integrity=integrity)
    noun = fields.pop("noun", "OperationSet")
    return plant.ask(fields.pop("verb", "execute"), noun, payload, **fields)


def on_group(operation_id: int, verb: str, name: str, *members: str, element: bool = False, **group: Any) -> str:
    content = xml.der_groups(xml.group(name=name, members=members, **group))
    return xml.operation(operation_id, content, verb=verb, element=element)


def add(operation_id: int, name: str, *members: str) -> str:
    return on_group(operation_id, "create", name, *members, element=True)


def remove(operation_id: int, name: str, *members: str) -> str:
    return on_group(operation_id, "delete", name, *members, element=True)


def on_orders(operation_id: int, verb: str, *dispatches: str) -> str:
    content = xml.payload("DERGroupDispatches", *dispatches)
    return xml.operation(operation_id, content, verb=verb, noun="DERGroupDispatches", element=False)


def on_switch(operation_id: int, code: str, *groups: str, mrid: str | None = None) -> str:
    control = xml.control(code, *(xml.element("EndDeviceGroups", xml.names(name)) for name in groups), mrid=mrid)
    content = xml.payload("EndDeviceControls", control)
    return xml.operation(operation_id, content, verb="create", noun="EndDeviceControls", element=False)


CONNECT, DISCONNECT = "2.31.0.18", "2.31.0.23"


def members(plant: Plant, name: str = "GA") -> list[str]:
    query = xml.der_group_queries(xml.group(name=name))
    reply = plant.dms.ask(xml.generic("get", "DERGroups", request=query, message_id=str(uuid4())))
    return [member for group in reply.groups for member in group.members]


def failures(reply: Message) -> list[tuple[str, str | None]]:
    return [(error.code, error.operation_id) for error in reply.errors]


def operations_told(message: Message) -> list[tuple[str | None, str | None, str | None]]:
    """Number, verb and noun of each operation in a message."""
    operations = find(message.root, "Payload", "OperationSet")
    assert operations is not None
    return [
        (text_of(each, "operationId"), text_of(each, "verb"), text_of(each, "noun"))
        for each in operations
        if local(each) == "Operation"
    ]


def nobody_is_told(plant: Plant) -> None:
    with pytest.raises(queue.Empty):
        plant.dms.event("executed", timeout_s=0.3)


# -- the outcome table -------------------------------------------------------------------------------------------------

GOOD, BAD, ALSO_GOOD = remove(1, "GA", "D1"), remove(2, "GA", "nobody"), remove(3, "GA", "D2")


@pytest.mark.parametrize(
    ("operations", "flags", "expected", "left"),
    [
        ([GOOD, ALSO_GOOD], {}, ("OK", [("0.0", None)]), []),
        ([GOOD, ALSO_GOOD], {"sequence": True, "integrity": True}, ("OK", [("0.0", None)]), []),
        ([GOOD, BAD, ALSO_GOOD], {}, ("PARTIAL", [("2.29", "2")]), []),
        ([BAD, remove(4, "GX", "D1")], {}, ("FAILED", [("2.29", "2"), ("99.1", "4")]), ["D1", "D2"]),
        ([GOOD, BAD, ALSO_GOOD], {"sequence": True}, ("PARTIAL", [("2.29", "2"), ("5.2", "3")]), ["D2"]),
        ([BAD, GOOD, ALSO_GOOD], {"sequence": True}, ("FAILED", [("2.29", "2"), ("5.2", "1"), ("5.2", "3")]), ["D1", "D2"]),
        ([GOOD, BAD, ALSO_GOOD], {"integrity": True}, ("FAILED", [("2.29", "2"), ("5.9", "1"), ("5.9", "3")]), ["D1", "D2"]),
        ([GOOD, BAD, ALSO_GOOD], {"sequence": True, "integrity": True}, ("FAILED", [("2.29", "2"), ("5.9", "1"), ("5.9", "3")]), ["D1", "D2"]),
        ([GOOD, ALSO_GOOD, BAD], {"integrity": True}, ("FAILED", [("2.29", "2"), ("5.9", "1"), ("5.9", "3")]), ["D1", "D2"]),
        ([BAD], {}, ("FAILED", [("2.29", "2")]), ["D1", "D2"]),
        ([BAD], {"integrity": True}, ("FAILED", [("2.29", "2")]), ["D1", "D2"]),
    ],
)  # fmt: skip
def test_e01_to_e04_the_flags_decide_what_a_failure_means_for_the_others(
    plant: Plant,
    operations: list[str],
    flags: dict[str, bool],
    expected: tuple[str, list[tuple[str, str | None]]],
    left: list[str],
) -> None:
    reply = execute(plant, *operations, **flags)

    assert (reply.result, failures(reply)) == expected
    assert members(plant) == left


def test_the_levels_say_whether_the_rest_was_done(plant: Plant) -> None:
    half = execute(plant, GOOD, BAD, ALSO_GOOD, sequence=True)
    none = execute(plant, BAD, remove(5, "GB", "D3"), integrity=True)

    assert [error.level for error in half.errors] == ["WARNING", "WARNING"]
    assert [error.level for error in none.errors] == ["FATAL", "WARNING"]


def test_the_profile_that_knows_no_half_done_requests_calls_them_failed(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"), behaviour=BEHAVIOURS["epri"])
    plant.group("GA", "D1")

    reply = execute(plant, remove(1, "GA", "D1"), remove(2, "GA", "nobody"))

    assert (reply.result, failures(reply)) == ("FAILED", [("2.29", "2")])
    assert members(plant) == []


# -- the set as a whole ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "fields", "code"),
    [
        ([GOOD, GOOD], {}, "1.8"),
        ([], {}, "1.7"),
        ([GOOD], {"verb": "create"}, "2.9"),
        ([GOOD], {"verb": "change"}, "2.9"),
        ([GOOD], {"noun": "DERGroups"}, "2.9"),
        ([GOOD], {"verb": "create", "noun": "DERGroups"}, "2.9"),
        ([GOOD], {"verb": "delete", "noun": "DERGroupsOperationSet"}, "2.9"),
        ([GOOD], {"noun": "OperationSets"}, "2.5"),
        ([GOOD], {"noun": "FrobnicatorsOperationSet"}, "2.5"),
        ([remove(-1, "GA", "D1"), ALSO_GOOD], {}, "1.8"),
        ([remove(2**63, "GA", "D1"), ALSO_GOOD], {}, "1.8"),
        ([remove(10**400, "GA", "D1"), ALSO_GOOD], {}, "1.8"),
        ([GOOD.replace("<operationId>1</operationId>", ""), ALSO_GOOD], {}, "1.8"),
        ([GOOD.replace(">1<", ">one<"), ALSO_GOOD], {}, "1.8"),
        ([GOOD.replace("</Operation>", xml.der_groups(xml.group(name="GB")) + "</Operation>")], {}, "1.8"),
    ],
    ids=[
        "e05 one id twice", "e06 empty", "e11 create", "change", "execute of another noun", "create of another noun",
        "delete of the other name", "a noun that is almost right", "a set of nothing that is known", "a negative id",
        "an id of 65 bits", "a monstrous id", "no id", "an id in words", "two elements in one operation",
    ],
)  # fmt: skip
def test_a_set_that_is_wrong_as_a_whole_is_refused_and_nothing_is_done(
    plant: Plant, operations: list[str], fields: dict[str, str], code: str
) -> None:
    reply = execute(plant, *operations, **fields)

    assert (reply.result, reply.codes[0]) == ("FAILED", code)
    assert members(plant) == ["D1", "D2"]
    nobody_is_told(plant)


@pytest.mark.parametrize("operation_id", [0, 2**31, 2**63 - 1])
def test_an_operation_may_have_any_number_of_64_bits(plant: Plant, operation_id: int) -> None:
    reply = execute(plant, remove(operation_id, "GA", "nobody"))

    assert failures(reply) == [("2.29", str(operation_id))]
    assert reply.text("Reply", "operationId") == str(operation_id)


@pytest.mark.parametrize("noun", ["OperationSet", "DERGroupsOperationSet", "DERGroupDispatchesOperationSet"])
def test_e10_the_noun_of_the_header_may_name_the_wrapper(plant: Plant, noun: str) -> None:
    reply = execute(plant, GOOD, noun=noun)

    assert (reply.result, reply.text("Header", "Noun")) == ("OK", noun)


def test_more_than_a_thousand_operations_are_carried_out_in_order(plant: Plant) -> None:
    count = 1_500
    operations = [
        *(add(number, "GA", f"X{number}") for number in range(count)),
        *(remove(count + number, "GA", f"X{number}") for number in range(count - 1)),
    ]

    reply = execute(plant, *operations, sequence=True, integrity=True)

    assert reply.result == "OK"
    assert members(plant) == ["D1", "D2", f"X{count - 1}"]


def test_of_a_thousand_operations_that_are_undone_each_is_named(plant: Plant) -> None:
    operations = [add(number, "GA", f"X{number}") for number in range(1_200)]

    reply = execute(plant, *operations, BAD.replace(">2<", ">5000<"), integrity=True)

    assert failures(reply)[0] == ("2.29", "5000")
    assert sorted(failures(reply)[1:]) == sorted(("5.9", str(number)) for number in range(1_200))
    assert members(plant) == ["D1", "D2"]


def test_more_operations_than_a_message_may_hold_are_refused(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"), limits={"items": 6})
    plant.group("GA", "D1")

    assert execute(plant, *(add(number, "GA", f"X{number}") for number in range(4))).codes == ["3.1"]
    assert members(plant) == ["D1"]


# -- one operation -----------------------------------------------------------------------------------------------------

NO_MEANING: Final = {
    "e07 an unknown verb": (remove(1, "GA", "D1").replace("delete", "frobnicate"), "2.9"),
    "no verb": (remove(1, "GA", "D1").replace("<verb>delete</verb>", ""), "2.9"),
    "a verb of the past": (on_group(1, "deleted", "GA"), "2.9"),
    "a verb that groups do not have": (on_group(1, "cancel", "GA"), "2.9"),
    "a get": (on_group(1, "get", "GA"), "2.9"),
    "a verb that controls do not have": (on_switch(1, CONNECT, "GA").replace("create", "delete"), "2.9"),
    "members of an order": (on_orders(1, "delete", xml.dispatch(mrid="O1")).replace("<elementOperation>false", "<elementOperation>true"), "2.9"),
    "e08 another noun": (on_group(1, "delete", "GA").replace(">DERGroups<", ">DERGroupDispatches<"), "2.5"),
    "an unknown noun": (on_group(1, "delete", "GA").replace(">DERGroups<", ">Frobnicators<"), "2.5"),
    "an unknown element": (xml.operation(1, '<x xmlns="urn:x"/>'), "2.5"),
    "an element that no set serves": (xml.operation(1, xml.payload("DERGroupStatuses", xml.group(name="GA")), noun="DERGroupStatuses"), "2.5"),
    "a query": (xml.operation(1, xml.der_group_queries(xml.group(name="GA"))), "2.5"),
    "no element": (xml.operation(1, ""), "1.7"),
    "controls of nothing": (xml.operation(1, xml.payload("EndDeviceControls"), verb="create", noun="EndDeviceControls", element=False), "1.7"),
    "an element that breaks its schema": (remove(1, "GA", "D1").replace("<EndDevices>", "<colour/><EndDevices>"), "1.8"),
    "a group that is not there": (on_group(1, "delete", "GX"), "99.1"),
    "a group without function": (on_group(1, "create", "GX"), "5.8"),
    "members of nobody": (add(1, "GA"), "5.8"),
    "an order of nothing": (on_orders(1, "create", xml.dispatch(group_name="GA")), "5.8"),
    "an order that is not there": (on_orders(1, "cancel", xml.dispatch(mrid="O1")), "2.15"),
    "a control of another kind": (on_switch(1, "2.31.0.5", "GA"), "6.1"),
}  # fmt: skip


@pytest.mark.parametrize(("operation", "code"), NO_MEANING.values(), ids=NO_MEANING)
def test_an_operation_that_cannot_be_done_is_refused_by_its_id_and_the_others_are_done(
    plant: Plant, operation: str, code: str
) -> None:
    reply = execute(plant, operation, remove(2, "GA", "D2"))

    assert (reply.result, failures(reply)) == ("PARTIAL", [(code, "1")])
    assert members(plant) == ["D1"]
    assert operations_told(plant.dms.event("executed")) == [("2", "deleted", "DERGroups")]


@pytest.mark.parametrize(("operation", "code"), NO_MEANING.values(), ids=NO_MEANING)
def test_and_undoes_them_where_all_or_nothing_is_asked_for(plant: Plant, operation: str, code: str) -> None:
    reply = execute(plant, remove(2, "GA", "D2"), operation, integrity=True)

    assert (reply.result, failures(reply)) == ("FAILED", [(code, "1"), ("5.9", "2")])
    assert members(plant) == ["D1", "D2"]


def test_an_operation_of_several_objects_is_done_whole_or_not_at_all(plant: Plant) -> None:
    groups = xml.der_groups(xml.group(name="GA"), xml.group(name="GX"))
    orders = on_orders(2, "create", plant.dispatch("GA", 4, mrid="O1"), plant.dispatch("GX", 4, mrid="O2"))
    devices = on_switch(3, DISCONNECT, "GA", "GX")

    reply = execute(plant, xml.operation(1, groups, verb="delete", element=False), orders, devices)

    assert failures(reply) == [("99.1", "1"), ("99.1", "2"), ("99.1", "3")]
    assert members(plant) == ["D1", "D2"]
    assert plant.orders() == []
    plant.let_a_plan_pass()
    assert plant.told("D1") == []


def test_an_operation_need_not_state_its_noun(plant: Plant) -> None:
    assert execute(plant, remove(1, "GA", "D1").replace("<noun>DERGroups</noun>", "")).result == "OK"
    assert operations_told(plant.dms.event("executed")) == [("1", "deleted", "DERGroups")]


# -- members and groups ------------------------------------------------------------------------------------------------


def test_e09_members_join_and_leave_and_their_group_stays(plant: Plant) -> None:
    reply = execute(
        plant,
        remove(1, "GA", "D1"),
        add(2, "GA", "D8"),
        on_group(3, "change", "GA", "D9", element=True),
    )

    assert reply.result == "OK"
    assert members(plant) == ["D2", "D8", "D9"]
    assert operations_told(plant.dms.event("executed")) == [
        ("1", "deleted", "DERGroups"),
        ("2", "created", "DERGroups"),
        ("3", "changed", "DERGroups"),
    ]


def test_what_a_set_creates_without_mrid_is_told_to_its_requester_by_operation(plant: Plant) -> None:
    reply = execute(
        plant,
        on_group(1, "create", "GC", functions=FUNCTIONS),
        remove(2, "GA", "D1"),
        on_group(3, "create", "GD", mrid="mrid-GD", functions=FUNCTIONS),
        on_orders(4, "create", plant.dispatch("GC", 4)),
    )

    assert reply.result == "OK"
    assert operations_told(reply) == [("1", "create", "DERGroups"), ("4", "create", "DERGroupDispatches")]
    group = next(each for each in reply.groups if each.name == "GC")
    assert group.mrid == reply.text("Reply", "ID")
    (order,) = orders_seen(reply)
    assert order.mrid
    assert order.group_mrid == group.mrid


def test_a_dms_finds_what_a_set_created_in_its_answer(plant: Plant) -> None:
    wanted = EndDeviceGroup(names=(Name(name="GC"),), der_function=DERFunction(**dict.fromkeys(ALL, True)))
    operation = Operation(operation_id=1, verb="create", content=DERGroups(groups=(wanted,)))
    with DMSClient(MemoryTransport(plant.house.bus), Codec(), responder="derms1", source="dms2") as dms:
        answer = dms.execute(OperationSet(operations=(operation,)))

    assert [[name.name for name in group.names] for group in answer.groups] == [["GC"]]
    assert [group.mrid for group in answer.groups] == [object_id.value for object_id in answer.ids]


def test_a_set_that_returns_nothing_has_no_payload(plant: Plant) -> None:
    reply = execute(plant, GOOD)

    assert find(reply.root, "Payload") is None


def test_a_typed_set_returns_what_it_created_in_its_own_wrapper(plant: Plant) -> None:
    operation = on_group(1, "create", "GC", functions=FUNCTIONS)
    wrapper = "DERGroupsOperationSet"
    payload = xml.operation_set(operation, namespace=xml.wrapper_namespace(wrapper))

    reply = plant.dms.ask(xml.typed(f"Execute{wrapper}", wrapper, "execute", "OperationSet", payload=payload))

    assert reply.kind == f"{wrapper}ResponseMessage"
    assert operations_told(reply) == [("1", "create", "DERGroups")]


def test_a_profile_that_echoes_nothing_of_the_half_done_does_not_for_sets(make_plant: MakePlant) -> None:
    plant = make_plant(behaviour=replace(BEHAVIOURS["default"], echo_created_on_partial=False))

    reply = execute(plant, on_group(1, "create", "GC", functions=FUNCTIONS), on_group(2, "delete", "GX"))

    assert reply.result == "PARTIAL"
    assert find(reply.root, "Payload") is None


# -- operations that contradict each other -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "errors", "left"),
    [
        ([add(1, "GA", "D9"), remove(2, "GA", "D9")], [("0.0", None)], ["D1", "D2"]),
        ([remove(1, "GA", "D1"), add(2, "GA", "D1")], [("0.0", None)], ["D2", "D1"]),
        ([remove(1, "GA", "D1"), remove(2, "GA", "D1")], [("2.29", "2")], ["D2"]),
        ([on_group(1, "delete", "GA"), remove(2, "GA", "D1")], [("99.1", "2")], []),
        ([on_group(1, "delete", "GA"), on_group(2, "delete", "GA")], [("99.1", "2")], []),
        (
            [
                on_group(1, "delete", "GA"),
                on_group(2, "create", "GA", "D7", functions=FUNCTIONS),
                on_group(3, "create", "GA", "D8", functions=FUNCTIONS),
            ],
            [("6.1", "3")],
            ["D7"],
        ),
    ],
    ids=["in and out", "out and in", "out twice", "gone", "gone twice", "made anew, and once more"],
)
def test_each_operation_finds_what_those_before_it_have_done(
    plant: Plant, operations: list[str], errors: Sequence[tuple[str, str | None]], left: list[str]
) -> None:
    reply = execute(plant, *operations)

    assert failures(reply) == errors
    assert members(plant) == left


def test_of_two_orders_for_one_group_the_later_holds(plant: Plant) -> None:
    reply = execute(
        plant,
        on_orders(1, "create", plant.dispatch("GB", 4, mrid="O1")),
        on_orders(2, "create", plant.dispatch("GB", 6, mrid="O2")),
    )

    assert reply.result == "OK"
    plant.wait_until_held(D3=6000)
    assert plant.set_points("D3") == [6000], "the device never heard of the first"


def test_an_order_that_is_made_and_called_off_reaches_nobody(plant: Plant) -> None:
    reply = execute(
        plant,
        on_orders(1, "create", plant.dispatch("GB", 4, mrid="O1")),
        on_orders(2, "cancel", xml.dispatch(mrid="O1")),
    )

    assert reply.result == "OK"
    plant.let_a_plan_pass()
    assert plant.told("D3") == []


def test_of_two_controls_of_one_device_the_later_is_carried_out_and_the_first_is_told_to_have_failed(
    plant: Plant,
) -> None:
    reply = execute(
        plant, on_switch(1, DISCONNECT, "GB", mrid="C1"), on_switch(2, CONNECT, "GB", mrid="C2"), correlation_id="k-1"
    )

    assert reply.result == "OK"
    told = plant.switched(2)
    assert sorted((each.ref, each.correlation_id) for each in told) == [("2.31.0.42", "k-1"), ("2.31.0.84", "k-1")]


def test_a_group_that_is_made_anew_can_be_ordered_at_once(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GB", 2, mrid="O1"))
    plant.wait_until_held(D3=2000)

    reply = execute(
        plant,
        on_group(1, "delete", "GB"),
        on_group(2, "create", "GB", "D3", mrid="mrid-GB", functions=FUNCTIONS),
        on_orders(3, "create", plant.dispatch("GB", 7, mrid="O2")),
        integrity=True,
    )

    assert reply.result == "OK"
    plant.wait_until_held(D3=7000)
    canceled = plant.dms.event("canceled", noun="DERGroupDispatches")
    assert [order.mrid for order in orders_seen(canceled)] == ["O1"]


# -- orders and controls -----------------------------------------------------------------------------------------------


def test_groups_orders_and_controls_in_one_set_are_carried_out(plant: Plant) -> None:
    reply = execute(
        plant,
        add(1, "GA", "D3"),
        on_orders(2, "create", plant.dispatch("GA", 9, mrid="O1")),
        on_switch(3, DISCONNECT, "GB", mrid="C1"),
        sequence=True,
    )

    assert (reply.result, failures(reply)) == ("OK", [("0.0", None)])
    assert operations_told(plant.dms.event("executed")) == [
        ("1", "created", "DERGroups"),
        ("2", "created", "DERGroupDispatches"),
        ("3", "created", "EndDeviceControls"),
    ]
    (switched,) = plant.switched(1)
    assert (switched.device, switched.ref) == ("D3", "2.31.0.68")


def test_orders_are_changed_closed_and_deleted_in_a_set(plant: Plant) -> None:
    for mrid, name in (("O1", "GA"), ("O2", "GB")):
        assert plant.order("create", plant.dispatch(name, 4, mrid=mrid)).result == "OK"

    reply = execute(
        plant,
        on_orders(1, "change", plant.dispatch("GA", 5, mrid="O1")),
        on_orders(2, "close", xml.dispatch(mrid="O2")),
        on_orders(3, "create", plant.dispatch("GB", 1, mrid="O3")),
        on_orders(4, "delete", xml.dispatch(mrid="O3")),
    )

    assert reply.result == "OK"
    assert [(order.mrid, order.values) for order in plant.orders()] == [("O1", [5])]
    assert operations_told(plant.dms.event("executed")) == [
        ("1", "changed", "DERGroupDispatches"),
        ("2", "closed", "DERGroupDispatches"),
        ("3", "created", "DERGroupDispatches"),
        ("4", "deleted", "DERGroupDispatches"),
    ]


def test_nothing_of_a_set_that_is_undone_reaches_a_device(plant: Plant) -> None:
    reply = execute(
        plant,
        on_orders(1, "create", plant.dispatch("GA", 9, mrid="O1")),
        on_switch(2, DISCONNECT, "GB", mrid="C1"),
        on_group(3, "delete", "GX"),
        integrity=True,
    )

    assert (reply.result, failures(reply)) == ("FAILED", [("99.1", "3"), ("5.9", "1"), ("5.9", "2")])
    plant.let_a_plan_pass()
    assert (plant.told("D1"), plant.told("D3")) == ([], [])
    assert plant.orders("GA") == []
    nobody_is_told(plant)


def test_an_undone_set_brings_back_the_orders_that_it_called_off(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GB", 2, mrid="O1"))
    plant.wait_until_held(D3=2000)

    reply = execute(plant, on_group(1, "delete", "GB"), on_group(2, "delete", "GX"), integrity=True)

    assert reply.result == "FAILED"
    plant.let_a_plan_pass()
    assert plant.held("D3") == [2000]
    assert [order.mrid for order in plant.orders("GB")] == ["O1"]


def test_what_an_order_falls_short_of_is_told_with_its_operation(plant: Plant) -> None:
    plant.adapter.wait_for_a_round()
    short = execute(plant, remove(1, "GB", "D3"), on_orders(7, "create", plant.dispatch("GB", 4, mrid="O1")))

    assert short.result == "OK"
    assert (short.errors[0].details or "").startswith("operation 7: the order 'O1' ")


# -- what others have done ---------------------------------------------------------------------------------------------


def event(operations: Sequence[str], **fields: Any) -> bytes:
    payload = xml.operation_set(*operations)
    return xml.generic(
        "executed",
        "OperationSet",
        payload=payload,
        root="EventMessage",
        ack_required=True,
        message_id=str(uuid4()),
        **fields,
    )


def test_orders_and_controls_that_another_system_has_carried_out_command_none_of_ours(plant: Plant) -> None:
    told = [
        on_orders(1, "created", plant.dispatch("GB", 4, mrid="O1")),
        on_switch(2, DISCONNECT, "GB").replace(">create<", ">created<"),
        on_group(3, "deleted", "GA", "D1", element=True),
    ]

    assert plant.dms.ask(event(told, source="derms2")).codes == ["0.3"]

    assert members(plant) == ["D2"]
    assert plant.orders() == []
    plant.let_a_plan_pass()
    assert plant.told("D3") == []


def test_a_group_that_another_system_made_anew_keeps_what_it_was_ordered_since(plant: Plant) -> None:
    told = [on_group(1, "deleted", "GB"), on_group(2, "created", "GB", "D3", mrid="mrid-GB", functions=FUNCTIONS)]

    assert plant.dms.ask(event(told, source="derms2")).codes == ["0.3"]

    assert plant.order("create", plant.dispatch("GB", 3, mrid="O1")).result == "OK"
    plant.wait_until_held(D3=3000)


def test_operations_that_cannot_be_taken_in_are_named(plant: Plant) -> None:
    told = [on_group(1, "forgotten", "GA"), on_group(2, "deleted", "GB"), xml.operation(3, "")]

    reply = plant.dms.ask(event(told, source="derms2"))

    assert (reply.result, failures(reply)) == ("PARTIAL", [("2.9", "1"), ("1.7", "3")])
    assert members(plant, "GB") == []


# -- sent again --------------------------------------------------------------------------------------------------------


def test_a_set_that_comes_twice_is_carried_out_once(plant: Plant) -> None:
    body = xml.generic("execute", "OperationSet", payload=xml.operation_set(GOOD, BAD), message_id="set-1")

    first, again = plant.dms.ask(body), plant.dms.ask(body)

    assert failures(first) == failures(again) == [("2.29", "2")]
    assert first.delivery.body == again.delivery.body


def test_a_set_that_a_fault_of_ours_interrupts_leaves_nothing_behind(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_bounds, failed = der_group_dispatches.installed_bounds, threading.Event()

    def break_once(*arguments: Any) -> Any:
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError("a bug")
        return installed_bounds(*arguments)

    monkeypatch.setattr(der_group_dispatches, "installed_bounds", break_once)

    reply = execute(plant, GOOD, on_orders(2, "create", plant.dispatch("GB", 4, mrid="O1")), ALSO_GOOD)

    assert failed.is_set()
    assert (reply.result, failures(reply)) == ("OK", [("0.0", None)]), "tried once more, as if nothing had been"
    assert members(plant) == []
