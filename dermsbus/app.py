"""The composition root: the one place that knows concrete classes and puts them together from settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

import structlog

from dermsbus import __version__
from dermsbus.adapters.base import DerAdapter
from dermsbus.adapters.registry import load_adapters
from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.client import DMSClient
from dermsbus.commander import Commander
from dermsbus.consumer import Consumer, ConsumerThread, Task
from dermsbus.dispatch import Event, FieldView, Forecasts, Router
from dermsbus.domain.addresses import ANY, event_topic, request_queue
from dermsbus.domain.clear_sky import Site
from dermsbus.domain.device_settings import SettingChange
from dermsbus.domain.dispatch_book import DispatchBook
from dermsbus.domain.fleet import Fleet, load_fleet
from dermsbus.domain.fleet_state import FleetState
from dermsbus.domain.forecast import Coverage
from dermsbus.domain.ledger import Ledger, LedgerDraft
from dermsbus.domain.peer_reports import LastReports
from dermsbus.domain.planning import Planner
from dermsbus.domain.quantities import GroupForecast, GroupStatus
from dermsbus.domain.registry import GroupRegistry
from dermsbus.domain.switching import SwitchBook
from dermsbus.errors import DermsbusError, SettingsError
from dermsbus.executor import Executor
from dermsbus.field import Field, Polling
from dermsbus.forecasting import Forecasting
from dermsbus.handlers import ROUTES
from dermsbus.holdings import Holdings
from dermsbus.logs import configure_for_library
from dermsbus.mailing import Mailing
from dermsbus.messages.answers import Author
from dermsbus.messages.codec import Codec
from dermsbus.messages.policy import Policy
from dermsbus.outbox import Outbox
from dermsbus.patience import Patience
from dermsbus.push import ForecastPush, ForecastPushRules, PushRules, StatusPush
from dermsbus.rehearsal import Rehearsal
from dermsbus.replay import ReplayGuard
from dermsbus.service import Counts, Service
from dermsbus.settings import BusScheme, BusUrl, Settings, why_unreadable
from dermsbus.store.base import Store
from dermsbus.store.history_file import HistoryFile
from dermsbus.store.postgresql import PostgresqlStore
from dermsbus.store.server import PostgresqlServer
from dermsbus.store.snapshot import snapshot
from dermsbus.store.sqlite import IN_MEMORY, SqliteStore
from dermsbus.transports.amqp091 import AmqpSettings, AmqpTransport
from dermsbus.transports.base import LinkState, Queue, Subscription, Topic, Transport
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from dermsbus.transports.tls import TlsSettings
from dermsbus.web.health import HttpServer, Readiness, health_app
from dermsbus.web.reports import reports_route

__all__ = ["Application", "make_broker", "make_client", "make_transport", "rehearsing"]

_log = structlog.get_logger(__name__)
_HOUR_S: Final = 3600.0
_TICK_S: Final = 0.25
_CHECK_S: Final = 1.0


def make_transport(url: BusUrl, *, client_id: str | None = None) -> Transport:
    """The transport to the broker at *url*; for ``embedded`` the way to a broker that runs there already.

    Args:
        url: where the broker is.
        client_id: identity for durable subscriptions; None where there are none.
    """
    tls = (
        TlsSettings(ca_file=url.ca_file, cert_file=url.cert_file, key_file=url.key_file) if url.scheme.is_tls else None
    )
    with _said_of_the_bus():
        return _amqp(url, tls) if url.scheme in {BusScheme.AMQP, BusScheme.AMQPS} else _stomp(url, tls, client_id)


def _amqp(url: BusUrl, tls: TlsSettings | None) -> AmqpTransport:
    return AmqpTransport(
        AmqpSettings(
            host=url.host,
            port=url.port,
            virtual_host=url.vhost or "/",
            user=url.user or "guest",
            password=(url.password or "") if url.user else "guest",
            tls=tls,
            heartbeat_s=url.heartbeat_s or 10.0,
        )
    )


def _stomp(url: BusUrl, tls: TlsSettings | None, client_id: str | None) -> StompTransport:
    return StompTransport(
        StompSettings(
            host=url.host,
            port=url.port,
            login=url.user,
            passcode=url.password,
            vhost=url.vhost or "/",
            tls=tls,
            heart_beat_s=url.heartbeat_s or 5.0,
            dialect=url.dialect,
            client_id=client_id,
        )
    )


@contextmanager
def _said_of_the_bus() -> Iterator[None]:
    """What a part of the bus finds wrong, said of the setting that the operator wrote.

    Raises:
        SettingsError: with the key ``bus``.
    """
    try:
        yield
    except SettingsError as error:
        raise SettingsError("bus", f"{error.key}: {error.problem}") from error


def make_broker(url: BusUrl) -> EmbeddedBroker:
    """The embedded broker that an ``embedded`` URL asks for, not yet started."""
    return EmbeddedBroker(
        BrokerSettings(host=url.host, port=url.port, store=url.store, login=url.user, passcode=url.password)
    )


def make_client(settings: Settings, transport: Transport | None = None) -> DMSClient:
    """A DMS that speaks to the responder that *settings* name, not yet started."""
    configure_for_library()
    return DMSClient(
        transport or make_transport(settings.bus),
        Codec(settings.tolerant_reader),
        responder=settings.responder,
        source=settings.dms.source,
        context=settings.context,
        style=settings.style,
        timeout_s=settings.dms.timeout_s,
        compress_above_bytes=settings.dms.compress_above_bytes,
    )


def _make_store(settings: Settings) -> Store:
    place = settings.store
    return PostgresqlStore(place) if isinstance(place, PostgresqlServer) else SqliteStore(place)


def _new_message_id() -> str:
    return str(uuid4())


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def rehearsing(settings: Settings, *, now: Callable[[], datetime] = _now) -> Iterator[Rehearsal]:
    """Judges messages as the DERMS of *settings* would, with the groups and orders that are in its store now.

    The store is only read, and may be in use; of the devices nothing but the catalogue is known.

    Raises:
        SettingsError: the catalogue of devices cannot be read.
        StoreError: there is no such store.
    """
    with snapshot(settings.store) as store:
        state, ledger = FleetState(_read_fleet(settings)), _read_ledger(store)
        codec, author = _make_codec(settings), _make_author(settings, now)

        def view() -> FieldView:
            return FieldView(state=state, stale_after_s=settings.devices.stale_after_s, now=now())

        forecasts = Forecasting(
            state.fleet, _site(settings), groups=ledger.groups, book=ledger.dispatches, view=view, file=None
        )
        service = _make_service(
            settings,
            codec=codec,
            author=author,
            mailing=_make_mailing(settings, codec, author),
            store=store,
            view=view,
            forecasts=forecasts,
            now=now,
        )
        yield Rehearsal(service=service, ledger=ledger, codec=Codec(settings.tolerant_reader), now=now)


class Application:
    """One DERMS on the bus.

    Args:
        settings: checked.
        transport: in place of the one that ``settings.bus`` asks for.
        store: in place of the one that ``settings.store`` names.
        adapters: by name, in place of the installed ones that the catalogue of devices names.
        now: gives an aware time, in place of the computer's; it may run faster, never back.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport: Transport | None = None,
        store: Store | None = None,
        adapters: Mapping[str, DerAdapter] | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._settings = settings
        self._given_transport = transport
        self._given_store = store
        self._given_adapters = adapters
        self._now = now
        self._open = ExitStack()
        self._running: _Running | None = None
        self._stopped = threading.Event()
        self._failure = ""

    def start(self) -> Self:
        """Open the store, begin to connect and serve; returns at once, whether or not the broker is there.

        Raises:
            SettingsError: something cannot be had as the settings ask for it.
            StoreError: the store cannot be used.
        """
        with ExitStack() as opened:
            devices = _make_devices(self._settings, self._given_adapters, self._now)
            opened.callback(devices.field.stop)
            self._running = _Running(
                self._settings,
                devices,
                self._given_transport,
                self._given_store,
                opened,
                now=self._now,
                on_fatal=self._fail,
            )
            self._open = opened.pop_all()
        return self

    def wait_until_ready(self, timeout_s: float) -> None:
        """Return when connected and subscribed.

        Raises:
            ConnectFailed: not within *timeout_s* seconds.
        """
        self._need().transport.wait_until_up(timeout_s)

    @property
    def readiness(self) -> Readiness:
        """What ``/ready`` says."""
        return self._need().readiness()

    @property
    def counts(self) -> Counts:
        """What was received, refused and repaired since the start."""
        return self._need().service.counts

    @property
    def status_reports(self) -> LastReports[GroupStatus]:
        """What other systems told of their groups since the start."""
        return self._need().service.reports.statuses

    @property
    def forecast_reports(self) -> LastReports[GroupForecast]:
        """What other systems told to expect of their groups since the start."""
        return self._need().service.reports.forecasts

    @property
    def forecast_coverage(self) -> Coverage:
        """How often what came of groups lay within what was expected, since the start."""
        return self._need().forecast_coverage

    @property
    def http_port(self) -> int | None:
        """The port that health is served on; None if it is not."""
        http = self._need().http
        return http.port if http else None

    def stop(self) -> None:
        """Finish the batch in hand, go off the bus, close the store. Idempotent."""
        self._open.close()
        self._stopped.set()

    def run_until_stopped(self) -> None:
        """Serve until `stop` is called from elsewhere, such as a signal handler's thread.

        Raises:
            DermsbusError: it cannot go on; whoever supervises the process starts it again.
        """
        self._stopped.wait()
        if self._failure:
            raise DermsbusError(f"ended, for it cannot go on: {self._failure}")

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._stopped.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _need(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the application was not started")
        return self._running


class _Running:
    """The parts of a started application, each closed by *opened* in the reverse order."""

    def __init__(
        self,
        settings: Settings,
        devices: _Devices,
        transport: Transport | None,
        store: Store | None,
        opened: ExitStack,
        *,
        now: Callable[[], datetime],
        on_fatal: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._field = devices.field
        self._now = now
        if settings.bus.scheme is BusScheme.EMBEDDED and transport is None:
            with _said_of_the_bus():
                broker = make_broker(settings.bus)
                broker.start()
            opened.callback(broker.stop)
        self._store = store or _make_store(settings)
        opened.callback(self._store.close)
        self._ledger = _read_ledger(self._store)
        self.transport = transport or make_transport(settings.bus)
        self._outbox = Outbox(self._store, self.transport)
        self._outbox.load()
        author, codec = _make_author(settings, now), _make_codec(settings)
        codec.prepare()
        self._mailing = _make_mailing(settings, codec, author)
        self._forecasting = self._make_forecasting(is_kept=store is None)
        opened.callback(self._forecasting.close)
        self.service = _make_service(
            settings,
            codec=codec,
            author=author,
            mailing=self._mailing,
            store=self._store,
            view=self._view,
            forecasts=self._forecasting,
            now=now,
        )
        patience = Patience(attempts=settings.attempts)
        self._consumer = Consumer(
            service=self.service,
            ledger=self._ledger,
            store=self._store,
            outbox=self._outbox,
            transport=self.transport,
            patience=patience,
            now=self._now,
        )
        self._commander = Commander(devices.adapters, timeout_s=settings.devices.timeout_s, now=now, wake=self._wake)
        opened.callback(self._commander.stop)
        self._thread = ConsumerThread(
            self._consumer, self._outbox, patience=patience, tasks=tuple(self._tasks()), on_fatal=on_fatal
        )
        self.http = self._start_http(opened)
        self._subscribe(self._thread.receive)
        self.transport.start()
        opened.callback(self.transport.stop)
        self._field.start()
        self._thread.start()
        opened.callback(self._thread.stop)  # stopped first: the batch in hand is still answered and acknowledged
        self._say_hello()

    @property
    def forecast_coverage(self) -> Coverage:
        return self._forecasting.coverage

    def readiness(self) -> Readiness:
        return Readiness(
            bus=self.transport.status, store_problem=self._thread.trouble, outbox_pending=self._outbox.waiting
        )

    def _make_forecasting(self, *, is_kept: bool) -> Forecasting:
        """What a restart is to know of the devices is kept in a file only where the groups are."""
        settings, fleet = self._settings, self._field.state.fleet
        is_kept = is_kept and bool(len(fleet)) and settings.store != Path(IN_MEMORY)
        return Forecasting(
            fleet,
            _site(settings),
            groups=self._ledger.groups,
            book=self._ledger.dispatches,
            view=self._view,
            file=HistoryFile(settings.history, [device.mrid for device in fleet.devices]) if is_kept else None,
        )

    def _start_http(self, opened: ExitStack) -> HttpServer | None:
        address = self._settings.http
        if address is None:
            return None
        app = health_app(
            __version__,
            self._settings.source,
            self.readiness,
            lambda: self.forecast_coverage,
            [reports_route(lambda: self.service.reports)],
        )
        server = HttpServer(address.host, address.port, app)
        server.start()
        opened.callback(server.stop)
        return server

    def _subscribe(self, receive: Callable[..., None]) -> None:
        settings = self._settings
        requests = Queue(request_queue(settings.context, settings.source))
        self.transport.subscribe(Subscription(destination=requests), receive)
        for source in [ANY] if ANY in settings.adopt_from else settings.adopt_from:
            events = Topic(event_topic(settings.context, source))
            self.transport.subscribe(Subscription(destination=events), receive)

    def _view(self) -> FieldView:
        return FieldView(state=self._field.state, stale_after_s=self._settings.devices.stale_after_s, now=self._now())

    def _view_surveyed(self) -> FieldView | None:
        return self._view() if self._field.is_surveyed else None

    def _wake(self) -> None:
        self._thread.wake()

    def _make_executor(self) -> Executor:
        settings = self._settings
        rules = settings.dispatch.rules
        return Executor(
            ledger=self._ledger,
            view=self._view_surveyed,
            planner=Planner(self._field.state, stale_after_s=settings.devices.stale_after_s, rules=rules),
            holdings=Holdings(self._field.state.fleet, self._store.settings(), hold_s=rules.hold_s, now=self._now()),
            commander=self._commander,
            keep=self._keep,
            now=self._now,
        )

    def _keep(self, draft: LedgerDraft | None, settings: Sequence[SettingChange], events: Sequence[Event]) -> None:
        self._consumer.keep(draft, settings=settings, outbox=[self._mailing.event(event) for event in events])

    def _tasks(self) -> Iterator[Task]:
        yield Task(name="forget what is old", period_s=_HOUR_S, run=self._purge)
        yield Task(name="carry out orders", period_s=_TICK_S, run=self._make_executor().tick)
        push = self._settings.push
        if push.status_period_s:
            rules = PushRules(period_s=push.status_period_s, dead_band_percent=push.status_dead_band_percent)
            status_push = StatusPush(self._ledger.groups, self._view_to_tell, rules, self._announce)
            yield Task(name="tell statuses", period_s=_CHECK_S, run=status_push.tick)
        yield Task(name="observe devices", period_s=_TICK_S, run=self._observe)
        if push.forecast_period_s:
            forecast_push = ForecastPush(
                self._ledger.groups,
                self._view_to_tell,
                ForecastPushRules(
                    period_s=push.forecast_period_s, step_s=push.forecast_step_s, intervals=push.forecast_intervals
                ),
                forecasts=self._forecasting,
                announce=self._announce,
            )
            yield Task(name="tell forecasts", period_s=_CHECK_S, run=forecast_push.tick)

    def _observe(self) -> None:
        if self._field.is_surveyed:
            self._forecasting.observe()

    def _view_to_tell(self) -> FieldView | None:
        """None while the bus is away too: what happens meanwhile is in the next report, and need not pile up."""
        is_up = self.transport.status.state is LinkState.UP
        return self._view() if is_up and self._field.is_surveyed else None

    def _announce(self, events: Sequence[Event]) -> None:
        self._consumer.announce([self._mailing.event(event) for event in events])

    def _purge(self) -> None:
        older_than = self._now() - timedelta(days=self._settings.retention_days)
        draft = self._ledger.draft(self._now())
        dispatches = draft.dispatches.forget(older_than)
        self._consumer.keep(draft)
        self._store.forget_nonces(self._now())
        messages = self._store.purge(datetime.now(UTC) - timedelta(days=self._settings.retention_days))
        _log.info("forgot", messages=messages, dispatches=dispatches, older_than_days=self._settings.retention_days)

    def _say_hello(self) -> None:
        settings = self._settings
        _log.info(
            "serving",
            version=__version__,
            bus=str(settings.bus),
            requests=request_queue(settings.context, settings.source),
            events=event_topic(settings.context, settings.source),
            adopts_from=",".join(settings.adopt_from) or "nobody",
            profile=settings.profile,
            store=str(settings.store),
            groups=len(self._ledger.groups),
            devices=len(self._field.state.fleet),
            http=f"{settings.http.host}:{self.http.port}" if settings.http and self.http else "off",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Devices:
    """The devices and the ways to them."""

    field: Field
    adapters: Mapping[str, DerAdapter]


def _make_devices(settings: Settings, given: Mapping[str, DerAdapter] | None, now: Callable[[], datetime]) -> _Devices:
    """The devices of the catalogue, not yet asked.

    Raises:
        SettingsError: the catalogue cannot be read, or an adapter cannot be had as it is wanted.
    """
    fleet = _read_fleet(settings)
    names = [device.adapter for device in fleet.devices]
    for name in settings.adapters.keys() - set(names):
        _log.warning("no device in the catalogue uses this adapter", adapter=name, fleet=str(settings.fleet))
    adapters = given or load_adapters(names, devices=fleet.devices, options=settings.adapters, clock=now)
    devices = settings.devices
    polling = Polling(period_s=devices.poll_period_s, timeout_s=devices.timeout_s, patience_s=devices.stale_after_s)
    return _Devices(field=Field(fleet, adapters, polling), adapters=adapters)


def _site(settings: Settings) -> Site:
    return Site(latitude_deg=settings.site.latitude_deg, longitude_deg=settings.site.longitude_deg)


def _read_ledger(store: Store) -> Ledger:
    return Ledger(
        groups=GroupRegistry(store.groups()),
        dispatches=DispatchBook(store.dispatches()),
        switches=SwitchBook(store.switches()),
    )


def _read_fleet(settings: Settings) -> Fleet:
    path = settings.fleet
    if path is None:
        return Fleet()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("fleet", f"{path} cannot be read: {why_unreadable(error)}") from error
    return load_fleet(text, str(path))


def _make_codec(settings: Settings) -> Codec:
    return Codec(settings.reader, categories=settings.nameplate_categories)


def _make_author(settings: Settings, now: Callable[[], datetime]) -> Author:
    return Author(
        source=settings.source,
        context=settings.context.upper(),
        now=now,
        new_message_id=_new_message_id,
        event_style=settings.style,
    )


def _make_mailing(settings: Settings, codec: Codec, author: Author) -> Mailing:
    return Mailing(
        codec=codec,
        author=author,
        source=settings.source,
        context=settings.context,
        new_message_id=_new_message_id,
        reply_bytes=settings.reply_bytes,
    )


def _make_service(
    settings: Settings,
    *,
    codec: Codec,
    author: Author,
    mailing: Mailing,
    store: Store,
    view: Callable[[], FieldView],
    forecasts: Forecasts,
    now: Callable[[], datetime],
) -> Service:
    return Service(
        codec=codec,
        router=Router(ROUTES),
        store=store,
        author=author,
        mailing=mailing,
        policy=Policy(
            context=settings.context,
            peers=settings.known_peers,
            reply_addresses=settings.reply_addresses,
            revisions=frozenset(settings.revisions),
        ),
        peers=settings.known_peers,
        replay=ReplayGuard(
            check=settings.behaviour.replay_detection,
            rules=settings.replay.rules,
            store=store,
            now=now,
        ),
        behaviour=settings.behaviour,
        field_view=view,
        forecasts=forecasts,
        now=now,
        broker_now=_now,
        nameplate_extension=settings.nameplate_extension,
    )
