"""The store in a PostgreSQL database: what a commit returned from is on the server's disk.

Each transaction waits for the server's disk (``synchronous_commit``), whatever the server's default is. One dermsbus
at a time has the database (see `dermsbus.store.fence`). All transactions are ``READ COMMITTED``: the first statement of
each that writes raises the row of the claim, which only one can do at a time, and each statement after it sees all that
was written before. A stricter level would take its picture before that wait, and fail after it.

A connection that is lost is opened again by the next call. Where it was lost before the server was told to write,
nothing was written. Where it was lost in between, the transaction must neither be lost nor done twice: the server is
asked whether it was written, until it answers or `settle_s` is over. From then on calls fail until it does. If it turns
out that it was written, the store's work ends, since the caller was told that it was not: only a new start, which reads
the store, brings them together.

Faults of the server's disk are its own to judge: it stops itself, and recovers what it said it had written.

Source: fault rows 8, 9, 20 to 23 and 26 and table rows of the project's reliability reference; house choices: ADR 32.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from threading import Event, Lock
from time import monotonic
from types import MappingProxyType
from typing import Final

import structlog
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dermsbus.errors import StoreEnded, StoreError
from dermsbus.store import fence
from dermsbus.store.columns import instant_text
from dermsbus.store.migration import bring_up_to_date, make_tables, version_found
from dermsbus.store.relational import RelationalStore, system_time
from dermsbus.store.schema import SCHEMA_VERSION
from dermsbus.store.server import PostgresqlServer

__all__ = ["PostgresqlStore"]

_log = structlog.get_logger(__name__)

_ASK_AGAIN_S: Final = 0.25
_ELSEWHERE: Final = "give dermsbus a database or a schema of its own"
_UNWRITTEN: Final = "nothing of this transaction was written"
_LOST: Final = f"the connection to the server was lost: {_UNWRITTEN}; it is opened again with the next one"
_LOCKED: Final = "55P03"
_SETTING: Final = text("SELECT current_setting(:setting)")
_SET: Final = text("SELECT set_config(:setting, :value, false)")

_SESSION_SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "synchronous_commit": "on",
        # A process that is stopped in the middle of a transaction, or whose computer is gone, makes room for another.
        "idle_in_transaction_session_timeout": "60s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "lock_timeout": "10s",
    }
)
_OLDEST_SERVER: Final = 14
_NEEDED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "server_encoding": ("UTF8", "make a database for it, with ENCODING 'UTF8' TEMPLATE template0"),
        "fsync": ("on", "what was acknowledged would not outlast a power cut; switch it on"),
        "full_page_writes": ("on", "a power cut could damage the database; switch it on"),
        "transaction_read_only": ("off", "name the primary server, and a role that may write"),
    }
)
"""By the server's setting: what it must be, and what to do where it is something else."""

_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "53100": "the disk of the database server is full: free space on it; this transaction was not written, earlier "
        "ones are safe",
        "53": "the server is short of something: free it, or raise its limit",
        "25006": "the server takes no writes: name the primary one, and a role that may write",
        "28": "the server does not let this user in: look at user, password, and its pg_hba.conf",
        "3D000": "there is no such database: create it, with this user as its owner",
        "42501": "this user must own the store's tables, and make them at first: let it be the owner of the database",
        _LOCKED: "another program has locked its tables: end what alters them",
        "57": "the server, or this session on it, was stopped",
        "58": "the server's disk or its data are damaged: look at its log, and restore it from a backup if they are",
        "XX": "the server's disk or its data are damaged: look at its log, and restore it from a backup if they are",
    }
)
"""By SQLSTATE, or the class of it."""


class PostgresqlStore(RelationalStore):
    """A `Store` in one database; see the module for what it promises.

    Calls from several threads wait for each other.

    Args:
        server: where it is; tables are made where there are none, in the role's own schema (its search path).
        wait_s: seconds to wait for another that has the store to be gone, more than 0.
        settle_s: seconds to try to find out what became of a transaction whose writing was cut off, 0 or more.
        now: the clock that stamps what is sent; aware.

    Raises:
        StoreError: the database cannot be used: it cannot be reached, another process has it, it is not a store, a
            newer dermsbus wrote it. It says which, and what to do.
    """

    def __init__(
        self,
        server: PostgresqlServer,
        *,
        wait_s: float = 5.0,
        settle_s: float = 20.0,
        now: Callable[[], datetime] = system_time,
    ) -> None:
        super().__init__(str(server), restore="database", now=now)
        self._wait_s = wait_s
        self._settle_s = settle_s
        self._lock = Lock()
        self._closing = Event()
        self._ended: str | None = None
        self._engine = _engine(server)
        self._connection: Connection | None = None
        self._session: fence.Session | None = None
        self._mark: fence.Mark | None = None
        self._in_doubt = False
        try:
            with self._lock:
                self._connected()
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close it, after the call that another thread is in. Idempotent."""
        self._closing.set()
        with self._lock:
            self._ended = self._ended or f"{self._name} is closed"
            self._drop()
            self._engine.dispose()

    # -- transactions

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._lock:
            connection = self._connected()
            with self._refusing(connection):
                yield connection
            self._undo(connection)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._lock:
            connection = self._connected()
            with self._refusing(connection):
                if self._mark is None or not fence.advance(connection, self._mark):
                    raise self._taken_over(connection)
                yield connection
            self._commit(connection)

    @contextmanager
    def _refusing(self, connection: Connection) -> Iterator[None]:
        """What fails in the block is undone."""
        try:
            yield
        except (SQLAlchemyError, UnicodeError) as error:
            self._undo(connection)
            raise self._refusal(error) from error
        except BaseException:
            self._undo(connection)
            raise

    def _undo(self, connection: Connection) -> None:
        if connection.closed:
            return
        try:
            connection.rollback()
        except SQLAlchemyError as error:
            _log.debug("connection lost, and what was not written with it", store=self._name, reason=_told(error))
            self._drop()
        if connection.invalidated:
            self._drop()

    def _commit(self, connection: Connection) -> None:
        """Have it written, and know it.

        Raises:
            StoreError: it was not written, or nobody can know yet.
        """
        try:
            connection.commit()
        except SQLAlchemyError as error:
            is_lost = connection.invalidated
            self._drop()
            if not is_lost:  # the server refused
                raise self._refusal(error) from error
            self._in_doubt = True
            self._settle(error)
        else:
            self._count()

    def _count(self) -> None:
        """There is one commit more."""
        if self._mark:
            self._mark = replace(self._mark, commits=self._mark.commits + 1)

    # -- what became of a transaction

    def _settle(self, cut_off: SQLAlchemyError) -> None:
        """Return if the transaction was written after all.

        Raises:
            StoreError: it was not, or that cannot be known yet.
        """
        until = monotonic() + self._settle_s
        _log.warning("connection lost while writing, finding out what was written", store=self._name)
        while True:
            try:
                was_written = self._was_written(self._opened()[1])
            except StoreEnded:
                raise
            except StoreError as error:
                if monotonic() >= until or self._closing.wait(_ASK_AGAIN_S):
                    raise StoreError(
                        f"{self._name}: the connection was lost while a transaction was being written, and whether it "
                        f"was cannot be found out now: {error}"
                    ) from cut_off
            else:
                if not was_written:
                    raise self._refusal(cut_off) from cut_off
                return

    def _was_written(self, found: fence.Mark) -> bool:
        """Whether the transaction in doubt was written; it is in doubt no longer."""
        self._in_doubt = False
        if self._mark is None or found.commits == self._mark.commits:
            return False
        self._count()
        return True

    # -- the connection

    def _connected(self) -> Connection:
        """The connection, opened where there is none; nothing is in doubt any more.

        Raises:
            StoreError: there is none to be had, or the store's work has ended.
        """
        if self._ended:
            raise StoreEnded(self._ended)
        if self._connection is not None:
            return self._connection
        connection, found = self._opened()
        if self._in_doubt and self._was_written(found):
            raise self._end(
                f"{self._name}: a transaction that was told to have failed, when the connection was lost, had been "
                "written: only a new start, which reads the store, knows what it holds; restart dermsbus"
            )
        return connection

    def _opened(self) -> tuple[Connection, fence.Mark]:
        """Open a connection and have the store with it, anew or as it was left; returns it, and who has the store."""
        try:
            connection = self._connection = self._engine.connect()
            return connection, self._claimed(connection)
        except SQLAlchemyError as error:
            self._drop()
            raise self._refusal(error) from error
        except StoreError:
            self._drop()
            raise

    def _claimed(self, connection: Connection) -> fence.Mark:
        _check_server(connection, self._name)
        _set_up(connection)
        if self._session:
            fence.end_session(connection, self._session)
        connection.commit()
        self._lock_store(connection)
        self._session = fence.session_of(connection)
        if self._mark is None:
            self._mark = self._prepared(connection)
            connection.commit()
            return self._mark
        found = fence.look(connection)
        if found is None or found.epoch != self._mark.epoch:
            raise self._taken_over(connection)
        connection.rollback()
        return found

    def _lock_store(self, connection: Connection) -> None:
        try:
            fence.lock(connection, self._wait_s)
        except DBAPIError as error:
            if _sqlstate(error) != _LOCKED:
                raise
            connection.rollback()
            found = fence.look(connection)
            if found and self._mark and found.epoch != self._mark.epoch:
                raise self._taken_over(connection) from error
            raise StoreError(
                f"{self._name} is in use by another dermsbus{_whose(found)}: stop that one, or {_ELSEWHERE}; if it was "
                "stopped and cannot go on, have the server end its session (pg_terminate_backend)"
            ) from error

    def _prepared(self, connection: Connection) -> fence.Mark:
        """Have tables of this version, and take the store over."""
        found = version_found(connection, self._name, elsewhere=_ELSEWHERE)
        if found is None:
            make_tables(connection)
            fence.make_claim(connection)
        elif found != SCHEMA_VERSION:
            bring_up_to_date(connection, found)
            _log.info("store brought up to date", store=self._name, from_version=found, to_version=SCHEMA_VERSION)
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        return fence.take(connection, holder, instant_text(system_time()))

    def _drop(self) -> None:
        """Have no connection; what is not written on it will not be."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # closed for good, without a word to a server that may not be there
            connection.close()

    # -- errors

    def _taken_over(self, connection: Connection) -> StoreEnded:
        connection.rollback()
        return self._end(
            f"{self._name} was taken over by another dermsbus{_whose(fence.look(connection))}: nothing more is written "
            "from here; see that only one is started"
        )

    def _end(self, why: str) -> StoreEnded:
        self._ended = why
        self._drop()
        return StoreEnded(why)

    def _refusal(self, error: Exception) -> StoreError:
        """What *error* means for the person who runs it."""
        state = _sqlstate(error)
        advice = _ADVICE.get(state) or _ADVICE.get(state[:2])
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            advice = _LOST
        elif isinstance(error, DBAPIError) and not state:
            advice = (
                "the server must run and let this user in: look at host, port, user and password, and its pg_hba.conf"
            )
        return StoreError(f"{self._name}: {_told(error)}: {advice or f'{_UNWRITTEN}; this is a fault of dermsbus'}")


def _check_server(connection: Connection, name: str) -> None:
    """Return if the server keeps what it is told.

    Raises:
        StoreError: it does not, or cannot.
    """
    version = int(connection.execute(_SETTING, {"setting": "server_version_num"}).scalar_one()) // 10_000
    if version < _OLDEST_SERVER:
        raise StoreError(f"{name}: PostgreSQL {version} is too old: {_OLDEST_SERVER} or later is needed")
    for setting, (needed, advice) in _NEEDED.items():
        found = connection.execute(_SETTING, {"setting": setting}).scalar_one()
        if found != needed:
            raise StoreError(f"{name}: its {setting} is {found}: {advice}")


def _set_up(connection: Connection) -> None:
    """Have the session as we need it, whatever the server's, the database's and the role's defaults are."""
    waits_for_more = connection.execute(_SETTING, {"setting": "synchronous_commit"}).scalar_one() == "remote_apply"
    for setting, value in _SESSION_SETTINGS.items():
        if setting != "synchronous_commit" or not waits_for_more:
            connection.execute(_SET, {"setting": setting, "value": value})


def _engine(server: PostgresqlServer) -> Engine:
    """Connections to *server* that break, not hang, where the way to it is broken.

    Raises:
        StoreError: the client library is not installed.
    """
    options: dict[str, object] = {
        "application_name": "dermsbus",
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
        "sslmode": server.ssl_mode.value,
        "sslrootcert": server.ca_file,
        "sslcert": server.cert_file,
        "sslkey": server.key_file,
    }
    url = URL.create(
        "postgresql+psycopg",
        username=server.user,
        password=server.password,
        host=server.host,
        port=server.port,
        database=server.database,
    )
    try:
        return create_engine(
            url,
            poolclass=NullPool,
            isolation_level="READ COMMITTED",
            use_native_hstore=False,
            connect_args={name: str(value) for name, value in options.items() if value is not None},
        )
    except ImportError as error:
        raise StoreError(
            f"{server}: PostgreSQL needs the package psycopg, which cannot be used here ({error}): "
            "pip install 'dermsbus[postgresql]'"
        ) from error


def _whose(mark: fence.Mark | None) -> str:
    return f" ({mark.holder}, since {mark.since})" if mark and mark.holder else ""


def _sqlstate(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")


def _told(error: Exception) -> str:
    """What the server or its library said, on one line."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return " ".join(str(cause).split())
