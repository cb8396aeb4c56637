from __future__ import annotations

import pytest

from dermsbus.broker.addresses import TopicPattern, parse_address, parse_subscribable
from dermsbus.broker.refusals import Refused


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("*.b", "a.b", True),
        ("*.*.c", "a.b.c", True),
        ("a.>", "a.b", True),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("a.>", "b.a", False),
        ("a.*.>", "a.b.c.d", True),
        (">", "a.b", True),
        ("a.b*", "a.bc", False),
    ],
)
def test_a_star_is_one_word_and_a_final_greater_sign_is_the_rest(pattern: str, name: str, fits: bool) -> None:
    assert TopicPattern(pattern).matches(name) is fits


@pytest.mark.parametrize("text", ["/queue/a.b", "/topic/a", "/temp-queue/x", "/temp-topic/x", "/remote-temp-queue/1-a"])
def test_a_destination_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_address(text)) == text


@pytest.mark.parametrize("text", ["foo", "/foo/bar", "queue/a", "/queue/", "/queue", "", "queue://a", "/QUEUE/a"])
def test_an_unknown_destination_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(Refused, match="Write /queue/NAME or /topic/NAME"):
        parse_address(text)


def test_wildcards_are_for_subscribing_to_topics_only() -> None:
    assert str(parse_subscribable("/topic/a.>")) == "/topic/a.>"
    with pytest.raises(Refused, match="SUBSCRIBE"):
        parse_address("/topic/a.>")
    with pytest.raises(Refused, match="wildcards"):
        parse_subscribable("/queue/a.*")


def test_a_list_of_destinations_is_refused() -> None:
    with pytest.raises(Refused, match="Send one frame to each"):
        parse_address("/queue/a,/queue/b")
