"""Adapters are found by entry point, so that one more is a package to install, not a change here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import EntryPoint, entry_points
from typing import Final, Protocol

from dermsbus.adapters.base import DerAdapter
from dermsbus.adapters.settings import AdapterSettings, utc_now
from dermsbus.domain.der import Device
from dermsbus.errors import SettingsError

__all__ = ["ENTRY_POINTS", "AdapterFactory", "available_adapters", "load_adapters"]

ENTRY_POINTS: Final = "dermsbus.adapters"
"""The entry-point group; each entry names an `AdapterFactory`."""


class AdapterFactory(Protocol):
    """What an entry point of the group has to be: usually a function called ``make``."""

    def __call__(self, settings: AdapterSettings) -> DerAdapter:
        """An adapter that has not touched the network yet.

        Raises:
            SettingsError: an option or an address that cannot be used.
        """
        ...


def available_adapters() -> tuple[str, ...]:
    """Names of the adapters that are installed, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=ENTRY_POINTS)}))


def load_adapters(
    names: Sequence[str],
    *,
    devices: Sequence[Device] = (),
    options: Mapping[str, Mapping[str, object]] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> dict[str, DerAdapter]:
    """Every adapter in *names*, made with its devices and its options.

    Args:
        names: of entry points; a repeated one is made once.
        devices: the catalogue; each adapter gets those that name it.
        options: tables ``[adapters.<name>]`` of the configuration by name.
        clock: gives an aware time.

    Returns:
        Adapters by name, in the order of *names*.

    Raises:
        SettingsError: a name that is not installed, cannot be imported or stands for two packages, or settings that an
            adapter cannot use. The adapters that were made before it are closed.
    """
    made: dict[str, DerAdapter] = {}
    try:
        for name in dict.fromkeys(names):
            settings = AdapterSettings(
                name=name,
                devices=tuple(device for device in devices if device.adapter == name),
                options=(options or {}).get(name, {}),
                clock=clock,
            )
            made[name] = _factory(name)(settings)
    except BaseException:
        for adapter in made.values():
            adapter.close()
        raise
    return made


def _factory(name: str) -> AdapterFactory:
    points = {(point.value, point) for point in entry_points(group=ENTRY_POINTS, name=name)}
    if not points:
        there = ", ".join(available_adapters()) or "none"
        raise SettingsError(
            f"adapters.{name}",
            f"no installed package has an adapter of this name (installed: {there}); correct the device catalogue, or "
            f"install the package that brings it",
        )
    if len(points) > 1:
        values = ", ".join(sorted(value for value, _ in points))
        raise SettingsError(f"adapters.{name}", f"two packages bring an adapter of this name ({values}); remove one")
    return _loaded(points.pop()[1])


def _loaded(point: EntryPoint) -> AdapterFactory:
    try:
        factory: AdapterFactory = point.load()
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"adapters.{point.name}", f"{point.value} cannot be imported: {error}; is its protocol library installed?"
        ) from error
    return factory
