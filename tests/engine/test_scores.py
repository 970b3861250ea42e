"""Validation: every picture counted once, bicubic beside the network, and nothing that loses is hidden."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from srtui.engine.metrics import HIGHEST_PSNR, compare
from srtui.engine.networks import SRNetwork
from srtui.engine.restorer import Restorer
from srtui.engine.scores import Seen, enlarge_bicubic, validate_network
from srtui.errors import NothingUsableError, UsageError


class Nearest(SRNetwork):
    """Enlarges by repeating pixels."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale=scale, radius=0, floats=3)
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, lq_bchw: Tensor) -> Tensor:
        return nn.functional.interpolate(lq_bchw * self.weight, scale_factor=self.scale, mode="nearest")


class Store:
    """Pictures in memory, as StoreReader gives them; blocks suit `Nearest`, ramps suit bicubic."""

    def __init__(self, scenarios: dict[str, str], scale: int = 2, side: int = 48) -> None:
        self.scenarios, self.scale, self.side = scenarios, scale, side
        self.names = sorted(scenarios)

    def lq(self, name: str) -> np.ndarray:
        return self.gt(name)[:: self.scale, :: self.scale]

    def gt(self, name: str) -> np.ndarray:
        rng = np.random.default_rng(int(name))
        if self.scenarios[name] == "blocks":
            small = rng.integers(0, 256, (self.side // self.scale, self.side // self.scale, 3), dtype=np.uint8)
            return small.repeat(self.scale, 0).repeat(self.scale, 1)
        ramp = np.add.outer(np.arange(self.side), np.arange(self.side)) * 2 + rng.integers(0, 40)
        return np.repeat(ramp[..., None], 3, 2).astype(np.uint8)

    def scenario(self, name: str) -> str:
        return self.scenarios[name]


def test_scores_are_those_of_the_pictures_and_means_are_over_pictures() -> None:
    store = Store({"1": "blocks", "2": "ramps", "3": "blocks"})
    found = validate_network(Restorer(Nearest(2)), store)
    assert [each.score.name for each in found.pictures] == ["1", "2", "3"]
    for each in found.pictures:
        gt_hwc, lq_hwc = store.gt(each.score.name), store.lq(each.score.name)
        bicubic = np.asarray(Image.fromarray(lq_hwc).resize((48, 48), Image.Resampling.BICUBIC))
        assert each.score.bicubic == compare(bicubic, gt_hwc, 2)
        assert each.score.network == compare(lq_hwc.repeat(2, 0).repeat(2, 1), gt_hwc, 2)
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
    with pytest.raises(NothingUsableError, match="all 1 are smaller than 15 pixels"):
        validate_network(Restorer(Nearest(2)), store, names=["1"])


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
