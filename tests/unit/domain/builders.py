"""Short ways to write the domain's values in tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

from dermsbus.domain.model import (
    DERFunction,
    EndDevice,
    EndDeviceGroup,
    GroupReference,
    Instant,
    Name,
    NameType,
    NameTypeAuthority,
    Version,
)

FUNCTIONS = tuple(DERFunction.__dataclass_fields__)


def function(*granted: str) -> DERFunction:
    """A DERFunction with the flags *granted* on and the others off."""
    return DERFunction(**{flag: flag in granted for flag in FUNCTIONS})


def name(text: str, kind: str | None = None, authority: str | None = None) -> Name:
    issuer = NameTypeAuthority(name=authority) if authority else None
    return Name(name=text, name_type=NameType(name=kind, authority=issuer) if kind else None)


def names(*texts: str) -> tuple[Name, ...]:
    return tuple(Name(name=text) for text in texts)


def device(mrid: str | None = None, *texts: str) -> EndDevice:
    return EndDevice(mrid=mrid, names=names(*texts))


def devices(*mrids: str) -> tuple[EndDevice, ...]:
    return tuple(EndDevice(mrid=mrid) for mrid in mrids)


def version(major: int, minor: int = 0, revision: int = 0) -> Version:
    at = Instant(at=datetime(2024, 5, 1, 8, tzinfo=UTC), text="2024-05-01T08:00:00Z")
    return Version(date=at, major=major, minor=minor, revision=revision)


def group(
    mrid: str | None = None,
    *texts: str,
    members: tuple[EndDevice, ...] = (),
    der_function: DERFunction | None = None,
    description: str | None = None,
    version: Version | None = None,
) -> EndDeviceGroup:
    """A group as a message may state it: only what is given."""
    return EndDeviceGroup(
        mrid=mrid,
        description=description,
        der_function=der_function,
        end_devices=members,
        names=names(*texts),
        version=version,
    )


def new_group(mrid: str | None = None, *texts: str, members: tuple[EndDevice, ...] = ()) -> EndDeviceGroup:
    """A group complete enough to be created by any behaviour profile."""
    return group(mrid, *texts, members=members, der_function=function("real_power_dispatch"), version=version(1))


def reference(mrid: str | None = None, *texts: str) -> GroupReference:
    return GroupReference(mrid=mrid, names=names(*texts))


def numbered_mrids(prefix: str = "assigned") -> Callable[[], str]:
    """Gives ``assigned-1``, ``assigned-2`` …"""
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers)}"
