"""STOMP 1.2 by stomp.py, held to the contract of `Transport` on ActiveMQ Classic, Artemis, RabbitMQ and our own broker.

Threads of one transport: the supervisor (connects, watches, sends heart-beats' orders), stomp.py's reader (only puts
things in queues), a writer (the only one that may be held up by a full socket) and the deliverer (calls receivers).

Source: stomp.py facts, STOMP matrix and failure model of the project's reference tables.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol
from uuid import uuid4

import stomp.exception
import stomp.protocol
import stomp.transport

from dermsbus.errors import ConnectFailed, ConnectionLost, PublishRejected, SettingsError
from dermsbus.transports.base import (
    Delivery,
    Outgoing,
    PublishOutcome,
    PublishState,
    Queue,
    Receiver,
    ReplyTo,
    Subscription,
    Topic,
)
from dermsbus.transports.dialects import DIALECTS, Dialect, dialect_of
from dermsbus.transports.receipts import Receipts
from dermsbus.transports.stomp_frames import (
    Frame,
    delivery_of,
    fault_of,
    reply_subscribe_frame,
    send_frame,
    subscribe_frame,
)
from dermsbus.transports.streams import open_stream
from dermsbus.transports.supervised import SupervisedTransport
from dermsbus.transports.supervisor import Backoff
from dermsbus.transports.tls import TlsSettings, client_context
from dermsbus.transports.wire_names import check_selector, check_subscribable

__all__ = ["StompSettings", "StompTransport"]

_SILENCE: Final = 2.5
"""Heart-beat intervals of silence after which a broker counts as gone; ActiveMQ lets nearly two pass by design."""

_TICKS: Final = 4
"""Looks at the connection per heart-beat interval."""

_RECENT_S: Final = 2.0
_ACK_TIMEOUT_S: Final = 10.0
_FAREWELL_S: Final = 1.0
_WRITER_BACKLOG: Final = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class StompSettings:
    """How to reach a broker over STOMP.

    Attributes:
        host: name or address of the broker.
        port: TCP port.
        login: user name; None to send none.
        passcode: password; never shown.
        vhost: the ``host`` header; RabbitMQ's virtual host, of no meaning to the others.
        tls: None for plain TCP.
        heart_beat_s: seconds between heart-beats asked for in both directions; silence of 2.5 times it is a loss.
        dialect: ``auto`` to go by the broker's ``server`` header, or a name from `DIALECTS`.
        client_id: identity of this application for durable subscriptions; at one time only one connection may bear it.
        connect_timeout_s: seconds for connection, TLS and login together.
        max_frame_bytes: larger frames are refused before they are sent; at most what the broker takes.
        reply_queue_prefix: how the names of our own reply queues begin, for rules of access on brokers that have no
            temporary queues.
        backoff: how long to wait between attempts to connect.

    Raises:
        SettingsError: a value that cannot be used.

    Source: defaults and client settings of the project's reference tables; the heart-beat of 5 s makes a
    dead connection known within 15 s.
    """

    host: str
    port: int = 61613
    login: str | None = None
    passcode: str | None = field(default=None, repr=False)
    vhost: str = "/"
    tls: TlsSettings | None = None
    heart_beat_s: float = 5.0
    dialect: str = "auto"
    client_id: str | None = None
    connect_timeout_s: float = 15.0
    max_frame_bytes: int = 4 * 1024 * 1024
    reply_queue_prefix: str = "cim.temp."
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        if self.dialect != "auto" and self.dialect not in DIALECTS:
            raise SettingsError("dialect", f"{self.dialect!r} is none of auto, {', '.join(DIALECTS)}")
        if not 0 < self.port < 65536:
            raise SettingsError("port", f"{self.port} is no TCP port")
        for key in ("heart_beat_s", "connect_timeout_s", "max_frame_bytes"):
            if getattr(self, key) <= 0:
                raise SettingsError(key, "must be greater than 0")
        for key in ("host", "login", "passcode", "vhost", "client_id", "reply_queue_prefix"):
            text = getattr(self, key)
            # CONNECT has no escapes: a line feed in a value would begin a header of its own.
            if text is not None and not text.isprintable():
                raise SettingsError(key, "has characters that cannot be printed")

    @property
    def address(self) -> str:
        """Where it leads, as a URL without login."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'stomp' if self.tls is None else 'stomps'}://{host}:{self.port}"


class _Received(Protocol):
    """What is used of stomp.py's Frame."""

    headers: dict[str, str]
    body: bytes | None


class _Wire(stomp.transport.Transport):  # type: ignore[misc]  # stomp.py has no types
    """stomp.py's reader on a stream of ours."""

    def __init__(self, settings: StompSettings, cancelled: Callable[[], bool]) -> None:
        super().__init__(
            [(settings.host, settings.port)],
            prefer_localhost=False,
            try_loopback_connect=False,
            vhost=settings.vhost,
            auto_decode=False,
            recv_bytes=65_536,
            is_eol_fc=lambda data: data in {b"\n", b"\r\n"},
        )
        self._settings = settings
        self._cancelled = cancelled
        self._reader: threading.Thread | None = None
        self.octets_received = 0
        self.override_threading(self._start_reader)

    def attempt_connection(self) -> None:
        self.socket = open_stream(
            self._settings.host,
            self._settings.port,
            tls=self._settings.tls,
            timeout_s=self._settings.connect_timeout_s,
            cancelled=self._cancelled,
        )
        self.current_host_and_port = (self._settings.host, self._settings.port)

    def receive(self) -> bytes | None:
        data: bytes | None = super().receive()
        self.octets_received += len(data or b"")
        return data

    def send(self, encoded_frame: bytes) -> None:
        stream = self.socket
        if stream is None:
            raise stomp.exception.NotConnectedException
        stream.sendall(encoded_frame)

    def end(self) -> None:
        """Close the stream and see the reader end."""
        self.running = False
        stream = self.socket
        if stream is not None:
            with suppress(OSError):  # it may be closed already, which is what we want
                stream.shutdown(socket.SHUT_RDWR)
        if self._reader is not None:
            self._reader.join(_FAREWELL_S)

    def _start_reader(self, loop: Callable[[], None]) -> threading.Thread:
        self._reader = threading.Thread(target=loop, name=f"reader {self._settings.address}", daemon=True)
        self._reader.start()
        return self._reader


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A frame for the writer, of no use after *deadline* (monotonic seconds); None as frame is a heart-beat."""

    frame: Frame | None
    deadline: float
    receipt_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Subscriber:
    """Who receives; *destination* is logical, None for a reply queue, whose deliveries the broker settles itself."""

    receiver: Receiver
    destination: Queue | Topic | None


class _Link:
    """One STOMP connection from CONNECT to its end; the next attempt makes a new one.

    Its ``on_…`` methods are stomp.py's listener interface. They run on the reader's thread, where an exception or a
    wait would cost the connection: they note and enqueue.

    Args:
        settings: where to and how.
        existing: queues that the broker has declared otherwise; those it complains of are added.
        on_message: takes each MESSAGE, with the link it came on; must not wait.
    """

    def __init__(
        self,
        settings: StompSettings,
        existing: set[str],
        on_message: Callable[[_Link, Mapping[str, str], bytes], None],
    ) -> None:
        self._settings = settings
        self._existing = existing
        self._on_message = on_message
        self._over = threading.Event()
        self._greeted = threading.Event()
        self._hello: Mapping[str, str] = {}
        self._last_error = ""
        self._last_error_at = 0.0
        self._cause = ""
        self._receipts = Receipts()
        self._parcels: queue.Queue[_Parcel | None] = queue.Queue(_WRITER_BACKLOG)
        self._wire = _Wire(settings, self._over.is_set)
        self._protocol = stomp.protocol.Protocol12(self._wire, heartbeats=(0, 0), auto_content_length=False)
        self._wire.set_listener("dermsbus", self)
        self._writer = threading.Thread(target=self._write, name=f"writer {settings.address}", daemon=True)
        self._lock = threading.Lock()
        self.dialect: Dialect = DIALECTS["activemq"]
        self.subscribers: dict[str, _Subscriber] = {}

    @property
    def lost(self) -> bool:
        """True once the connection is of no use any more."""
        return bool(self._cause)

    def open(self) -> str:
        """Connect and log in, and find the dialect; returns what the broker calls itself.

        Raises:
            ConnectFailed: says why.
        """
        deadline = time.monotonic() + self._settings.connect_timeout_s
        interval_ms = int(self._settings.heart_beat_s * 1000)
        headers = {"heart-beat": f"{interval_ms},{interval_ms}"}
        if self._settings.client_id is not None:
            headers["client-id"] = self._settings.client_id
        try:
            self._wire.start()
            self._writer.start()
            self._protocol.connect(
                self._settings.login, self._settings.passcode, headers=headers, with_connect_command=True
            )
        except (stomp.exception.StompException, OSError) as error:
            raise ConnectFailed(f"the connection broke before the login: {self._cause or _text(error)}") from error
        self._greeted.wait(max(0.0, deadline - time.monotonic()))
        self._check_greeting()
        server = self._hello.get("server", "")
        self.dialect = dialect_of(server, self._settings.dialect)
        return server.split(" ", 1)[0]

    def _check_greeting(self) -> None:
        if not self._hello:
            if self._last_error:
                raise ConnectFailed(
                    f"the broker refuses us: {self._last_error} (login {self._settings.login!r},"
                    f" vhost {self._settings.vhost!r}, client id {self._settings.client_id!r})"
                )
            waited = f"no CONNECTED within {self._settings.connect_timeout_s:g} s; does it speak STOMP on this port?"
            raise ConnectFailed(self._cause or waited)
        if self._hello.get("version") != "1.2":
            raise ConnectFailed(f"the broker speaks STOMP {self._hello.get('version', '1.0')}, 1.2 is needed")
        if self._beat_intervals_s()[1] == 0:
            raise ConnectFailed(
                "the broker sends no heart-beats, so its death would pass unnoticed: turn them on there"
            )

    def _beat_intervals_s(self) -> tuple[float, float]:
        """Seconds between heart-beats from us and from the broker as agreed; 0 = none."""
        sends, _, wants = self._hello.get("heart-beat", "0,0").partition(",")
        ours_ms = self._settings.heart_beat_s * 1000
        theirs = [int(text) if text.strip().isdecimal() else 0 for text in (wants, sends)]
        agreed = [max(ours_ms, each) / 1000 if each else 0.0 for each in theirs]
        return agreed[0], agreed[1]

    def watch(self) -> str:
        """Keep the connection warm until it is over; returns the cause."""
        we_every_s, they_every_s = self._beat_intervals_s()
        tick_s = min(we_every_s or they_every_s, they_every_s) / _TICKS
        patience = int(they_every_s * _SILENCE / tick_s)
        silent = heard = ticks = 0
        # Ticks are counted, not seconds: after a pause of the whole process the reader gets its turn first.
        while not self._over.wait(tick_s):
            silent = silent + 1 if self._wire.octets_received == heard else 0
            heard = self._wire.octets_received
            if silent >= patience:
                self.lose(f"nothing heard for {silent * tick_s:g} s, not even a heart-beat")
            ticks += 1
            if ticks % (_TICKS // 2) == 0:
                self._enqueue(_Parcel(None, time.monotonic() + tick_s))
        return self._cause

    def release(self) -> None:
        """Make `open` and `watch` return; the connection itself is still good."""
        self._over.set()
        self._greeted.set()

    def close(self) -> None:
        """Say goodbye if there is somebody to hear it, and end stream and threads."""
        if self._hello and not self.lost:
            self.exchange([Frame(command="DISCONNECT")], time.monotonic() + _FAREWELL_S)
        self.lose("closed")
        self._wire.end()
        if self._writer.is_alive():
            self._writer.join(_FAREWELL_S)

    def lose(self, cause: str) -> None:
        """The connection is of no use any more; the first cause counts."""
        with self._lock:
            if self._cause:
                return
            self._cause = self._with_last_error(cause)
        self._receipts.lose(self._cause)
        self.release()
        with suppress(queue.Full):  # then the writer looks at `lost` by itself
            self._parcels.put_nowait(None)

    def subscribe(self, subscription_id: str, subscriber: _Subscriber, frame: Frame | None) -> None:
        """Have what carries *subscription_id* in ``subscription`` put before *subscriber*.

        Args:
            subscription_id: one of its own.
            subscriber: who receives it.
            frame: its SUBSCRIBE; None where the broker does it.

        Raises:
            ConnectFailed: the broker refuses it.
            ConnectionLost: nobody knows; the connection is given up.
        """
        self.subscribers[subscription_id] = subscriber
        if frame is None:
            return
        (outcome,) = self.exchange([frame], time.monotonic() + self._settings.connect_timeout_s)
        where = frame.headers["destination"]
        if outcome.state is PublishState.REJECTED:
            del self.subscribers[subscription_id]
            raise ConnectFailed(f"the broker refuses the subscription to {where}: {outcome.reason}")
        if outcome.state is PublishState.UNKNOWN:
            self.lose(f"subscription to {where}: {outcome.reason}")
            raise ConnectionLost(f"{self._settings.address}: subscription to {where}: {outcome.reason}")

    def exchange(self, frames: Sequence[Frame], deadline: float) -> tuple[PublishOutcome, ...]:
        """Send *frames* in order, each with a receipt, and wait for the broker's word on each.

        Args:
            frames: what to send.
            deadline: monotonic seconds.
        """
        batch = self._receipts.expect([frame.command for frame in frames])
        for frame, receipt_id in zip(frames, batch.receipt_ids, strict=True):
            self._enqueue(_Parcel(frame, deadline, receipt_id))
        if frames:
            batch.complete.wait(max(0.0, deadline - time.monotonic()))
        self._receipts.forget(batch)
        return batch.outcomes(self._with_last_error("the broker said nothing in time"))

    def send_only(self, frames: Sequence[Frame], deadline: float) -> None:
        """Send *frames* without asking for a word on them."""
        for frame in frames:
            self._enqueue(_Parcel(frame, deadline))

    def _enqueue(self, parcel: _Parcel) -> None:
        with suppress(queue.Full):  # the socket is stuck and so is its queue: nobody will answer, and that says it
            self._parcels.put(parcel, timeout=max(0.0, parcel.deadline - time.monotonic()))

    def _write(self) -> None:
        while not self.lost and (parcel := self._parcels.get()) is not None:
            if time.monotonic() > parcel.deadline:
                continue  # its sender has given up; sent now it would only be a duplicate
            try:
                self._send(parcel)
            except (stomp.exception.StompException, OSError) as error:
                self.lose(f"cannot send: {_text(error)}")

    def _send(self, parcel: _Parcel) -> None:
        if parcel.frame is None:
            self._wire.send(b"\n")
            return
        headers = dict(parcel.frame.headers)
        if parcel.receipt_id is not None:
            headers["receipt"] = parcel.receipt_id
        self._protocol.send_frame(parcel.frame.command, headers, parcel.frame.body)

    def _with_last_error(self, text: str) -> str:
        """*text*, and what the broker complained of just before, which is likely why."""
        recent = time.monotonic() - self._last_error_at < _RECENT_S
        return f"{text} ({self._last_error})" if recent and self._last_error not in text else text

    def on_connected(self, frame: _Received) -> None:
        self._hello = frame.headers
        self._greeted.set()

    def on_message(self, frame: _Received) -> None:
        self._on_message(self, frame.headers, frame.body or b"")

    def on_receipt(self, frame: _Received) -> None:
        self._receipts.answer(frame.headers.get("receipt-id", ""), PublishOutcome(state=PublishState.ACCEPTED))

    def on_error(self, frame: _Received) -> None:
        text = fault_of(frame.headers, frame.body or b"")
        self._last_error, self._last_error_at = text, time.monotonic()
        receipt_id = frame.headers.get("receipt-id")
        pattern = self.dialect.declared_otherwise
        misdeclared = pattern.search(text) if pattern is not None else None
        if misdeclared is not None:
            self._existing.add(misdeclared["name"])
        later = misdeclared is not None or any(part in text for part in self.dialect.passing)
        outcome = PublishOutcome(state=PublishState.UNKNOWN if later else PublishState.REJECTED, reason=text)
        if receipt_id is not None:
            self._receipts.answer(receipt_id, outcome)
        else:
            self._receipts.answer_unnamed(outcome)
        self._greeted.set()

    def on_disconnected(self) -> None:
        self.lose("the broker closed the connection")


@dataclass(frozen=True, slots=True)
class _Token:
    """What settles a delivery, and on which connection alone."""

    link: _Link
    ack_id: str


class StompTransport(SupervisedTransport[_Link]):
    """`Transport` over STOMP 1.2.

    Args:
        settings: where to and how.

    Raises:
        SettingsError: a certificate file cannot be used.
    """

    def __init__(self, settings: StompSettings) -> None:
        if settings.tls is not None:
            client_context(settings.tls)
        super().__init__(settings.address, settings.backoff, farewell_s=_FAREWELL_S)
        self._settings = settings
        self._existing: set[str] = set()

    def subscribe(self, subscription: Subscription, receiver: Receiver) -> None:
        """Receive what *subscription* says, now if connected and after every reconnect.

        Raises:
            ConnectFailed: connected, and the broker refuses the subscription, or has no selectors and it has one.
            SettingsError: destination, durable name or selector cannot be subscribed with.
        """
        check_subscribable(subscription.destination)
        check_selector(subscription.selector)
        client_id = self._settings.client_id
        if subscription.durable_name is not None and client_id is None:
            raise SettingsError("client_id", "a durable subscription needs one, for the broker to know us again")

        durable = subscription.durable_name is not None
        subscription_id = f"{client_id}.{subscription.durable_name}" if durable else f"s{next(self._ids)}"
        if subscription_id in self._standing:
            raise SettingsError(
                "durable_name", f"{subscription.durable_name!r} is subscribed already on this connection"
            )

        subscriber = _Subscriber(receiver, subscription.destination)

        def establish(link: _Link) -> None:
            frame = subscribe_frame(
                subscription, subscription_id=subscription_id, dialect=link.dialect, existing=self._existing
            )
            link.subscribe(subscription_id, subscriber, frame)

        self._stand(subscription_id, establish)

    def open_reply_queue(self, receiver: Receiver) -> ReplyTo:
        """A reply destination of this connection.

        Raises:
            ConnectFailed: not connected, or refused.
        """
        name = f"{self._settings.reply_queue_prefix}{uuid4().hex}"
        reply_to = self._connection_for_replies().dialect.reply_queue.reply_to.format(name)
        subscriber = _Subscriber(receiver, None)

        # RabbitMQ names the subscription it makes by itself after the destination; elsewhere any id does.
        def establish(link: _Link) -> None:
            frame = reply_subscribe_frame(name, subscription_id=reply_to, dialect=link.dialect)
            link.subscribe(reply_to, subscriber, frame)

        self._stand(reply_to, establish)
        return ReplyTo(reply_to)

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 10.0) -> tuple[PublishOutcome, ...]:
        """Send *messages* in order and wait for the broker's word on each."""
        deadline = time.monotonic() + timeout_s
        link = self._connection
        if link is None or link.lost:
            return self._unsent(messages)
        frames: dict[int, Frame] = {}
        outcomes: dict[int, PublishOutcome] = {}
        for index, message in enumerate(messages):
            try:
                frames[index] = send_frame(
                    message,
                    link.dialect,
                    existing=self._existing,
                    now_s=time.time(),
                    max_frame_bytes=self._settings.max_frame_bytes,
                )
            except PublishRejected as error:
                outcomes[index] = PublishOutcome(state=PublishState.REJECTED, reason=str(error))
        outcomes.update(zip(frames, link.exchange(tuple(frames.values()), deadline), strict=True))
        return tuple(outcomes[index] for index in range(len(messages)))

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge each delivery by itself.

        Raises:
            ConnectionLost: the connection broke; the broker will deliver what is not settled again.
        """
        by_link: dict[_Link, list[Frame]] = {}
        for delivery in deliveries:
            token = delivery.token
            if isinstance(token, _Token) and not token.link.lost:
                by_link.setdefault(token.link, []).append(Frame(command="ACK", headers={"id": token.ack_id}))
        for link, acks in by_link.items():
            deadline = time.monotonic() + _ACK_TIMEOUT_S
            link.send_only(acks[:-1], deadline)
            (outcome,) = link.exchange(acks[-1:], deadline)
            if outcome.state is PublishState.UNKNOWN:
                link.lose(f"no RECEIPT for an ACK within {_ACK_TIMEOUT_S:g} s")
                raise ConnectionLost(f"{self._settings.address}: not acknowledged: {outcome.reason}")
            if outcome.state is PublishState.REJECTED:
                self._log.warning("acknowledgement refused; the broker delivers again", reason=outcome.reason)

    def _new_connection(self) -> _Link:
        return _Link(self._settings, self._existing, self._received)

    def _received(self, link: _Link, headers: Mapping[str, str], body: bytes) -> None:
        self._arrived(headers.get("destination", ""), partial(self._hand_over, link, headers, body))

    def _hand_over(self, link: _Link, headers: Mapping[str, str], body: bytes) -> None:
        subscriber = link.subscribers.get(headers.get("subscription", ""))
        if subscriber is None:
            self._log.warning("message of an unknown subscription", subscription=headers.get("subscription"))
            return
        token: _Token | None = None
        if subscriber.destination is not None:
            if link.lost:
                return  # the broker has it again and will deliver it again
            token = _Token(link, headers.get("ack", ""))
        subscriber.receiver(
            delivery_of(headers, body, destination=subscriber.destination, dialect=link.dialect, token=token)
        )


def _text(error: BaseException) -> str:
    """What *error* says; stomp.py's own errors say nothing but their names."""
    return str(error) or type(error).__name__
