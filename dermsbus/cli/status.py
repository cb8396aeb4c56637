"""``dermsbus status``: what groups do now, once or for as long as somebody watches."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.live import Live

from dermsbus.cli.output import complain, is_terminal, on_terminal, write_json, write_line
from dermsbus.cli.references import AnyGroups, group_reference
from dermsbus.cli.session import LimitOption, Session, dms_command
from dermsbus.cli.status_views import status_json, status_line, statuses_table
from dermsbus.cli.views import failure_lines
from dermsbus.client import Answer
from dermsbus.domain.quantities import GroupStatus
from dermsbus.errors import SettingsError
from dermsbus.messages.envelope import DERGroupStatuses, Envelope, Noun

__all__ = ["status"]

_REDRAW_S: Final = 1.0  # so that ages grow before one's eyes

Statuses = dict[str | None, GroupStatus]


@dms_command
def status(
    session: Session,
    /,
    *,
    groups: AnyGroups = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on with what the DERMS pushes, until Ctrl-C.")
    ] = False,
    limit: LimitOption = None,
) -> int:
    """Show what groups do now: power, what is available and installed, and how far it can be trusted."""
    if watch and limit is not None:
        raise SettingsError("--limit", "give either --limit or --watch: what the DERMS pushes has no end")
    references = [group_reference(group) for group in groups or ()]
    reports: queue.SimpleQueue[GroupStatus] = queue.SimpleQueue()
    with session.client() as client:
        if not watch:
            return session.report(client.get_statuses(*references, limit=limit), _show)
        client.events(
            lambda event: _take(event, reports.put),
            noun=Noun.DER_GROUP_STATUSES.value,
            source=session.settings.responder,
        )
        answer = client.get_statuses(*references)
        complain(*(failure_lines(answer) if not answer.ok else ()))
        known: Statuses = {each.group.mrid: each for each in answer.statuses}
        if references and not known:
            return 1
        typer.echo(f"watching {session.settings.responder} on {session.settings.bus}; Ctrl-C ends", file=sys.stderr)
        only = frozenset(known) if references else None
        if is_terminal() and not session.as_json:
            _redraw(known, reports, only)
        else:
            _go_on(known, reports, only, as_json=session.as_json)
    return 0


def _show(answer: Answer) -> None:
    now = datetime.now(UTC)
    if is_terminal():
        on_terminal().print(statuses_table(answer.statuses, now) if answer.statuses else "no groups")
        return
    for each in answer.statuses:
        write_line(status_line(each, now))


def _take(event: Envelope, put: Callable[[GroupStatus], None]) -> None:
    content = event.payload.content if event.payload else None
    if isinstance(content, DERGroupStatuses):
        for each in content.statuses:
            if isinstance(each, GroupStatus):
                put(each)


def _redraw(known: Statuses, reports: queue.SimpleQueue[GroupStatus], only: frozenset[str | None] | None) -> None:
    """One table that stays where it is."""
    with Live(console=on_terminal(), auto_refresh=False) as live:
        while True:
            live.update(statuses_table(known.values(), datetime.now(UTC)), refresh=True)
            try:
                told = reports.get(timeout=_REDRAW_S)
            except queue.Empty:
                continue
            if only is None or told.group.mrid in only:
                known[told.group.mrid] = told


def _go_on(
    known: Statuses, reports: queue.SimpleQueue[GroupStatus], only: frozenset[str | None] | None, *, as_json: bool
) -> None:
    """What is known, then each report as it comes, a line each."""
    for each in known.values():
        _write(each, as_json=as_json)
    while True:
        told = reports.get()
        if only is None or told.group.mrid in only:
            _write(told, as_json=as_json)


def _write(told: GroupStatus, *, as_json: bool) -> None:
    if as_json:
        write_json(status_json(told))
    else:
        write_line(status_line(told, datetime.now(UTC)))
