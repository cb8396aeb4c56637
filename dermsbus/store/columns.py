"""What columns of several tables hold: text, and instants, names and JSON as text, exactly.

Source: house choice, ADRs 12 and 32.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sqlalchemy import Dialect, Text, TypeDecorator

from dermsbus.domain.model import Name, NameType, NameTypeAuthority

__all__ = ["TEXT", "Row", "instant_text", "json_text", "names_of", "names_text"]

_ESCAPE: Final = "\ufdd0"  # no character, now or ever: hardly any text holds it, and one that does is escaped itself


class _EscapedText(TypeDecorator[str]):
    """Text of any characters in a database whose text cannot hold U+0000.

    Two texts are the same if and only if they are so in the database; ASCII text is there as it is.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 its signature
        """As it is written."""
        if value is None or ("\0" not in value and _ESCAPE not in value):
            return value
        return value.replace(_ESCAPE, _ESCAPE + "1").replace("\0", _ESCAPE + "0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 its signature
        """As it was before."""
        if value is None or _ESCAPE not in value:
            return value
        return value.replace(_ESCAPE + "0", "\0").replace(_ESCAPE + "1", _ESCAPE)


TEXT: Final = Text().with_variant(_EscapedText(), "postgresql")
"""Text of any characters: AMQP lets strangers send U+0000 in names, and a store must not stumble over it."""


class Row(Protocol):
    """A row by column names; the database library knows its columns' types, the type checker does not."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401  as the class says


def instant_text(at: datetime) -> str:
    """*at* as text that sorts as it happened.

    Args:
        at: aware.

    Raises:
        ValueError: *at* has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no zone, so that it is no instant")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def json_text(value: object) -> str:
    """*value* as JSON without blanks; a number reads back as the same one.

    Raises:
        ValueError: a number in it is not finite: JSON has none such.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def names_text(names: Sequence[Name]) -> str | None:
    """*names* as a JSON array; None for none."""
    return json_text([_name_value(name) for name in names]) if names else None


def names_of(text: str | None) -> tuple[Name, ...]:
    """The names that *text* holds."""
    return tuple(map(_name, json.loads(text))) if text else ()


def _name_value(name: Name) -> dict[str, object]:
    kind = name.name_type
    if kind is None:
        return {"name": name.name}
    authority = kind.authority
    issued_by = {"name": authority.name, "description": authority.description} if authority else None
    return {"name": name.name, "type": {"name": kind.name, "description": kind.description, "authority": issued_by}}


def _name(value: Mapping[str, Any]) -> Name:
    kind = value.get("type")
    if kind is None:
        return Name(name=value["name"])
    issued_by = kind["authority"]
    return Name(
        name=value["name"],
        name_type=NameType(
            name=kind["name"],
            description=kind["description"],
            authority=NameTypeAuthority(**issued_by) if issued_by else None,
        ),
    )
