"""The settings and what each may be.

Source: defaults of the project's reference tables; the keys are a house choice, ADR 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from dermsbus.domain.addresses import ANY, is_word
from dermsbus.domain.allocation import Policy
from dermsbus.domain.behaviour import BEHAVIOURS, Behaviour, Tolerance
from dermsbus.domain.planning import PlanRules
from dermsbus.errors import SettingsError
from dermsbus.messages.chunks import LARGEST_MESSAGE_BYTES
from dermsbus.messages.codec import ReaderSettings
from dermsbus.messages.envelope import Style
from dermsbus.messages.intake import Limits
from dermsbus.messages.name_plates import CategorySpelling
from dermsbus.messages.peers import Peer, Peers
from dermsbus.replay import ReplayRules
from dermsbus.settings.urls import BusScheme, BusUrl, HttpAddress, parse_store
from dermsbus.store.server import PostgresqlServer
from dermsbus.transports.reply_addresses import NOWHERE, ReplyAddresses

__all__ = [
    "PREFIX",
    "DevicesSettings",
    "DispatchSettings",
    "DmsSettings",
    "PeerSettings",
    "PushSettings",
    "ReplaySettings",
    "Settings",
    "SiteSettings",
]

PREFIX: Final = "DERMSBUS_"
"""How the names of our environment variables begin."""

_CODE: Final = re.compile(r"[0-9]+\.[0-9]+", re.ASCII)
_LONGEST_SOURCE: Final = 255


def _bus(value: object) -> object:
    return BusUrl.parse(value) if isinstance(value, str) else value


def _store(value: object) -> object:
    return parse_store(value) if isinstance(value, str) else value


def _http(value: object) -> object:
    if not isinstance(value, str):
        return value
    return None if value == "off" else HttpAddress.parse(value)


def _word(text: str) -> str:
    if not is_word(text):
        raise ValueError(
            f"must be lower-case letters, digits, _ and -, as it becomes part of destinations; it is {text[:64]!r}"
        )
    return text


def _profile(name: str) -> str:
    if name not in BEHAVIOURS:
        raise ValueError(f"must be one of {', '.join(BEHAVIOURS)}; it is {name[:64]!r}")
    return name


def _profile_behaviour(valid: dict[str, object]) -> Behaviour:
    """The behaviour of the profile that was chosen; the default one if that choice is itself at fault."""
    return BEHAVIOURS[str(valid.get("profile", "default"))]


def _behaviour(value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
    """The profile with the table's properties in place of its own."""
    if isinstance(value, Behaviour):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("must be a table of behaviour properties")  # noqa: TRY004 pydantic reports ValueError only
    behaviour = validate({**asdict(_profile_behaviour(info.data)), **value})
    if isinstance(behaviour, Behaviour) and not _CODE.fullmatch(behaviour.unknown_group_code):
        raise ValueError("unknown_group_code must be a dotted pair, such as 99.1")
    return behaviour


def _limits(limits: Limits) -> Limits:
    for name, value in asdict(limits).items():
        if value < 1:
            raise ValueError(f"{name} must be 1 or more; it is {value}")
    return limits


def _comma_separated(value: object) -> object:
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


def _reply_addresses(value: object) -> object:
    if isinstance(value, ReplyAddresses):
        return value
    texts = _comma_separated(value)
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise ValueError("must be a list of queues (a name) and topics (topic://name)")
    try:
        return ReplyAddresses.of(texts)
    except SettingsError as error:
        raise ValueError(error.problem) from error


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"must be a zone of the IANA list, such as Europe/Berlin; it is {value[:64]!r}") from error


def _peers(peers: dict[str, PeerSettings]) -> dict[str, PeerSettings]:
    for name in peers:
        if name != name.strip() or not name.isprintable() or not 1 <= len(name) <= _LONGEST_SOURCE:
            raise ValueError(
                f"must be Header/Source as the peer writes it, 1 to {_LONGEST_SOURCE} characters; it is {name[:64]!r}"
            )
    return peers


_Word = Annotated[str, AfterValidator(_word)]


class DmsSettings(BaseModel):
    """What only the DMS commands use: table ``dms``.

    Attributes:
        source: our own name as a requester.
        to: the responder; None for the ``source`` of the same settings.
        timeout_s: seconds to wait for a reply, more than 0, at most a day.
        compress_above_bytes: a payload of more bytes is sent as Compressed, 0 for never, at most 4 MiB.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: _Word = "dms1"
    to: _Word | None = None
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 30.0
    compress_above_bytes: Annotated[int, Field(ge=0, le=4 * 1024 * 1024)] = 0


class DevicesSettings(BaseModel):
    """How devices are asked for their values: table ``devices``.

    Attributes:
        poll_period_s: seconds from one round of readings to the next, more than 0, at most an hour.
        stale_after_s: age in seconds from which a value is not trusted, more than *poll_period_s*.
        timeout_s: seconds that a device has for its answer, more than 0, at most a minute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    poll_period_s: Annotated[float, Field(gt=0, le=3600)] = 2.0
    stale_after_s: Annotated[float, Field(gt=0, le=86_400)] = 10.0
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 2.0

    @field_validator("stale_after_s")
    @classmethod
    def _more_than_a_round(cls, stale_after_s: float, info: ValidationInfo) -> float:
        poll_period_s = info.data.get("poll_period_s", 0.0)
        if stale_after_s <= poll_period_s:
            raise ValueError(
                f"must be more than poll_period_s, {poll_period_s:g}: values would be stale before they are read again"
            )
        return stale_after_s


class SiteSettings(BaseModel):
    """Where the devices are, as one point: table ``site``. Forecasts of the sun need it.

    Attributes:
        latitude_deg: -90 to 90, north is positive.
        longitude_deg: -180 to 180, east is positive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    latitude_deg: Annotated[float, Field(ge=-90, le=90)] = 48.0
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] = 11.0


class DispatchSettings(BaseModel):
    """How orders are carried out at devices: table ``dispatch``.

    Attributes:
        policy: who takes how much of a set-point: headroom, rating or merit.
        hold_s: a device that hears nothing more goes back to its default after so many seconds, 10 to a day.
        grace_s: it may hold its set-point for so long after the schedule says something new, 0 to an hour.
        step_s: sloping lines and ramps are followed in steps of so many seconds, 1 to an hour.
        dead_band_percent: by so much of what is installed a group may be off its order before its members are told
            anew, 0 to 100.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Policy = Policy.HEADROOM
    hold_s: Annotated[float, Field(ge=10, le=86_400)] = 900.0
    grace_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    step_s: Annotated[float, Field(ge=1, le=3600)] = 10.0
    dead_band_percent: Annotated[float, Field(ge=0, le=100)] = 0.5

    @property
    def rules(self) -> PlanRules:
        """As the planner takes them."""
        return PlanRules(**self.model_dump())


class ReplaySettings(BaseModel):
    """How messages are told that somebody else sends again: table ``replay``.

    Attributes:
        oldest_s: a message whose ReplayDetection was made more than so many seconds ago is refused, 1 to a day.
        ahead_s: so many seconds it may be ahead of our clock, 0 to an hour.
        nonces: how many are remembered at most, 100 to 10 000 000.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    oldest_s: Annotated[float, Field(ge=1, le=86_400)] = 300.0
    ahead_s: Annotated[float, Field(ge=0, le=3600)] = 30.0
    nonces: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000

    @property
    def rules(self) -> ReplayRules:
        """As the guard takes them."""
        return ReplayRules(**self.model_dump())


class PeerSettings(BaseModel):
    """What is known of one system that writes to us: table ``peers.NAME``. None for what holds of all others.

    Attributes:
        tolerance: refuse its known deviations, or mend them.
        compress_above_bytes: a payload of more bytes is sent to it as Compressed, 0 for never, at most 4 MiB.
        chunks: it can read a reply that comes in several messages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tolerance: Tolerance | None = None
    compress_above_bytes: Annotated[int | None, Field(ge=0, le=4 * 1024 * 1024)] = None
    chunks: bool | None = None

    def over(self, usual: Peer) -> Peer:
        """*usual* with what is set here in its place."""
        return replace(usual, **self.model_dump(exclude_none=True))


class PushSettings(BaseModel):
    """When others are told of what nobody asked for: table ``push``.

    Attributes:
        status_period_s: seconds between status reports of all groups, 0 for no reports at all, at most a day.
        status_dead_band_percent: a group is reported in between when a parameter has moved by more than so many percent
            of its installed range, 0 to 100.
        forecast_period_s: seconds between forecasts of each group, 0 for no forecasts at all, at most a day.
        forecast_step_s: length of one interval of a forecast in seconds, a minute to a day.
        forecast_intervals: how many intervals a forecast has, 1 to 1000.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status_period_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    status_dead_band_percent: Annotated[float, Field(ge=0, le=100)] = 2.0
    forecast_period_s: Annotated[float, Field(ge=0, le=86_400)] = 900.0
    forecast_step_s: Annotated[int, Field(ge=60, le=86_400)] = 900
    forecast_intervals: Annotated[int, Field(ge=1, le=1000)] = 16


class Settings(BaseSettings):
    """All settings, checked. Constructed directly it reads nothing from outside; `load` gathers from the sources.

    Attributes:
        bus: where the bus is.
        source: name of this DERMS: in its request queue, its event topics and ``Header/Source``.
        context: system context, such as ``production``; in destination names, and compared with ``Header/Context``
            without regard to case.
        profile: name of a behaviour profile, see `BEHAVIOURS`.
        behaviour: the profile with every single property that the operator replaced.
        store: where the registry is: a file, relative to the working directory, or a PostgreSQL database.
        fleet: catalogue of devices, TOML, relative to the working directory; None for no devices.
        http: where health is served, None for nowhere.
        adopt_from: sources whose events about groups are adopted into the registry; ``*`` for all; never our own.
        reply_addresses: where an asynchronous reply may be sent: names of queues, or ``topic://`` and a name; ``*``
            stands for any one word, a last ``>`` for all that follow. Nowhere by default.
        revisions: of message types that are read, as ``Header/Revision`` states them; any where none is named here.
        assumed_zone: the zone of times that state none.
        style: how the messages that we begin ourselves are spelled; a reply takes the style of its request.
        namespace_year: the year in the namespaces of payloads and wrappers, four digits.
        nameplate_extension: a get of DERGroups that asks for the name plates of members is told them, by an extension
            of our own.
        nameplate_categories: how the categories of IEEE 1547 are written there.
        limits: how large a received message may be.
        reply_bytes: so large one message of an answer may be, 16 KiB to somewhat below the 4 MiB that brokers take; a
            longer answer comes in several.
        retention_days: how long received MessageIDs and sent messages are remembered.
        attempts: how often a message is tried whose handling fails by a fault of ours, 2 to 20.
        log_level: the least severity that is logged.
        log_format: ``pretty``, ``json`` (lines), or ``auto``: pretty on a terminal.
        devices: how devices are asked for their values.
        adapters: options of each adapter by its name; what there is, the adapter says.
        site: where the devices are.
        dispatch: how orders are carried out at devices.
        push: when others are told of what nobody asked for.
        replay: how messages are told that somebody else sends again.
        peers: what is known of other systems, by ``Header/Source``; ``*`` for all that is not said of one.
        dms: what only the DMS commands use.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        enable_decoding=False,
        validate_default=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    bus: Annotated[BusUrl, BeforeValidator(_bus)] = BusUrl(scheme=BusScheme.EMBEDDED, host="127.0.0.1", port=61613)
    source: _Word = "derms1"
    context: _Word = "production"
    profile: Annotated[str, AfterValidator(_profile)] = "default"
    behaviour: Annotated[Behaviour, WrapValidator(_behaviour)] = Field(default_factory=_profile_behaviour)
    store: Annotated[Path | PostgresqlServer, BeforeValidator(_store)] = Path("dermsbus.db")
    fleet: Path | None = None
    http: Annotated[HttpAddress | None, BeforeValidator(_http)] = HttpAddress(host="127.0.0.1", port=8080)
    adopt_from: Annotated[tuple[str, ...], BeforeValidator(_comma_separated)] = (ANY,)
    reply_addresses: Annotated[ReplyAddresses, BeforeValidator(_reply_addresses)] = NOWHERE
    revisions: Annotated[tuple[str, ...], BeforeValidator(_comma_separated)] = ()
    assumed_zone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("UTC")
    style: Style = Style.GENERIC
    namespace_year: Annotated[int, Field(ge=1000, le=9999)] = ReaderSettings().year
    nameplate_extension: bool = False
    nameplate_categories: CategorySpelling = CategorySpelling.PLAIN
    limits: Annotated[Limits, AfterValidator(_limits)] = Limits()
    reply_bytes: Annotated[int, Field(ge=16 * 1024, le=LARGEST_MESSAGE_BYTES)] = 4_000_000
    retention_days: Annotated[float, Field(ge=1, le=3650)] = 7.0
    attempts: Annotated[int, Field(ge=2, le=20)] = 5
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "pretty", "json"] = "auto"
    devices: DevicesSettings = DevicesSettings()
    adapters: dict[str, dict[str, object]] = Field(default_factory=dict)
    site: SiteSettings = SiteSettings()
    dispatch: DispatchSettings = DispatchSettings()
    push: PushSettings = PushSettings()
    replay: ReplaySettings = ReplaySettings()
    peers: Annotated[dict[str, PeerSettings], AfterValidator(_peers)] = Field(default_factory=dict)
    dms: DmsSettings = DmsSettings()

    @property
    def responder(self) -> str:
        """The system that the DMS commands send to."""
        return self.dms.to or self.source

    @property
    def history(self) -> Path:
        """The file that is to hold what devices did in the last days: beside the store, or named after ourselves."""
        if isinstance(self.store, PostgresqlServer):
            return Path(f"{self.source}.history")
        return self.store.with_name(f"{self.store.name}.history")

    @property
    def known_peers(self) -> Peers:
        """All that is known of other systems; one of which nothing is said is treated as ``behaviour`` has it."""
        usual = Peer(tolerance=self.behaviour.tolerance)
        if ANY in self.peers:
            usual = self.peers[ANY].over(usual)
        named = {name: peer.over(usual) for name, peer in self.peers.items() if name != ANY}
        return Peers(usual=usual, named=MappingProxyType(named))

    @property
    def reader(self) -> ReaderSettings:
        """How received messages are read."""
        return ReaderSettings(
            peers=self.known_peers,
            zone=self.assumed_zone,
            year=self.namespace_year,
            limits=self.limits,
        )

    @property
    def tolerant_reader(self) -> ReaderSettings:
        """How the DMS reads answers and events: a deviation that is known of real peers costs no answer."""
        return replace(self.reader, tolerance=Tolerance.TOLERANT)

    @field_validator("adopt_from")
    @classmethod
    def _never_our_own(cls, sources: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for source in sources:
            if source != ANY:
                _word(source)
            if source == info.data.get("source"):
                raise ValueError(f"must not name {source!r}, our own source: our events would come back to us")
        return sources

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 the base class's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 the same
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given: the environment is `load`'s business."""
        return (init_settings,)
