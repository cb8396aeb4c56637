"""What other systems told of their groups."""

from __future__ import annotations

from datetime import timedelta

from dermsbus.domain.model import GroupReference
from dermsbus.domain.peer_reports import LastReports, PeerReports
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    GroupForecast,
    GroupStatus,
    IntervalUnit,
    ParameterForecast,
    ParameterKind,
    Point,
)
from tests.unit.domain.fleet_builders import NOW


def status(mrid: str, value: str = "Online") -> GroupStatus:
    return GroupStatus(group=GroupReference(mrid=mrid), parameters=(), at=NOW, value=value)


def forecast(mrid: str, points: int = 4) -> GroupForecast:
    curve = Curve(
        style=CurveStyle.CONSTANT_Y_VALUE,
        points=tuple(Point(at=NOW + timedelta(hours=hour), nominal=1.0) for hour in range(points)),
        ends_at=NOW + timedelta(hours=points),
        interval=1,
        interval_unit=IntervalUnit.HOUR,
    )
    told = ParameterForecast(parameter=ParameterKind.ACTIVE_POWER, curves=(curve,))
    return GroupForecast(mrid=f"F-{mrid}", group=GroupReference(mrid=mrid), created_at=NOW, parameters=(told,))


def test_the_last_report_of_each_group_and_source_is_kept() -> None:
    statuses = PeerReports().statuses
    statuses.put("derms2", status("A"))
    statuses.put("derms2", status("B"))
    statuses.put("derms3", status("A"))
    statuses.put("derms2", status("A", "Offline"))

    assert statuses.of("derms2") == (status("B"), status("A", "Offline"))
    assert statuses.of("derms3") == (status("A"),)
    assert statuses.of("nobody") == ()


def test_a_peer_that_tells_of_ever_more_groups_fills_no_memory() -> None:
    statuses: LastReports[GroupStatus] = LastReports(2)
    for mrid in "ABAC":
        statuses.put("derms2", status(mrid))

    assert len(statuses) == 2
    assert [each.group.mrid for each in statuses.of("derms2")] == ["A", "C"]


def test_statuses_and_forecasts_of_one_group_are_kept_beside_each_other() -> None:
    reports = PeerReports()
    reports.statuses.put("derms2", status("A"))
    reports.forecasts.put("derms2", forecast("A"))

    assert reports.statuses.of("derms2") == (status("A"),)
    assert reports.forecasts.of("derms2") == (forecast("A"),)


def test_long_forecasts_make_room_for_each_other_and_the_latest_is_kept_however_long_it_is() -> None:
    forecasts = PeerReports().forecasts
    for mrid in "ABC":
        forecasts.put("derms2", forecast(mrid, points=40_000))
    assert [each.group.mrid for each in forecasts.of("derms2")] == ["B", "C"]

    forecasts.put("derms2", forecast("C", points=1))
    assert [each.group.mrid for each in forecasts.of("derms2")] == ["B", "C"]
    forecasts.put("derms2", forecast("D", points=100_000))

    assert [each.group.mrid for each in forecasts.of("derms2")] == ["D"]
