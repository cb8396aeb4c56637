"""Statuses, forecasts, dispatches, controls and events: what is written is valid and reads back as it was; what is read
becomes values that can be acted on, or says of each object why not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import dermsbus_profiles
from dermsbus.domain.controls import ControlKind, EndDeviceControl, EndDeviceEvent, EventKind, Status
from dermsbus.domain.model import EndDevice, GroupReference, Name, NameType, NameTypeAuthority
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    Dispatch,
    GroupForecast,
    GroupStatus,
    IntervalUnit,
    ParameterForecast,
    ParameterKind,
    ParameterStatus,
    Point,
    ScheduleRequest,
)
from dermsbus.errors import IDKind, ObjectID, RequestError, RuleViolation
from dermsbus.messages import envelope as content
from dermsbus.messages.calendar import boundaries
from dermsbus.messages.codec import Codec, ReaderSettings
from dermsbus.messages.der_group_dispatches import order_of
from dermsbus.messages.envelope import (
    Archetype,
    Content,
    DispatchOrder,
    Envelope,
    Header,
    Payload,
    Refusal,
    RejectedObject,
    Request,
    Style,
    Verb,
)
from dermsbus.messages.roots import QUERY_OF, noun_of
from dermsbus_profiles import PROFILES, Variant
from tests import builders as xml

SCHEMAS = Path(dermsbus_profiles.__file__).parent
NINE = datetime(2024, 5, 1, 9, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)

# -- any value ---------------------------------------------------------------------------------------------------------

text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Zs", "Zl", "Zp")), min_size=1, max_size=12
)
numbers = st.integers(min_value=-999_999, max_value=999_999).map(float)
bounds = st.none() | numbers
times = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 made aware by it
names = st.lists(
    st.builds(
        Name,
        name=text,
        name_type=st.none()
        | st.builds(
            NameType,
            name=text,
            description=st.none() | text,
            authority=st.none() | st.builds(NameTypeAuthority, name=text, description=st.none() | text),
        ),
    ),
    max_size=2,
).map(tuple)
references = st.builds(GroupReference, mrid=text, names=names)
kinds = st.sampled_from(ParameterKind)


@st.composite
def curves(draw: st.DrawFn, *, banded: bool) -> Curve:
    style = draw(st.sampled_from(CurveStyle))
    interval, unit = draw(st.integers(min_value=1, max_value=90)), draw(st.sampled_from(IntervalUnit))
    count = draw(st.integers(min_value=1, max_value=4))
    marks = boundaries(draw(times), interval, unit, count)
    return Curve(
        style=style,
        points=tuple(
            Point(
                at=mark,
                nominal=draw(bounds if banded else numbers),
                minimum=draw(bounds) if banded else None,
                maximum=draw(bounds) if banded else None,
            )
            for mark in (marks if style is CurveStyle.STRAIGHT_LINE_Y_VALUES else marks[:-1])
        ),
        ends_at=marks[-1],
        interval=interval,
        interval_unit=unit,
    )


def many(each: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(each, min_size=1, max_size=2).map(tuple)


statuses = st.builds(
    content.DERGroupStatuses,
    statuses=many(
        st.builds(
            GroupStatus,
            group=references,
            parameters=many(
                st.builds(
                    ParameterStatus,
                    parameter=kinds,
                    at=times,
                    value=bounds,
                    available_min=bounds,
                    available_max=bounds,
                    installed_min=bounds,
                    installed_max=bounds,
                )
            ),
            at=times,
            value=text,
            remark=st.just("") | text,
        )
    ),
)
status_queries = st.builds(content.DERGroupStatusQueries, references=many(references))
forecasts = st.builds(
    content.DERGroupForecasts,
    forecasts=many(
        st.builds(
            GroupForecast,
            mrid=st.just("") | text,
            group=references,
            created_at=times,
            parameters=many(
                st.builds(
                    ParameterForecast,
                    parameter=kinds,
                    curves=many(curves(banded=True)),
                    installed_min=bounds,
                    installed_max=bounds,
                )
            ),
            confidence_percent=st.none() | st.integers(min_value=0, max_value=100).map(float),
        )
    ),
)
forecast_queries = st.builds(
    content.DERGroupForecastQueries,
    references=many(references),
    parameters=st.lists(kinds, min_size=1, unique=True).map(tuple),
    schedules=many(
        st.builds(
            ScheduleRequest,
            style=st.sampled_from(CurveStyle),
            intervals=st.integers(min_value=1, max_value=50),
            starts_at=st.datetimes(
                min_value=datetime(1990, 1, 1),  # noqa: DTZ001 made aware by timezones
                max_value=datetime(2100, 1, 1),  # noqa: DTZ001 made aware by timezones
                timezones=st.sampled_from(
                    [UTC, timezone(timedelta(hours=-3, minutes=-30)), timezone(timedelta(hours=14))]
                ),
            ),
            interval=st.integers(min_value=1, max_value=90),
            interval_unit=st.sampled_from(IntervalUnit),
        )
    ),
)
dispatches = st.builds(
    content.DERGroupDispatches,
    orders=many(
        st.builds(
            DispatchOrder,
            mrid=st.none() | text,
            names=names,
            group=references,
            parameter=kinds,
            curves=many(curves(banded=False)),
        )
    ),
)
devices = st.builds(EndDevice, mrid=text, names=names)
controls = st.builds(
    content.EndDeviceControls,
    controls=many(
        st.builds(
            EndDeviceControl,
            mrid=st.none() | text,
            kind=st.sampled_from(ControlKind),
            device_type=st.sampled_from([0, 2, 3]),
            groups=many(references),
            devices=st.just(()) | many(devices),
            starts_at=st.none() | times,
            duration_s=st.none() | st.integers(min_value=1, max_value=10**9).map(lambda ms: ms / 1000),
            reason=st.none() | text,
            issuer_id=st.none() | text,
            issuer_tracking_id=st.none() | text,
        )
    ),
)
events = st.builds(
    content.EndDeviceEvents,
    events=many(
        st.builds(
            EndDeviceEvent,
            mrid=st.none() | text,
            kind=st.sampled_from(EventKind),
            device_type=st.sampled_from([0, 2, 3]),
            device=devices,
            created_at=times,
            reason=st.none() | text,
            issuer_id=st.none() | text,
            issuer_tracking_id=st.none() | text,
            names=names,
            status=st.none()
            | st.builds(
                Status, value=st.none() | text, at=st.none() | times, reason=st.none() | text, remark=st.none() | text
            ),
        )
    ),
)

# -- out and back ------------------------------------------------------------------------------------------------------


@cache
def schema(path: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / path))


def check_out_and_back(value: Content, verb: Verb, style: Style) -> None:
    """*value* goes out valid for two validators, and comes back as it was."""
    root = type(value).__name__
    noun = {query: noun for noun, query in QUERY_OF.items()}.get(root) or noun_of(root)
    assert noun is not None
    is_query = verb is Verb.GET
    message = Envelope(
        archetype=Archetype.EVENT if verb.is_event else Archetype.REQUEST,
        style=style,
        header=Header(verb=verb, noun=noun.value, message_id="m1"),
        request=Request(query=value) if is_query else None,
        payload=None if is_query else Payload(content=value),
    )
    codec = Codec()

    body = codec.encode(message)

    read = codec.decode(body)
    assert isinstance(read, Envelope), read
    assert (read.request, read.payload) == (message.request, message.payload)
    profile = PROFILES[root]
    payload_schema = profile.payload_schema(Variant.CONSTRAINED)
    assert payload_schema is not None
    element = etree.fromstring(body).find(f".//{{{profile.payload_namespace}}}{root}")
    assert element is not None
    schema(payload_schema).validate(etree.tostring(element).decode())
    if style is Style.TYPED:
        schema(profile.wrapper_schema(Variant.CONSTRAINED)).validate(body.decode())


styles = st.sampled_from(Style)
out_and_back: Callable[[Callable[..., None]], Callable[..., None]] = settings(deadline=None, max_examples=40)


@out_and_back
@given(value=statuses, verb=st.sampled_from([Verb.CREATED, Verb.CHANGED]), style=styles)
def test_any_statuses_go_out_valid_and_come_back_as_they_were(value: Content, verb: Verb, style: Style) -> None:
    check_out_and_back(value, verb, style)


@out_and_back
@given(value=status_queries, style=styles)
def test_any_status_query_goes_out_valid_and_comes_back_as_it_was(value: Content, style: Style) -> None:
    check_out_and_back(value, Verb.GET, style)


@out_and_back
@given(value=forecasts, style=styles)
def test_any_forecasts_go_out_valid_and_come_back_as_they_were(value: Content, style: Style) -> None:
    check_out_and_back(value, Verb.CREATED, style)


@out_and_back
@given(value=forecast_queries, style=styles)
def test_any_forecast_query_goes_out_valid_and_comes_back_as_it_was(value: Content, style: Style) -> None:
    check_out_and_back(value, Verb.GET, style)


@out_and_back
@given(value=dispatches, verb=st.sampled_from([Verb.CREATE, Verb.CHANGE, Verb.CREATED]), style=styles)
def test_any_dispatches_go_out_valid_and_come_back_as_they_were(value: Content, verb: Verb, style: Style) -> None:
    check_out_and_back(value, verb, style)


@out_and_back
@given(value=controls, style=styles)
def test_any_controls_go_out_valid_and_come_back_as_they_were(value: Content, style: Style) -> None:
    check_out_and_back(value, Verb.CREATE, style)


@out_and_back
@given(value=events, style=styles)
def test_any_events_go_out_valid_and_come_back_as_they_were(value: Content, style: Style) -> None:
    check_out_and_back(value, Verb.CREATED, style)


@pytest.mark.parametrize(
    "value",
    [
        content.DERGroupStatuses(statuses=(RejectedObject(error=RuleViolation("no")),)),
        content.DERGroupForecasts(forecasts=(RejectedObject(error=RuleViolation("no")),)),
        content.DERGroupForecastQueries(
            references=(), parameters=(), schedules=(RejectedObject(error=RuleViolation("no")),)
        ),
        content.DERGroupDispatches(orders=(RejectedObject(error=RuleViolation("no")),)),
        content.EndDeviceControls(controls=(RejectedObject(error=RuleViolation("no")),)),
        content.EndDeviceEvents(events=(RejectedObject(error=RuleViolation("no")),)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_rejected_is_never_written(value: Content) -> None:
    message = Envelope(
        archetype=Archetype.EVENT,
        header=Header(verb=Verb.CREATED, noun="DERGroupDispatches", message_id="m1"),
        payload=Payload(content=value),
    )

    with pytest.raises(TypeError, match="rejected"):
        Codec().encode(message)


# -- what peers send ---------------------------------------------------------------------------------------------------


def received(verb: str, noun: str, *objects: str, style: Style = Style.GENERIC, **reader: object) -> Content:
    """The content of a message that a peer wrote."""
    event = Verb(verb).is_event
    payload = xml.payload(noun, *objects)
    if style is Style.TYPED:
        body = xml.typed(f"{verb.capitalize()}{noun}", noun, verb, noun, payload=payload)
    else:
        body = xml.generic(verb, noun, payload=payload, root="EventMessage" if event else "RequestMessage")
    message = Codec(ReaderSettings(**reader)).decode(body)  # type: ignore[arg-type]
    assert isinstance(message, Envelope), message
    assert message.payload is not None
    assert message.payload.content is not None
    return message.payload.content


def orders(
    *objects: str, verb: str = "create", style: Style = Style.GENERIC, **reader: object
) -> list[DispatchOrder | RejectedObject]:
    read = received(verb, "DERGroupDispatches", *objects, style=style, **reader)
    assert isinstance(read, content.DERGroupDispatches)
    return list(read.orders)


def taken(order: object) -> DispatchOrder:
    assert isinstance(order, DispatchOrder), order
    return order


def rejected(told: object) -> RequestError:
    assert isinstance(told, RejectedObject), told
    return told.error


KILOWATTS = xml.parameter(xml.schedule(0.9))


def test_a_dispatch_is_read_in_si_units_and_utc() -> None:
    (order,) = orders(xml.dispatch(KILOWATTS, mrid="D-1", name="order 17", group_mrid="G-B", group_name="GB"))

    assert order == DispatchOrder(
        mrid="D-1",
        names=(Name(name="order 17"),),
        group=GroupReference(mrid="G-B", names=(Name(name="GB"),)),
        parameter=ParameterKind.ACTIVE_POWER,
        curves=(
            Curve(
                style=CurveStyle.CONSTANT_Y_VALUE,
                points=(Point(at=NINE, nominal=900.0),),
                ends_at=NINE + HALF_AN_HOUR,
                interval=30,
                interval_unit=IntervalUnit.MINUTE,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("kind", "multiplier", "unit", "number", "value"),
    [
        ("activePower", "k", "W", "0.9", 900.0),
        ("activePower", "M", "W", "2.52", 2_520_000.0),
        ("reactivePower", "k", "VAr", "-1.5", -1500.0),
        ("voltage", "none", "V", "120", 120.0),
        ("voltage", "k", "V", "12.47", 12_470.0),
        ("increasingRampRate", "none", "WPers", "50", 50.0),
        ("decreasingRampRate", "k", "WPers", "1E-1", 100.0),
        ("lowFilterUpRegulation", "k", "W", "1", 1000.0),
    ],
)
def test_units_and_multipliers_of_the_test_script(
    kind: str, multiplier: str, unit: str, number: str, value: float
) -> None:
    told = xml.parameter(xml.schedule(number), kind=kind, multiplier=multiplier, unit=unit)

    (order,) = orders(xml.dispatch(told, group_name="GB"))

    assert taken(order).curves[0].points[0].nominal == value


def test_an_order_forward_draws_from_the_grid() -> None:
    told = [xml.parameter(xml.schedule(2), direction=direction) for direction in ("forward", "reverse")]

    forward, reverse = orders(*(xml.dispatch(each, group_name="GB") for each in told))

    assert taken(forward).curves[0].points[0].nominal == -2000.0
    assert taken(reverse).curves[0].points[0].nominal == 2000.0


def test_a_group_named_only_at_its_dispatch_is_the_one_that_is_meant() -> None:
    (order,) = orders(xml.dispatch(KILOWATTS, name="GA"))

    assert taken(order).group == GroupReference(names=(Name(name="GA"),))
    assert taken(order).names == ()


def test_a_blank_identity_is_none() -> None:
    (order,) = orders(xml.dispatch(KILOWATTS, mrid=" ", name="GA", group_mrid=" "))

    assert taken(order).mrid is None
    assert taken(order).group == GroupReference(names=(Name(name="GA"),))


@pytest.mark.parametrize("verb", ["change", "cancel", "close", "delete", "canceled", "closed"])
@pytest.mark.parametrize("style", Style)
def test_a_dispatch_can_be_pointed_at_by_its_mrid_or_name_alone(verb: str, style: Style) -> None:
    by_mrid, by_name = orders(xml.dispatch(mrid="D-1"), xml.dispatch(name="order 17"), verb=verb, style=style)

    assert by_mrid == DispatchOrder(mrid="D-1")
    assert by_name == DispatchOrder(names=(Name(name="order 17"),))


def test_names_in_a_cancel_are_those_of_the_dispatch() -> None:
    (order,) = orders(xml.dispatch(KILOWATTS, name="order 17"), verb="cancel")

    assert taken(order).group is None
    assert taken(order).names == (Name(name="order 17"),)


def test_a_start_without_zone_is_in_the_configured_one() -> None:
    told = xml.dispatch(xml.parameter(xml.schedule(1, start="2024-05-01T11:00:00")), group_name="GB")

    (order,) = orders(told, zone=ZoneInfo("Europe/Berlin"))

    assert taken(order).curves[0].points[0].at == NINE


NO_ID = xml.dispatch(KILOWATTS)


@pytest.mark.parametrize(
    ("told", "verb", "code"),
    [
        (xml.dispatch(xml.parameter(xml.schedule("NaN")), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule("INF")), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule("-INF")), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule("1e39"), multiplier="y"), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1), unit="VAr"), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1), unit="Hz", kind="lowFilterUpRegulation"), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1), direction="total"), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1), direction="none"), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1, duration=0)), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1, duration=-15)), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1, duration=10**30)), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1, duration=9000, unit="Y")), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1, start="-0044-03-15T09:00:00Z")), group_name="GB"), "create", "6.1"),
        (xml.dispatch(xml.parameter(xml.schedule(1), xml.schedule(1, duration=0)), group_name="GB"), "create", "6.1"),
        (NO_ID, "create", "5.8"),
        (xml.dispatch(KILOWATTS, name=" "), "create", "5.8"),
        (NO_ID, "cancel", "5.8"),
        (xml.dispatch(), "cancel", "5.8"),
        (xml.dispatch(xml.parameter(xml.schedule(1), unit=None), mrid="D-1"), "change", "5.8"),
        (xml.dispatch(xml.parameter(xml.schedule(1), multiplier=None), mrid="D-1"), "change", "5.8"),
        (xml.dispatch(xml.parameter(xml.schedule(1), kind=None), mrid="D-1"), "change", "5.8"),
        (xml.dispatch(xml.parameter(xml.schedule()), mrid="D-1"), "change", "5.8"),
        (xml.dispatch(xml.parameter(xml.schedule(1).replace("<nominalYValue>1</nominalYValue>", "")), mrid="D-1"), "change", "5.8"),
    ],
)  # fmt: skip
def test_an_order_that_nobody_can_act_on_is_rejected_and_the_good_one_beside_it_stands(
    told: str, verb: str, code: str
) -> None:
    bad, good = orders(told, xml.dispatch(KILOWATTS, mrid="D-2", group_mrid="G-B"), verb=verb)

    assert rejected(bad).code == code
    assert taken(good).mrid == "D-2"


@pytest.mark.parametrize(
    ("identity", "object_id", "related_id"),
    [
        ({"mrid": "D-1", "group_mrid": "G-B"}, ("D-1", "uuid", "DERGroupDispatch"), ("G-B", "uuid", "DERGroup")),
        (
            {"name": "order 17", "group_name": "GB"},
            ("order 17", "name", "DERGroupDispatch"),
            ("GB", "name", "DERGroup"),
        ),
        ({"group_mrid": "G-B", "group_name": "GB"}, ("G-B", "uuid", "DERGroup"), None),
        ({"group_name": "GB"}, ("GB", "name", "DERGroup"), None),
        ({"name": "GB"}, ("GB", "name", "DERGroup"), None),
    ],
)
def test_a_rejected_order_is_named_as_its_sender_named_it(
    identity: dict[str, str], object_id: tuple[str, str, str], related_id: tuple[str, str, str] | None
) -> None:
    (order,) = orders(xml.dispatch(xml.parameter(xml.schedule("NaN")), **identity))

    def as_id(told: tuple[str, str, str] | None) -> ObjectID | None:
        return ObjectID(value=told[0], kind=IDKind(told[1]), object_type=told[2]) if told else None

    assert (rejected(order).object_id, rejected(order).related_id) == (as_id(object_id), as_id(related_id))


@pytest.mark.parametrize(
    "told",
    [
        xml.dispatch(xml.parameter(xml.schedule(1), multiplier="1.1"), group_name="GB"),
        xml.dispatch(xml.parameter(xml.schedule(1), unit="kW"), group_name="GB"),
        xml.dispatch(xml.parameter(xml.schedule(1), kind="stateOfCharge"), group_name="GB"),
        xml.dispatch(xml.parameter(xml.schedule(1, unit="min")), group_name="GB"),
        xml.dispatch(xml.parameter(xml.schedule(1, style="zigzag")), group_name="GB"),
        xml.dispatch(xml.parameter(xml.schedule()), group_name="GB"),
        xml.dispatch(xml.parameter(), group_name="GB"),
        xml.dispatch(mrid="D-1"),
    ],
)
def test_what_the_schema_forbids_refuses_the_whole_message(told: str) -> None:
    body = xml.generic("create", "DERGroupDispatches", payload=xml.payload("DERGroupDispatches", told))

    refusal = Codec().decode(body)

    assert isinstance(refusal, Refusal)
    assert refusal.error.code == "1.8"


def test_a_dispatch_of_the_book_is_told_as_it_was_ordered() -> None:
    (order,) = orders(xml.dispatch(KILOWATTS, mrid="D-1", group_mrid="G-B"))
    whole = taken(order)
    assert whole.mrid is not None
    assert whole.group is not None
    assert whole.parameter is not None

    kept = Dispatch(
        mrid=whole.mrid, group=whole.group, parameter=whole.parameter, curves=whole.curves, received_at=NINE
    )

    assert order_of(kept) == whole


# -- statuses and forecasts of others ----------------------------------------------------------------------------------


def status(*parameters: str, mrid: str | None = "G-B", at: str | None = "2024-05-01T09:00:00Z") -> str:
    state = xml.element("status", dateTime=at, value="Online")
    return xml.element("EndDeviceGroup", xml.element_text("mRID", mrid), *parameters, state)


def reading(number: object = "120.5", at: str | None = "2024-05-01T08:59:00Z", **stated: str | None) -> str:
    data = xml.element("DERCurveData", maxYValue=150, minYValue=-20, nominalYValue=number, timeStamp=at)
    return xml.parameter(xml.element_text("yUnitInstalledMax", "200"), data, **stated)


def test_a_status_of_another_system_is_read_in_si_units() -> None:
    read = received("changed", "DERGroupStatuses", status(reading()))

    assert isinstance(read, content.DERGroupStatuses)
    assert read.statuses == (
        GroupStatus(
            group=GroupReference(mrid="G-B"),
            parameters=(
                ParameterStatus(
                    parameter=ParameterKind.ACTIVE_POWER,
                    at=NINE - timedelta(minutes=1),
                    value=120_500.0,
                    available_min=-20_000.0,
                    available_max=150_000.0,
                    installed_max=200_000.0,
                ),
            ),
            at=NINE,
            value="Online",
        ),
    )


def test_a_status_that_counts_what_is_drawn_is_turned_with_its_bounds() -> None:
    read = received("changed", "DERGroupStatuses", status(reading(direction="forward")))

    assert isinstance(read, content.DERGroupStatuses)
    (told,) = read.statuses
    assert isinstance(told, GroupStatus)
    (parameter,) = told.parameters
    assert (parameter.value, parameter.available_min, parameter.available_max) == (-120_500.0, -150_000.0, 20_000.0)
    assert (parameter.installed_min, parameter.installed_max) == (-200_000.0, None)


@pytest.mark.parametrize("direction", ["none", "total", "q1plusQ4", "net"])
def test_a_report_is_taken_in_whatever_its_direction(direction: str) -> None:
    told = received("changed", "DERGroupStatuses", status(reading(direction=direction)))
    expected = received("created", "DERGroupForecasts", forecast(xml.parameter(xml.schedule(1), direction=direction)))

    assert isinstance(told, content.DERGroupStatuses)
    assert isinstance(expected, content.DERGroupForecasts)
    assert isinstance(told.statuses[0], GroupStatus)
    assert isinstance(expected.forecasts[0], GroupForecast)


def test_a_status_alone_is_one() -> None:
    read = received("changed", "DERGroupStatuses", status())

    assert isinstance(read, content.DERGroupStatuses)
    assert read.statuses == (GroupStatus(group=GroupReference(mrid="G-B"), parameters=(), at=NINE, value="Online"),)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (status(reading("NaN")), "6.1"),
        (status(reading(unit="V")), "6.1"),
        (status(reading(unit=None)), "5.8"),
        (status(reading(kind=None)), "5.8"),
        (status(reading(), mrid=None), "5.8"),
        (status(at=None), "5.8"),
        (status(reading(at=None), at=None), "5.8"),
        (status(reading(at="12026-01-01T00:00:00Z")), "6.1"),
    ],
)
def test_a_status_that_says_nothing_usable_is_rejected_and_the_good_one_beside_it_stands(told: str, code: str) -> None:
    read = received("changed", "DERGroupStatuses", told, status(reading(), mrid="G-C"))

    assert isinstance(read, content.DERGroupStatuses)
    bad, good = read.statuses
    assert rejected(bad).code == code
    assert isinstance(good, GroupStatus)


def forecast(
    *parameters: str, mrid: str | None = "F-1", group_mrid: str | None = "G-B", name: str | None = None
) -> str:
    return xml.element(
        "DERGroupForecast",
        xml.element_text("mRID", mrid),
        xml.element_text("predictionCreationDate", "2024-05-01T08:00:00Z"),
        xml.element("EndDeviceGroup", xml.element_text("mRID", group_mrid), *parameters),
        xml.names(name) if name else "",
    )


def test_the_lowest_confidence_of_a_forecast_counts() -> None:
    schedules = [
        xml.schedule(1, 2).replace("<DispatchSchedule>", f"<DispatchSchedule><confidence>{each}</confidence>")
        for each in (95, 80.5)
    ]
    read = received("created", "DERGroupForecasts", forecast(xml.parameter(*schedules)))

    assert isinstance(read, content.DERGroupForecasts)
    (told,) = read.forecasts
    assert isinstance(told, GroupForecast)
    assert told.confidence_percent == 80.5
    assert len(told.parameters[0].curves) == 2


def test_a_forecast_may_name_its_group_at_the_forecast_only() -> None:
    read = received("created", "DERGroupForecasts", forecast(KILOWATTS, group_mrid=None, name="GB"))

    assert isinstance(read, content.DERGroupForecasts)
    (told,) = read.forecasts
    assert isinstance(told, GroupForecast)
    assert told.group == GroupReference(names=(Name(name="GB"),))


@pytest.mark.parametrize(
    ("told", "code", "object_type"),
    [
        (forecast(xml.parameter(xml.schedule("NaN"))), "6.1", "DERGroupForecast"),
        (forecast(xml.parameter(xml.schedule(1, duration=0)), mrid=None), "6.1", "DERGroup"),
        (forecast(KILOWATTS, group_mrid=None), "5.8", "DERGroupForecast"),
        (forecast(KILOWATTS.replace("<DispatchSchedule>", "<DispatchSchedule><confidence>NaN</confidence>")), "6.1", "DERGroupForecast"),
        (forecast(KILOWATTS.replace("<DispatchSchedule>", "<DispatchSchedule><confidence>101</confidence>")), "6.1", "DERGroupForecast"),
    ],
)  # fmt: skip
def test_a_forecast_that_says_nothing_usable_is_rejected_and_the_good_one_beside_it_stands(
    told: str, code: str, object_type: str
) -> None:
    read = received("created", "DERGroupForecasts", told, forecast(KILOWATTS, mrid="F-2"))

    assert isinstance(read, content.DERGroupForecasts)
    bad, good = read.forecasts
    assert rejected(bad).code == code
    object_id = rejected(bad).object_id
    assert object_id is not None
    assert object_id.object_type == object_type
    assert isinstance(good, GroupForecast)


def test_a_forecast_query_is_every_group_parameter_and_schedule_it_asks_for() -> None:
    asked = [
        xml.element("DERMonitorableParameter", DERParameter=kind) for kind in ("activePower", "voltage", "activePower")
    ]
    query = xml.payload(
        "DERGroupForecastQueries", *asked, requested(4), requested(0), requested(2, duration=-1), requested(10**6),
        xml.element("EndDeviceGroup", xml.names("GA")), xml.element("EndDeviceGroup", mRID="G-B"),
    )  # fmt: skip

    message = Codec().decode(xml.generic("get", "DERGroupForecasts", request=query))

    assert isinstance(message, Envelope), message
    assert message.request is not None
    read = message.request.query
    assert isinstance(read, content.DERGroupForecastQueries)
    assert read.parameters == (ParameterKind.ACTIVE_POWER, ParameterKind.VOLTAGE)
    assert read.references == (GroupReference(names=(Name(name="GA"),)), GroupReference(mrid="G-B"))
    good, *bad = read.schedules
    assert good == ScheduleRequest(
        style=CurveStyle.STRAIGHT_LINE_Y_VALUES,
        intervals=4,
        starts_at=NINE,
        interval=15,
        interval_unit=IntervalUnit.MINUTE,
    )
    assert [rejected(each).code for each in bad] == ["6.1", "6.1", "3.1"]


def requested(intervals: int, duration: int = 15) -> str:
    return xml.element(
        "DispatchSchedule",
        curveStyleKind="straightLineYValues",
        numberOfIntervals=intervals,
        startTime="2024-05-01T09:00:00Z",
        timeIntervalDuration=duration,
        timeIntervalUnit="m",
    )


# -- connect and disconnect --------------------------------------------------------------------------------------------

GROUP_B = xml.element("EndDeviceGroups", xml.names("GB"))


def timing(*parts: str, **texts: object) -> str:
    return xml.element("primaryDeviceTiming", *parts, **texts)


def first_control(*parts: str, ref: str | None = "2.31.0.18") -> EndDeviceControl | RejectedObject:
    read = received("create", "EndDeviceControls", xml.control(ref, *parts))
    assert isinstance(read, content.EndDeviceControls)
    return read.controls[0]


@pytest.mark.parametrize(
    ("ref", "kind", "device_type"),
    [
        ("2.31.0.18", ControlKind.CONNECT, 2),
        ("2.31.0.23", ControlKind.DISCONNECT, 2),
        ("0.31.0.18", ControlKind.CONNECT, 0),
        ("3.31.0.23", ControlKind.DISCONNECT, 3),
        ("2.31.0.5", ControlKind.ARM_FOR_CLOSURE, 2),
        ("2.31.0.6", ControlKind.ARM_FOR_OPEN, 2),
        (" 2.31.0.8 ", ControlKind.CANCEL, 2),
    ],
)
def test_a_control_says_what_is_asked_and_of_which_kind_of_device(
    ref: str, kind: ControlKind, device_type: int
) -> None:
    read = first_control(GROUP_B, xml.element("EndDevices", mRID="DEV-1"), ref=ref)

    assert read == EndDeviceControl(
        mrid="X-1",
        kind=kind,
        device_type=device_type,
        groups=(GroupReference(names=(Name(name="GB"),)),),
        devices=(EndDevice(mrid="DEV-1"),),
    )


@pytest.mark.parametrize(
    ("told", "starts_at", "duration_s"),
    [
        (timing(), None, None),
        (timing(durationIndefinite="true"), None, None),
        (timing(duration=1.5), None, 90.0),
        (timing(duration="1.6666666"), None, 100.0),
        (timing(xml.element("interval", start="2024-05-01T09:00:00Z")), NINE, None),
        (timing(xml.element("interval", start="2024-05-01T09:00:00Z"), duration=30), NINE, 1800.0),
        (timing(xml.element("interval", end="2024-05-01T09:30:00Z", start="2024-05-01T09:00:00Z")), NINE, 1800.0),
        (timing(xml.element("interval", end="2024-05-01T09:30:00Z", start="2024-05-01T09:00:00Z"), duration=30), NINE, 1800.0),
        (timing(durationIndefinite="false", randomisation="none"), None, None),
    ],
)  # fmt: skip
def test_a_control_begins_at_once_or_at_its_time_and_holds_as_long_as_it_says(
    told: str, starts_at: datetime | None, duration_s: float | None
) -> None:
    read = first_control(GROUP_B, told)

    assert isinstance(read, EndDeviceControl), read
    assert (read.starts_at, read.duration_s) == (starts_at, duration_s)


@pytest.mark.parametrize(
    ("ref", "parts", "code"),
    [
        (None, (GROUP_B,), "5.8"),
        ("", (GROUP_B,), "6.1"),
        ("2.31.0.99", (GROUP_B,), "6.1"),
        ("2.26.0.18", (GROUP_B,), "6.1"),
        ("12.31.0.18", (GROUP_B,), "6.1"),
        ("connect", (GROUP_B,), "6.1"),
        ("2.31.0.18", (), "5.8"),
        ("2.31.0.18", (GROUP_B, "<EndDeviceGroups/>"), "5.8"),
        ("2.31.0.18", ("<EndDevices/>",), "5.8"),
        ("2.31.0.18", (GROUP_B, xml.element("UsagePoints", mRID="U-1")), "6.1"),
        ("2.31.0.18", (GROUP_B, xml.element("secondaryDeviceTiming", duration=5)), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(duration=0)), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(duration=-1)), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(duration="NaN")), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(duration="INF")), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(duration=5, durationIndefinite="true")), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(randomisation="start")), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(xml.element("interval", end="2024-05-01T09:00:00Z"))), "5.8"),
        ("2.31.0.18", (GROUP_B, timing(xml.element("interval", end="2024-05-01T09:00:00Z", start="2024-05-01T10:00:00Z"))), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(xml.element("interval", end="2024-05-01T09:30:00Z", start="2024-05-01T09:00:00Z"), duration=5)), "6.1"),
        ("2.31.0.18", (GROUP_B, timing(xml.element("interval", start="12026-05-01T09:00:00Z"))), "6.1"),
    ],
)  # fmt: skip
def test_a_control_that_would_not_be_carried_out_as_told_is_rejected_and_the_good_one_beside_it_stands(
    ref: str | None, parts: tuple[str, ...], code: str
) -> None:
    read = received(
        "create", "EndDeviceControls", xml.control(ref, *parts), xml.control("2.31.0.23", GROUP_B, mrid="X-2")
    )

    assert isinstance(read, content.EndDeviceControls)
    bad, good = read.controls
    assert rejected(bad).code == code
    assert rejected(bad).object_id == ObjectID(value="X-1", kind=IDKind.UUID, object_type="EndDeviceControl")
    assert isinstance(good, EndDeviceControl)


def test_a_control_of_demand_response_is_rejected() -> None:
    told = xml.control("2.31.0.18", GROUP_B).replace(
        "<EndDeviceControlType", "<PanDemandResponse><dutyCycle>50</dutyCycle></PanDemandResponse><EndDeviceControlType"
    )
    read = received("create", "EndDeviceControls", told)

    assert isinstance(read, content.EndDeviceControls)
    assert "PanDemandResponse" in rejected(read.controls[0]).details


@pytest.mark.parametrize(("verb", "noun"), [("create", "EndDeviceControls"), ("created", "EndDeviceEvents")])
def test_a_payload_without_anything_to_act_on_is_refused(verb: str, noun: str) -> None:
    root = "EventMessage" if Verb(verb).is_event else "RequestMessage"

    refusal = Codec().decode(xml.generic(verb, noun, payload=xml.payload(noun), root=root))

    assert isinstance(refusal, Refusal)
    assert (refusal.error.code, refusal.error.rule) == ("1.7", "EMPTY-PAYLOAD")


def event(ref: str | None, *after: str, asset: str = "<Assets><mRID>DEV-1</mRID></Assets>") -> str:
    code = "" if ref is None else f' ref="{ref}"'
    created = xml.element_text("createdDateTime", "2024-05-01T09:00:00Z")
    return xml.element("EndDeviceEvent", created, asset, f"<EndDeviceEventType{code}/>", *after)


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("2.31.0.42", EventKind.CONNECTED),
        ("2.31.0.68", EventKind.DISCONNECTED),
        ("2.31.0.67", EventKind.CONNECT_FAILED),
        ("2.31.0.84", EventKind.DISCONNECT_FAILED),
    ],
)
def test_an_event_says_what_happened_at_which_device(ref: str, kind: EventKind) -> None:
    read = received("created", "EndDeviceEvents", event(ref, xml.element("status", value="Online")))

    assert isinstance(read, content.EndDeviceEvents)
    assert read.events == (
        EndDeviceEvent(kind=kind, device=EndDevice(mrid="DEV-1"), created_at=NINE, status=Status(value="Online")),
    )


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (event(None), "5.8"),
        (event("2.31.0.18"), "6.1"),
        (event("3.26.9.185"), "6.1"),
        (event("2.31.0.42", asset=""), "5.8"),
        (event("2.31.0.42", asset="<Assets/>"), "5.8"),
    ],
)
def test_an_event_that_tells_of_nothing_known_is_rejected_and_the_good_one_beside_it_stands(
    told: str, code: str
) -> None:
    read = received("created", "EndDeviceEvents", told, event("2.31.0.42"))

    assert isinstance(read, content.EndDeviceEvents)
    bad, good = read.events
    assert rejected(bad).code == code
    assert isinstance(good, EndDeviceEvent)


def test_a_rejection_told_again_keeps_its_cause() -> None:
    first = RuleViolation("no", code="3.1")

    told = RejectedObject.of(first, ObjectID(value="X")).error

    assert (type(told), told.code, told.details, told.__cause__) == (RuleViolation, "3.1", "no", first)
    assert replace(RejectedObject(error=told)).error is told
