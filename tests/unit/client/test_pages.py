"""Lists that come page by page, and what a get of dispatches can ask for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dermsbus.client import Answer, DMSClient
from dermsbus.domain.model import GroupReference, Name
from dermsbus.domain.quantities import CurveStyle, IntervalUnit, ParameterKind, ScheduleRequest
from dermsbus.errors import IDKind, ObjectID, RequestError
from dermsbus.messages.envelope import DERGroupQueries, DispatchOrder, Envelope, Property, Request, Style
from dermsbus.transports.base import Delivery
from tests.scripted_derms import OK, Derms, carrying

Make = Callable[..., DMSClient]

SCHEDULE = ScheduleRequest(
    style=CurveStyle.CONSTANT_Y_VALUE,
    intervals=4,
    starts_at=datetime(2024, 5, 1, 8, tzinfo=UTC),
    interval=15,
    interval_unit=IntervalUnit.MINUTE,
)


def options(request: Envelope) -> dict[str, str | None]:
    assert request.request is not None
    return {each.name: each.value for each in request.request.options}


def tell_page(derms: Derms, cursor: str | None, *mrids: str) -> tuple[Delivery, Envelope]:
    """Answer the next request with a page."""
    delivery, request = derms.next()
    said = derms.author.reply(request.outline, OK, carrying(*mrids))
    assert said.header is not None
    if cursor is not None:
        said = replace(said, header=replace(said.header, properties=(Property(name="dermsbus.cursor", value=cursor),)))
    derms.reply(delivery, said, correlation_id=delivery.correlation_id)
    return delivery, request


def mrids(answer: Answer) -> list[str | None]:
    return [each.mrid for each in answer.groups]


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", Style)
def test_every_get_can_state_a_limit(make: Make, derms: Derms, pool: ThreadPoolExecutor, style: Style) -> None:
    client = make(style=style)
    gets: list[Callable[..., Answer]] = [
        client.get_groups,
        client.get_statuses,
        client.get_dispatches,
        lambda limit: client.get_forecasts(parameters=[ParameterKind.ACTIVE_POWER], schedules=[SCHEDULE], limit=limit),
    ]
    for get in gets:
        answer = pool.submit(get, limit=20)
        _, request = derms.answer()
        assert answer.result(5).ok
        assert options(request) == {"dermsbus.limit": "20"}


def test_without_a_limit_nothing_is_said_of_it(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    answer = pool.submit(client.get_groups, name_plates=True)
    _, request = derms.answer()
    assert answer.result(5).cursor is None
    assert options(request) == {"DERNamePlate": "true"}


def test_a_limit_of_nothing_is_refused(make: Make) -> None:
    with pytest.raises(ValueError, match="1 or more; it is 0"):
        make().get_groups(limit=0)


# -- pages -------------------------------------------------------------------------------------------------------------


def test_pages_follow_the_cursor_to_the_end(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    reference = GroupReference(names=(Name(name="GA"),))
    told = pool.submit(
        lambda: [mrids(page) for page in client.pages(client.get_groups(reference, name_plates=True, limit=2))]
    )

    requests = [
        tell_page(derms, cursor, *page)[1]
        for cursor, page in (("c1", ("G-A", "G-B")), ("c2", ("G-C", "G-D")), (None, ("G-E",)))
    ]

    assert told.result(5) == [["G-A", "G-B"], ["G-C", "G-D"], ["G-E"]]
    first = {"DERNamePlate": "true", "dermsbus.limit": "2"}
    assert [options(request) for request in requests] == [
        first,
        first | {"dermsbus.cursor": "c1"},
        first | {"dermsbus.cursor": "c2"},
    ]
    headers = [request.header for request in requests]
    assert len({header.message_id for header in headers if header}) == 3
    assert len({header.correlation_id for header in headers if header}) == 3
    assert {request.request.query for request in requests if request.request} == {
        DERGroupQueries(references=(reference,))
    }


def test_no_page_is_asked_for_before_it_is_wanted(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    first = pool.submit(client.get_groups, limit=1)
    tell_page(derms, "c1", "G-A")
    pages = client.pages(first.result(5))

    assert mrids(next(pages)) == ["G-A"]
    assert derms.requests.empty()


def test_an_answer_without_cursor_is_its_only_page(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups, limit=100)
    tell_page(derms, None, "G-A")
    answer = future.result(5)
    assert list(client.pages(answer)) == [answer]


def test_a_responder_that_never_gets_further_is_found_out(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    told = pool.submit(lambda: list(client.pages(client.get_groups(limit=1))))
    for _ in range(2):
        tell_page(derms, "c1", "G-A")
    with pytest.raises(RequestError, match="'c1' again and again"):
        told.result(5)


def test_what_was_no_get_of_ours_is_not_sent_again_for_its_next_page(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make()
    future = pool.submit(client.delete_groups, GroupReference(mrid="G-A"))
    tell_page(derms, "c1", "G-A")
    pages = client.pages(future.result(5))

    assert mrids(next(pages)) == ["G-A"]
    with pytest.raises(ValueError, match="only the answer to a get"):
        next(pages)
    assert derms.requests.empty()


# -- dispatches --------------------------------------------------------------------------------------------------------


def asked(make: Make, derms: Derms, pool: ThreadPoolExecutor, *groups: GroupReference, **wanted: object) -> Request:
    """The Request part of a get of dispatches."""
    client = make(style=Style.TYPED)
    answer = pool.submit(client.get_dispatches, *groups, **wanted)
    _, envelope = derms.answer()
    assert answer.result(5).ok
    assert envelope.style is Style.GENERIC
    assert envelope.request is not None
    return envelope.request


def test_dispatches_of_a_time_are_asked_for(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    begin = datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=2)))

    request = asked(
        make, derms, pool, GroupReference(mrid="G-A"), start_at=begin, end_at=begin + timedelta(hours=1), limit=5
    )

    assert request.start_time is not None
    assert request.end_time is not None
    assert (request.start_time.text, request.end_time.text) == ("2024-05-01T08:00:00Z", "2024-05-01T09:00:00Z")
    assert request.query == DERGroupQueries(references=(GroupReference(mrid="G-A"),))


def test_single_dispatches_are_asked_for(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    request = asked(make, derms, pool, orders=[DispatchOrder(mrid="D-1"), DispatchOrder(names=(Name(name="noon"),))])

    assert request.query is None
    assert request.ids == (
        ObjectID(value="D-1", kind=IDKind.UUID, object_type="DERGroupDispatch"),
        ObjectID(value="noon", kind=IDKind.NAME, object_type="DERGroupDispatch"),
    )


@pytest.mark.parametrize(
    ("groups", "wanted", "says"),
    [
        ((GroupReference(mrid="G-A"),), {"orders": [DispatchOrder(mrid="D-1")]}, "either groups or dispatches"),
        ((), {"orders": [DispatchOrder()]}, "by its mRID or by a name"),
        ((), {"start_at": datetime(2024, 5, 1)}, "no time zone"),  # noqa: DTZ001 that is the point
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_sent(
    make: Make, groups: tuple[GroupReference, ...], wanted: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        make().get_dispatches(*groups, **wanted)


# -- in time or not at all ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", Style)
def test_requests_can_say_until_when_they_are_worth_anything(
    make: Make, derms: Derms, pool: ThreadPoolExecutor, style: Style
) -> None:
    client = make(style=style, execute_within_s=2.5)
    calls: list[Callable[[], Answer]] = [
        lambda: client.get_groups(limit=1),
        lambda: client.delete_groups(GroupReference(mrid="G-A")),
    ]
    for call, others in zip(calls, ({"dermsbus.limit": "1"}, {}), strict=True):
        answer = pool.submit(call)
        _, request = derms.answer()
        assert answer.result(5).ok
        assert options(request) == others | {"dermsbus.maxExecutionTime": "PT2.500S"}
