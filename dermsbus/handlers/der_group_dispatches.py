"""DERGroupDispatches: order, change and take back what groups shall do, and tell what is ordered.

Each order of a message stands for itself: what is refused for one leaves the others done. An order is only taken down
here; the executor carries it out.

Source: use cases 11 to 13, 16 and 17, EPRI cases DERGD-1A to DERGD-1E and decisions 17, 27, 28, 32 and 33 of the
project's reference tables; house choices: ADR 15.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from dermsbus.dispatch import Desk, Event, Outcome
from dermsbus.domain.behaviour import Beyond
from dermsbus.domain.dispatch_book import StatedDispatch
from dermsbus.domain.dispatch_rules import Admission, DispatchRules, admit, dispatch_id, installed_bounds
from dermsbus.domain.fleet_state import roster
from dermsbus.domain.identity import group_id
from dermsbus.domain.model import EndDeviceGroup, GroupReference
from dermsbus.domain.outlook import Outlook, outlook
from dermsbus.domain.quantities import Dispatch, DispatchState
from dermsbus.domain.schedule import begin, end
from dermsbus.errors import IncompleteRequest, ObjectID, RequestError, RuleViolation
from dermsbus.handlers.asked_groups import asked_groups, reference_of
from dermsbus.handlers.pages import page_of
from dermsbus.messages.der_group_dispatches import order_of
from dermsbus.messages.envelope import DERGroupDispatches, DispatchOrder, Envelope, Noun, Payload, RejectedObject, Verb

__all__ = ["call_off", "cancel", "change", "close", "create", "delete", "get", "take_in"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taken:
    """An order that was taken down, or acted on.

    Attributes:
        dispatch: as it is in the book now, or was.
        is_named: its mRID was stated.
        note: what is done otherwise than asked; empty if nothing.
    """

    dispatch: Dispatch
    is_named: bool
    note: str = ""


def create(message: Envelope, desk: Desk) -> Outcome:
    """New orders; those that stated no mRID are returned with the one they were given."""
    taken, errors = _each(message, lambda order: _create(order, message, desk))
    given = [each.dispatch for each in taken if not each.is_named]
    echo = given if not errors or desk.behaviour.echo_created_on_partial else []
    return _outcome(taken, errors, payload=_payload(map(order_of, echo)), verb=Verb.CREATED, tell=order_of)


def change(message: Envelope, desk: Desk) -> Outcome:
    """Schedules and names of orders; the new schedules take the place of all present ones."""
    taken, errors = _each(message, lambda order: _change(order, message, desk))
    return _outcome(taken, errors, verb=Verb.CHANGED, tell=order_of)


def cancel(message: Envelope, desk: Desk) -> Outcome:
    """Orders that are to stop: what is not done of them is dropped."""
    taken, errors = _each(message, _acting(desk, desk.dispatches.cancel))
    return _outcome(taken, errors, verb=Verb.CANCELED, tell=_named)


def close(message: Envelope, desk: Desk) -> Outcome:
    """Orders that are finished."""
    taken, errors = _each(message, _acting(desk, desk.dispatches.close))
    return _outcome(taken, errors, verb=Verb.CLOSED, tell=_named)


def delete(message: Envelope, desk: Desk) -> Outcome:
    """Orders that are to go, whether or not they are over."""
    taken, errors = _each(message, _acting(desk, desk.dispatches.delete))
    return _outcome(taken, errors, verb=Verb.DELETED, tell=_named)


def get(message: Envelope, desk: Desk) -> Outcome:
    """What is ordered of groups, or the dispatches that the request's ID elements point at.

    Without StartTime and EndTime these are the orders that are not over; with them those that hold at some time
    between, but for canceled ones.

    Source: decision 32 on open questions in the project's reference tables; meaning of the two times: house choice,
    ADR 15.
    """
    request = message.request
    errors: tuple[RequestError, ...]
    if request is not None and request.query is None and _names_dispatches(request.ids):
        found, refused = _by_ids(request.ids, desk)
        errors = tuple(refused)
        done = len(found)
    else:
        groups, errors = asked_groups(message, desk)
        found = [each for group in groups for each in desk.dispatches.of_group(group.mrid or "")]
        found = [each for each in found if _is_wanted(each, message, desk)]
        done = len(groups)
    page = page_of(found, lambda dispatch: dispatch.mrid, desk.options)
    return Outcome(
        done=done,
        errors=() if desk.options.after is not None else errors,
        payload=_payload(map(order_of, page.objects)),
        last=page.last,
    )


def take_in(message: Envelope, desk: Desk) -> Outcome:  # noqa: ARG001 the signature of all handlers
    """Another system's orders: acknowledged and logged. They are for its own devices, and command none of ours."""
    source = message.header.source if message.header else None
    orders = _orders(message)
    _log.info("dispatches of another system", source=source, count=len(orders))
    return Outcome(done=len(orders))


def call_off(groups: Iterable[EndDeviceGroup], desk: Desk) -> tuple[Event, ...]:
    """What is to be told when *groups* are gone: all that was ordered of them is canceled.

    Source: house choice, ADR 15.
    """
    gone = [dispatch for group in groups for dispatch in desk.dispatches.cancel_group(group.mrid or "")]
    payload = _payload(map(_named, gone))
    return (Event(verb=Verb.CANCELED, noun=Noun.DER_GROUP_DISPATCHES, payload=payload),) if payload else ()


# -- one order ---------------------------------------------------------------------------------------------------------


def _create(order: DispatchOrder, message: Envelope, desk: Desk) -> _Taken:
    group = _group_of(order, desk)
    if order.parameter is None:
        raise IncompleteRequest(
            "a DERGroupDispatch has no DERMonitorableParameter: state what is ordered",
            object_id=dispatch_id(order.mrid, order.names) or group_id(order.group or group),
        )
    stated = Dispatch(
        mrid=order.mrid or "",
        names=order.names,
        group=order.group or GroupReference(),  # as it is stated, so that what is refused is told in these words
        parameter=order.parameter,
        curves=order.curves,
        received_at=desk.field.now,
        source=_source(message),
    )
    admission = _admitted(stated, group, desk)
    whole = replace(admission.order, group=GroupReference(mrid=group.mrid, names=group.names))
    dispatch = desk.dispatches.create(whole)
    return _Taken(dispatch=dispatch, is_named=order.mrid is not None, note=admission.note)


def _change(order: DispatchOrder, message: Envelope, desk: Desk) -> _Taken:
    stated = replace(_stated(order, desk), source=_source(message))
    target = desk.dispatches.find(stated)
    note = ""
    if order.curves:
        group = desk.groups.get(target.group.mrid or "")
        admission = _admitted(replace(target, curves=order.curves), group, desk)
        stated, note = replace(stated, curves=admission.order.curves), admission.note
    return _Taken(dispatch=desk.dispatches.change(stated), is_named=True, note=note)


def _acting(desk: Desk, act: Callable[[StatedDispatch], Dispatch]) -> Callable[[DispatchOrder], _Taken]:
    return lambda order: _Taken(dispatch=act(_stated(order, desk)), is_named=True)


def _stated(order: DispatchOrder, desk: Desk) -> StatedDispatch:
    group = GroupReference() if order.group is None else GroupReference(mrid=_group_of(order, desk).mrid)
    return StatedDispatch(
        mrid=order.mrid, names=order.names, group=group, parameter=order.parameter, curves=order.curves
    )


def _group_of(order: DispatchOrder, desk: Desk) -> EndDeviceGroup:
    return desk.groups.find(order.group or GroupReference(), desk.behaviour)


def _admitted(order: Dispatch, group: EndDeviceGroup | None, desk: Desk) -> Admission:
    """*order* as it may be carried out, and what is short of it.

    Raises:
        RequestError: it may not.
    """
    if group is None or group.der_function is None:
        raise RuleViolation(
            "the group of the order is gone: cancel the order", object_id=dispatch_id(order.mrid, order.names)
        )
    field = desk.field
    members = field.state.members(
        roster(group, field.state.fleet, desk.groups.get), field.now, stale_after_s=field.stale_after_s
    )
    admission = admit(
        order,
        function=group.der_function,
        installed=installed_bounds(order.parameter, members),
        rules=DispatchRules.of(desk.behaviour),
        now=field.now,
    )
    seen = outlook(admission.order, members, field.state, field.now)
    if seen.is_short and desk.behaviour.beyond_available is Beyond.REFUSE:
        raise RuleViolation(
            f"{_called(order)} {seen.text}: order what there is, or order it for later",
            object_id=dispatch_id(order.mrid, order.names) or group_id(group),
        )
    return replace(admission, note="; ".join(filter(None, (admission.note, _note(order, seen)))))


def _note(order: Dispatch, seen: Outlook) -> str:
    return f"{_called(order)} {seen.text}" if seen.text else ""


def _called(order: Dispatch) -> str:
    named = dispatch_id(order.mrid, order.names) or group_id(order.group)
    return f"the order {named.value[:64]!r}" if named else "the order"


# -- several orders ----------------------------------------------------------------------------------------------------


def _each(message: Envelope, act: Callable[[DispatchOrder], _Taken]) -> tuple[list[_Taken], tuple[RequestError, ...]]:
    """What *act* made of each order, and what was refused."""
    taken: list[_Taken] = []
    errors: list[RequestError] = []
    for order in _orders(message):
        try:
            if isinstance(order, RejectedObject):
                raise order.error
            taken.append(act(order))
        except RequestError as error:
            errors.append(error)
    return taken, tuple(errors)


def _orders(message: Envelope) -> Sequence[DispatchOrder | RejectedObject]:
    payload = message.payload
    assert payload is not None  # the reader refuses commands and events without
    if isinstance(payload.content, DERGroupDispatches):
        return payload.content.orders
    return tuple(DispatchOrder(mrid=each.value) for each in payload.ids)


def _outcome(
    taken: Sequence[_Taken],
    errors: tuple[RequestError, ...],
    *,
    payload: Payload | None = None,
    verb: Verb,
    tell: Callable[[Dispatch], DispatchOrder],
) -> Outcome:
    told = _payload(tell(each.dispatch) for each in taken)
    return Outcome(
        done=len(taken),
        errors=errors,
        payload=payload,
        notes=tuple(each.note for each in taken if each.note),
        events=(Event(verb=verb, noun=Noun.DER_GROUP_DISPATCHES, payload=told),) if told else (),
    )


def _named(dispatch: Dispatch) -> DispatchOrder:
    """What tells an order from others: of one that is over the schedules have no more to say."""
    return replace(order_of(dispatch), curves=())


def _payload(orders: Iterable[DispatchOrder]) -> Payload | None:
    written = tuple(orders)
    return Payload(content=DERGroupDispatches(orders=written)) if written else None


def _source(message: Envelope) -> str:
    return (message.header.source if message.header else None) or ""


# -- asked for ---------------------------------------------------------------------------------------------------------


def _names_dispatches(ids: Sequence[ObjectID]) -> bool:
    return bool(ids) and all(each.object_type == "DERGroupDispatch" for each in ids)


def _by_ids(ids: Sequence[ObjectID], desk: Desk) -> tuple[list[Dispatch], list[RequestError]]:
    found: list[Dispatch] = []
    errors: list[RequestError] = []
    for each in ids:
        try:
            found.append(desk.dispatches.find(_pointed_at(each)))
        except RequestError as error:
            errors.append(error)
    return found, errors


def _pointed_at(object_id: ObjectID) -> StatedDispatch:
    reference = reference_of(object_id)
    return StatedDispatch(mrid=reference.mrid, names=reference.names)


def _is_wanted(dispatch: Dispatch, message: Envelope, desk: Desk) -> bool:
    request = message.request
    since: datetime | None = request.start_time.at if request and request.start_time else None
    until: datetime | None = request.end_time.at if request and request.end_time else None
    if since is None and until is None:
        return not desk.dispatches.is_over(dispatch)
    if dispatch.state is DispatchState.CANCELED:
        return False
    return (until is None or begin(dispatch.curves) < until) and (since is None or end(dispatch.curves) > since)
