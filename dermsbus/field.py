"""The devices and what is known of them: every adapter is asked for readings on a thread of its own.

Nobody who wants to know something waits for a device: values are looked up in `Field.state`, and how old they are says
how far they can be trusted. A device that does not answer loses nothing but the age of its values, and is asked behind
all that do answer, so that it makes nobody else's values old.

Source: house choice, ADR 19.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import structlog

from dermsbus.adapters.base import AdapterError, DerAdapter, DeviceRejected
from dermsbus.domain.der import Device, Reading
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FleetState

__all__ = ["Field", "Polling"]

_log = structlog.get_logger(__name__)
_CHUNK: Final = 256  # so many devices are asked for in one call


@dataclass(frozen=True, kw_only=True, slots=True)
class Polling:
    """How devices are asked.

    Attributes:
        period_s: seconds from the start of one round to the start of the next, more than 0.
        timeout_s: seconds that a device has for its answer, more than 0.
        patience_s: seconds after which `Field.is_surveyed` waits for the first round no longer, 0 or more.
    """

    period_s: float = 2.0
    timeout_s: float = 2.0
    patience_s: float = 10.0


class Field:
    """All devices of a catalogue, kept under observation. Without devices there is no thread.

    Args:
        fleet: the catalogue.
        adapters: by the name under which devices ask for them; closed with the field.
        polling: how often devices are asked and how long they are waited for.
    """

    def __init__(self, fleet: Fleet, adapters: Mapping[str, DerAdapter], polling: Polling) -> None:
        self.state = FleetState(fleet)
        self._adapters = adapters
        self._polling = polling
        self._stopping = threading.Event()
        self._begun_s = 0.0
        self._pollers = [
            _Poller(adapter, [device for device in fleet.devices if device.adapter == name], self.state, self._stopping)
            for name, adapter in adapters.items()
        ]
        self._threads = [
            threading.Thread(target=poller.run, args=(polling,), name=f"dermsbus-poll-{name}", daemon=True)
            for name, poller in zip(adapters, self._pollers, strict=True)
        ]

    @property
    def is_surveyed(self) -> bool:
        """True once every device was asked, or has had its time: what is unknown now is worth telling.

        Before `start`, and where there is no device, it is not.
        """
        if not self._pollers or not self._begun_s:
            return False
        is_overdue = time.monotonic() - self._begun_s >= self._polling.patience_s
        return is_overdue or all(poller.asked_all.is_set() for poller in self._pollers)

    def start(self) -> None:
        """Begin to ask; returns at once."""
        self._begun_s = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more and let go of the adapters. Idempotent."""
        self._stopping.set()
        for adapter in self._adapters.values():
            adapter.close()
        deadline_s = time.monotonic() + self._polling.timeout_s + 1.0
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline_s - time.monotonic()))


class _Poller:
    """Asks the devices of one adapter, round after round."""

    def __init__(
        self, adapter: DerAdapter, devices: Sequence[Device], state: FleetState, stopping: threading.Event
    ) -> None:
        self.asked_all = threading.Event()
        self._adapter = adapter
        self._devices = {device.mrid: device for device in devices}
        self._state = state
        self._stopping = stopping
        self._faults: dict[str, AdapterError] = {}  # by device: what it said last, the oldest word first

    def run(self, polling: Polling) -> None:
        """Ask until it is time to stop."""
        while not self._stopping.is_set():
            started_s = time.monotonic()
            faulty = set(self._faults)
            for chunk in self._round():
                self._ask(chunk, polling.timeout_s)
                if self._stopping.is_set():
                    return
            self._tell(faulty)
            self.asked_all.set()
            self._stopping.wait(max(0.0, started_s + polling.period_s - time.monotonic()))

    def _round(self) -> Iterator[list[Device]]:
        """All who answered the last time, then some of the silent ones: others in each round, if they are many."""
        silent = [mrid for mrid, fault in self._faults.items() if not isinstance(fault, DeviceRejected)]
        apart = set(silent)
        others = iter([device for mrid, device in self._devices.items() if mrid not in apart])
        while chunk := list(islice(others, _CHUNK)):
            yield chunk
        if silent:
            yield [self._devices[mrid] for mrid in silent[:_CHUNK]]

    def _ask(self, devices: Sequence[Device], timeout_s: float) -> None:
        try:
            answers = tuple(zip(devices, self._adapter.read(devices, timeout_s), strict=True))
            if not self._stopping.is_set():  # an adapter that is closed has nothing to say about its devices
                self._take(answers)
        except Exception:  # noqa: BLE001 an adapter's bug must not stop the polling: logged, the values grow old
            _log.exception("adapter failed to read", first_device=devices[0].mrid, count=len(devices))

    def _take(self, answers: Sequence[tuple[Device, Reading | AdapterError]]) -> None:
        self._state.put(answer for _, answer in answers if isinstance(answer, Reading))
        self._state.forget(device.mrid for device, answer in answers if isinstance(answer, DeviceRejected))
        for device, answer in answers:
            self._faults.pop(device.mrid, None)
            if isinstance(answer, AdapterError):
                self._faults[device.mrid] = answer

    def _tell(self, faulty: set[str]) -> None:
        """Say in the log who has changed since *faulty* were: one line for all, since hundreds may go together."""
        if lost := [fault for mrid, fault in self._faults.items() if mrid not in faulty]:
            _log.warning("devices cannot be read", count=len(lost), first=str(lost[0]), of=len(self._devices))
        if back := sorted(faulty - self._faults.keys()):
            _log.info("devices can be read again", count=len(back), first=back[0], of=len(self._devices))
