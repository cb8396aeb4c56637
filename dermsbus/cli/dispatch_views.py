"""Dispatches as JSON, as lines and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final

from rich.markup import escape
from rich.table import Table

from dermsbus.cli.forecast_views import curve_json
from dermsbus.cli.json_values import identity_json, names_json, stated, unit_json
from dermsbus.cli.output import visible
from dermsbus.cli.quantities import quantity_range
from dermsbus.cli.references import group_label, names_text
from dermsbus.cli.times import clock_text, instant_text
from dermsbus.domain.schedule import begin, end
from dermsbus.messages.envelope import DispatchOrder

__all__ = ["dispatch_json", "dispatch_line", "dispatch_sentence", "dispatch_summary", "dispatches_table"]

_NOTHING: Final = "-"
_COLUMNS: Final = ("name", "mRID", "group", "parameter", "from", "until", "value", "state")
_COLOURS: Final = MappingProxyType({"active": "green", "scheduled": "yellow", "over": "bright_black"})


def dispatch_json(order: DispatchOrder) -> dict[str, object]:
    """The dispatch under the names of its elements on the wire; values in SI units, positive into the grid."""
    parameter = order.parameter
    monitorable = parameter and stated(
        DERParameter=parameter.value,
        yUnit=unit_json(parameter),
        DispatchSchedule=[curve_json(curve) for curve in order.curves],
    )
    group = (identity_json(order.group) if order.group else {}) | stated(DERMonitorableParameter=monitorable)
    return stated(mRID=order.mrid, Names=names_json(order.names), EndDeviceGroup=group)


def dispatch_line(order: DispatchOrder, now: datetime) -> str:
    """Tab-separated: names, mRID, group, parameter, begin, end, value, state by the clock."""
    return "\t".join(_cells(order, now, instant_text))


def dispatch_sentence(order: DispatchOrder, now: datetime) -> str:
    """``mRID group parameter value from … until …`` for a person."""
    told = [*_identity(order), *_content(order)]
    if order.curves:
        told += ["from", clock_text(begin(order.curves), now), "until", clock_text(end(order.curves), now)]
    return " ".join(told)


def dispatch_summary(order: DispatchOrder) -> str:
    """What is told of a dispatch, in a few words."""
    told = [*_identity(order), *_content(order)]
    if order.curves:
        told.append(f"{instant_text(begin(order.curves))} … {instant_text(end(order.curves))}")
    return " ".join(told)


def dispatches_table(orders: Iterable[DispatchOrder], now: datetime) -> Table:
    """The dispatches for a terminal."""
    table = Table()
    for column in _COLUMNS:  # an mRID that is cut off could not be used to cancel anything
        table.add_column(column, overflow="fold", justify="right" if column == "value" else "left")
    for order in orders:
        *cells, state = (escape(visible(cell)) for cell in _cells(order, now, lambda at: clock_text(at, now)))
        colour = _COLOURS.get(state)
        table.add_row(*cells, f"[{colour}]{state}[/]" if colour else state)
    return table


def _cells(order: DispatchOrder, now: datetime, at_text: Callable[[datetime], str]) -> tuple[str, ...]:
    begins, ends = (at_text(limit(order.curves)) if order.curves else _NOTHING for limit in (begin, end))
    return (
        names_text(order.names),
        order.mrid or _NOTHING,
        group_label(order.group) if order.group else _NOTHING,
        order.parameter.value if order.parameter else _NOTHING,
        begins,
        ends,
        _values(order) or _NOTHING,
        _state(order, now),
    )


def _state(order: DispatchOrder, now: datetime) -> str:
    """As far as the clock tells: whether it was canceled or another one holds, no message says."""
    if not order.curves:
        return _NOTHING
    if now < begin(order.curves):
        return "scheduled"
    return "active" if now < end(order.curves) else "over"


def _identity(order: DispatchOrder) -> tuple[str, ...]:
    own = order.mrid or (names_text(order.names) if order.names else "")
    return (*filter(None, (own,)), *((group_label(order.group),) if order.group else ()))


def _content(order: DispatchOrder) -> tuple[str, ...]:
    return tuple(filter(None, (order.parameter and order.parameter.value, _values(order))))


def _values(order: DispatchOrder) -> str:
    """The value, or the least and the most of all."""
    if order.parameter is None:
        return ""
    values = (point.nominal for curve in order.curves for point in curve.points if point.nominal is not None)
    return quantity_range(values, order.parameter)
