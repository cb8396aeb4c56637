"""Every error dermsbus raises, ordered by who has to act on it.

::

    DermsbusError
    ├─ SettingsError                        operator: refuse to start, name the key
    ├─ MessageError                         sender
    │  ├─ MalformedMessage                  no readable header: FaultMessage if it can be sent, invalid-message queue
    │  ├─ SchemaViolation                   readable header: reply FAILED
    │  └─ UnsupportedMessage                readable header: reply FAILED
    ├─ RequestError                         sender: reply FAILED or PARTIAL, nothing done for the object it names
    │  ├─ GroupNotFound · GroupExists · GroupAmbiguous · MemberNotFound
    │  ├─ DispatchNotFound · DispatchExists
    │  ├─ RuleViolation                     a business rule of the behaviour profile
    │  ├─ IncompleteRequest                 schema-optional, but needed to act
    │  ├─ DataUnavailable                   nothing of what is asked for is known
    │  └─ NotAttempted · RolledBack         siblings of a failed operation
    ├─ StoreError                           operator: nothing was committed, nothing is acknowledged
    │  └─ StoreEnded                        operator: the store is of no use until a new start; the process ends
    └─ TransportError                       broker: never acknowledge, reconnect
       ├─ ConnectFailed · ConnectionLost
       ├─ Unconfirmed                       the broker did not say in time; send again with the same MessageID
       └─ PublishRejected                   the broker said no
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from dermsbus.reply_codes import Level, level_of, reason_of

__all__ = [
    "ConnectFailed",
    "ConnectionLost",
    "DataUnavailable",
    "DermsbusError",
    "DispatchExists",
    "DispatchNotFound",
    "GroupAmbiguous",
    "GroupExists",
    "GroupNotFound",
    "IDKind",
    "IncompleteRequest",
    "MalformedMessage",
    "MemberNotFound",
    "MessageError",
    "NotAttempted",
    "ObjectID",
    "PublishRejected",
    "RequestError",
    "RequestTimedOut",
    "RolledBack",
    "RuleViolation",
    "SchemaViolation",
    "SettingsError",
    "StoreEnded",
    "StoreError",
    "TransportError",
    "Unconfirmed",
    "UnsupportedMessage",
    "Violation",
]


class IDKind(StrEnum):
    """What an object id is, as in the ``kind`` attribute of ``Error/ID``."""

    NAME = "name"
    UUID = "uuid"
    TRANSACTION = "transaction"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectID:
    """The object an error speaks of, named as its requester named it.

    Attributes:
        value: the mRID or the name.
        kind: ``uuid`` for an mRID (whatever its form), ``name`` for a name; None when the sender gave none.
        object_type: the CIM class, ``DERGroup`` for a group as the EPRI test script has it.
    """

    value: str
    kind: IDKind | None = None
    object_type: str | None = None


class DermsbusError(Exception):
    """Anything that dermsbus raises on purpose."""


class SettingsError(DermsbusError):
    """A setting that cannot be used; the process refuses to start.

    Attributes:
        key: the setting's dotted name as the operator writes it.
    """

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One thing that is wrong with a message.

    Attributes:
        rule: stable short name of the rule, such as ``DTD`` or ``XSD``.
        details: what is wrong, where, and what to do, for the person who reads it.
        line: line in the received text, from 1; None where it is not known.
        path: path of the element, for the details text only.
    """

    rule: str
    details: str
    line: int | None = None
    path: str | None = None


class MessageError(DermsbusError):
    """A message that is refused before anything is asked of the registry.

    Attributes:
        code: reply code, dotted pair.
        violations: one or more, the first is the one to lead with.
    """

    default_code: ClassVar[str] = "1.8"

    def __init__(self, *violations: Violation, code: str | None = None) -> None:
        if not violations:
            raise ValueError("a MessageError needs at least one Violation")
        super().__init__(violations[0].details)
        self.code = code or self.default_code
        self.violations = violations

    @property
    def rule(self) -> str:
        """The rule of the leading violation."""
        return self.violations[0].rule

    @property
    def line(self) -> int | None:
        """The line of the leading violation."""
        return self.violations[0].line


class MalformedMessage(MessageError):
    """No header can be read: not XML, a DTD, too large, another edition, an unknown root."""


class SchemaViolation(MessageError):
    """The header can be read, but the message breaks its schema or a structural rule."""


class UnsupportedMessage(MessageError):
    """The message is well formed, but its verb, noun or revision is not served."""

    default_code = "2.9"


class RequestError(DermsbusError):
    """One object or operation of a request that is refused, with nothing done for it.

    Attributes:
        code: reply code; a behaviour profile may replace the class's own.
        details: the specific text for ``Error/details``.
        object_id: the object it concerns.
        related_id: the second object where a relationship is wrong.
        operation_id: the operation of an OperationSet it belongs to.
    """

    default_code: ClassVar[str] = "6.1"

    def __init__(
        self,
        details: str,
        *,
        code: str | None = None,
        object_id: ObjectID | None = None,
        related_id: ObjectID | None = None,
        operation_id: int | None = None,
    ) -> None:
        super().__init__(details)
        self.code = code or self.default_code
        self.details = details
        self.object_id = object_id
        self.related_id = related_id
        self.operation_id = operation_id

    @property
    def level(self) -> Level:
        """Severity for ``Error/level``."""
        return level_of(self.code)

    @property
    def reason(self) -> str:
        """Short text for ``Error/reason``."""
        return reason_of(self.code)

    def for_operation(self, operation_id: int) -> RequestError:
        """The same error, said of one operation of an OperationSet."""
        copy = type(self)(
            self.details,
            code=self.code,
            object_id=self.object_id,
            related_id=self.related_id,
            operation_id=operation_id,
        )
        copy.__cause__ = self
        return copy


class GroupNotFound(RequestError):
    """The group that the request names is not in the registry."""

    default_code = "99.1"


class GroupExists(RequestError):
    """A group with this mRID or name is already in the registry."""

    default_code = "6.1"


class GroupAmbiguous(RequestError):
    """The mRID and the names of one group point to different groups."""

    default_code = "2.29"


class MemberNotFound(RequestError):
    """The device is not a member of the group."""

    default_code = "2.29"


class DispatchNotFound(RequestError):
    """The dispatch that the request names is not in the book."""

    default_code = "2.15"


class DispatchExists(RequestError):
    """A dispatch with this mRID is already in the book."""

    default_code = "6.1"


class RuleViolation(RequestError):
    """A business rule forbids it."""

    default_code = "6.1"


class IncompleteRequest(RequestError):
    """Something that the schema leaves optional is needed to act."""

    default_code = "5.8"


class DataUnavailable(RequestError):
    """Nothing of what is asked for is known."""

    default_code = "5.5"


class NotAttempted(RequestError):
    """An operation that was not tried because an earlier one of its sequence failed."""

    default_code = "5.2"


class RolledBack(RequestError):
    """An operation that was undone because a sibling of its transaction failed."""

    default_code = "5.9"


class RequestTimedOut(RequestError):
    """No reply came in time; the request may or may not have been carried out."""

    default_code = "4.1"


class StoreError(DermsbusError):
    """The store refused or failed; nothing of the transaction is in it."""


class StoreEnded(StoreError):
    """The store is of no use any more in this process: only a new start, which reads it, finds out what it holds."""


class TransportError(DermsbusError):
    """The broker or the way to it failed; a delivery in hand is not acknowledged."""


class ConnectFailed(TransportError):
    """No connection, no login or no subscription could be had."""


class ConnectionLost(TransportError):
    """A connection that was there is gone."""


class Unconfirmed(TransportError):
    """The broker did not confirm in time: sent or not is unknown, so send again with the same MessageID."""


class PublishRejected(TransportError):
    """The broker refused the message: no such destination, not routable, not permitted, too large."""
