"""A request whose answer is wanted elsewhere: a receipt at once, the answer where it is wanted, and nowhere else."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dermsbus.app import Application
from dermsbus.settings import Settings
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Delivery, Outgoing, PublishOutcome, PublishState, Queue, Subscription, Topic
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests import builders as xml
from tests.flow.peer import Message, Peer

ADDRESS = "cim.production.rep.dms1"
ALLOWED = ["cim.production.rep.*", "topic://cim.production.answers"]
GROUP = xml.group(mrid="G-A", name="GA", functions=["connectDisconnect"])


def request(
    address: str | None = ADDRESS, *, verb: str = "create", flag: str = "true", message_id: str = "m1", **fields: Any
) -> bytes:
    """A request for a later answer."""
    body = (
        xml.generic(verb, "DERGroups", payload=xml.der_groups(GROUP), message_id=message_id, **fields)
        if verb != "get"
        else xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id=message_id)
    )
    wanted = f"<AsyncReplyFlag>{flag}</AsyncReplyFlag>"
    if address is not None:
        wanted += f"<ReplyAddress>{address}</ReplyAddress>"
    return body.replace(b"<MessageID>", f"{wanted}<MessageID>".encode())


def arriving(peer: Peer, destination: Queue | Topic) -> queue.SimpleQueue[Delivery]:
    """What arrives there."""
    arrived: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    peer.transport.subscribe(Subscription(destination=destination), arrived.put)
    return arrived


def group_names(peer: Peer) -> list[str | None]:
    asked = xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id=str(uuid4()))
    return peer.ask(asked).group_names


@pytest.fixture
def house(build: Callable[..., Any]) -> Any:
    return build(reply_addresses=ALLOWED)


@pytest.mark.parametrize("spelling", [ADDRESS, f"queue://{ADDRESS}", f"/queue/{ADDRESS}"])
def test_d01_a_receipt_comes_at_once_and_the_answer_where_it_is_wanted(house: Any, spelling: str) -> None:
    later = arriving(house.dms, Queue(ADDRESS))

    receipt = house.dms.ask(request(spelling, correlation_id="k1"))
    answer = Message.of(later.get(timeout=10))

    assert (receipt.result, receipt.codes) == ("OK", ["0.3"])
    assert (answer.result, answer.codes) == ("OK", ["0.0"])
    assert [each.text("Header", "CorrelationID") for each in (receipt, answer)] == ["k1", "k1"]
    assert receipt.text("Header", "MessageID") != answer.text("Header", "MessageID")
    assert receipt.delivery.correlation_id == answer.delivery.correlation_id
    assert group_names(house.dms) == ["GA"]


def test_d01_the_answer_may_be_wanted_on_a_topic(house: Any) -> None:
    later = arriving(house.dms, Topic("cim.production.answers"))

    assert house.dms.ask(request("topic://cim.production.answers")).codes == ["0.3"]

    assert Message.of(later.get(timeout=10)).codes == ["0.0"]


def test_d01_a_get_is_answered_there_too(house: Any) -> None:
    later = arriving(house.dms, Queue(ADDRESS))
    house.dms.ask(xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP)))

    assert house.dms.ask(request(verb="get", message_id="m2")).codes == ["0.3"]

    assert Message.of(later.get(timeout=10)).group_names == ["GA"]


def test_d01_what_is_refused_by_the_registry_is_told_there(house: Any) -> None:
    later = arriving(house.dms, Queue(ADDRESS))

    assert house.dms.ask(request(verb="delete")).codes == ["0.3"]

    answer = Message.of(later.get(timeout=10))
    assert (answer.result, answer.codes) == ("FAILED", ["99.1"])


def test_d01_who_wants_nothing_at_once_gets_the_answer_all_the_same(house: Any) -> None:
    later = arriving(house.dms, Queue(ADDRESS))

    house.dms.send(request())
    house.dms.send(request(message_id="m2", context="TESTING"))

    assert Message.of(later.get(timeout=10)).result == "OK"
    assert Message.of(later.get(timeout=10)).codes == ["7.7"]


def test_d01_sent_again_both_come_again_the_same_in_every_byte(house: Any) -> None:
    later = arriving(house.dms, Queue(ADDRESS))
    receipt = house.dms.ask(request())
    answer = later.get(timeout=10)

    again = house.dms.ask(request())

    assert again.delivery.body == receipt.delivery.body
    assert later.get(timeout=10).body == answer.body
    assert group_names(house.dms) == ["GA"]


def test_d02_without_an_address_it_is_refused(house: Any) -> None:
    reply = house.dms.ask(request(None))

    assert (reply.result, reply.codes) == ("FAILED", ["1.5"])
    assert group_names(house.dms) == []


@pytest.mark.parametrize(
    "address",
    ["payroll", "topic://cim.production.rep.dms1", "queue://cim.production.answers", "http://127.0.0.1/hook"],
)
def test_d03_to_an_address_that_is_not_allowed_nothing_is_sent(house: Any, address: str) -> None:
    there = arriving(house.dms, Queue(address.rpartition("/")[2]))

    reply = house.dms.ask(request(address))

    assert (reply.result, reply.codes) == ("FAILED", ["7.7"])
    assert group_names(house.dms) == []
    assert there.empty()


def test_d03_by_default_no_address_is_allowed(build: Callable[..., Any]) -> None:
    assert build().dms.ask(request()).codes == ["7.7"]


@pytest.mark.parametrize("address", [ADDRESS, "http://10.0.0.1:8080/notify", "11XVERBUND-----1"])
def test_d04_without_the_flag_the_address_means_nothing(house: Any, address: str) -> None:
    there = arriving(house.dms, Queue(ADDRESS))

    reply = house.dms.ask(request(address, flag="false"))

    assert (reply.result, reply.codes) == ("OK", ["0.0"])
    assert there.empty()


@pytest.mark.parametrize(
    "address",
    [
        f"{ADDRESS}\ndestination:/queue/payroll",
        f"{ADDRESS}&#10;destination:/queue/payroll",
        f"{ADDRESS}&#13;&#10;x:y",
        f"{ADDRESS} ",
        f"{ADDRESS},payroll",
        f"{ADDRESS}?consumer.exclusive=true",
        "cim.production.rep.&gt;",
        "cim.production.rep.*",
        f"{ADDRESS}&#9;",
    ],
)
def test_h16_an_address_that_is_more_than_one_name_is_refused(house: Any, address: str) -> None:
    places = [arriving(house.dms, Queue(name)) for name in (ADDRESS, "payroll")]

    reply = house.dms.ask(request(address))

    assert (reply.result, reply.codes) == ("FAILED", ["7.7"])
    assert all(place.empty() for place in places)


class Stalling(MemoryTransport):
    """A way to the bus that takes the first message and knows of no other what became of it."""

    taken = 0

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        outcomes = []
        for message in messages:
            self.taken += 1
            outcomes.append(
                super().publish([message])[0] if self.taken == 1 else PublishOutcome(state=PublishState.UNKNOWN)
            )
        return tuple(outcomes)


def test_d07_a_restart_between_receipt_and_answer_loses_nothing(tmp_path: Path) -> None:
    bus = MemoryBus()
    settings = Settings.model_validate({"http": None, "reply_addresses": ALLOWED})
    with Peer(MemoryTransport(bus)) as dms:
        later = arriving(dms, Queue(ADDRESS))
        with Application(settings, transport=Stalling(bus), store=SqliteStore(tmp_path / "derms.db")) as derms:
            derms.wait_until_ready(10)
            receipt = dms.ask(request())
        assert receipt.codes == ["0.3"]
        assert later.empty()

        with Application(settings, transport=MemoryTransport(bus), store=SqliteStore(tmp_path / "derms.db")) as derms:
            derms.wait_until_ready(10)
            answer = Message.of(later.get(timeout=10))
            names = group_names(dms)

    assert answer.result == "OK"
    assert answer.text("Header", "CorrelationID") == receipt.text("Header", "CorrelationID")
    assert names == ["GA"], "and it was carried out once"


# -- receipts of events ------------------------------------------------------------------------------------------------


def event(*, ack_required: bool = True) -> bytes:
    return xml.generic(
        "created",
        "DERGroups",
        root="EventMessage",
        payload=xml.der_groups(GROUP),
        source="derms2",
        message_id="e1",
        ack_required=ack_required,
    )


def test_d05_an_event_that_asks_for_it_gets_a_receipt(house: Any) -> None:
    receipt = house.dms.ask(event())

    assert (receipt.kind, receipt.result, receipt.codes) == ("ResponseMessage", "OK", ["0.3"])
    assert receipt.text("Header", "CorrelationID") == "e1"
    assert group_names(house.dms) == ["GA"]


def test_d05_an_event_that_does_not_ask_for_it_gets_none(house: Any) -> None:
    with pytest.raises(queue.Empty):
        house.dms.ask(event(ack_required=False), timeout_s=0.3)

    assert group_names(house.dms) == ["GA"]


def test_d06_an_event_that_asks_for_it_and_does_not_say_where_is_taken_in_all_the_same(
    house: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    house.dms.send(event())

    assert group_names(house.dms) == ["GA"]
    assert "event asks for an acknowledgement and says not where to" in capsys.readouterr().out


@pytest.mark.parametrize("is_sound", [True, False])
def test_d06_an_event_without_a_reply_to_gets_its_receipt_at_a_reply_address_that_is_allowed(
    house: Any, is_sound: bool
) -> None:
    later = arriving(house.dms, Queue(ADDRESS))
    body = event() if is_sound else event().replace(b"<Timestamp>", b"<Context>TESTING</Context><Timestamp>")
    wanted = f"<ReplyAddress>{ADDRESS}</ReplyAddress><AckRequired>"

    house.dms.send(body.replace(b"<AckRequired>", wanted.encode()))

    receipt = Message.of(later.get(timeout=10))
    assert (receipt.result, receipt.codes) == (("OK", ["0.3"]) if is_sound else ("FAILED", ["7.7"]))
    assert receipt.text("Header", "CorrelationID") == "e1"


def test_d06_an_address_of_an_event_that_is_not_allowed_is_no_reason_to_refuse_it(house: Any) -> None:
    there = arriving(house.dms, Queue("payroll"))

    house.dms.send(event().replace(b"<AckRequired>", b"<ReplyAddress>payroll</ReplyAddress><AckRequired>"))

    assert group_names(house.dms) == ["GA"]
    assert there.empty()


@pytest.mark.parametrize("context", ["TESTING", "training", "Study"])
def test_h14_what_is_meant_for_another_context_is_refused(house: Any, context: str) -> None:
    reply = house.dms.ask(xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), context=context))

    assert (reply.result, reply.codes) == ("FAILED", ["7.7"])
    assert group_names(house.dms) == []


@pytest.mark.parametrize("context", [None, "PRODUCTION", "production"])
def test_h14_what_is_meant_for_ours_is_carried_out(house: Any, context: str | None) -> None:
    reply = house.dms.ask(xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), context=context))

    assert reply.result == "OK"
