"""Tables of AMQP headers are read to a depth, whatever is below."""

from __future__ import annotations

import struct
from typing import Any

import pika.data
import pytest

from dermsbus.transports.amqp_tables import DEEPEST, limit_depth


@pytest.fixture(autouse=True)
def _limited() -> None:
    limit_depth()
    limit_depth()  # once more does no harm


def table(depth: int, end: bytes = b"\x01eI\x00\x00\x00\x07") -> bytes:
    """So many tables within each other, as bytes; the innermost has *end*, here ``e`` = 7, and each ``z`` = 1 behind."""
    encoded = end
    for _ in range(depth):
        encoded = b"\x01kF" + struct.pack(">I", len(encoded)) + encoded + b"\x01zI\x00\x00\x00\x01"
    return struct.pack(">I", len(encoded)) + encoded


def depth_of(value: Any) -> int:
    depth = 0
    while isinstance(value, dict) and "k" in value:
        value, depth = value["k"], depth + 1
    return depth


@pytest.mark.parametrize("depth", [0, 1, DEEPEST])
def test_what_is_not_too_deep_is_read_whole(depth: int) -> None:
    encoded = table(depth)

    read, end = pika.data.decode_table(encoded, 0)

    assert (depth_of(read), end) == (depth, len(encoded))
    for _ in range(depth):
        assert read["z"] == 1
        read = read["k"]
    assert read == {"e": 7}


@pytest.mark.parametrize("depth", [DEEPEST + 1, 600, 15_000])
def test_what_is_too_deep_is_passed_over_and_what_comes_after_is_read(depth: int) -> None:
    encoded = table(depth)

    read, end = pika.data.decode_table(encoded, 0)

    assert (depth_of(read), end) == (DEEPEST + 1, len(encoded))
    assert read["z"] == 1


def test_arrays_are_no_way_round_it() -> None:
    encoded = b""
    for _ in range(2_000):
        encoded = b"A" + struct.pack(">I", len(encoded)) + encoded
    encoded = b"\x01a" + encoded + b"\x01zI\x00\x00\x00\x01"

    read, _ = pika.data.decode_table(struct.pack(">I", len(encoded)) + encoded, 0)

    assert read["z"] == 1
