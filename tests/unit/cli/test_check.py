"""``dermsbus check``: a line for each file, and a status that a script can use."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

Run = Callable[..., object]

HEADER = "<Verb>{verb}</Verb><Noun>DERGroups</Noun><MessageID>m1</MessageID>"
MESSAGE = """<?xml version="1.0"?>
<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message">
  <Header>{header}</Header>
  <Payload><DERGroups xmlns="http://iec.ch/TC57/2017/DERGroups#">
    <EndDeviceGroup><mRID>G-A</mRID></EndDeviceGroup>
  </DERGroups></Payload>
</RequestMessage>
"""
FAULT = """<FaultMessage xmlns="http://iec.ch/TC57/2011/schema/message"><Reply><Result>FAILED</Result></Reply></FaultMessage>"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


Write = Callable[[str, str], str]


def message(verb: str = "delete") -> str:
    return MESSAGE.format(header=HEADER.format(verb=verb))


def test_good_messages_are_ok_with_verb_and_noun(run: Run, write: Write) -> None:
    ran = run("check", write("a.xml", message()), write("b.xml", FAULT))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == ["a.xml: ok delete DERGroups", "b.xml: ok fault"]


def test_a_bad_message_is_told_with_file_line_code_and_reason(run: Run, write: Write) -> None:
    ran = run(
        "check", write("good.xml", message()), write("bad.xml", message("update")), write("no.xml", "<a>\n<b></a>")
    )
    assert ran.code == 1
    good, bad, no = ran.out.splitlines()
    assert good == "good.xml: ok delete DERGroups"
    assert bad.startswith("bad.xml:3: 1.8 Message is not valid against the schema: Header/Verb 'update' is none of")
    assert no.startswith("no.xml:2: 1.8 Message is not valid against the schema: ")


def test_a_file_that_cannot_be_read_is_bad_and_the_others_are_judged(run: Run, write: Write, tmp_path: Path) -> None:
    ran = run("check", "none.xml", str(tmp_path), write("a.xml", message()))
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "none.xml: cannot be read: No such file or directory",
        f"{tmp_path}: cannot be read: Is a directory",
        "a.xml: ok delete DERGroups",
    ]


def test_a_tolerant_check_says_what_it_mended(run: Run, write: Write) -> None:
    name = write("a.xml", message("Delete"))
    assert run("check", name).code == 1
    assert run("check", name, "--tolerance", "strict").code == 1
    ran = run("check", name, "--tolerance", "tolerant")
    assert ran.code == 0
    assert ran.out.startswith("a.xml: ok delete DERGroups; mended ")


def test_json_has_a_line_for_each_file(run: Run, write: Write) -> None:
    ran = run("check", "--json", write("a.xml", message()), write("b.xml", message("update")), "none.xml")
    good, bad, none = map(json.loads, ran.out.splitlines())
    assert good == {
        "file": "a.xml", "ok": True, "archetype": "request", "verb": "delete", "noun": "DERGroups", "repairs": []
    }  # fmt: skip
    assert (bad["ok"], bad["code"], bad["violations"][0]["line"]) == (False, "1.8", 3)
    assert none == {"file": "none.xml", "ok": False, "problem": "cannot be read: No such file or directory"}


def test_a_dash_is_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(message().encode())))
    assert run("check", "-").out == "standard input: ok delete DERGroups\n"


def test_limits_and_tolerance_can_come_from_the_configuration(run: Run, write: Write) -> None:
    config = write("derms.toml", '[limits]\nmessage_bytes = 100\n[behaviour]\ntolerance = "tolerant"\n')
    ran = run("check", write("a.xml", message()), "--config", config)
    assert ran.code == 1
    assert ran.out.startswith("a.xml: 7.7 Policy violation: ")


def test_a_command_without_files_is_wrong_usage(run: Run) -> None:
    ran = run("check")
    assert ran.code == 2
    assert "Missing argument 'FILE...'" in ran.err
