"""A worker's last words: whatever ends it, exit.json and the exit code say so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from srtui.jobs.folder import create
from srtui.jobs.status import read_status

DEFECT = "import sys; from srtui import worker; worker._do = lambda job: 1 // 0; sys.exit(worker.main(sys.argv[1]))"


def test_a_defect_is_an_ending_with_words_and_a_code(tmp_path: Path) -> None:
    folder = create(tmp_path / "jobs", "verify", {"dataset": "x"})
    done = subprocess.run([sys.executable, "-c", DEFECT, str(folder.path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    status = read_status(folder)
    assert (status.state, status.code) == ("failed", 1)
    assert "this is a defect of srtui" in status.error


def test_words_that_the_log_has_no_room_for_change_no_ending(tmp_path: Path) -> None:
    """A print that fails on a full disk must hide neither the reason nor the exit code."""
    folder = create(tmp_path / "jobs", "verify", {"dataset": str(tmp_path / "absent")})
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "srtui.worker", str(folder.path)], stderr=full, check=False)
    assert done.returncode == 2
    status = read_status(folder)
    assert (status.state, status.code) == ("failed", 2)
    assert "absent" in status.error
