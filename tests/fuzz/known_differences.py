"""Where dermsbus and the second opinion differ, and are meant to. What is not listed here is a finding.

Each row says of which rule or path it is, and why the difference is right. A row that nothing needs any more is taken out:
`tests/fuzz/test_differential.py` has an example for each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["ACCEPTED", "REFUSED", "Known"]


_PYTHON_NUMBER: Final = re.compile(
    r"'[^']*(?:[^\x00-\x7f]|\d_\d)[^']*' is not a valid value of the atomic type 'xs:(?:integer|float)'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """One difference.

    Attributes:
        path: of the fact, or where validity differs ``valid``; a regular expression for all of it.
        ours: what dermsbus says; True for whatever it says.
        second: what the second opinion says; True for whatever it says.
        reason: why both may be as they are.
    """

    path: str
    ours: Callable[[object], bool]
    second: Callable[[object], bool]
    reason: str

    def fits(self, path: str, ours: object, second: object) -> bool:
        """True if a difference is this one."""
        return re.fullmatch(self.path, path) is not None and self.ours(ours) and self.second(second)


ACCEPTED: Final[tuple[Known, ...]] = ()
"""Of messages that dermsbus accepts."""

REFUSED: Final = (
    Known(
        path="valid",
        ours=lambda told: _PYTHON_NUMBER.search(str(told)) is not None,
        second=bool,
        reason="xmlschema takes for a number what Python does: digits of other scripts, digits with underscores, spaces of"
        " Unicode around them. XML Schema has the digits 0 to 9 and the white space of XML, as libxml2 has.",
    ),
)
"""Of messages that dermsbus refuses as against the schema, and that are valid for the second validator."""
