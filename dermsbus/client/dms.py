"""`DMSClient`: what a DMS asks of a DERMS, a call for each verb and noun.

Source: "who sends what to whom" of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from uuid import uuid4

from dermsbus.client.answer import Answer
from dermsbus.client.requester import Requester
from dermsbus.client.switching import OutcomeBoard, Switching
from dermsbus.domain.controls import EndDeviceControl
from dermsbus.domain.dispatch_rules import dispatch_id
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference, Instant
from dermsbus.domain.quantities import ParameterKind, ScheduleRequest
from dermsbus.errors import ObjectID, RequestError
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
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
    Property,
    Request,
    Style,
    Verb,
)
from dermsbus.messages.name_plates import ASKING_OPTION
from dermsbus.messages.options import CURSOR, LIMIT
from dermsbus.messages.times import instant_of, now_instant
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
        compress_above_bytes: a payload of more bytes goes out as Compressed, where the message has room for that; 0 for
            never.
        answers_later: every call returns a receipt, to be followed by `await_later`, and the answer comes to
            `reply_address`; the responder has to know that address.
        execute_within_s: requests say that they are worth nothing any more so many seconds later, more than 0; None to
            say nothing. A responder that does not know of it carries them out whenever it can.

    Source: house choice, ADR 6, ADR 29.
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
        compress_above_bytes: int = 0,
        answers_later: bool = False,
        execute_within_s: float | None = None,
    ) -> None:
        super().__init__(
            transport,
            codec,
            responder=responder,
            source=source,
            context=context,
            style=style,
            timeout_s=timeout_s,
            compress_above_bytes=compress_above_bytes,
            answers_later=answers_later,
            execute_within_s=execute_within_s,
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
        self,
        *references: GroupReference,
        name_plates: bool = False,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Ask for groups; without references, for all of them.

        Args:
            references: to groups, by mRID or names.
            name_plates: ask for the name plates of their devices too; a responder without that extension, or with it
                switched off, tells the groups alone.
            limit: most groups that are to be told, 1 or more; None for all. For the others, see `pages`; a responder
                that does not know of limits tells all.
            timeout_s: seconds to wait, more than 0; None for the client's own.

        Returns:
            An answer that holds the groups that were found.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        query = DERGroupQueries(references=references or (GroupReference(),))
        request = Request(options=(ASKING_OPTION,) if name_plates else (), query=query)
        return self._get(Noun.DER_GROUPS, request, limit, timeout_s)

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

    def get_statuses(
        self, *references: GroupReference, limit: int | None = None, timeout_s: float | None = None
    ) -> Answer:
        """Ask what groups do now; without references, all of them.

        Args:
            references: groups.
            limit: most groups that are to be told of, as in `get_groups`.
            timeout_s: seconds to wait, more than 0; None for the client's own.

        Returns:
            An answer that holds the statuses of the groups that were found.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        query = DERGroupStatusQueries(references=references or (GroupReference(),))
        return self._get(Noun.DER_GROUP_STATUSES, Request(query=query), limit, timeout_s)

    def get_forecasts(
        self,
        *references: GroupReference,
        parameters: Sequence[ParameterKind],
        schedules: Sequence[ScheduleRequest],
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Ask what is expected of groups; without references, of all of them.

        Args:
            references: groups.
            parameters: one or more; of a parameter that a group has no function for, nothing is told.
            schedules: one or more: for which intervals.
            limit: most groups that are to be told of, as in `get_groups`.
            timeout_s: seconds to wait, more than 0; None for the client's own.

        Returns:
            An answer that holds the forecasts of the groups that were found: every parameter for every schedule.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
        """
        query = DERGroupForecastQueries(
            references=references or (GroupReference(),), parameters=tuple(parameters), schedules=tuple(schedules)
        )
        return self._get(Noun.DER_GROUP_FORECASTS, Request(query=query), limit, timeout_s)

    # -- long lists ------------------------------------------------------------------------------------------------

    def pages(self, first: Answer) -> Iterator[Answer]:
        """*first*, and after it each answer that goes on where the one before it ended, asked for when it is wanted.

        ::

            for page in dms.pages(dms.get_groups(limit=100)):
                show(page.groups)

        Args:
            first: the answer to a get that stated a limit. Where the responder fails to go on, the last one says so.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
            RequestError: the responder goes on from where it went on before, without end.
            ValueError: there is more than *first* tells, and what it was asked for is not known, or is no get.
        """
        page, asked_for = first, set[str]()
        yield page
        while (cursor := page.cursor) is not None:
            if cursor in asked_for:
                details = f"the responder goes on at {cursor[:64]!r} again and again: ask without a limit"
                raise RequestError(details, code="5.3")
            asked_for.add(cursor)
            page = self.await_later(self.send(_further(first.asked.request, cursor)))
            yield page

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

    def get_dispatches(
        self,
        *references: GroupReference,
        orders: Sequence[DispatchOrder] = (),
        start_at: datetime | None = None,
        end_at: datetime | None = None,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Ask what is ordered: of groups, of all of them where nothing is named, or certain dispatches.

        It is asked in generic style, whatever that of the client: no typed response can carry dispatches.

        Args:
            references: groups.
            orders: dispatches in place of groups; their mRID, or else the first of their names, will do.
            start_at: aware; only what is ordered for some time after it. Where it or *end_at* is given, what is over is
                told too.
            end_at: aware; only what is ordered for some time before it.
            limit: most dispatches that are to be told, as in `get_groups`.
            timeout_s: seconds to wait, more than 0; None for the client's own.

        Returns:
            An answer that holds the dispatches that were found.

        Raises:
            AnswerTimedOut, UnreadableAnswer, TransportError: there is no answer, as of `send`.
            ValueError: both groups and dispatches are named, or a dispatch without mRID and name, or a time is naive.
        """
        if references and orders:
            raise ValueError("name either groups or dispatches: a request for both is not defined")
        request = Request(
            start_time=_instant(start_at),
            end_time=_instant(end_at),
            ids=tuple(map(_dispatch_id, orders)),
            query=None if orders else DERGroupQueries(references=references or (GroupReference(),)),
        )
        return self._get(Noun.DER_GROUP_DISPATCHES, request, limit, timeout_s, style=Style.GENERIC)

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

    def _get(
        self, noun: Noun, request: Request, limit: int | None, timeout_s: float | None, *, style: Style | None = None
    ) -> Answer:
        if limit is not None:
            if limit < 1:
                raise ValueError(f"limit must be 1 or more; it is {limit}")
            request = replace(request, options=(*request.options, Property(name=LIMIT, value=str(limit))))
        return self.send(self._request(Verb.GET, noun, request=request, style=style), timeout_s=timeout_s)

    def _order(self, verb: Verb, orders: tuple[DispatchOrder, ...], timeout_s: float | None) -> Answer:
        return self._command(verb, DERGroupDispatches(orders=orders), timeout_s)

    def _command(self, verb: Verb, content: _Commanded, timeout_s: float | None) -> Answer:
        return self.send(self._commanding(verb, content), timeout_s=timeout_s)

    def _commanding(self, verb: Verb, content: _Commanded) -> Envelope:
        return self._request(verb, Noun(type(content).__name__), payload=Payload(content=content))


def _further(request: Envelope | None, cursor: str) -> Envelope:
    """A new request for what *request* asks for, from *cursor* on."""
    if request is None or request.header is None or request.request is None or request.header.verb is not Verb.GET:
        raise ValueError("only the answer to a get that this client has sent can be followed by further pages")
    header = replace(request.header, timestamp=now_instant(), message_id=str(uuid4()), correlation_id=str(uuid4()))
    others = (each for each in request.request.options if each.name != CURSOR)
    options = (*others, Property(name=CURSOR, value=cursor))
    return replace(request, header=header, request=replace(request.request, options=options))


def _dispatch_id(order: DispatchOrder) -> ObjectID:
    told = dispatch_id(order.mrid, order.names)
    if told is None:
        raise ValueError("a dispatch is found by its mRID or by a name: state one of them")
    return told


def _instant(at: datetime | None) -> Instant | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"{at} states no time zone: nobody else knows which is meant")
    return instant_of(at)


def _named_by(reference: GroupReference, devices: tuple[EndDevice, ...] = ()) -> EndDeviceGroup:
    return EndDeviceGroup(mrid=reference.mrid, names=reference.names, end_devices=devices)
