"""Simulated devices behind a DERMS, on a clock that the test moves; their journal is the judge of what was commanded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dermsbus import app
from dermsbus.adapters.base import AdapterError, Command, Discovered
from dermsbus.adapters.simulated import Fault, SimulatedAdapter, SimulatedFleet
from dermsbus.domain.der import Device, Reading
from dermsbus.domain.fleet import load_fleet
from tests import builders as xml
from tests.clock import Clock
from tests.flow.house import House
from tests.flow.peer import Message, Peer
from tests.flow.seen import OrderSeen, SwitchSeen, orders_seen, switches_seen

__all__ = ["Plant", "WatchedAdapter", "battery", "load", "watched"]


def battery(mrid: str, power_w: float = 10_000, *, voltage_v: float = 230) -> str:
    """A catalogue entry of a battery that is never empty or full: it gives and takes *power_w* at any time."""
    return (
        f'[[device]]\nmrid = "{mrid}"\nkind = "battery"\nadapter = "simulated"\naddress = "{mrid}"\n'
        f"[device.name_plate]\nactive_power_max_w = {power_w}\nactive_power_charge_max_w = {power_w}\n"
        f"apparent_power_max_va = {1.25 * power_w}\nreactive_power_injected_max_var = {0.75 * power_w}\n"
        f"reactive_power_absorbed_max_var = {0.75 * power_w}\nac_voltage_nominal_v = {voltage_v}\n"
        f"energy_capacity_wh = {1_000 * power_w}\n"
    )


def load(mrid: str, power_w: float = 10_000) -> str:
    """A catalogue entry of a load, which has no function for reactive power or voltage."""
    return (
        f'[[device]]\nmrid = "{mrid}"\nkind = "load"\nadapter = "simulated"\naddress = "{mrid}"\n'
        f"[device.name_plate]\nactive_power_max_w = 0\nactive_power_charge_max_w = {power_w}\n"
        f"apparent_power_max_va = {power_w}\n"
    )


class WatchedAdapter(SimulatedAdapter):
    """The shipped adapter; whoever waits for something to happen at its devices is woken when they were spoken to."""

    def __init__(self, fleet: SimulatedFleet) -> None:
        super().__init__(fleet)
        self._spoken = threading.Condition()
        self._strangers = {device.mrid for device in fleet.devices}
        self._rounds = 0

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        with self._spoken:
            self._rounds += not self._strangers
            self._spoken.notify_all()
        return super().read(devices, timeout_s)

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        discovered = super().discover(device, timeout_s)
        self._strangers.discard(device.mrid)
        return discovered

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        try:
            super().command(device, command, timeout_s)
        finally:
            with self._spoken:
                self._spoken.notify_all()

    def wait_until(self, holds: Callable[[], bool], timeout_s: float = 10.0) -> bool:
        """True once *holds*; False if it does not within the time."""
        with self._spoken:
            return self._spoken.wait_for(holds, timeout_s)

    def wait_until_known(self) -> None:
        """Return when the DERMS knows of all devices what they can do and what they do."""
        assert self.wait_until(lambda: self._rounds > 0), "devices were not asked"

    def wait_for_a_round(self) -> None:
        """Return when the DERMS knows what devices do from now on."""
        with self._spoken:
            start = self._rounds
            assert self._spoken.wait_for(lambda: self._rounds >= start + 2, 10.0), "devices are not asked any more"


def watched(catalogue: str, clock: Clock) -> WatchedAdapter:
    """An adapter to the devices of *catalogue*, which live by *clock*."""
    fleet = load_fleet(catalogue, "catalogue")
    simulated = SimulatedFleet(
        fleet.devices,
        seed=0,
        clock=clock,
        latitude_deg=48.0,
        longitude_deg=11.0,
        step_s=60.0,
    )
    return WatchedAdapter(simulated)


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A DERMS with devices, and a DMS that speaks to it."""

    house: House
    adapter: WatchedAdapter
    clock: Clock

    @classmethod
    def build(
        cls,
        build: Callable[..., House],
        folder: Path,
        *devices: str,
        clock: Clock | None = None,
        adapter: WatchedAdapter | None = None,
        **settings: object,
    ) -> Plant:
        """Devices that are asked without pause, never grow old and hold until they are told, so that time may leap.

        Besides *devices* there is ``Z``, which belongs to `let_a_plan_pass`.
        """
        clock = clock or Clock()
        catalogue = folder / "fleet.toml"
        catalogue.write_text("".join((*devices, battery("Z"))), encoding="utf-8")
        adapter = adapter or watched(catalogue.read_text(encoding="utf-8"), clock)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(app, "_TICK_S", 0.02)  # so often it is asked what is due, that no test has to wait for it
            house = build(
                adapters={"simulated": adapter},
                now=clock,
                fleet=catalogue,
                **{
                    "devices": {"poll_period_s": 0.03, "timeout_s": 1, "stale_after_s": 86_400},
                    "dispatch": {"hold_s": 86_400},
                    "push": {"status_period_s": 0},
                    **settings,
                },
            )
        adapter.wait_until_known()
        return cls(house=house, adapter=adapter, clock=clock)

    # -- the DMS ---------------------------------------------------------------------------------------------------

    @property
    def dms(self) -> Peer:
        return self.house.dms

    def group(self, name: str, *members: str, functions: Sequence[str] = ("realPowerDispatch",)) -> None:
        """Create a group whose mRID is ``mrid-<name>``."""
        group = xml.group(mrid=f"mrid-{name}", name=name, functions=functions, members=members, version="1.0.0")
        reply = self.ask("create", "DERGroups", xml.der_groups(group))
        assert reply.result == "OK", reply.errors
        self.dms.event("created", noun="DERGroups")

    def ask(self, verb: str, noun: str, payload: str, **fields: Any) -> Message:
        """Send a request of *verb* and *noun*; returns the reply."""
        fields.setdefault("message_id", str(uuid4()))
        return self.dms.ask(xml.generic(verb, noun, payload=payload, **fields))

    def order(self, verb: str, *dispatches: str, **fields: Any) -> Message:
        """Send DERGroupDispatches; returns the reply."""
        return self.ask(verb, "DERGroupDispatches", xml.payload("DERGroupDispatches", *dispatches), **fields)

    def dispatch(self, group: str, *values: float, mrid: str | None = None, **options: object) -> str:
        """An order of a group by name, of active power in k W from now on for half an hour, if nothing else is said."""
        kind = options.pop("kind", "activePower")
        unit, multiplier = options.pop("of", "W"), options.pop("multiplier", "k")
        options.setdefault("start", self.clock.in_s(0))
        return xml.dispatch(
            xml.parameter(
                xml.schedule(*values, **options),  # type: ignore[arg-type]
                kind=str(kind),
                multiplier=str(multiplier),
                unit=str(unit),
            ),
            mrid=mrid,
            group_name=group,
        )

    def orders(self, *groups: str, request: str = "") -> list[OrderSeen]:
        """What a get tells that is ordered of *groups*, of all where none is named."""
        query = xml.der_group_queries(*(xml.group(name=name) for name in groups) if groups else (xml.group(),))
        body = xml.generic("get", "DERGroupDispatches", request=f"{request}{query}", message_id=str(uuid4()))
        reply = self.dms.ask(body)
        assert reply.result == "OK", reply.errors
        return orders_seen(reply)

    def control(self, *controls: str, correlation_id: str | None = None) -> Message:
        """Send EndDeviceControls; returns the reply."""
        payload = xml.payload("EndDeviceControls", *controls)
        return self.ask("create", "EndDeviceControls", payload, correlation_id=correlation_id)

    def switched(self, count: int, timeout_s: float = 10.0) -> list[SwitchSeen]:
        """The next events of devices, by device: exactly *count*, for each is a message of its own."""
        events = [self.dms.next_event("EndDeviceEvents", timeout_s=timeout_s) for _ in range(count)]
        return sorted((each for event in events for each in switches_seen(event)), key=lambda each: each.device or "")

    # -- the devices -----------------------------------------------------------------------------------------------

    def told(self, mrid: str) -> list[Command]:
        """Every command that a device took, oldest first."""
        return [entry.command for entry in self.adapter.fleet.journal(mrid)]

    def set_points(self, mrid: str, function: str = "active_power_w") -> list[float]:
        """The values of one function that a device was told, oldest first, rounded to 1."""
        told = (getattr(command, function) for command in self.told(mrid))
        return [round(value) for value in told if value is not None]

    def held(self, *mrids: str, function: str = "active_power_w") -> list[float | None]:
        """What devices hold of one function now, rounded to 1; None where nothing is ordered."""
        values = (getattr(self.adapter.fleet.effect(mrid), function) for mrid in mrids)
        return [None if value is None else round(value) for value in values]

    def wait_until_held(self, function: str = "active_power_w", /, **values: float | None) -> None:
        """Return when each of the devices holds its value of one function."""
        expected = list(values.values())
        done = self.adapter.wait_until(lambda: self.held(*values, function=function) == expected)
        assert done, f"{dict(zip(values, self.held(*values, function=function), strict=True))} instead of {values}"

    def let_a_plan_pass(self) -> None:
        """Return when all that is ordered until now was planned once more, and what came of it was told to devices."""
        value = len(self.told("Z")) + 1
        if value == 1:
            self.group("let a plan pass", "Z")
        group = "let a plan pass"
        reply = self.order("create", self.dispatch(group, value, duration=6, unit="D", multiplier="none"))
        assert reply.result == "OK", reply.errors
        self.wait_until_held(Z=value)
        self.adapter.wait_for_a_round()  # a while for the workers of other devices, who were given theirs together

    def let_devices_move(self) -> None:
        """Return when devices give what they hold, and the DERMS has seen it: they move only as time does."""
        self.clock.advance(1)
        self.adapter.wait_for_a_round()

    def fault(self, mrid: str, fault: Fault) -> None:
        """Have something be wrong with the device from now on, and the DERMS know what can be known of it."""
        self.adapter.fleet.fault(mrid, fault)
        self.adapter.wait_for_a_round()
