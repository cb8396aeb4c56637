"""What a store promises: everything that one batch of messages changed, committed together or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dermsbus.domain.device_settings import DeviceSetting, SettingChange
from dermsbus.domain.dispatch_book import DispatchChange
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.quantities import Dispatch
from dermsbus.domain.registry import GroupChange
from dermsbus.domain.switching import SwitchChange, SwitchOrder
from dermsbus.transports.base import Outgoing

__all__ = [
    "Commit",
    "DispatchChange",
    "GroupChange",
    "InboxKey",
    "InboxRecord",
    "NonceRecord",
    "OutboxEntry",
    "OutboxState",
    "SettingChange",
    "Store",
    "SwitchChange",
]


class OutboxState(StrEnum):
    """Where an outgoing message stands."""

    PENDING = "pending"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxKey:
    """The identity of a received message.

    Attributes:
        source: ``Header/Source``; empty where absent.
        message_id: ``Header/MessageID``, not empty.
    """

    source: str
    message_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxRecord:
    """A message that was carried out or refused.

    Attributes:
        key: its identity.
        digest: SHA-256 of the received body.
        received_at: aware, UTC.
        transport_id: the broker's id of the message, which tells a redelivery of it from the same bytes sent again;
            None where the broker gave none.
        failed: nothing of it was done, by a fault of ours or because it could not be taken in; it is judged anew when
            somebody sends it again.
    """

    key: InboxKey
    digest: bytes
    received_at: datetime
    transport_id: str | None = None
    failed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NonceRecord:
    """A number that was used once, and must not be again.

    Attributes:
        nonce: SHA-256 of it and of whose it is.
        digest: SHA-256 of the received body that used it.
        forget_at: aware, UTC; from then on whatever bears it is too old to be acted on.
    """

    nonce: bytes
    digest: bytes
    forget_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxEntry:
    """A message to be sent.

    Attributes:
        entry_id: order of writing, from 1; 0 before it is committed.
        cause: the received message it answers or tells of; None for one of our own making.
        is_reply: True for the reply to *cause*, False for an event.
        message: what to publish.
        state: pending, sent or undeliverable.
        attempts: publishes tried so far.
    """

    message: Outgoing
    cause: InboxKey | None = None
    is_reply: bool = False
    entry_id: int = 0
    state: OutboxState = OutboxState.PENDING
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """One transaction: applied in the order of its parts.

    An inbox record whose key is already there replaces the older one (a peer that sends the same MessageID again on
    purpose; the consumer decides that before). *ended* are the digests of messages whose beginning was written down,
    and that did not end the process.
    """

    inbox: tuple[InboxRecord, ...] = ()
    ended: tuple[bytes, ...] = ()
    nonces: tuple[NonceRecord, ...] = ()
    groups: tuple[GroupChange, ...] = ()
    dispatches: tuple[DispatchChange, ...] = ()
    switches: tuple[SwitchChange, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    outbox: tuple[OutboxEntry, ...] = ()


class Store(Protocol):
    """Durable memory of one adapter. All calls come from the consumer's thread but `close`.

    Every method raises StoreError if the store fails; then nothing of the call has happened.
    """

    def groups(self) -> Iterator[EndDeviceGroup]:
        """All groups, in the order of their creation, members in the order of their joining."""
        ...

    def dispatches(self) -> Iterator[Dispatch]:
        """All dispatches, in the order of their creation."""
        ...

    def switches(self) -> Iterator[SwitchOrder]:
        """All switch orders that are not over, in the order of their coming."""
        ...

    def settings(self) -> Iterator[DeviceSetting]:
        """What devices were told to hold, in any order."""
        ...

    def recall(self, key: InboxKey) -> InboxRecord | None:
        """The record of a message seen before, or None."""
        ...

    def replies_to(self, key: InboxKey) -> tuple[OutboxEntry, ...]:
        """The stored replies (not events) to a message seen before: those of its latest handling."""
        ...

    def begin_attempt(self, digest: bytes, at: datetime) -> int:
        """Write down that a message is begun, durable when the call returns.

        Args:
            digest: SHA-256 of its body.
            at: aware, UTC.

        Returns:
            How often it was begun and did not come to an end, this time included.
        """
        ...

    def recall_nonce(self, nonce: bytes) -> NonceRecord | None:
        """The record of a nonce that was used before, or None."""
        ...

    def count_nonces(self) -> int:
        """How many nonces are remembered."""
        ...

    def forget_nonces(self, now: datetime) -> int:
        """Forget the nonces that may be forgotten at *now*; returns how many."""
        ...

    def commit(self, commit: Commit) -> tuple[OutboxEntry, ...]:
        """Write *commit* in one transaction, durable when the call returns.

        Returns:
            Its outbox entries with their entry ids.
        """
        ...

    def pending(self, limit: int = 1000) -> tuple[OutboxEntry, ...]:
        """Outbox entries that are not sent, oldest first."""
        ...

    def mark(self, entry_ids: Sequence[int], state: OutboxState) -> None:
        """Set the state of outbox entries and count one attempt for each.

        One that is sent and has no cause will not be asked for again, and is forgotten.
        """
        ...

    def purge(self, older_than: datetime) -> int:
        """Forget inbox records received before *older_than* and outbox entries sent before it; returns how many."""
        ...

    def close(self) -> None:
        """Close it. Idempotent."""
        ...
