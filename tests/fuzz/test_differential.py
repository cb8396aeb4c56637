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
from tests.fuzz.known_differences import REFUSED
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


def seed(name: str) -> bytes:
    return next(each.body for each in seeds() if each.name == name)


def refused_as_known(body: bytes, codec: Codec, opinion: SecondOpinion) -> bool:
    """Whether it is refused, and the other way only for a known reason."""
    refused = codec.decode(body)
    assert isinstance(refused, Refusal)
    told = str(refused.error)
    return opinion.of_refused(body, told) == [] and any(each.fits("valid", told, second=True) for each in REFUSED)


def test_known_digits_that_are_none_in_xml_schema(codec: Codec, opinion: SecondOpinion) -> None:
    body = next(each for each in BODIES if b"<major>1<" in each and b"<Verb>create<" in each)

    assert refused_as_known(body.replace(b"<major>1<", "<major>\u0661<".encode()), codec, opinion)


def test_known_white_space_that_is_none_in_xml(codec: Codec, opinion: SecondOpinion) -> None:
    body = seed("built/create-DERGroups").replace(b"<EndDeviceGroup>", "<EndDeviceGroup>\u00a0".encode(), 1)

    assert refused_as_known(body, codec, opinion)
    assert isinstance(codec.decode(body.replace("\u00a0".encode(), b" \t\n")), Envelope)


def test_known_a_bound_that_is_no_bound_for_what_is_no_number(codec: Codec, opinion: SecondOpinion) -> None:
    ratings = (
        *("activePowerChargeMax", "activePowerMax", "acVoltageNominal", "apparentPowerMax"),
        *("reactivePowerAbsorbedMax", "reactivePowerInjectedMax"),
    )
    told = "".join(f"<{name}>{'NaN' if name == 'apparentPowerMax' else 5}</{name}>" for name in ratings)
    plates = f'<DERNamePlates xmlns="urn:dermsbus:nameplate:1"><DERNamePlate><mRID>1</mRID>{told}</DERNamePlate></DERNamePlates>'
    body = seed("built/reply").replace(b"</Reply>", plates.encode() + b"</Reply>")

    assert refused_as_known(body, codec, opinion)
    assert isinstance(codec.decode(body.replace(b"NaN", b"5")), Envelope)


def test_numbers_too_small_for_the_wire_are_not_compared_to_the_last_digit(
    codec: Codec, opinion: SecondOpinion
) -> None:
    body = seed("built/created-DERGroupStatuses").replace(b"<yUnitInstalledMax>20<", b"<yUnitInstalledMax>6e-324<")
    message = codec.decode(body)
    assert isinstance(message, Envelope), message

    assert opinion.of_accepted(body, message) == []


def test_known_a_field_of_the_message_behind_the_query_of_a_typed_get(codec: Codec, opinion: SecondOpinion) -> None:
    field = b"<Timestamp>2024-05-01T08:00:00Z</Timestamp></w:Request>"

    assert refused_as_known(seed("built/DERGroupStatusQueries").replace(b"</w:Request>", field), codec, opinion)


def test_known_the_last_midnight_of_a_day_in_a_far_year(
    codec: Codec, opinion: SecondOpinion, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = b"<createdDateTime>2666666624-05-01T24:00:00Z<"
    body = seed("built/created-EndDeviceEvents").replace(b"<createdDateTime>2024-05-01T08:00:00Z<", far)
    message = codec.decode(body)
    assert isinstance(message, Envelope), message

    assert opinion.of_accepted(body, message) == []

    monkeypatch.setattr("tests.fuzz.differential.ACCEPTED", ())
    assert [str(each.second) for each in opinion.of_accepted(body, message)] == [
        "cannot be read: OverflowError('year overflow')"
    ]
