"""A SunSpec device over real Modbus TCP, made with pymodbus: registers, physics of a few lines, and working timers.

It is the judge of the SunSpec adapter, so it shares nothing with it but the model definitions of the SunSpec Alliance.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from sunspec2.device import Model

BASE = 40000
Image = Mapping[int, Mapping[str, int | str]]

NAMES = {"Mn": "Sunny Works", "Md": "Roof 10", "SN": "SW-0042", "Vr": "2.1.0", "DA": 1}

STORAGE: Image = {
    1: NAMES,
    701: {"ACType": 2, "St": 1, "InvSt": 3, "ConnSt": 1, "W": 0, "Var": 0, "LNV": 2301, "W_SF": 0, "Var_SF": 0, "V_SF": -1},
    702: {"WMaxRtg": 500, "WMax": 500, "WChaRteMaxRtg": 500, "VAMaxRtg": 550, "VarMaxInjRtg": 220, "VarMaxAbsRtg": 220,
          "VarMaxInj": 220, "VarMaxAbs": 220, "VNomRtg": 230, "W_SF": 1, "VA_SF": 1, "Var_SF": 1, "V_SF": 0,
          "AbnOpCatRtg": 2, "NorOpCatRtg": 1, "CtrlModes": 7},
    703: {"ES": 1, "ESVHi": 1050, "ESVLo": 917, "V_SF": -1, "Hz_SF": -2},
    704: {"WMaxLimPctEna": 0, "WMaxLimPct": 1000, "WMaxLimPctRvrt": 1000, "WMaxLimPctEnaRvrt": 0, "WMaxLimPctRvrtTms": 0,
          "WSetEna": 0, "WSetMod": 1, "WSet": 0, "WSetRvrt": 0, "WSetEnaRvrt": 0, "WSetRvrtTms": 0,
          "VarSetEna": 0, "VarSetMod": 4, "VarSetPri": 0, "VarSet": 0, "VarSetRvrt": 0, "VarSetEnaRvrt": 0, "VarSetRvrtTms": 0,
          "WRmp": 100, "WRmpRef": 1, "WMaxLimPct_SF": -1, "WSet_SF": 0, "VarSet_SF": 0, "WSetPct_SF": -1, "VarSetPct_SF": -1},
    713: {"WHRtg": 1350, "WHAvail": 675, "SoC": 500, "SoH": 990, "Sta": 0, "WH_SF": 1, "Pct_SF": -1},
    715: {"LocRemCtl": 0, "DERHb": 0, "ControllerHb": 0, "OpCtl": 1},
}  # fmt: skip
"""A battery of 5 kW with models of the 700 series; WSetPct is not implemented, so that its registers lie between others."""

OLDER_SOLAR: Image = {
    1: NAMES,
    103: {"W": 400, "W_SF": 1, "VAr": 0, "VAr_SF": 0, "PhVphA": 2301, "V_SF": -1, "St": 4},
    120: {"DERTyp": 4, "WRtg": 500, "WRtg_SF": 1, "VARtg": 550, "VARtg_SF": 1, "VArRtgQ1": 2200, "VArRtgQ4": -2200, "VArRtg_SF": 0},
    121: {"WMax": 500, "WMax_SF": 1, "VArMaxQ1": 2200, "VArMax_SF": 0, "WGra": 1000, "WGra_SF": -1},
    122: {"PVConn": 7, "StorConn": 0, "ECPConn": 1, "WAval": 400, "WAval_SF": 1},
    123: {"Conn": 1, "Conn_WinTms": 0, "Conn_RvrtTms": 0, "WMaxLimPct": 10000, "WMaxLimPct_WinTms": 0, "WMaxLimPct_RvrtTms": 0,
          "WMaxLimPct_RmpTms": 0, "WMaxLim_Ena": 0, "VArMaxPct": 0, "VArPct_WinTms": 0, "VArPct_RvrtTms": 0, "VArPct_RmpTms": 0,
          "VArPct_Mod": 2, "VArPct_Ena": 0, "WMaxLimPct_SF": -2, "VArPct_SF": -2},
}  # fmt: skip
"""A solar inverter of 5 kW, with 4 kW of sun, and models of the 100 series; it knows no set-point of active power."""

OLDER_STORAGE: Image = {
    **OLDER_SOLAR,
    124: {"WChaMax": 500, "WChaGra": 100, "WDisChaGra": 100, "StorCtl_Mod": 0, "ChaState": 490, "WChaMax_SF": 1,
          "WChaDisChaGra_SF": 0, "ChaState_SF": -1},
    802: {"AHRtg": 280, "WHRtg": 1350, "WChaRteMax": 450, "WDisChaRteMax": 500, "SoC": 500, "LocRemCtl": 0, "Typ": 4,
          "State": 3, "V": 480, "A": 0, "W": 0, "AHRtg_SF": 0, "WHRtg_SF": 1, "WChaDisChaMax_SF": 1, "SoC_SF": -1,
          "V_SF": -1, "CellV_SF": -2, "A_SF": 0, "AMax_SF": 0, "W_SF": 0},
}  # fmt: skip
"""The same inverter with a battery behind it, told of by 124 and, a little otherwise, by 802."""


@dataclass(frozen=True)
class _Timed:
    """An enabling point, what counts its seconds, and the value after them."""

    model: int
    enable: str
    timer: str
    after: int


_TIMED = (
    _Timed(704, "WMaxLimPctEna", "WMaxLimPctRvrtTms", 0),
    _Timed(704, "WSetEna", "WSetRvrtTms", 0),
    _Timed(704, "VarSetEna", "VarSetRvrtTms", 0),
    _Timed(123, "WMaxLim_Ena", "WMaxLimPct_RvrtTms", 0),
    _Timed(123, "VArPct_Ena", "VArPct_RvrtTms", 0),
    _Timed(123, "Conn", "Conn_RvrtTms", 1),
)


@dataclass(frozen=True)
class Write:
    """One write request that the device got: which points, what for (raw), and when by its clock."""

    function: int
    model: int
    points: tuple[str, ...]
    values: Mapping[str, int]
    at: datetime


class SunspecDevice:
    """One device behind one port.

    Args:
        clock: its timers follow it.
        image: models and the values of their points; the others are not implemented.
        vendor_registers: length of an unknown model in front of the others, 0 for none.
    """

    def __init__(self, clock: Callable[[], datetime], image: Image = STORAGE, *, vendor_registers: int = 0) -> None:
        self._clock = clock
        self._image = image
        self._places: dict[tuple[int, str], tuple[int, int, bool]] = {}
        self._registers: list[int] = self._map(vendor_registers)
        self._ends: dict[_Timed, datetime] = {}
        self._loop = asyncio.new_event_loop()
        self._going = asyncio.Event()
        self._going.set()
        self._server: ModbusTcpServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.writes: list[Write] = []
        self.refuse_writes: ExcCodes | None = None
        self.refuse_reads: ExcCodes | None = None
        self.refuse_heartbeat: ExcCodes | None = None
        self.hang_after_model: int | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}/1"

    def start(self) -> SunspecDevice:
        """Listen, on the same port as before if there was one."""
        listening = threading.Event()

        async def serve() -> None:
            data = SimData(BASE, values=self._registers, datatype=DataType.REGISTERS)
            device = SimDevice(1, [data], action=self._act)
            self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
            await self._server.serve_forever(background=True)
            self.port = self._server.transport.sockets[0].getsockname()[1]
            listening.set()
            await self._server.serving
            await asyncio.sleep(0)  # let closed connections say good-bye

        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(serve(),))
        self._thread.start()
        assert listening.wait(10), "the simulated device does not listen"
        return self

    def stop(self) -> None:
        """Close all connections and the port."""
        if self._thread is None or self._server is None:
            return
        self.wake()
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the simulated device does not stop"
        self._thread = None

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._loop.close()

    def hang(self) -> None:
        """Take connections and requests, and answer nothing."""
        self._loop.call_soon_threadsafe(self._going.clear)

    def wake(self) -> None:
        """Answer again."""
        self._loop.call_soon_threadsafe(self._going.set)

    def value(self, model: int, point: str) -> int:
        """The raw value of a point."""
        return self._get(self._registers, (model, point))

    def let_time_pass(self) -> None:
        """Let go of what has ended by now, although nobody asks."""

        async def let_go() -> None:
            self._let_go(self._registers)
            self._live(self._registers)

        asyncio.run_coroutine_threadsafe(let_go(), self._loop).result(10)

    def put(self, model: int, point: str, value: int) -> None:
        """Set the raw value of a point at the device."""
        self._set(self._registers, (model, point), value)

    def _map(self, vendor_registers: int) -> list[int]:
        registers = list(struct.unpack(">2H", b"SunS"))
        if vendor_registers:
            registers += [64999, vendor_registers, *[0xBEEF] * vendor_registers]
        for number, values in self._image.items():
            model = Model(number)
            for name, value in values.items():
                model.points[name].value = value
            for name, point in model.points.items():
                signed = point.pdef["type"] in {"int16", "int32", "sunssf"}
                self._places[number, name] = (len(registers) + point.offset, point.len, signed)
            data = model.get_mb()
            registers += struct.unpack(f">{len(data) // 2}H", data)
        return [*registers, 0xFFFF, 0]

    def _get(self, registers: list[int], place: tuple[int, str]) -> int:
        start, length, signed = self._places[place]
        data = struct.pack(f">{length}H", *registers[start : start + length])
        return int.from_bytes(data, "big", signed=signed)

    def _set(self, registers: list[int], place: tuple[int, str], value: int) -> None:
        start, length, signed = self._places[place]
        data = value.to_bytes(2 * length, "big", signed=signed)
        registers[start : start + length] = struct.unpack(f">{length}H", data)

    async def _act(
        self, function: int, _start: int, address: int, count: int, registers: list[int], values: list[int] | None
    ) -> ExcCodes | None:
        if registers is not self._registers:  # pymodbus made a copy when it started
            registers[:] = self._registers
            self._registers = registers
        await self._going.wait()
        self._let_go(registers)
        if values is None and self.refuse_reads is not None:
            return self.refuse_reads
        if values is not None:
            refusal = self._take(function, address - BASE, registers, values)
            if refusal is not None:
                return refusal
            if self.writes[-1].model == self.hang_after_model:  # it has done it, and nobody hears of it
                self.hang_after_model = None
                self._live(registers)
                self._going.clear()
                await self._going.wait()
        self._live(registers)
        return None

    def _let_go(self, registers: list[int]) -> None:
        for timed, ends in list(self._ends.items()):
            if ends <= self._clock():
                self._set(registers, (timed.model, timed.enable), timed.after)
                del self._ends[timed]

    def _take(self, function: int, first: int, registers: list[int], values: list[int]) -> ExcCodes | None:
        touched = [
            place
            for place, (start, length, _) in self._places.items()
            if first <= start and start + length <= first + len(values)
        ]
        asked = [0] * first + values
        raw = {name: self._get(asked, (model, name)) for model, name in touched}
        self.writes.append(Write(function, touched[0][0], tuple(raw), raw, self._clock()))
        if function != 16:
            return ExcCodes.ILLEGAL_FUNCTION
        heartbeat = (715, "ControllerHb") in touched
        if heartbeat and self.refuse_heartbeat is not None:
            return self.refuse_heartbeat
        if self.refuse_writes is not None and not heartbeat:
            return self.refuse_writes
        after = list(registers)
        after[first : first + len(values)] = values
        if self._beyond(after):
            return ExcCodes.ILLEGAL_VALUE
        registers[first : first + len(values)] = values
        for timed in _TIMED:
            if (timed.model, timed.enable) in touched:
                self._ends.pop(timed, None)
                seconds = self._get(registers, (timed.model, timed.timer))
                if self._get(registers, (timed.model, timed.enable)) != timed.after and seconds:
                    self._ends[timed] = datetime.fromtimestamp(
                        self._clock().timestamp() + seconds, self._clock().tzinfo
                    )
        return None

    def _beyond(self, registers: list[int]) -> bool:
        if 704 not in self._image:
            return self._get(registers, (123, "WMaxLimPct")) > 10000
        return abs(self._get(registers, (704, "WSet"))) > 5000 or self._get(registers, (704, "WMaxLimPct")) > 1000

    def _live(self, registers: list[int]) -> None:
        if 704 in self._image:
            self._live_700(registers)
        else:
            self._live_100(registers)

    def _live_700(self, registers: list[int]) -> None:
        get = {name: self._get(registers, (704, name)) for number, name in self._places if number == 704}
        on = self._get(registers, (703, "ES"))
        watts = get["WSet"] if get["WSetEna"] else 0
        if get["WMaxLimPctEna"]:
            watts = min(watts, get["WMaxLimPct"] * 5)
        self._set(registers, (701, "W"), watts if on else 0)
        self._set(registers, (701, "Var"), get["VarSet"] if on and get["VarSetEna"] else 0)
        self._set(registers, (701, "ConnSt"), on)

    def _live_100(self, registers: list[int]) -> None:
        power = next(model for model in (103, 102, 101) if model in self._image)
        get = {name: self._get(registers, (123, name)) for number, name in self._places if number == 123}
        decawatts = 10 * self._get(registers, (122, "WAval")) / 10
        throttled = get["WMaxLim_Ena"] and get["WMaxLimPct"] / 10000 * 500 < decawatts
        if throttled:
            decawatts = get["WMaxLimPct"] / 10000 * 500
        self._set(registers, (power, "W"), int(decawatts) if get["Conn"] else 0)
        self._set(registers, (power, "St"), 5 if throttled else 4)
        self._set(
            registers, (power, "VAr"), int(get["VArMaxPct"] / 10000 * 2200) if get["VArPct_Ena"] and get["Conn"] else 0
        )
        self._set(registers, (122, "ECPConn"), get["Conn"])
