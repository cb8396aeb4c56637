"""What the demo shows: with colours and growing plots on a terminal, in plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from dermsbus.cli.demo.feeder import PLACE_ZONE
from dermsbus.cli.output import complain, is_terminal, on_terminal, write_line, xml_for_people
from dermsbus.cli.plot import Plot, Sample
from dermsbus.cli.views import error_line
from dermsbus.client import Answer, Direction, Traffic

__all__ = ["Check", "Refresh", "Screen"]

_WAYS: Final = MappingProxyType(
    {
        Direction.SENT: "DMS sends to",
        Direction.REPLY: "DERMS replies on",
        Direction.EVENT: "DERMS tells everybody on",
    }
)

_REDRAW_S: Final = 0.15

Refresh = Callable[[], None]
"""Draws anew what is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """Something that must hold.

    Attributes:
        what: what must hold.
        holds: whether it does.
        found: how it is, in figures; empty where there is nothing to add.
    """

    what: str
    holds: bool
    found: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.found})" if self.found else self.what


class Screen:
    """Shows it: with colours on a terminal, in plain lines elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = is_terminal()
        self._console = on_terminal() if self._is_terminal else Console(highlight=False, color_system=None)

    def say(self, text: str) -> None:
        """One line."""
        if self._is_terminal:
            self._console.print(escape(text))
        else:
            write_line(text)

    def aside(self, text: str) -> None:
        """One line that one may pass over."""
        if self._is_terminal:
            self._console.print(f"[bright_black]{escape(text)}[/]")
        else:
            write_line(text)

    def title(self, text: str) -> None:
        """What comes next."""
        if self._is_terminal:
            self._console.print()
            self._console.print(Rule(f"[bold]{escape(text)}[/]", align="left"))
        else:
            write_line()
            write_line(f"== {text}")

    def message(self, traffic: Traffic) -> None:
        """A message as it was on the wire, indented."""
        way, xml = _WAYS[traffic.direction], xml_for_people(traffic.body)
        if self._is_terminal:
            self._console.print(f"[bold cyan]{way}[/] {escape(traffic.address)}")
            self._console.print(Syntax(xml, "xml", background_color="default", word_wrap=True))
        else:
            write_line(f"-- {way} {traffic.address}")
            for line in xml.splitlines():
                write_line(line)

    def outcome(self, answer: Answer) -> None:
        """Result and failures in a line each."""
        self.say(f"Result {answer.result}")
        for error in answer.errors:
            if error.code != "0.0":
                self.say(f"  {error_line(error)}")

    def verdict(self, complaint: str) -> None:
        """Whether a step went as it must; *complaint* says what is wrong, empty where nothing is."""
        if complaint:
            complain(complaint)
        elif self._is_terminal:
            self._console.print("[green]as expected[/]")
        else:
            write_line("as expected")

    def advise(self, commands: Iterable[tuple[str, str]]) -> None:
        """Commands to try next, each with what it does."""
        for command, why in commands:
            self.say(f"  {command}")
            self.say(f"      {why}")

    def check(self, check: Check) -> None:
        """What must hold, and whether it does."""
        if not check.holds:
            complain(f"not as expected: {check}")
        elif self._is_terminal:
            self._console.print(f"[green]as expected:[/] {escape(str(check))}")
        else:
            write_line(f"as expected: {check}")

    def plot(self, plot: Plot) -> None:
        """A plot by the clock of the place."""
        self._console.print(_by_the_place(plot))

    @contextmanager
    def growing(self, make: Callable[[], Plot], clock: Callable[[], datetime]) -> Iterator[Refresh]:
        """A plot that grows while something happens; elsewhere than on a terminal it is shown when all is over.

        Args:
            make: makes the plot of what is known by now.
            clock: the time of the day that is told.

        Yields:
            What draws it anew.
        """
        if not self._is_terminal:
            yield _nothing
            self.plot(make())
            return

        def now() -> Plot:
            plot = make()
            return replace(plot, title=f"{_clock_text(clock())}  {plot.title}")

        with Live(console=self._console, auto_refresh=False) as live:
            yield _seldom(lambda: live.update(_by_the_place(now()), refresh=True))
            live.update(_by_the_place(make()), refresh=True)

    @contextmanager
    def passing(self, clock: Callable[[], datetime]) -> Iterator[Refresh]:
        """The time of the day while it passes; on a terminal only, and gone afterwards."""
        if not self._is_terminal:
            yield _nothing
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            yield _seldom(lambda: live.update(Text(f"  {_clock_text(clock())}", style="bright_black"), refresh=True))


def _nothing() -> None:
    """Where nothing is drawn."""


def _seldom(draw: Refresh) -> Refresh:
    """*draw*, but not more often than one can see."""
    next_s = time.monotonic()

    def refresh() -> None:
        nonlocal next_s
        if time.monotonic() >= next_s:
            draw()
            next_s = time.monotonic() + _REDRAW_S

    return refresh


def _clock_text(at: datetime) -> str:
    """The clock of the place."""
    return f"{at.astimezone(PLACE_ZONE):%H:%M}"


def _by_the_place(plot: Plot) -> Plot:
    """The plot with its times moved so that an axis in this computer's zone shows the clock of the place."""
    return replace(
        plot,
        lines=tuple(replace(line, samples=_moved(line.samples)) for line in plot.lines),
        bands=tuple(replace(band, lower=_moved(band.lower), upper=_moved(band.upper)) for band in plot.bands),
        begins_at=plot.begins_at and _as_if_here(plot.begins_at),
        ends_at=plot.ends_at and _as_if_here(plot.ends_at),
    )


def _moved(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    return tuple(replace(sample, at=_as_if_here(sample.at)) for sample in samples)


def _as_if_here(at: datetime) -> datetime:
    return at.astimezone(PLACE_ZONE).replace(tzinfo=None).astimezone()
