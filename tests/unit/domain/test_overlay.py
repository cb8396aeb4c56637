"""The one thing that all drafts are made of, judged by a plain dict and copies of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from dermsbus.domain.overlay import Overlay, Savepoint

KEYS = st.sampled_from("abcde")
BELOW = {"a": 1, "b": 2}


@dataclass
class Point:
    """A savepoint, and how everything was when it was made."""

    savepoint: Savepoint
    values: dict[str, int | None]
    touched: list[str]
    steps: int
    is_good: bool = field(default=True)


class OverlayMachine(RuleBasedStateMachine):
    points = Bundle("points")

    def __init__(self) -> None:
        super().__init__()
        self.index: dict[str, int] = dict(BELOW)  # kept by `moved` alone
        self.overlay: Overlay[int] = Overlay(BELOW.get, self.moved)
        self.values: dict[str, int | None] = {}
        self.touched: list[str] = []
        self.steps = 0
        self.made: list[Point] = []

    def moved(self, key: str, before: int | None, after: int | None) -> None:
        assert self.index.get(key) == before, "told a value that was not there"
        if after is None:
            self.index.pop(key, None)
        else:
            self.index[key] = after

    @rule(key=KEYS, value=st.none() | st.integers(0, 3))
    def set(self, key: str, value: int | None) -> None:
        self.overlay.set(key, value)
        self.values[key] = value
        if key not in self.touched:
            self.touched.append(key)
        self.steps += 1

    @rule(target=points)
    def savepoint(self) -> Point:
        point = Point(self.overlay.savepoint(), dict(self.values), list(self.touched), self.steps)
        self.made.append(point)
        return point

    @rule(target=points, point=points)
    def rollback(self, point: Point) -> object:
        if not point.is_good:
            with pytest.raises(ValueError, match="undone with an earlier one"):
                self.overlay.rollback_to(point.savepoint)
            return multiple()
        self.overlay.rollback_to(point.savepoint)
        self.values, self.touched, self.steps = dict(point.values), list(point.touched), point.steps
        for each in self.made:
            each.is_good = each.is_good and each.steps <= point.steps
        return point

    @invariant()
    def it_says_what_the_dict_says(self) -> None:
        for key in "abcde":
            expected = self.values[key] if key in self.values else BELOW.get(key)
            assert self.overlay.get(key) == expected
            assert self.index.get(key) == expected

    @invariant()
    def it_knows_what_was_touched_and_what_differs(self) -> None:
        assert list(self.overlay.touched) == self.touched
        assert dict(self.overlay.touched) == self.values
        differs = [(BELOW.get(key), self.values[key]) for key in self.touched if BELOW.get(key) != self.values[key]]
        assert list(self.overlay.differences()) == differs


TestOverlayIsADictWithSavepoints = OverlayMachine.TestCase


def test_a_savepoint_of_steps_that_were_undone_is_not_taken_for_that_of_newer_ones() -> None:
    overlay: Overlay[int] = Overlay(BELOW.get)
    start = overlay.savepoint()
    overlay.set("a", 5)
    undone = overlay.savepoint()
    overlay.rollback_to(start)
    overlay.set("a", 6)

    with pytest.raises(ValueError, match="undone"):
        overlay.rollback_to(undone)

    assert overlay.get("a") == 6


def test_what_came_and_went_is_no_difference() -> None:
    overlay: Overlay[int] = Overlay(BELOW.get)
    overlay.set("new", 1)
    overlay.set("new", None)
    overlay.set("a", None)
    overlay.set("a", 1)

    assert list(overlay.differences()) == []
    assert list(overlay.touched) == ["new", "a"]


def test_what_is_touched_cannot_be_changed_from_outside() -> None:
    overlay: Overlay[int] = Overlay(BELOW.get)

    with pytest.raises(TypeError):
        overlay.touched["a"] = 2  # type: ignore[index]
