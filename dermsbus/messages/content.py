"""Profile elements, the payloads and queries of IEC 61968-5: validated, bound and translated, in one table.

Beside the table stands the one extension of our own, the name plates of a reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar

from lxml import etree

from dermsbus.errors import SchemaViolation, Violation
from dermsbus.messages import (
    der_group_dispatches,
    der_group_forecast_queries,
    der_group_forecasts,
    der_group_queries,
    der_group_status_queries,
    der_group_statuses,
    der_groups,
    end_device_controls,
    end_device_events,
    envelope,
    name_plates,
)
from dermsbus.messages.binding import Binder
from dermsbus.messages.envelope import Content, DERNamePlate, UnboundContent, WrittenContent, WrittenObjects
from dermsbus.messages.name_plates import CategorySpelling
from dermsbus.messages.schemas import Schemas
from dermsbus_generated import der_group_dispatches as wire_dispatches
from dermsbus_generated import der_group_forecast_queries as wire_forecast_queries
from dermsbus_generated import der_group_forecasts as wire_forecasts
from dermsbus_generated import der_group_queries as wire_queries
from dermsbus_generated import der_group_status_queries as wire_status_queries
from dermsbus_generated import der_group_statuses as wire_statuses
from dermsbus_generated import der_groups as wire_groups
from dermsbus_generated import der_name_plates as wire_name_plates
from dermsbus_generated import end_device_controls as wire_controls
from dermsbus_generated import end_device_events as wire_events
from dermsbus_profiles import NAME_PLATE_NAMESPACE, NAME_PLATE_SCHEMA, PROFILES, Variant

__all__ = ["NAME_PLATES", "ContentCodec", "profile_root"]

W = TypeVar("W")
C = TypeVar("C", bound=Content)

NAME_PLATES: Final = f"{{{NAME_PLATE_NAMESPACE}}}DERNamePlates"
"""Tag of the extension that tells name plates."""

_ROOTS: Final = {
    f"{{{profile.payload_namespace}}}{noun}": noun for noun, profile in PROFILES.items() if profile.payload_namespace
}


class _Translator(Protocol):
    """One profile's way between elements and values."""

    def read(self, element: etree._Element, binder: Binder, zone: tzinfo, variant: Variant) -> Content: ...

    def write(self, content: Content) -> object: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row(Generic[W, C]):
    """One row of the table.

    Attributes:
        wire: generated class of the root element.
        value: class of its content; its name is that of the root element.
        from_wire: of the profile's module, with zone and variant.
        to_wire: of the profile's module.
    """

    wire: type[W]
    value: type[C]
    from_wire: Callable[[W, tzinfo, Variant], C]
    to_wire: Callable[[C], W]

    def read(self, element: etree._Element, binder: Binder, zone: tzinfo, variant: Variant) -> Content:
        return self.from_wire(binder.bind(element, self.wire), zone, variant)

    def write(self, content: Content) -> object:
        assert isinstance(content, self.value)
        return self.to_wire(content)


_TABLE: Final[Mapping[str, _Translator]] = MappingProxyType(
    {
        "DERGroups": _Row(
            wire=wire_groups.DERGroups,
            value=envelope.DERGroups,
            from_wire=lambda message, zone, _variant: der_groups.from_wire(message, zone),
            to_wire=der_groups.to_wire,
        ),
        "DERGroupQueries": _Row(
            wire=wire_queries.DERGroupQueries,
            value=envelope.DERGroupQueries,
            from_wire=lambda message, _zone, _variant: der_group_queries.from_wire(message),
            to_wire=der_group_queries.to_wire,
        ),
        "DERGroupStatuses": _Row(
            wire=wire_statuses.DERGroupStatuses,
            value=envelope.DERGroupStatuses,
            from_wire=lambda message, zone, _variant: der_group_statuses.from_wire(message, zone),
            to_wire=der_group_statuses.to_wire,
        ),
        "DERGroupStatusQueries": _Row(
            wire=wire_status_queries.DERGroupStatusQueries,
            value=envelope.DERGroupStatusQueries,
            from_wire=lambda message, _zone, _variant: der_group_status_queries.from_wire(message),
            to_wire=der_group_status_queries.to_wire,
        ),
        "DERGroupForecasts": _Row(
            wire=wire_forecasts.DERGroupForecasts,
            value=envelope.DERGroupForecasts,
            from_wire=lambda message, zone, _variant: der_group_forecasts.from_wire(message, zone),
            to_wire=der_group_forecasts.to_wire,
        ),
        "DERGroupForecastQueries": _Row(
            wire=wire_forecast_queries.DERGroupForecastQueries,
            value=envelope.DERGroupForecastQueries,
            from_wire=lambda message, zone, _variant: der_group_forecast_queries.from_wire(message, zone),
            to_wire=der_group_forecast_queries.to_wire,
        ),
        "DERGroupDispatches": _Row(
            wire=wire_dispatches.DERGroupDispatches,
            value=envelope.DERGroupDispatches,
            from_wire=der_group_dispatches.from_wire,
            to_wire=der_group_dispatches.to_wire,
        ),
        "EndDeviceControls": _Row(
            wire=wire_controls.EndDeviceControls,
            value=envelope.EndDeviceControls,
            from_wire=lambda message, zone, _variant: end_device_controls.from_wire(message, zone),
            to_wire=end_device_controls.to_wire,
        ),
        "EndDeviceEvents": _Row(
            wire=wire_events.EndDeviceEvents,
            value=envelope.EndDeviceEvents,
            from_wire=lambda message, zone, _variant: end_device_events.from_wire(message, zone),
            to_wire=end_device_events.to_wire,
        ),
    }
)


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
        categories: how the categories of a name plate are written.
    """

    schemas: Schemas
    binder: Binder
    zone: tzinfo
    categories: CategorySpelling = CategorySpelling.PLAIN

    def read(self, element: etree._Element, variant: Variant) -> Content:
        """The value of a profile element, which may be emptied by it.

        An object in it that nobody can act on is a `RejectedObject` beside the others.

        Raises:
            SchemaViolation: not valid against its profile's schema in *variant*, or empty where the schema lets it be.
        """
        root = profile_root(element)
        if root is None:
            raise SchemaViolation(_unknown(element))
        schema = PROFILES[root].payload_schema(variant)
        assert schema is not None
        self.schemas.check(element, schema)
        return _TABLE[root].read(element, self.binder, self.zone, variant)

    def write(self, content: Content) -> etree._Element:
        """The profile element of a value, in the shipped namespaces.

        Raises:
            ValueError: a rejected object or a number in it cannot be written.
        """
        if isinstance(content, UnboundContent | WrittenContent):
            return etree.fromstring(content.xml)
        root = type(content).__name__
        return self.binder.render(_TABLE[root].write(content), _namespace(root))

    def write_objects(self, content: Content) -> WrittenObjects:
        """The profile element of a value, cut into its objects; it is the same as `write` gives.

        Raises:
            ValueError: a rejected object or a number in it cannot be written.
        """
        return _cut(self.write(content))

    def write_each_name_plate(self, plates: Sequence[DERNamePlate]) -> WrittenObjects:
        """The `NAME_PLATES` element of one or more name plates, cut into these."""
        return _cut(self.write_name_plates(plates))

    def read_name_plates(self, element: etree._Element) -> tuple[DERNamePlate, ...]:
        """The name plates of a `NAME_PLATES` element, which is emptied by it.

        Raises:
            SchemaViolation: not valid against its schema.
        """
        self.schemas.check(element, NAME_PLATE_SCHEMA)
        return name_plates.from_wire(self.binder.bind(element, wire_name_plates.DERNamePlates))

    def write_name_plates(self, plates: Sequence[DERNamePlate]) -> etree._Element:
        """The `NAME_PLATES` element of one or more name plates."""
        return self.binder.render(name_plates.to_wire(plates, self.categories), NAME_PLATE_NAMESPACE)


def _cut(element: etree._Element) -> WrittenObjects:
    """*element* and each of its children as text.

    The one declaration that an element of ours has, that of its default namespace, is the first thing after its name.
    """
    name = etree.QName(element)
    declared = f' xmlns="{name.namespace}"'.encode()
    local = name.localname.encode()
    written = (etree.tostring(each, encoding="UTF-8", xml_declaration=False, with_tail=False) for each in element)
    return WrittenObjects(
        start=b"<%b%b>" % (local, declared),
        objects=tuple(each.replace(declared, b"", 1) for each in written),
        end=b"</%b>" % local,
    )


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
