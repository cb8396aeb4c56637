"""``dermsbus capabilities`` against a DERMS with simulated devices, on a real STOMP connection."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.scripted_derms import OK, Derms, carrying

Run = Callable[..., object]
FUNCTIONS = ("-f", "realPowerDispatch", "-f", "reactivePowerDispatch")


@pytest.fixture
def feeder(run: Run, fleet: str) -> str:
    """A DERMS with two groups: one of a battery, one without devices."""
    run("groups", "create", "storage", "--mrid", "G-1", "-m", "BAT-1", *FUNCTIONS, "--bus", fleet)
    run("groups", "create", "lost", "--mrid", "G-2", "-m", "NOBODY", "--bus", fleet)
    return fleet


def test_each_parameter_of_each_group_is_a_line_in_a_pipe(run: Run, feeder: str) -> None:
    ran = run("capabilities", "--bus", feeder)
    assert (ran.code, ran.err) == (0, "")
    power, reactive, lost = (line.split("\t") for line in ran.out.splitlines())
    can = "reactivePowerDispatch,realPowerDispatch"
    assert power[:4] == ["storage", can, "activePower", "-5.00 kW … 5.00 kW"]
    assert power[4].endswith("kW")
    assert reactive[:4] == ["storage", can, "reactivePower", "-2.20 kVAr … 2.20 kVAr"]
    assert lost == ["lost", "-", "activePower", "0.0 W … 0.0 W", "-"]


def test_what_is_known_is_shown_beside_what_is_not(run: Run, feeder: str) -> None:
    ran = run("capabilities", "storage", "nope", "--bus", feeder)
    assert (ran.code, len(ran.out.splitlines())) == (1, 2)
    assert ran.err.count("\n") == 1, "both answers say the same"
    assert ran.err.startswith("error: 99.1 ")


def test_a_group_that_is_not_there_is_asked_for_once(run: Run, feeder: str) -> None:
    ran = run("capabilities", "nope", "--bus", feeder)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: 99.1 ")


def test_json_has_the_parameters_within_their_group(run: Run, feeder: str) -> None:
    ran = run("capabilities", "mrid:G-1", "nope", "--json", "--bus", feeder)
    answer = json.loads(ran.out)
    assert (ran.code, answer["result"], answer["errors"][0]["code"]) == (1, "PARTIAL", "99.1")
    (group,) = answer["groups"]
    assert group["DERFunction"]["realPowerDispatch"] is True
    power = group["DERMonitorableParameter"][0]
    assert (power["DERParameter"], power["yUnitInstalledMin"], power["yUnitInstalledMax"]) == (
        *("activePower", -5000.0, 5000.0),
    )


def test_on_a_terminal_it_is_a_table_with_the_group_once(on_terminal: Callable[..., str], feeder: str) -> None:
    shown = on_terminal("capabilities", "--bus", feeder)
    assert shown.count("storage") == 1
    assert "reactivePower " in shown
    assert "-2.20 kVAr … 2.20 kVAr" in shown


def test_a_derms_that_tells_no_status_leaves_the_functions(run: Run, scripted: Derms, bus: str) -> None:
    with scripted.answering(lambda request: (OK, carrying("G-A") if request.header.noun == "DERGroups" else None)):
        ran = run("capabilities", "--bus", bus)
    assert (ran.code, ran.out) == (0, "G-A\tconnectDisconnect,realPowerDispatch\t-\t-\t-\n")
