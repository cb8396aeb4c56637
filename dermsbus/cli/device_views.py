"""What devices tell of a control, as JSON and in a few words."""

from __future__ import annotations

from dermsbus.cli.json_values import names_json, stated
from dermsbus.cli.references import device_label
from dermsbus.cli.times import instant_text
from dermsbus.domain.controls import EndDeviceEvent

__all__ = ["device_event_json", "device_event_summary"]


def device_event_json(event: EndDeviceEvent) -> dict[str, object]:
    """The event under the names of its elements on the wire, with its code in words."""
    status = event.status
    return stated(
        mRID=event.mrid,
        createdDateTime=instant_text(event.created_at),
        issuerID=event.issuer_id,
        issuerTrackingID=event.issuer_tracking_id,
        reason=event.reason,
        Assets=stated(mRID=event.device.mrid, Names=names_json(event.device.names)),
        EndDeviceEventType=event.kind.value,
        status=status
        and stated(
            value=status.value,
            dateTime=status.at and instant_text(status.at),
            reason=status.reason,
            remark=status.remark,
        ),
    )


def device_event_summary(event: EndDeviceEvent) -> str:
    """``device what happened: why``."""
    return f"{device_label(event.device)} {event.kind}{f': {event.reason}' if event.reason else ''}"
