"""Texts that somebody once wrote where a number, a time or a word was expected."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from dermsbus.messages.envelope import Verb
from dermsbus_profiles import PROFILES

__all__ = ["WORDS", "other_value"]

NUMBERS: Final = (
    *(
        "0",
        "-0",
        "-0.0",
        "1",
        "-1",
        "+5",
        "05",
        "5.",
        ".5",
        "5.0",
        "0.1",
        "1e3",
        "1E+3",
        "1e-320",
        "5e-324",
        "1e400",
        "-1e400",
    ),
    *("3.4028234e38", "3.4028235e38", "3.5e38", "1e38", "99999999999", "2147483647", "2147483648", "-2147483649"),
    *("9223372036854775808", "1" + "0" * 40, "1" * 5_000, "0." + "3" * 400, "NaN", "INF", "-INF", "+INF", "nan", "inf"),
    *(
        "Infinity",
        "0x10",
        "1_000",
        "1,5",
        "1 000",
        "٥",
        "５",
        "1e",
        "e5",
        "--5",
        "5-",
        "",
        " 5 ",
        "\t5\n",
        "\u00a05",
        "5\u2003",
    ),
    *("0.30000000000000004", "16777217", "1e-46", "1.17549435e-38", "100000", "100001", "1000000000001", "44640"),
)
TIMES: Final = (
    *(
        "2024-05-01T08:00:00Z",
        "2024-05-01T08:00:00",
        "2024-05-01T24:00:00Z",
        "2024-05-01T24:00:01Z",
        "2024-02-30T00:00:00Z",
    ),
    *(
        "2024-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
    ),
    *("9999-12-31T24:00:00Z", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999999Z", "10000-01-01T00:00:00Z"),
    *(
        "2024-05-01T08:00:00+14:00",
        "2024-05-01T08:00:00+14:01",
        "2024-05-01T08:00:00-00:00",
        "2024-05-01T08:00:00+00:30",
    ),
    *("2024-05-01T08:00:00.1234567890123Z", "2024-05-01T08:00:00.Z", "2024-05-01", "08:00:00Z", "2024-05-01T08:00Z"),
    *(
        "20240501T080000Z",
        "2024-05-01 08:00:00Z",
        "2024-05-01t08:00:00z",
        " 2024-05-01T08:00:00Z ",
        "2024-W18-3T08:00:00Z",
    ),
    *(
        "1714550400",
        "now",
        "",
        "2024-03-31T02:30:00",
        "2024-10-27T02:30:00",
        "2024-05-01T09:30:00Z",
        "2024-05-01T07:59:00Z",
    ),
    *(
        "2024-05-01T08:00:00\u00a0Z",
        "٢٠٢٤-05-01T08:00:00Z",
        "2024-05-01T08:00:00+1:00",
        "1752-09-14T00:00:00Z",
        "002024-05-01T08:00:00Z",
    ),
)
DURATIONS: Final = ("PT1H", "-PT1H", "P1Y", "P", "PT", "PT0S", "P1Y2M3DT4H5M6.7S", "P99999999999Y", "PT1e3S", "")
TRUTHS: Final = ("true", "false", "1", "0", "TRUE", "True", "yes", " true ", "", "2", "\ttrue\n")
IDS: Final = (
    *(
        "G-A",
        "G-B",
        "G-C",
        "GA",
        "GB",
        "B-1",
        "B-2",
        "B-3",
        "B-4",
        "D-1",
        "D-9",
        "X-1",
        "",
        " ",
        "  G-A  ",
        "g-a",
        "G-A\n",
    ),
    *(
        "a" * 255,
        "a" * 256,
        "a" * 70_000,
        "ü" * 128,
        "😀",
        "😀" * 64,
        "\u202eA-G",
        "G\u200bA",
        "G-А",
        "é",
        "e\u0301",
        "\u0000",
    ),
    *(
        "\x85",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\ufdd0",
        "\U0001fffe",
        "%00",
        "../../etc/passwd",
        "'; DROP TABLE groups; --",
        "a:b\\nc",
    ),
    *(
        "seed-1",
        "c1",
        "{}",
        "<mRID>",
        "]]>",
        "&amp;",
        "&#0;",
        "&x;",
        "a\tb",
        "a\r\nb",
        "*",
        ">",
        "#",
        "cim.production.req.derms1",
    ),
)
CODES: Final = (
    "2.31.0.18",
    "2.31.0.23",
    "2.31.0.68",
    "3.31.0.23",
    "9.31.0.23",
    "2.31.0",
    "2.31.0.23.1",
    "2.31.0.٢٣",
    "٢.31.0.23",
    "2.31.0." + "9" * 5_000,
    "",
)
ENUMS: Final = (
    *("activePower", "apparentPower", "reactivePower", "voltage", "increasingRampRate", "decreasingRampRate"),
    *(
        "highFilterUpRegulation",
        "forward",
        "reverse",
        "net",
        "total",
        "lagging",
        "constantYValue",
        "straightLineYValues",
    ),
    *(
        "s",
        "m",
        "h",
        "D",
        "M",
        "Y",
        "none",
        "k",
        "da",
        "micro",
        "y",
        "Y",
        "G",
        "W",
        "VA",
        "VAr",
        "V",
        "WPers",
        "Hz",
        "A",
    ),
    *("OK", "PARTIAL", "FAILED", "INFORM", "FATAL", "uuid", "name", "transaction", "XML", "PDF", "other", "unknown"),
)
VERBS: Final = (*(verb.value for verb in Verb), "CREATE", "update", "read", "show", "Create", " create ", "")
NOUNS: Final = (
    *PROFILES,
    "OperationSet",
    "DERGROUPS",
    "dergroups",
    "EndDeviceGroups",
    "MeterReadings",
    " DERGroups ",
    "",
)
CONTEXTS: Final = ("PRODUCTION", "production", "TESTING", "Not Set", "", " PRODUCTION ")
WORDS: Final = (*IDS, *ENUMS, *VERBS, *NOUNS)

_NUMBER: Final = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT")
_CODE: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")
_ALL: Final = (NUMBERS, TIMES, DURATIONS, TRUTHS, IDS, CODES, ENUMS, VERBS, NOUNS, CONTEXTS)


def other_value(name: str, text: str, chance: Random) -> str:
    """A text in the place of *text*, which stands in an element or attribute *name*: mostly of its own kind."""
    if chance.random() < 0.1:
        return _bent(text, chance)
    if chance.random() < 0.12:
        return chance.choice(chance.choice(_ALL))
    return chance.choice(_like(name, text))


def _like(name: str, text: str) -> tuple[str, ...]:
    named = {"Verb": VERBS, "verb": VERBS, "Noun": NOUNS, "noun": NOUNS, "Context": CONTEXTS}
    if name in named:
        return named[name]
    stripped = text.strip()
    if _TIME.match(stripped):
        return TIMES
    if _CODE.fullmatch(stripped):
        return CODES
    if _NUMBER.fullmatch(stripped):
        return NUMBERS
    if stripped in {"true", "false"}:
        return TRUTHS
    return ENUMS if stripped in ENUMS else IDS


def _bent(text: str, chance: Random) -> str:
    """*text* with one small change."""
    if not text:
        return "x"
    place = chance.randrange(len(text))
    match chance.randrange(6):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return text[:place] + chance.choice("0159.-+eE \t\n:TZüß😀\u0661") + text[place:]
        case 2:
            return text * chance.choice((2, 3, 40))
        case 3:
            return text.swapcase()
        case 4:
            return f" {text}\n"
        case _:
            return text[::-1]
