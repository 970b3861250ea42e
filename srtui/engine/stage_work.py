"""One stage's updates: the network's turn, the discriminator's, each in as many parts as fit into the memory."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from srtui.config.profile import Compiling, Stage
from srtui.degradation import draws
from srtui.engine import cuda_graphs, losses
from srtui.engine.adversary import Adversary
from srtui.engine.compiling import Quickened
from srtui.engine.cuda_graphs import CudaGraphs
from srtui.engine.device import Arithmetic, autocast, out_of_memory
from srtui.engine.ema import Ema
from srtui.engine.means import Means
from srtui.engine.networks import SRNetwork
from srtui.engine.networks.foreign import SpandrelNetwork
from srtui.engine.ranks import Ranks
from srtui.engine.schedules import learning_rate
from srtui.engine.stepper import Stepper, Tally
from srtui.errors import MachineError

Shrunk = Callable[[int, str], None]
"""Called with the new size and the reason when a part did not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What holds for all updates of a run."""

    device: torch.device
    precision: Arithmetic
    ranks: Ranks
    seed: int
    compile: Compiling = "off"
    cuda_graphs: bool = False
    """Whether a GPU's updates are recorded where the whole batch goes through at once."""
    alarm: Callable[[str], None] = lambda _text: None
    """Told, in words, when the network could not be compiled, or the updates not be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """What one of the two networks does in an update, up to its gradient."""

    name: str
    """Its random draws are keyed with it."""
    stepper: Stepper
    part: Callable[[float, Tensor, Tensor], Tensor]
    """Adds the gradient of a share of the batch, and gives what it makes of it."""
    graph: str
    """Turns of this name do the same work."""


class StageWork:
    """Network, averaged network, optimiser and, in a GAN stage, the discriminator: one call of `update` moves them all.

    Nothing in an update waits for the device, and every random draw in it is a pure function of the seed, the update's
    number and the rank: there are no random states to save, and an update that is begun again draws the same.

    Attributes
    ----------
    micro_batch
        Crops that go through the network at once; 0: all.
    """

    def __init__(
        self,
        net: SRNetwork,
        ema: Ema,
        stage: Stage,
        number: int,
        conditions: Conditions,
        *,
        micro_batch: int,
        shrunk: Shrunk,
    ) -> None:
        self._net, self._ema, self._stage, self._conditions = net, ema, stage, conditions
        self._quick = Quickened(net, conditions.compile, conditions.device, alarm=conditions.alarm)
        self._objective = losses.build(stage.losses, device=conditions.device)
        scale_loss = conditions.precision == "fp16"
        self._stepper = Stepper(net.parameters(), stage.optimizer, scale_loss=scale_loss, ranks=conditions.ranks)
        # Of others' networks nobody knows what Python decides in each pass; they are deep, and keep a GPU busy anyway.
        recorded = conditions.cuda_graphs and not isinstance(net, SpandrelNetwork)
        recorder = cuda_graphs.recorder_for(conditions.device) if recorded else None
        self._graphs = CudaGraphs(recorder, alarm=conditions.alarm)
        self._means = Means(("content", "gan"), conditions.device, conditions.ranks)
        self._adversary = _adversary(stage, number, conditions)
        self.micro_batch = micro_batch
        self._shrunk = shrunk

    def _forward(self, lq_bchw: Tensor) -> Tensor:
        """Do the network's forward pass in training, compiled if that is wished."""
        with autocast(self._conditions.device, self._conditions.precision):
            restored_bchw = self._quick(lq_bchw)
        return restored_bchw.float()

    def rate(self, done: int) -> float:
        """Learning rate of the update after ``done`` updates of the stage."""
        return learning_rate(self._stage, done)

    def update(self, lq_bchw: Tensor, gt_bchw: Tensor, *, done: int, iteration: int, slower: float) -> None:
        """Make one update.

        Parameters
        ----------
        lq_bchw, gt_bchw
            This rank's part of the batch, on the device.
        done
            Updates of the stage that are done.
        iteration
            Number of this update in the run, from 1.
        slower
            Factor of the learning rates.
        """
        gan, adversary, rate = self._stage.gan, self._adversary, slower * self.rate(done)
        moving = gan is None or (done + 1) % gan.every == 0
        restored_bchw = self._restore(lq_bchw, gt_bchw, iteration, moving=moving)
        if moving:
            self._stepper.step(rate)
        if gan is not None and adversary is not None:
            self._judge(adversary, restored_bchw, gt_bchw, iteration)
            adversary.stepper.step(rate * gan.optimizer.lr / self._stage.optimizer.lr)
        if moving:
            self._ema.update(iteration)

    def _restore(self, lq_bchw: Tensor, gt_bchw: Tensor, iteration: int, *, moving: bool) -> Tensor:
        """Do the network's turn: what it makes of ``lq_bchw``, detached, and its gradient if it is ``moving``."""

        def part(share: float, lq_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
            with torch.set_grad_enabled(moving):
                now = self._forward(lq_bchw)
            if moving:
                self._stepper.add(self._loss(now, lq_bchw, gt_bchw, share), share)
            return now.detach()

        turn = _Turn(name="network", stepper=self._stepper, part=part, graph="moving" if moving else "still")
        restored = self._in_parts(turn, iteration, lq_bchw, gt_bchw)
        return restored[0] if len(restored) == 1 else torch.cat(restored)

    def _loss(self, restored_bchw: Tensor, lq_bchw: Tensor, gt_bchw: Tensor, share: float) -> Tensor:
        averaged_bchw = self._averaged(lq_bchw) if self._objective.needs_average else None
        content = self._objective(restored_bchw, gt_bchw, averaged_bchw)
        if self._stage.gan is None or self._adversary is None:
            return content
        fooled = self._adversary.fool(restored_bchw, gt_bchw)
        self._means.add(share, content=content, gan=fooled)
        return content + self._stage.gan.weight * fooled

    def _averaged(self, lq_bchw: Tensor) -> Tensor:
        with torch.no_grad(), autocast(self._conditions.device, self._conditions.precision):
            averaged_bchw: Tensor = self._ema.net(lq_bchw)
        return averaged_bchw.float()

    def _judge(self, adversary: Adversary, restored_bchw: Tensor, gt_bchw: Tensor, iteration: int) -> None:
        """Do the discriminator's turn, up to its gradient."""

        def part(share: float, restored_bchw: Tensor, gt_bchw: Tensor) -> Tensor:
            return adversary.learn(restored_bchw, gt_bchw, share)

        turn = _Turn(name="discriminator", stepper=adversary.stepper, part=part, graph="judging")
        self._in_parts(turn, iteration, restored_bchw, gt_bchw)

    def _in_parts(self, turn: _Turn, iteration: int, left_bchw: Tensor, right_bchw: Tensor) -> list[Tensor]:
        """Do a turn for all crops; where that fails, begin again more plainly, or with half as many crops at once.

        The other ranks need not know: they wait where gradients are averaged, which comes after.
        """
        if self._adversary is not None:
            self._adversary.begin_turn()
        while True:
            self._begin(turn, iteration)
            try:
                return self._try(turn, left_bchw, right_bchw)
            except Exception as error:  # a compiler's errors have no common class
                full, reason = out_of_memory(error), str(error).partition("\n")[0]
                plainer = self._graphs.give_up(error) or (not full and self._quick.give_up(error))
                if not plainer and not full:
                    raise
            # Out of the handler: the error's traceback holds the tensors that are to be freed.
            turn.stepper.drop()
            if not plainer:
                self._halve(len(left_bchw), reason)

    def _begin(self, turn: _Turn, iteration: int) -> None:
        turn.stepper.drop()
        conditions = self._conditions
        seed = draws.key(conditions.seed, "update", iteration, turn.name, conditions.ranks.rank)
        torch.default_generator.manual_seed(seed)
        if conditions.device.type == "cuda":
            torch.cuda.default_generators[conditions.device.index or 0].manual_seed(seed)

    def _try(self, turn: _Turn, left_bchw: Tensor, right_bchw: Tensor) -> list[Tensor]:
        """Do a turn in parts of the present size; where there is but one, it is recorded."""
        found = list(parts(len(left_bchw), self.micro_batch))
        if len(found) > 1:
            self._graphs.forget()
        made = []
        for crops in found:
            if self._adversary is not None:
                self._adversary.begin_part()
            # Shares of the ranks add up to their number: the mean over the ranks is the mean over the batch.
            part = partial(turn.part, (crops.stop - crops.start) * self._conditions.ranks.count / self._stage.batch)
            if len(found) > 1:
                made.append(part(left_bchw[crops], right_bchw[crops]))
            else:
                made.append(self._graphs.do(turn.graph, part, turn.stepper, left_bchw, right_bchw))
        return made

    def _halve(self, crops: int, reason: str) -> None:
        tried = min(self.micro_batch or crops, crops)
        if tried == 1:
            hint = "choose a smaller gt_size or network, or free the GPU"
            fact = f"one crop of {self._stage.gt_size} pixels does not fit: {reason}"
            raise MachineError(str(self._conditions.device), fact, hint=hint)
        self.micro_batch = -(-tried // 2)
        gc.collect()
        if self._conditions.device.type == "cuda":
            torch.cuda.empty_cache()
        self._shrunk(self.micro_batch, reason)

    def read(self) -> tuple[tuple[Tally, ...], dict[str, float]]:
        """Wait for the device: what happened to the network (and the discriminator), and the losses apart."""
        tally = self._stepper.read()
        if self._adversary is None:
            return (tally,), {}
        figures = {**self._means.read(), **self._adversary.means.read()}
        return (tally, self._adversary.stepper.read()), figures

    def steady(self) -> bool:
        """Wait for the device: whether the last update was not skipped."""
        others = () if self._adversary is None else (self._adversary.stepper,)
        return not any(stepper.in_a_row() for stepper in (self._stepper, *others))

    def settle(self) -> None:
        """Make what each rank counted for itself the same on all, before a checkpoint."""
        self._means.settle()
        if self._adversary is not None:
            self._adversary.means.settle()

    def state_dict(self) -> dict[str, Any]:
        """Everything that later updates and readings depend on, apart from the networks that outlive a stage."""
        return {
            "stepper": self._stepper.state_dict(),
            "means": self._means.state_dict(),
            "adversary": None if self._adversary is None else self._adversary.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict``'s result, on this device."""
        self._stepper.load_state_dict(state["stepper"])
        self._means.load_state_dict(state["means"])
        if self._adversary is not None:
            self._adversary.load_state_dict(state["adversary"])


def _adversary(stage: Stage, number: int, conditions: Conditions) -> Adversary | None:
    if stage.gan is None:
        return None
    return Adversary(
        stage.gan,
        stage.gt_size,
        seed=draws.key(conditions.seed, "discriminator", number),
        device=conditions.device,
        precision=conditions.precision,
        ranks=conditions.ranks,
    )


def parts(crops: int, most: int) -> Iterator[slice]:
    """Parts of a batch, of at most ``most`` crops (0: all), as equal as can be."""
    count = -(-crops // (most or crops))
    size = -(-crops // count)
    for first in range(0, crops, size):
        yield slice(first, min(first + size, crops))
