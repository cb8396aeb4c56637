"""What a DERMS does when its store fails, for a while or for good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from dermsbus.errors import DermsbusError, StoreEnded, StoreError
from dermsbus.store.base import Commit, OutboxEntry
from dermsbus.store.sqlite import SqliteStore
from tests import builders as xml

CREATE = xml.generic("create", "DERGroups", payload=xml.der_groups(xml.group(mrid="G", name="G", functions=[])))


class FailingStore(SqliteStore):
    """Fails commits with what it is told to raise."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.failure: Exception | None = None
        self.failed = threading.Event()

    def commit(self, commit: Commit) -> tuple[OutboxEntry, ...]:
        if self.failure is not None:
            self.failed.set()
            raise self.failure
        return super().commit(commit)


@pytest.fixture
def store() -> FailingStore:
    return FailingStore()


def test_while_the_store_fails_nothing_is_answered_and_readiness_says_why(
    build: Callable[..., Any], store: FailingStore
) -> None:
    house = build(store=store)
    store.failure = StoreError("derms.db: the disk is full")
    answer: list[Any] = []
    asking = threading.Thread(target=lambda: answer.append(house.dms.ask(CREATE, timeout_s=20)))

    asking.start()
    assert store.failed.wait(10)
    while not (trouble := house.derms.readiness.store_problem):
        pass
    assert "the disk is full" in trouble
    assert not answer
    store.failure = None
    asking.join(20)

    assert answer[0].result == "OK"
    while not house.derms.readiness.is_ready:  # said by the consumer once the batch is done, after the reply
        pass


@pytest.mark.parametrize(
    ("failure", "told"),
    [(StoreEnded("derms.db: disk I/O error"), "disk I/O error"), (MemoryError("no more"), "MemoryError: no more")],
)
def test_where_it_cannot_go_on_it_ends_and_acknowledges_nothing(
    build: Callable[..., Any], store: FailingStore, failure: Exception, told: str
) -> None:
    house = build(store=store)
    store.failure = failure

    house.dms.send(CREATE)

    with pytest.raises(DermsbusError, match=told):
        house.derms.run_until_stopped()
    assert told in house.derms.readiness.store_problem
    assert not house.derms.readiness.is_ready


def test_a_fault_while_reading_is_put_aside_and_the_next_message_is_served(
    build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dermsbus.messages.reader import EnvelopeReader

    house = build()
    with monkeypatch.context() as patch:
        patch.setattr(EnvelopeReader, "read", lambda *_, **__: 1 // 0)

        reply = house.dms.ask(CREATE)

    assert (reply.kind, reply.codes) == ("FaultMessage", ["5.3"])
    assert house.dms.ask(CREATE).result == "OK"
