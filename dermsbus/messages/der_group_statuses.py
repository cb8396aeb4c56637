"""DERGroupStatuses: generated classes to values of the domain and back.

Source: table DERGroupStatuses and sample 4.6 of the project's reference tables.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from dermsbus.domain.identity import group_id, stated_reference
from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import GroupStatus, ParameterKind, ParameterStatus
from dermsbus.errors import IncompleteRequest, RequestError
from dermsbus.messages.calendar import read_time_utc, write_time
from dermsbus.messages.envelope import DERGroupStatuses, RejectedObject
from dermsbus.messages.names import NameWriter, read_names
from dermsbus.messages.units import chosen_scale, stated_scale
from dermsbus_generated import der_group_statuses as wire

__all__ = ["from_wire", "to_wire"]

_NAMES: Final = NameWriter(name=wire.Name, name_type=wire.NameType, authority=wire.NameTypeAuthority)


def from_wire(message: wire.DERGroupStatuses, zone: tzinfo) -> DERGroupStatuses:
    """The statuses of a payload; times without zone are taken to be in *zone*."""
    return DERGroupStatuses(statuses=tuple(_read(group, zone) for group in message.end_device_group))


def to_wire(content: DERGroupStatuses) -> wire.DERGroupStatuses:
    """The payload of statuses.

    Raises:
        TypeError: a rejected object.
        ValueError: a value that cannot be written.
    """
    return wire.DERGroupStatuses(end_device_group=tuple(_write(status) for status in content.statuses))


def _read(group: wire.EndDeviceGroup, zone: tzinfo) -> GroupStatus | RejectedObject:
    reference = stated_reference(GroupReference(mrid=group.mrid, names=read_names(group.names)))
    try:
        return _status(group, reference, zone)
    except RequestError as error:
        return RejectedObject.of(error, group_id(reference))


def _status(group: wire.EndDeviceGroup, reference: GroupReference, zone: tzinfo) -> GroupStatus:
    if reference == GroupReference():
        raise IncompleteRequest("an EndDeviceGroup has neither mRID nor Names: state of which group the status is")
    status = group.status
    stated_at = read_time_utc(status.date_time, zone) if status and status.date_time else None
    parameters = tuple(_parameter(each, zone, stated_at) for each in group.der_monitorable_parameter)
    at = stated_at or max((each.at for each in parameters), default=None)
    if at is None:
        raise IncompleteRequest("neither status nor a parameter has a time: state status/dateTime")
    return GroupStatus(
        group=reference,
        parameters=parameters,
        at=at,
        value=(status.value if status else None) or "",
        remark=(status.remark if status else None) or "",
    )


def _parameter(told: wire.DERMonitorableParameter, zone: tzinfo, group_at: datetime | None) -> ParameterStatus:
    data = told.der_curve_data
    at = read_time_utc(data.time_stamp, zone) if data and data.time_stamp else group_at
    if told.der_parameter is None or at is None:
        missing = "DERParameter" if told.der_parameter is None else "DERCurveData/timeStamp"
        raise IncompleteRequest(f"a DERMonitorableParameter has no {missing}: state it")
    parameter = ParameterKind(told.der_parameter.value)
    scale = stated_scale(
        parameter,
        multiplier=told.y_multiplier.value if told.y_multiplier else None,
        unit=told.y_unit.value if told.y_unit else None,
        direction=told.flow_direction.value if told.flow_direction else None,
        ordered=False,
    )
    now = scale.read_band(
        nominal=data.nominal_y_value if data else None,
        minimum=data.min_y_value if data else None,
        maximum=data.max_y_value if data else None,
    )
    installed = scale.read_band(nominal=None, minimum=told.y_unit_installed_min, maximum=told.y_unit_installed_max)
    return ParameterStatus(
        parameter=parameter,
        at=at,
        value=now.nominal,
        available_min=now.minimum,
        available_max=now.maximum,
        installed_min=installed.minimum,
        installed_max=installed.maximum,
    )


def _write(status: GroupStatus | RejectedObject) -> wire.EndDeviceGroup:
    if isinstance(status, RejectedObject):
        raise TypeError("a rejected status cannot be written")
    return wire.EndDeviceGroup(
        mrid=status.group.mrid,
        der_monitorable_parameter=tuple(_write_parameter(each) for each in status.parameters),
        names=_NAMES.write(status.group.names),
        status=wire.Status(date_time=write_time(status.at), remark=status.remark or None, value=status.value or None),
    )


def _write_parameter(status: ParameterStatus) -> wire.DERMonitorableParameter:
    installed_values = (status.installed_min, status.installed_max)
    scale = chosen_scale(
        status.parameter, (status.value, status.available_min, status.available_max, *installed_values)
    )
    now = scale.write_band(nominal=status.value, minimum=status.available_min, maximum=status.available_max)
    installed = scale.write_band(nominal=None, minimum=status.installed_min, maximum=status.installed_max)
    return wire.DERMonitorableParameter(
        der_parameter=wire.DERParameterKind(status.parameter.value),
        y_multiplier=wire.UnitMultiplier(scale.multiplier),
        y_unit=wire.DERUnitSymbol(scale.unit),
        y_unit_installed_max=installed.maximum,
        y_unit_installed_min=installed.minimum,
        der_curve_data=wire.DERCurveData(
            max_y_value=now.maximum,
            min_y_value=now.minimum,
            nominal_y_value=now.nominal,
            time_stamp=write_time(status.at),
        ),
    )
