"""One process at a time on one file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from dermsbus.errors import StoreError

__all__ = ["Claim"]


class Claim:
    """The right to use *file*, held until it is released or the process ends, however it ends.

    It is a lock on ``<file>.lock``, which stays behind and means nothing by itself.

    Args:
        file: what is claimed; it need not exist.

    Raises:
        StoreError: another process has it, or it cannot be claimed.

    Source: "SQLite = exactly one process" of the project's reliability reference.
    """

    def __init__(self, file: Path) -> None:
        lock = file.with_name(file.name + ".lock")
        try:
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(
                f"{file}: {lock} cannot be opened ({error.strerror}): the folder must exist, and the user of this "
                "process must be able to write in it"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace") or "unknown"
            self.release()
            raise StoreError(
                f"{file} is in use by another dermsbus (process {holder}): stop that one, or give this one a store "
                "file of its own"
            ) from error
        except OSError as error:
            self.release()
            raise StoreError(
                f"{file}: {lock} cannot be locked ({error.strerror}): keep the store on a local disk with free space"
            ) from error

    def release(self) -> None:
        """Give it up. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
