"""Devices that say what a test tells them to say."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from dermsbus.adapters.base import AdapterError, Command, DeviceRejected, DeviceUnavailable, Discovered, Effect
from dermsbus.domain.der import Device, Reading


class ScriptedAdapter:
    """An adapter whose devices answer with the power they were given; `says` changes what a device does."""

    def __init__(self, power_w: float = 0.0) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.closed = threading.Event()
        self._power_w = power_w
        self._scripts: dict[str, dict[str, float | bool]] = {}
        self._silent: set[str] = set()
        self._refusing: set[str] = set()
        self._round = threading.Condition()

    def says(self, mrid: str, **values: float | bool) -> None:
        """From now on: fields of `Reading`, or ``hangs=True``, or ``refuses=True``."""
        self._silent.discard(mrid)
        self._refusing.discard(mrid)
        if values.pop("hangs", False):
            self._silent.add(mrid)
        elif values.pop("refuses", False):
            self._refusing.add(mrid)
        else:
            self._scripts[mrid] = values

    def wait_until_asked(self, mrid: str, times: int = 2, timeout_s: float = 10.0) -> None:
        """Return when *mrid* was asked so many times from now on; what it said before the last of them is known."""
        with self._round:
            start = len(self.asked)
            assert self._round.wait_for(lambda: sum(mrid in each for each in self.asked[start:]) >= times, timeout_s)

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        with self._round:
            self.asked.append(tuple(device.mrid for device in devices))
            self._round.notify_all()
        if any(device.mrid in self._silent for device in devices):
            self.closed.wait(timeout_s)
        return tuple(self._answer(device.mrid) for device in devices)

    def _answer(self, mrid: str) -> Reading | AdapterError:
        if mrid in self._silent:
            return DeviceUnavailable(mrid, "no answer")
        if mrid in self._refusing:
            return DeviceRejected(mrid, "out of order")
        values: dict[str, float | bool] = {
            "active_power_w": self._power_w,
            "available_min_w": 0.0,
            "available_max_w": 5_000.0,
            **self._scripts.get(mrid, {}),
        }
        return Reading(mrid=mrid, at=datetime.fromtimestamp(time.time(), UTC), **values)  # type: ignore[arg-type]

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        return Discovered(name_plate=device.name_plate, capabilities=frozenset())

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        raise NotImplementedError

    def read_back(self, device: Device, timeout_s: float) -> Effect:
        raise NotImplementedError

    def close(self) -> None:
        self.closed.set()
