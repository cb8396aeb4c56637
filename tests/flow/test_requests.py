"""Replies, events and operation sets, as a requester sees them."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.transports.base import Delivery, Queue, Topic
from tests import builders as xml
from tests.flow.peer import REQUESTS, Message


def create(*groups: str, **fields: Any) -> bytes:
    fields.setdefault("message_id", str(uuid4()))
    return xml.generic("create", "DERGroups", payload=xml.der_groups(*groups), **fields)


def simple(name: str, *members: str) -> str:
    return xml.group(mrid=f"mrid-{name}", name=name, functions=[], members=members, version="1.0.0")


def get(house: Any, *names: str) -> Message:
    query = xml.der_group_queries(*(xml.group(name=name) for name in names) if names else (xml.group(),))
    return house.dms.ask(xml.generic("get", "DERGroups", request=query, message_id=str(uuid4())))  # type: ignore[no-any-return]


def execute(house: Any, *operations: str, sequence: bool = False, integrity: bool = False) -> Message:
    payload = xml.operation_set(*operations, sequence=sequence, integrity=integrity)
    body = xml.generic("execute", "OperationSet", payload=payload, message_id=str(uuid4()))
    return house.dms.ask(body)  # type: ignore[no-any-return]


# -- correlation -----------------------------------------------------------------------------------------------------


def test_a_reply_repeats_the_correlation_id_and_has_a_message_id_of_its_own(house: Any) -> None:
    reply = house.dms.ask(create(simple("GA"), message_id="m-1", correlation_id="k-1"))

    assert reply.text("Header", "CorrelationID") == "k-1"
    assert reply.text("Header", "MessageID") not in {None, "m-1", "k-1"}
    assert (reply.text("Header", "Verb"), reply.text("Header", "Noun")) == ("reply", "DERGroups")
    assert reply.text("Header", "Source") == "derms1"


def test_a_reply_to_a_request_without_correlation_id_carries_its_message_id(house: Any) -> None:
    assert house.dms.ask(create(simple("GA"), message_id="m-1")).text("Header", "CorrelationID") == "m-1"


def test_a_reply_carries_what_routers_need_as_properties(house: Any) -> None:
    properties = house.dms.ask(create(simple("GA"))).delivery.properties

    assert properties["CIM_Kind"] == "response"
    assert (properties["CIM_Verb"], properties["CIM_Noun"], properties["CIM_Result"]) == ("reply", "DERGroups", "OK")


@pytest.mark.parametrize(
    ("request_root", "wrapper", "verb", "reply_root"),
    [
        ("CreateDERGroups", "DERGroups", "create", "DERGroupsResponseMessage"),
        ("ChangeDERGroups", "DERGroups", "change", "DERGroupsResponseMessage"),
        ("DeleteDERGroups", "DERGroups", "delete", "DERGroupsResponseMessage"),
    ],
)
def test_a_typed_request_gets_a_typed_reply(
    house: Any, request_root: str, wrapper: str, verb: str, reply_root: str
) -> None:
    payload = xml.der_groups(simple("GA"))

    reply = house.dms.ask(xml.typed(request_root, wrapper, verb, "DERGroups", payload=payload))

    assert reply.kind == reply_root


def test_a_typed_query_gets_its_groups_in_the_response_of_the_query(house: Any) -> None:
    house.dms.ask(create(simple("GA", "D1")))
    query = xml.der_group_queries(xml.group(name="GA"))

    reply = house.dms.ask(
        xml.typed("DERGroupQueriesRequestMessage", "DERGroupQueries", "get", "DERGroups", request=query)
    )

    assert reply.kind == "DERGroupQueriesResponseMessage"
    assert reply.groups[0].members == ["D1"]


def test_a_one_way_request_is_carried_out_without_a_reply(house: Any) -> None:
    house.dms.send(create(simple("GA")))

    assert house.dms.event("created").group_names == ["GA"]


# -- partial success -------------------------------------------------------------------------------------------------


def test_what_succeeded_stays_and_what_failed_is_named(house: Any) -> None:
    house.dms.ask(create(simple("GA")))

    reply = house.dms.ask(create(simple("GA"), xml.group(name="GB", functions=[])))

    assert (reply.result, reply.codes) == ("PARTIAL", ["6.1", "0.2"])
    assert reply.errors[0].id == "mrid-GA"
    assert reply.group_names == ["GB"]  # an mRID was assigned to it
    assert get(house, "GB").result == "OK"


def test_where_nothing_succeeded_the_reply_is_failed_with_an_error_for_each(house: Any) -> None:
    body = xml.generic("delete", "DERGroups", payload=xml.der_groups(xml.group(name="X"), xml.group(mrid="Y")))

    reply = house.dms.ask(body)

    assert reply.result == "FAILED"
    assert [(error.code, error.id, error.kind) for error in reply.errors] == [
        ("99.1", "X", "name"),
        ("99.1", "Y", "uuid"),
    ]


def test_groups_are_deleted_by_payload_id_and_an_unknown_one_is_an_invalid_request_id(house: Any) -> None:
    house.dms.ask(create(simple("GA")))
    ids = '<ID kind="uuid" objectType="DERGroup">mrid-GA</ID><ID kind="uuid">gone</ID>'

    reply = house.dms.ask(xml.generic("delete", "DERGroups", payload=ids))

    assert (reply.result, reply.codes[0]) == ("PARTIAL", "2.15")
    assert (reply.errors[0].id, reply.errors[0].kind) == ("gone", "uuid")
    assert not get(house).groups


def test_a_delete_that_lists_members_is_refused_and_deletes_nothing(house: Any) -> None:
    house.dms.ask(create(simple("GA", "D1", "D2")))

    reply = house.dms.ask(
        xml.generic("delete", "DERGroups", payload=xml.der_groups(xml.group(name="GA", members=["D1"])))
    )

    assert (reply.result, reply.codes) == ("FAILED", ["6.1"])
    assert get(house, "GA").groups[0].members == ["D1", "D2"]


def test_mrid_and_name_of_different_groups_do_not_go_together(house: Any) -> None:
    house.dms.ask(create(simple("GA"), simple("GB")))

    reply = house.dms.ask(
        xml.generic("delete", "DERGroups", payload=xml.der_groups(xml.group(mrid="mrid-GA", name="GB")))
    )

    assert (reply.result, reply.codes) == ("FAILED", ["2.29"])


def test_a_query_that_names_no_group_returns_all_and_none_is_no_error(house: Any) -> None:
    empty = get(house)
    assert (empty.result, empty.groups) == ("OK", [])

    house.dms.ask(create(simple("GA"), simple("GB")))

    assert get(house).group_names == ["GA", "GB"]


# -- events ----------------------------------------------------------------------------------------------------------


def test_the_events_of_a_groups_life_go_to_the_topics_of_their_verbs(house: Any) -> None:
    house.dms.ask(create(simple("GA", "D1")))
    house.dms.ask(
        xml.generic(
            "change", "DERGroups", payload=xml.der_groups(xml.group(name="GA", members=["D2"])), message_id="m2"
        )
    )
    execute(house, xml.operation(1, xml.der_groups(xml.group(name="GA", members=["D1"]))))
    house.dms.ask(xml.generic("delete", "DERGroups", payload=xml.der_groups(xml.group(name="GA")), message_id="m3"))

    events = [house.dms.event(verb) for verb in ("created", "changed", "executed", "deleted")]

    assert [event.kind for event in events] == ["EventMessage"] * 4
    assert [event.groups[0].mrid for event in events] == ["mrid-GA"] * 4
    assert [event.groups[0].members for event in events] == [["D1"], ["D2"], ["D1"], []]
    assert len({event.text("Header", "MessageID") for event in events}) == 4


def test_a_refused_request_tells_nobody(house: Any) -> None:
    house.dms.ask(create(simple("GA")))
    house.dms.event("created")
    house.dms.ask(create(simple("GA")))

    with pytest.raises(queue.Empty):
        house.dms.event("created", timeout_s=0.3)


@pytest.mark.parametrize("destination", [Queue(REQUESTS), Topic("cim.production.evt.derms2.created.DERGroups")])
def test_the_events_of_another_system_are_adopted_from_queue_and_topic(house: Any, destination: Queue | Topic) -> None:
    body = create(simple("GA", "D1"), root="EventMessage", source="derms2").replace(b"<Verb>create<", b"<Verb>created<")

    house.dms.send(body, destination=destination)

    while not get(house).groups:  # an event without acknowledgement: asked for until it is there
        pass
    assert get(house, "GA").groups[0].members == ["D1"]


def test_our_own_events_are_not_adopted_again(house: Any) -> None:
    house.dms.ask(create(simple("GA")))
    house.dms.ask(xml.generic("delete", "DERGroups", payload=xml.der_groups(xml.group(name="GA")), message_id="m2"))
    house.dms.event("deleted")

    assert not get(house).groups


def test_events_of_systems_that_are_not_named_are_not_adopted(build: Callable[..., Any]) -> None:
    house = build(adopt_from=("derms3",))
    body = create(simple("GA"), root="EventMessage", source="derms2").replace(b"<Verb>create<", b"<Verb>created<")
    third = create(simple("GC"), root="EventMessage", source="derms3").replace(b"<Verb>create<", b"<Verb>created<")

    house.dms.send(body, destination=Topic("cim.production.evt.derms2.created.DERGroups"))
    house.dms.send(third, destination=Topic("cim.production.evt.derms3.created.DERGroups"))

    while not (names := get(house).group_names):
        pass
    assert names == ["GC"]


# -- operation sets --------------------------------------------------------------------------------------------------


def remove(operation_id: int, name: str, member: str) -> str:
    return xml.operation(operation_id, xml.der_groups(xml.group(name=name, members=[member])))


@pytest.fixture
def manned(house: Any) -> Any:
    house.dms.ask(create(simple("GA", "D1", "D2", "D3")))
    return house


def members(house: Any) -> list[str]:
    return get(house, "GA").groups[0].members


def test_all_operations_succeed(manned: Any) -> None:
    reply = execute(manned, remove(1, "GA", "D1"), remove(2, "GA", "D2"), remove(3, "GA", "D3"))

    assert (reply.result, reply.codes) == ("OK", ["0.0"])
    assert reply.text("Reply", "operationId") is None
    assert members(manned) == []


def test_a_failed_operation_leaves_its_siblings_done(manned: Any) -> None:
    reply = execute(manned, remove(1, "GA", "D1"), remove(2, "GA", "X"), remove(3, "GA", "D3"))

    assert (reply.result, [(error.code, error.operation_id) for error in reply.errors]) == ("PARTIAL", [("2.29", "2")])
    assert members(manned) == ["D2"]


def test_with_the_sequence_enforced_what_follows_a_failure_is_not_attempted(manned: Any) -> None:
    reply = execute(manned, remove(1, "GA", "D1"), remove(2, "GA", "X"), remove(3, "GA", "D3"), sequence=True)

    assert reply.result == "PARTIAL"
    assert [(error.code, error.operation_id) for error in reply.errors] == [("2.29", "2"), ("5.2", "3")]
    assert members(manned) == ["D2", "D3"]


def test_with_integrity_enforced_a_failure_undoes_everything(manned: Any) -> None:
    reply = execute(manned, remove(1, "GA", "D1"), remove(2, "GA", "X"), remove(3, "GA", "D3"), integrity=True)

    assert reply.result == "FAILED"
    assert sorted((error.operation_id, error.code) for error in reply.errors) == [
        ("1", "5.9"),
        ("2", "2.29"),
        ("3", "5.9"),
    ]
    assert members(manned) == ["D1", "D2", "D3"]
    with pytest.raises(queue.Empty):
        manned.dms.event("executed", timeout_s=0.3)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (xml.operation(1, xml.der_groups(xml.group(name="GA", members=["D1"])), verb="frobnicate"), "2.9"),
        (xml.operation(1, xml.der_groups(xml.group(name="GA", members=["D1"])), noun="DERGroupStatuses"), "2.5"),
        (xml.operation(1, '<x xmlns="urn:x"/>'), "2.5"),
        (xml.operation(1, ""), "1.7"),
    ],
)
def test_an_operation_that_makes_no_sense_is_refused_by_its_id(manned: Any, operation: str, code: str) -> None:
    reply = execute(manned, operation, remove(2, "GA", "D2"))

    assert (reply.result, [(error.code, error.operation_id) for error in reply.errors]) == ("PARTIAL", [(code, "1")])
    assert members(manned) == ["D1", "D3"]


def test_groups_are_created_changed_and_deleted_in_one_set(manned: Any) -> None:
    reply = execute(
        manned,
        xml.operation(
            1, xml.der_groups(xml.group(name="GB", functions=[], members=["D9"])), verb="create", element=False
        ),
        xml.operation(2, xml.der_groups(xml.group(name="GB", description="new")), verb="change", element=False),
        xml.operation(3, xml.der_groups(xml.group(name="GA")), verb="delete", element=False),
    )

    assert reply.result == "OK"
    (group,) = get(manned).groups
    assert (group.name, group.description, group.members) == ("GB", "new", ["D9"])
    assert reply.text("Reply", "ID") == group.mrid


def test_the_noun_of_the_typed_wrapper_means_the_same(manned: Any) -> None:
    namespace = xml.wrapper_namespace("DERGroupsOperationSet")
    payload = xml.operation_set(remove(1, "GA", "D1"), namespace=namespace)

    for noun in ("OperationSet", "DERGroupsOperationSet"):
        reply = manned.dms.ask(
            xml.typed(
                "ExecuteDERGroupsOperationSet",
                "DERGroupsOperationSet",
                "execute",
                noun,
                payload=payload,
                message_id=noun,
            )
        )
        assert reply.kind == "DERGroupsOperationSetResponseMessage"
        assert reply.text("Header", "Noun") == noun

    assert members(manned) == ["D2", "D3"]


# -- the same message twice ------------------------------------------------------------------------------------------


def test_a_request_sent_again_is_answered_again_and_not_carried_out_again(house: Any) -> None:
    body = create(xml.group(name="GA", functions=[]), message_id="m-1")

    first, second = house.dms.ask(body), house.dms.ask(body)

    assert second.delivery.body == first.delivery.body
    assert len(get(house).groups) == 1


def test_a_refused_request_may_be_mended_and_sent_with_its_message_id(house: Any) -> None:
    bad = xml.generic("close", "DERGroups", payload=xml.der_groups(simple("GA")), message_id="m-1")

    assert house.dms.ask(bad).codes == ["2.9"]
    assert house.dms.ask(create(simple("GA"), message_id="m-1")).result == "OK"


def test_a_message_id_used_for_another_request_is_refused(house: Any) -> None:
    house.dms.ask(create(simple("GA"), message_id="m-1"))

    reply = house.dms.ask(create(simple("GB"), message_id="m-1"))

    assert (reply.result, reply.codes) == ("FAILED", ["2.15"])
    assert get(house).group_names == ["GA"]


def test_the_same_message_id_of_another_source_is_another_request(house: Any) -> None:
    house.dms.ask(create(simple("GA"), message_id="m-1", source="dms1"))

    assert house.dms.ask(create(simple("GB"), message_id="m-1", source="dms2")).result == "OK"


def test_a_peer_that_sends_its_files_again_on_purpose_is_served_again(build: Callable[..., Any]) -> None:
    house = build(BEHAVIOURS["epri"])
    body = create(simple("GA"), message_id="m-1")
    delete = xml.generic("delete", "DERGroups", payload=xml.der_groups(xml.group(name="GA")), message_id="m-2")

    assert house.dms.ask(body).result == "OK"
    assert house.dms.ask(delete).result == "OK"
    assert house.dms.ask(body).result == "OK"
    assert get(house).group_names == ["GA"]


def test_an_event_that_comes_twice_is_taken_in_once(house: Any) -> None:
    def event(verb: str, message_id: str) -> bytes:
        return xml.generic(
            *(verb, "DERGroups"),
            root="EventMessage",
            payload=xml.der_groups(simple("GA")),
            source="derms2",
            message_id=message_id,
            ack_required=True,
        )

    assert house.dms.ask(event("created", "e1")).codes == ["0.3"]
    assert house.dms.ask(event("deleted", "e2")).codes == ["0.3"]
    assert house.dms.ask(event("created", "e1")).codes == ["0.3"]

    assert not get(house).groups


def test_an_unknown_id_is_told_as_its_requester_named_it(house: Any) -> None:
    reply = house.dms.ask(xml.generic("delete", "DERGroups", payload='<ID kind="other">gone</ID>'))

    assert (reply.errors[0].code, reply.errors[0].id, reply.errors[0].kind) == ("2.15", "gone", "other")


def test_failures_of_a_half_done_request_are_warnings(house: Any) -> None:
    house.dms.ask(create(simple("GA")))

    reply = house.dms.ask(create(simple("GA"), simple("GB")))

    assert [(error.code, error.level) for error in reply.errors] == [("6.1", "WARNING"), ("0.2", "INFORM")]


# -- other peers -----------------------------------------------------------------------------------------------------


def test_gridappsd_replaces_members_deletes_the_unknown_and_finds_nothing_without_error(
    build: Callable[..., Any],
) -> None:
    house = build(BEHAVIOURS["gridappsd"])
    house.dms.ask(create(simple("GA", "D1", "D2")))

    change = xml.generic(
        "change", "DERGroups", payload=xml.der_groups(xml.group(mrid="mrid-GA", members=["D9"])), message_id="m2"
    )
    assert house.dms.ask(change).result == "OK"
    assert get(house, "GA").groups[0].members == ["D9"]
    delete = xml.generic("delete", "DERGroups", payload=xml.der_groups(xml.group(name="NOPE")), message_id="m3")
    assert house.dms.ask(delete).result == "OK"
    assert (get(house, "NOPE").result, get(house, "NOPE").groups) == ("OK", [])


def test_a_handlers_bug_is_answered_put_aside_and_the_next_message_is_served(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dermsbus import patience
    from dermsbus.domain.registry import Draft
    from dermsbus.transports.base import Subscription

    monkeypatch.setattr(patience, "_FIRST_DELAY_S", 0.001)
    aside: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    dead = Queue("cim.production.dlq.cim.production.req.derms1")
    house.dms.transport.subscribe(Subscription(destination=dead), aside.put)
    broken = create(simple("GA"))
    with monkeypatch.context() as patch:
        patch.setattr(Draft, "create", lambda *_: 1 // 0)

        reply = house.dms.ask(broken)

    assert (reply.result, reply.codes) == ("FAILED", ["5.3"])
    assert "ZeroDivisionError" not in str(reply.delivery.body)
    assert aside.get(timeout=10).body == broken
    assert house.dms.ask(create(simple("GB"))).result == "OK"
