"""What is made of SunSpec models, for devices that leave out what others have."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from dermsbus.adapters.base import Command, DeviceRejected, DeviceUnavailable
from dermsbus.adapters.sunspec import Address
from dermsbus.adapters.sunspec_models import capabilities, carry_out, discovered, effect, measuring, sample
from dermsbus.domain.der import Device, DeviceKind
from tests.contract.adapter_suite import BATTERY, SOLAR

AT = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)


@dataclass
class FakePoint:
    """A point with a scale factor of 0."""

    raw: float | str | None
    sf_value: int | None = 0
    sf_required: bool = True
    dirty: bool = False

    @property
    def value(self) -> float | str | None:
        return self.raw

    @value.setter
    def value(self, value: float | str | None) -> None:
        self.raw, self.dirty = value, True

    cvalue = value


@dataclass
class FakeModel:
    """A model that notes which points each write carried."""

    points: dict[str, FakePoint]
    writes: list[dict[str, float | str | None]] = field(default_factory=list)

    def read(self) -> None:
        raise AssertionError("nothing here reads by itself")

    def write(self) -> None:
        self.writes.append({name: point.raw for name, point in self.points.items() if point.dirty})
        for point in self.points.values():
            point.dirty = False


def model(**points: float | str | None) -> FakeModel:
    return FakeModel({name: FakePoint(raw) for name, raw in points.items()})


def controls(**changed: float | None) -> FakeModel:
    points: dict[str, float | None] = {
        "WMaxLimPctEna": 0, "WMaxLimPct": 100, "WMaxLimPctEnaRvrt": 0, "WMaxLimPctRvrtTms": 0,
        "WSetEna": 0, "WSetMod": 0, "WSet": None, "WSetPct": 0, "WSetEnaRvrt": 0, "WSetRvrtTms": 0,
        "VarSetEna": 0, "VarSetMod": 0, "VarSet": None, "VarSetPct": 0, "VarSetEnaRvrt": 0, "VarSetRvrtTms": 0,
        "WRmp": 100, "WRmpRef": None,
    }  # fmt: skip
    return model(**(points | changed))


def capacity(**changed: float | None) -> FakeModel:
    return model(**({"WMax": 5000, "WMaxRtg": 6000, "VarMaxInj": 2000, "VarMaxInjRtg": 2200} | changed))


def row(kind: DeviceKind = DeviceKind.PV) -> Device:
    plate = SOLAR if kind is DeviceKind.PV else BATTERY
    return Device(mrid="d", kind=kind, adapter="sunspec", address="h", name_plate=plate)


def test_a_device_without_a_set_point_in_watts_is_told_percent() -> None:
    models = {702: capacity(), 704: controls()}
    carry_out("d", models, Command(command_id="c", active_power_w=-1000.0, reactive_power_var=500.0), 60)
    written = {name: value for write in models[704].writes for name, value in write.items()}
    assert (written["WSetEna"], written["WSetMod"], written["WSetPct"], written["WSetRvrtTms"]) == (1, 0, -20.0, 60)
    assert (written["VarSetEna"], written["VarSetMod"], written["VarSetPct"]) == (1, 1, 25.0)
    assert effect(models).active_power_w == -1000.0
    assert effect(models).reactive_power_var == 500.0


def test_percent_without_a_maximum_is_no_function() -> None:
    assert capabilities({704: controls()}) == {"ramp_rate_w_per_s"}
    assert "active_power_limit_w" in capabilities({702: capacity(), 704: controls()})


def test_a_device_without_timers_does_not_claim_to_let_go_by_itself() -> None:
    models = {702: capacity(), 704: controls(WMaxLimPctRvrtTms=None)}
    assert "expires_at" not in capabilities(models)
    carry_out("d", models, Command(command_id="c", active_power_limit_w=1000.0), 60)
    assert effect(models).active_power_limit_w == 1000.0


def test_a_set_point_that_another_controller_gave_in_percent_is_read_back_in_watts() -> None:
    models = {702: capacity(), 704: controls(WSet=0, WSetEna=1, WSetMod=0, WSetPct=30)}
    assert effect(models).active_power_w == 1500.0


def test_a_limit_is_read_back_from_the_model_that_is_in_force() -> None:
    older = model(WMaxLim_Ena=1, WMaxLimPct=50, WMaxLimPct_RvrtTms=0)
    models = {121: model(WMax=4000), 123: older, 702: capacity(), 704: controls()}
    assert effect(models).active_power_limit_w == 2000.0
    carry_out("d", models, Command(command_id="c", release=True), None)
    assert effect(models).active_power_limit_w is None


def test_a_ramp_that_is_slower_than_the_device_can_count_is_refused() -> None:
    models = {702: capacity(), 704: controls()}
    models[704].points["WRmp"].sf_required = False
    with pytest.raises(DeviceRejected, match="WRmp"):
        carry_out("d", models, Command(command_id="c", ramp_rate_w_per_s=10.0), None)
    assert models[704].writes == []


def test_a_device_is_connected_by_every_switch_that_is_open() -> None:
    models = {703: model(ES=0), 123: model(Conn_WinTms=None, Conn_RvrtTms=None, Conn=0)}
    carry_out("d", models, Command(command_id="c", connect=True), None)
    assert models[703].writes == [{"ES": 1}]
    assert models[123].writes == [{"Conn": 1}]
    assert effect(models).connected


@pytest.mark.parametrize("power", [None, float("nan")])
def test_a_device_that_tells_no_power_is_unavailable(power: float | None) -> None:
    with pytest.raises(DeviceUnavailable, match="no active power"):
        sample({701: model(W=power, InvSt=3)}, row(), AT, 0.0)


def test_a_device_in_fault_has_nothing_available() -> None:
    reading = sample({701: model(W=0, InvSt=6, ConnSt=1)}, row(DeviceKind.BATTERY), AT, 4000.0).reading
    assert (reading.available_min_w, reading.available_max_w) == (0.0, 0.0)


@pytest.mark.parametrize(("soc", "low", "high"), [(0, -5000.0, 0.0), (100, 0.0, 5000.0), (50, -5000.0, 5000.0)])
def test_what_storage_can_give_follows_its_state_of_charge(soc: int, low: float, high: float) -> None:
    models = {701: model(W=0, InvSt=3, ConnSt=1), 713: model(SoC=soc)}
    reading = sample(models, row(DeviceKind.BATTERY), AT, 0.0).reading
    assert (reading.available_min_w, reading.available_max_w, reading.soc_percent) == (low, high, soc)


def test_the_newer_series_is_measured_where_a_device_has_both() -> None:
    both = {103: model(W=1), 701: model(W=2, InvSt=3), 713: model(SoC=50), 802: model(SoC=40), 123: model(Conn=1)}
    assert measuring(both) == (701, 713)
    assert sample(both, row(), AT, 0.0).reading.active_power_w == 2.0


def test_a_single_phase_inverter_without_a_status_model_is_read() -> None:
    models = {101: model(W=700, St=4, VAr=None, PhVphA=231), 123: model(Conn=1)}
    assert measuring(models) == (101, 123)
    reading = sample(models, row(), AT, 0.0).reading
    assert (reading.active_power_w, reading.reactive_power_var, reading.voltage_v) == (700.0, 0.0, 231.0)
    assert reading.connected


def test_ratings_that_a_device_does_not_tell_are_the_catalogues() -> None:
    found = discovered({120: model(WRtg=4000, VArRtgQ4=-1500)}, BATTERY)
    assert found.name_plate.active_power_max_w == 4000.0
    assert found.name_plate.reactive_power_absorbed_max_var == 1500.0
    assert found.name_plate.energy_capacity_wh == 13_500.0
    assert found.capabilities == frozenset()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.7", Address(host="10.0.0.7", port=502, unit=1)),
        ("inverter-3.lan:1502", Address(host="inverter-3.lan", port=1502, unit=1)),
        ("gateway/17", Address(host="gateway", port=502, unit=17)),
        ("gateway:1502/0", Address(host="gateway", port=1502, unit=0)),
    ],
)
def test_an_address_may_leave_out_port_and_unit(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert Address.parse(str(address)) == address
