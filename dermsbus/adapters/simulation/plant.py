"""How the power of devices moves between two instants: bounds, ramps, energy, reactive power and voltage.

Everything is an array with one element for each device, so that a thousand of them take no longer to reckon than one.

An engine runs at its minimum load or above, or stands still. It tells the minimum load as the least that it has
available, whether it runs or not, so that who orders can keep to it; an order below is lifted to it. When it is started
it goes through what lies below by its ramp; when it is stopped it comes down to the minimum load by its ramp and is
switched off there. No device has a ramp but the one on its nameplate.

Source: house choice, ADR 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dermsbus.adapters.simulation.chance import Floats
from dermsbus.domain.der import Device, DeviceKind

__all__ = ["Course", "Plant", "Resource"]

Flags = NDArray[np.bool_]

_UNLIMITED_W_PER_S: Final = 1e15
_PV_OVERSIZE: Final = 1.15
"""Modules per inverter rating, losses deducted."""
_MINIMUM_LOAD: Final = 0.3
"""An engine runs at this part of its rating or not at all."""
_SWITCHED_OFF_W: Final = 1e-6
"""An engine that comes down is taken for having reached its minimum load so near to it: rounding keeps none running."""
_CAR_WH: Final = 60_000.0
_DROOP_ACTIVE: Final = 0.015
_DROOP_REACTIVE: Final = 0.03
"""Part of the nominal voltage by which full reactive power lifts it."""


def _positive_area(first: Floats, last: Floats, seconds: Floats) -> Floats:
    """Integral of what is above 0 of a straight line from *first* to *last*."""
    rise = np.abs(last - first)
    top = np.maximum(np.maximum(first, last), 0.0)
    above = np.where(rise > 0.0, np.minimum(top / np.where(rise > 0.0, rise, 1.0), 1.0), 1.0)
    bottom = np.maximum(np.minimum(first, last), 0.0)
    area: Floats = (top + bottom) / 2.0 * above * seconds
    return area


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """What sun, people and cars give and want until the next step.

    Attributes:
        light: part of 1000 W/m² on each device.
        demand: part of its rating that each load wants.
        car: where a car is at the charger.
        turbulence: -1 to 1, moves the voltage of the feeder.
    """

    light: Floats
    demand: Floats
    car: Flags
    turbulence: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """Where the power of each device goes from an instant on: straight to its target, then level.

    An engine that shall stop comes down to its minimum load by its ramp, and is switched off there.

    Attributes:
        starts_w: now.
        target_w: where it goes.
        rate_w_per_s: how fast.
        low_w: least it could give until the next step.
        high_w: most it could give until the next step.
        off_below_w: from there down one that shall stop gives nothing; 0 for all but engines.
    """

    starts_w: Floats
    target_w: Floats
    rate_w_per_s: Floats
    low_w: Floats
    high_w: Floats
    off_below_w: Floats

    def power_w(self, after_s: Floats) -> Floats:
        """Power so many seconds after the start."""
        reach = self.rate_w_per_s * after_s
        power: Floats = self.starts_w + np.clip(self.target_w - self.starts_w, -reach, reach)
        stops = (self.off_below_w > 0.0) & (self.target_w <= 0.0)
        return np.where(stops & (power <= self.off_below_w + _SWITCHED_OFF_W), 0.0, power)

    def energy_ws(self, after_s: Floats) -> tuple[Floats, Floats]:
        """Energy injected and energy drawn so many seconds after the start, both 0 or more; meant for storage."""
        ramp_s = np.minimum(np.abs(self.target_w - self.starts_w) / self.rate_w_per_s, after_s)
        reached = self.power_w(after_s)
        level_s = after_s - ramp_s
        injected = _positive_area(self.starts_w, reached, ramp_s) + np.maximum(reached, 0.0) * level_s
        drawn = _positive_area(-self.starts_w, -reached, ramp_s) + np.maximum(-reached, 0.0) * level_s
        return injected, drawn


class Plant:
    """Ratings of all devices as arrays, and what follows from them.

    Args:
        devices: one for each element.
    """

    def __init__(self, devices: Sequence[Device]) -> None:
        plates = [device.name_plate for device in devices]
        self.kinds = np.array([device.kind.value for device in devices], dtype=object)
        self.injected_max_w = np.array([plate.active_power_max_w for plate in plates], dtype=np.float64)
        self.drawn_max_w = np.array([plate.active_power_charge_max_w for plate in plates], dtype=np.float64)
        self.apparent_va = np.maximum(1.0, np.array([plate.apparent_power_max_va for plate in plates]))
        self.injected_max_var = np.array([plate.reactive_power_injected_max_var for plate in plates])
        self.absorbed_max_var = np.array([plate.reactive_power_absorbed_max_var for plate in plates])
        self.nominal_v = np.array([plate.ac_voltage_nominal_v for plate in plates])
        self.charge_efficiency = np.array([plate.charge_efficiency for plate in plates])
        self.discharge_efficiency = np.array([plate.discharge_efficiency for plate in plates])
        self.battery = self._is(DeviceKind.BATTERY)
        self.charger = self._is(DeviceKind.EV_CHARGER)
        self.engine = self._is(DeviceKind.GENERATOR)
        self.load = self._is(DeviceKind.LOAD)
        self.sun = self._is(DeviceKind.PV)
        capacity = np.array([plate.energy_capacity_wh or 0.0 for plate in plates])
        self.capacity_wh = np.where(self.charger & (capacity <= 0.0), _CAR_WH, capacity)
        self.minimum_load_w = np.where(self.engine, self.injected_max_w * _MINIMUM_LOAD, 0.0)
        ramps = [plate.ramp_rate_max_w_per_s for plate in plates]
        self.ramp_w_per_s = np.array([_UNLIMITED_W_PER_S if ramp is None else ramp for ramp in ramps], dtype=np.float64)

    def _is(self, kind: DeviceKind) -> Flags:
        return np.asarray(self.kinds == kind.value)

    def bounds(self, resource: Resource, energy_wh: Floats, left_s: Floats) -> tuple[Floats, Floats]:
        """Least and most power that each device could give until the next step.

        Args:
            resource: until the next step.
            energy_wh: stored now.
            left_s: seconds until the next step, more than 0.

        Returns:
            Least, most; storage gives no more than it holds.
        """
        stored_w = energy_wh * self.discharge_efficiency * 3600.0 / left_s
        room_w = (self.capacity_wh - energy_wh) / self.charge_efficiency * 3600.0 / left_s
        stores = self.battery | (self.charger & resource.car)
        high = np.where(stores, np.minimum(self.injected_max_w, stored_w), 0.0)
        low = np.where(stores, -np.minimum(self.drawn_max_w, np.maximum(room_w, 0.0)), 0.0)
        high = np.where(
            self.sun, np.minimum(self.injected_max_w, resource.light * _PV_OVERSIZE * self.injected_max_w), high
        )
        high = np.where(self.engine, self.injected_max_w, high)
        low = np.where(self.load, -resource.demand * self.drawn_max_w, low)
        return np.maximum(low, -self.apparent_va), np.minimum(high, self.apparent_va)

    def unordered_w(self, low: Floats, high: Floats) -> Floats:
        """What each device does if nobody tells it anything: all the sun, full charging, no discharge, engine off."""
        drawing = self.charger | self.load
        return np.where(self.sun, high, np.where(drawing, low, 0.0))

    def within_minimum_load(self, target_w: Floats, limit_w: Floats) -> Floats:
        """The target, lifted to the minimum load where an engine shall run below it; 0 where the limit forbids that."""
        least = self.minimum_load_w
        between = (target_w > 0.0) & (target_w < least)
        return np.where(between, np.where(limit_w < least, 0.0, least), target_w)

    def available_min_w(self, low: Floats, high: Floats) -> Floats:
        """Least power to choose from: an engine's minimum load, whether it runs or not, otherwise the bound."""
        return np.where(self.minimum_load_w > 0.0, np.minimum(self.minimum_load_w, high), low)

    def stored_wh(self, energy_wh: Floats, injected_ws: Floats, drawn_ws: Floats) -> Floats:
        """Stored energy after some was injected and some drawn."""
        stored = energy_wh - injected_ws / 3600.0 / self.discharge_efficiency
        stored += drawn_ws / 3600.0 * self.charge_efficiency
        return np.where(self.battery | self.charger, np.clip(stored, 0.0, self.capacity_wh), energy_wh)

    def reactive(
        self, power_w: Floats, ordered_var: Floats, ordered_v: Floats, turbulence: Floats, connected: Floats
    ) -> tuple[Floats, Floats]:
        """Reactive power and voltage of each device.

        Active power has priority: reactive power gets what the circle leaves.

        Args:
            power_w: active power now.
            ordered_var: NaN where not ordered.
            ordered_v: NaN where not ordered; goes before *ordered_var*.
            turbulence: of the feeder, -1 to 1.
            connected: 1 or 0.

        Returns:
            Reactive power and voltage.
        """
        per_va = self.nominal_v / self.apparent_va
        rest_v = self.nominal_v * (1.0 + 0.008 * turbulence) + per_va * _DROOP_ACTIVE * power_w
        to_hold = (ordered_v - rest_v) / (per_va * _DROOP_REACTIVE)
        plain = np.where(self.load, 0.25 * power_w, 0.0)
        wanted = np.where(np.isnan(ordered_v), np.where(np.isnan(ordered_var), plain, ordered_var), to_hold)
        room = np.sqrt(np.maximum(self.apparent_va**2 - power_w**2, 0.0))
        most = np.where(self.load, room, np.minimum(self.injected_max_var, room))
        least = np.where(self.load, room, np.minimum(self.absorbed_max_var, room))
        reactive = np.clip(wanted, -least, most) * connected
        return reactive, rest_v + per_va * _DROOP_REACTIVE * reactive
