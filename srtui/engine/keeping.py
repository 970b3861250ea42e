"""What a training writes for good, and what it returns to: checkpoints and network files."""

from __future__ import annotations

from pathlib import Path

from srtui.engine import checkpoints
from srtui.engine.agreement import settle
from srtui.engine.model_card import card_of
from srtui.engine.models import save_model
from srtui.engine.resuming import newest
from srtui.engine.session import Session
from srtui.engine.training_state import TrainingState
from srtui.engine.trouble import RETURNS
from srtui.errors import SrtuiError
from srtui.project.cards import metadata_of


def keep_checkpoint(session: Session, state: TrainingState) -> None:
    """Write a checkpoint, and remove those that are too old; a full disk pauses the run."""
    settle(session, state)
    progress = state.progress
    if not progress.iteration or (state.work is not None and state.work.steady()):
        progress.good = progress.iteration
    if session.leads:
        _write(session, state)
    session.ranks.agree(True)  # the others wait as long as a full disk takes: an exchange of tensors would not


def _write(session: Session, state: TrainingState) -> None:
    request, root, progress = session.request, session.checkpoints, state.progress
    card = card_of(state.net, request, overlap=state.net.overlap)
    found = state.checkpoint(session.about.plain())
    written = session.job.insist(
        lambda: checkpoints.save(root, found, metadata_of(card)), f"the checkpoint of iteration {progress.iteration}"
    )
    checkpoints.prune(root, {progress.best, progress.good})
    session.reporter.flush()
    session.job.event("checkpoint", iteration=progress.iteration)
    if low := session.room.look(written):
        session.job.alarm(low)


def keep_model(session: Session, state: TrainingState, path: Path) -> None:
    """Write the averaged network; a full disk pauses the run."""
    if session.leads:
        card = card_of(state.ema.net, session.request)
        session.job.insist(lambda: save_model(path, state.ema.net.state_dict(), card), f"the network {path.name}")
        session.job.event("note", iteration=state.progress.iteration, text=f"network written: {path}")
    session.ranks.agree(True)


def go_back(session: Session, state: TrainingState, fact: str) -> None:
    """Return to the last good checkpoint, and go on from there with half the rate.

    Raises
    ------
    SrtuiError
        If that was done often enough.
    """
    job, before = session.job, state.progress
    if before.returns == RETURNS:
        hint = "lower optimizer.lr, or set precision: fp32; resume continues from the last checkpoint"
        raise SrtuiError("training", f"{fact}, again after {RETURNS} returns with half the rate each", hint=hint)
    if session.leads:
        checkpoints.remove_after(session.checkpoints, before.good)
    found = newest(job, session.ranks)
    assert found is not None  # there was one at the beginning
    state.restore(found)
    state.progress.returns, state.progress.slower = before.returns + 1, before.slower / 2
    job.event("resumed", iteration=found.iteration)
    job.alarm(
        f"{fact}: back to the checkpoint of iteration {found.iteration}, with {state.progress.slower:g} of the rate"
    )
    session.reporter.go_back(found.iteration)
    keep_checkpoint(session, state)  # a kill from here on must not bring the old rate back
