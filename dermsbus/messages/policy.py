"""What a valid request must satisfy before this system acts on it.

Source: error-code policy, async and context rows of the project's reference tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from dermsbus.domain.behaviour import Tolerance
from dermsbus.errors import SchemaViolation, UnsupportedMessage, Violation
from dermsbus.messages.envelope import Envelope
from dermsbus.messages.peers import Peers
from dermsbus.transports.base import Queue, Topic
from dermsbus.transports.reply_addresses import NOWHERE, ReplyAddresses

__all__ = ["Policy"]

_KNOWN_CONTEXTS: Final = frozenset({"production", "testing", "test", "training", "development", "study", "simulation"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The rules of one system.

    Attributes:
        context: its own, such as ``production``; compared without regard to case.
        peers: from those that are forgiven, a Context that is no context at all, such as a sentence, is passed over.
        reply_addresses: where asynchronous replies may be sent.
        revisions: of message types, as ``Header/Revision`` states them: a message that states another is refused. Empty
            where none was agreed upon.
    """

    context: str
    peers: Peers = field(default_factory=Peers)
    reply_addresses: ReplyAddresses = NOWHERE
    revisions: frozenset[str] = frozenset()

    def check_event(self, message: Envelope) -> None:
        """Return if what another system tells may be taken in.

        Raises:
            UnsupportedMessage: 7.7, it is of another context; 1.9, of another revision.
        """
        self._check_context(message)
        self._check_revision(message)

    def check(self, message: Envelope) -> None:
        """Return if the request may be acted on.

        Raises:
            UnsupportedMessage: 7.7, it is meant for another context, or wants its answer sent elsewhere; 1.9, it is of
                another revision.
            SchemaViolation: 1.5, it asks for an asynchronous reply and does not say where to.
        """
        self._check_context(message)
        self._check_revision(message)
        self.later_address(message)

    def later_address(self, message: Envelope) -> Queue | Topic | None:
        """Where the request wants its answer sent later; None where it wants it at once.

        Raises:
            UnsupportedMessage: 7.7, replies may not be sent there.
            SchemaViolation: 1.5, it does not say where.
        """
        header = message.header
        if header is None or not header.async_reply:
            return None  # ReplyAddress means nothing then; peers fill it with all sorts of things
        text = header.reply_address or ""
        if not text.strip():
            details = "AsyncReplyFlag is true and Header/ReplyAddress is missing"
            raise SchemaViolation(Violation(rule="REPLY-ADDRESS", details=details), code="1.5")
        address = self.reply_addresses.find(text)
        if address is None:
            details = f"ReplyAddress {text[:64]!r} is not among those that replies may be sent to"
            raise UnsupportedMessage(Violation(rule="REPLY-ADDRESS", details=details), code="7.7")
        return address

    def _check_revision(self, message: Envelope) -> None:
        stated = ((message.header.revision if message.header else None) or "").strip()
        if not stated or not self.revisions or stated in self.revisions:
            return
        details = f"Revision {stated[:64]!r} is none that is read here: {', '.join(sorted(self.revisions))}"
        raise UnsupportedMessage(Violation(rule="REVISION", details=details), code="1.9")

    def receipt_address(self, event: Envelope) -> Queue | Topic | None:
        """Where the acknowledgement of an event may be sent that came without a reply-to; None for nowhere.

        An event asks for no later answer, so that an address that replies may not be sent to is no reason to refuse it.
        """
        header = event.header
        text = (header.reply_address if header else None) or ""
        return self.reply_addresses.find(text) if text.strip() else None

    def _check_context(self, message: Envelope) -> None:
        header = message.header
        given = ((header.context if header else None) or "").strip()
        if not given or given.lower() == self.context.lower():
            return
        tolerance = self.peers.of(header.source if header else None).tolerance
        if tolerance is Tolerance.TOLERANT and given.lower() not in _KNOWN_CONTEXTS:
            return
        details = f"Context {given[:64]!r} is not that of this system, {self.context!r}: sent to the wrong system?"
        raise UnsupportedMessage(Violation(rule="CONTEXT", details=details), code="7.7")
