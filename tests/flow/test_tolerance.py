"""Peers that deviate, each met as the operator has it: what they are answered, and what is counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from lxml import etree

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.messages.repairs import WWW_NAMESPACE
from tests import builders as xml
from tests.flow.peer import Message, assert_valid
from tests.flow.plant import battery
from tests.flow.seen import orders_seen

GROUP: Final = xml.group(mrid="G-A", name="GA", functions=["realPowerDispatch"], members=["DEV-1"], version="1.0.0")
PEERS: Final = {"peers": {"opendms": {"tolerance": "tolerant"}, "DER Lab 2": {"tolerance": "tolerant"}}}


@pytest.fixture
def house(build: Callable[..., Any]) -> Any:
    """A strict DERMS that forgives two peers."""
    return build(**PEERS)


def create(name: str = "GA", *, verb: str = "create", source: str = "opendms", **fields: Any) -> bytes:
    fields.setdefault("message_id", str(uuid4()))
    group = xml.group(mrid=f"mrid-{name}", name=name, functions=["realPowerDispatch"], version="1.0.0")
    return xml.generic(verb, "DERGroups", payload=xml.der_groups(group), source=source, **fields)


def www(body: bytes) -> bytes:
    return body.replace(xml.MESSAGE.encode(), WWW_NAMESPACE.encode())


def answer_to(house: Any, body: bytes) -> bytes:
    """The reply to *body*, in whatever namespace."""
    correlation_id = str(uuid4())
    answers: list[bytes] = []
    reply_to = house.dms.transport.open_reply_queue(lambda delivery: answers.append(delivery.body))
    house.dms.send(body, correlation_id=correlation_id, reply_to=reply_to)
    house.dms.ask(create(f"after-{correlation_id}", source="dms1"))  # served behind it, and answered behind it
    (answer,) = answers
    return answer


# -- in kind -----------------------------------------------------------------------------------------------------------


def test_a09_a_peer_that_is_forgiven_its_namespace_is_answered_in_it(house: Any) -> None:
    answer = answer_to(house, www(create()))

    root = etree.fromstring(answer)
    assert root.tag == f"{{{WWW_NAMESPACE}}}ResponseMessage"
    assert {etree.QName(each).namespace for each in root.iter()} == {WWW_NAMESPACE}
    moved = answer.replace(WWW_NAMESPACE.encode(), xml.MESSAGE.encode())
    assert_valid(moved)
    assert etree.fromstring(moved).findtext(f"{{{xml.MESSAGE}}}Reply/{{{xml.MESSAGE}}}Result") == "OK"


def test_a_refusal_too_is_spelled_as_its_peer_spells(house: Any) -> None:
    answer = answer_to(house, www(create(verb="update")))

    assert etree.fromstring(answer).tag == f"{{{WWW_NAMESPACE}}}ResponseMessage"
    assert_valid(answer.replace(WWW_NAMESPACE.encode(), xml.MESSAGE.encode()))


def test_a_typed_message_is_answered_in_the_spelling_of_its_header(house: Any) -> None:
    body = xml.typed(
        "CreateDERGroups", "DERGroups", "create", "DERGroups", payload=xml.der_groups(GROUP), source="opendms"
    )

    answer = answer_to(house, www(body))

    root = etree.fromstring(answer)
    assert root.tag == f"{{{xml.wrapper_namespace('DERGroups')}}}DERGroupsResponseMessage"
    assert root.findtext(f"{{*}}Reply/{{{WWW_NAMESPACE}}}Result") == "OK"
    assert_valid(answer.replace(WWW_NAMESPACE.encode(), xml.MESSAGE.encode()))


def test_a08_a_peer_that_is_not_forgiven_gets_a_fault_in_the_right_namespace(house: Any) -> None:
    reply = house.dms.ask(www(create(source="dms1")))

    assert (reply.kind, reply.codes) == ("FaultMessage", ["1.9"])


def test_events_about_what_a_peer_did_are_spelled_right(house: Any) -> None:
    answer_to(house, www(create(verb="CREATE")))

    event = house.dms.event("created")

    assert event.group_names == ["GA"]
    assert WWW_NAMESPACE.encode() not in event.delivery.body


# -- by peer -----------------------------------------------------------------------------------------------------------


def test_a12_one_peer_is_forgiven_what_another_is_refused(house: Any) -> None:
    assert house.dms.ask(create("GA", verb="CREATE")).result == "OK"
    assert house.dms.ask(create("GB", verb="Create", source="DER Lab 2")).result == "OK"
    assert house.dms.ask(create("GC", verb="CREATE", source="dms1")).codes == ["1.8"]
    assert house.dms.ask(create("GD", verb="CREATE", source=None)).codes == ["1.8"]


def test_what_was_mended_is_counted_for_each_peer(house: Any) -> None:
    house.dms.ask(create("GA", verb="CREATE"))
    house.dms.ask(create("GB", verb=" create"))
    house.dms.ask(create("GC", verb="CREATE", source="DER Lab 2"))
    house.dms.ask(create("GD", verb="CREATE", source="dms1"))

    assert house.derms.counts.repairs == {"verb-spelling opendms": 2, "verb-spelling DER Lab 2": 1}


def test_all_are_forgiven_but_one(build: Callable[..., Any]) -> None:
    house = build(BEHAVIOURS["gridappsd"], peers={"dms1": {"tolerance": "strict"}})

    assert house.dms.ask(create("GA", verb="CREATE", source="gridappsd")).result == "OK"
    assert house.dms.ask(create("GB", verb="CREATE", source="dms1")).codes == ["1.8"]


# -- what they send ----------------------------------------------------------------------------------------------------


def with_header(body: bytes, before: str, **fields: str) -> bytes:
    texts = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return body.replace(f"<{before}>".encode(), f"{texts}<{before}>".encode(), 1)


def test_a_message_like_those_of_opendms_is_carried_out(house: Any) -> None:
    body = create().replace(
        b"<Noun>DERGroups</Noun>", b"<Noun>DER Request</Noun><Context>Create a group of DER</Context>"
    )
    body = with_header(
        body, "MessageID", AsyncReplyFlag="false", ReplyAddress="http://10.0.0.1:8080/der", AckRequired="false"
    )

    answer = answer_to(house, www(body))

    reply = etree.fromstring(answer.replace(WWW_NAMESPACE.encode(), xml.MESSAGE.encode()))
    assert reply.findtext("{*}Reply/{*}Result") == "OK"
    assert reply.findtext("{*}Header/{*}Noun") == "DERGroups", "what we write is never what was to be mended"
    assert reply.findtext("{*}Header/{*}Context") == "PRODUCTION"


def test_the_transport_may_say_what_the_prose_was(house: Any) -> None:
    body = create().replace(b"<Noun>DERGroups</Noun>", b"<Noun>DER Request</Noun>")

    assert house.dms.ask(body, properties={"CIM_Noun": "DER Request"}).result == "OK"


def test_prose_is_no_context_but_another_context_is(house: Any) -> None:
    assert house.dms.ask(create("GA", context="Not Set")).result == "OK"
    assert house.dms.ask(create("GB", context="TESTING")).codes == ["7.7"]
    assert house.dms.ask(create("GC", context="Not Set", source="dms1")).codes == ["7.7"]


def test_an_address_that_nobody_asks_to_use_is_passed_over_and_one_that_is_asked_for_is_not(house: Any) -> None:
    for source in ("opendms", "dms1"):
        unused = with_header(create(f"G-{source}", source=source), "MessageID", ReplyAddress="10X1001A1001A450")
        assert house.dms.ask(unused).result == "OK"
        used = unused.replace(b"<ReplyAddress>", b"<AsyncReplyFlag>true</AsyncReplyFlag><ReplyAddress>")
        assert house.dms.ask(used.replace(b"<MessageID>", b"<MessageID>2")).codes == ["7.7"]


def test_requests_without_message_id_are_each_carried_out(house: Any) -> None:
    for message_id in (None, "", "  "):
        for name in ("GA", "GB"):
            delete = xml.generic(
                "delete",
                "DERGroups",
                payload=xml.der_groups(xml.group(name=name)),
                message_id=message_id,
                source="opendms",
            )
            assert house.dms.ask(create(name, message_id=message_id)).result == "OK"
            assert house.dms.ask(delete).result == "OK"
    assert house.dms.ask(create(message_id=None, source="dms1")).codes == ["1.5"]
    assert house.dms.ask(create(message_id=" ", source="dms1")).codes == ["1.5"]


def test_events_with_a_blank_message_id_are_not_taken_for_one_another(house: Any) -> None:
    for name in ("GA", "GB"):
        group = xml.group(mrid=f"mrid-{name}", name=name, functions=[], version="1.0.0")
        body = xml.generic(
            "created",
            "DERGroups",
            payload=xml.der_groups(group),
            root="EventMessage",
            message_id=" ",
            ack_required=True,
        )
        assert house.dms.ask(body).codes == ["0.3"]


def test_a_repeated_message_id_is_a_repetition_whoever_sends_it(house: Any) -> None:
    """Being forgiven a spelling makes nobody's command carried out twice."""
    body = create(verb="CREATE", message_id="m-7")

    first, again = house.dms.ask(body), house.dms.ask(body)
    other = house.dms.ask(create("GB", verb="CREATE", message_id="m-7"))

    assert first.text("Header", "MessageID") == again.text("Header", "MessageID")
    assert other.codes == ["2.15"]


def test_times_without_zone_are_read_in_the_zone_of_the_deployment(make_plant: Callable[..., Any]) -> None:
    plant = make_plant(battery("D1"), assumed_zone="Europe/Berlin", **PEERS)
    plant.group("GA", "D1")
    start = plant.clock.in_s(7200)  # two hours on, as Berlin's clock shows it in summer: now
    schedule = xml.schedule(4, start=start.removesuffix("Z"))

    reply = plant.order("create", xml.dispatch(xml.parameter(schedule), group_name="GA"))

    assert reply.result == "OK"
    assert len(orders_seen(reply)) == 1
    plant.wait_until_held(D1=4000)


def test_verbs_of_operations_in_capitals_are_read_for_those_that_are_forgiven(house: Any) -> None:
    house.dms.ask(create("GA", source="dms1"))
    group = xml.der_groups(xml.group(name="GA", members=["D9"]))

    def execute(source: str) -> Message:
        payload = xml.operation_set(xml.operation(1, group, verb="CREATE"))
        body = xml.generic("EXECUTE", "OperationSet", payload=payload, message_id=str(uuid4()), source=source)
        reply = house.dms.ask(body.replace(b"EXECUTE", b"execute") if source == "dms1" else body)
        assert isinstance(reply, Message)
        return reply

    strict = execute("dms1")
    assert [(error.code, error.operation_id) for error in strict.errors] == [("2.9", "1")]
    assert execute("opendms").result == "OK"
    event = house.dms.event("executed")
    assert event.text("Payload", "OperationSet", "Operation", "verb") == "created"


def test_what_sap_adds_to_a_set_is_passed_over_for_those_that_are_forgiven(house: Any) -> None:
    house.dms.ask(create("GA", source="dms1"))
    group = xml.der_groups(xml.group(name="GA", members=["D9"]))
    operation = xml.operation(1, group, verb="create").replace(
        "<noun>", "<timesliceOperation>true</timesliceOperation><noun>"
    )
    payload = xml.operation_set(operation)

    for source, code in (("dms1", "1.8"), ("opendms", "0.0")):
        body = xml.generic("execute", "OperationSet", payload=payload, message_id=str(uuid4()), source=source)
        assert house.dms.ask(body).codes == [code]
