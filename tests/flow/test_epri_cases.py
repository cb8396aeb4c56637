"""The EPRI cases in one process: DERMS and DMS on the in-memory bus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermsbus.app import Application
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.settings import Settings
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.flow.epri_cases import ANSWERS, EpriCases, Line, catalogue_in
from tests.flow.peer import Peer


class TestEpriCasesInMemory(EpriCases):
    @pytest.fixture(scope="class", params=["default", "epri", "epri-typed"])
    @classmethod
    def line(cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
        profile, _, style = request.param.partition("-")
        bus = MemoryBus()
        settings = Settings.model_validate(
            {
                "profile": profile,
                "behaviour": BEHAVIOURS[profile],
                "http": None,
                "fleet": catalogue_in(tmp_path_factory.mktemp("fleet")),
                "devices": {"poll_period_s": 0.1},
            }
        )
        derms = Application(settings, transport=MemoryTransport(bus), store=SqliteStore(":memory:"))
        with derms, Peer(MemoryTransport(bus)) as dms:
            derms.wait_until_ready(10)
            yield Line(dms=dms, profile=profile, is_typed=style == "typed")


PAGE = Path(__file__).parents[2] / "docs" / "epri.md"


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page, without its head."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table[2:]]


def test_the_page_has_every_case_with_its_test_and_its_answers() -> None:
    tests = [name for name in vars(EpriCases) if name.startswith("test_")]
    first_of = {
        case: next(name for name in tests if name.startswith(f"test_{case.lower().replace('-', '_')}_"))
        for case in ANSWERS
    }

    assert rows_of("What each case is answered") == [
        [case, first_of[case], answer.epri, answer.default] for case, answer in ANSWERS.items()
    ]


def test_the_page_names_tests_that_are_there() -> None:
    folder = Path(__file__).parent
    written = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))

    for row in rows_of("What else the profiles do differently with messages of the script"):
        assert f"def {row[3]}(" in written
