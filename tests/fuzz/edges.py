"""Which steps from line to line of dermsbus a message led to that none before it did.

With Python 3.12 or later each step is reported once and costs nothing any more; before that lines are traced, which is
slow, so that only every so many executions are looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import dermsbus

__all__ = ["Edges"]

_FOLDER: Final = str(Path(dermsbus.__file__).parent)
_EVERY: Final = 5
_TOOL: Final = 4


class Edges:
    """Counts edges of dermsbus's own code.

    Attributes:
        seen: how many there were.
    """

    def __init__(self) -> None:
        self._edges: set[tuple[CodeType, int, int]] = set()
        self._count = 0
        self._monitoring: Any = getattr(sys, "monitoring", None)

    @property
    def seen(self) -> int:
        return len(self._edges)

    @contextmanager
    def watching(self) -> Iterator[Callable[[], bool]]:
        """Gives what tells afterwards whether anything was new."""
        before = len(self._edges)
        self._count += 1
        if self._monitoring is not None:
            with self._monitored():
                yield lambda: len(self._edges) > before
        elif self._count % _EVERY == 0 and sys.gettrace() is None:  # not under a debugger
            sys.settrace(self._called)
            try:
                yield lambda: len(self._edges) > before
            finally:
                sys.settrace(None)
        else:
            yield lambda: False

    def _called(self, frame: FrameType, _event: str, _arg: object) -> Callable[..., Any] | None:
        code = frame.f_code
        if not code.co_filename.startswith(_FOLDER):
            return None
        last, edges = code.co_firstlineno, self._edges

        def lined(_frame: FrameType, event: str, _arg: object) -> Callable[..., Any]:
            nonlocal last
            if event == "line":
                line = _frame.f_lineno
                edges.add((code, last, line))
                last = line
            return lined

        return lined

    @contextmanager
    def _monitored(self) -> Iterator[None]:
        monitoring = self._monitoring
        if monitoring.get_tool(_TOOL) is not None:
            yield  # somebody else measures
            return
        monitoring.use_tool_id(_TOOL, "dermsbus fuzz")
        monitoring.register_callback(_TOOL, monitoring.events.LINE, self._line)
        monitoring.register_callback(_TOOL, monitoring.events.BRANCH, self._branch)
        monitoring.set_events(_TOOL, monitoring.events.LINE | monitoring.events.BRANCH)
        try:
            yield
        finally:
            monitoring.set_events(_TOOL, 0)
            monitoring.free_tool_id(_TOOL)

    def _line(self, code: CodeType, line: int) -> object:
        if code.co_filename.startswith(_FOLDER):
            self._edges.add((code, 0, line))
        return self._monitoring.DISABLE

    def _branch(self, code: CodeType, offset: int, destination: int) -> object:
        if not code.co_filename.startswith(_FOLDER):
            return self._monitoring.DISABLE
        self._edges.add((code, -offset - 1, destination))
        return None
