"""Simulated devices that keep their own time, take orders, and write down every order they took.

The fleet moves when somebody looks: then it goes, in steps of a fixed length and from order to order, to the time that
its clock shows. A look between two steps changes nothing, so that a device's life depends on the seed and on the orders
it took, not on how often it was polled. A clock that runs fast makes the day short.

Source: house choice, ADR 13.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import numpy as np

from dermsbus.adapters.acceptance import accept
from dermsbus.adapters.base import Command, DeviceRejected, DeviceUnavailable, Discovered, Effect
from dermsbus.adapters.simulation.chance import Floats, smooth, uniform
from dermsbus.adapters.simulation.habits import Habits
from dermsbus.adapters.simulation.orders import Orders
from dermsbus.adapters.simulation.plant import Course, Plant, Resource
from dermsbus.adapters.simulation.weather import Weather
from dermsbus.domain.der import Device, NamePlate, Reading

__all__ = ["Fault", "JournalEntry", "SimulatedFleet"]

_ALWAYS: Final = frozenset(
    {"active_power_w", "active_power_limit_w", "ramp_rate_w_per_s", "connect", "release", "expires_at"}
)
_TOLERANCE: Final = 0.5
"""Watts or vars by which an order may pass a rating before it is refused: rounding is no error."""
_DRIFT_PER_S: Final = 0.02 / 60.0
_DRIFT_MAX: Final = 0.3


class Fault(StrEnum):
    """What can be wrong with a simulated device."""

    NONE = "none"
    OFFLINE = "offline"
    """It does not answer; it goes on with what it was told, until that ends."""
    SLOW = "slow"
    """It answers late."""
    REFUSING = "refusing"
    """It can be read, but takes no command."""
    DRIFTING = "drifting"
    """It says that it holds its order, and gives less and less, down to 30 % of its rating below it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalEntry:
    """One command that a device took, by its own record.

    Attributes:
        at: aware, UTC, by the fleet's clock.
        mrid: of the device.
        command: as it was taken.
    """

    at: datetime
    mrid: str
    command: Command

    @property
    def command_id(self) -> str:
        """Of the command."""
        return self.command.command_id


class SimulatedFleet:
    """Some devices of one place, from the moment of construction on. Safe to use from several threads.

    Args:
        devices: with mRIDs that differ.
        seed: of everything that is left to chance.
        clock: gives an aware time; may run faster than real time, never back.
        latitude_deg: of the place, north is positive.
        longitude_deg: of the place, east is positive.
        step_s: weather, demand and arrivals change in steps of so many seconds, more than 0.
        journal_size: the oldest entries beyond it are forgotten.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        *,
        seed: int,
        clock: Callable[[], datetime],
        latitude_deg: float,
        longitude_deg: float,
        step_s: float = 10.0,
        journal_size: int = 100_000,
    ) -> None:
        self.devices = tuple(devices)
        self._rows = {device.mrid: row for row, device in enumerate(self.devices)}
        if len(self._rows) != len(self.devices):
            raise ValueError("two devices of a fleet have the same mRID")
        count = len(self.devices)
        self._clock = clock
        self._step_s = step_s
        self._seed = seed
        self._lock = threading.Lock()
        self._journal: deque[JournalEntry] = deque(maxlen=journal_size)
        self._faults: dict[str, Fault] = {}
        self._drifting_since_s = np.full(count, np.inf)
        self._places = np.arange(count, dtype=np.float64)
        self._plant = Plant(self.devices)
        self._weather = Weather(seed=seed, count=count, latitude_deg=latitude_deg, longitude_deg=longitude_deg)
        self._habits = Habits(seed=seed, count=count, longitude_deg=longitude_deg)
        self._orders = Orders(count)
        self._now_s = clock().timestamp()
        self._at_s = np.full(count, self._now_s)
        self._energy_wh = self._plant.capacity_wh * (0.3 + 0.5 * uniform(seed, "stored", self._places))
        self._session = np.full(count, -1.0)
        self._step_ends_s = (self._now_s // step_s + 1.0) * step_s
        self._resource = self._resources(self._now_s)
        low, high = self._plant.bounds(self._resource, self._energy_wh, np.full(count, step_s))
        self._power_w = self._plant.unordered_w(low, high)
        self._course = self._plan()

    def __contains__(self, mrid: str) -> bool:
        return mrid in self._rows

    def discover(self, mrid: str) -> Discovered:
        """What the device says of itself.

        Raises:
            DeviceUnavailable: the device is not of this fleet.
        """
        device = self.devices[self._row(mrid)]
        plate = device.name_plate
        return Discovered(name_plate=plate, capabilities=_capabilities(plate))

    def readings(self, mrids: Sequence[str]) -> tuple[Reading, ...]:
        """What each device does at the time of the clock, in order.

        Raises:
            DeviceUnavailable: a device is not of this fleet.
        """
        rows = [self._row(mrid) for mrid in mrids]
        with self._lock:
            self._advance()
            at = datetime.fromtimestamp(self._now_s, UTC)
            power = self._course.power_w(self._now_s - self._at_s)
            energy = self._energy_now()
            reactive, voltage = self._reactive(power)
            low = self._plant.available_min_w(self._course.low_w, self._course.high_w)
            soc = self._soc(energy)
            columns = (power, reactive, voltage, self._course.high_w, low, soc, self._orders.connected)
            power_w, reactive_var, voltage_v, high_w, low_w, soc_percent, connected = (
                column.tolist() for column in columns
            )
        return tuple(
            Reading(
                mrid=mrid,
                at=at,
                active_power_w=power_w[row],
                reactive_power_var=reactive_var[row],
                voltage_v=voltage_v[row],
                available_max_w=high_w[row],
                available_min_w=low_w[row],
                soc_percent=None if math.isnan(soc_percent[row]) else soc_percent[row],
                connected=connected[row] > 0.0,
            )
            for mrid, row in zip(mrids, rows, strict=True)
        )

    def command(self, mrid: str, command: Command) -> None:
        """Return when the device has taken *command*.

        Raises:
            DeviceRejected: it makes no sense, is beyond the nameplate, or the device refuses everything.
            DeviceUnavailable: the device is not of this fleet.
        """
        row = self._row(mrid)
        with self._lock:
            self._advance()
            now = datetime.fromtimestamp(self._now_s, UTC)
            plate = self.devices[row].name_plate
            accept(mrid, command, capabilities=_capabilities(plate), now=now)
            if self._faults.get(mrid) is Fault.REFUSING:
                raise DeviceRejected(mrid, "takes no commands at present")
            _refuse_beyond(mrid, plate, command)
            self._settle(np.array([row]), np.full_like(self._at_s, self._now_s))
            self._orders.take(row, _bounded(plate, command))
            self._journal.append(JournalEntry(at=now, mrid=mrid, command=command))
            self._course = self._plan()

    def effect(self, mrid: str) -> Effect:
        """What the device holds.

        Raises:
            DeviceUnavailable: the device is not of this fleet.
        """
        row = self._row(mrid)
        with self._lock:
            self._advance()
            return self._orders.effect(row)

    def journal(self, mrid: str | None = None) -> tuple[JournalEntry, ...]:
        """Every command that was taken, oldest first; of one device or of all."""
        with self._lock:
            return tuple(entry for entry in self._journal if mrid is None or entry.mrid == mrid)

    def fault(self, mrid: str, fault: Fault) -> None:
        """From now on *fault* is wrong with the device; `Fault.NONE` repairs it.

        Raises:
            DeviceUnavailable: the device is not of this fleet.
        """
        row = self._row(mrid)
        with self._lock:
            self._advance()
            drifted, self._faults[mrid] = self.fault_of(mrid) is Fault.DRIFTING, fault
            if drifted or fault is Fault.DRIFTING:  # a fault of the line changes nothing in the device
                self._settle(np.array([row]), np.full_like(self._at_s, self._now_s))
                self._drifting_since_s[row] = self._now_s if fault is Fault.DRIFTING else np.inf
                self._course = self._plan()

    def fault_of(self, mrid: str) -> Fault:
        """What is wrong with the device."""
        return self._faults.get(mrid, Fault.NONE)

    def send_cloud(self, *, lasts_s: float, depth: float) -> None:
        """Let one cloud pass over the place from now on, besides those that come by themselves.

        Args:
            lasts_s: how long it shades one device, more than 0.
            depth: part of the light that it takes, 0 to 1.
        """
        with self._lock:
            self._advance()
            self._weather.send_cloud(at_s=self._now_s, lasts_s=lasts_s, depth=depth)

    def _row(self, mrid: str) -> int:
        row = self._rows.get(mrid)
        if row is None:
            raise DeviceUnavailable(mrid, "is not a device of the simulated fleet")
        return row

    def _resources(self, at_s: float) -> Resource:
        cars = self._habits.sessions(at_s)
        arrived = self._plant.charger & cars.present & (cars.number != self._session)
        self._energy_wh = np.where(arrived, self._plant.capacity_wh * cars.arrival_soc, self._energy_wh)
        self._session = cars.number
        everyone = np.full_like(self._at_s, at_s)
        return Resource(
            light=self._weather.light(at_s),
            demand=self._habits.demand(at_s),
            car=cars.present,
            turbulence=2.0 * smooth(self._seed, "feeder", np.zeros_like(everyone), everyone, 600.0) - 1.0,
        )

    def _advance(self) -> None:
        """Go to the time of the clock, through every step and every end of an order on the way, in order of time."""
        now_s = max(self._now_s, self._clock().timestamp())
        while self._step_ends_s <= now_s:
            self._end_orders(self._step_ends_s)
            self._settle(np.arange(len(self.devices)), np.full_like(self._at_s, self._step_ends_s))
            self._resource = self._resources(self._step_ends_s)
            self._step_ends_s += self._step_s
            self._course = self._plan()
        self._end_orders(now_s)
        self._now_s = now_s

    def _end_orders(self, until_s: float) -> None:
        while (due := np.flatnonzero(self._orders.next_end_s <= until_s)).size:
            ends_s = np.clip(self._orders.next_end_s, self._at_s, until_s)
            self._settle(due, ends_s)
            for row in due:
                self._orders.end(int(row), float(ends_s[row]))
            self._course = self._plan()

    def _settle(self, rows: np.ndarray[tuple[int], np.dtype[np.int64]], at_s: Floats) -> None:
        """Make the state of *rows* at *at_s* their new start."""
        after_s = np.maximum(at_s - self._at_s, 0.0)
        power = self._course.power_w(after_s)
        energy = self._plant.stored_wh(self._energy_wh, *self._course.energy_ws(after_s))
        for state, new in ((self._power_w, power), (self._energy_wh, energy), (self._at_s, at_s)):
            state[rows] = new[rows]

    def _plan(self) -> Course:
        """Where every device goes from its own start until the step ends, orders and resources staying as they are."""
        left_s = np.maximum(self._step_ends_s - self._at_s, 1e-3)
        low, high = self._plant.bounds(self._resource, self._energy_wh, left_s)
        low, high = low * self._orders.connected, high * self._orders.connected
        ordered, limit = self._orders.held("active_power_w"), self._orders.held("active_power_limit_w")
        target = np.where(np.isnan(ordered), self._plant.unordered_w(low, high), ordered)
        target = self._plant.within_minimum_load(np.fmin(target, limit), limit) - self._drift_w()
        rate = np.fmin(self._plant.ramp_w_per_s, self._orders.held("ramp_rate_w_per_s"))
        # no ramp holds back a cloud, an empty battery or an open switch: the start is cut to the bounds at once
        return Course(
            starts_w=np.clip(self._power_w, low, high),
            target_w=np.clip(target, low, high),
            rate_w_per_s=rate,
            low_w=low,
            high_w=high,
            off_below_w=self._plant.minimum_load_w,
        )

    def _drift_w(self) -> Floats:
        for_s = np.maximum(self._step_ends_s - self._drifting_since_s, 0.0)
        return np.minimum(for_s * _DRIFT_PER_S, _DRIFT_MAX) * self._plant.injected_max_w

    def _energy_now(self) -> Floats:
        return self._plant.stored_wh(self._energy_wh, *self._course.energy_ws(self._now_s - self._at_s))

    def _reactive(self, power_w: Floats) -> tuple[Floats, Floats]:
        return self._plant.reactive(
            power_w,
            self._orders.held("reactive_power_var"),
            self._orders.held("voltage_v"),
            self._resource.turbulence,
            self._orders.connected,
        )

    def _soc(self, energy_wh: Floats) -> Floats:
        stores = (self._plant.battery | (self._plant.charger & self._resource.car)) & (self._plant.capacity_wh > 0.0)
        percent = np.minimum(100.0 * energy_wh / np.maximum(self._plant.capacity_wh, 1e-9), 100.0)  # but for rounding
        return np.where(stores, percent, np.nan)


def _capabilities(plate: NamePlate) -> frozenset[str]:
    regulates = plate.reactive_power_injected_max_var > 0.0 or plate.reactive_power_absorbed_max_var > 0.0
    return _ALWAYS | {"reactive_power_var", "voltage_v"} if regulates else _ALWAYS


def _refuse_beyond(mrid: str, plate: NamePlate, command: Command) -> None:
    """Refuse what the ratings forbid; what sun or charge do not give just now is taken, and followed as far as it goes.

    Raises:
        DeviceRejected: a set-point is beyond the nameplate.
    """
    checks = (
        ("active_power_w", command.active_power_w, plate.active_power_charge_max_w, plate.active_power_max_w, "W"),
        ("reactive_power_var", command.reactive_power_var, plate.reactive_power_absorbed_max_var,
         plate.reactive_power_injected_max_var, "var"),
    )  # fmt: skip
    for name, value, most_drawn, most_injected, unit in checks:
        if value is not None and not -most_drawn - _TOLERANCE <= value <= most_injected + _TOLERANCE:
            raise DeviceRejected(
                mrid, f"{name} is {value:g} {unit}, the nameplate goes from {-most_drawn:g} to {most_injected:g} {unit}"
            )


def _bounded(plate: NamePlate, command: Command) -> Command:
    """A limit above the rating is the rating, as in a device that keeps limits in percent."""
    if command.active_power_limit_w is None or command.active_power_limit_w <= plate.active_power_max_w:
        return command
    return Command(
        command_id=command.command_id,
        active_power_w=command.active_power_w,
        active_power_limit_w=plate.active_power_max_w,
        reactive_power_var=command.reactive_power_var,
        voltage_v=command.voltage_v,
        ramp_rate_w_per_s=command.ramp_rate_w_per_s,
        connect=command.connect,
        expires_at=command.expires_at,
    )
