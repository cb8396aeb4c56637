"""Where a DERMS can be made to die: at its seams to the store, the broker and the devices, before and after each call.

The seams are the protocols that the product has anyway (`Store`, `Transport`, `DerAdapter`): what stands behind them is
wrapped, and nothing in the product knows of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from dermsbus.adapters.base import AdapterError, Command, DerAdapter, Discovered, Effect
from dermsbus.domain.der import Device, Reading
from dermsbus.store.base import Commit, OutboxEntry, OutboxState, Store
from dermsbus.transports.base import Delivery, Outgoing, PublishOutcome, Receiver, Subscription, Transport

__all__ = ["EXIT_CODE", "POINTS", "AdapterSeam", "Fuse", "StoreSeam", "TransportSeam"]

EXIT_CODE: Final = 77
"""Of a process that died at its point."""

POINTS: Final = (
    "store.opened",
    "store.begin_attempt.before",
    "store.begin_attempt.after",
    "store.commit.answer.before",
    "store.commit.answer.after",
    "store.commit.intent.before",
    "store.commit.intent.after",
    "store.commit.told.before",
    "store.commit.told.after",
    "store.mark.before",
    "store.mark.after",
    "bus.receive",
    "bus.publish.before",
    "bus.publish.half",
    "bus.publish.after",
    "bus.settle.before",
    "bus.settle.half",
    "bus.settle.after",
    "device.command.before",
    "device.command.after",
    "device.read_back.before",
    "device.read_back.after",
)
"""In the order in which a message meets them."""


class Fuse:
    """Ends the process at one point, the n-th time that it is reached.

    Args:
        point: one of `POINTS`; None for never.
        times: counts from 1.
        told: a file descriptor that the point's name is written to before.
    """

    told: int

    def __init__(self, point: str | None, times: int, told: int) -> None:
        self._point = point
        self._left = times
        self.told = told

    def reach(self, point: str) -> None:
        """Die here, if it is the point and its time has come: no buffer is flushed, no lock let go, nothing closed."""
        assert point in POINTS, point
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            os.write(self.told, f"{point}\n".encode())
            os._exit(EXIT_CODE)


class StoreSeam:
    """A store behind a fuse; what has no point is handed on."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse
        fuse.reach("store.opened")

    def begin_attempt(self, digest: bytes, at: datetime) -> int:
        self._fuse.reach("store.begin_attempt.before")
        count = self._store.begin_attempt(digest, at)
        self._fuse.reach("store.begin_attempt.after")
        return count

    def commit(self, commit: Commit) -> tuple[OutboxEntry, ...]:
        kind = "answer" if commit.inbox or commit.ended else "intent" if commit.settings else "told"
        self._fuse.reach(f"store.commit.{kind}.before")
        entries = self._store.commit(commit)
        self._fuse.reach(f"store.commit.{kind}.after")
        return entries

    def mark(self, entry_ids: Sequence[int], state: OutboxState) -> None:
        self._fuse.reach("store.mark.before")
        self._store.mark(entry_ids, state)
        self._fuse.reach("store.mark.after")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class TransportSeam:
    """A transport behind a fuse."""

    def __init__(self, transport: Transport, fuse: Fuse) -> None:
        self._transport = transport
        self._fuse = fuse

    def subscribe(self, subscription: Subscription, receiver: Receiver) -> None:
        def receive(delivery: Delivery) -> None:
            self._fuse.reach("bus.receive")
            receiver(delivery)

        self._transport.subscribe(subscription, receive)

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        self._fuse.reach("bus.publish.before")
        outcomes = self._by_halves(messages, lambda some: self._transport.publish(some, timeout_s), "bus.publish.half")
        self._fuse.reach("bus.publish.after")
        return tuple(outcomes)

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        self._fuse.reach("bus.settle.before")
        self._by_halves(deliveries, self._transport.settle, "bus.settle.half")
        self._fuse.reach("bus.settle.after")

    def _by_halves(self, items: Sequence[Any], do: Callable[[Sequence[Any]], Any], point: str) -> list[Any]:
        """Two calls where there are two items or more, with the point between them."""
        results: list[Any] = []
        for number, half in enumerate(_halves(items)):
            if number:
                self._fuse.reach(point)
            results.extend(do(half) or ())
        return results

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def _halves(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    middle = len(items) // 2
    yield items[:middle] if middle else items
    if middle:
        yield items[middle:]


class AdapterSeam:
    """An adapter behind a fuse."""

    def __init__(self, adapter: DerAdapter, fuse: Fuse) -> None:
        self._adapter = adapter
        self._fuse = fuse

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        return self._adapter.discover(device, timeout_s)

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        return self._adapter.read(devices, timeout_s)

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        self._fuse.reach("device.command.before")
        self._adapter.command(device, command, timeout_s)
        self._fuse.reach("device.command.after")

    def read_back(self, device: Device, timeout_s: float) -> Effect:
        self._fuse.reach("device.read_back.before")
        effect = self._adapter.read_back(device, timeout_s)
        self._fuse.reach("device.read_back.after")
        return effect

    def close(self) -> None:
        self._adapter.close()
