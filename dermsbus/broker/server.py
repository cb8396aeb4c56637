"""The embedded broker: a STOMP server in a thread of its own.

For demos, labs and tests. It has no TLS, one event loop, and holds all messages in memory, with those that are
persistent on disk as well.
"""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Self

import structlog
from structlog.typing import FilteringBoundLogger

from dermsbus.broker.core import Core
from dermsbus.broker.link import Link
from dermsbus.broker.persistence import BrokerStore
from dermsbus.broker.refusals import ProtocolError, Refused
from dermsbus.broker.settings import BrokerSettings
from dermsbus.errors import SettingsError, StoreError

__all__ = ["BrokerSettings", "EmbeddedBroker"]

_TICK_S = 1.0
_CLOSE_S = 1.0


class EmbeddedBroker:
    """A STOMP 1.0, 1.1 and 1.2 broker that behaves like ActiveMQ Classic as far as sensible.

    `start` and `stop` may be called from any thread; a stopped broker can be started again. As a context manager it
    runs for the length of the block.

    Source: "STOMP on three brokers" of the project's reference tables; where it differs from ActiveMQ Classic, house
    choice, ADR 10.
    """

    def __init__(self, settings: BrokerSettings) -> None:
        """A broker that does not run yet.

        Args:
            settings: what the operator wants.
        """
        self._settings = settings
        self._thread: threading.Thread | None = None
        self._server: _Server | None = None

    def start(self) -> None:
        """Run the broker; returns when it listens. Without effect if it runs.

        Raises:
            SettingsError: the address is taken or is not of this machine, or the store cannot be used.
            StoreError: the store can be opened, but not read.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        server = _Server(self._settings)
        thread = threading.Thread(target=lambda: asyncio.run(server.run()), name="dermsbus broker", daemon=True)
        thread.start()
        failure = server.listening.exception()
        if failure is not None:
            thread.join()
            raise failure
        self._thread, self._server = thread, server

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on, while it runs; the port that it got, where port 0 was asked for.

        Raises:
            RuntimeError: it was never started.
        """
        if self._server is None:
            raise RuntimeError("the embedded broker was not started: call start() first")
        return self._server.listening.result()

    @property
    def port(self) -> int:
        """The port of `address`."""
        return self.address[1]

    def wait(self, timeout_s: float | None = None) -> bool:
        """Return when the broker does not run any more.

        Args:
            timeout_s: seconds, 0 or more; None without end.

        Returns:
            True if it does not run, False if *timeout_s* seconds have passed before.

        Raises:
            StoreError: it gave up because its store failed.
        """
        thread, server = self._thread, self._server
        if thread is None or server is None:
            return True
        thread.join(timeout_s)
        if thread.is_alive():
            return False
        if server.failure is not None:
            raise server.failure
        return True

    def stop(self) -> None:
        """Close all connections, write what is to be kept, and end. Idempotent."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server:
    """One run of the broker, on the thread of its event loop but where said."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.listening: Future[tuple[str, int]] = Future()
        self.failure: StoreError | None = None
        self._settings = settings
        self._log: FilteringBoundLogger = structlog.get_logger()
        self._links: set[Link] = set()
        self._all_gone = asyncio.Event()
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticking: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """From any thread: begin to end."""
        if self._loop is None or self._loop.is_closed():
            return
        try:
            self._loop.call_soon_threadsafe(self._stopping.set)
        except RuntimeError:
            # The loop closed between the question and the call: it has ended by itself.
            self._log.debug("embedded broker had ended already")

    async def run(self) -> None:
        """The whole life of the broker."""
        self._loop = asyncio.get_running_loop()
        try:
            if self._settings.store is None:
                await self._serve(None)
            else:
                await self._serve_with(BrokerStore(self._settings.store))
        except (SettingsError, StoreError) as error:
            if self.listening.done():
                raise
            self.listening.set_exception(error)
        finally:
            if not self.listening.done():
                self.listening.set_exception(RuntimeError("the embedded broker ended at once: see the traceback above"))

    async def _serve_with(self, store: BrokerStore) -> None:
        try:
            await self._serve(store)
        finally:
            await asyncio.to_thread(store.close)

    async def _serve(self, store: BrokerStore | None) -> None:
        core = Core(self._settings, store.submit if store is not None else None)
        if store is not None:
            self._restore(core, store)
        server = await self._listen(core)
        host, port = server.sockets[0].getsockname()[:2]
        self._log.info("embedded broker listens", host=host, port=port, store=str(self._settings.store))
        self._tick(core)
        self.listening.set_result((host, port))
        await self._stopping.wait()
        if self._ticking is not None:
            self._ticking.cancel()
        server.close()
        await self._close(store)
        self._log.info("embedded broker stopped", host=host, port=port)

    def _restore(self, core: Core, store: BrokerStore) -> None:
        loop = asyncio.get_running_loop()
        try:
            core.destinations.restore(store.load())
        except Refused as error:
            raise StoreError(f"what {self._settings.store} holds cannot be understood: {error}") from error
        store.start(
            on_committed=lambda ticket: loop.call_soon_threadsafe(self._on_committed, core, ticket),
            on_failed=lambda failure: loop.call_soon_threadsafe(self._on_failed, failure),
        )
        core.record()

    async def _listen(self, core: Core) -> asyncio.Server:
        settings = self._settings
        try:
            return await asyncio.get_running_loop().create_server(
                lambda: Link(core, self._on_made, self._on_lost), settings.host, settings.port
            )
        except OSError as error:
            # asyncio wraps the system's words in its own; a name that is not found has no errno of the system.
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise SettingsError(
                "broker.port",
                f"cannot listen on {settings.host}:{settings.port}: {why}. Stop what listens there (maybe "
                "another broker), or choose another host or port; port 0 takes any that is free",
            ) from error

    def _on_made(self, link: Link) -> None:
        self._links.add(link)
        if self._stopping.is_set():
            link.abort()
            return
        most = self._settings.max_connections
        if len(self._links) > most:
            link.turn_away(ProtocolError(f"the broker has {most} connections, which is the most", "Try again later."))

    def _on_lost(self, link: Link) -> None:
        self._links.discard(link)
        if not self._links:
            self._all_gone.set()

    def _on_committed(self, core: Core, ticket: int) -> None:
        core.committed = ticket
        for link in tuple(self._links):
            link.on_committed()

    def _on_failed(self, failure: StoreError) -> None:
        """Without its disk the broker cannot keep its word: it gives no receipt any more, and ends."""
        self._log.error("store failed: embedded broker stops", reason=str(failure))
        self.failure = failure
        for link in tuple(self._links):
            link.turn_away(
                ProtocolError("the broker's store failed", "What had no receipt may be lost: send it again.")
            )
        self._stopping.set()

    def _tick(self, core: Core) -> None:
        self._ticking = asyncio.get_running_loop().call_later(_TICK_S, self._tick, core)
        core.destinations.tick()
        core.record()

    async def _close(self, store: BrokerStore | None) -> None:
        """End all sessions, wait for the disk and give the last receipts, then close the connections."""
        for link in tuple(self._links):
            link.session.hold_deliveries()
        for link in tuple(self._links):
            link.session.end()
        if store is not None:
            await asyncio.to_thread(store.close)
        self._all_gone.clear()
        for link in tuple(self._links):
            link.close()
        if self._links:
            try:
                await asyncio.wait_for(self._all_gone.wait(), _CLOSE_S)
            except TimeoutError:
                self._log.warning("peers did not take what was left to send", connections=len(self._links))
                for link in tuple(self._links):
                    link.abort()
                await self._all_gone.wait()
