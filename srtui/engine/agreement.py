"""What each rank keeps for itself for a while, made the same on all: a checkpoint holds it once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from srtui.engine.session import Session
from srtui.engine.training_state import TrainingState


def settle(session: Session, state: TrainingState) -> None:
    """Agree on everything, before a checkpoint."""
    if session.ranks.count == 1:
        return
    if state.work is not None:
        state.work.settle()
    agree_on_parts(session, state)
    _bring_back(session, state)


def agree_on_parts(session: Session, state: TrainingState) -> None:
    """Let all ranks go on with parts as small as the smallest that one of them had to turn to.

    That one has done its update again with smaller parts, while the others waited for its gradient; a rank that went on
    with larger ones would gain nothing, for all wait for the slowest.
    """
    ranks, work, progress = session.ranks, state.work, state.progress
    if ranks.count == 1 or work is None:
        return
    sizes = [int(size) for size in ranks.gather(str(work.micro_batch).encode())]
    smallest = int(ranks.share(str(min((size for size in sizes if size), default=0)).encode()))
    if smallest == work.micro_batch:
        return
    work.micro_batch = progress.micro_batch = smallest
    short = ", ".join(str(rank) for rank, size in enumerate(sizes) if size == smallest)
    session.job.alarm(
        f"out of memory on rank {short} up to iteration {progress.iteration}: all ranks go on with {smallest} crops at "
        "once, which add up to the same batch"
    )


def _bring_back(session: Session, state: TrainingState) -> None:
    """Give all ranks rank 0's numbers if their weights differ.

    They cannot, as long as sums are equal to the last bit everywhere and all GPUs compute alike; a GPU of another kind,
    or a broken one, may not. What drifts unseen would be trained on for weeks.
    """
    ranks = session.ranks
    digests = ranks.gather(_digest(state))
    astray = [str(rank) for rank, digest in enumerate(digests) if digest != digests[0]]
    if not ranks.agree(bool(astray)):
        return
    work = {} if state.work is None else state.work.state_dict()
    ranks.follow(list(_tensors([state.net.state_dict(), state.ema.net.state_dict(), work])))
    fact = f"the weights of rank {', '.join(astray)} were not rank 0's any more at iteration {state.progress.iteration}"
    session.job.alarm(f"{fact}; now they are: if this comes again, and its GPU is like the others, suspect its memory")


def _digest(state: TrainingState) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for weight in state.net.state_dict().values():
        digest.update(weight.detach().cpu().contiguous().view(-1).numpy())
    return digest.digest()


def _tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in plain containers, in their order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _tensors(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _tensors(inner)
