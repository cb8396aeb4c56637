"""``dermsbus demo``: what a DERMS and a DMS do together, on a real STOMP connection, in one process.

Two stories: a day of a feeder with some hundred devices, in minutes; and the life of a single group, with its messages.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import typer

from dermsbus.cli.demo.day import tell_day
from dermsbus.cli.demo.group import tell_life_of_group
from dermsbus.errors import SettingsError

__all__ = ["demo"]

_SPEED: Final = 300.0
_QUICK_SPEED: Final = 5000.0
_SPEEDS: Final = (20.0, 5000.0)


def demo(
    story: Annotated[
        Literal["day", "group"],
        typer.Argument(
            metavar="[day|group]", help="A day of a feeder, in minutes; or the life of a group, with its messages."
        ),
    ] = "day",
    *,
    speed: Annotated[
        float | None,
        typer.Option("--speed", metavar="TIMES", help=f"How many times as fast as life the day is, else {_SPEED:g}."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The day in some seconds, with fewer devices.")] = False,
    xml: Annotated[bool, typer.Option("--xml", help="Show every message of the day in full.")] = False,
) -> int:
    """Show it: a day of a feeder, or the life of a group; a broker, a DERMS and a DMS in one process."""
    if story == "group":
        if speed is not None or quick:
            raise SettingsError("demo group", "is told step by step: --speed and --quick go with the day")
        return tell_life_of_group()
    if speed is None:
        speed = _QUICK_SPEED if quick else _SPEED
    if not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        raise SettingsError("--speed", f"must be {_SPEEDS[0]:g} to {_SPEEDS[1]:g}; it is {speed:g}")
    return tell_day(is_quick=quick, speed=speed, shows_all=xml)
