"""An answer cut into messages: each object in one of them, in order, and no message larger than it may be."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, Name
from dermsbus.errors import UnsupportedMessage
from dermsbus.messages.answers import entry
from dermsbus.messages.chunks import SEQUENCE, AnswerWriter, WrittenMessage
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    Archetype,
    DERGroups,
    Envelope,
    Header,
    Payload,
    Property,
    Reply,
    Result,
    Style,
    Verb,
)
from dermsbus.messages.peers import Peer
from dermsbus.messages.repairs import WWW_NAMESPACE

CODEC = Codec()
FUNCTION = DERFunction(
    connect_disconnect=True,
    frequency_watt_curve_function=False,
    max_real_power_limiting=False,
    ramp_rate_control=False,
    reactive_power_dispatch=False,
    real_power_dispatch=True,
    voltage_regulation=False,
    volt_var_curve_function=False,
    volt_watt_curve_function=False,
)
OK = Reply(result=Result.OK, errors=(entry("0.0"),))


def groups(*members: int, text: str = "name") -> tuple[EndDeviceGroup, ...]:
    """A group for each number, with so many members."""
    return tuple(
        EndDeviceGroup(
            mrid=f"G-{number}",
            names=(Name(name=text),),
            der_function=FUNCTION,
            end_devices=tuple(EndDevice(mrid=f"D-{device}") for device in range(size)),
        )
        for number, size in enumerate(members)
    )


def answer(told: tuple[EndDeviceGroup, ...], reply: Reply = OK, **fields: object) -> Envelope:
    header = Header(
        verb=Verb.REPLY,
        noun="DERGroups",
        message_id="first",
        correlation_id="k1",
        properties=(Property(name="other", value="stays"),),
    )
    payload = Payload(content=DERGroups(groups=told)) if told else None
    parts = {"header": header, "reply": reply, "payload": payload, **fields}
    return Envelope(archetype=Archetype.RESPONSE, **parts)  # type: ignore[arg-type]


def written(told: Envelope, largest_bytes: int, peer: Peer = Peer()) -> tuple[WrittenMessage, ...]:  # noqa: B008 a value
    numbers = count(2)
    writer = AnswerWriter(codec=CODEC, new_message_id=lambda: f"m{next(numbers)}", largest_bytes=largest_bytes)
    return writer.write(told, peer)


def read(message: WrittenMessage, codec: Codec = CODEC) -> Envelope:
    decoded = codec.decode(message.body)
    assert isinstance(decoded, Envelope), decoded
    return decoded


def groups_in(message: Envelope) -> tuple[EndDeviceGroup, ...]:
    content = message.payload.content if message.payload else None
    return content.groups if isinstance(content, DERGroups) else ()


@given(
    members=st.lists(st.integers(0, 60), max_size=40),
    text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30),
    largest_bytes=st.integers(6_000, 40_000),
    number_of_errors=st.integers(0, 20),
    compress_above_bytes=st.sampled_from([0, 100, 10_000]),
)
@settings(deadline=None, max_examples=100)
def test_every_object_is_in_one_message_in_order_and_no_message_is_larger_than_it_may_be(
    members: list[int], text: str, largest_bytes: int, number_of_errors: int, compress_above_bytes: int
) -> None:
    told = groups(*members, text=text)
    errors = (entry("99.1", "not there"),) * number_of_errors
    reply = Reply(result=Result.PARTIAL, errors=(*errors, entry("0.2"))) if errors else OK

    messages = written(answer(told, reply), largest_bytes, Peer(compress_above_bytes=compress_above_bytes))

    decoded = [read(message) for message in messages]
    assert tuple(group for each in decoded for group in groups_in(each)) == told
    assert all(len(message.body) <= largest_bytes for message in messages)
    *before, last = decoded
    assert last.reply == reply
    assert [each.reply for each in before] == [Reply(result=Result.PARTIAL, errors=(entry("0.1"),))] * len(before)
    headers = [each.header for each in decoded if each.header]
    assert [each.message_id for each in headers] == ["first", *(f"m{number}" for number in range(2, len(headers) + 1))]
    assert {each.correlation_id for each in headers} == {"k1"}
    numbers = [Property(name=SEQUENCE, value=str(number)) for number in range(1, len(headers) + 1)]
    for header, number in zip(headers, numbers, strict=True):
        stays = Property(name="other", value="stays")
        assert header.properties == ((stays, number) if before else (stays,))


def test_in_one_message_it_is_the_same_in_every_byte_as_if_it_could_not_be_cut() -> None:
    told = answer(groups(3, 0, 7, text="\U0001f50b & é"))

    (message,) = written(told, 1_000_000)

    assert message.body == CODEC.encode(told)
    assert message.envelope == told


@pytest.mark.parametrize(
    "fields",
    [
        {"style": Style.TYPED, "root": "DERGroupQueriesResponseMessage"},
        {"style": Style.TYPED},
        {"namespace": WWW_NAMESPACE},
    ],
    ids=["answer to a typed query", "typed", "with www"],
)
def test_however_it_is_spelled_it_is_the_same_in_every_byte(fields: dict[str, object]) -> None:
    told = answer(groups(*[5] * 20), **fields)

    assert written(told, 1_000_000)[0].body == CODEC.encode(told)
    cut = written(told, 4_000)
    assert len(cut) > 1
    assert {message.body.partition(b"Header>")[0] for message in cut} == {CODEC.encode(told).partition(b"Header>")[0]}


def test_no_more_messages_than_it_takes() -> None:
    told = answer(groups(*[10] * 100))
    whole = len(CODEC.encode(told))

    assert len(written(told, whole)) == 1
    assert len(written(told, whole - 1)) == 2
    assert len(written(told, whole // 2 + 2_000)) == 2


def test_a_partial_answer_in_several_messages_always_says_where_it_ends() -> None:
    reply = Reply(result=Result.PARTIAL, errors=(entry("5.7", "no value yet"),))

    messages = written(answer(groups(*[10] * 30), reply), 5_000)

    last = read(messages[-1]).reply
    assert last is not None
    assert [error.code for error in last.errors] == ["5.7", "0.2"]


def test_an_answer_without_objects_goes_out_as_long_as_brokers_take_it() -> None:
    few = Reply(result=Result.FAILED, errors=(entry("99.1", "not there"),) * 100)
    many = Reply(result=Result.FAILED, errors=(entry("99.1", "x" * 50_000),) * 100)

    (message,) = written(answer((), few), 5_000)
    with pytest.raises(UnsupportedMessage) as refused:
        written(answer((), many), 5_000)

    assert read(message).reply == few
    assert refused.value.code == "3.1"
    assert "errors and ids" in str(refused.value)


def test_errors_that_leave_no_room_beside_objects_cannot_be_cut() -> None:
    reply = Reply(result=Result.PARTIAL, errors=(entry("99.1", "not there"),) * 100)

    with pytest.raises(UnsupportedMessage) as refused:
        written(answer(groups(1), reply), 5_000)

    assert refused.value.code == "3.1"


def test_an_object_that_is_larger_than_a_message_is_named() -> None:
    with pytest.raises(UnsupportedMessage) as refused:
        written(answer(groups(1, 1, 200, 1)), 5_000)

    assert refused.value.code == "3.1"
    assert "the DERGroup 'G-2' alone has" in str(refused.value)
