"""Writes the messages into the pages of ``docs/use-cases``: ``python docs/use_cases.py [--check] [page …]``.

A page is run from top to bottom. Its ``python`` blocks are what a DMS does, with a started `DMSClient` called ``dms``
and the time ``now``; at the other end of an in-memory bus a DERMS serves the simulated devices of
``config/fleet.toml``, at an hour that stands still. What goes over the bus is written between the marks that follow::

    <!-- messages: created DERGroups -->
    …
    <!-- end -->

with the events that are waited for named in the opening one. Code that a reader need not see stands in a comment that
begins with ``run:`` and its events; ``stage:`` with settings begins anew, with a DERMS that knows nothing. Where those
settings have something pushed, no device is asked before the page says so.

Every message is held against its schema. Ids that were left to chance are numbered, and the time of this computer is
replaced by that of the page, so that the same pages come out each time. ``--check`` writes nothing: it exits 1 and
shows the differences if a page is not what comes out.
"""

# ruff: noqa: INP001, S102 -- a command: its folder is no package, the code is our own pages'

from __future__ import annotations

import argparse
import re
import sys
import threading
import tomllib
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Final, Self

import structlog
from lxml import etree

import dermsbus_profiles
from dermsbus.adapters.base import AdapterError, Command, Discovered
from dermsbus.adapters.simulated import SimulatedAdapter, SimulatedFleet
from dermsbus.app import Application, make_client
from dermsbus.cli.views import FUNCTION_FIELDS
from dermsbus.client import Direction, DMSClient, Traffic
from dermsbus.domain.der import Device, Reading
from dermsbus.domain.fleet import load_fleet
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, Name
from dermsbus.settings import Settings
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Delivery, Subscription, Topic
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from dermsbus_profiles import NAME_PLATE_NAMESPACE, NAME_PLATE_SCHEMA
from docs.pages import bring_up_to_date
from tests.flow.peer import EVENTS, assert_valid

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final = tuple(sorted((ROOT / "docs" / "use-cases").glob("*.md")))
CATALOGUE: Final = ROOT / "config" / "fleet.toml"
HOUR: Final = datetime(2026, 6, 1, 10, tzinfo=UTC)

_PATIENCE_S: Final = 20.0
_QUIET: Final[dict[str, object]] = {
    "http": None,
    "fleet": CATALOGUE,
    "devices": {"poll_period_s": 0.05, "stale_after_s": 3600},
    "push": {"status_period_s": 0, "forecast_period_s": 0},
}
"""What a page does not ask for is not pushed, and time passes only when the page says so."""

_PART: Final = re.compile(
    r"""
      ^<!--\ stage:(?P<stage>.*?)-->$
    | ^<!--\ run:(?P<hidden_events>[^\n]*)\n(?P<hidden>.*?)^-->$
    | ^```python\n(?P<code>.*?)^```$
    | ^(?P<opening><!--\ messages:(?P<events>[^\n]*?)-->\n)(?P<messages>.*?)^(?P<closing><!--\ end\ -->)$
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STAMP: Final = re.compile(r"(<(?:\w+:)?Timestamp>)[^<]*(?=</)")
_WAYS: Final = {
    Direction.SENT: "Request, to the queue",
    Direction.REPLY: "Reply, to the queue that the request names",
    Direction.EVENT: "Event, on the topic",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the pages, or with ``--check`` compares them; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the messages into the pages of docs/use-cases.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is not current")
    parser.add_argument("pages", nargs="*", type=Path, help="some of the pages; all where none is named")
    options = parser.parse_args(arguments)
    quiet = structlog.make_filtering_bound_logger("critical")  # devices of some pages fail on purpose
    structlog.configure(wrapper_class=quiet)
    return bring_up_to_date(options.pages or PAGES, written, check=options.check)


def written(text: str, name: str) -> str:
    """The page with the messages that come out when it is run.

    Raises:
        AssertionError: a message breaks its schema, or an event came that the page does not tell, or none that it does.
    """
    numbers = _Numbers()
    with ExitStack() as opened:
        stage = opened.enter_context(Stage())
        pieces: list[str] = []
        done = 0
        for part in _PART.finditer(text):
            pieces.append(text[done : part.start()])
            done = part.end()
            piece = part.group()
            where = f"{name}, line {text.count(chr(10), 0, part.start()) + 1}"
            if part["stage"] is not None:
                stage.close(where)
                stage = opened.enter_context(Stage(part["stage"]))
            elif part["hidden"] is not None:
                stage.run(part["hidden"], where)
                stage.traffic(_list(part["hidden_events"]), where)
            elif part["code"] is not None:
                stage.run(part["code"], where)
            else:
                blocks = "\n".join(numbers.put_into(block) for block in stage.traffic(_list(part["events"]), where))
                piece = f"{part['opening']}{blocks}{part['closing']}"
            pieces.append(piece)
        stage.close(name)
    return "".join((*pieces, text[done:]))


def _list(text: str) -> list[str]:
    """``created DERGroups, 2 created EndDeviceEvents`` as a list with each of them."""
    wanted: list[str] = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        times, _, rest = each.partition(" ")
        wanted += [rest] * int(times) if times.isdigit() else [each]
    return wanted


class _Numbers:
    """Gives each id that was left to chance the next number, the same wherever it stands on the page."""

    def __init__(self) -> None:
        self._next = count(1)
        self._known: dict[str, str] = {}

    def put_into(self, text: str) -> str:
        return _UUID.sub(lambda found: self._of(found.group()), text)

    def _of(self, uuid: str) -> str:
        if uuid not in self._known:
            self._known[uuid] = f"00000000-0000-4000-8000-{next(self._next):012}"
        return self._known[uuid]


class _WatchedAdapter(SimulatedAdapter):
    """The way to the simulated devices, once it is open; one can wait for the next look at them, and for commands."""

    def __init__(self, fleet: SimulatedFleet) -> None:
        super().__init__(fleet)
        self._looks = 0
        self._known: set[str] = set()
        self._is_open = threading.Event()
        self._used = threading.Condition()

    def read(self, devices: Sequence[Device], timeout_s: float) -> tuple[Reading | AdapterError, ...]:
        self._is_open.wait()
        with self._used:
            self._looks += 1
            self._used.notify_all()
        return super().read(devices, timeout_s)

    def discover(self, device: Device, timeout_s: float) -> Discovered:
        discovered = super().discover(device, timeout_s)
        with self._used:
            self._known.add(device.mrid)
            self._used.notify_all()
        return discovered

    def command(self, device: Device, command: Command, timeout_s: float) -> None:
        super().command(device, command, timeout_s)
        with self._used:
            self._used.notify_all()

    def close(self) -> None:
        self._is_open.set()
        super().close()

    def open(self) -> None:
        """Let the devices be asked, and return when it is known of each what it can do, and what it does."""
        self._is_open.set()
        with self._used:
            everybody = len(self.fleet.devices)
            assert self._used.wait_for(lambda: len(self._known) == everybody, _PATIENCE_S), "not all are known"
        self.wait_for_look()

    def wait_for_look(self) -> None:
        """Return when what the devices do now is known: a look was begun from now on, and the next one after it."""
        with self._used:
            enough = self._looks + 2
            assert self._used.wait_for(lambda: self._looks >= enough, _PATIENCE_S), "nobody looks at the devices"

    def wait_for_commands(self, wanted: int) -> None:
        """Return when devices have taken so many commands in all."""
        with self._used:
            self._used.wait_for(lambda: len(self.fleet.journal()) >= wanted, _PATIENCE_S)
        taken = [(each.mrid, each.command) for each in self.fleet.journal()]
        assert len(taken) == wanted, f"{wanted} commands expected, {taken} taken"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Event:
    """An event that the page has not told yet: verb and noun, and what is written of it."""

    kind: str
    block: str


class Stage:
    """A DERMS, a DMS and the bus between them, for the code of one page."""

    def __init__(self, settings: str = "") -> None:
        self._settings = Settings.model_validate(_merged(_QUIET, tomllib.loads(settings.strip())))
        self._pushes = bool(self._settings.push.status_period_s or self._settings.push.forecast_period_s)
        self._now = self._now_at_devices = HOUR  # it stands still until `pass_time`
        self._passing = threading.Lock()
        fleet = load_fleet(CATALOGUE.read_text(encoding="utf-8"), str(CATALOGUE))
        self.fleet = SimulatedFleet(
            fleet.devices, seed=0, clock=lambda: self._now_at_devices, latitude_deg=48.0, longitude_deg=11.0
        )
        self._adapter = _WatchedAdapter(self.fleet)
        self._opened = ExitStack()
        self._exchanged: list[str] = []
        self._events: list[_Event] = []
        self._came = threading.Condition()
        self._names: dict[str, object] = {}
        self._dms: DMSClient | None = None

    def __enter__(self) -> Self:
        bus = MemoryBus()
        derms = Application(
            self._settings,
            transport=MemoryTransport(bus),
            store=SqliteStore(":memory:"),
            adapters={"simulated": self._adapter},
            now=self._time,
        )
        self._opened.enter_context(derms)
        derms.wait_until_ready(_PATIENCE_S)
        listener = MemoryTransport(bus)
        listener.subscribe(Subscription(destination=Topic(EVENTS)), self._take_event)
        listener.start()
        self._opened.callback(listener.stop)
        self._dms = make_client(self._settings, MemoryTransport(bus))
        self._dms.watch(self._take)
        self._opened.enter_context(self._dms)
        if not self._pushes:
            self.look_at_devices()
        self._names = {"dms": self._dms, "stage": self, "now": self._now}
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def close(self, where: str) -> None:
        """End it.

        Raises:
            AssertionError: something was on the bus that the page does not tell.
        """
        assert not self.traffic([], where), f"{where}: what was sent and answered before has no place on the page"
        self._opened.close()

    # -- for the code of pages -------------------------------------------------------------------------------------

    def create_group(self, name: str, *members: str, can: Sequence[str]) -> None:
        """Have a group with these members and functions."""
        assert self._dms is not None
        functions = DERFunction(**{field: wire in can for wire, field in FUNCTION_FIELDS.items()})
        devices = tuple(EndDevice(mrid=member) for member in members)
        group = EndDeviceGroup(names=(Name(name=name),), der_function=functions, end_devices=devices)
        self._dms.create_groups(group).raise_for_result()

    def look_at_devices(self) -> None:
        """Have all devices asked for the first time: where something is pushed, that is from now on."""
        self._adapter.open()

    def pass_time(self, **length: float) -> None:
        """Let time go on, until it is known what the devices do then."""
        with self._passing:
            self._now_at_devices += timedelta(**length)
            self._adapter.wait_for_look()
            self._now = self._now_at_devices
        self._names["now"] = self._now

    def wait_for_commands(self, wanted: int) -> None:
        """Return when devices have taken so many commands in all."""
        self._adapter.wait_for_commands(wanted)

    # -- for the page ----------------------------------------------------------------------------------------------

    def run(self, code: str, where: str) -> None:
        """Do what *code* says, as the DMS."""
        with redirect_stdout(StringIO()):  # what a page prints is for its reader
            exec(compile(code, where, "exec"), self._names)

    def traffic(self, wanted: Sequence[str], where: str) -> list[str]:
        """What was sent and answered since the last time, and the events that are *wanted* and no others.

        Raises:
            AssertionError: one is missing, or another one came.
        """
        exchanged, self._exchanged = self._exchanged, []
        with self._came:
            self._came.wait_for(lambda: Counter(wanted) <= Counter(_kinds(self._events)), _PATIENCE_S)
        if not self._pushes:  # what was sent before the answer to this has come by then
            assert self._dms is not None
            self._dms.get_groups()
            self._exchanged.clear()
        with self._came:
            events, self._events = self._events, []
        assert _kinds(events) == sorted(wanted), f"{where}: {wanted} expected, {_kinds(events)} came"
        return exchanged + [each.block for each in _in_order(events, wanted)]

    def _time(self) -> datetime:
        """The time of the DERMS, who does not see it go on before the devices were looked at."""
        with self._passing:
            return self._now

    def _take(self, traffic: Traffic) -> None:
        if traffic.direction is not Direction.EVENT:
            self._exchanged.append(self._block(traffic.direction, traffic.body, traffic.address))

    def _take_event(self, delivery: Delivery) -> None:
        kind = f"{delivery.properties['CIM_Verb']} {delivery.properties['CIM_Noun']}"
        with self._came:
            block = self._block(Direction.EVENT, delivery.body, delivery.address)
            self._events.append(_Event(kind=kind, block=block))
            self._came.notify_all()

    def _block(self, direction: Direction, body: bytes, address: str) -> str:
        assert_valid(body)
        root = etree.fromstring(body)
        for element in root.iter(f"{{{NAME_PLATE_NAMESPACE}}}DERNamePlates"):
            _name_plate_schema().assertValid(element)
        etree.indent(root)
        xml = etree.tostring(root, encoding="unicode")
        if direction is Direction.SENT:
            xml = _STAMP.sub(rf"\g<1>{self._now:%Y-%m-%dT%H:%M:%SZ}", xml)
        to = "" if direction is Direction.REPLY else f" `{address}`"
        return f"{_WAYS[direction]}{to}:\n\n```xml\n{xml}\n```\n"


def _merged(below: dict[str, object], above: dict[str, object]) -> dict[str, object]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


@cache
def _name_plate_schema() -> etree.XMLSchema:
    return etree.XMLSchema(file=str(Path(dermsbus_profiles.__file__).parent / NAME_PLATE_SCHEMA))


def _kinds(events: Sequence[_Event]) -> list[str]:
    return sorted(event.kind for event in events)


def _in_order(events: Sequence[_Event], wanted: Sequence[str]) -> list[_Event]:
    """As the page names them; of one kind in the order of what they say, since devices answer in any order."""
    return sorted(events, key=lambda event: (wanted.index(event.kind), _UUID.sub("", event.block)))


if __name__ == "__main__":
    sys.exit(main())
