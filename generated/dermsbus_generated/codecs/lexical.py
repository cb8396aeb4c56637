"""Texts of XML Schema's simple types to Python values and back, as the generated codecs need them.

Read, they take what the type allows once its schema has accepted the text; written, they give what every reader of the
type takes. Copied into `dermsbus_generated.codecs` by generate.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import NoReturn, TypeVar

__all__ = [
    "escape",
    "escape_attribute",
    "missing",
    "one_of",
    "read_bool",
    "read_decimal",
    "repeated",
    "setter",
    "unknown",
    "write_decimal",
    "write_float",
]

E = TypeVar("E")

_MARKUP = re.compile(r"[&<>\r]")
_MARKUP_OR_QUOTE = re.compile(r"[&<>\r\n\t\"]")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;", '"': "&quot;"}
_BOOLS = {"true": True, "1": True, "false": False, "0": False}


def read_bool(text: str | None) -> bool:
    """The value of an ``xs:boolean``.

    Raises:
        ValueError: it is none.
    """
    value = _BOOLS.get((text or "").strip())
    if value is None:
        raise ValueError(f"{(text or '')[:64]!r} is no boolean")
    return value


def read_decimal(text: str | None) -> Decimal:
    """The value of an ``xs:decimal``.

    Raises:
        ValueError: it is none.
    """
    try:
        return Decimal(text or "")
    except InvalidOperation as error:
        raise ValueError(f"{(text or '')[:64]!r} is no decimal") from error


def one_of(members: Mapping[str, E], text: str | None) -> E:
    """The member of an enumeration that *text* names.

    Raises:
        ValueError: none.
    """
    member = members.get(text or "")
    if member is None:
        raise ValueError(f"{(text or '')[:64]!r} is none of {', '.join(members)}")
    return member


def write_float(value: float) -> str:
    """The text of an ``xs:float`` or ``xs:double``: the shortest that reads as the same number."""
    if math.isfinite(value):
        return repr(value).upper().replace("E+", "E")
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


def write_decimal(value: Decimal) -> str:
    """The text of an ``xs:decimal``.

    Raises:
        ValueError: not a finite number, which the type cannot say.
    """
    if not value.is_finite():
        raise ValueError(f"{value} cannot be written as a decimal")
    return f"{value:f}"


def escape(text: str) -> str:
    """*text* as the content of an element.

    Raises:
        ValueError: a character that XML cannot carry.
    """
    return _escape(text, _MARKUP)


def escape_attribute(text: str) -> str:
    """*text* as the value of an attribute in double quotes.

    Raises:
        ValueError: a character that XML cannot carry.
    """
    return _escape(text, _MARKUP_OR_QUOTE)


def _escape(text: str, markup: re.Pattern[str]) -> str:
    if _UNWRITABLE.search(text):
        raise ValueError(f"{text[:64]!a} holds a character that XML cannot carry")
    if markup.search(text):
        return markup.sub(lambda match: _REFERENCES[match[0]], text)
    return text


def missing(owner: str, name: str) -> ValueError:
    """That *owner* has no *name*, which it must have."""
    return ValueError(f"{owner} has no {name}")


def repeated(owner: str, name: str) -> NoReturn:
    """Raise that *owner* has two of *name*, which it must not have."""
    raise ValueError(f"{owner} has more than one {name}")


def unknown(owner: str, tag: object) -> NoReturn:
    """Raise that *owner* has a child that it must not have."""
    raise ValueError(f"{owner} cannot have {str(tag)[:128]}")


def setter(cls: type, field: str) -> Callable[[object, object], None]:
    """What sets *field* of a new value of the slotted class *cls*, frozen or not."""
    slot: Callable[[object, object], None] = vars(cls)[field].__set__
    return slot
