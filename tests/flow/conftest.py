"""A DERMS on the in-memory bus with a peer at the other end; made anew for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dermsbus import executor
from tests.flow.house import House, building
from tests.flow.plant import Plant


@pytest.fixture
def build() -> Iterator[Callable[..., House]]:
    """Builds a house; all of them are taken down at the end of the test."""
    with building() as build:
        yield build


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A house with the default behaviour."""
    return build()


@pytest.fixture
def make_plant(build: Callable[..., House], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plant]:
    """Builds a house with the devices whose catalogue entries it is given."""
    monkeypatch.setattr(executor, "_CHECK_S", 0.05)  # what only time shows is looked for as often as devices are asked
    return lambda *devices, **settings: Plant.build(build, tmp_path, *devices, **settings)
