"""How a person names a group, a device or a dispatch on the command line, and how each is called in what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

import typer

from dermsbus.client import Answer
from dermsbus.domain.identity import name_texts
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference, Name

__all__ = [
    "AnyGroups",
    "Group",
    "Groups",
    "device_label",
    "group_label",
    "group_reference",
    "named_device",
    "names_text",
    "unrefused",
]

Group = Annotated[
    str, typer.Argument(metavar="GROUP", help="Name or mRID (a UUID is an mRID); mrid:TEXT or name:TEXT to be plain.")
]
Groups = Annotated[
    list[str],
    typer.Argument(metavar="GROUP...", help="Names or mRIDs (a UUID is an mRID); mrid:TEXT or name:TEXT to be plain."),
]
AnyGroups = Annotated[
    list[str] | None,
    typer.Argument(metavar="[GROUP]...", help="Names or mRIDs (a UUID is an mRID); none for all groups."),
]


def group_reference(text: str) -> GroupReference:
    """What *text* names: ``mrid:TEXT`` or ``name:TEXT``, else a UUID is an mRID and all else a name."""
    kind, separator, rest = text.partition(":")
    if separator and kind == "mrid":
        return GroupReference(mrid=rest)
    if separator and kind == "name":
        return GroupReference(names=(Name(name=rest),))
    return GroupReference(mrid=text) if _is_uuid(text) else GroupReference(names=(Name(name=text),))


def named_device(text: str) -> EndDevice:
    """The device that *text* names: ``name:TEXT``, else it is an mRID, with or without ``mrid:`` before it."""
    if text.startswith("name:"):
        return EndDevice(names=(Name(name=text.removeprefix("name:")),))
    return EndDevice(mrid=text.removeprefix("mrid:"))


def group_label(group: EndDeviceGroup | GroupReference) -> str:
    """How a group is called in one word: by its first name, else its mRID."""
    return group.names[0].name if group.names else group.mrid or "(neither mRID nor name)"


def device_label(device: EndDevice) -> str:
    """How a device is called in one word: by its mRID, else its names."""
    return device.mrid or names_text(device.names)


def names_text(names: tuple[Name, ...]) -> str:
    """All names in one word; a dash for none."""
    return ",".join(name_texts(names)) or "-"


def unrefused(
    answer: Answer, texts: Iterable[str], also: Mapping[str, Iterable[EndDeviceGroup]] = MappingProxyType({})
) -> Iterator[str]:
    """Those of the *texts* of a request that no Error of its answer names; none where an Error names nothing.

    Args:
        answer: to the request.
        texts: how the request named its objects.
        also: what each of them is known to be: an Error may name it otherwise than the request did.
    """
    if not all(error.object_id for error in answer.failures):
        return
    refused = {error.object_id.value for error in answer.failures if error.object_id}
    for text in texts:
        known: tuple[GroupReference | EndDeviceGroup, ...] = (group_reference(text), *also.get(text, ()))
        if refused.isdisjoint(each for subject in known for each in (subject.mrid, *name_texts(subject.names))):
            yield text


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
