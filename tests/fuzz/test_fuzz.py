"""The short form of the fuzzer: some thousand messages at each target, from a seed that a failure tells.

The long form is ``make fuzz``; what it finds is thrown again by ``python -m tests.fuzz.run --replay``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from secrets import token_hex
from typing import Final

import pytest

from tests.fuzz.derms import recording_faults
from tests.fuzz.edges import Edges
from tests.fuzz.loop import Limit, fuzz
from tests.fuzz.seeds import seeds
from tests.fuzz.shots import Shot, load, save, shot_of
from tests.fuzz.targets import Decoding, Finding, Serving, Target, Verdict

SEED: Final = token_hex(4)


@pytest.fixture
def faults() -> Iterator[list[str]]:
    with recording_faults() as found:
        yield found


def thrown(target: Target, executions: int, folder: Path) -> None:
    tally = fuzz(target, Random(SEED), Limit(executions=executions), folder)

    assert tally.told == {}, f"seed {SEED}"
    assert tally.executions == executions
    assert any(word.startswith("accepted") for word in tally.words)
    assert sum(not word.startswith("accepted") for word in tally.words) > 10, tally.words


@pytest.mark.parametrize("tolerant", [False, True], ids=["strict", "tolerant"])
def test_whatever_is_sent_is_read_or_refused_and_what_is_read_says_the_same_to_others(
    faults: list[str], tmp_path: Path, *, tolerant: bool
) -> None:
    thrown(Decoding(faults=faults, tolerant=tolerant), 4_000, tmp_path)


@pytest.mark.parametrize("profile", ["default", "epri", "gridappsd"])
def test_whatever_is_sent_is_answered_and_what_is_refused_changes_nothing(
    faults: list[str], tmp_path: Path, profile: str
) -> None:
    thrown(Serving(faults=faults, profile=profile), 1_000, tmp_path)


def test_every_seed_of_our_own_is_a_good_message(faults: list[str]) -> None:
    target = Decoding(faults=faults)

    words = {
        seed.name: target.take(Shot(body=seed.body)).word for seed in seeds() if not seed.name.startswith("sample/")
    }

    assert {name: word for name, word in words.items() if word != "accepted"} == {}


# -- the fuzzer itself -------------------------------------------------------------------------------------------------


class Careless:
    """A target that falls for the letters of one word."""

    name = "careless"

    def __init__(self) -> None:
        self.history: list[Shot] = []

    def renew(self) -> None:
        self.history.clear()

    def take(self, shot: Shot) -> Verdict:
        fell = b"connectDisconnect" in shot.body
        findings = (Finding(kind="uncaught", text="ValueError"),) if fell else ()
        return Verdict(word="accepted", seconds=0.0, findings=findings)


def test_what_is_found_is_told_once_and_saved_as_small_as_it_can_be(tmp_path: Path) -> None:
    tally = fuzz(Careless(), Random(1), Limit(executions=300), tmp_path)

    ((key, path),) = tally.told.items()
    assert key == "uncaught: ValueError"
    assert tally.found["uncaught"] > 1
    (shot,) = load(Path(path))
    assert shot.body == b"connectDisconnect"


def test_the_same_seed_throws_the_same(faults: list[str], tmp_path: Path) -> None:
    runs = [fuzz(Decoding(faults=faults), Random("again"), Limit(executions=300), tmp_path) for _ in range(2)]

    assert runs[0].words == runs[1].words


def test_what_leads_to_new_code_is_kept_to_go_on_from(faults: list[str], tmp_path: Path) -> None:
    tally = fuzz(Decoding(faults=faults), Random(1), Limit(executions=300), tmp_path, edges=Edges())

    assert tally.edges > 100
    assert tally.corpus > 0


def test_what_is_saved_is_thrown_again_as_it_was(tmp_path: Path) -> None:
    shots = [shot_of(seed.body, Random(number)) for number, seed in enumerate(seeds())]

    save(shots, tmp_path / "saved.json", finding="none")

    assert list(load(tmp_path / "saved.json")) == shots
