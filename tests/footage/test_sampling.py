"""Clean video as a source of pictures: judged by what it shows, and sampled over its scenes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from srtui.errors import SrtuiError
from srtui.footage.judging import fine_detail, grid, judge
from srtui.footage.sampling import Chosen, choose, chosen_frames, frame_at, picture_size
from tests.footage.tapes import DV, Scene, Tape, make_tape

SCENES = (
    Scene(frames=40, seed=1, smeared=range(10, 16), speed=2),
    Scene(frames=60, seed=2, repeated=(7, 8, 30), speed=2),
    Scene(frames=30, seed=3, speed=2),
)


def test_frames_are_chosen_over_the_scenes_and_read_as_they_are(tmp_path: Path) -> None:
    tape = Tape(scenes=SCENES)
    path = make_tape(tmp_path / "чистое видео.mkv", tape)
    chosen = choose(path, count=9)
    assert {each.scene for each in chosen} == {1, 2, 3}
    assert len(chosen) == 9
    assert not {each.frame for each in chosen} & {10, 11, 12, 13, 14, 15, 47, 48, 70}
    assert [each.name for each in chosen] == sorted({each.name for each in chosen})
    made = list(tape.pictures())
    assert [Chosen(**json.loads(json.dumps(dataclasses.asdict(each)))) for each in chosen] == chosen
    for each in (chosen[7], chosen[0]):
        grey = frame_at(path, each)[..., 1].astype(float)
        np.testing.assert_allclose(grey, np.clip((made[each.frame].astype(float) - 16) * 255 / 219, 0, 255), atol=1.0)


def test_without_a_count_each_scene_gives_its_best(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mp4", Tape(scenes=SCENES, codec="libx264"))
    stills = list(chosen_frames(path))
    frames = [round(still.time * 25) for still in stills]
    assert frames[0] < 40 <= frames[1] < 100 <= frames[2]
    assert all(still.rgb_hwc.shape == (288, 352, 3) for still in stills)


def test_the_choice_does_not_depend_on_threads(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mp4", Tape(scenes=SCENES, codec="libx264"))
    assert choose(path, count=20, threads=1) == choose(path, count=20, threads=4)


def test_a_video_that_was_exchanged_is_noticed(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=SCENES[:1]))
    chosen = choose(path, count=1)[0]
    make_tape(path, Tape(scenes=SCENES[1:]))
    with pytest.raises(SrtuiError, match="not what it was"):
        frame_at(path, chosen)


@pytest.mark.parametrize("tape", [Tape(scenes=SCENES), Tape(scenes=SCENES, codec="libx264", options={"crf": "20"})])
def test_sharp_progressive_video_is_accepted(tmp_path: Path, tape: Tape) -> None:
    assert judge(make_tape(tmp_path / "a.mkv", tape)) == ""


def test_who_insists_on_interlaced_video_gets_whole_pictures(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=30, noise=0),), fields="tff"))
    chosen = choose(path, count=1)[0]
    assert chosen.kind == "tff"
    grey = frame_at(path, chosen)[..., 1].astype(float)
    combs = np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2).mean() / np.abs(grey[2:] - grey[:-2]).mean()
    assert combs < 0.5


def test_a_phone_that_was_held_upright_gives_upright_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 352, 288, "yuv420p"
        stream.set_display_rotation(-90)
        for luma_hw in Tape(scenes=(Scene(frames=12),)).pictures():
            image = av.VideoFrame.from_ndarray(np.repeat(luma_hw[..., None], 3, axis=2), format="rgb24")
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    chosen = choose(path, count=1)[0]
    turned = frame_at(path, chosen)
    assert turned.shape == (352, 288, 3)
    assert picture_size(path) == (288, 352)
    made = list(Tape(scenes=(Scene(frames=12),)).pictures())[chosen.frame]
    assert np.abs(np.rot90(made, -1).astype(float) - turned[..., 1]).mean() < 5


def test_high_dynamic_range_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"x264-params": "transfer=smpte2084"})
        stream.width, stream.height, stream.pix_fmt = 352, 288, "yuv420p"
        for luma_hw in Tape(scenes=(Scene(frames=6),)).pictures():
            image = av.VideoFrame.from_ndarray(np.repeat(luma_hw[..., None], 3, axis=2), format="rgb24")
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    assert judge(path).startswith("HDR (PQ)")


@pytest.mark.parametrize("flags", ["bff", "progressive"])
def test_interlaced_video_is_refused_whatever_its_flags_say(tmp_path: Path, flags: str) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=SCENES, fields="bff", flags=flags))
    assert judge(path).startswith("interlaced (seen in")


def test_a_still_tape_is_refused_by_its_flags(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.avi", Tape(scenes=(Scene(frames=20, speed=0),), **DV))
    assert "its flags say so" in judge(path)


def rewritten(path: Path, source: Path, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Path:
    """The same video with every picture changed."""
    with av.open(str(source)) as old, av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 352, 288, "yuv420p"
        for frame in old.decode(video=0):
            image = av.VideoFrame.from_ndarray(change(frame.to_ndarray(format="rgb24")), format="rgb24")
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    return path


def enlarged(rgb_hwc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    half = cv2.resize(rgb_hwc, (176, 144), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(half, (352, 288), interpolation=cv2.INTER_CUBIC), np.uint8)


def worn(rgb_hwc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, raw = cv2.imencode(".jpg", rgb_hwc, [cv2.IMWRITE_JPEG_QUALITY, 25])
    return np.asarray(cv2.imdecode(raw, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize(("change", "reason"), [(enlarged, "soft ("), (worn, "blocky (")])
def test_soft_and_blocky_video_is_refused(
    tmp_path: Path, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]], reason: str
) -> None:
    good = make_tape(tmp_path / "good.mkv", Tape(scenes=SCENES[:1]))
    assert judge(rewritten(tmp_path / "a.mkv", good, change)).startswith(reason)


def test_photographs_are_sharp_and_without_a_grid(shared_data: Path) -> None:
    for path in sorted((shared_data / "photos" / "val").glob("*.png"))[:8]:
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert grey is not None
        luma = np.asarray(grey, np.uint8)
        assert fine_detail(luma) > -6
        assert grid(luma) < 0.5
        _, raw = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, 40])
        assert grid(np.asarray(cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE), np.uint8)) > 1
