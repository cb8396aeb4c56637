"""Where the bus is, where the store is, and where health is served: addresses as an operator writes them.

Source: default ports of the project's reference tables; the options of the URLs are a house choice, ADRs 7 and 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dermsbus.store.server import PostgresqlServer, SslMode
from dermsbus.transports.dialects import DIALECTS

__all__ = ["BusScheme", "BusUrl", "HttpAddress", "parse_store", "why_unreadable"]

_STORE_SCHEME: Final = "postgresql"
_STORE_OPTIONS: Final = frozenset({"password_file", "sslmode", "ca_file", "cert_file", "key_file"})


class BusScheme(StrEnum):
    """How the bus is spoken to; the values are those of the URL."""

    STOMP = "stomp"
    STOMPS = "stomps"
    AMQP = "amqp"
    AMQPS = "amqps"
    EMBEDDED = "embedded"

    @property
    def is_tls(self) -> bool:
        """True where the connection is encrypted and the broker's certificate is checked."""
        return self in {BusScheme.STOMPS, BusScheme.AMQPS}

    @property
    def default_port(self) -> int:
        """The TCP port where the URL names none."""
        ports = {BusScheme.STOMPS: 61614, BusScheme.AMQP: 5672, BusScheme.AMQPS: 5671}
        return ports.get(self, 61613)

    @property
    def options(self) -> frozenset[str]:
        """The query options that a URL of this scheme may have."""
        names = {"password_file"}
        if self is BusScheme.EMBEDDED:
            return frozenset(names | {"store"})
        if self in {BusScheme.STOMP, BusScheme.STOMPS}:
            names |= {"dialect"}
        if self.is_tls:
            names |= {"ca_file", "cert_file", "key_file"}
        return frozenset(names | {"heartbeat_s"})


@dataclass(frozen=True, kw_only=True, slots=True)
class BusUrl:
    """Where the bus is and how to get in. Its text forms never hold the password.

    Attributes:
        scheme: protocol; ``embedded`` is a broker that ``dermsbus serve`` itself runs there.
        host: name or address.
        port: TCP port, 1 to 65535.
        user: login name, None for none.
        password: None for none.
        vhost: virtual host; None for the broker's default.
        dialect: which broker speaks STOMP there, a name from `DIALECTS`, or ``auto`` to find out.
        ca_file: certificates to check the broker's with; None for those of the system.
        cert_file: client certificate, None for none.
        key_file: its private key; None where that is in *cert_file*.
        heartbeat_s: seconds between heart-beats, None for the transport's default.
        store: file in which the embedded broker keeps its queues; None for memory only.
    """

    scheme: BusScheme
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    vhost: str | None = None
    dialect: str = "auto"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    heartbeat_s: float | None = None
    store: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The value of ``scheme://user:password@host:port/vhost?option=…``.

        User, password and vhost are percent-decoded. ``?password_file=…`` reads the password from a file, so that it
        stands neither in a process list nor in the configuration.

        Raises:
            ValueError: what is wrong with it, without its password.
        """
        _check_scheme(text)
        parts, port = _split_url(text)
        scheme = BusScheme(parts.scheme)
        options = _url_options(parts.query, scheme, scheme.options)
        user, password = _login(parts, options.get("password_file"))
        heartbeat = options.get("heartbeat_s")
        return cls(
            scheme=scheme,
            host=parts.hostname or "",
            port=port or scheme.default_port,
            user=user,
            password=password,
            vhost=unquote(parts.path[1:]) or None,
            dialect=_dialect(options.get("dialect", "auto")),
            ca_file=_path(options.get("ca_file")),
            cert_file=_path(options.get("cert_file")),
            key_file=_path(options.get("key_file")),
            heartbeat_s=_seconds(heartbeat) if heartbeat else None,
            store=_path(options.get("store")),
        )

    def __str__(self) -> str:
        """The URL for logs and screens: scheme, user, host, port and vhost."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        vhost = f"/{self.vhost}" if self.vhost else ""
        return f"{self.scheme}://{user}{host}:{self.port}{vhost}"


def parse_store(text: str) -> Path | PostgresqlServer:
    """The value of ``store``: a file, or ``postgresql://user:password@host:port/database?option=…``.

    User, password and database are percent-decoded. Beyond this machine the connection is encrypted and the server's
    certificate checked, unless ``sslmode`` asks for something else.

    Raises:
        ValueError: what is wrong with the URL, without its password.
    """
    if "://" not in text:
        if not text:
            raise ValueError("names no file")
        return Path(text)
    if not text.startswith(f"{_STORE_SCHEME}://"):
        raise ValueError(f"must begin with {_STORE_SCHEME}://, or be the name of a file")
    parts, port = _split_url(text)
    options = _url_options(parts.query, _STORE_SCHEME, _STORE_OPTIONS)
    user, password = _login(parts, options.get("password_file"))
    database = unquote(parts.path[1:])
    if not user or not database or "/" in database:
        raise ValueError("must name a user and a database, as in postgresql://user@host/database")
    host = parts.hostname or ""
    return PostgresqlServer(
        host=host,
        port=port or 5432,
        database=database,
        user=user,
        password=password,
        ssl_mode=_ssl_mode(options, host),
        ca_file=_path(options.get("ca_file")),
        cert_file=_path(options.get("cert_file")),
        key_file=_path(options.get("key_file")),
    )


def _ssl_mode(options: Mapping[str, str], host: str) -> SslMode:
    name = options.get("sslmode")
    if name is not None and name not in set(SslMode):
        raise ValueError(f"sslmode must be one of {', '.join(SslMode)}; it is {name[:64]!r}")
    mode = SslMode(name or (SslMode.PREFER if _is_this_machine(host) else SslMode.VERIFY_FULL))
    if mode.is_verified and "ca_file" not in options:
        raise ValueError(
            f"needs ca_file, the certificates to check the server's with (sslmode {mode}); on a network that nobody "
            "else can listen to, sslmode=disable does without"
        )
    return mode


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # it is a name
        return host == "localhost"


def _check_scheme(text: str) -> None:
    name, separator, _ = text.partition("://")
    if not separator or name not in set(BusScheme):
        schemes = ", ".join(f"{scheme}://" for scheme in BusScheme)
        raise ValueError(f"must begin with one of {schemes}")


def _split_url(text: str) -> tuple[SplitResult, int | None]:
    # No message here repeats the text: wherever it breaks, what is beside the break may be the password.
    if "#" in text:
        raise ValueError("must not hold a #; in a password write it as %23")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(
            "has no readable host and port, as in host:61613; in a password write / as %2F, ? as %3F and @ as %40"
        ) from None
    if not parts.hostname:
        raise ValueError("names no host")
    if port == 0:
        raise ValueError("the port must be from 1 to 65535")
    return parts, port


def _url_options(query: str, scheme: str, known: AbstractSet[str]) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    options = dict(pairs)
    if len(options) != len(pairs):
        raise ValueError("gives an option twice")
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"has no option {name!r} for {scheme}; known are {', '.join(sorted(known))}")
        if not value:
            raise ValueError(f"option {name} is empty")
    if "key_file" in options and "cert_file" not in options:
        raise ValueError("has a key_file without cert_file; name the certificate too")
    return options


def _login(parts: SplitResult, password_file: str | None) -> tuple[str | None, str | None]:
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password is not None else None
    if password_file is not None:
        if password is not None:
            raise ValueError("has a password and a password_file; give one of them")
        try:
            password = Path(password_file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"password_file {password_file} cannot be read: {why_unreadable(error)}") from error
    if password is not None and user is None:
        raise ValueError("has a password, but no user")
    return user, password


def _dialect(name: str) -> str:
    if name != "auto" and name not in DIALECTS:
        raise ValueError(f"dialect must be auto or one of {', '.join(DIALECTS)}; it is {name[:64]!r}")
    return name


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:  # NaN fails too
        raise ValueError("heartbeat_s must be seconds, more than 0 and at most 3600")
    return seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAddress:
    """Where health is served; port 0 takes a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The value of ``HOST:PORT`` or ``[ADDRESS]:PORT``.

        Raises:
            ValueError: it is not of that form.
        """
        host, _, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"must be HOST:PORT, such as 127.0.0.1:8080, or off; it is {text[:64]!r}")
        return cls(host=host, port=int(port))

    def __str__(self) -> str:
        """``HOST:PORT``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def why_unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read, in a few words."""
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
