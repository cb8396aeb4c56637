"""What devices did, over restarts: of the same fleet, of a changed one, and of files that cannot be used."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from dermsbus.domain.history import History, QuarterMeans
from dermsbus.errors import StoreError
from dermsbus.store.history_file import HistoryFile

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)

Begin = Callable[..., "Life"]


class Life:
    """One run of a process: a history and the file that it is kept in."""

    def __init__(self, path: Path, *devices: str, days: int = 1, now: datetime = NOW) -> None:
        self.history = History(len(devices), days=days)
        self.file = HistoryFile(path, devices)
        with capture_logs() as self.logged:
            self.file.restore(self.history, now)

    def live(self, *powers_w: float, at: datetime) -> None:
        """A quarter in which the devices gave so much."""
        quarter = QuarterMeans(number=int(at.timestamp()) // 900, means_w=np.array(powers_w, dtype=np.float32))
        self.history.restore(quarter)
        self.file.keep(quarter, self.history)

    @property
    def remembered(self) -> dict[int, list[float]]:
        """By how many quarters from now, what each device gave."""
        quarters = self.history.quarters()
        return {(quarter.starts_at - NOW) // QUARTER: quarter.means_w.tolist() for quarter in quarters}

    @property
    def warnings(self) -> list[str]:
        return [str(entry["event"]) for entry in self.logged if entry["log_level"] == "warning"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "derms.db.history"


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Begins a life; all of them end with the test."""
    with ExitStack() as opened:

        def make(*arguments: Any, **options: Any) -> Life:
            life = Life(*arguments, **options)
            opened.callback(life.file.close)
            return life

        yield make


@pytest.fixture
def lived(path: Path, begin: Begin) -> Path:
    """A file of the devices A and B, with the quarter before now and the one before that."""
    life = begin(path, "A", "B")
    life.live(1.0, 10.0, at=NOW - 2 * QUARTER)
    life.live(2.0, math.nan, at=NOW - QUARTER)
    life.file.close()
    return path


def same(one: Sequence[float], other: Sequence[float]) -> bool:
    return np.array_equal(np.array(one), np.array(other), equal_nan=True)


def test_what_was_recorded_is_there_after_a_restart(lived: Path, begin: Begin) -> None:
    life = begin(lived, "A", "B")

    assert list(life.remembered) == [-2, -1]
    assert life.remembered[-2] == [1.0, 10.0]
    assert same(life.remembered[-1], [2.0, math.nan])
    assert life.warnings == []


def test_it_goes_on_after_a_restart_and_forgets_what_is_older_than_what_is_kept(lived: Path, begin: Begin) -> None:
    life = begin(lived, "A", "B")
    life.live(3.0, 30.0, at=NOW + 94 * QUARTER)
    life.file.close()

    assert list(begin(lived, "A", "B", now=NOW + timedelta(days=2)).remembered) == [-1, 94]


def test_a_device_keeps_what_was_recorded_of_it_wherever_it_stands_in_a_changed_catalogue(
    lived: Path, begin: Begin
) -> None:
    life = begin(lived, "C", "B", "A")

    assert same(life.remembered[-2], [math.nan, 10.0, 1.0])
    assert same(life.remembered[-1], [math.nan, math.nan, 2.0])
    assert life.warnings == []


def test_a_file_of_another_fleet_is_put_aside_with_a_warning(lived: Path, begin: Begin) -> None:
    life = begin(lived, "X", "Y")

    assert life.remembered == {}
    assert life.warnings == ["history of devices not used and put aside"]
    lived.with_name("derms.db.history.unused").replace(lived)
    assert list(begin(lived, "A", "B").remembered) == [-2, -1], "nothing of it is lost"


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"PK\x03\x04 something else", b"[]\n", b'{"format": "next year"}\n', b"\xff"]
)
def test_a_file_that_cannot_be_read_is_put_aside_with_a_warning_and_a_new_one_is_begun(
    path: Path, text: bytes, begin: Begin
) -> None:
    path.write_bytes(text)
    life = begin(path, "A")
    life.live(1.0, at=NOW - QUARTER)

    assert life.warnings == ["history of devices not used and put aside"]
    assert list(begin(path, "A").remembered) == [-1]


@pytest.mark.parametrize("lost", [1, 7, 19])
def test_of_a_file_that_is_torn_everything_before_is_used(lived: Path, lost: int, begin: Begin) -> None:
    whole = lived.read_bytes()
    lived.write_bytes(whole[:-lost])
    life = begin(lived, "A", "B")

    assert list(life.remembered) == [-2]
    assert life.warnings == ["history of devices is torn, what follows is passed over"]
    life.live(3.0, 3.0, at=NOW)
    assert list(begin(lived, "A", "B").remembered) == [-2, 0]


def test_a_record_that_was_changed_is_not_believed(lived: Path, begin: Begin) -> None:
    damaged = bytearray(lived.read_bytes())
    damaged[-1] ^= 0xFF
    lived.write_bytes(damaged)

    assert list(begin(lived, "A", "B").remembered) == [-2]


def test_what_a_clock_that_was_ahead_wrote_does_not_push_out_what_is_true(lived: Path, begin: Begin) -> None:
    life = begin(lived, "A", "B")
    life.live(9.0, 9.0, at=NOW + timedelta(hours=3))
    life.file.close()

    assert list(begin(lived, "A", "B").remembered) == [-2, -1]


def test_the_file_grows_to_twice_what_is_kept_and_no_further(path: Path, begin: Begin) -> None:
    life = begin(path, "A", now=NOW)
    sizes = []
    for quarter in range(96 * 4):
        life.live(float(quarter), at=NOW + quarter * QUARTER)
        sizes.append(path.stat().st_size)

    record = 8 + 4 + 4
    assert max(sizes) <= sizes[0] + 2 * 96 * record
    assert len(begin(path, "A", now=NOW + timedelta(days=5)).remembered) == 96


def test_a_disk_that_is_full_for_a_while_costs_nothing_once_it_is_not(
    path: Path, monkeypatch: pytest.MonkeyPatch, begin: Begin
) -> None:
    life = begin(path, "A")
    life.live(1.0, at=NOW - 3 * QUARTER)

    class Full:
        def write(self, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    life.file.close()
    monkeypatch.setattr(life.file, "_file", Full())
    with pytest.raises(StoreError, match=r"derms\.db\.history cannot be written: No space left on device"):
        life.live(2.0, at=NOW - 2 * QUARTER)
    life.live(3.0, at=NOW - QUARTER)

    assert list(begin(path, "A").remembered) == [-3, -2, -1]


def test_where_it_cannot_be_written_the_history_lives_on_in_memory(tmp_path: Path, begin: Begin) -> None:
    life = begin(tmp_path / "no such folder" / "derms.db.history", "A")

    assert life.warnings == ["history of devices is not kept, trying again after the next quarter"]
    with pytest.raises(StoreError, match="No such file or directory"):
        life.live(1.0, at=NOW - QUARTER)
    assert list(life.remembered) == [-1]
