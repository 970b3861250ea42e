"""A stage's real updates on noise: what estimates, the search for the largest batch and benchmarks measure."""

from __future__ import annotations

from collections.abc import Callable

import torch

from srtui.config.network import Network
from srtui.config.profile import Compiling, Stage
from srtui.data.stream import check_multiple
from srtui.engine import networks
from srtui.engine.cuda_graphs import WARM_UP
from srtui.engine.device import Arithmetic
from srtui.engine.ema import Ema
from srtui.engine.ranks import Alone
from srtui.engine.stage_work import Conditions, Shrunk, StageWork
from srtui.errors import MachineError
from srtui.memory import keep_memory


class Rehearsal:
    """
    A network with fresh weights, and everything that its updates need; the same work as in a run, without its data.

    Parameters
    ----------
    stage
        Losses, discriminator, batch and crops.
    micro_batch
        Crops that go through the network at once; 0: the whole batch.
    compiling, cuda_graphs, alarm
        Whether the network is compiled and its updates are recorded, and who is told if that fails.

    Attributes
    ----------
    warm_up
        Updates before all others take the same time: libraries choose their ways, and GPUs record what is to be done.

    Raises
    ------
    UsageError
        If crops of the stage's size have no lq side at this scale.
    MachineError
        From `update`, if so many crops do not fit on the device: a rehearsal takes no smaller parts by itself.
    """

    def __init__(
        self,
        network: Network,
        stage: Stage,
        scale: int,
        device: torch.device,
        *,
        precision: Arithmetic,
        micro_batch: int = 0,
        compiling: Compiling = "off",
        cuda_graphs: bool = False,
        alarm: Callable[[str], None] = lambda _text: None,
    ) -> None:
        check_multiple(stage.gt_size, scale)
        torch.backends.cudnn.benchmark = not torch.are_deterministic_algorithms_enabled()
        if device.type == "cpu":
            keep_memory()
        net = networks.build(network, scale).to(device).to(memory_format=torch.channels_last)
        conditions = Conditions(
            device=device,
            precision=precision,
            ranks=Alone(device),
            seed=1,
            compile=compiling,
            cuda_graphs=cuda_graphs,
            alarm=alarm,
        )
        self._device = device
        self.warm_up = (WARM_UP + 1) * (stage.gan.every if stage.gan is not None and device.type == "cuda" else 1)
        self._work = StageWork(
            net, Ema(net, 0.999), stage, 1, conditions, micro_batch=micro_batch, shrunk=_does_not_fit(device)
        )
        lq_size = stage.gt_size // scale
        self._lq_bchw = torch.rand(stage.batch, 3, lq_size, lq_size)
        self._gt_bchw = torch.rand(stage.batch, 3, stage.gt_size, stage.gt_size)
        if device.type == "cuda":
            self._lq_bchw, self._gt_bchw = self._lq_bchw.pin_memory(), self._gt_bchw.pin_memory()
        self._done = 0

    def update(self) -> None:
        """Make one update; the host does not wait for the device."""
        lq_bchw, gt_bchw = (
            each.to(self._device, non_blocking=True).contiguous(memory_format=torch.channels_last)
            for each in (self._lq_bchw, self._gt_bchw)
        )
        self._work.update(lq_bchw, gt_bchw, done=self._done, iteration=self._done + 1, slower=1.0)
        self._done += 1

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def _does_not_fit(device: torch.device) -> Shrunk:
    def shrunk(_micro_batch: int, reason: str) -> None:
        raise MachineError(str(device), reason, hint="choose a smaller batch or gt_size")

    return shrunk
