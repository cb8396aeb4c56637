"""The XML schemas of the IEC 61968-5 profiles and of the IEC 61968-100 envelope, and the namespaces they define.

The year in the namespaces is data: `YEAR` is the one the files carry, and every function here takes another. Nothing is
imported but the standard library, so that any tool can use the schemas. README.md tells where each of them comes from.

    profile = PROFILES["DERGroups"]
    profile.payload_schema(Variant.CONSTRAINED)  # "constrained/DERGroups.xsd", a key of schema_files()

Source: namespace, wrapper and variant tables of the project's reference tables (2017 schema set).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType
from typing import Final

__all__ = [
    "MESSAGE_NAMESPACE",
    "MESSAGE_SCHEMA",
    "NAME_PLATE_NAMESPACE",
    "NAME_PLATE_SCHEMA",
    "OPERATION_SET_WRAPPER",
    "PROFILES",
    "YEAR",
    "Profile",
    "Variant",
    "WrapperKind",
    "payload_namespace",
    "profiles",
    "schema_files",
    "wrapper_namespace",
]

YEAR: Final = 2017
"""The year in the namespaces of the schema files, and what every function takes unless told otherwise."""

MESSAGE_NAMESPACE: Final = "http://iec.ch/TC57/2011/schema/message"
"""Namespace of Header, Request, Reply and OperationSet, and of the generic roots; the same in every year."""

MESSAGE_SCHEMA: Final = "Message.xsd"
"""Schema file of `MESSAGE_NAMESPACE`."""

NAME_PLATE_NAMESPACE: Final = "urn:dermsbus:nameplate:1"
"""Namespace of our own extension of replies; the number is its version, and no year is in it."""

NAME_PLATE_SCHEMA: Final = "DERNamePlates.xsd"
"""Schema file of `NAME_PLATE_NAMESPACE`."""

OPERATION_SET_WRAPPER: Final = "DERGroupsOperationSet"
"""Key in `profiles` of the wrapper that carries operation sets; the one profile without a payload schema."""

_END_DEVICE_YEAR: Final = 2011
_BASE: Final = "http://iec.ch/TC57"
_FOLDERS: Final = (".", "constrained", "unconstrained")


class Variant(StrEnum):
    """Which version of a profile a payload has to satisfy; the verb decides, the namespace is the same."""

    CONSTRAINED = "constrained"
    """Whole objects: what creates them or reports them."""
    UNCONSTRAINED = "unconstrained"
    """Parts of objects: what changes, cancels, closes or deletes them, or only points at them."""


class WrapperKind(StrEnum):
    """Which typed roots the wrapper schema of a noun declares."""

    OBJECT = "object"
    """``Create<Noun>`` … ``Deleted<Noun>``, ``<Noun>ResponseMessage``, ``<Noun>FaultMessage``."""
    QUERY = "query"
    """``<Noun>RequestMessage``, ``<Noun>ResponseMessage``, ``<Noun>FaultMessage``."""
    OPERATION_SET = "operation set"
    """``Execute<Noun>``, ``Executed<Noun>``, ``<Noun>ResponseMessage``, ``<Noun>FaultMessage``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One profile: its namespaces, and its schema files as keys of `schema_files`.

    Attributes:
        noun: name of the payload's root element, and stem of the typed roots.
        kind: which typed roots there are.
        answer: for a query, the noun of what comes back; otherwise None.
        payload_namespace: of the payload, with its final ``#``; None for the operation set.
        wrapper_namespace: of the typed roots.
        has_variants: False where one schema serves every verb.
    """

    noun: str
    kind: WrapperKind
    answer: str | None
    payload_namespace: str | None
    wrapper_namespace: str
    has_variants: bool

    def payload_schema(self, variant: Variant) -> str | None:
        """Returns the file of the payload's schema; None for the operation set, which has none."""
        return None if self.payload_namespace is None else self._path(f"{self.noun}.xsd", variant)

    def wrapper_schema(self, variant: Variant) -> str:
        """Returns the file of the typed roots' schema, which imports the payload's of the same *variant*."""
        return self._path(f"{self.noun}Message.xsd", variant)

    def _path(self, name: str, variant: Variant) -> str:
        return f"{variant}/{name}" if self.has_variants else name


def profiles(year: int = YEAR) -> Mapping[str, Profile]:
    """Every profile by its noun, with the namespaces of *year*.

    Args:
        year: four digits.

    Returns:
        A read-only mapping.

    Raises:
        ValueError: *year* has not four digits.
    """
    _check_year(year)
    plan = [
        ("DERGroups", WrapperKind.OBJECT, None, True),
        ("DERGroupQueries", WrapperKind.QUERY, "DERGroups", True),
        ("DERGroupStatuses", WrapperKind.OBJECT, None, True),
        ("DERGroupStatusQueries", WrapperKind.QUERY, "DERGroupStatuses", True),
        ("DERGroupForecasts", WrapperKind.OBJECT, None, True),
        ("DERGroupForecastQueries", WrapperKind.QUERY, "DERGroupForecasts", False),
        ("DERGroupDispatches", WrapperKind.OBJECT, None, True),
        ("EndDeviceControls", WrapperKind.OBJECT, None, False),
        ("EndDeviceEvents", WrapperKind.OBJECT, None, False),
        (OPERATION_SET_WRAPPER, WrapperKind.OPERATION_SET, None, False),
    ]
    table = {
        noun: Profile(
            noun=noun,
            kind=kind,
            answer=answer,
            payload_namespace=None if kind is WrapperKind.OPERATION_SET else payload_namespace(noun, year),
            wrapper_namespace=wrapper_namespace(noun, year),
            has_variants=has_variants,
        )
        for noun, kind, answer, has_variants in plan
    }
    return MappingProxyType(table)


def payload_namespace(noun: str, year: int = YEAR) -> str:
    """The namespace of the payload of *noun*.

    Args:
        noun: exact CIM name; it need not be a known one.
        year: four digits. The IEC 61968-9 nouns keep 2011 whatever it is.

    Raises:
        ValueError: *year* has not four digits.
    """
    _check_year(year)
    own_year = _END_DEVICE_YEAR if noun.startswith("EndDevice") else year
    return f"{_BASE}/{own_year}/{noun}#"


def wrapper_namespace(noun: str, year: int = YEAR) -> str:
    """The namespace of the typed roots of *noun*; unlike the payload's it has no ``#``, and no noun keeps 2011.

    Args:
        noun: exact CIM name; it need not be a known one.
        year: four digits.

    Raises:
        ValueError: *year* has not four digits.
    """
    _check_year(year)
    return f"{_BASE}/{year}/{noun}Message"


def schema_files(year: int = YEAR) -> Mapping[str, bytes]:
    """Every schema, with *year* in its namespaces where the file has `YEAR`.

    Args:
        year: four digits.

    Returns:
        The XML of each schema, UTF-8, by its path below this package (``constrained/DERGroups.xsd``). A
        ``schemaLocation`` in it is relative to that path.

    Raises:
        ValueError: *year* has not four digits.
    """
    _check_year(year)
    written, wanted = (f"{_BASE}/{one}/".encode() for one in (YEAR, year))
    root = files(__name__)
    schemas = {
        schema.name if folder == "." else f"{folder}/{schema.name}": schema.read_bytes().replace(written, wanted)
        for folder in _FOLDERS
        for schema in sorted(root.joinpath(folder).iterdir(), key=lambda entry: entry.name)
        if schema.name.endswith(".xsd")
    }
    return MappingProxyType(schemas)


def _check_year(year: int) -> None:
    if not 1000 <= year <= 9999:
        raise ValueError(f"namespace year {year}: must have four digits, as {YEAR} has")


PROFILES: Final[Mapping[str, Profile]] = profiles()
"""`profiles` of `YEAR`."""
