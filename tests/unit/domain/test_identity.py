"""How groups and devices are told apart."""

from __future__ import annotations

import pytest

from dermsbus.domain.identity import NameIndex, device_id, group_id, merged_names, quoted, stated, stated_reference
from dermsbus.domain.model import EndDeviceGroup, GroupReference, Version
from dermsbus.errors import IDKind, ObjectID
from tests.unit.domain.builders import device, group, name, names, reference, version


def test_an_object_id_repeats_the_mrid_where_one_is_stated() -> None:
    assert group_id(group("G-A", "GA")) == ObjectID(value="G-A", kind=IDKind.UUID, object_type="DERGroup")
    assert device_id(device("DEV-1", "d1")) == ObjectID(value="DEV-1", kind=IDKind.UUID, object_type="EndDevice")


def test_an_object_id_repeats_the_first_name_where_no_mrid_is_stated() -> None:
    assert group_id(reference(None, "GA", "GB")) == ObjectID(value="GA", kind=IDKind.NAME, object_type="DERGroup")


def test_what_has_neither_mrid_nor_names_has_no_object_id() -> None:
    assert group_id(EndDeviceGroup()) is None


@pytest.mark.parametrize("blank", ["", " ", "\n\t "])
def test_blank_mrids_and_names_count_as_missing(blank: str) -> None:
    given = EndDeviceGroup(mrid=blank, names=names(blank, "GA"), end_devices=(device(blank, blank), device("DEV-1")))

    assert stated(given) == EndDeviceGroup(names=names("GA"), end_devices=(device(), device("DEV-1")))
    assert stated_reference(GroupReference(mrid=blank, names=names(blank))) == GroupReference()


def test_an_mrid_is_kept_to_the_letter() -> None:
    assert stated(group(" G-a ")).mrid == " G-a "


def test_a_version_that_says_nothing_counts_as_missing() -> None:
    assert stated(EndDeviceGroup(version=Version())).version is None
    assert stated(EndDeviceGroup(version=version(1))).version == version(1)


def test_a_long_or_unprintable_value_is_cut_and_escaped_in_details() -> None:
    assert quoted("a\nb") == r"'a\nb'"
    assert quoted("x" * 1000) == "'" + "x" * 64 + "…'"


def test_a_bare_name_says_nothing_new_of_a_name_that_is_there() -> None:
    present = (name("GA", "SCADA"), name("GB"))

    assert merged_names(present, names("GA", "GB")) == present


def test_a_typed_name_takes_the_place_of_the_bare_one() -> None:
    assert merged_names(names("GA", "GB"), (name("GA", "SCADA"),)) == (name("GA", "SCADA"), name("GB"))


def test_one_text_may_be_a_name_of_two_types() -> None:
    present = (name("GA", "SCADA"),)

    assert merged_names(present, (name("GA", "GIS"), name("GA", "GIS", "utility"))) == (
        name("GA", "SCADA"),
        name("GA", "GIS"),
        name("GA", "GIS", "utility"),
    )


def test_the_same_name_is_kept_once() -> None:
    assert merged_names((), (*names("GA", "GA"), name("GA", "GIS"), name("GA", "GIS"))) == (name("GA", "GIS"),)


def test_an_index_over_another_hides_it_and_does_not_touch_it() -> None:
    below = NameIndex()
    below.move("G-A", (), names("GA"))
    above = NameIndex(below=below)

    above.move("G-A", names("GA"), names("GB"))

    assert (above.bearers("GA"), above.bearers("GB")) == (frozenset(), frozenset({"G-A"}))
    assert (below.bearers("GA"), below.bearers("GB")) == (frozenset({"G-A"}), frozenset())
