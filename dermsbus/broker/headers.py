"""What the headers of client frames mean; each reader refuses what it cannot read, and says what to write."""

from __future__ import annotations

from dermsbus.broker.frames import Frame, Version
from dermsbus.broker.queues import AckMode
from dermsbus.broker.refusals import ProtocolError, Refused
from dermsbus.broker.selector import Selector, parse_selector

__all__ = ["NOT_PASSED_ON", "ack_mode", "heart_beat", "highest_common", "prefetch", "required", "selector"]

NOT_PASSED_ON = frozenset(
    {
        "JMSXUserID",
        "ack",
        "content-length",
        "destination",
        "message-id",
        "receipt",
        "redelivered",
        "subscription",
        "transaction",
    }
)
"""Headers of SEND that are for the broker alone, or the broker's own to say to the receiver."""


def required(frame: Frame, name: str) -> str:
    """The value of the header *name*, not empty.

    Raises:
        Refused: it is missing or empty.
    """
    value = frame.headers.get(name)
    if not value:
        raise Refused(f"{frame.command} without the header {name}")
    return value


def highest_common(accept_version: str) -> Version:
    """The highest version that both sides speak.

    Raises:
        ProtocolError: there is none.
    """
    offered = {version.strip() for version in accept_version.split(",")}
    common = [version for version in Version if version in offered]
    if not common:
        raise ProtocolError(
            f"no common protocol version in accept-version {accept_version[:80]!r}",
            f"This broker speaks {', '.join(Version)}.",
        )
    return common[-1]


def heart_beat(text: str) -> tuple[int, int]:
    """Milliseconds that a peer can send at and wants to receive at, each 0 for never.

    Raises:
        ProtocolError: not two numbers.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() and len(part) <= 9 for part in parts):
        raise ProtocolError(
            f"heart-beat {text[:40]!r} is not two numbers of milliseconds", "For example heart-beat:10000,10000."
        )
    return int(parts[0]), int(parts[1])


def ack_mode(frame: Frame) -> AckMode:
    """How deliveries are acknowledged; ``auto`` if nothing is said.

    Raises:
        Refused: no such mode.
    """
    text = frame.headers.get("ack", AckMode.AUTO)
    try:
        return AckMode(text)
    except ValueError as error:
        raise Refused(f"unknown ack mode {text[:40]!r}", f"Use one of {', '.join(AckMode)}.") from error


def prefetch(frame: Frame) -> int | None:
    """Most deliveries in flight, 1 or more; None if nothing is said.

    Raises:
        Refused: not a number above 0, as on ActiveMQ Classic.
    """
    text = frame.headers.get("activemq.prefetchSize")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0):
        raise Refused(f"activemq.prefetchSize {text[:40]!r} is not a number above 0")
    return int(text)


def selector(frame: Frame) -> Selector | None:
    """Which messages are wanted; None for all.

    Raises:
        SelectorError: it cannot be read.
    """
    text = frame.headers.get("selector", "").strip()
    return parse_selector(text) if text else None
