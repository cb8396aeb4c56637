from __future__ import annotations

import threading

import pytest

from tests.unit.broker.stomp_client import Connect, StartBroker


def test_a_message_waits_in_its_queue_until_somebody_subscribes(connect: Connect) -> None:
    sender, receiver = connect(), connect()
    sender.send("/queue/a", "hello")
    receiver.subscribe("/queue/a")
    message = receiver.message()

    assert message.body == b"hello"
    assert message.headers["destination"] == "/queue/a"
    assert message.headers["subscription"] == "s"
    assert message.headers["message-id"]
    assert "redelivered" not in message.headers


def test_messages_of_a_queue_arrive_in_the_order_of_sending(connect: Connect) -> None:
    sender, receiver = connect(), connect()
    receiver.subscribe("/queue/a", activemq__prefetchSize="3")
    for number in range(20):
        sender.send("/queue/a", str(number))

    assert receiver.bodies(20) == [str(number) for number in range(20)]


def test_each_message_of_a_queue_goes_to_one_consumer_and_they_take_turns(connect: Connect) -> None:
    sender, consumers = connect(), [connect() for _ in range(3)]
    for consumer in consumers:
        consumer.subscribe("/queue/a")
    for number in range(9):
        sender.send("/queue/a", str(number))

    assert [consumer.pending() for consumer in consumers] == [["0", "3", "6"], ["1", "4", "7"], ["2", "5", "8"]]


def test_a_consumer_whose_prefetch_is_used_up_gets_nothing_until_it_acknowledges(connect: Connect) -> None:
    sender, busy, idle = connect(), connect(), connect()
    busy.subscribe("/queue/a", ack="client-individual", activemq__prefetchSize="1")
    idle.subscribe("/queue/a", ack="client-individual", activemq__prefetchSize="10")
    for number in range(5):
        sender.send("/queue/a", str(number))
    first = busy.message()

    assert busy.pending() == []
    assert idle.pending() == ["1", "2", "3", "4"]
    sender.send("/queue/a", "5")
    busy.ack(first)
    sender.send("/queue/a", "6")
    assert busy.pending() == ["6"]
    assert idle.pending() == ["5"]


def test_an_acknowledged_message_is_not_delivered_again(connect: Connect) -> None:
    first, second = connect(), connect()
    first.send("/queue/a", "once")
    first.subscribe("/queue/a", ack="client-individual")
    first.ack(first.message())
    first.ask("DISCONNECT")
    second.subscribe("/queue/a")

    assert second.pending() == []


def test_client_individual_acknowledges_one_message(connect: Connect) -> None:
    first, second = connect(), connect()
    first.subscribe("/queue/a", ack="client-individual")
    for number in range(3):
        first.send("/queue/a", str(number))
    first.ack([first.message() for _ in range(3)][1])
    first.ask("DISCONNECT")
    second.subscribe("/queue/a")

    assert second.pending() == ["0", "2"]


def test_client_acknowledges_all_up_to_the_message(connect: Connect) -> None:
    first, second = connect(), connect()
    first.subscribe("/queue/a", ack="client")
    for number in range(4):
        first.send("/queue/a", str(number))
    first.ack([first.message() for _ in range(4)][2])
    first.ask("DISCONNECT")
    second.subscribe("/queue/a")

    assert second.pending() == ["3"]


@pytest.mark.parametrize("how", ["disconnect", "unsubscribe", "vanish"])
def test_what_is_not_acknowledged_comes_again_first_and_in_order_marked_redelivered(connect: Connect, how: str) -> None:
    first, second = connect(), connect()
    for number in range(3):
        first.send("/queue/a", str(number))
    first.subscribe("/queue/a", ack="client-individual", activemq__prefetchSize="2")
    first.bodies(2)
    second.subscribe("/queue/b")
    if how == "disconnect":
        first.ask("DISCONNECT")
    elif how == "unsubscribe":
        first.ask("UNSUBSCRIBE", {"id": "s"})
    else:
        first.close()
    second.subscribe("/queue/a", "t")
    messages = [second.message() for _ in range(3)]

    if how == "vanish":
        # The broker sees a vanished peer when it does: what was not delivered may come before.
        messages.sort(key=lambda message: message.body)
    assert [message.body for message in messages] == [b"0", b"1", b"2"]
    assert [message.headers.get("redelivered") for message in messages] == ["true", "true", None]


def test_what_two_consumers_give_back_is_in_its_old_order(connect: Connect) -> None:
    sender, first, second, third = connect(), connect(), connect(), connect()
    for consumer in (first, second):
        consumer.subscribe("/queue/a", ack="client-individual", activemq__prefetchSize="3")
    for number in range(8):
        sender.send("/queue/a", str(number))
    second.ask("DISCONNECT")
    first.ask("DISCONNECT")
    third.subscribe("/queue/a")

    assert third.pending() == [str(number) for number in range(8)]


def test_a_nacked_message_is_delivered_again_before_those_behind_it(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a", ack="client-individual", activemq__prefetchSize="1")
    client.send("/queue/a", "first")
    client.send("/queue/a", "second")
    client.nack(client.message())
    again = client.message()

    assert (again.body, again.headers["redelivered"]) == (b"first", "true")
    client.ack(again)
    assert client.message().body == b"second"


def test_a_message_nacked_too_often_goes_to_its_dead_letter_queue(start_broker: StartBroker, connect: Connect) -> None:
    client = connect(start_broker(redelivery_limit=2))
    client.subscribe("/queue/a", ack="client-individual")
    client.send("/queue/a", "poison", correlation_id="c1")
    for _ in range(3):
        client.nack(client.message())
    assert client.pending() == []
    client.subscribe("/queue/DLQ.a", "dead", ack="client-individual")
    dead = client.message()

    assert dead.body == b"poison"
    assert dead.headers["correlation-id"] == "c1"
    assert dead.headers["original-destination"] == "/queue/a"
    assert dead.headers["dlqDeliveryFailureCause"] == "rejected 3 times by NACK"


def test_a_dead_letter_queue_keeps_what_is_nacked_there(start_broker: StartBroker, connect: Connect) -> None:
    client = connect(start_broker(redelivery_limit=0))
    client.subscribe("/queue/a", ack="client-individual")
    client.send("/queue/a", "poison")
    client.nack(client.message())
    client.subscribe("/queue/DLQ.a", "dead", ack="client-individual", activemq__prefetchSize="1")
    for _ in range(4):
        client.nack(client.message())

    assert client.message().body == b"poison"


def test_nack_in_client_mode_speaks_for_all_before_it(start_broker: StartBroker, connect: Connect) -> None:
    client = connect(start_broker(redelivery_limit=0))
    client.subscribe("/queue/a", ack="client")
    for number in range(3):
        client.send("/queue/a", str(number))
    client.nack([client.message() for _ in range(3)][1])
    client.subscribe("/queue/DLQ.a", "dead")

    assert client.pending() == ["0", "1"]


def test_a_message_is_settled_once(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a", ack="client-individual")
    client.send("/queue/a")
    message = client.message()
    client.ack(message)

    assert "waits for an acknowledgement" in client.refused("ACK", {"id": message.headers["ack"]})
    assert "waits for an acknowledgement" in client.refused("NACK", {"id": "99.99"})


def test_a_delivery_of_another_connection_cannot_be_acknowledged(connect: Connect) -> None:
    owner, thief = connect(), connect()
    owner.subscribe("/queue/a", ack="client-individual")
    thief.subscribe("/queue/b", ack="client-individual")
    owner.send("/queue/a")

    assert "on this connection" in thief.refused("ACK", {"id": owner.message().headers["ack"]})


def test_stomp_1_1_acknowledges_by_message_id_and_subscription(connect: Connect) -> None:
    first, second = connect(accept_version="1.1"), connect()
    first.subscribe("/queue/a", ack="client-individual")
    first.send("/queue/a", "one")
    first.send("/queue/a", "two")
    one, two = first.message(), first.message()
    first.ask("NACK", {"message-id": one.headers["message-id"], "subscription": "s"})
    assert first.message().body == b"one"
    first.ask("ACK", {"message-id": one.headers["message-id"], "subscription": "s"})
    assert "ack" not in two.headers
    first.ask("DISCONNECT")
    second.subscribe("/queue/a")

    assert second.pending() == ["two"]


def test_stomp_1_0_subscribes_without_an_id_and_acknowledges_by_message_id(connect: Connect) -> None:
    client = connect(accept_version="1.0")
    client.ask("SUBSCRIBE", {"destination": "/queue/a", "ack": "client"})
    client.send("/queue/a", "one")
    message = client.message()
    client.ask("ACK", {"message-id": message.headers["message-id"]})
    client.ask("UNSUBSCRIBE", {"destination": "/queue/a"})
    client.send("/queue/a", "two")

    assert "subscription" not in message.headers
    assert client.pending() == []


def test_messages_of_one_group_go_to_one_consumer_until_it_leaves(connect: Connect) -> None:
    sender, consumers = connect(), [connect(), connect()]
    for consumer in consumers:
        consumer.subscribe("/queue/a")
    for number in range(3):
        sender.send("/queue/a", f"g{number}", JMSXGroupID="g")
        sender.send("/queue/a", f"h{number}", JMSXGroupID="h")

    assert [consumer.pending() for consumer in consumers] == [["g0", "g1", "g2"], ["h0", "h1", "h2"]]
    consumers[0].ask("UNSUBSCRIBE", {"id": "s"})
    sender.send("/queue/a", "g3", JMSXGroupID="g")
    assert consumers[1].pending() == ["g3"]


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"destination": "/queue/a"}, "without the header id"),
        ({"id": "1"}, "without the header destination"),
        ({"id": "1", "destination": "a"}, "Write /queue/NAME"),
        ({"id": "1", "destination": "/queue/a", "ack": "maybe"}, "auto, client, client-individual"),
        ({"id": "1", "destination": "/queue/a", "activemq.prefetchSize": "0"}, "not a number above 0"),
        ({"id": "1", "destination": "/queue/a", "selector": "a ="}, "expected a value"),
        ({"id": "s", "destination": "/queue/a"}, "has a subscription 's' already"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused_and_the_connection_goes_on(
    connect: Connect, headers: dict[str, str], complaint: str
) -> None:
    client = connect()
    client.subscribe("/queue/taken")

    assert complaint in client.refused("SUBSCRIBE", headers)
    assert client.pending() == []


def test_after_unsubscribe_nothing_is_delivered(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a")
    client.ask("UNSUBSCRIBE", {"id": "s"})
    client.send("/queue/a")

    assert client.pending() == []
    assert "no subscription 's'" in client.refused("UNSUBSCRIBE", {"id": "s"})


def test_a_connection_has_a_most_of_subscriptions(connect: Connect) -> None:
    client = connect()
    for number in range(1000):
        client.frame("SUBSCRIBE", {"destination": "/queue/a", "id": str(number)})

    assert "1000 subscriptions, which is the most" in client.refused(
        "SUBSCRIBE", {"destination": "/queue/a", "id": "one more"}
    )


def test_a_full_broker_refuses_more_and_takes_it_again_when_there_is_room(
    start_broker: StartBroker, connect: Connect
) -> None:
    client = connect(start_broker(max_stored_bytes=10_000))
    for _ in range(2):
        client.send("/queue/a", b"x" * 4000)
    refusal = client.refused("SEND", {"destination": "/queue/a"}, b"x" * 4000)
    assert "the broker is full" in refusal
    assert "max_stored_bytes" in refusal

    client.subscribe("/queue/a")
    client.pending()
    client.send("/queue/a", b"x" * 4000)
    assert len(client.message().body) == 4000


def test_a_slow_consumer_costs_no_more_memory_than_its_write_buffer(
    start_broker: StartBroker, connect: Connect
) -> None:
    broker = start_broker(write_buffer_bytes=100_000)
    sender, slow, quick = connect(broker), connect(broker), connect(broker)
    slow.subscribe("/queue/a")
    # Far more than the write buffer and the system's socket buffers take together.
    for number in range(300):
        sender.send("/queue/a", b"%d " % number + b"x" * 100_000)
    quick.subscribe("/queue/a")
    by_quick = [int(quick.message().body.split()[0])]
    while by_quick[-1] != 299:
        by_quick.append(int(quick.message().body.split()[0]))
    by_slow = [int(body.split()[0]) for body in slow.bodies(300 - len(by_quick))]

    assert 0 < len(by_slow) < 150
    assert sorted(by_quick + by_slow) == list(range(300))


def test_a_peer_that_reads_no_receipts_is_not_read_from_until_it_does(
    start_broker: StartBroker, connect: Connect
) -> None:
    client = connect(start_broker(write_buffer_bytes=10_000))
    # Receipts of 20 MB: more than the system's socket buffers take.
    burst = (b"SEND\ndestination:/topic/none\nreceipt:" + b"x" * 10_000 + b"\n\n\0") * 2000
    writer = threading.Thread(target=client.write, args=(burst,))
    writer.start()
    writer.join(0.5)
    held_up = writer.is_alive()
    for _ in range(2000):
        client.next("RECEIPT")
    writer.join()

    assert held_up
