"""The namespaces, and the year in them."""

from __future__ import annotations

import re

import pytest

from dermsbus_profiles import (
    MESSAGE_SCHEMA,
    PROFILES,
    YEAR,
    Variant,
    payload_namespace,
    profiles,
    schema_files,
    wrapper_namespace,
)


def test_a_payload_namespace_ends_in_a_number_sign_and_a_wrapper_namespace_does_not() -> None:
    assert payload_namespace("DERGroups") == "http://iec.ch/TC57/2017/DERGroups#"
    assert wrapper_namespace("DERGroups") == "http://iec.ch/TC57/2017/DERGroupsMessage"
    assert wrapper_namespace("DERGroupsOperationSet") == "http://iec.ch/TC57/2017/DERGroupsOperationSetMessage"


@pytest.mark.parametrize("noun", ["EndDeviceControls", "EndDeviceEvents"])
def test_the_end_device_nouns_have_a_2011_payload_in_a_2017_wrapper(noun: str) -> None:
    assert PROFILES[noun].payload_namespace == f"http://iec.ch/TC57/2011/{noun}#"
    assert PROFILES[noun].wrapper_namespace == f"http://iec.ch/TC57/2017/{noun}Message"


def test_another_year_moves_what_has_2017_and_leaves_what_has_2011() -> None:
    table = profiles(2020)
    assert table["DERGroupDispatches"].payload_namespace == "http://iec.ch/TC57/2020/DERGroupDispatches#"
    assert table["EndDeviceControls"].payload_namespace == "http://iec.ch/TC57/2011/EndDeviceControls#"
    assert table["EndDeviceControls"].wrapper_namespace == "http://iec.ch/TC57/2020/EndDeviceControlsMessage"


@pytest.mark.parametrize("year", [2011, 2020])
def test_with_another_year_every_schema_has_the_namespaces_of_the_table(year: int) -> None:
    files = schema_files(year)
    assert files.keys() == schema_files().keys()
    for profile in profiles(year).values():
        for variant in Variant:
            assert f'targetNamespace="{profile.wrapper_namespace}"'.encode() in files[profile.wrapper_schema(variant)]
            if payload := profile.payload_schema(variant):
                assert f'targetNamespace="{profile.payload_namespace}"'.encode() in files[payload]


def test_with_another_year_nothing_of_the_written_year_is_left() -> None:
    assert not [path for path, content in schema_files(2020).items() if b"/2017/" in content]


def test_the_year_of_the_files_gives_the_files_as_they_are() -> None:
    years = {int(year) for content in schema_files().values() for year in re.findall(rb"TC57/(\d+)/", content)}
    assert years == {YEAR, 2011}
    assert b"2017" not in schema_files()[MESSAGE_SCHEMA]


@pytest.mark.parametrize("year", [0, 17, -2017, 20170])
def test_a_year_without_four_digits_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="four digits"):
        schema_files(year)
    with pytest.raises(ValueError, match="four digits"):
        profiles(year)


def test_the_table_and_the_files_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PROFILES["DERGroups"] = PROFILES["DERGroupQueries"]  # type: ignore[index]  # that it is refused is the point
    with pytest.raises(TypeError):
        schema_files()[MESSAGE_SCHEMA] = b""  # type: ignore[index]  # that it is refused is the point


def test_a_noun_with_one_variant_gives_the_same_files_for_both() -> None:
    profile = PROFILES["EndDeviceControls"]
    assert {profile.payload_schema(variant) for variant in Variant} == {"EndDeviceControls.xsd"}
    assert PROFILES["DERGroupsOperationSet"].payload_schema(Variant.CONSTRAINED) is None
