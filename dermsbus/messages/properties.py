"""What of an envelope also travels as message properties, for routing and filtering on the bus.

The body's header is the truth; a property that says otherwise is a sign of tampering or of a broken bridge.

Source: header mapping table of the project's reference tables; the ``CIM_`` prefix is a house choice there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dermsbus.errors import SchemaViolation, Violation
from dermsbus.messages.envelope import Archetype, Envelope

__all__ = ["check_properties", "kind_of", "properties_of"]

_EDITION: Final = "2013"
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MENDED: Final = MappingProxyType(
    {"verb-spelling": "CIM_Verb", "noun-spelling": "CIM_Noun", "free-text-noun": "CIM_Noun"}
)
_LONGEST_VALUE: Final = 1024  # beyond, brokers refuse the frame; the body has it
_COMPARED: Final = ("CIM_Verb", "CIM_Noun", "CIM_MessageID", "CIM_Context")


def properties_of(envelope: Envelope) -> dict[str, str]:
    """The ``CIM_…`` properties of a message, and a ``CIMP_…`` one for each header Property whose name allows it.

    Values of more than 1 024 characters stay in the body alone.
    """
    header, reply = envelope.header, envelope.reply
    values: dict[str, str | None] = {"CIM_Kind": envelope.archetype.value, "CIM_Edition": _EDITION}
    if reply is not None:
        values["CIM_Result"] = reply.result.value
    if header is not None:
        values |= {
            "CIM_Verb": header.verb.value,
            "CIM_Noun": header.noun,
            "CIM_MessageID": header.message_id,
            "CIM_Context": header.context,
            "CIM_Revision": header.revision,
            "CIM_Source": header.source,
            "CIM_Org": header.user.organization if header.user else None,
            "CIM_ReplyAddress": header.reply_address,
        }
        values |= {f"CIMP_{each.name}": each.value for each in header.properties if _IDENTIFIER.fullmatch(each.name)}
    return {name: value for name, value in values.items() if value and len(value) <= _LONGEST_VALUE}


def kind_of(envelope: Envelope) -> str:
    """The JMSType, ``verb.Noun``; ``fault`` for a fault, which has neither."""
    header = envelope.header
    return f"{header.verb}.{header.noun}" if header else Archetype.FAULT.value


def check_properties(envelope: Envelope, properties: Mapping[str, str]) -> None:
    """Return if the properties of the transport do not contradict the header.

    Raises:
        SchemaViolation: one does; code 1.8.
    """
    own = properties_of(envelope)
    mended = {_MENDED[repair.name] for repair in envelope.repairs if repair.name in _MENDED}
    for name in _COMPARED:
        if name in mended:
            continue  # the property says what the header said before it was mended
        given = properties.get(name)
        if given is not None and name in own and given != own[name]:
            details = (
                f"property {name} of the transport is {given[:64]!r}, the message's header has {own[name][:64]!r}: "
                "one of them was changed on the way"
            )
            raise SchemaViolation(Violation(rule="TRANSPORT-MISMATCH", details=details))
