"""What is done from time to time on the consumer's thread: also under load, and whatever it raises."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dermsbus.consumer import Consumer, ConsumerThread, Task
from dermsbus.errors import StoreEnded, StoreError
from dermsbus.outbox import Outbox
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Delivery, Queue
from dermsbus.transports.memory import MemoryBus, MemoryTransport


class Busy(Consumer):
    """Has never done enough: what it handled comes again at once."""

    def __init__(self) -> None:
        self.thread: ConsumerThread | None = None

    def handle(self, deliveries: Sequence[Delivery]) -> None:
        assert self.thread
        for delivery in deliveries:
            self.thread.receive(delivery)


@contextmanager
def running(task: Task, *, load: int = 0, on_fatal: Callable[[str], None] | None = None) -> Iterator[ConsumerThread]:
    store = SqliteStore(":memory:")
    consumer = Busy()
    outbox = Outbox(store, MemoryTransport(MemoryBus()))
    thread = consumer.thread = ConsumerThread(consumer, outbox, tasks=[task], on_fatal=on_fatal)
    for _ in range(load):
        thread.receive(Delivery(destination=Queue("q"), address="q", body=b""))
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()
        store.close()


def test_a_task_is_done_between_batches_however_much_there_is_to_receive() -> None:
    done = threading.Semaphore(0)

    with running(Task(name="count", period_s=0.05, run=done.release), load=200):
        assert all(done.acquire(timeout=10) for _ in range(3))


def test_a_task_that_fails_is_done_again_and_stops_nothing() -> None:
    errors = iter([StoreError("disk full"), RuntimeError("a bug")])
    survived = threading.Event()

    def fail_twice() -> None:
        for error in errors:
            raise error
        survived.set()

    with running(Task(name="fail", period_s=0.05, run=fail_twice)) as thread:
        assert survived.wait(10)
        assert thread.trouble == ""


def test_a_store_that_is_of_no_use_any_more_ends_the_service() -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()

    def fail() -> None:
        raise StoreEnded("the file is gone")

    with running(Task(name="fail", period_s=0.05, run=fail), on_fatal=told.put) as thread:
        assert told.get(timeout=10) == thread.trouble == "store: the file is gone"
