"""Groups of devices on real Modbus TCP, as a DMS sees them: what their registers say, and what it costs when one hangs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymodbus.constants import ExcCodes

from tests import builders as xml
from tests.flow.peer import Message, find, local, text_of
from tests.sunspec_device import OLDER_SOLAR, OLDER_STORAGE, STORAGE, Image, SunspecDevice

TIMEOUT_S = 1.0
"""A device has so long for its answer."""
AT_ONCE_S = TIMEOUT_S / 2
"""Nobody waited for a device who is answered within this."""
FRESH_S = 2 * TIMEOUT_S
"""So old may the values of a device be whose neighbour hangs: a round may wait for that one."""

_DEVICE = """
[[device]]
mrid = "{mrid}"
kind = "{kind}"
adapter = "{adapter}"
address = "{address}"
[device.name_plate]
active_power_max_w = {injects}
active_power_charge_max_w = {draws}
apparent_power_max_va = 5500
reactive_power_injected_max_var = 2200
reactive_power_absorbed_max_var = 2200
"""

Build = Callable[..., Any]


def device(mrid: str, kind: str, adapter: str = "simulated", address: str = "-") -> str:
    """A catalogue entry of 5 kW."""
    injects, draws = {"battery": (5000, 5000), "pv": (5000, 0), "load": (0, 5000)}[kind]
    entry = _DEVICE.format(mrid=mrid, kind=kind, adapter=adapter, address=address, injects=injects, draws=draws)
    return f"{entry}energy_capacity_wh = 13500\n" if kind == "battery" else entry


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The status of one group.

    Attributes:
        value: ``Online``, ``Degraded`` or ``Offline``.
        remark: how many of its members can be trusted.
        kilo: now, least and most available of each parameter that is a power, in kW or kVAr.
        voltage_v: None where it is not told.
    """

    value: str | None
    remark: str
    kilo: dict[str | None, tuple[float, float, float]]
    voltage_v: float | None

    @property
    def power_kw(self) -> float:
        return self.kilo["activePower"][0]


def seen(message: Message) -> dict[str | None, Seen]:
    """The statuses in a message by the names of their groups."""
    return {
        text_of(each, "Names", "name"): Seen(
            value=text_of(each, "status", "value"),
            remark=text_of(each, "status", "remark") or "",
            kilo=dict(_kilo(each)),
            voltage_v=next((now for kind, now in _now(each) if kind == "voltage"), None),
        )
        for each in message.root.iter()
        if local(each) == "EndDeviceGroup"
    }


def _now(group: Any) -> Iterator[tuple[str | None, float]]:
    for part in group:
        value = text_of(part, "DERCurveData", "nominalYValue")
        if local(part) == "DERMonitorableParameter" and value is not None:
            yield text_of(part, "DERParameter"), float(value)


def _kilo(group: Any) -> Iterator[tuple[str | None, tuple[float, float, float]]]:
    for part in group:
        kind = text_of(part, "DERParameter")
        if local(part) == "DERMonitorableParameter" and kind in {"activePower", "reactivePower"}:
            unit = {"k": 1.0, "none": 1e-3}[text_of(part, "yMultiplier") or ""]
            data = find(part, "DERCurveData")
            assert data is not None
            least, now, most = (float(text_of(data, f"{name}YValue") or "nan") for name in ("min", "nominal", "max"))
            yield kind, (now * unit, least * unit, most * unit)


class Street:
    """A DERMS, SunSpec devices by name, and a DMS that makes groups of them."""

    def __init__(self, build: Build, folder: Path, machines: dict[str, SunspecDevice], *others: str) -> None:
        self.machines = machines
        kinds = {"B": "battery", "P": "pv"}
        catalogue = folder / "fleet.toml"
        entries = [device(mrid, kinds[mrid[0]], "sunspec", each.address) for mrid, each in machines.items()]
        catalogue.write_text("".join((*entries, *others)), encoding="utf-8")
        self.house = build(
            fleet=catalogue,
            devices={"poll_period_s": 0.05, "timeout_s": TIMEOUT_S, "stale_after_s": FRESH_S},
            push={"status_period_s": 3600, "status_dead_band_percent": 1},
        )

    def groups(self, *functions: str, **members: str) -> dict[str, Seen]:
        """Make groups of the devices named; returns the first status that is pushed of each."""
        flags = functions or ("realPowerDispatch",)
        groups = (
            xml.group(mrid=f"mrid-{name}", name=name, functions=flags, members=of.split(), version="1.0.0")
            for name, of in members.items()
        )
        self.ask("create", "DERGroups", xml.der_groups(*groups))
        return {name: self.pushed(name, "created") for name in members}

    def ask(self, verb: str, noun: str, payload: str) -> None:
        """Send a request that is granted."""
        body = xml.generic(verb, noun, payload=payload, message_id=str(uuid4()))
        reply = self.house.dms.ask(body)
        assert reply.result == "OK", reply.errors

    def get(self, *names: str) -> dict[str | None, Seen]:
        """Statuses that are asked for; the answer comes at once, whatever devices do."""
        query = xml.payload("DERGroupStatusQueries", *(xml.group(name=name) for name in names))
        return seen(self._asked("DERGroupStatuses", query))

    def group_names(self) -> list[str | None]:
        """Names of all groups; the answer comes at once too."""
        return self._asked("DERGroups", xml.der_group_queries(xml.group())).group_names

    def _asked(self, noun: str, query: str) -> Message:
        body = xml.generic("get", noun, request=query, message_id=str(uuid4()))
        started = time.monotonic()
        reply: Message = self.house.dms.ask(body)
        assert time.monotonic() - started < AT_ONCE_S
        assert reply.result == "OK", reply.errors
        return reply

    def pushed(self, name: str, verb: str = "changed", *, until: Callable[[Seen], bool] = lambda _: True) -> Seen:
        """The next status of a group that nobody asked for, and of which *until* holds."""
        while True:
            told = seen(self.house.dms.event(verb, noun="DERGroupStatuses")).get(name)
            if told is not None and until(told):
                return told


@pytest.fixture
def machine() -> Iterator[Callable[[Image], SunspecDevice]]:
    """Starts devices, on the time of this computer; all of them are stopped at the end."""
    with ExitStack() as opened:

        def start(image: Image) -> SunspecDevice:
            made = SunspecDevice(lambda: datetime.now(UTC), image).start()
            opened.callback(made.close)
            return made

        yield start


@pytest.fixture
def street(machine: Callable[[Image], SunspecDevice], build: Build, tmp_path: Path) -> Street:
    """Two batteries and an inverter: B1 discharges 1.5 kW, B2 charges 0.5 kW, P1 has 4 kW of sun."""
    machines = {"B1": machine(STORAGE), "B2": machine(STORAGE), "P1": machine(OLDER_SOLAR)}
    works(machines["B1"], 1500)
    works(machines["B2"], -500)
    return Street(build, tmp_path, machines)


def works(battery: SunspecDevice, watts: int) -> None:
    """Somebody at the device has it give *watts*."""
    battery.put(704, "WSet", watts)
    battery.put(704, "WSetEna", 1)


def test_the_status_of_a_group_is_what_the_registers_of_its_devices_say(street: Street) -> None:
    street.machines["B1"].put(704, "VarSet", 700)
    street.machines["B1"].put(704, "VarSetEna", 1)
    functions = ("realPowerDispatch", "reactivePowerDispatch", "voltageRegulation")
    street.groups(*functions, all="B1 B2 P1")

    status = street.get("all")["all"]

    assert (status.value, status.voltage_v) == ("Online", 230.1)
    assert status.remark == "3 good, 0 stale, 0 unavailable, state of charge 50.0 %"
    assert status.power_kw == pytest.approx(1.5 - 0.5 + 4.0)
    assert status.kilo["reactivePower"][0] == pytest.approx(0.7)


def test_a_group_that_listens_hears_of_a_register_that_moves(street: Street) -> None:
    assert street.groups(all="B1 B2 P1")["all"].power_kw == pytest.approx(5.0)

    street.machines["P1"].put(122, "WAval", 100)

    status = street.pushed("all", until=lambda told: told.power_kw < 2.5)
    assert (status.value, status.power_kw) == ("Online", pytest.approx(2.0))
    assert status.kilo["activePower"][1:] == pytest.approx((-10.0, 11.0))


@pytest.mark.parametrize("trouble", ["hangs", "vanishes"])
def test_a_device_that_hangs_or_vanishes_degrades_its_group_and_nothing_else(street: Street, trouble: str) -> None:
    street.groups(ill="B1 P1", well="B2")
    ill, well = street.machines["B1"], street.machines["B2"]

    ill.hang() if trouble == "hangs" else ill.stop()
    for _ in range(5):
        assert street.group_names() == ["ill", "well"]
        assert street.get("ill", "well")["well"].value == "Online"
    status = street.pushed("ill", until=lambda told: told.value != "Online")

    assert (status.value, status.power_kw) == ("Degraded", pytest.approx(5.5)), "the last value known"
    assert status.remark.startswith("1 good, 1 stale, 0 unavailable")
    works(well, -1000)
    assert street.pushed("well").power_kw == pytest.approx(-1.0)
    assert {name: each.value for name, each in street.get("ill", "well").items()} == {
        "ill": "Degraded",
        "well": "Online",
    }

    ill.wake() if trouble == "hangs" else ill.start()
    assert street.pushed("ill", until=lambda told: told.value != "Degraded").value == "Online"
    assert street.get("ill")["ill"].power_kw == pytest.approx(5.5)


def test_a_device_that_refuses_to_be_read_is_unavailable_and_not_counted(street: Street) -> None:
    street.groups(all="B1 P1")

    street.machines["B1"].refuse_reads = ExcCodes.ILLEGAL_FUNCTION
    status = street.pushed("all")

    assert (status.value, status.power_kw) == ("Degraded", pytest.approx(4.0))
    assert status.remark.startswith("1 good, 0 stale, 1 unavailable")


def test_an_order_is_in_the_registers_of_its_devices_and_their_own_timers_run(street: Street) -> None:
    street.groups(all="B1 P1")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    curve = xml.schedule(3, start=now, duration=30)
    order = xml.dispatch(xml.parameter(curve, multiplier="k"), group_name="all")
    street.ask("create", "DERGroupDispatches", xml.payload("DERGroupDispatches", order))

    status = street.pushed("all", until=lambda told: abs(told.power_kw - 3.0) < 0.02)

    newer, older = street.machines["B1"], street.machines["P1"]
    assert status.value == "Online"
    assert newer.value(704, "WSetEna") == 1
    assert newer.value(704, "WSet") == pytest.approx(5 / 9 * 3000, abs=1.0)
    assert older.value(123, "WMaxLim_Ena") == 1
    assert older.value(123, "WMaxLimPct") == int(4 / 9 * 3000 / 5000 * 10_000)
    assert 0 < newer.value(704, "WSetRvrtTms") <= 900
    assert 0 < older.value(123, "WMaxLimPct_RvrtTms") <= 900


def test_a_device_that_is_switched_off_by_hand_gives_nothing_and_is_still_trusted(street: Street) -> None:
    street.groups(all="B1 P1")

    street.machines["B1"].put(703, "ES", 0)
    status = street.pushed("all", until=lambda told: "disconnected" in told.remark)

    assert (status.value, status.power_kw) == ("Online", pytest.approx(4.0))


def test_a_device_that_is_away_when_the_derms_starts_is_known_when_it_comes(
    machine: Callable[[Image], SunspecDevice], build: Build, tmp_path: Path
) -> None:
    machines = {"B1": machine(OLDER_STORAGE), "P1": machine(OLDER_SOLAR)}
    machines["B1"].stop()
    street = Street(build, tmp_path, machines)
    first = street.groups(all="B1 P1")["all"]

    machines["B1"].start()

    assert (first.value, first.power_kw) == ("Degraded", pytest.approx(4.0))
    assert first.remark == "1 good, 0 stale, 1 unavailable"
    assert street.pushed("all").remark == "2 good, 0 stale, 0 unavailable, state of charge 50.0 %"


def test_devices_of_two_protocols_make_one_group_and_one_does_not_wait_for_the_other(
    machine: Callable[[Image], SunspecDevice], build: Build, tmp_path: Path
) -> None:
    machines = {"P1": machine(OLDER_SOLAR)}
    street = Street(build, tmp_path, machines, device("L1", "load"), device("B3", "battery"))
    street.groups(mixed="P1 L1 B3", simulated="L1 B3")
    together, alone = (street.get("mixed", "simulated")[name] for name in ("mixed", "simulated"))
    machines["P1"].hang()
    status = street.pushed("mixed", until=lambda told: told.value != "Online")

    assert alone.power_kw < 0.0
    assert together.power_kw == pytest.approx(alone.power_kw + 4.0)
    assert together.remark.startswith("3 good, 0 stale, 0 unavailable")
    assert (status.value, status.remark[:15]) == ("Degraded", "2 good, 1 stale")
    assert street.get("simulated")["simulated"].value == "Online"
