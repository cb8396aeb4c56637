"""``dermsbus dispatch``, ``dispatches`` and ``cancel`` against a DERMS on a real STOMP connection."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from dermsbus.messages.answers import entry
from dermsbus.messages.envelope import DERGroupDispatches, DispatchOrder, Envelope, Payload, Reply, Result
from tests.scripted_derms import OK, Derms

Run = Callable[..., object]
Start = Callable[..., subprocess.Popen[str]]

HOUR = ("--for", "1h")
EQUAL = "time,kW\n0,200\n15m,350\n30m,-50.5\n"


def order_in(envelope: Envelope) -> DispatchOrder:
    content = envelope.payload.content if envelope.payload else None
    assert isinstance(content, DERGroupDispatches)
    (order,) = content.orders
    assert isinstance(order, DispatchOrder)
    return order


def echo(envelope: Envelope) -> tuple[Reply, Payload | None]:
    given = replace(order_in(envelope), mrid="D-1")
    return OK, Payload(content=DERGroupDispatches(orders=(given,)))


def ordered(run: Run, scripted: Derms, bus: str, *arguments: str) -> DispatchOrder:
    """The order that a DERMS receives."""
    with scripted.answering(echo) as came:
        ran = run("dispatch", "feeder7", *arguments, "--bus", bus)
    assert (ran.code, ran.err) == (0, "")
    return order_in(came[0])


def values(order: DispatchOrder) -> list[float | None]:
    return [point.nominal for curve in order.curves for point in curve.points]


def minutes(order: DispatchOrder) -> list[float]:
    start = order.curves[0].points[0].at
    return [(point.at - start).total_seconds() / 60 for curve in order.curves for point in curve.points]


# -- against a DERMS with devices ----------------------------------------------------------------------------------


def test_the_life_of_an_order(run: Run, fleet: str) -> None:
    to = ("--bus", fleet)
    run("groups", "create", "storage", "--mrid", "G-1", "-m", "BAT-1", "-f", "all", *to)

    given = run("dispatch", "storage", "--kw", "-2", *HOUR, "--in", "10m", "--name", "evening", *to)
    word, mrid, group, parameter, value, unit, *_ = given.out.split()
    assert (given.code, word, group, parameter, value, unit) == (
        0,
        "dispatched",
        "storage",
        "activePower",
        "-2.00",
        "kW",
    )
    assert UUID(mrid)

    (listed,) = run("dispatches", *to).out.splitlines()
    name, listed_mrid, group, parameter, begin, end, value, state = listed.split("\t")
    assert (name, listed_mrid, group, parameter, value, state) == (
        *("evening", mrid, "storage", "activePower", "-2.00 kW", "scheduled"),
    )
    assert datetime.fromisoformat(end) - datetime.fromisoformat(begin) == timedelta(hours=1)
    assert run("dispatches", "storage", *to).out == listed + "\n"

    assert run("cancel", "evening", *to).out == "canceled evening\n"
    assert run("dispatches", *to).out == ""
    gone = run("cancel", mrid, "name:nope", *to)
    assert gone.code == 1
    assert "nope" in gone.err


def test_json_is_the_whole_outcome_in_si_units(run: Run, fleet: str) -> None:
    run("groups", "create", "storage", "--mrid", "G-1", "-m", "BAT-1", "-f", "all", "--bus", fleet)
    given = json.loads(run("dispatch", "storage", "--kw", "1.5", *HOUR, "--json", "--bus", fleet).out)
    told = json.loads(run("dispatches", "--json", "--bus", fleet).out)
    assert given["result"] == told["result"] == "OK"
    assert given["dispatches"] == told["dispatches"]
    parameter = told["dispatches"][0]["EndDeviceGroup"]["DERMonitorableParameter"]
    (schedule,) = parameter.pop("DispatchSchedule")
    assert parameter == {"DERParameter": "activePower", "yUnit": "W"}
    assert (schedule["timeIntervalDuration"], schedule["timeIntervalUnit"]) == (1, "h")
    assert [each["nominalYValue"] for each in schedule["DERCurveData"]] == [1500.0]


def test_a_refused_order_is_one_line_with_its_code_and_exit_1(run: Run, fleet: str) -> None:
    run("groups", "create", "storage", "-m", "BAT-1", "-f", "connectDisconnect", "--bus", fleet)
    refused = run("dispatch", "storage", "--kw", "1", *HOUR, "--bus", fleet)
    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert refused.err.startswith("error: 6.1 Request cancelled per business rule: ")
    assert run("dispatch", "nope", "--kw", "1", *HOUR, "--bus", fleet).err.startswith("error: 99.1 ")
    assert run("dispatches", "nope", "--bus", fleet).err.startswith("error: 99.1 ")


def test_on_a_terminal_dispatches_are_a_table(run: Run, on_terminal: Callable[..., str], fleet: str) -> None:
    assert "no dispatches" in on_terminal("dispatches", "--bus", fleet)
    run("groups", "create", "storage", "--mrid", "G-1", "-m", "BAT-1", "-f", "all", "--bus", fleet)
    run("dispatch", "storage", "--kw", "1", *HOUR, "--mrid", "D-1", "--name", "now", "--bus", fleet)
    shown = on_terminal("dispatches", "--bus", fleet)
    row = next(line for line in shown.splitlines() if "D-1" in line)
    cells = [cell.strip() for cell in row.split("│")]
    assert cells[1:5] == ["now", "D-1", "storage", "activePower"]
    assert cells[7] == "1.00 kW"
    assert "active" in cells[8]


# -- what is sent --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--kw", "500"), ("activePower", 500_000.0)),
        (("--kw", "-200"), ("activePower", -200_000.0)),
        (("--kw=-200",), ("activePower", -200_000.0)),
        (("--kw", "0.1"), ("activePower", 100.0)),
        (("--kvar", "-.5"), ("reactivePower", -500.0)),
        (("--kva", "2e1"), ("apparentPower", 20_000.0)),
        (("--volt", "231.5"), ("voltage", 231.5)),
        (("--ramp-up", "100"), ("increasingRampRate", 100.0)),
        (("--ramp-down", "100"), ("decreasingRampRate", 100.0)),
    ],
)
def test_each_quantity_is_ordered_in_its_unit(
    run: Run, scripted: Derms, bus: str, arguments: tuple[str, ...], expected: tuple[str, float]
) -> None:
    order = ordered(run, scripted, bus, *arguments, *HOUR, "--at", "2026-05-01T10:00Z", "--mrid", "D-9", "--name", "n")
    assert order.group is not None
    assert (order.mrid, order.names[0].name, order.group.names[0].name) == ("D-9", "n", "feeder7")
    (curve,) = order.curves
    assert (order.parameter, *values(order)) == expected
    assert (curve.points[0].at, curve.ends_at) == (
        datetime(2026, 5, 1, 10, tzinfo=UTC),
        datetime(2026, 5, 1, 11, tzinfo=UTC),
    )


def test_an_order_without_a_time_begins_now_and_one_with_in_later(run: Run, scripted: Derms, bus: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    now, later = (ordered(run, scripted, bus, "--kw", "1", *HOUR, *when) for when in ((), ("--in", "10m")))
    assert before < now.curves[0].points[0].at <= datetime.now(UTC)
    assert before < later.curves[0].points[0].at - timedelta(minutes=10) <= datetime.now(UTC)


@pytest.mark.parametrize(
    "content",
    [EQUAL, EQUAL.replace(",", ";"), EQUAL.replace(",", "\t"), "\n# a day\n" + EQUAL, "+0m,200\n15m,350\n\n30m,-50.5"],
)
def test_a_curve_of_equal_steps_is_one_schedule(run: Run, scripted: Derms, bus: str, content: str) -> None:
    Path("day.csv").write_text(content, encoding="utf-8-sig")
    order = ordered(run, scripted, bus, "--kw", "--curve", "day.csv", "--in", "1h")
    (curve,) = order.curves
    assert (curve.style, curve.interval, curve.interval_unit) == ("constantYValue", 15, "m")
    assert (values(order), minutes(order)) == ([200_000.0, 350_000.0, -50_500.0], [0, 15, 30])
    assert curve.ends_at - curve.points[-1].at == timedelta(minutes=15)


def test_a_line_ends_with_its_last_point(run: Run, scripted: Derms, bus: str) -> None:
    Path("day.csv").write_text(EQUAL, encoding="utf-8")
    (curve,) = ordered(run, scripted, bus, "--line", "--curve", "day.csv", "--kw").curves
    assert (curve.style, len(curve.points)) == ("straightLineYValues", 3)
    assert curve.ends_at == curve.points[-1].at


def test_a_curve_of_unequal_steps_is_a_schedule_for_each(run: Run, scripted: Derms, bus: str) -> None:
    Path("day.csv").write_text("0,1\n15m,2\n1h,3\n", encoding="utf-8")
    order = ordered(run, scripted, bus, "--kvar", "--curve", "day.csv", "--for", "90m")
    assert len(order.curves) == 3
    assert (values(order), minutes(order)) == ([1000.0, 2000.0, 3000.0], [0, 15, 60])
    assert order.curves[-1].ends_at - order.curves[0].points[0].at == timedelta(minutes=90)


@pytest.mark.usefixtures("utc")
def test_the_times_of_a_curve_go_over_midnight(run: Run, scripted: Derms, bus: str) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    Path("day.csv").write_text(f"{tomorrow}T23:30Z,1\n23:45,2\n00:00,3\n00:15,4\n", encoding="utf-8")
    (curve,) = ordered(run, scripted, bus, "--volt", "--curve", "day.csv").curves
    assert [f"{point.at:%H:%M}" for point in curve.points] == ["23:30", "23:45", "00:00", "00:15"]
    assert curve.points[-1].at - curve.points[0].at == timedelta(minutes=45)


def test_any_parameter_takes_a_curve_in_si_units(run: Run, scripted: Derms, bus: str) -> None:
    Path("day.csv").write_text("0,1500\n1h,2500\n", encoding="utf-8")
    order = ordered(run, scripted, bus, "--parameter", "lowFilterUpRegulation", "--curve", "day.csv")
    assert (order.parameter, values(order)) == ("lowFilterUpRegulation", [1500.0, 2500.0])


def test_a_curve_comes_from_standard_input_too(start: Start, scripted: Derms, bus: str) -> None:
    with scripted.answering(echo) as came:
        process = start("dispatch", "feeder7", "--kw", "--curve", "-", "--bus", bus)
        out, err = process.communicate("0,1\n1m,2\n", timeout=20)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("dispatched D-1 feeder7 activePower 1.00 kW … 2.00 kW from ")
    assert values(order_in(came[0])) == [1000.0, 2000.0]


# -- what is said --------------------------------------------------------------------------------------------------


def test_what_was_done_otherwise_than_asked_is_said(run: Run, scripted: Derms, bus: str) -> None:
    def clipped(envelope: Envelope) -> tuple[Reply, Payload | None]:
        order = order_in(envelope)
        (curve,) = order.curves
        less = replace(curve, points=tuple(replace(point, nominal=5000.0) for point in curve.points))
        taken = replace(order, mrid="D-1", curves=(less,))
        reply = Reply(result=Result.OK, errors=(entry("0.0", "the order was clipped to 5000 W"),))
        return reply, Payload(content=DERGroupDispatches(orders=(taken,)))

    with scripted.answering(clipped):
        ran = run("dispatch", "feeder7", "--kw", "9", *HOUR, "--bus", bus)
    said, note = ran.out.splitlines()
    assert said.startswith("dispatched D-1 feeder7 activePower 5.00 kW from ")
    assert note == "note: the order was clipped to 5000 W"
    assert (ran.code, ran.err) == (0, "")


def test_an_answer_without_the_order_is_enough(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(lambda _: (OK, None)):
        ran = run("dispatch", "feeder7", "--volt", "230", *HOUR, "--mrid", "D-7", "--bus", bus)
    assert (ran.code, ran.out.split(" from ")[0]) == (0, "dispatched D-7 feeder7 voltage 230.0 V")


def test_of_a_half_done_cancel_what_is_canceled_is_said_too(run: Run, fleet: str) -> None:
    run("groups", "create", "storage", "-m", "BAT-1", "-f", "all", "--bus", fleet)
    run("dispatch", "storage", "--kw", "1", *HOUR, "--mrid", "D-1", "--bus", fleet)
    ran = run("cancel", "mrid:D-1", "nope", "--bus", fleet)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "canceled mrid:D-1\n", 1)


def test_a_dispatch_of_which_little_is_told_is_listed_all_the_same(run: Run, scripted: Derms, bus: str) -> None:
    bare = Payload(content=DERGroupDispatches(orders=(DispatchOrder(mrid="D-1"),)))
    with scripted.answering(lambda _: (OK, bare)):
        ran = run("dispatches", "--bus", bus)
    assert (ran.code, ran.out) == (0, "-\tD-1\t-\t-\t-\t-\t-\t-\n")


# -- wrong usage ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "dispatch: say what is ordered by one of --kw, --kvar, --kva, --volt, --ramp-up, --ramp-down"),
        (("--kw", "1", "--kvar", "2"), "given: --kw, --kvar"),
        (("--kw", "1", "--parameter", "voltage"), "given: --kw, --parameter"),
        (("--kw",), "--kw: give a number behind it, or --curve FILE"),
        (("--parameter", "voltage", "--for", "1h"), "--parameter: give --curve FILE"),
        (("--parameter", "speed"), "'speed'"),
        (("--kw", "five", *HOUR), "--kw: 'five' is not a number"),
        (("--kw", "nan", *HOUR), "--kw: 'nan' is not a number"),
        (("--kw", "1e400", *HOUR), "--kw: '1e400' is not a number"),
        (("--kw", "1"), "--for: say how long the order holds"),
        (("--kw", "1", "--for", "0m"), "--for: say how long the order holds"),
        (("--kw", "1", "--for", "1 h"), "--for: '1 h' is no duration"),
        (("--kw", "1", *HOUR, "--at", "noon"), "--at: 'noon' is no time"),
        (("--kw", "1", *HOUR, "--at", "10:00", "--in", "5m"), "give either --at or --in"),
        (("--kw", "1", *HOUR, "--line"), "--line: goes with --curve"),
        (("--kw", "1", "--curve", "day.csv"), "--kw: give either '1' or --curve, not both"),
        (("--kw", "--curve", "none.csv"), "--curve: none.csv cannot be read: No such file"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(run: Run, arguments: tuple[str, ...], told: str) -> None:
    ran = run("dispatch", "feeder7", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith("error: ")
    assert told in ran.err


@pytest.mark.parametrize(
    ("content", "more", "told"),
    [
        ("", (), "day.csv: holds no values"),
        ("time,kW\n", (), "day.csv: holds no values"),
        ("0,1\n15m,abc\n", (), "day.csv:2: 'abc' is not a number"),
        ("08:00,abc\n", (), "day.csv:1: 'abc' is not a number"),
        ("0,1\n\n15x,2\n", (), "day.csv:3: '15x' is no duration"),
        ("0,1\n15m\n", (), "day.csv:2: has 1 columns"),
        ("0,1,2\n", (), "day.csv:1: has 3 columns"),
        ("0,1\n15m,2\n15m,3\n", (), "day.csv:3: '15m' is not after the time of the line before"),
        ("23:00,1\n15m,2\n", (), "day.csv:2: '15m' is an offset among times"),
        ("0,1\n23:00,2\n", (), "day.csv:2: '23:00' is no duration"),
        ("23:00,1\n23:15,2\n", ("--in", "5m"), "day.csv:1: the times of the curve say when it starts"),
        ("0,1\n", (), "--for: day.csv holds a single value"),
        ("0,1\n", ("--line",), "--for: day.csv holds a single value"),
        ("0,1\n1h,2\n", ("--for", "1h"), "--for: is over before the last value of day.csv holds"),
        ("0,1\n1h,2\n", ("--for", "30m", "--line"), "--for: is over before the last value of day.csv holds"),
    ],
)
def test_what_is_wrong_in_a_curve_is_said_with_its_line(
    run: Run, content: str, more: tuple[str, ...], told: str
) -> None:
    Path("day.csv").write_text(content, encoding="utf-8")
    ran = run("dispatch", "feeder7", "--kw", "--curve", "day.csv", *more)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert told in ran.err


def test_a_curve_that_is_no_text_is_said_so(run: Run) -> None:
    Path("day.csv").write_bytes(b"\xff\xfe0,1")
    ran = run("dispatch", "feeder7", "--kw", "--curve", "day.csv")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "day.csv is not UTF-8 text" in ran.err
