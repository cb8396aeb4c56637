from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.broker.journal import (
    DurableForgotten,
    DurableKept,
    EntryCounted,
    EntryGone,
    EntryKept,
    QueueKept,
    Snapshot,
)
from dermsbus.broker.persistence import BrokerStore
from dermsbus.errors import SettingsError, StoreError
from tests.unit.broker.stomp_client import Connect, StartBroker, StompClient

BROKER_PROCESS = """
import json, sys
from pathlib import Path
from dermsbus.broker import BrokerSettings, EmbeddedBroker
import structlog, logging
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
broker = EmbeddedBroker(BrokerSettings(port=0, store=Path(sys.argv[1])))
broker.start()
print(json.dumps(broker.address), flush=True)
broker.wait()
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "broker.db"


@contextmanager
def broker_process(store: Path) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """A broker in a process of its own, killed at the end at the latest."""
    process = subprocess.Popen([sys.executable, "-c", BROKER_PROCESS, str(store)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        host, port = json.loads(process.stdout.readline())
        yield process, (host, port)
    finally:
        process.kill()
        process.communicate()


# -- over a restart --------------------------------------------------------------------------------------------------


def test_persistent_messages_survive_a_restart_in_order_and_others_do_not(
    start_broker: StartBroker, connect: Connect, store: Path
) -> None:
    before = start_broker(store=store)
    client = connect(before)
    client.send("/queue/a", "one", persistent="true", correlation_id="ü: 1")
    client.send("/queue/a", "lost")
    client.send("/queue/a", b"\0two", persistent="true")
    before.stop()
    client = connect(start_broker(store=store))
    client.subscribe("/queue/a")
    one, two = client.message(), client.message()

    assert (one.body, one.headers["correlation-id"]) == (b"one", "ü: 1")
    assert two.body == b"\0two"
    assert client.pending() == []


def test_what_was_acknowledged_is_gone_after_a_restart_and_what_was_not_comes_again(
    start_broker: StartBroker, connect: Connect, store: Path
) -> None:
    before = start_broker(store=store)
    client = connect(before)
    for number in range(3):
        client.send("/queue/a", str(number), persistent="true")
    client.subscribe("/queue/a", ack="client-individual", activemq__prefetchSize="2")
    client.ack(client.message())
    before.stop()
    client = connect(start_broker(store=store))
    client.subscribe("/queue/a")
    messages = [client.message(), client.message()]

    assert [message.body for message in messages] == [b"1", b"2"]
    assert messages[0].headers["redelivered"] == "true"
    assert client.pending() == []


def test_rejections_are_counted_over_a_restart(start_broker: StartBroker, connect: Connect, store: Path) -> None:
    for attempt in range(2):
        broker = start_broker(store=store, redelivery_limit=1)
        client = connect(broker)
        if attempt == 0:
            client.send("/queue/a", "poison", persistent="true")
        client.subscribe("/queue/a", ack="client-individual", activemq__prefetchSize="1")
        client.nack(client.message())
        broker.stop()
    client = connect(start_broker(store=store))
    client.subscribe("/queue/DLQ.a")

    assert client.bodies(1) == ["poison"]


def test_durable_subscriptions_and_what_they_have_collected_survive_a_restart(
    start_broker: StartBroker, connect: Connect, store: Path
) -> None:
    subscription = {
        "destination": "/topic/evt.>",
        "id": "d",
        "activemq.subscriptionName": "all: 1/2",
        "selector": "n = 1",
    }
    broker = start_broker(store=store)
    client = connect(broker, client_id="dms 1")
    client.ask("SUBSCRIBE", subscription)
    client.ask("DISCONNECT")
    connect(broker).send("/topic/evt.a", "before", persistent="true", n="1")
    broker.stop()
    broker = start_broker(store=store)
    sender = connect(broker)
    sender.send("/topic/evt.b", "after", persistent="true", n="1")
    sender.send("/topic/evt.b", "not wanted", persistent="true", n="2")
    client = connect(broker, client_id="dms 1")
    client.ask("SUBSCRIBE", subscription)
    assert client.bodies(2) == ["before", "after"]
    client.ask("UNSUBSCRIBE", {"id": "d", "activemq.subscriptionName": "all: 1/2"})
    broker.stop()

    broker = start_broker(store=store)
    connect(broker).send("/topic/evt.c", "for nobody", persistent="true", n="1")
    client = connect(broker, client_id="dms 1")
    client.ask("SUBSCRIBE", subscription)
    assert client.pending() == []


def test_a_consumer_queue_of_a_virtual_topic_collects_after_a_restart(
    start_broker: StartBroker, connect: Connect, store: Path
) -> None:
    before = start_broker(store=store)
    connect(before).subscribe("/queue/Consumer.dms1.VirtualTopic.a")
    before.stop()
    client = connect(start_broker(store=store))
    client.send("/topic/VirtualTopic.a", "kept")
    client.subscribe("/queue/Consumer.dms1.VirtualTopic.a")

    assert client.bodies(1) == ["kept"]


def test_a_message_that_expired_while_the_broker_was_down_is_dead_lettered(
    start_broker: StartBroker, connect: Connect, store: Path
) -> None:
    # As if an earlier run had kept it: 2020 is over.
    with closing(BrokerStore(store)) as earlier:
        earlier.start(lambda _ticket: None, lambda _failure: None)
        earlier.submit((kept(1, headers={"persistent": "true", "expires": "1577836800000"}), kept(2)))
    for _ in range(2):
        broker = start_broker(store=store)
        client = connect(broker)
        client.subscribe("/queue/DLQ.a", ack="client-individual")
        assert client.message().headers["originalExpiration"] == "1577836800000"
        assert client.pending() == []
        broker.stop()


# -- kill -9 ---------------------------------------------------------------------------------------------------------


def test_after_kill_9_every_receipted_message_is_there_and_every_receipted_ack_holds(store: Path) -> None:
    burst = b"".join(
        b"SEND\ndestination:/queue/a\npersistent:true\nreceipt:%d\n\n%d\0" % (number, number) for number in range(3000)
    )
    with broker_process(store) as (process, address), StompClient(address) as client:
        client.connect()
        client.write(burst)
        receipted = [client.next("RECEIPT").headers["receipt-id"] for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        receipted += [frame.headers["receipt-id"] for frame in client.until_closed()]
    with broker_process(store) as (process, address), StompClient(address) as client:
        client.connect()
        client.subscribe("/queue/a", ack="client-individual")
        acknowledged = []
        for _ in range(100):
            message = client.message()
            client.ack(message)
            acknowledged.append(message.body.decode())
        process.send_signal(signal.SIGKILL)
    with broker_process(store) as (_, address), StompClient(address) as client:
        client.connect()
        client.subscribe("/queue/a")
        left = client.pending()

    assert set(receipted) <= {*acknowledged, *left}
    assert not set(acknowledged) & set(left)
    assert left == sorted(left, key=int)


# -- the file --------------------------------------------------------------------------------------------------------


def test_a_store_that_another_broker_uses_is_refused(start_broker: StartBroker, store: Path) -> None:
    start_broker(store=store)

    with pytest.raises(SettingsError, match=rf"broker.store: cannot use {store}: .*locked") as refusal:
        EmbeddedBroker(BrokerSettings(port=0, store=store)).start()
    assert refusal.value.key == "broker.store"


def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but quite a long text all the same " * 50)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as database, database:
        database.execute("CREATE TABLE entry (x)")

    for file in (text, other, tmp_path / "no such folder" / "broker.db"):
        with pytest.raises(SettingsError, match=r"broker\.store"):
            BrokerStore(file)
    with closing(sqlite3.connect(other)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("entry",)]


def test_a_store_of_a_later_schema_is_refused(store: Path) -> None:
    BrokerStore(store).close()
    with closing(sqlite3.connect(store)) as database:
        database.execute("PRAGMA user_version = 99")

    with pytest.raises(SettingsError, match="schema 99"):
        BrokerStore(store)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [("UPDATE entry SET headers = 'no JSON'", "cannot read"), ("UPDATE entry SET place = 'x'", "cannot be understood")],
)
def test_a_damaged_store_is_told_at_the_start(store: Path, damage: str, complaint: str) -> None:
    with closing(BrokerStore(store)) as writing:
        writing.submit((kept(1),))
        writing.start(lambda _ticket: None, lambda _failure: None)
    with closing(sqlite3.connect(store)) as database, database:
        database.execute(damage)

    with pytest.raises(StoreError, match=complaint):
        EmbeddedBroker(BrokerSettings(port=0, store=store)).start()


def test_when_the_store_fails_senders_get_no_receipt_and_the_broker_ends(
    start_broker: StartBroker, connect: Connect, store: Path
) -> None:
    broker = start_broker(store=store)
    client = connect(broker)
    client.send("/queue/a", "safe", persistent="true")
    broker.stop()
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    broker = start_broker(store=store)
    client = connect(broker)
    client.frame("SEND", {"destination": "/queue/a", "persistent": "true", "receipt": "r"}, b"not safe")
    (error,) = client.until_closed()
    client.close()

    assert "store failed" in error.headers["message"]
    with pytest.raises(StoreError, match="disk full"):
        broker.wait(10)
    with pytest.raises(ConnectionRefusedError):
        StompClient(broker.address)


def kept(number: int, place: str = "/queue/a", headers: dict[str, str] | None = None) -> EntryKept:
    return EntryKept(
        number=number,
        place=place,
        message_id=f"m{number}",
        destination="/queue/a",
        headers=headers if headers is not None else {"persistent": "true", "naïve": "ü\n:"},
        body=b"\0\xff",
    )


def test_senders_faster_than_the_disk_are_slowed_down_and_lose_nothing(
    start_broker: StartBroker, connect: Connect, store: Path
) -> None:
    client = connect(start_broker(store=store, max_uncommitted=1))
    for number in range(500):
        client.frame("SEND", {"destination": "/queue/a", "persistent": "true", "receipt": str(number)})

    assert [client.next("RECEIPT").headers["receipt-id"] for _ in range(500)] == [str(number) for number in range(500)]


def test_what_waits_for_the_disk_goes_there_in_one_commit(store: Path) -> None:
    committed: list[int] = []
    with closing(BrokerStore(store)) as writing:
        for number in range(1, 501):
            writing.submit((kept(number),))
        writing.start(committed.append, lambda _failure: None)
    with closing(BrokerStore(store)) as reading:
        found = reading.load()

    assert committed == [500]
    assert [entry.number for entry in found.entries] == list(range(1, 501))


def test_the_file_holds_what_the_changes_amount_to(store: Path) -> None:
    durable = DurableKept(place="/durable/c/n", client_id="c", name="n", topic="/topic/>", selector=None)
    other = DurableKept(place="/durable/c/m", client_id="c", name="m", topic="/topic/a", selector="n = 1")
    committed = threading.Event()
    with closing(BrokerStore(store)) as first:
        first.start(lambda ticket: committed.set() if ticket == 1 else None, lambda _failure: None)
        first.submit((kept(1), kept(2), durable, QueueKept("/queue/Consumer.a.VirtualTopic.b")))
        assert committed.wait(10)
        first.submit((kept(3), kept(4), EntryGone(1), EntryGone(3)))
        first.submit((EntryCounted(number=2, deliveries=3, rejections=1), other))
        assert first.submit((DurableForgotten(durable.place), QueueKept("/queue/Consumer.a.VirtualTopic.b"))) == 4
    with closing(BrokerStore(store)) as second:
        found = second.load()

    counted = EntryKept(
        number=2,
        place="/queue/a",
        message_id="m2",
        destination="/queue/a",
        headers=kept(2).headers,
        body=b"\0\xff",
        deliveries=3,
        rejections=1,
    )
    assert found == Snapshot(
        queues=(QueueKept("/queue/Consumer.a.VirtualTopic.b"),), durables=(other,), entries=(counted, kept(4))
    )
