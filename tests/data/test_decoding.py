"""PNG files go through the kernel or through cv2, to the same pixels."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from srtui.data import decoding
from srtui.data.rejection import PictureRejected
from tests.data.pictures_cases import encoded, smooth

RGB = smooth()


def both(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """Decode with the kernel and without it."""
    content = np.frombuffer(raw, np.uint8)
    quick = decoding.with_cv2(content)
    monkeypatch.setattr(decoding, "read_png", lambda raw: None)
    return quick, decoding.with_cv2(content)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_the_kernel_and_cv2_give_the_same_pixels(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = encoded(RGB, "PNG", mode) if mode != "I;16" else deep()
    quick, slow = both(raw, monkeypatch)
    assert np.array_equal(quick, slow)
    assert quick.dtype == slow.dtype == np.uint8


def deep() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)).save(file, "PNG")
    return file.getvalue()


def test_the_usual_png_does_not_reach_cv2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *arguments: pytest.fail("cv2 was asked"))
    assert np.array_equal(decoding.with_cv2(np.frombuffer(encoded(RGB, "PNG"), np.uint8)), RGB)


def test_what_is_refused_is_refused_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    clear = Image.fromarray(RGB).convert("RGBA")
    clear.putpixel((3, 4), (1, 2, 3, 17))
    file = io.BytesIO()
    clear.save(file, "PNG")
    for _ in range(2):
        with pytest.raises(PictureRejected, match="alpha goes down to 17"):
            decoding.with_cv2(np.frombuffer(file.getvalue(), np.uint8))
        monkeypatch.setattr(decoding, "read_png", lambda raw: None)
