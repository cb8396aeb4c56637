"""Our own DMS at our own DERMS: later answers, lists page by page, compressed messages, orders of a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dermsbus.client import DMSClient
from dermsbus.domain.model import EndDevice, GroupReference
from dermsbus.domain.quantities import Curve, CurveStyle, IntervalUnit, ParameterKind, Point
from dermsbus.errors import DispatchNotFound
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import DispatchOrder, Result, Style
from dermsbus.transports.memory import MemoryTransport
from tests.scripted_derms import group

Build = Callable[..., Any]


def dms(house: Any, **options: Any) -> DMSClient:
    return DMSClient(MemoryTransport(house.bus), Codec(), responder="derms1", timeout_s=10.0, **options)


def create(client: DMSClient, *mrids: str) -> None:
    client.create_groups(*map(group, mrids)).raise_for_result()


# -- later answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", Style)
def test_a_receipt_is_followed_by_the_answer(build: Build, style: Style) -> None:
    house = build(reply_addresses=["cim.production.rep.*"])
    with dms(house, answers_later=True, style=style) as client:
        receipt = client.create_groups(group("G-A")).raise_for_result()
        created = client.await_later(receipt)
        groups = client.await_later(client.get_groups())

    assert (receipt.is_receipt, created.is_receipt) == (True, False)
    assert [error.code for error in created.errors] == ["0.0"]
    assert [each.mrid for each in groups.groups] == ["G-A"]


def test_the_answer_waits_for_a_client_that_was_away(build: Build) -> None:
    house = build(reply_addresses=["cim.production.rep.*"])
    with dms(house, answers_later=True) as client:
        correlation_id = client.create_groups(group("G-A")).correlation_id

    with dms(house) as another:
        assert another.await_later(correlation_id).ok


def test_where_later_answers_are_not_allowed_the_refusal_is_there_at_once(house: Any) -> None:
    with dms(house, answers_later=True) as client:
        refused = client.await_later(client.create_groups(group("G-A")))

    assert (refused.result, [error.code for error in refused.errors]) == (Result.FAILED, ["7.7"])


# -- Compressed --------------------------------------------------------------------------------------------------------


def test_a_compressed_request_does_what_a_plain_one_does(house: Any) -> None:
    members = tuple(f"DEV-{number}" for number in range(500))
    with dms(house, compress_above_bytes=1000) as client:
        client.create_groups(group("G-A", *members)).raise_for_result()
        client.add_members(GroupReference(mrid="G-A"), EndDevice(mrid="DEV-X")).raise_for_result()
        (found,) = client.get_groups().groups

    assert [device.mrid for device in found.end_devices] == [*members, "DEV-X"]


def test_a_compressed_reply_is_used_as_any_other(build: Build) -> None:
    house = build(peers={"dms1": {"compress_above_bytes": 1000}})
    with dms(house) as client:
        create(client, *(f"G-{number:02}" for number in range(20)))
        answer = client.get_groups()

    assert b"Compressed" in answer.body
    assert len(answer.groups) == 20


# -- page by page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", Style)
def test_all_groups_come_page_by_page_each_once(house: Any, style: Style) -> None:
    mrids = [f"G-{number:02}" for number in range(7)]
    with dms(house, style=style) as client:
        create(client, *mrids)
        pages = [[each.mrid for each in page.groups] for page in client.pages(client.get_groups(limit=3))]
        statuses = [len(page.statuses) for page in client.pages(client.get_statuses(limit=5))]

    assert pages == [mrids[:3], mrids[3:6], mrids[6:]]
    assert sum(statuses) == 7


def test_pages_come_later_too(build: Build) -> None:
    house = build(reply_addresses=["cim.production.rep.*"])
    with dms(house, answers_later=True) as client:
        client.await_later(client.create_groups(*map(group, ("G-A", "G-B", "G-C")))).raise_for_result()
        first = client.await_later(client.get_groups(limit=2))
        pages = [[each.mrid for each in page.groups] for page in client.pages(first)]

    assert pages == [["G-A", "G-B"], ["G-C"]]


# -- answers in several messages ---------------------------------------------------------------------------------------


def test_several_callers_each_get_their_whole_answer(build: Build) -> None:
    house = build(reply_bytes=16 * 1024)
    mrids = [f"G-{number:03}" for number in range(100)]
    with dms(house) as client, ThreadPoolExecutor(3) as pool:
        create(client, *mrids)
        answers = [future.result(20) for future in [pool.submit(client.get_groups) for _ in range(3)]]

    for answer in answers:
        assert answer.ok
        assert [part.sequence for part in answer.parts] == list(range(1, len(answer.parts) + 1))
        assert len(answer.parts) > 1
        assert [each.mrid for each in answer.groups] == mrids


def test_a_later_answer_comes_in_several_messages_as_well(build: Build) -> None:
    house = build(reply_bytes=16 * 1024, reply_addresses=["cim.production.rep.*"])
    mrids = [f"G-{number:03}" for number in range(100)]
    with dms(house) as client:
        create(client, *mrids)
    with dms(house, answers_later=True) as client:
        answer = client.await_later(client.get_groups())

    assert len(answer.parts) > 1
    assert [each.mrid for each in answer.groups] == mrids


# -- orders of a time --------------------------------------------------------------------------------------------------


def order(mrid: str, begins_at: datetime) -> DispatchOrder:
    """Half an hour of 1 kW."""
    curve = Curve(
        style=CurveStyle.CONSTANT_Y_VALUE,
        points=(Point(at=begins_at, nominal=1000.0),),
        ends_at=begins_at + timedelta(minutes=30),
        interval=30,
        interval_unit=IntervalUnit.MINUTE,
    )
    group_ = GroupReference(mrid="G-A")
    return DispatchOrder(mrid=mrid, group=group_, parameter=ParameterKind.ACTIVE_POWER, curves=(curve,))


def test_orders_are_found_by_their_time_and_by_their_names(house: Any) -> None:
    noon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    with dms(house) as client:
        create(client, "G-A")
        client.create_dispatches(order("D-1", noon), order("D-2", noon + timedelta(hours=2))).raise_for_result()
        asked = (
            client.get_dispatches(),
            client.get_dispatches(GroupReference(mrid="G-A"), end_at=noon + timedelta(hours=1)),
            client.get_dispatches(start_at=noon + timedelta(hours=1)),
            client.get_dispatches(orders=[DispatchOrder(mrid="D-2")]),
        )
        unknown = client.get_dispatches(orders=[DispatchOrder(mrid="D-9")])
        pages = [[each.mrid for each in page.dispatches] for page in client.pages(client.get_dispatches(limit=1))]

    assert [[each.mrid for each in answer.dispatches] for answer in asked] == [
        ["D-1", "D-2"],
        ["D-1"],
        ["D-2"],
        ["D-2"],
    ]
    with pytest.raises(DispatchNotFound):
        unknown.raise_for_result()
    assert pages == [["D-1"], ["D-2"]]


# -- in time or not at all ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", Style)
def test_requests_that_say_until_when_are_served_before_that(house: Any, style: Style) -> None:
    with dms(house, execute_within_s=20.0, style=style) as client:
        create(client, "G-A", "G-B")
        assert len(client.get_groups(limit=1).groups) == 1
        assert client.remove_members(GroupReference(mrid="G-A"), EndDevice(mrid="D")).failures
