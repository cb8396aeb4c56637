"""Cases that are not held to yet: tests all the same, which say why."""

from __future__ import annotations

import pytest

from tests.conformance.cases import case

__all__ = ["later"]


def later(case_id: str) -> pytest.MarkDecorator:
    """Marks the test of a case that is kept for later, with the reason in its row."""
    reason = case(case_id).later
    assert reason, f"{case_id} has no reason to be kept for later"
    return pytest.mark.skip(reason=reason)
