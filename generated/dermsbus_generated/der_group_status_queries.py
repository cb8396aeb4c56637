from __future__ import annotations

from dataclasses import dataclass, field

__NAMESPACE__ = "http://iec.ch/TC57/2017/DERGroupStatusQueries#"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTypeAuthority:
    description: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        },
    )
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NameType:
    description: None | str = field(
        default=None,
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        },
    )
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        }
    )
    name_type_authority: None | NameTypeAuthority = field(
        default=None,
        metadata={
            "name": "NameTypeAuthority",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    name: str = field(
        metadata={
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        }
    )
    name_type: None | NameType = field(
        default=None,
        metadata={
            "name": "NameType",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDeviceGroup:
    mrid: None | str = field(
        default=None,
        metadata={
            "name": "mRID",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        },
    )
    names: tuple[Name, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "Names",
            "type": "Element",
            "namespace": "http://iec.ch/TC57/2017/DERGroupStatusQueries#",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DERGroupStatusQueries:
    class Meta:
        namespace = "http://iec.ch/TC57/2017/DERGroupStatusQueries#"

    end_device_group: tuple[EndDeviceGroup, ...] = field(
        default_factory=tuple,
        metadata={
            "name": "EndDeviceGroup",
            "type": "Element",
        },
    )
