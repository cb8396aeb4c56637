"""Lives of a DERMS, one after the other: each is a fork of a process that has imported everything, so that it starts fast.

A process of its own, for a process with threads must not fork: ``python -m tests.faults.nursery BUS FOLDER SEED
KILL_PART``. It tells how each life ended, a line of JSON each. A life ends at its fuse's point or by a SIGKILL from outside;
a line on standard input asks for a last life without either, which ends with the input.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import select
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from dermsbus import logs
from dermsbus.app import Application, make_transport
from dermsbus.settings import BusUrl, load
from dermsbus.store.sqlite import SqliteStore
from tests.faults.field import RemoteAdapter
from tests.faults.points import EXIT_CODE, POINTS, AdapterSeam, Fuse, StoreSeam, TransportSeam

__all__ = ["KILLED", "UNEXPECTED"]

KILLED = "SIGKILL from outside"
UNEXPECTED = "unexpected"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG: a life that goes on would take the messages of others from the next broker


@dataclass(kw_only=True)
class Nursery:
    """Has one DERMS live at a time.

    Attributes:
        bus: URL of the broker.
        folder: where its store, its log and the socket of the field are.
        chance: decides what it dies of.
        kill_part: part of the lives that are killed from outside, 0 to 1.
        ends: how often a life ended at each point, or by a kill.
        missed: how often a life was to end at each point and did not come there.
    """

    bus: str
    folder: Path
    chance: random.Random
    kill_part: float
    ends: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Life after life, until the line comes; then the last one."""
        while not select.select([sys.stdin], [], [], 0)[0]:
            self._tell(self._life())
        sys.stdin.readline()
        self._tell(self._last_life())

    def _tell(self, end: str) -> None:
        self.ends[end] += 1
        print(json.dumps({"end": end}), flush=True)

    def _life(self) -> str:
        """One life, to its end; one that does not reach its point in time is killed, too."""
        point = None if self.chance.random() < self.kill_part else self._rarest()
        patience_s = self.chance.uniform(0.3, 1.5) if point is None else 2.0
        child, reader = self._bear(Fuse(point, self.chance.choice((1, 1, 2, 3)), 1))
        select.select([reader], [], [], patience_s)  # becomes readable when the life has ended
        end = self._bury(child, reader)
        if point is not None and end != point:
            self.missed[point] += 1
        return end

    def _last_life(self) -> str:
        child, reader = self._bear(Fuse(None, 1, 1))
        select.select([sys.stdin, reader], [], [])
        return self._bury(child, reader)

    def _bear(self, fuse: Fuse) -> tuple[int, int]:
        """A life that has begun: its process, and a descriptor that has its point to read, or its end."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            fuse.told = writer
            _live(self, fuse)
        os.close(writer)
        return child, reader

    def _bury(self, child: int, reader: int) -> str:
        """How the life ended; if it has not, it does now."""
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid == 0:
            told = bool(select.select([reader], [], [], 0)[0])
            if not told:
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        with os.fdopen(reader) as words:
            point = words.read().strip()
        if os.WIFSIGNALED(status):
            return KILLED
        if os.WEXITSTATUS(status) == EXIT_CODE and point:
            return point
        return f"{UNEXPECTED}: exit status {os.WEXITSTATUS(status)}: {self._last_words()}"

    def _rarest(self) -> str:
        """A point that few lives have ended at; one that was missed does not keep the others waiting."""
        cost = {point: self.ends[point] + self.missed[point] / 2 for point in POINTS}
        return self.chance.choice([point for point in POINTS if cost[point] <= min(cost.values())])

    def _last_words(self) -> str:
        log = self.folder / "lives.log"
        return log.read_text(errors="replace")[-1500:] if log.exists() else ""


def _live(nursery: Nursery, fuse: Fuse) -> None:
    """The child's part; never returns, and does not outlive the nursery."""
    status = 1
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    try:
        with (nursery.folder / "lives.log").open("ab", buffering=0) as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            _serve(nursery, fuse)
    except BaseException as error:  # noqa: BLE001 a fork must not go on with its parent's work
        print(f"life ended: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(status)


def _serve(nursery: Nursery, fuse: Fuse) -> None:
    settings = load({"bus": nursery.bus, "fleet": str(nursery.folder / "fleet.toml")}, nursery.folder / "derms.toml")
    logs.configure("warning", "json")
    application = Application(
        settings,
        transport=TransportSeam(make_transport(BusUrl.parse(nursery.bus)), fuse),
        store=StoreSeam(SqliteStore(nursery.folder / "derms.db"), fuse),
        adapters={"simulated": AdapterSeam(RemoteAdapter(nursery.folder / "field"), fuse)},
    )
    with application:
        application.run_until_stopped()


if __name__ == "__main__":
    bus, folder, seed, kill_part = sys.argv[1:]
    Nursery(bus=bus, folder=Path(folder), chance=random.Random(seed), kill_part=float(kill_part)).run()
