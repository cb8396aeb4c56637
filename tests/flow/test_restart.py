"""Orders survive kill -9, and the devices are the judges: they outlive the DERMS and write down what they are told.

`dermsbus serve` runs as a process of its own. The devices, SunSpec over real Modbus TCP, and the broker are in the test's.
DERMSBUS_TEST_RESTART_S has it killed at random moments for longer, DERMSBUS_TEST_RESTART_SEED at others.
"""

from __future__ import annotations

import os
import queue
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from tests import builders as xml
from tests.clock import stamp
from tests.flow.peer import Peer
from tests.flow.seen import SwitchSeen, switches_seen
from tests.flow.serving import HOST, ServeProcess, free_port
from tests.sunspec_device import OLDER_SOLAR, STORAGE, SunspecDevice, Write

SECONDS = float(os.environ.get("DERMSBUS_TEST_RESTART_S", "15"))
"""How long the schedule is that is killed at random moments."""
SEED = int(os.environ.get("DERMSBUS_TEST_RESTART_SEED", "1"))
GRACE_S = 1.0
CATCH_UP_S = 15.0
SLACK_S = 1.5
"""A set-point that left before a change may arrive so long after it, on a busy machine."""

CONFIG = f"""
[devices]
poll_period_s = 0.2
stale_after_s = 3.0
timeout_s = 5.0

[dispatch]
grace_s = {GRACE_S}

[push]
status_period_s = 0
"""
PLATE = """
[[device]]
mrid = "{mrid}"
kind = "{kind}"
adapter = "sunspec"
address = "{address}"
[device.name_plate]
active_power_max_w = 5000
active_power_charge_max_w = {charge_w}
apparent_power_max_va = 5500
"""


POINTS = {
    "battery": ("WSet", "WSetRvrtTms", "WSetEna", 1.0),
    "pv": ("WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena", 0.5),
}
"""Set-point, timer and what enables them, and how many watts one step of the set-point is."""


def now() -> datetime:
    return datetime.now(UTC)


# -- the judges --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A set-point as it came to be in force: its value, and for how many seconds by the device's own timer."""

    at: datetime
    value_w: float
    for_s: int


@dataclass
class Machine:
    """One device of the field."""

    device: SunspecDevice
    kind: str

    @property
    def is_storage(self) -> bool:
        return self.kind == "battery"

    @property
    def held_w(self) -> float | None:
        """What it holds now; None where nothing is ordered."""
        self.device.let_time_pass()
        if self.is_storage:
            return self.device.value(704, "WSet") if self.device.value(704, "WSetEna") else None
        return self.device.value(123, "WMaxLimPct") / 2 if self.device.value(123, "WMaxLim_Ena") else None

    @property
    def told(self) -> list[Told]:
        """Every set-point, in order: it is in force when it is enabled, which may be the last of several writes."""
        value, timer, enable, unit_w = POINTS[self.kind]
        registers: dict[str, int] = {}
        told = []
        for write in self._writes():
            registers |= write.values
            if write.values.get(enable) == 1:
                told.append(Told(write.at, registers[value] * unit_w, registers[timer]))
        return told

    @property
    def releases(self) -> list[datetime]:
        enable = POINTS[self.kind][2]
        return [write.at for write in self._writes() if write.values.get(enable) == 0]

    @property
    def switched(self) -> list[int]:
        """Every state that its switch was told to be in."""
        return [write.values["ES"] for write in list(self.device.writes) if write.model == 703]

    def _writes(self) -> list[Write]:
        return [write for write in list(self.device.writes) if write.model == (704 if self.is_storage else 123)]


@dataclass(frozen=True)
class Schedule:
    """Values of one device, one after the other."""

    starts_at: datetime
    interval_s: float
    values_w: Sequence[float]

    @property
    def ends_at(self) -> datetime:
        return self.start_of(len(self.values_w))

    def start_of(self, number: int) -> datetime:
        return self.starts_at + timedelta(seconds=number * self.interval_s)

    def number_at(self, at: datetime) -> int:
        """Which interval it is, -1 before the first."""
        return int((at - self.starts_at) / timedelta(seconds=self.interval_s) // 1)

    def value_at(self, at: datetime) -> float | None:
        number = self.number_at(at)
        return self.values_w[number] if 0 <= number < len(self.values_w) else None

    def judge(self, machine: Machine) -> None:
        """Nothing was told wrong, and nothing twice that the device still held."""
        held_w, until = None, self.starts_at
        for told in machine.told:
            rightly = {self.value_at(told.at), self.value_at(told.at - timedelta(seconds=SLACK_S))}
            assert any(right is not None and abs(told.value_w - right) <= 1.0 for right in rightly), (told, rightly)
            is_same = held_w is not None and abs(held_w - told.value_w) <= 1.0
            assert not (is_same and told.at < until), f"told {told} again, which it held until {until}"
            held_w, until = told.value_w, told.at + timedelta(seconds=told.for_s)
            latest = self.start_of(self.number_at(told.at) + 1) + timedelta(seconds=GRACE_S + 1.0 + SLACK_S)
            assert until <= latest, f"{told} would outlive its interval, which ends with grace at {latest}"
        assert [at for at in machine.releases if at < self.ends_at] == []

    def told_in(self, machine: Machine, number: int) -> list[float]:
        """The values that the device was told in one interval."""
        slack = timedelta(seconds=SLACK_S)
        begins, ends = self.start_of(number), self.start_of(number + 1)
        return [
            told.value_w
            for told in machine.told
            if begins <= told.at < ends + slack and abs(told.value_w - self.values_w[number]) <= 1.0
        ]


# -- the field ---------------------------------------------------------------------------------------------------------


@dataclass
class Site:
    """A DERMS that may be killed, its devices, and a DMS."""

    serve: ServeProcess
    dms: Peer
    folder: Path
    machines: dict[str, Machine]
    schedules: dict[str, Schedule] = field(default_factory=dict)
    seen: dict[str, SwitchSeen] = field(default_factory=dict)
    """Events of devices by mRID: one whose sending was cut short is sent again, with the same one."""

    def ask(self, verb: str, noun: str, payload: str, **fields: object) -> None:
        reply = self.dms.ask(xml.generic(verb, noun, payload=payload, message_id=str(uuid4()), **fields))
        assert reply.result == "OK", reply.errors

    def group(self, name: str, *members: str) -> None:
        functions = ("realPowerDispatch", "connectDisconnect")
        group = xml.group(mrid=f"mrid-{name}", name=name, functions=functions, members=members, version="1.0.0")
        self.ask("create", "DERGroups", xml.der_groups(group))

    def order(self, group: str, *members: str, in_s: float, every_s: int, values_w: Sequence[float]) -> Schedule:
        """Order a schedule of a group; each of its members is to have its equal part of it."""
        starts_at = now() + timedelta(seconds=in_s)
        curve = xml.schedule(*values_w, start=stamp(starts_at), duration=every_s, unit="s")
        parameter = xml.parameter(curve, kind="activePower", multiplier="none")
        dispatch = xml.dispatch(parameter, mrid=f"order-{group}", group_mrid=f"mrid-{group}")
        self.ask("create", "DERGroupDispatches", xml.payload("DERGroupDispatches", dispatch))
        schedule = Schedule(starts_at, every_s, [value / len(members) for value in values_w])
        self.schedules |= dict.fromkeys(members, schedule)
        return schedule

    def control(self, group: str, code: str, *parts: str, correlation_id: str) -> None:
        groups = xml.element("EndDeviceGroups", xml.element_text("mRID", f"mrid-{group}"))
        control = xml.control(code, groups, *parts)
        self.ask(
            "create", "EndDeviceControls", xml.payload("EndDeviceControls", control), correlation_id=correlation_id
        )

    def wait_for_event(self) -> SwitchSeen:
        """The next event of a device that was not seen before."""
        while True:
            (event,) = switches_seen(self.dms.next_event("EndDeviceEvents", timeout_s=20))
            assert event.mrid is not None
            if self.seen.setdefault(event.mrid, event) is event:
                return event

    def check_no_other_event(self) -> None:
        """Nor is there any in half a second."""
        with suppress(queue.Empty):
            while True:
                for event in switches_seen(self.dms.next_event("EndDeviceEvents", timeout_s=0.5)):
                    assert event.mrid in self.seen, f"{event} beside {self.seen}"

    def wait_until(self, at: datetime) -> None:
        time.sleep(max(0.0, (at - now()).total_seconds()))  # time itself is what is waited for

    def wait_for(self, holds: Callable[[], bool], timeout_s: float = CATCH_UP_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not holds():
            state = {mrid: (machine.held_w, machine.told) for mrid, machine in self.machines.items()}
            assert time.monotonic() < deadline, f"did not come to hold: {state}\n{self.serve.log}"
            time.sleep(0.02)  # devices in other threads, and a process: there is no event to wait for

    def wait_until_on_course(self) -> None:
        """Return when all devices hold what is ordered of them at that moment."""
        self.wait_for(self.is_on_course)

    def is_on_course(self) -> bool:
        at = now()
        return all(
            _is_near(self.machines[mrid].held_w, schedule.value_at(at)) for mrid, schedule in self.schedules.items()
        )

    def is_at_rest(self) -> bool:
        return all(machine.held_w is None for machine in self.machines.values())

    def judge(self) -> None:
        for mrid, schedule in self.schedules.items():
            schedule.judge(self.machines[mrid])

    def check_nothing_is_left(self) -> None:
        """No device holds anything, and the store knows it."""
        self.wait_for(self.is_at_rest)
        self.wait_for(lambda: not any(map(self._rows, ("device_setting", "switch_order"))))

    def _rows(self, table: str) -> int:
        with closing(sqlite3.connect(f"file:{self.folder / 'derms.db'}?mode=ro", uri=True)) as store:
            count: int = store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            return count


def _is_near(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) <= 1.0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two batteries in group GA, and an older solar inverter that knows limits only in group GB."""
    with ExitStack() as opened:
        machines = {}
        for mrid, image, kind in (("A", STORAGE, "battery"), ("B", STORAGE, "battery"), ("C", OLDER_SOLAR, "pv")):
            device = SunspecDevice(now, image).start()
            opened.callback(device.close)
            machines[mrid] = Machine(device, kind)
        catalogue = [
            PLATE.format(
                mrid=mrid, kind=each.kind, address=each.device.address, charge_w=5_000 if each.is_storage else 0
            )
            for mrid, each in machines.items()
        ]
        (tmp_path / "fleet.toml").write_text("".join(catalogue))
        (tmp_path / "derms.toml").write_text(CONFIG)
        broker = opened.enter_context(EmbeddedBroker(BrokerSettings(port=free_port())))
        serve = opened.enter_context(
            ServeProcess(
                f"stomp://{HOST}:{broker.port}",
                tmp_path,
                *("--config", str(tmp_path / "derms.toml"), "--fleet", str(tmp_path / "fleet.toml")),
            )
        )
        dms = opened.enter_context(Peer(StompTransport(StompSettings(host=HOST, port=broker.port))))
        site = Site(serve, dms, tmp_path, machines)
        site.group("GA", "A", "B")
        site.group("GB", "C")
        yield site


# -- schedules ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_schedule_goes_on_after_kill_9_in_its_middle_and_over_a_boundary(site: Site) -> None:
    schedule = site.order("GA", "A", "B", in_s=1.0, every_s=5, values_w=(2_000, 4_000, -3_000, 6_000))
    site.order("GB", "C", in_s=1.0, every_s=5, values_w=(3_000, 1_000, 2_000, 500))

    site.wait_until(schedule.starts_at)
    site.wait_until_on_course()
    site.serve.kill()  # in the first interval, and back in it, if the machine is not too slow
    site.serve.start()
    site.wait_until_on_course()

    site.wait_until(schedule.start_of(1))
    site.wait_until_on_course()
    site.serve.kill()  # in the second, and away until the third has begun
    site.wait_until(schedule.start_of(2) + timedelta(seconds=GRACE_S + 1.2))
    assert site.is_at_rest(), "devices hold a set-point whose time is over, and nobody is there to tell them"
    site.serve.start()
    site.wait_until_on_course()
    was_back_in_the_third = now() < schedule.start_of(3)

    site.wait_until(schedule.start_of(3))
    site.wait_until_on_course()
    site.wait_until(schedule.ends_at)
    site.check_nothing_is_left()
    site.judge()
    for mrid in ("A", "B"):
        told = [schedule.told_in(site.machines[mrid], number) for number in range(4)]
        assert told == [[1_000], [2_000], [-1_500] if was_back_in_the_third else [], [3_000]]


@pytest.mark.slow
@pytest.mark.timeout(120 + 2 * SECONDS)
def test_a_schedule_survives_kill_9_at_any_moment(site: Site) -> None:
    moments = random.Random(SEED)
    every_s = 3
    count = max(4, int(SECONDS / every_s))
    values = [500.0 * moments.randrange(-12, 13) for _ in range(count)]
    values = [value + 100.0 * (number % 2) for number, value in enumerate(values)]  # no two of the same in a row
    schedule = site.order("GA", "A", "B", in_s=1.0, every_s=every_s, values_w=values)
    site.order("GB", "C", in_s=1.0, every_s=every_s, values_w=[abs(value) / 2 for value in values])
    kills = 0
    while now() < schedule.ends_at - timedelta(seconds=1):
        time.sleep(moments.uniform(0.0, 2.5))
        site.serve.kill()
        kills += 1
        time.sleep(moments.choice((0.0, 0.0, moments.uniform(0.0, 2.0))))
        site.serve.start(wait=moments.random() < 0.7)

    site.serve.wait_until_ready()
    site.check_nothing_is_left()
    site.judge()
    assert kills >= 3
    assert sum(len(machine.told) for machine in site.machines.values()) >= count // 2, "hardly anything was done"


# -- switches ----------------------------------------------------------------------------------------------------------

DISCONNECT = "2.31.0.23"


@pytest.mark.parametrize("was_thrown", [False, True])
def test_a_switch_is_thrown_once_and_told_of_once_after_kill_9_while_its_device_had_it_in_hand(
    site: Site, was_thrown: bool
) -> None:
    a, b = site.machines["A"], site.machines["B"]
    site.wait_for(lambda: len(a.device.writes) > 2)  # it is read, so its heartbeat is written
    if was_thrown:
        a.device.hang_after_model = 703
    else:
        a.device.hang()
    site.control("GA", DISCONNECT, correlation_id="control-1")
    site.wait_for(lambda: b.switched == [0])
    if was_thrown:
        site.wait_for(lambda: a.switched == [0])
    assert site.wait_for_event().device == "B"

    site.serve.kill()
    a.device.wake()
    site.serve.start()

    second = site.wait_for_event()
    assert (second.device, second.reason, second.correlation_id) == ("A", None, "control-1")
    assert (a.switched, b.switched) == ([0], [0])
    site.check_nothing_is_left()
    site.check_no_other_event()
    assert (a.switched, b.switched) == ([0], [0])


def test_a_switch_that_waits_for_its_time_is_thrown_once_although_the_derms_was_killed(site: Site) -> None:
    due_at = now() + timedelta(seconds=3)
    timing = xml.element("primaryDeviceTiming", xml.element("interval", start=stamp(due_at)))
    site.control("GA", DISCONNECT, timing, correlation_id="control-1")
    site.serve.kill()
    site.wait_until(due_at)
    assert (site.machines["A"].switched, site.machines["B"].switched) == ([], [])

    site.serve.start()

    events = [site.wait_for_event() for _ in range(2)]
    assert {(event.device, event.reason, event.correlation_id) for event in events} == {
        ("A", None, "control-1"),
        ("B", None, "control-1"),
    }
    site.check_nothing_is_left()
    site.check_no_other_event()
    assert (site.machines["A"].switched, site.machines["B"].switched) == ([0], [0])
