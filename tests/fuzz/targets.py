"""What messages are thrown at, and what must hold whatever is thrown.

`Decoding`: bytes become an envelope or a refusal, and what is accepted says the same to a second reader. `Serving`: bytes
become a reply and, it may be, commands; what is refused changes nothing.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from lxml import etree

import dermsbus_profiles
from dermsbus.domain.behaviour import BEHAVIOURS, PartialResult, Tolerance
from dermsbus.errors import MessageError
from dermsbus.messages.codec import Codec, ReaderSettings
from dermsbus.messages.deadlines import deadline_of
from dermsbus.messages.envelope import Archetype, Envelope, Refusal, Result, Verb
from dermsbus.reply_codes import CATALOGUE
from dermsbus.transports.base import Outgoing
from dermsbus_profiles import MESSAGE_SCHEMA, PROFILES, Variant
from tests.fuzz.derms import Derms, Done
from tests.fuzz.differential import SecondOpinion
from tests.fuzz.seeds import NOW
from tests.fuzz.shots import Shot

__all__ = ["LONGEST_S", "Decoding", "Finding", "Serving", "Target", "Verdict"]

LONGEST_S: Final = 1.0
"""No message may take longer."""

_FOLDER: Final = Path(dermsbus_profiles.__file__).parent
_WRAPPERS: Final = {profile.wrapper_namespace: profile for profile in PROFILES.values()}
_MOST_CHANGES: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that must not be.

    Attributes:
        kind: ``uncaught``, ``slow``, ``disagreement`` or ``broken`` (a rule of the house does not hold).
        text: what, for a person; the same for the same fault.
    """

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What came of one message.

    Attributes:
        word: ``accepted`` or the code and rule of the refusal.
        seconds: that it took.
        findings: what must not be.
    """

    word: str
    seconds: float
    findings: tuple[Finding, ...] = ()


class Target(Protocol):
    """Takes messages, one after the other.

    Attributes:
        name: for a person.
        history: what was thrown since it was made anew, as far as it still matters.
    """

    name: str
    history: list[Shot]

    def take(self, shot: Shot) -> Verdict:
        """Have *shot* dealt with; never raises."""
        ...

    def renew(self) -> None:
        """Be as at first."""
        ...


def _uncaught(error: BaseException) -> Finding:
    """The type of an exception and where it came from, without what differs from one message to the next."""
    places = [f"{Path(frame.filename).name}:{frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return Finding(kind="uncaught", text=f"{type(error).__name__} in {' > '.join(places[-4:])}: {str(error)[:100]!a}")


# -- from bytes to envelope --------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Decoding:
    """`Codec.decode`, strict or tolerant, held to a second opinion where it is strict.

    Attributes:
        faults: of `recording_faults`.
        tolerant: it forgives what it can.
        opinion: the second one.
        refused_share: part of what is refused as against the schema that is held to the second opinion, too.
    """

    faults: list[str]
    tolerant: bool = False
    opinion: SecondOpinion = field(default_factory=SecondOpinion)
    refused_share: int = 8
    name: str = "bytes to envelope"
    history: list[Shot] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        tolerance = Tolerance.TOLERANT if self.tolerant else Tolerance.STRICT
        self._codec = Codec(ReaderSettings(tolerance=tolerance))
        self._codec.prepare()

    def renew(self) -> None:
        """It remembers nothing."""

    def take(self, shot: Shot) -> Verdict:
        """Read *shot*; what is slow is read again, for others may have had the processor."""
        self._count += 1
        self.faults.clear()
        findings: list[Finding] = []
        word, seconds, decoded = self._timed(shot, findings)
        if seconds > LONGEST_S and all(self._timed(shot, [])[1] > LONGEST_S for _ in range(2)):
            findings.append(Finding(kind="slow", text=f"{word} took {seconds:.2f} s"))
        findings.extend(Finding(kind="uncaught", text=_shortened(fault)) for fault in self.faults)
        try:
            findings.extend(self._differences(shot, decoded))
        except Exception as error:  # noqa: BLE001 what the second reader makes of it is a finding, too
            findings.append(Finding(kind="disagreement", text=_uncaught(error).text))
        return Verdict(word=word, seconds=seconds, findings=tuple(findings))

    def _timed(self, shot: Shot, findings: list[Finding]) -> tuple[str, float, Envelope | Refusal | None]:
        start = time.perf_counter()
        try:
            decoded = self._codec.decode(shot.body, is_text=shot.is_text)
        except Exception as error:  # noqa: BLE001 that is what is looked for
            findings.append(_uncaught(error))
            return "uncaught", time.perf_counter() - start, None
        return _word(decoded), time.perf_counter() - start, decoded

    def _differences(self, shot: Shot, decoded: Envelope | Refusal | None) -> Iterator[Finding]:
        if self.tolerant or decoded is None:
            return
        if isinstance(decoded, Envelope):
            differences = self.opinion.of_accepted(shot.body, decoded, is_text=shot.is_text)
        elif decoded.error.rule == "XSD" and self._count % self.refused_share == 0:
            differences = self.opinion.of_refused(shot.body, str(decoded.error), is_text=shot.is_text)
        else:
            return
        yield from (Finding(kind="disagreement", text=str(each)) for each in differences)


def _word(decoded: Envelope | Refusal) -> str:
    return "accepted" if isinstance(decoded, Envelope) else f"{decoded.error.code} {decoded.error.rule}"


# -- from bytes to command ---------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Serving:
    """A DERMS, made anew when enough has changed in it.

    Attributes:
        faults: of `recording_faults`.
        profile: how the DERMS treats its peers.
    """

    faults: list[str]
    profile: str = "default"
    name: str = "bytes to command"
    history: list[Shot] = field(default_factory=list)
    _changes: int = 0

    def __post_init__(self) -> None:
        self._codec = Codec(ReaderSettings(tolerance=BEHAVIOURS[self.profile].tolerance))
        self._reader = Codec(ReaderSettings(tolerance=Tolerance.TOLERANT))
        self._schemas: dict[str, etree.XMLSchema] = {}
        self._is_half_done_failed = BEHAVIOURS[self.profile].partial_result is PartialResult.FAILED
        self._derms = Derms(profile=self.profile)

    def renew(self) -> None:
        """Groups, orders, devices and what was seen before are as at first."""
        self._derms.close()
        self._derms = Derms(profile=self.profile)
        self.history.clear()
        self._changes = 0

    def take(self, shot: Shot) -> Verdict:
        """Have *shot* served; what took long is served again by a DERMS that has not seen it."""
        if self._changes >= _MOST_CHANGES:
            self.renew()
        self.history.append(shot)
        verdict, matters = self._judged(shot)
        if verdict.seconds > LONGEST_S and not verdict.findings:
            verdict = self._again(verdict)
        self._changes += matters
        if not matters:
            self.history.pop()
        return verdict

    def _again(self, first: Verdict) -> Verdict:
        shots = list(self.history)
        for _ in range(2):
            self.renew()
            for each in shots:
                self.history.append(each)
                verdict, _matters = self._judged(each)
            if verdict.seconds <= LONGEST_S:
                return verdict
        slow = Finding(kind="slow", text=f"{first.word} took {first.seconds:.2f} s")
        return Verdict(word=first.word, seconds=first.seconds, findings=(slow,))

    def _judged(self, shot: Shot) -> tuple[Verdict, bool]:
        """The verdict, and whether the DERMS remembers the message."""
        self.faults.clear()
        start = time.perf_counter()
        try:
            done = self._derms.send(shot.delivery)
            decoded = self._codec.decode(shot.body, is_text=shot.is_text)
        except Exception as error:  # noqa: BLE001 that is what is looked for
            seconds = time.perf_counter() - start
            return Verdict(word="uncaught", seconds=seconds, findings=(_uncaught(error),)), True
        answers = [_Answer.of(message) for message in done.sent if message.kind != "invalid"]
        findings = [Finding(kind="uncaught", text=_shortened(fault)) for fault in self.faults]
        findings.extend(Finding(kind="broken", text=text) for text in self._broken(shot, decoded, done, answers))
        outcome = _outcome(answers)
        matters = done.changed or done.commands > 0 or outcome in {"OK", "PARTIAL"} or bool(findings)
        seconds = max(done.cpu_s, done.wall_s)
        return Verdict(word=_said(decoded, answers), seconds=seconds, findings=tuple(findings)), matters

    # -- rules -----------------------------------------------------------------------------------------------------

    def _broken(self, shot: Shot, decoded: Envelope | Refusal, done: Done, answers: Sequence[_Answer]) -> Iterator[str]:
        if not done.settled:
            yield "the message was not acknowledged"
        if done.changed and self._derms.stored() != self._derms.held():
            yield "what is stored is not what is held"
        # what is refused changes nothing, and no device is told anything
        is_refused = isinstance(decoded, Refusal) or (_outcome(answers) == "FAILED" and not self._is_half_done_failed)
        if is_refused and done.changed:
            yield "a refused message changed something"
        if is_refused and done.commands:
            yield "a refused message led to a command"
        yield from _broken_by_answers(shot, decoded, done, answers)
        for answer in answers:
            yield from self._broken_by(answer)

    def _broken_by(self, answer: _Answer) -> Iterator[str]:
        """What is sent is valid, can be read, and has codes of the catalogue."""
        # whoever is answered in the spelling that it uses itself is answered in a valid message of that spelling
        root = etree.fromstring(answer.message.body.replace(b"http://www.iec.ch/", b"http://iec.ch/"))
        wrapper = _WRAPPERS.get(etree.QName(root).namespace or "")
        schema = self._schema(wrapper.wrapper_schema(Variant.UNCONSTRAINED) if wrapper else MESSAGE_SCHEMA)
        if not schema.validate(root):
            yield f"not valid: {schema.error_log.last_error}"
        read = self._reader.decode(answer.message.body)
        if isinstance(read, Refusal) and read.error.rule != "HEADER-FIELD":  # it says the noun that it was asked, none
            yield f"cannot be read by the DMS: {read.error}"
        unknown = [code for code in answer.codes if code not in CATALOGUE]
        if unknown:
            yield f"a code that is not in the catalogue: {unknown[0]!r}"

    def _schema(self, file_name: str) -> etree.XMLSchema:
        if file_name not in self._schemas:
            self._schemas[file_name] = etree.XMLSchema(etree.parse(str(_FOLDER / file_name)))
        return self._schemas[file_name]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """A message of the DERMS, an answer or an event.

    Attributes:
        message: as it was sent.
        result: of an answer; empty in an event.
        codes: of its errors.
    """

    message: Outgoing
    result: str
    codes: tuple[str, ...]

    @classmethod
    def of(cls, message: Outgoing) -> _Answer:
        root = etree.fromstring(message.body)
        reply = root.find("{*}Reply")
        result = reply.findtext("{*}Result", "") if reply is not None else ""
        codes = tuple(each.text or "" for each in reply.iterfind("{*}Error/{*}code")) if reply is not None else ()
        return cls(message=message, result=result, codes=codes)


def _broken_by_answers(
    shot: Shot, decoded: Envelope | Refusal, done: Done, answers: Sequence[_Answer]
) -> Iterator[str]:
    """Who wants an answer and has one coming gets it, and no broker stands in the way."""
    if done.refused:
        if _is_sendable(shot):
            yield f"a message that a broker does not take: {done.refused[0][1]}"
        return
    if shot.reply_to and _is_answered(shot, decoded) and not any(answer.result for answer in answers):
        yield f"a request was not answered ({_word(decoded)})"


def _said(decoded: Envelope | Refusal, answers: Sequence[_Answer]) -> str:
    if isinstance(decoded, Refusal):
        return _word(decoded)
    if decoded.archetype is Archetype.RESPONSE or decoded.archetype is Archetype.FAULT:
        return "2.15 STRAY-REPLY"
    outcome = _outcome(answers)
    if outcome == "FAILED":
        return f"{next(code for answer in answers for code in answer.codes)} refused"
    return "accepted" if outcome else "accepted, not answered"


def _shortened(fault: str) -> str:
    lines = [line.strip() for line in fault.splitlines() if line.strip()]
    places = [line for line in lines if line.startswith("File")]
    return " | ".join([lines[0], *(each.rpartition("/")[2] for each in places[-3:]), lines[-1][:200]])


def _outcome(answers: Sequence[_Answer]) -> str:
    """The worst result of all answers; empty without one."""
    words = {answer.result for answer in answers}
    return next((word for word in (Result.FAILED, Result.PARTIAL, Result.OK) if word in words), "")


def _is_sendable(shot: Shot) -> bool:
    """True if nothing that the sender chose stands in the way of an answer."""
    return shot == Shot(body=shot.body, is_text=shot.is_text)


def _is_answered(shot: Shot, decoded: Envelope | Refusal) -> bool:
    """True for what has to be answered: a request, or what may have been one."""
    if isinstance(decoded, Refusal):
        outline = decoded.outline
        return (outline.archetype if outline else decoded.archetype) in {None, Archetype.REQUEST}
    header = decoded.header
    if decoded.archetype is not Archetype.REQUEST or header is None:
        return False
    if header.verb is not Verb.GET:
        return True
    try:
        deadline = deadline_of(decoded)
    except MessageError:
        return True
    is_late = shot.expires_at is not None and shot.expires_at.year < NOW.year
    return not is_late and not (deadline is not None and deadline < NOW)
