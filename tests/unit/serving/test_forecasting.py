"""Forecasts of a whole DERMS: what is observed and when, how sure they are after simulated days, and what is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dermsbus.adapters.simulated import SimulatedFleet
from dermsbus.dispatch import FieldView
from dermsbus.domain.clear_sky import Site
from dermsbus.domain.der import Device, DeviceKind, NamePlate
from dermsbus.domain.dispatch_book import DispatchBook
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FleetState
from dermsbus.domain.forecast import usual_schedule
from dermsbus.domain.model import EndDeviceGroup, GroupReference
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    Dispatch,
    DispatchState,
    GroupForecast,
    IntervalUnit,
    ParameterKind,
    Point,
)
from dermsbus.domain.registry import GroupRegistry
from dermsbus.forecasting import Forecasting
from dermsbus.store.history_file import HistoryFile
from tests.clock import Clock
from tests.unit.domain.builders import devices, function, group
from tests.unit.domain.fleet_builders import battery, pv, reading

MIDNIGHT = datetime(2024, 6, 10, tzinfo=UTC)
SITE = Site(latitude_deg=48.0, longitude_deg=11.0)
DISPATCHED = function("real_power_dispatch")


def load(mrid: str) -> Device:
    plate = NamePlate(active_power_max_w=0.0, active_power_charge_max_w=4_000.0, apparent_power_max_va=4_000.0)
    return Device(mrid=mrid, kind=DeviceKind.LOAD, adapter="simulated", address=mrid, name_plate=plate)


class Days:
    """A DERMS without a bus: simulated devices, groups, and time that passes when it is told to."""

    def __init__(
        self,
        *of: Device,
        groups: tuple[EndDeviceGroup, ...],
        book: DispatchBook | None = None,
        file: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock(MIDNIGHT)
        self.real_s = 0.0
        self.fleet = Fleet(of)
        self.state = FleetState(self.fleet)
        self.registry = GroupRegistry(groups)
        self.simulated = SimulatedFleet(
            self.fleet.devices, seed=3, clock=self.clock, latitude_deg=48.0, longitude_deg=11.0, step_s=60.0
        )
        self.file = None if file is None else HistoryFile(file, list(self.fleet))
        self.forecasting = Forecasting(
            self.fleet,
            SITE,
            groups=self.registry,
            book=book or DispatchBook(),
            view=self.view,
            file=self.file,
            clock_s=lambda: self.real_s,
        )

    def view(self) -> FieldView:
        return FieldView(state=self.state, stale_after_s=3_600.0, now=self.clock())

    def pass_by(self, hours: float, *, minutes: float = 5.0) -> None:
        """Let time go by, with a look at all devices each so many minutes."""
        for _ in range(round(hours * 60 / minutes)):
            self.clock.advance(60 * minutes)
            self.state.put(self.simulated.readings(list(self.fleet)))
            self.forecasting.observe()

    def forecast(self, mrid: str = "G") -> GroupForecast:
        of = self.registry.get(mrid)
        assert of is not None
        schedule = usual_schedule(self.clock())
        told = self.forecasting.of(of, [ParameterKind.ACTIVE_POWER], [schedule], self.registry.get)
        assert told is not None
        return told

    def recorded(self) -> list[datetime]:
        """The quarters of which something is known."""
        return [quarter.starts_at for quarter in self.forecasting._forecaster.history.quarters()]


ROOFS = tuple(pv(f"P{number}", 3_000.0 + 500.0 * number) for number in range(20))
SUN = group("G", members=devices(*(each.mrid for each in ROOFS)), der_function=DISPATCHED)


@pytest.fixture(scope="module")
def three_days() -> Days:
    """Twenty roofs after three days of sun and clouds, at noon."""
    days = Days(*ROOFS, groups=(SUN,))
    days.pass_by(3 * 24 + 12)
    return days


def test_after_days_of_clouds_what_came_lay_inside_about_as_often_as_is_said(three_days: Days) -> None:
    coverage = three_days.forecasting.coverage

    assert coverage.count > 3 * 3 * 50, "three points in each quarter with sun"
    assert coverage.share == pytest.approx(0.8, abs=0.08)
    assert coverage.mean_pinball_loss is not None
    assert coverage.mean_pinball_loss < 0.05 * sum(each.name_plate.active_power_max_w for each in ROOFS)


def test_a_forecast_says_how_often_those_of_its_group_were_right(three_days: Days) -> None:
    assert three_days.forecast().confidence_percent == pytest.approx(80.0, abs=8.0)


def test_before_there_is_enough_to_judge_by_a_forecast_does_not_say_how_sure_it_is() -> None:
    days = Days(*ROOFS, groups=(SUN,))
    days.pass_by(5.0)

    assert 0 < days.forecasting.coverage.count < 20
    assert days.forecast().confidence_percent is None


def test_the_score_is_in_the_log_at_each_full_hour() -> None:
    days = Days(load("L1"), groups=(group("G", members=devices("L1"), der_function=DISPATCHED),))
    with capture_logs() as logged:
        days.pass_by(3.0)

    entries = [entry for entry in logged if entry["event"] == "forecasts held to what came"]
    assert [entry["until"] for entry in entries] == [f"2024-06-10T0{hour}:00:00+00:00" for hour in (1, 2, 3)]
    assert entries[-1]["points"] == days.forecasting.coverage.count


def test_devices_are_looked_at_once_a_minute_however_often_it_is_asked_for() -> None:
    days = Days(load("L1"), groups=())
    days.pass_by(0.1, minutes=0.25)

    assert days.forecasting._forecaster.history._counts.tolist() == [6]


@pytest.mark.parametrize("minutes", [1.0, 14.0, 24.0])
def test_time_that_runs_fast_leaves_gaps_and_nothing_wrong(minutes: float) -> None:
    days = Days(load("L1"), groups=(group("G", members=devices("L1"), der_function=DISPATCHED),))
    days.pass_by(24.0, minutes=minutes)

    quarters = days.recorded()
    assert len(quarters) == pytest.approx(min(96, 24 * 60 / minutes), abs=2)
    assert days.forecasting.coverage.count > 0


def test_a_clock_that_is_put_back_does_not_stop_the_looking() -> None:
    now = [MIDNIGHT + timedelta(hours=1)]
    fleet = Fleet([pv("P1")])
    state = FleetState(fleet)
    view = lambda: FieldView(state=state, stale_after_s=1e9, now=now[0])  # noqa: E731
    forecasting = Forecasting(fleet, SITE, groups=GroupRegistry(), book=DispatchBook(), view=view)
    state.put([reading("P1", 1_000.0)])
    for minute in (0, 1, -20, -19, -5, 15, 30):
        now[0] = MIDNIGHT + timedelta(hours=1, minutes=minute)
        forecasting.observe()

    recorded = [quarter.starts_at for quarter in forecasting._forecaster.history.quarters()]
    assert recorded == [MIDNIGHT + timedelta(hours=1), MIDNIGHT + timedelta(hours=1, minutes=15)]


def test_many_groups_are_put_down_a_few_at_a_time() -> None:
    groups = tuple(group(f"G{number}", members=devices("L1"), der_function=DISPATCHED) for number in range(5))
    days = Days(load("L1"), groups=groups)
    put_down = days.forecasting._record

    def clock_s() -> float:
        days.real_s += 0.02
        return days.real_s

    days.forecasting._clock_s = clock_s
    counts = []
    for _ in range(4):
        days.pass_by(1 / 240, minutes=0.25)
        counts.append(len(put_down._expected[MIDNIGHT]))

    assert counts == [2, 4, 5, 5]


def test_what_is_ordered_is_expected() -> None:
    ordered = Curve(
        style=CurveStyle.CONSTANT_Y_VALUE,
        points=(Point(at=MIDNIGHT + timedelta(hours=2), nominal=1_000.0),),
        ends_at=MIDNIGHT + timedelta(hours=3),
        interval=1,
        interval_unit=IntervalUnit.HOUR,
    )
    order = Dispatch(
        mrid="O",
        group=GroupReference(mrid="G"),
        parameter=ParameterKind.ACTIVE_POWER,
        curves=(ordered,),
        received_at=MIDNIGHT,
        state=DispatchState.SCHEDULED,
    )
    days = Days(
        battery("B1", energy_capacity_wh=50_000.0),
        groups=(group("G", members=devices("B1"), der_function=DISPATCHED),),
        book=DispatchBook([order]),
    )
    days.pass_by(1.0)

    values = {
        point.at.hour * 60 + point.at.minute: point.nominal for point in days.forecast().parameters[0].curves[0].points
    }
    assert [values[minute] for minute in (60, 105, 120, 165, 180, 240)] == [0.0, 0.0, 1_000.0, 1_000.0, 0.0, 0.0]


def test_what_was_seen_is_known_after_a_restart_the_quarter_that_was_going_on_too(tmp_path: Path) -> None:
    path = tmp_path / "derms.db.history"
    before = Days(load("L1"), groups=(), file=path)
    before.pass_by(2.1)
    before.forecasting.close()

    after = Days(load("L1"), groups=(), file=path, clock=before.clock)
    after.forecasting.close()

    assert after.recorded() == before.recorded()
    assert after.recorded() == [MIDNIGHT + timedelta(minutes=15 * quarter) for quarter in range(9)]


def test_a_disk_that_is_full_is_told_of_and_stops_nothing(tmp_path: Path) -> None:
    days = Days(load("L1"), groups=(), file=tmp_path / "gone" / "derms.db.history")
    with capture_logs() as logged:
        days.pass_by(1.0)
    days.forecasting.close()

    assert len(days.recorded()) == 5
    warnings = {entry["event"] for entry in logged if entry["log_level"] == "warning"}
    assert warnings == {"history of devices not written, trying again after the next quarter"}
