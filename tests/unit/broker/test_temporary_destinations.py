from __future__ import annotations

from tests.unit.broker.stomp_client import Connect


def test_a_request_is_answered_through_a_temporary_queue(connect: Connect) -> None:
    requester, responder = connect(), connect()
    responder.subscribe("/queue/requests")
    requester.subscribe("/temp-queue/replies", "replies")
    requester.send("/queue/requests", "what?", reply_to="/temp-queue/replies", correlation_id="c1")
    request = responder.message()
    assert request.headers["reply-to"].startswith("/remote-temp-queue/")
    responder.send(request.headers["reply-to"], "that", correlation_id=request.headers["correlation-id"])
    reply = requester.message()

    assert (reply.body, reply.headers["correlation-id"]) == (b"that", "c1")
    assert reply.headers["subscription"] == "replies"
    assert reply.headers["destination"] == "/temp-queue/replies"


def test_a_reply_waits_for_an_owner_who_subscribes_later(connect: Connect) -> None:
    requester, responder = connect(), connect()
    responder.subscribe("/queue/requests")
    requester.send("/queue/requests", reply_to="/temp-queue/replies")
    responder.send(responder.message().headers["reply-to"], "early")
    requester.subscribe("/temp-queue/replies")

    assert requester.bodies(1) == ["early"]


def test_temporary_queues_of_the_same_name_are_apart_for_each_connection(connect: Connect) -> None:
    first, second = connect(), connect()
    for client in (first, second):
        client.subscribe("/temp-queue/replies")
    first.send("/temp-queue/replies", "mine")

    assert first.bodies(1) == ["mine"]
    assert second.pending() == []


def test_a_requester_who_answers_itself_sees_its_own_name_of_the_queue(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/requests", "requests")
    client.subscribe("/temp-queue/replies", "replies")
    client.send("/queue/requests", reply_to="/temp-queue/replies")
    request = client.message()
    client.send(request.headers["reply-to"], "to myself")

    assert request.headers["reply-to"] == "/temp-queue/replies"
    assert client.bodies(1) == ["to myself"]


def test_a_reply_to_an_owner_who_left_is_an_error_that_names_the_receipt(connect: Connect) -> None:
    requester, responder = connect(), connect()
    responder.subscribe("/queue/requests")
    requester.send("/queue/requests", reply_to="/temp-queue/replies")
    reply_to = responder.message().headers["reply-to"]
    requester.ask("DISCONNECT")

    assert reply_to in responder.refused("SEND", {"destination": reply_to}, b"too late")
    assert responder.pending() == []


def test_only_the_owner_may_subscribe_to_a_temporary_queue(connect: Connect) -> None:
    owner, spy = connect(), connect()
    spy.subscribe("/queue/requests")
    owner.send("/queue/requests", reply_to="/temp-queue/replies")
    reply_to = spy.message().headers["reply-to"]

    assert "belongs to another connection" in spy.refused("SUBSCRIBE", {"id": "x", "destination": reply_to})


def test_a_temporary_topic_reaches_all_subscriptions_of_its_owner(connect: Connect) -> None:
    owner, other = connect(), connect()
    owner.subscribe("/temp-topic/t", "one")
    owner.subscribe("/temp-topic/t", "two")
    other.subscribe("/queue/requests")
    owner.send("/queue/requests", reply_to="/temp-topic/t")
    reply_to = other.message().headers["reply-to"]
    other.send(reply_to, "both")

    assert reply_to.startswith("/remote-temp-topic/")
    assert owner.pending() == ["both", "both"]
    owner.ask("DISCONNECT")
    assert "does not exist any more" in other.refused("SEND", {"destination": reply_to})


def test_a_reply_to_that_is_not_temporary_passes_as_it_was_written(connect: Connect) -> None:
    client = connect()
    client.subscribe("/queue/a")
    for written in ("/queue/replies", "queue://replies", "replies"):
        client.send("/queue/a", reply_to=written)
        assert client.message().headers["reply-to"] == written


def test_what_is_rejected_too_often_in_a_temporary_queue_is_dropped(connect: Connect) -> None:
    client = connect()
    client.subscribe("/temp-queue/replies", ack="client-individual")
    client.send("/temp-queue/replies", "unwanted")
    for _ in range(7):
        client.nack(client.message())

    assert client.pending() == []


def test_a_connection_with_too_many_temporary_queues_is_told_to_use_one(connect: Connect) -> None:
    client = connect()
    for number in range(1000):
        client.frame("SEND", {"destination": f"/temp-queue/{number}"})

    assert "Use one reply queue" in client.refused("SEND", {"destination": "/temp-queue/one-more"})
