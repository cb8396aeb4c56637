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
from dermsbus.mailing import Mailing
from dermsbus.messages.answers import Author, entries_of_message_error, entry, entry_of
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Archetype, Envelope, ErrorEntry, Outline, Refusal, Reply, Result, Verb
from dermsbus.messages.policy import Policy
from dermsbus.messages.properties import check_properties
from dermsbus.reply_codes import Level
from dermsbus.store.base import InboxKey, InboxRecord, OutboxEntry, Store
from dermsbus.transports.base import Delivery

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
    """

    delivery: Delivery
    decoded: Envelope | Refusal
    key: InboxKey | None
    digest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What serving a message leaves to be committed."""

    record: InboxRecord | None = None
    outbox: tuple[OutboxEntry, ...] = ()


class Service:
    """Serves one message after the other."""

    def __init__(
        self,
        *,
        codec: Codec,
        router: Router,
        store: Store,
        author: Author,
        mailing: Mailing,
        policy: Policy,
        behaviour: Behaviour,
        field_view: Callable[[], FieldView],
        forecasts: Forecasts,
        now: Callable[[], datetime],
        nameplate_extension: bool = False,
    ) -> None:
        self._codec = codec
        self._router = router
        self._store = store
        self._author = author
        self._mailing = mailing
        self._policy = policy
        self._behaviour = behaviour
        self._field_view = field_view
        self._forecasts = forecasts
        self._now = now
        self._nameplate_extension = nameplate_extension
        self.reports = PeerReports()
        self.counts = Counts()

    def read(self, delivery: Delivery) -> Received:
        """Decode a delivery; never raises for what a sender can send."""
        decoded = self._decode(delivery)
        self._count(decoded)
        digest = hashlib.sha256(delivery.body).digest()
        return Received(delivery=delivery, decoded=decoded, key=_key_of(decoded), digest=digest)

    def _decode(self, delivery: Delivery) -> Envelope | Refusal:
        try:
            return self._codec.decode(delivery.body, is_text=delivery.is_text)
        except Exception:  # noqa: BLE001 a fault of ours must not stop the messages behind: logged, answered, put aside
            _log.exception("message not read", address=delivery.address, bytes=len(delivery.body))
            details = "an internal fault while reading; the message was put aside, the fault is in the responder's log"
            return Refusal(error=MalformedMessage(Violation(rule="FAULT", details=details), code="5.3"))

    def serve(self, received: Received, draft: LedgerDraft) -> Served:
        """Carry out what the message asks for on *draft*, or refuse it and leave *draft* as it is.

        Raises:
            StoreError: the store cannot say whether the message was seen before.
        """
        start = draft.savepoint()
        try:
            return self._serve(received, draft)
        except MessageError as error:
            draft.rollback_to(start)
            return self._refuse(received, error)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 a fault of ours must not stop the messages behind: logged, answered, put aside
            draft.rollback_to(start)
            return self._failed(received)

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

    def _desk(self, draft: LedgerDraft) -> Desk:
        return Desk(
            groups=draft.groups,
            dispatches=draft.dispatches,
            switches=draft.switches,
            behaviour=self._behaviour,
            field=self._field_view(),
            forecasts=self._forecasts,
            reports=self.reports,
            nameplate_extension=self._nameplate_extension,
        )

    def _stray(self, received: Received) -> Served:
        _log.warning("reply that nobody waits for", correlation_id=received.delivery.correlation_id)
        reason = "a reply that nobody here waits for"
        return Served(
            outbox=(self._mailing.invalid(received.delivery, code="2.15", rule="STRAY-REPLY", reason=reason),)
        )

    def _failed(self, received: Received) -> Served:
        """A fault of our own: its traceback in the log, the sender told, a copy of the message put aside."""
        delivery, outline = received.delivery, received.decoded.outline
        _log.exception("message not handled", address=delivery.address, message_id=outline and outline.message_id)
        details = "an internal fault; the message was put aside, the fault is in the log of the responder"
        self._count_refusals(["5.3"])
        aside = self._mailing.dead_letter(delivery, code="5.3", rule="FAULT", reason=details)
        answer: tuple[OutboxEntry, ...] = ()
        if outline is not None and self._is_answered(outline):
            reply = self._author.refusal(outline, [entry("5.3", details)])
            answer = self._mailing.answer(delivery, reply, cause=received.key)
        return Served(record=self._record(received), outbox=(*answer, aside))

    # -- requests --------------------------------------------------------------------------------------------------

    def _serve_request(self, received: Received, message: Envelope, draft: LedgerDraft) -> Served:
        known = self._known(received)
        if known is not None:
            return known
        self._policy.check(message)
        handler = self._router.handler_for(message)
        delivery, key = received.delivery, received.key
        outcome = handler(message, self._desk(draft))
        reply = self._author.reply(message.outline, self._reply_of(outcome), outcome.payload)
        is_get = message.header is not None and message.header.verb is Verb.GET
        answer = self._mailing.answer(delivery, reply, cause=key, persistent=not is_get)
        events = tuple(self._mailing.event(event, key) for event in outcome.events)
        self._count_refusals(error.code for error in outcome.errors)
        return Served(record=self._record(received), outbox=(*answer, *events))

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
        if self._behaviour.resend is Resend.EXECUTE_AGAIN:
            delivery = received.delivery
            if not (is_same and delivery.redelivered and delivery.transport_id == record.transport_id):
                return None
        if not is_same:
            _log.warning("MessageID used twice for different messages", message_id=key.message_id, source=key.source)
            details = f"MessageID {key.message_id!r} was used before for another message: give each its own"
            raise UnsupportedMessage(Violation(rule="CONFLICT", details=details), code="2.15")
        _log.info("message seen before, answered from the store", message_id=key.message_id, source=key.source)
        return Served(outbox=tuple(self._again(entry, received) for entry in self._store.replies_to(key)))

    def _again(self, stored: OutboxEntry, received: Received) -> OutboxEntry:
        """A stored reply once more, the same in every byte, to where it is wanted now."""
        delivery = received.delivery
        message = replace(
            stored.message,
            destination=delivery.reply_to or stored.message.destination,
            correlation_id=delivery.correlation_id or delivery.transport_id or stored.message.correlation_id,
        )
        return OutboxEntry(message=message, is_reply=False)

    def _record(self, received: Received) -> InboxRecord | None:
        if received.key is None:
            return None
        return InboxRecord(
            key=received.key,
            digest=received.digest,
            received_at=self._now(),
            transport_id=received.delivery.transport_id,
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
        delivery = received.delivery
        handler = self._router.handler_for(message)
        outcome = handler(message, self._desk(draft))
        aside: tuple[OutboxEntry, ...] = ()
        for error in outcome.errors:
            _log.warning("event not taken in", source=header.source, code=error.code, details=error.details)
        if outcome.errors and not outcome.done:
            first = outcome.errors[0]
            aside = (self._mailing.invalid(delivery, code=first.code, rule="EVENT", reason=first.details),)
        record = self._record(received)
        events = tuple(self._mailing.event(event, received.key) for event in outcome.events)
        if not self._is_acknowledged(message.outline):
            return Served(record=record, outbox=(*aside, *events))
        reply = self._reply_of(outcome)
        if reply.result is Result.OK:
            reply = replace(reply, errors=(entry("0.3"),))
        answer = self._mailing.answer(delivery, self._author.reply(message.outline, reply), cause=received.key)
        if not answer:
            _log.warning("event asks for an acknowledgement and says not where to", source=header.source)
        return Served(record=record, outbox=(*answer, *aside, *events))

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
            return Served(outbox=(*self._fault(delivery, error, received.decoded.archetype), aside))
        reply = self._author.refusal(outline, entries_of_message_error(error))
        answer = self._mailing.answer(delivery, reply) if self._is_answered(outline) else ()
        if answer and outline.archetype is Archetype.REQUEST:
            return Served(outbox=answer)
        return Served(outbox=(*answer, aside))

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


def _key_of(decoded: Envelope | Refusal) -> InboxKey | None:
    """The identity of a request or event that may change something."""
    header = decoded.header if isinstance(decoded, Envelope) else None
    if header is None or decoded.archetype not in {Archetype.REQUEST, Archetype.EVENT}:
        return None
    if header.verb is Verb.GET or not header.message_id:
        return None
    return InboxKey(source=header.source or "", message_id=header.message_id)
