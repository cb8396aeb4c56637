"""Until when a broker says that a message is worth anything."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

import pika
import pytest

from dermsbus.transports.amqp_messages import delivery_of as amqp_delivery_of
from dermsbus.transports.dialects import DIALECTS
from dermsbus.transports.expiry import expiry_after, expiry_at
from dermsbus.transports.stomp_frames import delivery_of

SENT = datetime(2026, 1, 1, tzinfo=UTC)
SENT_S = int(SENT.timestamp())


@pytest.mark.parametrize("text", [None, "0", "", "never", "-1", "1e9", "\u0661", "9" * 30])
def test_what_says_no_instant_says_never(text: str | None) -> None:
    assert expiry_at(text) is None
    assert expiry_after(text if text != "0" else None, str(SENT_S)) is None
    assert expiry_after("1000", text) is None


def test_an_absolute_expiry_is_read_to_the_millisecond() -> None:
    assert expiry_at(f"{SENT_S}250") == SENT.replace(microsecond=250_000)


def test_a_life_counts_from_the_end_of_the_second_in_which_it_began() -> None:
    assert expiry_after("2500", str(SENT_S)) == SENT.replace(second=3, microsecond=500_000)


@pytest.mark.parametrize(
    ("dialect", "headers"),
    [
        ("activemq", {"expires": f"{SENT_S}000"}),
        ("artemis", {"expires": f"{SENT_S}000"}),
        ("embedded", {"expires": f"{SENT_S}000"}),
        ("rabbitmq", {"expiration": "5000", "timestamp": str(SENT_S - 6)}),
    ],
)
def test_every_stomp_broker_tells_it(dialect: str, headers: dict[str, str]) -> None:
    delivery = delivery_of(
        {"destination": "/queue/x", **headers}, b"", destination=None, dialect=DIALECTS[dialect], token=None
    )

    assert delivery.expires_at == SENT
    assert not delivery.properties


def test_amqp_tells_it_where_the_sender_says_when_it_was_sent() -> None:
    deliver = pika.spec.Basic.Deliver(delivery_tag=1, routing_key="q", exchange="")
    told = pika.BasicProperties(expiration="5000", timestamp=SENT_S - 6, headers=dict(MappingProxyType({})))
    untold = pika.BasicProperties(expiration="5000")

    assert amqp_delivery_of(deliver, told, b"", destination=None, token=None).expires_at == SENT
    assert amqp_delivery_of(deliver, untold, b"", destination=None, token=None).expires_at is None
