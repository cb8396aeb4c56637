"""Every row of the corpus before every judge: on the bus, by ``dermsbus check``, and by what it costs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import structlog

from tests.corpus.everything import ROWS
from tests.corpus.judges import Checked, Cost, Files, Wires, cost_problems, costs_of
from tests.corpus.rows import Row

pytestmark = pytest.mark.timeout(240)
every_row = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    """All rows as files, with the store, the devices and the settings of the DERMS."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith("DERMSBUS_")]:
            patch.delenv(name)
        yield Files(tmp_path_factory.mktemp("corpus"), ROWS)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="module")
def wires(files: Files) -> Iterator[Wires]:
    """The DERMSs that rows are sent to."""
    with Wires(files) as wires:
        yield wires


@pytest.fixture(scope="module")
def checked(files: Files) -> Checked:
    """What ``dermsbus check`` says of each row."""
    return Checked(files, ROWS)


@pytest.fixture(scope="module")
def costs(files: Files) -> Mapping[str, Cost]:
    """What each row costs."""
    return costs_of(files, ROWS)


def test_the_corpus_has_hundreds_of_bad_inputs_and_dozens_of_legal_ones() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert sum(not row.is_legal for row in ROWS) >= 250
    assert sum(row.is_legal for row in ROWS) >= 30


@every_row
def test_an_input_gets_its_code_and_nothing_bad_happens_of_it(wires: Wires, row: Row) -> None:
    assert wires.problems(row) == []


def test_no_device_was_told_anything_by_all_that_was_refused(wires: Wires) -> None:
    assert wires.commands() == 0


@every_row
def test_check_says_what_the_bus_says(checked: Checked, row: Row) -> None:
    assert checked.problems(row) == []


@every_row
def test_a_refusal_is_cheap(files: Files, costs: Mapping[str, Cost], row: Row) -> None:
    assert cost_problems(row, costs[row.id], Path(files.of(row)).read_bytes()) == []
