"""What goes out compressed: what it is, what it must not touch, and that whoever reads it has what was meant."""

from __future__ import annotations

import base64
import gzip
import random
from dataclasses import replace
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import dermsbus_profiles
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, GroupReference, Name
from dermsbus.errors import ObjectID
from dermsbus.messages.codec import Codec, ReaderSettings
from dermsbus.messages.compression import LARGEST_INFLATED_BYTES, deflate, inflate
from dermsbus.messages.envelope import (
    Archetype,
    DERGroupQueries,
    DERGroups,
    Envelope,
    Header,
    Operation,
    OperationSet,
    Payload,
    Property,
    Reply,
    Request,
    Result,
    Style,
    Verb,
)

PROFILES = Path(dermsbus_profiles.__file__).parent
MESSAGE = "{http://iec.ch/TC57/2011/schema/message}"
FUNCTION = DERFunction(**dict.fromkeys(DERFunction.__slots__, True))
GROUP = EndDeviceGroup(
    mrid="G-A",
    der_function=FUNCTION,
    end_devices=tuple(EndDevice(mrid=f"DEV-{number}") for number in range(200)),
    names=(Name(name="Süd \U0001f50b"),),
)
CONTENT = DERGroups(groups=(GROUP,))
HEADER = Header(verb=Verb.CREATE, noun="DERGroups", message_id="m1", properties=(Property(name="a", value="b"),))
CREATE = Envelope(archetype=Archetype.REQUEST, header=HEADER, payload=Payload(content=CONTENT))
REPLY = Envelope(
    archetype=Archetype.RESPONSE,
    header=replace(HEADER, verb=Verb.REPLY, correlation_id="k1"),
    reply=Reply(result=Result.OK),
    payload=Payload(content=CONTENT),
)
OPERATION = Operation(operation_id=1, noun="DERGroups", verb="delete", element_operation=True, content=CONTENT)
GENERATED = random.Random(7)


def parts_of(body: bytes) -> list[str]:
    """Local names of what is in the Payload."""
    payload = etree.fromstring(body).find("{*}Payload")
    assert payload is not None
    return [etree.QName(each).localname for each in payload]


def read(codec: Codec, body: bytes) -> Envelope:
    message = codec.decode(body)
    assert isinstance(message, Envelope), message
    return message


# -- the text of Compressed ------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=5000))
def test_whatever_is_compressed_inflates_to_what_it_was(plain: bytes) -> None:
    text = deflate(plain)

    assert text is not None
    assert inflate(text) == plain


def test_the_text_is_base64_without_line_breaks_of_one_gzip_member_that_states_no_time() -> None:
    text = deflate(bytes(GENERATED.choices(range(256), k=10_000)))

    assert text is not None
    packed = base64.b64decode(text, validate=True)
    assert text.startswith("H4sI")
    assert len(gzip.decompress(packed)) == 10_000
    assert packed[4:8] == bytes(4)


def test_the_same_bytes_always_give_the_same_text() -> None:
    assert deflate(b"<a/>" * 100) == deflate(b"<a/>" * 100)


@pytest.mark.parametrize("plain", [b" " * 2_000_000, b"x" * (LARGEST_INFLATED_BYTES + 1)])
def test_what_a_reader_with_our_limits_would_take_for_a_bomb_is_not_compressed(plain: bytes) -> None:
    assert deflate(plain) is None


# -- messages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [CREATE, REPLY], ids=["request", "reply"])
@pytest.mark.parametrize("year", [2017, 2025])
def test_a_payload_above_the_threshold_goes_out_compressed_and_reads_back_as_it_was(
    message: Envelope, year: int
) -> None:
    codec = Codec(ReaderSettings(year=year))

    body = codec.encode(message, compress_above_bytes=1000)

    assert parts_of(body) == ["Compressed", "Format"]
    assert len(body) < len(codec.encode(message)) / 2
    again = read(codec, body)
    assert (again.header, again.reply, again.payload) == (message.header, message.reply, message.payload)


def test_everything_but_the_payload_is_what_it_is_in_the_plain_message() -> None:
    plain, packed = (etree.fromstring(Codec().encode(REPLY, compress_above_bytes=limit)) for limit in (0, 1))

    for part in ("Header", "Reply"):
        assert etree.tostring(packed.find(f"{MESSAGE}{part}")) == etree.tostring(plain.find(f"{MESSAGE}{part}"))
    payload = packed.find(f"{MESSAGE}Payload")
    assert payload.findtext(f"{MESSAGE}Format") == "XML"
    inside = etree.fromstring(inflate(payload.findtext(f"{MESSAGE}Compressed")))
    assert etree.tostring(inside, method="c14n") == etree.tostring(
        etree.fromstring(etree.tostring(plain.find(f"{MESSAGE}Payload")[0])), method="c14n"
    )


def test_a_compressed_message_is_valid_and_so_is_what_it_holds() -> None:
    body = Codec().encode(CREATE, compress_above_bytes=1)

    xmlschema.XMLSchema(str(PROFILES / "Message.xsd")).validate(body.decode())
    inside = inflate(etree.fromstring(body).findtext(f".//{MESSAGE}Compressed"))
    xmlschema.XMLSchema(str(PROFILES / "constrained/DERGroups.xsd")).validate(inside.decode())


@pytest.mark.parametrize("compress_above_bytes", [0, 1_000_000])
def test_a_payload_that_is_not_above_the_threshold_goes_out_plain(compress_above_bytes: int) -> None:
    assert Codec().encode(CREATE, compress_above_bytes=compress_above_bytes) == Codec().encode(CREATE)


@pytest.mark.parametrize(
    "message",
    [
        replace(CREATE, header=replace(HEADER, verb=Verb.DELETE), payload=Payload(ids=(ObjectID(value="G-A"),))),
        replace(
            CREATE,
            header=replace(HEADER, verb=Verb.EXECUTE, noun="OperationSet"),
            payload=Payload(operation_set=OperationSet(operations=(OPERATION,))),
        ),
        Envelope(
            archetype=Archetype.REQUEST,
            header=replace(HEADER, verb=Verb.GET),
            request=Request(query=DERGroupQueries(references=(GroupReference(),))),
        ),
        Envelope(archetype=Archetype.FAULT, reply=Reply(result=Result.FAILED)),
    ],
    ids=["ids", "operation set", "query", "fault"],
)
def test_what_is_no_profile_element_of_a_payload_is_never_compressed(message: Envelope) -> None:
    assert Codec().encode(message, compress_above_bytes=1) == Codec().encode(message)


def test_a_typed_message_that_has_to_hold_the_element_of_its_noun_is_not_compressed() -> None:
    typed = replace(CREATE, style=Style.TYPED)

    assert Codec().encode(typed, compress_above_bytes=1) == Codec().encode(typed)


def test_a_typed_answer_to_a_query_is_compressed_for_its_schema_lets_it() -> None:
    answer = replace(REPLY, style=Style.TYPED, root="DERGroupQueriesResponseMessage")

    body = Codec().encode(answer, compress_above_bytes=1)

    assert parts_of(body) == ["Compressed", "Format"]
    xmlschema.XMLSchema(str(PROFILES / "constrained/DERGroupQueriesMessage.xsd")).validate(body.decode())
    assert read(Codec(), body).payload == answer.payload


def test_a_peer_that_spells_the_namespace_with_www_finds_compressed_in_it() -> None:
    www = "http://www.iec.ch/TC57/2011/schema/message"

    body = Codec().encode(replace(REPLY, namespace=www), compress_above_bytes=1)

    assert {etree.QName(each).namespace for each in etree.fromstring(body).iter()} == {www}
    assert parts_of(body) == ["Compressed", "Format"]
