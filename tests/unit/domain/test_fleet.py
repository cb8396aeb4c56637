"""The device catalogue, and the file it is read from."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dermsbus.domain.der import AbnormalCategory, Device, DeviceKind, NamePlate
from dermsbus.domain.fleet import Fleet, load_fleet
from dermsbus.errors import SettingsError
from tests.unit.domain.fleet_builders import battery, pv

FILE = """
[[device]]
mrid = "PV-1"
kind = "pv"
adapter = "simulated"
address = "roof"

[device.name_plate]
active_power_max_w = 5000
apparent_power_max_va = 5500.0

[[device]]
mrid = "BAT-1"
kind = "battery"
adapter = "sunspec"
address = "192.0.2.17:502/1"
merit = 2

[device.name_plate]
active_power_max_w = 4000
active_power_charge_max_w = 3000
apparent_power_max_va = 4000
reactive_power_injected_max_var = 1000
reactive_power_absorbed_max_var = 900
ac_voltage_nominal_v = 400
ramp_rate_max_w_per_s = 50
energy_capacity_wh = 13500
charge_efficiency = 0.95
discharge_efficiency = 0.9
abnormal_category = "III"
manufacturer = "Acme"
"""


def problem_of(text: str) -> str:
    with pytest.raises(SettingsError) as refusal:
        load_fleet(text, "fleet.toml")
    return str(refusal.value)


def test_a_catalogue_file_gives_its_devices_in_order_with_defaults_for_what_it_leaves_out() -> None:
    fleet = load_fleet(FILE, "fleet.toml")

    assert fleet.devices == (
        Device(
            mrid="PV-1",
            kind=DeviceKind.PV,
            adapter="simulated",
            address="roof",
            name_plate=NamePlate(active_power_max_w=5000.0, apparent_power_max_va=5500.0),
        ),
        Device(
            mrid="BAT-1",
            kind=DeviceKind.BATTERY,
            adapter="sunspec",
            address="192.0.2.17:502/1",
            merit=2,
            name_plate=NamePlate(
                active_power_max_w=4000.0,
                active_power_charge_max_w=3000.0,
                apparent_power_max_va=4000.0,
                reactive_power_injected_max_var=1000.0,
                reactive_power_absorbed_max_var=900.0,
                ac_voltage_nominal_v=400.0,
                ramp_rate_max_w_per_s=50.0,
                energy_capacity_wh=13500.0,
                charge_efficiency=0.95,
                discharge_efficiency=0.9,
                abnormal_category=AbnormalCategory.III,
                manufacturer="Acme",
            ),
        ),
    )


def test_an_empty_file_is_an_empty_fleet() -> None:
    assert dict(load_fleet("# nothing installed yet\n", "fleet.toml")) == {}


def test_a_fleet_is_looked_up_by_mrid_and_cannot_be_changed() -> None:
    fleet = Fleet([pv("A"), pv("B")])

    assert fleet["B"] == pv("B")
    assert list(fleet) == ["A", "B"]
    assert len(fleet) == 2
    assert "C" not in fleet
    assert fleet == {"A": pv("A"), "B": pv("B")}
    with pytest.raises(TypeError):
        fleet.places["C"] = 2  # type: ignore[index]  # that it cannot be done is what is tested
    with pytest.raises(ValueError, match="read-only"):
        fleet.ratings.active_power_max_w[0] = 1.0


def test_the_columns_of_ratings_say_what_the_name_plates_say() -> None:
    ratings = Fleet([battery("B", 4_000.0, charge_efficiency=0.9), pv("A", ramp_rate_max_w_per_s=100.0)]).ratings

    assert ratings.active_power_charge_max_w.tolist() == [4_000.0, 0.0]
    assert ratings.energy_capacity_wh.tolist() == [8_000.0, 0.0]
    assert ratings.charge_efficiency.tolist() == [0.9, 1.0]
    assert ratings.ramp_rate_max_w_per_s.tolist() == [math.inf, 100.0]


def test_devices_are_ranked_by_merit_and_then_by_mrid() -> None:
    fleet = Fleet([pv("C", merit=1), pv("B", merit=0), pv("A", merit=1)])

    assert fleet.ratings.merit_rank.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("active_power_max_w", -1.0, "must be 0 or more; it is -1"),
        ("active_power_charge_max_w", math.nan, "must be a finite number; it is nan"),
        ("apparent_power_max_va", math.inf, "must be a finite number; it is inf"),
        ("active_power_max_w", 5_001.0, "is 5001, more than the apparent_power_max_va of 5000"),
        ("reactive_power_absorbed_max_var", 6_000.0, "is 6000, more than the apparent_power_max_va of 5000"),
        ("ac_voltage_nominal_v", 0.0, "must be more than 0; it is 0"),
        ("ramp_rate_max_w_per_s", 0.0, "must be more than 0; it is 0"),
        ("energy_capacity_wh", -5.0, "must be more than 0; it is -5"),
        ("charge_efficiency", 0.0, "must be more than 0 and at most 1; it is 0"),
        ("discharge_efficiency", 1.01, "must be more than 0 and at most 1; it is 1.01"),
    ],
)
def test_a_rating_that_cannot_be_is_refused_naming_device_and_key(key: str, value: float, problem: str) -> None:
    odd = replace(pv("PV-9"), name_plate=replace(pv("PV-9").name_plate, **{key: value}))

    with pytest.raises(ValueError, match="PV-9") as refusal:
        Fleet([pv("PV-1"), odd])

    assert str(refusal.value) == f"device 'PV-9': name_plate.{key} {problem}"


def test_two_devices_with_one_mrid_are_refused() -> None:
    with pytest.raises(ValueError, match="device 'A': mrid is that of two devices"):
        Fleet([pv("A"), pv("B"), pv("A")])


@pytest.mark.parametrize("key", ["mrid", "adapter"])
def test_a_device_without_id_or_adapter_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=f"{key} must not be blank"):
        Fleet([replace(pv("A"), **{key: " "})])


def test_a_file_that_is_not_toml_is_refused_with_the_place() -> None:
    assert problem_of("[[device]\n").startswith("fleet.toml: is not TOML: ")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("merit = 2", "merrit = 2", "device 'BAT-1': merrit: there is no such key; is merit meant?"),
        ("merit = 2", "merit = 2.0", "device 'BAT-1': merit: must be a whole number; it is 2.0"),
        ("merit = 2", "merit = true", "device 'BAT-1': merit: must be a whole number; it is True"),
        ('kind = "battery"', 'kind = "bat"', "device 'BAT-1': kind: must be one of pv, battery, ev-charger"),
        ('kind = "battery"', "", "device 'BAT-1': kind: is missing"),
        ('mrid = "BAT-1"', "", "device number 2: mrid: is missing"),
        ('mrid = "BAT-1"', 'mrid = "PV-1"', "device 'PV-1': mrid: is that of two devices: each needs its own"),
        ('address = "roof"', "address = 7", "device 'PV-1': address: must be a text; it is 7"),
        (
            'address = "roof"',
            r'address = "ro\u0007of"',
            r"device 'PV-1': address: must hold no control characters, which no message can carry; it is 'ro\x07of'",
        ),
        ("energy_capacity_wh = 13500", "energy_wh = 1", "device 'BAT-1': name_plate.energy_wh: there is no such key"),
        (
            "= 13500",
            '= "13.5 kWh"',
            "device 'BAT-1': name_plate.energy_capacity_wh: must be a number; it is '13.5 kWh'",
        ),
        ("= 13500", "= nan", "device 'BAT-1': name_plate.energy_capacity_wh: must be a finite number; it is nan"),
        ("= 13500", "= 1" + "0" * 400, "device 'BAT-1': name_plate.energy_capacity_wh: must be a finite number"),
        ("= 13500", "= true", "device 'BAT-1': name_plate.energy_capacity_wh: must be a number; it is True"),
        ('= "III"', '= "IV"', "device 'BAT-1': name_plate.abnormal_category: must be one of I, II, III; it is 'IV'"),
        ("= 0.95", "= 95", "device 'BAT-1': name_plate.charge_efficiency: must be more than 0 and at most 1; it is 95"),
        ("apparent_power_max_va = 5500.0", "", "device 'PV-1': name_plate.apparent_power_max_va: is missing"),
    ],
)
def test_a_wrong_entry_is_refused_naming_file_device_and_key(old: str, new: str, problem: str) -> None:
    assert FILE.count(old) == 1

    assert problem_of(FILE.replace(old, new)).startswith(f"fleet.toml: {problem}")


def test_a_device_without_name_plate_is_refused() -> None:
    text = '[[device]]\nmrid = "A"\nkind = "pv"\nadapter = "simulated"\naddress = ""\n'

    assert problem_of(text) == "fleet.toml: device 'A': name_plate: is missing"
    assert problem_of(text + "name_plate = 5\n") == "fleet.toml: device 'A': name_plate: must be a table; it is 5"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[devices]]\n", "devices: there is no such table; is device meant?"),
        ("[device]\n", "device: must be written as [[device]], once for each device"),
        ("device = [1]\n", "device: must be written as [[device]], once for each device"),
    ],
)
def test_what_is_no_list_of_devices_is_refused(text: str, problem: str) -> None:
    assert problem_of(text) == f"fleet.toml: {problem}"


def test_all_that_is_wrong_is_told_at_once_up_to_twenty() -> None:
    device = '[[device]]\nmrid = "D{}"\nkind = "pv"\nadapter = "simulated"\naddress = ""\n'
    lines = problem_of("".join(device.format(number) for number in range(23))).splitlines()

    assert lines[0] == "fleet.toml: device 'D0': name_plate: is missing"
    assert lines[19] == "fleet.toml: device 'D19': name_plate: is missing"
    assert lines[20:] == ["fleet.toml: and 3 more"]
