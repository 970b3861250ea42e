"""What changes while a network is trained: everything that a checkpoint holds and a resumed run continues from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from srtui.engine.checkpoints import Checkpoint
from srtui.engine.ema import Ema
from srtui.engine.networks.base import SRNetwork
from srtui.engine.stage_work import StageWork


@dataclass(slots=True, kw_only=True)
class Health:
    """What is remembered of a stage's readings, to tell trouble from noise."""

    smoothed: float | None = None
    """Loss apart from what a discriminator says: an exponential mean over the readings."""
    lowest: float | None = None
    """Lowest that it was."""
    high: int = 0
    """Readings in a row that were far above it."""
    saturated: int = 0
    """Readings in a row in which the discriminator was always right."""
    exploded_said: bool = False
    saturated_said: bool = False


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
    """Iteration of the best validation in a stage without a discriminator,"""
    best_psnr: float | None = None
    """and its Y-PSNR in dB."""
    good: int = 0
    """Iteration of the newest checkpoint that no skipped update came just before: where trouble leads back to."""
    smoothed: float | None = None
    """Loss as the eye likes it: an exponential mean over the readings."""
    skipped: int = 0
    """Updates that were skipped because they were not finite."""
    slower: float = 1.0
    """Factor of the learning rates: halved at each return."""
    returns: int = 0
    """How often trouble led back to a checkpoint."""
    micro_batch: int = 0
    """Crops at once on a GPU that turned out to fit, in this stage; 0: as was asked."""
    health: Health = field(default_factory=Health)
    finished: bool = False
    """The network is written: nothing is left to do."""

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Progress:
        """From what a checkpoint holds."""
        return cls(**{**plain, "health": Health(**plain.get("health", {}))})


@dataclass(slots=True, kw_only=True)
class TrainingState:
    """A network in training."""

    net: SRNetwork
    ema: Ema
    progress: Progress = field(default_factory=Progress)
    work: StageWork | None = None
    """Of the stage that is under way; each stage begins with a fresh optimiser."""
    loaded: Mapping[str, Any] | None = None
    """The work's state from a checkpoint, until its stage takes it."""

    def take_up(self, work: StageWork, *, done: int) -> None:
        """Go on with a stage of which ``done`` updates are done (0: with nothing remembered)."""
        if done and self.loaded is not None:
            work.load_state_dict(self.loaded)
        self.work, self.loaded = work, None

    def begin_from_average(self) -> None:
        """Put the averaged weights into the network, as a run that begins from a finished network would."""
        self.net.load_state_dict(self.ema.net.state_dict())

    def checkpoint(self, about: Mapping[str, Any]) -> Checkpoint:
        """Everything, as it is now; ``about`` goes into its state as it is."""
        return Checkpoint(
            iteration=self.progress.iteration,
            net=self.net.state_dict(),
            ema=self.ema.net.state_dict(),
            state={
                **about,
                "progress": asdict(self.progress),
                "work": self.loaded if self.work is None else self.work.state_dict(),
            },
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue where ``checkpoint`` was made. It must be of the same network."""
        self.net.load_state_dict(dict(checkpoint.net))
        self.ema.net.load_state_dict(dict(checkpoint.ema))
        self.progress = Progress.of(checkpoint.state["progress"])
        self.work, self.loaded = None, checkpoint.state["work"]
