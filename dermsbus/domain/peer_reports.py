"""What other systems told of their groups: kept to be looked at, never taken for a measurement or forecast of our own.

Source: use cases 8 and 10 of the project's reference tables; what is done with a report: house choice, ADR 19.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar

from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import GroupForecast, GroupStatus

__all__ = ["LastReports", "PeerReports"]

_MOST_STATUSES: Final = 10_000
_MOST_POINTS: Final = 100_000


class _Report(Protocol):
    """Whatever is told of one group."""

    @property
    def group(self) -> GroupReference:
        """As the teller names it."""
        ...


_R = TypeVar("_R", bound=_Report)


def _one(_: object) -> int:
    return 1


class LastReports(Generic[_R]):
    """The last report that each other system told of each of its groups. In memory; safe to use from several threads.

    Args:
        most: so much is kept, 1 or more; beyond it the report that was renewed the longest time ago is forgotten. The
            latest is always kept.
        size_of: how much a report counts, 1 or more.
    """

    def __init__(self, most: int, size_of: Callable[[_R], int] = _one) -> None:
        self._most = most
        self._size_of = size_of
        self._size = 0
        self._last: OrderedDict[tuple[str, GroupReference], _R] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._last)

    def put(self, source: str, report: _R) -> None:
        """Take *report* as the last that *source* told of its group."""
        key = (source, report.group)
        with self._lock:
            before = self._last.pop(key, None)
            self._size += self._size_of(report) - (self._size_of(before) if before is not None else 0)
            self._last[key] = report
            while self._size > self._most and len(self._last) > 1:
                _, oldest = self._last.popitem(last=False)
                self._size -= self._size_of(oldest)

    def of(self, source: str) -> tuple[_R, ...]:
        """The last reports that *source* told, the latest one last."""
        with self._lock:
            return tuple(report for (teller, _), report in self._last.items() if teller == source)

    def latest(self) -> tuple[tuple[str, _R], ...]:
        """All reports with who told them, the latest one first."""
        with self._lock:
            return tuple((teller, report) for (teller, _), report in reversed(self._last.items()))


class PeerReports:
    """All that other systems told of their groups. In memory; safe to use from several threads.

    Attributes:
        statuses: ten thousand at most.
        forecasts: so many that they have a hundred thousand points together, for one may have as many as a thousand
            others.
    """

    def __init__(self) -> None:
        self.statuses: LastReports[GroupStatus] = LastReports(_MOST_STATUSES)
        self.forecasts: LastReports[GroupForecast] = LastReports(_MOST_POINTS, _points_of)


def _points_of(forecast: GroupForecast) -> int:
    return 1 + sum(len(curve.points) for parameter in forecast.parameters for curve in parameter.curves)
