"""Batches of received messages, start to finish, on one thread that is the ledger's only writer.

::

    serve each → one transaction: inbox, ledger, outbox → the ledger adopts → publish → acknowledge, last

A crash at any point loses nothing that was acknowledged: what was not committed is delivered again and served, what was
committed is delivered again and answered from the store.

What is to be done from time to time, such as telling others of statuses, is done on the same thread, between batches.

Source: delivery guarantees of the project's reference tables.
"""

from __future__ import annotations

import hashlib
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from dermsbus.domain.ledger import Ledger, LedgerDraft
from dermsbus.errors import ConnectionLost, DermsbusError, StoreEnded, StoreError
from dermsbus.mailing import Trouble
from dermsbus.outbox import Outbox
from dermsbus.patience import Patience
from dermsbus.service import Received, Served, Service
from dermsbus.store.base import Commit, InboxKey, InboxRecord, NonceRecord, OutboxEntry, SettingChange, Store
from dermsbus.transports.base import Delivery, Transport

__all__ = ["Consumer", "ConsumerThread", "Task"]

_log = structlog.get_logger(__name__)
_FIRST_WITHIN_S: Final = 60.0  # a process that is restarted more often than a task's period must do it all the same


@dataclass(slots=True)
class _Batch:
    """What one transaction is going to hold."""

    draft: LedgerDraft
    deliveries: list[Delivery] = field(default_factory=list)
    records: dict[InboxKey, InboxRecord] = field(default_factory=dict)
    nonces: dict[bytes, NonceRecord] = field(default_factory=dict)
    ended: list[bytes] = field(default_factory=list)
    outbox: list[OutboxEntry] = field(default_factory=list)

    def add(self, delivery: Delivery, served: Served) -> None:
        """*delivery* is done with, and left what *served* says."""
        self.deliveries.append(delivery)
        self.outbox.extend(served.outbox)
        if served.record:
            self.records[served.record.key] = served.record
        if served.nonce:
            self.nonces[served.nonce.nonce] = served.nonce


class Consumer:
    """Serves deliveries, commits what they changed, sends what there is to say, acknowledges them."""

    def __init__(
        self,
        *,
        service: Service,
        ledger: Ledger,
        store: Store,
        outbox: Outbox,
        transport: Transport,
        patience: Patience,
        now: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._ledger = ledger
        self._store = store
        self._outbox = outbox
        self._transport = transport
        self._patience = patience
        self._now = now
        self._settled: list[Delivery] = []  # of the deliveries in hand: no broker takes a second acknowledgement

    def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Serve *deliveries* in their order; all that they change is committed together.

        Raises:
            StoreError: what is not yet committed has not happened; handle the same deliveries again.
            ConnectionLost: committed but not acknowledged; the broker will deliver them again.
        """
        try:
            self._handle_all([each for each in deliveries if not any(each is done for done in self._settled)])
        except ConnectionLost:
            self._forget(deliveries)
            raise
        self._forget(deliveries)  # after a StoreError the same ones come again, and those that are done are passed over

    def _forget(self, deliveries: Sequence[Delivery]) -> None:
        self._settled.clear()
        for delivery in deliveries:
            self._patience.over(delivery)

    def _handle_all(self, deliveries: Sequence[Delivery]) -> None:
        batch = self._new_batch()
        for delivery in deliveries:
            if delivery.redelivered:
                self._finish(batch)
                self._handle_again(delivery)
                batch = self._new_batch()
                continue
            received = self._service.read(delivery, again=self._patience.knows(delivery))
            if self._patience.waits(received):
                continue
            if received.key in batch.records or received.nonce in batch.nonces:
                # sent twice: the second must find the first in the store
                self._finish(batch)
                batch = self._new_batch()
            self._serve(received, batch)
        self._finish(batch)

    def _handle_again(self, delivery: Delivery) -> None:
        """Handle what the broker gave out before, alone: if it ends the process, it takes nobody with it.

        That it is begun is written down first, and struck out when it is done, so that what ends the process whenever
        it is begun is found out.
        """
        digest, patience = hashlib.sha256(delivery.body).digest(), self._patience
        is_known = patience.knows(delivery)
        begun = patience.begun(delivery, lambda: self._store.begin_attempt(digest, self._now()))
        batch = self._new_batch()
        if begun >= patience.attempts:  # the first time nothing was written down
            batch.add(delivery, self._service.put_aside(delivery, Trouble(attempts=begun)))
        else:
            received = self._service.read(delivery, again=is_known)
            if not patience.waits(received):
                self._serve(received, batch)
        if batch.deliveries:  # it is done, and does not wait
            batch.ended.append(digest)
        self._finish(batch)

    def _serve(self, received: Received, batch: _Batch) -> None:
        """What *received* asks for becomes part of *batch*; where it fails it waits, and nothing of it does."""
        served = self._service.serve(received, batch.draft)
        if served.fault:
            trouble = self._patience.failed(received, self._now())
            if trouble.attempts < self._patience.attempts:
                _log.warning("message will be tried again", attempts=trouble.attempts, reason=served.fault)
                return
            served = self._service.give_up(received, served.fault, trouble)
        batch.add(received.delivery, served)

    def _new_batch(self) -> _Batch:
        return _Batch(draft=self._ledger.draft(self._now()))

    def announce(self, entries: Sequence[OutboxEntry]) -> None:
        """Have sent what answers nobody, in order: committed together first, like all else that is sent.

        Raises:
            StoreError: nothing of it has happened.
        """
        self.keep(None, outbox=entries)

    def keep(
        self,
        draft: LedgerDraft | None,
        *,
        settings: Sequence[SettingChange] = (),
        outbox: Sequence[OutboxEntry] = (),
    ) -> None:
        """Commit what was found to be due rather than asked for; what there is to say of it is sent when that is over.

        The broker is not waited for: devices may be told as soon as it returns.

        Args:
            draft: of the ledger, which adopts it; None where it stays as it is.
            settings: what devices are told to hold.
            outbox: what to send, in order.

        Raises:
            StoreError: nothing of it has happened.
        """
        self._commit(draft, settings=settings, outbox=outbox)

    def _finish(self, batch: _Batch) -> None:
        self._commit(
            batch.draft,
            inbox=tuple(batch.records.values()),
            ended=tuple(batch.ended),
            nonces=tuple(batch.nonces.values()),
            outbox=batch.outbox,
        )
        self._outbox.flush()
        self._settled.extend(batch.deliveries)
        self._transport.settle(batch.deliveries)

    def _commit(
        self,
        draft: LedgerDraft | None,
        *,
        inbox: tuple[InboxRecord, ...] = (),
        ended: tuple[bytes, ...] = (),
        nonces: tuple[NonceRecord, ...] = (),
        settings: Sequence[SettingChange] = (),
        outbox: Sequence[OutboxEntry] = (),
    ) -> None:
        commit = Commit(
            inbox=inbox,
            ended=ended,
            nonces=nonces,
            groups=draft.groups.changes if draft else (),
            dispatches=draft.dispatches.changes if draft else (),
            switches=draft.switches.changes if draft else (),
            settings=tuple(settings),
            outbox=tuple(outbox),
        )
        if commit == Commit():
            return
        self._outbox.add(self._store.commit(commit))
        if draft is not None:
            self._ledger.adopt(draft)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Something that is done again and again.

    Attributes:
        name: for the log.
        period_s: seconds from one time to the next, more than 0.
        run: does it; may raise StoreError, and is then called again at the next time.
    """

    name: str
    period_s: float
    run: Callable[[], None]


class ConsumerThread:
    """Runs a consumer on a thread of its own: receivers only put deliveries in its queue.

    *patience* is the consumer's own: what it gives back is handled before what is new.

    *tasks* are run on that thread when they are due, between batches, however much there is to be received.

    *on_fatal* is told the reason where it cannot go on; it runs on that thread, and must not stop it.

    The queue needs no bound: the broker gives no more than the subscriptions' prefetch before it is acknowledged.
    """

    _MOST_TOGETHER = 64
    _IDLE_S = 0.25
    _LONGEST_WAIT_S = 10.0

    def __init__(
        self,
        consumer: Consumer,
        outbox: Outbox,
        *,
        patience: Patience | None = None,
        tasks: Sequence[Task] = (),
        on_fatal: Callable[[str], None] | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._consumer = consumer
        self._outbox = outbox
        self._tasks = tuple(tasks)
        self._on_fatal = on_fatal
        self._due_s = [time.monotonic() + min(task.period_s, _FIRST_WITHIN_S) for task in self._tasks]
        self._inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dermsbus-consumer", daemon=True)
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """What keeps it from working now; empty if nothing does."""
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stopping.is_set():
            return "the consumer has ended; restart dermsbus"
        return self._trouble

    def receive(self, delivery: Delivery) -> None:
        """Put a delivery in the queue; returns at once."""
        self._inbox.put(delivery)

    def wake(self) -> None:
        """Have tasks that are due run at once, not only when it looks next; returns at once."""
        if not self._woken.is_set():  # one word in the queue is enough, however many call
            self._woken.set()
            self._inbox.put(None)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self, timeout_s: float = 15.0) -> None:
        """Finish the batch in hand and end; what waits in the queue goes back to the broker. Idempotent."""
        self._stopping.set()
        self._inbox.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            deliveries = [*self._patience.due(), *self._next()]
            self._until_done(deliveries)
            self._run_due_tasks()
            if self._outbox.waiting:
                self._until_done([])

    def _next(self) -> list[Delivery]:
        """What waits, at most a batch; empty when a task is due, or after a while in which nothing came."""
        deliveries: list[Delivery] = []
        until_due_s = min(*self._due_s, self._patience.next_due_s, math.inf) - time.monotonic()
        try:
            each = self._inbox.get(timeout=min(max(until_due_s, 0.0), self._IDLE_S))
            while True:
                if each is None:
                    self._woken.clear()  # who wakes it from here on has something that the tasks have not seen
                else:
                    deliveries.append(each)
                if len(deliveries) >= self._MOST_TOGETHER:
                    break
                each = self._inbox.get_nowait()
        except queue.Empty:
            pass  # that is all there is
        return deliveries

    def _run_due_tasks(self) -> None:
        for index, task in enumerate(self._tasks):
            if time.monotonic() >= self._due_s[index] and not self._stopping.is_set():
                self._due_s[index] = time.monotonic() + task.period_s
                self._run_task(task)

    def _run_task(self, task: Task) -> None:
        try:
            task.run()
        except StoreEnded as error:
            self._give_up(f"store: {error}")
        except DermsbusError as error:
            _log.error("task failed, will be done again", task=task.name, reason=str(error), wait_s=task.period_s)
        except Exception:  # noqa: BLE001 a fault of ours must not stop the messages: logged, done again when it is due
            _log.exception("task failed, will be done again", task=task.name, wait_s=task.period_s)

    def _until_done(self, deliveries: list[Delivery]) -> None:
        """Handle the deliveries; while the store fails, the same ones again: nothing is taken on that may be lost."""
        wait_s = self._IDLE_S
        while not self._stopping.is_set():
            try:
                if deliveries:
                    self._consumer.handle(deliveries)
                else:
                    self._outbox.flush()
            except ConnectionLost as error:
                _log.warning("not acknowledged, will come again", count=len(deliveries), reason=str(error))
            except StoreEnded as error:
                self._give_up(f"store: {error}")
                return
            except StoreError as error:
                self._trouble = f"store: {error}"
                _log.error("store failed, trying again", reason=str(error), wait_s=wait_s)
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, self._LONGEST_WAIT_S)
                continue
            except Exception as error:  # noqa: BLE001 nobody knows what is done and what is not: a new start finds out
                _log.exception("consumer failed", count=len(deliveries))
                self._give_up(f"the consumer failed: {type(error).__name__}: {error}")
                return
            self._trouble = ""
            return

    def _give_up(self, reason: str) -> None:
        """Take on nothing more, and say so; what was not acknowledged goes to whoever comes next."""
        self._trouble = reason
        self._stopping.set()
        if self._on_fatal:
            self._on_fatal(reason)
