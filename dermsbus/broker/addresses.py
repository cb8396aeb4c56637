"""Destinations as STOMP peers write them, with ActiveMQ's prefixes, and topic patterns with its wildcards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dermsbus.broker.refusals import Refused

__all__ = ["Address", "Kind", "TopicPattern", "parse_address", "parse_subscribable", "virtual_topic_of"]

_ANY_WORD = "*"
_ANY_REST = ">"
_WILDCARDS = frozenset({_ANY_WORD, _ANY_REST})


class Kind(StrEnum):
    """The kinds of destination; the value is the prefix without its slashes."""

    QUEUE = "queue"
    TOPIC = "topic"
    TEMP_QUEUE = "temp-queue"
    TEMP_TOPIC = "temp-topic"
    REMOTE_TEMP_QUEUE = "remote-temp-queue"
    REMOTE_TEMP_TOPIC = "remote-temp-topic"


_PREFIXES: frozenset[str] = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Address:
    """One destination.

    Attributes:
        kind: which prefix it has.
        name: what follows the prefix, not empty; words are separated by dots.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"/{self.kind}/{self.name}"


def _split(text: str) -> Address:
    """The kind and the name in *text*, with no look at the name but that there is one."""
    slash, _, rest = text.partition("/")
    prefix, _, name = rest.partition("/")
    if slash or prefix not in _PREFIXES or not name:
        raise Refused(
            f"unknown destination {text!r}",
            f"Write /queue/NAME or /topic/NAME; for a reply queue of this connection /temp-queue/NAME. "
            f"The known prefixes are {', '.join(f'/{kind}/' for kind in Kind)}.",
        )
    return Address(Kind(prefix), name)


def parse_address(text: str) -> Address:
    """The one destination that *text* names, to send to.

    Unlike ActiveMQ Classic, which silently makes a queue of any text, an unknown prefix is refused.

    Args:
        text: the ``destination`` header as received.

    Returns:
        Its kind and name.

    Raises:
        Refused: no known prefix, no name, a comma (composite destinations are not served) or a wildcard.

    Source: "STOMP on three brokers", row "destinations", of the project's reference tables; the refusal is a house
    choice, ADR 10.
    """
    address = parse_subscribable(text)
    if _WILDCARDS.intersection(address.name.split(".")):
        raise Refused(f"cannot send to the pattern {text!r}", "Name one destination; * and > are for SUBSCRIBE.")
    return address


def parse_subscribable(text: str) -> Address:
    """The destination that *text* names, to subscribe to: a topic's name may have wildcards.

    Args:
        text: the ``destination`` header as received.

    Returns:
        Its kind and name.

    Raises:
        Refused: no known prefix, no name, a comma, or a wildcard in the name of a queue.
    """
    address = _split(text)
    if "," in address.name:
        raise Refused(f"composite destination {text!r} is not served", "Send one frame to each destination.")
    wild = _WILDCARDS.intersection(address.name.split("."))
    if wild and address.kind is not Kind.TOPIC:
        raise Refused(f"no wildcards in the name of a queue: {text!r}", "Subscribe to each queue, or use a topic.")
    return address


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """A topic name whose words may be ``*``, any one word, and whose last may be ``>``, one or more words.

    Source: "STOMP on three brokers", row "word separator / wildcards", of the project's reference tables.
    """

    text: str

    def matches(self, name: str) -> bool:
        """True if the topic *name* fits the pattern."""
        if name == self.text:
            return True
        wanted, words = self.text.split("."), name.split(".")
        if wanted[-1] == _ANY_REST:
            wanted.pop()
            if len(words) <= len(wanted):
                return False
            words = words[: len(wanted)]
        return len(wanted) == len(words) and all(
            want in {_ANY_WORD, word} for want, word in zip(wanted, words, strict=True)
        )


def virtual_topic_of(address: Address) -> str | None:
    """The name of the virtual topic that feeds the queue *address*, None if none does.

    ``/queue/Consumer.APP.VirtualTopic.X`` gets every message sent to ``/topic/VirtualTopic.X``.

    Source: "STOMP on three brokers", row "several consumers on one subscription", of the project's reference tables.
    """
    if address.kind is not Kind.QUEUE or not address.name.startswith("Consumer."):
        return None
    _, _, topic = address.name.removeprefix("Consumer.").partition(".")
    return topic if topic.startswith("VirtualTopic.") else None
