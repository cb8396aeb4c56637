"""What tests need beside this repository: where it cannot be had they are skipped, or fail if it is required."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

REQUIRED_VARIABLE = "DERMSBUS_TEST_REQUIRE"


def do_without(name: str, reason: str) -> NoReturn:
    """Skip the test, for there is no *name* here; a failure if REQUIRED_VARIABLE has it among its words."""
    required = {word.strip() for word in os.environ.get(REQUIRED_VARIABLE, "").split(",")}
    if name in required:
        pytest.fail(f"{REQUIRED_VARIABLE} requires {name}, but: {reason}", pytrace=False)
    pytest.skip(f"no {name} to test with: {reason}. How to run these tests: docs/testing.md")
