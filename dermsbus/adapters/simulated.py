"""The adapter to simulated devices: shipped for demos, labs and tests.

Source: house choice, ADR 13.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from dermsbus.adapters.base import AdapterError, Command, DeviceUnavailable, Discovered, Effect
from dermsbus.adapters.settings import AdapterSettings
from dermsbus.adapters.simulation.fleet import Fault, JournalEntry, SimulatedFleet
from dermsbus.domain.der import Device, Reading

__all__ = ["Fault", "JournalEntry", "SimulatedAdapter", "SimulatedFleet", "make"]

_SLOW_RESPONSE_S: Final = 5.0


def make(settings: AdapterSettings) -> SimulatedAdapter:
    """An adapter to a fleet of all devices in *settings*.

    Options: ``seed`` (whole number, 0), ``latitude_deg`` (48), ``longitude_deg`` (11), ``step_s`` (10: weather and
    demand change so often).

    Args:
        settings: whose clock the fleet follows.

    Returns:
        The adapter; its `SimulatedAdapter.fleet` takes faults and clouds.

    Raises:
        SettingsError: an option that is unknown or out of bounds.
    """
    settings.refuse_unknown("seed", "latitude_deg", "longitude_deg", "step_s")
    fleet = SimulatedFleet(
        settings.devices,
        seed=int(settings.number("seed", 0, least=0, most=2**53)),
        clock=settings.clock,
        latitude_deg=settings.number("latitude_deg", 48.0, least=-90, most=90),
        longitude_deg=settings.number("longitude_deg", 11.0, least=-180, most=180),
        step_s=settings.number("step_s", 10.0, least=0.1, most=3600),
    )
    return SimulatedAdapter(fleet)


class SimulatedAdapter:
    """The way to a `SimulatedFleet`: answers at once but for devices that have a fault on the line.

    Args:
        fleet: the devices.
        slow_response_s: a device with `Fault.SLOW` answers after so many real seconds.
    """

    def __init__(self, fleet: SimulatedFleet, *, slow_response_s: float = _SLOW_RESPONSE_S) -> None:
        self.fleet = fleet
        self._slow_response_s = slow_response_s
        self._closed = threading.Event()

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        """What the device says of itself.

        Raises:
            DeviceUnavailable: it is offline, too slow for *timeout_s* seconds, or not of the fleet.
        """
        self._reach(device.mrid, timeout_s)
        return self.fleet.discover(device.mrid)

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        """One reading or one error for each device, in order; slow ones are waited for together, after the others."""
        answers: dict[str, Reading | AdapterError] = {}
        slow = [device.mrid for device in devices if self.fleet.fault_of(device.mrid) is Fault.SLOW]
        prompt = [device.mrid for device in devices if self.fleet.fault_of(device.mrid) is not Fault.SLOW]
        answers.update(self._answers(prompt))
        if slow and self._answers_within(timeout_s):
            answers.update(self._answers(slow))
        return tuple(
            answers.get(device.mrid) or DeviceUnavailable(device.mrid, f"no answer in {timeout_s:g} s")
            for device in devices
        )

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        """Return when the device has taken *command*.

        Raises:
            DeviceUnavailable: it is offline, too slow for *timeout_s* seconds, or not of the fleet.
            DeviceRejected: the command makes no sense, is beyond the nameplate, or the device refuses all.
        """
        self._reach(device.mrid, timeout_s)
        self.fleet.command(device.mrid, command)

    def read_back(self, device: Device, timeout_s: float) -> Effect:
        """What the device holds now.

        Raises:
            DeviceUnavailable: it is offline, too slow for *timeout_s* seconds, or not of the fleet.
        """
        self._reach(device.mrid, timeout_s)
        return self.fleet.effect(device.mrid)

    def close(self) -> None:
        """Give up waiting for slow devices; the fleet itself lives on. Idempotent."""
        self._closed.set()

    def _answers(self, mrids: Sequence[str]) -> dict[str, Reading | AdapterError]:
        answers: dict[str, Reading | AdapterError] = {}
        reachable = []
        for mrid in mrids:
            try:
                self._refuse_unreachable(mrid)
            except DeviceUnavailable as error:
                answers[mrid] = error
            else:
                reachable.append(mrid)
        answers.update(zip(reachable, self.fleet.readings(reachable), strict=True))
        return answers

    def _reach(self, mrid: str, timeout_s: float) -> None:
        self._refuse_unreachable(mrid)
        if self.fleet.fault_of(mrid) is Fault.SLOW and not self._answers_within(timeout_s):
            raise DeviceUnavailable(mrid, f"no answer in {timeout_s:g} s")

    def _refuse_unreachable(self, mrid: str) -> None:
        if mrid not in self.fleet:
            raise DeviceUnavailable(mrid, "is not a device of the simulated fleet")
        if self._closed.is_set():
            raise DeviceUnavailable(mrid, "the adapter is closed")
        if self.fleet.fault_of(mrid) is Fault.OFFLINE:
            raise DeviceUnavailable(mrid, "does not answer")

    def _answers_within(self, timeout_s: float) -> bool:
        """Wait like somebody who talks to a slow device; True if its answer comes before the deadline."""
        closed = self._closed.wait(min(self._slow_response_s, timeout_s))
        return not closed and self._slow_response_s <= timeout_s
