"""What cannot be a network is refused before anything is loaded."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import pytest

from srtui.config.project import Project, Training
from srtui.errors import UsageError
from srtui.project.folder import OpenProject
from srtui.project.network_file import check_network_file


def test_files_of_all_dialects_pass(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}).encode()
    (tmp_path / "сеть.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with zipfile.ZipFile(tmp_path / "new.pth", "w") as file:
        file.writestr("archive/data.pkl", b"")
    (tmp_path / "old.pth").write_bytes(pickle.dumps({}, protocol=2))
    for path in tmp_path.iterdir():
        check_network_file(path)


@pytest.mark.parametrize(
    ("name", "content", "fact"),
    [
        ("a.pth", b"", "it is empty"),
        ("a.pth", b"\x89PNG\r\n\x1a\n", "begins with the bytes 89 50 4e 47"),
        ("a.safetensors", (1 << 40).to_bytes(8, "little") + b"{}", "is no network file"),
        ("a.onnx", b"\x08\x07\x12\x07", "ONNX network cannot be trained"),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, name: str, content: bytes, fact: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=fact):
        check_network_file(tmp_path / name)


def test_what_is_not_there_or_a_folder_is_said(tmp_path: Path) -> None:
    for name, fact in (("nothing.pth", "no such file"), (".", "is a folder")):
        with pytest.raises(UsageError, match=fact):
            check_network_file(tmp_path / name)


def test_a_training_begins_from_the_network_that_the_project_names(tmp_path: Path) -> None:
    (tmp_path / "old.pth").write_bytes(pickle.dumps({}, protocol=2))
    plain = OpenProject(tmp_path, Project())
    begun = OpenProject(tmp_path, Project(training=Training(start="old.pth")))
    assert (plain.train_request().start, begun.train_request().start) == ("", str(tmp_path / "old.pth"))
    assert plain.train_digest() != begun.train_digest()
    (tmp_path / "old.pth").unlink()
    with pytest.raises(UsageError, match="no such file"):
        begun.train_request()
