"""The PNG reader gives cv2's pixels or leaves the file to cv2; whatever the file holds, it neither dies nor guesses."""

from __future__ import annotations

import io
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin
from srtui_kernels import png, read_png

from tests.cases import NO_PHOTOGRAPHS, Picture, gradient, noise, photographs
from tests.kernels.reference.png import SIGNATURE, chunk, encode, head, lines
from tests.kernels.verbs import assert_same_bytes

RGB = gradient(20, 31)
FILE = encode(RGB, extra=chunk(b"gAMA", (45455).to_bytes(4, "big")), pieces=3)
END = chunk(b"IEND", b"")


def by_cv2(raw: bytes) -> Picture | None:
    """Decode with cv2; RGB, grey repeated, alpha dropped when it is opaque."""
    pixels = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint8:
        return None
    if pixels.ndim == 3 and pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        return None
    codes = {2: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}
    return np.asarray(cv2.cvtColor(pixels, codes[2 if pixels.ndim == 2 else pixels.shape[2]]), np.uint8)


def saved(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def assert_cv2s_or_none(raw: bytes) -> Picture | None:
    ours = read_png(raw)
    if ours is not None:
        expected = by_cv2(raw)
        assert expected is not None
        assert_same_bytes(ours, expected, "what cv2 reads")
    return ours


@pytest.mark.parametrize("filters", [(0,), (1,), (2,), (3,), (4,), (4, 3, 2, 1, 0), (1, 4, 4, 3, 3, 2)])
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (9, 1, 3), (17, 23, 3), (8, 64, 3), (11, 13, 4), (12, 7, 1)])
def test_every_filter_is_undone(filters: tuple[int, ...], shape: tuple[int, int, int]) -> None:
    for picture in (noise(*shape), np.full(shape, 255, np.uint8), np.resize(RGB, shape)):
        if shape[2] == 4:
            picture[..., 3] = 255
        raw = encode(picture, filters)
        ours = read_png(raw)
        assert ours is not None
        assert_same_bytes(ours, np.broadcast_to(picture[..., :3], (*shape[:2], 3)), (filters, shape))
        assert_cv2s_or_none(raw)


def test_scan_lines_are_undone_with_any_number_of_channels() -> None:
    for channels in (1, 3, 4):
        picture = noise(15, 21, channels)
        filtered = lines(picture, [y % 5 for y in range(15)])
        ours = png.unfilter(filtered, channels)
        assert ours is not None
        assert_same_bytes(ours, picture.reshape(15, -1), channels)
        filtered[7, 0] = 5
        assert png.unfilter(filtered, channels) is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_what_pillow_and_cv2_write_is_read(mode: str) -> None:
    image = Image.fromarray(np.resize(RGB, (90, 131, 3))).convert(mode)
    by_pillow = saved(image)
    for raw in (by_pillow, saved(image, compress_level=0), saved(image, optimize=True)):
        ours = assert_cv2s_or_none(raw)
        assert ours is not None
        assert_same_bytes(ours, np.asarray(image.convert("RGB")), mode)
    large = noise(200, 300, 3)
    ours = read_png(cv2.imencode(".png", large[..., ::-1])[1])
    assert ours is not None
    assert_same_bytes(ours, large, "cv2's file")


def test_any_holder_of_bytes_is_read() -> None:
    for raw in (FILE, memoryview(FILE), np.frombuffer(FILE, np.uint8), bytearray(FILE)):
        ours = read_png(raw)
        assert ours is not None
        assert_same_bytes(ours, RGB, type(raw))
    with pytest.raises(TypeError, match="items of 2 bytes"):
        read_png(np.zeros(100, np.uint16))
    with pytest.raises(TypeError, match="contiguous: False"):
        read_png(np.frombuffer(FILE, np.uint8)[::2])


def information() -> dict[str, bytes]:
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "b")
    text.add_text("c", "d" * 100, zip=True)
    text.add_itxt("e", "я", "ru", "ж")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(RGB)
    return {
        "text": saved(image, pnginfo=text),
        "profile": saved(image, icc_profile=srgb),
        "exif": saved(image, exif=exif),
        "resolution": saved(image, dpi=(300, 300)),
        "gamma": encode(RGB, extra=chunk(b"gAMA", (100000).to_bytes(4, "big"))),
        "primaries": encode(RGB, extra=chunk(b"cHRM", bytes([0, 0, 100, 0] * 8))),
        "sRGB": encode(RGB, extra=chunk(b"sRGB", b"\0")),
        "background": encode(RGB, extra=chunk(b"bKGD", bytes([0, 9, 0, 200, 0, 7]))),
        "time": encode(RGB, extra=chunk(b"tIME", bytes([7, 230, 1, 2, 3, 4, 5]))),
    }


@pytest.mark.parametrize("name", information())
def test_what_changes_no_pixel_is_passed_over(name: str) -> None:
    ours = assert_cv2s_or_none(information()[name])
    assert ours is not None
    assert_same_bytes(ours, RGB, name)


def odd_files() -> dict[str, bytes]:
    image, two = Image.fromarray(RGB), [Image.fromarray(RGB[::-1])]
    clear = np.concatenate([RGB, np.full((20, 31, 1), 254, np.uint8)], axis=2)
    body, raw = chunk(b"IDAT", zlib.compress(lines(RGB, [0] * 20).tobytes())), lines(RGB, [0] * 20).tobytes()
    first = SIGNATURE + head(31, 20, 2)
    return {
        "palette": saved(image.convert("P")),
        "one bit": saved(image.convert("1")),
        "grey and alpha": saved(image.convert("LA")),
        "16 bits": saved(Image.fromarray(np.zeros((4, 4), np.uint16))),
        "a transparent colour": saved(image, transparency=(1, 2, 3)),
        "transparent": encode(clear),
        "animated": saved(image, save_all=True, append_images=two),
        "interlaced": SIGNATURE + head(31, 20, 2, methods=(0, 0, 1)) + body + END,
        "another compression": SIGNATURE + head(31, 20, 2, methods=(1, 0, 0)) + body + END,
        "other filters": SIGNATURE + head(31, 20, 2, methods=(0, 1, 0)) + body + END,
        "no such colour": SIGNATURE + head(31, 20, 5) + body + END,
        "no width": SIGNATURE + head(0, 20, 2) + body + END,
        "four billion pixels": SIGNATURE + head(65536, 65536, 2) + body + END,
        "an unknown filter": encode_lines(bytes([5]) + raw[1:]),
        "a byte too few": encode_lines(raw[:-1]),
        "a byte too many": encode_lines(raw + b"\0"),
        "bytes behind the stream": first + chunk(b"IDAT", zlib.compress(raw) + b"x") + END,
        "a wrong sum of the stream": first + chunk(b"IDAT", zlib.compress(raw)[:-1] + b"x") + END,
        "no zlib": first + chunk(b"IDAT", raw) + END,
        "a small window": first + chunk(b"IDAT", small_window(raw)) + END,
        "bytes behind the end": FILE + b"\0",
        "no head": SIGNATURE + body + END,
        "a head too long": SIGNATURE + chunk(b"IHDR", bytes(14)) + body + END,
        "two heads": first + head(31, 20, 2) + body + END,
        "no pixels": first + END,
        "an empty piece of pixels": first + chunk(b"IDAT", b"") + body + END,
        "pixels in two places": first + body[:20] + chunk(b"tIME", bytes(7)) + body + END,
        "an unknown chunk": encode(RGB, extra=chunk(b"abCd", b"x")),
        "an end with contents": first + body + chunk(b"IEND", b"x"),
        "no PNG": b"GIF89a" + bytes(100),
        "nothing": b"",
    }


def encode_lines(raw: bytes) -> bytes:
    return SIGNATURE + head(31, 20, 2) + chunk(b"IDAT", zlib.compress(raw)) + END


def small_window(raw: bytes) -> bytes:
    stream = zlib.compressobj(wbits=10)
    return stream.compress(raw) + stream.flush()


@pytest.mark.parametrize("name", odd_files())
def test_odd_files_are_left_to_others(name: str) -> None:
    assert read_png(odd_files()[name]) is None


def test_every_truncation_is_noticed() -> None:
    assert all(read_png(FILE[:size]) is None for size in range(len(FILE)))


def test_every_damaged_byte_is_noticed() -> None:
    for place in range(len(FILE)):
        damaged = bytearray(FILE)
        damaged[place] ^= 1 + place % 255
        assert read_png(damaged) is None, place


def test_a_limit_of_pixels_holds() -> None:
    assert read_png(FILE, largest=20 * 31) is not None
    assert read_png(FILE, largest=20 * 31 - 1) is None


def test_a_bomb_takes_no_memory() -> None:
    stream = zlib.compressobj(9)
    bomb = b"".join(stream.compress(bytes(1 << 20)) for _ in range(200)) + stream.flush()
    raw = SIGNATURE + head(31, 20, 2) + chunk(b"IDAT", bomb) + END
    tracemalloc.start()
    assert read_png(raw) is None
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_zlib_does_what_igzip_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "_inflater", zlib.decompressobj)
    monkeypatch.setattr(png, "_errors", (zlib.error,))
    ours = read_png(FILE)
    assert ours is not None
    assert_same_bytes(ours, RGB, "with zlib")
    test_every_truncation_is_noticed()
    test_a_bomb_takes_no_memory()
    for name, raw in odd_files().items():
        assert read_png(raw) is None, name


KINDS = [b"tEXt", b"gAMA", b"tRNS", b"PLTE", b"acTL", b"fcTL", b"IEND"]
CHUNKS = st.one_of(
    st.builds(chunk, st.sampled_from(KINDS), st.binary(max_size=30)),
    st.builds(
        head, st.integers(0, 9), st.integers(0, 9), st.integers(0, 7), st.sampled_from([8, 8, 8, 4, 16]),
        st.sampled_from([(0, 0, 0), (0, 0, 1)]),
    ),
    st.builds(lambda raw: chunk(b"IDAT", raw), st.binary(max_size=40)),
    st.builds(
        lambda raw, level: chunk(b"IDAT", zlib.compress(raw, level)), st.binary(max_size=300), st.integers(0, 9)
    ),
)  # fmt: skip


def pieces_of(file: bytes) -> list[bytes]:
    """Cut a file into its chunks."""
    pieces, offset = [], len(SIGNATURE)
    while offset < len(file):
        end = offset + 12 + int.from_bytes(file[offset : offset + 4], "big")
        pieces.append(file[offset:end])
        offset = end
    return pieces


@given(st.lists(st.one_of(CHUNKS, st.sampled_from(pieces_of(FILE))), max_size=3), st.data())
@settings(max_examples=400, deadline=None)
def test_any_chunks_are_read_as_cv2_reads_them_or_not_at_all(drawn: list[bytes], data: st.DataObject) -> None:
    pieces = pieces_of(FILE)
    for each in drawn:
        pieces.insert(data.draw(st.integers(0, len(pieces))), each)
    for _ in range(data.draw(st.integers(0, 2))):
        pieces.pop(data.draw(st.integers(0, len(pieces) - 1)))
    assert_cv2s_or_none(SIGNATURE + b"".join(pieces))


@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from([1, 3, 4]),
    st.integers(0, 9),
    st.integers(0, 255),
    st.data(),
)
@settings(max_examples=300, deadline=None)
def test_any_small_picture_is_read_as_cv2_reads_it(
    height: int, width: int, channels: int, filters: int, changed: int, data: st.DataObject
) -> None:
    picture = noise(height, width, channels)
    if channels == 4:
        picture[..., 3] = 255
    names = [(filters + y * (filters // 5)) % 5 for y in range(height)]
    raw = bytearray(lines(picture, names).tobytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= changed
    colour = {1: 0, 3: 2, 4: 6}[channels]
    file = SIGNATURE + head(width, height, colour) + chunk(b"IDAT", zlib.compress(raw)) + END
    ours = assert_cv2s_or_none(file)
    if channels != 4 and max(raw[:: width * channels + 1]) < 5:
        assert ours is not None


def assert_read_as_cv2_does(path: Path) -> None:
    expected = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    ours = read_png(np.fromfile(path, np.uint8))
    assert ours is not None
    assert_same_bytes(ours, np.asarray(expected[..., ::-1]), path.name)


def test_photographs_are_read_as_cv2_reads_them() -> None:
    for path in photographs()[:3] or pytest.skip(NO_PHOTOGRAPHS):
        assert_read_as_cv2_does(path)


@pytest.mark.exhaustive
def test_all_photographs_are_read_as_cv2_reads_them() -> None:
    for path in photographs() or pytest.skip(NO_PHOTOGRAPHS):
        assert_read_as_cv2_does(path)
