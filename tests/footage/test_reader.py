"""Reading video: every picture once, times and shapes kept, damage counted, places found again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest

from srtui.errors import NothingUsableError, UsageError
from srtui.footage.reader import Reader
from tests.footage.scanning import Scan
from tests.footage.tapes import DV, Scene, Tape, make_tape, overwrite, packets

SHORT = (Scene(frames=30, seed=1),)


def test_lossless_pictures_come_as_they_were_made(tmp_path: Path) -> None:
    tape = Tape(scenes=SHORT)
    with Reader(make_tape(tmp_path / "лента номер 1.mkv", tape)) as reader:
        for frame, made in zip(reader, tape.pictures(), strict=True):
            np.testing.assert_array_equal(frame.luma_hw, made)


@pytest.mark.parametrize("name", ["a.avi", "a.mov", "a.dv"])
def test_dv_is_read_from_every_container(tmp_path: Path, name: str) -> None:
    with Reader(make_tape(tmp_path / name, Tape(scenes=SHORT, **DV))) as reader:
        frames = list(reader)
        assert reader.facts.codec == "dvvideo"
        assert (reader.facts.width, reader.facts.height, reader.facts.rate) == (720, 576, 25)
        assert reader.facts.aspect == Fraction(16, 15)
    assert [frame.number for frame in frames] == list(range(30))
    assert [frame.time for frame in frames] == [round(number / 25, 4) for number in range(30)]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.ts", "mpeg2video"),
        ("a.mpg", "mpeg2video"),
        ("a.m2v", "mpeg2video"),
        ("a.h264", "libx264"),
        ("a.mkv", "ffv1"),
    ],
)
def test_a_place_is_found_again_exactly(tmp_path: Path, name: str, codec: str) -> None:
    """Raw streams have no index and no times worth the name: there everything is decoded up to the place."""
    options = {"bf": "2"} if codec == "mpeg2video" else {}
    path = make_tape(
        tmp_path / name, Tape(scenes=(Scene(frames=60), Scene(frames=60, seed=2)), codec=codec, options=options)
    )
    with Reader(path) as reader:
        whole = [frame.anchor() for frame in reader]
    assert len(whole) == 120
    for last in (7, 50, 63, 119):
        with Reader(path) as reader:
            found = reader.go_to(whole[last - 7 : last + 1], start=whole[0].pts)
            assert [frame.anchor() for frame in (*found, *reader)] == whole[last - 7 :]
    with Reader(path) as reader:
        for last in (10, 30, 50, 70, 90, 20):
            found = reader.go_to(whole[last - 2 : last + 1], start=whole[0].pts, roll=(0.0, 2.0))
            assert [frame.anchor() for frame in found] == whole[last - 2 : last + 1]


def test_a_place_that_is_not_there_any_more_is_not_found(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=SHORT))
    with Reader(path) as reader:
        anchor = list(reader)[9].anchor()
        assert not reader.go_to([anchor._replace(crc=1)], start=0)


def test_a_broken_packet_is_counted_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.avi", Tape(scenes=SHORT))
    position, size = packets(path)[12]
    overwrite(path, position, b"U" * size)
    with Reader(path) as reader:
        frames = list(reader)
        (broken,) = reader.broken
    assert len(frames) == 29
    assert broken.position == pytest.approx(position, abs=8)
    assert (broken.before, broken.time) == (12, 12 / 25)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 1000])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.avi"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read as video"):
        Reader(path)


def test_a_playlist_cannot_reach_the_network(tmp_path: Path) -> None:
    path = tmp_path / "a.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(UsageError):
        Reader(path)


def test_a_format_that_changes_on_the_way_is_brought_to_the_first(tmp_path: Path) -> None:
    """Damage to a header makes FFmpeg take the rest of a DV tape for another kind."""
    path = make_tape(tmp_path / "a.dv", Tape(scenes=(Scene(frames=24, noise=0),), **DV))
    raw = path.read_bytes()
    path.write_bytes(raw[: 9 * 144_000 + 71_000] + raw[9 * 144_000 + 74_217 :])
    with Reader(path) as reader:
        assert {frame.image.format.name for frame in reader} == {"yuv420p"}


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.avi"])
@pytest.mark.parametrize("seed", range(4))
def test_any_damage_is_survived(tmp_path: Path, name: str, seed: int) -> None:
    """Bits, blocks and pieces that are wrong or gone: pictures or a refusal, never anything else."""
    random = Random(seed)
    raw = bytearray(make_tape(tmp_path / name, Tape(scenes=SHORT, codec="mpeg2video", size=(176, 144))).read_bytes())
    for _ in range(8):
        place, size = random.randrange(len(raw)), random.randrange(1, 3000)
        raw[place : place + size] = random.choice([b"", bytes(size), random.randbytes(size)])
    (tmp_path / name).write_bytes(raw)
    try:
        scan = Scan(tmp_path / "scan", tmp_path / name, threads=1).run()
    except NothingUsableError:
        return
    assert scan.found["frames"] == len(scan.listed) > 0
