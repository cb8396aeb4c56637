"""Devices that keep what they are told until they let go, and answer, refuse, hang and forget as a test tells them to."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from dermsbus.adapters.acceptance import VALUES
from dermsbus.adapters.base import AdapterError, Command, DeviceRejected, DeviceUnavailable, Discovered, Effect
from dermsbus.domain.der import Device, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LOST", "REFUSED", "TAKEN", "ScriptedDevices"]

LOST = "lost"
"""No answer, and nothing arrived."""
TAKEN = "taken"
"""No answer, although it was done."""
REFUSED = "refused"
"""It says no."""


@dataclass
class _Memory:
    """What one device holds: each value with its end."""

    values: dict[str, tuple[float, datetime | None]] = field(default_factory=dict)
    connected: bool = True


class ScriptedDevices:
    """An adapter to devices that exist as soon as they are named.

    Args:
        clock: by which they let go.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.told: list[tuple[str, Command]] = []
        """What arrived at devices and was taken, in order."""
        self.tried: list[str] = []
        """Whom a command was sent to, taken or not, in order."""
        self.asked: list[str] = []
        """Who was asked what it holds, in order."""
        self.closed = threading.Event()
        self.never_two_at_once = True
        self.forgets_to_let_go = False
        self.rounds_to: float | None = None
        self._clock = clock
        self._lock = threading.RLock()
        self._memory: defaultdict[str, _Memory] = defaultdict(_Memory)
        self._commands: defaultdict[str, deque[str | Exception]] = defaultdict(deque)
        self._answers: defaultdict[str, deque[str | Exception]] = defaultdict(deque)
        self._refused: defaultdict[str, set[str]] = defaultdict(set)
        self._gates: dict[str, threading.Event] = {}
        self._entered: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(0))
        self._busy: set[str] = set()
        self._offline: set[str] = set()

    # -- what a test tells them ------------------------------------------------------------------------------------

    def on_command(self, mrid: str, *outcomes: str | Exception) -> None:
        """What becomes of the next commands: `LOST`, `TAKEN`, `REFUSED`, or an exception to raise."""
        self._commands[mrid].extend(outcomes)

    def on_question(self, mrid: str, *outcomes: str | Exception) -> None:
        """What becomes of the next questions what it holds: `LOST`, `REFUSED`, or an exception to raise."""
        self._answers[mrid].extend(outcomes)

    def refuse(self, mrid: str, *functions: str) -> None:
        """From now on it refuses commands of these functions, ``release`` and ``connect`` among them; none for none."""
        self._refused[mrid] = set(functions)

    def offline(self, *mrids: str) -> None:
        """From now on nothing arrives at these devices, and at all others it does."""
        self._offline = set(mrids)

    def hold_up(self, mrid: str) -> threading.Event:
        """Commands of the device wait in the middle until the event is set."""
        gate = self._gates[mrid] = threading.Event()
        return gate

    def wait_until_in(self, mrid: str) -> None:
        """Return when a worker is in the middle of a command of the device."""
        assert self._entered[mrid].acquire(timeout=10)

    def forget(self, mrid: str) -> None:
        """It has restarted, and holds nothing any more."""
        with self._lock:
            self._memory[mrid].values.clear()

    def hold(self, mrid: str, ends_at: datetime | None = None, **values: float) -> None:
        """It holds these values, whoever told it."""
        with self._lock:
            self._memory[mrid].values |= {name: (value, ends_at) for name, value in values.items()}

    def switch(self, mrid: str, *, connected: bool) -> None:
        """It is connected or not, whoever did it."""
        self._memory[mrid].connected = connected

    # -- what a test asks them -------------------------------------------------------------------------------------

    def held(self, mrid: str) -> dict[str, float]:
        """What the device holds now."""
        with self._lock:
            self._let_go(mrid)
            return {name: value for name, (value, _) in self._memory[mrid].values.items()}

    def end_of(self, mrid: str, function: str) -> datetime | None:
        return self._memory[mrid].values[function][1]

    def is_connected(self, mrid: str) -> bool:
        return self._memory[mrid].connected

    def heard(self, mrid: str) -> list[tuple[str, float | bool]]:
        """What the device took, as function and value, in order; a release is ``("release", True)``."""
        names = (*VALUES, "connect")
        heard: list[tuple[str, float | bool]] = []
        for command in (command for of, command in self.told if of == mrid):
            if command.release:
                heard.append(("release", True))
            heard += [(name, value) for name in names if (value := getattr(command, name)) is not None]
        return heard

    # -- the adapter -----------------------------------------------------------------------------------------------

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        with self._entry(device.mrid):
            self.tried.append(device.mrid)
            self._entered[device.mrid].release()
            if device.mrid in self._gates:
                self._gates[device.mrid].wait(60)
            outcome = self._commands[device.mrid].popleft() if self._commands[device.mrid] else ""
            self._fail(device.mrid, LOST if device.mrid in self._offline else outcome)
            self._check(device.mrid, command)
            with self._lock:
                self._take(device.mrid, command)
            if outcome == TAKEN:
                raise DeviceUnavailable(device.mrid, "no answer")

    def read_back(self, device: Device, timeout_s: float) -> Effect:
        with self._entry(device.mrid):
            self.asked.append(device.mrid)
            outcome = self._answers[device.mrid].popleft() if self._answers[device.mrid] else ""
            self._fail(device.mrid, LOST if device.mrid in self._offline else outcome)
            return Effect(connected=self._memory[device.mrid].connected, **self.held(device.mrid))

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        return Discovered(name_plate=device.name_plate, capabilities=frozenset((*VALUES, "connect", "release")))

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        raise NotImplementedError

    def close(self) -> None:
        self.closed.set()

    @contextmanager
    def _entry(self, mrid: str) -> Iterator[None]:
        with self._lock:
            self.never_two_at_once = self.never_two_at_once and mrid not in self._busy
            self._busy.add(mrid)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(mrid)

    def _fail(self, mrid: str, outcome: str | Exception) -> None:
        if isinstance(outcome, Exception):
            raise outcome
        if outcome == LOST:
            raise DeviceUnavailable(mrid, "no answer")
        if outcome == REFUSED:
            raise DeviceRejected(mrid, "not now")

    def _check(self, mrid: str, command: Command) -> None:
        for name in self._refused[mrid]:
            if getattr(command, name):
                raise DeviceRejected(mrid, f"no {name}")
        if command.expires_at is not None and command.expires_at <= self._clock():
            raise DeviceRejected(mrid, "the order ended before it was given")

    def _take(self, mrid: str, command: Command) -> None:
        self.told.append((mrid, command))
        memory = self._memory[mrid]
        if command.release:
            memory.values.clear()
        for name in VALUES:
            value = getattr(command, name)
            if value is not None:
                steps = self.rounds_to
                memory.values[name] = (value if steps is None else steps * (value // steps), command.expires_at)
        if command.connect is not None:
            memory.connected = command.connect

    def _let_go(self, mrid: str) -> None:
        if not self.forgets_to_let_go:
            values, now = self._memory[mrid].values, self._clock()
            for name in [name for name, (_, end) in values.items() if end is not None and end <= now]:
                del values[name]
