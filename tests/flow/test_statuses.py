"""Statuses of groups, asked for and pushed, as a DMS sees them; the EPRI cases by their names."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.transports.base import Delivery, Queue, Subscription, Topic
from tests import builders as xml
from tests.flow.peer import ErrorSeen, Message, find, local, text_of
from tests.scripted_adapter import ScriptedAdapter

Build = Callable[..., Any]

_DEVICE = """
[[device]]
mrid = "{mrid}"
kind = "pv"
adapter = "simulated"
address = "{mrid}"
[device.name_plate]
active_power_max_w = 5000
apparent_power_max_va = 5000
reactive_power_injected_max_var = 2000
reactive_power_absorbed_max_var = 2000
"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A parameter of a status as it is written."""

    multiplier: str | None
    unit: str | None
    now: float | None
    installed: tuple[float | None, float | None]
    available: tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class StatusSeen:
    name: str | None
    value: str | None
    remark: str | None
    parameters: dict[str | None, Seen]

    @property
    def power(self) -> float | None:
        """Active power as it is written, in its multiplier."""
        return self.parameters["activePower"].now


def statuses(message: Message) -> list[StatusSeen]:
    return [
        StatusSeen(
            name=text_of(each, "Names", "name"),
            value=text_of(each, "status", "value"),
            remark=text_of(each, "status", "remark"),
            parameters={
                text_of(part, "DERParameter"): seen(part) for part in each if local(part) == "DERMonitorableParameter"
            },
        )
        for each in message.root.iter()
        if local(each) == "EndDeviceGroup"
    ]


def seen(part: Any) -> Seen:
    def number(*path: str) -> float | None:
        text = text_of(part, *path)
        return None if text is None else float(text)

    assert find(part, "DERCurveData", "timeStamp") is not None
    return Seen(
        multiplier=text_of(part, "yMultiplier"),
        unit=text_of(part, "yUnit"),
        now=number("DERCurveData", "nominalYValue"),
        installed=(number("yUnitInstalledMin"), number("yUnitInstalledMax")),
        available=(number("DERCurveData", "minYValue"), number("DERCurveData", "maxYValue")),
    )


@pytest.fixture
def adapter() -> ScriptedAdapter:
    """Every device gives 2 kW."""
    return ScriptedAdapter(2_000.0)


@pytest.fixture
def field(tmp_path: Path, adapter: ScriptedAdapter) -> dict[str, Any]:
    """Settings of a DERMS with twenty devices, D1 to D20, that pushes nothing but first reports and changes."""
    catalogue = tmp_path / "fleet.toml"
    catalogue.write_text("".join(_DEVICE.format(mrid=f"D{number}") for number in range(1, 21)), encoding="utf-8")
    return {
        "fleet": catalogue,
        "adapters": {"simulated": adapter},
        "devices": {"poll_period_s": 0.05, "timeout_s": 0.1, "stale_after_s": 0.5},
        "push": {"status_period_s": 3600},
    }


@pytest.fixture
def measured(build: Build, field: dict[str, Any]) -> Any:
    """A DERMS that knows what its devices do."""
    return build(**field)


def create(house: Any, name: str, *members: str, functions: tuple[str, ...] = ("realPowerDispatch",)) -> None:
    group = xml.group(mrid=f"mrid-{name}", name=name, functions=functions, members=members, version="1.0.0")
    body = xml.generic("create", "DERGroups", payload=xml.der_groups(group), message_id=str(uuid4()))
    assert house.dms.ask(body).result == "OK"


def get(house: Any, *names: str) -> Message:
    references = [xml.group(name=name) for name in names] or [xml.group()]
    query = xml.payload("DERGroupStatusQueries", *references)
    return house.dms.ask(xml.generic("get", "DERGroupStatuses", request=query, message_id=str(uuid4())))  # type: ignore[no-any-return]


def pushed(house: Any, verb: str = "changed") -> StatusSeen:
    """The next status that is pushed with *verb*."""
    while True:
        event = house.dms.event(verb)
        if event.text("Header", "Noun") == "DERGroupStatuses":
            assert event.text("Header", "CorrelationID") is None
            (status,) = statuses(event)
            return status


UNKNOWN = {"code": "99.1", "details": "DERGroup does not exist", "kind": "name"}


def test_dergs_1a_a_status_has_the_active_power_of_the_group(measured: Any) -> None:
    create(measured, "DG2", "D4", "D5", "D13")
    pushed(measured, "created")

    reply = get(measured, "DG2")

    assert (reply.result, reply.text("Header", "Noun")) == ("OK", "DERGroupStatuses")
    (status,) = statuses(reply)
    assert (status.name, status.value) == ("DG2", "Online")
    assert status.parameters == {
        "activePower": Seen(multiplier="k", unit="W", now=6.0, installed=(0.0, 15.0), available=(0.0, 15.0))
    }


def test_dergs_1b_the_status_of_an_unknown_group_is_refused_without_payload(measured: Any) -> None:
    reply = get(measured, "DG1")

    assert reply.result == "FAILED"
    (error,) = reply.errors
    assert error == ErrorSeen(**UNKNOWN, level="FATAL", reason=error.reason, id="DG1", object_type="DERGroup")
    assert reply.text("Payload") is None
    assert statuses(reply) == []


def test_dergs_1c_the_parameters_follow_the_functions_of_each_group(measured: Any, adapter: ScriptedAdapter) -> None:
    for device in ("D10", "D11"):
        adapter.says(device, voltage_v=231.0, active_power_w=1_000.0)
    create(measured, "DG3", "D6", "D8")
    create(measured, "DG4", "D10", "D11", functions=("voltageRegulation",))
    adapter.wait_until_asked("D10", 3)

    reply = get(measured, "DG3", "DG4")

    assert reply.result == "OK"
    third, fourth = statuses(reply)
    assert (third.name, set(third.parameters)) == ("DG3", {"activePower"})
    assert (fourth.name, set(fourth.parameters)) == ("DG4", {"activePower", "voltage"})
    voltage = fourth.parameters["voltage"]
    assert (voltage.multiplier, voltage.unit, voltage.now) == ("none", "V", 231.0)


@pytest.mark.parametrize(
    ("profile", "result", "level"), [("epri", "FAILED", "FATAL"), ("default", "PARTIAL", "WARNING")]
)
def test_dergs_1d_what_is_known_is_told_beside_the_group_that_is_not(
    build: Build, field: dict[str, Any], profile: str, result: str, level: str
) -> None:
    house = build(BEHAVIOURS[profile], **field)
    create(house, "DG6", "D12", functions=("realPowerDispatch", "reactivePowerDispatch"))

    reply = get(house, "DG6", "DG7")

    assert reply.result == result
    (error,) = (each for each in reply.errors if each.code != "0.2")
    assert error == ErrorSeen(**UNKNOWN, level=level, reason=error.reason, id="DG7", object_type="DERGroup")
    (status,) = statuses(reply)
    assert (status.name, set(status.parameters)) == ("DG6", {"activePower", "reactivePower"})


@pytest.mark.parametrize("verb", ["created", "changed"])
def test_dergs_2_the_status_of_another_system_is_acknowledged_and_kept(house: Any, verb: str) -> None:
    aside: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    invalid = Queue("cim.production.invalid.derms1")
    house.dms.transport.subscribe(Subscription(destination=invalid), aside.put)
    data = xml.element("DERCurveData", nominalYValue=1.5, timeStamp="2024-05-01T08:00:00Z")
    group = xml.element(
        "EndDeviceGroup",
        xml.parameter(data, multiplier="M"),
        xml.parameter(data, kind="reactivePower", multiplier="M", unit="VAr"),
        xml.names("DG8"),
        xml.element("status", dateTime="2024-05-01T08:00:00Z", value="Online"),
    )
    body = xml.generic(
        verb,
        "DERGroupStatuses",
        root="EventMessage",
        payload=xml.payload("DERGroupStatuses", group),
        source="derms2",
        ack_required=True,
    )

    assert house.dms.ask(body).result == "OK"

    (report,) = house.derms.status_reports.of("derms2")
    assert (report.group.names[0].name, report.value) == ("DG8", "Online")
    assert [each.value for each in report.parameters] == [1_500_000.0, 1_500_000.0]
    assert get(house, "DG8").codes == ["99.1"], "what others tell is no group of ours"
    house.dms.send(body, destination=Topic(f"cim.production.evt.derms2.{verb}.DERGroupStatuses"))
    get(house)
    assert aside.empty()


def test_a_typed_query_by_mrid_gets_a_typed_answer(measured: Any) -> None:
    create(measured, "GA", "D1")
    query = xml.payload("DERGroupStatusQueries", xml.group(mrid="mrid-GA"))

    reply = measured.dms.ask(
        xml.typed(
            "DERGroupStatusQueriesRequestMessage", "DERGroupStatusQueries", "get", "DERGroupStatuses", request=query
        )
    )

    assert (reply.kind, reply.result) == ("DERGroupStatusQueriesResponseMessage", "OK")
    assert [each.name for each in statuses(reply)] == ["GA"]


def test_groups_are_asked_for_by_id_or_all_together(measured: Any) -> None:
    create(measured, "GA", "D1")
    create(measured, "GB", "D2")
    by_id = "<ID>mrid-GB</ID><ID>nobody</ID>"

    reply = measured.dms.ask(xml.generic("get", "DERGroupStatuses", request=by_id, message_id=str(uuid4())))

    assert ([each.name for each in statuses(reply)], reply.codes[0]) == (["GB"], "2.15")
    assert [each.name for each in statuses(get(measured))] == ["GA", "GB"]


def test_without_a_catalogue_a_status_says_that_nothing_is_known_and_none_is_pushed(build: Build) -> None:
    house = build(push={"status_period_s": 0.1})
    create(house, "GA", "D1")

    (status,) = statuses(get(house, "GA"))

    assert (status.value, status.power) == ("Offline", None)
    assert status.remark == "0 good, 0 stale, 1 unavailable (1 not in the catalogue)"
    house.dms.event("created", noun="DERGroups")
    with pytest.raises(queue.Empty):
        house.dms.event("created", timeout_s=2.5, noun="DERGroupStatuses")


def test_a_dms_that_only_listens_sees_each_group_at_the_period(build: Build, field: dict[str, Any]) -> None:
    house = build(**{**field, "push": {"status_period_s": 1}})
    create(house, "GA", "D1", "D2")
    create(house, "GB", "D3")

    assert {pushed(house, "created").name for _ in range(2)} == {"GA", "GB"}
    reports = [pushed(house) for _ in range(4)]
    assert [each.name for each in reports] == ["GA", "GB"] * 2
    assert [each.power for each in reports] == [4.0, 2.0] * 2


def test_a_dms_that_only_listens_sees_a_group_that_moves_and_no_noise(measured: Any, adapter: ScriptedAdapter) -> None:
    create(measured, "GA", "D1", "D2")
    assert pushed(measured, "created").power == 4.0

    adapter.says("D1", active_power_w=2_150.0)  # 150 W of 10 kW installed: within the dead-band of 2 %
    adapter.wait_until_asked("D1", 40)
    adapter.says("D1", active_power_w=3_000.0)

    moved = pushed(measured)
    assert (moved.name, moved.power, moved.value) == ("GA", 5.0, "Online")


def test_a_member_that_falls_silent_is_told_of_and_so_is_its_return(measured: Any, adapter: ScriptedAdapter) -> None:
    create(measured, "GA", "D1", "D2")
    assert pushed(measured, "created").value == "Online"

    adapter.says("D1", hangs=True)
    degraded = pushed(measured)
    adapter.says("D1")

    assert (degraded.value, degraded.remark) == ("Degraded", "1 good, 1 stale, 0 unavailable")
    assert degraded.power == 4.0, "the last value known"
    assert pushed(measured).value == "Online"


def test_push_can_be_switched_off(build: Build, field: dict[str, Any], adapter: ScriptedAdapter) -> None:
    house = build(**{**field, "push": {"status_period_s": 0}})
    create(house, "GA", "D1")
    house.dms.event("created", noun="DERGroups")

    adapter.says("D1", active_power_w=4_000.0)

    with pytest.raises(queue.Empty):
        house.dms.event("created", timeout_s=2.5, noun="DERGroupStatuses")
