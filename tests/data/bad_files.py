"""Fifty files that cannot be learned from, each for a reason of its own."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.data.pictures_cases import encoded, grey_profile, png_chunk, png_that_says, smooth
from tests.data.test_material import blurred, saved, scenery, smooth_scenery, woven


def write_bad_files(folder: Path, good: Path) -> dict[str, str]:
    """Write them below ``folder``; gives the beginning of each one's reason.

    Parameters
    ----------
    good
        A picture of the source that comes before them by name: some are copies of it.
    """
    expected = {}
    for name, (reason, content) in {**_damaged(), **_not_pictures(), **_sizes(), **_several(), **_material()}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        expected[name] = reason
    return expected | _copies(folder, good) | _special(folder)


def _damaged() -> dict[str, tuple[str, bytes]]:
    picture = smooth(100, 120, seed=901)
    whole = {kind: encoded(picture, kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM")}
    palette, deep = encoded(picture, "PNG", "P"), cv2.imencode(".png", picture.astype(np.uint16) * 257)[1].tobytes()
    flipped = bytearray(whole["PNG"])
    flipped[len(flipped) // 2] ^= 1
    head = whole["PNG"][:33]
    garbage = head + png_chunk(b"IDAT", zlib.compress(bytes(range(100)))) + png_chunk(b"IEND", b"")
    return {
        "damaged/a half.png": ("truncated", whole["PNG"][: len(whole["PNG"]) // 2]),
        "damaged/b nearly whole.png": ("truncated", whole["PNG"][:-5]),
        "damaged/c palette.png": ("truncated", palette[: len(palette) // 2]),
        "damaged/d deep.png": ("truncated", deep[: len(deep) // 2]),
        "damaged/e half.jpg": ("truncated", whole["JPEG"][: len(whole["JPEG"]) // 2]),
        "damaged/f nearly whole.jpg": ("truncated", whole["JPEG"][: int(len(whole["JPEG"]) * 0.9)]),
        "damaged/g head only.jpg": ("", whole["JPEG"][:200]),
        "damaged/h half.webp": ("", whole["WEBP"][: len(whole["WEBP"]) // 2]),
        "damaged/i half.bmp": ("truncated", whole["BMP"][: len(whole["BMP"]) // 2]),
        "damaged/j half.tif": ("truncated", whole["TIFF"][:-500]),
        "damaged/k half.ppm": ("truncated", whole["PPM"][: len(whole["PPM"]) // 2]),
        "damaged/l checksum.png": ("damaged: wrong checksum in IDAT", bytes(flipped)),
        "damaged/m no pixels.png": ("truncated", head + png_chunk(b"IEND", b"")),
        "damaged/n garbage inside.png": ("truncated or damaged", garbage),
        "damaged/o colour profile.jpg": (
            "its colour profile is damaged",
            encoded(picture, "JPEG", icc_profile=b"x" * 200),
        ),
        "damaged/p profile of grey.jpg": (
            "its colour profile is for GRAY",
            encoded(picture, "JPEG", icc_profile=grey_profile()),
        ),
    }


def _not_pictures() -> dict[str, tuple[str, bytes]]:
    picture = smooth(100, 120, seed=902)
    none = "not a picture, or not of a kind that is read here"
    return {
        "other/a empty.png": ("empty file", b""),
        "other/b empty.jpg": ("empty file", b""),
        "other/c текст.png": (none, "это не картинка".encode()),
        "other/d zeros.jpg": (none, bytes(5000)),
        "other/e page.png": (none, b"<!DOCTYPE html><title>404</title>"),
        "other/f gif.png": (none, encoded(picture, "GIF")),
        "other/g archive.jpg": (none, b"PK\x03\x04" + bytes(300)),
        "other/h notes.txt": ("not called like a picture", b"notes"),
        "other/i raw.CR2": ("not called like a picture", b"raw"),
        "other/j picture": ("not called like a picture", encoded(picture, "PNG")),
    }


def _sizes() -> dict[str, tuple[str, bytes]]:
    return {
        "sizes/a one pixel.png": ("too small: 1×1", encoded(smooth(1, 1), "PNG")),
        "sizes/b icon.png": ("too small: 32×32", encoded(smooth(32, 32), "PNG")),
        "sizes/c short.png": ("too small: 200×63, 192×48", encoded(smooth(63, 200), "PNG")),
        "sizes/d narrow.jpg": ("too small: 15×200", encoded(smooth(200, 15), "JPEG")),
        "sizes/e giant.png": ("too large: 100000×100000", png_that_says(100_000, 100_000)),
        "sizes/f long.png": ("too large: 70000×10", png_that_says(70_000, 10)),
        "sizes/g bomb.png": ("too large: 20000×20000", png_that_says(20_000, 20_000)),
        "sizes/h says more.png": ("truncated or damaged", png_that_says(200, 100)),
    }


def _several() -> dict[str, tuple[str, bytes]]:
    frames = [Image.fromarray(smooth(100, 120, seed=seed)) for seed in (903, 904)]
    several = {"save_all": True, "append_images": frames}
    picture = smooth(100, 120, seed=905)
    clear = Image.fromarray(picture).convert("RGBA")
    clear.putpixel((3, 4), (1, 2, 3, 17))
    key = tuple(int(value) for value in picture[4, 3])
    return {
        "several/a animated.webp": ("animated", encoded(picture, "WEBP", **several)),
        "several/b animated.png": ("animated", encoded(picture, "PNG", **several)),
        "several/c pages.tif": ("animated", encoded(picture, "TIFF", **several)),
        "several/d see-through.png": ("transparent (alpha goes down to 17)", encoded(np.asarray(clear), "PNG", "RGBA")),
        "several/e keyed.png": ("transparent", encoded(picture, "PNG", transparency=key)),
        "several/f lab.tif": ("pixels of kind LAB are not read", encoded(picture, "TIFF", "LAB")),
    }


def _material() -> dict[str, tuple[str, bytes]]:
    return {
        "unclean/a white.png": ("flat: ", encoded(np.full((200, 200, 3), 255, np.uint8), "PNG")),
        "unclean/b black.jpg": ("flat: ", encoded(np.zeros((200, 200, 3), np.uint8), "JPEG")),
        "unclean/c worn.jpg": ("worn by JPEG", encoded(smooth_scenery(), "JPEG", quality=25)),
        "unclean/d worn.png": ("worn by JPEG", encoded(saved(smooth_scenery(), 20), "PNG")),
        "unclean/e combs.png": ("interlaced: ", encoded(woven(scenery(seed=906)), "PNG")),
        "unclean/f soft.png": ("soft: ", encoded(blurred(scenery(seed=907), 2.0), "PNG")),
    }


def _copies(folder: Path, good: Path) -> dict[str, str]:
    """Copies of a good picture: they come after it in the order of names."""
    with Image.open(good) as picture:
        picture.load()
    (folder / "яcopies").mkdir()
    picture.save(folder / "яcopies" / "a.png")
    picture.save(folder / "яcopies" / "b.bmp")
    picture.save(folder / "яcopies" / "c.jpg", quality=92)
    return {
        "яcopies/a.png": f"the same as {good.name}",
        "яcopies/b.bmp": f"the same as {good.name}",
        "яcopies/c.jpg": f"nearly the same as {good.name}",
    }


def _special(folder: Path) -> dict[str, str]:
    (folder / "special").mkdir()
    os.mkfifo(folder / "special" / "a pipe.png")
    (folder / "special" / "b lost.png").symlink_to(folder / "gone.png")
    (folder / "special" / "c up").symlink_to(folder)
    descriptor = os.open(os.fsencode(folder) + b"/special/\xe4.png", os.O_CREAT | os.O_WRONLY)
    os.close(descriptor)
    return {
        "special/a pipe.png": "not a file",
        "special/b lost.png": "No such file",
        "special/c up": "a link to a folder that it lies in",
        "special/\\xe4.png": "its name is not UTF-8",
    }
