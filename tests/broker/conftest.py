"""One container of each broker for a whole test session, started by the first test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.broker.brokers import ACTIVEMQ, ARTEMIS, KINDS, RABBITMQ, Broker, check_available, running
from tests.broker.jms_peer import JmsPeer, has_java


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Here and not in the fixtures, so that pytest folds all tests without a broker into one line with the reason.
    for marker in item.iter_markers("broker"):
        check_available(KINDS[marker.args[0]])


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Broker]:
    with running(RABBITMQ) as broker:
        yield broker


@pytest.fixture(scope="session")
def activemq() -> Iterator[Broker]:
    with running(ACTIVEMQ) as broker:
        yield broker


@pytest.fixture(scope="session")
def artemis() -> Iterator[Broker]:
    with running(ARTEMIS) as broker:
        yield broker


@pytest.fixture(scope="session")
def jms_peer(activemq: Broker, tmp_path_factory: pytest.TempPathFactory) -> JmsPeer:
    if not has_java():
        pytest.skip("no java and javac on PATH to build the JMS client with: install a JDK, see docs/testing.md")
    return JmsPeer(activemq, tmp_path_factory.mktemp("jms_peer"))
