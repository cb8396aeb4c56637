"""What became of each case in a run of the tests: the table at its end, and ``docs/conformance.md``.

A pytest plugin, used as ``-p tests.conformance.report``. A case that several tests hold to, or one on several buses, is as
good as the worst of them; where a broker cannot be had that is said, and the others count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

import pytest

from tests.conformance.cases import BUSES, CASES, GROUPS, Case
from tests.conformance.named import TEST_NAME

__all__: list[str] = []

_NO_BUS = "none"
_INTRODUCTION = """\
# Conformance

What dermsbus is held to in messages of IEC 61968-100, case by case: what comes in, what has to come of it, and the tests that
hold it to that. `make conformance` runs them, prints this table and writes this page; nobody edits it.

A case is written once. Those of the letters C, D, G and I run on every bus that can be had: in the process (`memory`), on the
embedded broker, on ActiveMQ Classic, Artemis and RabbitMQ, over STOMP and AMQP. Where there is no Docker the page says on which
it was not run; how to have them: [testing](testing.md#tests-on-real-brokers). Unless a case says otherwise the peer is not
tolerated. The codes are those of the [reply codes](reply-codes.md).
"""


class Outcome(IntEnum):
    """What became of a test, from the one that says least to the one that outweighs all others."""

    NOT_RUN = 0
    LATER = 1
    PASSED = 2
    FAILED = 3


@dataclass(slots=True)
class _Run:
    """One test on one bus."""

    case_id: str
    test: str
    file: str
    bus: str
    outcome: Outcome | None = None
    reason: str = ""


@dataclass(slots=True)
class _Row:
    """A case with everything that was run for it."""

    case: Case
    runs: list[_Run] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """What outweighs all else of its tests; a case that is kept for later never counts as passed."""
        worst = max((run.outcome or Outcome.NOT_RUN for run in self.runs), default=Outcome.NOT_RUN)
        return Outcome.LATER if self.case.later and worst is Outcome.PASSED else worst

    @property
    def tests(self) -> list[tuple[str, str]]:
        """Name and file of each."""
        return list(dict.fromkeys((run.test, run.file) for run in self.runs))

    @property
    def buses(self) -> str:
        known = [_NO_BUS, *BUSES]
        ran = {run.bus for run in self.runs if run.outcome in {Outcome.PASSED, Outcome.FAILED}}
        left = {run.bus for run in self.runs if run.outcome in {None, Outcome.NOT_RUN}} - ran - {_NO_BUS}
        told = ", ".join(sorted(ran - ({_NO_BUS} if len(ran) > 1 else set()), key=known.index)) or _NO_BUS
        return told + (f"; not run: {', '.join(sorted(left, key=known.index))}" if left else "")

    @property
    def result(self) -> str:
        match self.outcome:
            case Outcome.PASSED:
                return "; ".join(("passed", *(f"not run: {reason}" for reason in self._reasons if _says_more(reason))))
            case Outcome.FAILED:
                return "FAILED"
            case Outcome.LATER:
                return f"later: {self.case.later}"
            case Outcome.NOT_RUN:
                return f"not run: {'; '.join(self._reasons) or 'not asked for'}"

    @property
    def _reasons(self) -> list[str]:
        """Why some of its tests were not run."""
        return sorted({run.reason for run in self.runs if run.outcome is Outcome.NOT_RUN and run.reason})


def _says_more(reason: str) -> bool:
    """False for what is said already where the buses are told: that a broker cannot be had."""
    return not reason.endswith("to test with")


class _Report:
    def __init__(self, page: Path | None) -> None:
        self._page = page
        self._runs: dict[str, _Run] = {}
        self._is_whole = True

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        found = TEST_NAME.fullmatch(getattr(item, "originalname", None) or item.name)
        if found:
            spec = getattr(item, "callspec", None)
            self._runs[item.nodeid] = _Run(
                case_id=found[1].upper(),
                test=found[0],
                file=item.path.name,
                bus=str(spec.params.get("bus", _NO_BUS)) if spec else _NO_BUS,
            )

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._is_whole = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        run = self._runs.get(report.nodeid)
        if run is None:
            return
        if report.failed:
            run.outcome, run.reason = Outcome.FAILED, ""
        elif report.skipped:
            run.outcome, run.reason = self._skipped(run, report)
        elif report.when == "call" and run.outcome is None:
            run.outcome = Outcome.PASSED

    def _skipped(self, run: _Run, report: pytest.TestReport) -> tuple[Outcome, str]:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        later = _BY_ID[run.case_id].later
        if later and later in reason:
            return Outcome.LATER, later
        reason = reason.removeprefix("Skipped: ")
        no_broker, _, _ = reason.partition(" to test with: ")  # what follows is of this machine
        return Outcome.NOT_RUN, f"{no_broker} to test with" if no_broker != reason else reason

    @property
    def rows(self) -> list[_Row]:
        return [_Row(case, [run for run in self._runs.values() if run.case_id == case.id]) for case in CASES]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        rows = self.rows
        terminalreporter.section("conformance")
        for row in rows:
            for index, (test, _) in enumerate(row.tests or [("no test", "")]):
                cells = (row.case.id, row.case.title, row.buses, row.result) if not index else ("", "", "", "")
                terminalreporter.write_line(
                    f"{cells[0]:4}{cells[1][:64]:66}{test[:90]:92}{cells[2]:34}  {cells[3]}".rstrip()
                )
        terminalreporter.write_line(_summary(rows))
        if self._page is not None and self._is_whole and all(row.runs for row in rows):
            self._page.write_text(_page(rows), encoding="utf-8")
        elif self._page is not None:
            terminalreporter.write_line(f"{self._page.name} is as it was: this run did not have all cases")


_BY_ID = {each.id: each for each in CASES}


def _summary(rows: Sequence[_Row]) -> str:
    passed = sum(row.outcome is Outcome.PASSED for row in rows)
    failed = sum(row.outcome is Outcome.FAILED for row in rows)
    return f"{len(rows)} cases: {passed} passed, {len(rows) - passed - failed} with their reason, {failed} failed"


def _page(rows: Sequence[_Row]) -> str:
    lines = [_INTRODUCTION, f"**{_summary(rows)}.**"]
    for letter, title in GROUPS.items():
        lines += ["", f"## {letter}. {title}", "", "| id | case | what has to come of it | tests | buses | result |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        lines += [_line(row) for row in rows if row.case.id.startswith(letter)]
    return "\n".join(lines) + "\n"


def _line(row: _Row) -> str:
    tests = "<br>".join(f"[`{test}`](../tests/conformance/{file})" for test, file in row.tests)
    cells = (row.case.id, row.case.title, row.case.expected, tests, row.buses, row.result)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--conformance-page", type=Path, default=None, help="write what became of the cases to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Report(config.getoption("--conformance-page")))
