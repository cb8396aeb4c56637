"""Behaviour profiles: how peers differ, as data.

Code asks a `Behaviour` for the one property it needs; nothing in dermsbus asks for a profile by name. A deployment may
replace single properties (``[behaviour]`` in the configuration file).

Source: decisions 5 to 31 on open questions in the project's reference tables; the profiles ``epri`` and ``gridappsd``
follow what those peers were seen to do. Choices of our own: ADR 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = [
    "BEHAVIOURS",
    "Behaviour",
    "Beyond",
    "ChangeMode",
    "EventAcknowledgement",
    "PartialResult",
    "ReplayCheck",
    "Resend",
    "Tolerance",
]


class Tolerance(StrEnum):
    """What happens to a message that deviates in a way known from real peers."""

    STRICT = "strict"
    """It is refused with its code."""
    TOLERANT = "tolerant"
    """It is repaired on reading; each repair is named, counted and logged. Nothing is repaired on writing."""


class ChangeMode(StrEnum):
    """What a change of a group does with the members it lists."""

    MERGE = "merge"
    """Listed members are added; members leave only through an operation set."""
    REPLACE = "replace"
    """A list of members replaces the whole list."""


class PartialResult(StrEnum):
    """What ``Reply/Result`` says when some objects of a request succeeded and some did not."""

    PARTIAL = "PARTIAL"
    """PARTIAL, led by an Error 0.2."""
    FAILED = "FAILED"
    """FAILED, though what succeeded stays done and is in the payload."""


class Resend(StrEnum):
    """What a request with a MessageID seen before means, where the broker does not call it a redelivery."""

    ANSWER_AGAIN = "answer-again"
    """Same content: the stored reply, nothing done again. Other content: refused, 2.15."""
    EXECUTE_AGAIN = "execute-again"
    """A new request: the peer sends the same file again on purpose."""


class ReplayCheck(StrEnum):
    """What becomes of ReplayDetection: a number that is used once, and when it was made."""

    OFF = "off"
    """It is passed over: the peer sends the same file again on purpose."""
    WHEN_PRESENT = "when-present"
    """A message that has it is refused, 7.7, where it comes too late, or its number was used before."""
    REQUIRED = "required"
    """The same, and whatever may change something is refused without it, 7.3."""


class Beyond(StrEnum):
    """What becomes of an order that asks for more than there is."""

    REFUSE = "refuse"
    """It is refused, and the refusal says what is short."""
    CLIP = "clip"
    """It is carried out as far as it goes, and the reply says what is short."""


class EventAcknowledgement(StrEnum):
    """When a notification from another system is answered."""

    ON_REQUEST = "on-request"
    """If its header asks for it (AckRequired)."""
    WITH_REPLY_TO = "with-reply-to"
    """Whenever its sender gave a reply destination."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """One behaviour profile.

    Attributes:
        tolerance: what to do with known deviations.
        partial_result: the Result of a half-done request.
        unknown_group_code: reply code for a group that does not exist.
        delete_of_unknown_is_ok: deleting a group that does not exist succeeds.
        query_of_unknown_is_ok: asking for a group that does not exist succeeds with what there is.
        unique_names: a group's name, like its mRID, may exist only once.
        change_mode: merge or replace members.
        require_version_on_create: a new group must state its version.
        empty_query_means_all: a query group without mRID and names means all groups; else 1.6.
        delete_with_members_deletes_group: a delete that lists EndDevices deletes the group (with a warning in the log);
            else it is refused, for it may have been meant to remove members.
        echo_created_on_partial: a half-done create returns the groups to which an mRID was assigned, too.
        no_error_code_on_ok: an OK reply carries one Error 0.0.
        event_acknowledgement: when notifications are answered.
        resend: what a repeated MessageID means.
        replay_detection: what becomes of ReplayDetection.
        dispatch_needs_function: an order needs the function of the group that its parameter belongs to.
        connect_needs_function: a group whose members are to be connected or disconnected needs connectDisconnect.
        beyond_installed: what becomes of an order beyond what is installed in the group.
        beyond_available: what becomes of an order for now that members can not meet with what they have now.
        refuse_expired_dispatch: an order that is over when it comes is refused; else it is taken down as completed.
        dispatch_horizon_days: how far from now an order or a control may start, 0 for any time.
        dispatch_longest_days: how long one order may last, 0 for any time; every order ends.
    """

    tolerance: Tolerance = Tolerance.STRICT
    partial_result: PartialResult = PartialResult.PARTIAL
    unknown_group_code: str = "99.1"
    delete_of_unknown_is_ok: bool = False
    query_of_unknown_is_ok: bool = False
    unique_names: bool = True
    change_mode: ChangeMode = ChangeMode.MERGE
    require_version_on_create: bool = False
    empty_query_means_all: bool = True
    delete_with_members_deletes_group: bool = False
    echo_created_on_partial: bool = True
    no_error_code_on_ok: bool = True
    event_acknowledgement: EventAcknowledgement = EventAcknowledgement.ON_REQUEST
    resend: Resend = Resend.ANSWER_AGAIN
    replay_detection: ReplayCheck = ReplayCheck.WHEN_PRESENT
    dispatch_needs_function: bool = True
    connect_needs_function: bool = True
    beyond_installed: Beyond = Beyond.REFUSE
    beyond_available: Beyond = Beyond.CLIP
    refuse_expired_dispatch: bool = True
    dispatch_horizon_days: float = 7.0
    dispatch_longest_days: float = 7.0


BEHAVIOURS: Final = MappingProxyType(
    {
        "default": Behaviour(),
        "epri": Behaviour(
            tolerance=Tolerance.TOLERANT,
            partial_result=PartialResult.FAILED,
            require_version_on_create=True,
            delete_with_members_deletes_group=True,
            echo_created_on_partial=False,
            event_acknowledgement=EventAcknowledgement.WITH_REPLY_TO,
            resend=Resend.EXECUTE_AGAIN,
            replay_detection=ReplayCheck.OFF,
            connect_needs_function=False,
            refuse_expired_dispatch=False,
            dispatch_horizon_days=0.0,
            dispatch_longest_days=0.0,
        ),
        "gridappsd": Behaviour(
            tolerance=Tolerance.TOLERANT,
            partial_result=PartialResult.FAILED,
            unknown_group_code="6.1",
            delete_of_unknown_is_ok=True,
            query_of_unknown_is_ok=True,
            unique_names=False,
            change_mode=ChangeMode.REPLACE,
            delete_with_members_deletes_group=True,
            resend=Resend.EXECUTE_AGAIN,
            replay_detection=ReplayCheck.OFF,
            refuse_expired_dispatch=False,
            dispatch_horizon_days=0.0,
            dispatch_longest_days=0.0,
        ),
    }
)
"""The shipped profiles by name."""
