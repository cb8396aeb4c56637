"""The commands that stay: ``serve`` and ``broker``; and the one that shows everything: ``demo``."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from dermsbus import __version__

Run = Callable[..., object]
Start = Callable[..., subprocess.Popen[str]]

UNKNOWN_ADAPTER = """
[[device]]
mrid = "A"
kind = "pv"
adapter = "simulatd"
address = "a"
[device.name_plate]
active_power_max_w = 1
apparent_power_max_va = 1
"""


SCENES = ["05:30", "05:30", "09:00", "10:00", "11:00", "12:30", "13:10", "14:00", "15:00", "16:30", "18:00", "21:00"]


def log_until(process: subprocess.Popen[str], event: str) -> dict[str, object]:
    """Read the log up to an event; its facts."""
    assert process.stderr is not None
    for line in process.stderr:
        said = json.loads(line)
        if said["event"] == event:
            return dict(said)
    raise AssertionError(f"it ended without saying {event!r}")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_it_is_serves_and_ends_cleanly(
    run: Run, start: Start, unused_port: int, how: signal.Signals
) -> None:
    bus = f"embedded://127.0.0.1:{unused_port}"
    server = start("serve", "--bus", bus, "--source", "derms7", "--http", "127.0.0.1:0", "--store", "mine.db")
    said = log_until(server, "serving")
    assert said["bus"] == bus
    assert said["requests"] == "cim.production.req.derms7"
    assert (said["profile"], said["store"], said["groups"]) == ("default", "mine.db", 0)
    assert run("groups", "create", "feeder7", "--bus", bus, "--to", "derms7").code == 0
    with urllib.request.urlopen(f"http://{said['http']}/ready", timeout=10) as response:
        assert json.load(response)["ready"] is True
    server.send_signal(how)
    out, err = server.communicate(timeout=20)
    assert (server.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert Path("mine.db").exists()


def test_serve_refuses_what_it_cannot_use_and_names_it(run: Run, tmp_path: Path) -> None:
    Path("derms.toml").write_text('bus = "stomp://u:hunter2@h:x"\nprofle = "epri"\n', encoding="utf-8")
    ran = run("serve", "--config", "derms.toml", "--http", "nowhere")
    assert (ran.code, ran.out) == (2, "")
    bus, http, profile = sorted(ran.err.splitlines(), key=lambda line: ("bus" not in line, "--http" not in line))
    assert bus.startswith("error: derms.toml: bus: has no readable host and port")
    assert http == "error: --http: must be HOST:PORT, such as 127.0.0.1:8080, or off; it is 'nowhere'"
    assert profile == "error: derms.toml: profle: there is no such setting; is profile meant?"
    assert "hunter2" not in ran.err


@pytest.mark.parametrize(
    ("catalogue", "told"),
    [
        (None, "error: fleet: fleet.toml cannot be read: No such file or directory"),
        ("device = 1", "error: fleet.toml: device: must be written as [[device]], once for each device"),
        (
            UNKNOWN_ADAPTER,
            "error: adapters.simulatd: no installed package has an adapter of this name",
        ),
    ],
)
def test_serve_refuses_a_catalogue_of_devices_that_it_cannot_use(
    run: Run, unused_port: int, catalogue: str | None, told: str
) -> None:
    if catalogue:
        Path("fleet.toml").write_text(catalogue, encoding="utf-8")
    ran = run("serve", "--bus", f"embedded://127.0.0.1:{unused_port}", "--http", "off", "--fleet", "fleet.toml")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(told)
    assert not Path("dermsbus.db").exists()


def test_serve_refuses_a_port_that_is_taken(run: Run, unused_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = run("serve", "--bus", f"embedded://127.0.0.1:{unused_port}", "--http", address)
    assert ran.code == 2
    assert f"error: http: cannot listen on {address}: Address already in use" in ran.err


def test_the_broker_alone_lets_in_who_has_the_passcode(run: Run, start: Start) -> None:
    Path("passcode").write_text("hunter2\n", encoding="utf-8")
    broker = start("broker", "--port", "0", "--login", "dms1", "--passcode-file", "passcode")
    address = str(log_until(broker, "broker listens")["bus"]).removeprefix("stomp://")
    ok = run("groups", "list", "--timeout", "1", "--bus", f"stomp://dms1@{address}?password_file=passcode")
    assert "no reply within 1 s" in ok.err, "connected, though no DERMS is there"
    refused = run("groups", "list", "--timeout", "1", "--bus", f"stomp://dms1:wrong@{address}")
    assert "not connected" in refused.err
    broker.send_signal(signal.SIGINT)
    _, err = broker.communicate(timeout=20)
    assert broker.returncode == 0
    assert "hunter2" not in err


def test_the_broker_refuses_a_passcode_that_cannot_be_read(run: Run) -> None:
    ran = run("broker", "--login", "dms1", "--passcode-file", "none")
    assert ran.code == 2
    assert ran.err.startswith("error: --passcode-file: none cannot be read: ")


@pytest.mark.slow
def test_the_demo_tells_a_day_of_a_feeder_and_all_that_must_come_of_it(start: Start, tmp_path: Path) -> None:
    process = start("demo", "--quick")
    out, err = process.communicate(timeout=90)
    assert (process.returncode, err) == (0, "")
    assert re.findall(r"^== (\d\d:\d\d) ", out, re.MULTILINE) == SCENES
    assert out.count("as expected: ") >= 2 * len(SCENES)
    assert out.count("<ResponseMessage") == 1, "one message, so that one sees what is on the wire"
    for shown in ("measured", "ordered", "clear sky", "least … most"):
        assert shown in out, "plots in a pipe too"
    assert "\x1b" not in out, "no colours in a pipe"
    assert "Try next:" in out
    assert list(tmp_path.iterdir()) == [], "and leaves nothing behind"


def test_the_day_shows_every_message_where_that_is_wanted_and_ends_cleanly_when_interrupted(
    start: Start, tmp_path: Path
) -> None:
    process = start("demo", "--quick", "--xml")
    assert process.stdout is not None
    wanted = {"<RequestMessage", "<ResponseMessage", "<Verb>created</Verb>", "<Noun>DERGroupStatuses</Noun>"}
    while wanted:
        line = process.stdout.readline()
        assert line, f"it ended without {wanted}"
        wanted = {text for text in wanted if text not in line}
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--speed", "0"), "error: --speed: must be 20 to 5000; it is 0\n"),
        (("--speed", "nan"), "error: --speed: must be 20 to 5000; it is nan\n"),
        (("group", "--quick"), "error: demo group: is told step by step: --speed and --quick go with the day\n"),
    ],
)
def test_a_demo_that_cannot_be_told_is_refused(run: Run, arguments: tuple[str, ...], told: str) -> None:
    ran = run("demo", *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", told)


def test_the_demo_shows_the_life_of_a_group_and_what_to_try_next(start: Start, tmp_path: Path) -> None:
    began = time.monotonic()
    process = start("demo", "group")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert time.monotonic() - began < 30
    assert out.count("as expected\n") == 10
    for root in ("<RequestMessage", "<ResponseMessage", "<EventMessage"):
        assert root in out
    for verb in ("created", "changed", "executed", "deleted"):
        assert f"    <Verb>{verb}</Verb>\n" in out
    assert "  6.1 " in out
    assert "  1.8 " in out
    assert "\x1b" not in out, "no colours in a pipe"
    assert "Try next:" in out
    assert "  dermsbus serve\n" in out
    assert list(tmp_path.iterdir()) == [], "and leaves nothing behind"


def test_the_version_is_said(run: Run) -> None:
    ran = run("--version")
    assert (ran.code, ran.out) == (0, f"dermsbus {__version__}\n")


def test_without_a_command_the_help_is_shown(start: Start) -> None:
    out, _ = start().communicate(timeout=20)
    for command in ("demo", "serve", "broker", "groups", "listen", "send", "check"):
        assert f"\n  {command} " in out
