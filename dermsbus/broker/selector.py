"""JMS message selectors: the part of SQL-92 that makes sense on STOMP's text headers.

Served: ``= <> < <= > >=``, ``AND OR NOT``, parentheses, ``[NOT] IN (…)``, ``[NOT] BETWEEN … AND …``,
``[NOT] LIKE … [ESCAPE …]``, ``IS [NOT] NULL``, text, numbers, TRUE and FALSE. Not served: arithmetic.

A header is text; where it meets a number, it is read as a number, as ActiveMQ Classic does. A header that is missing,
or no number where one is needed, makes a comparison neither true nor false (SQL's unknown), and only what is true is
delivered. Names of headers must be Java identifiers: ``CIM_Noun`` can be selected on, ``correlation-id`` as
``JMSCorrelationID``.

Source: "JMS vocabulary mapped to the envelope", row "message selector", and "STOMP on three brokers", row "selector",
of the project's reference tables.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from dermsbus.broker.refusals import Refused

__all__ = ["Selector", "SelectorError", "parse_selector"]

Headers = Mapping[str, str]
Literal = str | float | bool

_MAX_LENGTH = 4096
_MAX_DEPTH = 32

_JMS_HEADERS = MappingProxyType(
    {
        "JMSCorrelationID": "correlation-id",
        "JMSExpiration": "expires",
        "JMSPriority": "priority",
        "JMSReplyTo": "reply-to",
        "JMSTimestamp": "timestamp",
        "JMSType": "type",
    }
)


class SelectorError(Refused):
    """The selector cannot be read; says where and what was expected."""


class _Condition(Protocol):
    def holds(self, headers: Headers) -> bool | None:
        """Whether it is true of a message with *headers*; None for SQL's unknown."""
        ...


@dataclass(frozen=True, slots=True)
class _Compare:
    header: str
    symbol: str
    value: Literal

    def holds(self, headers: Headers) -> bool | None:
        text = headers.get(self.header)
        if text is None:
            return None
        if isinstance(self.value, float):
            number = _number(text)
            return None if number is None else _ON_NUMBERS[self.symbol](number, self.value)
        value = self.value if isinstance(self.value, str) else str(self.value).lower()
        return (text == value) is (self.symbol == "=")


@dataclass(frozen=True, slots=True)
class _In:
    header: str
    values: frozenset[str]

    def holds(self, headers: Headers) -> bool | None:
        text = headers.get(self.header)
        return None if text is None else text in self.values


@dataclass(frozen=True, slots=True)
class _Like:
    header: str
    pattern: tuple[str, ...]

    def holds(self, headers: Headers) -> bool | None:
        text = headers.get(self.header)
        return None if text is None else _like(text, self.pattern)


@dataclass(frozen=True, slots=True)
class _IsNull:
    header: str

    def holds(self, headers: Headers) -> bool | None:
        return self.header not in headers


@dataclass(frozen=True, slots=True)
class _Not:
    inner: _Condition

    def holds(self, headers: Headers) -> bool | None:
        held = self.inner.holds(headers)
        return None if held is None else not held


@dataclass(frozen=True, slots=True)
class _Every:
    """AND of all its parts, or with *until* True, OR: the first part that is *until* decides."""

    parts: tuple[_Condition, ...]
    until: bool

    def holds(self, headers: Headers) -> bool | None:
        outcome: bool | None = not self.until
        for part in self.parts:
            held = part.holds(headers)
            if held is self.until:
                return held
            if held is None:
                outcome = None
        return outcome


@dataclass(frozen=True, slots=True)
class Selector:
    """A condition on the headers of a message.

    Attributes:
        text: as the subscriber wrote it.
    """

    text: str
    condition: _Condition

    def matches(self, headers: Headers) -> bool:
        """True if the condition is true, not merely unknown, of a message with *headers*."""
        return self.condition.holds(headers) is True


_ON_NUMBERS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "=": operator.eq,
        "<>": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


_ANY_RUN = "%"
_ANY_ONE = "_"


def _like(text: str, pattern: Sequence[str]) -> bool:
    """Whether *text* fits *pattern*, whose items are ``%``, ``_`` or ``=`` and a character.

    Goes back to the last ``%`` only, so a hostile pattern costs length times length and no more.
    """
    at = item = 0
    run = resume = -1
    while at < len(text):
        if item < len(pattern) and pattern[item] == _ANY_RUN:
            run, resume = item, at
            item += 1
        elif item < len(pattern) and pattern[item] in {_ANY_ONE, f"={text[at]}"}:
            item += 1
            at += 1
        elif run >= 0:
            resume += 1
            item, at = run + 1, resume
        else:
            return False
    return all(rest == _ANY_RUN for rest in pattern[item:])


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w$]))
      | (?P<name>[A-Za-z_$][\w$]*)
      | (?P<symbol><>|<=|>=|[=<>(),])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_KEYWORDS = frozenset(
    {"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ESCAPE", "IS", "NULL", "TRUE", "FALSE"},
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise SelectorError(
                f"selector cannot be read from character {at + 1}: {text[at : at + 20]!r}",
                "Names are letters, digits, _ and $ (no hyphens: write JMSCorrelationID for correlation-id); text is "
                "in single quotes.",
            )
        kind, value = match.lastgroup, match[match.lastgroup]
        if kind == "name" and value.upper() in _KEYWORDS:
            kind, value = "keyword", value.upper()
        found.append(_Token(kind, value, match.start(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    """Recursive descent; one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def whole(self) -> _Condition:
        condition = self._either()
        if self._token.kind != "end":
            raise self._expected("AND, OR or the end")
        return condition

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _took(self, *texts: str) -> str | None:
        """The next token's text if it is one of these keywords or symbols; then it is consumed."""
        token = self._token
        if token.kind in {"keyword", "symbol"} and token.text in texts:
            self._next += 1
            return token.text
        return None

    def _demand(self, text: str) -> None:
        if self._took(text) is None:
            raise self._expected(text)

    def _expected(self, what: str) -> SelectorError:
        token = self._token
        got = repr(token.text) if token.kind != "end" else "the end"
        return SelectorError(f"selector: expected {what} at character {token.at + 1}, found {got}")

    def _either(self) -> _Condition:
        parts = [self._all()]
        while self._took("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else _Every(tuple(parts), until=True)

    def _all(self) -> _Condition:
        parts = [self._inverse()]
        while self._took("AND"):
            parts.append(self._inverse())
        return parts[0] if len(parts) == 1 else _Every(tuple(parts), until=False)

    def _inverse(self) -> _Condition:
        inverted = False
        while self._took("NOT"):
            inverted = not inverted
        condition = self._primary()
        return _Not(condition) if inverted else condition

    def _primary(self) -> _Condition:
        if self._took("("):
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise SelectorError(f"selector: more than {_MAX_DEPTH} parentheses within each other")
            condition = self._either()
            self._demand(")")
            self._depth -= 1
            return condition
        return self._predicate(self._header())

    def _header(self) -> str:
        if self._token.kind != "name":
            raise self._expected("the name of a header")
        name = self._token.text
        self._next += 1
        return _JMS_HEADERS.get(name, name)

    def _predicate(self, header: str) -> _Condition:
        symbol = self._took(*_ON_NUMBERS)
        if symbol:
            return self._comparison(header, symbol)
        if self._took("IS"):
            inverted = self._took("NOT") is not None
            self._demand("NULL")
            condition: _Condition = _IsNull(header)
        else:
            inverted = self._took("NOT") is not None
            condition = self._membership(header)
        return _Not(condition) if inverted else condition

    def _comparison(self, header: str, symbol: str) -> _Condition:
        value = self._literal()
        if symbol not in {"=", "<>"} and not isinstance(value, float):
            raise SelectorError(f"selector: {symbol} compares numbers only, not {value!r}")
        return _Compare(header, symbol, value)

    def _membership(self, header: str) -> _Condition:
        match self._took("IN", "BETWEEN", "LIKE"):
            case "IN":
                return _In(header, self._text_list())
            case "BETWEEN":
                low = self._comparison(header, ">=")
                self._demand("AND")
                return _Every((low, self._comparison(header, "<=")), until=False)
            case "LIKE":
                pattern = self._text()
                return _Like(header, _like_items(pattern, self._text() if self._took("ESCAPE") else None))
            case _:
                raise self._expected("a comparison, IS, IN, BETWEEN or LIKE")

    def _literal(self) -> Literal:
        keyword = self._took("TRUE", "FALSE")
        if keyword:
            return keyword == "TRUE"
        if self._token.kind == "number":
            number = float(self._token.text)
            self._next += 1
            return number
        return self._text()

    def _text(self) -> str:
        if self._token.kind != "text":
            raise self._expected("a value: text in single quotes, or where it fits a number, TRUE or FALSE")
        text = self._token.text[1:-1].replace("''", "'")
        self._next += 1
        return text

    def _text_list(self) -> frozenset[str]:
        self._demand("(")
        texts = {self._text()}
        while self._took(","):
            texts.add(self._text())
        self._demand(")")
        return frozenset(texts)


def _like_items(pattern: str, escape: str | None) -> tuple[str, ...]:
    if escape is not None and len(escape) != 1:
        raise SelectorError(f"selector: ESCAPE needs one character, not {escape!r}")
    items: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            items.append(f"={next(characters, escape)}")
        elif character in {_ANY_RUN, _ANY_ONE}:
            items.append(character)
        else:
            items.append(f"={character}")
    return tuple(items)


def parse_selector(text: str) -> Selector:
    """The selector that *text* spells.

    Args:
        text: at most 4096 characters, at most 32 parentheses deep.

    Returns:
        What decides on messages.

    Raises:
        SelectorError: it cannot be read; says where.
    """
    if len(text) > _MAX_LENGTH:
        raise SelectorError(f"selector longer than {_MAX_LENGTH} characters")
    return Selector(text, _Parser(text).whole())
