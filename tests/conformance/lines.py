"""The way from one participant to a broker: what goes over it is written down, and it can be cut, dead, or deaf."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from dermsbus.app import make_transport
from dermsbus.settings import BusUrl
from dermsbus.transports.base import Transport
from tests.contract.scripted_broker import Heard, take_frame
from tests.contract.tcp_proxy import TcpProxy

__all__ = ["Line", "WrittenDown"]


class _Tap:
    """A socket to write to, with something done to what is written."""

    def __init__(self, sink: socket.socket, pass_on: Callable[[bytes], bool]) -> None:
        self._sink = sink
        self._pass_on = pass_on

    def sendall(self, data: bytes) -> None:
        if self._pass_on(data):
            self._sink.sendall(data)

    def shutdown(self, how: int) -> None:
        self._sink.shutdown(how)


class WrittenDown(TcpProxy):
    """A proxy that remembers what clients sent, and can keep from them what the server answers."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._sent: list[bytearray] = []
        self._deaf = threading.Event()
        super().__init__(target)

    def swallow_answers(self) -> None:
        """The server hears everything, and what it says reaches nobody, until the line is mended."""
        self._deaf.set()

    def mend(self) -> None:
        self._deaf.clear()
        super().mend()

    def frames(self) -> list[Heard]:
        """All STOMP frames that clients have sent, connection by connection."""
        frames = []
        for sent in self._sent:
            pending = bytes(sent)
            while (taken := take_frame(pending)) is not None:
                heard, pending = taken
                frames.append(heard)
        return frames

    def frames_of(self, command: str) -> list[Heard]:
        """Those frames with this command."""
        return [each for each in self.frames() if each.command == command]

    def _pump(self, source: socket.socket, sink: socket.socket, look: Callable[[bytes], bool]) -> None:
        with self._lock:
            is_client = any(source is near for near, _ in self._pairs)
        tap = _Tap(sink, self._note() if is_client else self._is_heard)
        super()._pump(source, tap, look)  # type: ignore[arg-type]

    def _note(self) -> Callable[[bytes], bool]:
        sent = bytearray()
        self._sent.append(sent)

        def note(data: bytes) -> bool:
            sent.extend(data)
            return True

        return note

    def _is_heard(self, data: bytes) -> bool:
        return not self._deaf.is_set()


class Line:
    """A way of its own to the broker of a bus.

    Attributes:
        proxy: what the way leads through.
        url: the bus at this end of it.
    """

    def __init__(self, url: BusUrl, opened: ExitStack) -> None:
        self.proxy = opened.enter_context(WrittenDown((url.host, url.port)))
        self.url = replace(url, port=self.proxy.port)
        self._opened = opened

    def transport(self, *, heartbeat_s: float | None = None, client_id: str | None = None) -> Transport:
        """A transport that goes this way, not yet started; it is stopped at the end of the test."""
        transport = make_transport(replace(self.url, heartbeat_s=heartbeat_s), client_id=client_id)
        self._opened.callback(transport.stop)
        return transport

    def connected(self, *, heartbeat_s: float | None = None, client_id: str | None = None) -> Transport:
        """A transport that goes this way, up."""
        transport = self.transport(heartbeat_s=heartbeat_s, client_id=client_id)
        transport.start()
        transport.wait_until_up(30)
        return transport
