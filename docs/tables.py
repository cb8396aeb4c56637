"""Writes the tables into the pages that show what the code holds as a table: ``python docs/tables.py [--check]``.

A table stands between the marks that name it::

    <!-- table: reply codes -->
    …
    <!-- end -->

``--check`` writes nothing: it exits 1 and shows the differences if a page is not what comes out.
"""

# ruff: noqa: INP001 -- a command: its folder is no package

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from dermsbus.messages.envelope import Archetype
from dermsbus.messages.repairs import DEVIATIONS, Deviation
from dermsbus.reply_codes import CATALOGUE
from docs.pages import bring_up_to_date

DOCS: Final = Path(__file__).resolve().parent
PAGES: Final = (DOCS / "reply-codes.md", DOCS / "tolerance.md")

_PLACE: Final = re.compile(
    r"(?P<opening>^<!-- table: (?P<name>[^\n]*?) -->\n).*?(?P<closing>^<!-- end -->$)", re.MULTILINE | re.DOTALL
)
_KINDS: Final = MappingProxyType(
    {
        Archetype.REQUEST: "requests",
        Archetype.EVENT: "events",
        Archetype.RESPONSE: "responses",
        Archetype.FAULT: "faults",
    }
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the pages, or with ``--check`` compares them; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the tables into the pages of docs.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is not current")
    options = parser.parse_args(arguments)
    return bring_up_to_date(PAGES, lambda text, _: written(text), check=options.check)


def written(text: str) -> str:
    """The page with the tables as the code has them.

    Raises:
        KeyError: it names a table that there is not.
    """
    return _PLACE.sub(lambda place: f"{place['opening']}\n{_TABLES[place['name']]()}\n{place['closing']}", text)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _reply_codes() -> str:
    rows = ([row.code, row.level.value, row.reason, row.use] for row in CATALOGUE.values())
    return _table(["code", "level", "reason", "sent when"], rows)


def _mended() -> str:
    rows = (
        [f"`{row.name}`", row.sent, row.taken_as, _kinds(row), row.refused_with, row.seen_at]
        for row in DEVIATIONS
        if row.mend is not None
    )
    return _table(["counted as", "what comes", "taken as", "in", "else refused with", "seen at"], rows)


def _passed_over() -> str:
    rows = (
        [row.sent, row.taken_as, _kinds(row), row.refused_with, row.seen_at]
        for row in DEVIATIONS
        if row.mend is None and row.refused_with
    )
    return _table(["what comes", "taken as", "in", "else refused with", "seen at"], rows)


def _read_anyway() -> str:
    rows = ([row.sent, row.taken_as, _kinds(row), row.seen_at] for row in DEVIATIONS if not row.refused_with)
    return _table(["what comes", "taken as", "in", "seen at"], rows)


def _kinds(row: Deviation) -> str:
    return (
        "all" if row.kinds == _KINDS.keys() else ", ".join(name for kind, name in _KINDS.items() if kind in row.kinds)
    )


_TABLES: Final[dict[str, Callable[[], str]]] = {
    "reply codes": _reply_codes,
    "mended": _mended,
    "passed over": _passed_over,
    "read anyway": _read_anyway,
}


if __name__ == "__main__":
    sys.exit(main())
