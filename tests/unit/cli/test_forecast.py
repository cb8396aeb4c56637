"""``dermsbus forecast`` against a DERMS on a real STOMP connection."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from dermsbus.domain.model import GroupReference, Name
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    GroupForecast,
    IntervalUnit,
    ParameterForecast,
    ParameterKind,
    Point,
    ScheduleRequest,
)
from dermsbus.errors import IDKind, ObjectID
from dermsbus.messages.answers import entry
from dermsbus.messages.envelope import DERGroupForecastQueries, DERGroupForecasts, Envelope, Payload, Reply, Result
from tests.scripted_derms import OK, Derms, Said

Run = Callable[..., object]

TEN = datetime(2026, 5, 1, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
FEEDER = GroupReference(mrid="G-7", names=(Name(name="feeder7"),))


def curve(*values: tuple[float | None, float | None, float | None]) -> Curve:
    points = tuple(
        Point(at=TEN + QUARTER * number, minimum=low, nominal=middle, maximum=high)
        for number, (low, middle, high) in enumerate(values)
    )
    style = CurveStyle.STRAIGHT_LINE_Y_VALUES
    return Curve(style=style, points=points, ends_at=points[-1].at, interval=15, interval_unit=IntervalUnit.MINUTE)


POWER = ParameterForecast(
    parameter=ParameterKind.ACTIVE_POWER,
    curves=(curve((-500.0, 1000.0, 2000.0), (0.0, 1500.0, 3000.0), (500.0, 2000.0, 4000.0)),),
    installed_min=-5000.0,
    installed_max=5000.0,
)
VOLTAGE = ParameterForecast(parameter=ParameterKind.VOLTAGE, curves=(curve((None, 230.5, None), (None, 231.0, None)),))
TOLD = GroupForecast(mrid="F-1", group=FEEDER, created_at=TEN, parameters=(POWER, VOLTAGE), confidence_percent=80.0)


def telling(reply: Reply = OK) -> Callable[[Envelope], Said]:
    return lambda _: (reply, Payload(content=DERGroupForecasts(forecasts=(TOLD,))))


def query_in(requests: list[Envelope]) -> DERGroupForecastQueries:
    request = requests[0].request
    assert request is not None
    assert isinstance(request.query, DERGroupForecastQueries)
    return request.query


def test_a_derms_with_devices_tells_what_it_expects_of_them(run: Run, fleet: str) -> None:
    run("groups", "create", "storage", "-m", "BAT-1", "-f", "realPowerDispatch", "--bus", fleet)
    ran = run("forecast", "storage", "--hours", "1", "--step", "15m", "--style", "steps", "--bus", fleet)
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert [row[:2] for row in rows] == [["storage", "activePower"]] * 4
    assert all(-5000 <= float(low) <= float(middle) <= float(high) <= 5000 for *_, low, middle, high, _ in rows)
    begins = [datetime.fromisoformat(row[2]) for row in rows]
    assert begins == [begins[0] + QUARTER * number for number in range(4)]


def test_it_asks_for_the_whole_intervals_that_cover_the_hours(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(telling()) as came:
        run(
            *("forecast", "feeder7", "mrid:G-8", "--hours", "1.1", "--step", "15m", "--from", "2026-05-01T10:00Z"),
            *("--parameter", "voltage", "--parameter", "activePower", "--style", "steps", "--bus", bus),
        )
    assert query_in(came) == DERGroupForecastQueries(
        references=(GroupReference(names=(Name(name="feeder7"),)), GroupReference(mrid="G-8")),
        parameters=(ParameterKind.VOLTAGE, ParameterKind.ACTIVE_POWER),
        schedules=(
            ScheduleRequest(
                style=CurveStyle.CONSTANT_Y_VALUE,
                intervals=5,
                starts_at=TEN,
                interval=15,
                interval_unit=IntervalUnit.MINUTE,
            ),
        ),
    )


def test_without_options_it_asks_for_active_power_in_the_next_four_hours(run: Run, scripted: Derms, bus: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    with scripted.answering(telling()) as came:
        run("forecast", "feeder7", "--bus", bus)
    query = query_in(came)
    (schedule,) = query.schedules
    assert isinstance(schedule, ScheduleRequest)
    assert query.parameters == (ParameterKind.ACTIVE_POWER,)
    assert (schedule.intervals, schedule.interval, schedule.style) == (16, 15, CurveStyle.STRAIGHT_LINE_Y_VALUES)
    assert before < schedule.starts_at <= datetime.now(UTC)


def test_in_a_pipe_each_value_is_a_line(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(telling()):
        ran = run("forecast", "feeder7", "--bus", bus)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split("\t") for line in ran.out.splitlines()] == [
        ["feeder7", "activePower", "2026-05-01T10:00:00Z", "-500", "1000", "2000", "W"],
        ["feeder7", "activePower", "2026-05-01T10:15:00Z", "0", "1500", "3000", "W"],
        ["feeder7", "activePower", "2026-05-01T10:30:00Z", "500", "2000", "4000", "W"],
        ["feeder7", "voltage", "2026-05-01T10:00:00Z", "-", "230.5", "-", "V"],
        ["feeder7", "voltage", "2026-05-01T10:15:00Z", "-", "231", "-", "V"],
    ]


def test_csv_has_a_header_and_numbers_in_si_units(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(telling()):
        ran = run("forecast", "feeder7", "--csv", "--bus", bus)
    rows = list(csv.DictReader(ran.out.splitlines()))
    assert len(rows) == 5
    assert rows[0] == {
        "group": "feeder7",
        "mRID": "G-7",
        "parameter": "activePower",
        "unit": "W",
        "time": "2026-05-01T10:00:00Z",
        "minimum": "-500.0",
        "nominal": "1000.0",
        "maximum": "2000.0",
    }
    assert (rows[4]["minimum"], rows[4]["nominal"], rows[4]["unit"]) == ("", "231.0", "V")


def test_json_is_the_whole_outcome(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(telling()):
        answer = json.loads(run("forecast", "feeder7", "--json", "--bus", bus).out)
    (told,) = answer["forecasts"]
    assert (told["mRID"], told["predictionCreationDate"], told["confidence"]) == ("F-1", "2026-05-01T10:00:00Z", 80.0)
    group = told["EndDeviceGroup"]
    assert (group["mRID"], group["Names"]) == ("G-7", [{"name": "feeder7"}])
    power = group["DERMonitorableParameter"][0]
    assert (power["DERParameter"], power["yUnit"], power["yUnitInstalledMax"]) == ("activePower", "W", 5000.0)
    (schedule,) = power["DispatchSchedule"]
    assert schedule["DERCurveData"][0] == {
        "timeStamp": "2026-05-01T10:00:00Z",
        "minYValue": -500.0,
        "nominalYValue": 1000.0,
        "maxYValue": 2000.0,
    }


@pytest.mark.usefixtures("utc")
def test_on_a_terminal_each_parameter_is_a_plot(on_terminal: Callable[..., str], scripted: Derms, bus: str) -> None:
    with scripted.answering(telling()):
        shown = on_terminal("forecast", "feeder7", "--bus", bus)
    assert "feeder7 activePower, 80 % sure, kW" in shown
    assert "feeder7 voltage, 80 % sure, V" in shown
    assert "10:15" in shown
    assert "minimum … maximum" in shown
    assert shown.count("nominal") == 2


def test_what_is_told_is_shown_beside_what_is_not(run: Run, scripted: Derms, bus: str) -> None:
    gone = ObjectID(value="nope", kind=IDKind.NAME, object_type="DERGroup")
    error = entry("99.1")
    half = Reply(
        result=Result.PARTIAL,
        errors=(type(error)(code="99.1", level=error.level, reason=error.reason, object_id=gone), entry("0.2")),
    )
    with scripted.answering(telling(half)):
        ran = run("forecast", "feeder7", "nope", "--bus", bus)
    assert (ran.code, len(ran.out.splitlines())) == (1, 5)
    assert ran.err == "error: 99.1 DERGroup does not exist (DERGroup nope)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'GROUP...'"),
        (("feeder7", "--hours", "0"), "--hours: must be more than 0; it is 0"),
        (("feeder7", "--hours", "nan"), "--hours: must be more than 0"),
        (("feeder7", "--step", "0m"), "--step: must be more than 0"),
        (("feeder7", "--step", "15"), "--step: '15' is no duration"),
        (("feeder7", "--from", "now"), "--from: 'now' is no time"),
        (("feeder7", "--parameter", "speed"), "'speed'"),
        (("feeder7", "--style", "dots"), "'dots'"),
        (("feeder7", "--csv", "--json"), "--csv: give either --csv or --json"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(run: Run, arguments: tuple[str, ...], message: str) -> None:
    ran = run("forecast", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert message in ran.err
