"""The command line."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer

from dermsbus import __version__
from dermsbus.cli import (
    broker,
    capabilities,
    check,
    dead_letters,
    demo,
    dispatch,
    dispatches,
    forecast,
    groups,
    listen,
    send,
    serve,
    status,
    switch,
)
from dermsbus.cli.output import complain, help_if_alone
from dermsbus.errors import DermsbusError, SettingsError

__all__ = ["main"]

_USAGE_EXIT = 2
_FAILED_EXIT = 1
_INTERRUPTED_EXIT = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: of the command line, without the program's name; None for those of this process.

    Returns:
        The exit status: 0 done, 1 a request failed or the bus did, 2 wrong usage or settings, 130 interrupted.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        result = _app()(args=arguments, prog_name="dermsbus", standalone_mode=False)
    except typer.TyperException as error:
        complain(error.format_message())
        return error.exit_code
    except SettingsError as error:
        complain(*str(error).splitlines())
        return _USAGE_EXIT
    except DermsbusError as error:
        complain(str(error))
        return _FAILED_EXIT
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED_EXIT
    return result if isinstance(result, int) else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: with everything closed."""
    raise KeyboardInterrupt


def _app() -> typer.Typer:
    app = typer.Typer(
        name="dermsbus",
        help="IEC 61968-5 DER groups in IEC 61968-100 messages over STOMP and AMQP: the bus adapter of a DERMS.",
        epilog="Begin with: dermsbus demo",
        add_completion=False,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    app.command("demo")(demo.demo)
    app.command("serve")(serve.serve)
    app.command("broker")(broker.broker)
    app.add_typer(groups.groups_app(), name="groups")
    app.command("capabilities")(capabilities.capabilities)
    app.command("status")(status.status)
    app.command("forecast")(forecast.forecast)
    app.command("dispatch", cls=dispatch.DispatchCommand)(dispatch.dispatch)
    app.command("dispatches")(dispatches.dispatches)
    app.command("cancel")(dispatches.cancel)
    app.command("connect")(switch.connect)
    app.command("disconnect")(switch.disconnect)
    app.command("listen")(listen.listen)
    app.command("send")(send.send)
    app.command("check")(check.check)
    app.add_typer(dead_letters.dead_letters_app(), name="dead-letters")
    return app


def _say_version(wanted: bool) -> None:  # noqa: FBT001 typer's signature
    if wanted:
        typer.echo(f"dermsbus {__version__}")
        raise typer.Exit


def _program(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 its callback has done all
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """See the help of the application."""
    help_if_alone(context)
