"""How the broker says no: a frame is refused and the connection goes on, or the connection is over."""

from __future__ import annotations

from dermsbus.errors import DermsbusError

__all__ = ["ProtocolError", "Refused"]


class Refused(DermsbusError):
    """One frame is refused and had no effect; the connection goes on.

    ActiveMQ Classic, too, keeps the connection after such an ERROR frame, though STOMP 1.2 would end it.

    Attributes:
        summary: one line for the ``message`` header of the ERROR frame.
        advice: what to do about it, for the body of the ERROR frame.

    Source: "STOMP on three brokers", row "ERROR frame", of the project's reference tables.
    """

    def __init__(self, summary: str, advice: str = "") -> None:
        super().__init__(f"{summary}. {advice}" if advice else summary)
        self.summary = summary
        self.advice = advice


class ProtocolError(Refused):
    """The peer cannot be served any further: an ERROR frame is the last that it gets."""
