"""Groups, answers and events as JSON, as plain lines and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.markup import escape
from rich.table import Table

from dermsbus.cli.output import visible
from dermsbus.cli.status_views import status_json, status_summary
from dermsbus.client import Answer
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, Name, Version
from dermsbus.domain.quantities import GroupStatus
from dermsbus.errors import ObjectID
from dermsbus.messages.envelope import Content, DERGroups, DERGroupStatuses, Envelope, ErrorEntry, Operation
from dermsbus.reply_codes import code_order

__all__ = [
    "FUNCTION_FIELDS",
    "answer_json",
    "error_line",
    "event_json",
    "event_line",
    "failure_lines",
    "group_json",
    "group_label",
    "group_lines",
    "groups_table",
    "groups_text",
]

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


def group_label(group: EndDeviceGroup) -> str:
    """How a group is called in one word: by its first name, else its mRID."""
    return group.names[0].name if group.names else group.mrid or "(neither mRID nor name)"


def group_json(group: EndDeviceGroup) -> dict[str, object]:
    """The group under the names of its elements on the wire; what is absent is left out."""
    return _stated(
        mRID=group.mrid,
        description=group.description,
        DERFunction=_functions_json(group.der_function),
        EndDevices=[_stated(mRID=device.mrid, Names=_names_json(device.names)) for device in group.end_devices],
        Names=_names_json(group.names),
        version=_version_json(group.version),
    )


def answer_json(answer: Answer) -> dict[str, object]:
    """The whole outcome of a request."""
    header = answer.envelope.header
    return {
        "result": answer.result.value,
        "errors": [_error_json(error) for error in answer.errors],
        "groups": [group_json(group) for group in answer.groups],
    } | _stated(
        statuses=[status_json(status) for status in answer.statuses],
        messageID=header and header.message_id,
        correlationID=header and header.correlation_id,
    )


def event_json(event: Envelope) -> dict[str, object]:
    """An event's header, and the groups, operations or statuses that it tells of."""
    header = event.header
    assert header is not None
    return _stated(
        verb=header.verb.value,
        noun=header.noun,
        source=header.source,
        timestamp=header.timestamp and header.timestamp.text,
        messageID=header.message_id,
        correlationID=header.correlation_id,
        groups=[group_json(group) for group in _groups_of(event.payload.content if event.payload else None)],
        operations=[_operation_json(operation) for operation in _operations_of(event)],
        statuses=[status_json(status) for status in _statuses_of(event)],
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
    """``time source verb Noun groups``."""
    header = event.header
    assert header is not None
    when = header.timestamp.text if header.timestamp else "-"
    told = ", ".join(_told(event))
    return f"{when} {header.source or '-'} {header.verb} {header.noun}{f' {told}' if told else ''}"


def groups_text(groups: Iterable[EndDeviceGroup]) -> Iterable[str]:
    """One line for each group, tab-separated: mRID, names, number of members, functions, version."""
    for group in groups:
        yield "\t".join((group.mrid or "-", _names_text(group.names), str(len(group.end_devices)), *_rest(group)))


def groups_table(groups: Iterable[EndDeviceGroup]) -> Table:
    """The groups for a terminal."""
    table = Table("name", "mRID", "members", "functions", "version")
    table.columns[2].justify = "right"
    for group in groups:
        functions, version = _rest(group)
        members = str(len(group.end_devices))
        table.add_row(
            _cell(_names_text(group.names)), _cell(group.mrid or "-"), members, functions.replace(",", " "), version
        )
    return table


def group_lines(group: EndDeviceGroup) -> Iterable[str]:
    """Everything about one group, a line for each fact."""
    functions, version = _rest(group)
    yield f"mRID: {group.mrid or '-'}"
    yield f"names: {_names_text(group.names)}"
    yield f"description: {group.description or '-'}"
    yield f"functions: {functions}"
    yield f"version: {version}"
    for device in group.end_devices:
        yield f"member: {_device_text(device)}"


def _cell(text: str) -> str:
    return escape(visible(text))


def _rest(group: EndDeviceGroup) -> tuple[str, str]:
    function = group.der_function
    names = [wire for wire, name in FUNCTION_FIELDS.items() if function and getattr(function, name)]
    return ",".join(names) or "-", _version_text(group.version)


def _told(event: Envelope) -> Iterator[str]:
    """What happened to which group, in a few words for each."""
    for group in _groups_of(event.payload.content if event.payload else None):
        yield _group_summary(group)
    yield from map(status_summary, _statuses_of(event))
    for operation in _operations_of(event):
        for group in _groups_of(operation.content):
            yield f"{operation.verb or 'did something to'} {_group_summary(group)}"


def _statuses_of(event: Envelope) -> Iterator[GroupStatus]:
    content = event.payload.content if event.payload else None
    for status in content.statuses if isinstance(content, DERGroupStatuses) else ():
        if isinstance(status, GroupStatus):
            yield status


def _operations_of(event: Envelope) -> tuple[Operation, ...]:
    payload = event.payload
    return payload.operation_set.operations if payload and payload.operation_set else ()


def _operation_json(operation: Operation) -> dict[str, object]:
    return _stated(
        operationId=operation.operation_id,
        verb=operation.verb,
        noun=operation.noun,
        elementOperation=operation.element_operation,
        groups=[group_json(group) for group in _groups_of(operation.content)],
    )


def _groups_of(content: Content | None) -> tuple[EndDeviceGroup, ...]:
    return content.groups if isinstance(content, DERGroups) else ()


def _group_summary(group: EndDeviceGroup) -> str:
    members = [_device_text(device) for device in group.end_devices]
    return group_label(group) + (f" [{' '.join(members)}]" if members else "")


def _device_text(device: EndDevice) -> str:
    return device.mrid or _names_text(device.names)


def _names_text(names: tuple[Name, ...]) -> str:
    return ",".join(name.name for name in names) or "-"


def _version_text(version: Version | None) -> str:
    if version is None:
        return "-"
    numbers = ["-" if number is None else str(number) for number in (version.major, version.minor, version.revision)]
    return ".".join(numbers).rstrip(".-") or "-"


def _object_text(object_id: ObjectID | None) -> str:
    return f"({object_id.object_type or 'object'} {object_id.value})" if object_id else ""


def _stated(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, [], {})}


def _names_json(names: tuple[Name, ...]) -> list[dict[str, object]]:
    return [_stated(name=name.name, NameType=name.name_type and name.name_type.name) for name in names]


def _functions_json(function: DERFunction | None) -> dict[str, bool] | None:
    return {wire: getattr(function, name) for wire, name in FUNCTION_FIELDS.items()} if function else None


def _version_json(version: Version | None) -> dict[str, object] | None:
    if version is None:
        return None
    date = version.date.text if version.date else None
    return _stated(date=date, major=version.major, minor=version.minor, revision=version.revision)


def _error_json(error: ErrorEntry) -> dict[str, object]:
    return _stated(
        code=error.code,
        level=error.level and error.level.value,
        reason=error.reason,
        details=error.details,
        ID=error.object_id and error.object_id.value,
        relatedID=error.related_id and error.related_id.value,
        operationId=error.operation_id,
    )
