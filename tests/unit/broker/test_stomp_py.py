"""Interoperation with stomp.py, the client library that dermsbus itself uses."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
import stomp
from stomp.exception import ConnectFailedException

from dermsbus.broker import EmbeddedBroker
from tests.unit.broker.stomp_client import StartBroker

PATIENCE_S = 10.0


class Inbox(stomp.ConnectionListener):  # type: ignore[misc]  # stomp.py has no types
    """Puts what arrives into queues: nothing may block or raise on stomp.py's receiver thread."""

    def __init__(self) -> None:
        self.messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.errors: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.receipts: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.disconnected = threading.Event()
        self.heart_beat_missed = threading.Event()

    def on_message(self, frame: Any) -> None:
        self.messages.put(frame)

    def on_error(self, frame: Any) -> None:
        self.errors.put(frame)

    def on_receipt(self, frame: Any) -> None:
        self.receipts.put(frame.headers["receipt-id"])

    def on_disconnected(self) -> None:
        self.disconnected.set()

    def on_heartbeat_timeout(self) -> None:
        self.heart_beat_missed.set()


class Peer:
    """A stomp.py connection with its inbox."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.inbox = Inbox()
        connection.set_listener("inbox", self.inbox)

    def confirmed(self, command: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        """Call *command* with a receipt and wait for that."""
        receipt = str(uuid4())
        command(*args, **kwargs, receipt=receipt)
        assert self.inbox.receipts.get(timeout=PATIENCE_S) == receipt

    def message(self) -> Any:
        return self.inbox.messages.get(timeout=PATIENCE_S)


Join = Callable[..., Peer]


@pytest.fixture
def join(broker: EmbeddedBroker) -> Iterator[Join]:
    with ExitStack() as leaving:

        def joined(kind: Any = stomp.Connection12, *, headers: dict[str, str] | None = None, **settings: Any) -> Peer:
            peer = Peer(kind([broker.address], **settings))
            peer.connection.connect(wait=True, headers=headers or {})
            leaving.callback(peer.connection.disconnect)
            return peer

        yield joined


@pytest.mark.parametrize("kind", [stomp.Connection10, stomp.Connection11, stomp.Connection12])
def test_each_version_sends_and_receives(join: Join, kind: Any) -> None:
    peer = join(kind)
    peer.connection.subscribe("/queue/a", id="s", ack="auto")
    peer.connection.send("/queue/a", "grün", headers={"odd": "x"})
    frame = peer.message()

    assert frame.body == "grün"
    assert frame.headers["odd"] == "x"


def test_header_escapes_agree(join: Join) -> None:
    peer = join()
    peer.connection.subscribe("/queue/a", id="s")
    peer.connection.send("/queue/a", "x", headers={"odd": "back\\slash, colon:, line\nfeed"})

    assert peer.message().headers["odd"] == "back\\slash, colon:, line\nfeed"


def test_bodies_of_five_megabytes_and_with_nul_arrive_whole(join: Join) -> None:
    peer = join(auto_decode=False)
    peer.connection.subscribe("/queue/a", id="s")
    for body in (b"<x/>" * 1_250_000, b"a\0b\xff"):
        peer.connection.send("/queue/a", body)
        assert peer.message().body == body


def test_client_individual_acknowledgement_with_receipts(join: Join) -> None:
    first, second = join(), join()
    first.confirmed(first.connection.subscribe, "/queue/a", id="s", ack="client-individual")
    for number in range(3):
        first.confirmed(first.connection.send, "/queue/a", str(number), persistent="true")
    frames = [first.message() for _ in range(3)]
    first.confirmed(first.connection.ack, frames[1].headers["ack"])
    first.connection.disconnect(receipt="bye")
    assert first.inbox.disconnected.wait(PATIENCE_S)
    second.connection.subscribe("/queue/a", id="s", ack="client-individual")
    again = [second.message() for _ in range(2)]

    assert [frame.body for frame in again] == ["0", "2"]
    assert {frame.headers["redelivered"] for frame in again} == {"true"}


def test_nack_of_stomp_1_1_and_1_2_brings_the_message_again(join: Join) -> None:
    old, new = join(stomp.Connection11), join()
    old.connection.subscribe("/queue/old", id="s", ack="client-individual")
    new.connection.subscribe("/queue/new", id="s", ack="client-individual")
    old.connection.send("/queue/old", "x")
    old.connection.nack(old.message().headers["message-id"], "s")
    new.connection.send("/queue/new", "x")
    new.connection.nack(new.message().headers["ack"])

    assert old.message().headers["redelivered"] == "true"
    assert new.message().headers["redelivered"] == "true"


def test_request_and_reply_through_a_temporary_queue(join: Join) -> None:
    requester, responder = join(), join()
    responder.confirmed(responder.connection.subscribe, "/queue/requests", id="s")
    requester.connection.subscribe("/temp-queue/replies", id="r")
    requester.connection.send(
        "/queue/requests", "what?", headers={"reply-to": "/temp-queue/replies", "correlation-id": "c"}
    )
    request = responder.message()
    responder.connection.send(
        request.headers["reply-to"], "that", headers={"correlation-id": request.headers["correlation-id"]}
    )

    assert requester.message().headers["correlation-id"] == "c"


def test_a_durable_subscription_keeps_what_its_owner_missed(join: Join) -> None:
    away, sender = join(headers={"client-id": "dms1"}), join()
    durable = {"activemq.subscriptionName": "all"}
    away.confirmed(away.connection.subscribe, "/topic/evt.>", id="d", headers=durable)
    away.connection.disconnect(receipt="bye")
    assert away.inbox.disconnected.wait(PATIENCE_S)
    sender.confirmed(sender.connection.send, "/topic/evt.a", "missed")
    back = join(headers={"client-id": "dms1"})
    back.connection.subscribe("/topic/evt.>", id="d", headers=durable)

    assert back.message().body == "missed"


def test_a_transaction_sends_and_acknowledges_at_commit(join: Join) -> None:
    peer, watcher = join(), join()
    watcher.confirmed(watcher.connection.subscribe, "/queue/out", id="s")
    peer.connection.subscribe("/queue/in", id="s", ack="client-individual")
    peer.connection.send("/queue/in", "x")
    frame = peer.message()
    transaction = peer.connection.begin()
    peer.connection.send("/queue/out", "y", transaction=transaction)
    peer.connection.ack(frame.headers["ack"], transaction=transaction)
    peer.confirmed(peer.connection.send, "/queue/elsewhere", "z")
    assert watcher.inbox.messages.empty()
    peer.connection.commit(transaction)

    assert watcher.message().body == "y"


def test_heart_beats_keep_an_idle_connection_alive_and_delivering(join: Join) -> None:
    peer = join(heartbeats=(400, 400))
    peer.confirmed(peer.connection.subscribe, "/queue/a", id="s")
    # Four intervals: either side would have given the other up by now.
    assert not peer.inbox.heart_beat_missed.wait(1.6)
    peer.connection.send("/queue/a", "still here")

    assert peer.message().body == "still here"
    assert not peer.inbox.disconnected.is_set()


def test_a_refused_login_is_a_failed_connect(start_broker: StartBroker) -> None:
    broker = start_broker(login="lab", passcode="s3cret")
    refused = Peer(stomp.Connection12([broker.address], reconnect_attempts_max=1))
    with pytest.raises(ConnectFailedException):
        refused.connection.connect("lab", "wrong", wait=True)
    assert "login refused" in refused.inbox.errors.get(timeout=PATIENCE_S).headers["message"]
    right = Peer(stomp.Connection12([broker.address]))
    right.connection.connect("lab", "s3cret", wait=True)
    right.connection.disconnect()


def test_a_send_to_a_temporary_queue_whose_owner_left_is_an_error_with_its_receipt(join: Join) -> None:
    requester, responder = join(), join()
    responder.confirmed(responder.connection.subscribe, "/queue/requests", id="s")
    requester.connection.send("/queue/requests", "what?", headers={"reply-to": "/temp-queue/replies"})
    reply_to = responder.message().headers["reply-to"]
    requester.connection.disconnect(receipt="bye")
    assert requester.inbox.disconnected.wait(PATIENCE_S)
    responder.connection.send(reply_to, "too late", receipt="r1")

    assert responder.inbox.errors.get(timeout=PATIENCE_S).headers["receipt-id"] == "r1"
    responder.confirmed(responder.connection.send, "/queue/other", "the connection goes on")


def test_a_burst_arrives_whole_and_in_order(join: Join) -> None:
    sender, receiver = join(), join()
    receiver.confirmed(receiver.connection.subscribe, "/queue/a", id="s")
    body = "x" * 1000
    for number in range(2000):
        sender.connection.send("/queue/a", body, headers={"n": str(number)})

    assert [receiver.message().headers["n"] for _ in range(2000)] == [str(number) for number in range(2000)]
