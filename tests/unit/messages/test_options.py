"""Options of requests: what they say, and what a cursor is."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermsbus.errors import SchemaViolation
from dermsbus.messages.envelope import Archetype, Envelope, Header, Property, Request, Verb
from dermsbus.messages.options import CURSOR, LIMIT, Options, cursor_after, read_options

XML_TEXT = st.text(st.characters(exclude_categories=("Cs",)))


def asking(*options: tuple[str, str | None], verb: Verb = Verb.GET, noun: str = "DERGroups") -> Envelope:
    stated = tuple(Property(name=name, value=value) for name, value in options)
    return Envelope(archetype=Archetype.REQUEST, header=Header(verb=verb, noun=noun), request=Request(options=stated))


@given(mrid=XML_TEXT, noun=st.sampled_from(["DERGroups", "DERGroupDispatches"]))
def test_a_cursor_leads_back_to_the_object_it_was_made_of(mrid: str, noun: str) -> None:
    cursor = cursor_after(mrid, noun)

    assert cursor.isascii()
    assert read_options(asking((CURSOR, cursor), noun=noun)) == Options(after=mrid)


@given(mrid=XML_TEXT, data=st.data())
def test_a_cursor_that_was_changed_is_told_from_a_good_one(mrid: str, data: st.DataObject) -> None:
    cursor = cursor_after(mrid, "DERGroups")
    place = data.draw(st.integers(0, len(cursor) - 2))  # the last character has bits that mean nothing
    other = data.draw(st.sampled_from("ABCxyz019-_"))
    changed = cursor[:place] + other + cursor[place + 1 :]
    if changed == cursor:
        return

    with pytest.raises(SchemaViolation):
        read_options(asking((CURSOR, changed)))


@given(text=st.text())
def test_whatever_stands_there_is_a_cursor_or_refused(text: str) -> None:
    with suppress(SchemaViolation):
        assert read_options(asking((CURSOR, text))).after is not None


def test_a_request_without_options_asks_for_everything() -> None:
    nothing = Envelope(archetype=Archetype.REQUEST, header=Header(verb=Verb.GET, noun="DERGroups"))

    assert read_options(nothing) == read_options(asking()) == Options()
    assert not Options().is_paged
    assert Options().note == ""


@pytest.mark.parametrize(
    ("verb", "noun", "passed_over"),
    [
        (Verb.GET, "DERGroups", ()),
        (Verb.GET, "DERGroupStatuses", ("DERNamePlate",)),
        (Verb.CREATE, "DERGroups", (LIMIT, "DERNamePlate")),
    ],
)
def test_what_an_option_means_depends_on_what_is_asked(verb: Verb, noun: str, passed_over: tuple[str, ...]) -> None:
    options = read_options(
        asking((LIMIT, "3"), ("DERNamePlate", "true"), ("dermsbus.maxExecutionTime", "PT1S"), verb=verb, noun=noun)
    )

    assert options.passed_over == passed_over
    assert options.limit == (3 if verb is Verb.GET else None)
