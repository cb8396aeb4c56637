"""The open transactions of one connection."""

from __future__ import annotations

from dataclasses import dataclass, field

from dermsbus.broker.queues import Message, Subscription, size_of
from dermsbus.broker.refusals import Refused

__all__ = ["Settlement", "Step", "Transactions"]

_MAX_OPEN = 100
# What an acknowledgement counts for, so that a transaction of nothing else is bounded too.
_SETTLEMENT_BYTES = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """An ACK or a NACK.

    Attributes:
        subscription: whose delivery.
        tag: which delivery.
        accepted: True for ACK.
    """

    subscription: Subscription
    tag: int
    accepted: bool


Step = Message | Settlement


@dataclass(slots=True)
class _Transaction:
    steps: list[Step] = field(default_factory=list)
    size: int = 0


class Transactions:
    """What waits for COMMIT, by transaction name."""

    def __init__(self, max_bytes: int) -> None:
        """None open.

        Args:
            max_bytes: the most that all open transactions together hold.
        """
        self._max_bytes = max_bytes
        self._open: dict[str, _Transaction] = {}

    def begin(self, name: str) -> None:
        """Open the transaction *name*.

        Raises:
            Refused: it is open, or too many are.
        """
        if name in self._open:
            raise Refused(f"transaction {name!r} has begun already", "COMMIT or ABORT it, or use another name.")
        if len(self._open) >= _MAX_OPEN:
            raise Refused(f"this connection has {_MAX_OPEN} open transactions, which is the most")
        self._open[name] = _Transaction()

    def add(self, name: str, step: Step) -> None:
        """Make *step* wait for the COMMIT of *name*.

        Raises:
            Refused: it is not open, or too large.
        """
        if name not in self._open:
            raise _not_open(name)
        size = size_of(step) if isinstance(step, Message) else _SETTLEMENT_BYTES
        if size + sum(transaction.size for transaction in self._open.values()) > self._max_bytes:
            raise Refused(
                f"the open transactions of this connection hold more than {self._max_bytes} bytes",
                "COMMIT or ABORT sooner, or start the broker with a larger max_transaction_bytes.",
            )
        self._open[name].steps.append(step)
        self._open[name].size += size

    def end(self, name: str) -> list[Step]:
        """Close the transaction *name*; returns its steps in order.

        Raises:
            Refused: it is not open.
        """
        transaction = self._open.pop(name, None)
        if transaction is None:
            raise _not_open(name)
        return transaction.steps

    def clear(self) -> None:
        """Forget all, as ABORT would."""
        self._open.clear()


def _not_open(name: str) -> Refused:
    return Refused(f"no open transaction {name!r} on this connection", "BEGIN it first; COMMIT and ABORT end it.")
