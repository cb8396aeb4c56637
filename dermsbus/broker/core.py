"""What all connections of one broker share: its destinations, its store, its names, who may come in."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from itertools import count

from dermsbus.broker.destinations import Destinations
from dermsbus.broker.journal import Change
from dermsbus.broker.queues import Bound
from dermsbus.broker.settings import BrokerSettings

__all__ = ["Core"]


class Core:
    """One broker's state, for the event loop's thread only.

    Attributes:
        settings: as given.
        destinations: queues and topics; after each call that may change them, `record`.
        committed: the latest ticket whose changes are on disk.
    """

    def __init__(self, settings: BrokerSettings, submit: Callable[[tuple[Change, ...]], int] | None) -> None:
        """An empty broker.

        Args:
            settings: as the operator wants.
            submit: hands changes to the store and returns their ticket; None without a store.
        """
        self.settings = settings
        self.committed = 0
        self._submit = submit
        self._submitted = 0
        # Ids of an earlier run of the broker must not come again: stored messages still carry them.
        self._run = secrets.token_hex(6)
        self._ids = count(1)
        self._client_ids: set[str] = set()
        self.destinations = Destinations(
            now_ms=lambda: time.time_ns() // 1_000_000,
            # Whoever guesses a reply queue's name can forge replies.
            new_id=lambda: f"{secrets.token_hex(8)}-{next(self._ids)}",
            topic_bound=Bound(messages=settings.max_topic_backlog, size=settings.max_topic_backlog_bytes),
            max_stored_bytes=settings.max_stored_bytes,
            redelivery_limit=settings.redelivery_limit,
            keeps=submit is not None,
        )

    def new_id(self) -> str:
        """A text that no broker has given before."""
        return f"{self._run}-{next(self._ids)}"

    def record(self) -> int:
        """Hand what has changed to the store, as one unit.

        Returns:
            The ticket of the changes; 0 if there were none.
        """
        changes = self.destinations.take_changes()
        if self._submit is None or not changes:
            return 0
        self._submitted = self._submit(changes)
        return self._submitted

    @property
    def overtaxed(self) -> bool:
        """True if so much waits for the disk that no more should be read from senders."""
        return self._submitted - self.committed > self.settings.max_uncommitted

    def lets_in(self, login: str | None, passcode: str | None) -> bool:
        """True if a login is not needed, or this one is right."""
        settings = self.settings
        if settings.login is None or settings.passcode is None:
            return True
        # Both are always compared, in constant time, so that the time tells nothing about either.
        right_login = hmac.compare_digest((login or "").encode(), settings.login.encode())
        right_passcode = hmac.compare_digest((passcode or "").encode(), settings.passcode.encode())
        return right_login and right_passcode

    def claim(self, client_id: str) -> bool:
        """Take *client_id* for a connection; False if another has it."""
        if client_id in self._client_ids:
            return False
        self._client_ids.add(client_id)
        return True

    def release(self, client_id: str) -> None:
        """Give a claimed *client_id* free."""
        self._client_ids.discard(client_id)
