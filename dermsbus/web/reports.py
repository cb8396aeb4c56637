"""What other systems told of their groups, as JSON: ``/reports``, and ``/reports?source=derms2`` for one of them.

Values are in SI units, positive into the grid. The reports that were renewed last come first, a thousand of each kind
at most.

Source: use cases 8 and 10 of the project's reference tables; path and body: house choice, ADR 19.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dermsbus.domain.model import GroupReference
from dermsbus.domain.peer_reports import PeerReports
from dermsbus.domain.quantities import Curve, GroupForecast, GroupStatus

__all__ = ["reports_route"]

_MOST: Final = 1000


def reports_route(reports: Callable[[], PeerReports]) -> Route:
    """The route.

    Args:
        reports: called for each request, on the server's thread; must return at once.
    """

    async def show(request: Request) -> JSONResponse:
        told, source = reports(), request.query_params.get("source")
        statuses = (
            {"source": teller} | _status(status)
            for teller, status in told.statuses.latest()
            if source in {None, teller}
        )
        forecasts = (
            {"source": teller} | _forecast(forecast)
            for teller, forecast in told.forecasts.latest()
            if source in {None, teller}
        )
        return JSONResponse({"statuses": list(islice(statuses, _MOST)), "forecasts": list(islice(forecasts, _MOST))})

    return Route("/reports", show)


def _status(status: GroupStatus) -> dict[str, object]:
    return {
        "group": _group(status.group),
        "at": _text(status.at),
        "value": status.value,
        "remark": status.remark,
        "parameters": [
            {
                "parameter": each.parameter.value,
                "at": _text(each.at),
                "value": each.value,
                "available": [each.available_min, each.available_max],
                "installed": [each.installed_min, each.installed_max],
            }
            for each in status.parameters
        ],
    }


def _forecast(forecast: GroupForecast) -> dict[str, object]:
    return {
        "group": _group(forecast.group),
        "created_at": _text(forecast.created_at),
        "parameters": [
            {"parameter": each.parameter.value, "points": list(_points(each.curves))} for each in forecast.parameters
        ],
    }


def _points(curves: Iterable[Curve]) -> Iterator[dict[str, object]]:
    for curve in curves:
        for point in curve.points:
            yield {
                "at": _text(point.at),
                "minimum": point.minimum,
                "nominal": point.nominal,
                "maximum": point.maximum,
            }


def _group(group: GroupReference) -> dict[str, object]:
    return {"mrid": group.mrid, "names": [name.name for name in group.names]}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
