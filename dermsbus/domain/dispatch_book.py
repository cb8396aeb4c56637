"""All orders of one adapter in process: what is ordered now, and the drafts in which requests change it.

Handlers and the executor work in a `DispatchDraft`, as with groups: it reads through to the book and keeps what
differs; when the store has committed its changes the book adopts them, and a draft that is dropped never happened.
There is one writer thread, hence no locks; dispatches are immutable.

Which order holds: of all orders for the same group and parameter that are not called off or finished, at each instant
the one received last among those that say something at that instant. So a new order pushes an older one aside only
where they overlap. When the newer one ends, is canceled, closed or deleted, the older one goes on, if it still has
intervals, with the value that its own schedule has by then; nothing is made up for. Where no order says anything,
nothing is ordered, and the group is in its default state.

Source: decisions 28 and 33 on open questions in the project's reference tables; house choices: ADR 15.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from uuid import uuid4

from dermsbus.domain.dispatch_rules import dispatch_id
from dermsbus.domain.identity import NameIndex, group_id, merged_names, name_texts, quoted, stated_reference
from dermsbus.domain.model import GroupReference, Name
from dermsbus.domain.overlay import Overlay, Savepoint
from dermsbus.domain.quantities import Curve, Dispatch, DispatchState, ParameterKind
from dermsbus.domain.schedule import (
    Period,
    add_period,
    covers,
    curve_at,
    curve_value,
    end,
    next_boundary_after,
    next_change_after,
    periods,
)
from dermsbus.errors import DispatchExists, DispatchNotFound, IncompleteRequest, RuleViolation

__all__ = [
    "ActiveOrder",
    "DispatchBook",
    "DispatchChange",
    "DispatchDraft",
    "OrderKey",
    "StatedDispatch",
]

OrderKey = tuple[str, ParameterKind]
"""mRID of a group, and what is ordered of it."""

_RUNNING: Final = frozenset({DispatchState.SCHEDULED, DispatchState.ACTIVE})
_UNFINISHED: Final = _RUNNING | {DispatchState.SUPERSEDED}


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchChange:
    """One dispatch before and after; *before* is None for a new one, *after* for a removed one; never both.

    Both carry the same mRID.
    """

    before: Dispatch | None
    after: Dispatch | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedDispatch:
    """A dispatch as a change, cancel, close or delete states it: what is None or empty was not stated.

    Attributes:
        mrid: of the dispatch.
        names: of the dispatch.
        group: of the group, its mRID filled in; where it is stated, the dispatch must be for that group.
        parameter: where it is stated, the dispatch must be of it.
        curves: the new schedules; they take the place of all present ones.
        source: the system that says so.
    """

    mrid: str | None = None
    names: tuple[Name, ...] = ()
    group: GroupReference = field(default_factory=GroupReference)
    parameter: ParameterKind | None = None
    curves: tuple[Curve, ...] = ()
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveOrder:
    """What holds at an instant.

    Attributes:
        dispatch: the order it comes from.
        value: SI, signed.
        ends_at: when the schedule it comes from ends: no device may hold the value beyond that by itself.
    """

    dispatch: Dispatch
    value: float
    ends_at: datetime


def _random_mrid() -> str:
    return str(uuid4())


class _Shelf:
    """The dispatches of a book, and the ways to find them."""

    def __init__(self) -> None:
        self.dispatches: dict[str, Dispatch] = {}
        self.names = NameIndex()
        self.of_key: defaultdict[OrderKey, dict[str, None]] = defaultdict(dict)
        self.running: defaultdict[OrderKey, dict[str, None]] = defaultdict(dict)
        self._places: dict[str, int] = {}
        self.next_place = 0

    def place(self, mrid: str) -> int | None:
        """Where the dispatch stands in the order of creation; None if it is not here."""
        return self._places.get(mrid)

    def put(self, dispatch: Dispatch) -> None:
        """Have *dispatch* here, in the place of one with its mRID."""
        mrid, key = dispatch.mrid, _key_of(dispatch)
        before = self.dispatches.get(mrid)
        if before is None:
            self._places[mrid] = self.next_place
            self.next_place += 1
        else:
            self._take_out(before)
        self.names.move(mrid, before.names if before else (), dispatch.names)
        self.dispatches[mrid] = dispatch
        self.of_key[key][mrid] = None
        if dispatch.state in _RUNNING:
            self.running[key][mrid] = None

    def remove(self, dispatch: Dispatch) -> None:
        """Have *dispatch* here no more."""
        self._take_out(dispatch)
        self.names.move(dispatch.mrid, dispatch.names, ())
        del self.dispatches[dispatch.mrid], self._places[dispatch.mrid]

    def _take_out(self, dispatch: Dispatch) -> None:
        key = _key_of(dispatch)
        for lists in (self.of_key, self.running):
            lists[key].pop(dispatch.mrid, None)
            if not lists[key]:
                del lists[key]


class DispatchBook:
    """All dispatches, by mRID, by name and by group, in the order of their creation.

    Args:
        dispatches: what the store holds, in that order, each with an mRID of its own and the mRID of its group.
        new_mrid: gives an mRID for a dispatch that comes without one.

    Raises:
        ValueError: a dispatch has no mRID or that of another, or none of its group.
    """

    def __init__(self, dispatches: Iterable[Dispatch] = (), *, new_mrid: Callable[[], str] = _random_mrid) -> None:
        self._shelf = _Shelf()
        self._new_mrid = new_mrid
        self._adoptions = 0
        for dispatch in dispatches:
            if not dispatch.mrid or dispatch.mrid in self._shelf.dispatches:
                raise ValueError(f"a dispatch of the book has an mRID of its own, and {quoted(dispatch.mrid)} is none")
            self._shelf.put(dispatch)

    # -- what is there ---------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._shelf.dispatches)

    @property
    def adoptions(self) -> int:
        """How many drafts were adopted: while it stays the same, so does the book."""
        return self._adoptions

    def __iter__(self) -> Iterator[Dispatch]:
        return iter(tuple(self._shelf.dispatches.values()))

    def get(self, mrid: str) -> Dispatch | None:
        """The dispatch with this mRID, or None."""
        return self._shelf.dispatches.get(mrid)

    # -- what is ordered -------------------------------------------------------------------------------------------

    def active_order(self, group_mrid: str, parameter: ParameterKind, at: datetime) -> ActiveOrder | None:
        """What is ordered of the group at the instant *at*, which may be in the future; None if nothing is."""
        return self._active((group_mrid, parameter), at)

    def active_orders(self, now: datetime) -> Mapping[OrderKey, ActiveOrder]:
        """What is ordered now, of every group and parameter of which anything is.

        Increasing and decreasing ramp rates are among them: limits that the orders of power are to follow.

        Source: decision 28 on open questions in the project's reference tables.
        """
        found = ((key, self._active(key, now)) for key in self._shelf.running)
        return {key: order for key, order in found if order is not None}

    def next_change_after(self, now: datetime, *, line_step: timedelta) -> datetime | None:
        """An instant after *now* until which `active_orders` and all states stay as they are; None if for ever.

        Args:
            now: aware.
            line_step: distance of the steps in which a sloping line is followed; more than 0.
        """
        changes = (self._key_change_after(key, now, line_step) for key in self._shelf.running)
        return min((change for change in changes if change is not None), default=None)

    # -- drafts ----------------------------------------------------------------------------------------------------

    def draft(self, now: datetime) -> DispatchDraft:
        """A new draft over the book as it is; it holds until the next one is adopted.

        Args:
            now: aware: the instant at which everything in the draft happens.
        """
        return DispatchDraft(self, self._shelf, now=now, new_mrid=self._new_mrid, age=self._adoptions)

    def adopt(self, draft: DispatchDraft) -> None:
        """Make the changes of *draft* the book's own: call it when the store has committed them.

        Raises:
            ValueError: *draft* is that of another book, or older than the last one adopted.
        """
        if draft.book is not self or draft.age != self._adoptions:
            raise ValueError("a draft can be adopted only by the book it was made of, as it was then")
        self._adoptions += 1
        for change in draft.changes:
            if change.after is not None:
                self._shelf.put(change.after)
            elif change.before is not None:
                self._shelf.remove(change.before)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _active(self, key: OrderKey, at: datetime) -> ActiveOrder | None:
        speaking: list[tuple[datetime, int, Dispatch, Curve]] = []
        for mrid in self._shelf.running.get(key, ()):
            dispatch = self._shelf.dispatches[mrid]
            curve = curve_at(dispatch.curves, at)
            if curve is not None:
                speaking.append((dispatch.received_at, self._shelf.place(mrid) or 0, dispatch, curve))
        if not speaking:
            return None
        _, _, dispatch, curve = max(speaking, key=lambda one: one[:2])
        value = curve_value(curve, at)
        return None if value is None else ActiveOrder(dispatch=dispatch, value=value, ends_at=curve.ends_at)

    def _key_change_after(self, key: OrderKey, now: datetime, line_step: timedelta) -> datetime | None:
        holding = self._active(key, now)
        changes = [next_boundary_after(self._shelf.dispatches[mrid].curves, now) for mrid in self._shelf.running[key]]
        if holding is not None:
            changes.append(next_change_after(holding.dispatch.curves, now, line_step=line_step))
        return min((change for change in changes if change is not None), default=None)


class DispatchDraft:
    """Changes to the dispatches of a book that are not yet its own; made by `DispatchBook.draft`.

    All methods that point at a dispatch raise

    * IncompleteRequest 5.8 where neither mRID nor Names are stated,
    * DispatchNotFound 2.15 where what is stated points at no dispatch,
    * RuleViolation 2.29 where it does not all point at one dispatch, or that is for another group or parameter.

    A refusal leaves the draft as it was. Whatever is done, the states of all orders for that group and parameter
    follow.
    """

    def __init__(
        self, book: DispatchBook, shelf: _Shelf, *, now: datetime, new_mrid: Callable[[], str], age: int
    ) -> None:
        self._book = book
        self._shelf = shelf
        self._now = now
        self._new_mrid = new_mrid
        self._age = age
        self._names = NameIndex(below=shelf.names)
        self._overlay: Overlay[Dispatch] = Overlay(shelf.dispatches.get, self._moved)
        self._touched_of_key: defaultdict[OrderKey, dict[str, None]] = defaultdict(dict)
        self._new_places: dict[str, int] = {}
        self._next_place = shelf.next_place

    # -- what is there ---------------------------------------------------------------------------------------------

    @property
    def book(self) -> DispatchBook:
        """The book it was made of."""
        return self._book

    @property
    def age(self) -> int:
        """How many drafts the book had adopted when this one was made."""
        return self._age

    @property
    def now(self) -> datetime:
        """The instant at which everything in the draft happens."""
        return self._now

    def __iter__(self) -> Iterator[Dispatch]:
        """All dispatches as the draft has them, in the order of their creation."""
        for mrid in chain(self._shelf.dispatches, self._new_places):
            dispatch = self.get(mrid)
            if dispatch is not None:
                yield dispatch

    def get(self, mrid: str) -> Dispatch | None:
        """The dispatch with this mRID as the draft has it, or None."""
        return self._overlay.get(mrid)

    def of_group(self, group_mrid: str) -> tuple[Dispatch, ...]:
        """All dispatches for the group, finished ones too, in the order of their creation."""
        found = chain.from_iterable(self._of_key((group_mrid, kind)) for kind in ParameterKind)
        return tuple(sorted(found, key=self._place))

    def is_over(self, dispatch: Dispatch) -> bool:
        """True if nothing of *dispatch* is left to do at the draft's instant."""
        return dispatch.state not in _UNFINISHED or end(dispatch.curves) <= self._now

    def find(self, stated: StatedDispatch) -> Dispatch:
        """The dispatch that *stated* points at.

        An mRID decides; of names those that any dispatch bears have to be its own. Names alone point at the one
        unfinished dispatch that bears them all, else at the one finished one: a name may be used again when the
        dispatch that bore it is over.

        Raises:
            IncompleteRequest, DispatchNotFound, RuleViolation: as the class says.

        Source: decision 16 on open questions in the project's reference tables, for dispatches; what names point at:
        house choice, ADR 15.
        """
        stated = _without_blanks(stated)
        mrid, known = stated.mrid, self._known_bearers(stated)
        if mrid is None and not stated.names:
            raise IncompleteRequest(
                "a DERGroupDispatch has neither mRID nor Names: state the mRID of the dispatch that is meant",
                object_id=group_id(stated.group),
            )
        if mrid is None and known:
            mrid = self._borne_by_one(stated, known)
        target = None if mrid is None else self.get(mrid)
        if target is None:
            raise DispatchNotFound(
                f"no DERGroupDispatch has the {_stated_as(stated)}: get DERGroupDispatches to see those that exist",
                object_id=dispatch_id(mrid, stated.names),
            )
        self._check_agrees(stated, target, known)
        return target

    @property
    def changes(self) -> tuple[DispatchChange, ...]:
        """The net effect, a change for each dispatch that is not as it was, in the order of first touch.

        Dispatches whose state followed that of another are among them.
        """
        return tuple(DispatchChange(before=before, after=after) for before, after in self._overlay.differences())

    # -- requests --------------------------------------------------------------------------------------------------

    def create(self, dispatch: Dispatch) -> Dispatch:
        """The new dispatch, with an mRID assigned if its own is blank, in the state that follows from now.

        Args:
            dispatch: an order that was admitted, with the mRID of its group; its state is of no account.

        Raises:
            DispatchExists: a dispatch has its mRID, be it finished or not.

        Source: decisions 8, 24 and 28 on open questions in the project's reference tables, for dispatches.
        """
        named = stated_reference(GroupReference(mrid=dispatch.mrid, names=dispatch.names))
        mrid = named.mrid
        if mrid is not None and self.get(mrid) is not None:
            raise DispatchExists(
                f"DERGroupDispatch {quoted(mrid)} exists already: change it, or create one with another mRID",
                object_id=dispatch_id(mrid),
            )
        new = replace(
            dispatch,
            mrid=mrid or self._assigned_mrid(),
            names=merged_names((), named.names),
            state=DispatchState.SCHEDULED,
        )
        return self._put(new)

    def change(self, stated: StatedDispatch) -> Dispatch:
        """The dispatch with what *stated* says merged in.

        Stated schedules take the place of all present ones, for a schedule has no identity by which it could be told
        which one is meant; the order then counts as received now. Names that are new are added.

        Raises:
            RuleViolation: 6.1: it is over.
            IncompleteRequest, DispatchNotFound, RuleViolation: as the class says.

        Source: decision 12 on open questions in the project's reference tables, for dispatches; house choice, ADR 15.
        """
        stated = _without_blanks(stated)
        target = self._find_unfinished(stated, "changed: create a new one")
        changed = replace(target, names=merged_names(target.names, stated.names), source=stated.source or target.source)
        if stated.curves:
            changed = replace(changed, curves=stated.curves, received_at=self._now, state=DispatchState.SCHEDULED)
        return self._put(changed)

    def cancel(self, stated: StatedDispatch) -> Dispatch:
        """The dispatch, of which nothing is done any more from now on; one that was canceled before, as it is.

        Its schedules stay as they were ordered, to show what was called off. An older order that it had pushed aside
        holds again.

        Raises:
            RuleViolation: 6.1: it is over, so that there is nothing to drop.
            IncompleteRequest, DispatchNotFound, RuleViolation: as the class says.

        Source: decision 33 on open questions in the project's reference tables.
        """
        if (target := self.find(stated)).state is DispatchState.CANCELED:
            return target
        target = self._find_unfinished(stated, "canceled: nothing of it is left to do")
        return self._put(replace(target, state=DispatchState.CANCELED))

    def close(self, stated: StatedDispatch) -> Dispatch:
        """The dispatch, marked as finished: nothing is done of it any more, and it stays to be looked up.

        Raises:
            IncompleteRequest, DispatchNotFound, RuleViolation: as the class says.

        Source: decision 33 on open questions in the project's reference tables.
        """
        return self._put(replace(self.find(stated), state=DispatchState.CLOSED))

    def delete(self, stated: StatedDispatch) -> Dispatch:
        """The dispatch as it was; nothing is done of it any more, and it is gone.

        Raises:
            IncompleteRequest, DispatchNotFound, RuleViolation: as the class says.

        Source: decision 33 on open questions in the project's reference tables.
        """
        target = self.find(stated)
        self._overlay.set(target.mrid, None)
        self._settle(_key_of(target))
        return target

    def cancel_group(self, group_mrid: str) -> tuple[Dispatch, ...]:
        """All unfinished dispatches for the group, canceled: for a group that is deleted or must stop."""
        unfinished = [dispatch for dispatch in self.of_group(group_mrid) if not self.is_over(dispatch)]
        return tuple(self._put(replace(dispatch, state=DispatchState.CANCELED)) for dispatch in unfinished)

    # -- time ------------------------------------------------------------------------------------------------------

    def advance(self) -> tuple[Dispatch, ...]:
        """Bring all states to now: SCHEDULED, then ACTIVE from the first interval on, then COMPLETED.

        SUPERSEDED is an order of whose remaining intervals newer ones have taken all; it runs again if they go.

        Returns:
            The dispatches whose state is another now.
        """
        keys = dict.fromkeys(chain(self._shelf.running, self._touched_of_key))
        return tuple(chain.from_iterable(self._settle(key) for key in keys))

    def forget(self, ended_before: datetime) -> int:
        """Remove the finished dispatches whose last interval ended before *ended_before*; returns how many."""
        old = [one for one in self if self.is_over(one) and end(one.curves) < ended_before]
        for dispatch in old:
            self._overlay.set(dispatch.mrid, None)
        return len(old)

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
        for mrid in self._new_places.keys() - self._overlay.touched.keys():
            del self._new_places[mrid]

    # -- inside: finding -------------------------------------------------------------------------------------------

    def _known_bearers(self, stated: StatedDispatch) -> list[frozenset[str]]:
        """For each stated name that any dispatch bears, which ones do."""
        return [bearers for text in name_texts(stated.names) if (bearers := self._names.bearers(text))]

    def _borne_by_one(self, stated: StatedDispatch, known: list[frozenset[str]]) -> str:
        bearers = frozenset.intersection(*known)
        running = [mrid for mrid in bearers if (one := self.get(mrid)) is not None and not self.is_over(one)]
        fitting = running or list(bearers)
        if len(fitting) != 1:
            raise RuleViolation(
                f"{len(fitting) or 'no'} dispatches fit the {_stated_as(stated)}: state the mRID of the one that is "
                "meant",
                code="2.29",
                object_id=dispatch_id(None, stated.names),
            )
        return fitting[0]

    def _check_agrees(self, stated: StatedDispatch, target: Dispatch, known: list[frozenset[str]]) -> None:
        if any(target.mrid not in bearers for bearers in known):
            problem = "a stated name is that of another dispatch"
        elif stated.group.mrid not in {None, target.group.mrid}:
            problem = f"it is for DERGroup {quoted(target.group.mrid or '')}"
        elif stated.parameter not in {None, target.parameter}:
            problem = f"it orders {target.parameter}, not {stated.parameter}"
        else:
            return
        raise RuleViolation(
            f"DERGroupDispatch {quoted(target.mrid)} is not the one that is described ({problem}): state its mRID "
            "alone, or what belongs to it",
            code="2.29",
            object_id=dispatch_id(target.mrid),
            related_id=group_id(stated.group),
        )

    def _find_unfinished(self, stated: StatedDispatch, what_not: str) -> Dispatch:
        target = self.find(stated)
        if self.is_over(target):
            state = DispatchState.COMPLETED if target.state in _RUNNING else target.state
            raise RuleViolation(
                f"DERGroupDispatch {quoted(target.mrid)} is {state} and cannot be {what_not}",
                object_id=dispatch_id(target.mrid),
            )
        return target

    def _of_key(self, key: OrderKey) -> Iterator[Dispatch]:
        for mrid in dict.fromkeys(chain(self._shelf.of_key.get(key, ()), self._touched_of_key.get(key, ()))):
            dispatch = self.get(mrid)
            if dispatch is not None and _key_of(dispatch) == key:
                yield dispatch

    def _place(self, dispatch: Dispatch) -> int:
        place = self._shelf.place(dispatch.mrid)
        return self._new_places[dispatch.mrid] if place is None else place

    # -- inside: changing ------------------------------------------------------------------------------------------

    def _assigned_mrid(self) -> str:
        while self.get(mrid := self._new_mrid()) is not None:
            pass
        return mrid

    def _put(self, dispatch: Dispatch) -> Dispatch:
        """Have *dispatch*, and the states that follow from it; returns it in its own."""
        self._overlay.set(dispatch.mrid, dispatch)
        self._settle(_key_of(dispatch))
        return self.get(dispatch.mrid) or dispatch

    def _settle(self, key: OrderKey) -> list[Dispatch]:
        """Give the unfinished orders of *key* the states that follow from now and from each other."""
        unfinished = [
            one
            for one in self._of_key(key)
            if one.state in _RUNNING or (one.state in _UNFINISHED and not self.is_over(one))
        ]
        unfinished.sort(key=lambda one: (one.received_at, self._place(one)), reverse=True)
        cover: list[Period] = []
        changed: list[Dispatch] = []
        for order in unfinished:
            stretches = periods(order.curves)
            state = _state_at(stretches, self._now, cover)
            if state is not order.state:
                changed.append(replace(order, state=state))
                self._overlay.set(order.mrid, changed[-1])
            for stretch in stretches:
                add_period(cover, stretch)
        return changed

    def _moved(self, mrid: str, before: Dispatch | None, after: Dispatch | None) -> None:
        self._names.move(mrid, before.names if before else (), after.names if after else ())
        if self._shelf.place(mrid) is None:
            self._new_places.setdefault(mrid, self._next_place)
            self._next_place += 1
        if after is not None:
            self._touched_of_key[_key_of(after)][mrid] = None


def _state_at(stretches: Sequence[Period], now: datetime, cover: Sequence[Period]) -> DispatchState:
    """The state of an order that holds during *stretches*, where newer ones hold during *cover*."""
    if stretches[-1].ends_at <= now:
        return DispatchState.COMPLETED
    if cover and covers(cover, stretches, now):
        return DispatchState.SUPERSEDED
    return DispatchState.SCHEDULED if now < stretches[0].begins_at else DispatchState.ACTIVE


def _key_of(dispatch: Dispatch) -> OrderKey:
    if not dispatch.group.mrid:
        raise ValueError(f"a dispatch of the book has the mRID of its group, and {quoted(dispatch.mrid)} has none")
    return dispatch.group.mrid, dispatch.parameter


def _without_blanks(stated: StatedDispatch) -> StatedDispatch:
    named = stated_reference(GroupReference(mrid=stated.mrid, names=stated.names))
    return replace(stated, mrid=named.mrid, names=named.names)


def _stated_as(stated: StatedDispatch) -> str:
    return f"name {quoted(stated.names[0].name)}" if stated.mrid is None else f"mRID {quoted(stated.mrid)}"
