"""Orders that nobody can or should carry out: each gets its code, commands nothing, and keeps no good one from its devices.

Every bad order comes in one message with a good one for another group. The DERMSs, one for each behaviour profile,
live through the whole table: whatever a row did to them, the next one finds out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS
from tests import builders as xml
from tests.clock import Clock
from tests.flow.house import building
from tests.flow.peer import ErrorSeen, Message
from tests.flow.plant import Plant, battery, load
from tests.flow.seen import orders_seen

NOW: Final = Clock()
"""No time passes in these tests."""
DAY_S: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A bad order, and what is answered to it.

    Attributes:
        order: a DERGroupDispatch.
        code: of its Error.
        about: what the Error names: kind and text of its ID.
        object_type: of that ID.
        says: words of the details.
        is_bad_to_epri: False where that profile takes the order, since it refuses no time.
    """

    order: str
    code: str = "6.1"
    about: str = "uuid O-bad"
    object_type: str = "DERGroupDispatch"
    says: str = ""
    is_bad_to_epri: bool = True


def order(*schedules: str, group: str | None = "BAD", mrid: str | None = "O-bad", **parameter: str | None) -> str:
    return xml.dispatch(xml.parameter(*schedules, **parameter), mrid=mrid, group_name=group)


def schedule(*values: object, start_s: float = 0, **options: object) -> str:
    return xml.schedule(*values, start=NOW.in_s(start_s), **options)  # type: ignore[arg-type]


def of_group(name: str = "BAD") -> dict[str, Any]:
    """Of a `Bad` whose Error names the group by its name."""
    return {"about": f"name {name}", "object_type": "DERGroup"}


BAD: Final = {
    # who
    "unknown group": Bad(order=order(schedule(4), group="NOPE"), code="99.1", **of_group("NOPE")),
    "unknown group by mRID": Bad(
        order=xml.dispatch(xml.parameter(schedule(4)), mrid="O-bad", group_mrid="nope"),
        code="99.1",
        about="uuid nope",
        object_type="DERGroup",
    ),
    "unknown group, the dispatch nameless": Bad(
        order=order(schedule(4), group="NOPE", mrid=None), code="99.1", **of_group("NOPE")
    ),
    "mRID and name of different groups": Bad(
        order=xml.dispatch(xml.parameter(schedule(4)), mrid="O-bad", group_mrid="mrid-BAD", group_name="GOOD"),
        code="2.29",
        about="uuid mrid-BAD",
        object_type="DERGroup",
    ),
    "no group at all": Bad(
        order=xml.dispatch(xml.parameter(schedule(4)), mrid="O-bad"), code="5.8", says="which group"
    ),
    "a device in the place of a group": Bad(order=order(schedule(4), group="D1"), code="99.1", **of_group("D1")),
    # what
    "missing function": Bad(
        order=order(schedule(1), kind="reactivePower", unit="VAr"), says="no reactivePowerDispatch"
    ),
    "missing function, the dispatch nameless": Bad(
        order=order(schedule(0.23), kind="voltage", unit="V", mrid=None), says="no voltageRegulation", **of_group()
    ),
    "unit of another parameter": Bad(order=order(schedule(4), unit="VAr"), says="unit VAr does not fit activePower"),
    "unit of frequency for power": Bad(order=order(schedule(4), unit="Hz"), says="unit Hz does not fit"),
    "volts for reactive power": Bad(
        order=order(schedule(1), kind="reactivePower", unit="V", group="ALL"), says="unit V does not fit"
    ),
    "direction that says not which": Bad(order=order(schedule(4), direction="lagging"), says="flowDirection lagging"),
    # how much
    "beyond the name plate": Bad(order=order(schedule(10.5)), says="500 W short"),
    "beyond the name plate, charging": Bad(order=order(schedule(-11)), says="1000 W short"),
    "beyond the name plate in the last interval": Bad(order=order(schedule(4, 4, 20)), says="10000 W short"),
    "reactive power beyond the name plate": Bad(
        order=order(schedule(8), kind="reactivePower", unit="VAr", group="ALL"), says="500 VAr short"
    ),
    "k for none": Bad(order=order(schedule(4000)), says="yMultiplier were 1000 times smaller"),
    "M for k": Bad(order=order(schedule(4), multiplier="M"), says="yMultiplier were 1000 times smaller"),
    "G for k": Bad(order=order(schedule(4), multiplier="G"), says="times smaller"),
    "the other sign": Bad(order=order(schedule(4), group="LOAD"), says="the other sign"),
    "not a number": Bad(order=order(schedule("NaN")), says="finite"),
    "infinite": Bad(order=order(schedule("INF")), says="finite"),
    "infinitely little": Bad(order=order(schedule(4, "-INF")), says="finite"),
    "a number that no float holds": Bad(order=order(schedule(1e30), multiplier="Y"), says="too large"),
    "no volts": Bad(order=order(schedule(0), kind="voltage", unit="V", group="ALL"), says="more than 0"),
    "volts below zero": Bad(order=order(schedule(-0.23), kind="voltage", unit="V", group="ALL"), says="more than 0"),
    "no ramp": Bad(order=order(schedule(0), kind="increasingRampRate", unit="WPers", group="ALL"), says="more than 0"),
    "apparent power below zero": Bad(
        order=order(schedule(-1), kind="apparentPower", unit="VA", group="ALL"), says="0 or more"
    ),
    # when
    "duration of zero": Bad(order=order(schedule(4, duration=0)), says="timeIntervalDuration is 0 or less"),
    "negative duration": Bad(order=order(schedule(4, duration=-30)), says="timeIntervalDuration is 0 or less"),
    "a duration without end": Bad(order=order(schedule(4, duration=10**15, unit="Y")), says="too long"),
    "beyond the last year": Bad(order=order(schedule(4, duration=9000, unit="Y")), says="9999"),
    "expired": Bad(order=order(schedule(4, start_s=-DAY_S)), says="expired", is_bad_to_epri=False),
    "just expired": Bad(order=order(schedule(4, start_s=-1800)), says="expired", is_bad_to_epri=False),
    "too far ahead": Bad(order=order(schedule(4, start_s=8 * DAY_S)), says="7 days", is_bad_to_epri=False),
    "too long": Bad(order=order(schedule(4, start_s=DAY_S, duration=8, unit="D")), says="7 days", is_bad_to_epri=False),
    "two schedules, of which one is bad": Bad(order=order(schedule(4), schedule("NaN", start_s=3600)), says="finite"),
}


@pytest.fixture(scope="module", params=["default", "epri"])
def plant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """GOOD is D1; BAD is D2, of 10 kW, and can be ordered active power; ALL is D3 and has all functions; LOAD draws."""
    with building() as build:
        plant = Plant.build(
            build,
            tmp_path_factory.mktemp("fleet"),
            *(battery(f"D{number}") for number in (1, 2, 3)),
            load("L1"),
            clock=NOW,
            behaviour=BEHAVIOURS[request.param],
        )
        plant.group("GOOD", "D1")
        plant.group("BAD", "D2")
        plant.group("ALL", "D3", functions=xml.FUNCTIONS)
        plant.group("LOAD", "L1")
        yield plant


@pytest.fixture
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["plant"])


def good(plant: Plant) -> float:
    """A value that the good group was not ordered yet, W."""
    return float(len(plant.told("D1")) + 1)


def assert_only_good_was_told(plant: Plant, value: float) -> None:
    plant.wait_until_held(D1=value)
    assert {entry.mrid for entry in plant.adapter.fleet.journal()} <= {"D1", "Z"}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_order_gets_its_code_and_the_good_one_beside_it_is_carried_out(
    plant: Plant, profile: str, bad: Bad
) -> None:
    value = good(plant)
    beside = plant.dispatch("GOOD", value, multiplier="none")

    reply = plant.order("create", bad.order, beside)

    event = plant.dms.event("created", noun="DERGroupDispatches")
    if profile == "epri" and not bad.is_bad_to_epri:
        assert (reply.result, reply.codes) == ("OK", ["0.0"])
        assert [each.group_name for each in orders_seen(event)] == ["BAD", "GOOD"]
        assert plant.order("delete", xml.dispatch(mrid="O-bad")).result == "OK"
    else:
        error = assert_half_done(reply, profile, bad.code)
        assert (f"{error.kind} {error.id}", error.object_type) == (bad.about, bad.object_type)
        assert bad.says in (error.details or "")
        assert [each.group_name for each in orders_seen(event)] == ["GOOD"]
    assert_only_good_was_told(plant, value)
    assert {each.group_name for each in plant.orders()} == {"GOOD"}


def assert_half_done(reply: Message, profile: str, code: str) -> ErrorSeen:
    """One of two orders was refused with this code; returns its Error."""
    if profile == "epri":
        assert (reply.result, reply.codes) == ("FAILED", [code])
        assert reply.text("Payload") is None
        (error,) = reply.errors
        assert error.level == "FATAL"
    else:
        assert (reply.result, reply.codes) == ("PARTIAL", [code, "0.2"])
        error, _ = reply.errors
        assert error.level == "WARNING"
        assert [each.group_name for each in orders_seen(reply)] == ["GOOD"]  # it was given an mRID
    assert error.reason
    assert error.details
    return error


def test_each_bad_order_of_a_message_is_named_in_turn(plant: Plant) -> None:
    orders = [
        order(schedule(4), group="NOPE", mrid="O-1"),
        order(schedule("NaN"), mrid="O-2"),
        order(schedule(1), kind="reactivePower", unit="VAr", mrid="O-3"),
        order(schedule(99), mrid=None),
    ]

    reply = plant.order("create", *orders)

    assert reply.result == "FAILED", "none of it was done, whatever the profile"
    assert [(error.code, error.kind, error.id, error.level) for error in reply.errors] == [
        ("99.1", "name", "NOPE", "FATAL"),
        ("6.1", "uuid", "O-2", "FATAL"),
        ("6.1", "uuid", "O-3", "FATAL"),
        ("6.1", "name", "BAD", "FATAL"),
    ]
    value = good(plant)
    assert plant.order("create", plant.dispatch("GOOD", value, multiplier="none")).result == "OK"
    assert_only_good_was_told(plant, value)


def test_the_same_mrid_twice_in_a_message_is_two_orders_of_which_the_first_stands(plant: Plant, profile: str) -> None:
    value = good(plant)
    first = plant.dispatch("GOOD", value, multiplier="none", mrid=f"O-{value}")

    reply = plant.order("create", first, order(schedule(4), mrid=f"O-{value}"))

    assert reply.result == ("FAILED" if profile == "epri" else "PARTIAL")
    assert (reply.errors[0].code, reply.errors[0].id) == ("6.1", f"O-{value}")
    assert_only_good_was_told(plant, value)


SCHEDULE: Final = schedule(4)
WHOLE: Final = {
    "an empty curve": schedule(),
    "no duration": SCHEDULE.replace("<timeIntervalDuration>30</timeIntervalDuration>", ""),
    "no start": SCHEDULE.replace(f"<startTime>{NOW.in_s(0)}</startTime>", ""),
    "no value": SCHEDULE.replace("<nominalYValue>4</nominalYValue>", ""),
    "a word for a value": schedule("four"),
    "a start that is no time": SCHEDULE.replace(NOW.in_s(0), "tomorrow"),
    "an unknown style": schedule(4, style="wavy"),
    "an unknown unit of time": schedule(4, unit="w"),
}


@pytest.mark.parametrize(
    "bad",
    [
        *(order(each) for each in WHOLE.values()),
        order(SCHEDULE, multiplier="1.1"),
        order(SCHEDULE, multiplier=None),
        order(SCHEDULE, unit=None),
        order(SCHEDULE, kind="power"),
        order(SCHEDULE, kind=None),
        xml.dispatch(mrid="O-bad", group_name="BAD"),
    ],
    ids=[
        *WHOLE,
        "multiplier 1.1",
        "no multiplier",
        "no unit",
        "an unknown parameter",
        "no parameter",
        "no order in it",
    ],
)
def test_what_the_schema_forbids_refuses_the_whole_message(plant: Plant, bad: str) -> None:
    value = good(plant)
    beside = plant.dispatch("GOOD", value, multiplier="none")

    reply = plant.order("create", bad, beside)

    assert reply.result == "FAILED"
    assert set(reply.codes) == {"1.8"}
    assert "line" in (reply.errors[0].details or "")
    assert plant.told("D1")[-1].active_power_w != value
    assert plant.order("create", beside).result == "OK"
    assert_only_good_was_told(plant, value)


def change(*schedules: str, **options: str | None) -> str:
    return order(*schedules, **{"group": "GOOD", "mrid": "O-change", **options})


CHANGES: Final = {
    "another group": (change(SCHEDULE, group="BAD"), "2.29"),
    "an unknown group": (change(SCHEDULE, group="NOPE"), "99.1"),
    "another parameter": (change(schedule(1), kind="reactivePower", unit="VAr"), "2.29"),
    "beyond the name plate": (change(schedule(11)), "6.1"),
    "not a number": (change(schedule("NaN")), "6.1"),
    "an empty curve": (change(schedule()), "5.8"),
    "no duration": (change(WHOLE["no duration"]), "5.8"),
    "no value": (change(WHOLE["no value"]), "5.8"),
    "no unit": (change(SCHEDULE, unit=None), "5.8"),
    "no multiplier": (change(SCHEDULE, multiplier=None), "5.8"),
    "a schedule of nothing": (change(SCHEDULE, kind=None), "5.8"),
    "another order": (change(SCHEDULE, mrid="O-9"), "2.15"),
    "no order": (change(SCHEDULE, group=None, mrid=None), "5.8"),
}
"""Changes of the order O-change, and what each is answered."""


@pytest.mark.parametrize(("bad", "code"), CHANGES.values(), ids=CHANGES.keys())
def test_a_bad_change_leaves_the_order_as_it_was(plant: Plant, bad: str, code: str) -> None:
    value = good(plant)
    made = plant.dispatch("GOOD", value, multiplier="none", mrid="O-change")
    assert plant.order("create", made).result == "OK"
    plant.wait_until_held(D1=value)

    reply = plant.order("change", bad)

    assert (reply.result, reply.codes) == ("FAILED", [code])
    plant.let_a_plan_pass()
    assert_only_good_was_told(plant, value)
    (kept,) = (each for each in plant.orders("GOOD") if each.mrid == "O-change")
    assert (kept.scale, kept.values) == ("none W", [value])
    assert plant.order("delete", xml.dispatch(mrid="O-change")).result == "OK"
