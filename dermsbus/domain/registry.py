"""All groups of one adapter in process, and the drafts in which requests and notifications change them.

A handler works in a `Draft`: it reads through to the registry and keeps what differs. When the store has committed the
draft's changes, the registry adopts them; a draft that is dropped never happened. There is one writer thread, hence no
locks; groups are immutable, so what another thread was given stays whole.

Every refusal is a `RequestError` that says what, where and what to do, and leaves the draft as it was.

Source: decisions 6 to 18 and 24 on open questions in the project's reference tables; house choices: ADR 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import uuid4

from dermsbus.domain import refusals
from dermsbus.domain.behaviour import Behaviour, ChangeMode
from dermsbus.domain.identity import NameIndex, group_id, merged_names, name_texts, quoted, stated, stated_reference
from dermsbus.domain.membership import check_listed, joined, left
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference
from dermsbus.domain.overlay import Overlay, Savepoint
from dermsbus.errors import GroupNotFound, RequestError

__all__ = ["Draft", "GroupChange", "GroupRegistry", "Notice"]

_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupChange:
    """One group before and after; *before* is None for a new group, *after* for a deleted one; never both.

    Both carry the same mRID.
    """

    before: EndDeviceGroup | None
    after: EndDeviceGroup | None


class Notice(StrEnum):
    """What another system says has happened to a group of its own."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    MEMBERS_ADDED = "members added"
    MEMBERS_REMOVED = "members removed"


def _spellings(mrid: str) -> tuple[str, ...]:
    """How a group may be called that is the same: a UUID is the same in small letters and in capitals."""
    return (mrid, mrid.lower(), mrid.upper()) if _UUID.fullmatch(mrid) else (mrid,)


def _random_mrid() -> str:
    return str(uuid4())


class GroupRegistry:
    """All groups, by mRID and by name, in the order of their creation.

    Args:
        groups: what the store holds, each with an mRID of its own.
        new_mrid: gives an mRID for a group that comes without one.

    Raises:
        ValueError: a group has no mRID, or that of another.
    """

    def __init__(self, groups: Iterable[EndDeviceGroup] = (), *, new_mrid: Callable[[], str] = _random_mrid) -> None:
        self._groups: dict[str, EndDeviceGroup] = {}
        self._names = NameIndex()
        self._new_mrid = new_mrid
        self._adoptions = 0
        for group in groups:
            mrid = _mrid_of(group)
            if mrid in self._groups:
                raise ValueError(f"two groups have the mRID {quoted(mrid)}")
            self._put(mrid, group)

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[EndDeviceGroup]:
        return iter(tuple(self._groups.values()))

    def get(self, mrid: str) -> EndDeviceGroup | None:
        """The group with this mRID, or None."""
        return self._groups.get(mrid)

    def draft(self) -> Draft:
        """A new draft over the groups as they are now; it holds until the next one is adopted."""
        return Draft(self, NameIndex(below=self._names), new_mrid=self._new_mrid, age=self._adoptions)

    def adopt(self, draft: Draft) -> None:
        """Make the changes of *draft* the registry's own: call it when the store has committed them.

        Raises:
            ValueError: *draft* is that of another registry, or older than the last one adopted.
        """
        if draft.registry is not self or draft.age != self._adoptions:
            raise ValueError("a draft can be adopted only by the registry it was made of, as it was then")
        self._adoptions += 1
        for change in draft.changes:
            if change.after is not None:
                self._put(_mrid_of(change.after), change.after)
            elif change.before is not None:
                mrid = _mrid_of(change.before)
                self._names.move(mrid, change.before.names, ())
                del self._groups[mrid]

    def _put(self, mrid: str, group: EndDeviceGroup) -> None:
        before = self._groups.get(mrid)
        self._names.move(mrid, before.names if before else (), group.names)
        self._groups[mrid] = group


class Draft:
    """Changes to the groups of a registry that are not yet its own; made by `GroupRegistry.draft`.

    What a method is given may be partial, as messages are; what it returns is a whole group of the registry's. All
    methods that point at a group raise

    * IncompleteRequest 5.8 where neither mRID nor Names are stated,
    * GroupNotFound where what is stated points at no group,
    * GroupAmbiguous 2.29 where it does not all point at one group,

    and all that take members raise IncompleteRequest 5.8 for a member with neither mRID nor Names and RuleViolation 6.1
    for one that is listed twice.
    """

    def __init__(self, registry: GroupRegistry, names: NameIndex, *, new_mrid: Callable[[], str], age: int) -> None:
        self._registry = registry
        self._names = names
        self._new_mrid = new_mrid
        self._age = age
        self._overlay: Overlay[EndDeviceGroup] = Overlay(registry.get, self._moved)

    # -- what is there ---------------------------------------------------------------------------------------------

    @property
    def registry(self) -> GroupRegistry:
        """The registry it was made of."""
        return self._registry

    @property
    def age(self) -> int:
        """How many drafts the registry had adopted when this one was made."""
        return self._age

    def __iter__(self) -> Iterator[EndDeviceGroup]:
        """All groups as the draft has them, in the order of their creation."""
        for group in self._registry:
            now = self.get(_mrid_of(group))
            if now is not None:
                yield now
        for mrid, new in self._overlay.touched.items():
            if new is not None and self._registry.get(mrid) is None:
                yield new

    def get(self, mrid: str) -> EndDeviceGroup | None:
        """The group with this mRID as the draft has it, or None."""
        return self._overlay.get(mrid)

    @property
    def changes(self) -> tuple[GroupChange, ...]:
        """The net effect, a change for each group that is not as it was, in the order of first touch.

        A group that was created and deleted is not among them; one that was deleted and created again was changed, and
        keeps its place among the groups.
        """
        return tuple(GroupChange(before=before, after=after) for before, after in self._overlay.differences())

    def find(self, reference: GroupReference | EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        """The group that *reference* points at: each mRID and name it states must be that group's.

        Raises:
            IncompleteRequest, GroupNotFound, GroupAmbiguous: as the class says.

        Source: decisions 7 and 16 on open questions in the project's reference tables.
        """
        wanted = stated_reference(reference)
        if wanted.mrid is None and not wanted.names:
            raise refusals.no_identity(wanted)
        found = self._lookup(wanted)
        if found is None:
            raise refusals.not_found(wanted, behaviour)
        return found

    def query(
        self, references: Sequence[GroupReference], behaviour: Behaviour
    ) -> tuple[tuple[EndDeviceGroup, ...], tuple[RequestError, ...]]:
        """The groups that *references* point at, each once, in the order asked for, and what stood in the way.

        A reference without mRID and Names, and no reference at all, mean all groups in the order of their creation;
        where *behaviour* does not have it so, they are an IncompleteRequest 1.6. A group that does not exist is passed
        over where *behaviour* has it so.

        Source: decisions 6, 7 and 18 on open questions in the project's reference tables.
        """
        found: dict[str, EndDeviceGroup] = {}
        errors: list[RequestError] = []
        for reference in references or (GroupReference(),):
            try:
                found.update((_mrid_of(group), group) for group in self._asked(reference, behaviour))
            except GroupNotFound as error:
                if not behaviour.query_of_unknown_is_ok:
                    errors.append(error)
            except RequestError as error:
                errors.append(error)
        return tuple(found.values()), tuple(errors)

    # -- requests --------------------------------------------------------------------------------------------------

    def create(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        """The new group, with an mRID assigned if it stated none.

        Raises:
            GroupExists: a group has its mRID, be it a UUID in the other case, or, where names are unique, one of its
                names.
            RuleViolation: it states no version where it must; a member is listed twice.
            IncompleteRequest: it has no DERFunction; a member has neither mRID nor Names.

        Source: decisions 8, 9 and 24 on open questions in the project's reference tables; that a
        member listed twice is refused: house choice, ADR 4.
        """
        group = stated(group)
        if group.mrid is not None and any(self.get(each) is not None for each in _spellings(group.mrid)):
            raise refusals.mrid_taken(group)
        self._check_names_free(group, behaviour)
        if behaviour.require_version_on_create and group.version is None:
            raise refusals.no_version(group)
        return self._put_whole(group)

    def change(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        """The group with what *group* states merged in.

        DERFunction, description and version are replaced if stated. Listed members are added, or replace all members
        where *behaviour* has it so. Names identify; one that no group bears is a new name of this group, which joins
        the present ones if at least one of those is listed too or there is none yet. A name leaves with its group only.

        Raises:
            IncompleteRequest, GroupNotFound, GroupAmbiguous, RuleViolation: as the class says.
            MemberNotFound: a member is told by a name that is that of several members.

        Source: decisions 12, 13 and 16 on open questions in the project's reference tables; what a
        new name is: house choice, ADR 4.
        """
        group = stated(group)
        target = self._find_to_change(group, behaviour)
        return self._put(
            replace(
                target,
                description=target.description if group.description is None else group.description,
                der_function=group.der_function or target.der_function,
                end_devices=_changed_members(target, group, behaviour),
                names=merged_names(target.names, group.names) if group.names else target.names,
                version=group.version or target.version,
            )
        )

    def delete(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup | None:
        """The group that was deleted; None if there was none and *behaviour* has it that this is no error.

        Raises:
            RuleViolation: it lists EndDevices, and *behaviour* does not have it that the whole group is meant.
            IncompleteRequest, GroupNotFound, GroupAmbiguous: as the class says.

        Source: decisions 7 and 14 on open questions in the project's reference tables.
        """
        group = stated(group)
        if group.end_devices and not behaviour.delete_with_members_deletes_group:
            raise refusals.delete_lists_members(group)
        try:
            target = self.find(group, behaviour)
        except GroupNotFound:
            if behaviour.delete_of_unknown_is_ok:
                return None
            raise
        return self._remove(target)

    def add_members(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        """The group with the listed members added: an operation create or change with elementOperation true.

        Members are added whatever the change mode; a member that is there already takes the listed names. The version
        is replaced if stated; what else is stated has no bearing on members and is left alone.

        Raises:
            IncompleteRequest: it lists no members; else as the class says.
            GroupNotFound, GroupAmbiguous, RuleViolation: as the class says.
            MemberNotFound: a member is told by a name that is that of several members.

        Source: house choice, ADR 4.
        """
        group = stated(group)
        target = self._find_for_members(group, behaviour)
        return self._with_members(target, group, joined(target.end_devices, group.end_devices, group_id(group)))

    def remove_members(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        """The group without the listed members: an operation delete with elementOperation true.

        All are removed, or none where one is refused. The version is replaced if stated; what else is stated has no
        bearing on members and is left alone. A group may be left without members.

        Raises:
            IncompleteRequest: it lists no members; else as the class says.
            GroupNotFound, GroupAmbiguous, RuleViolation: as the class says.
            MemberNotFound: a device is not a member, or its name is that of several.

        Source: decisions 13 and 14 on open questions in the project's reference tables.
        """
        group = stated(group)
        target = self._find_for_members(group, behaviour)
        return self._with_members(target, group, left(target.end_devices, group.end_devices, group_id(group)))

    # -- notifications ---------------------------------------------------------------------------------------------

    def take_in(self, notice: Notice, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup | None:
        """The group as another system says it is now; for a deleted one as it was; None if it was not known.

        What is told has happened elsewhere, so the rules that guard requests (a version on create, members listed in a
        delete, a member to remove that is not there) do not apply.

        * created: a known group becomes what is told, an unknown one is created. Without DERFunction the known one's
          stays.
        * changed: merged as in `change`; an unknown group is created if its DERFunction is told.
        * deleted: the group goes; an unknown one is passed over.
        * members added, members removed: as in `add_members` and `remove_members`.

        Raises:
            RequestError: it cannot be taken in; the error says why.

        Source: cases DERG-6 to DERG-9 of the project's reference tables; what a notification may do: house choice,
        ADR 4.
        """
        group = stated(group)
        match notice:
            case Notice.CREATED:
                return self._take_in_created(group, behaviour)
            case Notice.CHANGED:
                return self._take_in_changed(group, behaviour)
            case Notice.DELETED:
                return self._take_in_deleted(group, behaviour)
            case Notice.MEMBERS_ADDED:
                return self.add_members(group, behaviour)
            case Notice.MEMBERS_REMOVED:
                target = self._find_for_members(group, behaviour)
                members = left(target.end_devices, group.end_devices, group_id(group), missing_is_ok=True)
                return self._with_members(target, group, members)

    # -- all or nothing --------------------------------------------------------------------------------------------

    def savepoint(self) -> Savepoint:
        """The draft as it is now, to come back to."""
        return self._overlay.savepoint()

    def rollback_to(self, savepoint: Savepoint) -> None:
        """Undo everything done since *savepoint*; the savepoint stays good.

        Raises:
            ValueError: *savepoint* was itself undone with an earlier one.

        Source: decision 10 on open questions in the project's reference tables.
        """
        self._overlay.rollback_to(savepoint)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _lookup(self, wanted: GroupReference) -> EndDeviceGroup | None:
        """The one group that everything in *wanted* points at; None if nothing points at any."""
        bearers = [self._names.bearers(text) for text in name_texts(wanted.names)]
        by_mrid = [] if wanted.mrid is None else [frozenset({wanted.mrid} if self.get(wanted.mrid) else ())]
        if not any(by_mrid + bearers):
            return None
        common = frozenset.intersection(*by_mrid, *bearers)
        if len(common) == 1:
            return self.get(*common)
        if common:
            raise refusals.several_bearers(wanted, len(common))
        raise refusals.disagreement(wanted, mrid_is_known=any(by_mrid), bearers=bearers)

    def _asked(self, reference: GroupReference, behaviour: Behaviour) -> Iterable[EndDeviceGroup]:
        wanted = stated_reference(reference)
        if wanted.mrid is not None or wanted.names:
            return (self.find(wanted, behaviour),)
        if behaviour.empty_query_means_all:
            return self
        raise refusals.no_identity_to_query()

    def _find_to_change(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        known = tuple(name for name in group.names if self._names.bearers(name.name))
        if len(known) == len(group.names) or (group.mrid is None and not known):
            return self.find(group, behaviour)
        target = self.find(GroupReference(mrid=group.mrid, names=known), behaviour)
        if not known and target.names:
            raise refusals.unconfirmed_name(group, target)
        return target

    def _find_for_members(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        target = self.find(group, behaviour)
        if not group.end_devices:
            raise refusals.no_members(group)
        return target

    def _check_names_free(self, group: EndDeviceGroup, behaviour: Behaviour) -> None:
        if not behaviour.unique_names:
            return
        for text in name_texts(group.names):
            others = self._names.bearers(text) - {group.mrid}
            if others:
                raise refusals.name_taken(group, text, others)

    def _put_whole(self, group: EndDeviceGroup) -> EndDeviceGroup:
        if group.der_function is None:
            raise refusals.no_function(group)
        check_listed(group.end_devices, group_id(group))
        mrid = group.mrid or self._assigned_mrid()
        return self._put(replace(group, mrid=mrid, names=merged_names((), group.names)))

    def _assigned_mrid(self) -> str:
        while self.get(mrid := self._new_mrid()) is not None:
            pass
        return mrid

    def _take_in_created(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        if group.mrid is not None:
            known = self.get(group.mrid)
        elif not group.names:
            raise refusals.no_identity(group)  # it could not be told from itself when it comes again
        else:
            known = self._lookup(GroupReference(names=tuple(n for n in group.names if self._names.bearers(n.name))))
        if known is not None:
            group = replace(group, mrid=known.mrid, der_function=group.der_function or known.der_function)
        self._check_names_free(group, behaviour)
        return self._put_whole(group)

    def _take_in_changed(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup:
        try:
            return self.change(group, behaviour)
        except GroupNotFound:
            if group.der_function is None:
                raise
        return self._take_in_created(group, behaviour)

    def _take_in_deleted(self, group: EndDeviceGroup, behaviour: Behaviour) -> EndDeviceGroup | None:
        try:
            return self._remove(self.find(group, behaviour))
        except GroupNotFound:
            return None

    def _with_members(
        self, target: EndDeviceGroup, group: EndDeviceGroup, members: tuple[EndDevice, ...]
    ) -> EndDeviceGroup:
        return self._put(replace(target, end_devices=members, version=group.version or target.version))

    def _put(self, group: EndDeviceGroup) -> EndDeviceGroup:
        self._overlay.set(_mrid_of(group), group)
        return group

    def _remove(self, group: EndDeviceGroup) -> EndDeviceGroup:
        self._overlay.set(_mrid_of(group), None)
        return group

    def _moved(self, mrid: str, before: EndDeviceGroup | None, after: EndDeviceGroup | None) -> None:
        self._names.move(mrid, before.names if before else (), after.names if after else ())


def _changed_members(target: EndDeviceGroup, group: EndDeviceGroup, behaviour: Behaviour) -> tuple[EndDevice, ...]:
    if not group.end_devices:
        return target.end_devices
    if behaviour.change_mode is ChangeMode.REPLACE:
        check_listed(group.end_devices, group_id(group))
        return group.end_devices
    return joined(target.end_devices, group.end_devices, group_id(group))


def _mrid_of(group: EndDeviceGroup) -> str:
    if group.mrid is None:
        raise ValueError("a group of the registry has an mRID, and this one has none")
    return group.mrid
