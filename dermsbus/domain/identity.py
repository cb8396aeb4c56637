"""How groups and devices are told apart: by mRID, else by the text of their names.

An mRID is opaque and compared exactly; a blank one counts as missing, a blank name likewise. Of a `Name` only the text
identifies: peers state a NameType in one message and leave it out of the next, so it is kept and sent on, but never
compared.

Source: decisions 8, 16 and 24 on open questions in the project's reference tables; that the text alone identifies is a
house choice, ADR 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import Final

from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference, Name, Version
from dermsbus.errors import IDKind, ObjectID

__all__ = ["NameIndex", "device_id", "group_id", "merged_names", "name_texts", "quoted", "stated", "stated_reference"]

_LONGEST_QUOTE: Final = 64
_NOTHING: Final[frozenset[str]] = frozenset()


def quoted(text: str) -> str:
    """*text* in quotes for an error's details: control characters escaped, cut after 64 characters."""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…")


def name_texts(names: Iterable[Name]) -> tuple[str, ...]:
    """The texts of *names*, each once, in their order."""
    return tuple(dict.fromkeys(name.name for name in names))


def group_id(subject: EndDeviceGroup | GroupReference) -> ObjectID | None:
    """The group as its requester named it: by mRID if stated, else by the first name; None if by neither."""
    return _object_id(subject.mrid, subject.names, "DERGroup")


def device_id(device: EndDevice) -> ObjectID | None:
    """The device as its requester named it: by mRID if stated, else by the first name; None if by neither."""
    return _object_id(device.mrid, device.names, "EndDevice")


def _object_id(mrid: str | None, names: tuple[Name, ...], object_type: str) -> ObjectID | None:
    if mrid is not None:
        return ObjectID(value=mrid, kind=IDKind.UUID, object_type=object_type)
    if names:
        return ObjectID(value=names[0].name, kind=IDKind.NAME, object_type=object_type)
    return None


def stated(group: EndDeviceGroup) -> EndDeviceGroup:
    """*group* with what is blank left out: blank mRIDs, blank names, a version that says nothing."""
    return replace(
        group,
        mrid=_filled(group.mrid),
        names=_filled_names(group.names),
        end_devices=tuple(map(_stated_device, group.end_devices)),
        version=None if group.version == Version() else group.version,
    )


def stated_reference(reference: GroupReference | EndDeviceGroup) -> GroupReference:
    """How *reference* points at a group, with what is blank left out."""
    return GroupReference(mrid=_filled(reference.mrid), names=_filled_names(reference.names))


def _stated_device(device: EndDevice) -> EndDevice:
    mrid, names = _filled(device.mrid), _filled_names(device.names)
    if mrid is device.mrid and names is device.names:
        return device
    return EndDevice(mrid=mrid, names=names)


def _filled(text: str | None) -> str | None:
    return text if text and not text.isspace() else None


def _filled_names(names: tuple[Name, ...]) -> tuple[Name, ...]:
    if all(map(_filled, (name.name for name in names))):
        return names
    return tuple(name for name in names if _filled(name.name))


def merged_names(present: tuple[Name, ...], listed: tuple[Name, ...]) -> tuple[Name, ...]:
    """*present* with the *listed* names added; none is lost, and none is there twice.

    A listed name without a NameType says nothing new of a text that is there. One with a NameType takes the place of
    the same text of the same type, or of the bare text.

    Source: house choice, ADR 4.
    """
    merged: list[Name] = []
    places: defaultdict[str, dict[tuple[str, str | None] | None, int]] = defaultdict(dict)
    for name in chain(present, listed):
        known = places[name.name]
        key = _type_key(name)
        if key is None and known:
            continue
        if key not in known:
            known[key] = known.pop(None, len(merged))  # where the bare text stands, else at the end
        merged[known[key] : known[key] + 1] = [name]
    return tuple(merged)


def _type_key(name: Name) -> tuple[str, str | None] | None:
    if name.name_type is None:
        return None
    authority = name.name_type.authority
    return name.name_type.name, authority.name if authority else None


class NameIndex:
    """Which groups bear a name: its text to their mRIDs.

    Args:
        below: an index to look through to; what is moved here does not touch it.
    """

    def __init__(self, below: NameIndex | None = None) -> None:
        self._below = below
        self._bearers: dict[str, frozenset[str]] = {}

    def bearers(self, text: str) -> frozenset[str]:
        """The mRIDs of the groups with a name of this text."""
        own = self._bearers.get(text)
        if own is not None:
            return own
        return self._below.bearers(text) if self._below else _NOTHING

    def move(self, mrid: str, before: Iterable[Name], after: Iterable[Name]) -> None:
        """Take down that group *mrid* bears the names *after*, and no more those of *before*."""
        old, new = {name.name for name in before}, {name.name for name in after}
        for text in old - new:
            self._keep(text, self.bearers(text) - {mrid})
        for text in new - old:
            self._keep(text, self.bearers(text) | {mrid})

    def _keep(self, text: str, bearers: frozenset[str]) -> None:
        if bearers or self._below:
            self._bearers[text] = bearers
        else:
            self._bearers.pop(text, None)
