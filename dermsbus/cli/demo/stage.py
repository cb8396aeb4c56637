"""The stage on which the day is played: a broker, a DERMS with simulated devices, a DMS, and somebody who only reads.

All of them run as they do elsewhere, on real STOMP connections, but for the clock.
"""

from __future__ import annotations

import queue
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self, TypeVar

from dermsbus.adapters.simulated import SimulatedAdapter, SimulatedFleet
from dermsbus.app import Application, make_broker, make_client
from dermsbus.cli.demo.clock import FastClock
from dermsbus.cli.demo.feeder import SEED, SITE, Feeder, at, catalogue, make_feeder
from dermsbus.cli.demo.record import Record
from dermsbus.cli.demo.screen import Refresh, Screen
from dermsbus.cli.plot import Plot
from dermsbus.client import Direction, DMSClient, Traffic
from dermsbus.domain.quantities import GroupStatus
from dermsbus.errors import DermsbusError
from dermsbus.messages.envelope import DERGroupStatuses, Envelope, Noun
from dermsbus.settings import BusScheme, BusUrl, Settings

__all__ = ["Stage", "Tempo", "open_stage"]

_Thing = TypeVar("_Thing")

_BEGINS: Final = "05:30"
_TIMEOUT_S: Final = 10.0
_STALL_S: Final = 20.0
_LOOK_S: Final = (0.03, 0.5)
_LOOK: Final = timedelta(seconds=30)
"""The groups are looked at so often by the clock of the day, within the bounds of *_LOOK_S* by the real one."""
_LEASH: Final = timedelta(minutes=20)
"""The day is no further ahead of what is known of the devices."""

_DEVICES: Final = {"poll_period_s": 0.05, "stale_after_s": 1500.0}
_DISPATCH: Final = {"hold_s": 14_400.0, "grace_s": 1800.0, "step_s": 120.0}
"""In seconds of the day, some hundred of which are over between two looks at the devices."""
_FOLLOWED: Final = (Noun.DER_GROUPS, Noun.DER_GROUP_STATUSES, Noun.DER_GROUP_FORECASTS, Noun.DER_GROUP_DISPATCHES)
"""Of what the DMS hears all events; those of switches it follows when it switches."""
_PUSH: Final = {"status_period_s": 5.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tempo:
    """How fast the day passes, in seconds of the day in a real second.

    Attributes:
        calm: while devices follow an order.
        even: while something changes slowly.
        brisk: while they hold it.
        travel: while nothing happens.
    """

    calm: float
    even: float
    brisk: float
    travel: float

    @classmethod
    def of(cls, speed: float) -> Self:
        """The tempo that makes the day about *speed* times as fast as life, more than 0."""
        return cls(calm=min(0.5 * speed, 300.0), even=min(0.5 * speed, 1000.0), brisk=speed, travel=2.5 * speed)


class Stalled(DermsbusError):
    """The devices were not heard of for too long: the day cannot go on."""


class Stage:
    """What is on the stage, and what was seen up to now. Used by one thread.

    Attributes:
        feeder: the devices and groups of the story.
        fleet: the simulated devices themselves: for faults, clouds, and what they wrote down.
        application: the DERMS.
        dms: who gives orders.
        screen: what is shown.
        tempo: how fast the day passes.
        shows_all: every message is shown as it comes.
        record: what was read of all groups, all the time.
        pushed: what was told of groups without being asked, in order.
        counts: messages of the DMS by their direction.
    """

    def __init__(
        self,
        *,
        feeder: Feeder,
        fleet: SimulatedFleet,
        clock: FastClock,
        application: Application,
        dms: DMSClient,
        reader: DMSClient,
        screen: Screen,
        tempo: Tempo,
        shows_all: bool,
    ) -> None:
        self.feeder = feeder
        self.fleet = fleet
        self.application = application
        self.dms = dms
        self.screen = screen
        self.tempo = tempo
        self.shows_all = shows_all
        self.record = Record()
        self.pushed: list[GroupStatus] = []
        self.counts: Counter[Direction] = Counter()
        self._clock = clock
        self._seen_at = clock()
        self._reader = reader
        self._traffic: queue.SimpleQueue[Traffic] = queue.SimpleQueue()
        self._reports: queue.SimpleQueue[GroupStatus] = queue.SimpleQueue()
        dms.watch(self._traffic.put)
        for noun in _FOLLOWED:
            dms.events(self._take_report, noun=noun.value)

    @property
    def now(self) -> datetime:
        """The time of the day; aware."""
        return self._clock()

    def status(self, group: str) -> GroupStatus:
        """What was read of a group last."""
        return self.record.of(group)[-1]

    # -- time passes -----------------------------------------------------------------------------------------------

    def travel(self, until: datetime) -> None:
        """Go to an instant of the day quickly, with nothing to see on the way, and see what all do there."""
        with self.screen.passing(self._clock) as refresh:
            self.run(until, self.tempo.travel, refresh=refresh)
            self.wait(lambda: self._seen_at >= self.now)

    def growing(self, make: Callable[[], Plot]) -> AbstractContextManager[Refresh]:
        """A plot that grows while the day goes on, as of `Screen.growing`."""
        return self.screen.growing(make, self._clock)

    def show(self, until: datetime, pace: float, make: Callable[[], Plot]) -> None:
        """Go to an instant of the day, and see a plot grow on the way."""
        with self.growing(make) as refresh:
            self.run(until, pace, refresh=refresh)

    def run(
        self,
        until: datetime,
        pace: float,
        *,
        done: Callable[[], bool] | None = None,
        refresh: Refresh = lambda: None,
    ) -> bool:
        """Go on to an instant of the day, at the latest; look at the groups on the way.

        Args:
            until: aware: where the clock stands then.
            pace: seconds of the day in a real second, more than 0.
            done: where it becomes true the clock stands earlier.
            refresh: called after each look.

        Returns:
            Whether *done* became true.

        Raises:
            Stalled: the devices are not heard of any more.
            AnswerTimedOut, UnreadableAnswer, TransportError: the DERMS does not answer.
        """
        moved_s, last = time.monotonic(), self.now
        look_s = min(max(_LOOK.total_seconds() / pace, _LOOK_S[0]), _LOOK_S[1])
        self._clock.run(until, pace)
        while True:
            self.look()
            refresh()
            now = self.now
            if done is not None and done():
                self._clock.run(now, pace)
                return True
            if now >= until:
                return False
            if now > last:
                moved_s, last = time.monotonic(), now
            elif time.monotonic() - moved_s > _STALL_S:
                raise Stalled(f"the devices were not heard of for {_STALL_S:g} s: is this computer too busy?")
            time.sleep(look_s)

    def wait(self, done: Callable[[], bool]) -> bool:
        """Let real time pass while the clock stands, until *done* is true.

        Returns:
            Whether it became true in time.
        """
        deadline_s = time.monotonic() + _TIMEOUT_S
        while not done():
            if time.monotonic() > deadline_s:
                return False
            time.sleep(_LOOK_S[0])
            self.look()
        return True

    def look(self) -> None:
        """Read what all groups do, and take in what was told meanwhile."""
        answer = self._reader.get_statuses().raise_for_result()
        self.record.add(answer.statuses)
        measured = [parameter.at for status in answer.statuses for parameter in status.parameters]
        self._seen_at = max(measured, default=self._seen_at)
        self._clock.seen(self._seen_at)
        self.hear()

    def hear(self) -> tuple[Traffic, ...]:
        """Take in what went over the wire since the last time, and give it back."""
        traffic = tuple(_drained(self._traffic))
        self.counts.update(message.direction for message in traffic)
        self.pushed.extend(_drained(self._reports))
        if self.shows_all:
            for message in traffic:
                self.screen.message(message)
        return traffic

    def _take_report(self, event: Envelope) -> None:
        content = event.payload.content if event.payload else None
        if isinstance(content, DERGroupStatuses):
            for status in content.statuses:
                if isinstance(status, GroupStatus):
                    self._reports.put(status)


def _drained(waiting: queue.SimpleQueue[_Thing]) -> Iterator[_Thing]:
    while not waiting.empty():
        yield waiting.get()


@contextmanager
def open_stage(*, is_small: bool, speed: float, shows_all: bool) -> Iterator[Stage]:
    """The stage, with everything running and the clock standing at the beginning of the day.

    Args:
        is_small: few devices in place of many.
        speed: how many times as fast as life the day is, more than 0.
        shows_all: every message of the DMS is shown in full.

    Raises:
        ConnectFailed: the parts do not find each other.
    """
    feeder, clock = make_feeder(is_small=is_small), FastClock(at(_BEGINS), leash=_LEASH)
    fleet = SimulatedFleet(
        feeder.devices,
        seed=SEED,
        clock=clock,
        latitude_deg=SITE.latitude_deg,
        longitude_deg=SITE.longitude_deg,
    )
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="dermsbus-demo-")))
        broker = make_broker(BusUrl(scheme=BusScheme.EMBEDDED, host="127.0.0.1", port=0))
        broker.start()
        opened.callback(broker.stop)
        settings = _settings(BusUrl(scheme=BusScheme.STOMP, host="127.0.0.1", port=broker.port), folder, feeder)
        application = Application(settings, adapters={"simulated": SimulatedAdapter(fleet)}, now=clock)
        opened.enter_context(application).wait_until_ready(_TIMEOUT_S)
        dms, reader = (_client(settings, source, opened) for source in ("dms1", "reader1"))
        screen = Screen()
        screen.say(
            f"broker, DERMS ({settings.source}) with {len(feeder.devices)} simulated devices, and DMS "
            f"({settings.dms.source}) are connected on {settings.bus}"
        )
        yield Stage(
            feeder=feeder,
            fleet=fleet,
            clock=clock,
            application=application,
            dms=dms,
            reader=reader,
            screen=screen,
            tempo=Tempo.of(speed),
            shows_all=shows_all,
        )


def _settings(bus: BusUrl, folder: Path, feeder: Feeder) -> Settings:
    fleet = folder / "fleet.toml"
    fleet.write_text(catalogue(feeder), encoding="utf-8")
    return Settings.model_validate(
        {
            "bus": bus,
            "store": folder / "groups.db",
            "fleet": fleet,
            "http": None,
            "site": {"latitude_deg": SITE.latitude_deg, "longitude_deg": SITE.longitude_deg},
            "devices": _DEVICES,
            "dispatch": _DISPATCH,
            "push": _PUSH,
        }
    )


def _client(settings: Settings, source: str, opened: ExitStack) -> DMSClient:
    dms = settings.dms.model_copy(update={"source": source, "timeout_s": _TIMEOUT_S})
    client = make_client(settings.model_copy(update={"dms": dms}))
    opened.callback(client.stop)
    client.start(_TIMEOUT_S)
    return client
