"""A STOMP peer made of a socket and nothing of ours: what it sees is what any other client would see."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tests.broker.brokers import HOST, Broker

_TIMEOUT_S = 10.0
_ESCAPES = {"\\c": ":", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A frame as received."""

    command: str
    headers: Mapping[str, str]
    body: bytes


class RawStomp:
    """One connection, logged in."""

    def __init__(self, broker: Broker) -> None:
        self._socket = socket.create_connection((HOST, broker.port("stomp")), timeout=_TIMEOUT_S)
        self._read = self._socket.makefile("rb")
        self.send("CONNECT", {"accept-version": "1.2", "host": "/", **_login(broker)}, b"")
        assert self.receive().command == "CONNECTED"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._read.close()
        self._socket.close()

    def subscribe(self, destination: str) -> None:
        """Subscribe with automatic acknowledgement, and see that the broker did it."""
        self.send("SUBSCRIBE", {"id": destination, "destination": destination, "ack": "auto", "receipt": "subscribed"})
        answer = self.receive()
        assert answer.command == "RECEIPT", answer

    def send(self, command: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Send one frame."""
        lines = [command, *(f"{name}:{_escape(value)}" for name, value in headers.items()), "", ""]
        self._socket.sendall("\n".join(lines).encode() + body + b"\0")

    def receive(self) -> RawFrame:
        """The next frame; heart-beats are passed over."""
        while (line := self._read.readline()) == b"\n":
            pass
        headers: dict[str, str] = {}
        while (header := self._read.readline()) != b"\n":
            name, _, value = header.decode().rstrip("\n").partition(":")
            headers.setdefault(name, _unescape(value))
        body = b""
        if "content-length" in headers:
            body = self._read.read(int(headers["content-length"]))
        while (byte := self._read.read(1)) != b"\0":
            body += byte
        return RawFrame(line.decode().strip(), headers, body)


def _login(broker: Broker) -> dict[str, str]:
    return {"login": broker.kind.user, "passcode": broker.kind.password}


def _escape(text: str) -> str:
    for escaped, plain in reversed(_ESCAPES.items()):
        text = text.replace(plain, escaped)
    return text


def _unescape(text: str) -> str:
    pieces = text.split("\\\\")
    for index, piece in enumerate(pieces):
        for escaped in ("\\c", "\\n", "\\r"):
            piece = piece.replace(escaped, _ESCAPES[escaped])  # noqa: PLW2901  same text, one step further
        pieces[index] = piece
    return "\\".join(pieces)
