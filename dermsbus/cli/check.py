"""``dermsbus check``: messages in files, judged as a DERMS would judge them on the bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from dermsbus.cli.output import write_json, write_line
from dermsbus.cli.send import read_message
from dermsbus.cli.session import ConfigOption, JsonOption
from dermsbus.dispatch import Router
from dermsbus.domain.behaviour import Tolerance
from dermsbus.errors import MessageError
from dermsbus.handlers import ROUTES
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Archetype, Envelope, Refusal
from dermsbus.messages.policy import Policy
from dermsbus.messages.roots import noun_of
from dermsbus.reply_codes import reason_of
from dermsbus.settings import load

__all__ = ["check"]


def check(
    *,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Messages; - for standard input.")],
    tolerance: Annotated[
        Tolerance | None, typer.Option("--tolerance", help="Refuse known deviations, or mend them on reading.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Check messages, one line each; exit 1 if one is bad."""
    settings = load({"behaviour.tolerance": tolerance}, config)
    codec = Codec(settings.reader)
    policy = Policy(
        context=settings.context,
        tolerance=settings.behaviour.tolerance,
        reply_addresses=settings.reply_addresses,
    )
    results = [_Checked(file, lambda body: _judged(codec.decode(body), policy)) for file in files]
    for result in results:
        if as_json:
            write_json(result.to_json())
        else:
            write_line(result.to_line())
    return 0 if all(result.ok for result in results) else 1


def _judged(message: Envelope | Refusal, policy: Policy) -> Envelope | Refusal:
    """The message as a DERMS would judge it before it looks at its groups.

    A noun that has a profile and is not served is judged by its schema alone.
    """
    if isinstance(message, Refusal) or message.archetype not in {Archetype.REQUEST, Archetype.EVENT}:
        return message
    try:
        if message.archetype is Archetype.REQUEST:
            policy.check(message)
        else:
            policy.check_event(message)
        if message.header is not None and noun_of(message.header.noun) in {noun for _, noun in ROUTES}:
            Router(ROUTES).handler_for(message)
    except MessageError as error:
        return Refusal(error=error, outline=message.outline, archetype=message.archetype, repairs=message.repairs)
    return message


class _Checked:
    """One file and what is to be said of it."""

    def __init__(self, file: str, judge: Callable[[bytes], Envelope | Refusal]) -> None:
        self._file = "standard input" if file == "-" else file
        self._decoded: Envelope | Refusal | None = None
        self._problem = ""
        try:
            self._decoded = judge(read_message(file))
        except OSError as error:
            self._problem = f"cannot be read: {error.strerror or error}"

    @property
    def ok(self) -> bool:
        """True if the message is good."""
        return isinstance(self._decoded, Envelope)

    def to_line(self) -> str:
        """``file: ok verb Noun`` or ``file:line: code reason: details``."""
        match self._decoded:
            case Envelope() as message:
                mended = "".join(f"; mended {repair.name}: {repair.details}" for repair in message.repairs)
                return f"{self._file}: ok {_title(message)}{mended}"
            case Refusal(error=error):
                place = f"{self._file}:{error.line}" if error.line else self._file
                more = f" (and {len(error.violations) - 1} more)" if len(error.violations) > 1 else ""
                return f"{place}: {error.code} {reason_of(error.code)}: {error}{more}"
            case None:
                return f"{self._file}: {self._problem}"

    def to_json(self) -> dict[str, object]:
        """The same for a program, with all violations."""
        match self._decoded:
            case Envelope() as message:
                header = message.header
                repairs = [{"name": repair.name, "details": repair.details} for repair in message.repairs]
                named = {"verb": header.verb.value, "noun": header.noun} if header else {}
                return {
                    "file": self._file,
                    "ok": True,
                    "archetype": message.archetype.value,
                    **named,
                    "repairs": repairs,
                }
            case Refusal(error=error):
                violations = [
                    {"rule": each.rule, "details": each.details, "line": each.line} for each in error.violations
                ]
                judged = {"code": error.code, "reason": reason_of(error.code), "violations": violations}
                return {"file": self._file, "ok": False, **judged}
            case None:
                return {"file": self._file, "ok": False, "problem": self._problem}


def _title(message: Envelope) -> str:
    return f"{message.header.verb} {message.header.noun}" if message.header else message.archetype.value
