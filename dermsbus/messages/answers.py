"""Messages of our own making: replies, faults and events, with the headers that let peers tell them apart.

Source: header fields in patterns, meaning of Result, and error-code policy of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from dermsbus.errors import MessageError, RequestError, Violation
from dermsbus.messages.envelope import (
    Archetype,
    Envelope,
    ErrorEntry,
    Header,
    Outline,
    Payload,
    Property,
    Reply,
    Result,
    Style,
    Verb,
)
from dermsbus.messages.repairs import WWW_NAMESPACE
from dermsbus.messages.roots import answer_root, noun_of
from dermsbus.messages.times import instant_of
from dermsbus.reply_codes import level_of, reason_of

__all__ = ["Author", "entries_of_message_error", "entry", "entry_of"]


def entry(code: str, details: str | None = None) -> ErrorEntry:
    """An Error with the catalogue's level and reason for *code*."""
    return ErrorEntry(code=code, level=level_of(code), reason=reason_of(code) or None, details=details)


def entry_of(error: RequestError) -> ErrorEntry:
    """The Error that tells of a refused object or operation."""
    return ErrorEntry(
        code=error.code,
        level=error.level,
        reason=error.reason or None,
        details=error.details,
        object_id=error.object_id,
        related_id=error.related_id,
        operation_id=error.operation_id,
    )


def entries_of_message_error(error: MessageError) -> tuple[ErrorEntry, ...]:
    """One Error for each violation, with line and path where they are known.

    The path stands in the details: ``Error/xpath`` is declared as a name, and a path in it would not be valid.
    """
    return tuple(entry(error.code, violation.details + _place_of(violation)) for violation in error.violations)


def _place_of(violation: Violation) -> str:
    known = (f"line {violation.line}" if violation.line else "", f"at {violation.path}" if violation.path else "")
    places = [place for place in known if place]
    return f" ({', '.join(places)})" if places else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Writes the envelopes of one system.

    Attributes:
        source: its name, for ``Header/Source``.
        context: for ``Header/Context``.
        now: tells the time, aware.
        new_message_id: gives a MessageID that was never given before.
        event_style: the root of events, which answer nobody.
    """

    source: str
    context: str
    now: Callable[[], datetime]
    new_message_id: Callable[[], str]
    event_style: Style = Style.GENERIC

    def reply(
        self, to: Outline, reply: Reply, payload: Payload | None = None, properties: tuple[Property, ...] = ()
    ) -> Envelope:
        """The response to a message, in the style of its root; CorrelationID is the request's, else its MessageID."""
        header = Header(
            verb=Verb.REPLY,
            noun=to.noun,
            context=self.context,
            timestamp=instant_of(self.now()),
            source=self.source,
            message_id=self.new_message_id(),
            correlation_id=to.correlation_id or to.message_id,
            properties=properties,
        )
        return Envelope(
            archetype=Archetype.RESPONSE,
            style=to.style,
            root=answer_root(to.root, noun_of(to.noun), Archetype.RESPONSE) if to.style is Style.TYPED else "",
            namespace=to.namespace if to.namespace == WWW_NAMESPACE else "",
            header=header,
            reply=reply,
            payload=payload,
        )

    def refusal(self, to: Outline, errors: Iterable[ErrorEntry]) -> Envelope:
        """The response that says FAILED, and why."""
        return self.reply(to, Reply(result=Result.FAILED, errors=tuple(errors)))

    def fault(self, error: MessageError) -> Envelope:
        """What answers a message of which not even the header can be read; it has no header of its own."""
        return Envelope(
            archetype=Archetype.FAULT,
            reply=Reply(result=Result.FAILED, errors=entries_of_message_error(error)),
        )

    def event(self, verb: Verb, noun: str, payload: Payload, correlation_id: str | None = None) -> Envelope:
        """A notification; *verb* is in the past tense."""
        header = Header(
            verb=verb,
            noun=noun,
            context=self.context,
            timestamp=instant_of(self.now()),
            source=self.source,
            message_id=self.new_message_id(),
            correlation_id=correlation_id,
        )
        return Envelope(archetype=Archetype.EVENT, style=self.event_style, header=header, payload=payload)
