"""G: what is delivered twice, lost, late or in the way is done once, answered, and holds up nobody; on every bus."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dermsbus import patience
from dermsbus.adapters.base import Command
from dermsbus.domain.der import Device
from dermsbus.domain.registry import Draft
from dermsbus.store.base import OutboxState
from dermsbus.transports.base import Outgoing, Queue, ReplyTo
from tests import builders as xml
from tests.broker.brokers import Broker
from tests.clock import Clock
from tests.conformance.bus import Bus, House
from tests.conformance.cases import BUSES
from tests.conformance.crashing import CrashingServe, Step
from tests.conformance.held_store import HeldStore
from tests.conformance.later import later
from tests.conformance.lines import Line
from tests.flow.peer import Message, Peer
from tests.flow.plant import Plant, WatchedAdapter, battery, watched
from tests.flow.test_attempts import Fault
from tests.flow.test_expiry import request as expiring

REAL = tuple(name for name, broker in BUSES.items() if broker)
QUIET_S = 0.4
LIFE_S = 0.6


def request(verb: str, name: str = "GA", message_id: str | None = None, **group: Any) -> bytes:
    """A request about the group of that name."""
    fields = {"functions": ["connectDisconnect"], **group}
    payload = xml.der_groups(xml.group(mrid=f"mrid-{name}", name=name, **fields))
    return xml.generic(verb, "DERGroups", payload=payload, message_id=message_id or str(uuid4()))


def group_names(dms: Peer) -> list[str | None]:
    asked = xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id=str(uuid4()))
    reply = dms.ask(asked, timeout_s=30)
    assert reply.result == "OK", reply.errors
    return reply.group_names


def send(dms: Peer, body: bytes, **fields: Any) -> str:
    """Send a request with a reply-to; returns the correlation id of its reply."""
    correlation_id = str(uuid4())
    dms.send(body, correlation_id=correlation_id, reply_to=dms._reply_to, **fields)
    return correlation_id


def reply_to(dms: Peer, correlation_id: str, timeout_s: float = 30) -> Message:
    return dms.reply_with(lambda reply: reply.correlation_id == correlation_id, timeout_s)


def no_more_replies(dms: Peer, correlation_id: str) -> bool:
    try:
        reply_to(dms, correlation_id, QUIET_S)
    except queue.Empty:
        return True
    return False


# -- twice, or never -----------------------------------------------------------------------------------------------


def test_g01_the_same_message_twice_is_done_once_and_answered_twice_in_the_same_bytes(house: House) -> None:
    body = request("create")
    first = house.dms.ask(body)

    second = house.dms.ask(body)

    assert first.result == "OK"
    assert second.delivery.body == first.delivery.body
    assert second.delivery.properties["CIM_MessageID"] == first.delivery.properties["CIM_MessageID"]
    assert house.dms.event("created").group_names == ["GA"]
    assert group_names(house.dms) == ["GA"]
    with pytest.raises(queue.Empty):
        house.dms.event("created", timeout_s=QUIET_S)


def test_g02_a_message_id_once_more_with_another_body_is_refused_and_logged(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert house.dms.ask(request("create", message_id="m1")).result == "OK"

    reply = house.dms.ask(request("delete", message_id="m1"))

    assert (reply.result, reply.codes) == ("FAILED", ["2.15"])
    assert group_names(house.dms) == ["GA"]
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "MessageID used twice" in line]
    assert "security=True" in line


# -- a process that ends at a bad moment ----------------------------------------------------------------------------


@pytest.fixture
def serve(bus: Bus, bus_url: str, tmp_path: Path) -> Iterator[CrashingServe]:
    process = CrashingServe(bus_url, tmp_path, "--context", bus.context)
    yield process
    process.kill()


@pytest.mark.buses(*REAL)
@pytest.mark.parametrize("step", [Step.SEND, Step.ACKNOWLEDGE], ids=lambda step: step.name)
def test_g03_after_a_crash_behind_the_commit_it_is_answered_from_the_store(
    bus: Bus, serve: CrashingServe, step: Step
) -> None:
    serve.start_to_crash(step)
    dms = bus.peer()
    asked = send(dms, request("create"))

    serve.start_anew()

    # what waited to be sent, or had been; and that for the redelivery
    replies = [reply_to(dms, asked) for _ in range(2)]
    assert [each.result for each in replies] == ["OK", "OK"]
    assert replies[0].delivery.body == replies[1].delivery.body
    assert group_names(dms) == ["GA"]
    assert "message seen before, answered from the store" in serve.log


@pytest.mark.buses(*REAL)
def test_g04_after_a_crash_before_the_commit_it_is_done_once(bus: Bus, serve: CrashingServe) -> None:
    serve.start_to_crash(Step.COMMIT)
    dms = bus.peer()
    asked = send(dms, request("create"))

    serve.start_anew()

    assert reply_to(dms, asked).result == "OK"
    assert no_more_replies(dms, asked)
    assert group_names(dms) == ["GA"]
    assert "message seen before" not in serve.log


@pytest.mark.buses(*REAL)
def test_g06_after_a_crash_behind_send_it_is_sent_again_with_the_same_message_id(
    bus: Bus, serve: CrashingServe
) -> None:
    serve.start_to_crash(Step.MARK_AS_SENT)
    dms = bus.peer()
    asked = send(dms, request("create"))
    sent = [reply_to(dms, asked)]

    serve.start_anew()

    sent += [reply_to(dms, asked) for _ in range(2)]  # from the outbox, and from the store for the redelivery
    assert len({each.text("Header", "MessageID") for each in sent}) == 1
    assert len({each.delivery.body for each in sent}) == 1
    assert group_names(dms) == ["GA"]


# -- a bus that is gone at a bad moment ------------------------------------------------------------------------------


@pytest.mark.buses(*REAL)
def test_g05_a_reply_that_the_broker_was_not_there_for_is_sent_when_it_is_back(
    bus: Bus, request_broker: Broker, build_held: Callable[..., tuple[House, HeldStore]]
) -> None:
    answers = f"cim.answers.{uuid4().hex}"
    house, store = build_held(reply_addresses=["cim.answers.*"])
    wanted = f"<AsyncReplyFlag>true</AsyncReplyFlag><ReplyAddress>{answers}</ReplyAddress><MessageID>".encode()
    with store.held():
        house.dms.send(request("create").replace(b"<MessageID>", wanted))  # to a queue that outlives the broker
        store.wait_until_it_matters()
        request_broker.stop()
    assert_eventually(lambda: house.derms.readiness.outbox_pending > 0)
    request_broker.start()

    arrived = house.arriving(Queue(answers))
    waited, for_the_redelivery = (Message.of(arrived.get(timeout=60)) for _ in range(2))
    assert waited.result == "OK"
    assert for_the_redelivery.delivery.body == waited.delivery.body
    assert store.marked.get(timeout=15) is OutboxState.SENT
    assert group_names(bus.peer()) == ["GA"]


@pytest.mark.buses(*REAL)
def test_g06_what_nobody_knows_the_fate_of_is_sent_again_and_does_no_harm_at_a_peer(bus: Bus, line: Line) -> None:
    store, dms = HeldStore(), bus.peer()
    other = bus.derms(source="derms2", adopt_from=["derms1"])
    bus.derms(transport=line.transport(), store=store)
    with store.held():
        asked = send(dms, request("create"))
        store.wait_until_it_matters()
        line.proxy.swallow_answers()
    sent = [reply_to(dms, asked)]
    told = [dms.event("created")]

    line.proxy.mend()
    line.proxy.reset()

    sent.append(reply_to(dms, asked))
    if bus.name != "artemis-stomp":  # which knows the second event by its _AMQ_DUPL_ID, and drops it itself
        told.append(dms.event("created"))
    for copies in (sent, told):
        assert len({each.text("Header", "MessageID") for each in copies}) == 1
        assert len({each.delivery.body for each in copies}) == 1
    assert_eventually(lambda: other.counts.messages["event"] == len(told))
    assert len(other._need()._ledger.groups) == 1


def test_g11_a_requester_that_has_gone_is_no_trouble(
    bus: Bus, build_held: Callable[..., tuple[House, HeldStore]]
) -> None:
    house, store = build_held()
    leaving = bus.peer()
    with store.held():
        send(leaving, request("create"))
        store.wait_until_it_matters()
        leaving.transport.stop()

    assert store.marked.get(timeout=15) is OutboxState.SENT  # the event
    became = store.marked.get(timeout=15)
    if bus.name in {"rabbitmq-stomp", "artemis-stomp"}:
        # RabbitMQ drops what is sent to a temporary queue that is gone, and confirms it; Artemis knows no temporary
        # queues over STOMP, and keeps it in an address of that name: neither tells.
        assert became is OutboxState.SENT
    else:
        assert became is OutboxState.UNDELIVERABLE
    assert house.dms.ask(request("create", "GB")).result == "OK"
    assert group_names(house.dms) == ["GA", "GB"]


@pytest.mark.buses("rabbitmq-amqp", "rabbitmq-stomp")
def test_g12_a_reply_that_there_is_no_queue_for_is_found_out(
    bus: Bus, build_held: Callable[..., tuple[House, HeldStore]], capsys: pytest.CaptureFixture[str]
) -> None:
    if bus.name == "rabbitmq-stomp":
        pytest.skip("RabbitMQ's STOMP has no mandatory flag: it drops what has no queue, and confirms it")
    house, store = build_held()
    nowhere = f"cim.nowhere.{uuid4().hex}"

    house.dms.send(request("create"), reply_to=ReplyTo(nowhere))

    assert store.marked.get(timeout=15) is OutboxState.SENT  # the event
    assert store.marked.get(timeout=15) is OutboxState.UNDELIVERABLE
    assert f"there is no queue {nowhere}" in capsys.readouterr().out
    assert group_names(house.dms) == ["GA"]


# -- what fails, and what is late ------------------------------------------------------------------------------------


def test_g07_after_five_attempts_it_is_answered_and_a_copy_put_aside_and_the_queue_moves_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_FIRST_DELAY_S", 0.02)
    fault, requests = Fault(monkeypatch, times=99), house.bus.requests.name
    dead = house.arriving(Queue(f"cim.{house.bus.context}.dlq.{requests}"))
    body = request("create", "BAD")

    reply = house.dms.ask(body)

    assert (reply.result, reply.codes) == ("FAILED", ["5.3"])
    waits = [after - before for before, after in zip(fault.tried_s, fault.tried_s[1:], strict=False)]
    assert len(waits) == 4
    assert all(wait >= 0.02 * 2**index for index, wait in enumerate(waits))
    copy = dead.get(timeout=15)
    assert copy.body == body
    assert (copy.properties["CIM_Attempts"], copy.properties["CIM_OriginalQueue"]) == ("5", requests)
    assert copy.properties["CIM_Reason"] == "ZeroDivisionError: the voltage is 0"
    assert house.dms.ask(request("create", "GB")).result == "OK"
    house.check_that_all_is_acknowledged()


def test_g08_a_change_waits_for_the_create_that_takes_long(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, create = threading.Event(), threading.Event(), Draft.create

    def slowly(draft: Draft, *arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(15)
        return create(draft, *arguments)

    monkeypatch.setattr(Draft, "create", slowly)
    created = send(house.dms, request("create", members=["D1"]))
    assert begun.wait(15)
    changed = send(house.dms, request("change", members=["D2"]))
    go_on.set()

    assert reply_to(house.dms, created).result == "OK"
    assert reply_to(house.dms, changed).result == "OK"
    asked = xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()), message_id=str(uuid4()))
    assert house.dms.ask(asked).groups[0].members == ["D1", "D2"]


class Together(WatchedAdapter):
    """Devices that take a command only while another one takes one, too."""

    meeting: threading.Barrier | None = None

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        if self.meeting is not None:
            self.meeting.wait(10)
        super().command(device, command, timeout_s)


@later("G09")
def test_g09_messages_about_different_groups_are_carried_out_side_by_side() -> None: ...


@pytest.mark.buses("memory")
def test_g09_what_groups_are_told_is_carried_out_at_their_devices_side_by_side(
    build: Callable[..., House], tmp_path: Path
) -> None:
    clock = Clock()
    adapter = Together(watched("".join(map(battery, "ABZ")), clock).fleet)
    plant = Plant.build(build, tmp_path, battery("A"), battery("B"), clock=clock, adapter=adapter)
    plant.group("GA", "A")
    plant.group("GB", "B")
    adapter.meeting = threading.Barrier(2)

    for group, value in (("GA", 2), ("GB", 3)):
        assert plant.order("create", plant.dispatch(group, value)).result == "OK"

    plant.wait_until_held(A=2_000, B=3_000)  # each of the two was in hand while the other was


def test_g10_a_create_that_expired_before_its_turn_is_refused_and_a_get_is_dropped(house: House) -> None:
    long_ago = datetime.now(UTC) - timedelta(seconds=60)

    create = house.dms.ask(expiring("create", within="PT30S", sent=long_ago, message_id="m1"))
    get = send(house.dms, expiring("get", within="PT30S", sent=long_ago, message_id="m2"))

    assert (create.result, create.codes) == ("FAILED", ["4.1"])
    assert group_names(house.dms) == []
    assert no_more_replies(house.dms, get)


@pytest.mark.buses("memory", "embedded-stomp", "activemq-stomp", "rabbitmq-amqp", "artemis-stomp")
def test_g10_what_the_transport_says_has_expired_is_not_carried_out(
    build_held: Callable[..., tuple[House, HeldStore]],
) -> None:
    """RabbitMQ tells over STOMP for how long a message was to live, but not from when on."""
    house, store = build_held()

    def publish(verb: str, name: str, message_id: str, life_s: float | None) -> str:
        message = Outgoing(
            destination=house.bus.requests,
            body=expiring(verb, name, message_id=message_id),
            message_id=message_id,
            correlation_id=str(uuid4()),
            reply_to=house.dms._reply_to,
            time_to_live_s=life_s,
        )
        house.dms.transport.publish([message])
        return message.correlation_id or ""

    with store.held():
        publish("create", "GA", "m1", None)
        store.wait_until_it_matters()
        create, get = publish("create", "GB", "m2", LIFE_S), publish("get", "", "m3", LIFE_S)
        amqp_s = 1.0 if house.bus.name == "rabbitmq-amqp" else 0.0  # its times have no parts of a second
        time.sleep(LIFE_S + amqp_s + 0.1)  # it is the passing of time that is looked at

    assert reply_to(house.dms, create).codes == ["4.1"]
    assert group_names(house.dms) == ["GA"]
    assert no_more_replies(house.dms, get)


# -- frames ----------------------------------------------------------------------------------------------------------


@pytest.mark.buses("activemq-stomp", "artemis-stomp", "embedded-stomp")
def test_g13_whatever_becomes_of_messages_they_are_acknowledged_and_never_given_back(
    bus: Bus, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_FIRST_DELAY_S", 0.02)
    Fault(monkeypatch, times=99)
    dms = bus.peer()
    derms = bus.derms(transport=line.transport())
    good = request("create", message_id="m1")
    for body, codes in [
        (good, ["0.0"]),
        (good, ["0.0"]),
        (request("delete", message_id="m1"), ["2.15"]),
        (request("create", "BAD"), ["5.3"]),
        (b"abcd", ["1.8"]),
        (good.replace(b"DERGroups</Noun>", b"Frobnicators</Noun>"), ["2.5"]),
    ]:
        assert dms.ask(body).codes == codes
    derms.stop()

    commands = [frame.command for frame in line.proxy.frames()]
    assert "NACK" not in commands
    assert commands.count("ACK") >= 6


# -- fixtures --------------------------------------------------------------------------------------------------------


def assert_eventually(holds: Callable[[], bool], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # there is no event to wait for


@pytest.fixture
def build_held(build: Callable[..., House]) -> Callable[..., tuple[House, HeldStore]]:
    """Builds a house, and the store that holds it up."""

    def make(**settings: object) -> tuple[House, HeldStore]:
        store = HeldStore()
        return build(store=store, **settings), store

    return make


@pytest.fixture
def request_broker(bus: Bus, request: pytest.FixtureRequest) -> Broker:
    """The broker of the bus, to be killed and started."""
    broker: Broker = request.getfixturevalue(BUSES[bus.name] or "")
    return broker
