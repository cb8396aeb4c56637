"""The cases and their tests say the same; so does the page, which `tests/packaging` looks at."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.conformance.cases import CASES, GROUPS
from tests.conformance.named import named_in

FOLDER = Path(__file__).parent


def test_every_case_has_a_test_and_every_test_a_case() -> None:
    for letter in GROUPS:
        cases = [case.id for case in CASES if case.id.startswith(letter)]

        assert sorted({case_id for case_id, _ in named_in(letter)}) == cases


def test_there_are_130_cases_each_with_an_id_of_its_own() -> None:
    assert Counter(case.id[0] for case in CASES) == dict(
        zip("ABCDEFGHI", (30, 8, 16, 7, 11, 13, 13, 16, 16), strict=True)
    )
    assert [case.id for case in CASES] == sorted({case.id for case in CASES})


def test_what_is_kept_for_later_is_marked_so() -> None:
    marked = {
        case_id
        for file in FOLDER.glob("test_*.py")
        for case_id in re.findall(r'^@later\("(\w+)"\)', file.read_text(), re.MULTILINE)
    }

    assert marked == {case.id for case in CASES if case.later}
