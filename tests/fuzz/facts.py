"""What dermsbus read of a message as facts: a value for each path, in the words of `tests.fuzz.second_reader`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC

from dermsbus.domain.controls import EndDeviceControl, EndDeviceEvent
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, GroupReference, Name
from dermsbus.domain.quantities import Curve, GroupForecast, GroupStatus, ParameterForecast, ParameterStatus
from dermsbus.errors import ObjectID
from dermsbus.messages import envelope as content
from dermsbus.messages.envelope import (
    Content,
    DispatchOrder,
    Envelope,
    ErrorEntry,
    Header,
    Operation,
    Payload,
    Property,
    RejectedObject,
    Reply,
    Request,
)
from tests.fuzz.second_reader import Facts

__all__ = ["REJECTED", "facts_of"]

REJECTED = "rejected"
"""The value of an object that was read and refused: nothing in it is used."""


def facts_of(envelope: Envelope) -> Facts:
    """The facts of a message that was accepted."""
    facts: Facts = {}
    if envelope.header is not None:
        facts |= _under("Header", _header(envelope.header))
    if envelope.request is not None:
        facts |= _under("Request", _request(envelope.request))
    if envelope.reply is not None:
        facts |= _under("Reply", _reply(envelope.reply))
    if envelope.payload is not None:
        facts |= _under("Payload", _payload(envelope.payload))
    return {path: value for path, value in facts.items() if value is not None}


def _under(path: str, facts: Facts) -> Facts:
    return {f"{path}/{each}": value for each, value in facts.items()}


def _numbered(name: str, each: Iterable[Facts]) -> Facts:
    facts: Facts = {}
    for number, one in enumerate(each):
        facts |= _under(f"{name}[{number}]", one)
        facts[f"{name}[{number}]"] = REJECTED if REJECTED in one else True
    return facts


def _header(header: Header) -> Facts:
    replay, user = header.replay_detection, header.user
    return {
        "Verb": header.verb.value,
        "Noun": header.noun,
        "Revision": header.revision,
        "Context": header.context,
        "Source": header.source,
        "ReplyAddress": header.reply_address,
        "MessageID": header.message_id,
        "CorrelationID": header.correlation_id,
        "Comment": header.comment,
        "Timestamp": header.timestamp and header.timestamp.at,
        "AsyncReplyFlag": header.async_reply,
        "AckRequired": header.ack_required,
        "Nonce": replay and replay.nonce,
        "Created": replay and replay.created.at,
        "UserID": user and user.user_id,
        "Organization": user and user.organization,
        **_numbered("Property", map(_property, header.properties)),
    }


def _property(each: Property) -> Facts:
    return {"name": each.name, "value": each.value}


def _request(request: Request) -> Facts:
    return {
        "StartTime": request.start_time and request.start_time.at,
        "EndTime": request.end_time and request.end_time.at,
        **_numbered("Option", map(_property, request.options)),
        **_ids("ID", request.ids),
        **(_content(request.query) if request.query else {}),
    }


def _ids(name: str, ids: Iterable[ObjectID | None]) -> Facts:
    return _numbered(
        name,
        (
            {"value": each.value, "kind": each.kind and each.kind.value, "type": each.object_type}
            for each in ids
            if each
        ),
    )


def _reply(reply: Reply) -> Facts:
    return {
        "Result": reply.result.value,
        "operationId": reply.operation_id,
        **_numbered("Error", map(_error, reply.errors)),
        **_ids("ID", reply.ids),
    }


def _error(error: ErrorEntry) -> Facts:
    return {
        "code": error.code,
        "reason": error.reason,
        "details": error.details,
        "level": error.level and error.level.value,
        "operationId": error.operation_id,
        **_ids("ID", [error.object_id]),
        **_ids("relatedID", [error.related_id]),
    }


def _payload(payload: Payload) -> Facts:
    if payload.content is not None:
        return _content(payload.content)
    if payload.operation_set is None:
        return _ids("ID", payload.ids)
    operations = payload.operation_set
    return {
        "enforceMsgSequence": operations.enforce_msg_sequence,
        "enforceTransactionalIntegrity": operations.enforce_transactional_integrity,
        **_numbered("Operation", map(_operation, operations.operations)),
    }


def _operation(each: Operation) -> Facts:
    facts: Facts = {
        "operationId": each.operation_id,
        "noun": each.noun,
        "verb": each.verb,
        "elementOperation": each.element_operation,
    }
    if isinstance(each.content, RejectedObject):
        return facts | {REJECTED: True}
    return facts | (_content(each.content) if each.content is not None else {})


def _content(value: Content) -> Facts:
    match value:
        case content.DERGroups(groups=groups):
            facts = _numbered("group", map(_group, groups))
        case content.DERGroupQueries(references=references) | content.DERGroupStatusQueries(references=references):
            facts = _numbered("reference", map(_identity, references))
        case content.DERGroupStatuses(statuses=statuses):
            facts = _numbered("status", map(_status, statuses))
        case content.DERGroupForecasts(forecasts=forecasts):
            facts = _numbered("forecast", map(_forecast, forecasts))
        case content.DERGroupForecastQueries():
            facts = _forecast_query(value)
        case content.DERGroupDispatches(orders=orders):
            facts = _numbered("order", map(_order, orders))
        case content.EndDeviceControls(controls=controls):
            facts = _numbered("control", map(_control, controls))
        case content.EndDeviceEvents(events=events):
            facts = _numbered("event", map(_event, events))
        case _:
            return {}
    return _under(type(value).__name__, facts)


def _identity(each: GroupReference | EndDevice | EndDeviceGroup | None) -> Facts:
    return {} if each is None else {"mRID": each.mrid, **_names(each.names)}


def _names(names: Sequence[Name]) -> Facts:
    return _numbered("name", map(_name, names))


def _name(name: Name) -> Facts:
    kind = name.name_type
    authority = kind.authority if kind else None
    return {
        "text": name.name,
        "type": kind and kind.name,
        "type description": kind and kind.description,
        "authority": authority and authority.name,
        "authority description": authority and authority.description,
    }


def _group(group: EndDeviceGroup) -> Facts:
    facts = {**_identity(group), "description": group.description}
    if group.der_function is not None:
        function = group.der_function
        facts |= {f"DERFunction/{_camel(each.name)}": getattr(function, each.name) for each in fields(DERFunction)}
    if (version := group.version) is not None:
        facts |= {"date": version.date and version.date.at, "major": version.major}
        facts |= {"minor": version.minor, "revision": version.revision}
    return facts | _numbered("member", map(_identity, group.end_devices))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def _status(status: GroupStatus | RejectedObject) -> Facts:
    if isinstance(status, RejectedObject):
        return {REJECTED: True}
    return {
        **_identity(status.group),
        "at": status.at,
        "value": status.value,
        "remark": status.remark,
        **_numbered("parameter", map(_parameter_status, status.parameters)),
    }


def _parameter_status(status: ParameterStatus) -> Facts:
    return {
        "kind": status.parameter.value,
        "at": status.at,
        "value": status.value,
        "minimum": status.available_min,
        "maximum": status.available_max,
        "installed minimum": status.installed_min,
        "installed maximum": status.installed_max,
    }


def _curve(curve: Curve) -> Facts:
    points = (
        {"at": each.at, "nominal": each.nominal, "minimum": each.minimum, "maximum": each.maximum}
        for each in curve.points
    )
    return {
        "style": curve.style.value,
        "ends": curve.ends_at,
        "interval": curve.interval,
        "unit": curve.interval_unit.value,
        **_numbered("point", points),
    }


def _forecast(forecast: GroupForecast | RejectedObject) -> Facts:
    if isinstance(forecast, RejectedObject):
        return {REJECTED: True}
    return {
        "mRID": forecast.mrid,
        **_under("group", _identity(forecast.group)),
        "created": forecast.created_at,
        "confidence": forecast.confidence_percent,
        **_numbered("parameter", map(_parameter_forecast, forecast.parameters)),
    }


def _parameter_forecast(forecast: ParameterForecast) -> Facts:
    return {
        "kind": forecast.parameter.value,
        "installed minimum": forecast.installed_min,
        "installed maximum": forecast.installed_max,
        **_numbered("curve", map(_curve, forecast.curves)),
    }


def _forecast_query(query: content.DERGroupForecastQueries) -> Facts:
    schedules: list[Facts] = [
        {REJECTED: True}
        if isinstance(each, RejectedObject)
        else {
            "style": each.style.value,
            "intervals": each.intervals,
            "starts": each.starts_at.astimezone(UTC),
            "offset": each.starts_at.utcoffset(),
            "interval": each.interval,
            "unit": each.interval_unit.value,
        }
        for each in query.schedules
    ]
    return {
        **_numbered("parameter", ({"kind": each.value} for each in query.parameters)),
        **_numbered("schedule", schedules),
        **_numbered("reference", map(_identity, query.references)),
    }


def _order(order: DispatchOrder | RejectedObject) -> Facts:
    if isinstance(order, RejectedObject):
        return {REJECTED: True}
    return {
        "mRID": order.mrid,
        **_names(order.names),
        **_under("group", _identity(order.group)),
        "kind": order.parameter and order.parameter.value,
        **_numbered("curve", map(_curve, order.curves)),
    }


def _control(control: EndDeviceControl | RejectedObject) -> Facts:
    if isinstance(control, RejectedObject):
        return {REJECTED: True}
    return {
        "mRID": control.mrid,
        "reason": control.reason,
        "issuerID": control.issuer_id,
        "issuerTrackingID": control.issuer_tracking_id,
        "kind": control.kind.value,
        "device type": control.device_type,
        "starts": control.starts_at,
        "length": control.duration_s,
        **_numbered("group", map(_identity, control.groups)),
        **_numbered("device", map(_identity, control.devices)),
    }


def _event(event: EndDeviceEvent | RejectedObject) -> Facts:
    if isinstance(event, RejectedObject):
        return {REJECTED: True}
    status = event.status
    return {
        "mRID": event.mrid,
        "reason": event.reason,
        "issuerID": event.issuer_id,
        "issuerTrackingID": event.issuer_tracking_id,
        "kind": event.kind.value,
        "device type": event.device_type,
        "created": event.created_at,
        **_names(event.names),
        **_under("device", _identity(event.device)),
        "status/value": status and status.value,
        "status/reason": status and status.reason,
        "status/remark": status and status.remark,
        "status/at": status and status.at,
    }
