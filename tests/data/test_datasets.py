"""dataset.yml is read back as it was written, and what cannot be opened says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.data.datasets import open_dataset
from srtui.errors import ConfigurationError, UsageError
from tests.data.preparing import DEGRADATION, Preparation, fill


def test_a_dataset_knows_what_it_was_made_from(tmp_path: Path) -> None:
    preparation = Preparation(tmp_path, fill(tmp_path / "photos"))
    about = preparation.run().about
    assert about.scale == 2
    assert about.settings.sources == preparation.request.sources
    assert about.settings.degradation == DEGRADATION
    assert about.digest == "settings"
    assert len(about.content.all) == 32


def test_no_dataset_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no dataset here"):
        open_dataset(tmp_path)


def test_a_newer_format_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "dataset.yml").write_text("version: 4\nshards: 12\n")
    with pytest.raises(UsageError, match="format 4, this srtui reads up to 3") as caught:
        open_dataset(tmp_path)
    assert "update srtui" in caught.value.hint


def test_an_edited_file_is_told_with_the_place(tmp_path: Path) -> None:
    preparation = Preparation(tmp_path, fill(tmp_path / "photos"))
    file = preparation.run().folder / "dataset.yml"
    file.write_text(file.read_text().replace("scale: 2", "scale: two", 1))
    with pytest.raises(ConfigurationError, match="scale"):
        open_dataset(file.parent)


def test_a_damaged_list_of_names_is_told(tmp_path: Path) -> None:
    from srtui.data.names import read_rows

    (tmp_path / "names.csv").write_text("name,split\n0001,train\n")
    with pytest.raises(UsageError, match="not readable"):
        list(read_rows(tmp_path))
