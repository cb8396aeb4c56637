"""An answer that is too large for one message comes in several, each of them an answer in itself."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from dermsbus.app import Application
from dermsbus.client import DMSClient
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import DERGroups, Envelope
from dermsbus.settings import Settings
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Delivery, Outgoing, PublishOutcome, PublishState, Queue, Subscription
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests import builders as xml
from tests.flow.peer import Message, Peer, find, local, text_of
from tests.flow.plant import Plant, battery
from tests.flow.seen import forecasts_seen, orders_seen, statuses_seen
from tests.flow.test_name_plates import plates
from tests.scripted_adapter import ScriptedAdapter

Build = Callable[..., Any]

SMALL = 16 * 1024
"""The least that one message of an answer can be set to: some 30 groups."""
ADDRESS = "cim.production.rep.dms1"


def group(number: int, *, description: str = "") -> str:
    mrid, name = f"G-{number:04}", f"group {number}"
    return xml.group(mrid=mrid, name=name, functions=[], version="1.0.0", description=description or None)


def fill(house: Any, count: int) -> list[str]:
    """Create so many groups; returns their names."""
    payload = xml.der_groups(*(group(number) for number in range(count)))
    assert house.dms.ask(xml.generic("create", "DERGroups", payload=payload, message_id="fill")).result == "OK"
    return [f"group {number}" for number in range(count)]


def get(noun: str = "DERGroups", *queries: str, **fields: Any) -> bytes:
    query = xml.der_group_queries(*queries or [xml.group()])
    fields.setdefault("message_id", str(uuid4()))
    return xml.generic("get", noun, request=query, **fields)


def is_last(message: Message) -> bool:
    return "0.1" not in message.codes


def ask(dms: Peer, body: bytes) -> list[Message]:
    """Send a request; returns all messages of its answer, in the order in which they came."""
    correlation_id = str(uuid4())
    dms.send(body, correlation_id=correlation_id, reply_to=dms._reply_to)
    return list(until_last(lambda: dms.reply_with(lambda delivery: delivery.correlation_id == correlation_id)))


def until_last(receive: Callable[[], Message]) -> Iterator[Message]:
    while True:
        message = receive()
        yield message
        if is_last(message):
            return


def arriving(dms: Peer, address: str = ADDRESS) -> queue.SimpleQueue[Delivery]:
    arrived: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    dms.transport.subscribe(Subscription(destination=Queue(address)), arrived.put)
    return arrived


def numbers(messages: Sequence[Message]) -> list[str | None]:
    """The numbers that an answer's messages have in their headers."""
    return [header_property(message, "dermsbus.sequence") for message in messages]


def header_property(message: Message, name: str) -> str | None:
    header = find(message.root, "Header")
    assert header is not None
    found = [each for each in header if local(each) == "Property" and text_of(each, "Name") == name]
    return text_of(found[0], "Value") if found else None


def all_names(messages: Sequence[Message]) -> list[str | None]:
    return [name for message in messages for name in message.group_names]


# -- what one sees -----------------------------------------------------------------------------------------------------


def test_a_long_answer_comes_in_several_messages_that_tell_each_group_once(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    names = fill(house, 200)

    messages = ask(house.dms, get(correlation_id="k1"))

    assert len(messages) > 3
    assert all_names(messages) == names
    assert all(message.groups for message in messages)
    assert [message.result for message in messages] == ["PARTIAL"] * (len(messages) - 1) + ["OK"]
    assert [message.codes for message in messages] == [["0.1"]] * (len(messages) - 1) + [["0.0"]]
    assert {error.level for message in messages for error in message.errors} == {"INFORM"}
    assert numbers(messages) == [str(number) for number in range(1, len(messages) + 1)]
    assert {message.text("Header", "CorrelationID") for message in messages} == {"k1"}
    assert len({message.text("Header", "MessageID") for message in messages}) == len(messages)
    assert [message.delivery.properties["CIM_Result"] for message in messages] == [m.result for m in messages]
    assert all(len(message.delivery.body) <= SMALL for message in messages)
    assert all(len(message.delivery.body) > SMALL - 1_800 for message in messages[:-1]), "as much as there is room for"


def test_a_short_answer_is_one_message_without_a_number(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    fill(house, 10)

    (message,) = ask(house.dms, get())

    assert (message.result, message.codes, numbers([message])) == ("OK", ["0.0"], [None])


def test_by_default_an_answer_is_as_long_as_brokers_take(house: Any) -> None:
    members = [f"device-{number:032}" for number in range(9_000)]
    for number in range(6):
        body = xml.der_groups(xml.group(mrid=f"G{number}", functions=[], members=members))
        assert house.dms.ask(xml.generic("create", "DERGroups", payload=body, message_id=f"m{number}")).result == "OK"

    messages = ask(house.dms, get())

    assert [[each.mrid for each in message.groups] for message in messages] == [
        [f"G{number}" for number in range(5)],
        ["G5"],
    ]
    assert all(len(message.delivery.body) <= 4_000_000 for message in messages)
    assert messages[1].result == "OK"


def test_the_last_message_of_an_incomplete_answer_says_what_is_missing_and_that_nothing_follows(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    names = fill(house, 100)

    messages = ask(house.dms, get("DERGroups", xml.group(), xml.group(name="nobody")))

    assert all_names(messages) == names
    assert [message.result for message in messages] == ["PARTIAL"] * len(messages)
    assert [message.codes for message in messages[:-1]] == [["0.1"]] * (len(messages) - 1)
    assert messages[-1].codes == ["99.1", "0.2"]


def test_where_half_done_counts_as_failed_the_last_message_says_so(build: Build) -> None:
    house = build(BEHAVIOURS["epri"], reply_bytes=SMALL)
    names = fill(house, 100)

    messages = ask(house.dms, get("DERGroups", xml.group(), xml.group(name="nobody")))

    assert all_names(messages) == names
    assert [message.result for message in messages] == ["PARTIAL"] * (len(messages) - 1) + ["FAILED"]
    assert messages[-1].codes == ["99.1"]


def test_many_errors_get_a_message_of_their_own(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    names = fill(house, 20)
    unknown = [xml.group(name=f"nobody {number}") for number in range(50)]

    messages = ask(house.dms, get("DERGroups", xml.group(), *unknown))

    assert [message.group_names for message in messages] == [names, []]
    assert [message.codes for message in messages] == [["0.1"], ["99.1"] * 50 + ["0.2"]]


def test_a_typed_request_gets_typed_messages(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    names = fill(house, 60)
    request = xml.der_group_queries(xml.group())

    messages = ask(
        house.dms,
        xml.typed("DERGroupQueriesRequestMessage", "DERGroupQueries", "get", "DERGroups", request=request),
    )

    assert {message.kind for message in messages} == {"DERGroupQueriesResponseMessage"}
    assert (all_names(messages), messages[-1].result) == (names, "OK")
    assert len(messages) > 1


def test_groups_with_any_characters_are_told_as_they_are(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    texts = [f"{number} &<>\"' \U0001f50b{chr(0x10FFFF) * 40} é" for number in range(60)]
    groups = [group(number, description=text) for number, text in enumerate(texts)]
    assert house.dms.ask(xml.generic("create", "DERGroups", payload=xml.der_groups(*groups))).result == "OK"

    messages = ask(house.dms, get())

    assert [each.description for message in messages for each in message.groups] == texts
    assert all(len(message.delivery.body) <= SMALL for message in messages)


def test_each_message_is_compressed_for_a_peer_that_reads_that(build: Build) -> None:
    house = build(reply_bytes=SMALL, peers={"dms1": {"compress_above_bytes": 1_000}})
    names = fill(house, 100)

    messages = ask(house.dms, get())

    codec, told = Codec(), []
    for message in messages:
        assert message.text("Payload", "Compressed")
        decoded = codec.decode(message.delivery.body)
        assert isinstance(decoded, Envelope)
        assert decoded.payload is not None
        assert isinstance(decoded.payload.content, DERGroups)
        told.extend(each.names[0].name for each in decoded.payload.content.groups)
    assert told == names
    assert len(messages) > 2, "it is cut as it is before it is compressed"


def test_the_client_has_it_as_one_answer(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    names = fill(house, 200)

    with DMSClient(MemoryTransport(house.bus), Codec(), responder="derms1") as client:
        answer = client.get_groups()

    assert answer.ok
    assert [each.names[0].name for each in answer.groups] == names
    assert len(answer.parts) > 3
    assert client.counters.answered == 1


# -- every noun --------------------------------------------------------------------------------------------------------


def test_statuses_are_told_so_too(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    names = fill(house, 100)
    query = xml.payload("DERGroupStatusQueries", "<EndDeviceGroup/>")

    messages = ask(house.dms, xml.generic("get", "DERGroupStatuses", request=query))

    assert [each.name for message in messages for each in statuses_seen(message)] == names
    assert (len(messages) > 1, messages[-1].result) == (True, "OK")


def test_orders_and_forecasts_are_told_so_too(make_plant: Callable[..., Plant]) -> None:
    plant = make_plant(battery("D1"), reply_bytes=SMALL, push={"status_period_s": 0, "forecast_period_s": 0})
    plant.group("GA", "D1")
    starts = [plant.clock.in_s(60 * number) for number in range(60)]
    orders = [plant.dispatch("GA", 1, mrid=f"O-{n:02}", start=at, duration=1) for n, at in enumerate(starts)]
    assert plant.order("create", *orders).result == "OK"

    messages = ask(plant.dms, get("DERGroupDispatches", xml.group(name="GA")))

    assert [each.mrid for message in messages for each in orders_seen(message)] == [f"O-{n:02}" for n in range(60)]
    assert (len(messages) > 1, messages[-1].result) == (True, "OK")

    for number in range(20):
        plant.group(f"G{number}", "D1")
    names = ["GA", *(f"G{number}" for number in range(20))]
    ids = "".join(f'<ID kind="name">{name}</ID>' for name in names)
    messages = ask(plant.dms, xml.generic("get", "DERGroupForecasts", request=ids))

    assert [each.group_name for message in messages for each in forecasts_seen(message)] == names
    assert (len(messages) > 1, messages[-1].result) == (True, "OK")


def test_name_plates_follow_the_groups(build: Build, tmp_path: Path) -> None:
    catalogue = tmp_path / "fleet.toml"
    mrids = [f"D{number:03}" for number in range(100)]
    catalogue.write_text("".join(battery(mrid) for mrid in mrids), encoding="utf-8")
    house = build(
        fleet=catalogue,
        adapters={"simulated": ScriptedAdapter(0.0)},
        push={"status_period_s": 0},
        nameplate_extension=True,
        reply_bytes=SMALL,
    )
    groups = [xml.group(mrid=f"G-{mrid}", name=mrid, functions=[], members=[mrid]) for mrid in mrids]
    assert house.dms.ask(xml.generic("create", "DERGroups", payload=xml.der_groups(*groups))).result == "OK"
    option = "<Option><name>DERNamePlate</name><value>true</value></Option>"
    body = xml.generic("get", "DERGroups", request=f"{option}{xml.der_group_queries(xml.group())}", message_id="m2")

    messages = ask(house.dms, body)

    assert all_names(messages) == mrids
    assert [plate["mRID"] for message in messages for plate in plates(message)] == mrids
    assert messages[-1].result == "OK"
    assert all(len(message.delivery.body) <= SMALL for message in messages)


def test_the_answer_to_a_command_is_cut_too_and_the_same_when_it_is_sent_again(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    groups = [xml.group(name=f"group {number}", functions=[]) for number in range(60)]
    body = xml.generic("create", "DERGroups", payload=xml.der_groups(*groups))

    messages = ask(house.dms, body)
    again = ask(house.dms, body)

    assert all_names(messages) == [f"group {number}" for number in range(60)], "with the mRIDs that they were given"
    assert all(each.mrid for message in messages for each in message.groups)
    assert [message.delivery.body for message in again] == [message.delivery.body for message in messages]
    assert len(messages) > 1


# -- later, and after a restart ----------------------------------------------------------------------------------------


def later(body: bytes) -> bytes:
    wanted = f"<AsyncReplyFlag>true</AsyncReplyFlag><ReplyAddress>{ADDRESS}</ReplyAddress><MessageID>"
    return body.replace(b"<MessageID>", wanted.encode())


def test_an_answer_that_is_wanted_elsewhere_comes_there_in_several_messages(build: Build) -> None:
    house = build(reply_bytes=SMALL, reply_addresses=[ADDRESS])
    names = fill(house, 100)
    arrived = arriving(house.dms)

    receipt = house.dms.ask(later(get(correlation_id="k1")))
    messages = list(until_last(lambda: Message.of(arrived.get(timeout=10))))

    assert (receipt.result, receipt.codes, numbers([receipt])) == ("OK", ["0.3"], [None])
    assert all_names(messages) == names
    assert numbers(messages) == [str(number) for number in range(1, len(messages) + 1)]
    assert {message.text("Header", "CorrelationID") for message in messages} == {"k1"}
    assert {message.delivery.correlation_id for message in messages} == {receipt.delivery.correlation_id}


class Stalling(MemoryTransport):
    """A way to the bus that takes three messages and knows of no other what became of it."""

    taken = 0

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        outcomes = []
        for message in messages:
            self.taken += 1
            unknown = PublishOutcome(state=PublishState.UNKNOWN)
            outcomes.append(super().publish([message])[0] if self.taken <= 3 else unknown)
        return tuple(outcomes)


def test_a_restart_in_the_midst_of_an_answer_loses_none_of_it(tmp_path: Path) -> None:
    bus = MemoryBus()
    settings = Settings.model_validate({"http": None, "reply_bytes": SMALL, "reply_addresses": [ADDRESS]})
    groups = [xml.group(name=f"group {number}", functions=[]) for number in range(100)]
    with Peer(MemoryTransport(bus)) as dms:
        arrived = arriving(dms)
        with Application(settings, transport=Stalling(bus), store=SqliteStore(tmp_path / "derms.db")) as derms:
            derms.wait_until_ready(10)
            assert dms.ask(later(xml.generic("create", "DERGroups", payload=xml.der_groups(*groups)))).codes == ["0.3"]
            first = [Message.of(arrived.get(timeout=10)) for _ in range(2)]
        assert arrived.empty()

        with Application(settings, transport=MemoryTransport(bus), store=SqliteStore(tmp_path / "derms.db")) as derms:
            derms.wait_until_ready(10)
            rest = list(until_last(lambda: Message.of(arrived.get(timeout=10))))

    messages = [*first, *rest]
    assert all_names(messages) == [f"group {number}" for number in range(100)]
    assert numbers(messages) == [str(number) for number in range(1, len(messages) + 1)]
    assert messages[-1].result == "OK"


# -- what cannot be told -----------------------------------------------------------------------------------------------


def test_a_peer_that_reads_one_message_only_is_told_what_to_do(build: Build) -> None:
    house = build(reply_bytes=SMALL, peers={"dms1": {"chunks": False}})
    fill(house, 100)

    (reply,) = ask(house.dms, get())
    (other, *_) = ask(house.dms, get(source="dms2"))

    assert (reply.result, reply.codes, reply.groups) == ("FAILED", ["3.1"], [])
    (error,) = reply.errors
    assert "dermsbus.limit" in (error.details or "")
    assert other.codes == ["0.1"]


def test_a_peer_that_reads_one_message_only_gets_it_compressed_if_that_is_enough(build: Build) -> None:
    house = build(reply_bytes=SMALL, peers={"dms1": {"chunks": False, "compress_above_bytes": 1_000}})
    fill(house, 100)

    (reply,) = ask(house.dms, get())

    assert (reply.result, bool(reply.text("Payload", "Compressed"))) == ("OK", True)


def test_a_command_whose_answer_cannot_be_sent_is_undone(build: Build) -> None:
    house = build(reply_bytes=SMALL, peers={"dms1": {"chunks": False}})
    groups = [xml.group(name=f"group {number}", functions=[]) for number in range(100)]

    (reply,) = ask(house.dms, xml.generic("create", "DERGroups", payload=xml.der_groups(*groups)))

    assert (reply.result, reply.codes) == ("FAILED", ["3.1"])
    (everything,) = ask(house.dms, get())
    assert everything.groups == []


def test_an_object_that_is_too_large_by_itself_is_named(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    fill(house, 10)
    large = xml.group(mrid="G-large", functions=[], members=[f"device {number}" for number in range(1_000)])
    assert house.dms.ask(xml.generic("create", "DERGroups", payload=xml.der_groups(large))).result == "OK"

    (reply,) = ask(house.dms, get())

    assert (reply.result, reply.codes) == ("FAILED", ["3.1"])
    (error,) = reply.errors
    assert "'G-large'" in (error.details or "")
    assert "reply_bytes" in (error.details or "")
    (others,) = ask(house.dms, get("DERGroups", xml.group(name="group 1")))
    assert others.group_names == ["group 1"]


def test_more_errors_than_one_message_holds_are_refused_together(house: Any) -> None:
    ids = "".join(f'<ID kind="uuid">{number:0300}</ID>' for number in range(10_000))

    (reply,) = ask(house.dms, xml.generic("delete", "DERGroups", payload=ids))

    assert (reply.result, reply.codes) == ("FAILED", ["3.1"])
    assert "fewer" in (reply.errors[0].details or "")


def test_what_is_wrong_with_a_message_is_always_told_however_little_a_message_may_hold(build: Build) -> None:
    house = build(reply_bytes=SMALL)
    wrong = xml.element("EndDeviceGroup", f"<{chr(0x2000B) * 60}/>")

    (reply,) = ask(house.dms, xml.generic("create", "DERGroups", payload=xml.der_groups(*[wrong] * 30)))

    assert (reply.result, set(reply.codes)) == ("FAILED", {"1.8"})
    assert len(reply.delivery.body) > SMALL
