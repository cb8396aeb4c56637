"""The buses that a case runs on, and whoever takes part in it: what is written once holds on every broker.

Each test has names of its own on the bus (its context is a word that nobody else uses), so that a broker which serves all
tests of a session keeps them apart.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from dermsbus.adapters.base import DerAdapter
from dermsbus.app import Application
from dermsbus.client import DMSClient
from dermsbus.domain.addresses import event_topic, invalid_queue, request_queue
from dermsbus.domain.behaviour import BEHAVIOURS, Behaviour, Tolerance
from dermsbus.messages.codec import Codec, ReaderSettings
from dermsbus.settings import BusUrl, Settings
from dermsbus.store.base import Store
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Delivery, Queue, Subscription, Topic, Transport
from tests.conformance.cases import BUSES
from tests.flow.peer import Peer
from tests.scripted_derms import Derms

__all__ = ["Bus", "Connect", "House"]

START_TIMEOUT_S = 30.0


class Connect(Protocol):
    """Makes a transport to the broker of a bus, not yet started."""

    def __call__(self, *, client_id: str | None = None) -> Transport: ...


class Bus:
    """A bus for one test. Who takes part is taken down with it, the last one first.

    Attributes:
        name: one of `BUSES`.
        context: the word in all names of this test.
        url: where its broker is; None for the bus in the process.
        opened: what is closed at the end of the test.
    """

    def __init__(self, name: str, connect: Connect, opened: ExitStack, *, url: BusUrl | None = None) -> None:
        self.name = name
        self.context = f"c{uuid4().hex[:12]}"
        self.url = url
        self.opened = opened
        self._connect = connect

    @property
    def is_real(self) -> bool:
        """True for a broker that is not our own."""
        return BUSES[self.name] is not None

    @property
    def requests(self) -> Queue:
        """Where a DERMS takes requests."""
        return Queue(request_queue(self.context, "derms1"))

    @property
    def invalid(self) -> Queue:
        """Where a DERMS puts aside what it could not read."""
        return Queue(invalid_queue(self.context, "derms1"))

    def topic(self, source: str, verb: str, noun: str) -> Topic:
        """Where *source* tells of events."""
        return Topic(event_topic(self.context, source, verb, noun))

    def transport(self, *, client_id: str | None = None) -> Transport:
        """One more connection to the bus, made but not started; whoever starts it stops it."""
        return self._connect(client_id=client_id)

    def connected(self, *, client_id: str | None = None) -> Transport:
        """One more connection to the bus, up."""
        transport = self.transport(client_id=client_id)
        self.opened.callback(transport.stop)
        transport.start()
        transport.wait_until_up(START_TIMEOUT_S)
        return transport

    def derms(
        self,
        behaviour: str | Behaviour = "default",
        *,
        transport: Transport | None = None,
        store: Store | None = None,
        adapters: Mapping[str, DerAdapter] | None = None,
        now: Callable[[], object] | None = None,
        **settings: object,
    ) -> Application:
        """A DERMS, connected and subscribed.

        Args:
            behaviour: a profile of this name, or one made for the test.
            transport: in place of a connection of its own.
            store: in place of one in memory.
            adapters: in place of those of the catalogue.
            now: its clock.
            settings: as in the configuration file.
        """
        derms = Application(
            Settings.model_validate(
                {
                    "http": None,
                    "context": self.context,
                    "behaviour": BEHAVIOURS[behaviour] if isinstance(behaviour, str) else behaviour,
                    **settings,
                }
            ),
            transport=transport or self.transport(),
            store=store or SqliteStore(":memory:"),
            adapters=adapters,
            **({"now": now} if now else {}),  # type: ignore[arg-type]
        )
        self.opened.enter_context(derms)
        derms.wait_until_ready(START_TIMEOUT_S)
        return derms

    def peer(self) -> Peer:
        """A DMS that speaks plain XML, connected."""
        return self.opened.enter_context(Peer(self.transport(), context=self.context))

    def client(self, *, timeout_s: float = 10.0, tolerance: Tolerance = Tolerance.TOLERANT) -> DMSClient:
        """Our own DMS, connected."""
        client = DMSClient(
            self.transport(),
            Codec(ReaderSettings(tolerance=tolerance)),
            responder="derms1",
            context=self.context,
            timeout_s=timeout_s,
        )
        return self.opened.enter_context(client)

    def scripted_derms(self) -> Derms:
        """A DERMS that answers what the test says, connected."""
        derms = Derms(self.transport(), context=self.context)
        self.opened.callback(derms.transport.stop)
        derms.start()
        return derms


@dataclass(frozen=True, kw_only=True)
class House:
    """A DERMS and a DMS on a bus."""

    bus: Bus
    derms: Application
    dms: Peer

    def arriving(self, destination: Queue | Topic) -> queue.SimpleQueue[Delivery]:
        """What arrives there from now on; it is acknowledged by nobody."""
        arrived: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self.dms.transport.subscribe(Subscription(destination=destination), arrived.put)
        return arrived

    def put_aside(self) -> queue.SimpleQueue[Delivery]:
        """What the DERMS puts aside from now on."""
        return self.arriving(self.bus.invalid)

    def check_that_all_is_acknowledged(self) -> None:
        """Every request was acknowledged: with the DERMS gone, what is sent next is all that its queue gives out.

        Ends the DERMS.
        """
        self.derms.stop()
        self.dms.send(b"the next one", destination=self.bus.requests)
        left = self.arriving(self.bus.requests)
        assert left.get(timeout=15).body == b"the next one"
