"""What other systems told of their groups: kept to be looked at, never taken for a measurement of our own.

Source: use case 8 of the project's reference tables; what is done with a report: house choice, ADR 19.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import GroupStatus

__all__ = ["StatusReports"]

_MOST: Final = 10_000


class StatusReports:
    """The last status that each other system told of each of its groups. In memory, used by one thread.

    Args:
        most: so many are kept, 1 or more; beyond them the one that was renewed the longest time ago is forgotten.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._last: OrderedDict[tuple[str, GroupReference], GroupStatus] = OrderedDict()

    def __len__(self) -> int:
        return len(self._last)

    def put(self, source: str, status: GroupStatus) -> None:
        """Take *status* as the last that *source* told of its group."""
        key = (source, status.group)
        self._last[key] = status
        self._last.move_to_end(key)
        while len(self._last) > self._most:
            self._last.popitem(last=False)

    def of(self, source: str) -> tuple[GroupStatus, ...]:
        """The last statuses that *source* told, the latest one last."""
        return tuple(status for (teller, _), status in self._last.items() if teller == source)
