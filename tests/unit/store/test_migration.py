"""A store of an earlier version is brought up to date when it is opened, whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import pytest

from dermsbus.domain.model import EndDeviceGroup
from dermsbus.errors import StoreError
from dermsbus.store.base import Commit, InboxRecord, OutboxEntry, OutboxState
from dermsbus.store.migration import STEPS
from dermsbus.store.schema import SCHEMA_VERSION
from dermsbus.store.sqlite import SqliteStore
from dermsbus.transports.base import Outgoing, ReplyTo
from tests.contract.store_suite import (
    CONNECT,
    EVERYTHING,
    EVERYTHING_ORDERED,
    KEY,
    MOMENT,
    OTHER_KEY,
    accepted,
    created,
    message_ids,
    ordered,
    outgoing,
    received,
    setting,
    tell,
    told,
)
from tests.unit.domain.builders import function, new_group

VERSION_1 = """
PRAGMA journal_mode=WAL;
BEGIN TRANSACTION;
CREATE TABLE der_group (
	group_id INTEGER NOT NULL,
	mrid TEXT NOT NULL,
	description TEXT,
	functions TEXT,
	names TEXT,
	version TEXT,
	PRIMARY KEY (group_id),
	UNIQUE (mrid)
);
INSERT INTO "der_group" VALUES(1,'G-A','Feeder 7 west, Süd
','{"connect_disconnect":true,"frequency_watt_curve_function":false,"max_real_power_limiting":false,"ramp_rate_control":false,"reactive_power_dispatch":false,"real_power_dispatch":false,"voltage_regulation":true,"volt_var_curve_function":false,"volt_watt_curve_function":false}','[{"name":"GA"},{"name":"GA","type":{"name":"SCADA","description":"","authority":null}},{"name":"7","type":{"name":"GIS","description":null,"authority":{"name":"utility","description":"who names"}}}]','{"date":{"at":"2024-05-01T08:00:00.123456+00:00","text":"2024-05-01T08:00:00.1234567","zone_assumed":true},"major":1180591620717411303424,"minor":0,"revision":-1}');
INSERT INTO "der_group" VALUES(2,'G-B',NULL,'{"connect_disconnect":false,"frequency_watt_curve_function":false,"max_real_power_limiting":false,"ramp_rate_control":false,"reactive_power_dispatch":false,"real_power_dispatch":false,"voltage_regulation":false,"volt_var_curve_function":false,"volt_watt_curve_function":false}',NULL,NULL);
CREATE TABLE der_group_member (
	group_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	mrid TEXT,
	names TEXT,
	PRIMARY KEY (group_id, position),
	UNIQUE (group_id, mrid),
	FOREIGN KEY(group_id) REFERENCES der_group (group_id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "der_group_member" VALUES(1,1,'D1',NULL);
INSERT INTO "der_group_member" VALUES(1,2,'D2','[{"name":"two","type":{"name":"GIS","description":null,"authority":null}},{"name":"zwei"}]');
INSERT INTO "der_group_member" VALUES(1,3,NULL,'[{"name":"three"}]');
CREATE TABLE dermsbus_store (
	version INTEGER NOT NULL
);
INSERT INTO "dermsbus_store" VALUES(1);
CREATE TABLE inbox (
	source TEXT NOT NULL,
	message_id TEXT NOT NULL,
	digest BLOB NOT NULL,
	received_at TEXT NOT NULL,
	transport_id TEXT,
	PRIMARY KEY (source, message_id)
)
 WITHOUT ROWID

;
INSERT INTO "inbox" VALUES('dms','REQ-1',X'0000000000000000000000000000000000000000000000000000000000000000','2024-05-01T08:00:00.123456+00:00',NULL);
INSERT INTO "inbox" VALUES('dms','REQ-2',X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F','2024-05-01T08:00:00.123456+00:00','ID:7');
CREATE TABLE outbox (
	entry_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	cause_source TEXT,
	cause_message_id TEXT,
	is_reply BOOLEAN NOT NULL,
	superseded BOOLEAN NOT NULL,
	state TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	sent_at TEXT,
	destination_kind TEXT NOT NULL,
	destination TEXT NOT NULL,
	body BLOB NOT NULL,
	message_id TEXT NOT NULL,
	correlation_id TEXT,
	reply_to TEXT,
	kind TEXT,
	source TEXT,
	properties TEXT NOT NULL,
	persistent BOOLEAN NOT NULL,
	time_to_live_s FLOAT,
	order_key TEXT
);
INSERT INTO "outbox" VALUES(1,'dms','REQ-1',1,0,'sent',1,'2024-05-01T08:00:00.123456+00:00','topic','cim.production.evt.derms1.created.DERGroups',X'3C782F3E','REP-1',NULL,NULL,NULL,NULL,'{}',1,NULL,NULL);
INSERT INTO "outbox" VALUES(2,'dms','REQ-1',0,0,'pending',1,NULL,'topic','cim.production.evt.derms1.created.DERGroups',X'3C782F3E','EVT-1',NULL,NULL,NULL,NULL,'{}',1,NULL,NULL);
INSERT INTO "outbox" VALUES(3,'dms','REQ-2',1,0,'pending',0,NULL,'reply-to','/temp-queue/ü;1',X'00FF3C782F3E','REP-2','C-1','/queue/r','reply.DERGroups','derms1','{"CIM_Verb":"reply","A":"ü"}',0,0.1,'G-A');
CREATE INDEX inbox_by_age ON inbox (received_at);
CREATE INDEX outbox_by_age ON outbox (sent_at);
CREATE INDEX outbox_by_cause ON outbox (cause_source, cause_message_id);
CREATE INDEX outbox_pending ON outbox (entry_id) WHERE outbox.state = 'pending';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',3);
COMMIT;
"""
"""A file as the dermsbus of version 1 wrote it, with what it had been told."""

BARE = EndDeviceGroup(mrid="G-B", der_function=function())
SENT_REPLY = OutboxEntry(
    message=outgoing("REP-1"), cause=KEY, is_reply=True, entry_id=1, state=OutboxState.SENT, attempts=1
)
PENDING_EVENT = OutboxEntry(message=outgoing("EVT-1"), cause=KEY, entry_id=2, attempts=1)
PENDING_REPLY = OutboxEntry(
    message=Outgoing(
        destination=ReplyTo("/temp-queue/ü;1"),
        body=b"\x00\xff<x/>",
        message_id="REP-2",
        correlation_id="C-1",
        reply_to=ReplyTo("/queue/r"),
        kind="reply.DERGroups",
        source="derms1",
        properties=MappingProxyType({"CIM_Verb": "reply", "A": "ü"}),
        persistent=False,
        time_to_live_s=0.1,
        order_key="G-A",
    ),
    cause=OTHER_KEY,
    is_reply=True,
    entry_id=3,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store of version 1."""
    file = tmp_path / "dermsbus.db"
    with closing(sqlite3.connect(file)) as shell:
        shell.executescript(VERSION_1)
    return file


def take_back_to_version_2(file: Path) -> None:
    """Make of a store of the present version one as version 2 wrote it."""
    with closing(sqlite3.connect(file)) as shell:
        shell.executescript("""
            DROP TABLE nonce;
            DROP TABLE attempt;
            ALTER TABLE inbox DROP COLUMN failed;
            UPDATE dermsbus_store SET version = 2;
        """)


def tables(file: Path) -> dict[str, str]:
    """All that is defined in *file*, without blanks."""
    with closing(sqlite3.connect(file)) as shell:
        return {
            name: "".join(text.split()) for name, text in shell.execute("SELECT name, sql FROM sqlite_master") if text
        }


def holds_what_it_was_told(store: SqliteStore) -> bool:
    """Whether everything is there that was in the file of version 1."""
    return (
        list(store.groups()) == [EVERYTHING, BARE]
        and store.recall(KEY) == received()
        and store.recall(OTHER_KEY)
        == InboxRecord(key=OTHER_KEY, digest=bytes(range(32)), received_at=MOMENT, transport_id="ID:7")
        and store.replies_to(KEY) == (SENT_REPLY,)
        and store.replies_to(OTHER_KEY) == (PENDING_REPLY,)
        and store.pending() == (PENDING_EVENT, PENDING_REPLY)
    )


def test_everything_in_a_store_of_version_1_is_there_when_it_is_opened(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        assert holds_what_it_was_told(store)
        assert [*store.dispatches(), *store.switches(), *store.settings()] == []


def test_everything_in_a_store_of_version_2_is_there_when_it_is_opened(file: Path, tmp_path: Path) -> None:
    with closing(SqliteStore(file)) as store:
        store.commit(
            Commit(dispatches=ordered(EVERYTHING_ORDERED), switches=accepted(CONNECT), settings=told(setting()))
        )
    take_back_to_version_2(file)

    with closing(SqliteStore(file)) as store:
        assert holds_what_it_was_told(store)
        assert list(store.dispatches()) == [EVERYTHING_ORDERED]
        assert list(store.switches()) == [CONNECT]
        assert list(store.settings()) == [setting()]

    SqliteStore(tmp_path / "new.db").close()
    assert tables(file) == tables(tmp_path / "new.db")


def test_a_store_that_was_brought_up_to_date_is_like_a_new_one(file: Path, tmp_path: Path) -> None:
    SqliteStore(file).close()
    SqliteStore(tmp_path / "new.db").close()

    assert tables(file) == tables(tmp_path / "new.db")
    with closing(sqlite3.connect(file)) as shell:
        assert shell.execute("SELECT version FROM dermsbus_store").fetchall() == [(SCHEMA_VERSION,)]


def test_a_store_that_was_brought_up_to_date_takes_new_work_and_is_opened_again(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        store.commit(
            Commit(
                groups=created(new_group("G-C")).groups,
                dispatches=ordered(EVERYTHING_ORDERED),
                switches=accepted(CONNECT),
                settings=told(setting()),
                outbox=(tell("EVT-2"),),
            )
        )

    with closing(SqliteStore(file)) as store:
        assert list(store.groups()) == [EVERYTHING, BARE, new_group("G-C")]
        assert list(store.dispatches()) == [EVERYTHING_ORDERED]
        assert list(store.switches()) == [CONNECT]
        assert list(store.settings()) == [setting()]
        assert message_ids(store.pending()) == ["EVT-1", "REP-2", "EVT-2"]
        assert store.pending()[-1].entry_id == 4


def test_a_store_that_cannot_be_brought_up_to_date_stays_as_it_was(file: Path) -> None:
    with closing(sqlite3.connect(file)) as shell:
        shell.execute("CREATE TABLE device_setting (something_else)")
    before = tables(file)

    with pytest.raises(StoreError, match="nothing of this transaction was written"):
        SqliteStore(file)

    assert tables(file) == before
    with closing(sqlite3.connect(file)) as shell:
        assert shell.execute("SELECT version FROM dermsbus_store").fetchall() == [(1,)]
        shell.execute("DROP TABLE device_setting")
    with closing(SqliteStore(file)) as store:
        assert holds_what_it_was_told(store)


@pytest.mark.parametrize("version", ["0", "-1", "NULL"])
def test_a_store_of_no_known_version_is_refused_and_left_alone(file: Path, version: str) -> None:
    with closing(sqlite3.connect(file)) as shell:
        shell.executescript(f"""
            ALTER TABLE dermsbus_store RENAME TO old;
            CREATE TABLE dermsbus_store (version);
            INSERT INTO dermsbus_store VALUES ({version});
            DROP TABLE old;
        """)
    content = file.read_bytes()

    with pytest.raises(StoreError, match=f"has store version {version.replace('NULL', 'None')}, and this dermsbus"):
        SqliteStore(file)

    assert file.read_bytes() == content


def test_there_is_a_step_from_every_earlier_version() -> None:
    assert sorted(STEPS["sqlite"]) == list(range(1, SCHEMA_VERSION))
