"""A second reader, with xmlschema and expat, finds in accepted messages what dermsbus finds, and what is written comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from secrets import token_hex
from typing import Final

import pytest

from dermsbus.domain.model import EndDeviceGroup
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import DERGroups, Envelope, Header, Refusal
from tests.fuzz.differential import SecondOpinion
from tests.fuzz.known_differences import ACCEPTED, REFUSED, Known
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import seeds

SEED: Final = token_hex(4)
BODIES: Final = [seed.body for seed in seeds()]


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec()


@pytest.fixture(scope="module")
def opinion() -> SecondOpinion:
    return SecondOpinion()


def accepted(codec: Codec, count: int) -> Iterator[Envelope]:
    """So many messages that are read: the seeds, and mutants of them."""
    chance = Random(SEED)
    bodies = [*BODIES, *(mutated(chance.choice(BODIES), BODIES, chance) for _ in range(count))]
    for body in bodies:
        message = codec.decode(body)
        if isinstance(message, Envelope):
            yield message


def _without_extensions(message: Envelope) -> Header | None:
    return replace(message.header, extensions=()) if message.header else None


def test_whatever_is_read_is_written_valid_and_reads_as_it_was(codec: Codec, opinion: SecondOpinion) -> None:
    written = 0
    for message in accepted(codec, 3_000):
        try:
            body = codec.encode(message)
        except TypeError:
            continue  # it has an object that was rejected on reading, which cannot be written
        again = codec.decode(body)
        assert isinstance(again, Envelope), (SEED, body, again)
        assert _without_extensions(again) == _without_extensions(message), (SEED, body)
        if message.header is None or not message.header.extensions:  # these tell all prefixes that hold around them
            assert codec.encode(again) == body, SEED
        assert [*opinion.of_accepted(body, again, is_text=False)] == [], (SEED, body)
        written += 1

    assert written > len(BODIES) / 2


def test_a_value_that_is_read_otherwise_is_found_out(codec: Codec, opinion: SecondOpinion) -> None:
    message = next(each for each in accepted(codec, 0) if each.payload and isinstance(each.payload.content, DERGroups))
    assert message.payload is not None
    content = message.payload.content
    assert isinstance(content, DERGroups)
    body = codec.encode(message)
    assert [*opinion.of_accepted(body, message, is_text=False)] == []

    other: EndDeviceGroup = replace(content.groups[0], mrid="another")
    misread = replace(message, payload=replace(message.payload, content=DERGroups(groups=(other, *content.groups[1:]))))

    (difference,) = opinion.of_accepted(body, misread, is_text=False)
    assert "another" in str(difference)


def test_an_invalid_message_that_is_accepted_is_found_out(codec: Codec, opinion: SecondOpinion) -> None:
    message = next(each for each in accepted(codec, 0) if each.payload and isinstance(each.payload.content, DERGroups))
    body = codec.encode(message).replace(b"</EndDeviceGroup>", b"<surplus/></EndDeviceGroup>", 1)

    assert any("valid" in str(each) for each in opinion.of_accepted(body, message, is_text=False))


@pytest.mark.parametrize("known", [*ACCEPTED, *REFUSED], ids=lambda known: known.path)
def test_every_known_difference_is_there(known: Known, codec: Codec) -> None:
    """Of the one row that there is: digits that are none in XML Schema."""
    body = next(body for body in BODIES if b"<major>" in body).replace(b"<major>1<", "<major>\u0661<".encode())

    refused = codec.decode(body)

    assert isinstance(refused, Refusal)
    assert known.fits("valid", str(refused.error), second=True)
