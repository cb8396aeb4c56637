"""XML for people: for reading only, and safe with anything."""

from __future__ import annotations

import pytest

from dermsbus.cli.output import xml_for_people


def test_every_element_has_its_line_and_text_stays_with_its_element() -> None:
    assert xml_for_people(b'<?xml version="1.0"?><a x="1"><b>text</b><c/><d><e>1</e></d></a>').splitlines() == [
        '<?xml version="1.0"?>',
        '<a x="1">',
        "  <b>text</b>",
        "  <c/>",
        "  <d>",
        "    <e>1</e>",
        "  </d>",
        "</a>",
    ]


def test_an_empty_element_stays_on_one_line() -> None:
    assert xml_for_people(b"<a><b></b></a>") == "<a>\n  <b></b>\n</a>"


@pytest.mark.parametrize(
    "body", [b"", b"abcd", b"</a></b>", b"<a", b"\xff\xfe", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
)
def test_what_is_no_xml_is_shown_all_the_same(body: bytes) -> None:
    assert isinstance(xml_for_people(body), str)
