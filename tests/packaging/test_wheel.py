"""What is built can be installed and has all that it needs at run time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=110)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_schemas_and_generated_classes_are_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())

    schemas = {
        f"dermsbus_profiles/{path.relative_to(ROOT / 'profiles' / 'dermsbus_profiles')}"
        for path in (ROOT / "profiles").rglob("*.xsd")
    }
    assert schemas <= inside
    assert len(schemas) > 30
    assert {"dermsbus_generated/der_groups.py", "dermsbus/cli/__init__.py"} <= inside
    assert {f"{package}/py.typed" for package in ("dermsbus", "dermsbus_generated", "dermsbus_profiles")} <= inside


def test_nothing_else_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    roots = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}

    assert roots == {"dermsbus", "dermsbus_generated", "dermsbus_profiles"}
