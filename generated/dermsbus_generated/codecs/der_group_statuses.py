"""DERGroupStatuses: lxml elements to the dataclasses of `dermsbus_generated.der_group_statuses`, and these to XML text."""

from __future__ import annotations

from lxml.etree import _Element
from xsdata.models.datatype import XmlDateTime

from dermsbus_generated import der_group_statuses as wire
from dermsbus_generated.codecs.lexical import escape, missing, one_of, repeated, setter, unknown, write_float

__all__ = ["decode", "encode"]

_TAG_DERCurveData = "{http://iec.ch/TC57/2017/DERGroupStatuses#}DERCurveData"
_TAG_DERMonitorableParameter = "{http://iec.ch/TC57/2017/DERGroupStatuses#}DERMonitorableParameter"
_TAG_DERParameter = "{http://iec.ch/TC57/2017/DERGroupStatuses#}DERParameter"
_TAG_EndDeviceGroup = "{http://iec.ch/TC57/2017/DERGroupStatuses#}EndDeviceGroup"
_TAG_NameType = "{http://iec.ch/TC57/2017/DERGroupStatuses#}NameType"
_TAG_NameTypeAuthority = "{http://iec.ch/TC57/2017/DERGroupStatuses#}NameTypeAuthority"
_TAG_Names = "{http://iec.ch/TC57/2017/DERGroupStatuses#}Names"
_TAG_dateTime = "{http://iec.ch/TC57/2017/DERGroupStatuses#}dateTime"
_TAG_description = "{http://iec.ch/TC57/2017/DERGroupStatuses#}description"
_TAG_flowDirection = "{http://iec.ch/TC57/2017/DERGroupStatuses#}flowDirection"
_TAG_mRID = "{http://iec.ch/TC57/2017/DERGroupStatuses#}mRID"
_TAG_maxYValue = "{http://iec.ch/TC57/2017/DERGroupStatuses#}maxYValue"
_TAG_minYValue = "{http://iec.ch/TC57/2017/DERGroupStatuses#}minYValue"
_TAG_name = "{http://iec.ch/TC57/2017/DERGroupStatuses#}name"
_TAG_nominalYValue = "{http://iec.ch/TC57/2017/DERGroupStatuses#}nominalYValue"
_TAG_reason = "{http://iec.ch/TC57/2017/DERGroupStatuses#}reason"
_TAG_remark = "{http://iec.ch/TC57/2017/DERGroupStatuses#}remark"
_TAG_status = "{http://iec.ch/TC57/2017/DERGroupStatuses#}status"
_TAG_timeStamp = "{http://iec.ch/TC57/2017/DERGroupStatuses#}timeStamp"
_TAG_value = "{http://iec.ch/TC57/2017/DERGroupStatuses#}value"
_TAG_yMultiplier = "{http://iec.ch/TC57/2017/DERGroupStatuses#}yMultiplier"
_TAG_yUnit = "{http://iec.ch/TC57/2017/DERGroupStatuses#}yUnit"
_TAG_yUnitInstalledMax = "{http://iec.ch/TC57/2017/DERGroupStatuses#}yUnitInstalledMax"
_TAG_yUnitInstalledMin = "{http://iec.ch/TC57/2017/DERGroupStatuses#}yUnitInstalledMin"
_DERParameterKind = {each.value: each for each in wire.DERParameterKind}
_DERUnitSymbol = {each.value: each for each in wire.DERUnitSymbol}
_FlowDirectionKind = {each.value: each for each in wire.FlowDirectionKind}
_UnitMultiplier = {each.value: each for each in wire.UnitMultiplier}
_new = object.__new__
_set_DERGroupStatuses_end_device_group = setter(wire.DERGroupStatuses, "end_device_group")
_set_EndDeviceGroup_mrid = setter(wire.EndDeviceGroup, "mrid")
_set_EndDeviceGroup_der_monitorable_parameter = setter(wire.EndDeviceGroup, "der_monitorable_parameter")
_set_EndDeviceGroup_names = setter(wire.EndDeviceGroup, "names")
_set_EndDeviceGroup_status = setter(wire.EndDeviceGroup, "status")
_set_DERMonitorableParameter_der_parameter = setter(wire.DERMonitorableParameter, "der_parameter")
_set_DERMonitorableParameter_flow_direction = setter(wire.DERMonitorableParameter, "flow_direction")
_set_DERMonitorableParameter_y_multiplier = setter(wire.DERMonitorableParameter, "y_multiplier")
_set_DERMonitorableParameter_y_unit = setter(wire.DERMonitorableParameter, "y_unit")
_set_DERMonitorableParameter_y_unit_installed_max = setter(wire.DERMonitorableParameter, "y_unit_installed_max")
_set_DERMonitorableParameter_y_unit_installed_min = setter(wire.DERMonitorableParameter, "y_unit_installed_min")
_set_DERMonitorableParameter_der_curve_data = setter(wire.DERMonitorableParameter, "der_curve_data")
_set_Name_name = setter(wire.Name, "name")
_set_Name_name_type = setter(wire.Name, "name_type")
_set_Status_date_time = setter(wire.Status, "date_time")
_set_Status_reason = setter(wire.Status, "reason")
_set_Status_remark = setter(wire.Status, "remark")
_set_Status_value = setter(wire.Status, "value")
_set_DERCurveData_max_y_value = setter(wire.DERCurveData, "max_y_value")
_set_DERCurveData_min_y_value = setter(wire.DERCurveData, "min_y_value")
_set_DERCurveData_nominal_y_value = setter(wire.DERCurveData, "nominal_y_value")
_set_DERCurveData_time_stamp = setter(wire.DERCurveData, "time_stamp")
_set_NameType_description = setter(wire.NameType, "description")
_set_NameType_name = setter(wire.NameType, "name")
_set_NameType_name_type_authority = setter(wire.NameType, "name_type_authority")
_set_NameTypeAuthority_description = setter(wire.NameTypeAuthority, "description")
_set_NameTypeAuthority_name = setter(wire.NameTypeAuthority, "name")


def decode(element: _Element) -> wire.DERGroupStatuses:
    """The value of an element that the schema has accepted, without comments and processing instructions.

    Raises:
        ValueError: a value that XML Schema allows and Python cannot hold.
    """
    return _read_DERGroupStatuses(element)


def encode(value: wire.DERGroupStatuses, namespace: str = "http://iec.ch/TC57/2017/DERGroupStatuses#") -> str:
    """The element of *value*, *namespace* its default one.

    Raises:
        ValueError: a value that XML cannot carry.
    """
    return f'<DERGroupStatuses xmlns="{namespace}">{_write_DERGroupStatuses(value)}</DERGroupStatuses>'


def _read_DERGroupStatuses(element: _Element) -> wire.DERGroupStatuses:
    end_device_group: list[wire.EndDeviceGroup] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_EndDeviceGroup:
            end_device_group.append(_read_EndDeviceGroup(child))
        else:
            unknown("DERGroupStatuses", tag)
    this = _new(wire.DERGroupStatuses)
    _set_DERGroupStatuses_end_device_group(this, tuple(end_device_group))
    return this


def _write_DERGroupStatuses(value: wire.DERGroupStatuses) -> str:
    xml = ""
    for each_end_device_group in value.end_device_group:
        xml += f"<EndDeviceGroup>{_write_EndDeviceGroup(each_end_device_group)}</EndDeviceGroup>"
    return xml


def _read_EndDeviceGroup(element: _Element) -> wire.EndDeviceGroup:
    mrid: str | None = None
    der_monitorable_parameter: list[wire.DERMonitorableParameter] = []
    names: list[wire.Name] = []
    status: wire.Status | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDeviceGroup", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_DERMonitorableParameter:
            der_monitorable_parameter.append(_read_DERMonitorableParameter(child))
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        elif tag == _TAG_status:
            if status is not None:
                repeated("EndDeviceGroup", "status")
            status = _read_Status(child)
        else:
            unknown("EndDeviceGroup", tag)
    this = _new(wire.EndDeviceGroup)
    _set_EndDeviceGroup_mrid(this, mrid)
    _set_EndDeviceGroup_der_monitorable_parameter(this, tuple(der_monitorable_parameter))
    _set_EndDeviceGroup_names(this, tuple(names))
    _set_EndDeviceGroup_status(this, status)
    return this


def _write_EndDeviceGroup(value: wire.EndDeviceGroup) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    for each_der_monitorable_parameter in value.der_monitorable_parameter:
        xml += f"<DERMonitorableParameter>{_write_DERMonitorableParameter(each_der_monitorable_parameter)}</DERMonitorableParameter>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
    if value.status is not None:
        xml += f"<status>{_write_Status(value.status)}</status>"
    return xml


def _read_DERMonitorableParameter(element: _Element) -> wire.DERMonitorableParameter:
    der_parameter: wire.DERParameterKind | None = None
    flow_direction: wire.FlowDirectionKind | None = None
    y_multiplier: wire.UnitMultiplier | None = None
    y_unit: wire.DERUnitSymbol | None = None
    y_unit_installed_max: float | None = None
    y_unit_installed_min: float | None = None
    der_curve_data: wire.DERCurveData | None = None
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
        elif tag == _TAG_yUnitInstalledMax:
            if y_unit_installed_max is not None:
                repeated("DERMonitorableParameter", "yUnitInstalledMax")
            y_unit_installed_max = float(child.text or "")
        elif tag == _TAG_yUnitInstalledMin:
            if y_unit_installed_min is not None:
                repeated("DERMonitorableParameter", "yUnitInstalledMin")
            y_unit_installed_min = float(child.text or "")
        elif tag == _TAG_DERCurveData:
            if der_curve_data is not None:
                repeated("DERMonitorableParameter", "DERCurveData")
            der_curve_data = _read_DERCurveData(child)
        else:
            unknown("DERMonitorableParameter", tag)
    this = _new(wire.DERMonitorableParameter)
    _set_DERMonitorableParameter_der_parameter(this, der_parameter)
    _set_DERMonitorableParameter_flow_direction(this, flow_direction)
    _set_DERMonitorableParameter_y_multiplier(this, y_multiplier)
    _set_DERMonitorableParameter_y_unit(this, y_unit)
    _set_DERMonitorableParameter_y_unit_installed_max(this, y_unit_installed_max)
    _set_DERMonitorableParameter_y_unit_installed_min(this, y_unit_installed_min)
    _set_DERMonitorableParameter_der_curve_data(this, der_curve_data)
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
    if value.y_unit_installed_max is not None:
        xml += f"<yUnitInstalledMax>{write_float(value.y_unit_installed_max)}</yUnitInstalledMax>"
    if value.y_unit_installed_min is not None:
        xml += f"<yUnitInstalledMin>{write_float(value.y_unit_installed_min)}</yUnitInstalledMin>"
    if value.der_curve_data is not None:
        xml += f"<DERCurveData>{_write_DERCurveData(value.der_curve_data)}</DERCurveData>"
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


def _read_Status(element: _Element) -> wire.Status:
    date_time: XmlDateTime | None = None
    reason: str | None = None
    remark: str | None = None
    value: str | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_dateTime:
            if date_time is not None:
                repeated("Status", "dateTime")
            date_time = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_reason:
            if reason is not None:
                repeated("Status", "reason")
            reason = child.text or ""
        elif tag == _TAG_remark:
            if remark is not None:
                repeated("Status", "remark")
            remark = child.text or ""
        elif tag == _TAG_value:
            if value is not None:
                repeated("Status", "value")
            value = child.text or ""
        else:
            unknown("Status", tag)
    this = _new(wire.Status)
    _set_Status_date_time(this, date_time)
    _set_Status_reason(this, reason)
    _set_Status_remark(this, remark)
    _set_Status_value(this, value)
    return this


def _write_Status(value: wire.Status) -> str:
    xml = ""
    if value.date_time is not None:
        xml += f"<dateTime>{value.date_time}</dateTime>"
    if value.reason is not None:
        xml += f"<reason>{escape(value.reason)}</reason>"
    if value.remark is not None:
        xml += f"<remark>{escape(value.remark)}</remark>"
    if value.value is not None:
        xml += f"<value>{escape(value.value)}</value>"
    return xml


def _read_DERCurveData(element: _Element) -> wire.DERCurveData:
    max_y_value: float | None = None
    min_y_value: float | None = None
    nominal_y_value: float | None = None
    time_stamp: XmlDateTime | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_maxYValue:
            if max_y_value is not None:
                repeated("DERCurveData", "maxYValue")
            max_y_value = float(child.text or "")
        elif tag == _TAG_minYValue:
            if min_y_value is not None:
                repeated("DERCurveData", "minYValue")
            min_y_value = float(child.text or "")
        elif tag == _TAG_nominalYValue:
            if nominal_y_value is not None:
                repeated("DERCurveData", "nominalYValue")
            nominal_y_value = float(child.text or "")
        elif tag == _TAG_timeStamp:
            if time_stamp is not None:
                repeated("DERCurveData", "timeStamp")
            time_stamp = XmlDateTime.from_string(child.text or "")
        else:
            unknown("DERCurveData", tag)
    this = _new(wire.DERCurveData)
    _set_DERCurveData_max_y_value(this, max_y_value)
    _set_DERCurveData_min_y_value(this, min_y_value)
    _set_DERCurveData_nominal_y_value(this, nominal_y_value)
    _set_DERCurveData_time_stamp(this, time_stamp)
    return this


def _write_DERCurveData(value: wire.DERCurveData) -> str:
    xml = ""
    if value.max_y_value is not None:
        xml += f"<maxYValue>{write_float(value.max_y_value)}</maxYValue>"
    if value.min_y_value is not None:
        xml += f"<minYValue>{write_float(value.min_y_value)}</minYValue>"
    if value.nominal_y_value is not None:
        xml += f"<nominalYValue>{write_float(value.nominal_y_value)}</nominalYValue>"
    if value.time_stamp is not None:
        xml += f"<timeStamp>{value.time_stamp}</timeStamp>"
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
