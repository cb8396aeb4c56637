"""Simulated devices behave like devices."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermsbus.adapters.base import Command, DeviceRejected, DeviceUnavailable
from dermsbus.adapters.simulated import Fault, SimulatedAdapter, SimulatedFleet
from dermsbus.adapters.simulation.weather import clear_sky_w_per_m2, sine_of_elevation
from dermsbus.domain.der import Device, DeviceKind, NamePlate, Reading
from tests.contract.adapter_suite import BATTERY, SOLAR, ManualClock

MUNICH = {"latitude_deg": 48.1, "longitude_deg": 11.6}
CHARGER = NamePlate(
    active_power_max_w=0.0,
    active_power_charge_max_w=11_000.0,
    apparent_power_max_va=11_000.0,
    energy_capacity_wh=60_000.0,
)
ENGINE = NamePlate(active_power_max_w=100_000.0, apparent_power_max_va=125_000.0, ramp_rate_max_w_per_s=1000.0)
HOUSES = NamePlate(active_power_max_w=0.0, active_power_charge_max_w=8000.0, apparent_power_max_va=9000.0)
PLATES = {
    DeviceKind.PV: SOLAR,
    DeviceKind.BATTERY: BATTERY,
    DeviceKind.EV_CHARGER: CHARGER,
    DeviceKind.GENERATOR: ENGINE,
    DeviceKind.LOAD: HOUSES,
}


def device(kind: DeviceKind, mrid: str = "", plate: NamePlate | None = None) -> Device:
    return Device(mrid=mrid or kind.value, kind=kind, adapter="simulated", address="", name_plate=plate or PLATES[kind])


EVERYTHING = tuple(device(kind) for kind in DeviceKind)


def fleet_of(*devices: Device, clock: ManualClock, seed: int = 4, **place: float) -> SimulatedFleet:
    return SimulatedFleet(devices or EVERYTHING, seed=seed, clock=clock, **(MUNICH | place))


def read(fleet: SimulatedFleet, kind: DeviceKind) -> Reading:
    (reading,) = fleet.readings([kind.value])
    return reading


def order(fleet: SimulatedFleet, kind: DeviceKind, **fields: object) -> None:
    fleet.command(kind.value, Command(command_id="c-1", **fields))  # type: ignore[arg-type]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 6, 21, 11, 0, tzinfo=UTC))


def test_the_sun_stands_as_high_as_the_almanac_says() -> None:
    def elevation(at: datetime, latitude: float, longitude: float) -> float:
        return math.degrees(math.asin(sine_of_elevation(at.timestamp(), latitude, longitude)))

    assert elevation(datetime(2026, 6, 21, 12, 2, tzinfo=UTC), 51.48, 0.0) == pytest.approx(90 - 51.48 + 23.44, abs=0.1)
    assert elevation(datetime(2026, 12, 21, 11, 58, tzinfo=UTC), 51.48, 0.0) == pytest.approx(
        90 - 51.48 - 23.44, abs=0.1
    )
    assert elevation(datetime(2026, 3, 20, 12, 7, tzinfo=UTC), 0.0, 0.0) == pytest.approx(90.0, abs=0.5)


def test_there_is_no_light_from_a_sun_below_the_horizon() -> None:
    assert clear_sky_w_per_m2(-0.2) == 0.0
    assert 950.0 < clear_sky_w_per_m2(0.95) < 1000.0


def test_how_often_a_device_is_polled_does_not_change_its_life() -> None:
    clocks = [ManualClock(datetime(2026, 6, 21, 4, 0, tzinfo=UTC)) for _ in range(2)]
    often, seldom = (fleet_of(clock=clock) for clock in clocks)
    mrids = [each.mrid for each in EVERYTHING]
    for hour in range(6):
        for clock, fleet in zip(clocks, (often, seldom), strict=True):
            order(fleet, DeviceKind.BATTERY, active_power_w=500.0 * hour, expires_at=clock.after(2000.0))
            order(fleet, DeviceKind.GENERATOR, active_power_w=60_000.0 + 1000.0 * hour)
        for _ in range(480):
            clocks[0].advance(7.5)
            often.readings(mrids)
        clocks[1].advance(3600.0)
        for first, second in zip(often.readings(mrids), seldom.readings(mrids), strict=True):
            assert first.at == second.at
            assert first.active_power_w == pytest.approx(second.active_power_w, abs=1e-6)
            assert first.soc_percent == pytest.approx(second.soc_percent, abs=1e-9)


def test_another_seed_is_another_day(clock: ManualClock) -> None:
    first, second = (fleet_of(clock=clock, seed=seed) for seed in (1, 2))
    clock.advance(3600.0)
    assert read(first, DeviceKind.LOAD) != read(second, DeviceKind.LOAD)


def test_a_day_of_sun_rises_and_sets_and_never_passes_the_rating() -> None:
    clock = ManualClock(datetime(2026, 6, 21, 0, 0, tzinfo=UTC))
    fleet = fleet_of(clock=clock, step_s=60.0)
    powers = []
    for _ in range(96):
        powers.append(read(fleet, DeviceKind.PV).active_power_w)
        clock.advance(900.0)
    assert max(powers[:10]) == 0.0
    assert max(powers[-10:]) == 0.0
    assert 3500.0 < max(powers[36:60]) <= 5000.0
    assert min(powers) == 0.0
    assert len({round(power) for power in powers[36:60]}) > 5, "clouds move"


def test_a_cloud_takes_light_and_gives_it_back(clock: ManualClock) -> None:
    quiet, cloudy = fleet_of(clock=clock), fleet_of(clock=clock)
    cloudy.send_cloud(lasts_s=600.0, depth=0.8)
    clock.advance(600.0)
    bright, dark = (read(fleet, DeviceKind.PV).active_power_w for fleet in (quiet, cloudy))
    assert dark < 0.5 * bright
    clock.advance(900.0)
    assert read(quiet, DeviceKind.PV).active_power_w == read(cloudy, DeviceKind.PV).active_power_w


def test_a_curtailed_panel_still_says_what_the_sun_would_give(clock: ManualClock) -> None:
    fleet, free = fleet_of(clock=clock), fleet_of(clock=clock)
    order(fleet, DeviceKind.PV, active_power_limit_w=500.0)
    clock.advance(60.0)
    assert read(fleet, DeviceKind.PV).active_power_w == pytest.approx(500.0)
    assert read(fleet, DeviceKind.PV).available_max_w == read(free, DeviceKind.PV).active_power_w > 500.0


def test_what_is_stored_is_what_was_drawn_less_the_losses(clock: ManualClock) -> None:
    plate = replace(BATTERY, charge_efficiency=0.9, discharge_efficiency=0.8)
    fleet = fleet_of(device(DeviceKind.BATTERY, plate=plate), clock=clock)
    before = read(fleet, DeviceKind.BATTERY).soc_percent or 0.0
    order(fleet, DeviceKind.BATTERY, active_power_w=-2000.0)
    clock.advance(3600.0)
    charged = read(fleet, DeviceKind.BATTERY).soc_percent or 0.0
    assert charged - before == pytest.approx(100 * 2000 * 0.9 / 13_500, abs=1e-6)
    order(fleet, DeviceKind.BATTERY, active_power_w=1000.0)
    clock.advance(3600.0)
    discharged = read(fleet, DeviceKind.BATTERY).soc_percent or 0.0
    assert charged - discharged == pytest.approx(100 * 1000 / 0.8 / 13_500, abs=1e-6)


def test_an_empty_battery_gives_nothing_and_a_full_one_takes_nothing(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    order(fleet, DeviceKind.BATTERY, active_power_w=5000.0)
    clock.advance(4 * 3600.0)
    empty = read(fleet, DeviceKind.BATTERY)
    assert (empty.soc_percent, empty.active_power_w, empty.available_max_w) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    order(fleet, DeviceKind.BATTERY, active_power_w=-5000.0)
    clock.advance(4 * 3600.0)
    full = read(fleet, DeviceKind.BATTERY)
    assert (full.soc_percent, full.active_power_w, full.available_min_w) == pytest.approx((100.0, 0.0, 0.0), abs=1e-6)


def test_cars_come_in_the_afternoon_charge_and_leave_in_the_morning() -> None:
    clock = ManualClock(datetime(2026, 6, 22, 11, 0, tzinfo=UTC))
    chargers = [device(DeviceKind.EV_CHARGER, f"ev-{number}") for number in range(40)]
    fleet = fleet_of(*chargers, clock=clock, step_s=60.0)
    mrids = [each.mrid for each in chargers]

    def there() -> list[Reading]:
        return [reading for reading in fleet.readings(mrids) if reading.soc_percent is not None]

    assert not there(), "at noon nobody is there"
    clock.advance(9 * 3600.0)
    evening = there()
    assert 28 <= len(evening) < 40, "some days a car stays away"
    assert sum(reading.active_power_w for reading in evening) < -20_000.0
    clock.advance(8 * 3600.0)
    night = there()
    assert sum(reading.soc_percent or 0.0 for reading in night) / len(night) > 95.0
    clock.advance(6 * 3600.0)
    assert not there()


def test_an_engine_ramps_keeps_its_minimum_load_and_stops_for_a_limit_below_it(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    order(fleet, DeviceKind.GENERATOR, active_power_w=80_000.0)
    clock.advance(25.0)
    assert read(fleet, DeviceKind.GENERATOR).active_power_w == pytest.approx(25_000.0)
    clock.advance(300.0)
    assert read(fleet, DeviceKind.GENERATOR).active_power_w == pytest.approx(80_000.0)
    order(fleet, DeviceKind.GENERATOR, active_power_w=10_000.0)
    clock.advance(300.0)
    assert read(fleet, DeviceKind.GENERATOR).active_power_w == pytest.approx(30_000.0)
    order(fleet, DeviceKind.GENERATOR, active_power_limit_w=20_000.0)
    clock.advance(300.0)
    assert read(fleet, DeviceKind.GENERATOR).active_power_w == 0.0


def test_an_engine_tells_its_minimum_load_whether_it_runs_or_not(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    still = read(fleet, DeviceKind.GENERATOR)
    order(fleet, DeviceKind.GENERATOR, active_power_w=80_000.0)
    clock.advance(300.0)
    running = read(fleet, DeviceKind.GENERATOR)
    assert (still.active_power_w, running.active_power_w) == (0.0, 80_000.0)
    for reading in (still, running):
        assert (reading.available_min_w, reading.available_max_w) == (30_000.0, 100_000.0)


def test_an_engine_that_is_stopped_comes_down_to_its_minimum_load_and_is_switched_off_there(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    order(fleet, DeviceKind.GENERATOR, active_power_w=50_000.0)
    clock.advance(300.0)
    order(fleet, DeviceKind.GENERATOR, active_power_w=0.0)
    clock.advance(19.0)
    assert read(fleet, DeviceKind.GENERATOR).active_power_w == pytest.approx(31_000.0)
    clock.advance(1.0)
    assert read(fleet, DeviceKind.GENERATOR).active_power_w == 0.0


def test_only_a_ramp_on_the_nameplate_holds_a_device_back(clock: ManualClock) -> None:
    fleet = fleet_of(
        device(DeviceKind.GENERATOR, plate=replace(ENGINE, ramp_rate_max_w_per_s=None)),
        device(DeviceKind.BATTERY),
        clock=clock,
    )
    order(fleet, DeviceKind.GENERATOR, active_power_w=80_000.0)
    order(fleet, DeviceKind.BATTERY, active_power_w=-5_000.0)
    clock.advance(1.0)
    assert read(fleet, DeviceKind.GENERATOR).active_power_w == 80_000.0
    assert read(fleet, DeviceKind.BATTERY).active_power_w == -5_000.0


def test_a_load_draws_can_be_shed_and_never_injects(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    drawn = read(fleet, DeviceKind.LOAD)
    assert -8000.0 <= drawn.active_power_w < -500.0
    assert drawn.reactive_power_var < 0.0
    order(fleet, DeviceKind.LOAD, active_power_w=-300.0)
    clock.advance(30.0)
    assert read(fleet, DeviceKind.LOAD).active_power_w == pytest.approx(-300.0)
    with pytest.raises(DeviceRejected, match="nameplate"):
        order(fleet, DeviceKind.LOAD, active_power_w=1000.0)
    with pytest.raises(DeviceRejected, match="reactive_power_var"):
        order(fleet, DeviceKind.LOAD, reactive_power_var=10.0)


def test_an_ordered_ramp_is_not_passed(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    order(fleet, DeviceKind.BATTERY, active_power_w=3000.0, ramp_rate_w_per_s=20.0)
    clock.advance(50.0)
    assert read(fleet, DeviceKind.BATTERY).active_power_w == pytest.approx(1000.0)
    clock.advance(1000.0)
    assert read(fleet, DeviceKind.BATTERY).active_power_w == pytest.approx(3000.0)


def test_active_power_goes_before_reactive_power_in_the_circle(clock: ManualClock) -> None:
    plate = replace(BATTERY, apparent_power_max_va=5000.0)
    fleet = fleet_of(device(DeviceKind.BATTERY, plate=plate), clock=clock)
    order(fleet, DeviceKind.BATTERY, active_power_w=4800.0, reactive_power_var=2200.0)
    clock.advance(1.0)
    reading = read(fleet, DeviceKind.BATTERY)
    assert reading.active_power_w == pytest.approx(4800.0)
    assert reading.reactive_power_var == pytest.approx(math.sqrt(5000.0**2 - 4800.0**2))


def test_a_voltage_set_point_is_held_as_far_as_reactive_power_goes(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    clock.advance(5.0)
    free = read(fleet, DeviceKind.BATTERY).voltage_v or 0.0
    order(fleet, DeviceKind.BATTERY, voltage_v=free + 1.0)
    assert read(fleet, DeviceKind.BATTERY).voltage_v == pytest.approx(free + 1.0)
    assert read(fleet, DeviceKind.BATTERY).reactive_power_var > 0.0
    order(fleet, DeviceKind.BATTERY, voltage_v=free + 50.0)
    assert read(fleet, DeviceKind.BATTERY).reactive_power_var == pytest.approx(2200.0)


def test_a_drifting_device_says_one_thing_and_does_another(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    order(fleet, DeviceKind.BATTERY, active_power_w=3000.0)
    fleet.fault("battery", Fault.DRIFTING)
    clock.advance(600.0)
    assert fleet.effect("battery").active_power_w == 3000.0
    assert read(fleet, DeviceKind.BATTERY).active_power_w == pytest.approx(2000.0, abs=30.0)
    fleet.fault("battery", Fault.NONE)
    clock.advance(30.0)
    assert read(fleet, DeviceKind.BATTERY).active_power_w == pytest.approx(3000.0)


def test_an_offline_device_goes_on_until_its_order_ends(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    adapter = SimulatedAdapter(fleet)
    battery, load = device(DeviceKind.BATTERY), device(DeviceKind.LOAD)
    order(fleet, DeviceKind.BATTERY, active_power_w=3000.0, expires_at=clock.after(600.0))
    fleet.fault("battery", Fault.OFFLINE)
    answers = adapter.read([battery, load], 1.0)
    assert isinstance(answers[0], DeviceUnavailable)
    assert isinstance(answers[1], Reading)
    clock.advance(300.0)
    assert read(fleet, DeviceKind.BATTERY).active_power_w == pytest.approx(3000.0), "seen at the device itself"
    clock.advance(400.0)
    fleet.fault("battery", Fault.NONE)
    (back,) = adapter.read([battery], 1.0)
    assert isinstance(back, Reading)
    assert back.active_power_w == 0.0


def test_a_slow_device_is_waited_for_within_the_deadline(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    adapter = SimulatedAdapter(fleet, slow_response_s=0.05)
    fleet.fault("battery", Fault.SLOW)
    (answer,) = adapter.read([device(DeviceKind.BATTERY)], 5.0)
    assert isinstance(answer, Reading)


def test_the_journal_holds_what_a_device_took_and_nothing_that_it_refused(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    order(fleet, DeviceKind.BATTERY, active_power_w=1.0)
    order(fleet, DeviceKind.BATTERY, active_power_w=1.0)
    fleet.fault("battery", Fault.REFUSING)
    with pytest.raises(DeviceRejected):
        order(fleet, DeviceKind.BATTERY, active_power_w=2.0)
    order(fleet, DeviceKind.PV, connect=False)
    assert [entry.command.active_power_w for entry in fleet.journal("battery")] == [1.0, 1.0]
    assert [entry.mrid for entry in fleet.journal()] == ["battery", "battery", "pv"]
    assert {entry.command_id for entry in fleet.journal()} == {"c-1"}
    assert {entry.at for entry in fleet.journal()} == {clock.now}


def test_a_device_that_is_not_simulated_is_unavailable(clock: ManualClock) -> None:
    adapter = SimulatedAdapter(fleet_of(clock=clock))
    (answer,) = adapter.read([device(DeviceKind.PV, "elsewhere")], 1.0)
    assert isinstance(answer, DeviceUnavailable)


def test_a_fleet_without_devices_is_a_fleet(clock: ManualClock) -> None:
    fleet = SimulatedFleet([], seed=1, clock=clock, **MUNICH)
    clock.advance(60.0)
    assert fleet.readings([]) == ()


def test_a_clock_that_stands_or_goes_back_moves_nothing(clock: ManualClock) -> None:
    fleet = fleet_of(clock=clock)
    clock.advance(100.0)
    before = read(fleet, DeviceKind.LOAD)
    clock.now -= timedelta(seconds=50)
    assert read(fleet, DeviceKind.LOAD) == before


@settings(max_examples=40, deadline=None)
@given(
    orders=st.lists(
        st.tuples(
            st.sampled_from(list(DeviceKind)),
            st.fixed_dictionaries(
                {},
                optional={
                    "active_power_w": st.floats(-120_000, 120_000),
                    "active_power_limit_w": st.floats(0, 120_000),
                    "reactive_power_var": st.floats(-3000, 3000),
                    "ramp_rate_w_per_s": st.floats(0.1, 1e6),
                    "connect": st.booleans(),
                },
            ),
            st.floats(0.0, 1200.0),
        ),
        max_size=6,
    ),
    seed=st.integers(0, 2**32),
    hour=st.integers(0, 23),
)
def test_no_order_takes_a_device_out_of_its_nameplate(
    orders: list[tuple[DeviceKind, dict[str, object], float]], seed: int, hour: int
) -> None:
    clock = ManualClock(datetime(2026, 6, 21, hour, 0, tzinfo=UTC))
    fleet = fleet_of(clock=clock, seed=seed)
    for kind, fields, pause_s in orders:
        with suppress(DeviceRejected):  # refusing is one right answer
            order(fleet, kind, **fields, expires_at=clock.after(900.0))
        clock.advance(pause_s)
        for each, reading in zip(EVERYTHING, fleet.readings([each.mrid for each in EVERYTHING]), strict=True):
            plate = each.name_plate
            assert -plate.active_power_charge_max_w - 1e-6 <= reading.active_power_w <= plate.active_power_max_w + 1e-6
            assert math.hypot(reading.active_power_w, reading.reactive_power_var) <= plate.apparent_power_max_va + 1e-6
            least_w = 30_000.0 if each.kind is DeviceKind.GENERATOR and reading.connected else reading.active_power_w
            assert reading.available_min_w <= least_w + 1e-6
            assert reading.active_power_w <= reading.available_max_w + 1e-6
            assert reading.soc_percent is None or 0.0 <= reading.soc_percent <= 100.0
            assert math.isfinite(reading.voltage_v or math.nan)
