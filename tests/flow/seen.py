"""What a peer reads in orders, events of devices, statuses and forecasts, without regard to namespaces."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from tests.flow.peer import Message, find, local, text_of

__all__ = [
    "CurveSeen",
    "ForecastSeen",
    "OrderSeen",
    "ParameterSeen",
    "StatusSeen",
    "SwitchSeen",
    "forecasts_seen",
    "orders_seen",
    "statuses_seen",
    "switches_seen",
]


@dataclass(frozen=True, kw_only=True)
class CurveSeen:
    """A DispatchSchedule: *numbers* and *values* of its points, in their order; *bands* are minimum and maximum."""

    style: str | None
    start: str | None
    interval: str
    numbers: list[int]
    values: list[float | None]
    bands: list[tuple[float | None, float | None]]


@dataclass(frozen=True, kw_only=True)
class OrderSeen:
    """A DERGroupDispatch."""

    mrid: str | None
    name: str | None
    group_mrid: str | None
    group_name: str | None
    parameter: str | None
    scale: str | None
    curves: list[CurveSeen]

    @property
    def values(self) -> list[float | None]:
        """The values of its only schedule, as they are written."""
        (curve,) = self.curves
        return curve.values


@dataclass(frozen=True, kw_only=True)
class SwitchSeen:
    """An EndDeviceEvent, and what correlates it."""

    device: str | None
    ref: str | None
    reason: str | None
    correlation_id: str | None
    mrid: str | None
    at: str | None


@dataclass(frozen=True, kw_only=True)
class ParameterSeen:
    """A DERMonitorableParameter of a status, in its multiplier and unit."""

    scale: str
    now: float | None
    installed: tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class StatusSeen:
    """The status of one group."""

    name: str | None
    value: str | None
    parameters: dict[str | None, ParameterSeen]


@dataclass(frozen=True, kw_only=True)
class ForecastSeen:
    """A DERGroupForecast: the curves of its group by parameter, and the scales that they are written in."""

    mrid: str | None
    created: str | None
    group_name: str | None
    curves: dict[str | None, list[CurveSeen]]
    scales: dict[str | None, str]


def orders_seen(message: Message) -> list[OrderSeen]:
    """All orders of a message."""
    return [_order(each) for each in _all(message, "DERGroupDispatch")]


def switches_seen(message: Message) -> list[SwitchSeen]:
    """All events of devices in a message."""
    correlation_id = message.text("Header", "CorrelationID")
    return [_switch(each, correlation_id) for each in _all(message, "EndDeviceEvent")]


def statuses_seen(message: Message) -> list[StatusSeen]:
    """The statuses in a message."""
    return [_status(each) for each in _all(message, "EndDeviceGroup")]


def forecasts_seen(message: Message) -> list[ForecastSeen]:
    """The forecasts in a message."""
    return [_forecast(each) for each in _all(message, "DERGroupForecast")]


def _all(message: Message, name: str) -> Iterator[ET.Element]:
    return (each for each in message.root.iter() if local(each) == name)


def _order(element: ET.Element) -> OrderSeen:
    group = find(element, "EndDeviceGroup")
    parameter = find(element, "EndDeviceGroup", "DERMonitorableParameter")
    return OrderSeen(
        mrid=text_of(element, "mRID"),
        name=text_of(element, "Names", "name"),
        group_mrid=None if group is None else text_of(group, "mRID"),
        group_name=None if group is None else text_of(group, "Names", "name"),
        parameter=None if parameter is None else text_of(parameter, "DERParameter"),
        scale=None if parameter is None else _scale(parameter),
        curves=[] if parameter is None else _curves(parameter),
    )


def _scale(parameter: ET.Element) -> str:
    return f"{text_of(parameter, 'yMultiplier')} {text_of(parameter, 'yUnit')}"


def _curves(parameter: ET.Element) -> list[CurveSeen]:
    return [_curve(each) for each in parameter if local(each) == "DispatchSchedule"]


def _curve(schedule: ET.Element) -> CurveSeen:
    points = [each for each in schedule if local(each) == "DERCurveData"]
    return CurveSeen(
        style=text_of(schedule, "curveStyleKind"),
        start=text_of(schedule, "startTime"),
        interval=f"{text_of(schedule, 'timeIntervalDuration')} {text_of(schedule, 'timeIntervalUnit')}",
        numbers=[int(text_of(each, "intervalNumber") or "") for each in points],
        values=[_number(each, "nominalYValue") for each in points],
        bands=[(_number(each, "minYValue"), _number(each, "maxYValue")) for each in points],
    )


def _number(element: ET.Element, *path: str) -> float | None:
    text = text_of(element, *path)
    return None if text is None else float(text)


def _switch(element: ET.Element, correlation_id: str | None) -> SwitchSeen:
    kind = find(element, "EndDeviceEventType")
    return SwitchSeen(
        device=text_of(element, "Assets", "mRID") or text_of(element, "Assets", "Names", "name"),
        ref=None if kind is None else kind.get("ref"),
        reason=text_of(element, "reason"),
        correlation_id=correlation_id,
        mrid=text_of(element, "mRID"),
        at=text_of(element, "createdDateTime"),
    )


def _status(element: ET.Element) -> StatusSeen:
    return StatusSeen(
        name=text_of(element, "Names", "name"),
        value=text_of(element, "status", "value"),
        parameters={
            text_of(part, "DERParameter"): ParameterSeen(
                scale=_scale(part),
                now=_number(part, "DERCurveData", "nominalYValue"),
                installed=(_number(part, "yUnitInstalledMin"), _number(part, "yUnitInstalledMax")),
            )
            for part in element
            if local(part) == "DERMonitorableParameter"
        },
    )


def _forecast(element: ET.Element) -> ForecastSeen:
    group = find(element, "EndDeviceGroup")
    assert group is not None
    parameters = {text_of(part, "DERParameter"): part for part in group if local(part) == "DERMonitorableParameter"}
    return ForecastSeen(
        mrid=text_of(element, "mRID"),
        created=text_of(element, "predictionCreationDate"),
        group_name=text_of(group, "Names", "name"),
        curves={kind: _curves(part) for kind, part in parameters.items()},
        scales={kind: _scale(part) for kind, part in parameters.items()},
    )
