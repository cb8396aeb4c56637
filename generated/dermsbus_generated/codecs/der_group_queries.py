"""DERGroupQueries: lxml elements to the dataclasses of `dermsbus_generated.der_group_queries`, and these to XML text."""

from __future__ import annotations

from lxml.etree import _Element

from dermsbus_generated import der_group_queries as wire
from dermsbus_generated.codecs.lexical import escape, missing, repeated, setter, unknown

__all__ = ["decode", "encode"]

_TAG_EndDeviceGroup = "{http://iec.ch/TC57/2017/DERGroupQueries#}EndDeviceGroup"
_TAG_NameType = "{http://iec.ch/TC57/2017/DERGroupQueries#}NameType"
_TAG_NameTypeAuthority = "{http://iec.ch/TC57/2017/DERGroupQueries#}NameTypeAuthority"
_TAG_Names = "{http://iec.ch/TC57/2017/DERGroupQueries#}Names"
_TAG_description = "{http://iec.ch/TC57/2017/DERGroupQueries#}description"
_TAG_mRID = "{http://iec.ch/TC57/2017/DERGroupQueries#}mRID"
_TAG_name = "{http://iec.ch/TC57/2017/DERGroupQueries#}name"
_new = object.__new__
_set_DERGroupQueries_end_device_group = setter(wire.DERGroupQueries, "end_device_group")
_set_EndDeviceGroup_mrid = setter(wire.EndDeviceGroup, "mrid")
_set_EndDeviceGroup_names = setter(wire.EndDeviceGroup, "names")
_set_Name_name = setter(wire.Name, "name")
_set_Name_name_type = setter(wire.Name, "name_type")
_set_NameType_description = setter(wire.NameType, "description")
_set_NameType_name = setter(wire.NameType, "name")
_set_NameType_name_type_authority = setter(wire.NameType, "name_type_authority")
_set_NameTypeAuthority_description = setter(wire.NameTypeAuthority, "description")
_set_NameTypeAuthority_name = setter(wire.NameTypeAuthority, "name")


def decode(element: _Element) -> wire.DERGroupQueries:
    """The value of an element that the schema has accepted, without comments and processing instructions.

    Raises:
        ValueError: a value that XML Schema allows and Python cannot hold.
    """
    return _read_DERGroupQueries(element)


def encode(value: wire.DERGroupQueries, namespace: str = "http://iec.ch/TC57/2017/DERGroupQueries#") -> str:
    """The element of *value*, *namespace* its default one.

    Raises:
        ValueError: a value that XML cannot carry.
    """
    return f'<DERGroupQueries xmlns="{namespace}">{_write_DERGroupQueries(value)}</DERGroupQueries>'


def _read_DERGroupQueries(element: _Element) -> wire.DERGroupQueries:
    end_device_group: list[wire.EndDeviceGroup] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_EndDeviceGroup:
            end_device_group.append(_read_EndDeviceGroup(child))
        else:
            unknown("DERGroupQueries", tag)
    this = _new(wire.DERGroupQueries)
    _set_DERGroupQueries_end_device_group(this, tuple(end_device_group))
    return this


def _write_DERGroupQueries(value: wire.DERGroupQueries) -> str:
    xml = ""
    for each_end_device_group in value.end_device_group:
        xml += f"<EndDeviceGroup>{_write_EndDeviceGroup(each_end_device_group)}</EndDeviceGroup>"
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
