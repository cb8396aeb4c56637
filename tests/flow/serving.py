"""``dermsbus serve`` as operators run it: a process of its own, looked at over HTTP, ended by signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
_START_TIMEOUT_S = 60.0


def free_port() -> int:
    """A TCP port on loopback that nobody has just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class ServeProcess:
    """One DERMS. Starts in the block, ends with it; may be killed and started again in between."""

    def __init__(self, bus: str, folder: Path, *options: str) -> None:
        self.http_port = free_port()
        self._log_file = folder / "serve.log"
        self._command = [
            *(sys.executable, "-m", "dermsbus", "serve", "--bus", bus, "--store", str(folder / "derms.db")),
            *("--http", f"{HOST}:{self.http_port}", *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def log(self) -> str:
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def start(self, *, wait: bool = True) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DERMSBUS_")}
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )
        if wait:
            self.wait_until_ready()

    def kill(self) -> None:
        """SIGKILL: no word of farewell."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def interrupt(self, number: signal.Signals = signal.SIGINT, timeout_s: float = 20) -> int:
        """End it as Ctrl-C does; returns its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout_s)

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and body of an HTTP path."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.http_port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def wait_until_ready(self, timeout_s: float = _START_TIMEOUT_S) -> None:
        self.wait_for(200, timeout_s)

    def wait_for(self, status: int, timeout_s: float = _START_TIMEOUT_S, *, reason: str = "") -> dict[str, Any]:
        """Return what ``/ready`` says, once it answers with *status* and a reason of the bus that holds *reason*."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"serve has ended:\n{self.log}"
            try:
                answered, body = self.get("/ready")
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                answered, body = 0, {}
            if answered == status and reason in body["bus"]["reason"]:
                return body
            time.sleep(0.05)  # another process: there is no event to wait for
        raise AssertionError(f"/ready did not become {status} in {timeout_s} s:\n{self.log}")
