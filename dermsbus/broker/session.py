"""One peer's conversation: what each STOMP command does to the broker. No sockets."""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

import structlog
from structlog.typing import FilteringBoundLogger

from dermsbus import __version__
from dermsbus.broker import headers as read
from dermsbus.broker.addresses import Address, Kind, parse_address, parse_subscribable
from dermsbus.broker.core import Core
from dermsbus.broker.frames import Frame, Version
from dermsbus.broker.queues import Entry, Message, Subscription, message_of
from dermsbus.broker.refusals import ProtocolError, Refused
from dermsbus.broker.requests import DurableName, SubscriptionRequest
from dermsbus.broker.subscriptions import Subscriptions, ack_id
from dermsbus.broker.transactions import Settlement, Step, Transactions

__all__ = ["Outlet", "Session"]

_SERVER = f"dermsbus/{__version__}"
_TEMPORARY = frozenset({Kind.TEMP_QUEUE, Kind.TEMP_TOPIC})
_FIRST = frozenset({"CONNECT", "STOMP"})


class Outlet(Protocol):
    """The way to the peer."""

    def send(self, frame: Frame) -> None:
        """Send *frame*, after all sent before."""
        ...

    def writable(self) -> bool:
        """True if the peer keeps up with what is sent."""
        ...

    def speak(self, version: Version) -> None:
        """From now on read and write *version*."""
        ...

    def keep_alive(self, *, send_ms: int, expect_ms: int) -> None:
        """Send at least every *send_ms*, and give the peer up if it is silent for *expect_ms*; 0 for neither."""
        ...

    def hang_up(self) -> None:
        """Close the connection when the peer has what was sent."""
        ...


class Session:
    """What one connection has: its version, subscriptions, transactions, temporary destinations, open receipts.

    Attributes:
        peer: its address, for logs.
    """

    def __init__(self, core: Core, outlet: Outlet) -> None:
        """A session that waits for CONNECT.

        Args:
            core: the broker.
            outlet: the way to the peer.
        """
        self.peer = ""
        self._core = core
        self._outlet = outlet
        self._log: FilteringBoundLogger = structlog.get_logger()
        self._version: Version | None = None
        self._login: str | None = None
        self._client_id: str | None = None
        self._ended = False
        self._holding = False
        self._subscriptions = Subscriptions()
        self._transactions = Transactions(core.settings.max_transaction_bytes)
        self._own_temporaries: dict[str, str] = {}
        self._ticket = 0
        self._receipts: deque[tuple[int, str]] = deque()
        self._commands = {
            "CONNECT": self._connect,
            "STOMP": self._connect,
            "DISCONNECT": self._disconnect,
            "SEND": self._send,
            "SUBSCRIBE": self._subscribe,
            "UNSUBSCRIBE": self._unsubscribe,
            "ACK": self._ack,
            "NACK": self._nack,
            "BEGIN": self._begin,
            "COMMIT": self._commit,
            "ABORT": self._abort,
        }

    @property
    def connected(self) -> bool:
        """True from the CONNECTED frame on."""
        return self._version is not None

    # -- what the link tells -----------------------------------------------------------------------------------------

    def handle(self, frame: Frame) -> None:
        """Do what *frame* asks for, and answer."""
        if self._ended:
            return
        try:
            self._perform(frame)
        except Refused as refusal:
            self._record()
            self.refuse(refusal, frame)
            return
        self._record()
        receipt = frame.headers.get("receipt")
        if receipt is not None and frame.command not in _FIRST:
            self._receipts.append((self._ticket, receipt))
        self.on_committed()

    def refuse(self, refusal: Refused, frame: Frame | None = None) -> None:
        """Say no to *frame*, or to what could not even be read; a `ProtocolError` ends the connection."""
        self._log.warning(
            "frame refused", peer=self.peer, command=frame.command if frame else None, reason=refusal.summary
        )
        headers = {"message": refusal.summary, "content-type": "text/plain; charset=utf-8"}
        if frame and "receipt" in frame.headers:
            headers["receipt-id"] = frame.headers["receipt"]
        self._outlet.send(Frame(command="ERROR", headers=headers, body=f"{refusal}\n".encode()))
        if isinstance(refusal, ProtocolError):
            self.end()
            self._outlet.hang_up()

    def on_committed(self) -> None:
        """Send the receipts of all frames whose effect is on disk; after the last of a DISCONNECT, hang up."""
        while self._receipts and self._receipts[0][0] <= self._core.committed:
            _, receipt = self._receipts.popleft()
            self._outlet.send(Frame(command="RECEIPT", headers={"receipt-id": receipt}))
        if self._ended and not self._receipts:
            self._outlet.hang_up()

    def on_writable(self) -> None:
        """Deliver what has waited for the peer to keep up."""
        self._core.destinations.resume(self._subscriptions)
        self._record()

    def hold_deliveries(self) -> None:
        """Take no more messages: the broker is about to stop, and what others give back is not for this one."""
        self._holding = True

    def end(self) -> None:
        """Give back all that the connection held. Idempotent."""
        if self._ended:
            return
        self._ended = True
        self._transactions.clear()
        self._core.destinations.leave(self, self._subscriptions)
        self._subscriptions.clear()
        if self._client_id is not None:
            self._core.release(self._client_id)
        self._record()
        if self.connected:
            self._log.info("client left", peer=self.peer, client_id=self._client_id)

    # -- what the queues tell: see queues.Consumer -------------------------------------------------------------------

    def ready(self) -> bool:
        """True if the peer keeps up."""
        return not (self._ended or self._holding) and self._outlet.writable()

    def deliver(self, subscription: Subscription, entry: Entry, tag: int | None) -> None:
        """Send *entry* as a MESSAGE frame.

        Source: "JMS vocabulary mapped to the envelope" and "STOMP on three brokers" of the project's reference tables.
        """
        message = entry.message
        headers = {"message-id": message.message_id, "destination": self._as_seen(str(message.destination))}
        if subscription.label is not None:
            headers["subscription"] = subscription.label
        if tag is not None and self._version is Version.V1_2:
            headers["ack"] = ack_id(subscription, tag)
        if entry.deliveries > 1:
            headers["redelivered"] = "true"
        headers.update(message.headers)
        if "reply-to" in headers:
            headers["reply-to"] = self._as_seen(headers["reply-to"])
        self._outlet.send(Frame(command="MESSAGE", headers=headers, body=message.body))

    # -- commands ----------------------------------------------------------------------------------------------------

    def _perform(self, frame: Frame) -> None:
        command = self._commands.get(frame.command)
        if command is None:
            raise ProtocolError(
                f"unknown command {frame.command[:40]!r}",
                f"Known are {', '.join(sorted(self._commands))}, in capitals.",
            )
        if self.connected is (frame.command in _FIRST):
            raise ProtocolError(
                "this connection is connected already" if self.connected else f"{frame.command[:40]} before CONNECT",
                "The first frame, and only the first, is CONNECT.",
            )
        command(frame)

    def _connect(self, frame: Frame) -> None:
        headers = frame.headers
        version = read.highest_common(headers.get("accept-version", Version.V1_0))
        self._outlet.speak(version)
        can_ms, wants_ms = read.heart_beat(headers.get("heart-beat", "0,0"))
        login = headers.get("login")
        if not self._core.lets_in(login, headers.get("passcode")):
            raise ProtocolError("login refused", "Give the login and passcode that the broker was started with.")
        client_id = headers.get("client-id") or None
        if client_id is not None and not self._core.claim(client_id):
            raise ProtocolError(
                f"client-id {client_id!r} is connected already",
                "Close the other connection, or wait until its heart-beat is given up; or use another client-id.",
            )
        self._version, self._client_id = version, client_id
        # A login that nobody has checked proves nothing, and must not be passed on as if it did.
        self._login = login if self._core.settings.login is not None else None
        self._answer_connect(version, can_ms=can_ms, wants_ms=wants_ms)
        self._log.info("client connected", peer=self.peer, version=str(version), login=self._login, client_id=client_id)

    def _answer_connect(self, version: Version, *, can_ms: int, wants_ms: int) -> None:
        least_ms = self._core.settings.min_heart_beat_ms
        headers = {
            "version": str(version),
            "server": _SERVER,
            "session": self._core.new_id(),
            "heart-beat": f"{least_ms},{least_ms}",
        }
        self._outlet.send(Frame(command="CONNECTED", headers=headers))
        self._outlet.keep_alive(
            send_ms=max(wants_ms, least_ms) if wants_ms else 0, expect_ms=max(can_ms, least_ms) if can_ms else 0
        )

    def _disconnect(self, _frame: Frame) -> None:
        self.end()

    def _send(self, frame: Frame) -> None:
        headers = {name: value for name, value in frame.headers.items() if name not in read.NOT_PASSED_ON}
        headers.setdefault("timestamp", str(time.time_ns() // 1_000_000))
        if self._login is not None:
            headers["JMSXUserID"] = self._login
        if "reply-to" in headers:
            headers["reply-to"] = self._as_reached(headers["reply-to"])
        message = message_of(
            message_id=self._core.new_id(),
            destination=self._reached(parse_address(read.required(frame, "destination"))),
            headers=headers,
            body=frame.body,
        )
        self._core.destinations.check((message,))
        self._now_or_at_commit(frame, message)

    def _subscribe(self, frame: Frame) -> None:
        label = frame.headers.get("id") if self._version is Version.V1_0 else read.required(frame, "id")
        destination = read.required(frame, "destination")
        key = label if label is not None else destination
        self._subscriptions.expect_free(key)
        address = self._reached(parse_subscribable(destination))
        request = SubscriptionRequest(
            label=label,
            address=address,
            ack=read.ack_mode(frame),
            prefetch=read.prefetch(frame),
            selector=read.selector(frame),
            durable=self._durable_name(frame),
        )
        self._subscriptions.add(key, self._core.destinations.subscribe(self, request))

    def _unsubscribe(self, frame: Frame) -> None:
        key = frame.headers.get("id")
        if key is None:
            key = read.required(frame, "destination" if self._version is Version.V1_0 else "id")
        durable = self._durable_name(frame)
        subscription = self._subscriptions.remove(key)
        if subscription is None and durable is None:
            raise Refused(f"this connection has no subscription {key!r}")
        if subscription is not None:
            self._core.destinations.unsubscribe(subscription)
        if durable is not None:
            self._core.destinations.forget_durable(durable)

    def _durable_name(self, frame: Frame) -> DurableName | None:
        name = frame.headers.get("activemq.subscriptionName")
        if not name:
            return None
        if self._client_id is None:
            raise Refused(
                "activemq.subscriptionName without a client-id",
                "Give a client-id in the CONNECT frame: it and the name together identify a durable subscription.",
            )
        return DurableName(client_id=self._client_id, name=name)

    def _ack(self, frame: Frame) -> None:
        self._settle(frame, accepted=True)

    def _nack(self, frame: Frame) -> None:
        self._settle(frame, accepted=False)

    def _settle(self, frame: Frame, *, accepted: bool) -> None:
        assert self._version is not None
        subscription, tag = self._subscriptions.delivery(frame, self._version)
        self._now_or_at_commit(frame, Settlement(subscription=subscription, tag=tag, accepted=accepted))

    def _begin(self, frame: Frame) -> None:
        self._transactions.begin(read.required(frame, "transaction"))

    def _commit(self, frame: Frame) -> None:
        steps = self._transactions.end(read.required(frame, "transaction"))
        # All sends are checked before the first takes effect: a transaction is done whole or not at all.
        self._core.destinations.check(step for step in steps if isinstance(step, Message))
        for step in steps:
            self._carry_out(step)

    def _abort(self, frame: Frame) -> None:
        self._transactions.end(read.required(frame, "transaction"))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _record(self) -> None:
        self._ticket = self._core.record() or self._ticket

    def _now_or_at_commit(self, frame: Frame, step: Step) -> None:
        transaction = frame.headers.get("transaction")
        if transaction is None:
            self._carry_out(step)
        else:
            self._transactions.add(transaction, step)

    def _carry_out(self, step: Step) -> None:
        destinations = self._core.destinations
        match step:
            case Message():
                destinations.send(step)
            case Settlement(accepted=True):
                destinations.acknowledge(step.subscription, step.tag)
            case Settlement():
                destinations.reject(step.subscription, step.tag)

    def _reached(self, address: Address) -> Address:
        """*address* as all connections know it: a temporary destination of this one by its remote name."""
        if address.kind not in _TEMPORARY:
            return address
        remote = self._core.destinations.temporary(self, address)
        self._own_temporaries[str(remote)] = str(address)
        return remote

    def _as_reached(self, reply_to: str) -> str:
        """A reply-to for others: only a temporary destination is named anew, all else is the sender's business."""
        if not reply_to.startswith(tuple(f"/{kind}/" for kind in _TEMPORARY)):
            return reply_to
        return str(self._reached(parse_address(reply_to)))

    def _as_seen(self, destination: str) -> str:
        """*destination* as this peer named it, if it is its own temporary one."""
        return self._own_temporaries.get(destination, destination)
