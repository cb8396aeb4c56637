"""Carries out what is ordered: set-points at their time, switches, and the states of orders as time goes by.

It works on the consumer's thread, between batches, and never waits for a device: what is to be told is committed, then
given to the commander's workers, and what came of it is taken in at a later tick.

::

    tick: answers of devices, switches that are due, states of orders ► commit ► jobs for the workers
          a plan, when something changed or a second is over          ► commit ► jobs for the workers

After a restart the ledger and the settings are those of the store: an order goes on in the interval that it is in, and
a device that already holds what it shall is not told again.

Source: "intent, command, read-back" of the project's reliability reference, use cases 11 and 14; house choices: ADR 23
and ADR 24.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from dermsbus.commander import Commander, SettingResult, SwitchJob, SwitchResult, Word
from dermsbus.dispatch import Event, FieldView
from dermsbus.domain.controls import ControlKind, EndDeviceEvent
from dermsbus.domain.device_settings import SettingChange
from dermsbus.domain.dispatch_book import ActiveOrder
from dermsbus.domain.fleet_state import Roster, roster
from dermsbus.domain.ledger import Ledger, LedgerDraft
from dermsbus.domain.model import EndDevice, EndDeviceGroup
from dermsbus.domain.planning import GroupOrders, Planner, Share
from dermsbus.domain.quantities import ParameterKind
from dermsbus.domain.switching import SwitchDraft, SwitchOrder, SwitchState, failure_of, success_of
from dermsbus.holdings import Holdings, Update
from dermsbus.messages.envelope import EndDeviceEvents, Noun, Payload, Verb

__all__ = ["Executor", "Keep"]

_log = structlog.get_logger(__name__)
_CHECK_S: Final = 1.0
_MOST_REASON_CHARS: Final = 1000

Keep = Callable[[LedgerDraft | None, Sequence[SettingChange], Sequence[Event]], None]
"""Commits a draft, settings and events; raises StoreError where nothing of it has happened."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _KnownRoster:
    """The devices of a group as they were found.

    Attributes:
        group: whose they are.
        roster: the devices.
        is_plain: each member is a device of the catalogue: they stay the same as long as the group does.
        adoptions: the state of the ledger in which they were found.
    """

    group: EndDeviceGroup
    roster: Roster
    is_plain: bool
    adoptions: int


class Executor:
    """Carries out one DERMS's orders. Used by the consumer's thread alone.

    Args:
        ledger: what is ordered.
        view: what is known of the devices; None before every device was asked once, for who is only not known yet must
            not be planned without.
        planner: splits orders among devices.
        holdings: what devices were told.
        commander: tells them.
        keep: commits.
        now: aware.
        clock_s: a clock that never goes back, for the time between two plans.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        view: Callable[[], FieldView | None],
        planner: Planner,
        holdings: Holdings,
        commander: Commander,
        keep: Keep,
        now: Callable[[], datetime],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._view = view
        self._planner = planner
        self._holdings = holdings
        self._commander = commander
        self._keep = keep
        self._now = now
        self._clock_s = clock_s
        self._answers: list[SettingResult | SwitchResult] = []
        self._given: set[str] = set()  # switch orders that a worker of this run has
        self._adoptions = -1
        self._has_begun = False
        self._looked_at: datetime | None = None
        self._switch_at: datetime | None = None
        self._change_at: datetime | None = None
        self._planned_s = -math.inf
        self._rosters: dict[str, _KnownRoster] = {}
        self._short: set[str] = set()

    def tick(self) -> None:
        """Do what is due.

        Raises:
            StoreError: what is not yet committed was not done; the next tick tries again.
        """
        now = self._now()
        self._answers.extend(self._commander.collect())
        is_new = self._look_at_ledger(now)
        is_due = not self._has_begun or any(at is not None and at <= now for at in (self._switch_at, self._change_at))
        if self._answers or is_due:
            self._settle(now, is_due=is_due)
        view = self._view()
        if view is not None and (is_new or is_due or self._clock_s() - self._planned_s >= _CHECK_S):
            self._plan(now)

    def _look_at_ledger(self, now: datetime) -> bool:
        """Note when something is due, if the ledger is another than it was, or it is earlier; True if so."""
        was_put_back = self._looked_at is not None and now < self._looked_at
        self._looked_at = now
        if self._ledger.dispatches.adoptions == self._adoptions and not was_put_back:
            return False
        self._adoptions = self._ledger.dispatches.adoptions
        self._given &= {order.order_id for order in self._ledger.switches}
        forgotten = any(
            order.state is SwitchState.GIVEN and order.order_id not in self._given for order in self._ledger.switches
        )
        self._switch_at = now if forgotten else self._ledger.switches.next_due_at()
        step = timedelta(seconds=self._planner.rules.step_s)
        self._change_at = self._ledger.dispatches.next_change_after(now, line_step=step)
        return True

    # -- answers, switches, states ---------------------------------------------------------------------------------

    def _settle(self, now: datetime, *, is_due: bool) -> None:
        """Take in what devices said; if it is time, give switch orders and bring the states of orders to now."""
        draft = self._ledger.draft(now)
        events = list(self._told(draft.switches))
        jobs: list[SwitchJob] = []
        if is_due:
            for order in self._due(draft.switches, now):
                if failures := list(self._why_not(order, draft.switches, now)):
                    events.extend(failures)
                else:
                    draft.switches.give(order)
                    jobs.append(self._switch_job(order))
            draft.dispatches.advance()
        learnt = self._holdings.learn([each for each in self._answers if isinstance(each, SettingResult)], now)
        self._keep(draft, learnt.changes, events)
        self._answers = []
        self._given.update(job.order_id for job in jobs)
        self._commander.give((*jobs, *self._holdings.take_over(learnt)))
        self._has_begun = True
        if is_due:
            self._adoptions = -1  # the time has gone on, if nothing else
        self._look_at_ledger(now)

    def _due(self, switches: SwitchDraft, now: datetime) -> Iterator[SwitchOrder]:
        """Orders that no worker has, and whose time has come; who takes one may end others by that."""
        for order_id in [each.order_id for each in switches if not each.is_waiting or each.starts_at <= now]:
            order = switches.get(order_id)
            if order is not None and order_id not in self._given:
                yield order

    def _told(self, switches: SwitchDraft) -> Iterator[Event]:
        """What came of switch orders, which are over with that."""
        for result in self._answers:
            order = switches.finish(result.order_id) if isinstance(result, SwitchResult) else None
            if order is None or not isinstance(result, SwitchResult):
                continue
            if result.word is Word.HOLDS:
                yield _outcome(order, success_of(order, at=result.at))
            else:
                _log.error(
                    "switch order failed", order=order.kind.value, outcome=result.word.value, reason=result.reason
                )
                yield _outcome(order, failure_of(order, at=result.at, reason=_readable(result.reason)))

    def _why_not(self, order: SwitchOrder, switches: SwitchDraft, now: datetime) -> Iterator[Event]:
        """What is told of an order that cannot be given, which is over with that; nothing of one that can.

        One that was never given leaves nothing to go back from: the order back goes with it.
        """
        if self._place(order.device) is None:
            reason = "the device is not in the catalogue: nothing is known of the way to it"
        elif order.ends_at is not None and order.ends_at <= now:
            late = f"its time was over at {order.ends_at.isoformat()}, before the device could be told"
            reason = late if order.is_waiting else f"{late} again: whether it was done before is not known"
        else:
            return
        back = switches.return_of(order) if order.is_waiting else None
        for each, why in ((order, reason), (back, "the order that it goes back from was not given")):
            if each is not None:
                switches.finish(each.order_id)
                _log.error("switch order not given", order=each.kind.value, reason=why)
                yield _outcome(each, failure_of(each, at=now, reason=why))

    def _switch_job(self, order: SwitchOrder) -> SwitchJob:
        place = self._place(order.device)
        assert place is not None, "looked for before it is given"
        return SwitchJob(
            device=self._planner.state.fleet.devices[place],
            order_id=order.order_id,
            connect=order.kind is ControlKind.CONNECT,
            ends_at=order.ends_at,
            is_sure=order.is_waiting,  # else an earlier run may have told it
        )

    def _place(self, device: EndDevice) -> int | None:
        places = self._planner.state.fleet.places
        if device.mrid is not None:
            return places.get(device.mrid)
        return next((places[name.name] for name in device.names if name.name in places), None)

    # -- set-points ------------------------------------------------------------------------------------------------

    def _plan(self, now: datetime) -> None:
        """Have devices hold what is ordered now; those that did not answer are told again."""
        self._planned_s = self._clock_s()
        orders = self._ledger.dispatches.active_orders(now)
        if not orders and not self._holdings:
            return
        shares = self._planner.plan(
            self._group_orders(orders.items()),
            now,
            held=self._holdings.settings,
            unfit=self._holdings.unfit(now),
        )
        self._say(shares)
        answers = self._answers_now(now)
        self._tell(self._holdings.follow(shares, now, answers))
        self._tell(self._holdings.remind(now, answers))

    def _answers_now(self, now: datetime) -> Callable[[str], bool]:
        """Tells whether the device with an mRID can be reached."""
        places, answering = self._planner.state.fleet.places, self._planner.answering(now).tolist()

        def answers(mrid: str) -> bool:
            place = places.get(mrid)
            return place is not None and bool(answering[place])

        return answers

    def _tell(self, update: Update) -> None:
        self._keep(None, update.changes, ())
        self._commander.give(self._holdings.take_over(update))

    def _group_orders(self, orders: Iterable[tuple[tuple[str, ParameterKind], ActiveOrder]]) -> Iterator[GroupOrders]:
        by_group: dict[str, dict[ParameterKind, ActiveOrder]] = {}
        for (mrid, kind), order in orders:
            by_group.setdefault(mrid, {})[kind] = order
        for mrid, of_group in by_group.items():
            group = self._ledger.groups.get(mrid)
            if group is not None:
                yield GroupOrders(mrid=mrid, roster=self._roster(mrid, group), orders=of_group)

    def _roster(self, mrid: str, group: EndDeviceGroup) -> Roster:
        """The devices of a group, found anew where it is another, or where others than its own devices make it up."""
        known, adoptions = self._rosters.get(mrid), self._ledger.dispatches.adoptions
        if known is None or known.group is not group or not (known.is_plain or known.adoptions == adoptions):
            found = roster(group, self._planner.state.fleet, self._ledger.groups.get)
            is_plain = all(self._place(member) is not None for member in group.end_devices)
            known = _KnownRoster(group=group, roster=found, is_plain=is_plain, adoptions=adoptions)
            self._rosters[mrid] = known
        return known.roster

    def _say(self, shares: Sequence[Share]) -> None:
        """Say in the log which orders fall short now, once for each time that they do."""
        short = {share.dispatch_mrid for share in shares if abs(share.shortfall) >= 1.0}
        for share in shares:
            if share.dispatch_mrid in short - self._short:
                _log.warning(
                    "order cannot be met",
                    dispatch=share.dispatch_mrid,
                    group=share.key[0],
                    parameter=share.key[1].value,
                    target=share.target,
                    shortfall=share.shortfall,
                )
        self._short = short


def _outcome(order: SwitchOrder, event: EndDeviceEvent) -> Event:
    return Event(
        verb=Verb.CREATED,
        noun=Noun.END_DEVICE_EVENTS,
        payload=Payload(content=EndDeviceEvents(events=(event,))),
        correlation_id=order.correlation_id,
    )


def _readable(text: str) -> str:
    """What a device or its adapter said, without what no message can carry."""
    return "".join(each if each.isprintable() else " " for each in text[:_MOST_REASON_CHARS])
