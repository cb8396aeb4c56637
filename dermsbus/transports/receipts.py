"""What became of each frame sent: a table from receipt id to answer, filled by the reader, awaited by the senders."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from dermsbus.transports.base import PublishOutcome, PublishState

__all__ = ["Batch", "Receipts"]


class Batch:
    """Frames that are waited for together; made by `Receipts.expect`."""

    def __init__(self, receipt_ids: Sequence[str]) -> None:
        self.receipt_ids = tuple(receipt_ids)
        self.complete = threading.Event()
        self._answers: dict[str, PublishOutcome] = {}

    def answer(self, receipt_id: str, outcome: PublishOutcome) -> None:
        """Note the broker's word on one frame; the first word counts."""
        self._answers.setdefault(receipt_id, outcome)
        if len(self._answers) == len(self.receipt_ids):
            self.complete.set()

    def outcomes(self, otherwise: str) -> tuple[PublishOutcome, ...]:
        """One outcome for each frame, in order; UNKNOWN with *otherwise* as reason where nothing was said."""
        unknown = PublishOutcome(state=PublishState.UNKNOWN, reason=otherwise)
        return tuple(self._answers.get(each, unknown) for each in self.receipt_ids)


@dataclass(frozen=True, slots=True)
class _Awaited:
    batch: Batch
    command: str


class Receipts:
    """The receipts awaited on one connection. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._awaited: dict[str, _Awaited] = {}
        self._ids = count(1)
        self._lost: PublishOutcome | None = None

    def expect(self, commands: Sequence[str]) -> Batch:
        """A batch with a new receipt id for each of *commands*; on a lost connection it is complete at once."""
        with self._lock:
            batch = Batch([f"r{next(self._ids)}" for _ in commands])
            for receipt_id, command in zip(batch.receipt_ids, commands, strict=True):
                self._awaited[receipt_id] = _Awaited(batch, command)
            if self._lost is not None:
                self._answer_all(self._lost)
            return batch

    def forget(self, batch: Batch) -> None:
        """Stop waiting for what *batch* still lacks."""
        with self._lock:
            for receipt_id in batch.receipt_ids:
                self._awaited.pop(receipt_id, None)

    def answer(self, receipt_id: str, outcome: PublishOutcome) -> None:
        """The broker's word on one frame; one that nobody waits for any more is passed over."""
        with self._lock:
            self._answer(receipt_id, outcome)

    def answer_unnamed(self, outcome: PublishOutcome) -> None:
        """An ERROR that does not say which frame it is about.

        It is taken to be about what can only be refused this way: a SUBSCRIBE, else an ACK, else the only SEND
        awaited. Of several SENDs none is blamed, because a message called refused is never sent again.
        """
        with self._lock:
            by_command: dict[str, list[str]] = {}
            for receipt_id, awaited in self._awaited.items():
                by_command.setdefault(awaited.command, []).append(receipt_id)
            sends = by_command.get("SEND", [])
            suspects = by_command.get("SUBSCRIBE") or by_command.get("ACK") or (sends if len(sends) == 1 else [])
            for receipt_id in suspects:
                self._answer(receipt_id, outcome)

    def lose(self, reason: str) -> None:
        """The connection is gone: everything awaited, and whatever is asked for later, is unknown."""
        with self._lock:
            self._lost = PublishOutcome(state=PublishState.UNKNOWN, reason=reason)
            self._answer_all(self._lost)

    def _answer_all(self, outcome: PublishOutcome) -> None:
        for receipt_id in tuple(self._awaited):
            self._answer(receipt_id, outcome)

    def _answer(self, receipt_id: str, outcome: PublishOutcome) -> None:
        awaited = self._awaited.pop(receipt_id, None)
        if awaited is not None:
            awaited.batch.answer(receipt_id, outcome)
