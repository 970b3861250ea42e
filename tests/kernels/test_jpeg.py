"""The JPEG round trip gives the bytes that Pillow loads, and the tables are what Photoshop writes."""

from __future__ import annotations

import hashlib
import io
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from srtui_kernels import jpeg_round_trip
from srtui_kernels.jpeg_tables import PRESETS, Table, ijg, preset

from tests.cases import CASES, NO_PHOTOGRAPHS, Case, noise, photograph_cases, saturated
from tests.kernels import oracles
from tests.kernels.reference.jpeg import jpeg_round_trip as twin
from tests.kernels.verbs import assert_matches, assert_same_bytes

# ExifTool's JPEGDigest.pm: what it knows Photoshop CS2's qualities by.
FINGERPRINTS = {
    "photoshop-3": "cbfbfef12aead8841585ef605c789b9f",
    "photoshop-4": "a0772e73dec2bdc4057c27da47bff376",
    "photoshop-5": "7ef06dbde538346b8b01c6b538ca70c6",
}
NAMES = (*PRESETS, "ijg-1", "ijg-30", "ijg-90", "ijg-100")


def without_alpha(cases: tuple[Case, ...]) -> list[Case]:
    """JPEG has grey and colour, no fourth channel."""
    return [case for case in cases if case.make().shape[2:] != (4,)]


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("name", NAMES)
def test_gives_the_bytes_of_pillow_and_its_twin(name: str, subsampling: str) -> None:
    options = {"luma": preset(name).luma, "chroma": preset(name).chroma, "subsampling": subsampling}
    assert_matches(partial(jpeg_round_trip, **options), partial(oracles.pillow_jpeg, **options), without_alpha(CASES))
    assert_matches(partial(jpeg_round_trip, **options), partial(twin, **options), without_alpha(CASES))


TABLES = st.lists(st.integers(1, 255), min_size=64, max_size=64)


@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    luma=TABLES,
    chroma=TABLES,
    subsampling=st.sampled_from(["4:2:0", "4:2:2", "4:4:4"]),
)
@settings(max_examples=150, deadline=None)
def test_any_size_and_tables_give_pillows_bytes(
    size: tuple[int, int], luma: list[int], chroma: list[int], subsampling: str
) -> None:
    for picture in (noise(*size, 3), saturated(*size, 3)):
        expected = oracles.pillow_jpeg(picture, luma, chroma, subsampling)
        assert_same_bytes(jpeg_round_trip(picture, luma, chroma, subsampling), expected, (size, subsampling))


@pytest.mark.parametrize(("name", "md5"), FINGERPRINTS.items())
def test_photoshops_tables_have_the_fingerprint_of_photoshop(name: str, md5: str) -> None:
    tables = preset(name)
    written = b"\0" + zigzag(tables.luma) + b"\1" + zigzag(tables.chroma)
    assert hashlib.md5(written).hexdigest() == md5
    assert tables.subsampling == "4:2:0"


def zigzag(table: Table) -> bytes:
    """The order in which a JPEG file lists a table: along the diagonals, to and fro."""
    places = sorted(((y, x) for y in range(8) for x in range(8)), key=lambda p: (sum(p), p[0] if sum(p) % 2 else p[1]))
    return bytes(table[8 * y + x] for y, x in places)


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 51, 75, 95, 100])
def test_ijg_qualities_are_pillows(quality: int) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        assert [tuple(image.quantization[0]), tuple(image.quantization[1])] == [ijg(quality).luma, ijg(quality).chroma]


@pytest.mark.parametrize("name", ["photoshop-2", "photoshop-10", "ijg-0", "ijg-101", "ijg-07", "75", ""])
def test_other_presets_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="photoshop-3, photoshop-4, photoshop-5"):
        preset(name)


@pytest.mark.parametrize(
    ("picture", "luma", "subsampling", "says"),
    [
        (noise(8, 8, 4), [1] * 64, "4:2:0", "4 channels.*pass 1 or 3"),
        (noise(8, 8, 3), [1] * 63, "4:2:0", "luma table has shape"),
        (noise(8, 8, 3), [0] * 64, "4:2:0", "luma table goes from 0 to 0"),
        (noise(8, 8, 3), [256] * 64, "4:2:0", "from 256 to 256"),
        (noise(8, 8, 3), [1.5] * 64, "4:2:0", "float64"),
        (noise(8, 8, 3), [1] * 64, "4:1:1", "'4:1:1'; pass '4:2:0', '4:2:2', '4:4:4'"),
        (np.zeros((1, 65501), np.uint8), [1] * 64, "4:2:0", "65501×1"),
    ],
)
def test_wrong_arguments_are_named(picture: np.ndarray, luma: list[int], subsampling: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        jpeg_round_trip(picture, luma, [1] * 64, subsampling)


@pytest.mark.exhaustive
def test_photographs_give_pillows_bytes() -> None:
    cases = list(photograph_cases()) or pytest.skip(NO_PHOTOGRAPHS)
    for name in NAMES:
        for subsampling in ("4:2:0", "4:2:2", "4:4:4"):
            options = {"luma": preset(name).luma, "chroma": preset(name).chroma, "subsampling": subsampling}
            assert_matches(partial(jpeg_round_trip, **options), partial(oracles.pillow_jpeg, **options), cases)
