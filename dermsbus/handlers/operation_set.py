"""OperationSet: several operations in one message, in order, on their own or all or none.

An operation is what a message of its verb and noun would be, but that it is done whole or not at all. All of them work
on the same draft, so that each finds what those before it have done, and all can be undone: nothing of a set reaches a
device before the set is committed.

Source: outcome table of OperationSet, use case 4 and decisions 14 and 15 of the project's reference tables; nouns other
than DERGroups, and what the reply carries: house choice, ADR 30.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import structlog

from dermsbus.dispatch import Desk, Event, Outcome, Routes
from dermsbus.domain.ledger import LedgerDraft
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.registry import Notice
from dermsbus.errors import IDKind, NotAttempted, ObjectID, RequestError, RolledBack, RuleViolation
from dermsbus.handlers import der_group_dispatches, end_device_controls
from dermsbus.handlers.der_group_dispatches import call_off
from dermsbus.messages.envelope import (
    Content,
    DERGroupDispatches,
    DERGroups,
    EndDeviceControls,
    Envelope,
    Noun,
    Operation,
    OperationSet,
    Payload,
    RejectedObject,
    UnboundContent,
    Verb,
)

__all__ = ["execute", "executed"]

_log = structlog.get_logger(__name__)
_GROUP_VERBS: Final = frozenset({Verb.CREATE, Verb.CHANGE, Verb.DELETE})
_ORDERS: Final[Routes] = MappingProxyType(
    {
        (Verb.CREATE, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.create,
        (Verb.CHANGE, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.change,
        (Verb.CANCEL, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.cancel,
        (Verb.CLOSE, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.close,
        (Verb.DELETE, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.delete,
        (Verb.CREATE, Noun.END_DEVICE_CONTROLS): end_device_controls.create,
    }
)
"""What a set may hold beside operations on groups."""

_NOUNS: Final = MappingProxyType(
    {
        DERGroups: Noun.DER_GROUPS,
        DERGroupDispatches: Noun.DER_GROUP_DISPATCHES,
        EndDeviceControls: Noun.END_DEVICE_CONTROLS,
    }
)
_NOTICES: Final = MappingProxyType(
    {
        (Verb.CREATED, False): Notice.CREATED,
        (Verb.CHANGED, False): Notice.CHANGED,
        (Verb.DELETED, False): Notice.DELETED,
        (Verb.CREATED, True): Notice.MEMBERS_ADDED,
        (Verb.CHANGED, True): Notice.MEMBERS_ADDED,
        (Verb.DELETED, True): Notice.MEMBERS_REMOVED,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Done:
    """An operation that was carried out.

    Attributes:
        told: as others are to be told of it.
        returned: what its requester did not know, such as an mRID that was assigned; None if nothing.
        new_ids: of groups that were given one.
        notes: what was done otherwise than asked.
        events: what came of it, for others.
    """

    told: Operation
    returned: Operation | None = None
    new_ids: tuple[ObjectID, ...] = ()
    notes: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()


def execute(message: Envelope, desk: Desk) -> Outcome:
    """Carry out the operations in document order.

    Each operation is done whole or not at all. With enforceMsgSequence the first failure ends the set, the rest are not
    attempted (5.2); with enforceTransactionalIntegrity it undoes the set, all others are rolled back (5.9).
    """
    operations = _operation_set(message)
    ledger = _ledger(desk)
    start = ledger.savepoint()
    done: list[_Done] = []
    errors: list[RequestError] = []
    for operation in operations.operations:
        if errors and operations.enforce_msg_sequence:
            errors.append(_not_attempted(operation, errors[0]))
            continue
        try:
            done.append(_carry_out(operation, message, desk, ledger))
        except RequestError as error:
            errors.append(error)
            if operations.enforce_transactional_integrity:
                ledger.rollback_to(start)
                return Outcome(errors=_rolled_back(operations, error), operation_id=_only_id(operations))
    is_told = not errors or desk.behaviour.echo_created_on_partial
    return Outcome(
        done=len(done),
        errors=tuple(errors),
        payload=_returned(operations, done) if is_told else None,
        ids=tuple(new_id for each in done for new_id in each.new_ids),
        operation_id=_only_id(operations),
        says_nothing_follows=False,
        notes=tuple(note for each in done for note in each.notes),
        events=(*_events(operations, done), *(event for each in done for event in each.events)),
    )


def executed(message: Envelope, desk: Desk) -> Outcome:
    """Take in the operations that another system has carried out; its orders and controls command none of ours."""
    done = 0
    errors: list[RequestError] = []
    events: list[Event] = []
    for operation in _operation_set(message).operations:
        try:
            events += call_off(_take_in(operation, message, desk), desk)
            done += 1
        except RequestError as error:
            errors.append(error.for_operation(operation.operation_id))
    return Outcome(done=done, errors=tuple(errors), says_nothing_follows=False, events=tuple(events))


# -- one operation -----------------------------------------------------------------------------------------------------


def _carry_out(operation: Operation, message: Envelope, desk: Desk, ledger: LedgerDraft) -> _Done:
    """One operation, whole or not at all."""
    start = ledger.savepoint()
    try:
        verb = _verb(operation)
        content, noun = _object_of(operation)
        if isinstance(content, DERGroups):
            return _act_on_groups(operation, verb, content, desk)
        return _order(operation, verb, noun, replace(message, payload=Payload(content=content)), desk)
    except RequestError as error:
        ledger.rollback_to(start)
        raise error.for_operation(operation.operation_id) from error


def _verb(operation: Operation) -> Verb:
    served = _GROUP_VERBS | {verb for verb, _ in _ORDERS}
    if operation.verb not in served:
        raise _no_such_verb(operation, "anything", served)
    return Verb(operation.verb)


def _object_of(operation: Operation) -> tuple[Content, Noun]:
    """What the operation acts on, and its noun, which it need not state.

    Raises:
        RuleViolation: 1.7, nothing; 2.5, what its noun does not mean, or what is not served in a set; else what was
            wrong with it when it was read.
    """
    content = operation.content
    if content is None:
        raise RuleViolation("the operation has no element to act on, such as DERGroups", code="1.7")
    if isinstance(content, RejectedObject):
        raise content.error
    noun = _NOUNS.get(type(content))
    if noun is None or operation.noun not in {None, noun.value}:
        element = content.root if isinstance(content, UnboundContent) else type(content).__name__
        details = (
            f"noun {(operation.noun or 'missing')[:64]!r} with element {element[:64]}: an operation is served on "
            f"{', '.join(_NOUNS.values())}, with the element of its noun"
        )
        raise RuleViolation(details, code="2.5")
    return content, noun


def _act_on_groups(operation: Operation, verb: Verb, content: DERGroups, desk: Desk) -> _Done:
    if verb not in _GROUP_VERBS:
        raise _no_such_verb(operation, Noun.DER_GROUPS, _GROUP_VERBS)
    pairs = [(group, _act(verb, operation, group, desk)) for group in content.groups]
    told = DERGroups(groups=tuple(_told(verb, operation, group, result) for group, result in pairs))
    is_whole = not operation.element_operation
    new = tuple(
        result for group, result in pairs if verb is Verb.CREATE and is_whole and not (group.mrid or "").strip()
    )
    return _Done(
        told=_past(operation, Noun.DER_GROUPS, verb, told),
        returned=_as_asked(operation, Noun.DER_GROUPS, DERGroups(groups=new)) if new else None,
        new_ids=tuple(
            ObjectID(value=group.mrid, kind=IDKind.UUID, object_type="DERGroup") for group in new if group.mrid
        ),
        # at once: one of these groups may be created anew by a later operation, and ordered something
        events=call_off((result for _, result in pairs), desk) if verb is Verb.DELETE and is_whole else (),
    )


def _act(verb: Verb, operation: Operation, group: EndDeviceGroup, desk: Desk) -> EndDeviceGroup:
    groups, behaviour = desk.groups, desk.behaviour
    if operation.element_operation:
        if verb is Verb.DELETE:
            return groups.remove_members(group, behaviour)
        return groups.add_members(group, behaviour)
    if verb is Verb.CREATE:
        return groups.create(group, behaviour)
    if verb is Verb.CHANGE:
        return groups.change(group, behaviour)
    return groups.delete(group, behaviour) or group


def _told(verb: Verb, operation: Operation, stated: EndDeviceGroup, result: EndDeviceGroup) -> EndDeviceGroup:
    """What others are told: of a new group everything, of a deleted one who it was, else what was stated."""
    if operation.element_operation or verb is Verb.CHANGE:
        return replace(stated, mrid=result.mrid, names=result.names)
    return result if verb is Verb.CREATE else EndDeviceGroup(mrid=result.mrid, names=result.names)


def _order(operation: Operation, verb: Verb, noun: Noun, message: Envelope, desk: Desk) -> _Done:
    """Orders and controls, as *message*, which has them alone, would have them; what is refused of them refuses all."""
    handler = _ORDERS.get((verb, noun))
    if handler is None:
        raise _no_such_verb(operation, noun, {served for served, of_noun in _ORDERS if of_noun is noun})
    if operation.element_operation:
        details = f"elementOperation acts on the members of groups; send {verb} of {noun} without it"
        raise RuleViolation(details, code="2.9")
    header = message.header
    assert header is not None
    outcome = handler(replace(message, header=replace(header, verb=verb, noun=noun.value)), desk)
    if outcome.errors:
        raise outcome.errors[0]
    own = [event for event in outcome.events if event.noun is noun]
    told = own[0].payload.content if own else operation.content
    given = outcome.payload.content if outcome.payload else None
    return _Done(
        told=_past(operation, noun, verb, told),
        returned=_as_asked(operation, noun, given) if given is not None else None,
        notes=tuple(f"operation {operation.operation_id}: {note}" for note in outcome.notes),
        events=tuple(event for event in outcome.events if event.noun is not noun),
    )


def _no_such_verb(operation: Operation, noun: str, served: set[Verb] | frozenset[Verb]) -> RuleViolation:
    details = (
        f"verb {(operation.verb or 'missing')[:64]!r} of an operation on {noun}: served are {', '.join(sorted(served))}"
    )
    return RuleViolation(details, code="2.9")


def _past(operation: Operation, noun: Noun, verb: Verb, content: Content | RejectedObject | None) -> Operation:
    return replace(operation, noun=noun.value, verb=verb.past.value, content=content)


def _as_asked(operation: Operation, noun: Noun, content: Content) -> Operation:
    return replace(operation, noun=noun.value, content=content)


# -- what another system has done --------------------------------------------------------------------------------------


def _take_in(operation: Operation, message: Envelope, desk: Desk) -> list[EndDeviceGroup]:
    """The groups that are gone by it."""
    content, noun = _object_of(operation)
    if not isinstance(content, DERGroups):
        source = message.header.source if message.header else None
        _log.info("operation of another system", source=source, verb=operation.verb, noun=noun.value)
        return []
    notice = _notice(operation)
    results = [desk.groups.take_in(notice, group, desk.behaviour) for group in content.groups]
    return [group for group in results if group is not None and notice is Notice.DELETED]


def _notice(operation: Operation) -> Notice:
    """What an operation of an event tells; some peers leave its verb in the present tense."""
    if operation.verb in _GROUP_VERBS:
        verb = Verb(operation.verb).past
    elif operation.verb in {past for past, _ in _NOTICES}:
        verb = Verb(operation.verb)
    else:
        raise RuleViolation(f"no operation {(operation.verb or 'without verb')[:64]!r} is known", code="2.9")
    return _NOTICES[verb, operation.element_operation]


# -- the set -----------------------------------------------------------------------------------------------------------


def _ledger(desk: Desk) -> LedgerDraft:
    """All drafts that an operation may change, to be taken back together."""
    return LedgerDraft(groups=desk.groups, dispatches=desk.dispatches, switches=desk.switches)


def _operation_set(message: Envelope) -> OperationSet:
    payload = message.payload
    assert payload is not None  # the reader refuses an execute without
    assert payload.operation_set is not None
    return payload.operation_set


def _not_attempted(operation: Operation, first: RequestError) -> RequestError:
    details = f"not attempted: operation {first.operation_id} before it failed, and the sequence is enforced"
    return NotAttempted(details, operation_id=operation.operation_id)


def _rolled_back(operations: OperationSet, failed: RequestError) -> tuple[RequestError, ...]:
    """The failed operation's own error first, then one for each of the others."""
    details = f"undone, for operation {failed.operation_id} failed and the set is all or nothing"
    others = (each.operation_id for each in operations.operations if each.operation_id != failed.operation_id)
    return (failed, *(RolledBack(details, operation_id=operation_id) for operation_id in others))


def _only_id(operations: OperationSet) -> int | None:
    ids = [operation.operation_id for operation in operations.operations]
    return ids[0] if len(ids) == 1 else None


def _returned(operations: OperationSet, done: list[_Done]) -> Payload | None:
    """The operations that have something to return, each with it in the place of what was sent."""
    returned = tuple(each.returned for each in done if each.returned is not None)
    return Payload(operation_set=replace(operations, operations=returned)) if returned else None


def _events(operations: OperationSet, done: list[_Done]) -> Iterator[Event]:
    if done:
        told = replace(operations, operations=tuple(each.told for each in done))
        yield Event(verb=Verb.EXECUTED, noun=Noun.OPERATION_SET, payload=Payload(operation_set=told))
