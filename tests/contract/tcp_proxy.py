"""A TCP proxy on 127.0.0.1 that can cut a connection, refuse new ones, or swallow everything without a word."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self


class TcpProxy:
    """Passes on to *target* until told otherwise."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._pumps: list[threading.Thread] = []
        self._refusing = threading.Event()
        self._word = b""
        self._awaiting = threading.Event()
        self.lost = threading.Event()
        self.host = "127.0.0.1"
        self.port = 0
        self._acceptor = self._listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._refusing.set()
        self._acceptor.join(5)
        self.reset()

    def mend(self) -> None:
        """Accept connections again, on the same port, and pass on whatever comes."""
        self._flowing.set()
        if self._refusing.is_set():
            self._refusing.clear()
            self._acceptor = self._listen()

    def black_hole(self) -> None:
        """Keep connections open, accept new ones, and pass nothing on."""
        self._flowing.clear()

    def lose_answer_to(self, word: bytes) -> None:
        """Pass on what next holds *word*, and when its answer comes, `cut` in its place; then *lost* is set."""
        self.lost.clear()
        self._word = word

    def reset(self) -> None:
        """Reset every connection; new ones are welcome."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for each in (each for pair in pairs for each in pair):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        """Stop for good and see all threads end."""
        self._flowing.set()
        self.cut()
        for pump in self._pumps:
            pump.join(5)

    def _listen(self) -> threading.Thread:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen()
        listener.settimeout(0.05)
        self.port = listener.getsockname()[1]
        acceptor = threading.Thread(target=self._accept, args=(listener,), name="tcp proxy", daemon=True)
        acceptor.start()
        return acceptor

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while not self._refusing.is_set():
                with suppress(TimeoutError):
                    near, _ = listener.accept()
                    self._join(near)

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._target, 5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        near.settimeout(None)
        with self._lock:
            self._pairs.append((near, far))
        for source, sink, look in ((near, far, self._is_passed_on), (far, near, self._is_answer_passed_on)):
            pump = threading.Thread(target=self._pump, args=(source, sink, look), name="tcp proxy", daemon=True)
            self._pumps.append(pump)
            pump.start()

    def _is_passed_on(self, data: bytes) -> bool:
        if self._word and self._word in data:
            self._word = b""
            self._awaiting.set()
        return True

    def _is_answer_passed_on(self, _: bytes) -> bool:
        if not self._awaiting.is_set():
            return True
        self._awaiting.clear()
        self.cut()
        self.lost.set()
        return False

    def _pump(self, source: socket.socket, sink: socket.socket, look: Callable[[bytes], bool]) -> None:
        with suppress(OSError):
            while (data := source.recv(65_536)) and look(data):
                self._flowing.wait()
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
