"""Large elements are validated as small ones are, and their faults are not looked for to the last."""

from __future__ import annotations

import time

import pytest
from lxml import etree

from dermsbus.errors import SchemaViolation
from dermsbus.messages.schemas import MOST_VIOLATIONS, Schemas
from tests import builders as xml

SCHEMA = "constrained/DERGroups.xsd"


def groups(count: int, member: str = "<EndDevices><mRID>B</mRID></EndDevices>", last: str = "") -> etree._Element:
    text = xml.der_groups(xml.group(mrid="G-N", functions=(), version="1.0.0"))
    return etree.fromstring(text.replace("</DERFunction>", f"</DERFunction>{member * count}{last}"))


def findings(element: etree._Element) -> list[str]:
    with pytest.raises(SchemaViolation) as refused:
        Schemas().check(element, SCHEMA)
    return [each.details for each in refused.value.violations]


@pytest.mark.parametrize("count", [1, 400, 20_000])
def test_a_good_element_of_any_size_is_valid_and_stays_as_it_is(count: int) -> None:
    element = groups(count)

    Schemas().check(element, SCHEMA)

    assert sum(1 for _ in element.iter("{*}EndDevices")) == count


@pytest.mark.parametrize(
    "bad", ['<EndDevices a="1"><mRID>B</mRID></EndDevices>', "<EndDevices><b/></EndDevices>", "<c/>"]
)
def test_a_large_element_has_the_findings_of_a_small_one(bad: str) -> None:
    assert findings(groups(5_000, last=bad)) == findings(groups(5, last=bad))


def test_of_many_faults_the_first_are_told_and_the_rest_not_looked_for() -> None:
    element = groups(60_000, member='<EndDevices a="1"><mRID>B</mRID></EndDevices>')
    start = time.thread_time()

    told = findings(element)

    assert time.thread_time() - start < 1.0
    assert len(told) == MOST_VIOLATIONS
    assert "attribute 'a'" in told[0]
