"""Chance that can be looked up: the same seed, stream and index give the same number, in whatever order they are asked.

A sequence of random numbers would make a device depend on how often it is polled; a number that is computed from its
place does not.

Source: house choice, ADR 13 (the mixing function is SplitMix64's, of public domain).
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "smooth", "uniform"]

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

_WORD: Final = 2**64 - 1
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)


def _mixed(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * _FIRST
    words = (words ^ (words >> np.uint64(27))) * _SECOND
    mixed: Words = words ^ (words >> np.uint64(31))
    return mixed


def uniform(seed: int, stream: str, place: Floats, index: Floats | float = 0.0) -> Floats:
    """Numbers from 0 (included) to 1 (excluded), evenly spread and independent of each other.

    Args:
        seed: of the whole simulation.
        stream: what the number is for; other streams are independent.
        place: whole numbers, such as the device's row.
        index: whole numbers, such as the number of the day.

    Returns:
        One number for each element of *place* and *index*, broadcast.
    """
    key = np.uint64((seed ^ zlib.crc32(stream.encode()) << 32) & _WORD)
    first = _mixed(np.asarray(place, dtype=np.float64).astype(np.int64).astype(np.uint64) * _GOLDEN + key)
    mixed = _mixed(first + np.asarray(index, dtype=np.float64).astype(np.int64).astype(np.uint64) * _FIRST + _GOLDEN)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def smooth(seed: int, stream: str, place: Floats, at_s: Floats, period_s: float) -> Floats:
    """A wandering value from 0 to 1 without jumps, new about every *period_s* seconds.

    Args:
        seed: of the whole simulation.
        stream: what the value is for.
        place: whole numbers, such as the device's row.
        at_s: seconds since the epoch, one for each place.
        period_s: distance of the independent values between which it moves.

    Returns:
        One value for each place.
    """
    position = np.asarray(at_s) / period_s
    index = np.floor(position)
    part = position - index
    before = uniform(seed, stream, place, index)
    after = uniform(seed, stream, place, index + 1.0)
    return before + (after - before) * part * part * (3.0 - 2.0 * part)
