"""Extracting frames: which, how they look, what they say of themselves."""

from __future__ import annotations

import csv
import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from srtui.errors import NothingUsableError, UsageError
from srtui.footage.colours import deinterlaced, to_rgb
from srtui.footage.filters import Filters
from srtui.footage.frame_list import Listed
from srtui.footage.reader import Reader
from srtui.footage.selection import select
from tests.footage.scanning import extract
from tests.footage.tapes import DV, Scene, Tape, make_tape, texture

SCENES = (Scene(frames=40, seed=1, smeared=range(10, 16)), Scene(frames=60, seed=2, repeated=(7, 8, 30)))


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "names.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def picture(path: Path) -> NDArray[np.uint8]:
    raw: NDArray[np.uint8] = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)  # type: ignore[assignment]  # cv2's own stubs say Mat
    return raw[..., ::-1]


def test_each_field_becomes_a_picture_that_says_where_it_is_from(tmp_path: Path) -> None:
    tape = Tape(scenes=SCENES, fields="bff", codec="libx264", aspect=Fraction(16, 15))
    path = make_tape(tmp_path / "отпуск 1998.mp4", tape)
    extract(tmp_path, path, tmp_path / "out", count=4)
    rows = rows_of(tmp_path / "out")
    assert [row["name"] for row in rows] == [f"000{number}.png" for number in range(1, 9)]
    assert [row["field"] for row in rows] == ["earlier", "later"] * 4
    assert {row["scene"] for row in rows} == {"1", "2"}
    assert not {int(row["frame"]) for row in rows} & {10, 11, 12, 13, 14, 15, 47, 48, 70}
    assert float(rows[1]["time"]) - float(rows[0]["time"]) == pytest.approx(0.02)
    with Image.open(tmp_path / "out" / "0001.png") as image:
        assert image.size == (352, 288)
        text: dict[str, Any] = image.text  # type: ignore[attr-defined]  # of PNG only
        assert text["Source"] == "отпуск 1998.mp4"
        assert text["Frame"] == rows[0]["frame"]
        wide, high = image.info["aspect"]
        assert Fraction(high, wide) == Fraction(16, 15)


def test_one_picture_a_frame_if_asked_for(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=SCENES, fields="tff"))
    extract(tmp_path, path, tmp_path / "out", share=0.1, both_fields=False)
    assert [row["field"] for row in rows_of(tmp_path / "out")] == ["both"] * 9


def test_progressive_frames_are_left_as_they_are(tmp_path: Path) -> None:
    tape = Tape(scenes=(Scene(frames=20, noise=0),))
    extract(tmp_path, make_tape(tmp_path / "a.mkv", tape), tmp_path / "out", count=3)
    made = list(tape.pictures())
    for row in rows_of(tmp_path / "out"):
        grey = picture(tmp_path / "out" / row["name"])[..., 1].astype(float)
        luma = made[int(row["frame"])].astype(float)
        np.testing.assert_allclose(grey, np.clip((luma - 16) * 255 / 219, 0, 255), atol=1.0)


@pytest.mark.parametrize("order", ["tff", "bff"])
def test_deinterlacing_follows_the_motion_in_the_right_order(tmp_path: Path, order: str) -> None:
    """The two pictures of a frame are half a frame of motion apart, the earlier one first; neither has combs."""
    tape = Tape(scenes=(Scene(frames=12, noise=0),), fields=order)
    extract(tmp_path, make_tape(tmp_path / "a.mkv", tape), tmp_path / "out", count=3)
    ground = texture(0)
    for row in rows_of(tmp_path / "out"):
        left = 4 * int(row["frame"]) + (2 if row["field"] == "later" else 0)
        grey = picture(tmp_path / "out" / row["name"])[..., 1].astype(float)
        errors = {}
        for shift in (-2, 0, 2):
            truth = np.clip(np.roll(ground, -(left + shift), axis=1)[:288, :352], 16, 235)
            errors[shift] = np.abs((truth - 16) * 255 / 219 - grey)[8:-8, 8:-8].mean()
        assert min(errors, key=lambda shift: errors[shift]) == 0
        assert errors[0] < 0.5 * min(errors[-2], errors[2])


@pytest.mark.parametrize(("matrix", "height"), [("bt601", 576), ("bt709", 720)])
def test_colours_come_out_as_they_went_in(tmp_path: Path, matrix: str, height: int) -> None:
    rgb_hwc = np.zeros((height, 720, 3), np.uint8)
    for number, colour in enumerate([(200, 30, 30), (30, 200, 30), (30, 30, 200), (250, 250, 250), (5, 5, 5)]):
        rgb_hwc[:, number * 144 : (number + 1) * 144] = colour
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 720, height, "yuv420p"
        image = av.VideoFrame.from_ndarray(rgb_hwc, format="rgb24")
        steps = (("scale", f"out_color_matrix={matrix}:out_range=limited"), ("format", "yuv420p"))
        (coded,) = Filters(image, steps).push(image)
        container.mux(stream.encode(coded))
        container.mux(stream.encode(None))
    with Reader(path) as reader:
        back = to_rgb(next(reader).image, reader.facts)
    for number in range(5):
        middle = (height // 2, number * 144 + 72)
        np.testing.assert_allclose(back[middle].astype(int), rgb_hwc[middle].astype(int), atol=2)


def woven(top: tuple[int, int], bottom: tuple[int, int]) -> Any:
    """A grey frame whose fields have the given Cb and Cr."""
    planes = np.full((288 * 3 // 2, 352), 100, np.uint8)
    chroma = planes[288:].reshape(2, 144, 176)
    for plane in (0, 1):
        chroma[plane, 0::2], chroma[plane, 1::2] = top[plane], bottom[plane]
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def test_chroma_of_fields_is_not_mixed(tmp_path: Path) -> None:
    """Red at one moment, blue at the next: each field has its own colour only, on all lines."""
    grey, red, blue = (128, 128), (90, 220), (220, 90)
    with Reader(make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=4),)))) as reader:
        images = [woven(grey, grey), woven(red, blue), woven(grey, grey)]
        whole = deinterlaced(images, "tff", reader.facts, both_fields=True)
        early, late = (to_rgb(each, reader.facts)[100:108, 176].astype(int) for each in whole[2:4])
    assert (early[:, 0] > early[:, 2] + 100).all()
    assert (late[:, 2] > late[:, 0] + 100).all()


def test_a_folder_with_something_else_is_left_alone_but_what_a_kill_left_is_nothing(tmp_path: Path) -> None:
    path, output = make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=20),))), tmp_path / "out"
    output.mkdir()
    (output / "0001.png").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is not empty"):
        extract(tmp_path, path, output, count=3)
    assert (output / "0001.png").read_bytes() == b"mine"
    (output / "0001.png").rename(output / "..frames.json.01234567.part")
    extract(tmp_path, path, output, count=3, both_fields=False)
    assert sorted(each.name for each in output.iterdir()) == [
        ".frames.json",
        "0001.png",
        "0002.png",
        "0003.png",
        "names.csv",
    ]


def test_a_tape_that_shows_nothing_gives_nothing(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=20),), border=(144, 144, 0, 0)))
    with pytest.raises(NothingUsableError):
        extract(tmp_path, path, tmp_path / "out", count=3)


def test_dv_keeps_the_shape_of_its_pixels(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.avi", Tape(scenes=(Scene(frames=12),), **DV))
    extract(tmp_path, path, tmp_path / "out", count=1)
    assert [row["sar"] for row in rows_of(tmp_path / "out")] == ["16:15", "16:15"]
    assert picture(tmp_path / "out" / "0001.png").shape == (576, 720, 3)


def listed(*scenes: list[float]) -> list[Listed]:
    values = [(scene, value) for scene, values in enumerate(scenes, start=1) for value in values]
    return [
        Listed(frame=i, time=i / 25, pts=i, crc=0, scene=scene, sharpness=value, usable=value > -9)
        for i, (scene, value) in enumerate(values)
    ]


def test_the_best_of_each_scene_comes_first_and_long_scenes_before_short_ones() -> None:
    pictures = listed([-3.0, -2.0, -4.0], [-5.0, -6.0, -7.0, -8.0], [-10.0])
    assert [each.frame for each in select(pictures, 1)] == [3]
    assert [each.frame for each in select(pictures, 2)] == [1, 3]
    assert [each.frame for each in select(pictures, 100)] == [0, 1, 2, 3, 4, 5, 6]


def test_more_pictures_of_a_scene_lie_far_from_one_another() -> None:
    pictures = listed([-2.0 - abs(i - 50) / 100 for i in range(101)])
    chosen = [each.frame for each in select(pictures, 5)]
    assert 50 in chosen
    assert min(b - a for a, b in itertools.pairwise(chosen)) >= 20


def test_a_smaller_choice_is_part_of_a_larger_one() -> None:
    random = np.random.default_rng(0)
    pictures = listed(*[list(random.uniform(-8, -2, size)) for size in (5, 70, 31, 1)])
    choices = [{each.frame for each in select(pictures, count)} for count in range(1, 108)]
    assert all(small < large for small, large in itertools.pairwise(choices))
