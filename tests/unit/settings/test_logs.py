"""The log as an operator or a log collector reads it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from dermsbus import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_in_a_pipe_every_line_is_a_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "auto")
    structlog.get_logger().bind(source="derms1").info("connected", url="stomp://h:61613", connects=2)
    logging.getLogger("some.library").warning("broken %s", "pipe")
    out, err = capsys.readouterr()
    first, second = map(json.loads, err.splitlines())
    assert out == ""
    assert first.items() >= {"event": "connected", "level": "info", "source": "derms1", "connects": 2}.items()
    assert first["timestamp"].endswith("Z")
    assert second.items() >= {"event": "broken pipe", "level": "warning", "logger": "some.library"}.items()


def test_pretty_is_one_line_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "pretty")
    structlog.get_logger().warning("broker away", reason="refused")
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning" in line
    assert "broker away" in line
    assert "reason=refused" in line


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "json")
    structlog.get_logger().info("not worth it")
    assert capsys.readouterr().err == ""


def test_libraries_are_never_more_talkative_than_warning(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logging.getLogger("stomp.py").info("Sending frame: passcode:hunter2")
    structlog.get_logger().debug("ours")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["ours"]


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_secrets_are_blotted_out_whoever_logs_them(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    logs.configure("info", log_format)
    log = structlog.get_logger()
    log.info("a", password="hunter2", broker_passcode="hunter2", auth_token="hunter2")
    log.info("connect to amqp://derms1:hunter2@h/v failed", url="stomp://derms1:hun@hunter2@h:61613")
    logging.getLogger("some.library").error("cannot reach %s", "amqp://derms1:hunter2@h")
    try:
        int("stomp://derms1:hunter2@h")
    except ValueError:
        log.exception("bug")
    err = capsys.readouterr().err
    assert "hunter2" not in err
    assert "amqp://derms1:***@h/v" in err
    assert "ValueError" in err


def test_a_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "pretty")
    body = "<body>" + "hunter" * 3
    try:
        int(body[:1])
    except ValueError:
        structlog.get_logger().exception("bug")
    err = capsys.readouterr().err
    assert "ValueError" in err
    assert body not in err
