"""What the demo stands on: its clock, and the judges that would find it out if an order were lost or told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dermsbus.adapters.base import Command
from dermsbus.adapters.simulated import JournalEntry
from dermsbus.cli.demo.clock import FastClock
from dermsbus.cli.demo.feeder import (
    BATTERIES,
    FEEDER,
    PV_EAST,
    PV_WEST,
    SOLAR_STORAGE,
    Feeder,
    at,
    catalogue,
    make_feeder,
)
from dermsbus.cli.demo.record import Record, repeated, set_points
from dermsbus.domain.fleet import load_fleet
from dermsbus.domain.model import GroupReference, Name
from dermsbus.domain.quantities import GroupStatus, ParameterKind, ParameterStatus

BEGIN = datetime(2026, 6, 18, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class RealTime:
    """Real seconds, as many as a test says."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def real() -> RealTime:
    return RealTime()


@pytest.fixture
def clock(real: RealTime) -> FastClock:
    return FastClock(BEGIN, leash=HOUR, real_s=real)


def test_the_clock_stands_until_it_is_told_to_run_and_where_it_was_told_to_run_to(
    clock: FastClock, real: RealTime
) -> None:
    real.s += 5
    assert clock() == BEGIN
    clock.run(BEGIN + 10 * MINUTE, pace=60.0)
    real.s += 3
    assert clock() == BEGIN + 3 * MINUTE
    real.s += 30
    assert clock() == BEGIN + 10 * MINUTE
    clock.run(BEGIN + HOUR, pace=120.0)
    assert clock() == BEGIN + 10 * MINUTE, "the time it stood is not made up for"
    real.s += 1
    assert clock() == BEGIN + 12 * MINUTE


def test_the_clock_waits_for_devices_that_were_not_heard_of(clock: FastClock, real: RealTime) -> None:
    clock.run(BEGIN + 5 * HOUR, pace=3600.0)
    real.s += 2
    assert clock() == BEGIN + HOUR
    clock.seen(BEGIN + HOUR)
    real.s += 0.5
    assert clock() == BEGIN + 1.5 * HOUR
    clock.seen(BEGIN)
    assert clock() == BEGIN + 1.5 * HOUR, "it never goes back"


def test_the_clock_can_be_stopped_on_its_way(clock: FastClock, real: RealTime) -> None:
    clock.run(BEGIN + HOUR, pace=60.0)
    real.s += 1
    clock.run(clock(), pace=60.0)
    real.s += 10
    assert clock() == BEGIN + MINUTE


@pytest.mark.parametrize("is_small", [True, False])
def test_the_catalogue_that_serve_can_read_has_the_devices_of_the_story(is_small: bool) -> None:
    feeder = make_feeder(is_small=is_small)
    assert load_fleet(catalogue(feeder), "fleet.toml").devices == feeder.devices


def test_the_feeder_has_a_hundred_devices_and_its_groups_nest() -> None:
    feeder: Feeder = make_feeder(is_small=False)
    assert len(feeder.devices) == 100
    assert sorted(feeder.devices_of(FEEDER)) == sorted(device.mrid for device in feeder.devices)
    parts = (feeder.members[name] for name in (PV_EAST, PV_WEST, BATTERIES))
    assert feeder.devices_of(SOLAR_STORAGE) == tuple(mrid for part in parts for mrid in part)


def test_the_day_is_told_by_the_clock_of_the_place() -> None:
    assert at("05:30") == datetime(2026, 6, 18, 3, 30, tzinfo=UTC)


def entry(minute: int, mrid: str, command_id: str, **told: object) -> JournalEntry:
    command = Command(command_id=command_id, **told)  # type: ignore[arg-type]
    return JournalEntry(at=BEGIN + minute * MINUTE, mrid=mrid, command=command)


def test_a_set_point_holds_until_it_ends_is_replaced_or_let_go() -> None:
    journal = [
        entry(0, "A", "1", active_power_w=10.0, expires_at=BEGIN + HOUR),
        entry(0, "B", "2", active_power_w=20.0, expires_at=BEGIN + 10 * MINUTE),
        entry(5, "A", "3", active_power_w=11.0, expires_at=BEGIN + HOUR),
        entry(6, "C", "4", active_power_w=30.0),
        entry(7, "A", "5", voltage_v=230.0),
        entry(20, "C", "6", release=True),
    ]
    assert set_points(journal, {"A", "B", "C"}, BEGIN + 5 * MINUTE) == {"A": 10.0, "B": 20.0}
    assert set_points(journal, {"A", "B", "C"}, BEGIN + 15 * MINUTE) == {"A": 11.0, "C": 30.0}
    assert set_points(journal, {"A"}, BEGIN + 30 * MINUTE) == {"A": 11.0}


def test_a_command_that_tells_a_device_nothing_new_is_found() -> None:
    held = {"active_power_w": 10.0, "expires_at": BEGIN + HOUR}
    first, again = entry(0, "A", "1", **held), entry(1, "A", "2", **held)
    assert list(repeated([first, again])) == [again]


@pytest.mark.parametrize(
    "between",
    [
        pytest.param({"active_power_w": 12.0, "expires_at": BEGIN + HOUR}, id="another value between"),
        pytest.param({"release": True}, id="let go between"),
    ],
)
def test_a_command_for_which_there_was_a_reason_is_not_taken_for_a_repetition(between: dict[str, object]) -> None:
    held = {"active_power_w": 10.0, "expires_at": BEGIN + HOUR}
    journal = [entry(0, "A", "1", **held), entry(1, "A", "2", **between), entry(2, "A", "3", **held)]
    assert list(repeated(journal)) == []


def test_the_same_value_for_longer_or_of_another_function_or_device_is_no_repetition() -> None:
    journal = [
        entry(0, "A", "1", active_power_w=10.0, expires_at=BEGIN + HOUR),
        entry(1, "A", "2", active_power_w=10.0, expires_at=BEGIN + 2 * HOUR),
        entry(1, "A", "3", reactive_power_var=10.0, expires_at=BEGIN + HOUR),
        entry(1, "B", "4", active_power_w=10.0, expires_at=BEGIN + HOUR),
    ]
    assert list(repeated(journal)) == []


def status(minute: int, power_w: float | None) -> GroupStatus:
    moment = BEGIN + minute * MINUTE
    return GroupStatus(
        group=GroupReference(names=(Name(name="G"),)),
        parameters=(ParameterStatus(parameter=ParameterKind.ACTIVE_POWER, at=moment, value=power_w),),
        at=moment,
        value="Online",
    )


def test_energy_is_counted_apart_for_what_was_given_and_what_was_drawn() -> None:
    record = Record()
    record.add([status(0, 1000.0), status(30, 1000.0), status(60, -3000.0), status(90, -3000.0), status(120, None)])
    given, drawn = record.energy_wh("G")
    assert given == pytest.approx(500.0)
    assert drawn == pytest.approx(500.0 + 1500.0)


def test_of_two_words_about_the_same_instant_the_later_one_counts() -> None:
    record = Record()
    record.add([status(0, 1.0), status(1, 2.0), status(1, 3.0)])
    assert [sample.value for sample in record.samples("G", BEGIN, BEGIN + HOUR)] == [1.0, 3.0]
    assert record.samples("G", BEGIN + MINUTE, BEGIN + MINUTE) == ()
