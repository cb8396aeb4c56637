"""Which queues collect what is sent to topics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dermsbus.broker.addresses import Kind, TopicPattern
from dermsbus.broker.queues import Message, Queue
from dermsbus.broker.selector import Selector

__all__ = ["Binding", "Topics"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """What one queue collects.

    Attributes:
        kind: of topic: lasting or temporary.
        pattern: of the topic's name.
        selector: which messages, None for all.
    """

    kind: Kind
    pattern: TopicPattern
    selector: Selector | None = None

    def collects(self, message: Message) -> bool:
        """True if *message* is one of those."""
        return (
            self.kind is message.destination.kind
            and self.pattern.matches(message.destination.name)
            and (self.selector is None or self.selector.matches(message.headers))
        )


class Topics:
    """The queues that collect from topics, oldest first. A topic itself holds nothing."""

    def __init__(self) -> None:
        self._bindings: dict[Queue, Binding] = {}

    def __iter__(self) -> Iterator[Queue]:
        return iter(tuple(self._bindings))

    def __contains__(self, queue: Queue) -> bool:
        return queue in self._bindings

    def bind(self, queue: Queue, binding: Binding) -> None:
        """Let *queue* collect what *binding* says."""
        self._bindings[queue] = binding

    def unbind(self, queue: Queue) -> None:
        """Let *queue* collect no more."""
        del self._bindings[queue]

    def collecting(self, message: Message) -> list[Queue]:
        """The queues that are to get *message*."""
        return [queue for queue, binding in self._bindings.items() if binding.collects(message)]
