"""What waits goes out in order, no more at a time than the broker can be expected to confirm in time."""

from __future__ import annotations

from collections.abc import Sequence

from dermsbus.outbox import Outbox
from dermsbus.store.base import Commit, OutboxEntry
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Outgoing, PublishOutcome, Queue
from dermsbus.transports.memory import MemoryBus, MemoryTransport

MIB = 1024 * 1024


class Watched(MemoryTransport):
    """Writes down what it is given together."""

    def __init__(self) -> None:
        super().__init__(MemoryBus())
        self.batches: list[list[str]] = []

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        self.batches.append([message.message_id for message in messages])
        return super().publish(messages, timeout_s)


def sent_together(*sizes: int) -> list[list[str]]:
    """The numbers of messages of these *sizes* in bytes, as they were published together."""
    store, transport = SqliteStore(":memory:"), Watched()
    outbox = Outbox(store, transport)
    messages = (
        Outgoing(destination=Queue("q"), body=b"x" * size, message_id=str(number)) for number, size in enumerate(sizes)
    )
    outbox.add(store.commit(Commit(outbox=tuple(OutboxEntry(message=message) for message in messages))))
    transport.start()
    transport.wait_until_up(10)
    outbox.flush()
    transport.stop()
    assert outbox.waiting == 0
    assert store.pending() == ()
    store.close()
    return transport.batches


def test_small_messages_go_together() -> None:
    assert sent_together(1, 2, 3) == [["0", "1", "2"]]


def test_large_ones_go_some_at_a_time_in_order() -> None:
    assert sent_together(*[4 * MIB] * 6, 1) == [["0", "1", "2", "3"], ["4", "5", "6"]]


def test_one_that_is_larger_than_what_goes_together_goes_alone() -> None:
    assert sent_together(1, 20 * MIB, 1) == [["0"], ["1"], ["2"]]
