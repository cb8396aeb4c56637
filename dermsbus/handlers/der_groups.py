"""DERGroups: create, change, delete and get them, and take in what other systems tell of theirs.

Each group of a message stands for itself: what is refused for one leaves the others done.

Source: use cases 1 to 6, EPRI cases DERG-1 to DERG-9 and decisions 6 to 14 of the project's reference tables; name
plates: ADR 22.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import structlog

from dermsbus.dispatch import Desk, Event, Outcome
from dermsbus.domain.fleet_state import roster
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.registry import Notice
from dermsbus.errors import ObjectID, RequestError
from dermsbus.handlers.asked_groups import as_request_id, asked_page, reference_of
from dermsbus.handlers.der_group_dispatches import call_off
from dermsbus.messages.envelope import DERGroups, DERNamePlate, Envelope, Noun, Payload, Verb
from dermsbus.messages.name_plates import are_asked_for

__all__ = ["change", "changed", "create", "created", "delete", "deleted", "get"]

R = TypeVar("R")

_MOST_NAME_PLATES: Final = 2_000

_log = structlog.get_logger(__name__)


def create(message: Envelope, desk: Desk) -> Outcome:
    """New groups; those that stated no mRID are returned with the one they were given."""
    stated = _groups(message)
    new, errors = _each(stated, lambda group: desk.groups.create(group, desk.behaviour))
    given = tuple(result for group, result in new if not (group.mrid or "").strip())
    echo = given if not errors or desk.behaviour.echo_created_on_partial else ()
    return Outcome(
        done=len(new), errors=errors, payload=_payload(echo), events=_events(Verb.CREATED, [group for _, group in new])
    )


def change(message: Envelope, desk: Desk) -> Outcome:
    """Functions, description, version and members of groups; the event tells what was stated."""
    done, errors = _each(_groups(message), lambda group: desk.groups.change(group, desk.behaviour))
    told = [replace(stated, mrid=result.mrid, names=result.names) for stated, result in done]
    return Outcome(done=len(done), errors=errors, events=_events(Verb.CHANGED, told))


def delete(message: Envelope, desk: Desk) -> Outcome:
    """Whole groups, by the noun's element or by Payload/ID."""
    done, errors = _each(_groups(message), lambda group: desk.groups.delete(group, desk.behaviour))
    for stated, _ in done:
        if stated.end_devices:
            _log.warning("delete lists members; the whole group was deleted", mrid=stated.mrid, names=stated.names)
    gone = [EndDeviceGroup(mrid=group.mrid, names=group.names) for _, group in done if group]
    events = (*call_off(gone, desk), *_events(Verb.DELETED, gone))
    return Outcome(done=len(done), errors=_by_id(message, errors), events=events)


def get(message: Envelope, desk: Desk) -> Outcome:
    """Groups by mRID or name, all of them for a reference that names none.

    With the name plates of their devices where the request asks for them and the deployment tells them.
    """
    page, errors = asked_page(message, desk)
    found = page.objects
    plates: tuple[DERNamePlate, ...] = ()
    if desk.nameplate_extension and are_asked_for(message.request):
        plates, too_many = _name_plates(found, desk)
        errors += too_many
    return Outcome(done=len(found), errors=errors, payload=_payload(found), name_plates=plates, last=page.last)


def created(message: Envelope, desk: Desk) -> Outcome:
    """Another system's new groups."""
    return _take_in(Notice.CREATED, message, desk)


def changed(message: Envelope, desk: Desk) -> Outcome:
    """Another system's changed groups."""
    return _take_in(Notice.CHANGED, message, desk)


def deleted(message: Envelope, desk: Desk) -> Outcome:
    """Another system's deleted groups."""
    return _take_in(Notice.DELETED, message, desk)


def _name_plates(
    groups: Sequence[EndDeviceGroup], desk: Desk
) -> tuple[tuple[DERNamePlate, ...], tuple[RequestError, ...]]:
    """The name plates of the members that the catalogue knows, each device once; none where they are too many."""
    fleet = desk.field.state.fleet
    places = dict.fromkeys(place for group in groups for place in roster(group, fleet, desk.groups.get).places.tolist())
    if len(places) > _MOST_NAME_PLATES:
        details = (
            f"the groups have {len(places)} devices with name plates, and a reply holds at most {_MOST_NAME_PLATES}: "
            "ask for fewer groups at a time; the groups themselves are told"
        )
        return (), (RequestError(details, code="3.1"),)
    devices = [fleet.devices[place] for place in places]
    return tuple(DERNamePlate(mrid=device.mrid, name_plate=device.name_plate) for device in devices), ()


def _take_in(notice: Notice, message: Envelope, desk: Desk) -> Outcome:
    done, errors = _each(_groups(message), lambda group: desk.groups.take_in(notice, group, desk.behaviour))
    gone = [group for _, group in done if group is not None and notice is Notice.DELETED]
    return Outcome(done=len(done), errors=errors, events=call_off(gone, desk))


def _each(
    groups: Sequence[EndDeviceGroup], act: Callable[[EndDeviceGroup], R]
) -> tuple[list[tuple[EndDeviceGroup, R]], tuple[RequestError, ...]]:
    """What *act* made of each group, and what it refused."""
    done: list[tuple[EndDeviceGroup, R]] = []
    errors: list[RequestError] = []
    for group in groups:
        try:
            done.append((group, act(group)))
        except RequestError as error:
            errors.append(error)
    return done, tuple(errors)


def _groups(message: Envelope) -> tuple[EndDeviceGroup, ...]:
    payload = message.payload
    assert payload is not None  # the reader refuses commands and events without
    if isinstance(payload.content, DERGroups):
        return payload.content.groups
    return tuple(_pointed_at(object_id) for object_id in payload.ids)


def _pointed_at(object_id: ObjectID) -> EndDeviceGroup:
    reference = reference_of(object_id)
    return EndDeviceGroup(mrid=reference.mrid, names=reference.names)


def _by_id(message: Envelope, errors: tuple[RequestError, ...]) -> tuple[RequestError, ...]:
    ids = message.payload.ids if message.payload else ()
    return tuple(as_request_id(error, ids) for error in errors) if ids else errors


def _payload(groups: Sequence[EndDeviceGroup]) -> Payload | None:
    return Payload(content=DERGroups(groups=tuple(groups))) if groups else None


def _events(verb: Verb, groups: Sequence[EndDeviceGroup]) -> tuple[Event, ...]:
    payload = _payload(groups)
    return (Event(verb=verb, noun=Noun.DER_GROUPS, payload=payload),) if payload else ()
