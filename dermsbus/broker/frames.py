"""STOMP frames as bytes and back: an incremental parser and an encoder that know no socket.

Source: "Common protocol points (STOMP 1.2)" of the project's reference tables, and the STOMP 1.0, 1.1 and 1.2
protocol texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from dermsbus.broker.refusals import ProtocolError

__all__ = ["Frame", "FrameError", "FrameLimits", "FrameParser", "Version", "encode"]


class Version(StrEnum):
    """The protocol versions; the value is the wire text."""

    V1_0 = "1.0"
    V1_1 = "1.1"
    V1_2 = "1.2"


class FrameError(ProtocolError):
    """What was received is not a frame, or larger than allowed; where the next frame starts is unknown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        command: such as ``SEND``.
        headers: unescaped; of a repeated header the first value.
        body: the bytes between the blank line and the closing NUL.
    """

    command: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes = b""


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameLimits:
    """How much of one frame is taken in before it is refused.

    Attributes:
        max_body_bytes: largest body, bytes.
        max_header_bytes: largest command line and headers together, bytes on the wire.
        max_headers: most header lines.
    """

    max_body_bytes: int = 16 * 2**20
    max_header_bytes: int = 64 * 2**10
    max_headers: int = 256


# Frames of the handshake are never escaped, so that a 1.0 peer can read them.
_HANDSHAKE = frozenset({"CONNECT", "STOMP", "CONNECTED"})
_WITH_BODY = frozenset({"SEND", "MESSAGE", "ERROR"})

_ESCAPES: Mapping[Version, Mapping[str, str]] = MappingProxyType(
    {
        Version.V1_0: {},
        Version.V1_1: {"\\": "\\\\", "\n": "\\n", ":": "\\c"},
        Version.V1_2: {"\\": "\\\\", "\n": "\\n", ":": "\\c", "\r": "\\r"},
    }
)
_ESCAPING = {version: str.maketrans(dict(escapes)) for version, escapes in _ESCAPES.items()}
# Without escapes a line feed would start another header: a peer could smuggle one past the broker.
_ESCAPING[Version.V1_0] = str.maketrans({"\n": " "})
_UNESCAPED = {
    version: {escaped: character for character, escaped in escapes.items()} for version, escapes in _ESCAPES.items()
}
_SPECIAL = re.compile(r"[\\\n\r:]")
_ESCAPE_SEQUENCE = re.compile(r"\\.?", re.DOTALL)
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_LONGEST_END_OF_HEAD = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    """A frame whose body is still to come; *body_bytes* is None if only a NUL ends it."""

    command: str
    headers: Mapping[str, str]
    body_bytes: int | None


class FrameParser:
    """Frames out of a stream of bytes that may be cut anywhere.

    Never holds more than one frame within its limits and the chunk fed last.

    Attributes:
        version: whose escapes hold; set it when the handshake has settled it.
    """

    def __init__(self, limits: FrameLimits) -> None:
        self.version = Version.V1_0
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._head: _Head | None = None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that *data* completes, each parsed only when it is asked for.

        So `version` may be changed between two frames of one chunk. End-of-line bytes between frames are heart-beats
        and are passed over.

        Raises:
            FrameError: the stream cannot be read; feed no more.
        """
        self._buffer += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        if self._head is None:
            self._head = self._take_head()
        if self._head is None:
            return None
        body = self._take_body(self._head)
        if body is None:
            return None
        head, self._head = self._head, None
        return Frame(command=head.command, headers=head.headers, body=body)

    def _take_head(self) -> _Head | None:
        self._skip_heart_beats()
        end = _END_OF_HEAD.search(self._buffer, self._searched)
        if end is None:
            if len(self._buffer) > self._limits.max_header_bytes:
                raise self._head_too_large()
            if b"\0" in self._buffer:
                raise FrameError("a frame ended before the blank line that ends its headers")
            self._searched = max(0, len(self._buffer) - _LONGEST_END_OF_HEAD)
            return None
        stop, body_start = end.span()
        del end  # a live match locks the buffer against resizing
        if stop > self._limits.max_header_bytes:
            raise self._head_too_large()
        raw = bytes(self._buffer[:stop])
        del self._buffer[:body_start]
        self._searched = 0
        return self._parse_head(raw)

    def _skip_heart_beats(self) -> None:
        start = 0
        while start < len(self._buffer) and self._buffer[start] in b"\r\n":
            start += 1
        if start:
            del self._buffer[:start]
            self._searched = 0

    def _head_too_large(self) -> FrameError:
        return FrameError(
            f"the headers of a frame are larger than {self._limits.max_header_bytes} bytes",
            "Put what is large in the body.",
        )

    def _parse_head(self, raw: bytes) -> _Head:
        if b"\0" in raw:
            raise FrameError("a frame ended before the blank line that ends its headers")
        try:
            command, *lines = (line.removesuffix("\r") for line in raw.decode().split("\n"))
        except UnicodeDecodeError as error:
            raise FrameError("the headers of a frame are not UTF-8") from error
        if len(lines) > self._limits.max_headers:
            raise FrameError(f"a frame has more than {self._limits.max_headers} headers")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not (name and colon):
                raise FrameError(f"a header line of a {command[:20]!r} frame is not NAME:VALUE")
            if command not in _HANDSHAKE:
                name, value = self._as_meant(name), self._as_meant(value)
            headers.setdefault(name, value)
        return _Head(command=command, headers=headers, body_bytes=self._body_bytes(headers.get("content-length")))

    def _as_meant(self, text: str) -> str:
        if self.version is Version.V1_0:
            return text.strip()
        return _unescape(text, self.version) if "\\" in text else text

    def _body_bytes(self, text: str | None) -> int | None:
        if text is None:
            return None
        digits = text.strip()
        if not (digits.isascii() and digits.isdecimal()):
            raise FrameError(f"content-length {text[:40]!r} is not a number of bytes")
        # More digits than any limit has need not be converted to be compared.
        if len(digits) > 18 or int(digits) > self._limits.max_body_bytes:
            raise self._body_too_large(f"content-length {digits[:40]} is")
        return int(digits)

    def _body_too_large(self, what: str) -> FrameError:
        return FrameError(
            f"{what} more than the {self._limits.max_body_bytes} bytes allowed for a body",
            "Send less in one message, or start the broker with a larger max_frame_bytes.",
        )

    def _take_body(self, head: _Head) -> bytes | None:
        end = head.body_bytes
        if end is None:
            end = self._buffer.find(0, self._searched)
            if (len(self._buffer) if end < 0 else end) > self._limits.max_body_bytes:
                raise self._body_too_large("the body is")
            if end < 0:
                self._searched = len(self._buffer)
                return None
        elif len(self._buffer) <= end:
            return None
        if self._buffer[end] != 0:
            raise FrameError(
                f"no NUL after the {end} bytes that content-length announced for the body of a {head.command} frame",
                "Count bytes, not characters.",
            )
        body = bytes(memoryview(self._buffer)[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return body


def _unescape(text: str, version: Version) -> str:
    characters = _UNESCAPED[version]

    def character(match: re.Match[str]) -> str:
        try:
            return characters[match[0]]
        except KeyError as error:
            raise FrameError(
                f"undefined escape {match[0]!r} in a header, STOMP {version}",
                f"Defined are {', '.join(sorted(characters))}.",
            ) from error

    return _ESCAPE_SEQUENCE.sub(character, text)


def encode(frame: Frame, version: Version) -> bytes:
    """The bytes of *frame* for a peer that speaks *version*.

    A frame that may have a body always gets its true ``content-length``, so a NUL in the body is safe. STOMP 1.0 has
    no escapes: a line feed in a header becomes a space there.

    Args:
        frame: what to say.
        version: as negotiated.

    Returns:
        The frame with its closing NUL.
    """
    table = _ESCAPING[Version.V1_0 if frame.command in _HANDSHAKE else version]
    headers = frame.headers
    if frame.command in _WITH_BODY:
        headers = {**headers, "content-length": str(len(frame.body))}
    lines = [frame.command]
    for name, value in headers.items():
        if _SPECIAL.search(value) or _SPECIAL.search(name):
            lines.append(f"{name.translate(table)}:{value.translate(table)}")
        else:
            lines.append(f"{name}:{value}")
    lines.append("\n")
    return b"".join(("\n".join(lines).encode(), frame.body, b"\0"))
