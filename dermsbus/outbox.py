"""The way out: what the store holds to be sent goes to the broker in order, until the broker has it.

Messages are written to the store together with the effect they tell of. From there they are published, and marked as
sent only on the broker's word. One that nobody is sure of is sent again with the same MessageID; one that the broker
refuses, such as a reply to a requester that has gone, is put aside as undeliverable and said in the log.

Source: outbox and publish-outcome rows of the project's reference tables.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice

import structlog

from dermsbus.store.base import OutboxEntry, OutboxState, Store
from dermsbus.transports.base import LinkState, PublishState, Transport

__all__ = ["Outbox"]

_log = structlog.get_logger(__name__)
_BATCH = 256
_BATCH_BYTES = 16 * 1024 * 1024  # what a slow link can be expected to carry before the broker's word on it is overdue


class Outbox:
    """Publishes the store's outgoing messages. Used by the consumer's thread alone, but for `waiting`."""

    def __init__(self, store: Store, transport: Transport, *, confirm_timeout_s: float = 10.0) -> None:
        self._store = store
        self._transport = transport
        self._confirm_timeout_s = confirm_timeout_s
        self._waiting: deque[OutboxEntry] = deque()

    @property
    def waiting(self) -> int:
        """How many messages are committed and not yet with the broker."""
        return len(self._waiting)

    def load(self) -> None:
        """Take up what an earlier run left unsent."""
        self._waiting.extend(self._store.pending(limit=1_000_000))

    def add(self, entries: Iterable[OutboxEntry]) -> None:
        """Queue entries that were just committed, behind those that wait."""
        self._waiting.extend(entries)

    def flush(self) -> None:
        """Publish what waits, in order, as far as the broker takes it; the rest waits for the next call.

        Raises:
            StoreError: what was sent could not be marked; it will be sent again, which its receivers must bear.
        """
        while self._waiting and self._transport.status.state is LinkState.UP:
            if not self._publish_some():
                return

    def _publish_some(self) -> bool:
        """Publish up to a batch; True if all of it left."""
        batch = self._next()
        outcomes = self._transport.publish([entry.message for entry in batch], self._confirm_timeout_s)
        sent: list[int] = []
        refused: list[int] = []
        unsure: list[OutboxEntry] = []
        for entry, outcome in zip(batch, outcomes, strict=True):
            if outcome.state is PublishState.ACCEPTED:
                sent.append(entry.entry_id)
            elif outcome.state is PublishState.REJECTED:
                refused.append(entry.entry_id)
                _log.warning(
                    "message is undeliverable",
                    destination=str(entry.message.destination),
                    message_id=entry.message.message_id,
                    reason=outcome.reason,
                )
            else:
                unsure.append(entry)
        self._settle(len(batch), sent, refused, unsure)
        if unsure:
            _log.warning("messages not confirmed, will be sent again", count=len(unsure))
        return not unsure

    def _next(self) -> list[OutboxEntry]:
        """What is published together next: some of what waits, one message at least."""
        batch: list[OutboxEntry] = []
        total_bytes = 0
        for entry in islice(self._waiting, _BATCH):
            total_bytes += len(entry.message.body)
            if batch and total_bytes > _BATCH_BYTES:
                break
            batch.append(entry)
        return batch

    def _settle(self, taken: int, sent: list[int], refused: list[int], unsure: list[OutboxEntry]) -> None:
        if sent:
            self._store.mark(sent, OutboxState.SENT)
        if refused:
            self._store.mark(refused, OutboxState.UNDELIVERABLE)
        for _ in range(taken):
            self._waiting.popleft()
        self._waiting.extendleft(reversed(unsure))
