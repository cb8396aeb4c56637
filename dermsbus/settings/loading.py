"""Settings from command line, environment, file and defaults, and what is said of those that cannot be used."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from dermsbus.domain.behaviour import Behaviour
from dermsbus.errors import SettingsError
from dermsbus.messages.intake import Limits
from dermsbus.settings.model import (
    PREFIX,
    DevicesSettings,
    DispatchSettings,
    DmsSettings,
    PeerSettings,
    PushSettings,
    ReplaySettings,
    Settings,
    SiteSettings,
)
from dermsbus.settings.urls import why_unreadable

__all__ = ["load"]

_CONFIG_VARIABLE: Final = "DERMSBUS_CONFIG"
# Kubernetes puts the first two kinds into every container beside a service called dermsbus; the last is the test
# suite's own.
_FOREIGN_VARIABLE: Final = re.compile(r"DERMSBUS_(SERVICE_.*|PORT(_.*)?|TEST_.*)")

_KEYS: Final[Mapping[str, set[str]]] = {
    "behaviour": {item.name for item in fields(Behaviour)},
    "limits": {item.name for item in fields(Limits)},
    "dms": set(DmsSettings.model_fields),
    "devices": set(DevicesSettings.model_fields),
    "dispatch": set(DispatchSettings.model_fields),
    "push": set(PushSettings.model_fields),
    "replay": set(ReplaySettings.model_fields),
    "site": set(SiteSettings.model_fields),
}
"""What may stand in each table."""


def load(options: Mapping[str, object] | None = None, config: Path | None = None) -> Settings:
    """The settings from command line, environment, file and defaults.

    Args:
        options: command line options by dotted key, such as ``dms.timeout_s``; None as a value says not given.
        config: configuration file; where None, the one that ``DERMSBUS_CONFIG`` names, if any.

    Raises:
        SettingsError: a file that cannot be read, keys that do not exist, values that cannot be used: all that were
            found, each by the name the operator wrote.
    """
    given = {key: value for key, value in (options or {}).items() if value is not None}
    sources = (
        _Source(values=_nested(given), spell=_spell_option),
        _Source(values=EnvSettingsSource(Settings)(), spell=_spell_variable),
        _file_source(config),
    )
    problems = list(_unknown_variables())
    merged: dict[str, object] = {}
    for source in reversed(sources):
        merged = _merged(merged, source.values)
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        problems += [
            _problem(details, sources)
            for details in error.errors(include_url=False)
            if details["type"] != "default_factory_not_called"  # only says that there are others
        ]
    else:
        if not problems:
            return settings
    (key, problem), *others = problems
    raise SettingsError(key, "\n".join((problem, *(f"{name}: {text}" for name, text in others)))) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    """Values from one place, and how its keys are spelled there."""

    values: Mapping[str, object]
    spell: Callable[[tuple[str, ...]], str]

    def has(self, path: tuple[str, ...]) -> bool:
        """True if a value stands under *path*."""
        value: object = self.values
        for name in path:
            if not isinstance(value, Mapping) or name not in value:
                return False
            value = value[name]
        return True


def _spell_option(path: tuple[str, ...]) -> str:
    return "--" + path[-1].removesuffix("_s").replace("_", "-")


def _spell_variable(path: tuple[str, ...]) -> str:
    return PREFIX + "__".join(path).upper()


def _file_source(config: Path | None) -> _Source:
    named_by = "--config"
    if config is None and os.environ.get(_CONFIG_VARIABLE):
        config, named_by = Path(os.environ[_CONFIG_VARIABLE]), _CONFIG_VARIABLE
    if config is None:
        return _Source(values={}, spell=".".join)
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(named_by, f"{config} cannot be read: {why_unreadable(error)}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(named_by, f"{config} is not TOML: {error}") from error
    return _Source(values=values, spell=lambda path: f"{config}: {'.'.join(path)}")


def _nested(flat: Mapping[str, object]) -> dict[str, object]:
    tree: dict[str, object] = {}
    for key, value in flat.items():
        first, _, rest = key.partition(".")
        tree = _merged(tree, {first: _nested({rest: value}) if rest else value})
    return tree


def _merged(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _unknown_variables() -> Iterator[tuple[str, str]]:
    """What begins with our prefix and is no key of ours: passed over by the source, a typing error would go unseen."""
    known = {PREFIX + key.upper() for key in Settings.model_fields} | {_CONFIG_VARIABLE}
    for name in sorted(os.environ):
        table, _, _ = name.upper().partition("__")
        if name.upper().startswith(PREFIX) and table not in known and not _FOREIGN_VARIABLE.fullmatch(name.upper()):
            yield name, f"there is no such setting{_hint(name.upper(), known)}"


def _problem(details: ErrorDetails, sources: tuple[_Source, ...]) -> tuple[str, str]:
    """One finding of pydantic as (key as the operator spelled it, what is wrong)."""
    path = tuple(str(part) for part in details["loc"] if isinstance(part, str))
    spell = next((source.spell for source in sources if source.has(path)), ".".join)
    if details["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return spell(path), f"there is no such setting{_hint(path[-1], _keys_beside(path))}"
    return spell(path), _said_plainly(details)


def _keys_beside(path: tuple[str, ...]) -> set[str]:
    (*table, _) = path
    if len(table) == 2 and table[0] == "peers":
        return set(PeerSettings.model_fields)
    return _KEYS.get(".".join(table), set(Settings.model_fields))


def _hint(name: str, known: set[str]) -> str:
    nearest = get_close_matches(name, sorted(known), n=1)
    return f"; is {nearest[0]} meant?" if nearest else f"; known are {', '.join(sorted(known))}"


def _said_plainly(details: ErrorDetails) -> str:
    if details["type"] == "value_error":
        return str(details["ctx"]["error"])
    if details["type"] in {"bool_parsing", "bool_type"}:
        return "must be true or false"
    if details["loc"] == ("bus",):
        return "must be a URL, such as stomp://user:password@host:61613"
    said = details["msg"].removeprefix("Input should ").partition(", unable")[0]
    value = repr(details["input"])
    return f"must {said}; it is {value if len(value) <= 64 else value[:64] + '…'}"
