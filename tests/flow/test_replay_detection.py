"""A message that somebody else took down and sends again is refused, and one that comes twice by itself is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.settings import Settings
from dermsbus.store.sqlite import SqliteStore
from tests import builders as xml

GROUP = xml.group(mrid="G-A", name="GA", functions=["connectDisconnect"], version="1.0.0")
REQUIRED = {"replay_detection": "required"}


def now() -> datetime:
    return datetime.now(UTC)


def detection(nonce: str | None = None, created: datetime | None = None) -> bytes:
    at = (created or now()).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<ReplayDetection><Nonce>{nonce or uuid4().hex}</Nonce><Created>{at}</Created></ReplayDetection>".encode()


def request(verb: str, replay: bytes = b"", message_id: str = "m1", user: str | None = None, **fields: Any) -> bytes:
    """A request about group GA, or a get of all groups."""
    content = {"request": xml.der_group_queries(xml.group())} if verb == "get" else {"payload": xml.der_groups(GROUP)}
    body = xml.generic(verb, "DERGroups", message_id=message_id, **content, **fields)
    if user:
        body = body.replace(b"<MessageID>", f"<User><UserID>{user}</UserID></User><MessageID>".encode())
    after = b"<Context>" if b"<Context>" in body else b"<Timestamp>"
    return body.replace(after, replay + after)


def get_names(house: Any) -> list[str | None]:
    return house.dms.ask(request("get", message_id=str(uuid4()))).group_names


@pytest.mark.parametrize("created", [timedelta(minutes=-4), timedelta(seconds=20), timedelta()])
def test_h01_inside_the_window_it_is_carried_out(house: Any, created: timedelta) -> None:
    assert house.dms.ask(request("create", detection(created=now() + created))).result == "OK"


def test_h01_six_minutes_old_it_is_stale(house: Any) -> None:
    reply = house.dms.ask(request("create", detection(created=now() - timedelta(minutes=6))))

    assert (reply.result, reply.codes) == ("FAILED", ["7.7"])
    assert "stale: Created is 360 s ago" in (reply.errors[0].details or "")
    assert get_names(house) == []


def test_h02_two_minutes_ahead_it_is_refused(house: Any) -> None:
    reply = house.dms.ask(request("create", detection(created=now() + timedelta(minutes=2))))

    assert (reply.result, reply.codes) == ("FAILED", ["7.7"])
    assert get_names(house) == []


def test_h03_a_number_that_was_used_is_refused_whatever_it_comes_with(house: Any) -> None:
    assert house.dms.ask(request("create", detection("n1"))).result == "OK"

    reply = house.dms.ask(request("delete", detection("n1"), "m2"))

    assert (reply.result, reply.codes) == ("FAILED", ["7.7"])
    assert "Nonce was used before" in (reply.errors[0].details or "")
    assert get_names(house) == ["GA"]


def test_h03_also_when_both_come_together(house: Any) -> None:
    for index in range(20):
        house.dms.send(request("create" if index % 2 == 0 else "delete", detection("n1"), f"m{index}"))

    assert get_names(house) == ["GA"]


def test_h03_numbers_of_others_are_no_business_of_ours(house: Any) -> None:
    assert house.dms.ask(request("create", detection("n1"))).result == "OK"
    assert house.dms.ask(request("delete", detection("n1"), "m2", source="ems1")).result == "OK"
    assert house.dms.ask(request("create", detection("n1"), "m3", user="ada")).result == "OK"
    assert house.dms.ask(request("delete", detection("n1"), "m4", user="ada", source="ems1")).codes == ["7.7"]


def test_h03_what_was_refused_has_used_no_number(house: Any) -> None:
    replay = detection("n1")
    assert house.dms.ask(request("create", replay, context="TESTING")).codes == ["7.7"]

    assert house.dms.ask(request("create", replay)).result == "OK"


def test_h03_events_are_looked_at_too(house: Any) -> None:
    event = {"root": "EventMessage", "source": "derms2", "ack_required": True}
    assert house.dms.ask(request("created", detection("n1"), **event)).codes == ["0.3"]

    assert house.dms.ask(request("deleted", detection("n1"), "m2", **event)).codes == ["7.7"]
    assert get_names(house) == ["GA"]


def test_h04_the_same_message_once_more_gets_its_reply_once_more(house: Any) -> None:
    body = request("create", detection("n1"))
    first = house.dms.ask(body)

    again = house.dms.ask(body)

    assert (again.result, again.delivery.body) == ("OK", first.delivery.body)


def test_h04_the_same_question_once_more_is_answered_once_more(house: Any) -> None:
    body = request("get", detection("n1"))

    assert [house.dms.ask(body).result for _ in range(3)] == ["OK", "OK", "OK"]
    assert house.dms.ask(request("get", detection("n1"), "m2")).codes == ["7.7"]


def test_h05_without_it_a_command_is_refused_where_it_is_required(build: Callable[..., Any]) -> None:
    house = build(behaviour=REQUIRED)

    reply = house.dms.ask(request("create"))

    assert (reply.result, reply.codes) == ("FAILED", ["7.3"])
    assert get_names(house) == [], "and a get needs none"
    assert house.dms.ask(request("create", detection())).result == "OK"


def test_h05_by_default_it_may_be_missing(house: Any) -> None:
    assert house.dms.ask(request("create")).result == "OK"


def test_h05_where_peers_send_the_same_file_again_it_is_passed_over(build: Callable[..., Any]) -> None:
    house = build(BEHAVIOURS["epri"])
    old = detection("n1", now() - timedelta(days=400))

    assert house.dms.ask(request("create", old)).result == "OK"
    assert house.dms.ask(request("delete", old, "m2")).result == "OK"


def test_h06_a_number_is_remembered_over_a_restart(build: Callable[..., Any], tmp_path: Path) -> None:
    first = build(store=SqliteStore(tmp_path / "derms.db"))
    assert first.dms.ask(request("create", detection("n1"))).result == "OK"
    first.derms.stop()

    second = build(store=SqliteStore(tmp_path / "derms.db"))

    assert second.dms.ask(request("delete", detection("n1"), "m2")).codes == ["7.7"]
    assert get_names(second) == ["GA"]


def test_where_no_more_numbers_can_be_remembered_nothing_that_bears_one_is_done(build: Callable[..., Any]) -> None:
    later = timedelta()
    house = build(replay={"nonces": 100}, now=lambda: now() + later)
    for number in range(100):
        assert house.dms.ask(request("get", detection(f"n{number}"), f"m{number}")).result == "OK"

    reply = house.dms.ask(request("create", detection()))
    assert (reply.result, reply.codes, reply.errors[0].level) == ("FAILED", ["5.1"], "WARNING")
    assert get_names(house) == []

    later = timedelta(minutes=11)
    assert house.dms.ask(request("create", detection(created=now() + later))).result == "OK"


def test_the_window_is_the_operators(build: Callable[..., Any]) -> None:
    house = build(replay={"oldest_s": 1000, "ahead_s": 500})

    assert house.dms.ask(request("create", detection(created=now() - timedelta(seconds=900)))).result == "OK"
    assert house.dms.ask(request("delete", detection(created=now() + timedelta(seconds=450)), "m2")).result == "OK"


@pytest.mark.parametrize("profile", ["epri", "gridappsd"])
def test_profiles_of_peers_that_send_files_do_not_look_for_replays(profile: str) -> None:
    assert Settings.model_validate({"profile": profile}).behaviour.replay_detection.value == "off"
