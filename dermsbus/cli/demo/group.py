"""``dermsbus demo group``: the life of a group between a DMS and a DERMS, each message of it in full."""

from __future__ import annotations

import queue
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermsbus import logs
from dermsbus.app import Application, make_broker, make_client
from dermsbus.cli.demo.screen import Screen
from dermsbus.cli.output import complain
from dermsbus.cli.views import FUNCTION_FIELDS
from dermsbus.client import Answer, Direction, DMSClient, Traffic
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, GroupReference, Name
from dermsbus.messages.envelope import Envelope, Result, Verb
from dermsbus.settings import BusScheme, BusUrl, Settings

__all__ = ["tell_life_of_group"]

_TIMEOUT_S: Final = 10.0
_NAME: Final = "feeder-7-west"
_GROUP: Final = GroupReference(names=(Name(name=_NAME),))
# The reply is sent first, but reply and event come in on two threads.
_ORDER: Final = (Direction.SENT, Direction.REPLY, Direction.EVENT)
_CAN: Final = ("connectDisconnect", "realPowerDispatch")

_BAD_MESSAGE: Final = b"""<?xml version="1.0" encoding="UTF-8"?>
<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message">
  <Header>
    <Verb>update</Verb>
    <Noun>DERGroups</Noun>
    <Source>dms1</Source>
    <MessageID>demo-bad-message</MessageID>
  </Header>
</RequestMessage>
"""

_NEXT: Final = (
    ("dermsbus serve", "a DERMS with a broker of its own, on 127.0.0.1:61613"),
    ("dermsbus listen", "in a second terminal: events as they come"),
    (f"dermsbus groups create {_NAME} -m PV-1 -m PV-2 -f all", "in a third: be the DMS"),
    ("dermsbus groups list", "what the DERMS knows; it is still there after a restart"),
    ("dermsbus send FILE", "a message of your own; dermsbus check FILE judges it without a bus"),
    ("dermsbus serve --bus stomp://USER:PASSWORD@HOST:61613", "the same on ActiveMQ; amqp:// for RabbitMQ"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """One exchange and what must come of it.

    *code* is that of the first failure, *event* the verb of the event that follows, *members* those of the one group in
    the answer; None where nothing of the kind is expected.
    """

    title: str
    ask: Callable[[DMSClient], Answer]
    result: Result = Result.OK
    code: str | None = None
    event: Verb | None = None
    members: tuple[str, ...] | None = None

    def complaint(self, answer: Answer, event: Envelope | None) -> str:
        """What is not as it must be; empty if all is."""
        code = answer.failures[0].code if answer.failures else None
        verb = event.header.verb if event and event.header else None
        if answer.result is not self.result or code != self.code:
            return f"expected {self.result} {self.code or ''}, and it is {answer.result} {code or ''}"
        if verb is not self.event:
            return f"expected the event {self.event}, and it is {verb}"
        if self.members is not None and _members(answer) != self.members:
            return f"expected the members {', '.join(self.members)}, and they are {', '.join(_members(answer))}"
        return ""


def _members(answer: Answer) -> tuple[str, ...]:
    return tuple(device.mrid or "" for group in answer.groups for device in group.end_devices)


def _functions(*names: str) -> DERFunction:
    return DERFunction(**{field: wire in names for wire, field in FUNCTION_FIELDS.items()})


_NEW: Final = EndDeviceGroup(
    names=_GROUP.names,
    description="PV and batteries on feeder 7, west branch",
    der_function=_functions(*_CAN),
    end_devices=(EndDevice(mrid="PV-1"), EndDevice(mrid="PV-2")),
)
_REGULATING: Final = EndDeviceGroup(names=_GROUP.names, der_function=_functions(*_CAN, "voltageRegulation"))

_STEPS: Final = (
    _Step(
        title="The DMS creates a group of two devices; the DERMS gives it an mRID",
        ask=lambda dms: dms.create_groups(_NEW),
        event=Verb.CREATED,
        members=("PV-1", "PV-2"),
    ),
    _Step(
        title="It asks for the group by its name",
        ask=lambda dms: dms.get_groups(_GROUP),
        members=("PV-1", "PV-2"),
    ),
    _Step(
        title="It creates the same group again, and is refused",
        ask=lambda dms: dms.create_groups(_NEW),
        result=Result.FAILED,
        code="6.1",
    ),
    _Step(
        title="It changes what the group can do: voltage regulation as well",
        ask=lambda dms: dms.change_groups(_REGULATING),
        event=Verb.CHANGED,
    ),
    _Step(
        title="It adds a battery to the group",
        ask=lambda dms: dms.add_members(_GROUP, EndDevice(mrid="BESS-3")),
        event=Verb.CHANGED,
    ),
    _Step(
        title="It removes a device from the group, by an OperationSet",
        ask=lambda dms: dms.remove_members(_GROUP, EndDevice(mrid="PV-2")),
        event=Verb.EXECUTED,
    ),
    _Step(
        title="It asks what has become of the group",
        ask=lambda dms: dms.get_groups(_GROUP),
        members=("PV-1", "BESS-3"),
    ),
    _Step(
        title="Somebody sends a message with a verb that does not exist, and is told so with a code",
        ask=lambda dms: dms.send_raw(_BAD_MESSAGE),
        result=Result.FAILED,
        code="1.8",
    ),
    _Step(
        title="The DMS deletes the group",
        ask=lambda dms: dms.delete_groups(_GROUP),
        event=Verb.DELETED,
    ),
    _Step(
        title="It asks once more: the group is gone",
        ask=lambda dms: dms.get_groups(_GROUP),
        result=Result.FAILED,
        code="99.1",
    ),
)


def tell_life_of_group() -> int:
    """Tell the life of a group, on a real STOMP connection.

    Returns:
        The exit status: 0 if everything came as it must, else 1.
    """
    logs.configure("error")
    screen = Screen()
    started = time.monotonic()
    failed = 0
    with _stage(screen) as run:
        for number, step in enumerate(_STEPS, start=1):
            screen.title(f"{number}. {step.title}")
            complaint = run(step)
            screen.verdict(complaint)
            failed += bool(complaint)
    if failed:
        complain(f"{failed} of {len(_STEPS)} steps did not go as they must")
        return 1
    screen.title(f"All {len(_STEPS)} steps went as expected, in {time.monotonic() - started:.1f} s. Try next:")
    screen.advise(_NEXT)
    return 0


@contextmanager
def _stage(screen: Screen) -> Iterator[Callable[[_Step], str]]:
    """Broker, DERMS and DMS, started; gives what runs a step and returns what was wrong with it."""
    traffic: queue.SimpleQueue[Traffic] = queue.SimpleQueue()
    events: queue.SimpleQueue[Envelope] = queue.SimpleQueue()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="dermsbus-demo-")))
        broker = make_broker(BusUrl(scheme=BusScheme.EMBEDDED, host="127.0.0.1", port=0))
        broker.start()
        opened.callback(broker.stop)
        bus = BusUrl(scheme=BusScheme.STOMP, host="127.0.0.1", port=broker.port)
        settings = Settings(bus=bus, store=folder / "groups.db", http=None)
        opened.enter_context(Application(settings)).wait_until_ready(_TIMEOUT_S)
        dms = make_client(settings)
        dms.watch(traffic.put)
        opened.callback(dms.stop)
        dms.start(_TIMEOUT_S)
        dms.events(events.put)
        screen.say(f"broker, DERMS ({settings.source}) and DMS ({settings.dms.source}) are connected on {bus}")

        def run(step: _Step) -> str:
            answer = step.ask(dms)
            event = _await_event(events) if step.event else None
            for message in sorted(_drained(traffic), key=lambda message: _ORDER.index(message.direction)):
                screen.message(message)
            screen.outcome(answer)
            return step.complaint(answer, event)

        yield run


def _drained(traffic: queue.SimpleQueue[Traffic]) -> Iterator[Traffic]:
    while not traffic.empty():
        yield traffic.get()


def _await_event(events: queue.SimpleQueue[Envelope]) -> Envelope | None:
    try:
        return events.get(timeout=_TIMEOUT_S)
    except queue.Empty:
        return None
