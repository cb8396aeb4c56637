"""Hardened reading: received bytes to an XML tree that says the same to every reader.

What is refused here is refused before anything of the message is believed. Limits are counted on the bytes or by the
C library, so that a hostile message costs no more than a good one of its size.

Source: "the pipeline that passes" and "what real messages need" of the project's reference tables; limits: house
choice, ADR 3.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final, NoReturn

from lxml import etree

from dermsbus.errors import MalformedMessage, Violation

__all__ = ["Limits", "read_tree"]

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_XINCLUDE: Final = "http://www.w3.org/2001/XInclude"
_HINTS: Final = (f"{{{_XSI}}}schemaLocation", f"{{{_XSI}}}noNamespaceSchemaLocation")

_DECLARATION: Final = re.compile(
    r"<\?xml\s+version\s*=\s*(?:'([^']*)'|\"([^\"]*)\")(?:\s+encoding\s*=\s*(?:'([^']*)'|\"([^\"]*)\"))?[^?>]*\?>"
)
_DOCTYPE_IN_PROLOG: Final = re.compile(r"\s*(?:(?:<!--(?:[^-]|-(?!->))*-->|<\?(?:[^?]|\?(?!>))*\?>)\s*)*<!DOCTYPE")
_TIMES: Final = tuple(
    f"{{*}}{name}"
    for name in (
        *("Timestamp", "Created", "StartTime", "EndTime", "date", "dateTime", "timeStamp", "startTime", "start", "end"),
        *("predictionCreationDate", "createdDateTime", "startDateTime", "cancelDateTime", "currentTimeDate"),
    )
)
_XML_SPACE: Final = " \t\r\n"
_EIGHT_BIT: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "latin-1": "latin-1",
}
_POSITION: Final = re.compile(r", line \d+, column \d+$")
_UTF_16: Final = frozenset({"utf-16", "utf-16le", "utf-16be"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How large a message may be in each direction; what is beyond is refused with 7.7, items with 3.1.

    Attributes:
        message_bytes: of the received body.
        elements: opening tags, comments and such, counted together.
        depth: of nesting, the root being 1.
        attributes: on one element.
        attribute_chars: in one attribute value.
        text_chars: in one text.
        namespaces: namespace declarations in the whole message.
        items: groups, ids and operations in one message; beyond, 3.1. Members of a group do not count.
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
    if not body.strip():
        _refuse("EMPTY", "the message is empty")
    if len(body) > limits.message_bytes:
        _refuse("SIZE", f"{len(body)} bytes, more than the {limits.message_bytes} allowed", code="7.7")
    utf8 = _to_utf8(body, is_text=is_text)
    if utf8.count(b"xmlns") > limits.namespaces:
        _refuse("NAMESPACES", f"more than {limits.namespaces} namespace declarations", code="7.7")
    if utf8.count(b"<") > 2 * limits.elements:
        _refuse("ELEMENTS", f"more than {limits.elements} elements", code="7.7")
    root = _parse(utf8)
    _check_shape(root, limits)
    _check_content(root)
    _collapse_times(root)
    return root


def _refuse(rule: str, details: str, *, line: int | None = None, code: str = "1.8") -> NoReturn:
    raise MalformedMessage(Violation(rule=rule, details=details, line=line), code=code)


def _to_utf8(body: bytes, *, is_text: bool) -> bytes:
    """The same characters as UTF-8 without XML declaration, every doubt about the encoding refused."""
    text = _decode_text(body) if is_text else _decode_declared(body)
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        _refuse("NUL", "the message holds a NUL character", line=text[: text.index("\0")].count("\n") + 1)
    declaration = _DECLARATION.match(text)
    if declaration:
        version = declaration[1] or declaration[2]
        if version != "1.0":
            _refuse("XMLVERSION", f"XML version {version[:16]!r}; only 1.0 is read", line=1)
        text = text[declaration.end() :]
    if _DOCTYPE_IN_PROLOG.match(text):
        _refuse("DTD", "the message holds a DOCTYPE; send it without", code="7.7", line=1)
    return text.encode()


def _decode_text(body: bytes) -> str:
    """Decode text that the broker has decoded before.

    ActiveMQ hands on a JMS sender's characters beyond U+FFFF as two surrogates of three bytes each, which strict UTF-8
    does not know.
    """
    try:
        return body.decode()
    except UnicodeDecodeError:
        try:
            return body.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            return _decode(body, "utf-8")  # says which byte


def _decode_declared(body: bytes) -> str:
    """Decode bytes whose encoding is told by a byte-order mark or the XML declaration."""
    if body.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        _refuse("ENCODING", "UTF-32 is not read; send UTF-8")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = _decode(body, "utf-16")
        named = _declared_encoding(text)
        if named and named not in _UTF_16:
            _refuse("ENCODING", f"the bytes are UTF-16, the XML declaration says {named[:32]!r}", line=1)
        return text
    marked = body.startswith(codecs.BOM_UTF8)
    named = _declared_encoding(body[:256].decode("latin-1").removeprefix("\xef\xbb\xbf")) or "utf-8"
    codec = _EIGHT_BIT.get(named)
    if codec is None or (marked and codec == "latin-1"):
        _refuse("ENCODING", f"encoding {named[:32]!r} is not read, or is not what the bytes are; send UTF-8", line=1)
    return _decode(body, codec)


def _declared_encoding(text: str) -> str | None:
    declaration = _DECLARATION.match(text.removeprefix("\ufeff"))
    if not declaration:
        return None
    named = declaration[3] or declaration[4]
    return named.lower() if named else None


def _decode(body: bytes, codec: str) -> str:
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise MalformedMessage(
            Violation(rule="ENCODING", details=f"not {codec}: byte {error.start} ({error.reason})", line=line)
        ) from error


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


def _check_shape(root: etree._Element, limits: Limits) -> None:
    """Refuse what is too deep or too wide; the counting is done by libxml2."""
    checks = (
        ("DEPTH", "/*" * (limits.depth + 1), f"elements are nested more than {limits.depth} deep"),
        ("ATTRS", f"//*[count(@*) > {limits.attributes}]", f"more than {limits.attributes} attributes on one element"),
        (
            "ATTRLEN",
            f"//*[@*[string-length() > {limits.attribute_chars}]]",
            f"an attribute of more than {limits.attribute_chars} characters",
        ),
        (
            "TEXT",
            f"//*[local-name() != 'Compressed'][text()[string-length() > {limits.text_chars}]]",
            f"a text of more than {limits.text_chars} characters",
        ),
    )
    for rule, path, details in checks:
        _refuse_where(root, path, rule, details, code="7.7")


def _check_content(root: etree._Element) -> None:
    """Refuse what two readers may read differently; take away what nobody needs."""
    _refuse_where(root, "//processing-instruction()", "PI", "a processing instruction; send the message without")
    _refuse_where(
        root,
        "//comment()[../text()[normalize-space()]]",
        "COMMENT",
        "a comment inside a value; move it between elements",
    )
    _refuse_where(
        root,
        "//*[@xsi:*[local-name() != 'schemaLocation' and local-name() != 'noNamespaceSchemaLocation']]",
        "XSI",
        "xsi:type, xsi:nil and other xsi attributes are not read; only schemaLocation is passed over",
    )
    _refuse_where(root, "//xi:*", "XINCLUDE", "XInclude is not read")
    for element in _select(root, "//*[@xsi:*]"):
        for hint in _HINTS:
            element.attrib.pop(hint, None)  # the validator would follow it
    if _select(root, "//comment()"):
        etree.strip_tags(root, etree.Comment)


def _collapse_times(root: etree._Element) -> None:
    """Take the white space around times away: it is legal, and libxml2 does not collapse it as the schema says."""
    for element in root.iter(*_TIMES):
        if not len(element) and element.text:
            element.text = element.text.strip(_XML_SPACE)


def _refuse_where(root: etree._Element, path: str, rule: str, details: str, *, code: str = "1.8") -> None:
    found = _select(root, f"({path})[1]")
    if found:
        _refuse(rule, details, line=found[0].sourceline, code=code)


def _select(root: etree._Element, path: str) -> list[etree._Element]:
    found = root.xpath(path, namespaces={"xsi": _XSI, "xi": _XINCLUDE})
    assert isinstance(found, list)
    return [node for node in found if isinstance(node, etree._Element)]  # noqa: SLF001 lxml has no public name for it
