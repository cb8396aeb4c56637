"""Name plates in replies: what is written is valid and reads back as it was, and costs no one who never heard of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import dermsbus_profiles
from dermsbus.domain.der import AbnormalCategory, NamePlate, NormalCategory
from dermsbus.errors import ObjectID
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    Archetype,
    DERNamePlate,
    Envelope,
    Header,
    Property,
    Refusal,
    Reply,
    Request,
    Result,
    Style,
    Verb,
)
from dermsbus.messages.name_plates import CategorySpelling, are_asked_for
from dermsbus_profiles import MESSAGE_SCHEMA, NAME_PLATE_NAMESPACE, NAME_PLATE_SCHEMA
from tests import builders as xml

SCHEMAS = Path(dermsbus_profiles.__file__).parent
_NP = f"{{{NAME_PLATE_NAMESPACE}}}"

PLAIN = NamePlate(active_power_max_w=5_000.0, apparent_power_max_va=5_500.0)
BATTERY = NamePlate(
    active_power_max_w=5_000.0,
    active_power_charge_max_w=4_500.0,
    apparent_power_max_va=5_500.0,
    reactive_power_injected_max_var=2_000.0,
    reactive_power_absorbed_max_var=1_500.0,
    ac_voltage_nominal_v=400.0,
    ramp_rate_max_w_per_s=250.0,
    energy_capacity_wh=13_500.0,
    charge_efficiency=0.95,
    discharge_efficiency=0.96,
    abnormal_category=AbnormalCategory.III,
    normal_category=NormalCategory.B,
    manufacturer="Maker & Sons",
    model="M <2>",
    serial_number="0042",
    firmware_version="1.10",
)

powers = st.floats(min_value=0, allow_infinity=False, allow_nan=False)
positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False, allow_nan=False)
efficiencies = st.floats(min_value=0, max_value=1, exclude_min=True)
text = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff"))
plates = st.builds(
    NamePlate,
    active_power_max_w=powers,
    active_power_charge_max_w=powers,
    apparent_power_max_va=powers,
    reactive_power_injected_max_var=powers,
    reactive_power_absorbed_max_var=powers,
    ac_voltage_nominal_v=positive,
    ramp_rate_max_w_per_s=st.none() | positive,
    energy_capacity_wh=st.none() | positive,
    charge_efficiency=efficiencies,
    discharge_efficiency=efficiencies,
    abnormal_category=st.none() | st.sampled_from(AbnormalCategory),
    normal_category=st.none() | st.sampled_from(NormalCategory),
    manufacturer=text,
    model=text,
    serial_number=text,
    firmware_version=text,
)


@cache
def schema(file_name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / file_name))


def response(*told: DERNamePlate, style: Style = Style.GENERIC) -> Envelope:
    return Envelope(
        archetype=Archetype.RESPONSE,
        style=style,
        root="DERGroupQueriesResponseMessage" if style is Style.TYPED else "",
        header=Header(verb=Verb.REPLY, noun="DERGroups", message_id="r-1", correlation_id="k-1"),
        reply=Reply(result=Result.OK, ids=(ObjectID(value="a"),), name_plates=told, operation_id=3),
    )


def decoded(body: bytes) -> Envelope:
    message = Codec().decode(body)
    assert isinstance(message, Envelope), message
    return message


def told(body: bytes) -> tuple[DERNamePlate, ...]:
    message = decoded(body)
    assert message.reply is not None
    return message.reply.name_plates


def elements(body: bytes) -> dict[str, str]:
    """The elements of the first name plate, in order."""
    plate = etree.fromstring(body).find(f".//{_NP}DERNamePlate")
    assert plate is not None
    return {etree.QName(each).localname: each.text or "" for each in plate}


@pytest.mark.parametrize("style", Style)
@settings(max_examples=50, deadline=None)
@given(st.lists(st.builds(DERNamePlate, mrid=text, name_plate=plates), min_size=1, max_size=3), st.data())
def test_name_plates_are_written_valid_and_read_back_as_they_were(
    style: Style, given_plates: list[DERNamePlate], data: st.DataObject
) -> None:
    spelling = data.draw(st.sampled_from(CategorySpelling))

    body = Codec(categories=spelling).encode(response(*given_plates, style=style))

    envelope = MESSAGE_SCHEMA if style is Style.GENERIC else "constrained/DERGroupQueriesMessage.xsd"
    root = etree.fromstring(body)
    schema(envelope).validate(root)
    schema(NAME_PLATE_SCHEMA).validate(root.find(f".//{_NP}DERNamePlates"))
    assert told(body) == tuple(given_plates)
    reply = decoded(body).reply
    assert reply is not None
    assert (reply.ids, reply.operation_id) == ((ObjectID(value="a"),), 3), "what stands around it is read as ever"


def test_a_name_plate_is_told_in_si_units_without_multiplier() -> None:
    assert elements(Codec().encode(response(DERNamePlate(mrid="D1", name_plate=BATTERY)))) == {
        "mRID": "D1",
        "abnormalOperatingPerformanceCategory": "III",
        "activePowerChargeMax": "4500.0",
        "activePowerMax": "5000.0",
        "acVoltageNominal": "400.0",
        "apparentPowerMax": "5500.0",
        "chargeEfficiency": "0.95",
        "dischargeEfficiency": "0.96",
        "energyCapacity": "13500.0",
        "manufacturer": "Maker & Sons",
        "model": "M <2>",
        "normalOperatingPerformanceCategory": "B",
        "rampRateMax": "250.0",
        "reactivePowerAbsorbedMax": "1500.0",
        "reactivePowerInjectedMax": "2000.0",
        "serialNumber": "0042",
        "version": "1.10",
    }


def test_what_is_not_known_of_a_device_is_left_out() -> None:
    assert list(elements(Codec().encode(response(DERNamePlate(mrid="D1", name_plate=PLAIN))))) == [
        "mRID",
        "activePowerChargeMax",
        "activePowerMax",
        "acVoltageNominal",
        "apparentPowerMax",
        "reactivePowerAbsorbedMax",
        "reactivePowerInjectedMax",
    ]


@pytest.mark.parametrize(("spelling", "categories"), [("plain", ("III", "B")), ("cat", ("catIII", "catB"))])
def test_categories_are_written_as_configured_and_read_in_both_spellings(
    spelling: str, categories: tuple[str, str]
) -> None:
    body = Codec(categories=CategorySpelling(spelling)).encode(response(DERNamePlate(mrid="D1", name_plate=BATTERY)))

    written = elements(body)
    assert (
        written["abnormalOperatingPerformanceCategory"],
        written["normalOperatingPerformanceCategory"],
    ) == categories
    (plate,) = told(body)
    assert (plate.name_plate.abnormal_category, plate.name_plate.normal_category) == (
        AbnormalCategory.III,
        NormalCategory.B,
    )


def test_a_reply_without_name_plates_has_no_element_for_them() -> None:
    assert NAME_PLATE_NAMESPACE.encode() not in Codec().encode(response())


@pytest.mark.parametrize(
    ("instead", "element"),
    [
        ("<activePowerMax>-1</activePowerMax>", "activePowerMax"),
        ("<activePowerMax>NaN</activePowerMax>", "activePowerMax"),
        ("<activePowerMax>INF</activePowerMax>", "activePowerMax"),
        ("<activePowerMax>5 kW</activePowerMax>", "activePowerMax"),
        ("", "acVoltageNominal"),
        ("<activePowerMax>1</activePowerMax><colour>red</colour>", "colour"),
    ],
)
def test_a_name_plate_that_nobody_could_use_is_refused_with_its_element(instead: str, element: str) -> None:
    body = Codec().encode(response(DERNamePlate(mrid="D1", name_plate=PLAIN)))

    refusal = Codec().decode(body.replace(b"<activePowerMax>5000.0</activePowerMax>", instead.encode()))

    assert isinstance(refusal, Refusal)
    assert refusal.error.code == "1.8"
    assert element in str(refusal.error)
    assert NAME_PLATE_SCHEMA in str(refusal.error)


def test_what_others_put_into_a_reply_is_passed_over() -> None:
    body = Codec().encode(response(DERNamePlate(mrid="D1", name_plate=PLAIN)))
    later = b'<x xmlns="urn:dermsbus:nameplate:2"/><DERNamePlates xmlns="urn:x">any</DERNamePlates>'

    (plate,) = told(body.replace(b"</DERNamePlates>", b"</DERNamePlates>" + later))

    assert plate == DERNamePlate(mrid="D1", name_plate=PLAIN)


def test_the_namespace_of_name_plates_has_no_year() -> None:
    given_year = dermsbus_profiles.schema_files(2020)[NAME_PLATE_SCHEMA]
    assert given_year == dermsbus_profiles.schema_files()[NAME_PLATE_SCHEMA]


@pytest.mark.parametrize(
    ("name", "value", "asks"),
    [
        ("DERNamePlate", "true", True),
        ("DERNamePlate", " 1 ", True),
        ("DERNamePlate", "false", False),
        ("DERNamePlate", "", False),
        ("DERNamePlate", None, False),
        ("derNamePlate", "true", False),
    ],
)
def test_only_an_option_of_that_name_that_is_true_asks_for_name_plates(
    name: str, value: str | None, asks: bool
) -> None:
    other = Property(name="priority", value="true")

    assert are_asked_for(Request(options=(other, Property(name=name, value=value)))) is asks


def test_a_request_without_options_asks_for_no_name_plates() -> None:
    assert not are_asked_for(Request())
    assert not are_asked_for(None)


def test_the_option_is_read_from_a_generic_and_from_a_typed_request() -> None:
    query = xml.der_group_queries(xml.group(name="GA"))
    option = "<name>DERNamePlate</name><value>true</value>"
    generic = xml.generic("get", "DERGroups", request=f"<Option>{option}</Option>{query}")
    typed = xml.typed(
        "DERGroupQueriesRequestMessage",
        "DERGroupQueries",
        "get",
        "DERGroups",
        request=f"<w:Option>{option}</w:Option>{query}",
    )

    assert are_asked_for(decoded(generic).request)
    assert are_asked_for(decoded(typed).request)
