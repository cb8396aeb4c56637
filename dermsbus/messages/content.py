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
from dermsbus.messages.envelope import Content, DERNamePlate, UnboundContent, WrittenContent, WrittenObjects
from dermsbus.messages.name_plates import CategorySpelling
from dermsbus.messages.schemas import Schemas
from dermsbus_generated.codecs import der_group_dispatches as dispatches_codec
from dermsbus_generated.codecs import der_group_forecast_queries as forecast_queries_codec
from dermsbus_generated.codecs import der_group_forecasts as forecasts_codec
from dermsbus_generated.codecs import der_group_queries as queries_codec
from dermsbus_generated.codecs import der_group_status_queries as status_queries_codec
from dermsbus_generated.codecs import der_group_statuses as statuses_codec
from dermsbus_generated.codecs import der_groups as groups_codec
from dermsbus_generated.codecs import der_name_plates as name_plates_codec
from dermsbus_generated.codecs import end_device_controls as controls_codec
from dermsbus_generated.codecs import end_device_events as events_codec
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

    def read(self, element: etree._Element, zone: tzinfo, variant: Variant) -> Content: ...

    def write(self, content: Content) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row(Generic[W, C]):
    """One row of the table.

    Attributes:
        decode: of the profile's generated codec.
        encode: of the same.
        value: class of its content; its name is that of the root element.
        from_wire: of the profile's module, with zone and variant.
        to_wire: of the profile's module.
    """

    decode: Callable[[etree._Element], W]
    encode: Callable[[W], str]
    value: type[C]
    from_wire: Callable[[W, tzinfo, Variant], C]
    to_wire: Callable[[C], W]

    def read(self, element: etree._Element, zone: tzinfo, variant: Variant) -> Content:
        return self.from_wire(_bound(self.decode, element), zone, variant)

    def write(self, content: Content) -> str:
        assert isinstance(content, self.value)
        return self.encode(self.to_wire(content))


_TABLE: Final[Mapping[str, _Translator]] = MappingProxyType(
    {
        "DERGroups": _Row(
            decode=groups_codec.decode,
            encode=groups_codec.encode,
            value=envelope.DERGroups,
            from_wire=lambda message, zone, _variant: der_groups.from_wire(message, zone),
            to_wire=der_groups.to_wire,
        ),
        "DERGroupQueries": _Row(
            decode=queries_codec.decode,
            encode=queries_codec.encode,
            value=envelope.DERGroupQueries,
            from_wire=lambda message, _zone, _variant: der_group_queries.from_wire(message),
            to_wire=der_group_queries.to_wire,
        ),
        "DERGroupStatuses": _Row(
            decode=statuses_codec.decode,
            encode=statuses_codec.encode,
            value=envelope.DERGroupStatuses,
            from_wire=lambda message, zone, _variant: der_group_statuses.from_wire(message, zone),
            to_wire=der_group_statuses.to_wire,
        ),
        "DERGroupStatusQueries": _Row(
            decode=status_queries_codec.decode,
            encode=status_queries_codec.encode,
            value=envelope.DERGroupStatusQueries,
            from_wire=lambda message, _zone, _variant: der_group_status_queries.from_wire(message),
            to_wire=der_group_status_queries.to_wire,
        ),
        "DERGroupForecasts": _Row(
            decode=forecasts_codec.decode,
            encode=forecasts_codec.encode,
            value=envelope.DERGroupForecasts,
            from_wire=lambda message, zone, _variant: der_group_forecasts.from_wire(message, zone),
            to_wire=der_group_forecasts.to_wire,
        ),
        "DERGroupForecastQueries": _Row(
            decode=forecast_queries_codec.decode,
            encode=forecast_queries_codec.encode,
            value=envelope.DERGroupForecastQueries,
            from_wire=lambda message, zone, _variant: der_group_forecast_queries.from_wire(message, zone),
            to_wire=der_group_forecast_queries.to_wire,
        ),
        "DERGroupDispatches": _Row(
            decode=dispatches_codec.decode,
            encode=dispatches_codec.encode,
            value=envelope.DERGroupDispatches,
            from_wire=der_group_dispatches.from_wire,
            to_wire=der_group_dispatches.to_wire,
        ),
        "EndDeviceControls": _Row(
            decode=controls_codec.decode,
            encode=controls_codec.encode,
            value=envelope.EndDeviceControls,
            from_wire=lambda message, zone, _variant: end_device_controls.from_wire(message, zone),
            to_wire=end_device_controls.to_wire,
        ),
        "EndDeviceEvents": _Row(
            decode=events_codec.decode,
            encode=events_codec.encode,
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
        zone: where times without zone are.
        categories: how the categories of a name plate are written.
    """

    schemas: Schemas
    zone: tzinfo
    categories: CategorySpelling = CategorySpelling.PLAIN

    def read(self, element: etree._Element, variant: Variant) -> Content:
        """The value of a profile element.

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
        return _TABLE[root].read(element, self.zone, variant)

    def write(self, content: Content) -> etree._Element:
        """The profile element of a value, in the shipped namespaces.

        Raises:
            ValueError: a rejected object or a number in it cannot be written.
        """
        if isinstance(content, UnboundContent | WrittenContent):
            return etree.fromstring(content.xml)
        root = type(content).__name__
        return etree.fromstring(_TABLE[root].write(content))

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
        """The name plates of a `NAME_PLATES` element.

        Raises:
            SchemaViolation: not valid against its schema.
        """
        self.schemas.check(element, NAME_PLATE_SCHEMA)
        return name_plates.from_wire(_bound(name_plates_codec.decode, element))

    def write_name_plates(self, plates: Sequence[DERNamePlate]) -> etree._Element:
        """The `NAME_PLATES` element of one or more name plates."""
        return etree.fromstring(name_plates_codec.encode(name_plates.to_wire(plates, self.categories)))


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


def _bound(decode: Callable[[etree._Element], W], element: etree._Element) -> W:
    """The dataclass of an element that its schema has accepted.

    Raises:
        SchemaViolation: a value in it that XML Schema allows and Python cannot hold.
    """
    try:
        return decode(element)
    except ValueError as error:
        details = f"{etree.QName(element).localname} cannot be read: {str(error)[:200]}"
        raise SchemaViolation(Violation(rule="BIND", details=details, line=element.sourceline)) from error


def _unknown(element: etree._Element) -> Violation:
    name = etree.QName(element)
    known = PROFILES.get(name.localname)
    hint = f"; its namespace is {known.payload_namespace}" if known and known.payload_namespace else ""
    details = f"{name.localname} in namespace {(name.namespace or 'none')[:128]!r} is no known profile{hint}"
    return Violation(rule="PROFILE", details=details, line=element.sourceline)
