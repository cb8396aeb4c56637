"""Switch orders: which ones a control makes, which ones it takes away, and that each is told of once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.controls import ControlKind, EndDeviceControl, EventKind
from dermsbus.domain.dispatch_book import DispatchBook
from dermsbus.domain.ledger import Ledger
from dermsbus.domain.model import EndDevice
from dermsbus.domain.registry import GroupRegistry
from dermsbus.domain.switching import SwitchBook, SwitchDraft, SwitchOrder, SwitchState, failure_of, success_of
from tests.unit.domain.builders import device, new_group, numbered_mrids

T0 = datetime(2024, 5, 1, 8, tzinfo=UTC)
D1, D2 = device("D1"), device("D2")


def minute(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def control(
    kind: ControlKind = ControlKind.DISCONNECT,
    *,
    at: float | None = None,
    lasts: float | None = None,
    mrid: str | None = "C",
) -> EndDeviceControl:
    return EndDeviceControl(
        mrid=mrid,
        kind=kind,
        starts_at=None if at is None else minute(at),
        duration_s=None if lasts is None else 60.0 * lasts,
        issuer_id="dms",
        issuer_tracking_id="t-1",
        device_type=3,
    )  # fmt: skip


def book(orders: Iterable[SwitchOrder] = ()) -> SwitchBook:
    return SwitchBook(orders, new_id=numbered_mrids("order"))


def accept(
    of: SwitchBook, ordered: EndDeviceControl, *devices: EndDevice, now: float = 0, correlation_id: str | None = "X"
) -> tuple[SwitchOrder, ...]:
    """Takes the control down as a message would; returns the orders that went for it."""
    draft = of.draft(minute(now))
    gone = draft.accept(ordered, devices, correlation_id=correlation_id)
    of.adopt(draft)
    return gone


def give(of: SwitchBook, *order_ids: str, now: float = 0) -> None:
    draft = of.draft(minute(now))
    for order_id in order_ids:
        order = of.get(order_id)
        assert order is not None
        draft.give(order)
    of.adopt(draft)


def ordered(of: SwitchBook) -> list[tuple[str | None, str, float]]:
    """Device, what is asked of it and at which minute, in the order of their coming."""
    return [(order.device.mrid, order.kind.value, (order.starts_at - T0) / timedelta(minutes=1)) for order in of]


# -- what a control makes ----------------------------------------------------------------------------------------------


def test_a_control_is_one_order_for_each_device_with_all_that_its_event_needs() -> None:
    switches = book()

    accept(switches, control(), D1, D2, now=3)

    assert ordered(switches) == [("D1", "disconnect", 3), ("D2", "disconnect", 3)]
    first, second = switches
    assert first.order_id != second.order_id
    assert (first.received_at, first.state, first.ends_at, first.is_return) == (
        minute(3),
        SwitchState.WAITING,
        None,
        False,
    )
    assert (first.control_mrid, first.device_type, first.issuer_id, first.issuer_tracking_id, first.correlation_id) == (
        "C", 3, "dms", "t-1", "X",
    )  # fmt: skip


def test_a_control_for_a_while_is_two_orders_there_and_back() -> None:
    switches = book()

    accept(switches, control(at=10, lasts=5), D1)

    assert ordered(switches) == [("D1", "disconnect", 10), ("D1", "connect", 15)]
    there, back = switches
    assert (there.ends_at, there.is_return) == (minute(15), False)
    assert (back.ends_at, back.is_return) == (None, True)


def test_a_control_that_came_late_ends_when_it_says_and_not_later() -> None:
    switches = book()

    accept(switches, control(at=0, lasts=60), D1, now=50)

    there, back = switches
    assert (there.starts_at, there.ends_at) == (minute(50), minute(60))
    assert back.starts_at == minute(60)


def test_the_next_due_is_the_earliest_that_waits() -> None:
    switches = book()
    assert switches.next_due_at() is None

    accept(switches, control(at=20), D1)
    accept(switches, control(at=10), D2)
    assert switches.next_due_at() == minute(10)

    give(switches, "order-2")
    assert switches.next_due_at() == minute(20)


# -- which order holds -------------------------------------------------------------------------------------------------


def test_a_later_control_takes_away_what_waits_for_the_same_time_or_later_and_nothing_else() -> None:
    switches = book()
    for at in (5, 10, 15):
        accept(switches, control(at=at), D1)
    accept(switches, control(at=10), D2)

    gone = accept(switches, control(ControlKind.CONNECT, at=10), D1)

    assert [(order.device.mrid, order.starts_at) for order in gone] == [("D1", minute(10)), ("D1", minute(15))]
    assert ordered(switches) == [("D1", "disconnect", 5), ("D2", "disconnect", 10), ("D1", "connect", 10)]


def test_an_order_that_is_with_its_device_is_not_taken_away_since_its_outcome_is_still_to_be_told() -> None:
    switches = book()
    accept(switches, control(), D1)
    give(switches, "order-1")

    gone = accept(switches, control(ControlKind.CONNECT), D1, now=1)

    assert gone == ()
    assert ordered(switches) == [("D1", "disconnect", 0), ("D1", "connect", 1)]


def test_an_order_back_goes_unsaid_since_nobody_asked_for_it_by_itself() -> None:
    switches = book()
    accept(switches, control(lasts=30), D1)
    give(switches, "order-1")

    gone = accept(switches, control(), D1, now=10)

    assert gone == ()
    assert ordered(switches) == [("D1", "disconnect", 0), ("D1", "disconnect", 10)]


def test_a_device_is_the_same_however_a_control_names_it_beside_its_mrid() -> None:
    switches = book()
    accept(switches, control(at=10), device("D1", "roof"))  # as its group lists it

    gone = accept(switches, control(ControlKind.CONNECT, at=5), D1)  # as a control names it by itself

    assert [order.order_id for order in gone] == ["order-1"]
    assert ordered(switches) == [("D1", "connect", 5)]


def test_devices_without_an_mrid_are_told_by_all_their_names() -> None:
    switches = book()
    accept(switches, control(at=10), device(None, "a", "b"), device(None, "a"))

    gone = accept(switches, control(at=10), device(None, "b", "a"))

    assert [order.order_id for order in gone] == ["order-1"]


# -- from waiting to over ----------------------------------------------------------------------------------------------


def test_an_order_waits_is_given_and_is_over_once() -> None:
    switches = book()
    accept(switches, control(), D1)
    draft = switches.draft(minute(1))
    (order,) = draft
    given = draft.give(order)

    assert (given.state, given.is_waiting) == (SwitchState.GIVEN, False)
    assert draft.get(order.order_id) == given
    assert draft.finish(order.order_id) == given
    assert draft.finish(order.order_id) is None
    assert draft.get(order.order_id) is None
    assert draft.finish("nobody") is None

    switches.adopt(draft)
    assert len(switches) == 0


def test_what_a_draft_does_happens_when_it_is_adopted_and_not_before() -> None:
    switches = book()
    accept(switches, control(), D1)
    draft = switches.draft(minute(0))
    draft.accept(control(at=9), (D2,), correlation_id=None)
    draft.finish("order-1")

    assert ordered(switches) == [("D1", "disconnect", 0)]
    assert [order.device for order in draft] == [D2]

    dropped = switches.draft(minute(0))
    assert [order.device for order in dropped] == [D1]


def test_what_came_and_went_in_one_draft_is_no_change() -> None:
    switches = book()
    draft = switches.draft(minute(0))
    draft.accept(control(at=5), (D1,), correlation_id=None)
    draft.accept(control(ControlKind.CONNECT, at=5), (D1,), correlation_id=None)

    (change,) = draft.changes
    assert change.before is None
    assert change.after is not None
    assert change.after.kind is ControlKind.CONNECT


def test_a_message_that_is_refused_later_leaves_no_order_behind() -> None:
    switches = book()
    accept(switches, control(at=5), D1)
    draft = switches.draft(minute(1))
    before = draft.savepoint()
    draft.accept(control(ControlKind.CONNECT, at=2), (D1, D2), correlation_id=None)

    draft.rollback_to(before)

    assert draft.changes == ()
    assert [order.device for order in draft] == [D1]


# -- there and back ----------------------------------------------------------------------------------------------------


def test_the_order_back_is_found_by_the_one_there() -> None:
    switches = book()
    accept(switches, control(lasts=10), D1, D2, correlation_id="X")
    accept(switches, control(at=30, lasts=10), D1, correlation_id="Y")
    draft = switches.draft(minute(0))

    assert [order_id_of(draft.return_of(order)) for order in draft] == [
        "order-2",
        None,
        "order-4",
        None,
        "order-6",
        None,
    ]


def test_an_order_back_that_is_gone_or_given_is_not_found() -> None:
    switches = book()
    accept(switches, control(lasts=10), D1)
    accept(switches, control(lasts=10), D2)
    give(switches, "order-2")
    draft = switches.draft(minute(0))
    draft.finish("order-4")

    assert draft.return_of(order_of(switches, "order-1")) is None
    assert draft.return_of(order_of(switches, "order-3")) is None


def order_id_of(order: SwitchOrder | None) -> str | None:
    return None if order is None else order.order_id


def order_of(switches: SwitchBook, order_id: str) -> SwitchOrder:
    order = switches.get(order_id)
    assert order is not None
    return order


# -- what is told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "done", "failed"),
    [
        (ControlKind.CONNECT, EventKind.CONNECTED, EventKind.CONNECT_FAILED),
        (ControlKind.DISCONNECT, EventKind.DISCONNECTED, EventKind.DISCONNECT_FAILED),
    ],
)
def test_the_event_of_an_order_is_the_same_however_often_it_is_told(
    kind: ControlKind, done: EventKind, failed: EventKind
) -> None:
    switches = book()
    accept(switches, control(kind), D1)
    (order,) = switches

    success, failure = success_of(order, at=minute(1)), failure_of(order, at=minute(1), reason="no")

    assert (success.kind, success.reason) == (done, None)
    assert (failure.kind, failure.reason) == (failed, "no")
    for event in (success, failure):
        assert (event.mrid, event.device, event.created_at, event.device_type) == ("order-1", D1, minute(1), 3)
        assert (event.issuer_id, event.issuer_tracking_id) == ("dms", "t-1")


# -- for all controls --------------------------------------------------------------------------------------------------

CONTROLS = st.lists(
    st.tuples(
        st.sampled_from((ControlKind.CONNECT, ControlKind.DISCONNECT)),
        st.integers(0, 20),
        st.none() | st.integers(1, 20),
        st.sets(st.sampled_from(("D1", "D2")), min_size=1),
        st.booleans(),
    ),
    max_size=8,
)


@given(CONTROLS)
def test_every_order_is_told_of_once_and_those_of_a_device_wait_in_the_order_of_their_time(
    controls: list[tuple[ControlKind, int, int | None, set[str], bool]],
) -> None:
    """So orders of one device that are due together, after a time away, are given in the right order too."""
    switches = book()
    made: set[str] = set()
    gone: list[str] = []
    for place, (kind, at, lasts, mrids, with_names) in enumerate(controls):
        devices = [device(mrid, *(("roof",) if with_names else ())) for mrid in sorted(mrids)]
        before = {order.order_id for order in switches}
        taken = accept(switches, control(kind, at=at, lasts=lasts), *devices, now=place / 10)
        after = {order.order_id for order in switches}
        made |= after - before
        gone += [order.order_id for order in taken]
        silent = before - after - {order.order_id for order in taken}
        assert len(gone) == len(set(gone))
        made -= silent | {order.order_id for order in taken}
        for mrid in ("D1", "D2"):
            starts = [order.starts_at for order in switches if order.device.mrid == mrid]
            assert starts == sorted(starts)
            assert len(starts) == len(set(starts)), "two orders of one device for the same instant"

    assert made == {order.order_id for order in switches}


# -- with groups and dispatches ----------------------------------------------------------------------------------------


def test_groups_and_switch_orders_of_a_message_come_and_go_together() -> None:
    ledger = Ledger(groups=GroupRegistry(), dispatches=DispatchBook(), switches=book())
    draft = ledger.draft(minute(0))
    start = draft.savepoint()
    fill(draft.switches)
    draft.groups.create(new_group("G", "G"), BEHAVIOURS["default"])
    full = draft.savepoint()
    draft.rollback_to(start)

    assert (draft.groups.changes, draft.dispatches.changes, draft.switches.changes) == ((), (), ())
    with pytest.raises(ValueError, match="undone"):
        draft.rollback_to(full)

    fill(draft.switches)
    ledger.adopt(draft)
    assert len(ledger.switches) == 1
    assert ledger.dispatches.adoptions == 1


def fill(draft: SwitchDraft) -> None:
    draft.accept(control(at=5), (D1,), correlation_id=None)
