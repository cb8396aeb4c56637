"""The other end by hand: a DERMS that answers what a test says, on whatever transport it is given."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

from dermsbus.domain.addresses import event_topic, request_queue
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup
from dermsbus.messages.answers import Author, entry
from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import DERGroups, Envelope, Noun, Payload, Reply, Result, Verb
from dermsbus.transports.base import Delivery, Destination, Outgoing, Queue, Subscription, Topic, Transport

FUNCTION = DERFunction(
    connect_disconnect=True,
    frequency_watt_curve_function=False,
    max_real_power_limiting=False,
    ramp_rate_control=False,
    reactive_power_dispatch=False,
    real_power_dispatch=True,
    voltage_regulation=False,
    volt_var_curve_function=False,
    volt_watt_curve_function=False,
)
OK = Reply(result=Result.OK, errors=(entry("0.0"),))


def group(mrid: str, *members: str) -> EndDeviceGroup:
    return EndDeviceGroup(
        mrid=mrid, der_function=FUNCTION, end_devices=tuple(EndDevice(mrid=member) for member in members)
    )


def carrying(*mrids: str) -> Payload:
    return Payload(content=DERGroups(groups=tuple(group(mrid) for mrid in mrids)))


Said = tuple[Reply, Payload | None]


class Derms:
    """The test reads a request and says what comes back."""

    def __init__(self, transport: Transport, *, context: str = "production") -> None:
        self.transport = transport
        self._context = context
        self.requests: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._codec = Codec()
        ids = itertools.count(1)
        self.author = Author(
            source="derms1", context=context, now=lambda: datetime.now(UTC), new_message_id=lambda: f"r{next(ids)}"
        )

    def start(self) -> None:
        self.transport.start()
        self.transport.wait_until_up(10)
        destination = Queue(request_queue(self._context, "derms1"))
        self.transport.subscribe(Subscription(destination=destination), self.requests.put)

    def next(self) -> tuple[Delivery, Envelope]:
        delivery = self.requests.get(timeout=5)
        assert delivery is not None
        self.transport.settle([delivery])
        envelope = self._codec.decode(delivery.body)
        assert isinstance(envelope, Envelope)
        return delivery, envelope

    def reply(self, to: Delivery, envelope: Envelope | bytes, *, correlation_id: str | None = None) -> None:
        body = envelope if isinstance(envelope, bytes) else self._codec.encode(envelope)
        assert to.reply_to is not None
        self.publish(to.reply_to, body, correlation_id)

    def answer(self, reply: Reply = OK, payload: Payload | None = None) -> tuple[Delivery, Envelope]:
        """Read one request and answer it as a good responder does."""
        delivery, envelope = self.next()
        said = self.author.reply(envelope.outline, reply, payload)
        self.reply(delivery, said, correlation_id=delivery.correlation_id)
        return delivery, envelope

    @contextmanager
    def answering(self, say: Callable[[Envelope], Said]) -> Iterator[list[Envelope]]:
        """Answer requests on a thread of its own, with what *say* returns; gives the requests that came."""
        came: list[Envelope] = []

        def serve() -> None:
            while (delivery := self.requests.get()) is not None:
                self.transport.settle([delivery])
                envelope = self._codec.decode(delivery.body)
                assert isinstance(envelope, Envelope)
                came.append(envelope)
                said = self.author.reply(envelope.outline, *say(envelope))
                self.reply(delivery, said, correlation_id=delivery.correlation_id)

        with ThreadPoolExecutor(1) as pool:
            serving = pool.submit(serve)
            try:
                yield came
            finally:
                self.requests.put(None)
                serving.result(10)

    @contextmanager
    def answering_with(self, *say: Callable[[Envelope], bytes]) -> Iterator[None]:
        """Answer the next request on a thread of its own, with the bytes of one reply after the other."""

        def serve() -> None:
            delivery, envelope = self.next()
            for each in say:
                self.reply(delivery, each(envelope), correlation_id=delivery.correlation_id)

        with ThreadPoolExecutor(1) as pool:
            serving = pool.submit(serve)
            yield
            serving.result(10)

    def tell(
        self,
        verb: Verb,
        body: bytes | None = None,
        source: str = "derms1",
        *,
        payload: Payload | None = None,
        noun: Noun = Noun.DER_GROUPS,
        correlation_id: str | None = None,
    ) -> None:
        event = self.author.event(verb, noun, payload or carrying("G-A"), correlation_id)
        topic = Topic(event_topic(self._context, source, verb, noun))
        self.publish(topic, body if body is not None else self._codec.encode(event))

    def publish(self, destination: Destination, body: bytes, correlation_id: str | None = None) -> None:
        message = Outgoing(destination=destination, body=body, message_id="x", correlation_id=correlation_id)
        (outcome,) = self.transport.publish([message])
        assert outcome.state == "accepted"
