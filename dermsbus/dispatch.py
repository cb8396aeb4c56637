"""From verb and noun to the handler that serves them, and what a handler gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dermsbus.domain.aggregation import aggregate
from dermsbus.domain.behaviour import Behaviour
from dermsbus.domain.dispatch_book import DispatchDraft
from dermsbus.domain.fleet_state import FindGroup, FleetState
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.peer_reports import PeerReports
from dermsbus.domain.quantities import GroupForecast, GroupStatus, ParameterKind, ScheduleRequest
from dermsbus.domain.registry import Draft
from dermsbus.domain.switching import SwitchDraft
from dermsbus.errors import ObjectID, RequestError, UnsupportedMessage, Violation
from dermsbus.messages.envelope import DERNamePlate, Envelope, Noun, Payload, Verb
from dermsbus.messages.options import Options
from dermsbus.messages.roots import noun_of

__all__ = ["Desk", "Event", "FieldView", "Forecasts", "Handler", "Outcome", "Router", "Routes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that has happened and that others are to be told of.

    Attributes:
        verb: in the past tense.
        noun: of what is told.
        payload: what is told.
        persistent: a broker that restarts still has it; not so for what the next report makes worthless.
        correlation_id: for ``Header/CorrelationID``: the message whose outcome it tells; None for what tells of no one
            message.
    """

    verb: Verb
    noun: Noun
    payload: Payload
    persistent: bool = True
    correlation_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a message.

    Attributes:
        done: how many of its objects or operations were carried out, 0 or more.
        errors: one for each that was refused.
        payload: what the reply carries.
        ids: objects that resulted and are not in the payload.
        name_plates: what the reply tells of devices beside its payload.
        operation_id: of the one operation the reply concerns.
        says_nothing_follows: a partial reply is closed with an Error 0.2.
        notes: what was done otherwise than asked, a sentence each, for the reply of what was done.
        last: mRID of the last object in the payload of a get that has more to tell behind it; None where it has not.
        events: what to tell others, in order.
    """

    done: int = 0
    errors: tuple[RequestError, ...] = ()
    payload: Payload | None = None
    ids: tuple[ObjectID, ...] = ()
    name_plates: tuple[DERNamePlate, ...] = ()
    operation_id: int | None = None
    says_nothing_follows: bool = True
    notes: tuple[str, ...] = ()
    last: str | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldView:
    """What is known of the devices at one instant.

    Attributes:
        state: their last readings.
        stale_after_s: age from which a reading is stale, more than 0.
        now: aware, UTC.
    """

    state: FleetState
    stale_after_s: float
    now: datetime

    def status_of(self, group: EndDeviceGroup, find_group: FindGroup) -> GroupStatus:
        """What *group* does now; *find_group* gives the groups that are members of it."""
        return aggregate(group, self.state, self.now, stale_after_s=self.stale_after_s, find_group=find_group)


class Forecasts(Protocol):
    """Where a handler has forecasts from."""

    def of(
        self,
        group: EndDeviceGroup,
        parameters: Sequence[ParameterKind],
        schedules: Sequence[ScheduleRequest],
        find_group: FindGroup,
    ) -> GroupForecast | None:
        """What is expected of *group*; None if nothing can be told.

        Raises:
            RuleViolation: a schedule ends beyond the year 9999.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What a handler may use: it never waits for a device, a broker or a disk.

    Attributes:
        groups: the registry's draft of the running transaction.
        dispatches: the draft of what is ordered of groups.
        switches: the draft of what is ordered of devices' switches.
        behaviour: how this deployment treats its peers.
        field: what is known of the devices.
        forecasts: what groups are expected to do.
        reports: what other systems told of their groups.
        options: of the request, as far as they say which objects it is about.
        nameplate_extension: who asks for name plates is told them.
    """

    groups: Draft
    dispatches: DispatchDraft
    switches: SwitchDraft
    behaviour: Behaviour
    field: FieldView
    forecasts: Forecasts
    reports: PeerReports
    options: Options
    nameplate_extension: bool = False


Handler = Callable[[Envelope, Desk], Outcome]
Routes = Mapping[tuple[Verb, Noun], Handler]


class Router:
    """Finds the handler of a message."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._nouns = {noun for _, noun in routes}

    def handler_for(self, envelope: Envelope) -> Handler:
        """The handler of the message's verb and noun.

        Raises:
            UnsupportedMessage: 2.5 where the noun is not served, 2.9 where the verb is not served for it.
        """
        header = envelope.header
        assert header is not None
        noun = noun_of(header.noun)
        if noun is None or noun not in self._nouns:
            details = f"Noun {header.noun[:64]!r} is not served here"
            raise UnsupportedMessage(Violation(rule="NOUN", details=details), code="2.5")
        handler = self._routes.get((header.verb, noun))
        if handler is None:
            served = ", ".join(sorted(verb for verb, served_noun in self._routes if served_noun is noun))
            details = f"Verb {header.verb} is not served for noun {noun}; served are {served}"
            raise UnsupportedMessage(Violation(rule="VERB-NOUN", details=details), code="2.9")
        return handler
