"""Health over HTTP: ``/health`` says that the process works, ``/ready`` that it can serve requests now.

Source: failure model of the project's reference tables (``/ready`` is false while the broker is away); paths and
bodies: house choice, ADR 8.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from dermsbus.domain.forecast import Coverage
from dermsbus.errors import SettingsError
from dermsbus.transports.base import LinkState, LinkStatus

__all__ = ["HttpServer", "Readiness", "health_app"]

_START_TIMEOUT_S = 10.0
_BACKLOG = 16
_MOST_CONNECTIONS = 64  # beyond, 503: a probe asks for two small pages


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """What decides whether requests are served now.

    Attributes:
        bus: the link to the broker.
        store_problem: why the store cannot be used; empty while it can.
        outbox_pending: messages that wait to be sent, 0 or more; they make nothing unready, the bus does.
    """

    bus: LinkStatus
    store_problem: str = ""
    outbox_pending: int = 0

    @property
    def is_ready(self) -> bool:
        """True if a request that arrives now is served."""
        return self.bus.state is LinkState.UP and not self.store_problem

    def to_json(self) -> dict[str, object]:
        """The body of ``/ready``."""
        return {
            "ready": self.is_ready,
            "bus": {"state": str(self.bus.state), "broker": self.bus.broker, "reason": self.bus.reason},
            "store": {"state": "failed" if self.store_problem else "ok", "reason": self.store_problem},
            "outbox": {"pending": self.outbox_pending},
        }


def health_app(
    version: str,
    source: str,
    readiness: Callable[[], Readiness],
    coverage: Callable[[], Coverage] = Coverage,
    more: Sequence[Route] = (),
) -> Starlette:
    """The application with ``/health`` (200 as long as it can answer) and ``/ready`` (200, or 503 with the reasons).

    Args:
        version: of dermsbus.
        source: name of this DERMS.
        readiness: called for each request to ``/ready``, on the server's thread; must return at once.
        coverage: how often forecasts were right; called for each request to ``/health`` likewise.
        more: what else is served.
    """
    started = time.monotonic()

    async def health(_: Request) -> JSONResponse:
        uptime_s = round(time.monotonic() - started, 3)
        score = coverage()
        forecasts = {"points": score.count, "inside": score.share, "pinball_loss_w": score.mean_pinball_loss}
        facts = {"status": "ok", "version": version, "source": source, "uptime_s": uptime_s, "forecasts": forecasts}
        return JSONResponse(facts)

    async def ready(_: Request) -> JSONResponse:
        state = readiness()
        return JSONResponse(state.to_json(), status_code=200 if state.is_ready else 503)

    return Starlette(routes=[Route("/health", health), Route("/ready", ready), *more])


class HttpServer:
    """An HTTP server on a thread of its own."""

    def __init__(self, host: str, port: int, app: ASGIApp) -> None:
        self._host = host
        self._port = port
        self._app = app
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The TCP port: the one that was asked for or, once started with 0, the one that was found."""
        return self._port

    def start(self) -> None:
        """Return when connections are accepted.

        Raises:
            SettingsError: key ``http``: the address cannot be had, or the server did not come up on it.
        """
        self._socket = self._bind()
        self._port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            backlog=_BACKLOG,
            limit_concurrency=_MOST_CONNECTIONS,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="http", daemon=True
        )
        self._thread.start()
        if not self._server.up.wait(_START_TIMEOUT_S):
            self.stop()
            raise SettingsError("http", f"the server on {self._host}:{self._port} did not start; see the log")

    def stop(self) -> None:
        """Close it and end its thread. Idempotent."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_START_TIMEOUT_S)
        if self._socket is not None:
            self._socket.close()
        self._server = self._thread = self._socket = None

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            raise SettingsError(
                "http",
                f"cannot listen on {self._host}:{self._port}: {error.strerror or error}; give another address, or off",
            ) from error
        return listener


class _Server(uvicorn.Server):
    """uvicorn's server that says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell."""
        await super().startup(sockets)
        self.up.set()
