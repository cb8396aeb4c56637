"""H: messages that somebody else sends again, and brokers and addresses that are not what they say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import pytest

from dermsbus.app import make_transport
from dermsbus.settings import BusUrl
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import LinkState, Queue
from tests.conformance.bus import Bus, House
from tests.conformance.later import later
from tests.conformance.lines import Line
from tests.conformance.messages import ask_for_groups, create, refused, within_header
from tests.contract.scripted_broker import ScriptedBroker
from tests.contract.tls_front import Authority, TlsFront
from tests.contract.transport_suite import StatusLog
from tests.flow.peer import Peer

pytestmark = pytest.mark.buses("memory")

CREATED = {"GA": ["D1", "D2"]}


def protected(body: bytes, nonce: str | None = None, *, at_s: float = 0) -> bytes:
    """*body* with a number against replays, made so many seconds after now."""
    at = datetime.now(UTC) + timedelta(seconds=at_s)
    element = f"<Nonce>{nonce or uuid4().hex}</Nonce><Created>{at:%Y-%m-%dT%H:%M:%S.%fZ}</Created>"
    return within_header(body, "Timestamp", f"<ReplayDetection>{element}</ReplayDetection>")


# -- replays ---------------------------------------------------------------------------------------------------------


def test_h01_what_was_made_six_minutes_ago_is_stale(house: House) -> None:
    reply = refused(house, protected(create(), at_s=-360), "7.7")

    assert "stale" in (reply.errors[0].details or "")


def test_h01_what_was_made_four_minutes_ago_is_carried_out(house: House) -> None:
    assert house.dms.ask(protected(create(), at_s=-240)).result == "OK"


def test_h02_what_is_made_in_two_minutes_is_refused(house: House) -> None:
    refused(house, protected(create(), at_s=120), "7.7")


def test_h03_a_number_that_was_used_is_refused_with_a_new_message_id(house: House) -> None:
    assert house.dms.ask(protected(create(), "n1")).result == "OK"

    reply = refused(house, protected(create(message_id="m2"), "n1"), "7.7", correlation_id="m2")

    assert "Nonce was used before" in (reply.errors[0].details or "")


def test_h04_what_the_broker_delivers_once_more_gets_its_stored_reply(house: House) -> None:
    body = protected(create(), "n1")
    first = house.dms.ask(body)

    again = house.dms.ask(body)

    assert (again.result, again.delivery.body) == ("OK", first.delivery.body)


def test_h05_where_it_is_required_a_command_without_it_is_refused(build: Callable[..., House]) -> None:
    house = build({"replay_detection": "required"})

    refused(house, create(), "7.3")

    assert house.dms.ask(protected(create())).result == "OK"


def test_h06_a_number_is_remembered_over_a_restart(build: Callable[..., House], tmp_path: Path) -> None:
    first = build(store=SqliteStore(tmp_path / "derms.db"))
    assert first.dms.ask(protected(create(), "n1")).result == "OK"
    first.derms.stop()

    second = build(store=SqliteStore(tmp_path / "derms.db"))

    refused(second, protected(create(message_id="m2"), "n1"), "7.7", correlation_id="m2")
    assert ask_for_groups(second) == CREATED


# -- who may what ----------------------------------------------------------------------------------------------------


@later("H07")
def test_h07_a_valid_signature_is_taken_and_says_who_asks() -> None: ...


@later("H08")
def test_h08_one_changed_byte_breaks_a_signature() -> None: ...


@later("H09")
def test_h09_a_signature_of_a_copy_beside_does_not_count() -> None: ...


@later("H10")
def test_h10_where_a_signature_is_required_a_command_without_one_is_refused() -> None: ...


@later("H11")
def test_h11_a_signature_by_weak_means_is_none() -> None: ...


@later("H12")
def test_h12_a_source_that_is_not_the_broker_s_user_is_refused() -> None: ...


@later("H13")
def test_h13_who_may_only_get_may_not_delete() -> None: ...


@pytest.mark.parametrize("context", ["TESTING", "training", "Study"])
def test_h14_a_system_in_production_refuses_what_is_meant_for_another_context(bus: Bus, context: str) -> None:
    derms = bus.derms(context="production")
    with Peer(bus.transport()) as dms:
        house = House(bus=bus, derms=derms, dms=dms)

        refused(house, create(context=context), "7.7")

        assert dms.ask(create(context="PRODUCTION")).result == "OK"


# -- brokers and addresses -------------------------------------------------------------------------------------------


@pytest.fixture
def trusted(tmp_path: Path) -> Authority:
    if not Authority.can_be_made():
        pytest.skip("needs the openssl command to make certificates")
    return Authority(tmp_path, "ours")


def reason_why_not(url: str) -> str:
    """Why a broker is not connected to."""
    transport, log = make_transport(BusUrl.parse(url)), StatusLog()
    transport.start(log)
    try:
        return log.wait_for(lambda status: status.state is LinkState.DOWN).reason
    finally:
        transport.stop()


@pytest.mark.parametrize("installed", ["8.2.0", "9.0.0"])
def test_h15_over_stomp_a_server_of_an_unknown_authority_is_refused_and_hears_nothing(
    trusted: Authority, tmp_path: Path, installed: str
) -> None:
    if version("stomp.py") != installed:
        pytest.skip(
            f"one stomp.py can be seen at a time, and it is {version('stomp.py')}; for this one:"
            f" pip install --no-deps --target other stomp.py=={installed}, and run with PYTHONPATH=other"
        )
    unknown = Authority(tmp_path, "theirs").issue("localhost")
    with ScriptedBroker() as broker, TlsFront(("127.0.0.1", broker.port), unknown) as front:
        for option in (f"?ca_file={trusted.ca_file}", ""):
            reason = reason_why_not(f"stomps://derms:s3cret@localhost:{front.port}{option}")
            assert "certificate verify failed" in reason

        assert broker.heard() == []


def test_h15_over_amqp_a_server_of_an_unknown_authority_is_refused(trusted: Authority, tmp_path: Path) -> None:
    unknown = Authority(tmp_path, "theirs").issue("localhost")
    with ScriptedBroker() as broker, TlsFront(("127.0.0.1", broker.port), unknown) as front:
        for option in (f"?ca_file={trusted.ca_file}", ""):
            reason = reason_why_not(f"amqps://derms:s3cret@localhost:{front.port}{option}")
            assert "certificate" in reason

        assert broker.heard() == []


ALLOWED = "cim.answers.dms1"
INJECTIONS = [
    f"{ALLOWED}\ndestination:/queue/payroll",
    f"{ALLOWED}&#10;destination:/queue/payroll",
    f"{ALLOWED}&#13;&#10;x-injected:y",
    f"{ALLOWED},payroll",
    f"{ALLOWED}?consumer.exclusive=true",
    "cim.answers.&gt;",
]
SMUGGLING = "c1\ndestination:/queue/payroll"


def wanting_the_answer_at(address: str) -> bytes:
    wanted = f"<AsyncReplyFlag>true</AsyncReplyFlag><ReplyAddress>{address}</ReplyAddress>"
    return within_header(create(), "MessageID", wanted)


@pytest.mark.parametrize("address", INJECTIONS)
def test_h16_an_address_that_is_more_than_one_name_is_refused(build: Callable[..., House], address: str) -> None:
    house = build(reply_addresses=["cim.answers.*"])
    places = [house.arriving(Queue(name)) for name in (ALLOWED, "payroll")]

    refused(house, wanting_the_answer_at(address), "7.7")

    assert all(place.empty() for place in places)


@pytest.mark.buses("embedded-stomp", "activemq-stomp", "rabbitmq-stomp", "artemis-stomp")
def test_h16_no_header_more_is_on_the_wire(bus: Bus, line: Line) -> None:
    dms, derms = bus.peer(), bus.derms(transport=line.transport(), reply_addresses=["cim.answers.*"])
    plain = dms.ask(create(message_id="m0"))
    assert plain.result == "OK"

    for address in INJECTIONS:
        assert dms.ask(wanting_the_answer_at(address)).codes == ["7.7"]
    dms.send(create(message_id="m3"), correlation_id=SMUGGLING, reply_to=dms._reply_to)
    assert dms.reply_with(lambda reply: reply.correlation_id == SMUGGLING).result == "FAILED"
    derms.stop()

    replies = [frame for frame in line.proxy.frames_of("SEND") if frame.headers["type"] == "reply.DERGroups"]
    assert len(replies) == 1 + len(INJECTIONS) + 1
    assert {frozenset(each.headers) for each in replies} == {frozenset(replies[0].headers)}
    assert not any("payroll" in each.headers["destination"] for each in replies)
    assert replies[-1].headers["correlation-id"] == r"c1\ndestination\c/queue/payroll"
