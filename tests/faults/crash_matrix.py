"""The crash matrix: a DERMS that dies at every seam, again and again, and the devices' own record of what it did.

``python -m tests.faults.crash_matrix --broker rabbitmq --crashes 1000``. Prints a table and exits with 1 if anything was
lost or done twice, or if a point was not reached often enough.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dermsbus.adapters.base import Command
from dermsbus.adapters.simulated import SimulatedFleet
from dermsbus.app import make_transport
from dermsbus.domain.fleet import load_fleet
from dermsbus.settings import BusUrl
from dermsbus.store.sqlite import SqliteStore
from tests.faults.buses import BUSES, bus
from tests.faults.field import Field
from tests.faults.nursery import KILLED, UNEXPECTED
from tests.faults.points import POINTS
from tests.faults.traffic import Item, Traffic

__all__ = ["Findings", "run"]

ROOT = Path(__file__).parents[2]
CONFIG = """
http = "off"
retention_days = 30

[devices]
poll_period_s = 30
stale_after_s = 86400

[dispatch]
hold_s = 86400

[push]
status_period_s = 0
forecast_period_s = 0
"""
DEVICE = """
[[device]]
mrid = "BAT-{number}"
kind = "battery"
adapter = "simulated"
address = ""
[device.name_plate]
active_power_max_w = 5000
active_power_charge_max_w = 5000
apparent_power_max_va = 5500
energy_capacity_wh = 100000
"""


@dataclass
class Findings:
    """What came of a run; the devices' journal and the store were asked, the DERMS was not.

    Attributes:
        seconds: how long it took.
        sent: messages, with those sent twice.
        ends: of lives, by point.
        unexpected: lives that ended as nobody wanted.
        answered: requests with an answer.
        lost: requests without answer, groups that are not there, devices that were not told.
        answers_differ: requests whose answers are not all the same bytes.
        refused: requests that were not answered OK.
        twice_in_registry: groups that are there twice.
        twice_at_device: commands that a device got again.
        answered_twice: answers beyond the first, which are allowed.
    """

    seconds: float = 0.0
    sent: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    answered: int = 0
    lost: list[str] = field(default_factory=list)
    answers_differ: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    twice_in_registry: list[str] = field(default_factory=list)
    twice_at_device: list[str] = field(default_factory=list)
    answered_twice: int = 0

    @property
    def crashes(self) -> int:
        return sum(self.ends[point] for point in POINTS)

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be, in words."""
        return [
            *(f"lost: {each}" for each in self.lost),
            *(f"answers differ: {each}" for each in self.answers_differ),
            *(f"refused: {each}" for each in self.refused),
            *(f"twice in the registry: {each}" for each in self.twice_in_registry),
            *(f"twice at the device: {each}" for each in self.twice_at_device),
            *self.unexpected,
        ]

    def seldom(self, least: int) -> list[str]:
        """Points that were reached less often than *least*."""
        return [f"{point}: {self.ends[point]}" for point in POINTS if self.ends[point] < least]


class Lives:
    """The nursery, as a process; counts how lives end."""

    def __init__(self, bus: str, folder: Path, seed: int, kill_part: float) -> None:
        command = [sys.executable, "-m", "tests.faults.nursery", bus, str(folder), str(seed), str(kill_part)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT
        )
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()
        self.ends: Counter[str] = Counter()

    def _count(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.ends[json.loads(line)["end"]] += 1

    def last(self) -> None:
        """Let the next life live."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._thread.join(5)
        self._process.stdout.close()


def run(url: str, folder: Path, *, crashes: int, seed: int, devices: int, kill_part: float = 0.25) -> Findings:
    """A run on the broker at *url*: so many crashes at points at least, then time to do what is left."""
    (folder / "derms.toml").write_text(CONFIG)
    (folder / "fleet.toml").write_text("".join(DEVICE.format(number=number) for number in range(devices)))
    fleet = SimulatedFleet(
        load_fleet((folder / "fleet.toml").read_text(), "fleet.toml").devices,
        seed=seed,
        clock=lambda: datetime.now(UTC),
        latitude_deg=48.0,
        longitude_deg=11.0,
        journal_size=10_000_000,
    )
    chance = random.Random(seed)
    findings = Findings()
    began = time.monotonic()
    with Field(fleet, folder / "field"), _dms(url) as transport:
        lives = Lives(url, folder, seed, kill_part)
        try:
            traffic = Traffic(transport, most=devices, burst=4, every_s=0.4, twice_part=0.05, chance=chance)
            while sum(lives.ends[point] for point in POINTS) < crashes and not _is_hopeless(lives, traffic):
                traffic.pump(0.05)
            lives.last()
            traffic.finish(timeout_s=120)
            traffic.listen(3.0)
            _wait_until_told(fleet, traffic.items, timeout_s=30)
        finally:
            lives.stop()
    findings.seconds = time.monotonic() - began
    findings.sent = traffic.sent
    findings.ends = lives.ends
    findings.unexpected = [end for end in lives.ends if end.startswith(UNEXPECTED)]
    _write_journal(fleet, folder / "journal.txt")
    _judge(findings, traffic, fleet, folder)
    return findings


def _is_hopeless(lives: Lives, traffic: Traffic) -> bool:
    """Lives end before they begin, or nothing more is left to do: nothing will come of it."""
    return sum(count for end, count in lives.ends.items() if end.startswith(UNEXPECTED)) > 5 or traffic.is_exhausted


@contextmanager
def _dms(bus: str) -> Iterator:  # type: ignore[type-arg]
    transport = make_transport(BusUrl.parse(bus))
    transport.start()
    try:
        transport.wait_until_up(30)
        yield transport
    finally:
        transport.stop()


def _wait_until_told(fleet: SimulatedFleet, items: list[Item], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    wanted = {item.device for item in items}
    while not wanted <= {entry.mrid for entry in fleet.journal()} and time.monotonic() < deadline:
        time.sleep(0.2)  # devices in a thread that nobody tells of


def _write_journal(fleet: SimulatedFleet, path: Path) -> None:
    """For whoever looks into it; one command to a line."""
    path.write_text("".join(f"{entry.at.isoformat()} {entry.mrid} {entry.command}\n" for entry in fleet.journal()))


def _judge(findings: Findings, traffic: Traffic, fleet: SimulatedFleet, folder: Path) -> None:
    store = SqliteStore(folder / "derms.db")
    groups = Counter(group.mrid for group in store.groups())
    store.close()
    told = Counter((entry.mrid, _said(entry.command)) for entry in fleet.journal())
    wanted = {item.device: item.wanted for item in traffic.items}
    for (device, said), times in told.items():
        if said != wanted.get(device):
            findings.twice_at_device.append(f"{device} was told {said}, {times} times, which nobody ordered")
    for item in traffic.items:
        _judge_answers(findings, item)
        if groups[item.group] != 1:
            (findings.twice_in_registry if groups[item.group] else findings.lost).append(item.group)
        times = told[item.device, item.wanted]
        if times != 1:
            (findings.twice_at_device if times else findings.lost).append(f"{item.wanted} of {item.device}: {times}")


def _said(command: Command) -> str:
    """A command in words, as `Item.wanted` has them."""
    if command.connect is not None:
        return "connect" if command.connect else "disconnect"
    return f"{command.active_power_w:.3f} W" if command.active_power_w is not None else str(command)


def _judge_answers(findings: Findings, item: Item) -> None:
    for message_id, bodies in item.bodies.items():
        if not bodies:
            findings.lost.append(f"answer to {message_id} of {item.group}")
            continue
        findings.answered += 1
        findings.answered_twice += len(bodies) - 1
        if len(set(bodies)) > 1:
            findings.answers_differ.append(f"{message_id} of {item.group}")
        if not re.search(rb"<(?:\w+:)?Result>OK<", bodies[0]):
            findings.refused.append(f"{message_id} of {item.group}: {bodies[0][-600:]!r}")


def table(findings: Findings, title: str) -> str:
    """What an operator reads."""
    lines = [f"{'point':<30} crashes"]
    lines += [f"{point:<30} {findings.ends[point]:>7}" for point in POINTS]
    lines += [
        f"{KILLED:<30} {findings.ends[KILLED]:>7}",
        "",
        f"{title}: {findings.crashes} crashes and {findings.ends[KILLED]} kills in {findings.seconds:.0f} s",
        f"sent {findings.sent}, answered {findings.answered}, answered again {findings.answered_twice}",
        f"lost {len(findings.lost)}, refused {len(findings.refused)}, unexpected {len(findings.unexpected)}",
        f"doubled in the registry {len(findings.twice_in_registry)}, at the device {len(findings.twice_at_device)}",
        f"different answers to one request {len(findings.answers_differ)}",
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Runs it; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bus", choices=BUSES, default="embedded")
    parser.add_argument("--crashes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--devices", type=int, default=8000)
    parser.add_argument("--least", type=int, default=20, help="crashes at each point, at least")
    parser.add_argument("--keep", type=Path, help="a folder to leave everything in")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="dermsbus-faults-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(exist_ok=True, parents=True)
        with bus(options.bus) as url:
            findings = run(url, folder, crashes=options.crashes, seed=options.seed, devices=options.devices)
    print(*findings.wrong[:40], *findings.wrong[-6:], sep="\n")
    print(table(findings, f"{options.bus}, seed {options.seed}"))
    seldom = findings.seldom(options.least)
    if seldom:
        print(f"reached less than {options.least} times: {', '.join(seldom)}")
    return 1 if findings.wrong or seldom else 0


if __name__ == "__main__":
    sys.exit(main())
