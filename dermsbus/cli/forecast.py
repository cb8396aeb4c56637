"""``dermsbus forecast``: what is expected of groups in the next hours, drawn for a person, in lines for a program."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import typer

from dermsbus.cli.forecast_views import forecast_csv, forecast_lines, forecast_plots
from dermsbus.cli.output import is_terminal, on_terminal, write_line
from dermsbus.cli.references import Groups, group_reference
from dermsbus.cli.session import LimitOption, Session, dms_command
from dermsbus.cli.times import as_interval, read_duration, read_time
from dermsbus.client import Answer
from dermsbus.domain.quantities import CurveStyle, ParameterKind, ScheduleRequest
from dermsbus.errors import SettingsError

__all__ = ["forecast"]

_STYLES: Final = {"line": CurveStyle.STRAIGHT_LINE_Y_VALUES, "steps": CurveStyle.CONSTANT_Y_VALUE}


@dms_command
def forecast(
    session: Session,
    /,
    *,
    groups: Groups,
    hours: Annotated[float, typer.Option("--hours", metavar="HOURS", help="How far it looks.")] = 4.0,
    step: Annotated[str, typer.Option("--step", metavar="DURATION", help="How long an interval is: 90s, 1h.")] = "15m",
    from_time: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="When it begins: 14:30 or ISO 8601; else now.")
    ] = None,
    parameters: Annotated[
        list[ParameterKind] | None,
        typer.Option("--parameter", metavar="NAME", help="What is asked for, such as reactivePower, repeated."),
    ] = None,
    style: Annotated[
        Literal["line", "steps"], typer.Option("--style", help="Values at points in time, or of whole intervals.")
    ] = "line",
    limit: LimitOption = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV with a header, values in SI units.")] = False,
) -> int:
    """Show what is expected of groups: the middle of it, and the band in which it will most likely be."""
    if as_csv and session.as_json:
        raise SettingsError("--csv", "give either --csv or --json, not both")
    now = datetime.now(UTC).replace(microsecond=0)
    starts_at = now if from_time is None else read_time(from_time, now, where="--from")
    schedule = _schedule(hours, read_duration(step, where="--step"), _STYLES[style], starts_at)
    with session.client() as client:
        answer = client.get_forecasts(
            *map(group_reference, groups),
            parameters=tuple(dict.fromkeys(parameters or [ParameterKind.ACTIVE_POWER])),
            schedules=[schedule],
            limit=limit,
        )
        return session.report(answer, _write_csv if as_csv else _show)


def _schedule(hours: float, step: timedelta, style: CurveStyle, starts_at: datetime) -> ScheduleRequest:
    """As many whole intervals as cover *hours*."""
    if not (math.isfinite(hours) and hours > 0):
        raise SettingsError("--hours", f"must be more than 0; it is {hours:g}")
    if not step:
        raise SettingsError("--step", "must be more than 0")
    interval, unit = as_interval(step)
    return ScheduleRequest(
        style=style,
        intervals=math.ceil(hours * 3600 / step.total_seconds()),
        starts_at=starts_at,
        interval=interval,
        interval_unit=unit,
    )


def _show(answer: Answer) -> None:
    if is_terminal():
        console = on_terminal()
        for told in answer.forecasts:
            for plot in forecast_plots(told):
                console.print(plot)
        if not answer.forecasts:
            console.print("no forecasts")
        return
    for told in answer.forecasts:
        for line in forecast_lines(told):
            write_line(line)


def _write_csv(answer: Answer) -> None:
    for line in forecast_csv(answer.forecasts):
        write_line(line)
