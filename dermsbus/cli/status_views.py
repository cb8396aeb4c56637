"""Statuses of groups as JSON, as plain lines and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final

from rich.markup import escape
from rich.table import Table

from dermsbus.cli.json_values import identity_json, stated, unit_json
from dermsbus.cli.output import visible
from dermsbus.cli.quantities import quantity
from dermsbus.cli.references import group_label
from dermsbus.cli.times import instant_text
from dermsbus.domain.quantities import GroupStatus, ParameterKind, ParameterStatus

__all__ = ["parameter_json", "range_text", "status_json", "status_line", "status_summary", "statuses_table"]

_COLUMNS: Final = ("group", "P", "Q", "V", "available", "installed", "state", "age")
_NOTHING: Final = "-"
_COLOURS: Final = MappingProxyType({"Online": "green", "Degraded": "yellow", "Offline": "red"})


def status_json(status: GroupStatus) -> dict[str, object]:
    """The status under the names of its elements on the wire; values in SI units, positive into the grid."""
    return identity_json(status.group) | stated(
        status=stated(dateTime=instant_text(status.at), remark=status.remark, value=status.value),
        DERMonitorableParameter=[parameter_json(each) for each in status.parameters],
    )


def parameter_json(of: ParameterStatus) -> dict[str, object]:
    """One parameter of a status under the names of its elements on the wire."""
    return stated(
        DERParameter=of.parameter.value,
        yUnit=unit_json(of.parameter),
        nominalYValue=of.value,
        minYValue=of.available_min,
        maxYValue=of.available_max,
        yUnitInstalledMin=of.installed_min,
        yUnitInstalledMax=of.installed_max,
        timeStamp=instant_text(of.at),
    )


def status_line(status: GroupStatus, now: datetime) -> str:
    """Tab-separated: group, active power, reactive power, voltage, available and installed power, state, age."""
    return "\t".join(_cells(status, now))


def status_summary(status: GroupStatus) -> str:
    """``group state``, and what flows, in a few words."""
    values = (quantity(each.value, each.parameter) for each in status.parameters if each.value is not None)
    return " ".join((group_label(status.group), status.value or _NOTHING, *values))


def statuses_table(statuses: Iterable[GroupStatus], now: datetime) -> Table:
    """The statuses for a terminal."""
    table = Table(*_COLUMNS)
    for column in table.columns[1:6]:
        column.justify = "right"
    for status in statuses:
        cells = [escape(visible(cell)) for cell in _cells(status, now)]
        colour = _COLOURS.get(status.value)
        if colour:
            cells[6] = f"[{colour}]{cells[6]}[/]"
        table.add_row(*cells)
    return table


def _cells(status: GroupStatus, now: datetime) -> tuple[str, ...]:
    of = {each.parameter: each for each in status.parameters}
    power = of.get(ParameterKind.ACTIVE_POWER)
    flows = (_value(of.get(kind)) for kind in (ParameterKind.REACTIVE_POWER, ParameterKind.VOLTAGE))
    return (
        group_label(status.group),
        _value(power),
        *flows,
        range_text(power.available_min, power.available_max, power.parameter) if power else _NOTHING,
        range_text(power.installed_min, power.installed_max, power.parameter) if power else _NOTHING,
        status.value or _NOTHING,
        _NOTHING if power is None or power.value is None else _age(now, power.at),
    )


def _value(of: ParameterStatus | None) -> str:
    return _NOTHING if of is None else _quantity(of.value, of.parameter)


def range_text(low: float | None, high: float | None, parameter: ParameterKind) -> str:
    """Both ends of a range; a dash for what is not known."""
    if low is None and high is None:
        return _NOTHING
    return " … ".join(_quantity(each, parameter) for each in (low, high))


def _quantity(value: float | None, parameter: ParameterKind) -> str:
    return _NOTHING if value is None else quantity(value, parameter)


def _age(now: datetime, at: datetime) -> str:
    seconds = max(0.0, (now - at).total_seconds())
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
