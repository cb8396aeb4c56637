"""DERGroupForecastQueries: lxml elements to the dataclasses of `dermsbus_generated.der_group_forecast_queries`, and these to XML text."""

from __future__ import annotations

from lxml.etree import _Element
from xsdata.models.datatype import XmlDateTime

from dermsbus_generated import der_group_forecast_queries as wire
from dermsbus_generated.codecs.lexical import escape, missing, one_of, repeated, setter, unknown

__all__ = ["decode", "encode"]

_TAG_DERMonitorableParameter = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}DERMonitorableParameter"
_TAG_DERParameter = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}DERParameter"
_TAG_DispatchSchedule = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}DispatchSchedule"
_TAG_EndDeviceGroup = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}EndDeviceGroup"
_TAG_NameType = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}NameType"
_TAG_NameTypeAuthority = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}NameTypeAuthority"
_TAG_Names = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}Names"
_TAG_curveStyleKind = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}curveStyleKind"
_TAG_description = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}description"
_TAG_flowDirection = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}flowDirection"
_TAG_mRID = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}mRID"
_TAG_name = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}name"
_TAG_numberOfIntervals = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}numberOfIntervals"
_TAG_startTime = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}startTime"
_TAG_timeIntervalDuration = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}timeIntervalDuration"
_TAG_timeIntervalUnit = "{http://iec.ch/TC57/2017/DERGroupForecastQueries#}timeIntervalUnit"
_CurveStyle = {each.value: each for each in wire.CurveStyle}
_DERParameterKind = {each.value: each for each in wire.DERParameterKind}
_FlowDirectionKind = {each.value: each for each in wire.FlowDirectionKind}
_TimeIntervalKind = {each.value: each for each in wire.TimeIntervalKind}
_new = object.__new__
_set_DERGroupForecastQueries_der_monitorable_parameter = setter(
    wire.DERGroupForecastQueries, "der_monitorable_parameter"
)
_set_DERGroupForecastQueries_dispatch_schedule = setter(wire.DERGroupForecastQueries, "dispatch_schedule")
_set_DERGroupForecastQueries_end_device_group = setter(wire.DERGroupForecastQueries, "end_device_group")
_set_DERMonitorableParameter_der_parameter = setter(wire.DERMonitorableParameter, "der_parameter")
_set_DERMonitorableParameter_flow_direction = setter(wire.DERMonitorableParameter, "flow_direction")
_set_DispatchSchedule_curve_style_kind = setter(wire.DispatchSchedule, "curve_style_kind")
_set_DispatchSchedule_number_of_intervals = setter(wire.DispatchSchedule, "number_of_intervals")
_set_DispatchSchedule_start_time = setter(wire.DispatchSchedule, "start_time")
_set_DispatchSchedule_time_interval_duration = setter(wire.DispatchSchedule, "time_interval_duration")
_set_DispatchSchedule_time_interval_unit = setter(wire.DispatchSchedule, "time_interval_unit")
_set_EndDeviceGroup_mrid = setter(wire.EndDeviceGroup, "mrid")
_set_EndDeviceGroup_names = setter(wire.EndDeviceGroup, "names")
_set_Name_name = setter(wire.Name, "name")
_set_Name_name_type = setter(wire.Name, "name_type")
_set_NameType_description = setter(wire.NameType, "description")
_set_NameType_name = setter(wire.NameType, "name")
_set_NameType_name_type_authority = setter(wire.NameType, "name_type_authority")
_set_NameTypeAuthority_description = setter(wire.NameTypeAuthority, "description")
_set_NameTypeAuthority_name = setter(wire.NameTypeAuthority, "name")


def decode(element: _Element) -> wire.DERGroupForecastQueries:
    """The value of an element that the schema has accepted, without comments and processing instructions.

    Raises:
        ValueError: a value that XML Schema allows and Python cannot hold.
    """
    return _read_DERGroupForecastQueries(element)


def encode(
    value: wire.DERGroupForecastQueries, namespace: str = "http://iec.ch/TC57/2017/DERGroupForecastQueries#"
) -> str:
    """The element of *value*, *namespace* its default one.

    Raises:
        ValueError: a value that XML cannot carry.
    """
    return f'<DERGroupForecastQueries xmlns="{namespace}">{_write_DERGroupForecastQueries(value)}</DERGroupForecastQueries>'


def _read_DERGroupForecastQueries(element: _Element) -> wire.DERGroupForecastQueries:
    der_monitorable_parameter: list[wire.DERMonitorableParameter] = []
    dispatch_schedule: list[wire.DispatchSchedule] = []
    end_device_group: list[wire.EndDeviceGroup] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_DERMonitorableParameter:
            der_monitorable_parameter.append(_read_DERMonitorableParameter(child))
        elif tag == _TAG_DispatchSchedule:
            dispatch_schedule.append(_read_DispatchSchedule(child))
        elif tag == _TAG_EndDeviceGroup:
            end_device_group.append(_read_EndDeviceGroup(child))
        else:
            unknown("DERGroupForecastQueries", tag)
    this = _new(wire.DERGroupForecastQueries)
    _set_DERGroupForecastQueries_der_monitorable_parameter(this, tuple(der_monitorable_parameter))
    _set_DERGroupForecastQueries_dispatch_schedule(this, tuple(dispatch_schedule))
    _set_DERGroupForecastQueries_end_device_group(this, tuple(end_device_group))
    return this


def _write_DERGroupForecastQueries(value: wire.DERGroupForecastQueries) -> str:
    xml = ""
    for each_der_monitorable_parameter in value.der_monitorable_parameter:
        xml += f"<DERMonitorableParameter>{_write_DERMonitorableParameter(each_der_monitorable_parameter)}</DERMonitorableParameter>"
    for each_dispatch_schedule in value.dispatch_schedule:
        xml += f"<DispatchSchedule>{_write_DispatchSchedule(each_dispatch_schedule)}</DispatchSchedule>"
    for each_end_device_group in value.end_device_group:
        xml += f"<EndDeviceGroup>{_write_EndDeviceGroup(each_end_device_group)}</EndDeviceGroup>"
    return xml


def _read_DERMonitorableParameter(element: _Element) -> wire.DERMonitorableParameter:
    der_parameter: wire.DERParameterKind | None = None
    flow_direction: wire.FlowDirectionKind | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_DERParameter:
            if der_parameter is not None:
                repeated("DERMonitorableParameter", "DERParameter")
            der_parameter = one_of(_DERParameterKind, child.text)
        elif tag == _TAG_flowDirection:
            if flow_direction is not None:
                repeated("DERMonitorableParameter", "flowDirection")
            flow_direction = one_of(_FlowDirectionKind, child.text)
        else:
            unknown("DERMonitorableParameter", tag)
    if der_parameter is None:
        raise missing("DERMonitorableParameter", "DERParameter")
    this = _new(wire.DERMonitorableParameter)
    _set_DERMonitorableParameter_der_parameter(this, der_parameter)
    _set_DERMonitorableParameter_flow_direction(this, flow_direction)
    return this


def _write_DERMonitorableParameter(value: wire.DERMonitorableParameter) -> str:
    xml = ""
    xml += f"<DERParameter>{value.der_parameter.value}</DERParameter>"
    if value.flow_direction is not None:
        xml += f"<flowDirection>{value.flow_direction.value}</flowDirection>"
    return xml


def _read_DispatchSchedule(element: _Element) -> wire.DispatchSchedule:
    curve_style_kind: wire.CurveStyle | None = None
    number_of_intervals: int | None = None
    start_time: XmlDateTime | None = None
    time_interval_duration: int | None = None
    time_interval_unit: wire.TimeIntervalKind | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_curveStyleKind:
            if curve_style_kind is not None:
                repeated("DispatchSchedule", "curveStyleKind")
            curve_style_kind = one_of(_CurveStyle, child.text)
        elif tag == _TAG_numberOfIntervals:
            if number_of_intervals is not None:
                repeated("DispatchSchedule", "numberOfIntervals")
            number_of_intervals = int(child.text or "")
        elif tag == _TAG_startTime:
            if start_time is not None:
                repeated("DispatchSchedule", "startTime")
            start_time = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_timeIntervalDuration:
            if time_interval_duration is not None:
                repeated("DispatchSchedule", "timeIntervalDuration")
            time_interval_duration = int(child.text or "")
        elif tag == _TAG_timeIntervalUnit:
            if time_interval_unit is not None:
                repeated("DispatchSchedule", "timeIntervalUnit")
            time_interval_unit = one_of(_TimeIntervalKind, child.text)
        else:
            unknown("DispatchSchedule", tag)
    if curve_style_kind is None:
        raise missing("DispatchSchedule", "curveStyleKind")
    if number_of_intervals is None:
        raise missing("DispatchSchedule", "numberOfIntervals")
    if start_time is None:
        raise missing("DispatchSchedule", "startTime")
    if time_interval_duration is None:
        raise missing("DispatchSchedule", "timeIntervalDuration")
    if time_interval_unit is None:
        raise missing("DispatchSchedule", "timeIntervalUnit")
    this = _new(wire.DispatchSchedule)
    _set_DispatchSchedule_curve_style_kind(this, curve_style_kind)
    _set_DispatchSchedule_number_of_intervals(this, number_of_intervals)
    _set_DispatchSchedule_start_time(this, start_time)
    _set_DispatchSchedule_time_interval_duration(this, time_interval_duration)
    _set_DispatchSchedule_time_interval_unit(this, time_interval_unit)
    return this


def _write_DispatchSchedule(value: wire.DispatchSchedule) -> str:
    xml = ""
    xml += f"<curveStyleKind>{value.curve_style_kind.value}</curveStyleKind>"
    xml += f"<numberOfIntervals>{value.number_of_intervals}</numberOfIntervals>"
    xml += f"<startTime>{value.start_time}</startTime>"
    xml += f"<timeIntervalDuration>{value.time_interval_duration}</timeIntervalDuration>"
    xml += f"<timeIntervalUnit>{value.time_interval_unit.value}</timeIntervalUnit>"
    return xml


def _read_EndDeviceGroup(element: _Element) -> wire.EndDeviceGroup:
    mrid: str | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDeviceGroup", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("EndDeviceGroup", tag)
    this = _new(wire.EndDeviceGroup)
    _set_EndDeviceGroup_mrid(this, mrid)
    _set_EndDeviceGroup_names(this, tuple(names))
    return this


def _write_EndDeviceGroup(value: wire.EndDeviceGroup) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
    return xml


def _read_Name(element: _Element) -> wire.Name:
    name: str | None = None
    name_type: wire.NameType | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_name:
            if name is not None:
                repeated("Name", "name")
            name = child.text or ""
        elif tag == _TAG_NameType:
            if name_type is not None:
                repeated("Name", "NameType")
            name_type = _read_NameType(child)
        else:
            unknown("Name", tag)
    if name is None:
        raise missing("Name", "name")
    this = _new(wire.Name)
    _set_Name_name(this, name)
    _set_Name_name_type(this, name_type)
    return this


def _write_Name(value: wire.Name) -> str:
    xml = ""
    xml += f"<name>{escape(value.name)}</name>"
    if value.name_type is not None:
        xml += f"<NameType>{_write_NameType(value.name_type)}</NameType>"
    return xml


def _read_NameType(element: _Element) -> wire.NameType:
    description: str | None = None
    name: str | None = None
    name_type_authority: wire.NameTypeAuthority | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_description:
            if description is not None:
                repeated("NameType", "description")
            description = child.text or ""
        elif tag == _TAG_name:
            if name is not None:
                repeated("NameType", "name")
            name = child.text or ""
        elif tag == _TAG_NameTypeAuthority:
            if name_type_authority is not None:
                repeated("NameType", "NameTypeAuthority")
            name_type_authority = _read_NameTypeAuthority(child)
        else:
            unknown("NameType", tag)
    if name is None:
        raise missing("NameType", "name")
    this = _new(wire.NameType)
    _set_NameType_description(this, description)
    _set_NameType_name(this, name)
    _set_NameType_name_type_authority(this, name_type_authority)
    return this


def _write_NameType(value: wire.NameType) -> str:
    xml = ""
    if value.description is not None:
        xml += f"<description>{escape(value.description)}</description>"
    xml += f"<name>{escape(value.name)}</name>"
    if value.name_type_authority is not None:
        xml += f"<NameTypeAuthority>{_write_NameTypeAuthority(value.name_type_authority)}</NameTypeAuthority>"
    return xml


def _read_NameTypeAuthority(element: _Element) -> wire.NameTypeAuthority:
    description: str | None = None
    name: str | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_description:
            if description is not None:
                repeated("NameTypeAuthority", "description")
            description = child.text or ""
        elif tag == _TAG_name:
            if name is not None:
                repeated("NameTypeAuthority", "name")
            name = child.text or ""
        else:
            unknown("NameTypeAuthority", tag)
    if name is None:
        raise missing("NameTypeAuthority", "name")
    this = _new(wire.NameTypeAuthority)
    _set_NameTypeAuthority_description(this, description)
    _set_NameTypeAuthority_name(this, name)
    return this


def _write_NameTypeAuthority(value: wire.NameTypeAuthority) -> str:
    xml = ""
    if value.description is not None:
        xml += f"<description>{escape(value.description)}</description>"
    xml += f"<name>{escape(value.name)}</name>"
    return xml
