"""One process of a long run: throws messages at its targets and writes down what came of it, over and over.

    python -m tests.fuzz.worker ROLE SECONDS SEED FOLDER

ROLE is ``reading``, ``serving`` or ``atheris``. The tallies are in ``FOLDER/ROLE.json``; what was thrown when the process
ended by itself is in ``FOLDER/ROLE.last``.
"""

from __future__ import annotations

import json
import mmap
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

_MOST_NOTED: Final = 8 * 1024 * 1024
_MOST_BYTES: Final = 65_536


def main(role: str, seconds: float, seed: str, folder: Path) -> None:
    """Do what *role* does for so many seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    if role == "atheris":
        _with_atheris(seconds, seed, folder)
        return
    from tests.fuzz.derms import recording_faults
    from tests.fuzz.edges import Edges
    from tests.fuzz.loop import Limit, fuzz
    from tests.fuzz.targets import Decoding, Serving

    chance, edges = Random(f"{seed}/{role}"), Edges()
    with recording_faults() as faults, _noting(folder / f"{role}.last") as note:
        if role == "reading":
            plan = [(Decoding(faults=faults), 0.75), (Decoding(faults=faults, tolerant=True), 0.25)]
        else:
            shares = {"default": 0.6, "epri": 0.2, "gridappsd": 0.2}
            plan = [(Serving(faults=faults, profile=profile), share) for profile, share in shares.items()]
        tallies: list[Any] = []
        for target, share in plan:
            tally = fuzz(target, chance, Limit(seconds=share * seconds), folder, edges=edges, note=note)
            tallies.append(tally.as_json())
            _write(folder / f"{role}.json", tallies)


def _write(path: Path, tallies: Sequence[object]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(tallies), encoding="utf-8")
    part.replace(path)


@contextmanager
def _noting(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Keeps what it is told in *path*, whatever becomes of the process; taken away where it ends well."""
    with path.open("w+b") as file:
        file.truncate(_MOST_NOTED)
        with mmap.mmap(file.fileno(), _MOST_NOTED) as kept:

            def note(body: bytes) -> None:
                body = body[: _MOST_NOTED - 8]
                kept[: 8 + len(body)] = len(body).to_bytes(8, "big") + body

            yield note
    path.unlink()


# -- atheris -----------------------------------------------------------------------------------------------------------


def _with_atheris(seconds: float, seed: str, folder: Path) -> None:
    """Reading, led by libFuzzer; it ends the process itself, so that what came of it is written again and again."""
    import atheris

    with atheris.instrument_imports(include=["dermsbus"]):
        from tests.fuzz.derms import recording_faults
        from tests.fuzz.loop import Tally
        from tests.fuzz.mutations import mutated
        from tests.fuzz.seeds import seeds
        from tests.fuzz.shots import Shot
        from tests.fuzz.targets import Decoding

    bodies = [each.body for each in seeds()]
    start = written = time.monotonic()
    with recording_faults() as faults, _noting(folder / "atheris.last") as note:
        target = Decoding(faults=faults)
        tally = Tally(target=f"{target.name}, atheris")

        def one(data: bytes) -> None:
            nonlocal written
            shot = Shot(body=data, is_text=zlib.crc32(data) % 5 == 0)
            note(data)
            verdict = target.take(shot)
            tally.count(verdict)
            if verdict.findings:
                tally.tell(target, shot, verdict.findings, folder)
            now = time.monotonic()
            if now - written > 1.0:
                written, tally.seconds = now, now - start
                _write(folder / "atheris.json", [tally.as_json()])

        def other(data: bytes, most_bytes: int, number: int) -> bytes:
            chance = Random(number)
            if chance.random() < 0.2:
                return bytes(atheris.Mutate(data, most_bytes))
            return mutated(bytes(data) or chance.choice(bodies), bodies, chance)[:most_bytes]

        with tempfile.TemporaryDirectory(dir=folder) as corpus:
            for number, body in enumerate(bodies):
                (Path(corpus) / str(number)).write_bytes(body)
            options = (f"-max_total_time={int(seconds)}", f"-seed={zlib.crc32(seed.encode()) or 1}", "-timeout=60")
            options += (f"-max_len={_MOST_BYTES}", "-rss_limit_mb=4096", f"-artifact_prefix={folder}/libfuzzer-")
            atheris.Setup([sys.argv[0], *options, corpus], one, custom_mutator=other)
            atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
