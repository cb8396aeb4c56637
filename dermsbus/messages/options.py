"""What a request asks for beside its objects: how many of them at most, and from where on.

A cursor is text of ours that a requester gives back as it is: the last object that it was told of, so that what is
created, changed or deleted meanwhile neither shifts the next page nor is told twice.

Source: option rows of the project's reference tables; names and meaning are our own, ADR 28.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dermsbus.domain.identity import quoted
from dermsbus.errors import SchemaViolation, Violation
from dermsbus.messages.deadlines import MAX_EXECUTION_TIME
from dermsbus.messages.envelope import Envelope, Noun, Property, Verb
from dermsbus.messages.name_plates import ASKING_OPTION

__all__ = ["CURSOR", "LIMIT", "Options", "cursor_after", "read_options"]

LIMIT: Final = "dermsbus.limit"
"""Name of the option; its value is how many objects an answer may tell at most."""

CURSOR: Final = "dermsbus.cursor"
"""Name of the option, and of the header Property of an answer, whose value it is to have for what comes next."""

_COUNT: Final = re.compile(r"0*[1-9][0-9]{0,8}", re.ASCII)
_SEAL_BYTES: Final = 4
_MOST_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of one request, as far as they say which objects it is about.

    Attributes:
        limit: how many objects its answer may tell at most, 1 or more; None for all.
        after: mRID of the last object that its sender was told of, behind which the answer begins; None for the
            beginning.
        passed_over: names of options that mean nothing here, each once.
    """

    limit: int | None = None
    after: str | None = None
    passed_over: tuple[str, ...] = ()

    @property
    def is_paged(self) -> bool:
        """True if it asks for a page, and objects are to be told in the order of their mRIDs."""
        return self.limit is not None or self.after is not None

    @property
    def note(self) -> str:
        """What its sender is to know of the options that were passed over; empty if none was."""
        if not self.passed_over:
            return ""
        named = ", ".join(quoted(name) for name in self.passed_over[:_MOST_NAMED])
        more = len(self.passed_over) - _MOST_NAMED
        return f"passed over, for it means nothing here: option {named}" + (f" and {more} more" if more > 0 else "")


def read_options(message: Envelope) -> Options:
    """The options of a request; those that mean nothing for its verb and noun are passed over.

    Raises:
        SchemaViolation: 1.8, one has a value that it cannot have, or stands there twice.
    """
    stated = message.request.options if message.request else ()
    known = _known(message)
    passed_over = dict.fromkeys(each.name for each in stated if each.name not in known)
    if LIMIT not in known:
        return Options(passed_over=tuple(passed_over))
    limit, cursor = _only(LIMIT, stated), _only(CURSOR, stated)
    return Options(
        limit=None if limit is None else _count(limit),
        after=None if cursor is None else _position(cursor, message.outline.noun),
        passed_over=tuple(passed_over),
    )


def cursor_after(mrid: str, noun: str) -> str:
    """The cursor with which a get of *noun* goes on behind the object with this mRID."""
    place = f"{noun}\n{mrid}".encode()
    return base64.urlsafe_b64encode(_seal(place) + place).decode().rstrip("=")


def _known(message: Envelope) -> frozenset[str]:
    header = message.header
    names = {MAX_EXECUTION_TIME}
    if header is not None and header.verb is Verb.GET:
        names |= {LIMIT, CURSOR}
        if header.noun == Noun.DER_GROUPS:
            names.add(ASKING_OPTION.name)
    return frozenset(names)


def _only(name: str, stated: Sequence[Property]) -> str | None:
    """The value of the option *name*; None where it is not there."""
    values = [(each.value or "").strip() for each in stated if each.name == name]
    if len(values) > 1:
        raise _refused(f"option {name} stands there {len(values)} times: state it once")
    return values[0] if values else None


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise _refused(f"option {LIMIT}: {quoted(text)} is not a whole number from 1 to 999999999")
    return int(text)


def _position(text: str, noun: str) -> str:
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        place = sealed[_SEAL_BYTES:]
        told_noun, _, mrid = place.decode().partition("\n")
    except (binascii.Error, ValueError) as error:
        raise _refused(_broken(text)) from error
    if sealed[:_SEAL_BYTES] != _seal(place):
        raise _refused(_broken(text))
    if told_noun != noun:
        raise _refused(f"option {CURSOR} is that of an answer about {told_noun}, and this asks for {quoted(noun)}")
    return mrid


def _broken(text: str) -> str:
    return (
        f"option {CURSOR}: {quoted(text)} was not given by this system; state the value of the header Property "
        f"{CURSOR} of the answer before, or leave the option out to begin anew"
    )


def _seal(place: bytes) -> bytes:
    """Tells a cursor of ours from one that was cut or mistyped; it keeps no secret."""
    return hashlib.sha256(place).digest()[:_SEAL_BYTES]


def _refused(details: str) -> SchemaViolation:
    return SchemaViolation(Violation(rule="OPTION", details=details))
