"""What a scan says of tapes whose truth is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from srtui.errors import NothingUsableError
from srtui.project.scan_report import scan_lines
from tests.footage.scanning import Scan
from tests.footage.tapes import DV, Scene, Tape, conceal, make_tape, overwrite, packets

SCENES = (
    Scene(frames=40, seed=1, smeared=range(10, 16)),
    Scene(frames=40, seed=2, repeated=(7, 8, 30)),
    Scene(frames=30, seed=3, speed=1, torn=(12,)),
)


def scan_of(folder: Path, name: str, tape: Tape) -> Scan:
    folder.mkdir(exist_ok=True)
    return Scan(folder, make_tape(folder / name, tape)).run()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    return scan_of(tmp_path_factory.mktemp("plain"), "a.mkv", Tape(scenes=SCENES, border=(2, 6, 8, 12)))


def test_cuts_repeats_smeared_and_torn_frames_are_found(plain: Scan) -> None:
    assert [scene["first"] for scene in plain.found["scenes"]] == [0, 40, 80]
    assert plain.where("smeared") == [10, 11, 12, 13, 14, 15]
    assert plain.where("repeat") == [47, 48, 70]
    assert plain.where("dropout") == [92]


def test_blank_edges_are_measured_side_by_side(plain: Scan) -> None:
    border = plain.found["border"]
    assert [border[side] for side in ("top", "bottom", "left", "right")] == [2, 6, 8, 12]


def test_only_whole_new_and_sharp_frames_are_usable(plain: Scan) -> None:
    unfit = {10, 11, 12, 13, 14, 15, 47, 48, 70, 92}
    assert {picture.frame for picture in plain.listed if not picture.usable} == unfit
    assert plain.found["usable"] == 110 - len(unfit)


def test_ranks_begin_anew_in_each_scene(plain: Scan) -> None:
    ranks, scenes = plain.column("rank"), plain.column("scene")
    for scene in (1, 2, 3):
        mine = sorted(rank for rank, number in zip(ranks, scenes, strict=True) if number == scene and rank)
        assert mine == list(range(1, len(mine) + 1))


@pytest.mark.parametrize("truth", ["progressive", "tff", "bff"])
@pytest.mark.parametrize("flags", ["progressive", "tff", "bff"])
def test_fields_are_seen_in_the_pictures_whatever_the_flags_say(tmp_path: Path, truth: str, flags: str) -> None:
    tape = Tape(scenes=(Scene(frames=40, smeared=(9, 10)),), fields=truth, flags=flags)
    scan = scan_of(tmp_path, "a.mkv", tape)
    fields = scan.found["interlacing"]
    assert (fields["order"] or "progressive", fields["claimed"], fields["proven"]) == (truth, flags, True)
    assert scan.where("smeared") == [9, 10]
    assert ("although the file says" in "\n".join(scan_lines(scan.found, scan.place))) == (truth != flags)


def test_where_nothing_moves_the_flags_are_believed(tmp_path: Path) -> None:
    scan = scan_of(tmp_path, "a.mkv", Tape(scenes=(Scene(frames=30, speed=0),), fields="bff"))
    fields = scan.found["interlacing"]
    assert (fields["scan"], fields["order"], fields["proven"]) == ("interlaced", "bff", False)
    assert "too little moves" in "\n".join(scan_lines(scan.found, scan.place))


def test_a_tape_that_changes_its_fields_is_told_in_stretches(tmp_path: Path) -> None:
    fine = {"codec": "mpeg2video", "size": (176, 144), "options": {"b": "4000000", "flags": "+ildct+ilme"}}
    first = Tape(scenes=(Scene(frames=250),), fields="bff", **fine)
    second = Tape(scenes=(Scene(frames=40, seed=4),), flags="bff", **fine)
    joined = tmp_path / "a.m2v"
    parts = [make_tape(tmp_path / f"{number}.m2v", tape).read_bytes() for number, tape in enumerate((first, second))]
    joined.write_bytes(b"".join(parts))
    fields = Scan(tmp_path, joined).run().found["interlacing"]
    kinds = [(each["first"], each["kind"]) for each in fields["stretches"]]
    assert kinds == [(0, "bff"), (250, "progressive")]


def test_a_flash_is_no_cut_and_a_quick_pan_neither(tmp_path: Path) -> None:
    scan = scan_of(tmp_path, "a.mkv", Tape(scenes=(Scene(frames=60, speed=40),)))
    assert scan.found["scenes_found"] == 1


def test_an_empty_picture_is_not_sharp(tmp_path: Path) -> None:
    dark = Tape(scenes=(Scene(frames=20),), border=(144, 144, 0, 0))
    with pytest.raises(StopIteration):
        next(picture for picture in scan_of(tmp_path, "a.mkv", dark).listed if picture.usable)


def test_what_the_player_could_not_read_of_dv_is_found(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.avi", Tape(scenes=(Scene(frames=20),), **DV))
    conceal(path, 5, range(30))
    conceal(path, 11, (100,))
    scan = Scan(tmp_path, path).run()
    assert scan.where("dropout") == [5, 11]
    assert scan.found["dropouts"]["worst"][0] == {"frame": 5, "time": 0.2, "blocks": 30}
    assert scan.found["dropouts"]["told_by"] == "the player"


def test_the_date_that_the_camera_wrote_is_told(tmp_path: Path) -> None:
    dated = Tape(scenes=(Scene(frames=12),), metadata={"creation_time": "1998-07-12T12:03:27Z"}, **DV)
    scan = scan_of(tmp_path, "a.dv", dated)
    assert scan.found["recorded"]["first"].startswith("1998-07-12T")
    assert "recorded  1998-07-12" in "\n".join(scan_lines(scan.found, scan.place))
    assert scan_of(tmp_path / "other", "a.avi", Tape(scenes=(Scene(frames=12),), **DV)).found["recorded"] is None


def test_a_missing_end_is_reported(tmp_path: Path) -> None:
    tape = Tape(scenes=(Scene(frames=30),), container={"movflags": "faststart"}, **DV)
    path = make_tape(tmp_path / "a.mov", tape)
    with path.open("r+b") as file:
        file.truncate(packets(path)[20][0])
    scan = Scan(tmp_path, path).run()
    assert (scan.found["frames"], scan.found["missing"]) == (20, 10)
    text = "\n".join(scan_lines(scan.found, scan.place))
    assert "truncated: its index lists 30 frames, the last 10 are not there" in text


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "ffv1"), ("a.dv", "dvvideo"), ("a.avi", "dvvideo")])
def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path, name: str, codec: str) -> None:
    shape = DV if codec == "dvvideo" else {}
    path = make_tape(tmp_path / name, Tape(scenes=(Scene(frames=120, noise=0),), **shape))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 43 // 100)
    scan = Scan(tmp_path, path).run()
    assert 50 <= scan.found["frames"] <= 52
    assert "truncated" in "\n".join(scan_lines(scan.found, scan.place))


def test_a_recording_without_its_index_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mp4", Tape(scenes=(Scene(frames=30),), codec="libx264"))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    scan = Scan(tmp_path, path)
    with pytest.raises(NothingUsableError):
        scan.run()
    assert "its index must be rebuilt first" in scan.events("rejected")[0]["reason"]


def test_dv_that_was_overwritten_is_a_dropout(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.avi", Tape(scenes=(Scene(frames=20),), **DV))
    overwrite(path, packets(path)[4][0] + 72_000, bytes(36_000))
    scan = Scan(tmp_path, path).run()
    assert scan.where("dropout") == [4]
    assert scan.found["dropouts"]["worst"][0]["blocks"] == 36_000 // 80 * 135 // 150


def test_broken_packets_are_reported_with_their_places(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.avi", Tape(scenes=(Scene(frames=20),)))
    position, size = packets(path)[4]
    overwrite(path, position, b"U" * size)
    scan = Scan(tmp_path, path).run()
    assert scan.found["frames"] == 19
    (place,) = scan.found["broken"]["places"]
    assert place["byte"] == pytest.approx(position, abs=8)
    assert "1 broken place, the first at byte" in "\n".join(scan_lines(scan.found, scan.place))


def test_pixels_and_rate_are_those_of_the_file(tmp_path: Path) -> None:
    tape = Tape(scenes=(Scene(frames=12),), rate=Fraction(30000, 1001), aspect=Fraction(8, 9), codec="libx264")
    file = scan_of(tmp_path, "a.mp4", tape).found["file"]
    assert (file["aspect"], file["rate"], file["matrix"]) == ("8:9", "30000/1001", "bt601")


def test_a_folder_of_tapes_is_scanned_and_what_is_no_video_is_named(tmp_path: Path) -> None:
    tapes = tmp_path / "мои ленты"
    (tapes / "inner").mkdir(parents=True)
    make_tape(tapes / "первая лента.mkv", Tape(scenes=(Scene(frames=12),)))
    make_tape(tapes / "inner" / "b.mp4", Tape(scenes=(Scene(frames=12),), codec="libx264"))
    (tapes / "broken.avi").write_bytes(b"nothing")
    (tapes / "notes.txt").write_text("no tape")
    scan = Scan(tmp_path, tapes).run()
    (result,) = scan.events("result")
    assert (len(result["scans"]), result["rejected"]) == (2, 1)
    assert [Path(event["name"]).name for event in scan.events("rejected")] == ["broken.avi"]
    assert sorted(path.name for path in (tmp_path / "scans").iterdir() if (path / "scan.json").exists()) == sorted(
        Path(place).name for place in result["scans"]
    )


def test_a_name_that_is_not_utf_8_is_named_and_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "tapes"
    folder.mkdir()
    make_tape(folder / "a.mkv", Tape(scenes=(Scene(frames=12),)))
    (folder / os.fsdecode(b"caf\xe9.avi")).write_bytes(b"x")
    scan = Scan(tmp_path, folder).run()
    assert [event["name"] for event in scan.events("rejected")] == [f"{folder}/caf\\xe9.avi"]


def test_nothing_but_rubbish_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_bytes(b"nothing")
    with pytest.raises(NothingUsableError, match="none of 1"):
        Scan(tmp_path / "work", tmp_path / "a.avi").run()


def test_a_scan_is_not_repeated_unless_the_tape_changes_or_it_is_asked_for(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=12),)))
    first = Scan(tmp_path, path).run()
    written = (first.place / "scan.json").stat().st_mtime_ns
    assert (Scan(tmp_path, path).run().place / "scan.json").stat().st_mtime_ns == written
    assert (Scan(tmp_path, path, fresh=True).run().place / "scan.json").stat().st_mtime_ns > written
    make_tape(path, Tape(scenes=(Scene(frames=15),)))
    assert Scan(tmp_path, path).run().found["frames"] == 15


def test_a_scan_of_an_earlier_format_is_made_anew(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=12),)))
    first = Scan(tmp_path, path).run()
    today = first.found
    (first.place / "scan.json").write_text(json.dumps({**today, "version": 1, "frames": 99}))
    assert Scan(tmp_path, path).run().found == today


def test_scan_json_is_bounded_and_versioned(plain: Scan) -> None:
    assert plain.found["version"] == 2
    assert len(json.dumps(plain.found)) < 20_000


@pytest.mark.exhaustive
def test_memory_does_not_grow_with_the_tape(tmp_path: Path) -> None:
    piece = make_tape(tmp_path / "piece.dv", Tape(scenes=(Scene(frames=250),), **DV)).read_bytes()

    def peak(pieces: int) -> int:
        tape = tmp_path / f"{pieces}.dv"
        tape.write_bytes(piece * pieces)  # raw DV is one frame behind the other
        job = Scan(tmp_path / str(pieces), tape).job
        code = "import sys; from srtui import worker; code = worker.main(sys.argv[1]); "
        # Not ru_maxrss: that begins with what the process had that started this one.
        code += "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]); sys.exit(code)"
        done = subprocess.run([sys.executable, "-c", code, str(job.path)], capture_output=True, check=True, text=True)
        return int(done.stdout.split()[-1])

    few, many = peak(1), peak(5)
    assert many < few + 40_000  # kilobytes; the longer tape is 144 MB larger, its pictures 620 MB
