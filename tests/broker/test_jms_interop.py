"""A Java application over OpenWire, which knows nothing of dermsbus, and the STOMP transport understand each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from dermsbus.transports.base import Delivery, Outgoing, Queue, Subscription
from tests.broker.brokers import Broker
from tests.broker.jms_peer import JmsPeer, JmsPeerError
from tests.broker.stomp_contract import stomp_transport
from tests.contract.transport_suite import PATIENCE_S, Inbox, send

# Nothing beyond the Basic Multilingual Plane: ActiveMQ writes such characters of a JMS text message as pairs of
# surrogates to STOMP, which is no UTF-8, and its Java client cannot decode those that a STOMP client sent.
BODY = '<?xml version="1.0" encoding="UTF-8"?>\n<ask note="Größe &amp; 東京"/>'
ANSWER = "<answer>Łódź &amp; 東京</answer>"


@contextmanager
def responder(broker: Broker, queue: str) -> Iterator[Inbox]:
    """Answers each request on *queue* in the way of a DERMS; yields what it received."""
    transport, seen = stomp_transport(broker), Inbox()

    def answer(request: Delivery) -> None:
        seen(request)
        assert request.reply_to is not None
        reply = Outgoing(
            destination=request.reply_to,
            body=ANSWER.encode(),
            message_id=str(uuid4()),
            correlation_id=request.correlation_id,
            kind="reply.DERGroups",
            properties={"CIM_Verb": "reply", "CIM_Noun": "DERGroups", "CIM_Result": "OK"},
        )
        send(transport, reply)
        transport.settle([request])

    transport.start()
    try:
        transport.wait_until_up(PATIENCE_S)
        transport.subscribe(Subscription(destination=Queue(queue)), answer)
        yield seen
    finally:
        transport.stop()


@pytest.fixture
def queue() -> str:
    return f"cim.test.req.{uuid4().hex}"


@pytest.mark.parametrize(
    "broker_name",
    [
        pytest.param("activemq", marks=pytest.mark.broker("activemq")),
        pytest.param("artemis", marks=pytest.mark.broker("artemis")),
    ],
)
def test_a_jms_requester_with_a_temporary_queue_gets_a_text_message_with_its_correlation_id(
    broker_name: str, jms_peer: JmsPeer, queue: str, request: pytest.FixtureRequest
) -> None:
    broker: Broker = request.getfixturevalue(broker_name)
    with responder(broker, queue) as received:
        reply = jms_peer.request(queue, BODY, "dms:1:Ä", broker=broker)
        asked = received.take()

    assert asked.body == BODY.encode()
    assert asked.correlation_id == "dms:1:Ä"
    assert reply.message_class == "TextMessage"
    assert reply.body == ANSWER
    assert reply.correlation_id == "dms:1:Ä"
    assert reply.jms_type == "reply.DERGroups"
    assert reply.delivery_mode == 2
    assert {"CIM_Verb": "reply", "CIM_Noun": "DERGroups", "CIM_Result": "OK"}.items() <= reply.properties.items()


@pytest.mark.broker("activemq")
def test_a_jms_requester_that_nobody_answers_is_told_after_its_patience(jms_peer: JmsPeer, queue: str) -> None:
    with pytest.raises(JmsPeerError, match="no reply within 500 ms"):
        jms_peer.request(queue, BODY, "c-1", timeout_s=0.5)
