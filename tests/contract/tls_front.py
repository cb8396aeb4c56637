"""A TLS endpoint on 127.0.0.1 in front of a plain TCP server, and the certificates for it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key, PEM files."""

    cert_file: Path
    key_file: Path


class Authority:
    """A certificate authority in *folder*, good for a day."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._identity = self._make(name, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.ca_file = self._identity.cert_file

    @staticmethod
    def can_be_made() -> bool:
        """True if this machine has OpenSSL's command."""
        return shutil.which("openssl") is not None

    def issue(self, host: str) -> Identity:
        """A certificate for *host*."""
        signer = ("-CA", str(self._identity.cert_file), "-CAkey", str(self._identity.key_file))
        alternative = f"subjectAltName=DNS:{host}"
        return self._make(host, *signer, "-addext", alternative, "-addext", "basicConstraints=critical,CA:FALSE")

    def _make(self, name: str, *more: str) -> Identity:
        made = Identity(self._folder / f"{self._name}-{name}.pem", self._folder / f"{self._name}-{name}.key")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
        files = ("-keyout", str(made.key_file), "-out", str(made.cert_file))
        command = ["openssl", "req", "-x509", "-days", "1", "-subj", f"/CN={name}", *curve, *files, *more]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        return made


class TlsFront:
    """Ends TLS and passes on to *target*.

    Args:
        target: host and port of the plain server.
        identity: what to show to clients.
        client_ca: if given, clients have to show a certificate of this authority.
    """

    def __init__(self, target: tuple[str, int], identity: Identity, client_ca: Path | None = None) -> None:
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(identity.cert_file, identity.key_file)
        if client_ca is not None:
            self._context.load_verify_locations(client_ca)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name="tls front", daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set_result, None)
        self._thread.join(5)

    def abort(self) -> None:
        """End every connection without TLS's goodbye."""
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._join, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._done
        server.close()
        self._abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    async def _join(self, near_reader: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers |= {near_writer, far_writer}
        await asyncio.gather(_pump(near_reader, far_writer), _pump(far_reader, near_writer))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.transport.abort()
