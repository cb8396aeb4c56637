"""What is done with one message: read, checked, handled on a draft of the registry, answered.

Nothing here touches the broker, and nothing is written: what comes out is committed, sent and acknowledged by the
consumer.

Source: dead-letter table, error-code policy and idempotency rows of the project's reference tables; a repeated
MessageID: ADR 5.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from dermsbus.dispatch import Desk, FieldView, Forecasts, Outcome, Router
from dermsbus.domain.behaviour import Behaviour, EventAcknowledgement, PartialResult, Resend
from dermsbus.domain.ledger import LedgerDraft
from dermsbus.domain.peer_reports import PeerReports
from dermsbus.errors import MalformedMessage, MessageError, StoreError, UnsupportedMessage, Violation
from dermsbus.mailing import Mailing, Trouble
from dermsbus.messages.answers import Author, entries_of_message_error, entry, entry_of
from dermsbus.messages.codec import Codec
from dermsbus.messages.deadlines import MAX_EXECUTION_TIME, deadline_of
from dermsbus.messages.envelope import (
    Archetype,
    Envelope,
    ErrorEntry,
    Outline,
    Property,
    Refusal,
    Reply,
    Result,
    Verb,
)
from dermsbus.messages.options import CURSOR, Options, cursor_after, read_options
from dermsbus.messages.peers import Peers
from dermsbus.messages.policy import Policy
from dermsbus.messages.properties import check_properties
from dermsbus.replay import ReplayGuard, nonce_of
from dermsbus.reply_codes import Level
from dermsbus.store.base import InboxKey, InboxRecord, NonceRecord, OutboxEntry, Store
from dermsbus.transports.base import Delivery, ReplyTo

__all__ = ["Counts", "Received", "Served", "Service"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What was seen since the start.

    Attributes:
        messages: by kind: request, response, event, fault, malformed.
        refusals: by reply code.
        repairs: by the repair's name and the peer's Source, as ``name source``.
    """

    messages: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A delivery that was decoded.

    Attributes:
        key: the identity of a request or event that may change something; None for all else.
        digest: SHA-256 of the body.
        sender: ``Header/Source`` of a request or event; None for what nobody has to wait behind.
        nonce: what tells the number that it bears against replays from all others; None if it bears none.
    """

    delivery: Delivery
    decoded: Envelope | Refusal
    key: InboxKey | None
    digest: bytes
    sender: str | None = None
    nonce: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What serving a message leaves to be committed.

    Attributes:
        record: that it was served.
        nonce: the number that it used.
        outbox: what to send.
        refusal: why the message was refused as a whole; None if it was not.
        fault: a fault of ours, for the operator, because of which nothing was done; empty if there was none.
    """

    record: InboxRecord | None = None
    nonce: NonceRecord | None = None
    outbox: tuple[OutboxEntry, ...] = ()
    refusal: MessageError | None = None
    fault: str = ""


class Service:
    """Serves one message after the other.

    Two clocks: *now* is that of this system, which may be a simulation's; *broker_now* tells the time by which brokers
    and their clients let messages expire.
    """

    def __init__(
        self,
        *,
        codec: Codec,
        router: Router,
        store: Store,
        author: Author,
        mailing: Mailing,
        policy: Policy,
        peers: Peers,
        replay: ReplayGuard,
        behaviour: Behaviour,
        field_view: Callable[[], FieldView],
        forecasts: Forecasts,
        now: Callable[[], datetime],
        broker_now: Callable[[], datetime],
        nameplate_extension: bool = False,
    ) -> None:
        self._codec = codec
        self._router = router
        self._store = store
        self._author = author
        self._mailing = mailing
        self._policy = policy
        self._peers = peers
        self._replay = replay
        self._behaviour = behaviour
        self._field_view = field_view
        self._forecasts = forecasts
        self._now = now
        self._broker_now = broker_now
        self._nameplate_extension = nameplate_extension
        self.reports = PeerReports()
        self.counts = Counts()

    def read(self, delivery: Delivery, *, again: bool = False) -> Received:
        """Decode a delivery; never raises for what a sender can send.

        Args:
            delivery: as received.
            again: it was read before, and is not counted once more.
        """
        decoded = self._decode(delivery)
        if not again:
            self._count(decoded)
        digest = hashlib.sha256(delivery.body).digest()
        nonce = nonce_of(decoded) if isinstance(decoded, Envelope) else None
        sender = _sender_of(decoded)
        return Received(
            delivery=delivery, decoded=decoded, key=_key_of(decoded), digest=digest, sender=sender, nonce=nonce
        )

    def _decode(self, delivery: Delivery) -> Envelope | Refusal:
        try:
            return self._codec.decode(delivery.body, is_text=delivery.is_text)
        except Exception:  # noqa: BLE001 a fault of ours must not stop the messages behind: logged, answered, put aside
            _log.exception("message not read", address=delivery.address, bytes=len(delivery.body))
            details = "an internal fault while reading; the message was put aside, the fault is in the responder's log"
            return Refusal(error=MalformedMessage(Violation(rule="FAULT", details=details), code="5.3"))

    def serve(self, received: Received, draft: LedgerDraft) -> Served:
        """Carry out what the message asks for on *draft*, or refuse it and leave *draft* as it is.

        Where a fault of ours prevents it nothing is said of it yet: whoever calls tries it again, or gives it up.

        Raises:
            StoreError: the store cannot say whether the message was seen before.
        """
        start = draft.savepoint()
        try:
            return self._serve(received, draft)
        except MessageError as error:
            draft.rollback_to(start)
            return self._refuse(received, error.with_traceback(None))  # its frames hold the whole message
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 a fault of ours must not stop the messages behind
            draft.rollback_to(start)
            outline = received.decoded.outline
            _log.exception(
                "message not handled",
                address=received.delivery.address,
                message_id=outline and outline.message_id,
            )
            return Served(fault=f"{type(error).__name__}: {error}")

    def _serve(self, received: Received, draft: LedgerDraft) -> Served:
        decoded = received.decoded
        if isinstance(decoded, Refusal):
            raise decoded.error
        check_properties(decoded, received.delivery.properties)
        match decoded.archetype:
            case Archetype.REQUEST:
                return self._serve_request(received, decoded, draft)
            case Archetype.EVENT:
                return self._serve_event(received, decoded, draft)
            case _:
                return self._stray(received)

    def _desk(self, draft: LedgerDraft, options: Options) -> Desk:
        return Desk(
            groups=draft.groups,
            dispatches=draft.dispatches,
            switches=draft.switches,
            behaviour=self._behaviour,
            field=self._field_view(),
            forecasts=self._forecasts,
            reports=self.reports,
            options=options,
            nameplate_extension=self._nameplate_extension,
        )

    def _stray(self, received: Received) -> Served:
        _log.warning("reply that nobody waits for", correlation_id=received.delivery.correlation_id)
        reason = "a reply that nobody here waits for"
        return Served(
            outbox=(self._mailing.invalid(received.delivery, code="2.15", rule="STRAY-REPLY", reason=reason),)
        )

    def give_up(self, received: Received, fault: str, trouble: Trouble) -> Served:
        """A fault of ours does not go away: the sender is told, a copy of the message put aside.

        Args:
            received: what could not be handled.
            fault: as `serve` told it; for the operator, not for the sender.
            trouble: how often it was tried.
        """
        outline = received.decoded.outline
        details = "an internal fault; the message was put aside, the fault is in the log of the responder"
        self._count_refusals(["5.3"])
        aside = self._mailing.dead_letter(received.delivery, code="5.3", rule="FAULT", reason=fault, trouble=trouble)
        answer: tuple[OutboxEntry, ...] = ()
        if outline is not None and self._is_answered(outline):
            reply = self._author.refusal(outline, [entry("5.3", details)])
            answer = self._told(received, reply, cause=received.key)
        return Served(record=self._record(received, failed=True), outbox=(*answer, aside))

    def put_aside(self, delivery: Delivery, trouble: Trouble) -> Served:
        """What ended this process each time that it was begun is not begun, nor read, once more.

        Args:
            delivery: what came again.
            trouble: how often it was begun.
        """
        _log.error("message put aside: the process ended whenever it was begun", address=delivery.address)
        details = f"it was begun {trouble.attempts} times, and the process ended each time; it was put aside"
        self._count_refusals(["5.3"])
        aside = self._mailing.dead_letter(delivery, code="5.3", rule="CRASH", reason=details, trouble=trouble)
        fault = MalformedMessage(Violation(rule="CRASH", details=details), code="5.3")
        return Served(outbox=(*self._mailing.answer(delivery, self._author.fault(fault)), aside))

    # -- requests --------------------------------------------------------------------------------------------------

    def _serve_request(self, received: Received, message: Envelope, draft: LedgerDraft) -> Served:
        known = self._known(received)
        if known is not None:
            return known
        if self._comes_too_late(received, message):
            return Served()
        self._policy.check(message)
        nonce = self._replay.admit(message, received.digest)
        handler = self._router.handler_for(message)
        options = read_options(message)
        outcome = handler(message, self._desk(draft, options))
        if options.note:
            outcome = replace(outcome, notes=(*outcome.notes, options.note))
        reply = self._author.reply(
            message.outline, self._reply_of(outcome), outcome.payload, _next_page(outcome, message.outline)
        )
        answer = self._answer(received, message, reply)
        self._check_in_time(message)
        events = tuple(self._mailing.event(event, received.key) for event in outcome.events)
        self._count_refusals(error.code for error in outcome.errors)
        return Served(record=self._record(received), nonce=nonce, outbox=(*answer, *events))

    def _comes_too_late(self, received: Received, message: Envelope) -> bool:
        """True for a get that nobody waits for any more, which is passed over.

        Raises:
            UnsupportedMessage: 4.1, a command that nobody wants carried out any more.
        """
        deadlines = ((received.delivery.expires_at, self._broker_now), (deadline_of(message), self._now))
        late_s = max(((now() - at).total_seconds() for at, now in deadlines if at is not None), default=-1.0)
        if late_s < 0:
            return False
        if _is_get(message):
            _log.info("get came too late", message_id=message.outline.message_id, late_s=late_s)
            return True
        details = f"it expired {late_s:.1f} s before its turn, and nothing was done: send it anew if it still holds"
        raise UnsupportedMessage(Violation(rule="EXPIRED", details=details), code="4.1")

    def _check_in_time(self, message: Envelope) -> None:
        """Return if the request, which was begun in time, was also carried out in it.

        Raises:
            UnsupportedMessage: 4.1, it took too long, and what was done is not to stand.
        """
        deadline = deadline_of(message)
        late_s = (self._now() - deadline).total_seconds() if deadline else -1.0
        if late_s > 0:
            details = f"it took {late_s:.1f} s longer than its {MAX_EXECUTION_TIME} allows, and nothing was done"
            details += ": allow it more time, or ask for less"
            raise UnsupportedMessage(Violation(rule="OUT-OF-TIME", details=details), code="4.1")

    def _answer(self, received: Received, message: Envelope, reply: Envelope) -> tuple[OutboxEntry, ...]:
        """*reply*, to where the request wants it; where that is elsewhere, a receipt to who sent it goes before."""
        delivery, key = received.delivery, received.key
        peer = self._peers.of(message.outline.source)
        later = self._policy.later_address(message)
        if later is None:
            return self._mailing.answer(delivery, reply, peer=peer, cause=key, persistent=not _is_get(message))
        receipt = self._author.reply(message.outline, Reply(result=Result.OK, errors=(entry("0.3"),)))
        return (
            *self._mailing.answer(delivery, receipt, peer=peer, cause=key),
            *self._mailing.later_answer(delivery, later, reply, peer=peer, cause=key),
        )

    def _known(self, received: Received) -> Served | None:
        """The stored reply to a message that was served before; None if it is to be served now.

        Raises:
            UnsupportedMessage: 2.15, another message has this MessageID.
        """
        key = received.key
        record = self._store.recall(key) if key else None
        if key is None or record is None:
            return None
        is_same = record.digest == received.digest
        if record.failed or self._behaviour.resend is Resend.EXECUTE_AGAIN:  # what failed has done nothing
            delivery = received.delivery
            if not (is_same and delivery.redelivered and delivery.transport_id == record.transport_id):
                return None
        if not is_same:
            _log.warning(
                "MessageID used twice for different messages",
                security=True,
                message_id=key.message_id,
                source=key.source,
            )
            details = f"MessageID {key.message_id!r} was used before for another message: give each its own"
            raise UnsupportedMessage(Violation(rule="CONFLICT", details=details), code="2.15")
        _log.info("message seen before, answered from the store", message_id=key.message_id, source=key.source)
        return Served(outbox=tuple(self._again(entry, received) for entry in self._store.replies_to(key)))

    def _again(self, stored: OutboxEntry, received: Received) -> OutboxEntry:
        """A stored reply once more, the same in every byte, to where it is wanted now.

        One that was wanted elsewhere goes there: the bytes that say where are the same, too.
        """
        delivery, destination = received.delivery, stored.message.destination
        message = replace(
            stored.message,
            destination=(delivery.reply_to or destination) if isinstance(destination, ReplyTo) else destination,
            correlation_id=delivery.correlation_id or delivery.transport_id or stored.message.correlation_id,
        )
        return OutboxEntry(message=message, is_reply=False)

    def _record(self, received: Received, *, failed: bool = False) -> InboxRecord | None:
        if received.key is None:
            return None
        return InboxRecord(
            key=received.key,
            digest=received.digest,
            received_at=self._now(),
            transport_id=received.delivery.transport_id,
            failed=failed,
        )

    def _reply_of(self, outcome: Outcome) -> Reply:
        errors = tuple(entry_of(error) for error in outcome.errors)
        if not errors:
            result = Result.OK
            if self._behaviour.no_error_code_on_ok:
                errors = (ErrorEntry(code="0.0", level=entry("0.0").level, details="; ".join(outcome.notes) or None),)
            elif outcome.notes:
                errors = (entry("0.0", "; ".join(outcome.notes)),)
        elif not outcome.done or self._behaviour.partial_result is PartialResult.FAILED:
            result = Result.FAILED
        else:
            result = Result.PARTIAL
            errors = tuple(replace(error, level=Level.WARNING) for error in errors)  # the rest was done
            if outcome.says_nothing_follows:
                errors = (*errors, entry("0.2", "; ".join(outcome.notes) or None))
        return Reply(
            result=result,
            errors=errors,
            ids=outcome.ids,
            name_plates=outcome.name_plates,
            operation_id=outcome.operation_id,
        )

    # -- events ----------------------------------------------------------------------------------------------------

    def _serve_event(self, received: Received, message: Envelope, draft: LedgerDraft) -> Served:
        header = message.header
        assert header is not None
        if header.source == self._author.source:
            return Served()  # our own, come back from a topic that we listen to
        known = self._known(received)
        if known is not None:
            return known
        self._policy.check_event(message)
        nonce = self._replay.admit(message, received.digest)
        delivery = received.delivery
        handler = self._router.handler_for(message)
        outcome = handler(message, self._desk(draft, Options()))
        aside: tuple[OutboxEntry, ...] = ()
        for error in outcome.errors:
            _log.warning("event not taken in", source=header.source, code=error.code, details=error.details)
        if outcome.errors and not outcome.done:
            first = outcome.errors[0]
            aside = (self._mailing.invalid(delivery, code=first.code, rule="EVENT", reason=first.details),)
        record = self._record(received, failed=bool(aside))
        events = tuple(self._mailing.event(event, received.key) for event in outcome.events)
        if not self._is_acknowledged(message.outline):
            return Served(record=record, nonce=nonce, outbox=(*aside, *events))
        reply = self._reply_of(outcome)
        if reply.result is Result.OK:
            reply = replace(reply, errors=(entry("0.3"),))
        answer = self._told(received, self._author.reply(message.outline, reply), cause=received.key)
        if not answer:
            _log.warning("event asks for an acknowledgement and says not where to", source=header.source)
        return Served(record=record, nonce=nonce, outbox=(*answer, *aside, *events))

    def _is_acknowledged(self, outline: Outline) -> bool:
        if self._behaviour.event_acknowledgement is EventAcknowledgement.WITH_REPLY_TO:
            return True
        return outline.ack_required

    def _is_answered(self, outline: Outline) -> bool:
        """Requests are, events where they ask for it, replies never."""
        if outline.archetype is Archetype.EVENT:
            return self._is_acknowledged(outline)
        return outline.archetype is Archetype.REQUEST

    # -- refusals --------------------------------------------------------------------------------------------------

    def _refuse(self, received: Received, error: MessageError) -> Served:
        """Answer in the sender's terms, with a fault where it has no readable header, and never a reply with a reply.

        What nobody can be told of goes to the invalid-message queue, and so does what has no readable header. Nothing
        is remembered of it: it has done nothing, and whoever mends it may send it with the same MessageID.
        """
        delivery, outline = received.delivery, received.decoded.outline
        self._count_refusals([error.code])
        _log.warning(
            "message refused",
            code=error.code,
            rule=error.rule,
            details=str(error),
            address=delivery.address,
            message_id=outline.message_id if outline else None,
            source=outline.source if outline else None,
        )
        aside = self._mailing.invalid(delivery, code=error.code, rule=error.rule, reason=str(error))
        if outline is None:
            return Served(outbox=(*self._fault(delivery, error, received.decoded.archetype), aside), refusal=error)
        reply = self._author.refusal(outline, entries_of_message_error(error))
        answer = self._told(received, reply) if self._is_answered(outline) else ()
        if answer and outline.archetype is Archetype.REQUEST:
            return Served(outbox=answer, refusal=error)
        return Served(outbox=(*answer, aside), refusal=error)

    def _told(self, received: Received, reply: Envelope, cause: InboxKey | None = None) -> tuple[OutboxEntry, ...]:
        """*reply*, to who sent the message; one that wants its answer elsewhere and nothing before is told there."""
        delivery, message = received.delivery, received.decoded
        outline = message.outline
        peer = self._peers.of(outline.source if outline else None)
        answer = self._mailing.answer(delivery, reply, peer=peer, cause=cause)
        if answer or not isinstance(message, Envelope):
            return answer
        try:
            is_event = message.archetype is Archetype.EVENT
            later = self._policy.receipt_address(message) if is_event else self._policy.later_address(message)
        except MessageError:
            return ()  # it may not be told there, which may be what it is refused for
        return self._mailing.later_answer(delivery, later, reply, peer=peer, cause=cause) if later else ()

    def _fault(self, delivery: Delivery, error: MessageError, archetype: Archetype | None) -> tuple[OutboxEntry, ...]:
        """A fault for what may have been a request; replies and events are not answered with one."""
        if archetype not in {None, Archetype.REQUEST}:
            return ()
        return self._mailing.answer(delivery, self._author.fault(error))

    # -- counts ----------------------------------------------------------------------------------------------------

    def _count(self, decoded: Envelope | Refusal) -> None:
        outline = decoded.outline
        self.counts.messages[outline.archetype.value if outline else "malformed"] += 1
        for repair in decoded.repairs:
            peer = (outline.source if outline else None) or "unknown"
            self.counts.repairs[f"{repair.name} {peer[:64]}"] += 1
            _log.info("repaired on reading", repair=repair.name, details=repair.details, source=peer)

    def _count_refusals(self, codes: Iterable[str]) -> None:
        self.counts.refusals.update(codes)


def _sender_of(decoded: Envelope | Refusal) -> str | None:
    header = decoded.header if isinstance(decoded, Envelope) else None
    if header is None or decoded.archetype not in {Archetype.REQUEST, Archetype.EVENT}:
        return None
    return header.source or ""


def _next_page(outcome: Outcome, outline: Outline) -> tuple[Property, ...]:
    """What the answer's header says of how to go on; nothing where there is no more."""
    if outcome.last is None:
        return ()
    return (Property(name=CURSOR, value=cursor_after(outcome.last, outline.noun)),)


def _is_get(message: Envelope) -> bool:
    return message.header is not None and message.header.verb is Verb.GET


def _key_of(decoded: Envelope | Refusal) -> InboxKey | None:
    """The identity of a request or event that may change something."""
    header = decoded.header if isinstance(decoded, Envelope) else None
    if header is None or decoded.archetype not in {Archetype.REQUEST, Archetype.EVENT}:
        return None
    if header.verb is Verb.GET or not (header.message_id or "").strip():
        return None
    return InboxKey(source=header.source or "", message_id=header.message_id or "")
