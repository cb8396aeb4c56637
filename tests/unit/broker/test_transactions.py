from __future__ import annotations

import pytest

from tests.unit.broker.stomp_client import Connect, StartBroker


def test_what_is_sent_in_a_transaction_arrives_at_its_commit(connect: Connect) -> None:
    sender, receiver = connect(), connect()
    receiver.subscribe("/queue/a")
    sender.ask("BEGIN", {"transaction": "t"})
    sender.send("/queue/a", "one", transaction="t")
    sender.send("/queue/a", "two", transaction="t")
    assert receiver.pending() == []
    sender.ask("COMMIT", {"transaction": "t"})
    message = receiver.message()

    assert message.body == b"one"
    assert "transaction" not in message.headers
    assert receiver.bodies(1) == ["two"]


@pytest.mark.parametrize("how", ["abort", "disconnect", "vanish"])
def test_what_was_sent_in_a_transaction_without_commit_never_arrives(connect: Connect, how: str) -> None:
    sender, receiver = connect(), connect()
    sender.ask("BEGIN", {"transaction": "t"})
    sender.send("/queue/a", "never", transaction="t")
    if how == "abort":
        sender.ask("ABORT", {"transaction": "t"})
    elif how == "disconnect":
        sender.ask("DISCONNECT")
    else:
        sender.close()
    receiver.subscribe("/queue/a")

    assert receiver.pending() == []


def test_an_acknowledgement_in_a_transaction_holds_from_its_commit_on(connect: Connect) -> None:
    first, second = connect(), connect()
    first.subscribe("/queue/a", ack="client-individual")
    first.send("/queue/a", "committed")
    first.send("/queue/a", "left open")
    for name in ("t", "u"):
        first.ask("BEGIN", {"transaction": name})
        first.ack(first.message(), transaction=name)
    first.ask("COMMIT", {"transaction": "t"})
    first.ask("DISCONNECT")
    second.subscribe("/queue/a")

    assert second.pending() == ["left open"]


def test_abort_does_not_give_an_acknowledged_message_back_to_the_queue(connect: Connect) -> None:
    first, second = connect(), connect()
    first.subscribe("/queue/a", ack="client-individual")
    second.subscribe("/queue/a")
    first.send("/queue/a", "kept in hand")
    message = first.message()
    first.ask("BEGIN", {"transaction": "t"})
    first.ack(message, transaction="t")
    first.ask("ABORT", {"transaction": "t"})

    assert second.pending() == []
    first.ack(message)


def test_a_commit_that_cannot_be_done_whole_has_no_effect(connect: Connect) -> None:
    requester, responder = connect(), connect()
    responder.subscribe("/queue/requests", ack="client-individual")
    requester.send("/queue/requests", reply_to="/temp-queue/replies")
    request = responder.message()
    responder.ask("BEGIN", {"transaction": "t"})
    responder.send("/queue/log", "answered", transaction="t")
    responder.send(request.headers["reply-to"], "answer", transaction="t")
    requester.ask("DISCONNECT")

    assert "does not exist any more" in responder.refused("COMMIT", {"transaction": "t"})
    responder.subscribe("/queue/log", "log")
    assert responder.pending() == []
    assert "no open transaction" in responder.refused("COMMIT", {"transaction": "t"})


def test_a_transaction_has_to_be_open_and_begins_once(connect: Connect) -> None:
    client = connect()
    for command in ("COMMIT", "ABORT"):
        assert "no open transaction 't'" in client.refused(command, {"transaction": "t"})
    assert "no open transaction 't'" in client.refused("SEND", {"destination": "/queue/a", "transaction": "t"})
    client.ask("BEGIN", {"transaction": "t"})
    assert "has begun already" in client.refused("BEGIN", {"transaction": "t"})
    assert "without the header transaction" in client.refused("BEGIN")


def test_a_connection_has_a_most_of_open_transactions(connect: Connect) -> None:
    client = connect()
    for number in range(100):
        client.ask("BEGIN", {"transaction": str(number)})

    assert "100 open transactions, which is the most" in client.refused("BEGIN", {"transaction": "one more"})


def test_a_transaction_that_grows_too_large_is_refused(start_broker: StartBroker, connect: Connect) -> None:
    client = connect(start_broker(max_transaction_bytes=5000))
    client.ask("BEGIN", {"transaction": "t"})
    client.send("/queue/a", b"x" * 3000, transaction="t")

    assert "max_transaction_bytes" in client.refused(
        "SEND", {"destination": "/queue/a", "transaction": "t"}, b"x" * 3000
    )
    client.ask("COMMIT", {"transaction": "t"})
    client.subscribe("/queue/a")
    assert len(client.pending()) == 1
