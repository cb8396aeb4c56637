"""What people do: when they use power, and when a car stands at its charger.

Source: house choice, ADR 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dermsbus.adapters.simulation.chance import Floats, smooth, uniform

__all__ = ["Habits", "Session"]

_DAY_S: Final = 86_400.0
_DEMAND: Final = (0.28, 0.25, 0.23, 0.22, 0.23, 0.28, 0.42, 0.56, 0.52, 0.44, 0.42, 0.45,
                  0.50, 0.46, 0.42, 0.43, 0.50, 0.66, 0.82, 0.86, 0.76, 0.62, 0.46, 0.34)  # fmt: skip
"""Part of its rating that a load draws on average at each hour of a working day: a small peak at seven, a high one at
nineteen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """Cars at chargers at one instant, one element for each charger.

    Attributes:
        number: of the day on which the car came; -1 where none is there.
        arrival_soc: part of its energy with which it came, 0 to 1.
    """

    number: Floats
    arrival_soc: Floats

    @property
    def present(self) -> NDArray[np.bool_]:
        """Where a car is."""
        return np.asarray(self.number >= 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stays:
    """From when to when each charger has a car that came on one day, in hours since the epoch by the place's clock."""

    arrives_h: Floats
    leaves_h: Floats
    arrival_soc: Floats


class Habits:
    """Demand and cars by the clock of the place.

    Args:
        seed: of the whole simulation.
        count: number of devices.
        longitude_deg: east is positive; fifteen degrees make an hour.
    """

    def __init__(self, *, seed: int, count: int, longitude_deg: float) -> None:
        self._seed = seed
        self._rows = np.arange(count, dtype=np.float64)
        self._shift_s = longitude_deg / 360.0 * _DAY_S
        self._stays: dict[float, _Stays] = {}

    def demand(self, at_s: float) -> Floats:
        """Part of its rating that each load wants to draw, 0 to 1.

        Args:
            at_s: seconds since the epoch.

        Returns:
            One value for each device.
        """
        local_s = at_s + self._shift_s
        hour = local_s % _DAY_S / 3600.0
        usual = float(np.interp(hour, np.arange(25), (*_DEMAND, _DEMAND[0])))
        weekday = int(local_s // _DAY_S + 3) % 7
        if weekday >= 5:
            usual = 0.15 + 0.8 * usual
        everyone = np.full_like(self._rows, at_s)
        own = smooth(self._seed, "demand", self._rows, everyone, 1800.0)
        flicker = smooth(self._seed, "switching", self._rows, everyone, 120.0)
        return np.clip(usual * (0.6 + 0.6 * own + 0.2 * flicker), 0.0, 1.0)

    def sessions(self, at_s: float) -> Session:
        """Which cars are at their chargers.

        A car comes on most days between three and eight in the afternoon and leaves on the next morning.

        Args:
            at_s: seconds since the epoch.

        Returns:
            One element for each device, chargers or not.
        """
        local_h = (at_s + self._shift_s) / 3600.0
        today = local_h // 24.0
        if today not in self._stays:
            self._stays = {day: self._stays_of(day) for day in (today - 1.0, today)}
        number, soc = np.full_like(self._rows, -1.0), np.zeros_like(self._rows)
        for day, stays in self._stays.items():
            there = (stays.arrives_h <= local_h) & (local_h < stays.leaves_h)
            number, soc = np.where(there, day, number), np.where(there, stays.arrival_soc, soc)
        return Session(number=number, arrival_soc=soc)

    def _stays_of(self, day: float) -> _Stays:
        arrives_h = 24.0 * day + 15.0 + 2.5 * (self._chance("early", day) + self._chance("late", day))
        leaves_h = 24.0 * (day + 1.0) + 6.0 + 2.5 * self._chance("leave", day)
        comes = self._chance("come", day) < 0.85
        return _Stays(
            arrives_h=arrives_h,
            leaves_h=np.where(comes, leaves_h, arrives_h),
            arrival_soc=0.15 + 0.5 * self._chance("soc", day),
        )

    def _chance(self, stream: str, day: float) -> Floats:
        return uniform(self._seed, stream, self._rows, day)
