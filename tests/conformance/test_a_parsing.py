"""A. Parsing and envelope: what is read, what is refused, and with which code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from lxml import etree

import dermsbus_profiles
from dermsbus.errors import IDKind, ObjectID
from dermsbus.messages.answers import Author, entries_of_message_error
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    Archetype,
    DERGroups,
    Envelope,
    ErrorEntry,
    Header,
    Operation,
    OperationSet,
    Payload,
    Property,
    Refusal,
    ReplayDetection,
    Reply,
    Request,
    Result,
    User,
    Verb,
)
from dermsbus.messages.times import instant_of
from dermsbus.reply_codes import Level
from dermsbus_profiles import MESSAGE_SCHEMA, PROFILES, Variant
from tests import builders as xml
from tests.conformance.bus import Bus, House
from tests.conformance.cases import BUSES
from tests.conformance.memory_probe import taken_by
from tests.conformance.messages import GROUP, ask_for_groups, create, get_groups, refused, within_header
from tests.flow.peer import Message, assert_valid, find
from tests.scripted_derms import group as made_group

pytestmark = pytest.mark.buses("memory")

Build = Callable[..., House]
CREATE = create()
MIB = 1024 * 1024
WWW = "http://www.iec.ch/TC57/2011/schema/message"
TOLERATED = {"peers": {"dms1": {"tolerance": "tolerant"}}}
SCHEMAS = Path(dermsbus_profiles.__file__).parent
USE_CASES = Path(__file__).parents[2] / "docs" / "use-cases"


def faulted(house: House, body: bytes, code: str) -> Message:
    """The fault that answers *body*; a copy was put aside, the message acknowledged, and nothing done."""
    aside = house.put_aside()
    reply = house.dms.ask(body, correlation_id="c1")

    assert reply.kind == "FaultMessage"
    assert find(reply.root, "Header") is None
    assert (reply.result, reply.codes) == ("FAILED", [code])
    assert reply.errors[0].level == "FATAL"
    assert reply.errors[0].details
    assert reply.delivery.correlation_id == "c1"
    copy = aside.get(timeout=10)
    assert copy.body == body
    assert copy.properties["CIM_Code"] == code
    assert ask_for_groups(house) == {}
    house.check_that_all_is_acknowledged()
    return reply


def accepted(house: House, body: bytes, *, is_text: bool = True) -> Message:
    """The reply to a create of `GROUP`, found good; the group is there."""
    reply = house.dms.ask(body, is_text=is_text)

    assert (reply.kind, reply.result, reply.codes) == ("ResponseMessage", "OK", ["0.0"])
    assert ask_for_groups(house) == {"GA": ["D1", "D2"]}
    return reply


def with_payload(*parts: str) -> bytes:
    return xml.generic("create", "DERGroups", payload="".join(parts))


@cache
def independent(file_name: str) -> xmlschema.XMLSchema:
    """A shipped schema as another validator reads it."""
    return xmlschema.XMLSchema(str(SCHEMAS / file_name))


def test_a01_a_get_is_served_by_the_handler_of_its_verb_and_noun(house: House) -> None:
    house.dms.ask(CREATE)

    reply = house.dms.ask(get_groups("GA"))

    assert (reply.kind, reply.result) == ("ResponseMessage", "OK")
    assert [(each.name, each.members) for each in reply.groups] == [("GA", ["D1", "D2"])]
    assert house.derms.counts.messages["request"] == 2


def test_a02_what_is_no_xml_is_answered_with_a_fault_put_aside_and_acknowledged(house: House) -> None:
    faulted(house, b"abcd", "1.8")


def test_a03_what_is_no_xml_and_names_no_reply_queue_is_put_aside_alone(house: House) -> None:
    aside = house.put_aside()

    house.dms.send(b"abcd", correlation_id="c1")

    assert aside.get(timeout=10).body == b"abcd"
    house.dms.ask(get_groups(), correlation_id="the next one")
    assert house.dms.replies_so_far == ["the next one"]
    house.check_that_all_is_acknowledged()


def test_a04_a_foreign_root_is_answered_as_what_is_no_xml(house: House) -> None:
    faulted(house, b'<Foo xmlns="urn:x"/>', "1.8")


def test_a05_a_doctype_is_refused_and_its_entity_never_expanded(house: House) -> None:
    doctype = b'<!DOCTYPE RequestMessage [<!ENTITY secret "ex-pan-ded">]>'
    body = CREATE.replace(b"<RequestMessage", doctype + b"<RequestMessage").replace(b"GA<", b"&secret;<")

    reply = faulted(house, body, "7.7")

    assert b"ex-pan-ded" not in reply.delivery.body


def test_a05_entities_of_entities_cost_nothing(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    body = f'<!DOCTYPE a [<!ENTITY e0 "ex-pan-ded">{levels}]><a>&e11;</a>'.encode()

    taken = taken_by(body, tmp_path)

    assert taken.code == "7.7"
    assert taken.peak_bytes < 16 * MIB
    assert taken.time_s < 1


def test_a06_ten_thousand_levels_are_refused(house: House) -> None:
    faulted(house, CREATE.replace(b"</Payload>", b"<a>" * 10_000 + b"</a>" * 10_000 + b"</Payload>"), "7.7")


def test_a06_ten_thousand_levels_take_no_memory(tmp_path: Path) -> None:
    taken = taken_by(b"<a>" * 10_000 + b"</a>" * 10_000, tmp_path)

    assert taken.code == "7.7"
    assert taken.peak_bytes < 16 * MIB
    assert taken.time_s < 1


def test_a07_the_namespace_of_2021_is_another_edition(house: House) -> None:
    faulted(house, CREATE.replace(b"TC57/2011/schema", b"TC57/2021/schema"), "1.9")


def test_a08_the_namespace_with_www_is_another_edition(house: House) -> None:
    faulted(house, CREATE.replace(xml.MESSAGE.encode(), WWW.encode()), "1.9")


def test_a09_the_namespace_with_www_is_taken_from_a_tolerated_peer_and_answered_in_kind(build: Build) -> None:
    house = build(**TOLERATED)

    house.dms.send(
        CREATE.replace(xml.MESSAGE.encode(), WWW.encode()), reply_to=house.dms._reply_to, correlation_id="c1"
    )
    reply = house.dms.next_reply("c1")

    assert reply.tag == f"{{{WWW}}}ResponseMessage"
    assert reply.findtext(f"{{{WWW}}}Reply/{{{WWW}}}Result") == "OK"
    assert not [each for each in reply.iter() if each.tag.startswith(f"{{{xml.MESSAGE}}}")]
    assert ask_for_groups(house) == {"GA": ["D1", "D2"]}
    assert house.derms.counts.repairs == {"www-namespace dms1": 1}


def test_a09_from_all_others_it_is_another_edition(build: Build) -> None:
    house = build(peers={"dms2": {"tolerance": "tolerant"}})

    faulted(house, CREATE.replace(xml.MESSAGE.encode(), WWW.encode()), "1.9")


def test_a10_a_header_without_noun_lacks_a_mandatory_element(house: House) -> None:
    refused(house, CREATE.replace(b"<Noun>DERGroups</Noun>", b""), "1.5", noun="")


def test_a11_an_empty_noun_is_a_missing_one(house: House) -> None:
    refused(house, CREATE.replace(b"<Noun>DERGroups</Noun>", b"<Noun/>"), "1.5", noun="")
    refused(house, CREATE.replace(b"<Noun>DERGroups</Noun>", b"<Noun>  </Noun>"), "1.5", noun="")


def test_a12_a_verb_in_capitals_is_refused(house: House) -> None:
    refused(house, create().replace(b"<Verb>create<", b"<Verb>CREATE<"), "1.8")


def test_a12_a_verb_in_capitals_of_a_tolerated_peer_is_taken_and_counted(build: Build) -> None:
    house = build(**TOLERATED)

    accepted(house, create().replace(b"<Verb>create<", b"<Verb>CREATE<"))

    assert house.derms.counts.repairs == {"verb-spelling dms1": 1}


def test_a13_an_unknown_verb_is_refused_with_those_that_there_are(house: House) -> None:
    reply = refused(house, create().replace(b"<Verb>create<", b"<Verb>update<"), "1.8")

    assert set(re.findall(r"[a-z]+", reply.errors[0].details or "")) >= {verb.value for verb in Verb}


def test_a14_elements_of_the_header_in_another_order_are_refused(house: House) -> None:
    body = CREATE.replace(b"</Timestamp>", b"</Timestamp><Revision>1.0</Revision>")
    assert b"<Timestamp>2024-05-01T08:00:00Z</Timestamp><Revision>" in body

    reply = refused(house, body, "1.8")

    assert "Revision" in (reply.errors[0].details or "")


def test_a15_an_async_flag_of_1_is_true(build: Build) -> None:
    house = build(reply_addresses=["answers"])
    flag = "<AsyncReplyFlag>1</AsyncReplyFlag><ReplyAddress>answers</ReplyAddress>"

    receipt = house.dms.ask(within_header(CREATE, "MessageID", flag))

    assert (receipt.result, receipt.codes) == ("OK", ["0.3"])


def test_a16_an_async_flag_of_true_with_a_capital_is_refused(build: Build) -> None:
    house = build(reply_addresses=["answers"])
    flag = "<AsyncReplyFlag>True</AsyncReplyFlag><ReplyAddress>answers</ReplyAddress>"

    refused(house, within_header(CREATE, "MessageID", flag), "1.8")


EXTENSION = '<x:priority xmlns:x="urn:x" level="3">high</x:priority>'


def test_a17_a_foreign_element_at_the_end_of_the_header_is_taken(house: House) -> None:
    accepted(house, CREATE.replace(b"</Header>", EXTENSION.encode() + b"</Header>"))


def test_a17_a_foreign_element_at_the_end_of_the_header_is_sent_on_with_the_message() -> None:
    codec = Codec()
    read = codec.decode(CREATE.replace(b"</Header>", EXTENSION.encode() + b"</Header>"))
    assert isinstance(read, Envelope)

    root = etree.fromstring(codec.encode(read))

    (kept,) = root.iter("{urn:x}priority")
    assert etree.QName(kept.getparent()).localname == "Header"
    assert (kept.getparent()[-1], kept.text, kept.get("level")) == (kept, "high", "3")


def test_a18_an_element_without_namespace_in_the_header_is_refused(house: House) -> None:
    refused(house, CREATE.replace(b"</Header>", b'<priority xmlns="">high</priority></Header>'), "1.8")


def test_a19_a_payload_of_two_branches_is_refused_although_lxml_finds_it_valid(house: House) -> None:
    body = with_payload(xml.der_groups(GROUP), "<Compressed>H4sI</Compressed>")
    assert etree.XMLSchema(file=str(SCHEMAS / MESSAGE_SCHEMA)).validate(etree.fromstring(body))
    assert not independent(MESSAGE_SCHEMA).is_valid(body.decode())

    refused(house, body, "1.8")


def test_a20_a_payload_of_an_id_and_a_foreign_element_is_refused(house: House) -> None:
    refused(house, with_payload('<ID kind="uuid">mrid-GA</ID>', xml.der_groups(GROUP)), "1.8")


def test_a21_a_payload_with_the_roots_of_two_profiles_is_refused(house: House) -> None:
    dispatches = xml.payload("DERGroupDispatches", xml.dispatch(mrid="X"))

    refused(house, with_payload(xml.der_groups(GROUP), dispatches), "1.8")
    refused(house, with_payload(xml.der_groups(GROUP), xml.der_groups(GROUP)), "1.8")


def test_a22_a_payload_without_namespace_is_refused(house: House) -> None:
    bare = xml.der_groups(GROUP).replace(f'xmlns="{xml.payload_namespace("DERGroups")}"', 'xmlns=""')
    assert '<DERGroups xmlns="">' in bare

    refused(house, with_payload(bare), "1.8")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.buses(*BUSES)
def test_a23_bytes_in_utf_16_are_read(house: House, encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"  # a declaration alone cannot be read before one knows
    body = (mark + CREATE.decode().replace("UTF-8", "UTF-16")).encode(encoding)

    accepted(house, body, is_text=False)


LATIN_1 = CREATE.decode().replace("UTF-8", "ISO-8859-1").replace("GA<", "Gä<").encode()


@pytest.mark.buses("activemq-stomp")
def test_a24_text_that_a_broker_has_decoded_is_read_whatever_it_says_of_its_bytes(house: House) -> None:
    assert house.dms.ask(LATIN_1).result == "OK"

    assert ask_for_groups(house) == {"Gä": ["D1", "D2"]}


def test_a24_what_is_said_of_bytes_counts_for_bytes_alone() -> None:
    names = []
    for is_text in (True, False):
        read = Codec().decode(LATIN_1, is_text=is_text)
        assert isinstance(read, Envelope)
        assert read.payload is not None
        assert isinstance(read.payload.content, DERGroups)
        names.append(read.payload.content.groups[0].names[0].name)

    assert names == ["Gä", "GÃ¤"]


TYPED = xml.typed("CreateDERGroups", "DERGroups", "create", "DERGroups", payload=xml.der_groups(GROUP))


def test_a25_a_typed_root_says_the_same_as_the_generic_one(house: House) -> None:
    codec = Codec()
    typed, generic = codec.decode(TYPED), codec.decode(CREATE)
    assert isinstance(typed, Envelope)
    assert isinstance(generic, Envelope)
    assert replace(typed, style=generic.style, root=generic.root, namespace=generic.namespace) == generic

    reply = house.dms.ask(TYPED)

    assert (reply.kind, reply.result) == ("DERGroupsResponseMessage", "OK")
    assert ask_for_groups(house) == {"GA": ["D1", "D2"]}


def test_a26_a_typed_root_and_another_verb_contradict_each_other(house: House) -> None:
    reply = house.dms.ask(TYPED.replace(b"<Verb>create<", b"<Verb>delete<"))

    assert (reply.kind, reply.result, reply.codes) == ("DERGroupsResponseMessage", "FAILED", ["2.9"])
    assert ask_for_groups(house) == {}


def a_message(*parts: str, verb: str) -> bytes:
    return f'<Message xmlns="{xml.MESSAGE}"><Header>{xml.header(verb, "DERGroups")}</Header>{"".join(parts)}</Message>'.encode()


def test_a27_the_root_message_with_a_reply_is_a_response(bus: Bus) -> None:
    derms, client = bus.scripted_derms(), bus.client()

    with derms.answering_with(lambda _: a_message("<Reply><Result>OK</Result></Reply>", verb="reply")):
        answer = client.get_groups()

    assert answer.ok
    assert answer.envelope.archetype is Archetype.RESPONSE


def test_a27_a_response_is_never_answered(house: House) -> None:
    aside = house.put_aside()

    house.dms.send(a_message("<Reply><Result>OK</Result></Reply>", verb="reply"), reply_to=house.dms._reply_to)

    assert aside.get(timeout=10).properties["CIM_Rule"] == "STRAY-REPLY"
    house.dms.ask(get_groups(), correlation_id="the next one")
    assert house.dms.replies_so_far == ["the next one"]


@pytest.mark.parametrize("verb", ["get", "reply"])
def test_a28_the_root_message_with_request_and_reply_contradicts_itself(house: House, verb: str) -> None:
    request = f"<Request>{xml.der_group_queries(xml.group())}</Request>"

    refused(house, a_message(request, "<Reply><Result>OK</Result></Reply>", verb=verb), "1.8")


# -- what we write -----------------------------------------------------------------------------------------------------

NOW = instant_of(datetime(2024, 5, 1, 8, tzinfo=UTC))
HEADER = Header(
    verb=Verb.CREATE,
    noun="DERGroups",
    revision="1.0",
    replay_detection=ReplayDetection(nonce="n1", created=NOW),
    context="PRODUCTION",
    timestamp=NOW,
    source="derms1",
    async_reply=True,
    reply_address="answers",
    ack_required=True,
    user=User(user_id="u1", organization="o1"),
    message_id="m1",
    correlation_id="k1",
    comment='<&"ü\U0001f50b',
    properties=(Property(name="a", value="1"), Property(name="b")),
    extensions=(b'<x xmlns="urn:x">1</x>',),
)
CONTENT = DERGroups(groups=(made_group("mrid-GA", "D1"),))
ID = ObjectID(value="mrid-GA", kind=IDKind.UUID, object_type="EndDeviceGroup")
ERROR = ErrorEntry(
    code="2.29",
    level=Level.FATAL,
    reason="why",
    details="at /a/b[1]",
    object_id=ID,
    related_id=ObjectID(value="D1", kind=IDKind.NAME),
    operation_id=7,
)
OPERATIONS = OperationSet(
    operations=(
        Operation(operation_id=1, noun="DERGroups", verb="create", content=CONTENT),
        Operation(operation_id=2, noun="DERGroups", verb="delete", element_operation=True, content=CONTENT),
    ),
    enforce_msg_sequence=True,
    enforce_transactional_integrity=True,
)
WHOLE = {
    "create": Envelope(archetype=Archetype.REQUEST, header=HEADER, payload=Payload(content=CONTENT)),
    "get": Envelope(
        archetype=Archetype.REQUEST,
        header=replace(HEADER, verb=Verb.GET),
        request=Request(start_time=NOW, end_time=NOW, options=(Property(name="a", value="1"),), ids=(ID,)),
    ),
    "delete by id": Envelope(
        archetype=Archetype.REQUEST, header=replace(HEADER, verb=Verb.DELETE), payload=Payload(ids=(ID,))
    ),
    "execute": Envelope(
        archetype=Archetype.REQUEST,
        header=replace(HEADER, verb=Verb.EXECUTE, noun="OperationSet"),
        payload=Payload(operation_set=OPERATIONS),
    ),
    "created": Envelope(
        archetype=Archetype.EVENT, header=replace(HEADER, verb=Verb.CREATED), payload=Payload(content=CONTENT)
    ),
    "reply": Envelope(
        archetype=Archetype.RESPONSE,
        header=replace(HEADER, verb=Verb.REPLY),
        reply=Reply(result=Result.PARTIAL, errors=(ERROR, ErrorEntry(code="0.2")), ids=(ID,), operation_id=7),
        payload=Payload(content=CONTENT),
    ),
    "fault": Envelope(archetype=Archetype.FAULT, reply=Reply(result=Result.FAILED, errors=(ErrorEntry(code="1.8"),))),
}


def told_in_the_use_cases() -> list[Any]:
    """Every message that the pages of the use cases show, as dermsbus wrote it."""
    return [
        pytest.param(body.encode(), id=f"{page.stem}-{number}")
        for page in sorted(USE_CASES.glob("*.md"))
        for number, body in enumerate(re.findall(r"```xml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    ]


def check_written(message: Envelope) -> None:
    """*message*, written, is valid for two validators and reads back as it was."""
    codec = Codec()

    body = codec.encode(message)

    assert_valid(body)
    check_independently(body, message)
    read = codec.decode(body)
    assert isinstance(read, Envelope), read
    assert replace(read, root="", namespace="") == replace(message, root="", namespace="")


def check_independently(body: bytes, message: Envelope) -> None:
    root = etree.fromstring(body)
    name = etree.QName(root)
    verb = message.header.verb if message.header else None
    variant = Variant.CONSTRAINED if verb in {None, "reply", "create", "created", "get"} else Variant.UNCONSTRAINED
    if name.namespace == xml.MESSAGE:
        independent(MESSAGE_SCHEMA).validate(body.decode())
    else:
        noun = str(name.namespace).rpartition("/")[2].removesuffix("Message")
        independent(PROFILES[noun].wrapper_schema(variant)).validate(body.decode())
    for profile in PROFILES.values():
        for element in root.iter(f"{{{profile.payload_namespace}}}{profile.noun}"):
            schema = profile.payload_schema(variant)
            assert schema is not None
            independent(schema).validate(etree.tostring(element, encoding="unicode", with_tail=False))


@pytest.mark.parametrize("kind", WHOLE)
def test_a29_what_is_written_with_all_that_it_can_state_is_valid_and_reads_back_as_it_was(kind: str) -> None:
    check_written(WHOLE[kind])


@pytest.mark.parametrize("body", told_in_the_use_cases())
def test_a29_what_is_written_in_every_use_case_is_valid_and_reads_back_as_it_was(body: bytes) -> None:
    message = Codec().decode(body)

    assert isinstance(message, Envelope), message
    check_written(message)


def test_a30_where_an_error_is_stands_in_its_details_and_never_in_xpath(house: House) -> None:
    body = CREATE.replace(b"<connectDisconnect>true", b"<connectDisconnect>maybe")

    reply = refused(house, body, "1.8")

    assert_valid(reply.delivery.body)
    assert "/RequestMessage/Payload/DERGroups/EndDeviceGroup/DERFunction/connectDisconnect" in (
        reply.errors[0].details or ""
    )
    assert not [each for each in reply.root.iter() if each.tag.endswith("}xpath") and "/" in (each.text or "")]


def test_a30_an_error_with_a_path_is_valid_for_two_validators() -> None:
    refusal = Codec().decode(CREATE.replace(b"<connectDisconnect>true", b"<connectDisconnect>maybe"))
    assert isinstance(refusal, Refusal)
    assert refusal.outline is not None
    author = Author(source="derms1", context="production", now=lambda: NOW.at, new_message_id=lambda: "r1")

    check_written(author.refusal(refusal.outline, entries_of_message_error(refusal.error)))
