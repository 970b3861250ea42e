"""Sources are added by their paths, each as what it is, and footage is none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.config.project import Folder, Footage, Lmdb, PairFolders, Pairs, Project, Synthetic, SyntheticPictures, Video
from srtui.config.reader import read_yaml, to_yaml
from srtui.errors import UsageError
from srtui.project.folder import OpenProject, save_project
from srtui.project.sources import paths_of, with_sources


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """A folder and a video inside the project, an LMDB elsewhere."""
    project = tmp_path / "проект"
    (project / "photos").mkdir(parents=True)
    (project / "film.mkv").touch()
    (tmp_path / "db.lmdb").mkdir()
    for name in ("data.mdb", "meta_info.txt"):
        (tmp_path / "db.lmdb" / name).touch()
    return {"project": project, "lmdb": tmp_path / "db.lmdb"}


def test_each_path_becomes_the_source_that_it_is(places: dict[str, Path]) -> None:
    project, lmdb = places["project"], places["lmdb"]
    found = with_sources(None, project, [project / "photos", project / "film.mkv", lmdb], lmdb)
    assert found.sources == (Folder(folder="photos"), Video(video="film.mkv"), Lmdb(lmdb=str(lmdb)))
    assert found.validation_sources == (Lmdb(lmdb=str(lmdb)),)


def test_what_is_there_already_stays_as_it_is_unless_one_insists(places: dict[str, Path]) -> None:
    project = places["project"]
    old = Project(sources=(SyntheticPictures(synthetic=Synthetic()), Video(video="film.mkv", frames=30)))
    same = with_sources(old, project, [project / "film.mkv"], None)
    assert same == old
    insisted = with_sources(old, project, [project / "film.mkv", project / "photos"], None, insist=True)
    assert insisted.sources[1:] == (
        Video(video="film.mkv", frames=30, insist=True),
        Folder(folder="photos", insist=True),
    )


def test_every_kind_of_source_is_written_and_read_back(tmp_path: Path) -> None:
    text = """
sources:
  - {folder: a, insist: true}
  - {lmdb: b}
  - {video: c.mkv, frames: 3}
  - {pairs: {gt: d, lq: e}}
  - {synthetic: {pictures: 2}}
prepare:
  degradation_mode: live
  checks: {duplicates: exact, flat: false, smallest_side: 128}
"""
    (tmp_path / "project.yml").write_text(text)
    project = read_yaml(tmp_path / "project.yml", Project)
    kinds = [type(source) for source in project.sources]
    assert kinds == [Folder, Lmdb, Video, Pairs, SyntheticPictures]
    assert project.prepare.checks.duplicates == "exact"
    (tmp_path / "again.yml").write_text(to_yaml(project, defaults=False))
    assert read_yaml(tmp_path / "again.yml", Project) == project


def test_requests_have_whole_paths_and_keep_what_is_said_about_a_source(places: dict[str, Path]) -> None:
    project = places["project"]
    settings = Project(scale=2, sources=(Folder(folder="photos", insist=True), Video(video="film.mkv", frames=3)))
    request = OpenProject(project, settings).prepare_request()
    assert request.sources == (
        Folder(folder=str(project / "photos"), insist=True),
        Video(video=str(project / "film.mkv"), frames=3),
    )


def test_a_tape_is_no_source(places: dict[str, Path]) -> None:
    project = places["project"]
    footage = (Footage(video=str(project / "film.mkv")),)
    opened = save_project(project, Project(scale=2, sources=(Video(video="film.mkv"),), footage=footage))
    with pytest.raises(UsageError, match="listed under footage as well") as caught:
        opened.prepare_request()
    assert "insist: true" in caught.value.hint
    insisted = Project(scale=2, sources=(Video(video="film.mkv", insist=True),), footage=footage)
    assert OpenProject(project, insisted).prepare_request().sources


def test_the_checks_are_part_of_what_a_dataset_is_made_from(places: dict[str, Path]) -> None:
    project = places["project"]
    (project / "project.yml").write_text("sources: [{folder: photos}]\n")
    plain = OpenProject(project, read_yaml(project / "project.yml", Project)).prepare_digest()
    (project / "project.yml").write_text("sources: [{folder: photos}]\nprepare: {checks: {soft: false}}\n")
    assert OpenProject(project, read_yaml(project / "project.yml", Project)).prepare_digest() != plain


@pytest.mark.parametrize("name", ["photo.png", "photos.zip", "README"])
def test_a_file_that_is_no_video_is_refused(places: dict[str, Path], name: str) -> None:
    project = places["project"]
    (project / name).touch()
    with pytest.raises(UsageError, match="is no video's ending"):
        with_sources(None, project, [project / name], None)


def test_what_a_source_names() -> None:
    pairs = Pairs(pairs=PairFolders(gt="d", lq="e"))
    generated = SyntheticPictures(synthetic=Synthetic())
    sources = (Folder(folder="a"), Lmdb(lmdb="b"), Video(video="c"), pairs, generated)
    assert [paths_of(each) for each in sources] == [("a",), ("b",), ("c",), ("d", "e"), ()]
