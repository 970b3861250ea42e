"""The benchmark of the kernels: its rows, its verdicts, and that it checks bytes before it takes times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks import __main__ as command
from benchmarks import kernels, pictures
from benchmarks.comparisons import check
from benchmarks.kernel_table import TABLE
from benchmarks.pictures import Pictures
from benchmarks.rows import Asked, Row
from tests.cases import noise

ROW = Row(name="a", reference=100.0, ours=150.0, against="b", unit="MPix/s", ratio=1.5, target=2.0, notes=("so",))


@pytest.fixture
def small(tmp_path: Path) -> Pictures:
    """Pictures of 64×48, made of noise."""
    Image.fromarray(noise(50, 70, 3)).save(tmp_path / "large enough.png")
    Image.fromarray(noise(50, 20, 3)).save(tmp_path / "too small.png")
    return Pictures(tmp_path, tmp_path, 64, 48)


@pytest.fixture(autouse=True)
def _threads_of_cv2() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def test_every_row_is_exact_and_compares_with_somebody(small: Pictures) -> None:
    for name, make in TABLE.items():
        comparison = make(small)
        assert comparison.references
        assert comparison.oracle is not None or name.startswith("noise")
        check(name, comparison)


def test_a_row_is_measured_with_one_thread_and_with_two(
    small: Pictures, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernels, "has_avx512", lambda: True)
    one, two = kernels.measured(small, Asked(only="median 3*", rounds=1))
    assert [(row.name, row.threads, row.target) for row in (one, two)] == [
        ("median 3×3", 1, 1.2),
        ("median 3×3", 2, None),
    ]
    for row in (one, two):
        assert row.ratio == pytest.approx(row.ours / row.reference)
        assert row.bandwidth is not None
        assert row.bandwidth > 0
    assert "0/1 median 3×3" in capsys.readouterr().err


def test_narrow_vectors_halve_the_targets(small: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "has_avx512", lambda: False)
    row, _ = kernels.measured(small, Asked(only="resize 25 %, against", rounds=1))
    assert row.target is None
    row, _ = kernels.measured(small, Asked(only="crop", rounds=1))
    assert row.target == 1.75
    assert "this processor has no AVX-512: targets are halved" in row.notes


def test_photographs_are_cut_to_size_and_small_ones_left_out(small: Pictures) -> None:
    assert [picture.shape for picture in small.full] == [(48, 64, 3)]
    assert [picture.shape for picture in small.lq] == [(12, 16, 3)]
    assert np.array_equal(small.full[0], noise(50, 70, 3)[:48, :64])


def test_without_photographs_there_are_leaves(tmp_path: Path) -> None:
    leaves = Pictures(tmp_path, None, 64, 48)
    assert len(leaves.full) == pictures.COUNT
    assert "dead leaves" in str(leaves)
    for path, picture in zip(leaves.files, leaves.full, strict=True):
        assert np.array_equal(np.asarray(Image.open(path)), picture)


def test_a_wrong_byte_stops_the_benchmark(small: Pictures) -> None:
    comparison = TABLE["median 3×3"](small)
    with pytest.raises(AssertionError, match=r"median 3×3: .* of 9216 values"):
        check("median 3×3", type(comparison)(**{**fields(comparison), "ours": lambda picture: picture}))


def fields(comparison: object) -> dict[str, object]:
    return {name: getattr(comparison, name) for name in comparison.__dataclass_fields__}


@pytest.mark.parametrize(("ratio", "code", "verdict"), [(1.5, 5, "MISSED"), (2.0, 0, "met")])
def test_a_missed_target_is_exit_code_5(
    ratio: float, code: int, verdict: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = Row(**{**fields(ROW), "ratio": ratio})
    monkeypatch.setattr(kernels, "rows", lambda asked: [row])
    assert command.main(["kernels"]) == code
    assert f"ratio {ratio:.2f}, target 2 {verdict}\nso\n" in capsys.readouterr().out
    assert command.main(["kernels", "--json"]) == code
    (printed,) = json.loads(capsys.readouterr().out)
    assert (printed["met"], printed["stretch"], printed["bandwidth"]) == (code == 0, None, None)
    assert command.main(["kernels", "--markdown", "--only", "a *", "--photos", "/home/me"]) == code
    printed = capsys.readouterr().out
    assert "| One thread | reference | | ours | unit | ratio | target | |\n" in printed
    assert f"| a | b | 100 | 150 | MPix/s | {ratio:.2f}× | 2× |" in printed
    assert "`python -m benchmarks kernels --markdown --only 'a *' --photos DIR`" in printed
    assert "- so\n" in printed


def test_a_name_that_no_row_has_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["kernels", "--only", "nothing"]) == 2
    assert "no row of kernels is called 'nothing'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["kernels", "--rounds", "0"])
