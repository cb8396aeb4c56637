"""All that a DERMS keeps, and the draft in which one batch of messages changes it, whole or not at all.

Source: house choice, ADR 23.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dermsbus.domain.dispatch_book import DispatchBook, DispatchDraft
from dermsbus.domain.overlay import Savepoint
from dermsbus.domain.registry import Draft, GroupRegistry
from dermsbus.domain.switching import SwitchBook, SwitchDraft

__all__ = ["Ledger", "LedgerDraft", "LedgerSavepoint"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerSavepoint:
    """A point in a draft that it can be taken back to."""

    groups: Savepoint
    dispatches: Savepoint
    switches: Savepoint


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerDraft:
    """Changes that are not yet the ledger's own.

    Attributes:
        groups: of its registry.
        dispatches: of its dispatches.
        switches: of its switch orders.
    """

    groups: Draft
    dispatches: DispatchDraft
    switches: SwitchDraft

    def savepoint(self) -> LedgerSavepoint:
        """The draft as it is now, to come back to."""
        return LedgerSavepoint(
            groups=self.groups.savepoint(),
            dispatches=self.dispatches.savepoint(),
            switches=self.switches.savepoint(),
        )

    def rollback_to(self, savepoint: LedgerSavepoint) -> None:
        """Undo everything done since *savepoint*."""
        self.groups.rollback_to(savepoint.groups)
        self.dispatches.rollback_to(savepoint.dispatches)
        self.switches.rollback_to(savepoint.switches)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """Groups, what is ordered of them, and the switch orders of their devices. Written by one thread.

    Attributes:
        groups: the registry.
        dispatches: orders over time.
        switches: orders to connect and to disconnect.
    """

    groups: GroupRegistry
    dispatches: DispatchBook
    switches: SwitchBook

    def draft(self, now: datetime) -> LedgerDraft:
        """A new draft over all that there is; it holds until the next one is adopted.

        Args:
            now: aware: the instant at which everything in the draft happens.
        """
        return LedgerDraft(
            groups=self.groups.draft(), dispatches=self.dispatches.draft(now), switches=self.switches.draft(now)
        )

    def adopt(self, draft: LedgerDraft) -> None:
        """Make the changes of *draft* the ledger's own: call it when the store has committed them."""
        self.groups.adopt(draft.groups)
        self.dispatches.adopt(draft.dispatches)
        self.switches.adopt(draft.switches)
