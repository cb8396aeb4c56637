"""A request that nobody waits for any more when it is its turn: a command is refused, a get is passed over."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from dermsbus.store.base import Commit, OutboxEntry
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Outgoing, Queue
from tests import builders as xml
from tests.flow.peer import REQUESTS

OPTION = "dermsbus.maxExecutionTime"
LIFE_S = 0.3


def payload(name: str) -> str:
    return xml.der_groups(xml.group(mrid=f"G-{name}", name=name, functions=["connectDisconnect"]))


def option(value: str) -> str:
    return f"<Option><name>{OPTION}</name><value>{value}</value></Option>"


def request(verb: str, name: str = "GA", *, within: str = "", sent: datetime | None = None, message_id: str) -> bytes:
    """A request that is to be begun *within* a duration since it was *sent*, which is now if nothing is said."""
    queries = xml.der_group_queries(xml.group()) if verb == "get" else ""
    body = xml.generic(
        verb,
        "DERGroups",
        request=(option(within) if within else "") + queries if within or queries else None,
        payload=None if verb == "get" else payload(name),
        message_id=message_id,
    )
    return body.replace(b"2024-05-01T08:00:00Z", f"{sent or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}".encode(), 1)


def get_names(house: Any) -> list[str | None]:
    return house.dms.ask(request("get", message_id=str(uuid4()))).group_names


class BlockedStore(SqliteStore):
    """Holds back every commit until it is let go."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.blocked = threading.Event()
        self.let_go = threading.Event()
        self.let_go.set()

    def commit(self, commit: Commit) -> tuple[OutboxEntry, ...]:
        if not self.let_go.is_set():
            self.blocked.set()
        assert self.let_go.wait(20)
        return super().commit(commit)


@pytest.mark.parametrize("within", ["PT30S", "PT90.5S", "P1D", "PT1H5M", "P999999999D"])
def test_g10_a_command_in_time_is_carried_out(house: Any, within: str) -> None:
    assert house.dms.ask(request("create", within=within, message_id="m1")).result == "OK"


def test_g10_a_command_that_expired_before_its_turn_is_refused(house: Any) -> None:
    sent = datetime.now(UTC) - timedelta(seconds=60)

    reply = house.dms.ask(request("create", within="PT30S", sent=sent, message_id="m1"))

    assert (reply.result, reply.codes) == ("FAILED", ["4.1"])
    assert "before its turn, and nothing was done" in (reply.errors[0].details or "")
    assert get_names(house) == []


def test_g10_a_get_that_expired_before_its_turn_is_passed_over(house: Any) -> None:
    sent = datetime.now(UTC) - timedelta(seconds=60)

    with pytest.raises(queue.Empty):
        house.dms.ask(request("get", within="PT30S", sent=sent, message_id="m1"), timeout_s=0.5)

    assert get_names(house) == [], "and the next one is served"


def test_g10_what_was_done_in_time_is_answered_from_the_store_however_late_it_comes_again(
    build: Callable[..., Any],
) -> None:
    late = timedelta()
    house = build(now=lambda: datetime.now(UTC) + late)
    body = request("create", within="PT30S", message_id="m1")
    first = house.dms.ask(body)
    late = timedelta(hours=1)

    assert house.dms.ask(body).delivery.body == first.delivery.body


def test_g10_what_the_bus_says_has_expired_is_not_carried_out(build: Callable[..., Any]) -> None:
    store = BlockedStore()
    house = build(store=store, now=lambda: datetime.now(UTC) - timedelta(days=1))  # whatever our own clock says
    replies = [str(uuid4()) for _ in range(3)]

    def send(verb: str, name: str, index: int, life_s: float | None) -> None:
        message = Outgoing(
            destination=Queue(REQUESTS),
            body=request(verb, name, message_id=f"m{index}"),
            message_id=f"m{index}",
            correlation_id=replies[index],
            reply_to=house.dms._reply_to,
        )
        house.dms.transport.publish([replace(message, time_to_live_s=life_s)])

    store.let_go.clear()
    send("create", "GA", 0, None)
    assert store.blocked.wait(10)
    send("create", "GB", 1, LIFE_S)
    send("get", "", 2, LIFE_S)
    time.sleep(2 * LIFE_S)  # it is the passing of time that is looked at
    store.let_go.set()

    assert house.dms.reply_with(lambda reply: reply.correlation_id == replies[0]).result == "OK"
    assert house.dms.reply_with(lambda reply: reply.correlation_id == replies[1]).codes == ["4.1"]
    assert get_names(house) == ["GA"]
    with pytest.raises(queue.Empty):
        house.dms.reply_with(lambda reply: reply.correlation_id == replies[2], 0.1)


@pytest.mark.parametrize("within", ["30", "P", "PT", "P1Y", "P1M", "-PT1S", "PT1.5H", "P1DT", "soon", ""])
def test_a_duration_that_cannot_be_read_is_refused(house: Any, within: str) -> None:
    body = request("create", within="WITHIN", message_id="m1").replace(b"WITHIN", within.encode())

    assert house.dms.ask(body).codes == ["1.8"]
    assert get_names(house) == []


def test_a_duration_without_anything_to_count_from_is_refused(house: Any) -> None:
    body = request("create", within="PT30S", sent=datetime(2024, 5, 1, tzinfo=UTC), message_id="m1")

    assert house.dms.ask(body.replace(b"<Timestamp>2024-05-01T00:00:00Z</Timestamp>", b"")).codes == ["1.5"]
