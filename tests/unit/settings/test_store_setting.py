"""The store is a file or a PostgreSQL database, told in one word; what is wrong with it is said without its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from dermsbus.errors import SettingsError
from dermsbus.settings import load
from dermsbus.settings.urls import parse_store
from dermsbus.store.server import PostgresqlServer, SslMode


def test_what_is_no_url_is_a_file() -> None:
    assert parse_store("groups.db") == Path("groups.db")
    assert parse_store(":memory:") == Path(":memory:")
    assert load({"store": "/var/lib/derms.db"}).history == Path("/var/lib/derms.db.history")


def test_a_database_is_told_by_server_user_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMSBUS_STORE", "postgresql://us%40er:p%2Fw%23@127.0.0.1/derms%20one")

    settings = load({"source": "derms7"})

    assert settings.store == PostgresqlServer(host="127.0.0.1", database="derms one", user="us@er", password="p/w#")
    assert settings.history == Path("derms7.history")
    assert str(parse_store("postgresql://u@[::1]:5433/d")) == "postgresql://u@[::1]:5433/d"


def test_its_password_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3%20cret\n", encoding="utf-8")

    place = parse_store(f"postgresql://u@localhost/d?password_file={secret}")

    assert isinstance(place, PostgresqlServer)
    assert place.password == "s3%20cret", "and is taken as it is"


def test_beyond_this_machine_the_server_has_to_prove_who_it_is() -> None:
    place = parse_store("postgresql://u@db.example/d?ca_file=/ca.pem&cert_file=/c.pem&key_file=/k.pem")

    assert place == PostgresqlServer(
        host="db.example",
        database="d",
        user="u",
        ssl_mode=SslMode.VERIFY_FULL,
        ca_file=Path("/ca.pem"),
        cert_file=Path("/c.pem"),
        key_file=Path("/k.pem"),
    )
    for host in ("localhost", "127.0.0.2", "[::1]"):
        assert parse_store(f"postgresql://u@{host}/d").ssl_mode is SslMode.PREFER  # type: ignore[union-attr]
    assert parse_store("postgresql://u@db/d?sslmode=disable").ssl_mode is SslMode.DISABLE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mysql://derms1:hunter2@h/d", "must begin with postgresql://, or be the name of a file"),
        ("postgres://derms1:hunter2@h/d", "must begin with postgresql://"),
        ("postgresql://derms1:hunter2#x@h/d", "must not hold a #"),
        ("postgresql://derms1:hunter2@h:0/d", "from 1 to 65535"),
        ("postgresql://derms1:hunter2@/d", "names no host"),
        ("postgresql://derms1:hunter2@localhost", "must name a user and a database, as in postgresql://user@host/"),
        ("postgresql://derms1:hunter2@localhost/d/e", "must name a user and a database"),
        ("postgresql://localhost/d", "must name a user and a database"),
        ("postgresql://:hunter2@localhost/d", "a password, but no user"),
        ("postgresql://derms1:hunter2@localhost/d?password_file=x", "give one of them"),
        ("postgresql://derms1:hunter2@localhost/d?options=x", "has no option 'options' for postgresql; known are ca_"),
        ("postgresql://derms1:hunter2@h/d", "needs ca_file, the certificates to check the server's with (sslmode ver"),
        ("postgresql://derms1:hunter2@h/d?sslmode=off", "sslmode must be one of disable, prefer, require, verify-ca, "),
        ("postgresql://derms1:hunter2@h/d?ca_file=c&key_file=k", "has a key_file without cert_file"),
        ("", "names no file"),
    ],
)
def test_a_bad_one_is_refused_without_telling_its_password(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load({"store": text})

    assert str(refusal.value).startswith("--store: ")
    assert told in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_the_password_is_in_no_text_form() -> None:
    settings = load({"store": "postgresql://derms1:hunter2@localhost/d"})

    for text in (str(settings.store), repr(settings.store), str(settings), repr(settings)):
        assert "hunter2" not in text
