"""Two opinions on one message: what dermsbus accepts is valid for another validator and says the same to another reader."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import xmlschema

import dermsbus_profiles
from dermsbus.messages.envelope import Envelope
from dermsbus_profiles import (
    MESSAGE_NAMESPACE,
    MESSAGE_SCHEMA,
    NAME_PLATE_NAMESPACE,
    NAME_PLATE_SCHEMA,
    PROFILES,
    Variant,
)
from tests.fuzz.facts import REJECTED, facts_of
from tests.fuzz.known_differences import ACCEPTED, REFUSED
from tests.fuzz.second_reader import parsed, second_reading, unpacked

__all__ = ["Difference", "SecondOpinion"]

_FOLDER: Final = Path(dermsbus_profiles.__file__).parent
_WRAPPERS: Final = {profile.wrapper_namespace: profile for profile in PROFILES.values()}
_PAYLOADS: Final = {
    f"{{{profile.payload_namespace}}}{noun}": profile for noun, profile in PROFILES.items() if profile.payload_namespace
}
_NAME_PLATES: Final = f"{{{NAME_PLATE_NAMESPACE}}}DERNamePlates"
_UNREADABLE: Final = (ET.ParseError, EOFError, OSError, ValueError, LookupError, ArithmeticError, zlib.error)
_CLOSE: Final = 4e-15
"""Relative: numbers of 32 bits on the wire, of 64 bits in both readers; they round at different steps."""

_NOTHING: Final = 1e-300
"""Smaller than any number of 32 bits with any multiplier; below it, 64 bits have fewer and fewer digits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that two readers see differently.

    Attributes:
        path: of the fact; ``valid`` for the validity of the whole.
        ours: what dermsbus says.
        second: what the other one says.
    """

    path: str
    ours: object
    second: object

    def __str__(self) -> str:
        return f"{self.path}: dermsbus {self.ours!r:.200}, second opinion {self.second!r:.300}"


@dataclass(slots=True)
class SecondOpinion:
    """Compares; each schema is compiled when it is first needed."""

    _schemas: dict[str, xmlschema.XMLSchema] = field(default_factory=dict)

    def of_accepted(self, body: bytes, envelope: Envelope, *, is_text: bool = False) -> list[Difference]:
        """Where the second opinion on a message that dermsbus accepted is another, but for known differences."""
        try:
            root = parsed(body, is_text=is_text)
            differences = [*self._validity(root), *self._values(root, envelope)]
        except _UNREADABLE as error:
            differences = [Difference(path="valid", ours=True, second=f"cannot be read: {error!r}")]
        return [each for each in differences if not _is_known(each)]

    def of_refused(self, body: bytes, details: str, *, is_text: bool = False) -> list[Difference]:
        """Where the second opinion on a message that dermsbus refused as against the schema is that it is valid."""
        try:
            finding = next(self._validity(parsed(body, is_text=is_text)), None)
        except _UNREADABLE:
            return []
        if finding is not None:
            return []
        known = any(each.fits("valid", details, second=True) for each in REFUSED)
        return [] if known else [Difference(path="valid", ours=details, second=True)]

    def _validity(self, root: ET.Element) -> Iterator[Difference]:
        variant = _variant(root)
        namespace, _, _ = root.tag[1:].partition("}")
        wrapper = _WRAPPERS.get(namespace)
        envelope = MESSAGE_SCHEMA if wrapper is None else wrapper.wrapper_schema(variant)
        checked = [(root, envelope)] if wrapper or namespace == MESSAGE_NAMESPACE else []
        for element, each in _profile_elements(root, variant):
            profile = _PAYLOADS.get(element.tag)
            schema = NAME_PLATE_SCHEMA if element.tag == _NAME_PLATES else profile and profile.payload_schema(each)
            if schema is not None:
                checked.append((element, schema))
        for element, file_name in checked:
            error = next(self._schema(file_name).iter_errors(element, use_location_hints=False), None)
            if error is not None:
                second = f"{file_name}: {error.path}: {error.reason}"
                yield Difference(path="valid", ours=True, second=second)

    def _schema(self, file_name: str) -> xmlschema.XMLSchema:
        if file_name not in self._schemas:
            self._schemas[file_name] = xmlschema.XMLSchema(str(_FOLDER / file_name))
        return self._schemas[file_name]

    @staticmethod
    def _values(root: ET.Element, envelope: Envelope) -> Iterator[Difference]:
        ours, second = facts_of(envelope), second_reading(root)
        refused = tuple(f"{path}/" for path, value in ours.items() if value is REJECTED)
        for path in dict.fromkeys((*ours, *second)):
            one, other = ours.get(path), second.get(path)
            if one is REJECTED or path.startswith(refused) or _agree(one, other):
                continue
            yield Difference(path=path, ours=one, second=other)


def _variant(root: ET.Element) -> Variant:
    """Which variant of a profile the message has to satisfy: whole objects where they are created or reported."""
    verb = root.find(f"{{*}}Header/{{{MESSAGE_NAMESPACE}}}Verb")
    word = "" if verb is None else verb.text
    whole = word in {"create", "created", "get", "reply"} or root.find("{*}Reply") is not None
    return Variant.CONSTRAINED if whole else Variant.UNCONSTRAINED


def _profile_elements(root: ET.Element, variant: Variant) -> Iterator[tuple[ET.Element, Variant]]:
    """The profile elements that are read, each with its variant."""
    request, payload = root.find("{*}Request"), root.find("{*}Payload")
    if request is not None and variant is Variant.CONSTRAINED:
        yield from ((each, variant) for each in request)
    reply = root.find("{*}Reply")
    if reply is not None:
        yield from ((each, variant) for each in reply if each.tag == _NAME_PLATES)
    if payload is not None:
        inside = unpacked(payload)
        yield from ((each, variant) for each in (payload if inside is None else [inside]))


def _is_known(difference: Difference) -> bool:
    return any(each.fits(difference.path, difference.ours, difference.second) for each in ACCEPTED)


def _agree(ours: object, second: object) -> bool:
    if isinstance(ours, float) and isinstance(second, float):
        return math.isclose(ours, second, rel_tol=_CLOSE, abs_tol=_NOTHING)
    return ours == second and type(ours) is type(second)
