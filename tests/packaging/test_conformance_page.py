"""The page of the conformance cases lists what there is: every case as its row says it, with every test of it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conformance.cases import CASES, GROUPS
from tests.conformance.named import named_in

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
HOW = "run `make conformance`, with Docker, and commit the page"


def rows() -> list[list[str]]:
    """The cells of each case of the page."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
        if re.match(r"\| [A-I]\d\d \|", line)
    ]


def test_the_page_lists_every_case_as_it_is() -> None:
    assert [row[:3] for row in rows()] == [[case.id, case.title, case.expected] for case in CASES], HOW


def test_the_page_names_every_test_of_a_case_and_no_other() -> None:
    told = {(row[0], name) for row in rows() for name in re.findall(r"`(test_\w+)`", row[3])}

    assert told == {each for letter in GROUPS for each in named_in(letter)}, HOW


def test_the_page_claims_no_case_that_is_kept_for_later() -> None:
    results = {row[0]: row[5] for row in rows()}

    assert {case.id: results[case.id] for case in CASES if case.later} == {
        case.id: f"later: {case.later}" for case in CASES if case.later
    }
