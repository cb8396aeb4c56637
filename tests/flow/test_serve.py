"""`dermsbus serve` on the embedded broker: the whole way over a real STOMP connection, through crashes and restarts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dermsbus.broker import BrokerSettings, EmbeddedBroker
from dermsbus.transports.stomp12 import StompSettings, StompTransport
from tests import builders as xml
from tests.flow.epri_cases import EpriCases, Line, serve_options
from tests.flow.peer import Message, Peer
from tests.flow.serving import HOST, ServeProcess, free_port


def peer(port: int) -> Peer:
    return Peer(StompTransport(StompSettings(host=HOST, port=port)))


def create(dms: Peer, name: str) -> Message:
    group = xml.group(mrid=f"mrid-{name}", name=name, functions=[], members=["D1"], version="1.0.0")
    return dms.ask(xml.generic("create", "DERGroups", payload=xml.der_groups(group), message_id=str(uuid4())))


def names(dms: Peer) -> list[str | None]:
    query = xml.der_group_queries(xml.group())
    return dms.ask(xml.generic("get", "DERGroups", request=query, message_id=str(uuid4()))).group_names


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(BrokerSettings(port=free_port())) as broker:
        yield broker


class TestEpriCasesOverTheEmbeddedBroker(EpriCases):
    @pytest.fixture(scope="class", params=["default", "epri"])
    @classmethod
    def line(cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
        port = free_port()
        folder = tmp_path_factory.mktemp("serve")
        options = serve_options(folder, request.param)
        with (
            ServeProcess(f"embedded://{HOST}:{port}", folder, *options),
            peer(port) as dms,
        ):
            yield Line(dms=dms, profile=request.param)


def test_after_kill_9_every_acknowledged_group_is_there(broker: EmbeddedBroker, tmp_path: Path) -> None:
    with ServeProcess(f"stomp://{HOST}:{broker.port}", tmp_path) as serve, peer(broker.port) as dms:
        for round_number in range(3):
            for index in range(5):
                assert create(dms, f"G{round_number}-{index}").result == "OK"
            serve.kill()
            serve.start()

        assert names(dms) == [f"G{round_number}-{index}" for round_number in range(3) for index in range(5)]


def test_a_request_sent_while_the_derms_is_away_is_served_when_it_is_back(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    with ServeProcess(f"stomp://{HOST}:{broker.port}", tmp_path) as serve, peer(broker.port) as dms:
        serve.kill()
        group = xml.group(mrid="G", name="G", functions=[], version="1.0.0")
        dms.send(xml.generic("create", "DERGroups", payload=xml.der_groups(group)))

        serve.start()

        assert dms.event("created", timeout_s=30).group_names == ["G"]


def test_a_broker_that_comes_back_finds_the_derms_answering(tmp_path: Path) -> None:
    settings = BrokerSettings(port=free_port(), store=tmp_path / "broker.db")
    with EmbeddedBroker(settings) as broker, ServeProcess(f"stomp://{HOST}:{broker.port}", tmp_path) as serve:
        with peer(settings.port) as dms:
            assert create(dms, "GA").result == "OK"

        broker.stop()
        serve.wait_for(503, reason=str(settings.port))

        with EmbeddedBroker(settings):
            serve.wait_until_ready()
            with peer(settings.port) as dms:
                assert create(dms, "GB").result == "OK"
                assert names(dms) == ["GA", "GB"]


def test_a_broker_that_is_not_there_is_said_and_waited_for(tmp_path: Path) -> None:
    port = free_port()
    serve = ServeProcess(f"stomp://{HOST}:{port}", tmp_path)
    try:
        serve.start(wait=False)

        serve.wait_for(503, reason=str(port))
        assert serve.get("/health")[0] == 200
        with EmbeddedBroker(BrokerSettings(port=port)):
            serve.wait_until_ready()
    finally:
        serve.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with ServeProcess(f"embedded://{HOST}:{free_port()}", tmp_path) as serve:
        assert serve.interrupt(number) == 0

    assert "Traceback" not in serve.log


@pytest.mark.parametrize(
    ("options", "environment", "config", "key"),
    [
        (["--bus", "http://x"], {}, None, "--bus"),
        (["--source", "DERMS 1"], {}, None, "--source"),
        (["--profile", "nobody"], {}, None, "--profile"),
        (["--http", "8080"], {}, None, "--http"),
        ([], {"DERMSBUS_PROFILE": "nobody"}, None, "DERMSBUS_PROFILE"),
        ([], {"DERMSBUS_PROFIL": "epri"}, None, "DERMSBUS_PROFIL"),
        ([], {}, "profil = 'epri'", "profil"),
        ([], {}, "[behaviour]\nchange_mode = 'both'", "behaviour.change_mode"),
        ([], {}, "not toml", "serve.toml"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_nothing_starts(
    tmp_path: Path, options: list[str], environment: dict[str, str], config: str | None, key: str
) -> None:
    if config is not None:
        (tmp_path / "serve.toml").write_text(config)
        options = [*options, "--config", str(tmp_path / "serve.toml")]

    ended = subprocess.run(
        [sys.executable, "-m", "dermsbus", "serve", *options],
        env={**os.environ, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert key in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "dermsbus.db").exists()


def test_two_derms_do_not_share_a_store(broker: EmbeddedBroker, tmp_path: Path) -> None:
    with ServeProcess(f"stomp://{HOST}:{broker.port}", tmp_path):
        second = ServeProcess(f"stomp://{HOST}:{broker.port}", tmp_path, "--source", "derms2")
        with pytest.raises(AssertionError, match="has ended"):
            second.start()

    assert "derms.db" in second.log
    assert "Traceback" not in second.log


def test_the_log_in_a_pipe_is_json_lines_without_secrets(tmp_path: Path) -> None:
    port = free_port()
    with ServeProcess(f"embedded://derms:s3cret-pass@{HOST}:{port}", tmp_path) as serve:
        pass

    lines = [json.loads(line) for line in serve.log.splitlines() if line.strip()]
    assert any(line["event"] == "serving" and line["requests"] == "cim.production.req.derms1" for line in lines)
    assert "s3cret-pass" not in serve.log
