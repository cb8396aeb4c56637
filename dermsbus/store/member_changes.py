"""What of a group's members has to be written: the difference of before and after.

Source: house choice, ADR 12.
"""

from __future__ import annotations

from dataclasses import dataclass

from dermsbus.domain.model import EndDevice

__all__ = ["MemberChanges", "member_changes"]

Members = tuple[EndDevice, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberChanges:
    """Members that left, changed in their place, and joined at the end; each is told by its mRID, else its names."""

    removed: Members = ()
    updated: tuple[tuple[EndDevice, EndDevice], ...] = ()
    added: Members = ()


def member_changes(before: Members, after: Members) -> MemberChanges | None:
    """The least to write so that *after* stands where *before* stood.

    Returns:
        The changes; None where the order is another, so that all members are to be written anew.
    """
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    old_keys, new_keys = [_key(member) for member in old], [_key(member) for member in new]
    if len(set(old_keys)) < len(old) or len(set(new_keys)) < len(new):
        return None  # two that cannot be told apart
    staying = set(old_keys) & set(new_keys)
    kept = [member for member, key in zip(old, old_keys, strict=True) if key in staying]
    if [_key(member) for member in kept] != new_keys[: len(kept)] or (tail and len(new) > len(kept)):
        return None
    return MemberChanges(
        removed=tuple(member for member, key in zip(old, old_keys, strict=True) if key not in staying),
        updated=tuple((was, now) for was, now in zip(kept, new, strict=False) if was != now),
        added=new[len(kept) :],
    )


def _common(one: Members, other: Members) -> int:
    """How many members both begin with."""
    for place, (member, counterpart) in enumerate(zip(one, other, strict=False)):
        if member is not counterpart and member != counterpart:
            return place
    return min(len(one), len(other))


def _key(member: EndDevice) -> object:
    return member.names if member.mrid is None else member.mrid
