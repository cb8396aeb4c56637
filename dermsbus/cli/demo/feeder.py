"""The feeder of the demo: its devices, which are the same in each run, and the groups that the DMS makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from typing import Final

from dermsbus.cli.views import FUNCTION_FIELDS
from dermsbus.domain.clear_sky import Site
from dermsbus.domain.der import Device, DeviceKind, NamePlate
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, GroupReference, Name

__all__ = [
    "BATTERIES",
    "CHARGERS",
    "FEEDER",
    "GENERATORS",
    "PLACE_ZONE",
    "PV_EAST",
    "PV_WEST",
    "SEED",
    "SITE",
    "SOLAR_STORAGE",
    "Feeder",
    "at",
    "catalogue",
    "make_feeder",
    "reference",
]

PV_EAST: Final = "pv-east"
PV_WEST: Final = "pv-west"
BATTERIES: Final = "batteries"
CHARGERS: Final = "ev-chargers"
GENERATORS: Final = "generators"
SOLAR_STORAGE: Final = "solar-storage"
FEEDER: Final = "feeder-7"

SITE: Final = Site(latitude_deg=48.0, longitude_deg=11.0)
PLACE_ZONE: Final = timezone(timedelta(hours=2))
SEED: Final = 854
"""Of the weather and of the habits: of a day with hardly a cloud but for the one that the story sends."""
_MIDNIGHT: Final = datetime(2026, 6, 18, tzinfo=PLACE_ZONE)

_CAN: Final = DERFunction(
    **{
        field: wire
        in {"connectDisconnect", "realPowerDispatch", "reactivePowerDispatch", "voltageRegulation", "rampRateControl"}
        for wire, field in FUNCTION_FIELDS.items()
    }
)
_PV_RATINGS_W: Final = (5_000.0, 8_000.0, 10_000.0, 12_000.0)
_BATTERY_W: Final = 10_000.0
_BATTERY_WH: Final = 60_000.0
_CHARGER_W: Final = 11_000.0
_GENERATOR_W: Final = 120_000.0
_OVERSIZE: Final = 1.1
"""Apparent power of an inverter, as a part of its active power."""
_REACTIVE: Final = 0.44
"""Reactive power of an inverter, as a part of its apparent power: category B of IEEE 1547."""


def at(clock: str) -> datetime:
    """The instant of the day at which the clock of the place shows *clock*, such as ``05:30``; UTC."""
    hours, minutes = clock.split(":")
    return (_MIDNIGHT + timedelta(hours=int(hours), minutes=int(minutes))).astimezone(UTC)


def reference(name: str) -> GroupReference:
    """The group of that name."""
    return GroupReference(names=(Name(name=name),))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """A group that the DMS makes: of devices, or of other groups by their names."""

    name: str
    description: str
    of: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Feeder:
    """Devices, and what groups are made of them.

    Attributes:
        devices: all of them.
        members: by the name of a group of devices, their mRIDs.
    """

    devices: tuple[Device, ...]
    members: dict[str, tuple[str, ...]]

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of all groups in the order in which they are made."""
        return (*(group.names[0].name for group in self.groups_of_devices()), *(plan.name for plan in _NESTS))

    def devices_of(self, group: str) -> tuple[str, ...]:
        """The mRIDs of all devices in a group, also of those in the groups that it is made of."""
        nested = next((plan.of for plan in _NESTS if plan.name == group), ())
        return tuple(chain.from_iterable(map(self.devices_of, nested))) if nested else self.members[group]

    def groups_of_devices(self) -> tuple[EndDeviceGroup, ...]:
        """The groups of devices as the DMS asks for them, the smallest first."""
        plans = (_Plan(name=name, description=text, of=self.members[name]) for name, text in _DESCRIPTIONS)
        return tuple(map(_group, sorted(plans, key=lambda plan: len(plan.of))))

    def groups_of_groups(self, mrids: dict[str, str]) -> tuple[EndDeviceGroup, ...]:
        """The groups that are made of others, as the DMS asks for them.

        Args:
            mrids: by the name of a group of devices, the mRID that the DERMS gave it.
        """
        return tuple(
            _group(_Plan(name=plan.name, description=plan.description, of=tuple(mrids[name] for name in plan.of)))
            for plan in _NESTS
        )


_DESCRIPTIONS: Final = (
    (PV_EAST, "roofs on the east branch"),
    (PV_WEST, "roofs on the west branch"),
    (BATTERIES, "batteries in cellars and at the substation"),
    (CHARGERS, "chargers of electric cars"),
    (GENERATORS, "emergency generators"),
)
_NESTS: Final = (
    _Plan(name=SOLAR_STORAGE, description="what the feeder dispatches", of=(PV_EAST, PV_WEST, BATTERIES)),
    _Plan(name=FEEDER, description="all of feeder 7", of=(PV_EAST, PV_WEST, BATTERIES, CHARGERS, GENERATORS)),
)


def _group(plan: _Plan) -> EndDeviceGroup:
    return EndDeviceGroup(
        names=(Name(name=plan.name),),
        description=plan.description,
        der_function=_CAN,
        end_devices=tuple(EndDevice(mrid=mrid) for mrid in plan.of),
    )


def make_feeder(*, is_small: bool) -> Feeder:
    """The feeder: of some hundred devices, or of a quarter of them."""
    roofs, batteries, chargers, generators = (8, 6, 4, 1) if is_small else (30, 24, 14, 2)
    devices = {
        PV_EAST: [_roof("PV-E", number) for number in range(1, roofs + 1)],
        PV_WEST: [_roof("PV-W", number) for number in range(1, roofs + 1)],
        BATTERIES: [_battery(number) for number in range(1, batteries + 1)],
        CHARGERS: [_charger(number) for number in range(1, chargers + 1)],
        GENERATORS: [_generator(number) for number in range(1, generators + 1)],
    }
    return Feeder(
        devices=tuple(chain.from_iterable(devices.values())),
        members={name: tuple(device.mrid for device in of) for name, of in devices.items()},
    )


def _roof(branch: str, number: int) -> Device:
    rated_w = _PV_RATINGS_W[number % len(_PV_RATINGS_W)]
    return _device(DeviceKind.PV, f"{branch}-{number:02}", _inverter(rated_w))


def _battery(number: int) -> Device:
    plate = _inverter(_BATTERY_W, charge_w=_BATTERY_W, energy_wh=_BATTERY_WH)
    return _device(DeviceKind.BATTERY, f"BAT-{number:02}", plate)


def _charger(number: int) -> Device:
    plate = NamePlate(active_power_max_w=0.0, active_power_charge_max_w=_CHARGER_W, apparent_power_max_va=_CHARGER_W)
    return _device(DeviceKind.EV_CHARGER, f"EV-{number:02}", plate)


def _generator(number: int) -> Device:
    return _device(DeviceKind.GENERATOR, f"GEN-{number:02}", _inverter(_GENERATOR_W))


def _inverter(rated_w: float, *, charge_w: float = 0.0, energy_wh: float | None = None) -> NamePlate:
    apparent_va = rated_w * _OVERSIZE
    return NamePlate(
        active_power_max_w=rated_w,
        active_power_charge_max_w=charge_w,
        apparent_power_max_va=apparent_va,
        reactive_power_injected_max_var=apparent_va * _REACTIVE,
        reactive_power_absorbed_max_var=apparent_va * _REACTIVE,
        energy_capacity_wh=energy_wh,
        charge_efficiency=0.95 if energy_wh else 1.0,
        discharge_efficiency=0.95 if energy_wh else 1.0,
    )


def _device(kind: DeviceKind, mrid: str, plate: NamePlate) -> Device:
    return Device(mrid=mrid, kind=kind, adapter="simulated", address=mrid.lower(), name_plate=plate)


def catalogue(feeder: Feeder) -> str:
    """The devices as the file that ``dermsbus serve --fleet`` takes."""
    return "\n".join(chain.from_iterable(map(_entry, feeder.devices)))


def _entry(device: Device) -> Iterator[str]:
    yield "[[device]]"
    for name in ("mrid", "kind", "adapter", "address"):
        yield f'{name} = "{getattr(device, name)}"'
    yield "[device.name_plate]"
    for field in fields(NamePlate):
        value = getattr(device.name_plate, field.name)
        if field.default is MISSING or value != field.default:
            yield f"{field.name} = {value}"
