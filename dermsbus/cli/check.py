"""``dermsbus check``: messages in files, judged as a DERMS would judge them on the bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from typing import Annotated, Final

import typer

from dermsbus import logs
from dermsbus.app import rehearsing
from dermsbus.cli.output import write_json, write_line
from dermsbus.cli.send import read_message
from dermsbus.cli.session import ConfigOption, JsonOption
from dermsbus.dispatch import Router
from dermsbus.domain.addresses import ANY
from dermsbus.domain.behaviour import Tolerance
from dermsbus.errors import MessageError
from dermsbus.handlers import ROUTES
from dermsbus.messages.answers import entry, entry_of
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Archetype, Envelope, ErrorEntry, Refusal, RejectedObject
from dermsbus.messages.peers import Peer
from dermsbus.messages.policy import Policy
from dermsbus.messages.properties import check_properties
from dermsbus.messages.roots import noun_of
from dermsbus.rehearsal import Verdict
from dermsbus.reply_codes import reason_of
from dermsbus.settings import PeerSettings, Settings, load
from dermsbus.store.sqlite import IN_MEMORY
from dermsbus.transports.base import Delivery, ReplyTo

__all__ = ["check"]

_SOMEWHERE: Final = ReplyTo("/queue/nowhere")  # so that there is an answer; nobody sends it


def check(
    *,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Messages; - for standard input.")],
    tolerance: Annotated[
        Tolerance | None, typer.Option("--tolerance", help="Refuse known deviations, or mend them on reading.")
    ] = None,
    peer: Annotated[
        str | None,
        typer.Option("--peer", metavar="NAME", help="As sent by this peer; else by the Source that a message states."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="FILE", help="What a DERMS with this store would answer; :memory: is empty."),
    ] = None,
    fleet: Annotated[
        str | None, typer.Option("--fleet", metavar="FILE", help="And with this catalogue of devices, TOML.")
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="NAME=VALUE", help="A property that the transport brings with each."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Check messages, one line each; exit 1 if one is bad.

    Without --store a message is judged by what it says itself. With it, it is served on a copy of that store, each
    message as if none had come before it; the store may be in use, and nothing is written to it.
    """
    against = store or (IN_MEMORY if fleet else None)
    settings = load({"behaviour.tolerance": tolerance, "store": against, "fleet": fleet}, config)
    if tolerance is not None or peer is not None:
        met = settings.known_peers.of(peer)
        settings = _all_met_as(settings, replace(met, tolerance=tolerance or met.tolerance))
    logs.configure("error", settings.log_format)  # what is found wrong, the lines below say
    with _judging(settings, _properties(properties), is_rehearsed=against is not None) as judge:
        results = [_Checked(file, judge) for file in files]
    for result in results:
        if as_json:
            write_json(result.to_json())
        else:
            write_line(result.to_line())
    return 0 if all(result.ok for result in results) else 1


def _all_met_as(settings: Settings, peer: Peer) -> Settings:
    """*settings*, by which every message is met as one of *peer*, whoever it says it is from."""
    return settings.model_copy(update={"peers": {ANY: PeerSettings(**asdict(peer))}})


@contextmanager
def _judging(
    settings: Settings, properties: Mapping[str, str], *, is_rehearsed: bool
) -> Iterator[Callable[[bytes], Verdict]]:
    """Judges the bytes of messages: by a rehearsal against the store, or by what they say themselves."""
    if is_rehearsed:
        with rehearsing(settings) as rehearsal:
            yield lambda body: rehearsal.judge(Delivery(body=body, reply_to=_SOMEWHERE, properties=properties))
        return
    codec = Codec(settings.reader)
    policy = Policy(
        context=settings.context,
        peers=settings.known_peers,
        reply_addresses=settings.reply_addresses,
        revisions=frozenset(settings.revisions),
    )
    yield lambda body: _verdict(_judged(codec.decode(body), policy, properties))


def _properties(texts: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts or ()]
    for name, separator, _ in pairs:
        if not separator:
            raise typer.BadParameter(f"--property {name[:64]!r} has no value: write NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _verdict(message: Envelope | Refusal) -> Verdict:
    """What is wrong with a message by itself, and with the objects in it."""
    if isinstance(message, Refusal):
        return Verdict(decoded=message, refusal=message.error)
    content = message.payload.content if message.payload else None
    objects = [each for part in fields(content) for each in getattr(content, part.name)] if content else []
    errors = tuple(entry_of(each.error) for each in objects if isinstance(each, RejectedObject))
    return Verdict(decoded=message, errors=errors + tuple(_rejected_operations(message)))


def _rejected_operations(message: Envelope) -> Iterator[ErrorEntry]:
    operations = message.payload.operation_set if message.payload else None
    for each in operations.operations if operations else ():
        if isinstance(each.content, RejectedObject):
            yield entry_of(each.content.error.for_operation(each.operation_id))


def _judged(message: Envelope | Refusal, policy: Policy, properties: Mapping[str, str]) -> Envelope | Refusal:
    """The message as a DERMS would judge it before it looks at its groups.

    A noun that has a profile and is not served is judged by its schema alone.
    """
    if isinstance(message, Refusal) or message.archetype not in {Archetype.REQUEST, Archetype.EVENT}:
        return message
    try:
        check_properties(message, properties)
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

    def __init__(self, file: str, judge: Callable[[bytes], Verdict]) -> None:
        self._file = "standard input" if file == "-" else file
        self._verdict: Verdict | None = None
        self._problem = ""
        try:
            self._verdict = judge(read_message(file))
        except OSError as error:
            self._problem = f"cannot be read: {error.strerror or error}"

    @property
    def ok(self) -> bool:
        """True if the message is good."""
        return self._verdict is not None and self._verdict.is_accepted

    def to_line(self) -> str:
        """``file: ok verb Noun`` or ``file:line: code reason: details``."""
        match self._verdict:
            case None:
                return f"{self._file}: {self._problem}"
            case Verdict(refusal=MessageError() as error):
                place = f"{self._file}:{error.line}" if error.line else self._file
                return f"{place}: {error.code} {reason_of(error.code)}: {error}{_more(len(error.violations))}"
            case Verdict(is_accepted=True, decoded=message):
                mended = "".join(f"; mended {repair.name}: {repair.details}" for repair in message.repairs)
                return f"{self._file}: ok {_title(message)}{mended}"
            case Verdict() as verdict:
                first, *others = _problems(verdict)
                return f"{self._file}: {first.code} {reason_of(first.code)}: {first.details}{_more(1 + len(others))}"

    def to_json(self) -> dict[str, object]:
        """The same for a program, with all that is wrong."""
        match self._verdict:
            case None:
                return {"file": self._file, "ok": False, "problem": self._problem}
            case Verdict(refusal=MessageError() as error):
                violations = [
                    {"rule": each.rule, "details": each.details, "line": each.line} for each in error.violations
                ]
                judged = {"code": error.code, "reason": reason_of(error.code), "violations": violations}
                return {"file": self._file, "ok": False, **judged}
            case Verdict(is_accepted=True, decoded=message):
                repairs = [{"name": repair.name, "details": repair.details} for repair in message.repairs]
                return {"file": self._file, "ok": True, **_described(message), "repairs": repairs}
            case Verdict(decoded=message) as verdict:
                problems = _problems(verdict)
                return {
                    "file": self._file,
                    "ok": False,
                    **_described(message),
                    "code": problems[0].code,
                    "reason": reason_of(problems[0].code),
                    "errors": [_error_json(each) for each in problems],
                }


def _problems(verdict: Verdict) -> tuple[ErrorEntry, ...]:
    """What is wrong with a message that is not refused as a whole, one or more."""
    if verdict.fault:
        return (entry("5.3", f"dermsbus runs into a fault of its own: {verdict.fault}"),)
    refusing = tuple(each for each in verdict.errors if each.code in verdict.codes)
    return refusing or verdict.errors


def _error_json(error: ErrorEntry) -> dict[str, object]:
    named = {"object": error.object_id.value} if error.object_id else {}
    placed = {"operation_id": error.operation_id} if error.operation_id is not None else {}
    return {"code": error.code, "reason": reason_of(error.code), "details": error.details, **named, **placed}


def _more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""


def _described(message: Envelope | Refusal) -> dict[str, object]:
    """What kind of message it is, for a program."""
    header = message.header if isinstance(message, Envelope) else None
    archetype: dict[str, object] = {"archetype": message.archetype.value} if message.archetype else {}
    return archetype | ({"verb": header.verb.value, "noun": header.noun} if header else {})


def _title(message: Envelope | Refusal) -> str:
    header = message.header if isinstance(message, Envelope) else None
    return f"{header.verb} {header.noun}" if header else (message.archetype or Archetype.FAULT).value
