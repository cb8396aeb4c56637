"""The STOMP transport keeps the contract on ActiveMQ Classic."""

from __future__ import annotations

import pytest

from tests.broker.brokers import Broker
from tests.broker.stomp_contract import StompContract


@pytest.mark.broker("activemq")
class TestStompTransportOnActiveMq(StompContract):
    @pytest.fixture
    def broker(self, activemq: Broker) -> Broker:
        return activemq
