"""What devices were told to hold: one setting for each function of a device, with its end.

A setting is written down before the device is told, so that after a crash it is known what the device may hold. Whether
it does, the device itself says.

Source: "intent, command, read-back" of the project's reliability reference; one setting for each function: house
choice, ADR 24.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["DeviceFunction", "DeviceSetting", "SettingChange", "SettingKey"]


class DeviceFunction(StrEnum):
    """What of a device is set; the values are those of the commands and capabilities of adapters."""

    ACTIVE_POWER = "active_power_w"
    ACTIVE_POWER_LIMIT = "active_power_limit_w"
    REACTIVE_POWER = "reactive_power_var"
    VOLTAGE = "voltage_v"
    RAMP_RATE = "ramp_rate_w_per_s"


SettingKey = tuple[str, DeviceFunction]
"""mRID of a device, and what of it is set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceSetting:
    """One function of one device.

    Attributes:
        mrid: of the device.
        function: what is set.
        value: in the function's unit, signed.
        ends_at: aware, UTC: when the device goes back to its default by itself.
        command_id: of the command that told it.
        dispatch_mrid: the order it carries out.
        given_at: aware, UTC: when it was written down.
    """

    mrid: str
    function: DeviceFunction
    value: float
    ends_at: datetime
    command_id: str
    dispatch_mrid: str
    given_at: datetime

    @property
    def key(self) -> SettingKey:
        """By which it is found."""
        return self.mrid, self.function


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingChange:
    """One setting as it is from now on; None where the device was let go."""

    key: SettingKey
    after: DeviceSetting | None
