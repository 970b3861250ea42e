"""A folder of fifty bad files: each is named with its reason, the good ones are prepared, the exit code says so."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

from srtui.data.names import read_rows
from srtui.jobs.folder import read_json
from tests.data.bad_files import write_bad_files
from tests.data.preparing import Preparation, fill


def test_fifty_bad_files_are_named_and_the_good_ones_prepared(tmp_path: Path) -> None:
    photos = fill(tmp_path / "фото")
    good = sorted(path.name for path in photos.iterdir())
    expected = write_bad_files(photos, photos / good[2])
    assert len(expected) >= 50
    preparation = Preparation(tmp_path, photos)
    dataset = preparation.run()
    with (dataset.folder / "rejected.csv").open(encoding="utf-8", newline="") as file:
        reasons = {line["name"]: line["reason"] for line in csv.DictReader(file)}
    assert reasons.keys() == expected.keys()
    wrong = {name: reasons[name] for name, reason in expected.items() if not reasons[name].startswith(reason)}
    assert wrong == {}
    assert all(reasons.values())
    assert [row.file for row in read_rows(dataset.folder)] == good
    assert {event["name"] for event in preparation.events("rejected")} == expected.keys()
    assert dataset.about.totals.rejected == len(expected)


def test_the_exit_code_is_0_with_bad_files_and_3_if_none_are_allowed(tmp_path: Path) -> None:
    photos = fill(tmp_path / "фото", 4)
    write_bad_files(photos, photos / "снимок 01.png")
    for strict, code in ((False, 0), (True, 3)):
        preparation = Preparation(tmp_path / str(code), photos)
        folder = preparation.create(strict=strict)
        command = [sys.executable, "-m", "srtui.worker", str(folder.path)]
        assert subprocess.run(command, check=False, capture_output=True, timeout=120).returncode == code
        ending = read_json(folder.exit)
        assert ending is not None
        assert ending["code"] == code
        assert (preparation.dataset / "rejected.csv").is_file()
        assert (preparation.dataset / "dataset.yml").is_file() == (not strict)
