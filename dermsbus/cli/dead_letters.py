"""``dermsbus dead-letters``: messages that a DERMS put aside, looked at, sent once more or dropped."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from dermsbus.app import make_transport
from dermsbus.cli.output import (
    complain,
    help_if_alone,
    is_terminal,
    on_terminal,
    visible,
    write_json,
    write_line,
    write_xml,
)
from dermsbus.cli.session import Session, dms_command
from dermsbus.cli.views import error_line
from dermsbus.dead_letters import DeadLetter, DeadLetters, queues_of
from dermsbus.errors import ConnectionLost, PublishRejected, SettingsError, TransportError
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Envelope, Reply, Result, Verb
from dermsbus.reply_codes import code_order
from dermsbus.transports.base import Delivery

__all__ = ["dead_letters_app"]

_EVENT_VERBS: Final = frozenset(verb.value for verb in Verb if verb.is_event)

Queues = Annotated[
    list[str] | None,
    typer.Option("--queue", metavar="NAME", help="Another queue than those in which the DERMS puts messages aside."),
]
Letters = Annotated[
    list[str] | None, typer.Argument(metavar="ID...", help="Ids as list shows them, or how they begin.")
]
All = Annotated[bool, typer.Option("--all", help="All that are there.")]


def dead_letters_app() -> typer.Typer:
    """The command group."""
    app = typer.Typer(
        help="Show, send once more and drop the messages that a DERMS put aside.", invoke_without_command=True
    )
    app.callback()(help_if_alone)
    app.command("list")(list_letters)
    app.command("show")(show)
    app.command("replay")(replay)
    app.command("drop")(drop)
    return app


@dms_command
def list_letters(session: Session, /, *, queue_name: Queues = None) -> int:
    """List what was put aside: when, why, and what it is."""
    with _looked(session, queue_name) as (_, letters):
        if session.as_json:
            write_json([_json(letter) for letter in letters])
        elif is_terminal():
            on_terminal().print(_table(letters) if letters else "no dead letters")
        else:
            for letter in letters:
                write_line("\t".join(_columns(letter)))
    return 0


@dms_command
def show(session: Session, /, *, ids: Letters = None, queue_name: Queues = None) -> int:
    """Show all that is known of messages, and the messages as they were received."""
    with _looked(session, queue_name) as (_, letters):
        chosen = _chosen(letters, ids, everything=False)
        if session.as_json:
            write_json([_json(letter) | {"body": letter.delivery.body.decode("utf-8", "replace")} for letter in chosen])
            return 0
        for letter in chosen:
            for name, value in _facts(letter):
                write_line(f"{name}: {value}")
            write_xml(letter.delivery.body)
    return 0


@dms_command
def replay(session: Session, /, *, ids: Letters = None, everything: All = False, queue_name: Queues = None) -> int:
    """Send messages once more to where they were meant for, and show the answers."""
    with _looked(session, queue_name) as (there, letters):
        outcomes = [_replayed(session, there, each) for each in _chosen(letters, ids, everything=everything)]
        if session.as_json:
            write_json(outcomes)
    return 0 if all(outcome["result"] in {"sent", Result.OK.value} for outcome in outcomes) else 1


@dms_command
def drop(session: Session, /, *, ids: Letters = None, everything: All = False, queue_name: Queues = None) -> int:
    """Drop messages for good."""
    with _looked(session, queue_name) as (there, letters):
        chosen = _chosen(letters, ids, everything=everything)
        there.drop(chosen)
        if session.as_json:
            write_json([letter.letter_id for letter in chosen])
        else:
            for letter in chosen:
                write_line(f"dropped {letter.letter_id}")
    return 0


@contextmanager
def _looked(session: Session, queues: list[str] | None) -> Iterator[tuple[DeadLetters, tuple[DeadLetter, ...]]]:
    """What is there, in hand until the end of the block."""
    settings = session.settings
    names = queues or queues_of(settings.context, settings.responder)
    with DeadLetters(make_transport(settings.bus), names, timeout_s=settings.dms.timeout_s) as there:
        yield there, there.look()


def _chosen(letters: Iterable[DeadLetter], ids: list[str] | None, *, everything: bool) -> list[DeadLetter]:
    """The letters that are meant.

    Raises:
        SettingsError: none or several are, or nothing is said.
    """
    letters = list(letters)
    if everything and not ids:
        return letters
    if everything or not ids:
        raise SettingsError(
            "ID", "give the ids of messages, or --all" if not everything else "give ids or --all, not both"
        )
    return [_only(letters, wanted) for wanted in dict.fromkeys(ids)]


def _only(letters: list[DeadLetter], wanted: str) -> DeadLetter:
    exact = [letter for letter in letters if letter.letter_id == wanted]
    found = exact[:1] or [letter for letter in letters if letter.letter_id.startswith(wanted)]
    if len(found) != 1:
        what = "no message here" if not found else f"{len(found)} messages here"
        raise SettingsError("ID", f"{what} has an id that begins with {wanted[:64]!r}; list shows them")
    return found[0]


def _replayed(session: Session, there: DeadLetters, letter: DeadLetter) -> dict[str, object]:
    """Send one; says what came of it, and returns the same for a program."""
    answers: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    try:
        correlation_id = there.replay(letter, answers)
    except ConnectionLost:
        raise
    except (PublishRejected, TransportError) as error:
        return _say(session, letter, "not sent", str(error))
    if letter.header.get("Verb") in _EVENT_VERBS:
        return _say(session, letter, "sent", "an event gets no answer")
    reply = _answer(session, answers, correlation_id)
    if reply is None:
        return _say(session, letter, "no answer", f"none came in {session.settings.dms.timeout_s:g} s; it was sent")
    told = [error for error in reply.errors if error.details or code_order(error.code)[0] > 0]
    return _say(session, letter, reply.result.value, "; ".join(map(error_line, told)))


def _say(session: Session, letter: DeadLetter, result: str, details: str) -> dict[str, object]:
    if not session.as_json:
        line = f"{letter.letter_id} {result}{f': {details}' if details else ''}"
        write_line(line) if result in {"sent", Result.OK.value} else complain(line)
    return {"id": letter.letter_id, "result": result, "details": details}


def _answer(session: Session, answers: queue.SimpleQueue[Delivery], correlation_id: str) -> Reply | None:
    """The last reply with this transport id; None if none came in time."""
    codec = Codec(session.settings.tolerant_reader)
    deadline_s = time.monotonic() + session.settings.dms.timeout_s
    while True:
        try:
            delivery = answers.get(timeout=max(0.0, deadline_s - time.monotonic()))
        except queue.Empty:
            return None
        message = codec.decode(delivery.body, is_text=delivery.is_text)
        if delivery.correlation_id != correlation_id or not isinstance(message, Envelope) or message.reply is None:
            continue
        if not any(error.code == "0.1" for error in message.reply.errors):  # else more of it follows
            return message.reply


def _columns(letter: DeadLetter) -> tuple[str, ...]:
    header = letter.header
    what = ".".join(part for part in (header.get("Verb"), header.get("Noun")) if part)
    return (
        letter.letter_id or "-",
        letter.fact("FailedAt") or "-",
        letter.fact("Code") or "-",
        letter.fact("Attempts") or "-",
        what or "-",
        header.get("Source") or "-",
        header.get("MessageID") or "-",
        letter.fact("Reason") or "-",
    )


def _table(letters: Iterable[DeadLetter]) -> Table:
    table = Table("id", "put aside", "code", "attempts", "what", "from", "MessageID", "why")
    for letter in letters:
        table.add_row(*(escape(visible(text)) for text in _columns(letter)))
    return table


def _facts(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    """All that is known of it but the message itself."""
    yield "id", letter.letter_id
    yield "queue", letter.queue
    for name in ("FailedAt", "FirstFailedAt", "Attempts", "Replays", "Code", "Rule", "Reason"):
        if letter.fact(name):
            yield name, letter.fact(name)
    yield from letter.header.items()
    for name, value in sorted(letter.delivery.properties.items()):
        if name.startswith("CIM_Original"):
            yield name.removeprefix("CIM_"), value


def _json(letter: DeadLetter) -> dict[str, object]:
    return dict(_facts(letter))
