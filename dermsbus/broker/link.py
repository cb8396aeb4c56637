"""One TCP connection: bytes in and out, heart-beats, and no more in memory than a slow peer may cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from dermsbus.broker.core import Core
from dermsbus.broker.frames import Frame, FrameLimits, FrameParser, Version, encode
from dermsbus.broker.refusals import ProtocolError
from dermsbus.broker.session import Session

__all__ = ["Link"]

# RECEIPT and ERROR frames are written even to a peer that reads nothing; from this many times the write buffer on,
# nothing more is read from it either.
_STOP_READING_FACTOR = 4
# A peer that is refused in the middle of a large frame is still sending; closed at once, TCP would reset the
# connection and the ERROR frame be lost. So what it sends is thrown away for a while.
_LINGER_S = 2.0


class Link(asyncio.Protocol):
    """The socket side of one session.

    Attributes:
        session: the conversation that goes over it.
    """

    def __init__(self, core: Core, on_made: Callable[[Link], None], on_lost: Callable[[Link], None]) -> None:
        """A link that waits for its connection.

        Args:
            core: the broker.
            on_made: called when there is a connection.
            on_lost: called when it is gone.
        """
        self._core = core
        self._on_made = on_made
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        settings = core.settings
        self._parser = FrameParser(
            FrameLimits(
                max_body_bytes=settings.max_frame_bytes,
                max_header_bytes=settings.max_header_bytes,
                max_headers=settings.max_headers,
            )
        )
        self._version = Version.V1_0
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._congested = False
        self._reading = True
        self._hanging_up = False
        self._last_read = self._last_write = self._loop.time()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._transport: asyncio.Transport | None = None
        self.session = Session(core, self)

    # -- what asyncio tells ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer has come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=self._core.settings.write_buffer_bytes)
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self.session.peer = f"{host}:{port}"
        self._later("connect", self._core.settings.connect_timeout_s, self._expect_connected)
        self._on_made(self)

    def data_received(self, data: bytes) -> None:
        """Handle the frames that *data* completes."""
        self._last_read = self._loop.time()
        if self._hanging_up:
            return
        try:
            for frame in self._parser.feed(data):
                self.session.handle(frame)
                if self._hanging_up:
                    return
        except ProtocolError as error:
            self.session.refuse(error)
        self._regulate()

    def pause_writing(self) -> None:
        """The peer does not keep up."""
        self._congested = True

    def resume_writing(self) -> None:
        """The peer keeps up again."""
        self._congested = False
        self._after_writing()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The connection is gone: what it held goes to others."""
        self._hanging_up = True
        for timer in self._timers.values():
            timer.cancel()
        self.session.end()
        self._on_lost(self)

    # -- what the session asks for: see session.Outlet ---------------------------------------------------------------

    def send(self, frame: Frame) -> None:
        """Send *frame* with all others of this turn of the event loop in one write."""
        if self._hanging_up:
            return
        data = encode(frame, self._version)
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(data)
        self._unsent_bytes += len(data)

    def writable(self) -> bool:
        """True if the peer keeps up with what is sent."""
        return not self._congested and self._unsent_bytes < self._core.settings.write_buffer_bytes

    def speak(self, version: Version) -> None:
        """From now on read and write *version*."""
        self._version = self._parser.version = version

    def keep_alive(self, *, send_ms: int, expect_ms: int) -> None:
        """Send at least every *send_ms*, and give the peer up if it is silent for longer than its grace."""
        if send_ms:
            self._beat(send_ms / 1000)
        if expect_ms:
            self._watch(expect_ms / 1000 * self._core.settings.heart_beat_grace)

    def hang_up(self) -> None:
        """Close when the peer has what was sent, or after a short while. Idempotent."""
        if self._hanging_up or self._transport is None:
            return
        self._flush()
        self._hanging_up = True
        self._transport.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._later("linger", _LINGER_S, self._transport.abort)

    # -- what the server asks for ------------------------------------------------------------------------------------

    def on_committed(self) -> None:
        """More is on disk: receipts may go out, and reading may go on."""
        self.session.on_committed()
        self._regulate()

    def turn_away(self, error: ProtocolError) -> None:
        """Refuse a peer before it has said anything."""
        self.session.refuse(error)

    def close(self) -> None:
        """Close when what was sent is out."""
        self.session.on_committed()
        self._flush()
        self._hanging_up = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        if self._transport is not None:
            self._transport.abort()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        if self._transport is None or not self._unsent:
            return
        data = b"".join(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0
        self._last_write = self._loop.time()
        self._transport.write(data)
        self._after_writing()

    def _after_writing(self) -> None:
        if self._hanging_up:
            return
        if not self._congested:
            self.session.on_writable()
        self._regulate()

    def _regulate(self) -> None:
        """Read on or not, by how much waits for this peer and for the disk."""
        if self._transport is None or self._hanging_up:
            return
        waiting = self._unsent_bytes + self._transport.get_write_buffer_size()
        reading = waiting < _STOP_READING_FACTOR * self._core.settings.write_buffer_bytes and not self._core.overtaxed
        if reading and not self._reading:
            self._last_read = self._loop.time()
            self._transport.resume_reading()
        elif self._reading and not reading:
            self._transport.pause_reading()
        self._reading = reading

    def _later(self, purpose: str, delay_s: float, call: Callable[[], None]) -> None:
        self._timers[purpose] = self._loop.call_later(delay_s, call)

    def _expect_connected(self) -> None:
        if not self.session.connected:
            self.session.refuse(
                ProtocolError(
                    f"no CONNECT within {self._core.settings.connect_timeout_s:g} seconds", "Send it first of all."
                )
            )

    def _beat(self, interval_s: float) -> None:
        """Looks twice in an interval, so that the silence never lasts longer than one."""
        if self._hanging_up or self._transport is None:
            return
        silent = self._loop.time() - self._last_write >= interval_s / 2
        # What waits to be written tells as much, and CONNECTED has to be the first that a peer gets.
        if silent and not self._congested and not self._unsent:
            self._last_write = self._loop.time()
            self._transport.write(b"\n")
        self._later("beat", interval_s / 2, lambda: self._beat(interval_s))

    def _watch(self, patience_s: float) -> None:
        if self._hanging_up:
            return
        now = self._loop.time()
        if not self._reading:
            # Its heart-beats may well lie unread in the socket: that is our doing.
            self._last_read = now
        silent_s = now - self._last_read
        if silent_s < patience_s:
            self._later("watch", patience_s - silent_s, lambda: self._watch(patience_s))
            return
        self.session.refuse(
            ProtocolError(f"no heart-beat for {silent_s:.1f} seconds", "Connect again; send what CONNECT promised.")
        )
