"""The calls that wait for a reply, and how a reply finds its call.

Three ids can tie them together, and real peers get each of them wrong: the transport's correlation id is asked first,
then the body's CorrelationID against the request's CorrelationID, then against its MessageID. A reply's own MessageID
says nothing: some peers repeat it.

Source: conformance cases C03 to C14, H1 and H2 of the project's reference tables.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

from dermsbus.client.answer import Answer, AnswerPart, Asked, Correlation, are_whole
from dermsbus.errors import DermsbusError
from dermsbus.messages.envelope import Repair

__all__ = ["Call", "CallBoard", "Counters", "Match"]

_FINISHED_REMEMBERED: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Counters:
    """What happened to replies since the client was made.

    Attributes:
        answered: calls that got their answer.
        duplicates: replies to a call that had its answer, or this part of it; the first counts.
        late: replies to a call that had been given up.
        unmatched: replies that belong to no call known here.
        mended: replies of which something was mended on reading, or whose body named another request than the
            transport's id, which was believed; what, `Answer.repairs` says.
    """

    answered: int = 0
    duplicates: int = 0
    late: int = 0
    unmatched: int = 0
    mended: int = 0


@dataclass(eq=False, kw_only=True, slots=True)
class Call:
    """One request on its way.

    Attributes:
        transport_id: the transport correlation id, unique among the open calls.
        asked: what is asked.
        parts: the replies that came, each once.
        correlated_by: how the last of them was found to be for it.
        outcome: what came of it; None as long as it waits.
        done: set with the outcome.
    """

    transport_id: str
    asked: Asked
    parts: list[AnswerPart] = field(default_factory=list)
    correlated_by: Correlation = Correlation.TRANSPORT
    outcome: Answer | DermsbusError | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def matches(self, body_id: str | None) -> Correlation | None:
        """How the CorrelationID of a reply's body points at this call; None if it does not."""
        if body_id is None:
            return None
        if body_id == self.asked.correlation_id:
            return Correlation.CORRELATION_ID
        return Correlation.MESSAGE_ID if body_id == self.asked.message_id else None

    def take(self, part: AnswerPart, by: Correlation) -> bool:
        """Take in a reply; the call is done as soon as its answer is whole.

        Returns:
            False if it has its answer, or this part of it, already: the first counts.
        """
        if self.done.is_set() or any(_is_same(part, known) for known in self.parts):
            return False
        self.parts.append(part)
        self.correlated_by = by
        if are_whole(self.parts):
            self.outcome = Answer.of(self.parts, by, self.asked)
            self.done.set()
        return True

    def fail(self, error: DermsbusError) -> None:
        """End it with *error*, unless it has its answer."""
        if not self.done.is_set():
            self.outcome = error
            self.done.set()


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A call, how a reply was found to be for it, and whether the reply's body named another request."""

    call: Call
    by: Correlation
    body_differs: bool = False


class CallBoard:
    """The open calls, and the finished ones that are remembered to tell late replies from strange ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Call] = {}
        self._finished: OrderedDict[str, bool] = OrderedDict()
        self._counters = Counters()

    @property
    def counters(self) -> Counters:
        """What was counted up to now."""
        with self._lock:
            return self._counters

    def open(self, asked: Asked) -> Call:
        """A new call; its transport id is the request's CorrelationID or MessageID, where no open call has it."""
        with self._lock:
            wish = asked.correlation_id or asked.message_id
            transport_id = wish if wish and wish not in self._open else str(uuid4())
            call = Call(transport_id=transport_id, asked=asked)
            self._open[transport_id] = call
            return call

    def close(self, call: Call) -> None:
        """Forget *call* but for its ids. Idempotent."""
        with self._lock:
            if self._open.pop(call.transport_id, None) is None:
                return
            for each in {call.transport_id, call.asked.message_id, call.asked.correlation_id} - {None}:
                self._finished[str(each)] = call.done.is_set()
                self._finished.move_to_end(str(each))
            while len(self._finished) > _FINISHED_REMEMBERED:
                self._finished.popitem(last=False)

    def find(self, transport_id: str | None, body_id: str | None) -> Match | None:
        """The open call that a reply with these ids is for, the oldest if there are several; None if there is none."""
        with self._lock:
            call = self._open.get(transport_id) if transport_id is not None else None
            if call is not None and not call.done.is_set():
                body_differs = body_id is not None and call.matches(body_id) is None
                return Match(call=call, by=Correlation.TRANSPORT, body_differs=body_differs)
            for call in self._open.values():
                by = call.matches(body_id)
                if by is not None and not call.done.is_set():
                    return Match(call=call, by=by)
            return None

    def add(self, match: Match, part: AnswerPart) -> tuple[Repair, ...] | None:
        """Take in a reply; the call is done unless more parts follow.

        Returns:
            What was mended of it; None if the call has its answer, or this part of it, already: the first counts.
        """
        if match.body_differs:
            part = _with_other_id_read(part, match.call)
        with self._lock:
            if not match.call.take(part, match.by):
                self._count(duplicates=1)
                return None
            repairs = part.envelope.repairs
            self._count(mended=1 if repairs else 0, answered=1 if match.call.done.is_set() else 0)
            return repairs

    def fail(self, call: Call, error: DermsbusError) -> None:
        """End *call* with *error*, unless it has its answer."""
        with self._lock:
            call.fail(error)

    def fail_all(self, reason: DermsbusError) -> None:
        """End every open call with *reason*."""
        with self._lock:
            for call in self._open.values():
                call.fail(reason)

    def count_stray(self, transport_id: str | None, body_id: str | None) -> str:
        """Count a reply that no open call waits for.

        Returns:
            ``duplicate``, ``late`` or ``unmatched``.
        """
        with self._lock:
            ids = [each for each in (transport_id, body_id) if each is not None]
            calls = [self._open.get(each) for each in ids]
            known = [self._finished[each] for each in ids if each in self._finished]
            if any(known) or any(call is not None and call.done.is_set() for call in calls):
                self._count(duplicates=1)
                return "duplicate"
            if known:
                self._count(late=1)
                return "late"
            self._count(unmatched=1)
            return "unmatched"

    def _count(self, **more: int) -> None:
        counts = {name: getattr(self._counters, name) + number for name, number in more.items()}
        self._counters = replace(self._counters, **counts)


def _is_same(part: AnswerPart, known: AnswerPart) -> bool:
    return part.body == known.body or (part.sequence is not None and part.sequence == known.sequence)


def _with_other_id_read(part: AnswerPart, call: Call) -> AnswerPart:
    """*part*, marked as mended: it names another request than the transport says."""
    header = part.envelope.header
    given = (header.correlation_id if header else None) or ""
    details = f"read CorrelationID {given[:64]!r} as the request's: the transport's id is {call.transport_id!r}"
    repair = Repair(name="reply-correlation", details=details)
    return replace(part, envelope=replace(part.envelope, repairs=(*part.envelope.repairs, repair)))
