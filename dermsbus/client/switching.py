"""What devices tell of a control: their events, from the request that ordered it until nobody waits for more.

A device may be quicker than the reply. So the events are collected before the request is sent, by the CorrelationID
that they will carry, and wait until they are asked for.

Source: use case 14 and decision 30 on open questions of the project's reference tables.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Self

import structlog

from dermsbus.client.answer import Answer
from dermsbus.domain.controls import EndDeviceEvent
from dermsbus.domain.identity import name_texts
from dermsbus.domain.model import EndDevice
from dermsbus.errors import ConnectionLost
from dermsbus.messages.envelope import EndDeviceEvents, Envelope, RejectedObject

__all__ = ["OutcomeBoard", "Outcomes", "Switching"]

_log: Final = structlog.get_logger(__name__)

_Key = tuple[str, str]


class Outcomes:
    """The events of one request, in the order of their coming, each once.

    Args:
        ids: what the request can be called by in an event: its CorrelationID, and its MessageID for peers that give
            that instead.
    """

    def __init__(self, ids: frozenset[str]) -> None:
        self.ids = ids
        self._told: queue.SimpleQueue[EndDeviceEvent | None] = queue.SimpleQueue()
        self._known: set[str] = set()

    def put(self, event: EndDeviceEvent) -> None:
        """Take in *event*, unless it came before; one without an mRID is always new."""
        if event.mrid is not None:
            if event.mrid in self._known:
                return
            self._known.add(event.mrid)
        self._told.put(event)

    def end(self) -> None:
        """Nothing comes any more."""
        self._told.put(None)

    def get(self, timeout_s: float) -> EndDeviceEvent | None:
        """The next event; None if none comes within *timeout_s* seconds.

        Raises:
            ConnectionLost: nothing comes any more.
        """
        try:
            event = self._told.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None
        if event is None:
            self.end()  # for whoever asks next
            raise ConnectionLost("the client was stopped before all devices had told what became of the control")
        return event


class OutcomeBoard:
    """The requests whose devices are listened to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Outcomes] = {}

    def open(self, *ids: str | None) -> Outcomes:
        """A new collection of the events that carry one of *ids*."""
        outcomes = Outcomes(frozenset(each for each in ids if each))
        with self._lock:
            self._open.update(dict.fromkeys(outcomes.ids, outcomes))
        return outcomes

    def close(self, outcomes: Outcomes) -> None:
        """Collect no more of them. Idempotent."""
        with self._lock:
            for each in outcomes.ids:
                self._open.pop(each, None)

    def end_all(self) -> None:
        """Nothing comes any more, for anybody."""
        with self._lock:
            requests = set(self._open.values())
            self._open.clear()
        for outcomes in requests:
            outcomes.end()

    def take(self, message: Envelope) -> None:
        """Give the events in *message* to the request that they are for; those of other requesters are passed over."""
        correlation_id = message.header.correlation_id if message.header else None
        with self._lock:
            outcomes = self._open.get(correlation_id or "")
        content = message.payload.content if message.payload else None
        if outcomes is None or not isinstance(content, EndDeviceEvents):
            return
        for event in content.events:
            if isinstance(event, RejectedObject):
                _log.warning("event of a device cannot be understood", reason=str(event.error))
            else:
                outcomes.put(event)


class Switching:
    """A control that was sent, with its answer and everything that devices tell of it from then on.

    For one user at a time. Close it, best as a context manager, when nobody waits for more; what was told while the
    connection was away is not in it: ask for the statuses then.

    Attributes:
        answer: whether the responder has accepted the control; not whether a device has carried it out.
    """

    def __init__(self, answer: Answer, outcomes: Outcomes, board: OutcomeBoard) -> None:
        self.answer = answer
        self._outcomes = outcomes
        self._board = board
        self._heard_of: set[_Key] = set()

    def events(self, within_s: float, until: Iterable[EndDevice] | None = None) -> Iterator[EndDeviceEvent]:
        """Each event as it comes, from the first one that was not given yet.

        Args:
            within_s: seconds from now after which it ends, 0 or more; what has come by then is given in any case.
            until: devices; it ends as soon as each of them was told of. None to go on until the time is over.

        Raises:
            ConnectionLost: the client was stopped.
        """
        deadline = time.monotonic() + within_s
        waiting = None if until is None else _Waiting(self.silent(until))
        while waiting is None or waiting:
            event = self._outcomes.get(deadline - time.monotonic())
            if event is None:
                return
            self._heard_of.update(_keys(event.device))
            if waiting is not None:
                waiting.strike_off(event.device)
            yield event

    def silent(self, devices: Iterable[EndDevice]) -> tuple[EndDevice, ...]:
        """Those of *devices* of which none of the events given up to now tells, in their order."""
        return tuple(device for device in devices if self._heard_of.isdisjoint(_keys(device)))

    def close(self) -> None:
        """Collect no more events. Idempotent."""
        self._board.close(self._outcomes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _Waiting:
    """The devices that were not told of yet; true while there are any."""

    def __init__(self, devices: Iterable[EndDevice]) -> None:
        self._devices = dict.fromkeys(devices)
        self._by_key = {key: device for device in self._devices for key in _keys(device)}

    def __bool__(self) -> bool:
        return bool(self._devices)

    def strike_off(self, told: EndDevice) -> None:
        for key in _keys(told):
            if key in self._by_key:
                self._devices.pop(self._by_key[key], None)


def _keys(device: EndDevice) -> tuple[_Key, ...]:
    """All that a device can be known by: an event may name it in another way than its group does."""
    by_mrid = (("mRID", device.mrid),) if device.mrid else ()
    return (*by_mrid, *(("name", text) for text in name_texts(device.names)))
