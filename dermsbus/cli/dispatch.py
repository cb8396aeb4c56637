"""``dermsbus dispatch``: an order to a group, of one value for a while or of a curve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

from dermsbus.cli.curve_files import CurveTiming, even_curve, read_curve_file, read_number
from dermsbus.cli.dispatch_views import dispatch_sentence
from dermsbus.cli.output import write_line
from dermsbus.cli.references import Group, group_reference
from dermsbus.cli.session import Session, dms_command
from dermsbus.cli.times import read_duration, read_start
from dermsbus.client import Answer
from dermsbus.domain.model import Name
from dermsbus.domain.quantities import Curve, CurveStyle, ParameterKind, Point
from dermsbus.errors import SettingsError
from dermsbus.messages.envelope import DispatchOrder

__all__ = ["DispatchCommand", "dispatch"]

_QUANTITIES: Final = MappingProxyType(
    {
        "--kw": (ParameterKind.ACTIVE_POWER, 1000),
        "--kvar": (ParameterKind.REACTIVE_POWER, 1000),
        "--kva": (ParameterKind.APPARENT_POWER, 1000),
        "--volt": (ParameterKind.VOLTAGE, 1),
        "--ramp-up": (ParameterKind.INCREASING_RAMP_RATE, 1),
        "--ramp-down": (ParameterKind.DECREASING_RAMP_RATE, 1),
    }
)
"""What each option orders, and what its numbers are multiplied by to be in SI units."""
_ONE_OF: Final = ", ".join(_QUANTITIES)
_NUMBER: Final = re.compile(r"[+-]?(?:\d|\.\d).*", re.ASCII)
_WITHOUT_NUMBER: Final = ""


class DispatchCommand(TyperCommand):
    """Lets the options of quantities stand without a number, for with ``--curve`` the file has them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 typer's own class is private
        """As of the base class."""
        return super().parse_args(ctx, list(_completed(args)))


def _completed(arguments: Sequence[str]) -> Iterator[str]:
    """*arguments* with ``=`` behind each option of a quantity that no number follows."""
    for argument, following in zip(arguments, (*arguments[1:], ""), strict=True):
        is_alone = not following or (following.startswith("-") and not _NUMBER.fullmatch(following))
        yield f"{argument}=" if argument in _QUANTITIES and is_alone else argument


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ordered:
    """What is ordered: *text* is the number behind *option*, empty where a curve has them."""

    option: str
    parameter: ParameterKind
    factor: int
    text: str


def _quantity(help_text: str) -> Any:  # noqa: ANN401 typer's own class is private
    return typer.Option(metavar="[NUMBER]", help=help_text)


@dms_command
def dispatch(
    session: Session,
    /,
    *,
    group: Group,
    kw: Annotated[str | None, _quantity("Active power, kW, positive into the grid.")] = None,
    kvar: Annotated[str | None, _quantity("Reactive power, kVAr, positive when injected.")] = None,
    kva: Annotated[str | None, _quantity("Apparent power, kVA: no more than that.")] = None,
    volt: Annotated[str | None, _quantity("Voltage where the group meets the grid, V.")] = None,
    ramp_up: Annotated[str | None, _quantity("Ramp rate upwards, W/s: no faster than that.")] = None,
    ramp_down: Annotated[str | None, _quantity("Ramp rate downwards, W/s: no faster than that.")] = None,
    parameter: Annotated[
        ParameterKind | None,
        typer.Option("--parameter", metavar="NAME", help="Any parameter, with --curve in SI units."),
    ] = None,
    lasts: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="How long: 90s, 15m, 2h.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="When: 14:30 or ISO 8601; else now.")] = None,
    after: Annotated[str | None, typer.Option("--in", metavar="DURATION", help="When, from now.")] = None,
    curve: Annotated[
        str | None, typer.Option("--curve", metavar="FILE", help="CSV: time or offset, value; - for standard input.")
    ] = None,
    line: Annotated[bool, typer.Option("--line", help="Straight lines between the values of the curve.")] = False,
    name: Annotated[str | None, typer.Option("--name", help="Name of the order.")] = None,
    mrid: Annotated[str | None, typer.Option("--mrid", help="Its mRID; left out, the DERMS assigns one.")] = None,
) -> int:
    """Order what a group shall do, such as --kw 500 --for 2h, or --kw --curve day.csv."""
    given = zip(_QUANTITIES, (kw, kvar, kva, volt, ramp_up, ramp_down), strict=True)
    ordered = _ordered({option: text for option, text in given if text is not None}, parameter)
    now = datetime.now(UTC).replace(microsecond=0)
    timing = CurveTiming(
        now=now,
        starts_at=read_start(at, after, now),
        lasts=None if lasts is None else read_duration(lasts, where="--for"),
    )
    order = DispatchOrder(
        mrid=mrid,
        names=(Name(name=name),) if name else (),
        group=group_reference(group),
        parameter=ordered.parameter,
        curves=(_of_file(ordered, curve, timing, is_line=line) if curve else _constant(ordered, timing, is_line=line),),
    )
    with session.client() as client:
        return session.report(client.create_dispatches(order), lambda answer: _say(answer, order, now))


def _ordered(given: dict[str, str], parameter: ParameterKind | None) -> _Ordered:
    if parameter is not None and not given:
        return _Ordered(option="--parameter", parameter=parameter, factor=1, text=_WITHOUT_NUMBER)
    if parameter is not None or len(given) != 1:
        told = ", ".join((*given, *(("--parameter",) if parameter else ()))) or "nothing"
        raise SettingsError("dispatch", f"say what is ordered by one of {_ONE_OF}, --parameter; given: {told}")
    ((option, text),) = given.items()
    kind, factor = _QUANTITIES[option]
    return _Ordered(option=option, parameter=kind, factor=factor, text=text)


def _constant(ordered: _Ordered, timing: CurveTiming, *, is_line: bool) -> Curve:
    """One value for a while."""
    if ordered.text == _WITHOUT_NUMBER:
        number = "a number behind it, or " if ordered.option in _QUANTITIES else ""
        raise SettingsError(ordered.option, f"give {number}--curve FILE")
    if is_line:
        raise SettingsError("--line", "goes with --curve: a single value has no lines")
    value = read_number(ordered.text, ordered.factor, where=ordered.option)
    if not timing.lasts:
        raise SettingsError("--for", "say how long the order holds, such as --for 2h: every order ends")
    starts_at = timing.starts_at or timing.now
    return even_curve([Point(at=starts_at, nominal=value)], starts_at + timing.lasts, CurveStyle.CONSTANT_Y_VALUE)


def _of_file(ordered: _Ordered, file: str, timing: CurveTiming, *, is_line: bool) -> Curve:
    if ordered.text != _WITHOUT_NUMBER:
        raise SettingsError(ordered.option, f"give either {ordered.text[:64]!r} or --curve, not both")
    style = CurveStyle.STRAIGHT_LINE_Y_VALUES if is_line else CurveStyle.CONSTANT_Y_VALUE
    return read_curve_file(file, ordered.factor, style, timing)


def _say(answer: Answer, order: DispatchOrder, now: datetime) -> None:
    """The order as it was taken, by the mRID that it was given, and what is done otherwise than asked."""
    if answer.ok:
        taken = next(iter(answer.dispatches), order)
        told = replace(order, mrid=taken.mrid or order.mrid, curves=taken.curves or order.curves)
        write_line(f"dispatched {dispatch_sentence(told, now)}")
    for note in answer.notes:
        write_line(f"note: {note}")
