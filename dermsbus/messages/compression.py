"""The Compressed branch of a payload: base64 of one gzip member.

Source: rules for Compressed in the project's reference tables; limits: house choice, ADR 3.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from dermsbus.errors import SchemaViolation, UnsupportedMessage, Violation

__all__ = ["LARGEST_INFLATED_BYTES", "deflate", "inflate"]

LARGEST_INFLATED_BYTES: Final = 8 * 1024 * 1024
"""Most bytes that a compressed payload may become."""

_LARGEST_RATIO: Final = 100
_SMALL_BYTES: Final = 1024 * 1024  # below this any ratio is harmless
_GZIP: Final = 16 + zlib.MAX_WBITS


def deflate(xml: bytes) -> str | None:
    """What `inflate` makes *xml* of again: base64 without line breaks of one gzip member; the same for the same bytes.

    Returns:
        None for what `inflate` would refuse, for it is too large or shrinks too much: it has to go out plain.
    """
    packed = zlib.compress(xml, wbits=_GZIP)  # states no time of its making
    return base64.b64encode(packed).decode("ascii") if len(xml) <= _most_bytes(len(packed)) else None


def inflate(text: str, *, line: int | None = None) -> bytes:
    """What *text* holds, uncompressed; white space in it is passed over.

    Raises:
        SchemaViolation: not base64, not gzip, cut short, or more than one gzip member.
        UnsupportedMessage: code 7.7, beyond the limits; found while inflating, without holding more than the limit.
    """
    try:
        packed = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _broken("BASE64", f"Compressed is not base64: {error}", line) from error
    if not packed:
        raise _broken("GZIP", "Compressed is empty", line)
    most = _most_bytes(len(packed))
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(packed, most + 1)
    except zlib.error as error:
        raise _broken("GZIP", f"Compressed is not gzip: {error}", line) from error
    if len(plain) > most:
        details = f"Compressed inflates to more than {most} bytes"
        raise UnsupportedMessage(Violation(rule="INFLATE-LIMIT", details=details, line=line), code="7.7")
    if not stream.eof:
        raise _broken("GZIP", "Compressed ends in the middle", line)
    if stream.unused_data:
        raise _broken("GZIP", "Compressed holds more than one gzip member", line)
    return plain


def _most_bytes(packed_bytes: int) -> int:
    """Most bytes that *packed_bytes* of gzip may become."""
    return min(LARGEST_INFLATED_BYTES, max(_SMALL_BYTES, packed_bytes * _LARGEST_RATIO))


def _broken(rule: str, details: str, line: int | None) -> SchemaViolation:
    return SchemaViolation(Violation(rule=rule, details=details, line=line))
