"""Exchanges, queues and bindings on RabbitMQ: declared where we may, used as they are where an administrator made them.

Source: RabbitMQ rows of the project's destination naming and broker checklist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dermsbus.errors import ConnectFailed
from dermsbus.transports.amqp_messages import binding_key
from dermsbus.transports.amqp_settings import AmqpSettings
from dermsbus.transports.base import Topic

__all__ = ["BrokerRefused", "PikaChannel", "PikaFrame", "Question", "Topology"]

PikaChannel = Any
"""A channel of pika, which has no types."""

PikaFrame = Any
"""A method frame of pika."""

Question = Callable[[PikaChannel, Callable[[PikaFrame], None]], object]
"""Asks the broker something on a channel, with the callback for its answer."""

_ACCESS_REFUSED: Final = 403
_RESOURCE_LOCKED: Final = 405
_PRECONDITION_FAILED: Final = 406


class BrokerRefused(ConnectFailed):
    """The broker closed a channel over what we asked.

    Attributes:
        code: AMQP reply code, such as 403, 404, 406.
    """

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Topology:
    """What there is on the broker, as far as this connection has seen to it.

    Args:
        ask: puts a question to the broker on the connection that consumes, and returns the answer; raises
            BrokerRefused, after which it can be asked again.
        settings: names and arguments.
        warn: says something once in the life of the transport.
        known: names of the queues that were seen to on this connection; written here.
    """

    def __init__(
        self,
        ask: Callable[[Question], PikaFrame],
        settings: AmqpSettings,
        warn: Callable[..., None],
        known: set[str],
    ) -> None:
        self._ask = ask
        self._settings = settings
        self._warn = warn
        self._known = known

    def declare_shared(self) -> None:
        """Declare the exchanges and the queue that keeps dead letters."""
        names = self._settings
        self._exchange(names.unrouted_exchange, "fanout")
        self._exchange(names.event_exchange, "topic", {"alternate-exchange": names.unrouted_exchange})
        self._exchange(names.request_exchange, "direct")
        self._exchange(names.reply_exchange, "direct")
        self._exchange(names.dead_letter_exchange, "topic")
        self._durable_queue(names.dead_letter_queue, names.dead_letter_queue_arguments)
        self._bind(names.dead_letter_queue, names.dead_letter_exchange, "#")
        if names.stomp_topic_exchange:
            self._permitted(
                f"binding of exchange {names.stomp_topic_exchange} to {names.event_exchange}",
                lambda channel, done: channel.exchange_bind(
                    names.stomp_topic_exchange, names.event_exchange, "#", callback=done
                ),
            )

    def ensure_queue(self, name: str) -> str:
        """The durable queue *name* is there and bound.

        Returns:
            Its name.
        """
        if name not in self._known:
            self._durable_queue(name, self._settings.queue_arguments)
            self._bind(name, self._settings.request_exchange, name)
            self._known.add(name)
        return name

    def ensure_event_queue(self, topic: Topic, durable_name: str | None) -> str:
        """A queue that gets the events of *topic*, from AMQP and STOMP clients, is there.

        Args:
            topic: name or pattern.
            durable_name: its name, if it is to outlive us; None for one that ends with this connection.

        Returns:
            Its name.
        """
        queue = self._private_queue("") if durable_name is None else durable_name
        if durable_name is not None:
            self._durable_queue(durable_name, self._settings.queue_arguments)
        key = binding_key(topic)
        self._bind(queue, self._settings.event_exchange, key)
        if self._settings.stomp_topic_exchange:
            # Of an event that passes through both exchanges a queue that is bound to both still gets one copy.
            self._bind(queue, self._settings.stomp_topic_exchange, key)
        return queue

    def ensure_reply_queue(self, name: str) -> str:
        """The reply queue *name* is there, for this connection alone and as long as it lasts.

        Returns:
            Its name.
        """
        self._private_queue(name)
        self._bind(name, self._settings.reply_exchange, name)
        return name

    def _private_queue(self, name: str) -> str:
        """Declare a queue of this connection; the broker names it if *name* is empty."""
        answer = self._ask(
            lambda channel, done: channel.queue_declare(name, exclusive=True, auto_delete=True, callback=done)
        )
        return str(answer.method.queue)

    def _durable_queue(self, name: str, arguments: Mapping[str, object]) -> None:
        self._declare(
            f"queue {name}",
            lambda channel, done: channel.queue_declare(name, durable=True, arguments=dict(arguments), callback=done),
            lambda channel, done: channel.queue_declare(name, passive=True, callback=done),
        )

    def _exchange(self, name: str, kind: str, arguments: Mapping[str, object] | None = None) -> None:
        self._declare(
            f"exchange {name}",
            lambda channel, done: channel.exchange_declare(
                name, kind, durable=True, arguments=dict(arguments or {}), callback=done
            ),
            lambda channel, done: channel.exchange_declare(name, kind, passive=True, callback=done),
        )

    def _bind(self, queue: str, exchange: str, key: str) -> None:
        self._permitted(
            f"binding of queue {queue} to exchange {exchange} with key {key}",
            lambda channel, done: channel.queue_bind(queue, exchange, key, callback=done),
        )

    def _declare(self, what: str, declare: Question, look: Question) -> None:
        """Declare it; what exists with other properties, or what we may not declare, is used as it is."""
        try:
            self._ask(declare)
        except BrokerRefused as refusal:
            if refusal.code == _RESOURCE_LOCKED:
                return  # another connection's own: it is there, and to publish to it is all that can be wanted
            if refusal.code not in {_ACCESS_REFUSED, _PRECONDITION_FAILED}:
                raise
            try:
                self._ask(look)
            except BrokerRefused:
                raise refusal from None  # it is not there either: what matters is that we may not make it
            if refusal.code == _PRECONDITION_FAILED:
                self._warn("exists with other properties, used as it is", what=what, broker_says=str(refusal))

    def _permitted(self, what: str, question: Question) -> None:
        """Ask for it; what we may not do is left to the administrator."""
        try:
            self._ask(question)
        except BrokerRefused as refusal:
            if refusal.code != _ACCESS_REFUSED:
                raise
            self._warn("not permitted, left to the administrator", what=what, broker_says=str(refusal))
