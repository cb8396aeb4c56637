"""DERGroups: lxml elements to the dataclasses of `dermsbus_generated.der_groups`, and these to XML text."""

from __future__ import annotations

from lxml.etree import _Element
from xsdata.models.datatype import XmlDateTime

from dermsbus_generated import der_groups as wire
from dermsbus_generated.codecs.lexical import escape, missing, read_bool, repeated, setter, unknown

__all__ = ["decode", "encode"]

_TAG_DERFunction = "{http://iec.ch/TC57/2017/DERGroups#}DERFunction"
_TAG_EndDeviceGroup = "{http://iec.ch/TC57/2017/DERGroups#}EndDeviceGroup"
_TAG_EndDevices = "{http://iec.ch/TC57/2017/DERGroups#}EndDevices"
_TAG_NameType = "{http://iec.ch/TC57/2017/DERGroups#}NameType"
_TAG_NameTypeAuthority = "{http://iec.ch/TC57/2017/DERGroups#}NameTypeAuthority"
_TAG_Names = "{http://iec.ch/TC57/2017/DERGroups#}Names"
_TAG_connectDisconnect = "{http://iec.ch/TC57/2017/DERGroups#}connectDisconnect"
_TAG_date = "{http://iec.ch/TC57/2017/DERGroups#}date"
_TAG_description = "{http://iec.ch/TC57/2017/DERGroups#}description"
_TAG_frequencyWattCurveFunction = "{http://iec.ch/TC57/2017/DERGroups#}frequencyWattCurveFunction"
_TAG_mRID = "{http://iec.ch/TC57/2017/DERGroups#}mRID"
_TAG_major = "{http://iec.ch/TC57/2017/DERGroups#}major"
_TAG_maxRealPowerLimiting = "{http://iec.ch/TC57/2017/DERGroups#}maxRealPowerLimiting"
_TAG_minor = "{http://iec.ch/TC57/2017/DERGroups#}minor"
_TAG_name = "{http://iec.ch/TC57/2017/DERGroups#}name"
_TAG_rampRateControl = "{http://iec.ch/TC57/2017/DERGroups#}rampRateControl"
_TAG_reactivePowerDispatch = "{http://iec.ch/TC57/2017/DERGroups#}reactivePowerDispatch"
_TAG_realPowerDispatch = "{http://iec.ch/TC57/2017/DERGroups#}realPowerDispatch"
_TAG_revision = "{http://iec.ch/TC57/2017/DERGroups#}revision"
_TAG_version = "{http://iec.ch/TC57/2017/DERGroups#}version"
_TAG_voltVarCurveFunction = "{http://iec.ch/TC57/2017/DERGroups#}voltVarCurveFunction"
_TAG_voltWattCurveFunction = "{http://iec.ch/TC57/2017/DERGroups#}voltWattCurveFunction"
_TAG_voltageRegulation = "{http://iec.ch/TC57/2017/DERGroups#}voltageRegulation"
_new = object.__new__
_set_DERGroups_end_device_group = setter(wire.DERGroups, "end_device_group")
_set_EndDeviceGroup_mrid = setter(wire.EndDeviceGroup, "mrid")
_set_EndDeviceGroup_description = setter(wire.EndDeviceGroup, "description")
_set_EndDeviceGroup_der_function = setter(wire.EndDeviceGroup, "der_function")
_set_EndDeviceGroup_end_devices = setter(wire.EndDeviceGroup, "end_devices")
_set_EndDeviceGroup_names = setter(wire.EndDeviceGroup, "names")
_set_EndDeviceGroup_version = setter(wire.EndDeviceGroup, "version")
_set_DERFunction_connect_disconnect = setter(wire.DERFunction, "connect_disconnect")
_set_DERFunction_frequency_watt_curve_function = setter(wire.DERFunction, "frequency_watt_curve_function")
_set_DERFunction_max_real_power_limiting = setter(wire.DERFunction, "max_real_power_limiting")
_set_DERFunction_ramp_rate_control = setter(wire.DERFunction, "ramp_rate_control")
_set_DERFunction_reactive_power_dispatch = setter(wire.DERFunction, "reactive_power_dispatch")
_set_DERFunction_real_power_dispatch = setter(wire.DERFunction, "real_power_dispatch")
_set_DERFunction_voltage_regulation = setter(wire.DERFunction, "voltage_regulation")
_set_DERFunction_volt_var_curve_function = setter(wire.DERFunction, "volt_var_curve_function")
_set_DERFunction_volt_watt_curve_function = setter(wire.DERFunction, "volt_watt_curve_function")
_set_EndDevice_mrid = setter(wire.EndDevice, "mrid")
_set_EndDevice_names = setter(wire.EndDevice, "names")
_set_Name_name = setter(wire.Name, "name")
_set_Name_name_type = setter(wire.Name, "name_type")
_set_Version_date = setter(wire.Version, "date")
_set_Version_major = setter(wire.Version, "major")
_set_Version_minor = setter(wire.Version, "minor")
_set_Version_revision = setter(wire.Version, "revision")
_set_NameType_description = setter(wire.NameType, "description")
_set_NameType_name = setter(wire.NameType, "name")
_set_NameType_name_type_authority = setter(wire.NameType, "name_type_authority")
_set_NameTypeAuthority_description = setter(wire.NameTypeAuthority, "description")
_set_NameTypeAuthority_name = setter(wire.NameTypeAuthority, "name")


def decode(element: _Element) -> wire.DERGroups:
    """The value of an element that the schema has accepted, without comments and processing instructions.

    Raises:
        ValueError: a value that XML Schema allows and Python cannot hold.
    """
    return _read_DERGroups(element)


def encode(value: wire.DERGroups, namespace: str = "http://iec.ch/TC57/2017/DERGroups#") -> str:
    """The element of *value*, *namespace* its default one.

    Raises:
        ValueError: a value that XML cannot carry.
    """
    return f'<DERGroups xmlns="{namespace}">{_write_DERGroups(value)}</DERGroups>'


def _read_DERGroups(element: _Element) -> wire.DERGroups:
    end_device_group: list[wire.EndDeviceGroup] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_EndDeviceGroup:
            end_device_group.append(_read_EndDeviceGroup(child))
        else:
            unknown("DERGroups", tag)
    this = _new(wire.DERGroups)
    _set_DERGroups_end_device_group(this, tuple(end_device_group))
    return this


def _write_DERGroups(value: wire.DERGroups) -> str:
    xml = ""
    for each_end_device_group in value.end_device_group:
        xml += f"<EndDeviceGroup>{_write_EndDeviceGroup(each_end_device_group)}</EndDeviceGroup>"
    return xml


def _read_EndDeviceGroup(element: _Element) -> wire.EndDeviceGroup:
    mrid: str | None = None
    description: str | None = None
    der_function: wire.DERFunction | None = None
    end_devices: list[wire.EndDevice] = []
    names: list[wire.Name] = []
    version: wire.Version | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDeviceGroup", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_description:
            if description is not None:
                repeated("EndDeviceGroup", "description")
            description = child.text or ""
        elif tag == _TAG_DERFunction:
            if der_function is not None:
                repeated("EndDeviceGroup", "DERFunction")
            der_function = _read_DERFunction(child)
        elif tag == _TAG_EndDevices:
            end_devices.append(_read_EndDevice(child))
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        elif tag == _TAG_version:
            if version is not None:
                repeated("EndDeviceGroup", "version")
            version = _read_Version(child)
        else:
            unknown("EndDeviceGroup", tag)
    this = _new(wire.EndDeviceGroup)
    _set_EndDeviceGroup_mrid(this, mrid)
    _set_EndDeviceGroup_description(this, description)
    _set_EndDeviceGroup_der_function(this, der_function)
    _set_EndDeviceGroup_end_devices(this, tuple(end_devices))
    _set_EndDeviceGroup_names(this, tuple(names))
    _set_EndDeviceGroup_version(this, version)
    return this


def _write_EndDeviceGroup(value: wire.EndDeviceGroup) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    if value.description is not None:
        xml += f"<description>{escape(value.description)}</description>"
    if value.der_function is not None:
        xml += f"<DERFunction>{_write_DERFunction(value.der_function)}</DERFunction>"
    for each_end_devices in value.end_devices:
        xml += f"<EndDevices>{_write_EndDevice(each_end_devices)}</EndDevices>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
    if value.version is not None:
        xml += f"<version>{_write_Version(value.version)}</version>"
    return xml


def _read_DERFunction(element: _Element) -> wire.DERFunction:
    connect_disconnect: bool | None = None
    frequency_watt_curve_function: bool | None = None
    max_real_power_limiting: bool | None = None
    ramp_rate_control: bool | None = None
    reactive_power_dispatch: bool | None = None
    real_power_dispatch: bool | None = None
    voltage_regulation: bool | None = None
    volt_var_curve_function: bool | None = None
    volt_watt_curve_function: bool | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_connectDisconnect:
            if connect_disconnect is not None:
                repeated("DERFunction", "connectDisconnect")
            connect_disconnect = read_bool(child.text)
        elif tag == _TAG_frequencyWattCurveFunction:
            if frequency_watt_curve_function is not None:
                repeated("DERFunction", "frequencyWattCurveFunction")
            frequency_watt_curve_function = read_bool(child.text)
        elif tag == _TAG_maxRealPowerLimiting:
            if max_real_power_limiting is not None:
                repeated("DERFunction", "maxRealPowerLimiting")
            max_real_power_limiting = read_bool(child.text)
        elif tag == _TAG_rampRateControl:
            if ramp_rate_control is not None:
                repeated("DERFunction", "rampRateControl")
            ramp_rate_control = read_bool(child.text)
        elif tag == _TAG_reactivePowerDispatch:
            if reactive_power_dispatch is not None:
                repeated("DERFunction", "reactivePowerDispatch")
            reactive_power_dispatch = read_bool(child.text)
        elif tag == _TAG_realPowerDispatch:
            if real_power_dispatch is not None:
                repeated("DERFunction", "realPowerDispatch")
            real_power_dispatch = read_bool(child.text)
        elif tag == _TAG_voltageRegulation:
            if voltage_regulation is not None:
                repeated("DERFunction", "voltageRegulation")
            voltage_regulation = read_bool(child.text)
        elif tag == _TAG_voltVarCurveFunction:
            if volt_var_curve_function is not None:
                repeated("DERFunction", "voltVarCurveFunction")
            volt_var_curve_function = read_bool(child.text)
        elif tag == _TAG_voltWattCurveFunction:
            if volt_watt_curve_function is not None:
                repeated("DERFunction", "voltWattCurveFunction")
            volt_watt_curve_function = read_bool(child.text)
        else:
            unknown("DERFunction", tag)
    if connect_disconnect is None:
        raise missing("DERFunction", "connectDisconnect")
    if frequency_watt_curve_function is None:
        raise missing("DERFunction", "frequencyWattCurveFunction")
    if max_real_power_limiting is None:
        raise missing("DERFunction", "maxRealPowerLimiting")
    if ramp_rate_control is None:
        raise missing("DERFunction", "rampRateControl")
    if reactive_power_dispatch is None:
        raise missing("DERFunction", "reactivePowerDispatch")
    if real_power_dispatch is None:
        raise missing("DERFunction", "realPowerDispatch")
    if voltage_regulation is None:
        raise missing("DERFunction", "voltageRegulation")
    if volt_var_curve_function is None:
        raise missing("DERFunction", "voltVarCurveFunction")
    if volt_watt_curve_function is None:
        raise missing("DERFunction", "voltWattCurveFunction")
    this = _new(wire.DERFunction)
    _set_DERFunction_connect_disconnect(this, connect_disconnect)
    _set_DERFunction_frequency_watt_curve_function(this, frequency_watt_curve_function)
    _set_DERFunction_max_real_power_limiting(this, max_real_power_limiting)
    _set_DERFunction_ramp_rate_control(this, ramp_rate_control)
    _set_DERFunction_reactive_power_dispatch(this, reactive_power_dispatch)
    _set_DERFunction_real_power_dispatch(this, real_power_dispatch)
    _set_DERFunction_voltage_regulation(this, voltage_regulation)
    _set_DERFunction_volt_var_curve_function(this, volt_var_curve_function)
    _set_DERFunction_volt_watt_curve_function(this, volt_watt_curve_function)
    return this


def _write_DERFunction(value: wire.DERFunction) -> str:
    xml = ""
    xml += f"<connectDisconnect>{'true' if value.connect_disconnect else 'false'}</connectDisconnect>"
    xml += f"<frequencyWattCurveFunction>{'true' if value.frequency_watt_curve_function else 'false'}</frequencyWattCurveFunction>"
    xml += f"<maxRealPowerLimiting>{'true' if value.max_real_power_limiting else 'false'}</maxRealPowerLimiting>"
    xml += f"<rampRateControl>{'true' if value.ramp_rate_control else 'false'}</rampRateControl>"
    xml += f"<reactivePowerDispatch>{'true' if value.reactive_power_dispatch else 'false'}</reactivePowerDispatch>"
    xml += f"<realPowerDispatch>{'true' if value.real_power_dispatch else 'false'}</realPowerDispatch>"
    xml += f"<voltageRegulation>{'true' if value.voltage_regulation else 'false'}</voltageRegulation>"
    xml += f"<voltVarCurveFunction>{'true' if value.volt_var_curve_function else 'false'}</voltVarCurveFunction>"
    xml += f"<voltWattCurveFunction>{'true' if value.volt_watt_curve_function else 'false'}</voltWattCurveFunction>"
    return xml


def _read_EndDevice(element: _Element) -> wire.EndDevice:
    mrid: str | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDevice", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("EndDevice", tag)
    this = _new(wire.EndDevice)
    _set_EndDevice_mrid(this, mrid)
    _set_EndDevice_names(this, tuple(names))
    return this


def _write_EndDevice(value: wire.EndDevice) -> str:
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


def _read_Version(element: _Element) -> wire.Version:
    date: XmlDateTime | None = None
    major: int | None = None
    minor: int | None = None
    revision: int | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_date:
            if date is not None:
                repeated("Version", "date")
            date = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_major:
            if major is not None:
                repeated("Version", "major")
            major = int(child.text or "")
        elif tag == _TAG_minor:
            if minor is not None:
                repeated("Version", "minor")
            minor = int(child.text or "")
        elif tag == _TAG_revision:
            if revision is not None:
                repeated("Version", "revision")
            revision = int(child.text or "")
        else:
            unknown("Version", tag)
    this = _new(wire.Version)
    _set_Version_date(this, date)
    _set_Version_major(this, major)
    _set_Version_minor(this, minor)
    _set_Version_revision(this, revision)
    return this


def _write_Version(value: wire.Version) -> str:
    xml = ""
    if value.date is not None:
        xml += f"<date>{value.date}</date>"
    if value.major is not None:
        xml += f"<major>{value.major}</major>"
    if value.minor is not None:
        xml += f"<minor>{value.minor}</minor>"
    if value.revision is not None:
        xml += f"<revision>{value.revision}</revision>"
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
