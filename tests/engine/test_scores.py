"""Validation: every picture counted once, bicubic beside the network, and nothing that loses is hidden."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srtui.engine import scores
from srtui.engine.block_amplification import amplification, lattice_energy
from srtui.engine.metrics import HIGHEST_PSNR, Figures, compare
from srtui.engine.restorer import Restorer
from srtui.engine.scores import Seen, Validation, enlarge_bicubic, validate_network
from srtui.errors import NothingUsableError, UsageError
from tests.engine.validation_cases import Nearest, Store


def near(figures: Figures) -> Figures:
    """Without what compare() does not measure."""
    return replace(figures, blocks_8=None, blocks_16=None)


def test_scores_are_those_of_the_pictures_and_means_are_over_pictures() -> None:
    store = Store({"1": "blocks", "2": "ramps", "3": "blocks"})
    found = validate_network(Restorer(Nearest(2)), store)
    assert [each.score.name for each in found.pictures] == ["1", "2", "3"]
    for each in found.pictures:
        gt_hwc, lq_hwc = store.gt(each.score.name), store.lq(each.score.name)
        bicubic = np.asarray(Image.fromarray(lq_hwc).resize((48, 48), Image.Resampling.BICUBIC))
        assert near(each.score.bicubic) == compare(bicubic, gt_hwc, 2)
        nearest = lq_hwc.repeat(2, 0).repeat(2, 1)
        assert near(each.score.network) == compare(nearest, gt_hwc, 2)
        energy = lattice_energy(nearest, gt_hwc, 2)
        assert (each.score.network.blocks_8, each.score.network.blocks_16) == energy
    means = [each.score.network.psnr_y for each in found.pictures]
    assert found.mean.network.psnr_y == pytest.approx(np.mean(means))
    assert found.mean.pictures == 3


def test_scenarios_are_apart_and_the_losing_one_is_named() -> None:
    found = validate_network(Restorer(Nearest(2)), Store({"1": "blocks", "2": "ramps", "3": "blocks"}))
    assert [(score.name, score.pictures) for score in found.scenarios] == [("blocks", 2), ("ramps", 1)]
    assert found.scenarios[0].network.psnr_y == HIGHEST_PSNR
    assert found.scenarios[0].gain_y > 0 > found.scenarios[1].gain_y
    assert found.losing == ("ramps",)
    plain = found.plain()
    assert plain["mean"]["gain_y"] == pytest.approx(plain["mean"]["network"]["psnr_y"] - found.mean.bicubic.psnr_y)
    assert [each["name"] for each in plain["scenarios"]] == ["blocks", "ramps"]


def test_bicubic_is_measured_once() -> None:
    store, known = Store({"1": "blocks", "2": "ramps"}), {}
    first = validate_network(Restorer(Nearest(2)), store, bicubic=known)
    assert sorted(known) == ["1", "2"]
    known["1"] = known["2"]
    assert validate_network(Restorer(Nearest(2)), store, bicubic=known).pictures[0].score.bicubic == known["2"]
    assert first.pictures[0].score.bicubic != known["2"]


def test_only_the_pictures_asked_for_are_shown_in_order() -> None:
    seen: list[Seen] = []
    store = Store({str(n): "blocks" for n in range(1, 10)})
    validate_network(Restorer(Nearest(2)), store, show={"7", "2"}, see=seen.append)
    assert [each.name for each in seen] == ["2", "7"]
    assert np.array_equal(seen[0].gt_hwc, store.gt("2"))
    assert seen[0].bicubic_hwc.shape == seen[0].network_hwc.shape == seen[0].gt_hwc.shape
    assert seen[0].scenario == "blocks"


def test_a_part_of_the_pictures_can_be_taken() -> None:
    store = Store({str(n): "blocks" for n in range(1, 6)})
    assert validate_network(Restorer(Nearest(2)), store, names=["2", "4"]).mean.pictures == 2


def test_progress_comes_after_every_tile_and_may_end_the_work() -> None:
    told: list[tuple[int, int]] = []
    store = Store({"1": "blocks", "2": "ramps"})
    validate_network(Restorer(Nearest(2), tile=12), store, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 2)] * 4 + [(1, 2)] * 4 + [(2, 2)]

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate_network(Restorer(Nearest(2)), store, progress=stop)


def test_pictures_without_a_window_are_left_out_by_name() -> None:
    store = Store({"1": "blocks", "2": "blocks"})
    full, store.gt = store.gt, lambda name: full(name)[:14] if name == "1" else full(name)
    found = validate_network(Restorer(Nearest(2)), store)
    assert found.too_small == ("1",)
    assert found.mean.pictures == 1
    part = validate_network(Restorer(Nearest(2)), store, names=["1"])
    assert part == Validation(pictures=(), too_small=("1",)), "one rank's part may hold nothing"
    with pytest.raises(NothingUsableError, match="all 1 are smaller than 15 pixels"):
        part.assert_measured(2)


def test_without_pictures_there_is_nothing_to_say() -> None:
    with pytest.raises(NothingUsableError, match="there are none"):
        validate_network(Restorer(Nearest(2)), Store({}))


def test_a_store_of_another_scale_is_refused_with_the_sizes() -> None:
    with pytest.raises(UsageError, match=r"96×96×3 and 48×48×3"):
        validate_network(Restorer(Nearest(4)), Store({"1": "blocks"}, scale=2))


@pytest.mark.parametrize("scale", [1, 3])
def test_bicubic_has_the_size_of_gt(scale: int) -> None:
    lq_hwc = Store({"1": "blocks"}).lq("1")
    assert enlarge_bicubic(lq_hwc, scale).shape == (24 * scale, 24 * scale, 3)
    assert np.array_equal(enlarge_bicubic(lq_hwc, 1), lq_hwc)


def test_ranks_that_share_the_pictures_find_what_one_finds() -> None:
    """Means of means differ when the parts are not of one size; and a picture that two did counts once."""
    store = Store({"1": "blocks", "2": "ramps", "3": "blocks", "4": "ramps", "5": "ramps"})
    whole = validate_network(Restorer(Nearest(2)), store)
    shares = (["1", "4"], ["2", "5"], ["3", "1"], [])
    parts = [validate_network(Restorer(Nearest(2)), store, names=share) for share in shares]
    joined = Validation.joined(Validation.from_bytes(part.to_bytes()) for part in parts)
    assert joined == whole
    assert joined.plain() == whole.plain()
    measured = [part.mean.network.psnr_y for part in parts if part.pictures]
    assert joined.mean.network.psnr_y != pytest.approx(np.mean(measured), abs=1e-6)
    assert [score.pictures for score in joined.scenarios] == [2, 3]


def test_means_do_not_depend_on_the_order_to_the_last_bit() -> None:
    figures = [Figures(psnr_y=0.1 * n**3, ssim_y=0.1, psnr_rgb=1 / (n + 1), ssim_rgb=0.7) for n in range(50)]
    assert scores.metrics.mean(figures) == scores.metrics.mean(figures[::-1])


def test_what_was_not_measured_of_some_pictures_is_the_mean_of_the_others() -> None:
    figures = [Figures(psnr_y=1, ssim_y=1, psnr_rgb=1, ssim_rgb=1, lpips=value) for value in (0.2, None, 0.4)]
    mean = scores.metrics.mean(figures)
    assert mean.lpips == pytest.approx(0.3)
    assert mean.blocks_8 is None


def test_blocks_are_compared_by_the_means_of_their_energies() -> None:
    """The mean of ratios would be that of the pictures that have no blocks."""
    found = validate_network(Restorer(Nearest(2)), Store({str(n): "blocks" for n in range(1, 5)}, side=96))
    of_8 = [(each.score.network.blocks_8 or 0.0, each.score.bicubic.blocks_8 or 0.0) for each in found.pictures]
    expected = amplification(*np.mean(of_8, axis=0).tolist())
    assert found.mean.amplification_8 == pytest.approx(expected)


def test_the_learned_distance_is_measured_of_both_and_of_bicubic_once() -> None:
    store, asked = Store({"1": "blocks", "2": "ramps"}), []

    def distance(restored_hwc: np.ndarray, gt_hwc: np.ndarray, border: int) -> float:
        asked.append(border)
        return float(np.mean(np.abs(restored_hwc.astype(float) - gt_hwc)))

    known: dict[str, Figures] = {}
    found = validate_network(Restorer(Nearest(2)), store, lpips=distance, bicubic=known)
    assert asked == [2] * 4
    assert found.pictures[0].score.network.lpips == 0
    assert (found.pictures[0].score.bicubic.lpips or 0) > 1
    again = validate_network(Restorer(Nearest(2)), store, lpips=distance, bicubic=known)
    assert len(asked) == 6
    assert again == found


def test_every_picture_is_kept_in_the_threads_that_compare() -> None:
    kept: list[tuple[str, str]] = []
    store = Store({str(n): "blocks" for n in range(1, 10)})
    validate_network(
        Restorer(Nearest(2)), store, keep=lambda seen: kept.append((seen.name, threading.current_thread().name))
    )
    assert sorted(name for name, _ in kept) == store.names
    assert threading.main_thread().name not in {thread for _, thread in kept}


def test_what_keeping_raises_ends_the_validation() -> None:
    def full(_seen: Seen) -> None:
        raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        validate_network(Restorer(Nearest(2)), Store({"1": "blocks"}), keep=full)


@pytest.mark.parametrize(("threads", "memory", "most"), [(1, 1 << 40, 1), (3, 1 << 40, 3), (8, 0, 1)])
def test_threads_and_memory_are_bounded(threads: int, memory: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "_MEMORY", memory)
    seen: set[str] = set()
    store = Store({str(n): "blocks" for n in range(1, 20)})
    validate_network(
        Restorer(Nearest(2)), store, threads=threads, keep=lambda _seen: seen.add(threading.current_thread().name)
    )
    assert 1 <= len(seen) <= most
