"""A DERMS on the in-memory bus with a peer at the other end; made anew for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from dermsbus.adapters.base import DerAdapter
from dermsbus.app import Application
from dermsbus.domain.behaviour import BEHAVIOURS, Behaviour
from dermsbus.settings import Settings
from dermsbus.store.base import Store
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.flow.peer import Peer


@dataclass(frozen=True, kw_only=True)
class House:
    """Both ends and the bus between them."""

    bus: MemoryBus
    derms: Application
    dms: Peer


@pytest.fixture
def build() -> Iterator[Callable[..., House]]:
    """Builds a house; all of them are taken down at the end of the test."""
    with ExitStack() as opened:

        def make(
            behaviour: Behaviour = BEHAVIOURS["default"],
            store: Store | None = None,
            adapters: Mapping[str, DerAdapter] | None = None,
            **settings: object,
        ) -> House:
            bus = MemoryBus()
            derms = Application(
                Settings.model_validate({"http": None, "behaviour": behaviour, **settings}),
                transport=MemoryTransport(bus),
                store=store or SqliteStore(":memory:"),
                adapters=adapters,
            )
            opened.enter_context(derms)
            derms.wait_until_ready(10)
            return House(bus=bus, derms=derms, dms=opened.enter_context(Peer(MemoryTransport(bus))))

        yield make


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A house with the default behaviour."""
    return build()
