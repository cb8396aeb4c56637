"""Short ways to write devices and what they say of themselves in tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from dermsbus.domain.der import Device, DeviceKind, NamePlate, Reading
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FleetState, MemberStates, roster
from tests.unit.domain.builders import devices, group

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
STALE_AFTER_S = 30.0


def pv(mrid: str, rating_w: float = 5_000.0, *, merit: int = 0, **name_plate: float | None) -> Device:
    """A source that draws nothing, with half its rating in reactive power."""
    ratings = {
        "active_power_max_w": rating_w,
        "apparent_power_max_va": rating_w,
        "reactive_power_injected_max_var": rating_w / 2,
        "reactive_power_absorbed_max_var": rating_w / 2,
    }
    plate = NamePlate(**{**ratings, **name_plate})
    return Device(mrid=mrid, kind=DeviceKind.PV, adapter="simulated", address=mrid, name_plate=plate, merit=merit)


def battery(mrid: str, rating_w: float = 5_000.0, *, merit: int = 0, **name_plate: float | None) -> Device:
    """A storage of two hours that charges as fast as it discharges."""
    ratings = {
        "active_power_max_w": rating_w,
        "active_power_charge_max_w": rating_w,
        "apparent_power_max_va": rating_w,
        "energy_capacity_wh": 2 * rating_w,
    }
    plate = NamePlate(**{**ratings, **name_plate})
    return Device(mrid=mrid, kind=DeviceKind.BATTERY, adapter="simulated", address=mrid, name_plate=plate, merit=merit)


def reading(
    mrid: str,
    active_power_w: float = 0.0,
    *,
    between: tuple[float, float] = (0.0, 5_000.0),
    age_s: float = 1.0,
    reactive_power_var: float = 0.0,
    voltage_v: float | None = None,
    soc_percent: float | None = None,
    connected: bool = True,
) -> Reading:
    """What a device said *age_s* ago; *between* which powers it could choose."""
    return Reading(
        mrid=mrid,
        at=NOW - timedelta(seconds=age_s),
        active_power_w=active_power_w,
        reactive_power_var=reactive_power_var,
        voltage_v=voltage_v,
        available_min_w=between[0],
        available_max_w=between[1],
        soc_percent=soc_percent,
        connected=connected,
    )


def state_of(of: Iterable[Device], *readings: Reading) -> FleetState:
    state = FleetState(Fleet(of))
    state.put(readings)
    return state


def members_of(of: Iterable[Device], *readings: Reading) -> MemberStates:
    """The states of a group that has all the devices *of* for members."""
    state = state_of(of, *readings)
    everyone = group("G", members=devices(*state.fleet))
    return state.members(roster(everyone, state.fleet), NOW, stale_after_s=STALE_AFTER_S)
