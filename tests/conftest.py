"""Makes failed assertions of the shared suites as readable as those of test files, and long runs of properties possible."""

import pytest
from hypothesis import settings

settings.register_profile("long", max_examples=5_000)

for module in (
    "contract.adapter_suite",
    "contract.store_suite",
    "contract.transport_suite",
    "flow.epri_cases",
    "flow.peer",
    "flow.plant",
):
    pytest.register_assert_rewrite(f"tests.{module}")
