"""``dermsbus status`` against a DERMS with simulated devices, on a real STOMP connection."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dermsbus.app import Application
from dermsbus.settings import BusUrl, Settings

Run = Callable[..., object]
Start = Callable[..., subprocess.Popen[str]]
CATALOGUE = Path(__file__).parents[3] / "config" / "fleet.toml"


@pytest.fixture
def feeder(bus: str, tmp_path: Path, run: Run) -> Iterator[str]:
    """The URL of a bus with a DERMS that has two groups of simulated devices and tells of them each second."""
    settings = Settings.model_validate(
        {
            "bus": BusUrl.parse(bus),
            "store": tmp_path / "derms.db",
            "http": None,
            "fleet": CATALOGUE,
            "devices": {"poll_period_s": 0.1},
            "push": {"status_period_s": 1},
        }
    )
    with Application(settings) as application:
        application.wait_until_ready(10)
        assert run("groups", "create", "storage", "--mrid", "G-1", "-m", "BAT-1", "-f", "all", "--bus", bus).code == 0
        assert run("groups", "create", "lost", "--mrid", "G-2", "-m", "NOBODY", "--bus", bus).code == 0
        yield bus


def test_all_groups_a_line_each_in_a_pipe(run: Run, feeder: str) -> None:
    ran = run("status", "--bus", feeder)

    assert ran.code == 0
    storage, lost = (line.split("\t") for line in ran.out.splitlines())
    assert (storage[0], storage[4], storage[5], storage[6]) == ("storage", storage[4], "-5.00 kW … 5.00 kW", "Online")
    assert storage[1].endswith("W")
    assert storage[2].endswith("VAr")
    assert storage[3].endswith(" V")
    assert storage[7] in {"0 s", "1 s", "2 s"}
    assert lost == ["lost", "-", "-", "-", "-", "0.0 W … 0.0 W", "Offline", "-"]


def test_what_is_known_is_shown_beside_what_is_not(run: Run, feeder: str) -> None:
    ran = run("status", "G-1", "mrid:G-1", "nope", "--bus", feeder)

    assert ran.code == 1
    assert ran.out.startswith("storage\t")
    assert [line.split()[1] for line in ran.err.splitlines()] == ["99.1", "99.1"]


def test_json_has_the_elements_of_the_wire_in_si_units(run: Run, feeder: str) -> None:
    answer = json.loads(run("status", "storage", "--json", "--bus", feeder).out)

    assert answer["result"] == "OK"
    (status,) = answer["statuses"]
    assert (status["mRID"], status["status"]["value"]) == ("G-1", "Online")
    power = status["DERMonitorableParameter"][0]
    assert (power["DERParameter"], power["yUnit"]) == ("activePower", "W")
    assert (power["yUnitInstalledMin"], power["yUnitInstalledMax"]) == (-5000.0, 5000.0)


def test_watching_writes_each_report_of_the_groups_asked_for(start: Start, feeder: str) -> None:
    watching = start("status", "storage", "--watch", "--json", "--bus", feeder)
    assert watching.stdout is not None

    told = [json.loads(watching.stdout.readline()) for _ in range(3)]
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=20)

    assert [each["mRID"] for each in told] == ["G-1"] * 3
    assert len({each["status"]["dateTime"] for each in told}) == 3
    assert watching.returncode == 130
    assert err.splitlines() == [f"watching derms1 on {feeder}; Ctrl-C ends"]


def test_watching_an_unknown_group_ends_at_once(run: Run, feeder: str) -> None:
    ran = run("status", "nope", "--watch", "--bus", feeder)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: 99.1 ")


def test_watching_on_a_terminal_redraws_one_table_and_leaves_it_clean(start: Start, feeder: str) -> None:
    ours, theirs = pty.openpty()
    watching = start("status", "--watch", "--bus", feeder, stdout=theirs)
    os.close(theirs)
    shown = b""
    while shown.count(b"Online") < 3:
        shown += os.read(ours, 4096)

    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=20)

    shown += os.read(ours, 65536)
    os.close(ours)
    assert watching.returncode == 130
    assert "Traceback" not in err
    assert b"storage" in shown
    assert b"\x1b[1A" in shown, "the table stays where it is"
    assert shown.rstrip().endswith(b"\x1b[?25h"), "the cursor is back"
