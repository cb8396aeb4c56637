"""Times and durations as a person writes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dermsbus.cli.times import as_interval, clock_text, instant_text, read_duration, read_start, read_time
from dermsbus.domain.quantities import IntervalUnit
from dermsbus.errors import SettingsError

NOON = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)  # 14:00:30 in Berlin


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14:30", "2026-05-01T12:30:00Z"),
        ("9:05", "2026-05-02T07:05:00Z"),
        ("14:00", "2026-05-01T12:00:00Z"),  # the minute that runs is meant, not tomorrow's
        ("13:59", "2026-05-02T11:59:00Z"),
        ("14:00:45", "2026-05-01T12:00:45Z"),
        ("2026-05-03T08:00", "2026-05-03T06:00:00Z"),
        ("2026-05-03 08:00:01.9", "2026-05-03T06:00:01Z"),
        ("2026-05-03", "2026-05-02T22:00:00Z"),
        ("2026-05-03T08:00Z", "2026-05-03T08:00:00Z"),
        ("2026-05-03T08:00-05:00", "2026-05-03T13:00:00Z"),
        (" 14:30 ", "2026-05-01T12:30:00Z"),
    ],
)
def test_a_time_is_the_next_of_the_clock_or_iso_8601(text: str, expected: str) -> None:
    assert instant_text(read_time(text, NOON, where="--at")) == expected


def test_the_clock_of_a_day_on_which_it_is_changed_is_the_local_one() -> None:
    evening = datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert instant_text(read_time("08:00", evening, where="--at")) == "2026-03-29T06:00:00Z"


@pytest.mark.parametrize(
    "text", ["", "25:00", "14:60", "14", "tomorrow", "2026-13-01", "0001-01-01T00:00+14:00", "١٤:٣٠"]
)
def test_what_is_no_time_is_said_with_how_to_write_one(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--at: .* is no time: write 14:30, or ISO 8601"):
        read_time(text, NOON, where="--at")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("1h30m", 5400), ("0m", 0)]
)
def test_a_duration_is_numbers_with_units(text: str, seconds: int) -> None:
    assert read_duration(text, where="--for") == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "15 m", "1.5h", "-15m", "15min", "m", "99999d", "999999999d"])
def test_what_is_no_duration_is_said_with_how_to_write_one(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--for: .* is no duration: .* such as 15m or 1h30m"):
        read_duration(text, where="--for")


def test_a_start_is_given_in_one_way_or_not_at_all() -> None:
    assert read_start(None, None, NOON) is None
    assert read_start("14:30", None, NOON) == datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    assert read_start(None, "10m", NOON) == NOON + timedelta(minutes=10)
    with pytest.raises(SettingsError, match="give either --at or --in"):
        read_start("14:30", "10m", NOON)


def test_an_interval_is_told_in_the_largest_unit_that_fits() -> None:
    assert as_interval(timedelta(minutes=15)) == (15, IntervalUnit.MINUTE)
    assert as_interval(timedelta(seconds=90)) == (90, IntervalUnit.SECOND)
    assert as_interval(timedelta(minutes=120)) == (2, IntervalUnit.HOUR)
    assert as_interval(timedelta(hours=48)) == (2, IntervalUnit.DAY)


def test_a_person_reads_the_clock_and_the_date_where_it_is_another() -> None:
    assert clock_text(NOON, NOON) == "14:00:30"
    assert clock_text(datetime(2026, 5, 1, 21, 15, tzinfo=UTC), NOON) == "23:15"
    assert clock_text(datetime(2026, 5, 1, 22, 15, tzinfo=UTC), NOON) == "2026-05-02 00:15"


def test_a_program_reads_utc_with_milliseconds_where_there_are_any() -> None:
    assert instant_text(NOON) == "2026-05-01T12:00:30Z"
    assert instant_text(NOON + timedelta(milliseconds=5)) == "2026-05-01T12:00:30.005Z"
