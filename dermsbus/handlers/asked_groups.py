"""The groups that a get asks for, whatever it wants to know of them."""

from __future__ import annotations

from collections.abc import Sequence

from dermsbus.dispatch import Desk
from dermsbus.domain.model import EndDeviceGroup, GroupReference, Name
from dermsbus.errors import GroupNotFound, IDKind, ObjectID, RequestError
from dermsbus.handlers.pages import Page, page_of
from dermsbus.messages.envelope import DERGroupForecastQueries, DERGroupQueries, DERGroupStatusQueries, Envelope

__all__ = ["as_request_id", "asked_groups", "asked_page", "reference_of"]


def asked_groups(message: Envelope, desk: Desk) -> tuple[tuple[EndDeviceGroup, ...], tuple[RequestError, ...]]:
    """The groups that a request's query or its ID elements point at, and one error for each that is not there.

    Source: decisions 6, 7 and 18 on open questions in the project's reference tables.
    """
    request = message.request
    query = request.query if request else None
    if isinstance(query, DERGroupQueries | DERGroupStatusQueries | DERGroupForecastQueries):
        return desk.groups.query(query.references, desk.behaviour)
    references: Sequence[GroupReference] = [reference_of(object_id) for object_id in (request.ids if request else ())]
    found, errors = desk.groups.query(references, desk.behaviour)
    return found, tuple(as_request_id(error, request.ids if request else ()) for error in errors)


def asked_page(message: Envelope, desk: Desk) -> tuple[Page[EndDeviceGroup], tuple[RequestError, ...]]:
    """The page of these groups that the request asks for, and the errors, of which the first page tells."""
    groups, errors = asked_groups(message, desk)
    page = page_of(groups, lambda group: group.mrid or "", desk.options)
    return page, () if desk.options.after is not None else errors


def reference_of(object_id: ObjectID) -> GroupReference:
    """The group that an ID element names."""
    if object_id.kind is IDKind.NAME:
        return GroupReference(names=(Name(name=object_id.value),))
    return GroupReference(mrid=object_id.value)


def as_request_id(error: RequestError, ids: Sequence[ObjectID]) -> RequestError:
    """An unknown group that one of *ids* names is an invalid request ID, 2.15, told as its requester named it."""
    if not isinstance(error, GroupNotFound):
        return error
    told = error.object_id
    named = next((each for each in ids if told and each.value == told.value and each.kind is not None), told)
    return GroupNotFound(error.details, code="2.15", object_id=named)
