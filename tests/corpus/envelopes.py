"""Rows about the envelope: who writes, what for, in which wrapping, and over which transport."""

from __future__ import annotations

import base64
import gzip
import random
import zipfile
from collections.abc import Iterator
from io import BytesIO

from tests import builders as xml
from tests.corpus.rows import (
    Answer,
    Row,
    State,
    bad,
    changed,
    compressed,
    dispatch,
    event,
    groups,
    hours,
    legal,
    order,
    packed,
    with_header,
)
from tests.corpus.shapes import large_group

__all__ = ["compressed_rows", "envelope_rows", "peer_rows", "transport_rows", "wrapper_rows"]

NEW = xml.group(mrid="G-N", name="GN", functions=("realPowerDispatch",), members=("B-1",), version="1.0.0")
CREATE = groups("create", NEW)
DISPATCH = dispatch(order())
QUERY = xml.der_group_queries(xml.group(name="GA"))
MESSAGE_ID = "<MessageID>good</MessageID>"


def envelope_rows() -> Iterator[Row]:
    """Headers that lack something, or say what they must not."""
    fault = Answer.FAULT
    yield bad("G1", "a verb that the noun does not have", changed(CREATE, ">create<", ">close<"), "2.9", "VERB-NOUN")
    yield bad(
        "G2",
        "a noun and the payload of another",
        changed(CREATE, ">DERGroups<", ">DERGroupDispatches<"),
        "1.8",
        "NOUN-MISMATCH",
    )
    yield bad("G3", "a noun that nobody knows", changed(CREATE, ">DERGroups<", ">Frobnicators<"), "2.5", "NOUN")
    yield bad("G4", "the verb of a reply", changed(CREATE, ">create<", ">reply<"), "2.9", "VERB-ARCHETYPE")
    yield bad("G4a", "the verb of an event", changed(CREATE, ">create<", ">created<"), "2.9", "VERB-ARCHETYPE")
    yield bad("G5", "no MessageID", changed(CREATE, MESSAGE_ID, ""), "1.5", "MESSAGEID")
    yield legal("G5t", "no MessageID, tolerated", changed(CREATE, MESSAGE_ID, ""), state=State.TOLERANT)
    yield bad("G6", "an empty MessageID", changed(CREATE, MESSAGE_ID, "<MessageID/>"), "1.5", "MESSAGEID")
    yield bad(
        "G6a", "a blank MessageID", changed(CREATE, MESSAGE_ID, "<MessageID> \t </MessageID>"), "1.5", "MESSAGEID"
    )
    yield bad(
        "G7",
        "a MessageID of 64 kB",
        changed(CREATE, MESSAGE_ID, f"<MessageID>{'m' * 64_000}</MessageID>"),
        "1.8",
        "MESSAGEID",
    )
    yield bad(
        "G7a",
        "a MessageID of 256 bytes",
        changed(CREATE, MESSAGE_ID, f"<MessageID>{'m' * 256}</MessageID>"),
        "1.8",
        "MESSAGEID",
    )
    yield bad(
        "G7b",
        "a MessageID with a line end",
        changed(CREATE, MESSAGE_ID, "<MessageID>m&#10;evil:1</MessageID>"),
        "1.8",
        "MESSAGEID",
    )
    yield bad(
        "G7c",
        "a MessageID with a bidi override",
        changed(CREATE, MESSAGE_ID, "<MessageID>m\u202e1</MessageID>"),
        "1.8",
        "MESSAGEID",
    )
    yield bad(
        "G7d",
        "a MessageID with a zero-width space",
        changed(CREATE, MESSAGE_ID, "<MessageID>m\u200b1</MessageID>"),
        "1.8",
        "MESSAGEID",
    )
    yield bad(
        "G7e",
        "a MessageID with a byte-order mark",
        changed(CREATE, MESSAGE_ID, "<MessageID>\ufeffm1</MessageID>"),
        "1.8",
        "MESSAGEID",
    )
    yield legal(
        "G7f",
        "a MessageID in another script",
        changed(CREATE, MESSAGE_ID, "<MessageID>\u043f\u0440\u0438\u043a\u0430\u0437-1</MessageID>"),
    )
    yield bad(
        "G7g",
        "a CorrelationID with a line end",
        changed(CREATE, MESSAGE_ID, f"{MESSAGE_ID}<CorrelationID>k&#13;&#10;destination:/queue/x</CorrelationID>"),
        "1.8",
        "MESSAGEID",
    )
    yield bad(
        "G7h",
        "a CorrelationID of 300 bytes",
        changed(CREATE, MESSAGE_ID, f"{MESSAGE_ID}<CorrelationID>{'k' * 300}</CorrelationID>"),
        "1.8",
        "MESSAGEID",
    )
    yield bad("G8", "no Verb", changed(CREATE, "<Verb>create</Verb>", ""), "1.5", "HEADER-FIELD")
    yield bad("G8a", "an empty Noun", changed(CREATE, ">DERGroups<", "><"), "1.5", "HEADER-FIELD")
    yield bad("G8b", "a Noun of 9 000 letters", changed(CREATE, ">DERGroups<", f">{'N' * 9_000}<"), "2.5", "NOUN")
    yield legal("G8c", "no Timestamp", changed(CREATE, "<Timestamp>2024-05-01T08:00:00Z</Timestamp>", ""))
    yield legal("G9", "no User", CREATE)
    yield bad(
        "G10", "a User without UserID", with_header(CREATE, "<User><Organization>o</Organization></User>"), "1.8", "XSD"
    )
    yield bad(
        "G11",
        "an empty Payload",
        groups("create").replace(b'<DERGroups xmlns="http://iec.ch/TC57/2017/DERGroups#"></DERGroups>', b""),
        "1.7",
        "EMPTY-PAYLOAD",
    )
    yield bad("G11a", "no Payload", xml.generic("create", "DERGroups", message_id="good"), "1.7", "EMPTY-PAYLOAD")
    yield bad("G12", "no Header", CREATE.replace(b"Header>", b"Head>"), "1.8", "HEADER", answer=fault)
    start, end = CREATE.index(b"<Header>"), CREATE.index(b"</Header>") + len(b"</Header>")
    yield bad("G13", "two Headers", CREATE[:end] + CREATE[start:end] + CREATE[end:], "1.8", "XSD")
    yield bad(
        "G18",
        "SOAP",
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
        "1.8",
        "ROOT",
        answer=fault,
    )
    yield bad("G19", "an envelope of 1999", b'<a xmlns="urn:x"/>', "1.8", "ROOT", answer=fault)
    yield bad("G20", "another context", groups("create", NEW, context="TESTING"), "7.7", "CONTEXT")
    yield legal("G20a", "its own context in capitals", groups("create", NEW, context="PRODUCTION"))
    yield bad(
        "G21",
        "a request and a reply in one",
        changed(
            CREATE.replace(b"RequestMessage", b"Message"),
            "<Payload>",
            "<Request/><Reply><Result>OK</Result></Reply><Payload>",
        ),
        "1.8",
        "ARCHETYPE",
    )
    later = "<AsyncReplyFlag>true</AsyncReplyFlag>"
    yield bad("G22", "a later answer to nowhere", with_header(CREATE, later), "1.5", "REPLY-ADDRESS")
    for number, address in enumerate(
        (
            "payroll",
            "queue://cim.production.req.derms1",
            "http://127.0.0.1:9/",
            "queue://a,queue://b",
            "cim.production.rep.dms1&#10;destination:/queue/payroll",
            "/queue/cim.production.rep.dms1?persistent=false",
            "cim.production.rep.*",
            "amq.rabbitmq.reply-to.x",
            " ",
            "\u202ecim.production.rep.dms1",
        ),
        start=1,
    ):
        code = "1.5" if address == " " else "7.7"
        yield bad(
            f"G23.{number}",
            f"a later answer to {address[:40]!a}",
            with_header(CREATE, later, f"<ReplyAddress>{address}</ReplyAddress>"),
            code,
            "REPLY-ADDRESS",
        )
    yield legal(
        "G23.20",
        "an address that means nothing, as prose",
        with_header(CREATE, "<ReplyAddress>http://opendms/endpoint?x=1&amp;y</ReplyAddress>"),
    )
    yield legal(
        "G24",
        "an operationId and a correlation id of somebody else",
        changed(CREATE, MESSAGE_ID, f"{MESSAGE_ID}<CorrelationID>reply-to-somebody-else</CorrelationID>"),
    )
    yield bad(
        "G25",
        "a get with a payload instead of a query",
        xml.generic("get", "DERGroups", payload=xml.der_groups(NEW), message_id="good"),
        "1.6",
        "EMPTY-REQUEST",
    )
    yield bad(
        "G26",
        "a create with ids alone",
        xml.generic("create", "DERGroups", payload="<ID>G-A</ID>", message_id="good"),
        "1.7",
        "EMPTY-PAYLOAD",
    )
    option = "<Option><name>dermsbus.maxExecutionTime</name><value>{}</value></Option>"

    def within(text: str) -> bytes:
        body = xml.generic(
            "create", "DERGroups", request=option.format(text), payload=xml.der_groups(NEW), message_id="good"
        )
        return changed(body, "2024-05-01T08:00:00Z", hours(0))

    yield bad("G27", "a time to carry it out of a million years", within("P365000000DT1Y"), "1.8", "DURATION")
    yield bad("G27a", "a time to carry it out that is negative", within("-PT5S"), "1.8", "DURATION")
    yield bad(
        "G27b",
        "a time to carry it out that is over",
        changed(within("PT5S"), hours(0), "2024-05-01T08:00:00Z"),
        "4.1",
        "EXPIRED",
    )
    yield bad("G27c", "a time to carry it out in Arabic digits", within("PT\u0665S"), "1.8", "DURATION")
    yield legal("G27d", "a time to carry it out beyond all calendars", within("P999999999D"))
    yield legal(
        "G28", "a Revision that nobody knows", with_header(CREATE, "<Revision>99.0</Revision>", before="Timestamp")
    )
    yield bad(
        "G29",
        "a property without name",
        changed(CREATE, MESSAGE_ID, f"{MESSAGE_ID}<Property><Value>v</Value></Property>"),
        "1.8",
        "XSD",
    )
    many = "".join(f"<Property><Name>p{number}</Name><Value>v</Value></Property>" for number in range(20_000))
    yield legal("G30", "20 000 properties in the header", lambda: changed(CREATE, MESSAGE_ID, f"{MESSAGE_ID}{many}"))
    extensions = '<x xmlns="urn:x"/>' * 60_000
    yield bad(
        "G34",
        "60 000 extensions of the header",
        lambda: changed(CREATE, "</Header>", f"{extensions}</Header>"),
        "3.1",
        "ITEMS",
    )
    prefixes = " ".join(f'xmlns:p{number}="urn:{number}"' for number in range(100))
    many_names = CREATE.replace(b"<Header>", f"<Header {prefixes}>".encode())
    yield bad(
        "G35",
        "100 prefixes, and 100 000 elements below them",
        lambda: changed(many_names, "</Header>", "<p1:a/>" * 100_000 + "</Header>"),
        "3.1",
        "ITEMS",
    )
    yield legal(
        "G36", "100 extensions of the header", changed(CREATE, "</Header>", extensions[: 100 * 18] + "</Header>")
    )
    yield bad("G31", "a noun with markup", changed(CREATE, ">DERGroups<", ">&lt;DERGroups&gt;<"), "2.5", "NOUN")
    yield bad(
        "G32", "a source with a line end", changed(CREATE, "<Source>dms1", "<Source>dms1&#10;evil"), "2.14", "SOURCE"
    )
    yield bad("G33", "a source of 64 kB", changed(CREATE, "<Source>dms1", f"<Source>{'s' * 64_000}"), "2.14", "SOURCE")


def wrapper_rows() -> Iterator[Row]:
    """Typed roots."""
    root = "CreateDERGroups"

    def typed(
        name: str = root,
        wrapper: str = "DERGroups",
        verb: str = "create",
        noun: str = "DERGroups",
        payload: str | None = None,
    ) -> bytes:
        return xml.typed(
            name, wrapper, verb, noun, payload=xml.der_groups(NEW) if payload is None else payload, message_id="good"
        )

    yield legal("W1", "a typed message", typed())
    yield bad("W2", "a verb of another root", typed(verb="change"), "2.9", "VERB-ROOT")
    yield bad("W3", "a noun of another root", typed(noun="DERGroupDispatches"), "2.5", "NOUN-ROOT")
    yield bad(
        "W4", "a root of another wrapper", typed(wrapper="DERGroupDispatches"), "1.9", "EDITION", answer=Answer.FAULT
    )
    yield bad(
        "W5",
        "a wrapper of another year",
        changed(typed(), "2017/DERGroupsMessage", "2019/DERGroupsMessage"),
        "1.9",
        "EDITION",
        answer=Answer.FAULT,
    )
    yield bad(
        "W6",
        "a typed message without its header",
        typed().replace(b"w:Header>", b"w:Head>"),
        "1.8",
        "HEADER",
        answer=Answer.FAULT,
    )
    yield bad(
        "W7",
        "a header in no namespace",
        typed().replace(b"<w:Header>", b'<Header xmlns="">').replace(b"</w:Header>", b"</Header>"),
        "1.8",
        "HEADER",
        answer=Answer.FAULT,
    )
    yield bad(
        "W8",
        "a typed message with the payload of another noun",
        typed(payload=xml.payload("DERGroupDispatches", order())),
        "1.8",
        "XSD",
    )
    yield bad("W9", "a typed message with two payloads", typed(payload=xml.der_groups(NEW) * 2), "1.8", "XSD")
    yield bad(
        "W10",
        "a typed message that is wrong in the schema",
        typed(payload=xml.der_groups("<EndDeviceGroup/>")),
        "1.8",
        "XSD",
    )
    yield bad("W11", "a typed close of groups", typed("CloseDERGroups", verb="close"), "2.9", "VERB-NOUN")
    yield bad(
        "W12",
        "a typed event as a request",
        typed("CreatedDERGroups", verb="create"),
        "2.9",
        "VERB-ARCHETYPE",
        answer=Answer.NOTHING,
    )
    yield bad(
        "W13",
        "25 000 members that are wrong, typed",
        lambda: typed(
            payload=xml.der_groups(xml.group(mrid="G-N", functions=(), members=["B"] * 25_000)).replace(
                "<EndDevices><mRID>B</mRID>", '<EndDevices a=""><mRID>B</mRID>'
            )
        ),
        "1.8",
        "XSD",
    )


def compressed_rows() -> Iterator[Row]:
    """What a Compressed element may not hold."""
    payload = xml.der_groups(NEW)
    good = packed(payload.encode())
    yield legal("H0", "a compressed payload", compressed(good))
    bomb = b"<DERGroups>" + b" " * 200_000_000
    yield bad("H1", "200 MB in 260 kB", lambda: compressed(packed(bomb)), "7.7", "INFLATE-LIMIT")
    yield bad(
        "H1a",
        "200 MB in 260 kB, twice compressed",
        lambda: compressed(packed(gzip.compress(bomb, mtime=0))),
        "1.8",
        "ENCODING",
    )
    yield bad(
        "H1b",
        "33 MB of which a part hardly shrinks",
        lambda: compressed(packed(_noise() + bytes(31_500_000))),
        "7.7",
        "INFLATE-LIMIT",
    )
    yield bad(
        "H1c",
        "8 MB of which a part hardly shrinks",
        lambda: compressed(packed(_noise() + bytes(5_500_000))),
        "1.8",
        "ENCODING",
    )
    yield bad(
        "H1d",
        "8 MB of characters of which Python makes four bytes each",
        lambda: compressed(packed(_script())),
        "7.7",
        "TEXT",
    )
    yield bad("H2", "a compressed message, and not its payload", compressed(packed(CREATE)), "1.8", "NOUN-MISMATCH")
    yield bad("H3", "no base64", compressed("@@@" + good), "1.8", "BASE64")
    yield bad(
        "H3a", "base64 for addresses", compressed(good.replace("+", "-").replace("/", "_") + "-_"), "1.8", "BASE64"
    )
    yield bad("H3b", "base64 without its end", compressed(good[:-5]), "1.8", "BASE64")
    yield bad("H4", "base64 of what is no gzip", compressed(base64.b64encode(payload.encode()).decode()), "1.8", "GZIP")
    yield bad(
        "H5",
        "gzip that is cut",
        compressed(base64.b64encode(gzip.compress(payload.encode())[:-20]).decode()),
        "1.8",
        "GZIP",
    )
    broken = bytearray(gzip.compress(payload.encode(), mtime=0))
    broken[-6] ^= 0xFF
    yield bad("H6", "gzip with a wrong checksum", compressed(base64.b64encode(broken).decode()), "1.8", "GZIP")
    two = gzip.compress(payload.encode()) + gzip.compress(b"<!-- more -->")
    yield bad("H7", "two gzip members", compressed(base64.b64encode(two).decode()), "1.8", "GZIP")
    yield bad(
        "H7a",
        "something behind the gzip",
        compressed(base64.b64encode(gzip.compress(payload.encode()) + b"evil").decode()),
        "1.8",
        "GZIP",
    )
    yield bad("H8", "nothing", compressed(""), "1.8", "GZIP")
    yield bad("H8a", "gzip of nothing", compressed(packed(b"")), "1.8", "EMPTY")
    doctype = b"<!DOCTYPE DERGroups [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + payload.encode()
    yield bad("H9", "a DTD inside", compressed(packed(doctype)), "7.7", "DTD")
    yield bad(
        "H10", "no UTF-8 inside", compressed(packed(payload.encode().replace(b"GN", b"\xff\xfe"))), "1.8", "ENCODING"
    )
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.xml", payload)
    yield bad("H11", "a zip archive", compressed(base64.b64encode(archive.getvalue()).decode()), "1.8", "GZIP")
    wrapped = "\n".join(good[place : place + 76] for place in range(0, len(good), 76))
    yield legal("H12", "base64 in lines", compressed(f"\n{wrapped}\n"))
    yield bad("H13", "300 deep inside", compressed(packed(b"<a>" * 300 + b"</a>" * 300)), "7.7", "DEPTH")
    yield bad(
        "H14",
        "the payload of another noun inside",
        compressed(packed(xml.payload("DERGroupDispatches", order()).encode())),
        "1.8",
        "NOUN-MISMATCH",
    )
    yield bad(
        "H15",
        "a payload inside that is wrong in the schema",
        compressed(packed(xml.der_groups("<EndDeviceGroup/>").encode())),
        "1.8",
        "XSD",
    )
    yield bad(
        "H16",
        "a comment in a value inside",
        compressed(packed(payload.replace("GN", "G<!-- -->N").encode())),
        "1.8",
        "COMMENT",
    )
    yield bad(
        "H17", "a format that is not read", changed(compressed(good), "<Format>XML", "<Format>PDF"), "1.8", "FORMAT"
    )
    yield bad(
        "H18",
        "250 000 elements inside, each with another name",
        lambda: compressed(packed(b"<a>" + _names() + b"</a>")),
        "7.7",
        "ELEMENTS",
    )
    yield bad(
        "H19",
        "9 999 groups inside that are wrong",
        lambda: compressed(packed(xml.der_groups(*["<EndDeviceGroup/>"] * 9_999).encode())),
        "1.8",
        "XSD",
    )
    yield bad(
        "H20",
        "compressed and plain together",
        changed(compressed(good), "<Compressed>", f"{payload}<Compressed>"),
        "1.8",
        "PAYLOAD-COUNT",
    )
    yield bad(
        "H21",
        "an order of NaN inside",
        compressed(
            packed(xml.payload("DERGroupDispatches", order(xml.schedule("NaN", start=hours(1)))).encode()),
            noun="DERGroupDispatches",
        ),
        "6.1",
    )
    yield legal(
        "H22",
        "a group of 10 000 members inside",
        lambda: compressed(packed(xml.der_groups(large_group(10_000)).encode())),
        holds=60_000,
    )
    yield bad(
        "H23", "4 MB of base64 that is wrong at its end", lambda: compressed("A" * 3_999_999 + "!"), "1.8", "BASE64"
    )
    yield bad("H24", "uuencode", compressed("begin 644 a.gz\n#0V%T\n`\nend\n"), "1.8", "BASE64")


def _noise() -> bytes:
    """2.5 MB that nothing makes smaller."""
    return random.Random(0).randbytes(2_500_000)


def _names() -> bytes:
    """250 000 elements of which no two have the same name, so that they shrink little."""
    numbers = random.Random(0)
    return b"".join(b"<a%x/>" % numbers.getrandbits(48) for _ in range(250_000))


def _script() -> bytes:
    numbers = random.Random(0)
    text = "".join(chr(0x4E00 + numbers.getrandbits(14)) for _ in range(700_000))
    return f"<a>{text}\U0001f50b{' ' * 5_000_000}</a>".encode()


def peer_rows() -> Iterator[Row]:
    """What is sent to the wrong place, or by somebody else."""
    nothing = Answer.NOTHING
    reply = f'<ResponseMessage xmlns="{xml.MESSAGE}"><Header>{xml.header("reply", "DERGroups", message_id="good")}</Header><Reply><Result>OK</Result></Reply></ResponseMessage>'.encode()
    yield bad("P1", "a reply on the queue of requests", reply, "2.15", answer=nothing)
    yield bad(
        "P2", "a reply that is invalid", changed(reply, "<Result>OK", "<Result>FINE"), "1.8", "XSD", answer=nothing
    )
    yield bad(
        "P3",
        "a fault on the queue of requests",
        f'<FaultMessage xmlns="{xml.MESSAGE}"><Reply><Result>FAILED</Result></Reply></FaultMessage>'.encode(),
        "2.15",
        answer=nothing,
    )
    yield bad(
        "P4",
        "a reply that is no reply",
        f'<ResponseMessage xmlns="{xml.MESSAGE}"><bad/></ResponseMessage>'.encode(),
        "1.8",
        "HEADER",
        answer=nothing,
    )
    yield bad(
        "P5",
        "a reply of another edition",
        b'<ResponseMessage xmlns="http://iec.ch/TC57/2021/schema/message"/>',
        "1.9",
        "EDITION",
        answer=nothing,
    )
    yield bad(
        "P6",
        "a reply with an operationId beyond 64 bits",
        changed(reply, "</Result>", f"</Result><operationId>{2**70}</operationId>"),
        "1.8",
        "INTRANGE",
        answer=nothing,
    )
    yield legal("P7", "an event on the queue of requests", event("created", "DERGroups", xml.der_groups(NEW)))
    yield legal(
        "P8",
        "our own event, come back",
        event("created", "DERGroups", xml.der_groups(NEW), source="derms1"),
        answer=nothing,
    )
    yield bad(
        "P9",
        "an event of another context",
        changed(
            event("created", "DERGroups", xml.der_groups(NEW)), "<Timestamp>", "<Context>TESTING</Context><Timestamp>"
        ),
        "7.7",
        "CONTEXT",
    )
    yield bad(
        "P10",
        "a command without ReplayDetection where it is needed",
        CREATE,
        "7.3",
        "REPLAY-MISSING",
        state=State.GUARDED,
    )
    yield bad("P11", "a stale command", _replay(hours(-1)), "7.7", "REPLAY-WINDOW")
    yield bad("P12", "a command of the future", _replay(hours(1)), "7.7", "REPLAY-WINDOW")
    yield bad("P13", "ReplayDetection of the year 10000", _replay("10000-01-01T00:00:00Z"), "1.8", "TIME-RANGE")
    yield bad(
        "P14", "ReplayDetection without a number", changed(_replay(hours(0)), "<Nonce>n-1</Nonce>", ""), "1.8", "XSD"
    )
    yield legal("P15", "a number that nobody used before", _replay(hours(0)), state=State.GUARDED)
    yield legal(
        "P16",
        "a get without ReplayDetection where commands need it",
        xml.generic("get", "DERGroups", request=QUERY, message_id="good"),
        state=State.GUARDED,
    )
    www = CREATE.replace(b"http://iec.ch/TC57/2011/schema", b"http://www.iec.ch/TC57/2011/schema")
    yield bad("P17", "the namespace with www", www, "1.9", "EDITION", answer=Answer.FAULT)
    yield legal("P17t", "the namespace with www, tolerated", www, state=State.TOLERANT)
    yield bad(
        "P18",
        "the namespace with www and 75 000 elements that are wrong, tolerated",
        lambda: changed(www, "</Header>", "<a/>" * 75_000 + "</Header>"),
        "1.8",
        "XSD",
        state=State.TOLERANT,
    )
    yield bad(
        "P19",
        "150 000 operations that are wrong, tolerated",
        lambda: xml.generic(
            "execute",
            "OperationSet",
            payload=f"<OperationSet>{'<Operation/>' * 150_000}</OperationSet>",
            message_id="good",
        ),
        "3.1",
        "ITEMS",
        state=State.TOLERANT,
    )
    yield legal(
        "P20", "a Context that is prose, tolerated", groups("create", NEW, context="Not Set"), state=State.TOLERANT
    )


def _replay(created: str) -> bytes:
    stated = f"<ReplayDetection><Nonce>n-1</Nonce><Created>{created}</Created></ReplayDetection>"
    return with_header(CREATE, stated, before="Timestamp")


def transport_rows() -> Iterator[Row]:
    """What the transport says beside the message."""
    yield bad(
        "X1",
        "a property that contradicts the verb",
        CREATE,
        "1.8",
        "TRANSPORT-MISMATCH",
        properties={"CIM_Verb": "delete"},
    )
    yield bad(
        "X2",
        "a property that contradicts the noun",
        CREATE,
        "1.8",
        "TRANSPORT-MISMATCH",
        properties={"CIM_Noun": "DERGroupDispatches"},
    )
    yield bad(
        "X3",
        "a property that contradicts the context",
        groups("create", NEW, context="PRODUCTION"),
        "1.8",
        "TRANSPORT-MISMATCH",
        properties={"CIM_Context": "TESTING"},
    )
    yield bad(
        "X4",
        "gzip that the transport says",
        gzip.compress(CREATE, mtime=0),
        "1.8",
        "ENCODING",
        answer=Answer.FAULT,
        properties={"content_encoding": "gzip"},
    )
    yield legal(
        "X5",
        "properties that mean nothing here",
        CREATE,
        properties={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x" * 200: "v" * 60_000},
    )
    yield bad(
        "X6",
        "a property with a line end that contradicts",
        CREATE,
        "1.8",
        "TRANSPORT-MISMATCH",
        properties={"CIM_Verb": "create\ndestination:/queue/payroll"},
    )
    yield legal("X7", "a thousand properties", CREATE, properties={f"p{number}": "v" for number in range(1_000)})
