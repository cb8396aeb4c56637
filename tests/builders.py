"""Messages as peers write them: plain text, made without any of dermsbus's own writers."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

MESSAGE = "http://iec.ch/TC57/2011/schema/message"
FUNCTIONS = (
    "connectDisconnect",
    "frequencyWattCurveFunction",
    "maxRealPowerLimiting",
    "rampRateControl",
    "reactivePowerDispatch",
    "realPowerDispatch",
    "voltageRegulation",
    "voltVarCurveFunction",
    "voltWattCurveFunction",
)


def payload_namespace(noun: str) -> str:
    year = 2011 if noun.startswith("EndDevice") else 2017
    return f"http://iec.ch/TC57/{year}/{noun}#"


def wrapper_namespace(noun: str) -> str:
    return f"http://iec.ch/TC57/2017/{noun}Message"


def function(*true: str) -> str:
    flags = "".join(f"<{name}>{str(name in true).lower()}</{name}>" for name in FUNCTIONS)
    return f"<DERFunction>{flags}</DERFunction>"


def group(
    *,
    mrid: str | None = None,
    name: str | None = None,
    functions: Sequence[str] | None = None,
    members: Sequence[str] = (),
    version: str | None = None,
    description: str | None = None,
) -> str:
    """An EndDeviceGroup; *functions* None leaves DERFunction out, *version* is ``major.minor.revision``."""
    parts = [
        f"<mRID>{escape(mrid)}</mRID>" if mrid is not None else "",
        f"<description>{escape(description)}</description>" if description is not None else "",
        function(*functions) if functions is not None else "",
        *(f"<EndDevices><mRID>{escape(member)}</mRID></EndDevices>" for member in members),
        f"<Names><name>{escape(name)}</name></Names>" if name is not None else "",
        _version(version) if version else "",
    ]
    return f"<EndDeviceGroup>{''.join(parts)}</EndDeviceGroup>"


def _version(version: str) -> str:
    major, minor, revision = version.split(".")
    return (
        "<version><date>2024-05-01T08:00:00Z</date>"
        f"<major>{major}</major><minor>{minor}</minor><revision>{revision}</revision></version>"
    )


def der_groups(*groups: str) -> str:
    return f'<DERGroups xmlns="{payload_namespace("DERGroups")}">{"".join(groups)}</DERGroups>'


def der_group_queries(*groups: str) -> str:
    return f'<DERGroupQueries xmlns="{payload_namespace("DERGroupQueries")}">{"".join(groups)}</DERGroupQueries>'


def operation_set(*operations: str, sequence: bool = False, integrity: bool = False, namespace: str = MESSAGE) -> str:
    flags = ("<enforceMsgSequence>true</enforceMsgSequence>" if sequence else "") + (
        "<enforceTransactionalIntegrity>true</enforceTransactionalIntegrity>" if integrity else ""
    )
    return f'<o:OperationSet xmlns:o="{namespace}" xmlns="{MESSAGE}">{flags}{"".join(operations)}</o:OperationSet>'


def operation(
    operation_id: int, content: str, *, verb: str = "delete", noun: str = "DERGroups", element: bool = True
) -> str:
    return (
        f"<Operation><operationId>{operation_id}</operationId><noun>{noun}</noun><verb>{verb}</verb>"
        f"<elementOperation>{str(element).lower()}</elementOperation>{content}</Operation>"
    )


def header(
    verb: str,
    noun: str,
    *,
    message_id: str | None = "m1",
    correlation_id: str | None = None,
    source: str | None = "dms1",
    context: str | None = None,
    ack_required: bool = False,
    comment: str | None = None,
) -> str:
    """The children of a Header, in the message namespace."""
    fields = {
        "Verb": verb,
        "Noun": noun,
        "Context": context,
        "Timestamp": "2024-05-01T08:00:00Z",
        "Source": source,
        "AckRequired": "true" if ack_required else None,
        "MessageID": message_id,
        "CorrelationID": correlation_id,
        "Comment": comment,
    }
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items() if value is not None)


def generic(
    verb: str,
    noun: str,
    *,
    payload: str | None = None,
    request: str | None = None,
    root: str = "RequestMessage",
    namespace: str = MESSAGE,
    **fields: object,
) -> bytes:
    """A message with a generic root."""
    head = header(verb, noun, **fields)  # type: ignore[arg-type]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{namespace}"><Header>{head}</Header>'
        f"{_part('Request', request)}{_part('Payload', payload)}</{root}>"
    ).encode()


def typed(
    root: str,
    wrapper: str,
    verb: str,
    noun: str,
    *,
    payload: str | None = None,
    request: str | None = None,
    **fields: object,
) -> bytes:
    """A message with a typed root; its header's children stay in the message namespace."""
    head = header(verb, noun, **fields)  # type: ignore[arg-type]
    return (
        f'<w:{root} xmlns:w="{wrapper_namespace(wrapper)}" xmlns="{MESSAGE}"><w:Header>{head}</w:Header>'
        f"{_part('w:Request', request)}{_part('w:Payload', payload)}</w:{root}>"
    ).encode()


def _part(name: str, content: str | None) -> str:
    return "" if content is None else f"<{name}>{content}</{name}>"


# -- statuses, forecasts, dispatches, controls ---------------------------------------------------------------------


def element(name: str, /, *children: str, **texts: object) -> str:
    """An element with a child for each text that is not None, then *children*."""
    fields = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in texts.items() if value is not None)
    return f"<{name}>{fields}{''.join(children)}</{name}>"


def names(*texts: str) -> str:
    return "".join(element("Names", name=text) for text in texts)


def payload(noun: str, *objects: str) -> str:
    """The payload or query element of *noun*."""
    return f'<{noun} xmlns="{payload_namespace(noun)}">{"".join(objects)}</{noun}>'


def schedule(
    *values: object,
    style: str = "constantYValue",
    start: str = "2024-05-01T09:00:00Z",
    duration: object = 30,
    unit: str = "m",
    numbers: Sequence[int] = (),
) -> str:
    """A DispatchSchedule of nominal values, numbered from 1 unless *numbers* says otherwise."""
    numbered = zip(numbers or range(1, len(values) + 1), values, strict=True)
    data = [element("DERCurveData", intervalNumber=number, nominalYValue=value) for number, value in numbered]
    return element(
        "DispatchSchedule",
        *data,
        curveStyleKind=style,
        startTime=start,
        timeIntervalDuration=duration,
        timeIntervalUnit=unit,
    )


def parameter(
    *children: str,
    kind: str | None = "activePower",
    direction: str | None = None,
    multiplier: str | None = "k",
    unit: str | None = "W",
) -> str:
    """A DERMonitorableParameter."""
    return element(
        "DERMonitorableParameter",
        *children,
        DERParameter=kind,
        flowDirection=direction,
        yMultiplier=multiplier,
        yUnit=unit,
    )


def dispatch(
    monitorable: str = "",
    *,
    mrid: str | None = None,
    name: str | None = None,
    group_mrid: str | None = None,
    group_name: str | None = None,
) -> str:
    """A DERGroupDispatch; without *monitorable* and group it has no EndDeviceGroup."""
    group_names = names(group_name) if group_name else ""
    has_group = monitorable or group_mrid or group_name
    group_element = element("EndDeviceGroup", element_text("mRID", group_mrid), monitorable, group_names)
    parts = [
        element_text("mRID", mrid),
        group_element if has_group else "",
        names(name) if name else "",
    ]
    return element("DERGroupDispatch", *parts)


def control(ref: str | None, *parts: str, mrid: str | None = "X-1") -> str:
    """An EndDeviceControl; *parts* follow its type."""
    code = "" if ref is None else f' ref="{escape(ref)}"'
    return element("EndDeviceControl", element_text("mRID", mrid), f"<EndDeviceControlType{code}/>", *parts)


def element_text(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"
