"""Devices are asked in the background; one that is slow or gone makes nobody's values old but its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

import numpy as np
import pytest
from structlog.testing import capture_logs

from dermsbus.adapters.base import AdapterError, DerAdapter, DeviceUnavailable, Discovered
from dermsbus.adapters.settings import AdapterSettings
from dermsbus.adapters.simulated import Fault, make
from dermsbus.domain.der import Device, Quality, Reading
from dermsbus.domain.device_settings import DeviceFunction
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import roster
from dermsbus.field import Field, Polling
from tests.scripted_adapter import ScriptedAdapter
from tests.unit.domain.builders import devices as members
from tests.unit.domain.builders import group
from tests.unit.domain.fleet_builders import pv

Watch = Callable[..., Field]
FAST = Polling(period_s=0.02, timeout_s=0.2)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Begins to watch devices; ends at the end of the test."""
    with ExitStack() as opened:

        def begin(fleet: Fleet, polling: Polling = FAST, **adapters: DerAdapter) -> Field:
            field = Field(fleet, adapters, polling)
            opened.callback(field.stop)
            field.start()
            return field

        yield begin


def quality(field: Field, mrid: str, stale_after_s: float = 5.0) -> Quality:
    places = roster(group("G", members=members(mrid)), field.state.fleet)
    state = field.state.members(places, datetime.now(UTC), stale_after_s=stale_after_s)
    if state.good[0]:
        return Quality.GOOD
    return Quality.STALE if state.stale[0] else Quality.UNAVAILABLE


def power_w(field: Field, mrid: str) -> float:
    places = roster(group("G", members=members(mrid)), field.state.fleet)
    return float(field.state.members(places, datetime.now(UTC), stale_after_s=5.0).active_power_w[0])


def test_what_devices_say_is_known_without_waiting_for_them(watch: Watch) -> None:
    adapter = ScriptedAdapter()
    field = watch(Fleet([pv("A"), pv("B")]), simulated=adapter)

    adapter.says("A", active_power_w=1_234.0)
    adapter.wait_until_asked("A", 3)

    assert power_w(field, "A") == 1_234.0
    assert quality(field, "B") is Quality.GOOD
    assert field.is_surveyed


def test_simulated_devices_are_read_and_one_that_goes_offline_grows_old(watch: Watch) -> None:
    fleet = Fleet([pv("A"), pv("B")])
    adapter = make(AdapterSettings(name="simulated", devices=fleet.devices))
    field = watch(fleet, simulated=adapter)
    until(lambda: quality(field, "A") is quality(field, "B") is Quality.GOOD)

    adapter.fleet.fault("B", Fault.OFFLINE)

    until(lambda: quality(field, "B", stale_after_s=0.1) is Quality.STALE)
    until(lambda: quality(field, "A", stale_after_s=0.1) is Quality.GOOD)


def test_a_device_that_hangs_is_asked_behind_the_others_from_then_on(watch: Watch) -> None:
    adapter = ScriptedAdapter()
    adapter.says("B", hangs=True)
    field = watch(Fleet([pv("A"), pv("B"), pv("C")]), simulated=adapter)

    adapter.wait_until_asked("B", 3)

    assert adapter.asked[0] == ("A", "B", "C")
    assert set(adapter.asked[1:]) == {("A", "C"), ("B",)}
    assert quality(field, "A") is quality(field, "C") is Quality.GOOD
    assert quality(field, "B") is Quality.UNAVAILABLE

    adapter.says("B")
    adapter.wait_until_asked("B", 3)

    assert adapter.asked[-1] == ("A", "B", "C")
    assert quality(field, "B") is Quality.GOOD


def test_an_adapter_that_never_comes_back_stops_no_other(watch: Watch) -> None:
    dead, alive = NeverAnswers(), ScriptedAdapter()
    fleet = Fleet([device(pv("A"), "dead"), device(pv("B"), "alive")])
    field = watch(fleet, Polling(period_s=0.02, timeout_s=0.1, patience_s=0.2), dead=dead, alive=alive)

    assert dead.asked.wait(5)
    alive.wait_until_asked("B", 3)

    assert (quality(field, "A"), quality(field, "B")) == (Quality.UNAVAILABLE, Quality.GOOD)
    until(lambda: field.is_surveyed)


def test_a_device_that_refuses_is_unavailable_at_once(watch: Watch) -> None:
    adapter = ScriptedAdapter()
    field = watch(Fleet([pv("A")]), simulated=adapter)
    adapter.wait_until_asked("A", 3)
    assert quality(field, "A") is Quality.GOOD

    adapter.says("A", refuses=True)
    adapter.wait_until_asked("A", 3)

    assert quality(field, "A") is Quality.UNAVAILABLE


def test_a_fault_in_an_adapter_ends_nothing(watch: Watch) -> None:
    adapter = FailsOnce()
    field = watch(Fleet([pv("A")]), simulated=adapter)

    adapter.wait_until_asked("A", 3)

    assert quality(field, "A") is Quality.GOOD


def test_what_devices_can_do_is_asked_once_and_known_before_anything_is_planned(watch: Watch) -> None:
    adapter = Discovers()
    field = watch(Fleet([pv("A"), pv("B")]), simulated=adapter)
    until(lambda: field.is_surveyed)

    assert can(field, "A")
    assert can(field, "B")
    adapter.wait_until_asked("A", 5)
    assert sorted(adapter.discovered) == ["A", "B"]


def test_a_device_that_tells_its_values_but_not_what_it_can_do_makes_nobody_wait(watch: Watch) -> None:
    adapter = Discovers(hang={"A"})
    field = watch(Fleet([pv("A"), pv("B")]), Polling(period_s=0.02, timeout_s=30, patience_s=0.3), simulated=adapter)
    until(lambda: "A" in adapter.discovered and can(field, "B"))

    adapter.wait_until_asked("A", 20, timeout_s=5)

    until(lambda: quality(field, "A", stale_after_s=0.5) is quality(field, "B", stale_after_s=0.5) is Quality.GOOD)
    assert not can(field, "A")
    until(lambda: field.is_surveyed)


@pytest.mark.parametrize("error", [DeviceUnavailable("A", "no answer"), NotImplementedError()])
def test_a_device_that_did_not_say_what_it_can_do_is_asked_again_but_not_in_every_round(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("dermsbus.field._FIRST_RETRY_S", 0.3)
    adapter = Discovers(fails={"A": [error]})
    with capture_logs() as logs:
        field = watch(Fleet([pv("A"), pv("B")]), simulated=adapter)
        until(lambda: field.is_surveyed)
        adapter.wait_until_asked("A", 5)
        assert adapter.discovered.count("A") == 1
        assert quality(field, "A") is Quality.GOOD
        assert not can(field, "A")
        until(lambda: can(field, "A"))

    said = [log for log in logs if log["event"].startswith("device does not say what it can do")]
    assert [log["device"] for log in said] == ["A"]
    assert not [log for log in logs if log["event"] == "devices cannot be read"]


def test_a_device_that_was_silent_at_first_is_asked_what_it_can_do_when_it_answers(watch: Watch) -> None:
    adapter = Discovers()
    adapter.says("A", hangs=True)
    field = watch(Fleet([pv("A")]), simulated=adapter)
    until(lambda: field.is_surveyed)
    assert adapter.discovered == []

    adapter.says("A")

    until(lambda: can(field, "A"))


def test_a_first_round_that_gets_on_is_waited_for_longer_than_one_that_does_not(watch: Watch) -> None:
    """Else a large fleet would be planned without those that were not asked yet, and they would be let go."""
    slow = Discovers(takes_s=0.15)
    fleet = Fleet([pv(f"D{number}") for number in range(4 * 256)])
    field = watch(fleet, Polling(period_s=5, timeout_s=1, patience_s=0.2), simulated=slow)

    until(lambda: field.is_surveyed)

    assert len(slow.asked) >= 4


def test_what_was_surveyed_once_stays_so(watch: Watch) -> None:
    adapter = Discovers()
    adapter.says("A", hangs=True)
    field = watch(Fleet([pv("A"), pv("B")]), simulated=adapter)
    until(lambda: field.is_surveyed)
    adapter.hang = {"A"}
    adapter.says("A")
    until(lambda: "A" in adapter.discovered)

    assert field.is_surveyed


def test_without_devices_there_is_no_thread_and_nothing_to_tell() -> None:
    before = threading.active_count()
    field = Field(Fleet(), {}, FAST)

    field.start()

    assert threading.active_count() == before
    assert not field.is_surveyed
    field.stop()


def test_stop_ends_the_threads_and_closes_the_adapters_even_if_it_never_began() -> None:
    adapters = [ScriptedAdapter(), ScriptedAdapter()]
    began, never = (Field(Fleet([pv("A")]), {"simulated": adapter}, FAST) for adapter in adapters)
    began.start()
    adapters[0].wait_until_asked("A")

    began.stop()
    began.stop()
    never.stop()

    assert all(adapter.closed.is_set() for adapter in adapters)
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith(("dermsbus-poll", "dermsbus-discover"))]


def device(of: Device, adapter: str) -> Device:
    return Device(mrid=of.mrid, kind=of.kind, adapter=adapter, address=of.address, name_plate=of.name_plate)


def until(holds: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Return when it holds; what grows old with the clock has no event to wait for."""
    ended = threading.Event()
    for _ in range(int(timeout_s / 0.02)):
        if holds():
            return
        ended.wait(0.02)
    raise AssertionError(f"did not come to hold in {timeout_s} s")


class NeverAnswers(ScriptedAdapter):
    """Breaks the contract: its read returns only when it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()  # type: ignore[assignment]

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        self.asked.set()  # type: ignore[attr-defined]
        self.closed.wait(60)
        return tuple(self._answer(device.mrid) for device in devices)


class FailsOnce(ScriptedAdapter):
    """Breaks the contract: its first read raises what no adapter may raise."""

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        answers = super().read(devices, timeout_s)
        if len(self.asked) == 1:
            raise RuntimeError("a bug")
        return answers


def can(field: Field, mrid: str) -> bool:
    place = np.array([field.state.fleet.places[mrid]])
    return bool(field.state.can(DeviceFunction.ACTIVE_POWER, place)[0])


class Discovers(ScriptedAdapter):
    """Its devices say what they can do, but for those that hang until it is closed, or fail so often."""

    def __init__(
        self,
        *,
        hang: set[str] | None = None,
        fails: Mapping[str, list[Exception]] | None = None,
        takes_s: float = 0.0,
    ) -> None:
        super().__init__()
        self.discovered: list[str] = []
        self.hang = hang or set()
        self._fails = fails or {}
        self._takes_s = takes_s

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        self.closed.wait(self._takes_s)
        return super().read(devices, timeout_s)

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        self.discovered.append(device.mrid)
        if device.mrid in self.hang:
            self.closed.wait(timeout_s)
        if self._fails.get(device.mrid):
            raise self._fails[device.mrid].pop(0)
        return Discovered(name_plate=device.name_plate, capabilities=frozenset({"active_power_w"}))
