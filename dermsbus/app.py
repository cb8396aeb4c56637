"""The composition root: the one place that knows concrete classes and puts them together from settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import uuid4

import structlog

from dermsbus import __version__
from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.client import DMSClient
from dermsbus.consumer import Consumer, ConsumerThread
from dermsbus.dispatch import Router
from dermsbus.domain.addresses import ANY, event_topic, request_queue
from dermsbus.domain.registry import GroupRegistry
from dermsbus.errors import SettingsError
from dermsbus.handlers import ROUTES
from dermsbus.logs import configure_for_library
from dermsbus.mailing import Mailing
from dermsbus.messages.answers import Author
from dermsbus.messages.codec import Codec
from dermsbus.messages.policy import Policy
from dermsbus.outbox import Outbox
from dermsbus.service import Counts, Service
from dermsbus.settings import BusScheme, BusUrl, Settings
from dermsbus.store.base import Store
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.amqp091 import AmqpSettings, AmqpTransport
from dermsbus.transports.base import Queue, Subscription, Topic, Transport
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from dermsbus.transports.tls import TlsSettings
from dermsbus.web.health import HttpServer, Readiness, health_app

__all__ = ["Application", "make_broker", "make_client", "make_transport"]

_log = structlog.get_logger(__name__)


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
    )


def _new_message_id() -> str:
    return str(uuid4())


def _now() -> datetime:
    return datetime.now(UTC)


class Application:
    """One DERMS on the bus.

    Args:
        settings: checked.
        transport: in place of the one that ``settings.bus`` asks for.
        store: in place of the file that ``settings.store`` names.
    """

    def __init__(self, settings: Settings, *, transport: Transport | None = None, store: Store | None = None) -> None:
        self._settings = settings
        self._given_transport = transport
        self._given_store = store
        self._open = ExitStack()
        self._running: _Running | None = None
        self._stopped = threading.Event()

    def start(self) -> Self:
        """Open the store, begin to connect and serve; returns at once, whether or not the broker is there.

        Raises:
            SettingsError: something cannot be had as the settings ask for it.
            StoreError: the store cannot be used.
        """
        with ExitStack() as opened:
            self._running = _Running(self._settings, self._given_transport, self._given_store, opened)
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
    def http_port(self) -> int | None:
        """The port that health is served on; None if it is not."""
        http = self._need().http
        return http.port if http else None

    def stop(self) -> None:
        """Finish the batch in hand, go off the bus, close the store. Idempotent."""
        self._open.close()
        self._stopped.set()

    def run_until_stopped(self) -> None:
        """Serve until `stop` is called from elsewhere, such as a signal handler's thread."""
        self._stopped.wait()

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

    def __init__(self, settings: Settings, transport: Transport | None, store: Store | None, opened: ExitStack) -> None:
        self._settings = settings
        if settings.bus.scheme is BusScheme.EMBEDDED and transport is None:
            with _said_of_the_bus():
                broker = make_broker(settings.bus)
                broker.start()
            opened.callback(broker.stop)
        self._store = store or SqliteStore(settings.store)
        opened.callback(self._store.close)
        self._registry = GroupRegistry(self._store.groups())
        self.transport = transport or make_transport(settings.bus)
        self._outbox = Outbox(self._store, self.transport)
        self._outbox.load()
        self.service = _make_service(settings, self._store)
        consumer = Consumer(
            service=self.service,
            registry=self._registry,
            store=self._store,
            outbox=self._outbox,
            transport=self.transport,
        )
        self._thread = ConsumerThread(consumer, self._outbox, every_hour=self._purge)
        self.http = self._start_http(opened)
        self._subscribe(self._thread.receive)
        self.transport.start()
        opened.callback(self.transport.stop)
        self._thread.start()
        opened.callback(self._thread.stop)  # stopped first: the batch in hand is still answered and acknowledged
        self._say_hello()

    def readiness(self) -> Readiness:
        return Readiness(
            bus=self.transport.status, store_problem=self._thread.trouble, outbox_pending=self._outbox.waiting
        )

    def _start_http(self, opened: ExitStack) -> HttpServer | None:
        address = self._settings.http
        if address is None:
            return None
        app = health_app(__version__, self._settings.source, self.readiness)
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

    def _purge(self) -> None:
        forgotten = self._store.purge(_now() - timedelta(days=self._settings.retention_days))
        _log.info("forgot old messages", count=forgotten, retention_days=self._settings.retention_days)

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
            groups=len(self._registry),
            http=f"{settings.http.host}:{self.http.port}" if settings.http and self.http else "off",
        )


def _make_service(settings: Settings, store: Store) -> Service:
    codec = Codec(settings.reader)
    author = Author(
        source=settings.source,
        context=settings.context.upper(),
        now=_now,
        new_message_id=_new_message_id,
        event_style=settings.style,
    )
    mailing = Mailing(
        codec=codec, author=author, source=settings.source, context=settings.context, new_message_id=_new_message_id
    )
    return Service(
        codec=codec,
        router=Router(ROUTES),
        store=store,
        author=author,
        mailing=mailing,
        policy=Policy(context=settings.context, tolerance=settings.behaviour.tolerance),
        behaviour=settings.behaviour,
        now=_now,
    )
