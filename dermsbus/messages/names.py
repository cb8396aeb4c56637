"""Names, which every profile has in a namespace, and so in generated classes, of its own.

Source: table "shared name types" of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from dermsbus.domain.model import Name, NameType, NameTypeAuthority

__all__ = ["NameWriter", "WireName", "read_names"]


class _WireAuthority(Protocol):
    @property
    def description(self) -> str | None: ...
    @property
    def name(self) -> str: ...


class _WireNameType(Protocol):
    @property
    def description(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def name_type_authority(self) -> _WireAuthority | None: ...


class WireName(Protocol):
    """What the generated Name classes of all profiles have in common."""

    @property
    def name(self) -> str:
        """The name itself."""
        ...

    @property
    def name_type(self) -> _WireNameType | None:
        """What kind of name it is."""
        ...


def read_names(names: Iterable[WireName]) -> tuple[Name, ...]:
    """The names of any profile, in their order."""
    return tuple(
        Name(name=name.name, name_type=_read_type(name.name_type) if name.name_type else None) for name in names
    )


def _read_type(name_type: _WireNameType) -> NameType:
    authority = name_type.name_type_authority
    return NameType(
        name=name_type.name,
        description=name_type.description,
        authority=NameTypeAuthority(name=authority.name, description=authority.description) if authority else None,
    )


N = TypeVar("N")
T = TypeVar("T")
A = TypeVar("A")


@dataclass(frozen=True, kw_only=True, slots=True)
class NameWriter(Generic[N, T, A]):
    """Makes one profile's generated names.

    Attributes:
        name: its class Name.
        name_type: its class NameType.
        authority: its class NameTypeAuthority.
    """

    name: Callable[..., N]
    name_type: Callable[..., T]
    authority: Callable[..., A]

    def write(self, names: Iterable[Name]) -> tuple[N, ...]:
        """The generated names, in their order."""
        return tuple(
            self.name(name=name.name, name_type=self._type(name.name_type) if name.name_type else None)
            for name in names
        )

    def _type(self, name_type: NameType) -> T:
        authority = name_type.authority
        return self.name_type(
            description=name_type.description,
            name=name_type.name,
            name_type_authority=(
                self.authority(description=authority.description, name=authority.name) if authority else None
            ),
        )
