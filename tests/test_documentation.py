"""The documentation says what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def test_the_generated_pages_are_fresh() -> None:
    command = [sys.executable, "docs/make.py", "--check"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_setting_has_its_meaning() -> None:
    rows = [row for row in (REPOSITORY / "docs" / "settings.md").read_text().splitlines() if row.startswith("| `")]
    without = [row for row in rows if row.rstrip().endswith("|  |")]
    assert len(rows) > 40
    assert not without, "\n".join(without)


PAGES = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/guide.md",
    "docs/footage.md",
    "docs/degradations.md",
    "docs/scale.md",
    "docs/many-gpus.md",
]


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = REPOSITORY / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{page}: {target}"
