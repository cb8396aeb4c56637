"""OperationSet: several operations on DERGroups in one message, in order, on their own or all or none.

Source: outcome table of OperationSet, use case 4 and decisions 14 and 15 of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from dermsbus.dispatch import Desk, Event, Outcome
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.registry import Notice
from dermsbus.errors import IDKind, NotAttempted, ObjectID, RequestError, RolledBack, RuleViolation
from dermsbus.handlers.der_group_dispatches import call_off
from dermsbus.messages.envelope import DERGroups, Envelope, Noun, Operation, OperationSet, Payload, UnboundContent, Verb

__all__ = ["execute", "executed"]

_REQUEST_VERBS: Final = frozenset({Verb.CREATE, Verb.CHANGE, Verb.DELETE})
_NOTICES: Final = {
    (Verb.CREATED, False): Notice.CREATED,
    (Verb.CHANGED, False): Notice.CHANGED,
    (Verb.DELETED, False): Notice.DELETED,
    (Verb.CREATED, True): Notice.MEMBERS_ADDED,
    (Verb.CHANGED, True): Notice.MEMBERS_ADDED,
    (Verb.DELETED, True): Notice.MEMBERS_REMOVED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Done:
    """An operation that was carried out, as others are to be told of it."""

    told: Operation
    new_ids: tuple[ObjectID, ...] = ()
    gone: tuple[EndDeviceGroup, ...] = ()


def execute(message: Envelope, desk: Desk) -> Outcome:
    """Carry out the operations in document order.

    Each operation is done whole or not at all. With enforceMsgSequence the first failure ends the set, the rest are not
    attempted (5.2); with enforceTransactionalIntegrity it undoes the set, all others are rolled back (5.9).
    """
    operations = _operation_set(message)
    start = desk.groups.savepoint()
    done: list[_Done] = []
    errors: list[RequestError] = []
    for operation in operations.operations:
        if errors and operations.enforce_msg_sequence:
            errors.append(_not_attempted(operation, errors[0]))
            continue
        try:
            done.append(_carry_out(operation, desk))
        except RequestError as error:
            errors.append(error)
            if operations.enforce_transactional_integrity:
                desk.groups.rollback_to(start)
                return Outcome(errors=_rolled_back(operations, error), operation_id=_only_id(operations))
    return Outcome(
        done=len(done),
        errors=tuple(errors),
        ids=tuple(new_id for each in done for new_id in each.new_ids),
        operation_id=_only_id(operations),
        says_nothing_follows=False,
        events=(*call_off((group for each in done for group in each.gone), desk), *_events(operations, done)),
    )


def executed(message: Envelope, desk: Desk) -> Outcome:
    """Take in the operations that another system has carried out."""
    done = 0
    errors: list[RequestError] = []
    gone: list[EndDeviceGroup] = []
    for operation in _operation_set(message).operations:
        try:
            notice = _notice(operation)
            for group in _groups(operation):
                result = desk.groups.take_in(notice, group, desk.behaviour)
                if result is not None and notice is Notice.DELETED:
                    gone.append(result)
            done += 1
        except RequestError as error:
            errors.append(error.for_operation(operation.operation_id))
    return Outcome(done=done, errors=tuple(errors), says_nothing_follows=False, events=call_off(gone, desk))


def _carry_out(operation: Operation, desk: Desk) -> _Done:
    """One operation, whole or not at all."""
    start = desk.groups.savepoint()
    try:
        verb = _verb(operation)
        pairs = [(group, _act(verb, operation, group, desk)) for group in _groups(operation)]
    except RequestError as error:
        desk.groups.rollback_to(start)
        raise error.for_operation(operation.operation_id) from error
    told = DERGroups(groups=tuple(_told(verb, operation, group, result) for group, result in pairs))
    new_ids = tuple(
        ObjectID(value=result.mrid, kind=IDKind.UUID, object_type="DERGroup")
        for group, result in pairs
        if verb is Verb.CREATE and not operation.element_operation and not group.mrid and result.mrid
    )
    is_delete = verb is Verb.DELETE and not operation.element_operation
    return _Done(
        told=replace(operation, noun=Noun.DER_GROUPS.value, verb=verb.past.value, content=told),
        new_ids=new_ids,
        gone=tuple(result for _, result in pairs) if is_delete else (),
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


def _verb(operation: Operation) -> Verb:
    if operation.verb not in _REQUEST_VERBS:
        details = f"an operation's verb is create, change or delete, not {(operation.verb or 'missing')[:64]!r}"
        raise RuleViolation(details, code="2.9")
    return Verb(operation.verb)


def _notice(operation: Operation) -> Notice:
    """What an operation of an event tells; some peers leave its verb in the present tense."""
    if operation.verb in _REQUEST_VERBS:
        verb = Verb(operation.verb).past
    elif operation.verb in {past for past, _ in _NOTICES}:
        verb = Verb(operation.verb)
    else:
        raise RuleViolation(f"no operation {(operation.verb or 'without verb')[:64]!r} is known", code="2.9")
    return _NOTICES[verb, operation.element_operation]


def _groups(operation: Operation) -> Iterator[EndDeviceGroup]:
    content = operation.content
    if content is None:
        raise RuleViolation("the operation has no DERGroups element to act on", code="1.7")
    if not isinstance(content, DERGroups) or operation.noun not in {None, Noun.DER_GROUPS.value}:
        element = content.root if isinstance(content, UnboundContent) else type(content).__name__
        details = f"noun {(operation.noun or 'missing')[:64]!r} with element {element}: only DERGroups is served"
        raise RuleViolation(details, code="2.5")
    return iter(content.groups)


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


def _events(operations: OperationSet, done: list[_Done]) -> tuple[Event, ...]:
    if not done:
        return ()
    told = replace(operations, operations=tuple(each.told for each in done))
    return (Event(verb=Verb.EXECUTED, noun=Noun.OPERATION_SET, payload=Payload(operation_set=told)),)
