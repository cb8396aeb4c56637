"""DERGroupDispatches: generated classes to values of the domain and back.

Each DERGroupDispatch stands for itself: one that nobody can act on is a `RejectedObject` among the others.

Source: table DERGroupDispatches, sample 4.8 and decisions 17, 19 to 23, 28 and 33 on open questions of the project's
reference tables.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from dermsbus.domain.dispatch_rules import dispatch_id
from dermsbus.domain.identity import group_id, stated_reference
from dermsbus.domain.model import GroupReference, Name
from dermsbus.domain.quantities import Curve, Dispatch, ParameterKind
from dermsbus.errors import IncompleteRequest, RequestError
from dermsbus.messages.curves import CurveData, Schedule, read_curve, write_curve
from dermsbus.messages.envelope import DERGroupDispatches, DispatchOrder, RejectedObject
from dermsbus.messages.names import NameWriter, read_names
from dermsbus.messages.units import Scale, chosen_scale, stated_scale
from dermsbus_generated import der_group_dispatches as wire
from dermsbus_profiles import Variant

__all__ = ["from_wire", "order_of", "to_wire"]

_NAMES: Final = NameWriter(name=wire.Name, name_type=wire.NameType, authority=wire.NameTypeAuthority)


def order_of(dispatch: Dispatch) -> DispatchOrder:
    """A dispatch of the book as a message states it."""
    return DispatchOrder(
        mrid=dispatch.mrid,
        names=dispatch.names,
        group=dispatch.group,
        parameter=dispatch.parameter,
        curves=dispatch.curves,
    )


def from_wire(message: wire.DERGroupDispatches, zone: tzinfo, variant: Variant) -> DERGroupDispatches:
    """The orders of a payload.

    Args:
        message: the bound payload.
        zone: where times without zone are.
        variant: constrained orders are whole: each has a group, and one that has no identity but the names of its
            dispatch means these as the group's, as some peers send it. Others may be parts.
    """
    whole = variant is Variant.CONSTRAINED
    return DERGroupDispatches(orders=tuple(_read(each, zone, whole=whole) for each in message.der_group_dispatch))


def to_wire(content: DERGroupDispatches) -> wire.DERGroupDispatches:
    """The payload of orders; a group is identified in EndDeviceGroup.

    Raises:
        TypeError: a rejected object.
        ValueError: a curve or value that cannot be written.
    """
    return wire.DERGroupDispatches(der_group_dispatch=tuple(_write(order) for order in content.orders))


def _read(dispatch: wire.DERGroupDispatch, zone: tzinfo, *, whole: bool) -> DispatchOrder | RejectedObject:
    mrid = stated_reference(GroupReference(mrid=dispatch.mrid)).mrid  # a blank one counts as missing
    group, names = _identities(dispatch, whole=whole)
    try:
        if group is None and (whole or not (mrid or names)):
            raise IncompleteRequest(
                "a DERGroupDispatch does not say which group or which dispatch: state an mRID or name"
            )
        parameter = dispatch.end_device_group.der_monitorable_parameter if dispatch.end_device_group else None
        return DispatchOrder(
            mrid=mrid,
            names=names,
            group=group,
            parameter=_kind(parameter),
            curves=_curves(parameter, zone) if parameter else (),
        )
    except RequestError as error:
        return _rejected(error, mrid, group, names)


def _identities(dispatch: wire.DERGroupDispatch, *, whole: bool) -> tuple[GroupReference | None, tuple[Name, ...]]:
    """The group, and the names of the dispatch itself."""
    names = stated_reference(GroupReference(names=read_names(dispatch.names))).names
    group = dispatch.end_device_group
    if group is not None:
        reference = stated_reference(GroupReference(mrid=group.mrid, names=read_names(group.names)))
        if reference != GroupReference():
            return reference, names
    if whole and names:
        return GroupReference(names=names), ()
    return None, names


def _rejected(
    error: RequestError, mrid: str | None, group: GroupReference | None, names: tuple[Name, ...]
) -> RejectedObject:
    """The order by its own mRID or name, with its group beside it, else by the group."""
    own, of_group = dispatch_id(mrid, names), group_id(group) if group else None
    return RejectedObject.of(error, own or of_group, of_group if own else None)


def _kind(parameter: wire.DERMonitorableParameter | None) -> ParameterKind | None:
    return ParameterKind(parameter.der_parameter.value) if parameter and parameter.der_parameter else None


def _curves(parameter: wire.DERMonitorableParameter, zone: tzinfo) -> tuple[Curve, ...]:
    if not parameter.dispatch_schedule:
        return ()
    kind = _kind(parameter)
    if kind is None:
        raise IncompleteRequest("a DispatchSchedule is given without DERParameter: state what is ordered")
    scale = stated_scale(
        kind,
        multiplier=parameter.y_multiplier.value if parameter.y_multiplier else None,
        unit=parameter.y_unit.value if parameter.y_unit else None,
        direction=parameter.flow_direction.value if parameter.flow_direction else None,
        ordered=True,
    )
    return tuple(read_curve(_schedule(each), scale, zone) for each in parameter.dispatch_schedule)


def _schedule(schedule: wire.DispatchSchedule) -> Schedule:
    if any(each.nominal_y_value is None for each in schedule.der_curve_data):
        raise IncompleteRequest("a DERCurveData has no nominalYValue: state the set-point of every interval")
    return Schedule(
        style=schedule.curve_style_kind.value if schedule.curve_style_kind else None,
        start_time=schedule.start_time,
        duration=schedule.time_interval_duration,
        unit=schedule.time_interval_unit.value if schedule.time_interval_unit else None,
        data=tuple(
            CurveData(interval_number=each.interval_number, nominal=each.nominal_y_value)
            for each in schedule.der_curve_data
        ),
    )


def _write(order: DispatchOrder | RejectedObject) -> wire.DERGroupDispatch:
    if isinstance(order, RejectedObject):
        raise TypeError("a rejected order cannot be written")
    group = None
    if order.group is not None or order.parameter is not None:
        identity = order.group or GroupReference()
        group = wire.EndDeviceGroup(
            mrid=identity.mrid,
            der_monitorable_parameter=_write_parameter(order.parameter, order.curves) if order.parameter else None,
            names=_NAMES.write(identity.names),
        )
    return wire.DERGroupDispatch(mrid=order.mrid, end_device_group=group, names=_NAMES.write(order.names))


def _write_parameter(parameter: ParameterKind, curves: tuple[Curve, ...]) -> wire.DERMonitorableParameter:
    scale = chosen_scale(parameter, (point.nominal for curve in curves for point in curve.points))
    return wire.DERMonitorableParameter(
        der_parameter=wire.DERParameterKind(parameter.value),
        y_multiplier=wire.UnitMultiplier(scale.multiplier),
        y_unit=wire.DERUnitSymbol(scale.unit),
        dispatch_schedule=tuple(schedule for curve in curves for schedule in _write_curve(curve, scale)),
    )


def _write_curve(curve: Curve, scale: Scale) -> tuple[wire.DispatchSchedule, ...]:
    return tuple(
        wire.DispatchSchedule(
            curve_style_kind=wire.CurveStyle(schedule.style),
            start_time=schedule.start_time,
            time_interval_duration=schedule.duration,
            time_interval_unit=wire.TimeIntervalKind(schedule.unit),
            der_curve_data=tuple(
                wire.DERCurveData(interval_number=each.interval_number, nominal_y_value=each.nominal)
                for each in schedule.data
            ),
        )
        for schedule in write_curve(curve, scale)
    )
