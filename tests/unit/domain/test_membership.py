"""Who is a member of a group, and who is meant."""

from __future__ import annotations

import pytest

from dermsbus.domain.membership import check_listed, joined, left
from dermsbus.domain.model import EndDevice
from dermsbus.errors import IDKind, IncompleteRequest, MemberNotFound, ObjectID, RuleViolation
from tests.unit.domain.builders import device, devices, name, names

GROUP = ObjectID(value="GA", kind=IDKind.NAME, object_type="DERGroup")


def test_members_join_at_the_end_in_the_order_listed() -> None:
    assert joined(devices("D1", "D2"), devices("D4", "D3"), GROUP) == devices("D1", "D2", "D4", "D3")


def test_a_member_that_joins_again_keeps_its_place_and_its_names() -> None:
    members = (device("D1", "inverter 1"), device("D2"))

    assert joined(members, devices("D1"), GROUP) == members


def test_a_member_told_by_its_mrid_takes_the_listed_names_instead_of_its_own() -> None:
    members = (device("D1", "old"), device("D2"))

    assert joined(members, (device("D1", "new"),), GROUP) == (device("D1", "new"), device("D2"))


def test_a_member_told_by_its_name_keeps_its_mrid_and_its_other_names() -> None:
    members = (device("D1", "a", "b"), device("D2"))

    assert joined(members, (device(None, "b", "c"),), GROUP) == (device("D1", "a", "b", "c"), device("D2"))


def test_a_bare_name_does_not_take_the_name_type_away() -> None:
    members = (EndDevice(names=(name("a", "GIS"),)),)

    assert joined(members, (device(None, "a"),), GROUP) == members


def test_a_member_known_by_name_only_takes_the_mrid_that_comes_with_that_name() -> None:
    members = (device(None, "a", "other"), device("D2"))

    assert joined(members, (device("D1", "a"),), GROUP) == (device("D1", "a", "other"), device("D2"))


def test_two_mrids_that_differ_are_two_devices_though_a_name_is_the_same() -> None:
    assert joined((device("D1", "a"),), (device("D2", "a"),), GROUP) == (device("D1", "a"), device("D2", "a"))


def test_the_mrid_counts_more_than_a_name() -> None:
    members = (device("D1", "a"), device(None, "b"))

    assert left(members, (device("D1", "b"),), GROUP) == (device(None, "b"),)


def test_members_leave_by_mrid_or_name_and_the_others_keep_their_order() -> None:
    members = (device("D1"), device("D2", "two"), device(None, "three"), device("D4"))

    assert left(members, (device(None, "two"), device(None, "three")), GROUP) == devices("D1", "D4")
    assert left(members, devices("D4", "D1"), GROUP) == members[1:3]


def test_a_device_that_is_no_member_cannot_leave_and_is_named_with_the_group() -> None:
    with pytest.raises(MemberNotFound) as refusal:
        left(devices("D1", "D2"), devices("D1", "D9", "D8"), GROUP)

    assert refusal.value.code == "2.29"
    assert refusal.value.object_id == ObjectID(value="D9", kind=IDKind.UUID, object_type="EndDevice")
    assert refusal.value.related_id == GROUP
    assert "'D9' (and 1 more of those listed) is not a member of DERGroup 'GA'" in refusal.value.details


def test_a_device_that_is_no_member_is_passed_over_where_that_is_ok() -> None:
    assert left(devices("D1", "D2"), devices("D9", "D1"), GROUP, missing_is_ok=True) == devices("D2")


def test_a_name_of_several_members_tells_neither() -> None:
    members = (device("D1", "a"), device("D2", "a"))

    with pytest.raises(MemberNotFound, match="those of 2 members of DERGroup 'GA': state its mRID"):
        left(members, (device(None, "a"),), GROUP)


@pytest.mark.parametrize(
    "listed",
    [
        devices("D1", "D1"),
        (device(None, "a"), device(None, "b", "a")),
        (device("D1", "a"), device(None, "a")),
        (device(None, "a"), device("D1", "a")),
    ],
)
def test_a_device_listed_twice_is_refused(listed: tuple[EndDevice, ...]) -> None:
    with pytest.raises(RuleViolation, match="is listed twice for DERGroup 'GA'") as refusal:
        check_listed(listed, GROUP)

    assert refusal.value.code == "6.1"
    assert refusal.value.object_id == GROUP


def test_two_devices_may_share_a_name_if_both_have_an_mrid() -> None:
    check_listed((device("D1", "a"), device("D2", "a"), device(None, "b", "b")), GROUP)


def test_one_member_listed_by_mrid_and_by_another_name_is_listed_twice() -> None:
    members = (device("D1", "a"), device("D2"))

    with pytest.raises(RuleViolation, match="'a' is listed twice"):
        left(members, (device("D1"), device(None, "a")), GROUP)


def test_a_device_without_mrid_and_names_is_refused_by_its_number() -> None:
    with pytest.raises(IncompleteRequest, match="EndDevice number 2 of DERGroup 'GA'") as refusal:
        joined((), (device("D1"), device()), GROUP)

    assert refusal.value.code == "5.8"


def test_a_change_of_one_member_leaves_the_others_the_same_objects() -> None:
    members = tuple(device(f"D{number}", f"n{number}") for number in range(1000))

    after = joined(members, (EndDevice(mrid="D500", names=names("n500")),), GROUP)

    assert all(before is now for before, now in zip(members, after, strict=True))
