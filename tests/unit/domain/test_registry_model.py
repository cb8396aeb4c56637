"""The registry against a model so simple that it is plainly right: a list of groups, searched from end to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dermsbus.domain.behaviour import BEHAVIOURS, Behaviour, ChangeMode
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference
from dermsbus.domain.overlay import Savepoint
from dermsbus.domain.registry import GroupRegistry
from dermsbus.errors import (
    GroupAmbiguous,
    GroupExists,
    GroupNotFound,
    IncompleteRequest,
    MemberNotFound,
    RequestError,
    RuleViolation,
)
from tests.unit.domain.builders import function, names, new_group, numbered_mrids, version

behaviours = st.sampled_from(list(BEHAVIOURS.values()))
mrids = st.sampled_from(["G1", "G2", "G3"])
some_names = st.lists(st.sampled_from(["n1", "n2", "n3"]), unique=True, min_size=1, max_size=2).map(
    lambda texts: names(*texts)
)
identities = st.one_of(
    st.tuples(mrids, st.just(())),
    st.tuples(st.none(), some_names),
    st.tuples(mrids, some_names),
    st.just(("", ())),
)
known_devices = st.lists(
    st.sampled_from([EndDevice(mrid=f"D{number}") for number in range(4)]), unique=True, max_size=3
)
any_devices = st.lists(st.sampled_from([EndDevice(mrid="D0"), EndDevice(mrid="D1"), EndDevice()]), max_size=3)
groups = st.builds(
    lambda identity, **stated: EndDeviceGroup(mrid=identity[0], names=identity[1], **stated),
    identity=identities,
    description=st.sampled_from([None, "", "north"]),
    der_function=st.sampled_from([function(), function("voltage_regulation"), None]),
    end_devices=st.one_of(known_devices, known_devices, any_devices).map(tuple),
    version=st.sampled_from([version(1), version(2), None]),
)

Groups = list[EndDeviceGroup]


def texts_of(group: EndDeviceGroup | GroupReference) -> set[str]:
    return {name.name for name in group.names}


def naive_find(groups: Groups, wanted: EndDeviceGroup | GroupReference) -> EndDeviceGroup:
    if not wanted.mrid and not wanted.names:
        raise IncompleteRequest("")
    if not any((wanted.mrid and g.mrid == wanted.mrid) or texts_of(g) & texts_of(wanted) for g in groups):
        raise GroupNotFound("")
    fitting = [g for g in groups if (not wanted.mrid or g.mrid == wanted.mrid) and texts_of(wanted) <= texts_of(g)]
    if len(fitting) != 1:
        raise GroupAmbiguous("")
    return fitting[0]


def naive_check(listed: tuple[EndDevice, ...]) -> None:
    for place, device in enumerate(listed):
        if device.mrid is None:
            raise IncompleteRequest("")
        if device in listed[:place]:
            raise RuleViolation("")


def naive_create(groups: Groups, group: EndDeviceGroup, behaviour: Behaviour, new_mrid: Callable[[], str]) -> None:
    if group.mrid and any(g.mrid == group.mrid for g in groups):
        raise GroupExists("")
    if behaviour.unique_names and any(texts_of(g) & texts_of(group) for g in groups):
        raise GroupExists("")
    if behaviour.require_version_on_create and group.version is None:
        raise RuleViolation("")
    if group.der_function is None:
        raise IncompleteRequest("")
    naive_check(group.end_devices)
    groups.append(replace(group, mrid=group.mrid or new_mrid()))


def naive_change(groups: Groups, group: EndDeviceGroup, behaviour: Behaviour) -> None:
    borne = {text for g in groups for text in texts_of(g)}
    known = tuple(name for name in group.names if name.name in borne)
    if known == group.names or (not group.mrid and not known):
        target = naive_find(groups, group)
    else:
        target = naive_find(groups, GroupReference(mrid=group.mrid, names=known))
        if not known and target.names:
            raise GroupAmbiguous("")
    naive_check(group.end_devices)
    members = target.end_devices + tuple(d for d in group.end_devices if d not in target.end_devices)
    if behaviour.change_mode is ChangeMode.REPLACE and group.end_devices:
        members = group.end_devices
    groups[groups.index(target)] = EndDeviceGroup(
        mrid=target.mrid,
        description=target.description if group.description is None else group.description,
        der_function=group.der_function or target.der_function,
        end_devices=members,
        names=target.names + tuple(name for name in group.names if name not in target.names),
        version=group.version or target.version,
    )


def naive_delete(groups: Groups, group: EndDeviceGroup, behaviour: Behaviour) -> None:
    if group.end_devices and not behaviour.delete_with_members_deletes_group:
        raise RuleViolation("")
    try:
        groups.remove(naive_find(groups, group))
    except GroupNotFound:
        if not behaviour.delete_of_unknown_is_ok:
            raise


def naive_members(groups: Groups, group: EndDeviceGroup, *, add: bool) -> None:
    target = naive_find(groups, group)
    if not group.end_devices:
        raise IncompleteRequest("")
    naive_check(group.end_devices)
    if add:
        members = target.end_devices + tuple(d for d in group.end_devices if d not in target.end_devices)
    elif set(group.end_devices) <= set(target.end_devices):
        members = tuple(d for d in target.end_devices if d not in group.end_devices)
    else:
        raise MemberNotFound("")
    groups[groups.index(target)] = replace(target, end_devices=members, version=group.version or target.version)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The model at a savepoint."""

    savepoint: Savepoint
    groups: tuple[EndDeviceGroup, ...]
    newcomers: tuple[str, ...]


class RegistryMachine(RuleBasedStateMachine):
    """Both are told the same; both must refuse the same and hold the same."""

    def __init__(self) -> None:
        super().__init__()
        self.adopted: Groups = [new_group("G1", "n1"), new_group("G2", "n2")]
        self.registry = GroupRegistry(self.adopted, new_mrid=numbered_mrids())
        self.assigned = numbered_mrids()
        self._begin()

    def _begin(self) -> None:
        self.draft = self.registry.draft()
        self.drafted: Groups = list(self.adopted)
        self.newcomers: list[str] = []
        self.good: list[Saved] = []
        self.undone: list[Saved] = []

    def _both(self, real: Callable[[], object], naive: Callable[[Groups], None]) -> None:
        model, expected = list(self.drafted), None
        try:
            naive(model)
        except RequestError as error:
            expected, model = type(error), self.drafted
        refused = None
        try:
            real()
        except RequestError as error:
            refused = type(error)
        assert refused == expected
        order = [g.mrid for g in self.adopted]
        self.newcomers += [g.mrid for g in model if g.mrid and g.mrid not in {*order, *self.newcomers}]
        self.drafted = sorted(model, key=lambda g: [*order, *self.newcomers].index(g.mrid))

    @rule(group=groups, behaviour=behaviours)
    def create(self, group: EndDeviceGroup, behaviour: Behaviour) -> None:
        self._both(
            lambda: self.draft.create(group, behaviour),
            lambda model: naive_create(model, group, behaviour, self.assigned),
        )

    @rule(group=groups, behaviour=behaviours)
    def change(self, group: EndDeviceGroup, behaviour: Behaviour) -> None:
        self._both(lambda: self.draft.change(group, behaviour), lambda model: naive_change(model, group, behaviour))

    @rule(group=groups, behaviour=behaviours)
    def delete(self, group: EndDeviceGroup, behaviour: Behaviour) -> None:
        self._both(lambda: self.draft.delete(group, behaviour), lambda model: naive_delete(model, group, behaviour))

    @rule(group=groups, behaviour=behaviours, add=st.booleans())
    def members(self, group: EndDeviceGroup, behaviour: Behaviour, add: bool) -> None:
        real = self.draft.add_members if add else self.draft.remove_members
        self._both(lambda: real(group, behaviour), lambda model: naive_members(model, group, add=add))

    @precondition(lambda self: len(self.good) < 3)
    @rule()
    def save(self) -> None:
        self.good.append(
            Saved(savepoint=self.draft.savepoint(), groups=tuple(self.drafted), newcomers=tuple(self.newcomers))
        )

    @precondition(lambda self: self.good)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(min_value=0, max_value=len(self.good) - 1))
        saved = self.good[index]
        self.undone += [later for later in self.good[index + 1 :] if later.savepoint != saved.savepoint]
        del self.good[index + 1 :]
        self.draft.rollback_to(saved.savepoint)
        self.drafted, self.newcomers = list(saved.groups), list(saved.newcomers)

    @precondition(lambda self: self.undone)
    @rule(data=st.data())
    def roll_back_to_what_was_undone(self, data: st.DataObject) -> None:
        with pytest.raises(ValueError, match="was undone"):
            self.draft.rollback_to(data.draw(st.sampled_from(self.undone)).savepoint)

    @precondition(lambda self: self.draft.changes)
    @rule(dropped=st.sampled_from([False, False, False, True]))
    def finish(self, dropped: bool) -> None:
        if not dropped:
            self.registry.adopt(self.draft)
            self.adopted = list(self.drafted)
        self._begin()

    @invariant()
    def both_hold_the_same(self) -> None:
        assert list(self.registry) == self.adopted
        assert list(self.draft) == self.drafted

    @invariant()
    def the_changes_lead_from_the_one_to_the_other(self) -> None:
        groups = {g.mrid: g for g in self.registry}
        for change in self.draft.changes:
            some = change.after or change.before
            assert some
            assert groups.pop(some.mrid, None) == change.before
            if change.after:
                groups[some.mrid] = change.after
        assert sorted(groups.values(), key=repr) == sorted(self.draft, key=repr)

    @invariant()
    def every_name_finds_its_groups(self) -> None:
        for text in ("n1", "n2", "n3"):
            bearers = [g for g in self.drafted if text in texts_of(g)]
            found, _ = self.draft.query((GroupReference(names=names(text)),), BEHAVIOURS["default"])
            assert list(found) == (bearers if len(bearers) == 1 else [])


RegistryMachine.TestCase.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)
TestRegistryModel = RegistryMachine.TestCase
