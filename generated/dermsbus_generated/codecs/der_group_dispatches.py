"""DERGroupDispatches: lxml elements to the dataclasses of `dermsbus_generated.der_group_dispatches`, and these to XML text."""

from __future__ import annotations

from lxml.etree import _Element
from xsdata.models.datatype import XmlDateTime

from dermsbus_generated import der_group_dispatches as wire
from dermsbus_generated.codecs.lexical import escape, missing, one_of, repeated, setter, unknown, write_float

__all__ = ["decode", "encode"]

_TAG_DERCurveData = "{http://iec.ch/TC57/2017/DERGroupDispatches#}DERCurveData"
_TAG_DERGroupDispatch = "{http://iec.ch/TC57/2017/DERGroupDispatches#}DERGroupDispatch"
_TAG_DERMonitorableParameter = "{http://iec.ch/TC57/2017/DERGroupDispatches#}DERMonitorableParameter"
_TAG_DERParameter = "{http://iec.ch/TC57/2017/DERGroupDispatches#}DERParameter"
_TAG_DispatchSchedule = "{http://iec.ch/TC57/2017/DERGroupDispatches#}DispatchSchedule"
_TAG_EndDeviceGroup = "{http://iec.ch/TC57/2017/DERGroupDispatches#}EndDeviceGroup"
_TAG_NameType = "{http://iec.ch/TC57/2017/DERGroupDispatches#}NameType"
_TAG_NameTypeAuthority = "{http://iec.ch/TC57/2017/DERGroupDispatches#}NameTypeAuthority"
_TAG_Names = "{http://iec.ch/TC57/2017/DERGroupDispatches#}Names"
_TAG_curveStyleKind = "{http://iec.ch/TC57/2017/DERGroupDispatches#}curveStyleKind"
_TAG_description = "{http://iec.ch/TC57/2017/DERGroupDispatches#}description"
_TAG_flowDirection = "{http://iec.ch/TC57/2017/DERGroupDispatches#}flowDirection"
_TAG_intervalNumber = "{http://iec.ch/TC57/2017/DERGroupDispatches#}intervalNumber"
_TAG_mRID = "{http://iec.ch/TC57/2017/DERGroupDispatches#}mRID"
_TAG_name = "{http://iec.ch/TC57/2017/DERGroupDispatches#}name"
_TAG_nominalYValue = "{http://iec.ch/TC57/2017/DERGroupDispatches#}nominalYValue"
_TAG_startTime = "{http://iec.ch/TC57/2017/DERGroupDispatches#}startTime"
_TAG_timeIntervalDuration = "{http://iec.ch/TC57/2017/DERGroupDispatches#}timeIntervalDuration"
_TAG_timeIntervalUnit = "{http://iec.ch/TC57/2017/DERGroupDispatches#}timeIntervalUnit"
_TAG_yMultiplier = "{http://iec.ch/TC57/2017/DERGroupDispatches#}yMultiplier"
_TAG_yUnit = "{http://iec.ch/TC57/2017/DERGroupDispatches#}yUnit"
_CurveStyle = {each.value: each for each in wire.CurveStyle}
_DERParameterKind = {each.value: each for each in wire.DERParameterKind}
_DERUnitSymbol = {each.value: each for each in wire.DERUnitSymbol}
_FlowDirectionKind = {each.value: each for each in wire.FlowDirectionKind}
_TimeIntervalKind = {each.value: each for each in wire.TimeIntervalKind}
_UnitMultiplier = {each.value: each for each in wire.UnitMultiplier}
_new = object.__new__
_set_DERGroupDispatches_der_group_dispatch = setter(wire.DERGroupDispatches, "der_group_dispatch")
_set_DERGroupDispatch_mrid = setter(wire.DERGroupDispatch, "mrid")
_set_DERGroupDispatch_end_device_group = setter(wire.DERGroupDispatch, "end_device_group")
_set_DERGroupDispatch_names = setter(wire.DERGroupDispatch, "names")
_set_EndDeviceGroup_mrid = setter(wire.EndDeviceGroup, "mrid")
_set_EndDeviceGroup_der_monitorable_parameter = setter(wire.EndDeviceGroup, "der_monitorable_parameter")
_set_EndDeviceGroup_names = setter(wire.EndDeviceGroup, "names")
_set_Name_name = setter(wire.Name, "name")
_set_Name_name_type = setter(wire.Name, "name_type")
_set_DERMonitorableParameter_der_parameter = setter(wire.DERMonitorableParameter, "der_parameter")
_set_DERMonitorableParameter_flow_direction = setter(wire.DERMonitorableParameter, "flow_direction")
_set_DERMonitorableParameter_y_multiplier = setter(wire.DERMonitorableParameter, "y_multiplier")
_set_DERMonitorableParameter_y_unit = setter(wire.DERMonitorableParameter, "y_unit")
_set_DERMonitorableParameter_dispatch_schedule = setter(wire.DERMonitorableParameter, "dispatch_schedule")
_set_NameType_description = setter(wire.NameType, "description")
_set_NameType_name = setter(wire.NameType, "name")
_set_NameType_name_type_authority = setter(wire.NameType, "name_type_authority")
_set_DispatchSchedule_curve_style_kind = setter(wire.DispatchSchedule, "curve_style_kind")
_set_DispatchSchedule_start_time = setter(wire.DispatchSchedule, "start_time")
_set_DispatchSchedule_time_interval_duration = setter(wire.DispatchSchedule, "time_interval_duration")
_set_DispatchSchedule_time_interval_unit = setter(wire.DispatchSchedule, "time_interval_unit")
_set_DispatchSchedule_der_curve_data = setter(wire.DispatchSchedule, "der_curve_data")
_set_NameTypeAuthority_description = setter(wire.NameTypeAuthority, "description")
_set_NameTypeAuthority_name = setter(wire.NameTypeAuthority, "name")
_set_DERCurveData_interval_number = setter(wire.DERCurveData, "interval_number")
_set_DERCurveData_nominal_y_value = setter(wire.DERCurveData, "nominal_y_value")


def decode(element: _Element) -> wire.DERGroupDispatches:
    """The value of an element that the schema has accepted, without comments and processing instructions.

    Raises:
        ValueError: a value that XML Schema allows and Python cannot hold.
    """
    return _read_DERGroupDispatches(element)


def encode(value: wire.DERGroupDispatches, namespace: str = "http://iec.ch/TC57/2017/DERGroupDispatches#") -> str:
    """The element of *value*, *namespace* its default one.

    Raises:
        ValueError: a value that XML cannot carry.
    """
    return f'<DERGroupDispatches xmlns="{namespace}">{_write_DERGroupDispatches(value)}</DERGroupDispatches>'


def _read_DERGroupDispatches(element: _Element) -> wire.DERGroupDispatches:
    der_group_dispatch: list[wire.DERGroupDispatch] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_DERGroupDispatch:
            der_group_dispatch.append(_read_DERGroupDispatch(child))
        else:
            unknown("DERGroupDispatches", tag)
    this = _new(wire.DERGroupDispatches)
    _set_DERGroupDispatches_der_group_dispatch(this, tuple(der_group_dispatch))
    return this


def _write_DERGroupDispatches(value: wire.DERGroupDispatches) -> str:
    xml = ""
    for each_der_group_dispatch in value.der_group_dispatch:
        xml += f"<DERGroupDispatch>{_write_DERGroupDispatch(each_der_group_dispatch)}</DERGroupDispatch>"
    return xml


def _read_DERGroupDispatch(element: _Element) -> wire.DERGroupDispatch:
    mrid: str | None = None
    end_device_group: wire.EndDeviceGroup | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("DERGroupDispatch", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_EndDeviceGroup:
            if end_device_group is not None:
                repeated("DERGroupDispatch", "EndDeviceGroup")
            end_device_group = _read_EndDeviceGroup(child)
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("DERGroupDispatch", tag)
    this = _new(wire.DERGroupDispatch)
    _set_DERGroupDispatch_mrid(this, mrid)
    _set_DERGroupDispatch_end_device_group(this, end_device_group)
    _set_DERGroupDispatch_names(this, tuple(names))
    return this


def _write_DERGroupDispatch(value: wire.DERGroupDispatch) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    if value.end_device_group is not None:
        xml += f"<EndDeviceGroup>{_write_EndDeviceGroup(value.end_device_group)}</EndDeviceGroup>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
    return xml


def _read_EndDeviceGroup(element: _Element) -> wire.EndDeviceGroup:
    mrid: str | None = None
    der_monitorable_parameter: wire.DERMonitorableParameter | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDeviceGroup", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_DERMonitorableParameter:
            if der_monitorable_parameter is not None:
                repeated("EndDeviceGroup", "DERMonitorableParameter")
            der_monitorable_parameter = _read_DERMonitorableParameter(child)
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("EndDeviceGroup", tag)
    this = _new(wire.EndDeviceGroup)
    _set_EndDeviceGroup_mrid(this, mrid)
    _set_EndDeviceGroup_der_monitorable_parameter(this, der_monitorable_parameter)
    _set_EndDeviceGroup_names(this, tuple(names))
    return this


def _write_EndDeviceGroup(value: wire.EndDeviceGroup) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    if value.der_monitorable_parameter is not None:
        xml += f"<DERMonitorableParameter>{_write_DERMonitorableParameter(value.der_monitorable_parameter)}</DERMonitorableParameter>"
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


def _read_DERMonitorableParameter(element: _Element) -> wire.DERMonitorableParameter:
    der_parameter: wire.DERParameterKind | None = None
    flow_direction: wire.FlowDirectionKind | None = None
    y_multiplier: wire.UnitMultiplier | None = None
    y_unit: wire.DERUnitSymbol | None = None
    dispatch_schedule: list[wire.DispatchSchedule] = []
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
        elif tag == _TAG_yMultiplier:
            if y_multiplier is not None:
                repeated("DERMonitorableParameter", "yMultiplier")
            y_multiplier = one_of(_UnitMultiplier, child.text)
        elif tag == _TAG_yUnit:
            if y_unit is not None:
                repeated("DERMonitorableParameter", "yUnit")
            y_unit = one_of(_DERUnitSymbol, child.text)
        elif tag == _TAG_DispatchSchedule:
            dispatch_schedule.append(_read_DispatchSchedule(child))
        else:
            unknown("DERMonitorableParameter", tag)
    this = _new(wire.DERMonitorableParameter)
    _set_DERMonitorableParameter_der_parameter(this, der_parameter)
    _set_DERMonitorableParameter_flow_direction(this, flow_direction)
    _set_DERMonitorableParameter_y_multiplier(this, y_multiplier)
    _set_DERMonitorableParameter_y_unit(this, y_unit)
    _set_DERMonitorableParameter_dispatch_schedule(this, tuple(dispatch_schedule))
    return this


def _write_DERMonitorableParameter(value: wire.DERMonitorableParameter) -> str:
    xml = ""
    if value.der_parameter is not None:
        xml += f"<DERParameter>{value.der_parameter.value}</DERParameter>"
    if value.flow_direction is not None:
        xml += f"<flowDirection>{value.flow_direction.value}</flowDirection>"
    if value.y_multiplier is not None:
        xml += f"<yMultiplier>{value.y_multiplier.value}</yMultiplier>"
    if value.y_unit is not None:
        xml += f"<yUnit>{value.y_unit.value}</yUnit>"
    for each_dispatch_schedule in value.dispatch_schedule:
        xml += f"<DispatchSchedule>{_write_DispatchSchedule(each_dispatch_schedule)}</DispatchSchedule>"
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


def _read_DispatchSchedule(element: _Element) -> wire.DispatchSchedule:
    curve_style_kind: wire.CurveStyle | None = None
    start_time: XmlDateTime | None = None
    time_interval_duration: int | None = None
    time_interval_unit: wire.TimeIntervalKind | None = None
    der_curve_data: list[wire.DERCurveData] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_curveStyleKind:
            if curve_style_kind is not None:
                repeated("DispatchSchedule", "curveStyleKind")
            curve_style_kind = one_of(_CurveStyle, child.text)
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
        elif tag == _TAG_DERCurveData:
            der_curve_data.append(_read_DERCurveData(child))
        else:
            unknown("DispatchSchedule", tag)
    this = _new(wire.DispatchSchedule)
    _set_DispatchSchedule_curve_style_kind(this, curve_style_kind)
    _set_DispatchSchedule_start_time(this, start_time)
    _set_DispatchSchedule_time_interval_duration(this, time_interval_duration)
    _set_DispatchSchedule_time_interval_unit(this, time_interval_unit)
    _set_DispatchSchedule_der_curve_data(this, tuple(der_curve_data))
    return this


def _write_DispatchSchedule(value: wire.DispatchSchedule) -> str:
    xml = ""
    if value.curve_style_kind is not None:
        xml += f"<curveStyleKind>{value.curve_style_kind.value}</curveStyleKind>"
    if value.start_time is not None:
        xml += f"<startTime>{value.start_time}</startTime>"
    if value.time_interval_duration is not None:
        xml += f"<timeIntervalDuration>{value.time_interval_duration}</timeIntervalDuration>"
    if value.time_interval_unit is not None:
        xml += f"<timeIntervalUnit>{value.time_interval_unit.value}</timeIntervalUnit>"
    for each_der_curve_data in value.der_curve_data:
        xml += f"<DERCurveData>{_write_DERCurveData(each_der_curve_data)}</DERCurveData>"
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


def _read_DERCurveData(element: _Element) -> wire.DERCurveData:
    interval_number: int | None = None
    nominal_y_value: float | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_intervalNumber:
            if interval_number is not None:
                repeated("DERCurveData", "intervalNumber")
            interval_number = int(child.text or "")
        elif tag == _TAG_nominalYValue:
            if nominal_y_value is not None:
                repeated("DERCurveData", "nominalYValue")
            nominal_y_value = float(child.text or "")
        else:
            unknown("DERCurveData", tag)
    if interval_number is None:
        raise missing("DERCurveData", "intervalNumber")
    this = _new(wire.DERCurveData)
    _set_DERCurveData_interval_number(this, interval_number)
    _set_DERCurveData_nominal_y_value(this, nominal_y_value)
    return this


def _write_DERCurveData(value: wire.DERCurveData) -> str:
    xml = ""
    xml += f"<intervalNumber>{value.interval_number}</intervalNumber>"
    if value.nominal_y_value is not None:
        xml += f"<nominalYValue>{write_float(value.nominal_y_value)}</nominalYValue>"
    return xml
