"""Real files: what a scan says of DV and of interlaced MPEG-2 footage."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.footage.judging import judge
from tests.footage.scanning import Scan, extract


@pytest.fixture
def videos(shared_data: Path) -> Path:
    return shared_data / "video"


@pytest.mark.parametrize(
    ("name", "height", "aspect", "moves"),
    [
        ("dv-pal-interlaced.mov", 576, "59:54", False),
        ("dv-ntsc-interlaced.mov", 480, "10:11", False),
        ("pal_720x576_bff_mpeg2.mp4", 576, "16:15", True),
    ],
)
def test_bottom_field_first_is_found(
    tmp_path: Path, videos: Path, name: str, height: int, aspect: str, moves: bool
) -> None:
    found = Scan(tmp_path, videos / name).run().found
    fields = found["interlacing"]
    assert (fields["scan"], fields["order"], fields["proven"]) == ("interlaced", "bff", moves)
    assert (found["file"]["height"], found["file"]["aspect"]) == (height, aspect)
    assert found["broken"]["found"] == found["missing"] == found["dropouts"]["frames"] == 0


def test_the_blank_edges_of_real_footage_are_measured(tmp_path: Path, videos: Path) -> None:
    border = Scan(tmp_path, videos / "pal_720x576_bff_mpeg2.mp4").run().found["border"]
    assert (border["left"], border["right"]) == (8, 15)


def test_ntsc_dv_that_plays_at_25_is_warned_of(tmp_path: Path, videos: Path) -> None:
    found = Scan(tmp_path, videos / "dv-ntsc-interlaced.mov").run().found
    assert "29.97" in next(each["text"] for each in found["warnings"] if each["about"] == "rate")


def test_footage_is_no_clean_source(videos: Path) -> None:
    for path in sorted(videos.iterdir()):
        assert judge(path).startswith("interlaced (")


def test_frames_of_real_footage_can_be_extracted_twice_alike(tmp_path: Path, videos: Path) -> None:
    tape = videos / "pal_720x576_bff_mpeg2.mp4"
    for name in ("once", "twice"):
        extract(tmp_path, tape, tmp_path / name, count=5)
    pictures = sorted(path.name for path in (tmp_path / "once").glob("*.png"))
    assert len(pictures) == 10
    for name in pictures:
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "twice" / name).read_bytes()
