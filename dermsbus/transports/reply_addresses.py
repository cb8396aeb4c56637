"""The addresses that asynchronous replies may be sent to.

``Header/ReplyAddress`` is a stranger's text. It never becomes a destination itself: it is taken apart, and compared
with what the operator allowed; what goes out is a queue or topic of our own grammar.

Source: reply-to spellings and async rows of the project's reference tables; patterns: house choice, ADR 26.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from dermsbus.errors import PublishRejected, SettingsError
from dermsbus.transports.base import Queue, Topic
from dermsbus.transports.wire_names import ReplyForm, check_subscribable, parse_reply_to, topic_matches

__all__ = ["NOWHERE", "ReplyAddresses"]

_QUEUE_FORMS: Final = (ReplyForm.QUEUE, ReplyForm.QUEUE_URI, ReplyForm.PLAIN)
_TOPIC_FORMS: Final = (ReplyForm.TOPIC, ReplyForm.TOPIC_URI)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyAddresses:
    """What the operator allows; nothing by default.

    Attributes:
        queues: names, or patterns of them: words separated by dots, ``*`` for any one word, a last ``>`` for all that
            follow.
        topics: the same of topics.
    """

    queues: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The addresses that *texts* allow: a plain name or ``queue://…`` is a queue, ``topic://…`` a topic.

        Raises:
            SettingsError: one of them names neither; says which.
        """
        queues: list[str] = []
        topics: list[str] = []
        for text in texts:
            form, name = _taken_apart(text)
            check_subscribable(Topic(name))  # the grammar of patterns, which for queues is the same here
            (topics if form in _TOPIC_FORMS else queues).append(name)
        return cls(queues=tuple(queues), topics=tuple(topics))

    def find(self, text: str) -> Queue | Topic | None:
        """The queue or topic that a ``ReplyAddress`` means; None where it is not allowed, or means nothing we know."""
        try:
            address = parse_reply_to(text)
        except PublishRejected:
            return None
        if address.form in _QUEUE_FORMS and _is_among(self.queues, address.name):
            return Queue(address.name)
        if address.form in _TOPIC_FORMS and _is_among(self.topics, address.name):
            return Topic(address.name)
        return None


NOWHERE: Final = ReplyAddresses()
"""No address is allowed."""


def _is_among(patterns: Iterable[str], name: str) -> bool:
    return any(topic_matches(pattern, name) for pattern in patterns)


def _taken_apart(text: str) -> tuple[ReplyForm, str]:
    for form in (*_QUEUE_FORMS, *_TOPIC_FORMS):
        if form.value and text.startswith(form.value):
            return form, text[len(form.value) :]
    if text.startswith("/") or "://" in text:
        raise SettingsError(
            "reply_addresses", f"{text[:60]!a} is neither a queue (name, queue://name) nor topic://name"
        )
    return ReplyForm.PLAIN, text
