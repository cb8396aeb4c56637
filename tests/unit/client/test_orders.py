"""A DMS that asks for forecasts, gives orders and switches devices, and a DERMS that answers by hand."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from dermsbus.client import AnswerTimedOut, Direction, DMSClient, Switching, Traffic
from dermsbus.domain.controls import ControlKind, EndDeviceControl, EndDeviceEvent, EventKind
from dermsbus.domain.model import EndDevice, GroupReference, Name
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    GroupForecast,
    IntervalUnit,
    ParameterForecast,
    ParameterKind,
    Point,
    ScheduleRequest,
)
from dermsbus.errors import ConnectionLost
from dermsbus.messages.answers import entry
from dermsbus.messages.envelope import (
    Content,
    DERGroupDispatches,
    DERGroupForecastQueries,
    DERGroupForecasts,
    DERGroupQueries,
    DERGroups,
    DispatchOrder,
    EndDeviceControls,
    EndDeviceEvents,
    Envelope,
    Noun,
    Payload,
    Reply,
    Result,
    Style,
    Verb,
)
from dermsbus.transports.base import Outgoing
from dermsbus.transports.memory import MemoryTransport
from tests.scripted_derms import OK, Derms, group

Make = Callable[..., DMSClient]

NINE = datetime(2024, 5, 1, 9, tzinfo=UTC)
GA = GroupReference(mrid="G-A")
HALF_HOUR = Curve(
    style=CurveStyle.CONSTANT_Y_VALUE,
    points=(Point(at=NINE, nominal=900.0),),
    ends_at=NINE + timedelta(minutes=30),
    interval=30,
    interval_unit=IntervalUnit.MINUTE,
)
ORDER = DispatchOrder(mrid="D-1", group=GA, parameter=ParameterKind.ACTIVE_POWER, curves=(HALF_HOUR,))
DISCONNECT = EndDeviceControl(kind=ControlKind.DISCONNECT, groups=(GA,))
ONE, TWO = EndDevice(mrid="DEV-1"), EndDevice(mrid="DEV-2")


def command_of(envelope: Envelope) -> tuple[str, str, Content | None]:
    assert envelope.header is not None
    content = envelope.payload.content if envelope.payload else None
    return envelope.header.verb, envelope.header.noun, content


# -- forecasts and dispatches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", list(Style))
def test_a_forecast_is_asked_for_with_its_own_query_and_comes_as_values(
    make: Make, derms: Derms, pool: ThreadPoolExecutor, style: Style
) -> None:
    quarters = ScheduleRequest(
        style=CurveStyle.CONSTANT_Y_VALUE, intervals=4, starts_at=NINE, interval=15, interval_unit=IntervalUnit.MINUTE
    )
    told = GroupForecast(
        mrid="F-1",
        group=GA,
        created_at=NINE,
        parameters=(ParameterForecast(parameter=ParameterKind.ACTIVE_POWER, curves=(HALF_HOUR,)),),
    )
    client = make(style=style)
    asked = pool.submit(client.get_forecasts, GA, parameters=[ParameterKind.ACTIVE_POWER], schedules=[quarters])

    _, envelope = derms.answer(OK, Payload(content=DERGroupForecasts(forecasts=(told,))))

    assert envelope.request is not None
    assert envelope.request.query == DERGroupForecastQueries(
        references=(GA,), parameters=(ParameterKind.ACTIVE_POWER,), schedules=(quarters,)
    )
    assert asked.result(5).forecasts == (told,)
    assert asked.result(5).dispatches == ()


@pytest.mark.parametrize("style", list(Style))
def test_each_verb_of_a_dispatch_says_on_the_wire_what_it_is_named_for(
    make: Make, derms: Derms, pool: ThreadPoolExecutor, style: Style
) -> None:
    client = make(style=style)
    by_mrid = DispatchOrder(mrid="D-1")
    calls = [
        (client.create_dispatches, ORDER, "create"),
        (client.change_dispatches, ORDER, "change"),
        (client.cancel_dispatches, by_mrid, "cancel"),
        (client.close_dispatches, by_mrid, "close"),
        (client.delete_dispatches, by_mrid, "delete"),
    ]
    for call, order, verb in calls:
        asked = pool.submit(call, order)
        _, envelope = derms.answer()
        assert command_of(envelope) == (verb, "DERGroupDispatches", DERGroupDispatches(orders=(order,)))
        assert asked.result(5).ok


def test_the_mrid_and_the_notes_that_were_given_to_a_dispatch_are_in_the_answer(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make()
    asked = pool.submit(client.create_dispatches, ORDER)
    said = Reply(result=Result.OK, errors=(entry("0.0", "clipped to 500 W"), entry("0.0")))
    derms.answer(said, Payload(content=DERGroupDispatches(orders=(ORDER,))))
    answer = asked.result(5)
    assert (answer.dispatches, answer.notes, answer.failures) == ((ORDER,), ("clipped to 500 W",), ())


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("references", [(GA,), ()])
def test_dispatches_are_asked_for_with_the_query_of_groups_in_generic_style(
    make: Make, derms: Derms, pool: ThreadPoolExecutor, style: Style, references: tuple[GroupReference, ...]
) -> None:
    client = make(style=style)
    asked = pool.submit(client.get_dispatches, *references)
    _, envelope = derms.answer(OK, Payload(content=DERGroupDispatches(orders=(ORDER,))))
    assert command_of(envelope)[:2] == ("get", "DERGroupDispatches")
    assert (envelope.style, envelope.root) == (Style.GENERIC, "RequestMessage")
    assert envelope.request is not None
    assert envelope.request.query == DERGroupQueries(references=references or (GroupReference(),))
    assert asked.result(5).dispatches == (ORDER,)
    assert asked.result(5).envelope.root == "ResponseMessage"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Outgoing]:
    """What is published in the course of the test."""
    messages: list[Outgoing] = []
    publish = MemoryTransport.publish

    def noted(transport: MemoryTransport, outgoing: Sequence[Outgoing], timeout_s: float = 10.0) -> object:
        messages.extend(outgoing)
        return publish(transport, outgoing, timeout_s)

    monkeypatch.setattr(MemoryTransport, "publish", noted)
    return messages


@pytest.mark.parametrize(
    ("commands", "key"),
    [
        (DERGroups(groups=(group("G-A"),)), "G-A"),
        (DERGroups(groups=(group("G-A"), group("G-B"))), None),
        (DERGroupDispatches(orders=(ORDER, ORDER)), "G-A"),
        (DERGroupDispatches(orders=(ORDER, DispatchOrder(mrid="D-9"))), None),
        (EndDeviceControls(controls=(DISCONNECT,)), "G-A"),
        (EndDeviceControls(controls=(EndDeviceControl(kind=ControlKind.CONNECT, groups=(GA,), devices=(ONE,)),)), None),
        (EndDeviceControls(controls=(EndDeviceControl(kind=ControlKind.CONNECT, devices=(ONE,)),)), None),
    ],
)
def test_commands_about_one_group_are_kept_in_order_by_the_broker(
    make: Make,
    derms: Derms,
    published: list[Outgoing],
    commands: DERGroups | DERGroupDispatches | EndDeviceControls,
    key: str | None,
) -> None:
    client = make()
    with derms.answering(lambda _: (OK, None)):
        match commands:
            case DERGroups(groups=groups):
                client.change_groups(*groups)
            case DERGroupDispatches(orders=orders):
                client.cancel_dispatches(*orders)
            case EndDeviceControls(controls=controls):
                client.control(*controls)
    assert published[0].order_key == key


# -- switching -----------------------------------------------------------------------------------------------------


def told(device: EndDevice, kind: EventKind = EventKind.DISCONNECTED, mrid: str | None = None) -> EndDeviceEvent:
    return EndDeviceEvent(mrid=mrid or f"E-{device.mrid}", kind=kind, device=device, created_at=NINE)


def tell(derms: Derms, correlation_id: str | None, *events: EndDeviceEvent, source: str = "derms1") -> None:
    derms.tell(
        Verb.CREATED,
        source=source,
        payload=Payload(content=EndDeviceEvents(events=events)),
        noun=Noun.END_DEVICE_EVENTS,
        correlation_id=correlation_id,
    )


def correlation_of(envelope: Envelope) -> str | None:
    assert envelope.header is not None
    return envelope.header.correlation_id


def switched(derms: Derms, asked: Future[Switching], *first: EndDeviceEvent) -> tuple[Switching, Envelope]:
    """The answer comes after the events *first*."""
    delivery, envelope = derms.next()
    if first:
        tell(derms, correlation_of(envelope), *first)
    derms.reply(delivery, derms.author.reply(envelope.outline, OK), correlation_id=delivery.correlation_id)
    return asked.result(5), envelope


def test_a_control_says_on_the_wire_what_it_asks(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    asked = pool.submit(client.control, DISCONNECT)
    _, envelope = derms.answer()
    assert command_of(envelope) == ("create", "EndDeviceControls", EndDeviceControls(controls=(DISCONNECT,)))
    assert asked.result(5).ok


def test_what_a_device_tells_before_the_reply_is_not_missed(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    switching, envelope = switched(derms, pool.submit(client.switch, DISCONNECT), told(ONE))
    tell(derms, correlation_of(envelope), told(TWO, EventKind.DISCONNECT_FAILED))
    with switching:
        assert switching.answer.ok
        assert list(switching.events(5, until=(ONE, TWO))) == [told(ONE), told(TWO, EventKind.DISCONNECT_FAILED)]


def test_what_others_asked_for_and_others_tell_is_passed_over(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make()
    mine, envelope = switched(derms, pool.submit(client.switch, DISCONNECT))
    other, _ = switched(derms, pool.submit(client.switch, DISCONNECT))
    tell(derms, None, told(ONE))
    tell(derms, "somebody", told(ONE))
    tell(derms, correlation_of(envelope), told(ONE), source="derms2")
    tell(derms, correlation_of(envelope), told(TWO))
    assert list(mine.events(5, until=(TWO,))) == [told(TWO)]
    assert list(other.events(0)) == []


def test_an_event_that_comes_twice_is_given_once(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    switching, envelope = switched(derms, pool.submit(client.switch, DISCONNECT), told(ONE), told(ONE))
    tell(derms, correlation_of(envelope), told(ONE), told(TWO))
    assert list(switching.events(5, until=(ONE, TWO))) == [told(ONE), told(TWO)]


def test_a_peer_that_gives_the_message_id_in_its_events_is_understood(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make()
    switching, envelope = switched(derms, pool.submit(client.switch, DISCONNECT))
    assert envelope.header is not None
    tell(derms, envelope.header.message_id, told(ONE))
    assert list(switching.events(5, until=(ONE,))) == [told(ONE)]


def test_who_has_not_told_by_the_end_of_the_time_is_known(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    named = EndDevice(names=(Name(name="pump"),))
    by_both = EndDevice(mrid="DEV-4", names=(Name(name="fan"),))
    switching, _ = switched(
        derms, pool.submit(client.switch, DISCONNECT), told(ONE), told(EndDevice(names=(Name(name="fan"),)), mrid="E-4")
    )
    assert len(list(switching.events(0.2, until=(ONE, named, by_both, TWO)))) == 2
    assert switching.silent((ONE, named, by_both, TWO)) == (named, TWO)
    assert list(switching.events(5, until=())) == [], "nobody is waited for"


def test_events_go_on_where_they_were_left(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    switching, _ = switched(derms, pool.submit(client.switch, DISCONNECT), told(ONE), told(TWO))
    assert next(switching.events(5)) == told(ONE)
    assert list(switching.events(5, until=(ONE, TWO))) == [told(TWO)]


def test_after_closing_nothing_is_collected(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    with switched(derms, pool.submit(client.switch, DISCONNECT))[0] as closed:
        pass
    open_one, envelope = switched(derms, pool.submit(client.switch, DISCONNECT))
    correlation_id = next(iter(closed._outcomes.ids))
    tell(derms, correlation_id, told(ONE))
    tell(derms, correlation_of(envelope), told(TWO))
    assert list(open_one.events(5, until=(TWO,))) == [told(TWO)]
    assert list(closed.events(0)) == []


def test_a_callback_of_events_may_switch_and_wait(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    seen: queue.SimpleQueue[list[EndDeviceEvent]] = queue.SimpleQueue()
    client.events(
        lambda _: seen.put(list(client.switch(DISCONNECT).events(5, until=(ONE,)))), noun=Noun.DER_GROUPS.value
    )
    derms.tell(Verb.CREATED)
    delivery, envelope = derms.next()
    derms.reply(delivery, derms.author.reply(envelope.outline, OK), correlation_id=delivery.correlation_id)
    tell(derms, correlation_of(envelope), told(ONE))
    assert seen.get(timeout=5) == [told(ONE)]


def test_an_event_that_cannot_be_read_harms_nobody(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    switching, envelope = switched(derms, pool.submit(client.switch, DISCONNECT))
    derms.tell(Verb.CREATED, b"abcd", noun=Noun.END_DEVICE_EVENTS)
    tell(derms, correlation_of(envelope), told(ONE))
    assert list(switching.events(5, until=(ONE,))) == [told(ONE)]


def test_a_watcher_sees_what_devices_tell(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    seen: queue.SimpleQueue[Traffic] = queue.SimpleQueue()
    client.watch(seen.put)
    switching, _ = switched(derms, pool.submit(client.switch, DISCONNECT), told(ONE))
    assert list(switching.events(5, until=(ONE,)))
    assert [seen.get(timeout=5).direction for _ in range(3)] == [Direction.SENT, Direction.EVENT, Direction.REPLY]


def test_without_an_answer_to_a_control_nothing_is_collected(make: Make, derms: Derms) -> None:
    client = make()
    with pytest.raises(AnswerTimedOut):
        client.switch(DISCONNECT, timeout_s=0.05)
    assert not client._outcomes._open


def test_stopping_the_client_ends_the_waiting_for_devices(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    switching, _ = switched(derms, pool.submit(client.switch, DISCONNECT), told(ONE))
    waiting = pool.submit(lambda: list(switching.events(60, until=(TWO,))))
    client.stop()
    with pytest.raises(ConnectionLost, match="before all devices had told"):
        waiting.result(5)
    with pytest.raises(ConnectionLost):
        next(switching.events(60))
