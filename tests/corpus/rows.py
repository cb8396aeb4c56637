"""What a row of the corpus is, and the good messages that bad ones are made of."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tests import builders as xml
from tests.clock import stamp

__all__ = [
    "ALL_FUNCTIONS",
    "Answer",
    "Row",
    "State",
    "bad",
    "batteries",
    "changed",
    "compressed",
    "control",
    "dispatch",
    "event",
    "groups",
    "hours",
    "legal",
    "operations",
    "order",
    "packed",
    "with_header",
]

NOW = datetime.now(UTC).replace(microsecond=0)
ALL_FUNCTIONS = ("connectDisconnect", "reactivePowerDispatch", "realPowerDispatch", "voltageRegulation")


class State(StrEnum):
    """The DERMS that a row is sent to; see `tests.corpus.derms`."""

    SERVING = "serving"
    """Groups G-A and G-C, which can be dispatched and switched, G-B, which cannot; an order D-1 of G-A in two hours."""
    TOLERANT = "tolerant"
    """The same, with tolerance."""
    GUARDED = "guarded"
    """The same, and commands need ReplayDetection."""


class Answer(StrEnum):
    """How a sender is told."""

    RESPONSE = "response"
    """By a ResponseMessage in its own terms."""
    FAULT = "fault"
    """By a FaultMessage; the bytes are put aside."""
    NOTHING = "nothing"
    """Not at all; what is bad is put aside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One input.

    Attributes:
        id: short and unique.
        what: what is wrong with it, or worth knowing.
        make: gives its bytes; they are made when they are needed, for some are large.
        code: of the first error that its sender is told; empty for a legal variant.
        rule: of that error, where the message is refused as a whole.
        answer: how its sender is told.
        state: which DERMS it is sent to.
        properties: of the transport.
        does_some: a part of it is carried out, and the code is that of the rest.
        holds: elements in it that its bytes do not show, for they are compressed.
    """

    id: str
    what: str
    make: Callable[[], bytes] = field(repr=False)
    code: str = ""
    rule: str = ""
    answer: Answer = Answer.RESPONSE
    state: State = State.SERVING
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    does_some: bool = False
    holds: int = 0

    @property
    def changes_something(self) -> bool:
        """True if it leaves the DERMS otherwise than it was."""
        return self.is_legal or self.does_some

    @property
    def is_legal(self) -> bool:
        """True if it must be accepted."""
        return not self.code


def bad(
    name: str,
    what: str,
    body: bytes | Callable[[], bytes],
    code: str,
    rule: str = "",
    *,
    answer: Answer = Answer.RESPONSE,
    state: State = State.SERVING,
    properties: Mapping[str, str] | None = None,
    does_some: bool = False,
) -> Row:
    """An input that must be refused with *code*."""
    return Row(
        id=name,
        what=what,
        make=_maker(name, body),
        code=code,
        rule=rule,
        answer=answer,
        state=state,
        properties=properties or {},
        does_some=does_some,
    )


def legal(
    name: str,
    what: str,
    body: bytes | Callable[[], bytes],
    *,
    answer: Answer = Answer.RESPONSE,
    state: State = State.SERVING,
    properties: Mapping[str, str] | None = None,
    holds: int = 0,
) -> Row:
    """An input that looks odd and must be accepted."""
    return Row(
        id=name,
        what=what,
        make=_maker(name, body),
        answer=answer,
        state=state,
        properties=properties or {},
        holds=holds,
    )


def _maker(name: str, body: bytes | Callable[[], bytes]) -> Callable[[], bytes]:
    """Gives *body* with the row's name as its MessageID, so that no row is taken for another one sent again."""

    def make() -> bytes:
        made = body() if callable(body) else body
        return made.replace(b"<MessageID>good</MessageID>", f"<MessageID>{name}</MessageID>".encode(), 1)

    return make


def changed(body: bytes, old: str | bytes, new: str | bytes) -> bytes:
    """*body* with the first *old* replaced by *new*; it has to be there."""
    old, new = (each.encode() if isinstance(each, str) else each for each in (old, new))
    assert old in body, old
    return body.replace(old, new, 1)


def with_header(body: bytes, *elements: str, before: str = "MessageID") -> bytes:
    """*body* with *elements* in its Header, before the one that is named."""
    return changed(body, f"<{before}>", f"{''.join(elements)}<{before}>")


def hours(count: float) -> str:
    """The ``xs:dateTime`` of so many hours from now."""
    return stamp(NOW + timedelta(hours=count))


# -- the good messages -------------------------------------------------------------------------------------------------


def groups(verb: str, *stated: str, **fields: Any) -> bytes:
    """A request about DERGroups."""
    return xml.generic(verb, "DERGroups", payload=xml.der_groups(*stated), message_id="good", **fields)


def order(schedule: str | None = None, *, group: str = "G-A", mrid: str = "D-9", **parameter: Any) -> str:
    """A DERGroupDispatch: 5 kW from G-A for half an hour, an hour from now."""
    schedule = xml.schedule(5, start=hours(1)) if schedule is None else schedule
    return xml.dispatch(xml.parameter(schedule, **parameter), mrid=mrid, group_mrid=group)


def dispatch(*orders: str, verb: str = "create", **fields: Any) -> bytes:
    """A request about DERGroupDispatches."""
    payload = xml.payload("DERGroupDispatches", *orders)
    return xml.generic(verb, "DERGroupDispatches", payload=payload, message_id="good", **fields)


def control(*parts: str, ref: str | None = "2.31.0.23") -> bytes:
    """A request to disconnect what *parts* name."""
    payload = xml.payload("EndDeviceControls", xml.control(ref, *parts))
    return xml.generic("create", "EndDeviceControls", payload=payload, message_id="good")


def event(verb: str, noun: str, payload: str, *, source: str = "derms2", ack: bool = True) -> bytes:
    """What another system tells."""
    return xml.generic(
        verb, noun, root="EventMessage", payload=payload, message_id="good", source=source, ack_required=ack
    )


def operations(*each: str, **options: Any) -> bytes:
    """A request to execute an OperationSet."""
    payload = xml.operation_set(*each, **options)
    return xml.generic("execute", "OperationSet", payload=payload, message_id="good")


def packed(plain: bytes) -> str:
    """The text of a Compressed element."""
    return base64.b64encode(gzip.compress(plain, mtime=0)).decode()


def compressed(text: str, *, verb: str = "create", noun: str = "DERGroups") -> bytes:
    """A request whose payload is a Compressed element with *text*."""
    payload = f"<Compressed>{text}</Compressed><Format>XML</Format>"
    return xml.generic(verb, noun, payload=payload, message_id="good")


def batteries() -> str:
    """The catalogue of devices: B-1 to B-4, of 10 kW each."""
    return "".join(
        f'[[device]]\nmrid = "B-{number}"\nkind = "battery"\nadapter = "simulated"\naddress = "B-{number}"\n'
        "[device.name_plate]\nactive_power_max_w = 10000\nactive_power_charge_max_w = 10000\n"
        "apparent_power_max_va = 12500\nreactive_power_injected_max_var = 7500\n"
        "reactive_power_absorbed_max_var = 7500\nac_voltage_nominal_v = 230\nenergy_capacity_wh = 10000000\n"
        for number in range(1, 5)
    )
