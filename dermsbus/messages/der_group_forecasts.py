"""DERGroupForecasts: generated classes to values of the domain and back.

A GroupForecast has one confidence, the wire has one for each schedule: of several the lowest is taken, and it is
written to all.

Source: table DERGroupForecasts, sample 4.7 and decisions 17 and 19 to 23 on open questions of the project's reference
tables; confidence: house choice, ADR 17.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from dermsbus.domain.identity import group_id, stated_reference
from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import Curve, GroupForecast, ParameterForecast, ParameterKind
from dermsbus.errors import IDKind, IncompleteRequest, ObjectID, RequestError, RuleViolation
from dermsbus.messages.calendar import read_time_utc, write_time
from dermsbus.messages.curves import CurveData, Schedule, read_curve, write_curve
from dermsbus.messages.envelope import DERGroupForecasts, RejectedObject
from dermsbus.messages.names import NameWriter, read_names
from dermsbus.messages.units import Scale, chosen_scale, float32, stated_scale
from dermsbus_generated import der_group_forecasts as wire

__all__ = ["from_wire", "to_wire"]

_NAMES: Final = NameWriter(name=wire.Name, name_type=wire.NameType, authority=wire.NameTypeAuthority)


def from_wire(message: wire.DERGroupForecasts, zone: tzinfo) -> DERGroupForecasts:
    """The forecasts of a payload; times without zone are taken to be in *zone*."""
    return DERGroupForecasts(forecasts=tuple(_read(forecast, zone) for forecast in message.der_group_forecast))


def to_wire(content: DERGroupForecasts) -> wire.DERGroupForecasts:
    """The payload of forecasts.

    Raises:
        TypeError: a rejected object.
        ValueError: a curve or value that cannot be written.
    """
    return wire.DERGroupForecasts(der_group_forecast=tuple(_write(forecast) for forecast in content.forecasts))


def _read(forecast: wire.DERGroupForecast, zone: tzinfo) -> GroupForecast | RejectedObject:
    reference = _reference(forecast)
    try:
        return _forecast(forecast, reference, zone)
    except RequestError as error:
        if forecast.mrid is None:
            return RejectedObject.of(error, group_id(reference))
        object_id = ObjectID(value=forecast.mrid, kind=IDKind.UUID, object_type="DERGroupForecast")
        return RejectedObject.of(error, object_id)


def _reference(forecast: wire.DERGroupForecast) -> GroupReference:
    """Of which group it is; some peers name the group at the forecast only."""
    group = forecast.end_device_group
    if group is not None:
        reference = stated_reference(GroupReference(mrid=group.mrid, names=read_names(group.names)))
        if reference != GroupReference():
            return reference
    return stated_reference(GroupReference(names=read_names(forecast.names)))


def _forecast(forecast: wire.DERGroupForecast, reference: GroupReference, zone: tzinfo) -> GroupForecast:
    group = forecast.end_device_group
    if reference == GroupReference() or group is None or not group.der_monitorable_parameter:
        raise IncompleteRequest("a DERGroupForecast lacks its group or its parameters: state both")
    if forecast.prediction_creation_date is None:
        raise IncompleteRequest("a DERGroupForecast has no predictionCreationDate: state it")
    confidences = [
        _confidence(schedule.confidence)
        for parameter in group.der_monitorable_parameter
        for schedule in parameter.dispatch_schedule
        if schedule.confidence is not None
    ]
    return GroupForecast(
        mrid=forecast.mrid or "",
        group=reference,
        created_at=read_time_utc(forecast.prediction_creation_date, zone),
        parameters=tuple(_parameter(each, zone) for each in group.der_monitorable_parameter),
        confidence_percent=min(confidences, default=None),
    )


def _confidence(percent: float) -> float:
    if not 0 <= percent <= 100:
        raise RuleViolation(f"confidence {percent} is not from 0 to 100 percent")
    return percent


def _parameter(told: wire.DERMonitorableParameter, zone: tzinfo) -> ParameterForecast:
    if told.der_parameter is None:
        raise IncompleteRequest("a DERMonitorableParameter has no DERParameter: state it")
    parameter = ParameterKind(told.der_parameter.value)
    scale = stated_scale(
        parameter,
        multiplier=told.y_multiplier.value if told.y_multiplier else None,
        unit=told.y_unit.value if told.y_unit else None,
        direction=told.flow_direction.value if told.flow_direction else None,
        ordered=False,
    )
    installed = scale.read_band(nominal=None, minimum=told.y_unit_installed_min, maximum=told.y_unit_installed_max)
    return ParameterForecast(
        parameter=parameter,
        curves=tuple(read_curve(_schedule(each), scale, zone) for each in told.dispatch_schedule),
        installed_min=installed.minimum,
        installed_max=installed.maximum,
    )


def _schedule(schedule: wire.DispatchSchedule) -> Schedule:
    return Schedule(
        style=schedule.curve_style_kind.value if schedule.curve_style_kind else None,
        start_time=schedule.start_time,
        duration=schedule.time_interval_duration,
        unit=schedule.time_interval_unit.value if schedule.time_interval_unit else None,
        data=tuple(
            CurveData(
                interval_number=each.interval_number,
                nominal=each.nominal_y_value,
                minimum=each.min_y_value,
                maximum=each.max_y_value,
            )
            for each in schedule.der_curve_data
        ),
    )


def _write(forecast: GroupForecast | RejectedObject) -> wire.DERGroupForecast:
    if isinstance(forecast, RejectedObject):
        raise TypeError("a rejected forecast cannot be written")
    return wire.DERGroupForecast(
        mrid=forecast.mrid or None,
        prediction_creation_date=write_time(forecast.created_at),
        end_device_group=wire.EndDeviceGroup(
            mrid=forecast.group.mrid,
            der_monitorable_parameter=tuple(
                _write_parameter(each, forecast.confidence_percent) for each in forecast.parameters
            ),
            names=_NAMES.write(forecast.group.names),
        ),
    )


def _write_parameter(forecast: ParameterForecast, confidence: float | None) -> wire.DERMonitorableParameter:
    points = [point for curve in forecast.curves for point in curve.points]
    values = [value for point in points for value in (point.nominal, point.minimum, point.maximum)]
    scale = chosen_scale(forecast.parameter, (*values, forecast.installed_min, forecast.installed_max))
    installed = scale.write_band(nominal=None, minimum=forecast.installed_min, maximum=forecast.installed_max)
    return wire.DERMonitorableParameter(
        der_parameter=wire.DERParameterKind(forecast.parameter.value),
        y_multiplier=wire.UnitMultiplier(scale.multiplier),
        y_unit=wire.DERUnitSymbol(scale.unit),
        y_unit_installed_max=installed.maximum,
        y_unit_installed_min=installed.minimum,
        dispatch_schedule=tuple(
            schedule for curve in forecast.curves for schedule in _write_curve(curve, scale, confidence)
        ),
    )


def _write_curve(curve: Curve, scale: Scale, confidence: float | None) -> tuple[wire.DispatchSchedule, ...]:
    return tuple(
        wire.DispatchSchedule(
            confidence=None if confidence is None else float32(confidence),
            curve_style_kind=wire.CurveStyle(schedule.style),
            start_time=schedule.start_time,
            time_interval_duration=schedule.duration,
            time_interval_unit=wire.TimeIntervalKind(schedule.unit),
            der_curve_data=tuple(
                wire.DERCurveData(
                    interval_number=each.interval_number,
                    max_y_value=each.maximum,
                    min_y_value=each.minimum,
                    nominal_y_value=each.nominal,
                )
                for each in schedule.data
            ),
        )
        for schedule in write_curve(curve, scale)
    )
