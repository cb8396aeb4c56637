"""Groups, answers and events as JSON, as plain lines and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.markup import escape
from rich.table import Table

from dermsbus.cli.device_views import device_event_json, device_event_summary
from dermsbus.cli.dispatch_views import dispatch_json, dispatch_summary
from dermsbus.cli.forecast_views import forecast_json, forecast_summary
from dermsbus.cli.json_values import names_json, stated
from dermsbus.cli.output import visible
from dermsbus.cli.references import device_label, group_label, names_text
from dermsbus.cli.status_views import status_json, status_summary
from dermsbus.client import Answer
from dermsbus.domain.model import DERFunction, EndDeviceGroup, Version
from dermsbus.errors import ObjectID
from dermsbus.messages.envelope import (
    Content,
    DERGroupDispatches,
    DERGroupForecasts,
    DERGroups,
    DERGroupStatuses,
    EndDeviceEvents,
    Envelope,
    ErrorEntry,
    Operation,
    RejectedObject,
)
from dermsbus.reply_codes import code_order

__all__ = [
    "FUNCTION_FIELDS",
    "answer_json",
    "error_line",
    "event_json",
    "event_line",
    "failure_lines",
    "functions_text",
    "group_json",
    "group_lines",
    "groups_table",
    "groups_text",
]

T = TypeVar("T")

FUNCTION_FIELDS = {
    "connectDisconnect": "connect_disconnect",
    "frequencyWattCurveFunction": "frequency_watt_curve_function",
    "maxRealPowerLimiting": "max_real_power_limiting",
    "rampRateControl": "ramp_rate_control",
    "reactivePowerDispatch": "reactive_power_dispatch",
    "realPowerDispatch": "real_power_dispatch",
    "voltageRegulation": "voltage_regulation",
    "voltVarCurveFunction": "volt_var_curve_function",
    "voltWattCurveFunction": "volt_watt_curve_function",
}
"""The nine functions: name on the wire, field of `DERFunction`."""


def group_json(group: EndDeviceGroup) -> dict[str, object]:
    """The group under the names of its elements on the wire; what is absent is left out."""
    return stated(
        mRID=group.mrid,
        description=group.description,
        DERFunction=_functions_json(group.der_function),
        EndDevices=[stated(mRID=device.mrid, Names=names_json(device.names)) for device in group.end_devices],
        Names=names_json(group.names),
        version=_version_json(group.version),
    )


def answer_json(answer: Answer) -> dict[str, object]:
    """The whole outcome of a request."""
    header = answer.envelope.header
    return {
        "result": answer.result.value,
        "errors": [_error_json(error) for error in answer.errors],
        "groups": [group_json(group) for group in answer.groups],
    } | stated(
        statuses=[status_json(status) for status in answer.statuses],
        forecasts=[forecast_json(forecast) for forecast in answer.forecasts],
        dispatches=[dispatch_json(order) for order in answer.dispatches],
        cursor=answer.cursor,
        repairs=[{"name": repair.name, "details": repair.details} for repair in answer.repairs],
        messageID=header and header.message_id,
        correlationID=header and header.correlation_id,
    )


def event_json(event: Envelope) -> dict[str, object]:
    """An event's header, and what it tells: groups, operations, statuses, forecasts, dispatches or device events."""
    header = event.header
    assert header is not None
    return stated(
        verb=header.verb.value,
        noun=header.noun,
        source=header.source,
        timestamp=header.timestamp and header.timestamp.text,
        messageID=header.message_id,
        correlationID=header.correlation_id,
        operations=[_operation_json(operation) for operation in _operations_of(event)],
        **_content_json(event.payload.content if event.payload else None),
    )


def failure_lines(answer: Answer) -> Iterable[str]:
    """A line for each Error that says what failed; for every Error where none does."""
    failures = [error for error in answer.errors if code_order(error.code)[0] > 0]
    return map(error_line, failures or answer.errors)


def error_line(error: ErrorEntry) -> str:
    """``code reason: details (object)``."""
    reason, details = error.reason or "", error.details or ""
    said = details if details.startswith(reason) else ": ".join(part for part in (reason, details) if part)
    return " ".join(part for part in (error.code, said, _object_text(error.object_id)) if part)


def event_line(event: Envelope) -> str:
    """``time source verb Noun``, and what it tells of what."""
    header = event.header
    assert header is not None
    when = header.timestamp.text if header.timestamp else "-"
    told = ", ".join(_told(event))
    return f"{when} {header.source or '-'} {header.verb} {header.noun}{f' {told}' if told else ''}"


def groups_text(groups: Iterable[EndDeviceGroup]) -> Iterable[str]:
    """One line for each group, tab-separated: mRID, names, number of members, functions, version."""
    for group in groups:
        yield "\t".join((group.mrid or "-", names_text(group.names), str(len(group.end_devices)), *_rest(group)))


def groups_table(groups: Iterable[EndDeviceGroup]) -> Table:
    """The groups for a terminal."""
    table = Table("name", "mRID", "members", "functions", "version")
    table.columns[2].justify = "right"
    for group in groups:
        functions, version = _rest(group)
        members = str(len(group.end_devices))
        table.add_row(
            _cell(names_text(group.names)), _cell(group.mrid or "-"), members, functions.replace(",", " "), version
        )
    return table


def group_lines(group: EndDeviceGroup) -> Iterable[str]:
    """Everything about one group, a line for each fact."""
    functions, version = _rest(group)
    yield f"mRID: {group.mrid or '-'}"
    yield f"names: {names_text(group.names)}"
    yield f"description: {group.description or '-'}"
    yield f"functions: {functions}"
    yield f"version: {version}"
    for device in group.end_devices:
        yield f"member: {device_label(device)}"


def functions_text(function: DERFunction | None) -> str:
    """The functions that are there, by their names on the wire; a dash for none."""
    return ",".join(wire for wire, name in FUNCTION_FIELDS.items() if function and getattr(function, name)) or "-"


def _cell(text: str) -> str:
    return escape(visible(text))


def _rest(group: EndDeviceGroup) -> tuple[str, str]:
    return functions_text(group.der_function), _version_text(group.version)


def _told(event: Envelope) -> Iterator[str]:
    """What happened to what, in a few words for each."""
    yield from _content_told(event.payload.content if event.payload else None)
    for operation in _operations_of(event):
        for told in tuple(_content_told(operation.content)) or (operation.noun or "something",):
            yield f"{operation.verb or 'did something to'} {told}"


def _content_told(content: Content | RejectedObject | None) -> Iterable[str]:
    match content:
        case DERGroups(groups=groups):
            return map(_group_summary, groups)
        case DERGroupStatuses(statuses=statuses):
            return map(status_summary, _understood(statuses))
        case DERGroupForecasts(forecasts=forecasts):
            return map(forecast_summary, _understood(forecasts))
        case DERGroupDispatches(orders=orders):
            return map(dispatch_summary, _understood(orders))
        case EndDeviceEvents(events=events):
            return map(device_event_summary, _understood(events))
        case _:
            return ()


def _content_json(content: Content | RejectedObject | None) -> dict[str, object]:
    match content:
        case DERGroups(groups=groups):
            return {"groups": [group_json(group) for group in groups]}
        case DERGroupStatuses(statuses=statuses):
            return {"statuses": [status_json(status) for status in _understood(statuses)]}
        case DERGroupForecasts(forecasts=forecasts):
            return {"forecasts": [forecast_json(forecast) for forecast in _understood(forecasts)]}
        case DERGroupDispatches(orders=orders):
            return {"dispatches": [dispatch_json(order) for order in _understood(orders)]}
        case EndDeviceEvents(events=events):
            return {"deviceEvents": [device_event_json(told) for told in _understood(events)]}
        case _:
            return {}


def _understood(objects: Iterable[T | RejectedObject]) -> Iterator[T]:
    """*objects* but for those that nobody could act on."""
    for each in objects:
        if not isinstance(each, RejectedObject):
            yield each


def _operations_of(event: Envelope) -> tuple[Operation, ...]:
    payload = event.payload
    return payload.operation_set.operations if payload and payload.operation_set else ()


def _operation_json(operation: Operation) -> dict[str, object]:
    return stated(
        operationId=operation.operation_id,
        verb=operation.verb,
        noun=operation.noun,
        elementOperation=operation.element_operation,
        **_content_json(operation.content),
    )


def _group_summary(group: EndDeviceGroup) -> str:
    members = [device_label(device) for device in group.end_devices]
    return group_label(group) + (f" [{' '.join(members)}]" if members else "")


def _version_text(version: Version | None) -> str:
    if version is None:
        return "-"
    numbers = ["-" if number is None else str(number) for number in (version.major, version.minor, version.revision)]
    return ".".join(numbers).rstrip(".-") or "-"


def _object_text(object_id: ObjectID | None) -> str:
    return f"({object_id.object_type or 'object'} {object_id.value})" if object_id else ""


def _functions_json(function: DERFunction | None) -> dict[str, bool] | None:
    return {wire: getattr(function, name) for wire, name in FUNCTION_FIELDS.items()} if function else None


def _version_json(version: Version | None) -> dict[str, object] | None:
    if version is None:
        return None
    date = version.date.text if version.date else None
    return stated(date=date, major=version.major, minor=version.minor, revision=version.revision)


def _error_json(error: ErrorEntry) -> dict[str, object]:
    return stated(
        code=error.code,
        level=error.level and error.level.value,
        reason=error.reason,
        details=error.details,
        ID=error.object_id and error.object_id.value,
        relatedID=error.related_id and error.related_id.value,
        operationId=error.operation_id,
    )
