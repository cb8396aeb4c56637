"""`DMSClient`: what a DMS asks of a DERMS, a call for each verb and noun.

Source: "who sends what to whom" of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from dermsbus.client.answer import Answer
from dermsbus.client.requester import Requester
from dermsbus.client.switching import OutcomeBoard, Switching
from dermsbus.domain.controls import EndDeviceControl
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference
from dermsbus.domain.quantities import ParameterKind, ScheduleRequest
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    Content,
    DERGroupDispatches,
    DERGroupForecastQueries,
    DERGroupQueries,
    DERGroups,
    DERGroupStatusQueries,
    DispatchOrder,
    EndDeviceControls,
    Envelope,
    Noun,
    Operation,
    OperationSet,
    Payload,
    Request,
    Style,
    Verb,
)
from dermsbus.messages.name_plates import ASKING_OPTION
from dermsbus.transports.base import Transport

__all__ = ["DMSClient"]


_Commanded = DERGroups | DERGroupDispatches | EndDeviceControls
"""Payloads of commands; the class is called as the noun is."""


class DMSClient(Requester):
    """A DMS on the bus: a typed call for everything that can be asked of a DERMS. Safe to use from several threads.

    Every call returns an `Answer` for whatever the responder says, and raises only if there is no answer, as
    `Requester.send` does.

    Args:
        transport: to be started and stopped by this client.
        codec: for this client alone; tolerant, so that a peer's known deviations cost no answer.
        responder: the system that answers.
        source: our own name.
        context: system context.
        style: how requests are spelled.
        timeout_s: seconds a call waits for its answer unless it is told otherwise, more than 0.

    Source: house choice, ADR 6.
    """

    def __init__(
        self,
        transport: Transport,
        codec: Codec,
        *,
        responder: str,
        source: str = "dms1",
        context: str = "production",
        style: Style = Style.GENERIC,
        timeout_s: float = 30.0,
    ) -> None:
        super().__init__(
            transport, codec, responder=responder, source=source, context=context, style=style, timeout_s=timeout_s
        )
        self._outcomes = OutcomeBoard()
        self._follows_outcomes = False
        self._follow_lock = Lock()

    def stop(self) -> None:
        """Close the connection; calls and switchings that still wait end with ConnectionLost. Idempotent."""
        super().stop()
        self._outcomes.end_all()

    # -- groups ----------------------------------------------------------------------------------------------------

    def create_groups(self, *groups: EndDeviceGroup, timeout_s: float | None = None) -> Answer:
        """Ask for new groups; each must state its DERFunction.

        Returns:
            An answer that holds the groups whose mRID was assigned by the responder.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._command(Verb.CREATE, DERGroups(groups=groups), timeout_s)

    def change_groups(self, *groups: EndDeviceGroup, timeout_s: float | None = None) -> Answer:
        """Ask to change groups, each told by mRID or names: only what is stated changes, listed members are added.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._command(Verb.CHANGE, DERGroups(groups=groups), timeout_s)

    def delete_groups(self, *references: GroupReference, timeout_s: float | None = None) -> Answer:
        """Ask to delete whole groups.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        groups = tuple(_named_by(reference) for reference in references)
        return self._command(Verb.DELETE, DERGroups(groups=groups), timeout_s)

    def get_groups(
        self, *references: GroupReference, name_plates: bool = False, timeout_s: float | None = None
    ) -> Answer:
        """Ask for groups; without references, for all of them.

        Args:
            references: to groups, by mRID or names.
            name_plates: ask for the name plates of their devices too; a responder without that extension, or with it
                switched off, tells the groups alone.
            timeout_s: seconds to wait, more than 0; None for the client's own.

        Returns:
            An answer that holds the groups that were found.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        query = DERGroupQueries(references=references or (GroupReference(),))
        request = Request(options=(ASKING_OPTION,) if name_plates else (), query=query)
        return self.send(self._request(Verb.GET, Noun.DER_GROUPS, request=request), timeout_s=timeout_s)

    def add_members(self, reference: GroupReference, *devices: EndDevice, timeout_s: float | None = None) -> Answer:
        """Ask to add devices to a group, by a change that lists them.

        A responder that replaces members on change (profile ``gridappsd``) is left with the listed ones only.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._command(Verb.CHANGE, DERGroups(groups=(_named_by(reference, devices),)), timeout_s)

    def remove_members(self, reference: GroupReference, *devices: EndDevice, timeout_s: float | None = None) -> Answer:
        """Ask to remove devices from a group, by an operation set: delete, with elementOperation.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        operation = Operation(
            operation_id=1,
            noun=Noun.DER_GROUPS,
            verb=Verb.DELETE,
            element_operation=True,
            content=DERGroups(groups=(_named_by(reference, devices),)),
        )
        return self.execute(OperationSet(operations=(operation,)), timeout_s=timeout_s)

    def execute(self, operations: OperationSet, *, timeout_s: float | None = None) -> Answer:
        """Ask to carry out an operation set.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        payload = Payload(operation_set=operations)
        return self.send(self._request(Verb.EXECUTE, Noun.OPERATION_SET, payload=payload), timeout_s=timeout_s)

    # -- what groups do and will do --------------------------------------------------------------------------------

    def get_statuses(self, *references: GroupReference, timeout_s: float | None = None) -> Answer:
        """Ask what groups do now; without references, all of them.

        Returns:
            An answer that holds the statuses of the groups that were found.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        query = DERGroupStatusQueries(references=references or (GroupReference(),))
        return self._get(Noun.DER_GROUP_STATUSES, query, timeout_s)

    def get_forecasts(
        self,
        *references: GroupReference,
        parameters: Sequence[ParameterKind],
        schedules: Sequence[ScheduleRequest],
        timeout_s: float | None = None,
    ) -> Answer:
        """Ask what is expected of groups; without references, of all of them.

        Args:
            references: groups.
            parameters: one or more; of a parameter that a group has no function for, nothing is told.
            schedules: one or more: for which intervals.
            timeout_s: seconds to wait, more than 0; None for the client's own.

        Returns:
            An answer that holds the forecasts of the groups that were found: every parameter for every schedule.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        query = DERGroupForecastQueries(
            references=references or (GroupReference(),), parameters=tuple(parameters), schedules=tuple(schedules)
        )
        return self._get(Noun.DER_GROUP_FORECASTS, query, timeout_s)

    # -- orders to groups ------------------------------------------------------------------------------------------

    def create_dispatches(self, *orders: DispatchOrder, timeout_s: float | None = None) -> Answer:
        """Give orders; each must state its group, its parameter and its curves.

        Returns:
            An answer that holds the dispatches whose mRID was assigned by the responder; what was done otherwise than
            asked stands in the details of an Error 0.0.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._order(Verb.CREATE, orders, timeout_s)

    def change_dispatches(self, *orders: DispatchOrder, timeout_s: float | None = None) -> Answer:
        """Ask to change dispatches, each told by mRID or names: new curves take the place of all present ones.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._order(Verb.CHANGE, orders, timeout_s)

    def cancel_dispatches(self, *orders: DispatchOrder, timeout_s: float | None = None) -> Answer:
        """Ask to stop dispatches, and to drop what is not done yet; their mRID or names will do.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._order(Verb.CANCEL, orders, timeout_s)

    def close_dispatches(self, *orders: DispatchOrder, timeout_s: float | None = None) -> Answer:
        """Ask to mark dispatches as finished; their mRID or names will do.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._order(Verb.CLOSE, orders, timeout_s)

    def delete_dispatches(self, *orders: DispatchOrder, timeout_s: float | None = None) -> Answer:
        """Ask to stop dispatches and to remove them; their mRID or names will do.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._order(Verb.DELETE, orders, timeout_s)

    def get_dispatches(self, *references: GroupReference, timeout_s: float | None = None) -> Answer:
        """Ask what is ordered of groups; without references, of all of them.

        It is asked in generic style, whatever that of the client: no typed response can carry dispatches.

        Returns:
            An answer that holds the dispatches of the groups that were found.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        query = DERGroupQueries(references=references or (GroupReference(),))
        return self._get(Noun.DER_GROUP_DISPATCHES, query, timeout_s, style=Style.GENERIC)

    # -- switches of devices ---------------------------------------------------------------------------------------

    def control(self, *controls: EndDeviceControl, timeout_s: float | None = None) -> Answer:
        """Ask to connect or disconnect devices, without waiting for what becomes of it.

        Returns:
            Whether the controls are accepted. What each device has made of it comes later, as `created`
            `EndDeviceEvents`: see `switch`.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        return self._command(Verb.CREATE, EndDeviceControls(controls=controls), timeout_s)

    def switch(self, *controls: EndDeviceControl, timeout_s: float | None = None) -> Switching:
        """Ask to connect or disconnect devices, and collect what they tell of it; none of their events is missed.

        ::

            with dms.switch(control) as switching:
                switching.answer.raise_for_result()
                for event in switching.events(within_s=30.0, until=group.end_devices):
                    print(event.device.mrid, event.kind)

        Args:
            controls: one or more; the events do not say which of them they are of.
            timeout_s: seconds to wait for the answer, more than 0; None for the client's own.

        Returns:
            The answer and the events, which come in on a thread of their own. To be closed.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        request = self._commanding(Verb.CREATE, EndDeviceControls(controls=controls))
        assert request.header is not None
        self._follow_outcomes()
        outcomes = self._outcomes.open(request.header.correlation_id, request.header.message_id)
        try:
            answer = self.send(request, timeout_s=timeout_s)
        except BaseException:
            self._outcomes.close(outcomes)
            raise
        return Switching(answer, outcomes, self._outcomes)

    def _follow_outcomes(self) -> None:
        """Listen to what devices tell, from the first control on and for the life of this client."""
        with self._follow_lock:
            if not self._follows_outcomes:
                self._follow(
                    self._outcomes.take, verb=Verb.CREATED, noun=Noun.END_DEVICE_EVENTS, source=self._responder
                )
                self._follows_outcomes = True

    # -- in common -------------------------------------------------------------------------------------------------

    def _get(self, noun: Noun, query: Content, timeout_s: float | None, *, style: Style | None = None) -> Answer:
        request = self._request(Verb.GET, noun, request=Request(query=query), style=style)
        return self.send(request, timeout_s=timeout_s)

    def _order(self, verb: Verb, orders: tuple[DispatchOrder, ...], timeout_s: float | None) -> Answer:
        return self._command(verb, DERGroupDispatches(orders=orders), timeout_s)

    def _command(self, verb: Verb, content: _Commanded, timeout_s: float | None) -> Answer:
        return self.send(self._commanding(verb, content), timeout_s=timeout_s)

    def _commanding(self, verb: Verb, content: _Commanded) -> Envelope:
        return self._request(verb, Noun(type(content).__name__), payload=Payload(content=content))


def _named_by(reference: GroupReference, devices: tuple[EndDevice, ...] = ()) -> EndDeviceGroup:
    return EndDeviceGroup(mrid=reference.mrid, names=reference.names, end_devices=devices)
