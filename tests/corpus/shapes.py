"""Rows about the form of the bytes: DTDs and entities, well-formedness, encoding, size and shape."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator

from tests import builders as xml
from tests.corpus.rows import Answer, Row, bad, changed, control, dispatch, event, groups, legal, order

__all__ = ["dtd_rows", "encoding_rows", "shape_rows", "wellformedness_rows"]

NEW = xml.group(mrid="G-N", name="GN", functions=("realPowerDispatch",), members=("B-1",), version="1.0.0")
GOOD = groups("create", NEW, comment="note")
PLAIN = GOOD.partition(b"\n")[2]  # without XML declaration
DISPATCH = dispatch(order()).partition(b"\n")[2]
CONTROL = control("<EndDevices><mRID>B-1</mRID></EndDevices>").partition(b"\n")[2]


def _fault(name: str, what: str, body: object, rule: str, code: str = "1.8") -> Row:
    return bad(name, what, body, code, rule, answer=Answer.FAULT)  # type: ignore[arg-type]


def _dtd(name: str, what: str, subset: str, old: str = "", new: str = "", *, body: bytes = PLAIN) -> Row:
    root = body[1:].partition(b" ")[0].decode()
    return _fault(
        name, what, f"<!DOCTYPE {root} {subset}>".encode() + (changed(body, old, new) if old else body), "DTD", "7.7"
    )


def dtd_rows() -> Iterator[Row]:
    """Whatever has a DTD is refused unread, in any noun and at any place."""
    note, entity = "<Comment>note", "<Comment>&x;"
    yield _dtd("A1", "an external entity of a file", '[<!ENTITY x SYSTEM "file:///etc/passwd">]', note, entity)
    yield _dtd("A2", "an external entity over HTTP", '[<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]', note, entity)
    yield _dtd("A3", "an external entity over FTP", '[<!ENTITY x SYSTEM "ftp://127.0.0.1/x">]', note, entity)
    yield _dtd("A4", "an external entity that never ends", '[<!ENTITY x SYSTEM "/dev/random">]', note, entity)
    yield _dtd("A5", "a parameter entity of a file", '[<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]')
    chain = "[<!ENTITY % a \"<!ENTITY &#37; b SYSTEM 'http://127.0.0.1:9/?%a;'>\"> %a; %b;]"
    yield _dtd("A6", "parameter entities that carry data out", chain)
    yield _dtd("A7", "an external DTD", 'SYSTEM "http://127.0.0.1:9/x.dtd"')
    yield _dtd("A8", "a DOCTYPE and nothing else", "")
    yield _dtd("A9", "a billion laughs", _laughs(10), note, "<Comment>&l9;")
    yield _dtd("A10", "five rounds of laughs", _laughs(6), note, "<Comment>&l5;")
    long = f'[<!ENTITY x "{"x" * 100_000}">]'
    yield _dtd("A11", "one long entity, two thousand times", long, note, "<Comment>" + "&x;" * 2_000)
    yield _dtd("A12", "an entity that some readers swallow", '[<!ENTITY x "inside">]', note, "<Comment>A&x;B")
    yield _dtd("A13", "an entity of itself", '[<!ENTITY x "&x;">]', note, entity)
    yield _dtd("A14", "an attribute by default", '[<!ATTLIST Header evil CDATA "1">]')
    five = "<nominalYValue>5", "<nominalYValue>5&x;"
    yield _dtd("A15", "an entity in a set-point", '[<!ENTITY x "00">]', *five, body=DISPATCH)
    yield _fault("A16", "an entity that nobody declared", changed(PLAIN, note, "<Comment>A&x;B"), "SYNTAX")
    yield _dtd("A17", "a notation and an unparsed entity", '[<!NOTATION n SYSTEM "n"><!ENTITY x SYSTEM "y" NDATA n>]')
    yield _dtd("A18", "an entity in the action of a control", '[<!ENTITY x "18">]', "31.0.23", "31.0.&x;", body=CONTROL)
    comments = b"\n<!-- a -->\n<!-- b - c -->\n<!DOCTYPE RequestMessage []>" + PLAIN
    yield _fault("A19", "a DTD behind comments", comments, "DTD", "7.7")
    yield _fault("A20", "a DTD behind an XML declaration", b'<?xml version="1.0"?>\n<!DOCTYPE a>' + PLAIN, "DTD", "7.7")
    behind = b"<?pi x?><!DOCTYPE RequestMessage [<!ENTITY x 'y'>]>" + PLAIN
    yield _fault("A21", "a DTD behind a processing instruction", behind, "DTD", "7.7")
    yield _fault("A22", "a DOCTYPE in lower case", b"<!doctype RequestMessage>" + PLAIN, "SYNTAX")
    yield _fault("A23", "a DOCTYPE inside the message", changed(PLAIN, "<Header>", "<!DOCTYPE a><Header>"), "SYNTAX")
    yield _fault(
        "A24",
        "a DTD of one that is no message",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "DTD",
        "7.7",
    )
    many = b"<!-- -->" * 100_000 + b"<!DOCTYPE RequestMessage>" + PLAIN
    yield _fault("A25", "a DTD behind a hundred thousand comments", many, "DTD", "7.7")
    yield legal(
        "A26", "the word DOCTYPE in a text", changed(PLAIN, note, "<Comment>&lt;!DOCTYPE a [&lt;!ENTITY b 'c'>]>")
    )
    yield legal("A27", "a DOCTYPE in CDATA", changed(PLAIN, note, "<Comment><![CDATA[<!DOCTYPE a>]]>"))


def _laughs(rounds: int) -> str:
    lines = ['<!ENTITY l0 "lol">']
    lines += [f'<!ENTITY l{each} "{f"&l{each - 1};" * 10}">' for each in range(1, rounds)]
    return f"[{''.join(lines)}]"


def wellformedness_rows() -> Iterator[Row]:
    """What is no XML."""
    yield _fault("B1", "cut in the middle", PLAIN[: len(PLAIN) // 2], "SYNTAX")
    yield _fault("B2", "without its last byte", PLAIN[:-1], "SYNTAX")
    yield _fault("B3", "cut behind a set-point", DISPATCH.partition(b"</nominalYValue>")[0], "SYNTAX")
    yield _fault("B4", "tags that do not match", changed(PLAIN, "</Verb>", "</Noun>"), "SYNTAX")
    yield _fault("B5", "an element without an end", changed(PLAIN, "</Verb>", ""), "SYNTAX")
    yield _fault("B6", "something behind the end", PLAIN + b"garbage", "SYNTAX")
    yield _fault("B7", "two messages in one", PLAIN + PLAIN, "SYNTAX")
    yield _fault("B8", "an attribute twice", changed(PLAIN, "<Header>", '<Header a="1" a="2">'), "SYNTAX")
    yield _fault("B9", "a reference to NUL", changed(PLAIN, "note", "a&#0;b"), "SYNTAX")
    yield _fault("B10", "a control character", changed(PLAIN, "note", "a\x0bb"), "SYNTAX")
    yield _fault("B11", "a NUL", changed(PLAIN, "note", "a\0b"), "NUL")
    yield _fault("B12", "a prefix that nobody declared", changed(PLAIN, "<Header>", "<x:Header>"), "SYNTAX")
    yield _fault("B13", "nothing", b"", "EMPTY")
    yield _fault("B14", "white space", b" \n\t ", "EMPTY")
    yield _fault("B15", "JSON", b'{"verb": "create"}', "SYNTAX")
    yield _fault("B16", "white space before the XML declaration", b" " + GOOD, "SYNTAX")
    yield _fault("B17", "random bytes", random.Random(0).randbytes(2_040), "ENCODING")
    yield _fault("B18", "XML 1.1", changed(GOOD, 'version="1.0"', 'version="1.1"'), "XMLVERSION")
    yield _fault("B19", "XML 2.0", changed(GOOD, 'version="1.0"', 'version="2.0"'), "XMLVERSION")
    yield _fault("B20", "text alone", b"create DERGroups", "SYNTAX")
    yield _fault("B21", "an ampersand alone", changed(PLAIN, "note", "a & b"), "SYNTAX")
    yield _fault("B22", "a less-than sign in a number", changed(DISPATCH, ">5<", "><5<"), "SYNTAX")
    yield _fault("B23", "a comment that does not end", changed(PLAIN, "note", "a<!-- b"), "SYNTAX")
    yield _fault("B24", "CDATA that does not end", changed(PLAIN, "note", "<![CDATA[a"), "SYNTAX")
    yield _fault("B25", "a reference beyond Unicode", changed(PLAIN, "note", "&#x110000;"), "SYNTAX")
    yield _fault("B26", "a reference to half a character", changed(PLAIN, "note", "&#xD800;"), "SYNTAX")
    yield _fault("B27", "an attribute without quotes", changed(PLAIN, "<Header>", "<Header a=1>"), "SYNTAX")
    yield _fault("B28", "an XML declaration and nothing else", b'<?xml version="1.0"?>', "SYNTAX")
    yield _fault("B29", "an empty prefix", changed(PLAIN, "<Header>", '<Header xmlns:x="">'), "SYNTAX")
    yield _fault("B30", "HTML", b"<html><body><p>502 Bad Gateway<br></body></html>", "SYNTAX")
    yield _fault("B31", "an event that is cut", event("created", "DERGroups", xml.der_groups(NEW))[:-20], "SYNTAX")
    yield _fault("B32", "a serialized Java object", b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap", "ENCODING")


def encoding_rows() -> Iterator[Row]:
    """Bytes that are not the characters they say they are."""
    named = changed(PLAIN, "note", "caf\u00e9")
    text = PLAIN.decode()
    yield _fault("C1", "no UTF-8", changed(PLAIN, b"note", b"\xff\xfe"), "ENCODING")
    yield _fault("C2", "an overlong less-than sign", changed(PLAIN, b"note", b"a\xc0\xbcb"), "ENCODING")
    yield _fault("C3", "half a character in UTF-8", changed(PLAIN, b"note", b"a\xed\xa0\x80"), "ENCODING")
    yield legal(
        "C4",
        "UTF-16 with byte-order mark and declaration",
        f'<?xml version="1.0" encoding="UTF-16"?>{_own(text, "C4")}'.encode("utf-16"),
    )
    yield _fault("C5", "UTF-16 without byte-order mark", text.encode("utf-16-le"), "NUL")
    hidden = f"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{text}".encode("utf-16")
    yield _fault("C6", "a DTD in UTF-16", hidden, "DTD", "7.7")
    seven = b'<?xml version="1.0" encoding="UTF-7"?>' + changed(PLAIN, "note", "+ADw-x+AD4-")
    yield _fault("C7", "UTF-7", seven, "ENCODING")
    latin = f'<?xml version="1.0" encoding="ISO-8859-1"?>{named.decode()}'.encode("latin-1")
    yield legal("C8", "Latin-1 that says so", latin)
    yield _fault(
        "C9",
        "Latin-1 that says UTF-8",
        b'<?xml version="1.0" encoding="UTF-8"?>' + named.decode().encode("latin-1"),
        "ENCODING",
    )
    yield _fault("C10", "UTF-8 that says UTF-16", b'<?xml version="1.0" encoding="UTF-16"?>' + PLAIN, "ENCODING")
    yield legal("C11", "UTF-8 with byte-order mark", b"\xef\xbb\xbf" + GOOD)
    yield _fault(
        "C12", "an encoding that nobody knows", b'<?xml version="1.0" encoding="KLINGON-8"?>' + PLAIN, "ENCODING"
    )
    yield _fault("C13", "EBCDIC", f'<?xml version="1.0" encoding="cp037"?>{text}'.encode("cp037"), "ENCODING")
    yield _fault("C14", "UTF-32", text.encode("utf-32"), "ENCODING")
    yield _fault("C15", "Latin-1 that says nothing", named.decode().encode("latin-1"), "ENCODING")
    marked = b"\xef\xbb\xbf" + b'<?xml version="1.0" encoding="ISO-8859-1"?>' + PLAIN
    yield _fault("C16", "a byte-order mark of UTF-8 on Latin-1", marked, "ENCODING")
    yield _fault("C17", "UTF-16 with half a character", b"\xff\xfe" + text.encode("utf-16-le")[:-1], "ENCODING")
    yield _fault(
        "C18",
        "UTF-16 that says Latin-1",
        f'<?xml version="1.0" encoding="ISO-8859-1"?>{text}'.encode("utf-16"),
        "ENCODING",
    )
    yield _fault("C19", "ASCII that is none", b'<?xml version="1.0" encoding="US-ASCII"?>' + named, "ENCODING")
    yield _fault("C20", "gzip instead of XML", gzip.compress(PLAIN, mtime=0), "ENCODING")
    yield _fault(
        "C21", "Shift-JIS, a trap for backslashes", b'<?xml version="1.0" encoding="Shift_JIS"?>' + PLAIN, "ENCODING"
    )
    yield legal("C22", "characters beyond U+FFFF", changed(PLAIN, "note", "\U0001f50b"))
    yield legal(
        "C23",
        "an encoding in single quotes and lower case",
        b"<?xml version='1.0' encoding='utf-8' standalone='yes'?>" + PLAIN,
    )


def _own(text: str, name: str) -> str:
    """*text* with the row's name as MessageID, where the bytes will not show it."""
    return text.replace(">good<", f">{name}<", 1)


def shape_rows() -> Iterator[Row]:
    """Too large, too deep, too wide."""
    deep = "<a>" * 300 + "</a>" * 300
    yield _fault("D1", "300 deep", changed(PLAIN, "<Comment>note</Comment>", deep), "DEPTH", "7.7")
    yield _fault("D2", "20 000 deep", b"<a>" * 20_000 + b"</a>" * 20_000, "DEPTH", "7.7")
    yield _fault(
        "D3", "a million elements", lambda: changed(PLAIN, "<EndDeviceGroup>", "<a/>" * 1_000_000), "ELEMENTS", "7.7"
    )
    wide = "".join(f' a{number}="1"' for number in range(10_000))
    yield _fault("D4", "10 000 attributes", changed(PLAIN, "<Header>", f"<Header{wide}>"), "ATTRS", "7.7")
    yield _fault(
        "D5", "an attribute of 900 kB", changed(PLAIN, "<Header>", f'<Header a="{"x" * 900_000}">'), "ATTRLEN", "7.7"
    )
    yield _fault("D6", "a text of 900 kB", changed(PLAIN, "note", "x" * 900_000), "TEXT", "7.7")
    yield _fault("D7", "12 MB", lambda: changed(PLAIN, "note", "x" * 12_000_000), "SIZE", "7.7")
    many = "".join(f' xmlns:n{number}="urn:{number}"' for number in range(5_000))
    yield _fault("D8", "5 000 namespaces", changed(PLAIN, "<Header>", f"<Header{many}>"), "NAMESPACES", "7.7")
    yield _fault(
        "D9", "an element name of 60 kB", changed(PLAIN, "<Comment>note</Comment>", f"<{'x' * 60_000}/>"), "SYNTAX"
    )
    yield _fault("D10", "20 MB of orders", lambda: dispatch(*[order()] * 40_000), "SIZE", "7.7")
    yield _fault(
        "D11",
        "a payload 200 deep",
        changed(PLAIN, "<mRID>G-N", f"{'<a>' * 200}{'</a>' * 200}<mRID>G-N"),
        "DEPTH",
        "7.7",
    )
    yield bad(
        "D12",
        "190 000 elements that no schema knows",
        lambda: changed(PLAIN, "<mRID>G-N", "<a/>" * 190_000 + "<mRID>G-N"),
        "1.8",
        "XSD",
    )
    yield bad(
        "D13",
        "190 000 elements in the header",
        lambda: changed(PLAIN, "<Comment>note</Comment>", "<a/>" * 190_000),
        "1.8",
        "XSD",
    )
    yield bad(
        "D14",
        "60 000 groups without anything",
        lambda: groups("create", *["<EndDeviceGroup/>"] * 60_000),
        "3.1",
        "ITEMS",
    )
    yield bad(
        "D15", "9 999 groups without anything", lambda: groups("create", *["<EndDeviceGroup/>"] * 9_999), "1.8", "XSD"
    )
    yield bad(
        "D16",
        "9 000 orders that are wrong in the schema",
        lambda: dispatch(*[order(xml.schedule("x"))] * 5_000),
        "1.8",
        "XSD",
    )
    yield _fault(
        "D17",
        "200 000 comments",
        lambda: changed(PLAIN, "<mRID>G-N", "<!---->" * 400_001 + "<mRID>G-N"),
        "ELEMENTS",
        "7.7",
    )
    yield _fault(
        "D18",
        "150 000 processing instructions",
        lambda: changed(PLAIN, "<mRID>G-N", "<?p?>" * 150_000 + "<mRID>G-N"),
        "PI",
        "1.8",
    )
    some = "".join(f' a{number}="1"' for number in range(33))
    yield _fault("D19", "33 attributes", changed(PLAIN, "<Header>", f"<Header{some}>"), "ATTRS", "7.7")
    yield _fault("D20", "33 deep", b"<a>" * 33 + b"</a>" * 33, "DEPTH", "7.7")
    tag = b"<a" + b"".join(b' a%d=""' % number for number in range(32)) + b"/>"
    yield _fault("D21", "18 000 times 32 attributes", lambda: b"<a>" + tag * 18_000 + b"</a>", "ELEMENTS", "7.7")
    yield _fault(
        "D22", "a hundred thousand character references", changed(PLAIN, "note", "&#97;" * 100_000), "TEXT", "7.7"
    )
    yield _fault(
        "D23",
        "one byte more than allowed",
        lambda: PLAIN.replace(b">good<", b">D23<") + b" " * (4 * 1024 * 1024 + 2 - len(PLAIN)),
        "SIZE",
        "7.7",
    )
    yield legal(
        "D23a",
        "as many bytes as allowed",
        lambda: PLAIN.replace(b">good<", b">D23a<") + b" " * (4 * 1024 * 1024 - len(PLAIN)),
    )
    yield _fault("D24", "4 MB of line ends in front of garbage", lambda: b"<a>" + b"\n" * 4_000_000 + b"</b>", "SYNTAX")
    yield _fault(
        "D25", "4 MB of white space before a DOCTYPE", lambda: b" " * 4_000_000 + b"<!DOCTYPE a><a/>", "DTD", "7.7"
    )
    yield _fault(
        "D26",
        "4 MB of an XML declaration",
        lambda: b'<?xml version="1.0"' + b" " * 4_000_000 + b"?>" + PLAIN[:100],
        "SYNTAX",
    )
    yield _fault("D27", "4 MB of less-than signs", lambda: b"<" * 4_000_000, "ELEMENTS", "7.7")
    yield _fault(
        "D28", "2 MB of a comment in the prolog", lambda: b"<!--" + b"- " * 1_000_000 + b"<!DOCTYPE a>", "SYNTAX"
    )
    yield bad(
        "D29",
        "130 000 ids",
        lambda: xml.generic("delete", "DERGroups", payload="<ID>a</ID>" * 130_000, message_id="good"),
        "3.1",
        "ITEMS",
    )
    yield bad("D30", "20 000 attributes that no schema knows", _strange_members, "1.8", "XSD")
    xsi = b'<Header xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    yield _fault(
        "D33",
        "75 000 xsi attributes",
        lambda: changed(PLAIN.replace(b"<Header>", xsi), "</Header>", '<a xsi:x=""/>' * 75_000 + "</Header>"),
        "XSI",
    )
    yield legal("D31", "a group of 10 000 members, 2.4 MB", lambda: groups("create", large_group(10_000)))
    yield legal("D32", "32 deep at most: comments between all elements", PLAIN.replace(b"><", b"><!-- between --><"))


def _strange_members() -> bytes:
    whole = groups("create", xml.group(mrid="G-N", functions=(), members=["B"] * 20_000))
    return whole.replace(b"<EndDevices>", b'<EndDevices a="1">')


def large_group(count: int) -> str:
    """A group of *count* members with names, as large as real ones get."""
    members = "".join(
        f"<EndDevices><mRID>{number:08d}-0000-4000-8000-000000000000</mRID>"
        f"<Names><name>inverter number {number:012d} at the far end of the feeder, phase A, meter {number:030d}</name></Names></EndDevices>"
        for number in range(count)
    )
    whole = xml.group(mrid="G-L", functions=("realPowerDispatch",), version="1.0.0")
    return whole.replace("</DERFunction>", f"</DERFunction>{members}")
