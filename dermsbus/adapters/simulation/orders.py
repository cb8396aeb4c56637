"""What a fleet of simulated devices was told and still holds, each order with its end.

Every order ends by itself: a set-point that expires does not take a limit with it, nor does it connect a device that
was disconnected without an end.

Source: house choice, ADR 13; SunSpec devices keep one timer for each function too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermsbus.adapters.acceptance import VALUES
from dermsbus.adapters.base import Command, Effect
from dermsbus.adapters.simulation.chance import Floats

__all__ = ["Orders"]

_CONNECTED = len(VALUES)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """One row for each function, one column for each device."""

    value: Floats
    ends_s: Floats


class Orders:
    """Held orders of *count* devices; what is not ordered is NaN.

    Args:
        count: number of devices.
    """

    def __init__(self, count: int) -> None:
        shape = (len(VALUES) + 1, count)
        self._table = _Table(value=np.full(shape, np.nan), ends_s=np.full(shape, np.inf))
        self._table.value[_CONNECTED] = 1.0

    def held(self, name: str) -> Floats:
        """The value of one function for each device, NaN where it is not ordered."""
        row: Floats = self._table.value[VALUES.index(name)]
        return row

    @property
    def connected(self) -> Floats:
        """1 where a device may be connected, else 0."""
        row: Floats = self._table.value[_CONNECTED]
        return row

    @property
    def next_end_s(self) -> Floats:
        """When the next order of each device ends, in seconds since the epoch; infinite where none does."""
        ends: Floats = self._table.ends_s.min(axis=0)
        return ends

    def take(self, row: int, command: Command) -> None:
        """Hold what *command* orders.

        Args:
            row: of the device.
            command: accepted; one with nothing but an end prolongs the set-points that have one.
        """
        if command.release:
            self._table.value[:_CONNECTED, row] = np.nan
            self._table.ends_s[:_CONNECTED, row] = np.inf
            return
        given = [getattr(command, name) for name in VALUES]
        given.append(None if command.connect is None else float(command.connect))
        ends_s = np.inf if command.expires_at is None else command.expires_at.timestamp()
        if all(value is None for value in given):
            bounded = np.isfinite(self._table.ends_s[:_CONNECTED, row])
            self._table.ends_s[:_CONNECTED, row][bounded] = ends_s
            return
        for function, value in enumerate(given):
            if value is not None:
                self._table.value[function, row] = value
                self._table.ends_s[function, row] = ends_s
        if command.connect:
            self._table.ends_s[_CONNECTED, row] = np.inf

    def end(self, row: int, at_s: float) -> None:
        """Let go of what ends at or before *at_s*; a device that was disconnected until then is connected."""
        over = self._table.ends_s[:, row] <= at_s
        self._table.value[over, row] = np.nan
        self._table.ends_s[over, row] = np.inf
        if over[_CONNECTED]:
            self._table.value[_CONNECTED, row] = 1.0

    def effect(self, row: int) -> Effect:
        """What one device holds."""
        values = (float(value) for value in self._table.value[:_CONNECTED, row])
        held = {name: None if np.isnan(value) else value for name, value in zip(VALUES, values, strict=True)}
        return Effect(
            active_power_w=held["active_power_w"],
            active_power_limit_w=held["active_power_limit_w"],
            reactive_power_var=held["reactive_power_var"],
            voltage_v=held["voltage_v"],
            ramp_rate_w_per_s=held["ramp_rate_w_per_s"],
            connected=bool(self._table.value[_CONNECTED, row]),
        )
