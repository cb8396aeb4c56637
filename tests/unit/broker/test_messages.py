from __future__ import annotations

import time

from dermsbus.broker import EmbeddedBroker
from tests.unit.broker.stomp_client import Connect, StartBroker


def test_headers_pass_through_but_those_that_are_for_the_broker(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a")
    passed = {
        "correlation-id": "c1",
        "type": "create.DERGroups",
        "persistent": "true",
        "priority": "4",
        "timestamp": "1700000000000",
        "amq-msg-type": "text",
        "content-type": "application/xml; charset=utf-8",
        "CIM_Noun": "DERGroups",
        "odd: name": "back\\slash, colon:, line\nfeed, carriage\rreturn, ünïcode",
    }
    client.ask("SEND", {"destination": "/queue/a", **passed, "message-id": "mine", "redelivered": "true"}, b"x")
    headers = dict(client.message().headers)

    assert headers.pop("message-id") != "mine"
    assert headers == {"destination": "/queue/a", "subscription": "s", "content-length": "1", **passed}


def test_a_message_without_a_timestamp_gets_the_brokers(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a")
    client.send("/queue/a")

    assert abs(int(client.message().headers["timestamp"]) / 1000 - time.time()) < 60


def test_the_message_id_is_the_same_when_it_is_delivered_again_and_no_other_has_it(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a", ack="client-individual")
    client.send("/queue/a")
    client.send("/queue/a")
    first, second = client.message(), client.message()
    client.nack(first)
    again = client.message()

    assert first.headers["message-id"] == again.headers["message-id"] != second.headers["message-id"]
    assert first.headers["ack"] != again.headers["ack"]


def test_a_body_arrives_byte_for_byte(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a")
    for body in (b"", b"a\0b\n\n", bytes(range(256)), "grün".encode(), b"<x/>" * 1_250_000):
        client.send("/queue/a", body, content_length=str(len(body)))
        message = client.message()
        assert message.body == body
        assert message.headers["content-length"] == str(len(body))


def test_frames_may_arrive_in_pieces_of_any_size(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a")
    frame = b"SEND\r\ndestination:/queue/a\r\ncontent-length:5\r\n\r\nhe\0lo\0"
    for index in range(len(frame)):
        client.write(frame[index : index + 1])

    assert client.message().body == b"he\0lo"


def test_many_frames_may_arrive_in_one_piece(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a")
    client.write(b"".join(b"SEND\ndestination:/queue/a\n\n%d\0\n" % number for number in range(100)))

    assert client.bodies(100) == [str(number) for number in range(100)]


def test_a_header_with_an_undefined_escape_ends_the_connection(connect: Connect) -> None:
    client = connect()
    client.write(b"SEND\ndestination:/queue/a\nx:\\t\n\n\0")

    assert "undefined escape" in client.until_closed()[0].headers["message"]


def test_a_1_0_peer_cannot_be_sent_a_header_hidden_in_another(broker: EmbeddedBroker, connect: Connect) -> None:
    old, new = connect(accept_version="1.0"), connect()
    old.ask("SUBSCRIBE", {"destination": "/queue/a"})
    new.send("/queue/a", trick="x\nreply-to:/queue/evil")

    assert "reply-to" not in old.message().names


def test_a_receipt_is_not_passed_on(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a")
    client.send("/queue/a")

    assert "receipt" not in client.message().headers


def test_receipts_come_in_the_order_of_the_frames(connect: Connect) -> None:
    client = connect()
    for number in range(50):
        client.frame("SEND", {"destination": "/queue/a", "receipt": str(number)})

    assert [client.next("RECEIPT").headers["receipt-id"] for _ in range(50)] == [str(number) for number in range(50)]


def test_a_send_to_an_unknown_destination_is_refused_with_what_to_write_and_the_connection_goes_on(
    connect: Connect,
) -> None:
    client = connect()

    for destination in ("foo", "/topic/a.*", "/queue/a,/queue/b"):
        client.refused("SEND", {"destination": destination})
    assert "Write /queue/NAME or /topic/NAME" in client.refused("SEND", {"destination": "foo"})
    assert "without the header destination" in client.refused("SEND")
    assert client.pending() == []


# -- expiry ----------------------------------------------------------------------------------------------------------


def soon(delay_s: float) -> str:
    return str(int((time.time() + delay_s) * 1000))


def test_a_message_is_delivered_until_it_expires(connect: Connect) -> None:
    client = connect()
    client.send("/queue/a", "expired", expires=soon(-1))
    client.send("/queue/a", "good", expires=soon(60))
    client.send("/queue/a", "for ever", expires="0")
    client.subscribe("/queue/a")

    assert client.pending() == ["good", "for ever"]


def test_an_expired_message_goes_to_the_dead_letter_queue_if_it_is_persistent(connect: Connect) -> None:
    client = connect()
    expired = soon(-1)
    client.send("/queue/a", "dropped", expires=expired)
    client.send("/queue/a", "kept", expires=expired, persistent="true")
    client.subscribe("/queue/DLQ.a")
    dead = client.message()

    assert dead.body == b"kept"
    assert dead.headers["original-destination"] == "/queue/a"
    assert dead.headers["originalExpiration"] == expired
    assert "expired" in dead.headers["dlqDeliveryFailureCause"]
    assert "expires" not in dead.headers
    assert client.pending() == []


def test_a_message_that_was_given_back_expires_in_the_queue_too(connect: Connect) -> None:
    client, other = connect(), connect()
    other.subscribe("/queue/DLQ.a")
    client.subscribe("/queue/a", ack="client-individual")
    client.send("/queue/a", "short-lived", expires=soon(0.3), persistent="true")
    client.message()
    client.ask("UNSUBSCRIBE", {"id": "s"})

    assert other.bodies(1) == ["short-lived"]


def test_a_message_that_nobody_asks_for_leaves_the_queue_when_it_expires(
    start_broker: StartBroker, connect: Connect
) -> None:
    client = connect(start_broker())
    client.subscribe("/queue/DLQ.a")
    client.send("/queue/a", "forgotten", expires=soon(0.1), persistent="true")

    assert client.bodies(1) == ["forgotten"]


def test_an_expiry_that_cannot_be_read_is_refused(connect: Connect) -> None:
    for expires in ("tomorrow", "-1", "1.5"):
        assert "milliseconds since 1970" in connect().refused("SEND", {"destination": "/queue/a", "expires": expires})
