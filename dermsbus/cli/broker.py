"""``dermsbus broker``: the embedded STOMP broker alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import structlog
import typer

from dermsbus import logs
from dermsbus.app import make_broker
from dermsbus.errors import SettingsError
from dermsbus.settings import BusScheme, BusUrl

__all__ = ["broker"]


def broker(
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="TCP port; 0 for a free one.")] = 61613,
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FILE", help="Keep queues in this file; else in memory only.")
    ] = None,
    login: Annotated[
        str | None, typer.Option("--login", metavar="USER", help="Let only this user in, with --passcode-file.")
    ] = None,
    passcode_file: Annotated[
        Path | None, typer.Option("--passcode-file", metavar="FILE", help="The passcode of --login, in a file.")
    ] = None,
) -> int:
    """Run the embedded STOMP 1.2 broker alone, until Ctrl-C. It is for demos, labs and tests."""
    url = BusUrl(
        scheme=BusScheme.EMBEDDED,
        host=host,
        port=port,
        user=login,
        password=_passcode(passcode_file),
        store=store,
    )
    logs.configure()
    log = structlog.get_logger()
    embedded = make_broker(url)
    embedded.start()
    try:
        log.info("broker listens", bus=f"stomp://{host}:{embedded.port}", store=str(store) if store else "in memory")
        embedded.wait()
    except KeyboardInterrupt:
        log.info("broker ends")
    finally:
        embedded.stop()
    return 0


def _passcode(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("--passcode-file", f"{file} cannot be read: {error}") from error
