"""Forecasts of groups, asked for and pushed, as a DMS sees them. The EPRI cases DERGF-1A to DERGF-2 are in epri_cases."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from dermsbus import app
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.settings import Settings
from dermsbus.transports.base import Delivery, Queue, Subscription
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests import builders as xml
from tests.clock import Clock
from tests.flow.house import House
from tests.flow.peer import Message, Peer
from tests.flow.plant import Plant, battery, load, watched
from tests.flow.seen import ForecastSeen, forecasts_seen

MakePlant = Callable[..., Plant]
ALL = ("realPowerDispatch", "reactivePowerDispatch", "voltageRegulation", "rampRateControl")


@pytest.fixture
def plant(make_plant: MakePlant) -> Plant:
    """Four batteries of 10 kW, each alone in a group of its name: D1 can do all, the others active power."""
    plant = make_plant(
        *(battery(f"D{number}") for number in range(1, 5)), push={"status_period_s": 0, "forecast_period_s": 0}
    )
    plant.group("D1", "D1", functions=ALL)
    for name in ("D2", "D3", "D4"):
        plant.group(name, name)
    return plant


def schedule(
    start: str, count: object = 2, duration: object = 15, unit: str = "m", style: str = "constantYValue"
) -> str:
    return xml.element(
        "DispatchSchedule",
        curveStyleKind=style,
        numberOfIntervals=count,
        startTime=start,
        timeIntervalDuration=duration,
        timeIntervalUnit=unit,
    )


def query(*names: str, of: tuple[str, ...] = ("activePower",), schedules: tuple[str, ...]) -> str:
    """A DERGroupForecastQueries; without names it asks for all groups."""
    parameters = (xml.element("DERMonitorableParameter", DERParameter=kind) for kind in of)
    groups = [xml.element("EndDeviceGroup", xml.names(name)) for name in names] or [xml.group()]
    return xml.payload("DERGroupForecastQueries", *parameters, *schedules, *groups)


def get(plant: Plant, *names: str, of: tuple[str, ...] = ("activePower",), schedules: tuple[str, ...] = ()) -> Message:
    asked = query(*names, of=of, schedules=schedules or (schedule(plant.clock.in_s(0)),))
    return plant.dms.ask(xml.generic("get", "DERGroupForecasts", request=asked, message_id=str(uuid4())))


def only(message: Message) -> ForecastSeen:
    (forecast,) = forecasts_seen(message)
    return forecast


def pushed(plant: Plant, timeout_s: float = 10.0) -> ForecastSeen:
    """The next forecast that is pushed: created, about one group, and an answer to nobody."""
    event = plant.dms.next_event("DERGroupForecasts", timeout_s=timeout_s)
    assert event.text("Header", "Verb") == "created"
    assert event.text("Header", "CorrelationID") is None
    return only(event)


# -- asked for ---------------------------------------------------------------------------------------------------------


def test_every_parameter_is_told_for_every_schedule_and_each_forecast_has_an_mrid_of_its_own(plant: Plant) -> None:
    start = plant.clock.in_s(0)

    reply = get(
        plant,
        "D1",
        "D2",
        of=("activePower", "reactivePower", "voltage"),
        schedules=(schedule(start), schedule(start, 3, 1, "h", "straightLineYValues")),
    )

    assert (reply.result, reply.codes) == ("OK", ["0.0"])
    first, second = forecasts_seen(reply)
    assert {kind: [len(curve.numbers) for curve in curves] for kind, curves in first.curves.items()} == {
        "activePower": [2, 4],
        "reactivePower": [2, 4],
        "voltage": [2, 4],
    }
    assert [(curve.style, curve.start, curve.interval) for curve in first.curves["activePower"]] == [
        ("constantYValue", start, "15 m"),
        ("straightLineYValues", start, "1 h"),
    ]
    assert set(second.curves) == {"activePower"}
    assert UUID(first.mrid).version == UUID(second.mrid).version == 4
    assert first.mrid != second.mrid
    assert first.created == second.created == start


def test_a_query_that_names_no_group_asks_for_all(plant: Plant) -> None:
    assert [each.group_name for each in forecasts_seen(get(plant))] == ["D1", "D2", "D3", "D4"]


def test_who_names_groups_by_id_alone_gets_the_next_four_hours_of_all_they_can(plant: Plant) -> None:
    plant.clock.advance(400)
    ids = "<ID>mrid-D1</ID><ID kind='name'>D2</ID><ID>nobody</ID>"

    reply = plant.dms.ask(xml.generic("get", "DERGroupForecasts", request=ids, message_id=str(uuid4())))

    assert (reply.result, reply.codes) == ("PARTIAL", ["2.15", "0.2"])
    first, second = forecasts_seen(reply)
    assert (set(first.curves), set(second.curves)) == ({"activePower", "reactivePower", "voltage"}, {"activePower"})
    (curve,) = first.curves["activePower"]
    assert (curve.start, curve.interval, len(curve.numbers)) == (plant.clock.in_s(-400), "15 m", 17)


def test_a_typed_query_gets_a_typed_answer(plant: Plant) -> None:
    asked = query("D1", schedules=(schedule(plant.clock.in_s(0)),))

    reply = plant.dms.ask(
        xml.typed(
            "DERGroupForecastQueriesRequestMessage",
            "DERGroupForecastQueries",
            "get",
            "DERGroupForecasts",
            request=asked,
        )
    )

    assert (reply.kind, reply.result) == ("DERGroupForecastQueriesResponseMessage", "OK")
    assert only(reply).group_name == "D1"


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"count": 0}, "6.1"),
        ({"count": -4}, "6.1"),
        ({"count": 100_001}, "3.1"),
        ({"duration": 0}, "6.1"),
        ({"count": 9_000, "duration": 1, "unit": "Y"}, "6.1"),
    ],
)
def test_a_schedule_that_nobody_can_act_on_is_its_own_error_and_the_others_are_served(
    plant: Plant, bad: dict[str, Any], code: str
) -> None:
    good, rejected = schedule(plant.clock.in_s(0)), schedule(plant.clock.in_s(0), **bad)

    reply = get(plant, "D1", schedules=(rejected, good))

    assert (reply.result, reply.codes) == ("PARTIAL", [code, "0.2"])
    assert len(only(reply).curves["activePower"]) == 1
    alone = get(plant, "D1", schedules=(rejected,))
    assert (alone.result, alone.codes) == ("FAILED", [code])
    assert alone.text("Payload") is None


@pytest.mark.parametrize("profile", ["default", "epri"])
def test_a_half_served_query_is_answered_as_the_profile_says(make_plant: MakePlant, profile: str) -> None:
    plant = make_plant(battery("D1"), behaviour=BEHAVIOURS[profile])
    plant.group("D1", "D1")

    reply = get(plant, "D1", "nobody")

    expected = {"default": ("PARTIAL", ["99.1", "0.2"]), "epri": ("FAILED", ["99.1"])}
    assert (reply.result, reply.codes) == expected[profile]
    assert only(reply).group_name == "D1"


def test_of_parameters_that_no_group_has_nothing_can_be_told(plant: Plant) -> None:
    reply = get(plant, "D2", "D3", of=("voltage", "reactivePower"))

    assert (reply.result, reply.codes) == ("FAILED", ["5.5"])
    (error,) = reply.errors
    assert error.details is not None
    assert error.details.startswith("nothing can be forecast of voltage, reactivePower for these groups")
    assert reply.text("Payload") is None
    assert [each.group_name for each in forecasts_seen(get(plant, "D2", "D1", of=("voltage",)))] == ["D1"]


def test_of_groups_whose_devices_nobody_knows_nothing_can_be_told(house: Any) -> None:
    group = xml.group(mrid="G", name="GA", functions=["realPowerDispatch"], members=["D1"], version="1.0.0")
    body = xml.generic("create", "DERGroups", payload=xml.der_groups(group), message_id=str(uuid4()))
    assert house.dms.ask(body).result == "OK"
    asked = query("GA", schedules=(schedule("2024-05-01T10:00:00Z"),))

    reply = house.dms.ask(xml.generic("get", "DERGroupForecasts", request=asked, message_id=str(uuid4())))

    assert (reply.result, reply.codes) == ("FAILED", ["5.5"])


def test_more_than_an_answer_can_hold_is_refused_before_it_is_made(plant: Plant) -> None:
    reply = get(plant, schedules=(schedule(plant.clock.in_s(0), 20_000, 1),))

    assert (reply.result, reply.codes) == ("FAILED", ["3.1"])
    (error,) = reply.errors
    assert error.details is not None
    assert error.details.startswith("80000 points are asked for, more than the 50000 that one answer can hold")


def test_what_is_ordered_is_what_is_expected_and_no_more_once_it_is_canceled(plant: Plant) -> None:
    two_hours = (schedule(plant.clock.in_s(0), 2, 1, "h"),)
    dispatch = plant.dispatch("D1", 4, mrid="O-1", start=plant.clock.in_s(3600), duration=1, unit="h")
    assert plant.order("create", dispatch).result == "OK"

    (ordered,) = only(get(plant, "D1", schedules=two_hours)).curves["activePower"]
    assert plant.order("cancel", xml.dispatch(mrid="O-1")).result == "OK"
    (free,) = only(get(plant, "D1", schedules=two_hours)).curves["activePower"]

    assert (ordered.values, free.values) == ([0.0, 4.0], [0.0, 0.0])
    for (low, high), value in zip(ordered.bands, ordered.values, strict=True):
        assert low is not None
        assert high is not None
        assert low <= (value or 0.0) <= high


def test_storage_promises_what_it_can_keep_up_to_the_end_of_the_forecast(make_plant: MakePlant) -> None:
    small = battery("D1").replace("energy_capacity_wh = 10000000", "energy_capacity_wh = 20000")
    plant = make_plant(small)
    plant.group("D1", "D1")

    (short,) = only(get(plant, "D1", schedules=(schedule(plant.clock.in_s(0), 2, 5),))).curves["activePower"]
    (long,) = only(get(plant, "D1", schedules=(schedule(plant.clock.in_s(0), 20, 1, "h"),))).curves["activePower"]

    assert short.bands[0] == (-10.0, 10.0), "bound by its rating"
    (low, high) = long.bands[0]
    assert low is not None
    assert high is not None
    assert high - low == pytest.approx(1.0, rel=0.01), "twenty kWh, what is in it and what has room, over twenty hours"
    assert set(long.bands) == {(low, high)}


# -- pushed ------------------------------------------------------------------------------------------------------------


def test_a_dms_that_only_listens_is_told_each_group_at_once_and_each_quarter_of_an_hour(make_plant: MakePlant) -> None:
    plant = make_plant(battery("D1"), load("D2"))
    plant.clock.advance(400)
    plant.group("GA", "D1", functions=ALL)
    plant.group("GB", "D2")

    first = {each.group_name: each for each in (pushed(plant), pushed(plant))}
    plant.clock.advance(500)
    second = [pushed(plant) for _ in range(2)]

    assert set(first) == {"GA", "GB"}
    assert set(first["GA"].curves) == {"activePower", "reactivePower", "voltage"}
    (curve,) = first["GA"].curves["activePower"]
    assert (curve.style, curve.start, curve.interval) == ("straightLineYValues", "2024-05-01T10:00:00Z", "15 m")
    assert curve.numbers == list(range(1, 18))
    assert first["GA"].created == "2024-05-01T10:06:40Z"
    assert [each.group_name for each in second] == ["GA", "GB"]
    assert {each.curves["activePower"][0].start for each in second} == {"2024-05-01T10:15:00Z"}
    assert len({each.mrid for each in (*first.values(), *second)}) == 4
    with pytest.raises(queue.Empty):
        pushed(plant, timeout_s=1.5)


def test_push_has_the_form_that_the_operator_wants_and_can_be_switched_off(make_plant: MakePlant, plant: Plant) -> None:
    with pytest.raises(queue.Empty):
        pushed(plant, timeout_s=1.5)

    other = make_plant(battery("D1"), push={"forecast_period_s": 60, "forecast_step_s": 3600, "forecast_intervals": 24})
    other.group("GA", "D1")
    (curve,) = pushed(other).curves["activePower"]
    other.clock.advance(60)

    assert (curve.interval, len(curve.numbers)) == ("60 m", 25)
    assert pushed(other).created == "2024-05-01T10:01:00Z"


def test_no_forecast_is_pushed_before_every_device_was_asked(build: Any, tmp_path: Path) -> None:
    clock = Clock()
    catalogue = tmp_path / "fleet.toml"
    catalogue.write_text(battery("D1"), encoding="utf-8")
    adapter = watched(battery("D1"), clock)
    asked = adapter.read
    go: queue.SimpleQueue[None] = queue.SimpleQueue()

    def read(devices: Any, timeout_s: float) -> Any:
        go.get(timeout=20)
        go.put(None)
        return asked(devices, timeout_s)

    adapter.read = read  # type: ignore[method-assign]
    house = build(
        adapters={"simulated": adapter},
        now=clock,
        fleet=catalogue,
        devices={"poll_period_s": 0.05, "timeout_s": 1, "stale_after_s": 86_400},
    )
    plant = Plant(house=house, adapter=adapter, clock=clock)
    plant.group("GA", "D1")
    with pytest.raises(queue.Empty):
        pushed(plant, timeout_s=1.5)
    go.put(None)

    assert pushed(plant).group_name == "GA"


# -- of other systems --------------------------------------------------------------------------------------------------


def foreign(*values: float, group: str = "DG8", unit: str = "W", mrid: str = "F-8") -> str:
    curve = xml.schedule(*values, start="2024-05-01T09:00:00Z", duration=1, unit="h")
    told = xml.element("EndDeviceGroup", xml.parameter(curve, multiplier="M", unit=unit), xml.names(group))
    return xml.element("DERGroupForecast", told, mRID=mrid, predictionCreationDate="2024-05-01T08:00:00Z")


def notice(house: Any, verb: str, *forecasts: str, source: str = "derms2") -> Message:
    """An event of another DERMS, which wants it acknowledged."""
    body = xml.generic(
        verb,
        "DERGroupForecasts",
        root="EventMessage",
        payload=xml.payload("DERGroupForecasts", *forecasts),
        source=source,
        message_id=str(uuid4()),
        ack_required=True,
    )
    return house.dms.ask(body)  # type: ignore[no-any-return]


def test_the_last_forecast_of_each_other_system_is_acknowledged_and_kept(house: Any) -> None:
    assert notice(house, "created", foreign(1.5, 2.5), foreign(3, group="DG9")).codes == ["0.3"]
    assert notice(house, "changed", foreign(2.0, 3.0)).codes == ["0.3"]
    assert notice(house, "created", foreign(9.0), source="derms3").codes == ["0.3"]

    ninth, eighth = house.derms.forecast_reports.of("derms2")
    assert (ninth.group.names[0].name, eighth.group.names[0].name) == ("DG9", "DG8")
    assert [point.nominal for point in eighth.parameters[0].curves[0].points] == [2e6, 3e6]
    assert len(house.derms.forecast_reports.of("derms3")) == 1


def test_what_others_forecast_is_never_told_as_ours(plant: Plant) -> None:
    before = only(get(plant, "D2"))
    assert notice(plant.house, "created", foreign(5, group="D2"), foreign(5)).result == "OK"

    assert only(get(plant, "D2")).curves == before.curves
    assert get(plant, "DG8").codes == ["99.1"]


def test_of_an_event_the_good_forecasts_are_kept_and_a_bad_one_is_told(house: Any) -> None:
    reply = notice(house, "created", foreign(1, unit="V", mrid="F-bad"), foreign(1))

    assert reply.result == "PARTIAL"
    bad, rest = reply.errors
    assert (bad.code, bad.id, bad.object_type, rest.code) == ("6.1", "F-bad", "DERGroupForecast", "0.2")
    assert len(house.derms.forecast_reports.of("derms2")) == 1


def test_an_event_of_bad_forecasts_alone_goes_to_the_invalid_message_queue(house: Any) -> None:
    aside: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    house.dms.transport.subscribe(Subscription(destination=Queue("cim.production.invalid.derms1")), aside.put)

    assert notice(house, "created", foreign(1, unit="V")).codes == ["6.1"]

    assert aside.get(timeout=10).properties["CIM_Code"] == "6.1"
    assert house.derms.forecast_reports.of("derms2") == ()


# -- what is kept and shown --------------------------------------------------------------------------------------------


@contextmanager
def running(folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Iterator[Plant]:
    """One run of a DERMS with one load, D1, that keeps all it has to keep in *folder*."""
    for name in ("_TICK_S", "_CHECK_S"):
        monkeypatch.setattr(app, name, 0.02)
    (folder / "fleet.toml").write_text(load("D1"), encoding="utf-8")
    adapter = watched(load("D1"), clock)
    settings: dict[str, Any] = {
        "http": None,
        "store": folder / "derms.db",
        "fleet": folder / "fleet.toml",
        "devices": {"poll_period_s": 0.05, "timeout_s": 1, "stale_after_s": 86_400},
        "push": {"status_period_s": 0},
        **more,
    }
    bus = MemoryBus()
    derms = app.Application(
        Settings.model_validate(settings),
        transport=MemoryTransport(bus),
        adapters={"simulated": adapter},
        now=clock,
    )
    with derms, Peer(MemoryTransport(bus)) as dms:
        derms.wait_until_ready(10)
        adapter.wait_until_known()
        yield Plant(house=House(bus=bus, derms=derms, dms=dms), adapter=adapter, clock=clock)


def band(plant: Plant) -> float:
    """How wide is what is expected of GA in two days, in kW."""
    asked = schedule(plant.clock.in_s(2 * 86_400), 1)
    (curve,) = only(get(plant, "GA", schedules=(asked,))).curves["activePower"]
    ((low, high),) = curve.bands
    assert low is not None
    assert high is not None
    return high - low


def test_what_devices_did_is_known_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with running(tmp_path, clock, monkeypatch) as plant:
        plant.group("GA", "D1")
        assert pushed(plant).group_name == "GA"
        assert band(plant) == pytest.approx(10.0, abs=0.1), "nothing is known yet but what is installed"
        for _ in range(12):
            clock.advance(900)
            pushed(plant)  # so the devices were looked at, too
        assert band(plant) < 8.0

    with running(tmp_path, clock, monkeypatch) as plant:
        assert band(plant) < 8.0

    assert (tmp_path / "derms.db.history").exists()


def test_without_a_file_for_the_groups_nothing_is_written_of_devices(
    make_plant: MakePlant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plant = make_plant(load("D1"))
    plant.house.derms.stop()

    assert [path.name for path in tmp_path.iterdir()] == ["fleet.toml"]


def test_an_operator_sees_how_often_forecasts_were_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, Clock(), monkeypatch, http="127.0.0.1:0") as plant:
        assert health(plant)["forecasts"] == {"points": 0, "inside": None, "pinball_loss_w": None}
        plant.group("GA", "D1")
        for _ in range(4):
            pushed(plant)
            plant.clock.advance(900)
        pushed(plant)

        coverage = plant.house.derms.forecast_coverage
        assert coverage.count > 0
        assert health(plant)["forecasts"]["points"] >= coverage.count


def health(plant: Plant) -> dict[str, Any]:
    port = plant.house.derms.http_port
    assert port is not None
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health")
        return json.loads(connection.getresponse().read())  # type: ignore[no-any-return]
    finally:
        connection.close()
