"""The long run: two processes, one that reads and one that serves, and what came of both.

    python -m tests.fuzz.run --seconds 600 [--seed SEED] [--folder FOLDER] [--engine own]
    python -m tests.fuzz.run --replay FILE...

The exit status is 0 if nothing was found that must not be.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from tests.fuzz.derms import recording_faults
from tests.fuzz.shots import load
from tests.fuzz.targets import Decoding, Serving, Target

__all__ = ["main"]

_MARGIN_S: Final = 120.0
_COVERED: Final = re.compile(r"\bcov: (\d+)")
_KINDS: Final = {
    "uncaught": "uncaught",
    "slow": "over 1 s",
    "broken": "rules broken",
    "disagreement": "differential disagreements",
    "ended": "processes that ended by themselves",
}
_MOST_CODES: Final = 60


@dataclass(slots=True)
class _Process:
    """One worker."""

    role: str
    process: subprocess.Popen[bytes]
    log: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", default="")
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--engine", choices=("auto", "own"), default="auto")
    parser.add_argument("--replay", type=Path, nargs="+", default=())
    told = parser.parse_args(arguments)
    if told.replay:
        return _replay(told.replay)
    folder = told.folder or Path(tempfile.mkdtemp(prefix="dermsbus-fuzz-"))
    return _run(told.seconds, told.seed or token_hex(4), folder, uses_atheris=told.engine == "auto" and _has_atheris())


def _has_atheris() -> bool:
    return importlib.util.find_spec("atheris") is not None


def _run(seconds: float, seed: str, folder: Path, *, uses_atheris: bool) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    engine = "atheris" if uses_atheris else "own coverage of edges"
    missing = (
        ""
        if uses_atheris or _has_atheris()
        else " (atheris is not installed: pip install -e '.[fuzz]', if it has a wheel)"
    )
    print(
        f"dermsbus fuzz: seed {seed}, {seconds:g} s, 2 processes, {engine}{missing}, findings in {folder}", flush=True
    )
    plan = {"reading": 0.2 * seconds, "atheris": 0.8 * seconds} if uses_atheris else {"reading": seconds}
    reading = [_start(role, share, seed, folder) for role, share in list(plan.items())[:1]]
    serving = _start("serving", seconds, seed, folder)
    ended = [_wait(each, share) for each, share in zip(reading, plan.values(), strict=False)]
    if uses_atheris:
        reading.append(_start("atheris", plan["atheris"], seed, folder))
        ended.append(_wait(reading[-1], plan["atheris"]))
    ended.append(_wait(serving, seconds))
    tallies = [tally for each in (*reading, serving) for tally in _tallies(each, folder)]
    return _print(tallies, [word for word in ended if word], seed, folder)


def _start(role: str, seconds: float, seed: str, folder: Path) -> _Process:
    log = folder / f"{role}.log"
    command = [sys.executable, "-m", "tests.fuzz.worker", role, str(seconds), seed, str(folder)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    return _Process(role=role, process=process, log=log)


def _wait(worker: _Process, seconds: float) -> str:
    """Why it ended otherwise than it should; empty if it did not."""
    try:
        status = worker.process.wait(seconds + _MARGIN_S)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        worker.process.wait()
        return f"{worker.role} does not come back from a message: see {worker.role}.last"
    if status:
        lines = worker.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return f"{worker.role} ended with status {status}: {' | '.join(lines[-3:])}"
    return ""


def _tallies(worker: _Process, folder: Path) -> Iterator[dict[str, Any]]:
    path = folder / f"{worker.role}.json"
    for tally in json.loads(path.read_text(encoding="utf-8")) if path.exists() else ():
        if worker.role == "atheris":
            covered = _COVERED.findall(worker.log.read_text(encoding="utf-8", errors="replace"))
            tally["edges"] = int(covered[-1]) if covered else 0
        yield tally


def _print(tallies: Sequence[dict[str, Any]], ended: Sequence[str], seed: str, folder: Path) -> int:
    head = (
        f"{'target':34} {'executions':>10} {'per s':>7} {'slowest ms':>10} {'edges':>7} {'accepted':>9} {'refused':>9}"
    )
    print(head)
    words: Counter[str] = Counter()
    found: Counter[str] = Counter({"ended": len(ended)} if ended else {})
    for tally in tallies:
        accepted = sum(count for word, count in tally["words"].items() if word.startswith("accepted"))
        rate = tally["executions"] / max(tally["seconds"], 1e-9)
        print(
            f"{tally['target']:34} {tally['executions']:>10} {rate:>7.0f} {1000 * tally['slowest_s']:>10.0f} "
            f"{tally['edges']:>7} {accepted:>9} {tally['executions'] - accepted:>9}"
        )
        words.update({word: count for word, count in tally["words"].items() if not word.startswith("accepted")})
        found.update(tally["found"])
    print("refused by code and rule: " + ", ".join(f"{word} {count}" for word, count in words.most_common(_MOST_CODES)))
    for tally in tallies:
        for key, path in tally["told"].items():
            print(f"FOUND {key}\n      {path}")
    for word in ended:
        print(f"FOUND {word}")
    total = sum(tally["executions"] for tally in tallies)
    slowest = max((tally["slowest_s"] for tally in tallies), default=0.0)
    counts = ", ".join(f"{name} {found[kind]}" for kind, name in _KINDS.items())
    print(f"{total} executions, slowest {1000 * slowest:.0f} ms, {counts}; seed {seed}")
    if found:
        print(f"again: python -m tests.fuzz.run --replay {folder}/*-*.json")
    return 1 if found or not total else 0


def _replay(paths: Sequence[Path]) -> int:
    """Throw what was saved again, at every target; 1 if anything is still found."""
    status = 0
    with recording_faults() as faults:
        targets: list[Target] = [Decoding(faults=faults, refused_share=1), Decoding(faults=faults, tolerant=True)]
        targets += [Serving(faults=faults, profile=profile) for profile in ("default", "epri", "gridappsd")]
        for path in paths:
            for target in targets:
                target.renew()
                for shot in load(path):
                    start = time.perf_counter()
                    verdict = target.take(shot)
                    took_ms = 1000 * (time.perf_counter() - start)
                    print(f"{path.name}, {target.name}: {verdict.word}, {took_ms:.0f} ms")
                    for finding in verdict.findings:
                        status = 1
                        print(f"  {finding.kind}: {finding.text}")
    return status


if __name__ == "__main__":
    sys.exit(main())
