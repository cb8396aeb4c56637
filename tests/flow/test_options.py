"""What a request may ask for beside its objects: a page of them, a time; and what of it means nothing here."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.store.base import NonceRecord
from dermsbus.store.sqlite import SqliteStore
from tests import builders as xml
from tests.flow.peer import Message
from tests.flow.plant import Plant, battery
from tests.flow.seen import forecasts_seen, orders_seen, statuses_seen
from tests.flow.test_long_answers import SMALL, all_names, ask, group, header_property

Build = Callable[..., Any]

LIMIT, CURSOR, TIME = "dermsbus.limit", "dermsbus.cursor", "dermsbus.maxExecutionTime"


def option(name: str, value: object = None) -> str:
    return xml.element("Option", name=name, value=value)


def get(*options: str, noun: str = "DERGroups", query: str | None = None, **fields: Any) -> bytes:
    asked = query or xml.der_group_queries(xml.group())
    fields.setdefault("message_id", str(uuid4()))
    return xml.generic("get", noun, request="".join(options) + asked, **fields)


def create(house: Any, *numbers: int) -> None:
    payload = xml.der_groups(*map(group, numbers))
    assert house.dms.ask(xml.generic("create", "DERGroups", payload=payload, message_id=str(uuid4()))).result == "OK"


def delete(house: Any, number: int) -> None:
    payload = xml.der_groups(xml.group(mrid=f"G-{number:04}"))
    assert house.dms.ask(xml.generic("delete", "DERGroups", payload=payload, message_id=str(uuid4()))).result == "OK"


def page(house: Any, limit: int, cursor: str | None = None, **fields: Any) -> Message:
    after = [option(CURSOR, cursor)] if cursor else []
    return house.dms.ask(get(option(LIMIT, limit), *after, **fields))  # type: ignore[no-any-return]


def cursor_of(message: Message) -> str | None:
    return header_property(message, CURSOR)


def mrids(message: Message) -> list[str | None]:
    return [each.mrid for each in message.groups]


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_limit_is_how_many_groups_an_answer_tells_in_the_order_of_their_mrids(house: Any) -> None:
    create(house, 3, 1, 4, 0, 2)

    reply = page(house, 2)

    assert (reply.result, reply.codes, mrids(reply)) == ("OK", ["0.0"], ["G-0000", "G-0001"])
    assert cursor_of(reply)


def test_the_cursor_of_an_answer_asks_for_what_comes_next_until_there_is_none(house: Any) -> None:
    create(house, 3, 1, 4, 0, 2)

    first = page(house, 2)
    second = page(house, 2, cursor_of(first))
    third = page(house, 2, cursor_of(second))

    assert [mrids(each) for each in (first, second, third)] == [
        ["G-0000", "G-0001"],
        ["G-0002", "G-0003"],
        ["G-0004"],
    ]
    assert [each.result for each in (first, second, third)] == ["OK"] * 3
    assert cursor_of(third) is None


@pytest.mark.parametrize("limit", [5, 6, 999_999_999, "0005", " 5 "])
def test_where_all_fits_there_is_no_cursor(house: Any, limit: Any) -> None:
    create(house, 3, 1, 4, 0, 2)

    reply = page(house, limit)

    assert (len(reply.groups), cursor_of(reply)) == (5, None)


def test_without_a_limit_a_cursor_asks_for_all_the_rest(house: Any) -> None:
    create(house, 3, 1, 4, 0, 2)
    cursor = cursor_of(page(house, 2))

    rest = house.dms.ask(get(option(CURSOR, cursor)))

    assert (mrids(rest), cursor_of(rest)) == (["G-0002", "G-0003", "G-0004"], None)


def test_what_happens_meanwhile_neither_shifts_the_next_page_nor_breaks_it(house: Any) -> None:
    create(house, 10, 20, 30, 40, 50)
    first = page(house, 2)
    create(house, 5, 15, 25)
    delete(house, 20)  # the last that was told
    delete(house, 40)

    second = page(house, 2, cursor_of(first))
    third = page(house, 2, cursor_of(second))

    assert [mrids(each) for each in (first, second, third)] == [
        ["G-0010", "G-0020"],
        ["G-0025", "G-0030"],
        ["G-0050"],
    ]


def test_a_page_behind_which_everything_is_gone_is_empty(house: Any) -> None:
    create(house, 1, 2)
    first = page(house, 1)
    delete(house, 2)

    reply = page(house, 1, cursor_of(first))

    assert (reply.result, reply.codes, reply.groups, cursor_of(reply)) == ("OK", ["0.0"], [], None)


def test_a_cursor_outlives_a_new_start(build: Build) -> None:
    first, second = build(), build()
    for house in (first, second):
        create(house, 1, 2, 3)

    assert mrids(page(second, 1, cursor_of(page(first, 1)))) == ["G-0002"]


def test_groups_that_are_not_there_are_told_of_with_the_first_page_alone(house: Any) -> None:
    create(house, 1, 2, 3)
    query = xml.der_group_queries(xml.group(name="nobody"), xml.group())

    first = page(house, 2, query=query)
    second = page(house, 2, cursor_of(first), query=query)

    assert (first.result, first.codes, mrids(first)) == ("PARTIAL", ["99.1", "0.2"], ["G-0001", "G-0002"])
    assert (second.result, second.codes, mrids(second)) == ("OK", ["0.0"], ["G-0003"])


def test_a_typed_get_has_pages_too(house: Any) -> None:
    create(house, 1, 2, 3)
    options = f"<w:Option><name>{LIMIT}</name><value>2</value></w:Option>"

    reply = house.dms.ask(
        xml.typed(
            "DERGroupQueriesRequestMessage",
            "DERGroupQueries",
            "get",
            "DERGroups",
            request=f"{options}{xml.der_group_queries(xml.group())}",
        )
    )

    assert (mrids(reply), bool(cursor_of(reply))) == (["G-0001", "G-0002"], True)


def test_statuses_have_pages(house: Any) -> None:
    create(house, 3, 1, 2)
    query = xml.payload("DERGroupStatusQueries", "<EndDeviceGroup/>")

    first = page(house, 2, noun="DERGroupStatuses", query=query)
    second = page(house, 2, cursor_of(first), noun="DERGroupStatuses", query=query)

    assert [[each.name for each in statuses_seen(reply)] for reply in (first, second)] == [
        ["group 1", "group 2"],
        ["group 3"],
    ]
    assert cursor_of(second) is None


def test_orders_and_forecasts_have_pages(make_plant: Callable[..., Plant]) -> None:
    plant = make_plant(battery("D1"), push={"status_period_s": 0, "forecast_period_s": 0})
    for name in ("GC", "GA", "GB"):
        plant.group(name, "D1")
        assert plant.order("create", plant.dispatch(name, 1, mrid=f"O-{name}")).result == "OK"
    ids = "".join(f'<ID kind="name">{name}</ID>' for name in ("GC", "GA", "GB"))

    orders = [page(plant, 2, noun="DERGroupDispatches")]
    orders.append(page(plant, 2, cursor_of(orders[0]), noun="DERGroupDispatches"))
    forecasts = [page(plant, 2, noun="DERGroupForecasts", query=ids)]
    forecasts.append(page(plant, 2, cursor_of(forecasts[0]), noun="DERGroupForecasts", query=ids))

    assert [[each.mrid for each in orders_seen(reply)] for reply in orders] == [["O-GA", "O-GB"], ["O-GC"]]
    assert [[each.group_name for each in forecasts_seen(reply)] for reply in forecasts] == [["GA", "GB"], ["GC"]]
    assert [cursor_of(orders[1]), cursor_of(forecasts[1])] == [None, None]


def test_a_page_that_is_too_large_for_one_message_comes_in_several_with_the_same_cursor(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    create(house, *range(100))

    messages = ask(house.dms, get(option(LIMIT, 70)))

    assert all_names(messages) == [f"group {number}" for number in range(70)]
    assert len(messages) > 1
    (cursor,) = {cursor_of(message) for message in messages}
    assert mrids(page(house, 1, cursor)) == ["G-0070"]


def test_a_peer_that_reads_one_message_only_gets_everything_in_pages(build: Build) -> None:
    house = build(reply_bytes=SMALL, peers={"dms1": {"chunks": False}})
    create(house, *range(50))
    assert house.dms.ask(get()).codes == ["3.1"]

    replies = [page(house, 20)]
    while cursor := cursor_of(replies[-1]):
        replies.append(page(house, 20, cursor))

    assert all_names(replies) == [f"group {number}" for number in range(50)]
    assert [reply.result for reply in replies] == ["OK"] * 3


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "", None, "1e3", "1000000000", "\u0661"])
def test_a_limit_that_is_no_number_of_objects_is_refused(house: Any, value: str | None) -> None:
    reply = house.dms.ask(get(option(LIMIT, value)))

    assert (reply.result, reply.codes) == ("FAILED", ["1.8"])
    assert "a whole number from 1 to 999999999" in (reply.errors[0].details or "")


def test_a_cursor_that_is_not_ours_is_refused(house: Any) -> None:
    create(house, 1, 2)
    good = cursor_of(page(house, 1))
    assert good is not None

    for bad in (good[:-2], f"{good}AA", good.swapcase(), "x", "G-0001", "", "*" * 100, "ÄÖ"):
        reply = house.dms.ask(get(option(CURSOR, bad)))
        assert (reply.result, reply.codes) == ("FAILED", ["1.8"]), bad
        assert "leave the option out to begin anew" in (reply.errors[0].details or "")


def test_a_cursor_of_another_noun_is_refused(house: Any) -> None:
    create(house, 1, 2)
    cursor = cursor_of(page(house, 1))

    reply = page(house, 1, cursor, noun="DERGroupDispatches")

    assert (reply.result, reply.codes) == ("FAILED", ["1.8"])
    assert "about DERGroups" in (reply.errors[0].details or "")


def test_an_option_that_stands_there_twice_is_refused(house: Any) -> None:
    reply = house.dms.ask(get(option(LIMIT, 1), option(LIMIT, 2)))

    assert (reply.result, reply.codes) == ("FAILED", ["1.8"])
    assert "2 times" in (reply.errors[0].details or "")


# -- options that mean nothing here ------------------------------------------------------------------------------------


def test_f12_an_option_that_nobody_knows_is_passed_over_and_told(house: Any) -> None:
    create(house, 1)

    reply = house.dms.ask(get(option("color", "blue"), option("color"), option("dermsbus.sequence", 1)))

    assert (reply.result, mrids(reply)) == ("OK", ["G-0001"])
    (error,) = reply.errors
    assert (error.code, error.level) == ("0.0", "INFORM")
    assert error.details == "passed over, for it means nothing here: option 'color', 'dermsbus.sequence'"


def test_f12_it_is_told_where_good_replies_have_no_error_otherwise(build: Build) -> None:
    house = build(BEHAVIOURS["gridappsd"])

    (error,) = house.dms.ask(get(option("color"))).errors

    assert (error.code, error.level) == ("0.0", "INFORM")
    assert "'color'" in (error.details or "")


def test_of_many_options_that_nobody_knows_some_are_named(house: Any) -> None:
    (error,) = house.dms.ask(get(*(option(f"o{number:070}") for number in range(1_000)))).errors

    assert (error.details or "").endswith("and 995 more")
    assert len(error.details or "") < 600


def test_a_command_is_carried_out_whatever_options_it_has(house: Any) -> None:
    body = xml.generic(
        "create",
        "DERGroups",
        request=option(LIMIT, "none") + option(CURSOR, "x") + option("color"),
        payload=xml.der_groups(group(1)),
    )

    reply = house.dms.ask(body)

    assert (reply.result, reply.codes) == ("OK", ["0.0"])
    assert f"'{LIMIT}', '{CURSOR}', 'color'" in (reply.errors[0].details or "")
    assert mrids(house.dms.ask(get())) == ["G-0001"]


def test_what_is_incomplete_says_which_options_were_passed_over_too(house: Any) -> None:
    create(house, 1)
    query = xml.der_group_queries(xml.group(), xml.group(name="nobody"))

    reply = house.dms.ask(get(option("color"), query=query))

    assert (reply.result, reply.codes) == ("PARTIAL", ["99.1", "0.2"])
    assert "'color'" in (reply.errors[1].details or "")


# -- time --------------------------------------------------------------------------------------------------------------


class SlowStore(SqliteStore):
    """A disk that takes a minute to look a nonce up."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.late = timedelta()

    def recall_nonce(self, nonce: bytes) -> NonceRecord | None:
        self.late += timedelta(minutes=1)
        return super().recall_nonce(nonce)


def timed(verb: str, within: str) -> bytes:
    """A request, made now, that makes a `SlowStore` slow."""
    content = xml.der_group_queries(xml.group()) if verb == "get" else ""
    body = xml.generic(
        verb,
        "DERGroups",
        request=option(TIME, within) + content,
        payload=None if verb == "get" else xml.der_groups(group(1)),
        message_id=str(uuid4()),
    )
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    replay = f"<ReplayDetection><Nonce>{uuid4().hex}</Nonce><Created>{at}</Created></ReplayDetection><Timestamp>"
    return body.replace(b"2024-05-01T08:00:00Z", at.encode(), 1).replace(b"<Timestamp>", replay.encode(), 1)


@pytest.mark.parametrize("verb", ["get", "create"])
def test_what_takes_longer_than_its_time_is_refused_and_nothing_of_it_is_done(build: Build, verb: str) -> None:
    store = SlowStore()
    house = build(store=store, now=lambda: datetime.now(UTC) + store.late, replay={"ahead_s": 3600, "oldest_s": 3600})

    reply = house.dms.ask(timed(verb, "PT30S"))

    assert (reply.result, reply.codes) == ("FAILED", ["4.1"])
    assert "nothing was done" in (reply.errors[0].details or "")
    assert house.dms.ask(get()).groups == []
    assert house.dms.ask(timed(verb, "PT30M")).result == "OK"


# -- what can be asked for at most -------------------------------------------------------------------------------------


def test_f10_a_get_that_ends_before_it_starts_is_refused_whatever_it_asks_for(house: Any) -> None:
    window = "<StartTime>2024-05-01T10:00:00Z</StartTime><EndTime>2024-05-01T09:59:59Z</EndTime>"
    for noun in ("DERGroups", "DERGroupStatuses", "DERGroupForecasts", "DERGroupDispatches"):
        reply = house.dms.ask(get(window, noun=noun, query='<ID kind="name">GA</ID>'))

        assert (reply.result, reply.codes) == ("FAILED", ["1.8"]), noun
        assert "before StartTime" in (reply.errors[0].details or "")


def test_f11_a_get_that_matches_nothing_is_a_good_answer_without_objects(house: Any) -> None:
    for noun in ("DERGroups", "DERGroupStatuses", "DERGroupDispatches"):
        query = xml.payload("DERGroupStatusQueries", "<EndDeviceGroup/>") if noun == "DERGroupStatuses" else None
        reply = house.dms.ask(get(noun=noun, query=query))

        assert (reply.result, reply.codes, reply.groups) == ("OK", ["0.0"], []), noun

    create(house, 1)
    window = "<StartTime>2024-05-01T10:00:00Z</StartTime><EndTime>2024-05-01T11:00:00Z</EndTime>"
    reply = house.dms.ask(get(window, noun="DERGroupDispatches"))
    assert (reply.result, orders_seen(reply)) == ("OK", [])


def many(noun: str, *objects: str, verb: str = "create", root: str = "RequestMessage") -> bytes:
    return xml.generic(verb, noun, payload=xml.payload(noun, *objects), root=root, message_id=str(uuid4()))


def targets(*names: str) -> str:
    devices = (xml.element("EndDevices", mRID=name) for name in names)
    return xml.control("2.31.0.23", *devices)


def too_many() -> dict[str, bytes]:
    """Requests with four things that may each have an error of its own."""
    numbers = range(4)
    groups = [group(number) for number in numbers]
    ids = "".join(f'<ID kind="uuid">x{number}</ID>' for number in numbers)
    orders = [xml.dispatch(mrid=f"O-{number}") for number in numbers]
    operations = [xml.operation(number, xml.der_groups(), verb="frobnicate") for number in range(1, 5)]
    packed = b64encode(gzip.compress(xml.der_groups(*groups).encode())).decode()
    return {
        "groups": many("DERGroups", *groups),
        "queried groups": get(query=xml.der_group_queries(*(xml.group(name=f"{number}") for number in numbers))),
        "ids in a request": get(query=ids),
        "ids in a payload": xml.generic("delete", "DERGroups", payload=ids),
        "orders": many("DERGroupDispatches", *orders, verb="cancel"),
        "controls": many("EndDeviceControls", *(xml.control("2.31.0.23", mrid=f"X-{n}") for n in numbers)),
        "devices of a control": many("EndDeviceControls", targets("a", "b", "c", "d")),
        "operations": xml.generic("execute", "OperationSet", payload=xml.operation_set(*operations)),
        "compressed groups": xml.generic("create", "DERGroups", payload=f"<Compressed>{packed}</Compressed>"),
    }


@pytest.mark.parametrize("what", too_many())
def test_f13_more_objects_than_a_request_may_have_are_refused_together(build: Build, what: str) -> None:
    house = build(limits={"items": 3})

    reply = house.dms.ask(too_many()[what])

    assert (reply.result, reply.codes) == ("FAILED", ["3.1"])
    assert "more than the 3 objects, ids and operations" in (reply.errors[0].details or "")
    assert house.dms.ask(get()).groups == []


def test_f13_what_belongs_to_one_object_does_not_count(build: Build) -> None:
    house = build(limits={"items": 3})
    members = [f"D{number}" for number in range(50)]
    large = xml.group(mrid="G-1", name="GA", functions=["realPowerDispatch", "connectDisconnect"], members=members)
    assert house.dms.ask(many("DERGroups", large)).result == "OK"
    start = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    parameter = xml.parameter(xml.schedule(1, start=start))
    orders = [xml.dispatch(parameter, mrid=f"O-{number}", group_name="GA") for number in range(3)]

    assert house.dms.ask(many("DERGroupDispatches", *orders)).result == "OK"
    assert house.dms.ask(many("EndDeviceControls", targets("a", "b", "c"))).codes != ["3.1"]
