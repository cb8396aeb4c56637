"""``dermsbus check``: a line for each file, and a status that a script can use."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dermsbus.domain.model import EndDeviceGroup, Name
from dermsbus.domain.registry import GroupChange
from dermsbus.store.base import Commit
from dermsbus.store.sqlite import SqliteStore

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


PEERS = '[peers.opendms]\ntolerance = "tolerant"\n'


def test_a_message_is_judged_as_its_sender_is_met(run: Run, write: Write) -> None:
    config = write("derms.toml", PEERS)
    loose = message("Delete").replace("<MessageID>", "<Source>opendms</Source><MessageID>")
    ran = run("check", write("a.xml", loose), write("b.xml", message("Delete")), "--config", config)
    assert ran.code == 1
    first, second = ran.out.splitlines()
    assert first.startswith("a.xml: ok delete DERGroups; mended verb-spelling: ")
    assert second.startswith("b.xml:3: 1.8 ")


def test_it_can_be_asked_how_another_peers_message_would_be_met(run: Run, write: Write) -> None:
    config, name = write("derms.toml", PEERS), write("a.xml", message("Delete"))
    assert run("check", name, "--config", config, "--peer", "opendms").code == 0
    assert run("check", name, "--config", config, "--peer", "dms1").code == 1
    assert run("check", name, "--config", config, "--peer", "opendms", "--tolerance", "strict").code == 1
    assert run("check", name, "--config", config, "--peer", "dms1", "--tolerance", "tolerant").code == 0


def test_a_tolerance_that_is_asked_for_holds_for_all_peers(run: Run, write: Write) -> None:
    config = write("derms.toml", PEERS)
    loose = message("Delete").replace("<MessageID>", "<Source>opendms</Source><MessageID>")
    assert run("check", write("a.xml", loose), "--config", config, "--tolerance", "strict").code == 1


def test_an_operation_that_breaks_its_schema_is_told_by_its_id(run: Run, write: Write) -> None:
    operation = (
        "<OperationSet><Operation><operationId>7</operationId><noun>DERGroups</noun><verb>delete</verb>"
        '<DERGroups xmlns="http://iec.ch/TC57/2017/DERGroups#"><EndDeviceGroup><colour/></EndDeviceGroup></DERGroups>'
        "</Operation></OperationSet>"
    )
    body = message("execute").replace("<Noun>DERGroups", "<Noun>OperationSet")
    start, end = body.index("<DERGroups "), body.index("</Payload>")
    ran = run("check", write("a.xml", body[:start] + operation + body[end:]))
    assert ran.code == 1
    assert "1.8" in ran.out
    assert "colour" in ran.out


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


# -- against a store -------------------------------------------------------------------------------------------------


def stored(path: Path) -> None:
    """A store with the group G-A in it."""
    group = EndDeviceGroup(mrid="G-A", names=(Name(name="GA"),))
    store = SqliteStore(path)
    store.commit(Commit(groups=(GroupChange(before=None, after=group),)))
    store.close()


def test_against_a_store_a_message_is_judged_as_the_derms_with_that_store_would(
    run: Run, write: Write, tmp_path: Path
) -> None:
    stored(tmp_path / "derms.db")
    name = write("a.xml", message())
    before = (tmp_path / "derms.db").read_bytes()

    assert run("check", name, name, "--store", "derms.db").out == "a.xml: ok delete DERGroups\n" * 2
    empty = run("check", name, "--store", ":memory:")
    assert empty.code == 1
    assert empty.out.startswith("a.xml: 99.1 DERGroup does not exist: ")
    assert (tmp_path / "derms.db").read_bytes() == before


def test_a_store_in_use_can_be_judged_against(run: Run, write: Write, tmp_path: Path) -> None:
    stored(tmp_path / "derms.db")
    store = SqliteStore(tmp_path / "derms.db")
    try:
        assert run("check", write("a.xml", message()), "--store", "derms.db").code == 0
    finally:
        store.close()


def test_a_store_that_is_not_there_or_is_none_is_told(run: Run, write: Write) -> None:
    name = write("a.xml", message())
    ran = run("check", name, "--store", "none.db")
    assert (ran.code, ran.out) == (1, "")
    assert "none.db: there is no such store" in ran.err
    assert run("check", name, "--store", write("text.db", "text, and no database" * 100)).code == 1


def test_json_tells_which_object_the_derms_would_refuse(run: Run, write: Write) -> None:
    ran = run("check", "--json", write("a.xml", message()), "--store", ":memory:")
    said = json.loads(ran.out)
    assert (said["ok"], said["verb"], said["code"]) == (False, "delete", "99.1")
    assert said["errors"][0]["object"] == "G-A"


def test_a_property_of_the_transport_is_held_against_the_header(run: Run, write: Write) -> None:
    name = write("a.xml", message())
    for store in ([], ["--store", ":memory:"]):
        ran = run("check", name, "--property", "CIM_Verb=create", *store)
        assert ran.code == 1
        assert "CIM_Verb" in ran.out
    assert run("check", name, "--property", "CIM_Verb=delete").code == 0
    assert run("check", name, "--property", "CIM_Verb").code == 2
