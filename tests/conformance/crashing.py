"""`dermsbus serve` as a process of its own that ends without a word at a chosen step of its first message."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path

from tests.flow.serving import ServeProcess

__all__ = ["CrashingServe", "Step"]

_SCRIPT = """
import os, sys
from dermsbus.cli import main
from {module} import {owner}

def crash(*arguments, **more):
    os._exit(1)

{owner}.{method} = crash
sys.exit(main(sys.argv[1:]))
"""


class Step(StrEnum):
    """A step of a message's way, by where in the code it begins; the process ends instead of it."""

    COMMIT = "dermsbus.store.sqlite SqliteStore commit"
    SEND = "dermsbus.outbox Outbox _publish_some"
    MARK_AS_SENT = "dermsbus.store.sqlite SqliteStore mark"
    ACKNOWLEDGE = "dermsbus.transports.{transport} {Transport} settle"


class CrashingServe(ServeProcess):
    """As `ServeProcess`; started with a step, it ends there."""

    def __init__(self, bus: str, folder: Path, *options: str) -> None:
        super().__init__(bus, folder, *options)
        self._plain = list(self._command)
        self._is_amqp = bus.startswith("amqp")

    def start_to_crash(self, step: Step) -> None:
        """Start it, to end at *step*."""
        names = ("amqp091", "AmqpTransport") if self._is_amqp else ("stomp12", "StompTransport")
        module, owner, method = step.format(transport=names[0], Transport=names[1]).split()
        script = _SCRIPT.format(module=module, owner=owner, method=method)
        self._command = [self._plain[0], "-c", script, *self._plain[3:]]
        self.start()

    def start_anew(self) -> None:
        """Return once it has crashed and was started again, this time to live."""
        deadline = time.monotonic() + 30
        while self._process is not None and self._process.poll() is None:
            assert time.monotonic() < deadline, f"it has not crashed:\n{self.log}"
            time.sleep(0.02)  # another process: there is no event to wait for
        self._command = list(self._plain)
        self.start()
