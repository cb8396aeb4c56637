"""The generated classes are current, and hold every message without loss."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

from dermsbus_generated import (
    der_group_dispatches,
    der_groups,
    message,
)
from dermsbus_profiles import PROFILES, schema_files

ROOT = Path(__file__).parents[3]
GENERATOR = ROOT / "generated" / "generate.py"
SAMPLES = Path(__file__).parent / "samples"
ALL_SAMPLES = sorted(SAMPLES.rglob("*.xml"))

Tree = tuple[str, dict[str, str], str, list["Tree"]]


def module_of(schema: str) -> ModuleType:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=DER)(?=[A-Z])", "_", Path(schema).stem).lower()
    return import_module(f"dermsbus_generated.{words}")


def tree(element: etree._Element) -> Tree:
    """What an element says, without prefixes, comments and indentation."""
    children = [tree(child) for child in element.iterchildren(tag=etree.Element)]
    return str(element.tag), {str(k): str(v) for k, v in element.attrib.items()}, (element.text or "").strip(), children


def run_generator(*arguments: str, generator: Path = GENERATOR) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(generator), *arguments], capture_output=True, text=True, check=False)


def test_the_committed_classes_are_what_the_generator_makes() -> None:
    run = run_generator("--check")
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("schema", sorted({Path(path).name for path in schema_files()}))
def test_every_schema_has_a_module_with_a_class_per_global_element(schema: str) -> None:
    module = module_of(schema)
    root = etree.fromstring(next(content for path, content in schema_files().items() if Path(path).name == schema))
    for element in root.findall("{*}element"):
        assert dataclasses.is_dataclass(getattr(module, element.get("name", "")))


@pytest.mark.parametrize("sample", ALL_SAMPLES, ids=lambda sample: f"{sample.parent.name}-{sample.stem}")
def test_a_message_read_and_written_again_says_the_same(sample: Path) -> None:
    original = etree.parse(sample).getroot()
    name = etree.QName(original)
    wrappers = {profile.wrapper_namespace: f"{profile.noun}Message" for profile in PROFILES.values()}
    bound = getattr(module_of(wrappers.get(name.namespace or "", "Message")), name.localname)
    strict = ParserConfig(
        fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True
    )
    value = XmlParser(config=strict).from_bytes(sample.read_bytes(), bound)
    assert isinstance(value, bound)
    assert tree(etree.fromstring(XmlSerializer().render(value).encode())) == tree(original)


def test_fields_have_the_names_the_project_uses() -> None:
    assert field_names(der_groups.EndDeviceGroup) == [
        "mrid",
        "description",
        "der_function",
        "end_devices",
        "names",
        "version",
    ]
    assert field_names(der_group_dispatches.DERCurveData) == ["interval_number", "nominal_y_value"]
    assert field_names(der_group_dispatches.DERMonitorableParameter)[-1] == "dispatch_schedule"
    assert {"message_id", "correlation_id"} <= set(field_names(message.HeaderType))


def field_names(generated: type) -> list[str]:
    assert dataclasses.is_dataclass(generated)
    return [field.name for field in dataclasses.fields(generated)]


def test_literals_that_differ_by_case_alone_stay_apart() -> None:
    assert der_group_dispatches.UnitMultiplier.M.value == "M"
    assert der_group_dispatches.UnitMultiplier.m.value == "m"
    assert [unit.name for unit in der_group_dispatches.TimeIntervalKind] == ["D", "M", "Y", "h", "m", "s"]
    assert len(der_group_dispatches.UnitMultiplier) == 21


def test_values_are_immutable_and_lists_are_tuples() -> None:
    group = der_groups.EndDeviceGroup(mrid="G-A", names=(der_groups.Name(name="GA"),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        group.mrid = "G-B"  # type: ignore[misc]  # that it is refused is the point
    assert group.end_devices == ()
    assert not hasattr(group, "__dict__")


def test_one_class_serves_both_variants() -> None:
    assert der_groups.EndDeviceGroup(mrid="G-A").der_function is None
    assert der_group_dispatches.DERGroupDispatch(mrid="D-1").end_device_group is None


def test_every_payload_has_name_types_of_its_own() -> None:
    name_types = {module_of(noun).Name for noun, profile in PROFILES.items() if profile.payload_namespace}
    assert len(name_types) == 9


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the generator, its input and its output, to be spoiled; returns the generator."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "generated", tmp_path / "generated", ignore=ignored)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles", ignore=ignored)
    return tmp_path / "generated" / "generate.py"


def test_an_edited_class_a_missing_module_and_a_stray_one_are_reported_and_repaired(copy: Path) -> None:
    package = copy.parent / "dermsbus_generated"
    edited = package / "der_groups.py"
    edited.write_text(edited.read_text(encoding="utf-8").replace("mrid", "m_rid"), encoding="utf-8")
    package.joinpath("message.py").unlink()
    package.joinpath("stray.py").touch()

    run = run_generator("--check", generator=copy)
    assert run.returncode == 1
    assert "+    mrid: None | str" in run.stdout
    assert "not current in der_groups.py, message.py, stray.py: run `make generate`" in run.stdout

    assert run_generator(generator=copy).returncode == 0
    assert run_generator("--check", generator=copy).returncode == 0


def test_a_changed_schema_makes_the_classes_stale(copy: Path) -> None:
    schema = copy.parents[1] / "profiles" / "dermsbus_profiles" / "unconstrained" / "DERGroups.xsd"
    schema.write_text(schema.read_text(encoding="utf-8").replace('"description"', '"remark"'), encoding="utf-8")
    assert run_generator("--check", generator=copy).returncode == 1
