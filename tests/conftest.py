"""Readable assertions in the shared suites, long runs of properties, and one container of each broker for a whole session.

A broker is started by the first test that asks for it, whichever folder that is in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.jms_peer import JmsPeer

settings.register_profile("long", max_examples=5_000)

for module in (
    "conformance.bus",
    "contract.adapter_suite",
    "contract.store_suite",
    "contract.transport_suite",
    "flow.epri_cases",
    "flow.peer",
    "flow.plant",
):
    pytest.register_assert_rewrite(f"tests.{module}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Here and not in the fixtures, so that pytest folds all tests without a broker into one line with the reason.
    for marker in item.iter_markers("broker"):
        from tests.broker.brokers import KINDS, check_available  # Docker's client, which other tests do without

        check_available(KINDS[marker.args[0]])


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Broker]:
    yield from _running("rabbitmq")


@pytest.fixture(scope="session")
def activemq() -> Iterator[Broker]:
    yield from _running("activemq")


@pytest.fixture(scope="session")
def artemis() -> Iterator[Broker]:
    yield from _running("artemis")


def _running(name: str) -> Iterator[Broker]:
    from tests.broker.brokers import KINDS, running

    with running(KINDS[name]) as broker:
        yield broker


@pytest.fixture(scope="session")
def jms_peer(activemq: Broker, tmp_path_factory: pytest.TempPathFactory) -> JmsPeer:
    from tests.broker.jms_peer import JmsPeer, has_java

    if not has_java():
        pytest.skip("no java and javac on PATH to build the JMS client with: install a JDK, see docs/testing.md")
    return JmsPeer(activemq, tmp_path_factory.mktemp("jms_peer"))
