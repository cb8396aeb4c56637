"""The status of a group: the sums of its members' last values, and how far they can be trusted.

Which parameters a status has follows from the group's DERFunction:

==============  =================================================  ====================================================
parameter       in the status                                      value
==============  =================================================  ====================================================
activePower     always                                             sum
reactivePower   with reactivePowerDispatch                         sum
voltage         with voltageRegulation                             mean over the members that measure it
apparentPower   on request, with realPowerDispatch or              of the sums of active and reactive power, since that
                reactivePowerDispatch                              is what flows where the group meets the grid
==============  =================================================  ====================================================

A member counts with its last value also when that is stale; it counts in what is available then as staying where it is,
since it may not hear an order. One that is separated from the grid counts as 0 W and 0 VAr, with nothing available and
without its voltage. One that was never heard of, or is not in the catalogue, is unavailable, and in no sum but that of
the ratings.

Source: DERFunction column of the unit table and cases DERGS-1A to 1D of the project's reference tables; what is not in
there: house choice, ADR 20.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from dermsbus.domain.capability import available, installed, present
from dermsbus.domain.fleet import BoolArray
from dermsbus.domain.fleet_state import FindGroup, FleetState, MemberStates, no_group, roster
from dermsbus.domain.model import DERFunction, EndDeviceGroup, GroupReference
from dermsbus.domain.quantities import GroupStatus, ParameterKind, ParameterStatus

__all__ = ["QualityCounts", "aggregate", "quality_counts", "state_of_charge_percent", "status_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityCounts:
    """How many members of a group can be trusted; the first three add up to all members.

    Attributes:
        good: with a reading that is not too old.
        stale: with an older one.
        unavailable: without any.
        unknown: of the unavailable, those that are not in the catalogue.
        disconnected: of the good and the stale, those separated from the grid.
    """

    good: int
    stale: int
    unavailable: int
    unknown: int
    disconnected: int

    @property
    def value(self) -> str:
        """``Online`` if all can be trusted, ``Offline`` if none can (or there is none), else ``Degraded``."""
        if not self.good:
            return "Offline"
        return "Degraded" if self.stale or self.unavailable else "Online"


def aggregate(
    group: EndDeviceGroup,
    state: FleetState,
    now: datetime,
    *,
    stale_after_s: float,
    find_group: FindGroup = no_group,
    with_apparent_power: bool = False,
) -> GroupStatus:
    """What *group* does now.

    Args:
        group: as in the registry.
        state: the last readings of all devices.
        now: aware, UTC.
        stale_after_s: age from which a reading is stale, more than 0.
        find_group: gives the groups that are members of groups.
        with_apparent_power: put apparentPower into it too, where the group's functions allow it.
    """
    members = state.members(roster(group, state.fleet, find_group), now, stale_after_s=stale_after_s)
    return status_of(group, members, now, with_apparent_power=with_apparent_power)


def status_of(
    group: EndDeviceGroup, members: MemberStates, now: datetime, *, with_apparent_power: bool = False
) -> GroupStatus:
    """The status of *group* whose *members* are known already: `aggregate` without looking for them.

    Args:
        group: as in the registry.
        members: its members at *now*.
        now: aware, UTC.
        with_apparent_power: as of `aggregate`.
    """
    counts = quality_counts(members)
    return GroupStatus(
        group=GroupReference(mrid=group.mrid, names=group.names),
        parameters=tuple(_parameters(group.der_function, members, now, with_apparent_power=with_apparent_power)),
        at=now,
        value=counts.value,
        remark=_remark(counts, state_of_charge_percent(members)),
    )


def quality_counts(members: MemberStates) -> QualityCounts:
    """How many of *members* can be trusted."""
    good, stale = int(members.good.sum()), int(members.stale.sum())
    return QualityCounts(
        good=good,
        stale=stale,
        unavailable=len(members.places) - good - stale + members.unknown,
        unknown=members.unknown,
        disconnected=int((~members.connected).sum()),
    )


def state_of_charge_percent(members: MemberStates) -> float | None:
    """State of charge of all storage together, 0 to 100: each weighs as much as it can hold. None if none is known."""
    known = ~np.isnan(members.soc_percent)
    capacity_wh = members.ratings.energy_capacity_wh[known]
    total_wh = float(capacity_wh.sum())
    if not total_wh:
        return None
    return float(members.soc_percent[known] @ capacity_wh) / total_wh


def _parameters(
    function: DERFunction | None, members: MemberStates, now: datetime, *, with_apparent_power: bool
) -> Iterator[ParameterStatus]:
    yield _sum(ParameterKind.ACTIVE_POWER, members, now)
    if function is None:
        return
    if function.reactive_power_dispatch:
        yield _sum(ParameterKind.REACTIVE_POWER, members, now)
    if with_apparent_power and (function.real_power_dispatch or function.reactive_power_dispatch):
        yield _apparent_power(members, now)
    if function.voltage_regulation:
        yield _voltage(members, now)


def _sum(parameter: ParameterKind, members: MemberStates, now: datetime) -> ParameterStatus:
    rated = installed(parameter, members)
    had = available(parameter, members)
    heard = members.good | members.stale
    is_known = bool(heard.any())
    return ParameterStatus(
        parameter=parameter,
        at=_measured_at(members, heard, now),
        value=float(present(parameter, members).sum()) if is_known else None,
        available_min=float(had.lower.sum()) if is_known else None,
        available_max=float(had.upper.sum()) if is_known else None,
        installed_min=float(rated.lower.sum()),
        installed_max=float(rated.upper.sum()),
    )


def _apparent_power(members: MemberStates, now: datetime) -> ParameterStatus:
    """A magnitude: 0 or more. How low it could be depends on how members offset each other, so that is not told."""
    heard = members.good | members.stale
    is_known = bool(heard.any())
    value = math.hypot(members.active_power_w.sum(), members.reactive_power_var.sum())
    radius = members.ratings.apparent_power_max_va
    had = np.where(members.commandable, radius, np.hypot(members.active_power_w, members.reactive_power_var))
    return ParameterStatus(
        parameter=ParameterKind.APPARENT_POWER,
        at=_measured_at(members, heard, now),
        value=value if is_known else None,
        available_max=float(had.sum()) if is_known else None,
        installed_min=0.0,
        installed_max=float(radius.sum()),
    )


def _voltage(members: MemberStates, now: datetime) -> ParameterStatus:
    measured = ~np.isnan(members.voltage_v) & members.connected
    return ParameterStatus(
        parameter=ParameterKind.VOLTAGE,
        at=_measured_at(members, measured, now),
        value=float(members.voltage_v[measured].mean()) if measured.any() else None,
    )


def _measured_at(members: MemberStates, counted: BoolArray, now: datetime) -> datetime:
    """When the oldest good reading of those *counted* was measured; the oldest stale one if none is good."""
    good = counted & members.good
    chosen = good if good.any() else counted
    if not chosen.any():
        return now
    return datetime.fromtimestamp(float(members.at_s[chosen].min()), UTC)


def _remark(counts: QualityCounts, soc_percent: float | None) -> str:
    parts = [f"{counts.good} good", f"{counts.stale} stale", f"{counts.unavailable} unavailable"]
    if counts.unknown:
        parts[-1] += f" ({counts.unknown} not in the catalogue)"
    if counts.disconnected:
        parts.append(f"{counts.disconnected} disconnected")
    if soc_percent is not None:
        parts.append(f"state of charge {soc_percent:.1f} %")
    return ", ".join(parts)
