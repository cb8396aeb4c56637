"""What other systems told of their groups."""

from __future__ import annotations

from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import GroupStatus
from dermsbus.domain.status_reports import StatusReports
from tests.unit.domain.fleet_builders import NOW


def status(mrid: str, value: str = "Online") -> GroupStatus:
    return GroupStatus(group=GroupReference(mrid=mrid), parameters=(), at=NOW, value=value)


def test_the_last_report_of_each_group_and_source_is_kept() -> None:
    reports = StatusReports()
    reports.put("derms2", status("A"))
    reports.put("derms2", status("B"))
    reports.put("derms3", status("A"))
    reports.put("derms2", status("A", "Offline"))

    assert reports.of("derms2") == (status("B"), status("A", "Offline"))
    assert reports.of("derms3") == (status("A"),)
    assert reports.of("nobody") == ()


def test_a_peer_that_tells_of_ever_more_groups_fills_no_memory() -> None:
    reports = StatusReports(most=2)
    for mrid in "ABAC":
        reports.put("derms2", status(mrid))

    assert len(reports) == 2
    assert [each.group.mrid for each in reports.of("derms2")] == ["A", "C"]
