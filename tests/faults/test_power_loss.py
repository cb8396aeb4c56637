"""No power cut takes away what was acknowledged; ``make faults`` looks at thousands of disks."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.power_loss import ACKNOWLEDGED, Findings, Step, cuts, has_compiler, judge, record, run

pytestmark = pytest.mark.skipif(not has_compiler(), reason="no cc on PATH to build the recorder with")


def test_after_a_power_cut_the_store_is_sound_and_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    findings = run(tmp_path, images=40, workloads=2, seed=random.randrange(10**6))

    assert findings.images == 40
    assert findings.damaged + findings.lost == []


def test_the_judge_finds_out_a_store_that_does_not_sync(tmp_path: Path) -> None:
    steps: list[Step] = [step for step in record(tmp_path, seed=1, commits=40) if step.operation != "s"]
    assert any(step.file == ACKNOWLEDGED for step in steps)
    findings = Findings()

    for cut in cuts(steps, [len(steps)] * 10, random.Random(1)):
        judge(cut, tmp_path, findings, "without syncs")

    assert len(findings.damaged) + len(findings.lost) == 10
