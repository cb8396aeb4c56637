"""A DMS at the border: it speaks plain XML over a transport and knows nothing of dermsbus's own client or codec."""

from __future__ import annotations

import queue
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from lxml import etree

import dermsbus_profiles
from dermsbus.errors import ConnectionLost
from dermsbus.transports.base import Delivery, Outgoing, PublishState, Queue, ReplyTo, Subscription, Topic, Transport
from dermsbus_profiles import MESSAGE_NAMESPACE, MESSAGE_SCHEMA, PROFILES, Variant

REQUESTS = "cim.production.req.derms1"
EVENTS = "cim.production.evt.derms1.*.*"


@dataclass(frozen=True, kw_only=True)
class GroupSeen:
    mrid: str | None
    name: str | None
    members: list[str]
    version: str | None
    functions: set[str] | None
    description: str | None


@dataclass(frozen=True, kw_only=True)
class ErrorSeen:
    code: str
    level: str | None = None
    reason: str | None = None
    details: str | None = None
    id: str | None = None
    kind: str | None = None
    object_type: str | None = None
    operation_id: str | None = None


@dataclass(frozen=True)
class Message:
    """A received message, looked at without regard to namespaces."""

    delivery: Delivery
    root: ET.Element = field(repr=False)

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """What arrived, once it was found valid: no test looks at a message that breaks its schema."""
        assert_valid(delivery.body)
        return cls(delivery, ET.fromstring(delivery.body))

    @property
    def kind(self) -> str:
        return local(self.root)

    def text(self, *path: str) -> str | None:
        element = find(self.root, *path)
        return None if element is None else element.text

    @property
    def result(self) -> str | None:
        return self.text("Reply", "Result")

    @property
    def errors(self) -> list[ErrorSeen]:
        reply = find(self.root, "Reply")
        assert reply is not None
        return [error_seen(each) for each in reply if local(each) == "Error"]

    @property
    def codes(self) -> list[str]:
        return [error.code for error in self.errors]

    @property
    def groups(self) -> list[GroupSeen]:
        return [group_seen(each) for each in self.root.iter() if local(each) == "EndDeviceGroup"]

    @property
    def group_names(self) -> list[str | None]:
        return [group.name for group in self.groups]


@cache
def _schema(file_name: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(Path(dermsbus_profiles.__file__).parent / file_name))


def assert_valid(body: bytes) -> None:
    """The envelope, and every profile element in it against the variant that the message's verb asks for."""
    root = etree.fromstring(body)
    name = etree.QName(root)
    verb = root.findtext(f"{{*}}Header/{{{MESSAGE_NAMESPACE}}}Verb")
    variant = Variant.CONSTRAINED if verb in {None, "reply", "create", "created", "get"} else Variant.UNCONSTRAINED
    if name.namespace == MESSAGE_NAMESPACE:
        _schema(MESSAGE_SCHEMA).assertValid(root)
    else:
        noun = str(name.namespace).rpartition("/")[2].removesuffix("Message")
        _schema(PROFILES[noun].wrapper_schema(variant)).assertValid(root)
    for profile in PROFILES.values():
        for element in root.iter(f"{{{profile.payload_namespace}}}{profile.noun}"):
            schema = profile.payload_schema(variant)
            assert schema is not None
            _schema(schema).assertValid(element)


def local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def find(element: ET.Element, *path: str) -> ET.Element | None:
    for name in path:
        found = next((each for each in element if local(each) == name), None)
        if found is None:
            return None
        element = found
    return element


def text_of(element: ET.Element, *path: str) -> str | None:
    found = find(element, *path)
    return None if found is None else found.text


def group_seen(element: ET.Element) -> GroupSeen:
    flags = find(element, "DERFunction")
    version = find(element, "version")
    return GroupSeen(
        mrid=text_of(element, "mRID"),
        name=text_of(element, "Names", "name"),
        members=[text_of(each, "mRID") or "" for each in element if local(each) == "EndDevices"],
        version=".".join(text_of(version, part) or "" for part in ("major", "minor", "revision"))
        if version is not None
        else None,
        functions=None if flags is None else {local(each) for each in flags if each.text == "true"},
        description=text_of(element, "description"),
    )


def error_seen(element: ET.Element) -> ErrorSeen:
    id_element = find(element, "ID")
    return ErrorSeen(
        code=text_of(element, "code") or "",
        level=text_of(element, "level"),
        reason=text_of(element, "reason"),
        details=text_of(element, "details"),
        id=None if id_element is None else id_element.text,
        kind=None if id_element is None else id_element.get("kind"),
        object_type=None if id_element is None else id_element.get("objectType"),
        operation_id=text_of(element, "operationId"),
    )


class Peer:
    """Sends requests to a DERMS and sees its replies and events."""

    def __init__(self, transport: Transport, *, context: str = "production") -> None:
        self.transport = transport
        self._requests = Queue(REQUESTS.replace("production", context))
        self._told = Topic(EVENTS.replace("production", context))
        self._replies: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._reply_to: ReplyTo | None = None
        self.replies_so_far: list[str | None] = []

    def __enter__(self) -> Self:
        self.transport.subscribe(Subscription(destination=self._told), self._take_event)
        self.transport.start()
        self.transport.wait_until_up(30)
        self._reply_to = self.transport.open_reply_queue(self._take_reply)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.transport.stop()

    def _take_reply(self, delivery: Delivery) -> None:
        self.replies_so_far.append(delivery.correlation_id)
        self._replies.put(delivery)

    def _take_event(self, delivery: Delivery) -> None:
        self._events.put(delivery)

    def send(
        self,
        body: bytes,
        *,
        correlation_id: str | None = None,
        reply_to: ReplyTo | None = None,
        destination: Queue | Topic | None = None,
        properties: dict[str, str] | None = None,
        is_text: bool = True,
    ) -> str:
        """Publish a request; returns its MessageID on the transport."""
        message = Outgoing(
            destination=destination or self._requests,
            body=body,
            is_text=is_text,
            message_id=_message_id(body) or str(uuid4()),
            correlation_id=correlation_id,
            reply_to=reply_to,
            properties=properties or {},
        )
        deadline = time.monotonic() + 30
        (outcome,) = self.transport.publish([message])
        while outcome.state is PublishState.UNKNOWN and time.monotonic() < deadline:
            time.sleep(0.1)  # what nobody knows the fate of is sent again, with the same MessageID, but not at once
            (outcome,) = self.transport.publish([message])
        assert outcome.state is PublishState.ACCEPTED, outcome
        return message.message_id

    def ask(
        self,
        body: bytes,
        *,
        timeout_s: float = 15,
        correlation_id: str | None = None,
        properties: dict[str, str] | None = None,
        is_text: bool = True,
    ) -> Message:
        """Send a request and wait for the reply with its transport correlation id."""
        correlation_id = correlation_id or str(uuid4())
        self.send(body, correlation_id=correlation_id, reply_to=self._reply_to, properties=properties, is_text=is_text)
        return self.reply_with(lambda delivery: delivery.correlation_id == correlation_id, timeout_s)

    def reply_with(self, matches: Callable[[Delivery], bool], timeout_s: float = 15) -> Message:
        """The next reply that *matches*; others are passed over."""
        return Message.of(_next(self._replies, matches, timeout_s))

    def next_reply(self, correlation_id: str, timeout_s: float = 15) -> ET.Element:
        """The root of the next reply with this transport correlation id, which need not be valid."""
        found = _next(self._replies, lambda delivery: delivery.correlation_id == correlation_id, timeout_s)
        return ET.fromstring(found.body)

    def event(self, verb: str, timeout_s: float = 15, *, noun: str | None = None) -> Message:
        """The next event with this verb, and with this noun if one is named; others are passed over."""

        def matches(message: Message) -> bool:
            return message.text("Header", "Verb") == verb and noun in {None, message.text("Header", "Noun")}

        return self._next_event(matches, timeout_s)

    def next_event(self, *nouns: str, timeout_s: float = 15) -> Message:
        """The next event about one of *nouns*, whatever it says; others are passed over."""
        return self._next_event(lambda message: message.text("Header", "Noun") in nouns, timeout_s)

    def _next_event(self, matches: Callable[[Message], bool], timeout_s: float) -> Message:
        def is_it(delivery: Delivery) -> bool:
            with suppress(ConnectionLost):  # it comes once more then, which no test minds
                self.transport.settle([delivery])  # else the broker soon gives no more
            return matches(Message.of(delivery))

        return Message.of(_next(self._events, is_it, timeout_s))


def _message_id(body: bytes) -> str | None:
    """The MessageID in the body; None where it cannot be read."""
    try:
        return text_of(ET.fromstring(body), "Header", "MessageID")
    except ET.ParseError:
        return None


def _next(source: queue.SimpleQueue[Delivery], matches: Callable[[Delivery], bool], timeout_s: float) -> Delivery:
    deadline = time.monotonic() + timeout_s
    while True:
        delivery = source.get(timeout=max(0.001, deadline - time.monotonic()))
        if matches(delivery):
            return delivery
