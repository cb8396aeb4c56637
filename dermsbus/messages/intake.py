"""Hardened reading: received bytes to an XML tree that says the same to every reader.

What is refused here is refused before anything of the message is believed. Limits are counted on the bytes or by the
C library, and what the bytes show to be impossible is not looked for in the tree, so that a hostile message costs no
more than a good one of its size: the time grows with the length of the message, whatever is in it.

Source: "the pipeline that passes" and "what real messages need" of the project's reference tables; limits: house
choice, ADR 3.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import chain
from typing import Final, NoReturn

from lxml import etree

from dermsbus.errors import MalformedMessage, Violation

__all__ = ["Limits", "read_tree"]

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_XINCLUDE: Final = "http://www.w3.org/2001/XInclude"
_HINTS: Final = (f"{{{_XSI}}}schemaLocation", f"{{{_XSI}}}noNamespaceSchemaLocation")

_DECLARATION: Final = re.compile(
    rb"<\?xml\s+version\s*=\s*(?:'([^']*)'|\"([^\"]*)\")(?:\s+encoding\s*=\s*(?:'([A-Za-z][\w.-]*)'|\"([A-Za-z][\w.-]*)\"))?"
    rb"(?:\s+standalone\s*=\s*(?:'(?:yes|no)'|\"(?:yes|no)\"))?\s*\?>",
    re.ASCII,
)
_PROLOG: Final = ((b"<!--", b"-->"), (b"<?", b"?>"))
_MOST_BEFORE_DOCTYPE: Final = 100
_PIECE_BYTES: Final = 65_536
_TIMES: Final = tuple(
    f"{{*}}{name}"
    for name in (
        *("Timestamp", "Created", "StartTime", "EndTime", "date", "dateTime", "timeStamp", "startTime", "start", "end"),
        *("predictionCreationDate", "createdDateTime", "startDateTime", "cancelDateTime", "currentTimeDate"),
    )
)
_XML_SPACE: Final = " \t\r\n"
_SPACE: Final = re.compile(rb"[ \t\r\n]+")
_EIGHT_BIT: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "latin-1": "latin-1",
}
_NODES_PER_ELEMENT: Final = 1.5
"""Elements, texts and attributes of a message by the elements that it may have; a node takes 120 bytes of memory.

A payload of many members that is indented for people has three nodes for each element, and half the elements.
"""
_SHORTEST_ATTRIBUTE: Final = len(" a=''")
_POSITION: Final = re.compile(r", line \d+, column \d+$")
_UTF_16: Final = frozenset({"utf-16", "utf-16le", "utf-16be"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How large a message may be in each direction; what is beyond is refused with 7.7, items with 3.1.

    Attributes:
        message_bytes: of the received body.
        elements: opening tags, comments and such, counted together; with texts and attributes half as many again.
        depth: of nesting, the root being 1.
        attributes: on one element.
        attribute_chars: in one attribute value.
        text_chars: in one text.
        namespaces: prefixes declared in the whole message; default namespaces do not count: a set has one for each
            operation, and there is one in force at a time, while prefixes add up.
        items: groups, orders, forecasts, events, targets of controls, ids and operations in one message; beyond, 3.1.
            Members of a group do not count.
    """

    message_bytes: int = 4 * 1024 * 1024
    elements: int = 200_000
    depth: int = 32
    attributes: int = 32
    attribute_chars: int = 4096
    text_chars: int = 65_536
    namespaces: int = 256
    items: int = 10_000


def read_tree(body: bytes, limits: Limits, *, is_text: bool = False) -> etree._Element:
    """The root of the message, free of comments, schema hints and everything that could read differently elsewhere.

    Args:
        body: as received.
        limits: how large it may be.
        is_text: the bytes are UTF-8 whatever the XML declaration says (a TextMessage that the broker decoded).

    Raises:
        MalformedMessage: with the rule that it breaks: EMPTY, SIZE, ENCODING, NUL, XMLVERSION, DTD, NAMESPACES,
            ELEMENTS, SYNTAX, DEPTH, ATTRS, ATTRLEN, TEXT, PI, COMMENT, XSI or XINCLUDE.
    """
    if not body or body.isspace():
        _refuse("EMPTY", "the message is empty")
    if len(body) > limits.message_bytes:
        _refuse("SIZE", f"{len(body)} bytes, more than the {limits.message_bytes} allowed", code="7.7")
    utf8 = _to_utf8(body, is_text=is_text)
    if utf8.count(b"xmlns:") > limits.namespaces:
        _refuse("NAMESPACES", f"more than {limits.namespaces} prefixes are declared", code="7.7")
    _check_count(utf8, limits)
    root = _parse(utf8)
    _check_shape(root, utf8, limits)
    _check_content(root, utf8)
    _collapse_times(root)
    return root


def _refuse(rule: str, details: str, *, line: int | None = None, code: str = "1.8") -> NoReturn:
    raise MalformedMessage(Violation(rule=rule, details=details, line=line), code=code)


def _to_utf8(body: bytes, *, is_text: bool) -> bytes:
    """The same characters as UTF-8, without an XML declaration that says otherwise; every doubt is refused.

    What is UTF-8 already is not copied: a large message is in memory once.
    """
    utf8 = _from_text(body) if is_text else _from_declared(body)
    if b"\0" in utf8:
        _refuse("NUL", "the message holds a NUL character", line=utf8.count(b"\n", 0, utf8.index(b"\0")) + 1)
    declaration = _DECLARATION.match(utf8)
    if declaration:
        version = (declaration[1] or declaration[2]).decode()
        if version != "1.0":
            _refuse("XMLVERSION", f"XML version {version[:16]!r}; only 1.0 is read", line=1)
        if _named(declaration) not in {None, "utf-8"}:
            utf8 = utf8[declaration.end() :]
    if _has_doctype(utf8):
        _refuse("DTD", "the message holds a DOCTYPE; send it without", code="7.7", line=1)
    return utf8


def _has_doctype(utf8: bytes) -> bool:
    """Whether a DOCTYPE is among the first things before the root; a later one is told of by the parser."""
    if b"<!DOCTYPE" not in utf8:
        return False
    place = 0
    for _ in range(_MOST_BEFORE_DOCTYPE):
        space = _SPACE.match(utf8, place)
        place = space.end() if space else place
        end = next((end for start, end in _PROLOG if utf8.startswith(start, place)), None)
        if end is None:
            return utf8.startswith(b"<!DOCTYPE", place)
        place = utf8.find(end, place)
        if place < 0:
            return False
        place += len(end)
    return False


def _from_text(body: bytes) -> bytes:
    """UTF-8 of text that the broker has decoded before.

    ActiveMQ hands on a JMS sender's characters beyond U+FFFF as two surrogates of three bytes each, which strict UTF-8
    does not know.
    """
    try:
        _check_decodes(body, "utf-8")
    except UnicodeDecodeError:
        try:
            text = body.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            _check(body, "utf-8")  # says which byte
            raise
        return text.removeprefix("\ufeff").encode()
    return body.removeprefix(codecs.BOM_UTF8)


def _from_declared(body: bytes) -> bytes:
    """UTF-8 of bytes whose encoding is told by a byte-order mark or the XML declaration."""
    if body.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        _refuse("ENCODING", "UTF-32 is not read; send UTF-8")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _from_utf_16(body)
    plain = body.removeprefix(codecs.BOM_UTF8)
    named = _named(_DECLARATION.match(plain)) or "utf-8"
    codec = _EIGHT_BIT.get(named)
    if codec is None or (plain is not body and codec == "latin-1"):
        _refuse("ENCODING", f"encoding {named[:32]!r} is not read, or is not what the bytes are; send UTF-8", line=1)
    if codec == "latin-1":
        return plain.decode("latin-1").encode()
    _check(plain, codec)
    return plain


def _from_utf_16(body: bytes) -> bytes:
    _check(body, "utf-16")
    utf8 = body.decode("utf-16").encode()
    named = _named(_DECLARATION.match(utf8))
    if named and named not in _UTF_16:
        _refuse("ENCODING", f"the bytes are UTF-16, the XML declaration says {named[:32]!r}", line=1)
    return utf8


def _named(declaration: re.Match[bytes] | None) -> str | None:
    """The encoding that an XML declaration names, in small letters; None if none."""
    named = (declaration[3] or declaration[4]) if declaration else None
    return named.decode("latin-1").lower() if named else None


def _check(body: bytes, codec: str) -> None:
    try:
        _check_decodes(body, codec)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise MalformedMessage(
            Violation(rule="ENCODING", details=f"not {codec}: byte {error.start} ({error.reason})", line=line)
        ) from error


def _check_decodes(body: bytes, codec: str) -> None:
    """Return if *body* is text in *codec*, of which no more than a piece is made at a time.

    Raises:
        UnicodeDecodeError: it is not; ``start`` counts from the beginning of *body*.
    """
    if body.isascii() and codec != "utf-16":
        return
    decoder = codecs.getincrementaldecoder(codec)()
    for place in range(0, max(len(body), 1), _PIECE_BYTES):
        kept = len(decoder.getstate()[0])
        try:
            decoder.decode(body[place : place + _PIECE_BYTES], final=place + _PIECE_BYTES >= len(body))
        except UnicodeDecodeError as error:
            error.start += place - kept
            raise


def _parse(utf8: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=False,
        remove_pis=False,
        strip_cdata=True,
        collect_ids=False,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(utf8, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or None
        if "depth" in str(error).lower():
            _refuse("DEPTH", "elements are nested too deeply", line=line, code="7.7")
        raise MalformedMessage(
            Violation(rule="SYNTAX", details=f"not well-formed XML: {_POSITION.sub('', error.msg)[:200]}", line=line)
        ) from error
    if root.getroottree().docinfo.doctype:
        _refuse("DTD", "the message holds a DOCTYPE; send it without", code="7.7")
    return root


def _check_count(utf8: bytes, limits: Limits) -> None:
    """Refuse what would become a large tree, told by the bytes alone."""
    tags, equals = utf8.count(b"<"), utf8.count(b"=")
    most = _NODES_PER_ELEMENT * limits.elements
    if tags <= limits.elements and 2 * (tags + equals) <= most:
        return  # whatever they are
    elements = tags - utf8.count(b"</")
    texts = tags - utf8.count(b"><")
    nodes = elements + texts + 2 * equals
    if elements > limits.elements or nodes > most:
        details = f"more than {limits.elements} elements, or half as many again with their texts and attributes"
        _refuse("ELEMENTS", details, code="7.7")


def _check_shape(root: etree._Element, utf8: bytes, limits: Limits) -> None:
    """Refuse what is too deep or too wide; the counting is done by libxml2."""
    deep = f"(/*{'/*' * limits.depth})[1]"
    _refuse_where(root, deep, "DEPTH", f"elements are nested more than {limits.depth} deep", code="7.7")
    most = limits.attributes
    if utf8.count(b"=") > most and _has_run(utf8, _SHORTEST_ATTRIBUTE * most):
        details = f"more than {most} attributes on one element"
        _refuse_where(root, f"(//*[@*[{most + 1}]])[1]", "ATTRS", details, code="7.7")
    most = limits.attribute_chars
    if _has_run(utf8, most):
        details = f"an attribute of more than {most} characters"
        _refuse_where(root, f"(//@*[string-length() > {most}])[1]/..", "ATTRLEN", details, code="7.7")
    most = limits.text_chars
    if _has_run(utf8, most) or b"<![CDATA[" in utf8:
        long = f"(//text()[string-length() > {most}][local-name(..) != 'Compressed'])[1]/.."
        _refuse_where(root, long, "TEXT", f"a text of more than {most} characters", code="7.7")


def _has_run(utf8: bytes, length: int) -> bool:
    """Whether *length* bytes follow each other without a ``<``, as they do in what is longer than that."""
    place = 0
    while place + length <= len(utf8):
        last = utf8.rfind(b"<", place, place + length)
        if last < 0:
            return True
        place = last + 1
    return False


def _check_content(root: etree._Element, utf8: bytes) -> None:
    """Refuse what two readers may read differently; take away what nobody needs."""
    if b"<?" in utf8:
        _refuse_instructions(root)
    if b"<!--" in utf8:
        _refuse_where(
            root,
            "(//*[comment()][text()[normalize-space()]])[1]",
            "COMMENT",
            "a comment inside a value; move it between elements",
        )
        etree.strip_tags(root, etree.Comment)
    is_spelled_out = b"&#" not in utf8  # a namespace may be written with character references
    if b"XMLSchema-instance" in utf8 or not is_spelled_out:
        _refuse_where(
            root,
            "(//@xsi:*[local-name() != 'schemaLocation' and local-name() != 'noNamespaceSchemaLocation'])[1]/..",
            "XSI",
            "xsi:type, xsi:nil and other xsi attributes are not read; only schemaLocation is passed over",
        )
        etree.strip_attributes(root, *_HINTS)  # the validator would follow them
    if b"XInclude" in utf8 or not is_spelled_out:
        _refuse_where(root, "(//xi:*)[1]", "XINCLUDE", "XInclude is not read")


def _refuse_instructions(root: etree._Element) -> None:
    """Refuse processing instructions. They are looked for one by one: libxml2 needs minutes to list many."""
    around = (root.itersiblings(etree.PI, preceding=True), root.iter(etree.PI), root.itersiblings(etree.PI))
    first = next(chain.from_iterable(around), None)
    if first is not None:
        _refuse("PI", "a processing instruction; send the message without", line=first.sourceline)


def _collapse_times(root: etree._Element) -> None:
    """Take the white space around times away: it is legal, and libxml2 does not collapse it as the schema says."""
    for element in root.iter(*_TIMES):
        if not len(element) and element.text:
            element.text = element.text.strip(_XML_SPACE)


def _refuse_where(root: etree._Element, path: str, rule: str, details: str, *, code: str = "1.8") -> None:
    """Refuse the message if there is an element at *path*, which finds one at most."""
    found = root.xpath(path, namespaces={"xsi": _XSI, "xi": _XINCLUDE})
    assert isinstance(found, list)
    for element in found:
        assert isinstance(element, etree._Element)  # noqa: SLF001 lxml has no public name for it
        _refuse(rule, details, line=element.sourceline, code=code)
