"""The device catalogue: which devices there are, what they are rated for, and how the file that lists them is read.

::

    [[device]]
    mrid = "7d1f4a52-6c0e-4a4e-9a0c-0f6f3f2b9f11"
    kind = "battery"
    adapter = "sunspec"
    address = "192.0.2.17:502/1"
    merit = 2
    [device.name_plate]
    active_power_max_w = 5000
    active_power_charge_max_w = 5000
    apparent_power_max_va = 5500
    energy_capacity_wh = 13500

The tables have the fields of `Device` and `NamePlate`, and no others. A device has a place in its fleet, counted from
0, by which the fleet's columns of numbers are indexed.

Source: house choice, ADR 20.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from types import MappingProxyType, NoneType
from typing import Any, Final, TypeVar, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from dermsbus.domain.der import Device, NamePlate
from dermsbus.domain.identity import quoted
from dermsbus.errors import SettingsError

__all__ = ["BoolArray", "Fleet", "FloatArray", "IntArray", "Ratings", "load_fleet"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_Number = TypeVar("_Number", np.float64, np.int64)
_Problems = list[tuple[str, str]]  # of a file: key, what is wrong with it

_MOST_PROBLEMS_TOLD: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ratings:
    """The numbers of name plates in columns, one place for each device; read-only.

    Attributes:
        active_power_max_w: as in `NamePlate`, like the next six.
        active_power_charge_max_w: 0 or more.
        apparent_power_max_va: 0 or more.
        reactive_power_injected_max_var: 0 or more.
        reactive_power_absorbed_max_var: 0 or more.
        charge_efficiency: more than 0, at most 1.
        discharge_efficiency: more than 0, at most 1.
        ramp_rate_max_w_per_s: infinite where it is not limited.
        energy_capacity_wh: 0 for what stores nothing.
        merit_rank: place of the device when all of the fleet are ordered by merit, then by mRID.
    """

    active_power_max_w: FloatArray
    active_power_charge_max_w: FloatArray
    apparent_power_max_va: FloatArray
    reactive_power_injected_max_var: FloatArray
    reactive_power_absorbed_max_var: FloatArray
    charge_efficiency: FloatArray
    discharge_efficiency: FloatArray
    ramp_rate_max_w_per_s: FloatArray
    energy_capacity_wh: FloatArray
    merit_rank: IntArray

    def rows(self, places: IntArray) -> Ratings:
        """The ratings of the devices at *places*, in that order."""
        return Ratings(**{column.name: getattr(self, column.name)[places] for column in fields(self)})


class Fleet(Mapping[str, Device]):
    """All devices there are, by mRID, in the order of the catalogue. Immutable.

    Args:
        devices: each with its own mRID.

    Raises:
        ValueError: two devices have the same mRID, or a value of one cannot be: the first such device is named.
    """

    __slots__ = ("_devices", "_places", "_ratings")

    def __init__(self, devices: Iterable[Device] = ()) -> None:
        self._devices = tuple(devices)
        self._places = {device.mrid: place for place, device in enumerate(self._devices)}
        for fault in _faults(self._devices):
            raise ValueError(f"device {quoted(fault.mrid)}: {fault.key} {fault.problem}")
        self._ratings = _ratings(self._devices)

    def __getitem__(self, mrid: str) -> Device:
        return self._devices[self._places[mrid]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._devices)

    def __repr__(self) -> str:
        return f"Fleet of {len(self)} devices"

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices in the order of their places."""
        return self._devices

    @property
    def places(self) -> Mapping[str, int]:
        """The place of each device by its mRID."""
        return MappingProxyType(self._places)

    @property
    def ratings(self) -> Ratings:
        """The ratings of all devices."""
        return self._ratings


def load_fleet(text: str, where: str) -> Fleet:
    """The fleet that a catalogue file describes; an empty file describes an empty fleet.

    Args:
        text: the file's content, TOML.
        where: the file's name, for the error.

    Raises:
        SettingsError: it is not TOML, or keys or values in it cannot be used: the first twenty that were found, each
            with file, device and key.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(where, f"is not TOML: {error}") from error
    devices, problems = _read_document(document)
    problems += [(f"device {quoted(fault.mrid)}: {fault.key}", fault.problem) for fault in _faults(devices)]
    if problems:
        raise _settings_error(where, problems)
    return Fleet(devices)


def _settings_error(where: str, problems: _Problems) -> SettingsError:
    (key, problem), *others = problems[:_MOST_PROBLEMS_TOLD]
    lines = [problem, *(f"{where}: {name}: {text}" for name, text in others)]
    if len(problems) > _MOST_PROBLEMS_TOLD:
        lines.append(f"{where}: and {len(problems) - _MOST_PROBLEMS_TOLD} more")
    return SettingsError(f"{where}: {key}", "\n".join(lines))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    """A value of a device that cannot be."""

    mrid: str
    key: str
    problem: str


_NOT_NEGATIVE: Final = (
    "active_power_max_w",
    "active_power_charge_max_w",
    "apparent_power_max_va",
    "reactive_power_injected_max_var",
    "reactive_power_absorbed_max_var",
)
_POSITIVE: Final = ("ac_voltage_nominal_v", "ramp_rate_max_w_per_s", "energy_capacity_wh")
_EFFICIENCIES: Final = ("charge_efficiency", "discharge_efficiency")


def _faults(devices: Sequence[Device]) -> Iterator[_Fault]:
    seen: set[str] = set()
    for device in devices:
        if device.mrid in seen:
            yield _Fault(mrid=device.mrid, key="mrid", problem="is that of two devices: each needs its own")
        seen.add(device.mrid)
        for key in ("mrid", "adapter"):
            if not getattr(device, key).strip():
                yield _Fault(mrid=device.mrid, key=key, problem="must not be blank")
        for key, problem in _name_plate_faults(device.name_plate):
            yield _Fault(mrid=device.mrid, key=f"name_plate.{key}", problem=problem)


def _name_plate_faults(plate: NamePlate) -> Iterator[tuple[str, str]]:
    for key in (*_NOT_NEGATIVE, *_POSITIVE, *_EFFICIENCIES):
        value = getattr(plate, key)
        if value is None:
            continue
        if not math.isfinite(value):
            yield key, f"must be a finite number; it is {value}"
        elif key in _NOT_NEGATIVE and value < 0:
            yield key, f"must be 0 or more; it is {value:g}"
        elif key in _POSITIVE and value <= 0:
            yield key, f"must be more than 0; it is {value:g}"
        elif key in _EFFICIENCIES and not 0 < value <= 1:
            yield key, f"must be more than 0 and at most 1; it is {value:g}"
        elif key in _NOT_NEGATIVE and value > plate.apparent_power_max_va:
            yield key, f"is {value:g}, more than the apparent_power_max_va of {plate.apparent_power_max_va:g}"


def _ratings(devices: Sequence[Device]) -> Ratings:
    plates = [device.name_plate for device in devices]

    def column(key: str, where_none: float = math.nan) -> FloatArray:
        values = (getattr(plate, key) for plate in plates)
        return _read_only(np.array([where_none if value is None else value for value in values], dtype=np.float64))

    by_merit = sorted(range(len(devices)), key=lambda place: (devices[place].merit, devices[place].mrid))
    merit_rank = np.empty(len(devices), dtype=np.int64)
    merit_rank[by_merit] = np.arange(len(devices))
    return Ratings(
        **{key: column(key) for key in (*_NOT_NEGATIVE, *_EFFICIENCIES)},
        ramp_rate_max_w_per_s=column("ramp_rate_max_w_per_s", where_none=math.inf),
        energy_capacity_wh=column("energy_capacity_wh", where_none=0.0),
        merit_rank=_read_only(merit_rank),
    )


def _read_only(column: NDArray[_Number]) -> NDArray[_Number]:
    column.flags.writeable = False
    return column


@dataclass(frozen=True, kw_only=True, slots=True)
class _Key:
    """What a key of the file may hold."""

    read: Callable[[object], object]
    """Gives the value its type; raises ValueError with what is wrong."""
    required: bool


def _read_document(document: Mapping[str, object]) -> tuple[list[Device], _Problems]:
    problems = [(key, f"there is no such table{_hint(key, ['device'])}") for key in document if key != "device"]
    tables = document.get("device", [])
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        return [], [*problems, ("device", "must be written as [[device]], once for each device")]
    devices = []
    for number, table in enumerate(tables, start=1):
        values, faults = _read_device(table)
        if faults:
            name = quoted(values["mrid"]) if "mrid" in values else f"number {number}"
            problems += [(f"device {name}: {key}", problem) for key, problem in faults]
        else:
            devices.append(Device(**values))
    return devices, problems


def _read_device(table: Mapping[str, object]) -> tuple[dict[str, Any], _Problems]:
    values, problems = _read_table(table, _DEVICE_KEYS)
    if "name_plate" in values:
        ratings, faults = _read_table(values["name_plate"], _NAME_PLATE_KEYS)
        problems += [(f"name_plate.{key}", problem) for key, problem in faults]
        if not faults:
            values["name_plate"] = NamePlate(**ratings)
    return values, problems


def _read_table(table: Mapping[str, object], keys: Mapping[str, _Key]) -> tuple[dict[str, Any], _Problems]:
    """The values of *table* by key, with Any as their type: each is as its key wants it."""
    problems = [(name, f"there is no such key{_hint(name, keys)}") for name in table if name not in keys]
    values: dict[str, Any] = {}
    for name, key in keys.items():
        if name in table:
            try:
                values[name] = key.read(table[name])
            except ValueError as error:
                problems.append((name, str(error)))
        elif key.required:
            problems.append((name, "is missing"))
    return values, problems


def _hint(name: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(name, known, n=1)
    return f"; is {nearest[0]} meant?" if nearest else f"; known are {', '.join(known)}"


def _text(value: object) -> str:
    if isinstance(value, str):
        if value.isprintable():
            return value
        raise ValueError(f"must hold no control characters, which no message can carry; it is {value[:64]!a}")
    raise ValueError(f"must be a text; it is {value!r}")


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf  # is refused with all that is not finite
    raise ValueError(f"must be a number; it is {value!r}")


def _whole_number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"must be a whole number; it is {value!r}")


def _one_of(kind: type[StrEnum], value: object) -> StrEnum:
    for member in kind:
        if member == value:
            return member
    raise ValueError(f"must be one of {', '.join(kind)}; it is {value!r}")


def _table(value: object) -> object:
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"must be a table; it is {value!r}")


def _keys(owner: type[Device | NamePlate]) -> Mapping[str, _Key]:
    hints = get_type_hints(owner)
    return {
        field.name: _Key(read=_reader(hints[field.name]), required=field.default is MISSING) for field in fields(owner)
    }


def _reader(hint: type) -> Callable[[object], object]:
    """What reads a value for a field of type *hint*, which may be optional."""
    plain = next(part for part in get_args(hint) or (hint,) if part is not NoneType)
    return partial(_one_of, plain) if issubclass(plain, StrEnum) else _READERS[plain]


_READERS: Final[Mapping[type, Callable[[object], object]]] = {
    str: _text,
    float: _number,
    int: _whole_number,
    NamePlate: _table,
}
_DEVICE_KEYS: Final = _keys(Device)
_NAME_PLATE_KEYS: Final = _keys(NamePlate)
