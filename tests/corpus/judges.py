"""The judges of a row: the bus, the command `dermsbus check`, and what it costs.

Each says what it found wrong in words, nothing where all is right.
"""

from __future__ import annotations

import io
import json
import queue
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

from dermsbus.adapters.simulated import SimulatedAdapter
from dermsbus.cli import main
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Delivery, Outgoing, PublishState, Queue, Subscription
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests import builders as xml
from tests.corpus.derms import house, prepared
from tests.corpus.rows import Answer, Row, State
from tests.flow.peer import REQUESTS, local, text_of

__all__ = ["Checked", "Cost", "Files", "Wires", "cost_problems", "costs_of"]

INVALID: Final = "cim.production.invalid.derms1"
MOST_CPU_MS: Final = 100.0
MOST_MEMORY_MB: Final = 50.0
_CPU_MS_PER_ELEMENT: Final = 0.05
_MEMORY_MB_PER_ELEMENT: Final = 0.002
_NO_REFUSALS: Final = frozenset({"0.0", "0.1", "0.2", "0.3"})
_PARTS: Final = ("cpu_ms", "memory_mb")
_DEVICES: Final = tuple(f"B-{number}" for number in range(1, 5))


class Files:
    """The rows as files, beside the store, the catalogue and the configurations of the DERMS that they are sent to."""

    def __init__(self, folder: Path, rows: Iterable[Row]) -> None:
        self.folder = folder
        prepared(folder)
        for row in rows:
            self.of(row).write_bytes(row.make())

    def of(self, row: Row) -> Path:
        """The file with the bytes of *row*."""
        return self.folder / f"{row.id}.xml"


# -- the bus -----------------------------------------------------------------------------------------------------------


class Wire:
    """A DMS that sends rows to a DERMS, and a good message after each."""

    def __init__(self, store: SqliteStore, adapter: SimulatedAdapter, bus: MemoryBus) -> None:
        self._store = store
        self._adapter = adapter
        self._transport = MemoryTransport(bus)
        self._replies: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._aside: queue.SimpleQueue[Delivery] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        self._transport.subscribe(Subscription(destination=Queue(INVALID), prefetch=10_000), self._aside.put)
        self._transport.start()
        self._transport.wait_until_up(30)
        self._reply_to = self._transport.open_reply_queue(self._replies.put)
        self._before = self._state()
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.stop()

    def problems(self, row: Row, body: bytes) -> Iterator[str]:
        """What is not as the row has it."""
        own, good = str(uuid4()), str(uuid4())
        self._send(body, _message_id(body) or own, own, row.properties)
        self._send(_good(good), good, good, {})
        replies: list[Delivery] = []
        while True:
            try:
                reply = self._replies.get(timeout=20)
            except queue.Empty:
                yield "the good message after it was not served"
                return
            if reply.correlation_id == good:
                break
            replies.append(reply)
        if (served := _seen(reply)).result != "OK":
            yield f"the good message after it got {served.result} {served.codes}"
        yield from self._answer_problems(row, [_seen(each) for each in replies if each.correlation_id == own])
        if not row.changes_something and self._state() != self._before:
            yield "it changed what is in the store"
        if not row.is_legal and self.commands():
            yield "it commanded a device"

    def commands(self) -> int:
        """How often a device was told something."""
        return sum(len(self._adapter.fleet.journal(mrid)) for mrid in _DEVICES)

    def _answer_problems(self, row: Row, seen: list[_Seen]) -> Iterator[str]:
        expected = {Answer.RESPONSE: 1, Answer.FAULT: 1, Answer.NOTHING: 0}[row.answer]
        if len(seen) != expected:
            yield f"{len(seen)} answers instead of {expected}"
            return
        is_aside = not row.is_legal and row.answer is not Answer.RESPONSE
        if seen:
            (answer,) = seen
            if answer.kind.endswith("FaultMessage") is not (row.answer is Answer.FAULT):
                yield f"answered by a {answer.kind}"
            refusing = [code for code in answer.codes if code not in _NO_REFUSALS]
            if (refusing[:1] or [""]) != [row.code] or (answer.result == "OK") is not row.is_legal:
                yield f"told {answer.result} {answer.codes[:5]} instead of {row.code or 'OK'}"
        if is_aside:
            yield from self._aside_problems(row)

    def _aside_problems(self, row: Row) -> Iterator[str]:
        try:
            copy = self._aside.get(timeout=10)
        except queue.Empty:
            yield "not put aside"
            return
        self._transport.settle([copy])
        code, rule = copy.properties.get("CIM_Code"), copy.properties.get("CIM_Rule")
        if code != row.code or (row.rule and rule != row.rule):
            yield f"put aside with {code} {rule} instead of {row.code} {row.rule}"

    def _send(self, body: bytes, message_id: str, correlation_id: str, properties: Mapping[str, str]) -> None:
        while not self._aside.empty():
            self._transport.settle([self._aside.get()])  # those of rows that are answered as well
        message = Outgoing(
            destination=Queue(REQUESTS),
            body=body,
            is_text=False,
            message_id=message_id,
            correlation_id=correlation_id,
            reply_to=self._reply_to,
            properties=properties,
        )
        (outcome,) = self._transport.publish([message])
        assert outcome.state is PublishState.ACCEPTED, outcome

    def _state(self) -> tuple[object, ...]:
        store = self._store
        return tuple(store.groups()), tuple(store.dispatches()), tuple(store.switches()), tuple(store.settings())


class Wires:
    """DERMSs for rows: one in each state for all that change nothing, one of its own for each other row."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._open = ExitStack()
        self._shared: dict[State, Wire] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def problems(self, row: Row) -> list[str]:
        """What is not as the row has it."""
        body = self._files.of(row).read_bytes()
        if row.changes_something:
            with self._new(row.state) as wire:
                return list(wire.problems(row, body))
        return list(self._of(row.state).problems(row, body))

    def commands(self) -> int:
        """How often a device was told something in all the shared ones."""
        return sum(wire.commands() for wire in self._shared.values())

    def _of(self, state: State) -> Wire:
        if state not in self._shared:
            self._shared[state] = self._open.enter_context(self._new(state))
        return self._shared[state]

    @contextmanager
    def _new(self, state: State) -> Iterator[Wire]:
        with house(state, self._files.folder) as parts, Wire(*parts) as wire:
            yield wire


@dataclass(frozen=True, kw_only=True)
class _Seen:
    kind: str
    result: str | None
    codes: list[str]


def _seen(delivery: Delivery) -> _Seen:
    root = ET.fromstring(delivery.body)
    reply = next(each for each in root if local(each) == "Reply")
    codes = [text_of(each, "code") or "" for each in reply if local(each) == "Error"]
    return _Seen(kind=local(root), result=text_of(reply, "Result"), codes=codes)


def _message_id(body: bytes) -> str | None:
    """What a sender's transport says is its id: that in the body, where it is fit for a header."""
    found = re.search(rb"MessageID>([^<\x00-\x20]{1,200})<", body.replace(b"\0", b""))
    return found[1].decode("utf-8", "replace") if found else None


def _good(message_id: str) -> bytes:
    query = xml.der_group_queries(xml.group())
    return xml.generic("get", "DERGroups", request=query, message_id=message_id)


# -- dermsbus check ----------------------------------------------------------------------------------------------------


class Checked:
    """What ``dermsbus check`` says of all rows, by the row's id."""

    def __init__(self, files: Files, rows: Iterable[Row]) -> None:
        self._said: dict[str, dict[str, Any]] = {}
        rows = tuple(rows)
        for state in State:
            plain = [row for row in rows if row.state is state and not row.properties]
            self._said |= _check(files, state, plain)
        for row in rows:
            if row.properties:
                self._said |= _check(files, row.state, [row])

    def problems(self, row: Row) -> list[str]:
        """What is not as the row has it."""
        said = self._said[row.id]
        code = "" if said["ok"] else str(said.get("code"))
        rule = said["violations"][0]["rule"] if "violations" in said else ""
        is_right = code == row.code and (not row.rule or rule == row.rule)
        return (
            [] if is_right else [f"check says {code or 'ok'} {rule} instead of {row.code or 'ok'} {row.rule}: {said}"]
        )


def _check(files: Files, state: State, rows: list[Row]) -> dict[str, dict[str, Any]]:
    if not rows:
        return {}
    config = files.folder / f"{state}.toml"
    arguments = ["check", "--json", "--store", str(files.folder / "state.db"), "--config", str(config)]
    for name, value in rows[0].properties.items():
        arguments += ["--property", f"{name}={value}"]
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        main([*arguments, *(str(files.of(row)) for row in rows)])
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return {row.id: said for row, said in zip(rows, lines, strict=True)}


# -- cost --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What it takes to read a row and to serve it.

    Attributes:
        cpu_ms: of the better of two times.
        memory_mb: at the peak, beyond the message itself.
    """

    cpu_ms: float
    memory_mb: float


def costs_of(files: Files, rows: Iterable[Row]) -> dict[str, Cost]:
    """What each row costs, by its id: measured in a process of its own for each.

    What is found dear is measured again, twice at most: other programs on the same processor make everything dearer.
    """
    rows = tuple(rows)
    costs = _measured(files, rows)
    for _ in range(2):
        dear = [row for row in rows if cost_problems(row, costs[row.id], files.of(row).read_bytes())]
        for name, again in _measured(files, dear).items():
            cpu_ms, memory_mb = (min(getattr(each, part) for each in (costs[name], again)) for part in _PARTS)
            costs[name] = Cost(cpu_ms=cpu_ms, memory_mb=memory_mb)
    return costs


def _measured(files: Files, rows: Sequence[Row]) -> dict[str, Cost]:
    if not rows:
        return {}
    wanted = "".join(f"{row.state} {files.of(row)} {json.dumps(dict(row.properties))}\n" for row in rows)
    done = subprocess.run(
        [sys.executable, "-m", "tests.corpus.cost", str(files.folder)],
        input=wanted,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    measured = [json.loads(line) for line in done.stdout.splitlines()]
    return {row.id: Cost(**each) for row, each in zip(rows, measured, strict=True)}


def cost_problems(row: Row, cost: Cost, body: bytes) -> list[str]:
    """Where *cost* is more than it may be.

    What is valid by its schema is read whole, good or bad; then a refusal costs what a good message of that size does.
    """
    elements = 0 if row.rule else max(row.holds, body.count(b"<") - body.count(b"</"))
    most_ms = max(MOST_CPU_MS, _CPU_MS_PER_ELEMENT * elements)
    most_mb = max(MOST_MEMORY_MB, _MEMORY_MB_PER_ELEMENT * elements)
    found = []
    if cost.cpu_ms > most_ms:
        found.append(f"{cost.cpu_ms:.0f} ms of CPU, at most {most_ms:.0f}")
    if cost.memory_mb > most_mb:
        found.append(f"{cost.memory_mb:.0f} MB of memory, at most {most_mb:.0f}")
    return found
