"""From good messages to bad ones: every change is drawn from one seeded source of chance, so that a run can be had again.

Most changes are made on the tree, so that they get past the parser; the last few on the bytes.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Final

from lxml import etree

from tests import builders as xml
from tests.fuzz.values import WORDS, other_value

__all__ = ["mutated", "mutated_bytes"]

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES: Final = (
    xml.MESSAGE,
    "http://www.iec.ch/TC57/2011/schema/message",
    "http://iec.ch/TC57/2021/schema/message",
    *(
        xml.payload_namespace(noun)
        for noun in ("DERGroups", "DERGroupQueries", "DERGroupDispatches", "EndDeviceControls")
    ),
    *(xml.wrapper_namespace(noun) for noun in ("DERGroups", "DERGroupDispatches", "DERGroupsOperationSet")),
    "http://iec.ch/TC57/2011/EndDeviceControlsMessage",
    "http://www.w3.org/2001/XInclude",
    "urn:dermsbus:nameplate:1",
    "urn:x",
    "",
)
_HEADER_FIELDS: Final = (
    *(
        "<Revision>2.0</Revision>",
        "<Context>PRODUCTION</Context>",
        "<Context>TESTING</Context>",
        "<Source>derms1</Source>",
    ),
    *(
        "<Timestamp>2024-05-01T08:00:00</Timestamp>",
        "<AckRequired>true</AckRequired>",
        "<AckRequired> 1 </AckRequired>",
    ),
    "<AsyncReplyFlag>true</AsyncReplyFlag>",
    "<AsyncReplyFlag>true</AsyncReplyFlag><ReplyAddress>cim.production.rep.dms1</ReplyAddress>",
    "<ReplyAddress>queue://payroll</ReplyAddress>",
    "<ReplayDetection><Nonce>n-2</Nonce><Created>2024-05-01T08:00:00Z</Created></ReplayDetection>",
    "<User><UserID>u</UserID></User>",
    "<Comment>&lt;x/&gt;</Comment>",
    "<Property><Name>dermsbus.maxExecutionTime</Name><Value>1</Value></Property>",
    "<Property><Name>CIM_Verb</Name></Property>",
    '<Extra xmlns="urn:x"><Deep>1</Deep></Extra>',
)
_OPTIONS: Final = ("dermsbus.maxExecutionTime", "dermsbus.nameplates", "nameplates", "maxChunk", "chunk", "")


def mutated(body: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """*body* with one or a few changes, parts of *others* among them; well-formed more often than not."""
    root = _parsed(body)
    if root is None or chance.random() < 0.06:
        return mutated_bytes(body, chance)
    for _ in range(_how_many(chance)):
        root = chance.choice(_ON_TREES)(root, others, chance)
    written = _written(root, chance)
    return mutated_bytes(written, chance) if chance.random() < 0.05 else written


def _how_many(chance: Random) -> int:
    count = 1
    while count < 8 and chance.random() < 0.45:
        count += 1
    return count


def _parsed(body: bytes) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


# -- on trees ----------------------------------------------------------------------------------------------------------


def _any(root: etree._Element, chance: Random) -> etree._Element:
    return chance.choice(list(root.iter(etree.Element)))


def _below(root: etree._Element, chance: Random) -> etree._Element | None:
    below = list(root.iterdescendants(etree.Element))
    return chance.choice(below) if below else None


def _with_value(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    leaves = [each for each in root.iter(etree.Element) if not len(each)]
    if leaves:
        leaf = chance.choice(leaves)
        _set_text(leaf, other_value(etree.QName(leaf).localname, leaf.text or "", chance))
    return root


def _with_known_value(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    """The text of one leaf in another one."""
    leaves = [each for each in root.iter(etree.Element) if not len(each)]
    if leaves:
        _set_text(chance.choice(leaves), chance.choice(leaves).text or "")
    return root


def _with_attribute(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one = _any(root, chance)
    if one.attrib and chance.random() < 0.6:
        name = chance.choice(list(one.attrib))
        _set(one, str(name), other_value(str(name), str(one.attrib[name]), chance))
        return root
    name, value = chance.choice(
        (
            (f"{{{_XSI}}}type", "xs:string"),
            (f"{{{_XSI}}}nil", "true"),
            (f"{{{_XSI}}}schemaLocation", "urn:x http://127.0.0.1:9/x.xsd"),
            ("kind", chance.choice(("uuid", "name", "other", "x", ""))),
            ("objectType", "EndDeviceGroup"),
            ("ref", chance.choice(("2.31.0.23", "2.31.0.18", "", "x"))),
            ("{http://www.w3.org/XML/1998/namespace}id", "a"),
            ("{urn:x}any", "1"),
            ("any", chance.choice(WORDS)),
        )
    )
    _set(one, name, value)
    return root


def _without(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one = _below(root, chance)
    if one is not None:
        _remove(one)
    return root


def _doubled(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one = _below(root, chance)
    if one is not None:
        for _ in range(chance.choice((1, 1, 1, 2, 30))):
            one.addnext(deepcopy(one))
    return root


def _swapped(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one = _below(root, chance)
    parent = one.getparent() if one is not None else None
    if one is not None and parent is not None:
        parent.insert(chance.randrange(len(parent)), one)
    return root


def _moved(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one, place = _below(root, chance), _any(root, chance)
    if one is not None:
        copied = deepcopy(one)
        copied.tail = None
        place.insert(chance.randrange(len(place) + 1), copied)
        if chance.random() < 0.7:
            _remove(one)
    return root


def _renamed(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one, other = _any(root, chance), _any(root, chance)
    name = etree.QName(one)
    local = chance.choice(
        (etree.QName(other).localname, name.localname.swapcase(), name.localname + "s", "x", "Message")
    )
    one.tag = f"{{{name.namespace}}}{local}" if name.namespace else local
    return root


def _in_another_namespace(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one = _any(root, chance)
    namespace, old = chance.choice(_NAMESPACES), etree.QName(one).namespace
    parts = one.iter(etree.Element) if chance.random() < 0.5 else (one,)
    for part in parts:
        name = etree.QName(part)
        if name.namespace == old:
            part.tag = f"{{{namespace}}}{name.localname}" if namespace else name.localname
    return root


def _spliced(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    """A part of another message, in the place of one of the same name where there is one, else anywhere."""
    other = _parsed(chance.choice(others))
    part = _below(other, chance) if other is not None else None
    if part is None:
        return root
    part = deepcopy(part)
    part.tail = None
    local = etree.QName(part).localname
    same = [each for each in root.iterdescendants(etree.Element) if etree.QName(each).localname == local]
    if same:
        place = chance.choice(same)
        parent = place.getparent()
        assert parent is not None
        parent.replace(place, part)
    else:
        place = _any(root, chance)
        place.insert(chance.randrange(len(place) + 1), part)
    return root


def _with_header_field(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    header = root.find("{*}Header")
    if header is not None:
        fields = etree.fromstring(f'<Header xmlns="{xml.MESSAGE}">{chance.choice(_HEADER_FIELDS)}</Header>')
        order = [str(each.tag).rpartition("}")[2] for each in header]
        before = next((name for name in ("User", "MessageID", "CorrelationID", "Comment") if name in order), None)
        place = order.index(before) if before and chance.random() < 0.8 else chance.randrange(len(header) + 1)
        header[place:place] = list(fields)
    return root


def _with_option(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    request = root.find("{*}Request")
    if request is not None:
        option = etree.Element(f"{{{xml.MESSAGE}}}Option")
        etree.SubElement(option, f"{{{xml.MESSAGE}}}name").text = chance.choice(_OPTIONS)
        _set_text(etree.SubElement(option, f"{{{xml.MESSAGE}}}value"), other_value("value", "5", chance))
        request.insert(0, option)
    return root


def _with_note(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    """A comment, a processing instruction or white space somewhere."""
    one = _any(root, chance)
    match chance.randrange(5):
        case 0:
            one.insert(0, etree.Comment(" a note "))
        case 1:
            one.append(etree.ProcessingInstruction("pi", "x"))
        case 2:
            text = one.text or ""
            one.text = None
            one.insert(0, etree.Comment("x"))
            one[0].tail = text
        case 3:
            one.tail = "\n\t "
        case _:
            one.tail = "text"
    return root


def _deeper(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one = _any(root, chance)
    for _ in range(chance.choice((2, 31, 40, 300))):
        one = etree.SubElement(one, one.tag)
    return root


def _wider(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    one = _any(root, chance)
    for number in range(chance.choice((10, 33, 300))):
        one.set(f"a{number}", "x")
    return root


def _packed(root: etree._Element, others: Sequence[bytes], chance: Random) -> etree._Element:
    """The payload as Compressed, whole or broken."""
    payload = root.find("{*}Payload")
    if payload is None or not len(payload):
        return root
    namespace = etree.QName(payload).namespace or ""
    plain = b"".join(etree.tostring(each) for each in payload) if chance.random() < 0.9 else chance.choice(others)
    text = chance.choice(_PACKINGS)(plain, chance)
    kept = list(payload) if chance.random() < 0.1 else []
    payload[:] = kept
    etree.SubElement(payload, f"{{{namespace}}}Compressed").text = text
    if chance.random() < 0.9:
        etree.SubElement(payload, f"{{{namespace}}}Format").text = chance.choice(("XML", "XML", "XML", "PDF", ""))
    return root


def _well_packed(plain: bytes, chance: Random) -> str:
    return base64.b64encode(gzip.compress(plain, mtime=0)).decode()


def _wrapped(plain: bytes, chance: Random) -> str:
    return base64.encodebytes(gzip.compress(plain, mtime=0)).decode()


def _cut(plain: bytes, chance: Random) -> str:
    packed = gzip.compress(plain, mtime=0)
    return base64.b64encode(packed[: chance.randrange(len(packed))]).decode()


def _damaged(plain: bytes, chance: Random) -> str:
    return base64.b64encode(mutated_bytes(gzip.compress(plain, mtime=0), chance)).decode()


def _twice(plain: bytes, chance: Random) -> str:
    return base64.b64encode(gzip.compress(plain, mtime=0) * 2).decode()


def _otherwise(plain: bytes, chance: Random) -> str:
    return base64.b64encode(
        chance.choice((zlib.compress(plain), plain, b"", gzip.compress(b"\0" * 3_000_000)))
    ).decode()


def _no_base64(plain: bytes, chance: Random) -> str:
    return _well_packed(plain, chance)[:-3] + "*üA"


def _packed_twice(plain: bytes, chance: Random) -> str:
    return base64.b64encode(gzip.compress(gzip.compress(plain, mtime=0), mtime=0)).decode()


_PACKINGS: Final = (_well_packed, _well_packed, _wrapped, _cut, _damaged, _twice, _otherwise, _no_base64, _packed_twice)
_Change = Callable[[etree._Element, Sequence[bytes], Random], etree._Element]
_ON_TREES: Final[Sequence[_Change]] = (
    *(_with_value,) * 10,
    *(_with_known_value,) * 2,
    *(_with_attribute,) * 2,
    *(_without,) * 4,
    *(_doubled,) * 4,
    *(_swapped,) * 2,
    *(_moved,) * 2,
    *(_renamed,) * 2,
    *(_in_another_namespace,) * 2,
    *(_spliced,) * 4,
    *(_with_header_field,) * 3,
    _with_option,
    _with_note,
    _deeper,
    _wider,
    *(_packed,) * 2,
)


def _set_text(one: etree._Element, text: str) -> None:
    try:
        one.text = text
    except ValueError:  # XML has no such character; in bytes it may be tried all the same
        one.text = text.encode("unicode_escape").decode()


def _set(one: etree._Element, name: str, value: str) -> None:
    try:
        one.set(name, value)
    except ValueError:  # as above
        one.set(name, value.encode("unicode_escape").decode())


def _remove(one: etree._Element) -> None:
    parent = one.getparent()
    if parent is not None:
        parent.remove(one)


# -- as bytes ----------------------------------------------------------------------------------------------------------


def _written(root: etree._Element, chance: Random) -> bytes:
    """The document in some encoding, as which it may be marked or not."""
    if chance.random() < 0.8:
        return etree.tostring(root, xml_declaration=chance.random() < 0.5, encoding="UTF-8")
    text = etree.tostring(root, encoding="unicode")
    encoding = chance.choice(
        ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "ascii", "utf-32", "utf-7", "cp037")
    )
    named = chance.choice(("", "UTF-8", "utf-16", "ISO-8859-1", "US-ASCII", "UTF-7", "windows-1252", "x", encoding))
    version = chance.choice(("1.0", "1.0", "1.0", "1.1", "2.0"))
    told = f' encoding="{named}"' if named else ""
    prolog = chance.choice(
        ("", f'<?xml version="{version}"{told}?>', f"<?xml version='{version}'{told} standalone='yes'?>\n")
    )
    kind = etree.QName(root).localname
    prolog += chance.choice(
        ("", "", "", "<!-- note -->", f"<!DOCTYPE {kind}>", "<?pi?>", f"<!DOCTYPE {kind} [<!ENTITY x 'y'>]>")
    )
    return (prolog + text).encode(encoding, "xmlcharrefreplace")


def mutated_bytes(body: bytes, chance: Random) -> bytes:
    """*body* with one or a few bytes, or runs of them, changed, lost, doubled or put in."""
    changed = bytearray(body)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        place = chance.randrange(len(changed) + 1)
        length = chance.choice((1, 1, 2, 8, 64))
        match chance.randrange(6):
            case 0 if place < len(changed):
                changed[place] ^= 1 << chance.randrange(8)
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = changed[place : place + length] * chance.choice((1, 2, 50))
            case 3:
                changed[place:place] = chance.choice(_TOKENS)
            case 4:
                del changed[place:]
            case _:
                changed[place : place + length] = chance.randbytes(length)
    return bytes(changed)


_TOKENS: Final = (
    *(
        b"\0",
        b"\xff",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xef\xbf\xbe",
        b"\xf4\x90\x80\x80",
        b"&#0;",
        b"&#xD800;",
        b"&#1;",
        b"&amp;",
    ),
    *(
        b"&x;",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?xml?>",
        b"<!DOCTYPE a>",
        b"<",
        b">",
        b"</",
        b"/>",
        b'"',
        b"'",
        b"=",
    ),
    *(b' xmlns="urn:x"', b' xmlns:p="urn:y"', b"p:", b"\xef\xbb\xbf", b"\r", b"\n\n", b" xsi:nil='true'", b"&#x1F600;"),
)
