"""``dermsbus listen`` and ``dermsbus send`` against a DERMS on a real STOMP connection."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., object]
Start = Callable[..., subprocess.Popen[str]]

CREATED = """<EventMessage xmlns="http://iec.ch/TC57/2011/schema/message">
<Header><Verb>created</Verb><Noun>DERGroups</Noun><Source>dms1</Source>{ack}<MessageID>e1</MessageID></Header>
<Payload><DERGroups xmlns="http://iec.ch/TC57/2017/DERGroups#"><EndDeviceGroup><mRID>G-9</mRID><DERFunction>
<connectDisconnect>true</connectDisconnect><frequencyWattCurveFunction>false</frequencyWattCurveFunction>
<maxRealPowerLimiting>false</maxRealPowerLimiting><rampRateControl>false</rampRateControl>
<reactivePowerDispatch>false</reactivePowerDispatch><realPowerDispatch>true</realPowerDispatch>
<voltageRegulation>false</voltageRegulation><voltVarCurveFunction>false</voltVarCurveFunction>
<voltWattCurveFunction>false</voltWattCurveFunction></DERFunction><Names><name>told</name></Names></EndDeviceGroup>
</DERGroups></Payload></EventMessage>"""

DELETE = """<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message">
<Header><Verb>delete</Verb><Noun>DERGroups</Noun><MessageID>m1</MessageID></Header>
<Payload><DERGroups xmlns="http://iec.ch/TC57/2017/DERGroups#">
<EndDeviceGroup><mRID>G-7</mRID></EndDeviceGroup></DERGroups></Payload></RequestMessage>"""


def listening(start: Start, *arguments: str) -> subprocess.Popen[str]:
    listener = start("listen", *arguments)
    assert listener.stderr is not None
    assert listener.stderr.readline().startswith("listening to cim.production.evt.")
    return listener


def test_events_are_plain_lines_in_a_pipe(run: Run, start: Start, derms: str) -> None:
    listener = listening(start, "--bus", derms, "--count", "3")
    run("groups", "create", "feeder7", "-m", "DEV-1", "--bus", derms)
    run("groups", "remove-member", "feeder7", "DEV-1", "--bus", derms)
    run("groups", "delete", "feeder7", "--bus", derms)
    out, err = listener.communicate(timeout=20)
    assert [line.split(maxsplit=1)[1] for line in out.splitlines()] == [
        "derms1 created DERGroups feeder7 [DEV-1]",
        "derms1 executed OperationSet deleted feeder7 [DEV-1]",
        "derms1 deleted DERGroups feeder7",
    ]
    assert (listener.returncode, err) == (0, "")


def test_events_are_json_lines_on_request_and_can_be_filtered(run: Run, start: Start, derms: str) -> None:
    listener = listening(start, "--bus", derms, "--json", "--count", "1", "--verb", "deleted", "--from", "derms1")
    run("groups", "create", "feeder7", "--mrid", "G-7", "--bus", derms)
    run("groups", "delete", "feeder7", "--bus", derms)
    out, _ = listener.communicate(timeout=20)
    event = json.loads(out)
    assert (event["verb"], event["noun"], event["source"]) == ("deleted", "DERGroups", "derms1")
    assert event["groups"][0]["mRID"] == "G-7"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_listening_cleanly(start: Start, derms: str, how: signal.Signals) -> None:
    listener = listening(start, "--bus", derms)
    listener.send_signal(how)
    out, err = listener.communicate(timeout=20)
    assert (listener.returncode, out, err) == (130, "", "")


def test_a_reader_that_goes_away_ends_listening_without_a_traceback(run: Run, start: Start, derms: str) -> None:
    listener = listening(start, "--bus", derms)
    assert listener.stdout is not None
    listener.stdout.close()
    run("groups", "create", "feeder7", "--bus", derms)
    assert listener.wait(timeout=20) == 1
    assert listener.stderr is not None
    assert "Traceback" not in listener.stderr.read()


def test_a_pattern_that_cannot_be_a_topic_is_wrong_usage(run: Run) -> None:
    ran = run("listen", "--verb", "Created!")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "'Created!' cannot be part of a destination" in ran.err


def test_send_prints_the_reply_as_it_came(run: Run, derms: str) -> None:
    run("groups", "create", "feeder7", "--mrid", "G-7", "--bus", derms)
    Path("m.xml").write_text(DELETE, encoding="utf-8")
    sent = run("send", "m.xml", "--bus", derms)
    assert (sent.code, sent.err) == (0, "")
    assert sent.out.startswith("<?xml")
    assert "<Result>OK</Result>" in sent.out
    assert "<CorrelationID>m1</CorrelationID>" in sent.out
    Path("again.xml").write_text(DELETE.replace("m1", "m2"), encoding="utf-8")
    refused = run("send", "again.xml", "--bus", derms)
    assert refused.code == 1
    assert "<Result>FAILED</Result>" in refused.out
    assert refused.err.startswith("error: 99.1 ")


def test_send_takes_standard_input_and_what_is_no_message_at_all(start: Start, derms: str) -> None:
    process = start("send", "-", "--bus", derms)
    out, err = process.communicate("abcd", timeout=20)
    assert process.returncode == 1
    assert "FaultMessage" in out
    assert err.startswith("error: 1.8 ")


def test_send_as_json_has_the_outcome_and_the_reply(run: Run, derms: str) -> None:
    Path("m.xml").write_text(DELETE, encoding="utf-8")
    sent = run("send", "m.xml", "--json", "--bus", derms)
    answer = json.loads(sent.out)
    assert (sent.code, answer["result"], answer["errors"][0]["code"]) == (1, "FAILED", "99.1")
    assert answer["body"].startswith("<?xml")


def test_an_event_is_sent_to_its_topic_and_gets_no_reply(run: Run, start: Start, derms: str) -> None:
    listener = listening(start, "--bus", derms, "--from", "dms1", "--count", "1")
    Path("e.xml").write_text(CREATED.format(ack=""), encoding="utf-8")
    sent = run("send", "e.xml", "--bus", derms)
    assert (sent.code, sent.out) == (0, "sent; an event gets no reply\n")
    out, _ = listener.communicate(timeout=20)
    assert out == "- dms1 created DERGroups told\n"


def test_an_event_that_asks_for_it_is_acknowledged(run: Run, derms: str) -> None:
    Path("e.xml").write_text(CREATED.format(ack="<AckRequired>true</AckRequired>"), encoding="utf-8")
    sent = run("send", "e.xml", "--bus", derms)
    assert sent.code == 0
    assert "<code>0.3</code>" in sent.out
    assert run("groups", "list", "--bus", derms).out.startswith("G-9\ttold\t"), "and adopted"


def test_send_of_a_file_that_is_not_there_is_one_line(run: Run) -> None:
    sent = run("send", "none.xml")
    assert (sent.code, sent.out, sent.err) == (1, "", "error: none.xml cannot be read: No such file or directory\n")
