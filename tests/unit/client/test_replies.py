"""Replies as real peers send them: numbered, doubled, with foreign ids, as faults, compressed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from dermsbus.client import Answer, AnswerTimedOut, Correlation, DMSClient
from dermsbus.errors import RequestError
from dermsbus.messages.answers import entry
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Archetype, Envelope, ErrorEntry, Payload, Reply, Result
from dermsbus.transports.base import Delivery
from tests.scripted_derms import OK, Derms, carrying, group
from tests.unit.client.replying import MORE, numbered, until

Make = Callable[..., DMSClient]

LAST_OF_SOME = Reply(result=Result.PARTIAL, errors=(entry("6.1", "forbidden"), entry("0.2")))


@pytest.fixture
def asked(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> tuple[DMSClient, Future[Answer], Delivery, Envelope]:
    """A client, its get of groups on the way, and the request as the DERMS has it."""
    client = make()
    future = pool.submit(client.get_groups)
    return client, future, *derms.next()


Asked = tuple[DMSClient, Future[Answer], Delivery, Envelope]


def mrids(answer: Answer) -> list[str | None]:
    return [each.mrid for each in answer.groups]


# -- answers in several messages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_c10_numbered_parts_are_put_in_their_order_however_they_come(
    asked: Asked, derms: Derms, order: tuple[int, ...]
) -> None:
    _, future, delivery, request = asked
    said = {1: (MORE, carrying("G-A")), 2: (MORE, carrying("G-B")), 3: (OK, carrying("G-C"))}

    for number in order:
        assert not future.done()
        part = numbered(derms.author.reply(request.outline, *said[number]), number)
        derms.reply(delivery, part, correlation_id=delivery.correlation_id)

    answer = future.result(5)
    assert (answer.result, mrids(answer)) == (Result.OK, ["G-A", "G-B", "G-C"])
    assert [error.code for error in answer.errors] == ["0.0"]
    assert [part.sequence for part in answer.parts] == [1, 2, 3]


@pytest.mark.parametrize("numbers", [(None, None), ("x", "y"), (7, 7), (5, None)])
def test_c10_parts_without_numbers_of_their_own_stay_as_they_came(
    asked: Asked, derms: Derms, numbers: tuple[object, ...]
) -> None:
    _, future, delivery, request = asked
    parts = [
        derms.author.reply(request.outline, MORE, carrying("G-B")),
        derms.author.reply(request.outline, OK, carrying("G-A")),
    ]
    if numbers == (7, 7):  # the second is taken for the first, come twice
        parts.append(derms.author.reply(request.outline, OK, carrying("G-A")))
        numbers = (7, 7, None)

    for part, number in zip(parts, numbers, strict=True):
        message = part if number is None else numbered(part, number)
        derms.reply(delivery, message, correlation_id=delivery.correlation_id)

    assert mrids(future.result(5)) == ["G-B", "G-A"]


def test_c10_numbers_beyond_all_measure_cost_neither_time_nor_memory(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make()
    future = pool.submit(client.get_groups, timeout_s=0.3)
    delivery, request = derms.next()

    last = numbered(derms.author.reply(request.outline, OK, carrying("G-A")), 999_999_999)
    derms.reply(delivery, last, correlation_id=delivery.correlation_id)

    with pytest.raises(AnswerTimedOut, match="no further reply") as caught:
        future.result(5)
    assert caught.value.partial is not None
    assert mrids(caught.value.partial) == ["G-A"]


def test_c12_the_last_of_several_parts_may_say_that_something_failed(asked: Asked, derms: Derms) -> None:
    _, future, delivery, request = asked

    for number, said in enumerate(((MORE, carrying("G-A")), (LAST_OF_SOME, carrying("G-B"))), start=1):
        part = numbered(derms.author.reply(request.outline, *said), number)
        derms.reply(delivery, part, correlation_id=delivery.correlation_id)

    answer = future.result(5)
    assert (answer.result, mrids(answer)) == (Result.PARTIAL, ["G-A", "G-B"])
    assert [error.code for error in answer.errors] == ["6.1", "0.2"]


def test_a_part_that_comes_again_with_another_message_id_counts_once(asked: Asked, derms: Derms) -> None:
    client, future, delivery, request = asked

    with capture_logs() as logs:
        for number, said in ((1, MORE), (1, MORE), (2, OK)):
            part = numbered(derms.author.reply(request.outline, said, carrying(f"G-{number}")), number)
            derms.reply(delivery, part, correlation_id=delivery.correlation_id)
        answer = future.result(5)

    assert mrids(answer) == ["G-1", "G-2"]
    assert client.counters.duplicates == 1
    assert [(log["event"], log["why"]) for log in logs] == [("reply dropped, no call waits for it", "duplicate")]


# -- replies that are for nobody, or say so in odd ways ----------------------------------------------------------------


def test_c04_a_foreign_correlation_id_is_mended_counted_and_logged(asked: Asked, derms: Derms) -> None:
    client, future, delivery, request = asked
    said = derms.author.reply(replace(request.outline, correlation_id="random"), OK)

    with capture_logs() as logs:
        derms.reply(delivery, said, correlation_id=delivery.correlation_id)
        answer = future.result(5)

    (repair,) = answer.repairs
    assert (answer.correlated_by, repair.name) == (Correlation.TRANSPORT, "reply-correlation")
    assert "'random'" in repair.details
    assert client.counters.mended == 1
    assert [(log["event"], log["repair"]) for log in logs] == [("reply repaired on reading", "reply-correlation")]


def test_c05_a_reply_to_nobody_is_logged_with_its_ids(asked: Asked, derms: Derms) -> None:
    client, future, delivery, request = asked
    stranger = derms.author.reply(replace(request.outline, correlation_id="k9"), OK)

    with capture_logs() as logs:
        derms.reply(delivery, stranger, correlation_id="t9")
        until(lambda: client.counters.unmatched == 1)

    (log,) = logs
    assert (log["why"], log["transport_correlation_id"], log["correlation_id"]) == ("unmatched", "t9", "k9")
    derms.reply(delivery, derms.author.reply(request.outline, OK), correlation_id=delivery.correlation_id)
    assert future.result(5).ok


def test_c06_of_two_replies_the_second_is_logged(asked: Asked, derms: Derms) -> None:
    client, future, delivery, request = asked

    with capture_logs() as logs:
        derms.reply(delivery, derms.author.reply(request.outline, OK), correlation_id=delivery.correlation_id)
        assert future.result(5).ok
        failed = derms.author.reply(request.outline, Reply(result=Result.FAILED))
        derms.reply(delivery, failed, correlation_id=delivery.correlation_id)
        until(lambda: client.counters.duplicates == 1)

    assert [log["why"] for log in logs] == ["duplicate"]


@pytest.mark.parametrize("result", Result)
def test_c13_a_fault_fails_the_request_whatever_result_it_states(asked: Asked, derms: Derms, result: Result) -> None:
    _, future, delivery, _ = asked
    errors = (entry("0.1"), entry("7.7", "too large"))
    fault = Envelope(archetype=Archetype.FAULT, reply=Reply(result=result, errors=errors))

    derms.reply(delivery, fault, correlation_id=delivery.correlation_id)

    answer = future.result(5)
    assert answer.result is Result.FAILED
    with pytest.raises(RequestError, match="too large") as caught:
        answer.raise_for_result()
    assert caught.value.code == "7.7"


def test_c14_a_fault_that_names_no_request_is_logged_and_dropped(asked: Asked, derms: Derms) -> None:
    client, future, delivery, request = asked
    fault = Envelope(archetype=Archetype.FAULT, reply=Reply(result=Result.FAILED, errors=(entry("1.8"),)))

    with capture_logs() as logs:
        derms.reply(delivery, fault)
        until(lambda: client.counters.unmatched == 1)

    assert [log["why"] for log in logs] == ["unmatched"]
    derms.reply(delivery, derms.author.reply(request.outline, OK), correlation_id=delivery.correlation_id)
    assert future.result(5).ok


def test_c15_codes_are_pairs_and_keep_their_second_number(asked: Asked, derms: Derms) -> None:
    _, future, delivery, request = asked
    errors = (ErrorEntry(code="2.10"), ErrorEntry(code="2.1"))
    reply = Reply(result=Result.FAILED, errors=errors)

    derms.reply(delivery, derms.author.reply(request.outline, reply), correlation_id=delivery.correlation_id)

    assert [error.code for error in future.result(5).failures] == ["2.10", "2.1"]


@pytest.mark.parametrize("code", ["9.99", "E-17"])
def test_c16_a_code_of_theirs_is_kept_as_it_is_and_fails_the_request(asked: Asked, derms: Derms, code: str) -> None:
    _, future, delivery, request = asked
    reply = Reply(result=Result.FAILED, errors=(ErrorEntry(code=code, details="theirs"),))

    derms.reply(delivery, derms.author.reply(request.outline, reply), correlation_id=delivery.correlation_id)

    with pytest.raises(RequestError, match="theirs") as caught:
        future.result(5).raise_for_result()
    assert (type(caught.value), caught.value.code) == (RequestError, code)


# -- Compressed --------------------------------------------------------------------------------------------------------


def test_a_compressed_reply_is_used_as_any_other(asked: Asked, derms: Derms) -> None:
    _, future, delivery, request = asked
    said = derms.author.reply(request.outline, OK, carrying(*(f"G-{number}" for number in range(50))))
    body = Codec().encode(said, compress_above_bytes=1)
    assert b"Compressed" in body

    derms.reply(delivery, body, correlation_id=delivery.correlation_id)

    assert len(future.result(5).groups) == 50


def test_requests_above_the_threshold_go_out_compressed(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make(compress_above_bytes=2000)
    large = group("G-A", *(f"DEV-{number}" for number in range(200)))

    for each, is_compressed in ((group("G-A"), False), (large, True)):
        answer = pool.submit(client.create_groups, each)
        delivery, request = derms.answer()
        assert answer.result(5).ok
        assert (b"Compressed" in delivery.body) is is_compressed
        assert request.payload == Payload(content=type(request.payload.content)(groups=(each,)))
