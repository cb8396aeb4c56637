"""Answers as they go out: in one message, or in several where one would be larger than brokers and peers take.

::

    PARTIAL 0.1   objects 1 … 700      dermsbus.sequence 1
    PARTIAL 0.1   objects 701 … 1400   dermsbus.sequence 2
    OK            objects 1401 … 1500  dermsbus.sequence 3

Each of them is a valid answer with a MessageID of its own and the same CorrelationID. An object is never cut. What the
answer would have said as one message (its Result, its Errors, its ids), its last message says.

Source: paging and error-code rows of the project's reference tables; sizes and what is put where: house choice, ADR 28.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from dermsbus.domain.dispatch_rules import dispatch_id
from dermsbus.domain.identity import group_id, quoted
from dermsbus.domain.quantities import GroupForecast, GroupStatus
from dermsbus.errors import ObjectID, UnsupportedMessage, Violation
from dermsbus.messages.answers import entry
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    Content,
    DERGroupDispatches,
    DERGroupForecasts,
    DERGroups,
    DERGroupStatuses,
    DispatchOrder,
    Envelope,
    Payload,
    Property,
    RejectedObject,
    Reply,
    Result,
    WrittenObjects,
)
from dermsbus.messages.peers import Peer

__all__ = ["LARGEST_MESSAGE_BYTES", "SEQUENCE", "AnswerWriter", "WrittenMessage"]

LARGEST_MESSAGE_BYTES: Final = 4 * 1024 * 1024 - 64 * 1024
"""STOMP brokers take frames of 4 MiB, headers included."""

SEQUENCE: Final = "dermsbus.sequence"
"""Name of the header Property that numbers the messages of one answer, from 1; an answer in one message has none."""

_ROOM_BYTES: Final = 1024  # for the tags around the objects, and a number in the header
_ASTRAL: Final = re.compile(rb"[\xf0-\xf4]")
_ASTRAL_GROWS_BYTES: Final = 6  # such a character goes out as a reference: 4 bytes become 10 at most
_NOTHING: Final = WrittenObjects(start=b"", objects=(), end=b"")
_MORE_FOLLOWS: Final = Reply(result=Result.PARTIAL, errors=(entry("0.1"),))
_WHAT_TO_DO: Final = (
    "ask for fewer objects at a time (option dermsbus.limit, then dermsbus.cursor), or change fewer in one message"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenMessage:
    """A message and what it is on the wire.

    Attributes:
        envelope: the message; of what is in its payload and of its name plates nothing can be said.
        body: UTF-8.
    """

    envelope: Envelope
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerWriter:
    """Writes the answers of one system.

    Attributes:
        codec: writes single messages.
        new_message_id: gives a MessageID that was never given before.
        largest_bytes: of one message that tells of objects; payloads are cut to it before they are compressed. One that
            tells of none cannot be cut, and may have `LARGEST_MESSAGE_BYTES`.
    """

    codec: Codec
    new_message_id: Callable[[], str]
    largest_bytes: int = LARGEST_MESSAGE_BYTES

    def write(self, answer: Envelope, peer: Peer) -> tuple[WrittenMessage, ...]:
        """The messages that *answer* consists of, in order; one where it is not too large.

        Raises:
            UnsupportedMessage: 3.1, it is too large, and *peer* cannot read several messages, or one object alone is,
                or what is to be said beside the objects.
        """
        content = answer.payload.content if answer.payload else None
        if content is None and not (answer.reply and answer.reply.name_plates):
            return (self._in_one(answer),)
        objects = _NOTHING if content is None else self.codec.write_objects(content)
        if not peer.chunks or sum(map(len, objects.objects)) <= self.largest_bytes:
            whole = answer if content is None else replace(answer, payload=Payload(content=objects.whole))
            body = self.codec.encode(whole, compress_above_bytes=peer.compress_above_bytes)
            if len(body) <= self.largest_bytes:
                return (WrittenMessage(envelope=answer, body=body),)
            if not peer.chunks:
                details = f"the answer has {len(body)} bytes, and {self.largest_bytes} are sent in one message"
                raise _too_large(f"{details}, the only one that you are known to read: {_WHAT_TO_DO}")
        return tuple(self._in_several(answer, objects, peer))

    def _in_one(self, answer: Envelope) -> WrittenMessage:
        body = self.codec.encode(answer)
        if len(body) > LARGEST_MESSAGE_BYTES:
            raise _too_large(f"{_beside_objects(LARGEST_MESSAGE_BYTES)}: {_WHAT_TO_DO}")
        return WrittenMessage(envelope=answer, body=body)

    def _in_several(self, answer: Envelope, objects: WrittenObjects, peer: Peer) -> Iterator[WrittenMessage]:
        reply = answer.reply
        assert reply is not None  # answers have one
        plates = self.codec.write_name_plates(reply.name_plates) if reply.name_plates else _NOTHING
        sizes = [*map(_size, objects.objects), *map(_size, plates.objects)]
        last_reply = _closing(reply)
        room, last_room = self._room(answer, _MORE_FOLLOWS), self._room(answer, last_reply)
        count = len(objects.objects)
        self._check(answer, sizes, count, room=room, last_room=last_room)
        parts = tuple(_parts(sizes, room, last_room))
        for number, part in enumerate(parts, start=1):
            told = range(min(part.start, count), min(part.stop, count))
            plates_told = reply.name_plates[max(part.start - count, 0) : max(part.stop - count, 0)]
            part_reply = last_reply if number == len(parts) else _MORE_FOLLOWS
            message = replace(
                self._numbered(answer, number),
                reply=replace(part_reply, name_plates=plates_told),
                payload=Payload(content=objects.part(told)) if told else None,
            )
            body = self.codec.encode(message, compress_above_bytes=peer.compress_above_bytes)
            yield WrittenMessage(envelope=message, body=body)

    def _room(self, answer: Envelope, reply: Reply) -> int:
        """How many bytes are left for objects in a message that says *reply*; less than 0 if it alone is too much."""
        empty = replace(answer, reply=reply, payload=None)
        return self.largest_bytes - _ROOM_BYTES - len(self.codec.encode(empty))

    def _check(self, answer: Envelope, sizes: Sequence[int], count: int, *, room: int, last_room: int) -> None:
        """Return if every object has a message that it fits in, and so has what is said beside them."""
        if last_room < 0:
            raise _too_large(f"{_beside_objects(self.largest_bytes)}: {_WHAT_TO_DO}")
        place, size = max(enumerate(sizes), key=lambda each: each[1])
        if size > room:
            called = _called(answer, place, count)
            details = f"{called} alone has {size} bytes, and {self.largest_bytes} are sent in one message"
            raise _too_large(f"{details}: ask for the others without it; raising reply_bytes here may help")

    def _numbered(self, answer: Envelope, number: int) -> Envelope:
        header = answer.header
        assert header is not None  # what has a payload has one
        message_id = header.message_id if number == 1 else self.new_message_id()
        properties = (*header.properties, Property(name=SEQUENCE, value=str(number)))
        return replace(answer, header=replace(header, message_id=message_id, properties=properties))


def _parts(sizes: Sequence[int], room: int, last_room: int) -> Iterator[range]:
    """The places of the objects of each message, as many as fit; those of the last one may be none."""
    start, used = 0, 0
    for place, size in enumerate(sizes):
        if used + size > room:
            yield range(start, place)
            start, used = place, 0
        used += size
    if used > last_room:
        yield range(start, len(sizes))
        start = len(sizes)
    yield range(start, len(sizes))


def _size(xml: bytes) -> int:
    """Bytes of an object at most, once its message is written."""
    return len(xml) + _ASTRAL_GROWS_BYTES * len(_ASTRAL.findall(xml))


def _closing(reply: Reply) -> Reply:
    """What the last of several messages says; where something is missing, also that nothing follows."""
    errors = reply.errors
    if reply.result is Result.PARTIAL and all(each.code != "0.2" for each in errors):
        errors = (*errors, entry("0.2"))
    return replace(reply, errors=errors, name_plates=())


def _called(answer: Envelope, place: int, count: int) -> str:
    """The object at *place* of an answer in words; name plates come behind the *count* objects of the payload."""
    if place >= count:
        assert answer.reply is not None
        return f"the name plate of the device {quoted(answer.reply.name_plates[place - count].mrid)}"
    subjects = _subjects(answer.payload.content if answer.payload else None)
    kind, named = next(islice(subjects, place, None), ("the object", None))
    return f"{kind} {quoted(named.value) if named else 'without mRID'}"


def _subjects(content: Content | None) -> Iterator[tuple[str, ObjectID | None]]:
    """What each object of a payload is, and which one."""
    match content:
        case DERGroups(groups=groups):
            yield from (("the DERGroup", group_id(group)) for group in groups)
        case DERGroupStatuses(statuses=statuses):
            yield from (("the status of DERGroup", _group_of(each)) for each in statuses)
        case DERGroupForecasts(forecasts=forecasts):
            yield from (("the forecast of DERGroup", _group_of(each)) for each in forecasts)
        case DERGroupDispatches(orders=orders):
            yield from (("the DERGroupDispatch", _order_id(each)) for each in orders)


def _group_of(told: GroupStatus | GroupForecast | RejectedObject) -> ObjectID | None:
    return None if isinstance(told, RejectedObject) else group_id(told.group)


def _order_id(order: DispatchOrder | RejectedObject) -> ObjectID | None:
    return None if isinstance(order, RejectedObject) else dispatch_id(order.mrid, order.names)


def _beside_objects(largest_bytes: int) -> str:
    return f"the errors and ids of the answer are more than the {largest_bytes} bytes of one message"


def _too_large(details: str) -> UnsupportedMessage:
    return UnsupportedMessage(Violation(rule="ANSWER-SIZE", details=details), code="3.1")
