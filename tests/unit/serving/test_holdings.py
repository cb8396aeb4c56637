"""What devices were told to hold: written down first, told once, told again only for a reason, and let go of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermsbus.commander import Commander, Job, SetJob, SettingResult, Word
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting, SettingKey
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.planning import Share
from dermsbus.domain.quantities import ParameterKind
from dermsbus.holdings import Holdings, Update
from tests.clock import Clock
from tests.scripted_devices import LOST, REFUSED, TAKEN, ScriptedDevices
from tests.unit.domain.fleet_builders import pv

W, VAR, LIMIT = DeviceFunction.ACTIVE_POWER, DeviceFunction.REACTIVE_POWER, DeviceFunction.ACTIVE_POWER_LIMIT
NAMES = ("A", "B", "C")
HOLD_S = 900.0
Wanted = Mapping[SettingKey, float]


class Desk:
    """Holdings with a store, and devices that do what they are told when `work` says so.

    Workers are played by the test: jobs wait for each device as in the commander, in whose hands they are.
    """

    def __init__(self, names: Iterable[str] = NAMES) -> None:
        self.clock = Clock()
        self.fleet = Fleet(pv(name) for name in names)
        self.devices = ScriptedDevices(self.clock)
        self.store: dict[SettingKey, DeviceSetting] = {}
        self.silent: set[str] = set()
        self._ids = count(1)
        self.results: list[SettingResult] = []
        self.start()

    def start(self) -> None:
        """Begin anew, with what the store holds and nothing else."""
        self.commander = Commander({"simulated": self.devices}, timeout_s=1.0, now=self.clock)
        self.commander._start = lambda _device: None  # type: ignore[method-assign]  # the test does the work
        self.results.clear()
        self.holdings = Holdings(
            self.fleet,
            tuple(self.store.values()),
            hold_s=HOLD_S,
            now=self.clock(),
            new_id=lambda: f"c-{next(self._ids)}",
        )

    # -- as the executor does it -----------------------------------------------------------------------------------

    def keep(self, update: Update, *, fails: bool = False) -> tuple[Job, ...]:
        if fails:
            return ()
        for change in update.changes:
            if change.after is None:
                self.store.pop(change.key, None)
            else:
                self.store[change.key] = change.after
        jobs = self.holdings.take_over(update)
        self.commander.give(jobs)
        return jobs

    def tick(
        self,
        wanted: Wanted,
        *,
        ends_s: float = HOLD_S,
        ends_at: datetime | None = None,
        dispatch: str = "O",
        fails: bool = False,
    ) -> tuple[Job, ...]:
        """Take in the answers, follow *wanted*, remind; returns the jobs that came of it."""
        now, results = self.clock(), tuple(self.results)
        jobs = list(self.keep(self.holdings.learn(results, now), fails=fails))
        if not fails:
            self.results.clear()
        for update in (
            lambda: self.holdings.follow(
                self.shares(wanted, ends_at or now + timedelta(seconds=ends_s), dispatch), now, self.answers
            ),
            lambda: self.holdings.remind(now, self.answers),
        ):
            jobs += self.keep(update(), fails=fails)
            if fails:
                break  # an error of the store ends the tick
        return tuple(jobs)

    def answers(self, mrid: str) -> bool:
        return mrid not in self.silent

    def shares(self, wanted: Wanted, ends_at: datetime, dispatch: str = "O") -> tuple[Share, ...]:
        unfit = self.holdings.unfit(self.clock())
        functions = dict.fromkeys(function for _, function in wanted)
        return tuple(
            share(
                self.fleet,
                {
                    mrid: value
                    for (mrid, what), value in wanted.items()
                    if what is function and (mrid, what) not in unfit
                },
                function,
                ends_at=ends_at,
                dispatch=dispatch,
            )
            for function in functions
        )

    def work(self, *mrids: str, most: int = 1_000) -> None:
        """Do what waits for these devices, for all where none is named."""
        for mrid, line in self.commander._lines.items():
            while line.waiting and most and (mrid in mrids or not mrids):
                most -= 1
                self.results += self.commander._do(line.waiting.popleft())  # type: ignore[arg-type]

    def settle(self, wanted: Wanted, times: int = 1, every_s: float = 1.0, **options: object) -> None:
        """So many ticks, with all that waits done after each."""
        for _ in range(times):
            self.tick(wanted, **options)  # type: ignore[arg-type]
            self.work()
            self.clock.advance(every_s)

    # -- what there is to see --------------------------------------------------------------------------------------

    def held(self) -> dict[SettingKey, float]:
        return {
            (mrid, DeviceFunction(name)): value
            for mrid in self.fleet
            for name, value in self.devices.held(mrid).items()
        }

    def heard(self, mrid: str = "A") -> list[tuple[str, float | bool]]:
        return self.devices.heard(mrid)


def share(
    fleet: Fleet, values: Mapping[str, float], function: DeviceFunction = W, *, ends_at: datetime, dispatch: str = "O"
) -> Share:
    return Share(
        key=("G", ParameterKind.ACTIVE_POWER),
        dispatch_mrid=dispatch,
        target=sum(values.values()),
        function=function,
        places=np.array([fleet.places[mrid] for mrid in values], dtype=np.int64),
        values=np.array(list(values.values()), dtype=np.float64),
        by_limit=np.zeros(len(values), dtype=np.bool_),
        shortfall=0.0,
        ends_at=ends_at,
    )


@pytest.fixture
def desk() -> Desk:
    return Desk()


A_1000 = {("A", W): 1_000.0}


# -- told once ---------------------------------------------------------------------------------------------------------


def test_what_is_told_was_written_down_before_and_is_told_once(desk: Desk) -> None:
    update = desk.holdings.follow(desk.shares(A_1000, desk.clock() + timedelta(seconds=HOLD_S)), desk.clock())
    (change,) = update.changes
    assert len(desk.holdings) == 0

    (job,) = desk.keep(update)

    assert isinstance(job, SetJob)
    assert job.settings == (change.after,) == (desk.store["A", W],)
    assert (change.after.value, change.after.dispatch_mrid, change.after.given_at) == (1_000.0, "O", desk.clock())  # type: ignore[union-attr]
    desk.settle(A_1000, times=50)
    assert desk.heard() == [("active_power_w", 1_000.0)]


def test_a_store_that_fails_means_nobody_was_told_and_the_next_tick_tells_once(desk: Desk) -> None:
    assert desk.tick(A_1000, fails=True) == ()
    assert desk.tick(A_1000, fails=True) == ()
    desk.work()
    assert desk.heard() == []
    assert desk.holdings.settings == {}

    desk.settle(A_1000, times=3)

    assert desk.heard() == [("active_power_w", 1_000.0)]


def test_answers_that_could_not_be_written_down_are_taken_in_with_the_next_tick(desk: Desk) -> None:
    desk.devices.on_command("A", REFUSED)
    desk.tick(A_1000)
    desk.work()
    desk.tick(A_1000, fails=True)
    assert desk.holdings.settings.keys() == {("A", W)}

    desk.tick(A_1000)

    assert desk.holdings.settings == {}
    assert desk.holdings.unfit(desk.clock()) == {("A", W)}


def test_half_a_watt_is_nobodys_business_and_a_twentieth_of_a_volt_is(desk: Desk) -> None:
    volts = ("A", DeviceFunction.VOLTAGE)
    desk.settle({**A_1000, volts: 230.0})
    desk.settle({("A", W): 1_000.4, volts: 230.04})
    assert len(desk.heard()) == 2

    desk.settle({("A", W): 1_000.4, volts: 230.1})
    assert desk.heard()[2:] == [("voltage_v", 230.1)]


def test_another_order_is_told_although_the_value_is_the_same(desk: Desk) -> None:
    desk.settle(A_1000, dispatch="O-1")
    desk.settle(A_1000, dispatch="O-2", times=3)

    assert desk.heard() == [("active_power_w", 1_000.0)] * 2
    assert desk.store["A", W].dispatch_mrid == "O-2"


def test_a_setting_is_renewed_when_half_of_its_time_is_left_and_once(desk: Desk) -> None:
    for _ in range(90):
        desk.settle(A_1000, every_s=10.0)

    ends = [command.expires_at for _, command in desk.devices.told]
    assert [(end - desk.clock()) / timedelta(seconds=1) for end in ends if end] == [0.0, 460.0]


def test_a_setting_that_would_hold_for_too_long_is_told_again_with_its_new_end(desk: Desk) -> None:
    desk.settle(A_1000, ends_s=600.0)
    desk.settle(A_1000, ends_at=desk.clock() + timedelta(seconds=100), times=10)

    assert desk.heard() == [("active_power_w", 1_000.0)] * 2
    assert desk.devices.end_of("A", "active_power_w") == desk.store["A", W].ends_at


# -- let go ------------------------------------------------------------------------------------------------------------


def test_what_nobody_orders_any_more_is_let_go_and_forgotten_when_the_device_says_so(desk: Desk) -> None:
    desk.settle(A_1000)
    desk.tick({})
    assert ("A", W) in desk.store

    desk.work()
    desk.tick({})

    assert desk.heard() == [("active_power_w", 1_000.0), ("release", True)]
    assert desk.store == {}
    assert len(desk.holdings) == 0


def test_of_two_functions_the_one_that_is_canceled_goes_and_the_other_stays(desk: Desk) -> None:
    both = {**A_1000, ("A", VAR): 300.0}
    desk.settle(both)

    desk.settle({("A", VAR): 300.0}, times=5)

    assert desk.held() == {("A", VAR): 300.0}
    assert desk.heard()[2:] == [("release", True), ("reactive_power_var", 300.0)]
    assert desk.store.keys() == {("A", VAR)}


def test_what_ends_by_itself_is_asked_for_and_not_told_to_let_go(desk: Desk) -> None:
    desk.settle(A_1000, ends_s=30.0)
    desk.clock.advance(29.0)
    asked = len(desk.devices.asked)

    desk.settle({}, times=10)

    assert desk.heard() == [("active_power_w", 1_000.0)]
    assert len(desk.devices.asked) == asked + 1
    assert desk.store == {}


def test_a_device_that_does_not_let_go_by_itself_is_told_to(desk: Desk) -> None:
    desk.devices.forgets_to_let_go = True
    desk.settle(A_1000, ends_s=30.0)
    desk.clock.advance(29.0)

    desk.settle({}, times=10)

    assert desk.heard() == [("active_power_w", 1_000.0), ("release", True)]
    assert (desk.held(), desk.store) == ({}, {})


def test_a_device_without_a_timer_is_told_to_let_go_however_late_it_answers_again(desk: Desk) -> None:
    desk.devices.forgets_to_let_go = True
    desk.settle(A_1000, ends_s=30.0)
    desk.devices.offline("A")
    desk.clock.advance(29.0)

    desk.settle({}, times=60, every_s=60.0)
    assert desk.store.keys() == {("A", W)}
    desk.devices.offline()
    desk.settle({}, times=20, every_s=60.0)

    assert (desk.held(), desk.store) == ({}, {})


def test_a_device_that_cannot_be_read_is_told_to_let_go_as_soon_as_it_can_and_holds_up_no_worker(desk: Desk) -> None:
    desk.settle(A_1000)
    desk.silent.add("A")
    desk.devices.offline("A")
    asked = len(desk.devices.asked)

    desk.settle({}, times=250)
    assert len(desk.devices.asked) == asked

    desk.silent.clear()
    desk.devices.offline()
    desk.settle({}, times=2)
    assert (desk.held(), desk.store) == ({}, {})


def test_a_device_that_cannot_be_read_is_tried_all_the_same_now_and_then(desk: Desk) -> None:
    desk.settle(A_1000)
    desk.silent.add("A")

    desk.settle({}, times=310)

    assert (desk.held(), desk.store) == ({}, {})


def test_an_answer_to_an_earlier_release_is_not_taken_for_that_to_a_later_one(desk: Desk) -> None:
    """Else a release that is still to come could fail without anybody looking for it."""
    desk.settle(A_1000)
    desk.tick({})  # let go …
    line = desk.commander._lines["A"]
    first = line.waiting.popleft()
    desk.tick({("A", W): 2_000.0})  # … no, hold something else …
    second = line.waiting.popleft()
    desk.tick({})  # … no, let go after all
    for job in (first, second):
        desk.results += desk.commander._do(job)  # type: ignore[arg-type]
    assert desk.held() == {("A", W): 2_000.0}

    desk.tick({})
    assert ("A", W) in desk.store
    desk.work()
    desk.tick({})

    assert (desk.held(), desk.store) == ({}, {})


def test_a_device_that_holds_on_under_somebody_elses_hand_is_left_alone_in_the_end(desk: Desk) -> None:
    desk.settle(A_1000, ends_s=30.0)
    desk.devices.refuse("A", "release")
    desk.devices.forgets_to_let_go = True

    desk.settle({}, times=400, every_s=60.0)

    assert desk.store == {}
    asked = len(desk.devices.asked)
    desk.settle({}, times=10, every_s=60.0)
    assert len(desk.devices.asked) == asked


def test_a_device_that_left_the_catalogue_is_forgotten(desk: Desk) -> None:
    desk.settle({**A_1000, ("B", W): 500.0})
    desk.fleet = Fleet([pv("B")])
    desk.start()

    desk.settle({("B", W): 500.0}, times=3)

    assert desk.store.keys() == {("B", W)}
    assert desk.heard() == [("active_power_w", 1_000.0)]


# -- no answer, and other answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "heard"), [(LOST, 1), (TAKEN, 2)])
def test_a_device_that_did_not_answer_is_told_again_whether_or_not_it_had_heard(
    desk: Desk, outcome: str, heard: int
) -> None:
    """What it holds would be an answer, but for how long it does it does not say; and twice the same does no harm."""
    desk.devices.on_command("A", outcome)

    desk.settle(A_1000, times=20)

    assert desk.heard() == [("active_power_w", 1_000.0)] * heard
    assert desk.held() == A_1000


@pytest.mark.parametrize("outcome", [LOST, TAKEN])
def test_a_renewal_that_was_not_answered_is_told_again_since_the_device_cannot_say_which_end_it_has(
    desk: Desk, outcome: str
) -> None:
    desk.settle(A_1000)
    desk.clock.advance(460.0)
    desk.devices.on_command("A", outcome)

    desk.settle(A_1000, times=10)

    assert desk.devices.end_of("A", "active_power_w") == desk.store["A", W].ends_at


def test_a_small_change_that_was_not_answered_is_told_again_since_registers_have_steps(desk: Desk) -> None:
    desk.settle(A_1000)
    desk.devices.on_command("A", LOST)

    desk.settle({("A", W): 1_004.0}, times=10)

    assert desk.held() == {("A", W): 1_004.0}


def test_a_change_back_that_was_not_answered_is_not_taken_for_done(desk: Desk) -> None:
    desk.settle(A_1000, ends_s=100.0)
    desk.devices.on_command("A", LOST, LOST)
    desk.settle({("A", W): 2_000.0})
    desk.settle(A_1000, ends_s=300.0, times=1)

    desk.settle(A_1000, ends_s=300.0, times=10)

    assert desk.held() == A_1000
    assert desk.devices.end_of("A", "active_power_w") == desk.store["A", W].ends_at


def test_who_does_not_answer_is_tried_less_and_less_often_until_once_a_minute(desk: Desk) -> None:
    desk.devices.offline("A")
    tried = []
    for second in range(400):
        before = len(desk.devices.tried)
        desk.settle(A_1000)
        if len(desk.devices.tried) > before:
            tried.append(second)

    assert tried == [0, 6, 17, 38, 79, 140, 201, 262, 323, 384]  # what came of it is known a second later


def test_a_device_that_refuses_is_planned_without_for_a_while_and_lets_go_of_what_it_held(desk: Desk) -> None:
    desk.settle(A_1000)
    desk.devices.refuse("A", "active_power_w")

    desk.settle({("A", W): 2_000.0}, times=5)
    assert desk.holdings.unfit(desk.clock()) == {("A", W)}
    assert (desk.held(), desk.store) == ({}, {})

    desk.devices.refuse("A")
    desk.settle({("A", W): 2_000.0}, times=310)
    assert desk.held() == {("A", W): 2_000.0}


def test_a_device_that_does_otherwise_twice_is_planned_without_and_lets_go(desk: Desk) -> None:
    desk.devices.rounds_to = 900.0
    desk.devices.forgets_to_let_go = True

    desk.settle(A_1000, times=30)

    assert desk.heard() == [("active_power_w", 1_000.0)] * 2 + [("release", True)]
    assert desk.holdings.unfit(desk.clock()) == {("A", W)}
    assert (desk.held(), desk.store) == ({}, {})


def test_doing_otherwise_under_a_plan_that_changes_is_doing_otherwise_too(desk: Desk) -> None:
    desk.devices.rounds_to = 900.0

    for value in (1_000.0, 1_100.0, 1_200.0):
        desk.settle({("A", W): value})

    assert desk.holdings.unfit(desk.clock()) == {("A", W)}


def test_no_answer_and_then_once_otherwise_is_not_twice_otherwise(desk: Desk) -> None:
    desk.devices.on_command("A", LOST)
    desk.settle(A_1000)
    desk.devices.rounds_to = 900.0
    desk.settle(A_1000, times=5)
    assert desk.holdings.unfit(desk.clock()) == set()
    desk.devices.rounds_to = None

    desk.settle(A_1000, times=10)

    assert desk.holdings.unfit(desk.clock()) == set()
    assert desk.held() == A_1000


def test_answers_that_come_after_something_newer_was_told_change_nothing(desk: Desk) -> None:
    desk.devices.refuse("A", "active_power_w")
    desk.tick(A_1000)
    desk.work()  # refused, but that is not known yet
    desk.devices.refuse("A")
    late, desk.results = desk.results, []
    desk.tick({("A", W): 2_000.0})
    desk.results = late

    desk.settle({("A", W): 2_000.0}, times=3)

    assert desk.holdings.unfit(desk.clock()) == set()
    assert desk.held() == {("A", W): 2_000.0}


def test_every_minute_a_device_is_asked_and_told_again_if_it_forgot(desk: Desk) -> None:
    desk.settle(A_1000, times=59)
    desk.devices.forget("A")
    assert desk.heard() == [("active_power_w", 1_000.0)]

    desk.settle(A_1000, times=4)

    assert desk.held() == A_1000
    assert desk.heard() == [("active_power_w", 1_000.0)] * 2


def test_registers_with_coarse_steps_are_not_told_again_at_every_question(desk: Desk) -> None:
    desk.devices.rounds_to = 50.0

    desk.settle({("A", W): 1_030.0}, times=400)

    assert desk.heard() == [("active_power_w", 1_030.0)]


def test_not_all_devices_are_asked_in_the_same_second() -> None:
    desk = Desk([f"D{number}" for number in range(500)])
    wanted = {(mrid, W): 1_000.0 for mrid in desk.fleet}
    desk.settle(wanted, times=2)
    desk.clock.advance(60.0)

    asked = []
    for _ in range(4):
        before = len(desk.devices.asked)
        desk.settle(wanted)
        asked.append(len(desk.devices.asked) - before)

    assert asked == [200, 200, 100, 0]


# -- restart -----------------------------------------------------------------------------------------------------------


def test_after_a_restart_devices_are_asked_and_only_those_that_do_not_hold_it_are_told(desk: Desk) -> None:
    wanted = {(mrid, W): 1_000.0 for mrid in NAMES}
    desk.settle(wanted)
    desk.devices.forget("B")
    desk.devices.hold("C", desk.clock() + timedelta(hours=1), active_power_w=990.0)
    told = len(desk.devices.told)

    desk.start()
    desk.settle(wanted, times=5)

    assert [mrid for mrid, _ in desk.devices.told[told:]] == ["B", "C"]
    assert desk.held() == wanted


def test_after_a_restart_what_nobody_orders_any_more_is_let_go(desk: Desk) -> None:
    desk.settle(A_1000)

    desk.start()
    desk.settle({}, times=3)

    assert (desk.held(), desk.store) == ({}, {})


def test_after_a_crash_before_anybody_was_told_everybody_is(desk: Desk) -> None:
    desk.tick(A_1000)  # written down, and then the power went

    desk.start()
    desk.settle(A_1000, times=3)

    assert desk.heard() == [("active_power_w", 1_000.0)]


def test_after_a_crash_in_a_release_it_is_done(desk: Desk) -> None:
    desk.settle(A_1000)
    desk.tick({})

    desk.start()
    desk.settle({}, times=3)

    assert (desk.held(), desk.store) == ({}, {})
    assert desk.heard() == [("active_power_w", 1_000.0), ("release", True)]


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_a_clock_that_is_put_back_stops_neither_retries_nor_questions_nor_renewals(desk: Desk) -> None:
    desk.devices.on_command("A", LOST)
    desk.settle({**A_1000, ("B", W): 500.0})
    desk.clock._at -= timedelta(hours=1)
    desk.devices.forget("B")

    desk.settle({**A_1000, ("B", W): 500.0}, times=70)

    assert desk.held() == {**A_1000, ("B", W): 500.0}
    for mrid in ("A", "B"):
        end = desk.devices.end_of(mrid, "active_power_w")
        assert end is not None
        assert end <= desk.clock() + timedelta(seconds=HOLD_S)


def test_a_clock_that_leaps_ahead_has_all_told_again_that_devices_let_go_of_by_it(desk: Desk) -> None:
    desk.settle(A_1000)
    desk.clock.advance(86_400)

    desk.settle(A_1000, times=3)

    assert desk.held() == A_1000


# -- for all that may happen -------------------------------------------------------------------------------------------

KEYS = [(mrid, function) for mrid in ("A", "B") for function in (W, VAR)]
VALUES = st.sampled_from((1_000.0, 1_003.0, 2_000.0))


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens in a while: a plan or none, what workers do and what comes of it, and what goes wrong."""

    wanted: Wanted | None
    ends_s: float
    store_fails: bool
    jobs: int
    on_command: Sequence[str]
    on_question: Sequence[str]
    passes_s: float
    mishap: str


STEPS = st.builds(
    Step,
    wanted=st.none() | st.dictionaries(st.sampled_from(KEYS[:3]), VALUES, max_size=2),
    ends_s=st.sampled_from((30.0, HOLD_S)),
    store_fails=st.sampled_from((False, False, False, True)),
    jobs=st.sampled_from((0, 1, 1, 2, 9)),
    on_command=st.lists(st.sampled_from(("", "", LOST, TAKEN, REFUSED)), max_size=3),
    on_question=st.lists(st.sampled_from(("", LOST)), max_size=2),
    passes_s=st.sampled_from((0.25, 1.0, 6.0, 61.0, 500.0)),
    mishap=st.sampled_from(("", "", "", "", "kill", "forget", "offline", "coarse", "fine")),
)


class Story:
    """Steps one after the other, and what holds after each of them."""

    def __init__(self, *, have_timers: bool) -> None:
        self.desk = Desk(("A", "B"))
        self.desk.devices.forgets_to_let_go = not have_timers
        self.wanted: Wanted = {}
        self.forgetful: set[str] = set()
        self.of_earlier_runs: set[str] = set()

    def go_on(self, step: Step) -> None:
        desk, devices = self.desk, self.desk.devices
        self.wanted = self.wanted if step.wanted is None else step.wanted
        desk.tick(self.wanted, ends_s=step.ends_s, fails=step.store_fails)
        for mrid in ("A", "B"):
            devices.on_command(mrid, *step.on_command)
            devices.on_question(mrid, *step.on_question)
            desk.work(mrid, most=step.jobs)
        for script in (devices._commands, devices._answers):
            script.clear()
        self._suffer(step.mishap)
        desk.clock.advance(step.passes_s)

    def _suffer(self, mishap: str) -> None:
        desk = self.desk
        match mishap:
            case "kill":
                self.of_earlier_runs |= {setting.command_id for setting in desk.store.values()}
                desk.start()
            case "forget":
                desk.devices.forget("A")
                self.forgetful.add("A")
            case "offline":
                desk.devices.offline("A")
                desk.silent = {"A"}
            case "coarse":
                desk.devices.rounds_to = 900.0
            case "fine":
                desk.devices.rounds_to = None
                desk.devices.offline()
                desk.silent = set()

    def check(self) -> None:
        """Nothing is at a device that is not written down, and what is believed to be held is held."""
        desk, now = self.desk, self.desk.clock()
        assert desk.held().keys() <= desk.store.keys()
        busy = {mrid for mrid, line in desk.commander._lines.items() if line.waiting}
        busy |= {result.key[0] for result in desk.results} | self.forgetful
        for (mrid, function), held in desk.holdings._held.items():
            setting = held.setting
            if held.word is not Word.HOLDS or held.is_going or mrid in busy or setting.ends_at <= now:
                continue
            assert desk.devices.held(mrid).get(function.value) == setting.value
            if setting.command_id not in self.of_earlier_runs:  # a crash may leave the end of an earlier setting
                assert desk.devices.end_of(mrid, function.value) == setting.ends_at

    def end(self) -> None:
        """Everybody answers again, and the same is wanted for a while."""
        desk = self.desk
        self._suffer("fine")
        desk.settle(self.wanted, times=45, every_s=20.0)
        assert desk.held() == self.wanted
        assert {key: setting.value for key, setting in desk.store.items()} == self.wanted
        self.forgetful.clear()
        self.check()
        told = len(desk.devices.told)
        desk.settle(self.wanted, times=20, every_s=20.0)
        assert len(desk.devices.told) - told <= len(self.wanted), "more than renewed"


@settings(deadline=None, max_examples=300)
@given(st.booleans(), st.lists(STEPS, max_size=10))
def test_whatever_happens_nothing_is_lost_doubled_or_believed_that_is_not_so(
    have_timers: bool, steps: list[Step]
) -> None:
    story = Story(have_timers=have_timers)
    for step in steps:
        story.go_on(step)
        story.check()

    story.end()
