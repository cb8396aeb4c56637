"""Any groups, queries of groups and operation sets, in any header: written valid for two validators, and read as they were.

The other nouns are in `tests/unit/messages/test_translators.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from dermsbus.domain.model import (
    DERFunction,
    EndDevice,
    EndDeviceGroup,
    GroupReference,
    Instant,
    Name,
    NameType,
    NameTypeAuthority,
    Version,
)
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import (
    Archetype,
    Content,
    DERGroupQueries,
    DERGroups,
    Envelope,
    Header,
    Operation,
    OperationSet,
    Payload,
    Property,
    ReplayDetection,
    Request,
    Style,
    User,
    Verb,
)
from dermsbus.messages.times import instant_of
from tests.fuzz.differential import SecondOpinion

# what XML can carry and bring back as it was: no carriage return, which every parser makes an end of line of
TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\t\n", exclude_characters="\ufffe\uffff"
    ),
    min_size=1,
    max_size=30,
)
ID = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)
SOME_TEXT = st.none() | TEXT
NUMBER = st.none() | st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
INSTANT: st.SearchStrategy[Instant] = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 made aware by timezones
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 made aware by timezones
    timezones=st.just(UTC),
).map(instant_of)
AUTHORITY = st.builds(NameTypeAuthority, name=TEXT, description=SOME_TEXT)
TYPE = st.builds(NameType, name=TEXT, description=SOME_TEXT, authority=st.none() | AUTHORITY)
NAMES = st.lists(st.builds(Name, name=TEXT, name_type=st.none() | TYPE), max_size=3).map(tuple)
NAMED = st.lists(st.builds(Name, name=TEXT, name_type=st.none() | TYPE), min_size=1, max_size=3).map(tuple)
FUNCTION = st.builds(DERFunction, **{name: st.booleans() for name in DERFunction.__dataclass_fields__})
VERSION = st.builds(Version, date=INSTANT, major=NUMBER, minor=NUMBER, revision=NUMBER)
DEVICES = st.lists(st.builds(EndDevice, mrid=TEXT, names=NAMES), max_size=4).map(tuple)
WHOLE = st.builds(
    EndDeviceGroup, mrid=TEXT, description=SOME_TEXT, der_function=FUNCTION, end_devices=DEVICES, names=NAMED
)
PART = st.builds(
    EndDeviceGroup,
    mrid=SOME_TEXT,
    description=SOME_TEXT,
    der_function=st.none() | FUNCTION,
    end_devices=DEVICES,
    names=NAMES,
    version=st.none() | VERSION,
)
QUERIES = st.lists(st.builds(GroupReference, mrid=SOME_TEXT, names=NAMES), min_size=1, max_size=3).map(
    lambda references: DERGroupQueries(references=tuple(references))
)
PROPERTY = st.builds(Property, name=TEXT, value=SOME_TEXT)
STYLE = st.sampled_from(Style)


def groups(each: st.SearchStrategy[EndDeviceGroup]) -> st.SearchStrategy[DERGroups]:
    return st.lists(each, min_size=1, max_size=3).map(lambda listed: DERGroups(groups=tuple(listed)))


def headers(verb: Verb, noun: str) -> st.SearchStrategy[Header]:
    return st.builds(
        Header,
        verb=st.just(verb),
        noun=st.just(noun),
        revision=SOME_TEXT,
        replay_detection=st.none() | st.builds(ReplayDetection, nonce=TEXT, created=INSTANT),
        context=SOME_TEXT,
        timestamp=st.none() | INSTANT,
        source=st.none() | ID,
        async_reply=st.booleans(),
        reply_address=SOME_TEXT,
        ack_required=st.booleans(),
        user=st.none() | st.builds(User, user_id=TEXT, organization=SOME_TEXT),
        message_id=ID,
        correlation_id=st.none() | ID,
        comment=SOME_TEXT,
        properties=st.lists(PROPERTY, max_size=2).map(tuple),
    )


@cache
def means() -> tuple[Codec, SecondOpinion]:
    return Codec(), SecondOpinion()


def check_out_and_back(
    header: Header, style: Style, *, request: Request | None = None, payload: Payload | None = None
) -> None:
    codec, opinion = means()
    archetype = Archetype.EVENT if header.verb.is_event else Archetype.REQUEST
    body = codec.encode(Envelope(archetype=archetype, style=style, header=header, request=request, payload=payload))

    read = codec.decode(body)  # which holds it to its schema, by lxml

    assert isinstance(read, Envelope), (read, body)
    assert (read.header, read.request, read.payload) == (header, request, payload)
    assert opinion.of_accepted(body, read) == []
    assert etree.tostring(etree.fromstring(codec.encode(read)), method="c14n") == etree.tostring(
        etree.fromstring(body), method="c14n"
    )


def check_payload(header: Header, style: Style, content: Content) -> None:
    check_out_and_back(header, style, payload=Payload(content=content))


many = settings(deadline=None, max_examples=60)


@many
@given(header=headers(Verb.CREATE, "DERGroups"), style=STYLE, content=groups(WHOLE))
def test_any_new_groups_go_out_valid_and_come_back_as_they_were(
    header: Header, style: Style, content: DERGroups
) -> None:
    check_payload(header, style, content)


@many
@given(
    data=st.data(), style=STYLE, content=groups(PART), verb=st.sampled_from([Verb.CHANGE, Verb.DELETE, Verb.CHANGED])
)
def test_any_parts_of_groups_go_out_valid_and_come_back_as_they_were(
    data: st.DataObject, style: Style, content: DERGroups, verb: Verb
) -> None:
    check_payload(data.draw(headers(verb, "DERGroups")), style, content)


@many
@given(
    header=headers(Verb.GET, "DERGroups"),
    style=STYLE,
    query=QUERIES,
    start=st.none() | INSTANT,
    options=st.lists(PROPERTY, max_size=2).map(tuple),
)
def test_any_query_of_groups_goes_out_valid_and_comes_back_as_it_was(
    header: Header, style: Style, query: DERGroupQueries, start: Instant | None, options: tuple[Property, ...]
) -> None:
    check_out_and_back(header, style, request=Request(start_time=start, options=options, query=query))


OPERATION = st.builds(
    Operation,
    operation_id=st.integers(min_value=0, max_value=2**63 - 1),
    noun=SOME_TEXT,
    verb=SOME_TEXT,
    element_operation=st.booleans(),
    content=groups(PART),
)
OPERATIONS = st.lists(OPERATION, min_size=1, max_size=3, unique_by=lambda each: each.operation_id).map(tuple)
SETS = st.builds(
    OperationSet,
    operations=OPERATIONS,
    enforce_msg_sequence=st.booleans(),
    enforce_transactional_integrity=st.booleans(),
)


@many
@given(header=headers(Verb.EXECUTE, "OperationSet"), style=STYLE, operations=SETS)
def test_any_operation_set_goes_out_valid_and_comes_back_as_it_was(
    header: Header, style: Style, operations: OperationSet
) -> None:
    check_out_and_back(header, style, payload=Payload(operation_set=operations))
