"""Makes failed assertions of the inherited suite as readable as those of test files."""

import pytest

pytest.register_assert_rewrite("tests.contract.transport_suite")
