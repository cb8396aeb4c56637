"""DERNamePlates: lxml elements to the dataclasses of `dermsbus_generated.der_name_plates`, and these to XML text."""

from __future__ import annotations

from lxml.etree import _Element

from dermsbus_generated import der_name_plates as wire
from dermsbus_generated.codecs.lexical import escape, missing, one_of, repeated, setter, unknown, write_float

__all__ = ["decode", "encode"]

_TAG_DERNamePlate = "{urn:dermsbus:nameplate:1}DERNamePlate"
_TAG_abnormalOperatingPerformanceCategory = "{urn:dermsbus:nameplate:1}abnormalOperatingPerformanceCategory"
_TAG_acVoltageNominal = "{urn:dermsbus:nameplate:1}acVoltageNominal"
_TAG_activePowerChargeMax = "{urn:dermsbus:nameplate:1}activePowerChargeMax"
_TAG_activePowerMax = "{urn:dermsbus:nameplate:1}activePowerMax"
_TAG_apparentPowerMax = "{urn:dermsbus:nameplate:1}apparentPowerMax"
_TAG_chargeEfficiency = "{urn:dermsbus:nameplate:1}chargeEfficiency"
_TAG_dischargeEfficiency = "{urn:dermsbus:nameplate:1}dischargeEfficiency"
_TAG_energyCapacity = "{urn:dermsbus:nameplate:1}energyCapacity"
_TAG_mRID = "{urn:dermsbus:nameplate:1}mRID"
_TAG_manufacturer = "{urn:dermsbus:nameplate:1}manufacturer"
_TAG_model = "{urn:dermsbus:nameplate:1}model"
_TAG_normalOperatingPerformanceCategory = "{urn:dermsbus:nameplate:1}normalOperatingPerformanceCategory"
_TAG_rampRateMax = "{urn:dermsbus:nameplate:1}rampRateMax"
_TAG_reactivePowerAbsorbedMax = "{urn:dermsbus:nameplate:1}reactivePowerAbsorbedMax"
_TAG_reactivePowerInjectedMax = "{urn:dermsbus:nameplate:1}reactivePowerInjectedMax"
_TAG_serialNumber = "{urn:dermsbus:nameplate:1}serialNumber"
_TAG_version = "{urn:dermsbus:nameplate:1}version"
_AbnormalOperatingPerformanceCategory = {each.value: each for each in wire.AbnormalOperatingPerformanceCategory}
_NormalOperatingPerformanceCategory = {each.value: each for each in wire.NormalOperatingPerformanceCategory}
_new = object.__new__
_set_DERNamePlates_der_name_plate = setter(wire.DERNamePlates, "der_name_plate")
_set_DERNamePlate_mrid = setter(wire.DERNamePlate, "mrid")
_set_DERNamePlate_abnormal_operating_performance_category = setter(
    wire.DERNamePlate, "abnormal_operating_performance_category"
)
_set_DERNamePlate_active_power_charge_max = setter(wire.DERNamePlate, "active_power_charge_max")
_set_DERNamePlate_active_power_max = setter(wire.DERNamePlate, "active_power_max")
_set_DERNamePlate_ac_voltage_nominal = setter(wire.DERNamePlate, "ac_voltage_nominal")
_set_DERNamePlate_apparent_power_max = setter(wire.DERNamePlate, "apparent_power_max")
_set_DERNamePlate_charge_efficiency = setter(wire.DERNamePlate, "charge_efficiency")
_set_DERNamePlate_discharge_efficiency = setter(wire.DERNamePlate, "discharge_efficiency")
_set_DERNamePlate_energy_capacity = setter(wire.DERNamePlate, "energy_capacity")
_set_DERNamePlate_manufacturer = setter(wire.DERNamePlate, "manufacturer")
_set_DERNamePlate_model = setter(wire.DERNamePlate, "model")
_set_DERNamePlate_normal_operating_performance_category = setter(
    wire.DERNamePlate, "normal_operating_performance_category"
)
_set_DERNamePlate_ramp_rate_max = setter(wire.DERNamePlate, "ramp_rate_max")
_set_DERNamePlate_reactive_power_absorbed_max = setter(wire.DERNamePlate, "reactive_power_absorbed_max")
_set_DERNamePlate_reactive_power_injected_max = setter(wire.DERNamePlate, "reactive_power_injected_max")
_set_DERNamePlate_serial_number = setter(wire.DERNamePlate, "serial_number")
_set_DERNamePlate_version = setter(wire.DERNamePlate, "version")


def decode(element: _Element) -> wire.DERNamePlates:
    """The value of an element that the schema has accepted, without comments and processing instructions.

    Raises:
        ValueError: a value that XML Schema allows and Python cannot hold.
    """
    return _read_DERNamePlates(element)


def encode(value: wire.DERNamePlates, namespace: str = "urn:dermsbus:nameplate:1") -> str:
    """The element of *value*, *namespace* its default one.

    Raises:
        ValueError: a value that XML cannot carry.
    """
    return f'<DERNamePlates xmlns="{namespace}">{_write_DERNamePlates(value)}</DERNamePlates>'


def _read_DERNamePlates(element: _Element) -> wire.DERNamePlates:
    der_name_plate: list[wire.DERNamePlate] = []
    for child in element:
        tag = child.tag
        if tag == _TAG_DERNamePlate:
            der_name_plate.append(_read_DERNamePlate(child))
        else:
            unknown("DERNamePlates", tag)
    this = _new(wire.DERNamePlates)
    _set_DERNamePlates_der_name_plate(this, tuple(der_name_plate))
    return this


def _write_DERNamePlates(value: wire.DERNamePlates) -> str:
    xml = ""
    for each_der_name_plate in value.der_name_plate:
        xml += f"<DERNamePlate>{_write_DERNamePlate(each_der_name_plate)}</DERNamePlate>"
    return xml


def _read_DERNamePlate(element: _Element) -> wire.DERNamePlate:
    mrid: str | None = None
    abnormal_operating_performance_category: wire.AbnormalOperatingPerformanceCategory | None = None
    active_power_charge_max: float | None = None
    active_power_max: float | None = None
    ac_voltage_nominal: float | None = None
    apparent_power_max: float | None = None
    charge_efficiency: float | None = None
    discharge_efficiency: float | None = None
    energy_capacity: float | None = None
    manufacturer: str | None = None
    model: str | None = None
    normal_operating_performance_category: wire.NormalOperatingPerformanceCategory | None = None
    ramp_rate_max: float | None = None
    reactive_power_absorbed_max: float | None = None
    reactive_power_injected_max: float | None = None
    serial_number: str | None = None
    version: str | None = None
    for child in element:
        tag = child.tag
        if tag == _TAG_mRID:
            if mrid is not None:
                repeated("DERNamePlate", "mRID")
            mrid = child.text or ""
        elif tag == _TAG_abnormalOperatingPerformanceCategory:
            if abnormal_operating_performance_category is not None:
                repeated("DERNamePlate", "abnormalOperatingPerformanceCategory")
            abnormal_operating_performance_category = one_of(_AbnormalOperatingPerformanceCategory, child.text)
        elif tag == _TAG_activePowerChargeMax:
            if active_power_charge_max is not None:
                repeated("DERNamePlate", "activePowerChargeMax")
            active_power_charge_max = float(child.text or "")
        elif tag == _TAG_activePowerMax:
            if active_power_max is not None:
                repeated("DERNamePlate", "activePowerMax")
            active_power_max = float(child.text or "")
        elif tag == _TAG_acVoltageNominal:
            if ac_voltage_nominal is not None:
                repeated("DERNamePlate", "acVoltageNominal")
            ac_voltage_nominal = float(child.text or "")
        elif tag == _TAG_apparentPowerMax:
            if apparent_power_max is not None:
                repeated("DERNamePlate", "apparentPowerMax")
            apparent_power_max = float(child.text or "")
        elif tag == _TAG_chargeEfficiency:
            if charge_efficiency is not None:
                repeated("DERNamePlate", "chargeEfficiency")
            charge_efficiency = float(child.text or "")
        elif tag == _TAG_dischargeEfficiency:
            if discharge_efficiency is not None:
                repeated("DERNamePlate", "dischargeEfficiency")
            discharge_efficiency = float(child.text or "")
        elif tag == _TAG_energyCapacity:
            if energy_capacity is not None:
                repeated("DERNamePlate", "energyCapacity")
            energy_capacity = float(child.text or "")
        elif tag == _TAG_manufacturer:
            if manufacturer is not None:
                repeated("DERNamePlate", "manufacturer")
            manufacturer = child.text or ""
        elif tag == _TAG_model:
            if model is not None:
                repeated("DERNamePlate", "model")
            model = child.text or ""
        elif tag == _TAG_normalOperatingPerformanceCategory:
            if normal_operating_performance_category is not None:
                repeated("DERNamePlate", "normalOperatingPerformanceCategory")
            normal_operating_performance_category = one_of(_NormalOperatingPerformanceCategory, child.text)
        elif tag == _TAG_rampRateMax:
            if ramp_rate_max is not None:
                repeated("DERNamePlate", "rampRateMax")
            ramp_rate_max = float(child.text or "")
        elif tag == _TAG_reactivePowerAbsorbedMax:
            if reactive_power_absorbed_max is not None:
                repeated("DERNamePlate", "reactivePowerAbsorbedMax")
            reactive_power_absorbed_max = float(child.text or "")
        elif tag == _TAG_reactivePowerInjectedMax:
            if reactive_power_injected_max is not None:
                repeated("DERNamePlate", "reactivePowerInjectedMax")
            reactive_power_injected_max = float(child.text or "")
        elif tag == _TAG_serialNumber:
            if serial_number is not None:
                repeated("DERNamePlate", "serialNumber")
            serial_number = child.text or ""
        elif tag == _TAG_version:
            if version is not None:
                repeated("DERNamePlate", "version")
            version = child.text or ""
        else:
            unknown("DERNamePlate", tag)
    if mrid is None:
        raise missing("DERNamePlate", "mRID")
    if active_power_charge_max is None:
        raise missing("DERNamePlate", "activePowerChargeMax")
    if active_power_max is None:
        raise missing("DERNamePlate", "activePowerMax")
    if ac_voltage_nominal is None:
        raise missing("DERNamePlate", "acVoltageNominal")
    if apparent_power_max is None:
        raise missing("DERNamePlate", "apparentPowerMax")
    if reactive_power_absorbed_max is None:
        raise missing("DERNamePlate", "reactivePowerAbsorbedMax")
    if reactive_power_injected_max is None:
        raise missing("DERNamePlate", "reactivePowerInjectedMax")
    this = _new(wire.DERNamePlate)
    _set_DERNamePlate_mrid(this, mrid)
    _set_DERNamePlate_abnormal_operating_performance_category(this, abnormal_operating_performance_category)
    _set_DERNamePlate_active_power_charge_max(this, active_power_charge_max)
    _set_DERNamePlate_active_power_max(this, active_power_max)
    _set_DERNamePlate_ac_voltage_nominal(this, ac_voltage_nominal)
    _set_DERNamePlate_apparent_power_max(this, apparent_power_max)
    _set_DERNamePlate_charge_efficiency(this, charge_efficiency)
    _set_DERNamePlate_discharge_efficiency(this, discharge_efficiency)
    _set_DERNamePlate_energy_capacity(this, energy_capacity)
    _set_DERNamePlate_manufacturer(this, manufacturer)
    _set_DERNamePlate_model(this, model)
    _set_DERNamePlate_normal_operating_performance_category(this, normal_operating_performance_category)
    _set_DERNamePlate_ramp_rate_max(this, ramp_rate_max)
    _set_DERNamePlate_reactive_power_absorbed_max(this, reactive_power_absorbed_max)
    _set_DERNamePlate_reactive_power_injected_max(this, reactive_power_injected_max)
    _set_DERNamePlate_serial_number(this, serial_number)
    _set_DERNamePlate_version(this, version)
    return this


def _write_DERNamePlate(value: wire.DERNamePlate) -> str:
    xml = ""
    xml += f"<mRID>{escape(value.mrid)}</mRID>"
    if value.abnormal_operating_performance_category is not None:
        xml += f"<abnormalOperatingPerformanceCategory>{value.abnormal_operating_performance_category.value}</abnormalOperatingPerformanceCategory>"
    xml += f"<activePowerChargeMax>{write_float(value.active_power_charge_max)}</activePowerChargeMax>"
    xml += f"<activePowerMax>{write_float(value.active_power_max)}</activePowerMax>"
    xml += f"<acVoltageNominal>{write_float(value.ac_voltage_nominal)}</acVoltageNominal>"
    xml += f"<apparentPowerMax>{write_float(value.apparent_power_max)}</apparentPowerMax>"
    if value.charge_efficiency is not None:
        xml += f"<chargeEfficiency>{write_float(value.charge_efficiency)}</chargeEfficiency>"
    if value.discharge_efficiency is not None:
        xml += f"<dischargeEfficiency>{write_float(value.discharge_efficiency)}</dischargeEfficiency>"
    if value.energy_capacity is not None:
        xml += f"<energyCapacity>{write_float(value.energy_capacity)}</energyCapacity>"
    if value.manufacturer is not None:
        xml += f"<manufacturer>{escape(value.manufacturer)}</manufacturer>"
    if value.model is not None:
        xml += f"<model>{escape(value.model)}</model>"
    if value.normal_operating_performance_category is not None:
        xml += f"<normalOperatingPerformanceCategory>{value.normal_operating_performance_category.value}</normalOperatingPerformanceCategory>"
    if value.ramp_rate_max is not None:
        xml += f"<rampRateMax>{write_float(value.ramp_rate_max)}</rampRateMax>"
    xml += f"<reactivePowerAbsorbedMax>{write_float(value.reactive_power_absorbed_max)}</reactivePowerAbsorbedMax>"
    xml += f"<reactivePowerInjectedMax>{write_float(value.reactive_power_injected_max)}</reactivePowerInjectedMax>"
    if value.serial_number is not None:
        xml += f"<serialNumber>{escape(value.serial_number)}</serialNumber>"
    if value.version is not None:
        xml += f"<version>{escape(value.version)}</version>"
    return xml
