"""``dermsbus dispatches`` and ``dermsbus cancel``: what is ordered of groups, and orders taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from dermsbus.cli.dispatch_views import dispatch_line, dispatches_table
from dermsbus.cli.output import is_terminal, on_terminal, write_line
from dermsbus.cli.references import AnyGroups, group_reference, unrefused
from dermsbus.cli.session import LimitOption, Session, dms_command
from dermsbus.client import Answer
from dermsbus.messages.envelope import DispatchOrder

__all__ = ["cancel", "dispatches"]


@dms_command
def dispatches(session: Session, /, *, groups: AnyGroups = None, limit: LimitOption = None) -> int:
    """Show what is ordered of groups and is not over."""
    with session.client() as client:
        return session.report(client.get_dispatches(*map(group_reference, groups or ()), limit=limit), _show)


@dms_command
def cancel(
    session: Session,
    /,
    *,
    orders: Annotated[
        list[str],
        typer.Argument(
            metavar="DISPATCH...",
            help="mRIDs or names of dispatches (a UUID is an mRID); mrid:TEXT or name:TEXT to be plain.",
        ),
    ],
) -> int:
    """Stop dispatches: what is not done of them is dropped."""
    references = map(group_reference, orders)
    told = (DispatchOrder(mrid=reference.mrid, names=reference.names) for reference in references)
    with session.client() as client:
        return session.report(client.cancel_dispatches(*told), lambda answer: _say_canceled(answer, orders))


def _show(answer: Answer) -> None:
    now = datetime.now(UTC)
    if is_terminal():
        on_terminal().print(dispatches_table(answer.dispatches, now) if answer.dispatches else "no dispatches")
        return
    for order in answer.dispatches:
        write_line(dispatch_line(order, now))


def _say_canceled(answer: Answer, orders: list[str]) -> None:
    for order in unrefused(answer, orders):
        write_line(f"canceled {order}")
