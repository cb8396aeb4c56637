"""What an operator may say of the embedded broker."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from dermsbus.errors import SettingsError

__all__ = ["BrokerSettings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerSettings:
    """Where the broker listens, whom it lets in, what it keeps and how much it takes.

    Attributes:
        host: the address to listen on. One that other machines can reach is refused without a login.
        port: TCP port, 0 to 65535; 0 for any that is free.
        store: SQLite file that keeps persistent messages and durable subscriptions, created if missing; None keeps
            everything in memory, until the broker stops.
        login: the only login let in; None lets everybody in.
        passcode: its passcode; needed with *login*. Never shown or logged.
        max_frame_bytes: largest body of a message, bytes.
        max_header_bytes: largest headers of a frame, bytes.
        max_headers: most headers of a frame.
        max_connections: most connections at a time.
        max_stored_bytes: bytes of all messages kept in queues and durable subscriptions; a SEND beyond is refused.
        max_transaction_bytes: bytes of all messages in open transactions of one connection; a SEND beyond is refused.
        max_topic_backlog: most messages waiting for one topic subscriber; beyond, the oldest are dropped.
        max_topic_backlog_bytes: the same in bytes.
        write_buffer_bytes: bytes not yet taken by a peer from which no further message is handed to its connection;
            they wait in their queues.
        max_uncommitted: most frames whose changes wait for the disk; beyond, senders are not read from.
        redelivery_limit: how often a message is delivered again after a NACK before it goes to its dead-letter queue
            ``/queue/DLQ.NAME``; 0 for at once, as ActiveMQ Classic does.
        min_heart_beat_ms: shortest heart-beat agreed to, milliseconds; the peer's wish holds if it is longer.
        heart_beat_grace: how many times the agreed interval may pass in silence before a peer is given up.
        connect_timeout_s: seconds a peer has from TCP connection to CONNECT frame.

    Raises:
        SettingsError: a value that cannot be used; names the key and what to do.

    Source: "STOMP on three brokers" of the project's reference tables; limits and refusals are house choices, ADR 10.
    """

    host: str = "127.0.0.1"
    port: int = 61613
    store: Path | None = None
    login: str | None = None
    passcode: str | None = field(default=None, repr=False)
    max_frame_bytes: int = 16 * 2**20
    max_header_bytes: int = 64 * 2**10
    max_headers: int = 256
    max_connections: int = 256
    max_stored_bytes: int = 512 * 2**20
    max_transaction_bytes: int = 64 * 2**20
    max_topic_backlog: int = 10_000
    max_topic_backlog_bytes: int = 64 * 2**20
    write_buffer_bytes: int = 2**20
    max_uncommitted: int = 20_000
    redelivery_limit: int = 6
    min_heart_beat_ms: int = 100
    heart_beat_grace: float = 2.5
    connect_timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError("broker.port", f"{self.port} is not a TCP port: use 1 to 65535, or 0 for any free one")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise SettingsError(f"broker.{name}", f"{getattr(self, name)} is too small: use {least} or more")
        if (self.login is None) is not (self.passcode is None):
            missing = "broker.passcode" if self.passcode is None else "broker.login"
            raise SettingsError(missing, "login and passcode belong together: set both or neither")
        if self.login is None and not _is_loopback(self.host):
            raise SettingsError(
                "broker.login",
                f"{self.host or 'every address'} can be reached from other machines: set broker.login and "
                "broker.passcode, or set broker.host to 127.0.0.1",
            )


_LEAST = {
    "max_frame_bytes": 1,
    "max_header_bytes": 256,
    "max_headers": 8,
    "max_connections": 1,
    "max_stored_bytes": 1,
    "max_transaction_bytes": 1,
    "max_topic_backlog": 1,
    "max_topic_backlog_bytes": 1,
    "write_buffer_bytes": 1024,
    "max_uncommitted": 1,
    "redelivery_limit": 0,
    "min_heart_beat_ms": 1,
    "heart_beat_grace": 1,
    "connect_timeout_s": 0.1,
}


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
