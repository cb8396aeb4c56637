"""A small STOMP client over a plain socket, which shares no code with the broker it tests."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Self

from dermsbus.broker import EmbeddedBroker

PATIENCE_S = 10.0

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", ":": "\\c"}


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _unescape(text: str) -> str:
    for character, escaped in (("\n", "\\n"), ("\r", "\\r"), (":", "\\c"), ("\\", "\\\\")):
        text = text.replace(escaped, character)
    return text


@dataclass(frozen=True)
class Received:
    """One frame from the broker."""

    command: str
    headers: Mapping[str, str]
    body: bytes = b""
    names: tuple[str, ...] = field(default=(), compare=False)


class Closed(Exception):
    """The broker has closed the connection."""


class StompClient:
    """One connection; every wait has an end."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._receipts = count(1)
        self._aside: deque[Received] = deque()
        self.heart_beats = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Go away without a word."""
        self._socket.close()

    # -- sending -----------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send raw bytes."""
        self._socket.sendall(data)

    def frame(self, command: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Send a frame and wait for nothing."""
        escape = str if command in {"CONNECT", "STOMP"} else _escape
        lines = [command, *(f"{escape(name)}:{escape(value)}" for name, value in (headers or {}).items())]
        if body and "content-length" not in (headers or {}):
            lines.append(f"content-length:{len(body)}")
        self.write("\n".join([*lines, "", ""]).encode() + body + b"\0")

    def connect(self, **headers: str) -> Received:
        """CONNECT; underscores in names stand for hyphens."""
        wanted = {"accept-version": "1.2", "host": "localhost"}
        wanted.update({name.replace("_", "-"): value for name, value in headers.items()})
        self.frame("CONNECT", wanted)
        return self.next("CONNECTED")

    def ask(self, command: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Send a frame with a receipt, and wait for that; messages that come first are kept for `message`."""
        receipt = f"r{next(self._receipts)}"
        self.frame(command, {**(headers or {}), "receipt": receipt}, body)
        while (frame := self._read(PATIENCE_S)).command == "MESSAGE":
            self._aside.append(frame)
        assert (frame.command, frame.headers.get("receipt-id")) == ("RECEIPT", receipt), frame

    def refused(self, command: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> str:
        """Send a frame with a receipt that is answered with ERROR; returns the error's message and body."""
        receipt = f"r{next(self._receipts)}"
        self.frame(command, {**(headers or {}), "receipt": receipt}, body)
        error = self.next("ERROR")
        assert error.headers["receipt-id"] == receipt
        return error.headers["message"] + "\n" + error.body.decode()

    def send(self, destination: str, body: bytes | str = b"x", **headers: str) -> None:
        """SEND with a receipt, and wait for that; underscores stand for hyphens but in names like CIM_Noun."""
        named = {name if name[0].isupper() else name.replace("_", "-"): value for name, value in headers.items()}
        self.ask("SEND", {"destination": destination, **named}, body.encode() if isinstance(body, str) else body)

    def subscribe(self, destination: str, subscription: str = "s", ack: str = "auto", **headers: str) -> None:
        """SUBSCRIBE with a receipt, and wait for that; double underscores in names stand for dots."""
        named = {name.replace("__", "."): value for name, value in headers.items()}
        self.ask("SUBSCRIBE", {"destination": destination, "id": subscription, "ack": ack, **named})

    def ack(self, message: Received, command: str = "ACK", **headers: str) -> None:
        """ACK or NACK a message as STOMP 1.2 has it, with a receipt."""
        self.ask(command, {"id": message.headers["ack"], **headers})

    def nack(self, message: Received) -> None:
        """NACK a message as STOMP 1.2 has it, with a receipt."""
        self.ack(message, "NACK")

    # -- receiving ---------------------------------------------------------------------------------------------------

    def message(self, timeout_s: float = PATIENCE_S) -> Received:
        """The next MESSAGE."""
        if self._aside:
            return self._aside.popleft()
        return self.next("MESSAGE", timeout_s)

    def bodies(self, how_many: int) -> list[str]:
        """The bodies of the next messages."""
        return [self.message().body.decode() for _ in range(how_many)]

    def pending(self) -> list[str]:
        """The bodies of all messages that the broker has sent by now."""
        self.ask("SEND", {"destination": "/topic/nobody-listens-here"})
        bodies = [message.body.decode() for message in self._aside]
        self._aside.clear()
        return bodies

    def next(self, command: str | None = None, timeout_s: float = PATIENCE_S) -> Received:
        """The next frame, which has to be a *command* if one is given."""
        frame = self._read(timeout_s)
        assert command in {None, frame.command}, frame
        return frame

    def until_closed(self) -> list[Received]:
        """All frames until the broker closes the connection."""
        frames = []
        while True:
            try:
                frames.append(self._read(PATIENCE_S))
            except Closed:
                return frames

    def beats(self, how_many: int) -> None:
        """Wait for that many heart-beats; no frame may come."""
        while self.heart_beats < how_many:
            self._fill(PATIENCE_S)
            self._skip_beats()
            assert not self._buffer

    def _read(self, timeout_s: float) -> Received:
        self._skip_beats()
        while (head_end := self._buffer.find(b"\n\n")) < 0:
            self._fill(timeout_s)
            self._skip_beats()
        command, *lines = self._buffer[:head_end].decode().split("\n")
        unescape = str if command == "CONNECTED" else _unescape
        pairs = [line.split(":", 1) for line in lines]
        headers = {unescape(name): unescape(value) for name, value in reversed(pairs)}
        start = head_end + 2
        if "content-length" in headers:
            end = start + int(headers["content-length"])
            while len(self._buffer) <= end:
                self._fill(timeout_s)
        else:
            while (end := self._buffer.find(b"\0", start)) < 0:
                self._fill(timeout_s)
        assert self._buffer[end] == 0
        body, self._buffer = self._buffer[start:end], self._buffer[end + 1 :]
        return Received(command, headers, body, tuple(name for name, _ in pairs))

    def _skip_beats(self) -> None:
        rest = self._buffer.lstrip(b"\n")
        self.heart_beats += len(self._buffer) - len(rest)
        self._buffer = rest

    def _fill(self, timeout_s: float) -> None:
        self._socket.settimeout(timeout_s)
        try:
            data = self._socket.recv(1 << 20)
        except ConnectionError as error:
            raise Closed from error
        if not data:
            raise Closed
        self._buffer += data


StartBroker = Callable[..., EmbeddedBroker]
"""Starts a broker with the given settings; the fixture ``start_broker``."""

Connect = Callable[..., StompClient]
"""Opens a connection; the fixtures ``dial`` and ``connect``."""
