"""``--limit`` where lists are shown, and what DMS commands send compressed, on a real STOMP connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Envelope
from tests.scripted_derms import OK, Derms

Run = Callable[..., object]

MORE = "there is more than was asked for"


@pytest.fixture
def three(run: Run, derms: str) -> str:
    """The URL of a broker on which a DERMS serves that has three groups."""
    for name in ("feeder7", "feeder8", "feeder9"):
        assert run("groups", "create", name, "--mrid", f"m-{name}", "-f", "all", "--bus", derms).code == 0
    return derms


def test_so_many_groups_are_shown_and_that_there_are_more(run: Run, three: str) -> None:
    some = run("groups", "list", "--limit", "2", "--bus", three)
    assert (some.code, [line.split("\t")[0] for line in some.out.splitlines()]) == (0, ["m-feeder7", "m-feeder8"])
    assert MORE in some.err

    everything = run("groups", "list", "--limit", "3", "--bus", three)
    assert (everything.code, len(everything.out.splitlines()), everything.err) == (0, 3, "")


def test_json_has_the_cursor_where_there_is_more(run: Run, three: str) -> None:
    some = run("groups", "list", "--limit", "2", "--json", "--bus", three)
    told = json.loads(some.out)
    assert (len(told["groups"]), bool(told["cursor"]), some.err) == (2, True, "")

    assert "cursor" not in json.loads(run("groups", "list", "--json", "--bus", three).out)


def test_so_many_statuses_are_shown(run: Run, three: str) -> None:
    ran = run("status", "--limit", "1", "--bus", three)
    assert len(ran.out.splitlines()) == 1
    assert MORE in ran.err


def test_so_many_capabilities_are_shown(run: Run, three: str) -> None:
    ran = run("capabilities", "--limit", "2", "--bus", three)
    assert {line.split("\t")[0] for line in ran.out.splitlines()} == {"feeder7", "feeder8"}
    assert MORE in ran.err


@pytest.mark.parametrize("command", [("forecast", "feeder7"), ("dispatches",), ("status",), ("groups", "list")])
def test_the_limit_is_asked_for_on_the_wire(run: Run, bus: str, scripted: Derms, command: tuple[str, ...]) -> None:
    with scripted.answering(lambda _: (OK, None)) as came:
        assert run(*command, "--limit", "5", "--bus", bus).code == 0
    (request,) = came
    assert request.request is not None
    assert [(each.name, each.value) for each in request.request.options] == [("dermsbus.limit", "5")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("groups", "list", "--limit", "0"), "--limit"),
        (("groups", "list", "--limit", "many"), "--limit"),
        (("status", "--watch", "--limit", "1"), "either --limit or --watch"),
    ],
)
def test_a_limit_that_makes_no_sense_is_wrong_usage(run: Run, arguments: tuple[str, ...], says: str) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_what_was_mended_of_a_reply_stands_in_the_json(run: Run, bus: str, scripted: Derms) -> None:

    def say(request: Envelope) -> bytes:
        return Codec().encode(scripted.author.reply(replace(request.outline, correlation_id="random"), OK))

    with scripted.answering_with(say):
        ran = run("groups", "list", "--json", "--bus", bus)
    assert [repair["name"] for repair in json.loads(ran.out)["repairs"]] == ["reply-correlation"]


def test_large_payloads_go_out_compressed_if_the_settings_say_so(
    run: Run, bus: str, scripted: Derms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for threshold, is_compressed in (("0", False), ("100", True)):
        monkeypatch.setenv("DERMSBUS_DMS__COMPRESS_ABOVE_BYTES", threshold)
        with ThreadPoolExecutor(1) as pool:
            answering = pool.submit(scripted.answer)
            assert run("groups", "create", "feeder7", "--bus", bus).code == 0
            delivery, request = answering.result(10)
        assert request.payload is not None
        assert (b"Compressed" in delivery.body) is is_compressed
