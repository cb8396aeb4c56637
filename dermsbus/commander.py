"""Commands on their way to devices: each is given, and read back, by a worker; what came of it waits to be collected.

Nobody who orders something waits for a device. A device has one job at a time. Set-points that wait behind one that is
under way are replaced by newer ones, so that a slow device gets the last word and not all of them; orders to connect
and to disconnect are never replaced.

A set-point is absolute: where it is not known whether the device took it, it may be given again. Where the device may
hold it already, it is asked first; a value by which a register may be rounded is not taken for another one then only if
the device has confirmed it before. Connecting and disconnecting is not repeated: where the device does not answer, it
is asked what it holds, and what then is not known is said to be unknown.

Source: "intent, command, read-back" of the project's reliability reference; house choices: ADR 24.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import structlog

from dermsbus.adapters.base import AdapterError, Command, DerAdapter, DeviceRejected, Effect
from dermsbus.domain.der import Device
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting, SettingKey

__all__ = ["Commander", "Job", "SetJob", "SettingResult", "SwitchJob", "SwitchResult", "Word"]

_log = structlog.get_logger(__name__)
_MOST_WORKERS: Final = 32  # of one adapter
_TOLERANCE: Final = 0.015
"""Part of its rating by which a device may hold something else than it was told: registers have steps."""
_EXACT: Final = 0.001
"""The same where it is asked whether it was told at all: the steps of most registers, and no order that matters."""
_SMALLEST: Final = MappingProxyType(dict.fromkeys(DeviceFunction, 1.0) | {DeviceFunction.VOLTAGE: 0.1})
"""In the unit of the function: so much it may be in any case."""
_MOST_CALLS: Final = 8
"""A job asks, releases, tells five functions and asks again."""


class Word(StrEnum):
    """What is known of a device after it was told something."""

    HOLDS = "holds"
    """It says that it holds what it was told, or has let go of what it was told to let go."""
    REFUSED = "refused"
    """It said no."""
    DIFFERS = "differs"
    """It took the command and holds something else."""
    UNKNOWN = "unknown"
    """It did not answer: it may hold what it was told, or what it held before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetJob:
    """One device that shall hold settings, and let go of others.

    Attributes:
        device: which.
        settings: to be told, each with its own end.
        unsure: an earlier run may have told them: it is asked first, and told what it does not hold exactly.
        confirmed: it said before that it holds them: it is asked, and told what it holds no more.
        let_go: to go back to the default of their functions; nothing is done where the device has let go by itself.
        kept: what it holds and shall go on to hold: told again where something is let go, since devices let go of
            everything at once.
    """

    device: Device
    settings: tuple[DeviceSetting, ...] = ()
    unsure: tuple[DeviceSetting, ...] = ()
    confirmed: tuple[DeviceSetting, ...] = ()
    let_go: tuple[DeviceSetting, ...] = ()
    kept: tuple[DeviceSetting, ...] = ()

    @property
    def keys(self) -> frozenset[SettingKey]:
        """All that it changes or asks for."""
        return frozenset(each.key for each in (*self.settings, *self.unsure, *self.confirmed, *self.let_go))


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchJob:
    """One device that shall be connected or disconnected.

    Attributes:
        device: which.
        order_id: by which the outcome is found; also the command's id.
        connect: True to connect.
        ends_at: aware: when the device shall go back by itself; None for never.
        is_sure: False where the device may have been told before: then it is asked first.
    """

    device: Device
    order_id: str
    connect: bool
    ends_at: datetime | None = None
    is_sure: bool = True


Job = SetJob | SwitchJob


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingResult:
    """What came of one setting of a device.

    Attributes:
        key: device and function.
        command_id: of the setting.
        word: what is known.
        reason: for a person; empty where it holds.
        is_let_go: the setting was to be let go, and it is told whether it was.
    """

    key: SettingKey
    command_id: str
    word: Word
    reason: str = ""
    is_let_go: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchResult:
    """What came of a switch.

    Attributes:
        order_id: of the order.
        word: what is known.
        at: aware, UTC: when it was found.
        reason: for a person; empty where it was done.
    """

    order_id: str
    word: Word
    at: datetime
    reason: str = ""


@dataclass(slots=True)
class _Line:
    """What waits for one device."""

    is_busy: bool = False
    waiting: deque[Job] = field(default_factory=deque)


class Commander:
    """Workers for every adapter. `give` and `collect` may be called from any thread.

    Args:
        adapters: by the name under which devices ask for them.
        timeout_s: seconds that a device has for each answer, more than 0.
        now: gives an aware time; what has ended is not told any more.
        wake: called by a worker when something can be collected.
    """

    def __init__(
        self,
        adapters: Mapping[str, DerAdapter],
        *,
        timeout_s: float,
        now: Callable[[], datetime],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._adapters = adapters
        self._timeout_s = timeout_s
        self._now = now
        self._wake = wake
        self._lock = threading.Lock()
        self._is_quiet = threading.Condition(self._lock)
        self._lines: dict[str, _Line] = {}
        self._results: list[SettingResult | SwitchResult] = []
        self._under_way = 0
        self._stopped = False
        self._workers = {
            name: ThreadPoolExecutor(max_workers=_MOST_WORKERS, thread_name_prefix=f"dermsbus-command-{name}")
            for name in adapters
        }

    def give(self, jobs: Sequence[Job]) -> None:
        """Have *jobs* done, those of one device in order; returns at once."""
        for job in jobs:
            if job.device.adapter not in self._workers:
                reason = f"there is no adapter {job.device.adapter}"
                with self._lock:
                    self._results.extend(_unknown(job, self._now(), reason))
                continue
            with self._lock:
                line = self._lines.setdefault(job.device.mrid, _Line())
                _enqueue(line.waiting, job)
                is_idle = not line.is_busy
                line.is_busy = True
            if is_idle:
                self._start(job.device)

    def collect(self) -> tuple[SettingResult | SwitchResult, ...]:
        """What became known since the last time, in order."""
        with self._lock:
            results, self._results = self._results, []
        return tuple(results)

    def stop(self) -> None:
        """Begin no more jobs; return when those under way are over, at their deadlines at the latest. Idempotent.

        An adapter that does not keep its deadlines is not waited for any longer.
        """
        with self._lock:
            self._stopped = True
        for workers in self._workers.values():
            workers.shutdown(wait=False, cancel_futures=True)
        with self._is_quiet:
            self._is_quiet.wait_for(lambda: not self._under_way, _MOST_CALLS * self._timeout_s + 1.0)
            if self._under_way:
                _log.error("adapters do not come back from commands", count=self._under_way)

    # -- workers ---------------------------------------------------------------------------------------------------

    def _start(self, device: Device) -> None:
        with self._lock:
            if not self._stopped:
                self._workers[device.adapter].submit(self._work, device)

    def _work(self, device: Device) -> None:
        """Do the next job of *device*, and see that the one after it is done."""
        with self._lock:
            if self._stopped:
                return
            line = self._lines[device.mrid]
            job = line.waiting.popleft()
            self._under_way += 1
        try:
            results = self._do(job)
        except Exception as error:  # noqa: BLE001 an adapter's bug must not stop the worker: logged, told as unknown
            _log.exception("adapter failed to command", device=device.mrid)
            results = _unknown(job, self._now(), f"the adapter failed: {type(error).__name__}: {error}")
        with self._lock:
            self._results.extend(results)
            line.is_busy = goes_on = bool(line.waiting)
            self._under_way -= 1
            self._is_quiet.notify_all()
        if goes_on:
            self._start(device)
        self._wake()

    def _do(self, job: Job) -> list[SettingResult | SwitchResult]:
        if isinstance(job, SwitchJob):
            return [self._switch(job)]
        return list(self._set(job))

    # -- set-points ------------------------------------------------------------------------------------------------

    def _set(self, job: SetJob) -> list[SettingResult]:
        telling = _Telling(job, self._adapters[job.device.adapter], self._timeout_s, self._now)
        try:
            telling.do()
        except AdapterError as error:
            _log.warning("device not told", device=job.device.mrid, reason=error.problem)
            telling.problem = error.problem
        return telling.results()

    # -- switches --------------------------------------------------------------------------------------------------

    def _switch(self, job: SwitchJob) -> SwitchResult:
        adapter, device = self._adapters[job.device.adapter], job.device
        problem = ""
        try:
            if not job.is_sure and adapter.read_back(device, self._timeout_s).connected is job.connect:
                return self._switched(job, Word.HOLDS, "")
        except AdapterError as error:
            return self._unknown_switch(job, error.problem)
        try:
            command = Command(command_id=job.order_id, connect=job.connect, expires_at=job.ends_at)
            adapter.command(device, command, self._timeout_s)
        except DeviceRejected as error:
            return self._switched(job, Word.REFUSED, error.problem)
        except AdapterError as error:
            problem = error.problem
        try:
            is_done = adapter.read_back(device, self._timeout_s).connected is job.connect
        except AdapterError as error:
            return self._unknown_switch(job, problem or error.problem)
        if is_done:
            return self._switched(job, Word.HOLDS, "")
        return self._switched(job, Word.DIFFERS, problem or "the device took the command and did not do it")

    def _unknown_switch(self, job: SwitchJob, problem: str) -> SwitchResult:
        _log.error("switch order of unknown outcome", device=job.device.mrid, connect=job.connect, reason=problem)
        return self._switched(job, Word.UNKNOWN, f"{problem}: whether it was done is not known")

    def _switched(self, job: SwitchJob, word: Word, reason: str) -> SwitchResult:
        return SwitchResult(order_id=job.order_id, word=word, at=self._now(), reason=reason)


class _Telling:
    """One `SetJob` under way at its device: what was told, what was refused, and what the device then held.

    Attributes:
        problem: why it could not be finished; empty where it was.
    """

    def __init__(self, job: SetJob, adapter: DerAdapter, timeout_s: float, now: Callable[[], datetime]) -> None:
        self.problem = ""
        self._job = job
        self._adapter = adapter
        self._timeout_s = timeout_s
        self._now = now
        self._effect = Effect()
        self._told: dict[SettingKey, DeviceSetting] = {}
        self._refused: dict[SettingKey, str] = {}
        self._was_released = False

    def do(self) -> None:
        """Ask where that is needed, let go, tell, and ask what came of it.

        Raises:
            AdapterError: the device did not answer, or not in a way that can be understood.
        """
        job = self._job
        self._told = {each.key: each for each in job.settings}
        if job.unsure or job.confirmed or job.let_go:
            self._ask()
            self._told |= {each.key: each for each in job.unsure if not _holds(self._effect, each, job.device, _EXACT)}
            self._told |= {each.key: each for each in job.confirmed if not _holds(self._effect, each, job.device)}
        if any(getattr(self._effect, each.function.value) is not None for each in job.let_go):
            self._release()
        for setting in self._told.values():
            self._tell(setting)
        if self._told or self._was_released:
            self._ask()

    def _ask(self) -> None:
        self._effect = self._adapter.read_back(self._job.device, self._timeout_s)

    def _release(self) -> None:
        """Have the device let go of everything; what it keeps is to be told again, whatever comes of it."""
        job = self._job
        self._was_released = True
        self._told = {each.key: each for each in (*job.kept, *job.settings, *job.unsure, *job.confirmed)}
        try:
            command = Command(command_id=f"release-{job.let_go[0].command_id}", release=True)
            self._adapter.command(job.device, command, self._timeout_s)
        except DeviceRejected as error:
            self._refused |= {each.key: error.problem for each in job.let_go}

    def _tell(self, setting: DeviceSetting) -> None:
        if setting.ends_at <= self._now():
            return
        try:
            self._adapter.command(self._job.device, _command_of(setting), self._timeout_s)
        except DeviceRejected as error:
            self._refused[setting.key] = error.problem

    def results(self) -> list[SettingResult]:
        """What is known of each setting of the job, and of those that were told again beside it."""
        job = self._job
        kept = job.kept if self._was_released else ()
        shall_hold = {each.key: each for each in (*kept, *job.settings, *job.unsure, *job.confirmed)}
        return [*map(self._found, shall_hold.values()), *map(self._found_let_go, job.let_go)]

    def _found(self, setting: DeviceSetting) -> SettingResult:
        word, reason = self._word(setting)
        return SettingResult(key=setting.key, command_id=setting.command_id, word=word, reason=reason)

    def _word(self, setting: DeviceSetting) -> tuple[Word, str]:
        is_over = setting.ends_at <= self._now()
        if setting.key in self._refused and not is_over:
            return Word.REFUSED, self._refused[setting.key]
        if self.problem:
            return Word.UNKNOWN, self.problem
        if _holds(self._effect, setting, self._job.device):
            return Word.HOLDS, ""
        if is_over:  # no fault of the device
            return Word.UNKNOWN, "its time was over before the device was told"
        held = _held_text(self._effect, setting)
        return Word.DIFFERS, f"it was told {setting.function.value} {setting.value:g}, and holds {held}"

    def _found_let_go(self, setting: DeviceSetting) -> SettingResult:
        word, reason = Word.HOLDS, ""
        if self.problem:
            word, reason = Word.UNKNOWN, self.problem
        elif getattr(self._effect, setting.function.value) is not None:
            refusal = self._refused.get(setting.key, "")
            reason = f"it was told to let go of {setting.function.value}, and still holds it {refusal}".rstrip()
            word = Word.DIFFERS
        return SettingResult(key=setting.key, command_id=setting.command_id, word=word, reason=reason, is_let_go=True)


def _enqueue(waiting: deque[Job], job: Job) -> None:
    """Put *job* at the end; a set-point that it makes worthless goes."""
    last = waiting[-1] if waiting else None
    if isinstance(job, SetJob) and isinstance(last, SetJob):
        waiting[-1] = _merged(last, job)
    else:
        waiting.append(job)


def _merged(older: SetJob, newer: SetJob) -> SetJob:
    """What is left of *older*, and all of *newer*."""

    def left(settings: tuple[DeviceSetting, ...]) -> tuple[DeviceSetting, ...]:
        return tuple(each for each in settings if each.key not in newer.keys)

    anew = {each.key for each in newer.kept}
    return SetJob(
        device=newer.device,
        settings=(*left(older.settings), *newer.settings),
        unsure=(*left(older.unsure), *newer.unsure),
        confirmed=(*left(older.confirmed), *newer.confirmed),
        let_go=(*left(older.let_go), *newer.let_go),
        kept=(*(each for each in left(older.kept) if each.key not in anew), *newer.kept),
    )


def _command_of(setting: DeviceSetting) -> Command:
    command = Command(command_id=setting.command_id, expires_at=setting.ends_at)
    match setting.function:
        case DeviceFunction.ACTIVE_POWER:
            return replace(command, active_power_w=setting.value)
        case DeviceFunction.ACTIVE_POWER_LIMIT:
            return replace(command, active_power_limit_w=setting.value)
        case DeviceFunction.REACTIVE_POWER:
            return replace(command, reactive_power_var=setting.value)
        case DeviceFunction.VOLTAGE:
            return replace(command, voltage_v=setting.value)
        case DeviceFunction.RAMP_RATE:
            return replace(command, ramp_rate_w_per_s=setting.value)


def _holds(effect: Effect, setting: DeviceSetting, device: Device, part: float = _TOLERANCE) -> bool:
    held = getattr(effect, setting.function.value)
    tolerance = max(_SMALLEST[setting.function], _rating(device, setting) * part)
    return held is not None and abs(held - setting.value) <= tolerance


def _rating(device: Device, setting: DeviceSetting) -> float:
    """What the steps of the device's registers are parts of."""
    plate = device.name_plate
    match setting.function:
        case DeviceFunction.ACTIVE_POWER | DeviceFunction.ACTIVE_POWER_LIMIT:
            return max(plate.active_power_max_w, plate.active_power_charge_max_w)
        case DeviceFunction.REACTIVE_POWER:
            return max(plate.reactive_power_injected_max_var, plate.reactive_power_absorbed_max_var)
        case DeviceFunction.VOLTAGE:
            return plate.ac_voltage_nominal_v
        case DeviceFunction.RAMP_RATE:
            return abs(setting.value)


def _held_text(effect: Effect, setting: DeviceSetting) -> str:
    held = getattr(effect, setting.function.value)
    return "nothing" if held is None else f"{held:g}"


def _unknown(job: Job, now: datetime, reason: str) -> list[SettingResult | SwitchResult]:
    if isinstance(job, SwitchJob):
        return [SwitchResult(order_id=job.order_id, word=Word.UNKNOWN, at=now, reason=reason)]
    let_go = {each.key for each in job.let_go}
    return [
        SettingResult(
            key=each.key, command_id=each.command_id, word=Word.UNKNOWN, reason=reason, is_let_go=each.key in let_go
        )
        for each in (*job.kept, *job.settings, *job.unsure, *job.confirmed, *job.let_go)
    ]
