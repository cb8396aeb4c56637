"""Validation against the shipped schemas, with findings that a person can use."""

from __future__ import annotations

import re
from importlib.resources import as_file, files
from itertools import accumulate
from typing import Final

from lxml import etree

import dermsbus_profiles
from dermsbus.errors import SchemaViolation, Violation

__all__ = ["MOST_VIOLATIONS", "Schemas"]

MOST_VIOLATIONS: Final = 20
"""Most findings told of one message; more would help nobody."""

_LONGEST_NAME: Final = 64
_MOST_AT_ONCE: Final = 1_000
"""Elements and attributes that are validated at once: libxml2 looks for all findings, and from each for the way to it.

Both together take minutes for a hundred thousand siblings that are wrong.
"""
_CHUNK_BYTES: Final = 8_192
_BEHIND_THE_FIRST_BYTES: Final = 65_536
_FIRST_STEP: Final = re.compile(r"^/[^/]+")
_BRACED_NAMESPACE: Final = re.compile(r"\{[a-z]+:[^}]*\}")
_QUOTED: Final = re.compile(r"'([^']{65,})'")


class Schemas:
    """The schemas, each compiled when it is first needed and kept."""

    def __init__(self) -> None:
        self._compiled: dict[str, etree.XMLSchema] = {}

    def load(self) -> None:
        """Compile all schemas now, so that none has to be read from disk while a message waits."""
        for file_name in dermsbus_profiles.schema_files():
            self._schema(file_name)

    def check(self, element: etree._Element, file_name: str) -> None:
        """Return if *element* is valid against the schema *file_name* of the profiles package.

        Raises:
            SchemaViolation: with one violation for each finding, in document order, at most `MOST_VIOLATIONS`; those of
                a large element say not in which line they are.
        """
        schema = self._schema(file_name)
        if _is_large(element):
            entries = _findings_in_passing(element, schema)
        else:
            entries = [] if schema.validate(element) else list(schema.error_log)[:MOST_VIOLATIONS]
        if not entries:
            return
        raise SchemaViolation(*(_violation(entry, element, file_name) for entry in entries))

    def _schema(self, file_name: str) -> etree.XMLSchema:
        schema = self._compiled.get(file_name)
        if schema is None:
            with as_file(files(dermsbus_profiles)) as folder:
                schema = etree.XMLSchema(etree.parse(str(folder / file_name)))
            self._compiled[file_name] = schema
        return schema


def _is_large(element: etree._Element) -> bool:
    """Whether *element* holds more elements and attributes than are validated at once."""
    nodes = accumulate(1 + len(each.attrib) for each in element.iter("*"))
    return any(count > _MOST_AT_ONCE for count in nodes)


def _findings_in_passing(element: etree._Element, schema: etree.XMLSchema) -> list[etree._LogEntry]:
    """The first findings in *element*, one or more if it is not valid.

    It is read anew and validated meanwhile, no further than to `MOST_VIOLATIONS`, or than a while behind the first one.
    What was read is dropped again, so that the element is in memory once.
    """
    parser = etree.XMLPullParser(("start",), tag=str(element.tag), schema=schema, resolve_entities=False)
    body = etree.tostring(element, with_tail=False)
    root: etree._Element | None = None
    findings: list[etree._LogEntry] = []
    until = len(body)
    for place in range(0, len(body), _CHUNK_BYTES):
        parser.feed(body[place : place + _CHUNK_BYTES])
        for _, started in parser.read_events():
            root = started if root is None else root
        if root is not None:
            _drop_what_is_over(root)
        findings = _of_schema(parser)
        if findings:
            until = min(until, place + _BEHIND_THE_FIRST_BYTES)
        if len(findings) >= MOST_VIOLATIONS or (findings and place > until):
            return findings[:MOST_VIOLATIONS]
    try:
        parser.close()
    except etree.XMLSyntaxError:
        findings = _of_schema(parser)
    return findings[:MOST_VIOLATIONS]


def _of_schema(parser: etree.XMLPullParser[etree._Element]) -> list[etree._LogEntry]:
    return [entry for entry in parser.feed_error_log if entry.domain == etree.ErrorDomains.SCHEMASV]


def _drop_what_is_over(element: etree._Element) -> None:
    """Take away all elements but those on the way to the last one."""
    while len(element):
        del element[:-1]
        element = element[-1]


def _violation(entry: etree._LogEntry, element: etree._Element, file_name: str) -> Violation:
    """One finding without namespaces, and without echoing more than 64 characters of a sender's value."""
    text = _BRACED_NAMESPACE.sub("", entry.message)
    text = _QUOTED.sub(lambda match: f"'{match[1][:64]}…'", text)
    return Violation(
        rule="XSD",
        details=f"{text[:500]} ({file_name})",
        line=entry.line or None,
        path=_path_of(element, entry.path) if entry.path else None,
    )


def _path_of(element: etree._Element, position: str) -> str | None:
    """Where a finding is, told by names from the root of the message; None where a prefix in *position* is not known.

    Args:
        element: what was validated.
        position: as libxml2 has it: *element* is the first step, and what has no prefix is told by its number only.
    """
    prefixes = {prefix: namespace for prefix, namespace in element.nsmap.items() if prefix}
    try:
        found = element.xpath(_FIRST_STEP.sub(".", position), namespaces=prefixes)
    except etree.XPathEvalError:
        return None
    if not isinstance(found, list) or not found or not isinstance(found[0], etree._Element):  # noqa: SLF001 lxml has no public name for it
        return None
    names = [etree.QName(each).localname[:_LONGEST_NAME] for each in (*reversed([*found[0].iterancestors()]), found[0])]
    return "/" + "/".join(names)
