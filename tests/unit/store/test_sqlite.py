"""What only a store in a file must do: one process at a time, nothing lost, and a clear word where the file is bad."""

from __future__ import annotations

import os
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from dermsbus.domain.quantities import Dispatch, DispatchState, Point
from dermsbus.domain.registry import GroupChange
from dermsbus.domain.switching import SwitchState
from dermsbus.errors import StoreError
from dermsbus.store import relational as reading
from dermsbus.store import writing
from dermsbus.store.base import Commit, DispatchChange, InboxKey, InboxRecord, OutboxEntry, SwitchChange
from dermsbus.store.schema import SCHEMA_VERSION
from dermsbus.store.sqlite import IN_MEMORY, SqliteStore
from dermsbus.transports.base import Outgoing, Queue
from tests.contract.store_suite import STEPS, accepted, held_by, order, ordered, setting, switch, told
from tests.unit.domain.builders import devices, names, new_group

MOMENT = datetime(2024, 5, 1, 8, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "dermsbus.db"


def work(number: int, *, size: int = 10) -> Commit:
    """What requests commit: the record, a group, what is ordered of it and told to a device, a reply and an event."""
    key = InboxKey(source="dms", message_id=f"REQ-{number}")
    return Commit(
        inbox=(InboxRecord(key=key, digest=bytes(32), received_at=MOMENT),),
        groups=(GroupChange(before=None, after=new_group(f"G-{number}", members=devices("D1", "D2"))),),
        dispatches=ordered(order(f"O-{number:05}")),
        switches=accepted(switch(f"S-{number:05}")),
        settings=told(setting(f"D-{number:05}")),
        outbox=tuple(
            OutboxEntry(
                message=Outgoing(destination=Queue("q"), body=b"x" * size, message_id=f"{kind}-{number}"),
                cause=key,
                is_reply=kind == "REP",
            )
            for kind in ("REP", "EVT")
        ),
    )


def is_whole(store: SqliteStore, numbers: range) -> bool:
    """Whether the store holds exactly the work of these numbers, each whole."""
    groups = [group.mrid for group in store.groups()]
    pending = [entry.message.message_id for entry in store.pending()]
    return (
        groups == [f"G-{number}" for number in numbers]
        and list(store.dispatches()) == [order(f"O-{number:05}") for number in numbers]
        and list(store.switches()) == [switch(f"S-{number:05}") for number in numbers]
        and held_by(store) == [setting(f"D-{number:05}") for number in numbers]
        and pending == [f"{kind}-{number}" for number in numbers for kind in ("REP", "EVT")]
        and all(store.recall(InboxKey(source="dms", message_id=f"REQ-{number}")) for number in numbers)
    )


@contextmanager
def another_process(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process with our path; killed at the end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [os.getcwd(), *sys.path]))}
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


COMMIT_FOR_EVER = """
import sys
from itertools import count
from tests.unit.store.test_sqlite import SqliteStore, work
store = SqliteStore(sys.argv[1])
for number in count(int(sys.argv[2])):
    store.commit(work(number))
    print(number, flush=True)
"""

HOLD = """
import sys
from dermsbus.store.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_nothing_that_was_committed_is_lost_by_kill_9(file: Path) -> None:
    committed = 0
    for wanted in (1, 7, 20):
        with another_process(COMMIT_FOR_EVER, str(file), str(committed)) as process:
            assert process.stdout
            for _ in range(wanted):
                committed = int(process.stdout.readline()) + 1
            process.kill()
            committed = max([committed, *(int(line) + 1 for line in process.stdout if line.endswith("\n"))])
        with closing(SqliteStore(file)) as store:
            held = len(list(store.groups()))
            assert committed <= held <= committed + 1  # one more: written, and killed before it could say so
            assert is_whole(store, range(held))
        committed = held


def test_a_second_process_is_refused_and_told_who_has_it(file: Path) -> None:
    with another_process(HOLD, str(file)) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"

        with pytest.raises(StoreError) as refusal:
            SqliteStore(file)

        assert str(refusal.value).startswith(f"{file} is in use by another dermsbus (process {process.pid}): stop ")


def test_the_file_is_free_again_when_its_process_was_killed(file: Path) -> None:
    with another_process(HOLD, str(file)) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        process.kill()
        process.wait()

        SqliteStore(file).close()


def test_the_same_file_by_another_path_is_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(file)
    with closing(SqliteStore(file)), pytest.raises(StoreError, match="in use"):
        SqliteStore(tmp_path / "link.db")


def test_a_person_can_look_at_the_file_while_it_is_in_use(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        store.commit(work(1))

        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as shell:
            assert shell.execute(
                "SELECT mrid, json_extract(functions, '$.real_power_dispatch') FROM der_group"
            ).fetchall() == [("G-1", 1)]


def test_a_full_disk_refuses_the_transaction_and_nothing_before_it(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        store.commit(work(0))
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")

        with pytest.raises(StoreError, match="the disk is full: free space on it") as refusal:
            store.commit(work(1, size=100_000))

        assert str(refusal.value).startswith(f"{file}: ")
        assert refusal.value.__cause__ is not None
        assert is_whole(store, range(1))
        with store._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        store.commit(work(1, size=100_000))
        assert is_whole(store, range(2))


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The kernel refuses to write beyond *size* in any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_fault_of_the_disk_ends_the_stores_work_until_it_is_opened_again(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        store.commit(work(0))
        with (
            largest_file(file.with_name(file.name + "-wal").stat().st_size),
            pytest.raises(StoreError, match="restart"),
        ):
            store.commit(work(1))

        for call in (lambda: store.commit(work(1)), lambda: list(store.groups()), store.pending):
            with pytest.raises(StoreError, match="the disk or its file system failed"):
                call()

    with closing(SqliteStore(file)) as store:
        assert is_whole(store, range(1))


def test_a_lock_of_another_program_is_told_and_passes(file: Path) -> None:
    with closing(SqliteStore(file, busy_timeout_s=0.0)) as store:
        with closing(sqlite3.connect(file)) as shell:
            shell.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another program has locked it"):
                store.commit(work(0))
            assert store.pending() == ()

        store.commit(work(0))
        assert is_whole(store, range(1))


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one" * 100, b"[serve]\n"])
def test_a_file_that_is_no_database_is_refused_and_left_alone(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(StoreError, match="no SQLite file, or it is damaged") as refusal:
        SqliteStore(file)

    assert str(file) in str(refusal.value)
    assert file.read_bytes() == content


def test_the_database_of_another_program_is_refused_and_left_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE meter (reading)")
    content = file.read_bytes()

    with pytest.raises(StoreError, match=re.escape(f"{file} is the database of another program: choose another file")):
        SqliteStore(file)

    assert file.read_bytes() == content


def test_a_store_of_a_newer_version_is_refused_and_left_alone(file: Path) -> None:
    SqliteStore(file).close()
    with closing(sqlite3.connect(file)) as newer:
        newer.execute("UPDATE dermsbus_store SET version = version + 1")
        newer.commit()
    content = file.read_bytes()

    with pytest.raises(
        StoreError,
        match=f"has store version {SCHEMA_VERSION + 1}, and this dermsbus reads versions up to {SCHEMA_VERSION}: "
        "run the dermsbus that",
    ):
        SqliteStore(file)

    assert file.read_bytes() == content


def test_a_refused_file_is_not_kept_from_others(file: Path) -> None:
    file.write_bytes(b"x" * 1000)
    with pytest.raises(StoreError):
        SqliteStore(file)
    file.unlink()

    SqliteStore(file).close()


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"No such file or directory.*: the folder must exist"):
        SqliteStore(tmp_path / "nowhere" / "dermsbus.db")


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "dermsbus.db").mkdir()

    with pytest.raises(StoreError, match="unable to open database file"):
        SqliteStore(tmp_path / "dermsbus.db")


@pytest.mark.parametrize("damage", ["names = '{'", "functions = '{}'", "functions = '[1]'"])
def test_a_row_that_something_else_wrote_is_told(file: Path, damage: str) -> None:
    with closing(SqliteStore(file)) as store:
        store.commit(work(0))
        with closing(sqlite3.connect(file)) as shell:
            shell.execute(f"UPDATE der_group SET {damage}")
            shell.commit()

        with pytest.raises(StoreError, match="holds a row that cannot be read"):
            list(store.groups())


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE der_group_dispatch SET parameter = 'power'",
        "UPDATE der_group_dispatch SET received_at = 'now'",
        "UPDATE der_group_dispatch_curves SET curves = '{'",
        "UPDATE der_group_dispatch_curves SET curves = '[[]]'",
        "UPDATE der_group_dispatch_curves SET curves = json_set(curves, '$[0].nominal', json('[1]'))",
        "DELETE FROM der_group_dispatch_curves",
        "UPDATE switch_order SET kind = 'explode'",
        "UPDATE switch_order SET starts_at = ''",
        "UPDATE device_setting SET function = 'colour'",
    ],
)
def test_an_order_that_something_else_wrote_is_told(file: Path, damage: str) -> None:
    with closing(SqliteStore(file)) as store:
        store.commit(work(0))
        with closing(sqlite3.connect(file)) as shell:
            assert shell.execute(damage).rowcount == 1
            shell.commit()

        with pytest.raises(StoreError, match="holds a row that cannot be read"):
            [list(read()) for read in (store.dispatches, store.switches, store.settings)]


def test_text_that_cannot_be_encoded_is_refused_whole(file: Path) -> None:
    bad = replace(new_group("G-1"), description="\udc80")
    with closing(SqliteStore(file)) as store:
        with pytest.raises(StoreError, match="report it"):
            store.commit(Commit(groups=(GroupChange(before=None, after=bad),)))

        store.commit(work(0))
        assert is_whole(store, range(1))


def test_a_store_in_memory_touches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with closing(SqliteStore(IN_MEMORY)) as store:
        store.commit(work(0))
        assert is_whole(store, range(1))

    assert list(tmp_path.iterdir()) == []


def test_groups_are_whole_where_their_members_are_read_in_pages(file: Path) -> None:
    sizes = (12_000, 8_000, 0, 5, 20_000, 1)  # a page is 20,000 members: its end falls between groups, and inside one
    groups = [
        new_group(f"G-{number}", members=devices(*(f"D{member}" for member in range(size))))
        for number, size in enumerate(sizes)
    ]
    with closing(SqliteStore(file)) as store:
        store.commit(Commit(groups=tuple(GroupChange(before=None, after=group) for group in groups)))

        assert list(store.groups()) == groups


def long_order(points: int) -> Dispatch:
    return order("O-1", replace(STEPS, points=tuple(Point(at=MOMENT + timedelta(seconds=n)) for n in range(points))))


def test_a_change_of_state_costs_the_same_however_long_the_schedule_is(file: Path) -> None:
    log = file.with_name(file.name + "-wal")
    with closing(SqliteStore(file)) as store, closing(sqlite3.connect(file)) as shell:
        scheduled = long_order(10_000)
        store.commit(Commit(dispatches=ordered(scheduled)))
        shell.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        active = replace(scheduled, state=DispatchState.ACTIVE)

        store.commit(Commit(dispatches=(DispatchChange(before=scheduled, after=active),)))

        assert 0 < log.stat().st_size < 20_000
        assert list(store.dispatches()) == [active]


@pytest.mark.parametrize(
    ("commit", "written"),
    [
        (
            Commit(
                dispatches=(
                    DispatchChange(before=order("O-1"), after=replace(order("O-1"), state=DispatchState.ACTIVE)),
                )
            ),
            ["UPDATE der_group_dispatch SET state=? WHERE"],
        ),
        (
            Commit(dispatches=(DispatchChange(before=order("O-1"), after=replace(order("O-1"), names=names("new"))),)),
            ["UPDATE der_group_dispatch SET mrid=?, names=?,"],
        ),
        (
            Commit(dispatches=(DispatchChange(before=order("O-1"), after=long_order(2)),)),
            ["UPDATE der_group_dispatch SET mrid=?, names=?,", "UPDATE der_group_dispatch_curves SET curves=? WHERE"],
        ),
        (
            Commit(
                switches=(SwitchChange(before=switch("S-1"), after=replace(switch("S-1"), state=SwitchState.GIVEN)),)
            ),
            ["UPDATE switch_order SET state=? WHERE"],
        ),
        (Commit(settings=told(setting("D-1"), setting("D-2"))), ["INSERT INTO device_setting (mrid, function,"]),
    ],
)
def test_what_did_not_change_is_not_written(file: Path, commit: Commit, written: list[str]) -> None:
    statements: list[str] = []
    with closing(SqliteStore(file)) as store:
        store.commit(Commit(dispatches=ordered(order("O-1")), switches=accepted(switch("S-1"))))
        event.listen(store._engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
        store.commit(commit)

    assert [shown[: len(start)] for shown, start in zip(statements[1:], written, strict=True)] == written


def test_a_write_takes_the_lock_before_anything_else(file: Path) -> None:
    statements: list[str] = []
    with closing(SqliteStore(file)) as store:
        event.listen(store._engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
        store.commit(work(0))

    assert statements[0] == "BEGIN IMMEDIATE"


def test_a_commit_waits_for_the_disk(file: Path) -> None:
    with closing(SqliteStore(file)) as store, store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize(
    ("statement", "way"),
    [
        ("_PENDING", "USING INDEX outbox_pending"),
        ("_REPLIES", "USING INDEX outbox_by_cause (cause_source=? AND cause_message_id=?)"),
        ("_SUPERSEDE", "USING INDEX outbox_by_cause (cause_source=? AND cause_message_id=?)"),
        ("_RECALL", "USING PRIMARY KEY (source=? AND message_id=?)"),
        ("_MARK", "USING INTEGER PRIMARY KEY (rowid=?)"),
        ("_MEMBERS", "USING PRIMARY KEY ((group_id,position)>(?,?))"),
        ("_REMOVE_MEMBER", "(group_id=? AND mrid=?)"),
        ("_RENAME_MEMBER", "(group_id=? AND mrid=?)"),
        ("_LAST_POSITION", "USING PRIMARY KEY (group_id=?)"),
        ("_MOVE_DISPATCH", "INDEX sqlite_autoindex_der_group_dispatch_1 (mrid=?)"),
        ("_CHANGE_CURVES", "SEARCH der_group_dispatch_curves USING INTEGER PRIMARY KEY (rowid=?)"),
        ("_CHANGE_CURVES", "INDEX sqlite_autoindex_der_group_dispatch_1 (mrid=?)"),
        ("_DISPATCHES", "SEARCH der_group_dispatch_curves USING INTEGER PRIMARY KEY (rowid=?)"),
        ("_MOVE_SWITCH", "INDEX sqlite_autoindex_switch_order_1 (order_id=?)"),
        ("_LET_GO", "USING PRIMARY KEY (mrid=? AND function=?)"),
        ("_PURGE_INBOX", "INDEX inbox_by_age (received_at<?)"),
        ("_PURGE_OUTBOX", "USING INDEX outbox_by_age (sent_at<?)"),
    ],
)
def test_what_is_asked_often_is_found_by_an_index(statement: str, way: str) -> None:
    with closing(SqliteStore(IN_MEMORY)) as store, store._engine.connect() as connection:
        asked = str((vars(reading) | vars(writing))[statement].compile(connection))
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + asked, (None,) * asked.count("?")).all()

    assert any(way in step[3] for step in plan), plan
    assert not any("TEMP B-TREE" in step[3] for step in plan), plan
