"""What an operator sets, where from, and what is said when it cannot be used."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dermsbus.adapters.registry import load_adapters
from dermsbus.domain.behaviour import BEHAVIOURS, ChangeMode, Resend, Tolerance
from dermsbus.domain.der import DeviceKind, Reading
from dermsbus.domain.fleet import load_fleet
from dermsbus.errors import SettingsError
from dermsbus.messages.envelope import Style
from dermsbus.messages.peers import Peer
from dermsbus.settings import BusScheme, BusUrl, DevicesSettings, HttpAddress, PushSettings, Settings, load

ROOT = Path(__file__).parents[3]
WORD = "must be lower-case letters, digits, _ and -, as it becomes part of destinations"

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("DERMSBUS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "derms.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(**arguments: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(**arguments)
    return str(caught.value)


def test_without_any_word_dermsbus_runs_its_own_broker_on_this_machine() -> None:
    settings = load()
    assert str(settings.bus) == "embedded://127.0.0.1:61613"
    assert (settings.source, settings.context, settings.profile) == ("derms1", "production", "default")
    assert settings.store == Path("dermsbus.db")
    assert settings.http == HttpAddress(host="127.0.0.1", port=8080)
    assert settings.adopt_from == ("*",)
    assert settings.assumed_zone == ZoneInfo("UTC")
    assert settings.style is Style.GENERIC
    assert settings.namespace_year == 2017
    assert settings.behaviour == BEHAVIOURS["default"]
    assert (settings.dms.source, settings.responder, settings.dms.timeout_s) == ("dms1", "derms1", 30)


def test_command_line_wins_over_environment_over_file_over_default(
    config: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config('source = "filed"\ncontext = "filed"\nstore = "filed.db"\n')
    monkeypatch.setenv("DERMSBUS_SOURCE", "variable")
    monkeypatch.setenv("DERMSBUS_CONTEXT", "variable")
    settings = load({"source": "option", "context": None}, path)
    assert settings.source == "option"
    assert settings.context == "variable"
    assert settings.store == Path("filed.db")
    assert settings.profile == "default"


def test_tables_of_several_sources_are_merged_key_by_key(config: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config(
        'profile = "gridappsd"\n[behaviour]\nunique_names = true\nresend = "answer-again"\n[limits]\ndepth = 9'
    )
    monkeypatch.setenv("DERMSBUS_BEHAVIOUR__RESEND", "execute-again")
    monkeypatch.setenv("DERMSBUS_LIMITS__MESSAGE_BYTES", "5000")
    settings = load({"behaviour.tolerance": "strict"}, path)
    assert settings.behaviour.unique_names is True
    assert settings.behaviour.resend is Resend.EXECUTE_AGAIN
    assert settings.behaviour.tolerance is Tolerance.STRICT
    assert settings.behaviour.change_mode is ChangeMode.REPLACE, "what nobody replaced is the profile's"
    assert (settings.limits.depth, settings.limits.message_bytes) == (9, 5000)


def test_the_file_can_be_named_by_a_variable(config: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMSBUS_CONFIG", str(config('source = "filed"')))
    assert load().source == "filed"


def test_constructed_directly_settings_read_nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMSBUS_SOURCE", "variable")
    assert Settings().source == "derms1"


def test_every_problem_is_told_by_the_name_the_operator_wrote(config: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config(
        'contxt = "x"\nretention_days = 0\n'
        '[behaviour]\nunique_names = "maybe"\ntolerence = "strict"\n'
        "[dms]\ntimeout_s = -1\n"
    )
    monkeypatch.setenv("DERMSBUS_PROFILE", "none")
    monkeypatch.setenv("DERMSBUS_HTPP", "off")
    told = refusal(options={"source": "DERMS 1", "dms.to": "A.B", "dms.timeout_s": None}, config=path).splitlines()
    assert sorted(told) == sorted(
        [
            "DERMSBUS_HTPP: there is no such setting; is DERMSBUS_HTTP meant?",
            f"--source: {WORD}; it is 'DERMS 1'",
            f"--to: {WORD}; it is 'A.B'",
            "DERMSBUS_PROFILE: must be one of default, epri, gridappsd; it is 'none'",
            f"{path}: behaviour.unique_names: must be true or false",
            f"{path}: behaviour.tolerence: there is no such setting; is tolerance meant?",
            f"{path}: contxt: there is no such setting; is context meant?",
            f"{path}: retention_days: must be greater than or equal to 1; it is 0",
            f"{path}: dms.timeout_s: must be greater than 0; it is -1",
        ]
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("assumed_zone = 'Mars/Olympus'", "assumed_zone: must be a zone of the IANA list"),
        ("adopt_from = ['derms1']", "adopt_from: must not name 'derms1', our own source"),
        ("adopt_from = ['DMS 1']", "adopt_from: must be lower-case letters"),
        ("http = '8080'", "http: must be HOST:PORT, such as 127.0.0.1:8080, or off; it is '8080'"),
        ("http = 'localhost:99999'", "http: must be HOST:PORT"),
        ("style = 'fancy'", "style: must be 'generic' or 'typed'; it is 'fancy'"),
        ("namespace_year = 20", "namespace_year: must be greater than or equal to 1000; it is 20"),
        ("behaviour = 3", "behaviour: must be a table of behaviour properties"),
        ("[behaviour]\nunknown_group_code = 'no'", "behaviour: unknown_group_code must be a dotted pair, such as 99.1"),
        ("[limits]\ndepth = 0", "limits: depth must be 1 or more; it is 0"),
        ("[limits]\nmessage_bytes = 'big'", "limits.message_bytes: must be a valid integer; it is 'big'"),
        ("log_level = 'loud'", "log_level: must be 'debug', 'info', 'warning' or 'error'; it is 'loud'"),
        ("bus = 3", "bus: must be a URL, such as stomp://user:password@host:61613"),
        ("source = 1", "source: must be a valid string; it is 1"),
    ],
)
def test_a_bad_value_says_what_is_wanted(config: Write, text: str, told: str) -> None:
    path = config(text)
    assert f"{path}: {told}" in refusal(config=path)


def test_a_missing_file_is_told_by_the_option_that_named_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "no.toml"
    assert refusal(config=missing) == f"--config: {missing} cannot be read: No such file or directory"
    monkeypatch.setenv("DERMSBUS_CONFIG", str(missing))
    assert refusal() == f"DERMSBUS_CONFIG: {missing} cannot be read: No such file or directory"


def test_a_file_that_is_not_toml_is_told_with_its_line(config: Write) -> None:
    path = config('source = "derms1"\ncontext production\n')
    assert re.fullmatch(rf"--config: {re.escape(str(path))} is not TOML: .*line 2.*", refusal(config=path))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert refusal(config=path) == f"--config: {path} cannot be read: it is not UTF-8 text"


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DERMSBUS_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("DERMSBUS_PORT", "tcp://10.0.0.1:8080")
    monkeypatch.setenv("DERMSBUS_PORT_8080_TCP", "tcp://10.0.0.1:8080")
    assert load().source == "derms1"


def test_lists_are_comma_separated_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMSBUS_ADOPT_FROM", "ems1, dms1")
    assert load().adopt_from == ("ems1", "dms1")
    monkeypatch.setenv("DERMSBUS_ADOPT_FROM", "")
    assert load().adopt_from == ()


def test_http_can_be_turned_off() -> None:
    assert load({"http": "off"}).http is None
    assert str(load({"http": "[::1]:0"}).http) == "[::1]:0"


@pytest.mark.parametrize(
    ("text", "scheme", "port"),
    [
        ("stomp://h", BusScheme.STOMP, 61613),
        ("stomps://h", BusScheme.STOMPS, 61614),
        ("amqp://h", BusScheme.AMQP, 5672),
        ("amqps://h", BusScheme.AMQPS, 5671),
        ("embedded://h", BusScheme.EMBEDDED, 61613),
        ("amqp://h:1", BusScheme.AMQP, 1),
    ],
)
def test_the_scheme_tells_protocol_and_port(text: str, scheme: BusScheme, port: int) -> None:
    assert BusUrl.parse(text) == BusUrl(scheme=scheme, host="h", port=port)


def test_user_password_and_vhost_are_percent_decoded() -> None:
    url = BusUrl.parse("amqp://us%40er:p%2Fw%23@h/%2Fderms")
    assert (url.user, url.password, url.vhost) == ("us@er", "p/w#", "/derms")
    assert BusUrl.parse("amqp://h/%2F").vhost == "/"
    assert BusUrl.parse("amqp://h/").vhost is None


def test_options_say_what_the_host_cannot() -> None:
    url = BusUrl.parse(
        "stomps://[::1]?dialect=rabbitmq&ca_file=/ca.pem&cert_file=/c.pem&key_file=/k.pem&heartbeat_s=2.5"
    )
    assert (url.host, url.dialect, url.heartbeat_s) == ("::1", "rabbitmq", 2.5)
    assert (url.ca_file, url.cert_file, url.key_file) == (Path("/ca.pem"), Path("/c.pem"), Path("/k.pem"))
    assert BusUrl.parse("embedded://127.0.0.1?store=q.db").store == Path("q.db")
    assert str(url) == "stomps://[::1]:61614"


def test_the_password_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3%20cret\n", encoding="utf-8")
    assert BusUrl.parse(f"stomp://derms1@h?password_file={secret}").password == "s3%20cret", "and is taken as it is"
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        BusUrl.parse(f"stomp://derms1@h?password_file={tmp_path / 'none'}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("derms1:hunter2@h", "must begin with one of stomp://"),
        ("http://derms1:hunter2@h", "must begin with one of stomp://"),
        ("stomp://derms1:hunter2#x@h", "must not hold a #"),
        ("stomp://derms1:hunter2/x@h", "no readable host and port"),
        ("stomp://derms1:hunter2@h:port", "no readable host and port"),
        ("stomp://derms1:hunter2@h:70000", "no readable host and port"),
        ("stomp://derms1:hunter2@h:0", "from 1 to 65535"),
        ("stomp://derms1:hunter2@", "names no host"),
        ("stomp://:hunter2@h", "a password, but no user"),
        ("stomp://derms1:hunter2@h?password_file=x", "give one of them"),
        ("stomp://derms1:hunter2@h?ca_file=x", "has no option 'ca_file' for stomp; known are dialect, heartbeat_s"),
        ("amqps://derms1:hunter2@h?dialect=x", "has no option 'dialect' for amqps"),
        ("stomp://derms1:hunter2@h?dialect=x", "dialect must be auto or one of activemq"),
        ("stomp://derms1:hunter2@h?dialect=artemis&dialect=artemis", "gives an option twice"),
        ("stomp://derms1:hunter2@h?dialect=", "option dialect is empty"),
        ("stomp://derms1:hunter2@h?heartbeat_s=nan", "heartbeat_s must be seconds"),
        ("amqps://derms1:hunter2@h?key_file=k", "has a key_file without cert_file"),
    ],
)
def test_a_bad_url_is_refused_without_telling_its_password(text: str, told: str) -> None:
    complaint = refusal(options={"bus": text})
    assert complaint.startswith("--bus: ")
    assert told in complaint
    assert "hunter2" not in complaint


def test_the_password_is_in_no_text_form() -> None:
    settings = load({"bus": "stomp://derms1:hunter2@h"})
    assert settings.bus.password == "hunter2"
    for text in (str(settings.bus), repr(settings.bus), str(settings), repr(settings)):
        assert "hunter2" not in text


EXAMPLES = sorted(path for path in (ROOT / "config").glob("*.toml") if path.name != "fleet.toml")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_file_loads(path: Path) -> None:
    settings = load(config=path)
    assert settings.source == "derms1"


def test_the_examples_are_those_that_the_manual_names() -> None:
    names = {path.name for path in EXAMPLES}
    assert names == {"activemq.toml", "artemis.toml", "embedded.toml", "rabbitmq.toml"}


def test_the_embedded_example_shows_the_defaults() -> None:
    shown, default = load(config=ROOT / "config" / "embedded.toml"), Settings()
    assert shown.model_copy(update={"bus": default.bus}) == default


def test_the_example_catalogue_has_a_dozen_simulated_devices_that_can_be_had() -> None:
    path = ROOT / "config" / "fleet.toml"
    fleet = load_fleet(path.read_text(encoding="utf-8"), str(path))

    assert len(fleet) == 12
    assert {device.kind for device in fleet.devices} == set(DeviceKind)
    adapters = load_adapters([device.adapter for device in fleet.devices], devices=fleet.devices)
    readings = adapters["simulated"].read(fleet.devices, timeout_s=2.0)
    assert [reading.mrid for reading in readings] == list(fleet)
    assert all(isinstance(reading, Reading) for reading in readings)


def test_devices_adapters_and_push_are_tables(config: Write) -> None:
    settings = load(
        config=config(
            'fleet = "f.toml"\n[devices]\npoll_period_s = 0.5\n[adapters.sunspec]\nmax_parallel = 8\n'
            "[push]\nstatus_period_s = 0\nforecast_period_s = 300\n[site]\nlatitude_deg = -33.9\n"
        )
    )

    assert settings.fleet == Path("f.toml")
    assert settings.devices == DevicesSettings(poll_period_s=0.5, stale_after_s=10.0, timeout_s=2.0)
    assert settings.adapters == {"sunspec": {"max_parallel": 8}}
    assert settings.push == PushSettings(
        status_period_s=0.0,
        status_dead_band_percent=2.0,
        forecast_period_s=300.0,
        forecast_step_s=900,
        forecast_intervals=16,
    )
    assert (settings.site.latitude_deg, settings.site.longitude_deg) == (-33.9, 11.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[devices]\npoll_perod_s = 1", "devices.poll_perod_s: there is no such setting; is poll_period_s meant?"),
        ("[devices]\ntimeout_s = 0", "devices.timeout_s: must be greater than 0; it is 0"),
        ("[devices]\nstale_after_s = 1", "devices.stale_after_s: must be more than poll_period_s, 2: "),
        ("[push]\nstatus_period = 1", "push.status_period: there is no such setting; is status_period_s meant?"),
        ("[push]\nstatus_dead_band_percent = 101", "push.status_dead_band_percent: must be less than or equal to 100"),
        ("[push]\nforecast_step_s = 30", "push.forecast_step_s: must be greater than or equal to 60; it is 30"),
        ("[push]\nforecast_intervals = 0", "push.forecast_intervals: must be greater than or equal to 1; it is 0"),
        ("[site]\nlatitude = 1", "site.latitude: there is no such setting; is latitude_deg meant?"),
        ("[site]\nlongitude_deg = 181", "site.longitude_deg: must be less than or equal to 180; it is 181"),
        ("[dispatch]\nhold = 1", "dispatch.hold: there is no such setting; is hold_s meant?"),
        ("[adapters]\nsunspec = 1", "adapters.sunspec: must be a valid dictionary; it is 1"),
    ],
)
def test_a_setting_of_the_field_that_cannot_be_is_named(config: Write, text: str, told: str) -> None:
    path = config(text)
    assert refusal(config=path).startswith(f"{path}: {told}")


def test_peers_are_tables_by_the_name_that_they_give_themselves(config: Write) -> None:
    peers = load(
        config=config(
            '[behaviour]\ntolerance = "tolerant"\n'
            "[peers.'*']\ncompress_above_bytes = 65536\n"
            "[peers.epri]\nchunks = false\n"
            "[peers.'DER Lab 2 (Ost)']\ntolerance = 'strict'\ncompress_above_bytes = 0\n"
        )
    ).known_peers

    tolerant, strict = Tolerance.TOLERANT, Tolerance.STRICT
    assert peers.of("epri") == Peer(tolerance=tolerant, compress_above_bytes=65536, chunks=False)
    assert peers.of(" epri ") == peers.of("epri")
    assert peers.of("DER Lab 2 (Ost)") == Peer(tolerance=strict, compress_above_bytes=0, chunks=True)
    for unknown in ("EPRI", "*", "", None):
        assert peers.of(unknown) == Peer(tolerance=tolerant, compress_above_bytes=65536, chunks=True)


def test_a_peer_of_which_nothing_is_said_is_met_as_the_profile_has_it() -> None:
    assert Settings().known_peers.of("epri") == Peer()
    assert Settings(profile="epri").known_peers.of("any").tolerance is Tolerance.TOLERANT


def test_a_variable_can_speak_of_a_peer_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMSBUS_PEERS__EPRI__TOLERANCE", "tolerant")
    monkeypatch.setenv("DERMSBUS_PEERS__EPRI__CHUNKS", "false")

    assert load().known_peers.of("epri") == Peer(tolerance=Tolerance.TOLERANT, chunks=False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[peers.epri]\ntolerence = 'tolerant'", "peers.epri.tolerence: there is no such setting; is tolerance meant?"),
        (
            "[peers.epri]\ntolerance = 'lenient'",
            "peers.epri.tolerance: must be 'strict' or 'tolerant'; it is 'lenient'",
        ),
        (
            "[peers.epri]\ncompress_above_bytes = -1",
            "peers.epri.compress_above_bytes: must be greater than or equal to 0",
        ),
        ("[peers.epri]\nchunks = 'maybe'", "peers.epri.chunks: must be true or false"),
        ("[peers]\nepri = 'tolerant'", "peers.epri: "),
        ("[peers.'']\nchunks = false", "peers: must be Header/Source as the peer writes it"),
        ("[peers.' epri']\nchunks = false", "peers: must be Header/Source as the peer writes it"),
    ],
)
def test_what_cannot_be_said_of_a_peer_is_named(config: Write, text: str, told: str) -> None:
    path = config(text)
    assert refusal(config=path).startswith(f"{path}: {told}")


def test_a_poll_period_beyond_the_default_age_is_refused() -> None:
    assert refusal(options={"devices.poll_period_s": 20}).startswith("devices.stale_after_s: must be more than")
