"""F. Payloads: packed, by id, empty, hostile, too many."""

from __future__ import annotations

import base64
import gzip
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.messages.codec import Codec
from dermsbus.messages.compression import LARGEST_INFLATED_BYTES
from dermsbus.messages.envelope import Envelope
from dermsbus.messages.options import LIMIT
from tests import builders as xml
from tests.conformance.bus import House
from tests.conformance.memory_probe import taken_by
from tests.conformance.messages import GROUP, ask_for_groups, create, get_groups, group, refused
from tests.flow.peer import Message, find

pytestmark = pytest.mark.buses("memory")

Build = Callable[..., House]
MIB = 1024 * 1024
GROUPS = xml.der_groups(GROUP).encode()
THERE = {"GA": ["D1", "D2"]}


def packed(content: bytes, form: str | None = "XML", *, line_breaks: bool = False) -> bytes:
    """A create of what *content* unpacks to."""
    text = (base64.encodebytes if line_breaks else base64.b64encode)(content).decode()
    stated = f"<Format>{form}</Format>" if form is not None else ""
    return xml.generic("create", "DERGroups", payload=f"<Compressed>{text}</Compressed>{stated}")


@cache
def gibibyte_of_zeros() -> bytes:
    """A gzip of 1 GiB of zeros, which is no more than one block of deflate again and again."""
    mebibyte, blocks = bytes(MIB), 1024
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = deflate.compress(mebibyte) + deflate.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(blocks):
        check = zlib.crc32(mebibyte, check)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return head + block * blocks + b"\x03\x00" + check.to_bytes(4, "little") + (blocks * MIB).to_bytes(4, "little")


def says_ok(reply: Message) -> bool:
    return (reply.kind, reply.result, set(reply.codes) <= {"0.0"}) == ("ResponseMessage", "OK", True)


@pytest.mark.parametrize("form", ["XML", None])
def test_f01_packed_groups_are_the_same_as_plain_ones(house: House, form: str | None) -> None:
    read = [Codec().decode(body) for body in (packed(gzip.compress(GROUPS), form), create())]
    assert isinstance(read[0], Envelope)
    assert isinstance(read[1], Envelope)
    assert (read[0].header, read[0].payload) == (read[1].header, read[1].payload)

    assert says_ok(house.dms.ask(packed(gzip.compress(GROUPS), form)))

    assert ask_for_groups(house) == THERE


def test_f02_base64_may_have_line_breaks(house: House) -> None:
    body = packed(gzip.compress(GROUPS), line_breaks=True)
    assert body.count(b"\n") > 3

    assert says_ok(house.dms.ask(body))

    assert ask_for_groups(house) == THERE


BROKEN = {
    "no base64": packed(gzip.compress(GROUPS)).replace(b"<Compressed>", b"<Compressed>*"),
    "base64 without its end": packed(gzip.compress(GROUPS)).replace(b"</Compressed>", b"A</Compressed>"),
    "no gzip": packed(GROUPS),
    "zlib, but no gzip": packed(zlib.compress(GROUPS)),
    "half a gzip": packed(gzip.compress(GROUPS)[:100]),
    "a gzip without its check": packed(gzip.compress(GROUPS)[:-8]),
    "a gzip with a wrong check": packed(gzip.compress(GROUPS)[:-8] + bytes(8)),
    "nothing": packed(b""),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_f03_what_does_not_unpack_is_refused(house: House, kind: str) -> None:
    refused(house, BROKEN[kind], "1.8")


def test_f04_a_gibibyte_of_zeros_is_refused_within_a_second(house: House) -> None:
    body = packed(gibibyte_of_zeros())
    assert len(body) < 2 * MIB
    ask_for_groups(house)

    begun_s = time.monotonic()
    reply = house.dms.ask(body)
    took_s = time.monotonic() - begun_s

    assert (reply.kind, reply.result, reply.codes) == ("ResponseMessage", "FAILED", ["7.7"])
    assert took_s < 1
    assert ask_for_groups(house) == {}


def test_f04_a_gibibyte_of_zeros_takes_no_memory(tmp_path: Path) -> None:
    taken = taken_by(packed(gibibyte_of_zeros()), tmp_path)

    assert taken.code == "7.7"
    assert taken.peak_bytes < 3 * LARGEST_INFLATED_BYTES  # zlib's pieces, and what they are joined to
    assert taken.time_s < 1


def test_f05_two_gzip_members_in_a_row_are_refused(house: House) -> None:
    half = len(GROUPS) // 2

    refused(house, packed(gzip.compress(GROUPS[:half]) + gzip.compress(GROUPS[half:])), "1.8")
    refused(house, packed(gzip.compress(GROUPS) + gzip.compress(b"")), "1.8")


def test_f06_another_format_is_refused(house: House) -> None:
    reply = refused(house, packed(gzip.compress(GROUPS), "BINARY"), "1.8")

    assert "BINARY" in (reply.errors[0].details or "")


def test_f07_of_two_ids_the_unknown_one_is_named(house: House) -> None:
    house.dms.ask(create(GROUP, group("GB"), message_id="m0"))
    ids = '<ID kind="uuid">mrid-GA</ID><ID kind="uuid">mrid-GX</ID>'

    reply = house.dms.ask(xml.generic("delete", "DERGroups", payload=ids))

    assert (reply.kind, reply.result) == ("ResponseMessage", "PARTIAL")
    assert [error.code for error in reply.errors if error.code != "0.2"] == ["2.15"]
    assert (reply.errors[0].code, reply.errors[0].id, reply.errors[0].kind) == ("2.15", "mrid-GX", "uuid")
    assert ask_for_groups(house) == {"GB": []}


def test_f08_an_id_of_an_unknown_kind_is_refused(house: House) -> None:
    house.dms.ask(create(message_id="m0"))

    refused(house, xml.generic("delete", "DERGroups", payload='<ID kind="mrid">mrid-GA</ID>'), "1.8")

    assert ask_for_groups(house) == THERE


@pytest.mark.parametrize("payload", [None, ""], ids=["no Payload", "an empty Payload"])
def test_f09_a_create_without_payload_lacks_a_mandatory_element(house: House, payload: str | None) -> None:
    refused(house, xml.generic("create", "DERGroups", payload=payload), "1.7")


def test_f10_a_get_that_ends_before_it_starts_is_refused(house: House) -> None:
    schedule = xml.schedule(style="straightLineYValues")
    query = xml.payload(
        "DERGroupForecastQueries",
        xml.element("DERMonitorableParameter", DERParameter="activePower"),
        schedule,
        xml.group(),
    )
    window = "<StartTime>2024-05-01T10:00:00Z</StartTime><EndTime>2024-05-01T09:00:00Z</EndTime>"

    reply = refused(
        house, xml.generic("get", "DERGroupForecasts", request=window + query), "1.8", noun="DERGroupForecasts"
    )

    assert "EndTime" in (reply.errors[0].details or "")


def empty(reply: Message) -> bool:
    payload = find(reply.root, "Payload")
    return payload is None or not any(each.tag.endswith("}mRID") for each in payload.iter())


def test_f11_a_get_of_all_where_there_are_none_is_no_error(house: House) -> None:
    reply = house.dms.ask(get_groups())

    assert says_ok(reply)
    assert empty(reply)


def test_f11_neither_is_one_of_orders_where_there_are_none(house: House) -> None:
    house.dms.ask(create(message_id="m0"))
    query = xml.der_group_queries(xml.group(name="GA"))

    reply = house.dms.ask(xml.generic("get", "DERGroupDispatches", request=query))

    assert says_ok(reply)
    assert empty(reply)


def test_f11_nor_where_it_is_agreed_upon_one_of_a_group_that_is_not_there(build: Build) -> None:
    house = build(replace(BEHAVIOURS["default"], query_of_unknown_is_ok=True))
    house.dms.ask(create(message_id="m0"))

    reply = house.dms.ask(get_groups("GX"))

    assert says_ok(reply)
    assert empty(reply)


@pytest.mark.parametrize("verb", ["get", "create"])
def test_f12_an_unknown_option_is_passed_over_and_said_so(house: House, verb: str) -> None:
    house.dms.ask(create(message_id="m0"))
    option = "<Option><name>colour</name><value>red</value></Option>"
    if verb == "get":
        query = option + xml.der_group_queries(xml.group())
        body = xml.generic("get", "DERGroups", request=query, message_id="m1")
    else:
        body = xml.generic("create", "DERGroups", request=option, payload=xml.der_groups(group("GB")), message_id="m1")

    reply = house.dms.ask(body)

    assert reply.result == "OK"
    (note,) = reply.errors
    assert (note.code, note.level) == ("0.0", "INFORM")
    assert "colour" in (note.details or "")
    assert set(reply.group_names) == ({"GA"} if verb == "get" else set())
    assert set(ask_for_groups(house)) == ({"GA"} if verb == "get" else {"GA", "GB"})


def test_f12_of_one_that_is_known_nothing_is_said(house: House) -> None:
    house.dms.ask(create(message_id="m0"))
    option = f"<Option><name>{LIMIT}</name><value>1</value></Option>"

    reply = house.dms.ask(xml.generic("get", "DERGroups", request=option + xml.der_group_queries(xml.group())))

    assert reply.result == "OK"
    assert not [error for error in reply.errors if error.details]


def too_many(kind: str, count: int) -> bytes:
    match kind:
        case "groups":
            return create(*(group(f"G{number}") for number in range(count)))
        case "ids":
            ids = "".join(f'<ID kind="uuid">x{number}</ID>' for number in range(count))
            return xml.generic("delete", "DERGroups", payload=ids)
        case "packed groups":
            groups = xml.der_groups(*(group(f"G{number}") for number in range(count))).encode()
            return packed(gzip.compress(groups))
        case "queries":
            return get_groups(*(f"G{number}" for number in range(count)), message_id="m1")
        case _:
            one = xml.der_groups(xml.group(name="GA"))
            operations = (xml.operation(number, one, element=False) for number in range(count))
            return xml.generic("execute", "OperationSet", payload=xml.operation_set(*operations))


@pytest.mark.parametrize("kind", ["groups", "ids", "packed groups", "queries", "operations"])
def test_f13_more_objects_than_a_request_may_have_are_refused(build: Build, kind: str) -> None:
    house = build(limits={"items": 10})
    noun = "OperationSet" if kind == "operations" else "DERGroups"

    refused(house, too_many(kind, 11), "3.1", noun=noun)


def test_f13_as_many_as_it_may_have_are_served(build: Build) -> None:
    house = build(limits={"items": 10})

    assert says_ok(house.dms.ask(too_many("groups", 10)))
    assert len(ask_for_groups(house)) == 10
