"""``dermsbus demo day``: a day of a feeder, told in minutes, and what must come of each of its scenes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dermsbus import logs
from dermsbus.cli.demo.evening import discharge_in_the_evening, lose_a_member, sum_up, switch_off_and_on
from dermsbus.cli.demo.feeder import at
from dermsbus.cli.demo.morning import ask_for_forecast, make_groups, see_cloud, see_sunrise
from dermsbus.cli.demo.noon import follow_steps, hold_voltage, keep_to_ramp, store_the_sun
from dermsbus.cli.demo.screen import Check
from dermsbus.cli.demo.stage import Stage, open_stage
from dermsbus.cli.output import complain
from dermsbus.client import Direction

__all__ = ["tell_day"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scene:
    """A part of the day.

    Attributes:
        clock: when it begins, by the clock of the place.
        title: what is to be seen.
        play: plays it, and gives what must hold as it goes.
    """

    clock: str
    title: str
    play: Callable[[Stage], Iterator[Check]]


_SCENES: Final = (
    _Scene(clock="05:30", title="The DMS makes groups of the devices of feeder 7", play=make_groups),
    _Scene(clock="05:30", title="The sun rises, and the DERMS tells of it without being asked", play=see_sunrise),
    _Scene(clock="09:00", title="What will the roofs give until one o'clock?", play=ask_for_forecast),
    _Scene(clock="10:00", title="A cloud passes", play=see_cloud),
    _Scene(clock="11:00", title="An order of four steps to roofs and batteries", play=follow_steps),
    _Scene(clock="12:30", title="A limit to ramps, and a step that is too large for it", play=keep_to_ramp),
    _Scene(clock="13:10", title="The batteries store the sun of noon", play=store_the_sun),
    _Scene(clock="14:00", title="The voltage wanders, and the DMS orders it to stay", play=hold_voltage),
    _Scene(clock="15:00", title="Work on the west branch: its roofs are disconnected", play=switch_off_and_on),
    _Scene(clock="16:30", title="A battery falls silent in the middle of an order", play=lose_a_member),
    _Scene(clock="18:00", title="The batteries give back, along a straight line", play=discharge_in_the_evening),
    _Scene(clock="21:00", title="What the day came to", play=sum_up),
)


_MESSAGES: Final = MappingProxyType(
    {
        Direction.SENT: "requests",
        Direction.REPLY: "replies",
        Direction.EVENT: "events",
    }
)
_COMMANDS: Final = "commands to devices"

_NEXT: Final = (
    ("dermsbus demo day --xml", "the same with every message"),
    ("dermsbus demo group", "the life of a single group, step by step, each message in full"),
    (
        "dermsbus serve --fleet FILE",
        "a DERMS with devices of yours, simulated or not; config/fleet.toml is a beginning",
    ),
    ("dermsbus status --watch", "in a second terminal: what groups do"),
    ("dermsbus dispatch GROUP --kw 20 --for 15m", "in a third: an order"),
)


def tell_day(*, is_quick: bool, speed: float, shows_all: bool) -> int:
    """Tell the day.

    Args:
        is_quick: with few devices.
        speed: how many times as fast as life, more than 0.
        shows_all: every message in full.

    Returns:
        The exit status: 0 if everything came as it must, else 1.
    """
    logs.configure("error")
    started_s = time.monotonic()
    checked = failed = 0
    with open_stage(is_small=is_quick, speed=speed, shows_all=shows_all) as stage:
        for scene in _SCENES:
            stage.travel(at(scene.clock))
            stage.screen.title(f"{scene.clock}  {scene.title}")
            before = _tally(stage)
            for check in scene.play(stage):
                stage.screen.check(check)
                checked += 1
                failed += not check.holds
            stage.screen.aside(_told(_tally(stage) - before))
        seconds = time.monotonic() - started_s
        if not failed:
            stage.screen.title(f"All {checked} checks came out as expected, in {seconds:.0f} s. Try next:")
            stage.screen.advise(_NEXT)
    if failed:
        complain(f"{failed} of {checked} checks did not come out as expected")
        return 1
    return 0


def _tally(stage: Stage) -> Counter[str]:
    """Messages and commands up to now."""
    stage.look()
    messages = Counter({_MESSAGES[direction]: count for direction, count in stage.counts.items()})
    return messages + Counter({_COMMANDS: len(stage.fleet.journal())})


def _told(tally: Counter[str]) -> str:
    return "; ".join(f"{name}: {tally[name]}" for name in (*_MESSAGES.values(), _COMMANDS))
