"""What other systems told, as an operator's curl sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest

from dermsbus.domain.model import GroupReference, Name
from dermsbus.domain.peer_reports import PeerReports
from dermsbus.domain.quantities import (
    Curve,
    CurveStyle,
    GroupForecast,
    GroupStatus,
    IntervalUnit,
    ParameterForecast,
    ParameterKind,
    ParameterStatus,
    Point,
)
from dermsbus.transports.base import LinkState, LinkStatus
from dermsbus.web.health import HttpServer, Readiness, health_app
from dermsbus.web.reports import reports_route

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 13, tzinfo=UTC)
GROUP = GroupReference(names=(Name(name="DG8"),))
Get = Callable[[str], dict[str, Any]]


@pytest.fixture
def reports() -> PeerReports:
    return PeerReports()


@pytest.fixture
def get(reports: PeerReports) -> Iterator[Get]:
    up = Readiness(bus=LinkStatus(state=LinkState.UP))
    server = HttpServer(
        "127.0.0.1", 0, health_app("1.2.3", "derms1", lambda: up, more=[reports_route(lambda: reports)])
    )
    server.start()

    def get(path: str) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", path)
        body: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return body

    yield get
    server.stop()


def status(value: str) -> GroupStatus:
    power = ParameterStatus(parameter=ParameterKind.ACTIVE_POWER, at=AT, value=1_500_000.0, installed_max=2e6)
    return GroupStatus(group=GROUP, parameters=(power,), at=AT, value=value)


def test_nothing_was_told_at_first(get: Get) -> None:
    assert get("/reports") == {"statuses": [], "forecasts": []}


def test_the_last_status_of_each_system_is_shown_the_latest_one_first(reports: PeerReports, get: Get) -> None:
    reports.statuses.put("derms2", status("Online"))
    reports.statuses.put("derms3", status("Offline"))
    reports.statuses.put("derms2", status("Degraded"))

    both, one = get("/reports"), get("/reports?source=derms3")

    assert [(each["source"], each["value"]) for each in both["statuses"]] == [
        ("derms2", "Degraded"),
        ("derms3", "Offline"),
    ]
    assert [each["source"] for each in one["statuses"]] == ["derms3"]
    (power,) = one["statuses"][0]["parameters"]
    assert (power["parameter"], power["value"], power["installed"]) == ("activePower", 1_500_000.0, [None, 2e6])
    assert one["statuses"][0]["group"] == {"mrid": None, "names": ["DG8"]}


def test_a_forecast_is_shown_with_its_points(reports: PeerReports, get: Get) -> None:
    curve = Curve(
        style=CurveStyle.CONSTANT_Y_VALUE,
        points=(Point(at=AT, nominal=2.0, minimum=1.0, maximum=3.0),),
        ends_at=LATER,
        interval=1,
        interval_unit=IntervalUnit.HOUR,
    )
    parameters = (ParameterForecast(parameter=ParameterKind.ACTIVE_POWER, curves=(curve,)),)
    reports.forecasts.put("derms2", GroupForecast(mrid="F", group=GROUP, created_at=AT, parameters=parameters))

    (forecast,) = get("/reports")["forecasts"]

    assert forecast["parameters"][0]["points"] == [
        {"at": "2026-06-01T12:00:00.000Z", "minimum": 1.0, "nominal": 2.0, "maximum": 3.0}
    ]
