"""What is written is valid against the schemas and reads back as what it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import dermsbus_profiles
from dermsbus.domain.model import (
    DERFunction,
    EndDevice,
    EndDeviceGroup,
    GroupReference,
    Name,
    NameType,
    NameTypeAuthority,
    Version,
)
from dermsbus.errors import IDKind, MalformedMessage, MemberNotFound, ObjectID, Violation
from dermsbus.messages.answers import Author, entry, entry_of
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    Archetype,
    DERGroupQueries,
    DERGroups,
    Envelope,
    Header,
    Operation,
    OperationSet,
    Outline,
    Payload,
    Property,
    ReplayDetection,
    Reply,
    Request,
    Result,
    Style,
    User,
    Verb,
)
from dermsbus.messages.times import instant_of

PROFILES = Path(dermsbus_profiles.__file__).parent
FUNCTION = DERFunction(
    connect_disconnect=True,
    frequency_watt_curve_function=False,
    max_real_power_limiting=True,
    ramp_rate_control=False,
    reactive_power_dispatch=True,
    real_power_dispatch=False,
    voltage_regulation=True,
    volt_var_curve_function=False,
    volt_watt_curve_function=True,
)
NOW = datetime(2024, 5, 1, 8, 0, 0, 123000, tzinfo=UTC)


@cache
def schema(file_name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(PROFILES / file_name))


text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff"), max_size=20
)
identifiers = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
names = st.builds(
    Name,
    name=text,
    name_type=st.none()
    | st.builds(
        NameType,
        name=text,
        description=st.none() | text,
        authority=st.none() | st.builds(NameTypeAuthority, name=text, description=st.none() | text),
    ),
)
instants = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)).map(  # noqa: DTZ001 made aware next
    lambda at: instant_of(at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000))
)
numbers = st.none() | st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
versions = st.builds(Version, date=st.none() | instants, major=numbers, minor=numbers, revision=numbers)
functions = st.builds(DERFunction, **{name: st.booleans() for name in FUNCTION.__slots__})
groups = st.builds(
    EndDeviceGroup,
    mrid=st.none() | text,
    description=st.none() | text,
    der_function=functions,
    end_devices=st.lists(
        st.builds(EndDevice, mrid=st.none() | text, names=st.lists(names, max_size=2).map(tuple)), max_size=4
    ).map(tuple),
    names=st.lists(names, max_size=3).map(tuple),
    version=st.none() | versions,
)
headers = st.builds(
    Header,
    verb=st.just(Verb.CREATE),
    noun=st.just("DERGroups"),
    revision=st.none() | text,
    replay_detection=st.none() | st.builds(ReplayDetection, nonce=text, created=instants),
    context=st.none() | text,
    timestamp=st.none() | instants,
    source=st.none() | identifiers,
    async_reply=st.booleans(),
    reply_address=st.none() | text,
    ack_required=st.booleans(),
    user=st.none() | st.builds(User, user_id=text, organization=st.none() | text),
    message_id=identifiers,
    correlation_id=st.none() | identifiers,
    comment=st.none() | text,
    properties=st.lists(st.builds(Property, name=text, value=st.none() | text), max_size=3).map(tuple),
)


@settings(deadline=None, max_examples=60)
@given(
    header=headers,
    content=st.lists(groups, min_size=1, max_size=3).map(lambda each: DERGroups(groups=tuple(each))),
    style=st.sampled_from(Style),
)
def test_any_create_is_valid_and_reads_back_as_it_was(header: Header, content: DERGroups, style: Style) -> None:
    codec = Codec()
    message = Envelope(archetype=Archetype.REQUEST, style=style, header=header, payload=Payload(content=content))

    body = codec.encode(message)

    read = codec.decode(body)
    assert isinstance(read, Envelope), read
    assert (read.header, read.payload, read.style) == (message.header, message.payload, style)
    assert codec.encode(replace(read, root="")) == body
    if style is Style.TYPED:
        schema("constrained/DERGroupsMessage.xsd").validate(body.decode())
    else:
        schema("Message.xsd").validate(body.decode())
        payload = etree.fromstring(body).find(".//{http://iec.ch/TC57/2017/DERGroups#}DERGroups")
        schema("constrained/DERGroups.xsd").validate(etree.tostring(payload).decode())


def requests() -> list[Envelope]:
    """One message of each kind that dermsbus begins or answers with."""
    header = Header(verb=Verb.GET, noun="DERGroups", message_id="m1")
    group = EndDeviceGroup(mrid="G-A", der_function=FUNCTION, names=(Name(name="GA"),))
    named = Payload(content=DERGroups(groups=(EndDeviceGroup(names=(Name(name="GA"),)),)))
    query = Request(query=DERGroupQueries(references=(GroupReference(mrid="G-A"), GroupReference())))
    operations = OperationSet(
        operations=(
            Operation(operation_id=1, noun="DERGroups", verb="delete", element_operation=True, content=named.content),
        ),
        enforce_msg_sequence=True,
        enforce_transactional_integrity=True,
    )
    execute = replace(header, verb=Verb.EXECUTE, noun="OperationSet")
    return [
        Envelope(archetype=Archetype.REQUEST, header=header, request=query),
        Envelope(archetype=Archetype.REQUEST, header=replace(header, verb=Verb.CHANGE), payload=named),
        Envelope(archetype=Archetype.REQUEST, header=replace(header, verb=Verb.DELETE), payload=named),
        Envelope(archetype=Archetype.REQUEST, header=execute, payload=Payload(operation_set=operations)),
        Envelope(
            archetype=Archetype.EVENT,
            header=replace(header, verb=Verb.CREATED),
            payload=Payload(content=DERGroups(groups=(group,))),
        ),
        Envelope(archetype=Archetype.EVENT, header=replace(header, verb=Verb.DELETED), payload=named),
        Envelope(
            archetype=Archetype.EVENT,
            header=replace(execute, verb=Verb.EXECUTED),
            payload=Payload(operation_set=operations),
        ),
    ]


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("message", requests(), ids=lambda message: f"{message.header.verb} {message.header.noun}")
def test_every_kind_of_message_reads_back_as_it_was(message: Envelope, style: Style) -> None:
    codec = Codec()

    read = codec.decode(codec.encode(replace(message, style=style)))

    assert isinstance(read, Envelope), read
    assert replace(read, root="", namespace="", style=message.style) == message


AUTHOR = Author(source="derms1", context="PRODUCTION", now=lambda: NOW, new_message_id=lambda: "r1")
TYPED = {
    "CreateDERGroups": ("DERGroups", "DERGroupsResponseMessage"),
    "DERGroupQueriesRequestMessage": ("DERGroups", "DERGroupQueriesResponseMessage"),
    "ExecuteDERGroupsOperationSet": ("OperationSet", "DERGroupsOperationSetResponseMessage"),
    "CreatedDERGroups": ("DERGroups", "DERGroupsResponseMessage"),
}


@pytest.mark.parametrize("request_root", TYPED)
def test_a_typed_request_is_answered_under_the_response_root_of_its_wrapper(request_root: str) -> None:
    noun, response_root = TYPED[request_root]
    outline = Outline(archetype=Archetype.REQUEST, style=Style.TYPED, root=request_root, noun=noun, message_id="m1")
    error = entry_of(
        MemberNotFound("no such member", object_id=ObjectID(value="D-1", kind=IDKind.UUID), operation_id=3)
    )

    body = Codec().encode(AUTHOR.reply(outline, Reply(result=Result.FAILED, errors=(error,), operation_id=3)))

    assert etree.QName(etree.fromstring(body)).localname == response_root
    read = Codec().decode(body)
    assert isinstance(read, Envelope), read
    assert read.reply is not None
    assert read.reply.errors == (error,)
    assert read.reply.operation_id == 3


def test_a_reply_carries_its_own_message_id_and_the_requests_correlation() -> None:
    outline = Outline(archetype=Archetype.REQUEST, noun="DERGroups", message_id="m1")

    by_message_id = AUTHOR.reply(outline, Reply(result=Result.OK))
    by_correlation_id = AUTHOR.reply(replace(outline, correlation_id="k1"), Reply(result=Result.OK))

    assert by_message_id.header is not None
    assert by_correlation_id.header is not None
    assert (by_message_id.header.verb, by_message_id.header.noun) == (Verb.REPLY, "DERGroups")
    assert (by_message_id.header.message_id, by_message_id.header.correlation_id) == ("r1", "m1")
    assert by_correlation_id.header.correlation_id == "k1"


def test_characters_that_java_cannot_take_from_a_text_message_are_written_as_references() -> None:
    group = EndDeviceGroup(mrid="G", der_function=FUNCTION, names=(Name(name="\U0001f50b"),))
    header = Header(verb=Verb.CREATE, noun="DERGroups", message_id="m1")
    message = Envelope(archetype=Archetype.REQUEST, header=header, payload=Payload(content=DERGroups(groups=(group,))))

    body = Codec().encode(message)

    assert b"&#x1F50B;" in body
    assert max(body) < 0xF0
    read = Codec().decode(body)
    assert isinstance(read, Envelope)
    assert read.payload == message.payload


def test_a_fault_is_valid_and_has_no_header() -> None:
    error = MalformedMessage(Violation(rule="SYNTAX", details="not XML", line=7))

    body = Codec().encode(AUTHOR.fault(error))

    schema("Message.xsd").validate(body.decode())
    read = Codec().decode(body)
    assert isinstance(read, Envelope)
    assert read.archetype is Archetype.FAULT
    assert read.header is None
    assert read.reply is not None
    assert read.reply.errors == (entry("1.8", "not XML (line 7)"),)


def test_a_peer_that_spells_the_namespace_with_www_is_answered_so() -> None:
    outline = Outline(
        archetype=Archetype.REQUEST, noun="DERGroups", namespace="http://www.iec.ch/TC57/2011/schema/message"
    )

    body = Codec().encode(AUTHOR.reply(outline, Reply(result=Result.OK, errors=(entry("0.0"),))))

    assert {etree.QName(each).namespace for each in etree.fromstring(body).iter()} == {outline.namespace}


def test_a_typed_message_cannot_point_at_objects_by_bare_id() -> None:
    payload = Payload(ids=(ObjectID(value="G-A"),))
    header = Header(verb=Verb.DELETE, noun="DERGroups", message_id="m1")

    with pytest.raises(ValueError, match="Payload/ID"):
        Codec().encode(Envelope(archetype=Archetype.REQUEST, style=Style.TYPED, header=header, payload=payload))
