"""Throws messages at a target until it is enough: grows a corpus by what was new, saves and shrinks what must not be."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.edges import Edges
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import seeds
from tests.fuzz.shots import Shot, renumbered, save, shot_of
from tests.fuzz.targets import Finding, Target, Verdict

__all__ = ["Limit", "Tally", "fuzz"]

_MOST_CORPUS: Final = 4_000
_SHRINK_S: Final = 10.0
_MOST_TOLD: Final = 20
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """When it is enough: whichever comes first.

    Attributes:
        seconds: by the clock.
        executions: messages.
    """

    seconds: float = float("inf")
    executions: float = float("inf")


@dataclass(kw_only=True, slots=True)
class Tally:
    """What came of a run.

    Attributes:
        target: its name.
        executions: messages thrown.
        seconds: that it took.
        words: how often which verdict.
        slowest_s: of one message.
        edges: steps of dermsbus's code that were seen; 0 where nobody looked.
        corpus: messages that led to a new one.
        found: how many findings of each kind.
        told: each finding once, with the file in which it is saved.
    """

    target: str
    executions: int = 0
    seconds: float = 0.0
    words: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    edges: int = 0
    corpus: int = 0
    found: Counter[str] = field(default_factory=Counter)
    told: dict[str, str] = field(default_factory=dict)

    def count(self, verdict: Verdict) -> None:
        """Take *verdict* in."""
        self.executions += 1
        self.words[verdict.word] += 1
        self.slowest_s = max(self.slowest_s, verdict.seconds)
        self.found.update(finding.kind for finding in verdict.findings)

    def as_json(self) -> dict[str, object]:
        """All of it in what JSON has."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def tell(self, target: Target, shot: Shot, findings: Sequence[Finding], folder: Path) -> None:
        """Save what was found with *shot*, shrunk, once for findings that differ in numbers alone."""
        thrown = [*target.history] if target.history[-1:] == [shot] else [*target.history, shot]
        deadline = time.monotonic() + _SHRINK_S
        for finding in findings:
            key = f"{finding.kind}: {finding.text}"
            kind = _DIGITS.sub("#", key)
            if len(self.told) >= _MOST_TOLD or any(_DIGITS.sub("#", each) == kind for each in self.told):
                continue
            shots = thrown if finding.kind == "slow" else _shrunk(target, thrown, finding, deadline)
            name = hashlib.sha256(repr(shots).encode()).hexdigest()[:12]
            path = folder / f"{finding.kind}-{name}.json"
            save(shots, path, finding=key)
            self.told[key] = str(path)


def fuzz(
    target: Target,
    chance: Random,
    limit: Limit,
    folder: Path,
    *,
    edges: Edges | None = None,
    note: Callable[[bytes], None] | None = None,
) -> Tally:
    """Throw mutants of the seeds, and of what was found to be new, at *target*.

    Args:
        target: takes them.
        chance: of all that is drawn: the same again gives the same run, but for what only time decides.
        limit: when it is enough.
        folder: where findings are saved.
        edges: tells what is new; None to keep to the seeds.
        note: is told each message before it is thrown, for what ends the process.
    """
    tally = Tally(target=target.name)
    bodies = [seed.body for seed in seeds()]
    corpus: list[bytes] = []
    start = time.monotonic()
    while tally.executions < limit.executions and (elapsed := time.monotonic() - start) < limit.seconds:
        shot = _next(bodies, corpus, tally.executions, chance)
        if note is not None:
            note(shot.body)
        verdict, is_new = _taken(target, shot, edges)
        tally.count(verdict)
        if is_new and len(corpus) < _MOST_CORPUS:
            corpus.append(shot.body)
        if verdict.findings:
            tally.tell(target, shot, verdict.findings, folder)
            target.renew()
        tally.seconds = elapsed
    tally.seconds = time.monotonic() - start
    tally.corpus, tally.edges = len(corpus), edges.seen if edges else 0
    return tally


def _next(bodies: Sequence[bytes], corpus: Sequence[bytes], number: int, chance: Random) -> Shot:
    """The seeds first as they are, then mutants."""
    if number < len(bodies):
        return Shot(body=bodies[number])
    is_old = not corpus or chance.random() < 0.5
    body = chance.choice(bodies if is_old else corpus)
    if chance.random() < 0.85:
        body = renumbered(body, number)
    if chance.random() < 0.97:
        body = mutated(body, bodies, chance)
    return shot_of(body, chance)


def _taken(target: Target, shot: Shot, edges: Edges | None) -> tuple[Verdict, bool]:
    if edges is None:
        return target.take(shot), False
    with edges.watching() as is_new:
        verdict = target.take(shot)
    return verdict, is_new()


# -- shrinking ---------------------------------------------------------------------------------------------------------


def _shrunk(target: Target, shots: list[Shot], finding: Finding, deadline: float) -> list[Shot]:
    """Fewer and shorter messages with the same finding, as far as the time until *deadline* allows."""

    def holds(tried: Sequence[Shot]) -> bool:
        return time.monotonic() < deadline and _same(target, tried, finding)

    if len(shots) > 1 and holds(shots[-1:]):
        shots = shots[-1:]
    for index in range(len(shots) - 2, -1, -1):
        fewer = shots[:index] + shots[index + 1 :]
        if holds(fewer):
            shots = fewer
    *before, last = shots
    return [*before, _shorter(last, lambda tried: holds([*before, tried]))]


def _same(target: Target, shots: Sequence[Shot], finding: Finding) -> bool:
    target.renew()
    verdict: Verdict | None = None
    for shot in shots:
        verdict = target.take(shot)
    return verdict is not None and any(_alike(each, finding) for each in verdict.findings)


def _alike(one: Finding, other: Finding) -> bool:
    return one.kind == other.kind and _DIGITS.sub("#", one.text)[:60] == _DIGITS.sub("#", other.text)[:60]


def _shorter(shot: Shot, holds: Callable[[Shot], bool]) -> Shot:
    size = len(shot.body) // 2
    while size >= 1:
        place = 0
        while place < len(shot.body):
            tried = replace(shot, body=shot.body[:place] + shot.body[place + size :])
            if holds(tried):
                shot = tried
            else:
                place += size
        size //= 2
    return shot
