"""A message that a fault of ours prevents is tried again for a while, then given up, and holds up nobody else."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dermsbus import patience
from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.domain.registry import Draft
from dermsbus.errors import StoreError
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Delivery, Queue, Subscription
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from tests import builders as xml
from tests.flow.peer import REQUESTS, Peer
from tests.flow.serving import HOST, ServeProcess

DEAD = f"cim.production.dlq.{REQUESTS}"
FIRST_DELAY_S = 0.02
DEADLY = """
import os, sys
from dermsbus.cli import main
from dermsbus.domain.registry import Draft

create = Draft.create

def die(draft, group, *rest):
    if group.names[0].name == "BAD":
        os._exit(1)
    return create(draft, group, *rest)

Draft.create = die
sys.exit(main(sys.argv[1:]))
"""
"""`dermsbus` whose process ends, without a word, when a group called BAD is to be created."""


class Fault:
    """Creating a group called BAD fails *times* times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.tried_s: list[float] = []
        create = Draft.create

        def fail(draft: Draft, group: Any, *rest: Any, **more: Any) -> Any:
            if any(name.name == "BAD" for name in group.names):
                self.tried_s.append(time.monotonic())
                if len(self.tried_s) <= times:
                    raise ZeroDivisionError("the voltage is 0")
            return create(draft, group, *rest, **more)

        monkeypatch.setattr(Draft, "create", fail)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_DELAY_S", FIRST_DELAY_S)


def request(verb: str, name: str, message_id: str | None = None, **fields: Any) -> bytes:
    group = xml.group(mrid=f"G-{name}", name=name, functions=["connectDisconnect"])
    return xml.generic(
        verb, "DERGroups", payload=xml.der_groups(group), message_id=message_id or str(uuid4()), **fields
    )


def get_names(house: Any, source: str = "other") -> list[str | None]:
    asked = xml.generic(
        "get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id=str(uuid4()), source=source
    )
    return house.dms.ask(asked).group_names


def dead_letters(peer: Peer) -> queue.SimpleQueue[Delivery]:
    dead: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    peer.transport.subscribe(Subscription(destination=Queue(DEAD)), dead.put)
    return dead


def test_g07_after_five_attempts_it_is_answered_and_a_copy_put_aside(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, dead = Fault(monkeypatch, times=99), dead_letters(house.dms)
    body = request("create", "BAD", "m1")

    reply = house.dms.ask(body)

    assert (reply.result, reply.codes) == ("FAILED", ["5.3"])
    assert b"ZeroDivisionError" not in reply.delivery.body
    waits = [after - before for before, after in zip(fault.tried_s, fault.tried_s[1:], strict=False)]
    assert len(waits) == 4
    assert all(wait >= FIRST_DELAY_S * 2**index for index, wait in enumerate(waits))
    copy = dead.get(timeout=10)
    assert copy.body == body
    assert copy.properties["CIM_Attempts"] == "5"
    assert copy.properties["CIM_Reason"] == "ZeroDivisionError: the voltage is 0"
    assert (copy.properties["CIM_Code"], copy.properties["CIM_Rule"]) == ("5.3", "FAULT")
    assert copy.properties["CIM_OriginalDestination"] == copy.properties["CIM_OriginalQueue"] == REQUESTS
    assert copy.properties["CIM_OriginalReplyTo"] == house.dms._reply_to.text
    assert copy.properties["CIM_FirstFailedAt"] < copy.properties["CIM_FailedAt"]
    assert get_names(house) == []


def test_g07_a_fault_that_goes_away_is_never_told(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Fault(monkeypatch, times=3)
    dead = dead_letters(house.dms)

    assert house.dms.ask(request("create", "BAD")).result == "OK"

    assert get_names(house) == ["BAD"]
    assert dead.empty()
    assert house.derms.counts.messages["request"] == 2, "each message is counted once"


def test_g07_others_are_served_meanwhile(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_DELAY_S", 60.0)
    fault = Fault(monkeypatch, times=1)
    house.dms.send(request("create", "BAD", source="dms1"))
    while not fault.tried_s:
        time.sleep(0.01)

    assert house.dms.ask(request("create", "GB", source="ems1")).result == "OK"
    assert get_names(house, "ems1") == ["GB"]


def test_g08_what_the_same_sender_sent_behind_it_waits_for_its_turn(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, times=3)
    house.dms.send(request("create", "BAD"))

    assert house.dms.ask(request("delete", "BAD")).result == "OK"

    assert get_names(house) == []


def test_g07_the_number_of_attempts_is_the_operators(
    build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault(monkeypatch, times=99)

    assert build(attempts=2).dms.ask(request("create", "BAD")).codes == ["5.3"]
    assert len(fault.tried_s) == 2


def test_g07_sent_again_after_the_fault_is_mended_it_is_done(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Fault(monkeypatch, times=5)
    body = request("create", "BAD")
    assert house.dms.ask(body).codes == ["5.3"]

    assert house.dms.ask(body).result == "OK"

    assert get_names(house) == ["BAD"]


def test_g07_a_get_that_fails_holds_up_nobody(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_DELAY_S", 60.0)
    asked: list[object] = []
    monkeypatch.setattr(Draft, "query", lambda *_: asked.append(1) or 1 // 0)
    house.dms.send(xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id="g1"))
    while not asked:
        time.sleep(0.01)

    assert house.dms.ask(request("create", "GB")).result == "OK"


def test_g07_what_ends_the_process_each_time_is_put_aside_at_the_sixth_delivery(tmp_path: Path) -> None:
    broker = EmbeddedBroker(BrokerSettings(host=HOST, port=0))
    broker.start()
    serve = ServeProcess(f"stomp://{HOST}:{broker.port}", tmp_path)
    serve._command[1:3] = ["-c", DEADLY]
    deadly = request("create", "BAD")
    try:
        with Peer(StompTransport(StompSettings(host=HOST, port=broker.port))) as dms, serve:
            dead = dead_letters(dms)
            before, behind = (request("create", name) for name in ("GA", "GB"))
            assert dms.ask(before, timeout_s=60).result == "OK"
            dms.send(deadly)
            dms.send(behind)
            starts = 1
            while dead.empty() and starts < 10:
                wait_for_end_or(serve, lambda: not dead.empty())
                if dead.empty():
                    starts += 1
                    serve.start(wait=False)
            copy = dead.get(timeout=10)
            names = dms.ask(
                xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id="all"),
                timeout_s=60,
            ).group_names
    finally:
        broker.stop()

    assert starts == 6
    assert copy.body == deadly
    assert (copy.properties["CIM_Rule"], copy.properties["CIM_Attempts"]) == ("CRASH", "5")
    assert names == ["GA", "GB"], "what waited behind it was served"
    with closing(sqlite3.connect(tmp_path / "derms.db")) as shell:
        assert shell.execute("SELECT count(*) FROM attempt").fetchone() == (0,)


class Refusing(SqliteStore):
    """Refuses to write down that a message is begun, the time of that number."""

    refused = 0
    asked = 0

    def begin_attempt(self, digest: bytes, at: datetime) -> int:
        self.asked += 1
        if self.asked == self.refused:
            raise StoreError("the disk is full")
        return super().begin_attempt(digest, at)


def test_what_is_done_is_not_acknowledged_twice_though_the_store_fails_behind_it(
    build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Refusing(":memory:")
    house = build(store=store, adopt_from=[])  # nothing else is to be acknowledged
    running = house.derms._need()
    acknowledged: list[int] = []
    monkeypatch.setattr(
        running.transport, "settle", lambda deliveries: acknowledged.extend(id(each) for each in deliveries)
    )
    deliveries = [
        Delivery(body=request("create", name), destination=Queue(REQUESTS), transport_id=name, redelivered=True)
        for name in ("GA", "GB")
    ]

    store.refused = 2  # the beginning of the second message
    with pytest.raises(StoreError):
        running._consumer.handle(deliveries)
    running._consumer.handle(deliveries)

    assert acknowledged == [id(each) for each in deliveries]
    assert house.derms.counts.messages["request"] == 2, "each message is counted once"
    assert get_names(house) == ["GA", "GB"]


def wait_for_end_or(serve: ServeProcess, is_done: Callable[[], bool]) -> None:
    """Return when the process has ended, or what it was to do is done."""
    deadline_s = time.monotonic() + 60
    while serve._process.poll() is None and not is_done():  # type: ignore[union-attr]
        assert time.monotonic() < deadline_s
        time.sleep(0.05)  # another process: there is no event to wait for
