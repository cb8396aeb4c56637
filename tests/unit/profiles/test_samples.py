"""What the schemas accept and refuse, on whole messages.

`samples/constrained` and `samples/unconstrained` hold typed messages by the variant they need, `samples/generic` those
of the message namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from dermsbus_profiles import MESSAGE_NAMESPACE, MESSAGE_SCHEMA, PROFILES, Profile, Variant, schema_files

SAMPLES = Path(__file__).parent / "samples"
GENERIC = sorted(SAMPLES.glob("generic/*.xml"))
TYPED = [(sample, variant) for variant in Variant for sample in sorted(SAMPLES.glob(f"{variant}/*.xml"))]

Validate = Callable[[str, bytes], bool]


@pytest.fixture(scope="module", params=["lxml", "xmlschema"])
def accepts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Validate:
    """Whether the schema at a path accepts a document, by each of two independent validators."""
    folder = unpack(tmp_path_factory.mktemp("schemas"))
    loaded: dict[str, etree.XMLSchema | xmlschema.XMLSchema] = {}

    def validate(path: str, document: bytes) -> bool:
        if path not in loaded:
            lxml = request.param == "lxml"
            loaded[path] = etree.XMLSchema(file=folder / path) if lxml else xmlschema.XMLSchema(folder / path)
        chosen = loaded[path]
        if isinstance(chosen, etree.XMLSchema):
            return chosen.validate(etree.fromstring(document))
        return chosen.is_valid(document)

    return validate


def unpack(folder: Path, year: int = 2017) -> Path:
    for path, content in schema_files(year).items():
        target = folder / path
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    return folder


def profile_of(document: bytes) -> Profile:
    namespace = etree.QName(etree.fromstring(document)).namespace
    return next(one for one in PROFILES.values() if one.wrapper_namespace == namespace)


def stem(value: object) -> str:
    return value.stem if isinstance(value, Path) else str(value)


@pytest.mark.parametrize("year", [2017, 2011, 2020])
@pytest.mark.parametrize("path", schema_files())
def test_every_schema_compiles_with_both_validators(path: str, year: int, tmp_path: Path) -> None:
    folder = unpack(tmp_path, year)
    etree.XMLSchema(file=folder / path)
    xmlschema.XMLSchema(folder / path)


@pytest.mark.parametrize(("sample", "variant"), TYPED, ids=stem)
def test_a_typed_message_is_accepted_by_the_variant_it_needs(accepts: Validate, sample: Path, variant: Variant) -> None:
    document = sample.read_bytes()
    assert accepts(profile_of(document).wrapper_schema(variant), document)


@pytest.mark.parametrize(("sample", "variant"), TYPED, ids=stem)
def test_the_constrained_variant_refuses_what_only_points_at_an_object(
    accepts: Validate, sample: Path, variant: Variant
) -> None:
    document = sample.read_bytes()
    profile = profile_of(document)
    whole = variant is Variant.CONSTRAINED or not profile.has_variants
    assert accepts(profile.wrapper_schema(Variant.CONSTRAINED), document) is whole


@pytest.mark.parametrize(("sample", "variant"), TYPED, ids=stem)
def test_the_unconstrained_variant_accepts_all_that_the_constrained_one_does(
    accepts: Validate, sample: Path, variant: Variant
) -> None:
    document = sample.read_bytes()
    assert accepts(profile_of(document).wrapper_schema(Variant.UNCONSTRAINED), document)


@pytest.mark.parametrize("sample", GENERIC, ids=stem)
def test_a_generic_message_is_accepted(accepts: Validate, sample: Path) -> None:
    assert accepts(MESSAGE_SCHEMA, sample.read_bytes())


def test_there_is_a_sample_of_every_profile() -> None:
    nouns = {profile_of(sample.read_bytes()).noun for sample, _ in TYPED}
    carried = {etree.QName(one).localname for sample, _ in TYPED for one in etree.parse(sample).iter(etree.Element)}
    assert nouns | carried >= PROFILES.keys()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"<g:mRID>G-A</g:mRID>\n        <g:description>Feeder 7 west</g:description>", b"<g:description/><g:mRID/>"),
        (b"<g:voltWattCurveFunction>false</g:voltWattCurveFunction>", b""),
        (b"<g:major>1</g:major>", b"<g:major>one</g:major>"),
        (b"<m:Verb>create</m:Verb>", b"<m:Verb>CREATE</m:Verb>"),
        (b"<m:Noun>DERGroups</m:Noun>", b""),
        (b"http://iec.ch/TC57/2017/DERGroups#", b"http://iec.ch/TC57/2017/DERGroups"),
        (b"http://iec.ch/TC57/2017/DERGroupsMessage", b"http://iec.ch/TC57/2017/DERGroupsMessage#"),
        (b"CreateDERGroups", b"GetDERGroups"),
    ],
    ids=[
        "elements out of order",
        "one of the nine functions missing",
        "text for a number",
        "verb in capitals",
        "no noun",
        "payload namespace without #",
        "wrapper namespace with #",
        "a root that does not exist",
    ],
)
def test_a_create_that_is_wrong_in_one_place_is_refused(accepts: Validate, right: bytes, wrong: bytes) -> None:
    document = SAMPLES.joinpath("constrained", "CreateDERGroups.xml").read_bytes()
    assert right in document
    assert not accepts("constrained/DERGroupsMessage.xsd", document.replace(right, wrong))


@pytest.mark.parametrize(("text", "valid"), [("m:code", True), ("/m:Reply/m:Error[1]", False)])
def test_the_xpath_of_an_error_is_a_qualified_name_and_no_path(accepts: Validate, text: str, valid: bool) -> None:
    document = SAMPLES.joinpath("generic", "FaultMessage.xml").read_bytes()
    place = b"</code>"
    located = document.replace(place, place + f'<xpath xmlns:m="{MESSAGE_NAMESPACE}">{text}</xpath>'.encode())
    assert accepts(MESSAGE_SCHEMA, located) is valid


def test_a_payload_without_namespace_is_refused(accepts: Validate) -> None:
    document = SAMPLES.joinpath("generic", "RequestMessage.xml").read_bytes()
    bare = document.replace(b'<DERGroups xmlns="http://iec.ch/TC57/2017/DERGroups#">', b'<DERGroups xmlns="">')
    assert bare != document
    assert not accepts(MESSAGE_SCHEMA, bare)


@pytest.mark.parametrize("second", ["<Compressed/>", "<OperationSet/>", "<ID>G-A</ID>"])
def test_a_payload_has_one_branch_of_its_choice_for_a_validator_that_checks_it(second: str) -> None:
    """Only for xmlschema: libxml2 lets both branches pass, which is why the codec checks it itself."""
    document = SAMPLES.joinpath("generic", "RequestMessage.xml").read_bytes()
    both = document.replace(b"<Format>", f"{second}<Format>".encode())
    validator = xmlschema.XMLSchema(schema_files()[MESSAGE_SCHEMA])
    assert validator.is_valid(document)
    assert not validator.is_valid(both)


def test_an_operation_carries_at_most_one_object(accepts: Validate) -> None:
    document = SAMPLES.joinpath("generic", "RequestMessage-execute.xml").read_bytes()
    twice = document.replace(b"</Operation>", b'<DERGroups xmlns="http://iec.ch/TC57/2017/DERGroups#"/></Operation>')
    assert not accepts(MESSAGE_SCHEMA, twice)


def test_a_device_control_has_at_most_one_of_its_three_displays(accepts: Validate) -> None:
    document = SAMPLES.joinpath("constrained", "CreateEndDeviceControls.xml").read_bytes()
    place = b"<c:EndDeviceControlType ref"
    assert accepts("EndDeviceControlsMessage.xsd", document.replace(place, b"<c:PanDisplay/>" + place))
    assert not accepts(
        "EndDeviceControlsMessage.xsd", document.replace(place, b"<c:PanDisplay/><c:PanPricing/>" + place)
    )


def test_with_another_year_the_messages_of_that_year_are_accepted_and_those_of_2017_refused(tmp_path: Path) -> None:
    document = SAMPLES.joinpath("constrained", "CreateDERGroups.xml").read_bytes()
    validator = etree.XMLSchema(file=unpack(tmp_path, 2020) / "constrained" / "DERGroupsMessage.xsd")
    assert validator.validate(etree.fromstring(document.replace(b"/2017/", b"/2020/")))
    assert not validator.validate(etree.fromstring(document))
