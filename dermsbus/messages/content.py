"""Profile elements, the payloads and queries of IEC 61968-5: validated, bound and translated, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from lxml import etree

from dermsbus.errors import SchemaViolation, Violation
from dermsbus.messages import der_group_queries, der_groups
from dermsbus.messages.binding import Binder
from dermsbus.messages.envelope import Content, DERGroupQueries, DERGroups, UnboundContent
from dermsbus.messages.schemas import Schemas
from dermsbus_generated import der_group_queries as wire_queries
from dermsbus_generated import der_groups as wire_groups
from dermsbus_profiles import PROFILES, Variant

__all__ = ["ContentCodec", "profile_root"]

_ROOTS: Final = {
    f"{{{profile.payload_namespace}}}{noun}": noun for noun, profile in PROFILES.items() if profile.payload_namespace
}


def profile_root(element: etree._Element) -> str | None:
    """The profile whose root *element* is, such as ``DERGroups``; None if it is no known profile's."""
    return _ROOTS.get(str(element.tag))


@dataclass(frozen=True, kw_only=True, slots=True)
class ContentCodec:
    """Reads and writes profile elements.

    Attributes:
        schemas: for validation.
        binder: for binding.
        zone: where times without zone are.
    """

    schemas: Schemas
    binder: Binder
    zone: tzinfo

    def read(self, element: etree._Element, variant: Variant) -> Content:
        """The value of a profile element, which may be emptied by it.

        Raises:
            SchemaViolation: not valid against its profile's schema in *variant*, or a value that nobody can use.
        """
        root = profile_root(element)
        if root is None:
            raise SchemaViolation(_unknown(element))
        schema = PROFILES[root].payload_schema(variant)
        assert schema is not None
        self.schemas.check(element, schema)
        if root == "DERGroups":
            return der_groups.from_wire(self.binder.bind(element, wire_groups.DERGroups), self.zone)
        if root == "DERGroupQueries":
            return der_group_queries.from_wire(self.binder.bind(element, wire_queries.DERGroupQueries))
        return UnboundContent(root=root, xml=etree.tostring(element))

    def write(self, content: Content) -> etree._Element:
        """The profile element of a value, in the shipped namespaces."""
        match content:
            case DERGroups():
                return self.binder.render(der_groups.to_wire(content), _namespace("DERGroups"))
            case DERGroupQueries():
                return self.binder.render(der_group_queries.to_wire(content), _namespace("DERGroupQueries"))
            case UnboundContent():
                return etree.fromstring(content.xml)


def _namespace(noun: str) -> str:
    namespace = PROFILES[noun].payload_namespace
    assert namespace is not None
    return namespace


def _unknown(element: etree._Element) -> Violation:
    name = etree.QName(element)
    known = PROFILES.get(name.localname)
    hint = f"; its namespace is {known.payload_namespace}" if known and known.payload_namespace else ""
    details = f"{name.localname} in namespace {(name.namespace or 'none')[:128]!r} is no known profile{hint}"
    return Violation(rule="PROFILE", details=details, line=element.sourceline)
