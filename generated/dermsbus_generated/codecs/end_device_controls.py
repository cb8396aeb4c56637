"""EndDeviceControls: lxml elements to the dataclasses of `dermsbus_generated.end_device_controls`, and these to XML text."""

from __future__ import annotations

from decimal import Decimal

from lxml.etree import _Element
from xsdata.models.datatype import XmlDateTime

from dermsbus_generated import end_device_controls as wire
from dermsbus_generated.codecs.lexical import (
    escape,
    escape_attribute,
    missing,
    one_of,
    read_bool,
    read_decimal,
    repeated,
    setter,
    unknown,
    write_decimal,
    write_float,
)

__all__ = ["decode", "encode"]

_TAG_EndDeviceControl = "{http://iec.ch/TC57/2011/EndDeviceControls#}EndDeviceControl"
_TAG_EndDeviceControlType = "{http://iec.ch/TC57/2011/EndDeviceControls#}EndDeviceControlType"
_TAG_EndDeviceGroups = "{http://iec.ch/TC57/2011/EndDeviceControls#}EndDeviceGroups"
_TAG_EndDevices = "{http://iec.ch/TC57/2011/EndDeviceControls#}EndDevices"
_TAG_NameType = "{http://iec.ch/TC57/2011/EndDeviceControls#}NameType"
_TAG_NameTypeAuthority = "{http://iec.ch/TC57/2011/EndDeviceControls#}NameTypeAuthority"
_TAG_Names = "{http://iec.ch/TC57/2011/EndDeviceControls#}Names"
_TAG_PanDemandResponse = "{http://iec.ch/TC57/2011/EndDeviceControls#}PanDemandResponse"
_TAG_PanDisplay = "{http://iec.ch/TC57/2011/EndDeviceControls#}PanDisplay"
_TAG_PanPricing = "{http://iec.ch/TC57/2011/EndDeviceControls#}PanPricing"
_TAG_PanPricingDetails = "{http://iec.ch/TC57/2011/EndDeviceControls#}PanPricingDetails"
_TAG_UsagePointGroups = "{http://iec.ch/TC57/2011/EndDeviceControls#}UsagePointGroups"
_TAG_UsagePoints = "{http://iec.ch/TC57/2011/EndDeviceControls#}UsagePoints"
_TAG_alternateCostDelivered = "{http://iec.ch/TC57/2011/EndDeviceControls#}alternateCostDelivered"
_TAG_alternateCostUnit = "{http://iec.ch/TC57/2011/EndDeviceControls#}alternateCostUnit"
_TAG_appliance = "{http://iec.ch/TC57/2011/EndDeviceControls#}appliance"
_TAG_avgLoadAdjustment = "{http://iec.ch/TC57/2011/EndDeviceControls#}avgLoadAdjustment"
_TAG_cancelControlMode = "{http://iec.ch/TC57/2011/EndDeviceControls#}cancelControlMode"
_TAG_cancelDateTime = "{http://iec.ch/TC57/2011/EndDeviceControls#}cancelDateTime"
_TAG_cancelNow = "{http://iec.ch/TC57/2011/EndDeviceControls#}cancelNow"
_TAG_command = "{http://iec.ch/TC57/2011/EndDeviceControls#}command"
_TAG_confirmationRequired = "{http://iec.ch/TC57/2011/EndDeviceControls#}confirmationRequired"
_TAG_coolingOffset = "{http://iec.ch/TC57/2011/EndDeviceControls#}coolingOffset"
_TAG_coolingSetpoint = "{http://iec.ch/TC57/2011/EndDeviceControls#}coolingSetpoint"
_TAG_criticalityLevel = "{http://iec.ch/TC57/2011/EndDeviceControls#}criticalityLevel"
_TAG_currentTimeDate = "{http://iec.ch/TC57/2011/EndDeviceControls#}currentTimeDate"
_TAG_description = "{http://iec.ch/TC57/2011/EndDeviceControls#}description"
_TAG_domain = "{http://iec.ch/TC57/2011/EndDeviceControls#}domain"
_TAG_drProgramLevel = "{http://iec.ch/TC57/2011/EndDeviceControls#}drProgramLevel"
_TAG_drProgramMandatory = "{http://iec.ch/TC57/2011/EndDeviceControls#}drProgramMandatory"
_TAG_duration = "{http://iec.ch/TC57/2011/EndDeviceControls#}duration"
_TAG_durationIndefinite = "{http://iec.ch/TC57/2011/EndDeviceControls#}durationIndefinite"
_TAG_dutyCycle = "{http://iec.ch/TC57/2011/EndDeviceControls#}dutyCycle"
_TAG_electronicAddress = "{http://iec.ch/TC57/2011/EndDeviceControls#}electronicAddress"
_TAG_email1 = "{http://iec.ch/TC57/2011/EndDeviceControls#}email1"
_TAG_email2 = "{http://iec.ch/TC57/2011/EndDeviceControls#}email2"
_TAG_end = "{http://iec.ch/TC57/2011/EndDeviceControls#}end"
_TAG_enrollmentGroup = "{http://iec.ch/TC57/2011/EndDeviceControls#}enrollmentGroup"
_TAG_eventOrAction = "{http://iec.ch/TC57/2011/EndDeviceControls#}eventOrAction"
_TAG_generationPrice = "{http://iec.ch/TC57/2011/EndDeviceControls#}generationPrice"
_TAG_generationPriceRatio = "{http://iec.ch/TC57/2011/EndDeviceControls#}generationPriceRatio"
_TAG_heatingOffset = "{http://iec.ch/TC57/2011/EndDeviceControls#}heatingOffset"
_TAG_heatingSetpoint = "{http://iec.ch/TC57/2011/EndDeviceControls#}heatingSetpoint"
_TAG_installCode = "{http://iec.ch/TC57/2011/EndDeviceControls#}installCode"
_TAG_interval = "{http://iec.ch/TC57/2011/EndDeviceControls#}interval"
_TAG_isElectricVehicle = "{http://iec.ch/TC57/2011/EndDeviceControls#}isElectricVehicle"
_TAG_isExteriorLighting = "{http://iec.ch/TC57/2011/EndDeviceControls#}isExteriorLighting"
_TAG_isGenerationSystem = "{http://iec.ch/TC57/2011/EndDeviceControls#}isGenerationSystem"
_TAG_isHvacCompressorOrFurnace = "{http://iec.ch/TC57/2011/EndDeviceControls#}isHvacCompressorOrFurnace"
_TAG_isInteriorLighting = "{http://iec.ch/TC57/2011/EndDeviceControls#}isInteriorLighting"
_TAG_isIrrigationPump = "{http://iec.ch/TC57/2011/EndDeviceControls#}isIrrigationPump"
_TAG_isManagedCommercialIndustrialLoad = "{http://iec.ch/TC57/2011/EndDeviceControls#}isManagedCommercialIndustrialLoad"
_TAG_isPan = "{http://iec.ch/TC57/2011/EndDeviceControls#}isPan"
_TAG_isPoolPumpSpaJacuzzi = "{http://iec.ch/TC57/2011/EndDeviceControls#}isPoolPumpSpaJacuzzi"
_TAG_isSimpleMiscLoad = "{http://iec.ch/TC57/2011/EndDeviceControls#}isSimpleMiscLoad"
_TAG_isSmartAppliance = "{http://iec.ch/TC57/2011/EndDeviceControls#}isSmartAppliance"
_TAG_isStripAndBaseboardHeater = "{http://iec.ch/TC57/2011/EndDeviceControls#}isStripAndBaseboardHeater"
_TAG_isWaterHeater = "{http://iec.ch/TC57/2011/EndDeviceControls#}isWaterHeater"
_TAG_issuerID = "{http://iec.ch/TC57/2011/EndDeviceControls#}issuerID"
_TAG_issuerTrackingID = "{http://iec.ch/TC57/2011/EndDeviceControls#}issuerTrackingID"
_TAG_lan = "{http://iec.ch/TC57/2011/EndDeviceControls#}lan"
_TAG_mRID = "{http://iec.ch/TC57/2011/EndDeviceControls#}mRID"
_TAG_mac = "{http://iec.ch/TC57/2011/EndDeviceControls#}mac"
_TAG_name = "{http://iec.ch/TC57/2011/EndDeviceControls#}name"
_TAG_password = "{http://iec.ch/TC57/2011/EndDeviceControls#}password"
_TAG_price = "{http://iec.ch/TC57/2011/EndDeviceControls#}price"
_TAG_priceRatio = "{http://iec.ch/TC57/2011/EndDeviceControls#}priceRatio"
_TAG_priceSignal = "{http://iec.ch/TC57/2011/EndDeviceControls#}priceSignal"
_TAG_priceTier = "{http://iec.ch/TC57/2011/EndDeviceControls#}priceTier"
_TAG_priceTierCount = "{http://iec.ch/TC57/2011/EndDeviceControls#}priceTierCount"
_TAG_priceTierLabel = "{http://iec.ch/TC57/2011/EndDeviceControls#}priceTierLabel"
_TAG_primaryDeviceTiming = "{http://iec.ch/TC57/2011/EndDeviceControls#}primaryDeviceTiming"
_TAG_priority = "{http://iec.ch/TC57/2011/EndDeviceControls#}priority"
_TAG_providerID = "{http://iec.ch/TC57/2011/EndDeviceControls#}providerID"
_TAG_radio = "{http://iec.ch/TC57/2011/EndDeviceControls#}radio"
_TAG_randomisation = "{http://iec.ch/TC57/2011/EndDeviceControls#}randomisation"
_TAG_rateLabel = "{http://iec.ch/TC57/2011/EndDeviceControls#}rateLabel"
_TAG_reason = "{http://iec.ch/TC57/2011/EndDeviceControls#}reason"
_TAG_registerTier = "{http://iec.ch/TC57/2011/EndDeviceControls#}registerTier"
_TAG_secondaryDeviceTiming = "{http://iec.ch/TC57/2011/EndDeviceControls#}secondaryDeviceTiming"
_TAG_start = "{http://iec.ch/TC57/2011/EndDeviceControls#}start"
_TAG_startDateTime = "{http://iec.ch/TC57/2011/EndDeviceControls#}startDateTime"
_TAG_subDomain = "{http://iec.ch/TC57/2011/EndDeviceControls#}subDomain"
_TAG_textMessage = "{http://iec.ch/TC57/2011/EndDeviceControls#}textMessage"
_TAG_transmissionMode = "{http://iec.ch/TC57/2011/EndDeviceControls#}transmissionMode"
_TAG_type = "{http://iec.ch/TC57/2011/EndDeviceControls#}type"
_TAG_unitOfMeasure = "{http://iec.ch/TC57/2011/EndDeviceControls#}unitOfMeasure"
_TAG_userID = "{http://iec.ch/TC57/2011/EndDeviceControls#}userID"
_TAG_web = "{http://iec.ch/TC57/2011/EndDeviceControls#}web"
_RandomisationKind = {each.value: each for each in wire.RandomisationKind}
_TransmissionModeKind = {each.value: each for each in wire.TransmissionModeKind}
_new = object.__new__
_set_EndDeviceControls_end_device_control = setter(wire.EndDeviceControls, "end_device_control")
_set_EndDeviceControls_end_device_control_type = setter(wire.EndDeviceControls, "end_device_control_type")
_set_EndDeviceControl_mrid = setter(wire.EndDeviceControl, "mrid")
_set_EndDeviceControl_dr_program_level = setter(wire.EndDeviceControl, "dr_program_level")
_set_EndDeviceControl_dr_program_mandatory = setter(wire.EndDeviceControl, "dr_program_mandatory")
_set_EndDeviceControl_issuer_id = setter(wire.EndDeviceControl, "issuer_id")
_set_EndDeviceControl_issuer_tracking_id = setter(wire.EndDeviceControl, "issuer_tracking_id")
_set_EndDeviceControl_price_signal = setter(wire.EndDeviceControl, "price_signal")
_set_EndDeviceControl_reason = setter(wire.EndDeviceControl, "reason")
_set_EndDeviceControl_pan_demand_response = setter(wire.EndDeviceControl, "pan_demand_response")
_set_EndDeviceControl_pan_display = setter(wire.EndDeviceControl, "pan_display")
_set_EndDeviceControl_pan_pricing = setter(wire.EndDeviceControl, "pan_pricing")
_set_EndDeviceControl_end_device_control_type = setter(wire.EndDeviceControl, "end_device_control_type")
_set_EndDeviceControl_end_device_groups = setter(wire.EndDeviceControl, "end_device_groups")
_set_EndDeviceControl_end_devices = setter(wire.EndDeviceControl, "end_devices")
_set_EndDeviceControl_primary_device_timing = setter(wire.EndDeviceControl, "primary_device_timing")
_set_EndDeviceControl_secondary_device_timing = setter(wire.EndDeviceControl, "secondary_device_timing")
_set_EndDeviceControl_usage_point_groups = setter(wire.EndDeviceControl, "usage_point_groups")
_set_EndDeviceControl_usage_points = setter(wire.EndDeviceControl, "usage_points")
_set_EndDeviceControlType_mrid = setter(wire.EndDeviceControlType, "mrid")
_set_EndDeviceControlType_domain = setter(wire.EndDeviceControlType, "domain")
_set_EndDeviceControlType_event_or_action = setter(wire.EndDeviceControlType, "event_or_action")
_set_EndDeviceControlType_sub_domain = setter(wire.EndDeviceControlType, "sub_domain")
_set_EndDeviceControlType_type_value = setter(wire.EndDeviceControlType, "type_value")
_set_EndDeviceControlType_names = setter(wire.EndDeviceControlType, "names")
_set_PanDemandResponse_avg_load_adjustment = setter(wire.PanDemandResponse, "avg_load_adjustment")
_set_PanDemandResponse_cancel_control_mode = setter(wire.PanDemandResponse, "cancel_control_mode")
_set_PanDemandResponse_cancel_date_time = setter(wire.PanDemandResponse, "cancel_date_time")
_set_PanDemandResponse_cancel_now = setter(wire.PanDemandResponse, "cancel_now")
_set_PanDemandResponse_command = setter(wire.PanDemandResponse, "command")
_set_PanDemandResponse_cooling_offset = setter(wire.PanDemandResponse, "cooling_offset")
_set_PanDemandResponse_cooling_setpoint = setter(wire.PanDemandResponse, "cooling_setpoint")
_set_PanDemandResponse_criticality_level = setter(wire.PanDemandResponse, "criticality_level")
_set_PanDemandResponse_duration = setter(wire.PanDemandResponse, "duration")
_set_PanDemandResponse_duration_indefinite = setter(wire.PanDemandResponse, "duration_indefinite")
_set_PanDemandResponse_duty_cycle = setter(wire.PanDemandResponse, "duty_cycle")
_set_PanDemandResponse_enrollment_group = setter(wire.PanDemandResponse, "enrollment_group")
_set_PanDemandResponse_heating_offset = setter(wire.PanDemandResponse, "heating_offset")
_set_PanDemandResponse_heating_setpoint = setter(wire.PanDemandResponse, "heating_setpoint")
_set_PanDemandResponse_start_date_time = setter(wire.PanDemandResponse, "start_date_time")
_set_PanDemandResponse_appliance = setter(wire.PanDemandResponse, "appliance")
_set_PanDisplay_command = setter(wire.PanDisplay, "command")
_set_PanDisplay_confirmation_required = setter(wire.PanDisplay, "confirmation_required")
_set_PanDisplay_duration = setter(wire.PanDisplay, "duration")
_set_PanDisplay_duration_indefinite = setter(wire.PanDisplay, "duration_indefinite")
_set_PanDisplay_priority = setter(wire.PanDisplay, "priority")
_set_PanDisplay_start_date_time = setter(wire.PanDisplay, "start_date_time")
_set_PanDisplay_text_message = setter(wire.PanDisplay, "text_message")
_set_PanDisplay_transmission_mode = setter(wire.PanDisplay, "transmission_mode")
_set_PanPricing_command = setter(wire.PanPricing, "command")
_set_PanPricing_duration = setter(wire.PanPricing, "duration")
_set_PanPricing_duration_indefinite = setter(wire.PanPricing, "duration_indefinite")
_set_PanPricing_provider_id = setter(wire.PanPricing, "provider_id")
_set_PanPricing_start_date_time = setter(wire.PanPricing, "start_date_time")
_set_PanPricing_pan_pricing_details = setter(wire.PanPricing, "pan_pricing_details")
_set_EndDeviceControl_EndDeviceControlType_ref = setter(wire.EndDeviceControl.EndDeviceControlType, "ref")
_set_EndDeviceGroup_mrid = setter(wire.EndDeviceGroup, "mrid")
_set_EndDeviceGroup_names = setter(wire.EndDeviceGroup, "names")
_set_EndDevice_mrid = setter(wire.EndDevice, "mrid")
_set_EndDevice_install_code = setter(wire.EndDevice, "install_code")
_set_EndDevice_is_pan = setter(wire.EndDevice, "is_pan")
_set_EndDevice_electronic_address = setter(wire.EndDevice, "electronic_address")
_set_EndDevice_names = setter(wire.EndDevice, "names")
_set_EndDeviceTiming_duration = setter(wire.EndDeviceTiming, "duration")
_set_EndDeviceTiming_duration_indefinite = setter(wire.EndDeviceTiming, "duration_indefinite")
_set_EndDeviceTiming_randomisation = setter(wire.EndDeviceTiming, "randomisation")
_set_EndDeviceTiming_interval = setter(wire.EndDeviceTiming, "interval")
_set_UsagePointGroup_mrid = setter(wire.UsagePointGroup, "mrid")
_set_UsagePointGroup_names = setter(wire.UsagePointGroup, "names")
_set_UsagePoint_mrid = setter(wire.UsagePoint, "mrid")
_set_UsagePoint_names = setter(wire.UsagePoint, "names")
_set_Name_name = setter(wire.Name, "name")
_set_Name_name_type = setter(wire.Name, "name_type")
_set_ControlledAppliance_is_electric_vehicle = setter(wire.ControlledAppliance, "is_electric_vehicle")
_set_ControlledAppliance_is_exterior_lighting = setter(wire.ControlledAppliance, "is_exterior_lighting")
_set_ControlledAppliance_is_generation_system = setter(wire.ControlledAppliance, "is_generation_system")
_set_ControlledAppliance_is_hvac_compressor_or_furnace = setter(
    wire.ControlledAppliance, "is_hvac_compressor_or_furnace"
)
_set_ControlledAppliance_is_interior_lighting = setter(wire.ControlledAppliance, "is_interior_lighting")
_set_ControlledAppliance_is_irrigation_pump = setter(wire.ControlledAppliance, "is_irrigation_pump")
_set_ControlledAppliance_is_managed_commercial_industrial_load = setter(
    wire.ControlledAppliance, "is_managed_commercial_industrial_load"
)
_set_ControlledAppliance_is_pool_pump_spa_jacuzzi = setter(wire.ControlledAppliance, "is_pool_pump_spa_jacuzzi")
_set_ControlledAppliance_is_simple_misc_load = setter(wire.ControlledAppliance, "is_simple_misc_load")
_set_ControlledAppliance_is_smart_appliance = setter(wire.ControlledAppliance, "is_smart_appliance")
_set_ControlledAppliance_is_strip_and_baseboard_heater = setter(
    wire.ControlledAppliance, "is_strip_and_baseboard_heater"
)
_set_ControlledAppliance_is_water_heater = setter(wire.ControlledAppliance, "is_water_heater")
_set_PanPricingDetail_alternate_cost_delivered = setter(wire.PanPricingDetail, "alternate_cost_delivered")
_set_PanPricingDetail_alternate_cost_unit = setter(wire.PanPricingDetail, "alternate_cost_unit")
_set_PanPricingDetail_current_time_date = setter(wire.PanPricingDetail, "current_time_date")
_set_PanPricingDetail_generation_price = setter(wire.PanPricingDetail, "generation_price")
_set_PanPricingDetail_generation_price_ratio = setter(wire.PanPricingDetail, "generation_price_ratio")
_set_PanPricingDetail_price = setter(wire.PanPricingDetail, "price")
_set_PanPricingDetail_price_ratio = setter(wire.PanPricingDetail, "price_ratio")
_set_PanPricingDetail_price_tier = setter(wire.PanPricingDetail, "price_tier")
_set_PanPricingDetail_price_tier_count = setter(wire.PanPricingDetail, "price_tier_count")
_set_PanPricingDetail_price_tier_label = setter(wire.PanPricingDetail, "price_tier_label")
_set_PanPricingDetail_rate_label = setter(wire.PanPricingDetail, "rate_label")
_set_PanPricingDetail_register_tier = setter(wire.PanPricingDetail, "register_tier")
_set_PanPricingDetail_unit_of_measure = setter(wire.PanPricingDetail, "unit_of_measure")
_set_ElectronicAddress_email1 = setter(wire.ElectronicAddress, "email1")
_set_ElectronicAddress_email2 = setter(wire.ElectronicAddress, "email2")
_set_ElectronicAddress_lan = setter(wire.ElectronicAddress, "lan")
_set_ElectronicAddress_mac = setter(wire.ElectronicAddress, "mac")
_set_ElectronicAddress_password = setter(wire.ElectronicAddress, "password")
_set_ElectronicAddress_radio = setter(wire.ElectronicAddress, "radio")
_set_ElectronicAddress_user_id = setter(wire.ElectronicAddress, "user_id")
_set_ElectronicAddress_web = setter(wire.ElectronicAddress, "web")
_set_DateTimeInterval_end = setter(wire.DateTimeInterval, "end")
_set_DateTimeInterval_start = setter(wire.DateTimeInterval, "start")
_set_NameType_description = setter(wire.NameType, "description")
_set_NameType_name = setter(wire.NameType, "name")
_set_NameType_name_type_authority = setter(wire.NameType, "name_type_authority")
_set_NameTypeAuthority_description = setter(wire.NameTypeAuthority, "description")
_set_NameTypeAuthority_name = setter(wire.NameTypeAuthority, "name")


def decode(element: _Element) -> wire.EndDeviceControls:
    """The value of an element that the schema has accepted, without comments and processing instructions.

    Raises:
        ValueError: a value that XML Schema allows and Python cannot hold.
    """
    return _read_EndDeviceControls(element)


def encode(value: wire.EndDeviceControls, namespace: str = "http://iec.ch/TC57/2011/EndDeviceControls#") -> str:
    """The element of *value*, *namespace* its default one.

    Raises:
        ValueError: a value that XML cannot carry.
    """
    return f'<EndDeviceControls xmlns="{namespace}">{_write_EndDeviceControls(value)}</EndDeviceControls>'


def _read_EndDeviceControls(element: _Element) -> wire.EndDeviceControls:
    end_device_control: list[wire.EndDeviceControl] = []
    end_device_control_type: list[wire.EndDeviceControlType] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_EndDeviceControl:
            end_device_control.append(_read_EndDeviceControl(child))
        elif tag == _TAG_EndDeviceControlType:
            end_device_control_type.append(_read_EndDeviceControlType(child))
        else:
            unknown("EndDeviceControls", tag)
    this = _new(wire.EndDeviceControls)
    _set_EndDeviceControls_end_device_control(this, tuple(end_device_control))
    _set_EndDeviceControls_end_device_control_type(this, tuple(end_device_control_type))
    return this


def _write_EndDeviceControls(value: wire.EndDeviceControls) -> str:
    xml = ""
    for each_end_device_control in value.end_device_control:
        xml += f"<EndDeviceControl>{_write_EndDeviceControl(each_end_device_control)}</EndDeviceControl>"
    for each_end_device_control_type in value.end_device_control_type:
        xml += (
            f"<EndDeviceControlType>{_write_EndDeviceControlType(each_end_device_control_type)}</EndDeviceControlType>"
        )
    return xml


def _read_EndDeviceControl(element: _Element) -> wire.EndDeviceControl:
    mrid: str | None = None
    dr_program_level: int | None = None
    dr_program_mandatory: bool | None = None
    issuer_id: str | None = None
    issuer_tracking_id: str | None = None
    price_signal: float | None = None
    reason: str | None = None
    pan_demand_response: wire.PanDemandResponse | None = None
    pan_display: wire.PanDisplay | None = None
    pan_pricing: wire.PanPricing | None = None
    end_device_control_type: wire.EndDeviceControl.EndDeviceControlType | None = None
    end_device_groups: list[wire.EndDeviceGroup] = []
    end_devices: list[wire.EndDevice] = []
    primary_device_timing: wire.EndDeviceTiming | None = None
    secondary_device_timing: wire.EndDeviceTiming | None = None
    usage_point_groups: list[wire.UsagePointGroup] = []
    usage_points: list[wire.UsagePoint] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDeviceControl", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_drProgramLevel:
            if dr_program_level is not None:
                repeated("EndDeviceControl", "drProgramLevel")
            dr_program_level = int(child.text or "")
        elif tag == _TAG_drProgramMandatory:
            if dr_program_mandatory is not None:
                repeated("EndDeviceControl", "drProgramMandatory")
            dr_program_mandatory = read_bool(child.text)
        elif tag == _TAG_issuerID:
            if issuer_id is not None:
                repeated("EndDeviceControl", "issuerID")
            issuer_id = child.text or ""
        elif tag == _TAG_issuerTrackingID:
            if issuer_tracking_id is not None:
                repeated("EndDeviceControl", "issuerTrackingID")
            issuer_tracking_id = child.text or ""
        elif tag == _TAG_priceSignal:
            if price_signal is not None:
                repeated("EndDeviceControl", "priceSignal")
            price_signal = float(child.text or "")
        elif tag == _TAG_reason:
            if reason is not None:
                repeated("EndDeviceControl", "reason")
            reason = child.text or ""
        elif tag == _TAG_PanDemandResponse:
            if pan_demand_response is not None:
                repeated("EndDeviceControl", "PanDemandResponse")
            pan_demand_response = _read_PanDemandResponse(child)
        elif tag == _TAG_PanDisplay:
            if pan_display is not None:
                repeated("EndDeviceControl", "PanDisplay")
            pan_display = _read_PanDisplay(child)
        elif tag == _TAG_PanPricing:
            if pan_pricing is not None:
                repeated("EndDeviceControl", "PanPricing")
            pan_pricing = _read_PanPricing(child)
        elif tag == _TAG_EndDeviceControlType:
            if end_device_control_type is not None:
                repeated("EndDeviceControl", "EndDeviceControlType")
            end_device_control_type = _read_EndDeviceControl_EndDeviceControlType(child)
        elif tag == _TAG_EndDeviceGroups:
            end_device_groups.append(_read_EndDeviceGroup(child))
        elif tag == _TAG_EndDevices:
            end_devices.append(_read_EndDevice(child))
        elif tag == _TAG_primaryDeviceTiming:
            if primary_device_timing is not None:
                repeated("EndDeviceControl", "primaryDeviceTiming")
            primary_device_timing = _read_EndDeviceTiming(child)
        elif tag == _TAG_secondaryDeviceTiming:
            if secondary_device_timing is not None:
                repeated("EndDeviceControl", "secondaryDeviceTiming")
            secondary_device_timing = _read_EndDeviceTiming(child)
        elif tag == _TAG_UsagePointGroups:
            usage_point_groups.append(_read_UsagePointGroup(child))
        elif tag == _TAG_UsagePoints:
            usage_points.append(_read_UsagePoint(child))
        else:
            unknown("EndDeviceControl", tag)
    if end_device_control_type is None:
        raise missing("EndDeviceControl", "EndDeviceControlType")
    this = _new(wire.EndDeviceControl)
    _set_EndDeviceControl_mrid(this, mrid)
    _set_EndDeviceControl_dr_program_level(this, dr_program_level)
    _set_EndDeviceControl_dr_program_mandatory(this, dr_program_mandatory)
    _set_EndDeviceControl_issuer_id(this, issuer_id)
    _set_EndDeviceControl_issuer_tracking_id(this, issuer_tracking_id)
    _set_EndDeviceControl_price_signal(this, price_signal)
    _set_EndDeviceControl_reason(this, reason)
    _set_EndDeviceControl_pan_demand_response(this, pan_demand_response)
    _set_EndDeviceControl_pan_display(this, pan_display)
    _set_EndDeviceControl_pan_pricing(this, pan_pricing)
    _set_EndDeviceControl_end_device_control_type(this, end_device_control_type)
    _set_EndDeviceControl_end_device_groups(this, tuple(end_device_groups))
    _set_EndDeviceControl_end_devices(this, tuple(end_devices))
    _set_EndDeviceControl_primary_device_timing(this, primary_device_timing)
    _set_EndDeviceControl_secondary_device_timing(this, secondary_device_timing)
    _set_EndDeviceControl_usage_point_groups(this, tuple(usage_point_groups))
    _set_EndDeviceControl_usage_points(this, tuple(usage_points))
    return this


def _write_EndDeviceControl(value: wire.EndDeviceControl) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    if value.dr_program_level is not None:
        xml += f"<drProgramLevel>{value.dr_program_level}</drProgramLevel>"
    if value.dr_program_mandatory is not None:
        xml += f"<drProgramMandatory>{'true' if value.dr_program_mandatory else 'false'}</drProgramMandatory>"
    if value.issuer_id is not None:
        xml += f"<issuerID>{escape(value.issuer_id)}</issuerID>"
    if value.issuer_tracking_id is not None:
        xml += f"<issuerTrackingID>{escape(value.issuer_tracking_id)}</issuerTrackingID>"
    if value.price_signal is not None:
        xml += f"<priceSignal>{write_float(value.price_signal)}</priceSignal>"
    if value.reason is not None:
        xml += f"<reason>{escape(value.reason)}</reason>"
    if value.pan_demand_response is not None:
        xml += f"<PanDemandResponse>{_write_PanDemandResponse(value.pan_demand_response)}</PanDemandResponse>"
    if value.pan_display is not None:
        xml += f"<PanDisplay>{_write_PanDisplay(value.pan_display)}</PanDisplay>"
    if value.pan_pricing is not None:
        xml += f"<PanPricing>{_write_PanPricing(value.pan_pricing)}</PanPricing>"
    xml += f"<EndDeviceControlType{_attributes_EndDeviceControl_EndDeviceControlType(value.end_device_control_type)}>{_write_EndDeviceControl_EndDeviceControlType(value.end_device_control_type)}</EndDeviceControlType>"
    for each_end_device_groups in value.end_device_groups:
        xml += f"<EndDeviceGroups>{_write_EndDeviceGroup(each_end_device_groups)}</EndDeviceGroups>"
    for each_end_devices in value.end_devices:
        xml += f"<EndDevices>{_write_EndDevice(each_end_devices)}</EndDevices>"
    if value.primary_device_timing is not None:
        xml += f"<primaryDeviceTiming>{_write_EndDeviceTiming(value.primary_device_timing)}</primaryDeviceTiming>"
    if value.secondary_device_timing is not None:
        xml += f"<secondaryDeviceTiming>{_write_EndDeviceTiming(value.secondary_device_timing)}</secondaryDeviceTiming>"
    for each_usage_point_groups in value.usage_point_groups:
        xml += f"<UsagePointGroups>{_write_UsagePointGroup(each_usage_point_groups)}</UsagePointGroups>"
    for each_usage_points in value.usage_points:
        xml += f"<UsagePoints>{_write_UsagePoint(each_usage_points)}</UsagePoints>"
    return xml


def _read_EndDeviceControlType(element: _Element) -> wire.EndDeviceControlType:
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
                repeated("EndDeviceControlType", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_domain:
            if domain is not None:
                repeated("EndDeviceControlType", "domain")
            domain = child.text or ""
        elif tag == _TAG_eventOrAction:
            if event_or_action is not None:
                repeated("EndDeviceControlType", "eventOrAction")
            event_or_action = child.text or ""
        elif tag == _TAG_subDomain:
            if sub_domain is not None:
                repeated("EndDeviceControlType", "subDomain")
            sub_domain = child.text or ""
        elif tag == _TAG_type:
            if type_value is not None:
                repeated("EndDeviceControlType", "type")
            type_value = child.text or ""
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("EndDeviceControlType", tag)
    this = _new(wire.EndDeviceControlType)
    _set_EndDeviceControlType_mrid(this, mrid)
    _set_EndDeviceControlType_domain(this, domain)
    _set_EndDeviceControlType_event_or_action(this, event_or_action)
    _set_EndDeviceControlType_sub_domain(this, sub_domain)
    _set_EndDeviceControlType_type_value(this, type_value)
    _set_EndDeviceControlType_names(this, tuple(names))
    return this


def _write_EndDeviceControlType(value: wire.EndDeviceControlType) -> str:
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


def _read_PanDemandResponse(element: _Element) -> wire.PanDemandResponse:
    avg_load_adjustment: float | None = None
    cancel_control_mode: str | None = None
    cancel_date_time: XmlDateTime | None = None
    cancel_now: bool | None = None
    command: str | None = None
    cooling_offset: float | None = None
    cooling_setpoint: float | None = None
    criticality_level: str | None = None
    duration: float | None = None
    duration_indefinite: bool | None = None
    duty_cycle: float | None = None
    enrollment_group: str | None = None
    heating_offset: float | None = None
    heating_setpoint: float | None = None
    start_date_time: XmlDateTime | None = None
    appliance: wire.ControlledAppliance | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_avgLoadAdjustment:
            if avg_load_adjustment is not None:
                repeated("PanDemandResponse", "avgLoadAdjustment")
            avg_load_adjustment = float(child.text or "")
        elif tag == _TAG_cancelControlMode:
            if cancel_control_mode is not None:
                repeated("PanDemandResponse", "cancelControlMode")
            cancel_control_mode = child.text or ""
        elif tag == _TAG_cancelDateTime:
            if cancel_date_time is not None:
                repeated("PanDemandResponse", "cancelDateTime")
            cancel_date_time = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_cancelNow:
            if cancel_now is not None:
                repeated("PanDemandResponse", "cancelNow")
            cancel_now = read_bool(child.text)
        elif tag == _TAG_command:
            if command is not None:
                repeated("PanDemandResponse", "command")
            command = child.text or ""
        elif tag == _TAG_coolingOffset:
            if cooling_offset is not None:
                repeated("PanDemandResponse", "coolingOffset")
            cooling_offset = float(child.text or "")
        elif tag == _TAG_coolingSetpoint:
            if cooling_setpoint is not None:
                repeated("PanDemandResponse", "coolingSetpoint")
            cooling_setpoint = float(child.text or "")
        elif tag == _TAG_criticalityLevel:
            if criticality_level is not None:
                repeated("PanDemandResponse", "criticalityLevel")
            criticality_level = child.text or ""
        elif tag == _TAG_duration:
            if duration is not None:
                repeated("PanDemandResponse", "duration")
            duration = float(child.text or "")
        elif tag == _TAG_durationIndefinite:
            if duration_indefinite is not None:
                repeated("PanDemandResponse", "durationIndefinite")
            duration_indefinite = read_bool(child.text)
        elif tag == _TAG_dutyCycle:
            if duty_cycle is not None:
                repeated("PanDemandResponse", "dutyCycle")
            duty_cycle = float(child.text or "")
        elif tag == _TAG_enrollmentGroup:
            if enrollment_group is not None:
                repeated("PanDemandResponse", "enrollmentGroup")
            enrollment_group = child.text or ""
        elif tag == _TAG_heatingOffset:
            if heating_offset is not None:
                repeated("PanDemandResponse", "heatingOffset")
            heating_offset = float(child.text or "")
        elif tag == _TAG_heatingSetpoint:
            if heating_setpoint is not None:
                repeated("PanDemandResponse", "heatingSetpoint")
            heating_setpoint = float(child.text or "")
        elif tag == _TAG_startDateTime:
            if start_date_time is not None:
                repeated("PanDemandResponse", "startDateTime")
            start_date_time = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_appliance:
            if appliance is not None:
                repeated("PanDemandResponse", "appliance")
            appliance = _read_ControlledAppliance(child)
        else:
            unknown("PanDemandResponse", tag)
    this = _new(wire.PanDemandResponse)
    _set_PanDemandResponse_avg_load_adjustment(this, avg_load_adjustment)
    _set_PanDemandResponse_cancel_control_mode(this, cancel_control_mode)
    _set_PanDemandResponse_cancel_date_time(this, cancel_date_time)
    _set_PanDemandResponse_cancel_now(this, cancel_now)
    _set_PanDemandResponse_command(this, command)
    _set_PanDemandResponse_cooling_offset(this, cooling_offset)
    _set_PanDemandResponse_cooling_setpoint(this, cooling_setpoint)
    _set_PanDemandResponse_criticality_level(this, criticality_level)
    _set_PanDemandResponse_duration(this, duration)
    _set_PanDemandResponse_duration_indefinite(this, duration_indefinite)
    _set_PanDemandResponse_duty_cycle(this, duty_cycle)
    _set_PanDemandResponse_enrollment_group(this, enrollment_group)
    _set_PanDemandResponse_heating_offset(this, heating_offset)
    _set_PanDemandResponse_heating_setpoint(this, heating_setpoint)
    _set_PanDemandResponse_start_date_time(this, start_date_time)
    _set_PanDemandResponse_appliance(this, appliance)
    return this


def _write_PanDemandResponse(value: wire.PanDemandResponse) -> str:
    xml = ""
    if value.avg_load_adjustment is not None:
        xml += f"<avgLoadAdjustment>{write_float(value.avg_load_adjustment)}</avgLoadAdjustment>"
    if value.cancel_control_mode is not None:
        xml += f"<cancelControlMode>{escape(value.cancel_control_mode)}</cancelControlMode>"
    if value.cancel_date_time is not None:
        xml += f"<cancelDateTime>{value.cancel_date_time}</cancelDateTime>"
    if value.cancel_now is not None:
        xml += f"<cancelNow>{'true' if value.cancel_now else 'false'}</cancelNow>"
    if value.command is not None:
        xml += f"<command>{escape(value.command)}</command>"
    if value.cooling_offset is not None:
        xml += f"<coolingOffset>{write_float(value.cooling_offset)}</coolingOffset>"
    if value.cooling_setpoint is not None:
        xml += f"<coolingSetpoint>{write_float(value.cooling_setpoint)}</coolingSetpoint>"
    if value.criticality_level is not None:
        xml += f"<criticalityLevel>{escape(value.criticality_level)}</criticalityLevel>"
    if value.duration is not None:
        xml += f"<duration>{write_float(value.duration)}</duration>"
    if value.duration_indefinite is not None:
        xml += f"<durationIndefinite>{'true' if value.duration_indefinite else 'false'}</durationIndefinite>"
    if value.duty_cycle is not None:
        xml += f"<dutyCycle>{write_float(value.duty_cycle)}</dutyCycle>"
    if value.enrollment_group is not None:
        xml += f"<enrollmentGroup>{escape(value.enrollment_group)}</enrollmentGroup>"
    if value.heating_offset is not None:
        xml += f"<heatingOffset>{write_float(value.heating_offset)}</heatingOffset>"
    if value.heating_setpoint is not None:
        xml += f"<heatingSetpoint>{write_float(value.heating_setpoint)}</heatingSetpoint>"
    if value.start_date_time is not None:
        xml += f"<startDateTime>{value.start_date_time}</startDateTime>"
    if value.appliance is not None:
        xml += f"<appliance>{_write_ControlledAppliance(value.appliance)}</appliance>"
    return xml


def _read_PanDisplay(element: _Element) -> wire.PanDisplay:
    command: str | None = None
    confirmation_required: bool | None = None
    duration: float | None = None
    duration_indefinite: bool | None = None
    priority: str | None = None
    start_date_time: XmlDateTime | None = None
    text_message: str | None = None
    transmission_mode: wire.TransmissionModeKind | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_command:
            if command is not None:
                repeated("PanDisplay", "command")
            command = child.text or ""
        elif tag == _TAG_confirmationRequired:
            if confirmation_required is not None:
                repeated("PanDisplay", "confirmationRequired")
            confirmation_required = read_bool(child.text)
        elif tag == _TAG_duration:
            if duration is not None:
                repeated("PanDisplay", "duration")
            duration = float(child.text or "")
        elif tag == _TAG_durationIndefinite:
            if duration_indefinite is not None:
                repeated("PanDisplay", "durationIndefinite")
            duration_indefinite = read_bool(child.text)
        elif tag == _TAG_priority:
            if priority is not None:
                repeated("PanDisplay", "priority")
            priority = child.text or ""
        elif tag == _TAG_startDateTime:
            if start_date_time is not None:
                repeated("PanDisplay", "startDateTime")
            start_date_time = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_textMessage:
            if text_message is not None:
                repeated("PanDisplay", "textMessage")
            text_message = child.text or ""
        elif tag == _TAG_transmissionMode:
            if transmission_mode is not None:
                repeated("PanDisplay", "transmissionMode")
            transmission_mode = one_of(_TransmissionModeKind, child.text)
        else:
            unknown("PanDisplay", tag)
    this = _new(wire.PanDisplay)
    _set_PanDisplay_command(this, command)
    _set_PanDisplay_confirmation_required(this, confirmation_required)
    _set_PanDisplay_duration(this, duration)
    _set_PanDisplay_duration_indefinite(this, duration_indefinite)
    _set_PanDisplay_priority(this, priority)
    _set_PanDisplay_start_date_time(this, start_date_time)
    _set_PanDisplay_text_message(this, text_message)
    _set_PanDisplay_transmission_mode(this, transmission_mode)
    return this


def _write_PanDisplay(value: wire.PanDisplay) -> str:
    xml = ""
    if value.command is not None:
        xml += f"<command>{escape(value.command)}</command>"
    if value.confirmation_required is not None:
        xml += f"<confirmationRequired>{'true' if value.confirmation_required else 'false'}</confirmationRequired>"
    if value.duration is not None:
        xml += f"<duration>{write_float(value.duration)}</duration>"
    if value.duration_indefinite is not None:
        xml += f"<durationIndefinite>{'true' if value.duration_indefinite else 'false'}</durationIndefinite>"
    if value.priority is not None:
        xml += f"<priority>{escape(value.priority)}</priority>"
    if value.start_date_time is not None:
        xml += f"<startDateTime>{value.start_date_time}</startDateTime>"
    if value.text_message is not None:
        xml += f"<textMessage>{escape(value.text_message)}</textMessage>"
    if value.transmission_mode is not None:
        xml += f"<transmissionMode>{value.transmission_mode.value}</transmissionMode>"
    return xml


def _read_PanPricing(element: _Element) -> wire.PanPricing:
    command: str | None = None
    duration: float | None = None
    duration_indefinite: bool | None = None
    provider_id: int | None = None
    start_date_time: XmlDateTime | None = None
    pan_pricing_details: list[wire.PanPricingDetail] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_command:
            if command is not None:
                repeated("PanPricing", "command")
            command = child.text or ""
        elif tag == _TAG_duration:
            if duration is not None:
                repeated("PanPricing", "duration")
            duration = float(child.text or "")
        elif tag == _TAG_durationIndefinite:
            if duration_indefinite is not None:
                repeated("PanPricing", "durationIndefinite")
            duration_indefinite = read_bool(child.text)
        elif tag == _TAG_providerID:
            if provider_id is not None:
                repeated("PanPricing", "providerID")
            provider_id = int(child.text or "")
        elif tag == _TAG_startDateTime:
            if start_date_time is not None:
                repeated("PanPricing", "startDateTime")
            start_date_time = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_PanPricingDetails:
            pan_pricing_details.append(_read_PanPricingDetail(child))
        else:
            unknown("PanPricing", tag)
    this = _new(wire.PanPricing)
    _set_PanPricing_command(this, command)
    _set_PanPricing_duration(this, duration)
    _set_PanPricing_duration_indefinite(this, duration_indefinite)
    _set_PanPricing_provider_id(this, provider_id)
    _set_PanPricing_start_date_time(this, start_date_time)
    _set_PanPricing_pan_pricing_details(this, tuple(pan_pricing_details))
    return this


def _write_PanPricing(value: wire.PanPricing) -> str:
    xml = ""
    if value.command is not None:
        xml += f"<command>{escape(value.command)}</command>"
    if value.duration is not None:
        xml += f"<duration>{write_float(value.duration)}</duration>"
    if value.duration_indefinite is not None:
        xml += f"<durationIndefinite>{'true' if value.duration_indefinite else 'false'}</durationIndefinite>"
    if value.provider_id is not None:
        xml += f"<providerID>{value.provider_id}</providerID>"
    if value.start_date_time is not None:
        xml += f"<startDateTime>{value.start_date_time}</startDateTime>"
    for each_pan_pricing_details in value.pan_pricing_details:
        xml += f"<PanPricingDetails>{_write_PanPricingDetail(each_pan_pricing_details)}</PanPricingDetails>"
    return xml


def _read_EndDeviceControl_EndDeviceControlType(element: _Element) -> wire.EndDeviceControl.EndDeviceControlType:
    ref: str | None = element.get("ref")
    for child in element:
        unknown("EndDeviceControl_EndDeviceControlType", child.tag)
    this = _new(wire.EndDeviceControl.EndDeviceControlType)
    _set_EndDeviceControl_EndDeviceControlType_ref(this, ref)
    return this


def _attributes_EndDeviceControl_EndDeviceControlType(value: wire.EndDeviceControl.EndDeviceControlType) -> str:
    xml = ""
    if value.ref is not None:
        xml += f' ref="{escape_attribute(value.ref)}"'
    return xml


def _write_EndDeviceControl_EndDeviceControlType(value: wire.EndDeviceControl.EndDeviceControlType) -> str:
    xml = ""
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


def _read_EndDevice(element: _Element) -> wire.EndDevice:
    mrid: str | None = None
    install_code: str | None = None
    is_pan: bool | None = None
    electronic_address: wire.ElectronicAddress | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("EndDevice", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_installCode:
            if install_code is not None:
                repeated("EndDevice", "installCode")
            install_code = child.text or ""
        elif tag == _TAG_isPan:
            if is_pan is not None:
                repeated("EndDevice", "isPan")
            is_pan = read_bool(child.text)
        elif tag == _TAG_electronicAddress:
            if electronic_address is not None:
                repeated("EndDevice", "electronicAddress")
            electronic_address = _read_ElectronicAddress(child)
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("EndDevice", tag)
    this = _new(wire.EndDevice)
    _set_EndDevice_mrid(this, mrid)
    _set_EndDevice_install_code(this, install_code)
    _set_EndDevice_is_pan(this, is_pan)
    _set_EndDevice_electronic_address(this, electronic_address)
    _set_EndDevice_names(this, tuple(names))
    return this


def _write_EndDevice(value: wire.EndDevice) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    if value.install_code is not None:
        xml += f"<installCode>{escape(value.install_code)}</installCode>"
    if value.is_pan is not None:
        xml += f"<isPan>{'true' if value.is_pan else 'false'}</isPan>"
    if value.electronic_address is not None:
        xml += f"<electronicAddress>{_write_ElectronicAddress(value.electronic_address)}</electronicAddress>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
    return xml


def _read_EndDeviceTiming(element: _Element) -> wire.EndDeviceTiming:
    duration: float | None = None
    duration_indefinite: bool | None = None
    randomisation: wire.RandomisationKind | None = None
    interval: wire.DateTimeInterval | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_duration:
            if duration is not None:
                repeated("EndDeviceTiming", "duration")
            duration = float(child.text or "")
        elif tag == _TAG_durationIndefinite:
            if duration_indefinite is not None:
                repeated("EndDeviceTiming", "durationIndefinite")
            duration_indefinite = read_bool(child.text)
        elif tag == _TAG_randomisation:
            if randomisation is not None:
                repeated("EndDeviceTiming", "randomisation")
            randomisation = one_of(_RandomisationKind, child.text)
        elif tag == _TAG_interval:
            if interval is not None:
                repeated("EndDeviceTiming", "interval")
            interval = _read_DateTimeInterval(child)
        else:
            unknown("EndDeviceTiming", tag)
    this = _new(wire.EndDeviceTiming)
    _set_EndDeviceTiming_duration(this, duration)
    _set_EndDeviceTiming_duration_indefinite(this, duration_indefinite)
    _set_EndDeviceTiming_randomisation(this, randomisation)
    _set_EndDeviceTiming_interval(this, interval)
    return this


def _write_EndDeviceTiming(value: wire.EndDeviceTiming) -> str:
    xml = ""
    if value.duration is not None:
        xml += f"<duration>{write_float(value.duration)}</duration>"
    if value.duration_indefinite is not None:
        xml += f"<durationIndefinite>{'true' if value.duration_indefinite else 'false'}</durationIndefinite>"
    if value.randomisation is not None:
        xml += f"<randomisation>{value.randomisation.value}</randomisation>"
    if value.interval is not None:
        xml += f"<interval>{_write_DateTimeInterval(value.interval)}</interval>"
    return xml


def _read_UsagePointGroup(element: _Element) -> wire.UsagePointGroup:
    mrid: str | None = None
    names: list[wire.Name] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("UsagePointGroup", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_Names:
            names.append(_read_Name(child))
        else:
            unknown("UsagePointGroup", tag)
    this = _new(wire.UsagePointGroup)
    _set_UsagePointGroup_mrid(this, mrid)
    _set_UsagePointGroup_names(this, tuple(names))
    return this


def _write_UsagePointGroup(value: wire.UsagePointGroup) -> str:
    xml = ""
    if value.mrid is not None:
        xml += f"<mRID>{escape(value.mrid)}</mRID>"
    for each_names in value.names:
        xml += f"<Names>{_write_Name(each_names)}</Names>"
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


def _read_ControlledAppliance(element: _Element) -> wire.ControlledAppliance:
    is_electric_vehicle: bool | None = None
    is_exterior_lighting: bool | None = None
    is_generation_system: bool | None = None
    is_hvac_compressor_or_furnace: bool | None = None
    is_interior_lighting: bool | None = None
    is_irrigation_pump: bool | None = None
    is_managed_commercial_industrial_load: bool | None = None
    is_pool_pump_spa_jacuzzi: bool | None = None
    is_simple_misc_load: bool | None = None
    is_smart_appliance: bool | None = None
    is_strip_and_baseboard_heater: bool | None = None
    is_water_heater: bool | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_isElectricVehicle:
            if is_electric_vehicle is not None:
                repeated("ControlledAppliance", "isElectricVehicle")
            is_electric_vehicle = read_bool(child.text)
        elif tag == _TAG_isExteriorLighting:
            if is_exterior_lighting is not None:
                repeated("ControlledAppliance", "isExteriorLighting")
            is_exterior_lighting = read_bool(child.text)
        elif tag == _TAG_isGenerationSystem:
            if is_generation_system is not None:
                repeated("ControlledAppliance", "isGenerationSystem")
            is_generation_system = read_bool(child.text)
        elif tag == _TAG_isHvacCompressorOrFurnace:
            if is_hvac_compressor_or_furnace is not None:
                repeated("ControlledAppliance", "isHvacCompressorOrFurnace")
            is_hvac_compressor_or_furnace = read_bool(child.text)
        elif tag == _TAG_isInteriorLighting:
            if is_interior_lighting is not None:
                repeated("ControlledAppliance", "isInteriorLighting")
            is_interior_lighting = read_bool(child.text)
        elif tag == _TAG_isIrrigationPump:
            if is_irrigation_pump is not None:
                repeated("ControlledAppliance", "isIrrigationPump")
            is_irrigation_pump = read_bool(child.text)
        elif tag == _TAG_isManagedCommercialIndustrialLoad:
            if is_managed_commercial_industrial_load is not None:
                repeated("ControlledAppliance", "isManagedCommercialIndustrialLoad")
            is_managed_commercial_industrial_load = read_bool(child.text)
        elif tag == _TAG_isPoolPumpSpaJacuzzi:
            if is_pool_pump_spa_jacuzzi is not None:
                repeated("ControlledAppliance", "isPoolPumpSpaJacuzzi")
            is_pool_pump_spa_jacuzzi = read_bool(child.text)
        elif tag == _TAG_isSimpleMiscLoad:
            if is_simple_misc_load is not None:
                repeated("ControlledAppliance", "isSimpleMiscLoad")
            is_simple_misc_load = read_bool(child.text)
        elif tag == _TAG_isSmartAppliance:
            if is_smart_appliance is not None:
                repeated("ControlledAppliance", "isSmartAppliance")
            is_smart_appliance = read_bool(child.text)
        elif tag == _TAG_isStripAndBaseboardHeater:
            if is_strip_and_baseboard_heater is not None:
                repeated("ControlledAppliance", "isStripAndBaseboardHeater")
            is_strip_and_baseboard_heater = read_bool(child.text)
        elif tag == _TAG_isWaterHeater:
            if is_water_heater is not None:
                repeated("ControlledAppliance", "isWaterHeater")
            is_water_heater = read_bool(child.text)
        else:
            unknown("ControlledAppliance", tag)
    this = _new(wire.ControlledAppliance)
    _set_ControlledAppliance_is_electric_vehicle(this, is_electric_vehicle)
    _set_ControlledAppliance_is_exterior_lighting(this, is_exterior_lighting)
    _set_ControlledAppliance_is_generation_system(this, is_generation_system)
    _set_ControlledAppliance_is_hvac_compressor_or_furnace(this, is_hvac_compressor_or_furnace)
    _set_ControlledAppliance_is_interior_lighting(this, is_interior_lighting)
    _set_ControlledAppliance_is_irrigation_pump(this, is_irrigation_pump)
    _set_ControlledAppliance_is_managed_commercial_industrial_load(this, is_managed_commercial_industrial_load)
    _set_ControlledAppliance_is_pool_pump_spa_jacuzzi(this, is_pool_pump_spa_jacuzzi)
    _set_ControlledAppliance_is_simple_misc_load(this, is_simple_misc_load)
    _set_ControlledAppliance_is_smart_appliance(this, is_smart_appliance)
    _set_ControlledAppliance_is_strip_and_baseboard_heater(this, is_strip_and_baseboard_heater)
    _set_ControlledAppliance_is_water_heater(this, is_water_heater)
    return this


def _write_ControlledAppliance(value: wire.ControlledAppliance) -> str:
    xml = ""
    if value.is_electric_vehicle is not None:
        xml += f"<isElectricVehicle>{'true' if value.is_electric_vehicle else 'false'}</isElectricVehicle>"
    if value.is_exterior_lighting is not None:
        xml += f"<isExteriorLighting>{'true' if value.is_exterior_lighting else 'false'}</isExteriorLighting>"
    if value.is_generation_system is not None:
        xml += f"<isGenerationSystem>{'true' if value.is_generation_system else 'false'}</isGenerationSystem>"
    if value.is_hvac_compressor_or_furnace is not None:
        xml += f"<isHvacCompressorOrFurnace>{'true' if value.is_hvac_compressor_or_furnace else 'false'}</isHvacCompressorOrFurnace>"
    if value.is_interior_lighting is not None:
        xml += f"<isInteriorLighting>{'true' if value.is_interior_lighting else 'false'}</isInteriorLighting>"
    if value.is_irrigation_pump is not None:
        xml += f"<isIrrigationPump>{'true' if value.is_irrigation_pump else 'false'}</isIrrigationPump>"
    if value.is_managed_commercial_industrial_load is not None:
        xml += f"<isManagedCommercialIndustrialLoad>{'true' if value.is_managed_commercial_industrial_load else 'false'}</isManagedCommercialIndustrialLoad>"
    if value.is_pool_pump_spa_jacuzzi is not None:
        xml += f"<isPoolPumpSpaJacuzzi>{'true' if value.is_pool_pump_spa_jacuzzi else 'false'}</isPoolPumpSpaJacuzzi>"
    if value.is_simple_misc_load is not None:
        xml += f"<isSimpleMiscLoad>{'true' if value.is_simple_misc_load else 'false'}</isSimpleMiscLoad>"
    if value.is_smart_appliance is not None:
        xml += f"<isSmartAppliance>{'true' if value.is_smart_appliance else 'false'}</isSmartAppliance>"
    if value.is_strip_and_baseboard_heater is not None:
        xml += f"<isStripAndBaseboardHeater>{'true' if value.is_strip_and_baseboard_heater else 'false'}</isStripAndBaseboardHeater>"
    if value.is_water_heater is not None:
        xml += f"<isWaterHeater>{'true' if value.is_water_heater else 'false'}</isWaterHeater>"
    return xml


def _read_PanPricingDetail(element: _Element) -> wire.PanPricingDetail:
    alternate_cost_delivered: float | None = None
    alternate_cost_unit: str | None = None
    current_time_date: XmlDateTime | None = None
    generation_price: Decimal | None = None
    generation_price_ratio: float | None = None
    price: Decimal | None = None
    price_ratio: float | None = None
    price_tier: int | None = None
    price_tier_count: int | None = None
    price_tier_label: str | None = None
    rate_label: str | None = None
    register_tier: str | None = None
    unit_of_measure: str | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_alternateCostDelivered:
            if alternate_cost_delivered is not None:
                repeated("PanPricingDetail", "alternateCostDelivered")
            alternate_cost_delivered = float(child.text or "")
        elif tag == _TAG_alternateCostUnit:
            if alternate_cost_unit is not None:
                repeated("PanPricingDetail", "alternateCostUnit")
            alternate_cost_unit = child.text or ""
        elif tag == _TAG_currentTimeDate:
            if current_time_date is not None:
                repeated("PanPricingDetail", "currentTimeDate")
            current_time_date = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_generationPrice:
            if generation_price is not None:
                repeated("PanPricingDetail", "generationPrice")
            generation_price = read_decimal(child.text)
        elif tag == _TAG_generationPriceRatio:
            if generation_price_ratio is not None:
                repeated("PanPricingDetail", "generationPriceRatio")
            generation_price_ratio = float(child.text or "")
        elif tag == _TAG_price:
            if price is not None:
                repeated("PanPricingDetail", "price")
            price = read_decimal(child.text)
        elif tag == _TAG_priceRatio:
            if price_ratio is not None:
                repeated("PanPricingDetail", "priceRatio")
            price_ratio = float(child.text or "")
        elif tag == _TAG_priceTier:
            if price_tier is not None:
                repeated("PanPricingDetail", "priceTier")
            price_tier = int(child.text or "")
        elif tag == _TAG_priceTierCount:
            if price_tier_count is not None:
                repeated("PanPricingDetail", "priceTierCount")
            price_tier_count = int(child.text or "")
        elif tag == _TAG_priceTierLabel:
            if price_tier_label is not None:
                repeated("PanPricingDetail", "priceTierLabel")
            price_tier_label = child.text or ""
        elif tag == _TAG_rateLabel:
            if rate_label is not None:
                repeated("PanPricingDetail", "rateLabel")
            rate_label = child.text or ""
        elif tag == _TAG_registerTier:
            if register_tier is not None:
                repeated("PanPricingDetail", "registerTier")
            register_tier = child.text or ""
        elif tag == _TAG_unitOfMeasure:
            if unit_of_measure is not None:
                repeated("PanPricingDetail", "unitOfMeasure")
            unit_of_measure = child.text or ""
        else:
            unknown("PanPricingDetail", tag)
    this = _new(wire.PanPricingDetail)
    _set_PanPricingDetail_alternate_cost_delivered(this, alternate_cost_delivered)
    _set_PanPricingDetail_alternate_cost_unit(this, alternate_cost_unit)
    _set_PanPricingDetail_current_time_date(this, current_time_date)
    _set_PanPricingDetail_generation_price(this, generation_price)
    _set_PanPricingDetail_generation_price_ratio(this, generation_price_ratio)
    _set_PanPricingDetail_price(this, price)
    _set_PanPricingDetail_price_ratio(this, price_ratio)
    _set_PanPricingDetail_price_tier(this, price_tier)
    _set_PanPricingDetail_price_tier_count(this, price_tier_count)
    _set_PanPricingDetail_price_tier_label(this, price_tier_label)
    _set_PanPricingDetail_rate_label(this, rate_label)
    _set_PanPricingDetail_register_tier(this, register_tier)
    _set_PanPricingDetail_unit_of_measure(this, unit_of_measure)
    return this


def _write_PanPricingDetail(value: wire.PanPricingDetail) -> str:
    xml = ""
    if value.alternate_cost_delivered is not None:
        xml += f"<alternateCostDelivered>{write_float(value.alternate_cost_delivered)}</alternateCostDelivered>"
    if value.alternate_cost_unit is not None:
        xml += f"<alternateCostUnit>{escape(value.alternate_cost_unit)}</alternateCostUnit>"
    if value.current_time_date is not None:
        xml += f"<currentTimeDate>{value.current_time_date}</currentTimeDate>"
    if value.generation_price is not None:
        xml += f"<generationPrice>{write_decimal(value.generation_price)}</generationPrice>"
    if value.generation_price_ratio is not None:
        xml += f"<generationPriceRatio>{write_float(value.generation_price_ratio)}</generationPriceRatio>"
    if value.price is not None:
        xml += f"<price>{write_decimal(value.price)}</price>"
    if value.price_ratio is not None:
        xml += f"<priceRatio>{write_float(value.price_ratio)}</priceRatio>"
    if value.price_tier is not None:
        xml += f"<priceTier>{value.price_tier}</priceTier>"
    if value.price_tier_count is not None:
        xml += f"<priceTierCount>{value.price_tier_count}</priceTierCount>"
    if value.price_tier_label is not None:
        xml += f"<priceTierLabel>{escape(value.price_tier_label)}</priceTierLabel>"
    if value.rate_label is not None:
        xml += f"<rateLabel>{escape(value.rate_label)}</rateLabel>"
    if value.register_tier is not None:
        xml += f"<registerTier>{escape(value.register_tier)}</registerTier>"
    if value.unit_of_measure is not None:
        xml += f"<unitOfMeasure>{escape(value.unit_of_measure)}</unitOfMeasure>"
    return xml


def _read_ElectronicAddress(element: _Element) -> wire.ElectronicAddress:
    email1: str | None = None
    email2: str | None = None
    lan: str | None = None
    mac: str | None = None
    password: str | None = None
    radio: str | None = None
    user_id: str | None = None
    web: str | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_email1:
            if email1 is not None:
                repeated("ElectronicAddress", "email1")
            email1 = child.text or ""
        elif tag == _TAG_email2:
            if email2 is not None:
                repeated("ElectronicAddress", "email2")
            email2 = child.text or ""
        elif tag == _TAG_lan:
            if lan is not None:
                repeated("ElectronicAddress", "lan")
            lan = child.text or ""
        elif tag == _TAG_mac:
            if mac is not None:
                repeated("ElectronicAddress", "mac")
            mac = child.text or ""
        elif tag == _TAG_password:
            if password is not None:
                repeated("ElectronicAddress", "password")
            password = child.text or ""
        elif tag == _TAG_radio:
            if radio is not None:
                repeated("ElectronicAddress", "radio")
            radio = child.text or ""
        elif tag == _TAG_userID:
            if user_id is not None:
                repeated("ElectronicAddress", "userID")
            user_id = child.text or ""
        elif tag == _TAG_web:
            if web is not None:
                repeated("ElectronicAddress", "web")
            web = child.text or ""
        else:
            unknown("ElectronicAddress", tag)
    this = _new(wire.ElectronicAddress)
    _set_ElectronicAddress_email1(this, email1)
    _set_ElectronicAddress_email2(this, email2)
    _set_ElectronicAddress_lan(this, lan)
    _set_ElectronicAddress_mac(this, mac)
    _set_ElectronicAddress_password(this, password)
    _set_ElectronicAddress_radio(this, radio)
    _set_ElectronicAddress_user_id(this, user_id)
    _set_ElectronicAddress_web(this, web)
    return this


def _write_ElectronicAddress(value: wire.ElectronicAddress) -> str:
    xml = ""
    if value.email1 is not None:
        xml += f"<email1>{escape(value.email1)}</email1>"
    if value.email2 is not None:
        xml += f"<email2>{escape(value.email2)}</email2>"
    if value.lan is not None:
        xml += f"<lan>{escape(value.lan)}</lan>"
    if value.mac is not None:
        xml += f"<mac>{escape(value.mac)}</mac>"
    if value.password is not None:
        xml += f"<password>{escape(value.password)}</password>"
    if value.radio is not None:
        xml += f"<radio>{escape(value.radio)}</radio>"
    if value.user_id is not None:
        xml += f"<userID>{escape(value.user_id)}</userID>"
    if value.web is not None:
        xml += f"<web>{escape(value.web)}</web>"
    return xml


def _read_DateTimeInterval(element: _Element) -> wire.DateTimeInterval:
    end: XmlDateTime | None = None
    start: XmlDateTime | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_end:
            if end is not None:
                repeated("DateTimeInterval", "end")
            end = XmlDateTime.from_string(child.text or "")
        elif tag == _TAG_start:
            if start is not None:
                repeated("DateTimeInterval", "start")
            start = XmlDateTime.from_string(child.text or "")
        else:
            unknown("DateTimeInterval", tag)
    this = _new(wire.DateTimeInterval)
    _set_DateTimeInterval_end(this, end)
    _set_DateTimeInterval_start(this, start)
    return this


def _write_DateTimeInterval(value: wire.DateTimeInterval) -> str:
    xml = ""
    if value.end is not None:
        xml += f"<end>{value.end}</end>"
    if value.start is not None:
        xml += f"<start>{value.start}</start>"
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
