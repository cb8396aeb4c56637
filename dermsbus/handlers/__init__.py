"""What each verb does with each noun: one module per noun, and the table that leads to them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from dermsbus.dispatch import Routes
from dermsbus.handlers import (
    der_group_dispatches,
    der_group_forecasts,
    der_group_statuses,
    der_groups,
    end_device_controls,
    operation_set,
)
from dermsbus.messages.envelope import Noun, Verb

__all__ = ["ROUTES"]

ROUTES: Final[Routes] = MappingProxyType(
    {
        (Verb.CREATE, Noun.DER_GROUPS): der_groups.create,
        (Verb.CHANGE, Noun.DER_GROUPS): der_groups.change,
        (Verb.DELETE, Noun.DER_GROUPS): der_groups.delete,
        (Verb.GET, Noun.DER_GROUPS): der_groups.get,
        (Verb.EXECUTE, Noun.OPERATION_SET): operation_set.execute,
        (Verb.GET, Noun.DER_GROUP_STATUSES): der_group_statuses.get,
        (Verb.GET, Noun.DER_GROUP_FORECASTS): der_group_forecasts.get,
        (Verb.CREATE, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.create,
        (Verb.CHANGE, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.change,
        (Verb.CANCEL, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.cancel,
        (Verb.CLOSE, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.close,
        (Verb.DELETE, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.delete,
        (Verb.GET, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.get,
        (Verb.CREATE, Noun.END_DEVICE_CONTROLS): end_device_controls.create,
        (Verb.CREATED, Noun.DER_GROUPS): der_groups.created,
        (Verb.CHANGED, Noun.DER_GROUPS): der_groups.changed,
        (Verb.DELETED, Noun.DER_GROUPS): der_groups.deleted,
        (Verb.EXECUTED, Noun.OPERATION_SET): operation_set.executed,
        (Verb.CREATED, Noun.DER_GROUP_STATUSES): der_group_statuses.take_in,
        (Verb.CHANGED, Noun.DER_GROUP_STATUSES): der_group_statuses.take_in,
        (Verb.CREATED, Noun.DER_GROUP_FORECASTS): der_group_forecasts.take_in,
        (Verb.CHANGED, Noun.DER_GROUP_FORECASTS): der_group_forecasts.take_in,
        (Verb.CREATED, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.take_in,
        (Verb.CHANGED, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.take_in,
        (Verb.CANCELED, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.take_in,
        (Verb.CLOSED, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.take_in,
        (Verb.DELETED, Noun.DER_GROUP_DISPATCHES): der_group_dispatches.take_in,
        (Verb.CREATED, Noun.END_DEVICE_EVENTS): end_device_controls.take_in_events,
    }
)
"""Every request and notification that is served."""
