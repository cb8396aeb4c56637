"""``dermsbus dead-letters`` against a DERMS on a real STOMP connection, and on the bus in the process."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dermsbus import dead_letters, patience
from dermsbus.app import Application, make_transport
from dermsbus.dead_letters import DeadLetters, queues_of
from dermsbus.domain.registry import Draft
from dermsbus.errors import ConnectionLost, PublishRejected
from dermsbus.settings import BusUrl, Settings
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Delivery, Outgoing, PublishOutcome, PublishState, Queue
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests import builders as xml
from tests.flow.peer import REQUESTS, Peer

Run = Callable[..., Any]
INVALID = "cim.production.invalid.derms1"


class Fault:
    """While it is there, no group can be created."""

    is_there = True


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    fault, create = Fault(), Draft.create

    def fail(draft: Draft, *group: Any) -> Any:
        if fault.is_there:
            raise ZeroDivisionError("the voltage is 0")
        return create(draft, *group)

    monkeypatch.setattr(Draft, "create", fail)
    monkeypatch.setattr(patience, "_FIRST_DELAY_S", 0.001)
    monkeypatch.setattr(dead_letters, "_QUIET_S", 0.3)
    return fault


def request(name: str, message_id: str) -> bytes:
    return xml.generic(
        "create",
        "DERGroups",
        payload=xml.der_groups(xml.group(mrid=f"G-{name}", name=name, functions=[])),
        message_id=message_id,
    )


def groups(run: Run, bus: str) -> list[str]:
    return [line.split("\t")[1] for line in run("groups", "list", "--bus", bus).out.splitlines()]


def listed(run: Run, bus: str, *options: str) -> list[dict[str, str]]:
    ran = run("dead-letters", "list", "--json", "--bus", bus, *options)
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


@pytest.fixture
def broken(derms: str, fault: Fault) -> str:
    """The URL of a bus where two requests and what is no message at all were put aside."""
    with Peer(make_transport(BusUrl.parse(derms))) as dms:
        for name in ("GA", "GB"):
            assert dms.ask(request(name, f"m-{name}")).codes == ["5.3"]
        assert dms.ask(b"abcd").codes == ["1.8"]
    return derms


def test_list_says_when_why_and_what(run: Run, broken: str) -> None:
    ran = run("dead-letters", "list", "--bus", broken)

    assert (ran.code, ran.err) == (0, "")
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert [row[2:] for row in rows] == [
        ["5.3", "5", "create.DERGroups", "dms1", "m-GA", "ZeroDivisionError: the voltage is 0"],
        ["5.3", "5", "create.DERGroups", "dms1", "m-GB", "ZeroDivisionError: the voltage is 0"],
        ["1.8", "-", "-", "-", "-", rows[2][7]],
    ]
    assert "not well-formed" in rows[2][7]


def test_looking_takes_nothing_away_however_often(run: Run, broken: str) -> None:
    first = listed(run, broken)

    assert len(first) == 3
    for _ in range(3):
        assert sorted(map(str, listed(run, broken))) == sorted(map(str, first))


def test_show_has_all_that_is_known_and_the_message(run: Run, broken: str) -> None:
    letter = listed(run, broken)[0]

    shown = run("dead-letters", "show", letter["id"][:8], "--bus", broken)

    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[:2] == [f"id: {letter['id']}", f"queue: cim.production.dlq.{REQUESTS}"]
    assert {"Attempts: 5", "Code: 5.3", "Rule: FAULT", f"OriginalQueue: {REQUESTS}"} <= set(lines)
    assert request("GA", "m-GA").decode() in shown.out


def test_g07_replay_sends_the_same_message_to_where_it_was_meant_for(run: Run, broken: str, fault: Fault) -> None:
    letter = listed(run, broken)[0]
    fault.is_there = False

    ran = run("dead-letters", "replay", letter["id"], "--bus", broken)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{letter['id']} OK\n"
    assert groups(run, broken) == ["GA"]
    assert [each.get("MessageID") for each in listed(run, broken)] == ["m-GB", None]


def test_what_fails_again_is_put_aside_again_and_counts(run: Run, broken: str) -> None:
    ran = run("dead-letters", "replay", "--all", "--bus", broken, "--queue", f"cim.production.dlq.{REQUESTS}")

    assert ran.code == 1
    told = [line.split()[2:4] for line in ran.err.splitlines() if line.startswith("error: ")]
    assert told == [["FAILED:", "5.3"]] * 2
    assert [each.get("Replays") for each in listed(run, broken)] == ["1", "1", None]


def test_drop_takes_away_what_is_named_and_nothing_else(run: Run, broken: str) -> None:
    letters = listed(run, broken)

    assert run("dead-letters", "drop", letters[1]["id"], "--bus", broken).out == f"dropped {letters[1]['id']}\n"

    assert [each["id"] for each in listed(run, broken)] == [letters[0]["id"], letters[2]["id"]]
    assert run("dead-letters", "drop", "--all", "--json", "--bus", broken).code == 0
    assert listed(run, broken) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["drop"], "give the ids of messages, or --all"),
        (["replay", "--all", "x"], "give ids or --all, not both"),
        (["show", "nope"], "no message here has an id that begins with 'nope'"),
        (["drop", ""], "3 messages here has an id"),
    ],
)
def test_what_is_not_plain_is_wrong_usage_and_nothing_happens(
    run: Run, broken: str, arguments: list[str], told: str
) -> None:
    ran = run("dead-letters", *arguments, "--bus", broken)

    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert len(listed(run, broken)) == 3


def test_without_dead_letters_there_is_nothing_to_say(run: Run, derms: str, fault: Fault) -> None:
    ran = run("dead-letters", "list", "--bus", derms)

    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_on_a_terminal_it_is_a_table(on_terminal: Callable[..., str], broken: str) -> None:
    shown = on_terminal("dead-letters", "list", "--bus", broken)

    assert "put aside" in shown
    assert "m-GA" in shown


# -- what must not be lost ---------------------------------------------------------------------------------------------


class House:
    """A DERMS on the bus in the process, whose dead letters are looked at."""

    def __init__(self) -> None:
        self.bus = MemoryBus()
        self.queues = queues_of("production", "derms1")

    def look(self, transport: MemoryTransport | None = None) -> DeadLetters:
        return DeadLetters(transport or MemoryTransport(self.bus), self.queues, timeout_s=5)

    @property
    def bodies(self) -> list[bytes]:
        with self.look() as there:
            return [letter.delivery.body for letter in there.look()]


@pytest.fixture
def house(fault: Fault) -> Iterator[House]:
    house = House()
    settings = Settings.model_validate({"http": None})
    with Application(settings, transport=MemoryTransport(house.bus), store=SqliteStore(":memory:")) as derms:
        derms.wait_until_ready(10)
        with Peer(MemoryTransport(house.bus)) as dms:
            assert dms.ask(request("GA", "m1")).codes == ["5.3"]
        yield house


def test_a_message_that_was_looked_at_before_is_put_back_as_a_new_one(house: House) -> None:
    def redelivered() -> bool:
        with house.look() as there:
            (letter,) = there.look()
            return letter.delivery.redelivered

    assert [redelivered() for _ in range(3)][:2] == [False, True]
    assert house.bodies == [request("GA", "m1")]


class Unsure(MemoryTransport):
    """Never knows what became of what it published."""

    def publish(self, messages: Any, timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        return tuple(PublishOutcome(state=PublishState.UNKNOWN, reason="silence") for _ in messages)


def test_what_nobody_is_sure_of_stays_where_it_is(house: House) -> None:
    assert len(house.bodies) == 1
    with house.look(Unsure(house.bus)) as there:
        (letter,) = there.look()
        with pytest.raises(Exception, match="silence"):
            there.replay(letter, queue.SimpleQueue())

    assert house.bodies == [request("GA", "m1")]


def test_a_connection_that_breaks_takes_nothing_with_it(house: House) -> None:
    with house.look() as there:
        (letter,) = there.look()
        house.bus.interrupt()
        house.bus.restore()
        with suppress(ConnectionLost):
            there.drop([letter])

    assert house.bodies == [request("GA", "m1")]


def test_what_is_not_whole_or_came_from_nowhere_is_not_sent(house: House) -> None:
    with Peer(MemoryTransport(house.bus)) as other:
        for number, noted in enumerate(
            ({"CIM_OriginalQueue": REQUESTS, "CIM_OriginalBytes": "9"}, {"CIM_Code": "1.8"}), start=1
        ):
            message = Outgoing(
                destination=Queue(INVALID), body=b"<a", message_id=f"x{number}", properties=noted, is_text=False
            )
            assert other.transport.publish([message])[0].state is PublishState.ACCEPTED

    with house.look() as there:
        answers: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        for letter in there.look()[1:]:
            with pytest.raises(PublishRejected, match=r"only its beginning|was not noted"):
                there.replay(letter, answers)


def test_an_event_that_was_put_aside_goes_to_its_topic_again(
    run: Run, derms: str, fault: Fault, tmp_path: Path
) -> None:
    event = xml.generic(
        "changed",
        "DERGroups",
        root="EventMessage",
        payload=xml.der_groups(xml.group(name="NOPE")),
        source="dms1",
        message_id="e1",
    )
    (tmp_path / "e.xml").write_bytes(event)
    assert run("send", str(tmp_path / "e.xml"), "--bus", derms).code == 0
    (letter,) = listed(run, derms)
    assert letter["OriginalTopic"] == "cim.production.evt.dms1.changed.DERGroups"

    ran = run("dead-letters", "replay", "--all", "--bus", derms)

    assert (ran.code, ran.out) == (0, f"{letter['id']} sent: an event gets no answer\n")
    deadline_s = time.monotonic() + 10
    while not (again := listed(run, derms)) and time.monotonic() < deadline_s:
        pass
    assert again[0]["Replays"] == "1"
