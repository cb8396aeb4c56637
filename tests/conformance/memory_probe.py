"""How much memory and time one message takes: read in a process of its own, which says so.

Run as ``python -m tests.conformance.memory_probe FILE``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Refusal

__all__ = ["Taken", "taken_by"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What reading took.

    Attributes:
        code: of the refusal; None if there was none.
        peak_bytes: by how much the process grew at most.
        time_s: from the bytes to what they say.
    """

    code: str | None
    peak_bytes: int
    time_s: float


def taken_by(body: bytes, folder: Path) -> Taken:
    """What it takes to read *body*."""
    file = folder / "message"
    file.write_bytes(body)
    command = [sys.executable, "-m", "tests.conformance.memory_probe", str(file)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    return Taken(**json.loads(said))


def _peak_bytes() -> int:
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kib) * 1024


def _main() -> None:
    body = Path(sys.argv[1]).read_bytes()
    codec = Codec()
    codec.prepare()
    before, begun_s = _peak_bytes(), time.perf_counter()
    decoded = codec.decode(body)
    time_s = time.perf_counter() - begun_s
    code = decoded.error.code if isinstance(decoded, Refusal) else None
    sys.stdout.write(json.dumps({"code": code, "peak_bytes": _peak_bytes() - before, "time_s": time_s}))


if __name__ == "__main__":
    _main()
