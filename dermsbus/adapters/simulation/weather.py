"""The sun over one place and the clouds that pass before it.

Source: house choice, ADR 13: solar position by the low-precision series of the almanacs (better than 0.1 degree), clear
sky by Haurwitz's closed form, clouds by two wandering values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dermsbus.adapters.simulation.chance import Floats, smooth, uniform

__all__ = ["Weather", "clear_sky_w_per_m2", "sine_of_elevation"]

_EPOCH_TO_J2000_DAYS: Final = 10957.5
_CLOUD_DEPTH: Final = 0.75
"""A thick cloud leaves a quarter of the clear sky's light."""
_CROSSING_S: Final = 300.0
"""A cloud needs so long from one end of the fleet to the other."""


def sine_of_elevation(at_s: float, latitude_deg: float, longitude_deg: float) -> float:
    """How high the sun stands: 1 in the zenith, 0 at the horizon, negative at night.

    Args:
        at_s: seconds since the epoch.
        latitude_deg: north is positive.
        longitude_deg: east is positive.

    Returns:
        The sine of the angle over the horizon, without refraction.
    """
    days = at_s / 86_400.0 - _EPOCH_TO_J2000_DAYS
    anomaly = math.radians(357.529 + 0.98560028 * days)
    longitude = math.radians(280.459 + 0.98564736 * days + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    tilt = math.radians(23.439 - 0.00000036 * days)
    declination = math.asin(math.sin(tilt) * math.sin(longitude))
    ascension = math.atan2(math.cos(tilt) * math.sin(longitude), math.cos(longitude))
    sidereal = math.radians((18.697374558 + 24.06570982441908 * days) * 15.0 + longitude_deg)
    latitude = math.radians(latitude_deg)
    return math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(
        sidereal - ascension
    )


def clear_sky_w_per_m2(sine: float) -> float:
    """Light on level ground under a sky without clouds.

    Args:
        sine: of the sun's elevation.

    Returns:
        Global horizontal irradiance, 0 when the sun is down.
    """
    return 1098.0 * sine * math.exp(-0.059 / sine) if sine > 0.0 else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cloud:
    starts_s: float
    lasts_s: float
    depth: float


class Weather:
    """Light on every device of a fleet at any instant.

    The days differ, clouds come and go, and a cloud reaches one device later than the other.

    Args:
        seed: of the whole simulation.
        count: number of devices.
        latitude_deg: north is positive.
        longitude_deg: east is positive.
    """

    def __init__(self, *, seed: int, count: int, latitude_deg: float, longitude_deg: float) -> None:
        self._seed = seed
        self._latitude_deg = latitude_deg
        self._longitude_deg = longitude_deg
        self._everywhere = np.zeros(count)
        self._delay_s = uniform(seed, "place", np.arange(count, dtype=np.float64)) * _CROSSING_S
        self._clouds: tuple[_Cloud, ...] = ()

    def send_cloud(self, *, at_s: float, lasts_s: float, depth: float) -> None:
        """Let one cloud pass over the fleet, besides those that come by themselves.

        Args:
            at_s: seconds since the epoch at which it reaches the first device.
            lasts_s: how long it shades one device, more than 0.
            depth: part of the light that it takes, 0 to 1.
        """
        passing = (cloud for cloud in self._clouds if cloud.starts_s + cloud.lasts_s + _CROSSING_S > at_s)
        self._clouds = (*passing, _Cloud(starts_s=at_s, lasts_s=lasts_s, depth=depth))

    def light(self, at_s: float) -> Floats:
        """Part of 1000 W/m² that reaches each device.

        Args:
            at_s: seconds since the epoch.

        Returns:
            One value for each device, 0 at night.
        """
        clear = clear_sky_w_per_m2(sine_of_elevation(at_s, self._latitude_deg, self._longitude_deg)) / 1000.0
        if clear <= 0.0:
            return np.zeros_like(self._everywhere)
        return clear * self._clearness(at_s - self._delay_s)

    def _clearness(self, at_s: Floats) -> Floats:
        cover = smooth(self._seed, "cover", self._everywhere, at_s, 3 * 3600.0)
        shade = 0.65 * smooth(self._seed, "clouds", self._everywhere, at_s, 540.0)
        shade += 0.35 * smooth(self._seed, "wisps", self._everywhere, at_s, 150.0)
        inside = np.clip((shade - (1.0 - cover) + 0.15) / 0.3, 0.0, 1.0)
        clearness: Floats = 1.0 - _CLOUD_DEPTH * inside
        for cloud in self._clouds:
            through = np.clip((at_s - cloud.starts_s) / cloud.lasts_s, 0.0, 1.0)
            clearness = clearness * (1.0 - cloud.depth * np.clip(5.0 * np.sin(np.pi * through), 0.0, 1.0))
        return clearness
