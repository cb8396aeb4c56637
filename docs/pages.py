"""Pages of the documents that a program writes a part of: written anew, or compared."""

# ruff: noqa: INP001, T201 -- the folder is no package, and what is told is for who runs a command of it

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["bring_up_to_date"]


def bring_up_to_date(pages: Iterable[Path], written: Callable[[str, str], str], *, check: bool) -> int:
    """Writes each page that is not as it comes out, or with *check* shows the differences; returns the exit status.

    Args:
        pages: files.
        written: what comes out, from the text of a page and its name.
        check: write nothing.
    """
    stale = 0
    for page in pages:
        before = page.read_text(encoding="utf-8")
        after = written(before, page.name)
        if before == after:
            continue
        stale += 1
        print(f"{page.name} is not current" if check else f"wrote {page.name}")
        if check:
            print(*difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1), sep="\n")
        else:
            page.write_text(after, encoding="utf-8")
    if stale and check:
        print("run `make docs` and commit the result")
    return 1 if stale and check else 0
