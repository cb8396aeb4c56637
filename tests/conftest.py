"""Makes failed assertions of the shared suites as readable as those of test files."""

import pytest

for module in (
    "contract.adapter_suite",
    "contract.store_suite",
    "contract.transport_suite",
    "flow.epri_groups",
    "flow.peer",
):
    pytest.register_assert_rewrite(f"tests.{module}")
