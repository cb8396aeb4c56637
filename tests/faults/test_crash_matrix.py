"""A DERMS dies at each of its seams and nothing is lost or done twice; ``make faults`` does it a thousand times a broker."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.buses import bus
from tests.faults.crash_matrix import run, table
from tests.faults.nursery import KILLED
from tests.faults.points import POINTS


@pytest.mark.timeout(240)
def test_a_derms_that_dies_at_every_seam_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.randrange(10**6)

    with bus("embedded") as url:
        findings = run(url, tmp_path, crashes=len(POINTS) + 10, seed=seed, devices=400)

    with capsys.disabled():
        print(f"\n{table(findings, f'embedded, seed {seed}')}")
    assert findings.wrong == []
    assert findings.answered > 0
    assert findings.ends[KILLED] > 0
    assert len(findings.seldom(1)) < len(POINTS) / 4, "the run was too short to be worth anything"
