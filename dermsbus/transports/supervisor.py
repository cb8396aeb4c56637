"""The one owner of reconnecting: a thread that connects, watches for the loss, and connects again with back-off.

A transport gives four callables and keeps no retry loop of its own; its library's reconnecting is switched off. All
but `wake` run on the supervisor's thread, so a library that confines a connection to one thread can live in *watch*.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from tenacity import Retrying, retry_if_exception_type, sleep_using_event, stop_when_event_set, wait_random_exponential

from dermsbus.errors import ConnectFailed, ConnectionLost, TransportError
from dermsbus.transports.base import LinkState, LinkStatus

__all__ = ["Backoff", "Supervisor"]

_FAREWELL_S: Final = 5.0
"""How long `Supervisor.stop` waits for the thread: longer than a polite farewell to a broker takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """How long to wait between attempts: full jitter over a window that doubles.

    A connection that broke soon after it came up counts as a failed attempt, so that a broker which lets us in and
    throws us out again is not hammered.

    Attributes:
        first_s: seconds, the window before the second attempt.
        most_s: seconds, the widest window.
        steady_s: seconds after which a connection counts as good and its loss begins a new series of attempts.

    Source: failure model of the project's reference tables; the widest window: house choice, ADR 9.
    """

    first_s: float = 0.2
    most_s: float = 2.0
    steady_s: float = 5.0


class Supervisor:
    """Keeps one connection alive from `start` to `stop`, and knows its `LinkStatus`.

    Args:
        address: what is connected to, without any secret, such as ``stomp://bus.example:61613``; it leads every reason.
        connect: makes a new connection, restores every subscription and returns the broker's name. Raises
            TransportError with the cause. Must return or raise soon after *wake*.
        watch: returns the cause once the connection is lost, or anything soon after *wake*.
        close: leaves nothing of the connection behind; called after each *connect*, also after one that failed.
        wake: called from another thread, once, when the supervisor is to stop.
        backoff: how long to wait between attempts.
    """

    def __init__(
        self,
        *,
        address: str,
        connect: Callable[[], str],
        watch: Callable[[], str],
        close: Callable[[], None],
        wake: Callable[[], None],
        backoff: Backoff | None = None,
    ) -> None:
        self._address = address
        self._connect = connect
        self._watch = watch
        self._close = close
        self._wake = wake
        self._backoff = backoff or Backoff()
        self._log = structlog.get_logger().bind(bus=address)
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._status = LinkStatus(state=LinkState.STOPPED, reason=f"{address}: not started")
        self._on_status: Callable[[LinkStatus], None] | None = None
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> LinkStatus:
        """The connection's state now."""
        with self._changed:
            return self._status

    @property
    def stopping(self) -> bool:
        """True once `stop` was called; a long *connect* may ask."""
        return self._stopping.is_set()

    def start(self, on_status: Callable[[LinkStatus], None] | None = None) -> None:
        """Begin to connect, on a thread of its own.

        Args:
            on_status: called on that thread at each change of state.

        Raises:
            RuntimeError: it was started before; a transport lives once.
        """
        with self._changed:
            if self._thread is not None or self._stopping.is_set():
                raise RuntimeError(f"{self._address}: a transport is started once; make a new one")
            self._on_status = on_status
            self._thread = threading.Thread(target=self._run, name=f"supervisor {self._address}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the connection and the thread. Idempotent; may be called from any thread, also from *on_status*."""
        with self._changed:
            first, thread = not self._stopping.is_set(), self._thread
            self._stopping.set()
        if first:
            self._wake()
        if thread is None:
            self._report(LinkState.STOPPED, reason=f"{self._address}: stopped")
        elif thread is not threading.current_thread():
            thread.join(_FAREWELL_S)
            if thread.is_alive():
                self._log.warning("connection still closing; its thread ends by itself")

    def wait_until_up(self, timeout_s: float) -> None:
        """Return when connected and subscribed.

        Args:
            timeout_s: seconds, 0 or more.

        Raises:
            ConnectFailed: not within *timeout_s*, or stopped; names the address and what stands in the way.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._status.state is LinkState.UP or self._stopping.is_set(), timeout_s)
            if self._status.state is not LinkState.UP:
                why = self._status.reason or f"{self._address}: the broker has not answered yet"
                raise ConnectFailed(f"not connected within {timeout_s:g} s: {why}")

    def _run(self) -> None:
        retrying = Retrying(
            retry=retry_if_exception_type(Exception),
            wait=wait_random_exponential(multiplier=self._backoff.first_s, max=self._backoff.most_s),
            sleep=sleep_using_event(self._stopping),
            stop=stop_when_event_set(self._stopping),
            retry_error_callback=lambda _: None,
        )
        while not self._stopping.is_set():
            retrying(self._live_once)
            # After a good connection the first attempt is early, but not at the same instant as every other client's.
            self._stopping.wait(random.uniform(0, self._backoff.first_s))  # noqa: S311  jitter is no secret
        self._report(LinkState.STOPPED, reason=f"{self._address}: stopped")

    def _live_once(self) -> None:
        """One connection from its first attempt to its end; raises if it failed or did not last."""
        before = self.status
        self._report(LinkState.CONNECTING, reason="" if before.state is LinkState.STOPPED else before.reason)
        try:
            broker = self._connect()
            if self._stopping.is_set():
                return  # *wake* may have come before there was anything to wake
            up_at = time.monotonic()
            self._report(LinkState.UP, broker=broker)
            cause = self._watch()
        except TransportError as error:
            if not self._stopping.is_set():
                self._report(LinkState.DOWN, reason=self._reason(str(error)))
            raise
        except Exception as error:
            # A fault of ours must not end the only thread that can reconnect: it is shown, and tried again.
            self._log.exception("fault in the transport; trying again")
            self._report(LinkState.DOWN, reason=self._reason(f"internal fault: {type(error).__name__}"))
            raise
        finally:
            self._close()
        if not self._stopping.is_set():
            self._report(LinkState.DOWN, broker=broker, reason=self._reason(cause))
            if time.monotonic() - up_at < self._backoff.steady_s:
                raise ConnectionLost(cause)

    def _reason(self, cause: str) -> str:
        return cause if cause.startswith(self._address) else f"{self._address}: {cause}"

    def _report(self, state: LinkState, *, broker: str = "", reason: str = "") -> None:
        with self._changed:
            before = self._status
            if before.state is state and before.reason == reason:
                return
            connects = before.connects + (state is LinkState.UP)
            self._status = LinkStatus(state=state, broker=broker or before.broker, reason=reason, connects=connects)
            now = self._status
            self._changed.notify_all()
        log = self._log.warning if state is LinkState.DOWN else self._log.info
        log("link", state=now.state.value, broker=now.broker, reason=now.reason, connects=now.connects)
        if self._on_status is not None:
            try:
                self._on_status(now)
            except Exception:  # noqa: BLE001  a listener's fault is logged and must not cost the connection
                self._log.exception("status listener failed")
