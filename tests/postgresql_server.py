"""A PostgreSQL server of our own on 127.0.0.1, from the programs that a package of it has installed.

It is a child of the test's process, owned by a user without rights, in a temporary folder, and gone when the tests are
over. Its socket is TCP only, and it lets nobody in without a password.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from dermsbus.store.server import PostgresqlServer
from tests.flow.serving import HOST, free_port
from tests.required import do_without

PASSWORD = "p@ss/wörd"
_ADMIN = "admin"
_READY_TIMEOUT_S = 60.0
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


class PostgresqlProcess:
    """A running server, which may be stopped, killed and started again; its folder goes with it."""

    def __init__(self) -> None:
        self._programs = _PROGRAMS[-1]
        self._folder = Path(tempfile.mkdtemp(prefix="dermsbus-postgresql-"))
        self._user = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self.port = free_port()
        self._initialize()

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start it, and wait until it lets somebody in."""
        with (self._folder / "log").open("ab") as log:
            self._process = self._run(
                *("postgres", "-D", self._data, "-p", str(self.port)),
                *("-c", f"listen_addresses={HOST}", "-c", "unix_socket_directories="),
                output=log,
            )
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while True:
            try:
                self.ask("SELECT 1")
            except psycopg.OperationalError:
                assert self._process.poll() is None, f"the server has ended:\n{self.log}"
                assert time.monotonic() < deadline, f"the server does not let us in:\n{self.log}"
                time.sleep(0.05)  # another process: there is no event to wait for
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT in good order, SIGQUIT as a crash would."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(30)

    def remove(self) -> None:
        """End it for good."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_place(self) -> PostgresqlServer:
        """A schema without tables and a role that owns it and may do nothing else.

        All of them are in one database: to make one of its own would take a second, and to remove it as long.
        """
        name = f"derms{next(self._numbers)}"
        self.ask(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        self.ask(f"CREATE SCHEMA AUTHORIZATION {name}")
        return PostgresqlServer(host=HOST, port=self.port, database="postgres", user=name, password=PASSWORD)

    def ask(self, statement: str, *parameters: object, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Have the server's administrator do something; the rows that come of it, or of its last statement."""
        with (
            psycopg.connect(
                host=HOST, port=self.port, user=_ADMIN, password=PASSWORD, dbname=database, autocommit=True
            ) as connection,
            connection.execute(sql.SQL(statement), parameters or None) as cursor,  # type: ignore[arg-type]
        ):
            while cursor.nextset():
                pass  # of several statements, those of the last
            return cursor.fetchall() if cursor.description else []

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _initialize(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        for path in (self._folder, secret):
            if self._user:
                shutil.chown(path, self._user)
        with (self._folder / "log").open("ab") as log:
            made = self._run(
                *("initdb", "-D", self._data, "--username", _ADMIN, "--pwfile", str(secret), "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C.UTF-8"),
                output=log,
            )
        assert made.wait(120) == 0, self.log
        self.start()

    def _run(self, program: str, *arguments: str, output: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._programs / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=self._folder,
            user=self._user,
            group=pwd.getpwnam(self._user).pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
            start_new_session=True,  # what interrupts the tests is not for it
        )


@contextmanager
def running() -> Iterator[PostgresqlProcess]:
    """A server for as long as the block lasts; without one the test is skipped."""
    if not _PROGRAMS:
        do_without("postgresql", "there is no /usr/lib/postgresql/*/bin: install Debian's package postgresql")
    server = PostgresqlProcess()
    try:
        yield server
    finally:
        server.remove()


def _unprivileged() -> str | None:
    """The user for a server that refuses to be root's; None where we are none, too."""
    return "nobody" if os.getuid() == 0 else None


def url_of(server: PostgresqlServer, folder: Path) -> str:
    """As an operator writes it, with its password in a file."""
    secret = folder / "store-password"
    secret.write_text(f"{server.password}\n", encoding="utf-8")
    return f"{server}?password_file={secret}"


def terminate(server: PostgresqlProcess, place: PostgresqlServer) -> int:
    """Have the server end all sessions of *place*; returns how many there were."""
    ended = server.ask("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = %s", place.user)
    assert all(is_ended for (is_ended,) in ended), ended
    return len(ended)
