"""Switch orders: what became of each control at each of its devices, until that is told.

A control of groups and devices is accepted at once. What it asks of each device is an order of its own, which waits for
its time, is given to the device, and goes when its outcome is told. One that holds for a while is two orders: there and
back.

Of two orders for the same device the one received last holds: it takes away all that wait for the same time or later.

Source: use case 14 of the project's reference tables; orders there and back, and which one holds: house choice, ADR 23.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import uuid4

from dermsbus.domain.controls import ControlKind, EndDeviceControl, EndDeviceEvent, EventKind
from dermsbus.domain.identity import name_texts
from dermsbus.domain.model import EndDevice
from dermsbus.domain.overlay import Overlay, Savepoint

__all__ = ["SwitchBook", "SwitchChange", "SwitchDraft", "SwitchOrder", "SwitchState", "failure_of", "success_of"]

_OPPOSITE: Final = MappingProxyType(
    {ControlKind.CONNECT: ControlKind.DISCONNECT, ControlKind.DISCONNECT: ControlKind.CONNECT}
)


class SwitchState(StrEnum):
    """Where a switch order stands."""

    WAITING = "waiting"
    """Its time has not come, or its device was not asked yet."""
    GIVEN = "given"
    """Its device is being asked: whether it has done it is not known yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchOrder:
    """One device, to be connected or disconnected.

    Attributes:
        order_id: of the order.
        device: by mRID or names, as its group or its control lists it.
        kind: CONNECT or DISCONNECT.
        starts_at: aware, UTC: when.
        ends_at: aware, UTC: when the order back is due, so that the device may go back by itself; None where none is.
        is_return: True for the order back of a control that holds for a while.
        received_at: aware, UTC: when the control came.
        state: where it stands.
        control_mrid: of the control; None where it stated none.
        device_type: first part of the control's code, for that of the event.
        issuer_id: who gave the control.
        issuer_tracking_id: by what its issuer knows it.
        correlation_id: ``Header/CorrelationID`` for the event that tells of the outcome.
    """

    order_id: str
    device: EndDevice
    kind: ControlKind
    starts_at: datetime
    ends_at: datetime | None = None
    is_return: bool = False
    received_at: datetime
    state: SwitchState = SwitchState.WAITING
    control_mrid: str | None = None
    device_type: int = 2
    issuer_id: str | None = None
    issuer_tracking_id: str | None = None
    correlation_id: str | None = None

    @property
    def is_waiting(self) -> bool:
        """True until it is given."""
        return self.state is SwitchState.WAITING


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchChange:
    """One order before and after; *before* is None for a new one, *after* for one that is over; never both."""

    before: SwitchOrder | None
    after: SwitchOrder | None


def _random_id() -> str:
    return str(uuid4())


def success_of(order: SwitchOrder, *, at: datetime) -> EndDeviceEvent:
    """What is told of an order that its device has carried out.

    Args:
        order: which.
        at: aware, UTC: when.
    """
    kind = EventKind.CONNECTED if order.kind is ControlKind.CONNECT else EventKind.DISCONNECTED
    return _event(order, kind, at, None)


def failure_of(order: SwitchOrder, *, at: datetime, reason: str) -> EndDeviceEvent:
    """What is told of an order that its device has not carried out, or of which that is not known.

    Args:
        order: which.
        at: aware, UTC: when that was found.
        reason: for a person.
    """
    kind = EventKind.CONNECT_FAILED if order.kind is ControlKind.CONNECT else EventKind.DISCONNECT_FAILED
    return _event(order, kind, at, reason)


def _event(order: SwitchOrder, kind: EventKind, at: datetime, reason: str | None) -> EndDeviceEvent:
    return EndDeviceEvent(
        mrid=order.order_id,  # the same for the same outcome, however often it is told
        kind=kind,
        device_type=order.device_type,
        device=order.device,
        created_at=at,
        reason=reason,
        issuer_id=order.issuer_id,
        issuer_tracking_id=order.issuer_tracking_id,
    )


def _identity(device: EndDevice) -> str | frozenset[str]:
    """By what a device is told from others: it may be named in other words each time, but for its mRID."""
    return device.mrid if device.mrid is not None else frozenset(name_texts(device.names))


_Return = tuple[EndDevice, datetime, datetime, str | None]


def _return(order: SwitchOrder, at: datetime) -> _Return:
    """What the order back of a control, due *at*, has in common with that there."""
    return order.device, at, order.received_at, order.correlation_id


class SwitchBook:
    """All orders that are not over, in the order of their coming.

    Args:
        orders: what the store holds, in that order.
        new_id: gives ids of orders.
    """

    def __init__(self, orders: Iterable[SwitchOrder] = (), *, new_id: Callable[[], str] = _random_id) -> None:
        self._orders = {order.order_id: order for order in orders}
        self._new_id = new_id

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[SwitchOrder]:
        return iter(tuple(self._orders.values()))

    def get(self, order_id: str) -> SwitchOrder | None:
        """The order with this id, or None."""
        return self._orders.get(order_id)

    def next_due_at(self) -> datetime | None:
        """When the next of the orders that wait is due; None if none waits."""
        waiting = (order.starts_at for order in self._orders.values() if order.is_waiting)
        return min(waiting, default=None)

    def draft(self, now: datetime) -> SwitchDraft:
        """A new draft over the orders as they are.

        Args:
            now: aware: the instant at which everything in the draft happens.
        """
        return SwitchDraft(self, new_id=self._new_id, now=now)

    def adopt(self, draft: SwitchDraft) -> None:
        """Make the changes of *draft* the book's own: call it when the store has committed them."""
        for change in draft.changes:
            if change.after is not None:
                self._orders[change.after.order_id] = change.after
            elif change.before is not None:
                del self._orders[change.before.order_id]


class SwitchDraft:
    """Changes to the orders of a book that are not yet its own; made by `SwitchBook.draft`."""

    def __init__(self, book: SwitchBook, *, new_id: Callable[[], str], now: datetime) -> None:
        self._book = book
        self._new_id = new_id
        self._now = now
        self._overlay: Overlay[SwitchOrder] = Overlay(book.get)
        self._returns: dict[_Return, str] | None = None

    def __iter__(self) -> Iterator[SwitchOrder]:
        """All orders as the draft has them, in the order of their coming."""
        for order in self._book:
            now = self._overlay.get(order.order_id)
            if now is not None:
                yield now
        for order_id, new in self._overlay.touched.items():
            if new is not None and self._book.get(order_id) is None:
                yield new

    @property
    def changes(self) -> tuple[SwitchChange, ...]:
        """The net effect, a change for each order that is not as it was."""
        return tuple(SwitchChange(before=before, after=after) for before, after in self._overlay.differences())

    def accept(
        self, control: EndDeviceControl, devices: Iterable[EndDevice], *, correlation_id: str | None
    ) -> tuple[SwitchOrder, ...]:
        """Take down what *control* asks of *devices*.

        Args:
            control: to connect or to disconnect.
            devices: each once.
            correlation_id: for the events that tell of it.

        Returns:
            The orders of earlier controls that no longer hold, but for orders back: somebody waits to be told of them.

        Source: house choice, ADR 23.
        """
        stated_at = control.starts_at or self._now
        ends_at = None if control.duration_s is None else stated_at + timedelta(seconds=control.duration_s)
        starts_at = max(stated_at, self._now)
        devices = tuple(devices)
        gone = self._take_away(devices, starts_at)
        for device in devices:
            there = SwitchOrder(
                order_id=self._new_id(),
                device=device,
                kind=control.kind,
                starts_at=starts_at,
                ends_at=ends_at,
                received_at=self._now,
                control_mrid=control.mrid,
                device_type=control.device_type,
                issuer_id=control.issuer_id,
                issuer_tracking_id=control.issuer_tracking_id,
                correlation_id=correlation_id,
            )
            self._overlay.set(there.order_id, there)
            if ends_at is not None:
                back = replace(
                    there,
                    order_id=self._new_id(),
                    kind=_OPPOSITE[control.kind],
                    starts_at=ends_at,
                    ends_at=None,
                    is_return=True,
                )
                self._overlay.set(back.order_id, back)
        return gone

    def _take_away(self, devices: tuple[EndDevice, ...], from_at: datetime) -> tuple[SwitchOrder, ...]:
        named = {_identity(device) for device in devices}
        taken = [
            order
            for order in self
            if order.is_waiting and order.starts_at >= from_at and _identity(order.device) in named
        ]
        for order in taken:
            self._overlay.set(order.order_id, None)
        return tuple(order for order in taken if not order.is_return)

    def get(self, order_id: str) -> SwitchOrder | None:
        """The order with this id as the draft has it, or None."""
        return self._overlay.get(order_id)

    def return_of(self, order: SwitchOrder) -> SwitchOrder | None:
        """The order back of the control that *order* comes from, while it waits; None if there is none."""
        if order.is_return or order.ends_at is None:
            return None
        if self._returns is None:
            self._returns = {_return(each, each.starts_at): each.order_id for each in self if each.is_return}
        back = self.get(self._returns.get(_return(order, order.ends_at), ""))
        return back if back is not None and back.is_waiting else None

    def give(self, order: SwitchOrder) -> SwitchOrder:
        """The order, from now on with its device."""
        given = replace(order, state=SwitchState.GIVEN)
        self._overlay.set(order.order_id, given)
        return given

    def finish(self, order_id: str) -> SwitchOrder | None:
        """The order, which is over and told; None if there is none."""
        order = self._overlay.get(order_id)
        if order is not None:
            self._overlay.set(order_id, None)
        return order

    def savepoint(self) -> Savepoint:
        """The draft as it is now, to come back to."""
        return self._overlay.savepoint()

    def rollback_to(self, savepoint: Savepoint) -> None:
        """Undo everything done since *savepoint*.

        Raises:
            ValueError: *savepoint* was itself undone with an earlier one.
        """
        self._overlay.rollback_to(savepoint)
