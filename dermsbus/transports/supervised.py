"""What all transports have in common: a connection kept alive, subscriptions that outlive it, a thread for receivers.

A transport of one protocol says how a connection is made and what is asked of it; when is decided here.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import count
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

import structlog

from dermsbus.errors import ConnectFailed, ConnectionLost
from dermsbus.transports.base import LinkStatus, Outgoing, PublishOutcome, PublishState
from dermsbus.transports.supervisor import Backoff, Supervisor

__all__ = ["Connection", "SupervisedTransport"]


class Connection(Protocol):
    """One connection from its first step to its end; the next attempt makes a new one."""

    @property
    def lost(self) -> bool:
        """True once it is of no use any more."""
        ...

    def open(self) -> str:
        """Connect and log in; returns what the broker calls itself.

        Raises:
            TransportError: it cannot be had; says why.
        """
        ...

    def watch(self) -> str:
        """Return the cause once it is over."""
        ...

    def release(self) -> None:
        """Make `open` and `watch` return soon; called from another thread."""
        ...

    def lose(self, cause: str) -> None:
        """It is of no use any more; the first *cause* counts."""
        ...

    def close(self) -> None:
        """Leave nothing of it behind."""
        ...


C = TypeVar("C", bound=Connection)


class SupervisedTransport(ABC, Generic[C]):
    """A `Transport` but for what its protocol has to say: `subscribe`, `open_reply_queue`, `publish`, `settle`.

    Args:
        address: what is connected to, without any secret.
        backoff: how long to wait between attempts to connect.
        farewell_s: seconds that `stop` waits for a receiver that does not return.
    """

    def __init__(self, address: str, backoff: Backoff | None, *, farewell_s: float) -> None:
        self._address = address
        self._farewell_s = farewell_s
        self._log = structlog.get_logger().bind(bus=address)
        self._ids = count(1)
        self._standing: dict[str, Callable[[C], None]] = {}
        self._subscribing = threading.RLock()
        self._attempt: C | None = None
        self._connection: C | None = None
        self._arrivals: SimpleQueue[tuple[str, Callable[[], None]] | None] = SimpleQueue()
        self._deliverer = threading.Thread(target=self._deliver, name=f"deliverer {address}", daemon=True)
        self._supervisor = Supervisor(
            address=address,
            connect=self._connect,
            watch=self._watch,
            close=self._close,
            wake=self._wake,
            backoff=backoff,
        )

    def start(self, on_status: Callable[[LinkStatus], None] | None = None) -> None:
        """Begin to connect."""
        self._supervisor.start(on_status)
        self._deliverer.start()

    def wait_until_up(self, timeout_s: float) -> None:
        """Return when connected and subscribed.

        Raises:
            ConnectFailed: not within *timeout_s* seconds.
        """
        self._supervisor.wait_until_up(timeout_s)

    def stop(self) -> None:
        """Close the connection and end all threads. Idempotent."""
        self._supervisor.stop()
        self._arrivals.put(None)
        if self._deliverer.is_alive() and self._deliverer is not threading.current_thread():
            self._deliverer.join(self._farewell_s)

    @property
    def status(self) -> LinkStatus:
        """The connection's state now."""
        return self._supervisor.status

    @abstractmethod
    def _new_connection(self) -> C:
        """A connection that is yet to be opened."""

    def _stand(self, name: str, establish: Callable[[C], None]) -> None:
        """Have a subscription now, if connected, and on every connection from now on.

        Args:
            name: its own among those of this transport.
            establish: asks for it on one connection.

        Raises:
            ConnectFailed: connected, and the broker refuses it; it is forgotten then.
        """
        with self._subscribing:
            self._standing[name] = establish
            connection = self._connection
            if connection is None or connection.lost:
                return
            try:
                establish(connection)
            except ConnectionLost as fault:
                connection.lose(str(fault))  # on the next one it is restored with all others
            except ConnectFailed:
                del self._standing[name]
                raise

    def _connection_for_replies(self) -> C:
        """The connection that a reply queue is to belong to.

        Raises:
            ConnectFailed: there is none.
        """
        connection = self._connection
        if connection is None or connection.lost:
            raise ConnectFailed(f"no reply queue without a connection: {self.status.reason or self._address}")
        return connection

    def _unsent(self, messages: Sequence[Outgoing]) -> tuple[PublishOutcome, ...]:
        """The outcomes of *messages* where there is no connection."""
        reason = f"not connected: {self.status.reason or self.status.state}"
        return (PublishOutcome(state=PublishState.UNKNOWN, reason=reason),) * len(messages)

    def _arrived(self, address: str, hand_over: Callable[[], None]) -> None:
        """Have *hand_over* put what came from *address* before its receiver, on the thread for that; never waits."""
        self._arrivals.put((address, hand_over))

    def _deliver(self) -> None:
        while (arrival := self._arrivals.get()) is not None:
            address, hand_over = arrival
            try:
                hand_over()
            except Exception:  # noqa: BLE001  a receiver's fault must not silence all others; not settled, it comes again
                self._log.exception("receiver failed; its delivery stays unsettled", address=address)

    def _connect(self) -> str:
        connection = self._new_connection()
        self._attempt = connection
        if self._supervisor.stopping:  # *wake* may have come before there was anything to wake
            raise ConnectFailed("stopped")
        broker = connection.open()
        with self._subscribing:
            for establish in self._standing.values():
                establish(connection)
            self._connection = connection
        return broker

    def _watch(self) -> str:
        connection = self._attempt
        return connection.watch() if connection is not None else "no connection"

    def _wake(self) -> None:
        connection = self._attempt
        if connection is not None:
            connection.release()

    def _close(self) -> None:
        connection, self._connection, self._attempt = self._attempt, None, None
        if connection is not None:
            connection.close()
