"""Orders carried out: committed first, told once, taken up again after a crash, and told of once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from dermsbus.adapters.base import DeviceRejected
from dermsbus.commander import Commander
from dermsbus.dispatch import Event, FieldView
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.controls import ControlKind, EndDeviceControl, EndDeviceEvent
from dermsbus.domain.der import Device, Reading
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting, SettingChange, SettingKey
from dermsbus.domain.dispatch_book import DispatchBook, StatedDispatch
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FleetState
from dermsbus.domain.ledger import Ledger, LedgerDraft
from dermsbus.domain.model import EndDevice, EndDeviceGroup, GroupReference
from dermsbus.domain.planning import Planner, PlanRules
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    Dispatch,
    DispatchState,
    IntervalUnit,
    ParameterKind,
    Point,
)
from dermsbus.domain.registry import GroupRegistry
from dermsbus.domain.switching import SwitchBook
from dermsbus.errors import StoreError
from dermsbus.executor import Executor
from dermsbus.holdings import Holdings
from dermsbus.messages.envelope import EndDeviceEvents
from tests.clock import Clock
from tests.scripted_devices import LOST, REFUSED, TAKEN, ScriptedDevices
from tests.unit.domain.builders import device, devices, new_group, numbered_mrids
from tests.unit.domain.fleet_builders import pv

RULES = PlanRules(hold_s=900.0, grace_s=5.0, step_s=10.0)
W, VAR = DeviceFunction.ACTIVE_POWER, DeviceFunction.REACTIVE_POWER
ACTIVE, REACTIVE = ParameterKind.ACTIVE_POWER, ParameterKind.REACTIVE_POWER
DISCONNECT, CONNECT = ControlKind.DISCONNECT, ControlKind.CONNECT


class Derms:
    """All that carries out orders, with a store in a few dicts and workers that work when the test says so."""

    def __init__(self, *names: str, groups: Mapping[str, Sequence[str]] | None = None) -> None:
        self.clock = Clock()
        self.fleet = Fleet(pv(name) for name in names)
        self.devices = ScriptedDevices(self.clock)
        self.settings: dict[SettingKey, DeviceSetting] = {}
        self.groups: dict[str, EndDeviceGroup] = {}
        self.orders: dict[str, Dispatch] = {}
        self.switches: dict[str, object] = {}
        self.events: list[EndDeviceEvent] = []
        self.correlation_ids: list[str | None] = []
        self.fails = 0
        self.monotonic_s = 0.0
        self.is_surveyed = True
        self.connected: dict[str, bool] = {}
        self.numbers = numbered_mrids("order")
        self.start()
        for mrid, members in (groups or {"G": names}).items():
            self.group(mrid, *members)

    def start(self) -> None:
        """Begin with what the store holds; what waits for devices and what they said is lost."""
        self.state = FleetState(self.fleet)
        for each in self.fleet.devices:
            self.state.know(each.mrid, frozenset(DeviceFunction))
        self.ledger = Ledger(
            groups=GroupRegistry(self.groups.values()),
            dispatches=DispatchBook(self.orders.values(), new_mrid=self.numbers),
            switches=SwitchBook(self.switches.values(), new_id=self.numbers),  # type: ignore[arg-type]
        )
        self.commander = Commander({"simulated": self.devices}, timeout_s=1.0, now=self.clock)
        self.commander._start = lambda _device: None  # type: ignore[method-assign]  # the test does the work
        self.executor = Executor(
            ledger=self.ledger,
            view=self.view,
            planner=Planner(self.state, stale_after_s=10.0, rules=RULES),
            holdings=Holdings(self.fleet, tuple(self.settings.values()), hold_s=RULES.hold_s, now=self.clock()),
            commander=self.commander,
            keep=self.keep,
            now=self.clock,
            clock_s=lambda: self.monotonic_s,
        )

    def view(self) -> FieldView | None:
        return FieldView(state=self.state, stale_after_s=10.0, now=self.clock()) if self.is_surveyed else None

    def keep(self, draft: LedgerDraft | None, settings: Sequence[SettingChange], events: Sequence[Event]) -> None:
        has_something = bool(settings or events or (draft and (draft.switches.changes or draft.dispatches.changes)))
        if has_something and self.fails:
            self.fails -= 1
            raise StoreError("disk full")
        for change in settings:
            put(self.settings, change.key, change.after)
        if draft is not None:
            self.adopt(draft)
        for event in events:
            assert isinstance(event.payload.content, EndDeviceEvents)
            self.events += [each for each in event.payload.content.events if isinstance(each, EndDeviceEvent)]
            self.correlation_ids.append(event.correlation_id)

    def adopt(self, draft: LedgerDraft) -> None:
        """Commit a draft, as the consumer does: what changes nothing is not adopted."""
        changes = (*draft.groups.changes, *draft.dispatches.changes, *draft.switches.changes)
        for group in draft.groups.changes:
            put(self.groups, (group.after or group.before).mrid, group.after)  # type: ignore[union-attr]
        for order in draft.dispatches.changes:
            put(self.orders, (order.after or order.before).mrid, order.after)  # type: ignore[union-attr]
        for switch in draft.switches.changes:
            put(self.switches, (switch.after or switch.before).order_id, switch.after)  # type: ignore[union-attr]
        if changes:
            self.ledger.adopt(draft)

    # -- what is asked of it ---------------------------------------------------------------------------------------

    def group(self, mrid: str, *members: str) -> None:
        draft = self.ledger.draft(self.clock())
        draft.groups.create(new_group(mrid, mrid, members=devices(*members)), BEHAVIOURS["default"])
        self.adopt(draft)

    def delete_group(self, mrid: str) -> None:
        draft = self.ledger.draft(self.clock())
        draft.groups.delete(EndDeviceGroup(mrid=mrid), BEHAVIOURS["default"])
        draft.dispatches.cancel_group(mrid)
        self.adopt(draft)

    def order(
        self, *values: float | None, of: str = "G", parameter: ParameterKind = ACTIVE, every_s: float = 100.0
    ) -> str:
        points = tuple(
            Point(at=self.clock() + timedelta(seconds=place * every_s), nominal=value)
            for place, value in enumerate(values)
        )
        curve = Curve(
            style=CurveStyle.CONSTANT_Y_VALUE,
            points=points,
            ends_at=self.clock() + timedelta(seconds=len(values) * every_s),
            interval=1,
            interval_unit=IntervalUnit.SECOND,
        )
        draft = self.ledger.draft(self.clock())
        made = draft.dispatches.create(
            Dispatch(
                mrid="",
                group=GroupReference(mrid=of),
                parameter=parameter,
                curves=(curve,),
                received_at=self.clock(),
            )
        )
        self.adopt(draft)
        return made.mrid

    def cancel(self, mrid: str) -> None:
        draft = self.ledger.draft(self.clock())
        draft.dispatches.cancel(StatedDispatch(mrid=mrid))
        self.adopt(draft)

    def control(
        self,
        kind: ControlKind,
        *mrids: str | EndDevice,
        in_s: float = 0.0,
        lasts_s: float | None = None,
        correlation_id: str = "X",
    ) -> None:
        draft = self.ledger.draft(self.clock())
        ordered = EndDeviceControl(kind=kind, starts_at=self.clock() + timedelta(seconds=in_s), duration_s=lasts_s)
        named = [each if isinstance(each, EndDevice) else device(each) for each in mrids]
        draft.switches.accept(ordered, named, correlation_id=correlation_id)
        self.adopt(draft)

    # -- time goes by ----------------------------------------------------------------------------------------------

    def read(self) -> None:
        """All devices say that they give what they hold."""
        self.state.put(map(self._reading, self.fleet.devices))

    def _reading(self, of: Device) -> Reading:
        held = self.devices.held(of.mrid)
        return Reading(
            mrid=of.mrid,
            at=self.clock(),
            active_power_w=held.get("active_power_w", 0.0),
            available_min_w=0.0,
            available_max_w=of.name_plate.active_power_max_w,
            connected=self.devices.is_connected(of.mrid),
        )

    def tick(self) -> None:
        self.read()
        self.executor.tick()

    def work(self) -> None:
        for line in self.commander._lines.values():
            while line.waiting:
                job = line.waiting.popleft()
                self.commander._results += self.commander._do(job)

    def live(self, seconds: float = 1.0, *, work: bool = True) -> None:
        """Let time pass in quarters of a second, as the consumer's thread does."""
        for _ in range(int(seconds * 4)):
            self.tick()
            if work:
                self.work()
            self.clock.advance(0.25)
            self.monotonic_s += 0.25

    # -- what there is to see --------------------------------------------------------------------------------------

    def held(self, function: DeviceFunction = W) -> dict[str, float]:
        return {
            mrid: held[function.value] for mrid in self.fleet if function.value in (held := self.devices.held(mrid))
        }

    def told(self) -> list[tuple[str, str | float, object]]:
        """Device, function and value of all that devices took."""
        return [(mrid, *heard) for mrid in self.fleet for heard in self.devices.heard(mrid)]

    def outcomes(self) -> list[tuple[str | None, str]]:
        return [(event.device.mrid, event.kind.value) for event in self.events]


def put(into: dict, key: object, value: object) -> None:  # type: ignore[type-arg]
    if value is None:
        del into[key]
    else:
        into[key] = value


@pytest.fixture
def derms() -> Derms:
    return Derms("A", "B")


# -- set-points --------------------------------------------------------------------------------------------------------


def test_each_interval_is_told_once_and_what_devices_let_go_of_by_themselves_is_not_released(derms: Derms) -> None:
    derms.order(2_000.0, 4_000.0)

    derms.live(99)
    assert derms.held() == {"A": 1_000.0, "B": 1_000.0}
    derms.live(100)
    assert derms.held() == {"A": 2_000.0, "B": 2_000.0}
    derms.live(20)

    assert derms.told() == [(mrid, "active_power_w", value) for mrid in "AB" for value in (1_000.0, 2_000.0)]
    assert derms.held() == {}
    assert derms.settings == {}


def test_a_change_of_the_schedule_is_told_at_its_time_and_not_at_the_next_look(derms: Derms) -> None:
    derms.order(2_000.0, 4_000.0, every_s=10.25)
    derms.live(10.25)
    assert derms.held()["A"] == 1_000.0

    derms.tick()
    derms.work()

    assert derms.held()["A"] == 2_000.0


def test_a_device_that_does_not_let_go_at_the_end_is_released(derms: Derms) -> None:
    derms.devices.forgets_to_let_go = True
    derms.order(2_000.0)

    derms.live(120)

    assert derms.held() == {}
    assert derms.told()[-1] == ("B", "release", True)


def test_a_store_that_fails_means_nobody_is_told_and_later_everybody_once(derms: Derms) -> None:
    derms.order(2_000.0)
    derms.fails = 2

    for _ in range(2):
        with pytest.raises(StoreError):
            derms.live(2)
        derms.work()
        derms.monotonic_s += 1.0
    assert derms.told() == []

    derms.live(5)
    assert derms.told() == [("A", "active_power_w", 1_000.0), ("B", "active_power_w", 1_000.0)]


def test_of_two_orders_of_a_group_the_one_that_is_canceled_goes_and_the_other_stays(derms: Derms) -> None:
    derms.order(2_000.0)
    reactive = derms.order(400.0, parameter=REACTIVE)
    derms.live(3)
    assert derms.held(VAR) == {"A": 200.0, "B": 200.0}

    derms.cancel(reactive)
    derms.live(3)

    assert derms.held(VAR) == {}
    assert derms.held() == {"A": 1_000.0, "B": 1_000.0}


def test_an_order_that_is_canceled_lets_devices_go_at_once(derms: Derms) -> None:
    mrid = derms.order(2_000.0)
    derms.live(3)

    derms.cancel(mrid)
    derms.tick()
    derms.work()

    assert derms.held() == {}


def test_a_restart_in_an_interval_tells_nobody_what_it_holds(derms: Derms) -> None:
    derms.order(2_000.0, 4_000.0)
    derms.live(50)
    told = derms.told()

    derms.start()
    derms.live(20)

    assert derms.told() == told
    assert derms.devices.asked[-2:] == ["A", "B"]


def test_after_a_restart_only_who_does_not_hold_it_is_told(derms: Derms) -> None:
    derms.order(2_000.0, 4_000.0)
    derms.live(50)
    derms.devices.forget("B")
    told = derms.told()

    derms.start()
    derms.live(5)

    assert derms.held() == {"A": 1_000.0, "B": 1_000.0}
    assert len(derms.told()) == len(told) + 1


def test_a_restart_after_a_change_goes_on_in_the_interval_that_it_is_in(derms: Derms) -> None:
    derms.order(2_000.0, 4_000.0)
    derms.live(50)
    derms.clock.advance(60)
    assert derms.held() == {}  # they let go by themselves, a grace after the change

    derms.start()
    derms.live(5)

    assert derms.held() == {"A": 2_000.0, "B": 2_000.0}


def test_nothing_is_planned_before_all_devices_were_asked(derms: Derms) -> None:
    derms.order(2_000.0)
    derms.live(5)
    derms.start()
    derms.is_surveyed = False

    derms.live(10)
    assert derms.held() == {"A": 1_000.0, "B": 1_000.0}
    asked = len(derms.devices.asked)

    derms.is_surveyed = True
    derms.live(2)
    assert len(derms.devices.asked) > asked


def test_groups_in_groups_are_commanded_and_no_more_when_the_inner_one_is_gone() -> None:
    derms = Derms("A", "B", groups={"inner": ("B",), "G": ("A", "inner")})
    derms.order(2_000.0)
    derms.live(3)
    assert derms.held() == {"A": 1_000.0, "B": 1_000.0}

    derms.delete_group("inner")
    derms.live(5)

    assert derms.held() == {"A": 2_000.0}


def test_a_group_that_comes_to_be_behind_an_unknown_member_takes_part() -> None:
    derms = Derms("A", "B", groups={"G": ("A", "later")})
    derms.order(2_000.0, 4_000.0)
    derms.live(3)
    assert derms.held() == {"A": 2_000.0}

    derms.group("later", "B")
    derms.live(100)

    assert derms.held() == {"A": 2_000.0, "B": 2_000.0}


def test_the_states_of_orders_follow_the_time_also_of_those_that_ended_while_nobody_was_there(derms: Derms) -> None:
    first = derms.order(2_000.0, every_s=10.0)
    second = derms.order(2_000.0, every_s=1_000.0, parameter=REACTIVE)
    derms.live(2)
    assert [derms.orders[mrid].state for mrid in (first, second)] == [DispatchState.ACTIVE] * 2
    derms.clock.advance(100)

    derms.start()
    derms.is_surveyed = False
    derms.tick()

    assert derms.orders[first].state is DispatchState.COMPLETED
    assert derms.orders[second].state is DispatchState.ACTIVE


def test_an_order_that_cannot_be_met_is_said_once(derms: Derms) -> None:
    with capture_logs() as logs:
        derms.order(20_000.0)
        derms.live(30)

    said = [entry for entry in logs if entry["event"] == "order cannot be met"]
    assert [(entry["group"], entry["parameter"], entry["shortfall"]) for entry in said] == [
        ("G", "activePower", 10_000.0)
    ]


def test_a_device_that_refuses_is_made_up_for_by_the_others(derms: Derms) -> None:
    derms.devices.refuse("A", "active_power_w")
    derms.order(2_000.0)

    derms.live(5)

    assert derms.held() == {"B": 2_000.0}


def test_a_clock_that_is_put_back_and_one_that_leaps_ahead_leave_devices_with_what_is_ordered_now(
    derms: Derms,
) -> None:
    derms.order(2_000.0, 4_000.0)
    derms.live(110)
    assert derms.held()["A"] == 2_000.0

    derms.clock._at -= timedelta(seconds=50)
    derms.live(3)
    assert derms.held()["A"] == 1_000.0

    derms.clock.advance(60)
    derms.live(3)
    assert derms.held()["A"] == 2_000.0

    derms.clock.advance(86_400)
    derms.live(3)
    assert (derms.held(), derms.settings) == ({}, {})


# -- switches ----------------------------------------------------------------------------------------------------------


def test_a_switch_is_thrown_at_its_time_once_and_told_of_once(derms: Derms) -> None:
    derms.control(DISCONNECT, "A", "B", in_s=10)

    derms.live(9.75)
    assert derms.told() == []
    derms.live(30)

    assert derms.told() == [("A", "connect", False), ("B", "connect", False)]
    assert derms.outcomes() == [("A", "disconnected"), ("B", "disconnected")]
    assert derms.correlation_ids == ["X", "X"]
    assert derms.switches == {}


def test_there_and_back(derms: Derms) -> None:
    derms.control(DISCONNECT, "A", lasts_s=20)

    derms.live(40)

    assert derms.told() == [("A", "connect", False), ("A", "connect", True)]
    assert derms.outcomes() == [("A", "disconnected"), ("A", "connected")]


@pytest.mark.parametrize("reason", [REFUSED, LOST])
def test_a_switch_that_fails_is_told_of_once_and_not_tried_again(derms: Derms, reason: str) -> None:
    derms.devices.on_command("A", reason)
    derms.control(DISCONNECT, "A")

    derms.live(30)

    assert derms.told() == []
    assert derms.outcomes() == [("A", "disconnect failed")]
    assert derms.events[0].reason


def test_a_switch_is_written_down_as_given_before_it_is_thrown(derms: Derms) -> None:
    derms.control(DISCONNECT, "A")
    derms.fails = 1
    with pytest.raises(StoreError):
        derms.tick()
    derms.work()
    assert derms.told() == []

    derms.tick()
    assert [order.state.value for order in derms.ledger.switches] == ["given"]
    derms.live(5)

    assert derms.told() == [("A", "connect", False)]
    assert derms.outcomes() == [("A", "disconnected")]


def test_an_outcome_that_could_not_be_written_down_is_told_of_once_all_the_same(derms: Derms) -> None:
    derms.control(DISCONNECT, "A")
    derms.tick()
    derms.work()
    derms.fails = 3
    for _ in range(3):
        with pytest.raises(StoreError):
            derms.tick()

    derms.live(5)

    assert derms.told() == [("A", "connect", False)]
    assert derms.outcomes() == [("A", "disconnected")]


@pytest.mark.parametrize("was_thrown", [False, True])
def test_after_a_crash_between_giving_and_telling_the_switch_is_thrown_once_and_told_of_once(
    derms: Derms, was_thrown: bool
) -> None:
    derms.control(DISCONNECT, "A")
    derms.tick()
    if was_thrown:
        derms.work()

    derms.start()
    derms.live(5)

    assert derms.told() == [("A", "connect", False)]
    assert derms.outcomes() == [("A", "disconnected")]
    assert derms.switches == {}


def test_after_a_crash_a_device_that_cannot_be_asked_is_told_of_as_unknown_and_not_switched(derms: Derms) -> None:
    derms.control(DISCONNECT, "A")
    derms.tick()
    derms.devices.on_question("A", LOST)

    derms.start()
    derms.live(5)

    assert derms.told() == []
    assert derms.outcomes() == [("A", "disconnect failed")]
    assert derms.events[0].reason == "no answer: whether it was done is not known"


def test_a_switch_whose_time_was_over_while_nobody_was_there_is_not_thrown_forth_and_back(derms: Derms) -> None:
    derms.control(DISCONNECT, "A", in_s=10, lasts_s=20)
    derms.clock.advance(60)

    derms.start()
    derms.live(10)

    assert derms.told() == []
    assert derms.outcomes() == [("A", "disconnect failed"), ("A", "connect failed")]
    assert "before the device could be told" in (derms.events[0].reason or "")
    assert derms.events[1].reason == "the order that it goes back from was not given"
    assert derms.switches == {}


def test_a_switch_that_was_given_before_a_crash_goes_back_even_if_its_time_was_over_meanwhile(derms: Derms) -> None:
    derms.control(DISCONNECT, "A", lasts_s=20)
    derms.tick()
    derms.work()
    derms.clock.advance(60)

    derms.start()
    derms.live(5)

    assert derms.told() == [("A", "connect", False), ("A", "connect", True)]
    assert derms.outcomes() == [("A", "disconnect failed"), ("A", "connected")]
    assert "not known" in (derms.events[0].reason or "")


def test_switches_that_are_due_together_are_thrown_in_the_order_of_their_time(derms: Derms) -> None:
    derms.control(DISCONNECT, "A", in_s=10)
    derms.control(CONNECT, "A", in_s=20)
    derms.clock.advance(60)

    derms.live(5)

    assert derms.told() == [("A", "connect", False), ("A", "connect", True)]
    assert derms.outcomes() == [("A", "disconnected"), ("A", "connected")]


def test_a_later_control_while_the_device_is_slow_has_the_last_word(derms: Derms) -> None:
    derms.control(DISCONNECT, "A")
    derms.tick()
    derms.control(CONNECT, "A")
    derms.tick()

    derms.live(5)

    assert derms.devices.is_connected("A")
    assert derms.outcomes() == [("A", "disconnected"), ("A", "connected")]


def test_a_device_that_is_not_in_the_catalogue_fails_at_once_with_its_way_back(derms: Derms) -> None:
    derms.control(DISCONNECT, "nobody", device(None, "A"), lasts_s=60)

    derms.live(3)

    assert derms.outcomes() == [("nobody", "disconnect failed"), ("nobody", "connect failed"), (None, "disconnected")]
    assert derms.told() == [("A", "connect", False)]


def test_what_a_device_says_in_signs_that_no_message_can_carry_stops_nothing(derms: Derms) -> None:
    derms.devices.on_command("A", DeviceRejected("A", "bad \x00 \ufffe \ud800 frame"))
    derms.control(DISCONNECT, "A")

    derms.live(3)

    assert (derms.events[0].reason or "").isprintable()
    assert "bad" in (derms.events[0].reason or "")


def test_switches_are_thrown_before_all_devices_were_asked_for_their_values(derms: Derms) -> None:
    derms.is_surveyed = False
    derms.control(DISCONNECT, "A")

    derms.live(1)

    assert derms.outcomes() == [("A", "disconnected")]


def test_a_device_that_was_disconnected_takes_no_part_and_is_made_up_for(derms: Derms) -> None:
    derms.order(2_000.0)
    derms.live(3)
    derms.control(DISCONNECT, "A")

    derms.live(5)

    assert derms.held() == {"B": 2_000.0}


def test_answers_of_devices_are_taken_in_without_a_new_plan_for_each(derms: Derms) -> None:
    planned: list[int] = []
    plan = derms.executor._planner.plan
    derms.executor._planner.plan = lambda *args, **names: (planned.append(1), plan(*args, **names))[1]  # type: ignore[method-assign]
    derms.order(2_000.0)

    derms.live(20)

    assert len(planned) <= 22


# -- kill -9 at any time -----------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.integers(0, 60), st.booleans(), max_size=10))
def test_kill_9_again_and_again_loses_and_doubles_nothing(kills: Mapping[int, bool]) -> None:
    """A crash at each of these ticks: after the workers have done what they were given, or before."""
    derms = Derms("A", "B", "C", groups={"G": ("A", "B")})
    derms.order(2_000.0, 4_000.0, 6_000.0, every_s=4.0)
    derms.control(DISCONNECT, "C", in_s=6, lasts_s=3)
    for number in range(64):
        derms.tick()
        if not kills.get(number, True):
            derms.start()
        derms.work()
        if kills.get(number, False):
            derms.start()
        derms.clock.advance(0.25)
        derms.monotonic_s += 0.25
        if number % 16 == 14 and number < 48:
            assert derms.held() == dict.fromkeys("AB", 1_000.0 * (number // 16 + 1))

    derms.live(10)
    assert [heard for heard in derms.devices.heard("C") if heard[0] == "connect"] == [
        ("connect", False),
        ("connect", True),
    ]
    assert derms.outcomes() == [("C", "disconnected"), ("C", "connected")]
    for mrid in ("A", "B"):
        values = [value for _, value in derms.devices.heard(mrid)]
        assert values == [1_000.0, 2_000.0, 3_000.0], "told twice, or not at all"
    assert (derms.held(), derms.settings, derms.switches) == ({}, {}, {})


def test_a_switch_that_was_taken_without_an_answer_before_a_crash_is_found(derms: Derms) -> None:
    derms.devices.on_command("A", TAKEN)
    derms.control(DISCONNECT, "A")
    derms.tick()
    derms.work()

    derms.start()
    derms.live(5)

    assert derms.told() == [("A", "connect", False)]
    assert derms.outcomes() == [("A", "disconnected")]
