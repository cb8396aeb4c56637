"""DERGroupStatusQueries: generated classes to values of the domain and back."""

from __future__ import annotations

from typing import Final

from dermsbus.domain.model import GroupReference
from dermsbus.messages.envelope import DERGroupStatusQueries
from dermsbus.messages.names import NameWriter, read_names
from dermsbus_generated import der_group_status_queries as wire

__all__ = ["from_wire", "to_wire"]

_NAMES: Final = NameWriter(name=wire.Name, name_type=wire.NameType, authority=wire.NameTypeAuthority)


def from_wire(message: wire.DERGroupStatusQueries) -> DERGroupStatusQueries:
    """The references of a query."""
    return DERGroupStatusQueries(
        references=tuple(
            GroupReference(mrid=group.mrid, names=read_names(group.names)) for group in message.end_device_group
        )
    )


def to_wire(content: DERGroupStatusQueries) -> wire.DERGroupStatusQueries:
    """The query of references."""
    return wire.DERGroupStatusQueries(
        end_device_group=tuple(
            wire.EndDeviceGroup(mrid=reference.mrid, names=_NAMES.write(reference.names))
            for reference in content.references
        )
    )
