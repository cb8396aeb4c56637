"""The Compressed branch of a payload: base64 of one gzip member.

Source: rules for Compressed in the project's reference tables; limits: house choice, ADR 3.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from dermsbus.errors import SchemaViolation, UnsupportedMessage, Violation

__all__ = ["LARGEST_INFLATED_BYTES", "inflate"]

LARGEST_INFLATED_BYTES: Final = 32 * 1024 * 1024
"""Most bytes that a compressed payload may become."""

_LARGEST_RATIO: Final = 100
_SMALL_BYTES: Final = 1024 * 1024  # below this any ratio is harmless
_GZIP: Final = 16 + zlib.MAX_WBITS


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
    most = min(LARGEST_INFLATED_BYTES, max(_SMALL_BYTES, len(packed) * _LARGEST_RATIO))
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


def _broken(rule: str, details: str, line: int | None) -> SchemaViolation:
    return SchemaViolation(Violation(rule=rule, details=details, line=line))
