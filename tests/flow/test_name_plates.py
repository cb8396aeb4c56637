"""Name plates of devices beside their groups, told to who asks for them where the deployment allows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from lxml import etree

import dermsbus_profiles
from dermsbus.client import DMSClient
from dermsbus.domain.der import AbnormalCategory, NormalCategory
from dermsbus.domain.model import GroupReference, Name
from dermsbus.messages.codec import Codec
from dermsbus.transports.memory import MemoryTransport
from dermsbus_profiles import NAME_PLATE_NAMESPACE, NAME_PLATE_SCHEMA
from tests import builders as xml
from tests.flow.peer import Message
from tests.scripted_adapter import ScriptedAdapter

Build = Callable[..., Any]

_NP = f"{{{NAME_PLATE_NAMESPACE}}}"
_OPTION = "<Option><name>DERNamePlate</name><value>true</value></Option>"
_DEVICE = """
[[device]]
mrid = "{mrid}"
kind = "pv"
adapter = "simulated"
address = "{mrid}"
[device.name_plate]
active_power_max_w = 5000
apparent_power_max_va = 5500
"""
_BATTERY = """
[[device]]
mrid = "B1"
kind = "battery"
adapter = "simulated"
address = "B1"
[device.name_plate]
active_power_max_w = 4000
active_power_charge_max_w = 3000
apparent_power_max_va = 5000
energy_capacity_wh = 13500
charge_efficiency = 0.95
abnormal_category = "III"
normal_category = "B"
manufacturer = "Maker"
serial_number = "0042"
"""


@pytest.fixture
def fleet(tmp_path: Path) -> dict[str, Any]:
    """Settings of a DERMS with the devices D1, D2, D3 and B1."""
    catalogue = tmp_path / "fleet.toml"
    devices = "".join(_DEVICE.format(mrid=mrid) for mrid in ("D1", "D2", "D3"))
    catalogue.write_text(devices + _BATTERY, encoding="utf-8")
    return {"fleet": catalogue, "adapters": {"simulated": ScriptedAdapter(0.0)}, "push": {"status_period_s": 0}}


@pytest.fixture
def telling(build: Build, fleet: dict[str, Any]) -> Any:
    """A DERMS that tells name plates."""
    return build(**fleet, nameplate_extension=True)


def create(house: Any, name: str, *members: str) -> None:
    group = xml.group(mrid=f"mrid-{name}", name=name, functions=(), members=members, version="1.0.0")
    body = xml.generic("create", "DERGroups", payload=xml.der_groups(group), message_id=str(uuid4()))
    assert house.dms.ask(body).result == "OK"


def get(house: Any, *names: str, option: str = _OPTION) -> Message:
    query = xml.der_group_queries(*(xml.group(name=name) for name in names) if names else (xml.group(),))
    return house.dms.ask(xml.generic("get", "DERGroups", request=f"{option}{query}", message_id=str(uuid4())))  # type: ignore[no-any-return]


def plates(message: Message) -> list[dict[str, str | None]]:
    """The name plates of a reply, once they were found valid and in the place that the envelope has for them."""
    (reply,) = etree.fromstring(message.delivery.body).iterfind("{*}Reply")
    if reply.find(f"{_NP}DERNamePlates") is None:
        assert NAME_PLATE_NAMESPACE.encode() not in message.delivery.body
        return []
    (element,) = reply.iterfind(f"{_NP}DERNamePlates")
    etree.XMLSchema(file=str(Path(dermsbus_profiles.__file__).parent / NAME_PLATE_SCHEMA)).assertValid(element)
    return [{etree.QName(part).localname: part.text for part in plate} for plate in element]


def devices(message: Message) -> list[str | None]:
    return [plate["mRID"] for plate in plates(message)]


def test_who_asks_for_name_plates_gets_them_beside_the_groups(telling: Any) -> None:
    create(telling, "GA", "D1", "B1")

    reply = get(telling, "GA")

    assert (reply.result, reply.group_names) == ("OK", ["GA"])
    pv, battery = plates(reply)
    assert pv == {
        "mRID": "D1",
        "activePowerChargeMax": "0.0",
        "activePowerMax": "5000.0",
        "acVoltageNominal": "230.0",
        "apparentPowerMax": "5500.0",
        "reactivePowerAbsorbedMax": "0.0",
        "reactivePowerInjectedMax": "0.0",
    }
    assert battery["energyCapacity"] == "13500.0"
    assert (battery["abnormalOperatingPerformanceCategory"], battery["serialNumber"]) == ("III", "0042")


def test_who_does_not_ask_gets_none(telling: Any) -> None:
    create(telling, "GA", "D1")

    for option in ("", _OPTION.replace("true", "false"), _OPTION.replace("DERNamePlate", "other")):
        reply = get(telling, "GA", option=option)
        assert (reply.result, reply.group_names, plates(reply)) == ("OK", ["GA"], [])


def test_where_the_deployment_does_not_allow_it_the_option_is_passed_over(build: Build, fleet: dict[str, Any]) -> None:
    house = build(**fleet)
    create(house, "GA", "D1")

    reply = get(house, "GA")

    assert (reply.result, reply.codes, reply.group_names, plates(reply)) == ("OK", ["0.0"], ["GA"], [])


def test_devices_that_the_catalogue_does_not_know_are_left_out(telling: Any) -> None:
    create(telling, "GA", "D1", "stranger", "D2")
    create(telling, "GB", "stranger")

    assert devices(get(telling, "GA")) == ["D1", "D2"]
    assert devices(get(telling, "GB")) == []


def test_a_device_of_several_groups_is_told_once(telling: Any) -> None:
    create(telling, "GA", "D2", "D1")
    create(telling, "GB", "D1", "D3")

    assert devices(get(telling, "GB", "GA")) == ["D1", "D3", "D2"]
    assert sorted(map(str, devices(get(telling)))) == ["D1", "D2", "D3"]


def test_the_devices_of_a_group_within_a_group_are_told_too(telling: Any) -> None:
    create(telling, "GA", "D1")
    create(telling, "GB", "mrid-GA", "D2")

    assert sorted(map(str, devices(get(telling, "GB")))) == ["D1", "D2"]


def test_groups_that_are_not_there_leave_the_others_name_plates(telling: Any) -> None:
    create(telling, "GA", "D1")

    reply = get(telling, "GA", "nobody")

    assert (reply.result, reply.codes, devices(reply)) == ("PARTIAL", ["99.1", "0.2"], ["D1"])
    assert plates(get(telling, "nobody")) == []


def test_a_typed_request_gets_its_name_plates_in_a_typed_reply(telling: Any) -> None:
    create(telling, "GA", "D1")
    option = "<w:Option><name>DERNamePlate</name><value>true</value></w:Option>"
    request = f"{option}{xml.der_group_queries(xml.group(name='GA'))}"

    reply = telling.dms.ask(
        xml.typed("DERGroupQueriesRequestMessage", "DERGroupQueries", "get", "DERGroups", request=request)
    )

    assert (reply.kind, reply.group_names) == ("DERGroupQueriesResponseMessage", ["GA"])
    assert devices(reply) == ["D1"]


def test_categories_are_spelled_as_the_deployment_wants_them(build: Build, fleet: dict[str, Any]) -> None:
    house = build(**fleet, nameplate_extension=True, nameplate_categories="cat")
    create(house, "GA", "B1")

    (battery,) = plates(get(house, "GA"))

    assert battery["abnormalOperatingPerformanceCategory"] == "catIII"
    assert battery["normalOperatingPerformanceCategory"] == "catB"


def test_more_name_plates_than_a_reply_holds_are_refused_and_the_groups_told(
    build: Build, fleet: dict[str, Any]
) -> None:
    mrids = [f"P{number}" for number in range(2_001)]
    fleet["fleet"].write_text("".join(_DEVICE.format(mrid=mrid) for mrid in mrids), encoding="utf-8")
    house = build(**fleet, nameplate_extension=True)
    create(house, "GA", *mrids[:2_000])
    create(house, "GB", mrids[-1])

    assert len(devices(get(house, "GA"))) == 2_000
    reply = get(house)

    assert (reply.result, reply.codes, reply.group_names) == ("PARTIAL", ["3.1", "0.2"], ["GA", "GB"])
    assert "2001 devices" in str(reply.errors[0].details)
    assert plates(reply) == []


def test_the_client_asks_for_name_plates_and_has_them_as_values(telling: Any) -> None:
    create(telling, "GA", "D1", "B1")
    group = GroupReference(names=(Name(name="GA"),))

    with DMSClient(MemoryTransport(telling.bus), Codec(), responder="derms1") as client:
        answer = client.get_groups(group, name_plates=True)
        without = client.get_groups(group)

    assert answer.ok
    assert [each.mrid for each in answer.name_plates] == ["D1", "B1"]
    battery = answer.name_plates[1].name_plate
    assert (battery.energy_capacity_wh, battery.charge_efficiency) == (13_500.0, 0.95)
    assert (battery.abnormal_category, battery.normal_category) == (AbnormalCategory.III, NormalCategory.B)
    assert (without.ok, without.name_plates) == (True, ())
