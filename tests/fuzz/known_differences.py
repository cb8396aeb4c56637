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


ACCEPTED: Final = (
    Known(
        path="valid",
        ours=lambda told: told is True,
        second=lambda told: "OverflowError('year overflow')" in str(told),
        reason="xmlschema cannot reckon with 24:00:00 in a year of more than four digits. It is valid, and an object with"
        " such a time is refused by itself when it is read.",
    ),
)
"""Of messages that dermsbus accepts."""

REFUSED: Final = (
    Known(
        path="valid",
        ours=lambda told: _PYTHON_NUMBER.search(str(told)) is not None,
        second=bool,
        reason="xmlschema takes for a number what Python does: digits of other scripts, digits with underscores, spaces of"
        " Unicode around them. XML Schema has the digits 0 to 9 and the white space of XML, as libxml2 has.",
    ),
    Known(
        path="valid",
        ours=lambda told: "Character content other than whitespace is not allowed" in str(told),
        second=bool,
        reason="xmlschema takes for white space between elements what Python does, such as a no-break space; text it finds."
        " The white space of XML is space, tab and the ends of lines.",
    ),
    Known(
        path="valid",
        ours=lambda told: re.search(r"\[facet '(?:min|max)\w+'\] The value 'NaN'", str(told)) is not None,
        second=bool,
        reason="xmlschema lets NaN pass every bound, for it is neither less nor more; in XML Schema it is within none.",
    ),
    Known(
        path="valid",
        ours=lambda told: " comes after extension " in str(told),
        second=bool,
        reason="In a typed query the schema's wildcard lets elements of the message namespace stand behind the query. Who"
        " looks for fields by name would take them for fields, so that extensions come last, whatever they are.",
    ),
)
"""Of messages that dermsbus refuses as against the schema, and that are valid for the second validator."""
