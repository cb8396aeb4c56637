"""C. Replies and correlation: what answers a request, and how it is found to."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from dermsbus.client import Answer, AnswerTimedOut, Correlation, DMSClient, Traffic, UnreadableAnswer
from dermsbus.domain.behaviour import Tolerance
from dermsbus.errors import RequestError
from dermsbus.messages.answers import entry
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Archetype, Envelope, ErrorEntry, Payload, Reply, Result
from dermsbus.reply_codes import Level, category_of, code_order
from tests import builders as xml
from tests.conformance.bus import Bus, House
from tests.conformance.messages import create, get_groups, group
from tests.contract.transport_suite import eventually
from tests.flow.peer import Message
from tests.scripted_derms import OK, Derms, carrying

DROPPED = "reply dropped, no call waits for it"
MORE = Reply(result=Result.PARTIAL, errors=(entry("0.1"),))
WAIT_S = 20.0


@pytest.fixture
def derms(bus: Bus) -> Derms:
    """A DERMS that answers what the test says."""
    return bus.scripted_derms()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Conversation:
    """One request of our own DMS, and what the test has it answered with."""

    def __init__(self, client: DMSClient, derms: Derms, pool: ThreadPoolExecutor, timeout_s: float = WAIT_S) -> None:
        self.derms = derms
        self.seen: queue.SimpleQueue[Traffic] = queue.SimpleQueue()
        client.watch(self.seen.put)
        self.future = pool.submit(client.get_groups, timeout_s=timeout_s)
        self.delivery, self.request = derms.next()

    def answer(self) -> Answer:
        return self.future.result(WAIT_S)

    def say(self, reply: Reply = OK, payload: Payload | None = None) -> None:
        """Answer as a good responder does."""
        self.say_envelope(self.derms.author.reply(self.request.outline, reply, payload))

    def say_envelope(self, envelope: Envelope | bytes) -> None:
        self.derms.reply(self.delivery, envelope, correlation_id=self.delivery.correlation_id)


Ask = Callable[..., Conversation]


@pytest.fixture
def client(bus: Bus) -> DMSClient:
    """Our own DMS; it tolerates what peers are known to do."""
    return bus.client()


@pytest.fixture
def ask(client: DMSClient, derms: Derms, pool: ThreadPoolExecutor) -> Ask:
    return lambda **options: Conversation(client, derms, pool, **options)


def works(client: DMSClient, derms: Derms, pool: ThreadPoolExecutor) -> bool:
    """True if the client asks and is answered as if nothing had been."""
    talk = Conversation(client, derms, pool)
    talk.say(OK, carrying("G-Z"))
    answer = talk.answer()
    return answer.ok and [each.mrid for each in answer.groups] == ["G-Z"]


def fault(code: str) -> Envelope:
    return Envelope(archetype=Archetype.FAULT, reply=Reply(result=Result.FAILED, errors=(entry(code, "no XML"),)))


# -- our replies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["create", "get", "refused"])
def test_c01_a_reply_repeats_the_correlation_id_and_has_a_message_id_of_its_own(house: House, verb: str) -> None:
    body = get_groups(message_id="m1", correlation_id="k1") if verb == "get" else create(correlation_id="k1")

    reply = house.dms.ask(body.replace(b"<Verb>create<", b"<Verb>update<") if verb == "refused" else body)

    assert reply.kind == "ResponseMessage"
    assert reply.text("Header", "CorrelationID") == "k1"
    assert reply.text("Header", "MessageID") not in {None, "", "m1", "k1"}
    assert (reply.text("Header", "Verb"), reply.text("Header", "Noun")) == ("reply", "DERGroups")
    assert reply.result == ("FAILED" if verb == "refused" else "OK")


def test_c02_without_correlation_id_a_reply_carries_the_message_id(house: House) -> None:
    reply = house.dms.ask(create())

    assert (reply.result, reply.text("Header", "CorrelationID")) == ("OK", "m1")
    assert reply.text("Header", "MessageID") != "m1"


def test_c03_each_id_is_repeated_where_it_stood(house: House) -> None:
    reply = house.dms.ask(create(correlation_id="k1"), correlation_id="t1")

    assert (reply.delivery.correlation_id, reply.text("Header", "CorrelationID")) == ("t1", "k1")


# -- their replies: correlation ----------------------------------------------------------------------------------------


def test_c04_a_reply_is_matched_by_the_transports_id_and_the_repair_counted(client: DMSClient, ask: Ask) -> None:
    talk = ask()

    talk.say_envelope(talk.derms.author.reply(replace(talk.request.outline, correlation_id="7f3c-random"), OK))

    answer = talk.answer()
    assert (answer.ok, answer.correlated_by) == (True, Correlation.TRANSPORT)
    assert client.counters.mended == 1


def test_c05_a_reply_that_nobody_waits_for_is_logged_and_harms_nothing(
    client: DMSClient, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    talk = Conversation(client, derms, pool)
    talk.say()
    talk.answer()

    with capture_logs() as logs:
        stranger = derms.author.reply(replace(talk.request.outline, correlation_id="k9", message_id="m9"), OK)
        derms.reply(talk.delivery, stranger, correlation_id="t9")
        assert eventually(lambda: client.counters.unmatched == 1)

    assert [(each["event"], each["why"]) for each in logs if each["event"] == DROPPED] == [(DROPPED, "unmatched")]
    assert works(client, derms, pool)
    assert client.counters.unmatched == 1  # it came once: it was acknowledged


def test_c05_a_reply_that_comes_too_late_is_logged_as_late(
    client: DMSClient, derms: Derms, pool: ThreadPoolExecutor
) -> None:
    talk = Conversation(client, derms, pool, timeout_s=0.2)
    with pytest.raises(AnswerTimedOut):
        talk.answer()

    with capture_logs() as logs:
        talk.say()
        assert eventually(lambda: client.counters.late == 1)

    assert [each["why"] for each in logs if each["event"] == DROPPED] == ["late"]
    assert works(client, derms, pool)


def test_c05_a_derms_puts_aside_a_reply_that_it_never_asked_for_and_acknowledges_it(house: House) -> None:
    aside = house.put_aside()
    stray = (
        f'<ResponseMessage xmlns="{xml.MESSAGE}"><Header>{xml.header("reply", "DERGroups", correlation_id="k9")}'
        "</Header><Reply><Result>OK</Result></Reply></ResponseMessage>"
    ).encode()

    house.dms.send(stray, correlation_id="t9")

    assert aside.get(timeout=15).properties["CIM_Rule"] == "STRAY-REPLY"
    assert house.dms.ask(create()).result == "OK"
    house.check_that_all_is_acknowledged()


def test_c06_of_two_replies_the_first_counts_and_the_second_is_logged(client: DMSClient, ask: Ask) -> None:
    talk = ask()
    talk.say(OK, carrying("G-A"))
    answer = talk.answer()

    with capture_logs() as logs:
        talk.say(Reply(result=Result.FAILED, errors=(entry("6.1"),)))
        assert eventually(lambda: client.counters.duplicates == 1)

    assert (answer.ok, [each.mrid for each in answer.groups]) == (True, ["G-A"])
    assert [each["why"] for each in logs if each["event"] == DROPPED] == ["duplicate"]
    assert (client.counters.answered, client.counters.unmatched, client.counters.late) == (1, 0, 0)


# -- their replies: results --------------------------------------------------------------------------------------------


def test_c07_ok_with_an_error_0_0_is_success(ask: Ask) -> None:
    talk = ask()

    talk.say(Reply(result=Result.OK, errors=(entry("0.0"),)))

    answer = talk.answer()
    assert (answer.ok, answer.failures) == (True, ())
    assert answer.raise_for_result() is answer


def test_c08_failed_without_error_has_a_5_3_of_our_own(ask: Ask) -> None:
    talk = ask()

    talk.say(Reply(result=Result.FAILED))

    answer = talk.answer()
    assert (answer.result, [each.code for each in answer.errors]) == (Result.FAILED, ["5.3"])
    with pytest.raises(RequestError) as caught:
        answer.raise_for_result()
    assert caught.value.code == "5.3"


def without_code(talk: Conversation) -> bytes:
    error = ErrorEntry(code="6.1", level=Level.CATASTROPHIC, reason="overload", details="the meter system is down")
    said = talk.derms.author.reply(talk.request.outline, Reply(result=Result.FAILED, errors=(error,)))
    body = Codec().encode(said)
    assert body.count(b"<code>6.1</code>") == 1
    return body.replace(b"<code>6.1</code>", b"")


def test_c09_an_error_without_code_is_a_5_3_of_its_own_level(client: DMSClient, ask: Ask) -> None:
    talk = ask()

    talk.say_envelope(without_code(talk))

    answer = talk.answer()
    (error,) = answer.errors
    assert answer.result is Result.FAILED
    assert (error.code, error.level, error.details) == ("5.3", Level.CATASTROPHIC, "the meter system is down")
    assert client.counters.mended == 1


def test_c09_without_tolerance_it_cannot_be_read(bus: Bus, derms: Derms, pool: ThreadPoolExecutor) -> None:
    talk = Conversation(bus.client(tolerance=Tolerance.STRICT), derms, pool)

    talk.say_envelope(without_code(talk))

    with pytest.raises(UnreadableAnswer) as caught:
        talk.answer()
    assert caught.value.code == "1.8"


def test_c10_a_split_answer_is_over_with_its_last_part_and_joined_in_order(ask: Ask) -> None:
    talk = ask()

    talk.say(MORE, carrying("G-C"))
    talk.say(MORE, carrying("G-A"))
    for _ in range(3):  # the request, and both parts
        talk.seen.get(timeout=WAIT_S)
    assert not talk.future.done()
    talk.say(OK, carrying("G-B"))

    answer = talk.answer()
    assert (answer.ok, len(answer.parts)) == (True, 3)
    assert [each.mrid for each in answer.groups] == ["G-C", "G-A", "G-B"]
    assert answer.failures == ()


def large(name: str) -> str:
    """A group of which no two have room in one message of 16 KiB."""
    return group(name, *(f"device-{number:040}" for number in range(100)))


def parts_of(house: House, body: bytes) -> list[Message]:
    """Every reply to *body*, up to the first that does not say that more follow."""
    parts = [house.dms.ask(body, correlation_id="t1", timeout_s=WAIT_S)]
    while "0.1" in parts[-1].codes:
        parts.append(house.dms.reply_with(lambda delivery: delivery.correlation_id == "t1", WAIT_S))
    return parts


NAMES = ["GA", "GB", "GC"]


def test_c10_a_large_answer_of_ours_comes_in_parts_that_belong_together(build: Callable[..., House]) -> None:
    house = build(reply_bytes=16 * 1024)
    assert house.dms.ask(create(*map(large, NAMES), message_id="m0")).result == "OK"

    parts = parts_of(house, get_groups(*NAMES, message_id="m1", correlation_id="k1"))

    assert [(part.result, part.codes) for part in parts] == [("PARTIAL", ["0.1"])] * 2 + [("OK", ["0.0"])]
    assert {part.text("Header", "CorrelationID") for part in parts} == {"k1"}
    assert len({part.text("Header", "MessageID") for part in parts}) == 3
    assert [name for part in parts for name in part.group_names] == NAMES


def test_c10_our_own_client_puts_it_together_again(build: Callable[..., House]) -> None:
    house = build(reply_bytes=16 * 1024)
    assert house.dms.ask(create(*map(large, NAMES), message_id="m0")).result == "OK"

    answer = house.bus.client(timeout_s=WAIT_S).get_groups()

    assert (answer.ok, len(answer.parts)) == (True, 3)
    assert sorted(each.names[0].name for each in answer.groups) == NAMES


def test_c11_what_came_before_the_silence_is_attached_to_the_4_1(ask: Ask) -> None:
    talk = ask(timeout_s=1.0)

    talk.say(MORE, carrying("G-A"))

    with pytest.raises(AnswerTimedOut) as caught:
        talk.answer()
    partial = caught.value.partial
    assert caught.value.code == "4.1"
    assert partial is not None
    assert (partial.result, partial.errors[-1].code) == (Result.FAILED, "4.1")
    assert [each.mrid for each in partial.groups] == ["G-A"]


def test_c12_a_last_part_with_0_2_makes_it_partial(ask: Ask) -> None:
    talk = ask()

    talk.say(MORE, carrying("G-A"))
    talk.say(Reply(result=Result.PARTIAL, errors=(entry("0.2"),)), carrying("G-B"))

    answer = talk.answer()
    assert (answer.result, answer.ok) == (Result.PARTIAL, False)
    assert [each.mrid for each in answer.groups] == ["G-A", "G-B"]
    assert [each.code for each in answer.errors] == ["0.2"]


def test_c12_so_is_a_large_answer_of_ours_of_which_something_is_missing(build: Callable[..., House]) -> None:
    house = build(reply_bytes=16 * 1024)
    assert house.dms.ask(create(*map(large, NAMES), message_id="m0")).result == "OK"

    parts = parts_of(house, get_groups(*NAMES, "GX", message_id="m1"))

    assert [(part.result, part.codes) for part in parts] == [("PARTIAL", ["0.1"])] * 2 + [("PARTIAL", ["99.1", "0.2"])]
    assert [name for part in parts for name in part.group_names] == NAMES


def test_c13_a_fault_with_the_transports_id_fails_the_request_with_its_code(client: DMSClient, ask: Ask) -> None:
    talk = ask()

    talk.say_envelope(fault("1.9"))

    answer = talk.answer()
    assert (answer.result, answer.envelope.archetype) == (Result.FAILED, Archetype.FAULT)
    with pytest.raises(RequestError) as caught:
        answer.raise_for_result()
    assert caught.value.code == "1.9"
    assert client.counters.unmatched == 0


def test_c14_a_fault_without_id_is_logged_and_dropped(client: DMSClient, ask: Ask) -> None:
    talk = ask()

    with capture_logs() as logs:
        talk.derms.reply(talk.delivery, fault("1.8"))
        assert eventually(lambda: client.counters.unmatched == 1)
    assert not talk.future.done()
    talk.say()

    assert talk.answer().ok
    assert [each["why"] for each in logs if each["event"] == DROPPED] == ["unmatched"]


def test_c15_2_1_and_2_10_are_two_codes(ask: Ask) -> None:
    talk = ask()
    codes = ["2.10", "2.9", "2.1"]

    talk.say(Reply(result=Result.FAILED, errors=tuple(ErrorEntry(code=code) for code in codes)))

    answer = talk.answer()
    assert [each.code for each in answer.errors] == codes
    assert [each.code for each in answer.failures] == codes
    assert sorted((each.code for each in answer.errors), key=code_order) == ["2.1", "2.9", "2.10"]


def test_c16_an_unknown_code_is_kept_and_is_an_error_of_the_application(ask: Ask) -> None:
    talk = ask()

    talk.say(Reply(result=Result.FAILED, errors=(ErrorEntry(code="9.99", details="theirs"),)))

    answer = talk.answer()
    assert [(each.code, each.details) for each in answer.errors] == [("9.99", "theirs")]
    assert category_of("9.99") == category_of("5.3") == 5
    with pytest.raises(RequestError, match="theirs") as caught:
        answer.raise_for_result()
    assert (type(caught.value), caught.value.code) == (RequestError, "9.99")
