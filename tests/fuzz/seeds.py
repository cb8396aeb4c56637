"""The good messages that bad ones are made of: every noun, verb and form, the samples of the schemas, the documents."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests import builders as xml
from tests.builders import element, element_text

__all__ = ["ALL_FUNCTIONS", "NOW", "Seed", "ordered", "seeds"]

NOW = datetime(2024, 5, 1, 8, tzinfo=UTC)
"""The hour in which all of them are received."""

ALL_FUNCTIONS = (
    "connectDisconnect",
    "maxRealPowerLimiting",
    "rampRateControl",
    "reactivePowerDispatch",
    "realPowerDispatch",
    "voltageRegulation",
)
_TESTS = Path(__file__).parents[1]
_SAMPLES = _TESTS / "unit" / "profiles" / "samples"
_PAGES = _TESTS.parent / "docs" / "use-cases"
_EXAMPLE = re.compile(r"```xml\n(.*?)```", re.DOTALL)
_MESSAGE_ID = re.compile(rb"(<(?:\w+:)?MessageID>)m1(</)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """One good message.

    Attributes:
        name: unique; starts with where it is from.
        body: its bytes.
    """

    name: str
    body: bytes


@cache
def seeds() -> tuple[Seed, ...]:
    """All of them, always in the same order."""
    return (*_built(), *_samples(), *_documented())


def _samples() -> Iterator[Seed]:
    for path in sorted(_SAMPLES.rglob("*.xml")):
        yield Seed(name=f"sample/{path.parent.name}/{path.stem}", body=path.read_bytes())


def _documented() -> Iterator[Seed]:
    for page in sorted(_PAGES.glob("*.md")):
        for number, text in enumerate(_EXAMPLE.findall(page.read_text(encoding="utf-8")), start=1):
            if "Message" in text:
                yield Seed(name=f"document/{page.stem}/{number}", body=text.encode())


def _built() -> Iterator[Seed]:
    for number, (name, body) in enumerate(
        (*_groups(), *_orders(), *_controls(), *_told(), *_sets(), *_forms()), start=1
    ):
        yield Seed(name=f"built/{name}", body=_MESSAGE_ID.sub(rb"\g<1>seed-%d\g<2>" % number, body))


def _both(verb: str, noun: str, payload: str, name: str = "", **fields: object) -> Iterator[tuple[str, bytes]]:
    """A request or event as a generic and as a typed message."""
    is_event = verb.endswith("ed")
    root = "EventMessage" if is_event else "RequestMessage"
    if is_event:
        fields = {"source": "derms2", "ack_required": True, **fields}
    yield f"{verb}-{noun}{name}", xml.generic(verb, noun, root=root, payload=payload, **fields)
    typed = f"{verb.capitalize()}{noun}"
    yield f"{typed}{name}", xml.typed(typed, noun, verb, noun, payload=payload, **fields)


def _query(noun: str, query: str, request: str, name: str = "") -> Iterator[tuple[str, bytes]]:
    yield f"get-{noun}{name}", xml.generic("get", noun, request=request)
    yield f"{query}{name}", xml.typed(f"{query}RequestMessage", query, "get", noun, request=request)


NEW = xml.group(
    mrid="G-N", name="GN", functions=ALL_FUNCTIONS, members=("B-1", "B-4"), version="1.2.3", description="new"
)


def _groups() -> Iterator[tuple[str, bytes]]:
    yield from _both("create", "DERGroups", xml.der_groups(NEW, xml.group(name="only named", functions=())))
    yield from _both("change", "DERGroups", xml.der_groups(xml.group(mrid="G-A", name="GA2", members=("B-1", "B-3"))))
    yield from _both("delete", "DERGroups", xml.der_groups(xml.group(mrid="G-C"), xml.group(name="GB")))
    yield (
        "delete-by-id",
        xml.generic("delete", "DERGroups", payload='<ID kind="uuid" objectType="EndDeviceGroup">G-B</ID>'),
    )
    for verb in ("created", "changed", "deleted"):
        yield from _both(verb, "DERGroups", xml.der_groups(NEW))
    yield from _query("DERGroups", "DERGroupQueries", xml.der_group_queries(xml.group()))
    one = xml.der_group_queries(xml.group(mrid="G-A"), xml.group(name="GB"))
    yield from _query("DERGroups", "DERGroupQueries", one, "-some")


def ordered(
    mrid: str | None = "D-9", group: str = "G-A", values: tuple[object, ...] = (5, 6.5, -1), **options: object
) -> str:
    """A DERGroupDispatch of active power in an hour."""
    parameter = {each: options.pop(each) for each in ("kind", "direction", "multiplier", "unit_y") if each in options}
    if "unit_y" in parameter:
        parameter["unit"] = parameter.pop("unit_y")
    told = xml.parameter(xml.schedule(*values, **options), **parameter)  # type: ignore[arg-type]
    return xml.dispatch(told, mrid=mrid, group_mrid=group, name="an order")


def _orders() -> Iterator[tuple[str, bytes]]:
    now = ordered(start="2024-05-01T07:59:00Z", duration=1, unit="h")
    noun = "DERGroupDispatches"
    yield from _both("create", noun, xml.payload(noun, ordered(), ordered(mrid=None, group="G-C")))
    yield from _both("create", noun, xml.payload(noun, now), "-now")
    line = ordered(style="straightLineYValues", start="2024-05-01T10:00:00+02:00", direction="forward", unit="D")
    yield from _both("create", noun, xml.payload(noun, line), "-line")
    volts = ordered(values=(231,), kind="voltage", multiplier="none", unit_y="V")
    vars_ = ordered(values=("1.5E0",), kind="reactivePower", unit_y="VAr", mrid="D-8", start="2024-05-01T08:00:00Z")
    ramp = ordered(values=(50,), kind="increasingRampRate", multiplier="none", unit_y="WPers", mrid="D-7")
    yield from _both("create", noun, xml.payload(noun, volts, vars_, ramp), "-others")
    yield from _both("change", noun, xml.payload(noun, ordered("D-1", values=(1, 2), unit="M")))
    for verb in ("cancel", "close", "delete"):
        yield from _both(verb, noun, xml.payload(noun, xml.dispatch(mrid="D-1")))
    yield from _both("created", noun, xml.payload(noun, ordered()))
    yield from _query(noun, "DERGroupQueries", xml.der_group_queries(xml.group()), "-orders")


def _controls() -> Iterator[tuple[str, bytes]]:
    noun = "EndDeviceControls"
    interval = "<interval><end>2024-05-01T10:00:00Z</end><start>2024-05-01T09:00:00Z</start></interval>"
    parts = (
        element("EndDeviceGroups", mRID="G-A"),
        element("EndDevices", mRID="B-4"),
        f"<primaryDeviceTiming>{interval}</primaryDeviceTiming>",
    )
    yield from _both("create", noun, xml.payload(noun, xml.control("2.31.0.23", *parts[:2])))
    yield from _both("create", noun, xml.payload(noun, xml.control("2.31.0.18", parts[1])), "-connect")
    yield from _both("create", noun, xml.payload(noun, xml.control("2.31.0.23", *parts)), "-later")
    event = element(
        "EndDeviceEvent",
        "<Assets><mRID>B-1</mRID></Assets>",
        '<EndDeviceEventType ref="2.31.0.68"/>',
        "<status><dateTime>2024-05-01T08:00:00Z</dateTime><value>Online</value></status>",
        mRID="E-1",
        createdDateTime="2024-05-01T08:00:00Z",
    )
    yield from _both("created", "EndDeviceEvents", xml.payload("EndDeviceEvents", event))


def _told() -> Iterator[tuple[str, bytes]]:
    stamp = "2024-05-01T08:00:00Z"
    value = element("DERCurveData", nominalYValue="3.5", timeStamp=stamp)
    installed = element_text("yUnitInstalledMax", "20") + element_text("yUnitInstalledMin", "-20")
    told = xml.parameter(installed, value, direction="reverse")
    status = element("status", dateTime=stamp, remark="2 of 2", value="Online")
    noun = "DERGroupStatuses"
    group = element("EndDeviceGroup", told, xml.names("GX"), status, mRID="X-1")
    for verb in ("created", "changed"):
        yield from _both(verb, noun, xml.payload(noun, group))
    references = (xml.group(mrid="G-A"), xml.group(mrid="G-C"))
    yield from _query(noun, "DERGroupStatusQueries", xml.payload("DERGroupStatusQueries", *references))
    noun = "DERGroupForecasts"
    schedule = xml.schedule(1, 2, 3)
    expected = element("EndDeviceGroup", xml.parameter(schedule), xml.names("GX"), mRID="X-1")
    forecast = element("DERGroupForecast", expected, mRID="F-1", predictionCreationDate=stamp)
    yield from _both("created", noun, xml.payload(noun, forecast))
    asked = element(
        "DispatchSchedule",
        curveStyleKind="straightLineYValues",
        numberOfIntervals=4,
        startTime="2024-05-01T08:00:00Z",
        timeIntervalDuration=15,
        timeIntervalUnit="m",
    )
    parameter = element("DERMonitorableParameter", DERParameter="activePower", flowDirection="net")
    query = xml.payload("DERGroupForecastQueries", parameter, asked, element("EndDeviceGroup", mRID="G-A"))
    yield from _query(noun, "DERGroupForecastQueries", query)


def _sets() -> Iterator[tuple[str, bytes]]:
    operations = (
        xml.operation(1, xml.der_groups(xml.group(mrid="G-A", members=("B-2",)))),
        xml.operation(2, xml.der_groups(xml.group(mrid="G-A", members=("B-3",))), verb="create"),
        xml.operation(3, xml.der_groups(xml.group(mrid="G-B", name="GB2")), verb="change", element=False),
        xml.operation(4, xml.der_groups(xml.group(mrid="G-C")), element=False),
    )
    for name, options in (("", {}), ("-whole", {"integrity": True}), ("-in-order", {"sequence": True})):
        content = xml.operation_set(*operations, **options)
        yield f"execute-OperationSet{name}", xml.generic("execute", "OperationSet", payload=content)
        namespace = xml.wrapper_namespace("DERGroupsOperationSet")
        content = xml.operation_set(*operations, namespace=namespace, **options)
        body = xml.typed(
            "ExecuteDERGroupsOperationSet", "DERGroupsOperationSet", "execute", "OperationSet", payload=content
        )
        yield f"ExecuteDERGroupsOperationSet{name}", body


def _forms() -> Iterator[tuple[str, bytes]]:
    """Headers and payloads that only some messages have."""
    payload = xml.der_groups(NEW)
    packed = base64.b64encode(gzip.compress(payload.encode(), mtime=0)).decode()
    compressed = f"<Compressed>{packed}</Compressed><Format>XML</Format>"
    yield "compressed", xml.generic("create", "DERGroups", payload=compressed)
    whole = xml.generic(
        "create", "DERGroups", payload=payload, context="PRODUCTION", comment="a note", correlation_id="c1"
    )
    replay = b"<ReplayDetection><Nonce>n-1</Nonce><Created>2024-05-01T08:00:00Z</Created></ReplayDetection><Context>"
    user = b"<User><UserID>u</UserID><Organization>o</Organization></User><MessageID>"
    whole = whole.replace(b"<Context>", replay).replace(b"<MessageID>", user)
    whole = whole.replace(b"</Comment>", b"</Comment><Property><Name>p</Name><Value>v</Value></Property>")
    yield "whole-header", whole.replace(b"</Noun>", b"</Noun><Revision>1.0</Revision>")
    later = b"<AsyncReplyFlag>true</AsyncReplyFlag><ReplyAddress>cim.production.rep.dms1</ReplyAddress><AckRequired>"
    plain = xml.generic("create", "DERGroups", payload=payload, ack_required=True)
    yield "later", plain.replace(b"<AckRequired>", later)
    options = '<Option><name>dermsbus.nameplates</name><value>true</value></Option><ID kind="uuid">G-A</ID>'
    yield "get-with-options", xml.generic("get", "DERGroups", request=options + xml.der_group_queries(xml.group()))
    yield "message", plain.replace(b"RequestMessage", b"Message")
    yield (
        "reply",
        xml.generic("reply", "DERGroups", root="ResponseMessage").replace(
            b"</ResponseMessage>", b"<Reply><Result>OK</Result></Reply></ResponseMessage>"
        ),
    )
    yield (
        "fault",
        (
            f'<FaultMessage xmlns="{xml.MESSAGE}"><Reply><Result>FAILED</Result><Error><code>1.8</code>'
            "<level>FATAL</level><details>no</details></Error></Reply></FaultMessage>"
        ).encode(),
    )
