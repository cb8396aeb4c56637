"""Dispatches, switch orders and device settings to rows of the store's tables and back, exactly.

Source: house choice, ADR 12.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any

from dermsbus.domain.controls import ControlKind
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting
from dermsbus.domain.model import EndDevice, GroupReference
from dermsbus.domain.quantities import Curve, CurveStyle, Dispatch, DispatchState, IntervalUnit, ParameterKind, Point
from dermsbus.domain.switching import SwitchOrder, SwitchState
from dermsbus.store.columns import Row, instant_text, json_text, names_of, names_text

__all__ = [
    "curves_text",
    "from_dispatch_row",
    "from_setting_row",
    "from_switch_row",
    "to_dispatch_row",
    "to_setting_row",
    "to_switch_row",
]


def to_dispatch_row(dispatch: Dispatch) -> dict[str, str | None]:
    """The columns of ``der_group_dispatch`` but its key; the curves are a row of their own."""
    return {
        "mrid": dispatch.mrid,
        "names": names_text(dispatch.names),
        "group_mrid": dispatch.group.mrid,
        "group_names": names_text(dispatch.group.names),
        "parameter": dispatch.parameter.value,
        "received_at": instant_text(dispatch.received_at),
        "state": dispatch.state.value,
        "source": dispatch.source,
    }


def from_dispatch_row(row: Row) -> Dispatch:
    """The dispatch of *row*, in which its curves are, too."""
    return Dispatch(
        mrid=row["mrid"],
        names=names_of(row["names"]),
        group=GroupReference(mrid=row["group_mrid"], names=names_of(row["group_names"])),
        parameter=ParameterKind(row["parameter"]),
        curves=tuple(map(_curve, json.loads(row["curves"]))),
        received_at=datetime.fromisoformat(row["received_at"]),
        state=DispatchState(row["state"]),
        source=row["source"],
    )


def curves_text(curves: Sequence[Curve]) -> str:
    """*curves* as a JSON array of objects.

    The points are columns, an array of all instants and one of all values of a kind: half as long as an object
    for each point.
    """
    return json_text([_curve_value(curve) for curve in curves])


def to_switch_row(order: SwitchOrder) -> dict[str, object]:
    """The columns of ``switch_order`` but its key."""
    return {
        "order_id": order.order_id,
        "device_mrid": order.device.mrid,
        "device_names": names_text(order.device.names),
        "kind": order.kind.value,
        "starts_at": instant_text(order.starts_at),
        "ends_at": None if order.ends_at is None else instant_text(order.ends_at),
        "is_return": order.is_return,
        "received_at": instant_text(order.received_at),
        "state": order.state.value,
        "control_mrid": order.control_mrid,
        "device_type": order.device_type,
        "issuer_id": order.issuer_id,
        "issuer_tracking_id": order.issuer_tracking_id,
        "correlation_id": order.correlation_id,
    }


def from_switch_row(row: Row) -> SwitchOrder:
    """The order of *row*."""
    ends_at = row["ends_at"]
    return SwitchOrder(
        order_id=row["order_id"],
        device=EndDevice(mrid=row["device_mrid"], names=names_of(row["device_names"])),
        kind=ControlKind(row["kind"]),
        starts_at=datetime.fromisoformat(row["starts_at"]),
        ends_at=None if ends_at is None else datetime.fromisoformat(ends_at),
        is_return=row["is_return"],
        received_at=datetime.fromisoformat(row["received_at"]),
        state=SwitchState(row["state"]),
        control_mrid=row["control_mrid"],
        device_type=row["device_type"],
        issuer_id=row["issuer_id"],
        issuer_tracking_id=row["issuer_tracking_id"],
        correlation_id=row["correlation_id"],
    )


def to_setting_row(setting: DeviceSetting) -> dict[str, str | float]:
    """The columns of ``device_setting``."""
    return {
        "mrid": setting.mrid,
        "function": setting.function.value,
        "value": setting.value,
        "ends_at": instant_text(setting.ends_at),
        "command_id": setting.command_id,
        "dispatch_mrid": setting.dispatch_mrid,
        "given_at": instant_text(setting.given_at),
    }


def from_setting_row(row: Row) -> DeviceSetting:
    """The setting of *row*."""
    return DeviceSetting(
        mrid=row["mrid"],
        function=DeviceFunction(row["function"]),
        value=row["value"],
        ends_at=datetime.fromisoformat(row["ends_at"]),
        command_id=row["command_id"],
        dispatch_mrid=row["dispatch_mrid"],
        given_at=datetime.fromisoformat(row["given_at"]),
    )


def _curve_value(curve: Curve) -> dict[str, object]:
    points = curve.points
    return {
        "style": curve.style.value,
        "interval": curve.interval,
        "interval_unit": curve.interval_unit.value,
        "ends_at": instant_text(curve.ends_at),
        "at": [instant_text(point.at) for point in points],
        "nominal": _values(points, lambda point: point.nominal),
        "minimum": _values(points, lambda point: point.minimum),
        "maximum": _values(points, lambda point: point.maximum),
    }


def _values(points: Sequence[Point], value_of: Callable[[Point], float | None]) -> list[float | None] | None:
    """What each point says; None where none says anything."""
    values = list(map(value_of, points))
    return None if values.count(None) == len(values) else values


def _curve(value: Mapping[str, Any]) -> Curve:
    instants = value["at"]
    columns = (_column(value[kind], len(instants)) for kind in ("nominal", "minimum", "maximum"))
    return Curve(
        style=CurveStyle(value["style"]),
        points=tuple(
            Point(at=datetime.fromisoformat(at), nominal=nominal, minimum=minimum, maximum=maximum)
            for at, nominal, minimum, maximum in zip(instants, *columns, strict=True)
        ),
        ends_at=datetime.fromisoformat(value["ends_at"]),
        interval=value["interval"],
        interval_unit=IntervalUnit(value["interval_unit"]),
    )


def _column(values: Sequence[float | None] | None, points: int) -> Sequence[float | None] | repeat[None]:
    return repeat(None, points) if values is None else values
