"""The SEND and SUBSCRIBE of each dialect, and what is read from a MESSAGE."""

from __future__ import annotations

import pytest

from dermsbus.errors import PublishRejected
from dermsbus.transports.base import Destination, Outgoing, Queue, ReplyTo, Subscription, Topic
from dermsbus.transports.dialects import DIALECTS, Dialect
from dermsbus.transports.stomp_frames import Frame, delivery_of, fault_of, send_frame, subscribe_frame
from tests.contract.transport_suite import message

ACTIVEMQ, ARTEMIS, RABBITMQ, EMBEDDED = (DIALECTS[name] for name in ("activemq", "artemis", "rabbitmq", "embedded"))
NOW_S = 1_800_000_000.25


def sent(outgoing: Outgoing, dialect: Dialect) -> Frame:
    return send_frame(outgoing, dialect, existing=(), now_s=NOW_S, max_frame_bytes=10_000)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
def test_no_dialect_sends_a_message_id_or_forgets_to_persist(dialect: Dialect) -> None:
    headers = sent(message(Queue("q")), dialect).headers

    assert "message-id" not in headers
    assert headers["persistent"] == "true"
    assert headers["content-type"] == "application/xml; charset=utf-8"


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
def test_the_identity_of_the_message_goes_along_as_a_property(dialect: Dialect) -> None:
    outgoing = Outgoing(
        destination=Queue("q"), body=b"<x/>", message_id="m1", source="derms1", kind="created.DERGroups"
    )

    headers = sent(outgoing, dialect).headers

    assert (headers["CIM_MessageID"], headers["CIM_Source"], headers["type"]) == ("m1", "derms1", "created.DERGroups")


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (ACTIVEMQ, {"content-length": "4", "amq-msg-type": "text"}),
        (EMBEDDED, {"content-length": "4", "amq-msg-type": "text"}),
        (ARTEMIS, {}),
        (RABBITMQ, {"content-length": "4"}),
    ],
)
def test_a_jms_peer_is_sent_text(dialect: Dialect, expected: dict[str, str]) -> None:
    headers = sent(message(Queue("q"), b"<x/>"), dialect).headers

    assert {name: headers[name] for name in ("content-length", "amq-msg-type") if name in headers} == expected


def test_where_no_length_is_sent_a_nul_is_refused() -> None:
    assert sent(message(Queue("q"), b"a\0b"), ACTIVEMQ).body == b"a\0b"
    with pytest.raises(PublishRejected, match="NUL"):
        sent(message(Queue("q"), b"a\0b"), ARTEMIS)


@pytest.mark.parametrize(
    ("dialect", "header", "value"),
    [
        (ACTIVEMQ, "expires", "1800000060250"),
        (ARTEMIS, "expires", "1800000060250"),
        (EMBEDDED, "expires", "1800000060250"),
        (RABBITMQ, "expiration", "60000"),
    ],
)
def test_the_end_of_life_is_told_in_the_brokers_way(dialect: Dialect, header: str, value: str) -> None:
    assert sent(message(Queue("q"), time_to_live_s=60.0), dialect).headers[header] == value


def test_artemis_drops_repeated_events_but_never_a_repeated_request_or_reply() -> None:
    assert sent(message(Topic("t")), ARTEMIS).headers["_AMQ_DUPL_ID"]
    for destination in (Queue("q"), ReplyTo("temp-queue://t")):
        assert "_AMQ_DUPL_ID" not in sent(message(destination), ARTEMIS).headers


def test_rabbitmq_gets_the_message_id_under_the_name_it_allows() -> None:
    outgoing = message(Queue("q"))

    assert sent(outgoing, RABBITMQ).headers["amqp-message-id"] == outgoing.message_id


@pytest.mark.parametrize("dialect", [ACTIVEMQ, ARTEMIS, EMBEDDED, RABBITMQ])
def test_bytes_go_out_with_their_length_and_nothing_that_makes_a_text_of_them(dialect: Dialect) -> None:
    headers = sent(message(Queue("q"), b"\xff\xfe\0", is_text=False), dialect).headers

    assert (headers["content-length"], headers["content-type"]) == ("3", "application/octet-stream")
    assert "amq-msg-type" not in headers


@pytest.mark.parametrize(
    ("dialect", "destination", "spelled", "kind"),
    [
        (ACTIVEMQ, Queue("a.b"), "/queue/a.b", None),
        (ACTIVEMQ, Topic("a.b"), "/topic/a.b", None),
        (ACTIVEMQ, ReplyTo("/remote-temp-queue/ID:h-1:2:1"), "/remote-temp-queue/ID:h-1:2:1", None),
        (ACTIVEMQ, ReplyTo("temp-queue://ID:h-1:2:1"), "/remote-temp-queue/ID:h-1:2:1", None),
        (ACTIVEMQ, ReplyTo("queue://x"), "/queue/x", None),
        (ACTIVEMQ, ReplyTo("x"), "/queue/x", None),
        (ARTEMIS, Queue("a.b"), "a.b", "ANYCAST"),
        (ARTEMIS, Topic("a.b"), "a.b", "MULTICAST"),
        (ARTEMIS, ReplyTo("temp-queue://9a-b"), "9a-b", "ANYCAST"),
        (ARTEMIS, ReplyTo("topic://x"), "x", "MULTICAST"),
        (ARTEMIS, ReplyTo("/queue/x"), "/queue/x", None),
        (RABBITMQ, Queue("a.b"), "/queue/a.b", None),
        (RABBITMQ, Topic("a.b"), "/topic/a.b", None),
        (RABBITMQ, ReplyTo("/reply-queue/amq.gen-W3BpUfvl_-"), "/reply-queue/amq.gen-W3BpUfvl_-", None),
        (
            RABBITMQ,
            ReplyTo("amq.rabbitmq.reply-to.g2dk/+Zo=.x=="),
            "/reply-queue/amq.rabbitmq.reply-to.g2dk/+Zo=.x==",
            None,
        ),
        (RABBITMQ, ReplyTo("/queue/x"), "/queue/x", None),
    ],
)
def test_a_destination_is_spelled_as_the_broker_understands_it(
    dialect: Dialect, destination: Destination, spelled: str, kind: str | None
) -> None:
    headers = sent(message(destination), dialect).headers

    assert headers["destination"] == spelled
    assert headers.get("destination-type") == kind


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (ACTIVEMQ, {"destination": "/topic/a.*.>", "activemq.subscriptionName": "ev", "activemq.prefetchSize": "8"}),
        (ARTEMIS, {"destination": "a.*.#", "durable-subscription-name": "ev", "consumer-window-size": "8192"}),
        (RABBITMQ, {"destination": "/topic/a.*.#", "durable": "true", "auto-delete": "false", "prefetch-count": "8"}),
    ],
)
def test_a_durable_pattern_is_asked_for_in_the_brokers_way(dialect: Dialect, expected: dict[str, str]) -> None:
    subscription = Subscription(destination=Topic("a.*.>"), durable_name="ev", prefetch=8)

    headers = subscribe_frame(subscription, subscription_id="dms1.ev", dialect=dialect, existing=()).headers

    assert expected.items() <= headers.items()
    assert headers["id"] == "dms1.ev"
    assert headers["ack"] == "client-individual"


def test_artemis_is_asked_for_one_message_at_a_time_where_one_is_wanted() -> None:
    subscription = Subscription(destination=Queue("q"), prefetch=1)

    headers = subscribe_frame(subscription, subscription_id="s1", dialect=ARTEMIS, existing=()).headers

    assert headers["consumer-window-size"] == "0"
    assert headers["subscription-type"] == "ANYCAST"


@pytest.mark.parametrize(
    ("dialect", "headers", "is_text"),
    [
        (ACTIVEMQ, {}, True),
        (ACTIVEMQ, {"content-length": "4"}, False),
        (ACTIVEMQ, {"content-length": "4", "amq-msg-type": "text"}, True),
        (RABBITMQ, {}, False),
        (ARTEMIS, {"content-length": "4"}, False),
    ],
)
def test_text_is_text_only_where_the_broker_says_so(dialect: Dialect, headers: dict[str, str], is_text: bool) -> None:
    assert delivery_of(headers, b"<x/>", destination=None, dialect=dialect, token=None).is_text is is_text


def test_properties_are_the_applications_and_nothing_of_protocol_or_broker() -> None:
    headers = {
        "subscription": "s1",
        "ack": "1",
        "message-id": "23,27",
        "destination": "q",
        "redelivered": "true",
        "receipt": "r2",
        "persistent": "true",
        "priority": "4",
        "expires": "0",
        "timestamp": "1",
        "content-length": "4",
        "__AMQ_CID": "c",
        "_AMQ_GROUP_ID": "g",
        "__HDR_MESSAGE_ID": "ID:jms-1",
        "destination-type": "ANYCAST",
        "CIM_Verb": "create",
        "x-peer": "hyphen",
        "type": "create.DERGroups",
        "correlation-id": "c1",
        "reply-to": "temp-queue://t",
    }

    delivery = delivery_of(headers, b"<x/>", destination=Queue("q"), dialect=ARTEMIS, token=1)

    assert delivery.properties == {"CIM_Verb": "create", "x-peer": "hyphen", "type": "create.DERGroups"}
    assert delivery.reply_to == ReplyTo("temp-queue://t")
    assert delivery.transport_id == "ID:jms-1"
    assert delivery.redelivered


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        (
            {"message": "temp queue gone"},
            b"javax.jms.InvalidDestinationException: x\n\tat org.a.B(B.java:1)",
            "temp queue gone",
        ),
        ({"message": "not_found"}, b"NOT_FOUND - no queue 'q'\nmore", "not_found: NOT_FOUND - no queue 'q'"),
        ({"message": "AMQ339018 Error"}, b"", "AMQ339018 Error"),
        ({}, b"\tat org.a.B(B.java:1)", "ERROR without a text"),
        ({}, b"", "ERROR without a text"),
        ({"message": "a\x1b[31mred\nsecond line"}, b"", "a [31mred"),
        ({"message": "x" * 5000}, b"", "x" * 200),
    ],
)
def test_an_error_is_one_line_without_a_trace(headers: dict[str, str], body: bytes, text: str) -> None:
    assert fault_of(headers, body) == text
