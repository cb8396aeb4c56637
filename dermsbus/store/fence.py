"""One dermsbus at a time on one PostgreSQL database, and what tells whether a transaction was written.

* An advisory lock of the session says who may be here. It ends with the session, however that ends, and keeps a second
  dermsbus out from the start.
* The row of ``dermsbus_claim`` says who was here last: every taking over raises its epoch, and every transaction raises
  its commits, in the epoch of its writer only. One that was away while another took over finds its epoch gone, and
  writes nothing. One whose connection broke while a transaction was being written finds in it whether it was.

Source: fault row 23 and "every device call carries fence" of the project's reliability reference; the way is a house
choice, ADR 32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Table,
    Text,
    bindparam,
    insert,
    inspect,
    select,
    text,
    update,
)

__all__ = ["Mark", "Session", "advance", "end_session", "lock", "look", "make_claim", "session_of", "take"]

_claims = MetaData()
_claim = Table(
    "dermsbus_claim",
    _claims,
    Column("epoch", BigInteger, nullable=False, doc="raised by whoever takes over"),
    Column("commits", BigInteger, nullable=False, doc="raised by every transaction"),
    Column("holder", Text, nullable=False, doc="for people"),
    Column("since", Text, nullable=False),
)

# Of the schema that the tables are in: each schema may have a store of its own. The upper half says that it is ours.
_LOCK: Final = text(f"SELECT pg_advisory_lock({0x6465726D << 32} + current_schema()::regnamespace::oid::bigint)")
_SESSION: Final = text("SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()")
_END_SESSION: Final = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :pid AND backend_start::text = :started"
)
_TAKE: Final = (
    update(_claim)
    .values(epoch=_claim.c.epoch + 1, holder=bindparam("now_holder"), since=bindparam("now_since"))
    .returning(*_claim.columns)
)
_ADVANCE: Final = (
    update(_claim)
    .where(_claim.c.epoch == bindparam("of_epoch"), _claim.c.commits == bindparam("of_commits"))
    .values(commits=_claim.c.commits + 1)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Who has the store, and how far it is.

    Attributes:
        epoch: how often it was taken over.
        commits: how many transactions were written.
        holder: who has it, or had it last, for people.
        since: when it was taken over, UTC, for people.
    """

    epoch: int
    commits: int
    holder: str
    since: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A session as its server knows it: process ids are used again, with another start."""

    pid: int
    started: str


def lock(connection: Connection, wait_s: float) -> None:
    """Have the store's lock for as long as the session lasts.

    Args:
        connection: in a transaction, which is over where this fails.
        wait_s: for how long to wait for who has it, more than 0.

    Raises:
        DBAPIError: another has it and keeps it (SQLSTATE 55P03), or the connection failed.
    """
    connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{int(wait_s * 1000)}ms"})
    connection.execute(_LOCK)
    connection.execute(text("SELECT set_config('lock_timeout', '10s', true)"))


def make_claim(connection: Connection) -> None:
    """Make the table and its row, in the transaction of *connection*."""
    _claims.create_all(connection)
    connection.execute(insert(_claim).values(epoch=0, commits=0, holder="", since=""))


def take(connection: Connection, holder: str, since: str) -> Mark:
    """Take the store over: once the transaction of *connection* is written, whoever had it before writes nothing."""
    taken = connection.execute(_TAKE, {"now_holder": holder, "now_since": since})
    return Mark(**taken.mappings().one())


def look(connection: Connection) -> Mark | None:
    """Who has the store; None where there is no store yet."""
    if not inspect(connection).has_table(_claim.name):
        return None
    return Mark(**connection.execute(select(_claim)).mappings().one())


def advance(connection: Connection, mark: Mark) -> bool:
    """Whether the store is still ours and as we left it; if so, the transaction counts as one more.

    A transaction that takes over waits for this one's end, and this one for that one's.
    """
    advanced = connection.execute(_ADVANCE, {"of_epoch": mark.epoch, "of_commits": mark.commits})
    return advanced.rowcount == 1


def session_of(connection: Connection) -> Session:
    """The session that *connection* is."""
    pid, started = connection.execute(_SESSION).one()
    return Session(pid=pid, started=started)


def end_session(connection: Connection, session: Session) -> None:
    """Have the server end *session*, if it is there: a connection that is lost for us may not be so for the server."""
    connection.execute(_END_SESSION, {"pid": session.pid, "started": session.started})
