"""Names that go on the wire: what a destination, a reply destination and a property may be called.

A reply destination comes out of a stranger's message. Whatever is not one of the known spellings, or could address
more than one queue, is refused here, before any broker's own reading of it.

Source: reply-to spellings and destination grammar of the project's reference tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dermsbus.errors import PublishRejected, SettingsError
from dermsbus.transports.base import Outgoing, Queue, Topic

__all__ = [
    "LONGEST_NAME",
    "ReplyAddress",
    "ReplyForm",
    "check_no_selector",
    "check_publishable",
    "check_selector",
    "check_subscribable",
    "is_property_name",
    "parse_reply_to",
    "topic_matches",
    "wire_properties",
]

LONGEST_NAME: Final = 255
"""Characters of a destination; AMQP's short strings end there."""

_FORBIDDEN: Final = frozenset(",*>#?\"'<\\")
"""Composite (comma) and wildcard destinations reach several queues; the rest is no part of any broker's names."""

_QUOTED: Final = re.compile(r"'(?:[^']|'')*'")
_HYPHENATED: Final = re.compile(r"[A-Za-z_$][\w$]*-", re.ASCII)

_PROPERTY_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z", re.ASCII)


class ReplyForm(StrEnum):
    """How a reply destination is spelled; the values are its prefixes on the wire."""

    QUEUE = "/queue/"
    TOPIC = "/topic/"
    TEMP_QUEUE = "/temp-queue/"
    TEMP_TOPIC = "/temp-topic/"
    REMOTE_TEMP_QUEUE = "/remote-temp-queue/"
    REMOTE_TEMP_TOPIC = "/remote-temp-topic/"
    REPLY_QUEUE = "/reply-queue/"
    QUEUE_URI = "queue://"
    TOPIC_URI = "topic://"
    TEMP_QUEUE_URI = "temp-queue://"
    TEMP_TOPIC_URI = "temp-topic://"
    PLAIN = ""


_PREFIXED: Final = tuple(form for form in ReplyForm if form.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyAddress:
    """A reply destination taken apart.

    Attributes:
        form: which spelling it has.
        name: what follows the prefix; printable, without spaces, not empty.
    """

    form: ReplyForm
    name: str


def parse_reply_to(text: str) -> ReplyAddress:
    """The parts of a reply destination, whichever client and broker spelled it.

    Args:
        text: as received, such as ``/remote-temp-queue/ID:host-1:2:1`` or ``queue://dms1``.

    Raises:
        PublishRejected: none of the known spellings, or not one single destination; the text is not repeated in full.
    """
    shown = ascii(text[:60])
    form = next((each for each in _PREFIXED if text.startswith(each.value)), ReplyForm.PLAIN)
    name = text[len(form.value) :]
    fault = _fault_of(name)
    if len(text) > LONGEST_NAME:
        fault = f"longer than {LONGEST_NAME} characters"
    elif form is ReplyForm.PLAIN and not fault and (name.startswith("/") or "://" in name):
        fault = "not one of the known spellings"
    if fault:
        raise PublishRejected(f"reply destination {shown} refused: {fault}")
    return ReplyAddress(form=form, name=name)


def check_publishable(destination: Queue | Topic) -> None:
    """Return if *destination* names exactly one queue or topic.

    Raises:
        PublishRejected: it does not; says why.
    """
    fault = _fault_of(destination.name)
    if fault:
        raise PublishRejected(f"destination {destination.name[:60]!a} refused: {fault}")


def check_subscribable(destination: Queue | Topic) -> None:
    """Return if *destination* can be subscribed to: a queue, a topic, or a pattern of topics.

    Raises:
        SettingsError: it cannot; says why.
    """
    name = destination.name
    if isinstance(destination, Topic):
        words = name.split(".")
        if words[-1] == ">":
            words.pop()
        name = ".".join("any" if word == "*" else word for word in words) or "all"
    fault = _fault_of(name)
    if fault:
        raise SettingsError("destination", f"{destination.name[:60]!a} cannot be subscribed to: {fault}")


def check_selector(selector: str | None) -> None:
    """Return if *selector* can be sent to a broker that has selectors.

    Raises:
        SettingsError: it names a property with a hyphen, which no broker finds; or it is empty or breaks a line.

    Source: selector rows of the project's reference tables.
    """
    if selector is None:
        return
    if not selector.strip() or not selector.isprintable():
        raise SettingsError(
            "selector", f"{selector[:60]!a} is not a condition of one line: CIM_Noun = 'DERGroups' is one"
        )
    if _HYPHENATED.search(_QUOTED.sub("''", selector)):
        raise SettingsError(
            "selector",
            f"{selector[:60]!a} names a property with a hyphen, which brokers take for a subtraction and never match:"
            " choose by CIM_… properties",
        )


def check_no_selector(selector: str | None, bus: str) -> None:
    """Return if there is no *selector*, as *bus* would pass it over and deliver everything.

    Raises:
        SettingsError: there is one.
    """
    if selector is not None:
        raise SettingsError(
            "selector",
            f"{selector[:60]!a} refused: {bus} has no selectors, and would deliver everything: subscribe to a topic of"
            " your own instead",
        )


def is_property_name(name: str) -> bool:
    """True if *name* can be an application property everywhere: a Java identifier that JMS has not reserved."""
    return bool(_PROPERTY_NAME.match(name)) and not name.startswith("JMS") and len(name) <= LONGEST_NAME


def topic_matches(pattern: str, name: str) -> bool:
    """True if the topic *name* is one of those that *pattern* means.

    Args:
        pattern: words separated by dots; ``*`` is any one word, a last ``>`` all that follow, also none.
        name: a concrete topic.

    Source: wildcard row of the project's STOMP matrix.
    """
    wanted, words = pattern.split("."), name.split(".")
    if wanted[-1] == ">":
        wanted.pop()
        words = words[: len(wanted)]
    return len(wanted) == len(words) and all(want in {"*", word} for want, word in zip(wanted, words, strict=True))


def wire_properties(message: Outgoing) -> dict[str, str]:
    """The application properties of *message*: its own, and its identity and source where they are not among them.

    Raises:
        PublishRejected: a name that is not a property name everywhere.

    Source: header mapping of the project's reference tables.
    """
    for name in message.properties:
        if not is_property_name(name):
            raise PublishRejected(f"{name[:60]!a} cannot be the name of a property: letters, digits, _ and $ only")
    implied = {"CIM_MessageID": message.message_id}
    if message.source is not None:
        implied["CIM_Source"] = message.source
    return {**implied, **message.properties}


def _fault_of(name: str) -> str:
    """Why *name* is no single destination; empty if it is one."""
    if not name:
        return "the name is empty"
    if len(name) > LONGEST_NAME:
        return f"longer than {LONGEST_NAME} characters"
    if not name.isprintable() or " " in name:
        return "it has spaces or characters that cannot be printed"
    if any(character in _FORBIDDEN for character in name):
        return "it could mean several destinations, or has characters that no broker's names have"
    return ""
