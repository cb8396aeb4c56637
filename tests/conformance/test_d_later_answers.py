"""D: a request whose answer is wanted elsewhere, and events that ask for a receipt, on every bus."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Outgoing, PublishOutcome, PublishState, Queue, Topic, Transport
from tests import builders as xml
from tests.conformance.bus import Bus, House
from tests.flow.peer import Message
from tests.flow.test_async_requests import event, request

QUIET_S = 0.3


@pytest.fixture
def address() -> str:
    """A queue that no other test uses, and that answers may be sent to."""
    return f"cim.answers.{uuid4().hex}"


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    return build(reply_addresses=["cim.answers.*"])


def group_names(house: House) -> list[str | None]:
    asked = xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id=str(uuid4()))
    return house.dms.ask(asked).group_names


def nothing_arrives(arriving: queue.SimpleQueue[object]) -> bool:
    try:
        arriving.get(timeout=QUIET_S)
    except queue.Empty:
        return True
    return False


def test_d01_a_receipt_comes_at_once_and_the_answer_goes_where_it_is_wanted(house: House, address: str) -> None:
    later = house.arriving(Queue(address))

    receipt = house.dms.ask(request(address, correlation_id="k1"))
    answer = Message.of(later.get(timeout=15))

    assert (receipt.result, receipt.codes) == ("OK", ["0.3"])
    assert (answer.result, answer.codes) == ("OK", ["0.0"])
    assert [each.text("Header", "CorrelationID") for each in (receipt, answer)] == ["k1", "k1"]
    assert answer.delivery.correlation_id == receipt.delivery.correlation_id
    assert group_names(house) == ["GA"]


def test_d02_a_later_answer_to_nowhere_is_refused(house: House) -> None:
    reply = house.dms.ask(request(None))

    assert (reply.result, reply.codes) == ("FAILED", ["1.5"])
    assert group_names(house) == []


def test_d03_to_an_address_that_is_not_allowed_nothing_is_sent(house: House) -> None:
    forbidden = f"cim.forbidden.{uuid4().hex}"
    there = house.arriving(Queue(forbidden))

    reply = house.dms.ask(request(forbidden))

    assert (reply.result, reply.codes) == ("FAILED", ["7.7"])
    assert group_names(house) == []
    assert nothing_arrives(there)


def test_d04_without_the_flag_the_address_means_nothing(house: House) -> None:
    reply = house.dms.ask(request("http://10.0.0.1:8080/notify", flag="false"))

    assert (reply.result, reply.codes) == ("OK", ["0.0"])
    assert group_names(house) == ["GA"]


def test_d05_an_event_that_asks_for_it_gets_a_receipt(house: House) -> None:
    receipt = house.dms.ask(event())

    assert (receipt.kind, receipt.result, receipt.codes) == ("ResponseMessage", "OK", ["0.3"])
    assert receipt.text("Header", "CorrelationID") == "e1"
    assert group_names(house) == ["GA"]


def test_d06_an_event_that_asks_for_a_receipt_and_does_not_say_where_is_taken_in_with_a_warning(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.dms.send(event())

    assert group_names(house) == ["GA"]
    assert "event asks for an acknowledgement and says not where to" in capsys.readouterr().out


class Forgetful:
    """A connection that sends the first message, and of no other learns what became of it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.sent = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        self.sent += 1
        if self.sent > 1:
            return (PublishOutcome(state=PublishState.UNKNOWN),) * len(messages)
        lost = (PublishOutcome(state=PublishState.UNKNOWN),) * (len(messages) - 1)
        return (*self._transport.publish(messages[:1], timeout_s), *lost)


def test_d07_a_restart_between_receipt_and_answer_loses_nothing(bus: Bus, tmp_path: Path, address: str) -> None:
    settings = {"reply_addresses": ["cim.answers.*"]}
    dms = bus.peer()
    first = bus.derms(
        transport=Forgetful(bus.transport()),  # type: ignore[arg-type]
        store=SqliteStore(tmp_path / "derms.db"),
        **settings,
    )
    receipt = dms.ask(request(address))
    first.stop()
    assert receipt.codes == ["0.3"]

    house = House(bus=bus, derms=bus.derms(store=SqliteStore(tmp_path / "derms.db"), **settings), dms=dms)
    answer = Message.of(house.arriving(Queue(address)).get(timeout=15))

    assert answer.result == "OK"
    assert answer.text("Header", "CorrelationID") == receipt.text("Header", "CorrelationID")
    assert group_names(house) == ["GA"], "and it was carried out once"


def test_d01_the_answer_may_be_wanted_on_a_topic(build: Callable[..., House]) -> None:
    topic = f"cim.answers.{uuid4().hex}"
    house = build(reply_addresses=["topic://cim.answers.*"])
    later = house.arriving(Topic(topic))

    assert house.dms.ask(request(f"topic://{topic}")).codes == ["0.3"]

    assert Message.of(later.get(timeout=15)).codes == ["0.0"]
