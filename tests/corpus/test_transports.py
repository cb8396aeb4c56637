"""What a sender can put beside a message: reply addresses, headers and tables of headers that are traps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dermsbus.errors import PublishRejected
from dermsbus.transports import amqp_messages
from dermsbus.transports.amqp_messages import message_of
from dermsbus.transports.amqp_settings import AmqpSettings
from dermsbus.transports.base import Delivery, Outgoing, Queue, ReplyTo, Subscription
from dermsbus.transports.dialects import DIALECTS, Dialect
from dermsbus.transports.stomp_frames import delivery_of, send_frame
from tests.corpus.meanings import CREATE
from tests.corpus.shapes import GOOD
from tests.flow.house import House, building

TRAPS = [
    "/queue/answers\ndestination:/queue/payroll",
    "/queue/answers\r\nreceipt:1",
    "/queue/answers\0",
    "/queue/answers,queue/payroll",
    "/queue/answers?consumer.exclusive=true",
    "/queue/>",
    "/queue/" + "x" * 70_000,
    "queue://\u202eanswers",
    "amq.rabbitmq.reply-to.\n",
    "/exchange/amq.topic/everything",
    "/amq/queue/payroll",
]
_DAY_S = 1_800_000_000.0


@dataclass(frozen=True)
class _Deliver:
    delivery_tag: int = 1
    exchange: str = ""
    routing_key: str = "cim.production.req.derms1"
    redelivered: bool = False


@dataclass(frozen=True)
class _Properties:
    headers: Any = None
    type: Any = None
    message_id: Any = None
    correlation_id: Any = None
    reply_to: Any = None
    expiration: Any = None
    timestamp: Any = None


@pytest.fixture
def house() -> Iterator[House]:
    with building() as build:
        yield build()


def outgoing(text: str, **fields: Any) -> Outgoing:
    return Outgoing(destination=ReplyTo(text), body=b"<x/>", message_id="m-1", **fields)


@pytest.mark.parametrize("text", TRAPS, ids=[f"{number}" for number, _ in enumerate(TRAPS)])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
def test_a_reply_address_that_is_a_trap_gets_no_frame(dialect: Dialect, text: str) -> None:
    with pytest.raises(PublishRejected) as refused:
        send_frame(outgoing(text), dialect, existing=(), now_s=_DAY_S, max_frame_bytes=1_000_000)

    assert len(str(refused.value)) < 500
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("text", TRAPS, ids=[f"{number}" for number, _ in enumerate(TRAPS)])
def test_a_reply_address_that_is_a_trap_is_not_published_over_amqp(text: str) -> None:
    with pytest.raises(PublishRejected):
        message_of(outgoing(text), AmqpSettings(host="bus.example"))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
def test_headers_with_line_ends_stay_values_of_their_own(dialect: Dialect) -> None:
    headers = {
        "destination": "/queue/cim.production.req.derms1",
        "correlation-id": "k\ndestination:/queue/payroll",
        "reply-to": "/queue/answers\nreceipt:1",
        "CIM_Verb": "create\nCIM_Noun:DERGroups",
        "expires": "9" * 400,
        "timestamp": "-" * 400,
    }

    delivery = delivery_of(headers, b"<x/>", destination=None, dialect=dialect, token=None)

    assert delivery.correlation_id == "k\ndestination:/queue/payroll"
    assert delivery.properties["CIM_Verb"] == "create\nCIM_Noun:DERGroups"
    frame = send_frame(
        outgoing("/queue/answers", correlation_id=delivery.correlation_id),
        dialect,
        existing=(),
        now_s=_DAY_S,
        max_frame_bytes=10_000,
    )
    assert frame.headers["destination"].endswith("answers")
    assert [value for name, value in frame.headers.items() if name.startswith("receipt")] == []


@pytest.mark.parametrize("text", TRAPS, ids=[f"{number}" for number, _ in enumerate(TRAPS)])
def test_a_trap_costs_an_answer_and_nothing_else(house: House, text: str) -> None:
    stolen: list[Delivery] = []
    house.dms.transport.subscribe(Subscription(destination=Queue("payroll")), stolen.append)

    house.dms.send(CREATE, correlation_id="k", reply_to=ReplyTo(text))

    assert (
        house.dms.ask(GOOD.replace(b">good<", b">next<").replace(b"G-N", b"G-M").replace(b">GN<", b">GM<")).result
        == "OK"
    )
    assert stolen == []


@pytest.mark.parametrize(
    "headers",
    [
        {"a": {"b": {}}},
        {f"h{number}": "v" for number in range(20_000)},
        {"h": "v" * 1_000_000},
        {"h": [["a"] * 1_000] * 100},
        {b"\xff\xfe": b"\xff"},
        {"CIM_Verb": None, "JMSType": True, "x": 2**63, "y": float("nan")},
    ],
    ids=["table", "many", "long", "lists", "bytes", "types"],
)
def test_tables_of_amqp_headers_become_texts(headers: dict[Any, Any]) -> None:
    start = time.thread_time()

    delivery = amqp_messages.delivery_of(
        _Deliver(), _Properties(headers=headers), b"<x/>", destination=None, token=None
    )

    assert all(isinstance(text, str) for text in delivery.properties.values())
    assert time.thread_time() - start < 0.1


def test_a_table_of_amqp_headers_may_be_as_deep_as_the_library_reads() -> None:
    table: dict[str, Any] = {}
    for _ in range(400):
        table = {"a": table}

    delivery = amqp_messages.delivery_of(
        _Deliver(), _Properties(headers={"h": table}), b"<x/>", destination=None, token=None
    )

    assert delivery.properties["h"].startswith("{'a'")


@pytest.mark.parametrize("text", ["9" * 400, "-1", "PT5S", "\u0665", "1e400", "NaN", ""])
def test_an_expiry_that_is_no_number_of_milliseconds_means_never_or_at_once(text: str) -> None:
    delivery = amqp_messages.delivery_of(
        _Deliver(), _Properties(expiration=text, timestamp=1), b"<x/>", destination=None, token=None
    )

    assert delivery.expires_at is None or delivery.expires_at.tzinfo is not None
