"""The STOMP transport keeps the contract on RabbitMQ's STOMP plugin."""

from __future__ import annotations

from typing import ClassVar

import pytest

from tests.broker.brokers import Broker
from tests.broker.stomp_contract import StompContract


@pytest.mark.broker("rabbitmq")
class TestStompTransportOnRabbitMq(StompContract):
    reply_spellings: ClassVar[tuple[str, ...]] = ("/queue/{}", "/reply-queue/{}", "queue://{}", "{}")

    @pytest.fixture
    def broker(self, rabbitmq: Broker) -> Broker:
        return rabbitmq
