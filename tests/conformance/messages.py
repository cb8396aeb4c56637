"""Messages that cases begin from, and small questions that many of them ask."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from tests import builders as xml
from tests.conformance.bus import House
from tests.flow.peer import Message

__all__ = ["GROUP", "ask_for_groups", "create", "get_groups", "group", "refused", "within_header"]


def group(name: str, *members: str) -> str:
    """A group with this name, and an mRID that is told from it."""
    return xml.group(mrid=f"mrid-{name}", name=name, functions=["connectDisconnect"], members=members, version="1.0.0")


GROUP = group("GA", "D1", "D2")
"""What most cases create."""


def create(*groups: str, message_id: str = "m1", **fields: object) -> bytes:
    """A create of *groups*, else of `GROUP`."""
    return xml.generic(
        "create", "DERGroups", payload=xml.der_groups(*(groups or (GROUP,))), message_id=message_id, **fields
    )


def get_groups(*names: str, message_id: str | None = None, **fields: object) -> bytes:
    """A get of the groups with *names*, else of all."""
    query = xml.der_group_queries(*(xml.group(name=name) for name in names) if names else (xml.group(),))
    return xml.generic("get", "DERGroups", request=query, message_id=message_id or str(uuid4()), **fields)


def ask_for_groups(house: House) -> dict[str | None, list[str]]:
    """The members of each group that there is, by its name."""
    reply = house.dms.ask(get_groups())
    assert reply.result == "OK"
    return {each.name: each.members for each in reply.groups}


def within_header(body: bytes, before: str, more: str) -> bytes:
    """*body* with *more* in its Header, before the element *before*."""
    tag = f"<{before}>".encode()
    assert body.count(tag) == 1
    return body.replace(tag, more.encode() + tag)


def refused(house: House, body: bytes, code: str, *, noun: str = "DERGroups", correlation_id: str = "m1") -> Message:
    """The reply that refuses *body* with *code*, found right in all that every refusal has; nothing was done."""
    before = ask_for_groups(house)
    reply = house.dms.ask(body)

    assert reply.kind == "ResponseMessage"
    header = {name: reply.text("Header", name) or "" for name in ("Verb", "Noun", "CorrelationID")}
    assert header == {"Verb": "reply", "Noun": noun, "CorrelationID": correlation_id}
    assert reply.text("Header", "MessageID") not in {None, "m1", correlation_id}
    assert (reply.result, reply.codes[0]) == ("FAILED", code)
    assert all(error.level and error.reason and error.details for error in reply.errors)
    assert not _payload_of(reply)
    assert ask_for_groups(house) == before
    return reply


def _payload_of(reply: Message) -> Sequence[object]:
    return [each for each in reply.root if each.tag.rpartition("}")[2] == "Payload"]
