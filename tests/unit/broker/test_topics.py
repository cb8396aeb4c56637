from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.unit.broker.stomp_client import Connect, StartBroker


def test_every_subscriber_of_a_topic_gets_every_message(connect: Connect) -> None:
    sender, first, second = connect(), connect(), connect()
    for subscriber in (first, second):
        subscriber.subscribe("/topic/a.b")
    sender.send("/topic/a.b", "event")
    message = first.message()

    assert (message.body, message.headers["destination"]) == (b"event", "/topic/a.b")
    assert second.bodies(1) == ["event"]


def test_a_topic_keeps_nothing_for_those_who_come_later(connect: Connect) -> None:
    sender, late = connect(), connect()
    sender.send("/topic/a", "missed")
    late.subscribe("/topic/a")

    assert late.pending() == []


def test_wildcards_select_topics_by_their_words(connect: Connect) -> None:
    client = connect()
    client.subscribe("/topic/evt.*.DERGroups", "word")
    client.subscribe("/topic/evt.>", "rest")
    for name in ("evt.created.DERGroups", "evt.created.DERGroupStatuses", "other.created.DERGroups"):
        client.send(f"/topic/{name}", name)
    client.ask("SEND", {"destination": "/topic/none"})
    got = [client.message() for _ in range(3)]

    assert [(message.headers["subscription"], message.body.decode()) for message in got] == [
        ("word", "evt.created.DERGroups"),
        ("rest", "evt.created.DERGroups"),
        ("rest", "evt.created.DERGroupStatuses"),
    ]
    assert got[0].headers["destination"] == "/topic/evt.created.DERGroups"
    assert client.pending() == []


def test_a_selector_lets_through_what_fits(connect: Connect) -> None:
    client = connect()
    client.subscribe("/topic/a", "topic", selector="CIM_Noun = 'DERGroups'")
    client.subscribe("/queue/a", "queue", selector="CIM_Noun = 'DERGroups'")
    for kind in ("topic", "queue"):
        client.send(f"/{kind}/a", "no", CIM_Noun="DERGroupStatuses")
        client.send(f"/{kind}/a", "yes", CIM_Noun="DERGroups")

    assert client.pending() == ["yes", "yes"]


def test_what_a_selector_leaves_in_a_queue_is_for_others(connect: Connect) -> None:
    picky, other = connect(), connect()
    picky.subscribe("/queue/a", selector="n = 1", ack="client-individual", activemq__prefetchSize="1")
    for number in (2, 1, 3, 1):
        picky.send("/queue/a", str(number), n=str(number))
    message = picky.message()
    assert message.body == b"1"
    other.subscribe("/queue/a")

    assert other.pending() == ["2", "3", "1"]
    picky.send("/queue/a", "1 again", n="1")
    assert other.pending() == ["1 again"]


def test_unacknowledged_messages_of_a_topic_are_delivered_again_after_nack(connect: Connect) -> None:
    client = connect()
    client.subscribe("/topic/a", ack="client-individual")
    client.send("/topic/a", "event")
    client.nack(client.message())

    assert client.message().headers["redelivered"] == "true"


@pytest.mark.parametrize("limit", [{"max_topic_backlog": 5}, {"max_topic_backlog_bytes": 5 * 550}])
def test_for_a_slow_topic_subscriber_the_oldest_messages_are_dropped_with_a_warning(
    start_broker: StartBroker, connect: Connect, limit: dict[str, int]
) -> None:
    broker = start_broker(**limit)
    slow, quick = connect(broker), connect(broker)
    slow.subscribe("/topic/a", ack="client-individual", activemq__prefetchSize="1")
    quick.subscribe("/topic/a")
    with capture_logs() as logs:
        for number in range(12):
            quick.send("/topic/a", str(number))
    first = slow.message()
    slow.ask("UNSUBSCRIBE", {"id": "s"})

    assert first.body == b"0"
    assert quick.pending() == [str(number) for number in range(12)]
    assert [entry["event"] for entry in logs] == ["topic subscriber too slow: oldest messages dropped"]


def test_a_slow_topic_subscriber_has_the_newest_messages_when_it_catches_up(
    start_broker: StartBroker, connect: Connect
) -> None:
    client = connect(start_broker(max_topic_backlog=3))
    client.subscribe("/topic/a", ack="client-individual", activemq__prefetchSize="1")
    for number in range(10):
        client.send("/topic/a", str(number))
    bodies = []
    for _ in range(4):
        message = client.message()
        bodies.append(message.body.decode())
        client.ack(message)

    assert bodies == ["0", "7", "8", "9"]


# -- durable subscriptions -------------------------------------------------------------------------------------------


def durable(pattern: str = "/topic/evt.>", name: str = "all", **headers: str) -> dict[str, str]:
    return {"destination": pattern, "id": "d", "activemq.subscriptionName": name, **headers}


def test_a_durable_subscription_keeps_messages_while_its_owner_is_away(connect: Connect) -> None:
    sender, first = connect(), connect(client_id="dms1")
    first.ask("SUBSCRIBE", durable())
    sender.send("/topic/evt.a", "there")
    assert first.bodies(1) == ["there"]
    first.ask("DISCONNECT")
    sender.send("/topic/evt.b", "away")
    again = connect(client_id="dms1")
    again.ask("SUBSCRIBE", durable())
    message = again.message()

    assert (message.body, message.headers["destination"]) == (b"away", "/topic/evt.b")


def test_a_durable_subscription_keeps_only_what_its_selector_lets_through(connect: Connect) -> None:
    sender, first = connect(), connect(client_id="dms1")
    first.ask("SUBSCRIBE", durable(selector="n = 1"))
    first.ask("DISCONNECT")
    sender.send("/topic/evt.a", "no", n="2")
    sender.send("/topic/evt.a", "yes", n="1")
    again = connect(client_id="dms1")
    again.ask("SUBSCRIBE", durable(selector="n = 1"))

    assert again.pending() == ["yes"]


def test_a_durable_subscription_is_deleted_by_unsubscribe_with_its_name(connect: Connect) -> None:
    sender, client = connect(), connect(client_id="dms1")
    client.ask("SUBSCRIBE", durable())
    client.ask("UNSUBSCRIBE", {"id": "d", "activemq.subscriptionName": "all"})
    sender.send("/topic/evt.a", "for nobody")
    client.ask("SUBSCRIBE", durable())

    assert client.pending() == []
    assert "no durable subscription 'other'" in client.refused(
        "UNSUBSCRIBE", {"id": "x", "activemq.subscriptionName": "other"}
    )


def test_unsubscribe_without_the_name_leaves_the_durable_subscription(connect: Connect) -> None:
    sender, client = connect(), connect(client_id="dms1")
    client.ask("SUBSCRIBE", durable())
    client.ask("UNSUBSCRIBE", {"id": "d"})
    sender.send("/topic/evt.a", "kept")
    client.ask("SUBSCRIBE", durable())

    assert client.bodies(1) == ["kept"]


def test_a_durable_subscription_to_another_topic_starts_afresh(connect: Connect) -> None:
    client = connect(client_id="dms1")
    client.ask("SUBSCRIBE", durable("/topic/old"))
    client.ask("UNSUBSCRIBE", {"id": "d"})
    client.send("/topic/old", "old")
    client.ask("SUBSCRIBE", durable("/topic/new"))
    client.send("/topic/old", "old again")
    client.send("/topic/new", "new")

    assert client.pending() == ["new"]


def test_two_client_ids_have_durable_subscriptions_of_the_same_name_each(connect: Connect) -> None:
    for client_id in ("dms1", "dms2"):
        client = connect(client_id=client_id)
        client.ask("SUBSCRIBE", durable())
        client.ask("DISCONNECT")
    connect().send("/topic/evt.a", "both")
    for client_id in ("dms1", "dms2"):
        client = connect(client_id=client_id)
        client.ask("SUBSCRIBE", durable())
        assert client.bodies(1) == ["both"]


def test_a_durable_subscription_needs_a_client_id_and_a_topic_and_is_used_once_at_a_time(connect: Connect) -> None:
    assert "Give a client-id in the CONNECT frame" in connect().refused("SUBSCRIBE", durable())
    client = connect(client_id="dms1")
    assert "for /topic/ destinations" in client.refused("SUBSCRIBE", durable("/queue/a"))
    client.ask("SUBSCRIBE", durable())
    assert "is in use" in client.refused("SUBSCRIBE", {**durable(), "id": "second"})


# -- virtual topics --------------------------------------------------------------------------------------------------


def test_each_consumer_queue_of_a_virtual_topic_gets_a_copy_and_its_consumers_share_it(connect: Connect) -> None:
    sender, first, second, other = connect(), connect(), connect(), connect()
    for consumer in (first, second):
        consumer.subscribe("/queue/Consumer.dms1.VirtualTopic.evt.a")
    other.subscribe("/queue/Consumer.dms2.VirtualTopic.evt.a")
    for number in range(4):
        sender.send("/topic/VirtualTopic.evt.a", str(number))

    assert [first.pending(), second.pending()] == [["0", "2"], ["1", "3"]]
    assert other.pending() == ["0", "1", "2", "3"]


def test_a_consumer_queue_of_a_virtual_topic_collects_while_nobody_consumes(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/Consumer.dms1.VirtualTopic.a")
    client.ask("UNSUBSCRIBE", {"id": "s"})
    client.send("/topic/VirtualTopic.a", "kept")
    client.subscribe("/queue/Consumer.dms1.VirtualTopic.a")

    assert client.bodies(1) == ["kept"]
