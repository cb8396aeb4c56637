"""What no device may be asked: checks before a command leaves for any of them.

Source: house choice, ADR 13.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime

from dermsbus.adapters.base import Command, DeviceRejected

__all__ = ["VALUES", "accept", "seconds_left"]

VALUES = ("active_power_w", "active_power_limit_w", "reactive_power_var", "voltage_v", "ramp_rate_w_per_s")
"""The fields of a `Command` that carry a number."""


def accept(mrid: str, command: Command, *, capabilities: Collection[str], now: datetime) -> None:
    """Return if *command* makes sense and the device has the functions for it.

    Args:
        mrid: of the device.
        command: as it shall be sent.
        capabilities: names of the fields that the device can carry out.
        now: aware.

    Raises:
        DeviceRejected: a number that is none, a function that the device lacks, a release together with something else,
            or an order that has already ended.
    """
    given = {name: value for name in VALUES if (value := getattr(command, name)) is not None}
    for name, value in given.items():
        if not math.isfinite(value):
            raise DeviceRejected(mrid, f"{name} is {value}, not a finite number")
    asked = set(given) | ({"connect"} if command.connect is not None else set())
    if command.release and asked:
        raise DeviceRejected(mrid, f"a release stands alone, but {', '.join(sorted(asked))} came with it")
    if lacking := sorted(asked - set(capabilities)):
        raise DeviceRejected(mrid, f"has no function for {', '.join(lacking)}")
    if given.get("active_power_limit_w", 0.0) < 0.0:
        raise DeviceRejected(mrid, f"active_power_limit_w is {given['active_power_limit_w']:g}, less than 0")
    if given.get("ramp_rate_w_per_s", 1.0) <= 0.0:
        raise DeviceRejected(mrid, f"ramp_rate_w_per_s is {given['ramp_rate_w_per_s']:g}, not more than 0")
    if command.expires_at is not None and command.expires_at <= now:
        raise DeviceRejected(mrid, f"the order ended at {command.expires_at.isoformat()}, before it was given")


def seconds_left(expires_at: datetime, now: datetime) -> int:
    """Whole seconds until *expires_at*, rounded up; never 0, which timers of devices read as for ever."""
    return max(1, math.ceil((expires_at - now).total_seconds()))
