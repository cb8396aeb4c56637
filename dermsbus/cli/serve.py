"""``dermsbus serve``: the DERMS side, until it is stopped."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from dermsbus import logs
from dermsbus.app import Application
from dermsbus.cli.session import BusOption, ConfigOption, ContextOption
from dermsbus.domain.behaviour import Tolerance
from dermsbus.settings import load

__all__ = ["serve"]


def serve(
    *,
    bus: BusOption = None,
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Our name on the bus.")] = None,
    context: ContextOption = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="Behaviour profile: default, epri or gridappsd.")
    ] = None,
    tolerance: Annotated[
        Tolerance | None, typer.Option("--tolerance", help="Refuse known deviations, or mend them on reading.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", metavar="FILE|URL", help="The registry: a file, or postgresql://…")
    ] = None,
    fleet: Annotated[
        str | None, typer.Option("--fleet", metavar="FILE", help="The catalogue of devices, TOML.")
    ] = None,
    http: Annotated[
        str | None, typer.Option("--http", metavar="HOST:PORT", help="Where /health and /ready are; off for nowhere.")
    ] = None,
    config: ConfigOption = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None, typer.Option("--log-level", help="Least severity logged.")
    ] = None,
    log_format: Annotated[
        Literal["auto", "pretty", "json"] | None, typer.Option("--log-format", help="Auto: pretty on a terminal.")
    ] = None,
) -> int:
    """Serve DER groups on the bus, until Ctrl-C or SIGTERM."""
    settings = load(
        {
            "bus": bus,
            "source": source,
            "context": context,
            "profile": profile,
            "behaviour.tolerance": tolerance,
            "store": store,
            "fleet": fleet,
            "http": http,
            "log_level": log_level,
            "log_format": log_format,
        },
        config,
    )
    logs.configure(settings.log_level, settings.log_format)
    try:
        with Application(settings) as application:
            application.run_until_stopped()
    except KeyboardInterrupt:
        return 0  # it was asked to end, and it has
    return 0
