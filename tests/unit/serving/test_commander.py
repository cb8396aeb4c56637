"""Workers that tell devices: none told late, twice or not at all without that being known."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import count
from random import Random

import pytest

from dermsbus.commander import (
    Commander,
    Job,
    SetJob,
    SettingResult,
    SwitchJob,
    SwitchResult,
    Word,
)
from dermsbus.domain.der import Device
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting
from tests.clock import Clock
from tests.scripted_devices import LOST, REFUSED, TAKEN, ScriptedDevices
from tests.unit.domain.fleet_builders import pv

W, VAR, V, LIMIT = (
    DeviceFunction.ACTIVE_POWER,
    DeviceFunction.REACTIVE_POWER,
    DeviceFunction.VOLTAGE,
    DeviceFunction.ACTIVE_POWER_LIMIT,
)
A, B = pv("A"), pv("B")


class Bench:
    """A commander, its devices, and a clock that stands still."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.devices = ScriptedDevices(self.clock)
        self.woken = threading.Semaphore(0)
        self.commander = Commander({"simulated": self.devices}, timeout_s=0.5, now=self.clock, wake=self.woken.release)
        self._numbers = count(1)

    def setting(
        self, device: Device, value: float, function: DeviceFunction = W, *, ends_s: float = 600
    ) -> DeviceSetting:
        return DeviceSetting(
            mrid=device.mrid,
            function=function,
            value=value,
            ends_at=self.clock() + timedelta(seconds=ends_s),
            command_id=f"command-{next(self._numbers)}",
            dispatch_mrid="O",
            given_at=self.clock(),
        )

    def do(self, *jobs: Job) -> list[SettingResult | SwitchResult]:
        """Have *jobs* done one after the other; returns what came of them."""
        results: list[SettingResult | SwitchResult] = []
        for job in jobs:
            self.commander.give([job])
            results += self.next_results()
        return results

    def next_results(self) -> list[SettingResult | SwitchResult]:
        assert self.woken.acquire(timeout=10), "nothing came of it"
        return list(self.commander.collect())

    def words(self, *jobs: Job) -> list[Word]:
        return [result.word for result in self.do(*jobs)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.commander.stop()
    assert made.devices.never_two_at_once


# -- told --------------------------------------------------------------------------------------------------------------


def test_a_device_is_told_its_settings_with_their_ends_and_says_that_it_holds_them(bench: Bench) -> None:
    power, reactive = bench.setting(A, 1_000.0), bench.setting(A, -300.0, VAR, ends_s=60)

    results = bench.do(SetJob(device=A, settings=(power, reactive)))

    assert bench.devices.held("A") == {"active_power_w": 1_000.0, "reactive_power_var": -300.0}
    assert bench.devices.end_of("A", "reactive_power_var") == reactive.ends_at
    assert [command.command_id for _, command in bench.devices.told] == [power.command_id, reactive.command_id]
    assert results == [
        SettingResult(key=("A", W), command_id=power.command_id, word=Word.HOLDS),
        SettingResult(key=("A", VAR), command_id=reactive.command_id, word=Word.HOLDS),
    ]


@pytest.mark.parametrize("function", list(DeviceFunction))
def test_every_function_has_its_place_in_a_command(bench: Bench, function: DeviceFunction) -> None:
    assert bench.words(SetJob(device=A, settings=(bench.setting(A, 200.0, function),))) == [Word.HOLDS]
    assert bench.devices.heard("A") == [(function.value, 200.0)]


def test_what_a_device_refuses_keeps_it_from_nothing_else(bench: Bench) -> None:
    bench.devices.refuse("A", "active_power_w")
    job = SetJob(device=A, settings=(bench.setting(A, 1_000.0), bench.setting(A, 300.0, VAR)))

    refused, taken = bench.do(job)

    assert (refused.word, refused.reason, taken.word) == (Word.REFUSED, "no active_power_w", Word.HOLDS)
    assert bench.devices.held("A") == {"reactive_power_var": 300.0}


def test_a_device_that_does_something_else_is_found_out(bench: Bench) -> None:
    bench.devices.rounds_to = 800.0

    (result,) = bench.do(SetJob(device=A, settings=(bench.setting(A, 1_000.0),)))

    assert result.word is Word.DIFFERS
    assert result.reason == "it was told active_power_w 1000, and holds 800"


def test_steps_of_registers_are_no_difference(bench: Bench) -> None:
    bench.devices.rounds_to = 50.0  # one percent of the rating

    assert bench.words(SetJob(device=A, settings=(bench.setting(A, 1_049.0),))) == [Word.HOLDS]


@pytest.mark.parametrize("outcome", [LOST, TAKEN])
def test_no_answer_is_not_known_whether_it_arrived_or_not(bench: Bench, outcome: str) -> None:
    bench.devices.on_command("A", outcome)
    job = SetJob(device=A, settings=(bench.setting(A, 1_000.0), bench.setting(A, 300.0, VAR)))

    assert bench.words(job) == [Word.UNKNOWN, Word.UNKNOWN]


def test_an_answer_that_was_had_before_the_device_fell_silent_is_kept(bench: Bench) -> None:
    bench.devices.on_command("A", REFUSED, LOST)
    job = SetJob(device=A, settings=(bench.setting(A, 1_000.0), bench.setting(A, 300.0, VAR)))

    assert bench.words(job) == [Word.REFUSED, Word.UNKNOWN]


def test_what_has_ended_is_not_told_and_not_held_against_the_device(bench: Bench) -> None:
    over = bench.setting(A, 1_000.0, ends_s=0)

    (result,) = bench.do(SetJob(device=A, settings=(over,)))

    assert bench.devices.told == []
    assert (result.word, result.reason) == (Word.UNKNOWN, "its time was over before the device was told")


def test_a_refusal_of_what_ended_on_the_way_is_not_held_against_the_device(bench: Bench) -> None:
    gate = bench.devices.hold_up("A")
    bench.commander.give([SetJob(device=A, settings=(bench.setting(A, 1_000.0, ends_s=5),))])
    bench.devices.wait_until_in("A")
    bench.clock.advance(6)
    gate.set()

    (result,) = bench.next_results()

    assert result.word is Word.UNKNOWN
    assert bench.devices.told == []


# -- asked first -------------------------------------------------------------------------------------------------------


def test_a_device_that_may_hold_it_already_is_asked_and_not_told_if_it_does(bench: Bench) -> None:
    bench.devices.hold("A", active_power_w=1_000.0)

    assert bench.words(SetJob(device=A, unsure=(bench.setting(A, 1_000.0),))) == [Word.HOLDS]
    assert bench.devices.told == []
    assert bench.devices.asked == ["A"]


@pytest.mark.parametrize("held", [None, 0.0, 950.0, 990.0])
def test_a_device_that_holds_something_else_is_told_however_near_it_is(bench: Bench, held: float | None) -> None:
    """One percent of the rating may be the step of a register; it may also be the order that was lost."""
    if held is not None:
        bench.devices.hold("A", active_power_w=held)

    assert bench.words(SetJob(device=A, unsure=(bench.setting(A, 1_000.0),))) == [Word.HOLDS]
    assert bench.devices.heard("A") == [("active_power_w", 1_000.0)]


def test_a_device_that_confirmed_what_its_registers_can_express_is_not_told_again(bench: Bench) -> None:
    bench.devices.hold("A", active_power_w=1_000.0)

    assert bench.words(SetJob(device=A, confirmed=(bench.setting(A, 1_049.0),))) == [Word.HOLDS]
    assert bench.devices.told == []


def test_a_device_that_forgot_is_told_again(bench: Bench) -> None:
    assert bench.words(SetJob(device=A, confirmed=(bench.setting(A, 1_000.0),))) == [Word.HOLDS]
    assert bench.devices.heard("A") == [("active_power_w", 1_000.0)]


def test_a_device_that_cannot_be_asked_is_told_nothing(bench: Bench) -> None:
    bench.devices.on_question("A", LOST)

    assert bench.words(SetJob(device=A, unsure=(bench.setting(A, 1_000.0),))) == [Word.UNKNOWN]
    assert bench.devices.told == []


def test_a_difference_of_volts_is_told_apart_finer_than_one_of_watts(bench: Bench) -> None:
    bench.devices.hold("A", voltage_v=230.0)

    bench.do(SetJob(device=A, unsure=(bench.setting(A, 230.6, V),)))

    assert bench.devices.heard("A") == [("voltage_v", 230.6)]


# -- let go ------------------------------------------------------------------------------------------------------------


def test_a_device_lets_go_of_one_function_and_keeps_the_others(bench: Bench) -> None:
    bench.devices.hold("A", active_power_w=1_000.0, reactive_power_var=300.0)
    gone, kept = bench.setting(A, 1_000.0), bench.setting(A, 300.0, VAR)

    results = bench.do(SetJob(device=A, let_go=(gone,), kept=(kept,)))

    assert bench.devices.held("A") == {"reactive_power_var": 300.0}
    assert bench.devices.heard("A") == [("release", True), ("reactive_power_var", 300.0)]
    assert [(result.key[1], result.word, result.is_let_go) for result in results] == [
        (VAR, Word.HOLDS, False),
        (W, Word.HOLDS, True),
    ]


def test_a_device_that_let_go_by_itself_is_told_nothing(bench: Bench) -> None:
    bench.devices.hold("A", reactive_power_var=300.0)

    (result,) = bench.do(SetJob(device=A, let_go=(bench.setting(A, 1_000.0),), kept=(bench.setting(A, 300.0, VAR),)))

    assert (result.word, result.is_let_go) == (Word.HOLDS, True)
    assert bench.devices.told == []


def test_a_renewal_beside_it_is_told_although_the_device_holds_the_value(bench: Bench) -> None:
    bench.devices.hold("A", bench.clock() + timedelta(seconds=5), reactive_power_var=300.0)
    renewed = bench.setting(A, 300.0, VAR)

    bench.do(SetJob(device=A, settings=(renewed,), let_go=(bench.setting(A, 1_000.0),)))

    assert bench.devices.end_of("A", "reactive_power_var") == renewed.ends_at


def test_what_was_let_go_beside_and_could_not_be_told_again_is_said(bench: Bench) -> None:
    bench.devices.hold("A", active_power_w=1_000.0, reactive_power_var=300.0)
    bench.devices.on_command("A", "", LOST)

    results = bench.do(SetJob(device=A, let_go=(bench.setting(A, 1_000.0),), kept=(bench.setting(A, 300.0, VAR),)))

    assert [(result.key[1], result.word) for result in results] == [(VAR, Word.UNKNOWN), (W, Word.UNKNOWN)]


def test_a_device_that_does_not_let_go_still_hears_the_rest(bench: Bench) -> None:
    bench.devices.hold("A", active_power_w=1_000.0)
    bench.devices.refuse("A", "release")

    results = bench.do(SetJob(device=A, settings=(bench.setting(A, 300.0, VAR),), let_go=(bench.setting(A, 1_000.0),)))

    assert [(result.key[1], result.word) for result in results] == [(VAR, Word.HOLDS), (W, Word.DIFFERS)]
    assert results[1].reason == "it was told to let go of active_power_w, and still holds it no release"


# -- what waits for a slow device --------------------------------------------------------------------------------------


def slow(bench: Bench, *later: Job) -> list[SettingResult | SwitchResult]:
    """A has a set-point in hand while *later* ones are given; returns the results of these, which are one job."""
    in_hand = bench.setting(A, 1.0, LIMIT)
    gate = bench.devices.hold_up("A")
    bench.commander.give([SetJob(device=A, settings=(in_hand,))])
    bench.devices.wait_until_in("A")
    bench.commander.give(later)
    gate.set()
    results = [*bench.next_results(), *bench.next_results()]
    return [result for result in results if getattr(result, "command_id", "") != in_hand.command_id]


def test_of_set_points_that_wait_the_last_one_wins(bench: Bench) -> None:
    jobs = [SetJob(device=A, settings=(bench.setting(A, value),)) for value in (1_000.0, 2_000.0, 3_000.0)]

    (result,) = slow(bench, *jobs)

    assert bench.devices.heard("A")[1:] == [("active_power_w", 3_000.0)]
    assert (result.command_id, result.word) == (jobs[-1].settings[0].command_id, Word.HOLDS)


def test_of_set_points_that_wait_none_of_another_function_is_lost(bench: Bench) -> None:
    slow(
        bench,
        SetJob(device=A, settings=(bench.setting(A, 1_000.0), bench.setting(A, 200.0, VAR))),
        SetJob(device=A, settings=(bench.setting(A, 300.0, VAR),)),
        SetJob(device=A, settings=(bench.setting(A, 230.0, V),)),
    )

    assert bench.devices.heard("A")[1:] == [
        ("active_power_w", 1_000.0),
        ("reactive_power_var", 300.0),
        ("voltage_v", 230.0),
    ]


def test_what_is_kept_beside_a_release_that_waits_is_not_lost_when_something_newer_comes(bench: Bench) -> None:
    bench.devices.hold("A", active_power_w=1_000.0, reactive_power_var=300.0)

    slow(
        bench,
        SetJob(device=A, let_go=(bench.setting(A, 1_000.0),), kept=(bench.setting(A, 300.0, VAR),)),
        SetJob(device=A, settings=(bench.setting(A, 230.0, V),)),
    )

    assert bench.devices.held("A") == {"reactive_power_var": 300.0, "voltage_v": 230.0}


def test_what_is_kept_beside_a_release_that_waits_is_told_as_the_newer_word_has_it(bench: Bench) -> None:
    bench.devices.hold("A", active_power_w=1_000.0, reactive_power_var=300.0, voltage_v=230.0)

    slow(
        bench,
        SetJob(
            device=A,
            let_go=(bench.setting(A, 1_000.0),),
            kept=(bench.setting(A, 300.0, VAR), bench.setting(A, 230.0, V)),
        ),
        SetJob(device=A, settings=(bench.setting(A, 400.0, VAR),), let_go=(bench.setting(A, 230.0, V),)),
    )

    assert bench.devices.held("A") == {"reactive_power_var": 400.0}


def test_a_release_that_waits_goes_when_its_function_is_told_anew(bench: Bench) -> None:
    bench.devices.hold("A", active_power_w=1_000.0)

    (result,) = slow(
        bench,
        SetJob(device=A, let_go=(bench.setting(A, 1_000.0),)),
        SetJob(device=A, settings=(bench.setting(A, 2_000.0),)),
    )

    assert bench.devices.heard("A")[1:] == [("active_power_w", 2_000.0)]
    assert result.is_let_go is False


def test_a_set_point_that_waits_goes_when_its_function_is_to_be_let_go(bench: Bench) -> None:
    waits = bench.setting(A, 1_000.0)

    (result,) = slow(bench, SetJob(device=A, settings=(waits,)), SetJob(device=A, let_go=(waits,)))

    assert bench.devices.heard("A")[1:] == []
    assert (result.is_let_go, result.word) == (True, Word.HOLDS)


def test_a_question_that_waits_makes_no_question_of_a_newer_set_point(bench: Bench) -> None:
    """A set-point that is one percent higher looks as if the device held it."""
    bench.devices.hold("A", active_power_w=1_000.0, reactive_power_var=300.0)

    slow(
        bench,
        SetJob(device=A, confirmed=(bench.setting(A, 1_000.0),), unsure=(bench.setting(A, 300.0, VAR),)),
        SetJob(device=A, settings=(bench.setting(A, 1_050.0), bench.setting(A, 302.0, VAR))),
    )

    assert bench.devices.held("A")["active_power_w"] == 1_050.0
    assert bench.devices.held("A")["reactive_power_var"] == 302.0


def test_switches_are_never_passed_over_and_keep_their_place(bench: Bench) -> None:
    gate = bench.devices.hold_up("A")
    bench.commander.give([SetJob(device=A, settings=(bench.setting(A, 1.0, LIMIT),))])
    bench.devices.wait_until_in("A")
    for number, connect in enumerate((False, True, False)):
        bench.commander.give(
            [
                SwitchJob(device=A, order_id=f"switch-{number}", connect=connect),
                SetJob(device=A, settings=(bench.setting(A, 100.0 * number),)),
            ]
        )
    gate.set()

    results = [result for _ in range(7) for result in bench.next_results()]

    assert bench.devices.heard("A")[1:] == [
        ("connect", False), ("active_power_w", 0.0),
        ("connect", True), ("active_power_w", 100.0),
        ("connect", False), ("active_power_w", 200.0),
    ]  # fmt: skip
    assert {result.word for result in results} == {Word.HOLDS}


# -- switches ----------------------------------------------------------------------------------------------------------


def disconnect(*, is_sure: bool = True, device: Device = A) -> SwitchJob:
    return SwitchJob(device=device, order_id="switch", connect=False, is_sure=is_sure)


def test_a_device_is_switched_with_its_end_and_under_the_name_of_its_order(bench: Bench) -> None:
    ends_at = bench.clock() + timedelta(minutes=5)

    (result,) = bench.do(SwitchJob(device=A, order_id="switch", connect=False, ends_at=ends_at))

    assert result == SwitchResult(order_id="switch", word=Word.HOLDS, at=bench.clock())
    ((_, command),) = bench.devices.told
    assert (command.command_id, command.connect, command.expires_at) == ("switch", False, ends_at)


def test_a_switch_that_is_refused_is_not_tried_again(bench: Bench) -> None:
    bench.devices.on_command("A", REFUSED)

    (result,) = bench.do(disconnect())

    assert (result.word, result.reason) == (Word.REFUSED, "not now")
    assert bench.devices.told == []


def test_a_switch_that_was_done_without_an_answer_is_found_and_not_done_twice(bench: Bench) -> None:
    bench.devices.on_command("A", TAKEN)

    assert bench.words(disconnect()) == [Word.HOLDS]
    assert bench.devices.heard("A") == [("connect", False)]


def test_a_switch_that_did_not_arrive_is_said_and_not_repeated(bench: Bench) -> None:
    bench.devices.on_command("A", LOST)

    (result,) = bench.do(disconnect())

    assert (result.word, result.reason) == (Word.DIFFERS, "no answer")
    assert bench.devices.told == []


def test_a_switch_of_which_nothing_is_known_says_so(bench: Bench) -> None:
    bench.devices.on_command("A", TAKEN)
    bench.devices.on_question("A", LOST)

    (result,) = bench.do(disconnect())

    assert (result.word, result.reason) == (Word.UNKNOWN, "no answer: whether it was done is not known")
    assert bench.devices.heard("A") == [("connect", False)]


def test_a_device_that_takes_a_switch_and_does_nothing_is_found_out(bench: Bench) -> None:
    class Lazy(ScriptedDevices):
        def _take(self, mrid: str, command: object) -> None:
            pass

    lazy = Commander({"simulated": Lazy(bench.clock)}, timeout_s=1, now=bench.clock, wake=bench.woken.release)
    lazy.give([disconnect()])
    assert bench.woken.acquire(timeout=10)

    (result,) = lazy.collect()
    lazy.stop()

    assert (result.word, result.reason) == (Word.DIFFERS, "the device took the command and did not do it")


def test_a_switch_that_an_earlier_run_may_have_thrown_is_looked_up_first(bench: Bench) -> None:
    bench.devices.switch("A", connected=False)

    assert bench.words(disconnect(is_sure=False)) == [Word.HOLDS]
    assert bench.devices.told == []

    assert bench.words(disconnect(is_sure=False, device=B)) == [Word.HOLDS]
    assert bench.devices.heard("B") == [("connect", False)]


@pytest.mark.parametrize("outcome", [LOST, REFUSED])
def test_a_switch_that_cannot_be_looked_up_is_not_thrown(bench: Bench, outcome: str) -> None:
    """The device may have been told before, and may have gone back since."""
    bench.devices.on_question("A", outcome)

    assert bench.words(disconnect(is_sure=False)) == [Word.UNKNOWN]
    assert bench.devices.told == []


# -- threads -----------------------------------------------------------------------------------------------------------


def test_a_bug_in_an_adapter_is_said_of_the_job_and_stops_no_other(bench: Bench) -> None:
    bench.devices.on_command("A", ValueError("oh"), KeyError("x"))

    told, switched, next_one = bench.do(
        SetJob(device=A, settings=(bench.setting(A, 1_000.0),)),
        disconnect(),
        SetJob(device=A, settings=(bench.setting(A, 2_000.0),)),
    )

    assert (told.word, told.reason) == (Word.UNKNOWN, "the adapter failed: ValueError: oh")
    assert (switched.word, next_one.word) == (Word.UNKNOWN, Word.HOLDS)


def test_a_device_without_an_adapter_is_said_and_keeps_no_other_from_being_told(bench: Bench) -> None:
    stray = Device(mrid="S", kind=A.kind, adapter="nobody", address="", name_plate=A.name_plate)
    let_go = bench.setting(stray, 1.0, VAR)

    bench.commander.give(
        [
            SetJob(device=stray, settings=(bench.setting(stray, 1.0),), let_go=(let_go,)),
            SwitchJob(device=stray, order_id="switch", connect=True),
            SetJob(device=A, settings=(bench.setting(A, 1_000.0),)),
        ]
    )
    results = bench.next_results()

    assert [(result.word, getattr(result, "is_let_go", None)) for result in results] == [
        (Word.UNKNOWN, False), (Word.UNKNOWN, True), (Word.UNKNOWN, None), (Word.HOLDS, False),
    ]  # fmt: skip


def test_a_slow_device_holds_up_no_other(bench: Bench) -> None:
    gate = bench.devices.hold_up("A")
    bench.commander.give([disconnect()])
    bench.devices.wait_until_in("A")

    assert bench.words(disconnect(device=B)) == [Word.HOLDS]

    gate.set()


@pytest.mark.parametrize("seed", range(3))
def test_under_load_from_many_threads_nothing_is_lost_doubled_or_out_of_order(bench: Bench, seed: int) -> None:
    """Six threads, forty devices: each thread has some functions of its own, and switches of its own devices."""
    functions, devices = list(DeviceFunction), [pv(f"D{number}") for number in range(40)]
    last: dict[tuple[str, DeviceFunction], DeviceSetting] = {}
    switched: defaultdict[str, list[bool]] = defaultdict(list)
    lock = threading.Lock()

    def give(thread: int) -> None:
        random = Random(100 * seed + thread)
        for number in range(150):
            device = random.choice(devices)
            function = functions[thread % len(functions)]
            value = 100.0 + 10_000.0 * thread + number
            with lock:
                setting = bench.setting(device, value, function)
            jobs: list[Job] = [SetJob(device=device, settings=(setting,))]
            if thread < 5:
                last[device.mrid, function] = setting
            else:
                jobs = [SwitchJob(device=device, order_id=f"{device.mrid}-{number}", connect=random.random() < 0.5)]
                switched[device.mrid].append(jobs[0].connect)  # type: ignore[union-attr]
            bench.commander.give(jobs)

    threads = [threading.Thread(target=give, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    results: list[SettingResult | SwitchResult] = []
    while sum(isinstance(result, SwitchResult) for result in results) < 150 or not are_told(results, last.values()):
        results += bench.next_results()

    assert {result.word for result in results} == {Word.HOLDS}
    for setting in last.values():
        assert bench.devices.held(setting.mrid)[setting.function.value] == setting.value
    for device in devices:
        heard = bench.devices.heard(device.mrid)
        assert [value for name, value in heard if name == "connect"] == switched[device.mrid]
        for function in functions:
            values = [value for name, value in heard if name == function.value]
            assert values == sorted(values)
            assert len(values) == len(set(values))
    ids = [result.order_id for result in results if isinstance(result, SwitchResult)]
    assert len(ids) == len(set(ids)) == 150


def are_told(results: Iterable[SettingResult | SwitchResult], settings: Iterable[DeviceSetting]) -> bool:
    told = {result.command_id for result in results if isinstance(result, SettingResult)}
    return all(setting.command_id in told for setting in settings)


def test_stop_ends_after_the_jobs_in_hand_and_begins_no_other(bench: Bench) -> None:
    gate = bench.devices.hold_up("A")
    bench.commander.give([disconnect(), SwitchJob(device=A, order_id="second", connect=True)])
    bench.devices.wait_until_in("A")
    stopping = threading.Thread(target=bench.commander.stop)
    stopping.start()

    bench.commander.give([disconnect(device=B)])
    gate.set()
    stopping.join(10)

    assert not stopping.is_alive()
    assert bench.devices.told == [("A", bench.devices.told[0][1])]
    assert [result.word for result in bench.commander.collect()] == [Word.HOLDS]
    bench.commander.stop()


def test_stop_does_not_wait_for_an_adapter_that_never_comes_back(bench: Bench) -> None:
    bench.commander = Commander({"simulated": bench.devices}, timeout_s=0.01, now=bench.clock)
    gate = bench.devices.hold_up("A")
    bench.commander.give([disconnect()])
    bench.devices.wait_until_in("A")

    bench.commander.stop()

    gate.set()  # else the interpreter waits for it


def test_who_is_woken_finds_the_result(bench: Bench) -> None:
    found: list[int] = []
    done = threading.Event()

    def look() -> None:
        found.append(len(commander.collect()))
        done.set()

    commander = Commander({"simulated": bench.devices}, timeout_s=1, now=bench.clock, wake=look)
    commander.give([disconnect()])

    assert done.wait(10)
    assert found == [1]
    commander.stop()
