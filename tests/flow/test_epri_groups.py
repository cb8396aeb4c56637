"""The DERG cases in one process: DERMS and DMS on the in-memory bus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dermsbus.app import Application
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.settings import Settings
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests.flow.epri_groups import EpriGroupCases, Line
from tests.flow.peer import Peer


class TestEpriGroupsInMemory(EpriGroupCases):
    @pytest.fixture(scope="class", params=["default", "epri"])
    @classmethod
    def line(cls, request: pytest.FixtureRequest) -> Iterator[Line]:
        bus = MemoryBus()
        settings = Settings(profile=request.param, behaviour=BEHAVIOURS[request.param], http=None)
        derms = Application(settings, transport=MemoryTransport(bus), store=SqliteStore(":memory:"))
        with derms, Peer(MemoryTransport(bus)) as dms:
            derms.wait_until_ready(10)
            yield Line(dms=dms, profile=request.param)
