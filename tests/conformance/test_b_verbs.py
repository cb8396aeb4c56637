"""B. Verbs, nouns and roots: what goes together, and what is refused because it does not."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest

from tests import builders as xml
from tests.conformance.bus import House
from tests.conformance.messages import GROUP, ask_for_groups, create, get_groups, refused, within_header

pytestmark = pytest.mark.buses("memory")

Build = Callable[..., House]
DISPATCH = xml.dispatch(xml.parameter(xml.schedule(5)), mrid="DI-1", name="DI", group_mrid="mrid-GA")


def event(verb: str, noun: str = "DERGroups", *, payload: str, ack_required: bool = False) -> bytes:
    """An event of another system."""
    return xml.generic(
        verb, noun, root="EventMessage", payload=payload, source="derms2", ack_required=ack_required, message_id="m1"
    )


def test_b01_an_event_that_orders_is_not_carried_out_and_put_aside(house: House) -> None:
    aside = house.put_aside()
    body = event("create", payload=xml.der_groups(GROUP))

    house.dms.send(body, reply_to=house.dms._reply_to, correlation_id="c1")

    copy = aside.get(timeout=10)
    assert (copy.body, copy.properties["CIM_Code"]) == (body, "2.9")
    assert ask_for_groups(house) == {}
    assert "c1" not in house.dms.replies_so_far
    house.check_that_all_is_acknowledged()


def test_b01_where_it_asks_for_an_acknowledgement_it_is_told_so(house: House) -> None:
    aside = house.put_aside()
    body = event("create", payload=xml.der_groups(GROUP), ack_required=True)

    refused(house, body, "2.9")

    assert aside.get(timeout=10).body == body


def test_b02_a_request_in_the_past_tense_is_refused(house: House) -> None:
    refused(house, create().replace(b"<Verb>create<", b"<Verb>created<"), "2.9")


def test_b03_a_request_with_the_verb_of_replies_is_refused(house: House) -> None:
    refused(house, create().replace(b"<Verb>create<", b"<Verb>reply<"), "2.9")


def test_b04_an_unknown_noun_is_refused(house: House) -> None:
    body = create().replace(b"<Noun>DERGroups<", b"<Noun>Frobnicators<")

    refused(house, body, "2.5", noun="Frobnicators")


def test_b05_a_verb_that_nobody_serves_for_the_noun_is_refused(house: House) -> None:
    house.dms.ask(create(message_id="m0"))

    refused(house, xml.generic("close", "DERGroups", payload=xml.der_groups(xml.group(name="GA"))), "2.9")


def test_b06_a_payload_of_another_noun_is_refused(house: House) -> None:
    refused(house, xml.generic("create", "DERGroups", payload=xml.payload("DERGroupDispatches", DISPATCH)), "1.8")


def test_b07_canceled_with_one_l_is_an_event(house: House) -> None:
    aside = house.put_aside()
    told = xml.payload("DERGroupDispatches", xml.dispatch(mrid="DI-1"))

    reply = house.dms.ask(event("canceled", "DERGroupDispatches", payload=told, ack_required=True))

    assert (reply.result, reply.codes) == ("OK", ["0.3"])
    with pytest.raises(queue.Empty):
        aside.get_nowait()


def test_b07_cancelled_with_two_is_refused(house: House) -> None:
    aside = house.put_aside()
    told = xml.payload("DERGroupDispatches", xml.dispatch(mrid="DI-1"))
    body = event("cancelled", "DERGroupDispatches", payload=told, ack_required=True)

    refused(house, body, "1.8", noun="DERGroupDispatches")

    assert aside.get(timeout=10).body == body


REVISION = "<Revision>2.0</Revision>"


@pytest.mark.parametrize("verb", ["create", "get"])
def test_b08_a_revision_that_was_not_agreed_upon_is_refused(build: Build, verb: str) -> None:
    house = build(revisions=["1.0", "1.1"])
    body = create() if verb == "create" else get_groups(message_id="m1")

    reply = refused(house, within_header(body, "Timestamp", REVISION), "1.9")

    assert "1.0, 1.1" in (reply.errors[0].details or "")


@pytest.mark.parametrize("revision", ["<Revision>1.1</Revision>", "<Revision/>", ""])
def test_b08_one_that_was_and_none_at_all_are_taken(build: Build, revision: str) -> None:
    house = build(revisions=["1.0", "1.1"])

    assert house.dms.ask(within_header(create(), "Timestamp", revision)).result == "OK"


def test_b08_where_none_was_agreed_upon_any_is_taken(house: House) -> None:
    assert house.dms.ask(within_header(create(), "Timestamp", REVISION)).result == "OK"


def test_b08_an_event_of_another_revision_is_put_aside(build: Build) -> None:
    house = build(revisions=["1.0"])
    aside = house.put_aside()

    house.dms.send(within_header(event("created", payload=xml.der_groups(GROUP)), "Timestamp", REVISION))

    assert aside.get(timeout=10).properties["CIM_Rule"] == "REVISION"
    assert ask_for_groups(house) == {}
