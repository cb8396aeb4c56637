"""The TCP or TLS stream below a STOMP connection: opened so that one can stop meanwhile, usable in both directions.

stomp.py opens its own sockets, but forgets why that failed, leaves Nagle's algorithm on, sends the passcode in clear
if a host name is spelled in two ways, and in 9.0 does not notice the end of a TLS connection. So it is handed ours.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from dermsbus.errors import ConnectFailed, SettingsError
from dermsbus.transports.tls import TlsSettings, client_context

__all__ = ["Stream", "open_stream"]

_GLANCE_S: Final = 0.1
"""How often a wait looks whether it is still wanted."""


class Stream(Protocol):
    """What is used of a socket; one thread may receive while another sends."""

    def recv(self, limit: int, /) -> bytes:
        """At most *limit* bytes, at least one; empty at the end of the stream."""
        ...

    def sendall(self, data: bytes, /) -> None:
        """Return when all of *data* is on its way."""
        ...

    def shutdown(self, how: int, /) -> None:
        """End it: whoever waits in `recv` or `sendall` returns."""
        ...

    def close(self) -> None:
        """Give the descriptor back."""
        ...

    def getsockname(self) -> object:
        """The own address."""
        ...


def open_stream(
    host: str, port: int, *, tls: TlsSettings | None, timeout_s: float, cancelled: Callable[[], bool]
) -> Stream:
    """A connected stream without Nagle's delay; with *tls*, one whose peer is proved to be *host*.

    Args:
        host: name or address; with *tls* the name that the certificate must bear.
        port: TCP port.
        tls: None for plain TCP.
        timeout_s: seconds for name, connection and handshake together.
        cancelled: asked now and then; True ends the attempt.

    Raises:
        ConnectFailed: says at which step and why.

    Source: stomp.py facts and TLS rows of the project's reference tables.
    """
    try:
        # Read anew for each connection, so that a renewed certificate is used without a restart.
        context = client_context(tls) if tls is not None else None
    except SettingsError as error:
        raise ConnectFailed(str(error)) from error
    deadline = time.monotonic() + timeout_s
    plain = _open_tcp(host, port, deadline, cancelled)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        plain.settimeout(None)
        return plain
    try:
        return _TlsStream(_handshake(context, plain, host, deadline, cancelled))
    except (OSError, ssl.SSLError) as error:
        plain.close()
        raise ConnectFailed(f"TLS with {host} failed: {error}") from error


def _open_tcp(host: str, port: int, deadline: float, cancelled: Callable[[], bool]) -> socket.socket:
    try:
        candidates = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(f"the name {host} cannot be resolved: {error}") from error
    failure = OSError("the name has no address")
    for family, kind, protocol, _, address in candidates:
        candidate = socket.socket(family, kind, protocol)
        try:
            _connect(candidate, address, deadline, cancelled)
        except OSError as error:
            candidate.close()
            failure = error
        else:
            return candidate
    raise ConnectFailed(f"cannot connect: {failure.strerror or failure}") from failure


def _connect(candidate: socket.socket, address: object, deadline: float, cancelled: Callable[[], bool]) -> None:
    candidate.setblocking(False)  # noqa: FBT003  the standard library's signature
    code = candidate.connect_ex(address)  # type: ignore[arg-type]  # as getaddrinfo made it
    if code == errno.EINPROGRESS:
        while not _ready(candidate, selectors.EVENT_WRITE, _GLANCE_S):
            _check_wanted(deadline, cancelled)
        code = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _handshake(
    context: ssl.SSLContext, plain: socket.socket, host: str, deadline: float, cancelled: Callable[[], bool]
) -> ssl.SSLSocket:
    """TLS on a connected socket that does not block."""
    secured = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                _ready(secured, selectors.EVENT_READ, _GLANCE_S)
            except ssl.SSLWantWriteError:
                _ready(secured, selectors.EVENT_WRITE, _GLANCE_S)
            else:
                return secured
            _check_wanted(deadline, cancelled)
    except OSError:
        secured.close()
        raise


def _check_wanted(deadline: float, cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise ConnectionAbortedError(errno.ECONNABORTED, "stopped while connecting")
    if time.monotonic() > deadline:
        raise TimeoutError(errno.ETIMEDOUT, "no answer in time; is the address right, is a firewall between?")


def _ready(candidate: socket.socket, event: int, timeout_s: float) -> bool:
    if candidate.fileno() < 0:
        raise ConnectionAbortedError(errno.ECONNABORTED, "closed")
    with selectors.DefaultSelector() as selector:
        selector.register(candidate, event)
        return bool(selector.select(timeout_s))


class _TlsStream:
    """TLS in both directions at once.

    OpenSSL allows one thread at a time in a connection. So the socket does not block, each call holds a lock, and
    waiting is done outside of it.
    """

    def __init__(self, secured: ssl.SSLSocket) -> None:
        self._secured = secured
        self._lock = threading.Lock()

    def recv(self, limit: int, /) -> bytes:
        while True:
            try:
                with self._lock:
                    return self._secured.recv(limit)
            except ssl.SSLWantReadError:
                _ready(self._secured, selectors.EVENT_READ, 1.0)
            except ssl.SSLWantWriteError:
                _ready(self._secured, selectors.EVENT_WRITE, 1.0)

    def sendall(self, data: bytes, /) -> None:
        rest = memoryview(data)
        while rest:
            try:
                with self._lock:
                    rest = rest[self._secured.send(rest) :]
            except ssl.SSLWantReadError:
                _ready(self._secured, selectors.EVENT_READ, 1.0)
            except ssl.SSLWantWriteError:
                _ready(self._secured, selectors.EVENT_WRITE, 1.0)

    def shutdown(self, how: int, /) -> None:
        # Not SSLSocket.shutdown: that one would go on reading in clear.
        socket.socket.shutdown(self._secured, how)

    def close(self) -> None:
        self._secured.close()

    def getsockname(self) -> object:
        return self._secured.getsockname()
