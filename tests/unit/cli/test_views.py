"""Events as a person and a program read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dermsbus.cli.views import event_json, event_line
from dermsbus.domain.controls import EndDeviceEvent, EventKind, Status
from dermsbus.domain.model import EndDevice, GroupReference, Name
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    GroupForecast,
    IntervalUnit,
    ParameterForecast,
    ParameterKind,
    Point,
)
from dermsbus.errors import IncompleteRequest
from dermsbus.messages.answers import Author
from dermsbus.messages.envelope import (
    Content,
    DERGroupDispatches,
    DERGroupForecasts,
    DispatchOrder,
    EndDeviceControls,
    EndDeviceEvents,
    Envelope,
    Noun,
    Operation,
    OperationSet,
    Payload,
    RejectedObject,
    Verb,
)

TEN = datetime(2026, 5, 1, 10, tzinfo=UTC)
SPAN = "2026-05-01T10:00:00Z … 2026-05-01T11:00:00Z"
FEEDER = GroupReference(mrid="G-7", names=(Name(name="feeder7"),))
HOUR = Curve(
    style=CurveStyle.CONSTANT_Y_VALUE,
    points=(Point(at=TEN, nominal=1500.0), Point(at=TEN + timedelta(minutes=30), nominal=-500.0)),
    ends_at=TEN + timedelta(hours=1),
    interval=30,
    interval_unit=IntervalUnit.MINUTE,
)
ORDER = DispatchOrder(
    mrid="D-1", names=(Name(name="evening"),), group=FEEDER, parameter=ParameterKind.ACTIVE_POWER, curves=(HOUR,)
)
FORECAST = GroupForecast(
    mrid="F-1",
    group=FEEDER,
    created_at=TEN,
    parameters=(ParameterForecast(parameter=ParameterKind.ACTIVE_POWER, curves=(HOUR,)),),
)
TRIPPED = EndDeviceEvent(
    mrid="E-1",
    kind=EventKind.CONNECT_FAILED,
    device=EndDevice(mrid="PV-1"),
    created_at=TEN,
    reason="no voltage",
    status=Status(value="open", at=TEN),
)
BAD = RejectedObject(error=IncompleteRequest("nobody knows what this is"))


def event(verb: Verb, noun: Noun, content: Content, correlation_id: str | None = None) -> Envelope:
    author = Author(source="derms1", context="PRODUCTION", now=lambda: TEN, new_message_id=lambda: "m1")
    return author.event(verb, noun, Payload(content=content), correlation_id)


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (
            event(Verb.CREATED, Noun.DER_GROUP_DISPATCHES, DERGroupDispatches(orders=(ORDER, BAD))),
            f"created DERGroupDispatches D-1 feeder7 activePower -500.0 W … 1.50 kW {SPAN}",
        ),
        (
            event(Verb.CANCELED, Noun.DER_GROUP_DISPATCHES, DERGroupDispatches(orders=(DispatchOrder(mrid="D-1"),))),
            "canceled DERGroupDispatches D-1",
        ),
        (
            event(
                Verb.CLOSED,
                Noun.DER_GROUP_DISPATCHES,
                DERGroupDispatches(orders=(DispatchOrder(names=(Name(name="evening"),)),)),
            ),
            "closed DERGroupDispatches evening",
        ),
        (
            event(Verb.CREATED, Noun.DER_GROUP_FORECASTS, DERGroupForecasts(forecasts=(FORECAST, BAD))),
            f"created DERGroupForecasts feeder7 activePower {SPAN} -500.0 W … 1.50 kW",
        ),
        (
            event(Verb.CREATED, Noun.END_DEVICE_EVENTS, EndDeviceEvents(events=(TRIPPED, BAD))),
            "created EndDeviceEvents PV-1 connect failed: no voltage",
        ),
    ],
)
def test_an_event_is_a_line_that_says_what_happened_to_what(told: Envelope, line: str) -> None:
    assert event_line(told) == f"2026-05-01T10:00:00Z derms1 {line}"


def executed(*operations: Operation) -> Envelope:
    author = Author(source="derms1", context="PRODUCTION", now=lambda: TEN, new_message_id=lambda: "m1")
    payload = Payload(operation_set=OperationSet(operations=operations))
    return author.event(Verb.EXECUTED, Noun.OPERATION_SET, payload)


def test_operations_are_told_by_what_they_did_to_what() -> None:
    orders = DERGroupDispatches(orders=(DispatchOrder(mrid="D-1"), DispatchOrder(mrid="D-2")))
    told = executed(
        Operation(operation_id=1, noun="DERGroupDispatches", verb="canceled", content=orders),
        Operation(operation_id=2, noun="EndDeviceControls", verb="created", content=EndDeviceControls(controls=())),
        Operation(operation_id=3, noun="Frobnicators", content=BAD),
    )

    assert event_line(told) == (
        "2026-05-01T10:00:00Z derms1 executed OperationSet canceled D-1, canceled D-2, created EndDeviceControls, "
        "did something to Frobnicators"
    )
    first, second, third = event_json(told)["operations"]
    assert [order["mRID"] for order in first["dispatches"]] == ["D-1", "D-2"]
    assert (second["verb"], second["noun"]) == ("created", "EndDeviceControls")
    assert third == {"operationId": 3, "noun": "Frobnicators", "elementOperation": False}


def test_events_as_json_have_what_they_tell() -> None:
    orders = event_json(event(Verb.CREATED, Noun.DER_GROUP_DISPATCHES, DERGroupDispatches(orders=(ORDER, BAD))))
    (order,) = orders["dispatches"]
    assert (order["mRID"], order["Names"]) == ("D-1", [{"name": "evening"}])
    (schedule,) = order["EndDeviceGroup"]["DERMonitorableParameter"]["DispatchSchedule"]
    assert [each["nominalYValue"] for each in schedule["DERCurveData"]] == [1500.0, -500.0]

    forecasts = event_json(event(Verb.CREATED, Noun.DER_GROUP_FORECASTS, DERGroupForecasts(forecasts=(FORECAST,))))
    assert forecasts["forecasts"][0]["EndDeviceGroup"]["mRID"] == "G-7"

    devices = event_json(event(Verb.CREATED, Noun.END_DEVICE_EVENTS, EndDeviceEvents(events=(TRIPPED,)), "k1"))
    assert devices["correlationID"] == "k1"
    assert devices["deviceEvents"] == [
        {
            "mRID": "E-1",
            "createdDateTime": "2026-05-01T10:00:00Z",
            "reason": "no voltage",
            "Assets": {"mRID": "PV-1"},
            "EndDeviceEventType": "connect failed",
            "status": {"value": "open", "dateTime": "2026-05-01T10:00:00Z"},
        }
    ]
