"""What the DERMS is asked for while it lives and dies: groups, orders and disconnections, some of them sent twice.

Each item is one device in a group of its own: the group is created, and when that was answered, a set-point is ordered of
it; every third is disconnected instead.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from dermsbus.transports.base import Delivery, Outgoing, PublishState, Queue, ReplyTo, Transport
from tests import builders as xml
from tests.clock import stamp

__all__ = ["Item", "Traffic"]

REQUESTS = Queue("cim.production.req.derms1")


@dataclass
class Item:
    """One device and what is asked of it.

    *bodies* are the answers to each request by its MessageID, as they came.
    """

    number: int
    bodies: dict[str, list[bytes]] = field(default_factory=dict)
    steps: Iterator[str] | None = None

    @property
    def device(self) -> str:
        return f"BAT-{self.number}"

    @property
    def group(self) -> str:
        return f"group-{self.number}"

    @property
    def value_w(self) -> float:
        """No two neighbours have the same."""
        return 100.0 + self.number % 3000

    @property
    def is_disconnected(self) -> bool:
        return self.number % 3 == 0

    @property
    def wanted(self) -> str:
        """What the device is to be told, once."""
        return "disconnect" if self.is_disconnected else f"{self.value_w:.3f} W"

    def requests(self) -> Iterator[tuple[str, bytes]]:
        """MessageID and message of each step."""
        functions = ("realPowerDispatch", "connectDisconnect")
        group = xml.group(
            mrid=self.group, name=self.group, functions=functions, members=(self.device,), version="1.0.0"
        )
        yield self._request("create", "DERGroups", xml.der_groups(group))
        yield self._disconnect() if self.is_disconnected else self._order()

    def _order(self) -> tuple[str, bytes]:
        starts_at = datetime.now(UTC) - timedelta(seconds=1)
        curve = xml.schedule(self.value_w, start=stamp(starts_at), duration=3600, unit="s")
        parameter = xml.parameter(curve, kind="activePower", multiplier="none")
        dispatch = xml.dispatch(parameter, mrid=f"order-{self.number}", group_mrid=self.group)
        return self._request("create", "DERGroupDispatches", xml.payload("DERGroupDispatches", dispatch))

    def _disconnect(self) -> tuple[str, bytes]:
        groups = xml.element("EndDeviceGroups", xml.element_text("mRID", self.group))
        control = xml.control("2.31.0.23", groups, mrid=f"control-{self.number}")
        return self._request("create", "EndDeviceControls", xml.payload("EndDeviceControls", control))

    def _request(self, verb: str, noun: str, payload: str) -> tuple[str, bytes]:
        message_id = str(uuid4())
        self.bodies[message_id] = []
        return message_id, xml.generic(verb, noun, payload=payload, message_id=message_id)


class Traffic:
    """Begins items in bursts, so that some come together and the DERMS has time to die, until no new ones are wanted.

    Args:
        transport: started.
        most: items in all.
        burst: items at a time, while no more are under way.
        every_s: seconds from one burst to the next.
        twice_part: part of the messages that are sent twice.
        chance: decides which.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        most: int,
        burst: int,
        every_s: float,
        twice_part: float,
        chance: random.Random,
    ) -> None:
        self._transport = transport
        self._most = most
        self._burst = burst
        self._every_s = every_s
        self._due_s = 0.0
        self._twice_part = twice_part
        self._chance = chance
        self._answers: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._waiting: dict[str, tuple[Item, Iterator[tuple[str, bytes]]]] = {}
        self._owners: dict[str, Item] = {}
        self._wanted = threading.Event()
        self._reply_to: ReplyTo = transport.open_reply_queue(self._answers.put)
        self.items: list[Item] = []
        self.sent = 0
        self.strangers: list[Delivery] = []
        self._wanted.set()

    @property
    def open(self) -> int:
        """Requests that were not answered yet."""
        return len(self._waiting)

    @property
    def is_exhausted(self) -> bool:
        """All devices were asked for, and nothing is left to be answered."""
        return len(self.items) == self._most and not self._waiting

    def pump(self, timeout_s: float) -> None:
        """Begin new items while they are wanted, and take in what is answered within *timeout_s*."""
        if self._wanted.is_set() and len(self._waiting) < self._burst and time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + self._every_s
            for number in range(len(self.items), min(len(self.items) + self._burst, self._most)):
                self.items.append(Item(number))
                self._next(self.items[number], self.items[number].requests())
        try:
            self._take(self._answers.get(timeout=timeout_s))
            while True:
                self._take(self._answers.get_nowait())
        except queue.Empty:
            pass  # that is all for now

    def finish(self, timeout_s: float) -> None:
        """Begin no new item, and return when all that was asked was answered, or *timeout_s* is over."""
        self._wanted.clear()
        deadline = time.monotonic() + timeout_s
        while self._waiting and time.monotonic() < deadline:
            self.pump(0.2)

    def listen(self, seconds: float) -> None:
        """Take in what is still answered, such as what was asked twice."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.pump(0.2)

    def _take(self, answer: Delivery) -> None:
        message_id = answer.correlation_id or ""
        owner = self._owners.get(message_id)
        if owner is None:
            self.strangers.append(answer)
            return
        owner.bodies[message_id].append(answer.body)
        waiting = self._waiting.pop(message_id, None)
        if waiting is not None:
            self._next(*waiting)

    def _next(self, item: Item, requests: Iterator[tuple[str, bytes]]) -> None:
        for message_id, body in requests:
            self._owners[message_id] = item
            self._waiting[message_id] = (item, requests)
            self._send(message_id, body, times=2 if self._chance.random() < self._twice_part else 1)
            return

    def _send(self, message_id: str, body: bytes, times: int) -> None:
        message = Outgoing(
            destination=REQUESTS,
            body=body,
            message_id=message_id,
            correlation_id=message_id,
            reply_to=self._reply_to,
        )
        outcomes = self._transport.publish([message] * times)
        self.sent += times
        assert all(outcome.state is PublishState.ACCEPTED for outcome in outcomes), outcomes
