"""``dermsbus groups`` against a DERMS on a real STOMP connection."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
from collections.abc import Callable
from uuid import UUID

import pytest

from dermsbus.app import make_transport
from dermsbus.settings import BusUrl
from dermsbus.transports.base import Queue, Subscription

Run = Callable[..., object]


def test_the_life_of_a_group(run: Run, derms: str) -> None:
    to = ("--bus", derms)
    created = run("groups", "create", "feeder7", "-m", "DEV-1", "-m", "DEV-2", "-f", "realPowerDispatch", *to)
    word, name, mrid = created.out.split()
    assert (created.code, word, name) == (0, "created", "feeder7")
    assert UUID(mrid)

    listed = run("groups", "list", *to)
    assert (listed.code, listed.out) == (0, f"{mrid}\tfeeder7\t2\trealPowerDispatch\t-\n")

    assert run("groups", "add-member", "feeder7", "DEV-3", "name:spare", *to).out == "changed feeder7\n"
    assert run("groups", "remove-member", mrid, "DEV-1", *to).out == f"changed {mrid}\n"
    changed = run(
        "groups", "change", "feeder7", "-f", "all", "--description", "west", "--version", "1.1", "--name", "f7", *to
    )
    assert (changed.code, changed.out) == (0, "changed feeder7\n")

    shown = run("groups", "show", f"mrid:{mrid}", *to)
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[:3] == [f"mRID: {mrid}", "names: feeder7,f7", "description: west"]
    assert lines[3].count(",") == 8
    assert lines[4:] == ["version: 1.1", "member: DEV-2", "member: DEV-3", "member: spare"]

    assert run("groups", "delete", "feeder7", *to).out == "deleted feeder7\n"
    assert run("groups", "list", *to).out == ""


def test_a_refusal_is_one_line_with_its_code_and_exit_1(run: Run, derms: str) -> None:
    run("groups", "create", "feeder7", "--bus", derms)
    again = run("groups", "create", "feeder7", "--bus", derms)
    assert (again.code, again.out) == (1, "")
    assert again.err.startswith("error: 6.1 Request cancelled per business rule: ")
    assert again.err.count("\n") == 1
    gone = run("groups", "delete", "name:nope", "--bus", derms)
    assert gone.code == 1
    assert gone.err.startswith("error: 99.1 ")
    assert "nope" in gone.err


def test_of_a_half_done_delete_what_is_gone_is_said_too(run: Run, derms: str) -> None:
    run("groups", "create", "feeder7", "--bus", derms)
    run("groups", "create", "feeder8", "--mrid", "G-8", "--bus", derms)

    deleted = run("groups", "delete", "feeder7", "nope", "mrid:G-8", "--bus", derms)

    assert (deleted.code, deleted.out) == (1, "deleted feeder7\ndeleted mrid:G-8\n")
    assert deleted.err.startswith("error: 99.1 ")


def test_a_group_needs_a_name(run: Run, derms: str) -> None:
    refused = run("groups", "create", " ", "--bus", derms)

    assert (refused.code, refused.out) == (2, "")
    assert "NAME" in refused.err


def test_what_was_found_is_shown_beside_what_was_not(run: Run, derms: str) -> None:
    run("groups", "create", "feeder7", "--mrid", "G-7", "--bus", derms)
    shown = run("groups", "show", "feeder7", "nope", "--bus", derms)
    assert shown.code == 1
    assert shown.out.startswith("mRID: G-7\n")
    assert shown.err.startswith("error: 99.1")
    assert shown.err.count("\n") == 1, "a notice such as 0.2 is no error"


def test_json_is_the_whole_outcome_on_one_line(run: Run, derms: str) -> None:
    run("groups", "create", "feeder7", "--mrid", "G-7", "-m", "DEV-1", "--version", "2", "--bus", derms)
    shown = run("groups", "show", "feeder7", "nope", "--json", "--bus", derms)
    assert (shown.code, shown.err, shown.out.count("\n")) == (1, "", 1)
    answer = json.loads(shown.out)
    assert answer["result"] == "PARTIAL"
    assert "99.1" in [error["code"] for error in answer["errors"]]
    (group,) = answer["groups"]
    assert group.pop("DERFunction")["voltVarCurveFunction"] is False
    assert group == {
        "mRID": "G-7",
        "EndDevices": [{"mRID": "DEV-1"}],
        "Names": [{"name": "feeder7"}],
        "version": {"major": 2},
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("change", "feeder7"), "nothing to change"),
        (("create", "feeder7", "-f", "fly"), "--function: 'fly' is none of connectDisconnect"),
        (("create", "feeder7", "--version", "1.x"), "--version: '1.x' is not of the form"),
        (("create",), "Missing argument 'NAME'"),
        (("list", "--bus", "http://h"), "--bus: must begin with one of stomp://"),
        (("list", "--to", "DERMS 1"), "--to: must be lower-case letters"),
        (("list", "--timeout", "0"), "--timeout: must be greater than 0"),
        (("list", "--config", "none.toml"), "--config: none.toml cannot be read: No such file"),
        (("lst",), "No such command 'lst'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(run: Run, arguments: tuple[str, ...], told: str) -> None:
    ran = run("groups", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith("error: ")
    assert told in ran.err


def test_without_a_broker_it_says_where_it_tried_and_ends_in_time(run: Run, unused_port: int) -> None:
    ran = run("groups", "list", "--bus", f"stomp://u:hunter2@127.0.0.1:{unused_port}", "--timeout", "1")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert f"127.0.0.1:{unused_port}" in ran.err
    assert "refused" in ran.err
    assert "hunter2" not in ran.err


def test_without_a_derms_it_says_that_nobody_answered(run: Run, bus: str) -> None:
    ran = run("groups", "list", "--bus", bus, "--timeout", "0.5")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "no reply within 0.5 s" in ran.err


def test_the_bus_can_be_named_by_variable_or_file(
    run: Run, derms: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("DERMSBUS_BUS", derms)
    assert run("groups", "list").code == 0
    monkeypatch.delenv("DERMSBUS_BUS")
    with open("derms.toml", "w", encoding="utf-8") as config:
        config.write(f'bus = "{derms}"\n[dms]\nsource = "dms9"\n')
    assert run("groups", "list", "--config", "derms.toml").code == 0


def test_ctrl_c_ends_a_call_that_waits(start: Callable[..., subprocess.Popen[str]], bus: str) -> None:
    requests: queue.SimpleQueue[object] = queue.SimpleQueue()
    transport = make_transport(BusUrl.parse(bus))
    transport.start()
    try:
        transport.wait_until_up(10)
        transport.subscribe(Subscription(destination=Queue("cim.production.req.derms1")), requests.put)
        process = start("groups", "list", "--bus", bus)
        requests.get(timeout=20)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        transport.stop()
    assert (process.returncode, out, err) == (130, "", "")


def test_on_a_terminal_groups_are_a_table(run: Run, on_terminal: Callable[..., str], derms: str) -> None:
    run("groups", "create", "feeder7", "--mrid", "G-7", "-m", "DEV-1", "-f", "realPowerDispatch", "--bus", derms)
    shown = on_terminal("groups", "list", "--bus", derms)
    row = next(line for line in shown.splitlines() if "feeder7" in line)
    assert [cell.strip() for cell in row.split("│")] == ["", "feeder7", "G-7", "1", "realPowerDispatch", "-", ""]


def test_a_name_can_neither_break_a_line_nor_steer_the_terminal(run: Run, derms: str) -> None:
    assert run("groups", "create", "a\nb\x9b2J", "--mrid", "G-7", "--bus", derms).code == 0
    assert run("groups", "list", "--bus", derms).out == "G-7\ta\\nb\\x9b2J\t0\t-\t-\n"
