"""Orders in process: which are taken, which one holds, and what becomes of the others."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dermsbus.domain.behaviour import Beyond
from dermsbus.domain.dispatch_book import DispatchBook, DispatchChange, DispatchDraft, StatedDispatch
from dermsbus.domain.dispatch_rules import Bounds, DispatchRules, admit
from dermsbus.domain.model import DERFunction, GroupReference
from dermsbus.domain.overlay import Savepoint
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    Dispatch,
    DispatchState,
    IntervalUnit,
    ParameterKind,
    Point,
)
from dermsbus.domain.schedule import end, ordered_value
from dermsbus.errors import (
    DispatchExists,
    DispatchNotFound,
    IDKind,
    IncompleteRequest,
    ObjectID,
    RequestError,
    RuleViolation,
)
from tests.unit.domain.builders import FUNCTIONS, function, names, numbered_mrids

T0 = datetime(2024, 5, 1, 8, tzinfo=UTC)
ACTIVE_POWER = ParameterKind.ACTIVE_POWER
LINE_STEP = timedelta(minutes=1)


def minute(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def steps(*values: float | None, start: float = 0, every: int = 15) -> Curve:
    points = tuple(Point(at=minute(start + every * place), nominal=value) for place, value in enumerate(values))
    return Curve(
        style=CurveStyle.CONSTANT_Y_VALUE,
        points=points,
        ends_at=minute(start + every * len(values)),
        interval=every,
        interval_unit=IntervalUnit.MINUTE,
    )


def order(
    mrid: str = "",
    *curves: Curve,
    texts: tuple[str, ...] = (),
    group: str = "G",
    parameter: ParameterKind = ACTIVE_POWER,
    received: float = -60,
) -> Dispatch:
    return Dispatch(
        mrid=mrid,
        names=names(*texts),
        group=GroupReference(mrid=group),
        parameter=parameter,
        curves=curves or (steps(1.0),),
        received_at=minute(received),
    )


def by(mrid: str | None = None, *texts: str) -> StatedDispatch:
    return StatedDispatch(mrid=mrid, names=names(*texts))


def book_with(*orders: Dispatch, now: float = -60) -> DispatchBook:
    """A book in which *orders* were created one after the other."""
    book = DispatchBook(new_mrid=numbered_mrids())
    for one in orders:
        draft = book.draft(minute(now))
        draft.create(one)
        book.adopt(draft)
    return book


def do(book: DispatchBook, now: float, what: Callable[[DispatchDraft], object]) -> tuple[DispatchChange, ...]:
    draft = book.draft(minute(now))
    what(draft)
    changes = draft.changes
    book.adopt(draft)
    return changes


def told(book: DispatchBook, now: float, group: str = "G") -> float | None:
    active = book.active_orders(minute(now)).get((group, ACTIVE_POWER))
    return None if active is None else active.value


def states(book: DispatchBook) -> dict[str, str]:
    return {one.mrid: one.state.value for one in book}


# -- which order holds


def test_a_newer_order_pushes_an_older_one_aside_where_they_overlap_and_only_there() -> None:
    book = book_with(
        order("old", steps(1.0, 2.0, 3.0, 4.0), received=-50), order("new", steps(9.0, 8.0, start=15), received=-40)
    )
    assert [told(book, at) for at in (-1, 0, 15, 30, 45, 60)] == [None, 1.0, 9.0, 8.0, 4.0, None]


def test_of_orders_that_came_in_one_message_the_later_listed_holds() -> None:
    assert told(book_with(order("a", steps(1.0)), order("b", steps(2.0))), 0) == 2.0


def test_orders_for_other_groups_and_parameters_do_not_touch_each_other() -> None:
    book = book_with(
        order("a"), order("b", steps(5.0), group="H"), order("c", steps(7.0), parameter=ParameterKind.VOLTAGE)
    )
    active = book.active_orders(T0)
    assert {key: one.value for key, one in active.items()} == {
        ("G", ACTIVE_POWER): 1.0,
        ("H", ACTIVE_POWER): 5.0,
        ("G", ParameterKind.VOLTAGE): 7.0,
    }


def test_an_active_order_says_until_when_a_device_may_hold_its_value() -> None:
    active = book_with(order("a", steps(1.0, 2.0))).active_order("G", ACTIVE_POWER, T0)
    assert active is not None
    assert active.ends_at == minute(30)


@pytest.mark.parametrize("call_off", [DispatchDraft.cancel, DispatchDraft.close, DispatchDraft.delete])
def test_when_a_newer_order_is_called_off_the_older_one_goes_on_with_what_is_due_by_then(
    call_off: Callable[[DispatchDraft, StatedDispatch], object],
) -> None:
    book = book_with(order("old", steps(1.0, 2.0, 3.0)), order("new", steps(9.0, 9.0, 9.0)))
    assert states(book)["old"] == "superseded"
    changes = do(book, 20, lambda draft: call_off(draft, by("new")))
    assert told(book, 20) == 2.0
    assert states(book)["old"] == "active"
    assert {change.before.mrid for change in changes if change.before} == {"old", "new"}


def test_an_order_is_superseded_when_newer_ones_have_taken_all_that_is_left_of_it() -> None:
    book = book_with(order("old", steps(1.0, 2.0)), order("x", steps(8.0)), order("y", steps(9.0, start=15)))
    assert states(book) == {"old": "superseded", "x": "scheduled", "y": "scheduled"}


def test_an_order_of_which_a_part_is_left_is_not_superseded_before_that_part_is_over() -> None:
    book = book_with(order("old", steps(1.0, 2.0)), order("new", steps(9.0, start=15)))
    assert states(book)["old"] == "scheduled"
    do(book, 15, DispatchDraft.advance)
    assert states(book)["old"] == "superseded"


# -- time


def test_states_follow_time() -> None:
    book = book_with(order("a", steps(1.0), steps(2.0, start=60)))
    seen = []
    for now in (-1, 0, 30, 60, 75, 90):
        do(book, now, DispatchDraft.advance)
        seen.append(states(book)["a"])
    assert seen == ["scheduled", "active", "active", "active", "completed", "completed"]


def test_advancing_tells_what_has_changed() -> None:
    book = book_with(order("a"), order("b", steps(1.0, start=30)))
    draft = book.draft(T0)
    assert [(one.mrid, one.state) for one in draft.advance()] == [("a", DispatchState.ACTIVE)]
    assert draft.advance() == ()


def test_following_the_changes_misses_none() -> None:
    book = book_with(order("old", steps(1.0, 2.0, 3.0)), order("new", steps(9.0, start=20, every=5)))
    seen, now = [], minute(-30)
    while (change := book.next_change_after(now, line_step=LINE_STEP)) is not None:
        now = change
        seen.append(((now - T0) // timedelta(minutes=1), told(book, (now - T0) / timedelta(minutes=1))))
    assert seen == [(0, 1.0), (15, 2.0), (20, 9.0), (25, 2.0), (30, 3.0), (45, None)]


def test_a_book_made_anew_in_the_middle_of_an_order_goes_on_with_it() -> None:
    book = book_with(order("old", steps(1.0, 2.0, 3.0)), order("new", steps(9.0, start=15)))
    restored = DispatchBook(book)
    assert [told(restored, at) for at in (14, 15, 30)] == [1.0, 9.0, 3.0]


def test_finished_orders_are_forgotten_when_they_are_old() -> None:
    book = book_with(order("a"), order("b", steps(1.0, start=60)), order("c", steps(1.0, start=600)))
    do(book, 100, DispatchDraft.advance)
    draft = book.draft(minute(100))
    assert draft.forget(minute(50)) == 1
    assert [one.mrid for one in draft] == ["b", "c"]


# -- requests


def test_a_dispatch_without_an_mrid_is_given_one() -> None:
    draft = DispatchBook(new_mrid=numbered_mrids()).draft(minute(-60))
    assert [draft.create(order(blank)).mrid for blank in ("", "  ")] == ["assigned-1", "assigned-2"]


@pytest.mark.parametrize("now", [-60, 100])
def test_an_mrid_is_taken_once_even_when_its_dispatch_is_over(now: float) -> None:
    with pytest.raises(DispatchExists, match="change it, or create one with another mRID") as refused:
        book_with(order("D-1")).draft(minute(now)).create(order("D-1"))
    assert refused.value.code == "6.1"
    assert refused.value.object_id == ObjectID(value="D-1", kind=IDKind.UUID, object_type="DERGroupDispatch")


@pytest.mark.parametrize(
    "operation", [DispatchDraft.change, DispatchDraft.cancel, DispatchDraft.close, DispatchDraft.delete]
)
def test_what_points_at_no_dispatch_is_refused(operation: Callable[[DispatchDraft, StatedDispatch], object]) -> None:
    draft = book_with(order("D-1")).draft(minute(-60))
    for stated in (by("D-9"), by(None, "nobody")):
        with pytest.raises(DispatchNotFound) as refused:
            operation(draft, stated)
        assert refused.value.code == "2.15"
        assert refused.value.object_id is not None
        assert refused.value.object_id.object_type == "DERGroupDispatch"
    with pytest.raises(IncompleteRequest):
        operation(draft, by(" ", ""))
    assert draft.changes == ()


def test_a_change_replaces_the_schedules_and_counts_as_received_then() -> None:
    book = book_with(order("a", steps(1.0, 1.0)), order("b", steps(2.0, 2.0)))
    do(book, -10, lambda draft: draft.change(StatedDispatch(mrid="a", curves=(steps(5.0, start=15),))))
    assert [told(book, at) for at in (0, 15, 30)] == [2.0, 5.0, None]


def test_a_change_of_names_leaves_the_order_as_it_is() -> None:
    book = book_with(order("a", texts=("one",)))
    before = book.get("a")
    assert before is not None
    do(book, -10, lambda draft: draft.change(StatedDispatch(mrid="a", names=names("two"), source="DMS")))
    assert book.get("a") == replace(before, names=names("one", "two"), source="DMS")


def test_a_change_may_repeat_group_and_parameter_but_not_name_others() -> None:
    draft = book_with(order("a")).draft(minute(-10))
    same = StatedDispatch(mrid="a", group=GroupReference(mrid="G"), parameter=ACTIVE_POWER)
    assert draft.change(same) == draft.get("a")
    for other in (
        replace(same, group=GroupReference(mrid="H")),
        replace(same, parameter=ParameterKind.VOLTAGE),
    ):
        with pytest.raises(RuleViolation) as refused:
            draft.change(other)
        assert refused.value.code == "2.29"


def test_what_is_canceled_keeps_its_schedules_to_show_what_was_called_off() -> None:
    book = book_with(order("a", steps(1.0, 2.0)))
    do(book, 10, lambda draft: draft.cancel(by("a")))
    do(book, 11, lambda draft: draft.cancel(by("a")))  # again: no harm
    kept = book.get("a")
    assert kept is not None
    assert (kept.state, kept.curves) == (DispatchState.CANCELED, (steps(1.0, 2.0),))
    assert told(book, 12) is None


def test_what_is_over_is_neither_canceled_nor_changed_though_nobody_looked_at_it_since() -> None:
    draft = book_with(order("a")).draft(minute(60))
    for operation in (draft.cancel, draft.change):
        with pytest.raises(RuleViolation, match="is completed"):
            operation(by("a"))
    assert draft.close(by("a")).state is DispatchState.CLOSED


def test_what_is_closed_is_done_no_more_but_can_be_looked_up() -> None:
    book = book_with(order("a"))
    do(book, 5, lambda draft: draft.close(by("a")))
    assert told(book, 6) is None
    assert [one.state for one in book.draft(minute(6)).of_group("G")] == [DispatchState.CLOSED]


def test_what_is_deleted_is_gone() -> None:
    book = book_with(order("a"))
    do(book, 5, lambda draft: draft.delete(by("a")))
    assert (told(book, 6), len(book)) == (None, 0)


def test_a_group_that_goes_takes_its_orders_along() -> None:
    book = book_with(order("a"), order("b", parameter=ParameterKind.VOLTAGE), order("c", group="H"))
    do(book, 5, lambda draft: draft.cancel_group("G"))
    assert {mrid for mrid, state in states(book).items() if state == "canceled"} == {"a", "b"}


def test_a_name_means_the_unfinished_dispatch_that_bears_it() -> None:
    book = book_with(order("mon", texts=("peak",)), order("tue", steps(1.0, start=1440), texts=("peak",)))
    draft = book.draft(minute(60))
    assert draft.find(by(None, "peak")).mrid == "tue"
    with pytest.raises(RuleViolation, match="2 dispatches fit") as refused:
        book.draft(minute(-60)).find(by(None, "peak"))
    assert refused.value.code == "2.29"


def test_an_mrid_with_the_name_of_another_dispatch_points_at_neither() -> None:
    draft = book_with(order("a", texts=("one",)), order("b", texts=("two",))).draft(minute(-10))
    assert draft.find(by("a", "one", "unheard of")).mrid == "a"
    with pytest.raises(RuleViolation, match="a stated name is that of another") as refused:
        draft.cancel(by("a", "two"))
    assert refused.value.code == "2.29"


def test_a_draft_that_is_dropped_never_happened() -> None:
    book = book_with(order("a"))
    book.draft(minute(-10)).cancel(by("a"))
    assert told(book, 0) == 1.0


def test_a_draft_is_adopted_by_its_own_book_as_it_was_then() -> None:
    book = book_with(order("a"))
    first, second = book.draft(T0), book.draft(T0)
    book.adopt(first)
    with pytest.raises(ValueError, match="as it was then"):
        book.adopt(second)
    with pytest.raises(ValueError, match="as it was then"):
        DispatchBook().adopt(book.draft(T0))


def test_a_dispatch_in_the_book_has_an_mrid_and_that_of_its_group() -> None:
    for wrong in ([order("")], [order("a"), order("a")], [replace(order("a"), group=GroupReference())]):
        with pytest.raises(ValueError, match="of the book has"):
            DispatchBook(wrong)


# -- which orders are taken

INSTALLED = Bounds(minimum=-1000.0, maximum=2000.0)
ALL = function(*FUNCTIONS)
RULES = DispatchRules()


def refusal(one: Dispatch, *, granted: DERFunction = ALL, installed: Bounds = INSTALLED) -> RequestError:
    with pytest.raises(RequestError) as refused:
        admit(one, function=granted, installed=installed, rules=RULES, now=minute(-60))
    return refused.value


def test_an_order_within_its_bounds_is_taken_as_it_is() -> None:
    one = order("a", steps(-1000.0, 2000.0))
    admission = admit(one, function=ALL, installed=INSTALLED, rules=RULES, now=minute(-60))
    assert (admission.order, admission.shortfall, admission.note) == (one, 0.0, "")


GATES = {
    ParameterKind.ACTIVE_POWER: {"real_power_dispatch"},
    ParameterKind.REACTIVE_POWER: {"reactive_power_dispatch"},
    ParameterKind.APPARENT_POWER: {"real_power_dispatch", "reactive_power_dispatch"},
    ParameterKind.VOLTAGE: {"voltage_regulation"},
    ParameterKind.INCREASING_RAMP_RATE: {"ramp_rate_control"},
    ParameterKind.DECREASING_RAMP_RATE: {"ramp_rate_control"},
}


@pytest.mark.parametrize("flag", FUNCTIONS)
@pytest.mark.parametrize("parameter", ParameterKind)
def test_each_parameter_needs_its_own_function_of_the_group(parameter: ParameterKind, flag: str) -> None:
    one = order("a", parameter=parameter)
    if parameter in GATES and flag not in GATES[parameter]:
        refused = refusal(one, granted=function(flag))
        assert (refused.code, parameter.value in refused.details) == ("6.1", True)
    else:
        admit(one, function=function(flag), installed=INSTALLED, rules=RULES, now=minute(-60))


def test_the_gate_can_be_left_open() -> None:
    rules = DispatchRules(gate_by_function=False)
    admit(order("a"), function=function(), installed=INSTALLED, rules=rules, now=minute(-60))


@pytest.mark.parametrize(
    ("curves", "code", "said"),
    [
        ((), "5.8", "no DispatchSchedule"),
        ((replace(steps(1.0), points=()),), "5.8", "without DERCurveData"),
        ((steps(1.0), steps(None)), "5.8", "number 2.*point 1 has no nominalYValue"),
        ((steps(1.0, math.nan),), "5.8", "point 2 has the nominalYValue nan"),
        ((steps(-math.inf),), "5.8", "finite"),
        ((replace(steps(1.0), interval=0),), "5.8", "timeIntervalDuration 0"),
        ((replace(steps(1.0), interval=-15),), "5.8", "timeIntervalDuration -15"),
        ((replace(steps(1.0), ends_at=T0),), "5.8", "duration of more than 0"),
        ((replace(steps(1.0), ends_at=minute(-15)),), "5.8", "duration of more than 0"),
        ((replace(steps(1.0), ends_at=datetime.max.replace(tzinfo=UTC)),), "5.8", "without an end"),
        ((replace(steps(1.0, 2.0), points=steps(1.0, 2.0).points[::-1]),), "5.8", "before it starts|do not follow"),
        ((steps(1.0, start=-76),), "6.1", "expired"),
        ((steps(1.0, start=8 * 24 * 60),), "6.1", "more than 7 days.* from now"),
        ((steps(*[1.0] * 15, every=24 * 60),), "6.1", "lasts 15 days"),
        ((steps(2001.0),), "6.1", "2001 W, but the most that is installed in the group is 2000 W, 1 W short"),
        ((steps(-1500.0),), "6.1", "-1500 W, but the least that is installed in the group is -1000 W, 500 W short"),
        ((steps(1_500_000.0),), "6.1", "fit if its yMultiplier were 1000 times smaller"),
        ((steps(1.5e9),), "6.1", "fit if its yMultiplier were 1e\\+06 times smaller"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_its_code(curves: tuple[Curve, ...], code: str, said: str) -> None:
    refused = refusal(replace(order("D-1"), curves=curves))
    assert refused.code == code
    assert refused.object_id == ObjectID(value="D-1", kind=IDKind.UUID, object_type="DERGroupDispatch")
    with pytest.raises(RequestError, match=said):
        raise refused


def test_a_sign_the_wrong_way_round_is_told() -> None:
    assert (
        "with the other sign"
        in refusal(order("a", steps(500.0)), installed=Bounds(minimum=-900.0, maximum=0.0)).details
    )


@pytest.mark.parametrize(
    ("parameter", "value"),
    [(ParameterKind.VOLTAGE, 0.0), (ParameterKind.INCREASING_RAMP_RATE, -5.0), (ParameterKind.APPARENT_POWER, -1.0)],
)
def test_a_magnitude_is_not_negative(parameter: ParameterKind, value: float) -> None:
    assert refusal(order("a", steps(value), parameter=parameter)).code == "6.1"


def test_an_order_without_an_identity_of_its_own_is_told_by_its_group() -> None:
    assert refusal(order("", steps(math.nan))).object_id == ObjectID(
        value="G", kind=IDKind.UUID, object_type="DERGroup"
    )
    assert refusal(order("", steps(math.nan), texts=("o17",))).related_id is not None


def test_an_order_beyond_what_is_installed_is_clipped_where_that_is_configured_and_the_shortfall_is_said() -> None:
    rules = DispatchRules(beyond_installed=Beyond.CLIP)
    admission = admit(
        order("a", steps(1500.0, 2500.0, -1100.0)), function=ALL, installed=INSTALLED, rules=rules, now=minute(-60)
    )
    assert [point.nominal for point in admission.order.curves[0].points] == [1500.0, 2000.0, -1000.0]
    assert admission.shortfall == 500.0
    assert "500 W short" in admission.note
    with pytest.raises(RuleViolation, match="yMultiplier"):
        admit(order("a", steps(2e6)), function=ALL, installed=INSTALLED, rules=rules, now=minute(-60))


def test_an_expired_order_is_taken_down_as_completed_where_that_is_configured() -> None:
    rules = DispatchRules(refuse_expired=False)
    admission = admit(order("a"), function=ALL, installed=INSTALLED, rules=rules, now=minute(60))
    assert book_with(admission.order, now=60).draft(minute(60)).find(by("a")).state is DispatchState.COMPLETED


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    value=st.floats(),
    low=st.floats(-1e9, 0.0),
    high=st.floats(0.0, 1e9),
    clip=st.sampled_from(Beyond),
)
@settings(max_examples=500)
def test_no_value_beyond_what_is_installed_is_ever_let_through(
    value: float, low: float, high: float, clip: Beyond
) -> None:
    rules = DispatchRules(beyond_installed=clip)
    try:
        admission = admit(
            order("a", steps(value)),
            function=ALL,
            installed=Bounds(minimum=low, maximum=high),
            rules=rules,
            now=minute(-60),
        )
    except RequestError:
        return
    through = admission.order.curves[0].points[0].nominal
    assert through is not None
    slack = 1e-6 * max(abs(low), abs(high), 1.0) * 1.001
    assert low - slack <= through <= high + slack
    assert abs(through - value) == pytest.approx(admission.shortfall)


# -- the book against a model so simple that it is plainly right

mrids = st.sampled_from(["D1", "D2", "D3", "D4"])
texts = st.sampled_from([(), ("n1",), ("n2",), ("n1", "n2")])
some_curves = st.lists(
    st.builds(
        lambda values, start, every: steps(*values, start=start, every=every),
        values=st.lists(st.integers(1, 9).map(float), min_size=1, max_size=3),
        start=st.integers(0, 12),
        every=st.integers(1, 4),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
orders = st.builds(
    lambda mrid, curves, group, own: order(mrid, *curves, group=group, texts=own),
    mrid=mrids,
    curves=some_curves,
    group=st.sampled_from(["G", "H"]),
    own=texts,
)
stated_dispatches = st.builds(
    lambda mrid, own, curves: StatedDispatch(mrid=mrid, names=names(*own), curves=curves),
    mrid=st.one_of(mrids, st.none()),
    own=texts,
    curves=st.one_of(st.just(()), some_curves),
)

Orders = list[Dispatch]
LIVE = {DispatchState.SCHEDULED, DispatchState.ACTIVE, DispatchState.SUPERSEDED}


def own_texts(one: Dispatch | StatedDispatch) -> set[str]:
    return {name.name for name in one.names}


def naive_over(one: Dispatch, now: int) -> bool:
    return one.state not in LIVE or end(one.curves) <= minute(now)


def naive_find(model: Orders, stated: StatedDispatch, now: int) -> Dispatch:
    if not stated.mrid and not stated.names:
        raise IncompleteRequest("")
    known = own_texts(stated) & {text for one in model for text in own_texts(one)}
    if stated.mrid:
        found = [one for one in model if one.mrid == stated.mrid]
    else:
        found = [one for one in model if known and known <= own_texts(one)]
        found = [one for one in found if not naive_over(one, now)] or found
        if known and len(found) != 1:
            raise RuleViolation("")
    if not found:
        raise DispatchNotFound("")
    if not known <= own_texts(found[0]):
        raise RuleViolation("")
    return found[0]


def naive_winner(model: Orders, like: Dispatch, at: datetime) -> Dispatch | None:
    """Of the live orders that say something, the last received; of those the last in the book."""
    speaking = [
        one
        for one in model
        if one.group == like.group and one.state in LIVE and ordered_value(one.curves, at) is not None
    ]
    return max(enumerate(speaking), key=lambda pair: (pair[1].received_at, pair[0]))[1] if speaking else None


def naive_settled(model: Orders, now: int, groups: set[str | None]) -> Orders:
    """States by looking at every minute that is to come."""
    return [naive_state(model, one, now) if one.group.mrid in groups else one for one in model]


def naive_state(model: Orders, one: Dispatch, now: int) -> Dispatch:
    if one.state not in LIVE or (one.state is DispatchState.SUPERSEDED and naive_over(one, now)):
        return one
    mine = [at for at in range(60) if ordered_value(one.curves, minute(at)) is not None]
    left = [at for at in mine if at >= now]
    if not left:
        return replace(one, state=DispatchState.COMPLETED)
    newer = [other for other in model if other == one or not naive_over(other, now)]
    if all(naive_winner(newer, one, minute(at)) != one for at in left):
        return replace(one, state=DispatchState.SUPERSEDED)
    return replace(one, state=DispatchState.ACTIVE if mine[0] <= now else DispatchState.SCHEDULED)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The model at a savepoint."""

    savepoint: Savepoint
    model: tuple[Dispatch, ...]
    newcomers: tuple[str, ...]


class BookMachine(RuleBasedStateMachine):
    """Both are told the same; both must refuse the same and hold the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now = -1
        self.adopted: Orders = []
        self.book = DispatchBook()
        self._begin()

    def _begin(self) -> None:
        self.draft = self.book.draft(minute(self.now))
        self.model: Orders = list(self.adopted)
        self.newcomers: list[str] = []
        self.good: list[Saved] = []

    def _both(self, real: Callable[[], object], naive: Callable[[Orders], set[str | None]]) -> None:
        """*naive* changes the model and gives the groups that are touched."""
        model, expected = list(self.model), None
        try:
            touched = naive(model)
            self._sort(model)
            model = naive_settled(model, self.now, touched)
        except RequestError as error:
            expected, model = type(error), self.model
        refused = None
        try:
            real()
        except RequestError as error:
            refused = type(error)
        assert refused == expected
        self.model = model

    def _sort(self, model: Orders) -> None:
        """In the order of creation: one that was deleted in this draft and comes again takes its place again."""
        adopted = [one.mrid for one in self.adopted]
        self.newcomers += [one.mrid for one in model if one.mrid not in {*adopted, *self.newcomers}]
        model.sort(key=lambda one: [*adopted, *self.newcomers].index(one.mrid))

    @rule(new=orders)
    def create(self, new: Dispatch) -> None:
        new = replace(new, received_at=minute(self.now))

        def naive(model: Orders) -> set[str | None]:
            if any(one.mrid == new.mrid for one in model):
                raise DispatchExists("")
            model.append(new)
            return {new.group.mrid}

        self._both(lambda: self.draft.create(new), naive)

    @rule(stated=stated_dispatches)
    def change(self, stated: StatedDispatch) -> None:
        def naive(model: Orders) -> set[str | None]:
            target = naive_find(model, stated, self.now)
            if naive_over(target, self.now):
                raise RuleViolation("")
            changed = replace(
                target, names=target.names + tuple(name for name in stated.names if name not in target.names)
            )
            if stated.curves:
                changed = replace(
                    changed, curves=stated.curves, received_at=minute(self.now), state=DispatchState.SCHEDULED
                )
            model[model.index(target)] = changed
            return {target.group.mrid}

        self._both(lambda: self.draft.change(stated), naive)

    @rule(stated=stated_dispatches, how=st.sampled_from([DispatchState.CANCELED, DispatchState.CLOSED, None]))
    def call_off(self, stated: StatedDispatch, how: DispatchState | None) -> None:
        def naive(model: Orders) -> set[str | None]:
            target = naive_find(model, stated, self.now)
            if how is None:
                model.remove(target)
                return {target.group.mrid}
            if how is DispatchState.CANCELED:
                if target.state is DispatchState.CANCELED:
                    return set()
                if naive_over(target, self.now):
                    raise RuleViolation("")
            model[model.index(target)] = replace(target, state=how)
            return {target.group.mrid}

        real = {
            DispatchState.CANCELED: self.draft.cancel,
            DispatchState.CLOSED: self.draft.close,
            None: self.draft.delete,
        }
        self._both(lambda: real[how](stated), naive)

    @rule()
    def advance(self) -> None:
        self._both(self.draft.advance, lambda _model: {"G", "H"})

    @precondition(lambda self: len(self.good) < 3)
    @rule()
    def save(self) -> None:
        self.good.append(
            Saved(savepoint=self.draft.savepoint(), model=tuple(self.model), newcomers=tuple(self.newcomers))
        )

    @precondition(lambda self: self.good)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(min_value=0, max_value=len(self.good) - 1))
        saved = self.good[index]
        del self.good[index + 1 :]
        self.draft.rollback_to(saved.savepoint)
        self.model, self.newcomers = list(saved.model), list(saved.newcomers)

    @rule(minutes=st.integers(0, 6), dropped=st.sampled_from([False, False, False, True]))
    def finish(self, minutes: int, dropped: bool) -> None:
        if not dropped:
            self.book.adopt(self.draft)
            self.adopted = list(self.model)
        self.now += minutes
        self._begin()

    @invariant()
    def both_hold_the_same(self) -> None:
        assert list(self.book) == self.adopted
        assert list(self.draft) == self.model
        assert list(self.draft.of_group("G")) == [one for one in self.model if one.group.mrid == "G"]

    @invariant()
    def the_book_orders_what_the_model_orders(self) -> None:
        for group in ("G", "H"):
            for at in range(self.now, self.now + 30, 3):
                active = self.book.active_order(group, ACTIVE_POWER, minute(at))
                winner = naive_winner(self.adopted, order("", group=group), minute(at))
                expected = None if winner is None else ordered_value(winner.curves, minute(at))
                assert (active.value if active else None) == expected

    @invariant()
    def until_the_next_change_nothing_changes(self) -> None:
        change = self.book.next_change_after(minute(self.now), line_step=LINE_STEP)
        until = 60 if change is None else (change - T0) // timedelta(minutes=1)
        values = {
            tuple((key, one.value) for key, one in self.book.active_orders(minute(at)).items())
            for at in range(self.now, until)
        }
        assert len(values) <= 1

    @invariant()
    def the_changes_lead_from_the_one_to_the_other(self) -> None:
        dispatches = {one.mrid: one for one in self.book}
        for change in self.draft.changes:
            some = change.after or change.before
            assert some
            assert dispatches.pop(some.mrid, None) == change.before
            if change.after:
                dispatches[some.mrid] = change.after
        assert sorted(dispatches.values(), key=repr) == sorted(self.draft, key=repr)


BookMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestBookModel = BookMachine.TestCase
