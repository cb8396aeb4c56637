"""A second reading of messages, by other means: expat for XML, decimals for numbers, a calendar of its own for times.

What it makes of a message are facts: a value for each path. `tests.fuzz.facts` makes the same of what dermsbus read, and
where the two differ somebody has misread. It knows only what is accepted: what is wrong is not its business.
"""

from __future__ import annotations

import base64
import calendar
import gzip
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

__all__ = ["Facts", "parsed", "second_reading", "unpacked"]

Facts = dict[str, object]

_MESSAGE: Final = "{http://iec.ch/TC57/2011/schema/message}"
_TIME: Final = re.compile(
    r"(\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z)|([-+])(\d\d):(\d\d))?", re.ASCII
)
_FLOATS: Final = {"INF": "Infinity", "+INF": "Infinity", "-INF": "-Infinity", "NaN": "NaN"}
_TENS: Final = {
    "Y": 24,
    "Z": 21,
    "E": 18,
    "P": 15,
    "T": 12,
    "G": 9,
    "M": 6,
    "k": 3,
    "h": 2,
    "da": 1,
    "none": 0,
    "d": -1,
    "c": -2,
    "m": -3,
    "micro": -6,
    "n": -9,
    "p": -12,
    "f": -15,
    "a": -18,
    "z": -21,
    "y": -24,
}
_POWERS: Final = {"activePower", "apparentPower", "reactivePower"}
_OLDER: Final = re.compile(r"\{http://iec\.ch/TC57/2011/EndDevice\w+Message")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "D": 86_400}
_XML_SPACE: Final = " \t\r\n"
_CONTROLS: Final = {"18": "connect", "23": "disconnect", "5": "arm for closure", "6": "arm for open", "8": "cancel"}
_EVENTS: Final = {"42": "connected", "68": "disconnected", "67": "connect failed", "84": "disconnect failed"}


def parsed(body: bytes, *, is_text: bool = False) -> ET.Element:
    """The root of *body*, as expat has it, with messages about end devices of 2011 as if they were of 2017."""
    if is_text:  # decoded by the broker; some hand on what JMS calls UTF-8
        text = body.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")
        root = ET.fromstring(text.removeprefix("\ufeff"))
    else:
        root = ET.fromstring(body)
    namespace = root.tag.rpartition("}")[0]
    if _OLDER.fullmatch(namespace):
        newer = namespace.replace("/2011/", "/2017/")
        for each in root.iter():
            if each.tag.startswith((f"{namespace}}}", f"{newer}}}")):  # who mixes both is understood by nobody
                each.tag = each.tag.replace("/2011/", "/2017/") if namespace in each.tag else f"{{mixed}}{_local(each)}"
    return root


def second_reading(root: ET.Element) -> Facts:
    """The facts of a message that is valid."""
    facts: Facts = {}
    header = _child(root, "Header")
    if header is not None:
        facts |= _under("Header", _header(header))
    request, reply, payload = (_child(root, part) for part in ("Request", "Reply", "Payload"))
    if request is not None:
        facts |= _under("Request", _request(request, is_get=header is not None and _text(header, "Verb") == "get"))
    if reply is not None:
        facts |= _under("Reply", _reply(reply))
    if payload is not None:
        facts |= _under("Payload", _payload(payload, whole=_is_whole(root, header)))
    return {path: value for path, value in facts.items() if value is not None}


def _is_whole(root: ET.Element, header: ET.Element | None) -> bool:
    """True where orders have to be whole: what creates, and what reports."""
    verb = _text(header, "Verb") if header is not None else None
    return verb in {"create", "created", "get", "reply"} or _child(root, "Reply") is not None


# -- XML ---------------------------------------------------------------------------------------------------------------


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(parent: ET.Element, local: str) -> list[ET.Element]:
    """The children that are meant: what is in the standard's own namespace, or in that of the profile or wrapper."""
    own = parent.tag.rpartition("}")[0] + "}"
    is_open = _local(parent) in {"Header", "Reply"} or (_local(parent) == "Request" and "Queries" not in own)
    ways = {_MESSAGE} if is_open else {_MESSAGE, own}
    return [each for each in parent if _local(each) == local and each.tag[: -len(local)] in ways]


def _child(parent: ET.Element, local: str) -> ET.Element | None:
    return next(iter(_all(parent, local)), None)


def _text(parent: ET.Element | None, local: str) -> str | None:
    element = _child(parent, local) if parent is not None else None
    return None if element is None else element.text or ""


def _word(parent: ET.Element | None, local: str) -> str | None:
    """A text whose white space means nothing."""
    text = _text(parent, local)
    return None if text is None else text.strip(_XML_SPACE)


def _under(path: str, facts: Facts) -> Facts:
    return {f"{path}/{each}": value for each, value in facts.items()}


def _numbered(name: str, each: Iterator[Facts] | list[Facts]) -> Facts:
    facts: Facts = {}
    for number, one in enumerate(each):
        facts |= _under(f"{name}[{number}]", one)
        facts[f"{name}[{number}]"] = True
    return facts


def _objects(name: str, elements: list[ET.Element], read: Callable[[ET.Element], Facts]) -> Facts:
    """Each object by itself: what cannot be read of one, which may have been refused, says nothing of the others."""
    facts: Facts = {}
    for number, element in enumerate(elements):
        path = f"{name}[{number}]"
        try:
            facts |= {path: True, **_under(path, read(element))}
        except (ArithmeticError, AssertionError, KeyError, ValueError) as error:
            facts[path] = f"cannot be read: {error!r}"
    return facts


# -- values ------------------------------------------------------------------------------------------------------------


def _truth(parent: ET.Element, local: str) -> bool | None:
    word = _word(parent, local)
    if word == "" and local == "elementOperation":
        return False  # the schema's default, which an empty element takes
    return None if word is None else {"true": True, "1": True, "false": False, "0": False}[word]


def _whole_number(parent: ET.Element, local: str) -> int | None:
    word = _word(parent, local)
    return None if not word else int(Decimal(word))


def _time(text: str | None) -> datetime | None:
    """In the zone that it states, UTC where it states none; finer than microseconds is cut off."""
    if text is None:
        return None
    match = _TIME.fullmatch(text.strip(_XML_SPACE))
    assert match is not None, f"no time: {text!r}"
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction = int(((match[7] or "") + "000000")[:6])
    offset = timedelta(0)
    if match[9]:
        offset = timedelta(hours=int(match[10]), minutes=int(match[11])) * (-1 if match[9] == "-" else 1)
    start = datetime(year, month, day, tzinfo=timezone(offset))
    return start + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)


def _instant(parent: ET.Element | None, local: str) -> datetime | None:
    at = _time(_text(parent, local))
    return None if at is None else at.astimezone(UTC)


def _decimal(parent: ET.Element | None, local: str) -> Decimal | None:
    word = _word(parent, local)
    return None if word is None else Decimal(_FLOATS.get(word, word))


def _si(parameter: ET.Element, numbers: dict[str, Decimal | None], *, ordered: bool) -> dict[str, float | None]:
    """Numbers of a DERMonitorableParameter in SI units, power into the grid positive; *numbers* has min and max."""
    power = Decimal(10) ** _TENS[_word(parameter, "yMultiplier") or "none"]
    turned = {"forward"} if ordered else {"forward", "net"}
    turns = _word(parameter, "DERParameter") in _POWERS and _word(parameter, "flowDirection") in turned
    values = {
        name: None if number is None else number * (-power if turns else power) for name, number in numbers.items()
    }
    if turns and "minimum" in values:
        values["minimum"], values["maximum"] = values["maximum"], values["minimum"]
    return {name: None if value is None else float(value) + 0.0 for name, value in values.items()}


# -- the envelope ------------------------------------------------------------------------------------------------------


def _header(header: ET.Element) -> Facts:
    replay, user = _child(header, "ReplayDetection"), _child(header, "User")
    return {
        **{name: _text(header, name) for name in ("Verb", "Noun", "Revision", "Context", "Source", "ReplyAddress")},
        **{name: _text(header, name) for name in ("MessageID", "CorrelationID", "Comment")},
        "Timestamp": _instant(header, "Timestamp"),
        "AsyncReplyFlag": bool(_truth(header, "AsyncReplyFlag")),
        "AckRequired": bool(_truth(header, "AckRequired")),
        "Nonce": _text(replay, "Nonce"),
        "Created": _instant(replay, "Created"),
        "UserID": _text(user, "UserID"),
        "Organization": _text(user, "Organization"),
        **_numbered("Property", [_pair(each, "Name", "Value") for each in _all(header, "Property")]),
    }


def _pair(element: ET.Element, name: str, value: str) -> Facts:
    return {"name": _text(element, name), "value": _text(element, value)}


def _request(request: ET.Element, *, is_get: bool) -> Facts:
    queries = [each for each in request if each.tag.endswith("Queries") and "/TC57/2017/" in each.tag] if is_get else []
    return {
        "StartTime": _instant(request, "StartTime"),
        "EndTime": _instant(request, "EndTime"),
        **_numbered("Option", [_pair(each, "name", "value") for each in _all(request, "Option")]),
        **_ids(request, "ID"),
        **(_content(queries[0], whole=True) if queries else {}),
    }


def _ids(parent: ET.Element, local: str) -> Facts:
    return _numbered(
        local,
        [
            {"value": each.text or "", "kind": each.get("kind"), "type": each.get("objectType")}
            for each in _all(parent, local)
        ],
    )


def _reply(reply: ET.Element) -> Facts:
    errors: list[Facts] = [
        {
            **{name: _text(each, name) for name in ("code", "reason", "details")},
            "level": _word(each, "level") or None,
            "operationId": _whole_number(each, "operationId"),
            **_ids(each, "ID"),
            **_ids(each, "relatedID"),
        }
        for each in _all(reply, "Error")
    ]
    return {
        "Result": _word(reply, "Result"),
        "operationId": _whole_number(reply, "operationId"),
        **_numbered("Error", errors),
        **_ids(reply, "ID"),
    }


def unpacked(payload: ET.Element) -> ET.Element | None:
    """The root of what is compressed in a payload; None where nothing is."""
    packed = _text(payload, "Compressed")
    return None if packed is None else ET.fromstring(gzip.decompress(base64.b64decode(packed)))


def _payload(payload: ET.Element, *, whole: bool) -> Facts:
    inside, operations = unpacked(payload), _child(payload, "OperationSet")
    if inside is not None:
        return _content(inside, whole=whole)
    if operations is not None:
        return _operation_set(operations)
    content = next((each for each in payload if not each.tag.startswith(_MESSAGE)), None)
    return _ids(payload, "ID") if content is None else _content(content, whole=whole)


def _operation_set(element: ET.Element) -> Facts:
    return {
        "enforceMsgSequence": bool(_truth(element, "enforceMsgSequence")),
        "enforceTransactionalIntegrity": bool(_truth(element, "enforceTransactionalIntegrity")),
        **_objects("Operation", _all(element, "Operation"), _operation),
    }


def _operation(element: ET.Element) -> Facts:
    content = next((each for each in element if not each.tag.startswith(_MESSAGE)), None)
    return {
        "operationId": _whole_number(element, "operationId"),
        "noun": _text(element, "noun"),
        "verb": _text(element, "verb"),
        "elementOperation": bool(_truth(element, "elementOperation")),
        **(_content(content, whole=False) if content is not None else {}),
    }


# -- profiles ----------------------------------------------------------------------------------------------------------


def _content(element: ET.Element, *, whole: bool) -> Facts:
    root = _local(element)
    year = 2011 if root.startswith("EndDevice") else 2017
    match root if element.tag == f"{{http://iec.ch/TC57/{year}/{root}#}}{root}" else "":
        case "DERGroups":
            facts = _objects("group", _all(element, "EndDeviceGroup"), _group)
        case "DERGroupQueries" | "DERGroupStatusQueries":
            facts = _objects("reference", _all(element, "EndDeviceGroup"), _identity)
        case "DERGroupStatuses":
            facts = _objects("status", _all(element, "EndDeviceGroup"), _status)
        case "DERGroupForecasts":
            facts = _objects("forecast", _all(element, "DERGroupForecast"), _forecast)
        case "DERGroupForecastQueries":
            facts = _forecast_query(element)
        case "DERGroupDispatches":
            facts = _objects("order", _all(element, "DERGroupDispatch"), lambda each: _order(each, whole=whole))
        case "EndDeviceControls":
            facts = _objects("control", _all(element, "EndDeviceControl"), _control)
        case "EndDeviceEvents":
            facts = _objects("event", _all(element, "EndDeviceEvent"), _event)
        case _:
            facts = {}
    return _under(root, facts)


def _identity(element: ET.Element) -> Facts:
    return {"mRID": _text(element, "mRID"), **_names(element)}


def _names(element: ET.Element) -> Facts:
    return _numbered("name", [_name(each) for each in _all(element, "Names")])


def _name(element: ET.Element) -> Facts:
    kind = _child(element, "NameType")
    authority = _child(kind, "NameTypeAuthority") if kind is not None else None
    return {
        "text": _text(element, "name"),
        "type": _text(kind, "name"),
        "type description": _text(kind, "description"),
        "authority": _text(authority, "name"),
        "authority description": _text(authority, "description"),
    }


def _stated(element: ET.Element | None, *, names_of: ET.Element | None = None) -> Facts:
    """An identity without what is blank: that says nothing."""
    mrid = _text(element, "mRID")
    named = element if names_of is None else names_of
    texts = [] if named is None else [_name(each) for each in _all(named, "Names")]
    stated = [each for each in texts if str(each["text"] or "").strip()]
    return {"mRID": mrid if mrid and mrid.strip() else None, **_numbered("name", stated)}


def _group(element: ET.Element) -> Facts:
    function, version = _child(element, "DERFunction"), _child(element, "version")
    facts = {**_identity(element), "description": _text(element, "description")}
    if function is not None:
        facts |= {f"DERFunction/{_local(each)}": _truth(function, _local(each)) for each in function}
    if version is not None:
        facts |= {"date": _instant(version, "date")}
        facts |= {each: _whole_number(version, each) for each in ("major", "minor", "revision")}
    return facts | _numbered("member", [_identity(each) for each in _all(element, "EndDevices")])


def _status(element: ET.Element) -> Facts:
    status = _child(element, "status")
    told = [_parameter_status(each, _instant(status, "dateTime")) for each in _all(element, "DERMonitorableParameter")]
    at = _instant(status, "dateTime") or max((each["at"] for each in told if each["at"]), default=None)  # type: ignore[type-var]
    return {
        **_stated(element),
        "at": at,
        "value": _text(status, "value") or "",
        "remark": _text(status, "remark") or "",
        **_numbered("parameter", told),
    }


def _parameter_status(parameter: ET.Element, group_at: datetime | None) -> Facts:
    data = _child(parameter, "DERCurveData")
    now = {
        name: _decimal(data, wire)
        for name, wire in (("value", "nominalYValue"), ("minimum", "minYValue"), ("maximum", "maxYValue"))
    }
    return {
        "kind": _word(parameter, "DERParameter"),
        "at": _instant(data, "timeStamp") or group_at,
        **_si(parameter, now, ordered=False),
        **_installed(parameter),
    }


def _installed(parameter: ET.Element) -> Facts:
    bounds = {"minimum": _decimal(parameter, "yUnitInstalledMin"), "maximum": _decimal(parameter, "yUnitInstalledMax")}
    return {f"installed {name}": value for name, value in _si(parameter, bounds, ordered=False).items()}


def _curve(schedule: ET.Element, parameter: ET.Element, *, ordered: bool) -> Facts:
    told = _all(schedule, "DERCurveData")
    numbers = [_whole_number(each, "intervalNumber") or 0 for each in told]
    if len(set(numbers)) == len(numbers):
        told = [each for _, each in sorted(zip(numbers, told, strict=True), key=lambda pair: pair[0])]
    is_line = _word(schedule, "curveStyleKind") == "straightLineYValues"
    count = len(told) - 1 if is_line and len(told) > 1 else len(told)
    start, length = _time(_text(schedule, "startTime")), _whole_number(schedule, "timeIntervalDuration")
    unit = _word(schedule, "timeIntervalUnit") or ""
    assert start is not None
    assert length is not None
    marks = [_later(start, length * number, unit) for number in range(count + 1)]
    names = (("nominal", "nominalYValue"), ("minimum", "minYValue"), ("maximum", "maxYValue"))
    points: list[Facts] = []
    for at, each in zip(marks, told, strict=False):
        values = {name: _decimal(each, wire) for name, wire in (names[:1] if ordered else names)}
        points.append({"at": at, **_si(parameter, values, ordered=ordered)})
    return {
        "style": _word(schedule, "curveStyleKind"),
        "ends": marks[-1],
        "interval": length,
        "unit": unit,
        **_numbered("point", points),
    }


def _later(start: datetime, count: int, unit: str) -> datetime:
    """*count* units after *start*: months by the calendar of its zone, all else by the clock."""
    if unit in _SECONDS:
        return start.astimezone(UTC) + timedelta(seconds=count * _SECONDS[unit])
    month = start.year * 12 + start.month - 1 + count * (12 if unit == "Y" else 1)
    year, month = month // 12, month % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day).astimezone(UTC)


def _curves(parameter: ET.Element, *, ordered: bool) -> Facts:
    schedules = _all(parameter, "DispatchSchedule")
    return _numbered("curve", [_curve(each, parameter, ordered=ordered) for each in schedules])


def _forecast(element: ET.Element) -> Facts:
    group = _child(element, "EndDeviceGroup")
    parameters = _all(group, "DERMonitorableParameter") if group is not None else []
    sure = [_decimal(each, "confidence") for parameter in parameters for each in _all(parameter, "DispatchSchedule")]
    stated = _stated(group) if group is not None else {}
    if not any(stated.values()):  # some peers name the group at the forecast
        stated = _stated(None, names_of=element)
    confidence = min((each for each in sure if each is not None), default=None)
    return {
        "mRID": _text(element, "mRID") or "",
        **_under("group", stated),
        "created": _instant(element, "predictionCreationDate"),
        "confidence": None if confidence is None else float(confidence),
        **_numbered("parameter", [_parameter_forecast(each) for each in parameters]),
    }


def _parameter_forecast(parameter: ET.Element) -> Facts:
    return {"kind": _word(parameter, "DERParameter"), **_installed(parameter), **_curves(parameter, ordered=False)}


def _forecast_query(element: ET.Element) -> Facts:
    kinds = dict.fromkeys(_word(each, "DERParameter") for each in _all(element, "DERMonitorableParameter"))
    return {
        **_numbered("parameter", [{"kind": kind} for kind in kinds]),
        **_objects("schedule", _all(element, "DispatchSchedule"), _schedule_request),
        **_numbered("reference", [_identity(each) for each in _all(element, "EndDeviceGroup")]),
    }


def _schedule_request(schedule: ET.Element) -> Facts:
    at = _time(_text(schedule, "startTime"))
    assert at is not None
    return {
        "style": _word(schedule, "curveStyleKind"),
        "intervals": _whole_number(schedule, "numberOfIntervals"),
        "starts": at.astimezone(UTC),
        "offset": at.utcoffset(),
        "interval": _whole_number(schedule, "timeIntervalDuration"),
        "unit": _word(schedule, "timeIntervalUnit"),
    }


def _order(element: ET.Element, *, whole: bool) -> Facts:
    group = _child(element, "EndDeviceGroup")
    parameter = _child(group, "DERMonitorableParameter") if group is not None else None
    own, of_group = _stated(element), _stated(group) if group is not None else {}
    if whole and not any(of_group.values()):  # some peers name the group at the order
        names = {path: value for path, value in own.items() if path.startswith("name")}
        own, of_group = {"mRID": own["mRID"]}, names
    return {
        **own,
        **_under("group", of_group),
        "kind": _word(parameter, "DERParameter"),
        **(_curves(parameter, ordered=True) if parameter is not None else {}),
    }


def _coded(element: ET.Element, local: str, kinds: dict[str, str]) -> Facts:
    kind = _child(element, local)
    assert kind is not None
    device_type, _, _, number = (kind.get("ref") or "").strip().split(".")
    return {"kind": kinds[str(int(number))], "device type": int(device_type)}


def _told(element: ET.Element) -> Facts:
    return {name: _text(element, name) for name in ("mRID", "reason", "issuerID", "issuerTrackingID")}


def _control(element: ET.Element) -> Facts:
    timing = _child(element, "primaryDeviceTiming")
    interval = _child(timing, "interval") if timing is not None else None
    start, end, minutes = _instant(interval, "start"), _instant(interval, "end"), _decimal(timing, "duration")
    length = None if minutes is None else round(float(minutes * 60), 3)
    if end is not None and start is not None:
        length = (end - start).total_seconds()
    return {
        **_told(element),
        **_coded(element, "EndDeviceControlType", _CONTROLS),
        "starts": start,
        "length": length,
        **_numbered("group", [_stated(each) for each in _all(element, "EndDeviceGroups")]),
        **_numbered("device", [_identity(each) for each in _all(element, "EndDevices")]),
    }


def _event(element: ET.Element) -> Facts:
    status, assets = _child(element, "status"), _child(element, "Assets")
    assert assets is not None
    return {
        **_told(element),
        **_coded(element, "EndDeviceEventType", _EVENTS),
        "created": _instant(element, "createdDateTime"),
        **_names(element),
        **_under("device", _identity(assets)),
        **_under("status", {name: _text(status, name) for name in ("value", "reason", "remark")}),
        "status/at": _instant(status, "dateTime"),
    }
