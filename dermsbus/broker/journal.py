"""What of the broker's state outlives it: the changes that are written down, and what is found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dermsbus.broker.queues import Entry, Queue, Role

__all__ = [
    "Change",
    "DurableForgotten",
    "DurableKept",
    "EntryCounted",
    "EntryGone",
    "EntryKept",
    "Journal",
    "QueueKept",
    "Snapshot",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryKept:
    """A message is in a queue.

    Attributes:
        number: its place in the order of arrival of the whole broker; unique.
        place: the queue's `Queue.place`.
        message_id: the broker's id of the message.
        destination: where it was sent, with its prefix.
        headers: those that are passed through.
        body: as received.
        deliveries: how often it was handed to a consumer.
        rejections: how often a consumer gave it back with NACK.
    """

    number: int
    place: str
    message_id: str
    destination: str
    headers: Mapping[str, str]
    body: bytes
    deliveries: int = 0
    rejections: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryCounted:
    """The counters of a kept message have changed; see `EntryKept`."""

    number: int
    deliveries: int
    rejections: int


@dataclass(frozen=True, slots=True)
class EntryGone:
    """A kept message is out of its queue for good."""

    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DurableKept:
    """A durable subscription exists, until it is forgotten.

    Attributes:
        place: of the queue that collects for it.
        client_id: whose it is.
        name: ``activemq.subscriptionName``.
        topic: topic name or pattern, with its prefix.
        selector: its selector's text, None for all messages.
    """

    place: str
    client_id: str
    name: str
    topic: str
    selector: str | None


@dataclass(frozen=True, slots=True)
class DurableForgotten:
    """The durable subscription that collects in *place* is deleted; its messages are named by `EntryGone`."""

    place: str


@dataclass(frozen=True, slots=True)
class QueueKept:
    """A queue, with its prefix, that collects from a virtual topic even while it is empty and without consumers."""

    place: str


Change = EntryKept | EntryCounted | EntryGone | DurableKept | DurableForgotten | QueueKept


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All that was kept, as it stands after the last change; *entries* by their number."""

    queues: tuple[QueueKept, ...] = ()
    durables: tuple[DurableKept, ...] = ()
    entries: tuple[EntryKept, ...] = ()


class Journal:
    """The changes since they were last taken.

    Only persistent messages are kept, and only in queues and durable subscriptions: what is temporary or for a live
    topic subscriber ends with its connection.
    """

    def __init__(self, *, keeps: bool) -> None:
        """Nothing noted.

        Args:
            keeps: whether there is a store at all; without one nothing is noted.
        """
        self._keeps = keeps
        self._changes: list[Change] = []

    def take(self) -> tuple[Change, ...]:
        """What was noted since the last call, in order; each change is handed out once."""
        changes = tuple(self._changes)
        self._changes.clear()
        return changes

    def note(self, change: Change) -> None:
        """Note *change*."""
        if self._keeps:
            self._changes.append(change)

    def kept(self, queue: Queue, entry: Entry) -> None:
        """Note that *entry* is in *queue* now."""
        if self._outlives(queue, entry):
            self._changes.append(
                EntryKept(
                    number=entry.number,
                    place=queue.place,
                    message_id=entry.message.message_id,
                    destination=str(entry.message.destination),
                    headers=entry.message.headers,
                    body=entry.message.body,
                )
            )

    def counted(self, queue: Queue, entry: Entry) -> None:
        """Note the counters of *entry*."""
        if self._outlives(queue, entry):
            self._changes.append(
                EntryCounted(number=entry.number, deliveries=entry.deliveries, rejections=entry.rejections)
            )

    def gone(self, queue: Queue, entry: Entry) -> None:
        """Note that *entry* has left *queue* for good."""
        if self._outlives(queue, entry):
            self._changes.append(EntryGone(entry.number))

    def _outlives(self, queue: Queue, entry: Entry) -> bool:
        return self._keeps and entry.message.persistent and queue.role in {Role.QUEUE, Role.DURABLE}
