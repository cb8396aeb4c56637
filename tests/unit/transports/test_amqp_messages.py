"""What becomes of a message on its way to RabbitMQ, and which are not let through."""

from __future__ import annotations

from typing import Any

import pytest

from dermsbus.errors import PublishRejected
from dermsbus.transports.amqp_messages import binding_key, message_of
from dermsbus.transports.amqp_settings import AmqpSettings
from dermsbus.transports.base import Destination, Outgoing, Queue, ReplyTo, Topic

SETTINGS = AmqpSettings(host="bus.example", max_body_bytes=100)


def outgoing(destination: Destination, body: bytes = b"<x/>", **fields: Any) -> Outgoing:
    return Outgoing(destination=destination, body=body, message_id="m-1", **fields)


@pytest.mark.parametrize(
    ("destination", "exchange", "routing_key", "mandatory"),
    [
        (Queue("cim.production.req.derms1"), "", "cim.production.req.derms1", True),
        (Topic("cim.production.evt.derms1.created.DERGroups"), "cim.evt", None, False),
        (ReplyTo("/queue/dms1.replies"), "", "dms1.replies", True),
        (ReplyTo("/reply-queue/amq.gen-Xa"), "", "amq.gen-Xa", True),
        (ReplyTo("/temp-queue/answers"), "", "answers", True),
        (ReplyTo("queue://dms1"), "", "dms1", True),
        (ReplyTo("temp-queue://dms1"), "", "dms1", True),
        (ReplyTo("dms1.replies"), "", "dms1.replies", True),
        (ReplyTo("amq.rabbitmq.reply-to.g1h2AA+/5==.iw=="), "", "amq.rabbitmq.reply-to.g1h2AA+/5==.iw==", False),
        (ReplyTo("/topic/dms1.answers"), "cim.evt", "dms1.answers", False),
        (ReplyTo("topic://dms1.answers"), "cim.evt", "dms1.answers", False),
    ],
)
def test_every_destination_has_its_exchange_and_routing_key(
    destination: Destination, exchange: str, routing_key: str | None, mandatory: bool
) -> None:
    message = message_of(outgoing(destination), SETTINGS)

    assert message.exchange == exchange
    assert message.routing_key == (routing_key or getattr(destination, "name", ""))
    assert message.mandatory is mandatory


@pytest.mark.parametrize(
    "bad",
    [
        outgoing(ReplyTo("/remote-temp-queue/ID:host-1:2:1")),
        outgoing(ReplyTo("/temp-topic/x")),
        outgoing(ReplyTo("/exchange/amq.fanout/x")),
        outgoing(ReplyTo("https://dms.example/replies")),
        outgoing(Queue("a,b")),
        outgoing(Topic("cim.*.x")),
        outgoing(Queue("é" * 200)),
        outgoing(Queue("q"), correlation_id="c" * 256),
        outgoing(Queue("q"), source="s" * 256),
        outgoing(Queue("q"), properties={"no name": "x"}),
        outgoing(Queue("q"), body=b"x" * 101),
    ],
    ids=lambda bad: repr(bad)[:60],
)
def test_what_rabbitmq_cannot_take_is_refused_with_a_reason(bad: Outgoing) -> None:
    with pytest.raises(PublishRejected, match=r"."):
        message_of(bad, SETTINGS)


@pytest.mark.parametrize(("time_to_live_s", "expiration"), [(60.0, "60000"), (0.5, "500"), (0.0001, "1"), (None, None)])
def test_time_to_live_is_told_in_milliseconds_and_never_as_nothing(
    time_to_live_s: float | None, expiration: str | None
) -> None:
    message = message_of(outgoing(Queue("q"), time_to_live_s=time_to_live_s), SETTINGS)

    assert message.properties["expiration"] == expiration


@pytest.mark.parametrize(("persistent", "delivery_mode"), [(True, 2), (False, 1)])
def test_persistence_is_the_delivery_mode(persistent: bool, delivery_mode: int) -> None:
    message = message_of(outgoing(Queue("q"), persistent=persistent), SETTINGS)

    assert message.properties["delivery_mode"] == delivery_mode


@pytest.mark.parametrize(
    ("pattern", "key"), [("a.b.>", "a.b.#"), (">", "#"), ("a.*.c", "a.*.c"), ("a.b", "a.b"), ("a.>b", "a.>b")]
)
def test_a_pattern_becomes_a_binding_key(pattern: str, key: str) -> None:
    assert binding_key(Topic(pattern)) == key
