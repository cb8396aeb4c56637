"""A STOMP server that says what a test tells it to, right or wrong, and remembers every frame it was sent."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame as it came; header values still escaped."""

    command: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[Heard], bytes | None]
"""What to answer to a frame; None = hang up."""


def frame(command: str, body: bytes = b"", /, **headers: str) -> bytes:
    """A server's frame; underscores in names stand for hyphens."""
    lines = [command, *(f"{name.replace('_', '-')}:{value}" for name, value in headers.items())]
    return "\n".join(lines).encode() + b"\n\n" + body + b"\0"


def polite(heard: Heard) -> bytes:
    """What any broker answers: CONNECTED, and a RECEIPT where one is asked for."""
    if heard.command == "CONNECT":
        return frame("CONNECTED", version="1.2", server="ActiveMQ/5.17.2", heart_beat="10000,10000")
    if "receipt" in heard.headers:
        return frame("RECEIPT", receipt_id=heard.headers["receipt"])
    return b""


class ScriptedBroker:
    """Listens on 127.0.0.1."""

    def __init__(self, answer: Answer = polite) -> None:
        self._answer = answer
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        self._ending = threading.Event()
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="scripted broker", daemon=True)
        self.port: int = self._server.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        connection = self._connection
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._server.close()

    def say(self, data: bytes) -> None:
        """Send something unasked on the connection that is there."""
        assert self._connection is not None
        self._connection.sendall(data)

    def hear(self, command: str, timeout_s: float = 5.0) -> Heard:
        """The next frame with this command; others are passed over."""
        while True:
            heard = self._heard.get(timeout=timeout_s)
            if heard.command == command:
                return heard

    def heard(self) -> list[Heard]:
        """All frames not yet asked for."""
        frames = []
        with suppress(queue.Empty):
            while True:
                frames.append(self._heard.get_nowait())
        return frames

    def _run(self) -> None:
        while not self._ending.is_set():
            with suppress(TimeoutError):
                self._connection, _ = self._server.accept()
                with self._connection as connection, suppress(OSError):
                    self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        pending = b""
        while data := connection.recv(65_536):
            pending += data
            while (taken := take_frame(pending)) is not None:
                heard, pending = taken
                self._heard.put(heard)
                answer = self._answer(heard)
                if answer is None:
                    # a close with input unread would take back what was answered before
                    connection.shutdown(socket.SHUT_WR)
                    connection.settimeout(5)
                    while connection.recv(65_536):
                        pass
                    return
                connection.sendall(answer)


def take_frame(pending: bytes) -> tuple[Heard, bytes] | None:
    text = pending.lstrip(b"\n")
    head, found, rest = text.partition(b"\n\n")
    if not found:
        return None
    command, *lines = head.decode().split("\n")
    headers = dict(line.split(":", 1) for line in lines)
    size = int(headers["content-length"]) if "content-length" in headers else rest.find(b"\0")
    if size < 0 or len(rest) <= size:
        return None
    return Heard(command, headers, rest[:size]), rest[size + 1 :]
