"""``make corpus``: all rows before all judges, and a table of what came out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dermsbus import logs
from tests.corpus.everything import GROUPS, ROWS
from tests.corpus.judges import Checked, Cost, Files, Wires, cost_problems, costs_of
from tests.corpus.rows import Row

_HEADS = ("group", "inputs", "codes", "check", "CPU ms", "MB", "faults", "let in", "kept out")


def main() -> int:
    """Print the table; 1 if any row is not as it should be."""
    logs.configure("error", "json")
    with TemporaryDirectory() as place:
        files = Files(Path(place), ROWS)
        checked, costs = Checked(files, ROWS), costs_of(files, ROWS)
        with Wires(files) as wires:
            found = {row.id: wires.problems(row) for row in ROWS}
            commands = wires.commands()
        disagreed = {row.id: checked.problems(row) for row in ROWS}
        dear = {row.id: cost_problems(row, costs[row.id], files.of(row).read_bytes()) for row in ROWS}
    _print_table(found, disagreed, costs)
    wrong = [
        f"{row.id} ({row.what}): {problem}"
        for row in ROWS
        for problem in (*found[row.id], *disagreed[row.id], *dear[row.id])
    ]
    wrong += [f"devices were told something {commands} times"] if commands else []
    _say(*(("", *wrong) if wrong else ("", "all as it should be")))
    return 1 if wrong else 0


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _print_table(found: Mapping[str, list[str]], disagreed: Mapping[str, list[str]], costs: Mapping[str, Cost]) -> None:
    lines = [_HEADS, *(_line(name, rows, found, disagreed, costs) for name, rows in GROUPS.items())]
    lines.append(_line("all", ROWS, found, disagreed, costs))
    for name, *others in lines:
        _say(" ".join((f"{name:20}", *(f"{text:>9}" for text in others))))


def _line(
    name: str,
    rows: Iterable[Row],
    found: Mapping[str, list[str]],
    disagreed: Mapping[str, list[str]],
    costs: Mapping[str, Cost],
) -> tuple[str, ...]:
    rows = tuple(rows)
    return (
        name,
        str(len(rows)),
        str(sum(not found[row.id] for row in rows)),
        str(sum(not disagreed[row.id] for row in rows)),
        f"{max(costs[row.id].cpu_ms for row in rows if not row.is_legal):.0f}",
        f"{max(costs[row.id].memory_mb for row in rows if not row.is_legal):.0f}",
        str(sum("5.3" in problem for row in rows for problem in found[row.id])),
        str(sum(not row.is_legal and "told OK" in problem for row in rows for problem in found[row.id])),
        str(sum(row.is_legal and "told FAILED" in problem for row in rows for problem in found[row.id])),
    )


if __name__ == "__main__":
    sys.exit(main())
