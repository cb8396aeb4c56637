"""Forecasts of groups as JSON, as lines for a program, and as plots."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from dermsbus.cli.json_values import identity_json, stated, unit_json
from dermsbus.cli.output import visible
from dermsbus.cli.plot import Band, Line, Plot, Sample, curve_samples
from dermsbus.cli.quantities import quantity_range
from dermsbus.cli.references import group_label
from dermsbus.cli.times import instant_text
from dermsbus.domain.dispatch_rules import unit_of
from dermsbus.domain.quantities import Curve, GroupForecast, ParameterForecast, Point

__all__ = [
    "curve_json",
    "forecast_csv",
    "forecast_json",
    "forecast_lines",
    "forecast_plots",
    "forecast_summary",
]

_CSV_HEADER: Final = ("group", "mRID", "parameter", "unit", "time", "minimum", "nominal", "maximum")


def forecast_json(forecast: GroupForecast) -> dict[str, object]:
    """The forecast under the names of its elements on the wire; values in SI units, positive into the grid."""
    return stated(
        mRID=forecast.mrid,
        predictionCreationDate=instant_text(forecast.created_at),
        confidence=forecast.confidence_percent,
        EndDeviceGroup=identity_json(forecast.group)
        | stated(DERMonitorableParameter=[_parameter_json(each) for each in forecast.parameters]),
    )


def curve_json(curve: Curve) -> dict[str, object]:
    """A curve under the names of its elements on the wire, with the instants at which its values stand."""
    return stated(
        curveStyleKind=curve.style.value,
        startTime=instant_text(curve.points[0].at),
        endTime=instant_text(curve.ends_at),
        timeIntervalDuration=curve.interval,
        timeIntervalUnit=curve.interval_unit.value,
        DERCurveData=[
            stated(
                timeStamp=instant_text(point.at),
                minYValue=point.minimum,
                nominalYValue=point.nominal,
                maxYValue=point.maximum,
            )
            for point in curve.points
        ],
    )


def forecast_lines(forecast: GroupForecast) -> Iterator[str]:
    """A line for each value, tab-separated: group, parameter, time, minimum, nominal, maximum, unit."""
    label = group_label(forecast.group)
    for told, point in _points(forecast):
        values = map(_number, (point.minimum, point.nominal, point.maximum))
        yield "\t".join((label, told.parameter.value, instant_text(point.at), *values, unit_of(told.parameter)))


def forecast_csv(forecasts: Iterable[GroupForecast]) -> Iterator[str]:
    """A line for each value of CSV, below a header; numbers in SI units, empty where nothing is told."""
    yield _csv_line(_CSV_HEADER)
    for forecast in forecasts:
        label = group_label(forecast.group)
        for told, point in _points(forecast):
            row = (label, forecast.group.mrid, told.parameter.value, unit_of(told.parameter), instant_text(point.at))
            yield _csv_line((*row, point.minimum, point.nominal, point.maximum))


def forecast_plots(forecast: GroupForecast) -> Iterator[Plot]:
    """A plot for each parameter: what is expected, within its band."""
    sure = "" if forecast.confidence_percent is None else f", {forecast.confidence_percent:g} % sure"
    for told in forecast.parameters:
        lower = _joined(told, lambda point: point.minimum)
        upper = _joined(told, lambda point: point.maximum)
        has_band = any(sample.value is not None for sample in lower)
        yield Plot(
            title=f"{group_label(forecast.group)} {told.parameter.value}{sure}",
            unit=unit_of(told.parameter),
            lines=(Line(name="nominal", samples=_joined(told, lambda point: point.nominal)),),
            bands=(Band(name="minimum … maximum", lower=lower, upper=upper),) if has_band else (),
        )


def forecast_summary(forecast: GroupForecast) -> str:
    """``group parameter from … until, least … most`` for each parameter, in a few words."""
    told = [group_label(forecast.group)]
    for each in forecast.parameters:
        points = [point for curve in each.curves for point in curve.points]
        told.append(each.parameter.value)
        if points:
            values = [point.nominal for point in points if point.nominal is not None]
            begin, end = points[0].at, max(curve.ends_at for curve in each.curves)
            told += [f"{instant_text(begin)} … {instant_text(end)}", quantity_range(values, each.parameter)]
    return " ".join(filter(None, told))


def _points(forecast: GroupForecast) -> Iterator[tuple[ParameterForecast, Point]]:
    for told in forecast.parameters:
        for curve in told.curves:
            yield from ((told, point) for point in curve.points)


def _joined(told: ParameterForecast, value: Callable[[Point], float | None]) -> tuple[Sample, ...]:
    return tuple(sample for curve in told.curves for sample in curve_samples(curve, value))


def _parameter_json(told: ParameterForecast) -> dict[str, object]:
    return stated(
        DERParameter=told.parameter.value,
        yUnit=unit_json(told.parameter),
        yUnitInstalledMin=told.installed_min,
        yUnitInstalledMax=told.installed_max,
        DispatchSchedule=[curve_json(curve) for curve in told.curves],
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.10g}"


def _csv_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["" if cell is None else visible(str(cell)) for cell in cells])
    return line.getvalue()
