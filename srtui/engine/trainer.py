"""``srtui train``: dataset → network. From the top down: the job, its stages, one update, and what comes between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srtui.config.profile import Profile, Stage
from srtui.config.reader import to_plain
from srtui.config.requests import TrainRequest
from srtui.data.datasets import Dataset, open_dataset
from srtui.data.stream import SampleStream
from srtui.engine import checkpoints, losses, networks
from srtui.engine.appraiser import Appraiser
from srtui.engine.device import Arithmetic, autocast, choose_precision, pick_device, use_threads
from srtui.engine.ema import Ema
from srtui.engine.model_card import ModelCard, card_of, metadata_of
from srtui.engine.models import save_model
from srtui.engine.reporting import Reporter
from srtui.engine.reservation import device_names, reserved
from srtui.engine.resuming import About, resume
from srtui.engine.schedules import learning_rate
from srtui.engine.tensorboard import Curves
from srtui.engine.training_state import TrainingState
from srtui.errors import MachineError, UsageError
from srtui.jobs.context import JobContext, Stopped


def run(job: JobContext, request: TrainRequest) -> None:
    """Train a network from its random beginning, or on from the job's newest checkpoint.

    Raises
    ------
    Stopped
        When asked to; a checkpoint of that moment is written first.
    UsageError
        If the dataset has another scale, or the checkpoint is of another network or a newer format.
    DeviceBusyError
        If another training holds the GPU.
    MachineError
        If the batch does not fit on the GPU.
    SrtuiError
        If updates fail again and again, or every checkpoint is damaged.
    """
    device, threads = pick_device(request.device), use_threads(request.threads)
    with reserved(job, device_names(device), wait=request.wait):
        job.phase("loading", quiet=300)
        dataset = _dataset(request)
        state = _new_state(request, device)
        precision = choose_precision(request.profile.precision, device)
        about = About.of(request, device, threads, precision)
        resume(job, state, about)
        if state.progress.finished:
            return
        with closing(Curves(job.folder.path / "tensorboard", state.progress.iteration)) as curves:
            reporter = Reporter(job, curves, total=request.profile.iterations, device=device)
            appraiser = Appraiser(job, dataset.reader("val"), curves)
            session = _Session(job, request, dataset, device, precision, threads, about, reporter, appraiser)
            _check_stages(session)
            with _out_of_memory_explained(device):
                _train(session, state)


@dataclass(frozen=True, slots=True)
class _Session:
    """What stays as it is while a network is trained."""

    job: JobContext
    request: TrainRequest
    dataset: Dataset
    device: torch.device
    precision: Arithmetic
    threads: int
    about: About
    reporter: Reporter
    appraiser: Appraiser

    @property
    def profile(self) -> Profile:
        return self.request.profile

    def report_download(self, done: int, total: int) -> None:
        self.job.check()
        self.job.progress(done >> 20, total >> 20, "MiB")


def _dataset(request: TrainRequest) -> Dataset:
    dataset = open_dataset(Path(request.dataset))
    if dataset.scale != request.scale:
        fact = f"made for scale {dataset.scale}, but the training is for {request.scale}"
        raise UsageError(str(dataset.folder), fact, hint="srtui prepare makes one for this scale")
    return dataset


def _new_state(request: TrainRequest, device: torch.device) -> TrainingState:
    torch.manual_seed(request.seed)
    torch.backends.cudnn.benchmark = True
    net = networks.build(request.profile.network, request.scale).to(device)
    net = net.to(memory_format=torch.channels_last)
    return TrainingState(net=net, ema=Ema(net, request.profile.ema))


@contextmanager
def _out_of_memory_explained(device: torch.device) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        hint = "choose a smaller batch or gt_size, or free the GPU"
        raise MachineError(str(device), str(error).splitlines()[0], hint=hint) from error


def _check_stages(session: _Session) -> None:
    """Find out now what would be wrong with a stage that begins in a week."""
    for stage in session.profile.stages:
        losses.fetch(stage.losses, session.report_download)
        losses.build(stage.losses, device=session.device)
        _samples(session, stage, 0).close()


def _train(session: _Session, state: TrainingState) -> None:
    """All stages that are not done yet, then the network's file."""
    progress, stages = state.progress, session.profile.stages
    session.job.phase("training", quiet=300)
    if _due(session, state, session.profile.validate_every) and progress.validated < progress.iteration:
        _attend(session, state)  # stopped in the middle of this validation
    first = 0
    for stage in stages:
        if progress.iteration < first + stage.iterations:
            _train_stage(session, state, stage, first)
        first += stage.iterations
    _finish(session, state)


def _train_stage(session: _Session, state: TrainingState, stage: Stage, first: int) -> None:
    """Updates ``first + 1`` to ``first + stage.iterations``, as far as they are not done."""
    progress, reporter = state.progress, session.reporter
    stepper = state.begin_stage(stage, done=progress.iteration - first, scale_loss=session.precision == "fp16")
    loss_of = losses.build(stage.losses, device=session.device)
    with closing(_samples(session, stage, progress.position)) as samples:
        reporter.pace.start(progress.iteration, samples.wait_seconds)
        while progress.iteration < first + stage.iterations:
            rate = learning_rate(stage, progress.iteration - first)
            batch = next(samples)
            lq_bchw, gt_bchw = (_to_device(array, session.device) for array in (batch.lq_bchw, batch.gt_bchw))
            with autocast(session.device, session.precision):
                restored_bchw = state.net(lq_bchw)
            stepper.step(loss_of(restored_bchw, gt_bchw), rate)
            progress.iteration += 1
            progress.position = samples.position
            state.ema.update(progress.iteration)
            if _due(session, state, session.profile.log_every):
                reporter.read(progress, stepper.read(), rate, samples.wait_seconds, samples.variations)
            reporter.tick(progress.iteration)
            _attend(session, state)


def _samples(session: _Session, stage: Stage, position: int) -> SampleStream:
    # On a CPU the cores belong to the network: cutting crops takes a hundredth of its time.
    threads = 1 if session.device.type == "cpu" else session.threads
    return SampleStream(
        session.dataset,
        seed=session.request.seed,
        gt_size=stage.gt_size,
        batch=stage.batch,
        threads=threads,
        start=position,
        empty=_pinned if session.device.type == "cuda" else None,
    )


def _pinned(shape: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """Memory that a GPU fetches while Python goes on."""
    array: NDArray[np.float32] = torch.empty(shape, pin_memory=True).numpy()
    return array


def _to_device(array_bchw: NDArray[np.float32], device: torch.device) -> Tensor:
    tensor_bchw = torch.from_numpy(array_bchw).to(device, non_blocking=True)
    return tensor_bchw.contiguous(memory_format=torch.channels_last)


def _due(session: _Session, state: TrainingState, every: int) -> bool:
    return state.progress.iteration % every == 0 or state.progress.iteration == session.profile.iterations


def _attend(session: _Session, state: TrainingState) -> None:
    """Between two updates: do what the profile, the user or the system asks for now."""
    job, profile, iteration = session.job, session.profile, state.progress.iteration
    looking = _due(session, state, profile.log_every)  # at the control files; a signal is seen at once
    with session.reporter.pace.away():
        if looking:
            job.wait_while_paused()
        stopping = job.interrupted or (looking and job.stop_asked())
        validate = looking and job.asked("validate")
        save = looking and job.asked("checkpoint")
        if not stopping and (validate or _due(session, state, profile.validate_every)):
            try:
                save |= _validate(session, state)
            except Stopped:
                stopping = True
        save |= iteration % profile.checkpoint_every == 0 and iteration < profile.iterations
        if save or stopping:
            _save(session, state)
    if stopping:
        raise Stopped


def _validate(session: _Session, state: TrainingState) -> bool:
    """Measure the averaged network; tells whether it is the best so far."""
    progress = state.progress
    score = session.appraiser.appraise(state.ema.net, progress.iteration)
    progress.validated = progress.iteration
    if score is None or (progress.best_psnr is not None and score.network.psnr_y <= progress.best_psnr):
        return False
    progress.best, progress.best_psnr = progress.iteration, score.network.psnr_y
    return True


def _save(session: _Session, state: TrainingState) -> None:
    """Write a checkpoint, and remove those that are too old."""
    request, root, progress = session.request, session.job.folder.checkpoints, state.progress
    card = ModelCard(
        network=request.profile.network, scale=request.scale, overlap=state.net.overlap, recipe=to_plain(request)
    )
    checkpoints.save(root, state.checkpoint(session.about.plain()), metadata_of(card))
    checkpoints.prune(root, progress.best)
    session.reporter.flush()
    session.job.event("checkpoint", iteration=progress.iteration)


def _finish(session: _Session, state: TrainingState) -> None:
    """Write the averaged network; only then say, in the last checkpoint, that nothing is left to do."""
    save_model(Path(session.request.model), state.ema.net.state_dict(), card_of(state.ema.net, session.request))
    state.progress.finished = True
    _save(session, state)
