"""Validation while a network is trained: figures beside bicubic's, and pictures to see it improve."""

from __future__ import annotations

from srtui.data.store import StoreReader
from srtui.engine.metrics import Figures
from srtui.engine.networks import SRNetwork
from srtui.engine.previews import write_preview
from srtui.engine.restorer import Restorer
from srtui.engine.scores import Score, Seen, validate_network
from srtui.engine.tensorboard import Curves
from srtui.errors import NothingUsableError
from srtui.jobs.context import JobContext

SHOWN = 6
"""Pictures that previews are made of: one per scenario, as far as that goes."""


class Appraiser:
    """Measures a network on the validation pictures, in fp32, as ``srtui validate`` does."""

    def __init__(self, job: JobContext, reader: StoreReader, curves: Curves) -> None:
        self._job = job
        self._reader = reader
        self._curves = curves
        self._bicubic: dict[str, Figures] = {}
        self._shown = _one_per_scenario(reader)
        self._possible = True

    def appraise(self, net: SRNetwork, iteration: int) -> Score | None:
        """Measure ``net`` and report it; None where there is nothing to measure on.

        Raises
        ------
        Stopped
            When asked to, after the tile under way.
        """
        if not self._possible:
            return None
        try:
            validation = validate_network(
                Restorer(net, note=self._job.alarm),
                self._reader,
                bicubic=self._bicubic,
                show=self._shown,
                see=lambda seen: self._show(seen, iteration),
                progress=lambda _done, _total: self._job.check(),
            )
        except NothingUsableError as error:
            self._possible = False
            self._job.alarm(f"nothing to validate on ({error.fact}): the network is trained, but not measured")
            return None
        score = validation.mean
        means = {
            "psnr_y": score.network.psnr_y,
            "ssim_y": score.network.ssim_y,
            "psnr_rgb": score.network.psnr_rgb,
            "ssim_rgb": score.network.ssim_rgb,
            "gain_y": score.gain_y,
        }
        scenarios = [each.plain() for each in validation.scenarios]
        self._job.event("validation", iteration=iteration, **means, pictures=score.pictures, scenarios=scenarios)
        self._curves.add(iteration, means)
        return score

    def _show(self, seen: Seen, iteration: int) -> None:
        path = write_preview(self._job.folder.previews, seen, iteration)
        self._job.event("preview", iteration=iteration, path=str(path), name=seen.name, scenario=seen.scenario)


def _one_per_scenario(reader: StoreReader) -> list[str]:
    """First picture of every scenario, and others until there are enough."""
    names = reader.names
    first = {reader.scenario(name): name for name in reversed(names)}
    chosen = [*first.values(), *(name for name in names if name not in first.values())]
    return sorted(chosen[:SHOWN])
