"""``dermsbus capabilities``: what groups can do: their functions, what is installed in them and what is available."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.markup import escape
from rich.table import Table

from dermsbus.cli.json_values import stated
from dermsbus.cli.output import complain, is_terminal, on_terminal, visible, write_json, write_line
from dermsbus.cli.references import AnyGroups, group_label, group_reference
from dermsbus.cli.session import THERE_IS_MORE, LimitOption, Session, dms_command
from dermsbus.cli.status_views import parameter_json, range_text
from dermsbus.cli.views import answer_json, failure_lines, functions_text, group_json
from dermsbus.client import Answer
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.domain.quantities import GroupStatus, ParameterStatus

__all__ = ["capabilities"]

_COLUMNS = ("group", "functions", "parameter", "installed", "available")
_NOTHING = "-"

_Known = list[tuple[EndDeviceGroup, tuple[ParameterStatus, ...]]]


@dms_command
def capabilities(session: Session, /, *, groups: AnyGroups = None, limit: LimitOption = None) -> int:
    """Show what groups can do: functions, and the range of each parameter, as installed and as available now."""
    references = [group_reference(group) for group in groups or ()]
    with session.client() as client:
        found = client.get_groups(*references, limit=limit)
        answers = (found, client.get_statuses(*references, limit=limit)) if found.groups else (found,)
    known = _joined(found.groups, answers[-1].statuses)
    if session.as_json:
        write_json(_json(answers, known))
    else:
        _show(known)
        if not all(answer.ok for answer in answers):
            complain(*dict.fromkeys(line for answer in answers if not answer.ok for line in failure_lines(answer)))
        if found.cursor is not None:
            complain(THERE_IS_MORE)
    return 0 if all(answer.ok for answer in answers) else 1


def _joined(groups: Iterable[EndDeviceGroup], statuses: Iterable[GroupStatus]) -> _Known:
    """Each group with the parameters of its status; without any where none was told."""
    by_id = {each: status.parameters for status in statuses for each in _ids(status)}
    return [(group, by_id.get(group.mrid or group_label(group), ())) for group in groups]


def _ids(status: GroupStatus) -> Iterator[str]:
    yield from (name.name for name in status.group.names)
    if status.group.mrid:
        yield status.group.mrid


def _show(known: _Known) -> None:
    if not is_terminal():
        for group, parameters in known:
            for row in _rows(group, parameters):
                write_line("\t".join(row))
        return
    if not known:
        on_terminal().print("no groups")
        return
    table = Table(*_COLUMNS)
    for group, parameters in known:
        for number, (label, functions, *ranges) in enumerate(_rows(group, parameters)):
            first = ("", "") if number else (label, functions.replace(",", " "))
            table.add_row(*(escape(visible(cell)) for cell in (*first, *ranges)))
    on_terminal().print(table)


def _rows(group: EndDeviceGroup, parameters: tuple[ParameterStatus, ...]) -> Iterator[tuple[str, ...]]:
    """A row for each parameter: group, functions, parameter, installed and available range; one row in any case."""
    first = (group_label(group), functions_text(group.der_function))
    if not parameters:
        yield (*first, _NOTHING, _NOTHING, _NOTHING)
    for of in parameters:
        yield (
            *first,
            of.parameter.value,
            range_text(of.installed_min, of.installed_max, of.parameter),
            range_text(of.available_min, of.available_max, of.parameter),
        )


def _json(answers: tuple[Answer, ...], known: _Known) -> dict[str, object]:
    """The outcome of both requests as one, with the parameters within their groups."""
    told = [answer_json(answer) for answer in answers]
    worst = next((each for each in told if each["result"] != "OK"), told[0])
    groups = [
        group_json(group) | stated(DERMonitorableParameter=[parameter_json(each) for each in parameters])
        for group, parameters in known
    ]
    return {"result": worst["result"], "errors": worst["errors"], "groups": groups}
