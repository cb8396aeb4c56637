"""The devices: a simulated fleet in the judge's process, reached by an adapter in the DERMS's, which may die.

What a device was told is in its own journal, which outlives every DERMS.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Self

from dermsbus.adapters.base import AdapterError, Command, DeviceUnavailable, Discovered, Effect
from dermsbus.adapters.simulated import SimulatedAdapter, SimulatedFleet
from dermsbus.domain.der import Device, Reading

__all__ = ["Field", "RemoteAdapter"]


class Field:
    """Serves a fleet at a socket in the file system, from entering the block to its end."""

    def __init__(self, fleet: SimulatedFleet, address: Path) -> None:
        self.fleet = fleet
        self._adapter = SimulatedAdapter(fleet)
        self._listener = Listener(str(address), family="AF_UNIX", backlog=64)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:
                return  # closed: the block has ended
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, suppress(EOFError, OSError):  # the DERMS at the other end has died
            while True:
                name, arguments = connection.recv()
                try:
                    answer = (True, getattr(self._adapter, name)(*arguments))
                except AdapterError as error:
                    answer = (False, (type(error), error.mrid, error.problem))
                connection.send(answer)


class RemoteAdapter:
    """The way to a `Field` from another process; each thread has a connection of its own."""

    def __init__(self, address: Path) -> None:
        self._address = str(address)
        self._own = threading.local()

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        answer = self._ask("discover", device, timeout_s)
        assert isinstance(answer, Discovered)
        return answer

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        answer = self._ask("read", devices, timeout_s)
        assert isinstance(answer, tuple)
        return answer

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        self._ask("command", device, command, timeout_s)

    def read_back(self, device: Device, timeout_s: float) -> Effect:
        answer = self._ask("read_back", device, timeout_s)
        assert isinstance(answer, Effect)
        return answer

    def close(self) -> None:
        """Connections end with their threads."""

    def _ask(self, name: str, *arguments: object) -> object:
        try:
            if not hasattr(self._own, "connection"):
                self._own.connection = Client(self._address, family="AF_UNIX")
            self._own.connection.send((name, arguments))
            done, answer = self._own.connection.recv()
        except (OSError, EOFError) as error:
            raise DeviceUnavailable("all", f"the field is gone: {error}") from error
        if done:
            return answer
        kind, mrid, problem = answer
        raise kind(mrid, problem)
