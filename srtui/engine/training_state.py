"""What changes while a network is trained: everything that a checkpoint holds and a resumed run continues from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from srtui.config.profile import Stage
from srtui.engine.checkpoints import Checkpoint
from srtui.engine.ema import Ema
from srtui.engine.networks.base import SRNetwork
from srtui.engine.stepper import Stepper


@dataclass(slots=True, kw_only=True)
class Progress:
    """Numbers of a run; plain, for they go into state.pt as they are."""

    iteration: int = 0
    """Updates done, over all stages."""
    position: int = 0
    """Samples taken from the stream, over all stages."""
    validated: int = 0
    """Iteration of the last validation."""
    best: int | None = None
    """Iteration of the best validation,"""
    best_psnr: float | None = None
    """and its Y-PSNR in dB."""
    smoothed: float | None = None
    """Loss as the eye likes it: an exponential mean over the readings."""
    skipped: int = 0
    """Updates that were skipped because they were not finite."""
    finished: bool = False
    """The network is written: nothing is left to do."""


@dataclass(slots=True, kw_only=True)
class TrainingState:
    """A network in training."""

    net: SRNetwork
    ema: Ema
    progress: Progress = field(default_factory=Progress)
    stepper: Stepper | None = None
    """Of the stage that is under way; each stage begins with a fresh one."""
    loaded: dict[str, Any] | None = None
    """The stepper's state from a checkpoint, until its stage takes it."""

    def begin_stage(self, stage: Stage, *, done: int, scale_loss: bool) -> Stepper:
        """Make the optimiser of a stage of which ``done`` updates are done (0: with nothing remembered)."""
        self.stepper = Stepper(self.net.parameters(), stage.optimizer, scale_loss=scale_loss)
        if done and self.loaded is not None:
            self.stepper.load_state_dict(self.loaded)
        self.loaded = None
        return self.stepper

    def checkpoint(self, about: Mapping[str, Any]) -> Checkpoint:
        """Everything, as it is now; ``about`` goes into its state as it is."""
        progress = {name: getattr(self.progress, name) for name in Progress.__dataclass_fields__}
        return Checkpoint(
            iteration=self.progress.iteration,
            net=self.net.state_dict(),
            ema=self.ema.net.state_dict(),
            state={
                **about,
                "progress": progress,
                "stepper": self.loaded if self.stepper is None else self.stepper.state_dict(),
                "rng": {"cpu": torch.get_rng_state(), "cuda": self._cuda_random_states()},
            },
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue where ``checkpoint`` was made. It must be of the same network."""
        self.net.load_state_dict(dict(checkpoint.net))
        self.ema.net.load_state_dict(dict(checkpoint.ema))
        self.progress = Progress(**checkpoint.state["progress"])
        self.loaded = checkpoint.state["stepper"]
        torch.set_rng_state(checkpoint.state["rng"]["cpu"])
        for number, state in enumerate(checkpoint.state["rng"]["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(state, number)

    def _cuda_random_states(self) -> list[torch.Tensor]:
        """Of every GPU; empty for a training on the CPU, where asking would start CUDA."""
        return torch.cuda.get_rng_state_all() if next(self.net.parameters()).is_cuda else []
