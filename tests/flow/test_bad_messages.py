"""Bad input gets its code, nothing of it happens, and the next message is served."""

from __future__ import annotations

import hashlib
import queue
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.transports.base import Delivery, Queue, Subscription
from tests import builders as xml
from tests.flow.peer import Message, find

GROUP = xml.group(mrid="G-A", name="GA", functions=["connectDisconnect"], version="1.0.0")
GOOD = xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), message_id="good")
INVALID = "cim.production.invalid.derms1"

FAULTS = [
    (b"abcd", "1.8"),
    (b'<Foo xmlns="urn:x"/>', "1.8"),
    (b"<!DOCTYPE a []>" + GOOD[39:], "7.7"),
    (b"<a>" * 10_000, "7.7"),
    (GOOD.replace(b"2011/schema", b"2021/schema"), "1.9"),
    (GOOD.replace(b"GA", b"x" * 4_200_000), "7.7"),
]
REFUSALS = [
    (xml.generic("create", "", payload=xml.der_groups(GROUP)), "1.5"),
    (GOOD.replace(b"<Noun>DERGroups</Noun>", b""), "1.5"),
    (GOOD.replace(b"<MessageID>good</MessageID>", b""), "1.5"),
    (xml.generic("update", "DERGroups", payload=xml.der_groups(GROUP)), "1.8"),
    (GOOD.replace(b"<Noun>DERGroups</Noun>", b"<Source>x</Source><Noun>DERGroups</Noun>"), "1.8"),
    (xml.generic("create", "Frobnicators", payload=xml.der_groups(GROUP)), "2.5"),
    (xml.generic("close", "DERGroups", payload=xml.der_groups(GROUP)), "2.9"),
    (xml.generic("created", "DERGroups", payload=xml.der_groups(GROUP)), "2.9"),
    (xml.generic("execute", "DERGroups", payload=xml.der_groups(GROUP)), "2.9"),
    (xml.generic("create", "DERGroups"), "1.7"),
    (xml.generic("get", "DERGroups"), "1.6"),
    (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), context="TESTING"), "7.7"),
    (GOOD.replace(b"<MessageID>", b"<AsyncReplyFlag>true</AsyncReplyFlag><MessageID>"), "1.5"),
    (GOOD.replace(b"<MessageID>", b"<AsyncReplyFlag>true</AsyncReplyFlag><ReplyAddress>payroll</ReplyAddress><MessageID>"), "7.7"),
]  # fmt: skip


def put_aside(house: Any) -> queue.SimpleQueue[Delivery]:
    """What arrives in the invalid-message queue."""
    aside: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    house.dms.transport.subscribe(Subscription(destination=Queue(INVALID)), aside.put)
    return aside


@pytest.mark.parametrize(("body", "code"), FAULTS, ids=[f"{code}-{index}" for index, (_, code) in enumerate(FAULTS)])
def test_what_has_no_header_is_answered_with_a_fault_and_put_aside(house: Any, body: bytes, code: str) -> None:
    aside = put_aside(house)

    reply = house.dms.ask(body)

    assert reply.kind == "FaultMessage"
    assert find(reply.root, "Header") is None
    assert (reply.result, reply.codes) == ("FAILED", [code])
    copy = aside.get(timeout=10)
    if len(body) <= 1024 * 1024:
        assert copy.body == body
    else:
        assert copy.body == body[: 1024 * 1024]
        assert copy.properties["CIM_OriginalBytes"] == str(len(body))
        assert copy.properties["CIM_OriginalSHA256"] == hashlib.sha256(body).hexdigest()
    assert copy.properties["CIM_Code"] == code
    assert house.dms.ask(GOOD).result == "OK"


@pytest.mark.parametrize(("body", "code"), REFUSALS)
def test_what_has_a_header_is_answered_in_its_own_terms(house: Any, body: bytes, code: str) -> None:
    reply = house.dms.ask(body)

    assert reply.kind == "ResponseMessage"
    assert (reply.result, reply.codes[0]) == ("FAILED", code)
    assert all(error.level == "FATAL" and error.reason and error.details for error in reply.errors)
    assert not house.dms.ask(
        xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id="all")
    ).groups
    assert house.dms.ask(GOOD).result == "OK"


@pytest.mark.parametrize("body", [FAULTS[0][0], REFUSALS[0][0]], ids=["no header", "header"])
def test_what_nobody_can_be_told_of_is_put_aside(house: Any, body: bytes) -> None:
    aside = put_aside(house)

    house.dms.send(body)

    assert aside.get(timeout=10).body == body
    assert house.dms.ask(GOOD).result == "OK"


def test_a_stray_reply_is_put_aside_and_never_answered(house: Any) -> None:
    aside = put_aside(house)
    stray = (
        f'<ResponseMessage xmlns="{xml.MESSAGE}"><Header>{xml.header("reply", "DERGroups")}</Header>'
        "<Reply><Result>OK</Result></Reply></ResponseMessage>"
    ).encode()

    with pytest.raises(queue.Empty):
        house.dms.ask(stray, timeout_s=0.5)

    assert aside.get(timeout=10).properties["CIM_Rule"] == "STRAY-REPLY"


def test_a_transport_property_that_contradicts_the_header_is_refused(house: Any) -> None:
    reply = house.dms.ask(GOOD, properties={"CIM_Verb": "delete"})

    assert (reply.result, reply.codes) == ("FAILED", ["1.8"])
    assert "CIM_Verb" in (reply.errors[0].details or "")


def test_an_event_with_a_request_verb_is_not_carried_out(house: Any) -> None:
    aside = put_aside(house)
    body = xml.generic(
        "create", "DERGroups", root="EventMessage", payload=xml.der_groups(GROUP), source="derms2", ack_required=True
    )

    assert house.dms.ask(body).codes == ["2.9"]
    assert aside.get(timeout=10).body == body


def test_an_event_that_cannot_be_taken_in_is_put_aside(house: Any) -> None:
    aside = put_aside(house)
    body = xml.generic(
        "changed", "DERGroups", root="EventMessage", payload=xml.der_groups(xml.group(name="NOPE")), source="derms2"
    )

    house.dms.send(body)

    assert aside.get(timeout=10).properties["CIM_Code"] == "99.1"


def test_what_a_tolerant_derms_mends_is_counted_with_the_peer(build: Callable[..., Any]) -> None:
    house = build(BEHAVIOURS["epri"])

    reply = house.dms.ask(xml.generic("CREATE", "DERGroups", payload=xml.der_groups(GROUP), source="head end"))

    assert reply.result == "OK"
    assert house.derms.counts.repairs == {"verb-spelling head end": 1}


def test_a_tolerant_derms_reads_a_sentence_as_context_but_not_another_context(build: Callable[..., Any]) -> None:
    house = build(BEHAVIOURS["epri"])

    def create(context: str) -> Message:
        group = xml.group(mrid=str(uuid4()), functions=[], version="1.0.0")
        body = xml.generic("create", "DERGroups", payload=xml.der_groups(group), context=context)
        return house.dms.ask(body)  # type: ignore[no-any-return]

    assert create("Not Set").result == "OK"
    assert create("production").result == "OK"
    assert create("TRAINING").codes == ["7.7"]


def test_an_event_of_another_context_is_not_taken_in(house: Any) -> None:
    house.dms.ask(GOOD)
    aside = put_aside(house)
    body = xml.generic(
        *("deleted", "DERGroups"),
        root="EventMessage",
        payload=xml.der_groups(xml.group(mrid="G-A")),
        source="derms2",
        context="TRAINING",
        ack_required=True,
    )

    assert house.dms.ask(body).codes == ["7.7"]
    assert aside.get(timeout=10).properties["CIM_Rule"] == "CONTEXT"
    everything = xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id="all")
    assert house.dms.ask(everything).group_names == ["GA"]


@pytest.mark.parametrize(
    "body",
    [
        f'<ResponseMessage xmlns="{xml.MESSAGE}"><bad/></ResponseMessage>'.encode(),
        f'<EventMessage xmlns="{xml.MESSAGE}"><bad/></EventMessage>'.encode(),
        f'<FaultMessage xmlns="{xml.MESSAGE}"/>'.encode(),
        b'<ResponseMessage xmlns="http://iec.ch/TC57/2021/schema/message"/>',
    ],
)
def test_what_was_no_request_is_not_answered_with_a_fault(house: Any, body: bytes) -> None:
    aside = put_aside(house)

    with pytest.raises(queue.Empty):
        house.dms.ask(body, timeout_s=0.5)

    assert aside.get(timeout=10).body == body


def test_a_noun_that_is_too_long_is_refused_and_not_told_again(house: Any) -> None:
    reply = house.dms.ask(xml.generic("create", "N" * 9_000, payload=xml.der_groups(GROUP)))

    assert (reply.result, reply.codes) == ("FAILED", ["2.5"])
    assert b"N" * 65 not in reply.delivery.body


def test_more_objects_than_a_message_may_have_are_refused_together(house: Any) -> None:
    ids = "".join(f'<ID kind="uuid">x{number}</ID>' for number in range(10_001))

    assert house.dms.ask(xml.generic("delete", "DERGroups", payload=ids)).codes == ["3.1"]


def test_a_property_may_say_what_the_header_said_before_it_was_mended(build: Callable[..., Any]) -> None:
    house = build(BEHAVIOURS["epri"])
    body = xml.generic("CREATE", "DERGroups", payload=xml.der_groups(GROUP))

    assert house.dms.ask(body, properties={"CIM_Verb": "CREATE"}).result == "OK"
