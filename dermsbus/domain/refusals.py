"""What a refused request is told about a group: what is wrong, where, and what to do.

Source: decisions 7, 8, 14, 16 and 18 on open questions and the reply codes of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dermsbus.domain.behaviour import Behaviour
from dermsbus.domain.identity import group_id, name_texts, quoted
from dermsbus.domain.model import EndDeviceGroup, GroupReference
from dermsbus.errors import GroupAmbiguous, GroupExists, GroupNotFound, IncompleteRequest, RuleViolation

__all__ = [
    "delete_lists_members",
    "disagreement",
    "mrid_taken",
    "name_taken",
    "no_function",
    "no_identity",
    "no_identity_to_query",
    "no_members",
    "no_version",
    "not_found",
    "several_bearers",
    "unconfirmed_name",
]

_MOST_NAMES_TOLD: Final = 5


def not_found(wanted: GroupReference, behaviour: Behaviour) -> GroupNotFound:
    """No group has the mRID or names of *wanted*; peers compare the text, so that only the id says which is meant."""
    return GroupNotFound("DERGroup does not exist", code=behaviour.unknown_group_code, object_id=group_id(wanted))


def no_identity(wanted: GroupReference | EndDeviceGroup) -> IncompleteRequest:
    """*wanted* does not say which group is meant."""
    return IncompleteRequest(
        "an EndDeviceGroup has neither mRID nor Names: state the mRID or a name of the group that is meant",
        object_id=group_id(wanted),
    )


def no_identity_to_query() -> IncompleteRequest:
    """A query does not say which group is meant, and that does not mean all."""
    return IncompleteRequest(
        "an EndDeviceGroup of the query has neither mRID nor Names: state the mRID or a name of the group to get",
        code="1.6",
    )


def several_bearers(wanted: GroupReference, bearers: int) -> GroupAmbiguous:
    """The names of *wanted* are those of several groups."""
    return GroupAmbiguous(
        f"{bearers} groups are named {quoted(wanted.names[0].name)}: state the mRID of the one that is meant",
        object_id=group_id(wanted),
    )


def disagreement(wanted: GroupReference, *, mrid_is_known: bool, bearers: Sequence[frozenset[str]]) -> GroupAmbiguous:
    """What *wanted* states does not all point at one group.

    Args:
        wanted: the reference.
        mrid_is_known: whether its mRID is that of a group.
        bearers: for each text of its names the mRIDs of the groups that bear it.
    """
    told = [
        f"name {quoted(text)} is that of {_listing(mrids)}"
        for text, mrids in zip(name_texts(wanted.names), bearers, strict=True)
    ][:_MOST_NAMES_TOLD]
    if wanted.mrid is not None:
        told.insert(0, f"mRID {quoted(wanted.mrid)} is that of {'a' if mrid_is_known else 'no'} group")
    return GroupAmbiguous(
        f"mRID and Names of an EndDeviceGroup do not agree ({'; '.join(told)}): "
        "state the mRID alone, or names of that group only",
        object_id=group_id(wanted),
    )


def unconfirmed_name(group: EndDeviceGroup, target: EndDeviceGroup) -> GroupAmbiguous:
    """A change lists only names that *target* does not have."""
    return GroupAmbiguous(
        f"{quoted(group.names[0].name)} is not a name of {_called(target)}: to add it, list a present name too, "
        f"such as {quoted(target.names[0].name)}; else leave Names out",
        object_id=group_id(group),
    )


def mrid_taken(group: EndDeviceGroup) -> GroupExists:
    """Another group has the mRID of *group*."""
    return GroupExists(
        f"{_called(group)} exists already: change it, or create a group with another mRID", object_id=group_id(group)
    )


def name_taken(group: EndDeviceGroup, text: str, bearers: frozenset[str]) -> GroupExists:
    """Another group has a name of *group*."""
    return GroupExists(
        f"{quoted(text)} is the name of {_listing(bearers)} already: change that group, or take another name",
        object_id=group_id(group),
    )


def no_version(group: EndDeviceGroup) -> RuleViolation:
    """A new group states no version where it must."""
    return RuleViolation(
        f"{_called(group)} states no version: add one to create it (the rule require_version_on_create is on)",
        object_id=group_id(group),
    )


def no_function(group: EndDeviceGroup) -> IncompleteRequest:
    """A new group states no DERFunction."""
    return IncompleteRequest(
        f"{_called(group)} states no DERFunction: a new group needs all nine of its flags", object_id=group_id(group)
    )


def delete_lists_members(group: EndDeviceGroup) -> RuleViolation:
    """A delete lists EndDevices, so that it may have been meant to remove them."""
    return RuleViolation(
        f"the delete of {_called(group)} lists EndDevices, but it would delete the whole group: leave them out to "
        "delete it; to remove members execute an OperationSet with verb delete and elementOperation true",
        object_id=group_id(group),
    )


def no_members(group: EndDeviceGroup) -> IncompleteRequest:
    """An operation on members lists none."""
    return IncompleteRequest(
        f"an operation on the members of {_called(group)} lists no EndDevices: list them; for an operation on the "
        "group itself set elementOperation to false",
        object_id=group_id(group),
    )


def _called(group: EndDeviceGroup) -> str:
    named = group_id(group)
    return f"DERGroup {quoted(named.value)}" if named else "a DERGroup without mRID and Names"


def _listing(mrids: frozenset[str]) -> str:
    if not mrids:
        return "no group"
    first = f"DERGroup {quoted(min(mrids))}"
    return first if len(mrids) == 1 else f"{first} and {len(mrids) - 1} more"
