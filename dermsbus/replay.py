"""Messages that somebody else took down and sends again: told by ``Header/ReplayDetection``.

A message says when it was made and bears a number that nobody uses twice. Too old, or made in the future, it is
refused; so is a number that was used before. Used numbers are written down in the transaction of what they were used
for, and survive a restart. Where no more can be remembered, nothing that bears one is acted on.

Without a signature over the whole message, or a channel that nobody else can write to, the element proves nothing.

Source: replay rows of the project's reference tables; what is a copy and what a replay: ADR 26.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NoReturn

import structlog

from dermsbus.domain.behaviour import ReplayCheck
from dermsbus.errors import UnsupportedMessage, Violation
from dermsbus.messages.envelope import Archetype, Envelope, Header, ReplayDetection, Verb
from dermsbus.store.base import NonceRecord, Store

__all__ = ["ReplayGuard", "ReplayRules", "nonce_of"]

_log = structlog.get_logger(__name__)
_SPARE: Final = timedelta(seconds=60)
_LEAST: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayRules:
    """How old a message may be, and how much is remembered.

    Attributes:
        oldest_s: seconds before now at which a message may have been made, more than 0.
        ahead_s: seconds after now at which its clock may say that it was, 0 or more.
        nonces: how many used numbers are remembered at most, 1 or more.
    """

    oldest_s: float = 300.0
    ahead_s: float = 30.0
    nonces: int = 100_000


def nonce_of(message: Envelope) -> bytes | None:
    """What tells the message's number from all others: SHA-256 of it and of whose it is; None if it has none."""
    header = message.header
    if header is None or header.replay_detection is None:
        return None
    parts = (*_whose(header), header.replay_detection.nonce)
    return hashlib.sha256(b"".join(hashlib.sha256(part.encode()).digest() for part in parts)).digest()


def _whose(header: Header) -> tuple[str, str, str]:
    """The user where one is named, else the system: numbers of one are no business of another."""
    user = header.user
    return ("user", user.organization or "", user.user_id) if user else ("source", header.source or "", "")


class ReplayGuard:
    """Says of each message whether it may be acted on, and what is to be remembered of it then.

    Args:
        check: what is asked of messages.
        rules: how old they may be.
        store: remembers the numbers that were used.
        now: tells the time, aware.
    """

    def __init__(self, *, check: ReplayCheck, rules: ReplayRules, store: Store, now: Callable[[], datetime]) -> None:
        self._check = check
        self._rules = rules
        self._store = store
        self._now = now
        self._room = 0  # how many more surely can be remembered; counted when it comes to nothing

    def admit(self, message: Envelope, digest: bytes) -> NonceRecord | None:
        """What to remember with the effect of *message*; None if nothing.

        The same bytes as those that used the number before are the same message once more: what changes something was
        found among the answered ones before it comes here, and what does not may be asked again.

        Args:
            message: a request or an event.
            digest: SHA-256 of it as received.

        Raises:
            UnsupportedMessage: 7.3, it needs a number and has none; 7.7, it is too old, of the future or a replay; 5.1,
                no more numbers can be remembered.
            StoreError: the store cannot say whether the number was used before.
        """
        header, nonce = message.header, nonce_of(message)
        if self._check is ReplayCheck.OFF or header is None:
            return None
        if header.replay_detection is None or nonce is None:
            if self._check is ReplayCheck.REQUIRED and _is_command(message):
                details = "Header/ReplayDetection is missing: whatever may change something needs it here"
                raise UnsupportedMessage(Violation(rule="REPLAY-MISSING", details=details), code="7.3")
            return None
        now = self._now()
        self._check_window(header.replay_detection, now)
        used = self._store.recall_nonce(nonce)
        if used is not None and used.forget_at > now:
            if header.verb is Verb.GET and used.digest == digest:
                return None
            self._refuse(header, "the Nonce was used before: every message needs one of its own")
        self._make_room(now)
        created = header.replay_detection.created.at
        forget_at = max(created + timedelta(seconds=self._rules.oldest_s) + _SPARE, now + _LEAST)
        return NonceRecord(nonce=nonce, digest=digest, forget_at=forget_at)

    def _check_window(self, stated: ReplayDetection, now: datetime) -> None:
        age_s, rules = (now - stated.created.at).total_seconds(), self._rules
        if age_s > rules.oldest_s:
            details = f"stale: Created is {age_s:.0f} s ago, at most {rules.oldest_s:g} s are allowed: send it anew"
        elif -age_s > rules.ahead_s:
            details = (
                f"Created is {-age_s:.0f} s ahead of our clock, at most {rules.ahead_s:g} s are allowed: set yours"
            )
        else:
            return
        raise UnsupportedMessage(Violation(rule="REPLAY-WINDOW", details=details), code="7.7")

    def _refuse(self, header: Header, details: str) -> NoReturn:
        _log.warning("replay refused", security=True, source=header.source, message_id=header.message_id)
        raise UnsupportedMessage(Violation(rule="REPLAY", details=details), code="7.7")

    def _make_room(self, now: datetime) -> None:
        if self._room < 1:
            self._store.forget_nonces(now)
            self._room = self._rules.nonces - self._store.count_nonces()
        if self._room < 1:
            _log.error("no more nonces can be remembered", most=self._rules.nonces)
            details = f"{self._rules.nonces} Nonces are remembered, which is the most: send it again in some minutes"
            raise UnsupportedMessage(Violation(rule="REPLAY-FULL", details=details), code="5.1")
        self._room -= 1


def _is_command(message: Envelope) -> bool:
    return message.archetype is Archetype.REQUEST and message.header is not None and message.header.verb is not Verb.GET
