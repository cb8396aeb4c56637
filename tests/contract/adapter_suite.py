"""What every DER adapter does: one suite, inherited for each adapter and each kind of device it reaches.

A subclass gives the fixture ``bench``: an adapter, two devices that it reaches, and what can go wrong with the first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import ClassVar, Protocol

import pytest

from dermsbus.adapters.base import Command, DerAdapter, DeviceRejected, DeviceUnavailable
from dermsbus.domain.der import Device, DeviceKind, NamePlate, Reading

PATIENCE_S = 5.0
"""For a device that answers."""

SHORT_S = 0.4
"""For a device that does not."""

BATTERY = NamePlate(
    active_power_max_w=5000.0,
    active_power_charge_max_w=5000.0,
    apparent_power_max_va=5500.0,
    reactive_power_injected_max_var=2200.0,
    reactive_power_absorbed_max_var=2200.0,
    energy_capacity_wh=13_500.0,
)
SOLAR = replace(BATTERY, active_power_charge_max_w=0.0, energy_capacity_wh=None)


class ManualClock:
    """A clock that stands until somebody moves it."""

    def __init__(self, now: datetime = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def after(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)


class Bench(Protocol):
    """An adapter, its devices, and their faults."""

    adapter: DerAdapter
    clock: ManualClock
    device: Device
    other: Device

    def hang(self) -> None:
        """From now on the device takes requests and answers none."""

    def wake(self) -> None:
        """It answers again."""

    def refuse(self) -> None:
        """From now on the device takes no command."""


class AdapterContract:
    """Inherit it and give ``bench``."""

    takes_set_points: ClassVar[bool] = True
    """Whether the devices of the bench know a set-point of active power."""
    reconnects_by_itself: ClassVar[bool] = True
    """Whether a disconnection can have an end of the device's own."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture(autouse=True)
    def closes_its_adapter(self, bench: Bench) -> Iterator[None]:
        yield
        bench.adapter.close()

    @staticmethod
    def read(bench: Bench) -> Reading:
        (answer,) = bench.adapter.read([bench.device], PATIENCE_S)
        assert isinstance(answer, Reading), answer
        return answer

    @staticmethod
    def order(bench: Bench, **fields: object) -> None:
        command = Command(command_id="c-1", **fields)  # type: ignore[arg-type]  # the fields of the case
        bench.adapter.command(bench.device, command, PATIENCE_S)
        bench.clock.advance(1.0)

    def push(self, bench: Bench, watts: float, **fields: object) -> None:
        """Let the device give *watts*, whatever it takes."""
        if self.takes_set_points:
            self.order(bench, active_power_w=watts, **fields)
        else:
            self.order(bench, active_power_limit_w=watts, **fields)

    def held_w(self, bench: Bench) -> float | None:
        held = bench.adapter.read_back(bench.device, PATIENCE_S)
        return held.active_power_w if self.takes_set_points else held.active_power_limit_w

    def test_a_device_tells_its_ratings_and_what_it_can_be_told(self, bench: Bench) -> None:
        found = bench.adapter.discover(bench.device, PATIENCE_S)
        assert found.name_plate.active_power_max_w == 5000.0
        assert found.name_plate.apparent_power_max_va == 5500.0
        assert found.name_plate.reactive_power_absorbed_max_var == 2200.0
        always = {"active_power_limit_w", "reactive_power_var", "connect", "release", "expires_at", "ramp_rate_w_per_s"}
        assert always <= found.capabilities
        assert ("active_power_w" in found.capabilities) is self.takes_set_points

    def test_a_reading_tells_power_within_what_is_available(self, bench: Bench) -> None:
        reading = self.read(bench)
        assert reading.mrid == bench.device.mrid
        assert reading.at == bench.clock.now
        assert reading.connected
        assert reading.available_min_w <= reading.active_power_w <= reading.available_max_w <= 5000.0
        assert reading.voltage_v == pytest.approx(230.0, rel=0.1)
        stores = bench.device.kind is DeviceKind.BATTERY
        assert (reading.soc_percent is not None) is stores

    def test_devices_are_answered_for_in_the_order_in_which_they_were_asked(self, bench: Bench) -> None:
        for devices in ([bench.device, bench.other], [bench.other, bench.device]):
            answers = bench.adapter.read(devices, PATIENCE_S)
            assert [answer.mrid for answer in answers] == [device.mrid for device in devices]
            assert all(isinstance(answer, Reading) for answer in answers)
        assert bench.adapter.read([], PATIENCE_S) == ()

    def test_a_set_point_is_followed_and_read_back_or_refused_by_what_has_none(self, bench: Bench) -> None:
        if not self.takes_set_points:
            with pytest.raises(DeviceRejected, match="active_power_w"):
                self.order(bench, active_power_w=2000.0)
            return
        for watts in (2000.0, -1500.0, 0.0):
            self.order(bench, active_power_w=watts)
            assert self.read(bench).active_power_w == pytest.approx(watts, abs=1.0)
            assert bench.adapter.read_back(bench.device, PATIENCE_S).active_power_w == pytest.approx(watts, abs=1.0)

    def test_a_limit_is_kept_and_read_back(self, bench: Bench) -> None:
        if self.takes_set_points:
            self.order(bench, active_power_w=4000.0)
        self.order(bench, active_power_limit_w=1200.0)
        assert self.read(bench).active_power_w == pytest.approx(1200.0, abs=1.0)
        assert bench.adapter.read_back(bench.device, PATIENCE_S).active_power_limit_w == pytest.approx(1200.0, abs=1.0)

    def test_a_limit_is_never_rounded_up(self, bench: Bench) -> None:
        self.order(bench, active_power_limit_w=1234.5678)
        held = bench.adapter.read_back(bench.device, PATIENCE_S).active_power_limit_w
        assert held is not None
        assert 1225.0 <= held <= 1234.5678

    def test_a_limit_above_the_rating_is_the_rating(self, bench: Bench) -> None:
        self.order(bench, active_power_limit_w=9000.0)
        assert bench.adapter.read_back(bench.device, PATIENCE_S).active_power_limit_w == pytest.approx(5000.0)

    def test_an_order_leaves_alone_what_it_does_not_name(self, bench: Bench) -> None:
        self.order(bench, active_power_limit_w=1200.0)
        self.order(bench, reactive_power_var=500.0)
        self.order(bench, connect=False)
        held = bench.adapter.read_back(bench.device, PATIENCE_S)
        assert held.active_power_limit_w == pytest.approx(1200.0, abs=1.0)
        assert held.reactive_power_var == pytest.approx(500.0, abs=1.0)
        assert not held.connected

    def test_reactive_power_is_followed_in_both_directions(self, bench: Bench) -> None:
        for reactive in (1100.0, -800.0):
            self.order(bench, reactive_power_var=reactive)
            assert self.read(bench).reactive_power_var == pytest.approx(reactive, abs=2.0)
            held = bench.adapter.read_back(bench.device, PATIENCE_S)
            assert held.reactive_power_var == pytest.approx(reactive, abs=2.0)

    def test_a_ramp_is_held_and_never_faster_than_told(self, bench: Bench) -> None:
        self.order(bench, ramp_rate_w_per_s=130.0)
        held = bench.adapter.read_back(bench.device, PATIENCE_S).ramp_rate_w_per_s
        assert held is not None
        assert 100.0 <= held <= 130.0

    def test_a_release_gives_a_device_its_own_ramp_back(self, bench: Bench) -> None:
        before = bench.adapter.read_back(bench.device, PATIENCE_S).ramp_rate_w_per_s
        self.order(bench, ramp_rate_w_per_s=130.0)
        self.order(bench, release=True)
        assert bench.adapter.read_back(bench.device, PATIENCE_S).ramp_rate_w_per_s == before

    def test_a_disconnected_device_gives_nothing_until_it_is_connected(self, bench: Bench) -> None:
        self.push(bench, 3000.0)
        self.order(bench, connect=False)
        apart = self.read(bench)
        assert not apart.connected
        assert (apart.active_power_w, apart.available_min_w, apart.available_max_w) == (0.0, 0.0, 0.0)
        self.order(bench, connect=True)
        back = self.read(bench)
        assert back.connected
        assert back.active_power_w == pytest.approx(3000.0, abs=1.0)

    def test_a_release_ends_every_set_point_and_limit(self, bench: Bench) -> None:
        before = self.read(bench).active_power_w
        self.push(bench, 1000.0)
        self.order(bench, active_power_limit_w=1200.0, reactive_power_var=300.0)
        self.order(bench, release=True)
        held = bench.adapter.read_back(bench.device, PATIENCE_S)
        assert (held.active_power_w, held.active_power_limit_w, held.reactive_power_var) == (None, None, None)
        assert self.read(bench).active_power_w == pytest.approx(before, rel=0.3, abs=1.0)

    def test_a_release_connects_nothing(self, bench: Bench) -> None:
        self.order(bench, connect=False)
        self.order(bench, release=True)
        assert not self.read(bench).connected

    def test_the_same_command_twice_does_no_harm(self, bench: Bench) -> None:
        for _ in range(2):
            self.push(bench, 1000.0, reactive_power_var=200.0)
        assert self.read(bench).active_power_w == pytest.approx(1000.0, abs=1.0)
        for _ in range(2):
            self.order(bench, release=True)
        assert self.held_w(bench) is None

    def test_a_refusal_is_told_and_changes_nothing(self, bench: Bench) -> None:
        self.push(bench, 1000.0)
        bench.refuse()
        with pytest.raises(DeviceRejected) as refusal:
            self.push(bench, 2000.0)
        assert refusal.value.mrid == bench.device.mrid
        assert self.held_w(bench) == pytest.approx(1000.0, abs=1.0)

    def test_a_set_point_beyond_the_nameplate_is_refused(self, bench: Bench) -> None:
        with pytest.raises(DeviceRejected):
            self.order(bench, active_power_w=5600.0)
        assert bench.adapter.read_back(bench.device, PATIENCE_S).active_power_w is None

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_what_is_no_number_never_reaches_a_device(self, bench: Bench, value: float) -> None:
        for field in ("active_power_limit_w", "reactive_power_var", "ramp_rate_w_per_s"):
            with pytest.raises(DeviceRejected, match="finite"):
                self.order(bench, **{field: value})
        assert bench.adapter.read_back(bench.device, PATIENCE_S).active_power_limit_w is None

    @pytest.mark.parametrize(
        "fields",
        [
            {"active_power_limit_w": -1.0},
            {"ramp_rate_w_per_s": 0.0},
            {"release": True, "connect": True},
        ],
    )
    def test_an_order_without_sense_is_refused(self, bench: Bench, fields: dict[str, object]) -> None:
        with pytest.raises(DeviceRejected):
            self.order(bench, **fields)

    def test_an_order_that_is_already_over_is_refused(self, bench: Bench) -> None:
        with pytest.raises(DeviceRejected, match="ended"):
            self.order(bench, active_power_limit_w=1000.0, expires_at=bench.clock.after(-1.0))
        assert bench.adapter.read_back(bench.device, PATIENCE_S).active_power_limit_w is None

    def test_a_device_that_hears_nothing_more_returns_to_its_default_by_itself(self, bench: Bench) -> None:
        before = self.read(bench).active_power_w
        self.push(bench, 1000.0, reactive_power_var=300.0, expires_at=bench.clock.after(900.0))
        bench.clock.advance(800.0)
        assert self.read(bench).active_power_w == pytest.approx(1000.0, abs=1.0)
        bench.clock.advance(200.0)
        assert self.read(bench).active_power_w == pytest.approx(before, rel=0.3, abs=1.0)
        held = bench.adapter.read_back(bench.device, PATIENCE_S)
        assert (held.active_power_w, held.active_power_limit_w, held.reactive_power_var) == (None, None, None)

    def test_an_order_without_an_end_takes_the_end_from_the_one_before(self, bench: Bench) -> None:
        self.push(bench, 1000.0, expires_at=bench.clock.after(60.0))
        self.push(bench, 1000.0)
        bench.clock.advance(3600.0)
        assert self.held_w(bench) == pytest.approx(1000.0, abs=1.0)

    def test_an_end_alone_prolongs_what_is_held(self, bench: Bench) -> None:
        self.push(bench, 1000.0, expires_at=bench.clock.after(60.0))
        bench.clock.advance(50.0)
        self.order(bench, expires_at=bench.clock.after(60.0))
        bench.clock.advance(50.0)
        assert self.held_w(bench) == pytest.approx(1000.0, abs=1.0)
        bench.clock.advance(30.0)
        assert self.held_w(bench) is None

    def test_the_end_of_a_set_point_connects_nothing(self, bench: Bench) -> None:
        self.order(bench, connect=False)
        self.push(bench, 1000.0, expires_at=bench.clock.after(60.0))
        bench.clock.advance(120.0)
        assert not self.read(bench).connected

    def test_a_disconnection_with_an_end_ends_if_the_device_can_do_that(self, bench: Bench) -> None:
        self.order(bench, connect=False, expires_at=bench.clock.after(60.0))
        assert not self.read(bench).connected
        bench.clock.advance(120.0)
        assert self.read(bench).connected is self.reconnects_by_itself

    def test_a_device_that_hangs_costs_its_deadline_and_keeps_no_other_from_being_read(self, bench: Bench) -> None:
        bench.adapter.read([bench.device, bench.other], PATIENCE_S)
        bench.hang()
        started = time.monotonic()
        hung, other = bench.adapter.read([bench.device, bench.other], SHORT_S)
        assert time.monotonic() - started < SHORT_S + 0.5
        assert isinstance(hung, DeviceUnavailable)
        assert hung.mrid == bench.device.mrid
        assert isinstance(other, Reading)

    def test_every_call_to_a_device_that_hangs_ends_with_its_deadline(self, bench: Bench) -> None:
        bench.hang()
        release = Command(command_id="c-1", release=True)
        calls = (
            lambda: bench.adapter.discover(bench.device, SHORT_S),
            lambda: bench.adapter.command(bench.device, release, SHORT_S),
            lambda: bench.adapter.read_back(bench.device, SHORT_S),
        )
        for call in calls:
            started = time.monotonic()
            with pytest.raises(DeviceUnavailable):
                call()
            assert time.monotonic() - started < SHORT_S + 0.5

    def test_a_device_that_answers_again_is_used_again(self, bench: Bench) -> None:
        self.push(bench, 1000.0)
        bench.hang()
        (answer,) = bench.adapter.read([bench.device], SHORT_S)
        assert isinstance(answer, DeviceUnavailable)
        bench.wake()
        assert self.read(bench).active_power_w == pytest.approx(1000.0, abs=1.0)
        self.order(bench, release=True)
        assert self.held_w(bench) is None

    @staticmethod
    def at_once(*calls: Callable[[], None]) -> None:
        """Make all *calls*, each on a thread of its own, and raise what one of them raises."""
        start = Barrier(len(calls))

        def run(call: Callable[[], None]) -> None:
            start.wait(PATIENCE_S)
            call()

        with ThreadPoolExecutor(len(calls)) as threads:
            for done in [threads.submit(run, call) for call in calls]:
                done.result()

    def test_one_device_is_read_and_commanded_from_several_threads_at_once_and_nothing_is_mixed_up(
        self, bench: Bench
    ) -> None:
        def hold(device: Device, field: str, *values: float) -> None:
            for value in values * 8:
                command = Command(command_id=f"{device.mrid} {field} {value}", **{field: value})  # type: ignore[arg-type]
                bench.adapter.command(device, command, PATIENCE_S)
                held = getattr(bench.adapter.read_back(device, PATIENCE_S), field)
                assert held == pytest.approx(value, abs=1.0)

        def read(*devices: Device) -> None:
            for _ in range(16):
                for device, answer in zip(devices, bench.adapter.read(devices, PATIENCE_S), strict=True):
                    assert isinstance(answer, Reading), answer
                    assert answer.mrid == device.mrid
                    assert answer.voltage_v == pytest.approx(230.0, rel=0.1)
                    assert answer.available_min_w <= answer.active_power_w <= answer.available_max_w <= 5000.0

        def look() -> None:
            for _ in range(8):
                found = bench.adapter.discover(bench.device, PATIENCE_S)
                assert found.name_plate.apparent_power_max_va == 5500.0

        self.at_once(
            partial(hold, bench.device, "active_power_limit_w", 1000.0, 3000.0),
            partial(hold, bench.device, "reactive_power_var", 500.0, -400.0),
            partial(hold, bench.other, "active_power_limit_w", 2000.0, 4000.0),
            partial(read, bench.device, bench.other),
            partial(read, bench.device),
            look,
        )

    def test_who_waits_for_another_call_to_a_device_that_hangs_is_held_to_his_own_deadline(self, bench: Bench) -> None:
        self.read(bench)
        bench.hang()
        release = Command(command_id="c-1", release=True)

        def ends_unavailable(call: Callable[[], object]) -> None:
            started = time.monotonic()
            with pytest.raises(DeviceUnavailable):
                call()
            assert time.monotonic() - started < SHORT_S + 0.5

        def read() -> None:
            (answer,) = bench.adapter.read([bench.device], SHORT_S)
            assert isinstance(answer, DeviceUnavailable)
            raise answer

        self.at_once(
            partial(ends_unavailable, read),
            partial(ends_unavailable, lambda: bench.adapter.command(bench.device, release, SHORT_S)),
            partial(ends_unavailable, lambda: bench.adapter.read_back(bench.device, SHORT_S)),
        )
        bench.wake()
        self.read(bench)

    def test_a_closed_adapter_says_so_and_closes_again_without_complaint(self, bench: Bench) -> None:
        self.read(bench)
        bench.adapter.close()
        bench.adapter.close()
        answers = bench.adapter.read([bench.device, bench.other], SHORT_S)
        assert all(isinstance(answer, DeviceUnavailable) for answer in answers)
        with pytest.raises(DeviceUnavailable):
            bench.adapter.read_back(bench.device, SHORT_S)
