"""What the broker keeps on disk: one SQLite file, written by one thread, many changes to one fsync."""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from dermsbus.broker.journal import (
    Change,
    DurableForgotten,
    DurableKept,
    EntryCounted,
    EntryGone,
    EntryKept,
    QueueKept,
    Snapshot,
)
from dermsbus.errors import SettingsError, StoreError

__all__ = ["BrokerStore"]

_APPLICATION_ID = 0x44424B52  # "DBKR": tells this file from any other SQLite file
_SCHEMA_VERSION = 1
_SCHEMA = (
    """CREATE TABLE entry (
        number INTEGER PRIMARY KEY,
        place TEXT NOT NULL,
        message_id TEXT NOT NULL,
        destination TEXT NOT NULL,
        headers TEXT NOT NULL,
        body BLOB NOT NULL,
        deliveries INTEGER NOT NULL,
        rejections INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE durable (
        place TEXT PRIMARY KEY,
        client_id TEXT NOT NULL,
        name TEXT NOT NULL,
        topic TEXT NOT NULL,
        selector TEXT
    ) STRICT""",
    "CREATE TABLE queue (place TEXT PRIMARY KEY) STRICT",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_SCHEMA_VERSION}",
)
# Bounds the time of one transaction, and with it how long the first of its receipts waits for the last.
_MOST_UNITS_PER_COMMIT = 2000

_Unit = tuple[int, tuple[Change, ...]]


class BrokerStore:
    """The broker's file: write-ahead log, ``synchronous = FULL``, locked for one process.

    Changes are handed over in units, each kept whole or not at all, and numbered by tickets. All units that wait
    while one commit is on its way to the disk go with the next.

    Source: "Durable throughput" of the project's reference tables, for group commit.
    """

    def __init__(self, path: Path) -> None:
        """Open *path*, or make it.

        Raises:
            SettingsError: it cannot be opened, is no file of this broker, or another process has it.
        """
        self._path = path
        self._units: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._submitted = 0
        self._thread: threading.Thread | None = None
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
        except sqlite3.Error as error:
            raise self._unusable(str(error)) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._database.close()
            raise self._unusable(str(error)) from error
        except SettingsError:
            self._database.close()
            raise

    def _unusable(self, why: str) -> SettingsError:
        return SettingsError(
            "broker.store",
            f"cannot use {self._path}: {why}. Name a file that can be written and that no other program uses",
        )

    def _prepare(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("BEGIN IMMEDIATE")
        (application,) = run("PRAGMA application_id").fetchone()
        (version,) = run("PRAGMA user_version").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != _APPLICATION_ID:
            raise self._unusable("it is the file of another program")
        if tables and version != _SCHEMA_VERSION:
            raise self._unusable(f"it has schema {version}, this broker needs {_SCHEMA_VERSION}")
        if not tables:
            for statement in _SCHEMA:
                run(statement)
        run("COMMIT")

    def load(self) -> Snapshot:
        """All that is kept; before `start`.

        Raises:
            StoreError: it cannot be read.
        """
        run = self._database.execute
        try:
            return Snapshot(
                queues=tuple(QueueKept(place) for (place,) in run("SELECT place FROM queue ORDER BY place")),
                durables=tuple(
                    DurableKept(place=place, client_id=client_id, name=name, topic=topic, selector=selector)
                    for place, client_id, name, topic, selector in run(
                        "SELECT place, client_id, name, topic, selector FROM durable ORDER BY place"
                    )
                ),
                entries=tuple(
                    EntryKept(
                        number=number,
                        place=place,
                        message_id=message_id,
                        destination=destination,
                        headers=json.loads(headers),
                        body=body,
                        deliveries=deliveries,
                        rejections=rejections,
                    )
                    for number, place, message_id, destination, headers, body, deliveries, rejections in run(
                        "SELECT number, place, message_id, destination, headers, body, deliveries, rejections "
                        "FROM entry ORDER BY number"
                    )
                ),
            )
        except (sqlite3.Error, ValueError) as error:
            raise StoreError(f"cannot read {self._path}: {error}. Restore it, or start with a new file") from error

    def start(self, on_committed: Callable[[int], object], on_failed: Callable[[StoreError], object]) -> None:
        """Begin to write.

        Args:
            on_committed: called on the writer's thread with the latest ticket that is on disk.
            on_failed: called there once, at the first failure; then nothing more is written.
        """
        self._thread = threading.Thread(
            target=self._write, args=(on_committed, on_failed), name="dermsbus broker store", daemon=True
        )
        self._thread.start()

    def submit(self, changes: tuple[Change, ...]) -> int:
        """Hand over one unit of changes; returns its ticket, from 1, each one higher than the last."""
        self._submitted += 1
        self._units.put((self._submitted, changes))
        return self._submitted

    def close(self) -> None:
        """Write what was handed over, then close the file. Idempotent."""
        if self._thread is not None:
            self._units.put(None)
            self._thread.join()
            self._thread = None
        self._database.close()

    def _write(self, on_committed: Callable[[int], object], on_failed: Callable[[StoreError], object]) -> None:
        while (unit := self._units.get()) is not None:
            batch = [unit]
            ending = self._gather(batch)
            try:
                self._commit([change for _, changes in batch for change in changes])
            except sqlite3.Error as error:
                # A failed fsync is never tried again: what the disk holds after it is unknown.
                on_failed(StoreError(f"cannot write {self._path}: {error}. Free space or replace the disk, then start"))
                return
            on_committed(batch[-1][0])
            if ending:
                return

    def _gather(self, batch: list[_Unit]) -> bool:
        """Add to *batch* what waits; True if the end was among it."""
        while len(batch) < _MOST_UNITS_PER_COMMIT:
            try:
                unit = self._units.get_nowait()
            except queue.Empty:
                return False
            if unit is None:
                return True
            batch.append(unit)
        return False

    def _commit(self, changes: Sequence[Change]) -> None:
        """Write *changes* in one transaction; a message that came and went among them never touches the disk."""
        run, run_many = self._database.execute, self._database.executemany
        kept: dict[int, EntryKept] = {}
        counted: dict[int, EntryCounted] = {}
        gone: list[EntryGone] = []
        run("BEGIN IMMEDIATE")
        for change in changes:
            match change:
                case EntryKept():
                    kept[change.number] = change
                case EntryCounted():
                    counted[change.number] = change
                case EntryGone():
                    if kept.pop(change.number, None) is None:
                        gone.append(change)
                case DurableKept():
                    run(
                        "INSERT INTO durable (place, client_id, name, topic, selector) VALUES (?, ?, ?, ?, ?)",
                        (change.place, change.client_id, change.name, change.topic, change.selector),
                    )
                case DurableForgotten():
                    run("DELETE FROM durable WHERE place = ?", (change.place,))
                case QueueKept():
                    run("INSERT OR IGNORE INTO queue (place) VALUES (?)", (change.place,))
        run_many(
            "INSERT INTO entry (number, place, message_id, destination, headers, body, deliveries, rejections) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(entry) for entry in kept.values()],
        )
        run_many(
            "UPDATE entry SET deliveries = ?, rejections = ? WHERE number = ?",
            [(change.deliveries, change.rejections, change.number) for change in counted.values()],
        )
        run_many("DELETE FROM entry WHERE number = ?", [(change.number,) for change in gone])
        run("COMMIT")


def _row(entry: EntryKept) -> tuple[int, str, str, str, str, bytes, int, int]:
    return (
        entry.number,
        entry.place,
        entry.message_id,
        entry.destination,
        json.dumps(dict(entry.headers), ensure_ascii=False, separators=(",", ":")),
        entry.body,
        entry.deliveries,
        entry.rejections,
    )
