"""The last known values of all devices, in columns, and who of them are the members of a group.

Sums over a hundred thousand devices are needed for every status and every step of a dispatch: so the values are kept in
columns of numbers, and a group is a list of places in them.

Source: house choice, ADR 20.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

import numpy as np

from dermsbus.domain.der import Reading
from dermsbus.domain.device_settings import DeviceFunction
from dermsbus.domain.fleet import BoolArray, Fleet, FloatArray, IntArray, Ratings
from dermsbus.domain.identity import quoted
from dermsbus.domain.model import EndDevice, EndDeviceGroup

__all__ = ["FindGroup", "FleetState", "MemberStates", "Roster", "members_of", "no_group", "roster"]

FindGroup = Callable[[str], EndDeviceGroup | None]
"""Gives the group with an mRID, None if there is none: such as the registry's ``get``."""


def no_group(_mrid: str) -> EndDeviceGroup | None:
    """None: for groups whose members are devices only."""
    return None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Roster:
    """The devices behind the members of a group, each once.

    Attributes:
        places: of those in the catalogue, in the order in which they are listed.
        unknown: number of members that are not in the catalogue.
    """

    places: IntArray
    unknown: int


def members_of(group: EndDeviceGroup, fleet: Fleet, find_group: FindGroup = no_group) -> tuple[EndDevice, ...]:
    """The members of *group* that are no groups, those of groups in it among them, each once however often listed.

    One that the catalogue knows is told by its mRID there.

    Args:
        group: as in the registry.
        fleet: the catalogue.
        find_group: gives the groups that are members of groups; a group that is its own member adds nothing.
    """
    found: dict[int | str | EndDevice, EndDevice] = {}
    for place, member in _leaves(group, fleet, find_group):
        if place is None:
            found[member.mrid or member] = member
        else:
            found[place] = EndDevice(mrid=fleet.devices[place].mrid, names=member.names)
    return tuple(found.values())


def roster(group: EndDeviceGroup, fleet: Fleet, find_group: FindGroup = no_group) -> Roster:
    """The devices of *group*, each once however often it is listed.

    A member is the device with its mRID; a member without an mRID is the device whose mRID is one of its names. A
    member that is no device but has the mRID of a group stands for all members of that group.

    Args:
        group: as in the registry.
        fleet: the catalogue.
        find_group: gives the groups that are members of groups; a group that is its own member adds nothing.
    """
    known: dict[int, None] = {}
    unknown: set[EndDevice | str] = set()
    for place, member in _leaves(group, fleet, find_group):
        if place is None:
            unknown.add(member.mrid or member)
        else:
            known[place] = None
    return Roster(places=np.fromiter(known, dtype=np.int64, count=len(known)), unknown=len(unknown))


def _leaves(group: EndDeviceGroup, fleet: Fleet, find_group: FindGroup) -> Iterator[tuple[int | None, EndDevice]]:
    """The members of *group* and of the groups in it that are no groups, with their places; some more than once."""
    places = fleet.places
    seen = {group.mrid}
    pending = [group]
    while pending:
        for member in pending.pop().end_devices:
            place = _place(member, places)
            inner = find_group(member.mrid) if place is None and member.mrid is not None else None
            if inner is None:
                yield place, member
            elif inner.mrid not in seen:
                seen.add(inner.mrid)
                pending.append(inner)


def _place(member: EndDevice, places: Mapping[str, int]) -> int | None:
    if member.mrid is not None:
        return places.get(member.mrid)
    return next((places[name.name] for name in member.names if name.name in places), None)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemberStates:
    """What the members of a group do at one instant: columns with one place for each of *places*.

    Where a member was not heard of yet, or is separated from the grid, its powers and its available range are 0. Where
    it is stale, they are the last ones known.

    Attributes:
        places: of the members in the fleet.
        unknown: number of members that are not in the catalogue; they are in no column.
        ratings: of the members.
        good: True where there is a reading that is not too old.
        stale: True where there is one, but older than it may be.
        connected: True where the last reading says so; True without one.
        at_s: when it was measured, seconds since 1970; NaN without a reading.
        active_power_w: signed.
        reactive_power_var: signed.
        available_min_w: least active power it could give, signed; more than 0 is a minimum load, as in `Reading`.
        available_max_w: most active power it could give, signed.
        voltage_v: NaN where it is not measured.
        soc_percent: 0 to 100; NaN where it is not known.
    """

    places: IntArray
    unknown: int
    ratings: Ratings
    good: BoolArray
    stale: BoolArray
    connected: BoolArray
    at_s: FloatArray
    active_power_w: FloatArray
    reactive_power_var: FloatArray
    available_min_w: FloatArray
    available_max_w: FloatArray
    voltage_v: FloatArray
    soc_percent: FloatArray

    @property
    def commandable(self) -> BoolArray:
        """True where a set-point makes sense: a good reading, and connected."""
        return self.good & self.connected


# The columns of a reading: what has to be a number first, then what may be missing.
_NEEDED: Final = ("at_s", "active_power_w", "reactive_power_var", "available_min_w", "available_max_w", "connected")
_OPTIONAL: Final = ("voltage_v", "soc_percent")


class FleetState:
    """The last reading of every device of a fleet. May be used from several threads.

    A reading with a number missing that it has to have (NaN or infinite) is no reading: the device is unavailable until
    the next one.

    Args:
        fleet: the catalogue.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._lock = Lock()
        self._columns = {name: np.full(len(fleet), math.nan) for name in (*_NEEDED, *_OPTIONAL)}
        self._can = {function: np.zeros(len(fleet), dtype=np.bool_) for function in DeviceFunction}

    @property
    def fleet(self) -> Fleet:
        """The catalogue whose devices these are."""
        return self._fleet

    def put(self, readings: Iterable[Reading]) -> None:
        """Take each of *readings* as the last of its device; of two for the same device the later in order.

        Raises:
            ValueError: a device is not in the catalogue; none of the readings is taken then.
        """
        rows = {self._place(reading.mrid): _row(reading) for reading in readings}
        if not rows:
            return
        places = np.fromiter(rows, dtype=np.int64, count=len(rows))
        values = np.array(list(rows.values())).T
        needed = len(_NEEDED)
        values[0, ~np.isfinite(values[:needed]).all(axis=0)] = math.nan
        with self._lock:
            for column, row in zip(self._columns.values(), values, strict=True):
                column[places] = row

    def forget(self, mrids: Iterable[str]) -> None:
        """Take it that these devices cannot serve: they are unavailable until their next reading.

        Raises:
            ValueError: a device is not in the catalogue; none is forgotten then.
        """
        places = [self._place(mrid) for mrid in mrids]
        with self._lock:
            self._columns["at_s"][places] = math.nan

    def know(self, mrid: str, capabilities: Collection[str]) -> None:
        """Take it that this device has the functions whose names are among *capabilities*, and no others.

        Raises:
            ValueError: the device is not in the catalogue.
        """
        place = self._place(mrid)
        with self._lock:
            for function, column in self._can.items():
                column[place] = function.value in capabilities

    def can(self, function: DeviceFunction, places: IntArray) -> BoolArray:
        """Which of the devices at *places* have *function*; one that did not say what it can has none."""
        with self._lock:
            return self._can[function][places]

    def members(self, of: Roster, now: datetime, *, stale_after_s: float) -> MemberStates:
        """What the devices of a roster do.

        Args:
            of: whose columns are wanted.
            now: aware.
            stale_after_s: age from which a reading is stale, more than 0. One from as far in the future is stale too:
                the clock that stamped it cannot be trusted.
        """
        with self._lock:
            last = {name: column[of.places] for name, column in self._columns.items()}
        heard = ~np.isnan(last["at_s"])
        good = np.abs(now.timestamp() - last["at_s"]) <= stale_after_s  # never so for NaN
        connected = ~heard | (last["connected"] != 0)
        for name in ("active_power_w", "reactive_power_var", "available_min_w", "available_max_w"):
            last[name][~(heard & connected)] = 0.0
        for name in _OPTIONAL:
            last[name][~heard] = math.nan
        del last["connected"]
        return MemberStates(
            places=of.places,
            unknown=of.unknown,
            ratings=self._fleet.ratings.rows(of.places),
            good=good,
            stale=heard & ~good,
            connected=connected,
            **last,
        )

    def _place(self, mrid: str) -> int:
        place = self._fleet.places.get(mrid)
        if place is None:
            raise ValueError(f"device {quoted(mrid)} is not in the catalogue: nothing can be known of it")
        return place


def _row(reading: Reading) -> tuple[float, ...]:
    """The numbers of *reading* in the order of the columns."""
    return (
        reading.at.timestamp(),
        reading.active_power_w,
        reading.reactive_power_var,
        reading.available_min_w,
        reading.available_max_w,
        float(reading.connected),
        math.nan if reading.voltage_v is None else reading.voltage_v,
        math.nan if reading.soc_percent is None else reading.soc_percent,
    )
