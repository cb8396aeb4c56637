"""What of a group's members has to be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermsbus.domain.model import EndDevice
from dermsbus.store.member_changes import MemberChanges, member_changes
from tests.unit.domain.builders import device, devices

MANY = devices(*(f"D{number}" for number in range(1000)))


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        (MANY, MemberChanges()),
        ((*MANY, device("new")), MemberChanges(added=devices("new"))),
        ((*MANY[:500], *MANY[501:]), MemberChanges(removed=devices("D500"))),
        (
            (*MANY[:500], device("D500", "renamed"), *MANY[501:]),
            MemberChanges(updated=((device("D500"), device("D500", "renamed")),)),
        ),
        (
            (*MANY[1:3], device("D3", "renamed"), *MANY[5:], device("new")),
            MemberChanges(
                removed=devices("D0", "D4"), updated=((device("D3"), device("D3", "renamed")),), added=devices("new")
            ),
        ),
        ((), MemberChanges(removed=MANY)),
        (devices("new"), MemberChanges(removed=MANY, added=devices("new"))),
    ],
)
def test_only_what_changed_is_written(after: tuple[EndDevice, ...], changes: MemberChanges) -> None:
    assert member_changes(MANY, after) == changes


@pytest.mark.parametrize(
    "after",
    [MANY[::-1], (device("new"), *MANY), (MANY[1], MANY[0], *MANY[2:]), (*MANY[:500], device("new"), *MANY[500:])],
)
def test_another_order_is_written_anew(after: tuple[EndDevice, ...]) -> None:
    assert member_changes(MANY, after) is None


def test_members_that_cannot_be_told_apart_are_written_anew() -> None:
    assert member_changes(devices("D1"), (device(None, "a"), device(None, "a"))) is None


members = st.lists(
    st.builds(
        device,
        st.sampled_from([None, "D1", "D2", "D3", "D4"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["a", "c"]),
    ),
    max_size=6,
    unique_by=lambda member: member.mrid or member.names,
).map(tuple)


@given(before=members, after=members)
def test_what_is_written_leads_from_before_to_after(
    before: tuple[EndDevice, ...], after: tuple[EndDevice, ...]
) -> None:
    changes = member_changes(before, after)

    if changes is not None:
        renamed = dict(changes.updated)
        staying = tuple(renamed.get(member, member) for member in before if member not in changes.removed)
        assert staying + changes.added == after
