"""The page that a get asks for, of all that there would be to tell it.

Source: paging row of the project's reference tables; the order, and what moves meanwhile: house choice, ADR 28.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Generic, TypeVar

from dermsbus.messages.options import Options

__all__ = ["Page", "page_of"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """Some objects of all.

    Attributes:
        objects: in order.
        last: mRID of the last of them if there are more behind it, None if there are not.
    """

    objects: tuple[T, ...]
    last: str | None = None


def page_of(objects: Iterable[T], mrid_of: Callable[[T], str], options: Options) -> Page[T]:
    """The page of *objects* that *options* ask for; all of them, in the order given, where they ask for none.

    Pages are cut in the order of mRIDs, which nothing that happens between two of them can change: who follows the
    cursors to the end is told each object that was there all the time, and none twice.
    """
    if not options.is_paged:
        return Page(objects=tuple(objects))
    after = options.after
    waiting = [each for each in objects if after is None or mrid_of(each) > after]
    limit = options.limit or len(waiting)
    told = tuple(nsmallest(limit, waiting, key=mrid_of))
    return Page(objects=told, last=mrid_of(told[-1]) if len(told) < len(waiting) else None)
