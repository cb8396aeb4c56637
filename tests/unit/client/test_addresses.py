"""The grammar of destination names."""

from __future__ import annotations

import pytest

from dermsbus.domain import addresses


def test_names_follow_the_grammar() -> None:
    assert addresses.request_queue("production", "derms1") == "cim.production.req.derms1"
    assert (
        addresses.event_topic("production", "derms1", "created", "DERGroups")
        == "cim.production.evt.derms1.created.DERGroups"
    )
    assert addresses.reply_queue("test", "dms-1") == "cim.test.rep.dms-1"
    assert addresses.invalid_queue("production", "derms1") == "cim.production.invalid.derms1"
    original = addresses.request_queue("production", "derms1")
    assert addresses.dead_letter_queue("production", original) == "cim.production.dlq.cim.production.req.derms1"


def test_what_a_subscriber_leaves_open_is_any_one_word() -> None:
    assert addresses.event_topic("production") == "cim.production.evt.*.*.*"
    assert addresses.event_topic("production", noun="DERGroups") == "cim.production.evt.*.*.DERGroups"


@pytest.mark.parametrize("word", ["", "DERMS1", "derms 1", "derms.1", "derms1\n", ">", "dérms", "a/b", "a,b"])
def test_what_is_not_a_word_never_becomes_part_of_a_name(word: str) -> None:
    for make in (addresses.request_queue, addresses.reply_queue, addresses.invalid_queue):
        with pytest.raises(ValueError, match="cannot be part of a destination"):
            make("production", word)
        with pytest.raises(ValueError, match="cannot be part of a destination"):
            make(word, "derms1")
    with pytest.raises(ValueError, match="cannot be part"):
        addresses.event_topic("production", word)


@pytest.mark.parametrize("noun", ["", "DER Groups", "DERGroups\n", "DER.Groups", "1Group", ">"])
def test_a_noun_is_letters_and_digits(noun: str) -> None:
    with pytest.raises(ValueError, match="cannot be the noun"):
        addresses.event_topic("production", noun=noun)


@pytest.mark.parametrize("original", ["", "a..b", ".a", "a b", "a\n", "*"])
def test_a_dead_letter_queue_is_named_after_a_name(original: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a queue or topic"):
        addresses.dead_letter_queue("production", original)
