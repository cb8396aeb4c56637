"""What the tests of replies have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from dermsbus.messages.answers import entry
from dermsbus.messages.envelope import Envelope, Property, Reply, Result

__all__ = ["MORE", "numbered", "until"]

MORE: Final = Reply(result=Result.PARTIAL, errors=(entry("0.1"),))
"""Of a message that others of the same answer follow."""


def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait for what another thread is about to do; there is no event to wait for."""
    pause = threading.Event()
    for _ in range(int(within_s / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come about")


def numbered(message: Envelope, number: object) -> Envelope:
    """*message* as one of several of the same answer."""
    assert message.header is not None
    told = (Property(name="dermsbus.sequence", value=str(number)),)
    return replace(message, header=replace(message.header, properties=told))
