"""EndDeviceEvents: lxml elements to the dataclasses of `dermsbus_generated.end_device_events`, and these to XML text."""

from __future__ import annotations

from lxml.etree import _Element
from xsdata.models.datatype import XmlDateTime

from dermsbus_generated import end_device_events as wire
from dermsbus_generated.codecs.lexical import escape, escape_attribute, missing, repeated, setter, unknown

__all__ = ["decode", "encode"]

_TAG_Assets = "{http://iec.ch/TC57/2011/EndDeviceEvents#}Assets"
_TAG_EndDeviceEvent = "{http://iec.ch/TC57/2011/EndDeviceEvents#}EndDeviceEvent"
_TAG_EndDeviceEventDetails = "{http://iec.ch/TC57/2011/EndDeviceEvents#}EndDeviceEventDetails"
_TAG_EndDeviceEventType = "{http://iec.ch/TC57/2011/EndDeviceEvents#}EndDeviceEventType"
_TAG_NameType = "{http://iec.ch/TC57/2011/EndDeviceEvents#}NameType"
_TAG_NameTypeAuthority = "{http://iec.ch/TC57/2011/EndDeviceEvents#}NameTypeAuthority"
_TAG_Names = "{http://iec.ch/TC57/2011/EndDeviceEvents#}Names"
_TAG_UsagePoint = "{http://iec.ch/TC57/2011/EndDeviceEvents#}UsagePoint"
_TAG_createdDateTime = "{http://iec.ch/TC57/2011/EndDeviceEvents#}createdDateTime"
_TAG_dateTime = "{http://iec.ch/TC57/2011/EndDeviceEvents#}dateTime"
_TAG_description = "{http://iec.ch/TC57/2011/EndDeviceEvents#}description"
_TAG_domain = "{http://iec.ch/TC57/2011/EndDeviceEvents#}domain"
_TAG_eventOrAction = "{http://iec.ch/TC57/2011/EndDeviceEvents#}eventOrAction"
_TAG_issuerID = "{http://iec.ch/TC57/2011/EndDeviceEvents#}issuerID"
_TAG_issuerTrackingID = "{http://iec.ch/TC57/2011/EndDeviceEvents#}issuerTrackingID"
_TAG_mRID = "{http://iec.ch/TC57/2011/EndDeviceEvents#}mRID"
_TAG_name = "{http://iec.ch/TC57/2011/EndDeviceEvents#}name"
_TAG_reason = "{http://iec.ch/TC57/2011/EndDeviceEvents#}reason"
_TAG_remark = "{http://iec.ch/TC57/2011/EndDeviceEvents#}remark"
_TAG_severity = "{http://iec.ch/TC57/2011/EndDeviceEvents#}severity"
_TAG_status = "{http://iec.ch/TC57/2011/EndDeviceEvents#}status"
_TAG_subDomain = "{http://iec.ch/TC57/2011/EndDeviceEvents#}subDomain"
_TAG_type = "{http://iec.ch/TC57/2011/EndDeviceEvents#}type"
_TAG_userID = "{http://iec.ch/TC57/2011/EndDeviceEvents#}userID"
_TAG_value = "{http://iec.ch/TC57/2011/EndDeviceEvents#}value"
_new = object.__new__
_set_EndDeviceEvents_end_device_event = setter(wire.EndDeviceEvents, "end_device_event")
_set_EndDeviceEvents_end_device_event_type = setter(wire.EndDeviceEvents, "end_device_event_type")
_set_EndDeviceEvent_mrid = setter(wire.EndDeviceEvent, "mrid")
_set_EndDeviceEvent_created_date_time = setter(wire.EndDeviceEvent, "created_date_time")
_set_EndDeviceEvent_issuer_id = setter(wire.EndDeviceEvent, "issuer_id")
_set_EndDeviceEvent_issuer_tracking_id = setter(wire.EndDeviceEvent, "issuer_tracking_id")
_set_EndDeviceEvent_reason = setter(wire.EndDeviceEvent, "reason")
_set_EndDeviceEvent_severity = setter(wire.EndDeviceEvent, "severity")
_set_EndDeviceEvent_user_id = setter(wire.EndDeviceEvent, "user_id")
_set_EndDeviceEvent_assets = setter(wire.EndDeviceEvent, "assets")
_set_EndDeviceEvent_end_device_event_details = setter(wire.EndDeviceEvent, "end_device_event_details")
_set_EndDeviceEvent_end_device_event_type = setter(wire.EndDeviceEvent, "end_device_event_type")
_set_EndDeviceEvent_names = setter(wire.EndDeviceEvent, "names")
_set_EndDeviceEvent_status = setter(wire.EndDeviceEvent, "status")
_set_EndDeviceEvent_usage_point = setter(wire.EndDeviceEvent, "usage_point")
_set_EndDeviceEventType_mrid = setter(wire.EndDeviceEventType, "mrid")
_set_EndDeviceEventType_domain = setter(wire.EndDeviceEventType, "domain")
_set_EndDeviceEventType_event_or_action = setter(wire.EndDeviceEventType, "event_or_action")
_set_EndDeviceEventType_sub_domain = setter(wire.EndDeviceEventType, "sub_domain")
_set_EndDeviceEventType_type_value = setter(wire.EndDeviceEventType, "type_value")
_set_EndDeviceEventType_names = setter(wire.EndDeviceEventType, "names")
_set_Asset_mrid = setter(wire.Asset, "mrid")
_set_Asset_names = setter(wire.Asset, "names")
_set_EndDeviceEventDetail_name = setter(wire.EndDeviceEventDetail, "name")
_set_EndDeviceEventDetail_value = setter(wire.EndDeviceEventDetail, "value")
_set_EndDeviceEvent_EndDeviceEventType_ref = setter(wire.EndDeviceEvent.EndDeviceEventType, "ref")
_set_Name_name = setter(wire.Name, "name")
_set_Name_name_type = setter(wire.Name, "name_type")
_set_Status_date_time = setter(wire.Status, "date_time")
_set_Status_reason = setter(wire.Status, "reason")
_set_Status_remark = setter(wire.Status, "remark")
_set_Status_value = setter(wire.Status, "value")
_set_UsagePoint_mrid = setter(wire.UsagePoint, "mrid")
_set_UsagePoint_names = setter(wire.UsagePoint, "names")
_set_NameType_description = setter(wire.NameType, "description")
_set_NameType_name = setter(wire.NameType, "name")
_set_NameType_name_type_authority = setter(wire.NameType, "name_type_authority")
_set_NameTypeAuthority_description = setter(wire.NameTypeAuthority, "description")
_set_NameTypeAuthority_name = setter(wire.NameTypeAuthority, "name")


def decode(element: _Element) -> wire.EndDeviceEvents:
    """The value of an element that the schema has accepted, without comments and processing instructions.

    Raises:
        ValueError: a value that XML Schema allows and Python cannot hold.
    """
    return _read_EndDeviceEvents(element)


def encode(value: wire.EndDeviceEvents, namespace: str = "http://iec.ch/TC57/2011/EndDeviceEvents#") -> str:
    """The element of *value*, *namespace* its default one.

    Raises:
        ValueError: a value that XML cannot carry.
    """
    return f'<EndDeviceEvents xmlns="{namespace}">{_write_EndDeviceEvents(value)}</EndDeviceEvents>'


def _read_EndDeviceEvents(element: _Element) -> wire.EndDeviceEvents:
    end_device_event: list[wire.EndDeviceEvent] = []
    end_device_event_type: list[wire.EndDeviceEventType] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_EndDeviceEvent:
            end_device_event.append(_read_EndDeviceEvent(child))
        elif tag == _TAG_EndDeviceEventType:
            end_device_event_type.append(_read_EndDeviceEventType(child))
        else:
            unknown("EndDeviceEvents", tag)
    this = _new(wire.EndDeviceEvents)
    _set_EndDeviceEvents_end_device_event(this, tuple(end_device_event))
    _set_EndDeviceEvents_end_device_event_type(this, tuple(end_device_event_type))
    return this


def _write_EndDeviceEvents(value: wire.EndDeviceEvents) -> str:
    xml = ""
    for each_end_device_event in value.end_device_event:
        xml += f"<EndDeviceEvent>{_write_EndDeviceEvent(each_end_device_event)}</EndDeviceEvent>"
    for each_end_device_event_type in value.end_device_event_type:
        xml += f"<EndDeviceEventType>{_write_EndDeviceEventType(each_end_device_event_type)}</EndDeviceEventType>"
    return xml


def _read_EndDeviceEvent(element: _Element) -> wire.EndDeviceEvent:
    mrid: str | None = None
    created_date_time: XmlDateTime | None = None
    issuer_id: str | None = None
    issuer_tracking_id: str | None = None
    reason: str | None = None
    severity: str | None = None
    user_id: str | None = None
    assets: wire.Asset | None = None
    end_device_event_details: list[wire.EndDeviceEventDetail] = []
    end_device_event_type: wire.EndDeviceEvent.EndDeviceEventType | None = None
    names: list[wire.Name] = []
    status: wire.Status | None = None
    usage_point: wire.UsagePoint | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDeviceEvent", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_createdDateTime:
            if created_date_time is not None:
                repeated("EndDeviceEvent", "createdDateTime")
            created_date_time = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_issuerID:
            if issuer_id is not None:
                repeated("EndDeviceEvent", "issuerID")
            issuer_id = child.text or ""
        elif tag == _TAG_issuerTrackingID:
            if issuer_tracking_id is not None:
                repeated("EndDeviceEvent", "issuerTrackingID")
            issuer_tracking_id = child.text or ""
        elif tag == _TAG_reason:
            if reason is not None:
                repeated("EndDeviceEvent", "reason")
            reason = child.text or ""
        elif tag == _TAG_severity:
            if severity is not None:
                repeated("EndDeviceEvent", "severity")
            severity = child.text or ""
        elif tag == _TAG_userID:
            if user_id is not None:
                repeated("EndDeviceEvent", "userID")
            user_id = child.text or ""
        elif tag == _TAG_Assets:
            if assets is not None:
                repeated("EndDeviceEvent", "Assets")
            assets = _read_Asset(child)
        elif tag == _TAG_EndDeviceEventDetails:
            end_device_event_details.append(_read_EndDeviceEventDetail(child))
        elif tag == _TAG_EndDeviceEventType:
            if end_device_event_type is not None:
                repeated("EndDeviceEvent", "EndDeviceEventType")
            end_device_event_type = _read_EndDeviceEvent_EndDeviceEventType(child)
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        elif tag == _TAG_status:
            if status is not None:
                repeated("EndDeviceEvent", "status")
            status = _read_Status(child)
        elif tag == _TAG_UsagePoint:
            if usage_point is not None:
                repeated("EndDeviceEvent", "UsagePoint")
            usage_point = _read_UsagePoint(child)
        else:
            unknown("EndDeviceEvent", tag)
    if created_date_time is None:
        raise missing("EndDeviceEvent", "createdDateTime")
    if end_device_event_type is None:
        raise missing("EndDeviceEvent", "EndDeviceEventType")
    this = _new(wire.EndDeviceEvent)
    _set_EndDeviceEvent_mrid(this, mrid)
    _set_EndDeviceEvent_created_date_time(this, created_date_time)
    _set_EndDeviceEvent_issuer_id(this, issuer_id)
    _set_EndDeviceEvent_issuer_tracking_id(this, issuer_tracking_id)
    _set_EndDeviceEvent_reason(this, reason)
    _set_EndDeviceEvent_severity(this, severity)
    _set_EndDeviceEvent_user_id(this, user_id)
    _set_EndDeviceEvent_assets(this, assets)
    _set_EndDeviceEvent_end_device_event_details(this, tuple(end_device_event_details))
    _set_EndDeviceEvent_end_device_event_type(this, end_device_event_type)
    _set_EndDeviceEvent_names(this, tuple(names))
    _set_EndDeviceEvent_status(this, status)
    _set_EndDeviceEvent_usage_point(this, usage_point)
    return this


def _write_EndDeviceEvent(value: wire.EndDeviceEvent) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    xml += f"<createdDateTime>{value.created_date_time}</createdDateTime>"
    if value.issuer_id is not None:
        xml += f"<issuerID>{escape(value.issuer_id)}</issuerID>"
    if value.issuer_tracking_id is not None:
        xml += f"<issuerTrackingID>{escape(value.issuer_tracking_id)}</issuerTrackingID>"
    if value.reason is not None:
        xml += f"<reason>{escape(value.reason)}</reason>"
    if value.severity is not None:
        xml += f"<severity>{escape(value.severity)}</severity>"
    if value.user_id is not None:
        xml += f"<userID>{escape(value.user_id)}</userID>"
    if value.assets is not None:
        xml += f"<Assets>{_write_Asset(value.assets)}</Assets>"
    for each_end_device_event_details in value.end_device_event_details:
        xml += f"<EndDeviceEventDetails>{_write_EndDeviceEventDetail(each_end_device_event_details)}</EndDeviceEventDetails>"
    xml += f"<EndDeviceEventType{_attributes_EndDeviceEvent_EndDeviceEventType(value.end_device_event_type)}>{_write_EndDeviceEvent_EndDeviceEventType(value.end_device_event_type)}</EndDeviceEventType>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
    if value.status is not None:
        xml += f"<status>{_write_Status(value.status)}</status>"
    if value.usage_point is not None:
        xml += f"<UsagePoint>{_write_UsagePoint(value.usage_point)}</UsagePoint>"
    return xml


def _read_EndDeviceEventType(element: _Element) -> wire.EndDeviceEventType:
    mrid: str | None = None
    domain: str | None = None
    event_or_action: str | None = None
    sub_domain: str | None = None
    type_value: str | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDeviceEventType", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_domain:
            if domain is not None:
                repeated("EndDeviceEventType", "domain")
            domain = child.text or ""
        elif tag == _TAG_eventOrAction:
            if event_or_action is not None:
                repeated("EndDeviceEventType", "eventOrAction")
            event_or_action = child.text or ""
        elif tag == _TAG_subDomain:
            if sub_domain is not None:
                repeated("EndDeviceEventType", "subDomain")
            sub_domain = child.text or ""
        elif tag == _TAG_type:
            if type_value is not None:
                repeated("EndDeviceEventType", "type")
            type_value = child.text or ""
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("EndDeviceEventType", tag)
    this = _new(wire.EndDeviceEventType)
    _set_EndDeviceEventType_mrid(this, mrid)
    _set_EndDeviceEventType_domain(this, domain)
    _set_EndDeviceEventType_event_or_action(this, event_or_action)
    _set_EndDeviceEventType_sub_domain(this, sub_domain)
    _set_EndDeviceEventType_type_value(this, type_value)
    _set_EndDeviceEventType_names(this, tuple(names))
    return this


def _write_EndDeviceEventType(value: wire.EndDeviceEventType) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    if value.domain is not None:
        xml += f"<domain>{escape(value.domain)}</domain>"
    if value.event_or_action is not None:
        xml += f"<eventOrAction>{escape(value.event_or_action)}</eventOrAction>"
    if value.sub_domain is not None:
        xml += f"<subDomain>{escape(value.sub_domain)}</subDomain>"
    if value.type_value is not None:
        xml += f"<type>{escape(value.type_value)}</type>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
    return xml


def _read_Asset(element: _Element) -> wire.Asset:
    mrid: str | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("Asset", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("Asset", tag)
    this = _new(wire.Asset)
    _set_Asset_mrid(this, mrid)
    _set_Asset_names(this, tuple(names))
    return this


def _write_Asset(value: wire.Asset) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
    return xml


def _read_EndDeviceEventDetail(element: _Element) -> wire.EndDeviceEventDetail:
    name: str | None = None
    value: str | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_name:
            if name is not None:
                repeated("EndDeviceEventDetail", "name")
            name = child.text or ""
        elif tag == _TAG_value:
            if value is not None:
                repeated("EndDeviceEventDetail", "value")
            value = child.text or ""
        else:
            unknown("EndDeviceEventDetail", tag)
    if name is None:
        raise missing("EndDeviceEventDetail", "name")
    this = _new(wire.EndDeviceEventDetail)
    _set_EndDeviceEventDetail_name(this, name)
    _set_EndDeviceEventDetail_value(this, value)
    return this


def _write_EndDeviceEventDetail(value: wire.EndDeviceEventDetail) -> str:
    xml = ""
    xml += f"<name>{escape(value.name)}</name>"
    if value.value is not None:
        xml += f"<value>{escape(value.value)}</value>"
    return xml


def _read_EndDeviceEvent_EndDeviceEventType(element: _Element) -> wire.EndDeviceEvent.EndDeviceEventType:
    ref: str | None = element.get("ref")
    for child in element:
        unknown("EndDeviceEvent_EndDeviceEventType", child.tag)
    this = _new(wire.EndDeviceEvent.EndDeviceEventType)
    _set_EndDeviceEvent_EndDeviceEventType_ref(this, ref)
    return this


def _attributes_EndDeviceEvent_EndDeviceEventType(value: wire.EndDeviceEvent.EndDeviceEventType) -> str:
    xml = ""
    if value.ref is not None:
        xml += f' ref="{escape_attribute(value.ref)}"'
    return xml


def _write_EndDeviceEvent_EndDeviceEventType(value: wire.EndDeviceEvent.EndDeviceEventType) -> str:
    xml = ""
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


def _read_UsagePoint(element: _Element) -> wire.UsagePoint:
    mrid: str | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("UsagePoint", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("UsagePoint", tag)
    this = _new(wire.UsagePoint)
    _set_UsagePoint_mrid(this, mrid)
    _set_UsagePoint_names(this, tuple(names))
    return this


def _write_UsagePoint(value: wire.UsagePoint) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
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
