"""What came back on a request: result, errors and payload together, whatever the result is.

Source: "meaning of Result" and conformance cases C07 to C13, H3 and H4 of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.quantities import GroupForecast, GroupStatus
from dermsbus.errors import (
    DispatchNotFound,
    GroupAmbiguous,
    GroupNotFound,
    IncompleteRequest,
    MemberNotFound,
    MessageError,
    NotAttempted,
    ObjectID,
    RequestError,
    RequestTimedOut,
    RolledBack,
    RuleViolation,
)
from dermsbus.messages.answers import entry
from dermsbus.messages.chunks import SEQUENCE
from dermsbus.messages.envelope import (
    Archetype,
    Content,
    DERGroupDispatches,
    DERGroupForecasts,
    DERGroups,
    DERGroupStatuses,
    DERNamePlate,
    DispatchOrder,
    Envelope,
    ErrorEntry,
    RejectedObject,
    Repair,
    Reply,
    Result,
)
from dermsbus.messages.options import CURSOR
from dermsbus.reply_codes import category_of, reason_of

__all__ = ["Answer", "AnswerPart", "AnswerTimedOut", "Asked", "Correlation", "UnreadableAnswer", "are_whole"]

_MORE_FOLLOWS: Final = "0.1"
_NOTHING_FOLLOWS: Final = "0.2"
_RECEIVED: Final = "0.3"
_FAILED_WITHOUT_ERROR: Final = "5.3"
_LONGEST_NUMBER: Final = 9
_KINDS: Final = MappingProxyType(
    {
        "4.1": RequestTimedOut,
        "5.2": NotAttempted,
        "5.8": IncompleteRequest,
        "5.9": RolledBack,
        "6.1": RuleViolation,
        "99.1": GroupNotFound,
    }
)


class Correlation(StrEnum):
    """How a reply was found to belong to its request, from the surest to the least sure."""

    TRANSPORT = "transport correlation id"
    CORRELATION_ID = "CorrelationID"
    MESSAGE_ID = "MessageID"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is known of a request when its answer comes; nothing, where another process has sent it.

    Attributes:
        message_id: its ``Header/MessageID``, None if it has none.
        correlation_id: its ``Header/CorrelationID``, None if it has none.
        request: the request itself, None if it was no message.
    """

    message_id: str | None = None
    correlation_id: str | None = None
    request: Envelope | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPart:
    """One reply message.

    Attributes:
        envelope: as decoded.
        body: as received.
    """

    envelope: Envelope
    body: bytes

    @property
    def reply(self) -> Reply:
        """Its Reply; a message without one is FAILED, for its sender did not say that it succeeded."""
        return self.envelope.reply or Reply(result=Result.FAILED)

    @property
    def is_last(self) -> bool:
        """False if it says that more replies to the same request follow: PARTIAL with an Error 0.1. A fault is last."""
        reply = self.reply
        more = reply.result is Result.PARTIAL and any(error.code == _MORE_FOLLOWS for error in reply.errors)
        return not more or self.envelope.archetype is Archetype.FAULT

    @property
    def sequence(self) -> int | None:
        """Which of several replies it is, as its sender numbered them; None where it says no number."""
        text = (self.header_property(SEQUENCE) or "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None

    def header_property(self, name: str) -> str | None:
        """The value of the first ``Header/Property`` of this name; None if there is none."""
        header = self.envelope.header
        return next((each.value for each in header.properties if each.name == name), None) if header else None


def are_whole(parts: Sequence[AnswerPart]) -> bool:
    """True if the last of *parts* is there and, where all of them are numbered from 1 on, none before it is missing."""
    last = next((part for part in parts if part.is_last), None)
    if last is None:
        return False
    numbers = [part.sequence for part in parts]
    if last.sequence is None or None in numbers:
        return True
    return sum(1 for number in numbers if number and number < last.sequence) >= last.sequence - 1


def _in_order(parts: Iterable[AnswerPart]) -> tuple[AnswerPart, ...]:
    """*parts* by their numbers, if each has one of its own; else as they came."""
    came = tuple(parts)
    numbers = {part.sequence: part for part in came}
    if None in numbers or len(numbers) < len(came):
        return came
    return tuple(sorted(came, key=lambda part: part.sequence or 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The outcome of one request.

    Attributes:
        result: OK, PARTIAL or FAILED; success is decided by it alone.
        errors: all Errors of all parts, as sent; a FAILED without any has one 5.3 of our own.
        parts: the reply messages, several where the responder split its answer: in the order of its numbers
            (`AnswerPart.sequence`) if it numbered them, else of their arrival.
        correlated_by: how the one that came last was matched.
        asked: what it is the answer to.
    """

    result: Result
    errors: tuple[ErrorEntry, ...]
    parts: tuple[AnswerPart, ...]
    correlated_by: Correlation
    asked: Asked = Asked()

    @classmethod
    def of(cls, parts: Iterable[AnswerPart], correlated_by: Correlation, asked: Asked) -> Self:
        """The answer that complete *parts* make; the last one decides the result. A fault is always FAILED."""
        parts = _in_order(parts)
        last = next(part for part in parts if part.is_last)
        result = Result.FAILED if last.envelope.archetype is Archetype.FAULT else last.reply.result
        errors = tuple(_told(parts))
        if result is Result.FAILED and all(_is_notice(error.code) for error in errors):
            errors += (entry(_FAILED_WITHOUT_ERROR, "the reply says FAILED, and no Error in it says why"),)
        return cls(result=result, errors=errors, parts=parts, correlated_by=correlated_by, asked=asked)

    @classmethod
    def cut_short(cls, parts: Iterable[AnswerPart], correlated_by: Correlation, asked: Asked) -> Self:
        """What arrived of an answer before the time was over: FAILED with an Error 4.1, and what came."""
        parts = _in_order(parts)
        errors = (*_told(parts), entry("4.1", f"{len(parts)} replies came, and not all that the answer consists of"))
        return cls(result=Result.FAILED, errors=errors, parts=parts, correlated_by=correlated_by, asked=asked)

    @property
    def ok(self) -> bool:
        """True if everything that was asked for is done, or is received if this is a receipt."""
        return self.result is Result.OK

    @property
    def is_receipt(self) -> bool:
        """True if it only says that the request was received (OK with 0.3): the answer comes later, elsewhere."""
        return self.ok and any(error.code == _RECEIVED for error in self.errors)

    @property
    def message_id(self) -> str:
        """``Header/MessageID`` of the request; empty if it had none."""
        return self.asked.message_id or ""

    @property
    def correlation_id(self) -> str:
        """What every answer to the request is known by: its CorrelationID, else its MessageID; empty if it had none."""
        return self.asked.correlation_id or self.message_id

    @property
    def cursor(self) -> str | None:
        """Where the responder goes on if it is asked for more than it told here; None if this is all."""
        told = (part.header_property(CURSOR) for part in reversed(self.parts))
        return next(filter(None, told), None)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was mended of all parts, so that they could be read and matched."""
        return tuple(repair for part in self.parts for repair in part.envelope.repairs)

    @property
    def envelope(self) -> Envelope:
        """The last reply message."""
        return self.parts[-1].envelope

    @property
    def body(self) -> bytes:
        """The last reply message as received."""
        return self.parts[-1].body

    @property
    def groups(self) -> tuple[EndDeviceGroup, ...]:
        """The groups in the payloads of all parts, in order; also of a FAILED or PARTIAL answer."""
        return tuple(group for each in self._contents() if isinstance(each, DERGroups) for group in each.groups)

    @property
    def statuses(self) -> tuple[GroupStatus, ...]:
        """The statuses in the payloads of all parts, in order; what cannot be understood of them is left out."""
        contents = [each for each in self._contents() if isinstance(each, DERGroupStatuses)]
        return tuple(status for each in contents for status in each.statuses if isinstance(status, GroupStatus))

    @property
    def forecasts(self) -> tuple[GroupForecast, ...]:
        """The forecasts in the payloads of all parts, in order; what cannot be understood of them is left out."""
        contents = [each for each in self._contents() if isinstance(each, DERGroupForecasts)]
        return tuple(told for each in contents for told in each.forecasts if isinstance(told, GroupForecast))

    @property
    def dispatches(self) -> tuple[DispatchOrder, ...]:
        """The dispatches in the payloads of all parts, in order; what cannot be understood of them is left out."""
        contents = [each for each in self._contents() if isinstance(each, DERGroupDispatches)]
        return tuple(order for each in contents for order in each.orders if isinstance(order, DispatchOrder))

    @property
    def ids(self) -> tuple[ObjectID, ...]:
        """The ids in the Replies of all parts."""
        return tuple(object_id for part in self.parts for object_id in part.reply.ids)

    @property
    def name_plates(self) -> tuple[DERNamePlate, ...]:
        """The name plates in the Replies of all parts, in order; empty where none were asked for or none are told."""
        return tuple(plate for part in self.parts for plate in part.reply.name_plates)

    @property
    def failures(self) -> tuple[RequestError, ...]:
        """What failed, as errors that can be raised: one for each Error outside category 0."""
        return tuple(_as_error(error) for error in self.errors if not _is_notice(error.code))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done otherwise than asked: the details of the Errors that tell of no failure."""
        return tuple(error.details for error in self.errors if _is_notice(error.code) and error.details)

    def _contents(self) -> Iterator[Content]:
        for part in self.parts:
            payload = part.envelope.payload
            if payload and payload.content:
                yield payload.content
            for operation in payload.operation_set.operations if payload and payload.operation_set else ():
                if operation.content is not None and not isinstance(operation.content, RejectedObject):
                    yield operation.content

    def raise_for_result(self, *, partial_is_ok: bool = False) -> Self:
        """This answer, if the request succeeded.

        Args:
            partial_is_ok: PARTIAL will do too.

        Raises:
            RequestError: FAILED or PARTIAL: the subclass that goes with the first failure's code, the other failures as
                notes.
        """
        if self.ok or (partial_is_ok and self.result is Result.PARTIAL):
            return self
        first, *others = self.failures or (
            RequestError("the reply says PARTIAL, and no Error in it says what failed", code=_NOTHING_FOLLOWS),
        )
        for other in others:
            first.add_note(f"also {other.code} {other.reason}: {other.details}")
        raise first


class AnswerTimedOut(RequestTimedOut):
    """No reply, or not the last of several, came in time; the request may or may not have been carried out.

    Attributes:
        partial: what came in time (FAILED, with an Error 4.1), None if nothing did.
    """

    def __init__(self, details: str, *, partial: Answer | None = None) -> None:
        super().__init__(details)
        self.partial = partial


class UnreadableAnswer(MessageError):
    """A reply that belongs to the request and cannot be read: whether the request was carried out is not known.

    Attributes:
        body: the reply as received.
    """

    def __init__(self, cause: MessageError, body: bytes) -> None:
        super().__init__(*cause.violations, code=cause.code)
        self.body = body


def _told(parts: tuple[AnswerPart, ...]) -> Iterator[ErrorEntry]:
    """The Errors of *parts*, but for the 0.1 that only announce the next part."""
    for number, part in enumerate(parts, start=1):
        for error in part.reply.errors:
            if error.code != _MORE_FOLLOWS or part.is_last or number == len(parts):
                yield error


def _is_notice(code: str) -> bool:
    return category_of(code) == 0


def _as_error(error: ErrorEntry) -> RequestError:
    details = error.details or error.reason or reason_of(error.code) or f"the responder gives code {error.code} only"
    return _kind(error)(
        details,
        code=error.code,
        object_id=error.object_id,
        related_id=error.related_id,
        operation_id=error.operation_id,
    )


def _kind(error: ErrorEntry) -> type[RequestError]:
    of_type = error.object_id.object_type if error.object_id else None
    if error.code == "2.29":
        return MemberNotFound if of_type == "EndDevice" else GroupAmbiguous
    if error.code == "2.15" and of_type == "DERGroupDispatch":
        return DispatchNotFound
    return _KINDS.get(error.code, RequestError)
