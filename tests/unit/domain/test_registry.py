"""Groups in process: what a request may do to them, and what it is told where it may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS, Behaviour, ChangeMode
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference, Version
from dermsbus.domain.registry import Draft, GroupChange, GroupRegistry, Notice
from dermsbus.errors import (
    GroupAmbiguous,
    GroupExists,
    GroupNotFound,
    IDKind,
    IncompleteRequest,
    MemberNotFound,
    ObjectID,
    RequestError,
    RuleViolation,
)
from tests.unit.domain.builders import (
    device,
    devices,
    function,
    group,
    name,
    names,
    new_group,
    numbered_mrids,
    reference,
    version,
)

DEFAULT = BEHAVIOURS["default"]
EPRI = BEHAVIOURS["epri"]
GRIDAPPSD = BEHAVIOURS["gridappsd"]

A = new_group("G-A", "GA", members=devices("D1", "D2"))
B = new_group("G-B", "GB", members=devices("D3"))


@pytest.fixture
def registry() -> GroupRegistry:
    return GroupRegistry((A, B), new_mrid=numbered_mrids())


@pytest.fixture
def draft(registry: GroupRegistry) -> Draft:
    return registry.draft()


def by_uuid(mrid: str) -> ObjectID:
    return ObjectID(value=mrid, kind=IDKind.UUID, object_type="DERGroup")


def by_name(text: str) -> ObjectID:
    return ObjectID(value=text, kind=IDKind.NAME, object_type="DERGroup")


class TestRegistry:
    def test_groups_come_in_the_order_of_their_creation(self, registry: GroupRegistry) -> None:
        assert list(registry) == [A, B]
        assert len(registry) == 2

    def test_a_group_is_had_by_its_mrid(self, registry: GroupRegistry) -> None:
        assert registry.get("G-A") is A
        assert registry.get("g-a") is None

    def test_two_stored_groups_with_one_mrid_are_refused(self) -> None:
        with pytest.raises(ValueError, match="two groups have the mRID 'G-A'"):
            GroupRegistry((A, A))

    def test_a_stored_group_without_mrid_is_refused(self) -> None:
        with pytest.raises(ValueError, match="has an mRID"):
            GroupRegistry((new_group(None, "GA"),))

    def test_nothing_is_changed_before_a_draft_is_adopted(self, registry: GroupRegistry) -> None:
        draft = registry.draft()
        draft.create(new_group("G-C"), DEFAULT)
        draft.delete(group("G-A"), DEFAULT)

        assert list(registry) == [A, B]

    def test_an_adopted_draft_is_what_the_registry_has_then(self, registry: GroupRegistry) -> None:
        draft = registry.draft()
        draft.create(new_group("G-C", "GC"), DEFAULT)
        draft.change(group("G-B", description="south"), DEFAULT)
        draft.delete(group("G-A"), DEFAULT)

        registry.adopt(draft)

        assert list(registry) == [replace(B, description="south"), new_group("G-C", "GC")]
        after = registry.draft()
        assert after.find(reference(None, "GC"), DEFAULT) == new_group("G-C", "GC")
        with pytest.raises(GroupNotFound):
            after.find(reference(None, "GA"), DEFAULT)
        assert after.create(new_group("G-D", "GA"), DEFAULT).mrid == "G-D"

    def test_a_draft_older_than_the_last_adopted_one_is_refused(self, registry: GroupRegistry) -> None:
        first, second = registry.draft(), registry.draft()
        registry.adopt(first)

        with pytest.raises(ValueError, match="can be adopted only"):
            registry.adopt(second)

    def test_a_draft_of_another_registry_is_refused(self, registry: GroupRegistry) -> None:
        with pytest.raises(ValueError, match="can be adopted only"):
            registry.adopt(GroupRegistry().draft())


class TestFind:
    @pytest.mark.parametrize(
        "told", [reference("G-A"), reference(None, "GA"), reference("G-A", "GA"), group("G-A", members=devices("D9"))]
    )
    def test_a_group_is_found_by_mrid_by_name_and_by_both(
        self, draft: Draft, told: EndDeviceGroup | GroupReference
    ) -> None:
        assert draft.find(told, DEFAULT) is A

    def test_the_name_type_does_not_matter(self) -> None:
        typed = replace(new_group("G-A"), names=(name("GA", "SCADA"),))
        draft = GroupRegistry((typed,)).draft()

        assert draft.find(reference(None, "GA"), DEFAULT) is typed
        assert draft.find(EndDeviceGroup(names=(name("GA", "GIS"),)), DEFAULT) is typed

    def test_all_names_must_be_those_of_one_group(self) -> None:
        two_names = new_group("G-A", "GA", "feeder 7")
        draft = GroupRegistry((two_names, B)).draft()

        assert draft.find(reference(None, "feeder 7", "GA"), DEFAULT) is two_names
        for told in (reference(None, "GA", "GB"), reference(None, "GA", "no such name")):
            with pytest.raises(GroupAmbiguous):
                draft.find(told, DEFAULT)

    @pytest.mark.parametrize("told", [reference("G-A", "GB"), reference("G-A", "NOPE"), reference("NOPE", "GB")])
    def test_mrid_and_names_that_do_not_agree_are_refused(self, draft: Draft, told: EndDeviceGroup) -> None:
        with pytest.raises(GroupAmbiguous, match="do not agree") as refusal:
            draft.find(told, DEFAULT)

        assert refusal.value.code == "2.29"
        assert told.mrid
        assert refusal.value.object_id == by_uuid(told.mrid)

    def test_what_does_not_agree_is_told_one_by_one(self, draft: Draft) -> None:
        with pytest.raises(GroupAmbiguous) as refusal:
            draft.find(reference("NOPE", "GB", "GX"), DEFAULT)

        assert "mRID 'NOPE' is that of no group; name 'GB' is that of DERGroup 'G-B'" in refusal.value.details
        assert "name 'GX' is that of no group" in refusal.value.details

    @pytest.mark.parametrize(
        ("told", "object_id"),
        [(reference("NOPE"), by_uuid("NOPE")), (reference(None, "NOPE"), by_name("NOPE"))],
    )
    def test_an_unknown_group_is_told_as_its_requester_named_it(
        self, draft: Draft, told: EndDeviceGroup, object_id: ObjectID
    ) -> None:
        with pytest.raises(GroupNotFound) as refusal:
            draft.find(told, DEFAULT)

        assert refusal.value.code == "99.1"
        assert refusal.value.object_id == object_id
        assert refusal.value.details == "DERGroup does not exist"  # peers compare this text

    def test_the_code_for_an_unknown_group_is_that_of_the_behaviour(self, draft: Draft) -> None:
        with pytest.raises(GroupNotFound) as refusal:
            draft.find(reference("NOPE"), GRIDAPPSD)

        assert refusal.value.code == "6.1"

    @pytest.mark.parametrize("told", [reference(), reference("", " ")])
    def test_a_reference_without_mrid_and_names_is_incomplete(self, draft: Draft, told: EndDeviceGroup) -> None:
        with pytest.raises(IncompleteRequest) as refusal:
            draft.find(told, DEFAULT)

        assert refusal.value.code == "5.8"

    def test_a_name_of_several_groups_needs_the_mrid_beside_it(self) -> None:
        one, other = new_group("G-1", "same"), new_group("G-2", "same")
        draft = GroupRegistry((one, other)).draft()

        assert draft.find(reference("G-2", "same"), GRIDAPPSD) is other
        with pytest.raises(GroupAmbiguous, match="2 groups are named 'same': state the mRID"):
            draft.find(reference(None, "same"), GRIDAPPSD)


class TestCreate:
    def test_a_new_group_is_kept_as_it_was_stated(self, draft: Draft) -> None:
        stated = replace(new_group("G-C", "GC", "feeder 7", members=(device("D9", "nine"),)), description="")

        assert draft.create(stated, DEFAULT) == stated
        assert draft.get("G-C") == stated

    def test_a_group_without_mrid_is_assigned_one(self, draft: Draft) -> None:
        created = draft.create(new_group(None, "GC"), DEFAULT)

        assert created == new_group("assigned-1", "GC")
        assert draft.find(reference(None, "GC"), DEFAULT) == created

    def test_a_group_without_mrid_and_names_may_be_created(self, draft: Draft) -> None:
        assert draft.create(new_group(""), DEFAULT).mrid == "assigned-1"

    def test_an_assigned_mrid_is_never_that_of_another_group(self) -> None:
        draft = GroupRegistry((new_group("assigned-1"),), new_mrid=numbered_mrids()).draft()

        assert draft.create(new_group(), DEFAULT).mrid == "assigned-2"

    def test_by_default_an_assigned_mrid_is_a_random_uuid(self) -> None:
        draft = GroupRegistry().draft()

        first, second = draft.create(new_group(), DEFAULT).mrid, draft.create(new_group(), DEFAULT).mrid

        assert first != second
        assert first is not None
        assert first[14] == "4"

    def test_an_mrid_that_exists_is_refused(self, draft: Draft) -> None:
        with pytest.raises(GroupExists) as refusal:
            draft.create(new_group("G-A", "GA"), DEFAULT)

        assert refusal.value.code == "6.1"
        assert refusal.value.reason == "Request cancelled per business rule"
        assert refusal.value.object_id == by_uuid("G-A")

    def test_a_uuid_that_exists_in_the_other_case_is_refused(self) -> None:
        uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
        draft = GroupRegistry((new_group(uuid),)).draft()

        with pytest.raises(GroupExists):
            draft.create(new_group(uuid.upper()), DEFAULT)

        assert draft.create(new_group("a-mrid-that-is-no-uuid"), DEFAULT)
        assert draft.create(new_group("A-MRID-THAT-IS-NO-UUID"), DEFAULT)

    def test_a_name_that_exists_is_refused_and_its_bearer_told(self, draft: Draft) -> None:
        with pytest.raises(GroupExists, match="'GA' is the name of DERGroup 'G-A' already") as refusal:
            draft.create(new_group(None, "GA"), DEFAULT)

        assert refusal.value.object_id == by_name("GA")

    def test_a_name_that_exists_is_refused_whatever_its_type(self, draft: Draft) -> None:
        with pytest.raises(GroupExists):
            draft.create(replace(new_group("G-C"), names=(name("GA", "GIS"),)), DEFAULT)

    def test_a_name_that_exists_may_be_taken_where_names_are_not_unique(self, draft: Draft) -> None:
        assert draft.create(new_group("G-C", "GA"), GRIDAPPSD).mrid == "G-C"

    def test_of_two_groups_of_one_message_that_clash_the_second_is_refused(self, draft: Draft) -> None:
        draft.create(new_group("G-C", "GC"), DEFAULT)

        with pytest.raises(GroupExists):
            draft.create(new_group("G-D", "GC"), DEFAULT)

    def test_a_version_may_be_required(self, draft: Draft) -> None:
        for unversioned in (replace(new_group(None, "DG5"), version=v) for v in (None, Version())):
            with pytest.raises(RuleViolation, match="'DG5' states no version") as refusal:
                draft.create(unversioned, EPRI)

            assert (refusal.value.code, refusal.value.object_id) == ("6.1", by_name("DG5"))
            assert refusal.value.reason == "Request cancelled per business rule"

    def test_a_version_is_not_required_by_default(self, draft: Draft) -> None:
        assert draft.create(replace(new_group("G-C"), version=None), DEFAULT).version is None

    def test_the_functions_are_required(self, draft: Draft) -> None:
        with pytest.raises(IncompleteRequest, match="states no DERFunction") as refusal:
            draft.create(group("G-C"), DEFAULT)

        assert refusal.value.code == "5.8"

    def test_a_group_may_have_no_members(self, draft: Draft) -> None:
        assert draft.create(new_group("G-C"), DEFAULT).end_devices == ()

    @pytest.mark.parametrize(
        ("members", "error"), [(devices("D1", "D1"), RuleViolation), ((device("", " "),), IncompleteRequest)]
    )
    def test_a_refused_member_refuses_the_group(
        self, draft: Draft, members: tuple[EndDevice, ...], error: type[RequestError]
    ) -> None:
        with pytest.raises(error):
            draft.create(replace(new_group("G-C"), end_devices=members), DEFAULT)

        assert draft.changes == ()


class TestChange:
    def test_functions_are_replaced_and_members_stay(self, draft: Draft) -> None:
        granted = function("real_power_dispatch", "voltage_regulation")

        changed = draft.change(group(None, "GA", der_function=granted), DEFAULT)

        assert changed == replace(A, der_function=granted)

    def test_members_are_added_and_the_senders_version_is_kept(self, draft: Draft) -> None:
        changed = draft.change(group("G-A", members=devices("D3"), version=version(1, 1)), DEFAULT)

        assert changed == replace(A, end_devices=devices("D1", "D2", "D3"), version=version(1, 1))

    def test_a_version_is_never_raised_by_us(self, draft: Draft) -> None:
        assert draft.change(group("G-A", members=devices("D3")), DEFAULT).version == A.version

    @pytest.mark.parametrize("described", ["north", ""])
    def test_a_stated_description_replaces(self, draft: Draft, described: str) -> None:
        assert draft.change(group("G-A", description=described), DEFAULT).description == described

    def test_a_description_that_is_not_stated_stays(self) -> None:
        draft = GroupRegistry((replace(A, description="north"),)).draft()

        assert draft.change(group("G-A", version=version(2)), DEFAULT).description == "north"

    def test_in_replace_mode_the_listed_members_are_all_members(self, draft: Draft) -> None:
        changed = draft.change(group("G-A", members=devices("D9", "D1")), GRIDAPPSD)

        assert changed.end_devices == devices("D9", "D1")

    def test_in_replace_mode_no_listed_members_leave_the_members_alone(self, draft: Draft) -> None:
        assert draft.change(group("G-A", version=version(2)), GRIDAPPSD).end_devices == A.end_devices

    @pytest.mark.parametrize("mode", ChangeMode)
    def test_a_member_listed_twice_is_refused_in_both_modes(self, draft: Draft, mode: ChangeMode) -> None:
        with pytest.raises(RuleViolation):
            draft.change(group("G-A", members=devices("D9", "D9")), Behaviour(change_mode=mode))

    def test_an_unknown_group_is_refused(self, draft: Draft) -> None:
        with pytest.raises(GroupNotFound) as refusal:
            draft.change(group(None, "NOPE", der_function=function()), DEFAULT)

        assert refusal.value.object_id == by_name("NOPE")

    def test_a_change_that_names_no_group_is_incomplete(self, draft: Draft) -> None:
        with pytest.raises(IncompleteRequest):
            draft.change(group(members=devices("D9")), DEFAULT)

    def test_a_new_name_beside_a_present_one_is_added(self, draft: Draft) -> None:
        assert draft.change(group("G-A", "GA", "feeder 7"), DEFAULT).names == names("GA", "feeder 7")
        assert draft.change(group(None, "feeder 7", "north"), DEFAULT).names == names("GA", "feeder 7", "north")
        assert draft.find(reference(None, "north"), DEFAULT).mrid == "G-A"

    def test_a_new_name_alone_is_taken_for_a_wrong_mrid(self, draft: Draft) -> None:
        with pytest.raises(GroupAmbiguous, match="list a present name too, such as 'GA'") as refusal:
            draft.change(group("G-A", "feeder 7"), DEFAULT)

        assert refusal.value.code == "2.29"

    def test_a_group_without_names_takes_its_first_one(self) -> None:
        draft = GroupRegistry((new_group("G-A"),)).draft()

        assert draft.change(group("G-A", "GA"), DEFAULT).names == names("GA")

    def test_a_name_of_another_group_is_refused(self, draft: Draft) -> None:
        with pytest.raises(GroupAmbiguous):
            draft.change(group("G-A", "GA", "GB"), DEFAULT)

    def test_an_unknown_mrid_with_a_new_name_is_an_unknown_group(self, draft: Draft) -> None:
        with pytest.raises(GroupNotFound):
            draft.change(group("NOPE", "feeder 7"), DEFAULT)

    def test_a_bare_name_that_identifies_does_not_take_its_type_away(self) -> None:
        typed = replace(A, names=(name("GA", "SCADA"),))
        draft = GroupRegistry((typed,)).draft()

        assert draft.change(group(None, "GA", version=version(2)), DEFAULT).names == typed.names

    def test_a_refused_change_leaves_the_draft_as_it_was(self, draft: Draft) -> None:
        with pytest.raises(IncompleteRequest):
            draft.change(group("G-A", "GA", "new", description="no", members=(device(),)), DEFAULT)

        assert draft.changes == ()
        with pytest.raises(GroupNotFound):
            draft.find(reference(None, "new"), DEFAULT)


class TestDelete:
    @pytest.mark.parametrize("told", [group("G-A"), group(None, "GA"), group("G-A", "GA")])
    def test_a_deleted_group_is_gone_with_its_names(self, draft: Draft, told: EndDeviceGroup) -> None:
        assert draft.delete(told, DEFAULT) is A

        assert draft.get("G-A") is None
        with pytest.raises(GroupNotFound):
            draft.find(reference(None, "GA"), DEFAULT)

    def test_a_deleted_groups_mrid_and_name_are_free_again(self, draft: Draft) -> None:
        draft.delete(group("G-A"), DEFAULT)

        assert draft.create(new_group("G-A", "GA"), DEFAULT).end_devices == ()

    def test_an_unknown_group_is_refused(self, draft: Draft) -> None:
        with pytest.raises(GroupNotFound):
            draft.delete(group("NOPE"), DEFAULT)

    def test_an_unknown_group_is_no_error_where_the_behaviour_has_it_so(self, draft: Draft) -> None:
        assert draft.delete(group("NOPE"), GRIDAPPSD) is None
        assert draft.changes == ()

    def test_mrid_and_name_of_different_groups_delete_neither_in_any_profile(self, draft: Draft) -> None:
        for behaviour in BEHAVIOURS.values():
            for told in (group("G-A", "GB"), group("NOPE", "GB")):
                with pytest.raises(GroupAmbiguous):
                    draft.delete(told, behaviour)

    def test_a_delete_that_lists_members_is_refused_with_the_way_to_remove_them(self, draft: Draft) -> None:
        with pytest.raises(RuleViolation, match="execute an OperationSet with verb delete and elementOperation true"):
            draft.delete(group("G-A", members=devices("D1")), DEFAULT)

        assert draft.get("G-A") is A

    def test_a_delete_that_lists_members_deletes_the_group_where_the_behaviour_has_it_so(self, draft: Draft) -> None:
        assert draft.delete(group("G-A", members=devices("D1")), EPRI) is A


class TestMembers:
    def test_listed_members_are_removed_and_the_stated_version_is_kept(self, draft: Draft) -> None:
        after = draft.remove_members(group(None, "GA", members=devices("D2"), version=version(1, 1)), DEFAULT)

        assert after == replace(A, end_devices=devices("D1"), version=version(1, 1))

    def test_only_members_and_version_are_read(self, draft: Draft) -> None:
        stated = group("G-A", members=devices("D1"), description="no", der_function=function())

        assert draft.remove_members(stated, DEFAULT) == replace(A, end_devices=devices("D2"))

    def test_a_group_may_lose_its_last_member(self, draft: Draft) -> None:
        assert draft.remove_members(group("G-A", members=devices("D1", "D2")), DEFAULT).end_devices == ()

    def test_nothing_is_removed_where_one_is_no_member(self, draft: Draft) -> None:
        with pytest.raises(MemberNotFound) as refusal:
            draft.remove_members(group(None, "GA", members=devices("D1", "D9")), DEFAULT)

        assert refusal.value.code == "2.29"
        assert refusal.value.object_id == ObjectID(value="D9", kind=IDKind.UUID, object_type="EndDevice")
        assert refusal.value.related_id == by_name("GA")
        assert draft.get("G-A") is A

    def test_listed_members_are_added_whatever_the_change_mode(self, draft: Draft) -> None:
        stated = group("G-A", members=devices("D2", "D3"), version=version(1, 1))

        after = draft.add_members(stated, GRIDAPPSD)

        assert after == replace(A, end_devices=devices("D1", "D2", "D3"), version=version(1, 1))

    def test_an_operation_on_members_that_lists_none_is_incomplete(self, draft: Draft) -> None:
        for operation in (draft.add_members, draft.remove_members):
            with pytest.raises(IncompleteRequest, match="set elementOperation to false") as refusal:
                operation(group("G-A"), DEFAULT)

            assert refusal.value.code == "5.8"

    def test_an_operation_on_members_adds_no_names(self, draft: Draft) -> None:
        with pytest.raises(GroupAmbiguous):
            draft.add_members(group("G-A", "GA", "new", members=devices("D3")), DEFAULT)

    def test_an_unknown_group_is_refused(self, draft: Draft) -> None:
        with pytest.raises(GroupNotFound):
            draft.remove_members(group("NOPE", members=devices("D1")), DEFAULT)


class TestQuery:
    def test_groups_come_once_each_in_the_order_asked_for(self, draft: Draft) -> None:
        asked = (reference("G-B"), reference(None, "GA"), reference("G-A", "GA"))

        assert draft.query(asked, DEFAULT) == ((B, A), ())

    def test_what_is_known_is_found_and_what_is_not_is_told(self, draft: Draft) -> None:
        found, errors = draft.query((reference("NOPE"), reference("G-A", "GB"), reference("G-B")), DEFAULT)

        assert found == (B,)
        assert [type(error) for error in errors] == [GroupNotFound, GroupAmbiguous]

    def test_an_unknown_group_is_passed_over_where_the_behaviour_has_it_so(self, draft: Draft) -> None:
        assert draft.query((reference("NOPE"), reference("G-B")), GRIDAPPSD) == ((B,), ())

    @pytest.mark.parametrize("asked", [(), (reference(),), (reference(""),)])
    def test_an_empty_reference_means_all_groups(self, draft: Draft, asked: tuple[GroupReference, ...]) -> None:
        draft.create(new_group("G-C"), DEFAULT)
        draft.delete(group("G-A"), DEFAULT)

        assert draft.query(asked, DEFAULT) == ((B, new_group("G-C")), ())

    @pytest.mark.parametrize("asked", [(), (reference(),)])
    def test_an_empty_reference_may_be_refused(self, draft: Draft, asked: tuple[GroupReference, ...]) -> None:
        found, errors = draft.query(asked, Behaviour(empty_query_means_all=False))

        assert found == ()
        assert [error.code for error in errors] == ["1.6"]


class TestNotices:
    def test_a_created_group_is_created(self, draft: Draft) -> None:
        assert draft.take_in(Notice.CREATED, new_group("G-C", "GC"), DEFAULT) == new_group("G-C", "GC")

    def test_a_created_group_needs_no_version(self, draft: Draft) -> None:
        assert draft.take_in(Notice.CREATED, replace(new_group("G-C"), version=None), EPRI)

    def test_a_created_group_that_is_known_becomes_what_is_told(self, draft: Draft) -> None:
        told = new_group("G-A", "renamed", members=devices("D9"))

        assert draft.take_in(Notice.CREATED, told, DEFAULT) == told
        assert draft.find(reference(None, "renamed"), DEFAULT) == told
        assert [g.mrid for g in draft] == ["G-A", "G-B"]

    def test_a_created_group_told_by_name_only_keeps_its_mrid(self, draft: Draft) -> None:
        assert draft.take_in(Notice.CREATED, new_group(None, "GA"), DEFAULT) == new_group("G-A", "GA")

    def test_a_created_group_that_is_known_keeps_its_functions_if_none_are_told(self, draft: Draft) -> None:
        taken = draft.take_in(Notice.CREATED, group("G-A", "GA"), DEFAULT)

        assert taken == replace(A, end_devices=(), version=None)

    def test_a_created_group_cannot_take_the_name_of_another(self, draft: Draft) -> None:
        for told in (new_group("G-C", "GA"), new_group("G-B", "GA")):
            with pytest.raises(GroupExists):
                draft.take_in(Notice.CREATED, told, DEFAULT)

    def test_a_created_group_that_is_unknown_must_tell_its_functions_and_what_it_is(self, draft: Draft) -> None:
        for told in (group("G-C"), new_group()):
            with pytest.raises(IncompleteRequest):
                draft.take_in(Notice.CREATED, told, DEFAULT)

    def test_a_changed_group_is_merged(self, draft: Draft) -> None:
        granted = function("ramp_rate_control")

        assert draft.take_in(Notice.CHANGED, group("G-A", der_function=granted), DEFAULT) == replace(
            A, der_function=granted
        )

    def test_a_changed_group_that_is_unknown_is_created_if_its_functions_are_told(self, draft: Draft) -> None:
        assert draft.take_in(Notice.CHANGED, new_group("G-C"), DEFAULT) == new_group("G-C")
        with pytest.raises(GroupNotFound):
            draft.take_in(Notice.CHANGED, group("G-D", members=devices("D1")), DEFAULT)

    def test_a_deleted_group_goes_though_its_members_are_told(self, draft: Draft) -> None:
        assert draft.take_in(Notice.DELETED, group("G-A", "GA", members=devices("D1")), DEFAULT) is A
        assert draft.get("G-A") is None

    def test_a_deleted_group_that_is_unknown_is_passed_over(self, draft: Draft) -> None:
        assert draft.take_in(Notice.DELETED, group("NOPE"), DEFAULT) is None

    def test_members_are_added_and_removed(self, draft: Draft) -> None:
        draft.take_in(Notice.MEMBERS_ADDED, group("G-A", members=devices("D3")), DEFAULT)
        after = draft.take_in(Notice.MEMBERS_REMOVED, group("G-A", members=devices("D1", "D9")), DEFAULT)

        assert after
        assert after.end_devices == devices("D2", "D3")

    def test_members_of_an_unknown_group_cannot_be_taken_in(self, draft: Draft) -> None:
        with pytest.raises(GroupNotFound):
            draft.take_in(Notice.MEMBERS_REMOVED, group("NOPE", members=devices("D1")), DEFAULT)


class TestNetEffect:
    def test_changes_are_before_and_after_in_the_order_of_first_touch(self, draft: Draft) -> None:
        draft.change(group("G-B", description="1"), DEFAULT)
        draft.create(new_group("G-C"), DEFAULT)
        draft.delete(group("G-A"), DEFAULT)
        draft.change(group("G-B", description="2"), DEFAULT)

        assert draft.changes == (
            GroupChange(before=B, after=replace(B, description="2")),
            GroupChange(before=None, after=new_group("G-C")),
            GroupChange(before=A, after=None),
        )

    def test_created_and_deleted_is_nothing(self, draft: Draft) -> None:
        draft.create(new_group("G-C"), DEFAULT)
        draft.delete(group("G-C"), DEFAULT)

        assert draft.changes == ()

    def test_a_change_that_changes_nothing_is_nothing(self, draft: Draft) -> None:
        draft.change(group("G-A", "GA", members=devices("D1")), DEFAULT)

        assert draft.changes == ()

    def test_deleted_and_created_again_is_a_change_in_its_old_place(self, registry: GroupRegistry) -> None:
        draft = registry.draft()
        draft.delete(group("G-A"), DEFAULT)
        draft.create(new_group("G-A", "again"), DEFAULT)

        assert draft.changes == (GroupChange(before=A, after=new_group("G-A", "again")),)
        registry.adopt(draft)
        assert [g.mrid for g in registry] == ["G-A", "G-B"]


class TestSavepoints:
    def test_everything_since_the_savepoint_is_undone(self, draft: Draft) -> None:
        draft.change(group("G-A", "GA", "kept"), DEFAULT)
        before, savepoint = list(draft), draft.savepoint()
        draft.change(group("G-A", "GA", "undone", members=devices("D9")), DEFAULT)
        draft.delete(group("G-B"), DEFAULT)
        draft.create(new_group("G-C", "GB"), DEFAULT)

        draft.rollback_to(savepoint)

        assert list(draft) == before
        assert draft.changes == (GroupChange(before=A, after=replace(A, names=names("GA", "kept"))),)
        assert draft.find(reference(None, "GB"), DEFAULT) is B
        with pytest.raises(GroupNotFound):
            draft.find(reference(None, "undone"), DEFAULT)

    def test_several_changes_of_one_group_are_undone_to_before_the_first(self, draft: Draft) -> None:
        savepoint = draft.savepoint()
        draft.change(group("G-A", description="1"), DEFAULT)
        second = draft.savepoint()
        draft.change(group("G-A", description="2"), DEFAULT)
        draft.change(group("G-A", description="3"), DEFAULT)

        draft.rollback_to(second)
        assert draft.get("G-A") == replace(A, description="1")
        draft.rollback_to(savepoint)
        assert draft.get("G-A") is A

    def test_a_draft_can_be_taken_back_to_a_savepoint_again(self, draft: Draft) -> None:
        savepoint = draft.savepoint()
        for _ in range(2):
            draft.delete(group("G-A"), DEFAULT)
            draft.rollback_to(savepoint)

        assert list(draft) == [A, B]

    def test_a_savepoint_that_was_undone_is_refused(self, draft: Draft) -> None:
        early = draft.savepoint()
        draft.delete(group("G-A"), DEFAULT)
        late = draft.savepoint()
        draft.rollback_to(early)

        with pytest.raises(ValueError, match="was undone"):
            draft.rollback_to(late)

    def test_a_group_touched_again_after_a_rollback_comes_in_the_order_of_that_touch(self, draft: Draft) -> None:
        savepoint = draft.savepoint()
        draft.delete(group("G-A"), DEFAULT)
        draft.rollback_to(savepoint)
        draft.delete(group("G-B"), DEFAULT)
        draft.delete(group("G-A"), DEFAULT)

        assert [change.before for change in draft.changes] == [B, A]


def test_a_change_of_one_of_100_000_members_is_one_pass() -> None:
    """Bounded by work, not by time: the members that do not change are taken over as the same objects."""
    members = devices(*(f"D{number}" for number in range(100_000)))
    draft = GroupRegistry((replace(A, end_devices=members),)).draft()

    after = draft.remove_members(group("G-A", members=devices("D50000")), DEFAULT).end_devices

    assert after[:50_000] == members[:50_000]
    assert all(kept is member for kept, member in zip(after[50_000:], members[50_001:], strict=True))
