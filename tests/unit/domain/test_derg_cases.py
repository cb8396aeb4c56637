"""The DER group cases of the EPRI test script, in its order and on one state, as far as the registry decides them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.registry import Draft, GroupRegistry, Notice
from dermsbus.errors import GroupExists, GroupNotFound, RuleViolation
from tests.unit.domain.builders import (
    devices,
    function,
    group,
    new_group,
    numbered_mrids,
    reference,
    version,
)

EPRI = BEHAVIOURS["epri"]
ALL_FUNCTIONS_OF_2A = function("connect_disconnect", "real_power_dispatch", "voltage_regulation")


def after_1a() -> Draft:
    draft = GroupRegistry(new_mrid=numbered_mrids()).draft()
    draft.create(new_group("M-1", "DG1", members=devices("D1", "D2", "D3")), EPRI)
    return draft


def after_1e() -> Draft:
    draft = after_1a()
    draft.create(new_group("M-2", "DG2", members=devices("D4", "D5")), EPRI)
    draft.create(new_group("M-3", "DG3", members=devices("D6", "D7", "D8", "D9")), EPRI)
    draft.create(new_group(None, "DG4", members=devices("D10", "D11")), EPRI)
    draft.create(new_group(None, "DG6", members=devices("D12")), EPRI)
    return draft


def test_derg_1b_creating_the_same_group_again_is_refused_by_its_mrid() -> None:
    draft = after_1a()

    with pytest.raises(GroupExists) as refusal:
        draft.create(new_group("M-1", "DG1", members=devices("D4")), EPRI)

    object_id = refusal.value.object_id
    assert object_id
    assert (refusal.value.code, object_id.value, object_id.kind, object_id.object_type) == (
        "6.1",
        "M-1",
        "uuid",
        "DERGroup",
    )
    assert draft.find(reference("M-1"), EPRI).end_devices == devices("D1", "D2", "D3")


def test_derg_1d_the_group_without_version_is_refused_and_the_other_stays() -> None:
    draft = after_1a()
    draft.create(new_group(None, "DG4", members=devices("D10", "D11")), EPRI)

    with pytest.raises(RuleViolation) as refusal:
        draft.create(replace(new_group(None, "DG5", members=devices("D12")), version=None), EPRI)

    object_id = refusal.value.object_id
    assert object_id
    assert (refusal.value.code, object_id.value, object_id.kind) == ("6.1", "DG5", "name")
    assert [g.names[0].name for g in draft] == ["DG1", "DG4"]


def test_derg_1e_a_group_without_mrid_is_assigned_one() -> None:
    assert [g.mrid for g in after_1e()] == ["M-1", "M-2", "M-3", "assigned-1", "assigned-2"]


def test_derg_2a_functions_are_changed_by_name_and_the_members_stay() -> None:
    changed = after_1e().change(group(None, "DG1", der_function=ALL_FUNCTIONS_OF_2A), EPRI)

    assert changed.der_function == ALL_FUNCTIONS_OF_2A
    assert changed.end_devices == devices("D1", "D2", "D3")


def test_derg_2b_a_member_is_added_by_mrid_and_the_senders_version_kept() -> None:
    changed = after_1e().change(group("M-2", members=devices("D13"), version=version(1, 1)), EPRI)

    assert changed.end_devices == devices("D4", "D5", "D13")
    assert changed.version == version(1, 1)


def test_derg_3_a_member_is_removed_by_an_operation() -> None:
    after = after_1e().remove_members(group(None, "DG3", members=devices("D7")), EPRI)

    assert after.end_devices == devices("D6", "D8", "D9")


def test_derg_4_and_5_a_deleted_group_is_gone_and_the_others_are_found() -> None:
    draft = after_1e()
    draft.delete(group(None, "DG1"), EPRI)

    found, errors = draft.query((reference(None, "DG2"), reference(None, "DG4")), EPRI)
    assert [g.mrid for g in found] == ["M-2", "assigned-1"]
    assert errors == ()

    found, errors = draft.query((reference(None, "DG1"),), EPRI)
    assert found == ()
    assert isinstance(errors[0], GroupNotFound)
    assert errors[0].code == "99.1"


def test_derg_6_to_9_groups_of_another_system_are_taken_in_changed_and_deleted() -> None:
    draft = after_1e()

    draft.take_in(Notice.CREATED, new_group("M-7", "DG7", members=devices("D20", "D21", "D22")), EPRI)
    draft.take_in(Notice.CREATED, new_group("M-8", "DG8", members=devices("D23", "D24")), EPRI)
    seven = draft.take_in(Notice.CHANGED, group(None, "DG7", der_function=function("ramp_rate_control")), EPRI)
    eight = draft.take_in(
        Notice.MEMBERS_REMOVED, group(None, "DG8", members=devices("D24"), version=version(1, 1)), EPRI
    )
    draft.take_in(Notice.DELETED, group(None, "DG7"), EPRI)

    assert seven
    assert seven.der_function == function("ramp_rate_control")
    assert eight
    assert (eight.end_devices, eight.version) == (devices("D23"), version(1, 1))
    assert draft.get("M-7") is None
    assert draft.get("M-8") == eight
