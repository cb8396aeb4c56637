"""Profile elements to the generated dataclasses and back: the one place that calls xsdata.

xsdata's parser is lax (order, choice, unknown enum values pass), so it is only ever given a tree that its schema has
accepted, with every laxness that it can drop dropped.
"""

from __future__ import annotations

import io
from typing import Final, TypeVar

from lxml import etree
from xsdata.exceptions import ConverterError, ParserError, SerializerError
from xsdata.formats.dataclass.context import XmlContext
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.config import SerializerConfig

from dermsbus.errors import SchemaViolation, Violation

__all__ = ["Binder"]

T = TypeVar("T")

_STRICT: Final = ParserConfig(
    fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True
)


class Binder:
    """Binds and renders profile elements; keeps xsdata's class metadata between calls."""

    def __init__(self) -> None:
        context = XmlContext()
        self._parser = XmlParser(config=_STRICT, context=context)
        self._serializer = XmlSerializer(config=SerializerConfig(xml_declaration=False), context=context)

    def bind(self, element: etree._Element, cls: type[T]) -> T:
        """The dataclass of *element*, which is emptied by it.

        Raises:
            SchemaViolation: it does not bind; with a tree that its schema accepted, only for values that XML Schema
                allows and Python cannot hold.
        """
        line = element.sourceline
        try:
            return self._parser.parse(etree.ElementTree(element), cls)
        except (ParserError, ConverterError, TypeError, ValueError) as error:
            details = f"{etree.QName(element).localname} cannot be read: {str(error)[:200]}"
            raise SchemaViolation(Violation(rule="BIND", details=details, line=line)) from error

    def render(self, value: object, namespace: str) -> etree._Element:
        """The element of a generated dataclass, its namespace the default one."""
        buffer = io.StringIO()
        try:
            self._serializer.write(buffer, value, ns_map={None: namespace})
        except SerializerError as error:
            raise ValueError(f"{type(value).__name__} cannot be written: {error}") from error
        return etree.fromstring(buffer.getvalue())
