"""A store that a test can hold up, so that something happens to the bus between a request and what is done with it."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dermsbus.store.base import OutboxState
from tests.flow.test_expiry import BlockedStore

__all__ = ["HeldStore"]


class HeldStore(BlockedStore):
    """Holds back every commit as long as it is told to, and says what became of each message that was to be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: queue.SimpleQueue[OutboxState] = queue.SimpleQueue()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is committed until the block ends."""
        self.let_go.clear()
        try:
            yield
        finally:
            self.let_go.set()

    def wait_until_it_matters(self) -> None:
        """Return when something is to be committed, and is not."""
        assert self.blocked.wait(15), "nothing is to be committed"

    def mark(self, entry_ids: Sequence[int], state: OutboxState) -> None:
        super().mark(entry_ids, state)
        for _ in entry_ids:
            self.marked.put(state)
