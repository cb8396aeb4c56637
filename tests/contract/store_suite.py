"""What every store must do; each implementation inherits it and says how to open one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, product
from pathlib import Path
from queue import Queue
from threading import Thread
from types import MappingProxyType
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.controls import ControlKind
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting, SettingChange, SettingKey
from dermsbus.domain.dispatch_book import DispatchChange
from dermsbus.domain.model import (
    EndDevice,
    EndDeviceGroup,
    GroupReference,
    Instant,
    Name,
    NameType,
    NameTypeAuthority,
    Version,
)
from dermsbus.domain.quantities import Curve, CurveStyle, Dispatch, DispatchState, IntervalUnit, ParameterKind, Point
from dermsbus.domain.registry import Draft, GroupChange, GroupRegistry
from dermsbus.domain.switching import SwitchChange, SwitchOrder, SwitchState
from dermsbus.errors import RequestError, StoreError
from dermsbus.store.base import Commit, InboxKey, InboxRecord, NonceRecord, OutboxEntry, OutboxState, Store
from dermsbus.transports.base import Outgoing, ReplyTo, Topic
from dermsbus.transports.base import Queue as QueueDestination
from tests.unit.domain.builders import device, devices, function, name, names, new_group, numbered_mrids, version

K = TypeVar("K")
V = TypeVar("V")

MOMENT = datetime(2024, 5, 1, 8, 0, 0, 123456, tzinfo=UTC)
KEY = InboxKey(source="dms", message_id="REQ-1")
OTHER_KEY = InboxKey(source="dms", message_id="REQ-2")

EVERYTHING = EndDeviceGroup(
    mrid="G-A",
    description="Feeder 7 west, Süd\n",
    der_function=function("voltage_regulation", "connect_disconnect"),
    end_devices=(
        EndDevice(mrid="D1"),
        EndDevice(mrid="D2", names=(name("two", "GIS"), name("zwei"))),
        EndDevice(names=names("three")),
    ),
    names=(
        Name(name="GA"),
        Name(name="GA", name_type=NameType(name="SCADA", description="")),
        Name(
            name="7",
            name_type=NameType(name="GIS", authority=NameTypeAuthority(name="utility", description="who names")),
        ),
    ),
    version=Version(
        date=Instant(at=MOMENT, text="2024-05-01T08:00:00.1234567", zone_assumed=True),
        major=2**70,
        minor=0,
        revision=-1,
    ),
)

STEPS = Curve(
    style=CurveStyle.CONSTANT_Y_VALUE,
    points=(Point(at=MOMENT, nominal=0.1 + 0.2), Point(at=MOMENT + timedelta(minutes=15), nominal=-0.0)),
    ends_at=MOMENT + timedelta(minutes=30),
    interval=15,
    interval_unit=IntervalUnit.MINUTE,
)
LINE = Curve(
    style=CurveStyle.STRAIGHT_LINE_Y_VALUES,
    points=(
        Point(at=MOMENT, minimum=-1e300, maximum=5e-324),
        Point(at=MOMENT + timedelta(microseconds=1), nominal=1.0),
        Point(at=MOMENT + timedelta(days=31)),
    ),
    ends_at=MOMENT + timedelta(days=31),
    interval=1,
    interval_unit=IntervalUnit.MONTH,
)
EVERYTHING_ORDERED = Dispatch(
    mrid="O-A",
    names=EVERYTHING.names,
    group=GroupReference(mrid="G-A", names=(name("Süd"), name("7", "GIS", "utility"))),
    parameter=ParameterKind.HIGH_FILTER_BI_DIRECTIONAL_REGULATION,
    curves=(STEPS, LINE),
    received_at=MOMENT,
    state=DispatchState.SUPERSEDED,
    source="dms\n",
)
CONNECT = SwitchOrder(
    order_id="S-A",
    device=EndDevice(mrid="D2", names=(name("two", "GIS"), name("zwei"))),
    kind=ControlKind.CONNECT,
    starts_at=MOMENT + timedelta(microseconds=1),
    ends_at=MOMENT + timedelta(hours=1),
    is_return=True,
    received_at=MOMENT,
    state=SwitchState.GIVEN,
    control_mrid="C-A",
    device_type=3,
    issuer_id="",
    issuer_tracking_id="ü-1",
    correlation_id="COR-1",
)


def created(*groups: EndDeviceGroup) -> Commit:
    return Commit(groups=tuple(GroupChange(before=None, after=group) for group in groups))


def changed(before: EndDeviceGroup, after: EndDeviceGroup) -> Commit:
    return Commit(groups=(GroupChange(before=before, after=after),))


def order(mrid: str, *curves: Curve) -> Dispatch:
    """A dispatch with no more than it must have."""
    return Dispatch(
        mrid=mrid,
        group=GroupReference(mrid="G-A"),
        parameter=ParameterKind.ACTIVE_POWER,
        curves=curves or (STEPS,),
        received_at=MOMENT,
    )


def ordered(*dispatches: Dispatch) -> tuple[DispatchChange, ...]:
    return tuple(DispatchChange(before=None, after=dispatch) for dispatch in dispatches)


def switch(order_id: str) -> SwitchOrder:
    """A switch order with no more than it must have."""
    return SwitchOrder(
        order_id=order_id,
        device=EndDevice(mrid="D1"),
        kind=ControlKind.DISCONNECT,
        starts_at=MOMENT,
        received_at=MOMENT,
    )


def accepted(*orders: SwitchOrder) -> tuple[SwitchChange, ...]:
    return tuple(SwitchChange(before=None, after=order) for order in orders)


def setting(
    mrid: str = "D1", function: DeviceFunction = DeviceFunction.ACTIVE_POWER, value: float = 1000.0
) -> DeviceSetting:
    return DeviceSetting(
        mrid=mrid,
        function=function,
        value=value,
        ends_at=MOMENT + timedelta(hours=1),
        command_id=f"CMD-{mrid}",
        dispatch_mrid="O-A",
        given_at=MOMENT,
    )


def told(*held: DeviceSetting) -> tuple[SettingChange, ...]:
    return tuple(SettingChange(key=each.key, after=each) for each in held)


def let_go(*keys: SettingKey) -> tuple[SettingChange, ...]:
    return tuple(SettingChange(key=key, after=None) for key in keys)


def held_by(store: Store) -> list[DeviceSetting]:
    """The settings of *store*, in an order that does not depend on it."""
    return sorted(store.settings(), key=lambda each: each.key)


def received(key: InboxKey = KEY, *, digest: bytes = b"\x00" * 32, at: datetime = MOMENT) -> InboxRecord:
    return InboxRecord(key=key, digest=digest, received_at=at)


def nonce(nonce: bytes = b"n", *, until: datetime = MOMENT) -> NonceRecord:
    return NonceRecord(nonce=nonce, digest=b"\x00" * 32, forget_at=until)


def outgoing(message_id: str = "REP-1") -> Outgoing:
    return Outgoing(
        destination=Topic("cim.production.evt.derms1.created.DERGroups"), body=b"<x/>", message_id=message_id
    )


def reply(message_id: str = "REP-1", cause: InboxKey = KEY) -> OutboxEntry:
    return OutboxEntry(message=outgoing(message_id), cause=cause, is_reply=True)


def tell(message_id: str = "EVT-1", cause: InboxKey | None = KEY) -> OutboxEntry:
    return OutboxEntry(message=outgoing(message_id), cause=cause)


def message_ids(entries: tuple[OutboxEntry, ...]) -> list[str]:
    return [entry.message.message_id for entry in entries]


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.at = MOMENT

    def __call__(self) -> datetime:
        return self.at


class StoreContract(ABC):
    """The suite. A subclass opens its store; the same place opened again is the same store."""

    @abstractmethod
    def open(self, place: Path, clock: Clock) -> Store:
        """Open the store kept at *place*, a folder; *clock* stamps what is sent."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def store(self, tmp_path: Path, clock: Clock) -> Iterator[Store]:
        store = self.open(tmp_path, clock)
        yield store
        store.close()

    def reopened(self, store: Store, tmp_path: Path, clock: Clock) -> Store:
        store.close()
        return self.open(tmp_path, clock)

    # -- groups

    def test_a_new_store_is_empty(self, store: Store) -> None:
        assert list(store.groups()) == []
        assert list(store.dispatches()) == []
        assert list(store.switches()) == []
        assert list(store.settings()) == []
        assert store.pending() == ()
        assert store.recall(KEY) is None
        assert store.replies_to(KEY) == ()
        assert store.count_nonces() == 0

    def test_a_group_comes_back_exactly_as_it_was_given(self, store: Store) -> None:
        bare = EndDeviceGroup(mrid="G-B", der_function=function())
        store.commit(created(EVERYTHING, bare))

        assert list(store.groups()) == [EVERYTHING, bare]

    def test_groups_are_there_when_it_is_opened_again(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        store.commit(created(EVERYTHING))
        again = self.reopened(store, tmp_path, clock)

        assert list(again.groups()) == [EVERYTHING]
        again.close()

    def test_groups_come_in_the_order_of_their_creation(self, store: Store) -> None:
        one, two, three = new_group("G-3"), new_group("G-1"), new_group("G-2")
        store.commit(created(one, two))
        store.commit(changed(one, replace(one, description="changed")))
        store.commit(Commit(groups=(GroupChange(before=two, after=None),)))
        store.commit(created(three, two))

        assert [group.mrid for group in store.groups()] == ["G-3", "G-2", "G-1"]

    @pytest.mark.parametrize(
        "after",
        [
            (),
            devices("D1", "D2", "D4"),
            devices("D4"),
            devices("D1", "D2", "D3", "D4", "D5", "D6"),
            devices("D2", "D4", "D5"),
            devices("D4", "D3", "D2", "D1"),
            devices("D0", "D1", "D2", "D3", "D4"),
            (device("D1"), device("D2", "renamed"), device("D3"), device("D4")),
            (device("D1"), device(None, "D2"), device("D3"), device("D4")),
            (device("D2", "renamed"), device("D4", "renamed"), device(None, "new"), device("D5")),
            devices("X1", "X2"),
        ],
    )
    def test_members_after_a_change_are_those_of_the_change_in_its_order(
        self, store: Store, after: tuple[EndDevice, ...]
    ) -> None:
        before = new_group("G-A", members=devices("D1", "D2", "D3", "D4"))
        bystander = new_group("G-B", members=devices("D1", "D2"))
        store.commit(created(before, bystander))

        store.commit(changed(before, replace(before, end_devices=after)))

        assert list(store.groups()) == [replace(before, end_devices=after), bystander]
        store.commit(changed(replace(before, end_devices=after), before))
        assert list(store.groups()) == [before, bystander]

    def test_members_told_by_names_join_change_and_leave(self, store: Store) -> None:
        one = new_group("G-A", members=(device(None, "a"), device("D1", "a", "b"), device(None, "b", "c")))
        two = replace(one, end_devices=(device("D1", "b"), device(None, "b", "c"), device(None, "d")))
        store.commit(created(one))
        store.commit(changed(one, two))

        assert list(store.groups()) == [two]

    def test_a_deleted_group_leaves_nothing_behind(self, store: Store) -> None:
        store.commit(created(EVERYTHING))
        store.commit(Commit(groups=(GroupChange(before=EVERYTHING, after=None),)))
        empty = new_group("G-A")
        store.commit(created(empty))

        assert list(store.groups()) == [empty]

    def test_a_change_of_a_group_that_is_not_there_is_refused_whole(self, store: Store) -> None:
        unknown = new_group("G-B")
        for change in (
            GroupChange(before=unknown, after=None),
            GroupChange(before=unknown, after=replace(unknown, description="new")),
        ):
            with pytest.raises(StoreError):
                store.commit(
                    Commit(
                        inbox=(received(),),
                        groups=(GroupChange(before=None, after=EVERYTHING), change),
                        outbox=(reply(),),
                    )
                )

        assert list(store.groups()) == []
        assert store.recall(KEY) is None
        assert store.pending() == ()

    def test_a_change_of_a_member_that_is_not_there_is_refused_whole(self, store: Store) -> None:
        stored, believed = new_group("G-A", members=devices("D1")), new_group("G-A", members=devices("D1", "D2"))
        store.commit(created(stored))

        with pytest.raises(StoreError):
            store.commit(changed(believed, replace(stored, description="new")))

        assert list(store.groups()) == [stored]

    def test_a_second_group_with_the_same_mrid_is_refused(self, store: Store) -> None:
        store.commit(created(EVERYTHING))

        with pytest.raises(StoreError):
            store.commit(created(new_group("G-A")))

        assert list(store.groups()) == [EVERYTHING]

    # -- dispatches

    def test_a_dispatch_comes_back_exactly_as_it_was_given(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        store.commit(Commit(dispatches=ordered(EVERYTHING_ORDERED, order("O-B"))))
        again = self.reopened(store, tmp_path, clock)

        assert list(again.dispatches()) == [EVERYTHING_ORDERED, order("O-B")]
        assert repr(list(again.dispatches())) == repr([EVERYTHING_ORDERED, order("O-B")])  # tells -0.0 from 0.0
        again.close()

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_whatever_is_ordered_comes_back_exactly(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        given_dispatches = data.draw(st.lists(any_dispatch, max_size=3, unique_by=lambda each: each.mrid))
        place = tmp_path_factory.mktemp("store")
        store = self.open(place, Clock())
        store.commit(Commit(dispatches=ordered(*given_dispatches)))
        kept = list(store.dispatches())
        store.close()

        assert kept == given_dispatches
        assert repr(kept) == repr(given_dispatches)

    def test_dispatches_come_in_the_order_of_their_creation(self, store: Store) -> None:
        one, two, three = order("O-3"), order("O-1"), order("O-2")
        store.commit(Commit(dispatches=ordered(one, two)))
        active = replace(one, state=DispatchState.ACTIVE)
        store.commit(Commit(dispatches=(DispatchChange(before=one, after=active),)))
        store.commit(
            Commit(dispatches=(DispatchChange(before=active, after=replace(active, curves=(LINE,))), *ordered(three)))
        )
        store.commit(Commit(dispatches=(DispatchChange(before=two, after=None),)))
        store.commit(Commit(dispatches=ordered(two)))

        assert [dispatch.mrid for dispatch in store.dispatches()] == ["O-3", "O-2", "O-1"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"state": DispatchState.ACTIVE},
            {"curves": (STEPS,)},
            {"curves": (LINE, STEPS), "received_at": MOMENT + timedelta(seconds=1), "state": DispatchState.SCHEDULED},
            {"names": ()},
            {"names": names("another"), "source": ""},
            {"group": GroupReference(mrid="G-B")},
            {"parameter": ParameterKind.VOLTAGE},
            {},
        ],
    )
    def test_a_dispatch_after_a_change_is_that_of_the_change(self, store: Store, changes: dict[str, Any]) -> None:
        after = replace(EVERYTHING_ORDERED, **changes)
        store.commit(Commit(dispatches=ordered(order("O-0"), EVERYTHING_ORDERED, order("O-B"))))

        store.commit(Commit(dispatches=(DispatchChange(before=EVERYTHING_ORDERED, after=after),)))

        assert list(store.dispatches()) == [order("O-0"), after, order("O-B")]
        store.commit(Commit(dispatches=(DispatchChange(before=after, after=EVERYTHING_ORDERED),)))
        assert list(store.dispatches()) == [order("O-0"), EVERYTHING_ORDERED, order("O-B")]

    def test_a_removed_dispatch_leaves_nothing_behind(self, store: Store) -> None:
        store.commit(Commit(dispatches=ordered(EVERYTHING_ORDERED)))
        store.commit(Commit(dispatches=(DispatchChange(before=EVERYTHING_ORDERED, after=None),)))
        assert list(store.dispatches()) == []

        store.commit(Commit(dispatches=ordered(order("O-A"))))
        assert list(store.dispatches()) == [order("O-A")]

    def test_a_second_dispatch_with_the_same_mrid_is_refused(self, store: Store) -> None:
        store.commit(Commit(dispatches=ordered(EVERYTHING_ORDERED)))

        with pytest.raises(StoreError):
            store.commit(Commit(dispatches=ordered(order("O-B"), order("O-A"))))

        assert list(store.dispatches()) == [EVERYTHING_ORDERED]

    @pytest.mark.parametrize(
        "after",
        [
            None,
            replace(order("O-B"), state=DispatchState.ACTIVE),
            replace(order("O-B"), names=names("new")),
            replace(order("O-B"), curves=(LINE,)),
        ],
    )
    def test_a_change_of_a_dispatch_that_is_not_there_is_refused_whole(
        self, store: Store, after: Dispatch | None
    ) -> None:
        active = replace(EVERYTHING_ORDERED, state=DispatchState.ACTIVE)
        store.commit(Commit(dispatches=ordered(EVERYTHING_ORDERED)))

        with pytest.raises(StoreError):
            store.commit(
                Commit(
                    inbox=(received(),),
                    groups=(GroupChange(before=None, after=EVERYTHING),),
                    dispatches=(
                        *ordered(order("O-C")),
                        DispatchChange(before=EVERYTHING_ORDERED, after=active),
                        DispatchChange(before=order("O-B"), after=after),
                    ),
                    outbox=(reply(),),
                )
            )

        assert list(store.dispatches()) == [EVERYTHING_ORDERED]
        assert list(store.groups()) == []
        assert store.recall(KEY) is None
        assert store.pending() == ()

    # -- switch orders

    def test_a_switch_order_comes_back_exactly_as_it_was_given(
        self, store: Store, tmp_path: Path, clock: Clock
    ) -> None:
        by_names = replace(switch("S-C"), device=EndDevice(names=names("three")))
        store.commit(Commit(switches=accepted(CONNECT, switch("S-B"), by_names)))

        again = self.reopened(store, tmp_path, clock)

        assert list(again.switches()) == [CONNECT, switch("S-B"), by_names]
        assert repr(list(again.switches())) == repr([CONNECT, switch("S-B"), by_names])
        again.close()

    def test_switch_orders_come_in_the_order_of_their_coming_until_they_are_over(self, store: Store) -> None:
        one, two, three = switch("S-3"), switch("S-1"), switch("S-2")
        given_order = replace(one, state=SwitchState.GIVEN)
        store.commit(Commit(switches=accepted(one, two)))
        store.commit(Commit(switches=(*accepted(three), SwitchChange(before=one, after=given_order))))
        assert list(store.switches()) == [given_order, two, three]

        store.commit(Commit(switches=(SwitchChange(before=two, after=None), *accepted(CONNECT))))
        assert list(store.switches()) == [given_order, three, CONNECT]

    def test_a_switch_order_after_a_change_is_that_of_the_change(self, store: Store) -> None:
        store.commit(Commit(switches=accepted(switch("S-0"), CONNECT, switch("S-B"))))

        store.commit(Commit(switches=(SwitchChange(before=CONNECT, after=switch("S-A")),)))
        assert list(store.switches()) == [switch("S-0"), switch("S-A"), switch("S-B")]

        store.commit(Commit(switches=(SwitchChange(before=switch("S-A"), after=CONNECT),)))
        assert list(store.switches()) == [switch("S-0"), CONNECT, switch("S-B")]

    def test_a_second_switch_order_with_the_same_id_is_refused(self, store: Store) -> None:
        store.commit(Commit(switches=accepted(CONNECT)))

        with pytest.raises(StoreError):
            store.commit(Commit(switches=accepted(switch("S-A"))))

        assert list(store.switches()) == [CONNECT]

    @pytest.mark.parametrize(
        "after", [None, replace(switch("S-B"), state=SwitchState.GIVEN), replace(switch("S-B"), control_mrid="C-B")]
    )
    def test_a_change_of_a_switch_order_that_is_not_there_is_refused_whole(
        self, store: Store, after: SwitchOrder | None
    ) -> None:
        store.commit(Commit(switches=accepted(CONNECT)))

        with pytest.raises(StoreError):
            store.commit(
                Commit(
                    inbox=(received(),),
                    dispatches=ordered(EVERYTHING_ORDERED),
                    switches=(
                        SwitchChange(before=CONNECT, after=None),
                        *accepted(switch("S-C")),
                        SwitchChange(before=switch("S-B"), after=after),
                    ),
                )
            )

        assert list(store.switches()) == [CONNECT]
        assert list(store.dispatches()) == []
        assert store.recall(KEY) is None

    # -- device settings

    def test_a_setting_comes_back_exactly_as_it_was_given(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        held = [
            setting("D1", function, value)
            for function, value in zip(sorted(DeviceFunction), (0.1 + 0.2, -5e-324, 1e308, -12_345.0, 0.0), strict=True)
        ]
        store.commit(Commit(settings=told(*held)))

        again = self.reopened(store, tmp_path, clock)

        assert held_by(again) == held
        assert repr(held_by(again)) == repr(held)
        again.close()

    def test_a_later_setting_of_the_same_function_replaces_the_earlier_one(self, store: Store) -> None:
        later = replace(
            setting("D1"), value=-1.0, ends_at=MOMENT + timedelta(days=1), command_id="CMD-2", dispatch_mrid="O-B"
        )
        limit = setting("D1", DeviceFunction.ACTIVE_POWER_LIMIT)
        store.commit(Commit(settings=told(setting("D1"), limit, setting("D2"))))
        store.commit(Commit(settings=told(later)))

        assert held_by(store) == [limit, later, setting("D2")]

    def test_a_device_that_was_let_go_holds_nothing_of_that_function(self, store: Store) -> None:
        limit = setting("D1", DeviceFunction.ACTIVE_POWER_LIMIT)
        store.commit(Commit(settings=told(setting("D1"), limit, setting("D2"))))
        store.commit(Commit(settings=(*let_go(setting("D1").key), *told(setting("D3")))))

        assert held_by(store) == [limit, setting("D2"), setting("D3")]

    def test_letting_go_of_what_is_not_held_does_nothing(self, store: Store) -> None:
        store.commit(Commit(settings=told(setting("D1"))))
        store.commit(Commit(settings=let_go(("D1", DeviceFunction.VOLTAGE), ("D2", DeviceFunction.ACTIVE_POWER))))

        assert held_by(store) == [setting("D1")]

    def test_of_several_changes_of_one_setting_the_last_one_holds(self, store: Store) -> None:
        one, two = setting("D1"), setting("D2")
        store.commit(
            Commit(
                settings=(
                    *told(one, replace(one, value=2.0), two),
                    *let_go(one.key, two.key),
                    *told(replace(one, value=3.0)),
                )
            )
        )

        assert held_by(store) == [replace(one, value=3.0)]

    # -- all of it together

    def test_everything_of_a_commit_is_there_when_it_is_opened_again(
        self, store: Store, tmp_path: Path, clock: Clock
    ) -> None:
        store.commit(everything())
        again = self.reopened(store, tmp_path, clock)

        assert again.recall(KEY) == received()
        assert list(again.groups()) == [EVERYTHING]
        assert list(again.dispatches()) == [EVERYTHING_ORDERED]
        assert list(again.switches()) == [CONNECT]
        assert held_by(again) == [setting()]
        assert message_ids(again.pending()) == ["REP-1"]
        again.close()

    def test_nothing_of_a_commit_is_there_where_its_last_part_fails(self, store: Store) -> None:
        unwritable = OutboxEntry(message=outgoing("\udc80"), cause=KEY, is_reply=True)

        with pytest.raises(StoreError):
            store.commit(replace(everything(), outbox=(reply(), unwritable)))

        self.test_a_new_store_is_empty(store)
        store.commit(everything())

    # -- inbox

    def test_a_received_message_is_recalled_exactly(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        record = received(InboxKey(source="", message_id="ü/1"), digest=bytes(range(32)))
        store.commit(Commit(inbox=(record, received())))

        again = self.reopened(store, tmp_path, clock)

        assert again.recall(record.key) == record
        assert again.recall(KEY) == received()
        assert again.recall(InboxKey(source="other", message_id="REQ-1")) is None
        again.close()

    def test_a_record_with_a_known_key_replaces_the_older_one(self, store: Store) -> None:
        later = received(digest=b"\x01" * 32, at=MOMENT + timedelta(hours=1))
        store.commit(Commit(inbox=(received(),)))
        store.commit(Commit(inbox=(later,)))

        assert store.recall(KEY) == later

    @pytest.mark.parametrize("failed", [True, False])
    def test_whether_a_message_failed_is_recalled(self, store: Store, failed: bool) -> None:
        store.commit(Commit(inbox=(replace(received(), failed=not failed),)))
        store.commit(Commit(inbox=(replace(received(), failed=failed),)))

        record = store.recall(KEY)
        assert record is not None
        assert record.failed is failed

    # -- nonces and attempts

    def test_a_nonce_is_recalled_exactly(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        record = nonce(bytes(range(32)))
        store.commit(Commit(nonces=(record, nonce())))

        again = self.reopened(store, tmp_path, clock)

        assert again.recall_nonce(record.nonce) == record
        assert again.recall_nonce(b"other") is None
        assert again.count_nonces() == 2
        again.close()

    def test_a_nonce_that_is_used_again_is_remembered_as_the_later_one(self, store: Store) -> None:
        later = nonce(until=MOMENT + timedelta(hours=1))
        store.commit(Commit(nonces=(nonce(),)))
        store.commit(Commit(nonces=(later,)))

        assert store.recall_nonce(later.nonce) == later
        assert store.count_nonces() == 1

    def test_nonces_are_forgotten_when_their_time_has_come(self, store: Store) -> None:
        store.commit(Commit(nonces=(nonce(b"a"), nonce(b"b", until=MOMENT + timedelta(microseconds=1)))))

        assert store.forget_nonces(MOMENT - timedelta(microseconds=1)) == 0
        assert store.forget_nonces(MOMENT) == 1

        assert store.recall_nonce(b"a") is None
        assert store.count_nonces() == 1

    def test_attempts_are_counted_over_restarts_until_they_come_to_an_end(
        self, store: Store, tmp_path: Path, clock: Clock
    ) -> None:
        assert [store.begin_attempt(b"a", MOMENT) for _ in range(3)] == [1, 2, 3]
        assert store.begin_attempt(b"b", MOMENT) == 1

        again = self.reopened(store, tmp_path, clock)
        assert again.begin_attempt(b"a", MOMENT) == 4
        again.commit(Commit(ended=(b"a", b"never begun")))

        assert again.begin_attempt(b"a", MOMENT) == 1
        assert again.begin_attempt(b"b", MOMENT) == 2
        again.close()

    def test_attempts_that_never_came_to_an_end_are_forgotten(self, store: Store) -> None:
        store.begin_attempt(b"a", MOMENT)
        store.begin_attempt(b"b", MOMENT + timedelta(days=1))

        store.purge(MOMENT + timedelta(days=1))

        assert [store.begin_attempt(digest, MOMENT) for digest in (b"a", b"b")] == [1, 2]

    # -- outbox

    def test_entries_come_back_numbered_in_the_order_of_writing(self, store: Store) -> None:
        first = store.commit(Commit(outbox=(reply("REP-1"), tell("EVT-1"))))
        second = store.commit(Commit(outbox=tuple(tell(f"EVT-{number}", None) for number in range(2, 60))))

        assert [entry.entry_id for entry in first + second] == list(range(1, 61))
        assert first == (replace(reply("REP-1"), entry_id=1), replace(tell("EVT-1"), entry_id=2))
        assert store.pending() == first + second
        assert store.pending(3) == (first + second)[:3]

    @pytest.mark.parametrize(
        "message",
        [
            Outgoing(destination=QueueDestination("cim.production.req.derms1"), body=b"\x00\xff<x/>", message_id="M"),
            Outgoing(destination=Topic("a.b"), body=b"", message_id="", persistent=False),
            Outgoing(
                destination=ReplyTo("/temp-queue/ü;1"),
                body=b"<x/>" * 100_000,
                message_id="M-1",
                correlation_id="C-1",
                reply_to=ReplyTo("/queue/r"),
                kind="reply.DERGroups",
                source="derms1",
                properties=MappingProxyType({"CIM_Verb": "reply", "A": "ü"}),
                persistent=True,
                time_to_live_s=0.1,
                order_key="G-A",
            ),
        ],
    )
    def test_a_message_comes_back_exactly_as_it_was_given(
        self, store: Store, tmp_path: Path, clock: Clock, message: Outgoing
    ) -> None:
        entry = OutboxEntry(message=message, cause=InboxKey(source="", message_id="REQ"), is_reply=True)
        store.commit(Commit(outbox=(entry,)))

        again = self.reopened(store, tmp_path, clock)

        (kept,) = again.pending()
        assert kept == replace(entry, entry_id=1)
        assert type(kept.message.destination) is type(message.destination)
        assert list(kept.message.properties) == list(message.properties)
        again.close()

    def test_what_is_sent_is_not_pending_and_attempts_are_counted(self, store: Store) -> None:
        one, two, three = store.commit(Commit(outbox=(tell("EVT-1"), tell("EVT-2"), tell("EVT-3"))))
        store.mark([one.entry_id, two.entry_id], OutboxState.PENDING)
        store.mark([two.entry_id], OutboxState.SENT)
        store.mark([three.entry_id], OutboxState.UNDELIVERABLE)

        assert store.pending() == (replace(one, attempts=1),)

    def test_what_is_sent_is_forgotten_unless_it_was_caused_by_what_is_remembered(self, store: Store) -> None:
        kept, gone = store.commit(Commit(outbox=(tell("EVT-1"), tell("EVT-2", None))))
        store.mark([kept.entry_id, gone.entry_id], OutboxState.SENT)

        store.mark([kept.entry_id], OutboxState.SENT)
        with pytest.raises(StoreError, match="0 of 1 rows"):
            store.mark([gone.entry_id], OutboxState.SENT)

    def test_what_was_caused_by_nothing_and_is_undeliverable_waits_for_somebody_to_look(self, store: Store) -> None:
        (entry,) = store.commit(Commit(outbox=(tell("EVT-1", None),)))

        store.mark([entry.entry_id], OutboxState.UNDELIVERABLE)

        store.mark([entry.entry_id], OutboxState.UNDELIVERABLE)

    def test_marking_an_entry_that_is_not_there_is_refused_whole(self, store: Store) -> None:
        (entry,) = store.commit(Commit(outbox=(tell(),)))

        with pytest.raises(StoreError):
            store.mark([entry.entry_id, 99], OutboxState.SENT)

        assert store.pending() == (entry,)

    def test_marking_nothing_does_nothing(self, store: Store) -> None:
        store.mark([], OutboxState.SENT)

    def test_an_entry_id_is_never_given_again(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        (entry,) = store.commit(Commit(outbox=(tell("EVT-1", None),)))
        store.mark([entry.entry_id], OutboxState.SENT)
        store.purge(MOMENT + timedelta(days=1))

        again = self.reopened(store, tmp_path, clock)

        assert again.commit(Commit(outbox=(tell("EVT-2"),)))[0].entry_id == entry.entry_id + 1
        again.close()

    def test_the_replies_to_a_message_are_found_without_its_events(self, store: Store) -> None:
        stored = store.commit(
            Commit(
                inbox=(received(), received(OTHER_KEY)),
                outbox=(reply("REP-1"), tell("EVT-1"), reply("REP-2", OTHER_KEY), reply("REP-3")),
            )
        )
        store.mark([stored[0].entry_id], OutboxState.SENT)

        assert message_ids(store.replies_to(KEY)) == ["REP-1", "REP-3"]
        assert [entry.state for entry in store.replies_to(KEY)] == [OutboxState.SENT, OutboxState.PENDING]
        assert message_ids(store.replies_to(OTHER_KEY)) == ["REP-2"]

    def test_a_later_reply_to_the_same_handling_is_found_too(self, store: Store) -> None:
        store.commit(Commit(inbox=(received(),), outbox=(reply("REP-1"),)))
        store.commit(Commit(outbox=(reply("REP-2"),)))

        assert message_ids(store.replies_to(KEY)) == ["REP-1", "REP-2"]

    def test_replies_are_those_of_the_latest_handling(self, store: Store) -> None:
        store.commit(Commit(inbox=(received(),), outbox=(reply("REP-1"),)))
        store.commit(Commit(inbox=(received(),), outbox=(reply("REP-2"),)))

        assert message_ids(store.replies_to(KEY)) == ["REP-2"]
        assert message_ids(store.pending()) == ["REP-1", "REP-2"]

    # -- purge

    def test_what_is_old_is_forgotten_and_counted(self, store: Store, clock: Clock) -> None:
        store.commit(Commit(inbox=(received(),), outbox=(reply("REP-1"), tell("EVT-1"))))
        store.mark([1, 2], OutboxState.SENT)
        clock.at = MOMENT + timedelta(days=2)
        store.commit(Commit(inbox=(received(OTHER_KEY, at=clock.at),), outbox=(reply("REP-2", OTHER_KEY),)))
        store.mark([3], OutboxState.SENT)

        assert store.purge(MOMENT + timedelta(days=1)) == 3

        assert store.recall(KEY) is None
        assert store.replies_to(KEY) == ()
        assert store.recall(OTHER_KEY) is not None
        assert message_ids(store.replies_to(OTHER_KEY)) == ["REP-2"]
        assert store.purge(MOMENT + timedelta(days=1)) == 0

    def test_what_is_not_sent_is_not_forgotten(self, store: Store) -> None:
        store.commit(Commit(inbox=(received(),), outbox=(reply("REP-1"), tell("EVT-1"))))
        store.mark([2], OutboxState.UNDELIVERABLE)

        assert store.purge(MOMENT + timedelta(days=1)) == 1

        assert message_ids(store.pending()) == ["REP-1"]

    def test_what_is_as_old_as_the_limit_stays(self, store: Store) -> None:
        store.commit(Commit(inbox=(received(),), outbox=(tell("EVT-1"),)))
        store.mark([1], OutboxState.SENT)

        assert store.purge(MOMENT) == 0

    def test_a_reply_stays_as_long_as_the_record_of_its_message(self, store: Store, clock: Clock) -> None:
        clock.at = MOMENT - timedelta(days=9)  # a clock that was set back between receiving and sending
        store.commit(Commit(inbox=(received(),), outbox=(reply("REP-1"),)))
        store.mark([1], OutboxState.SENT)

        assert store.purge(MOMENT - timedelta(days=1)) == 0
        assert message_ids(store.replies_to(KEY)) == ["REP-1"]

    def test_what_is_ordered_and_held_is_not_forgotten_however_old(self, store: Store) -> None:
        store.commit(replace(everything(), inbox=(), outbox=()))

        assert store.purge(MOMENT + timedelta(days=365)) == 0

        assert list(store.dispatches()) == [EVERYTHING_ORDERED]
        assert list(store.switches()) == [CONNECT]
        assert held_by(store) == [setting()]

    # -- closing

    def test_closing_twice_is_the_same_as_once(self, store: Store) -> None:
        store.close()
        store.close()

    def test_a_closed_store_says_so(self, store: Store) -> None:
        store.close()

        with pytest.raises(StoreError, match="closed"):
            store.commit(Commit())
        for read in (store.groups, store.dispatches, store.switches, store.settings):
            with pytest.raises(StoreError, match="closed"):
                list(read())

    def test_it_can_be_closed_from_another_thread(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        store.commit(created(EVERYTHING))
        closing = Thread(target=store.close)
        closing.start()
        closing.join()

        again = self.open(tmp_path, clock)
        assert list(again.groups()) == [EVERYTHING]
        again.close()

    def test_closing_waits_for_the_commit_that_another_thread_is_in(
        self, store: Store, tmp_path: Path, clock: Clock
    ) -> None:
        committed: Queue[int] = Queue()

        def commit_for_ever() -> None:
            for number in count():
                try:
                    store.commit(created(new_group(f"G-{number}", members=devices("D1"))))
                except StoreError:
                    return
                committed.put(number)

        worker = Thread(target=commit_for_ever)
        worker.start()
        for _ in range(20):
            committed.get(timeout=10)
        store.close()
        worker.join(timeout=10)

        again = self.open(tmp_path, clock)
        assert len(list(again.groups())) == 20 + committed.qsize()
        again.close()

    # -- the registry and the store

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_the_groups_are_those_of_the_registry_after_any_commits(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        place = tmp_path_factory.mktemp("store")
        store = self.open(place, Clock())
        registry = GroupRegistry(new_mrid=numbered_mrids())
        for _ in range(data.draw(st.integers(1, 6))):
            draft = registry.draft()
            for _ in range(data.draw(st.integers(0, 6))):
                work_on(draft, data)
            store.commit(Commit(groups=draft.changes))
            registry.adopt(draft)
            assert list(store.groups()) == list(registry)
        store.close()
        again = self.open(place, Clock())
        assert list(again.groups()) == list(registry)
        again.close()

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_what_is_ordered_and_held_is_what_was_written_after_any_commits(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        place = tmp_path_factory.mktemp("store")
        store = self.open(place, Clock())
        dispatches: dict[str, Dispatch] = {}
        switches: dict[str, SwitchOrder] = {}
        held: dict[SettingKey, DeviceSetting] = {}
        for _ in range(data.draw(st.integers(1, 4))):
            new_dispatches = data.draw(st.lists(some_dispatches, max_size=5, unique_by=lambda each: each[0]))
            new_switches = data.draw(st.lists(some_switches, max_size=5, unique_by=lambda each: each[0]))
            new_settings = data.draw(st.lists(some_settings, max_size=5))
            store.commit(
                Commit(
                    dispatches=tuple(
                        DispatchChange(before=dispatches.get(key), after=after)
                        for key, after in new_dispatches
                        if after or key in dispatches
                    ),
                    switches=tuple(
                        SwitchChange(before=switches.get(key), after=after)
                        for key, after in new_switches
                        if after or key in switches
                    ),
                    settings=tuple(SettingChange(key=key, after=after) for key, after in new_settings),
                )
            )
            follow(dispatches, new_dispatches)
            follow(switches, new_switches)
            follow(held, new_settings)
            assert list(store.dispatches()) == list(dispatches.values())
            assert list(store.switches()) == list(switches.values())
            assert held_by(store) == [held[key] for key in sorted(held)]
        store.close()


def everything() -> Commit:
    """A commit with each of its parts."""
    return Commit(
        inbox=(received(),),
        nonces=(nonce(),),
        groups=created(EVERYTHING).groups,
        dispatches=ordered(EVERYTHING_ORDERED),
        switches=accepted(CONNECT),
        settings=told(setting()),
        outbox=(reply(),),
    )


def follow(kept: dict[K, V], changes: list[tuple[K, V | None]]) -> None:
    """Make *changes* of *kept* as a store is to make them: what is new comes last."""
    for key, after in changes:
        if after is None:
            kept.pop(key, None)
        else:
            kept[key] = after


some_names = st.lists(
    st.sampled_from([name("n1"), name("n1", "GIS"), name("n2"), name("n3", "GIS", "utility")]), max_size=2
)
some_devices = st.builds(
    EndDevice,
    mrid=st.sampled_from([None, "D1", "D2", "D3", "D4", "D5"]),
    names=some_names.map(tuple),
)
some_groups = st.builds(
    EndDeviceGroup,
    mrid=st.sampled_from([None, "G1", "G2", "G3"]),
    description=st.sampled_from([None, "", "north"]),
    der_function=st.sampled_from([None, function(), function("ramp_rate_control")]),
    end_devices=st.lists(some_devices, max_size=5).map(tuple),
    names=some_names.map(tuple),
    version=st.sampled_from([None, version(1), Version(minor=2)]),
)


def work_on(draft: Draft, data: st.DataObject) -> None:
    """One random request; a refused one changes nothing, which is as good."""
    work = data.draw(
        st.sampled_from([draft.create, draft.change, draft.delete, draft.add_members, draft.remove_members])
    )
    behaviour = data.draw(st.sampled_from([BEHAVIOURS["default"], BEHAVIOURS["gridappsd"]]))
    try:
        work(data.draw(some_groups), behaviour)
    except RequestError:
        return


some_moments = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))  # in UTC it says nothing
some_numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
any_name = st.builds(
    Name,
    name=st.text(),
    name_type=st.none()
    | st.builds(
        NameType,
        name=st.text(),
        description=st.none() | st.text(),
        authority=st.none() | st.builds(NameTypeAuthority, name=st.text(), description=st.none() | st.text()),
    ),
)
any_names = st.lists(any_name, max_size=3).map(tuple)
any_curve = st.builds(
    Curve,
    style=st.sampled_from(CurveStyle),
    points=st.lists(
        st.builds(Point, at=some_moments, nominal=some_numbers, minimum=some_numbers, maximum=some_numbers),
        min_size=1,
        max_size=4,
    ).map(tuple),
    ends_at=some_moments,
    interval=st.integers(min_value=1),
    interval_unit=st.sampled_from(IntervalUnit),
)
any_dispatch = st.builds(
    Dispatch,
    mrid=st.text(min_size=1),
    names=any_names,
    group=st.builds(GroupReference, mrid=st.text(min_size=1), names=any_names),
    parameter=st.sampled_from(ParameterKind),
    curves=st.lists(any_curve, min_size=1, max_size=3).map(tuple),
    received_at=some_moments,
    state=st.sampled_from(DispatchState),
    source=st.text(),
)

# values to draw from, made once: a strategy for each key would be built anew for each draw
some_dispatches: st.SearchStrategy[tuple[str, Dispatch | None]] = st.sampled_from(
    [
        (mrid, replace(order(mrid, curve), state=state, names=texts))
        for mrid, curve, state, texts in product(
            ("O1", "O2", "O3", "O4"),
            (STEPS, LINE),
            (DispatchState.SCHEDULED, DispatchState.ACTIVE),
            ((), names("renamed")),
        )
    ]
) | st.sampled_from([(mrid, None) for mrid in ("O1", "O2", "O3", "O4")])
some_switches: st.SearchStrategy[tuple[str, SwitchOrder | None]] = st.sampled_from(
    [
        (order_id, replace(switch(order_id), state=state, control_mrid=control))
        for order_id, state, control in product(("S1", "S2", "S3", "S4"), SwitchState, (None, "C-A"))
    ]
) | st.sampled_from([(order_id, None) for order_id in ("S1", "S2", "S3", "S4")])
some_settings: st.SearchStrategy[tuple[SettingKey, DeviceSetting | None]] = st.sampled_from(
    [(each.key, each) for each in (setting(*given) for given in product(("D1", "D2"), DeviceFunction, (0.1, -2e9)))]
) | st.sampled_from([(key, None) for key in product(("D1", "D2"), DeviceFunction)])
