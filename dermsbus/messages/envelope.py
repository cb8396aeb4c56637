"""The envelope of IEC 61968-100 edition 1 as values: what a message is once its XML is gone.

Source: Message.xsd table of the project's reference tables (namespace ``http://iec.ch/TC57/2011/schema/message``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dermsbus.domain.controls import EndDeviceControl, EndDeviceEvent
from dermsbus.domain.der import NamePlate
from dermsbus.domain.model import EndDeviceGroup, GroupReference, Instant, Name
from dermsbus.domain.quantities import Curve, GroupForecast, GroupStatus, ParameterKind, ScheduleRequest
from dermsbus.errors import MessageError, ObjectID, RequestError
from dermsbus.reply_codes import Level

__all__ = [
    "Archetype",
    "DERGroupDispatches",
    "DERGroupForecastQueries",
    "DERGroupForecasts",
    "DERGroupQueries",
    "DERGroupStatusQueries",
    "DERGroupStatuses",
    "DERGroups",
    "DERNamePlate",
    "DispatchOrder",
    "EndDeviceControls",
    "EndDeviceEvents",
    "Envelope",
    "ErrorEntry",
    "Header",
    "Noun",
    "Operation",
    "OperationSet",
    "Outline",
    "Payload",
    "Property",
    "Refusal",
    "RejectedObject",
    "Repair",
    "ReplayDetection",
    "Reply",
    "Request",
    "Result",
    "Style",
    "UnboundContent",
    "User",
    "Verb",
    "WrittenContent",
    "WrittenObjects",
]


class Archetype(StrEnum):
    """What a message is for; the values are those of the ``CIM_Kind`` property."""

    REQUEST = "request"
    RESPONSE = "response"
    EVENT = "event"
    FAULT = "fault"


class Style(StrEnum):
    """How the root is spelled."""

    GENERIC = "generic"
    """``RequestMessage``, ``ResponseMessage`` … in the message namespace."""
    TYPED = "typed"
    """``CreateDERGroups``, ``DERGroupsResponseMessage`` … in the noun's wrapper namespace."""


class Verb(StrEnum):
    """The 14 verbs of ``Header/Verb``; the values are the exact wire text."""

    CANCEL = "cancel"
    CANCELED = "canceled"
    CHANGE = "change"
    CHANGED = "changed"
    CREATE = "create"
    CREATED = "created"
    CLOSE = "close"
    CLOSED = "closed"
    DELETE = "delete"
    DELETED = "deleted"
    GET = "get"
    REPLY = "reply"
    EXECUTE = "execute"
    EXECUTED = "executed"

    @property
    def is_event(self) -> bool:
        """True for the past-tense verbs of notifications."""
        return self in _PAST.values()

    @property
    def past(self) -> Verb:
        """The verb of the event that tells of this request; KeyError for ``get`` and ``reply``, which have none."""
        return _PAST[self]

    @property
    def present(self) -> Verb:
        """The request verb of a past-tense one; KeyError for others."""
        return {past: verb for verb, past in _PAST.items()}[self]


_PAST = {
    Verb.CANCEL: Verb.CANCELED,
    Verb.CHANGE: Verb.CHANGED,
    Verb.CREATE: Verb.CREATED,
    Verb.CLOSE: Verb.CLOSED,
    Verb.DELETE: Verb.DELETED,
    Verb.EXECUTE: Verb.EXECUTED,
}


class Noun(StrEnum):
    """The nouns dermsbus has profiles for; the values are the exact wire text."""

    DER_GROUPS = "DERGroups"
    DER_GROUP_STATUSES = "DERGroupStatuses"
    DER_GROUP_FORECASTS = "DERGroupForecasts"
    DER_GROUP_DISPATCHES = "DERGroupDispatches"
    END_DEVICE_CONTROLS = "EndDeviceControls"
    END_DEVICE_EVENTS = "EndDeviceEvents"
    OPERATION_SET = "OperationSet"


class Result(StrEnum):
    """``Reply/Result``; the values are the exact wire text."""

    OK = "OK"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """``Header/Property``."""

    name: str
    value: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """``Header/User``; says who, proves nothing."""

    user_id: str
    organization: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayDetection:
    """``Header/ReplayDetection``."""

    nonce: str
    created: Instant


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The header.

    Attributes:
        verb: one of the 14.
        noun: the wire text; it need not be one of `Noun`.
        extensions: elements of other namespaces, each as its serialised XML, to be passed on.

    The others are the elements of the same name; None where absent.
    """

    verb: Verb
    noun: str
    revision: str | None = None
    replay_detection: ReplayDetection | None = None
    context: str | None = None
    timestamp: Instant | None = None
    source: str | None = None
    async_reply: bool = False
    reply_address: str | None = None
    ack_required: bool = False
    user: User | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    comment: str | None = None
    properties: tuple[Property, ...] = ()
    extensions: tuple[bytes, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DERGroups:
    """Payload of the noun DERGroups: one or more groups."""

    groups: tuple[EndDeviceGroup, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DERGroupQueries:
    """Query element for DERGroups: one or more references."""

    references: tuple[GroupReference, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectedObject:
    """One object of a payload or query that its schema accepts and nobody can act on; the others beside it stand.

    Attributes:
        error: why, with its code and, where it has an identity, the object.
    """

    error: RequestError

    @classmethod
    def of(cls, error: RequestError, object_id: ObjectID | None, related_id: ObjectID | None = None) -> RejectedObject:
        """The object *object_id*, rejected for *error*, which does not know its object."""
        told = type(error)(error.details, code=error.code, object_id=object_id, related_id=related_id)
        told.__cause__ = error
        return cls(error=told)


@dataclass(frozen=True, kw_only=True, slots=True)
class DERGroupStatuses:
    """Payload of the noun DERGroupStatuses: one or more groups."""

    statuses: tuple[GroupStatus | RejectedObject, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DERGroupStatusQueries:
    """Query element for DERGroupStatuses: one or more references."""

    references: tuple[GroupReference, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DERGroupForecasts:
    """Payload of the noun DERGroupForecasts: one or more forecasts."""

    forecasts: tuple[GroupForecast | RejectedObject, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DERGroupForecastQueries:
    """Query element for DERGroupForecasts: every parameter of every group for every schedule.

    Attributes:
        references: groups, one or more.
        parameters: one or more; in which direction each was asked for is not kept, an answer is positive into the grid.
        schedules: one or more.
    """

    references: tuple[GroupReference, ...]
    parameters: tuple[ParameterKind, ...]
    schedules: tuple[ScheduleRequest | RejectedObject, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchOrder:
    """One DERGroupDispatch as a message states it: whole in a create or an answer, else whatever is known of it.

    Attributes:
        mrid: of the dispatch; None where not stated.
        names: its own names, not the group's.
        group: which group, by mRID or names; None where not stated.
        parameter: what is ordered; None where not stated.
        curves: schedules; empty where not stated.
    """

    mrid: str | None = None
    names: tuple[Name, ...] = ()
    group: GroupReference | None = None
    parameter: ParameterKind | None = None
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DERGroupDispatches:
    """Payload of the noun DERGroupDispatches: one or more orders."""

    orders: tuple[DispatchOrder | RejectedObject, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class EndDeviceControls:
    """Payload of the noun EndDeviceControls: one or more controls."""

    controls: tuple[EndDeviceControl | RejectedObject, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class EndDeviceEvents:
    """Payload of the noun EndDeviceEvents: one or more events, each of one device."""

    events: tuple[EndDeviceEvent | RejectedObject, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnboundContent:
    """The element of an operation that is of no known profile.

    Attributes:
        root: local name of its root element.
        xml: its serialised XML, UTF-8.
    """

    root: str
    xml: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenContent:
    """A profile element that goes out as it is written.

    Attributes:
        xml: UTF-8.
    """

    xml: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenObjects:
    """A profile element whose objects are written, each once, to go out together or some at a time.

    Attributes:
        start: its opening tag, UTF-8.
        objects: each with all that is in it, UTF-8; their namespace is that of *start*.
        end: its closing tag, UTF-8.
    """

    start: bytes
    objects: tuple[bytes, ...]
    end: bytes

    @property
    def whole(self) -> WrittenContent:
        """The element with all its objects."""
        return self.part(range(len(self.objects)))

    def part(self, places: range) -> WrittenContent:
        """The element with those of its objects that are at *places*, which are adjacent, in their order."""
        return WrittenContent(xml=b"".join((self.start, *self.objects[places.start : places.stop], self.end)))


Content = (
    DERGroups
    | DERGroupQueries
    | DERGroupStatuses
    | DERGroupStatusQueries
    | DERGroupForecasts
    | DERGroupForecastQueries
    | DERGroupDispatches
    | EndDeviceControls
    | EndDeviceEvents
    | UnboundContent
    | WrittenContent
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation of an operation set.

    Attributes:
        operation_id: unique within the set, 0 or more.
        noun: wire text, None where absent.
        verb: wire text (free in the schema), None where absent.
        element_operation: the verb acts on the elements inside the object (a member), not on the object.
        content: the one profile element, None where absent; rejected where it breaks its schema: the operations beside
            it stand.
    """

    operation_id: int
    noun: str | None = None
    verb: str | None = None
    element_operation: bool = False
    content: Content | RejectedObject | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationSet:
    """Several operations in one message."""

    operations: tuple[Operation, ...]
    enforce_msg_sequence: bool = False
    enforce_transactional_integrity: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The Request part; *query* is its profile element."""

    start_time: Instant | None = None
    end_time: Instant | None = None
    options: tuple[Property, ...] = ()
    ids: tuple[ObjectID, ...] = ()
    query: Content | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """The Payload part: exactly one of its branches, or none where the Payload is empty."""

    content: Content | None = None
    operation_set: OperationSet | None = None
    ids: tuple[ObjectID, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorEntry:
    """One ``Reply/Error``; unknown codes are kept as they came."""

    code: str
    level: Level | None = None
    reason: str | None = None
    details: str | None = None
    object_id: ObjectID | None = None
    related_id: ObjectID | None = None
    operation_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DERNamePlate:
    """What one device is rated for, as a reply tells it beside its payload.

    Attributes:
        mrid: of the device.
        name_plate: its ratings.
    """

    mrid: str
    name_plate: NamePlate


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The Reply part; success is decided by *result* alone, never by the presence of errors.

    Attributes:
        name_plates: an extension of our own, which only a requester that asked for it is told.
    """

    result: Result
    errors: tuple[ErrorEntry, ...] = ()
    ids: tuple[ObjectID, ...] = ()
    name_plates: tuple[DERNamePlate, ...] = ()
    operation_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """One deviation that was repaired on reading.

    Attributes:
        name: stable short name, the label of its counter.
        details: what was there and what was read instead.
    """

    name: str
    details: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """One whole message.

    Attributes:
        archetype: request, response, event or fault.
        style: generic or typed root.
        root: local name of the root element as read; empty for a message made here.
        namespace: of the root as read; empty for a message made here. The message namespace as a peer spells it in its
            own way, also where that is below a typed root: an answer goes out in the same spelling.
        header: None in a fault only.
        repairs: what was mended while reading.
    """

    archetype: Archetype
    style: Style = Style.GENERIC
    root: str = ""
    namespace: str = ""
    header: Header | None = None
    request: Request | None = None
    reply: Reply | None = None
    payload: Payload | None = None
    repairs: tuple[Repair, ...] = ()

    @property
    def outline(self) -> Outline:
        """What an answer to this message needs to know of it."""
        header = self.header
        return Outline(
            archetype=self.archetype,
            style=self.style,
            root=self.root,
            namespace=self.namespace,
            verb=header.verb if header else None,
            noun=header.noun if header else "",
            message_id=header.message_id if header else None,
            correlation_id=header.correlation_id if header else None,
            source=header.source if header else None,
            ack_required=header.ack_required if header else False,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What can be said of a message even where it is refused: enough to answer it.

    Attributes:
        verb: wire text, whether or not it is one of the 14.
        noun: wire text; empty if there is none.

    The others are as in `Envelope` and `Header`.
    """

    archetype: Archetype
    style: Style = Style.GENERIC
    root: str = ""
    namespace: str = ""
    verb: str | None = None
    noun: str = ""
    message_id: str | None = None
    correlation_id: str | None = None
    source: str | None = None
    ack_required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A message that could not be read.

    Attributes:
        error: why, with its code, rule and line.
        outline: what could be read of it; None if not even a header could.
        archetype: what its root said it was; None where that could not be told.
        repairs: what was mended before it was refused.
    """

    error: MessageError
    outline: Outline | None = None
    archetype: Archetype | None = None
    repairs: tuple[Repair, ...] = ()
