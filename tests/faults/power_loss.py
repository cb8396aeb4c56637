"""Power cuts: what the store did to its files is recorded, and disks are made of it as a cut could have left them.

``python -m tests.faults.power_loss --images 2000``. A disk has all that was synced before the cut, and of what was written
after that any part, in any order, torn at sectors. On each the store is opened: it must be sound, and hold all that had
been acknowledged before the cut.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dermsbus.domain.registry import GroupChange
from dermsbus.errors import StoreError
from dermsbus.store.base import Commit, InboxKey, InboxRecord, OutboxEntry, OutboxState
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Outgoing, ReplyTo
from tests.unit.domain.builders import devices, new_group

__all__ = ["Cut", "cuts", "has_compiler", "record", "run"]

RECORDER = Path(__file__).with_name("recorder.c")
SECTOR = 512
STORE, ACKNOWLEDGED = "derms.db", "acknowledged"
HEAD = struct.Struct("<cQQQ")


def has_compiler() -> bool:
    """Whether the recorder can be built here."""
    return shutil.which("cc") is not None


# -- what is recorded --------------------------------------------------------------------------------------------------


def work(folder: Path, seed: int, commits: int) -> None:
    """A store at work; each commit is acknowledged, in a file beside it, when it has returned."""
    chance = random.Random(seed)
    store = SqliteStore(folder / STORE)
    told = os.open(folder / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in range(commits):
        entries = store.commit(_commit(number, chance))
        os.write(told, f"{number}\n".encode())
        if chance.random() < 0.7:
            store.mark([entry.entry_id for entry in entries], OutboxState.SENT)
        if chance.random() < 0.05:
            store.purge(datetime.now(UTC) - timedelta(hours=chance.choice((1, 24))))
    os._exit(0)  # no farewell


def _commit(number: int, chance: random.Random) -> Commit:
    members = devices(*(f"D-{member}" for member in range(chance.choice((1, 10, 300)))))
    key = InboxKey(source="dms", message_id=f"REQ-{number}")
    reply = Outgoing(destination=ReplyTo("/queue/r"), body=b"<x/>" * chance.randrange(600), message_id=f"REP-{number}")
    return Commit(
        inbox=(InboxRecord(key=key, digest=bytes(32), received_at=datetime.now(UTC)),),
        groups=(GroupChange(before=None, after=new_group(f"G-{number}", members=members)),),
        outbox=(OutboxEntry(message=reply, cause=key, is_reply=True),),
    )


@dataclass(frozen=True)
class Step:
    """One thing that was done to a file: ``w`` and ``a`` write, ``t`` truncates, ``s`` syncs, ``u`` removes."""

    operation: str
    file: str
    offset: int
    data: bytes


def record(folder: Path, seed: int, commits: int = 120) -> tuple[Step, ...]:
    """All that a store does to its files while it works.

    Raises:
        RuntimeError: the work failed.
    """
    library, log, place = folder / "recorder.so", folder / "steps", folder / "recorded"
    place.mkdir()
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, RECORDER, "-ldl", "-lpthread"], check=True)
    environment = os.environ | {
        "LD_PRELOAD": str(library),
        "DERMSBUS_RECORD_DIR": str(place),
        "DERMSBUS_RECORD_LOG": str(log),
    }
    command = [sys.executable, "-m", "tests.faults.power_loss", "--work", str(place), str(seed), str(commits)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the work failed: {done.stderr[-2000:]}")
    return tuple(_steps(log.read_bytes(), str(place)))


def _steps(log: bytes, place: str) -> Iterator[Step]:
    at = 0
    while at < len(log):
        operation, path_size, offset, size = HEAD.unpack_from(log, at)
        at += HEAD.size
        file = log[at : at + path_size].decode().removeprefix(place + "/")
        at += path_size
        has_data = operation in b"wa"
        yield Step(operation.decode(), file, offset, log[at : at + size] if has_data else b"")
        at += size if has_data else 0


# -- what a cut leaves -------------------------------------------------------------------------------------------------


@dataclass
class _File:
    """A file on the disk, and what was done to it since it was synced."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Step] = field(default_factory=list)

    def after_cut(self, chance: random.Random) -> bytes:
        """What may be left of it: any of what is pending, and of some of that only some sectors."""
        left = bytearray(self.durable)
        for step in self.pending:
            if chance.random() < 0.5:
                continue
            if step.operation == "t":
                _apply(left, step)
                continue
            for start in range(0, len(step.data), SECTOR):
                if chance.random() < 0.9:
                    _apply(left, Step("w", step.file, step.offset + start, step.data[start : start + SECTOR]))
        return bytes(left)


def _apply(content: bytearray, step: Step) -> None:
    if step.operation == "t":
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
    else:
        content.extend(bytes(max(0, step.offset - len(content))))
        content[step.offset : step.offset + len(step.data)] = step.data


@dataclass(frozen=True)
class Cut:
    """A disk as a cut left it.

    Attributes:
        files: by name.
        acknowledged: commits that had returned.
    """

    files: dict[str, bytes]
    acknowledged: int


def cuts(steps: Sequence[Step], moments: Sequence[int], chance: random.Random) -> Iterator[Cut]:
    """A disk for each of *moments*, which are numbers of steps, ascending."""
    files: dict[str, _File] = {}
    acknowledged, done = 0, 0
    for moment in moments:
        for step in steps[done:moment]:
            if step.file == ACKNOWLEDGED:
                acknowledged += 1
            elif step.file.startswith(STORE) and not step.file.endswith(("-shm", ".lock")):
                _do(files, step)
        done = max(done, moment)
        yield Cut({name: file.after_cut(chance) for name, file in files.items()}, acknowledged)


def _do(files: dict[str, _File], step: Step) -> None:
    if step.operation == "u":
        files.pop(step.file, None)
        return
    file = files.setdefault(step.file, _File())
    if step.operation != "s":
        file.pending.append(step)
        return
    for each in file.pending:
        _apply(file.durable, each)
    file.pending.clear()


# -- the judge ---------------------------------------------------------------------------------------------------------


@dataclass
class Findings:
    """What came of the disks.

    Attributes:
        images: disks that were looked at.
        damaged: disks on which the store is not sound, or cannot be opened.
        lost: disks that miss what was acknowledged.
    """

    images: int = 0
    damaged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def judge(cut: Cut, folder: Path, findings: Findings, where: str) -> None:
    """Open the store on the disk and see whether all is there."""
    findings.images += 1
    place = folder / "image"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in cut.files.items():
        (place / name).write_bytes(content)
    try:
        with closing(SqliteStore(place / STORE)) as store:
            groups = [group.mrid for group in store.groups()]
        with closing(sqlite3.connect(place / STORE)) as shell:
            (sound,) = shell.execute("PRAGMA integrity_check").fetchone()
    except StoreError as error:
        findings.damaged.append(f"{where}: {error}")
        return
    if sound != "ok":
        findings.damaged.append(f"{where}: {sound}")
    if groups[: cut.acknowledged] != [f"G-{number}" for number in range(cut.acknowledged)]:
        findings.lost.append(f"{where}: {cut.acknowledged} were acknowledged, {len(groups)} are there")


def run(folder: Path, *, images: int, workloads: int, seed: int) -> Findings:
    """So many disks of so many workloads."""
    findings = Findings()
    for number in range(workloads):
        place = folder / str(number)
        place.mkdir()
        chance = random.Random(f"{seed}-{number}")
        steps = record(place, seed + number)
        first = next(index for index, step in enumerate(steps) if step.file == ACKNOWLEDGED)
        moments = sorted(chance.randrange(first, len(steps)) for _ in range(images // workloads))
        for moment, cut in zip(moments, cuts(steps, moments, chance), strict=True):
            judge(cut, place, findings, f"workload {number}, step {moment} of {len(steps)}")
    return findings


def main(arguments: list[str] | None = None) -> int:
    """Runs it; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--workloads", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.work:
        folder, seed, commits = options.work
        work(Path(folder), int(seed), int(commits))
    with tempfile.TemporaryDirectory(prefix="dermsbus-power-") as scratch:
        findings = run(Path(scratch), images=options.images, workloads=options.workloads, seed=options.seed)
    print(*findings.damaged[:10], *findings.lost[:10], sep="\n")
    print(
        f"power loss, seed {options.seed}: {findings.images} disks of {options.workloads} workloads, "
        f"damaged {len(findings.damaged)}, with acknowledged commits lost {len(findings.lost)}"
    )
    return 1 if findings.damaged or findings.lost else 0


if __name__ == "__main__":
    sys.exit(main())
