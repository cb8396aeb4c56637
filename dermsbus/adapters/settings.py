"""What an adapter is made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dermsbus.domain.der import Device
from dermsbus.errors import SettingsError

__all__ = ["AdapterSettings", "utc_now"]


def utc_now() -> datetime:
    """The time of this computer, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdapterSettings:
    """What an adapter's factory gets.

    Attributes:
        name: entry-point name of the adapter.
        devices: the rows of the catalogue that it reaches.
        options: the adapter's own table of the configuration, ``[adapters.<name>]``, values as TOML gives them.
        clock: gives an aware time; orders end by it.
    """

    name: str
    devices: tuple[Device, ...]
    options: Mapping[str, object] = field(default_factory=dict)
    clock: Callable[[], datetime] = utc_now

    def number(self, option: str, default: float, *, least: float, most: float) -> float:
        """A number from the options.

        Args:
            option: its key.
            default: where the key is absent.
            least: smallest value allowed.
            most: largest value allowed.

        Raises:
            SettingsError: it is no number or out of bounds.
        """
        value = self.options.get(option, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise SettingsError(
                f"adapters.{self.name}.{option}", f"is {value!r}; give a number from {least:g} to {most:g}"
            )
        return float(value)

    def refuse_unknown(self, *known: str) -> None:
        """Return if no option is set but those that are *known*.

        Raises:
            SettingsError: another one is set, most likely misspelt.
        """
        if unknown := sorted(set(self.options) - set(known)):
            options = ", ".join(known)
            raise SettingsError(f"adapters.{self.name}.{unknown[0]}", f"is not an option of it; there are: {options}")
