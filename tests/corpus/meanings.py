"""Rows about what a well-formed message says: its schema, the values in it, and the state of the DERMS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests import builders as xml
from tests.corpus.rows import (
    Answer,
    Row,
    State,
    bad,
    changed,
    control,
    dispatch,
    event,
    groups,
    hours,
    legal,
    operations,
    order,
)

__all__ = ["curve_rows", "group_rows", "number_rows", "operation_rows", "report_rows", "schema_rows", "time_rows"]

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
NEW = xml.group(mrid="G-N", name="GN", functions=("realPowerDispatch",), members=("B-1",), version="1.0.0")
CREATE = groups("create", NEW, comment="note")
DISPATCH = dispatch(order())
CONTROL = control("<EndDevices><mRID>B-1</mRID></EndDevices>")
DATA = "<DERCurveData>"


def schema_rows() -> Iterator[Row]:
    """What the envelope's schema or a profile's does not allow."""
    fault = Answer.FAULT
    yield bad(
        "E1",
        "another edition of the envelope",
        changed(CREATE, "TC57/2011/schema", "TC57/2021/schema"),
        "1.9",
        "EDITION",
        answer=fault,
    )
    yield bad(
        "E2",
        "another year of the payload",
        changed(CREATE, "2017/DERGroups#", "2016/DERGroups#"),
        "1.8",
        "NOUN-MISMATCH",
    )
    yield bad(
        "E3",
        "a payload without namespace",
        changed(CREATE, 'xmlns="http://iec.ch/TC57/2017/DERGroups#"', 'xmlns=""'),
        "1.8",
        "PAYLOAD-NAMESPACE",
    )
    yield bad(
        "E4", "another root", CREATE.replace(b"RequestMessage", b"RequestMassage"), "1.9", "EDITION", answer=fault
    )
    yield bad(
        "E5", "a curve point without its value", changed(DISPATCH, "<nominalYValue>5</nominalYValue>", ""), "1.8", "XSD"
    )
    yield bad("E6", "an order without its group", changed(DISPATCH, "<mRID>G-A</mRID>", ""), "5.8")
    yield bad(
        "E7",
        "two values in one point",
        changed(DISPATCH, "<nominalYValue>5", "<nominalYValue>4</nominalYValue><nominalYValue>5"),
        "1.8",
        "XSD",
    )
    yield bad(
        "E8",
        "two groups in one order",
        dispatch(
            order().replace("</EndDeviceGroup>", "</EndDeviceGroup><EndDeviceGroup><mRID>G-A</mRID></EndDeviceGroup>")
        ),
        "1.8",
        "XSD",
    )
    yield bad(
        "E9",
        "elements in the wrong order",
        changed(CREATE, "<mRID>G-N</mRID>", "").replace(b"</EndDeviceGroup>", b"<mRID>G-N</mRID></EndDeviceGroup>"),
        "1.8",
        "XSD",
    )
    yield bad(
        "E10", "a multiplier that does not exist", changed(DISPATCH, "<yMultiplier>k", "<yMultiplier>K"), "1.8", "XSD"
    )
    yield bad("E11", "a verb that does not exist", changed(CREATE, ">create<", ">update<"), "1.8", "VERB")
    yield bad("E12", "a verb in capitals", changed(CREATE, ">create<", ">Create<"), "1.8", "VERB")
    yield legal("E12t", "a verb in capitals, tolerated", changed(CREATE, ">create<", ">Create<"), state=State.TOLERANT)
    yield bad(
        "E13", "white space around a multiplier", changed(DISPATCH, "<yMultiplier>k", "<yMultiplier> k "), "1.8", "XSD"
    )
    yield bad("E14", "an element that nobody knows", changed(CREATE, "<mRID>G-N", "<evil/><mRID>G-N"), "1.8", "XSD")
    yield bad("E15", "an attribute that nobody knows", changed(CREATE, "<mRID>G-N", '<mRID evil="1">G-N'), "1.8", "XSD")
    yield legal("E16", "an mRID that is no UUID", CREATE)
    yield bad("E18", "a letter for a number", changed(DISPATCH, ">5<", ">abc<"), "1.8", "XSD")
    yield bad("E19", "a comma in a number", changed(DISPATCH, ">5<", ">2,5<"), "1.8", "XSD")
    yield bad("E20", "a number as Python writes it", changed(DISPATCH, ">5<", ">1_000<"), "1.8", "XSD")
    yield bad("E21", "infinity as Python writes it", changed(DISPATCH, ">5<", ">infinity<"), "1.8", "XSD")
    yield bad("E22", "no number", changed(DISPATCH, ">5<", "><"), "1.8", "XSD")
    yield bad("E23", "a hexadecimal number", changed(DISPATCH, ">5<", ">0x1p3<"), "1.8", "XSD")
    yield bad("E24", "Arabic digits", changed(DISPATCH, ">5<", ">\u0662\u0665<"), "1.8", "XSD")
    yield bad("E25", "an integer as Python writes it", changed(DISPATCH, "Duration>30<", "Duration>3_0<"), "1.8", "XSD")
    yield bad("E26", "a truth in capitals", changed(CREATE, ">true<", ">TRUE<"), "1.8", "XSD")
    yield bad("E27", "no order at all", dispatch(), "1.8", "XSD")
    hint = f'<Header {XSI} xsi:schemaLocation="http://127.0.0.1:9/x http://127.0.0.1:9/x.xsd">'
    yield legal("E28", "a hint at a schema elsewhere", changed(CREATE, "<Header>", hint))
    yield bad(
        "E29",
        "xsi:type",
        changed(DISPATCH, "<nominalYValue>", f'<nominalYValue {XSI} xsi:type="string">'),
        "1.8",
        "XSI",
        answer=fault,
    )
    yield bad(
        "E30",
        "xsi:nil",
        changed(DISPATCH, "<nominalYValue>5", f'<nominalYValue {XSI} xsi:nil="true">'),
        "1.8",
        "XSI",
        answer=fault,
    )
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    yield bad("E31", "XInclude of a file", changed(CREATE, "note", include), "1.8", "XINCLUDE", answer=fault)
    hidden = include.replace("2001/XInclude", "2001/X&#73;nclude")
    yield bad(
        "E31a",
        "XInclude, its namespace spelled with references",
        changed(CREATE, "note", hidden),
        "1.8",
        "XINCLUDE",
        answer=fault,
    )
    sheet = b'<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>'
    yield bad("E32", "a style sheet", sheet + CREATE.partition(b"\n")[2], "1.8", "PI", answer=fault)
    yield bad(
        "E33",
        "a processing instruction inside a value",
        changed(DISPATCH, ">5<", ">5<?p?>00<"),
        "1.8",
        "PI",
        answer=fault,
    )
    yield bad("E33a", "a processing instruction behind the message", CREATE + b"<?p?>", "1.8", "PI", answer=fault)
    yield bad(
        "E34", "a comment inside a value", changed(DISPATCH, ">5<", ">5<!-- -->00<"), "1.8", "COMMENT", answer=fault
    )
    yield bad(
        "E35", "a comment inside an mRID", changed(CREATE, ">G-N<", ">G-<!---->N<"), "1.8", "COMMENT", answer=fault
    )
    user = "<User><UserID>admin<!---->.evil</UserID></User>"
    yield bad(
        "E36",
        "a comment inside a user's name",
        changed(CREATE, "<MessageID>", f"{user}<MessageID>"),
        "1.8",
        "COMMENT",
        answer=fault,
    )
    yield legal("E37", "a value in CDATA", changed(DISPATCH, ">5<", "><![CDATA[5]]><"))
    yield bad(
        "E38",
        "two payloads",
        changed(CREATE, "</DERGroups>", f"</DERGroups>{xml.der_groups(NEW)}"),
        "1.8",
        "PAYLOAD-COUNT",
    )
    yield bad("E39", "text between elements", changed(CREATE, "<mRID>G-N", "evil<mRID>G-N"), "1.8", "XSD")
    yield bad(
        "E40",
        "a function of the group left out",
        changed(CREATE, "<rampRateControl>false</rampRateControl>", ""),
        "1.8",
        "XSD",
    )
    yield bad(
        "E41", "a parameter that does not exist", changed(DISPATCH, ">activePower<", ">ActivePower<"), "1.8", "XSD"
    )
    yield bad(
        "E42", "a style of curves that does not exist", changed(DISPATCH, "constantYValue", "formula"), "1.8", "XSD"
    )
    yield bad("E43", "a unit of time that does not exist", changed(DISPATCH, "Unit>m<", "Unit>min<"), "1.8", "XSD")
    yield bad(
        "E44",
        "a control without its type",
        changed(CONTROL, '<EndDeviceControlType ref="2.31.0.23"/>', ""),
        "1.8",
        "XSD",
    )
    yield bad(
        "E45",
        "a payload of another noun",
        xml.generic("create", "DERGroupDispatches", payload=xml.der_groups(NEW), message_id="good"),
        "1.8",
        "NOUN-MISMATCH",
    )
    yield legal("E46", "prefixes for everything", _prefixed(CREATE))
    yield legal("E47", "white space around a time", changed(DISPATCH, f">{hours(1)}<", f">\n {hours(1)}\t<"))
    yield legal("E48", "seven digits of a second", changed(DISPATCH, f">{hours(1)}<", f">{hours(1)[:-1]}.1234567Z<"))
    yield legal(
        "E49",
        "an empty description, and no members",
        groups("create", xml.group(mrid="G-N", functions=(), description="", version="1.0.0")),
    )
    yield bad(
        "E50", "a get without its query", xml.generic("get", "DERGroups", message_id="good"), "1.6", "EMPTY-REQUEST"
    )
    yield bad(
        "E51",
        "the query of another noun",
        xml.generic("get", "DERGroupStatuses", request=xml.der_group_queries(xml.group(name="GA")), message_id="good"),
        "1.8",
        "NOUN-MISMATCH",
    )
    yield bad(
        "E52", "more than 64 bits of a version", changed(CREATE, "<major>1<", f"<major>{2**63}<"), "1.8", "INTRANGE"
    )
    yield bad(
        "E53", "a version with 10 000 digits", changed(CREATE, "<major>1<", f"<major>{'9' * 10_000}<"), "1.8", "BIND"
    )


def _prefixed(body: bytes) -> bytes:
    """The same message with a prefix for each namespace."""
    text = body.decode().replace(f'xmlns="{xml.MESSAGE}"', f'xmlns:a="{xml.MESSAGE}"')
    text = text.replace("<DERGroups xmlns=", "<b:DERGroups xmlns:b=").replace("</DERGroups>", "</b:DERGroups>")
    start, end = text.index("<EndDeviceGroup>"), text.index("</b:DERGroups>")
    head, inner, tail = text[:start], text[start:end], text[end:]
    inner = inner.replace("</", "\0").replace("<", "<b:").replace("\0", "</b:")
    for name in ("RequestMessage", "Header", "Verb", "Noun", "Timestamp", "Source", "MessageID", "Comment", "Payload"):
        head = (
            head.replace(f"<{name}>", f"<a:{name}>")
            .replace(f"<{name} ", f"<a:{name} ")
            .replace(f"</{name}>", f"</a:{name}>")
        )
        tail = tail.replace(f"</{name}>", f"</a:{name}>")
    return (head + inner + tail).replace("<a:MessageID>good</a:MessageID>", "<a:MessageID>E46</a:MessageID>").encode()


def number_rows() -> Iterator[Row]:
    """Numbers that nobody can act on, or that the devices cannot follow."""

    def power(value: str, **parameter: Any) -> bytes:
        return dispatch(order(xml.schedule(value, start=hours(1)), **parameter))

    yield bad("F1", "NaN", power("NaN"), "6.1")
    yield bad("F2", "infinity", power("INF"), "6.1")
    yield bad("F3", "minus infinity", power("-INF"), "6.1")
    yield bad("F4", "1e308 k", power("1e308"), "6.1")
    yield bad("F5", "M for k", power("5", multiplier="M"), "6.1")
    yield bad("F6", "far below what is installed", power("-5000"), "6.1")
    yield legal("F7", "minus zero", power("-0.0"))
    yield legal("F7a", "a number so small that it is nearly none", power("1e-320"))
    yield legal("F7b", "exactly what is installed", power("20"))
    yield bad("F7c", "a watt more than is installed", power("20.001"), "6.1")
    yield bad("F8", "2^63 intervals", changed(DISPATCH, "Duration>30<", f"Duration>{2**63}<"), "6.1")
    yield bad(
        "F9",
        "10 000 digits of an interval",
        changed(DISPATCH, "Duration>30<", f"Duration>{'9' * 10_000}<"),
        "1.8",
        "BIND",
    )
    yield bad("F10", "a negative interval", changed(DISPATCH, "Duration>30<", "Duration>-30<"), "6.1")
    yield bad("F11", "an interval of nothing", changed(DISPATCH, "Duration>30<", "Duration>0<"), "6.1")
    yield bad(
        "F12",
        "a month, longer than an order may last",
        changed(DISPATCH, "Unit>m<", "Unit>M<").replace(b"Duration>30<", b"Duration>1<"),
        "6.1",
    )
    yield bad(
        "F13",
        "9 999 999 years",
        changed(DISPATCH, "Unit>m<", "Unit>Y<").replace(b"Duration>30<", b"Duration>9999999<"),
        "6.1",
    )
    yield bad("F13a", "a unit of the power that is none", power("5", unit="VAr"), "6.1")
    yield bad("F13b", "no unit", power("5", unit=None), "1.8", "XSD")
    yield bad("F13c", "no multiplier", power("5", multiplier=None), "1.8", "XSD")
    yield bad("F13d", "no parameter", power("5", kind=None), "1.8", "XSD")
    yield bad("F13e", "watts for a voltage", power("230", kind="voltage", multiplier="none"), "6.1")
    yield bad("F13f", "a voltage of nothing", power("0", kind="voltage", unit="V", multiplier="none"), "6.1")
    yield bad("F13g", "less than no apparent power", power("-1", kind="apparentPower", unit="VA"), "6.1")
    yield bad("F13h", "a power that the group has no function for", dispatch(order(group="G-B")), "6.1")
    yield bad(
        "F13i",
        "ramp rates that the group has no function for",
        power("5", kind="increasingRampRate", unit="WPers"),
        "6.1",
    )
    for number, direction in enumerate(
        ("net", "lagging", "leading", "total", "totalByPhase", "q1plusQ2", "q1minusQ4", "none"), start=1
    ):
        what = f"flowDirection {direction}, which has no clear sign"
        yield bad(f"F14.{number}", what, power("5", direction=direction), "6.1")
    yield legal("F14.10", "flowDirection forward", power("5", direction="forward"))
    yield legal("F14.11", "flowDirection reverse", power("5", direction="reverse"))
    yield bad("F14.12", "flowDirection in capitals", power("5", direction="Forward"), "1.8", "XSD")
    yield bad(
        "F15.1",
        "an operationId below nothing",
        operations(xml.operation(-(2**70), xml.der_groups(xml.group(name="GA")))),
        "1.8",
        "INTRANGE",
    )
    yield bad(
        "F15.2",
        "NaN minutes of a control",
        control(
            "<EndDevices><mRID>B-1</mRID></EndDevices>",
            "<primaryDeviceTiming><duration>NaN</duration></primaryDeviceTiming>",
        ),
        "6.1",
    )
    yield bad(
        "F15.3",
        "less than no minutes of a control",
        control(
            "<EndDevices><mRID>B-1</mRID></EndDevices>",
            "<primaryDeviceTiming><duration>-5</duration></primaryDeviceTiming>",
        ),
        "6.1",
    )
    yield bad(
        "F15.4",
        "1e38 minutes of a control",
        control(
            "<EndDevices><mRID>B-1</mRID></EndDevices>",
            "<primaryDeviceTiming><duration>1e38</duration></primaryDeviceTiming>",
        ),
        "6.1",
    )


def time_rows() -> Iterator[Row]:
    """Times that are none, or that no order can have."""

    def at(start: str) -> bytes:
        return dispatch(order(xml.schedule(5, start=start)))

    def stamp(text: str) -> bytes:
        return changed(CREATE, ">2024-05-01T08:00:00Z<", f">{text}<")

    yield bad("T1", "the year 9999", at("9999-12-31T23:00:00Z"), "5.8")
    yield bad("T2", "the year 1", at("0001-01-01T00:00:00Z"), "6.1")
    yield bad("T3", "44 before Christ", at("-0044-03-15T00:00:00Z"), "6.1")
    yield bad("T4", "the year 10000", at("10000-01-01T00:00:00Z"), "6.1")
    yield bad("T5", "the last instant of the year 9999, in a zone west of here", at("9999-12-31T23:59:59-14:00"), "6.1")
    yield bad("T6", "a header of the year 10000", stamp("10000-01-01T00:00:00Z"), "1.8", "TIME-RANGE")
    yield bad("T7", "a header of the year -0044", stamp("-0044-03-15T00:00:00Z"), "1.8", "TIME-RANGE")
    yield bad("T8", "the year 0", stamp("0000-01-01T00:00:00Z"), "1.8", "XSD")
    yield legal("T9", "24:00:00 in a header", stamp("2024-05-01T24:00:00Z"))
    yield bad("T10", "24:00:01", stamp("2024-05-01T24:00:01Z"), "1.8", "XSD")
    yield bad("T11", "a leap second", stamp("2016-12-31T23:59:60Z"), "1.8", "XSD")
    yield bad("T12", "the 30th of February", at("2028-02-30T00:00:00Z"), "1.8", "XSD")
    yield bad("T13", "the 29th of February of a common year", at("2027-02-29T00:00:00Z"), "1.8", "XSD")
    yield bad("T14", "a zone of 14 hours and a minute", stamp("2024-05-01T08:00:00+14:01"), "1.8", "XSD")
    yield legal("T15", "a zone of 14 hours", stamp("2024-05-01T08:00:00+14:00"))
    yield legal("T16", "an order without zone", at(hours(1)[:-1]))
    yield legal("T17", "a header without zone", stamp("2024-05-01T08:00:00"))
    yield bad("T18", "a date for a time", at("2028-05-01"), "1.8", "XSD")
    yield bad("T19", "seconds since the epoch", at("1714550400"), "1.8", "XSD")
    yield bad("T20", "a comma in the seconds", at("2028-05-01T08:00:00,5Z"), "1.8", "XSD")
    yield bad("T21", "a small letter z", at("2028-05-01T08:00:00z"), "1.8", "XSD")
    yield bad("T22", "a space for the T", at("2028-05-01 08:00:00Z"), "1.8", "XSD")
    yield bad("T23", "an order of yesterday", at(hours(-24)), "6.1")
    yield bad("T24", "an order for next month", at(hours(24 * 30)), "6.1")
    yield bad(
        "T25",
        "an order that lasts ten days",
        dispatch(order(xml.schedule(5, start=hours(1), duration=10, unit="D"))),
        "6.1",
    )
    yield bad(
        "T26",
        "an end before the start",
        xml.generic(
            "get",
            "DERGroups",
            request=f"<StartTime>2024-05-02T00:00:00Z</StartTime><EndTime>2024-05-01T00:00:00Z</EndTime>{xml.der_group_queries(xml.group(name='GA'))}",
            message_id="good",
        ),
        "1.8",
        "TIME-ORDER",
    )
    devices = "<EndDevices><mRID>B-1</mRID></EndDevices>"
    yield bad(
        "T27",
        "a control that is over",
        control(
            devices,
            f"<primaryDeviceTiming><interval><end>{hours(-1)}</end><start>{hours(-2)}</start></interval></primaryDeviceTiming>",
        ),
        "6.1",
    )
    yield bad(
        "T28",
        "a control for next month",
        control(
            devices,
            f"<primaryDeviceTiming><durationIndefinite>true</durationIndefinite><interval><start>{hours(720)}</start></interval></primaryDeviceTiming>",
        ),
        "6.1",
    )
    yield bad(
        "T29",
        "a control with an end and no start",
        control(devices, f"<primaryDeviceTiming><interval><end>{hours(2)}</end></interval></primaryDeviceTiming>"),
        "5.8",
    )
    yield bad(
        "T30",
        "a control that ends before it starts",
        control(
            devices,
            f"<primaryDeviceTiming><interval><end>{hours(1)}</end><start>{hours(2)}</start></interval></primaryDeviceTiming>",
        ),
        "6.1",
    )
    yield bad(
        "T31",
        "a version of the year 10000",
        changed(CREATE, "<date>2024-05-01T08:00:00Z", "<date>10000-05-01T08:00:00Z"),
        "1.8",
        "TIME-RANGE",
    )
    yield legal(
        "T32",
        "a version of the next century",
        changed(CREATE, "<date>2024-05-01T08:00:00Z", "<date>2124-05-01T08:00:00Z"),
    )


def group_rows() -> Iterator[Row]:
    """Groups and members that are not there, are there already, or are there twice."""

    def new(**stated: object) -> str:
        return xml.group(**({"mrid": "G-N", "functions": (), "version": "1.0.0"} | stated))  # type: ignore[arg-type]

    yield bad("U1", "an order for a group that nobody knows", dispatch(order(group="G-X")), "99.1")
    yield bad(
        "U2", "a change of a group that nobody knows", groups("change", xml.group(mrid="G-X", description="x")), "99.1"
    )
    yield bad("U3", "a delete of a group that nobody knows", groups("delete", xml.group(mrid="G-X")), "99.1")
    yield bad(
        "U4",
        "a group that nobody knows, by Payload/ID",
        xml.generic("delete", "DERGroups", payload='<ID kind="uuid">G-X</ID>', message_id="good"),
        "2.15",
    )
    yield bad(
        "U5",
        "a query of a group that nobody knows",
        xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group(mrid="G-X")), message_id="good"),
        "99.1",
    )
    yield bad(
        "U6",
        "a control of a group that nobody knows",
        control("<EndDeviceGroups><mRID>G-X</mRID></EndDeviceGroups>"),
        "99.1",
    )
    yield bad(
        "U7", "a control of a device that nobody knows", control("<EndDevices><mRID>B-9</mRID></EndDevices>"), "2.29"
    )
    yield bad(
        "U8",
        "a control of a group without the function",
        control("<EndDeviceGroups><mRID>G-B</mRID></EndDeviceGroups>"),
        "6.1",
    )
    yield bad("U9", "a control of nothing", control(), "5.8")
    yield bad(
        "U10",
        "a control of no group in particular",
        control("<EndDeviceGroups><mRID> </mRID></EndDeviceGroups>"),
        "5.8",
    )
    yield bad("U11", "a member twice", groups("create", new(members=("B-1", "B-1"))), "6.1")
    yield bad("U12", "a member without mRID and name", groups("create", new(members=("",))), "5.8")
    yield bad("U13", "an mRID that is taken", groups("create", new(mrid="G-A")), "6.1")
    yield bad("U14", "a name that is taken", groups("create", new(name="GA")), "6.1")
    yield bad(
        "U15",
        "an mRID of one group, the name of another",
        groups("change", xml.group(mrid="G-A", name="GB", description="x")),
        "2.29",
    )
    yield bad("U16", "the same group twice in one message", groups("create", new(), new()), "6.1", does_some=True)
    yield legal("U17", "an mRID that differs by case from a known one", groups("create", new(mrid="g-a")))
    uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    yield bad(
        "U18",
        "a UUID twice in one message, once in capitals",
        groups("create", new(mrid=uuid), new(mrid=uuid.upper())),
        "6.1",
        does_some=True,
    )
    yield bad("U19", "the same order twice in one message", dispatch(order(), order()), "6.1", does_some=True)
    yield bad("U20", "an order whose mRID is taken", dispatch(order(mrid="D-1")), "6.1")
    yield bad(
        "U21", "a cancel of an order that nobody knows", dispatch(xml.dispatch(mrid="D-X"), verb="cancel"), "2.15"
    )
    yield bad("U22", "a change of an order that nobody knows", dispatch(order(mrid="D-X"), verb="change"), "2.15")
    yield bad("U23", "a delete that lists members", groups("delete", xml.group(mrid="G-A", members=("B-1",))), "6.1")
    yield bad(
        "U24", "a change of no group in particular", groups("change", xml.group(mrid=" ", description="x")), "5.8"
    )
    yield bad(
        "U25",
        "a device by a bidi override before its mRID",
        control("<EndDevices><mRID>\u202eB-1</mRID></EndDevices>"),
        "2.29",
    )
    yield bad("U26", "a group with a zero-width space in its mRID", dispatch(order(group="G\u200b-A")), "99.1")
    yield bad("U27", "a group in small letters", dispatch(order(group="g-a")), "99.1")
    yield bad("U28", "a group as SQL", dispatch(order(group="' OR 1=1 --")), "99.1")
    yield bad("U29", "a group as a path", dispatch(order(group="../../etc/passwd")), "99.1")
    yield legal("U30", "a member that nobody knows", groups("create", new(members=("B-9",))))
    yield legal("U31", "a group that is its own member", groups("create", new(members=("G-N",))))
    yield legal(
        "U32", "groups that are members of each other", groups("change", xml.group(mrid="G-A", members=("G-C",)))
    )
    yield legal(
        "U33",
        "one name of two kinds",
        groups(
            "create",
            new()
            .replace("</EndDeviceGroup>", "")
            .replace(
                "<version>",
                "<Names><name>n</name><NameType><name>a</name></NameType></Names><Names><name>n</name><NameType><name>b</name></NameType></Names><version>",
            )
            + "</EndDeviceGroup>",
        ),
    )
    yield legal(
        "U34",
        "a version before the present one",
        groups("change", xml.group(mrid="G-A", description="x", version="0.0.1")),
    )
    yield legal(
        "U35",
        "a group in a group, with a long name in another script",
        groups("create", new(name="\u7fa4" * 300, members=("G-A",))),
    )
    yield legal("U36", "a delete of a group with orders", groups("delete", xml.group(mrid="G-A")))
    yield bad(
        "U37",
        "a control of a part that is not served",
        control("<EndDevices><mRID>B-1</mRID></EndDevices>", ref="2.31.0.8"),
        "6.1",
    )
    yield bad(
        "U38",
        "a control with a code of another device",
        control("<EndDevices><mRID>B-1</mRID></EndDevices>", ref="9.31.0.23"),
        "6.1",
    )
    yield bad(
        "U39",
        "a control whose code has Arabic digits",
        control("<EndDevices><mRID>B-1</mRID></EndDevices>", ref="2.31.0.\u0662\u0663"),
        "6.1",
    )


def curve_rows() -> Iterator[Row]:
    """Curves that say too much, too little, or two things."""

    def curve(*values: object, **schedule: object) -> bytes:
        return dispatch(order(xml.schedule(*values, **({"start": hours(1), "duration": 1} | schedule))))  # type: ignore[arg-type]

    yield bad(
        "V1", "a hundred thousand points", lambda: curve(*[1] * 100_000, unit="s"), "7.7", "SIZE", answer=Answer.FAULT
    )
    yield bad("V2", "no point", curve(), "1.8", "XSD")
    yield legal("V3", "points in disorder", curve(1, 2, 3, numbers=(3, 1, 2)))
    yield legal("V4", "a number twice", curve(1, 2, 3, numbers=(1, 1, 2)))
    yield legal("V5", "one point of a line", curve(5, style="straightLineYValues"))
    yield bad("V6", "one point among many that is too much", curve(1, 2, 3000, 4), "6.1")
    yield bad("V7", "one point among many that is NaN", curve(1, "NaN", 3), "6.1")
    other = xml.schedule(5, start=hours(1)).replace("<timeIntervalUnit>m</timeIntervalUnit>", "")
    yield bad("V8", "an order without a unit of time", dispatch(order(other)), "1.8", "XSD")
    change = dispatch(order(other, mrid="D-1"), verb="change")
    yield bad("V8a", "a change without a unit of time, which the schema allows", change, "5.8")
    start = xml.schedule(5, start=hours(1)).replace(f"<startTime>{hours(1)}</startTime>", "")
    yield bad("V9", "an order without a start", dispatch(order(start)), "1.8", "XSD")
    style = xml.schedule(5, start=hours(1)).replace("<curveStyleKind>constantYValue</curveStyleKind>", "")
    yield bad("V10", "an order without a style", dispatch(order(style)), "1.8", "XSD")
    yield bad("V11", "an order without a schedule", dispatch(order("")), "1.8", "XSD")
    mixed = order().replace("<yUnit>W</yUnit>", "<yUnit>W</yUnit><yUnit>VAr</yUnit>")
    yield bad("V12", "two units in one schedule", dispatch(mixed), "1.8", "XSD")
    two = xml.parameter(xml.schedule(5, start=hours(1))) + xml.parameter(
        xml.schedule(5, start=hours(1)), kind="reactivePower", unit="VAr"
    )
    yield bad(
        "V13", "two parameters in one order", dispatch(xml.dispatch(two, mrid="D-9", group_mrid="G-A")), "1.8", "XSD"
    )
    yield legal(
        "V14",
        "schedules that overlap: the later one counts",
        dispatch(order(xml.schedule(5, start=hours(1)) + xml.schedule(6, start=hours(1)))),
    )
    yield bad(
        "V15",
        "a change to a curve that is too much",
        dispatch(order(xml.schedule(3000, start=hours(1)), mrid="D-1"), verb="change"),
        "6.1",
    )
    yield bad(
        "V16",
        "one good order and one that is wrong",
        dispatch(order(), order(xml.schedule("NaN", start=hours(1)), mrid="D-8")),
        "6.1",
        does_some=True,
    )
    yield bad(
        "V17",
        "a thousand orders that are wrong",
        lambda: dispatch(*[order(xml.schedule("NaN", start=hours(1)), mrid=f"D-{number}") for number in range(1_000)]),
        "6.1",
    )
    yield bad("V18", "10 000 points of NaN", lambda: curve(*["NaN"] * 10_000, unit="s"), "6.1")
    yield bad("V19", "10 000 points beyond what is installed", lambda: curve(*[3000] * 10_000, unit="s"), "6.1")


def operation_rows() -> Iterator[Row]:
    """OperationSets that contradict themselves, or ask for too much."""

    def act(number: int, verb: str, group: str = "G-N", *, element: bool = False, **stated: object) -> str:
        fields = {"mrid": group} | ({"functions": (), "version": "1.0.0"} if verb == "create" else {}) | stated
        return xml.operation(number, xml.der_groups(xml.group(**fields)), verb=verb, element=element)  # type: ignore[arg-type]

    yield bad(
        "G14",
        "two operations with the same id",
        operations(act(1, "create"), act(1, "delete", "G-A")),
        "1.8",
        "DUP-OPID",
    )
    yield bad("G15", "no operation", operations(), "1.7", "EMPTY-PAYLOAD")
    yield bad("G16", "an id that is no number", changed(operations(act(1, "create")), "Id>1<", "Id>x<"), "1.8", "XSD")
    both = changed(operations(act(1, "create")), "</o:OperationSet>", f"</o:OperationSet>{xml.der_groups(NEW)}")
    yield bad("G17", "an OperationSet and a payload", both, "1.8", "XSD")
    yield bad(
        "O1",
        "delete, then change",
        operations(act(1, "delete", "G-A"), act(2, "change", "G-A", description="x"), integrity=True),
        "99.1",
    )
    yield bad(
        "O2", "create twice, all or nothing", operations(act(1, "create"), act(2, "create"), integrity=True), "6.1"
    )
    yield bad("O3", "a verb that operations do not have", operations(act(1, "execute")), "2.9")
    yield bad(
        "O4",
        "a noun that operations do not have",
        changed(operations(act(1, "create")), "<noun>DERGroups", "<noun>DERGroupStatuses"),
        "2.5",
    )
    yield bad("O5", "an operation without element", operations(xml.operation(1, "", verb="create")), "1.7")
    yield bad(
        "O6",
        "10 001 operations",
        lambda: _once(operations(*[act(number, "delete", "G-A") for number in range(10_001)])),
        "3.1",
        "ITEMS",
    )
    yield bad(
        "O7",
        "an OperationSet with verb create",
        changed(operations(act(1, "create")), ">execute<", ">create<"),
        "2.9",
        "VERB-NOUN",
    )
    yield bad(
        "O8",
        "an OperationSet of another noun",
        changed(operations(act(1, "create")), ">OperationSet<", ">DERGroups<"),
        "2.9",
        "VERB-NOUN",
    )
    yield bad(
        "O9", "an element that nobody knows", operations(xml.operation(1, '<a xmlns="urn:x"/>', verb="create")), "2.5"
    )
    yield bad(
        "O10", "a member that is not there", operations(act(1, "delete", "G-A", element=True, members=("B-9",))), "2.29"
    )
    yield bad(
        "O11",
        "an operation in an operation",
        operations(
            xml.operation(1, operations(act(2, "create")).decode().partition("<Payload>")[2].partition("</Payload>")[0])
        ),
        "1.8",
        "XSD",
    )
    yield bad(
        "O12",
        "the first fails, the sequence counts",
        operations(act(1, "delete", "G-X"), act(2, "create"), sequence=True),
        "99.1",
    )
    yield bad(
        "O13",
        "2 000 operations that all fail",
        lambda: _once(operations(*[act(number, "delete", "G-X") for number in range(2_000)])),
        "99.1",
    )


def _once(body: bytes) -> bytes:
    """*body* with the namespace of groups declared once."""
    namespace = xml.payload_namespace("DERGroups")
    text = (
        body.decode()
        .replace(f' xmlns="{namespace}"', "")
        .replace("<o:OperationSet ", f'<o:OperationSet xmlns:g="{namespace}" ')
    )
    for name in ("DERGroups", "EndDeviceGroup", "mRID"):
        text = text.replace(f"<{name}>", f"<g:{name}>").replace(f"</{name}>", f"</g:{name}>")
    return text.encode()


def report_rows() -> Iterator[Row]:
    """What other systems tell and nobody can use."""
    nothing = Answer.NOTHING
    status = xml.element(
        "EndDeviceGroup",
        xml.parameter(xml.element("DERCurveData", nominalYValue="{}", timeStamp="2024-05-01T08:00:00Z")),
        xml.names("DG8"),
        xml.element("status", dateTime="2024-05-01T08:00:00Z", value="Online"),
    )
    good = event("created", "DERGroupStatuses", xml.payload("DERGroupStatuses", status.replace("{}", "1.5")))
    yield legal("R1", "a status of another system", good)
    yield bad("R2", "a status of NaN", changed(good, ">1.5<", ">NaN<"), "6.1")
    yield bad("R3", "a status of 1e308 k", changed(good, ">1.5<", ">1e38<"), "6.1")
    yield bad(
        "R4",
        "a status of no group",
        changed(good, "<Names><name>DG8</name></Names>", "<Names><name> </name></Names>"),
        "5.8",
    )
    yield bad(
        "R5",
        "a status of the year 10000",
        good.replace(b"2024-05-01T08:00:00Z</timeStamp>", b"10000-05-01T08:00:00Z</timeStamp>"),
        "6.1",
    )
    yield bad(
        "R6",
        "a status that nobody wants acknowledged",
        changed(changed(good, ">1.5<", ">NaN<"), "<AckRequired>true</AckRequired>", ""),
        "6.1",
        answer=nothing,
    )
    curve = xml.schedule("{}", start="2024-05-01T09:00:00Z", duration=1, unit="h")
    forecast = xml.element(
        "DERGroupForecast",
        xml.element("EndDeviceGroup", xml.parameter(curve), xml.names("DG8")),
        mRID="F-8",
        predictionCreationDate="2024-05-01T08:00:00Z",
    )
    good = event("created", "DERGroupForecasts", xml.payload("DERGroupForecasts", forecast.replace("{}", "1.5")))
    yield legal("R7", "a forecast of another system", good)
    yield bad("R8", "a forecast of infinity", changed(good, ">1.5<", ">INF<"), "6.1")
    yield bad("R9", "a forecast made in the year -0044", changed(good, "Date>2024", "Date>-0044"), "6.1")
    yield bad(
        "R10",
        "a forecast without its point",
        changed(
            good,
            "<DERCurveData><intervalNumber>1</intervalNumber><nominalYValue>1.5</nominalYValue></DERCurveData>",
            "",
        ),
        "1.8",
        "XSD",
    )
    good = event("deleted", "DERGroups", xml.der_groups(xml.group(mrid="G-X")))
    yield legal("R11", "the end of a group that nobody knows", good)
    yield bad(
        "R12", "an event with the verb of a request", changed(good, ">deleted<", ">delete<"), "2.9", "VERB-ARCHETYPE"
    )
    yield bad(
        "R13", "an event of a noun that nobody knows", changed(good, "<Noun>DERGroups", "<Noun>Meters"), "2.5", "NOUN"
    )
    yield bad("R14", "an event without payload", event("created", "DERGroups", ""), "1.7", "EMPTY-PAYLOAD")
    yield bad(
        "R15",
        "an event of another system that is invalid",
        changed(good, "<mRID>G-X", "<evil/><mRID>G-X"),
        "1.8",
        "XSD",
    )
    quiet = changed(good, "<AckRequired>true</AckRequired>", "")
    yield bad(
        "R16",
        "an invalid event that nobody wants acknowledged",
        changed(quiet, "<mRID>G-X", "<evil/><mRID>G-X"),
        "1.8",
        "XSD",
        answer=nothing,
    )
    told = event(
        "created",
        "EndDeviceEvents",
        xml.payload(
            "EndDeviceEvents",
            '<EndDeviceEvent><mRID>E-1</mRID><createdDateTime>2024-05-01T08:00:00Z</createdDateTime><Assets><mRID>B-1</mRID></Assets><EndDeviceEventType ref="2.31.0.68"/></EndDeviceEvent>',
        ),
    )
    yield bad("R17", "an event of a device with a code of nothing", changed(told, "2.31.0.68", "2.31.0.999"), "6.1")
