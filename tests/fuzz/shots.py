"""One message as it is thrown at dermsbus: bytes, and what a broker says of them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from dermsbus.transports.base import Delivery, ReplyTo
from tests.fuzz.derms import REQUESTS
from tests.fuzz.values import other_value

__all__ = ["Shot", "load", "renumbered", "save", "shot_of"]

_REPLY_TO: Final = "/temp-queue/dms1-reply"
_MESSAGE_ID: Final = re.compile(rb"(<(?:\w+:)?MessageID>)[^<]*(</)")
_PROPERTIES: Final = (
    *("CIM_Verb", "CIM_Noun", "CIM_MessageID", "CIM_Context", "CIM_Kind", "CIM_Source", "CIM_Replays"),
    *("CIMP_p", "JMSXGroupID", "x", "", "content-type"),
)
_MOMENTS: Final = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """One message and what travels beside it; see `Delivery`."""

    body: bytes
    is_text: bool = False
    reply_to: str | None = _REPLY_TO
    correlation_id: str | None = "c-1"
    transport_id: str | None = "t-1"
    redelivered: bool = False
    expires_at: datetime | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def delivery(self) -> Delivery:
        """As a transport hands it over."""
        return Delivery(
            body=self.body,
            is_text=self.is_text,
            destination=REQUESTS,
            address=f"/queue/{REQUESTS.name}",
            reply_to=None if self.reply_to is None else ReplyTo(self.reply_to),
            correlation_id=self.correlation_id,
            transport_id=self.transport_id,
            redelivered=self.redelivered,
            expires_at=self.expires_at,
            properties=self.properties,
        )


def renumbered(body: bytes, number: int) -> bytes:
    """*body* with a MessageID that no other message of this run has."""
    return _MESSAGE_ID.sub(rb"\g<1>f-%d\g<2>" % number, body, count=1)


def shot_of(body: bytes, chance: Random) -> Shot:
    """*body* with whatever may be said of it on the way."""
    shot = Shot(body=body, is_text=chance.random() < 0.3)
    if chance.random() < 0.7:
        return shot
    odd = chance.choice(("reply-to", "correlation", "transport", "again", "expiry", "property", "property"))
    match odd:
        case "reply-to":
            return replace(
                shot,
                reply_to=chance.choice((None, None, "", "cim.production.rep.dms1", "queue://x", "a\nb", "x" * 300)),
            )
        case "correlation":
            return replace(shot, correlation_id=other_value("ID", "c-1", chance))
        case "transport":
            return replace(
                shot, correlation_id=None, transport_id=chance.choice((None, "", other_value("ID", "t-1", chance)))
            )
        case "again":
            return replace(shot, redelivered=True)
        case "expiry":
            return replace(shot, expires_at=chance.choice(_MOMENTS))
        case _:
            name = chance.choice(_PROPERTIES)
            return replace(shot, properties={name: other_value(name.removeprefix("CIM_"), "create", chance)})


# -- on disk -----------------------------------------------------------------------------------------------------------


def save(shots: Iterable[Shot], path: Path, *, finding: str) -> None:
    """Write *shots*, in their order, with what was found; the last of them is the one that it was found with."""
    rows = [
        asdict(shot)
        | {
            "body": base64.b64encode(shot.body).decode(),
            "readable": shot.body[:2_000].decode("utf-8", "backslashreplace"),
            "expires_at": shot.expires_at and shot.expires_at.isoformat(),
            "properties": dict(shot.properties),
        }
        for shot in shots
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"finding": finding, "shots": rows}, indent=1), encoding="ascii")


def load(path: Path) -> tuple[Shot, ...]:
    """What was saved."""
    rows = json.loads(path.read_text(encoding="ascii"))["shots"]
    for row in rows:
        del row["readable"]
        row["body"] = base64.b64decode(row["body"])
        row["expires_at"] = row["expires_at"] and datetime.fromisoformat(row["expires_at"])
    return tuple(Shot(**row) for row in rows)
