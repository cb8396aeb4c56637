"""E. Operation sets: in order, on their own or all or none, and each failure told of its operation."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests import builders as xml
from tests.conformance.bus import House
from tests.conformance.messages import ask_for_groups, create, group, refused
from tests.flow.peer import ErrorSeen, Message

pytestmark = pytest.mark.buses("memory")

Build = Callable[..., House]
BEGINNING: Mapping[str | None, list[str]] = {"GA": ["D1", "D2"], "GB": ["D3"]}


@pytest.fixture
def house(build: Build) -> House:
    """A DERMS with two groups, of which everybody was told."""
    house = build()
    assert house.dms.ask(create(group("GA", "D1", "D2"), group("GB", "D3"), message_id="m0")).result == "OK"
    assert house.dms.event("created").group_names == ["GA", "GB"]
    return house


def create_group(operation_id: int, name: str, *members: str) -> str:
    return xml.operation(operation_id, xml.der_groups(group(name, *members)), verb="create", element=False)


def delete_group(operation_id: int, name: str) -> str:
    return xml.operation(operation_id, xml.der_groups(xml.group(name=name)), verb="delete", element=False)


def add_member(operation_id: int, name: str, member: str) -> str:
    return xml.operation(operation_id, xml.der_groups(xml.group(name=name, members=[member])), verb="create")


def remove_member(operation_id: int, name: str, member: str) -> str:
    return xml.operation(operation_id, xml.der_groups(xml.group(name=name, members=[member])), verb="delete")


THREE = (create_group(1, "GC", "D4"), delete_group(2, "GB"), add_member(3, "GA", "D5"))
SECOND_AT_FAULT = (THREE[0], delete_group(2, "NONE"), THREE[2])
NOT_KNOWN = "99.1"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a reply says of the operations."""

    result: str | None
    errors: list[tuple[str | None, str]]


def a_set(*operations: str, verb: str = "execute", noun: str = "OperationSet", **flags: bool) -> bytes:
    return xml.generic(verb, noun, payload=xml.operation_set(*operations, **flags))


def execute(house: House, *operations: str, noun: str = "OperationSet", **flags: bool) -> Message:
    """The reply to a set, found right in all that every reply to one has."""
    reply = house.dms.ask(a_set(*operations, noun=noun, **flags))

    assert reply.kind == "ResponseMessage"
    header = [reply.text("Header", name) for name in ("Verb", "Noun", "CorrelationID")]
    assert header == ["reply", noun, "m1"]
    assert all(error.reason and error.details for error in failures(reply))
    return reply


def failures(reply: Message) -> list[ErrorSeen]:
    """Its Errors, but for the 0.0 that an OK may have."""
    return [error for error in reply.errors if error.code != "0.0"]


def told_by(reply: Message) -> Told:
    return Told(result=reply.result, errors=[(error.operation_id, error.code) for error in failures(reply)])


def nobody_was_told(house: House) -> bool:
    with pytest.raises(queue.Empty):
        house.dms.event("executed", timeout_s=0.3)
    return True


def test_e01_three_good_operations_are_carried_out(house: House) -> None:
    reply = execute(house, *THREE)

    assert told_by(reply) == Told(result="OK", errors=[])
    assert ask_for_groups(house) == {"GA": ["D1", "D2", "D5"], "GC": ["D4"]}
    assert [each.name for each in house.dms.event("executed").groups] == ["GC", "GB", "GA"]


def test_e02_one_at_fault_is_told_and_the_others_are_carried_out(house: House) -> None:
    reply = execute(house, *SECOND_AT_FAULT)

    assert told_by(reply) == Told(result="PARTIAL", errors=[("2", NOT_KNOWN)])
    assert ask_for_groups(house) == {"GA": ["D1", "D2", "D5"], "GB": ["D3"], "GC": ["D4"]}
    assert [each.name for each in house.dms.event("executed").groups] == ["GC", "GA"]


def test_e03_in_sequence_nothing_behind_the_one_at_fault_is_tried(house: House) -> None:
    reply = execute(house, *SECOND_AT_FAULT, sequence=True)

    assert told_by(reply) == Told(result="PARTIAL", errors=[("2", NOT_KNOWN), ("3", "5.2")])
    assert ask_for_groups(house) == {**BEGINNING, "GC": ["D4"]}
    assert [each.name for each in house.dms.event("executed").groups] == ["GC"]


def test_e03_where_the_first_is_at_fault_nothing_is_done(house: House) -> None:
    reply = execute(house, delete_group(1, "NONE"), *THREE[1:], sequence=True)

    assert told_by(reply) == Told(result="FAILED", errors=[("1", NOT_KNOWN), ("2", "5.2"), ("3", "5.2")])
    assert ask_for_groups(house) == BEGINNING
    assert nobody_was_told(house)


@pytest.mark.parametrize("sequence", [False, True])
def test_e04_all_or_nothing_is_nothing_where_one_is_at_fault(house: House, sequence: bool) -> None:
    reply = execute(house, *SECOND_AT_FAULT, sequence=sequence, integrity=True)

    told = told_by(reply)
    assert told.result == "FAILED"
    assert sorted(told.errors) == [("1", "5.9"), ("2", NOT_KNOWN), ("3", "5.9")]
    assert ask_for_groups(house) == BEGINNING
    assert nobody_was_told(house)


def test_e05_the_same_id_twice_is_refused_and_nothing_carried_out(house: House) -> None:
    refused(house, a_set(THREE[0], THREE[1], add_member(1, "GA", "D5")), "1.8", noun="OperationSet")

    assert ask_for_groups(house) == BEGINNING
    assert nobody_was_told(house)


def test_e06_an_empty_set_is_refused(house: House) -> None:
    refused(house, a_set(), "1.7", noun="OperationSet")


def test_e07_an_unknown_verb_is_told_of_its_operation(house: House) -> None:
    unknown = xml.operation(2, xml.der_groups(xml.group(name="GB")), verb="frobnicate", element=False)

    reply = execute(house, THREE[0], unknown, THREE[2])

    assert told_by(reply) == Told(result="PARTIAL", errors=[("2", "2.9")])
    assert ask_for_groups(house) == {"GA": ["D1", "D2", "D5"], "GB": ["D3"], "GC": ["D4"]}


@pytest.mark.parametrize("noun", ["DERGroupDispatches", "Frobnicators"])
def test_e08_a_noun_that_is_not_its_elements_is_told_of_its_operation(house: House, noun: str) -> None:
    other = xml.operation(2, xml.der_groups(xml.group(name="GB")), noun=noun, verb="delete", element=False)

    reply = execute(house, THREE[0], other, THREE[2])

    assert told_by(reply) == Told(result="PARTIAL", errors=[("2", "2.5")])
    assert ask_for_groups(house) == {"GA": ["D1", "D2", "D5"], "GB": ["D3"], "GC": ["D4"]}


def test_e09_a_member_is_removed_and_the_group_remains(house: House) -> None:
    reply = execute(house, remove_member(1, "GA", "D1"))

    assert told_by(reply) == Told(result="OK", errors=[])
    assert ask_for_groups(house) == {**BEGINNING, "GA": ["D2"]}


def test_e09_so_it_does_without_its_last_member(house: House) -> None:
    execute(house, remove_member(1, "GB", "D3"))

    assert ask_for_groups(house) == {**BEGINNING, "GB": []}


@pytest.mark.parametrize("noun", ["OperationSet", "DERGroupsOperationSet"])
def test_e10_a_set_may_be_called_by_either_name(house: House, noun: str) -> None:
    reply = execute(house, *THREE, noun=noun)

    assert told_by(reply) == Told(result="OK", errors=[])
    assert ask_for_groups(house) == {"GA": ["D1", "D2", "D5"], "GC": ["D4"]}


@pytest.mark.parametrize("noun", ["OperationSet", "DERGroups"])
def test_e11_a_set_that_is_to_be_created_is_refused(house: House, noun: str) -> None:
    refused(house, a_set(*THREE, verb="create", noun=noun), "2.9", noun=noun)

    assert ask_for_groups(house) == BEGINNING
