"""`dermsbus serve` on real brokers: the EPRI cases over the wire, a JMS client, a broker that restarts, a kill -9."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from dermsbus.transports.amqp091 import AmqpSettings, AmqpTransport
from dermsbus.transports.base import Transport
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from tests import builders as xml
from tests.broker.brokers import HOST, Broker
from tests.broker.jms_peer import JmsPeer
from tests.flow.epri_cases import EpriCases, Line, serve_options
from tests.flow.peer import REQUESTS, Message, Peer, assert_valid
from tests.flow.serving import ServeProcess


def _stomp(broker: Broker) -> Transport:
    return StompTransport(
        StompSettings(host=HOST, port=broker.port("stomp"), login=broker.kind.user, passcode=broker.kind.password)
    )


def _amqp(broker: Broker) -> Transport:
    return AmqpTransport(
        AmqpSettings(host=HOST, port=broker.port("amqp"), user=broker.kind.user, password=broker.kind.password)
    )


@dataclass(frozen=True, kw_only=True)
class Bus:
    """A broker, and the protocol that both ends speak with it."""

    broker: str
    protocol: str
    transport: Callable[[Broker], Transport]

    def url(self, broker: Broker) -> str:
        return f"{self.protocol}://{broker.kind.user}:{broker.kind.password}@{HOST}:{broker.port(self.protocol)}"

    def peer(self, broker: Broker) -> Peer:
        return Peer(self.transport(broker))


BUSES = [
    pytest.param(
        Bus(broker=broker, protocol=protocol, transport=transport),
        id=f"{broker}-{protocol}",
        marks=pytest.mark.broker(broker),
    )
    for broker, protocol, transport in [
        ("activemq", "stomp", _stomp),
        ("rabbitmq", "amqp", _amqp),
        ("rabbitmq", "stomp", _stomp),
        ("artemis", "stomp", _stomp),
    ]
]


def create(dms: Peer, name: str) -> Message:
    group = xml.group(mrid=f"mrid-{name}", name=name, functions=[], members=["D1"], version="1.0.0")
    return dms.ask(
        xml.generic("create", "DERGroups", payload=xml.der_groups(group), message_id=str(uuid4())), timeout_s=30
    )


def names(dms: Peer) -> list[str | None]:
    query = xml.der_group_queries(xml.group())
    return dms.ask(xml.generic("get", "DERGroups", request=query, message_id=str(uuid4()))).group_names


@pytest.mark.parametrize("bus", BUSES, scope="class")
@pytest.mark.parametrize("profile", ["default", "epri"], scope="class")
class TestEpriCasesOverRealBrokers(EpriCases):
    @pytest.fixture(scope="class")
    @classmethod
    def line(
        cls, request: pytest.FixtureRequest, bus: Bus, profile: str, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Line]:
        broker: Broker = request.getfixturevalue(bus.broker)
        folder = tmp_path_factory.mktemp("serve")
        with ServeProcess(bus.url(broker), folder, *serve_options(folder, profile)), bus.peer(broker) as dms:
            yield Line(dms=dms, profile=profile)


@pytest.mark.broker("activemq")
@pytest.mark.parametrize("profile", ["default", "epri"])
def test_a_jms_client_gets_its_reply_as_text_message_with_its_correlation_id(
    activemq: Broker, jms_peer: JmsPeer, tmp_path: Path, profile: str
) -> None:
    bus = Bus(broker="activemq", protocol="stomp", transport=_stomp)
    group = xml.group(name="Fünf", functions=["realPowerDispatch"], members=["D1"], version="1.0.0")
    body = xml.generic("create", "DERGroups", payload=xml.der_groups(group), message_id=str(uuid4())).decode()

    with ServeProcess(bus.url(activemq), tmp_path, "--profile", profile):
        reply = jms_peer.request(REQUESTS, body, "jms-correlation-1")

    assert reply.message_class == "TextMessage"
    assert reply.correlation_id == "jms-correlation-1"
    assert reply.jms_type == "reply.DERGroups"
    assert (reply.properties["CIM_Verb"], reply.properties["CIM_Result"]) == ("reply", "OK")
    assert "<name>Fünf</name>" in reply.body
    assert_valid(reply.body.encode())


@pytest.mark.parametrize("bus", BUSES)
def test_a_broker_restarted_under_it_finds_it_answering(
    request: pytest.FixtureRequest, bus: Bus, tmp_path: Path
) -> None:
    broker: Broker = request.getfixturevalue(bus.broker)
    with ServeProcess(bus.url(broker), tmp_path) as serve, bus.peer(broker) as dms:
        assert create(dms, "GA").result == "OK"

        broker.stop()
        serve.wait_for(503)
        broker.start()
        serve.wait_until_ready()
        dms.transport.wait_until_up(60)

        assert create(dms, "GB").result == "OK"
        assert names(dms) == ["GA", "GB"]


@pytest.mark.parametrize("bus", BUSES)
def test_after_kill_9_every_acknowledged_group_is_there(
    request: pytest.FixtureRequest, bus: Bus, tmp_path: Path
) -> None:
    broker: Broker = request.getfixturevalue(bus.broker)
    with ServeProcess(bus.url(broker), tmp_path) as serve, bus.peer(broker) as dms:
        for index in range(3):
            assert create(dms, f"G{index}").result == "OK"
            serve.kill()
            serve.start()

        assert names(dms) == ["G0", "G1", "G2"]


@pytest.mark.parametrize("bus", BUSES)
def test_bad_messages_are_answered_and_the_next_one_is_served(
    request: pytest.FixtureRequest, bus: Bus, tmp_path: Path
) -> None:
    broker: Broker = request.getfixturevalue(bus.broker)
    good = xml.generic("create", "DERGroups", payload=xml.der_groups(xml.group(name="G", functions=[])))
    with ServeProcess(bus.url(broker), tmp_path), bus.peer(broker) as dms:
        for body, kind, code in [
            (b"abcd", "FaultMessage", "1.8"),
            (b"<!DOCTYPE a []>" + good[39:], "FaultMessage", "7.7"),
            (good.replace(b"2011/schema", b"2021/schema"), "FaultMessage", "1.9"),
            (good.replace(b"<Noun>DERGroups</Noun>", b""), "ResponseMessage", "1.5"),
            (good.replace(b"DERGroups</Noun>", b"Frobnicators</Noun>"), "ResponseMessage", "2.5"),
        ]:
            reply = dms.ask(body)
            assert (reply.kind, reply.result, reply.codes) == (kind, "FAILED", [code])

        assert create(dms, "GA").result == "OK"
