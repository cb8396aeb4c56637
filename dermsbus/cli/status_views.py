"""Statuses of groups as JSON, as plain lines and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from rich.markup import escape
from rich.table import Table

from dermsbus.cli.output import visible
from dermsbus.domain.quantities import GroupStatus, ParameterKind, ParameterStatus

__all__ = ["status_json", "status_label", "status_line", "status_summary", "statuses_table"]

_UNITS: Final = MappingProxyType(
    {
        ParameterKind.ACTIVE_POWER: "W",
        ParameterKind.APPARENT_POWER: "VA",
        ParameterKind.REACTIVE_POWER: "VAr",
        ParameterKind.VOLTAGE: "V",
    }
)
_COLUMNS: Final = ("group", "P", "Q", "V", "available", "installed", "state", "age")
_NOTHING: Final = "-"
_COLOURS: Final = MappingProxyType({"Online": "green", "Degraded": "yellow", "Offline": "red"})


def status_label(status: GroupStatus) -> str:
    """How the group is called in one word: by its first name, else its mRID."""
    return status.group.names[0].name if status.group.names else status.group.mrid or "(neither mRID nor name)"


def status_json(status: GroupStatus) -> dict[str, object]:
    """The status under the names of its elements on the wire; values in SI units, positive into the grid."""
    return _stated(
        mRID=status.group.mrid,
        Names=[{"name": name.name} for name in status.group.names],
        status=_stated(dateTime=_text(status.at), remark=status.remark, value=status.value),
        DERMonitorableParameter=[_parameter_json(each) for each in status.parameters],
    )


def status_line(status: GroupStatus, now: datetime) -> str:
    """Tab-separated: group, active power, reactive power, voltage, available and installed power, state, age."""
    return "\t".join(_cells(status, now))


def status_summary(status: GroupStatus) -> str:
    """``group state``, and what flows, in a few words."""
    values = (_quantity(each.value, each.parameter) for each in status.parameters if each.value is not None)
    return " ".join((status_label(status), status.value or _NOTHING, *values))


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
        status_label(status),
        _value(power),
        *flows,
        _range(power.available_min, power.available_max) if power else _NOTHING,
        _range(power.installed_min, power.installed_max) if power else _NOTHING,
        status.value or _NOTHING,
        _NOTHING if power is None or power.value is None else _age(now, power.at),
    )


def _value(of: ParameterStatus | None) -> str:
    return _NOTHING if of is None else _quantity(of.value, of.parameter)


def _range(low: float | None, high: float | None) -> str:
    """Both ends in watts; a dash where neither is known."""
    if low is None and high is None:
        return _NOTHING
    return " … ".join(_quantity(each, ParameterKind.ACTIVE_POWER) for each in (low, high))


def _quantity(value: float | None, kind: ParameterKind) -> str:
    if value is None:
        return _NOTHING
    prefix, factor = next(((p, f) for p, f in (("M", 1e6), ("k", 1e3)) if abs(value) >= f), ("", 1.0))
    digits = 2 if prefix else 1
    rounded = round(value / factor, digits) + 0.0  # no minus before a zero
    return f"{rounded:.{digits}f} {prefix}{_UNITS.get(kind, '')}".rstrip()


def _age(now: datetime, at: datetime) -> str:
    seconds = max(0.0, (now - at).total_seconds())
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _parameter_json(of: ParameterStatus) -> dict[str, object]:
    return _stated(
        DERParameter=of.parameter.value,
        yUnit=_UNITS.get(of.parameter),
        nominalYValue=of.value,
        minYValue=of.available_min,
        maxYValue=of.available_max,
        yUnitInstalledMin=of.installed_min,
        yUnitInstalledMax=of.installed_max,
        timeStamp=_text(of.at),
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _stated(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None and value not in ("", [], {})}
