"""DERGroupForecastQueries: generated classes to values of the domain and back.

Source: table DERGroupForecastQueries and sample 4.7 of the project's reference tables.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import CurveStyle, IntervalUnit, ParameterKind, ScheduleRequest
from dermsbus.errors import RequestError
from dermsbus.messages.calendar import last_boundary, read_time, write_time
from dermsbus.messages.envelope import DERGroupForecastQueries, RejectedObject
from dermsbus.messages.names import NameWriter, read_names
from dermsbus_generated import der_group_forecast_queries as wire

__all__ = ["from_wire", "to_wire"]

_NAMES: Final = NameWriter(name=wire.Name, name_type=wire.NameType, authority=wire.NameTypeAuthority)


def from_wire(message: wire.DERGroupForecastQueries, zone: tzinfo) -> DERGroupForecastQueries:
    """What a query asks for, each parameter once; a start without zone is taken to be in *zone*."""
    kinds = (ParameterKind(each.der_parameter.value) for each in message.der_monitorable_parameter)
    return DERGroupForecastQueries(
        references=tuple(
            GroupReference(mrid=group.mrid, names=read_names(group.names)) for group in message.end_device_group
        ),
        parameters=tuple(dict.fromkeys(kinds)),
        schedules=tuple(_read(schedule, zone) for schedule in message.dispatch_schedule),
    )


def to_wire(content: DERGroupForecastQueries) -> wire.DERGroupForecastQueries:
    """The query; a start is written with its offset, in which months and years are counted.

    Raises:
        TypeError: a rejected schedule.
    """
    return wire.DERGroupForecastQueries(
        der_monitorable_parameter=tuple(
            wire.DERMonitorableParameter(der_parameter=wire.DERParameterKind(parameter.value))
            for parameter in content.parameters
        ),
        dispatch_schedule=tuple(_write(schedule) for schedule in content.schedules),
        end_device_group=tuple(
            wire.EndDeviceGroup(mrid=reference.mrid, names=_NAMES.write(reference.names))
            for reference in content.references
        ),
    )


def _read(schedule: wire.DispatchSchedule, zone: tzinfo) -> ScheduleRequest | RejectedObject:
    try:
        request = ScheduleRequest(
            style=CurveStyle(schedule.curve_style_kind.value),
            intervals=schedule.number_of_intervals,
            starts_at=read_time(schedule.start_time, zone),
            interval=schedule.time_interval_duration,
            interval_unit=IntervalUnit(schedule.time_interval_unit.value),
        )
        # refused here, before anybody computes a forecast for it
        last_boundary(request.starts_at, request.interval, request.interval_unit, request.intervals)
    except RequestError as error:
        return RejectedObject.of(error, None)
    return request


def _write(schedule: ScheduleRequest | RejectedObject) -> wire.DispatchSchedule:
    if isinstance(schedule, RejectedObject):
        raise TypeError("a rejected schedule cannot be written")
    return wire.DispatchSchedule(
        curve_style_kind=wire.CurveStyle(schedule.style.value),
        number_of_intervals=schedule.intervals,
        start_time=write_time(schedule.starts_at),
        time_interval_duration=schedule.interval,
        time_interval_unit=wire.TimeIntervalKind(schedule.interval_unit.value),
    )
