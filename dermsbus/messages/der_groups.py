"""DERGroups: generated classes to values of the domain and back."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from dermsbus.domain.model import (
    DERFunction,
    EndDevice,
    EndDeviceGroup,
    Version,
)
from dermsbus.errors import SchemaViolation, Violation
from dermsbus.messages.envelope import DERGroups
from dermsbus.messages.names import NameWriter, read_names
from dermsbus.messages.times import from_xml, to_xml
from dermsbus_generated import der_groups as wire

__all__ = ["from_wire", "to_wire"]

_LARGEST: Final = 2**63 - 1
_NAMES: Final = NameWriter(name=wire.Name, name_type=wire.NameType, authority=wire.NameTypeAuthority)


def from_wire(message: wire.DERGroups, zone: tzinfo) -> DERGroups:
    """The groups of a payload; a version's date without zone is taken to be in *zone*.

    Raises:
        SchemaViolation: a number or time that XML Schema allows and nobody can use.
    """
    return DERGroups(groups=tuple(_group(group, zone) for group in message.end_device_group))


def to_wire(content: DERGroups) -> wire.DERGroups:
    """The payload of groups."""
    return wire.DERGroups(end_device_group=tuple(_wire_group(group) for group in content.groups))


def _group(group: wire.EndDeviceGroup, zone: tzinfo) -> EndDeviceGroup:
    return EndDeviceGroup(
        mrid=group.mrid,
        description=group.description,
        der_function=_function(group.der_function) if group.der_function else None,
        end_devices=tuple(_device(device) for device in group.end_devices),
        names=read_names(group.names),
        version=_version(group.version, zone) if group.version else None,
    )


def _device(device: wire.EndDevice) -> EndDevice:
    return EndDevice(mrid=device.mrid, names=read_names(device.names))


def _function(function: wire.DERFunction) -> DERFunction:
    return DERFunction(
        connect_disconnect=function.connect_disconnect,
        frequency_watt_curve_function=function.frequency_watt_curve_function,
        max_real_power_limiting=function.max_real_power_limiting,
        ramp_rate_control=function.ramp_rate_control,
        reactive_power_dispatch=function.reactive_power_dispatch,
        real_power_dispatch=function.real_power_dispatch,
        voltage_regulation=function.voltage_regulation,
        volt_var_curve_function=function.volt_var_curve_function,
        volt_watt_curve_function=function.volt_watt_curve_function,
    )


def _version(version: wire.Version, zone: tzinfo) -> Version:
    try:
        date = from_xml(version.date, zone) if version.date else None
    except (ValueError, OverflowError) as error:
        details = f"version date {str(version.date)[:64]} is not from year 1 to 9999"
        raise SchemaViolation(Violation(rule="TIME-RANGE", details=details)) from error
    for name in ("major", "minor", "revision"):
        number = getattr(version, name)
        if number is not None and abs(number) > _LARGEST:
            raise SchemaViolation(Violation(rule="INTRANGE", details=f"version {name} is beyond 64 bits"))
    return Version(date=date, major=version.major, minor=version.minor, revision=version.revision)


def _wire_group(group: EndDeviceGroup) -> wire.EndDeviceGroup:
    function = group.der_function
    return wire.EndDeviceGroup(
        mrid=group.mrid,
        description=group.description,
        der_function=_wire_function(function) if function else None,
        end_devices=tuple(
            wire.EndDevice(mrid=device.mrid, names=_NAMES.write(device.names)) for device in group.end_devices
        ),
        names=_NAMES.write(group.names),
        version=_wire_version(group.version) if group.version else None,
    )


def _wire_function(function: DERFunction) -> wire.DERFunction:
    return wire.DERFunction(
        connect_disconnect=function.connect_disconnect,
        frequency_watt_curve_function=function.frequency_watt_curve_function,
        max_real_power_limiting=function.max_real_power_limiting,
        ramp_rate_control=function.ramp_rate_control,
        reactive_power_dispatch=function.reactive_power_dispatch,
        real_power_dispatch=function.real_power_dispatch,
        voltage_regulation=function.voltage_regulation,
        volt_var_curve_function=function.volt_var_curve_function,
        volt_watt_curve_function=function.volt_watt_curve_function,
    )


def _wire_version(version: Version) -> wire.Version:
    return wire.Version(
        date=to_xml(version.date) if version.date else None,
        major=version.major,
        minor=version.minor,
        revision=version.revision,
    )
