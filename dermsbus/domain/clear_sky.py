"""The power that the sun would give under a sky without clouds: a closed form, good to some percent.

Source: house choice, ADR 16: the sun's place by Spencer's Fourier series of 1971, light on level ground by Haurwitz's
formula of 1945. Tilt, shade and heat of a panel are not in it: the clearness that is learned from the past takes them
in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dermsbus.domain.fleet import FloatArray

__all__ = ["Site", "clear_sky_part"]

_DAY_S: Final = 86_400.0
_YEAR_DAYS: Final = 365.2425
_RATED_AT_W_PER_M2: Final = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where the devices are, as one point.

    Attributes:
        latitude_deg: -90 to 90, north is positive.
        longitude_deg: -180 to 180, east is positive.
    """

    latitude_deg: float
    longitude_deg: float

    def __post_init__(self) -> None:
        if not (-90.0 <= self.latitude_deg <= 90.0 and -180.0 <= self.longitude_deg <= 180.0):
            raise ValueError(f"latitude {self.latitude_deg}, longitude {self.longitude_deg} is no place on Earth")


def clear_sky_part(site: Site, at_s: FloatArray) -> FloatArray:
    """The part of its rated power that a level panel gives under a clear sky.

    Args:
        site: where it is.
        at_s: instants, seconds since 1970 UTC.

    Returns:
        0 to 1 for each instant; exactly 0 while the sun is down.
    """
    height = _sine_of_height(site, at_s)
    up = height > 0.0
    light = np.zeros_like(height)
    light[up] = 1098.0 * height[up] * np.exp(-0.057 / height[up])
    return np.minimum(light / _RATED_AT_W_PER_M2, 1.0)


def _sine_of_height(site: Site, at_s: FloatArray) -> FloatArray:
    """How high the sun stands: 1 in the zenith, 0 at the horizon, negative at night."""
    days = np.asarray(at_s, dtype=np.float64) / _DAY_S
    year = 2.0 * np.pi * np.mod(days, _YEAR_DAYS) / _YEAR_DAYS  # from the 1st of January, to a day or so
    declination = (
        0.006918
        - 0.399912 * np.cos(year)
        + 0.070257 * np.sin(year)
        - 0.006758 * np.cos(2.0 * year)
        + 0.000907 * np.sin(2.0 * year)
        - 0.002697 * np.cos(3.0 * year)
        + 0.001480 * np.sin(3.0 * year)
    )
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * np.cos(year)
        - 0.032077 * np.sin(year)
        - 0.014615 * np.cos(2.0 * year)
        - 0.040849 * np.sin(2.0 * year)
    )
    solar_day = np.mod(days, 1.0) + site.longitude_deg / 360.0 + equation_min / 1440.0
    hour_angle = 2.0 * np.pi * (solar_day - 0.5)
    latitude = np.radians(site.latitude_deg)
    height: FloatArray = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        hour_angle
    )
    return height
