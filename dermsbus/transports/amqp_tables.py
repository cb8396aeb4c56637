"""Tables of headers that lie within each other, read no deeper than anybody needs.

pika reads a table within a table by calling itself. One of 4 kB can be 600 deep, which is more than Python calls; the
connection breaks, the broker delivers the same message on the next one, and so on for ever. So pika's reader is given a
bottom: what lies deeper is passed over by its length.

Source: AMQP facts of the project's reference tables (a table or array begins with its length); the depth: house choice,
ADR 3.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from typing import Any, Final

import pika.data

__all__ = ["DEEPEST", "limit_depth"]

DEEPEST: Final = 32
"""Tables and arrays within each other that are read; the values of those below are None."""

_CONTAINERS: Final = frozenset({b"A", b"F"})
_KIND_AND_LENGTH_BYTES: Final = 5

Decode = Callable[[bytes, int], tuple[Any, int]]


class _Bounded:
    """pika's reader of one value, with a bottom."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._here = threading.local()

    def __call__(self, encoded: bytes, offset: int) -> tuple[Any, int]:
        if encoded[offset : offset + 1] not in _CONTAINERS:
            return self._decode(encoded, offset)
        depth = getattr(self._here, "depth", 0)
        if depth >= DEEPEST:
            (length,) = struct.unpack_from(">I", encoded, offset + 1)
            return None, offset + _KIND_AND_LENGTH_BYTES + length
        self._here.depth = depth + 1
        try:
            return self._decode(encoded, offset)
        finally:
            self._here.depth = depth


def limit_depth() -> None:
    """From now on pika reads no deeper, in the whole process. Idempotent."""
    if not isinstance(pika.data.decode_value, _Bounded):
        pika.data.decode_value = _Bounded(pika.data.decode_value)
