"""The adapter to SunSpec devices keeps the contract, over real Modbus TCP, with models of both series."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest
from pymodbus.constants import ExcCodes

from dermsbus.adapters.base import Command, DeviceRejected, DeviceUnavailable
from dermsbus.adapters.settings import AdapterSettings
from dermsbus.adapters.sunspec import SunspecAdapter, make
from dermsbus.domain.der import AbnormalCategory, Device, DeviceKind, NamePlate, NormalCategory, Reading
from dermsbus.errors import SettingsError
from tests.contract.adapter_suite import BATTERY, PATIENCE_S, SHORT_S, SOLAR, AdapterContract, ManualClock
from tests.sunspec_device import OLDER_SOLAR, OLDER_STORAGE, STORAGE, Image, SunspecDevice


class SunspecBench:
    def __init__(self, clock: ManualClock, image: Image, kind: DeviceKind, plate: NamePlate) -> None:
        self.clock = clock
        self.machine = SunspecDevice(clock, image, vendor_registers=7).start()
        self.second = SunspecDevice(clock, image).start()
        self.device, self.other = (
            Device(mrid=mrid, kind=kind, adapter="sunspec", address=machine.address, name_plate=plate)
            for mrid, machine in (("first", self.machine), ("second", self.second))
        )
        self.adapter = SunspecAdapter(clock=clock)

    def hang(self) -> None:
        self.machine.hang()

    def wake(self) -> None:
        self.machine.wake()

    def refuse(self) -> None:
        self.machine.refuse_writes = ExcCodes.ILLEGAL_VALUE

    def close(self) -> None:
        self.machine.wake()
        self.adapter.close()
        self.machine.close()
        self.second.close()

    def order(self, **fields: object) -> None:
        self.adapter.command(self.device, Command(command_id="c-1", **fields), PATIENCE_S)  # type: ignore[arg-type]

    def read(self) -> Reading:
        (answer,) = self.adapter.read([self.device], PATIENCE_S)
        assert isinstance(answer, Reading), answer
        return answer


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def storage(clock: ManualClock) -> Iterator[SunspecBench]:
    bench = SunspecBench(clock, STORAGE, DeviceKind.BATTERY, BATTERY)
    yield bench
    bench.close()


@pytest.fixture
def solar(clock: ManualClock) -> Iterator[SunspecBench]:
    bench = SunspecBench(clock, OLDER_SOLAR, DeviceKind.PV, SOLAR)
    yield bench
    bench.close()


@pytest.fixture
def older_storage(clock: ManualClock) -> Iterator[SunspecBench]:
    bench = SunspecBench(clock, OLDER_STORAGE, DeviceKind.BATTERY, BATTERY)
    yield bench
    bench.close()


class TestStorageWithModelsOfThe700Series(AdapterContract):
    reconnects_by_itself: ClassVar[bool] = False

    @pytest.fixture
    def bench(self, storage: SunspecBench) -> SunspecBench:
        return storage


class TestSolarInverterWithModelsOfThe100Series(AdapterContract):
    takes_set_points: ClassVar[bool] = False

    @pytest.fixture
    def bench(self, solar: SunspecBench) -> SunspecBench:
        return solar


class TestStorageWithModelsOfThe100SeriesAnd802(AdapterContract):
    takes_set_points: ClassVar[bool] = False

    @pytest.fixture
    def bench(self, older_storage: SunspecBench) -> SunspecBench:
        return older_storage


def test_a_battery_tells_its_charge_by_802_and_without_it_by_124(
    clock: ManualClock, older_storage: SunspecBench
) -> None:
    plain = SunspecBench(clock, {model: OLDER_STORAGE[model] for model in sorted({*OLDER_STORAGE} - {802})},
                         DeviceKind.BATTERY, BATTERY)  # fmt: skip
    found = older_storage.adapter.discover(older_storage.device, PATIENCE_S).name_plate
    known = plain.adapter.discover(plain.device, PATIENCE_S).name_plate
    told = older_storage.read().soc_percent, plain.read().soc_percent
    plain.close()
    assert told == (50.0, 49.0)
    assert (found.active_power_charge_max_w, found.energy_capacity_wh) == (5000.0, 13_500.0)
    assert known.active_power_charge_max_w == 5000.0


@pytest.mark.parametrize("model", [101, 102])
def test_an_inverter_of_one_or_two_phases_is_read_and_limited_like_one_of_three(clock: ManualClock, model: int) -> None:
    image = {1: OLDER_SOLAR[1], model: OLDER_SOLAR[103]} | {key: OLDER_SOLAR[key] for key in (120, 121, 122, 123)}
    bench = SunspecBench(clock, image, DeviceKind.PV, SOLAR)
    free = bench.read()
    bench.order(active_power_limit_w=1200.0)
    limited = bench.read()
    bench.close()
    assert (free.active_power_w, limited.active_power_w) == (4000.0, 1200.0)
    assert free.voltage_v == pytest.approx(230.1)


def test_the_timer_of_the_device_is_set_in_the_same_request_as_the_order(storage: SunspecBench) -> None:
    storage.order(active_power_limit_w=1000.0, expires_at=storage.clock.after(900.0))
    (write,) = [write for write in storage.machine.writes if write.model == 704]
    assert {"WMaxLimPctEna", "WMaxLimPct", "WMaxLimPctRvrtTms"} <= set(write.points)
    assert storage.machine.value(704, "WMaxLimPctRvrtTms") == 900


def test_an_order_is_not_in_force_before_its_timer_is_set(storage: SunspecBench) -> None:
    storage.order(active_power_w=1000.0, expires_at=storage.clock.after(900.0))
    written = [write.points for write in storage.machine.writes if write.model == 704]
    assert len(written) > 1, "an unimplemented point lies between, so that one request cannot hold it all"
    assert "WSetEna" in written[-1]
    assert not any("WSetEna" in points for points in written[:-1])
    assert any("WSetRvrtTms" in points for points in written[:-1])


def test_every_write_is_by_function_16(storage: SunspecBench) -> None:
    storage.order(active_power_w=1000.0, active_power_limit_w=2000.0, reactive_power_var=100.0, connect=False)
    storage.order(connect=True)
    storage.order(release=True)
    assert {write.function for write in storage.machine.writes} == {16}


def test_a_timer_that_is_too_short_for_the_order_is_set_to_its_most(solar: SunspecBench) -> None:
    solar.order(active_power_limit_w=1000.0, expires_at=solar.clock.after(7 * 86_400.0))
    assert solar.machine.value(123, "WMaxLimPct_RvrtTms") == 65534


def test_the_nameplate_and_the_names_are_the_devices_own(storage: SunspecBench) -> None:
    poor = replace(storage.device, name_plate=NamePlate(active_power_max_w=1.0, apparent_power_max_va=1.0))
    plate = storage.adapter.discover(poor, PATIENCE_S).name_plate
    assert (plate.manufacturer, plate.model, plate.serial_number) == ("Sunny Works", "Roof 10", "SW-0042")
    assert plate.active_power_charge_max_w == 5000.0
    assert plate.energy_capacity_wh == 13_500.0
    assert (plate.abnormal_category, plate.normal_category) == (AbnormalCategory.III, NormalCategory.B)


def test_a_throttled_inverter_tells_how_much_sun_there_is(solar: SunspecBench) -> None:
    solar.order(active_power_limit_w=1000.0)
    reading = solar.read()
    assert reading.active_power_w == 1000.0
    assert reading.available_max_w == 4000.0


def test_a_throttled_inverter_that_does_not_tell_is_taken_at_its_last_free_power(solar: SunspecBench) -> None:
    assert solar.read().available_max_w == 4000.0
    solar.order(active_power_limit_w=1000.0)
    solar.machine.put(122, "WAval", 0xFFFF)
    solar.machine.put(103, "W", 100)
    solar.machine.put(103, "St", 5)
    assert solar.read().available_max_w == pytest.approx(4000.0)


def test_the_device_sees_a_heartbeat_with_every_request(storage: SunspecBench) -> None:
    storage.read()
    before = storage.machine.value(715, "ControllerHb")
    storage.read()
    assert storage.machine.value(715, "ControllerHb") != before


def test_a_device_that_wants_no_heartbeat_is_served_without(storage: SunspecBench) -> None:
    storage.machine.refuse_heartbeat = ExcCodes.ILLEGAL_FUNCTION
    storage.read()
    storage.read()
    assert len([write for write in storage.machine.writes if write.model == 715]) == 1


def test_a_heartbeat_to_a_busy_device_is_tried_again(storage: SunspecBench) -> None:
    storage.machine.refuse_heartbeat = ExcCodes.DEVICE_BUSY
    (answer,) = storage.adapter.read([storage.device], PATIENCE_S)
    assert isinstance(answer, DeviceUnavailable)
    storage.machine.refuse_heartbeat = None
    storage.read()
    assert storage.machine.value(715, "ControllerHb") > 0


def test_a_device_under_local_control_refuses(storage: SunspecBench) -> None:
    storage.machine.put(715, "LocRemCtl", 1)
    with pytest.raises(DeviceRejected, match="local control"):
        storage.order(active_power_w=100.0)


def test_a_busy_device_is_unavailable_not_unwilling(storage: SunspecBench) -> None:
    storage.machine.refuse_writes = ExcCodes.DEVICE_BUSY
    with pytest.raises(DeviceUnavailable, match="busy"):
        storage.order(active_power_w=100.0)


def test_a_gateway_without_its_device_is_unavailable_and_found_when_the_device_is_there(storage: SunspecBench) -> None:
    storage.machine.refuse_reads = ExcCodes.GATEWAY_NO_RESPONSE
    (answer,) = storage.adapter.read([storage.device], PATIENCE_S)
    assert isinstance(answer, DeviceUnavailable)
    assert "gateway" in str(answer)
    storage.machine.refuse_reads = None
    assert storage.read().connected


def test_a_connection_that_was_closed_while_idle_is_opened_again_unseen(storage: SunspecBench) -> None:
    storage.order(active_power_w=1000.0)
    storage.machine.stop()
    storage.machine.start()
    assert storage.read().active_power_w == 1000.0


def test_a_device_that_vanishes_and_comes_back_is_found_again(storage: SunspecBench) -> None:
    storage.read()
    storage.machine.stop()
    gone, other = storage.adapter.read([storage.device, storage.other], SHORT_S)
    assert isinstance(gone, DeviceUnavailable)
    assert storage.device.address in str(gone)
    assert isinstance(other, Reading)
    storage.machine.start()
    assert storage.read().connected


def test_a_late_answer_is_not_taken_for_that_to_the_next_question(storage: SunspecBench) -> None:
    storage.order(active_power_w=1000.0)
    storage.hang()
    with pytest.raises(DeviceUnavailable):
        storage.adapter.read_back(storage.device, SHORT_S)
    storage.wake()
    assert storage.read().active_power_w == 1000.0
    assert storage.adapter.read_back(storage.device, PATIENCE_S).active_power_w == 1000.0


def test_a_device_that_dribbles_is_held_to_the_deadline(clock: ManualClock) -> None:
    adapter = SunspecAdapter(clock=clock)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def dribble() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                for byte in b"\0\0\0\0\0\xff\1\3\xfc" + bytes(200):
                    if stop.wait(0.1):
                        return
                    connection.sendall(bytes([byte]))

        thread = threading.Thread(target=dribble)
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        device = Device(mrid="slow", kind=DeviceKind.PV, adapter="sunspec", address=address, name_plate=SOLAR)
        (answer,) = adapter.read([device], 0.5)
        stop.set()
        thread.join(5)
    adapter.close()
    assert isinstance(answer, DeviceUnavailable)
    assert "no answer in 0.5 s" in str(answer)


def test_a_device_that_moved_in_the_catalogue_is_reached_at_its_new_address(storage: SunspecBench) -> None:
    storage.machine.put(713, "SoC", 800)
    assert storage.read().soc_percent == 80.0
    moved = replace(storage.device, address=storage.other.address)
    (answer,) = storage.adapter.read([moved], PATIENCE_S)
    assert isinstance(answer, Reading)
    assert answer.soc_percent == 50.0


def test_an_answer_that_is_too_short_is_none(clock: ManualClock) -> None:
    replies = (b"\0\0\0\0\0\7\1\3\4SunS", b"\0\0\0\0\0\3\1\3\0")
    adapter = SunspecAdapter(clock=clock)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                for reply in replies:
                    connection.recv(100)
                    connection.sendall(reply)
                connection.recv(100)

        thread = threading.Thread(target=answer)
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        device = Device(mrid="odd", kind=DeviceKind.PV, adapter="sunspec", address=address, name_plate=SOLAR)
        (answered,) = adapter.read([device], PATIENCE_S)
        thread.join(5)
    adapter.close()
    assert isinstance(answered, DeviceUnavailable)
    assert "0 bytes came for 1 registers" in str(answered)


def test_a_map_without_an_end_mark_is_read_to_its_end(clock: ManualClock) -> None:
    machine = SunspecDevice(clock)
    del machine._registers[-2:]
    machine.start()
    adapter = SunspecAdapter(clock=clock)
    device = Device(
        mrid="endless", kind=DeviceKind.BATTERY, adapter="sunspec", address=machine.address, name_plate=BATTERY
    )
    (answer,) = adapter.read([device], PATIENCE_S)
    adapter.close()
    machine.close()
    assert isinstance(answer, Reading)


def test_a_silent_device_takes_no_worker_from_one_that_answers(clock: ManualClock, storage: SunspecBench) -> None:
    adapter = SunspecAdapter(clock=clock, max_parallel=1)
    devices = [storage.device, storage.other]
    storage.hang()
    adapter.read(devices, SHORT_S)
    silent, other = adapter.read(devices, SHORT_S)
    adapter.close()
    assert isinstance(silent, DeviceUnavailable)
    assert isinstance(other, Reading)


def test_what_is_not_sunspec_is_unavailable(clock: ManualClock) -> None:
    machine = SunspecDevice(clock)
    machine._registers[0] = 0
    machine.start()
    adapter = SunspecAdapter(clock=clock)
    device = Device(mrid="meter", kind=DeviceKind.PV, adapter="sunspec", address=machine.address, name_plate=SOLAR)
    (answer,) = adapter.read([device], PATIENCE_S)
    adapter.close()
    machine.close()
    assert isinstance(answer, DeviceUnavailable)
    assert "no SunSpec map" in str(answer)


@pytest.mark.parametrize("address", ["", "host:99999", "host:502/256", "host:502/", "tcp://host", "ho st:502"])
def test_an_address_that_is_none_stops_the_start(clock: ManualClock, address: str) -> None:
    device = Device(mrid="roof-1", kind=DeviceKind.PV, adapter="sunspec", address=address, name_plate=SOLAR)
    with pytest.raises(SettingsError, match=r"devices\.roof-1\.address"):
        make(AdapterSettings(name="sunspec", devices=(device,), clock=clock))
