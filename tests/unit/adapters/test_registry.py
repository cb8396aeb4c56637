"""Adapters are found by entry point; what cannot be used stops the start with a line that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dermsbus.adapters.registry import available_adapters, load_adapters
from dermsbus.adapters.settings import AdapterSettings
from dermsbus.adapters.simulated import SimulatedAdapter, make
from dermsbus.domain.der import Device, DeviceKind, Reading
from dermsbus.errors import SettingsError
from tests.contract.adapter_suite import SOLAR

Install = Callable[[str, str], None]
ROOF = Device(mrid="roof-1", kind=DeviceKind.PV, adapter="lab", address="", name_plate=SOLAR)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a package with one adapter on the path, as pip would."""
    monkeypatch.syspath_prepend(str(tmp_path))
    count = iter(range(100))

    def install(name: str, target: str) -> None:
        number = next(count)
        info = tmp_path / f"other{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: other{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[dermsbus.adapters]\n{name} = {target}\n")

    return install


def test_an_installed_adapter_is_found_and_made_with_its_own_devices(install: Install) -> None:
    install("lab", "dermsbus.adapters.simulated:make")
    other = Device(mrid="roof-2", kind=DeviceKind.PV, adapter="elsewhere", address="", name_plate=SOLAR)
    assert "lab" in available_adapters()
    adapters = load_adapters(["lab", "lab"], devices=[ROOF, other], options={"lab": {"seed": 3}})
    assert list(adapters) == ["lab"]
    adapter = adapters["lab"]
    assert isinstance(adapter, SimulatedAdapter)
    assert adapter.fleet.devices == (ROOF,)
    assert isinstance(adapter.read([ROOF], 1.0)[0], Reading)


def test_an_adapter_that_is_not_installed_is_named_with_those_that_are(install: Install) -> None:
    install("lab", "dermsbus.adapters.simulated:make")
    with pytest.raises(SettingsError, match=r"adapters\.dnp3: .*installed: .*lab.*") as refusal:
        load_adapters(["dnp3"])
    assert refusal.value.key == "adapters.dnp3"


def test_an_adapter_without_its_library_says_so(install: Install) -> None:
    install("lab", "no_such_library.adapter:make")
    with pytest.raises(SettingsError, match="protocol library"):
        load_adapters(["lab"])


def test_two_packages_with_one_name_are_not_guessed_between(install: Install) -> None:
    install("lab", "dermsbus.adapters.simulated:make")
    install("lab", "dermsbus.adapters.sunspec:make")
    with pytest.raises(SettingsError, match="two packages"):
        load_adapters(["lab"])


def test_adapters_that_were_made_are_closed_when_a_later_one_cannot_be(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[SimulatedAdapter] = []

    def note(adapter: SimulatedAdapter) -> None:
        closed.append(adapter)

    monkeypatch.setattr(SimulatedAdapter, "close", note)
    install("lab", "dermsbus.adapters.simulated:make")
    with pytest.raises(SettingsError):
        load_adapters(["lab", "missing"])
    assert len(closed) == 1


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"sed": 1}, "adapters.simulated.sed"),
        ({"latitude_deg": 91}, "adapters.simulated.latitude_deg"),
        ({"step_s": 0}, "adapters.simulated.step_s"),
        ({"seed": "one"}, "adapters.simulated.seed"),
        ({"seed": True}, "adapters.simulated.seed"),
        ({"longitude_deg": float("nan")}, "adapters.simulated.longitude_deg"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(options: dict[str, object], key: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        make(AdapterSettings(name="simulated", devices=(ROOF,), options=options))
    assert refusal.value.key == key
