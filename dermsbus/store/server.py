"""Where a PostgreSQL server is, and how to get in.

Source: house choice, ADR 32.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

__all__ = ["PostgresqlServer", "SslMode"]


class SslMode(StrEnum):
    """What is asked of the connection; the words are PostgreSQL's own."""

    DISABLE = "disable"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"

    @property
    def is_verified(self) -> bool:
        """True where the server's certificate is checked."""
        return self in {SslMode.VERIFY_CA, SslMode.VERIFY_FULL}


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresqlServer:
    """One database of a server. Its text forms never hold the password.

    Attributes:
        host: name or address.
        port: TCP port, 1 to 65535.
        database: its name.
        user: role to log in as.
        password: None for none, or where the client library finds one of its own (``PGPASSWORD``, ``~/.pgpass``).
        ssl_mode: what is asked of the connection.
        ca_file: certificates to check the server's with; None only where it is not checked.
        cert_file: client certificate, None for none.
        key_file: its private key, None for none.
    """

    host: str
    database: str
    user: str
    port: int = 5432
    password: str | None = field(default=None, repr=False)
    ssl_mode: SslMode = SslMode.PREFER
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def __str__(self) -> str:
        """The URL for logs and screens: user, host, port and database."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{self.user}@{host}:{self.port}/{self.database}"
