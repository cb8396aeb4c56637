"""The values of the domain, named after their CIM classes. All are frozen.

Source: payload profile tables DERGroups and DERGroupQueries of the project's reference tables (2017 schema set).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "DERFunction",
    "EndDevice",
    "EndDeviceGroup",
    "GroupReference",
    "Instant",
    "Name",
    "NameType",
    "NameTypeAuthority",
    "Version",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Instant:
    """A point in time as a message stated it.

    Attributes:
        at: aware, UTC, microsecond resolution (finer fractions are cut off).
        text: the lexical form as received or sent, so that it goes out as it came in.
        zone_assumed: True if the text named no zone and the configured one was taken.
    """

    at: datetime
    text: str
    zone_assumed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NameTypeAuthority:
    """Who issues names of a type."""

    name: str
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NameType:
    """What kind of name it is."""

    name: str
    description: str | None = None
    authority: NameTypeAuthority | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """A name of an object, optionally of a named kind."""

    name: str
    name_type: NameType | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DERFunction:
    """What a group can do as a whole; all nine are always stated."""

    connect_disconnect: bool
    frequency_watt_curve_function: bool
    max_real_power_limiting: bool
    ramp_rate_control: bool
    reactive_power_dispatch: bool
    real_power_dispatch: bool
    voltage_regulation: bool
    volt_var_curve_function: bool
    volt_watt_curve_function: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A group's version; the sender keeps it, dermsbus stores what it was told."""

    date: Instant | None = None
    major: int | None = None
    minor: int | None = None
    revision: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EndDevice:
    """A member DER, identified by its mRID or, where it has none, by its names."""

    mrid: str | None = None
    names: tuple[Name, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class EndDeviceGroup:
    """A DER group.

    In the registry *mrid* and *der_function* are always set; in a change, delete or operation whatever is None or empty
    was not stated.
    """

    mrid: str | None = None
    description: str | None = None
    der_function: DERFunction | None = None
    end_devices: tuple[EndDevice, ...] = ()
    names: tuple[Name, ...] = ()
    version: Version | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupReference:
    """How a query points at a group: by mRID, by names, or (both empty) at all groups."""

    mrid: str | None = None
    names: tuple[Name, ...] = ()
