"""What was read of the groups over the day, and what the devices wrote down themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from dermsbus.adapters.base import Command
from dermsbus.adapters.simulated import JournalEntry
from dermsbus.cli.plot import Sample
from dermsbus.cli.references import group_label
from dermsbus.domain.quantities import GroupStatus, ParameterKind, ParameterStatus

__all__ = ["Record", "parameter_of", "repeated", "set_points", "value_of"]

_FUNCTIONS: Final = ("active_power_w", "active_power_limit_w", "reactive_power_var", "voltage_v", "connect")


class Record:
    """The statuses of groups, in the order in which they were told."""

    def __init__(self) -> None:
        self._statuses: defaultdict[str, list[GroupStatus]] = defaultdict(list)

    def add(self, statuses: Iterable[GroupStatus]) -> None:
        """Take in what was told; of two at the same instant the later word is the better one."""
        for status in statuses:
            known = self._statuses[group_label(status.group)]
            if known and known[-1].at == status.at:
                known.pop()
            known.append(status)

    def of(self, group: str) -> tuple[GroupStatus, ...]:
        """All that was told of a group."""
        return tuple(self._statuses[group])

    def samples(
        self, group: str, since: datetime, until: datetime, parameter: ParameterKind = ParameterKind.ACTIVE_POWER
    ) -> tuple[Sample, ...]:
        """The values of a group from *since* until before *until*."""
        return tuple(
            Sample(at=status.at, value=value_of(status, parameter))
            for status in self._statuses[group]
            if since <= status.at < until
        )

    def energy_wh(self, group: str) -> tuple[float, float]:
        """What a group gave and what it drew, both 0 or more; between two values its power is the mean of them."""
        given = drawn = 0.0
        for before, after in pairwise(self._statuses[group]):
            values = (value_of(before), value_of(after))
            if values[0] is not None and values[1] is not None:
                energy = (values[0] + values[1]) / 2 * ((after.at - before.at) / timedelta(hours=1))
                given += max(energy, 0.0)
                drawn += max(-energy, 0.0)
        return given, drawn


def parameter_of(status: GroupStatus, parameter: ParameterKind = ParameterKind.ACTIVE_POWER) -> ParameterStatus | None:
    """What a status says of one parameter; None where it says nothing."""
    return next((each for each in status.parameters if each.parameter is parameter), None)


def value_of(status: GroupStatus, parameter: ParameterKind = ParameterKind.ACTIVE_POWER) -> float | None:
    """The value that a status says."""
    told = parameter_of(status, parameter)
    return None if told is None else told.value


def set_points(journal: Iterable[JournalEntry], mrids: Collection[str], at: datetime) -> dict[str, float]:
    """By device, the set-point of active power that it held just before *at*; who held none is left out.

    Args:
        journal: what devices wrote down, oldest first.
        mrids: of the devices.
        at: aware.
    """
    held: dict[str, Command] = {}
    for entry in journal:
        if entry.mrid not in mrids or entry.at >= at:
            continue
        if entry.command.release:
            held.pop(entry.mrid, None)
        elif entry.command.active_power_w is not None:
            held[entry.mrid] = entry.command
    return {
        mrid: command.active_power_w
        for mrid, command in held.items()
        if command.active_power_w is not None and (command.expires_at is None or command.expires_at >= at)
    }


def repeated(journal: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
    """The commands that told a device nothing new: the value that it held, until no later than it held it anyway.

    Args:
        journal: what devices wrote down, oldest first.
    """
    last: dict[tuple[str, str], Command] = {}
    for entry in journal:
        if entry.command.release:
            last = {key: command for key, command in last.items() if key[0] != entry.mrid}
            continue
        for name in _FUNCTIONS:
            value = getattr(entry.command, name)
            if value is None:
                continue
            before = last.get((entry.mrid, name))
            if before is not None and getattr(before, name) == value and not _is_longer(entry.command, before):
                yield entry
            last[entry.mrid, name] = entry.command


def _is_longer(command: Command, before: Command) -> bool:
    return before.expires_at is not None and (command.expires_at is None or command.expires_at > before.expires_at)
