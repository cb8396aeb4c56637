"""The generated codecs say what xsdata's own parser and serializer say, of everything that a schema accepts."""

from __future__ import annotations

import dataclasses
import io
import random
import typing
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType, NoneType
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree
from xsdata.exceptions import ConverterError, ParserError
from xsdata.formats.dataclass.context import XmlContext
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.config import SerializerConfig
from xsdata.models.datatype import XmlDateTime

import dermsbus_profiles
from dermsbus_generated.codecs import lexical
from dermsbus_profiles import schema_files

MODULES = (
    *("der_groups", "der_group_queries", "der_group_statuses", "der_group_status_queries", "der_group_forecasts"),
    *("der_group_forecast_queries", "der_group_dispatches", "end_device_controls", "end_device_events"),
    "der_name_plates",
)
CONTEXT = XmlContext()
PARSER = XmlParser(
    config=ParserConfig(
        fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True
    ),
    context=CONTEXT,
)
SERIALIZER = XmlSerializer(config=SerializerConfig(xml_declaration=False), context=CONTEXT)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=("Cc", "Cs")))
LEAVES: dict[type, st.SearchStrategy[Any]] = {
    str: TEXT | st.sampled_from(["a\tb\nc", " padded ", "<&>'\"", "]]>", "\r\n"]),
    bool: st.booleans(),
    int: st.integers(-(2**70), 2**70),
    float: st.floats(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    XmlDateTime: st.builds(
        XmlDateTime,
        st.integers(1, 9999),
        st.integers(1, 12),
        st.integers(1, 28),
        st.integers(0, 23),
        st.integers(0, 59),
        st.integers(0, 59),
        st.integers(0, 999_999_999),
        st.none() | st.integers(-840, 840),
    ),
}


def root_of(module: str) -> type:
    wire = import_module(f"dermsbus_generated.{module}")
    cls = next(value for name, value in vars(wire).items() if name.lower() == module.replace("_", ""))
    assert isinstance(cls, type)
    return cls


def schema_of_module(module: str) -> etree.XMLSchema:
    """The laxest schema of the payload."""
    folder = files(dermsbus_profiles)
    names = {Path(name).stem.lower(): name for name in sorted(schema_files())}
    with as_file(folder) as path:
        return etree.XMLSchema(etree.parse(str(path / names[module.replace("_", "")])))


def codec_of(module: str) -> ModuleType:
    return import_module(f"dermsbus_generated.codecs.{module}")


def values(cls: type, many: int = 2) -> st.SearchStrategy[Any]:
    """Any value of a generated class; most have what their schema asks for."""
    hints = typing.get_type_hints(cls)
    return st.builds(cls, **{each.name: of_field(hints[each.name], each.metadata, many) for each in fields_of(cls)})


def fields_of(cls: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)


def of_field(hint: Any, facets: Mapping[str, Any], many: int) -> st.SearchStrategy[Any]:
    arguments = [each for each in typing.get_args(hint) if each not in {NoneType, Ellipsis}]
    kind = arguments[0] if arguments else hint
    if facets.keys() & {"min_inclusive", "min_exclusive"}:
        one: st.SearchStrategy[Any] = st.floats(0.001, min(facets.get("max_inclusive", 1e9), 1e9))
    elif issubclass(kind, Enum):
        one = st.sampled_from(kind)
    else:
        one = LEAVES[kind] if kind in LEAVES else values(kind, many)
    if typing.get_origin(hint) is tuple:
        return st.lists(one, min_size=facets.get("min_occurs", 0), max_size=many).map(tuple)
    return st.none() | one if arguments else one


def same(one: object, other: object) -> bool:
    """Equal, also where a number is none: NaN is NaN here, and 0 is not -0."""
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    if dataclasses.is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one)
        )
    if isinstance(one, tuple) and isinstance(other, tuple) and not isinstance(one, XmlDateTime):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def by_xsdata(value: object, namespace: str) -> str:
    buffer = io.StringIO()
    SERIALIZER.write(buffer, value, ns_map={None: namespace})
    return buffer.getvalue()


@pytest.mark.parametrize("module", MODULES)
def test_what_is_written_is_read_by_xsdata_and_what_xsdata_writes_is_read(module: str) -> None:
    cls, codec = root_of(module), codec_of(module)
    namespace = import_module(f"dermsbus_generated.{module}").__NAMESPACE__

    @settings(max_examples=40, deadline=None)
    @given(values(cls))
    def check(value: object) -> None:
        theirs = by_xsdata(value, namespace).encode()
        ours = codec.encode(value).encode()
        assert same(PARSER.from_bytes(ours, cls), value)
        assert same(codec.decode(etree.fromstring(theirs)), value)
        assert same(codec.decode(etree.fromstring(ours)), value)

    check()


def accepted(read: Any) -> object | None:
    try:
        return read()
    except (ValueError, ParserError, ConverterError, TypeError):
        return None


def mutate(root: etree._Element, chance: random.Random) -> None:
    """One change that a schema may or may not let pass: of text, of order, of an element."""
    every = list(root.iter())
    victim = chance.choice(every[1:] or every)
    parent = victim.getparent()
    texts = ["", " ", "1", "true", "-0", "1E400", "INF", "NaN", "0x1", "2024-01-01T00:00:00Z", "k", "net", "\u0661"]
    match chance.randrange(5):
        case 0:
            victim.text = chance.choice(texts)
        case 1 if parent is not None:
            parent.remove(victim)
        case 2 if parent is not None:
            parent.append(etree.fromstring(etree.tostring(victim)))
        case 3 if parent is not None:
            parent.insert(chance.randrange(len(parent)), victim)
        case _:
            victim.tag = chance.choice(every).tag


@pytest.mark.parametrize("module", MODULES)
def test_of_what_a_schema_accepts_both_read_the_same_or_refuse_the_same(module: str) -> None:
    cls, codec = root_of(module), codec_of(module)
    schema = schema_of_module(module)
    judged: list[etree._Element] = []
    namespace = import_module(f"dermsbus_generated.{module}").__NAMESPACE__

    @settings(max_examples=150, deadline=None)
    @given(values(cls), st.randoms(use_true_random=False))
    def check(value: object, chance: random.Random) -> None:
        root = etree.fromstring(by_xsdata(value, namespace))
        if chance.random() < 0.5:
            mutate(root, chance)
        assume(root.tag == f"{{{namespace}}}{cls.__name__}")
        if not schema.validate(root):
            return
        judged.append(root)
        body = etree.tostring(root)
        theirs = accepted(lambda: PARSER.from_bytes(body, cls))
        ours = accepted(lambda: codec.decode(etree.fromstring(body)))
        assert (ours is None) == (theirs is None), body
        assert ours is None or same(ours, theirs), body

    check()
    assert judged


@pytest.mark.parametrize("text", ["a\x00b", "\x0b", "\ud800", "\ufffe"])
def test_a_text_that_xml_cannot_carry_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match="XML cannot carry"):
        lexical.escape(text)
    with pytest.raises(ValueError, match="XML cannot carry"):
        lexical.escape_attribute(text)


@given(TEXT | st.sampled_from(["\r\n\t", '"', "]]>", "&lt;"]))
def test_a_text_comes_back_as_it_was_from_an_element_and_from_an_attribute(text: str) -> None:
    element = etree.fromstring(f'<a b="{lexical.escape_attribute(text)}">{lexical.escape(text)}</a>')

    assert element.get("b") == text
    assert (element.text or "") == text


@given(st.floats())
def test_a_number_is_written_as_xml_schema_spells_it_and_comes_back(value: float) -> None:
    text = lexical.write_float(value)

    assert etree.XMLSchema(DOUBLE).validate(etree.fromstring(f"<a>{text}</a>"))
    assert repr(float(text)) == repr(value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_written_as_xml_schema_spells_it_and_comes_back(value: Decimal) -> None:
    assume(abs(value.adjusted()) < 20 or not value)
    text = lexical.write_decimal(value)

    assert etree.XMLSchema(DECIMAL).validate(etree.fromstring(f"<a>{text}</a>"))
    assert lexical.read_decimal(text) == value


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")])
def test_what_no_decimal_can_say_is_not_written(value: Decimal) -> None:
    with pytest.raises(ValueError, match="cannot be written as a decimal"):
        lexical.write_decimal(value)


@pytest.mark.parametrize("text", ["TRUE", "", "yes", None, "2"])
def test_what_is_no_boolean_is_refused(text: str | None) -> None:
    with pytest.raises(ValueError, match="is no boolean"):
        lexical.read_bool(text)


def schema_of(simple: str) -> etree._ElementTree:
    text = (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:{simple}"/></xs:schema>'
    )
    return etree.ElementTree(etree.fromstring(text))


DOUBLE = schema_of("double")
DECIMAL = schema_of("decimal")
