"""Which tests there are for which case, told from their names."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["FOLDER", "TEST_NAME", "named_in"]

FOLDER = Path(__file__).parent
TEST_NAME = re.compile(r"test_([a-i]\d\d)_\w+")
"""The name of a test, with the id of its case."""


def named_in(letter: str) -> list[tuple[str, str]]:
    """Id of the case, and name, of each test in the file of a letter."""
    (file,) = FOLDER.glob(f"test_{letter.lower()}_*.py")
    names = re.findall(r"^ *def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    return [(each[1].upper(), each[0]) for each in map(TEST_NAME.fullmatch, names) if each]
