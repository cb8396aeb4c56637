"""Values by key over those below: what differs, and every step to it, so that each can be undone.

All drafts of the domain are made of it. There is one writer thread, hence no locks.

Source: decision 10 on open questions in the project's reference tables.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Generic, NewType, TypeVar

__all__ = ["Overlay", "Savepoint"]

V = TypeVar("V")

Savepoint = NewType("Savepoint", int)
"""A point in a draft that it can be taken back to."""

_UNTOUCHED: Final = Savepoint(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step(Generic[V]):
    """What undoes one step; its number is never given again."""

    number: Savepoint
    key: str
    was_touched: bool
    earlier: V | None


def _ignore(_key: str, _before: object, _after: object) -> None:
    """For overlays that nobody keeps an index of."""


class Overlay(Generic[V]):
    """What a draft has in place of what lies below; None stands for nothing.

    Args:
        below: gives the value of a key below, None if there is none; it stays the same for the life of the overlay.
        moved: told the key, the value before and the value after of every step, forwards or back: it keeps an index.
    """

    def __init__(
        self, below: Callable[[str], V | None], moved: Callable[[str, V | None, V | None], None] = _ignore
    ) -> None:
        self._below = below
        self._moved = moved
        self._touched: dict[str, V | None] = {}
        self._journal: list[_Step[V]] = []
        self._steps = 0

    @property
    def touched(self) -> Mapping[str, V | None]:
        """The keys that were set and not undone, in the order of first touch, with what they have now."""
        return MappingProxyType(self._touched)

    def get(self, key: str) -> V | None:
        """The value of *key*, or None."""
        if key in self._touched:
            return self._touched[key]
        return self._below(key)

    def set(self, key: str, value: V | None) -> None:
        """Have *value* for *key* from now on; None takes it away."""
        self._steps += 1
        self._journal.append(
            _Step(number=Savepoint(self._steps), key=key, was_touched=key in self._touched, earlier=self.get(key))
        )
        self._put(key, value)

    def differences(self) -> Iterator[tuple[V | None, V | None]]:
        """What lies below and what is here, of each key of which they differ, in the order of first touch."""
        for key, after in self._touched.items():
            before = self._below(key)
            if before != after:
                yield before, after

    def savepoint(self) -> Savepoint:
        """The overlay as it is now, to come back to."""
        return self._journal[-1].number if self._journal else _UNTOUCHED

    def rollback_to(self, savepoint: Savepoint) -> None:
        """Undo everything done since *savepoint*; the savepoint stays good.

        Raises:
            ValueError: *savepoint* was itself undone with an earlier one.
        """
        kept = bisect_right(self._journal, savepoint, key=lambda step: step.number)
        if savepoint != (self._journal[kept - 1].number if kept else _UNTOUCHED):
            raise ValueError("this savepoint was undone with an earlier one")
        for step in reversed(self._journal[kept:]):
            self._put(step.key, step.earlier)
            if not step.was_touched:
                del self._touched[step.key]
        del self._journal[kept:]

    def _put(self, key: str, value: V | None) -> None:
        self._moved(key, self.get(key), value)
        self._touched[key] = value
