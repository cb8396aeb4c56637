"""Names from strangers and from ourselves: what may go on the wire."""

from __future__ import annotations

import pytest

from dermsbus.errors import PublishRejected, SettingsError
from dermsbus.transports.base import Outgoing, Queue
from dermsbus.transports.wire_names import (
    ReplyForm,
    check_selector,
    is_property_name,
    parse_reply_to,
    topic_matches,
    wire_properties,
)


@pytest.mark.parametrize(
    ("text", "form", "name"),
    [
        ("/queue/cim.production.rep.dms1", ReplyForm.QUEUE, "cim.production.rep.dms1"),
        ("/topic/x", ReplyForm.TOPIC, "x"),
        ("/temp-queue/x", ReplyForm.TEMP_QUEUE, "x"),
        ("/remote-temp-queue/ID:host-46249-1-1:1:1", ReplyForm.REMOTE_TEMP_QUEUE, "ID:host-46249-1-1:1:1"),
        ("/reply-queue/amq.gen-7iFQ0dx76tr5zpwjqetugw", ReplyForm.REPLY_QUEUE, "amq.gen-7iFQ0dx76tr5zpwjqetugw"),
        ("queue://x", ReplyForm.QUEUE_URI, "x"),
        ("temp-queue://1815b2e4-2937-46fe", ReplyForm.TEMP_QUEUE_URI, "1815b2e4-2937-46fe"),
        ("amq.gen-x", ReplyForm.PLAIN, "amq.gen-x"),
    ],
)
def test_every_known_spelling_is_taken_apart(text: str, form: ReplyForm, name: str) -> None:
    address = parse_reply_to(text)

    assert (address.form, address.name) == (form, name)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/queue/", "queue://", "/queue/a,b", "a,b", "/queue/a b", "/queue/a\tb", "/queue/a\r\nb", "/queue/a\0"),
        *("/queue/>", "/queue/*", "/queue/#", "/queue/a?b=c", "http://x/y", "tcp://x:1", "/exchange/e/k", "/dsub/x"),
        *("/amq/queue/x", "//queue/x", "/queue/" + "x" * 249, "ActiveMQ\u202eXyz", "\ud800"),
    ],
)
def test_anything_else_is_refused_in_one_printable_line(text: str) -> None:
    with pytest.raises(PublishRejected) as raised:
        parse_reply_to(text)

    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("a.*", "a", False),
        ("a.>", "a.b.c", True),
        ("a.>", "a", True),
        ("a.>", "b.c", False),
        (">", "a.b", True),
        ("*.b", "a.b", True),
    ],
)
def test_a_pattern_means_what_brokers_say_it_means(pattern: str, name: str, matches: bool) -> None:
    assert topic_matches(pattern, name) is matches


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("CIM_Verb", True),
        ("traceparent", True),
        ("$x_1", True),
        ("", False),
        ("1a", False),
        ("a-b", False),
        ("a.b", False),
        ("a\n", False),
        ("JMSXUserID", False),
        ("é", False),
        ("x" * 256, False),
    ],
)
def test_a_property_name_is_an_identifier_that_jms_left_free(name: str, good: bool) -> None:
    assert is_property_name(name) is good


@pytest.mark.parametrize(
    "selector", ["CIM_Noun = 'DERGroups'", "CIM_Source <> 'dms-1' AND CIM_Verb IN ('a-b', 'it''s-c')", None]
)
def test_a_selector_may_have_hyphens_in_its_texts(selector: str | None) -> None:
    check_selector(selector)


@pytest.mark.parametrize("selector", ["x-note = 'a'", "CIM_Verb = 'a-b' OR x-note IS NULL", "", " ", "a = 'b'\n\nx:y"])
def test_a_selector_that_no_broker_could_use_is_named(selector: str) -> None:
    with pytest.raises(SettingsError) as raised:
        check_selector(selector)

    assert raised.value.key == "selector"


def test_what_the_message_says_of_itself_wins_over_what_is_implied() -> None:
    outgoing = Outgoing(
        destination=Queue("q"), body=b"", message_id="m1", source="derms1", properties={"CIM_Source": "derms1/eu"}
    )

    assert wire_properties(outgoing) == {"CIM_MessageID": "m1", "CIM_Source": "derms1/eu"}
