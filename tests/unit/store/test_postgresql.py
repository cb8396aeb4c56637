"""What only a store on a server must do: outlast lost connections, servers that end, and a second dermsbus."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from dermsbus.domain.registry import GroupChange
from dermsbus.errors import StoreEnded, StoreError
from dermsbus.store import migration
from dermsbus.store.base import Commit
from dermsbus.store.migration import STEPS
from dermsbus.store.postgresql import PostgresqlStore
from dermsbus.store.schema import SCHEMA_VERSION
from dermsbus.store.server import PostgresqlServer
from tests.contract.store_suite import EVERYTHING, KEY, MOMENT, created, everything
from tests.contract.tcp_proxy import TcpProxy
from tests.postgresql_server import PostgresqlProcess, running, terminate
from tests.unit.domain.builders import devices, new_group
from tests.unit.store.test_sqlite import another_process, is_whole, work

FIRST_VERSION = 3
COMMIT = b"COMMIT\0"  # as it is on the wire; not that of READ COMMITTED


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlProcess]:
    with running() as server:
        yield server


@pytest.fixture
def place(server: PostgresqlProcess) -> PostgresqlServer:
    return server.new_place()


@pytest.fixture
def proxy(server: PostgresqlProcess) -> Iterator[TcpProxy]:
    with TcpProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


def owned(server: PostgresqlProcess, place: PostgresqlServer, statement: str) -> list[tuple[object, ...]]:
    """What *statement* gives in the schema of *place*."""
    return server.ask(f"SET search_path TO {place.user}; {statement}")


STORE = """
import sys
from itertools import count
from dermsbus.errors import StoreError
from dermsbus.store.postgresql import PostgresqlStore
from dermsbus.store.server import PostgresqlServer
from tests.unit.store.test_sqlite import work
host, port, database, user, password = sys.argv[1:6]
server = PostgresqlServer(host=host, port=int(port), database=database, user=user, password=password)
"""
COMMIT_FOR_EVER = (
    STORE
    + """
store = PostgresqlStore(server)
try:
    for number in count(int(sys.argv[6])):
        store.commit(work(number))
        print(number, flush=True)
except StoreError as error:
    print(type(error).__name__, error, flush=True)
"""
)
HOLD = (
    STORE
    + """
store = PostgresqlStore(server)
print("open", flush=True)
sys.stdin.read()
"""
)


@contextmanager
def process_on(place: PostgresqlServer, script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    login = (place.host, str(place.port), place.database, place.user, place.password or "")
    with another_process(script, *login, *arguments) as process:
        yield process


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


# -- what was committed is there ---------------------------------------------------------------------------------------


def test_nothing_that_was_committed_is_lost_by_kill_9(place: PostgresqlServer) -> None:
    committed = 0
    for wanted in (1, 7, 20):
        with process_on(place, COMMIT_FOR_EVER, str(committed)) as process:
            assert process.stdout
            for _ in range(wanted):
                committed = int(line_of(process)) + 1
            process.kill()
            committed = max([committed, *(int(line) + 1 for line in process.stdout if line.endswith("\n"))])
        with closing(PostgresqlStore(place)) as store:
            held = len(list(store.groups()))
            assert committed <= held <= committed + 1  # one more: written, and killed before it could say so
            assert is_whole(store, range(held))
        committed = held


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_nothing_that_was_committed_is_lost_when_the_server_stops_or_crashes(
    server: PostgresqlProcess, place: PostgresqlServer, how: signal.Signals
) -> None:
    with closing(PostgresqlStore(place)) as store:
        store.commit(work(0))
        server.stop(how)
        with pytest.raises(StoreError, match="the connection to the server was lost: nothing of this") as refusal:
            store.commit(work(1))
        assert not isinstance(refusal.value, StoreEnded)
        with pytest.raises(StoreError, match="the server must run and let this user in"):
            store.pending()

        server.start()

        store.commit(work(1))
        assert is_whole(store, range(2))


@pytest.mark.parametrize("asked", ["local", "off", "remote_write", "remote_apply"])
def test_a_commit_waits_for_the_disk_whatever_the_server_says(
    server: PostgresqlProcess, place: PostgresqlServer, asked: str
) -> None:
    server.ask(f"ALTER ROLE {place.user} SET synchronous_commit = {asked}")
    server.ask(f"ALTER ROLE {place.user} SET default_transaction_isolation = 'serializable'")

    with closing(PostgresqlStore(place)) as store, store._reading() as connection:
        waits = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        assert waits == ("remote_apply" if asked == "remote_apply" else "on")
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"


def test_text_of_any_characters_and_length_comes_back(place: PostgresqlServer) -> None:
    strange = "a\0b\ufdd00\ufdd0\ufdd01\0"
    groups = [
        new_group(strange, members=devices(strange, "D")),
        new_group("long " * 10_000, members=devices("longer " * 9_000)),
        new_group(os.urandom(20_000).hex(), members=devices(os.urandom(20_000).hex(), "D")),
    ]
    with closing(PostgresqlStore(place)) as store:
        store.commit(created(*groups))
        assert list(store.groups()) == groups

        changed = [replace(group, end_devices=group.end_devices[1:]) for group in groups]
        store.commit(Commit(groups=tuple(GroupChange(before=b, after=a) for b, a in zip(groups, changed, strict=True))))
        assert list(store.groups()) == changed
        with pytest.raises(StoreError, match=r"exclusion constraint .*; this is a fault of dermsbus"):
            store.commit(created(new_group(strange)))


def test_groups_are_whole_where_their_members_are_read_in_pages(place: PostgresqlServer) -> None:
    sizes = (12_000, 8_000, 0, 5)
    groups = [
        new_group(f"G-{number}", members=devices(*(f"D{member}" for member in range(size))))
        for number, size in enumerate(sizes)
    ]
    with closing(PostgresqlStore(place)) as store:
        store.commit(created(*groups))

        assert list(store.groups()) == groups


def test_others_read_whole_commits_while_it_is_in_use(server: PostgresqlProcess, place: PostgresqlServer) -> None:
    done = threading.Event()
    seen: list[tuple[object, ...]] = []

    def look() -> None:
        while not done.is_set():
            counts = "SELECT (SELECT count(*) FROM der_group), (SELECT count(*) FROM outbox)"
            seen.extend(owned(server, place, counts))

    with closing(PostgresqlStore(place)) as store:
        reader = threading.Thread(target=look)
        reader.start()
        try:
            for number in range(30):
                store.commit(work(number))
                assert len(store.pending()) == 2 * (number + 1)
        finally:
            done.set()
            reader.join(30)

    assert seen
    assert all(isinstance(groups, int) and sent == 2 * groups for groups, sent in seen)


# -- a connection that is lost -----------------------------------------------------------------------------------------


def test_a_session_that_the_server_ended_is_one_error_and_then_another_session(
    server: PostgresqlProcess, place: PostgresqlServer
) -> None:
    with closing(PostgresqlStore(place)) as store:
        store.commit(work(0))
        for read in (store.pending, lambda: list(store.groups()), lambda: store.recall(KEY)):
            assert store.count_nonces() == 0  # it is connected
            assert terminate(server, place) == 1
            with pytest.raises(StoreError, match="the connection to the server was lost"):
                read()

        store.commit(work(1))
        assert is_whole(store, range(2))


def test_a_connection_that_is_cut_before_the_end_has_written_nothing(place: PostgresqlServer, proxy: TcpProxy) -> None:
    with closing(PostgresqlStore(replace(place, port=proxy.port))) as store:
        event.listen(store._engine, "after_cursor_execute", lambda *_: proxy.reset(), once=True)
        with pytest.raises(StoreError, match="nothing of this transaction was written"):
            store.commit(work(0))

        store.commit(work(0))
        assert is_whole(store, range(1))


def test_a_commit_that_never_arrived_has_written_nothing(place: PostgresqlServer, proxy: TcpProxy) -> None:
    with closing(PostgresqlStore(replace(place, port=proxy.port))) as store:
        event.listen(store._engine, "commit", lambda _: proxy.reset(), once=True)
        with pytest.raises(StoreError, match="nothing of this transaction was written"):
            store.commit(work(0))

        store.commit(work(0))
        assert is_whole(store, range(1))


def test_a_commit_whose_answer_was_lost_is_found_out_to_be_done(place: PostgresqlServer, proxy: TcpProxy) -> None:
    with closing(PostgresqlStore(replace(place, port=proxy.port))) as store:
        store.commit(work(0))
        proxy.lose_answer_to(COMMIT)
        mending = threading.Thread(target=lambda: proxy.lost.wait(30) and proxy.mend())
        mending.start()

        (reply, note) = store.commit(work(1))
        mending.join()

        assert (reply.message.message_id, note.message.message_id) == ("REP-1", "EVT-1")
        assert store.pending()[2:] == (reply, note)
        assert is_whole(store, range(2))
        proxy.lose_answer_to(COMMIT)
        mending = threading.Thread(target=lambda: proxy.lost.wait(30) and proxy.mend())
        mending.start()
        assert store.begin_attempt(bytes(32), MOMENT) == 1
        mending.join()
        assert store.begin_attempt(bytes(32), MOMENT) == 2


def test_a_commit_whose_answer_stays_away_ends_the_store_if_it_was_done(
    place: PostgresqlServer, proxy: TcpProxy
) -> None:
    with closing(PostgresqlStore(replace(place, port=proxy.port), settle_s=0.0)) as store:
        proxy.lose_answer_to(COMMIT)
        with pytest.raises(StoreError, match="whether it was cannot be found out now") as unknown:
            store.commit(work(0))
        assert not isinstance(unknown.value, StoreEnded)
        with pytest.raises(StoreError, match="the server must run"):
            store.recall(KEY)

        proxy.mend()

        for _ in range(2):
            with pytest.raises(StoreEnded, match="had been written: only a new start"):
                store.commit(work(0))

    with closing(PostgresqlStore(place)) as store:
        assert is_whole(store, range(1))


def test_closing_does_not_wait_for_an_answer_that_stays_away(place: PostgresqlServer, proxy: TcpProxy) -> None:
    store = PostgresqlStore(replace(place, port=proxy.port), settle_s=3600.0)
    proxy.lose_answer_to(COMMIT)
    closing_it = threading.Thread(target=lambda: proxy.lost.wait(30) and store.close())
    closing_it.start()

    with pytest.raises(StoreError, match="cannot be found out now"):
        store.commit(work(0))

    closing_it.join(30)
    assert not closing_it.is_alive()


# -- what the server refuses -------------------------------------------------------------------------------------------


def test_a_server_whose_disk_is_full_refuses_the_transaction_and_nothing_before_it(
    server: PostgresqlProcess, place: PostgresqlServer
) -> None:
    with closing(PostgresqlStore(place)) as store:
        store.commit(work(0))
        owned(
            server,
            place,
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;"
            "CREATE TRIGGER full_disk BEFORE INSERT ON outbox EXECUTE FUNCTION full_disk()",
        )
        with pytest.raises(StoreError, match="the disk of the database server is full: free space on it") as refusal:
            store.commit(work(1))
        assert str(refusal.value).startswith(f"{place}: ")
        assert place.password not in str(refusal.value)
        assert is_whole(store, range(1))

        owned(server, place, "DROP TRIGGER full_disk ON outbox")

        store.commit(work(1))
        assert is_whole(store, range(2))


def test_a_wrong_password_is_told_and_not_shown(place: PostgresqlServer) -> None:
    with pytest.raises(StoreError, match=r"password authentication failed.*its pg_hba.conf") as refusal:
        PostgresqlStore(replace(place, password="hunter2"))

    assert "hunter2" not in str(refusal.value)


def test_a_server_that_is_not_there_is_told(place: PostgresqlServer, proxy: TcpProxy) -> None:
    proxy.cut()

    with pytest.raises(StoreError, match="the server must run"):
        PostgresqlStore(replace(place, port=proxy.port))


@pytest.mark.parametrize(
    ("setting", "told"),
    [("default_transaction_read_only = on", "its transaction_read_only is on: name the primary server")],
)
def test_a_server_that_takes_no_writes_is_refused(
    server: PostgresqlProcess, place: PostgresqlServer, setting: str, told: str
) -> None:
    server.ask(f"ALTER ROLE {place.user} SET {setting}")

    with pytest.raises(StoreError, match=told):
        PostgresqlStore(place)


def test_the_database_of_another_program_is_refused_and_left_alone(
    server: PostgresqlProcess, place: PostgresqlServer
) -> None:
    owned(server, place, "CREATE TABLE meter (reading integer)")

    with pytest.raises(StoreError, match="is the database of another program: give dermsbus a database or a schema"):
        PostgresqlStore(place)

    assert owned(server, place, "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()") == [(1,)]


# -- one at a time -----------------------------------------------------------------------------------------------------


def test_a_second_process_is_refused_and_told_who_has_it(place: PostgresqlServer) -> None:
    with process_on(place, HOLD) as process:
        assert line_of(process) == "open\n"

        with pytest.raises(StoreError) as refusal:
            PostgresqlStore(place, wait_s=0.2)

        whose = f"{place} is in use by another dermsbus (process {process.pid} on {socket.gethostname()}, since 20"
        assert str(refusal.value).startswith(whose)


def test_it_is_free_again_when_its_process_was_killed(place: PostgresqlServer) -> None:
    with process_on(place, HOLD) as process:
        assert line_of(process) == "open\n"
        process.kill()
        process.wait()

        PostgresqlStore(place).close()


def test_schemas_of_one_database_are_stores_of_their_own(server: PostgresqlProcess, place: PostgresqlServer) -> None:
    with closing(PostgresqlStore(place)) as one, closing(PostgresqlStore(server.new_place())) as other:
        one.commit(work(0))
        assert is_whole(one, range(1))
        assert is_whole(other, range(0))


def test_a_paused_process_that_wakes_after_another_took_over_writes_nothing(
    server: PostgresqlProcess, place: PostgresqlServer
) -> None:
    with process_on(place, COMMIT_FOR_EVER, "0") as process:
        assert process.stdout
        line_of(process)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreError, match="in use by another"):
            PostgresqlStore(place, wait_s=0.2)
        terminate(server, place)
        with closing(PostgresqlStore(place)) as store:
            held = len(list(store.groups()))
            store.commit(work(held))

            process.send_signal(signal.SIGCONT)

            *lines, last = process.stdout
            assert process.wait(30) == 0
            assert last.startswith(("StoreEnded", "StoreError"))
            assert all(int(line) < held for line in lines)
            assert is_whole(store, range(held + 1))
            store.commit(work(held + 1))


def test_one_that_was_taken_over_writes_nothing_although_its_session_is_whole(
    server: PostgresqlProcess, place: PostgresqlServer
) -> None:
    with closing(PostgresqlStore(place)) as store:
        store.commit(work(0))
        owned(server, place, "UPDATE dermsbus_claim SET epoch = epoch + 1, holder = 'process 7 on other'")

        for write in (lambda: store.commit(work(1)), lambda: store.mark([1], everything().outbox[0].state)):
            with pytest.raises(StoreEnded, match=r"was taken over by another dermsbus \(process 7 on other, since "):
                write()

    with closing(PostgresqlStore(place)) as store:
        assert is_whole(store, range(1))


def test_one_that_finds_another_in_its_place_when_it_connects_again_ends(
    server: PostgresqlProcess, place: PostgresqlServer
) -> None:
    with closing(PostgresqlStore(place, wait_s=0.2)) as store:
        terminate(server, place)
        with closing(PostgresqlStore(place)) as other:
            with pytest.raises(StoreError, match="connection to the server was lost"):
                store.pending()
            with pytest.raises(StoreEnded, match="was taken over by another dermsbus"):
                store.pending()
            other.commit(work(0))


# -- versions ----------------------------------------------------------------------------------------------------------

VERSION_3 = Path(__file__).with_name("postgresql_version_3.sql")
"""The tables as the first dermsbus with PostgreSQL made them."""


def definitions(server: PostgresqlProcess, place: PostgresqlServer) -> list[tuple[object, ...]]:
    """Everything that is defined in the schema of *place*, in words of the server that do not name the schema."""
    columns = (
        "SELECT 'column', table_name, column_name, data_type, is_nullable, "
        "replace(column_default, current_schema() || '.', '') FROM information_schema.columns "
        "WHERE table_schema = current_schema()"
    )
    constraints = (
        "SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' "
        "FROM pg_constraint WHERE connamespace = current_schema()::regnamespace"
    )
    indexes = (
        "SELECT 'index', tablename, indexname, replace(indexdef, current_schema() || '.', ''), '', '' "
        "FROM pg_indexes WHERE schemaname = current_schema()"
    )
    return owned(server, place, f"{columns} UNION ALL {constraints} UNION ALL {indexes} ORDER BY 1, 2, 3")


def test_a_store_that_was_brought_up_to_date_is_like_a_new_one(server: PostgresqlProcess) -> None:
    old, new = server.new_place(), server.new_place()
    owned(server, old, f"SET ROLE {old.user}; {VERSION_3.read_text(encoding='utf-8')}")

    with closing(PostgresqlStore(old)) as store:
        store.commit(created(EVERYTHING))
        assert list(store.groups()) == [EVERYTHING]
    PostgresqlStore(new).close()

    assert definitions(server, old) == definitions(server, new)
    assert owned(server, old, "SELECT version FROM dermsbus_store") == [(SCHEMA_VERSION,)]


def test_there_is_a_step_from_every_earlier_version() -> None:
    assert sorted(STEPS["postgresql"]) == list(range(FIRST_VERSION, SCHEMA_VERSION))


def test_a_step_that_fails_leaves_the_store_as_it_was(
    server: PostgresqlProcess, place: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(PostgresqlStore(place)) as store:
        store.commit(work(0))
    owned(server, place, "UPDATE dermsbus_store SET version = 2")
    before = definitions(server, place)
    steps = {"postgresql": {2: ("CREATE TABLE new (id integer)", "CREATE TABLE outbox (id integer)")}}
    monkeypatch.setattr(migration, "STEPS", steps)

    with pytest.raises(StoreError, match="already exists"):
        PostgresqlStore(place)

    assert definitions(server, place) == before
    monkeypatch.setattr(migration, "STEPS", {"postgresql": {2: ("CREATE TABLE new (id integer)",)}})
    with closing(PostgresqlStore(place)) as store:
        assert is_whole(store, range(1))


def test_a_store_of_a_newer_version_is_refused(server: PostgresqlProcess, place: PostgresqlServer) -> None:
    PostgresqlStore(place).close()
    owned(server, place, "UPDATE dermsbus_store SET version = version + 1")

    with pytest.raises(
        StoreError, match=re.escape(f"{place} has store version {SCHEMA_VERSION + 1}, and this dermsbus")
    ):
        PostgresqlStore(place)
