"""What all DMS commands have in common: the options that say where to, and the connection they make."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from dermsbus import logs
from dermsbus.app import make_client
from dermsbus.cli.output import complain, write_json
from dermsbus.cli.views import answer_json, failure_lines
from dermsbus.client import Answer, DMSClient
from dermsbus.settings import Settings, load

__all__ = [
    "THERE_IS_MORE",
    "BusOption",
    "ConfigOption",
    "ContextOption",
    "JsonOption",
    "LimitOption",
    "Session",
    "dms_command",
]

THERE_IS_MORE: Final = "there is more than was asked for: raise --limit, or leave it out to see all"
"""What is said beside a list that a limit has cut."""

BusOption = Annotated[
    str | None,
    typer.Option(
        "--bus",
        metavar="URL",
        help="The bus: stomp://, stomps://, amqp://, amqps:// or embedded://, then user:password@host:port/vhost.",
    ),
]
ContextOption = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="System context, part of every destination.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file, TOML.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]
LimitOption = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Ask for so many at most; left out, for all.")
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What a DMS command works with.

    Attributes:
        settings: checked.
        as_json: write JSON.
    """

    settings: Settings
    as_json: bool

    @contextmanager
    def client(self) -> Iterator[DMSClient]:
        """A connected client; closed at the end.

        Raises:
            ConnectFailed: no connection within the time-out.
        """
        client = make_client(self.settings)
        try:
            client.start(self.settings.dms.timeout_s)
            yield client
        finally:
            client.stop()

    def report(self, answer: Answer, show: Callable[[Answer], None]) -> int:
        """Write the outcome: JSON, or *show* for what succeeded and a line on standard error for each failure.

        Returns:
            The exit status: 0 if everything that was asked for is done, else 1.
        """
        if self.as_json:
            write_json(answer_json(answer))
        else:
            show(answer)
            if not answer.ok:
                complain(*failure_lines(answer))
            if answer.cursor is not None:
                complain(THERE_IS_MORE)
        return 0 if answer.ok else 1


def dms_command(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of every DMS command; it gets the `Session` that they make as its first argument."""

    @functools.wraps(function)
    def command(**arguments: Any) -> int:  # noqa: ANN401 typer calls it by the names of the signature below
        shared = {name: arguments.pop(name) for name in options}
        return function(_session(**shared), **arguments)

    options = inspect.signature(_session, eval_str=True).parameters
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    command.__signature__ = inspect.Signature([*own, *options.values()])  # type: ignore[attr-defined]  # typer reads it
    return command


def _session(
    *,
    bus: BusOption = None,
    to: Annotated[str | None, typer.Option("--to", metavar="SOURCE", help="The DERMS that answers.")] = None,
    context: ContextOption = None,
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Our own name.")] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="How long to wait for connection and answer.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> Session:
    options = {"bus": bus, "dms.to": to, "context": context, "dms.source": source, "dms.timeout_s": timeout}
    settings = load(options, config)
    # The command says itself what went wrong; the log is for those who ask for it.
    logs.configure("error" if settings.log_level == "info" else settings.log_level, settings.log_format)
    return Session(settings=settings, as_json=as_json)
