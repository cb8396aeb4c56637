"""What every device was told to hold, and what it is to be told next: by the plan, by its answers, and by the clock.

::

    shares of a plan ──► difference to what is held ──► written down ──► jobs ──► answers of devices
                              ▲                                                        │
                              └────────────── held, refused, unknown ◄─────────────────┘

What is to be told is first committed: the changes come out of `Update`, and only when they are in the store are its
jobs given and its picture taken over. So a crash leaves nothing at a device that is not written down; and what is
written down and not at the device is found by asking it.

Source: "intent, command, read-back" of the project's reliability reference; times of retries and audits: house choice,
ADR 24.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import uuid4

import structlog

from dermsbus.commander import Job, SetJob, SettingResult, Word
from dermsbus.domain.device_settings import DeviceFunction, DeviceSetting, SettingChange, SettingKey
from dermsbus.domain.fleet import Fleet
from dermsbus.domain.planning import Share

__all__ = ["Holdings", "Update"]

_log = structlog.get_logger(__name__)
_SAME: Final = MappingProxyType(dict.fromkeys(DeviceFunction, 0.5) | {DeviceFunction.VOLTAGE: 0.05})
"""In the unit of the function: values that differ by less are the same."""
_FIRST_RETRY: Final = timedelta(seconds=5)
_LAST_RETRY: Final = timedelta(seconds=60)
_LAST_LATE_RETRY: Final = timedelta(minutes=10)
"""The same for a device that should have let go by itself."""
_SILENT: Final = timedelta(minutes=5)
"""A device that cannot be read is tried all the same so often."""
_UNFIT: Final = timedelta(minutes=5)
"""A device that refused or did otherwise is planned without for so long."""
_AUDIT: Final = timedelta(seconds=60)
"""A device is asked so often whether it still holds what it was told."""
_MOST_AUDITS: Final = 200
_LATE: Final = timedelta(seconds=5)
"""A device may let go so much later than it was told to, by its own clock."""
_MOMENT: Final = timedelta(seconds=1)
"""Ends that differ by no more are the same."""
_MOST_RELEASES: Final = 10
"""A device that holds on although it was told to let go so often, and its time is over, is under somebody else."""


def _always(_mrid: str) -> bool:
    """For fleets whose devices all answer."""
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """One setting and what is known of it.

    Attributes:
        setting: as it was written down.
        word: what the device said last; None while it is being told.
        looked_at: aware: when the device was told or asked last.
        is_ours: it was told by this run. One of an earlier run is asked for, and told only where it is not held; one of
            ours that was not answered is told again: a device does not say until when it holds what it holds.
        retry_at: aware: when it is told again; None where that is not needed.
        unanswered: how often it did not answer since it last did.
        differed: how often it held something else since it last held what it was told.
        is_going: it is to be let go.
    """

    setting: DeviceSetting
    word: Word | None
    looked_at: datetime
    is_ours: bool = True
    retry_at: datetime | None = None
    unanswered: int = 0
    differed: int = 0
    is_going: bool = False


_Settings = dict[SettingKey, DeviceSetting]


@dataclass(slots=True)
class _Work:
    """What one device is to do: as in `SetJob`."""

    settings: _Settings = field(default_factory=dict)
    unsure: _Settings = field(default_factory=dict)
    confirmed: _Settings = field(default_factory=dict)
    let_go: _Settings = field(default_factory=dict)


@dataclass(slots=True)
class Update:
    """What is to be committed and then done; taken over by `Holdings.take_over`.

    Attributes:
        changes: for the store.
        held: settings as they are from now on; None for one that is gone.
        work: by device, what it is to be told, asked, and told to let go.
    """

    changes: list[SettingChange] = field(default_factory=list)
    held: dict[SettingKey, _Held | None] = field(default_factory=dict)
    work: defaultdict[str, _Work] = field(default_factory=lambda: defaultdict(_Work))


class Holdings:
    """The settings of all devices of a fleet. Used by one thread.

    Args:
        fleet: the catalogue.
        settings: what the store holds: whether devices still do is not known.
        hold_s: as in `PlanRules`.
        now: aware: when it begins.
        new_id: gives ids of commands.
    """

    def __init__(
        self,
        fleet: Fleet,
        settings: Iterable[DeviceSetting] = (),
        *,
        hold_s: float,
        now: datetime,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._fleet = fleet
        self._keys: dict[DeviceFunction, list[SettingKey]] = {}  # by place
        self._hold = timedelta(seconds=hold_s)
        self._new_id = new_id
        self._held = {
            each.key: _Held(setting=each, word=Word.UNKNOWN, looked_at=now, is_ours=False, retry_at=now)
            for each in settings
        }
        self._unfit: dict[SettingKey, datetime] = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def settings(self) -> Mapping[SettingKey, DeviceSetting]:
        """What devices were told and are not to let go."""
        return {key: held.setting for key, held in self._held.items() if not held.is_going}

    def unfit(self, now: datetime) -> Collection[SettingKey]:
        """What is to be planned without, for a while: devices that refused it or did otherwise."""
        self._unfit = {key: until for key, until in self._unfit.items() if not _has_come(until, now)}
        return self._unfit.keys()

    # -- what is to be done ----------------------------------------------------------------------------------------

    def follow(self, shares: Sequence[Share], now: datetime, answers: Callable[[str], bool] = _always) -> Update:
        """What changes so that devices hold what *shares* say, and nothing else.

        Args:
            shares: of all that is ordered.
            now: aware.
            answers: whether the device with an mRID can be reached; one that cannot is told to let go when it can.
        """
        update = Update()
        wanted: set[SettingKey] = set()
        for share in shares:
            for place, function, value in share.settings():
                key = self._key(place, function)
                wanted.add(key)
                held = self._held.get(key)
                if held is None or held.is_going or not self._is_good(held.setting, value, share, now):
                    self._want(update, self._new_setting(key, value, share, now), held)
        for key in [key for key in self._held if key not in wanted]:
            self._let_go(update, key, now, answers)
        return update

    def _key(self, place: int, function: DeviceFunction) -> SettingKey:
        if function not in self._keys:  # made once: a plan asks for those of all devices every second
            self._keys[function] = [(mrid, function) for mrid in self._fleet]
        return self._keys[function][place]

    def _is_good(self, setting: DeviceSetting, value: float, share: Share, now: datetime) -> bool:
        """Whether *setting* is what *share* says, holds long enough and not for too long."""
        if setting.dispatch_mrid != share.dispatch_mrid or abs(setting.value - value) >= _SAME[setting.function]:
            return False
        if setting.ends_at == share.ends_at:  # that of most
            return setting.ends_at > now
        least = min(share.ends_at, now + self._hold / 2)
        return setting.ends_at > now and least <= setting.ends_at <= share.ends_at + _MOMENT

    def _new_setting(self, key: SettingKey, value: float, share: Share, now: datetime) -> DeviceSetting:
        return DeviceSetting(
            mrid=key[0],
            function=key[1],
            value=value,
            ends_at=share.ends_at,
            command_id=self._new_id(),
            dispatch_mrid=share.dispatch_mrid,
            given_at=now,
        )

    def _want(self, update: Update, setting: DeviceSetting, held: _Held | None) -> None:
        """Have the device told *setting* in place of what is *held*."""
        key, differed = setting.key, 0 if held is None or held.is_going else held.differed
        update.changes.append(SettingChange(key=key, after=setting))
        update.held[key] = _Held(setting=setting, word=None, looked_at=setting.given_at, differed=differed)
        update.work[setting.mrid].settings[key] = setting

    def _let_go(self, update: Update, key: SettingKey, now: datetime, answers: Callable[[str], bool]) -> None:
        held = self._held[key]
        if key[0] not in self._fleet.places:
            self._forget(update, key)
        elif held.is_going:
            return
        elif held.setting.ends_at <= now:  # it lets go by itself; whether it did is asked soon
            update.held[key] = _going(held, now, retry_at=max(held.setting.ends_at + _LATE, now))
        elif not answers(key[0]):
            update.held[key] = _going(held, now, retry_at=now)
        else:
            self._release(update, held, now)

    @staticmethod
    def _release(update: Update, held: _Held, now: datetime) -> None:
        """Have the device let go, and believe it when it says so."""
        setting = held.setting
        update.held[setting.key] = replace(_going(held, now), word=None)
        update.work[setting.mrid].let_go[setting.key] = setting

    def learn(self, results: Iterable[SettingResult], now: datetime) -> Update:
        """What changes by what devices said."""
        update = Update()
        for result in results:
            held = update.held.get(result.key, self._held.get(result.key))
            if held is None or result.command_id != held.setting.command_id:
                continue  # it was told something else since
            if held.is_going is result.is_let_go:
                self._judge(update, held, result, now)
        return update

    def _judge(self, update: Update, held: _Held, result: SettingResult, now: datetime) -> None:
        key = result.key
        known = replace(held, word=result.word, looked_at=now, retry_at=None)
        match result.word:
            case Word.HOLDS if held.is_going:
                self._forget(update, key)
            case Word.HOLDS:
                update.held[key] = replace(known, unanswered=0, differed=0)
            case Word.UNKNOWN:
                wait = _wait(held, held.unanswered, now)
                update.held[key] = replace(known, retry_at=now + wait, unanswered=held.unanswered + 1)
            case _ if held.is_going:
                self._judge_going(update, known, result, now)
            case Word.DIFFERS if not held.differed:
                update.held[key] = replace(known, retry_at=now + _FIRST_RETRY, unanswered=0, differed=1)
            case _:
                _log.warning("device does not do what it was told", device=key[0], reason=result.reason)
                self._unfit[key] = now + _UNFIT
                self._release(update, known, now)

    def _judge_going(self, update: Update, known: _Held, result: SettingResult, now: datetime) -> None:
        """It answers, and holds on."""
        if known.differed >= _MOST_RELEASES and _is_late(known, now):
            _log.error("device does not let go", device=result.key[0], reason=result.reason)
            self._forget(update, result.key)
            return
        retry_at = now + _wait(known, known.differed, now)
        update.held[result.key] = replace(known, retry_at=retry_at, unanswered=0, differed=known.differed + 1)

    @staticmethod
    def _forget(update: Update, key: SettingKey) -> None:
        update.changes.append(SettingChange(key=key, after=None))
        update.held[key] = None

    def remind(self, now: datetime, answers: Callable[[str], bool] = _always) -> Update:
        """What devices are to be told again, since they did not answer, and which are to be asked what they hold.

        Args:
            now: aware.
            answers: whether the device with an mRID can be reached; others are tried now and then only, so that they
                hold up nobody who can.
        """
        update = Update()
        for held in self._due(now, answers):
            setting = held.setting
            work = update.work[setting.mrid]
            if held.is_going:
                chosen = work.let_go
            elif held.word is Word.HOLDS:
                chosen = work.confirmed
            else:
                chosen = work.settings if held.is_ours else work.unsure
            chosen[setting.key] = setting
            update.held[setting.key] = replace(held, word=None, looked_at=now, retry_at=None)
        return update

    def _due(self, now: datetime, answers: Callable[[str], bool]) -> Iterator[_Held]:
        audits = 0
        for (mrid, _), held in self._held.items():
            if held.retry_at is not None:
                if _has_come(held.retry_at, now) and (answers(mrid) or _has_come(held.looked_at + _SILENT, now)):
                    yield held
            elif audits < _MOST_AUDITS and _is_audit_due(held, now) and answers(mrid):
                audits += 1
                yield held

    # -- done ------------------------------------------------------------------------------------------------------

    def take_over(self, update: Update) -> tuple[Job, ...]:
        """Make *update* the picture: call it when its changes are in the store.

        Returns:
            What devices are to be told.
        """
        for key, held in update.held.items():
            if held is None:
                self._held.pop(key, None)
            else:
                self._held[key] = held
        return tuple(self._job(mrid, work) for mrid, work in update.work.items())

    def _job(self, mrid: str, work: _Work) -> SetJob:
        return SetJob(
            device=self._fleet[mrid],
            settings=tuple(work.settings.values()),
            unsure=tuple(work.unsure.values()),
            confirmed=tuple(work.confirmed.values()),
            let_go=tuple(work.let_go.values()),
            kept=tuple(self._kept(mrid, work)) if work.let_go else (),
        )

    def _kept(self, mrid: str, work: _Work) -> Iterator[DeviceSetting]:
        """What the device holds and is neither told, nor asked for, nor to let go."""
        for function in DeviceFunction:
            key = (mrid, function)
            held = self._held.get(key)
            is_touched = any(key in part for part in (work.settings, work.unsure, work.confirmed, work.let_go))
            if held is not None and not held.is_going and not is_touched:
                yield held.setting


def _going(held: _Held, now: datetime, *, retry_at: datetime | None = None) -> _Held:
    return replace(held, is_going=True, retry_at=retry_at, looked_at=now, unanswered=0, differed=0)


def _is_audit_due(held: _Held, now: datetime) -> bool:
    return held.word is Word.HOLDS and _has_come(held.looked_at + _AUDIT, now)


def _is_late(held: _Held, now: datetime) -> bool:
    """Whether the device should have let go by itself."""
    return held.setting.ends_at + _LATE <= now


def _wait(held: _Held, times: int, now: datetime) -> timedelta:
    """How long to wait after something went wrong *times* before: twice as long each time."""
    longest = _LAST_LATE_RETRY if held.is_going and _is_late(held, now) else _LAST_RETRY
    return min(_FIRST_RETRY * (1 << min(times, 8)), longest)


def _has_come(at: datetime, now: datetime) -> bool:
    """Whether it is time; nothing here waits for longer than this: a clock that was put back does not make it wait."""
    return at <= now or at - now > _LAST_LATE_RETRY
