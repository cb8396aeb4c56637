"""All rows, by group."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.corpus import envelopes, meanings, shapes
from tests.corpus.rows import Row

__all__ = ["GROUPS", "ROWS"]

GROUPS: Final[Mapping[str, tuple[Row, ...]]] = MappingProxyType(
    {
        "DTDs and entities": tuple(shapes.dtd_rows()),
        "well-formedness": tuple(shapes.wellformedness_rows()),
        "encoding": tuple(shapes.encoding_rows()),
        "size and shape": tuple(shapes.shape_rows()),
        "schema": tuple(meanings.schema_rows()),
        "numbers": tuple(meanings.number_rows()),
        "times": tuple(meanings.time_rows()),
        "groups and devices": tuple(meanings.group_rows()),
        "curves": tuple(meanings.curve_rows()),
        "operation sets": tuple(meanings.operation_rows()),
        "reports of others": tuple(meanings.report_rows()),
        "envelope": tuple(envelopes.envelope_rows()),
        "typed roots": tuple(envelopes.wrapper_rows()),
        "Compressed": tuple(envelopes.compressed_rows()),
        "peers and replays": tuple(envelopes.peer_rows()),
        "transport": tuple(envelopes.transport_rows()),
    }
)
"""Rows by the name of their group."""

ROWS: Final = tuple(row for rows in GROUPS.values() for row in rows)
"""All of them."""
