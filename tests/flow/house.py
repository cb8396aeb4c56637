"""A DERMS on the in-memory bus with a peer at the other end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from dermsbus.adapters.base import DerAdapter
from dermsbus.app import Application
from dermsbus.domain.behaviour import BEHAVIOURS, Behaviour
from dermsbus.settings import Settings
from dermsbus.store.base import Store
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.flow.peer import Peer

__all__ = ["House", "building"]


@dataclass(frozen=True, kw_only=True)
class House:
    """Both ends and the bus between them."""

    bus: MemoryBus
    derms: Application
    dms: Peer


@contextmanager
def building() -> Iterator[Callable[..., House]]:
    """Builds a house; all of them are taken down at the end."""
    with ExitStack() as opened:

        def make(
            behaviour: Behaviour = BEHAVIOURS["default"],
            store: Store | None = None,
            adapters: Mapping[str, DerAdapter] | None = None,
            now: Callable[[], datetime] | None = None,
            **settings: object,
        ) -> House:
            bus = MemoryBus()
            derms = Application(
                Settings.model_validate({"http": None, "behaviour": behaviour, **settings}),
                transport=MemoryTransport(bus),
                store=store or SqliteStore(":memory:"),
                adapters=adapters,
                **({"now": now} if now else {}),
            )
            opened.enter_context(derms)
            derms.wait_until_ready(10)
            return House(bus=bus, derms=derms, dms=opened.enter_context(Peer(MemoryTransport(bus))))

        yield make
