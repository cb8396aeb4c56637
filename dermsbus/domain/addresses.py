"""The names of queues and topics: one grammar, in one place.

A name is dot-separated words of lower-case letters, digits, ``_`` and ``-``; only a noun keeps its capitals. Every word
is checked before it becomes part of a name, so that nothing a peer sent can reach a destination it was not meant for.

================  ============================================  ================================================
what              name                                          example
================  ============================================  ================================================
requests          ``cim.<context>.req.<responder>``             ``cim.production.req.derms1``
events            ``cim.<context>.evt.<source>.<verb>.<Noun>``  ``cim.production.evt.derms1.created.DERGroups``
replies           ``cim.<context>.rep.<requester>``             ``cim.production.rep.dms1``
invalid messages  ``cim.<context>.invalid.<owner>``             ``cim.production.invalid.derms1``
dead letters      ``cim.<context>.dlq.<original>``              ``cim.production.dlq.cim.production.req.derms1``
================  ============================================  ================================================

Source: "destination naming" of the project's reference tables.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "ANY",
    "dead_letter_queue",
    "event_topic",
    "invalid_queue",
    "is_word",
    "reply_queue",
    "request_queue",
]

ANY: Final = "*"
"""Stands for any one word in the pattern of an event topic."""

_WORD: Final = re.compile(r"[a-z0-9_-]+", re.ASCII)
_NOUN: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)


def is_word(text: str) -> bool:
    """True if *text* can be a context, a source or a verb in a name: lower-case letters, digits, ``_`` and ``-``."""
    return _WORD.fullmatch(text) is not None


def request_queue(context: str, responder: str) -> str:
    """The one queue for all requests to *responder*, so that they are served in the order in which they were sent.

    Args:
        context: such as ``production``.
        responder: the system that answers.

    Raises:
        ValueError: one of them is not a word.
    """
    return f"cim.{_word(context)}.req.{_word(responder)}"


def event_topic(context: str, source: str = ANY, verb: str = ANY, noun: str = ANY) -> str:
    """The topic of events; with `ANY` for a part, the pattern that a subscriber gives.

    Args:
        context: such as ``production``.
        source: the system that tells.
        verb: in the past tense, such as ``created``.
        noun: such as ``DERGroups``.

    Raises:
        ValueError: *context*, *source* or *verb* is not a word, or *noun* is not letters and digits.
    """
    return f"cim.{_word(context)}.evt.{_part(source)}.{_part(verb)}.{_noun(noun)}"


def reply_queue(context: str, requester: str) -> str:
    """The queue for replies that must outlive the connection of *requester*.

    Raises:
        ValueError: *context* or *requester* is not a word.
    """
    return f"cim.{_word(context)}.rep.{_word(requester)}"


def invalid_queue(context: str, owner: str) -> str:
    """The queue for messages that *owner* received and could not read.

    Raises:
        ValueError: *context* or *owner* is not a word.
    """
    return f"cim.{_word(context)}.invalid.{_word(owner)}"


def dead_letter_queue(context: str, original: str) -> str:
    """The queue for messages of *original*, a queue or topic, that could be read and not handled.

    Raises:
        ValueError: *context* is not a word, or *original* is not a name of words.
    """
    if not _NAME.fullmatch(original):
        raise ValueError(f"{original!r} is not the name of a queue or topic: words joined by single dots")
    return f"cim.{_word(context)}.dlq.{original}"


def _word(text: str) -> str:
    if not is_word(text):
        raise ValueError(f"{text!r} cannot be part of a destination: only a-z, 0-9, _ and - may be in it")
    return text


def _part(text: str) -> str:
    return text if text == ANY else _word(text)


def _noun(text: str) -> str:
    if text != ANY and not _NOUN.fullmatch(text):
        raise ValueError(f"{text!r} cannot be the noun of a destination: only letters and digits may be in it")
    return text
