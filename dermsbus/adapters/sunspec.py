"""The adapter to SunSpec devices over Modbus TCP, by pysunspec2.

pysunspec2 blocks, is not thread-safe, gives every request the same transaction number and does not look at the number
of the answer. So every device has one connection and one lock, every wait ends with the caller's deadline, and a
connection on which something went wrong is thrown away: a late answer must not be taken for that to the next question.

Source: SunSpec rows of the project's reference tables; house choice, ADR 14.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import structlog
from sunspec2.device import ModelError, models_dir, set_model_defs_path
from sunspec2.mdef import ModelDefinitionError
from sunspec2.modbus.client import (
    SunSpecModbusClientDeviceTCP,
    SunSpecModbusClientError,
    SunSpecModbusClientModel,
    SunSpecModbusValueError,
)
from sunspec2.modbus.modbus import ModbusClientError, ModbusClientException

from dermsbus.adapters.acceptance import accept, seconds_left
from dermsbus.adapters.base import AdapterError, Command, DeviceRejected, DeviceUnavailable, Discovered, Effect
from dermsbus.adapters.settings import AdapterSettings
from dermsbus.adapters.sunspec_models import (
    CONTROLLING,
    WANTED,
    Model,
    Models,
    beat,
    capabilities,
    carry_out,
    discovered,
    effect,
    locked,
    measuring,
    ramp_setting,
    sample,
)
from dermsbus.domain.der import Device, Reading
from dermsbus.errors import SettingsError

__all__ = ["Address", "SunspecAdapter", "make"]

T = TypeVar("T")

set_model_defs_path(
    [models_dir]
)  # by default a file in the working directory would go before the Alliance's definitions

_BASES: Final = (40000, 0, 50000)
_MARK: Final = b"SunS"
_END: Final = 0xFFFF
_READ_HOLDING: Final = 3
_NO_ADDRESS: Final = 2
_NOTHING_THERE: Final = frozenset({_NO_ADDRESS, 3})
"""Modbus exceptions for registers that do not exist; some devices say illegal value."""
_PASSING: Final = frozenset({5, 6, 10, 11})
"""Modbus exceptions that say "not now" rather than "no": acknowledge, busy, gateway without a path, target silent."""
_FOREIGN: Final = (
    ModbusClientError,
    SunSpecModbusClientError,
    SunSpecModbusValueError,
    ModelError,
    ModelDefinitionError,
    OSError,
    struct.error,
)
"""Everything that pysunspec2 and the socket below it raise."""
_CODE: Final = re.compile(r"Modbus exception:? (\d+)")
_GRACE_S: Final = 0.2
"""A worker whose deadline is over needs a moment to say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a device is.

    Attributes:
        host: name or IPv4 address.
        port: of Modbus TCP.
        unit: the device behind that port, 0 to 255.
    """

    host: str
    port: int = 502
    unit: int = 1

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``host``, ``host:port``, ``host/unit`` or ``host:port/unit``.

        Raises:
            ValueError: *text* has another form, or a number out of range.
        """
        match = re.fullmatch(r"(?P<host>[^\s:/]+)(:(?P<port>\d{1,5}))?(/(?P<unit>\d{1,3}))?", text)
        if match is None:
            raise ValueError(f"{text!r} is not of the form host:port/unit")
        port, unit = int(match["port"] or 502), int(match["unit"] or 1)
        if not 1 <= port <= 65535 or unit > 255:
            raise ValueError(f"{text!r} has a port beyond 65535 or a unit beyond 255")
        return cls(host=match["host"], port=port, unit=unit)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.unit}"


def make(settings: AdapterSettings) -> SunspecAdapter:
    """An adapter to all devices in *settings*; it connects when it is first used.

    Options: ``max_parallel`` (64: so many devices are read at once).

    Raises:
        SettingsError: an unknown option, or an address that is not ``host:port/unit``.
    """
    settings.refuse_unknown("max_parallel")
    for device in settings.devices:
        try:
            Address.parse(device.address)
        except ValueError as error:
            raise SettingsError(f"devices.{device.mrid}.address", str(error)) from error
    return SunspecAdapter(
        clock=settings.clock, max_parallel=int(settings.number("max_parallel", 64, least=1, most=1024))
    )


class _Deadline:
    """An instant at which a caller's patience ends."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._ends = time.monotonic() + timeout_s

    @property
    def left_s(self) -> float:
        return max(0.0, self._ends - time.monotonic())


class _DeadlineSocket:
    """A socket whose every wait ends with the deadline of the request that is under way.

    A time-out for each wait would not do: a device that sends a byte now and then would hold its worker for minutes.
    """

    def __init__(self, plain: socket.socket, deadline: _Deadline) -> None:
        self._plain = plain
        self.deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._arm()
        self._plain.sendall(data)

    def recv(self, size: int) -> bytes:
        self._arm()
        data = self._plain.recv(size)
        if not data:  # pysunspec2 would take it for a time-out
            raise ConnectionResetError("the device closed the connection")
        return data

    def close(self) -> None:
        self._plain.close()

    def _arm(self) -> None:
        left_s = self.deadline.left_s
        if left_s <= 0.0:
            raise TimeoutError("the deadline is over")
        self._plain.settimeout(left_s)


def _dialled(host: str, port: int, deadline: _Deadline) -> socket.socket:
    """A connection to the first address of *host* that takes one; all addresses share one deadline.

    Raises:
        OSError: none does.
    """
    failure = OSError(f"{host} has no address")
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(max(deadline.left_s, 1e-3))
            plain.connect(place)
        except OSError as error:
            plain.close()
            failure = error
        else:
            return plain
    raise failure


class _Wire(SunSpecModbusClientDeviceTCP):  # type: ignore[misc]  # the library has no types
    """A pysunspec2 device that keeps deadlines and writes by function 16 only."""

    def __init__(self, address: Address) -> None:
        super().__init__(slave_id=address.unit, ipaddr=address.host, ipport=address.port)

    def open(self, deadline: _Deadline) -> None:
        """Connect, or raise an OSError within *deadline*."""
        plain = _dialled(self.ipaddr, self.ipport, deadline)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client.socket = _DeadlineSocket(plain, deadline)

    def use(self, deadline: _Deadline) -> None:
        """From now on every wait ends with *deadline*."""
        self.client.socket.deadline = deadline

    def read(self, addr: int, count: int, op: int = _READ_HOLDING) -> bytes:
        """Read registers, all of them: a short answer would leave old values in a model as if they were new."""
        data: bytes = super().read(addr, count, op)
        if len(data) != 2 * count:
            raise SunSpecModbusClientError(f"{len(data)} bytes came for {count} registers from {addr} on")
        return data

    def write(self, addr: int, data: bytes) -> None:
        """Write registers by function 16, even a single one: some inverters know no function 6."""
        self.client._write(addr, data)  # noqa: SLF001 its public write takes function 6 for a single register

    def find_models(self) -> dict[int, Model]:
        """The models of `WANTED` that the device has, the first of each kind, all points read."""
        models: dict[int, Model] = {}
        address = self._base() + 2
        while (number := self._number(address)) != _END:
            length = self._word(address + 1)
            if number in WANTED and number not in models:
                header = struct.pack(">HH", number, length)
                model = SunSpecModbusClientModel(
                    model_id=number, model_addr=address, model_len=length, data=header, mb_device=self
                )
                model.read()
                models[number] = model
            address += 2 + length
        return models

    def _base(self) -> int:
        for base in _BASES:
            try:
                if self.read(base, 2) == _MARK:
                    return base
            except ModbusClientException as error:
                if _code(error) not in _NOTHING_THERE:
                    raise
        raise SunSpecModbusClientError(f"no SunSpec map at register {', '.join(map(str, _BASES))}")

    def _number(self, address: int) -> int:
        """The number of the model at *address*; some maps stop without their end mark."""
        try:
            return self._word(address)
        except ModbusClientException as error:
            if _code(error) not in _NOTHING_THERE:
                raise
            return _END

    def _word(self, address: int) -> int:
        data: bytes = self.read(address, 1)
        word: int = struct.unpack(">H", data)[0]
        return word


def _code(error: Exception) -> int:
    """The Modbus exception code, which pysunspec2 tells in its text only; 0 if it is not there."""
    match = _CODE.search(str(error))
    return int(match[1]) if match else 0


class _Link:
    """The one way to one device: connection, models, lock."""

    def __init__(self, mrid: str, address: Address) -> None:
        self.mrid = mrid
        self.address = address
        self.last_free_w = 0.0
        self.own_ramp: float | None = None
        self.answers = True
        self._lock = threading.Lock()
        self._wire: _Wire | None = None
        self._models: dict[int, Model] = {}
        self._beats = 0
        self._heard = True
        self._log = structlog.get_logger().bind(device=mrid, address=str(address))

    def run(self, deadline: _Deadline, work: Callable[[Models], T]) -> T:
        """What *work* returns on the device's models.

        A connection that the device closed while it was idle is opened again once: orders are absolute, so that one
        that arrives twice does no harm.

        Raises:
            DeviceUnavailable: there was no answer in time, or none that can be understood.
            DeviceRejected: the device refused.
        """
        if not self._lock.acquire(timeout=deadline.left_s):
            raise DeviceUnavailable(self.mrid, f"{self.address} is still busy with an earlier request")
        try:
            if deadline.left_s <= 0.0:
                raise DeviceUnavailable(self.mrid, "its turn came after the deadline: give more time or more workers")
            used_before = self._wire is not None
            try:
                return self._attempt(deadline, work)
            except DeviceUnavailable:
                if not used_before or self._wire is not None or deadline.left_s <= 0.0:
                    raise
            return self._attempt(deadline, work)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection when the request under way is over."""
        with self._lock:
            self._drop()

    def _attempt(self, deadline: _Deadline, work: Callable[[Models], T]) -> T:
        had_its_chance = deadline.left_s > deadline.timeout_s / 2
        with self._mapped(deadline, silent=had_its_chance):
            if self._wire is None:
                self._connect(deadline)
            assert self._wire is not None, "just connected"
            self._wire.use(deadline)
            self._beat()
            done = work(self._models)
            self.answers = True
            return done

    def _connect(self, deadline: _Deadline) -> None:
        wire = _Wire(self.address)
        try:
            wire.open(deadline)
            self._models = wire.find_models()
        except BaseException:
            wire.disconnect()
            raise
        self._wire, self._heard = wire, True
        if self.own_ramp is None:
            self.own_ramp = ramp_setting(self._models)
        self._log.info("connected", models=sorted(self._models))

    def _beat(self) -> None:
        """Tell the device that somebody is there; one that refuses is not told again on this connection."""
        if not self._heard:
            return
        self._beats = (self._beats + 1) % 2**31
        try:
            beat(self._models, self._beats)
        except ModbusClientException as error:
            if _code(error) in _PASSING:
                raise
            self._heard = False
            self._log.warning("device takes no heartbeat", error=str(error))

    @contextmanager
    def _mapped(self, deadline: _Deadline, *, silent: bool) -> Iterator[None]:
        """Foreign errors become ours; whatever is not a plain answer costs the connection."""
        try:
            yield
        except ModbusClientException as error:
            raise self._refusal(error) from error
        except (SunSpecModbusValueError, ModelError, ModelDefinitionError) as error:
            raise DeviceRejected(self.mrid, f"cannot hold this value: {error}") from error
        except _FOREIGN as error:
            self._drop()
            self.answers = self.answers and not silent
            what = f"no answer in {deadline.timeout_s:g} s" if deadline.left_s <= 0.0 else f"not reached: {error}"
            raise DeviceUnavailable(self.mrid, f"{what} ({self.address})") from error

    def _refusal(self, error: Exception) -> AdapterError:
        code = _code(error)
        if code in _PASSING:
            return DeviceUnavailable(self.mrid, f"is busy or has no path behind its gateway (Modbus exception {code})")
        if code == _NO_ADDRESS:
            self._drop()  # another firmware may have moved the models: look for them again
        return DeviceRejected(self.mrid, f"refused the request (Modbus exception {code}, {self.address})")

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.disconnect()
            self._wire = None


class SunspecAdapter:
    """All SunSpec devices of a catalogue, each by a connection of its own.

    A command's end is put into the device's own timers where it has any, so that it lets go although nobody is left to
    tell it. Model 703 and ramps have none: a device stays disconnected until it is told, and keeps a ramp until it is
    released, when it gets back the one that it was found with.

    Args:
        clock: gives an aware time; ends of orders and times of readings are by it.
        max_parallel: so many devices are read at once, 1 or more.
    """

    def __init__(self, *, clock: Callable[[], datetime], max_parallel: int = 64) -> None:
        self._clock = clock
        self._links: dict[str, _Link] = {}
        self._lock = threading.Lock()  # of the links and of being closed
        self._workers = ThreadPoolExecutor(max_workers=max_parallel, thread_name_prefix="sunspec")
        self._closed = False

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        """What the device says of itself; what it leaves unsaid is the catalogue's.

        Raises:
            DeviceUnavailable: no answer within *timeout_s* seconds.
            DeviceRejected: the device refused to be read.
        """

        def look(models: Models) -> Discovered:
            _refresh(models, models)
            return discovered(models, device.name_plate)

        return self._link(device).run(_Deadline(timeout_s), look)

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        """One reading or one error for each device, in order.

        As many devices as there are workers are asked at the same time; those that did not answer the last time go
        last, so that they hold up nobody but each other.
        """
        deadline = _Deadline(timeout_s)
        if len(devices) == 1:
            return (self._read_one(devices[0], deadline),)
        asked: dict[str, Future[Reading | AdapterError]] = {}
        with self._lock:
            if self._closed:
                return tuple(DeviceUnavailable(device.mrid, "the adapter is closed") for device in devices)
            for device in sorted(devices, key=self._was_silent):
                asked[device.mrid] = self._workers.submit(self._read_one, device, deadline)
        wait(asked.values(), timeout=deadline.left_s + _GRACE_S)
        return tuple(_outcome(device, asked[device.mrid], timeout_s) for device in devices)

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        """Return when the device has taken *command*.

        Raises:
            DeviceUnavailable: no answer within *timeout_s* seconds; the device may have taken it.
            DeviceRejected: the command makes no sense, or the device cannot or does not want to carry it out.
        """

        def order(models: Models) -> None:
            _refresh(models, CONTROLLING)
            accept(device.mrid, command, capabilities=capabilities(models), now=self._clock())
            if locked(models):
                raise DeviceRejected(device.mrid, "is switched to local control at the device")
            left_s = None if command.expires_at is None else seconds_left(command.expires_at, self._clock())
            carry_out(device.mrid, models, command, left_s, link.own_ramp)

        link = self._link(device)
        link.run(_Deadline(timeout_s), order)

    def read_back(self, device: Device, timeout_s: float) -> Effect:
        """What the device holds now.

        Raises:
            DeviceUnavailable: no answer within *timeout_s* seconds.
            DeviceRejected: the device refused to be read.
        """

        def look(models: Models) -> Effect:
            _refresh(models, CONTROLLING)
            return effect(models)

        return self._link(device).run(_Deadline(timeout_s), look)

    def close(self) -> None:
        """Close all connections once the requests under way are over, at the latest at their deadlines. Idempotent."""
        with self._lock:
            self._closed = True
            links = tuple(self._links.values())
        self._workers.shutdown(wait=True, cancel_futures=True)
        for link in links:
            link.close()

    def _link(self, device: Device) -> _Link:
        try:
            address = Address.parse(device.address)
        except ValueError as error:
            raise DeviceUnavailable(device.mrid, f"{error}; correct its address in the device catalogue") from error
        with self._lock:
            if self._closed:
                raise DeviceUnavailable(device.mrid, "the adapter is closed")
            link = self._links.get(device.mrid)
            moved = link is not None and link.address != address
            if link is None or moved:
                self._links[device.mrid] = new = _Link(device.mrid, address)
            else:
                return link
        if link is not None:
            link.close()
        return new

    def _was_silent(self, device: Device) -> bool:
        link = self._links.get(device.mrid)
        return link is not None and not link.answers

    def _read_one(self, device: Device, deadline: _Deadline) -> Reading | AdapterError:
        try:
            link = self._link(device)

            def look(models: Models) -> Reading:
                _refresh(models, measuring(models))
                taken = sample(models, device, self._clock(), link.last_free_w)
                if taken.free:
                    link.last_free_w = taken.reading.active_power_w
                return taken.reading

            return link.run(deadline, look)
        except AdapterError as error:
            return error


def _refresh(models: Models, wanted: Iterable[int]) -> None:
    for number in wanted:
        if number in models:
            models[number].read()


def _outcome(device: Device, future: Future[Reading | AdapterError], timeout_s: float) -> Reading | AdapterError:
    if future.done() and not future.cancelled():
        return future.result()
    future.cancel()
    return DeviceUnavailable(device.mrid, f"no answer in {timeout_s:g} s")
