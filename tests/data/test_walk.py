"""A folder's files are found in one order on every machine, and none is dropped without a word."""

from __future__ import annotations

import os
from pathlib import Path

from srtui.data.walk import stamps_of, walk


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def found(folder: Path) -> dict[str, str]:
    return {each.name: each.reason for each in walk(folder)}


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "a.png", "Я.png", "c d.jpg", "b.png", "Б/ё.TIF"):
        touch(tmp_path / name)
    assert list(found(tmp_path)) == ["a.png", "b/10.png", "b/2.png", "b.png", "c d.jpg", "Б/ё.TIF", "Я.png"]


def test_hidden_files_are_passed_over_and_others_are_named(tmp_path: Path) -> None:
    for name in (".hidden.png", ".git/a.png", "notes.txt", "raw.CR2", "none", "a.png"):
        touch(tmp_path / name)
    reasons = found(tmp_path)
    assert sorted(reasons) == ["a.png", "none", "notes.txt", "raw.CR2"]
    assert reasons["a.png"] == ""
    assert reasons["raw.CR2"] == "not called like a picture that is read here (.cr2)"
    assert reasons["none"] == "not called like a picture that is read here (no suffix)"


def test_names_that_cannot_be_decoded_are_shown_escaped(tmp_path: Path) -> None:
    descriptor = os.open(os.fsencode(tmp_path) + b"/\xe4\xf6.png", os.O_CREAT | os.O_WRONLY)
    os.close(descriptor)
    assert found(tmp_path) == {"\\xe4\\xf6.png": "its name is not UTF-8: rename it"}


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    touch(tmp_path / "photos/a.png")
    touch(tmp_path / "elsewhere/b.png")
    (tmp_path / "photos/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos/up").symlink_to(tmp_path)
    (tmp_path / "photos/lost.png").symlink_to(tmp_path / "gone.png")
    reasons = found(tmp_path / "photos")
    assert reasons["linked/b.png"] == ""
    assert reasons["lost.png"] == "No such file or directory"
    assert reasons["up/photos"] == "a link to a folder that it lies in"


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert found(tmp_path) == {"pipe.png": "not a file"}


def test_stamps_change_with_the_file(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.png")
    before = stamps_of(path)
    assert before == next(walk(tmp_path)).stamps
    path.write_bytes(b"longer")
    assert stamps_of(path) != before
    path.unlink()
    assert stamps_of(path) == ()
