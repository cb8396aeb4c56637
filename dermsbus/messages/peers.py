"""What is known of each system that writes to us: how much it is forgiven, and what it can read.

Source: tolerance list and rules for Compressed and partial replies of the project's reference tables; by
``Header/Source``: house choice, ADR 27.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dermsbus.domain.behaviour import Tolerance

__all__ = ["Peer", "Peers"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """One system, as the operator knows it.

    Attributes:
        tolerance: refuse its known deviations, or mend them.
        compress_above_bytes: a payload of more bytes is sent to it as Compressed; 0 for never.
        chunks: it can read a reply that comes in several messages.
    """

    tolerance: Tolerance = Tolerance.STRICT
    compress_above_bytes: int = 0
    chunks: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Peers:
    """All systems by name.

    Attributes:
        usual: one of which nothing else is known.
        named: those that are known, by ``Header/Source``.
    """

    usual: Peer = Peer()
    named: Mapping[str, Peer] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, source: str | None) -> Peer:
        """What is known of the system that calls itself *source*; white space around it is no part of its name."""
        return self.named.get((source or "").strip(), self.usual)
