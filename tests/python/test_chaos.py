"""A short run of `make chaos`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "chaos"))

import chaos


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux tells what a process holds")
@pytest.mark.timeout(300)
def test_nothing_is_lost_or_left_behind() -> None:
    report = chaos.run(seconds=20, callers=6)
    print(report)
    assert report.problems == []
    assert report.answers["whole: 200"] > 0
    assert report.answers["stream: 200"] > 0
