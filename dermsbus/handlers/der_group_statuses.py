"""DERGroupStatuses: tell what groups do now, and take in what other systems tell of theirs.

Source: use cases 7, 8 and 15 and EPRI cases DERGS-1A to DERGS-2 of the project's reference tables.
"""

from __future__ import annotations

import structlog

from dermsbus.dispatch import Desk, Outcome
from dermsbus.domain.quantities import GroupStatus
from dermsbus.errors import RequestError
from dermsbus.handlers.asked_groups import asked_page
from dermsbus.messages.envelope import DERGroupStatuses, Envelope, Payload, RejectedObject

__all__ = ["get", "take_in"]

_log = structlog.get_logger(__name__)


def get(message: Envelope, desk: Desk) -> Outcome:
    """Statuses of groups by mRID or name, of all of them for a reference that names none."""
    page, errors = asked_page(message, desk)
    statuses = tuple(desk.field.status_of(group, desk.groups.get) for group in page.objects)
    payload = Payload(content=DERGroupStatuses(statuses=statuses)) if statuses else None
    return Outcome(done=len(statuses), errors=errors, payload=payload, last=page.last)


def take_in(message: Envelope, desk: Desk) -> Outcome:
    """Another system's report: its last one of each group is kept, beside the registry and never in a sum of ours.

    A status of which nobody could tell whose it is or from when is refused; the others of the message stand.
    """
    source = (message.header.source if message.header else None) or ""
    content = message.payload.content if message.payload else None
    statuses = content.statuses if isinstance(content, DERGroupStatuses) else ()
    errors: list[RequestError] = []
    for status in statuses:
        match status:
            case GroupStatus():
                desk.reports.statuses.put(source, status)
            case RejectedObject():
                errors.append(status.error)
    done = len(statuses) - len(errors)
    _log.debug("statuses of another system", source=source, count=done, kept=len(desk.reports.statuses))
    return Outcome(done=done, errors=tuple(errors))
