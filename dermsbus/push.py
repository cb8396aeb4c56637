"""Statuses and forecasts that nobody asked for: which groups others are told of now, and that they are told.

The first status of a group is *created*, each later one *changed*. All groups are reported once in each period, and in
between those that moved beyond the dead-band or changed between Online, Degraded and Offline. Forecasts are all
*created*, once in each period of their own.

Source: use cases 8 and 10 of the project's reference tables; period and dead-band: house choice, ADR 19; forecasts:
house choice, ADR 16.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dermsbus.dispatch import Event, FieldView, Forecasts
from dermsbus.domain.aggregation import status_of
from dermsbus.domain.fleet_state import Roster, roster
from dermsbus.domain.forecast import USUAL_PARAMETERS, usual_schedule
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.quantities import GroupForecast, GroupStatus, ParameterStatus, ScheduleRequest
from dermsbus.domain.registry import GroupRegistry
from dermsbus.errors import StoreError
from dermsbus.messages.envelope import DERGroupForecasts, DERGroupStatuses, Noun, Payload, Verb

__all__ = ["ForecastPush", "ForecastPushRules", "PushRules", "StatusPush", "has_moved", "reports_due"]

_LONGEST_S: Final = 0.1
"""So long a tick may make forecasts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PushRules:
    """When statuses are told.

    Attributes:
        period_s: seconds between reports of all groups, more than 0.
        dead_band_percent: a group is told of in between when a parameter has moved by more than so many percent of its
            installed range, or of the value told before where it has no such range (voltage); 0 or more.
    """

    period_s: float = 60.0
    dead_band_percent: float = 2.0


def reports_due(
    statuses: Iterable[GroupStatus], told: Mapping[str, GroupStatus], *, is_period: bool, dead_band_percent: float
) -> Iterator[Event]:
    """One event for each group that others are to be told of now.

    Args:
        statuses: of all groups, as they are.
        told: by the group's mRID, what others were told last.
        is_period: True when all groups are due.
        dead_band_percent: as in `PushRules`.
    """
    for status in statuses:
        last = told.get(status.group.mrid or "")
        if last is None or is_period or has_moved(status, last, dead_band_percent):
            yield Event(
                verb=Verb.CHANGED if last else Verb.CREATED,
                noun=Noun.DER_GROUP_STATUSES,
                payload=Payload(content=DERGroupStatuses(statuses=(status,))),
                persistent=False,
            )


def has_moved(now: GroupStatus, last: GroupStatus, dead_band_percent: float) -> bool:
    """True if the status says something else than *last*: another value, other parameters, or one beyond its band."""
    before = {each.parameter: each for each in last.parameters}
    if now.value != last.value or before.keys() != {each.parameter for each in now.parameters}:
        return True
    return any(_is_beyond(each, before[each.parameter], dead_band_percent) for each in now.parameters)


def _is_beyond(now: ParameterStatus, last: ParameterStatus, dead_band_percent: float) -> bool:
    if now.value is None or last.value is None:
        return now.value is not last.value
    if now.installed_min is None or now.installed_max is None:
        scale = math.fabs(last.value)
    else:
        scale = now.installed_max - now.installed_min
    return math.fabs(now.value - last.value) > scale * dead_band_percent / 100


class StatusPush:
    """Tells others of the groups whose status is due, each time it is ticked. Used by the consumer's thread alone.

    What was told is not kept over a restart: then each group is reported as *created* once more.

    Args:
        registry: whose groups are told of.
        view: what is known of the devices now; None while there is nothing to tell or nobody to tell it to.
        rules: when a group is due.
        announce: sends events; where it raises, they count as not sent.
        clock_s: a clock that never goes back.
    """

    def __init__(
        self,
        registry: GroupRegistry,
        view: Callable[[], FieldView | None],
        rules: PushRules,
        announce: Callable[[Sequence[Event]], None],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._view = view
        self._rules = rules
        self._announce = announce
        self._clock_s = clock_s
        self._next_period_s = clock_s() + rules.period_s
        self._told: dict[str, GroupStatus] = {}
        self._rosters: tuple[tuple[EndDeviceGroup, Roster], ...] = ()

    def tick(self) -> None:
        """Tell what is due.

        Raises:
            StoreError: nobody is sure that it was told; the next tick decides anew.
        """
        view = self._view()
        if view is None:
            return
        is_period = self._clock_s() >= self._next_period_s
        statuses = self._statuses(view)
        band = self._rules.dead_band_percent
        events = tuple(reports_due(statuses, self._told, is_period=is_period, dead_band_percent=band))
        if events:
            self._announce(events)
        told = dict(_told_by(events))
        self._told = {mrid: told.get(mrid) or self._told[mrid] for mrid in map(_mrid_of, statuses)}
        if is_period:
            missed = (self._clock_s() - self._next_period_s) // self._rules.period_s
            self._next_period_s += (missed + 1) * self._rules.period_s

    def _statuses(self, view: FieldView) -> tuple[GroupStatus, ...]:
        groups = tuple(self._registry)
        if groups != tuple(group for group, _ in self._rosters):
            find = self._registry.get
            self._rosters = tuple((group, roster(group, view.state.fleet, find)) for group in groups)
        return tuple(
            status_of(group, view.state.members(members, view.now, stale_after_s=view.stale_after_s), view.now)
            for group, members in self._rosters
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastPushRules:
    """When forecasts are told.

    Attributes:
        period_s: seconds between forecasts of each group, more than 0.
        step_s: length of one interval, 1 or more.
        intervals: how many, 1 or more.
    """

    period_s: float = 900.0
    step_s: int = 900
    intervals: int = 16


class ForecastPush:
    """Tells others what groups are expected to do, once in each period. Used by the consumer's thread alone.

    Periods are counted by the time of the view, from midnight UTC where they divide a day. The first forecast of a
    group is told as soon as devices and the group are known. A forecast begins with the interval that is going on. So
    that requests need not wait for all groups together, a tick tells of some, and the next one goes on.

    Args:
        registry: whose groups are told of.
        view: what is known of the devices now; None while there is nothing to tell or nobody to tell it to.
        rules: when and how far.
        forecasts: makes them.
        announce: sends events; where it raises, they count as not sent.
        clock_s: a clock that never goes back.
    """

    def __init__(
        self,
        registry: GroupRegistry,
        view: Callable[[], FieldView | None],
        rules: ForecastPushRules,
        *,
        forecasts: Forecasts,
        announce: Callable[[Sequence[Event]], None],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._view = view
        self._rules = rules
        self._forecasts = forecasts
        self._announce = announce
        self._clock_s = clock_s
        self._period: int | None = None
        self._known: set[str] = set()
        self._pending: deque[str] = deque()

    def tick(self) -> None:
        """Tell what is due.

        Raises:
            StoreError: nobody is sure that it was told; the next tick tells it again.
        """
        view = self._view()
        if view is None:
            return
        self._add_due(view.now)
        schedule = usual_schedule(view.now, step_s=self._rules.step_s, intervals=self._rules.intervals)
        taken: list[str] = []
        forecasts: list[GroupForecast] = []
        until_s = self._clock_s() + _LONGEST_S
        while self._pending and self._clock_s() < until_s:
            taken.append(self._pending.popleft())
            forecasts.extend(self._forecast(taken[-1], schedule))
        if not forecasts:
            return
        try:
            self._announce([_forecast_event(forecast) for forecast in forecasts])
        except StoreError:
            self._pending.extendleft(reversed(taken))
            raise

    def _add_due(self, now: datetime) -> None:
        """All groups when another period has begun, else those that are new."""
        mrids = [group.mrid or "" for group in self._registry]
        period = int(now.timestamp() // self._rules.period_s)
        if period != self._period:
            self._period, self._pending = period, deque(mrids)
        else:
            self._pending.extend(mrid for mrid in mrids if mrid not in self._known)
        self._known = set(mrids)

    def _forecast(self, mrid: str, schedule: ScheduleRequest) -> Iterator[GroupForecast]:
        """None of a group that is gone, or of which nothing is known."""
        group = self._registry.get(mrid)
        forecast = self._forecasts.of(group, USUAL_PARAMETERS, [schedule], self._registry.get) if group else None
        if forecast is not None:
            yield forecast


def _forecast_event(forecast: GroupForecast) -> Event:
    return Event(
        verb=Verb.CREATED,
        noun=Noun.DER_GROUP_FORECASTS,
        payload=Payload(content=DERGroupForecasts(forecasts=(forecast,))),
        persistent=False,
    )


def _told_by(events: Iterable[Event]) -> Iterator[tuple[str, GroupStatus]]:
    for event in events:
        content = event.payload.content
        assert isinstance(content, DERGroupStatuses)
        for status in content.statuses:
            assert isinstance(status, GroupStatus)
            yield _mrid_of(status), status


def _mrid_of(status: GroupStatus) -> str:
    return status.group.mrid or ""
