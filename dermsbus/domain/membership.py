"""Who is a member of a group: joining, leaving, and who is meant.

A listed device with an mRID is the member with that mRID, else the one member without an mRID that shares a name with
it. A listed device without an mRID is the member that shares a name with it. Listed devices must be different ones: a
device listed twice is more often a wrong id than a wish, and the group would come out smaller than its sender believes.

Members keep the order in which they joined. Every function is one pass over the members.

Source: decisions 12 and 14 on open questions in the project's reference tables; who is meant, and that repeats are
refused: house choice, ADR 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NoReturn

from dermsbus.domain.identity import device_id, merged_names, quoted
from dermsbus.domain.model import EndDevice
from dermsbus.errors import IncompleteRequest, MemberNotFound, ObjectID, RuleViolation

__all__ = ["check_listed", "joined", "left"]

Members = tuple[EndDevice, ...]


def check_listed(listed: Members, group: ObjectID | None) -> None:
    """Every device of *listed* can be told apart from the others.

    Args:
        listed: the EndDevices one message lists for one group.
        group: that group, for the error.

    Raises:
        IncompleteRequest: a device has neither mRID nor names.
        RuleViolation: a device is listed twice.
    """
    mrids: set[str] = set()
    names: dict[str, bool] = {}  # to: is a device without an mRID among those that bear it
    for place, device in enumerate(listed, start=1):
        if device.mrid is None and not device.names:
            raise IncompleteRequest(
                f"EndDevice number {place} of {_group(group)} has neither mRID nor Names: state one of them",
                object_id=group,
            )
        texts = {name.name for name in device.names}
        if device.mrid in mrids or any(text in names and (device.mrid is None or names[text]) for text in texts):
            _refuse_repeat(device, group)
        if device.mrid is not None:
            mrids.add(device.mrid)
        names.update((text, device.mrid is None) for text in texts)


def joined(members: Members, listed: Members, group: ObjectID | None) -> Members:
    """*members* with the *listed* devices added.

    A device that is a member already keeps its place. Its names are replaced by the listed ones if it was told by its
    mRID; if it was told by its names, those that are new are added. A member without an mRID takes the listed one.

    Raises:
        IncompleteRequest, RuleViolation: as of `check_listed`.
        MemberNotFound: a name is that of several members.
    """
    places = _places(members, listed, group)
    after = list(members)
    for device, place in zip(listed, places, strict=True):
        if place is None:
            after.append(device)
        else:
            after[place] = _updated(after[place], device)
    return tuple(after)


def left(members: Members, listed: Members, group: ObjectID | None, *, missing_is_ok: bool = False) -> Members:
    """*members* without the *listed* devices: all of them, or none where one is refused.

    Args:
        members: the group's members now.
        listed: the devices that leave.
        group: the group, for the error.
        missing_is_ok: pass over a device that is not a member.

    Raises:
        IncompleteRequest, RuleViolation: as of `check_listed`.
        MemberNotFound: a device is not a member, or a name is that of several members.
    """
    places = _places(members, listed, group)
    missing = [device for device, place in zip(listed, places, strict=True) if place is None]
    if missing and not missing_is_ok:
        others = f" (and {len(missing) - 1} more of those listed)" if len(missing) > 1 else ""
        raise MemberNotFound(
            f"{_device(missing[0])}{others} is not a member of {_group(group)}: nothing was removed; "
            "get the group to see its members",
            object_id=device_id(missing[0]),
            related_id=group,
        )
    leaving = set(places)
    return tuple(member for place, member in enumerate(members) if place not in leaving)


class _Sought:
    """The listed devices, ready to be looked for while the members pass by once."""

    def __init__(self, listed: Members) -> None:
        self.by_mrid = {device.mrid: index for index, device in enumerate(listed) if device.mrid is not None}
        self._by_name: defaultdict[str, set[int]] = defaultdict(set)
        self._bare_by_name: defaultdict[str, set[int]] = defaultdict(set)
        for index, device in enumerate(listed):
            for name in device.names:
                self._by_name[name.name].add(index)
                if device.mrid is None:
                    self._bare_by_name[name.name].add(index)

    def sharing_a_name(self, member: EndDevice) -> set[int]:
        """Which listed devices *member* could be by its names; two mRIDs that differ are two devices."""
        by_name = self._by_name if member.mrid is None else self._bare_by_name
        return {index for name in member.names for index in by_name.get(name.name, ())}


def _places(members: Members, listed: Members, group: ObjectID | None) -> tuple[int | None, ...]:
    """For each listed device its place among the members; None for one that is not a member."""
    check_listed(listed, group)
    sought = _Sought(listed)
    told_by_mrid: dict[int, int] = {}
    told_by_name: defaultdict[int, list[int]] = defaultdict(list)
    for place, member in enumerate(members):
        if member.mrid in sought.by_mrid:
            told_by_mrid[sought.by_mrid[member.mrid]] = place
        if member.names:
            for index in sought.sharing_a_name(member):
                told_by_name[index].append(place)
    places = tuple(
        told_by_mrid[index] if index in told_by_mrid else _only(told_by_name.get(index, ()), device, group)
        for index, device in enumerate(listed)
    )
    _check_distinct(places, listed, group)
    return places


def _only(found: Sequence[int], device: EndDevice, group: ObjectID | None) -> int | None:
    if len(found) > 1:
        raise MemberNotFound(
            f"the names of {_device(device)} are those of {len(found)} members of {_group(group)}: state its mRID",
            object_id=device_id(device),
            related_id=group,
        )
    return found[0] if found else None


def _check_distinct(places: Sequence[int | None], listed: Members, group: ObjectID | None) -> None:
    taken: set[int] = set()
    for place, device in zip(places, listed, strict=True):
        if place is None:
            continue
        if place in taken:
            _refuse_repeat(device, group)
        taken.add(place)


def _refuse_repeat(device: EndDevice, group: ObjectID | None) -> NoReturn:
    raise RuleViolation(
        f"{_device(device)} is listed twice for {_group(group)}: list each member once",
        object_id=group,
        related_id=device_id(device),
    )


def _updated(member: EndDevice, device: EndDevice) -> EndDevice:
    if not device.names:
        return member
    if device.mrid is not None and device.mrid == member.mrid:
        names = device.names
    else:
        names = merged_names(member.names, device.names)
    after = EndDevice(mrid=device.mrid or member.mrid, names=names)
    return member if after == member else after


def _group(group: ObjectID | None) -> str:
    return f"DERGroup {quoted(group.value)}" if group else "a DERGroup without mRID and Names"


def _device(device: EndDevice) -> str:
    named = device_id(device)
    return f"EndDevice {quoted(named.value)}" if named else "an EndDevice without mRID and Names"
