"""What an adapter to devices promises.

An adapter is used by worker threads only, never by a handler: a device that hangs makes its own values old and nothing
else slow. All calls are blocking and end within the deadline they are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dermsbus.domain.der import Device, NamePlate, Reading

__all__ = ["AdapterError", "Command", "DerAdapter", "DeviceRejected", "DeviceUnavailable", "Discovered", "Effect"]

from dermsbus.errors import DermsbusError


class AdapterError(DermsbusError):
    """A device did not do what it was asked.

    Attributes:
        mrid: of the device.
    """

    def __init__(self, mrid: str, problem: str) -> None:
        super().__init__(f"device {mrid}: {problem}")
        self.mrid = mrid
        self.problem = problem


class DeviceUnavailable(AdapterError):
    """It cannot be reached, or did not answer in time: what was asked may or may not have happened."""


class DeviceRejected(AdapterError):
    """It answered, and said no."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What a device shall do, absolutely, so that the same command twice does no harm. What is None is left as it is.

    Attributes:
        command_id: the same for a repetition.
        active_power_w: set-point, signed.
        active_power_limit_w: most it may inject, 0 or more.
        reactive_power_var: set-point, signed.
        voltage_v: set-point of its voltage regulation.
        ramp_rate_w_per_s: fastest change of active power, more than 0.
        connect: True to connect, False to disconnect.
        release: go back to the default state: all set-points and limits off. Alone in a command.
        expires_at: aware, UTC: when the device goes back to its default by itself if it hears nothing more.
    """

    command_id: str
    active_power_w: float | None = None
    active_power_limit_w: float | None = None
    reactive_power_var: float | None = None
    voltage_v: float | None = None
    ramp_rate_w_per_s: float | None = None
    connect: bool | None = None
    release: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What a device says that it holds now, read back from it: the fields are those of `Command`."""

    active_power_w: float | None = None
    active_power_limit_w: float | None = None
    reactive_power_var: float | None = None
    voltage_v: float | None = None
    ramp_rate_w_per_s: float | None = None
    connected: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Discovered:
    """What a device says it is."""

    name_plate: NamePlate
    capabilities: frozenset[str]
    """Names of the `Command` fields that it can carry out."""


class DerAdapter(Protocol):
    """One protocol, all devices that are reached by it.

    Every method raises DeviceUnavailable if the device does not answer within *timeout_s* seconds, and DeviceRejected
    if it answers with a refusal. Methods may be called from several threads, for the same device too: the adapter
    serialises what has to be, and who waits for another call to the same device waits within *timeout_s* too.
    """

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        """What the device says of itself."""
        ...

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        """One reading or one error for each device, in order; one that fails keeps no other from being read."""
        ...

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        """Return when the device has taken *command*; what it then holds, `read_back` tells."""
        ...

    def read_back(self, device: Device, timeout_s: float) -> Effect:
        """What the device holds now."""
        ...

    def close(self) -> None:
        """Let go of all connections. Idempotent."""
        ...
