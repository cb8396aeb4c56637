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

from dermsbus.client.answer import Answer, AnswerPart, Correlation, is_partial_chunk
from dermsbus.errors import DermsbusError

__all__ = ["Call", "CallBoard", "Counters", "Match"]

_FINISHED_REMEMBERED: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Counters:
    """What happened to replies since the client was made.

    Attributes:
        answered: calls that got their answer.
        duplicates: replies to a call that had its answer; the first counts.
        late: replies to a call that had been given up.
        unmatched: replies that belong to no call known here.
        mended: replies that matched by the transport's id though their body named another request.
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
        message_id: ``Header/MessageID`` of the request, None if it has none.
        correlation_id: ``Header/CorrelationID`` of the request, None if it has none.
    """

    transport_id: str
    message_id: str | None
    correlation_id: str | None
    parts: list[AnswerPart] = field(default_factory=list)
    correlated_by: Correlation = Correlation.TRANSPORT
    outcome: Answer | DermsbusError | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def matches(self, body_id: str | None) -> Correlation | None:
        """How the CorrelationID of a reply's body points at this call; None if it does not."""
        if body_id is None:
            return None
        if body_id == self.correlation_id:
            return Correlation.CORRELATION_ID
        return Correlation.MESSAGE_ID if body_id == self.message_id else None


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

    def open(self, message_id: str | None, correlation_id: str | None) -> Call:
        """A new call; its transport id is the request's CorrelationID or MessageID, where no open call has it."""
        with self._lock:
            wish = correlation_id or message_id
            transport_id = wish if wish and wish not in self._open else str(uuid4())
            call = Call(transport_id=transport_id, message_id=message_id, correlation_id=correlation_id)
            self._open[transport_id] = call
            return call

    def close(self, call: Call) -> None:
        """Forget *call* but for its ids. Idempotent."""
        with self._lock:
            if self._open.pop(call.transport_id, None) is None:
                return
            for each in {call.transport_id, call.message_id, call.correlation_id} - {None}:
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

    def add(self, match: Match, part: AnswerPart) -> None:
        """Take in a reply; the call is done unless more parts follow. A part that came before is passed over."""
        call = match.call
        with self._lock:
            if call.done.is_set() or part.body in (known.body for known in call.parts):
                self._count(duplicates=1)
                return
            call.parts.append(part)
            call.correlated_by = match.by
            self._count(mended=1 if match.body_differs else 0)
            if is_partial_chunk(part):
                return
            call.outcome = Answer.of(call.parts, match.by, call.message_id or "")
            self._count(answered=1)
            call.done.set()

    def fail(self, call: Call, error: DermsbusError) -> None:
        """End *call* with *error*, unless it has its answer."""
        with self._lock:
            if not call.done.is_set():
                call.outcome = error
                call.done.set()

    def fail_all(self, reason: DermsbusError) -> None:
        """End every open call with *reason*."""
        with self._lock:
            calls = list(self._open.values())
        for call in calls:
            self.fail(call, reason)

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
