"""A small real STOMP server, for demos, labs and tests.

``link`` (socket) → ``frames`` (bytes to frames) → ``session`` (what each command does) → ``destinations`` (routing)
→ ``queues`` (order, prefetch, acknowledgement); what must outlive the broker goes as ``journal`` changes to
``persistence``. Only ``link`` and ``server`` know asyncio, only ``persistence`` SQLite.
"""

from dermsbus.broker.server import BrokerSettings, EmbeddedBroker

__all__ = ["BrokerSettings", "EmbeddedBroker"]
