"""SunSpec models in our terms: which points hold a reading, a rating or an order, and how an order is written safely.

This module knows point names and no wire: what it works on is the small part of a model that `Model` and `Point` say.
Models of the 700 series (IEEE 1547-2018) go before those of the 100 series where a device has both.

Signs: both series count power into the grid as positive, as we do.

Source: SunSpec rows of the project's reference tables and the model definitions of the SunSpec Alliance; order of
writing and rounding are a house choice, ADR 14.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

from dermsbus.adapters.base import Command, DeviceRejected, DeviceUnavailable, Discovered, Effect
from dermsbus.domain.der import AbnormalCategory, Device, DeviceKind, NamePlate, NormalCategory, Reading

__all__ = [
    "CONTROLLING",
    "WANTED",
    "Model",
    "Models",
    "Point",
    "Sample",
    "beat",
    "capabilities",
    "carry_out",
    "discovered",
    "effect",
    "locked",
    "measuring",
    "ramp_setting",
    "sample",
]

WANTED: Final = frozenset({1, 101, 102, 103, 120, 121, 122, 123, 124, 701, 702, 703, 704, 713, 715, 802})
"""Models that are looked at; others of a device are passed over unread."""

CONTROLLING: Final = (121, 123, 702, 703, 704, 715)
"""Models that have to be read before a command, and for what a device holds."""

_SINGLE_SERIES: Final = (103, 102, 101)
_THROTTLED: Final = {701: 4, 101: 5, 102: 5, 103: 5}
_FAULT: Final = {701: 6, 101: 7, 102: 7, 103: 7}
_ABNORMAL: Final = {0: AbnormalCategory.I, 1: AbnormalCategory.II, 2: AbnormalCategory.III}
_NORMAL: Final = {0: NormalCategory.A, 1: NormalCategory.B}

_RATED_W: Final = ((702, "WMaxRtg"), (702, "WMax"), (120, "WRtg"), (121, "WMax"))
_RATED_CHARGE_W: Final = ((702, "WChaRteMaxRtg"), (120, "MaxChaRte"), (124, "WChaMax"), (802, "WChaRteMax"))
_RATED_VA: Final = ((702, "VAMaxRtg"), (702, "VAMax"), (120, "VARtg"), (121, "VAMax"))
_RATED_INJECTED_VAR: Final = ((702, "VarMaxInjRtg"), (120, "VArRtgQ1"), (121, "VArMaxQ1"))
_RATED_ABSORBED_VAR: Final = ((702, "VarMaxAbsRtg"), (120, "VArRtgQ4"), (121, "VArMaxQ4"))
_RATED_V: Final = ((702, "VNomRtg"), (702, "VNom"), (121, "VRef"))
_RATED_WH: Final = ((713, "WHRtg"), (802, "WHRtg"), (120, "WHRtg"))


class Point(Protocol):
    """One value of a model; None is a point that the device does not implement."""

    value: int | float | str | None
    cvalue: float | None
    dirty: bool

    @property
    def sf_required(self) -> bool:
        """Whether the definition gives it a scale factor."""
        ...

    @property
    def sf_value(self) -> int | None:
        """Power of ten of its unit, as last read."""
        ...


class Model(Protocol):
    """One model of one device, as last read."""

    @property
    def points(self) -> Mapping[str, Point]:
        """By name, in the order of their registers."""
        ...

    def read(self) -> None:
        """Read all points from the device."""

    def write(self) -> None:
        """Write the dirty points, neighbours in one request."""


Models = Mapping[int, Model]


class _Base(Enum):
    """What a value is stated in."""

    UNIT = "W or var"
    W_MAX = "percent of the maximum active power"
    VAR_MAX = "percent of the maximum reactive power"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Control:
    """One function that holds one set-point, with a timer that ends it.

    Attributes:
        model: its number.
        enable: 1 while the set-point holds.
        value: the set-point.
        timer: seconds until the device lets go by itself, 0 for never.
        base: what the value is stated in.
        longest_s: most that the timer can hold.
        mode: point and value that say that this value is the one that counts.
        zeroed: written as 0: no reversion to another set-point, no waiting, no ramp of its own.
        ceiling: a value that must not be passed is rounded down.
    """

    model: int
    enable: str
    value: str
    timer: str
    base: _Base
    longest_s: int
    mode: tuple[str, int] | None = None
    zeroed: tuple[str, ...] = ()
    ceiling: bool = False


_LONG: Final = 2**32 - 2
_SHORT: Final = 2**16 - 2
_LIMITS: Final = (
    _Control(model=704, enable="WMaxLimPctEna", value="WMaxLimPct", timer="WMaxLimPctRvrtTms", base=_Base.W_MAX,
             longest_s=_LONG, zeroed=("WMaxLimPctEnaRvrt",), ceiling=True),
    _Control(model=123, enable="WMaxLim_Ena", value="WMaxLimPct", timer="WMaxLimPct_RvrtTms", base=_Base.W_MAX,
             longest_s=_SHORT, zeroed=("WMaxLimPct_WinTms", "WMaxLimPct_RmpTms"), ceiling=True),
)  # fmt: skip
_ACTIVE: Final = (
    _Control(model=704, enable="WSetEna", value="WSet", timer="WSetRvrtTms", base=_Base.UNIT, longest_s=_LONG,
             mode=("WSetMod", 1), zeroed=("WSetEnaRvrt",)),
    _Control(model=704, enable="WSetEna", value="WSetPct", timer="WSetRvrtTms", base=_Base.W_MAX, longest_s=_LONG,
             mode=("WSetMod", 0), zeroed=("WSetEnaRvrt",)),
)  # fmt: skip
_REACTIVE: Final = (
    _Control(model=704, enable="VarSetEna", value="VarSet", timer="VarSetRvrtTms", base=_Base.UNIT, longest_s=_LONG,
             mode=("VarSetMod", 4), zeroed=("VarSetEnaRvrt",)),
    _Control(model=704, enable="VarSetEna", value="VarSetPct", timer="VarSetRvrtTms", base=_Base.VAR_MAX,
             longest_s=_LONG, mode=("VarSetMod", 1), zeroed=("VarSetEnaRvrt",)),
    _Control(model=123, enable="VArPct_Ena", value="VArMaxPct", timer="VArPct_RvrtTms", base=_Base.VAR_MAX,
             longest_s=_SHORT, mode=("VArPct_Mod", 2), zeroed=("VArPct_WinTms", "VArPct_RmpTms")),
    _Control(model=123, enable="VArPct_Ena", value="VArWMaxPct", timer="VArPct_RvrtTms", base=_Base.W_MAX,
             longest_s=_SHORT, mode=("VArPct_Mod", 1), zeroed=("VArPct_WinTms", "VArPct_RmpTms")),
)  # fmt: skip
_FUNCTIONS: Final = (
    ("active_power_limit_w", _LIMITS),
    ("reactive_power_var", _REACTIVE),
    ("active_power_w", _ACTIVE),
)
"""In the order in which they are written: what restricts goes first."""
_RAMPS: Final = ((704, "WRmp"), (121, "WGra"))
"""Percent of the maximum active power in a second."""


def _number(models: Models, model: int, point: str) -> float | None:
    """The scaled value of a point; None where the device has no such model or point, or no number in it."""
    if model not in models or point not in models[model].points:
        return None
    value = models[model].points[point].cvalue
    return float(value) if value is not None and math.isfinite(value) else None


def _first(models: Models, *places: tuple[int, str]) -> float | None:
    """The first of several places that holds a number."""
    return next((value for place in places if (value := _number(models, *place)) is not None), None)


def _text(models: Models, point: str) -> str:
    value = models[1].points[point].value if 1 in models and point in models[1].points else None
    return value.strip() if isinstance(value, str) else ""


def _percent_base(models: Models, control: _Control) -> float | None:
    """What 100 % of a control's value is, divided by 100; None where the device does not say."""
    if control.base is _Base.UNIT:
        return 1.0
    newer = control.model >= 700
    if control.base is _Base.W_MAX:
        own, other = ((702, "WMax"), (702, "WMaxRtg")), ((121, "WMax"), (120, "WRtg"))
    else:
        own, other = ((702, "VarMaxInj"), (702, "VarMaxInjRtg")), ((121, "VArMaxQ1"), (120, "VArRtgQ1"))
    full = _first(models, *(own + other if newer else other + own))
    return full / 100.0 if full is not None and full > 0.0 else None


def _usable(models: Models, candidates: Sequence[_Control]) -> _Control | None:
    """The first control whose points the device implements."""
    for control in candidates:
        points = (control.value, control.enable)
        implemented = all(_number(models, control.model, point) is not None for point in points)
        if implemented and _percent_base(models, control) is not None:
            return control
    return None


def _enabled(models: Models, candidates: Sequence[_Control]) -> _Control | None:
    """The control that is in force."""
    for control in candidates:
        if _number(models, control.model, control.enable) != 1:
            continue
        mode = _number(models, control.model, control.mode[0]) if control.mode else None
        if control.mode is None or mode is None or mode == control.mode[1]:
            return control
    return None


def _held(models: Models, candidates: Sequence[_Control]) -> float | None:
    control = _enabled(models, candidates)
    if control is None:
        return None
    value, base = _number(models, control.model, control.value), _percent_base(models, control)
    return value * base if value is not None and base is not None else None


def _stage(point: Point, value: float, *, ceiling: bool) -> None:
    """Put *value* into a point, to be written; a ceiling is rounded down to what the point can express."""
    if point.sf_required:
        if ceiling and point.sf_value is not None:
            unit = 10.0**point.sf_value
            value = math.floor(value / unit + 1e-6) * unit
        point.cvalue = value
    else:
        point.value = math.floor(value) if ceiling else round(value)


def _write(model: Model, enable: str) -> None:
    """Write what is staged, in one request if the registers between allow it.

    Where they do not, the enabling point goes last: an order must not be in force before its timer is.
    """
    points = model.points
    names = list(points)
    staged = [place for place, name in enumerate(names) if points[name].dirty]
    between = [points[name] for name in names[staged[0] : staged[-1] + 1]]
    if all(point.dirty or point.value is not None for point in between):
        for point in between:
            point.dirty = True
        model.write()
        return
    points[enable].dirty = False
    model.write()
    points[enable].dirty = True
    model.write()


def _order(models: Models, control: _Control, value: float, left_s: int | None) -> None:
    """Hold *value* by one control, for *left_s* seconds if the device has a timer for it."""
    base = _percent_base(models, control)
    assert base is not None, "the control was chosen because its base is known"
    points = models[control.model].points
    stated = value / base
    if control.ceiling:
        stated = min(stated, 100.0)
    _stage(points[control.value], stated, ceiling=control.ceiling)
    for name in control.zeroed:
        if points[name].value is not None:
            points[name].value = 0
    if control.mode and points[control.mode[0]].value is not None:
        points[control.mode[0]].value = control.mode[1]
    if points[control.timer].value is not None:
        points[control.timer].value = min(left_s or 0, control.longest_s)
    points[control.enable].value = 1
    _write(models[control.model], control.enable)


def _release(models: Models, own_ramp: float | None) -> None:
    for _, candidates in _FUNCTIONS:
        for control in candidates:
            if _number(models, control.model, control.enable) == 1:
                points = models[control.model].points
                points[control.enable].value = 0
                models[control.model].write()
    place = _ramp_place(models)
    if place and own_ramp is not None and ramp_setting(models) != own_ramp:
        _stage(models[place[0]].points[place[1]], own_ramp, ceiling=False)
        models[place[0]].write()


def _prolong(models: Models, left_s: int) -> None:
    """Start the timers of everything that is in force again."""
    for _, candidates in _FUNCTIONS:
        control = _enabled(models, candidates)
        if control and _number(models, control.model, control.timer):
            points = models[control.model].points
            points[control.timer].value = min(left_s, control.longest_s)
            points[control.enable].value = 1
            _write(models[control.model], control.enable)


def _ramp_place(models: Models) -> tuple[int, str] | None:
    return next((place for place in _RAMPS if _number(models, *place) is not None), None)


def ramp_setting(models: Models) -> float | None:
    """The ramp in force, in percent of the maximum active power in a second; None where the device tells none."""
    place = _ramp_place(models)
    return _number(models, *place) if place else None


def _w_max(models: Models) -> float | None:
    return _first(models, (702, "WMax"), (702, "WMaxRtg"), (121, "WMax"), (120, "WRtg"))


def _ramp(mrid: str, models: Models, ramp_rate_w_per_s: float) -> None:
    place, w_max = _ramp_place(models), _w_max(models)
    assert place is not None, "the function was found among the capabilities"
    if not w_max:
        raise DeviceRejected(mrid, "states its ramp in percent of a maximum power that it does not state")
    model, name = place
    point = models[model].points[name]
    _stage(point, 100.0 * ramp_rate_w_per_s / w_max, ceiling=True)
    if not point.value:
        point.dirty = False
        raise DeviceRejected(mrid, f"cannot ramp as slowly as {ramp_rate_w_per_s:g} W/s: {name} counts in larger steps")
    if model == 704 and models[704].points["WRmpRef"].value is not None:
        models[704].points["WRmpRef"].value = 1
    models[model].write()


def _connect(models: Models, *, connect: bool, left_s: int | None) -> None:
    """Connect by every switch that is open, or open one: 703 has no timer, so 123 goes first if one is wanted."""
    permit, switch = _number(models, 703, "ES"), _number(models, 123, "Conn")
    timed = _number(models, 123, "Conn_RvrtTms") is not None
    by_switch = permit is None or (left_s is not None and timed)
    if permit is not None and (connect or not by_switch):
        models[703].points["ES"].value = int(connect)
        models[703].write()
    if switch is not None and (by_switch or (connect and switch == 0)):
        points = models[123].points
        for name, value in (("Conn_WinTms", 0), ("Conn_RvrtTms", min(left_s or 0, _SHORT))):
            if points[name].value is not None:
                points[name].value = 0 if connect else value
        points["Conn"].value = int(connect)
        _write(models[123], "Conn")


def capabilities(models: Models) -> frozenset[str]:
    """Names of the `Command` fields that a device with *models* can carry out.

    ``expires_at`` is among them if every set-point that it takes has a timer of the device's own.
    """
    found = {name: control for name, candidates in _FUNCTIONS if (control := _usable(models, candidates))}
    fields = set(found)
    if fields:
        fields.add("release")
        if all(_number(models, control.model, control.timer) is not None for control in found.values()):
            fields.add("expires_at")
    if _ramp_place(models):
        fields.add("ramp_rate_w_per_s")
    if _first(models, (703, "ES"), (123, "Conn")) is not None:
        fields.add("connect")
    return frozenset(fields)


def carry_out(mrid: str, models: Models, command: Command, left_s: int | None, own_ramp: float | None = None) -> None:
    """Write *command* into the models.

    Args:
        mrid: of the device.
        models: read just now.
        command: accepted for the device's capabilities.
        left_s: seconds until its end, 1 or more; None where it has none.
        own_ramp: the `ramp_setting` to which a release returns; None to leave it as it is.

    Raises:
        DeviceRejected: the device cannot express a value.
    """
    if command.release:
        _release(models, own_ramp)
        return
    if command.connect is False:
        _connect(models, connect=False, left_s=left_s)
    if command.ramp_rate_w_per_s is not None:
        _ramp(mrid, models, command.ramp_rate_w_per_s)
    ordered = False
    for name, candidates in _FUNCTIONS:
        value = getattr(command, name)
        control = _usable(models, candidates)
        if value is not None and control is not None:
            _order(models, control, value, left_s)
            ordered = True
    if command.connect:
        _connect(models, connect=True, left_s=left_s)
    if left_s is not None and not ordered and command.connect is None and command.ramp_rate_w_per_s is None:
        _prolong(models, left_s)


def effect(models: Models) -> Effect:
    """What the device holds, from models read just now."""
    ramp, w_max = ramp_setting(models), _w_max(models)
    return Effect(
        active_power_w=_held(models, _ACTIVE),
        active_power_limit_w=_held(models, _LIMITS),
        reactive_power_var=_held(models, _REACTIVE),
        ramp_rate_w_per_s=ramp * w_max / 100.0 if ramp is not None and w_max else None,
        connected=_number(models, 703, "ES") != 0 and _number(models, 123, "Conn") != 0,
    )


def locked(models: Models) -> bool:
    """True if somebody at the device keeps it from being commanded from afar."""
    return _number(models, 715, "LocRemCtl") == 1


def beat(models: Models, count: int) -> None:
    """Show the device that its controller lives, if it has a place for that.

    Args:
        models: of the device.
        count: another number each time, 0 to 2**31.
    """
    if _number(models, 715, "ControllerHb") is not None:
        models[715].points["ControllerHb"].value = count
        models[715].write()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One reading, and whether the power in it is what the device would give if it were left alone.

    Attributes:
        reading: of the device.
        free: False while something throttles it.
    """

    reading: Reading
    free: bool


def measuring(models: Models) -> tuple[int, ...]:
    """Numbers of the models that have to be read for a `Sample`."""
    power = next((model for model in (701, *_SINGLE_SERIES) if model in models), None)
    charge = next((model for model in (713, 802, 124) if model in models), None)
    switch = 122 if 122 in models else 123 if 701 not in models and 123 in models else None
    return tuple(model for model in (power, charge, switch) if model is not None)


def sample(models: Models, device: Device, at: datetime, last_free_w: float) -> Sample:
    """What the device does, from models read just now.

    Args:
        models: of the device.
        device: its row in the catalogue.
        at: when they were read, aware.
        last_free_w: its power when nothing throttled it the last time; 0 where that is not known.

    Returns:
        The sample. A throttled source that does not say what it could give is taken at *last_free_w*.

    Raises:
        DeviceUnavailable: it has no model that tells its power, or tells none.
    """
    model = next((number for number in (701, *_SINGLE_SERIES) if number in models), None)
    power = None if model is None else _number(models, model, "W")
    if model is None or power is None:
        raise DeviceUnavailable(device.mrid, "tells no active power: models 701 and 101 to 103 are absent or empty")
    state = _number(models, model, "InvSt" if model == 701 else "St")
    connected = _connected(models, model)
    free = state is not None and state != _THROTTLED[model]
    soc = _first(models, (713, "SoC"), (802, "SoC"), (124, "ChaState"))
    low, high = 0.0, 0.0
    if connected and state != _FAULT[model]:
        low, high = _available(models, device, power, soc, power if free else max(power, last_free_w))
    return Sample(
        reading=Reading(
            mrid=device.mrid,
            at=at,
            active_power_w=power,
            reactive_power_var=_first(models, (model, "Var" if model == 701 else "VAr")) or 0.0,
            voltage_v=_first(models, (model, "LNV"), (model, "VL1"), (model, "PhVphA"), (model, "PPVphAB")),
            available_max_w=high,
            available_min_w=low,
            soc_percent=soc,
            connected=connected,
        ),
        free=free and connected,
    )


def _connected(models: Models, model: int) -> bool:
    state = _number(models, 701, "ConnSt") if model == 701 else None
    if state is not None:
        return state == 1
    joint = _number(models, 122, "ECPConn")
    if joint is not None:
        return bool(int(joint) & 1)
    return _first(models, (703, "ES"), (123, "Conn")) != 0


def _available(models: Models, device: Device, power: float, soc: float | None, sun_w: float) -> tuple[float, float]:
    """Least and most power that the device could give now."""
    plate = device.name_plate
    most = min(plate.active_power_max_w, _w_max(models) or plate.active_power_max_w)
    least = -plate.active_power_charge_max_w
    low, high = power, 0.0  # a load
    match device.kind:
        case DeviceKind.PV:
            stated = _number(models, 122, "WAval")
            low, high = 0.0, min(most, sun_w if stated is None else stated)
        case DeviceKind.BATTERY | DeviceKind.EV_CHARGER:
            low = 0.0 if soc is not None and soc >= 100.0 else least
            high = 0.0 if soc is not None and soc <= 0.0 else most
        case DeviceKind.GENERATOR:
            low, high = 0.0, most
        case DeviceKind.LOAD:
            pass
    return min(low, power), max(high, power)


def discovered(models: Models, plate: NamePlate) -> Discovered:
    """What the device says it is.

    Args:
        models: of the device.
        plate: of the catalogue, for what the device leaves unsaid.

    Returns:
        Its ratings (not its settings, where it tells both) and what it can be commanded.
    """
    abnormal, normal = _number(models, 702, "AbnOpCatRtg"), _number(models, 702, "NorOpCatRtg")
    found = replace(
        plate,
        active_power_max_w=_rating(models, plate.active_power_max_w, *_RATED_W),
        active_power_charge_max_w=_rating(models, plate.active_power_charge_max_w, *_RATED_CHARGE_W),
        apparent_power_max_va=_rating(models, plate.apparent_power_max_va, *_RATED_VA),
        reactive_power_injected_max_var=_rating(models, plate.reactive_power_injected_max_var, *_RATED_INJECTED_VAR),
        reactive_power_absorbed_max_var=_rating(models, plate.reactive_power_absorbed_max_var, *_RATED_ABSORBED_VAR),
        ac_voltage_nominal_v=_rating(models, plate.ac_voltage_nominal_v, *_RATED_V),
        energy_capacity_wh=_first(models, *_RATED_WH) or plate.energy_capacity_wh,
        abnormal_category=plate.abnormal_category if abnormal is None else _ABNORMAL.get(int(abnormal)),
        normal_category=plate.normal_category if normal is None else _NORMAL.get(int(normal)),
        manufacturer=_text(models, "Mn") or plate.manufacturer,
        model=_text(models, "Md") or plate.model,
        serial_number=_text(models, "SN") or plate.serial_number,
        firmware_version=_text(models, "Vr") or plate.firmware_version,
    )
    return Discovered(name_plate=found, capabilities=capabilities(models))


def _rating(models: Models, fallback: float, *places: tuple[int, str]) -> float:
    """What the device tells, without its sign: quadrant 4 is stated negative."""
    value = _first(models, *places)
    return fallback if value is None else abs(value)
