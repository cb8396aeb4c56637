"""A DMS and whatever it meets at the other end: replies that are late, doubled, split, mis-addressed or unreadable."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from dermsbus.client import Answer, AnswerTimedOut, Correlation, Direction, DMSClient, Traffic, UnreadableAnswer
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference, Name
from dermsbus.errors import (
    ConnectFailed,
    ConnectionLost,
    DispatchNotFound,
    GroupNotFound,
    IDKind,
    MemberNotFound,
    ObjectID,
    RequestError,
    RuleViolation,
    Unconfirmed,
)
from dermsbus.messages.answers import entry
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    Archetype,
    DERGroupQueries,
    DERGroups,
    Envelope,
    ErrorEntry,
    Header,
    Noun,
    Payload,
    Reply,
    Result,
    Style,
    Verb,
)
from dermsbus.reply_codes import Level
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.scripted_derms import OK, Derms, carrying, group
from tests.unit.client.replying import MORE, until

Make = Callable[..., DMSClient]


# The calls


def test_each_call_says_on_the_wire_what_it_is_named_for(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client, reference = make(), GroupReference(names=(Name(name="GA"),))
    calls: list[tuple[Callable[[], Answer], Verb, str]] = [
        (lambda: client.create_groups(group("G-A", "DEV-1")), Verb.CREATE, "DERGroups"),
        (lambda: client.change_groups(EndDeviceGroup(mrid="G-A", description="x")), Verb.CHANGE, "DERGroups"),
        (lambda: client.get_groups(reference), Verb.GET, "DERGroups"),
        (lambda: client.add_members(reference, EndDevice(mrid="DEV-2")), Verb.CHANGE, "DERGroups"),
        (lambda: client.remove_members(reference, EndDevice(mrid="DEV-2")), Verb.EXECUTE, "OperationSet"),
        (lambda: client.delete_groups(reference), Verb.DELETE, "DERGroups"),
    ]
    for call, verb, noun in calls:
        answer = pool.submit(call)
        delivery, envelope = derms.answer()
        header = envelope.header
        assert header is not None
        assert (header.verb, header.noun, header.source, header.context) == (verb, noun, "dms1", "PRODUCTION")
        assert header.message_id
        assert header.timestamp is not None
        assert answer.result(5).ok
        assert delivery.properties["CIM_Verb"] == verb
        assert delivery.properties["CIM_MessageID"] == header.message_id
        assert delivery.correlation_id == header.correlation_id


def test_removing_members_is_an_operation_on_the_elements(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    answer = pool.submit(client.remove_members, GroupReference(mrid="G-A"), EndDevice(mrid="DEV-2"))
    _, envelope = derms.answer()
    answer.result(5)
    assert envelope.payload is not None
    assert envelope.payload.operation_set is not None
    (operation,) = envelope.payload.operation_set.operations
    assert (operation.noun, operation.verb, operation.element_operation) == ("DERGroups", "delete", True)
    assert operation.content == DERGroups(groups=(EndDeviceGroup(mrid="G-A", end_devices=(EndDevice(mrid="DEV-2"),)),))


def test_a_query_without_references_asks_for_all(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    answer = pool.submit(client.get_groups)
    _, envelope = derms.answer(OK, carrying("G-A", "G-B"))
    assert envelope.request is not None
    assert envelope.request.query == DERGroupQueries(references=(GroupReference(),))
    assert [each.mrid for each in answer.result(5).groups] == ["G-A", "G-B"]


def test_a_typed_client_sends_typed_roots(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make(style=Style.TYPED)
    answer = pool.submit(client.create_groups, group("G-A"))
    _, envelope = derms.answer()
    assert envelope.root == "CreateDERGroups"
    assert answer.result(5).envelope.root == "DERGroupsResponseMessage"


def test_many_threads_each_get_their_own_answer(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    answers = {f"G-{n}": pool.submit(client.get_groups, GroupReference(mrid=f"G-{n}")) for n in range(8)}
    requests = [derms.next() for _ in answers]
    for delivery, envelope in reversed(requests):
        assert envelope.request is not None
        query = envelope.request.query
        assert isinstance(query, DERGroupQueries)
        payload = carrying(query.references[0].mrid or "")
        said = derms.author.reply(envelope.outline, OK, payload)
        derms.reply(delivery, said, correlation_id=delivery.correlation_id)
    assert {mrid: answer.result(5).groups[0].mrid for mrid, answer in answers.items()} == {
        mrid: mrid for mrid in answers
    }


# Results


def test_ok_with_error_0_0_or_0_1_is_success(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    for code in ("0.0", "0.1"):
        answer = pool.submit(client.get_groups)
        derms.answer(Reply(result=Result.OK, errors=(entry(code),)))
        assert answer.result(5).ok
        assert answer.result(5).failures == ()
        assert answer.result(5).raise_for_result() is answer.result(5)


@pytest.mark.parametrize("result", [Result.FAILED, Result.PARTIAL])
def test_a_failed_or_partial_answer_has_payload_and_errors(
    make: Make, derms: Derms, pool: ThreadPoolExecutor, result: Result
) -> None:
    error = replace(
        entry("99.1", "no such group"),
        object_id=ObjectID(value="G-X", kind=IDKind.UUID, object_type="DERGroup"),
    )
    client = make()
    future = pool.submit(client.get_groups)
    derms.answer(Reply(result=result, errors=(entry("0.2"), error, entry("6.1", "forbidden"))), carrying("G-A"))
    answer = future.result(5)
    assert (answer.result, [each.mrid for each in answer.groups]) == (result, ["G-A"])
    assert [each.code for each in answer.errors] == ["0.2", "99.1", "6.1"]
    with pytest.raises(GroupNotFound, match="no such group") as caught:
        answer.raise_for_result()
    assert caught.value.object_id == ObjectID(value="G-X", kind=IDKind.UUID, object_type="DERGroup")
    assert caught.value.__notes__ == ["also 6.1 Request cancelled per business rule: forbidden"]
    if result is Result.PARTIAL:
        answer.raise_for_result(partial_is_ok=True)


def test_failed_without_error_has_one_of_our_own(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    derms.answer(Reply(result=Result.FAILED))
    answer = future.result(5)
    assert [error.code for error in answer.errors] == ["5.3"]
    with pytest.raises(RequestError, match="no Error in it says why"):
        answer.raise_for_result()


def test_an_error_without_code_is_a_5_3_of_its_own_level(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    delivery, envelope = derms.next()
    said = derms.author.reply(
        envelope.outline,
        Reply(result=Result.FAILED, errors=(ErrorEntry(code="6.1", level=Level.CATASTROPHIC, details="broken"),)),
    )
    body = Codec().encode(said).replace(b"<code>6.1</code>", b"")
    derms.reply(delivery, body, correlation_id=delivery.correlation_id)
    (error,) = future.result(5).errors
    assert (error.code, error.level, error.details) == ("5.3", Level.CATASTROPHIC, "broken")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ErrorEntry(code="6.1"), RuleViolation),
        (ErrorEntry(code="2.29", object_id=ObjectID(value="D", object_type="EndDevice")), MemberNotFound),
        (ErrorEntry(code="2.15", object_id=ObjectID(value="D", object_type="DERGroupDispatch")), DispatchNotFound),
        (ErrorEntry(code="2.15", object_id=ObjectID(value="G", object_type="DERGroup")), RequestError),
        (ErrorEntry(code="9.99", details="theirs"), RequestError),
    ],
)
def test_the_error_raised_is_that_of_the_code(
    make: Make, derms: Derms, pool: ThreadPoolExecutor, error: ErrorEntry, kind: type[RequestError]
) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    derms.answer(Reply(result=Result.FAILED, errors=(error,)))
    with pytest.raises(kind) as caught:
        future.result(5).raise_for_result()
    assert type(caught.value) is kind
    assert caught.value.code == error.code


def test_a_fault_fails_the_call_with_its_code(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.send_raw, b"abcd")
    delivery = derms.requests.get(timeout=5)
    assert delivery.body == b"abcd"
    fault = Envelope(archetype=Archetype.FAULT, reply=Reply(result=Result.FAILED, errors=(entry("1.8", "not XML"),)))
    derms.reply(delivery, fault, correlation_id=delivery.correlation_id)
    answer = future.result(5)
    assert (answer.result, answer.errors[0].code) == (Result.FAILED, "1.8")
    assert answer.envelope.archetype is Archetype.FAULT


# Correlation


def test_a_reply_is_matched_by_the_transport_id_though_its_body_names_another(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    delivery, envelope = derms.next()
    said = derms.author.reply(replace(envelope.outline, correlation_id="random"), OK)
    derms.reply(delivery, said, correlation_id=delivery.correlation_id)
    assert future.result(5).correlated_by is Correlation.TRANSPORT
    assert client.counters.mended == 1


@pytest.mark.parametrize("correlation_id", [None, "unknown"])
def test_without_a_transport_id_the_body_tells(
    make: Make, derms: Derms, pool: ThreadPoolExecutor, correlation_id: str | None
) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    delivery, envelope = derms.next()
    derms.reply(delivery, derms.author.reply(envelope.outline, OK), correlation_id=correlation_id)
    assert future.result(5).correlated_by is Correlation.CORRELATION_ID


def test_a_peer_that_echoes_the_message_id_is_understood(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    delivery, envelope = derms.next()
    derms.reply(delivery, derms.author.reply(replace(envelope.outline, correlation_id=None), OK))
    assert future.result(5).correlated_by is Correlation.MESSAGE_ID


def test_replies_with_one_message_id_to_different_requests_are_all_delivered(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    derms.author = replace(derms.author, new_message_id=lambda: "always-the-same")
    client = make()
    futures = [pool.submit(client.get_groups) for _ in range(3)]
    for _ in futures:
        derms.answer()
    assert all(future.result(5).ok for future in futures)


def test_a_reply_to_nobody_is_counted_and_harms_nobody(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    delivery, envelope = derms.next()
    stranger = derms.author.reply(replace(envelope.outline, correlation_id="k9"), OK)
    derms.reply(delivery, stranger, correlation_id="t9")
    fault = Envelope(archetype=Archetype.FAULT, reply=Reply(result=Result.FAILED, errors=(entry("1.8"),)))
    derms.reply(delivery, fault)
    derms.reply(delivery, b"garbage")
    event = derms.author.event(Verb.CREATED, Noun.DER_GROUPS, carrying("G-A"))
    derms.reply(delivery, event, correlation_id=delivery.correlation_id)
    derms.reply(delivery, derms.author.reply(envelope.outline, OK), correlation_id=delivery.correlation_id)
    assert future.result(5).ok
    assert client.counters.unmatched == 4


def test_of_two_replies_the_first_counts(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    delivery, envelope = derms.answer()
    assert future.result(5).ok
    failed = derms.author.reply(envelope.outline, Reply(result=Result.FAILED))
    derms.reply(delivery, failed, correlation_id=delivery.correlation_id)
    until(lambda: client.counters.duplicates == 1)
    assert client.counters.unmatched == 0


def test_a_reply_after_the_time_is_late(make: Make, derms: Derms) -> None:
    client = make()
    with pytest.raises(AnswerTimedOut, match=r"no reply within 0\.05 s.*before you send it again") as caught:
        client.get_groups(timeout_s=0.05)
    assert (caught.value.code, caught.value.partial) == ("4.1", None)
    derms.answer()
    until(lambda: client.counters.late == 1)


def test_the_same_message_can_be_sent_twice_at_once(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    header = Header(verb=Verb.DELETE, noun="DERGroups", message_id="m1", correlation_id="k1")
    message = Envelope(
        archetype=Archetype.REQUEST,
        header=header,
        payload=Payload(content=DERGroups(groups=(EndDeviceGroup(mrid="G-A"),))),
    )
    futures = [pool.submit(client.send, message) for _ in range(2)]
    for _ in futures:
        derms.answer()
    assert [future.result(5).correlated_by for future in futures] == [Correlation.TRANSPORT] * 2


# Split answers


def chunks(derms: Derms, *said: tuple[Reply, Payload | None]) -> None:
    delivery, envelope = derms.next()
    for reply, payload in said:
        part = derms.author.reply(envelope.outline, reply, payload)
        derms.reply(delivery, part, correlation_id=delivery.correlation_id)


def test_a_split_answer_is_whole_with_its_last_part(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    chunks(derms, (MORE, carrying("G-A")), (MORE, carrying("G-B")), (OK, carrying("G-C")))
    answer = future.result(5)
    assert answer.ok
    assert [each.mrid for each in answer.groups] == ["G-A", "G-B", "G-C"]
    assert [error.code for error in answer.errors] == ["0.0"]
    assert len(answer.parts) == 3


def test_a_last_part_0_2_makes_it_partial(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    last = Reply(result=Result.PARTIAL, errors=(entry("0.2"),))
    chunks(derms, (MORE, carrying("G-A")), (last, carrying("G-B")))
    answer = future.result(5)
    assert (answer.result, len(answer.groups)) == (Result.PARTIAL, 2)
    with pytest.raises(RequestError, match="no Error in it says what failed"):
        answer.raise_for_result()


def test_what_came_of_a_split_answer_is_there_when_the_time_is_over(
    make: Make, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    client = make()
    future = pool.submit(client.get_groups, timeout_s=0.3)
    chunks(derms, (MORE, carrying("G-A")))
    with pytest.raises(AnswerTimedOut, match="no further reply") as caught:
        future.result(5)
    partial = caught.value.partial
    assert partial is not None
    assert (partial.result, partial.errors[-1].code) == (Result.FAILED, "4.1")
    assert [each.mrid for each in partial.groups] == ["G-A"]


def test_a_part_that_comes_twice_counts_once(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    delivery, envelope = derms.next()
    part = derms.author.reply(envelope.outline, MORE, carrying("G-A"))
    for message in (part, part, derms.author.reply(envelope.outline, OK)):
        derms.reply(delivery, message, correlation_id=delivery.correlation_id)
    assert [each.mrid for each in future.result(5).groups] == ["G-A"]
    assert client.counters.duplicates == 1


# What goes wrong


def test_a_reply_that_cannot_be_read_says_so_and_is_kept(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    future = pool.submit(client.get_groups)
    delivery, _ = derms.next()
    derms.reply(delivery, b"<html>502</html>", correlation_id=delivery.correlation_id)
    with pytest.raises(UnreadableAnswer) as caught:
        future.result(5)
    assert caught.value.body == b"<html>502</html>"


def test_a_request_that_the_broker_did_not_take_is_sent_again_with_its_message_id(
    make: Make, derms: Derms, bus: MemoryBus, pool: ThreadPoolExecutor
) -> None:
    client = make()
    bus.interrupt()
    until(lambda: client.status.state != "up")
    future = pool.submit(client.create_groups, group("G-A"))
    bus.restore()
    _, envelope = derms.answer()
    answer = future.result(5)
    assert answer.ok
    assert envelope.header is not None
    assert answer.message_id == envelope.header.message_id


def test_a_request_that_never_got_to_the_broker_is_unconfirmed(make: Make, derms: Derms, bus: MemoryBus) -> None:
    client = make()
    bus.interrupt()
    with pytest.raises(Unconfirmed, match="same MessageID"):
        client.create_groups(group("G-A"), timeout_s=0.3)


def test_stopping_the_client_ends_its_waiting_calls(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make(timeout_s=60.0)
    future: Future[Answer] = pool.submit(client.get_groups)
    derms.next()
    client.stop()
    with pytest.raises(ConnectionLost, match="stopped before the reply came"):
        future.result(5)
    client.stop()


def test_without_a_broker_start_says_so_and_leaves_nothing_running(bus: MemoryBus) -> None:
    bus.interrupt()
    before = threading.active_count()
    client = DMSClient(MemoryTransport(bus), Codec(), responder="derms1")
    with pytest.raises(ConnectFailed):
        client.start(0.1)
    until(lambda: threading.active_count() <= before)


def test_a_name_that_cannot_be_a_destination_is_refused(bus: MemoryBus) -> None:
    with pytest.raises(ValueError, match="cannot be part of a destination"):
        DMSClient(MemoryTransport(bus), Codec(), responder="DERMS 1")


# Events


def test_events_come_decoded_and_filtered(make: Make, derms: Derms) -> None:
    client = make()
    created: queue.SimpleQueue[Envelope] = queue.SimpleQueue()
    everything: queue.SimpleQueue[Envelope] = queue.SimpleQueue()
    client.events(created.put, verb="created", source="derms1")
    client.events(everything.put)
    derms.tell(Verb.DELETED)
    derms.tell(Verb.CREATED, source="derms2")
    derms.tell(Verb.CREATED)
    event = created.get(timeout=5)
    assert event.header is not None
    assert (event.header.verb, event.header.noun) == ("created", "DERGroups")
    assert event.payload == carrying("G-A")
    assert [everything.get(timeout=5).header.verb for _ in range(3)] == ["deleted", "created", "created"]
    assert created.empty()


def test_a_callback_may_call_the_client(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    client.events(lambda _: answers.put(client.get_groups()))
    derms.tell(Verb.CREATED)
    derms.answer()
    assert answers.get(timeout=5).ok


def test_neither_a_bad_event_nor_a_bad_callback_ends_the_subscription(make: Make, derms: Derms) -> None:
    client = make()
    seen: queue.SimpleQueue[Envelope] = queue.SimpleQueue()
    refused: queue.SimpleQueue[str] = queue.SimpleQueue()

    def on_event(event: Envelope) -> None:
        seen.put(event)
        raise RuntimeError("a bug in the callback")

    client.events(on_event, on_refused=lambda refusal, _: refused.put(refusal.error.code))
    derms.tell(Verb.CREATED)
    derms.tell(Verb.CREATED, b"abcd")
    derms.tell(Verb.CHANGED)
    assert [seen.get(timeout=5).header.verb for _ in range(2)] == ["created", "changed"]
    assert refused.get(timeout=5) == "1.8"


def test_an_event_of_our_own_goes_to_its_topic_and_waits_for_nobody(make: Make, derms: Derms) -> None:
    listener, client = make(source="dms2"), make()
    heard: queue.SimpleQueue[Envelope] = queue.SimpleQueue()
    listener.events(heard.put, source="dms1", verb="created", noun="DERGroups")
    event = derms.author.event(Verb.CREATED, Noun.DER_GROUPS, carrying("G-A"))
    client.notify(event)
    client.notify(Codec().encode(event))
    assert [heard.get(timeout=5).header for _ in range(2)] == [event.header] * 2


def test_a_watcher_sees_what_was_on_the_wire(make: Make, derms: Derms, pool: ThreadPoolExecutor) -> None:
    client = make()
    seen: queue.SimpleQueue[Traffic] = queue.SimpleQueue()
    client.watch(seen.put)
    client.events(lambda _: None)
    future = pool.submit(client.get_groups)
    delivery, _ = derms.answer()
    derms.tell(Verb.CREATED)
    answer = future.result(5)
    traffic = {each.direction: each for each in (seen.get(timeout=5) for _ in range(3))}
    assert traffic[Direction.SENT].body == delivery.body
    assert traffic[Direction.SENT].address == "cim.production.req.derms1"
    assert traffic[Direction.REPLY].body == answer.body
    assert b"created" in traffic[Direction.EVENT].body
