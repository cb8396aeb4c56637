"""A whole DERMS on one thread, from the bytes of a message to the commands that its devices take.

It is put together from the parts of `dermsbus.app`; only the way to the broker, the workers of the commander and the
clocks are others, so that a million messages can be sent through it and each does the same whenever it is sent.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

import structlog

from dermsbus import app
from dermsbus.adapters.simulated import SimulatedAdapter, SimulatedFleet
from dermsbus.commander import Commander
from dermsbus.consumer import Consumer
from dermsbus.dispatch import Event, FieldView
from dermsbus.domain.der import Device, Reading
from dermsbus.domain.device_settings import SettingChange
from dermsbus.domain.fleet import Fleet, load_fleet
from dermsbus.domain.fleet_state import FleetState
from dermsbus.domain.ledger import LedgerDraft
from dermsbus.domain.planning import Planner
from dermsbus.errors import PublishRejected
from dermsbus.executor import Executor
from dermsbus.forecasting import Forecasting
from dermsbus.holdings import Holdings
from dermsbus.messages.codec import Codec
from dermsbus.outbox import Outbox
from dermsbus.patience import Patience
from dermsbus.service import Counts
from dermsbus.settings import Settings
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.amqp_messages import message_of
from dermsbus.transports.amqp_settings import AmqpSettings
from dermsbus.transports.base import (
    Delivery,
    LinkState,
    LinkStatus,
    Outgoing,
    PublishOutcome,
    PublishState,
    Queue,
    Receiver,
    ReplyTo,
    Subscription,
)
from dermsbus.transports.dialects import DIALECTS, Dialect
from dermsbus.transports.stomp_frames import send_frame
from tests import builders as xml
from tests.fuzz.seeds import ALL_FUNCTIONS, NOW, ordered

__all__ = ["REQUESTS", "Derms", "Done", "recording_faults"]

REQUESTS: Final = Queue("cim.production.req.derms1")
_LARGEST_FRAME: Final = 4 * 1024 * 1024
_DEVICES: Final = "".join(
    f'[[device]]\nmrid = "B-{number}"\nkind = "battery"\nadapter = "simulated"\naddress = "B-{number}"\n'
    "[device.name_plate]\nactive_power_max_w = 10000\nactive_power_charge_max_w = 10000\n"
    "apparent_power_max_va = 12500\nreactive_power_injected_max_var = 7500\n"
    "reactive_power_absorbed_max_var = 7500\nac_voltage_nominal_v = 230\nenergy_capacity_wh = 10000000\n"
    for number in range(1, 5)
)


@contextmanager
def recording_faults() -> Iterator[list[str]]:
    """Gives the tracebacks of all that the log was told as exceptions; nothing else is logged meanwhile."""
    faults: list[str] = []

    def record(_logger: object, _method: str, event: MutableMapping[str, Any]) -> NoReturn:
        if event.get("exc_info"):
            faults.append(f"{event['event']}\n{traceback.format_exc()}")
        raise structlog.DropEvent

    before, was_configured = structlog.get_config(), structlog.is_configured()
    structlog.configure(
        processors=[record],
        wrapper_class=structlog.make_filtering_bound_logger("error"),
        cache_logger_on_first_use=False,
    )
    try:
        yield faults
    finally:
        structlog.reset_defaults()
        if was_configured:
            structlog.configure(**before)


class _Wire:
    """The broker's end: takes what could be sent over every broker, and keeps it."""

    status = LinkStatus(state=LinkState.UP)

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.refused: list[tuple[Outgoing, str]] = []
        self.settled = 0
        self._amqp = AmqpSettings(host="127.0.0.1")

    def start(self, on_status: Callable[[LinkStatus], None] | None = None) -> None:
        """Is up always."""

    def wait_until_up(self, timeout_s: float) -> None:
        """Is up always."""

    def stop(self) -> None:
        """Nothing to stop."""

    def subscribe(self, subscription: Subscription, receiver: Receiver) -> None:
        """What is received is handed over by `Derms.send`."""

    def open_reply_queue(self, receiver: Receiver) -> ReplyTo:
        raise NotImplementedError

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        return tuple(self._publish(message) for message in messages)

    def _publish(self, message: Outgoing) -> PublishOutcome:
        """A reply address is in the spelling of one broker, everything else has to go over each."""
        ways = [*(_over_stomp(dialect) for dialect in DIALECTS.values()), self._over_amqp]
        reasons = [reason for way in ways if (reason := _why_not(way, message))]
        if len(reasons) == len(ways) or (reasons and not isinstance(message.destination, ReplyTo)):
            self.refused.append((message, reasons[0]))
            return PublishOutcome(state=PublishState.REJECTED, reason=reasons[0])
        self.sent.append(message)
        return PublishOutcome(state=PublishState.ACCEPTED)

    def _over_amqp(self, message: Outgoing) -> None:
        message_of(message, self._amqp)

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        self.settled += len(deliveries)


def _over_stomp(dialect: Dialect) -> Callable[[Outgoing], object]:
    return lambda message: send_frame(message, dialect, existing=(), now_s=0.0, max_frame_bytes=_LARGEST_FRAME)


def _why_not(way: Callable[[Outgoing], object], message: Outgoing) -> str:
    try:
        way(message)
    except PublishRejected as error:
        return str(error)
    return ""


class _CommanderInLine(Commander):
    """Does each job at once, on the thread that gives it."""

    def _start(self, device: Device) -> None:
        self._work(device)


Ledger = tuple[tuple[object, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What came of one message.

    Attributes:
        sent: what went out, in order.
        refused: what no broker would have taken, with the reason.
        before: groups, orders and switch orders before it.
        after: and after it, when all that is due was done.
        commands: how many commands devices took.
        cpu_s: time of this thread until the message was acknowledged and devices told.
        wall_s: the same by the clock.
        settled: it was acknowledged.
    """

    sent: tuple[Outgoing, ...]
    refused: tuple[tuple[Outgoing, str], ...]
    before: Ledger
    after: Ledger
    commands: int
    cpu_s: float
    wall_s: float
    settled: bool

    @property
    def changed(self) -> bool:
        """True if something is otherwise than it was."""
        return self.before != self.after


@dataclass(kw_only=True)
class Derms:
    """One DERMS with four batteries, three groups and an order in two hours.

    Attributes:
        profile: how it treats its peers.
    """

    profile: str = "default"
    _parts: _Parts = field(init=False)

    def __post_init__(self) -> None:
        self._parts = _Parts(self.profile)
        for body in _first_requests():
            done = self.send(Delivery(body=body, destination=REQUESTS, reply_to=ReplyTo("/temp-queue/first")))
            assert b"<Result>OK<" in done.sent[0].body, done.sent[0].body.decode()

    def close(self) -> None:
        """Give back what the system has to give."""
        self._parts.store.close()

    @property
    def counts(self) -> Counts:
        """What was received and refused since it was made."""
        return self._parts.counts

    def send(self, delivery: Delivery) -> Done:
        """Have *delivery* served, and all be done that is due then.

        Raises:
            Exception: whatever it should not; what was logged as a fault is found in `recording_faults`.
        """
        parts, wire = self._parts, self._parts.wire
        before, commands = parts.ledger_now(), len(parts.fleet.journal())
        wire.sent, wire.refused, wire.settled = [], [], 0
        wall_s, cpu_s = time.perf_counter(), time.thread_time()
        parts.consumer.handle([delivery])
        parts.executor.tick()
        parts.executor.tick()  # takes in what devices said
        parts.outbox.flush()
        cpu_s, wall_s = time.thread_time() - cpu_s, time.perf_counter() - wall_s
        return Done(
            sent=tuple(wire.sent),
            refused=tuple(wire.refused),
            before=before,
            after=parts.ledger_now(),
            commands=len(parts.fleet.journal()) - commands,
            cpu_s=cpu_s,
            wall_s=wall_s,
            settled=wire.settled == 1,
        )

    def stored(self) -> Ledger:
        """Groups, orders and switch orders as a restart would find them."""
        store = self._parts.store
        return _sorted(store.groups(), store.dispatches(), store.switches())

    def held(self) -> Ledger:
        """Groups, orders and switch orders as they are, in the order of `stored`."""
        return _sorted(*self._parts.ledger_now())


def _sorted(*parts: Any) -> Ledger:
    return tuple(tuple(sorted(part, key=repr)) for part in parts)


def _first_requests() -> Iterator[bytes]:
    stated = (
        xml.group(mrid="G-A", name="GA", functions=ALL_FUNCTIONS, members=("B-1", "B-2"), version="1.0.0"),
        xml.group(mrid="G-B", name="GB", functions=(), members=("B-3",), version="1.0.0"),
        xml.group(mrid="G-C", name="GC", functions=ALL_FUNCTIONS, members=("G-A", "B-4"), version="1.0.0"),
    )
    yield xml.generic("create", "DERGroups", payload=xml.der_groups(*stated), message_id="first-1")
    order = xml.payload("DERGroupDispatches", ordered("D-1", start="2024-05-01T10:00:00Z"))
    yield xml.generic("create", "DERGroupDispatches", payload=order, message_id="first-2")


class _Parts:
    """What `dermsbus.app` would put together, but for threads and the broker."""

    def __init__(self, profile: str) -> None:
        settings, fleet = _settings(profile)
        devices = fleet.devices
        self.fleet = SimulatedFleet(devices, seed=0, clock=_now, latitude_deg=48.0, longitude_deg=11.0, step_s=60.0)
        adapter = SimulatedAdapter(self.fleet)
        self._state = FleetState(fleet)
        readings = adapter.read(devices, 1.0)
        self._state.put(each for each in readings if isinstance(each, Reading))
        for device in devices:
            self._state.know(device.mrid, adapter.discover(device, 1.0).capabilities)
        self.wire = _Wire()
        self.store = SqliteStore(":memory:")
        self._ledger = app._read_ledger(self.store)
        self.outbox = Outbox(self.store, self.wire)
        author, codec = app._make_author(settings, _now), _codec(profile)
        self._mailing = app._make_mailing(settings, codec, author)
        forecasting = Forecasting(
            fleet, app._site(settings), groups=self._ledger.groups, book=self._ledger.dispatches, view=self._view
        )
        service = app._make_service(
            settings,
            codec=codec,
            author=author,
            mailing=self._mailing,
            store=self.store,
            view=self._view,
            forecasts=forecasting,
            now=_now,
        )
        self.counts = service.counts
        self.consumer = Consumer(
            service=service,
            ledger=self._ledger,
            store=self.store,
            outbox=self.outbox,
            transport=self.wire,
            patience=Patience(),
            now=_now,
        )
        rules = settings.dispatch.rules
        self.executor = Executor(
            ledger=self._ledger,
            view=self._view,
            planner=Planner(self._state, stale_after_s=settings.devices.stale_after_s, rules=rules),
            holdings=Holdings(fleet, self.store.settings(), hold_s=rules.hold_s, now=NOW),
            commander=_CommanderInLine({"simulated": adapter}, timeout_s=1.0, now=_now),
            keep=self._keep,
            now=_now,
            clock_s=lambda: 0.0,
        )

    def ledger_now(self) -> Ledger:
        ledger = self._ledger
        return tuple(ledger.groups), tuple(ledger.dispatches), tuple(ledger.switches)

    def _view(self) -> FieldView:
        return FieldView(state=self._state, stale_after_s=86_400.0, now=NOW)

    def _keep(self, draft: LedgerDraft | None, settings: Sequence[SettingChange], events: Sequence[Event]) -> None:
        self.consumer.keep(draft, settings=settings, outbox=[self._mailing.event(event) for event in events])


def _now() -> datetime:
    return NOW


@cache
def _settings(profile: str) -> tuple[Settings, Fleet]:
    """Read once: a DERMS is made anew after messages that changed something."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Path(folder) / "fleet.toml"
        catalogue.write_text(_DEVICES, encoding="utf-8")
        told = {"http": None, "profile": profile, "reply_addresses": ["cim.production.rep.dms1"], "fleet": catalogue}
        return Settings.model_validate(told), load_fleet(_DEVICES, "catalogue")


@cache
def _codec(profile: str) -> Codec:
    codec = app._make_codec(_settings(profile)[0])
    codec.prepare()
    return codec
