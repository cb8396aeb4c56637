"""A DERMS on a real STOMP connection, and the command line as a person or a script uses it."""

from __future__ import annotations

import logging
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from dermsbus.app import Application, make_broker, make_transport
from dermsbus.cli import main
from dermsbus.settings import BusScheme, BusUrl, Settings
from tests.scripted_derms import Derms

CATALOGUE = Path(__file__).parents[3] / "config" / "fleet.toml"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command left: exit status, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in os.environ:
        if name.upper().startswith("DERMSBUS_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level, on_term = root.handlers[:], root.level, signal.getsignal(signal.SIGTERM)
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    signal.signal(signal.SIGTERM, on_term)


@pytest.fixture
def bus() -> Iterator[str]:
    """The URL of an embedded broker."""
    broker = make_broker(BusUrl(scheme=BusScheme.EMBEDDED, host="127.0.0.1", port=0))
    broker.start()
    yield f"stomp://127.0.0.1:{broker.port}"
    broker.stop()


@pytest.fixture
def derms(bus: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a broker on which a DERMS called derms1 serves."""
    settings = Settings(bus=BusUrl.parse(bus), store=tmp_path / "derms.db", http=None)
    with Application(settings) as application:
        application.wait_until_ready(10)
        yield bus


@pytest.fixture
def fleet(bus: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a broker on which a DERMS with simulated devices serves."""
    settings = Settings.model_validate(
        {
            "bus": BusUrl.parse(bus),
            "store": tmp_path / "derms.db",
            "http": None,
            "fleet": CATALOGUE,
            "devices": {"poll_period_s": 0.1},
        }
    )
    with Application(settings) as application:
        application.wait_until_ready(10)
        yield bus


@pytest.fixture
def scripted(bus: str) -> Iterator[Derms]:
    """A DERMS on *bus* that answers what the test says."""
    derms = Derms(make_transport(BusUrl.parse(bus)))
    derms.start()
    yield derms
    derms.transport.stop()


@pytest.fixture
def unused_port() -> int:
    """A TCP port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command in this process."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(arguments)
        out, err = capsys.readouterr()
        return Ran(code=code, out=out, err=err)

    return run


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local zone is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a command in a process of its own; what is still running at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **options: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "dermsbus", *arguments],
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def on_terminal(start: Start, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command to its end on a terminal of 120 columns; returns what it shows."""

    def on_terminal(*arguments: str) -> str:
        monkeypatch.setenv("COLUMNS", "120")
        ours, theirs = pty.openpty()
        process = start(*arguments, stdout=theirs)
        os.close(theirs)
        shown = b""
        with open(ours, "rb", buffering=0) as terminal:
            try:
                while chunk := terminal.read(65536):
                    shown += chunk
            except OSError:
                pass  # the terminal's other end is closed: on Linux that is an error
        process.wait(timeout=20)
        return shown.decode()

    return on_terminal
