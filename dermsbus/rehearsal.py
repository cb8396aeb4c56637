"""What would come of a message: served by a DERMS's own service on a draft that is dropped.

Nothing is committed, sent or commanded; every message is judged against the same state, as if none had come before it.

Source: house choice, ADR 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dermsbus.domain.ledger import Ledger
from dermsbus.errors import MessageError
from dermsbus.messages.answers import entries_of_message_error
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Archetype, Envelope, ErrorEntry, Refusal, Reply, Result
from dermsbus.service import Received, Served, Service
from dermsbus.store.base import OutboxEntry
from dermsbus.transports.base import Delivery

__all__ = ["Rehearsal", "Verdict"]

_NO_REFUSALS: Final = frozenset({"0.0", "0.1", "0.2", "0.3"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a DERMS would do with a message.

    Attributes:
        decoded: the message, or why it could not be read.
        refusal: why it is refused as a whole; None if it is not, though objects in it may be.
        answer: how its sender would be told: a response or a fault; None if not at all.
        result: of the answer; None if there is none.
        errors: of all answers; of an event that nobody is told of, what it would be put aside with.
        fault: a fault of dermsbus that it runs into; empty if none.
    """

    decoded: Envelope | Refusal
    refusal: MessageError | None = None
    answer: Archetype | None = None
    result: Result | None = None
    errors: tuple[ErrorEntry, ...] = ()
    fault: str = ""

    @property
    def is_accepted(self) -> bool:
        """True if all that it asks for would be done."""
        if self.fault or self.refusal is not None:
            return False
        return not self.errors if self.result is None else self.result is Result.OK

    @property
    def codes(self) -> tuple[str, ...]:
        """The reply codes in the order of the errors, without those that refuse nothing."""
        return tuple(each.code for each in self.errors if each.code not in _NO_REFUSALS)


class Rehearsal:
    """Judges messages as the system that *service* is part of would.

    Args:
        service: of that system; its store is read alone.
        ledger: of that system; it stays as it is.
        codec: reads the answers.
        now: tells the time, aware.
    """

    def __init__(self, *, service: Service, ledger: Ledger, codec: Codec, now: Callable[[], datetime]) -> None:
        self._service = service
        self._ledger = ledger
        self._codec = codec
        self._now = now

    def serve(self, delivery: Delivery) -> tuple[Received, Served]:
        """What the service makes of *delivery*, of which nothing happens."""
        received = self._service.read(delivery)
        return received, self._service.serve(received, self._ledger.draft(self._now()))

    def judge(self, delivery: Delivery) -> Verdict:
        """What would come of *delivery*."""
        received, served = self.serve(delivery)
        answers = [entry for entry in served.outbox if entry.is_reply]
        if served.refusal is not None:
            told = Archetype.FAULT if received.decoded.outline is None else Archetype.RESPONSE
            return Verdict(
                decoded=received.decoded,
                refusal=served.refusal,
                answer=told if answers else None,
                result=Result.FAILED if answers else None,
                errors=entries_of_message_error(served.refusal),
            )
        replies = [reply for entry in answers if (reply := self._reply(entry)) is not None]
        errors = tuple(error for reply in replies for error in reply.errors)
        return Verdict(
            decoded=received.decoded,
            answer=Archetype.RESPONSE if replies else None,
            result=replies[0].result if replies else None,
            errors=errors or _put_aside_with(served),
            fault=served.fault,
        )

    def _reply(self, entry: OutboxEntry) -> Reply | None:
        decoded = self._codec.decode(entry.message.body)
        return decoded.reply if isinstance(decoded, Envelope) else None


def _put_aside_with(served: Served) -> tuple[ErrorEntry, ...]:
    facts = [entry.message.properties for entry in served.outbox if entry.message.kind == "invalid"]
    return tuple(ErrorEntry(code=each["CIM_Code"], details=each.get("CIM_Reason")) for each in facts)
