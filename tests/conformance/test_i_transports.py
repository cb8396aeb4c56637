"""I: what each broker makes of a message, and how a connection lives, dies and comes back."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest

from dermsbus.app import make_transport
from dermsbus.domain.registry import Draft
from dermsbus.errors import ConnectFailed, SettingsError
from dermsbus.settings import BusScheme, BusUrl
from dermsbus.transports.base import LinkState, PublishState, Queue, Subscription, Topic
from tests import builders as xml
from tests.broker.brokers import Broker
from tests.broker.jms_peer import JmsPeer
from tests.broker.raw_stomp import RawStomp
from tests.broker.test_rabbitmq_amqp import pika_channel
from tests.conformance.bus import Bus, House
from tests.conformance.cases import BUSES
from tests.conformance.lines import Line
from tests.conformance.messages import ask_for_groups, create, get_groups, group
from tests.contract.tls_front import Authority, TlsFront
from tests.contract.transport_suite import Inbox, StatusLog, eventually, message, send

REAL = tuple(name for name, broker in BUSES.items() if broker)
CREATED = {"GA": ["D1", "D2"]}
BEAT_S = 1.0
BACKOFF_S = 2.0
"""More than is waited between the first attempts to connect."""

NAME = "Größe, Łódź, 東京"
"""Nothing beyond the Basic Multilingual Plane, which is what ActiveMQ's Java client can read of a STOMP message."""


# -- what others see -------------------------------------------------------------------------------------------------


@pytest.mark.buses("activemq-stomp")
def test_i01_a_java_application_sees_a_persistent_text_message_with_type_and_properties(
    house: House, jms_peer: JmsPeer
) -> None:
    body = create(xml.group(name=NAME, functions=["connectDisconnect"])).decode()

    reply = jms_peer.request(house.bus.requests.name, body, "jms-1")

    assert (reply.message_class, reply.delivery_mode, reply.jms_type) == ("TextMessage", 2, "reply.DERGroups")
    seen = {name: value for name, value in reply.properties.items() if name.startswith("CIM_")}
    assert {
        "CIM_Verb": "reply",
        "CIM_Noun": "DERGroups",
        "CIM_Kind": "response",
        "CIM_Result": "OK",
        "CIM_Source": "derms1",
        "CIM_Edition": "2013",
        "CIM_Context": house.bus.context.upper(),
    }.items() <= seen.items()
    assert f"<MessageID>{seen['CIM_MessageID']}</MessageID>" in reply.body
    assert f"<name>{NAME}</name>" in reply.body


@pytest.mark.buses("artemis-stomp")
def test_i02_on_artemis_it_is_a_text_message_too_as_the_frame_states_no_length(
    bus: Bus, line: Line, artemis: Broker, jms_peer: JmsPeer
) -> None:
    bus.derms(transport=line.transport())

    reply = jms_peer.request(bus.requests.name, create().decode(), "jms-1", broker=artemis)

    assert (reply.message_class, reply.delivery_mode, reply.jms_type) == ("TextMessage", 2, "reply.DERGroups")
    sent = line.proxy.frames_of("SEND")
    assert {frame.headers["type"] for frame in sent} >= {"reply.DERGroups", "created.DERGroups"}
    assert not any("content-length" in frame.headers for frame in sent)


def test_i03_what_is_not_ascii_arrives_byte_for_byte(house: House) -> None:
    aside, name = house.put_aside(), f"{NAME}, 🔋"
    unknown = f'<Unbekannt xmlns="urn:x">{name}\t</Unbekannt>\n'.encode()

    house.dms.send(unknown)
    created = house.dms.ask(create(group(name)))

    assert aside.get(timeout=15).body == unknown
    assert created.result == "OK"
    told = house.dms.event("created")
    assert told.group_names == [name]
    assert NAME.encode() in told.delivery.body
    assert house.dms.ask(get_groups()).group_names == [name]


@pytest.mark.buses("activemq-stomp")
def test_i04_a_java_requester_has_its_reply_in_its_temporary_queue(house: House, jms_peer: JmsPeer) -> None:
    reply = jms_peer.request(house.bus.requests.name, create().decode(), "dms:1:Ä")

    assert reply.correlation_id == "dms:1:Ä"
    assert reply.properties["CIM_Result"] == "OK"
    assert ask_for_groups(house) == CREATED


@pytest.mark.buses("rabbitmq-stomp")
def test_i05_a_requester_that_waits_on_its_amqp_channel_is_answered_over_stomp(house: House, rabbitmq: Broker) -> None:
    answers: list[tuple[Any, bytes]] = []
    with pika_channel(rabbitmq) as channel:
        channel.basic_consume(
            "amq.rabbitmq.reply-to", lambda _, __, properties, body: answers.append((properties, body)), auto_ack=True
        )
        asked = pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id="c1", message_id="m1")
        channel.basic_publish("", house.bus.requests.name, create(), asked)

        assert eventually(lambda: channel.connection.process_data_events(0.1) or bool(answers))

    ((properties, body),) = answers
    assert properties.correlation_id == "c1"
    assert b">OK</" in body


@pytest.mark.buses("rabbitmq-amqp")
def test_i06_a_stomp_requester_is_answered_over_amqp_in_the_queue_that_it_spells_as_stomp_does(
    house: House, rabbitmq: Broker
) -> None:
    answers = f"/queue/cim.answers.{uuid4().hex}"
    with RawStomp(rabbitmq) as peer:
        peer.subscribe(answers)

        peer.send(
            "SEND",
            {
                "destination": f"/amq/queue/{house.bus.requests.name}",
                "reply-to": answers,
                "correlation-id": "c:1",
            },
            create(),
        )

        reply = peer.receive()
    assert (reply.headers["destination"], reply.headers["correlation-id"]) == (answers, "c:1")
    assert b">OK</" in reply.body


# -- subscriptions ---------------------------------------------------------------------------------------------------

SELECTOR = "CIM_Noun = 'DERGroups'"


@pytest.mark.buses("embedded-stomp", "activemq-stomp", "artemis-stomp")
@pytest.mark.parametrize("kind", [Queue, Topic])
def test_i07_a_selector_brings_what_matches_alone(bus: Bus, kind: type[Queue | Topic]) -> None:
    transport, inbox = bus.connected(), Inbox()
    destination = kind(f"cim.{bus.context}.chosen")
    transport.subscribe(Subscription(destination=destination, selector=SELECTOR), inbox)

    send(
        transport,
        *(
            message(destination, noun.encode(), properties={"CIM_Noun": noun})
            for noun in ("EndDeviceControls", "DERGroups", "DERGroupStatuses", "DERGroups")
        ),
    )

    assert [inbox.take().body for _ in range(2)] == [b"DERGroups"] * 2
    assert inbox.stays_empty()


@pytest.mark.buses("memory", "rabbitmq-amqp", "rabbitmq-stomp")
def test_i07_where_a_broker_would_pass_it_over_a_selector_is_refused(bus: Bus) -> None:
    with pytest.raises((SettingsError, ConnectFailed), match=r"CIM_Noun.*would deliver everything"):
        bus.connected().subscribe(Subscription(destination=bus.requests, selector=SELECTOR), Inbox())


def test_i08_a_durable_subscriber_has_what_was_told_while_it_was_away(house: House) -> None:
    bus, before, after = house.bus, Inbox(), Inbox()
    wanted = Subscription(destination=bus.topic("derms1", "created", "DERGroups"), durable_name=f"events.{bus.context}")
    here = bus.connected(client_id=f"ems-{bus.context}")
    here.subscribe(wanted, before)
    assert house.dms.ask(create(group("GA"))).result == "OK"
    here.settle([before.take()])
    here.stop()

    assert house.dms.ask(create(group("GB"), message_id="m2")).result == "OK"
    bus.connected(client_id=f"ems-{bus.context}").subscribe(wanted, after)

    assert b"<name>GB</name>" in after.take().body
    assert after.stays_empty()


# -- the life of a connection ----------------------------------------------------------------------------------------


@pytest.mark.buses(*REAL)
def test_i09_a_broker_that_falls_silent_is_left_and_all_is_as_before_on_the_next_connection(
    bus: Bus, line: Line
) -> None:
    transport, log = line.transport(heartbeat_s=BEAT_S), StatusLog()
    inbox, topic = Inbox(), bus.topic("derms2", "created", "DERGroups")
    transport.subscribe(Subscription(destination=topic), inbox)
    transport.start(log)
    transport.wait_until_up(30)
    sender = bus.connected()

    line.proxy.black_hole()
    silent_s = time.monotonic()
    log.wait_for_state(LinkState.DOWN, 1)
    assert time.monotonic() - silent_s < 2.5 * BEAT_S + BACKOFF_S
    line.proxy.cut()
    line.proxy.mend()
    log.wait_for_state(LinkState.UP, 2)

    send(sender, message(topic, b"<heard/>"))
    assert inbox.take().body == b"<heard/>"
    time.sleep(3 * BEAT_S)  # only time shows that heart-beats go both ways again
    assert (transport.status.state, transport.status.connects) == (LinkState.UP, 2)


@pytest.mark.buses("embedded-stomp", *REAL)
def test_i10_a_tls_connection_that_ends_without_farewell_is_noticed_and_costs_no_cpu(
    bus: Bus, bus_url: str, tmp_path: Path
) -> None:
    if not Authority.can_be_made():
        pytest.skip("needs the openssl command to make certificates")
    plain, authority = BusUrl.parse(bus_url), Authority(tmp_path, "ours")
    with TlsFront((plain.host, plain.port), authority.issue("localhost")) as front:
        url = replace(
            plain,
            scheme=BusScheme(f"{plain.scheme}s"),
            host="localhost",
            port=front.port,
            ca_file=authority.ca_file,
            heartbeat_s=BEAT_S,
        )
        derms = bus.derms(transport=make_transport(url))

        front.abort()

        broken_s = time.monotonic()
        assert eventually(lambda: derms.readiness.bus.connects == 2)
        assert time.monotonic() - broken_s < 2.5 * BEAT_S + BACKOFF_S
        cpu_s = time.process_time()
        time.sleep(1)  # time in which a busy loop would show
        assert time.process_time() - cpu_s < 0.5
        derms.stop()


@pytest.mark.buses(*REAL)
def test_i11_a_handler_that_takes_five_heart_beats_costs_no_connection(
    bus: Bus, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Draft.create

    def slowly(draft: Draft, *arguments: Any) -> Any:
        time.sleep(5 * BEAT_S)  # it is what is looked at
        return real(draft, *arguments)

    monkeypatch.setattr(Draft, "create", slowly)
    house = House(bus=bus, derms=bus.derms(transport=line.transport(heartbeat_s=BEAT_S)), dms=bus.peer())

    assert house.dms.ask(create(), timeout_s=30).result == "OK"

    assert eventually(lambda: house.derms.readiness.outbox_pending == 0)
    assert house.derms.readiness.bus.connects == 1
    house.check_that_all_is_acknowledged()


# -- properties and headers ------------------------------------------------------------------------------------------


@pytest.mark.buses("rabbitmq-amqp")
def test_i12_a_correlation_id_that_amqp_cannot_carry_is_refused_and_costs_no_channel(bus: Bus) -> None:
    transport = bus.connected()

    bad, good = transport.publish(
        [message(bus.requests, correlation_id="c" * 300), message(bus.requests, correlation_id="c" * 255)]
    )

    assert (bad.state, bad.reason) == (PublishState.REJECTED, "correlation id has 300 bytes, AMQP allows 255")
    assert good.state is PublishState.ACCEPTED
    assert transport.status.connects == 1


@pytest.mark.buses("rabbitmq-amqp")
def test_i12_a_request_whose_reply_would_need_one_is_refused_before_anything_is_done(house: House) -> None:
    reply = house.dms.ask(create(correlation_id="c" * 300))

    assert (reply.result, reply.codes) == ("FAILED", ["1.8"])
    assert ask_for_groups(house) == {}
    assert house.derms.readiness.bus.connects == 1


@pytest.mark.buses("embedded-stomp", "activemq-stomp", "rabbitmq-stomp", "artemis-stomp")
def test_i13_when_a_message_expires_is_said_as_the_broker_understands_it(bus: Bus, line: Line) -> None:
    before_ms = time.time() * 1000
    send(line.connected(), message(bus.requests, time_to_live_s=60.0))
    after_ms = time.time() * 1000

    (sent,) = line.proxy.frames_of("SEND")
    if bus.name == "rabbitmq-stomp":
        assert sent.headers["expiration"] == "60000"
        assert "expires" not in sent.headers
    else:
        assert before_ms + 59_999 <= int(sent.headers["expires"]) <= after_ms + 60_000


@pytest.mark.buses("rabbitmq-amqp")
def test_i13_over_amqp_expiration_is_in_milliseconds(bus: Bus, rabbitmq: Broker) -> None:
    send(bus.connected(), message(bus.requests, time_to_live_s=60.0))

    with pika_channel(rabbitmq) as channel:
        _, properties, _ = next(channel.consume(bus.requests.name, inactivity_timeout=15))
    assert properties.expiration == "60000"


def test_i14_a_property_that_contradicts_the_header_is_refused(house: House) -> None:
    reply = house.dms.ask(create(), properties={"CIM_Verb": "delete"})

    assert (reply.result, reply.codes) == ("FAILED", ["1.8"])
    assert ask_for_groups(house) == {}


HYPHENATED = {"x-ray-note": "7"}


def over_stomp(bus: Bus, broker: Broker) -> None:
    address = {"destination": f"/queue/{bus.requests.name}"}
    if bus.name == "artemis-stomp":
        address = {"destination": bus.requests.name, "destination-type": "ANYCAST"}
    with RawStomp(broker) as peer:
        peer.send("SEND", {**address, **HYPHENATED, "receipt": "sent"}, create())
        assert peer.receive().command == "RECEIPT"


def over_amqp(bus: Bus, broker: Broker) -> None:
    with pika_channel(broker) as channel:
        channel.basic_publish("", bus.requests.name, create(), pika.BasicProperties(headers=HYPHENATED))


@pytest.mark.buses(*REAL)
def test_i15_a_property_with_a_hyphen_is_carried_and_never_chosen_by(bus: Bus, request: pytest.FixtureRequest) -> None:
    transport, inbox = bus.connected(), Inbox()
    transport.subscribe(Subscription(destination=bus.requests), inbox)

    (over_amqp if bus.name == "rabbitmq-amqp" else over_stomp)(bus, request.getfixturevalue(BUSES[bus.name] or ""))

    assert inbox.take().properties["x-ray-note"] == "7"
    with pytest.raises(SettingsError, match="x-ray-note"):
        transport.subscribe(Subscription(destination=bus.requests, selector="x-ray-note = '7'"), Inbox())


@pytest.mark.buses("rabbitmq-stomp")
def test_i16_nothing_that_is_sent_to_rabbitmq_has_a_message_id_header(bus: Bus, line: Line) -> None:
    dms, derms = bus.peer(), bus.derms(transport=line.transport())
    for body in (create(), create(), get_groups(), b"abcd"):
        dms.ask(body)
    derms.stop()

    sent = line.proxy.frames_of("SEND")
    assert len(sent) >= 6  # replies, an event, a copy of what could not be read
    assert not any("message-id" in frame.headers for frame in sent)
    assert all(frame.headers["amqp-message-id"] for frame in sent)
