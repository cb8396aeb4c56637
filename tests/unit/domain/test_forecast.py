"""What a group is expected to do: within its own bounds, no sun at night, no energy from nowhere, orders followed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermsbus.domain.clear_sky import Site, clear_sky_part
from dermsbus.domain.der import Device, DeviceKind, NamePlate, Reading
from dermsbus.domain.fleet import Fleet, FloatArray
from dermsbus.domain.fleet_state import FleetState, MemberStates, roster
from dermsbus.domain.forecast import Coverage, Forecaster, Ordered
from dermsbus.domain.history import History
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup
from dermsbus.domain.predictors import Flexibility, Storage, storage_plan, usual_quantiles
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    GroupForecast,
    IntervalUnit,
    ParameterKind,
    Point,
    ScheduleRequest,
)
from tests.unit.domain.builders import FUNCTIONS, function

NOON = datetime(2024, 6, 20, 12, tzinfo=UTC)
SITE = Site(latitude_deg=48.0, longitude_deg=0.0)
ACTIVE_POWER = ParameterKind.ACTIVE_POWER
ALL = function(*FUNCTIONS)
STEP, LINE = CurveStyle.CONSTANT_Y_VALUE, CurveStyle.STRAIGHT_LINE_Y_VALUES


def device(mrid: str, kind: DeviceKind, **rated: Any) -> Device:
    plate = replace(NamePlate(active_power_max_w=0.0, apparent_power_max_va=20_000.0), **rated)
    return Device(mrid=mrid, kind=kind, adapter="simulated", address=mrid, name_plate=plate)


PV = device("pv", DeviceKind.PV, active_power_max_w=5000.0)
BATTERY = device(
    "battery",
    DeviceKind.BATTERY,
    active_power_max_w=3000.0,
    active_power_charge_max_w=2000.0,
    energy_capacity_wh=10_000.0,
    charge_efficiency=0.9,
    discharge_efficiency=0.8,
)
LOAD = device("load", DeviceKind.LOAD, active_power_charge_max_w=4000.0)
GENERATOR = device("generator", DeviceKind.GENERATOR, active_power_max_w=6000.0)


def reading(of: Device, power_w: float, at: datetime = NOON, **more: Any) -> Reading:
    """What a device says that can do nothing else than it does, but for what it says *more*."""
    fixed = Reading(mrid=of.mrid, at=at, active_power_w=power_w, available_min_w=power_w, available_max_w=power_w)
    return replace(fixed, **more)


def battery_at(soc_percent: float, at: datetime = NOON) -> Reading:
    return reading(BATTERY, 0.0, at, available_min_w=-2000.0, available_max_w=3000.0, soc_percent=soc_percent)


class Setting:
    """A fleet that is one group, and what its members say."""

    def __init__(self, *devices: Device, now: datetime = NOON) -> None:
        self.fleet = Fleet(devices)
        self.state = FleetState(self.fleet)
        self.forecaster = Forecaster(self.fleet, SITE)
        self.now = now
        self.group = EndDeviceGroup(
            mrid="G", der_function=ALL, end_devices=tuple(EndDevice(mrid=one.mrid) for one in devices)
        )

    def hear(self, *readings: Reading) -> Setting:
        self.state.put(readings)
        return self

    def members(self) -> MemberStates:
        return self.state.members(roster(self.group, self.fleet), self.now, stale_after_s=60.0)

    def forecast(
        self,
        *schedules: ScheduleRequest,
        parameters: Sequence[ParameterKind] = (ACTIVE_POWER,),
        granted: DERFunction = ALL,
        ordered: Ordered = lambda _parameter, _at: None,
    ) -> GroupForecast | None:
        group = EndDeviceGroup(mrid="G", der_function=granted, end_devices=self.group.end_devices)
        return self.forecaster.forecast(
            group, self.members(), parameters, schedules, now=self.now, ordered=ordered, mrid="F-1"
        )

    def curve(self, asked: ScheduleRequest, ordered: Ordered = lambda _parameter, _at: None) -> Curve:
        forecast = self.forecast(asked, ordered=ordered)
        assert forecast is not None
        return forecast.parameters[0].curves[0]


def asked(
    hours: float = 0.0, *, intervals: int = 4, minutes: int = 60, style: CurveStyle = STEP, now: datetime = NOON
) -> ScheduleRequest:
    """A forecast that starts so many *hours* from now."""
    return ScheduleRequest(
        style=style,
        intervals=intervals,
        starts_at=now + timedelta(hours=hours),
        interval=minutes,
        interval_unit=IntervalUnit.MINUTE,
    )


def levels(point: Point) -> tuple[float, float, float]:
    assert point.minimum is not None
    assert point.nominal is not None
    assert point.maximum is not None
    return point.minimum, point.nominal, point.maximum


def constant(value: float, begins: float = 0.0, ends: float = 100.0) -> Ordered:
    """An order of active power that holds from *begins* to *ends*, in hours from noon."""

    def ordered(parameter: ParameterKind, at: datetime) -> float | None:
        holds = NOON + timedelta(hours=begins) <= at < NOON + timedelta(hours=ends)
        return value if parameter is ACTIVE_POWER and holds else None

    return ordered


# -- points and parameters


def test_steps_have_as_many_points_as_intervals_and_lines_have_one_more() -> None:
    setting = Setting(LOAD).hear(reading(LOAD, -500.0))
    step, line = (setting.curve(asked(style=style)) for style in (STEP, LINE))
    assert (len(step.points), len(line.points)) == (4, 5)
    assert step.ends_at == line.ends_at == line.points[-1].at == NOON + timedelta(hours=4)


def test_every_parameter_is_told_for_every_schedule() -> None:
    setting = Setting(LOAD).hear(reading(LOAD, -500.0, reactive_power_var=100.0, voltage_v=231.0))
    forecast = setting.forecast(
        asked(), asked(style=LINE), parameters=(ACTIVE_POWER, ParameterKind.REACTIVE_POWER, ParameterKind.VOLTAGE)
    )
    assert forecast is not None
    assert [(one.parameter, len(one.curves)) for one in forecast.parameters] == [
        (ACTIVE_POWER, 2),
        (ParameterKind.REACTIVE_POWER, 2),
        (ParameterKind.VOLTAGE, 2),
    ]
    assert [one.curves[0].points[0].nominal for one in forecast.parameters] == [-500.0, 100.0, 231.0]


def test_a_parameter_that_the_group_lacks_is_left_out_and_active_power_never_is() -> None:
    setting = Setting(LOAD).hear(reading(LOAD, -500.0, voltage_v=231.0))
    forecast = setting.forecast(asked(), parameters=tuple(ParameterKind), granted=function())
    assert forecast is not None
    assert [one.parameter for one in forecast.parameters] == [ACTIVE_POWER]
    assert setting.forecast(asked(), parameters=(ParameterKind.VOLTAGE,), granted=function()) is None


def test_of_a_group_that_nobody_has_heard_of_nothing_is_forecast() -> None:
    assert Setting(PV, LOAD).forecast(asked(), parameters=tuple(ParameterKind)) is None


def test_apparent_power_follows_from_the_other_two() -> None:
    setting = Setting(GENERATOR).hear(reading(GENERATOR, 300.0, reactive_power_var=400.0))
    forecast = setting.forecast(asked(), parameters=(ParameterKind.APPARENT_POWER,))
    assert forecast is not None
    assert forecast.parameters[0].curves[0].points[0].nominal == pytest.approx(500.0)
    assert (forecast.parameters[0].installed_min, forecast.parameters[0].installed_max) == (0.0, 20_000.0)


def test_an_ordered_voltage_is_expected_while_the_order_holds() -> None:
    setting = Setting(LOAD).hear(reading(LOAD, -500.0, voltage_v=231.0))
    forecast = setting.forecast(
        asked(),
        parameters=(ParameterKind.VOLTAGE,),
        ordered=lambda _parameter, at: 235.0 if at < NOON + timedelta(hours=2) else None,
    )
    assert forecast is not None
    assert [point.nominal for point in forecast.parameters[0].curves[0].points] == [235.0, 235.0, 231.0, 231.0]


# -- sun


def test_the_sun_is_highest_at_noon_in_summer_and_down_at_night() -> None:
    day = NOON.timestamp() + 900.0 * np.arange(-48, 48, dtype=np.float64)
    part = clear_sky_part(SITE, day)
    assert abs(int(part.argmax()) - 48) <= 1
    assert part.max() == pytest.approx(0.93, abs=0.05)
    up_hours = (part > 0.0).sum() / 4.0
    assert up_hours == pytest.approx(16.0, abs=0.4)  # the longest day at 48 degrees north
    assert clear_sky_part(Site(latitude_deg=48.0, longitude_deg=90.0), day - 6 * 3600.0) == pytest.approx(
        part, abs=0.01
    )


@pytest.mark.parametrize(("latitude", "longitude"), [(91.0, 0.0), (0.0, 181.0), (math.nan, 0.0)])
def test_a_place_that_is_not_on_earth_is_refused(latitude: float, longitude: float) -> None:
    with pytest.raises(ValueError, match="no place on Earth"):
        Site(latitude_deg=latitude, longitude_deg=longitude)


def test_photovoltaics_give_nothing_at_night_and_that_is_certain() -> None:
    curve = Setting(PV).hear(reading(PV, 3000.0)).curve(asked(10, intervals=16, minutes=15))
    assert {levels(point) for point in curve.points} == {(0.0, 0.0, 0.0)}


def test_what_is_known_of_the_sky_now_fades_into_what_the_days_were_like() -> None:
    setting = Setting(PV)
    for quarter in range(-96 * 7, 0):
        at = NOON + timedelta(minutes=15 * quarter)
        power = 0.8 * 5000.0 * float(clear_sky_part(SITE, np.array([at.timestamp() + 450]))[0])
        setting.forecaster.history.put(np.array([power]), at)
    setting.hear(reading(PV, 1000.0, available_max_w=0.4 * 5000.0 * 0.93))
    soon, later = setting.curve(asked(intervals=2, minutes=1)), setting.curve(asked(24, intervals=2, minutes=1))
    assert levels(soon.points[0])[1] == pytest.approx(0.4 * 5000.0 * 0.93, rel=0.05)
    assert levels(later.points[0])[1] == pytest.approx(0.8 * 5000.0 * 0.93, rel=0.05)


def test_a_cloud_that_is_there_now_is_gone_sooner_than_the_weather_it_belongs_to() -> None:
    setting = Setting(PV)
    for quarter in range(-96 * 7, 0):
        at = NOON + timedelta(minutes=15 * quarter)
        power = 0.8 * 5000.0 * float(clear_sky_part(SITE, np.array([at.timestamp() + 450]))[0])
        setting.forecaster.history.put(np.array([power]), at)
    setting.hear(reading(PV, 1000.0, available_max_w=0.4 * 5000.0 * 0.93))
    points = setting.curve(asked(intervals=9, minutes=30)).points
    missing = [1.0 - levels(point)[1] / (0.8 * 5000.0 * clear_sky_at(point.at)) for point in points]
    assert missing[0] == pytest.approx(0.5 * (0.3 * math.exp(-1.0) + 0.7 * math.exp(-0.125)), abs=0.01)
    assert missing[8] == pytest.approx(0.5 * 0.7 * math.exp(-4.25 / 2.0), abs=0.01)


def clear_sky_at(at: datetime) -> float:
    return float(clear_sky_part(SITE, np.array([at.timestamp() + 900.0]))[0])


def test_a_panel_that_is_tilted_to_the_winter_sun_gives_more_than_a_level_one_and_is_expected_to() -> None:
    winter = datetime(2024, 12, 20, 12, tzinfo=UTC)
    setting = Setting(PV, now=winter)
    for quarter in range(-96 * 7, 0):
        at = winter + timedelta(minutes=15 * quarter)
        level = 5000.0 * float(clear_sky_part(SITE, np.array([at.timestamp() + 450]))[0])
        setting.forecaster.history.put(np.array([2.5 * level]), at)
    given_w = 2.5 * 5000.0 * float(clear_sky_part(SITE, np.array([winter.timestamp()]))[0])
    setting.hear(reading(PV, given_w, winter, available_max_w=given_w))
    tomorrow = setting.curve(asked(23.5, intervals=1, now=winter)).points[0]
    assert levels(tomorrow)[1] == pytest.approx(given_w, rel=0.15)


def test_after_few_days_what_is_assumed_of_any_sky_still_counts_and_after_a_week_hardly() -> None:
    def lowest(days: int) -> float:
        setting = Setting(PV)
        for quarter in range(-96 * days, 0):
            at = NOON + timedelta(minutes=15 * quarter)
            power = 0.9 * 5000.0 * float(clear_sky_part(SITE, np.array([at.timestamp() + 450]))[0])
            setting.forecaster.history.put(np.array([power]), at)
        setting.hear(reading(PV, 4185.0, available_max_w=0.9 * 5000.0 * 0.93))
        minimum, nominal, _ = levels(setting.curve(asked(23.5, intervals=1)).points[0])
        return minimum / nominal

    assert lowest(1) < 0.7  # two halves of days
    assert lowest(7) > 0.9


def test_power_that_an_order_holds_down_is_no_cloud() -> None:
    setting = Setting(PV).hear(reading(PV, 100.0, available_max_w=4500.0))
    setting.forecaster.observe(setting.members(), NOON)
    setting.forecaster.observe(setting.members(), NOON + timedelta(minutes=15))
    past = setting.forecaster.history.past(np.array([0]))
    assert np.nanmax(next(past.portions())[1]) == 4500.0


# -- everything else


def test_a_load_is_expected_to_do_what_it_usually_does_at_that_time_of_day() -> None:
    setting = Setting(LOAD).hear(reading(LOAD, -500.0))
    for quarter in range(-96 * 7, 0):
        at = NOON + timedelta(minutes=15 * quarter)
        day = quarter // 96  # -7 to -1: seven days that differ a little
        setting.forecaster.history.put(np.array([(-3000.0 if at.hour >= 18 else -500.0) + 10.0 * day]), at)
    evening = setting.curve(asked(31, intervals=1))
    assert levels(evening.points[0]) == pytest.approx((-3073.0, -3040.0, -3007.0), abs=2.0)
    assert levels(setting.curve(asked(26, intervals=1)).points[0])[1] == pytest.approx(-540.0, abs=11.0)


def test_quantiles_of_devices_that_never_peak_together_are_those_of_their_sum() -> None:
    history = History(2)
    rng = np.random.default_rng(1)
    for quarter in range(96 * 7):
        one = float(rng.uniform(0.0, 1000.0))
        history.put(np.array([-one, one - 1000.0]), NOON + timedelta(minutes=15 * quarter))
    quantiles = usual_quantiles(
        history.past(np.array([0, 1])),
        present_w=np.array([-500.0, -500.0]),
        lowest_w=np.array([-1000.0, -1000.0]),
        highest_w=np.zeros(2),
        at_s=np.array([NOON.timestamp() + 86_400.0 * 8]),
        now_s=NOON.timestamp() + 86_400.0 * 7,
    )
    assert quantiles == pytest.approx(-1000.0, abs=1e-3)


def test_a_gap_in_the_record_is_no_zero() -> None:
    setting = Setting(LOAD, device("other", DeviceKind.LOAD, active_power_charge_max_w=4000.0))
    setting.hear(
        reading(LOAD, -1000.0),
        Reading(mrid="other", at=NOON, active_power_w=-1000.0, available_min_w=-1000.0, available_max_w=-1000.0),
    )
    for quarter in range(-96 * 7, 0):
        gap = math.nan if quarter % 3 else -1000.0
        setting.forecaster.history.put(np.array([-1000.0, gap]), NOON + timedelta(minutes=15 * quarter))
    assert levels(setting.curve(asked(24, intervals=1)).points[0]) == pytest.approx((-2000.0,) * 3)


def test_of_a_load_without_a_record_anything_that_is_installed_is_expected_in_the_end() -> None:
    point = Setting(LOAD).hear(reading(LOAD, -500.0)).curve(asked(48, intervals=1)).points[0]
    assert levels(point) == pytest.approx((-4000.0, -500.0, 0.0), abs=1.0)


def test_one_quarter_of_an_hour_makes_nobody_sure_of_a_load() -> None:
    setting = Setting(LOAD).hear(reading(LOAD, -500.0))
    setting.forecaster.history.put(np.array([-500.0]), NOON - timedelta(minutes=15))
    minimum, _, maximum = levels(setting.curve(asked(48, intervals=1)).points[0])
    assert minimum < -3500.0
    assert maximum > -100.0


# -- storage


def test_storage_can_keep_up_no_more_than_what_is_in_it() -> None:
    curve = Setting(BATTERY).hear(battery_at(50.0)).curve(asked(intervals=16, minutes=15))
    for point in curve.points:
        # 5000 Wh at 0.8 over 4 hours; room for 5000 Wh at 0.9
        assert levels(point) == pytest.approx((-5000.0 / 0.9 / 4, 0.0, 5000.0 * 0.8 / 4))


def test_over_a_short_time_storage_is_bound_by_its_rating() -> None:
    curve = Setting(BATTERY).hear(battery_at(50.0)).curve(asked(intervals=2, minutes=15))
    assert levels(curve.points[0]) == (-2000.0, 0.0, 3000.0)


def test_an_empty_battery_gives_nothing_and_a_full_one_takes_nothing() -> None:
    assert levels(Setting(BATTERY).hear(battery_at(0.0)).curve(asked()).points[0])[2] == 0.0
    assert levels(Setting(BATTERY).hear(battery_at(100.0)).curve(asked()).points[0])[0] == 0.0


def test_an_order_is_followed_until_the_battery_is_empty() -> None:
    curve = Setting(BATTERY).hear(battery_at(50.0)).curve(asked(intervals=6), constant(1000.0))
    assert [levels(point)[1] for point in curve.points] == pytest.approx([1000.0] * 4 + [0.0] * 2)


def test_what_is_ordered_before_a_forecast_starts_is_missing_in_it() -> None:
    setting = Setting(BATTERY).hear(battery_at(50.0))
    without, after = (setting.curve(asked(3), order) for order in (constant(0.0, 9, 9), constant(1000.0, 0, 2)))
    assert levels(without.points[0])[2] == pytest.approx(1000.0)
    assert levels(after.points[0])[2] == pytest.approx(500.0)  # 4 hours of what 2 hours at 1000 W left


@st.composite
def storages(draw: st.DrawFn) -> Storage:
    count = draw(st.integers(1, 4))
    columns = [
        draw(st.lists(st.floats(low, high), min_size=count, max_size=count))
        for low, high in ((0.0, 1.0), (0.0, 20_000.0), (0.0, 5000.0), (0.0, 5000.0), (0.5, 1.0), (0.5, 1.0))
    ]
    part, capacity, discharge, charge, out, into = map(np.array, columns)
    return Storage(
        stored_wh=part * capacity,
        capacity_wh=capacity,
        discharge_max_w=discharge,
        charge_max_w=charge,
        discharge_efficiency=out,
        charge_efficiency=into,
    )


orders_w = st.lists(st.one_of(st.just(math.nan), st.floats(-20_000.0, 20_000.0)), min_size=1, max_size=12)
rests = st.tuples(st.floats(-3000.0, 3000.0), st.floats(0.0, 2000.0), st.floats(0.0, 2000.0))


def one_by_one(storage: Storage) -> list[Storage]:
    columns = {name: getattr(storage, name) for name in Storage.__dataclass_fields__}
    return [
        Storage(**{name: column[place : place + 1] for name, column in columns.items()})
        for place in range(len(storage.stored_wh))
    ]


def run(storage: Storage, powers_w: FloatArray, hours: float) -> None:
    """A battery that is told what to give, interval after interval; it must be able to."""
    energy = float(storage.stored_wh[0])
    for power in powers_w:
        out = power / storage.discharge_efficiency[0] if power > 0 else power * storage.charge_efficiency[0]
        energy -= out * hours
        assert -1e-3 <= energy <= storage.capacity_wh[0] + 1e-3
        assert -storage.charge_max_w[0] - 1e-6 <= power <= storage.discharge_max_w[0] + 1e-6


@given(storage=storages(), ordered=orders_w, rest=rests, hours=st.floats(0.05, 3.0))
@settings(max_examples=300, deadline=None)
def test_storage_makes_no_energy(
    storage: Storage, ordered: list[float], rest: tuple[float, float, float], hours: float
) -> None:
    """Each battery alone can run the bounds of its plan, and what it plans for an order, from first to last."""
    count = len(ordered)
    for battery in one_by_one(storage):
        fixed = Flexibility(expected_w=np.full(count, rest[0]), upwards_w=np.zeros(count), downwards_w=np.zeros(count))
        plan = storage_plan(battery, fixed, np.array(ordered), np.full(count, hours))
        run(battery, plan.group_w - rest[0], hours)
        run(battery, plan.lowest_w, hours)
        run(battery, plan.highest_w, hours)
        assert (plan.lowest_w <= plan.group_w - rest[0] + 1e-6).all()
        assert (plan.group_w - rest[0] <= plan.highest_w + 1e-6).all()


@given(storage=storages(), ordered=st.floats(-20_000.0, 20_000.0), rest=rests)
@settings(max_examples=300, deadline=None)
def test_an_order_is_met_exactly_if_it_can_be_and_else_as_nearly_as_can_be(
    storage: Storage, ordered: float, rest: tuple[float, float, float]
) -> None:
    expected, upwards, downwards = rest
    plan = storage_plan(
        storage,
        Flexibility(expected_w=np.array([expected]), upwards_w=np.array([upwards]), downwards_w=np.array([downwards])),
        np.array([ordered]),
        np.array([1.0]),
    )
    most = expected + upwards + float(storage.most_w(storage.stored_wh, 1.0).sum())
    least = expected - downwards + float(storage.least_w(storage.stored_wh, 1.0).sum())
    assert plan.group_w[0] == pytest.approx(min(max(ordered, least), most), abs=1e-6)


# -- all together


@given(
    soc=st.floats(0.0, 100.0),
    sun=st.floats(0.0, 5000.0),
    drawn=st.floats(0.0, 4000.0),
    made=st.floats(0.0, 6000.0),
    ordered=st.one_of(st.none(), st.floats(-30_000.0, 30_000.0)),
    start=st.floats(-2.0, 30.0),
    style=st.sampled_from(CurveStyle),
    recorded=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_minimum_nominal_and_maximum_never_change_places(
    *,
    soc: float,
    sun: float,
    drawn: float,
    made: float,
    ordered: float | None,
    start: float,
    style: CurveStyle,
    recorded: bool,
) -> None:
    setting = Setting(PV, BATTERY, LOAD, GENERATOR)
    setting.hear(
        reading(PV, sun, available_min_w=0.0),
        battery_at(soc),
        reading(LOAD, -drawn),
        reading(GENERATOR, made, available_min_w=0.0, available_max_w=6000.0),
    )
    if recorded:
        rng = np.random.default_rng(7)
        for quarter in range(-96 * 7, 0, 3):  # with gaps
            means = rng.uniform([0, -2000, -4000, 0], [5000, 3000, 0, 6000])
            setting.forecaster.history.put(means, NOON + timedelta(minutes=15 * quarter))
    order = constant(ordered) if ordered is not None else constant(0.0, 9, 9)
    curve = setting.curve(asked(start, intervals=12, minutes=30, style=style), order)
    for point in curve.points:
        minimum, nominal, maximum = levels(point)
        assert minimum <= nominal <= maximum
        assert minimum >= -2000.0 - 4000.0 - 1e-6
        assert maximum <= 5000.0 + 3000.0 + 6000.0 + 1e-6


def test_an_order_within_reach_is_what_is_expected() -> None:
    setting = Setting(PV, BATTERY, LOAD, GENERATOR).hear(
        reading(PV, 3257.0, available_min_w=0.0),  # 0.7 of a clear sky, as where nothing was recorded
        battery_at(50.0),
        reading(LOAD, -490.0),
        reading(GENERATOR, 0.0, available_min_w=0.0, available_max_w=6000.0),
    )
    curve = setting.curve(asked(intervals=4, minutes=15), constant(6000.0, 0.25, 0.75))
    free, *ordered, after = [levels(point)[1] for point in curve.points]
    assert ordered == pytest.approx([6000.0, 6000.0])
    assert free == pytest.approx(3257.0 - 490.0, rel=0.05)
    assert after == pytest.approx(3257.0 - 490.0, rel=0.05)


def test_a_member_that_is_separated_from_the_grid_is_not_counted_on() -> None:
    gone = Reading(
        mrid="battery", at=NOON, active_power_w=0, available_max_w=0, available_min_w=0, soc_percent=50, connected=False
    )
    setting = Setting(BATTERY, LOAD).hear(gone, reading(LOAD, -500.0))
    assert levels(setting.curve(asked(48, intervals=1)).points[0])[2] == pytest.approx(0.0)  # no load, but no more


# -- history


def test_the_mean_of_a_quarter_is_known_when_the_next_begins() -> None:
    history = History(2, days=1)
    for second, powers in ((0, (10.0, math.nan)), (60, (20.0, math.nan)), (900, (99.0, 99.0))):
        history.record(np.array(powers), NOON + timedelta(seconds=second))
    past = history.past(np.array([0, 1]))
    ((_, means),) = past.portions()
    column = int(np.flatnonzero(past.starts_s == NOON.timestamp())[0])
    assert means[0, column] == 15.0
    assert np.isnan(means).sum() == 2 * 96 - 1


def test_what_is_older_than_the_ring_is_forgotten_and_what_was_not_heard_is_a_gap() -> None:
    history = History(1, days=1)
    history.put(np.array([1.0]), NOON)
    history.put(np.array([2.0]), NOON + timedelta(hours=23))
    history.put(np.array([3.0]), NOON + timedelta(hours=25))
    history.put(np.array([4.0]), NOON)  # an archive that comes late
    past = history.past(np.array([0]))
    ((_, means),) = past.portions()
    known = {
        int(past.starts_s[column] - NOON.timestamp()) // 3600: means[0, column]
        for column in np.flatnonzero(~np.isnan(means[0]))
    }
    assert known == {23: 2.0, 25: 3.0}


def test_an_instant_of_a_quarter_that_is_out_is_passed_over() -> None:
    history = History(1, days=1)
    for minutes, power in ((15, 5.0), (0, 99.0), (30, 7.0), (45, 0.0)):
        history.record(np.array([power]), NOON + timedelta(minutes=minutes))
    ((_, means),) = history.past(np.array([0])).portions()
    assert sorted(means[~np.isnan(means)]) == [5.0, 7.0]


# -- score


def test_coverage_counts_what_lay_inside_and_how_far_off_the_rest_was() -> None:
    point = Point(at=NOON, minimum=80.0, nominal=100.0, maximum=120.0)
    score = Coverage().scored(point, 100.0).scored(point, 130.0)
    assert (score.count, score.share) == (2, 0.5)
    # inside: 0.1 · 20 + 0 + 0.1 · 20; above: 0.1 · 50 + 0.5 · 30 + 0.9 · 10
    assert score.mean_pinball_loss == pytest.approx((4.0 + 29.0) / 6)


def test_without_points_there_is_no_score() -> None:
    score = Coverage().scored(Point(at=NOON, nominal=5.0), 5.0)
    assert (score.share, score.mean_pinball_loss) == (None, None)


@pytest.mark.parametrize("lead_quarters", [2, 8, 40])
def test_forecasts_are_right_as_often_as_they_say(lead_quarters: int) -> None:
    """Of a load with a daily shape and noise that lasts for hours, four of five values lie from P10 to P90."""
    rng = np.random.default_rng(11)
    noise, score = 0.0, Coverage()
    setting = Setting(LOAD)
    pending: dict[datetime, Point] = {}
    for quarter in range(96 * 28):
        at = NOON + timedelta(minutes=15 * quarter)
        noise = 0.88 * noise + float(rng.normal(0.0, 100.0))
        power = -1500.0 - 800.0 * math.sin(2.0 * math.pi * quarter / 96.0) + noise
        if at in pending:
            score = score.scored(pending.pop(at), power)
        setting.forecaster.history.put(np.array([power]), at)
        if quarter > 96 * 7 and quarter % 5 == 0:
            setting.now = at + timedelta(minutes=7.5)
            setting.hear(reading(LOAD, power, setting.now))
            later = asked(lead_quarters * 0.25 - 0.125, intervals=1, minutes=15, now=setting.now)
            point = setting.curve(later).points[0]
            pending[point.at] = point
    assert score.count > 390
    assert score.share == pytest.approx(0.8, abs=0.08)
