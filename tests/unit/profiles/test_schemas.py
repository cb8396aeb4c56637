"""The XSDs say what the reference tables say: every row, in its order, and nothing else.

The rows stand in `tables/`, one file per schema. A choice is a row of its own, with its branches below it as
``choice/<element>``; an anonymous type is written as what it holds: its enumeration or its attributes; a wildcard as
its two settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from dermsbus_profiles import (
    MESSAGE_NAMESPACE,
    MESSAGE_SCHEMA,
    NAME_PLATE_NAMESPACE,
    NAME_PLATE_SCHEMA,
    OPERATION_SET_WRAPPER,
    PROFILES,
    Profile,
    Variant,
    WrapperKind,
    schema_files,
)

TABLES = Path(__file__).parent / "tables"
XS = "{http://www.w3.org/2001/XMLSchema}"
Row = tuple[str, ...]  # complex type, element, cardinality, type of the element

OBJECT_VERBS = {
    "Request": ["Create", "Change", "Cancel", "Close", "Delete"],
    "Event": ["Created", "Changed", "Canceled", "Closed", "Deleted"],
}
ENUMERATIONS = {
    "CurveStyle": "constantYValue straightLineYValues",
    "DERParameterKind": "activePower apparentPower decreasingRampRate highFilterBiDirectionalRegulation "
    "highFilterDownRegulation highFilterUpRegulation increasingRampRate lowFilterBiDirectionalRegulation "
    "lowFilterDownRegulation lowFilterUpRegulation reactivePower voltage",
    "DERUnitSymbol": "A Ah As Btu Hz Q Qh V VA VAh VAr VArh VPerVA VPerVAr Vh Vs W WPerA WPers Wh deg degC h min ohm "
    "ohmPerm ohmm onePerHz s therm",
    "FlowDirectionKind": "forward lagging leading net none q1minusQ4 q1plusQ2 q1plusQ3 q1plusQ4 q2minusQ3 q2plusQ3 "
    "q2plusQ4 q3minusQ2 q3plusQ4 quadrant1 quadrant2 quadrant3 quadrant4 reverse total totalByPhase",
    "TimeIntervalKind": "D M Y h m s",
    "UnitMultiplier": "E G M P T Y Z a c d da f h k m micro n none p y z",
    "RandomisationKind": "default end none start startAndEnd",
    "TransmissionModeKind": "anonymous both normal",
    "IDKindType": "name uuid transaction other",
}
COUNTS = {
    "CurveStyle": 2,
    "DERParameterKind": 12,
    "DERUnitSymbol": 30,
    "FlowDirectionKind": 21,
    "TimeIntervalKind": 6,
    "UnitMultiplier": 21,
}
PLAIN_TYPES = {
    "PerCent": "xs:float",
    "Minutes": "xs:float",
    "FloatQuantity": "xs:float",
    "Temperature": "xs:float",
    "Money": "xs:decimal",
    "StringQuantity": "xs:string",
}


def schema(path: str) -> etree._Element:
    return etree.fromstring(schema_files()[path])


def table(name: str, variant: Variant) -> list[Row]:
    """The expected rows; where the file has a cardinality for each variant, that of *variant*."""
    lines = TABLES.joinpath(f"{name}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    column = 3 if variant is Variant.UNCONSTRAINED and len(rows[0]) == 5 else 2
    return [(row[0], row[1], row[column], row[-1]) for row in rows]


def rows_of(root: etree._Element) -> list[Row]:
    """The rows that a schema amounts to."""
    return [
        (named.get("name", ""), *row)
        for named in root.findall(f"{XS}complexType")
        for row in (list(particles(named.find(f"{XS}sequence"), "")) or [("-", "-", "-")])
    ]


def particles(group: etree._Element | None, path: str) -> Iterator[tuple[str, str, str]]:
    assert group is not None
    for particle in group.iterchildren(tag=etree.Element):
        cardinality = f"{particle.get('minOccurs', '1')}..{particle.get('maxOccurs', '1').replace('unbounded', '*')}"
        if particle.tag == f"{XS}choice":
            yield f"{path}choice", cardinality, "-"
            yield from particles(particle, f"{path}choice/")
        elif particle.tag == f"{XS}any":
            yield f"{path}any", cardinality, f"{particle.get('namespace')},{particle.get('processContents')}"
        else:
            yield f"{path}{particle.get('name') or particle.get('ref')}", cardinality, type_of(particle)


def type_of(element: etree._Element) -> str:
    if named := element.get("type"):
        default = f",default={element.get('default')}" if element.get("default") else ""
        return named.removeprefix("m:").removeprefix("tns:") + default
    if element.get("ref"):
        return "ref"
    if values := [entry.get("value", "") for entry in element.iter(f"{XS}enumeration")]:
        return "|".join(values)
    attributes = [*element.iter(f"{XS}attribute"), *element.iter(f"{XS}attributeGroup")]
    return "".join(f"@{one.get('name', one.get('ref', '')).removeprefix('tns:')}" for one in attributes)


def by_type(rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row[1:])
    return grouped


def payloads() -> list[tuple[Profile, Variant]]:
    return [(one, variant) for one in PROFILES.values() if one.payload_namespace for variant in Variant]


def wrappers(*kinds: WrapperKind) -> list[tuple[Profile, Variant]]:
    return [(one, variant) for one in PROFILES.values() if one.kind in kinds for variant in Variant]


def name_of(value: object) -> str:
    return value.noun if isinstance(value, Profile) else str(value)


@pytest.mark.parametrize(("profile", "variant"), payloads(), ids=name_of)
def test_a_payload_schema_has_exactly_the_rows_of_its_table(profile: Profile, variant: Variant) -> None:
    path = profile.payload_schema(variant)
    assert path is not None
    assert by_type(rows_of(schema(path))) == by_type(table(profile.noun, variant))


@pytest.mark.parametrize(("profile", "variant"), payloads(), ids=name_of)
def test_a_payload_schema_has_one_global_element_named_as_the_noun(profile: Profile, variant: Variant) -> None:
    path = profile.payload_schema(variant)
    assert path is not None
    assert roots(schema(path)) == {profile.noun: profile.noun}


def test_the_message_schema_has_exactly_the_rows_of_its_table() -> None:
    assert by_type(rows_of(schema(MESSAGE_SCHEMA))) == by_type(table("Message", Variant.CONSTRAINED))


def test_the_message_schema_declares_the_five_generic_roots() -> None:
    names = ["Message", "RequestMessage", "ResponseMessage", "EventMessage", "FaultMessage"]
    assert roots(schema(MESSAGE_SCHEMA)) == {name: f"{name}Type" for name in names}


def test_an_identifier_may_have_four_attributes_and_needs_none() -> None:
    group = schema(MESSAGE_SCHEMA).find(f"{XS}attributeGroup[@name='IDatts']")
    assert group is not None
    attributes = [(one.get("name"), one.get("type"), one.get("use", "optional")) for one in group]
    assert attributes == [
        ("idType", "xs:string", "optional"),
        ("idAuthority", "xs:string", "optional"),
        ("kind", "tns:IDKindType", "optional"),
        ("objectType", "xs:string", "optional"),
    ]


def roots(root: etree._Element) -> dict[str, str]:
    return {one.get("name", ""): type_of(one) for one in root.findall(f"{XS}element")}


@pytest.mark.parametrize(("profile", "variant"), wrappers(WrapperKind.OBJECT), ids=name_of)
def test_an_object_wrapper_has_its_twelve_roots(profile: Profile, variant: Variant) -> None:
    noun, root = profile.noun, schema(profile.wrapper_schema(variant))
    expected = {f"{verb}{noun}": f"{noun}{part}MessageType" for part, verbs in OBJECT_VERBS.items() for verb in verbs}
    expected |= {f"{noun}{part}Message": f"{noun}{part}MessageType" for part in ("Response", "Fault")}
    assert len(expected) == 12
    assert roots(root) == expected
    payload = ("Payload", "0..1", f"{noun}PayloadType")
    assert by_type(rows_of(root)) == {
        f"{noun}PayloadType": [(f"obj:{noun}", "1..1", "ref"), *payload_tail()],
        f"{noun}RequestMessageType": [header(), ("Request", "0..1", "msg:RequestType"), payload],
        f"{noun}ResponseMessageType": [header(), reply(), payload],
        f"{noun}EventMessageType": [header(), payload],
        f"{noun}FaultMessageType": [reply()],
    }


@pytest.mark.parametrize(("profile", "variant"), wrappers(WrapperKind.QUERY), ids=name_of)
def test_a_query_wrapper_has_its_three_roots_and_carries_the_answers_noun(profile: Profile, variant: Variant) -> None:
    noun, root = profile.noun, schema(profile.wrapper_schema(variant))
    parts = ("Request", "Response", "Fault")
    assert roots(root) == {f"{noun}{part}Message": f"{noun}{part}MessageType" for part in parts}
    payload = ("Payload", "0..1", f"{noun}PayloadType")
    assert by_type(rows_of(root)) == {
        f"{noun}RequestMessageType": [header(), ("Request", "0..1", f"{noun}RequestType")],
        f"{noun}ResponseMessageType": [header(), reply(), payload],
        f"{noun}FaultMessageType": [reply()],
        f"{noun}RequestType": [
            ("StartTime", "0..1", "xs:dateTime"),
            ("EndTime", "0..1", "xs:dateTime"),
            ("Option", "0..*", "msg:OptionType"),
            ("ID", "0..*", "xs:string"),
            (f"query:{noun}", "1..1", "ref"),
            ("any", "0..*", "##other,lax"),
        ],
        f"{noun}ResponseType": [header(), reply(), payload],
        f"{noun}PayloadType": [(f"obj:{profile.answer}", "0..1", "ref"), *payload_tail()],
    }


def test_the_operation_set_wrapper_has_its_four_roots() -> None:
    noun = OPERATION_SET_WRAPPER
    root = schema(PROFILES[noun].wrapper_schema(Variant.UNCONSTRAINED))
    assert roots(root) == {
        f"Execute{noun}": f"{noun}RequestMessageType",
        f"Executed{noun}": f"{noun}EventMessageType",
        f"{noun}ResponseMessage": f"{noun}ResponseMessageType",
        f"{noun}FaultMessage": f"{noun}FaultMessageType",
    }
    payload = ("Payload", "0..1", "DERGroupsPayloadType")
    assert by_type(rows_of(root)) == {
        "DERGroupsPayloadType": payload_tail(),
        f"{noun}RequestMessageType": [header(), ("Request", "0..1", "msg:RequestType"), payload],
        f"{noun}ResponseMessageType": [header(), reply(), payload],
        f"{noun}EventMessageType": [header(), payload],
        f"{noun}FaultMessageType": [reply()],
    }


def header() -> Row:
    return ("Header", "1..1", "msg:HeaderType")


def reply() -> Row:
    return ("Reply", "1..1", "msg:ReplyType")


def payload_tail() -> list[Row]:
    return [
        ("OperationSet", "0..1", "msg:OperationSet"),
        ("Compressed", "0..1", "xs:string"),
        ("Format", "0..1", "xs:string"),
    ]


def test_the_schema_of_name_plates_has_exactly_the_rows_of_its_table() -> None:
    root = schema(NAME_PLATE_SCHEMA)
    assert by_type(rows_of(root)) == by_type(table("DERNamePlates", Variant.CONSTRAINED))
    assert roots(root) == {"DERNamePlates": "DERNamePlates"}
    assert root.get("targetNamespace") == NAME_PLATE_NAMESPACE


@pytest.mark.parametrize("path", [path for path in schema_files() if path != NAME_PLATE_SCHEMA])
def test_every_simple_type_has_all_its_values_and_no_other_facet(path: str) -> None:
    for simple in schema(path).findall(f"{XS}simpleType"):
        name = simple.get("name", "")
        restriction = simple.find(f"{XS}restriction")
        assert restriction is not None
        values = [facet.get("value") for facet in restriction]
        if name in PLAIN_TYPES:
            assert (restriction.get("base"), values) == (PLAIN_TYPES[name], [])
        else:
            assert restriction.get("base") == "xs:string"
            assert values == ENUMERATIONS[name].split()


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_an_enumeration_is_as_long_as_its_table(name: str, count: int) -> None:
    found = [root.findall(f"{XS}simpleType[@name='{name}']//{XS}enumeration") for root in map(schema, schema_files())]
    assert {len(values) for values in found if values} == {count}


@pytest.mark.parametrize("path", schema_files())
def test_every_schema_qualifies_elements_and_not_attributes(path: str) -> None:
    root = schema(path)
    assert root.get("elementFormDefault") == "qualified"
    assert root.get("attributeFormDefault") == "unqualified"


@pytest.mark.parametrize("path", schema_files())
def test_the_envelope_and_the_wrappers_carry_a_version_and_payloads_none(path: str) -> None:
    assert schema(path).get("version") == ("1.0.0" if path.endswith("Message.xsd") else None)


@pytest.mark.parametrize("path", schema_files())
def test_every_schema_says_in_a_sentence_what_it_is_for(path: str) -> None:
    text = schema(path).findtext(f"{XS}annotation/{XS}documentation")
    assert text is not None
    assert text.strip().endswith(".")


@pytest.mark.parametrize(("profile", "variant"), wrappers(*WrapperKind), ids=name_of)
def test_the_table_of_profiles_and_the_files_agree_on_namespaces(profile: Profile, variant: Variant) -> None:
    assert schema(profile.wrapper_schema(variant)).get("targetNamespace") == profile.wrapper_namespace
    if payload := profile.payload_schema(variant):
        assert schema(payload).get("targetNamespace") == profile.payload_namespace
    assert schema(MESSAGE_SCHEMA).get("targetNamespace") == MESSAGE_NAMESPACE


def test_every_schema_file_belongs_to_a_profile_or_is_the_envelope_or_our_extension() -> None:
    known = {one.wrapper_schema(variant) for one in PROFILES.values() for variant in Variant}
    known |= {path for one, variant in payloads() if (path := one.payload_schema(variant))}
    assert schema_files().keys() == known | {MESSAGE_SCHEMA, NAME_PLATE_SCHEMA}


@pytest.mark.parametrize("path", [path for path in schema_files() if "/" in path])
def test_a_wrapper_imports_the_payload_of_its_own_variant(path: str) -> None:
    imports = [one.get("schemaLocation", "") for one in schema(path).findall(f"{XS}import")]
    assert all("/" not in location or location == f"../{MESSAGE_SCHEMA}" for location in imports)
