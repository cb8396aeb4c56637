"""``dermsbus listen``: events as they come."""

from __future__ import annotations

import queue
import sys
from typing import Annotated

import typer

from dermsbus.cli.output import complain, write_json, write_line
from dermsbus.cli.session import Session, dms_command
from dermsbus.cli.views import event_json, event_line
from dermsbus.domain.addresses import ANY, event_topic
from dermsbus.errors import SettingsError
from dermsbus.messages.envelope import Envelope, Refusal

__all__ = ["listen"]


@dms_command
def listen(
    session: Session,
    /,
    *,
    verb: Annotated[str, typer.Option("--verb", help="Only this verb, such as created.")] = ANY,
    noun: Annotated[str, typer.Option("--noun", help="Only this noun, such as DERGroups.")] = ANY,
    from_source: Annotated[str, typer.Option("--from", metavar="SOURCE", help="Only from this system.")] = ANY,
    count: Annotated[int, typer.Option("--count", min=0, help="End after so many events; 0 for never.")] = 0,
) -> int:
    """Write events as they come, until Ctrl-C."""
    try:
        topic = event_topic(session.settings.context, from_source, verb, noun)
    except ValueError as error:
        raise SettingsError("listen", str(error)) from error
    # Written by this thread, so that a reader that goes away ends the command and not only a callback.
    events: queue.SimpleQueue[Envelope | Refusal] = queue.SimpleQueue()
    with session.client() as client:
        client.events(
            events.put, verb=verb, noun=noun, source=from_source, on_refused=lambda refusal, _: events.put(refusal)
        )
        typer.echo(f"listening to {topic} on {session.settings.bus}; Ctrl-C ends", file=sys.stderr)
        written = 0
        while not count or written < count:
            _write(events.get(), as_json=session.as_json)
            written += 1
    return 0


def _write(event: Envelope | Refusal, *, as_json: bool) -> None:
    if isinstance(event, Refusal):
        complain(f"an event that cannot be read: {event.error.code} {event.error}")
    elif as_json:
        write_json(event_json(event))
    else:
        write_line(event_line(event))
