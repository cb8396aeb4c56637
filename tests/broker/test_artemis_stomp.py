"""The STOMP transport keeps the contract on ActiveMQ Artemis."""

from __future__ import annotations

import pytest

from tests.broker.brokers import Broker
from tests.broker.stomp_contract import StompContract


@pytest.mark.broker("artemis")
class TestStompTransportOnArtemis(StompContract):
    @pytest.fixture
    def broker(self, artemis: Broker) -> Broker:
        return artemis
