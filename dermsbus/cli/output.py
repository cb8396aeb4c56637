"""What commands write: for a person on a terminal, in plain lines or JSON for a program."""

from __future__ import annotations

import json
import re
import sys
from typing import Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax

__all__ = [
    "complain",
    "help_if_alone",
    "is_terminal",
    "on_terminal",
    "visible",
    "write_json",
    "write_line",
    "write_xml",
    "xml_for_people",
]

_TOKEN: Final = re.compile(r"<[^>]*>|[^<]+")
_INDENT: Final = "  "


def help_if_alone(context: typer.Context) -> None:
    """Show the help of a command group that was called without a command, and end."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def is_terminal() -> bool:
    """True if standard output is a person's."""
    return sys.stdout.isatty()


def on_terminal() -> Console:
    """The terminal, for tables and colours."""
    return Console(highlight=False)


def complain(*problems: str) -> None:
    """Say on standard error what went wrong, a line for each problem."""
    for problem in problems:
        line = visible(" ".join(problem.splitlines()))
        if sys.stderr.isatty():
            Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]error:[/] {escape(line)}")
        else:
            typer.echo(f"error: {line}", err=True)


def visible(text: str) -> str:
    """*text* on one line: what a peer put into a name must neither break a line nor steer the terminal."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\t" else each.encode("unicode_escape").decode() for each in text
    )


def write_line(text: str = "") -> None:
    """One plain line on standard output, there at once even in a pipe."""
    sys.stdout.write(visible(text) + "\n")
    sys.stdout.flush()


def write_json(value: object) -> None:
    """One JSON value, on one line."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def write_xml(body: bytes) -> None:
    """A message: indented and coloured on a terminal, as it is in a pipe."""
    if not is_terminal():
        sys.stdout.flush()
        sys.stdout.buffer.write(body if body.endswith(b"\n") else body + b"\n")
        sys.stdout.buffer.flush()
        return
    on_terminal().print(Syntax(xml_for_people(body), "xml", background_color="default", word_wrap=True))


def xml_for_people(body: bytes) -> str:
    """*body* with a line for each element, for reading only: no parser is asked, so nothing in it can do harm."""
    lines: list[str] = []
    depth = 0
    tokens = [token for token in _TOKEN.findall(body.decode("utf-8", "replace")) if token.strip()]
    for index, token in enumerate(tokens):
        if token.startswith("</"):
            depth = max(0, depth - 1)
        after_text = index > 0 and not tokens[index - 1].startswith("<")
        after_opening = index > 0 and _opens(tokens[index - 1])
        is_text = not token.startswith("<")
        if lines and (is_text or after_text or (token.startswith("</") and after_opening)):
            lines[-1] += token.strip() if is_text else token
        else:
            lines.append(_INDENT * depth + token.strip())
        if _opens(token):
            depth += 1
    return "\n".join(map(visible, lines))


def _opens(token: str) -> bool:
    return token.startswith("<") and not token.startswith(("</", "<?", "<!")) and not token.endswith("/>")
