"""The adapter to simulated devices keeps the contract."""

from __future__ import annotations

import pytest

from dermsbus.adapters.simulated import Fault, SimulatedAdapter, SimulatedFleet
from dermsbus.domain.der import Device, DeviceKind, NamePlate
from tests.contract.adapter_suite import BATTERY, AdapterContract, Bench, ManualClock


class _SimulatedBench:
    def __init__(self, clock: ManualClock, kind: DeviceKind, plate: NamePlate) -> None:
        self.clock = clock
        self.device, self.other = (
            Device(mrid=mrid, kind=kind, adapter="simulated", address="", name_plate=plate)
            for mrid in ("first", "second")
        )
        self.fleet = SimulatedFleet(
            [self.device, self.other], seed=6, clock=clock, latitude_deg=48.0, longitude_deg=11.0
        )
        self.adapter = SimulatedAdapter(self.fleet)

    def hang(self) -> None:
        self.fleet.fault("first", Fault.SLOW)

    def wake(self) -> None:
        self.fleet.fault("first", Fault.NONE)

    def refuse(self) -> None:
        self.fleet.fault("first", Fault.REFUSING)


class TestSimulatedBattery(AdapterContract):
    @pytest.fixture
    def bench(self, clock: ManualClock) -> Bench:
        return _SimulatedBench(clock, DeviceKind.BATTERY, BATTERY)
