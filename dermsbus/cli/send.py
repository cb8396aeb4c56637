"""``dermsbus send``: a raw message to a DERMS, and the reply as it came."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dermsbus.cli.output import complain, write_json, write_line, write_xml
from dermsbus.cli.session import Session, dms_command
from dermsbus.cli.views import answer_json, failure_lines
from dermsbus.client import DMSClient, UnreadableAnswer
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Archetype, Envelope

__all__ = ["read_message", "send"]


@dms_command
def send(
    session: Session, /, file: Annotated[str, typer.Argument(metavar="FILE", help="The message; - for standard input.")]
) -> int:
    """Send a message as it is, well formed or not, and print the reply.

    An event goes to its topic, everything else to the request queue of the DERMS.
    """
    try:
        body = read_message(file)
    except OSError as error:
        complain(f"{file} cannot be read: {error.strerror or error}")
        return 1
    message = Codec(session.settings.tolerant_reader).decode(body)
    wants_no_answer = (
        isinstance(message, Envelope)
        and message.archetype is Archetype.EVENT
        and not (message.header and message.header.ack_required)
    )
    with session.client() as client:
        if wants_no_answer:
            client.notify(body)
            write_json({"result": "sent"}) if session.as_json else write_line("sent; an event gets no reply")
            return 0
        return _ask(session, client, body)


def _ask(session: Session, client: DMSClient, body: bytes) -> int:
    try:
        answer = client.send_raw(body)
    except UnreadableAnswer as error:
        write_xml(error.body)
        complain(f"the reply cannot be read: {error.code} {error}")
        return 1
    if session.as_json:
        write_json(answer_json(answer) | {"body": answer.body.decode("utf-8", "replace")})
    else:
        for part in answer.parts:
            write_xml(part.body)
        if not answer.ok:
            complain(*failure_lines(answer))
    return 0 if answer.ok else 1


def read_message(file: str) -> bytes:
    """The bytes of *file*, or of standard input where it is ``-``; OSError if it cannot be read."""
    if file == "-":
        return sys.stdin.buffer.read()
    with open(file, "rb") as source:
        return source.read()
