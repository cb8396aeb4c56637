"""The reply codes of IEC 61968-100: one table, read by everything that answers a message.

A code is a dotted pair, not a decimal number: ``2.1`` and ``2.10`` are different codes. The element that
carries it on the wire is free text, so codes of a peer that are not listed here are kept as they came.

Source: reply-code rows of the project's reference tables (category 0 to 7 after IEC 61968-9 Annex B as listed by
public implementations; 99.1 from the EPRI test script).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["CATALOGUE", "Level", "ReplyCode", "category_of", "code_order", "level_of", "reason_of"]

_APPLICATION: Final = 5
_LAST_CATEGORY: Final = 7


class Level(StrEnum):
    """Severity of an ``Error`` element; the values are the exact wire text."""

    INFORM = "INFORM"
    WARNING = "WARNING"
    FATAL = "FATAL"
    CATASTROPHIC = "CATASTROPHIC"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyCode:
    """One row of the catalogue.

    Attributes:
        code: the dotted pair as it is written on the wire.
        level: the severity dermsbus gives it when it sends the code in a refusal or a notice.
        reason: short text for ``Error/reason``; the specifics go to ``Error/details``.
        use: when dermsbus sends it.
    """

    code: str
    level: Level
    reason: str
    use: str


def _row(code: str, level: Level, reason: str, use: str) -> tuple[str, ReplyCode]:
    return code, ReplyCode(code=code, level=level, reason=reason, use=use)


CATALOGUE: Final = MappingProxyType(
    dict(
        (
            _row("0.0", Level.INFORM, "No error", "the whole request was carried out"),
            _row("0.1", Level.INFORM, "Partial result, more to follow", "one chunk of several replies"),
            _row("0.2", Level.INFORM, "Partial result, nothing more to follow", "some objects succeeded, some did not"),
            _row("0.3", Level.INFORM, "Acknowledgement of receipt", "an event was taken in, or work was accepted"),
            _row("1.5", Level.FATAL, "Mandatory Header elements missing", "Verb, Noun or MessageID absent or empty"),
            _row("1.6", Level.FATAL, "Mandatory Request elements missing", "a query without its query element"),
            _row("1.7", Level.FATAL, "Mandatory Payload elements missing", "a command without anything to act on"),
            _row("1.8", Level.FATAL, "Message is not valid against the schema", "not XML, XSD or structural violation"),
            _row("1.9", Level.FATAL, "Message revision or edition not supported", "another namespace year or Revision"),
            _row("2.5", Level.FATAL, "Noun is not valid", "the noun is unknown or not served here"),
            _row("2.9", Level.FATAL, "Verb is not valid", "the verb does not go with the noun or the message"),
            _row("2.14", Level.FATAL, "Source is not valid", "the sending system is not known"),
            _row("2.15", Level.FATAL, "Request ID is not valid", "unknown object id, or MessageID used twice"),
            _row("2.29", Level.FATAL, "Objects do not belong together", "mRID and name of different groups; no member"),
            _row("3.1", Level.FATAL, "Too many items in the request", "more objects than one message may hold"),
            _row("3.2", Level.WARNING, "Too many pending requests", "back-pressure"),
            _row("4.1", Level.FATAL, "Request timed out", "expired before it was processed, or no answer in time"),
            _row("5.1", Level.WARNING, "System is busy", "temporarily unable to serve; send it again later"),
            _row("5.2", Level.WARNING, "Transaction not attempted", "an earlier operation of the sequence failed"),
            _row("5.3", Level.FATAL, "Transaction attempted and failed", "an internal fault while serving the request"),
            _row("5.4", Level.FATAL, "Several kinds of errors occurred", "summary of different errors"),
            _row("5.5", Level.FATAL, "Requested data is unavailable", "nothing of a forecast can be told"),
            _row("5.7", Level.WARNING, "Some or all requested data is unavailable", "no value yet"),
            _row("5.8", Level.FATAL, "Mandatory fields are missing", "schema-optional, but needed to act"),
            _row("5.9", Level.WARNING, "Aborted to keep the transaction whole", "rolled back with a failed sibling"),
            _row(
                "6.1", Level.FATAL, "Request cancelled per business rule", "duplicates, rules of the behaviour profile"
            ),
            _row("7.3", Level.FATAL, "Authentication mechanism insufficient", "a command without ReplayDetection"),
            _row("7.7", Level.FATAL, "Policy violation", "DTD, too large, too deep, context of another system"),
            _row("99.1", Level.FATAL, "DERGroup does not exist", "the group named in the request is not known"),
        )
    )
)
"""Every code that dermsbus itself sends, by its dotted pair."""


def reason_of(code: str) -> str:
    """The catalogue's short text for *code*; empty for a code that the catalogue does not list."""
    row = CATALOGUE.get(code)
    return row.reason if row else ""


def level_of(code: str) -> Level:
    """The level dermsbus sends with *code*; ``FATAL`` for a code that the catalogue does not list."""
    row = CATALOGUE.get(code)
    return row.level if row else Level.FATAL


def code_order(code: str) -> tuple[int, int]:
    """Sort key of a dotted pair, so that ``2.1 < 2.9 < 2.10``.

    Returns:
        (category, number); what is not a pair of numbers counts as category 5 (application error), last.
    """
    category, _, number = code.partition(".")
    if category.isascii() and category.isdigit() and number.isascii() and number.isdigit():
        return int(category), int(number)
    return _APPLICATION, 1_000_000


def category_of(code: str) -> int:
    """What *code* is about, 0 to 7; the application (5) where its first number says nothing that is known."""
    category, _ = code_order(code)
    return category if category <= _LAST_CATEGORY else _APPLICATION
