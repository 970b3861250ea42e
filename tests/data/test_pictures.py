"""Every kind of picture is read as the same uint8 sRGB, or refused with its reason."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from srtui.data.pictures import PictureRejected, read_header, read_picture, write_png
from tests.data.pictures_cases import encoded, grey_profile, png_chunk, png_that_says, profile, smooth

RGB = smooth()
GREY = np.repeat(np.asarray(Image.fromarray(RGB).convert("L"))[..., None], 3, axis=2)
DEEP = np.random.default_rng(1).integers(0, 65536, (64, 96, 3), np.uint16)
DEEP_AS_8 = ((DEEP.astype(int) + 128) // 257).astype(np.uint8)

LOSSLESS = {
    "png": encoded(RGB, "PNG"),
    "bmp": encoded(RGB, "BMP"),
    "ppm": encoded(RGB, "PPM"),
    "webp": encoded(RGB, "WEBP", lossless=True),
    "tif": encoded(RGB, "TIFF"),
    "lzw.tif": encoded(RGB, "TIFF", compression="tiff_lzw"),
    "deflate.tiff": encoded(RGB, "TIFF", compression="tiff_deflate"),
    "rgba.png": encoded(RGB, "PNG", "RGBA"),
    "rgba.webp": encoded(RGB, "WEBP", "RGBA", lossless=True),
    "rgba.tif": encoded(RGB, "TIFF", "RGBA"),
    "cmyk.tif": encoded(RGB, "TIFF", "CMYK"),
}
GREYS = {
    "png": encoded(RGB, "PNG", "L"),
    "la.png": encoded(RGB, "PNG", "LA"),
    "bmp": encoded(RGB, "BMP", "L"),
    "tif": encoded(RGB, "TIFF", "L"),
    "pgm": encoded(RGB, "PPM", "L"),
    "webp": encoded(RGB, "WEBP", "L", lossless=True),
}
LOSSY = {
    "jpg": encoded(RGB, "JPEG", quality=98),
    "webp": encoded(RGB, "WEBP", quality=98),
    "jpeg.tif": encoded(RGB, "TIFF", compression="jpeg"),
    "cmyk.jpg": encoded(RGB, "JPEG", "CMYK", quality=98),
}


def read(folder: Path, name: str, content: bytes) -> np.ndarray:
    path = folder / name
    path.write_bytes(content)
    rgb_hwc = read_picture(path)
    header = read_header(path)
    assert (header.height, header.width) == rgb_hwc.shape[:2]
    assert rgb_hwc.dtype == np.uint8
    assert rgb_hwc.flags.c_contiguous
    return rgb_hwc


def reason(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(PictureRejected) as caught:
        read_picture(path)
    return str(caught.value)


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_files_are_read_exactly(tmp_path: Path, name: str) -> None:
    assert np.array_equal(read(tmp_path, name, LOSSLESS[name]), RGB)


@pytest.mark.parametrize("name", GREYS)
def test_grey_is_repeated(tmp_path: Path, name: str) -> None:
    assert np.array_equal(read(tmp_path, name, GREYS[name]), GREY)


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_files_are_read_nearly(tmp_path: Path, name: str) -> None:
    assert np.abs(read(tmp_path, name, LOSSY[name]).astype(int) - RGB).mean() < 4


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.ppm"])
def test_16_bits_are_rounded_to_8(tmp_path: Path, name: str) -> None:
    cv2.imwrite(str(tmp_path / name), DEEP[..., ::-1])
    assert np.array_equal(read_picture(tmp_path / name), DEEP_AS_8)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_16_bit_grey_is_rounded_and_repeated(tmp_path: Path, name: str) -> None:
    cv2.imwrite(str(tmp_path / name), DEEP[..., 0])
    assert np.array_equal(read_picture(tmp_path / name), np.repeat(DEEP_AS_8[..., :1], 3, axis=2))


def test_16_bit_opaque_alpha_is_dropped_and_other_is_not(tmp_path: Path) -> None:
    with_alpha = np.dstack([DEEP[..., ::-1], np.full(DEEP.shape[:2], 65535, np.uint16)])
    cv2.imwrite(str(tmp_path / "a.png"), with_alpha)
    assert np.array_equal(read_picture(tmp_path / "a.png"), DEEP_AS_8)
    with_alpha[5, 5, 3] = 65000
    cv2.imwrite(str(tmp_path / "a.png"), with_alpha)
    with pytest.raises(PictureRejected, match="alpha goes down to 65000"):
        read_picture(tmp_path / "a.png")


def test_palettes_and_bitmaps_are_read(tmp_path: Path) -> None:
    for mode, options in (("P", {}), ("1", {})):
        expected = np.asarray(Image.fromarray(RGB).convert(mode).convert("RGB"))
        assert np.array_equal(read(tmp_path, "a.png", encoded(RGB, "PNG", mode, **options)), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_pictures_are_turned_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(RGB, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    (tmp_path / "a").write_bytes(content)
    with Image.open(tmp_path / "a") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(read(tmp_path, f"a.{kind}", content), expected)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_16_bit_tiff_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    deep = Image.frombytes("I;16", (96, 64), DEEP[..., 0].tobytes())
    deep.save(tmp_path / "a.tif", tiffinfo={274: orientation})
    expected = np.rot90(DEEP_AS_8[..., :1], {1: 0, 3: 2, 6: -1, 8: 1}[orientation])
    assert np.array_equal(read_picture(tmp_path / "a.tif"), np.repeat(expected, 3, axis=2))


def test_orientation_behind_the_pixels_of_a_png_is_found(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = LOSSLESS["png"][:-12] + png_chunk(b"eXIf", exif.tobytes()[6:]) + LOSSLESS["png"][-12:]
    (tmp_path / "a.png").write_bytes(content)
    assert np.array_equal(read_picture(tmp_path / "a.png"), np.rot90(RGB, -1))


def test_colour_profiles_are_applied(tmp_path: Path) -> None:
    swapped = read(tmp_path, "a.png", encoded(RGB, "PNG", icc_profile=profile(red="bXYZ", blue="rXYZ")))
    assert np.abs(swapped.astype(int) - RGB[..., ::-1]).mean() < 4
    assert np.abs(swapped.astype(int) - RGB).mean() > 20


def test_profiles_of_deep_and_grey_pictures_are_applied(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), DEEP[..., ::-1])
    plain = (tmp_path / "deep.png").read_bytes()
    with_profile = encoded(RGB, "PNG", icc_profile=profile(red="bXYZ", blue="rXYZ"))
    start = with_profile.index(b"iCCP") - 4
    chunk = with_profile[start : start + 12 + int.from_bytes(with_profile[start : start + 4], "big")]
    swapped = read(tmp_path, "a.png", plain[:33] + chunk + plain[33:])
    assert np.abs(swapped.astype(int) - DEEP_AS_8[..., ::-1]).mean() < 4
    linear = read(tmp_path, "b.png", encoded(RGB, "PNG", "L", icc_profile=grey_profile()))
    assert (linear.astype(int) >= GREY).mean() > 0.99
    assert (linear.astype(int) - GREY).mean() > 20


def test_srgb_by_name_changes_nothing(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(read(tmp_path, "a.png", encoded(RGB, "PNG", icc_profile=icc)), RGB)


def test_a_profile_that_is_none_or_for_other_pixels_is_refused(tmp_path: Path) -> None:
    assert "profile is damaged" in reason(tmp_path, "a.jpg", encoded(RGB, "JPEG", icc_profile=b"x" * 200))
    assert "profile is for GRAY" in reason(tmp_path, "a.jpg", encoded(RGB, "JPEG", icc_profile=grey_profile()))


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("name", ["a.jpg", "cmyk.jpg", "a.png", "a.webp", "a.bmp", "a.ppm", "palette.png", "deep.png"])
def test_truncated_files_are_refused(tmp_path: Path, name: str, part: float) -> None:
    contents = {
        "a.jpg": LOSSY["jpg"],
        "cmyk.jpg": LOSSY["cmyk.jpg"],
        "palette.png": encoded(RGB, "PNG", "P"),
        "deep.png": cv2.imencode(".png", DEEP)[1].tobytes(),
    }
    content = contents.get(name) or LOSSLESS[name.removeprefix("a.")]
    assert reason(tmp_path, name, content[: int(len(content) * part)])


def test_a_truncated_tiff_is_refused(tmp_path: Path) -> None:
    assert "truncated" in reason(tmp_path, "a.tif", LOSSLESS["tif"][:-500])


def test_a_damaged_png_is_refused(tmp_path: Path) -> None:
    content = bytearray(LOSSLESS["png"])
    content[len(content) // 2] ^= 1
    assert reason(tmp_path, "a.png", bytes(content)) == "damaged: wrong checksum in IDAT"


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    assert reason(tmp_path, "text.png", "привет\n".encode()) == "not a picture, or not of a kind that is read here"
    assert reason(tmp_path, "empty.png", b"") == "empty file"
    assert reason(tmp_path, "a.png", encoded(RGB, "GIF")) == "not a picture, or not of a kind that is read here"
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    for name, expected in (("pipe.png", "not a file"), ("folder.png", "not a file"), ("gone.png", "No such file")):
        for function in (read_picture, read_header):
            with pytest.raises(PictureRejected, match=expected):
                function(tmp_path / name)


def test_transparent_pictures_are_refused(tmp_path: Path) -> None:
    image = Image.fromarray(RGB).convert("RGBA")
    image.putpixel((3, 4), (1, 2, 3, 17))
    for kind in ("PNG", "WEBP", "TIFF"):
        image.save(tmp_path / kind, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
        with pytest.raises(PictureRejected, match="alpha goes down to 17"):
            read_picture(tmp_path / kind)
    key = tuple(int(value) for value in RGB[4, 3])
    assert "transparent" in reason(tmp_path, "keyed.png", encoded(RGB, "PNG", transparency=key))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_animations_are_refused(tmp_path: Path, kind: str) -> None:
    frames = [Image.fromarray(RGB[::-1])]
    assert "animated" in reason(tmp_path, "a", encoded(RGB, kind, save_all=True, append_images=frames))


def test_unusual_pixels_are_refused_by_name(tmp_path: Path) -> None:
    assert "LAB" in reason(tmp_path, "a.tif", encoded(RGB, "TIFF", "LAB"))


def test_a_giant_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    assert "too large: 100000×100000" in reason(tmp_path, "a.png", png_that_says(100_000, 100_000))
    assert "65500 a side" in reason(tmp_path, "b.png", png_that_says(70_000, 10))
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_size_that_the_pixels_do_not_fill_is_refused(tmp_path: Path) -> None:
    assert reason(tmp_path, "a.png", png_that_says(200, 100)) == "truncated or damaged"


def test_names_with_spaces_and_cyrillic_letters_are_read(tmp_path: Path) -> None:
    for name in ("с пробелом и ё.png", "a b.jpg", "字.tif"):
        kind = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF"}[name.split(".")[1]]
        assert read(tmp_path, name, encoded(RGB, kind)).shape == RGB.shape


def test_write_png_is_read_back_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_png(tmp_path / "снимок 1.png", RGB)
    assert np.array_equal(read_picture(tmp_path / "снимок 1.png"), RGB)
    assert [path.name for path in tmp_path.iterdir()] == ["снимок 1.png"]
