"""How a person names a group on the command line."""

from __future__ import annotations

from uuid import UUID

from dermsbus.domain.model import GroupReference, Name

__all__ = ["group_reference"]


def group_reference(text: str) -> GroupReference:
    """The group that *text* names: ``mrid:TEXT`` or ``name:TEXT``, else a UUID is an mRID and all else a name."""
    kind, separator, rest = text.partition(":")
    if separator and kind == "mrid":
        return GroupReference(mrid=rest)
    if separator and kind == "name":
        return GroupReference(names=(Name(name=rest),))
    return GroupReference(mrid=text) if _is_uuid(text) else GroupReference(names=(Name(name=text),))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
