"""What is done from time to time on the consumer's thread: also under load, and whatever it raises."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

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


class Counting(Consumer):
    """Writes down how large its batches are."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.done = threading.Semaphore(0)

    def handle(self, deliveries: Sequence[Delivery]) -> None:
        self.batches.append(len(deliveries))
        self.done.release(len(deliveries))


def test_workers_that_wake_it_do_not_break_up_batches() -> None:
    store, consumer = SqliteStore(":memory:"), Counting()
    thread = ConsumerThread(consumer, Outbox(store, MemoryTransport(MemoryBus())))
    for _ in range(64):
        thread.wake()
        thread.receive(Delivery(destination=Queue("q"), address="q", body=b""))
        thread.wake()

    thread.start()
    assert all(consumer.done.acquire(timeout=10) for _ in range(64))
    thread.stop()
    store.close()

    assert consumer.batches == [64]


def test_a_task_is_done_when_it_is_due_and_not_a_while_later_because_somebody_woke_it_before() -> None:
    times: list[float] = []
    done = threading.Semaphore(0)

    def note() -> None:
        times.append(time.monotonic())
        done.release()

    with running(Task(name="note", period_s=0.2, run=note)) as thread:
        for _ in range(10):
            assert done.acquire(timeout=10)
            threading.Timer(0.15, thread.wake).start()

    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    assert gaps[len(gaps) // 2] < 0.3, "with a look a quarter of a second after each word it would be 0.4"


def test_who_wakes_it_while_a_task_runs_is_heard_once_the_task_is_over() -> None:
    runs = threading.Semaphore(0)
    waits = threading.Event()
    is_first = iter([True])

    def run() -> None:
        if next(is_first, False):
            waits.wait(10)
        runs.release()

    with running(Task(name="run", period_s=0.01, run=run)) as thread:
        for _ in range(100):
            thread.wake()
        waits.set()
        assert all(runs.acquire(timeout=10) for _ in range(5))
