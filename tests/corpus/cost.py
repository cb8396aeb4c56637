"""Measures what messages cost: ``python -m tests.corpus.cost FOLDER``, a state, a file and properties in each line.

A child for each of them reads and serves it, so that no peak hides another one. Written is a line of JSON for each.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from dermsbus import logs
from dermsbus.app import rehearsing
from dermsbus.rehearsal import Rehearsal
from dermsbus.transports.base import Delivery, ReplyTo
from tests.corpus.derms import settings_of
from tests.corpus.meanings import CONTROL, CREATE, DISPATCH
from tests.corpus.rows import State

_ANYWHERE = ReplyTo("/queue/answers")


def _measured(rehearsal: Rehearsal, delivery: Delivery) -> dict[str, float]:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew here
    before_mb, times = _memory_mb("VmRSS"), []
    for _ in range(2):
        start = _cpu_ms()
        rehearsal.serve(delivery)
        times.append(_cpu_ms() - start)
    return {"cpu_ms": min(times), "memory_mb": _memory_mb("VmHWM") - before_mb}


def _cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (used.ru_utime + used.ru_stime)


def _memory_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(f"{name}:"))


def _in_a_child(rehearsal: Rehearsal, file: str, properties: Mapping[str, str]) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            delivery = Delivery(body=Path(file).read_bytes(), reply_to=_ANYWHERE, properties=properties)
            os.write(writing, json.dumps(_measured(rehearsal, delivery)).encode())
        finally:
            os._exit(0)  # nothing of the parent's is to be closed here
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def main(folder: Path) -> None:
    """Measure what standard input names."""
    logs.configure("error", "json")
    with ExitStack() as opened:
        rehearsals = {state: opened.enter_context(rehearsing(settings_of(state, folder))) for state in State}
        for rehearsal in rehearsals.values():
            for body in (CREATE, DISPATCH, CONTROL):
                rehearsal.serve(Delivery(body=body, reply_to=_ANYWHERE))  # the schemas are compiled then
        gc.collect()
        gc.freeze()
        for line in sys.stdin:
            state, file, properties = line.rstrip("\n").split(" ", 2)
            sys.stdout.write(f"{_in_a_child(rehearsals[State(state)], file, json.loads(properties))}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
