"""What each rank keeps for itself for a while, made the same on all: a checkpoint holds it once."""

from __future__ import annotations

from srtui.engine.session import Session
from srtui.engine.training_state import TrainingState


def settle(session: Session, state: TrainingState) -> None:
    """Agree on everything, before a checkpoint."""
    if state.work is not None:
        state.work.settle()
    agree_on_parts(session, state)


def agree_on_parts(session: Session, state: TrainingState) -> None:
    """Let all ranks go on with parts as small as the smallest that one of them had to turn to.

    That one has done its update again with smaller parts, while the others waited for its gradient; a rank that went on
    with larger ones would gain nothing, for all wait for the slowest.
    """
    ranks, work, progress = session.ranks, state.work, state.progress
    if ranks.count == 1 or work is None:
        return
    sizes = [int(size) for size in ranks.gather(str(work.micro_batch).encode())]
    small = [size for size in sizes if size]
    smallest = int(ranks.share(str(min(small, default=0)).encode()))
    if smallest == work.micro_batch:
        return
    work.micro_batch = progress.micro_batch = smallest
    short = ", ".join(str(rank) for rank, size in enumerate(sizes) if size == smallest)
    session.job.alarm(
        f"out of memory on rank {short} up to iteration {progress.iteration}: all ranks go on with {smallest} crops at "
        "once, which add up to the same batch"
    )
