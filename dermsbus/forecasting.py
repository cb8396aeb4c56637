"""What devices did, what follows from it for the groups of one DERMS, and whether that is right.

All devices are looked at once a minute. When a quarter of an hour is over, it is written beside the store, what was
expected of it is held to what came, and what is expected of the next quarters is put down: that says how sure a
forecast is. All by the time of the field's view, which may run faster than real time.

Used by the consumer's thread alone, like all that handlers read; the score may be read by others.

Source: use cases 9 and 10 of the project's reference tables; house choice, ADR 16.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import numpy as np
import structlog

from dermsbus.dispatch import FieldView
from dermsbus.domain.clear_sky import Site
from dermsbus.domain.dispatch_book import DispatchBook
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.fleet_state import FindGroup, MemberStates, Roster, roster
from dermsbus.domain.forecast import Coverage, Forecaster, Ordered
from dermsbus.domain.history import QUARTER_S, QuarterMeans
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.quantities import GroupForecast, ParameterKind, ScheduleRequest
from dermsbus.domain.registry import GroupRegistry
from dermsbus.domain.track_record import TrackRecord, lookout
from dermsbus.errors import StoreError
from dermsbus.store.history_file import HistoryFile

__all__ = ["Forecasting"]

_log = structlog.get_logger(__name__)
_OBSERVE: Final = timedelta(minutes=1)
_QUARTER: Final = timedelta(seconds=QUARTER_S)
_LONGEST_S: Final = 0.05
"""So long a tick may put down what is expected; the next one goes on with it, and requests are served in between."""


def _random_mrid() -> str:
    return str(uuid4())


class Forecasting:
    """Makes the forecasts that are asked for, and those that are pushed.

    Args:
        fleet: the catalogue.
        site: where the devices are.
        groups: whose forecasts are held to what comes.
        book: what is ordered.
        view: what is known of the devices now.
        file: where the history is kept; None where a restart forgets it.
        new_mrid: gives mRIDs of forecasts.
        clock_s: a clock that never goes back.
    """

    def __init__(
        self,
        fleet: Fleet,
        site: Site,
        *,
        groups: GroupRegistry,
        book: DispatchBook,
        view: Callable[[], FieldView],
        file: HistoryFile | None = None,
        new_mrid: Callable[[], str] = _random_mrid,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._forecaster = Forecaster(fleet, site)
        self._everything = Roster(places=np.arange(len(fleet)), unknown=0)
        self._groups = groups
        self._book = book
        self._view = view
        self._file = file
        self._new_mrid = new_mrid
        self._clock_s = clock_s
        self._observed_at: datetime | None = None
        self._record = TrackRecord()
        self._told_points = 0
        self._to_expect: deque[str] = deque()
        if file is not None:
            file.restore(self._forecaster.history, view().now)

    @property
    def coverage(self) -> Coverage:
        """How often what came lay within what was expected, since the start."""
        return self._record.total

    def observe(self) -> None:
        """Look at all devices if it is time to, and go on with what is to be put down of groups."""
        view = self._view()
        if self._observed_at is None or not timedelta() <= view.now - self._observed_at < _OBSERVE:
            is_first, self._observed_at = self._observed_at is None, view.now
            closed = self._forecaster.observe(self._members(self._everything, view), view.now)
            if closed is not None:
                self._settle(closed)
                self._keep(closed)
            if closed is not None or is_first:
                self._to_expect = deque(group.mrid or "" for group in self._groups)
        self._expect(view)

    def close(self) -> None:
        """Write down the quarter that is going on and let go of the file; call it when nothing is observed any more."""
        closed = self._forecaster.history.close()
        if closed is not None:
            self._keep(closed)
        if self._file is not None:
            self._file.close()

    def of(
        self,
        group: EndDeviceGroup,
        parameters: Sequence[ParameterKind],
        schedules: Sequence[ScheduleRequest],
        find_group: FindGroup,
    ) -> GroupForecast | None:
        """What is expected of *group*, with what is ordered of it; None if nothing can be told.

        Args:
            group: as in the registry.
            parameters: one or more; what the group's functions lack is left out.
            schedules: one or more.
            find_group: gives the groups that are members of groups.

        Raises:
            RuleViolation: a schedule ends beyond the year 9999.
        """
        view = self._view()
        members = self._members(roster(group, view.state.fleet, find_group), view)
        return self._forecast(group, members, parameters, schedules, view.now)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _forecast(
        self,
        group: EndDeviceGroup,
        members: MemberStates,
        parameters: Iterable[ParameterKind],
        schedules: Sequence[ScheduleRequest],
        now: datetime,
    ) -> GroupForecast | None:
        mrid = group.mrid or ""
        return self._forecaster.forecast(
            group,
            members,
            parameters,
            schedules,
            now=now,
            ordered=self._ordered_of(mrid),
            mrid=self._new_mrid(),
            confidence_percent=self._record.confidence_percent(mrid),
        )

    @staticmethod
    def _members(of: Roster, view: FieldView) -> MemberStates:
        return view.state.members(of, view.now, stale_after_s=view.stale_after_s)

    def _ordered_of(self, mrid: str) -> Ordered:
        def ordered(parameter: ParameterKind, at: datetime) -> float | None:
            order = self._book.active_order(mrid, parameter, at)
            return None if order is None else order.value

        return ordered

    def _expect(self, view: FieldView) -> None:
        until_s = self._clock_s() + _LONGEST_S
        while self._to_expect and self._clock_s() < until_s:
            group = self._groups.get(self._to_expect.popleft())
            if group is None:
                continue
            members = self._members(roster(group, view.state.fleet, self._groups.get), view)
            forecast = self._forecast(group, members, [ParameterKind.ACTIVE_POWER], [lookout(view.now)], view.now)
            if forecast is not None:
                self._record.expect(forecast, members, self._ordered_of(group.mrid or ""))

    def _settle(self, closed: QuarterMeans) -> None:
        self._record.settle(closed, self._ordered_of)
        self._record.forget_all_but({group.mrid or "" for group in self._groups})
        score, ends_at = self._record.total, closed.starts_at + _QUARTER
        if score.count > self._told_points and ends_at.minute == 0:
            _log.info(
                "forecasts held to what came",
                until=ends_at.isoformat(),
                points=score.count,
                inside=round(score.share or 0.0, 3),
                pinball_loss_w=round(score.mean_pinball_loss or 0.0, 1),
            )
            self._told_points = score.count

    def _keep(self, closed: QuarterMeans) -> None:
        if self._file is None:
            return
        try:
            self._file.keep(closed, self._forecaster.history)
        except StoreError as error:
            _log.warning("history of devices not written, trying again after the next quarter", reason=str(error))
