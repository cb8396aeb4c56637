"""Validation against the shipped schemas, with findings that a person can use."""

from __future__ import annotations

import re
from importlib.resources import as_file, files
from typing import Final

from lxml import etree

import dermsbus_profiles
from dermsbus.errors import SchemaViolation, Violation

__all__ = ["MOST_VIOLATIONS", "Schemas"]

MOST_VIOLATIONS: Final = 20
"""Most findings told of one message; more would help nobody."""

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
            SchemaViolation: with one violation for each finding, in document order, at most `MOST_VIOLATIONS`.
        """
        schema = self._schema(file_name)
        if schema.validate(element):
            return
        entries = list(schema.error_log)[:MOST_VIOLATIONS]
        raise SchemaViolation(*(_violation(entry.message, entry.line, file_name) for entry in entries))

    def _schema(self, file_name: str) -> etree.XMLSchema:
        schema = self._compiled.get(file_name)
        if schema is None:
            with as_file(files(dermsbus_profiles)) as folder:
                schema = etree.XMLSchema(etree.parse(str(folder / file_name)))
            self._compiled[file_name] = schema
        return schema


def _violation(message: str, line: int, file_name: str) -> Violation:
    """One finding without namespaces, and without echoing more than 64 characters of a sender's value."""
    text = _BRACED_NAMESPACE.sub("", message)
    text = _QUOTED.sub(lambda match: f"'{match[1][:64]}…'", text)
    return Violation(rule="XSD", details=f"{text[:500]} ({file_name})", line=line or None)
