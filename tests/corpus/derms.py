"""The DERMS that rows are sent to: what is in its store, its devices, and its settings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dermsbus.adapters.simulated import SimulatedAdapter, SimulatedFleet
from dermsbus.app import Application
from dermsbus.domain.fleet import load_fleet
from dermsbus.settings import Settings, load
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests import builders as xml
from tests.corpus.rows import ALL_FUNCTIONS, NOW, State, batteries, dispatch, groups, hours, order
from tests.flow.peer import Peer

__all__ = ["house", "prepared", "serving", "settings_of"]

_BEHAVIOUR = {
    State.SERVING: "",
    State.TOLERANT: 'tolerance = "tolerant"',
    State.GUARDED: 'replay_detection = "required"',
}
_CONFIG = """store = "{folder}/state.db"
fleet = "{folder}/fleet.toml"
http = "off"
reply_addresses = ["cim.production.rep.dms1"]
[replay]
oldest_s = 3000
[push]
status_period_s = 0
forecast_period_s = 0
[behaviour]
{behaviour}
"""
"""What is of now was made when the tests were collected, which may be long before its turn, but no hour."""


def prepared(folder: Path) -> None:
    """Write the store, the catalogue of devices, and a configuration for each state into *folder*."""
    (folder / "fleet.toml").write_text(batteries(), encoding="utf-8")
    for state in State:
        text = _CONFIG.format(folder=folder, behaviour=_BEHAVIOUR[state])
        (folder / f"{state}.toml").write_text(text, encoding="utf-8")
    settings = settings_of(State.SERVING, folder)
    with serving(settings, SqliteStore(settings.store)) as (_, _, bus), Peer(MemoryTransport(bus)) as dms:
        for body in _first_requests():
            reply = dms.ask(body)
            assert reply.result == "OK", reply.errors


def _first_requests() -> Iterator[bytes]:
    stated = (
        xml.group(mrid="G-A", name="GA", functions=ALL_FUNCTIONS, members=("B-1", "B-2"), version="1.0.0"),
        xml.group(mrid="G-B", name="GB", functions=(), members=("B-3",), version="1.0.0"),
        xml.group(mrid="G-C", name="GC", functions=ALL_FUNCTIONS, members=("G-A", "B-4"), version="1.0.0"),
    )
    yield groups("create", *stated)
    yield dispatch(order(xml.schedule(5, start=hours(2)), mrid="D-1")).replace(b">good<", b">good-2<")


def settings_of(state: State, folder: Path) -> Settings:
    """The settings of the DERMS in *state*."""
    return load({}, folder / f"{state}.toml")


@contextmanager
def serving(settings: Settings, store: SqliteStore) -> Iterator[tuple[Application, SimulatedAdapter, MemoryBus]]:
    """A DERMS that serves on a bus of its own, with simulated devices."""
    bus = MemoryBus()
    assert settings.fleet is not None
    fleet = load_fleet(settings.fleet.read_text(encoding="utf-8"), str(settings.fleet))
    simulated = SimulatedFleet(
        fleet.devices, seed=0, clock=lambda: NOW, latitude_deg=48.0, longitude_deg=11.0, step_s=60.0
    )
    adapter = SimulatedAdapter(simulated)
    derms = Application(settings, transport=MemoryTransport(bus), store=store, adapters={"simulated": adapter})
    with derms:
        derms.wait_until_ready(10)
        yield derms, adapter, bus


@contextmanager
def house(state: State, folder: Path) -> Iterator[tuple[SqliteStore, SimulatedAdapter, MemoryBus]]:
    """A DERMS in *state* with a store of its own, which it may change."""
    settings = settings_of(state, folder)
    with TemporaryDirectory() as place:
        copy = Path(place) / "copy.db"
        shutil.copy(settings.store, copy)
        store = SqliteStore(copy)
        with serving(settings, store) as (_, adapter, bus):
            yield store, adapter, bus
