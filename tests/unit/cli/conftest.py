"""A DERMS on a real STOMP connection, and the command line as a person or a script uses it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from dermsbus.app import Application, make_broker
from dermsbus.cli import main
from dermsbus.settings import BusScheme, BusUrl, Settings


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
