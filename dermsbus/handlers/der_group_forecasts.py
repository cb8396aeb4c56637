"""DERGroupForecasts: tell what groups are expected to do, and take in what other systems expect of theirs.

Source: use cases 9 and 10, EPRI cases DERGF-1A to DERGF-2 and decision 26 on open questions of the project's reference
tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from dermsbus.dispatch import Desk, Outcome
from dermsbus.domain.forecast import USUAL_PARAMETERS, is_told, usual_schedule
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.quantities import CurveStyle, GroupForecast, ParameterKind, ScheduleRequest
from dermsbus.errors import DataUnavailable, RequestError, UnsupportedMessage, Violation
from dermsbus.handlers.asked_groups import asked_page
from dermsbus.messages.envelope import DERGroupForecastQueries, DERGroupForecasts, Envelope, Payload, RejectedObject
from dermsbus.messages.options import CURSOR, LIMIT

__all__ = ["get", "take_in"]

_log = structlog.get_logger(__name__)
_MOST_POINTS: Final = 50_000
"""More are a second of work in which nobody else is served."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is wanted of each group.

    Attributes:
        parameters: one or more.
        schedules: those that can be served.
        errors: one for each schedule that cannot be.
    """

    parameters: tuple[ParameterKind, ...]
    schedules: tuple[ScheduleRequest, ...]
    errors: tuple[RequestError, ...] = ()


def get(message: Envelope, desk: Desk) -> Outcome:
    """One forecast for each group: each parameter that it has, for each schedule.

    A schedule that nobody can act on is told as its error; the others are served. Who names groups alone gets what is
    usual: a line over the next four hours.

    Raises:
        UnsupportedMessage: 3.1, so much is asked for that others would have to wait for it.
    """
    asked = _asked(message, desk)
    page, unknown = asked_page(message, desk)
    groups = page.objects
    _refuse_too_much(groups, asked)
    errors = [*unknown, *asked.errors]
    forecasts: list[GroupForecast] = []
    for group in groups if asked.schedules else ():
        forecast = desk.forecasts.of(group, asked.parameters, asked.schedules, desk.groups.get)
        forecasts.extend([forecast] if forecast else [])
    if groups and asked.schedules and not forecasts:
        errors.append(_nothing_known(asked.parameters))
    payload = Payload(content=DERGroupForecasts(forecasts=tuple(forecasts))) if forecasts else None
    return Outcome(done=len(forecasts), errors=tuple(errors), payload=payload, last=page.last)


def take_in(message: Envelope, desk: Desk) -> Outcome:
    """Another system's forecasts: its last one of each group is kept, beside our own and never mixed with them."""
    source = (message.header.source if message.header else None) or ""
    content = message.payload.content if message.payload else None
    forecasts = content.forecasts if isinstance(content, DERGroupForecasts) else ()
    errors: list[RequestError] = []
    for forecast in forecasts:
        match forecast:
            case GroupForecast():
                desk.reports.forecasts.put(source, forecast)
            case RejectedObject():
                errors.append(forecast.error)
    done = len(forecasts) - len(errors)
    _log.debug("forecasts of another system", source=source, count=done, kept=len(desk.reports.forecasts))
    return Outcome(done=done, errors=tuple(errors))


def _asked(message: Envelope, desk: Desk) -> _Asked:
    query = message.request.query if message.request else None
    if not isinstance(query, DERGroupForecastQueries):
        return _Asked(parameters=USUAL_PARAMETERS, schedules=(usual_schedule(desk.field.now),))
    return _Asked(
        parameters=query.parameters,
        schedules=tuple(each for each in query.schedules if isinstance(each, ScheduleRequest)),
        errors=tuple(each.error for each in query.schedules if isinstance(each, RejectedObject)),
    )


def _refuse_too_much(groups: Iterable[EndDeviceGroup], asked: _Asked) -> None:
    curves = sum(is_told(group, kind) for group in groups for kind in asked.parameters)
    points = curves * sum(map(_points_of, asked.schedules))
    if points > _MOST_POINTS:
        details = f"{points} points are asked for, more than the {_MOST_POINTS} that one answer can hold: ask for fewer"
        details += f" groups (option {LIMIT}, then {CURSOR}) or intervals"
        raise UnsupportedMessage(Violation(rule="ANSWER-SIZE", details=details), code="3.1")


def _points_of(schedule: ScheduleRequest) -> int:
    return schedule.intervals + (schedule.style is CurveStyle.STRAIGHT_LINE_Y_VALUES)


def _nothing_known(parameters: Sequence[ParameterKind]) -> RequestError:
    return DataUnavailable(
        f"nothing can be forecast of {', '.join(parameters)} for these groups: they lack the function, or no device of "
        "theirs was heard; see their status"
    )
