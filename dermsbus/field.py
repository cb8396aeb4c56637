"""The devices and what is known of them: every adapter is asked for readings on a thread of its own.

Nobody who wants to know something waits for a device: values are looked up in `Field.state`, and how old they are says
how far they can be trusted. A device that does not answer loses nothing but the age of its values, and is asked behind
all that do answer, so that it makes nobody else's values old.

What a device can do is asked once, when it has answered for the first time, on other threads: one that tells its values
and not its functions makes nobody wait either, and is asked again later.

Source: house choice, ADR 19.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
_MOST_DISCOVERERS: Final = 8  # of one adapter
_FIRST_RETRY_S: Final = 5.0
_LAST_RETRY_S: Final = 300.0
_MOST_PATIENCE: Final = 6.0
"""A first round that gets on is waited for this many times as long as one that does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Polling:
    """How devices are asked.

    Attributes:
        period_s: seconds from the start of one round to the start of the next, more than 0.
        timeout_s: seconds that a device has for its answer, more than 0.
        patience_s: seconds without an answer after which `Field.is_surveyed` waits for the first round no longer, 0 or
            more.
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
        self._is_surveyed = False
        self._threads = [
            threading.Thread(target=run, args=(polling,), name=f"dermsbus-{what}-{name}", daemon=True)
            for name, poller in zip(adapters, self._pollers, strict=True)
            for what, run in poller.tasks()
        ]

    @property
    def is_surveyed(self) -> bool:
        """True once every device was asked, or has had its time: what is unknown now is worth telling.

        Before `start`, and where there is no device, it is not. Once it is, it stays so.
        """
        if not self._is_surveyed and self._pollers and self._begun_s:
            self._is_surveyed = all(poller.has_asked_all for poller in self._pollers) or self._is_overdue()
        return self._is_surveyed

    def _is_overdue(self) -> bool:
        now_s, patience_s = time.monotonic(), self._polling.patience_s
        waiting = [poller.got_on_s for poller in self._pollers if not poller.has_asked_all]
        no_progress = all(now_s - max(got_on_s, self._begun_s) >= patience_s for got_on_s in waiting)
        return no_progress or now_s - self._begun_s >= _MOST_PATIENCE * patience_s

    def start(self) -> None:
        """Begin to ask; returns at once."""
        self._begun_s = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more and let go of the adapters. Idempotent."""
        self._stopping.set()
        for poller in self._pollers:
            poller.end()
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
        self.got_on_s = 0.0
        self._asked_all = threading.Event()
        self._adapter = adapter
        self._devices = {device.mrid: device for device in devices}
        self._state = state
        self._stopping = stopping
        self._faults: dict[str, AdapterError] = {}  # by device: what it said last, the oldest word first
        self._discovery = _Discovery(adapter, devices, state, stopping)

    @property
    def has_asked_all(self) -> bool:
        """True once every device was asked for its values, and all that answered what they can do."""
        return self._asked_all.is_set() and self._discovery.is_idle

    def tasks(self) -> Iterator[tuple[str, Callable[[Polling], None]]]:
        """What is to be run on a thread each, with a word for it."""
        yield "poll", self.run
        for _ in range(min(len(self._devices), _MOST_DISCOVERERS)):
            yield "discover", self._discovery.run

    def end(self) -> None:
        """It is time to stop: whoever waits for something to do need not."""
        self._discovery.end()

    def run(self, polling: Polling) -> None:
        """Ask until it is time to stop."""
        while not self._stopping.is_set():
            started_s = time.monotonic()
            faulty = set(self._faults)
            for chunk in self._round():
                self._ask(chunk, polling.timeout_s)
                self._discovery.want(device for device in chunk if device.mrid not in self._faults)
                self.got_on_s = time.monotonic()
                if self._stopping.is_set():
                    return
            self._tell(faulty)
            self._asked_all.set()
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


class _Discovery:
    """Asks the devices of one adapter what they can do, each until it has said it: only then can it be commanded."""

    def __init__(
        self, adapter: DerAdapter, devices: Iterable[Device], state: FleetState, stopping: threading.Event
    ) -> None:
        self._adapter = adapter
        self._state = state
        self._stopping = stopping
        self._lock = threading.Lock()
        self._strangers = {device.mrid: _Stranger(wait_s=_FIRST_RETRY_S) for device in devices}
        self._waiting: queue.SimpleQueue[Device | None] = queue.SimpleQueue()
        self._count = 0  # of those that wait or are being asked

    @property
    def is_idle(self) -> bool:
        """True where nobody is waited for."""
        return self._count == 0

    def want(self, devices: Iterable[Device]) -> None:
        """Ask those of *devices* that have not said it yet, and were not asked just now; returns at once."""
        with self._lock:
            if not self._strangers:
                return
            for device in devices:
                stranger = self._strangers.get(device.mrid)
                if stranger is not None and stranger.ask_at_s <= time.monotonic():
                    stranger.ask_at_s = math.inf
                    self._count += 1
                    self._waiting.put(device)

    def run(self, polling: Polling) -> None:
        """Ask who waits, until all have said it or it is time to stop."""
        while (device := self._waiting.get()) is not None:
            self._ask(device, polling.timeout_s)
        self.end()  # for the next one

    def end(self) -> None:
        """Ask nobody any more."""
        self._waiting.put(None)

    def _ask(self, device: Device, timeout_s: float) -> None:
        problem = ""
        try:
            if not self._stopping.is_set():
                self._state.know(device.mrid, self._adapter.discover(device, timeout_s).capabilities)
        except AdapterError as error:
            problem = error.problem
        except Exception as error:  # noqa: BLE001 an adapter's bug must not stop the others: logged, asked again
            _log.exception("adapter failed to discover", device=device.mrid)
            problem = f"the adapter failed: {type(error).__name__}: {error}"
        with self._lock:
            self._count -= 1
            stranger = self._strangers[device.mrid]
            if problem:
                stranger.ask_at_s = time.monotonic() + stranger.wait_s
                stranger.wait_s = min(2.0 * stranger.wait_s, _LAST_RETRY_S)
            else:
                del self._strangers[device.mrid]
        if not self._strangers:
            self.end()
        if problem and not stranger.was_told:
            stranger.was_told = True
            _log.warning("device does not say what it can do: it is not commanded", device=device.mrid, reason=problem)


@dataclass(slots=True)
class _Stranger:
    """A device of which it is not known what it can do.

    Attributes:
        wait_s: seconds until it is asked again after the next failure.
        ask_at_s: by the monotonic clock: not to be asked before; infinite while it is being asked.
        was_told: the log has it.
    """

    wait_s: float
    ask_at_s: float = 0.0
    was_told: bool = False
