"""Temporary queues and topics: each belongs to one connection and ends with it.

Its owner calls it ``/temp-queue/NAME``; everybody else ``/remote-temp-queue/ID``, which is what a ``reply-to`` is
turned into on its way.

Source: "reply-to spellings an adapter must parse" of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Callable

from dermsbus.broker.addresses import Address, Kind
from dermsbus.broker.queues import Consumer
from dermsbus.broker.refusals import Refused

__all__ = ["Temporaries"]

_MOST = 1000
_REMOTE = {Kind.TEMP_QUEUE: Kind.REMOTE_TEMP_QUEUE, Kind.TEMP_TOPIC: Kind.REMOTE_TEMP_TOPIC}


class Temporaries:
    """Who owns which."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        """None yet.

        Args:
            new_id: gives a text never given before, that nobody can guess.
        """
        self._new_id = new_id
        self._remote: dict[Consumer, dict[Address, Address]] = {}
        self._owners: dict[Address, Consumer] = {}

    def remote(self, owner: Consumer, local: Address) -> Address:
        """How others reach *owner*'s *local*, which exists from the first call on.

        Raises:
            Refused: *owner* has too many.
        """
        known = self._remote.setdefault(owner, {})
        if local in known:
            return known[local]
        if len(known) >= _MOST:
            raise Refused(
                f"this connection has {_MOST} temporary destinations already",
                "Use one reply queue for all requests, and tell the replies apart by correlation-id.",
            )
        address = known[local] = Address(_REMOTE[local.kind], self._new_id())
        self._owners[address] = owner
        return address

    def expect_reachable(self, address: Address) -> None:
        """Return if *address* is not temporary, or its owner is there.

        Raises:
            Refused: its owner is gone.
        """
        if address.kind in _REMOTE.values() and address not in self._owners:
            raise Refused(
                f"the temporary destination {address} does not exist any more",
                "Its connection is closed: nobody waits for this message, so do not send it again.",
            )

    def expect_owner(self, address: Address, consumer: Consumer) -> None:
        """Return if *address* is not temporary, or is *consumer*'s own.

        Raises:
            Refused: it is another's, or its owner is gone.
        """
        self.expect_reachable(address)
        if self._owners.get(address, consumer) is not consumer:
            raise Refused(f"{address} belongs to another connection", "Only its owner may subscribe to it.")

    def leave(self, owner: Consumer) -> tuple[Address, ...]:
        """Forget all that *owner* has; returns them in their remote form."""
        gone = tuple(self._remote.pop(owner, {}).values())
        for address in gone:
            del self._owners[address]
        return gone
