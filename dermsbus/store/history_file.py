"""What devices did in the last days, in a file beside the database, so that forecasts after a restart know of it.

A line of JSON that says which devices it is of, then a record for each quarter of an hour, in the order of their
writing: its number, a checksum and the mean power of each device. A quarter is appended when it is over. The file is
written anew at each start, and when it has become twice as long as what is kept; until the new one is complete the old
one stays.

Devices are found by their mRIDs: what was recorded of one stays, wherever it stands in the catalogue now.

Source: house choice, ADR 16.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import structlog
from numpy.typing import NDArray

from dermsbus.domain.history import History, QuarterMeans
from dermsbus.errors import StoreError

__all__ = ["HistoryFile"]

_log = structlog.get_logger(__name__)
_FORMAT: Final = "dermsbus history 1"
_LONGEST_HEAD: Final = 64 * 1024 * 1024
_NUMBER_BYTES: Final = 8
_CHECK_BYTES: Final = 4
_VALUE: Final = np.dtype("<f4")


class HistoryFile:
    """Keeps a history over restarts. Used by one thread.

    Args:
        path: of the file; it need not be there.
        devices: mRIDs of the fleet, in the order of its places.
    """

    def __init__(self, path: Path, devices: Sequence[str]) -> None:
        self._path = path
        self._devices = tuple(devices)
        self._file: BinaryIO | None = None
        self._appended = 0

    def restore(self, history: History, now: datetime) -> None:
        """Put what the file holds into *history*, and go on with the file from there.

        A file that cannot be read, or is of none of the devices, is put aside with a warning.

        Args:
            history: of the fleet.
            now: aware; what is said to be later was recorded by a clock that was wrong, and is passed over.
        """
        try:
            with self._path.open("rb") as file:
                columns = self._columns(file)
                count = sum(self._restored(file, columns, history, now))
        except FileNotFoundError:
            _log.info("no history of devices, forecasts learn from now on", path=str(self._path))
        except (OSError, ValueError) as error:
            self._put_aside(str(error))
        else:
            _log.info("history of devices read", path=str(self._path), quarters=count)
        try:
            self._write_all(history)
        except StoreError as error:
            _log.warning("history of devices is not kept, trying again after the next quarter", reason=str(error))

    def keep(self, quarter: QuarterMeans, history: History) -> None:
        """Add a quarter that is over, and is in *history* too.

        Raises:
            StoreError: it could not be written; the next call writes all that is missing.
        """
        if self._file is None or self._appended >= history.length:
            self._write_all(history)
            return
        try:
            self._file.write(_record(quarter))
            self._file.flush()
        except OSError as error:
            self.close()  # half a record may be in it
            raise StoreError(f"{self._path} cannot be written: {error.strerror or error}") from error
        self._appended += 1

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                _log.warning("history of devices not written to its end", path=str(self._path), reason=str(error))

    # -- reading ---------------------------------------------------------------------------------------------------

    def _columns(self, file: BinaryIO) -> NDArray[np.int64]:
        """The place of each device of the file in the fleet, -1 for one that is not there.

        Raises:
            ValueError: it is no history, or that of another fleet.
        """
        head = json.loads(file.readline(_LONGEST_HEAD))
        if not isinstance(head, dict) or head.get("format") != _FORMAT or not isinstance(head.get("devices"), list):
            raise ValueError(f"it is no {_FORMAT}")
        places = {mrid: place for place, mrid in enumerate(self._devices)}
        columns = np.array([places.get(str(mrid), -1) for mrid in head["devices"]], dtype=np.int64)
        if not (columns >= 0).any():
            raise ValueError("it is of none of the devices in the catalogue")
        return columns

    def _restored(self, file: BinaryIO, columns: NDArray[np.int64], history: History, now: datetime) -> Iterator[int]:
        """1 for each quarter that was put into *history*."""
        known = columns >= 0
        length = _NUMBER_BYTES + _CHECK_BYTES + len(columns) * _VALUE.itemsize
        while record := file.read(length):
            number, body = record[:_NUMBER_BYTES], record[_NUMBER_BYTES + _CHECK_BYTES :]
            check = record[_NUMBER_BYTES : _NUMBER_BYTES + _CHECK_BYTES]
            if len(record) < length or _checksum(number, body) != check:
                _log.warning("history of devices is torn, what follows is passed over", path=str(self._path))
                return
            means_w = np.full(len(self._devices), np.nan, dtype=np.float32)
            means_w[columns[known]] = np.frombuffer(body, dtype=_VALUE)[known]
            quarter = QuarterMeans(number=int.from_bytes(number, "little", signed=True), means_w=means_w)
            if quarter.starts_at <= now:
                history.restore(quarter)
                yield 1

    def _put_aside(self, reason: str) -> None:
        aside = self._path.with_name(f"{self._path.name}.unused")
        try:
            self._path.replace(aside)
        except OSError as error:
            _log.warning("history of devices not used", path=str(self._path), reason=reason, kept=str(error))
        else:
            _log.warning("history of devices not used and put aside", path=str(aside), reason=reason)

    # -- writing ---------------------------------------------------------------------------------------------------

    def _write_all(self, history: History) -> None:
        self.close()
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            with new.open("wb") as file:
                head = {"format": _FORMAT, "devices": self._devices}
                file.write(json.dumps(head).encode() + b"\n")
                file.writelines(map(_record, history.quarters()))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
            self._file = self._path.open("ab")
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror or error}") from error
        self._appended = 0


def _record(quarter: QuarterMeans) -> bytes:
    number = quarter.number.to_bytes(_NUMBER_BYTES, "little", signed=True)
    body = quarter.means_w.astype(_VALUE).tobytes()
    return number + _checksum(number, body) + body


def _checksum(number: bytes, body: bytes) -> bytes:
    return zlib.crc32(body, zlib.crc32(number)).to_bytes(_CHECK_BYTES, "little")
