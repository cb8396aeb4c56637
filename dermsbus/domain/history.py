"""What the devices of a fleet did: means over the quarter hours of the last days.

The quarters are those of UTC, and the ring has whole days, so that a column of it is always the same quarter of the
day. A quarter in which nothing was heard of a device is a gap (NaN).

Source: house choice, ADR 16.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dermsbus.domain.fleet import FloatArray, IntArray

__all__ = ["QUARTERS_PER_DAY", "QUARTER_S", "History", "Past", "QuarterMeans", "quarter_of"]

QUARTER_S: Final = 900
QUARTERS_PER_DAY: Final = 96

_ROWS_AT_ONCE: Final = (
    1024  # some megabytes: no copy of the whole, and what one step leaves the next finds in the cache
)


def quarter_of(at: datetime) -> datetime:
    """When the quarter of *at* began, UTC."""
    return datetime.fromtimestamp(_quarter(at) * QUARTER_S, UTC)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class QuarterMeans:
    """What all devices of a fleet did in one quarter of an hour.

    Attributes:
        number: of the quarter, counted from 1970.
        means_w: one place for each device, signed; NaN where it is not known.
    """

    number: int
    means_w: NDArray[np.float32]

    @property
    def starts_at(self) -> datetime:
        """When the quarter began, UTC."""
        return datetime.fromtimestamp(self.number * QUARTER_S, UTC)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Past:
    """What some devices did; good until the history is written to again.

    Attributes:
        starts_s: for each column when its quarter began, seconds since 1970; column 0 is the first quarter of a day, so
            the newest quarter is somewhere in between.
        places: of the devices in their fleet.
        fleet_means_w: of all devices of the fleet.
    """

    starts_s: FloatArray
    places: IntArray
    fleet_means_w: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.places)

    def portions(self) -> Iterator[tuple[slice, FloatArray]]:
        """The devices, some thousand at a time: which of `places` they are, and what they did.

        Returns:
            With each slice a row for each device and a column for each quarter: mean active power, W, signed; NaN where
            unknown.
        """
        for start in range(0, len(self.places), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            yield rows, self.fleet_means_w[self.places[rows]].astype(np.float64)


class History:
    """Quarter-hour means of all devices of a fleet, by their places, over a fixed number of days.

    Args:
        count: number of devices.
        days: how many days are kept, 1 or more.
    """

    def __init__(self, count: int, *, days: int = 7) -> None:
        self._length = days * QUARTERS_PER_DAY
        # Seven digits are more than any meter has, and 100 000 devices in them are 270 MB already.
        self._means: NDArray[np.float32] = np.full((count, self._length), np.nan, dtype=np.float32)
        self._newest: int | None = None
        self._open: int | None = None
        self._sums: FloatArray = np.zeros(count)
        self._counts: IntArray = np.zeros(count, dtype=np.int64)

    @property
    def length(self) -> int:
        """How many quarters are kept."""
        return self._length

    def record(self, active_power_w: FloatArray, at: datetime) -> QuarterMeans | None:
        """Take what all devices gave at one instant into the mean of its quarter.

        The mean is written when the next quarter begins; an instant in an earlier one is passed over then.

        Args:
            active_power_w: one place for each device, signed; NaN where it is not known.
            at: aware.

        Returns:
            The quarter that is over now and was not before; None if none is.
        """
        quarter = _quarter(at)
        if self._open is not None and quarter < self._open:
            return None
        closed = None if quarter == self._open else self.close()
        self._open = quarter
        known = np.isfinite(active_power_w)
        self._sums[known] += active_power_w[known]
        self._counts[known] += 1
        return closed

    def close(self) -> QuarterMeans | None:
        """Take the quarter that is going on for over, with what was recorded so far; None if there is none."""
        if self._open is None:
            return None
        heard = self._counts > 0
        means = np.full(len(self._sums), np.nan, dtype=np.float32)
        means[heard] = self._sums[heard] / self._counts[heard]
        closed = QuarterMeans(number=self._open, means_w=means)
        self._write(closed)
        self._sums[:] = 0.0
        self._counts[:] = 0
        self._open = None
        return closed

    def put(self, means_w: FloatArray, quarter_at: datetime) -> None:
        """Write the means of one quarter, such as from an archive: over those that are there, or as the newest.

        Args:
            means_w: one place for each device, signed; NaN where it is not known.
            quarter_at: aware; any instant in the quarter. One older than the ring is long is passed over.
        """
        self._write(QuarterMeans(number=_quarter(quarter_at), means_w=means_w.astype(np.float32)))

    def restore(self, quarter: QuarterMeans) -> None:
        """As `put`, for a quarter that was recorded before."""
        self._write(quarter)

    def quarters(self) -> Iterator[QuarterMeans]:
        """Those that are kept, the oldest first; without the one that is going on, and without those of gaps alone."""
        if self._newest is None:
            return
        for number in range(self._newest - self._length + 1, self._newest + 1):
            means = self._means[:, number % self._length].copy()
            if not np.isnan(means).all():
                yield QuarterMeans(number=number, means_w=means)

    def past(self, places: IntArray) -> Past:
        """What the devices at *places* did, in that order. A quarter that is still going on is not in it."""
        newest = self._newest if self._newest is not None else self._length - 1
        columns = np.arange(self._length)
        quarters = newest - np.mod(newest - columns, self._length)
        return Past(starts_s=quarters * float(QUARTER_S), places=places, fleet_means_w=self._means)

    def _write(self, quarter: QuarterMeans) -> None:
        number = quarter.number
        newest = number if self._newest is None else self._newest
        if number <= newest - self._length:
            return
        skipped = np.mod(np.arange(max(newest + 1, number - self._length), number), self._length)
        self._means[:, skipped] = np.nan
        self._means[:, number % self._length] = quarter.means_w
        self._newest = max(newest, number)


def _quarter(at: datetime) -> int:
    return int(at.timestamp() // QUARTER_S)
