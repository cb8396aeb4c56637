"""Answers that come later: a receipt at once, the answer to a queue that outlives the client, and nothing lost between."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from dermsbus.client import Answer, AnswerTimedOut, Asked, DMSClient, UnreadableAnswer
from dermsbus.client.later import LaterBoard
from dermsbus.errors import ConnectionLost, RequestError
from dermsbus.messages.answers import entry
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Archetype, Envelope, Header, Noun, Payload, Reply, Result, Verb
from dermsbus.transports.base import Delivery, Queue, Subscription
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.scripted_derms import OK, Derms, carrying, group
from tests.unit.client.replying import MORE, numbered, until

Make = Callable[..., DMSClient]

RECEIVED = Reply(result=Result.OK, errors=(entry("0.3"),))
ADDRESS = Queue("cim.production.rep.dms1")


def receive(client: DMSClient, derms: Derms, pool: ThreadPoolExecutor) -> tuple[Answer, Delivery, Envelope]:
    """The receipt for a new group, and the request as the DERMS has it."""
    future = pool.submit(client.create_groups, group("G-A"))
    delivery, request = derms.answer(RECEIVED)
    return future.result(5), delivery, request


def answer_later(derms: Derms, delivery: Delivery, request: Envelope, reply: Reply = OK, *mrids: str) -> None:
    said = derms.author.reply(request.outline, reply, carrying(*mrids) if mrids else None)
    derms.publish(ADDRESS, Codec().encode(said), delivery.correlation_id)


def left_in_queue(bus: MemoryBus) -> list[bytes]:
    """What nobody has acknowledged; the client has to be gone."""
    there: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    transport = MemoryTransport(bus)
    transport.start()
    transport.wait_until_up(5)
    derms = Derms(transport)
    transport.subscribe(Subscription(destination=ADDRESS), there.put)
    derms.publish(ADDRESS, b"end")
    found = [there.get(timeout=5).body]
    while found[-1] != b"end":
        found.append(there.get(timeout=5).body)
    transport.stop()
    return found[:-1]


# -- the usual way -----------------------------------------------------------------------------------------------------


def test_a_request_asks_for_its_answer_at_our_queue(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make(answers_later=True)

    receipt, _, request = receive(client, derms, pool)

    assert request.header is not None
    assert (request.header.async_reply, request.header.reply_address) == (True, f"queue://{ADDRESS.name}")
    assert client.reply_address == request.header.reply_address
    assert (receipt.ok, receipt.is_receipt, receipt.correlation_id) == (True, True, request.header.correlation_id)


def test_the_answer_is_awaited_with_the_receipt(
    make: Make, derms: Derms, bus: MemoryBus, pool: ThreadPoolExecutor
) -> None:
    client = make(answers_later=True)
    receipt, delivery, request = receive(client, derms, pool)
    waiting = pool.submit(client.await_later, receipt)

    answer_later(derms, delivery, request, OK, "G-A")

    answer = waiting.result(5)
    assert (answer.ok, answer.is_receipt, [each.mrid for each in answer.groups]) == (True, False, ["G-A"])
    assert answer.message_id == receipt.message_id
    client.stop()
    assert left_in_queue(bus) == []


def test_an_answer_that_is_there_before_its_receipt_is_awaited_all_the_same(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make(answers_later=True)
    future = pool.submit(client.create_groups, group("G-A"))
    delivery, request = derms.next()
    answer_later(derms, delivery, request, OK, "G-A")
    received = derms.author.reply(request.outline, RECEIVED)
    derms.reply(delivery, received, correlation_id=delivery.correlation_id)

    answer = client.await_later(future.result(5))

    assert [each.mrid for each in answer.groups] == ["G-A"]


def test_a_later_answer_may_come_in_several_messages(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make(answers_later=True)
    receipt, delivery, request = receive(client, derms, pool)
    for number, reply in ((2, OK), (1, MORE)):
        part = numbered(derms.author.reply(request.outline, reply, carrying(f"G-{number}")), number)
        derms.publish(ADDRESS, Codec().encode(part, compress_above_bytes=1), delivery.correlation_id)

    answer = client.await_later(receipt)

    assert (answer.result, [each.mrid for each in answer.groups]) == (Result.OK, ["G-1", "G-2"])


def test_without_a_transport_id_the_body_tells_which_request_it_answers(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make(answers_later=True)
    receipt, _, request = receive(client, derms, pool)
    derms.publish(ADDRESS, Codec().encode(derms.author.reply(request.outline, OK)))

    assert client.await_later(receipt).ok


def test_an_answer_that_came_at_once_is_not_waited_for(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make(answers_later=True)
    future = pool.submit(client.create_groups, group("G-A"))
    derms.answer(Reply(result=Result.FAILED, errors=(entry("7.7", "not there"),)))
    refused = future.result(5)

    assert client.await_later(refused) is refused
    with pytest.raises(RequestError, match="not there"):
        refused.raise_for_result()


def test_a_message_made_by_hand_may_ask_for_its_answer_there_too(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make()
    header = Header(
        verb=Verb.CREATE,
        noun=Noun.DER_GROUPS,
        async_reply=True,
        reply_address=client.reply_address,
        message_id="m1",
    )
    message = Envelope(archetype=Archetype.REQUEST, header=header, payload=carrying("G-A"))
    future = pool.submit(client.send, message)
    delivery, request = derms.answer(RECEIVED)
    answer_later(derms, delivery, request, OK, "G-A")

    assert [each.mrid for each in client.await_later(future.result(5)).groups] == ["G-A"]


# -- when something comes between ---------------------------------------------------------------------------------------


def test_what_did_not_come_in_time_can_be_asked_for_again(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make(answers_later=True)
    receipt, delivery, request = receive(client, derms, pool)
    answer_later(derms, delivery, request, MORE, "G-A")

    with pytest.raises(AnswerTimedOut, match=r"within 0\.2 s; ask for it again later") as caught:
        client.await_later(receipt, timeout_s=0.2)

    assert caught.value.partial is not None
    assert caught.value.partial.errors[-1].code == "4.1"
    answer_later(derms, delivery, request, OK, "G-B")
    assert [each.mrid for each in client.await_later(receipt).groups] == ["G-A", "G-B"]


def test_an_answer_is_there_for_the_next_process_if_this_one_ends(
    make: Make, derms: Derms, bus: MemoryBus, pool: ThreadPoolExecutor
) -> None:
    first = make(answers_later=True)
    receipt, delivery, request = receive(first, derms, pool)
    answer_later(derms, delivery, request, MORE, "G-A")
    with pytest.raises(AnswerTimedOut):
        first.await_later(receipt, timeout_s=0.1)
    first.stop()
    answer_later(derms, delivery, request, OK, "G-B")

    second = make()
    answer = second.await_later(receipt.correlation_id)

    assert [each.mrid for each in answer.groups] == ["G-A", "G-B"]
    second.stop()
    assert left_in_queue(bus) == []


def test_an_interruption_loses_nothing_and_doubles_nothing(
    make: Make, derms: Derms, bus: MemoryBus, pool: ThreadPoolExecutor
) -> None:
    client = make(answers_later=True)
    receipt, delivery, request = receive(client, derms, pool)
    answer_later(derms, delivery, request, MORE, "G-A")
    with pytest.raises(AnswerTimedOut):
        client.await_later(receipt, timeout_s=0.1)

    bus.interrupt()
    bus.restore()
    until(lambda: (client.status.connects, derms.transport.status.connects) == (2, 2))
    answer_later(derms, delivery, request, OK, "G-B")

    assert [each.mrid for each in client.await_later(receipt).groups] == ["G-A", "G-B"]
    client.stop()
    assert left_in_queue(bus) == []


def test_a_second_answer_to_the_same_request_is_acknowledged_and_logged(
    make: Make, derms: Derms, bus: MemoryBus, pool: ThreadPoolExecutor
) -> None:
    client = make(answers_later=True)
    receipt, delivery, request = receive(client, derms, pool)
    answer_later(derms, delivery, request, OK, "G-A")
    client.await_later(receipt)

    with capture_logs() as logs:
        answer_later(derms, delivery, request, OK, "G-B")
        until(lambda: bool(logs))

    assert [log["why"] for log in logs] == ["duplicate"]
    client.stop()
    assert left_in_queue(bus) == []


def test_what_names_no_request_is_acknowledged_and_logged(
    make: Make, derms: Derms, bus: MemoryBus, pool: ThreadPoolExecutor
) -> None:
    client = make(answers_later=True)
    _, delivery, _ = receive(client, derms, pool)
    event = derms.author.event(Verb.CREATED, Noun.DER_GROUPS, carrying("G-A"))
    fault = Envelope(archetype=Archetype.FAULT, reply=Reply(result=Result.FAILED, errors=(entry("1.8"),)))

    with capture_logs() as logs:
        derms.publish(ADDRESS, b"garbage")
        derms.publish(ADDRESS, Codec().encode(fault))
        derms.publish(ADDRESS, Codec().encode(event), delivery.correlation_id)
        until(lambda: len(logs) == 3)

    assert {log["why"] for log in logs} == {"unmatched"}
    client.stop()
    assert left_in_queue(bus) == []


def test_an_answer_that_cannot_be_read_says_so_once(
    make: Make, derms: Derms, bus: MemoryBus, pool: ThreadPoolExecutor
) -> None:
    client = make(answers_later=True)
    receipt, delivery, _ = receive(client, derms, pool)
    derms.publish(ADDRESS, b"<html>502</html>", delivery.correlation_id)

    with pytest.raises(UnreadableAnswer) as caught:
        client.await_later(receipt)

    assert caught.value.body == b"<html>502</html>"
    client.stop()
    assert left_in_queue(bus) == []


def test_stopping_the_client_ends_the_waiting_and_keeps_what_came(
    make: Make, derms: Derms, bus: MemoryBus, pool: ThreadPoolExecutor
) -> None:
    client = make(answers_later=True)
    receipt, delivery, request = receive(client, derms, pool)
    answer_later(derms, delivery, request, MORE, "G-A")
    waiting = pool.submit(client.await_later, receipt, timeout_s=60.0)
    until(waiting.running)

    client.stop()

    with pytest.raises(ConnectionLost, match="stopped before the reply came"):
        waiting.result(5)
    assert len(left_in_queue(bus)) == 1


# -- answers to requests of others -------------------------------------------------------------------------------------


def reply_to(correlation_id: str) -> tuple[Delivery, Envelope]:
    header = Header(verb=Verb.REPLY, noun="DERGroups", message_id=f"r-{correlation_id}", correlation_id=correlation_id)
    message = Envelope(archetype=Archetype.RESPONSE, header=header, reply=OK, payload=Payload())
    return Delivery(body=correlation_id.encode(), correlation_id=correlation_id), message


def test_of_answers_that_nobody_asked_for_the_oldest_are_dropped_and_ours_are_not() -> None:
    board = LaterBoard()
    board.expect("ours")
    dropped: list[bytes] = []

    for correlation_id in ("ours", *(f"k{number}" for number in range(1003))):
        delivery, message = reply_to(correlation_id)
        gone, why = board.take(delivery, correlation_id, message)
        assert why == ("not asked for" if gone else "")
        dropped += [each.body for each in gone]

    assert dropped == [b"k0", b"k1", b"k2"]


def test_the_same_message_come_again_is_acknowledged_in_place_of_its_first_coming() -> None:
    board = LaterBoard()
    first, message = reply_to("k1")
    again = replace(first, redelivered=True)
    assert board.take(first, "k1", message) == ([], "")

    assert board.take(again, "k1", message) == ([], "")

    assert board.close(board.open(Asked(correlation_id="k1"))) == [again]
